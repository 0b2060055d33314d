//! Which commits are to be asked for their statuses: no forge lists the statuses of a repository, so
//! recent commits are gone through, fifty at most, and remembered.
//!
//! It only counts and remembers; asking is the adapters' business.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::statuses::{self, Status};
use crate::domain::deployment::{self, Deployment};
use crate::domain::ids::{EnvironmentName, RepoPath, Sha};
use crate::domain::policy::EnvironmentModel;

/// How many commits a scan goes back.
pub const COMMITS: usize = 50;

/// What is remembered of each repository's recent commits.
#[derive(Debug, Default)]
pub struct Scan {
    memory: Mutex<HashMap<RepoPath, Memory>>,
}

#[derive(Debug, Default)]
struct Memory {
    /// Newest first.
    recent: Vec<Sha>,
    read: HashSet<Sha>,
    statuses: BTreeMap<Sha, Vec<Status>>,
    /// The next commit that is looked at again.
    turn: usize,
}

impl Scan {
    /// Says whether the list of recent commits has to be read: the head is not the newest of it.
    pub fn wants_commits(&self, repo: &RepoPath, head: &Sha) -> bool {
        let memory = self.memory();
        memory
            .get(repo)
            .is_none_or(|memory| memory.recent.first() != Some(head))
    }

    /// Takes the list of recent commits, newest first.
    pub fn take_commits(&self, repo: &RepoPath, mut recent: Vec<Sha>) {
        recent.truncate(COMMITS);
        let mut memory = self.memory();
        memory.entry(repo.clone()).or_default().recent = recent;
    }

    /// Takes the statuses of a commit. Those known before stay: a forge may show only the last of
    /// each context.
    pub fn take(&self, repo: &RepoPath, sha: &Sha, found: Vec<Status>) {
        let mut memory = self.memory();
        let memory = memory.entry(repo.clone()).or_default();
        memory.read.insert(sha.clone());
        let known = memory.statuses.entry(sha.clone()).or_default();
        for status in found {
            known.retain(|known| known.id != status.id);
            known.push(status);
        }
        if known.is_empty() {
            memory.statuses.remove(sha);
        }
    }

    /// Says whether all these statuses of a commit are known already.
    pub fn knows(&self, repo: &RepoPath, sha: &Sha, statuses: &[Status]) -> bool {
        let memory = self.memory();
        let known = memory.get(repo).and_then(|it| it.statuses.get(sha));
        statuses
            .iter()
            .all(|status| known.is_some_and(|known| known.contains(status)))
    }

    /// Returns the next commit that was never read, newest first: all of them if `thorough`, else
    /// only until each environment has a live one.
    pub fn unread(
        &self,
        repo: &RepoPath,
        model: &EnvironmentModel,
        environments: &[EnvironmentName],
        thorough: bool,
    ) -> Option<Sha> {
        let memory = self.memory();
        let memory = memory.get(repo)?;
        let mut until = memory.recent.len();
        if !thorough {
            let deployments = memory.deployments(model, environments);
            let places = environments.iter().map(|environment| {
                let live = deployment::live(&deployments, environment)?;
                memory.recent.iter().position(|sha| *sha == live.sha)
            });
            let deepest = places.collect::<Option<Vec<_>>>();
            until = deepest.map_or(until, |places| places.into_iter().max().unwrap_or(0));
        }
        let mut upto = memory.recent.iter().take(until);
        upto.find(|sha| !memory.read.contains(*sha)).cloned()
    }

    /// Returns the commit whose turn it is to be looked at again, or for the first time: what is
    /// deployed by others, and goes back, shows itself on any of them.
    pub fn turn(&self, repo: &RepoPath, is_read_anyway: impl Fn(&Sha) -> bool) -> Option<Sha> {
        let mut memory = self.memory();
        let memory = memory.get_mut(repo)?;
        for _ in 0..memory.recent.len() {
            let place = memory.turn % memory.recent.len();
            memory.turn = place + 1;
            let sha = memory.recent.get(place)?;
            if !is_read_anyway(sha) {
                return Some(sha.clone());
            }
        }
        None
    }

