//! GitLab's words for deployments, pipelines, commit statuses and merge requests, as its REST sends
//! them, through the adapter to the board: each has its state, and one that nobody knows stays visible.

use gonogo::domain::phase::Phase;
use gonogo::domain::pull_request::ChangeState;
use serde_json::{Value, json};

use super::*;

const AT: &str = "2026-11-20T10:00:00Z";

/// Forty digits that end in a number.
fn sha(number: usize) -> String {
    format!("{number:040x}")
}

/// GitLab with one list of a service's answered by `list` instead.
async fn answering(service: &str, part: &str, list: &[Value]) -> Bench {
    let bench = Bench::of(Server::GitLab).await;
    let matcher = Matcher {
        method: Some("GET".into()),
        repo: Some(bench.path(service).as_str().to_owned()),
        path_contains: Some(part.into()),
        ..Matcher::default()
    };
    bench.meet(matcher, None, status(200, &json!(list).to_string()));
    bench
}

fn unknown() -> Phase {
    Phase::Unknown("levitating".into())
}

/// The words of pipelines, jobs and statuses.
fn running() -> Vec<(&'static str, Phase)> {
    vec![
        ("created", Phase::Queued),
        ("waiting_for_resource", Phase::Queued),
        ("preparing", Phase::Queued),
        ("waiting_for_callback", Phase::Queued),
        ("pending", Phase::Queued),
        ("scheduled", Phase::Queued),
        ("running", Phase::Running),
        ("canceling", Phase::Running),
        ("manual", Phase::Gated),
        ("success", Phase::Succeeded),
        ("failed", Phase::Failed),
        ("canceled", Phase::Cancelled),
        ("skipped", Phase::Skipped),
        ("levitating", unknown()),
    ]
}

#[tokio::test]
async fn every_word_for_a_deployment_has_its_phase() {
    let states = [
        ("created", "pending", Phase::Queued),
        ("created", "manual", Phase::Gated),
        ("created", "skipped", Phase::Skipped),
        ("created", "canceled", Phase::Cancelled),
        ("running", "running", Phase::Running),
        ("blocked", "manual", Phase::Gated),
        ("success", "success", Phase::Superseded),
        ("success", "success", Phase::Succeeded),
        ("failed", "failed", Phase::Failed),
        ("canceled", "canceled", Phase::Cancelled),
        ("skipped", "skipped", Phase::Skipped),
        ("levitating", "success", unknown()),
    ];
    let deployment = |(at, (status, job, _)): (usize, &(&str, &str, Phase))| {
        json!({"id": at + 1, "iid": at + 1, "sha": sha(at), "ref": "main", "status": status,
            "created_at": AT, "updated_at": AT, "user": {"username": "alice"},
            "environment": {"id": 7, "name": "production"},
            "deployable": {"id": 100 + at, "name": "deploy", "status": job,
                "pipeline": {"id": 200 + at, "iid": at, "sha": sha(at), "ref": "main",
                    "status": "running", "created_at": AT}}})
    };
    let list: Vec<Value> = states.iter().enumerate().map(deployment).collect();
    let bench = answering("gateway", "/deployments?", &list).await;
    let facts = bench.board("gateway").await;
    for (at, (status, job, phase)) in states.iter().enumerate() {
        let found = facts
            .deployments
            .iter()
            .find(|it| it.sha.as_str() == sha(at));
        let found = found.unwrap_or_else(|| panic!("{status} {job}"));
        assert_eq!(
            (&found.phase, found.raw.as_str()),
            (phase, *status),
            "{job}"
        );
        let made = found.made_by.as_ref().unwrap();
        assert_eq!((made.job.0, made.run.0), (100 + at as u64, 200 + at as u64));
    }
}

