//! The override dialog (O1): let one promotion, or going back, past the gates that are not open; be
//! the second person; take an override back. What it grants is what it showed, or nothing.

use jiff::Timestamp;
use tui_input::Input;

use super::choice::{step, turn};
use super::{Overlay, field, hold, link};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::engine::Engine;
use crate::app::request::Request;
use crate::app::state::State;
use crate::domain::cell::Cell;
use crate::domain::ids::{Digest, EnvironmentName, OverrideId, ServiceName};
use crate::domain::override_::{Override, Standing};
use crate::domain::revision::Revision;

/// The override dialog.
#[derive(Clone, Debug)]
pub struct OverrideDialog {
    pub service: ServiceName,
    pub environment: EnvironmentName,
    pub actions: Vec<OverrideAction>,
    pub action: usize,
    /// Why nothing can be overridden, if it cannot.
    pub no_action: Option<String>,
    pub reason: Input,
    pub focus: OverrideFocus,
    pub error: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OverrideAction {
    Grant {
        to: Revision,
        back: bool,
        gates: Vec<Shown>,
    },
    Confirm(OverrideId),
    Withdraw(OverrideId),
}

/// A gate as the dialog shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub gate: String,
    pub says: String,
    values: Digest,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OverrideFocus {
    Action,
    Reason,
    #[default]
    Cancel,
    Confirm,
}

const CHANGED: &str = "it changed since the dialog opened: look at it again";

/// Opens the dialog on the selected cell.
pub(super) fn open(state: &mut State) {
    let Some(cursor) = state.interface.cursor.clone() else {
        return;
    };
    let (engine, now) = (&state.engine, state.now);
    let (service, environment) = (cursor.service, cursor.environment);
    let mut no_action = engine.may_record().err().map(|refusal| refusal.why);
    let forward = engine.cell_towards(&service, &environment, None, now);
    let back = engine.way_back(&service, &environment, None, now);
    let mut actions = Vec::new();
    for (cell, back) in [(forward, false), (back, true)] {
        match cell.map(|cell| grant(engine, &cell, back, now)) {
            Ok(Ok(action)) => actions.extend(action),
            Ok(Err(why)) if !back => no_action = no_action.or(Some(why)),
            Err(refusal) if !back => no_action = no_action.or(Some(refusal.why)),
            Ok(Err(_)) | Err(_) => {}
        }
    }
    for one in alive(engine, &service, &environment, now) {
        let operator = engine.operator.as_ref();
        if one.confirmed.is_none() && operator.is_some_and(|operator| *operator != one.owner) {
            actions.insert(0, OverrideAction::Confirm(one.id.clone()));
        }
        actions.push(OverrideAction::Withdraw(one.id.clone()));
    }
    let dialog = OverrideDialog {
        service,
        environment,
        actions,
        action: 0,
        no_action,
        reason: Input::default(),
        focus: OverrideFocus::default(),
        error: None,
    };
    state.interface.overlays.push(Overlay::Override(dialog));
}

/// The overrides of a cell that are neither used nor expired.
fn alive<'a>(
    engine: &'a Engine,
    service: &'a ServiceName,
    environment: &'a EnvironmentName,
    now: Timestamp,
) -> impl Iterator<Item = &'a Override> {
    let overrides = engine
        .ledger
        .iter()
        .flat_map(|ledger| ledger.overrides.values());
    overrides.filter(move |one| {
        let standing = one.standing(&engine.policy, false, now);
        one.service == *service
            && one.environment == *environment
            && !matches!(standing, Standing::Used | Standing::Expired)
    })
}

/// What granting would override; nothing if every gate is open, and why not if one of those that
/// are not may not be overridden.
fn grant(
    engine: &Engine,
    cell: &Cell,
    back: bool,
    now: Timestamp,
) -> Result<Option<OverrideAction>, String> {
    let rule = engine.policy.override_rule(&cell.environment);
    let Some(to) = cell.candidate.clone() else {
        return Err(format!("nothing to promote to {}", cell.environment));
    };
    let mut gates = Vec::new();
    for verdict in cell.judgement.blocking(now) {
        if let Some(why) = rule.refuses(&verdict.gate) {
            return Err(why);
        }
        // One that waits for its second person is confirmed, not granted again.
        if verdict.awaits_confirmation.is_none() {
            gates.push(Shown {
                gate: verdict.gate.clone(),
                says: format!("{}: {}", verdict.state, verdict.why),
                values: verdict.values(),
            });
        }
    }
    if gates.is_empty() {
        return Err("every gate is open, or waits for a second person".to_owned());
    }
    Ok(Some(OverrideAction::Grant { to, back, gates }))
}

