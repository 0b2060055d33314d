//! The dialog that binds again: every cell whose forge does not stop what is held, and what is left of
//! holds that have ended. What a brake is lives in `domain/brake.rs`, sending in `engine/braking.rs`.

use jiff::Timestamp;

use super::choice::step;
use super::{Overlay, link, reports};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::engine::Engine;
use crate::app::request::Request;
use crate::app::state::State;
use crate::domain::brake::Bound;
use crate::domain::hold::Cover;
use crate::domain::ids::{EnvironmentName, ServiceName};

/// Shows what is lacking as it is now; nothing of it is kept.
#[derive(Clone, Debug, Default)]
pub struct BindDialog {
    pub focus: BindFocus,
    pub error: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BindFocus {
    #[default]
    Cancel,
    Confirm,
}

/// The cells whose brakes are not all on the forge as they should be, and those on which some are left.
pub fn lacking(engine: &Engine, now: Timestamp) -> Vec<((ServiceName, EnvironmentName), Bound)> {
    let mut cells = engine.bound_by(&Cover::default(), now);
    cells.retain(|(_, bound)| bound.lacks());
    cells.extend(engine.left_behind(now));
    cells
}

/// Says why there is nothing to bind.
pub fn nothing(engine: &Engine, now: Timestamp) -> Option<String> {
    if !lacking(engine, now).is_empty() {
        return None;
    }
    let why = match engine.would_place(&Cover::default()) {
        Some(_) => "no hold lacks a brake",
        None => "no environment has a brake",
    };
    Some(why.to_owned())
}

pub(super) fn open(state: &mut State) {
    let error = state.engine.may_act().err().map(|refusal| refusal.why);
    let dialog = BindDialog {
        error,
        ..BindDialog::default()
    };
    state.interface.overlays.push(Overlay::Bind(dialog));
}

pub(super) fn run(state: &mut State, command: Command) -> Vec<Effect> {
    let Some(Overlay::Bind(dialog)) = state.interface.overlays.last_mut() else {
        return Vec::new();
    };
    let stops = [BindFocus::Cancel, BindFocus::Confirm];
    match command {
        Command::NextPane | Command::Down | Command::Right => {
            dialog.focus = step(&stops, dialog.focus, true);
        }
        Command::PreviousPane | Command::Up | Command::Left => {
            dialog.focus = step(&stops, dialog.focus, false);
        }
        Command::Copy => return link::copy(state),
        Command::Open if dialog.focus == BindFocus::Confirm => return confirm(state),
        Command::Close | Command::Open => {
            state.interface.overlays.pop();
        }
        _ => {}
    }
    Vec::new()
}

fn confirm(state: &mut State) -> Vec<Effect> {
    let now = state.now;
    let refused = match nothing(&state.engine, now) {
        Some(why) => Err(why),
        None => {
            let order = Request::BindHold { id: None };
            let (effects, refused) = reports::ask(&mut state.engine, order, now);
            refused.map_or(Ok(effects), |refusal| Err(refusal.why))
        }
    };
    match (refused, state.interface.overlays.last_mut()) {
        (Ok(effects), _) => {
            state.interface.overlays.pop();
            effects
        }
        (Err(why), Some(Overlay::Bind(dialog))) => {
            dialog.error = Some(why);
            Vec::new()
        }
        (Err(_), _) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::harness::{changes, hold, press, state, top};
    use super::*;
    use crate::domain::brake::{Brakes, Way};

    fn error(state: &State) -> Option<&str> {
        match state.interface.overlays.last() {
            Some(Overlay::Bind(dialog)) => dialog.error.as_deref(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn hold_bind_opens_a_dialog_that_rests_on_cancel_and_says_when_nothing_lacks() {
        let mut state = state();
        press(&mut state, ": 'hold_bind enter");
        assert_eq!(top(&state), "bind");
        assert!(!press(&mut state, "enter").iter().any(changes));
        assert_eq!(top(&state), "none", "Cancel had the focus");
        press(&mut state, ": 'hold_bind enter tab enter");
        assert_eq!(error(&state), Some("no environment has a brake"));
    }

    #[test]
    fn what_lacks_is_wanted_and_what_is_not_held_is_not() {
        let mut state = state();
        for environment in Arc::make_mut(&mut state.engine.policy)
            .environments
            .values_mut()
        {
            environment.brakes = Brakes {
                github: vec![Way::Status],
                ..Brakes::default()
            };
        }
        let now = state.now;
        assert_eq!(
            nothing(&state.engine, now).as_deref(),
            Some("no hold lacks a brake")
        );
        hold(&mut state, "h-1", "api", "production");
        let cells = lacking(&state.engine, now);
        assert_eq!(cells.len(), 1);
        assert_eq!(cells[0].0, ("api".into(), "production".into()));
        press(&mut state, ": 'hold_bind enter tab enter");
        assert_eq!(top(&state), "none");
        assert!(state.engine.is_braking(now), "it is on its way");
    }
}
