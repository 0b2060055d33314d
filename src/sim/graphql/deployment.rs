//! Environments, deployments, and the gates of waiting runs.

use async_graphql::{Context, Error, ID, Object, SimpleObject};

use super::{
    commit::Commit,
    error::{Nullable, nullable},
    git_ref::Ref,
    page::{Page, connection},
    people::Actor,
    place::Place,
    scalar::{DateTime, Uri, count, int},
    words::{DeploymentProtectionRuleType, DeploymentState, DeploymentStatusState, word},
};
use crate::sim::model::{self, Kind};

connection!(DeploymentConnection of Deployment);
connection!(DeploymentStatusConnection of DeploymentStatus);
connection!(EnvironmentConnection of Environment);
connection!(DeploymentProtectionRuleConnection of DeploymentProtectionRule);
connection!(DeploymentRequestConnection of DeploymentRequest);

/// Represents triggered deployment instance.
#[derive(Debug, Clone, Copy)]
pub struct Deployment<'a> {
    /// Where.
    pub place: Place<'a>,
    /// What.
    pub it: &'a model::Deployment,
}

#[Object]
impl<'a> Deployment<'a> {
    /// The Node ID of the Deployment object.
    async fn id(&self) -> ID {
        self.place.id(Kind::Deployment, self.it.id)
    }

    /// Identifies the primary key from the database.
    async fn database_id(&self) -> Option<i32> {
        int(self.it.id)
    }

    /// The original environment to which this deployment was made.
    async fn environment(&self) -> Option<&str> {
        Some(&self.it.original_environment)
    }

    /// The latest environment to which this deployment was made.
    async fn latest_environment(&self) -> Option<&str> {
        Some(&self.it.environment)
    }

    /// The current state of the deployment.
    async fn state(&self) -> Option<DeploymentState> {
        Some(self.it.state().into())
    }

    /// The deployment task.
    async fn task(&self) -> Option<&str> {
        Some(&self.it.task)
    }

    /// The deployment description.
    async fn description(&self) -> Option<&str> {
        self.it.description.as_deref()
    }

    /// Extra information that a deployment system might need.
    async fn payload(&self) -> Option<String> {
        Some(self.it.payload.to_string())
    }

    /// Identifies the oid of the deployment commit, even if the commit has been deleted.
    async fn commit_oid(&self) -> &str {
        &self.it.sha
    }

    /// Identifies the commit sha of the deployment.
    async fn commit(&self) -> Option<Commit<'a>> {
        Commit::of(self.place, &self.it.sha)
    }

    /// Identifies the date and time when the object was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.it.created_at)
    }

    /// Identifies the date and time when the object was last updated.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.it.updated_at)
    }

    /// Identifies the actor who triggered the deployment.
    async fn creator(&self) -> Actor<'a> {
        Actor::of(self.place.state, &self.it.creator)
    }

    /// Identifies the Ref of the deployment, if the deployment was created by ref.
    #[graphql(name = "ref")]
    async fn git_ref(&self) -> Option<Ref<'a>> {
        Ref::find(self.place, &self.it.ref_)
    }

    /// A list of statuses associated with the deployment, the newest first.
    async fn statuses(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Nullable<DeploymentStatusConnection<'a>> {
        nullable(|| {
            let page = Page::of(ctx, first, after.as_deref())?;
            let place = self.place;
            let all = self.it.statuses.iter().rev();
            let all = all.map(|it| DeploymentStatus { place, it });
            Ok(Some(DeploymentStatusConnection(page.cut(all))))
        })
    }

    /// The latest status of this deployment.
    async fn latest_status(&self) -> Option<DeploymentStatus<'a>> {
        let it = self.it.latest()?;
        Some(DeploymentStatus {
            place: self.place,
            it,
        })
    }
}

/// Describes the status of a given deployment attempt.
#[derive(Debug, Clone, Copy)]
pub struct DeploymentStatus<'a> {
    /// Where.
    pub place: Place<'a>,
    /// What.
    pub it: &'a model::DeploymentStatus,
}

#[Object]
impl<'a> DeploymentStatus<'a> {
    /// The Node ID of the `DeploymentStatus` object.
    async fn id(&self) -> ID {
        self.place.id(Kind::DeploymentStatus, self.it.id)
    }

