//! The order of the rows: sorting, filtering, and keeping cursor and sight where they belong.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::arrangement::{Grouping, Sort};
use super::board::board_height;
use super::{DetailTab, Interface, Overlay, Screen};
use crate::app::engine::Engine;
use crate::app::view::tally::{Names, Stands, Tally, rank, stands};
use crate::domain::board::Row;
use crate::domain::cell::CellState;
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::domain::policy::Policy;

pub mod completion;
pub mod grouping;
pub(super) mod lines;
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
    policy: Arc<Policy>,
    /// When every row was looked at, and not just those that have changed.
    counted_at: Timestamp,
    /// How each row stands, in the board's order.
    standings: Vec<Standing>,
    /// Places of rows on the board, in the order of `sort`.
    sorted: Vec<usize>,
    /// Those of them that the filter lets through.
    shown: Vec<usize>,
    lines: Option<Lines>,
}

/// How a row stands.
#[derive(Clone, Copy, Debug)]
struct Standing {
    /// The row's version when that was found.
    version: u64,
    worst: CellState,
    /// In which words it stands somewhere.
    all: Stands,
}

impl Interface {
    /// Counts and orders the services again, if anything they depend on has changed.
    pub(super) fn arrange(&mut self, engine: &Engine, now: Timestamp) {
        let may_move = self.frozen.is_none() && !self.has_dialog();
        let old = self.arranged.take();
        let (old, last) = match old {
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
            old => (None, old),
        };
        let mut arranged = old.unwrap_or_else(|| self.counted(engine, now, may_move, last));
        if may_move {
            arranged.sift(&self.filter, engine, now);
            self.reorder(engine, &arranged.shown);
        }
        arranged.filter.clone_from(&self.filter);
        self.arranged = Some(arranged);
    }

    /// Counts and sorts the rows; nothing is filtered yet. What was found `last` stays of the rows
    /// that have not changed since, unless time alone may have changed it.
    fn counted(
        &mut self,
        engine: &Engine,
        now: Timestamp,
        may_move: bool,
        last: Option<Arranged>,
    ) -> Arranged {
        let rows = &engine.board.rows;
        let (lines, last) = match last {
            Some(mut last) => (
                last.lines.take(),
                last.is_good_for(engine, now).then_some(last),
            ),
            None => (None, None),
        };
        let names = self.tally.take().filter(|_| last.is_some());
        let names = names.map_or_else(
            || Names::of(&engine.board, &engine.policy),
            |tally| tally.names,
        );
        let counted_at = last.as_ref().map_or(now, |last| last.counted_at);
        let mut standings = last.map(|last| last.standings).unwrap_or_default();
        let known = standings.len();
        for (row, standing) in rows.iter().zip(&mut standings) {
            if row.version != standing.version {
                *standing = Standing::of(row, &engine.policy, now);
            }
        }
        let others = rows.iter().skip(known);
        standings.extend(others.map(|row| Standing::of(row, &engine.policy, now)));
        let worst = standings.iter().map(|standing| standing.worst);
        self.tally = Some(Tally::of(&engine.board, names, worst));
        let mut sorted: Vec<usize> = Vec::new();
        if may_move {
            sorted.extend(0..rows.len());
            let risk = |place: &usize| standings.get(*place).map(|standing| rank(standing.worst));
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
            policy: Arc::clone(&engine.policy),
            counted_at,
            standings,
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
        if self.screen != Screen::Board || self.place().is_some() {
            return;
        }
        let nearest = place.unwrap_or(0).min(self.order.len().saturating_sub(1));
        self.put(engine, nearest);
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

    /// Moves the first visible row so that the cursor is in sight: from where the operator left it,
    /// so that rows that come in above, or change places, do not push what asks for somebody out of
    /// the picture for good.
    pub(super) fn keep_in_sight(&mut self) {
        let height = usize::from(board_height(self)).max(1);
        let most = self.order.len().saturating_sub(height);
        let service = self.cursor.as_ref().map(|cursor| &cursor.service);
        let is_left = service.is_some() && self.left.as_ref().map(|(name, _)| name) == service;
        if let Some((_, offset)) = self.left.as_ref().filter(|_| is_left) {
            self.offset = *offset;
        }
        self.offset = self.offset.min(most);
        if let Some(place) = self.place() {
            self.offset = self.offset.clamp((place + 1).saturating_sub(height), place);
        }
        if !is_left {
            self.left = service.cloned().map(|service| (service, self.offset));
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

    /// Tells the engine what somebody looks at now; `seen` are those of a list.
    pub(super) fn watch(&self, engine: &mut Engine, seen: Vec<ServiceName>) {
        engine.watched = self.watched();
        engine.focused = self.focused();
        engine.watched.extend(engine.named.iter().cloned());
        // What was asked for stays until something else is: it is one read in ten minutes, and the
        // command line asks without a screen.
        if let Some(traced) = self.traced() {
            engine.traced = Some(traced);
        }
        let released: Vec<ServiceName> = engine.released_services().collect();
        engine.watched.extend(released);
        engine.watched.extend(seen.into_iter().take(WATCHED));
        if self.screen == Screen::Release
            && let Some(release) = self.release(&engine.policy)
        {
            let services = release.items.iter().map(|item| item.service.clone());
            engine.watched.extend(services.take(WATCHED));
        }
    }

    /// Whether what the cursor is on is watched, and what the log beside the board is of.
    pub(super) fn is_watching(&self, engine: &Engine) -> bool {
        let cursor = self.cursor.iter().map(|cursor| &cursor.service);
        let mut on = cursor.chain(self.tailed());
        on.all(|service| engine.watched.contains(service))
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
                watched.extend(self.tailed().cloned());
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

impl Standing {
    fn of(row: &Row, policy: &Policy, now: Timestamp) -> Self {
        let (worst, all) = stands(row, policy, now);
        Self {
            version: row.version,
            worst,
            all,
        }
    }
}

impl Arranged {
    /// Says whether what was found of a row that has not changed since is still so.
    fn is_good_for(&self, engine: &Engine, now: Timestamp) -> bool {
        Arc::ptr_eq(&self.policy, &engine.policy)
            && self.standings.len() == engine.board.rows.len()
            && now.duration_since(self.counted_at) < LATER
    }

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
        let standings = &self.standings;
        self.shown.retain(|place| {
            let stands = standings.get(*place).map(|standing| standing.all);
            let stands = stands.unwrap_or_default();
            let line = lines.line(*place);
            let row = rows.get(*place);
            row.is_some_and(|row| query.lets_through(row, line, stands, policy, now))
        });
    }
}
