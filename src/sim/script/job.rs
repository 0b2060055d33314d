//! The life of a job: a gate at a protected environment, the start, the end.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Event, mark, run::fill};
use crate::sim::model::{
    BranchPolicy, Conclusion, DeploymentState, Flavor, Gate, Job, Repo, Run, RunStatus, State,
    StatusState, WorkflowJob,
};

impl State {
    pub(crate) fn add_job(&mut self, repo_id: u64, run: &Run, plan: &WorkflowJob, skip: bool) {
        let id = self.next_id();
        let now = self.now;
        let Some(repo) = self.repo_by_id(repo_id).cloned() else {
            return;
        };
        let environment = plan.environment.as_ref().map(|it| fill(it, &run.inputs));
        let asked = plan
            .revision
            .as_ref()
            .and_then(|input| run.inputs.get(input));
        let deploys = match asked.filter(|it| !it.is_empty()) {
            Some(rev) => repo.resolve(rev).map(|it| it.sha.clone()),
            None => Some(run.head_sha.clone()),
        };
        let mut job = Job {
            id,
            attempt: run.attempt,
            name: fill(&plan.name, &run.inputs),
            stage: plan.stage,
            took: plan.took,
            status: RunStatus::Queued,
            conclusion: None,
            environment: environment.clone(),
            deploys: deploys.clone(),
            deployment: None,
            gate: None,
            output: None,
            rules: plan.rules.clone(),
            by: None,
            created_at: now,
            started_at: None,
            completed_at: None,
        };
        let place = environment
            .as_deref()
            .map(|name| self.ensure_environment(repo_id, name));
        let place = place.flatten();
        let allowed = place.as_ref().is_none_or(|it| {
            let policy = it.branch_policy.as_ref();
            policy.is_none_or(|it| admits(it, &repo, run.head_branch.as_deref()))
        });
        drop(repo);
        if skip {
            (job.status, job.conclusion) = (RunStatus::Completed, Some(Conclusion::Skipped));
            (job.started_at, job.completed_at) = (Some(now), Some(now));
        } else if !allowed || (environment.is_some() && deploys.is_none()) {
            // Not a branch that may deploy here, or a revision that nobody knows.
            (job.status, job.conclusion) = (RunStatus::Completed, Some(Conclusion::Failure));
            (job.started_at, job.completed_at) = (Some(now), Some(now));
        } else if let Some(place) = place.filter(|it| it.wait_timer > 0 || !it.reviewers.is_empty())
        {
            let until = (place.wait_timer > 0).then(|| {
                let wait = self.scaled(f64::from(place.wait_timer) * 60.0);
                now.saturating_add(wait).unwrap_or(Timestamp::MAX)
            });
            job.status = RunStatus::Waiting;
            job.gate = Some(Gate {
                since: now,
                review: !place.reviewers.is_empty(),
                until,
            });
            job.deployment = self.job_deploys(repo_id, run, &job, DeploymentState::Waiting);
            if let Some(until) = until {
                let (run, attempt, job) = (run.id, run.attempt, id);
                self.at(until, repo_id, Event::TimerEnds { run, attempt, job });
            }
            self.supersede(repo_id, run, &place.name);
        }
        let queued = job.status == RunStatus::Queued;
        let ended = job.status == RunStatus::Completed && !skip;
        self.with_run(repo_id, run.id, |run| run.jobs.push(job));
        if queued {
            self.start_soon(repo_id, run.id, run.attempt, id);
        } else if ended {
            self.next_stage(repo_id, run.id);
        }
    }

    // A newer run at the same gate cancels the older ones that still wait there, as a
    // concurrency group does; one that runs is left alone.
    fn supersede(&mut self, repo_id: u64, newer: &Run, environment: &str) {
        let Some(repo) = self.repo_by_id(repo_id).cloned() else {
            return;
        };
        let older = repo.runs.iter().filter(|run| {
            run.workflow == newer.workflow
                && run.head_branch == newer.head_branch
                && run.id < newer.id
                && run.status == RunStatus::Waiting
                && run.latest_jobs().any(|job| {
                    job.status == RunStatus::Waiting
                        && job.environment.as_deref() == Some(environment)
                })
        });
        for run in older {
            self.run_cancelled(repo_id, run.id);
        }
    }

    pub(crate) fn start_soon(&mut self, repo: u64, run: u64, attempt: u32, job: u64) {
        let wait = 1.0 + 3.0 * self.chance(&["queue", &job.to_string()]);
        self.later(wait, repo, Event::JobStarts { run, attempt, job });
    }

