//! The ways in which a promotion is made on a forge. What each comes down to is the engine's to say
//! (`app/engine/wish.rs`), whether one is open the forge gate's.

use std::collections::BTreeMap;

use crate::domain::act::MergeMethod;
use crate::domain::capability::Capability;

/// How a promotion into an environment is made on the forge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    /// Approves the run that waits for the environment; `workflow` narrows it to one workflow file.
    Approval { workflow: Option<String> },
    /// Dispatches a workflow. In `inputs`, `{environment}`, `{revision}`, `{version}` and `{key}`
    /// are replaced; `git_ref` may hold `{version}`.
    Workflow {
        workflow: String,
        git_ref: String,
        inputs: BTreeMap<String, String>,
    },
    /// Creates a deployment of the revision.
    Deployment,
    /// Merges the open pull request from `head` into `base`.
    PullRequest {
        base: String,
        head: String,
        method: MergeMethod,
    },
    /// Starts the job of this name, which waits for a person in the revision's pipeline.
    Job { name: String },
    /// Starts a pipeline; the same is put in as for a workflow.
    Pipeline {
        git_ref: String,
        variables: BTreeMap<String, String>,
    },
    /// Tags the revision; the name holds `{version}`, `{revision}`, `{environment}` or `{key}`.
    Tag { name: String },
    /// Sets a commit status of the revision to success, for which a deployer on the forge waits.
    /// The context may hold `{environment}`.
    Status { context: String },
    /// Publishes the draft release of the revision; without a draft, there is nothing to promote.
    Release,
    /// People do it by their checklist; gonogo sends nothing and records who said so.
    Checklist,
    /// Nothing is promoted through gonogo: it happens on the forge by itself (a push to the branch).
    Forge,
}

impl Via {
    /// What the forge must be able to do for a promotion by this way, where forges differ in that.
    pub fn needs(&self) -> Option<Capability> {
        match self {
            Self::Approval { .. } | Self::Job { .. } => Some(Capability::Approve),
            Self::Workflow { .. } | Self::Pipeline { .. } => Some(Capability::Dispatch),
            Self::Deployment => Some(Capability::CreateDeployment),
            Self::PullRequest { .. } => Some(Capability::MergePullRequest),
            Self::Status { .. } => Some(Capability::SetStatus),
            Self::Release => Some(Capability::PublishRelease),
            Self::Tag { .. } | Self::Checklist | Self::Forge => None,
        }
    }

    pub fn word(&self) -> &'static str {
        match self {
            Self::Approval { .. } => "approval",
            Self::Workflow { .. } => "workflow",
            Self::Deployment => "deployment",
            Self::PullRequest { .. } => "pull-request",
            Self::Job { .. } => "job",
            Self::Pipeline { .. } => "pipeline",
            Self::Tag { .. } => "tag",
            Self::Status { .. } => "status",
            Self::Release => "release",
            Self::Checklist => "checklist",
            Self::Forge => "forge",
        }
    }
}
