//! The one limiter of a (host, token): who may ask now, and what the forge says is left.
//!
//! It counts and waits. What a refusal means for a service lives in `forge/error.rs`.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::{Clock, Limits};
use crate::forge::budget::{Allowance, Budget};
use crate::forge::error::Error;

/// What a read is for; the less a read matters, the earlier it stops as the budget shrinks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Polling may spend 60 % of the budget.
    Poll,
    /// Looking before an act, or because a person asked: 90 %.
    Look,
    /// Settling an act that was sent: everything.
    Settle,
}

impl Purpose {
    /// The part of the budget, in percent, that stays for what matters more.
    fn reserve(self) -> u64 {
        match self {
            Self::Poll => 40,
            Self::Look => 10,
            Self::Settle => 0,
        }
    }
}

/// Which of a forge's budgets a request draws on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purse {
    Queries,
    Requests,
}

/// Admits requests: some at a time, writes one by one, none while the forge wants a pause.
pub struct Limiter {
    slots: Semaphore,
    last_write: tokio::sync::Mutex<Option<Instant>>,
    state: Mutex<State>,
    limits: Limits,
    clock: Clock,
}

#[derive(Default)]
struct State {
    budget: Budget,
    paused_until: Option<Timestamp>,
    /// Secondary limits in a row; each doubles the pause.
    strikes: u32,
    /// Slots taken away by strikes, given back one by one.
    lent: usize,
    /// The forge's clock less ours.
    skew: SignedDuration,
    /// How many organizations the last answer to each route left out.
    hidden: BTreeMap<String, u64>,
}

/// The turn of one write; the next one begins at least the gap after this one ends.
pub struct Turn<'a> {
    last: tokio::sync::MutexGuard<'a, Option<Instant>>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.last = Some(Instant::now());
    }
}

impl Limiter {
    pub fn new(limits: Limits, clock: Clock) -> Self {
        Self {
            slots: Semaphore::new(limits.concurrency.max(1)),
            last_write: tokio::sync::Mutex::new(None),
            state: Mutex::new(State::default()),
            limits,
            clock,
        }
    }

