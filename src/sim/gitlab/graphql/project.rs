//! A project, and its releases.

use async_graphql::{Context, Enum, Error, ID, Object, SimpleObject};

use super::{
    deploy::{Environment, EnvironmentConnection},
    merge::{MergeRequest, MergeRequestConnection, MergeRequestSort, MergeRequestState},
    page::{Slice, connection},
    pipeline::{Pipeline, PipelineConnection, PipelineStatusEnum},
    query::{Once, Place, Time, gid},
};
use crate::sim::{
    gitlab::words::{level, pull_word, run_ref},
    model::{self, Permission, Pull},
};

/// A project.
#[derive(Debug, Clone, Copy)]
pub struct Project<'a>(pub Place<'a>);

connection!(ProjectConnection of Project, count);
connection!(ReleaseConnection of Release, count);

/// What the viewer may do.
#[derive(Debug, SimpleObject)]
pub struct ProjectPermissions {
    /// If `true`, the user can perform `create_pipeline` on this resource.
    create_pipeline: bool,
    /// If `true`, the user can perform `create_deployment` on this resource.
    create_deployment: bool,
    /// If `true`, the user can perform `push_code` on this resource.
    push_code: bool,
    /// If `true`, the user can perform `admin_project` on this resource.
    admin_project: bool,
}

/// Values for sorting releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum ReleaseSort {
    /// Created at ascending order.
    CreatedAsc,
    /// Created at descending order.
    CreatedDesc,
    /// Released at by ascending order.
    ReleasedAtAsc,
    /// Released at by descending order.
    ReleasedAtDesc,
}

#[Object]
impl<'a> Project<'a> {
    /// ID of the project.
    async fn id(&self) -> ID {
        gid("Project", self.0.repo.id)
    }

    /// Full path of the project.
    async fn full_path(&self) -> ID {
        self.0.repo.full_name().into()
    }

    /// Name of the project without the namespace.
    async fn name(&self) -> &str {
        &self.0.repo.name
    }

    /// Web URL of the project.
    async fn web_url(&self) -> Option<String> {
        Some(self.0.state.html(self.0.repo))
    }

    /// Indicates the archived status of the project.
    async fn archived(&self) -> Option<bool> {
        Some(self.0.repo.archived)
    }

    /// Permissions for the current user on the resource.
    async fn user_permissions(&self) -> ProjectPermissions {
        let is = level(self.0.session.token.permission);
        let writes = is >= level(Permission::Write) && !self.0.repo.archived;
        ProjectPermissions {
            create_pipeline: writes,
            create_deployment: writes,
            push_code: writes,
            admin_project: is >= level(Permission::Maintain),
        }
    }

