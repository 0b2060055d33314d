//! The hold dialog: place a hold, or see, edit, lift and bind again those that cover the cell, or the
//! one that is selected in the list of holds.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tui_input::Input;

use super::{Cursor, Overlay, Screen, cover, field, link, overview, reports, until};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::request::{Expiry, Request};
use crate::app::state::State;
use crate::domain::hold::{Cover, HoldKind, Then};
use crate::domain::ids::{HoldId, ServiceName};
use crate::domain::notice::Tell;

mod dialog;

/// What the dialog offers to a hold whose time is up.
const MORE_TIME: &str = "30m";

pub use dialog::{HoldDialog, HoldFocus, HoldMode};

/// Opens the dialog on the selected hold, where holds are listed, else on the selected cell.
pub(super) fn open(state: &mut State) {
    if state.interface.screen != Screen::Holds {
        return on_cell(state);
    }
    match overview::selected_hold(state) {
        Some(id) => on_hold(state, id),
        None => {
            let why = "no hold is selected".to_owned();
            state.interface.say(false, why, state.now);
        }
    }
}

/// Opens the dialog on one hold, wherever it holds.
pub(super) fn on_hold(state: &mut State, id: HoldId) {
    let engine = &state.engine;
    let hold = engine
        .ledger
        .as_ref()
        .and_then(|ledger| ledger.holds.get(&id));
    let cover = hold.map(|hold| hold.cover.clone()).unwrap_or_default();
    let cursor = state.interface.cursor.clone();
    let (service, environment) = cursor.map_or_else(
        || ("".into(), "".into()),
        |cursor| (cursor.service, cursor.environment),
    );
    let dialog = HoldDialog {
        service: cover.service.clone().unwrap_or(service),
        environment: cover.environment.clone().unwrap_or(environment),
        others: Vec::new(),
        mode: HoldMode::Existing {
            holds: vec![id],
            selected: 0,
        },
        bindable: engine.would_place(&cover).is_some(),
        covers: vec![cover],
        cover: 0,
        kind: HoldKind::default(),
        reason: Input::default(),
        until: Input::default(),
        then: Then::Ask,
        receivers: state.interface.receivers.clone(),
        tell: Tell::Rules,
        focus: HoldFocus::default(),
        error: engine.may_record().err().map(|refusal| refusal.why),
    };
    state.interface.overlays.push(Overlay::Hold(dialog));
}

/// Opens the dialog on the selected cell: with the holds that cover it, if there are any.
pub(super) fn on_cell(state: &mut State) {
    let Some(cursor) = state.interface.cursor.clone() else {
        return;
    };
    let interface = &state.interface;
    let marked = match interface.screen {
        Screen::Board => interface.marked_in_order(),
        _ => Vec::new(),
    };
    let cursor = match marked.first() {
        Some(first) if marked.len() > 1 => Cursor {
            service: first.clone(),
            ..cursor
        },
        _ => cursor,
    };
    let others: Vec<ServiceName> = marked.into_iter().skip(1).collect();
    let engine = &state.engine;
    let cell = engine.board.cell(&cursor.service, &cursor.environment);
    let holds: Vec<HoldId> = cell
        .into_iter()
        .flat_map(|cell| &cell.holds)
        .filter(|hold| hold.is_on(state.now))
        .map(|hold| hold.id.clone())
        .collect();
    let mut covers = cover::on_offer(&cursor.service, &cursor.environment);
    if !others.is_empty() {
        // Of several: each here, or each everywhere.
        covers.truncate(2);
    } else if let Some(candidate) = cell.and_then(|cell| cell.candidate.as_ref()) {
        covers.push(Cover {
            service: Some(cursor.service.clone()),
            environment: None,
            revision: Some(candidate.sha.clone()),
        });
    }
    let mode = if holds.is_empty() || !others.is_empty() {
        HoldMode::Place
    } else {
        HoldMode::Existing { holds, selected: 0 }
    };
    let ways = engine.ways(&cursor.service, &cursor.environment);
    let bindable = !ways.is_empty();
    let dialog = HoldDialog {
        service: cursor.service,
        others,
        environment: cursor.environment,
        mode,
        covers,
        cover: 0,
        kind: HoldKind::default(),
        reason: Input::default(),
        until: Input::default(),
        then: Then::Ask,
        receivers: state.interface.receivers.clone(),
        tell: Tell::Rules,
        focus: HoldFocus::default(),
        bindable,
        error: engine.may_record().err().map(|refusal| refusal.why),
    };
    state.interface.overlays.push(Overlay::Hold(dialog));
}

