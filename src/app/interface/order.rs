//! The order of the rows: sorting, filtering, and keeping cursor and sight where they belong.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::board::board_height;
use super::{Cursor, DetailTab, Interface, Overlay, Screen, Sort};
use crate::app::engine::Engine;
use crate::app::view::tally::{Tally, rank, standing};
use crate::domain::board::Row;
use crate::domain::cell::CellState;
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::domain::policy::Policy;

/// How many rows may be in sight for all of them to be read often.
pub(super) const WATCHED: usize = 60;

/// After this long, time alone may have changed where a service stands. A bit more than the tick,
/// so that it is the tick that pays for it and not a key.
const LATER: SignedDuration = SignedDuration::from_millis(1_500);

/// What order and tally were made from: while it is the same, so are they.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arranged {
    version: u64,
    at: Timestamp,
    sort: Sort,
    filter: String,
    may_move: bool,
}

impl Interface {
    /// Counts and orders the services again, if anything they depend on has changed.
    pub(super) fn arrange(&mut self, engine: &Engine, now: Timestamp) {
        let may_move = self.frozen.is_none() && !self.has_dialog();
        let same = self.arranged.as_ref().is_some_and(|arranged| {
            arranged.version == engine.board.version
                && now.duration_since(arranged.at) < LATER
                && arranged.sort == self.sort
                && arranged.filter == self.filter
                && arranged.may_move == may_move
        });
        if same {
            return;
        }
        let rows = engine.board.rows.iter();
        let standings: Vec<CellState> =
            rows.map(|row| standing(row, &engine.policy, now)).collect();
        self.tally = Some(Tally::of(&engine.board, &engine.policy, &standings));
        if may_move {
            self.reorder(engine, &standings, now);
        }
        self.arranged = Some(Arranged {
            version: engine.board.version,
            at: now,
            sort: self.sort,
            filter: self.filter.clone(),
            may_move,
        });
    }

    /// Makes the order again, keeps the cursor on its service, and else on the nearest row.
    fn reorder(&mut self, engine: &Engine, standings: &[CellState], now: Timestamp) {
        let place = self.place();
        let rows = standings.iter().map(|standing| rank(*standing));
        let mut rows: Vec<(u8, &Row)> = rows.zip(&engine.board.rows).collect();
        match self.sort {
            // Stable: within the same risk, the order of the config.
            Sort::Risk => rows.sort_by_key(|(risk, _)| *risk),
            Sort::Name => rows.sort_by(|(_, a), (_, b)| a.service.name.cmp(&b.service.name)),
        }
        let mut filter = Filter::new(&self.filter);
        self.order = rows
            .into_iter()
            .filter(|(_, row)| filter.matches(row, &engine.policy, now))
            .map(|(_, row)| row.service.name.clone())
            .collect();
        self.marks
            .retain(|service| engine.board.row(service).is_some());
        let kept = self
            .cursor
            .as_ref()
            .is_some_and(|cursor| self.order.contains(&cursor.service));
        if kept || matches!(self.screen, Screen::Detail(_)) {
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

    /// The cursor's place in the order.
    pub fn place(&self) -> Option<usize> {
        let cursor = self.cursor.as_ref()?;
        self.order
            .iter()
            .position(|service| *service == cursor.service)
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

    /// The services that somebody looks at now.
    pub(super) fn watched(&self) -> BTreeSet<ServiceName> {
        let mut watched = BTreeSet::new();
        match &self.screen {
            Screen::Detail(service) => {
                watched.insert(service.clone());
            }
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
            | Screen::Forge(_) => {}
        }
        for overlay in &self.overlays {
            if let Overlay::Promote(dialog) = overlay {
                watched.extend(dialog.items.iter().map(|item| item.service.clone()));
            }
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

/// What was typed after `/`: each word must fit one of the row's words, fuzzily.
struct Filter {
    atoms: Vec<Atom>,
    matcher: Option<Matcher>,
}

impl Filter {
    fn new(text: &str) -> Self {
        let atoms: Vec<Atom> = text
            .split_whitespace()
            .map(|word| {
                Atom::new(
                    word,
                    CaseMatching::Ignore,
                    Normalization::Smart,
                    AtomKind::Fuzzy,
                    false,
                )
            })
            .collect();
        // A matcher is big; without a filter none is made.
        let matcher = (!atoms.is_empty()).then(|| Matcher::new(Config::DEFAULT));
        Self { atoms, matcher }
    }

    fn matches(&mut self, row: &Row, policy: &Policy, now: Timestamp) -> bool {
        let Some(matcher) = &mut self.matcher else {
            return true;
        };
        let mut words: Vec<&str> = vec![row.service.name.as_str()];
        words.extend(row.service.group.as_deref());
        for cell in &row.cells {
            words.push(cell.environment.as_str());
            words.push(cell.state(&row.facts, policy, now).word());
            words.push(cell.next(&row.facts, policy, now).word());
        }
        let mut buffer = Vec::new();
        self.atoms.iter().all(|atom| {
            words.iter().any(|word| {
                atom.score(Utf32Str::new(word, &mut buffer), matcher)
                    .is_some()
            })
        })
    }
}
