//! GitHub at its worst, on loopback: what is asked, how often, and what becomes of it.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::*;
use crate::domain::ids::{EnvironmentId, EnvironmentName, ServiceName};
use crate::domain::pipeline::Door;
use crate::forge::http::{Clock, Limits};

mod acts;
mod finds;
mod named_checks;
mod simulated;
mod trouble;

const TOKEN: &str = "ghp_secretsecretsecret";

fn now() -> Timestamp {
    Timestamp::from_second(1_795_226_400).unwrap()
}

fn clock() -> Clock {
    Arc::new(now)
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

fn github_with(url: &str, limits: Limits) -> GitHub {
    let settings = Settings {
        name: ForgeName::from("gh"),
        url: url.to_owned(),
        api_url: None,
        token: Some(SecretString::from(TOKEN)),
        ca_file: None,
        limits,
    };
    GitHub::new(settings, clock()).unwrap()
}

fn github(server: &MockServer) -> GitHub {
    github_with(&server.uri(), limits())
}

/// Writes an instant as a `Date` header has it.
fn rfc9110(at: Timestamp) -> String {
    jiff::fmt::rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&at)
        .unwrap()
}

fn repo() -> RepoPath {
    RepoPath::from("acme/checkout")
}

fn targets(names: &[&str]) -> Vec<Target> {
    names
        .iter()
        .map(|name| Target {
            service: ServiceName::from(*name),
            repo: RepoPath::from(format!("acme/{name}")),
            branch: None,
            environments: vec![EnvironmentName::from("prod")],
            model: crate::domain::policy::EnvironmentModel::Native,
            jobs: std::collections::BTreeMap::new(),
            revisions: Vec::new(),
            named_checks: false,
            reports: false,
            labels: Vec::new(),
            payloads: false,
            brief: false,
        })
        .collect()
}

/// Answers a query with an empty repository under each alias that it asks for.
fn empty_repositories(request: &Request) -> Value {
    let asked: Value = serde_json::from_slice(&request.body).unwrap();
    let mut data = serde_json::Map::new();
    for (name, value) in asked["variables"].as_object().unwrap() {
        if let Some(index) = name.strip_prefix('n') {
            let repository = json!({
                "nameWithOwner": format!("acme/{}", value.as_str().unwrap()),
                "url": "https://github.com/acme/x", "pullRequests": {"totalCount": 0}});
            data.insert(format!("r{index}"), repository);
        }
    }
    json!({ "data": data })
}

fn asked_services(request: &Request) -> usize {
    let asked: Value = serde_json::from_slice(&request.body).unwrap();
    let variables = asked["variables"].as_object().unwrap();
    variables
        .keys()
        .filter(|name| name.starts_with('n'))
        .count()
}

async fn answering(verb: &str, route: &str, answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method(verb))
        .and(path(route))
        .respond_with(answer)
        .mount(&server)
        .await;
    server
}