pub(super) fn run(state: &mut State, command: Command) -> Vec<Effect> {
    let Some(Overlay::Hold(dialog)) = state.interface.overlays.last_mut() else {
        return Vec::new();
    };
    match (command, dialog.focus) {
        (Command::Close, _) | (Command::Open, HoldFocus::Cancel) => {
            state.interface.overlays.pop();
        }
        (Command::Copy, _) => return link::copy(state),
        (Command::Down | Command::Up, HoldFocus::List) => dialog.select(command == Command::Down),
        (Command::Left, HoldFocus::Cover | HoldFocus::Kind | HoldFocus::Then | HoldFocus::Tell) => {
            dialog.turn(false);
        }
        (
            Command::Right | Command::Mark,
            HoldFocus::Cover | HoldFocus::Kind | HoldFocus::Then | HoldFocus::Tell,
        ) => dialog.turn(true),
        (Command::PreviousPane | Command::Up | Command::Left, _) => dialog.step(false),
        (Command::NextPane | Command::Down | Command::Right, _)
        | (
            Command::Open,
            HoldFocus::List
            | HoldFocus::Cover
            | HoldFocus::Kind
            | HoldFocus::Until
            | HoldFocus::Then
            | HoldFocus::Reason
            | HoldFocus::Tell,
        ) => dialog.step(true),
        (Command::Open, HoldFocus::Hold) => return confirm(state),
        (Command::Open, HoldFocus::Edit) => edit(state),
        (Command::Open, HoldFocus::Lift) => return lift(state),
        (Command::Open, HoldFocus::Bind) => return bind(state),
        _ => {}
    }
    Vec::new()
}

/// Places the hold or saves the edit; beside existing holds it goes on to placing another.
fn confirm(state: &mut State) -> Vec<Effect> {
    let (now, zone) = (state.now, state.interface.typed_zone());
    let Some(Overlay::Hold(dialog)) = state.interface.overlays.last_mut() else {
        return Vec::new();
    };
    if let HoldMode::Existing { .. } = dialog.mode {
        dialog.mode = HoldMode::Place;
        dialog.focus = HoldFocus::default();
        return Vec::new();
    }
    if let Some(why) = dialog.blocked(now, &zone) {
        dialog.error = Some(why);
        return Vec::new();
    }
    let reason = field::text(&dialog.reason);
    let Ok(until) = until::parse(dialog.until.value(), now, &zone) else {
        return Vec::new();
    };
    if !dialog.others.is_empty() {
        return each(state, until);
    }
    let request = match &dialog.mode {
        HoldMode::Edit(id) => Request::EditHold {
            id: id.clone(),
            reason: Some(reason),
            until: until.map_or(Expiry::Never, Expiry::At),
            then: Some(dialog.then),
        },
        HoldMode::Place | HoldMode::Existing { .. } => {
            let Some(cover) = dialog.covers.get(dialog.cover).cloned() else {
                return Vec::new();
            };
            Request::Hold {
                cover,
                kind: dialog.kind,
                reason,
                until,
                then: dialog.then,
                tell: dialog.tell,
            }
        }
    };
    ask(state, request)
}

