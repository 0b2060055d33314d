//! Why a command is not possible now, in words: the footer, the help and `:` show them struck out
//! with it. Nothing is planned here; the dialogs do that.

use jiff::{SignedDuration, Timestamp};

use super::{Command, Context};
use crate::app::engine::Engine;
use crate::app::interface::{
    BindFocus, ConfirmFocus, Cursor, GatesFocus, HandoverFocus, HoldFocus, HoldMode, Overlay,
    OverrideFocus, PromoteFocus, ReleaseFocus, Screen, binding, overview, undo,
};
use crate::app::request::Refusal;
use crate::app::state::State;
use crate::app::view;
use crate::domain::board::Row;
use crate::domain::capability::Capability;
use crate::domain::cell::{self, Cell};
use crate::domain::fault::FaultKind;
use crate::domain::gate::{State as GateState, words};
use crate::domain::ids::ServiceName;
use crate::domain::phase::Phase;
use crate::domain::policy::Via;
use crate::domain::release::Release;
use crate::domain::revision::Revision;

/// Why an act on what is selected is not possible where nothing is.
pub const NO_ROW: &str = "no row";
/// Why there is nobody to nudge.
pub const NO_GATE: &str = "no gate is in the way";
/// Why nothing can be said of a service that was never read.
const UNREAD: &str = "nothing is known yet";