    /// Waits for a slot. Fails at once if the forge wants a pause, or if the budget that is left
    /// is kept for what matters more.
    pub async fn read(&self, purpose: Purpose, purse: Purse) -> Result<SemaphorePermit<'_>, Error> {
        self.may_ask()?;
        self.affords(purpose, purse)?;
        let permit = self
            .slots
            .acquire()
            .await
            .map_err(|_| Error::Client("the limiter is closed".to_owned()))?;
        // A pause may have begun while this one queued.
        self.may_ask()?;
        self.state().budget.sent += 1;
        Ok(permit)
    }

    /// Waits for the turn of a write.
    pub async fn write(&self) -> Result<Turn<'_>, Error> {
        self.may_ask()?;
        let turn = Turn {
            last: self.last_write.lock().await,
        };
        if let Some(last) = *turn.last {
            tokio::time::sleep_until(last + self.limits.write_gap).await;
        }
        self.may_ask()?;
        self.state().budget.sent += 1;
        Ok(turn)
    }

    fn may_ask(&self) -> Result<(), Error> {
        match self.state().paused_until {
            Some(until) if (self.clock)() < until => Err(Error::Paused { until }),
            _ => Ok(()),
        }
    }

    fn affords(&self, purpose: Purpose, purse: Purse) -> Result<(), Error> {
        let budget = self.state().budget;
        let allowance = match purse {
            Purse::Queries => budget.queries,
            Purse::Requests => budget.requests,
        };
        match allowance {
            Some(Allowance {
                limit,
                remaining,
                resets_at,
            }) if (self.clock)() < resets_at
                && remaining.saturating_mul(100) <= limit.saturating_mul(purpose.reserve()) =>
            {
                Err(Error::Reserved { until: resets_at })
            }
            _ => Ok(()),
        }
    }

    /// Notes what any answer tells of the forge's clock and of its budgets.
    pub fn note(&self, purse: Purse, headers: &HeaderMap) {
        let now = (self.clock)();
        let mut state = self.state();
        if let Some(date) = date(headers) {
            let skew = date.duration_since(now);
            // The header has whole seconds, and the answer took its time.
            state.skew = if skew.abs() < SignedDuration::from_secs(3) {
                SignedDuration::ZERO
            } else {
                skew
            };
        }
        let (Some(limit), Some(remaining), Some(reset)) = (
            rate(headers, "limit"),
            rate(headers, "remaining"),
            rate(headers, "reset"),
        ) else {
            return;
        };
        let Some(resets_at) = i64::try_from(reset)
            .ok()
            .and_then(|second| Timestamp::from_second(second).ok())
            .and_then(|instant| instant.checked_sub(state.skew).ok())
        else {
            return;
        };
        let allowance = Some(Allowance {
            limit,
            remaining,
            resets_at,
        });
        let resource = headers
            .get("x-ratelimit-resource")
            .and_then(|value| value.to_str().ok());
        match (resource, purse) {
            (Some("graphql"), _) | (None, Purse::Queries) => state.budget.queries = allowance,
            (Some("core"), _) | (None, Purse::Requests) => state.budget.requests = allowance,
            (Some(_), _) => {}
        }
    }

    /// Notes whether an answer says that it leaves out what single sign-on hides from the token:
    /// `X-GitHub-SSO: partial-results; organizations=21955855,20582480`.
    pub fn note_hidden(&self, route: &str, headers: &HeaderMap) {
        let said = headers.get("x-github-sso").and_then(|it| it.to_str().ok());
        let left_out = said.and_then(|said| said.trim().strip_prefix("partial-results"));
        let mut state = self.state();
        match left_out {
            Some(rest) => {
                let ids = rest.split_once("organizations=").map_or("", |(_, ids)| ids);
                let count = ids.split(',').filter(|id| !id.trim().is_empty()).count();
                state.hidden.insert(route.to_owned(), count.max(1) as u64);
            }
            None if state.hidden.is_empty() => return,
            None => {
                state.hidden.remove(route);
            }
        }
        state.budget.hidden = state.hidden.values().copied().max().unwrap_or_default();
    }

    /// Notes the budget that a query's own answer names.
    pub fn note_queries(&self, limit: u64, remaining: u64, forge_reset: Timestamp) {
        let mut state = self.state();
        let resets_at = forge_reset.checked_sub(state.skew).unwrap_or(forge_reset);
        state.budget.queries = Some(Allowance {
            limit,
            remaining,
            resets_at,
        });
    }

    /// Begins the pause that a rate refusal asks for, and returns its end by our clock.
    ///
    /// 1. `Retry-After` is the forge's own word.
    /// 2. A spent budget lasts until its reset.
    /// 3. A secondary limit without a word: a minute, doubled each time in a row, at most 16.
    ///
    /// Where the budget is not spent, we asked too much at once: half the concurrency, however long
    /// the forge says to wait.
    pub fn pause(&self, headers: &HeaderMap) -> Timestamp {
        let now = (self.clock)();
        let spent = rate(headers, "remaining") == Some(0);
        let mut state = self.state();
        let reset = rate(headers, "reset")
            .and_then(|second| i64::try_from(second).ok())
            .and_then(|second| Timestamp::from_second(second).ok())
            .and_then(|reset| reset.checked_sub(state.skew).ok());
        let wait = match (number(headers, "retry-after"), reset) {
            (Some(seconds), _) => {
                SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX))
            }
            (None, Some(reset)) if spent => reset.duration_since(now),
            (None, _) => SignedDuration::from_mins(2_i64.pow(state.strikes.min(4))),
        };
        if !spent {
            state.strikes = state.strikes.saturating_add(1);
            let left = self.limits.concurrency.max(1) - state.lent;
            state.lent += self.slots.forget_permits(left / 2);
        }
        let wait = wait.clamp(SignedDuration::from_secs(1), SignedDuration::from_hours(2));
        let until = now.checked_add(wait).unwrap_or(now);
        let until = state.paused_until.map_or(until, |known| known.max(until));
        state.paused_until = Some(until);
        until
    }

    /// Notes a good answer: after a pause, slots come back one by one.
    pub fn went_well(&self) {
        let mut state = self.state();
        state.strikes = 0;
        if state.lent > 0 {
            state.lent -= 1;
            self.slots.add_permits(1);
        }
    }

    pub fn budget(&self) -> Budget {
        self.state().budget
    }

    /// Returns the forge's time at our instant `at`.
    pub fn forge_time(&self, at: Timestamp) -> Timestamp {
        at.checked_add(self.state().skew).unwrap_or(at)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the instant of an answer's `Date` header: the forge's own clock.
pub fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(http::header::DATE)?.to_str().ok()?;
    jiff::fmt::rfc2822::parse(text)
        .ok()
        .map(|zoned| zoned.timestamp())
}

