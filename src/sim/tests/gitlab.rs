//! The evening's GitLab: what a visitor finds there, and how REST says no.

use std::time::Duration;

use reqwest::Response;
use serde_json::{Value, json};

use super::super::{EVENING, GITLAB, Options, Running, World, start};
use super::tls;

mod acts;
mod faults;
mod pages;
mod pipelines;

/// The first half of the evening and the second one.
async fn both() -> Running {
    let world = World::from_toml(EVENING).expect("the evening reads");
    let second = World::from_toml(GITLAB).expect("its GitLab reads");
    let options = Options {
        speed: 10.0,
        ..Options::default()
    };
    start(world.with(second), options).await.expect("it starts")
}

async fn alone(change: impl FnOnce(&mut World)) -> Running {
    let mut world = World::from_toml(GITLAB).expect("it reads");
    change(&mut world);
    let options = Options {
        speed: 10.0,
        ..Options::default()
    };
    start(world, options).await.expect("it starts")
}

struct Visitor {
    http: reqwest::Client,
    api: String,
    token: String,
}

impl Visitor {
    fn new(sim: &Running, token: &str) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .tls_backend_preconfigured(tls())
            .timeout(Duration::from_secs(10))
            .build()
            .expect("a client");
        Self {
            http,
            api: format!("{}/api/v4", sim.url("gitlab").expect("an address")),
            token: sim.token_of("gitlab", token).expect("a token"),
        }
    }

    async fn send(&self, method: &str, path: &str, body: Option<Value>) -> Response {
        let method = method.parse().expect("a method");
        let mut request = self.http.request(method, format!("{}{path}", self.api));
        request = request.header("private-token", &self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.expect("an answer")
    }

    /// Status and body.
    async fn ask(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let answer = self.send(method, path, Some(body)).await;
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.send("GET", path, None).await;
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.expect("JSON")
    }

    /// The newest job of that name, wherever it is.
    async fn job(&self, project: &str, name: &str) -> Value {
        let all = self
            .get(&format!("/projects/{project}/jobs?per_page=100"))
            .await;
        let all = all.as_array().expect("jobs").clone();
        all.into_iter()
            .find(|it| it["name"] == name)
            .expect("the job")
    }
}

const GATEWAY: &str = "acme-gl%2Fgateway";
const ORDERS: &str = "acme-gl%2Fshop%2Forders";
const INVOICES: &str = "acme-gl%2Fshop%2Finvoices";
const PORTAL: &str = "acme-gl%2Fshop%2Fportal";
const REPORTS: &str = "acme-gl%2Fshop%2Fback-office%2Freports";

/// The version that stands in an environment.
fn version(sim: &Running, project: &str, environment: &str) -> String {
    let state = sim.state_of("gitlab").expect("the forge");
    let repo = state
        .repos
        .iter()
        .find(|it| it.name == project)
        .expect("the project");
    let live = repo.live(environment).expect("something live");
    let tag = repo.tags.iter().rev().find(|it| it.sha == live.sha);
    tag.map(|it| it.name.clone()).unwrap_or_default()
}

#[tokio::test]
async fn the_second_half_of_the_evening_is_what_its_file_promises() {
    let sim = both().await;
    let cases = [
        ("gateway", "v3.3.0", "v3.2.1"),
        ("orders", "v8.2.0", "v8.1.0"),
        ("invoices", "v2.8.0", "v2.7.1"),
        // What a merge made has no tag.
        ("portal", "v1.5.0", ""),
        ("reports", "v0.10.0", "v0.9.0"),
    ];
    for (project, staging, production) in cases {
        assert_eq!(version(&sim, project, "staging"), staging, "{project}");
        assert_eq!(
            version(&sim, project, "production"),
            production,
            "{project}"
        );
    }
    let announced = sim.announcement();
    let gitlab = &announced["forges"][1];
    let url = gitlab["url"].as_str().expect("a url");
    assert_eq!(gitlab["kind"], "gitlab");
    assert_eq!(gitlab["api_url"], format!("{url}/api/v4"));
    assert_eq!(gitlab["graphql_url"], format!("{url}/api/graphql"));
    let config: toml::Table = sim.config().parse().expect("TOML");
    let service = &config["service"]["reports"];
    assert_eq!(
        service["repo"].as_str(),
        Some("gitlab:acme-gl/shop/back-office/reports")
    );
    assert_eq!(
        service["promote"]["production"]["via"].as_str(),
        Some("pipeline")
    );
    let gateway = &config["service"]["gateway"]["promote"]["production"];
    assert_eq!(gateway["job"].as_str(), Some("deploy production"));
    assert_eq!(sim.world()["more"][0]["flavor"], "gitlab");
    sim.stop().await;
}

