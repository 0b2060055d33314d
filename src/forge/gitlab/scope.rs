//! The commits between two revisions, and the merge requests that brought them.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use serde::Deserialize;

use super::GitLab;
use super::changes::WireChange;
use super::pipelines::Wanted;
use super::project::User;
use crate::domain::ids::{Person, PullRequestNumber, RepoPath, Sha};
use crate::domain::pipeline::Checks;
use crate::domain::pull_request::Review;
use crate::domain::scope::{ChangedFile, Commit, Files, Relation, Scope, ScopedPullRequest};
use crate::domain::text::clean;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::http::path::part;

/// Commits whose merge requests are asked for: one request each.
const MOST_COMMITS: usize = 60;

#[derive(Deserialize)]
struct Comparison {
    #[serde(default)]
    commits: Vec<WireCommit>,
    /// The server gave up, and the list is not whole.
    #[serde(default)]
    compare_timeout: bool,
    diffs: Option<Vec<WireDiff>>,
    web_url: Option<String>,
}

/// One file of a comparison, with its diff as text.
#[derive(Deserialize)]
struct WireDiff {
    new_path: String,
    old_path: String,
    #[serde(default)]
    renamed_file: bool,
    #[serde(default)]
    diff: String,
    /// The text was left out.
    #[serde(default)]
    too_large: bool,
    #[serde(default)]
    collapsed: bool,
}

#[derive(Deserialize)]
struct WireCommit {
    id: String,
    title: Option<String>,
    /// With the title as its first line.
    message: Option<String>,
    author_name: Option<String>,
    committed_date: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Approvals {
    #[serde(default)]
    approved_by: Vec<ApprovedBy>,
}

#[derive(Deserialize)]
struct ApprovedBy {
    user: User,
    approved_at: Option<Timestamp>,
}

impl GitLab {
    pub(super) async fn read_scope(
        &self,
        repo: &RepoPath,
        base: &Sha,
        head: &Sha,
        named_checks: bool,
    ) -> Result<Scope, Error> {
        let forth = self.compare(repo, base, head).await?;
        // A comparison tells what one side has more; the other side is a question of its own.
        let back = self.compare(repo, head, base).await?;
        let relation = match (forth.commits.is_empty(), back.commits.is_empty()) {
            (true, true) => Relation::Identical,
            (false, true) => Relation::Ahead,
            (true, false) => Relation::Behind,
            (false, false) => Relation::Diverged,
        };
        let mut commits: Vec<Commit> = forth.commits.iter().map(commit).collect();
        // Oldest first from GitLab.
        commits.reverse();
        let mut scope = Scope {
            base: base.clone(),
            head: head.clone(),
            relation,
            total: commits.len() as u64,
            complete: !forth.compare_timeout
                && !back.compare_timeout
                && commits.len() <= MOST_COMMITS,
            commits,
            pull_requests: Vec::new(),
            files: forth.diffs.map(files),
            url: forth.web_url.as_deref().map(clean),
        };
        let mut brought: BTreeMap<u64, WireChange> = BTreeMap::new();
        let shas: Vec<Sha> = scope
            .commits
            .iter()
            .map(|commit| commit.sha.clone())
            .collect();
        let found: Vec<_> = stream::iter(shas.into_iter().take(MOST_COMMITS))
            .map(|sha| self.of_commit(repo, sha, named_checks))
            .buffered(self.rest.limits().concurrency.max(1))
            .collect()
            .await;
        for (commit, (changes, checks)) in scope.commits.iter_mut().zip(found) {
            commit.checks = checks;
            let Ok(changes) = changes else {
                scope.complete = false;
                continue;
            };
            let merged = |change: &WireChange| change.state.as_deref() == Some("merged");
            for change in changes.into_iter().filter(merged) {
                commit.pull_requests.push(PullRequestNumber(change.iid));
                brought.entry(change.iid).or_insert(change);
            }
        }
        let read: Vec<_> = stream::iter(brought.into_values().rev())
            .map(|change| self.with_reviews(repo, change))
            .buffered(self.rest.limits().concurrency.max(1))
            .collect()
            .await;
        for (change, whole) in read {
            scope.complete &= whole;
            scope.pull_requests.push(change);
        }
        Ok(scope)
    }

