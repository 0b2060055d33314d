//! The evening as a whole: what a visitor finds, and that it moves.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::Value;

use super::{EVENING, Options, Running, World, control, start};

mod acts;
mod faults;
mod forgejo;
mod gates;
mod gitlab;
mod monitoring;
mod several;

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
