//! What every forge shares on the wire: the client, its limits, the one limiter, the ETag cache.
//!
//! Nothing here knows a forge's paths or JSON, and nothing here sends: the adapters do.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::error::Error;

pub mod cache;
pub mod client;
pub mod limiter;
pub mod link;
pub mod path;
pub mod pour;
#[cfg(test)]
pub(in crate::forge) mod raw;
pub mod rest;

/// Tells the time. `runtime/clock.rs` has the real one.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How long we wait, how much we read, how fast we ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    pub connect: Duration,
    /// One request from its first byte to the last byte of its answer.
    pub total: Duration,
    /// The least time between two writes; GitHub asks for a second.
    pub write_gap: Duration,
    /// How often a read is tried in all.
    pub tries: u32,
    /// The first retry of a read waits about this long, each later one twice as long.
    pub retry_base: Duration,
    pub retry_cap: Duration,
    /// Requests at the same time.
    pub concurrency: usize,
    /// The longest body that is read, in decoded bytes.
    pub body: usize,
    pub pages: usize,
    pub redirects: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            total: Duration::from_secs(15),
            write_gap: Duration::from_secs(1),
            tries: 3,
            retry_base: Duration::from_millis(500),
            retry_cap: Duration::from_secs(8),
            concurrency: 4,
            body: 8 * 1024 * 1024,
            pages: 20,
            redirects: 5,
        }
    }
}

impl Limits {
    /// Returns how long to wait before retry number `retry` (from 0): doubling, capped, and
    /// jittered down to a half, so that many clients don't come back at once.
    pub fn retry_delay(&self, retry: u32) -> Duration {
        let whole = self
            .retry_base
            .saturating_mul(2_u32.saturating_pow(retry))
            .min(self.retry_cap);
        whole.mul_f64(0.5 + fastrand::f64() / 2.0)
    }
}

/// Logs what was asked of whom, what came of it and how long that took, for `-vv`. Routes carry no
/// token: a header does.
pub fn log(
    host: Option<&str>,
    method: &str,
    route: &str,
    came: Result<u16, &Error>,
    since: Instant,
) {
    let host = host.unwrap_or_default();
    let ms = since.elapsed().as_millis();
    match came {
        Ok(status) => tracing::debug!(host, method, route, status, ms),
        Err(error) => tracing::debug!(host, method, route, %error, ms),
    }
}

/// Reads a body to its end, or fails once it is longer than `limit` decoded bytes.
///
/// The bound is on decoded bytes, since a megabyte of gzip may hold a gigabyte.
pub async fn read_body(mut response: reqwest::Response, limit: usize) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len().saturating_add(chunk.len()) > limit => {
                return Err(Error::TooLarge(limit));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body),
            Err(error) => return Err(Error::of_body(&error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_waits_between_half_its_step_and_the_cap() {
        let limits = Limits::default();
        for (retry, whole) in [(0, 500), (1, 1000), (2, 2000), (9, 8000), (40, 8000)] {
            for _ in 0..200 {
                let delay = limits.retry_delay(retry);
                assert!(
                    delay >= Duration::from_millis(whole / 2),
                    "{retry}: {delay:?}"
                );
                assert!(delay <= Duration::from_millis(whole), "{retry}: {delay:?}");
            }
        }
    }
}
