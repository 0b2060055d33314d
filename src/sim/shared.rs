//! What all connections to one forge share: its state, its budgets, whether its door is open.
//!
//! What the forges of a simulation share among each other is in `common`.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use crate::sim::{
    common::{Common, lock},
    faults::{Faults, PartialError},
    model::{Flavor, State, Token},
};

/// Which budget a request takes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resource {
    /// REST: a request costs one.
    Core,
    /// GraphQL: a query costs points.
    Graphql,
}

/// What is left of a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// The whole.
    pub limit: u32,
    /// Spent in this hour or minute.
    pub used: u32,
    /// When that ends.
    pub reset: Timestamp,
}

impl Budget {
    /// What is left.
    pub const fn remaining(self) -> u32 {
        self.limit.saturating_sub(self.used)
    }
}

/// Everything behind one port.
#[derive(Debug)]
pub struct Shared {
    common: Arc<Common>,
    state: Mutex<Arc<State>>,
    budgets: Mutex<HashMap<(String, Resource), Budget>>,
    door: watch::Sender<bool>,
}

/// One authenticated request, as the APIs see it.
#[derive(Debug, Clone)]
pub struct Session {
    /// What is behind the port.
    pub shared: Arc<Shared>,
    /// Who asks.
    pub token: Arc<Token>,
    /// What they see: one moment, from beginning to end; an old one if a fault says so.
    pub state: Arc<State>,
    /// Repositories that answer with an error of their own, by fault.
    pub partial: Vec<PartialError>,
}

impl Shared {
    /// Shares a state, which must have been built by the clock of `common`.
    pub fn new(state: State, common: Arc<Common>) -> Arc<Self> {
        Arc::new(Self {
            common,
            state: Mutex::new(Arc::new(state)),
            budgets: Mutex::default(),
            door: watch::channel(true).0,
        })
    }

    /// What it shares with the other forges.
    pub fn common(&self) -> &Common {
        &self.common
    }

    /// Opens the door to connections, or shuts it: then nobody listens.
    pub fn open(&self, open: bool) {
        self.door
            .send_if_modified(|it| std::mem::replace(it, open) != open);
    }

    /// Tells whether the door is open, now and whenever that changes.
    pub fn door(&self) -> watch::Receiver<bool> {
        self.door.subscribe()
    }

    /// The time in the simulation.
    pub fn now(&self) -> Timestamp {
        self.common.now()
    }

    /// The state as it is now.
    pub fn read(&self) -> Arc<State> {
        let now = self.common.now();
        let mut state = lock(&self.state);
        if state.due(now) {
            Arc::make_mut(&mut state).advance_to(now);
        }
        state.clone()
    }

    /// Brings the state up to now and changes it.
    pub fn act<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let now = self.common.now();
        let mut state = lock(&self.state);
        let state = Arc::make_mut(&mut state);
        state.advance_to(now);
        act(state)
    }

    /// The faults in force.
    pub fn faults(&self) -> MutexGuard<'_, Faults> {
        self.common.faults()
    }

    /// Takes `cost` from a token owner's budget and says what is left; a cost of 0 only looks.
    /// Where limits are off as delivered, there is no answer.
    pub fn charge(&self, token: &Token, resource: Resource, cost: u32) -> Option<Budget> {
        let (limit, window) = allowance(lock(&self.state).flavor)?;
        let now = self.common.now();
        let mut budgets = lock(&self.budgets);
        let fresh = Budget {
            limit,
            used: 0,
            reset: now.saturating_add(window).unwrap_or(now),
        };
        let budget = budgets
            .entry((token.login.clone(), resource))
            .or_insert(fresh);
        if budget.reset <= now {
            *budget = fresh;
        }
        budget.used = budget.used.saturating_add(cost).min(budget.limit);
        Some(*budget)
    }

    /// Spends a whole budget, so that the next request is over the limit.
    pub fn exhaust(&self, token: &Token, resource: Resource) {
        self.charge(token, resource, u32::MAX);
    }
}

/// How much a token's owner may ask in how long; `None` where limits are off as delivered.
fn allowance(flavor: Flavor) -> Option<(u32, SignedDuration)> {
    match flavor {
        Flavor::Dotcom => Some((5_000, SignedDuration::from_hours(1))),
        Flavor::Gitlab => Some((2_000, SignedDuration::from_mins(1))),
        Flavor::Ghes | Flavor::Forgejo | Flavor::ForgejoTasks | Flavor::Gitea => None,
    }
}
