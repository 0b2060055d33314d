//! A repository and its lists.

use std::sync::Arc;

use async_graphql::{Context, Error, ID, InputObject, Object};

use super::{
    blob,
    commit::{Commit, GitObject},
    deployment::{Deployment, DeploymentConnection, Environment, EnvironmentConnection},
    error::{Nullable, error, nullable},
    git_ref::Ref,
    issue::{self, Issue, IssueConnection},
    page::Page,
    people::RepositoryOwner,
    place::Place,
    pull::{Label, LabelConnection, PullRequest, PullRequestConnection},
    release::{Release, ReleaseConnection},
    scalar::{DateTime, GitObjectId, Uri, int},
    words::{
        DeploymentOrderField, IssueOrderField, IssueState, OrderDirection, PullRequestState,
        ReleaseOrderField, RepositoryPermission,
    },
};
use crate::sim::model::{self, Kind, NodeId};

/// A repository contains the content for a project.
#[derive(Debug, Clone, Copy)]
pub struct Repository<'a>(pub Place<'a>);

/// Ordering options for deployment connections.
#[derive(Debug, InputObject)]
pub struct DeploymentOrder {
    /// The field to order deployments by.
    field: DeploymentOrderField,
    /// The ordering direction.
    direction: OrderDirection,
}

/// Ways in which lists of releases can be ordered upon return.
#[derive(Debug, InputObject)]
pub struct ReleaseOrder {
    /// The field in which to order releases by.
    field: ReleaseOrderField,
    /// The direction in which to order releases by the specified field.
    direction: OrderDirection,
}

/// Ways in which lists of issues can be ordered upon return.
#[derive(Debug, InputObject)]
pub struct IssueOrder {
    /// The field in which to order issues by.
    field: IssueOrderField,
    /// The direction in which to order issues by the specified field.
    direction: OrderDirection,
}

fn turned<'a, T: 'a>(
    list: impl DoubleEndedIterator<Item = T> + 'a,
    direction: OrderDirection,
) -> Box<dyn Iterator<Item = T> + 'a> {
    match direction {
        OrderDirection::Asc => Box::new(list),
        OrderDirection::Desc => Box::new(list.rev()),
    }
}

#[Object]
impl<'a> Repository<'a> {
    /// The Node ID of the Repository object.
    async fn id(&self) -> ID {
        NodeId::number(Kind::Repository, 0, self.0.repo.id).into()
    }

    /// Identifies the primary key from the database.
    async fn database_id(&self) -> Option<i32> {
        int(self.0.repo.id)
    }

    /// The name of the repository.
    async fn name(&self) -> &str {
        &self.0.repo.name
    }

    /// The repository's name with owner.
    async fn name_with_owner(&self) -> String {
        self.0.repo.full_name()
    }

