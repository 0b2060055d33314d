//! Revisions: which commit, and what people call it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ids::Sha;

/// A commit, with the version (tag) that names it if one is known. Two revisions are the same if
/// their commits are: a tag that appears later does not make a new revision.
#[derive(Clone, Debug, Eq, Serialize, Deserialize)]
pub struct Revision {
    pub sha: Sha,
    pub version: Option<String>,
}

impl PartialEq for Revision {
    fn eq(&self, other: &Self) -> bool {
        self.sha == other.sha
    }
}

impl Revision {
    pub fn new(sha: impl Into<Sha>) -> Self {
        Self {
            sha: sha.into(),
            version: None,
        }
    }

    /// What people call it: the version, else the short SHA.
    pub fn label(&self) -> &str {
        self.version.as_deref().unwrap_or_else(|| self.sha.short())
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.label())
    }
}
