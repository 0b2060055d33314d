//! Environments and deployments in REST's words.

use serde_json::{Value, json};

use super::{Shape, merge, time};
use crate::sim::model::{
    Deployment, DeploymentState, DeploymentStatus, Environment, Kind, NodeId, Repo,
};

impl Shape<'_> {
    /// An environment with its protection rules.
    pub fn environment(&self, repo: &Repo, place: &Environment) -> Value {
        let mut rules = Vec::new();
        let node = |nth: u64| format!("GA_kwDO{:08x}{:08x}", place.id, nth);
        if place.wait_timer > 0 {
            rules.push(json!({
                "id": place.id * 10 + 1, "node_id": node(1), "type": "wait_timer",
                "wait_timer": place.wait_timer,
            }));
        }
        if !place.reviewers.is_empty() {
            let reviewers: Vec<Value> =
                place.reviewers.iter().map(|it| self.reviewer(it)).collect();
            rules.push(json!({
                "id": place.id * 10 + 2, "node_id": node(2), "type": "required_reviewers",
                "prevent_self_review": place.prevent_self_review,
                "reviewers": reviewers,
            }));
        }
        let policy = place.branch_policy.as_ref().map(|it| {
            rules.push(
                json!({"id": place.id * 10 + 3, "node_id": node(3), "type": "branch_policy"}),
            );
            json!({"protected_branches": it.protected, "custom_branch_policies": !it.protected})
        });
        let more = json!({
            "can_admins_bypass": true,
            "protection_rules": rules,
            "deployment_branch_policy": policy,
        });
        merge(self.environment_link(repo, place), more)
    }

    /// A deployment; REST tells nothing of its state.
    pub fn deployment(&self, repo: &Repo, it: &Deployment) -> Value {
        let url = format!("{}/deployments/{}", self.url(repo), it.id);
        json!({
            "url": url,
            "id": it.id,
            "node_id": NodeId::number(Kind::Deployment, repo.id, it.id),
            "task": it.task,
            "original_environment": it.original_environment,
            "environment": it.environment,
            "description": it.description,
            "created_at": time(it.created_at),
            "updated_at": time(it.updated_at),
            "statuses_url": format!("{url}/statuses"),
            "repository_url": self.url(repo),
            "creator": self.account(&it.creator),
            "sha": it.sha,
            "ref": it.ref_,
            "payload": it.payload,
            "transient_environment": it.transient,
            "production_environment": it.production,
            "performed_via_github_app": it.run.map(|_| self.actions_app()),
        })
    }

    /// A status of a deployment.
    pub fn deployment_status(&self, repo: &Repo, of: &Deployment, it: &DeploymentStatus) -> Value {
        let url = format!("{}/deployments/{}", self.url(repo), of.id);
        // REST's schema has no word for waiting, and strict clients know no other than its own.
        let state = match it.state {
            DeploymentState::Waiting => DeploymentState::Pending,
            other => other,
        };
        json!({
            "url": format!("{url}/statuses/{}", it.id),
            "id": it.id,
            "node_id": NodeId::number(Kind::DeploymentStatus, repo.id, it.id),
            "state": state.word(),
            "creator": self.account(&it.creator),
            "description": it.description,
            "environment": it.environment,
            "target_url": it.log_url,
            "created_at": time(it.created_at),
            "updated_at": time(it.created_at),
            "deployment_url": url,
            "repository_url": self.url(repo),
            "environment_url": it.environment_url,
            "log_url": it.log_url,
            "performed_via_github_app": null,
        })
    }
}
