//! The API as a client meets it: whole documents against the evening's own GitLab.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::sim::{
    GITLAB, World, clock::Clock, common::Common, graphql::tests::schema::declared, shared::Shared,
};

const BOARD: &str = include_str!("tests/gitlab-board.graphql");
const ENVS: &str = include_str!("tests/gitlab-envs.graphql");

struct Forge {
    shared: Arc<Shared>,
    schema: GitlabSchema,
}

impl Forge {
    fn new(lacks: &[&str]) -> Self {
        let mut world = World::from_toml(GITLAB).unwrap();
        world.forge.lacks = lacks.iter().map(|it| (*it).to_owned()).collect();
        let common = Arc::new(Common::new(Clock::default()));
        let state = world.build(common.now(), 7, 60.0).unwrap();
        Self {
            shared: Shared::new(state, common),
            schema: GitlabSchema::default(),
        }
    }

    fn session(&self, label: &str) -> Session {
        let state = self.shared.read();
        let token = state.tokens.values().find(|it| it.label == label).unwrap();
        Session {
            shared: self.shared.clone(),
            token: token.clone(),
            state: state.clone(),
            partial: Vec::new(),
        }
    }

    async fn ask(&self, query: &str, variables: Value) -> Value {
        let body = json!({"query": query, "variables": variables}).to_string();
        let session = self.session("operate");
        self.schema.answer(&session, body.as_bytes()).await
    }
}

const PATHS: [&str; 5] = [
    "acme-gl/gateway",
    "acme-gl/shop/orders",
    "acme-gl/shop/invoices",
    "acme-gl/shop/portal",
    "acme-gl/shop/nothing",
];

fn project<'v>(answer: &'v Value, path: &str) -> &'v Value {
    let nodes = answer["data"]["projects"]["nodes"].as_array().unwrap();
    nodes.iter().find(|it| it["fullPath"] == path).unwrap()
}

fn message(answer: &Value) -> &str {
    answer["errors"][0]["message"].as_str().unwrap_or_default()
}

#[test]
fn every_name_and_type_of_the_schema_subset_is_ours() {
    let ours = declared(&GitlabSchema::default().sdl());
    let theirs = declared(include_str!("tests/gitlab-schema-subset.graphql"));
    let lacking: Vec<&String> = theirs.difference(&ours).collect();
    assert!(lacking.is_empty(), "{lacking:#?}");
}

