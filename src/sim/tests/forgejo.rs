//! Forgejo and Gitea over their sockets: addresses, headers, faults.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::Client;
use crate::sim::{FORGEJO, GITEA, Options, Running, World, start};

async fn served(root: &str) -> (Running, Client) {
    let mut world = World::from_toml(FORGEJO).expect("the world file reads");
    root.clone_into(&mut world.forge.root);
    let gitea = World::from_toml(GITEA).expect("the other reads");
    let sim = start(world.with(gitea), Options::default())
        .await
        .expect("it starts");
    let mut client = Client::new(&sim, "operate");
    client.base = format!("{}/api/v1", sim.url("forgejo").expect("an address"));
    (sim, client)
}

fn fault(sim: &Running, text: Value) {
    sim.inject(serde_json::from_value(text).expect("a fault"));
}

#[tokio::test]
async fn it_is_served_beneath_a_folder_and_its_links_say_so() {
    let (sim, client) = served("/git").await;
    assert!(client.base.ends_with("/git/api/v1"), "{}", client.base);
    let answer = client
        .send("GET", "/repos/tide/harbour/commits?limit=2", None)
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200);
    let link = answer.headers()["link"].to_str().expect("text").to_owned();
    assert!(
        link.starts_with(&format!(
            "<{}/repos/tide/harbour/commits?limit=2&page=2>",
            client.base
        )),
        "{link}"
    );
    assert!(!answer.headers().contains_key("etag"));
    assert!(!answer.headers().contains_key("x-ratelimit-limit"));
    let repo = client.get("/repos/tide/harbour").await;
    assert!(
        repo["html_url"]
            .as_str()
            .is_some_and(|it| it.ends_with("/git/tide/harbour"))
    );
    let host = client.base.trim_end_matches("/git/api/v1").to_owned();
    let get = |path: &str| client.http.get(format!("{host}{path}")).send();
    assert_eq!(
        get("/api/v1/version").await.expect("an answer").status(),
        404
    );
    let own = get("/git/api/forgejo/v1/version").await.expect("an answer");
    assert_eq!(own.status(), 200);
    let swagger: Value = get("/git/swagger.v1.json")
        .await
        .expect("it")
        .json()
        .await
        .expect("JSON");
    assert_eq!(swagger["basePath"], "/git/api/v1");
    assert!(swagger["paths"]["/repos/{owner}/{repo}/actions/runs/{run_id}/jobs"].is_object());
    let gitea = sim.url("gitea").expect("an address");
    let none = client
        .http
        .get(format!("{gitea}/api/forgejo/v1/version"))
        .send()
        .await;
    assert_eq!(none.expect("an answer").status(), 404);
    sim.stop().await;
}

#[tokio::test]
async fn a_file_that_the_client_has_is_not_sent_again() {
    let (sim, client) = served("").await;
    let path = "/repos/tide/harbour/raw/README.md";
    let first = client.send("GET", path, None).await.expect("an answer");
    let tag = first.headers()["etag"].clone();
    let request = client
        .http
        .get(format!("{}{path}", client.base))
        .bearer_auth(&client.token);
    let again = request
        .header("if-none-match", tag)
        .send()
        .await
        .expect("an answer");
    assert_eq!(again.status(), 304);
    sim.stop().await;
}

#[tokio::test]
async fn faults_say_no_in_the_servers_words() {
    let (sim, client) = served("").await;
    let once = |effect: Value| json!({"match": {"forge": "forgejo", "path_prefix": "/repos/tide/harbour"}, "times": 1, "effect": effect});
    let ask = || async {
        let answer = client
            .send("GET", "/repos/tide/harbour", None)
            .await
            .expect("an answer");
        let wait = answer
            .headers()
            .get("retry-after")
            .map(|it| it.to_str().expect("text").to_owned());
        (
            answer.status().as_u16(),
            wait,
            answer.text().await.expect("a body"),
        )
    };
    fault(&sim, once(json!({"kind": "unauthorized"})));
    assert_eq!(ask().await.0, 401);
    fault(
        &sim,
        once(json!({"kind": "forbidden", "permissions": "read:repository"})),
    );
    let (status, _, body) = ask().await;
    assert_eq!(status, 403);
    assert!(
        body.contains("required scope(s): [read:repository]"),
        "{body}"
    );
    fault(&sim, once(json!({"kind": "secondary", "retry_after": 7})));
    let (status, wait, body) = ask().await;
    assert_eq!((status, wait.as_deref()), (429, Some("7")));
    assert!(body.starts_with("<html>"), "{body}");
    fault(
        &sim,
        once(json!({"kind": "status", "status": 502, "body": "<html>bad gateway</html>"})),
    );
    assert_eq!(ask().await.0, 502);
    assert_eq!(ask().await.0, 200);
    let seen = sim.requests();
    assert!(seen.iter().all(|it| it.forge == "forgejo"));
    sim.stop().await;
}