async fn requests(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

#[test]
fn the_api_is_found_from_the_address_that_people_open() {
    let found = |url: &str, api: Option<&str>| format!("{:?}", Endpoints::find(url, api).unwrap());
    for (url, api, rest, queries, hosted) in [
        (
            "https://github.com",
            None,
            "api.github.com",
            "api.github.com",
            true,
        ),
        (
            "https://acme.ghe.com/",
            None,
            "api.acme.ghe.com",
            "api.acme.ghe.com",
            true,
        ),
        (
            "https://git.acme.dev/",
            None,
            "git.acme.dev/api/v3",
            "git.acme.dev/api",
            false,
        ),
        (
            "https://x",
            Some("https://git.acme.dev/api/v3/"),
            "git.acme.dev/api/v3",
            "git.acme.dev/api",
            false,
        ),
        (
            "https://x",
            Some("https://api.acme.dev"),
            "api.acme.dev",
            "api.acme.dev",
            false,
        ),
    ] {
        let endpoints = Endpoints::find(url, api).unwrap();
        let (found_rest, found_queries) = endpoints.bases();
        assert_eq!(found_rest, format!("https://{rest}"), "{}", found(url, api));
        assert_eq!(
            found_queries,
            format!("https://{queries}"),
            "{}",
            found(url, api)
        );
        assert_eq!(endpoints.hosted, hosted, "{url}");
    }
    assert!(Endpoints::find("http://git.acme.dev", None).is_err());
}

#[tokio::test]
async fn a_conditional_read_shows_what_was_read_before() {
    let server = MockServer::start().await;
    let route = "/api/v3/repos/acme/checkout/actions/runs/7/jobs";
    Mock::given(method("GET"))
        .and(path(route))
        .respond_with(|request: &Request| {
            if request
                .headers
                .get("if-none-match")
                .is_some_and(|etag| etag == "\"e1\"")
            {
                return ResponseTemplate::new(304);
            }
            ResponseTemplate::new(200)
                .insert_header("etag", "\"e1\"")
                .set_body_json(json!({"jobs": [
                    {"id": 1, "name": "build", "status": "completed", "conclusion": "success"},
                    {"id": "odd"}]}))
        })
        .mount(&server)
        .await;
    let github = github(&server);
    let first = github.jobs(&repo(), RunId(7)).await.unwrap();
    let second = github.jobs(&repo(), RunId(7)).await.unwrap();
    assert_eq!(first.len(), 1);
    assert_eq!(first, second);
    let seen = server.received_requests().await.unwrap();
    assert_eq!(seen.len(), 2);
    for request in &seen {
        assert_eq!(request.headers.get_all("authorization").iter().count(), 1);
        assert_eq!(
            request
                .headers
                .get_all("x-github-api-version")
                .iter()
                .count(),
            1
        );
        assert_eq!(request.headers["authorization"], format!("Bearer {TOKEN}"));
        assert_eq!(request.headers["accept"], "application/vnd.github+json");
    }
}

#[tokio::test]
async fn an_answer_that_leaves_organizations_out_is_good_and_says_so() {
    let answer = ResponseTemplate::new(200)
        .insert_header(
            "x-github-sso",
            "partial-results; organizations=21955855,20582480",
        )
        .set_body_json(json!({"jobs": []}));
    let route = "/api/v3/repos/acme/checkout/actions/runs/7/jobs";
    let server = answering("GET", route, answer).await;
    let github = github(&server);
    assert_eq!(github.budget().hidden, 0);
    assert!(github.jobs(&repo(), RunId(7)).await.unwrap().is_empty());
    assert_eq!(github.budget().hidden, 2);
}

#[tokio::test]
async fn quiet_repositories_cost_one_query_and_no_request() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/api/graphql"))
        .respond_with(|request: &Request| {
            ResponseTemplate::new(200).set_body_json(empty_repositories(request))
        })
        .mount(&server)
        .await;
    let batch = github(&server).board(&targets(&["a", "b", "c"])).await;
    assert!(batch.answers.iter().all(|(_, answer)| answer.is_ok()));
    assert_eq!(requests(&server).await, 1);
}

#[tokio::test]
async fn waiting_runs_come_with_what_they_wait_for() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/api/graphql"))
        .respond_with(|request: &Request| {
            let mut answer = empty_repositories(request);
            answer["data"]["r0"]["environments"] = json!({"nodes": [{"databaseId": 5, "name": "prod",
                "protectionRules": {"nodes": [{"type": "REQUIRED_REVIEWERS"}]}}]});
            ResponseTemplate::new(200).set_body_json(answer)
        })
        .mount(&server)
        .await;
    for (route, answer) in [
        (
            "runs",
            json!({"total_count": 1, "workflow_runs": [{"id": 70, "name": null, "path": ".github/workflows/release.yml@main",
            "status": "waiting", "conclusion": null, "head_sha": "AA", "head_branch": null, "event": "push",
            "created_at": "2026-11-21T00:00:00Z", "updated_at": "2026-11-21T00:00:00Z"}]}),
        ),
        (
            "runs/70/pending_deployments",
            json!([{"environment": {"id": 5, "name": "prod"}, "wait_timer": 0,
            "wait_timer_started_at": null, "current_user_can_approve": true, "reviewers": [
                {"type": "User", "reviewer": {"login": "ada"}}, {"type": "Team", "reviewer": {"slug": "ops", "name": "Ops"}}]}]),
        ),
    ] {
        Mock::given(method("GET"))
            .and(path(format!("/api/v3/repos/acme/a/actions/{route}")))
            .respond_with(ResponseTemplate::new(200).set_body_json(answer))
            .mount(&server)
            .await;
    }
    let batch = github(&server).board(&targets(&["a"])).await;
    let facts = batch.answers[0].1.as_ref().unwrap();
    assert_eq!(facts.gaps, Vec::<String>::new());
    let run = &facts.runs[0];
    assert_eq!(
        (run.id, run.workflow.as_deref()),
        (RunId(70), Some("release.yml"))
    );
    let waiting = &run.waiting[0];
    assert!(waiting.may_approve);
    assert_eq!(waiting.door, Door::Review(EnvironmentId(5)));
    assert_eq!(waiting.reviewers, ["ada", "ops"]);
}