#[tokio::test]
async fn a_project_is_found_by_path_and_by_number_and_where_it_has_moved() {
    let sim = both().await;
    let alice = Visitor::new(&sim, "operate");
    let by_path = alice.get(&format!("/projects/{REPORTS}")).await;
    assert_eq!(
        by_path["path_with_namespace"],
        "acme-gl/shop/back-office/reports"
    );
    assert_eq!(
        by_path["namespace"]["full_path"],
        "acme-gl/shop/back-office"
    );
    assert_eq!(by_path["permissions"]["group_access"]["access_level"], 40);
    let id = &by_path["id"];
    assert_eq!(alice.get(&format!("/projects/{id}")).await, by_path);
    let moved = alice
        .send(
            "GET",
            "/projects/acme-gl%2Fold-gateway/pipelines?ref=main",
            None,
        )
        .await;
    assert_eq!(moved.status(), 301);
    let to = moved.headers()["location"]
        .to_str()
        .expect("text")
        .to_owned();
    let there = alice
        .http
        .get(&to)
        .bearer_auth(&alice.token)
        .send()
        .await
        .expect("an answer");
    assert_eq!(there.status(), 200, "{to}");
    assert!(to.contains("?ref=main"));
    // Subgroups are asked for by name.
    let count = |list: Value| list.as_array().expect("a list").len();
    assert_eq!(count(alice.get("/groups/acme-gl/projects").await), 1);
    assert_eq!(
        count(
            alice
                .get("/groups/acme-gl/projects?include_subgroups=true")
                .await
        ),
        5
    );
    assert_eq!(
        count(
            alice
                .get("/groups/acme-gl%2Fshop/projects?include_subgroups=true")
                .await
        ),
        4
    );
    sim.stop().await;
}

