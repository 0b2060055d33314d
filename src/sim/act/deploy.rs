//! Acts on deployments and commit statuses.

use std::sync::Arc;

use serde_json::Value;

use super::{Refusal, permit};
use crate::sim::model::{
    CommitStatus, Deployment, DeploymentState, DeploymentStatus, State, StatusState, Token,
};

/// What a caller asks of a new deployment.
#[derive(Debug, Clone)]
pub struct NewDeployment {
    /// Branch, tag or sha.
    pub ref_: String,
    /// `deploy` unless told otherwise.
    pub task: String,
    /// Merge the default branch in first.
    pub auto_merge: bool,
    /// Contexts that must be green; `None` means all there are.
    pub required_contexts: Option<Vec<String>>,
    /// To be remembered.
    pub payload: Value,
    /// Where to.
    pub environment: String,
    /// A line for people.
    pub description: Option<String>,
    /// Is meant to vanish.
    pub transient: bool,
    /// Is what users see; `None` means if it is called so.
    pub production: Option<bool>,
}

/// A caller's word about a commit.
#[derive(Debug, Clone)]
pub struct NewCommitStatus {
    /// Its name.
    pub context: String,
    /// The word.
    pub state: StatusState,
    /// A line for people.
    pub description: Option<String>,
    /// Where to look.
    pub target_url: Option<String>,
}

/// A caller's word about a deployment.
#[derive(Debug, Clone)]
pub struct NewStatus {
    /// The word.
    pub state: DeploymentState,
    /// A line for people.
    pub description: String,
    /// Renames the environment.
    pub environment: Option<String>,
    /// Where the deployed thing answers.
    pub environment_url: Option<String>,
    /// Where the log is.
    pub log_url: Option<String>,
    /// Retire earlier deployments.
    pub auto_inactive: bool,
}

impl State {
    /// Makes a deployment; the repository's bot, if it has one, takes it from there.
    pub fn create_deployment(
        &mut self,
        token: &Token,
        repo_id: u64,
        new: NewDeployment,
    ) -> Result<u64, Refusal> {
        let repo = self.known_repo(repo_id)?;
        permit(token, &repo, "deployments", "repo_deployment")?;
        let Some(commit) = repo.resolve(&new.ref_).cloned() else {
            return Err(Refusal::new(422, format!("No ref found for: {}", new.ref_)));
        };
        if new.auto_merge {
            let behind = repo
                .compare(&repo.default_branch, &new.ref_)
                .map_or(0, |it| it.behind);
            let branch = repo.branches.contains_key(&new.ref_);
            if branch && behind > 0 {
                return Err(Refusal::new(
                    409,
                    "Conflict merging the default branch into the ref",
                ));
            }
        }
        let lacking = match &new.required_contexts {
            Some(contexts) => contexts.iter().any(|it| !repo.succeeded(&commit.sha, it)),
            None => repo
                .rollup(&commit.sha)
                .is_some_and(|it| it.state != crate::sim::model::RollupState::Success),
        };
        if lacking {
            let what = "Commit status checks failed for the ref";
            return Err(Refusal::new(409, format!("Conflict: {what} {}.", new.ref_)));
        }
        self.ensure_environment(repo_id, &new.environment);
        let id = self.next_id();
        let now = self.now;
        let made = Deployment {
            id,
            sha: commit.sha.clone(),
            ref_: new.ref_,
            task: new.task,
            payload: new.payload,
            production: new.production.unwrap_or(new.environment == "production"),
            original_environment: new.environment.clone(),
            environment: new.environment,
            description: new.description,
            creator: token.login.clone(),
            transient: new.transient,
            run: None,
            created_at: now,
            updated_at: now,
            statuses: Vec::new(),
            consents: Vec::new(),
        };
        let repo = self.repo_mut(repo_id).ok_or_else(Refusal::not_found)?;
        repo.deployments.push(Arc::new(made));
        self.bot_takes(repo_id, id, false);
        Ok(id)
    }

    /// Adds a status to a deployment and returns its number.
    pub fn deployment_status(
        &mut self,
        token: &Token,
        repo_id: u64,
        deployment: u64,
        new: NewStatus,
    ) -> Result<u64, Refusal> {
        let repo = self.known_repo(repo_id)?;
        let target = repo.deployment(deployment).ok_or_else(Refusal::not_found)?;
        permit(token, &repo, "deployments", "repo_deployment")?;
        if new.description.chars().count() > 140 {
            return Err(Refusal::custom(
                "DeploymentStatus",
                "description",
                "description is too long (maximum is 140 characters)",
            ));
        }
        let id = self.next_id();
        let status = DeploymentStatus {
            id,
            state: new.state,
            creator: token.login.clone(),
            description: new.description,
            environment: new
                .environment
                .unwrap_or_else(|| target.environment.clone()),
            environment_url: new.environment_url.unwrap_or_default(),
            log_url: new.log_url.unwrap_or_default(),
            created_at: self.now,
        };
        self.add_status(repo_id, deployment, status, new.auto_inactive);
        Ok(id)
    }

    /// Sets a commit status and returns its number.
    pub fn commit_status(
        &mut self,
        token: &Token,
        repo_id: u64,
        sha: &str,
        new: NewCommitStatus,
    ) -> Result<u64, Refusal> {
        let repo = self.known_repo(repo_id)?;
        permit(token, &repo, "statuses", "repo:status")?;
        if repo.commit(sha).is_none() {
            return Err(Refusal::new(422, format!("No commit found for SHA: {sha}")));
        }
        let same = repo
            .statuses
            .iter()
            .filter(|it| it.sha == sha && it.context == new.context);
        if same.count() >= 1_000 {
            return Err(Refusal::custom(
                "Status",
                "context",
                "This SHA and context has reached the maximum number of statuses.",
            ));
        }
        let id = self.next_id();
        let now = self.now;
        let status = CommitStatus {
            id,
            sha: sha.to_owned(),
            context: new.context,
            state: new.state,
            description: new.description,
            target_url: new.target_url,
            creator: token.login.clone(),
            created_at: now,
        };
        let repo = self.repo_mut(repo_id).ok_or_else(Refusal::not_found)?;
        repo.statuses.push(status);
        Ok(id)
    }
}
