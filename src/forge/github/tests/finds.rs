//! Reconciliation: what an act left behind, by reading alone.

use std::collections::BTreeMap;

use super::*;
use crate::domain::act::{MergeMethod, StatusState};
use crate::domain::ids::{DeploymentId, PullRequestNumber, ReleaseId};

const BASE: &str = "/api/v3/repos/acme/checkout";

/// Looks for `act` on a server with these answers; every other path is a 404.
async fn find(act: &Act, answers: &[(&str, Value)]) -> Result<Option<Handle>, Fault> {
    let server = MockServer::start().await;
    for (route, answer) in answers {
        Mock::given(method("GET"))
            .and(path(format!("{BASE}{route}")))
            .respond_with(ResponseTemplate::new(200).set_body_json(answer))
            .mount(&server)
            .await;
    }
    let found = github(&server)
        .find(&repo(), act, &"k-1".into(), now())
        .await;
    let seen = server.received_requests().await.unwrap();
    assert!(seen.iter().all(|request| request.method.as_str() == "GET"));
    found
}

fn run(id: u64, title: &str, at: Timestamp, fields: &Value) -> Value {
    let mut run = json!({"id": id, "event": "workflow_dispatch", "display_title": title, "head_sha": "aa",
        "status": "queued", "created_at": at.to_string(), "updated_at": at.to_string()});
    for (name, value) in fields.as_object().unwrap() {
        run[name] = value.clone();
    }
    run
}

#[tokio::test]
async fn a_review_is_ours_if_its_comment_carries_the_key() {
    let act = Act::Approve {
        run: RunId(7),
        environments: Vec::new(),
        comment: String::new(),
    };
    let route = "/actions/runs/7/approvals";
    let with = json!([{"comment": "x", "state": "rejected"}, {"comment": "ok [gonogo k-1]", "state": "approved"}]);
    let handle = find(&act, &[(route, with)]).await.unwrap().unwrap();
    assert_eq!(handle.run, Some(RunId(7)));
    let without = json!([{"comment": "ok [gonogo k-12]"}, {"comment": null}]);
    assert_eq!(find(&act, &[(route, without)]).await.unwrap(), None);
    assert!(find(&act, &[]).await.is_err(), "a 404 is not an absence");
}

#[tokio::test]
async fn a_dispatch_is_found_by_its_title_and_not_called_absent_on_a_guess() {
    let act = Act::Dispatch {
        workflow: "release.yml".into(),
        git_ref: "main".into(),
        inputs: BTreeMap::new(),
    };
    let route = "/actions/workflows/release.yml/runs";
    let hour = SignedDuration::from_hours(1);
    let runs = |runs: Vec<Value>| json!({ "workflow_runs": runs });
    let ours = runs(vec![
        run(2, "deploy k-1", now(), &json!({})),
        run(1, "k-1", now() - hour, &json!({})),
    ]);
    let handle = find(&act, &[(route, ours)]).await.unwrap().unwrap();
    assert_eq!(handle.run, Some(RunId(2)));
    let older = runs(vec![run(1, "deploy k-1", now() - hour, &json!({}))]);
    assert_eq!(find(&act, &[(route, older)]).await.unwrap(), None);
    let pushed = runs(vec![run(3, "deploy", now(), &json!({"event": "push"}))]);
    assert_eq!(find(&act, &[(route, pushed)]).await.unwrap(), None);
    let unnamed = runs(vec![run(3, "deploy", now(), &json!({}))]);
    let fault = find(&act, &[(route, unnamed)]).await.unwrap_err();
    assert!(fault.hint.unwrap().contains("run-name"));
}

#[tokio::test]
async fn a_deployment_is_found_by_its_payload_behind_newer_ones() {
    let act = Act::CreateDeployment {
        sha: Sha::from("aa"),
        environment: "prod".into(),
        description: String::new(),
    };
    let server = MockServer::start().await;
    let page = |id: u64, payload: Value, at: Timestamp| json!([{"id": id, "payload": payload, "created_at": at.to_string()}]);
    let newer = page(9, json!({"gonogo": "other"}), now());
    let route = format!("{BASE}/deployments");
    Mock::given(path(&route))
        .and(wiremock::matchers::query_param("page", "2"))
        .respond_with(ResponseTemplate::new(200).set_body_json(page(
            8,
            json!("{\"gonogo\":\"k-1\"}"),
            now(),
        )))
        .mount(&server)
        .await;
    Mock::given(path(&route))
        .respond_with(
            ResponseTemplate::new(200)
                .insert_header("link", format!("<{route}?page=2>; rel=\"next\""))
                .set_body_json(newer),
        )
        .with_priority(9)
        .mount(&server)
        .await;
    let github = github(&server);
    let found = github
        .find(&repo(), &act, &"k-1".into(), now())
        .await
        .unwrap();
    assert_eq!(found.unwrap().deployment, Some(DeploymentId(8)));
    let none = github
        .find(&repo(), &act, &"k-2".into(), now())
        .await
        .unwrap();
    assert_eq!(none, None);
}

