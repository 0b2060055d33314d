//! The life of a workflow run: stage after stage, to its end.

use std::{collections::BTreeMap, sync::Arc};

use jiff::SignedDuration;

use super::Event;
use crate::sim::model::{Conclusion, Flavor, Job, Run, RunStatus, State, Workflow};

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
            // GitLab counts all pipelines of a project together.
            if let Some(project) = &mut repo.gitlab {
                project.pipelines += 1;
                return project.pipelines;
            }
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
        if self.flavor == Flavor::Gitlab {
            return self.pipeline_moves(repo_id, run_id);
        }
        let Some((run, workflow)) = self.run_and_workflow(repo_id, run_id) else {
            return;
        };
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
        if self.flavor == Flavor::Gitlab {
            return self.pipeline_settles(repo_id, run_id);
        }
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

    pub(crate) fn run_and_workflow(
        &self,
        repo: u64,
        run: u64,
    ) -> Option<(Arc<Run>, Arc<Workflow>)> {
        let repo = self.repo_by_id(repo)?;
        let run = repo.run(run)?;
        let workflow = repo.workflow(&run.workflow.to_string())?;
        Some((run.clone(), workflow.clone()))
    }

    pub(crate) fn with_run(&mut self, repo: u64, run: u64, change: impl FnOnce(&mut Run)) {
        let found = self
            .repo_mut(repo)
            .and_then(|it| it.runs.iter_mut().rev().find(|it| it.id == run));
        if let Some(found) = found {
            change(Arc::make_mut(found));
        }
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
