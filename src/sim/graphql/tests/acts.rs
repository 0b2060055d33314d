//! Mutations: an approval, a merge, a deployment, labels.

use serde_json::{Value, json};

use super::*;
use crate::sim::model::{Kind, NodeId};

fn waiting(forge: &Forge) -> (String, String) {
    let state = forge.state();
    let repo = state.repo("acme", "checkout").unwrap();
    let run = repo
        .runs
        .iter()
        .find(|it| !repo.pending(it).is_empty())
        .unwrap();
    let place = repo.pending(run)[0].environment.id;
    (
        NodeId::number(Kind::WorkflowRun, repo.id, run.id),
        NodeId::number(Kind::Environment, repo.id, place),
    )
}

#[tokio::test]
async fn an_approval_lets_the_run_go_on_and_cannot_be_given_twice() {
    let forge = Forge::new();
    let (run, place) = waiting(&forge);
    let variables = json!({"run": run, "envs": [place], "c": "go"});
    let body = forge.act("operate", "Approve", variables.clone()).await;
    assert_eq!(body.get("errors"), None, "{body}");
    let deployments = &body["data"]["approveDeployments"]["deployments"];
    assert_eq!(deployments[0]["environment"], "production");

    let again = forge.act("operate", "Approve", variables).await;
    assert_eq!(again["data"]["approveDeployments"], Value::Null);
    assert_eq!(again["errors"][0]["type"], "UNPROCESSABLE");
    assert_eq!(again["errors"][0]["path"], json!(["approveDeployments"]));

    forge
        .shared
        .common()
        .advance(jiff::SignedDuration::from_mins(10));
    let state = forge.state();
    let repo = state.repo("acme", "checkout").unwrap();
    let newest = repo.deployments_to("production").next().unwrap();
    assert_eq!(newest.state().word(), "active");
}

#[tokio::test]
async fn a_reader_may_not_reject_and_an_operator_may() {
    let forge = Forge::new();
    let (run, place) = waiting(&forge);
    let variables = json!({"run": run, "envs": [place], "c": "no"});
    let body = forge.act("read", "Reject", variables.clone()).await;
    assert_eq!(body["errors"][0]["type"], "FORBIDDEN");
    let body = forge.act("operate", "Reject", variables).await;
    assert_eq!(
        body["data"]["rejectDeployments"]["deployments"][0]["state"],
        "FAILURE"
    );
}

#[tokio::test]
async fn a_merge_is_refused_on_a_head_that_moved() {
    let forge = Forge::new();
    let find = "{ repository(owner: \"acme\", name: \"checkout\") { \
                pullRequests(first: 1, states: OPEN) { nodes { id headRefOid } } } }";
    let body = forge.ask("operate", find, json!({})).await;
    let pull = &body["data"]["repository"]["pullRequests"]["nodes"][0];
    let stale = json!({"pr": pull["id"], "head": "0".repeat(40), "m": "SQUASH"});
    let body = forge.act("operate", "Merge", stale).await;
    assert_eq!(body["errors"][0]["type"], "UNPROCESSABLE");
    assert!(
        body["errors"][0]["message"]
            .as_str()
            .unwrap()
            .contains("modified")
    );

    let fresh = json!({"pr": pull["id"], "head": pull["headRefOid"], "m": "SQUASH"});
    let body = forge.act("operate", "Merge", fresh).await;
    assert_eq!(body.get("errors"), None, "{body}");
    let merged = &body["data"]["mergePullRequest"]["pullRequest"];
    assert_eq!(merged["merged"], true);
    assert!(merged["mergeCommit"]["oid"].is_string());
}

#[tokio::test]
async fn a_merge_queue_that_is_not_there_takes_nobody() {
    let forge = Forge::new();
    let find = "{ repository(owner: \"acme\", name: \"checkout\") { \
                pullRequests(first: 1, states: OPEN) { nodes { id } } } }";
    let body = forge.ask("operate", find, json!({})).await;
    let id = &body["data"]["repository"]["pullRequests"]["nodes"][0]["id"];
    let body = forge.act("operate", "Enqueue", json!({"pr": id})).await;
    assert_eq!(body["data"]["enqueuePullRequest"], Value::Null);
    assert_eq!(body["errors"][0]["type"], "UNPROCESSABLE");
}

#[tokio::test]
async fn a_deployment_is_made_told_of_and_seen() {
    let forge = Forge::new();
    let find = "{ repository(owner: \"acme\", name: \"ledger\") { id defaultBranchRef { id } \
                label(name: \"urgent\") { id } } }";
    let body = forge.ask("operate", find, json!({})).await;
    let repo = &body["data"]["repository"];
    let new =
        json!({"repo": repo["id"], "ref": repo["defaultBranchRef"]["id"], "env": "production"});
    let body = forge.act("operate", "Deploy", new).await;
    assert_eq!(body.get("errors"), None, "{body}");
    let made = &body["data"]["createDeployment"]["deployment"];
    assert_eq!(made["state"], "PENDING");
    let repo = forge.state().repo("acme", "ledger").unwrap().id;
    let id = NodeId::number(Kind::Deployment, repo, made["databaseId"].as_u64().unwrap());
    let body = forge
        .act("operate", "DepStatus", json!({"d": id, "s": "SUCCESS"}))
        .await;
    let status = &body["data"]["createDeploymentStatus"]["deploymentStatus"];
    assert_eq!(status["state"], "SUCCESS");
}

#[tokio::test]
async fn labels_are_added_by_node_id() {
    let forge = Forge::new();
    let find = "{ repository(owner: \"acme\", name: \"checkout\") { \
                label(name: \"urgent\") { id } \
                pullRequests(first: 1, states: OPEN) { nodes { id number } } } }";
    let body = forge.ask("operate", find, json!({})).await;
    let repo = &body["data"]["repository"];
    let pull = &repo["pullRequests"]["nodes"][0];
    let variables = json!({"id": pull["id"], "labels": [repo["label"]["id"]]});
    let body = forge.act("operate", "Label", variables).await;
    assert_eq!(body.get("errors"), None, "{body}");
    let state = forge.state();
    let repo = state.repo("acme", "checkout").unwrap();
    let labels = &repo.pull(pull["number"].as_u64().unwrap()).unwrap().labels;
    assert!(labels.iter().any(|it| it == "urgent"));
}
