//! Scope: the commits and pull requests between two revisions. What they add up to lives in
//! `scope/`, how much is at stake in `risk.rs`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{Digest, EnvironmentName, Person, PullRequestNumber, ServiceName, Sha};
use super::pipeline::Checks;
use super::pull_request::Review;
use super::revision::Revision;

mod contents;
mod rule;
mod ticket;

#[cfg(test)]
mod tests;

pub use contents::Size;
pub use rule::{Globs, ScopeRule, TicketPattern};
pub use ticket::Ticket;

/// How two revisions stand to each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Relation {
    /// The head has everything of the base and more.
    Ahead,
    /// The base has everything of the head: going there means going back.
    Behind,
    Diverged,
    Identical,
    Unknown(String),
}

/// What moves when `head` replaces `base`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    pub base: Sha,
    pub head: Sha,
    pub relation: Relation,
    /// How many commits there are; `commits` may hold fewer.
    pub total: u64,
    /// Newest first.
    pub commits: Vec<Commit>,
    pub pull_requests: Vec<ScopedPullRequest>,
    /// Whether every commit and pull request of the scope was read; if not, review can't be judged.
    pub complete: bool,
    /// What changed in which file; `None` where the forge did not say.
    #[serde(default)]
    pub files: Option<Files>,
    pub url: Option<String>,
}

/// The files that differ between the two ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Files {
    pub listed: Vec<ChangedFile>,
    /// The forge lists so many and no more; there may be others.
    pub cut: bool,
}

/// A file that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedFile {
    /// From the root of the repository.
    pub path: String,
    /// Where it was before it was moved.
    pub was: Option<String>,
    pub additions: u64,
    pub deletions: u64,
}

/// A commit in scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    pub sha: Sha,
    pub headline: String,
    /// What stands below the headline, on one line.
    #[serde(default)]
    pub message: String,
    pub author: Option<Person>,
    /// Whether `author` is an account of the forge, rather than a name that git was told: such a
    /// name may be anybody's.
    pub has_account: bool,
    /// Whether the forge itself made it when somebody pressed merge: a merge commit that it signed,
    /// and in which nobody wrote anything.
    pub is_forge_merge: bool,
    pub at: Option<Timestamp>,
    /// The merged pull requests that brought it; without one, nobody reviewed it.
    #[serde(default)]
    pub pull_requests: Vec<PullRequestNumber>,
    /// Its checks, where they were asked for and could be read.
    #[serde(default)]
    pub checks: Option<Checks>,
}

/// A merged pull request that brought a commit of the scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopedPullRequest {
    pub number: PullRequestNumber,
    pub title: String,
    /// What stands below the title, on one line and no longer than any text of a forge.
    #[serde(default)]
    pub body: String,
    /// The branch that it came from.
    #[serde(default)]
    pub branch: Option<String>,
    pub author: Option<Person>,
    #[serde(default)]
    pub merged_by: Option<Person>,
    pub url: String,
    pub labels: Vec<String>,
    pub additions: Option<u64>,
    pub deletions: Option<u64>,
    /// The latest opinion of each reviewer.
    pub reviews: Vec<Review>,
}

/// Returns the hash that binds a vote to what it was cast on.
///
/// Commits never change, so the two ends determine every commit and merged pull request between
/// them; hashing the ends keeps the hash the same while the list is still being read.
pub fn hash(
    service: &ServiceName,
    environment: &EnvironmentName,
    from: Option<&Revision>,
    to: &Revision,
) -> Digest {
    Digest::of([
        service.as_str(),
        environment.as_str(),
        from.map_or("", |revision| revision.sha.as_str()),
        to.sha.as_str(),
    ])
}
