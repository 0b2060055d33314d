//! The one reader of the clock. Everything else is handed its instants.
#![expect(
    clippy::disallowed_methods,
    reason = "this file is the one reader of the clock"
)]

use std::sync::Arc;

use jiff::Timestamp;

/// Returns the wall-clock time.
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// Returns the clock as a function, for those who need to read it and may not know it.
pub fn clock() -> Arc<dyn Fn() -> Timestamp + Send + Sync> {
    Arc::new(Timestamp::now)
}

/// Returns the monotonic clock, for pacing frames.
pub fn tick() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

/// Returns a seed that no other run is likely to have.
pub fn seed() -> u64 {
    let nanoseconds = Timestamp::now().as_nanosecond();
    let low = u64::try_from(nanoseconds.rem_euclid(i128::from(u64::MAX))).unwrap_or_default();
    low ^ (u64::from(std::process::id()) << 40)
}

/// Returns this machine's time zone, read once: reading it takes longer than a frame may.
pub fn zone() -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::system()
}
