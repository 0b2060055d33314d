//! What moves between two revisions: commits, and the merged pull requests that brought them.
//!
//! The forge names the pull request of a merge commit alone; the commits that this merge brought in
//! are told by the parents.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::Forgejo;
use super::checks;
use super::files::{Named, Stats};
use super::lists::{below, each, is_missing};
use super::pulls::WirePull;
use super::repos::{User, person, sha};
use crate::domain::ids::{Person, PullRequestNumber, RepoPath, Sha};
use crate::domain::scope::{Commit, Relation, Scope, ScopedPullRequest};
use crate::domain::text::clean;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::http::path::part;

/// Commits that are looked at; what is beyond leaves the scope incomplete.
const MOST_COMMITS: usize = 250;

#[derive(Deserialize)]
struct Comparison {
    #[serde(default)]
    total_commits: u64,
    commits: Option<Vec<Value>>,
}

#[derive(Clone, Deserialize)]
pub(super) struct WireCommit {
    sha: Option<String>,
    pub(super) files: Option<Vec<Named>>,
    pub(super) stats: Option<Stats>,
    commit: Option<Inner>,
    author: Option<User>,
    committer: Option<User>,
    parents: Option<Vec<Parent>>,
}

#[derive(Clone, Deserialize)]
struct Inner {
    message: Option<String>,
    author: Option<GitPerson>,
    committer: Option<GitPerson>,
    verification: Option<Verification>,
}

#[derive(Clone, Deserialize)]
struct GitPerson {
    name: Option<String>,
    date: Option<Timestamp>,
}

#[derive(Clone, Deserialize)]
struct Verification {
    #[serde(default)]
    verified: bool,
}

#[derive(Clone, Deserialize)]
struct Parent {
    sha: Option<String>,
}

impl WireCommit {
    pub(super) fn sha(&self) -> Option<Sha> {
        sha(self.sha.as_deref())
    }

    pub(super) fn parents(&self) -> Vec<Sha> {
        let parents = self.parents.iter().flatten();
        parents
            .filter_map(|parent| sha(parent.sha.as_deref()))
            .collect()
    }

    fn into_commit(self) -> Option<Commit> {
        let login = self.author.as_ref().and_then(person);
        let inner = self.commit;
        let message = inner.as_ref().and_then(|inner| inner.message.as_deref());
        let (headline, message) = message
            .map(|message| message.split_once('\n').unwrap_or((message, "")))
            .unwrap_or_default();
        let author = inner.as_ref().and_then(|inner| inner.author.as_ref());
        let committer = inner.as_ref().and_then(|inner| inner.committer.as_ref());
        let named = author.and_then(|author| author.name.as_deref());
        Some(Commit {
            sha: sha(self.sha.as_deref())?,
            headline: clean(headline),
            message: clean(message),
            has_account: login.is_some(),
            is_forge_merge: false,
            author: login.or_else(|| named.map(|name| Person::from(clean(name)))),
            at: committer.or(author).and_then(|who| who.date),
            pull_requests: Vec::new(),
            checks: None,
        })
    }
}

impl Forgejo {
    pub(super) async fn read_scope(
        &self,
        repo: &RepoPath,
        base: &Sha,
        head: &Sha,
        named_checks: bool,
    ) -> Result<Scope, Error> {
        let known = self.repository(Purpose::Look, repo).await?;
        let url = known.url();
        let site = checks::site_of(&url, &known.path(repo));
        let there = self.compare(repo, base, head).await?;
        let relation = if base == head {
            Relation::Identical
        } else {
            let back = self.compare(repo, head, base).await?;
            relation(there.total_commits, back.total_commits)
        };
        let total = there.total_commits;
        let read: Vec<WireCommit> = each(there.commits.unwrap_or_default());
        let read = newest_first(read, head);
        let complete = total <= read.len() as u64 && read.len() <= MOST_COMMITS;
        let looked: Vec<WireCommit> = read.into_iter().take(MOST_COMMITS).collect();

        let pulls = self.pulls_of(repo, &looked).await?;
        let brought = brought(&looked, &pulls);
        let files = if complete {
            self.files(repo, &looked, &brought).await?
        } else {
            None
        };
        let mut commits = Vec::with_capacity(looked.len());
        for wire in looked {
            let forge_signed = is_forge_signed(&wire);
            let Some(mut commit) = wire.into_commit() else {
                continue;
            };
            commit.pull_requests = brought.get(&commit.sha).cloned().unwrap_or_default();
            commit.is_forge_merge = forge_signed && pulls.contains_key(&commit.sha);
            if named_checks {
                let asked = commit.sha.as_str();
                match self.statuses(Purpose::Look, repo, asked, &site).await {
                    Ok(read) => {
                        let all: Vec<_> = read.list.iter().collect();
                        commit.checks = Some(checks::sum(&commit.sha, &all, false));
                    }
                    // What could not be read is not said to be without checks.
                    Err(error) if is_missing(&error) => {}
                    Err(error) => return Err(error),
                }
            }
            commits.push(commit);
        }
        let by_number: BTreeMap<u64, &WirePull> =
            pulls.values().map(|pull| (pull.number, pull)).collect();
        let scoped: Vec<_> = by_number
            .into_values()
            .rev()
            .map(|pull| self.scoped(repo, pull))
            .collect();
        let pull_requests = stream::iter(scoped)
            .buffered(self.rest.limits().concurrency.max(1))
            .try_collect()
            .await?;
        let compared = format!("{url}/compare/{base}...{head}");
        Ok(Scope {
            base: base.clone(),
            head: head.clone(),
            relation,
            total,
            commits,
            pull_requests,
            complete,
            files,
            url: (!url.is_empty()).then_some(compared),
        })
    }

