//! Acts on deployments, external statuses and freezes.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::sim::{
    gitlab::{
        answer::{bad_request, forbidden, message, not_found, unfit},
        ask::Done,
        cron::Cron,
        query::rules,
        words::{deployment_state, deployment_word, protected},
    },
    model::{
        Conclusion, Consent, Deployment, DeploymentState, DeploymentStatus, Permission, Run,
        RunStatus, State, Token,
        gitlab::{External, Freeze},
    },
};

/// What a caller tells of a deployment that happens elsewhere.
#[derive(Debug, Clone)]
pub struct NewDeployment {
    /// Where to.
    pub environment: String,
    /// The commit.
    pub sha: String,
    /// Branch or tag.
    pub git_ref: String,
    /// How far it is.
    pub status: String,
}

/// What a caller says about a commit.
#[derive(Debug, Clone)]
pub struct NewExternal {
    /// Its name.
    pub name: String,
    /// The word.
    pub state: &'static str,
    /// Branch or tag; the one that fits without it.
    pub git_ref: Option<String>,
    /// A line for people.
    pub description: Option<String>,
    /// Where to look.
    pub target_url: Option<String>,
    /// The pipeline it is for; the newest of the commit without it.
    pub pipeline: Option<u64>,
}

/// What a caller asks of a freeze; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct FreezeChange {
    /// When it begins.
    pub start: Option<String>,
    /// When it ends.
    pub end: Option<String>,
    /// Where the clock hangs.
    pub zone: Option<String>,
}

impl State {
    /// Approves or rejects a blocked deployment. Its job does not start by that.
    pub fn consent(
        &mut self,
        token: &Token,
        repo_id: u64,
        id: u64,
        approved: bool,
        comment: &str,
        represented_as: Option<&str>,
    ) -> Done<Consent> {
        let repo = self.for_act(token, repo_id, Permission::Read)?;
        let target = repo
            .deployment(id)
            .cloned()
            .ok_or_else(|| not_found("Deployment"))?;
        let place = repo.environment(&target.environment).cloned();
        let place = place.filter(protected);
        let Some(place) = place else {
            return Err(message(400, "This environment is not protected."));
        };
        if deployment_word(&target) != "blocked" {
            let words = "This deployment is not waiting for approvals.";
            return Err(message(400, words));
        }
        let starter = repo
            .deployable(&target)
            .map(|(run, _)| run.triggering_actor.clone());
        let own = starter.as_deref() == Some(token.login.as_str());
        if own && approved && place.prevent_self_review {
            let words = "You cannot approve your own deployment. This configuration can be adjusted in the protected environment settings.";
            return Err(message(400, words));
        }
        let all = rules(&place);
        let mine = all.iter().filter(|it| self.is(token, it.who));
        let Some(first) = mine.clone().next() else {
            let words = "You don't have permission to approve this deployment. Contact the project or group owner for help.";
            return Err(message(400, words));
        };
        let rule = match represented_as {
            None => first,
            Some(name) => mine
                .clone()
                .find(|it| it.who.trim_start_matches('@').eq_ignore_ascii_case(name))
                .ok_or_else(|| {
                    let words = "There are no approval rules for the given `represent_as` parameter. Use a valid User/Group/Role name instead.";
                    message(400, words)
                })?,
        };
        let consent = Consent {
            login: token.login.clone(),
            rule: rule.at,
            approved,
            comment: comment.to_owned(),
            at: self.now,
        };
        let made = repo
            .deployable(&target)
            .map(|(run, job)| (run.clone(), job.clone()));
        drop(repo);
        self.with_deployment(repo_id, id, |it| {
            // One word a person: the newer one counts.
            it.consents.retain(|it| it.login != consent.login);
            it.consents.push(consent.clone());
        });
        let left = self.repo_by_id(repo_id).and_then(|it| {
            let target = it.deployment(id)?;
            Some(it.pending_approvals(target))
        });
        if !approved {
            if let Some((run, job)) = made {
                self.end_job(repo_id, &run, &job, Conclusion::Failure);
                self.next_stage(repo_id, run.id);
            }
        } else if left == Some(0) {
            self.say(repo_id, id, DeploymentState::Queued, &token.login, "");
        }
        Ok(consent)
    }

