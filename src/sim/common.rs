//! What the forges of one simulation share: the clock, the faults, the request log, the end.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use crate::sim::{clock::Clock, faults::Faults};

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

/// Everything that is there once, however many forges there are.
#[derive(Debug)]
pub struct Common {
    clock: Clock,
    faults: Mutex<Faults>,
    log: Mutex<Vec<Logged>>,
    quiet: watch::Sender<bool>,
}

impl Common {
    /// Shares a clock; every state must be built by it.
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            faults: Mutex::default(),
            log: Mutex::default(),
            quiet: watch::channel(false).0,
        }
    }

    /// The time in the simulation.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Moves the clock forward; states follow when they are next looked at.
    pub fn advance(&self, by: SignedDuration) {
        self.clock.advance(by);
    }

    /// The faults in force.
    pub fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    /// How many requests there have been.
    pub fn count(&self) -> usize {
        lock(&self.log).len()
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

    /// Ends all waiting, and the servers with it.
    pub fn shut(&self) {
        self.quiet.send_replace(true);
    }

    /// Completes when the servers are to end.
    pub async fn shutting(&self) {
        // An error means that the sender is gone, which is the same.
        let _ = self.quiet.subscribe().wait_for(|quiet| *quiet).await;
    }
}

/// Locks. A panic while a lock is held is a bug, but the log of a test is still worth reading.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