    /// Pipelines of the project.
    async fn pipelines(
        &self,
        first: Option<i32>,
        after: Option<String>,
        #[graphql(name = "ref")] git_ref: Option<String>,
        sha: Option<String>,
        status: Option<PipelineStatusEnum>,
    ) -> Result<Option<PipelineConnection<'a>>, Error> {
        let place = self.0;
        let all = place.repo.runs.iter().rev();
        let all = all
            .filter(|it| git_ref.as_ref().is_none_or(|name| run_ref(it) == *name))
            .filter(|it| sha.as_ref().is_none_or(|sha| it.head_sha == *sha))
            .filter(|it| status.is_none_or(|word| PipelineStatusEnum::of(it) == word))
            .map(|it| Pipeline { place, it });
        let slice = Slice::of(all.collect(), first, after.as_deref())?;
        Ok(Some(PipelineConnection(slice)))
    }

    /// Merge requests of the project.
    #[expect(clippy::too_many_arguments, reason = "GitLab's own filters")]
    async fn merge_requests(
        &self,
        first: Option<i32>,
        after: Option<String>,
        state: Option<MergeRequestState>,
        target_branches: Option<Vec<String>>,
        source_branches: Option<Vec<String>>,
        sort: Option<MergeRequestSort>,
    ) -> Result<Option<MergeRequestConnection<'a>>, Error> {
        let place = self.0;
        let listed = |all: &Option<Vec<String>>, branch: &String| {
            all.as_ref().is_none_or(|all| all.contains(branch))
        };
        let mut all: Vec<&Pull> = place
            .repo
            .pulls
            .iter()
            .filter(|it| state.is_none_or(|word| word.is(pull_word(it))))
            .filter(|it| listed(&target_branches, &it.base) && listed(&source_branches, &it.head))
            .collect();
        sort.unwrap_or(MergeRequestSort::CreatedDesc)
            .order(&mut all);
        let all = all.into_iter().map(|it| MergeRequest { place, it });
        let slice = Slice::of(all.collect(), first, after.as_deref())?;
        Ok(Some(MergeRequestConnection(slice)))
    }

    /// Releases of the project.
    async fn releases(
        &self,
        first: Option<i32>,
        after: Option<String>,
        sort: Option<ReleaseSort>,
    ) -> Result<Option<ReleaseConnection<'a>>, Error> {
        let place = self.0;
        let mut all: Vec<_> = place.repo.releases.iter().filter(|it| !it.draft).collect();
        let sort = sort.unwrap_or(ReleaseSort::ReleasedAtDesc);
        match sort {
            ReleaseSort::CreatedAsc | ReleaseSort::CreatedDesc => {
                all.sort_by_key(|it| (it.created_at, it.id));
            }
            ReleaseSort::ReleasedAtAsc | ReleaseSort::ReleasedAtDesc => {
                all.sort_by_key(|it| (it.published_at, it.id));
            }
        }
        if matches!(sort, ReleaseSort::CreatedDesc | ReleaseSort::ReleasedAtDesc) {
            all.reverse();
        }
        let all = all.into_iter().map(|it| Release { place, it });
        let slice = Slice::of(all.collect(), first, after.as_deref())?;
        Ok(Some(ReleaseConnection(slice)))
    }

    /// A single environment of the project.
    async fn environment(&self, name: Option<String>) -> Option<Environment<'a>> {
        let place = self.0;
        let mut all = place.repo.environments.iter();
        let it = all.find(|it| Some(&it.name) == name.as_ref())?;
        Some(Environment { place, it })
    }

    /// Environments of the project. This field can only be resolved for one project in any single
    /// request.
    async fn environments(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        search: Option<String>,
    ) -> Result<Option<EnvironmentConnection<'a>>, Error> {
        Once::ask(ctx, "environments", "Project")?;
        let place = self.0;
        let all = place.repo.environments.iter();
        let all = all
            .filter(|it| search.as_ref().is_none_or(|text| it.name.contains(text)))
            .map(|it| Environment { place, it });
        let slice = Slice::of(all.collect(), first, after.as_deref())?;
        Ok(Some(EnvironmentConnection(slice)))
    }
}

/// A release.
#[derive(Debug, Clone, Copy)]
pub struct Release<'a> {
    place: Place<'a>,
    it: &'a model::Release,
}

/// A commit.
#[derive(Debug, SimpleObject)]
pub struct Commit {
    /// SHA1 ID of the commit.
    sha: String,
    /// Title of the commit message.
    title: Option<String>,
}

#[Object]
impl Release<'_> {
    /// Name of the tag associated with the release.
    async fn tag_name(&self) -> Option<&str> {
        Some(&self.it.tag)
    }

    /// Name of the release.
    async fn name(&self) -> Option<&str> {
        self.it.name.as_deref()
    }

    /// Timestamp of when the release was released.
    async fn released_at(&self) -> Option<Time> {
        Some(Time(self.it.published_at.unwrap_or(self.it.created_at)))
    }

    /// Indicates the release is an upcoming release.
    async fn upcoming_release(&self) -> Option<bool> {
        Some(self.it.published_at > Some(self.place.state.now))
    }

    /// Commit associated with the release.
    async fn commit(&self) -> Option<Commit> {
        let found = self.place.repo.tag(&self.it.tag)?;
        Some(Commit {
            sha: found.sha.clone(),
            title: Some(found.headline().to_owned()),
        })
    }
}
