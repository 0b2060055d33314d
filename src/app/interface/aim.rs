//! What acts are about on each screen: on the board the row under the cursor, in a list the service of
//! the selected line, on the go/no-go the selected service of the release. The board's own cursor is
//! kept meanwhile and given back, and it never is on a row that is not shown.

use jiff::Timestamp;

use super::overview::Item;
use super::{Cursor, Interface, Screen};
use crate::app::command::Command;
use crate::app::engine::Engine;
use crate::app::state::State;
use crate::domain::board::Row;
use crate::domain::ids::{EnvironmentName, RunId, ServiceName};
use crate::domain::policy::Policy;

impl Screen {
    /// Whether something else is selected here than on the board.
    pub(super) fn selects(&self) -> bool {
        match self {
            Self::Board | Self::Detail(_) => false,
            Self::Timeline
            | Self::Release
            | Self::Pipelines
            | Self::Tasks
            | Self::Holds
            | Self::Forge(_) => true,
        }
    }

    /// Whether a frozen picture of it is kept.
    pub fn is_kept(&self) -> bool {
        match self {
            Self::Board
            | Self::Detail(_)
            | Self::Timeline
            | Self::Pipelines
            | Self::Tasks
            | Self::Holds => true,
            Self::Release | Self::Forge(_) => false,
        }
    }
}

impl Interface {
    /// Keeps the board's cursor when a screen is shown that selects something else, and gives it back.
    pub(super) fn keep_cursor_for(&mut self, screen: &Screen) {
        if *screen == Screen::Board {
            if let Some(cursor) = self.of_board.take() {
                self.cursor = Some(cursor);
            }
        } else if screen.selects() && !self.screen.selects() && self.of_board.is_none() {
            self.of_board.clone_from(&self.cursor);
        }
    }

    /// Puts the cursor on what is selected here, so that no act is about what is not seen. Under a
    /// dialog it stays.
    pub(super) fn aim(&mut self, engine: &Engine, now: Timestamp) {
        if self.has_dialog() {
            return;
        }
        match &self.screen {
            Screen::Board => {
                if self.place().is_none() {
                    let place = self.offset.min(self.order.len().saturating_sub(1));
                    self.put(engine, place);
                }
            }
            Screen::Detail(service) => {
                let is_on = |cursor: &Cursor| cursor.service == *service;
                if !self.cursor.as_ref().is_some_and(is_on) {
                    let usual = self.cursor.as_ref().map(|cursor| &cursor.environment);
                    let row = engine.board.row(service);
                    self.cursor = row.and_then(|row| on_row(row, None, usual));
                }
            }
            Screen::Release => self.cursor = self.of_release(&engine.policy),
            Screen::Forge(_) => self.cursor = None,
            Screen::Timeline | Screen::Pipelines | Screen::Tasks | Screen::Holds => {
                self.cursor = self.of_list(engine, now);
            }
        }
    }

    /// Puts the board's cursor on a row, and leaves it in its environment.
    pub(super) fn put(&mut self, engine: &Engine, place: usize) {
        self.cursor = self.order.get(place).map(|service| {
            let environment = self.cursor.as_ref().map(|at| at.environment.clone());
            // The end of the path is what an operator comes for.
            let row = engine.board.row(service);
            let last = row.and_then(|row| row.service.path.last());
            Cursor {
                service: service.clone(),
                environment: environment
                    .or_else(|| last.map(|stage| stage.environment.clone()))
                    .unwrap_or_else(|| EnvironmentName::from("")),
            }
        });
    }

    /// The selected service of the release that is shown.
    fn of_release(&mut self, policy: &Policy) -> Option<Cursor> {
        let release = self.release(policy)?;
        let services: Vec<&ServiceName> = release.waves.iter().flatten().collect();
        self.release_row = self.release_row.min(services.len().saturating_sub(1));
        let service = services.get(self.release_row)?;
        Some(Cursor {
            service: (*service).clone(),
            environment: release.environment.clone(),
        })
    }

    /// The cell that the selected line is about.
    fn of_list(&self, engine: &Engine, now: Timestamp) -> Option<Cursor> {
        let overview = self.overview()?;
        let (engine, now) = self.seen(engine, now);
        let listing = self.overviews.listing(engine, overview, now);
        let selected = self.overviews.of(overview).list.selected;
        let item = listing.item(engine, selected)?;
        of_item(engine, &item, self.usual())
    }

    /// The environment that the board's cursor is in.
    pub(super) fn usual(&self) -> Option<&EnvironmentName> {
        let cursor = self.of_board.as_ref().or(self.cursor.as_ref());
        cursor.map(|cursor| &cursor.environment)
    }

    /// What the lists are drawn from: what was known when the picture was frozen, if it is.
    pub(super) fn seen<'a>(
        &'a self,
        engine: &'a Engine,
        now: Timestamp,
    ) -> (&'a Engine, Timestamp) {
        match (self.kept.as_deref(), self.frozen) {
            (Some(kept), Some(at)) => (kept, at),
            _ => (engine, now),
        }
    }
}

/// Whether a command is about the selected cell and nothing else.
pub(super) fn needs_cell(command: Command) -> bool {
    matches!(
        command,
        Command::Promote
            | Command::Gates
            | Command::Override
            | Command::Rollback
            | Command::Approve
            | Command::Reject
            | Command::Cancel
            | Command::Rerun
    )
}

/// The lists' engine and instant.
pub(super) fn seen(state: &State) -> (&Engine, Timestamp) {
    state.interface.seen(&state.engine, state.now)
}

/// The cell that a line of a list is about: the one it names, else the service's in the usual
/// environment, else the last of its path.
pub(super) fn of_item(
    engine: &Engine,
    item: &Item<'_>,
    usual: Option<&EnvironmentName>,
) -> Option<Cursor> {
    let row = engine.board.row(item.service()?)?;
    let named = item.environment().cloned();
    let named = named.or_else(|| match item {
        Item::Run(row, run) => goes_into(row, run.id),
        Item::PullRequest(row, request) => {
            let facts = row.facts.value()?;
            let mut stages = row.service.path.iter();
            let promotes =
                |found: &crate::domain::pull_request::PullRequest| found.number == request.number;
            let stage = stages.find(|stage| facts.promoting(&stage.via).is_some_and(promotes));
            stage.map(|stage| stage.environment.clone())
        }
        _ => None,
    });
    on_row(row, named.as_ref(), usual)
}

/// The environment that a run is under way into.
fn goes_into(row: &Row, run: RunId) -> Option<EnvironmentName> {
    let mut cells = row.cells.iter();
    let cell = cells.find(|cell| {
        let flight = cell.in_flight.as_ref();
        flight.is_some_and(|flight| flight.run == Some(run))
    });
    cell.map(|cell| cell.environment.clone())
}

fn on_row(
    row: &Row,
    named: Option<&EnvironmentName>,
    usual: Option<&EnvironmentName>,
) -> Option<Cursor> {
    let has = |environment: &&EnvironmentName| row.cell(environment).is_some();
    let last = row.cells.last().map(|cell| &cell.environment);
    let environment = named.filter(has).or(usual.filter(has)).or(last)?;
    Some(Cursor {
        service: row.service.name.clone(),
        environment: environment.clone(),
    })
}

#[cfg(test)]
mod tests;
