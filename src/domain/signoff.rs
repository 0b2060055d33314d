//! Sign-offs: one role's go or no-go on one scope, and how votes add up.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{Digest, EnvironmentName, Person, ReleaseName, RoleName, ServiceName};
use super::policy::Policy;

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
    /// Adds up votes on what `bound` is the hash of. Each person has one vote at most.
    pub fn of(
        ballots: impl IntoIterator<Item = Ballot<'a>>,
        bound: &Digest,
        roles: &'a [RoleName],
        distinct: bool,
        policy: &Policy,
    ) -> Self {
        let ballots: Vec<(Ballot<'a>, Standing)> = ballots
            .into_iter()
            .map(|ballot| {
                let standing = if ballot.scope != bound {
                    Standing::Void
                } else if policy.has_role(ballot.person, ballot.role) {
                    Standing::Valid
                } else {
                    Standing::NotAMember
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
