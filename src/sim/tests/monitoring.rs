//! Health pages, the metrics server, and what the control API moves.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Client, Running, evening, live, tls};

async fn page(sim: &Running, path: &str) -> (u16, Value) {
    // No token and no user agent: this is no forge.
    let http = reqwest::Client::builder()
        .no_proxy()
        .tls_backend_preconfigured(tls())
        .build()
        .expect("a client");
    let answer = http.get(format!("{}{path}", sim.base_url())).send().await;
    let answer = answer.expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.json().await.expect("JSON"))
}

async fn order(client: &Client, path: &str, body: Value) -> (u16, Value) {
    let answer = client
        .send("POST", path, Some(body))
        .await
        .expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.json().await.expect("JSON"))
}

#[tokio::test]
async fn a_bad_revision_shows_some_minutes_after_its_deployment() {
    let sim = evening().await;
    let alice = Client::new(&sim, "operate");
    let at = "/health/geo/production";
    let (status, before) = page(&sim, at).await;
    assert_eq!((status, &before["status"]), (200, &json!("ok")));
    assert_eq!(before["version"], "v2.2.4");
    assert!(before["error_rate"].as_f64().is_some_and(|it| it < 0.5));
    let inputs = json!({"environment": "production", "revision": "v2.3.1", "gonogo": "k-1"});
    let path = "/repos/acme/geo/actions/workflows/deploy.yml/dispatches";
    let body = json!({"ref": "main", "inputs": inputs});
    assert_eq!(
        alice
            .send("POST", path, Some(body))
            .await
            .expect("an answer")
            .status(),
        204
    );
    // The world runs ten times as fast as life.
    sim.advance(SignedDuration::from_secs(16));
    let (_, fresh) = page(&sim, at).await;
    assert_eq!(
        (&fresh["version"], &fresh["status"]),
        (&json!("v2.3.1"), &json!("ok"))
    );
    sim.advance(SignedDuration::from_secs(36));
    let (status, ill) = page(&sim, at).await;
    assert_eq!((status, &ill["status"]), (200, &json!("degraded")));
    assert_eq!(ill["error_rate"], 7.4);
    assert_eq!(
        page(&sim, "/health/sessions/staging").await.1["memory"],
        83.0
    );
    assert_eq!(page(&sim, "/health/nobody/production").await.0, 404);
    let announced = sim.announcement();
    assert_eq!(
        announced["health"]["url"],
        format!("{}/health", sim.base_url())
    );
    sim.stop().await;
}

