//! Acts on workflows and their runs: dispatch, review, cancel, run again.

use std::collections::BTreeMap;

use super::{Refusal, permit};
use crate::sim::{
    model::{Approval, Conclusion, Job, RunStatus, State, Token},
    script::{Event, run::Start},
};

impl State {
    /// Dispatches a workflow; returns the number that its run will have.
    pub fn dispatch(
        &mut self,
        token: &Token,
        repo_id: u64,
        workflow: &str,
        git_ref: &str,
        inputs: BTreeMap<String, String>,
    ) -> Result<u64, Refusal> {
        let repo = self.known_repo(repo_id)?;
        permit(token, &repo, "actions", "repo")?;
        let workflow = repo
            .workflow(workflow)
            .cloned()
            .ok_or_else(Refusal::not_found)?;
        if !workflow.on.iter().any(|it| it == "workflow_dispatch") {
            return Err(Refusal::new(
                422,
                "Workflow does not have 'workflow_dispatch' trigger",
            ));
        }
        let name = git_ref
            .strip_prefix("refs/heads/")
            .or_else(|| git_ref.strip_prefix("refs/tags/"));
        let name = name.unwrap_or(git_ref);
        let known = repo.branches.contains_key(name) || repo.tag(name).is_some();
        let Some(commit) = repo.resolve(git_ref).filter(|_| known) else {
            return Err(Refusal::new(422, format!("No ref found for: {git_ref}")));
        };
        let strange: Vec<&String> = inputs
            .keys()
            .filter(|it| !workflow.inputs.contains_key(*it))
            .collect();
        if !strange.is_empty() {
            return Err(Refusal::new(
                422,
                format!("Unexpected inputs provided: {strange:?}"),
            ));
        }
        let missing = workflow
            .inputs
            .iter()
            .find(|(name, required)| **required && inputs.get(*name).is_none_or(String::is_empty));
        if let Some((name, _)) = missing {
            return Err(Refusal::new(
                422,
                format!("Required input '{name}' not provided"),
            ));
        }
        let start = Start {
            event: "workflow_dispatch",
            branch: Some(name.to_owned()),
            sha: commit.sha.clone(),
            actor: token.login.clone(),
            title: workflow.name.clone(),
            inputs,
            ..Start::default()
        };
        Ok(self.start_run(repo_id, &workflow, start))
    }

    /// Starts every workflow that listens to `repository_dispatch`.
    pub fn repository_dispatch(
        &mut self,
        token: &Token,
        repo_id: u64,
        kind: &str,
    ) -> Result<(), Refusal> {
        let repo = self.known_repo(repo_id)?;
        permit(token, &repo, "contents", "repo")?;
        let Some(head) = repo.resolve(&repo.default_branch) else {
            return Ok(());
        };
        for workflow in &repo.workflows {
            if workflow.on.iter().any(|it| it == "repository_dispatch") {
                let start = Start {
                    event: "repository_dispatch",
                    branch: Some(repo.default_branch.clone()),
                    sha: head.sha.clone(),
                    actor: token.login.clone(),
                    title: kind.to_owned(),
                    ..Start::default()
                };
                self.start_run(repo_id, workflow, start);
            }
        }
        Ok(())
    }

