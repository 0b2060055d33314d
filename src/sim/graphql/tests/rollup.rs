//! The checks of a commit, one by one.

use super::*;

const QUERY: &str = "query($name: String!, $first: Int!, $after: String) {
  repository(owner: \"acme\", name: $name) { defaultBranchRef { target { ... on Commit {
    oid statusCheckRollup { state contexts(first: $first, after: $after) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes { __typename
        ... on CheckRun { id databaseId name status conclusion startedAt completedAt detailsUrl url
          checkSuite { workflowRun { databaseId } } }
        ... on StatusContext { id context state description targetUrl createdAt } } } } } } } } }";

fn contexts(body: &Value) -> &Value {
    &body["data"]["repository"]["defaultBranchRef"]["target"]["statusCheckRollup"]["contexts"]
}

async fn with_a_status() -> Forge {
    let story = r#"
[[repo.story]]
at = "-10m"
do = "status"
by = "alice"
context = "hold/production"
state = "failure"
rev = "v3.0.0"
text = "not tonight"
"#;
    let world = format!("{WORLD}{story}");
    Forge::of(&World::from_toml(&world).unwrap())
}

#[tokio::test]
async fn check_runs_and_commit_statuses_stand_in_one_list() {
    let forge = with_a_status().await;
    let asked = json!({"name": "ledger", "first": 100});
    let body = forge.ask("read", QUERY, asked).await;
    let contexts = contexts(&body);
    assert_eq!(contexts["totalCount"], 2, "{body}");
    let [run, status] = contexts["nodes"].as_array().unwrap().as_slice() else {
        panic!("{body}")
    };
    assert_eq!(run["__typename"], "CheckRun");
    assert_eq!(run["name"], "test");
    assert_eq!(run["status"], "COMPLETED");
    assert_eq!(run["conclusion"], "SUCCESS");
    assert!(run["completedAt"].as_str() > run["startedAt"].as_str());
    let suite = run["checkSuite"]["workflowRun"]["databaseId"]
        .as_u64()
        .unwrap();
    let page = format!(
        "/acme/ledger/actions/runs/{suite}/job/{}",
        run["databaseId"]
    );
    assert!(run["url"].as_str().unwrap().ends_with(&page), "{run}");
    assert_eq!(run["detailsUrl"], run["url"]);
    assert_eq!(status["__typename"], "StatusContext");
    assert_eq!(status["context"], "hold/production");
    assert_eq!(status["state"], "FAILURE");
    assert_eq!(status["description"], "not tonight");
    assert_eq!(status["targetUrl"], Value::Null);
    assert!(status["createdAt"].is_string());
}

#[tokio::test]
async fn the_list_of_checks_is_cut_at_its_first_and_goes_on_after_its_cursor() {
    let forge = with_a_status().await;
    let asked = json!({"name": "ledger", "first": 1});
    let body = forge.ask("read", QUERY, asked).await;
    let page = contexts(&body);
    assert_eq!(
        (&page["totalCount"], &page["nodes"][1]),
        (&json!(2), &Value::Null)
    );
    assert_eq!(page["pageInfo"]["hasNextPage"], true);
    let asked = json!({"name": "ledger", "first": 1, "after": page["pageInfo"]["endCursor"]});
    let body = forge.ask("read", QUERY, asked).await;
    let page = contexts(&body);
    assert_eq!(page["nodes"][0]["context"], "hold/production");
    assert_eq!(page["pageInfo"]["hasNextPage"], false);
    let body = forge
        .ask("read", QUERY, json!({"name": "ledger", "first": 101}))
        .await;
    assert_eq!(body["errors"][0]["type"], "EXCESSIVE_PAGINATION");
}

#[tokio::test]
async fn a_fine_grained_token_reads_statuses_but_no_check_run() {
    let forge = with_a_status().await;
    let asked = json!({"name": "ledger", "first": 100});
    let body = forge.ask("fine", QUERY, asked).await;
    let nodes = &contexts(&body)["nodes"];
    assert_eq!(nodes[0], Value::Null, "{body}");
    assert_eq!(nodes[1]["context"], "hold/production");
    let error = &body["errors"][0];
    assert_eq!(error["type"], "FORBIDDEN");
    assert!(
        error["path"]
            .as_array()
            .unwrap()
            .contains(&json!("contexts"))
    );
}
