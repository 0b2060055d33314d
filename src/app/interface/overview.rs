//! The views over all services: runs and open pull requests (4), everything that is under way (5).
//! What stands in these lists, in which order, and their keys; drawing them lives in
//! `view/overview.rs`.

use std::cmp::Reverse;

use jiff::Timestamp;

use super::choice::{travel, turn};
use super::{DetailTab, Interface, ListCursor, Screen};
use crate::app::command::Command;
use crate::app::engine::Engine;
use crate::app::state::State;
use crate::domain::board::Row;
use crate::domain::cell::{Cell, InFlight};
use crate::domain::hold::Hold;
use crate::domain::ids::{
    EnvironmentName, HoldId, IntentId, PullRequestNumber, ReleaseName, RunId, ServiceName,
};
use crate::domain::phase::Phase;
use crate::domain::pipeline::Run;
use crate::domain::promotion::{Promotion, Purpose};
use crate::domain::pull_request::{ChangeState, PullRequest};
use crate::domain::release::run;

/// Which list is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overview {
    #[default]
    Runs,
    PullRequests,
    Tasks,
    Holds,
}

impl Overview {
    pub const ALL: [Self; 4] = [Self::Runs, Self::PullRequests, Self::Tasks, Self::Holds];
}

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListSort {
    /// What needs somebody first.
    #[default]
    Need,
    Newest,
    /// By service, as the names go.
    Service,
}

impl ListSort {
    pub const ALL: [Self; 3] = [Self::Need, Self::Newest, Self::Service];

    pub fn word(self) -> &'static str {
        match self {
            Self::Need => "need",
            Self::Newest => "newest",
            Self::Service => "service",
        }
    }

    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.word() == word)
    }
}

/// One line of a list.
#[derive(Clone, Copy, Debug)]
pub enum Item<'a> {
    Run(&'a Row, &'a Run),
    PullRequest(&'a Row, &'a PullRequest),
    /// Something under way into a cell.
    Flight(&'a Row, &'a Cell, &'a InFlight),
    /// An order of ours that deploys nothing: a rejection, a cancellation.
    Order(&'a Promotion),
    Release(&'a run::Run),
    Hold(&'a Hold),
}

/// What a line is about, whatever its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    Run(ServiceName, RunId),
    PullRequest(ServiceName, PullRequestNumber),
    Cell(ServiceName, EnvironmentName),
    Order(IntentId),
    Release(ReleaseName),
    Hold(HoldId),
}

/// A cursor that stays on its line when others come and go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picked {
    pub list: ListCursor,
    pub sort: ListSort,
    /// `None` follows the first line.
    at: Option<Key>,
}

/// The cursors of the three lists, and which of view 4's is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overviews {
    pub requests: bool,
    runs: Picked,
    pull_requests: Picked,
    tasks: Picked,
    holds: Picked,
}

impl Overviews {
    pub fn of(&self, overview: Overview) -> &Picked {
        match overview {
            Overview::Runs => &self.runs,
            Overview::PullRequests => &self.pull_requests,
            Overview::Tasks => &self.tasks,
            Overview::Holds => &self.holds,
        }
    }

    /// Orders a list anew.
    pub(super) fn sort(&mut self, overview: Overview, sort: ListSort) {
        self.of_mut(overview).sort = sort;
    }

    fn of_mut(&mut self, overview: Overview) -> &mut Picked {
        match overview {
            Overview::Runs => &mut self.runs,
            Overview::PullRequests => &mut self.pull_requests,
            Overview::Tasks => &mut self.tasks,
            Overview::Holds => &mut self.holds,
        }
    }
}

