//! What is refused, in part or whole, and in which words.

use serde_json::{Value, json};

use super::*;
use crate::sim::faults::PartialError;

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
