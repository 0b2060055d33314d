//! Pipelines, words from outside, tags and releases on GitLab.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{GATEWAY, REPORTS, Visitor, both, version};

#[tokio::test]
async fn a_pipeline_with_variables_deploys_what_they_name() {
    let sim = both().await;
    let alice = Visitor::new(&sim, "operate");
    let variables = json!([
        {"key": "ENVIRONMENT", "value": "production"}, {"key": "REVISION", "value": "v0.10.0"},
    ]);
    let body = json!({"ref": "main", "variables": variables});
    let (status, made) = alice
        .ask("POST", &format!("/projects/{REPORTS}/pipeline"), body)
        .await;
    assert_eq!(status, 201);
    // It can be seen under its number at once.
    let at = format!("/projects/{REPORTS}/pipelines/{}", made["id"]);
    assert_eq!(alice.get(&at).await["iid"], made["iid"]);
    let known = alice.get(&format!("{at}/variables")).await;
    assert_eq!(known.as_array().expect("variables").len(), 2);
    sim.advance(SignedDuration::from_secs(30));
    assert_eq!(alice.get(&at).await["status"], "success");
    assert_eq!(version(&sim, "reports", "production"), "v0.10.0");
    sim.stop().await;
}

#[tokio::test]
async fn jobs_and_pipelines_are_cancelled_and_run_again() {
    let sim = both().await;
    let alice = Visitor::new(&sim, "operate");
    let (_, made) = alice
        .ask(
            "POST",
            &format!("/projects/{GATEWAY}/pipeline"),
            json!({"ref": "main"}),
        )
        .await;
    let at = format!("/projects/{GATEWAY}/pipelines/{}", made["id"]);
    let job = alice.job(GATEWAY, "compile").await;
    let (status, gone) = alice
        .ask(
            "POST",
            &format!("/projects/{GATEWAY}/jobs/{}/cancel", job["id"]),
            json!({}),
        )
        .await;
    assert_eq!((status, &gone["status"]), (201, &json!("canceled")));
    assert_eq!(alice.get(&at).await["status"], "canceled");
    let (status, again) = alice.ask("POST", &format!("{at}/retry"), json!({})).await;
    assert_eq!((status, &again["status"]), (201, &json!("pending")));
    sim.advance(SignedDuration::from_secs(60));
    assert_eq!(alice.get(&at).await["status"], "manual");
    let jobs = alice.get(&format!("{at}/jobs?include_retried=true")).await;
    assert_eq!(jobs.as_array().expect("jobs").len(), 7);
    let (status, stopped) = alice.ask("POST", &format!("{at}/cancel"), json!({})).await;
    // What is manual stays so.
    assert_eq!((status, &stopped["status"]), (200, &json!("manual")));
    sim.stop().await;
}

#[tokio::test]
async fn a_word_from_outside_counts_in_the_pipeline() {
    let sim = both().await;
    let alice = Visitor::new(&sim, "operate");
    let head = alice
        .get(&format!("/projects/{REPORTS}/repository/commits/main"))
        .await;
    let sha = head["id"].as_str().expect("a sha");
    let path = format!("/projects/{REPORTS}/statuses/{sha}");
    let body = json!({"state": "failed", "name": "hold/production", "description": "heap grows"});
    let (status, made) = alice.ask("POST", &path, body).await;
    assert_eq!((status, &made["status"]), (201, &json!("failed")));
    let at = format!("/projects/{REPORTS}/pipelines/{}", made["pipeline_id"]);
    assert_eq!(alice.get(&at).await["status"], "failed");
    let (_, lifted) = alice
        .ask(
            "POST",
            &path,
            json!({"state": "success", "name": "hold/production"}),
        )
        .await;
    assert_eq!(lifted["pipeline_id"], made["pipeline_id"]);
    assert_eq!(alice.get(&at).await["status"], "success");
    let all = alice
        .get(&format!(
            "/projects/{REPORTS}/repository/commits/{sha}/statuses?name=hold%2Fproduction"
        ))
        .await;
    assert_eq!(all.as_array().expect("statuses").len(), 1);
    // A commit that had none gets a pipeline for it.
    let old = head["parent_ids"][0].as_str().expect("a parent");
    let first = alice
        .get(&format!("/projects/{REPORTS}/repository/commits"))
        .await;
    let root = first.as_array().and_then(|it| it.last()).expect("a commit")["id"].clone();
    assert_ne!(root, old);
    let path = format!(
        "/projects/{REPORTS}/statuses/{}",
        root.as_str().expect("a sha")
    );
    let (status, made) = alice
        .ask("POST", &path, json!({"state": "running", "ref": "main"}))
        .await;
    assert_eq!((status, &made["name"]), (201, &json!("default")));
    let at = format!("/projects/{REPORTS}/pipelines/{}", made["pipeline_id"]);
    assert_eq!(alice.get(&at).await["source"], "external");
    sim.stop().await;
}

