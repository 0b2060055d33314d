//! Workflows, runs, jobs, checks and commit statuses in REST's words.

use serde_json::{Value, json};

use super::{Shape, maybe, time};
use crate::sim::model::{
    Approval, CommitStatus, Conclusion, Environment, Job, Kind, NodeId, Pending, Repo, Run,
    RunStatus, Workflow,
};

impl Shape<'_> {
    /// A workflow.
    pub fn workflow(&self, repo: &Repo, workflow: &Workflow) -> Value {
        let html = self.html(repo);
        json!({
            "id": workflow.id,
            "node_id": NodeId::number(Kind::Workflow, repo.id, workflow.id),
            "name": workflow.name,
            "path": workflow.path(),
            "state": "active",
            "created_at": time(workflow.created_at),
            "updated_at": time(workflow.created_at),
            "url": format!("{}/actions/workflows/{}", self.url(repo), workflow.id),
            "html_url": format!("{html}/blob/{}/{}", repo.default_branch, workflow.path()),
            "badge_url": format!("{html}/workflows/{}/badge.svg", super::super::encode(&workflow.name)),
        })
    }

    /// A workflow run.
    pub fn run(&self, repo: &Repo, run: &Run) -> Value {
        let url = format!("{}/actions/runs/{}", self.url(repo), run.id);
        let suite = run.check_suite;
        let head = repo.commit(&run.head_sha).map_or(Value::Null, |commit| {
            json!({
                "id": commit.sha,
                "tree_id": crate::sim::model::commit::sha_of(&["tree", &commit.sha]),
                "message": commit.message,
                "timestamp": time(commit.at),
                "author": self.git_actor(&commit.author, commit.at),
                "committer": self.git_actor(&commit.author, commit.at),
            })
        });
        let pulls: Vec<Value> = run
            .pull
            .and_then(|it| repo.pull(it))
            .map(|it| self.pull_link(repo, it))
            .into_iter()
            .collect();
        json!({
            "id": run.id,
            "name": run.name,
            "node_id": NodeId::number(Kind::WorkflowRun, repo.id, run.id),
            "head_branch": run.head_branch,
            "head_sha": run.head_sha,
            "path": run.path,
            "display_title": run.display_title,
            "run_number": run.run_number,
            "event": run.event,
            "status": run.status.word(),
            "conclusion": run.conclusion.map(Conclusion::word),
            "workflow_id": run.workflow,
            "check_suite_id": suite,
            "check_suite_node_id": NodeId::number(Kind::CheckSuite, repo.id, suite),
            "url": url,
            "html_url": format!("{}/actions/runs/{}", self.html(repo), run.id),
            "pull_requests": pulls,
            "created_at": time(run.created_at),
            "updated_at": time(run.updated_at),
            "actor": self.account(&run.actor),
            "run_attempt": run.attempt,
            "referenced_workflows": [],
            "run_started_at": time(run.started_at),
            "triggering_actor": self.account(&run.triggering_actor),
            "jobs_url": format!("{url}/jobs"),
            "logs_url": format!("{url}/logs"),
            "check_suite_url": format!("{}/check-suites/{suite}", self.url(repo)),
            "artifacts_url": format!("{url}/artifacts"),
            "cancel_url": format!("{url}/cancel"),
            "rerun_url": format!("{url}/rerun"),
            "previous_attempt_url": (run.attempt > 1).then(|| format!("{url}/attempts/{}", run.attempt - 1)),
            "workflow_url": format!("{}/actions/workflows/{}", self.url(repo), run.workflow),
            "head_commit": head,
            "repository": self.minimal_repo(repo),
            "head_repository": self.minimal_repo(repo),
        })
    }

    /// A job.
    pub fn job(&self, repo: &Repo, run: &Run, job: &Job) -> Value {
        let runs = job.started_at.filter(|_| job.status != RunStatus::Waiting);
        let runner = runs
            .filter(|_| job.conclusion != Some(Conclusion::Skipped))
            .map(|_| 7);
        json!({
            "id": job.id,
            "run_id": run.id,
            "workflow_name": run.name,
            "head_branch": run.head_branch,
            "run_url": format!("{}/actions/runs/{}", self.url(repo), run.id),
            "run_attempt": job.attempt,
            "node_id": NodeId::number(Kind::CheckRun, repo.id, job.id),
            "head_sha": run.head_sha,
            "url": format!("{}/actions/jobs/{}", self.url(repo), job.id),
            "html_url": format!("{}/actions/runs/{}/job/{}", self.html(repo), run.id, job.id),
            "status": job.status.word(),
            "conclusion": job.conclusion.map(Conclusion::word),
            "created_at": time(job.created_at),
            "started_at": time(job.started_at.unwrap_or(job.created_at)),
            "completed_at": maybe(job.completed_at),
            "name": job.name,
            "steps": self.steps(job),
            "check_run_url": format!("{}/check-runs/{}", self.url(repo), job.id),
            "labels": ["ubuntu-latest"],
            "runner_id": runner,
            "runner_name": runner.map(|id| format!("hosted-{id}")),
            "runner_group_id": runner.map(|_| 2),
            "runner_group_name": runner.map(|_| "GitHub Actions"),
        })
    }

    // Set up, the work, clean up: how far, follows from how long the job has run.
    fn steps(&self, job: &Job) -> Vec<Value> {
        let Some(started) = job.started_at else {
            return Vec::new();
        };
        if job.conclusion == Some(Conclusion::Skipped) {
            return Vec::new();
        }
        let ran = job
            .completed_at
            .unwrap_or(self.state.now)
            .duration_since(started);
        let setup = self.state.scaled(3.0).min(ran);
        let names = ["Set up job", job.name.as_str(), "Complete job"];
        let whole = job.completed_at.is_some();
        let mut steps = Vec::new();
        for (number, name) in (1_u32..).zip(names) {
            let begun = match number {
                1 => Some(started),
                2 => {
                    (whole || ran > setup).then(|| started.saturating_add(setup).unwrap_or(started))
                }
                _ => job.completed_at,
            };
            let ended = match number {
                1 => {
                    (whole || ran > setup).then(|| started.saturating_add(setup).unwrap_or(started))
                }
                _ => job.completed_at,
            };
            let conclusion = match (number, ended) {
                (_, None) => None,
                (2, Some(_)) => job.conclusion.map(Conclusion::word),
                (_, Some(_)) => Some("success"),
            };
            let status = match (begun, ended) {
                (None, _) => "queued",
                (Some(_), None) => "in_progress",
                (Some(_), Some(_)) => "completed",
            };
            steps.push(json!({
                "name": name,
                "status": status,
                "conclusion": conclusion,
                "number": number,
                "started_at": maybe(begun),
                "completed_at": maybe(ended),
            }));
        }
        steps
    }

    /// A job as a check run.
    pub fn check_run(&self, repo: &Repo, run: &Run, job: &Job) -> Value {
        let html = format!("{}/actions/runs/{}/job/{}", self.html(repo), run.id, job.id);
        json!({
            "id": job.id,
            "name": job.name,
            "node_id": NodeId::number(Kind::CheckRun, repo.id, job.id),
            "head_sha": run.head_sha,
            "external_id": "",
            "url": format!("{}/check-runs/{}", self.url(repo), job.id),
            "html_url": html,
            "details_url": html,
            "status": job.status.word(),
            "conclusion": job.conclusion.map(Conclusion::word),
            "started_at": time(job.started_at.unwrap_or(job.created_at)),
            "completed_at": maybe(job.completed_at),
            "output": {
                "title": job.output.as_ref().map(|it| &it.title),
                "summary": job.output.as_ref().and_then(|it| it.summary.as_ref()),
                "text": job.output.as_ref().and_then(|it| it.text.as_ref()),
                "annotations_count": job.output.as_ref().map_or(0, |it| it.findings.len()),
                "annotations_url": format!("{}/check-runs/{}/annotations", self.url(repo), job.id),
            },
            "check_suite": {"id": run.check_suite},
            "app": self.actions_app(),
            "pull_requests": [],
        })
    }

    /// The app behind Actions.
    pub fn actions_app(&self) -> Value {
        json!({
            "id": 15_368,
            "client_id": "Iv1.05c79e9ad1f6bdfa",
            "slug": "github-actions",
            "node_id": "MDM6QXBwMTUzNjg=",
            "owner": self.account("github"),
            "name": "GitHub Actions",
            "description": "Automate your workflow from idea to production",
            "external_url": "https://help.github.com/en/actions",
            "html_url": format!("{}/apps/github-actions", self.state.base),
            "created_at": "2018-07-30T09:30:17Z",
            "updated_at": "2025-03-07T16:35:00Z",
            "permissions": {"actions": "write", "checks": "write", "deployments": "write"},
            "events": [],
        })
    }

    /// What a run waits for.
    pub fn pending(&self, repo: &Repo, run: &Run, pending: &Pending<'_>) -> Value {
        let place = pending.environment;
        let reviewers: Vec<Value> = place.reviewers.iter().map(|it| self.reviewer(it)).collect();
        let may = pending.job.gate.as_ref().is_some_and(|gate| gate.review)
            && self.state.may_approve(&self.token.login, run, place)
            && self.token.permission >= crate::sim::model::Permission::Write;
        json!({
            "environment": self.environment_link(repo, place),
            "wait_timer": place.wait_timer,
            "wait_timer_started_at": maybe(pending.timer_since),
            "current_user_can_approve": may,
            "reviewers": reviewers,
        })
    }

    /// An environment as it stands inside of other things.
    pub fn environment_link(&self, repo: &Repo, place: &Environment) -> Value {
        json!({
            "id": place.id,
            "node_id": NodeId::number(Kind::Environment, repo.id, place.id),
            "name": place.name,
            "url": format!("{}/environments/{}", self.url(repo), super::super::encode(&place.name)),
            "html_url": format!("{}/deployments/activity_log?environments_filter={}", self.html(repo), place.name),
            "created_at": time(place.created_at),
            "updated_at": time(place.created_at),
        })
    }

    /// A required reviewer, person or team.
    pub fn reviewer(&self, name: &str) -> Value {
        let Some(team) = name.strip_prefix('@') else {
            return json!({"type": "User", "reviewer": self.account(name)});
        };
        let url = format!("{}/organizations/9001/team/1", self.api);
        json!({"type": "Team", "reviewer": {
            "id": 1,
            "node_id": "T_kwDOAAAAAQ",
            "url": url,
            "html_url": format!("{}/orgs/teams/{team}", self.state.base),
            "name": team,
            "slug": team,
            "description": null,
            "privacy": "closed",
            "notification_setting": "notifications_enabled",
            "permission": "push",
            "members_url": format!("{url}/members{{/member}}"),
            "repositories_url": format!("{url}/repos"),
            "type": "organization",
            "organization_id": 9001,
            "parent": null,
        }})
    }

    /// What a reviewer said.
    pub fn approval(&self, repo: &Repo, approval: &Approval) -> Value {
        let places = repo
            .environments
            .iter()
            .filter(|it| approval.environments.contains(&it.id));
        json!({
            "state": if approval.approved { "approved" } else { "rejected" },
            "comment": approval.comment,
            "environments": places.map(|it| self.environment_link(repo, it)).collect::<Vec<_>>(),
            "user": self.account(&approval.login),
        })
    }

    /// A commit status.
    pub fn commit_status(&self, repo: &Repo, status: &CommitStatus) -> Value {
        json!({
            "url": format!("{}/statuses/{}", self.url(repo), status.sha),
            "avatar_url": format!("{}/avatars/{}", self.state.base, status.creator),
            "id": status.id,
            "node_id": NodeId::number(Kind::Status, repo.id, status.id),
            "state": status.state.word(),
            "description": status.description,
            "target_url": status.target_url,
            "context": status.context,
            "created_at": time(status.created_at),
            "updated_at": time(status.created_at),
            "creator": self.account(&status.creator),
        })
    }
}
