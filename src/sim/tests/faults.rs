//! Faults: whom they meet, and what has been done all the same.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::super::Fault;
use super::{Client, evening};

fn fault(text: &Value) -> Fault {
    serde_json::from_value(text.clone()).expect("a fault")
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_has_been_done_once() {
    let sim = evening().await;
    let alice = Client::new(&sim, "operate");
    sim.inject(fault(&json!({
        "match": {"method": "POST", "path_contains": "/dispatches", "repo": "acme/geo"},
        "times": 1, "effect": {"kind": "drop-after"},
    })));
    let body = json!({"ref": "main", "inputs": {"environment": "production", "revision": "v2.3.1", "gonogo": "k-1"}});
    let path = "/repos/acme/geo/actions/workflows/deploy.yml/dispatches";
    assert!(alice.send("POST", path, Some(body)).await.is_err());
    sim.advance(SignedDuration::from_secs(2));
    let runs = alice
        .get("/repos/acme/geo/actions/runs?event=workflow_dispatch&per_page=5")
        .await;
    let ours = runs["workflow_runs"].as_array().expect("runs").iter();
    let ours = ours
        .filter(|it| {
            it["display_title"]
                .as_str()
                .is_some_and(|it| it.contains("k-1"))
        })
        .count();
    assert_eq!(ours, 1);
    let log = sim.requests();
    let sent: Vec<_> = log.iter().filter(|it| it.method == "POST").collect();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].status, 0);
    sim.stop().await;
}

#[tokio::test]
async fn faults_meet_whom_they_are_meant_for() {
    let sim = evening().await;
    let alice = Client::new(&sim, "operate");
    let repo = "/repos/acme/notify";
    let cases = [
        (
            json!({"kind": "status", "status": 502, "body": "<html>bad gateway"}),
            502,
        ),
        (json!({"kind": "unauthorized"}), 401),
        (json!({"kind": "forbidden"}), 403),
        (json!({"kind": "secondary", "retry_after": 3}), 403),
        (json!({"kind": "sso", "url": "https://sso.example"}), 403),
        (
            json!({"kind": "redirect", "to": "https://elsewhere.example"}),
            301,
        ),
    ];
    for (effect, status) in cases {
        sim.inject(fault(
            &json!({"match": {"repo": "acme/notify"}, "effect": effect}),
        ));
        assert_eq!(
            alice
                .send("GET", repo, None)
                .await
                .expect("an answer")
                .status(),
            status,
            "{effect}"
        );
        assert_eq!(
            alice
                .send("GET", "/repos/acme/web", None)
                .await
                .expect("an answer")
                .status(),
            200
        );
        sim.clear_faults();
    }
    for effect in ["drop", "refuse"] {
        sim.inject(fault(&json!({"times": 1, "effect": {"kind": effect}})));
        assert!(alice.send("GET", repo, None).await.is_err(), "{effect}");
    }
    sim.inject(fault(
        &json!({"times": 1, "effect": {"kind": "cut", "at": 40}}),
    ));
    let cut = alice.send("GET", repo, None).await.expect("a head");
    assert_eq!(cut.status(), 200);
    assert!(cut.bytes().await.is_err());
    sim.inject(fault(
        &json!({"times": 1, "effect": {"kind": "rate-limit"}}),
    ));
    for _ in 0..2 {
        let spent = alice.send("GET", repo, None).await.expect("an answer");
        assert_eq!(spent.status(), 403);
        assert_eq!(
            spent
                .headers()
                .get("x-ratelimit-remaining")
                .expect("the header"),
            "0"
        );
    }
    sim.stop().await;
}

#[tokio::test]
async fn a_stale_read_shows_the_world_before_the_act() {
    let sim = evening().await;
    let alice = Client::new(&sim, "operate");
    sim.inject(fault(
        &json!({"match": {"method": "GET"}, "effect": {"kind": "stale"}}),
    ));
    let head = alice.get("/repos/acme/mailer/branches/main").await["commit"]["sha"].clone();
    let body = json!({"state": "success", "context": "deploy/production"});
    let path = format!(
        "/repos/acme/mailer/statuses/{}",
        head.as_str().expect("a sha")
    );
    assert_eq!(
        alice
            .send("POST", &path, Some(body))
            .await
            .expect("an answer")
            .status(),
        201
    );
    let status = format!(
        "/repos/acme/mailer/commits/{}/status",
        head.as_str().expect("a sha")
    );
    assert_eq!(alice.get(&status).await["total_count"], 0);
    sim.clear_faults();
    assert_eq!(alice.get(&status).await["total_count"], 1);
    sim.stop().await;
}
