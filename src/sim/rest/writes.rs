//! Writes: the body is checked, the act is done, its result is shown.
//!
//! An act always meets the present state; only reads can be stale. Pull requests and releases have
//! their own files.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use super::{
    Answer, Ask,
    body::{Field, Fields, Type},
    reads::number,
};
use crate::sim::{
    act::{
        Refusal,
        deploy::{NewCommitStatus, NewDeployment, NewStatus},
    },
    model::{DeploymentState, Repo, State, StatusState},
};

mod issues;
mod publish;
mod pulls;

type Done = Result<Answer, Refusal>;

impl Ask<'_> {
    fn act<T>(&self, act: impl FnOnce(&mut State) -> Result<T, Refusal>) -> Result<T, Refusal> {
        self.session.shared.act(act)
    }

    fn after(&self, repo: &Repo) -> Result<(Arc<State>, Arc<Repo>), Refusal> {
        let state = self.session.shared.read();
        let repo = state
            .repo_by_id(repo.id)
            .cloned()
            .ok_or_else(Refusal::not_found)?;
        Ok((state, repo))
    }

    /// Approves or rejects what a run waits for.
    pub fn review_pending(&self, repo: &Repo, run: &str) -> Done {
        let run = number(run)?;
        let body = Fields::read(
            "PendingDeployments",
            self.body,
            &[
                Field("environment_ids", Type::Numbers, true),
                Field("state", Type::Word(&["approved", "rejected"]), true),
                Field("comment", Type::Text, true),
            ],
        )?;
        let places = body.numbers("environment_ids");
        let approve = body.text("state").as_deref() == Some("approved");
        let comment = body.text("comment").unwrap_or_default();
        let ids = self.act(|state| {
            state.review_pending(self.token(), repo.id, run, &places, approve, &comment)
        })?;
        let (state, repo) = self.after(repo)?;
        let list = ids.iter().filter_map(|id| repo.deployment(*id));
        let list = list
            .map(|it| self.shape_of(&state).deployment(&repo, it))
            .collect();
        Ok(Answer::json(200, Value::Array(list)))
    }

    /// Stops a run.
    pub fn cancel(&self, repo: &Repo, run: &str, force: bool) -> Done {
        let run = number(run)?;
        self.act(|state| state.cancel(self.token(), repo.id, run, force))?;
        Ok(Answer::json(202, json!({})))
    }

    /// Runs a run again.
    pub fn rerun(&self, repo: &Repo, run: &str, failed_only: bool) -> Done {
        let run = number(run)?;
        Fields::read(
            "WorkflowRun",
            self.body,
            &[Field("enable_debug_logging", Type::Flag, false)],
        )?;
        self.act(|state| state.rerun(self.token(), repo.id, run, failed_only))?;
        Ok(Answer::json(201, json!({})))
    }

    /// Runs a job again.
    pub fn rerun_job(&self, repo: &Repo, job: &str) -> Done {
        let job = number(job)?;
        let flags = ["enable_debug_logging", "enable_debugger"];
        Fields::read(
            "Job",
            self.body,
            &flags.map(|it| Field(it, Type::Flag, false)),
        )?;
        self.act(|state| state.rerun_job(self.token(), repo.id, job))?;
        Ok(Answer::json(201, json!({})))
    }

    /// Dispatches a workflow. With `return_run_details`, which Enterprise Server does not
    /// know, the answer names the run.
    pub fn dispatch(&self, repo: &Repo, key: &str) -> Done {
        let mut fields = vec![
            Field("ref", Type::Text, true),
            Field("inputs", Type::Object, false),
        ];
        if !self.ghes() {
            fields.push(Field("return_run_details", Type::Flag, false));
        }
        let body = Fields::read("WorkflowDispatch", self.body, &fields)?;
        let inputs = body.value("inputs").and_then(Value::as_object);
        let inputs: BTreeMap<String, String> = inputs
            .into_iter()
            .flatten()
            .map(|(name, value)| {
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                (name.clone(), text)
            })
            .collect();
        if inputs.len() > 25 {
            return Err(Refusal::new(
                422,
                "you may only define up to 25 `inputs` for a `workflow_dispatch` event",
            ));
        }
        let git_ref = body.text("ref").unwrap_or_default();
        let id = self.act(|state| state.dispatch(self.token(), repo.id, key, &git_ref, inputs))?;
        if body.flag("return_run_details") != Some(true) {
            return Ok(Answer::empty(204));
        }
        let shape = self.shape();
        Ok(Answer::json(
            200,
            json!({
                "workflow_run_id": id,
                "run_url": format!("{}/actions/runs/{id}", shape.url(repo)),
                "html_url": format!("{}/actions/runs/{id}", shape.html(repo)),
            }),
        ))
    }

    /// Tells a repository that something happened elsewhere.
    pub fn repository_dispatch(&self, repo: &Repo) -> Done {
        let body = Fields::read(
            "RepositoryDispatch",
            self.body,
            &[
                Field("event_type", Type::Text, true),
                Field("client_payload", Type::Object, false),
            ],
        )?;
        let kind = body.text("event_type").unwrap_or_default();
        self.act(|state| state.repository_dispatch(self.token(), repo.id, &kind))?;
        Ok(Answer::empty(204))
    }

    /// Makes a deployment.
    pub fn create_deployment(&self, repo: &Repo) -> Done {
        let body = Fields::read(
            "Deployment",
            self.body,
            &[
                Field("ref", Type::Text, true),
                Field("task", Type::Text, false),
                Field("auto_merge", Type::Flag, false),
                Field("required_contexts", Type::Texts, false),
                Field("payload", Type::ObjectOrText, false),
                Field("environment", Type::Text, false),
                Field("description", Type::TextOrNull, false),
                Field("transient_environment", Type::Flag, false),
                Field("production_environment", Type::Flag, false),
            ],
        )?;
        let new = NewDeployment {
            ref_: body.text("ref").unwrap_or_default(),
            task: body.text("task").unwrap_or_else(|| "deploy".to_owned()),
            auto_merge: body.flag("auto_merge").unwrap_or(true),
            required_contexts: body.texts("required_contexts"),
            payload: body.value("payload").cloned().unwrap_or_else(|| json!({})),
            environment: body
                .text("environment")
                .unwrap_or_else(|| "production".to_owned()),
            description: body.text("description"),
            transient: body.flag("transient_environment").unwrap_or(false),
            production: body.flag("production_environment"),
        };
        let id = self.act(|state| state.create_deployment(self.token(), repo.id, new))?;
        let (state, repo) = self.after(repo)?;
        let made = repo.deployment(id).ok_or_else(Refusal::not_found)?;
        Ok(Answer::json(
            201,
            self.shape_of(&state).deployment(&repo, made),
        ))
    }

    /// Says a word about a deployment.
    pub fn deployment_status(&self, repo: &Repo, deployment: &str) -> Done {
        let deployment = number(deployment)?;
        let words = &[
            "error",
            "failure",
            "inactive",
            "in_progress",
            "queued",
            "pending",
            "success",
        ];
        let body = Fields::read(
            "DeploymentStatus",
            self.body,
            &[
                Field("state", Type::Word(words), true),
                Field("target_url", Type::Text, false),
                Field("log_url", Type::Text, false),
                Field("description", Type::Text, false),
                Field("environment", Type::Text, false),
                Field("environment_url", Type::Text, false),
                Field("auto_inactive", Type::Flag, false),
            ],
        )?;
        let state = body
            .text("state")
            .and_then(|it| DeploymentState::parse(&it));
        let new = NewStatus {
            state: state.ok_or_else(|| Refusal::field("DeploymentStatus", "state", "invalid"))?,
            description: body.text("description").unwrap_or_default(),
            environment: body.text("environment"),
            environment_url: body.text("environment_url"),
            log_url: body.text("log_url").or_else(|| body.text("target_url")),
            auto_inactive: body.flag("auto_inactive").unwrap_or(true),
        };
        let id =
            self.act(|state| state.deployment_status(self.token(), repo.id, deployment, new))?;
        let (state, repo) = self.after(repo)?;
        let of = repo.deployment(deployment).ok_or_else(Refusal::not_found)?;
        let made = of
            .statuses
            .iter()
            .find(|it| it.id == id)
            .ok_or_else(Refusal::not_found)?;
        Ok(Answer::json(
            201,
            self.shape_of(&state).deployment_status(&repo, of, made),
        ))
    }

    /// Sets a commit status.
    pub fn commit_status(&self, repo: &Repo, sha: &str) -> Done {
        let body = Fields::read(
            "Status",
            self.body,
            &[
                Field(
                    "state",
                    Type::Word(&["error", "failure", "pending", "success"]),
                    true,
                ),
                Field("target_url", Type::TextOrNull, false),
                Field("description", Type::TextOrNull, false),
                Field("context", Type::Text, false),
            ],
        )?;
        let state = body.text("state").and_then(|it| StatusState::parse(&it));
        let state = state.ok_or_else(|| Refusal::field("Status", "state", "invalid"))?;
        let new = NewCommitStatus {
            context: body.text("context").unwrap_or_else(|| "default".to_owned()),
            state,
            description: body.text("description"),
            target_url: body.text("target_url"),
        };
        let id = self.act(|it| it.commit_status(self.token(), repo.id, sha, new))?;
        let (state, repo) = self.after(repo)?;
        let made = repo.statuses.iter().rev().find(|it| it.id == id);
        let made = made.ok_or_else(Refusal::not_found)?;
        Ok(Answer::json(
            201,
            self.shape_of(&state).commit_status(&repo, made),
        ))
    }
}
