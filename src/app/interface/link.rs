//! What leaves for the world around the terminal: pages for the browser, text for the clipboard,
//! questions for the forge.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::detail::place;
use super::overview::{Item, Overview};
use super::{DetailTab, Overlay, Pane, Screen, log, overview};
use crate::app::command::{Command, Context, blocked};
use crate::app::effect::Effect;
use crate::app::state::State;
use crate::app::view;
use crate::domain::board::Row;
use crate::domain::cell::Cell;
use crate::domain::facts::ServiceFacts;
use crate::domain::ids::{ForgeName, ServiceName};
use crate::domain::revision::Revision;

pub(super) fn browse(state: &mut State) -> Vec<Effect> {
    let page = page(state);
    open(state, page)
}

pub(super) fn open(state: &mut State, page: Option<String>) -> Vec<Effect> {
    if let Some(page) = page.filter(|page| is_web(&page.as_str())) {
        return vec![Effect::Browse(page)];
    }
    let now = state.now;
    state
        .interface
        .say(false, "no page is known of it".to_owned(), now);
    Vec::new()
}

/// The page of the selected thing: what the tab has selected, else the cell's run or deployment,
/// else the repository.
pub fn page(state: &State) -> Option<String> {
    if state.interface.overview().is_some() {
        let item = overview::selected(state)?;
        return item.page().filter(is_web).map(str::to_owned);
    }
    if let Screen::Forge(name) = &state.interface.screen {
        return of_forge(state, name).filter(|page| is_web(&page.as_str()));
    }
    let cursor = state.interface.cursor.as_ref()?;
    let row = state.engine.board.row(&cursor.service)?;
    let facts = row.facts.value()?;
    let Some(cell) = row.cell(&cursor.environment) else {
        return Some(facts.url.clone());
    };
    let selected = match state.interface.screen {
        Screen::Detail(_) => in_tab(state, row, cell, facts),
        Screen::Board if state.interface.pane == Pane::Log => log::browse(state),
        Screen::Board
        | Screen::Timeline
        | Screen::Release
        | Screen::Pipelines
        | Screen::Tasks
        | Screen::Holds
        | Screen::Forge(_) => None,
    };
    let flight = cell.in_flight.as_ref().and_then(|flight| flight.run);
    let run = facts.runs.iter().find(|run| Some(run.id) == flight);
    selected
        .or_else(|| run.map(|run| run.url.clone()))
        .or_else(|| cell.url.clone())
        .or_else(|| Some(facts.url.clone()))
        .filter(|page| is_web(&page.as_str()))
}

/// Where people find a forge: above the page of any repository of it. What the config has may be the
/// address for programs.
fn of_forge(state: &State, name: &ForgeName) -> Option<String> {
    let rows = state.engine.board.rows.iter();
    let mut of_it = rows.filter(|row| row.service.forge == *name);
    of_it.find_map(|row| {
        let facts = row.facts.value()?;
        let above = facts.url.strip_suffix(facts.repo.as_str())?;
        above.ends_with('/').then(|| above.to_owned())
    })
}

/// A browser is asked to open nothing else.
fn is_web(page: &&str) -> bool {
    page.starts_with("https://") || page.starts_with("http://")
}

fn in_tab(state: &State, row: &Row, cell: &Cell, facts: &ServiceFacts) -> Option<String> {
    let place = state.interface.detail_offset;
    match state.interface.tab {
        DetailTab::Gates => {
            let verdict = cell.judgement.verdicts.get(place)?;
            verdict.evidence.iter().find_map(|found| found.url.clone())
        }
        DetailTab::Scope => {
            let scope = row.scope_of(cell)?.value()?;
            let change = scope.pull_requests.get(place);
            change
                .map(|change| change.url.clone())
                .or_else(|| scope.url.clone())
        }
        DetailTab::Deployments => facts
            .deployments
            .iter()
            .filter(|deployment| deployment.environment == cell.environment)
            .nth(place)?
            .url
            .clone(),
        DetailTab::Pipeline => {
            let run = facts.runs.get(place).or(facts.runs.last())?;
            Some(run.url.clone())
        }
        DetailTab::PullRequests => Some(facts.pull_requests.get(place)?.url.clone()),
        DetailTab::Log => log::browse(state),
        DetailTab::Lane => None,
    }
}