/// Says why a command is not possible now.
pub fn reason(state: &State, command: Command) -> Option<String> {
    let engine = &state.engine;
    let interface = &state.interface;
    let cursor = interface.cursor.as_ref();
    match command {
        Command::Promote => promote(state),
        Command::Hold if interface.screen == Screen::Holds => may_record(engine).or_else(|| {
            let hold = overview::selected_hold(state);
            hold.is_none().then(|| "no hold is selected".to_owned())
        }),
        Command::Hold | Command::Gates | Command::Override => {
            may_record(engine).or_else(|| no_cell(engine, cursor))
        }
        Command::Undo => may_record(engine).or_else(|| match undo::last(engine, state.now) {
            Some(undo::Last::Hold(_) | undo::Last::Vote(_) | undo::Last::ReleaseVote(_)) => None,
            Some(undo::Last::Final(why)) => Some(why),
            None => Some("there is nothing of yours".to_owned()),
        }),
        Command::Rollback => may_act(engine)
            .or_else(|| cannot(engine, cursor, command))
            .or_else(|| no_way_back(engine, cursor, state.now)),
        Command::Approve => may_act(engine)
            .or_else(|| cannot(engine, cursor, command))
            .or_else(|| awaited(engine, cursor)),
        Command::Reject => may_act(engine)
            .or_else(|| cannot(engine, cursor, command))
            .or_else(|| waiting(engine, cursor)),
        Command::Bind => may_act(engine).or_else(|| binding::nothing(engine, state.now)),
        Command::Cancel => may_act(engine)
            .or_else(|| cannot(engine, cursor, command))
            .or_else(|| under_way(engine, cursor, state.now)),
        Command::HandOver => may_record(engine),
        Command::VoteRelease
        | Command::StartRelease
        | Command::ResumeRelease
        | Command::CancelRelease
        | Command::DropService => of_shown(state, command),
        Command::Open if interface.screen == Screen::Release && interface.overlays.is_empty() => {
            no_release(state)
        }
        Command::Nudge if interface.screen != Screen::Release => no_cell(engine, cursor)
            .or_else(|| (!view::is_waiting(state)).then(|| NO_GATE.to_owned())),
        Command::Plan | Command::Nudge | Command::Export => no_release(state),
        Command::Rerun => may_act(engine)
            .or_else(|| cannot(engine, cursor, command))
            .or_else(|| failed(engine, cursor)),
        Command::Watch => {
            (!crate::app::interface::may_watch(state)).then(|| "no run is known".to_owned())
        }
        Command::NextMatch | Command::PreviousMatch
            if Context::of_screen(interface) == Context::Log =>
        {
            let words = &interface.log_here().words;
            words
                .is_empty()
                .then(|| "nothing was searched for".to_owned())
        }
        Command::NextMatch
        | Command::PreviousMatch
        | Command::Filter
        | Command::Sort
        | Command::Columns
            if matches!(interface.screen, Screen::Forge(_)) =>
        {
            Some("no list".to_owned())
        }
        Command::NextMatch | Command::PreviousMatch if interface.filter_here().is_empty() => {
            Some("no filter".to_owned())
        }
        Command::Results => interface
            .batch
            .is_none()
            .then(|| "nothing was sent from here yet".to_owned()),
        Command::Views => interface
            .views
            .is_empty()
            .then(|| "the config has no [view.NAME]".to_owned()),
        Command::Forges => engine
            .forges
            .is_empty()
            .then(|| "no forge was asked yet".to_owned()),
        Command::Refresh if engine.offline => Some("offline".to_owned()),
        Command::LastView if interface.last.is_none() => Some("no view before".to_owned()),
        Command::Open
            if interface.overlays.is_empty()
                && cursor.is_none()
                && interface.overview().is_none() =>
        {
            Some(NO_ROW.to_owned())
        }
        Command::Open => button(state),
        Command::Browse => crate::app::interface::link::page(state)
            .is_none()
            .then(|| "no page is known".to_owned()),
        Command::Down
        | Command::Up
        | Command::Left
        | Command::Right
        | Command::First
        | Command::Last
        | Command::HalfDown
        | Command::HalfUp
        | Command::PageDown
        | Command::PageUp
        | Command::Mark
        | Command::Peek
        | Command::Filter
        | Command::NextMatch
        | Command::PreviousMatch
        | Command::Sort
        | Command::GroupBy
        | Command::Columns
        | Command::Theme
        | Command::Range
        | Command::MarkAll
        | Command::Changes
        | Command::NextPane
        | Command::PreviousPane
        | Command::NextTab
        | Command::PreviousTab
        | Command::Copy
        | Command::ExportEntries
        | Command::Refresh
        | Command::Freeze
        | Command::Mouse
        | Command::Tour
        | Command::Zone
        | Command::Search
        | Command::Follow
        | Command::Wrap
        | Command::Stamps
        | Command::Summary
        | Command::Board
        | Command::Releases
        | Command::Timeline
        | Command::Entries
        | Command::Pipelines
        | Command::Tasks
        | Command::Holds
        | Command::LastView
        | Command::Errors
        | Command::Messages
        | Command::Help
        | Command::Palette
        | Command::Close
        | Command::Quit
        | Command::QuitNow
        | Command::Suspend => None,
    }
}

/// Says why a command is not possible on a cell, whatever the cursor and the marks say.
pub fn reason_at(state: &State, command: Command, place: &Cursor) -> Option<String> {
    let (engine, now, place) = (&state.engine, state.now, Some(place));
    match command {
        Command::Promote => may_act(engine).or_else(|| closed(engine, place?, now)),
        Command::Rollback => may_act(engine)
            .or_else(|| cannot(engine, place, command))
            .or_else(|| no_way_back(engine, place, now)),
        Command::Approve => may_act(engine)
            .or_else(|| cannot(engine, place, command))
            .or_else(|| awaited(engine, place)),
        Command::Reject => may_act(engine)
            .or_else(|| cannot(engine, place, command))
            .or_else(|| waiting(engine, place)),
        Command::Cancel => may_act(engine)
            .or_else(|| cannot(engine, place, command))
            .or_else(|| under_way(engine, place, state.now)),
        Command::Rerun => may_act(engine)
            .or_else(|| cannot(engine, place, command))
            .or_else(|| failed(engine, place)),
        _ => may_record(engine).or_else(|| no_cell(engine, place)),
    }
}

