//! GitHub's enums, and what the model's words become in them.

use async_graphql::{Enum, resolver_utils::EnumType};

use crate::sim::model;

/// The enum value that a word of the model stands for; both APIs have the same words but for case.
pub fn word<T: EnumType>(text: &str) -> Option<T> {
    let found = T::items()
        .iter()
        .find(|it| it.name.eq_ignore_ascii_case(text));
    found.map(|it| it.value)
}

macro_rules! words {
    ($(#[$meta:meta])* $name:ident = $remote:literal { $($variant:ident),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
        #[graphql(remote = $remote)]
        pub enum $name { $($variant),+ }
    };
    ($(#[$meta:meta])* $name:ident { $($variant:ident),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($variant),+ }
    };
}

words! {
    /// Represents available types of methods to use when merging a pull request.
    PullRequestMergeMethod = "model::MergeMethod" { Merge, Rebase, Squash }
}
words! {
    /// The possible states of a check run in a status rollup.
    CheckRunState {
        ActionRequired, Cancelled, Completed, Failure, InProgress, Neutral, Pending, Queued,
        Skipped, Stale, StartupFailure, Success, TimedOut, Waiting,
    }
}
words! {
    /// The possible states for a check suite or run status.
    CheckStatusState = "model::RunStatus" { Completed, InProgress, Pending, Queued, Requested, Waiting }
}
words! {
    /// The possible states for a check suite or run conclusion.
    CheckConclusionState = "model::Conclusion" {
        ActionRequired, Cancelled, Failure, Neutral, Skipped, Stale, StartupFailure, Success, TimedOut,
    }
}
words! {
    /// The status of a git comparison between two refs.
    ComparisonStatus = "model::Ordering" { Ahead, Behind, Diverged, Identical }
}
words! {
    /// The possible states in which a deployment can be.
    DeploymentState = "model::DeploymentState" {
        Abandoned, Active, Destroyed, Error, Failure, Inactive, InProgress, Pending, Queued, Success,
        Waiting,
    }
}
words! {
    /// The possible states for a deployment status.
    DeploymentStatusState { Error, Failure, Inactive, InProgress, Pending, Queued, Success, Waiting }
}
words! {
    /// The possible protection rule types.
    DeploymentProtectionRuleType { BranchPolicy, RequiredReviewers, WaitTimer }
}
words! {
    /// The possible states for a merge queue entry.
    MergeQueueEntryState { AwaitingChecks, Locked, Mergeable, Queued, Unmergeable }
}
words! {
    /// The review status of a pull request.
    PullRequestReviewDecision { Approved, ChangesRequested, ReviewRequired }
}
words! {
    /// The possible states of a pull request review.
    PullRequestReviewState = "model::ReviewState" { Approved, ChangesRequested, Commented, Dismissed, Pending }
}
words! {
    /// The possible states of a pull request.
    PullRequestState = "model::PullState" { Closed, Merged, Open }
}
words! {
    /// The possible states of an issue.
    IssueState = "model::IssueState" { Closed, Open }
}
words! {
    /// The possible state reasons of an issue.
    IssueStateReason = "model::IssueReason" { Completed, Duplicate, NotPlanned, Reopened }
}
words! {
    /// The possible types of patch statuses.
    PatchStatus { Added, Changed, Copied, Deleted, Modified, Renamed }
}
words! {
    /// Whether or not a pull request can be merged.
    MergeableState { Conflicting, Mergeable, Unknown }
}
words! {
    /// Detailed status information about a pull request merge.
    MergeStateStatus { Behind, Blocked, Clean, Dirty, Draft, HasHooks, Unknown, Unstable }
}
words! {
    /// The access level to a repository.
    RepositoryPermission = "model::Permission" { Admin, Maintain, Read, Triage, Write }
}
words! {
    /// The possible commit status states.
    StatusState = "model::RollupState" { Error, Expected, Failure, Pending, Success }
}
words! {
    /// Possible directions in which to order a list of items when provided an `orderBy` argument.
    OrderDirection { Asc, Desc }
}
words! {
    /// Properties by which deployment connections can be ordered.
    DeploymentOrderField { CreatedAt }
}
words! {
    /// Properties by which release connections can be ordered.
    ReleaseOrderField { CreatedAt, Name }
}
words! {
    /// Properties by which issue connections can be ordered.
    IssueOrderField { Comments, CreatedAt, UpdatedAt }
}

impl From<DeploymentStatusState> for model::DeploymentState {
    fn from(state: DeploymentStatusState) -> Self {
        match state {
            DeploymentStatusState::Error => Self::Error,
            DeploymentStatusState::Failure => Self::Failure,
            DeploymentStatusState::Inactive => Self::Inactive,
            DeploymentStatusState::InProgress => Self::InProgress,
            DeploymentStatusState::Pending => Self::Pending,
            DeploymentStatusState::Queued => Self::Queued,
            DeploymentStatusState::Success => Self::Success,
            DeploymentStatusState::Waiting => Self::Waiting,
        }
    }
}