impl Item<'_> {
    fn key(&self) -> Key {
        match self {
            Self::Run(row, run) => Key::Run(row.service.name.clone(), run.id),
            Self::PullRequest(row, request) => {
                Key::PullRequest(row.service.name.clone(), request.number)
            }
            Self::Flight(row, cell, _) => {
                Key::Cell(row.service.name.clone(), cell.environment.clone())
            }
            Self::Order(promotion) => Key::Order(promotion.intent.id.clone()),
            Self::Release(run) => Key::Release(run.release.clone()),
            Self::Hold(hold) => Key::Hold(hold.id.clone()),
        }
    }

    /// The service that it is about; a release is about several.
    pub fn service(&self) -> Option<&ServiceName> {
        match self {
            Self::Run(row, _) | Self::PullRequest(row, _) | Self::Flight(row, ..) => {
                Some(&row.service.name)
            }
            Self::Order(promotion) => Some(&promotion.intent.service),
            Self::Hold(hold) => hold.cover.service.as_ref(),
            Self::Release(_) => None,
        }
    }

    fn environment(&self) -> Option<&EnvironmentName> {
        match self {
            Self::Run(_, run) => run.waiting.first().map(|waiting| &waiting.environment),
            Self::PullRequest(..) | Self::Release(_) => None,
            Self::Flight(_, cell, _) => Some(&cell.environment),
            Self::Order(promotion) => Some(&promotion.intent.environment),
            Self::Hold(hold) => hold.cover.environment.as_ref(),
        }
    }

    /// When it began, or was last heard of.
    fn at(&self) -> Timestamp {
        match self {
            Self::Run(_, run) => run.updated_at,
            Self::PullRequest(_, request) => request.updated_at,
            Self::Flight(_, _, flight) => flight.since,
            Self::Order(promotion) => promotion.intended_at,
            Self::Release(run) => run.started_at,
            Self::Hold(hold) => hold.since,
        }
    }

    /// The run that it is about, whose log can be shown.
    pub fn run(&self) -> Option<RunId> {
        match self {
            Self::Run(_, run) => Some(run.id),
            Self::Flight(_, _, flight) => flight.run,
            Self::PullRequest(..) | Self::Order(_) | Self::Release(_) | Self::Hold(_) => None,
        }
    }

    /// Its page on the forge.
    pub fn page(&self) -> Option<&str> {
        match self {
            Self::Run(_, run) => Some(&run.url),
            Self::PullRequest(_, request) => Some(&request.url),
            Self::Flight(row, _, flight) => {
                let facts = row.facts.value()?;
                let run = facts.runs.iter().find(|run| Some(run.id) == flight.run);
                Some(run.map_or(&facts.url, |run| &run.url))
            }
            Self::Order(promotion) => promotion.handle.as_ref()?.url.as_deref(),
            Self::Release(_) | Self::Hold(_) => None,
        }
    }
}

/// The lower, the sooner a run needs somebody. An old pipeline with a manual job that nobody played
/// waits for ever, and for nobody.
fn urgency(run: &Run) -> u8 {
    if run.phase == Phase::Gated && run.waiting.is_empty() {
        return Phase::Succeeded.rank();
    }
    run.phase.rank()
}

/// The lines of a list in its order.
pub fn items<'a>(
    engine: &'a Engine,
    overviews: &Overviews,
    overview: Overview,
    now: Timestamp,
) -> Vec<Item<'a>> {
    let mut items = by_need(engine, overview, now);
    // Stable: of what is the same, what needs somebody comes first.
    match overviews.of(overview).sort {
        ListSort::Need => {}
        ListSort::Newest => items.sort_by_key(|item| Reverse(item.at())),
        ListSort::Service => items.sort_by(|one, other| one.service().cmp(&other.service())),
    }
    items
}

fn by_need(engine: &Engine, overview: Overview, now: Timestamp) -> Vec<Item<'_>> {
    let rows = engine.board.rows.iter();
    match overview {
        Overview::Runs => {
            let mut runs: Vec<_> = rows
                .flat_map(|row| {
                    let facts = row.facts.value();
                    let runs = facts.into_iter().flat_map(|facts| &facts.runs);
                    runs.map(move |run| (row, run))
                })
                .collect();
            runs.sort_by_key(|(_, run)| (urgency(run), Reverse(run.updated_at)));
            runs.into_iter()
                .map(|(row, run)| Item::Run(row, run))
                .collect()
        }
        Overview::PullRequests => {
            let mut requests: Vec<_> = rows
                .flat_map(|row| {
                    let facts = row.facts.value();
                    let requests = facts.into_iter().flat_map(|facts| &facts.pull_requests);
                    requests.map(move |request| (row, request))
                })
                .collect();
            requests.sort_by_key(|(_, request)| (rank(&request.state), request.updated_at));
            requests
                .into_iter()
                .map(|(row, request)| Item::PullRequest(row, request))
                .collect()
        }
        Overview::Tasks => tasks(engine),
        Overview::Holds => {
            let ledger = engine.ledger.iter();
            let mut holds: Vec<&Hold> = ledger.flat_map(|ledger| ledger.holds.values()).collect();
            holds.sort_by_key(|hold| (!hold.is_on(now), hold.since, hold.id.clone()));
            holds.into_iter().map(Item::Hold).collect()
        }
    }
}

/// What can be merged now comes first, then what waits for a person, then for a machine.
fn rank(state: &ChangeState) -> u8 {
    match state {
        ChangeState::Ready => 0,
        ChangeState::ChecksFailed | ChangeState::Conflict | ChangeState::ChangesRequested => 1,
        ChangeState::NeedsReview | ChangeState::Behind | ChangeState::Blocked => 2,
        ChangeState::Queued | ChangeState::ChecksRunning | ChangeState::Checking => 3,
        ChangeState::Unknown(_) => 4,
        ChangeState::Draft => 5,
        ChangeState::Merged | ChangeState::Closed => 6,
    }
}

