//! Holds and manual gates: what operators put in the way, on which scope, and until when.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{EnvironmentName, HoldId, ManualGateId, Person, RoleName, ServiceName, Sha};

/// What a hold or manual gate covers. `None` means every one; all `None` is everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cover {
    pub service: Option<ServiceName>,
    pub environment: Option<EnvironmentName>,
    /// One bad revision, never to be promoted again.
    pub revision: Option<Sha>,
}

impl Cover {
    pub fn covers(
        &self,
        service: &ServiceName,
        environment: &EnvironmentName,
        revision: Option<&Sha>,
    ) -> bool {
        self.service
            .as_ref()
            .is_none_or(|covered| covered == service)
            && self
                .environment
                .as_ref()
                .is_none_or(|covered| covered == environment)
            && self
                .revision
                .as_ref()
                .is_none_or(|covered| revision == Some(covered))
    }
}

impl fmt::Display for Cover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.service, &self.environment) {
            (None, None) if self.revision.is_none() => write!(f, "everything")?,
            (None, None) => {}
            (Some(service), None) => write!(f, "{service}")?,
            (None, Some(environment)) => write!(f, "all of {environment}")?,
            (Some(service), Some(environment)) => write!(f, "{service} > {environment}")?,
        }
        if let Some(revision) = &self.revision {
            if self.service.is_some() || self.environment.is_some() {
                write!(f, " ")?;
            }
            write!(f, "revision {}", revision.short())?;
        }
        Ok(())
    }
}

/// What a hold stops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldKind {
    /// Forward promotions; a rollback to the last verified revision passes, with a reason.
    #[default]
    Forward,
    /// Everything.
    All,
}

/// What becomes of a hold when its time is up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// It ends.
    #[default]
    End,
    /// It stays on and asks, until somebody lifts it or gives it another time.
    Ask,
}

impl Then {
    pub fn word(self) -> &'static str {
        match self {
            Self::End => "end",
            Self::Ask => "ask",
        }
    }
}

/// How long a hold stays on, as of an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    UntilLifted,
    Ends(Timestamp),
    Asks(Timestamp),
    /// It asks already, since then.
    Asking(Timestamp),
}

/// An operator's stop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    pub id: HoldId,
    pub cover: Cover,
    pub kind: HoldKind,
    pub reason: String,
    pub owner: Person,
    /// Editing keeps it.
    pub since: Timestamp,
    /// When its time is up.
    pub until: Option<Timestamp>,
    /// What becomes of it then.
    #[serde(default)]
    pub then: Then,
    /// Placed because a verification failed: it never expires, somebody has to lift it.
    #[serde(default)]
    pub incident: bool,
}

impl Hold {
    /// Says whether it holds at `now`. Half-open: at its end it has ended. Nobody reaps holds:
    /// expiry is computed whenever it matters.
    pub fn is_on(&self, now: Timestamp) -> bool {
        self.ends_at().is_none_or(|end| now < end)
    }

    /// Says whether its time is up, whatever becomes of it then.
    pub fn is_up(&self, now: Timestamp) -> bool {
        !self.incident && self.until.is_some_and(|until| until <= now)
    }

    /// Says whether its time is up and it waits for an answer.
    pub fn asks(&self, now: Timestamp) -> bool {
        self.then == Then::Ask && self.is_up(now)
    }

    /// The first instant at which it no longer holds; `None` if somebody has to lift it.
    pub fn ends_at(&self) -> Option<Timestamp> {
        self.until
            .filter(|_| !self.incident && self.then == Then::End)
    }

    /// Says how long it stays on.
    pub fn term(&self, now: Timestamp) -> Term {
        match self.until.filter(|_| !self.incident) {
            None => Term::UntilLifted,
            Some(until) if self.then == Then::End => Term::Ends(until),
            Some(until) if now < until => Term::Asks(until),
            Some(until) => Term::Asking(until),
        }
    }

    /// Says whether it names one revision as bad: that one is never promoted again, not even to go
    /// back to it.
    pub fn names(&self, revision: &Sha) -> bool {
        self.cover.revision.as_ref() == Some(revision)
    }
}

/// A gate that an operator put up on the spot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManualGate {
    pub id: ManualGateId,
    pub cover: Cover,
    /// What has to be done or known, for instance `pen test signed`.
    pub name: String,
    pub reason: String,
    pub owner: Person,
    pub since: Timestamp,
    pub openers: Openers,
    /// Who opened it, when, and with what note; `None` while it is closed.
    pub opened: Option<Opened>,
}

/// Who may open a manual gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Openers {
    Anyone,
    Role(RoleName),
    Person(Person),
}

impl fmt::Display for Openers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anyone => f.write_str("any operator"),
            Self::Role(role) => write!(f, "role {role}"),
            Self::Person(person) => write!(f, "{person}"),
        }
    }
}

/// The opening of a manual gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    pub by: Person,
    pub at: Timestamp,
    pub note: String,
}