#[tokio::test]
async fn an_act_may_be_done_although_nobody_hears_of_it() {
    let (sim, client) = served("").await;
    fault(
        &sim,
        json!({"match": {"method": "POST"}, "times": 1, "effect": {"kind": "drop-after"}}),
    );
    let body = json!({"tag_name": "deployed/qa", "target": "main"});
    assert!(
        client
            .send("POST", "/repos/tide/harbour/tags", Some(body))
            .await
            .is_err()
    );
    let tag = client.get("/repos/tide/harbour/tags/deployed%2Fqa").await;
    assert_eq!(tag["name"], "deployed/qa");
    sim.stop().await;
}

#[tokio::test]
async fn a_stale_read_does_not_see_what_was_done_and_the_clock_moves_all() {
    let (sim, client) = served("").await;
    fault(
        &sim,
        json!({"match": {"path_contains": "/actions/runs"}, "effect": {"kind": "stale"}}),
    );
    let runs = "/repos/tide/harbour/actions/runs?event=workflow_dispatch";
    let before = client.get(runs).await["total_count"].clone();
    let body =
        json!({"ref": "main", "inputs": {"environment": "production", "revision": "v3.2.0"}});
    let path = "/repos/tide/harbour/actions/workflows/deploy.yml/dispatches";
    let made = client
        .send("POST", path, Some(body))
        .await
        .expect("an answer");
    assert_eq!(made.status(), 204);
    assert_eq!(client.get(runs).await["total_count"], before);
    sim.clear_faults();
    sim.advance(SignedDuration::from_secs(300));
    let now = client.get(runs).await;
    assert_eq!(now["total_count"], before.as_u64().expect("a number") + 1);
    assert_eq!(now["workflow_runs"][0]["status"], "success");
    let world = sim.world();
    let harbour = world["repos"].as_array().expect("repos").iter();
    let mut harbour = harbour.filter(|it| it["name"] == "tide/harbour");
    let live = harbour.next().expect("the repository")["live"]
        .as_array()
        .expect("live")
        .clone();
    let live = live.iter().find(|it| it["environment"] == "production");
    assert_eq!(live.expect("the environment")["version"], "v3.2.0");
    tokio::time::timeout(Duration::from_secs(5), sim.stop())
        .await
        .expect("it ends");
}

#[tokio::test]
async fn a_world_may_name_another_version_of_its_flavor() {
    for (flavor, version, told, runs) in [
        ("forgejo", "15.0.2", "15.0.2+gitea-1.22.0", 200),
        ("forgejo-tasks", "", "11.0.7+gitea-1.22.0", 404),
    ] {
        let mut world = World::from_toml(FORGEJO).expect("it reads");
        flavor.clone_into(&mut world.forge.flavor);
        version.clone_into(&mut world.forge.version);
        let sim = start(world, Options::default()).await.expect("it starts");
        let mut client = Client::new(&sim, "operate");
        client.base = format!("{}/api/v1", sim.base_url());
        assert_eq!(client.get("/version").await["version"], told);
        let path = "/repos/tide/harbour/actions/runs";
        let answer = client.send("GET", path, None).await.expect("an answer");
        assert_eq!(answer.status().as_u16(), runs, "{told}");
        sim.stop().await;
    }
    for version in ["1.25.2", "next"] {
        let mut world = World::from_toml(FORGEJO).expect("it reads");
        version.clone_into(&mut world.forge.version);
        let flaw = start(world, Options::default()).await.expect_err("a flaw");
        assert!(
            flaw.to_string().contains("is no version of such a forge"),
            "{flaw}"
        );
    }
}
