//! The life of a deployment, whoever drives it: a job, a bot, or the API's caller.

use std::sync::Arc;

use serde_json::Value;

use super::Event;
use crate::sim::model::{
    Deployment, DeploymentState, DeploymentStatus, Environment, Flavor, Job, Run, State,
};

impl State {
    /// Finds an environment or makes an unprotected one, as GitHub does on first use.
    pub(crate) fn ensure_environment(&mut self, repo: u64, name: &str) -> Option<Environment> {
        if let Some(found) = self.repo_by_id(repo)?.environment(name) {
            return Some(found.clone());
        }
        let made = Environment {
            id: self.next_id(),
            name: name.to_owned(),
            wait_timer: 0,
            reviewers: Vec::new(),
            prevent_self_review: false,
            branch_policy: None,
            production: name == "production",
            url: None,
            approvals: 0,
            deployers: Vec::new(),
            tier: tier(name),
            created_at: self.now,
        };
        self.repo_mut(repo)?.environments.push(made.clone());
        Some(made)
    }

    /// Makes the deployment of a job that names an environment.
    pub(crate) fn job_deploys(
        &mut self,
        repo: u64,
        run: &Run,
        job: &Job,
        state: DeploymentState,
    ) -> Option<u64> {
        let environment = job.environment.clone()?;
        let sha = job.deploys.clone()?;
        let id = self.next_id();
        let now = self.now;
        let made = Deployment {
            id,
            ref_: run.head_branch.clone().unwrap_or_else(|| sha.clone()),
            sha,
            task: "deploy".to_owned(),
            payload: Value::Object(serde_json::Map::new()),
            original_environment: environment.clone(),
            environment,
            description: None,
            creator: run.triggering_actor.clone(),
            transient: false,
            // Deployments that jobs make are not marked as production, whatever the name.
            production: false,
            run: Some((run.id, job.id)),
            created_at: now,
            updated_at: now,
            statuses: Vec::new(),
            consents: Vec::new(),
        };
        self.repo_mut(repo)?.deployments.push(Arc::new(made));
        self.say(repo, id, state, &run.triggering_actor, "");
        Some(id)
    }

    /// Adds a status to a deployment; a success makes earlier ones inactive, but for
    /// production and transient ones.
    pub(crate) fn say(
        &mut self,
        repo_id: u64,
        deployment: u64,
        state: DeploymentState,
        by: &str,
        description: &str,
    ) -> Option<u64> {
        let id = self.next_id();
        let now = self.now;
        let repo = self.repo_by_id(repo_id)?.clone();
        let target = repo.deployment(deployment)?;
        let place = repo.environment(&target.environment);
        let log = target.run.map_or_else(String::new, |(run, job)| {
            format!("{}/actions/runs/{run}/job/{job}", self.html(&repo))
        });
        let status = DeploymentStatus {
            id,
            state,
            creator: by.to_owned(),
            description: description.to_owned(),
            environment: target.environment.clone(),
            environment_url: place.and_then(|it| it.url.clone()).unwrap_or_default(),
            log_url: log,
            created_at: now,
        };
        // Held, it would be copied by the change.
        drop(repo);
        // GitLab's success stays one when a newer one comes.
        let retires = self.flavor != Flavor::Gitlab;
        self.add_status(repo_id, deployment, status, retires);
        Some(id)
    }

    /// Adds a status as it is given, and retires earlier deployments if `auto_inactive`.
    pub(crate) fn add_status(
        &mut self,
        repo: u64,
        deployment: u64,
        status: DeploymentStatus,
        auto_inactive: bool,
    ) {
        let success = status.state == DeploymentState::Success;
        let environment = status.environment.clone();
        let now = self.now;
        self.with_deployment(repo, deployment, |it| {
            it.environment.clone_from(&status.environment);
            it.updated_at = now;
            it.statuses.push(status);
        });
        if !(success && auto_inactive) {
            return;
        }
        let Some(found) = self.repo_by_id(repo) else {
            return;
        };
        let older: Vec<_> = found
            .deployments_to(&environment)
            .filter(|it| it.id < deployment && !it.transient && !it.production)
            .filter(|it| it.state() == DeploymentState::Active)
            .map(|it| (it.id, it.latest().cloned()))
            .collect();
        for (id, last) in older {
            let Some(last) = last else { continue };
            let number = self.next_id();
            self.with_deployment(repo, id, |it| {
                it.updated_at = now;
                it.statuses.push(DeploymentStatus {
                    id: number,
                    state: DeploymentState::Inactive,
                    description: String::new(),
                    created_at: now,
                    ..last
                });
            });
        }
    }