#[tokio::test]
async fn a_merge_is_found_by_its_head_or_by_its_message() {
    let act = Act::MergePullRequest {
        number: PullRequestNumber(4),
        head: Sha::from("aa"),
        method: MergeMethod::Merge,
    };
    let pull = |merged: bool, head: &str| {
        (
            "/pulls/4",
            json!({"merged": merged, "merge_commit_sha": "MM", "html_url": "u", "head": {"sha": head}}),
        )
    };
    let message = |text: &str| ("/commits/mm", json!({"commit": {"message": text}}));
    let merged = find(&act, &[pull(true, "AA")]).await.unwrap().unwrap();
    assert_eq!(merged.sha, Some(Sha::from("mm")));
    assert_eq!(find(&act, &[pull(false, "aa")]).await.unwrap(), None);
    let ours = [pull(true, "bb"), message("x\n\ngonogo: k-1")];
    assert!(find(&act, &ours).await.unwrap().is_some());
    let theirs = [pull(true, "bb"), message("x")];
    assert_eq!(find(&act, &theirs).await.unwrap(), None);
}

#[tokio::test]
async fn a_release_is_absent_only_where_its_repository_is_seen() {
    let act = Act::PublishRelease {
        release: Some(ReleaseId(9)),
        tag: "v1/x".into(),
        target: Sha::from("aa"),
        prerelease: false,
    };
    let tag = "/releases/tags/v1%2Fx";
    let published = (tag, json!({"id": 9, "draft": false, "html_url": "u"}));
    let found = find(&act, &[published]).await.unwrap().unwrap();
    assert_eq!(found.release, Some(ReleaseId(9)));
    assert_eq!(find(&act, &[("", json!({}))]).await.unwrap(), None);
    assert!(find(&act, &[]).await.is_err());
}

#[tokio::test]
async fn a_cancel_and_a_rerun_are_seen_on_their_run() {
    let route = "/actions/runs/7";
    let hour = SignedDuration::from_hours(1);
    let cancel = Act::Cancel { run: RunId(7) };
    let over = run(
        7,
        "",
        now() - hour,
        &json!({"status": "completed", "conclusion": "cancelled"}),
    );
    assert!(find(&cancel, &[(route, over)]).await.unwrap().is_some());
    let going = run(7, "", now() - hour, &json!({"status": "in_progress"}));
    assert_eq!(find(&cancel, &[(route, going)]).await.unwrap(), None);
    let rerun = Act::Rerun {
        run: RunId(7),
        failed_only: true,
    };
    let again = run(
        7,
        "",
        now() - hour,
        &json!({"run_attempt": 2, "run_started_at": now().to_string()}),
    );
    assert!(find(&rerun, &[(route, again)]).await.unwrap().is_some());
    let before = run(
        7,
        "",
        now() - hour,
        &json!({"run_attempt": 2, "run_started_at": (now() - hour).to_string()}),
    );
    assert_eq!(find(&rerun, &[(route, before)]).await.unwrap(), None);
}

#[tokio::test]
async fn a_status_is_ours_if_its_description_carries_the_key() {
    let act = Act::SetStatus {
        sha: Sha::from("aa"),
        context: "hold/prod".into(),
        state: StatusState::Failure,
        description: String::new(),
        target_url: None,
    };
    let statuses = |context: &str, text: &str| {
        (
            "/commits/aa/status",
            json!({"statuses": [{"context": context, "description": text, "target_url": null}]}),
        )
    };
    let ours = [statuses("hold/prod", "held [gonogo k-1]")];
    assert!(find(&act, &ours).await.unwrap().is_some());
    for other in [
        statuses("hold/dev", "held [gonogo k-1]"),
        statuses("hold/prod", "held"),
    ] {
        assert_eq!(find(&act, &[other]).await.unwrap(), None);
    }
}