/// Places a hold on each of the marked services. What is refused stays in the dialog and marked,
/// with the reason; a part is never said to be the whole.
fn each(state: &mut State, until: Option<Timestamp>) -> Vec<Effect> {
    let now = state.now;
    let Some(Overlay::Hold(dialog)) = state.interface.overlays.last_mut() else {
        return Vec::new();
    };
    let covers: Vec<Cover> = dialog.each().collect();
    let all = covers.len();
    let (mut effects, mut held, mut left, mut told) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for cover in covers {
        let service = cover.service.clone();
        let request = Request::Hold {
            cover,
            kind: dialog.kind,
            reason: field::text(&dialog.reason),
            until,
            then: dialog.then,
            tell: dialog.tell,
        };
        let (more, refused) = reports::ask(&mut state.engine, request, now);
        effects.extend(more);
        match refused {
            Some(refusal) => {
                told.extend(service.iter().map(|it| format!("{it}: {}", refusal.why)));
                left.extend(service);
            }
            None => held.extend(service),
        }
    }
    for service in &held {
        state.interface.marks.remove(service);
    }
    let mut left = left.into_iter();
    match (left.next(), state.interface.overlays.last_mut()) {
        (Some(first), Some(Overlay::Hold(dialog))) => {
            dialog.service = first;
            dialog.others = left.collect();
            dialog.focus = HoldFocus::Cancel;
            dialog.error = Some(format!("{} of {all} held; {}", held.len(), told.join("; ")));
        }
        _ => {
            state.interface.overlays.pop();
            let said = format!("holds on their way: {all} of {all}");
            state.interface.say(true, said, now);
        }
    }
    effects
}

/// Turns to editing the chosen hold, with what it says now.
fn edit(state: &mut State) {
    let (now, zone) = (state.now, state.interface.typed_zone());
    let Some(Overlay::Hold(dialog)) = state.interface.overlays.last_mut() else {
        return;
    };
    let Some(hold) = dialog.chosen(&state.engine).cloned() else {
        return;
    };
    // What asks already is given more time, or is lifted; its own time is past.
    let until = hold.until.filter(|_| !hold.asks(now));
    let until = until.map_or_else(String::new, |until| {
        let format = if zone == TimeZone::UTC {
            "%Y-%m-%d %H:%MZ"
        } else {
            "%Y-%m-%d %H:%M"
        };
        until.to_zoned(zone).strftime(format).to_string()
    });
    let until = if hold.asks(now) {
        MORE_TIME.to_owned()
    } else {
        until
    };
    // Never what was typed so far: that is a reason to lift it.
    dialog.reason = Input::new(hold.reason);
    dialog.until = Input::new(until);
    // A time that is given to what had none is asked about, as that of a new hold is.
    dialog.then = if hold.until.is_some() {
        hold.then
    } else {
        Then::Ask
    };
    dialog.kind = hold.kind;
    dialog.mode = HoldMode::Edit(hold.id);
    dialog.focus = HoldFocus::default();
}

/// Places what the chosen hold lacks on the forges.
fn bind(state: &mut State) -> Vec<Effect> {
    let Some(Overlay::Hold(dialog)) = state.interface.overlays.last_mut() else {
        return Vec::new();
    };
    let Some(id) = dialog.chosen(&state.engine).map(|hold| hold.id.clone()) else {
        dialog.error = Some("no hold is chosen".to_owned());
        return Vec::new();
    };
    ask(state, Request::BindHold { id: Some(id) })
}

fn lift(state: &mut State) -> Vec<Effect> {
    let Some(Overlay::Hold(dialog)) = state.interface.overlays.last_mut() else {
        return Vec::new();
    };
    let reason = field::text(&dialog.reason);
    if reason.is_empty() {
        dialog.error = Some("a reason is required to lift a hold".to_owned());
        return Vec::new();
    }
    let Some(id) = dialog.chosen(&state.engine).map(|hold| hold.id.clone()) else {
        dialog.error = Some("no hold is chosen".to_owned());
        return Vec::new();
    };
    ask(state, Request::LiftHold { id, reason })
}

/// Hands an order to the engine; a refusal stays in the dialog, otherwise it closes.
pub(super) fn ask(state: &mut State, request: Request) -> Vec<Effect> {
    let (effects, refused) = reports::ask(&mut state.engine, request, state.now);
    match (
        refused.map(|refusal| refusal.why),
        state.interface.overlays.last_mut(),
    ) {
        (Some(why), Some(Overlay::Hold(dialog))) => dialog.error = Some(why),
        (Some(why), Some(Overlay::Gates(dialog))) => dialog.error = Some(why),
        (Some(why), Some(Overlay::Override(dialog))) => dialog.error = Some(why),
        (Some(_), _) => {}
        (None, _) => {
            state.interface.overlays.pop();
        }
    }
    effects
}

#[cfg(test)]
mod tests;
