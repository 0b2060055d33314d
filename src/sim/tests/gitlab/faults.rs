//! Faults in GitLab's own words, and that they leave the other forge alone.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::super::super::Fault;
use super::{GATEWAY, ORDERS, Visitor, both};

fn fault(matcher: &Value, effect: &Value) -> Fault {
    let text = json!({"match": matcher, "effect": effect});
    serde_json::from_value(text).expect("a fault")
}

#[tokio::test]
async fn faults_speak_gitlabs_words() {
    let sim = both().await;
    let alice = Visitor::new(&sim, "operate");
    let path = format!("/projects/{GATEWAY}");
    let cases = [
        (
            json!({"kind": "unauthorized"}),
            401,
            "{\"message\":\"401 Unauthorized\"}",
        ),
        (
            json!({"kind": "forbidden"}),
            403,
            "{\"message\":\"403 Forbidden\"}",
        ),
        (
            json!({"kind": "sso", "url": "https://sso.example"}),
            404,
            "404 Project Not Found",
        ),
        (
            json!({"kind": "secondary", "retry_after": 3}),
            429,
            "requested too many times",
        ),
        (
            json!({"kind": "status", "status": 502, "body": "<html>bad gateway"}),
            502,
            "bad gateway",
        ),
    ];
    for (effect, status, words) in cases {
        sim.inject(fault(&json!({"repo": "acme-gl/gateway"}), &effect));
        let answer = alice.send("GET", &path, None).await;
        assert_eq!(answer.status(), status, "{effect}");
        let text = answer.text().await.expect("a body");
        assert!(text.contains(words), "{effect}: {text}");
        // By number it is the same project; another one is another.
        let state = sim.state_of("gitlab").expect("the forge");
        let id = state
            .repos
            .iter()
            .find(|it| it.name == "gateway")
            .expect("it")
            .id;
        let by_number = alice
            .send("GET", &format!("/projects/{id}/jobs"), None)
            .await;
        assert_eq!(by_number.status(), status, "{effect}");
        alice.get(&format!("/projects/{ORDERS}")).await;
        sim.clear_faults();
    }
    sim.stop().await;
}

#[tokio::test]
async fn a_spent_limit_says_retry_later_until_its_minute_is_over() {
    let sim = both().await;
    let alice = Visitor::new(&sim, "operate");
    let mut spent = fault(&json!({"forge": "gitlab"}), &json!({"kind": "rate-limit"}));
    spent.times = Some(1);
    sim.inject(spent);
    for _ in 0..2 {
        let answer = alice.send("GET", "/user", None).await;
        assert_eq!(answer.status(), 429);
        let header = |name: &str| answer.headers()[name].to_str().expect("text").to_owned();
        assert_eq!(header("ratelimit-remaining"), "0");
        let wait: u64 = header("retry-after").parse().expect("seconds");
        assert!((1..=60).contains(&wait), "{wait}");
        assert_eq!(header("content-type"), "text/plain");
        assert_eq!(answer.text().await.expect("a body"), "Retry later\n");
    }
    // The other forge has limits of its own.
    let hub = super::super::Client::new(&sim, "operate");
    hub.get("/repos/acme/web").await;
    sim.advance(SignedDuration::from_secs(61));
    alice.get("/user").await;
    sim.stop().await;
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_has_been_done_once() {
    let sim = both().await;
    let alice = Visitor::new(&sim, "operate");
    let job = alice.job(GATEWAY, "deploy production").await;
    let play = format!("{}/projects/{GATEWAY}/jobs/{}/play", alice.api, job["id"]);
    sim.inject(fault(
        &json!({"method": "POST", "forge": "gitlab"}),
        &json!({"kind": "drop-after"}),
    ));
    let lost = alice
        .http
        .post(&play)
        .header("private-token", &alice.token)
        .send()
        .await;
    assert!(lost.is_err());
    sim.clear_faults();
    let now = alice
        .get(&format!("/projects/{GATEWAY}/jobs/{}", job["id"]))
        .await;
    assert_ne!(now["status"], "manual");
    let log = sim.requests();
    let sent: Vec<_> = log.iter().filter(|it| it.method == "POST").collect();
    assert_eq!(
        (sent.len(), sent[0].status, sent[0].forge.as_str()),
        (1, 0, "gitlab")
    );
    sim.stop().await;
}

#[tokio::test]
async fn stale_reads_and_lost_projects_meet_documents_too() {
    let sim = both().await;
    let alice = Visitor::new(&sim, "operate");
    let query = "query Two($p: [String!]) { projects(fullPaths: $p, first: 2) { nodes { fullPath environment(name: \"edge\") { name } } } }";
    let paths = json!(["acme-gl/gateway", "acme-gl/shop/orders"]);
    let ask = || async {
        let body = json!({"query": query, "variables": {"p": paths}});
        let url = alice.api.replace("/api/v4", "/api/graphql");
        let asked = alice.http.post(url).bearer_auth(&alice.token).json(&body);
        let answer = asked.send().await.expect("an answer");
        let answer: Value = answer.json().await.expect("JSON");
        answer["data"]["projects"]["nodes"]
            .as_array()
            .expect("nodes")
            .clone()
    };
    assert_eq!(ask().await.len(), 2);
    sim.inject(fault(
        &json!({"repo": "acme-gl/shop/orders", "operation": "Two"}),
        &json!({"kind": "partial"}),
    ));
    let left = ask().await;
    assert_eq!(
        (left.len(), &left[0]["fullPath"]),
        (1, &json!("acme-gl/gateway"))
    );
    sim.clear_faults();
    sim.inject(fault(
        &json!({"forge": "gitlab"}),
        &json!({"kind": "stale"}),
    ));
    let head = sim.state_of("gitlab").expect("it").repos[0]
        .commits
        .last()
        .expect("a commit")
        .sha
        .clone();
    let new = json!({"environment": "edge", "sha": head, "ref": "main", "tag": false, "status": "success"});
    assert_eq!(
        alice
            .ask("POST", &format!("/projects/{GATEWAY}/deployments"), new)
            .await
            .0,
        201
    );
    let edge = |nodes: &[Value]| {
        let found = nodes.iter().find(|it| it["fullPath"] == "acme-gl/gateway");
        found.expect("it")["environment"].clone()
    };
    assert_eq!(edge(&ask().await), Value::Null);
    sim.clear_faults();
    assert_eq!(edge(&ask().await), json!({"name": "edge"}));
    sim.stop().await;
}
