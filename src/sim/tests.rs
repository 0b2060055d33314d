//! The evening as a whole: what a visitor finds, and that it moves.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{EVENING, Fault, Options, Running, World, control, start};

mod gates;
mod monitoring;

async fn evening() -> Running {
    let world = World::from_toml(EVENING).expect("the world file reads");
    start(
        world,
        Options {
            speed: 10.0,
            ..Options::default()
        },
    )
    .await
    .expect("it starts")
}

struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Client {
    fn new(sim: &Running, token: &str) -> Self {
        let http = reqwest::Client::builder()
            .user_agent("sim-tests")
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .tls_backend_preconfigured(tls())
            .timeout(Duration::from_secs(10))
            .build()
            .expect("a client");
        Self {
            http,
            base: sim.base_url().to_owned(),
            token: sim.token(token).expect("a token"),
        }
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> reqwest::Result<reqwest::Response> {
        let method = method.parse().expect("a method");
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        request = request.header("authorization", format!("Bearer {}", self.token));
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.send("GET", path, None).await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.expect("JSON")
    }
}

fn tls() -> rustls::ClientConfig {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}

fn live<'v>(world: &'v Value, repo: &str, environment: &str) -> &'v Value {
    let all = world["repos"].as_array().expect("repos");
    let repo = all
        .iter()
        .find(|it| it["name"] == format!("acme/{repo}"))
        .expect("the repo");
    let live = repo["live"].as_array().expect("live");
    live.iter()
        .find(|it| it["environment"] == environment)
        .expect("the environment")
}

#[tokio::test]
async fn the_evening_is_what_its_file_promises() {
    let sim = evening().await;
    let world = sim.world();
    let cases = [
        ("api-gateway", "v2.41.0", "v2.40.3"),
        ("checkout", "v9.0.1", "v9.0.0"),
        ("billing", "v5.3.0", "v5.2.9"),
        ("search", "v7.1.0", "v7.0.8"),
        ("notify", "v0.9.4", "v0.9.3"),
        ("sessions", "v4.4.0", "v4.3.9"),
        ("ledger", "v3.8.1", "v3.8.1"),
        ("fraud-ml", "v1.12.0", "v1.11.0"),
        ("mailer", "v1.5.0", "v1.5.0"),
        ("geo", "v2.3.1", "v2.2.4"),
    ];
    for (repo, staging, production) in cases {
        assert_eq!(
            live(&world, repo, "staging")["version"],
            staging,
            "{repo} on staging"
        );
        assert_eq!(
            live(&world, repo, "production")["version"],
            production,
            "{repo} in production"
        );
    }
    assert_eq!(live(&world, "ledger", "dev")["version"], "v3.8.2");
    assert_eq!(
        live(&world, "fraud-ml", "production")["newest"],
        "in_progress"
    );
    assert_eq!(live(&world, "web", "production")["version"], "v1.8.4");
    assert_ne!(
        live(&world, "web", "staging")["live"],
        live(&world, "web", "production")["live"]
    );
    assert_ne!(
        live(&world, "auth", "staging")["live"],
        live(&world, "auth", "production")["live"]
    );
    sim.stop().await;
}

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

