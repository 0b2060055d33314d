//! Acts: one write on a forge each, as data. Sending them lives in the forge adapters; whether one
//! may be sent at all lives in `promotion.rs` and the journal.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::capability::Capability;
use super::forge_kind::ForgeKind;
use super::ids::{
    DeploymentId, EnvironmentId, EnvironmentName, FreezeId, JobId, PullRequestNumber, ReleaseId,
    RunId, Sha,
};

mod call;

/// One write on a forge, complete: nothing is looked up or decided when it is sent.
///
/// The correlation key is not part of it: the forge adapter puts the intent's id wherever the act
/// can carry it (a comment, an input, a payload, a description).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case")]
pub enum Act {
    /// Approves what a run waits for.
    Approve {
        run: RunId,
        environments: Vec<EnvironmentId>,
        comment: String,
    },
    /// Rejects what a run waits for.
    Reject {
        run: RunId,
        environments: Vec<EnvironmentId>,
        comment: String,
    },
    /// Approves a deployment that is blocked, and starts its job: two writes, since an approval alone
    /// starts nothing there.
    ApproveDeployment {
        run: RunId,
        deployment: DeploymentId,
        job: JobId,
        comment: String,
    },
    /// Rejects a deployment that is blocked.
    RejectDeployment {
        run: RunId,
        deployment: DeploymentId,
        comment: String,
    },
    /// Starts a job that waits for a person.
    PlayJob {
        run: RunId,
        job: JobId,
        name: String,
    },
    /// Runs a job that has ended once more, in the pipeline that it is of: what it deployed comes back.
    RetryJob {
        run: RunId,
        job: JobId,
        name: String,
    },
    /// Stops one job, and nothing else of its pipeline.
    CancelJob {
        run: RunId,
        job: JobId,
        name: String,
    },
    /// Starts a pipeline of a branch or tag.
    RunPipeline {
        git_ref: String,
        variables: BTreeMap<String, String>,
    },
    /// Tags a revision.
    CreateTag { tag: String, target: Sha },
    /// Starts a workflow. `git_ref` is a branch or tag, never a SHA: the forge takes no other.
    Dispatch {
        workflow: String,
        git_ref: String,
        inputs: BTreeMap<String, String>,
    },
    /// Records a deployment for a deployer on the forge to pick up.
    CreateDeployment {
        sha: Sha,
        environment: EnvironmentName,
        description: String,
    },
    /// Merges a promotion pull request, only if its head is still `head`.
    MergePullRequest {
        number: PullRequestNumber,
        head: Sha,
        method: MergeMethod,
    },
    /// Publishes a draft release, or makes a new one if `release` is `None`.
    PublishRelease {
        release: Option<ReleaseId>,
        tag: String,
        target: Sha,
        prerelease: bool,
    },
    /// Stops a run.
    Cancel { run: RunId },
    /// Runs a run again, or only its failed jobs.
    Rerun { run: RunId, failed_only: bool },
    /// Sends nothing: people do it, or have called it off. Only the journal keeps it.
    ByHand,
    /// Sets a commit status.
    SetStatus {
        sha: Sha,
        context: String,
        state: StatusState,
        description: String,
        target_url: Option<String>,
    },
    /// Puts a label on an open pull request.
    AddLabel {
        number: PullRequestNumber,
        label: String,
    },
    /// Takes a label off a pull request.
    RemoveLabel {
        number: PullRequestNumber,
        label: String,
    },
    /// Makes a freeze period, by two cron expressions in UTC.
    Freeze { start: String, end: String },
    /// Takes a freeze period away; its expressions say which it was.
    Unfreeze {
        freeze: FreezeId,
        start: String,
        end: String,
    },
}

/// How a pull request is merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MergeMethod {
    Merge,
    Squash,
    Rebase,
}

impl MergeMethod {
    pub fn word(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Squash => "squash",
            Self::Rebase => "rebase",
        }
    }
}

/// The state of a commit status that we set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StatusState {
    Pending,
    Success,
    Failure,
    Error,
}

impl StatusState {
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Error => "error",
        }
    }
}

/// What came of sending an act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The forge took it and named what it made of it.
    Accepted(Handle),
    /// A definite refusal: nothing happened on the forge.
    Rejected {
        status: u16,
        why: String,
        hint: Option<String>,
        /// It is this token that may not do so there: asked again, it would be refused again.
        denied: bool,
    },
    /// Sent, and no answer that says what happened. It may have happened.
    NoAnswer { why: String },
}

