//! Environments and deployments.

use async_graphql::{Context, Enum, Error, ID, Object, SimpleObject};

use super::{
    page::{Slice, connection},
    pipeline::states,
    query::{Once, Place, Time, User, gid, user},
};
use crate::sim::{
    gitlab::words::{deployment_word, level},
    model::{Deployment as Model, Environment as ModelEnvironment, Permission},
};

states! {
    /// All deployment statuses.
    DeploymentStatus {
        Blocked = "blocked", Canceled = "canceled", Created = "created", Failed = "failed",
        Running = "running", Skipped = "skipped", Success = "success",
    }
}

states! {
    /// All environment deployment tiers.
    DeploymentTier {
        Development = "development", Other = "other", Production = "production",
        Staging = "staging", Testing = "testing",
    }
}

connection!(EnvironmentConnection of Environment, count);
connection!(DeploymentConnection of Deployment);

/// An environment.
#[derive(Debug, Clone, Copy)]
pub struct Environment<'a> {
    /// Where.
    pub place: Place<'a>,
    /// Which.
    pub it: &'a ModelEnvironment,
}

/// What the viewer may do with an environment.
#[derive(Debug, SimpleObject)]
pub struct EnvironmentPermissions {
    /// If `true`, the user can perform `update_environment` on this resource.
    update_environment: bool,
    /// If `true`, the user can perform `stop_environment` on this resource.
    stop_environment: bool,
}

#[Object]
impl<'a> Environment<'a> {
    /// ID of the environment.
    async fn id(&self) -> ID {
        gid("Environment", self.it.id)
    }

    /// Human-readable name of the environment.
    async fn name(&self) -> &str {
        &self.it.name
    }

    /// State of the environment.
    async fn state(&self) -> &str {
        "available"
    }

    /// Deployment tier of the environment.
    async fn tier(&self) -> Option<DeploymentTier> {
        DeploymentTier::named(self.it.tier)
    }

    /// External URL of the environment.
    async fn external_url(&self) -> Option<&str> {
        self.it.url.as_deref()
    }

    /// Last deployment of the environment.
    async fn last_deployment(
        &self,
        status: DeploymentStatus,
    ) -> Result<Option<Deployment<'a>>, Error> {
        let place = self.place;
        if status == DeploymentStatus::Skipped {
            return Err(Error::new("Unsupported status: skipped"));
        }
        let all = place.repo.deployments_to(&self.it.name);
        let mut all = all.filter(|it| DeploymentStatus::named(deployment_word(it)) == Some(status));
        // What ended goes by when it did.
        let ended = matches!(
            status,
            DeploymentStatus::Success | DeploymentStatus::Failed | DeploymentStatus::Canceled
        );
        let found = if ended {
            all.max_by_key(|it| (it.latest().map(|it| it.created_at), it.id))
        } else {
            all.next()
        };
        Ok(found.map(|it| Deployment { place, it }))
    }

    /// Deployments of the environment. This field can only be resolved for one environment in any
    /// single request.
    async fn deployments(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        statuses: Option<Vec<DeploymentStatus>>,
    ) -> Result<Option<DeploymentConnection<'a>>, Error> {
        Once::ask(ctx, "deployments", "Environment")?;
        let place = self.place;
        let all = place.repo.deployments_to(&self.it.name);
        let all = all
            .filter(|it| {
                let word = DeploymentStatus::named(deployment_word(it));
                statuses
                    .as_ref()
                    .is_none_or(|all| word.is_some_and(|it| all.contains(&it)))
            })
            .map(|it| Deployment { place, it });
        let slice = Slice::of(all.collect(), first, after.as_deref())?;
        Ok(Some(DeploymentConnection(slice)))
    }

    /// Permissions for the current user on the resource. This field can only be resolved for one
    /// environment in any single request.
    async fn user_permissions(&self, ctx: &Context<'_>) -> Result<EnvironmentPermissions, Error> {
        Once::ask(ctx, "userPermissions", "Environment")?;
        let writes = level(self.place.session.token.permission) >= level(Permission::Write);
        Ok(EnvironmentPermissions {
            update_environment: writes,
            stop_environment: writes,
        })
    }
}

/// A deployment.
#[derive(Debug, Clone, Copy)]
pub struct Deployment<'a> {
    place: Place<'a>,
    it: &'a Model,
}

/// What an approver said.
#[derive(Debug, SimpleObject)]
pub struct DeploymentApproval {
    /// User who approved or rejected the deployment.
    user: Option<User>,
    /// Whether the deployment was approved/rejected.
    status: Option<ApprovalStatus>,
    /// Comment left by the user.
    comment: Option<String>,
    /// When the user approved/rejected the deployment.
    created_at: Option<Time>,
}

/// Status of a deployment approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(name = "DeploymentsApprovalStatus")]
pub enum ApprovalStatus {
    /// Approved.
    Approved,
    /// Rejected.
    Rejected,
}

#[Object]
impl Deployment<'_> {
    /// Global ID of the deployment.
    async fn id(&self) -> ID {
        gid("Deployment", self.it.id)
    }

    /// Project-level internal ID of the deployment.
    async fn iid(&self) -> Option<String> {
        Some(self.place.repo.deployment_iid(self.it.id).to_string())
    }

    /// Git-SHA that the deployment ran on.
    async fn sha(&self) -> Option<&str> {
        Some(&self.it.sha)
    }

    /// Git-Ref that the deployment ran on.
    #[graphql(name = "ref")]
    async fn git_ref(&self) -> Option<&str> {
        Some(&self.it.ref_)
    }

    /// Status of the deployment.
    async fn status(&self) -> Option<DeploymentStatus> {
        DeploymentStatus::named(deployment_word(self.it))
    }

    /// When the deployment record was created.
    async fn created_at(&self) -> Option<Time> {
        Some(Time(self.it.created_at))
    }

    /// When the deployment finished.
    async fn finished_at(&self) -> Option<Time> {
        let word = deployment_word(self.it);
        let ended = matches!(word, "success" | "failed" | "canceled");
        let last = self.it.latest().filter(|_| ended);
        last.map(|it| Time(it.created_at))
    }

    /// True or false if the deployment ran on a Git-tag.
    async fn tag(&self) -> Option<bool> {
        let mut all = self.place.repo.tags.iter();
        Some(all.any(|it| it.name == self.it.ref_))
    }

    /// Number of outstanding approvals.
    async fn pending_approval_count(&self) -> Option<i32> {
        i32::try_from(self.place.repo.pending_approvals(self.it)).ok()
    }

    /// Current approvals of the deployment.
    async fn approvals(&self) -> Option<Vec<DeploymentApproval>> {
        let all = self.it.consents.iter().map(|it| DeploymentApproval {
            user: Some(user(self.place.state, &it.login)),
            status: Some(if it.approved {
                ApprovalStatus::Approved
            } else {
                ApprovalStatus::Rejected
            }),
            comment: Some(it.comment.clone()),
            created_at: Some(Time(it.at)),
        });
        Some(all.collect())
    }

    /// Web path to the deployment page.
    async fn web_path(&self) -> Option<String> {
        let place = self.place.repo.environment(&self.it.environment)?;
        let path = self.place.repo.full_name();
        let (root, id) = (&self.place.state.root, self.it.id);
        Some(format!(
            "{root}/{path}/-/environments/{}/deployments/{id}",
            place.id
        ))
    }
}
