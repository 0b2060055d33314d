//! Forgejo and Gitea at their worst, on loopback: what is asked, how often, and what becomes of it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::version::Version;
use super::*;
use crate::domain::fault::FaultKind;
use crate::domain::ids::ServiceName;
use crate::domain::policy::EnvironmentModel;
use crate::forge::Capability;
use crate::forge::http::Limits;

mod acts;
mod reads;
mod servers;

const TOKEN: &str = "secretsecretsecret";
const REPO: &str = "/api/v1/repos/acme/checkout";

fn now() -> Timestamp {
    Timestamp::from_second(1_795_226_400).unwrap()
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

fn forgejo_with(url: &str, limits: Limits) -> Forgejo {
    let settings = Settings {
        name: ForgeName::from("fj"),
        url: url.to_owned(),
        api_url: None,
        token: Some(SecretString::from(TOKEN)),
        ca_file: None,
        limits,
    };
    Forgejo::new(settings, Arc::new(now)).unwrap()
}

/// As if it had been probed already.
async fn known(url: &str, version: &str, limits: Limits) -> Forgejo {
    let forgejo = forgejo_with(url, limits);
    let features = features::Features::of_version(Version::of(version, None));
    *forgejo.features.lock().await = Some(Arc::new(features));
    forgejo
}

const NEWEST: &str = "17.0.0+gitea-1.22.0";
const GITEA: &str = "1.26.0";

fn repo() -> RepoPath {
    RepoPath::from("acme/checkout")
}

fn target() -> Target {
    Target {
        service: ServiceName::from("checkout"),
        repo: repo(),
        branch: None,
        environments: vec!["staging".into(), "production".into()],
        model: EnvironmentModel::Status {
            context: EnvironmentModel::STATUS.to_owned(),
        },
        jobs: std::collections::BTreeMap::new(),
        revisions: Vec::new(),
        named_checks: false,
        reports: false,
        labels: Vec::new(),
        payloads: false,
        brief: false,
    }
}

async fn answer(server: &MockServer, verb: &str, route: &str, answer: ResponseTemplate) {
    Mock::given(method(verb))
        .and(path(route))
        .respond_with(answer)
        .mount(server)
        .await;
}

async fn show(server: &MockServer, route: &str, body: Value) {
    let found = ResponseTemplate::new(200).set_body_json(body);
    answer(server, "GET", route, found).await;
}

async fn requests(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.unwrap()
}

/// The paths asked for, without the repository's own.
async fn asked(server: &MockServer) -> Vec<String> {
    let seen = requests(server).await;
    let paths = seen.iter().map(|request| {
        let path = request.url.path();
        path.strip_prefix(REPO).unwrap_or(path).to_owned()
    });
    paths.collect()
}