/// Reads a header of the rate: GitHub's begin with `x-`, GitLab's do not.
fn rate(headers: &HeaderMap, what: &str) -> Option<u64> {
    number(headers, &format!("x-ratelimit-{what}"))
        .or_else(|| number(headers, &format!("ratelimit-{what}")))
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn limiter(now: &Arc<AtomicI64>) -> Limiter {
        let now = Arc::clone(now);
        Limiter::new(
            Limits::default(),
            Arc::new(move || at(now.load(Ordering::Relaxed))),
        )
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[tokio::test]
    async fn polling_leaves_a_reserve_for_what_matters_more() {
        let now = Arc::new(AtomicI64::new(1000));
        let limiter = limiter(&now);
        limiter.note_queries(5000, 2000, at(4600));
        assert!(matches!(
            limiter.read(Purpose::Poll, Purse::Queries).await,
            Err(Error::Reserved { until }) if until == at(4600)
        ));
        assert!(limiter.read(Purpose::Poll, Purse::Requests).await.is_ok());
        assert!(limiter.read(Purpose::Look, Purse::Queries).await.is_ok());
        limiter.note_queries(5000, 500, at(4600));
        assert!(limiter.read(Purpose::Look, Purse::Queries).await.is_err());
        assert!(limiter.read(Purpose::Settle, Purse::Queries).await.is_ok());
        limiter.note_queries(5000, 0, at(4600));
        assert!(limiter.read(Purpose::Settle, Purse::Queries).await.is_err());
        now.store(4600, Ordering::Relaxed);
        assert!(limiter.read(Purpose::Poll, Purse::Queries).await.is_ok());
    }

    #[tokio::test]
    async fn a_pause_ends_when_the_forge_said_by_our_clock() {
        let now = Arc::new(AtomicI64::new(1_000_000));
        let limiter = limiter(&now);
        // The forge's clock is 100 s ahead of ours.
        limiter.note(
            Purse::Requests,
            &headers(&[("date", "Mon, 12 Jan 1970 13:48:20 GMT")]),
        );
        assert_eq!(limiter.forge_time(at(1_000_000)), at(1_000_100));
        let until = limiter.pause(&headers(&[
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1000400"),
        ]));
        assert_eq!(until, at(1_000_300));
        assert!(matches!(
            limiter.read(Purpose::Settle, Purse::Requests).await,
            Err(Error::Paused { .. })
        ));
        assert!(limiter.write().await.is_err());
        now.store(1_000_300, Ordering::Relaxed);
        assert!(limiter.read(Purpose::Poll, Purse::Requests).await.is_ok());
    }

    #[test]
    fn what_single_sign_on_hides_is_counted_until_the_same_question_is_answered_whole() {
        let limiter = limiter(&Arc::new(AtomicI64::new(0)));
        let partial = headers(&[(
            "x-github-sso",
            "partial-results; organizations=21955855,20582480",
        )]);
        limiter.note_hidden("/user/repos", &partial);
        assert_eq!(limiter.budget().hidden, 2);
        limiter.note_hidden("/user", &HeaderMap::new());
        assert_eq!(
            limiter.budget().hidden,
            2,
            "another question says nothing of it"
        );
        limiter.note_hidden("/user/repos", &HeaderMap::new());
        assert_eq!(limiter.budget().hidden, 0);
        let refused = headers(&[(
            "x-github-sso",
            "required; url=https://github.com/orgs/acme/sso",
        )]);
        limiter.note_hidden("/user/repos", &refused);
        assert_eq!(limiter.budget().hidden, 0, "a refusal tells of itself");
    }

    #[test]
    fn secondary_limits_in_a_row_double_the_pause_and_halve_the_concurrency() {
        let now = Arc::new(AtomicI64::new(0));
        let limiter = limiter(&now);
        assert_eq!(limiter.pause(&HeaderMap::new()), at(60));
        assert_eq!(limiter.slots.available_permits(), 2);
        assert_eq!(limiter.pause(&HeaderMap::new()), at(120));
        assert_eq!(limiter.slots.available_permits(), 1);
        assert_eq!(limiter.pause(&HeaderMap::new()), at(240));
        assert_eq!(limiter.slots.available_permits(), 1);
        for _ in 0..10 {
            limiter.went_well();
        }
        assert_eq!(limiter.slots.available_permits(), 4);
        assert_eq!(limiter.pause(&headers(&[("retry-after", "300")])), at(300));
        assert_eq!(limiter.slots.available_permits(), 2, "its documented form");
        let spent = headers(&[("retry-after", "300"), ("ratelimit-remaining", "0")]);
        limiter.pause(&spent);
        assert_eq!(
            limiter.slots.available_permits(),
            2,
            "a spent budget is no haste"
        );
    }

    #[tokio::test]
    async fn writes_are_spaced() {
        let gap = std::time::Duration::from_millis(20);
        let limits = Limits {
            write_gap: gap,
            ..Limits::default()
        };
        let limiter = Limiter::new(limits, Arc::new(|| at(0)));
        let start = Instant::now();
        for _ in 0..3 {
            drop(limiter.write().await.unwrap());
        }
        assert!(start.elapsed() >= gap * 2);
    }
}
