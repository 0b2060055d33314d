//! The log beside the board: of what is in flight under the cursor, else of what came first. Which one it
//! is is chosen here; reading it and moving in it go as for any other log. Where there is no room for it,
//! nothing is asked for.

use jiff::{SignedDuration, Timestamp};

use super::super::{Cursor, DetailTab, Interface, Pane, Screen};
use super::{Logs, Place, Room};
use crate::app::effect::Effect;
use crate::app::engine::Engine;
use crate::app::state::State;
use crate::app::view::Shape;
use crate::domain::ids::{EnvironmentName, RunId, ServiceName};

/// How long what is shown stays, however fast the cursor goes over what else is in flight.
const SETTLED: SignedDuration = SignedDuration::from_secs(2);
/// Its tickets begin here, so that no answer is taken for one to another log.
pub(super) const TICKETS: u64 = 1 << 32;

/// The log beside the board.
#[derive(Debug)]
pub struct Tail {
    pub of: Option<Flight>,
    pub logs: Logs,
}

/// What it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flight {
    pub service: ServiceName,
    pub environment: EnvironmentName,
    pub run: RunId,
    since: Timestamp,
}

impl Default for Tail {
    fn default() -> Self {
        Self {
            of: None,
            logs: Logs {
                is_beside: true,
                // There is a line for each line, and no room for more.
                wrap: false,
                ticket: TICKETS,
                ..Logs::default()
            },
        }
    }
}

impl Interface {
    /// The service whose log stands beside the board.
    pub(in super::super) fn tailed(&self) -> Option<&ServiceName> {
        Some(&self.tail.of.as_ref()?.service)
    }

    /// The room of the log beside the board: below its title, above what there is of it.
    pub(super) fn tail_room(&self) -> Room {
        let shape = Shape::of(self);
        let rows = usize::from(shape.tail).saturating_sub(2);
        let columns = usize::from(shape.side).saturating_sub(2);
        self.tail.logs.room(columns, rows)
    }

    /// Chooses the log beside the board and orders what it lacks.
    pub(super) fn follow_tail(&mut self, engine: &mut Engine, now: Timestamp) -> Vec<Effect> {
        let has_room = Shape::of(self).tail > 0;
        if self.frozen.is_none() || !has_room {
            self.tail.of = self.chosen(engine, now).filter(|_| has_room);
        }
        let Some(of) = self.tail.of.clone() else {
            self.tail.logs.pane = None;
            if self.pane == Pane::Log {
                self.pane = Pane::Rows;
            }
            return Vec::new();
        };
        // Whoever leaves it lets it go on.
        if self.pane != Pane::Log
            && let Some(pane) = &mut self.tail.logs.pane
        {
            pane.top = None;
            pane.turned = false;
        }
        let room = self.tail_room();
        if self.frozen.is_some() {
            return self.tail.logs.orders(true, room, now);
        }
        let run = Some(of.run);
        let place = Place {
            service: &of.service,
            flight: run,
            of_cell: run,
        };
        self.tail.logs.follow(engine, place, room, now)
    }

    fn chosen(&self, engine: &Engine, now: Timestamp) -> Option<Flight> {
        let shown = self.tail.of.as_ref();
        if self.pane == Pane::Log && shown.is_some() {
            return shown.cloned();
        }
        let moving = |service: &ServiceName, environment: &EnvironmentName| {
            let row = engine.board.row(service)?;
            let flight = row.cell(environment)?.in_flight.as_ref()?;
            let run = flight.run.filter(|_| !flight.awaits_approval())?;
            Some(Flight {
                service: service.clone(),
                environment: environment.clone(),
                run,
                since: now,
            })
        };
        let cursor = self.cursor.as_ref();
        let here = cursor.and_then(|cursor| moving(&cursor.service, &cursor.environment));
        let still = shown.filter(|shown| {
            let now = moving(&shown.service, &shown.environment);
            now.is_some_and(|now| now.run == shown.run)
        });
        match (here, still) {
            (Some(here), Some(still))
                if here.run == still.run && here.service == still.service
                    || now.duration_since(still.since) < SETTLED =>
            {
                Some(still.clone())
            }
            (Some(here), _) => Some(here),
            (None, Some(still)) => Some(still.clone()),
            (None, None) => {
                let all = self.tally.iter().flat_map(|tally| &tally.moving);
                all.filter_map(|name| engine.board.row(name))
                    .flat_map(|row| row.cells.iter().map(|cell| (&row.service.name, cell)))
                    .find_map(|(name, cell)| moving(name, &cell.environment))
            }
        }
    }
}

/// Gives the keys to the next pane of the board, or to the one before. The cursor goes to what the log is
/// of, so that what has the keys is what is acted on.
pub(in super::super) fn turn_pane(interface: &mut Interface, forward: bool) {
    let shape = Shape::of(interface);
    let panes = [
        (Pane::Rows, true),
        (Pane::Peek, shape.peek > 0),
        (Pane::Forges, shape.side > 0),
        (Pane::Log, interface.tail.of.is_some()),
    ];
    let panes: Vec<Pane> = panes
        .into_iter()
        .filter_map(|(pane, is_there)| is_there.then_some(pane))
        .collect();
    interface.pane = super::super::choice::step(&panes, interface.pane, forward);
    let of = interface.tail.of.as_ref();
    if let Some(of) = of.filter(|_| interface.pane == Pane::Log)
        && interface.order.contains(&of.service)
    {
        interface.cursor = Some(Cursor {
            service: of.service.clone(),
            environment: of.environment.clone(),
        });
    }
}

/// Shows the log beside the board on the whole screen.
pub(in super::super) fn enlarge(state: &mut State) {
    let interface = &mut state.interface;
    let Some(of) = interface.tail.of.clone() else {
        return;
    };
    interface.log.show(&of.service, None, Some(of.run));
    interface.show(Screen::Detail(of.service.clone()));
    interface.cursor = Some(Cursor {
        service: of.service,
        environment: of.environment,
    });
    interface.tab = DetailTab::Log;
}

#[cfg(test)]
mod tests;