    /// Approves or rejects what a run waits for; returns the deployments concerned.
    pub fn review_pending(
        &mut self,
        token: &Token,
        repo_id: u64,
        run_id: u64,
        environments: &[u64],
        approve: bool,
        comment: &str,
    ) -> Result<Vec<u64>, Refusal> {
        let repo = self.known_repo(repo_id)?;
        let run = repo.run(run_id).cloned().ok_or_else(Refusal::not_found)?;
        permit(token, &repo, "deployments", "repo")?;
        let mut jobs = Vec::new();
        for id in environments {
            let pending = repo.pending(&run);
            let found = pending.into_iter().find(|it| {
                it.environment.id == *id && it.job.gate.as_ref().is_some_and(|gate| gate.review)
            });
            let Some(found) = found else {
                return Err(Refusal::new(
                    422,
                    "There are no pending deployment requests for the given environments.",
                ));
            };
            if !self.may_approve(&token.login, &run, found.environment) {
                return Err(Refusal::new(
                    422,
                    "You are not a required reviewer for this environment, or may not review your own run.",
                ));
            }
            jobs.push(found.job.clone());
        }
        if jobs.is_empty() {
            return Err(Refusal::field(
                "PendingDeployments",
                "environment_ids",
                "missing_field",
            ));
        }
        self.reviewed(
            repo_id,
            run_id,
            &token.login,
            environments,
            approve,
            comment,
            &jobs,
        );
        Ok(jobs.iter().filter_map(|it| it.deployment).collect())
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of one review, used here alone"
    )]
    pub(crate) fn reviewed(
        &mut self,
        repo: u64,
        run_id: u64,
        by: &str,
        environments: &[u64],
        approve: bool,
        comment: &str,
        jobs: &[Job],
    ) {
        let now = self.now;
        self.with_run(repo, run_id, |run| {
            run.updated_at = now;
            run.approvals.push(Approval {
                login: by.to_owned(),
                approved: approve,
                comment: comment.to_owned(),
                environments: environments.to_vec(),
                at: now,
            });
        });
        let Some(run) = self.repo_by_id(repo).and_then(|it| it.run(run_id)).cloned() else {
            return;
        };
        for job in jobs {
            if approve {
                let mut timer = false;
                self.with_job(repo, run_id, job.id, |job| {
                    if let Some(gate) = &mut job.gate {
                        gate.review = false;
                        timer = gate.until.is_some();
                    }
                });
                if !timer {
                    self.start_soon(repo, run_id, run.attempt, job.id);
                }
            } else {
                self.end_job(repo, &run, job, Conclusion::Failure);
            }
        }
        if !approve {
            self.next_stage(repo, run_id);
        }
    }

    /// Asks a run to stop; `force` does not wait for its jobs.
    pub fn cancel(
        &mut self,
        token: &Token,
        repo_id: u64,
        run_id: u64,
        force: bool,
    ) -> Result<(), Refusal> {
        let repo = self.known_repo(repo_id)?;
        let run = repo.run(run_id).ok_or_else(Refusal::not_found)?;
        permit(token, &repo, "actions", "repo")?;
        if run.done() {
            return Err(Refusal::new(
                409,
                "Cannot cancel a workflow run that is completed.",
            ));
        }
        if force {
            self.run_cancelled(repo_id, run_id);
        } else {
            self.later(1.5, repo_id, Event::Cancelled { run: run_id });
        }
        Ok(())
    }

    /// Runs all jobs again, or those that failed and what came after them.
    pub fn rerun(
        &mut self,
        token: &Token,
        repo_id: u64,
        run_id: u64,
        failed_only: bool,
    ) -> Result<(), Refusal> {
        let repo = self.known_repo(repo_id)?;
        let run = repo.run(run_id).cloned().ok_or_else(Refusal::not_found)?;
        permit(token, &repo, "actions", "repo")?;
        if !run.done() {
            return Err(Refusal::new(403, "This workflow is already running"));
        }
        let kept: Vec<Job> = run
            .latest_jobs()
            .filter(|job| failed_only && job.conclusion == Some(Conclusion::Success))
            .cloned()
            .collect();
        if failed_only && kept.len() == run.latest_jobs().count() {
            return Err(Refusal::new(
                403,
                "This workflow run has no failed jobs to rerun",
            ));
        }
        self.again(repo_id, run_id, &token.login, kept);
        Ok(())
    }

    /// Runs one job of a finished run again, with what depends on it.
    pub fn rerun_job(&mut self, token: &Token, repo_id: u64, job_id: u64) -> Result<(), Refusal> {
        let repo = self.known_repo(repo_id)?;
        permit(token, &repo, "actions", "repo")?;
        let of = |run: &&std::sync::Arc<crate::sim::model::Run>| {
            run.latest_jobs().any(|it| it.id == job_id)
        };
        let run = repo
            .runs
            .iter()
            .rev()
            .find(of)
            .ok_or_else(Refusal::not_found)?;
        if !run.done() {
            return Err(Refusal::new(
                403,
                "The workflow run containing this job is already running",
            ));
        }
        let stage = run
            .latest_jobs()
            .find(|it| it.id == job_id)
            .map_or(1, |it| it.stage);
        let kept = run
            .latest_jobs()
            .filter(|it| it.stage < stage || (it.stage == stage && it.id != job_id))
            .cloned()
            .collect();
        self.again(repo_id, run.id, &token.login, kept);
        Ok(())
    }

    /// Begins the next attempt of a run, with the jobs that need not run again.
    pub(crate) fn again(&mut self, repo: u64, run_id: u64, by: &str, kept: Vec<Job>) {
        let now = self.now;
        let kept: Vec<Job> = kept
            .into_iter()
            .map(|job| Job {
                id: self.next_id(),
                ..job
            })
            .collect();
        let mut plans = Vec::new();
        self.with_run(repo, run_id, |run| {
            run.attempt += 1;
            run.status = RunStatus::Queued;
            run.conclusion = None;
            by.clone_into(&mut run.triggering_actor);
            run.started_at = now;
            run.updated_at = now;
            // What was decided was the fate of the first attempt.
            run.fate.clear();
            let attempt = run.attempt;
            run.jobs
                .extend(kept.into_iter().map(|job| Job { attempt, ..job }));
            plans = run
                .latest_jobs()
                .map(|it| (it.stage, it.name.clone()))
                .collect();
        });
        self.resume(repo, run_id, &plans);
    }

    // The jobs of the last stage that kept something, but for those kept, start now;
    // everything later follows by itself.
    fn resume(&mut self, repo_id: u64, run_id: u64, kept: &[(u32, String)]) {
        let Some((run, workflow)) = self.run_and_workflow(repo_id, run_id) else {
            return;
        };
        let lacking = |stage: u32| {
            workflow
                .jobs
                .iter()
                .filter(|it| it.stage == stage)
                .filter(|it| {
                    !kept.contains(&(stage, crate::sim::script::run::fill(&it.name, &run.inputs)))
                })
                .cloned()
                .collect::<Vec<_>>()
        };
        let reached = kept.iter().map(|(stage, _)| *stage).max();
        let first = workflow
            .jobs
            .iter()
            .map(|it| it.stage)
            .filter(|it| !lacking(*it).is_empty())
            .min();
        match (first, reached) {
            (Some(first), Some(reached)) if first <= reached => {
                for plan in lacking(first) {
                    self.add_job(repo_id, &run, &plan, false);
                }
                self.settle(repo_id, run_id);
            }
            _ => self.next_stage(repo_id, run_id),
        }
    }
}
