//! Environments by what points at the live commit: a branch for each, or a tag that moves.
//!
//! Neither tells when it was moved. What was watched moving is dated by when that was seen, the rest
//! by its commit.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::{newest_first, number};
use crate::domain::deployment::Deployment;
use crate::domain::ids::{EnvironmentName, Person, RepoPath, Sha};
use crate::domain::phase::Phase;

/// How many places of one pointer are remembered.
const MOST: usize = 10;

/// Where a branch or tag points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer {
    pub environment: EnvironmentName,
    /// The branch or tag.
    pub name: String,
    pub sha: Sha,
    pub commit_at: Option<Timestamp>,
    pub author: Option<Person>,
    pub url: Option<String>,
}

/// Remembers where pointers pointed, newest last.
#[derive(Debug, Default)]
pub struct Watch {
    seen: Mutex<HashMap<(RepoPath, EnvironmentName), Vec<Seen>>>,
}

#[derive(Clone, Debug)]
struct Seen {
    pointer: Pointer,
    at: Timestamp,
}

impl Watch {
    /// Makes deployments of what pointers point at now, `now` by the forge's clock, and of where they
    /// were seen before.
    pub fn deployments(
        &self,
        repo: &RepoPath,
        pointers: Vec<Pointer>,
        now: Timestamp,
    ) -> Vec<Deployment> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut made = Vec::new();
        for pointer in pointers {
            let key = (repo.clone(), pointer.environment.clone());
            let places = seen.entry(key).or_default();
            let moved = places.last().map(|last| last.pointer.sha != pointer.sha);
            if moved != Some(false) {
                let by_commit = pointer.commit_at.map_or(now, |at| at.min(now));
                let at = if moved.is_none() { by_commit } else { now };
                places.retain(|place| place.pointer.sha != pointer.sha);
                places.push(Seen { pointer, at });
                let surplus = places.len().saturating_sub(MOST);
                places.drain(..surplus);
            }
            made.extend(places.iter().map(deployment));
        }
        newest_first(made)
    }
}

fn deployment(seen: &Seen) -> Deployment {
    let Pointer {
        environment,
        name,
        sha,
        author,
        url,
        ..
    } = &seen.pointer;
    Deployment {
        id: number("pointer", environment, sha.as_str()),
        environment: environment.clone(),
        sha: sha.clone(),
        git_ref: Some(name.clone()),
        phase: Phase::Succeeded,
        raw: format!("{name} points at it"),
        created_at: seen.at,
        changed_at: seen.at,
        creator: author.clone(),
        description: None,
        url: url.clone(),
        key: None,
        payload: None,
        made_by: None,
        began_at: None,
        live_at: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::deployment::live;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn pointer(sha: &str, commit_at: i64) -> Vec<Pointer> {
        vec![Pointer {
            environment: "production".into(),
            name: "env/production".to_owned(),
            sha: sha.into(),
            commit_at: Some(at(commit_at)),
            author: None,
            url: None,
        }]
    }

    #[test]
    fn a_branch_that_goes_back_to_an_older_commit_is_live_there() {
        let (watch, repo) = (Watch::default(), RepoPath::from("acme/web"));
        let production = "production".into();
        let first = watch.deployments(&repo, pointer("bb", 50), at(1000));
        assert_eq!(first[0].created_at, at(50), "by its commit");
        let same = watch.deployments(&repo, pointer("bb", 50), at(1010));
        assert_eq!(first, same);
        let back = watch.deployments(&repo, pointer("aa", 40), at(1020));
        assert_eq!(live(&back, &production).unwrap().sha, Sha::from("aa"));
        assert_eq!(back.len(), 2, "what was live before is history");
        let again = watch.deployments(&repo, pointer("bb", 50), at(1030));
        assert_eq!(live(&again, &production).unwrap().sha, Sha::from("bb"));
        assert_eq!(again.len(), 2);
        assert_eq!(again[0].id, first[0].id);
    }

    #[test]
    fn a_commit_from_the_future_is_dated_now() {
        let (watch, repo) = (Watch::default(), RepoPath::from("acme/web"));
        let made = watch.deployments(&repo, pointer("bb", 5000), at(1000));
        assert_eq!(made[0].created_at, at(1000));
    }
}