    async fn compare(&self, repo: &RepoPath, base: &Sha, head: &Sha) -> Result<Comparison, Error> {
        let range = format!("{}...{}", part(base.as_str()), part(head.as_str()));
        let route = below(repo, format!("/compare/{range}"));
        self.rest.get(Purpose::Look, &route).await?.json()
    }

    /// Reads the merged pull requests by the commits that they were merged as.
    async fn pulls_of(
        &self,
        repo: &RepoPath,
        commits: &[WireCommit],
    ) -> Result<HashMap<Sha, WirePull>, Error> {
        let asked: Vec<_> = commits
            .iter()
            .filter_map(|commit| sha(commit.sha.as_deref()))
            .map(|commit| self.pull_of(repo, commit))
            .collect();
        let read: Vec<Option<(Sha, WirePull)>> = stream::iter(asked)
            .buffered(self.rest.limits().concurrency.max(1))
            .try_collect()
            .await?;
        let merged = read.into_iter().flatten().filter(|(_, pull)| pull.merged);
        Ok(merged.collect())
    }

    async fn pull_of(
        &self,
        repo: &RepoPath,
        commit: Sha,
    ) -> Result<Option<(Sha, WirePull)>, Error> {
        let route = below(repo, format!("/commits/{}/pull", part(commit.as_str())));
        match self.rest.get(Purpose::Look, &route).await {
            Ok(answer) => Ok(Some((commit, answer.json()?))),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn scoped(&self, repo: &RepoPath, pull: &WirePull) -> Result<ScopedPullRequest, Error> {
        let opinions = self.reviews(Purpose::Look, repo, pull.number).await?;
        let (additions, deletions) = pull.size();
        Ok(ScopedPullRequest {
            number: PullRequestNumber(pull.number),
            title: pull.title(),
            body: pull.body(),
            branch: pull.branch(),
            author: pull.author(),
            merged_by: pull.merged_by(),
            url: pull.url(),
            labels: pull.labels(),
            additions,
            deletions,
            reviews: opinions.into_iter().map(|opinion| opinion.review).collect(),
        })
    }
}

/// The forge tells no more than how many commits each side has that the other lacks.
fn relation(there: u64, back: u64) -> Relation {
    match (there, back) {
        (0, 0) => Relation::Identical,
        (_, 0) => Relation::Ahead,
        (0, _) => Relation::Behind,
        (_, _) => Relation::Diverged,
    }
}

/// Turns a list around that begins with the oldest: versions differ.
fn newest_first(mut commits: Vec<WireCommit>, head: &Sha) -> Vec<WireCommit> {
    let is_head = |commit: Option<&WireCommit>| {
        commit.and_then(|it| sha(it.sha.as_deref())).as_ref() == Some(head)
    };
    if is_head(commits.last()) && !is_head(commits.first()) {
        commits.reverse();
    }
    commits
}

/// Says whether the forge itself signed a merge commit, in nobody's name: one that a person made and
/// signed has that person as its committer.
fn is_forge_signed(commit: &WireCommit) -> bool {
    let verified = commit
        .commit
        .as_ref()
        .and_then(|inner| inner.verification.as_ref())
        .is_some_and(|verification| verification.verified);
    let nobody = commit.committer.as_ref().and_then(person).is_none();
    commit.parents().len() > 1 && verified && nobody
}

/// Says which pull requests brought each commit: the one that it was merged as, and for the commits
/// that a merge commit brought in, that merge's.
fn brought(
    commits: &[WireCommit],
    pulls: &HashMap<Sha, WirePull>,
) -> HashMap<Sha, Vec<PullRequestNumber>> {
    let parents: HashMap<Sha, Vec<Sha>> = commits
        .iter()
        .filter_map(|commit| Some((sha(commit.sha.as_deref())?, commit.parents())))
        .collect();
    let reach = |from: &[Sha]| {
        let mut seen: HashSet<Sha> = HashSet::new();
        let mut next: Vec<Sha> = from.to_vec();
        while let Some(commit) = next.pop() {
            if let Some(parents) = parents.get(&commit)
                && seen.insert(commit)
            {
                next.extend(parents.iter().cloned());
            }
        }
        seen
    };
    let mut brought: HashMap<Sha, Vec<PullRequestNumber>> = HashMap::new();
    for (merged, pull) in pulls {
        let number = PullRequestNumber(pull.number);
        brought.entry(merged.clone()).or_default().push(number);
        let Some([first, others @ ..]) = parents.get(merged).map(Vec::as_slice) else {
            continue;
        };
        let before = reach(std::slice::from_ref(first));
        for commit in reach(others) {
            if !before.contains(&commit) {
                brought.entry(commit).or_default().push(number);
            }
        }
    }
    for numbers in brought.values_mut() {
        numbers.sort_unstable();
        numbers.dedup();
    }
    brought
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn commit(id: &str, parents: &[&str]) -> WireCommit {
        let parents: Vec<_> = parents.iter().map(|sha| json!({"sha": sha})).collect();
        let wire = json!({"sha": id, "parents": parents, "author": null, "committer": null,
            "commit": {"message": "m\n\nmore", "author": {"name": "Ada", "date": "2026-11-01T10:00:00Z"}}});
        serde_json::from_value(wire).unwrap()
    }

    fn pull(number: u64) -> WirePull {
        serde_json::from_value(json!({"number": number, "merged": true})).unwrap()
    }

    #[test]
    fn a_merge_brings_what_its_branch_held_and_nothing_else() {
        // main: b ← m (merge of f1, f2) ← d; f1 forked from b.
        let commits = [
            commit("d", &["m"]),
            commit("m", &["c", "f2"]),
            commit("f2", &["f1"]),
            commit("c", &["b"]),
            commit("f1", &["b"]),
        ];
        let pulls = HashMap::from([(Sha::from("m"), pull(7))]);
        let brought = brought(&commits, &pulls);
        let of = |sha: &str| brought.get(&Sha::from(sha)).cloned().unwrap_or_default();
        for sha in ["m", "f1", "f2"] {
            assert_eq!(of(sha), [PullRequestNumber(7)], "{sha}");
        }
        for sha in ["c", "d", "b"] {
            assert!(of(sha).is_empty(), "{sha}");
        }
    }

    #[test]
    fn commits_come_newest_first_whatever_the_forge_does() {
        let head = Sha::from("c");
        let names = |commits: Vec<WireCommit>| {
            let ids = commits.into_iter().filter_map(|commit| commit.sha);
            ids.collect::<String>()
        };
        let up = vec![commit("a", &[]), commit("b", &["a"]), commit("c", &["b"])];
        let down = up.iter().rev().cloned().collect();
        assert_eq!(names(newest_first(up, &head)), "cba");
        assert_eq!(names(newest_first(down, &head)), "cba");
    }

    #[test]
    fn both_sides_tell_the_relation() {
        assert_eq!(relation(3, 0), Relation::Ahead);
        assert_eq!(relation(0, 2), Relation::Behind);
        assert_eq!(relation(3, 2), Relation::Diverged);
        assert_eq!(relation(0, 0), Relation::Identical);
    }

    #[test]
    fn only_a_merge_that_the_forge_signed_itself_is_its_own() {
        let read = |parents: &[&str], verified: bool, committer: Value| {
            let mut wire = commit("m", parents);
            wire.commit.as_mut().unwrap().verification = Some(Verification { verified });
            wire.committer = serde_json::from_value(committer).unwrap();
            is_forge_signed(&wire)
        };
        assert!(read(&["a", "b"], true, Value::Null));
        assert!(!read(&["a"], true, Value::Null));
        assert!(!read(&["a", "b"], false, Value::Null));
        assert!(!read(&["a", "b"], true, json!({"login": "ada"})));
    }

    #[test]
    fn an_author_has_an_account_or_only_a_name() {
        let read = commit("AB", &[]).into_commit().unwrap();
        assert_eq!((read.sha.as_str(), read.headline.as_str()), ("ab", "m"));
        assert_eq!(
            (read.author, read.has_account),
            (Some(Person::from("Ada")), false)
        );
    }
}