/// Says why a command is not possible on a release, whichever is shown.
pub fn reason_on(state: &State, command: Command, release: &Release) -> Option<String> {
    let engine = &state.engine;
    match command {
        Command::StartRelease => may_act(engine).or_else(|| may_start(state, release)),
        Command::ResumeRelease => may_act(engine).or_else(|| may_resume(state, release)),
        Command::CancelRelease => may_record(engine).or_else(|| no_run(state, release)),
        Command::DropService => may_record(engine).or_else(|| may_drop(state, release)),
        _ => may_record(engine),
    }
}

/// Why the selected service is neither dropped nor taken back now.
fn may_drop(state: &State, release: &Release) -> Option<String> {
    let service = state.interface.member(release)?;
    of_member(state, release, service)
}

/// Why a service of a release is neither dropped from it nor taken back now.
pub fn of_member(state: &State, release: &Release, service: &ServiceName) -> Option<String> {
    let engine = &state.engine;
    let ledger = engine.ledger.as_ref();
    let dropped = ledger.and_then(|ledger| ledger.dropped(&release.name, service));
    let refusal = match dropped {
        Some(_) => engine.may_restore(release, service).err(),
        None => engine.may_drop(release, service, state.now).err(),
    };
    refusal.map(|refusal| refusal.why)
}

/// The same of the release that is shown.
fn of_shown(state: &State, command: Command) -> Option<String> {
    match state.interface.release(&state.engine.policy) {
        Some(release) => reason_on(state, command, release),
        None => no_release(state),
    }
}

/// Why the button in focus does nothing now, where it is the one that confirms.
fn button(state: &State) -> Option<String> {
    let interface = &state.interface;
    match interface.overlays.last()? {
        Overlay::Promote(dialog) if dialog.focus == PromoteFocus::Promote => dialog.blocked(),
        Overlay::Confirm(dialog) if dialog.focus == ConfirmFocus::Confirm => dialog.blocked(),
        Overlay::Release(dialog) if dialog.focus == ReleaseFocus::Confirm => dialog.blocked(),
        Overlay::Handover(dialog) if dialog.focus == HandoverFocus::Confirm => dialog.blocked(),
        Overlay::Override(dialog) if dialog.focus == OverrideFocus::Confirm => dialog.blocked(),
        Overlay::Bind(dialog) if dialog.focus == BindFocus::Confirm => {
            binding::nothing(&state.engine, state.now)
        }
        Overlay::Gates(dialog) if dialog.focus == GatesFocus::Confirm => dialog.blocked(),
        Overlay::Hold(dialog)
            if dialog.focus == HoldFocus::Hold
                && !matches!(dialog.mode, HoldMode::Existing { .. }) =>
        {
            dialog.blocked(state.now, &interface.typed_zone())
        }
        _ => None,
    }
}

fn no_release(state: &State) -> Option<String> {
    let release = state.interface.release(&state.engine.policy);
    release.is_none().then(|| "there is no release".to_owned())
}

fn may_start(state: &State, release: &Release) -> Option<String> {
    let decision = state.engine.decision(release, state.now);
    if decision.run.is_some() {
        return Some("it runs already".to_owned());
    }
    let refused = crate::app::engine::release::may_start(release, &decision, &decision.stuck);
    // The screen has the release's name already.
    refused.err().map(|refusal| match decision.why.as_slice() {
        [] => refusal.why,
        why => why.join("; "),
    })
}

fn may_resume(state: &State, release: &Release) -> Option<String> {
    let ledger = state.engine.ledger.as_ref()?;
    match ledger.open_run(&release.name) {
        Some(run) if run.driver == state.engine.instance => {
            Some("it is driven from here".to_owned())
        }
        Some(_) => None,
        None => no_run(state, release),
    }
}

fn no_run(state: &State, release: &Release) -> Option<String> {
    let ledger = state.engine.ledger.as_ref();
    let run = ledger.and_then(|ledger| ledger.open_run(&release.name));
    run.is_none().then(|| "no run goes on".to_owned())
}

