//! GitLab at its worst, on loopback: what is asked, how often, and what becomes of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::*;
use crate::domain::ids::ServiceName;
use crate::domain::policy::EnvironmentModel;
use crate::forge::http::Limits;

mod acts;
mod finds;
mod reads;
mod trouble;

const TOKEN: &str = "glpat-secretsecretsecret";
const SHA: &str = "aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11";

fn now() -> Timestamp {
    "2026-11-21T20:00:00Z".parse().unwrap()
}

fn limits() -> Limits {
    Limits {
        connect: Duration::from_secs(1),
        total: Duration::from_secs(5),
        write_gap: Duration::ZERO,
        retry_base: Duration::from_millis(1),
        retry_cap: Duration::from_millis(2),
        ..Limits::default()
    }
}

fn gitlab_with(url: &str, limits: Limits) -> GitLab {
    let settings = Settings {
        name: ForgeName::from("lab"),
        url: url.to_owned(),
        api_url: None,
        token: Some(SecretString::from(TOKEN)),
        ca_file: None,
        limits,
    };
    GitLab::new(settings, Arc::new(now)).unwrap()
}

fn gitlab(server: &MockServer) -> GitLab {
    gitlab_with(&server.uri(), limits())
}

fn repo() -> RepoPath {
    RepoPath::from("acme/shop/checkout")
}

fn target(repo: &str) -> Target {
    Target {
        service: ServiceName::from(repo.rsplit('/').next().unwrap()),
        repo: RepoPath::from(repo),
        branch: None,
        environments: vec!["staging".into(), "production".into()],
        model: EnvironmentModel::Native,
        jobs: BTreeMap::new(),
        revisions: Vec::new(),
        named_checks: true,
        reports: false,
        labels: Vec::new(),
        payloads: false,
        brief: false,
    }
}

fn ok(body: impl Into<Value>) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body.into())
}

fn status(status: u16, message: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json!({ "message": message }))
}

/// A server that answers as `answer` says; `None` is a 404.
async fn serving(
    answer: impl Fn(&Request) -> Option<ResponseTemplate> + Send + Sync + 'static,
) -> MockServer {
    let server = MockServer::start().await;
    let missing = "404 Not found";
    Mock::given(any())
        .respond_with(move |request: &Request| {
            answer(request).unwrap_or_else(|| status(404, missing))
        })
        .mount(&server)
        .await;
    server
}

/// The part of a request's path behind the project's, if it is about this one.
fn below<'r>(request: &'r Request, project: &str) -> Option<&'r str> {
    let path = request.url.path();
    path.strip_prefix("/api/v4/projects/")?
        .strip_prefix(project)
}

/// The paths that a batched query asks for.
fn asked(request: &Request) -> Vec<String> {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let paths = body["variables"]["paths"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    paths
        .iter()
        .filter_map(|path| Some(path.as_str()?.to_owned()))
        .collect()
}

fn text(request: &Request) -> String {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    body["query"].as_str().unwrap_or_default().to_owned()
}

/// The requests that a server saw, as `METHOD path`.
async fn seen(server: &MockServer) -> Vec<String> {
    let requests = server.received_requests().await.unwrap();
    requests
        .iter()
        .map(|it| format!("{} {}", it.method, it.url.path()))
        .collect()
}
