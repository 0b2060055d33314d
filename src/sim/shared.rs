//! What all connections share: the state, the clock, the faults, the budgets, the request log.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use crate::sim::{
    clock::Clock,
    faults::{Faults, PartialError},
    model::{Flavor, State, Token},
};

/// One request as the log keeps it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Logged {
    /// `GET`, `POST`, …
    pub method: String,
    /// The name of the forge asked.
    pub forge: String,
    /// Path and query as they came.
    pub path: String,
    /// The name of the GraphQL operation, if it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Of the body as it came, in hexadecimal.
    pub body_sha256: String,
    /// Whether it named an answer that the client already has.
    pub conditional: bool,
    /// The status answered; 0 when no answer was sent.
    pub status: u16,
    /// When it came, in the simulation's time.
    pub at: Timestamp,
}

/// Which hourly budget a request takes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resource {
    /// REST: a request costs one.
    Core,
    /// GraphQL: a query costs points.
    Graphql,
}

/// What is left of an hourly budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// The whole.
    pub limit: u32,
    /// Spent in this hour.
    pub used: u32,
    /// When the hour ends.
    pub reset: Timestamp,
}

impl Budget {
    /// What is left.
    pub const fn remaining(self) -> u32 {
        self.limit.saturating_sub(self.used)
    }
}

/// Everything behind the port.
#[derive(Debug)]
pub struct Shared {
    clock: Clock,
    state: Mutex<Arc<State>>,
    faults: Mutex<Faults>,
    budgets: Mutex<HashMap<(String, Resource), Budget>>,
    log: Mutex<Vec<Logged>>,
    quiet: watch::Sender<bool>,
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
    /// Shares a state; `clock` must be the one it was built by.
    pub fn new(state: State, clock: Clock) -> Arc<Self> {
        Arc::new(Self {
            clock,
            state: Mutex::new(Arc::new(state)),
            faults: Mutex::default(),
            budgets: Mutex::default(),
            log: Mutex::default(),
            quiet: watch::channel(false).0,
        })
    }

    /// The time in the simulation.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The state as it is now.
    pub fn read(&self) -> Arc<State> {
        let now = self.clock.now();
        let mut state = lock(&self.state);
        if state.due(now) {
            Arc::make_mut(&mut state).advance_to(now);
        }
        state.clone()
    }

    /// Brings the state up to now and changes it.
    pub fn act<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let now = self.clock.now();
        let mut state = lock(&self.state);
        let state = Arc::make_mut(&mut state);
        state.advance_to(now);
        act(state)
    }

    /// How many requests there have been.
    pub fn count(&self) -> usize {
        lock(&self.log).len()
    }

    /// Moves the clock forward, and the world with it.
    pub fn advance(&self, by: SignedDuration) {
        self.clock.advance(by);
        self.read();
    }

    /// The faults in force.
    pub fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    /// Takes `cost` from a token owner's budget and says what is left; a cost of 0 only looks.
    /// GitHub Enterprise Server has no limits, and so no answer.
    pub fn charge(&self, token: &Token, resource: Resource, cost: u32) -> Option<Budget> {
        if lock(&self.state).flavor == Flavor::Ghes {
            return None;
        }
        let now = self.clock.now();
        let mut budgets = lock(&self.budgets);
        let fresh = Budget {
            limit: 5_000,
            used: 0,
            reset: now
                .saturating_add(SignedDuration::from_hours(1))
                .unwrap_or(now),
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
        self.charge(token, resource, 5_000);
    }

    /// Writes a request into the log when it comes, and returns its place there.
    pub fn log(&self, entry: Logged) -> usize {
        let mut log = lock(&self.log);
        log.push(entry);
        log.len() - 1
    }

    /// Notes what a request was answered.
    pub fn answered(&self, place: usize, status: u16) {
        if let Some(entry) = lock(&self.log).get_mut(place) {
            entry.status = status;
        }
    }

    /// The log so far.
    pub fn requests(&self) -> Vec<Logged> {
        lock(&self.log).clone()
    }

    /// Ends all waiting, and the server with it.
    pub fn shut(&self) {
        self.quiet.send_replace(true);
    }

    /// Completes when the server is to end.
    pub async fn shutting(&self) {
        // An error means that the sender is gone, which is the same.
        let _ = self.quiet.subscribe().wait_for(|quiet| *quiet).await;
    }
}

// A panic while a lock is held is a bug, but the log of a test is still worth reading.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