fn why(refusal: &Refusal) -> String {
    refusal.why.clone()
}

fn may_act(engine: &Engine) -> Option<String> {
    engine.may_act().err().map(|refusal| why(&refusal))
}

fn may_record(engine: &Engine) -> Option<String> {
    engine.may_record().err().map(|refusal| why(&refusal))
}

/// Why the forge of a cell cannot do what a command asks of it, or the token may not.
fn cannot(engine: &Engine, cursor: Option<&Cursor>, command: Command) -> Option<String> {
    let cursor = cursor?;
    let row = engine.board.row(&cursor.service)?;
    let via = &row.service.stage(&cursor.environment)?.via;
    let needs = match command {
        Command::Promote => via.needs(),
        // Whether a job is run again or let in once more is seen when it is planned.
        Command::Rollback if !matches!(via, Via::Approval { .. } | Via::Job { .. }) => via.needs(),
        Command::Approve if !matches!(via, Via::PullRequest { .. }) => Some(Capability::Approve),
        Command::Reject => Some(Capability::Approve),
        Command::Cancel => Some(Capability::Cancel),
        Command::Rerun => Some(Capability::Rerun),
        _ => None,
    };
    // No forge is asked for what people do by hand.
    let needs = needs.filter(|_| *via != Via::Checklist)?;
    let lacking = engine.lacks(&row.service, Some(&cursor.environment), needs);
    lacking.map(|refusal| why(&refusal))
}

/// With marks, it is possible if one of them may go.
fn promote(state: &State) -> Option<String> {
    if let Some(why) = may_act(&state.engine) {
        return Some(why);
    }
    let Some(cursor) = &state.interface.cursor else {
        return Some(NO_ROW.to_owned());
    };
    let marks = &state.interface.marks;
    if marks.is_empty() || state.interface.screen != Screen::Board {
        return closed(&state.engine, cursor, state.now);
    }
    let to = &cursor.environment;
    let mut why = marks.iter().map(|service| {
        let place = Cursor {
            service: service.clone(),
            environment: to.clone(),
        };
        Some(format!(
            "{service}: {}",
            closed(&state.engine, &place, state.now)?
        ))
    });
    // Of one alone it can be said why.
    match marks.len() {
        1 => why.next()?,
        many if why.all(|why| why.is_some()) => {
            Some(format!("none of the {many} marked may go to {to}"))
        }
        _ => None,
    }
}

/// Why the promotion into a cell may not go: "2 gates closed (soak, sign-off)".
pub fn closed(engine: &Engine, cursor: &Cursor, now: Timestamp) -> Option<String> {
    let row = engine.board.row(&cursor.service);
    let Some((row, cell)) = row.and_then(|row| Some((row, row.cell(&cursor.environment)?))) else {
        return no_cell(engine, Some(cursor));
    };
    if let Some(why) = cannot(engine, Some(cursor), Command::Promote) {
        return Some(why);
    }
    if let Some(why) = unreadable(row, now, engine.policy.max_age) {
        return Some(why);
    }
    if row.facts.value().is_none() {
        return Some(UNREAD.to_owned());
    }
    if row.facts.is_stale(now, engine.policy.max_age) {
        let age = row.facts.age(now).unwrap_or_default();
        return Some(format!("facts are {} old", words::span(age)));
    }
    if cell.candidate.is_none() {
        let live = cell.live.as_ref().map_or("nothing", Revision::label);
        return Some(format!(
            "nothing to promote: {} has {live} already",
            cursor.environment
        ));
    }
    gates(cell, now)
}