/// Copies what is for others: a reminder of what is waited for, or the record of a release's decision.
pub(super) fn for_others(state: &mut State, command: Command) -> Vec<Effect> {
    let now = state.now;
    let text = match state.interface.release(&state.engine.policy) {
        _ if state.interface.screen != Screen::Release => {
            view::waits(state).ok_or(blocked::NO_GATE)
        }
        None => Err("there is no release: add [release.NAME] to the config"),
        Some(release) if command == Command::Nudge => {
            view::nudge(state, release).ok_or("everybody has voted on exactly this set")
        }
        Some(release) => Ok(view::record(state, release)),
    };
    match text {
        Ok(text) => vec![Effect::Copy(text)],
        Err(why) => {
            state.interface.say(false, why.to_owned(), now);
            Vec::new()
        }
    }
}

/// Copies what the timeline shows as the journal has it, an entry a line; of a promotion every step.
pub(super) fn entries(state: &mut State) -> Vec<Effect> {
    let engine = &state.engine;
    let overviews = &state.interface.overviews;
    let listing = overviews.listing(engine, Overview::Timeline, state.now);
    let lines: Vec<String> = listing
        .items(engine, 0, listing.len())
        .flat_map(|(_, item)| match item {
            Item::Entry(entry, _) => vec![entry],
            Item::Sent(promotion, _) => {
                let id = &promotion.intent.id;
                let all = engine.entries.iter();
                all.filter(|entry| entry.is_of(id)).collect()
            }
            _ => Vec::new(),
        })
        .filter_map(|entry| serde_json::to_string(entry).ok())
        .collect();
    if lines.is_empty() {
        let why = "there is no entry to copy".to_owned();
        state.interface.say(false, why, state.now);
        return Vec::new();
    }
    vec![Effect::Copy(lines.join("\n"))]
}

pub(super) fn copy(state: &mut State) -> Vec<Effect> {
    if let Some(text) = text(state) {
        return vec![Effect::Copy(text)];
    }
    let now = state.now;
    state
        .interface
        .say(false, "there is nothing to copy".to_owned(), now);
    Vec::new()
}

/// The command line that does the same as the dialog on top.
pub fn command_line(state: &State) -> Option<String> {
    // A list copies what is selected.
    match state.interface.overlays.last()? {
        // It copies its text, for a chat.
        Overlay::Handover(dialog) => Some(dialog.command_line()),
        Overlay::Promote(_)
        | Overlay::Hold(_)
        | Overlay::Bind(_)
        | Overlay::Gates(_)
        | Overlay::Override(_)
        | Overlay::Confirm(_)
        | Overlay::Release(_) => text(state),
        _ => None,
    }
}

