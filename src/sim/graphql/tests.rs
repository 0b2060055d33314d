//! The API as a client meets it: whole documents against a small world.

use std::{collections::BTreeSet, sync::Arc};

use async_graphql::parser::{
    parse_schema,
    types::{
        FieldDefinition, InputValueDefinition, InterfaceType, ObjectType, TypeKind,
        TypeSystemDefinition,
    },
};
use serde_json::{Value, json};

use super::*;
use crate::sim::{
    World,
    clock::Clock,
    faults::PartialError,
    model::{Kind, NodeId, State},
    shared::Shared,
};

mod rollup;

pub const BOARD: &str = include_str!("tests/github-board.graphql");
pub const PULSE: &str = include_str!("tests/github-pulse.graphql");
pub const OPS: &str = include_str!("tests/github-ops.graphql");

const WORLD: &str = r#"
[forge]
owner = "acme"

[[user]]
login = "alice"
name = "Alice"
teams = ["release"]
[[user]]
login = "bob"

[token.operate]
login = "alice"
scopes = ["repo"]
permission = "write"
[token.read]
login = "bob"
scopes = ["repo"]
permission = "read"
[token.fine]
login = "alice"
permission = "write"
fine = { metadata = "read", contents = "read", actions = "read", deployments = "read", pull_requests = "read", statuses = "read" }
[token.narrow]
login = "alice"
scopes = ["repo"]
permission = "write"
repos = ["acme/ledger"]

[[environment]]
name = "staging"
[[environment]]
name = "production"
reviewers = ["@release"]
production = true

[labels]
release = "0e8a16"
urgent = "b60205"

[flow.approval]
promote = "approval"
[[flow.approval.workflow]]
name = "Release"
file = "release.yml"
on = ["push"]
jobs = [
  { name = "build", stage = 1, took = "60s" },
  { name = "deploy staging", stage = 2, took = "60s", environment = "staging" },
  { name = "deploy production", stage = 3, took = "60s", environment = "production" },
]

[flow.deployment]
promote = "deployment"
[[flow.deployment.workflow]]
name = "CI"
file = "ci.yml"
on = ["push", "pull_request"]
jobs = [{ name = "test", took = "60s" }]

[[repo]]
name = "checkout"
flow = "approval"
history = { versions = ["1.0.0", "1.1.0"], every = "5d", until = "-2d", authors = ["bob"], by = "alice" }
[[repo.story]]
at = "-3h"
do = "land"
by = "bob"
text = "Round totals half to even"
tag = "v1.2.0"
[[repo.story]]
at = "-1h"
do = "push"
by = "bob"
branch = "faster"
text = "Cache the basket"
[[repo.story]]
at = "-50m"
do = "open"
by = "bob"
head = "faster"
base = "main"
text = "Cache the basket"
labels = ["release"]
[[repo.story]]
at = "-40m"
do = "review"
by = "alice"
head = "faster"
state = "approved"

[[repo]]
name = "ledger"
flow = "deployment"
history = { versions = ["3.0.0"], every = "5d", until = "-1d", authors = ["bob"], by = "alice" }
"#;

/// The same query for so many repositories: `r0…rN`.
pub fn widened(query: &str, repos: usize) -> String {
    let header = "$o0: String!, $n0: String!, $o1: String!, $n1: String!";
    let variables: Vec<String> = (0..repos)
        .map(|at| format!("$o{at}: String!, $n{at}: String!"))
        .collect();
    let mut lines = Vec::new();
    for line in query.lines() {
        if line.trim_start().starts_with("r0:") {
            for at in 0..repos {
                let line = line.replace("r0:", &format!("r{at}:"));
                let line = line.replace("$o0", &format!("$o{at}"));
                lines.push(line.replace("$n0", &format!("$n{at}")));
            }
        } else if !line.trim_start().starts_with("r1:") {
            lines.push(line.replace(header, &variables.join(", ")));
        }
    }
    lines.join("\n")
}

struct Forge {
    shared: Arc<Shared>,
    schema: GraphqlSchema,
    partial: Vec<PartialError>,
}

impl Forge {
    fn of(world: &World) -> Self {
        let clock = Clock::default();
        let state = world.build(clock.now(), 7, 60.0).unwrap();
        Self {
            shared: Shared::new(state, clock),
            schema: schema(),
            partial: Vec::new(),
        }
    }

