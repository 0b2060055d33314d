//! Runs, jobs and tasks: Forgejo's own words, and Gitea's, which are GitHub's.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Shape, since, time};
use crate::sim::{
    forgejo::runs::{self, Slot, Stage},
    model::{Conclusion, Job, Repo, Run, Workflow},
};

impl Shape<'_> {
    /// The page of a run: its number counts in the repository.
    pub fn run_page(&self, repo: &Repo, run: &Run) -> String {
        format!(
            "{}/actions/runs/{}",
            self.html(repo),
            runs::index(repo, run)
        )
    }

    /// A run of Forgejo's.
    pub fn run(&self, repo: &Repo, run: &Run) -> Value {
        let (began, ended) = runs::span(run);
        let stage = runs::stage(run);
        let until = ended.unwrap_or(self.state.now);
        let took = began.map_or(0, |at| until.as_second() - at.as_second());
        json!({
            "id": run.id,
            "title": run.display_title,
            "repository": self.repo(repo),
            "workflow_id": file(run),
            "index_in_repo": runs::index(repo, run),
            "trigger_user": self.account(&run.triggering_actor),
            "ScheduleID": 0,
            "approved_by": 0,
            "prettyref": runs::pretty_ref(run),
            "is_ref_deleted": run.pull.is_none()
                && run.head_branch.as_deref().is_some_and(|it| repo.resolve(it).is_none()),
            "commit_sha": run.head_sha,
            "is_fork_pull_request": false,
            "need_approval": stage == Stage::Blocked,
            "event": run.event,
            "event_payload": "",
            "trigger_event": run.event,
            "status": stage.word(),
            "started": since(began),
            "stopped": since(ended),
            "created": time(run.created_at),
            "updated": time(run.updated_at),
            // Nanoseconds, as Go counts.
            "duration": took * 1_000_000_000,
            "html_url": self.run_page(repo, run),
        })
    }

    /// A job of Forgejo's.
    pub fn job(&self, repo: &Repo, run: &Run, slot: &Slot<'_>) -> Value {
        let plans = runs::slots(repo, run);
        let needs = plans
            .iter()
            .filter(|it| it.plan.stage + 1 == slot.plan.stage);
        let begun = slot.job.filter(|it| picked(it));
        json!({
            "id": slot.id,
            "run_id": run.id,
            "repo_id": repo.id,
            "owner_id": self.state.organizations.get(&repo.owner).copied().unwrap_or(0),
            "name": slot.name,
            "needs": needs.map(|it| it.name.clone()).collect::<Vec<_>>(),
            "runs_on": ["docker"],
            "attempt": if begun.is_some() { run.attempt } else { 0 },
            "handle": "",
            "task_id": begun.map_or(0, |it| it.id),
            "status": slot.stage.word(),
            "html_url": format!("{}/jobs/{}", self.run_page(repo, run), slot.index),
            "steps": begun.map_or_else(Vec::new, |it| vec![step(it, slot.stage)]),
        })
    }

    /// A task: a job that a runner has picked up.
    pub fn task(&self, repo: &Repo, run: &Run, job: &Job) -> Value {
        json!({
            "id": job.id,
            "name": job.name,
            "head_branch": runs::pretty_ref(run),
            "head_sha": run.head_sha,
            "run_number": runs::index(repo, run),
            "event": run.event,
            "display_title": run.display_title,
            "status": Stage::of(job.status, job.conclusion).word(),
            "workflow_id": file(run),
            "url": self.run_page(repo, run),
            "created_at": time(job.started_at.unwrap_or(job.created_at)),
            "updated_at": time(job.completed_at.or(job.started_at).unwrap_or(job.created_at)),
            "run_started_at": since(job.started_at),
        })
    }

    /// A run of Gitea's.
    pub fn gitea_run(&self, repo: &Repo, run: &Run) -> Value {
        let (began, ended) = runs::span(run);
        let (status, conclusion) = runs::stage(run).github();
        json!({
            "id": run.id,
            "url": format!("{}/actions/runs/{}", self.url(repo), run.id),
            "html_url": self.run_page(repo, run),
            "display_title": run.display_title,
            "path": format!("{}@{}", file(run), runs::full_ref(repo, run)),
            "event": run.event,
            "run_attempt": run.attempt,
            "run_number": runs::index(repo, run),
            "repository_id": repo.id,
            "head_sha": run.head_sha,
            "head_branch": runs::pretty_ref(run),
            "status": status,
            "actor": self.account(&run.actor),
            "trigger_actor": self.account(&run.triggering_actor),
            "repository": self.repo(repo),
            "head_repository": self.repo(repo),
            "conclusion": conclusion.unwrap_or_default(),
            "started_at": since(began),
            "completed_at": since(ended),
        })
    }

    /// A job of Gitea's.
    pub fn gitea_job(&self, repo: &Repo, run: &Run, slot: &Slot<'_>) -> Value {
        let (status, conclusion) = slot.stage.github();
        let begun = slot.job.filter(|it| picked(it));
        let at = |pick: fn(&Job) -> Option<Timestamp>| since(begun.and_then(pick));
        json!({
            "id": slot.id,
            "url": format!("{}/actions/jobs/{}", self.url(repo), slot.id),
            "html_url": format!("{}/jobs/{}", self.run_page(repo, run), slot.index),
            "run_id": run.id,
            "run_url": format!("{}/actions/runs/{}", self.url(repo), run.id),
            "name": slot.name,
            "labels": ["ubuntu-latest"],
            "run_attempt": if begun.is_some() { run.attempt } else { 0 },
            "head_sha": run.head_sha,
            "head_branch": runs::pretty_ref(run),
            "status": status,
            "conclusion": conclusion.unwrap_or_default(),
            "runner_id": u64::from(begun.is_some()),
            "runner_name": if begun.is_some() { "runner-1" } else { "" },
            "steps": begun.map_or_else(Vec::new, |it| vec![github_step(it, slot.stage)]),
            "created_at": time(slot.job.map_or(run.created_at, |it| it.created_at)),
            "started_at": at(|it| it.started_at),
            "completed_at": at(|it| it.completed_at),
        })
    }

    /// A workflow file of Gitea's.
    pub fn workflow(&self, repo: &Repo, it: &Workflow) -> Value {
        let path = format!("{}/{}", self.edition.workflows(), it.file);
        let html = self.html(repo);
        json!({
            "id": it.file,
            "name": it.name,
            "path": path,
            "state": "active",
            "created_at": time(it.created_at),
            "updated_at": time(it.created_at),
            "url": format!("{}/actions/workflows/{}", self.url(repo), it.file),
            "html_url": format!("{html}/src/branch/{}/{path}", repo.default_branch),
            "badge_url": format!("{html}/actions/workflows/{}/badge.svg", it.file),
        })
    }
}

/// The file of a run's workflow, without the folder.
pub fn file(run: &Run) -> &str {
    run.path.rsplit('/').next().unwrap_or(&run.path)
}

/// Says whether a runner has had a job.
pub fn picked(job: &Job) -> bool {
    match job.conclusion {
        Some(Conclusion::Skipped) => false,
        // Cancelled before it began.
        Some(Conclusion::Cancelled) => job.started_at != job.completed_at,
        _ => job.started_at.is_some(),
    }
}

fn step(job: &Job, stage: Stage) -> Value {
    json!({
        "number": 0,
        "name": format!("Run {}", job.name),
        "status": stage.word(),
        "started": since(job.started_at),
        "stopped": since(job.completed_at),
    })
}

fn github_step(job: &Job, stage: Stage) -> Value {
    let (status, conclusion) = stage.github();
    json!({
        "name": format!("Run {}", job.name),
        "number": 0,
        "status": status,
        "conclusion": conclusion.unwrap_or_default(),
        "started_at": since(job.started_at),
        "completed_at": since(job.completed_at),
    })
}
