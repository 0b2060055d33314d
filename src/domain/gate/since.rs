//! Since when a gate says what it says. The instants are those of the forge, of the schedule and of the
//! journal; where none of them tells, nobody knows. How old facts are is told with the evidence.

use jiff::Timestamp;

use super::{State, Verdict};

impl Verdict {
    /// Says since when it is so; `None` where nobody knows.
    #[must_use]
    pub fn since(mut self, at: Option<Timestamp>) -> Self {
        self.since = at;
        self
    }

    /// Since when it says what it says at `now`: a verdict that has run out says nothing of the kind.
    pub fn since_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.since
            .filter(|since| self.state_at(now) == self.state && *since <= now)
    }

    /// Takes back what cannot be: nothing is so since an instant to come, which a forge whose clock
    /// runs ahead tells, and what is unknown is so since nobody knows when.
    pub(super) fn settled(self, now: Timestamp) -> Self {
        let known = self.state != State::Unknown;
        let since = self.since.filter(|since| known && *since <= now);
        self.since(since)
    }
}

/// When the last of several came to be, for what needs each of them; `None` if that is not known of one.
pub(super) fn last(all: impl IntoIterator<Item = Option<Timestamp>>) -> Option<Timestamp> {
    known(all)?.into_iter().max()
}

/// When the first of several came to be, for what any one of them brings about.
pub(super) fn first(all: impl IntoIterator<Item = Option<Timestamp>>) -> Option<Timestamp> {
    known(all)?.into_iter().min()
}

fn known(all: impl IntoIterator<Item = Option<Timestamp>>) -> Option<Vec<Timestamp>> {
    all.into_iter().collect()
}
