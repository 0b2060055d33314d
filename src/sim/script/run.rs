//! The life of a workflow run: stage after stage, gates at protected environments, the end.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use super::Event;
use crate::sim::model::{
    BranchPolicy, Conclusion, DeploymentState, Gate, Job, Repo, Run, RunStatus, State, Workflow,
    WorkflowJob,
};

/// What a run is started with.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// `push`, `workflow_dispatch`, …
    pub event: &'static str,
    /// Branch or tag.
    pub branch: Option<String>,
    /// The commit.
    pub sha: String,
    /// Who caused it.
    pub actor: String,
    /// The title, if the workflow has no run name of its own.
    pub title: String,
    /// Inputs of a dispatch.
    pub inputs: BTreeMap<String, String>,
    /// The pull request it is for.
    pub pull: Option<u64>,
    /// Decided outcomes, by job.
    pub fate: BTreeMap<String, Conclusion>,
}

impl State {
    /// Starts a run; it can be seen after the forge's lag. Returns its number at once.
    pub(crate) fn start_run(&mut self, repo_id: u64, workflow: &Workflow, start: Start) -> u64 {
        let id = self.next_id();
        let check_suite = self.next_id();
        let now = self.now;
        let run_number = self.repo_mut(repo_id).map_or(1, |repo| {
            let number = repo.run_numbers.entry(workflow.id).or_insert(0);
            *number += 1;
            *number
        });
        let display_title = match &workflow.run_name {
            Some(template) => fill(template, &start.inputs),
            None => start.title,
        };
        let run = Run {
            id,
            workflow: workflow.id,
            name: workflow.name.clone(),
            path: workflow.path(),
            display_title,
            run_number,
            attempt: 1,
            event: start.event.to_owned(),
            status: RunStatus::Queued,
            conclusion: None,
            head_branch: start.branch,
            head_sha: start.sha,
            triggering_actor: start.actor.clone(),
            actor: start.actor,
            check_suite,
            pull: start.pull,
            inputs: start.inputs,
            created_at: now,
            started_at: now,
            updated_at: now,
            jobs: Vec::new(),
            approvals: Vec::new(),
            fate: start.fate,
        };
        let lag = SignedDuration::from_millis(i64::try_from(self.lag_ms).unwrap_or(0));
        let seen = now.saturating_add(lag).unwrap_or(now);
        self.at(seen, repo_id, Event::Appear(Arc::new(run)));
        id
    }

    pub(super) fn appear(&mut self, repo: u64, run: Arc<Run>) {
        let id = run.id;
        if let Some(it) = self.repo_mut(repo) {
            it.runs.push(run);
        }
        self.next_stage(repo, id);
    }

