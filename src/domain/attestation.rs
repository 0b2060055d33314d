//! Attestations: somebody says that a task of a checklist is done, on one scope.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{Digest, EnvironmentName, Person, ServiceName};

/// A task that somebody did, bound to the scope that they saw, as a vote is. A later attestation of
/// the same task on the same cell replaces it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attestation {
    pub service: ServiceName,
    pub environment: EnvironmentName,
    /// The task's name.
    pub task: String,
    pub person: Person,
    /// `scope::hash` of what it was done for.
    pub scope: Digest,
    /// What the scope was, in words: `4.3.9 > 4.4.0`.
    pub saw: String,
    pub note: String,
    pub at: Timestamp,
}
