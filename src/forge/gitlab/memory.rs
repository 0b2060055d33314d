//! What an adapter keeps between questions, so that the cheap ones can be compared with the whole
//! ones. Nothing here decides anything: without it, everything is read once more.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::pipelines::{Pipeline, WireJob};
use crate::domain::ids::{EnvironmentName, Person, RepoPath, Sha};
use crate::domain::phase::Phase;

/// Pipelines of a project whose jobs are kept.
const MOST_OVER: usize = 4;

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
    /// Newest first.
    over: BTreeMap<RepoPath, VecDeque<Over>>,
}

/// What the last whole read of a project told.
#[derive(Clone, Debug, Default)]
pub(super) struct Project {
    pub(super) number: Option<u64>,
    /// Where it is now, if this is a path that it had once.
    pub(super) moved_to: Option<RepoPath>,
    pub(super) default_branch: Option<String>,
    pub(super) head: Option<Head>,
    /// Which environments ask for approval, as was last found.
    pub(super) reviewed: Option<Reviewed>,
    /// Deployments: the number within the project, and the one that is the forge's alone.
    pub(super) deployments: BTreeMap<u64, u64>,
}

/// Which environments ask for approval.
#[derive(Clone, Debug)]
pub(super) struct Reviewed {
    pub(super) at: Timestamp,
    /// Not shown: to this token, or by this edition.
    pub(super) is_hidden: bool,
    pub(super) names: BTreeSet<EnvironmentName>,
}

/// The jobs of a pipeline that is over: they change with it alone.
#[derive(Clone, Debug)]
pub(super) struct Over {
    pub(super) pipeline: u64,
    pub(super) status: String,
    pub(super) updated_at: Timestamp,
    pub(super) jobs: Arc<[WireJob]>,
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

    /// The jobs of a pipeline, if it was over when they were read and is still as it was then.
    pub(super) fn jobs_of(&self, repo: &RepoPath, pipeline: &Pipeline) -> Option<Arc<[WireJob]>> {
        let known = self.known();
        let mut over = known.over.get(repo)?.iter();
        let same = |over: &&Over| {
            over.pipeline == pipeline.id
                && over.status == pipeline.status
                && Some(over.updated_at) == pipeline.updated_at
        };
        over.find(same).map(|over| Arc::clone(&over.jobs))
    }

    pub(super) fn keep_jobs(&self, repo: &RepoPath, over: Over) {
        let mut known = self.known();
        let kept = known.over.entry(repo.clone()).or_default();
        kept.retain(|known| known.pipeline != over.pipeline);
        kept.push_front(over);
        kept.truncate(MOST_OVER);
    }

    pub(super) fn note(&self, repo: &RepoPath, change: impl FnOnce(&mut Project)) {
        change(self.known().projects.entry(repo.clone()).or_default());
    }
}