#[tokio::test]
async fn every_word_for_a_pipeline_has_its_phase() {
    let states = running();
    let pipeline = |(at, (status, _)): (usize, &(&str, Phase))| {
        json!({"id": 9000 + at, "iid": at, "sha": sha(at), "ref": "side", "status": status,
            "source": "push", "web_url": "u", "created_at": AT, "updated_at": AT})
    };
    let list: Vec<Value> = states.iter().enumerate().map(pipeline).collect();
    let bench = answering("gateway", "/pipelines?", &list).await;
    let facts = bench.board("gateway").await;
    for (at, (word, phase)) in states.iter().enumerate() {
        let found = facts.runs.iter().find(|it| it.id.0 == 9000 + at as u64);
        let found = found.unwrap_or_else(|| panic!("{word}"));
        assert_eq!((&found.phase, found.raw.as_str()), (phase, *word));
    }
}

#[tokio::test]
async fn every_word_for_a_commit_status_has_its_phase() {
    let states = running();
    let said = |(at, (word, _)): (usize, &(&str, Phase))| {
        json!({"id": at + 1, "name": format!("said {at}"), "status": word, "allow_failure": false,
            "description": null, "target_url": null, "finished_at": null})
    };
    let list: Vec<Value> = states.iter().enumerate().map(said).collect();
    let bench = answering("gateway", "/statuses?", &list).await;
    let wanted = Target {
        named_checks: true,
        ..bench.target("gateway")
    };
    let mut batch = bench.forge.board(&[wanted]).await;
    let facts = batch.answers.remove(0).1.unwrap();
    let head = facts.head.as_ref().unwrap();
    let checks = facts.checks.get(&head.sha).unwrap();
    for (at, (word, phase)) in states.iter().enumerate() {
        let name = format!("said {at}");
        let found = checks.contexts.iter().find(|it| it.name == name);
        let found = found.unwrap_or_else(|| panic!("{word}: {checks:?}"));
        assert_eq!(found.phase, *phase, "{word}");
    }
}

#[tokio::test]
async fn every_word_for_a_merge_request_has_its_state() {
    let states = [
        ("mergeable", ChangeState::Ready),
        ("unchecked", ChangeState::Checking),
        ("checking", ChangeState::Checking),
        ("preparing", ChangeState::Checking),
        ("approvals_syncing", ChangeState::Checking),
        ("ci_still_running", ChangeState::ChecksRunning),
        ("ci_must_pass", ChangeState::ChecksFailed),
        ("external_status_checks", ChangeState::ChecksFailed),
        ("not_approved", ChangeState::NeedsReview),
        ("requested_changes", ChangeState::ChangesRequested),
        ("conflict", ChangeState::Conflict),
        ("need_rebase", ChangeState::Behind),
        ("draft_status", ChangeState::Draft),
        ("not_open", ChangeState::Closed),
        ("discussions_not_resolved", ChangeState::Blocked),
        ("blocked_status", ChangeState::Blocked),
        ("jira_association_missing", ChangeState::Blocked),
        ("locked_paths", ChangeState::Blocked),
        ("locked_lfs_files", ChangeState::Blocked),
        ("merge_time", ChangeState::Blocked),
        ("security_policies_violations", ChangeState::Blocked),
        ("title_not_matching", ChangeState::Blocked),
        ("levitating", ChangeState::Unknown("levitating".into())),
    ];
    let change = |(at, (word, _)): (usize, &(&str, ChangeState))| {
        json!({"iid": 500 + at, "title": "t", "web_url": "u", "draft": false, "state": "opened",
            "sha": sha(at), "source_branch": "topic", "target_branch": "main",
            "detailed_merge_status": word, "has_conflicts": false, "updated_at": AT})
    };
    let list: Vec<Value> = states.iter().enumerate().map(change).collect();
    let bench = answering("portal", "/merge_requests?", &list).await;
    let facts = bench.board("portal").await;
    for (at, (word, state)) in states.iter().enumerate() {
        let number = 500 + at as u64;
        let found = facts.pull_requests.iter().find(|it| it.number.0 == number);
        let found = found.unwrap_or_else(|| panic!("{word}"));
        assert_eq!((&found.state, found.raw.as_str()), (state, *word));
    }
}