    /// Identifies the current state of the deployment.
    async fn state(&self) -> DeploymentStatusState {
        word(self.it.state.word()).unwrap_or(DeploymentStatusState::Inactive)
    }

    /// Identifies the description of the deployment.
    async fn description(&self) -> Option<&str> {
        Some(self.it.description.as_str()).filter(|it| !it.is_empty())
    }

    /// Identifies the environment URL of the deployment.
    async fn environment_url(&self) -> Option<Uri> {
        (!self.it.environment_url.is_empty()).then(|| Uri(self.it.environment_url.clone()))
    }

    /// Identifies the log URL of the deployment.
    async fn log_url(&self) -> Option<Uri> {
        (!self.it.log_url.is_empty()).then(|| Uri(self.it.log_url.clone()))
    }

    /// Identifies the date and time when the object was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.it.created_at)
    }

    /// Identifies the actor who triggered the deployment.
    async fn creator(&self) -> Actor<'a> {
        Actor::of(self.place.state, &self.it.creator)
    }
}

/// An environment.
#[derive(Debug, Clone, Copy)]
pub struct Environment<'a> {
    /// Where.
    pub place: Place<'a>,
    /// What.
    pub it: &'a model::Environment,
}

#[Object]
impl<'a> Environment<'a> {
    /// The Node ID of the Environment object.
    async fn id(&self) -> ID {
        self.place.id(Kind::Environment, self.it.id)
    }

    /// Identifies the primary key from the database.
    async fn database_id(&self) -> Option<i32> {
        int(self.it.id)
    }

    /// The name of the environment.
    async fn name(&self) -> &str {
        &self.it.name
    }

    /// The latest completed deployment with status success, failure, or error if it exists.
    async fn latest_completed_deployment(&self) -> Option<Deployment<'a>> {
        use model::DeploymentState as State;
        let place = self.place;
        let completed = |it: &&std::sync::Arc<model::Deployment>| {
            let last = it.latest().map(|it| it.state);
            matches!(last, Some(State::Success | State::Failure | State::Error))
        };
        let it = place.repo.deployments_to(&self.it.name).find(completed)?;
        Some(Deployment { place, it })
    }

    /// The protection rules defined for this environment.
    async fn protection_rules(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<DeploymentProtectionRuleConnection<'a>, Error> {
        use DeploymentProtectionRuleType as Type;
        let it = self.it;
        let rule = |rule, timeout| DeploymentProtectionRule { rule, timeout, it };
        let rules = [
            (it.wait_timer > 0).then(|| rule(Type::WaitTimer, count(it.wait_timer))),
            (!it.reviewers.is_empty()).then(|| rule(Type::RequiredReviewers, 0)),
            it.branch_policy
                .as_ref()
                .map(|_| rule(Type::BranchPolicy, 0)),
        ];
        let page = Page::of(ctx, first, after.as_deref())?;
        Ok(DeploymentProtectionRuleConnection(
            page.cut(rules.into_iter().flatten()),
        ))
    }
}

/// A protection rule.
#[derive(Debug, Clone, Copy)]
pub struct DeploymentProtectionRule<'a> {
    rule: DeploymentProtectionRuleType,
    timeout: i32,
    it: &'a model::Environment,
}

#[Object]
impl DeploymentProtectionRule<'_> {
    /// The type of protection rule.
    #[graphql(name = "type")]
    async fn kind(&self) -> DeploymentProtectionRuleType {
        self.rule
    }

    /// The timeout in minutes for this protection rule.
    async fn timeout(&self) -> i32 {
        self.timeout
    }

    /// Whether deployments to this environment can be approved by the user who created them.
    async fn prevent_self_review(&self) -> Option<bool> {
        let reviewed = self.rule == DeploymentProtectionRuleType::RequiredReviewers;
        reviewed.then_some(self.it.prevent_self_review)
    }
}

/// A request to deploy a workflow run to an environment.
#[derive(Debug, Clone, Copy, SimpleObject)]
pub struct DeploymentRequest<'a> {
    /// Whether or not the current user can approve the deployment.
    pub current_user_can_approve: bool,
    /// The wait timer in minutes configured in the environment.
    pub wait_timer: i32,
    /// When the wait timer was started.
    pub wait_timer_started_at: Option<DateTime>,
    /// The target environment of the deployment.
    pub environment: Environment<'a>,
}