#[tokio::test]
async fn the_metrics_server_answers_as_prometheus_does() {
    let sim = evening().await;
    let alice = Client::new(&sim, "operate");
    let ask = |query: &'static str| {
        let query: String = crate::sim::rest::encode(query);
        let path = format!("/prometheus/api/v1/query?query={query}");
        let sim = &sim;
        async move { page(sim, &path).await }
    };
    let (status, one) =
        ask("service_error_rate_percent{service=\"web\",environment=\"production\"}").await;
    assert_eq!((status, &one["status"]), (200, &json!("success")));
    assert_eq!(one["data"]["resultType"], "vector");
    let result = &one["data"]["result"][0];
    assert_eq!(result["metric"]["__name__"], "service_error_rate_percent");
    assert_eq!(result["metric"]["version"], "v1.8.4");
    assert!(result["value"][0].is_f64());
    let value: f64 = result["value"][1]
        .as_str()
        .expect("a string")
        .parse()
        .expect("a number");
    assert!((0.1..0.3).contains(&value), "{value}");
    let (_, none) = ask("no_such_metric").await;
    assert_eq!(none["data"], json!({"resultType": "vector", "result": []}));
    let (_, sum) = ask("sum(up{environment=\"production\"})").await;
    assert_eq!(sum["data"]["result"][0]["metric"], json!({}));
    assert_eq!(sum["data"]["result"][0]["value"][1], "12");
    let (status, bad) = ask("up{service=").await;
    assert_eq!(status, 400);
    assert_eq!(
        (&bad["status"], &bad["errorType"]),
        (&json!("error"), &json!("bad_data"))
    );
    assert!(
        bad["error"]
            .as_str()
            .is_some_and(|it| it.contains("parse error")),
        "{bad}"
    );
    assert_eq!(page(&sim, "/prometheus/api/v1/query").await.0, 400);
    assert_eq!(
        page(&sim, "/prometheus/api/v1/query?query=up&time=noon")
            .await
            .0,
        400
    );
    // A form does as well as an address.
    let form = alice
        .http
        .post(format!("{}/prometheus/api/v1/query", sim.base_url()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("query=up%7Bservice%3D%22web%22%7D")
        .send()
        .await
        .expect("an answer");
    let form: Value = form.json().await.expect("JSON");
    assert_eq!(form["data"]["result"].as_array().expect("series").len(), 3);
    // Faults meet it by its own name, and the forge not at all.
    let broken = json!({"match": {"forge": "health"}, "effect": {"kind": "status", "status": 502, "body": "{}"}});
    sim.inject(serde_json::from_value(broken).expect("a fault"));
    assert_eq!(page(&sim, "/health/web/production").await.0, 502);
    alice.get("/repos/acme/web").await;
    let log = sim.requests();
    assert!(
        log.iter()
            .any(|it| it.forge == "health" && it.status == 502)
    );
    sim.stop().await;
}

#[tokio::test]
async fn somebody_may_say_how_a_service_is() {
    let sim = evening().await;
    let alice = Client::new(&sim, "operate");
    let ill = json!({
        "service": "web", "environment": "production", "seconds": 60,
        "health": {"condition": "down", "error_rate": 100.0},
    });
    assert_eq!(order(&alice, "/_sim/health", ill).await.0, 200);
    let (status, down) = page(&sim, "/health/web/production").await;
    assert_eq!((status, &down["status"]), (503, &json!("down")));
    assert_eq!(page(&sim, "/health/web/staging").await.1["status"], "ok");
    sim.advance(SignedDuration::from_secs(61));
    assert_eq!(page(&sim, "/health/web/production").await.1["status"], "ok");
    let wrong = json!({"service": "web", "environment": "moon", "health": null});
    assert_eq!(order(&alice, "/_sim/health", wrong).await.0, 404);
    let wrong = json!({"service": "web", "environment": "production", "health": {"mood": 1}});
    assert_eq!(order(&alice, "/_sim/health", wrong).await.0, 400);
    sim.stop().await;
}

#[tokio::test]
async fn what_comes_next_fails_or_never_ends_if_it_is_so_decided() {
    let sim = evening().await;
    let alice = Client::new(&sim, "operate");
    let doom = |repo: &str, outcome: &str| json!({"repo": repo, "doom": {"environment": "production", "outcome": outcome}});
    let deploy = |sha: &'static str| {
        let body = json!({"ref": sha, "environment": "production", "auto_merge": false, "required_contexts": []});
        alice.send("POST", "/repos/acme/search/deployments", Some(body))
    };
    assert_eq!(
        order(&alice, "/_sim/doom", doom("search", "stuck")).await.0,
        200
    );
    assert_eq!(deploy("v7.1.0").await.expect("an answer").status(), 201);
    sim.advance(SignedDuration::from_mins(60));
    assert_eq!(
        live(&sim.world(), "search", "production")["newest"],
        "in_progress"
    );
    assert_eq!(
        order(&alice, "/_sim/doom", doom("acme/search", "failure"))
            .await
            .0,
        200
    );
    assert_eq!(deploy("v7.1.0").await.expect("an answer").status(), 201);
    sim.advance(SignedDuration::from_mins(2));
    assert_eq!(
        live(&sim.world(), "search", "production")["newest"],
        "failure"
    );

    // A job of a workflow as well as a bot.
    assert_eq!(
        order(&alice, "/_sim/doom", doom("checkout", "stuck"))
            .await
            .0,
        200
    );
    let step = json!({"do": "dispatch", "by": "alice", "workflow": "deploy.yml",
        "inputs": {"environment": "production", "revision": "v9.0.1", "gonogo": "k"}});
    assert_eq!(
        order(
            &alice,
            "/_sim/step",
            json!({"repo": "checkout", "step": step})
        )
        .await
        .0,
        200
    );
    sim.advance(SignedDuration::from_mins(60));
    assert_eq!(
        live(&sim.world(), "checkout", "production")["newest"],
        "in_progress"
    );
    assert_eq!(
        order(&alice, "/_sim/doom", doom("checkout", "badly"))
            .await
            .0,
        400
    );
    assert_eq!(
        order(&alice, "/_sim/doom", doom("nobody", "stuck")).await.0,
        404
    );
    sim.stop().await;
}

