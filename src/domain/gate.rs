//! Gates: the conditions that a promotion must meet.
//!
//! A gate judges evidence that it is handed. It never fetches, and never reads a clock. Each kind
//! has its file in `gate/`; this file has what they share, and how they add up.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::facts::ServiceFacts;
use super::ids::EnvironmentName;
use super::ledger::Ledger;
use super::observed::Fact;
use super::policy::{Policy, Service, Stage};
use super::revision::Revision;
use super::scope::Scope;

pub mod earliest;
pub mod forge;
pub mod fresh;
pub mod hold;
pub mod judge;
pub mod manual;
pub mod path;
pub mod pipeline;
pub mod review;
pub mod sign_off;
pub mod soak;
pub mod window;

/// A promotion under judgement: a candidate for a cell, and all that is known.
///
/// `ledger` is `None` while the journal has not been read or cannot be: then holds, manual gates
/// and votes are unknown, and nothing may go. `scope` is `None` while it has not been asked for.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    pub policy: &'a Policy,
    pub service: &'a Service,
    pub stage: &'a Stage,
    pub facts: &'a Fact<ServiceFacts>,
    pub scope: Option<&'a Fact<Scope>>,
    pub ledger: Option<&'a Ledger>,
    /// What runs in the environment now.
    pub live: Option<&'a Revision>,
    /// What would be promoted into it; `None` when there is nothing to promote.
    pub candidate: Option<&'a Revision>,
}

/// What a gate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Open,
    Closed,
    /// Will open by itself.
    Waiting,
    /// Facts are missing, failed or stale. Never counts as open.
    Unknown,
    Overridden,
}

impl State {
    /// Combines two states, keeping the one that blocks harder.
    ///
    /// `Closed` beats `Unknown`, `Unknown` beats `Waiting`, all three beat `Open`: a promotion
    /// never opens on silence.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if self.hardness() >= other.hardness() {
            self
        } else {
            other
        }
    }

    fn hardness(self) -> u8 {
        match self {
            Self::Open => 0,
            Self::Overridden => 1,
            Self::Waiting => 2,
            Self::Unknown => 3,
            Self::Closed => 4,
        }
    }

    pub fn passes(self) -> bool {
        match self {
            Self::Open | Self::Overridden => true,
            Self::Closed | Self::Waiting | Self::Unknown => false,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Waiting => "waiting",
            Self::Unknown => "unknown",
            Self::Overridden => "overridden",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A value that a verdict rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What it is, for instance `approvals`.
    pub what: String,
    /// What was seen, for instance `2 of 2: ann, raj`.
    pub value: String,
    pub url: Option<String>,
    pub observed_at: Option<Timestamp>,
}

/// What a gate found, and everything an operator needs to act on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The gate's name (`GateSpec::name`); a manual gate adds its own: `manual pen test`.
    pub gate: String,
    pub state: State,
    /// One sentence without a full stop.
    pub why: String,
    pub evidence: Vec<Evidence>,
    /// What would open it, if it is not open.
    pub opens_when: Option<String>,
    /// The instant at which it opens by itself, as far as is known now.
    pub opens_at: Option<Timestamp>,
    /// Who can open it.
    pub who: Option<String>,
    /// From this instant on the verdict reads `unknown` until it is judged again.
    pub valid_until: Option<Timestamp>,
}

impl Verdict {
    /// A verdict with a state and a sentence; the rest is added with the methods below.
    pub fn new(gate: impl Into<String>, state: State, why: impl Into<String>) -> Self {
        Self {
            gate: gate.into(),
            state,
            why: why.into(),
            evidence: Vec::new(),
            opens_when: None,
            opens_at: None,
            who: None,
            valid_until: None,
        }
    }

    #[must_use]
    pub fn evidence(
        mut self,
        what: impl Into<String>,
        value: impl Into<String>,
        url: Option<String>,
        at: Option<Timestamp>,
    ) -> Self {
        self.evidence.push(Evidence {
            what: what.into(),
            value: value.into(),
            url,
            observed_at: at,
        });
        self
    }

    #[must_use]
    pub fn opens_when(mut self, when: impl Into<String>) -> Self {
        self.opens_when = Some(when.into());
        self
    }

    #[must_use]
    pub fn opens_at(mut self, at: Option<Timestamp>) -> Self {
        self.opens_at = at;
        self
    }

    #[must_use]
    pub fn who(mut self, who: impl Into<String>) -> Self {
        self.who = Some(who.into());
        self
    }

    /// Shortens the validity to `until`, if that is sooner.
    #[must_use]
    pub fn valid_until(mut self, until: Option<Timestamp>) -> Self {
        self.valid_until = match (self.valid_until, until) {
            (Some(known), Some(until)) => Some(known.min(until)),
            (known, until) => known.or(until),
        };
        self
    }

    /// What the gate says at `now`: past its validity, `Unknown`.
    pub fn state_at(&self, now: Timestamp) -> State {
        match self.valid_until {
            Some(until) if now >= until => State::Unknown,
            Some(_) | None => self.state,
        }
    }
}

/// The sum of a cell's gates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Go {
    Go,
    NoGo,
    Unknown,
}

impl Go {
    pub fn word(self) -> &'static str {
        match self {
            Self::Go => "go",
            Self::NoGo => "no-go",
            Self::Unknown => "unknown",
        }
    }
}

/// When a promotion could go at the earliest, as far as is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Earliest {
    Now,
    /// By itself at this instant; `gate` is the last to open.
    At {
        at: Timestamp,
        gate: String,
    },
    /// Not before somebody acts on `gate`.
    NeedsPerson {
        gate: String,
        who: String,
    },
    /// `gate` will not open at any time that we can foresee.
    NoKnownTime {
        gate: String,
    },
    /// Nothing to promote.
    Nothing,
}

/// All verdicts of one cell, and their sum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    pub go: Go,
    pub verdicts: Vec<Verdict>,
    pub earliest: Earliest,
    /// When time alone changes a verdict: judge again then.
    pub due: Option<Timestamp>,
}

impl Judgement {
    /// Returns how many gates pass at `now`, and how many there are.
    pub fn count(&self, now: Timestamp) -> (usize, usize) {
        let passing = self
            .verdicts
            .iter()
            .filter(|verdict| verdict.state_at(now).passes())
            .count();
        (passing, self.verdicts.len())
    }

    /// Returns the gates that do not pass at `now`, in order.
    pub fn blocking(&self, now: Timestamp) -> impl Iterator<Item = &Verdict> {
        self.verdicts
            .iter()
            .filter(move |verdict| !verdict.state_at(now).passes())
    }

    /// The sum at `now`: a judgement whose verdicts have run out is `Unknown`, never `Go`.
    pub fn go_at(&self, now: Timestamp) -> Go {
        sum(self.verdicts.iter().map(|verdict| verdict.state_at(now)))
    }
}

/// Adds up states. No gates at all is `Unknown`: silence opens nothing.
pub fn sum(states: impl IntoIterator<Item = State>) -> Go {
    match states.into_iter().reduce(State::and) {
        Some(State::Open | State::Overridden) => Go::Go,
        Some(State::Closed | State::Waiting) => Go::NoGo,
        Some(State::Unknown) | None => Go::Unknown,
    }
}

impl Case<'_> {
    pub fn environment(&self) -> &EnvironmentName {
        &self.stage.environment
    }
}
