//! The tally: how many services stand where, and what the whole is called. Counted when facts
//! change, so that a picture of 100,000 services costs what one of 1,000 does.

use jiff::Timestamp;

use crate::app::interface::order::columns;
use crate::domain::board::{Board, Row};
use crate::domain::cell::CellState;
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::domain::policy::{Policy, Via};

/// How many services stand where; each is counted once, where it needs somebody most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub names: Names,
    pub services: usize,
    pub ready: usize,
    pub running: usize,
    pub waiting: usize,
    pub gated: usize,
    pub held: usize,
    pub failed: usize,
    pub unfit: usize,
    pub red: usize,
    pub verifying: usize,
    pub out_of_band: usize,
    pub unknown: usize,
    pub stale: usize,
    /// Never read yet, and nothing went wrong.
    pub loading: usize,
    pub level: usize,
    /// The services with a promotion that moves: waiting for somebody's approval is not moving.
    pub moving: Vec<ServiceName>,
    /// How many promotions wait for somebody's approval on the forge.
    pub at_the_door: usize,
}

/// What the whole and its columns are called, which only another config changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The owner that all repositories share, if they do.
    pub owner: Option<String>,
    /// The columns of the board: the union of all paths, in order.
    pub environments: Vec<EnvironmentName>,
}

impl Names {
    pub fn of(board: &Board, policy: &Policy) -> Self {
        Self {
            owner: owner(board),
            environments: columns(policy),
        }
    }
}

impl Tally {
    /// Counts rows that stand where `standings` says, one for each row.
    pub fn of(board: &Board, names: Names, standings: impl IntoIterator<Item = CellState>) -> Self {
        let mut tally = Self {
            names,
            services: board.rows.len(),
            ..Self::default()
        };
        for (row, standing) in board.rows.iter().zip(standings) {
            let flights = row.cells.iter().filter_map(|cell| cell.in_flight.as_ref());
            let all = flights.clone().count();
            let waiting = flights.filter(|flight| flight.awaits_approval()).count();
            tally.at_the_door += waiting;
            if all > waiting {
                tally.moving.push(row.service.name.clone());
            }
            if row.facts.last.is_none() && row.facts.fault.is_none() {
                tally.loading += 1;
                continue;
            }
            let count = match standing {
                CellState::Failed => &mut tally.failed,
                CellState::Unfit => &mut tally.unfit,
                CellState::Red => &mut tally.red,
                CellState::Verifying => &mut tally.verifying,
                CellState::OutOfBand => &mut tally.out_of_band,
                CellState::Held => &mut tally.held,
                CellState::Running => &mut tally.running,
                CellState::Unknown => &mut tally.unknown,
                CellState::Stale => &mut tally.stale,
                CellState::Waiting => &mut tally.waiting,
                CellState::Gated => &mut tally.gated,
                CellState::Ready => &mut tally.ready,
                CellState::RolledBack | CellState::Ok | CellState::None => &mut tally.level,
            };
            *count += 1;
        }
        tally
    }

    /// What is known before anything was judged: names and numbers, but not how anything stands.
    pub fn unjudged(board: &Board, policy: &Policy) -> Self {
        Self {
            names: Names::of(board, policy),
            services: board.rows.len(),
            ..Self::default()
        }
    }
}

/// Where a service stands, by the cell that needs somebody most, in the order of `CellState::ALL`.
pub fn standing(row: &Row, policy: &Policy, now: Timestamp) -> CellState {
    stands(row, policy, now).0
}

/// Where a service stands, and every state that a cell of it is in or that is next for it.
pub(crate) fn stands(row: &Row, policy: &Policy, now: Timestamp) -> (CellState, Stands) {
    let mut worst = CellState::None;
    let mut all = Stands::default();
    for (cell, stage) in row.cells.iter().zip(&row.service.path) {
        let state = cell.state(&row.facts, policy, now);
        let next = cell.next(&row.facts, policy, now);
        all.add(state);
        all.add(next);
        // What the forge promotes by itself is nobody's to promote here.
        let ours = stage.via != Via::Forge;
        // What the journal knows of stays told.
        let known = cell.by_journal(now).filter(|_| state == CellState::Stale);
        if let Some(known) = known {
            all.add(known);
        }
        let states = [Some(state), ours.then_some(next), known];
        for state in states.into_iter().flatten() {
            if rank(state) < rank(worst) {
                worst = state;
            }
        }
    }
    // Somewhere on its path nearly every service is well: of a row it is said where all of it is.
    if !is_quiet(worst) {
        all.0 &= !(1 << rank(CellState::Ok) | 1 << rank(CellState::None));
    }
    (worst, all)
}

/// Whether a state asks nothing of anybody.
pub(crate) fn is_quiet(state: CellState) -> bool {
    matches!(state, CellState::Ok | CellState::None)
}

/// A set of states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stands(u16);

impl Stands {
    /// The states whose word is one.
    pub fn whose(is_one: impl Fn(&str) -> bool) -> Self {
        let mut all = Self::default();
        for state in CellState::ALL {
            if is_one(state.word()) {
                all.add(state);
            }
        }
        all
    }

    fn add(&mut self, state: CellState) {
        self.0 |= 1 << rank(state);
    }

    pub fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// Ranks states, the one that needs somebody most first.
pub fn rank(state: CellState) -> u8 {
    match state {
        CellState::Failed => 0,
        CellState::Unfit => 1,
        CellState::Red => 2,
        CellState::Held => 3,
        CellState::Running => 4,
        CellState::Unknown => 5,
        CellState::Stale => 6,
        CellState::Ready => 7,
        CellState::Waiting => 8,
        CellState::Gated => 9,
        CellState::Verifying => 10,
        CellState::OutOfBand => 11,
        CellState::RolledBack => 12,
        CellState::Ok => 13,
        CellState::None => 14,
    }
}

fn owner(board: &Board) -> Option<String> {
    let owner = |row: &Row| {
        row.service
            .repo
            .as_str()
            .split('/')
            .next()
            .map(str::to_owned)
    };
    let first = owner(board.rows.first()?)?;
    let prefix = format!("{first}/");
    let shared = board
        .rows
        .iter()
        .all(|row| row.service.repo.as_str().starts_with(&prefix));
    shared.then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_listed_in_the_order_of_their_ranks_each_with_its_own() {
        let ranks: Vec<u8> = CellState::ALL.into_iter().map(rank).collect();
        let all: Vec<u8> = (0..15).collect();
        assert_eq!(ranks, all);
    }
}