    async fn compare(&self, repo: &RepoPath, from: &Sha, to: &Sha) -> Result<Comparison, Error> {
        let (from, to) = (part(from.as_str()), part(to.as_str()));
        let route = format!("/repository/compare?from={from}&to={to}");
        self.read(Purpose::Look, repo, route).await
    }

    async fn of_commit(
        &self,
        repo: &RepoPath,
        sha: Sha,
        named_checks: bool,
    ) -> (Result<Vec<WireChange>, Error>, Option<Checks>) {
        let commit = part(sha.as_str());
        let route = format!("/repository/commits/{commit}/merge_requests?per_page=100");
        let changes = self.read(Purpose::Look, repo, route).await;
        let checks = if named_checks {
            // What could not be read by name is seen by the names that are not there.
            self.checks_of(repo, &sha).await.ok()
        } else {
            None
        };
        (changes, checks)
    }

    async fn checks_of(&self, repo: &RepoPath, sha: &Sha) -> Result<Checks, Error> {
        let pipelines = self.pipelines_of(Purpose::Look, repo, sha).await?;
        let wanted = Wanted {
            named: true,
            reports: false,
            deploying: &std::collections::BTreeSet::new(),
        };
        self.checks(repo, sha, &pipelines, wanted).await
    }

    /// Adds who approved; the second says whether that could be read.
    async fn with_reviews(&self, repo: &RepoPath, change: WireChange) -> (ScopedPullRequest, bool) {
        let route = format!("/merge_requests/{}/approvals", change.iid);
        let approvals = self.read::<Approvals>(Purpose::Look, repo, route).await;
        let whole = approvals.is_ok();
        let approved = approvals.map(|known| known.approved_by).unwrap_or_default();
        let change = ScopedPullRequest {
            number: PullRequestNumber(change.iid),
            title: clean(&change.title),
            body: clean(change.description.as_deref().unwrap_or_default()),
            branch: Some(clean(&change.source_branch)),
            merged_by: change.merge_user.as_ref().map(User::person),
            author: change.author.as_ref().map(User::person),
            url: clean(&change.web_url),
            labels: change.labels.iter().map(|label| clean(label)).collect(),
            additions: None,
            deletions: None,
            reviews: approved
                .into_iter()
                .map(|approved| Review {
                    author: approved.user.person(),
                    approved: true,
                    at: approved.approved_at,
                })
                .collect(),
        };
        (change, whole)
    }
}

/// Sizes are counted in the diffs; GitLab gives none.
fn files(read: Vec<WireDiff>) -> Files {
    let cut = read.iter().any(|file| file.too_large || file.collapsed);
    let listed = read.into_iter().map(|file| {
        let count = |sign: char| {
            let lines = file.diff.lines();
            lines.filter(|line| line.starts_with(sign)).count() as u64
        };
        ChangedFile {
            path: clean(&file.new_path),
            was: file.renamed_file.then(|| clean(&file.old_path)),
            additions: count('+'),
            deletions: count('-'),
        }
    });
    Files {
        listed: listed.collect(),
        cut,
    }
}

fn commit(read: &WireCommit) -> Commit {
    Commit {
        sha: Sha::from(clean(&read.id).to_lowercase()),
        headline: clean(read.title.as_deref().unwrap_or_default()),
        message: {
            let message = read.message.as_deref().unwrap_or_default();
            clean(message.split_once('\n').map_or("", |(_, rest)| rest))
        },
        author: read
            .author_name
            .as_deref()
            .map(|name| Person::from(clean(name))),
        // GitLab tells what git was told: a name that may be anybody's.
        has_account: false,
        is_forge_merge: false,
        at: read.committed_date,
        pull_requests: Vec::new(),
        checks: None,
    }
}
