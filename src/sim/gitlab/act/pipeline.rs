//! Acts on pipelines and jobs: run, play, run again, cancel.

use std::collections::BTreeMap;

use crate::sim::{
    gitlab::{
        answer::{bad_request, forbidden, not_found, unfit},
        ask::Done,
        query::{cancelable, retryable},
        words::job_word,
    },
    model::{Conclusion, Job, Permission, Run, RunStatus, State, Token},
    script::run::Start,
};

impl State {
    /// Runs a pipeline on a branch or tag; returns its number, under which it can be seen at once.
    pub fn run_pipeline(
        &mut self,
        token: &Token,
        repo_id: u64,
        git_ref: &str,
        variables: BTreeMap<String, String>,
    ) -> Done<u64> {
        let repo = self.for_act(token, repo_id, Permission::Write)?;
        let name = git_ref
            .strip_prefix("refs/heads/")
            .or_else(|| git_ref.strip_prefix("refs/tags/"))
            .unwrap_or(git_ref);
        let branch = repo.branches.contains_key(name);
        let Some(commit) = repo
            .resolve(name)
            .filter(|_| branch || repo.tag(name).is_some())
        else {
            return Err(unfit(400, "base", "Reference not found"));
        };
        let event = if branch { "api" } else { "tag" };
        let workflow = repo
            .pipeline_for(event)
            .or_else(|| repo.pipeline_for("api"));
        let Some(workflow) = workflow else {
            let words = "Pipeline will not run for the selected trigger. The rules configuration prevented any jobs from being added to the pipeline.";
            return Err(unfit(400, "base", words));
        };
        let start = Start {
            event: "workflow_dispatch",
            branch: Some(name.to_owned()),
            sha: commit.sha.clone(),
            actor: token.login.clone(),
            title: commit.headline().to_owned(),
            inputs: variables,
            ..Start::default()
        };
        let id = self.start_run(repo_id, workflow, start);
        self.seen_at_once(id);
        Ok(id)
    }

    /// Plays a manual job, or runs one again that was played before; returns the job's number.
    pub fn play_job(&mut self, token: &Token, repo_id: u64, id: u64) -> Done<u64> {
        let (run, job) = self.job_for(token, repo_id, id)?;
        let repo = self.for_act(token, repo_id, Permission::Write)?;
        let place = job
            .environment
            .as_deref()
            .and_then(|it| repo.environment(it));
        if !self.may_deploy(token, place) {
            return Err(forbidden(""));
        }
        if !repo.playable(&job) {
            return Err(bad_request("Unplayable Job"));
        }
        drop(repo);
        if job.status == RunStatus::Completed {
            return self
                .retry_job(repo_id, run.id, &job, &token.login)
                .ok_or_else(|| not_found(""));
        }
        let by = token.login.clone();
        self.with_job(repo_id, run.id, id, |it| it.by = Some(by));
        self.job_turn(repo_id, &run, &job, true);
        self.pipeline_settles(repo_id, run.id);
        Ok(id)
    }

    /// Runs a job again; returns the number of the new one.
    pub fn retry(&mut self, token: &Token, repo_id: u64, id: u64) -> Done<u64> {
        let (run, job) = self.job_for(token, repo_id, id)?;
        let repo = self.for_act(token, repo_id, Permission::Write)?;
        let place = job
            .environment
            .as_deref()
            .and_then(|it| repo.environment(it));
        if !self.may_deploy(token, place) {
            return Err(forbidden(""));
        }
        if !retryable(&job) {
            return Err(forbidden("Job is not retryable"));
        }
        drop(repo);
        self.retry_job(repo_id, run.id, &job, &token.login)
            .ok_or_else(|| not_found(""))
    }

    /// Cancels a job that has not ended.
    pub fn cancel_job(&mut self, token: &Token, repo_id: u64, id: u64) -> Done<()> {
        let (run, job) = self.job_for(token, repo_id, id)?;
        if !cancelable(&job) {
            return Err(bad_request("Job is not cancelable"));
        }
        self.end_job(repo_id, &run, &job, Conclusion::Cancelled);
        self.next_stage(repo_id, run.id);
        Ok(())
    }

    /// Runs all jobs of a pipeline again that failed or were cancelled.
    pub fn retry_pipeline(&mut self, token: &Token, repo_id: u64, id: u64) -> Done<()> {
        let repo = self.for_act(token, repo_id, Permission::Write)?;
        let run = repo.run(id).cloned().ok_or_else(|| not_found("Pipeline"))?;
        drop(repo);
        let failed = run
            .latest_jobs()
            .filter(|it| matches!(job_word(it), "failed" | "canceled"));
        for job in failed.cloned().collect::<Vec<_>>() {
            self.retry_job(repo_id, id, &job, &token.login);
        }
        Ok(())
    }

    /// Cancels all jobs of a pipeline that have not ended; manual ones stay as they are.
    pub fn cancel_pipeline(&mut self, token: &Token, repo_id: u64, id: u64) -> Done<()> {
        let repo = self.for_act(token, repo_id, Permission::Write)?;
        let run = repo.run(id).cloned().ok_or_else(|| not_found("Pipeline"))?;
        drop(repo);
        let open: Vec<Job> = run
            .latest_jobs()
            .filter(|it| cancelable(it))
            .cloned()
            .collect();
        for job in &open {
            self.end_job(repo_id, &run, job, Conclusion::Cancelled);
        }
        self.next_stage(repo_id, id);
        Ok(())
    }

    fn job_for(&self, token: &Token, repo_id: u64, id: u64) -> Done<(Run, Job)> {
        let repo = self.for_act(token, repo_id, Permission::Write)?;
        let found = repo.job(id).map(|(run, job)| (run.clone(), job.clone()));
        found.ok_or_else(|| not_found(""))
    }
}
