//! The life of a GitLab pipeline: all its jobs from the beginning, stage after stage to its end.
//!
//! A pipeline is a run, its jobs are the run's. A job that is `created` is `Requested` here, one
//! that is `manual` is `Waiting`; what has been run again belongs to no attempt any more. What the
//! words of the API are is in `gitlab/words.rs`.

use std::collections::BTreeMap;

use crate::sim::{
    act::merge::Merge,
    gitlab::words::{Weight, job_word, sum},
    model::{Conclusion, DeploymentState, Job, Run, RunStatus, State, WorkflowJob},
    script::{
        Event,
        run::{Start, fill},
    },
};

impl State {
    /// Gives every job its turn that has one now; a new pipeline gets its jobs first.
    pub(super) fn pipeline_moves(&mut self, repo_id: u64, run_id: u64) {
        let Some((run, workflow)) = self.run_and_workflow(repo_id, run_id) else {
            return;
        };
        if run.jobs.is_empty() {
            let frozen = self.frozen(repo_id);
            for plan in &workflow.jobs {
                if !(frozen && plan.rules.unless_frozen) {
                    self.create_job(repo_id, &run, plan);
                }
            }
        }
        loop {
            let Some(run) = self
                .repo_by_id(repo_id)
                .and_then(|it| it.run(run_id))
                .cloned()
            else {
                return;
            };
            let mut ready = run
                .latest_jobs()
                .filter(|it| it.status == RunStatus::Requested);
            let Some((job, turn)) = ready.find_map(|it| Some((it.clone(), turn(&run, it)?))) else {
                break;
            };
            match turn {
                Turn::Skip => self.end_job(repo_id, &run, &job, Conclusion::Skipped),
                Turn::Go => self.job_turn(repo_id, &run, &job, false),
            }
        }
        self.pipeline_settles(repo_id, run_id);
    }

    /// A job's turn has come: it waits for a person, or for a runner. `played` by a person, even a
    /// manual one goes; what a protected environment must approve waits all the same.
    pub(crate) fn job_turn(&mut self, repo: u64, run: &Run, job: &Job, played: bool) {
        let place = job.environment.as_deref();
        let place = place.and_then(|it| self.repo_by_id(repo)?.environment(it).cloned());
        let approval = place.is_some_and(|it| !it.reviewers.is_empty());
        let by = job
            .by
            .clone()
            .unwrap_or_else(|| run.triggering_actor.clone());
        let said = job.deployment.and_then(|id| {
            let found = self.repo_by_id(repo)?.deployment(id)?;
            found.latest().map(|it| it.state)
        });
        // One that was approved has been given its state back.
        let unblocked = played && said == Some(DeploymentState::Queued);
        if approval && !unblocked {
            if let Some(id) = job.deployment {
                self.say(repo, id, DeploymentState::Waiting, &by, "");
            }
            self.with_job(repo, run.id, job.id, |it| it.status = RunStatus::Waiting);
        } else if job.rules.manual && !played {
            self.with_job(repo, run.id, job.id, |it| it.status = RunStatus::Waiting);
        } else {
            self.with_job(repo, run.id, job.id, |it| it.status = RunStatus::Queued);
            self.start_soon(repo, run.id, run.attempt, job.id);
        }
    }

    /// Draws a pipeline's own status from its jobs and from what others said of its commit.
    pub(crate) fn pipeline_settles(&mut self, repo_id: u64, run_id: u64) {
        let now = self.now;
        let Some(repo) = self.repo_by_id(repo_id).cloned() else {
            return;
        };
        let Some(run) = repo.run(run_id) else { return };
        let jobs = run.latest_jobs().map(|it| Weight {
            word: job_word(it),
            ignored: it.rules.allow_failure,
        });
        let externals = repo.externals(run_id).into_iter().map(|it| Weight {
            word: it.state,
            ignored: false,
        });
        let (status, conclusion) = sum(jobs.chain(externals));
        let head = run.head_sha.clone();
        drop(repo);
        self.with_run(repo_id, run_id, |run| {
            if (run.status, run.conclusion) != (status, conclusion) {
                (run.status, run.conclusion) = (status, conclusion);
                run.updated_at = now;
            }
        });
        if conclusion == Some(Conclusion::Success) {
            self.merge_what_waited(repo_id, &head);
        }
    }