/// Why a service is not read, where that is because this token may not.
fn unreadable(row: &Row, now: Timestamp, max_age: SignedDuration) -> Option<String> {
    let fault = row.facts.fault.as_ref().filter(|fault| match fault.kind {
        FaultKind::Forbidden | FaultKind::SingleSignOn => {
            row.facts.value().is_none() || row.facts.is_stale(now, max_age)
        }
        _ => false,
    })?;
    let hint = fault.hint.iter();
    let hint = hint.map(|hint| format!("; {hint}")).collect::<String>();
    Some(format!(
        "this token may not read {}: {}{hint}",
        row.service.repo, fault.why
    ))
}

/// Counts the gates that are not open, worst state first, and names them.
fn gates(cell: &Cell, now: Timestamp) -> Option<String> {
    let mut told = Vec::new();
    for state in [GateState::Closed, GateState::Unknown, GateState::Waiting] {
        let names: Vec<&str> = cell
            .judgement
            .blocking(now)
            .filter(|verdict| verdict.state_at(now) == state)
            .map(|verdict| verdict.gate.as_str())
            .collect();
        let plural = if names.len() == 1 { "gate" } else { "gates" };
        if !names.is_empty() {
            told.push(format!(
                "{} {plural} {state} ({})",
                names.len(),
                names.join(", ")
            ));
        }
    }
    if told.is_empty() && cell.judgement.verdicts.is_empty() {
        return Some("not judged yet".to_owned());
    }
    (!told.is_empty()).then(|| told.join(", "))
}

fn no_cell(engine: &Engine, cursor: Option<&Cursor>) -> Option<String> {
    let Some(cursor) = cursor else {
        return Some(NO_ROW.to_owned());
    };
    engine
        .board
        .cell(&cursor.service, &cursor.environment)
        .is_none()
        .then(|| format!("{} has no {}", cursor.service, cursor.environment))
}

/// What waits for a person: a run at the door of the environment, or the pull request that promotes.
fn awaited(engine: &Engine, cursor: Option<&Cursor>) -> Option<String> {
    let why = waiting(engine, cursor)?;
    let request = cursor.and_then(|cursor| {
        let row = engine.board.row(&cursor.service)?;
        let stage = row.service.stage(&cursor.environment)?;
        row.facts.value()?.promoting(&stage.via)
    });
    request.is_none().then_some(why)
}

fn waiting(engine: &Engine, cursor: Option<&Cursor>) -> Option<String> {
    if let Some(why) = no_cell(engine, cursor) {
        return Some(why);
    }
    let cursor = cursor?;
    let Some(facts) = engine.board.row(&cursor.service)?.facts.value() else {
        return Some(UNREAD.to_owned());
    };
    let run = cell::waiting_run(facts, &cursor.environment, None);
    run.is_none()
        .then(|| format!("nothing waits for approval of {}", cursor.environment))
}

fn no_way_back(engine: &Engine, cursor: Option<&Cursor>, now: Timestamp) -> Option<String> {
    if let Some(why) = no_cell(engine, cursor) {
        return Some(why);
    }
    let cursor = cursor?;
    engine.no_way_back(&cursor.service, &cursor.environment, now)
}

fn under_way(engine: &Engine, cursor: Option<&Cursor>, now: Timestamp) -> Option<String> {
    if let Some(why) = no_cell(engine, cursor) {
        return Some(why);
    }
    let cursor = cursor?;
    let row = engine.board.row(&cursor.service)?;
    if row.facts.value().is_none() {
        return Some(UNREAD.to_owned());
    }
    if row.cell(&cursor.environment)?.in_flight.is_none() {
        return Some("nothing is under way".to_owned());
    }
    engine.not_to_cancel(&cursor.service, &cursor.environment, now)
}

fn failed(engine: &Engine, cursor: Option<&Cursor>) -> Option<String> {
    if let Some(why) = no_cell(engine, cursor) {
        return Some(why);
    }
    let Some(facts) = engine.board.row(&cursor?.service)?.facts.value() else {
        return Some(UNREAD.to_owned());
    };
    let any = facts.runs.iter().any(|run| run.phase == Phase::Failed);
    (!any).then(|| "no run has failed".to_owned())
}
