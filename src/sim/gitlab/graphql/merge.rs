//! Merge requests and their labels.

use async_graphql::{Enum, Error, Object};

use super::{
    page::{Slice, connection},
    pipeline::{Pipeline, states},
    query::{Place, Time},
};
use crate::sim::model::{Label as ModelLabel, Pull};

states! {
    /// Whether a merge request can be merged, or what is in the way.
    DetailedMergeStatus {
        Unchecked = "unchecked", Checking = "checking", Mergeable = "mergeable",
        CommitsStatus = "commits_status", CiMustPass = "ci_must_pass",
        CiStillRunning = "ci_still_running",
        DiscussionsNotResolved = "discussions_not_resolved", DraftStatus = "draft_status",
        NotOpen = "not_open", NotApproved = "not_approved", BlockedStatus = "blocked_status",
        ExternalStatusChecks = "external_status_checks", Preparing = "preparing",
        JiraAssociation = "jira_association", Conflict = "conflict", NeedRebase = "need_rebase",
        ApprovalsSyncing = "approvals_syncing", LockedPaths = "locked_paths",
        LockedLfsFiles = "locked_lfs_files", MergeTime = "merge_time",
        SecurityPoliciesViolations = "security_policies_violations",
        TitleNotMatching = "title_not_matching", CodeOwnersApproval = "code_owners_approval",
        RequestedChanges = "requested_changes",
    }
}

/// State of a merge request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "lowercase")]
pub enum MergeRequestState {
    /// All available.
    All,
    /// Closed.
    Closed,
    /// Locked.
    Locked,
    /// Merged.
    Merged,
    /// Opened.
    Opened,
}

impl MergeRequestState {
    /// Says whether a word is this state.
    pub fn is(self, word: &str) -> bool {
        match self {
            Self::All => true,
            Self::Closed => word == "closed",
            Self::Locked => word == "locked",
            Self::Merged => word == "merged",
            Self::Opened => word == "opened",
        }
    }
}

/// Values for sorting merge requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[expect(missing_docs, reason = "the words say it")]
pub enum MergeRequestSort {
    ClosedAtAsc,
    ClosedAtDesc,
    CreatedAsc,
    CreatedDesc,
    LabelPriorityAsc,
    LabelPriorityDesc,
    MergedAtAsc,
    MergedAtDesc,
    MilestoneDueAsc,
    MilestoneDueDesc,
    PriorityAsc,
    PriorityDesc,
    TitleAsc,
    TitleDesc,
    UpdatedAsc,
    UpdatedDesc,
}

impl MergeRequestSort {
    /// Puts merge requests in order.
    pub fn order(self, all: &mut [&Pull]) {
        match self {
            Self::ClosedAtAsc | Self::ClosedAtDesc => all.sort_by_key(|it| it.closed_at),
            Self::MergedAtAsc | Self::MergedAtDesc => all.sort_by_key(|it| it.merged_at),
            Self::TitleAsc | Self::TitleDesc => all.sort_by(|a, b| a.title.cmp(&b.title)),
            Self::UpdatedAsc | Self::UpdatedDesc => {
                all.sort_by_key(|it| (it.updated_at, it.number));
            }
            // Nothing here has priorities or milestones.
            Self::CreatedAsc
            | Self::CreatedDesc
            | Self::LabelPriorityAsc
            | Self::LabelPriorityDesc
            | Self::MilestoneDueAsc
            | Self::MilestoneDueDesc
            | Self::PriorityAsc
            | Self::PriorityDesc => all.sort_by_key(|it| it.number),
        }
        if matches!(
            self,
            Self::ClosedAtDesc
                | Self::CreatedDesc
                | Self::LabelPriorityDesc
                | Self::MergedAtDesc
                | Self::MilestoneDueDesc
                | Self::PriorityDesc
                | Self::TitleDesc
                | Self::UpdatedDesc
        ) {
            all.reverse();
        }
    }
}

connection!(MergeRequestConnection of MergeRequest, count);
connection!(LabelConnection of Label, count);

/// A merge request.
#[derive(Debug, Clone, Copy)]
pub struct MergeRequest<'a> {
    /// Where.
    pub place: Place<'a>,
    /// Which.
    pub it: &'a Pull,
}

#[Object]
impl<'a> MergeRequest<'a> {
    /// Internal ID of the merge request.
    async fn iid(&self) -> String {
        self.it.number.to_string()
    }

    /// Title of the merge request.
    async fn title(&self) -> String {
        if self.it.draft {
            format!("Draft: {}", self.it.title)
        } else {
            self.it.title.clone()
        }
    }

    /// Web URL of the merge request.
    async fn web_url(&self) -> Option<String> {
        let web = self.place.state.html(self.place.repo);
        Some(format!("{web}/-/merge_requests/{}", self.it.number))
    }

    /// Indicates if the merge request is a draft.
    async fn draft(&self) -> bool {
        self.it.draft
    }

    /// Timestamp of when the merge request was last updated.
    async fn updated_at(&self) -> Time {
        Time(self.it.updated_at)
    }

    /// Source branch of the merge request.
    async fn source_branch(&self) -> &str {
        &self.it.head
    }

    /// Target branch of the merge request.
    async fn target_branch(&self) -> &str {
        &self.it.base
    }

    /// Diff head SHA of the merge request.
    async fn diff_head_sha(&self) -> Option<&str> {
        Some(&self.it.head_sha)
    }

    /// Indicates if the merge request has all the required approvals.
    async fn approved(&self) -> bool {
        let (given, needed) = self.place.repo.approvals(self.it);
        given >= needed
    }

    /// Number of approvals left.
    async fn approvals_left(&self) -> Option<i32> {
        let (given, needed) = self.place.repo.approvals(self.it);
        i32::try_from(needed.saturating_sub(given)).ok()
    }

    /// Detailed merge status of the merge request.
    async fn detailed_merge_status(&self) -> Option<DetailedMergeStatus> {
        DetailedMergeStatus::named(self.place.repo.detailed_merge_status(self.it))
    }

    /// Indicates if the merge request has conflicts.
    async fn conflicts(&self) -> bool {
        self.it.mergeable == Some(false)
    }

    /// Indicates if auto merge is enabled for the merge request.
    async fn auto_merge_enabled(&self) -> bool {
        self.it.auto_merge.is_some()
    }

    /// Labels of the merge request.
    async fn labels(
        &self,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Option<LabelConnection<'a>>, Error> {
        let all = self.place.repo.labels.iter();
        let all = all
            .filter(|it| self.it.labels.contains(&it.name))
            .map(Label);
        let slice = Slice::of(all.collect(), first, after.as_deref())?;
        Ok(Some(LabelConnection(slice)))
    }

    /// Pipeline running on the branch HEAD of the merge request.
    async fn head_pipeline(&self) -> Option<Pipeline<'a>> {
        let place = self.place;
        let it = place.repo.head_pipeline(self.it)?;
        Some(Pipeline { place, it })
    }
}

/// A label.
#[derive(Debug, Clone, Copy)]
pub struct Label<'a>(&'a ModelLabel);

#[Object]
impl Label<'_> {
    /// Content of the label.
    async fn title(&self) -> &str {
        &self.0.name
    }

    /// Background color of the label.
    async fn color(&self) -> String {
        format!("#{}", self.0.color)
    }
}