    /// Returns how many of the recent commits were read, and how many there are.
    pub fn progress(&self, repo: &RepoPath) -> (usize, usize) {
        let memory = self.memory();
        memory.get(repo).map_or((0, 0), |memory| {
            let read = memory
                .recent
                .iter()
                .filter(|sha| memory.read.contains(*sha));
            (read.count(), memory.recent.len())
        })
    }

    /// Makes deployments of all that is remembered.
    pub fn deployments(
        &self,
        repo: &RepoPath,
        model: &EnvironmentModel,
        environments: &[EnvironmentName],
    ) -> Vec<Deployment> {
        let memory = self.memory();
        let memory = memory.get(repo);
        memory.map_or_else(Vec::new, |memory| memory.deployments(model, environments))
    }

    fn memory(&self) -> MutexGuard<'_, HashMap<RepoPath, Memory>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn deployments(
        &self,
        model: &EnvironmentModel,
        environments: &[EnvironmentName],
    ) -> Vec<Deployment> {
        let all: Vec<Status> = self.statuses.values().flatten().cloned().collect();
        statuses::deployments(model, environments, &all)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::phase::Phase;

    fn model() -> EnvironmentModel {
        EnvironmentModel::Status {
            context: EnvironmentModel::STATUS.to_owned(),
        }
    }

    fn commits(count: usize) -> Vec<Sha> {
        (0..count).map(|at| Sha::from(format!("c{at}"))).collect()
    }

    fn live(sha: &Sha, environment: &str, second: i64) -> Vec<Status> {
        vec![Status {
            id: format!("{second}"),
            sha: sha.clone(),
            context: format!("deploy/{environment}"),
            phase: Phase::Succeeded,
            raw: "success".to_owned(),
            description: None,
            url: None,
            creator: None,
            created_at: Timestamp::from_second(second).unwrap(),
        }]
    }

    /// Reads every commit that is wanted, and returns how many that were.
    fn read_all(scan: &Scan, repo: &RepoPath, names: &[EnvironmentName], thorough: bool) -> usize {
        let mut reads = 0;
        while let Some(sha) = scan.unread(repo, &model(), names, thorough) {
            let found = match sha.as_str() {
                "c2" => live(&sha, "staging", 20),
                "c5" => live(&sha, "production", 10),
                _ => Vec::new(),
            };
            scan.take(repo, &sha, found);
            reads += 1;
        }
        reads
    }

    #[test]
    fn a_scan_ends_where_each_environment_has_a_live_one_and_at_fifty_at_most() {
        let (scan, repo) = (Scan::default(), RepoPath::from("acme/web"));
        let names = ["staging".into(), "production".into()];
        assert!(scan.wants_commits(&repo, &Sha::from("c0")));
        scan.take_commits(&repo, commits(80));
        assert!(!scan.wants_commits(&repo, &Sha::from("c0")));
        assert_eq!(read_all(&scan, &repo, &names, false), 6);
        assert_eq!(scan.progress(&repo), (6, COMMITS));
        assert_eq!(scan.deployments(&repo, &model(), &names).len(), 2);
        assert_eq!(read_all(&scan, &repo, &names, true), COMMITS - 6);
        assert_eq!(scan.unread(&repo, &model(), &names, true), None);
    }

    #[test]
    fn only_new_commits_are_read_when_the_head_moves() {
        let (scan, repo) = (Scan::default(), RepoPath::from("acme/web"));
        let names = ["staging".into()];
        scan.take_commits(&repo, commits(9));
        assert_eq!(read_all(&scan, &repo, &names, false), 3);
        let mut moved = vec![Sha::from("d1"), Sha::from("d0")];
        moved.extend(commits(9));
        scan.take_commits(&repo, moved);
        assert_eq!(read_all(&scan, &repo, &names, false), 2);
    }

    #[test]
    fn every_commit_has_its_turn() {
        let (scan, repo) = (Scan::default(), RepoPath::from("acme/web"));
        let head = |sha: &Sha| sha.as_str() == "c0";
        assert_eq!(scan.turn(&repo, head), None);
        scan.take_commits(&repo, commits(3));
        let turns: Vec<_> = (0..3).filter_map(|_| scan.turn(&repo, head)).collect();
        assert_eq!(turns, ["c1", "c2", "c1"].map(Sha::from));
        assert_eq!(scan.turn(&repo, |_| true), None);
    }
}