/// What on the forge an accepted act is followed by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handle {
    pub run: Option<RunId>,
    /// The job that was made, where one was run again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
    pub deployment: Option<DeploymentId>,
    pub release: Option<ReleaseId>,
    /// The commit that a merge made.
    pub sha: Option<Sha>,
    pub url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freeze: Option<FreezeId>,
    /// When the forge answered, by its own clock in seconds since 1970: a run that a dispatch
    /// without an id started is not older than this.
    pub forge_time: Option<i64>,
}

impl Act {
    /// Returns the run that the act is about, if it is about one.
    pub fn run(&self) -> Option<RunId> {
        match self {
            Self::Approve { run, .. }
            | Self::Reject { run, .. }
            | Self::ApproveDeployment { run, .. }
            | Self::RejectDeployment { run, .. }
            | Self::PlayJob { run, .. }
            | Self::RetryJob { run, .. }
            | Self::CancelJob { run, .. }
            | Self::Cancel { run }
            | Self::Rerun { run, .. } => Some(*run),
            Self::RunPipeline { .. }
            | Self::CreateTag { .. }
            | Self::Dispatch { .. }
            | Self::CreateDeployment { .. }
            | Self::MergePullRequest { .. }
            | Self::PublishRelease { .. }
            | Self::ByHand
            | Self::SetStatus { .. }
            | Self::AddLabel { .. }
            | Self::RemoveLabel { .. }
            | Self::Freeze { .. }
            | Self::Unfreeze { .. } => None,
        }
    }

    /// What a forge must be able to do for it, where forges differ in that.
    pub fn needs(&self) -> Option<Capability> {
        match self {
            Self::Approve { .. }
            | Self::Reject { .. }
            | Self::ApproveDeployment { .. }
            | Self::RejectDeployment { .. }
            | Self::PlayJob { .. } => Some(Capability::Approve),
            Self::RunPipeline { .. } | Self::Dispatch { .. } => Some(Capability::Dispatch),
            Self::CreateDeployment { .. } => Some(Capability::CreateDeployment),
            Self::MergePullRequest { .. } => Some(Capability::MergePullRequest),
            Self::PublishRelease { .. } => Some(Capability::PublishRelease),
            Self::Cancel { .. } | Self::CancelJob { .. } => Some(Capability::Cancel),
            Self::Rerun { .. } | Self::RetryJob { .. } => Some(Capability::Rerun),
            Self::SetStatus { .. } => Some(Capability::SetStatus),
            Self::CreateTag { .. }
            | Self::ByHand
            | Self::AddLabel { .. }
            | Self::RemoveLabel { .. }
            | Self::Freeze { .. }
            | Self::Unfreeze { .. } => None,
        }
    }

    /// The call as the operator reads it before confirming, in the forge's own words, without host
    /// or token.
    pub fn call(&self, kind: ForgeKind, repo: &str) -> String {
        if *self == Self::ByHand {
            return "nothing is sent: it is done by hand, and the journal keeps it".to_owned();
        }
        match kind {
            ForgeKind::GitHub => call::github(self, repo),
            ForgeKind::GitLab => call::gitlab(self, repo),
            ForgeKind::Forgejo => call::forgejo(self, repo),
        }
    }

    /// What the act is called where the forge has no such call.
    fn word(&self) -> &'static str {
        match self {
            Self::Approve { .. } | Self::ApproveDeployment { .. } => "approving",
            Self::Reject { .. } | Self::RejectDeployment { .. } => "rejecting",
            Self::PlayJob { .. } => "starting a job",
            Self::RetryJob { .. } => "running a job again",
            Self::CancelJob { .. } => "cancelling a job",
            Self::RunPipeline { .. } => "starting a pipeline",
            Self::CreateTag { .. } => "tagging",
            Self::Dispatch { .. } => "dispatching a workflow",
            Self::CreateDeployment { .. } => "creating a deployment",
            Self::MergePullRequest { .. } => "merging",
            Self::PublishRelease { .. } => "publishing a release",
            Self::Cancel { .. } => "cancelling",
            Self::Rerun { .. } => "running again",
            Self::SetStatus { .. } => "setting a status",
            Self::AddLabel { .. } => "labelling",
            Self::RemoveLabel { .. } => "taking a label off",
            Self::Freeze { .. } => "freezing",
            Self::Unfreeze { .. } => "ending a freeze",
            Self::ByHand => "doing it by hand",
        }
    }
}
