//! The keys of a log: opening it, moving in it, searching, which job, how it is shown.

use jiff::Timestamp;
use tui_input::Input;

use super::super::choice::{step, travel};
use super::super::{DetailTab, Interface, Overlay, Screen, detail, overview};
use super::tail::TICKETS;
use super::{Logs, Place, Room, run_of};
use crate::app::command::Command;
use crate::app::effect::{Effect, LogOrder};
use crate::app::msg::LogAnswer;
use crate::app::state::State;
use crate::app::view::Shape;
use crate::domain::board::Row;
use crate::domain::cell::{Cell, waiting_run};
use crate::domain::facts::ServiceFacts;
use crate::domain::ids::{JobId, RunId, ServiceName};
use crate::domain::log::Line;
use crate::domain::observed::Fact;

/// Rows of the detail that are not the log's: title, tabs, the job, what there is of it.
const AROUND: usize = 4;

impl Interface {
    /// The log of this screen: beside the board, else in a tab of a service's detail.
    pub fn log_here(&self) -> &Logs {
        match self.screen {
            Screen::Board => &self.tail.logs,
            Screen::Detail(_)
            | Screen::Timeline
            | Screen::Release
            | Screen::Pipelines
            | Screen::Tasks
            | Screen::Holds
            | Screen::Forge(_) => &self.log,
        }
    }

    fn log_here_mut(&mut self) -> &mut Logs {
        if self.screen == Screen::Board {
            &mut self.tail.logs
        } else {
            &mut self.log
        }
    }

    /// Takes an answer about a log: tickets tell which.
    pub(in crate::app) fn take_log(&mut self, ticket: u64, answer: LogAnswer, now: Timestamp) {
        let height = self.log_room().height;
        let logs = if ticket > TICKETS {
            &mut self.tail.logs
        } else {
            &mut self.log
        };
        logs.take(ticket, answer, height, now);
    }

    /// The room that a log has on this screen.
    pub fn log_room(&self) -> Room {
        if self.screen == Screen::Board {
            return self.tail_room();
        }
        let shape = Shape::of(self);
        let rows = usize::from(shape.body).saturating_sub(AROUND);
        self.log
            .room(usize::from(shape.main()).saturating_sub(1), rows)
    }

    pub(in super::super) fn follow_log(
        &mut self,
        engine: &mut crate::app::engine::Engine,
        now: jiff::Timestamp,
    ) -> Vec<Effect> {
        let tail = self.follow_tail(engine, now);
        let Screen::Detail(service) = self.screen.clone() else {
            return tail;
        };
        if self.tab != DetailTab::Log {
            return Vec::new();
        }
        let cell = self.cursor.as_ref().and_then(|cursor| {
            let row = engine.board.row(&service)?;
            row.cell(&cursor.environment)
        });
        let facts = engine.board.row(&service).and_then(|row| row.facts.value());
        let flight = cell.and_then(|cell| cell.in_flight.as_ref()?.run);
        let into = cell.and_then(|cell| into(cell, facts));
        let of_cell = facts.and_then(|facts| run_of(into, &facts.runs)).or(into);
        let room = self.log_room();
        let place = Place {
            service: &service,
            flight,
            of_cell,
        };
        self.log.follow(engine, place, room, now)
    }
}

/// What `w` would show: a run that is picked in a list, else that of the cell.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Watched {
    service: ServiceName,
    picked: Option<RunId>,
    run: Option<RunId>,
}

/// Whether there is a run whose log could be shown.
pub(in crate::app) fn may_watch(state: &State) -> bool {
    watched(state).is_some()
}

fn watched(state: &State) -> Option<Watched> {
    let interface = &state.interface;
    if interface.overview().is_some() {
        let item = overview::selected(state)?;
        return Some(Watched {
            service: item.service()?.clone(),
            picked: Some(item.run()?),
            run: None,
        });
    }
    let (row, cell) = detail::place(state)?;
    let facts = row.facts.value()?;
    let in_pipeline =
        matches!(interface.screen, Screen::Detail(_)) && interface.tab == DetailTab::Pipeline;
    let picked = facts
        .runs
        .get(interface.detail_offset)
        .filter(|_| in_pipeline)
        .map(|run| run.id);
    let run = run_in(row, cell);
    picked.or(run).is_some().then(|| Watched {
        service: row.service.name.clone(),
        picked,
        run,
    })
}

/// The run of what goes into a cell, else the service's newest.
pub(in super::super) fn run_in(row: &Row, cell: &Cell) -> Option<RunId> {
    let facts = row.facts.value()?;
    run_of(into(cell, Some(facts)), &facts.runs)
}

/// The run that goes into a cell, or waits to be let in.
pub(in super::super) fn into(cell: &Cell, facts: Option<&ServiceFacts>) -> Option<RunId> {
    let flight = cell.in_flight.as_ref()?;
    let waits = facts.filter(|_| flight.awaits_approval());
    flight.run.or_else(|| {
        let run = waits.and_then(|facts| waiting_run(facts, &cell.environment, None));
        run.map(|run| run.id)
    })
}

/// Shows the log of what is selected.
pub(in super::super) fn watch(state: &mut State) {
    let Some(watched) = watched(state) else {
        let now = state.now;
        let why = "no run is known of it, so there is no log".to_owned();
        state.interface.say(false, why, now);
        return;
    };
    let Watched {
        service,
        picked,
        run,
    } = watched;
    state.interface.log.show(&service, picked, run);
    state.interface.show(Screen::Detail(service));
    state.interface.tab = DetailTab::Log;
}