    /// Notes a deployment that happens elsewhere; returns its number.
    pub fn note_deployment(
        &mut self,
        token: &Token,
        repo_id: u64,
        new: NewDeployment,
    ) -> Done<u64> {
        let repo = self.for_act(token, repo_id, Permission::Write)?;
        if !self.may_deploy(token, repo.environment(&new.environment)) {
            let words = format!("You cannot create a deployment in {}", new.environment);
            return Err(forbidden(&words));
        }
        if repo.commit(&new.sha).is_none() {
            return Err(unfit(400, "sha", "The commit does not exist"));
        }
        let state = deployment_state(&new.status);
        let state = state.ok_or_else(|| bad_request("status"))?;
        drop(repo);
        let place = self.ensure_environment(repo_id, &new.environment);
        let place = place.ok_or_else(|| not_found("Environment"))?;
        let id = self.next_id();
        let now = self.now;
        let made = Deployment {
            id,
            sha: new.sha,
            ref_: new.git_ref,
            task: "deploy".to_owned(),
            payload: Value::Null,
            original_environment: place.name.clone(),
            environment: place.name,
            description: None,
            creator: token.login.clone(),
            transient: false,
            production: place.production,
            run: None,
            created_at: now,
            updated_at: now,
            statuses: Vec::new(),
            consents: Vec::new(),
        };
        if let Some(repo) = self.repo_mut(repo_id) {
            repo.deployments.push(Arc::new(made));
        }
        self.say(repo_id, id, state, &token.login, "");
        Ok(id)
    }

    /// Says how far a deployment is that happens elsewhere.
    pub fn deployment_is(&mut self, token: &Token, repo_id: u64, id: u64, word: &str) -> Done<()> {
        let repo = self.for_act(token, repo_id, Permission::Write)?;
        let target = repo.deployment(id).ok_or_else(|| not_found("Deployment"))?;
        if target.run.is_some() || !self.may_deploy(token, repo.environment(&target.environment)) {
            return Err(forbidden(""));
        }
        let ended = matches!(deployment_word(target), "success" | "failed" | "canceled");
        let state = deployment_state(word).filter(|_| !ended);
        let Some(state) = state else {
            return Err(unfit(
                400,
                "status",
                &format!("cannot transition to {word}"),
            ));
        };
        let number = self.next_id();
        let status = DeploymentStatus {
            id: number,
            state,
            creator: token.login.clone(),
            description: String::new(),
            environment: target.environment.clone(),
            environment_url: String::new(),
            log_url: String::new(),
            created_at: self.now,
        };
        drop(repo);
        self.add_status(repo_id, id, status, false);
        Ok(())
    }

    /// Says something about a commit. It counts in a pipeline; without one it gets its own.
    pub fn external(
        &mut self,
        token: &Token,
        repo_id: u64,
        sha: &str,
        new: NewExternal,
    ) -> Done<External> {
        let repo = self.for_act(token, repo_id, Permission::Write)?;
        let commit = repo.resolve(sha).ok_or_else(|| not_found("Commit"))?;
        let sha = commit.sha.clone();
        let branch = repo.branches.values().find(|it| it.sha == sha);
        let fits = |it: &&Arc<Run>| {
            it.head_sha == sha
                && new.pipeline.is_none_or(|id| it.id == id)
                && new
                    .git_ref
                    .as_ref()
                    .is_none_or(|name| it.head_branch.as_ref() == Some(name))
        };
        let found = repo.runs.iter().rev().find(fits).map(|it| it.id);
        if new.pipeline.is_some() && found.is_none() {
            return Err(not_found("Pipeline"));
        }
        let git_ref = new.git_ref.clone();
        let git_ref = git_ref.or_else(|| branch.map(|it| it.name.clone()));
        let Some(git_ref) = git_ref.or_else(|| found.map(|_| repo.default_branch.clone())) else {
            return Err(not_found("References for commit"));
        };
        drop(repo);
        let pipeline =
            found.unwrap_or_else(|| self.external_pipeline(repo_id, token, &sha, &git_ref));
        let status = External {
            id: self.next_id(),
            pipeline,
            sha,
            ref_: git_ref,
            name: new.name,
            state: new.state,
            description: new.description,
            target_url: new.target_url,
            creator: token.login.clone(),
            created_at: self.now,
        };
        if let Some(project) = self.repo_mut(repo_id).and_then(|it| it.gitlab.as_mut()) {
            project.statuses.push(status.clone());
        }
        self.pipeline_settles(repo_id, pipeline);
        Ok(status)
    }

