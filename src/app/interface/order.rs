//! The order of the rows: sorting, filtering, and keeping cursor and sight where they belong.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::arrangement::{Grouping, Sort};
use super::board::board_height;
use super::{Cursor, DetailTab, Interface, Overlay, Screen};
use crate::app::engine::Engine;
use crate::app::view::tally::{Stands, Tally, rank, stands};
use crate::domain::cell::CellState;
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::domain::policy::Policy;

pub mod grouping;
mod lines;
pub mod query;

use lines::Lines;
use query::Query;

/// How many rows may be in sight for all of them to be read often.
pub(super) const WATCHED: usize = 60;

/// After this long, time alone may have changed where a service stands. A bit more than the tick,
/// so that it is the tick that pays for it and not a key.
const LATER: SignedDuration = SignedDuration::from_millis(1_500);

/// What order and tally were made from: while it is the same, so are they. While nothing but the
/// filter differs, what is left of it goes on.
#[derive(Debug)]
pub(crate) struct Arranged {
    version: u64,
    at: Timestamp,
    sort: Sort,
    group: Grouping,
    filter: String,
    may_move: bool,
    /// In which words each row stands somewhere, in the board's order.
    stands: Vec<Stands>,
    /// Places of rows on the board, in the order of `sort`.
    sorted: Vec<usize>,
    /// Those of them that the filter lets through.
    shown: Vec<usize>,
    lines: Option<Lines>,
}

impl Interface {
    /// Counts and orders the services again, if anything they depend on has changed.
    pub(super) fn arrange(&mut self, engine: &Engine, now: Timestamp) {
        let may_move = self.frozen.is_none() && !self.has_dialog();
        let old = self.arranged.take();
        let (old, lines) = match old {
            Some(old)
                if old.version == engine.board.version
                    && now.duration_since(old.at) < LATER
                    && old.sort == self.sort
                    && old.group == self.group
                    && old.may_move == may_move =>
            {
                if old.filter == self.filter {
                    self.arranged = Some(old);
                    return;
                }
                (Some(old), None)
            }
            old => (None, old.and_then(|old| old.lines)),
        };
        let mut arranged = old.unwrap_or_else(|| self.counted(engine, now, may_move, lines));
        if may_move {
            arranged.sift(&self.filter, engine, now);
            self.reorder(engine, &arranged.shown);
        }
        arranged.filter.clone_from(&self.filter);
        self.arranged = Some(arranged);
    }

    /// Counts and sorts the rows; nothing is filtered yet.
    fn counted(
        &mut self,
        engine: &Engine,
        now: Timestamp,
        may_move: bool,
        lines: Option<Lines>,
    ) -> Arranged {
        let rows = &engine.board.rows;
        let (standings, stands): (Vec<CellState>, Vec<Stands>) = rows
            .iter()
            .map(|row| stands(row, &engine.policy, now))
            .unzip();
        self.tally = Some(Tally::of(&engine.board, &engine.policy, &standings));
        let mut sorted: Vec<usize> = Vec::new();
        if may_move {
            sorted.extend(0..rows.len());
            let risk = |place: &usize| standings.get(*place).map(|standing| rank(*standing));
            let name = |place: &usize| rows.get(*place).map(|row| &row.service.name);
            let cells = |place: &usize| rows.get(*place).into_iter().flat_map(|row| &row.cells);
            match self.sort {
                // Stable: within the same risk, the order of the config.
                Sort::Risk => sorted.sort_by_key(risk),
                Sort::Name => sorted.sort_by(|a, b| name(a).cmp(&name(b))),
                Sort::Behind => sorted
                    .sort_by_key(|place| Reverse(cells(place).filter_map(|cell| cell.ahead).max())),
                Sort::Newest => sorted.sort_by_key(|place| {
                    Reverse(cells(place).filter_map(|cell| cell.deployed_at).max())
                }),
            }
            if self.group != Grouping::Auto && self.group != Grouping::None {
                // Stable again: within a group, the order of the sort.
                sorted.sort_by_cached_key(|place| {
                    let row = rows.get(*place)?;
                    let risk = risk(place).unwrap_or(u8::MAX);
                    Some(grouping::place(self.group, risk, row, &engine.policy))
                });
            }
        }
        Arranged {
            version: engine.board.version,
            at: now,
            sort: self.sort,
            group: self.group,
            filter: String::new(),
            may_move,
            stands,
            shown: sorted.clone(),
            sorted,
            lines: lines.filter(|lines| lines.are_of(&engine.policy, rows)),
        }
    }