/// Whether a command is the log's where it has the keys beside the board: the others lead elsewhere.
pub(in super::super) fn takes(command: Command) -> bool {
    !matches!(
        command,
        Command::NextPane | Command::PreviousPane | Command::Close | Command::Open
    )
}

fn turn_over(state: &mut State, of: impl FnOnce(&mut Logs) -> &mut bool) {
    let it = of(state.interface.log_here_mut());
    *it = !*it;
}

pub(in super::super) fn run(state: &mut State, command: Command) -> Vec<Effect> {
    match command {
        Command::Wrap => turn_over(state, |logs| &mut logs.wrap),
        Command::Stamps => {
            turn_over(state, |logs| &mut logs.stamps);
            let logs = state.interface.log_here();
            if logs.stamps && !logs.has_times() {
                let now = state.now;
                let why = "this log does not tell when its lines were written".to_owned();
                state.interface.say(false, why, now);
            }
        }
        Command::Summary => turn_over(state, |logs| &mut logs.summary),
        Command::Follow => {
            let room = state.interface.log_room();
            if let Some(pane) = &mut state.interface.log_here_mut().pane {
                pane.top = match pane.top {
                    None => Some(pane.last_top(room)),
                    Some(_) => None,
                };
            }
        }
        Command::Search => state.interface.overlays.push(Overlay::Search {
            input: Input::default(),
        }),
        Command::NextMatch => return find(state, true),
        Command::PreviousMatch => return find(state, false),
        Command::Left => turn(state, false),
        Command::Right => turn(state, true),
        _ => scroll(state, command),
    }
    Vec::new()
}

fn scroll(state: &mut State, command: Command) {
    let room = state.interface.log_room();
    let Some(pane) = &mut state.interface.log_here_mut().pane else {
        return;
    };
    let (last, first) = (pane.last_top(room), pane.first(room));
    let at = usize::try_from(first).unwrap_or(usize::MAX);
    let count = usize::try_from(last)
        .unwrap_or(usize::MAX)
        .saturating_add(1);
    if let Some(to) = travel(command, at, count, room.height) {
        let to = to as u64;
        // Whoever arrives at the end stays at it.
        pane.top = (to < last).then_some(to);
    }
}

/// To the job after or before.
fn turn(state: &mut State, forward: bool) {
    let now = state.now;
    let Some(pane) = &mut state.interface.log_here_mut().pane else {
        return;
    };
    let key = (pane.service.clone(), pane.source.run);
    let jobs = state.engine.jobs.get(&key).and_then(Fact::value);
    let jobs: Vec<JobId> = jobs.into_iter().flatten().map(|job| job.id).collect();
    let mut source = pane.source.clone();
    source.job = step(&jobs, source.job, forward);
    if source.job != pane.source.job {
        *pane = super::LogPane::new(pane.service.clone(), source, now);
        pane.turned = true;
        state.interface.log_here_mut().words.clear();
    }
}

/// The line of `/` in a log: enter looks for what was typed, esc goes back.
pub(in super::super) fn search(state: &mut State, command: Command) -> Vec<Effect> {
    match command {
        Command::Close => {
            state.interface.overlays.pop();
        }
        Command::Open => {
            if let Some(Overlay::Search { input }) = state.interface.overlays.pop() {
                input
                    .value()
                    .clone_into(&mut state.interface.log_here_mut().words);
                if let Some(pane) = &mut state.interface.log_here_mut().pane {
                    pane.found = None;
                }
                return find(state, true);
            }
        }
        _ => {}
    }
    Vec::new()
}

/// To the next line with the words, or to the one before.
fn find(state: &mut State, forward: bool) -> Vec<Effect> {
    let room = state.interface.log_room();
    let now = state.now;
    let logs = state.interface.log_here_mut();
    let Some(pane) = logs.pane.as_mut() else {
        return Vec::new();
    };
    if logs.words.is_empty() {
        let why = "nothing is looked for in this log yet: / looks for words".to_owned();
        state.interface.say(false, why, now);
        return Vec::new();
    }
    let first = pane.first(room);
    let from = match (pane.found, forward) {
        (Some(found), true) => found + 1,
        (Some(found), false) => found,
        (None, _) => first,
    };
    pane.is_nowhere = false;
    logs.ticket += 1;
    pane.finding = Some(logs.ticket);
    vec![Effect::Log {
        ticket: logs.ticket,
        source: pane.source.clone(),
        order: LogOrder::Find {
            words: logs.words.clone(),
            from,
            forward,
        },
    }]
}

/// What `y` copies: the last lines of the failed step, else what is in sight.
pub(in super::super) fn copied(state: &State) -> Option<String> {
    let room = state.interface.log_room();
    let logs = state.interface.log_here();
    let pane = logs.pane.as_ref()?;
    let lines: Vec<String> = if logs.summary && !pane.failed.lines.is_empty() {
        pane.failed.lines.iter().map(Line::text).collect()
    } else {
        let first = pane.first(room);
        let seen = first..first + room.height as u64;
        seen.filter_map(|line| pane.window.line(line))
            .map(Line::text)
            .collect()
    };
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The page of the job.
pub(in super::super) fn browse(state: &State) -> Option<String> {
    let pane = state.interface.log_here().pane.as_ref()?;
    let key = (pane.service.clone(), pane.source.run);
    let jobs = state.engine.jobs.get(&key)?.value()?;
    let job = jobs.iter().find(|job| job.id == pane.source.job)?;
    job.url.clone()
}
