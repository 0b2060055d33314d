//! Which repositories hide their single checks from this token: remembered for a while, so that a batch
//! does not run into them every time, and asked again after it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::domain::ids::RepoPath;

/// For how long a repository is believed to hide them. The permission may be there the next minute.
const BELIEVED: SignedDuration = SignedDuration::from_mins(10);

/// Since when each repository has been known to hide its checks.
#[derive(Debug, Default)]
pub(super) struct Hidden(Mutex<BTreeMap<RepoPath, Timestamp>>);

impl Hidden {
    pub(super) fn note(&self, repo: &RepoPath, now: Timestamp) {
        self.known().insert(repo.clone(), now);
    }

    pub(super) fn has(&self, repo: &RepoPath, now: Timestamp) -> bool {
        let mut known = self.known();
        let is_old = |at: &Timestamp| now.duration_since(*at) >= BELIEVED;
        if known.get(repo).is_some_and(is_old) {
            known.remove(repo);
        }
        known.contains_key(repo)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<RepoPath, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_repository_hides_is_asked_of_it_again_after_a_while() {
        let (web, api) = (RepoPath::from("acme/web"), RepoPath::from("acme/api"));
        let hidden = Hidden::default();
        let now = Timestamp::UNIX_EPOCH;
        hidden.note(&web, now);
        assert!(hidden.has(&web, now + BELIEVED / 2));
        assert!(!hidden.has(&api, now));
        assert!(!hidden.has(&web, now + BELIEVED));
    }
}