    // Merges the requests that were to be merged once the pipeline of their head succeeds.
    fn merge_what_waited(&mut self, repo_id: u64, head: &str) {
        let Some(repo) = self.repo_by_id(repo_id).cloned() else {
            return;
        };
        for pull in repo.pulls.iter().filter(|it| it.head_sha == head) {
            let Some(order) = &pull.auto_merge else {
                continue;
            };
            if repo.detailed_merge_status(pull) == "mergeable" {
                let merge = Merge {
                    sha: None,
                    method: order.method,
                    title: None,
                    message: None,
                };
                self.merged(repo_id, pull.number, &order.by, &merge, &BTreeMap::new());
            }
        }
    }

    fn create_job(&mut self, repo_id: u64, run: &Run, plan: &WorkflowJob) {
        let id = self.next_id();
        let environment = plan.environment.as_ref().map(|it| fill(it, &run.inputs));
        let Some(repo) = self.repo_by_id(repo_id).cloned() else {
            return;
        };
        let asked = plan.revision.as_ref().and_then(|it| run.inputs.get(it));
        let asked = asked.filter(|it| !it.is_empty());
        let deploys = match asked {
            Some(revision) => repo.resolve(revision).map(|it| it.sha.clone()),
            None => Some(run.head_sha.clone()),
        };
        drop(repo);
        // A pipeline that names no environment deploys nowhere.
        let environment = environment.filter(|it| !it.is_empty());
        if let Some(name) = &environment {
            self.ensure_environment(repo_id, name);
        }
        let job = Job {
            id,
            attempt: run.attempt,
            name: fill(&plan.name, &run.inputs),
            stage: plan.stage,
            took: plan.took,
            status: RunStatus::Requested,
            conclusion: None,
            deploys,
            environment,
            deployment: None,
            gate: None,
            output: None,
            rules: plan.rules.clone(),
            by: None,
            created_at: self.now,
            started_at: None,
            completed_at: None,
        };
        self.add_pipeline_job(repo_id, run, job);
    }

    fn add_pipeline_job(&mut self, repo: u64, run: &Run, mut job: Job) {
        // The deployment is there from the beginning, `created`.
        job.deployment = self.job_deploys(repo, run, &job, DeploymentState::Queued);
        let lost = job.environment.is_some() && job.deploys.is_none();
        let id = job.id;
        self.with_run(repo, run.id, |run| run.jobs.push(job.clone()));
        if lost {
            // A revision that nobody knows.
            self.with_run(repo, run.id, |run| {
                run.fate.insert(job.name.clone(), Conclusion::Failure);
            });
            tracing::debug!(id, "a job deploys a revision that is not there");
        }
    }

    /// Runs a job again: a new one takes its place in the pipeline. Returns its number.
    pub(crate) fn retry_job(&mut self, repo: u64, run_id: u64, job: &Job, by: &str) -> Option<u64> {
        let id = self.next_id();
        let now = self.now;
        self.with_job(repo, run_id, job.id, |it| it.attempt = 0);
        let run = self.repo_by_id(repo)?.run(run_id)?.clone();
        let again = Job {
            id,
            attempt: run.attempt,
            status: RunStatus::Requested,
            conclusion: None,
            deployment: None,
            output: None,
            by: Some(by.to_owned()),
            created_at: now,
            started_at: None,
            completed_at: None,
            ..job.clone()
        };
        self.with_run(repo, run_id, |run| {
            // What was decided was the fate of the first one.
            run.fate.remove(&again.name);
        });
        self.add_pipeline_job(repo, &run, again);
        // What was skipped for its sake gets another chance.
        let stage = job.stage;
        self.with_run(repo, run_id, |run| {
            for it in run.jobs.iter_mut().filter(|it| it.attempt > 0) {
                if it.stage > stage && it.conclusion == Some(Conclusion::Skipped) {
                    it.status = RunStatus::Requested;
                    (it.conclusion, it.completed_at, it.started_at) = (None, None, None);
                }
            }
        });
        let run = self.repo_by_id(repo)?.run(run_id)?.clone();
        let new = run.latest_jobs().find(|it| it.id == id)?.clone();
        // A manual job that is run again is as good as played.
        let approval = new.environment.as_deref().and_then(|it| {
            let place = self.repo_by_id(repo)?.environment(it)?;
            Some(!place.reviewers.is_empty())
        });
        self.job_turn(repo, &run, &new, approval != Some(true));
        self.pipeline_settles(repo, run_id);
        Some(id)
    }

