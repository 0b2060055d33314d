//! What a forge can do with a token: each kind and version of forge has its own.

use serde::{Deserialize, Serialize};

/// What a forge, with this token, can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    Approve,
    Dispatch,
    /// A dispatch answers with the run that it started.
    DispatchDetails,
    CreateDeployment,
    MergePullRequest,
    PublishRelease,
    Cancel,
    Rerun,
    SetStatus,
    /// Checks are readable one by one, not only rolled up.
    Checks,
    /// The log of a job that has ended can be read.
    Log,
    /// The log of a job that runs can be read too.
    FollowLog,
}

impl Capability {
    /// In the order in which they are told.
    pub const ALL: [Self; 12] = [
        Self::Approve,
        Self::Dispatch,
        Self::DispatchDetails,
        Self::CreateDeployment,
        Self::MergePullRequest,
        Self::PublishRelease,
        Self::Cancel,
        Self::Rerun,
        Self::SetStatus,
        Self::Checks,
        Self::Log,
        Self::FollowLog,
    ];

    /// Says whether it changes something on the forge.
    pub fn changes(self) -> bool {
        match self {
            Self::Approve
            | Self::Dispatch
            | Self::CreateDeployment
            | Self::MergePullRequest
            | Self::PublishRelease
            | Self::Cancel
            | Self::Rerun
            | Self::SetStatus => true,
            Self::DispatchDetails | Self::Checks | Self::Log | Self::FollowLog => false,
        }
    }

    /// Says whether each environment has its own rule of who may.
    pub fn is_of_environment(self) -> bool {
        matches!(
            self,
            Self::Approve | Self::CreateDeployment | Self::MergePullRequest
        )
    }

    /// What it is, in words for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Dispatch => "start workflows",
            Self::DispatchDetails => "tells the started run",
            Self::CreateDeployment => "create deployments",
            Self::MergePullRequest => "merge",
            Self::PublishRelease => "publish releases",
            Self::Cancel => "cancel runs",
            Self::Rerun => "run again",
            Self::SetStatus => "set statuses",
            Self::Checks => "single checks",
            Self::Log => "logs of ended jobs",
            Self::FollowLog => "logs of running jobs",
        }
    }

    /// What who lacks it cannot do: a verb and its object.
    pub fn deed(self) -> &'static str {
        match self {
            Self::Approve => "let in what waits for a person",
            Self::Dispatch => "start a workflow or pipeline",
            Self::DispatchDetails => "tell which run it started",
            Self::CreateDeployment => "create a deployment",
            Self::MergePullRequest => "merge",
            Self::PublishRelease => "publish a release",
            Self::Cancel => "cancel what runs",
            Self::Rerun => "run a run again",
            Self::SetStatus => "set a commit status",
            Self::Checks => "show single checks",
            Self::Log => "show the log of a job",
            Self::FollowLog => "show the log of a running job",
        }
    }

    /// What it is called where programs read it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Dispatch => "dispatch",
            Self::DispatchDetails => "dispatch-details",
            Self::CreateDeployment => "create-deployment",
            Self::MergePullRequest => "merge-pull-request",
            Self::PublishRelease => "publish-release",
            Self::Cancel => "cancel",
            Self::Rerun => "rerun",
            Self::SetStatus => "set-status",
            Self::Checks => "checks",
            Self::Log => "log",
            Self::FollowLog => "follow-log",
        }
    }
}