    pub(super) fn job_starts(&mut self, repo: u64, run_id: u64, attempt: u32, job_id: u64) {
        let Some((run, job)) = self.find_job(repo, run_id, attempt, job_id) else {
            return;
        };
        if job.status == RunStatus::Completed {
            return;
        }
        let deployment = match job.deployment {
            None if job.environment.is_some() => {
                self.job_deploys(repo, &run, &job, DeploymentState::InProgress)
            }
            Some(id) => {
                let by = job_creator(&run);
                self.say(repo, id, DeploymentState::InProgress, &by, "");
                Some(id)
            }
            None => None,
        };
        let now = self.now;
        self.with_job(repo, run_id, job_id, |job| {
            job.status = RunStatus::InProgress;
            job.started_at = Some(now);
            job.deployment = deployment;
        });
        self.mark(repo, &run, &job, StatusState::Pending);
        self.settle(repo, run_id);
        self.job_will_end(repo, run_id, &job);
    }

    pub(super) fn job_ends(&mut self, repo: u64, run_id: u64, attempt: u32, job_id: u64) {
        let Some((run, job)) = self.find_job(repo, run_id, attempt, job_id) else {
            return;
        };
        if job.status != RunStatus::InProgress {
            return;
        }
        let fate = run.fate.get(&job.name).copied();
        let conclusion = fate.unwrap_or_else(|| {
            // By names, not by ids: what else a world holds changes nothing here.
            let name = self.repo_by_id(repo).map_or("", |it| &it.name);
            let parts = [
                "flaky",
                name,
                &run.path,
                &run.run_number.to_string(),
                &job.name,
                &attempt.to_string(),
            ];
            if self.chance(&parts) < self.flaky {
                Conclusion::Failure
            } else {
                Conclusion::Success
            }
        });
        self.end_job(repo, &run, &job, conclusion);
        self.next_stage(repo, run_id);
    }

    /// Ends a job, and its deployment with it.
    pub(crate) fn end_job(&mut self, repo: u64, run: &Run, job: &Job, conclusion: Conclusion) {
        let now = self.now;
        self.with_job(repo, run.id, job.id, |job| {
            job.status = RunStatus::Completed;
            job.conclusion = Some(conclusion);
            job.started_at.get_or_insert(now);
            job.completed_at = Some(now);
        });
        self.report(repo, run, job, conclusion);
        self.mark(repo, run, job, mark::word(conclusion));
        if let Some(id) = job.deployment {
            let gitlab = self.flavor == Flavor::Gitlab;
            let state = match conclusion {
                Conclusion::Success => DeploymentState::Success,
                // On GitLab a deployment knows that it never came to be.
                Conclusion::Cancelled if gitlab => DeploymentState::Abandoned,
                Conclusion::Skipped if gitlab => DeploymentState::Destroyed,
                Conclusion::Cancelled if job.status == RunStatus::Waiting => {
                    DeploymentState::Inactive
                }
                _ => DeploymentState::Failure,
            };
            self.say(repo, id, state, &job_creator(run), "");
        }
    }

    pub(super) fn timer_ends(&mut self, repo: u64, run: u64, attempt: u32, job_id: u64) {
        let Some((_, job)) = self.find_job(repo, run, attempt, job_id) else {
            return;
        };
        if job.status != RunStatus::Waiting {
            return;
        }
        let open = job.gate.as_ref().is_some_and(|gate| !gate.review);
        self.with_job(repo, run, job_id, |job| {
            if let Some(gate) = &mut job.gate {
                gate.until = None;
            }
        });
        if open {
            self.start_soon(repo, run, attempt, job_id);
        }
    }

    fn find_job(&self, repo: u64, run: u64, attempt: u32, job: u64) -> Option<(Arc<Run>, Job)> {
        let run = self.repo_by_id(repo)?.run(run)?;
        // An event of an attempt that was cancelled and re-run, or of a job that was played again,
        // means nothing any more.
        let job = run
            .latest_jobs()
            .find(|it| it.id == job && it.attempt == attempt)?;
        (!run.done()).then(|| (run.clone(), job.clone()))
    }

    pub(crate) fn with_job(
        &mut self,
        repo: u64,
        run: u64,
        job: u64,
        change: impl FnOnce(&mut Job),
    ) {
        self.with_run(repo, run, |run| {
            if let Some(found) = run.jobs.iter_mut().rev().find(|it| it.id == job) {
                change(found);
            }
        });
    }
}

fn job_creator(run: &Run) -> String {
    run.triggering_actor.clone()
}

fn admits(policy: &BranchPolicy, repo: &Repo, branch: Option<&str>) -> bool {
    let Some(branch) = branch else { return false };
    if policy.protected {
        return repo.protection(branch).is_some();
    }
    policy.patterns.iter().any(|it| match it.strip_suffix('*') {
        Some(start) => branch.starts_with(start),
        None => it == branch,
    })
}
