//! The promote dialog: what is promoted, why, and whether it may. It shows plans that were made
//! when it opened and sends exactly those, or nothing.

use jiff::Timestamp;
use tui_input::Input;

use super::choice::step;
use super::results::{Batch, Sent};
use super::{ConfirmDialog, Overlay, field, link, reports};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::engine::Engine;
use crate::app::engine::planning::Wish;
use crate::app::engine::recheck::difference;
use crate::app::plan::Plan;
use crate::app::request::{Refusal, RefusalKind, Request};
use crate::app::state::State;
use crate::domain::gate::Go;
use crate::domain::ids::{EnvironmentName, IntentId, ServiceName};
use crate::domain::revision::Revision;

/// The promote dialog: one plan or several, each with its own result.
#[derive(Clone, Debug)]
pub struct PromoteDialog {
    pub environment: EnvironmentName,
    pub items: Vec<PromoteItem>,
    pub reason: Input,
    /// The environment's name, typed, where the environment is protected.
    pub typed: Option<Input>,
    pub focus: PromoteFocus,
    pub aim: Aim,
}

/// What the dialog brings about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// The promotion of the candidate, by the stage's usual way.
    Forward,
    /// The same by approving what waits on the forge, whatever the usual way is.
    Approve,
    /// Going back to the last verified revision.
    Back,
}

/// One service of a promote dialog.
#[derive(Clone, Debug, PartialEq)]
pub struct PromoteItem {
    pub service: ServiceName,
    /// What would be sent, or why not. Made when the dialog opened; if the cell changes under the
    /// dialog it becomes a refusal that names the difference.
    pub plan: Result<Box<Plan>, Refusal>,
    /// What would move, where it was refused for nothing but facts that had not been read yet: it
    /// is planned once they are, if it is still the same.
    pub awaited: Option<(Option<Revision>, Revision)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PromoteFocus {
    Reason,
    Typed,
    /// Where every dialog opens.
    #[default]
    Cancel,
    Promote,
    /// Only where approval of the forge is given: no instead of yes.
    Reject,
    CopyCommand,
    /// Only of one service: opens what changes, on the forge.
    Diff,
}

/// Opens the dialog on the marked services, else on the selected one.
pub(super) fn open(state: &mut State, aim: Aim) {
    let Some(cursor) = state.interface.cursor.clone() else {
        return;
    };
    let interface = &state.interface;
    let on_board = interface.screen == super::Screen::Board;
    // Going back is for one service at a time: what is marked is marked to go on.
    let alone = interface.marks.is_empty() || !on_board || aim == Aim::Back;
    let services: Vec<ServiceName> = if alone {
        vec![cursor.service]
    } else {
        interface.marked_in_order()
    };
    let wish = wish(aim);
    let items: Vec<PromoteItem> = services
        .into_iter()
        .map(|service| {
            let plan = state
                .engine
                .plan(&service, &cursor.environment, &wish, state.now)
                .map(Box::new);
            let cell = state.engine.board.cell(&service, &cursor.environment);
            let moves = cell.and_then(|cell| Some((cell.live.clone(), cell.candidate.clone()?)));
            PromoteItem {
                awaited: moves.filter(|_| awaits_facts(&plan)),
                plan,
                service,
            }
        })
        .collect();
    let protected = items
        .iter()
        .filter_map(|item| item.plan.as_ref().ok())
        .any(|plan| plan.protected);
    state
        .interface
        .overlays
        .push(Overlay::Promote(PromoteDialog {
            environment: cursor.environment,
            items,
            reason: Input::default(),
            typed: protected.then(Input::default),
            focus: PromoteFocus::default(),
            aim,
        }));
}

fn wish(aim: Aim) -> Wish {
    match aim {
        Aim::Forward => Wish::Promote { revision: None },
        Aim::Approve => Wish::Approve,
        Aim::Back => Wish::Rollback { revision: None },
    }
}

fn awaits_facts(plan: &Result<Box<Plan>, Refusal>) -> bool {
    matches!(plan, Err(refusal) if refusal.kind == RefusalKind::Facts)
}

pub(super) fn run(state: &mut State, command: Command) -> Vec<Effect> {
    let Some(Overlay::Promote(dialog)) = state.interface.overlays.last_mut() else {
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
            PromoteFocus::Reason | PromoteFocus::Typed => dialog.step(true),
            PromoteFocus::Cancel => {
                state.interface.overlays.pop();
            }
            PromoteFocus::CopyCommand => return link::copy(state),
            PromoteFocus::Diff => return diff(state),
            PromoteFocus::Promote => return send(state),
            PromoteFocus::Reject => reject(state),
        },
        _ => {}
    }
    Vec::new()
}

