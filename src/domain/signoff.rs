//! Sign-offs: one role's go or no-go on one scope, and how votes add up.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::gate::words;
use super::ids::{Digest, EnvironmentName, Person, ReleaseName, RoleName, ServiceName};
use super::policy::Policy;
use super::release::Release;
use super::window::{Schedule, Window};

/// Go or no-go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Voice {
    Go,
    NoGo,
}

impl Voice {
    pub fn word(self) -> &'static str {
        match self {
            Self::Go => "go",
            Self::NoGo => "no-go",
        }
    }
}

/// What becomes of a go when the schedule closes that lets promotions in (W5). A no-go stays either
/// way: nothing opens because time passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AtClose {
    /// It counts on, and says that it is from before.
    #[default]
    Keep,
    /// It counts no more: for the next opening it has to be said again.
    Withdraw,
}

impl AtClose {
    pub const ALL: [Self; 2] = [Self::Keep, Self::Withdraw];

    pub fn word(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Withdraw => "withdraw",
        }
    }
}

/// Tells of a vote on a cell whether the cell's schedule has closed since.
#[derive(Clone, Debug)]
pub struct Closings<'a> {
    schedule: Schedule<'a>,
    at_close: AtClose,
    now: Timestamp,
}

impl<'a> Closings<'a> {
    pub fn new(
        windows: &'a [Window],
        service: &ServiceName,
        environment: &EnvironmentName,
        at_close: AtClose,
        now: Timestamp,
    ) -> Self {
        Self {
            schedule: Schedule::new(windows, service, environment),
            at_close,
            now,
        }
    }

    /// Those of a release: it closes with the window that it has to fit into, and with a freeze of
    /// everything in it. One without a window never closes.
    pub fn of_release(release: &Release, windows: &'a [Window], now: Timestamp) -> Option<Self> {
        Some(Self {
            schedule: Schedule::of_release(release, windows)?,
            at_close: release.at_close,
            now,
        })
    }

    /// When the schedule first closed after `cast`, if it has: who votes while it is closed votes for
    /// the next opening.
    pub fn since(&self, cast: Timestamp) -> Option<Timestamp> {
        self.first(cast).filter(|closed| *closed <= self.now)
    }

    fn first(&self, cast: Timestamp) -> Option<Timestamp> {
        if self.schedule.is_empty() {
            return None;
        }
        let (_, closes) = self.schedule.openings(cast).next()?;
        closes
    }

    /// Until when a go counts that is said now, if policy withdraws it at the close.
    pub fn end_of_a_go(&self) -> Option<Timestamp> {
        match self.at_close {
            AtClose::Withdraw => self.first(self.now),
            AtClose::Keep => None,
        }
    }

    /// Says whether policy has withdrawn a vote by now.
    pub fn has_withdrawn(&self, ballot: &Ballot<'_>) -> bool {
        self.withdraws(ballot).is_some_and(|at| at <= self.now)
    }

    /// When policy withdraws a vote.
    fn withdraws(&self, ballot: &Ballot<'_>) -> Option<Timestamp> {
        match (self.at_close, ballot.voice) {
            (AtClose::Withdraw, Voice::Go) => self.first(ballot.at),
            (AtClose::Keep, _) | (_, Voice::NoGo) => None,
        }
    }
}

/// A vote, bound to the scope that its caster saw. A later vote of the same person on the same
/// cell replaces it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    pub service: ServiceName,
    pub environment: EnvironmentName,
    pub role: RoleName,
    pub person: Person,
    pub voice: Voice,
    /// `scope::hash` of what was voted on.
    pub scope: Digest,
    /// What the scope was, in words, so that a void vote can show the difference: `4.3.9 > 4.4.0`.
    pub saw: String,
    pub note: String,
    pub at: Timestamp,
}

/// A vote on a whole release, bound to its agenda (`release::agenda::Agenda::digest`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseVote {
    pub release: ReleaseName,
    pub role: RoleName,
    pub person: Person,
    pub voice: Voice,
    pub scope: Digest,
    /// What the agenda was, in words.
    pub saw: String,
    pub note: String,
    pub at: Timestamp,
}

/// A vote without what it was cast on.
#[derive(Clone, Copy, Debug)]
pub struct Ballot<'a> {
    pub role: &'a RoleName,
    pub person: &'a Person,
    pub voice: Voice,
    pub scope: &'a Digest,
    pub saw: &'a str,
    pub note: &'a str,
    pub at: Timestamp,
}

impl Vote {
    pub fn ballot(&self) -> Ballot<'_> {
        Ballot {
            role: &self.role,
            person: &self.person,
            voice: self.voice,
            scope: &self.scope,
            saw: &self.saw,
            note: &self.note,
            at: self.at,
        }
    }
}

impl ReleaseVote {
    pub fn ballot(&self) -> Ballot<'_> {
        Ballot {
            role: &self.role,
            person: &self.person,
            voice: self.voice,
            scope: &self.scope,
            saw: &self.saw,
            note: &self.note,
            at: self.at,
        }
    }
}

