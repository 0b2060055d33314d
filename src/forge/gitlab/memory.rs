//! What an adapter keeps between questions, so that the cheap ones can be compared with the whole
//! ones. Nothing here decides anything: without it, everything is read once more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::ids::{Person, RepoPath, Sha};
use crate::domain::phase::Phase;

#[derive(Default)]
pub(super) struct Memory(Mutex<Known>);

/// What is known of the forge and its projects.
#[derive(Default)]
pub(super) struct Known {
    pub(super) login: Option<Person>,
    /// Fields and enum values that an old server lacks; `None` until one was refused.
    pub(super) lacking: Option<BTreeSet<String>>,
    /// Whether a proxy decodes `%2F`, so that projects are asked for by number.
    pub(super) by_number: bool,
    pub(super) projects: BTreeMap<RepoPath, Project>,
}

/// What the last whole read of a project told.
#[derive(Clone, Debug, Default)]
pub(super) struct Project {
    pub(super) number: Option<u64>,
    /// Where it is now, if this is a path that it had once.
    pub(super) moved_to: Option<RepoPath>,
    pub(super) default_branch: Option<String>,
    pub(super) head: Option<Head>,
    /// Deployments: the number within the project, and the one that is the forge's alone.
    pub(super) deployments: BTreeMap<u64, u64>,
}

/// The head of a branch, with the pipeline that was its newest then.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) sha: Sha,
    pub(super) pipeline: Option<u64>,
    /// The pipeline's own word, and what its checks added up to.
    pub(super) status: String,
    pub(super) checks: Option<Phase>,
}

impl Memory {
    pub(super) fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn project(&self, repo: &RepoPath) -> Project {
        self.known().projects.get(repo).cloned().unwrap_or_default()
    }

    pub(super) fn note(&self, repo: &RepoPath, change: impl FnOnce(&mut Project)) {
        change(self.known().projects.entry(repo.clone()).or_default());
    }
}