pub(super) fn run(state: &mut State, command: Command) -> Vec<Effect> {
    let Some(Overlay::Override(dialog)) = state.interface.overlays.last_mut() else {
        return Vec::new();
    };
    let chooses = dialog.focus == OverrideFocus::Action;
    match command {
        Command::Close => {
            state.interface.overlays.pop();
        }
        Command::Left if chooses => dialog.turn(false),
        Command::Right | Command::Mark if chooses => dialog.turn(true),
        Command::NextPane | Command::Down | Command::Right => dialog.step(true),
        Command::PreviousPane | Command::Up | Command::Left => dialog.step(false),
        Command::Copy => return link::copy(state),
        Command::Open => match dialog.focus {
            OverrideFocus::Cancel => {
                state.interface.overlays.pop();
            }
            OverrideFocus::Confirm => return confirm(state),
            OverrideFocus::Action | OverrideFocus::Reason => dialog.step(true),
        },
        _ => {}
    }
    Vec::new()
}

fn confirm(state: &mut State) -> Vec<Effect> {
    let now = state.now;
    let Some(Overlay::Override(dialog)) = state.interface.overlays.last_mut() else {
        return Vec::new();
    };
    dialog.check(&state.engine, now);
    let request = match (dialog.blocked(), dialog.request()) {
        (None, Some(request)) => request,
        (why, _) => {
            dialog.error = why;
            return Vec::new();
        }
    };
    hold::ask(state, request)
}

impl OverrideDialog {
    pub const STOPS: [OverrideFocus; 4] = [
        OverrideFocus::Action,
        OverrideFocus::Reason,
        OverrideFocus::Cancel,
        OverrideFocus::Confirm,
    ];

    fn step(&mut self, forward: bool) {
        self.focus = step(&Self::STOPS, self.focus, forward);
    }

    fn turn(&mut self, forward: bool) {
        self.error = None;
        self.action = turn(self.action, self.actions.len(), forward);
    }

    pub fn chosen(&self) -> Option<&OverrideAction> {
        self.actions.get(self.action)
    }

    pub(super) fn field(&mut self) -> Option<&mut Input> {
        (self.focus == OverrideFocus::Reason).then_some(&mut self.reason)
    }

    /// Why it cannot be confirmed now.
    pub fn blocked(&self) -> Option<String> {
        if let Some(error) = self.error.as_ref().filter(|error| *error == CHANGED) {
            return Some(error.clone());
        }
        match self.chosen() {
            None => Some(
                self.no_action
                    .clone()
                    .unwrap_or_else(|| "there is nothing to override".to_owned()),
            ),
            Some(OverrideAction::Confirm(_)) => None,
            Some(OverrideAction::Grant { .. } | OverrideAction::Withdraw(_)) => {
                let missing = field::text(&self.reason).is_empty();
                missing.then(|| "a reason is required".to_owned())
            }
        }
    }

    fn request(&self) -> Option<Request> {
        let reason = field::text(&self.reason);
        Some(match self.chosen()? {
            OverrideAction::Grant { to, back, gates } => Request::Override {
                service: self.service.clone(),
                environment: self.environment.clone(),
                gates: gates.iter().map(|shown| shown.gate.clone()).collect(),
                back: back.then(|| to.clone()),
                reason,
                until: None,
            },
            OverrideAction::Confirm(id) => Request::ConfirmOverride { id: id.clone() },
            OverrideAction::Withdraw(id) => Request::WithdrawOverride {
                id: id.clone(),
                reason,
            },
        })
    }

    pub(super) fn command_line(&self) -> Option<String> {
        let reason = field::text(&self.reason);
        Some(match self.chosen()? {
            OverrideAction::Grant { back, gates, .. } => {
                let (service, environment) = (&self.service, &self.environment);
                let back = if *back { " --rollback" } else { "" };
                let gates: String = gates
                    .iter()
                    .map(|shown| format!(" --gate {}", link::quoted(&shown.gate)))
                    .collect();
                let line =
                    format!("gonogo override grant {service} --to {environment}{back}{gates}");
                link::with_reason(&line, &reason)
            }
            OverrideAction::Confirm(id) => format!("gonogo override confirm {id}"),
            OverrideAction::Withdraw(id) => {
                link::with_reason(&format!("gonogo override withdraw {id}"), &reason)
            }
        })
    }

    /// What the gates say may change under the dialog: then nothing is granted, because nobody has
    /// seen it.
    pub(super) fn check(&mut self, engine: &Engine, now: Timestamp) {
        let (service, environment) = (self.service.clone(), self.environment.clone());
        let same = match self.chosen() {
            None => return,
            Some(OverrideAction::Grant { to, back, gates }) => {
                let back = back.then_some(to);
                let cell = engine.cell_towards(&service, &environment, back, now);
                cell.is_ok_and(|cell| {
                    cell.candidate.as_ref() == Some(to)
                        && gates.iter().all(|shown| {
                            let mut verdicts = cell.judgement.verdicts.iter();
                            verdicts.any(|verdict| verdict.values() == shown.values)
                        })
                })
            }
            Some(OverrideAction::Confirm(id)) => alive(engine, &service, &environment, now)
                .any(|one| one.id == *id && one.confirmed.is_none()),
            Some(OverrideAction::Withdraw(id)) => {
                alive(engine, &service, &environment, now).any(|one| one.id == *id)
            }
        };
        if !same && self.error.as_deref() != Some(CHANGED) {
            self.error = Some(CHANGED.to_owned());
            self.focus = OverrideFocus::Cancel;
        }
    }
}

#[cfg(test)]
mod tests;