    /// Gives a run's next stage its jobs, or ends the run.
    pub(crate) fn next_stage(&mut self, repo_id: u64, run_id: u64) {
        let Some(repo) = self.repo_by_id(repo_id).cloned() else {
            return;
        };
        let Some(run) = repo.run(run_id).cloned() else {
            return;
        };
        let Some(workflow) = repo.workflow(&run.workflow.to_string()).cloned() else {
            return;
        };
        drop(repo);
        if run.done()
            || run
                .latest_jobs()
                .any(|job| job.status != RunStatus::Completed)
        {
            return self.settle(repo_id, run_id);
        }
        let reached = run.latest_jobs().map(|job| job.stage).max();
        let failed = run.latest_jobs().any(|job| !passed(job));
        let rest = |stage: u32| reached.is_none_or(|it| stage > it);
        let next = workflow
            .jobs
            .iter()
            .map(|it| it.stage)
            .filter(|it| rest(*it))
            .min();
        let Some(next) = next else {
            return self.settle(repo_id, run_id);
        };
        for plan in &workflow.jobs {
            if failed && rest(plan.stage) {
                self.add_job(repo_id, &run, plan, true);
            } else if !failed && plan.stage == next {
                self.add_job(repo_id, &run, plan, false);
            }
        }
        self.settle(repo_id, run_id);
    }

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
            let parts = [
                "flaky",
                &run_id.to_string(),
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
        if let Some(id) = job.deployment {
            let state = match conclusion {
                Conclusion::Success => DeploymentState::Success,
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

    pub(crate) fn run_cancelled(&mut self, repo: u64, run_id: u64) {
        let Some(run) = self.repo_by_id(repo).and_then(|it| it.run(run_id)).cloned() else {
            return;
        };
        for job in run
            .latest_jobs()
            .filter(|job| job.status != RunStatus::Completed)
        {
            self.end_job(repo, &run, job, Conclusion::Cancelled);
        }
        let now = self.now;
        self.with_run(repo, run_id, |run| {
            if !run.done() {
                (run.status, run.conclusion) = (RunStatus::Completed, Some(Conclusion::Cancelled));
                run.updated_at = now;
            }
        });
    }

    /// Draws a run's own status from its jobs.
    pub(crate) fn settle(&mut self, repo_id: u64, run_id: u64) {
        let now = self.now;
        let Some(repo) = self.repo_by_id(repo_id).cloned() else {
            return;
        };
        let Some(run) = repo.run(run_id) else { return };
        let last = repo
            .workflow(&run.workflow.to_string())
            .and_then(|it| it.jobs.iter().map(|job| job.stage).max());
        // Held, it would be copied by the change.
        drop(repo);
        self.with_run(repo_id, run_id, |run| {
            if run.done() {
                return;
            }
            let any = |status| run.latest_jobs().any(|job| job.status == status);
            let reached = run.latest_jobs().map(|job| job.stage).max();
            let status = if any(RunStatus::InProgress) {
                RunStatus::InProgress
            } else if any(RunStatus::Waiting) {
                RunStatus::Waiting
            } else if any(RunStatus::Queued) {
                if reached > Some(1) {
                    RunStatus::InProgress
                } else {
                    RunStatus::Queued
                }
            } else if reached == last {
                let failed = run.latest_jobs().any(|job| !passed(job));
                let cancelled = run
                    .latest_jobs()
                    .any(|job| job.conclusion == Some(Conclusion::Cancelled));
                run.conclusion = Some(match (failed, cancelled) {
                    (_, true) => Conclusion::Cancelled,
                    (true, _) => Conclusion::Failure,
                    _ => Conclusion::Success,
                });
                RunStatus::Completed
            } else {
                run.status
            };
            run.status = status;
            run.updated_at = now;
        });
    }

    fn find_job(&self, repo: u64, run: u64, attempt: u32, job: u64) -> Option<(Arc<Run>, Job)> {
        let run = self.repo_by_id(repo)?.run(run)?;
        // An event of an attempt that was cancelled and re-run means nothing any more.
        let job = run
            .latest_jobs()
            .find(|it| it.id == job && it.attempt == attempt)?;
        (!run.done()).then(|| (run.clone(), job.clone()))
    }

    pub(crate) fn with_run(&mut self, repo: u64, run: u64, change: impl FnOnce(&mut Run)) {
        let found = self
            .repo_mut(repo)
            .and_then(|it| it.runs.iter_mut().rev().find(|it| it.id == run));
        if let Some(found) = found {
            change(Arc::make_mut(found));
        }
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

/// Fills `${{ inputs.x }}` in; an input that was not given is empty.
pub fn fill(template: &str, inputs: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${{") {
        out.push_str(before);
        let Some((name, tail)) = after.split_once("}}") else {
            break;
        };
        let name = name.trim();
        let name = name.strip_prefix("github.event.").unwrap_or(name);
        if let Some(value) = name.strip_prefix("inputs.").and_then(|it| inputs.get(it)) {
            out.push_str(value);
        }
        rest = tail;
    }
    out.push_str(rest);
    out.trim_end().to_owned()
}

fn passed(job: &Job) -> bool {
    matches!(
        job.conclusion,
        None | Some(Conclusion::Success | Conclusion::Neutral)
    )
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