/// Releases first, then what is under way: of unknown outcome, moving, waiting; the longest first.
fn tasks(engine: &Engine) -> Vec<Item<'_>> {
    let ledger = engine.ledger.as_ref();
    let releases = ledger
        .into_iter()
        .flat_map(crate::domain::ledger::Ledger::open_runs);
    let mut flights: Vec<_> = engine
        .board
        .rows
        .iter()
        .flat_map(|row| row.cells.iter().map(move |cell| (row, cell)))
        .filter_map(|(row, cell)| Some((row, cell, cell.in_flight.as_ref()?)))
        .collect();
    flights
        .sort_by_key(|(_, _, flight)| (!flight.unsettled, flight.awaits_approval(), flight.since));
    let orders = ledger
        .into_iter()
        .flat_map(crate::domain::ledger::Ledger::open);
    let orders = orders.filter(|promotion| match promotion.intent.purpose {
        // The cell has it.
        Purpose::Promotion | Purpose::Rerun => false,
        Purpose::Rejection
        | Purpose::Cancellation
        | Purpose::Status
        | Purpose::Brake
        | Purpose::Unbrake => true,
    });
    releases
        .map(Item::Release)
        .chain(
            flights
                .into_iter()
                .map(|(row, cell, flight)| Item::Flight(row, cell, flight)),
        )
        .chain(orders.map(Item::Order))
        .collect()
}

impl Interface {
    /// The list that fills the screen, if one does.
    pub fn overview(&self) -> Option<Overview> {
        match self.screen {
            Screen::Pipelines if self.overviews.requests => Some(Overview::PullRequests),
            Screen::Pipelines => Some(Overview::Runs),
            Screen::Tasks => Some(Overview::Tasks),
            Screen::Holds => Some(Overview::Holds),
            Screen::Board
            | Screen::Detail(_)
            | Screen::Timeline
            | Screen::Release
            | Screen::Forge(_) => None,
        }
    }

    /// Keeps the cursor on its line, and says which services are in sight.
    pub(super) fn follow_overview(&mut self, engine: &Engine, now: Timestamp) -> Vec<ServiceName> {
        let Some(overview) = self.overview() else {
            return Vec::new();
        };
        let height = height(self);
        let items = items(engine, &self.overviews, overview, now);
        let picked = self.overviews.of_mut(overview);
        let place = picked.at.as_ref().and_then(|at| {
            let mut places = items.iter();
            places.position(|item| item.key() == *at)
        });
        let last = items.len().saturating_sub(1);
        let selected = place.unwrap_or_else(|| picked.list.selected.min(last));
        picked.list.select(selected, height);
        items
            .iter()
            .skip(picked.list.offset)
            .take(height)
            .filter_map(|item| item.service().cloned())
            .collect()
    }
}

/// The selected line.
pub(super) fn selected(state: &State) -> Option<Item<'_>> {
    let overview = state.interface.overview()?;
    let place = state.interface.overviews.of(overview).list.selected;
    items(
        &state.engine,
        &state.interface.overviews,
        overview,
        state.now,
    )
    .get(place)
    .copied()
}

pub(super) fn run(state: &mut State, command: Command) {
    let Some(overview) = state.interface.overview() else {
        return;
    };
    match command {
        Command::Close => state.interface.show(Screen::Board),
        Command::NextTab | Command::PreviousTab | Command::NextPane | Command::PreviousPane => {
            if matches!(overview, Overview::Runs | Overview::PullRequests) {
                let overviews = &mut state.interface.overviews;
                overviews.requests = !overviews.requests;
            }
        }
        Command::Open => open(state, overview),
        Command::Sort => {
            let picked = state.interface.overviews.of_mut(overview);
            let place = ListSort::ALL.iter().position(|sort| *sort == picked.sort);
            let next = turn(place.unwrap_or(0), ListSort::ALL.len(), true);
            picked.sort = ListSort::ALL.get(next).copied().unwrap_or_default();
        }
        _ => {
            let overviews = &state.interface.overviews;
            let items = items(&state.engine, overviews, overview, state.now);
            let height = height(&state.interface);
            let list = state.interface.overviews.of(overview).list;
            let Some(to) = travel(command, list.selected, items.len(), height) else {
                return;
            };
            let at = items.get(to).filter(|_| to > 0).map(Item::key);
            let picked = state.interface.overviews.of_mut(overview);
            picked.at = at;
            picked.list.select(to, height);
        }
    }
}

/// Goes to where the selected thing is told in full.
fn open(state: &mut State, overview: Overview) {
    let Some(item) = selected(state) else {
        return;
    };
    if let Item::Release(run) = item {
        state.interface.release = Some(run.release.clone());
        state.interface.show(Screen::Release);
        return;
    }
    let Some(service) = item.service().cloned() else {
        return;
    };
    let environment = item.environment().cloned();
    let Some(row) = state.engine.board.row(&service) else {
        return;
    };
    let environment = environment.filter(|environment| row.cell(environment).is_some());
    if let (Some(environment), Some(cursor)) = (environment, &mut state.interface.cursor) {
        cursor.environment = environment;
    }
    state.interface.tab = match overview {
        Overview::Runs | Overview::Tasks => DetailTab::Pipeline,
        Overview::PullRequests => DetailTab::PullRequests,
        Overview::Holds => DetailTab::Gates,
    };
    state.interface.show(Screen::Detail(service));
}

fn height(interface: &Interface) -> usize {
    usize::from(interface.rows.saturating_sub(8))
}

#[cfg(test)]
mod tests;
