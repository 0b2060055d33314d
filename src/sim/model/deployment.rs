//! Environments and deployments.

use jiff::Timestamp;
use serde_json::Value;

use super::words;

words! {
    /// The states of deployments and of their statuses. A status is never `active`,
    /// `abandoned` or `destroyed`; REST cannot set `waiting`.
    DeploymentState {
        Abandoned = "abandoned", Active = "active", Destroyed = "destroyed", Error = "error",
        Failure = "failure", Inactive = "inactive", InProgress = "in_progress",
        Pending = "pending", Queued = "queued", Success = "success", Waiting = "waiting",
    }
}

/// A deployment environment.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Its number.
    pub id: u64,
    /// Its name, slashes allowed.
    pub name: String,
    /// Minutes that a job waits here.
    pub wait_timer: u32,
    /// Logins or team slugs, one of whom must approve; a team is written `@slug`.
    pub reviewers: Vec<String>,
    /// Whoever started the run may not approve it.
    pub prevent_self_review: bool,
    /// Which branches may deploy here.
    pub branch_policy: Option<BranchPolicy>,
    /// Counts as production: older deployments stay active.
    pub production: bool,
    /// Where the deployed thing answers.
    pub url: Option<String>,
    /// How many must approve, of each reviewer or team; GitLab's.
    pub approvals: u32,
    /// Logins or `@team` who alone may deploy here; GitLab's, empty when it is not protected.
    pub deployers: Vec<String>,
    /// `production`, `staging`, `testing`, `development` or `other`; GitLab's.
    pub tier: &'static str,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Which branches may deploy to an environment.
#[derive(Debug, Clone)]
pub struct BranchPolicy {
    /// All protected branches.
    pub protected: bool,
    /// Otherwise these name patterns.
    pub patterns: Vec<String>,
}

/// A deployment.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// Its number.
    pub id: u64,
    /// The commit deployed.
    pub sha: String,
    /// Branch, tag or sha as it was asked for.
    pub ref_: String,
    /// `deploy` unless told otherwise.
    pub task: String,
    /// What the caller wanted remembered.
    pub payload: Value,
    /// Where to.
    pub environment: String,
    /// Where to, when it was made.
    pub original_environment: String,
    /// A line for people.
    pub description: Option<String>,
    /// Who made it.
    pub creator: String,
    /// Is meant to vanish.
    pub transient: bool,
    /// Is what users see.
    pub production: bool,
    /// The run and job that made it.
    pub run: Option<(u64, u64)>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Last change.
    pub updated_at: Timestamp,
    /// Oldest first.
    pub statuses: Vec<DeploymentStatus>,
    /// What approvers said of this very deployment; GitLab's.
    pub consents: Vec<Consent>,
}

/// What an approver said of one deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Who.
    pub login: String,
    /// For which of the environment's reviewers, by its place in the list.
    pub rule: usize,
    /// Approved, or rejected.
    pub approved: bool,
    /// The comment.
    pub comment: String,
    /// When.
    pub at: Timestamp,
}

/// One word in the life of a deployment.
#[derive(Debug, Clone)]
pub struct DeploymentStatus {
    /// Its number.
    pub id: u64,
    /// The word.
    pub state: DeploymentState,
    /// Who said it.
    pub creator: String,
    /// A line for people.
    pub description: String,
    /// The environment at that moment.
    pub environment: String,
    /// Where the deployed thing answers.
    pub environment_url: String,
    /// Where the log is.
    pub log_url: String,
    /// When.
    pub created_at: Timestamp,
}

impl Deployment {
    /// The newest status.
    pub fn latest(&self) -> Option<&DeploymentStatus> {
        self.statuses.last()
    }

    /// The state that GraphQL shows: a standing success reads `active`, silence `pending`.
    pub fn state(&self) -> DeploymentState {
        match self.latest().map(|status| status.state) {
            None => DeploymentState::Pending,
            Some(DeploymentState::Success) => DeploymentState::Active,
            Some(other) => other,
        }
    }
}