    /// The User owner of the repository.
    async fn owner(&self) -> RepositoryOwner<'a> {
        RepositoryOwner::of(self.0.state, &self.0.repo.owner)
    }

    /// The description of the repository.
    async fn description(&self) -> Option<&str> {
        Some(&self.0.repo.description)
    }

    /// The HTTP URL for this repository.
    async fn url(&self) -> Uri {
        self.0.url(format_args!(""))
    }

    /// Indicates if the repository is unmaintained.
    async fn is_archived(&self) -> bool {
        self.0.repo.archived
    }

    /// Returns whether or not this repository disabled.
    async fn is_disabled(&self) -> bool {
        self.0.repo.disabled
    }

    /// Identifies if the repository is private or internal.
    async fn is_private(&self) -> bool {
        self.0.repo.private
    }

    /// Identifies the date and time when the object was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.repo.created_at)
    }

    /// Identifies the date and time when the repository was last pushed to.
    async fn pushed_at(&self) -> Option<DateTime> {
        Some(DateTime(self.0.repo.pushed_at))
    }

    /// The users permission level on the repository.
    async fn viewer_permission(&self) -> Option<RepositoryPermission> {
        Some(self.0.session.token.permission.into())
    }

    /// Whether or not PRs are merged with a merge commit on this repository.
    async fn merge_commit_allowed(&self) -> bool {
        self.0.repo.merge_commit
    }

    /// Whether or not squash-merging is enabled on this repository.
    async fn squash_merge_allowed(&self) -> bool {
        self.0.repo.squash
    }

    /// Whether or not rebase-merging is enabled on this repository.
    async fn rebase_merge_allowed(&self) -> bool {
        self.0.repo.rebase
    }

    /// Whether or not Auto-merge can be enabled on pull requests in this repository.
    async fn auto_merge_allowed(&self) -> bool {
        self.0.repo.auto_merge
    }

    /// The Ref associated with the repository's default branch.
    async fn default_branch_ref(&self) -> Nullable<Ref<'a>> {
        nullable(|| {
            self.0.reads("contents")?;
            let name = &self.0.repo.default_branch;
            Ok(Ref::find(self.0, &format!("refs/heads/{name}")))
        })
    }

    /// Fetch a given ref from the repository.
    #[graphql(name = "ref")]
    async fn git_ref(&self, qualified_name: String) -> Nullable<Ref<'a>> {
        nullable(|| {
            self.0.reads("contents")?;
            Ok(Ref::find(self.0, &qualified_name))
        })
    }

    /// A Git object in the repository.
    async fn object(
        &self,
        oid: Option<GitObjectId<'static>>,
        expression: Option<String>,
    ) -> Nullable<GitObject<'a>> {
        nullable(|| {
            self.0.reads("contents")?;
            let commit = |it: Option<_>| it.map(GitObject::Commit);
            Ok(match (oid, expression.as_deref()) {
                (Some(oid), _) => commit(Commit::of(self.0, &oid.0)),
                (None, Some(text)) => match text.split_once(':') {
                    Some((rev, path)) => blob::at(self.0, rev, path),
                    None => commit(Commit::at(self.0, text)),
                },
                (None, None) => None,
            })
        })
    }

    /// A list of environments that are in this repository.
    async fn environments(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<EnvironmentConnection<'a>, Error> {
        let page = Page::of(ctx, first, after.as_deref())?;
        self.0.reads("actions")?;
        let place = self.0;
        let all = place.repo.environments.iter();
        let all = all.map(|it| Environment { place, it });
        Ok(EnvironmentConnection(page.cut(all)))
    }

    /// Returns a single active environment from the current repository by name.
    async fn environment(&self, name: String) -> Nullable<Environment<'a>> {
        nullable(|| {
            self.0.reads("actions")?;
            let place = self.0;
            let found = place.repo.environment(&name);
            Ok(found.map(|it| Environment { place, it }))
        })
    }

    /// Deployments associated with the repository.
    async fn deployments(
        &self,
        ctx: &Context<'_>,
        environments: Option<Vec<String>>,
        first: Option<i32>,
        after: Option<String>,
        order_by: Option<DeploymentOrder>,
    ) -> Result<DeploymentConnection<'a>, Error> {
        let page = Page::of(ctx, first, after.as_deref())?;
        self.0.reads("deployments")?;
        let place = self.0;
        let direction = match order_by {
            Some(DeploymentOrder {
                field: DeploymentOrderField::CreatedAt,
                direction,
            }) => direction,
            None => OrderDirection::Asc,
        };
        let wanted = |it: &&'a Arc<model::Deployment>| {
            environments
                .as_ref()
                .is_none_or(|names| names.contains(&it.environment))
        };
        let all = turned(place.repo.deployments.iter(), direction);
        let all = all.filter(wanted).map(|it| Deployment { place, it });
        Ok(DeploymentConnection(page.cut(all)))
    }

    /// Get the latest release for the repository if one exists.
    async fn latest_release(&self) -> Nullable<Release<'a>> {
        nullable(|| {
            self.0.reads("contents")?;
            let place = self.0;
            let found = place.repo.latest_release();
            Ok(found.map(|it| Release { place, it }))
        })
    }

    /// List of releases which are dependent on this repository.
    async fn releases(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        order_by: Option<ReleaseOrder>,
    ) -> Result<ReleaseConnection<'a>, Error> {
        let page = Page::of(ctx, first, after.as_deref())?;
        self.0.reads("contents")?;
        let place = self.0;
        let order = order_by.unwrap_or(ReleaseOrder {
            field: ReleaseOrderField::CreatedAt,
            direction: OrderDirection::Desc,
        });
        // Only those who may push see drafts.
        let shown = |it: &&model::Release| !it.draft || place.writes();
        let mut all: Vec<&model::Release> = place.repo.releases.iter().filter(shown).collect();
        if order.field == ReleaseOrderField::Name {
            all.sort_by_key(|it| it.name.as_deref());
        }
        let all = turned(all.into_iter(), order.direction);
        let all = all.map(|it| Release { place, it });
        Ok(ReleaseConnection(page.cut(all)))
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "GitHub's own arguments, each in its place"
    )]
    /// A list of pull requests that have been opened in the repository.
    async fn pull_requests(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        states: Option<Vec<PullRequestState>>,
        labels: Option<Vec<String>>,
        base_ref_name: Option<String>,
        head_ref_name: Option<String>,
        order_by: Option<IssueOrder>,
    ) -> Result<PullRequestConnection<'a>, Error> {
        let page = Page::of(ctx, first, after.as_deref())?;
        self.0.reads("pull_requests")?;
        let place = self.0;
        let wanted = |it: &&model::Pull| {
            let state = it.state.into();
            states.as_ref().is_none_or(|all| all.contains(&state))
                && labels
                    .as_ref()
                    .is_none_or(|all| it.labels.iter().any(|label| all.contains(label)))
                && base_ref_name.as_ref().is_none_or(|name| it.base == *name)
                && head_ref_name.as_ref().is_none_or(|name| it.head == *name)
        };
        let order = order_by.unwrap_or(IssueOrder {
            field: IssueOrderField::CreatedAt,
            direction: OrderDirection::Asc,
        });
        let mut all: Vec<&model::Pull> = place.repo.pulls.iter().filter(wanted).collect();
        if order.field == IssueOrderField::UpdatedAt {
            all.sort_by_key(|it| (it.updated_at, it.number));
        }
        let all = turned(all.into_iter(), order.direction);
        let all = all.map(|it| PullRequest { place, it });
        Ok(PullRequestConnection(page.cut(all)))
    }

    /// A list of issues that have been opened in the repository.
    async fn issues(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        labels: Option<Vec<String>>,
        states: Option<Vec<IssueState>>,
        order_by: Option<IssueOrder>,
    ) -> Result<IssueConnection<'a>, Error> {
        let page = Page::of(ctx, first, after.as_deref())?;
        self.0.reads("issues")?;
        let (field, direction) = order_by
            .map_or((IssueOrderField::CreatedAt, OrderDirection::Asc), |it| {
                (it.field, it.direction)
            });
        let by_update = field == IssueOrderField::UpdatedAt;
        let all = issue::issues(
            self.0,
            states.as_deref(),
            labels.as_deref(),
            by_update,
            direction,
        );
        Ok(IssueConnection(page.cut(all)))
    }

    /// Returns a single issue from the current repository by number.
    async fn issue(&self, number: i32) -> Nullable<Issue<'a>> {
        nullable(|| {
            self.0.reads("issues")?;
            let place = self.0;
            let found = u64::try_from(number)
                .ok()
                .and_then(|it| place.repo.issue(it));
            let missing = || {
                let words = format!("Could not resolve to an Issue with the number of {number}.");
                error("NOT_FOUND", words)
            };
            let it = found.ok_or_else(missing)?;
            Ok(Some(Issue { place, it }))
        })
    }

    /// Returns a single pull request from the current repository by number.
    async fn pull_request(&self, number: i32) -> Nullable<PullRequest<'a>> {
        nullable(|| {
            self.0.reads("pull_requests")?;
            let place = self.0;
            let found = u64::try_from(number)
                .ok()
                .and_then(|it| place.repo.pull(it));
            Ok(found.map(|it| PullRequest { place, it }))
        })
    }

    /// Returns a single label by name.
    async fn label(&self, name: String) -> Option<Label<'a>> {
        let place = self.0;
        let mut all = place.repo.labels.iter();
        let it = all.find(|it| it.name.eq_ignore_ascii_case(&name))?;
        Some(Label { place, it })
    }

    /// A list of labels associated with the repository.
    async fn labels(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Nullable<LabelConnection<'a>> {
        nullable(|| {
            let page = Page::of(ctx, first, after.as_deref())?;
            let place = self.0;
            let all = place.repo.labels.iter();
            let all = all.map(|it| Label { place, it });
            Ok(Some(LabelConnection(page.cut(all))))
        })
    }
}