/// What `y` copies: the dialog as a command line, the selected error or entry, else the cell.
fn text(state: &State) -> Option<String> {
    match state.interface.overlays.last() {
        Some(Overlay::Promote(dialog)) => {
            return Some(dialog.command_lines()).filter(|lines| !lines.is_empty());
        }
        Some(Overlay::Confirm(dialog)) => return dialog.command_line(),
        Some(Overlay::Hold(dialog)) => return Some(dialog.command_line(state)),
        Some(Overlay::Bind(_)) => return Some("gonogo hold bind".to_owned()),
        Some(Overlay::Gates(dialog)) => return dialog.command_line(),
        Some(Overlay::Release(dialog)) => return dialog.command_line(),
        Some(Overlay::Override(dialog)) => return dialog.command_line(),
        Some(Overlay::Handover(dialog)) => return Some(dialog.markdown(state)),
        Some(Overlay::Errors { list }) => {
            // They are drawn newest first.
            let problem = state.interface.problems.iter().rev().nth(list.selected)?;
            let at = second(problem.last_at);
            let mut text = format!("{at} {}: {}", problem.subject, problem.why);
            for (what, more) in [("hint", &problem.hint), ("request", &problem.request)] {
                if let Some(more) = more {
                    let _ = write!(text, "\n{what}: {more}");
                }
            }
            return Some(text);
        }
        Some(Overlay::Messages { offset }) => {
            let message = state.interface.messages.iter().rev().nth(*offset)?;
            return Some(format!("{} {}", second(message.at), message.text));
        }
        Some(Overlay::Changes { .. }) => {
            return Some(super::changes::lines(state).join("\n")).filter(|text| !text.is_empty());
        }
        Some(Overlay::Results { .. }) => return super::results::text(state),
        Some(
            Overlay::Help { .. }
            | Overlay::Filter { .. }
            | Overlay::Search { .. }
            | Overlay::Palette { .. }
            | Overlay::Columns { .. }
            | Overlay::Custom(_)
            | Overlay::Output(_)
            | Overlay::Quit { .. },
        ) => return None,
        None => {}
    }
    if state.interface.overview().is_some() {
        return match overview::selected(state)? {
            overview::Item::Entry(entry, _) => serde_json::to_string(entry).ok(),
            overview::Item::Sent(promotion, _) => {
                // As the journal has it: what was ordered, and each step since.
                let entries = state.engine.entries.iter();
                let lines = entries.filter(|entry| entry.is_of(&promotion.intent.id));
                let lines: Option<Vec<_>> = lines
                    .map(|entry| serde_json::to_string(entry).ok())
                    .collect();
                lines.map(|lines| lines.join("\n"))
            }
            item => item.page().map(str::to_owned),
        };
    }
    if state.interface.screen == Screen::Release {
        let release = state.interface.release(&state.engine.policy)?;
        return Some(crate::app::view::release_text(state, release));
    }
    let in_log = Context::of_screen(&state.interface) == Context::Log;
    if in_log && let Some(text) = log::copied(state) {
        return Some(text);
    }
    let (row, cell) = place(state)?;
    Some(cell_text(state, row, cell))
}

/// An instant to the second, as people write it.
fn second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// A cell in words: what is live, what would follow, and what every gate says.
fn cell_text(state: &State, row: &Row, cell: &Cell) -> String {
    let now = state.now;
    let label = |revision: Option<&Revision>| {
        revision.map_or("nothing".to_owned(), |revision| {
            format!("{revision} ({})", revision.sha.short())
        })
    };
    let mut text = format!(
        "{} {}: {} {}",
        row.service.name,
        cell.environment,
        label(cell.live.as_ref()),
        cell.state(&row.facts, &state.engine.policy, now).word()
    );
    if cell.candidate.is_some() {
        let (open, all) = cell.judgement.count(now);
        let next = cell.next(&row.facts, &state.engine.policy, now).word();
        let _ = write!(
            text,
            "\nnext: {} {next}, {open} of {all} gates open",
            label(cell.candidate.as_ref())
        );
    }
    for verdict in &cell.judgement.verdicts {
        let _ = write!(
            text,
            "\n{}: {}: {}",
            verdict.gate,
            verdict.state_at(now),
            verdict.why
        );
    }
    for hold in &cell.holds {
        let _ = write!(
            text,
            "\nheld by {}: {} ({})",
            hold.owner, hold.reason, hold.cover
        );
    }
    text
}

/// Reads the marked services again, or the selected one, and asks every forge for its pulse.
pub(super) fn refresh(state: &mut State) -> Vec<Effect> {
    let now = state.now;
    if state.engine.offline {
        let why = "offline: nothing is read from the forges".to_owned();
        state.interface.say(false, why, now);
        return state.engine.read_journal();
    }
    let cursor = state.interface.cursor.iter().map(|cursor| &cursor.service);
    // Elsewhere nobody sees what is marked on the board.
    let on_board = state.interface.screen == Screen::Board;
    let marks = state.interface.marks.iter().filter(|_| on_board);
    let services: Vec<ServiceName> = marks.chain(cursor).cloned().collect();
    state.engine.schedule.refresh(&services, now);
    for service in &services {
        state.engine.look_again(service);
    }
    state.engine.ask_again(&services);
    let mut effects = state.engine.read_journal();
    effects.extend(state.engine.due_questions(now));
    effects
}

/// A command line with a reason, quoted for a shell.
pub(super) fn with_reason(command: &str, reason: &str) -> String {
    if reason.is_empty() {
        return command.to_owned();
    }
    format!("{command} --reason {}", quoted(reason))
}

/// A word quoted for a POSIX shell.
pub(super) fn quoted(text: &str) -> String {
    let plain =
        |character: char| character.is_ascii_alphanumeric() || "-_./:@,+=".contains(character);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}
