//! What is remembered between reads, so that they can be few: repositories for a minute, the commits
//! of tags, reviews of pull requests that nobody touched since.
//!
//! Nothing that a gate judges is remembered longer than it is true: heads, statuses, runs and open
//! pull requests are always read.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::pulls::Opinions;
use super::repos::Repository;
use crate::domain::ids::{EnvironmentName, Person, RepoPath, Sha};
use crate::domain::pipeline::Run;
use crate::domain::scope::ChangedFile;

/// Values with the instants of which they are.
#[derive(Debug)]
pub(super) struct Kept<K, V>(Mutex<HashMap<K, (Timestamp, V)>>);

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self(Mutex::new(HashMap::new()))
    }
}

impl<K: Eq + Hash, V: Clone> Kept<K, V> {
    pub(super) fn get(&self, key: &K, now: Timestamp, at_most: SignedDuration) -> Option<V> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, value) = kept.get(key)?;
        (now.duration_since(*at).abs() < at_most).then(|| value.clone())
    }

    pub(super) fn put(&self, key: K, at: Timestamp, value: V) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(key, (at, value));
    }

    pub(super) fn forget(&self, key: &K) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.remove(key);
    }
}

/// A pull request as it was when its reviews were read: repository, number, head, last change.
pub(super) type Reviewed = (RepoPath, u64, String, Option<Timestamp>);

/// Everything that is remembered.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) login: Mutex<Option<Person>>,
    pub(super) repos: Kept<RepoPath, Repository>,
    pub(super) tags: Kept<RepoPath, HashMap<String, Sha>>,
    /// The files of merged pull requests.
    pub(super) files: Kept<(RepoPath, u64), Vec<ChangedFile>>,
    pub(super) reviews: Kept<Reviewed, Opinions>,
    /// Runs of a deploying workflow that are not among the recent ones any more.
    pub(super) older_runs: Kept<(RepoPath, EnvironmentName), Vec<Run>>,
}

impl Memory {
    pub(super) fn login(&self) -> Option<Person> {
        self.login
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn know(&self, login: Person) {
        *self.login.lock().unwrap_or_else(PoisonError::into_inner) = Some(login);
    }

    /// Forgets what an act may have changed.
    pub(super) fn touched(&self, repo: &RepoPath) {
        self.repos.forget(repo);
        self.tags.forget(repo);
    }
}
