//! The confirm dialog: cancel a run, reject what waits, run again. One act, its call, a reason.

use tui_input::Input;

use super::choice::step;
use super::{Overlay, field, link};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::engine::planning::Wish;
use crate::app::engine::{Engine, Report};
use crate::app::plan::Plan;
use crate::app::request::{Refusal, RefusalKind, Request};
use crate::app::state::State;
use crate::domain::promotion::Purpose;

/// One act with its call and a reason.
#[derive(Clone, Debug)]
pub struct ConfirmDialog {
    pub plan: Result<Box<Plan>, Refusal>,
    pub title: String,
    pub reason: Input,
    pub focus: ConfirmFocus,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConfirmFocus {
    Reason,
    #[default]
    Cancel,
    Confirm,
}

/// Opens the dialog of a command on the selected cell.
pub(super) fn open(state: &mut State, command: Command) {
    let Some(cursor) = state.interface.cursor.clone() else {
        return;
    };
    let (wish, verb) = match command {
        Command::Cancel => (Wish::Cancel, "CANCEL the run into"),
        Command::Rerun => (Wish::Rerun, "RUN AGAIN the failed jobs of"),
        _ => (Wish::Reject, "REJECT"),
    };
    let plan = state
        .engine
        .plan(&cursor.service, &cursor.environment, &wish, state.now);
    let title = format!("{verb} {} > {}", cursor.service, cursor.environment);
    state
        .interface
        .overlays
        .push(Overlay::Confirm(ConfirmDialog {
            plan: plan.map(Box::new),
            title,
            reason: Input::default(),
            focus: ConfirmFocus::default(),
        }));
}

pub(super) fn run(state: &mut State, command: Command) -> Vec<Effect> {
    let Some(Overlay::Confirm(dialog)) = state.interface.overlays.last_mut() else {
        return Vec::new();
    };
    match command {
        Command::NextPane | Command::Down | Command::Right => dialog.step(true),
        Command::PreviousPane | Command::Up | Command::Left => dialog.step(false),
        Command::Close => {
            state.interface.overlays.pop();
        }
        Command::Copy => return link::copy(state),
        Command::Open => match dialog.focus {
            ConfirmFocus::Reason => dialog.step(true),
            ConfirmFocus::Cancel => {
                state.interface.overlays.pop();
            }
            ConfirmFocus::Confirm => return send(state),
        },
        _ => {}
    }
    Vec::new()
}

fn send(state: &mut State) -> Vec<Effect> {
    let now = state.now;
    let Some(Overlay::Confirm(dialog)) = state.interface.overlays.last_mut() else {
        return Vec::new();
    };
    dialog.check(&state.engine);
    let plan = match (dialog.blocked(), &dialog.plan) {
        (None, Ok(plan)) => plan,
        (why, _) => {
            state.interface.say(false, why.unwrap_or_default(), now);
            return Vec::new();
        }
    };
    let mut plan = plan.clone();
    plan.intent.reason = field::text(&dialog.reason);
    let reports = state.engine.reports.len();
    let effects = state.engine.ask(Request::Send(plan), now);
    if let Some(Report::Refused { refusal, .. }) = state.engine.reports.get(reports) {
        dialog.plan = Err(refusal.clone());
    } else {
        state.interface.overlays.pop();
    }
    effects
}

impl ConfirmDialog {
    pub const STOPS: [ConfirmFocus; 3] = [
        ConfirmFocus::Reason,
        ConfirmFocus::Cancel,
        ConfirmFocus::Confirm,
    ];

    fn step(&mut self, forward: bool) {
        self.focus = step(&Self::STOPS, self.focus, forward);
    }

    pub(super) fn field(&mut self) -> Option<&mut Input> {
        (self.focus == ConfirmFocus::Reason).then_some(&mut self.reason)
    }

    /// Why it cannot be confirmed now.
    pub fn blocked(&self) -> Option<String> {
        match &self.plan {
            Err(refusal) => Some(refusal.why.clone()),
            Ok(_) if field::text(&self.reason).is_empty() => {
                Some("a reason is required".to_owned())
            }
            Ok(_) => None,
        }
    }

    pub(super) fn command_line(&self) -> Option<String> {
        let plan: &Plan = self.plan.as_deref().ok()?;
        Some(link::with_reason(&plan.command, &field::text(&self.reason)))
    }

    /// What is to be cancelled may be over by itself: then there is nothing to send.
    pub(super) fn check(&mut self, engine: &Engine) {
        let Ok(plan) = &self.plan else { return };
        let cell = engine.board.cell(plan.service(), plan.environment());
        let over = plan.intent.purpose == Purpose::Cancellation
            && cell.is_none_or(|cell| {
                let flight = cell.in_flight.as_ref();
                flight.is_none_or(|flight| flight.revision != plan.intent.to)
            });
        if over {
            self.plan = Err(Refusal::new(
                RefusalKind::NoGo,
                format!("{} is not under way any more", plan.intent.to),
            ));
        }
    }
}