#[tokio::test]
async fn the_board_shows_what_waits_and_weighs_what_was_computed() {
    let forge = Forge::new(&[]);
    let variables = json!({"paths": PATHS, "ref": "main", "target": ["main", "production"]});
    let answer = forge.ask(BOARD, variables).await;
    assert_eq!(answer["errors"], Value::Null, "{answer}");
    let complexity = json!({"score": 97, "limit": 250});
    assert_eq!(answer["data"]["queryComplexity"], complexity);
    // What is not there, or not to be seen, is simply absent.
    assert_eq!(
        answer["data"]["projects"]["nodes"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
    let gateway = project(&answer, "acme-gl/gateway");
    assert!(
        gateway["id"]
            .as_str()
            .unwrap()
            .starts_with("gid://gitlab/Project/")
    );
    assert_eq!(gateway["userPermissions"]["createPipeline"], true);
    let pipeline = &gateway["pipelines"]["nodes"][0];
    assert_eq!(
        (&pipeline["status"], &pipeline["source"]),
        (&json!("MANUAL"), &json!("push"))
    );
    let job = &pipeline["jobs"]["nodes"][0];
    assert!(
        job["id"]
            .as_str()
            .unwrap()
            .starts_with("gid://gitlab/Ci::Build/")
    );
    assert_eq!(
        (
            &job["name"],
            &job["manualJob"],
            &job["canPlayJob"],
            &job["stage"]["name"]
        ),
        (
            &json!("deploy production"),
            &json!(true),
            &json!(true),
            &json!("production")
        )
    );
    assert_eq!(gateway["releases"]["nodes"][0]["tagName"], "v3.3.0");
    // A blocked deployment's job is manual too, but cannot be played.
    let orders = project(&answer, "acme-gl/shop/orders");
    let job = &orders["pipelines"]["nodes"][0]["jobs"]["nodes"][0];
    assert_eq!(
        (&job["manualJob"], &job["canPlayJob"]),
        (&json!(true), &json!(false))
    );
    let requests = orders["mergeRequests"]["nodes"].as_array().unwrap();
    let status = |branch: &str| {
        let found = requests.iter().find(|it| it["sourceBranch"] == branch);
        found.unwrap()["detailedMergeStatus"].clone()
    };
    assert_eq!(status("coupon-stack"), "MERGEABLE");
    assert_eq!(status("tax-rounding"), "DRAFT_STATUS");
    assert_eq!(orders["mergeRequests"]["count"], 2);
    // A frozen service's pipeline has nothing to wait for.
    let invoices = project(&answer, "acme-gl/shop/invoices");
    let pipeline = &invoices["pipelines"]["nodes"][0];
    assert_eq!(
        (&pipeline["status"], &pipeline["jobs"]["nodes"]),
        (&json!("SUCCESS"), &json!([]))
    );
    let portal = project(&answer, "acme-gl/shop/portal");
    let request = &portal["mergeRequests"]["nodes"][0];
    assert_eq!(request["targetBranch"], "production");
    assert_eq!(request["labels"]["nodes"], json!([{"title": "release"}]));
}

#[tokio::test]
async fn environments_show_what_stands_and_what_is_blocked() {
    let forge = Forge::new(&[]);
    let answer = forge.ask(ENVS, json!({"paths": PATHS})).await;
    assert_eq!(answer["errors"], Value::Null, "{answer}");
    assert_eq!(answer["data"]["queryComplexity"]["score"], 135);
    let orders = project(&answer, "acme-gl/shop/orders");
    let production = &orders["e0"];
    assert_eq!(
        (&production["tier"], &production["state"]),
        (&json!("PRODUCTION"), &json!("available"))
    );
    assert_eq!(production["blocked"]["pendingApprovalCount"], 1);
    let staging = &orders["e1"]["deployed"]["sha"];
    assert_eq!(&production["blocked"]["sha"], staging);
    assert_ne!(&production["deployed"]["sha"], staging);
    assert!(
        production["deployed"]["finishedAt"]
            .as_str()
            .unwrap()
            .ends_with('Z')
    );
    assert_eq!(production["running"], Value::Null);
}

#[tokio::test]
async fn what_is_too_much_is_refused_as_a_whole() {
    let forge = Forge::new(&[]);
    // Without `first`, every list counts as one of a hundred.
    let requests = "mergeRequests { nodes { iid title labels { nodes { title color } } \
                    headPipeline { jobs { nodes { id name status } } } } }";
    let heavy = format!(
        "query($p: [String!]) {{ projects(fullPaths: $p) {{ nodes {{ \
         a: {requests} b: {requests} c: {requests} d: {requests} }} }} }}"
    );
    let answer = forge.ask(&heavy, json!({"p": PATHS})).await;
    assert_eq!(answer.get("data"), None);
    let words = message(&answer);
    assert!(words.starts_with("Query has complexity of "), "{words}");
    assert!(
        words.ends_with(", which exceeds max complexity of 250"),
        "{words}"
    );
}

#[tokio::test]
async fn fifty_paths_are_the_most() {
    let forge = Forge::new(&[]);
    let query = "query($p: [String!]) { projects(fullPaths: $p, first: 50) { nodes { id } } }";
    let many: Vec<String> = (0..51).map(|it| format!("acme-gl/{it}")).collect();
    let answer = forge.ask(query, json!({"p": many})).await;
    assert!(message(&answer).contains("50"), "{answer}");
    assert_eq!(answer["data"]["projects"], Value::Null);
    let fine = forge.ask(query, json!({"p": &many[..50]})).await;
    assert_eq!(fine["data"]["projects"]["nodes"], json!([]));
}

#[tokio::test]
async fn some_fields_are_for_one_project_only() {
    let forge = Forge::new(&[]);
    let query = "query($p: [String!]) { projects(fullPaths: $p, first: 2) { nodes { fullPath environments(first: 5) { nodes { name } } } } }";
    let one = forge.ask(query, json!({"p": [PATHS[0]]})).await;
    assert_eq!(one["errors"], Value::Null);
    let nodes = &one["data"]["projects"]["nodes"][0]["environments"]["nodes"];
    assert_eq!(
        nodes,
        &json!([{"name": "dev"}, {"name": "staging"}, {"name": "production"}])
    );
    let two = forge.ask(query, json!({"p": [PATHS[0], PATHS[1]]})).await;
    let words = "\"environments\" field can be requested only for 1 Project(s) at a time.";
    assert_eq!(message(&two), words);
    assert_eq!(
        two["errors"][0]["path"],
        json!(["projects", "nodes", 1, "environments"])
    );
    assert!(two["data"]["projects"]["nodes"][0]["environments"].is_object());
}

#[tokio::test]
async fn an_old_server_refuses_a_query_with_fields_that_it_lacks() {
    let forge = Forge::new(&[
        "MergeRequest.approvalsLeft",
        "Deployment.pendingApprovalCount",
    ]);
    let variables = json!({"paths": PATHS, "ref": "main", "target": ["main"]});
    let answer = forge.ask(BOARD, variables.clone()).await;
    assert_eq!(answer.get("data"), None);
    assert_eq!(
        message(&answer),
        "Field 'approvalsLeft' doesn't exist on type 'MergeRequest'"
    );
    let expected =
        json!({"code": "undefinedField", "typeName": "MergeRequest", "fieldName": "approvalsLeft"});
    assert_eq!(answer["errors"][0]["extensions"], expected);
    let reduced = BOARD.replace("approvalsLeft", "");
    assert_eq!(forge.ask(&reduced, variables).await["errors"], Value::Null);
    // Whoever asks what there is finds out beforehand.
    let kinds = "{ __type(name: \"MergeRequest\") { fields { name } } }";
    let fields = forge.ask(kinds, json!({})).await["data"]["__type"]["fields"].to_string();
    assert!(
        fields.contains("\"approved\"") && !fields.contains("approvalsLeft"),
        "{fields}"
    );
}

#[tokio::test]
async fn an_old_server_may_lack_words_too() {
    let forge = Forge::new(&["DeploymentStatus.BLOCKED"]);
    let answer = forge.ask(ENVS, json!({"paths": PATHS})).await;
    assert_eq!(answer.get("data"), None);
    let words = "Argument 'status' on Field 'lastDeployment' has an invalid value (BLOCKED). Expected type 'DeploymentStatus!'.";
    assert_eq!(message(&answer), words);
    let kinds = "{ Words: __type(name: \"DeploymentStatus\") { enumValues { name } } }";
    let known = forge.ask(kinds, json!({})).await["data"]["Words"]["enumValues"].to_string();
    assert!(
        known.contains("SUCCESS") && !known.contains("BLOCKED"),
        "{known}"
    );
}

#[tokio::test]
async fn several_documents_have_an_answer_each() {
    let forge = Forge::new(&[]);
    let body = json!([
        {"query": "{ currentUser { username } }"},
        {"query": "{ nonsense }"},
        {"query": "{ metadata { version enterprise } }"},
    ]);
    let session = forge.session("read");
    let answers = forge
        .schema
        .answer(&session, body.to_string().as_bytes())
        .await;
    assert_eq!(answers[0]["data"]["currentUser"]["username"], "mia");
    assert_eq!(
        message(&answers[1]),
        "Field 'nonsense' doesn't exist on type 'Query'"
    );
    assert_eq!(answers[2]["data"]["metadata"]["enterprise"], true);
}
