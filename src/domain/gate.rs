//! Gates: the conditions that a promotion must meet.
//!
//! A gate judges evidence that it is handed. It never fetches, and never reads a clock. Each kind
//! has its file in `gate/`; this file has what they share, and how they add up.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::deployment;
use super::facts::ServiceFacts;
use super::few::Few;
use super::ids::{Digest, EnvironmentName, IntentId, OverrideId, Person, ServiceName, Sha};
use super::ledger::Ledger;
use super::observed::Fact;
use super::policy::{Policy, Service, Stage, Via};
use super::release::Release;
use super::revision::Revision;
use super::scope::Scope;
use super::seen::Seen;

pub mod blocker;
pub mod checklist;
pub mod command;
pub mod depends;
pub mod earliest;
pub mod fits;
pub mod forge;
pub mod four_eyes;
pub mod fresh;
pub mod health;
pub mod hold;
pub mod judge;
pub mod manual;
mod overridden;
pub mod parity;
pub mod path;
pub mod pipeline;
pub mod quality;
pub mod release;
pub mod review;
pub mod risk;
mod sampled;
pub mod sign_off;
mod since;
pub mod soak;
mod verdicts;
pub mod window;
pub(crate) mod words;

pub use verdicts::{Pool, Verdicts};

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

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
    pub seen: &'a Seen,
    /// The other services of the board.
    pub peers: &'a dyn Peers,
    pub ledger: Option<&'a Ledger>,
    /// Who would promote; `None` while nobody knows who that is.
    pub actor: Option<&'a Person>,
    /// What runs in the environment now.
    pub live: Option<&'a Revision>,
    /// What would be promoted into it; `None` when there is nothing to promote.
    pub candidate: Option<&'a Revision>,
    /// The intent on whose behalf it is judged just before sending: it does not stand in its own way.
    pub own: Option<&'a IntentId>,
    /// It goes back to what was live and verified before: gates that a new revision has to earn are
    /// not asked, and a `forward` hold lets it through (H4, P7).
    pub back: bool,
}

/// Finds other services, for gates that judge more than one.
pub trait Peers: fmt::Debug {
    fn peer(&self, service: &ServiceName) -> Option<Peer<'_>>;

    /// What votes on a release are bound to now, and that in words.
    ///
    /// # Errors
    ///
    /// Says why nobody can tell: not all of its services are known.
    fn bound(&self, release: &Release, ledger: &Ledger) -> Result<(Digest, String), String>;
}

/// Another service as the board knows it.
#[derive(Clone, Copy, Debug)]
pub struct Peer<'a> {
    pub service: &'a Service,
    pub facts: &'a Fact<ServiceFacts>,
    /// By `(base, head)`.
    pub scopes: &'a Few<(Sha, Sha), Fact<Scope>>,
}

/// A board without other services.
#[derive(Clone, Copy, Debug)]
pub struct Alone;

impl Peers for Alone {
    fn peer(&self, _: &ServiceName) -> Option<Peer<'_>> {
        None
    }

    fn bound(&self, _: &Release, _: &Ledger) -> Result<(Digest, String), String> {
        Err("its services are not known".to_owned())
    }
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
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Evidence {
    /// What it is, for instance `approvals`.
    pub what: String,
    /// What was seen, for instance `2 of 2: ann, raj`.
    pub value: String,
    pub url: Option<String>,
    pub observed_at: Option<Timestamp>,
}

/// What a gate found, and everything an operator needs to act on it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Verdict {
    /// The gate's name (`GateSpec::name`); a manual gate adds its own: `manual pen test`.
    pub gate: String,
    pub state: State,
    /// One sentence without a full stop.
    pub why: String,
    /// Since when it is so, where the facts tell; `gate/since.rs` has the rules.
    #[serde(default)]
    pub since: Option<Timestamp>,
    pub evidence: Vec<Evidence>,
    /// What would open it, if it is not open.
    pub opens_when: Option<String>,
    /// The instant at which it opens by itself, as far as is known now.
    pub opens_at: Option<Timestamp>,
    /// Who can open it.
    pub who: Option<String>,
    /// From this instant on the verdict reads `unknown` until it is judged again.
    pub valid_until: Option<Timestamp>,
    /// What the words come down to without ages and times of day, where they have some.
    #[serde(default)]
    pub bound: Option<String>,
    /// Whose word lets the promotion past it.
    #[serde(default)]
    pub overridden_by: Option<OverrideId>,
    /// An override of it that waits for its second person.
    #[serde(default)]
    pub awaits_confirmation: Option<OverrideId>,
}