    /// Makes the order again, keeps the cursor on its service, and else on the nearest row.
    fn reorder(&mut self, engine: &Engine, shown: &[usize]) {
        let place = self.place();
        let rows = &engine.board.rows;
        let names = shown.iter().filter_map(|place| rows.get(*place));
        self.order.clear();
        self.order.extend(names.map(|row| row.service.name.clone()));
        self.marks
            .retain(|service| engine.board.row(service).is_some());
        if matches!(self.screen, Screen::Detail(_)) || self.place().is_some() {
            return;
        }
        let nearest = place.unwrap_or(0).min(self.order.len().saturating_sub(1));
        self.cursor = self.order.get(nearest).map(|service| {
            let environment = self
                .cursor
                .as_ref()
                .map(|cursor| cursor.environment.clone());
            // The end of the path is what an operator comes for.
            let last = engine
                .board
                .row(service)
                .and_then(|row| row.service.path.last());
            Cursor {
                service: service.clone(),
                environment: environment
                    .or_else(|| last.map(|stage| stage.environment.clone()))
                    .unwrap_or_else(|| EnvironmentName::from("")),
            }
        });
    }

    /// The cursor's place in the order. It is looked for where it was last seen, and only then
    /// everywhere.
    pub fn place(&self) -> Option<usize> {
        let service = &self.cursor.as_ref()?.service;
        let near = self.offset.min(self.order.len());
        let seen = self.order.iter().skip(near).take(usize::from(self.rows));
        seen.into_iter()
            .position(|name| name == service)
            .map(|place| near + place)
            .or_else(|| self.order.iter().position(|name| name == service))
    }

    /// Moves the first visible row so that the cursor is in sight.
    pub(super) fn keep_in_sight(&mut self) {
        let height = usize::from(board_height(self)).max(1);
        let most = self.order.len().saturating_sub(height);
        self.offset = self.offset.min(most);
        if let Some(place) = self.place() {
            self.offset = self.offset.clamp((place + 1).saturating_sub(height), place);
        }
    }

    /// The cell whose history is on screen, with why what is live is there.
    pub(super) fn traced(&self) -> Option<(ServiceName, EnvironmentName)> {
        let cursor = self.cursor.as_ref()?;
        let is_shown = matches!(self.screen, Screen::Detail(_));
        (is_shown && self.tab == DetailTab::Deployments)
            .then(|| (cursor.service.clone(), cursor.environment.clone()))
    }

    /// The services that somebody opened: shown alone, or about to be promoted.
    pub(super) fn focused(&self) -> BTreeSet<ServiceName> {
        let mut focused = BTreeSet::new();
        if let Screen::Detail(service) = &self.screen {
            focused.insert(service.clone());
        }
        for overlay in &self.overlays {
            if let Overlay::Promote(dialog) = overlay {
                focused.extend(dialog.items.iter().map(|item| item.service.clone()));
            }
        }
        focused
    }

    /// The services that somebody looks at now.
    pub(super) fn watched(&self) -> BTreeSet<ServiceName> {
        let mut watched = self.focused();
        match &self.screen {
            Screen::Board => {
                let height = usize::from(board_height(self));
                let seen = self.order.iter().skip(self.offset).take(height);
                if seen.len() <= WATCHED {
                    watched.extend(seen.cloned());
                }
                watched.extend(self.cursor.iter().map(|cursor| cursor.service.clone()));
            }
            Screen::Timeline
            | Screen::Release
            | Screen::Pipelines
            | Screen::Tasks
            | Screen::Holds
            | Screen::Forge(_)
            | Screen::Detail(_) => {}
        }
        watched
    }
}

/// The environments of the board's columns: every path's order is kept where paths agree.
pub fn columns(policy: &Policy) -> Vec<EnvironmentName> {
    let mut columns: Vec<EnvironmentName> = Vec::new();
    for service in &policy.services {
        let mut after = 0;
        for stage in &service.path {
            let known = columns.iter().position(|known| *known == stage.environment);
            if let Some(place) = known {
                after = after.max(place + 1);
            } else {
                columns.insert(after, stage.environment.clone());
                after += 1;
            }
        }
    }
    columns
}

impl Arranged {
    /// Lets rows through the filter. One that goes on where the last ended can only take rows away.
    fn sift(&mut self, filter: &str, engine: &Engine, now: Timestamp) {
        let mut query = Query::parse(filter);
        if query.is_open() {
            self.shown.clone_from(&self.sorted);
            return;
        }
        if !(filter.starts_with(&self.filter) && query.narrows(&Query::parse(&self.filter))) {
            self.shown.clone_from(&self.sorted);
        }
        let (policy, rows) = (&engine.policy, &engine.board.rows);
        let lines = self.lines.get_or_insert_with(|| Lines::new(policy, rows));
        let stands = &self.stands;
        self.shown.retain(|place| {
            let stands = stands.get(*place).copied().unwrap_or_default();
            let line = lines.line(*place);
            let row = rows.get(*place);
            row.is_some_and(|row| query.lets_through(row, line, stands, policy, now))
        });
    }
}