#[tokio::test]
async fn identity_tells_scopes_and_version() {
    let server = MockServer::start().await;
    Mock::given(path("/api/v3/user"))
        .respond_with(
            ResponseTemplate::new(200)
                .insert_header("date", rfc9110(now()))
                .insert_header("x-oauth-scopes", "repo, read:org")
                .insert_header("x-ratelimit-limit", "5000")
                .insert_header("x-ratelimit-remaining", "4990")
                .insert_header("x-ratelimit-reset", "1795230000")
                .set_body_json(json!({"login": "ada"})),
        )
        .mount(&server)
        .await;
    Mock::given(path("/api/v3/meta"))
        .respond_with(
            ResponseTemplate::new(200)
                .insert_header("date", rfc9110(now()))
                .set_body_json(json!({"installed_version": "3.19.1"})),
        )
        .mount(&server)
        .await;
    let github = github(&server);
    assert!(github.has_dispatch_details());
    let identity = github.identify().await.unwrap();
    assert_eq!(identity.login, Person::from("ada"));
    assert_eq!(identity.scopes, ["repo", "read:org"]);
    assert_eq!(identity.version.as_deref(), Some("3.19.1"));
    assert!(!github.has_dispatch_details());
    assert!(
        !identity
            .capabilities
            .contains(&crate::forge::Capability::DispatchDetails)
    );
    let requests = github.budget().requests.unwrap();
    assert_eq!((requests.limit, requests.remaining), (5000, 4990));
    assert_eq!(
        requests.resets_at.duration_since(now()),
        SignedDuration::from_hours(1)
    );
}

#[tokio::test]
async fn a_draft_without_a_tag_tells_the_commit_that_it_would_tag() {
    let server = MockServer::start().await;
    let named = "ab".repeat(20);
    Mock::given(method("POST"))
        .and(path("/api/graphql"))
        .respond_with(|request: &Request| {
            let mut answer = empty_repositories(request);
            let draft = |id: u64| {
                json!({"id": "R", "databaseId": id, "tagName": format!("v{id}"), "name": null, "isDraft": true,
                    "isPrerelease": false, "isLatest": false, "createdAt": "2026-11-21T00:00:00Z",
                    "publishedAt": null, "url": "https://example.org", "tagCommit": null})
            };
            answer["data"]["r0"]["releases"] = json!({"nodes": [draft(1), draft(2)]});
            ResponseTemplate::new(200).set_body_json(answer)
        })
        .mount(&server)
        .await;
    Mock::given(method("GET"))
        .and(path("/api/v3/repos/acme/a/releases"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!([
            {"id": 1, "target_commitish": named}, {"id": 2, "target_commitish": "some-branch"}
        ])))
        .mount(&server)
        .await;
    let batch = github(&server).board(&targets(&["a"])).await;
    let facts = batch.answers[0].1.as_ref().unwrap();
    let shas: Vec<Option<&str>> = facts
        .releases
        .iter()
        .map(|release| release.sha.as_ref().map(Sha::as_str))
        .collect();
    assert_eq!(
        shas,
        [Some(named.as_str()), None],
        "a branch that is not the head's is not guessed"
    );
}