/// Whether a vote counts now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Valid,
    /// Cast on another scope (S1).
    Void,
    /// Its caster no longer has the role (S2).
    NotAMember,
    /// The schedule closed then, and policy keeps no go beyond that (W5).
    Withdrawn(Timestamp),
}

/// That a go is older than the last time the window closed.
pub fn before(closed: Timestamp) -> String {
    format!("from before the window closed at {}", words::moment(closed))
}

/// How votes add up.
#[derive(Clone, Debug)]
pub struct Tally<'a> {
    /// Who fills each required role.
    pub roles: Vec<(&'a RoleName, Option<&'a Person>)>,
    /// Every vote, and whether it counts.
    pub ballots: Vec<(Ballot<'a>, Standing)>,
}

impl<'a> Tally<'a> {
    /// Adds up votes on what `bound` is the hash of. Each person has one vote at most. `closings` are
    /// those of the cell or release that is voted on.
    pub fn of(
        ballots: impl IntoIterator<Item = Ballot<'a>>,
        bound: &Digest,
        roles: &'a [RoleName],
        distinct: bool,
        policy: &Policy,
        closings: Option<&Closings<'_>>,
    ) -> Self {
        let withdrawn = |ballot: &Ballot<'_>| {
            let closings = closings?;
            let at = closings.withdraws(ballot)?;
            (at <= closings.now).then_some(at)
        };
        let ballots: Vec<(Ballot<'a>, Standing)> = ballots
            .into_iter()
            .map(|ballot| {
                let standing = if ballot.scope != bound {
                    Standing::Void
                } else if !policy.has_role(ballot.person, ballot.role) {
                    Standing::NotAMember
                } else if let Some(at) = withdrawn(&ballot) {
                    Standing::Withdrawn(at)
                } else {
                    Standing::Valid
                };
                (ballot, standing)
            })
            .collect();
        let roles = fill(roles, &valid(&ballots, Voice::Go), distinct, policy);
        Self { roles, ballots }
    }

    /// The valid no-goes.
    pub fn against(&self) -> Vec<Ballot<'a>> {
        valid(&self.ballots, Voice::NoGo)
    }

    /// The valid goes.
    pub fn goes(&self) -> Vec<Ballot<'a>> {
        valid(&self.ballots, Voice::Go)
    }

    /// The goes in one of `roles` that the closing of the schedule withdrew, and when that last was.
    pub fn withdrawn(&self, roles: &[RoleName]) -> Option<(usize, Timestamp)> {
        let ballots = self.ballots.iter();
        let closed = ballots.filter_map(|(ballot, standing)| match standing {
            Standing::Withdrawn(at) if roles.contains(ballot.role) => Some(*at),
            Standing::Withdrawn(_) | Standing::Valid | Standing::Void | Standing::NotAMember => {
                None
            }
        });
        let closed: Vec<Timestamp> = closed.collect();
        Some((closed.len(), closed.iter().copied().max()?))
    }

    /// `2 goes from before the window closed at 2026-11-21 22:00Z are withdrawn (policy)`.
    pub fn withdrawn_words(&self, roles: &[RoleName]) -> Option<String> {
        let (count, at) = self.withdrawn(roles)?;
        let before = before(at);
        Some(match count {
            1 => format!("1 go {before} is withdrawn (policy)"),
            count => format!("{count} goes {before} are withdrawn (policy)"),
        })
    }

    /// When the next go that counts is withdrawn.
    pub fn counts_until(&self, closings: &Closings<'_>) -> Option<Timestamp> {
        let goes = self.goes();
        goes.iter()
            .filter_map(|ballot| closings.withdraws(ballot))
            .min()
    }

    /// The roles that have not said go.
    pub fn missing(&self) -> Vec<&'a RoleName> {
        let missing = self.roles.iter().filter(|(_, person)| person.is_none());
        missing.map(|(role, _)| *role).collect()
    }

    /// Every role says go, and nobody says no-go.
    pub fn is_go(&self) -> bool {
        self.missing().is_empty() && self.against().is_empty()
    }
}

fn valid<'a>(ballots: &[(Ballot<'a>, Standing)], voice: Voice) -> Vec<Ballot<'a>> {
    ballots
        .iter()
        .filter(|(ballot, standing)| *standing == Standing::Valid && ballot.voice == voice)
        .map(|(ballot, _)| *ballot)
        .collect()
}

/// With `distinct` each vote fills one place. Without it, a person's go also counts for every other
/// required role that the person has.
fn fill<'a>(
    roles: &'a [RoleName],
    goes: &[Ballot<'a>],
    distinct: bool,
    policy: &Policy,
) -> Vec<(&'a RoleName, Option<&'a Person>)> {
    let mut used: Vec<&Person> = Vec::new();
    roles
        .iter()
        .map(|role| {
            let found = goes.iter().find(|ballot| {
                if distinct {
                    ballot.role == role && !used.contains(&ballot.person)
                } else {
                    ballot.role == role || policy.has_role(ballot.person, role)
                }
            });
            let person = found.map(|ballot| ballot.person);
            used.extend(person);
            (role, person)
        })
        .collect()
}
