//! What a forge last said, and when. Judging whether that is fresh enough lives in `gate/fresh.rs`.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::fault::Fault;

/// A value and the instant at which its request was sent: it is at least that old.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed<T> {
    pub value: T,
    pub at: Timestamp,
}

impl<T> Observed<T> {
    /// The same observation of something made from the value.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Observed<U> {
        Observed {
            value: make(self.value),
            at: self.at,
        }
    }
}

/// The last good answer, kept beside the fault that came after it: a failed poll ages a value, it
/// never blanks it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact<T> {
    pub last: Option<Observed<T>>,
    pub fault: Option<Fault>,
}

impl<T> Default for Fact<T> {
    fn default() -> Self {
        Self {
            last: None,
            fault: None,
        }
    }
}

impl<T> Fact<T> {
    pub fn observed(value: T, at: Timestamp) -> Self {
        Self {
            last: Some(Observed { value, at }),
            fault: None,
        }
    }

    pub fn value(&self) -> Option<&T> {
        self.last.as_ref().map(|observed| &observed.value)
    }

    pub fn at(&self) -> Option<Timestamp> {
        self.last.as_ref().map(|observed| observed.at)
    }

    /// Returns how old the value is at `now`; a clock that went back counts as no age at all.
    pub fn age(&self, now: Timestamp) -> Option<SignedDuration> {
        self.at()
            .map(|at| now.duration_since(at).max(SignedDuration::ZERO))
    }

    /// Says whether the value is too old at `now`, or missing. Half-open like every span of time:
    /// at `max_age` it is stale.
    ///
    /// A value from the future is a clock that was put back. A little of that counts as no age, but
    /// as much as `max_age` says that the age is not known, and the value is stale.
    pub fn is_stale(&self, now: Timestamp, max_age: SignedDuration) -> bool {
        self.at()
            .is_none_or(|at| now.duration_since(at).abs() >= max_age)
    }

    /// Takes a newer answer: a good one replaces the value and clears the fault, a fault is kept
    /// beside the last good value. An answer older than the one we have changes nothing.
    pub fn merge(&mut self, answer: Result<T, Fault>, at: Timestamp) {
        if self.at().is_some_and(|known| known > at) {
            return;
        }
        match answer {
            Ok(value) => *self = Self::observed(value, at),
            Err(fault) => self.fault = Some(fault),
        }
    }
}
