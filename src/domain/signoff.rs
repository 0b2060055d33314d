//! Sign-offs: one role's go or no-go on one scope.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{Digest, EnvironmentName, Person, RoleName, ServiceName};

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
