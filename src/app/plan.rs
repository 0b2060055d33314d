//! Plans: what an order would send, complete, with what the operator saw. A plan or a refusal is
//! a value; both open a dialog, both are printed by the command line.

use crate::domain::brake::Mark;
use crate::domain::ids::{Digest, EnvironmentName, ForgeName, RepoPath, ServiceName};
use crate::domain::promotion::Intent;
use crate::domain::revision::Revision;

/// What would be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Complete but for the reason, which the operator gives in the dialog.
    pub intent: Intent,
    pub forge: ForgeName,
    pub repo: RepoPath,
    /// The call, as `Act::call` writes it.
    pub call: String,
    /// How to go back, in words.
    pub if_bad: String,
    /// `B` goes back from what it brings, as far as that is known.
    pub goes_back: bool,
    /// Things to know that do not forbid it.
    pub warnings: Vec<String>,
    /// The same action as a command line.
    pub command: String,
    /// The environment's name must be typed.
    pub protected: bool,
    /// Nobody ordered it: the policy's owner did, once and for all.
    pub by_itself: bool,
}

impl Plan {
    pub fn service(&self) -> &ServiceName {
        &self.intent.service
    }

    pub fn environment(&self) -> &EnvironmentName {
        &self.intent.environment
    }

    pub fn digest(&self) -> &Digest {
        &self.intent.digest
    }

    /// `2.40.3 > 2.41.0`.
    pub fn movement(&self) -> String {
        let from = self.intent.from.as_ref().map_or("nothing", Revision::label);
        format!("{from} > {}", self.intent.to)
    }

    /// What moves, or what a hold leaves on a forge: of that, a revision says nothing.
    pub fn matter(&self) -> String {
        match Mark::of(&self.intent.act) {
            Some(mark) if self.intent.purpose.is_brake() => mark.says(),
            Some(_) | None => self.movement(),
        }
    }
}
