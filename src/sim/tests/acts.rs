//! Every way to promote, over REST, to its end.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Client, evening, live};

#[tokio::test]
async fn an_approval_takes_the_waiting_run_to_production() {
    let sim = evening().await;
    let alice = Client::new(&sim, "operate");
    let runs = alice
        .get("/repos/acme/api-gateway/actions/runs?status=waiting&per_page=20")
        .await;
    let run = runs["workflow_runs"][0]["id"]
        .as_u64()
        .expect("a waiting run");
    let path = format!("/repos/acme/api-gateway/actions/runs/{run}/pending_deployments");
    let pending = alice.get(&path).await;
    assert_eq!(pending[0]["current_user_can_approve"], true);
    let body = json!({
        "environment_ids": [pending[0]["environment"]["id"]], "state": "approved", "comment": "go",
    });
    let reader = Client::new(&sim, "read")
        .send("POST", &path, Some(body.clone()))
        .await
        .expect("an answer");
    assert_eq!(reader.status(), 403);
    let answer = alice
        .send("POST", &path, Some(body.clone()))
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200);
    let deployments: Value = answer.json().await.expect("JSON");
    assert_eq!(deployments[0]["environment"], "production");
    assert_eq!(alice.get(&path).await, json!([]));
    let again = alice
        .send("POST", &path, Some(body))
        .await
        .expect("an answer");
    assert_eq!(again.status(), 422);
    sim.advance(SignedDuration::from_secs(60));
    assert_eq!(
        live(&sim.world(), "api-gateway", "production")["version"],
        "v2.41.0"
    );
    let id = deployments[0]["id"].as_u64().expect("an id");
    let statuses = alice
        .get(&format!(
            "/repos/acme/api-gateway/deployments/{id}/statuses"
        ))
        .await;
    let words: Vec<_> = statuses
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| it["state"].clone())
        .collect();
    assert_eq!(words, ["success", "in_progress", "pending"]);
    let url = format!(
        "{}/acme/api-gateway/actions/runs/{run}/job/",
        sim.base_url()
    );
    assert!(
        statuses[0]["log_url"]
            .as_str()
            .is_some_and(|it| it.starts_with(&url))
    );
    sim.stop().await;
}

#[tokio::test]
async fn a_dispatch_names_its_run_before_the_run_can_be_seen() {
    let sim = evening().await;
    let alice = Client::new(&sim, "operate");
    let body = json!({
        "ref": "main", "return_run_details": true,
        "inputs": {"environment": "production", "revision": "v9.0.1", "gonogo": "k-17"},
    });
    let path = "/api/v3/repos/acme/checkout/actions/workflows/deploy.yml/dispatches";
    let answer = alice
        .send("POST", path, Some(body))
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200);
    let made: Value = answer.json().await.expect("JSON");
    let run = format!(
        "/repos/acme/checkout/actions/runs/{}",
        made["workflow_run_id"]
    );
    let early = alice.send("GET", &run, None).await.expect("an answer");
    assert_eq!(early.status(), 404);
    sim.advance(SignedDuration::from_secs(2));
    assert_eq!(
        alice.get(&run).await["display_title"],
        "Deploy v9.0.1 to production k-17"
    );
    sim.advance(SignedDuration::from_secs(60));
    assert_eq!(
        live(&sim.world(), "checkout", "production")["version"],
        "v9.0.1"
    );
    let wrong = json!({"ref": "main", "inputs": {"environment": "production"}});
    let answer = alice
        .send("POST", path, Some(wrong))
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 422);
    sim.stop().await;
}

#[tokio::test]
async fn the_other_ways_to_promote_reach_production_too() {
    let sim = evening().await;
    let alice = Client::new(&sim, "operate");
    let pulls = alice
        .get("/repos/acme/auth/pulls?base=production&head=acme:main")
        .await;
    let pull = &pulls[0];
    let merge = format!("/repos/acme/auth/pulls/{}/merge", pull["number"]);
    let stale = json!({"sha": "0000000000000000000000000000000000000000"});
    assert_eq!(
        alice
            .send("PUT", &merge, Some(stale))
            .await
            .expect("an answer")
            .status(),
        409
    );
    let good = json!({"sha": pull["head"]["sha"], "merge_method": "merge"});
    assert_eq!(
        alice
            .send("PUT", &merge, Some(good.clone()))
            .await
            .expect("an answer")
            .status(),
        200
    );
    assert_eq!(
        alice
            .send("PUT", &merge, Some(good))
            .await
            .expect("an answer")
            .status(),
        405
    );

    let releases = alice.get("/repos/acme/web/releases").await;
    let draft = &releases[0];
    assert_eq!(draft["draft"], true);
    let path = format!("/repos/acme/web/releases/{}", draft["id"]);
    let answer = alice
        .send("PATCH", &path, Some(json!({"draft": false})))
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200);

    let body = json!({"ref": "v7.1.0", "environment": "production", "auto_merge": false, "required_contexts": []});
    let answer = alice
        .send("POST", "/repos/acme/search/deployments", Some(body))
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 201);

    sim.advance(SignedDuration::from_secs(90));
    let world = sim.world();
    assert_eq!(live(&world, "web", "production")["version"], "v1.9.0");
    assert_eq!(live(&world, "search", "production")["version"], "v7.1.0");
    let compare = alice
        .get("/repos/acme/auth/compare/main...production")
        .await;
    assert_eq!(compare["behind_by"], 0);
    let live_auth = &live(&world, "auth", "production")["live"];
    assert_eq!(
        *live_auth,
        compare["commits"]
            .as_array()
            .expect("commits")
            .last()
            .expect("one")["sha"]
    );
    sim.stop().await;
}
