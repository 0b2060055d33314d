//! Acts: one write on a forge each, as data. Sending them lives in the forge adapters; whether one
//! may be sent at all lives in `promotion.rs` and the journal.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ids::{
    DeploymentId, EnvironmentId, EnvironmentName, PullRequestNumber, ReleaseId, RunId, Sha,
};

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
    },
    /// Sent, and no answer that says what happened. It may have happened.
    NoAnswer { why: String },
}

/// What on the forge an accepted act is followed by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handle {
    pub run: Option<RunId>,
    pub deployment: Option<DeploymentId>,
    pub release: Option<ReleaseId>,
    /// The commit that a merge made.
    pub sha: Option<Sha>,
    pub url: Option<String>,
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
            | Self::Cancel { run }
            | Self::Rerun { run, .. } => Some(*run),
            Self::Dispatch { .. }
            | Self::CreateDeployment { .. }
            | Self::MergePullRequest { .. }
            | Self::PublishRelease { .. }
            | Self::ByHand
            | Self::SetStatus { .. } => None,
        }
    }

    /// The call as the operator reads it before confirming, without host or token.
    pub fn call(&self, repo: &str) -> String {
        let environments = |ids: &[EnvironmentId]| {
            ids.iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(",")
        };
        match self {
            Self::Approve {
                run,
                environments: ids,
                ..
            } => {
                format!(
                    "POST /repos/{repo}/actions/runs/{run}/pending_deployments state=approved environment_ids={}",
                    environments(ids)
                )
            }
            Self::Reject {
                run,
                environments: ids,
                ..
            } => {
                format!(
                    "POST /repos/{repo}/actions/runs/{run}/pending_deployments state=rejected environment_ids={}",
                    environments(ids)
                )
            }
            Self::Dispatch {
                workflow,
                git_ref,
                inputs,
            } => {
                let inputs: String = inputs
                    .iter()
                    .map(|(name, value)| format!(" {name}={value}"))
                    .collect();
                format!(
                    "POST /repos/{repo}/actions/workflows/{workflow}/dispatches ref={git_ref}{inputs}"
                )
            }
            Self::CreateDeployment {
                sha, environment, ..
            } => {
                format!(
                    "POST /repos/{repo}/deployments ref={} environment={environment}",
                    sha.short()
                )
            }
            Self::MergePullRequest {
                number,
                head,
                method,
            } => {
                format!(
                    "PUT /repos/{repo}/pulls/{number}/merge sha={} merge_method={}",
                    head.short(),
                    method.word()
                )
            }
            Self::PublishRelease {
                release: Some(id),
                tag,
                ..
            } => {
                format!("PATCH /repos/{repo}/releases/{id} draft=false tag_name={tag}")
            }
            Self::PublishRelease {
                release: None,
                tag,
                target,
                ..
            } => {
                format!(
                    "POST /repos/{repo}/releases tag_name={tag} target_commitish={}",
                    target.short()
                )
            }
            Self::Cancel { run } => format!("POST /repos/{repo}/actions/runs/{run}/cancel"),
            Self::Rerun {
                run,
                failed_only: true,
            } => format!("POST /repos/{repo}/actions/runs/{run}/rerun-failed-jobs"),
            Self::Rerun {
                run,
                failed_only: false,
            } => format!("POST /repos/{repo}/actions/runs/{run}/rerun"),
            Self::ByHand => {
                "nothing is sent: it is done by hand, and the journal keeps it".to_owned()
            }
            Self::SetStatus {
                sha,
                context,
                state,
                ..
            } => format!(
                "POST /repos/{repo}/statuses/{} context={context} state={}",
                sha.short(),
                state.word()
            ),
        }
    }
}