/// What the gates say that have nothing to judge.
const NOTHING: &str = "nothing to promote";

impl Verdict {
    /// Says whether it is closed for having nothing to judge alone: that is calm, and no trouble.
    pub fn is_idle(&self) -> bool {
        self.state == State::Closed && self.why.starts_with(NOTHING)
    }

    /// A verdict with a state and a sentence; the rest is added with the methods below.
    pub fn new(gate: impl Into<String>, state: State, why: impl Into<String>) -> Self {
        Self {
            gate: gate.into(),
            state,
            why: why.into(),
            since: None,
            evidence: Vec::new(),
            opens_when: None,
            opens_at: None,
            who: None,
            valid_until: None,
            bound: None,
            overridden_by: None,
            awaits_confirmation: None,
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
        // Most have one.
        self.evidence.reserve_exact(1);
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

    /// Says what the words come down to where they change with the clock alone: an override of this
    /// verdict is bound to that instead.
    #[must_use]
    pub fn bound_to(mut self, bound: impl Into<String>) -> Self {
        self.bound = Some(bound.into());
        self
    }

    /// Hashes what it says, without ages: an override holds for these values and no others.
    pub fn values(&self) -> Digest {
        let mut parts = vec![self.gate.as_str(), self.state.word()];
        match &self.bound {
            Some(bound) => parts.push(bound),
            None => {
                parts.push(&self.why);
                for evidence in &self.evidence {
                    parts.extend([evidence.what.as_str(), &evidence.value]);
                }
            }
        }
        Digest::of(parts)
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

    /// Gives back the memory that its words do not need.
    fn shrink(&mut self) {
        self.gate.shrink_to_fit();
        self.why.shrink_to_fit();
        let more = [&mut self.opens_when, &mut self.who, &mut self.bound];
        more.into_iter().flatten().for_each(String::shrink_to_fit);
        for evidence in &mut self.evidence {
            evidence.what.shrink_to_fit();
            evidence.value.shrink_to_fit();
        }
    }

    /// Why, at `now`: past its validity, that it is too old, and what it said before.
    pub fn why_at(&self, now: Timestamp) -> Cow<'_, str> {
        let state = self.state_at(now);
        if state == self.state {
            return Cow::Borrowed(&self.why);
        }
        let seen = self.evidence.iter().filter_map(|seen| seen.observed_at);
        let old = seen.min().map_or_else(
            || "judged too long ago".to_owned(),
            |at| format!("facts are {} old", words::span(now.duration_since(at))),
        );
        Cow::Owned(format!("{old}; was {}: {}", self.state, self.why))
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    pub go: Go,
    pub verdicts: Verdicts,
    pub earliest: Earliest,
    /// When time alone changes a verdict: judge again then.
    pub due: Option<Timestamp>,
}

impl Judgement {
    /// Returns how many gates pass at `now`, and how many there are.
    pub fn count(&self, now: Timestamp) -> (usize, usize) {
        (self.verdicts.sum_at(now).passing, self.verdicts.len())
    }

    /// Returns the gates that do not pass at `now`, in order.
    pub fn blocking(&self, now: Timestamp) -> impl Iterator<Item = &Verdict> {
        // Those before the first need not be looked at.
        let first = self.verdicts.sum_at(now).blocking;
        self.verdicts
            .iter()
            .skip(first.unwrap_or(self.verdicts.len()))
            .filter(move |verdict| !verdict.state_at(now).passes())
    }

    /// Returns the first gate that does not pass at `now`.
    pub fn first_blocking(&self, now: Timestamp) -> Option<&Verdict> {
        self.verdicts.get(self.verdicts.sum_at(now).blocking?)
    }

    /// Says whether every gate that does not pass at `now` will by itself.
    pub fn waits(&self, now: Timestamp) -> bool {
        self.verdicts.sum_at(now).waits
    }

    /// The overrides that it rests on, each once.
    pub fn overrides(&self) -> Vec<OverrideId> {
        let mut ids: Vec<OverrideId> = Vec::new();
        for id in self
            .verdicts
            .iter()
            .filter_map(|verdict| verdict.overridden_by.as_ref())
        {
            if !ids.contains(id) {
                ids.push(id.clone());
            }
        }
        ids
    }

    /// The sum at `now`: a judgement whose verdicts have run out is `Unknown`, never `Go`.
    pub fn go_at(&self, now: Timestamp) -> Go {
        self.verdicts.sum_at(now).go
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

impl<'a> Case<'a> {
    pub fn environment(&self) -> &'a EnvironmentName {
        &self.stage.environment
    }

    /// From this instant on nothing that the forge said counts.
    pub fn valid_until(&self) -> Option<Timestamp> {
        self.facts.at()?.checked_add(self.policy.max_age).ok()
    }

    /// What the forge said and what would be promoted; `None` if either is missing.
    fn subject(&self) -> Option<(&'a ServiceFacts, &'a Revision)> {
        self.facts.value().zip(self.candidate)
    }

    /// The verdict of a gate that has nothing to judge: `Unknown` while the service was not read,
    /// and `Closed` when it was and there is nothing to promote.
    fn missing(&self, gate: &'static str) -> Verdict {
        let service = &self.service.name;
        let Some(facts) = self.facts.value() else {
            let why = match &self.facts.fault {
                Some(fault) => format!("{service} could not be read: {}", fault.kind.word()),
                None => format!("{service} has not been read yet"),
            };
            return Verdict::new(gate, State::Unknown, why).opens_when("the forge answers");
        };
        let environment = self.environment();
        let (why, when) = match (&self.stage.via, self.upstream()) {
            (Via::Release, _) => (
                "there is no draft release of a known commit".to_owned(),
                "a release is drafted".to_owned(),
            ),
            (_, Some(upstream)) => {
                let upstream = &upstream.environment;
                let when = format!("a new revision is verified in {upstream}");
                match deployment::live(&facts.deployments, upstream) {
                    Some(_) => (format!("{environment} is level with {upstream}"), when),
                    None => (format!("{upstream} has no verified revision"), when),
                }
            }
            (_, None) => {
                let when = "the branch moves".to_owned();
                match facts.head {
                    Some(_) => (format!("{environment} is level with the branch"), when),
                    None => ("the branch has no commit".to_owned(), when),
                }
            }
        };
        Verdict::new(gate, State::Closed, format!("{NOTHING}: {why}"))
            .opens_when(when)
            .valid_until(self.valid_until())
    }

    /// The environment before, if there is one.
    fn upstream(&self) -> Option<&'a Stage> {
        self.service.upstream(&self.stage.environment)
    }

    /// The scope from what is live to the candidate, if exactly that one was read.
    ///
    /// It has no age: what lies between two commits never changes.
    fn known_scope(&self) -> Option<&'a Scope> {
        let (live, candidate) = (self.live?, self.candidate?);
        self.scope?
            .value()
            .filter(|scope| scope.base == live.sha && scope.head == candidate.sha)
    }

    /// The verdict of a gate that judges the scope, while that is not known. Of the first promotion into
    /// an environment it never will be: it brings all that there is, which no forge lists. A person
    /// has to answer for that once.
    fn no_scope(&self, gate: &'static str) -> Verdict {
        let (service, environment) = (&self.service.name, self.environment());
        if self.live.is_some() {
            return Verdict::new(gate, State::Unknown, self.scope_missing())
                .opens_when("the scope is read")
                .valid_until(self.valid_until());
        }
        let why = format!(
            "nothing was ever live in {environment}, so nobody can list what this first promotion \
             changes"
        );
        let rule = self.policy.override_rule(environment);
        let verdict = Verdict::new(gate, State::Closed, why).valid_until(self.valid_until());
        if rule.refuses(gate).is_some() {
            return verdict.opens_when(format!(
                "something is deployed to {environment} by the forge's own means, or the policy lets \
                 somebody override {gate}"
            ));
        }
        let who = match rule.roles.as_slice() {
            [] => "any operator".to_owned(),
            roles => words::either(roles),
        };
        verdict
            .opens_when(format!(
                "somebody answers for all of it, once: gonogo override grant {service} --to \
                 {environment} --gate {gate} --reason …"
            ))
            .who(who)
    }

    /// Why the scope is not known.
    fn scope_missing(&self) -> String {
        let fault = self.scope.and_then(|scope| scope.fault.as_ref());
        match (self.live, fault) {
            (None, _) => format!(
                "nothing known to be live in {}, so no scope",
                self.environment()
            ),
            (Some(_), Some(fault)) => format!("the scope could not be read: {}", fault.kind.word()),
            (Some(_), None) => "the scope has not been read yet".to_owned(),
        }
    }
}

/// The verdict of a gate that rests on the journal, while there is none.
fn no_journal(gate: &'static str) -> Verdict {
    Verdict::new(gate, State::Unknown, "the journal cannot be read")
        .opens_when("the journal answers")
}