#[tokio::test]
async fn a_step_may_be_played_at_any_moment() {
    let sim = evening().await;
    let alice = Client::new(&sim, "operate");
    let step = |repo: &str, step: Value| json!({"repo": repo, "step": step});
    let head = |world: &Value, repo: &str| {
        let all = world["repos"].as_array().expect("repos").clone();
        let found = all
            .into_iter()
            .find(|it| it["name"] == format!("acme/{repo}"));
        found.expect("the repo")["head"].clone()
    };
    // The head moves on, and back by force.
    let before = head(&sim.world(), "notify");
    let push = json!({"do": "push", "by": "eve", "text": "One more thing"});
    assert_eq!(
        order(&alice, "/_sim/step", step("notify", push)).await.0,
        200
    );
    assert_ne!(head(&sim.world(), "notify"), before);
    let back = json!({"do": "move", "by": "eve", "rev": before});
    assert_eq!(
        order(&alice, "/_sim/step", step("notify", back)).await.0,
        200
    );
    assert_eq!(head(&sim.world(), "notify"), before);
    let was_live = live(&sim.world(), "auth", "production")["live"].clone();
    // What is live turns red when it is run again, and stays live.
    let rerun = json!({"do": "rerun", "by": "mia", "workflow": "ci.yml", "rev": "v6.2.0", "fate": {"unit": "failure"}});
    assert_eq!(
        order(&alice, "/_sim/step", step("auth", rerun)).await.0,
        200
    );
    sim.advance(SignedDuration::from_secs(60));
    let runs = alice
        .get("/repos/acme/auth/commits/v6.2.0/check-runs?check_name=unit")
        .await;
    assert_eq!(runs["check_runs"][0]["conclusion"], "failure");
    assert_eq!(live(&sim.world(), "auth", "production")["live"], was_live);
    // Later, and not at all.
    let later = json!({"at": "+5m", "do": "issue", "by": "dee", "text": "Late", "labels": ["release-blocker"]});
    assert_eq!(order(&alice, "/_sim/step", step("web", later)).await.0, 200);
    let path = "/repos/acme/web/issues?labels=release-blocker";
    assert_eq!(alice.get(path).await, json!([]));
    sim.advance(SignedDuration::from_mins(5));
    assert_eq!(alice.get(path).await[0]["title"], "Late");
    let close = json!({"do": "close", "by": "dee", "text": "Late"});
    assert_eq!(
        order(&alice, "/_sim/step", step("web", close.clone()))
            .await
            .0,
        200
    );
    assert_eq!(alice.get(path).await, json!([]));
    assert_eq!(order(&alice, "/_sim/step", step("web", close)).await.0, 422);
    let wrong = json!({"do": "dance"});
    assert_eq!(order(&alice, "/_sim/step", step("web", wrong)).await.0, 400);
    sim.stop().await;
}

#[tokio::test]
async fn somebody_presses_the_button_on_the_forge_in_the_middle_of_the_evening() {
    let sim = evening().await;
    let alice = Client::new(&sim, "operate");
    assert_eq!(live(&sim.world(), "geo", "production")["version"], "v2.2.4");
    // Twenty-six minutes of the story at ten times life, and the deployment itself.
    sim.advance(SignedDuration::from_secs(156 + 40));
    assert_eq!(live(&sim.world(), "geo", "production")["version"], "v2.3.1");
    let runs = alice
        .get("/repos/acme/geo/actions/runs?event=workflow_dispatch&per_page=1")
        .await;
    let run = &runs["workflow_runs"][0];
    assert_eq!(run["actor"]["login"], "raj");
    assert_eq!(run["display_title"], "Deploy v2.3.1 to production");
    let red = alice
        .get("/repos/acme/mailer/commits/v1.5.0/check-runs?check_name=unit")
        .await;
    assert_eq!(red["check_runs"][0]["conclusion"], "failure");
    sim.stop().await;
}

#[tokio::test]
async fn the_six_services_of_the_release_all_reach_production() {
    let sim = evening().await;
    let alice = Client::new(&sim, "operate");
    let steps = [
        (
            "auth",
            json!({"do": "merge", "by": "alice", "head": "main"}),
        ),
        ("sessions", json!({"do": "approve", "by": "alice"})),
        ("api-gateway", json!({"do": "approve", "by": "alice"})),
        (
            "search",
            json!({"do": "deploy", "by": "alice", "environment": "production", "rev": "v7.1.0"}),
        ),
        (
            "web",
            json!({"do": "publish", "by": "alice", "tag": "v1.9.0"}),
        ),
        ("notify", json!({"do": "approve", "by": "alice"})),
    ];
    for (repo, step) in steps {
        let (status, body) = order(&alice, "/_sim/step", json!({"repo": repo, "step": step})).await;
        assert_eq!(status, 200, "{repo}: {body}");
    }
    sim.advance(SignedDuration::from_secs(90));
    for repo in ["auth", "sessions", "api-gateway", "search", "web", "notify"] {
        let world = sim.world();
        let production = live(&world, repo, "production");
        assert_eq!(production["newest"], "active", "{repo}");
        assert_eq!(production["health"], "ok", "{repo}");
    }
    sim.stop().await;
}