    // A pipeline without jobs, for what others say.
    fn external_pipeline(&mut self, repo_id: u64, token: &Token, sha: &str, git_ref: &str) -> u64 {
        let id = self.next_id();
        let now = self.now;
        if let Some(repo) = self.repo_mut(repo_id) {
            let project = repo.gitlab.get_or_insert_default();
            project.pipelines += 1;
            let run_number = project.pipelines;
            repo.runs.push(Arc::new(Run {
                id,
                workflow: 0,
                name: String::new(),
                path: String::new(),
                display_title: String::new(),
                run_number,
                attempt: 1,
                event: "external".to_owned(),
                status: RunStatus::Requested,
                conclusion: None,
                head_branch: Some(git_ref.to_owned()),
                head_sha: sha.to_owned(),
                actor: token.login.clone(),
                triggering_actor: token.login.clone(),
                check_suite: 0,
                pull: None,
                inputs: std::collections::BTreeMap::new(),
                created_at: now,
                started_at: now,
                updated_at: now,
                jobs: Vec::new(),
                approvals: Vec::new(),
                fate: std::collections::BTreeMap::new(),
            }));
        }
        id
    }

    /// Makes a freeze, or changes one; returns it.
    pub fn freeze(
        &mut self,
        token: &Token,
        repo_id: u64,
        id: Option<u64>,
        change: FreezeChange,
    ) -> Done<Freeze> {
        let repo = self.for_act(token, repo_id, Permission::Maintain)?;
        let project = repo.gitlab.as_ref();
        let known = id.and_then(|id| project?.freezes.iter().find(|it| it.id == id).cloned());
        if id.is_some() && known.is_none() {
            return Err(not_found("Freeze Period"));
        }
        let now = self.now;
        let mut freeze = known.unwrap_or_else(|| Freeze {
            id: self.next_id(),
            start: String::new(),
            end: String::new(),
            zone: "UTC".to_owned(),
            created_at: now,
            updated_at: now,
        });
        freeze.start = change.start.unwrap_or(freeze.start);
        freeze.end = change.end.unwrap_or(freeze.end);
        freeze.zone = change.zone.unwrap_or(freeze.zone);
        freeze.updated_at = now;
        for (field, text) in [("freeze_start", &freeze.start), ("freeze_end", &freeze.end)] {
            if Cron::parse(text).is_none() {
                return Err(message(400, json!({field: [" is invalid syntax"]})));
            }
        }
        if jiff::tz::TimeZone::get(&freeze.zone).is_err() {
            return Err(message(
                400,
                json!({"cron_timezone": [" is invalid syntax"]}),
            ));
        }
        drop(repo);
        if let Some(project) = self.repo_mut(repo_id).and_then(|it| it.gitlab.as_mut()) {
            project.freezes.retain(|it| it.id != freeze.id);
            project.freezes.push(freeze.clone());
        }
        Ok(freeze)
    }

    /// Takes a freeze away.
    pub fn unfreeze(&mut self, token: &Token, repo_id: u64, id: u64) -> Done<()> {
        self.for_act(token, repo_id, Permission::Maintain)?;
        let project = self.repo_mut(repo_id).and_then(|it| it.gitlab.as_mut());
        let project = project.ok_or_else(|| not_found("Project"))?;
        let before = project.freezes.len();
        project.freezes.retain(|it| it.id != id);
        if project.freezes.len() == before {
            return Err(not_found("Freeze Period"));
        }
        Ok(())
    }
}
