//! The keys of a service's detail: tabs, environments, scrolling.

use super::choice::{step, travel};
use super::{DetailTab, Pane, Screen, board, log, tour};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::state::State;
use crate::domain::board::Row;
use crate::domain::cell::Cell;
use crate::domain::ids::ServiceName;

/// How many lines beside pull requests and commits say what a scope adds up to.
const ABOUT_SCOPE: usize = 20;
/// How many lines say why what is live is there.
const ABOUT_LIVE: usize = 10;

impl DetailTab {
    /// In the order in which they are drawn.
    pub const ALL: [Self; 7] = [
        Self::Gates,
        Self::Scope,
        Self::Deployments,
        Self::Pipeline,
        Self::PullRequests,
        Self::Log,
        Self::Lane,
    ];
}

pub(super) fn run(state: &mut State, command: Command) -> Vec<Effect> {
    match command {
        Command::NextTab | Command::NextPane => turn(state, true),
        Command::PreviousTab | Command::PreviousPane => turn(state, false),
        // Whoever came from a list goes back to it.
        Command::Close => {
            let from = state
                .interface
                .last
                .as_ref()
                .map(|last| last.screen.clone());
            let back = from.filter(|screen| {
                matches!(
                    screen,
                    Screen::Release
                        | Screen::Pipelines
                        | Screen::Tasks
                        | Screen::Holds
                        | Screen::Timeline
                )
            });
            state.interface.show(back.unwrap_or(Screen::Board));
        }
        _ if state.interface.tab == DetailTab::Log => return log::run(state, command),
        Command::Left => board::across(state, false),
        Command::Right => board::across(state, true),
        _ => scroll(state, command),
    }
    Vec::new()
}

fn turn(state: &mut State, forward: bool) {
    state.interface.tab = step(&DetailTab::ALL, state.interface.tab, forward);
    state.interface.detail_offset = 0;
    to_first_closed(state);
}

/// Shows a service, at the first gate that is in the way: whoever comes here asks why not.
pub(super) fn open(state: &mut State, service: ServiceName) {
    state.interface.show(Screen::Detail(service));
    to_first_closed(state);
}

/// Selects the first gate that does not let the promotion through, where gates are shown.
pub(super) fn to_first_closed(state: &mut State) {
    let interface = &state.interface;
    if !matches!(interface.screen, Screen::Detail(_)) || interface.tab != DetailTab::Gates {
        return;
    }
    let first = place(state).and_then(|(_, cell)| {
        let mut verdicts = cell.judgement.verdicts.iter();
        verdicts.position(|verdict| !verdict.state_at(state.now).passes())
    });
    state.interface.detail_offset = first.unwrap_or(0);
}

/// Moves through the lines of the tab, or of the peek.
pub(super) fn scroll(state: &mut State, command: Command) {
    let count = lines(state);
    let interface = &mut state.interface;
    let height = usize::from(interface.rows.saturating_sub(8));
    if let Some(to) = travel(command, interface.detail_offset, count, height) {
        interface.detail_offset = to;
    }
    interface.toured(tour::Step::Move);
}

/// How many things there are to move through: gates, commits and changes, deployments, runs, or
/// pull requests.
fn lines(state: &State) -> usize {
    let Some((row, cell)) = place(state) else {
        return 0;
    };
    let peek = state.interface.screen == Screen::Board && state.interface.pane == Pane::Peek;
    let tab = if peek {
        DetailTab::Gates
    } else {
        state.interface.tab
    };
    let facts = row.facts.value();
    match tab {
        DetailTab::Gates => cell.judgement.verdicts.len(),
        DetailTab::Scope => row
            .scope_of(cell)
            .and_then(|fact| fact.value())
            .map_or(0, |scope| {
                scope.pull_requests.len() + scope.commits.len() + ABOUT_SCOPE
            }),
        DetailTab::Deployments => facts.map_or(0, |facts| {
            // Each environment has a heading and a line between.
            facts.deployments.len() + 2 * row.cells.len() + ABOUT_LIVE
        }),
        DetailTab::Pipeline => facts.map_or(0, |facts| {
            let jobs: usize = facts
                .runs
                .iter()
                .filter_map(|run| {
                    let key = (row.service.name.clone(), run.id);
                    state.engine.jobs.get(&key)?.value().map(Vec::len)
                })
                .sum();
            facts.runs.len() + jobs
        }),
        DetailTab::PullRequests => facts.map_or(0, |facts| facts.pull_requests.len()),
        DetailTab::Lane => row.cells.len() * 6,
        DetailTab::Log => 0,
    }
}

/// The row and cell under the cursor.
pub(super) fn place(state: &State) -> Option<(&Row, &Cell)> {
    let cursor = state.interface.cursor.as_ref()?;
    let row = state.engine.board.row(&cursor.service)?;
    Some((row, row.cell(&cursor.environment)?))
}

#[cfg(test)]
mod tests {
    use super::super::harness::{add_release, hold, judge, on, press, state};
    use super::super::{DetailTab, Screen};
    use crate::app::state::State;
    use crate::domain::gate;

    #[test]
    fn from_wherever_a_service_is_opened_it_begins_at_the_first_gate_in_the_way() {
        type Prepare = fn(&mut State);
        let from: [(&str, Prepare); 4] = [
            ("enter", |_| {}),
            ("2 enter", add_release),
            (": 'holds enter enter", |state| {
                hold(state, "h-1", "api", "production");
            }),
            (": 'open_api enter", |_| {}),
        ];
        for (keys, prepare) in from {
            let mut state = state();
            prepare(&mut state);
            judge(
                &mut state.engine.board,
                "api",
                "production",
                gate::State::Closed,
            );
            on(&mut state, "api", "production");
            press(&mut state, keys);
            let interface = &state.interface;
            assert_eq!(interface.screen, Screen::Detail("api".into()), "{keys}");
            assert_eq!(interface.tab, DetailTab::Gates, "{keys}");
            assert_eq!(
                interface.detail_offset, 1,
                "{keys}: after the gate that is open"
            );
        }
    }
}