/// Sends every plan of the dialog. What the engine refuses at once stays marked and is told.
fn send(state: &mut State) -> Vec<Effect> {
    let now = state.now;
    let Some(Overlay::Promote(dialog)) = state.interface.overlays.last_mut() else {
        return Vec::new();
    };
    // The facts may have aged since the last message: look once more before anything leaves.
    dialog.check(&state.engine, now);
    if let Some(why) = dialog.blocked() {
        state.interface.say(false, why, now);
        return Vec::new();
    }
    let reason = field::text(&dialog.reason);
    let mut effects = Vec::new();
    let mut sent = Vec::new();
    let bulk = dialog.items.len() > 1;
    let mut rows = Vec::new();
    for item in &mut dialog.items {
        let row = |id: Option<&IntentId>, why: Option<&Refusal>| Sent {
            service: item.service.clone(),
            id: id.cloned(),
            why: why.map(|refusal| refusal.why.clone()),
        };
        let plan = match &item.plan {
            Ok(plan) => plan,
            Err(refusal) => {
                rows.push(row(None, Some(refusal)));
                continue;
            }
        };
        let mut plan = plan.clone();
        plan.intent.reason.clone_from(&reason);
        let id = plan.intent.id.clone();
        let (more, refused) = reports::ask(&mut state.engine, Request::Send(plan), now);
        effects.extend(more);
        rows.push(row(
            Some(&id).filter(|_| refused.is_none()),
            refused.as_ref(),
        ));
        match refused {
            Some(refusal) => item.plan = Err(refusal),
            None => sent.push((id, item.service.clone())),
        }
    }
    let (all, to) = (dialog.items.len(), dialog.environment.clone());
    for (id, service) in &sent {
        state.interface.marks.remove(service);
        if bulk {
            state.interface.sent.insert(id.clone(), service.clone());
        }
    }
    if !sent.is_empty() {
        state.interface.overlays.pop();
        state.interface.batch = Some(Batch::new(now, to.clone(), rows));
        let verb = if all == 1 {
            format!(
                "{} > {to}",
                sent.iter().map(|(_, it)| it.as_str()).collect::<String>()
            )
        } else {
            format!("{} of {all} services > {to}", sent.len())
        };
        state
            .interface
            .say(sent.len() == all, format!("on its way: {verb}"), now);
    }
    effects
}

/// Opens what changes on the forge, and leaves the dialog as it is.
fn diff(state: &mut State) -> Vec<Effect> {
    let Some(Overlay::Promote(dialog)) = state.interface.overlays.last() else {
        return Vec::new();
    };
    let page = dialog.items.first().and_then(|item| {
        let row = state.engine.board.row(&item.service)?;
        let scope = row.scope_of(row.cell(&dialog.environment)?)?;
        scope.value()?.url.clone()
    });
    link::open(state, page)
}

/// Turns the approval of one service into its rejection: another act, so another dialog.
fn reject(state: &mut State) {
    let Some(Overlay::Promote(dialog)) = state.interface.overlays.last() else {
        return;
    };
    let Some(item) = dialog.items.first() else {
        return;
    };
    let (service, environment) = (item.service.clone(), dialog.environment.clone());
    let reason = dialog.reason.clone();
    let plan = state
        .engine
        .plan(&service, &environment, &Wish::Reject, state.now)
        .map(Box::new);
    state.interface.overlays.pop();
    state
        .interface
        .overlays
        .push(Overlay::Confirm(ConfirmDialog {
            plan,
            title: format!("REJECT {service} > {environment}"),
            reason,
            focus: super::ConfirmFocus::default(),
        }));
}

impl PromoteDialog {
    /// The focus goes round these, in the order in which they are drawn.
    pub fn stops(&self) -> Vec<PromoteFocus> {
        let mut stops = vec![PromoteFocus::Reason];
        if self.typed.is_some() {
            stops.push(PromoteFocus::Typed);
        }
        stops.extend([PromoteFocus::Cancel, PromoteFocus::Promote]);
        let alone = self.items.len() == 1;
        let rejects = self.aim == Aim::Approve && alone;
        stops.extend(rejects.then_some(PromoteFocus::Reject));
        stops.push(PromoteFocus::CopyCommand);
        // Beside "Reject" there is no room for it; the scope's tab opens the same page.
        stops.extend((alone && !rejects).then_some(PromoteFocus::Diff));
        stops
    }