#[tokio::test]
async fn every_no_has_gitlabs_own_shape() {
    let sim = both().await;
    let alice = Visitor::new(&sim, "operate");
    let with = |token: &str| Visitor::new(&sim, token);
    let job = alice.job(GATEWAY, "deploy production").await["id"].clone();
    let play = format!("/projects/{GATEWAY}/jobs/{job}/play");
    let head = alice
        .get(&format!("/projects/{GATEWAY}/repository/branches/main"))
        .await;
    let sha = head["commit"]["id"].as_str().expect("a sha").to_owned();
    let not_found = json!({"message": "404 Project Not Found"});
    let scope = |needs: &str| {
        json!({
            "error": "insufficient_scope",
            "error_description": "The request requires higher privileges than provided by the access token.",
            "scope": needs,
        })
    };
    let cases: Vec<(&str, &str, String, Value, u16, Value)> = vec![
        (
            "operate",
            "GET",
            "/projects/acme-gl%2Fnothing".into(),
            json!({}),
            404,
            not_found.clone(),
        ),
        (
            "outsider",
            "GET",
            format!("/projects/{GATEWAY}"),
            json!({}),
            404,
            not_found,
        ),
        ("read", "POST", play.clone(), json!({}), 403, scope("api")),
        ("narrow", "POST", play, json!({}), 403, scope("api")),
        (
            "operate",
            "GET",
            "/nonsense".into(),
            json!({}),
            404,
            json!({"message": "404 Not found"}),
        ),
        (
            "second",
            "GET",
            format!("/projects/{GATEWAY}/freeze_periods"),
            json!({}),
            403,
            json!({"message": "403 Forbidden"}),
        ),
        (
            "operate",
            "POST",
            format!("/projects/{GATEWAY}/pipeline"),
            json!({}),
            400,
            json!({"error": "ref is missing"}),
        ),
        (
            "operate",
            "POST",
            format!("/projects/{GATEWAY}/pipeline"),
            json!({"ref": "gone"}),
            400,
            json!({"message": {"base": ["Reference not found"]}}),
        ),
        (
            "operate",
            "GET",
            format!("/projects/{GATEWAY}/pipelines?status=odd"),
            json!({}),
            400,
            json!({"error": "status does not have a valid value"}),
        ),
        (
            "operate",
            "POST",
            format!("/projects/{GATEWAY}/repository/tags"),
            json!({"tag_name": "v3.3.0", "ref": "main"}),
            400,
            json!({"message": "Tag v3.3.0 already exists"}),
        ),
        (
            "operate",
            "POST",
            format!("/projects/{GATEWAY}/releases"),
            json!({"tag_name": "v3.3.0"}),
            409,
            json!({"message": "Release already exists"}),
        ),
        (
            "operate",
            "POST",
            format!("/projects/{GATEWAY}/releases"),
            json!({"tag_name": "v9"}),
            422,
            json!({"message": "Ref is not specified"}),
        ),
        (
            "operate",
            "POST",
            format!("/projects/{GATEWAY}/statuses/{sha}"),
            json!({"state": "odd"}),
            400,
            json!({"error": "state does not have a valid value"}),
        ),
        (
            "admin",
            "POST",
            format!("/projects/{GATEWAY}/freeze_periods"),
            json!({"freeze_start": "soon", "freeze_end": "0 0 * * *"}),
            400,
            json!({"message": {"freeze_start": [" is invalid syntax"]}}),
        ),
        (
            "operate",
            "GET",
            format!("/projects/{GATEWAY}/deployments?updated_after=2026-01-01T00:00:00Z"),
            json!({}),
            400,
            json!({"message": "400 Bad request - `updated_at` filter and `updated_at` sorting must be paired"}),
        ),
    ];
    for (token, method, path, body, status, expected) in cases {
        let answer = with(token).ask(method, &path, body).await;
        assert_eq!(answer, (status, expected), "{token} {method} {path}");
    }
    let mut stranger = with("operate");
    stranger.token = "glpat-nobody".to_owned();
    let answer = stranger.ask("GET", "/user", json!({})).await;
    assert_eq!(answer, (401, json!({"message": "401 Unauthorized"})));
    sim.stop().await;
}

#[tokio::test]
async fn it_may_be_installed_in_a_folder() {
    let sim = alone(|world| world.forge.root = "/gitlab".to_owned()).await;
    let alice = Visitor::new(&sim, "operate");
    assert!(alice.api.ends_with("/gitlab/api/v4"));
    assert_eq!(alice.get("/user").await["username"], "alice");
    let project = alice.get(&format!("/projects/{PORTAL}")).await;
    let web = project["web_url"].as_str().expect("a url");
    assert!(web.ends_with("/gitlab/acme-gl/shop/portal"), "{web}");
    let bare = alice.api.replace("/gitlab/api", "/api");
    let outside = alice
        .http
        .get(format!("{bare}/user"))
        .bearer_auth(&alice.token);
    assert_eq!(outside.send().await.expect("an answer").status(), 404);
    let documents = alice.api.replace("/api/v4", "/api/graphql");
    let query = json!({"query": "{ currentUser { username } }"});
    let asked = alice
        .http
        .post(documents)
        .bearer_auth(&alice.token)
        .json(&query);
    let answer: Value = asked
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    assert_eq!(answer["data"]["currentUser"]["username"], "alice");
    sim.stop().await;
}