    /// Lets a run that is on its way be seen now: GitLab hands a new pipeline out in its answer.
    pub(crate) fn seen_at_once(&mut self, run: u64) {
        let mut all = self.agenda.entries.iter();
        let found = all.find_map(|(key, (_, event))| match event {
            Event::Appear(it) if it.id == run => Some(*key),
            _ => None,
        });
        if let Some((repo, Event::Appear(run))) =
            found.and_then(|key| self.agenda.entries.remove(&key))
        {
            self.appear(repo, run);
        }
    }

    /// Starts the pipelines that a new tag starts.
    pub(crate) fn tagged(&mut self, repo_id: u64, tag: &str, by: &str) {
        let Some(repo) = self
            .repo_by_id(repo_id)
            .filter(|it| it.gitlab.is_some())
            .cloned()
        else {
            return;
        };
        let Some(commit) = repo.tag(tag) else { return };
        for workflow in &repo.workflows {
            if workflow.on.iter().any(|it| it == "tag") {
                let start = Start {
                    event: "tag",
                    branch: Some(tag.to_owned()),
                    sha: commit.sha.clone(),
                    actor: by.to_owned(),
                    title: commit.headline().to_owned(),
                    ..Start::default()
                };
                self.start_run(repo_id, workflow, start);
            }
        }
    }

    /// Approves, as all who must, what waits for `environment`, and plays its job; or rejects it.
    pub(super) fn play_waiting(
        &mut self,
        repo: u64,
        environment: &str,
        sha: Option<&str>,
        by: &str,
        approve: bool,
    ) -> Option<()> {
        let found = self.repo_by_id(repo)?.clone();
        let runs = found.runs.iter().rev();
        let mut waiting = runs
            .filter(|it| sha.is_none_or(|sha| it.head_sha == sha))
            .filter_map(|run| {
                let job = run.latest_jobs().find(|it| {
                    it.status == RunStatus::Waiting
                        && it.environment.as_deref() == Some(environment)
                })?;
                Some((run.clone(), job.clone()))
            });
        let (run, job) = waiting.next()?;
        drop(found);
        if !approve {
            self.end_job(repo, &run, &job, Conclusion::Failure);
            self.pipeline_moves(repo, run.id);
            return Some(());
        }
        if let Some(id) = job.deployment {
            self.say(repo, id, DeploymentState::Queued, by, "");
        }
        self.with_job(repo, run.id, job.id, |it| it.by = Some(by.to_owned()));
        self.job_turn(repo, &run, &job, true);
        self.pipeline_settles(repo, run.id);
        Some(())
    }
}

enum Turn {
    Go,
    Skip,
}

// Whether it is a created job's turn: once all before it is done, it goes or is skipped.
fn turn(run: &Run, job: &Job) -> Option<Turn> {
    let mut skip = false;
    for before in run.latest_jobs().filter(|it| it.stage < job.stage) {
        let ignored = before.rules.allow_failure;
        match (before.status, before.conclusion) {
            (RunStatus::Completed, Some(Conclusion::Success | Conclusion::Neutral)) => {}
            (RunStatus::Completed, Some(Conclusion::Skipped)) => skip = true,
            (RunStatus::Waiting | RunStatus::Completed, _) if ignored => {}
            (RunStatus::Completed, _) => skip = true,
            _ => return None,
        }
    }
    Some(if skip { Turn::Skip } else { Turn::Go })
}
