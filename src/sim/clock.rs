//! The simulation's own clock: the real one plus what `advance` has added.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// Real time, moved forward by an offset that only grows.
#[derive(Debug, Default)]
pub struct Clock {
    ahead_ms: AtomicI64,
}

impl Clock {
    /// The time in the simulation.
    #[expect(
        clippy::disallowed_methods,
        reason = "the simulator stands for another machine, and this is its one clock"
    )]
    pub fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_millis(self.ahead_ms.load(Ordering::SeqCst));
        let real = Timestamp::now();
        real.saturating_add(ahead).unwrap_or(real)
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: SignedDuration) {
        let ms = i64::try_from(by.as_millis().max(0)).unwrap_or(i64::MAX);
        self.ahead_ms.fetch_add(ms, Ordering::SeqCst);
    }
}
