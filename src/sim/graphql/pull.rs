//! Pull requests, their reviews and labels.

use async_graphql::{Context, ID, Object, SimpleObject};

use super::{
    blob::{self, PullRequestChangedFileConnection},
    commit::Commit,
    error::{Nullable, nullable},
    issue::{Issue, IssueConnection},
    page::{Page, connection},
    people::{Actor, RepositoryOwner},
    place::Place,
    repository::Repository,
    rollup::StatusCheckRollup,
    scalar::{DateTime, GitObjectId, Uri, count, int},
    words::{
        MergeStateStatus, MergeableState, PullRequestMergeMethod, PullRequestReviewDecision,
        PullRequestReviewState, PullRequestState, word,
    },
};
use crate::sim::model::{self, Kind, Permission, PullState};

connection!(PullRequestConnection of PullRequest);
connection!(PullRequestReviewConnection of PullRequestReview);
connection!(LabelConnection of Label);

/// A repository pull request.
#[derive(Debug, Clone, Copy)]
pub struct PullRequest<'a> {
    /// Where.
    pub place: Place<'a>,
    /// What.
    pub it: &'a model::Pull,
}

/// Represents an auto-merge request for a pull request.
#[derive(Debug, SimpleObject)]
pub struct AutoMergeRequest<'a> {
    /// When was this auto-merge request was enabled.
    enabled_at: Option<DateTime>,
    /// The merge method of the auto-merge request.
    merge_method: PullRequestMergeMethod,
    /// The actor who created the auto-merge request.
    enabled_by: Option<Actor<'a>>,
}

#[Object]
impl<'a> PullRequest<'a> {
    /// The Node ID of the `PullRequest` object.
    async fn id(&self) -> ID {
        self.place.id(Kind::PullRequest, self.it.id)
    }

    /// Identifies the primary key from the database.
    async fn database_id(&self) -> Option<i32> {
        int(self.it.id)
    }

    /// Identifies the pull request number.
    async fn number(&self) -> i32 {
        count(self.it.number)
    }

    /// Identifies the pull request title.
    async fn title(&self) -> &str {
        &self.it.title
    }

    /// The body as Markdown.
    async fn body(&self) -> &str {
        &self.it.body
    }

    /// The HTTP URL for this pull request.
    async fn url(&self) -> Uri {
        self.place.url(format_args!("/pull/{}", self.it.number))
    }

    /// Identifies the state of the pull request.
    async fn state(&self) -> PullRequestState {
        self.it.state.into()
    }

    /// Identifies if the pull request is a draft.
    async fn is_draft(&self) -> bool {
        self.it.draft
    }

    /// Identifies the name of the head Ref associated with the pull request, even if the ref has been
    /// deleted.
    async fn head_ref_name(&self) -> &str {
        &self.it.head
    }