#[tokio::test]
async fn a_known_answer_is_304_and_costs_nothing() {
    let sim = evening().await;
    let alice = Client::new(&sim, "operate");
    let url = format!("{}/repos/acme/mailer/tags?per_page=1", sim.base_url());
    let ask = |tag: String| {
        let request = alice.http.get(&url).bearer_auth(&alice.token);
        if tag.is_empty() {
            request
        } else {
            request.header("if-none-match", tag)
        }
    };
    let first = ask(String::new()).send().await.expect("an answer");
    let header = |answer: &reqwest::Response, name: &str| {
        answer
            .headers()
            .get(name)
            .and_then(|it| it.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    };
    let tag = header(&first, "etag");
    assert!(tag.starts_with("W/\""));
    let next = format!("<{url}&page=2>; rel=\"next\"");
    assert!(
        header(&first, "link").contains(&next),
        "{} lacks {next}",
        header(&first, "link")
    );
    assert_eq!(header(&first, "x-oauth-scopes"), "repo, workflow, read:org");
    let second = ask(tag).send().await.expect("an answer");
    assert_eq!(second.status(), 304);
    assert_eq!(
        header(&first, "x-ratelimit-used"),
        header(&second, "x-ratelimit-used")
    );
    let third = ask("W/\"other\"".to_owned())
        .send()
        .await
        .expect("an answer");
    assert_eq!(third.status(), 200);
    assert_ne!(
        header(&first, "x-ratelimit-used"),
        header(&third, "x-ratelimit-used")
    );
    sim.stop().await;
}

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

#[test]
fn the_same_seed_gives_the_same_world() {
    let world = World::from_toml(EVENING).expect("the world file reads");
    let now = "2026-11-21T18:00:00Z".parse().expect("an instant");
    let play = |seed| {
        let mut state = world.build(now, seed, 10.0).expect("it builds");
        state.advance_to(now + SignedDuration::from_mins(10));
        control::world(&state)
    };
    assert_eq!(play(7), play(7));
    assert_ne!(play(7), play(8));
}

#[test]
fn of_many_generated_services_one_in_two_waits() {
    let now = "2026-11-21T18:00:00Z".parse().expect("an instant");
    let state = World::generated(200, 3)
        .build(now, 3, 1.0)
        .expect("it builds");
    assert_eq!(state.repos.len(), 200);
    let waiting = state
        .repos
        .iter()
        .filter(|repo| repo.runs.iter().any(|run| !run.done()))
        .count();
    assert_eq!(waiting, 100);
    let repo = state.repo("ACME", "svc-0199").expect("found by name");
    assert_eq!(
        state.repo_by_id(repo.id).map(|it| it.name.as_str()),
        Some("svc-0199")
    );
}

#[tokio::test]
async fn strict_typed_clients_read_every_shape() {
    use octocrab::models::{self, pulls, repos, workflows};
    fn reads<T: serde::de::DeserializeOwned>(value: &Value) {
        let read: Result<T, _> = serde_json::from_value(value.clone());
        if let Err(error) = read {
            panic!("{} does not read: {error}", std::any::type_name::<T>());
        }
    }
    fn first<'v>(list: &'v Value, key: &str) -> &'v Value {
        if key.is_empty() {
            &list[0]
        } else {
            &list[key][0]
        }
    }
    let sim = evening().await;
    let alice = Client::new(&sim, "operate");
    let repo = "/repos/acme/api-gateway";
    let at = |path: &str| format!("{repo}{path}");
    reads::<models::Repository>(&alice.get(repo).await);
    reads::<Vec<models::Repository>>(&alice.get("/orgs/acme/repos").await);
    reads::<models::Author>(&alice.get("/user").await);
    let runs = alice.get(&at("/actions/runs?status=waiting")).await;
    let run = first(&runs, "workflow_runs");
    reads::<workflows::Run>(run);
    let jobs = alice
        .get(&at(&format!("/actions/runs/{}/jobs", run["id"])))
        .await;
    reads::<Vec<workflows::Job>>(&jobs["jobs"]);
    let pending = alice
        .get(&at(&format!(
            "/actions/runs/{}/pending_deployments",
            run["id"]
        )))
        .await;
    reads::<Vec<workflows::PendingDeployment>>(&pending);
    let list = alice.get(&at("/actions/workflows")).await;
    reads::<Vec<workflows::WorkFlow>>(&list["workflows"]);
    let deployments = alice.get(&at("/deployments")).await;
    reads::<Vec<repos::Deployment>>(&deployments);
    let id = &first(&deployments, "")["id"];
    reads::<Vec<repos::DeploymentStatus>>(
        &alice.get(&at(&format!("/deployments/{id}/statuses"))).await,
    );
    reads::<Vec<repos::Release>>(&alice.get(&at("/releases")).await);
    reads::<Vec<repos::Tag>>(&alice.get(&at("/tags")).await);
    reads::<Vec<repos::RepoCommit>>(&alice.get(&at("/commits")).await);
    let pulls = alice.get(&at("/pulls?state=all")).await;
    reads::<Vec<pulls::PullRequest>>(&pulls);
    let number = &first(&pulls, "")["number"];
    reads::<pulls::PullRequest>(&alice.get(&at(&format!("/pulls/{number}"))).await);
    let landed = alice.get(&at("/pulls?state=closed")).await;
    let number = &first(&landed, "")["number"];
    reads::<Vec<pulls::Review>>(&alice.get(&at(&format!("/pulls/{number}/reviews"))).await);
    reads::<models::checks::ListCheckRuns>(&alice.get(&at("/commits/main/check-runs")).await);
    reads::<models::CombinedStatus>(&alice.get("/repos/acme/sessions/commits/main/status").await);
    sim.stop().await;
}

#[tokio::test]
async fn the_written_configuration_names_every_service_and_no_secret() {
    let sim = evening().await;
    let text = sim.config();
    let config: toml::Table = text.parse().expect("TOML");
    assert_eq!(config["service"].as_table().expect("services").len(), 12);
    assert_eq!(
        config["forge"]["github"]["api_url"].as_str(),
        Some(&*format!("{}/api/v3", sim.base_url()))
    );
    assert_eq!(
        config["service"]["auth"]["promote"]["production"]["base"].as_str(),
        Some("production")
    );
    assert!(!text.contains(&sim.token("operate").expect("a token")));
    assert!(!text.contains("{{"));
    sim.stop().await;
}
