//! A repository and the lists that belong to it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiff::Timestamp;

use super::{
    Branch, Commit, CommitStatus, Deployment, Doom, Environment, Health, Issue, Pull, Release,
    Report, Run, Tag, Workflow,
};

/// A label that pull requests may carry.
#[derive(Debug, Clone)]
pub struct Label {
    /// Its number.
    pub id: u64,
    /// Its text.
    pub name: String,
    /// Six hexadecimal digits.
    pub color: String,
    /// What it means.
    pub description: String,
}

/// A repository. Every list is in order of creation, oldest first.
#[expect(
    clippy::struct_excessive_bools,
    reason = "GitHub's own flags, each on its own"
)]
#[derive(Debug, Clone)]
pub struct Repo {
    /// Its number.
    pub id: u64,
    /// User or organisation.
    pub owner: String,
    /// Name without owner.
    pub name: String,
    /// The paths that it once had, which lead to it by redirect.
    pub moved_from: Vec<String>,
    /// One line for people.
    pub description: String,
    /// The main language.
    pub language: String,
    /// Topics.
    pub topics: Vec<String>,
    /// Hidden from strangers.
    pub private: bool,
    /// Read-only.
    pub archived: bool,
    /// Blocked by the forge.
    pub disabled: bool,
    /// Workflows run here; Forgejo has a switch for that.
    pub actions: bool,
    /// The branch that work goes to.
    pub default_branch: String,
    /// Merge commits are allowed.
    pub merge_commit: bool,
    /// Squash merges are allowed.
    pub squash: bool,
    /// Rebase merges are allowed.
    pub rebase: bool,
    /// Auto-merge is allowed.
    pub auto_merge: bool,
    /// Pull requests are merged by way of a queue.
    pub merge_queue: bool,
    /// Age of the repository.
    pub created_at: Timestamp,
    /// The newest push.
    pub pushed_at: Timestamp,
    /// A bot takes created deployments through in `took` seconds; `None` leaves them queued.
    pub deployer: Option<Deployer>,
    /// The labels in use.
    pub labels: Vec<Label>,
    /// Every commit, on whatever branch.
    pub commits: Vec<Arc<Commit>>,
    /// By name.
    pub branches: BTreeMap<String, Branch>,
    /// In order of creation.
    pub tags: Vec<Tag>,
    /// Pull requests.
    pub pulls: Vec<Pull>,
    /// Issues.
    pub issues: Vec<Issue>,
    /// Workflow files.
    pub workflows: Vec<Arc<Workflow>>,
    /// Workflow runs that can be seen.
    pub runs: Vec<Arc<Run>>,
    /// Commit statuses.
    pub statuses: Vec<CommitStatus>,
    /// Deployment environments.
    pub environments: Vec<Environment>,
    /// Deployments.
    pub deployments: Vec<Arc<Deployment>>,
    /// Releases, drafts included.
    pub releases: Vec<Release>,
    /// How well the deployed thing is.
    pub health: Health,
    /// What jobs report when they end, by name, where the commit has no report of its own.
    pub reports: BTreeMap<String, Report>,
    /// What jobs report on single commits.
    pub(crate) reported: HashMap<String, BTreeMap<String, Report>>,
    /// What GitLab alone has; `None` on other forges.
    pub gitlab: Option<super::gitlab::Project>,
    /// What is decided about what comes.
    pub(crate) dooms: Vec<Doom>,
    pub(crate) by_sha: Arc<HashMap<String, usize>>,
    pub(crate) last_number: u64,
    pub(crate) run_numbers: HashMap<u64, u64>,
}

/// The bot that answers created deployments.
#[derive(Debug, Clone)]
pub struct Deployer {
    /// Who it is.
    pub login: String,
    /// How long a deployment takes at speed 1, in seconds.
    pub took: u64,
}

impl Repo {
    /// `owner/name`.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }
}