    fn new() -> Self {
        Self::of(&World::from_toml(WORLD).unwrap())
    }

    fn state(&self) -> Arc<State> {
        self.shared.read()
    }

    fn session(&self, label: &str) -> Session {
        let state = self.state();
        let token = state.tokens.values().find(|it| it.label == label).unwrap();
        Session {
            shared: self.shared.clone(),
            token: token.clone(),
            partial: self.partial.clone(),
            state,
        }
    }

    async fn reply(&self, label: &str, body: Value) -> Reply {
        match Asked::read(body.to_string().as_bytes()) {
            Ok(asked) => execute(&self.schema, self.session(label), asked).await,
            Err(reply) => reply,
        }
    }

    async fn ask(&self, label: &str, query: &str, variables: Value) -> Value {
        let body = json!({"query": query, "variables": variables});
        self.reply(label, body).await.body
    }

    async fn act(&self, label: &str, name: &str, variables: Value) -> Value {
        let body = json!({"query": OPS, "operationName": name, "variables": variables});
        self.reply(label, body).await.body
    }
}

fn two(first: &str, second: &str) -> Value {
    json!({"o0": "acme", "n0": first, "o1": "acme", "n1": second})
}

fn texts<'v>(list: &'v Value, pointer: &str) -> Vec<&'v str> {
    let list = list.as_array().unwrap();
    list.iter()
        .map(|it| it.pointer(pointer).unwrap().as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn the_board_query_shows_a_candidate_that_waits_for_approval() {
    let forge = Forge::new();
    let body = forge.ask("operate", BOARD, two("checkout", "ledger")).await;
    assert_eq!(body.get("errors"), None, "{body}");
    let data = &body["data"];
    assert_eq!(data["viewer"]["login"], "alice");
    assert_eq!(data["rateLimit"]["cost"], 1);
    assert_eq!(data["rateLimit"]["nodeCount"], 282);
    assert_eq!(data["rateLimit"]["remaining"], 4_999);
    let repo = &data["r0"];
    assert_eq!(repo["nameWithOwner"], "acme/checkout");
    assert_eq!(repo["viewerPermission"], "WRITE");
    assert_eq!(data["r1"]["nameWithOwner"], "acme/ledger");

    let head = &repo["defaultBranchRef"]["target"];
    assert!(
        head["messageHeadline"]
            .as_str()
            .unwrap()
            .starts_with("Round totals")
    );
    let state = forge.state();
    let model = state.repo("acme", "checkout").unwrap();
    let run = model.runs_on(head["oid"].as_str().unwrap()).next().unwrap();
    let suites = head["checkSuites"]["nodes"].as_array().unwrap();
    let waiting = suites
        .iter()
        .find(|it| it["workflowRun"]["databaseId"] == run.id)
        .unwrap();
    assert_eq!(waiting["status"], "WAITING");
    assert_eq!(waiting["app"]["slug"], "github-actions");
    let request = &waiting["workflowRun"]["pendingDeploymentRequests"]["nodes"][0];
    assert_eq!(request["environment"]["name"], "production");
    assert_eq!(request["currentUserCanApprove"], true);

    let deployments = repo["deployments"]["nodes"].as_array().unwrap();
    assert_eq!(deployments[0]["state"], "WAITING");
    let live = deployments
        .iter()
        .find(|it| it["latestEnvironment"] == "staging" && it["state"] == "ACTIVE")
        .unwrap();
    assert_eq!(live["commitOid"], head["oid"]);
    assert_eq!(live["latestStatus"]["state"], "SUCCESS");
    let created = texts(&repo["deployments"]["nodes"], "/createdAt");
    assert!(created.is_sorted_by(|newer, older| newer >= older));

    let environments = &repo["environments"];
    assert_eq!(environments["totalCount"], 2);
    let rules = &environments["nodes"][1]["protectionRules"]["nodes"];
    assert_eq!(
        *rules,
        json!([{"type": "REQUIRED_REVIEWERS", "timeout": 0, "preventSelfReview": false}])
    );
    let pull = &repo["pullRequests"]["nodes"][0];
    assert_eq!(pull["headRefName"], "faster");
    assert_eq!(pull["labels"]["nodes"][0]["name"], "release");
}

#[tokio::test]
async fn the_evening_is_shown_whole_and_without_errors() {
    let forge = Forge::of(&World::from_toml(crate::sim::EVENING).unwrap());
    let state = forge.state();
    let mut variables = Map::new();
    for (at, repo) in state.repos.iter().enumerate() {
        variables.insert(format!("o{at}"), json!(repo.owner));
        variables.insert(format!("n{at}"), json!(repo.name));
    }
    assert!(state.repos.len() >= 12);
    for query in [BOARD, PULSE] {
        let query = widened(query, state.repos.len());
        let body = forge.ask("operate", &query, json!(variables)).await;
        assert_eq!(body.get("errors"), None, "{body}");
        for (at, repo) in state.repos.iter().enumerate() {
            let shown = &body["data"][format!("r{at}")];
            assert_eq!(shown["nameWithOwner"], repo.full_name());
            assert!(shown["defaultBranchRef"]["target"]["oid"].is_string());
        }
    }
}

#[tokio::test]
async fn the_pulse_query_filters_pull_requests_by_label() {
    let forge = Forge::new();
    let body = forge.ask("read", PULSE, two("checkout", "ledger")).await;
    assert_eq!(body.get("errors"), None, "{body}");
    assert_eq!(body["data"]["r0"]["pullRequests"]["totalCount"], 1);
    assert_eq!(body["data"]["r0"]["viewerPermission"], "READ");
    assert_eq!(body["data"]["r1"]["pullRequests"]["totalCount"], 0);
}

#[tokio::test]
async fn a_comparison_leads_from_page_to_page() {
    let forge = Forge::new();
    let variables = json!({
        "owner": "acme", "name": "checkout", "base": "refs/tags/v1.0.0", "head": "v1.2.0",
    });
    let body = forge.act("read", "CommitsInScope", variables.clone()).await;
    assert_eq!(body.get("errors"), None, "{body}");
    let compared = &body["data"]["repository"]["ref"]["compare"];
    assert_eq!(compared["status"], "AHEAD");
    let commits = compared["commits"]["nodes"].as_array().unwrap();
    assert_eq!(compared["aheadBy"], commits.len());
    assert!(commits.len() >= 2, "{compared}");

    let small = OPS.replace("first: 50", "first: 1");
    let mut seen = Vec::new();
    let mut after = Value::Null;
    loop {
        let mut variables = variables.clone();
        variables["after"] = after;
        let body =
            json!({"query": small, "operationName": "CommitsInScope", "variables": variables});
        let body = forge.reply("read", body).await.body;
        let page = &body["data"]["repository"]["ref"]["compare"]["commits"];
        seen.push(page["nodes"][0]["oid"].clone());
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    let all: Vec<Value> = commits.iter().map(|it| it["oid"].clone()).collect();
    assert_eq!(seen, all);
}

fn waiting(forge: &Forge) -> (String, String) {
    let state = forge.state();
    let repo = state.repo("acme", "checkout").unwrap();
    let run = repo
        .runs
        .iter()
        .find(|it| !repo.pending(it).is_empty())
        .unwrap();
    let place = repo.pending(run)[0].environment.id;
    (
        NodeId::number(Kind::WorkflowRun, repo.id, run.id),
        NodeId::number(Kind::Environment, repo.id, place),
    )
}

#[tokio::test]
async fn an_approval_lets_the_run_go_on_and_cannot_be_given_twice() {
    let forge = Forge::new();
    let (run, place) = waiting(&forge);
    let variables = json!({"run": run, "envs": [place], "c": "go"});
    let body = forge.act("operate", "Approve", variables.clone()).await;
    assert_eq!(body.get("errors"), None, "{body}");
    let deployments = &body["data"]["approveDeployments"]["deployments"];
    assert_eq!(deployments[0]["environment"], "production");

    let again = forge.act("operate", "Approve", variables).await;
    assert_eq!(again["data"]["approveDeployments"], Value::Null);
    assert_eq!(again["errors"][0]["type"], "UNPROCESSABLE");
    assert_eq!(again["errors"][0]["path"], json!(["approveDeployments"]));

    forge.shared.advance(jiff::SignedDuration::from_mins(10));
    let state = forge.state();
    let repo = state.repo("acme", "checkout").unwrap();
    let newest = repo.deployments_to("production").next().unwrap();
    assert_eq!(newest.state().word(), "active");
}

#[tokio::test]
async fn a_reader_may_not_reject_and_an_operator_may() {
    let forge = Forge::new();
    let (run, place) = waiting(&forge);
    let variables = json!({"run": run, "envs": [place], "c": "no"});
    let body = forge.act("read", "Reject", variables.clone()).await;
    assert_eq!(body["errors"][0]["type"], "FORBIDDEN");
    let body = forge.act("operate", "Reject", variables).await;
    assert_eq!(
        body["data"]["rejectDeployments"]["deployments"][0]["state"],
        "FAILURE"
    );
}

#[tokio::test]
async fn a_merge_is_refused_on_a_head_that_moved() {
    let forge = Forge::new();
    let find = "{ repository(owner: \"acme\", name: \"checkout\") { \
                pullRequests(first: 1, states: OPEN) { nodes { id headRefOid } } } }";
    let body = forge.ask("operate", find, json!({})).await;
    let pull = &body["data"]["repository"]["pullRequests"]["nodes"][0];
    let stale = json!({"pr": pull["id"], "head": "0".repeat(40), "m": "SQUASH"});
    let body = forge.act("operate", "Merge", stale).await;
    assert_eq!(body["errors"][0]["type"], "UNPROCESSABLE");
    assert!(
        body["errors"][0]["message"]
            .as_str()
            .unwrap()
            .contains("modified")
    );

    let fresh = json!({"pr": pull["id"], "head": pull["headRefOid"], "m": "SQUASH"});
    let body = forge.act("operate", "Merge", fresh).await;
    assert_eq!(body.get("errors"), None, "{body}");
    let merged = &body["data"]["mergePullRequest"]["pullRequest"];
    assert_eq!(merged["merged"], true);
    assert!(merged["mergeCommit"]["oid"].is_string());
}

#[tokio::test]
async fn a_merge_queue_that_is_not_there_takes_nobody() {
    let forge = Forge::new();
    let find = "{ repository(owner: \"acme\", name: \"checkout\") { \
                pullRequests(first: 1, states: OPEN) { nodes { id } } } }";
    let body = forge.ask("operate", find, json!({})).await;
    let id = &body["data"]["repository"]["pullRequests"]["nodes"][0]["id"];
    let body = forge.act("operate", "Enqueue", json!({"pr": id})).await;
    assert_eq!(body["data"]["enqueuePullRequest"], Value::Null);
    assert_eq!(body["errors"][0]["type"], "UNPROCESSABLE");
}

#[tokio::test]
async fn a_deployment_is_made_told_of_and_seen() {
    let forge = Forge::new();
    let find = "{ repository(owner: \"acme\", name: \"ledger\") { id defaultBranchRef { id } \
                label(name: \"urgent\") { id } } }";
    let body = forge.ask("operate", find, json!({})).await;
    let repo = &body["data"]["repository"];
    let new =
        json!({"repo": repo["id"], "ref": repo["defaultBranchRef"]["id"], "env": "production"});
    let body = forge.act("operate", "Deploy", new).await;
    assert_eq!(body.get("errors"), None, "{body}");
    let made = &body["data"]["createDeployment"]["deployment"];
    assert_eq!(made["state"], "PENDING");
    let repo = forge.state().repo("acme", "ledger").unwrap().id;
    let id = NodeId::number(Kind::Deployment, repo, made["databaseId"].as_u64().unwrap());
    let body = forge
        .act("operate", "DepStatus", json!({"d": id, "s": "SUCCESS"}))
        .await;
    let status = &body["data"]["createDeploymentStatus"]["deploymentStatus"];
    assert_eq!(status["state"], "SUCCESS");
}

#[tokio::test]
async fn labels_are_added_by_node_id() {
    let forge = Forge::new();
    let find = "{ repository(owner: \"acme\", name: \"checkout\") { \
                label(name: \"urgent\") { id } \
                pullRequests(first: 1, states: OPEN) { nodes { id number } } } }";
    let body = forge.ask("operate", find, json!({})).await;
    let repo = &body["data"]["repository"];
    let pull = &repo["pullRequests"]["nodes"][0];
    let variables = json!({"id": pull["id"], "labels": [repo["label"]["id"]]});
    let body = forge.act("operate", "Label", variables).await;
    assert_eq!(body.get("errors"), None, "{body}");
    let state = forge.state();
    let repo = state.repo("acme", "checkout").unwrap();
    let labels = &repo.pull(pull["number"].as_u64().unwrap()).unwrap().labels;
    assert!(labels.iter().any(|it| it == "urgent"));
}

#[tokio::test]
async fn a_repository_that_is_not_seen_leaves_the_others_whole() {
    let forge = Forge::new();
    let body = forge.ask("narrow", PULSE, two("checkout", "ledger")).await;
    assert_eq!(body["data"]["r0"], Value::Null);
    assert_eq!(body["data"]["r1"]["nameWithOwner"], "acme/ledger");
    assert_eq!(
        body["errors"],
        json!([{
            "type": "NOT_FOUND",
            "path": ["r0"],
            "locations": [{"line": 3, "column": 3}],
            "message": "Could not resolve to a Repository with the name 'acme/checkout'.",
        }])
    );
}

#[tokio::test]
async fn a_fault_may_break_one_repository_of_a_query() {
    let mut forge = Forge::new();
    forge.partial.push(PartialError {
        repo: "acme/ledger".to_owned(),
        error: "RESOURCE_LIMITS_EXCEEDED".to_owned(),
        message: "Resource limits for this query exceeded.".to_owned(),
    });
    let body = forge.ask("operate", PULSE, two("checkout", "ledger")).await;
    assert_eq!(body["errors"][0]["type"], "RESOURCE_LIMITS_EXCEEDED");
    assert_eq!(body["errors"][0]["path"], json!(["r1"]));
    assert!(body["data"]["r0"].is_object());
}

#[tokio::test]
async fn a_fine_grained_token_reads_the_rollup_but_not_its_checks() {
    let forge = Forge::new();
    let body = forge.ask("fine", BOARD, two("checkout", "ledger")).await;
    let rollup = &body["data"]["r0"]["defaultBranchRef"]["target"]["statusCheckRollup"];
    assert!(rollup["state"].is_string(), "{body}");
    assert_eq!(rollup["contexts"]["checkRunCountsByState"], Value::Null);
    let errors = body["errors"].as_array().unwrap();
    let contexts = errors
        .iter()
        .find(|it| it["path"].as_array().unwrap().contains(&json!("contexts")));
    assert_eq!(contexts.unwrap()["type"], "FORBIDDEN");
}

#[tokio::test]
async fn a_connection_without_first_is_refused_in_githubs_words() {
    let forge = Forge::new();
    let of = |arguments: &str| {
        format!(
            "{{ repository(owner: \"acme\", name: \"checkout\") {{ deployments{arguments} {{ nodes {{ id }} }} }} }}"
        )
    };
    let body = forge.ask("read", &of(""), json!({})).await;
    assert_eq!(
        body["errors"][0]["message"],
        "You must provide a `first` or `last` value to properly paginate the `deployments` connection."
    );
    assert_eq!(
        body["errors"][0]["path"],
        json!(["repository", "deployments"])
    );
    assert_eq!(body["data"], json!({"repository": null}));
    let body = forge.ask("read", &of("(first: 101)"), json!({})).await;
    assert_eq!(body["errors"][0]["type"], "EXCESSIVE_PAGINATION");
    let count =
        "{ repository(owner: \"acme\", name: \"checkout\") { environments { totalCount } } }";
    let body = forge.ask("read", count, json!({})).await;
    assert_eq!(body["data"]["repository"]["environments"]["totalCount"], 2);
}

#[tokio::test]
async fn introspection_tells_the_fields_that_the_queries_use() {
    let forge = Forge::new();
    let query = "{ __type(name: \"Environment\") { fields { name type { kind name } } } __schema { queryType { name } } }";
    let body = forge.ask("read", query, json!({})).await;
    let fields = texts(&body["data"]["__type"]["fields"], "/name");
    assert!(fields.contains(&"latestCompletedDeployment"));
    assert!(fields.contains(&"protectionRules"));
}

#[tokio::test]
async fn an_unknown_field_fails_the_whole_query() {
    let forge = Forge::new();
    let body = forge
        .ask("read", "{ viewer { login shoeSize } }", json!({}))
        .await;
    assert_eq!(body.get("data"), None);
    let error = &body["errors"][0];
    assert_eq!(
        error["message"],
        "Field 'shoeSize' doesn't exist on type 'User'"
    );
    assert_eq!(error["extensions"]["code"], "undefinedField");
}

#[tokio::test]
async fn a_spent_budget_answers_rate_limited_with_status_200() {
    let forge = Forge::new();
    let session = forge.session("read");
    session.shared.exhaust(&session.token, Resource::Graphql);
    let body = json!({"query": "{ viewer { login } }"});
    let reply = forge.reply("read", body).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.body["errors"][0]["type"], "RATE_LIMITED");
    assert_eq!(reply.budget.map(Budget::remaining), Some(0));
}

#[tokio::test]
async fn a_body_that_is_no_query_is_refused_before_it_costs() {
    let forge = Forge::new();
    assert_eq!(Asked::read(b"{").unwrap_err().status, 400);
    assert_eq!(Asked::read(b"{}").unwrap_err().status, 400);
    let reply = forge.reply("read", json!({"query": "{ viewer {"})).await;
    assert!(reply.body["errors"][0]["message"].is_string());
    assert_eq!((reply.status, reply.cost), (200, 0));
}

/// Every field, argument, enum value and input field of a schema, with its type.
fn declared(sdl: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for definition in parse_schema(sdl).unwrap().definitions {
        let TypeSystemDefinition::Type(it) = definition else {
            continue;
        };
        let name = it.node.name.node;
        match it.node.kind {
            TypeKind::Object(ObjectType { fields, .. })
            | TypeKind::Interface(InterfaceType { fields, .. }) => {
                for field in fields {
                    let FieldDefinition {
                        name: field,
                        arguments,
                        ty,
                        ..
                    } = field.node;
                    all.insert(format!("{name}.{}: {}", field.node, ty.node));
                    for it in arguments {
                        let InputValueDefinition {
                            name: argument, ty, ..
                        } = it.node;
                        all.insert(format!(
                            "{name}.{}({}: {})",
                            field.node, argument.node, ty.node
                        ));
                    }
                }
            }
            TypeKind::Enum(it) => {
                for value in it.values {
                    all.insert(format!("{name} has {}", value.node.value.node));
                }
            }
            TypeKind::InputObject(it) => {
                for field in it.fields {
                    all.insert(format!(
                        "{name} takes {}: {}",
                        field.node.name.node, field.node.ty.node
                    ));
                }
            }
            TypeKind::Scalar | TypeKind::Union(_) => {
                all.insert(name.to_string());
            }
        }
    }
    all
}

#[test]
fn every_name_and_type_of_githubs_schema_subset_is_ours() {
    let ours = declared(&schema().sdl());
    let theirs = declared(include_str!("tests/github-schema-subset.graphql"));
    let lacking: Vec<&String> = theirs.difference(&ours).collect();
    assert!(lacking.is_empty(), "{lacking:#?}");
}

#[test]
fn fifty_repositories_of_a_large_world_are_pulsed_in_time() {
    let services = if cfg!(debug_assertions) { 200 } else { 1_000 };
    let forge = Forge::of(&World::generated(services, 1));
    let mut variables = Map::new();
    for at in 0..50 {
        variables.insert(format!("o{at}"), json!("acme"));
        variables.insert(
            format!("n{at}"),
            json!(format!("svc-{:04}", at * services / 50)),
        );
    }
    let body = json!({"query": widened(PULSE, 50), "variables": variables});
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut best = std::time::Duration::MAX;
    for _ in 0..20 {
        #[expect(clippy::disallowed_methods, reason = "this test measures")]
        let from = std::time::Instant::now();
        let reply = runtime.block_on(forge.reply("read", body.clone()));
        best = best.min(from.elapsed());
        assert_eq!(reply.body.get("errors"), None);
        assert_eq!(reply.body["data"].as_object().unwrap().len(), 51);
    }
    // Unoptimised code is some twenty times slower; a world copied per field would be far more.
    let limit = if cfg!(debug_assertions) { 250 } else { 5 };
    assert!(best.as_millis() <= limit, "{best:?}");
}