    pub(crate) fn with_deployment(
        &mut self,
        repo: u64,
        id: u64,
        change: impl FnOnce(&mut Deployment),
    ) {
        let found = self
            .repo_mut(repo)
            .and_then(|it| it.deployments.iter_mut().rev().find(|it| it.id == id));
        if let Some(found) = found {
            change(Arc::make_mut(found));
        }
    }

    /// Lets the repository's deployer bot take a new deployment through.
    pub(crate) fn bot_takes(&mut self, repo: u64, deployment: u64, fails: bool) {
        let Some(took) = self
            .repo_by_id(repo)
            .and_then(|it| it.deployer.as_ref())
            .map(|it| it.took)
        else {
            return;
        };
        let id = deployment.to_string();
        let took = self.took("bot", &id, took);
        let fails = fails || self.bot_fails(repo, deployment);
        let words = [
            Some((1.0, DeploymentState::Queued)),
            Some((3.0, DeploymentState::InProgress)),
            self.deployment_ends(repo, deployment, fails)
                .map(|end| (3.0 + took, end)),
        ];
        for (after, state) in words.into_iter().flatten() {
            self.later(after, repo, Event::Deploy { deployment, state });
        }
    }

    /// By names, not by ids, as a job's fate is: when an order came in changes nothing here. A second
    /// try is luckier or not by itself.
    fn bot_fails(&self, repo: u64, deployment: u64) -> bool {
        let Some(repo) = self.repo_by_id(repo) else {
            return false;
        };
        let Some(made) = repo.deployment(deployment) else {
            return false;
        };
        let same = repo.deployments.iter().filter(|it| {
            it.id <= made.id && it.sha == made.sha && it.environment == made.environment
        });
        let attempt = same.count().to_string();
        let parts = [
            "bot flaky",
            &repo.name,
            &made.environment,
            &made.sha,
            &attempt,
        ];
        self.chance(&parts) < self.flaky
    }

    pub(super) fn bot_says(&mut self, repo: u64, deployment: u64, state: DeploymentState) {
        let Some(found) = self.repo_by_id(repo) else {
            return;
        };
        let bot = found
            .deployer
            .as_ref()
            .map_or("deploy-bot", |it| it.login.as_str())
            .to_owned();
        let last = found
            .deployment(deployment)
            .and_then(|it| it.latest())
            .map(|it| it.state);
        // Somebody else has given it its last word.
        if matches!(
            last,
            Some(
                DeploymentState::Success
                    | DeploymentState::Failure
                    | DeploymentState::Error
                    | DeploymentState::Inactive
            )
        ) {
            return;
        }
        let description = match state {
            DeploymentState::Queued => "Waiting for a slot",
            DeploymentState::InProgress => "Rolling out",
            DeploymentState::Success => "Rolled out to all instances",
            DeploymentState::Failure => "Health check failed after rollout",
            _ => "",
        };
        self.say(repo, deployment, state, &bot, description);
    }
}

/// The tier that GitLab guesses from an environment's name.
pub fn tier(name: &str) -> &'static str {
    let name = name.to_ascii_lowercase();
    let any = |words: &[&str]| words.iter().any(|it| name.contains(it));
    if any(&["dev", "review", "trunk"]) {
        "development"
    } else if any(&["test", "tst", "int", "qc", "qa"]) {
        "testing"
    } else if any(&["st", "model", "pre", "demo", "non"]) {
        "staging"
    } else if any(&["pr", "live"]) {
        "production"
    } else {
        "other"
    }
}