#[tokio::test]
async fn tags_releases_and_deployments_from_elsewhere_are_noted() {
    let sim = both().await;
    let alice = Visitor::new(&sim, "operate");
    let (status, tag) = alice
        .ask(
            "POST",
            &format!("/projects/{GATEWAY}/repository/tags"),
            json!({"tag_name": "v3.3.1", "ref": "main"}),
        )
        .await;
    assert_eq!((status, &tag["name"]), (201, &json!("v3.3.1")));
    let later = json!({"tag_name": "v4", "ref": "main", "name": "Four", "description": "soon", "released_at": "2039-01-01T00:00:00Z"});
    let (status, release) = alice
        .ask("POST", &format!("/projects/{GATEWAY}/releases"), later)
        .await;
    assert_eq!((status, &release["upcoming_release"]), (201, &json!(true)));
    let latest = alice
        .send(
            "GET",
            &format!("/projects/{GATEWAY}/releases/permalink/latest"),
            None,
        )
        .await;
    assert_eq!(latest.status(), 302);
    let (_, changed) = alice
        .ask(
            "PUT",
            &format!("/projects/{GATEWAY}/releases/v4"),
            json!({"name": "4"}),
        )
        .await;
    assert_eq!(
        (&changed["name"], &changed["description"]),
        (&json!("4"), &json!("soon"))
    );
    let sha = tag["target"].clone();
    let new = json!({"environment": "edge", "sha": sha, "ref": "main", "tag": false, "status": "running"});
    let (status, made) = alice
        .ask("POST", &format!("/projects/{GATEWAY}/deployments"), new)
        .await;
    assert_eq!(
        (status, &made["status"], &made["deployable"]),
        (201, &json!("running"), &Value::Null)
    );
    let at = format!("/projects/{GATEWAY}/deployments/{}", made["id"]);
    assert_eq!(
        alice.ask("PUT", &at, json!({"status": "success"})).await.1["status"],
        "success"
    );
    assert_eq!(
        alice.ask("PUT", &at, json!({"status": "failed"})).await.0,
        400
    );
    let place = alice
        .get(&format!("/projects/{GATEWAY}/environments?name=edge"))
        .await;
    let whole = alice
        .get(&format!(
            "/projects/{GATEWAY}/environments/{}",
            place[0]["id"]
        ))
        .await;
    assert_eq!(whole["last_deployment"]["id"], made["id"]);
    sim.stop().await;
}

#[tokio::test]
async fn an_issue_is_found_by_its_label_while_it_is_open() {
    let sim = both().await;
    let alice = Visitor::new(&sim, "operate");
    let path = format!("/projects/{GATEWAY}/issues?state=opened&labels=bug&per_page=20");
    assert_eq!(alice.get(&path).await, json!([]));
    let step = json!({"do": "issue", "by": "lena", "text": "Refunds twice", "labels": ["bug"]});
    assert!(sim.play(
        "acme-gl/gateway",
        serde_json::from_value(step).expect("a step")
    ));
    let open = alice.get(&path).await;
    assert_eq!(
        (&open[0]["title"], &open[0]["state"]),
        (&json!("Refunds twice"), &json!("opened"))
    );
    let step = json!({"do": "close", "by": "lena", "text": "Refunds twice"});
    assert!(sim.play(
        "acme-gl/gateway",
        serde_json::from_value(step).expect("a step")
    ));
    assert_eq!(alice.get(&path).await, json!([]));
    sim.stop().await;
}