    /// Identifies the oid of the head ref associated with the pull request, even if the ref has been
    /// deleted.
    async fn head_ref_oid(&self) -> GitObjectId<'_> {
        self.it.head_sha.as_str().into()
    }

    /// Identifies the name of the base Ref associated with the pull request, even if the ref has been
    /// deleted.
    async fn base_ref_name(&self) -> &str {
        &self.it.base
    }

    /// Identifies the oid of the base ref associated with the pull request, even if the ref has been
    /// deleted.
    async fn base_ref_oid(&self) -> GitObjectId<'_> {
        self.it.base_sha.as_str().into()
    }

    /// The repository associated with this pull request's head Ref.
    async fn head_repository(&self) -> Option<Repository<'a>> {
        Some(Repository(self.place))
    }

    /// The owner of the repository associated with this pull request's head Ref.
    async fn head_repository_owner(&self) -> Option<RepositoryOwner<'a>> {
        Some(RepositoryOwner::of(
            self.place.state,
            &self.place.repo.owner,
        ))
    }

    /// The head and base repositories are different: nobody forks here.
    async fn is_cross_repository(&self) -> bool {
        false
    }

    /// Identifies the date and time when the object was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.it.created_at)
    }

    /// Identifies the date and time when the object was last updated.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.it.updated_at)
    }

    /// The actor who authored the comment.
    async fn author(&self) -> Option<Actor<'a>> {
        Some(Actor::of(self.place.state, &self.it.author))
    }

    /// The current status of this pull request with respect to code review.
    async fn review_decision(&self) -> Option<PullRequestReviewDecision> {
        word(self.place.repo.review_decision(self.it)?)
    }

    /// Whether or not the pull request can be merged based on the existence of merge conflicts.
    async fn mergeable(&self) -> MergeableState {
        match self.it.mergeable {
            None => MergeableState::Unknown,
            Some(true) => MergeableState::Mergeable,
            Some(false) => MergeableState::Conflicting,
        }
    }

    /// Detailed information about the current pull request merge state status.
    async fn merge_state_status(&self) -> MergeStateStatus {
        word(self.place.repo.merge_state(self.it)).unwrap_or(MergeStateStatus::Unknown)
    }

    /// Indicates whether the pull request is in a merge queue.
    async fn is_in_merge_queue(&self) -> bool {
        self.it.queue.is_some()
    }

    /// Returns the auto-merge request object if one exists for this pull request.
    async fn auto_merge_request(&self) -> Option<AutoMergeRequest<'a>> {
        let it = self.it.auto_merge.as_ref()?;
        Some(AutoMergeRequest {
            enabled_at: Some(DateTime(it.at)),
            merge_method: it.method.into(),
            enabled_by: Some(Actor::of(self.place.state, &it.by)),
        })
    }

    /// Indicates whether the viewer can bypass branch protections and merge the pull request
    /// immediately.
    async fn viewer_can_merge_as_admin(&self) -> bool {
        self.it.state == PullState::Open && self.place.session.token.permission == Permission::Admin
    }

    /// Whether or not the viewer can enable auto-merge.
    async fn viewer_can_enable_auto_merge(&self) -> bool {
        self.it.state == PullState::Open
            && self.it.auto_merge.is_none()
            && self.place.repo.auto_merge
            && self.place.writes()
            && self.place.repo.merge_state(self.it) == "blocked"
    }

    /// The number of additions in this pull request.
    async fn additions(&self) -> i32 {
        count(self.it.additions)
    }

    /// The number of deletions in this pull request.
    async fn deletions(&self) -> i32 {
        count(self.it.deletions)
    }

    /// The number of changed files in this pull request.
    async fn changed_files(&self) -> i32 {
        count(self.it.files)
    }

    /// Lists the files changed within this pull request.
    async fn files(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Nullable<PullRequestChangedFileConnection<'a>> {
        nullable(|| {
            let page = Page::of(ctx, first, after.as_deref())?;
            let all = blob::changed(self.place, self.it);
            Ok(Some(PullRequestChangedFileConnection(page.cut(all))))
        })
    }

    /// List of issues that may be closed by this pull request.
    async fn closing_issues_references(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Nullable<IssueConnection<'a>> {
        nullable(|| {
            let page = Page::of(ctx, first, after.as_deref())?;
            self.place.reads("issues")?;
            let place = self.place;
            let all = place.repo.closed_by(self.it);
            let all = all.into_iter().map(|it| Issue { place, it });
            Ok(Some(IssueConnection(page.cut(all))))
        })
    }

    /// A list of labels associated with the object.
    async fn labels(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Nullable<LabelConnection<'a>> {
        nullable(|| {
            let page = Page::of(ctx, first, after.as_deref())?;
            let place = self.place;
            let known = place.repo.labels.iter();
            let carried = known.filter(|it| self.it.labels.contains(&it.name));
            let labels = carried.map(|it| Label { place, it });
            Ok(Some(LabelConnection(page.cut(labels))))
        })
    }

    /// A list of reviews associated with the pull request.
    async fn reviews(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        states: Option<Vec<PullRequestReviewState>>,
    ) -> Nullable<PullRequestReviewConnection<'a>> {
        nullable(|| {
            let page = Page::of(ctx, first, after.as_deref())?;
            let place = self.place;
            let wanted = |it: &&model::Review| {
                let state = it.state.into();
                states.as_ref().is_none_or(|all| all.contains(&state))
            };
            let reviews = self.it.reviews.iter().filter(wanted);
            let reviews = reviews.map(|it| PullRequestReview { place, it });
            Ok(Some(PullRequestReviewConnection(page.cut(reviews))))
        })
    }

    /// Check and Status rollup information for the PR's head ref.
    async fn status_check_rollup(&self) -> Option<StatusCheckRollup<'a>> {
        StatusCheckRollup::of(self.place, &self.it.head_sha)
    }

    /// Whether or not the pull request was merged.
    async fn merged(&self) -> bool {
        self.it.state == PullState::Merged
    }

    /// The date and time that the pull request was merged.
    async fn merged_at(&self) -> Option<DateTime> {
        self.it.merged_at.map(DateTime)
    }

    /// The actor who merged the pull request.
    async fn merged_by(&self) -> Option<Actor<'a>> {
        let login = self.it.merged_by.as_deref()?;
        Some(Actor::of(self.place.state, login))
    }

    /// The commit that was created when this pull request was merged.
    async fn merge_commit(&self) -> Option<Commit<'a>> {
        Commit::of(self.place, self.it.merge_commit.as_deref()?)
    }
}

/// A review object for a given pull request.
#[derive(Debug, Clone, Copy)]
pub struct PullRequestReview<'a> {
    place: Place<'a>,
    it: &'a model::Review,
}

#[Object]
impl<'a> PullRequestReview<'a> {
    /// The Node ID of the `PullRequestReview` object.
    async fn id(&self) -> ID {
        self.place.id(Kind::Review, self.it.id)
    }

    /// Identifies the current state of the pull request review.
    async fn state(&self) -> PullRequestReviewState {
        self.it.state.into()
    }

    /// The actor who authored the comment.
    async fn author(&self) -> Option<Actor<'a>> {
        Some(Actor::of(self.place.state, &self.it.author))
    }

    /// Identifies the pull request review body.
    async fn body(&self) -> &str {
        &self.it.body
    }

    /// Identifies when the Pull Request Review was submitted.
    async fn submitted_at(&self) -> Option<DateTime> {
        Some(DateTime(self.it.at))
    }

    /// Identifies the commit associated with this pull request review.
    async fn commit(&self) -> Option<Commit<'a>> {
        Commit::of(self.place, &self.it.commit)
    }
}

/// A label for categorizing Issues, Pull Requests, Milestones, or Discussions with a given
/// Repository.
#[derive(Debug, Clone, Copy)]
pub struct Label<'a> {
    /// Where.
    pub place: Place<'a>,
    /// What.
    pub it: &'a model::Label,
}

#[Object]
impl Label<'_> {
    /// The Node ID of the Label object.
    async fn id(&self) -> ID {
        self.place.id(Kind::Label, self.it.id)
    }

    /// Identifies the label name.
    async fn name(&self) -> &str {
        &self.it.name
    }

    /// Identifies the label color.
    async fn color(&self) -> &str {
        &self.it.color
    }

    /// A brief description of this label.
    async fn description(&self) -> Option<&str> {
        Some(&self.it.description)
    }
}