    fn step(&mut self, forward: bool) {
        self.focus = step(&self.stops(), self.focus, forward);
    }

    pub(super) fn field(&mut self) -> Option<&mut Input> {
        match self.focus {
            PromoteFocus::Reason => Some(&mut self.reason),
            PromoteFocus::Typed => self.typed.as_mut(),
            PromoteFocus::Cancel
            | PromoteFocus::Promote
            | PromoteFocus::Reject
            | PromoteFocus::CopyCommand
            | PromoteFocus::Diff => None,
        }
    }

    /// What would be sent.
    pub fn plans(&self) -> impl Iterator<Item = &Plan> {
        self.items
            .iter()
            .filter_map(|item| item.plan.as_deref().ok())
    }

    /// To how many of how many services it applies.
    pub fn applies(&self) -> (usize, usize) {
        (self.plans().count(), self.items.len())
    }

    /// Why it cannot be confirmed now.
    pub fn blocked(&self) -> Option<String> {
        let (open, all) = self.applies();
        if open == 0 {
            return Some(match self.items.as_slice() {
                [
                    PromoteItem {
                        plan: Err(refusal), ..
                    },
                ] => refusal.why.clone(),
                _ => format!("none of the {all} may go"),
            });
        }
        if field::text(&self.reason).is_empty() {
            return Some("a reason is required".to_owned());
        }
        match &self.typed {
            Some(typed) if typed.value().trim() != self.environment.as_str() => {
                Some(format!("type {} to arm it", self.environment))
            }
            Some(_) | None => None,
        }
    }

    /// The same as command lines, one a service.
    pub fn command_lines(&self) -> String {
        let reason = field::text(&self.reason);
        let lines: Vec<String> = self
            .plans()
            .map(|plan| link::with_reason(&plan.command, &reason))
            .collect();
        lines.join("\n")
    }

    /// Plans what was refused for facts that had not been read, now that they may have been: for
    /// the very revisions that the dialog opened on. The focus goes back to Cancel, so that nobody
    /// confirms what appears at that moment.
    pub(super) fn wake(&mut self, engine: &mut Engine, now: Timestamp) {
        let wish = wish(self.aim);
        for item in &mut self.items {
            let Some((live, candidate)) = item.awaited.take() else {
                continue;
            };
            let cell = engine.board.cell(&item.service, &self.environment);
            let same = cell.is_some_and(|cell| {
                cell.live == live && cell.candidate.as_ref() == Some(&candidate)
            });
            if !same {
                let why = format!("{} is not what the dialog opened on", item.service);
                let refusal = Refusal::new(RefusalKind::Facts, why);
                item.plan = Err(refusal.hint("open it again"));
                continue;
            }
            item.plan = engine
                .plan(&item.service, &self.environment, &wish, now)
                .map(Box::new);
            if awaits_facts(&item.plan) {
                item.awaited = Some((live, candidate));
            } else if let Ok(plan) = &item.plan {
                if plan.protected {
                    self.typed.get_or_insert_with(Input::default);
                }
                if self.focus == PromoteFocus::Promote {
                    self.focus = PromoteFocus::Cancel;
                }
            }
        }
    }

    /// Turns every item whose cell is not as it was shown into a refusal that names the
    /// difference. Never plans anew: what the dialog showed is what is sent, or nothing is.
    pub(super) fn check(&mut self, engine: &Engine, now: Timestamp) {
        for item in &mut self.items {
            let Ok(plan) = &item.plan else { continue };
            let judged;
            let cell = if plan.intent.rollback {
                judged = engine
                    .seen_by(&plan.intent, engine.ledger.as_ref(), now)
                    .ok();
                judged.as_ref()
            } else {
                engine.board.cell(&item.service, &self.environment)
            };
            let refusal = match cell {
                None => Some(Refusal::new(
                    RefusalKind::Facts,
                    format!("{} is gone from the board", item.service),
                )),
                Some(cell)
                    if cell.digest != *plan.digest() || cell.judgement.go_at(now) != Go::Go =>
                {
                    Some(difference(plan, cell, now))
                }
                Some(_) => None,
            };
            if let Some(refusal) = refusal {
                item.plan = Err(refusal);
            }
        }
    }
}

#[cfg(test)]
mod tests;
