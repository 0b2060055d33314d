//! Reads: who may, page by page, and what is not there.

use serde_json::{Value, json};

use super::{Lab, header, list, said};
use crate::sim::{FORGEJO, World, forgejo::Edition};

#[test]
fn anybody_may_ask_which_server_this_is_and_nobody_much_else() {
    let lab = Lab::forgejo();
    assert_eq!(
        lab.get("", "/version"),
        json!({"version": "16.0.1+gitea-1.22.0"})
    );
    assert_eq!(lab.get("", "/settings/api")["max_response_items"], 50);
    let hidden = lab.ask("", "GET", "/repos/tide/harbour", &Value::Null);
    assert_eq!(said(&hidden), (404, "The target couldn't be found.".into()));
    let me = lab.ask("", "GET", "/user", &Value::Null);
    assert_eq!(said(&me), (401, "token is required".into()));
    let stranger = lab.raw("GET", "/version", "", Some("Bearer 0000"));
    assert_eq!(stranger.status, 401);
    for kind in ["token", "Bearer", "bearer"] {
        let header = format!("{kind} {}", lab.secret("operate"));
        let me = lab.raw("GET", "/user", "", Some(&header));
        assert_eq!(me.body.expect("a body")["login"], "alice", "{kind}");
    }
    let basic = format!("Basic {}", lab.secret("operate"));
    assert_eq!(lab.raw("GET", "/user", "", Some(&basic)).status, 401);
}

#[test]
fn a_token_without_the_scope_hears_which_one_it_lacks_before_anything_else() {
    let lab = Lab::forgejo();
    let words = |need: &str| {
        (
            403,
            format!("token does not have at least one of required scope(s): [{need}]"),
        )
    };
    for (method, path, need) in [
        ("GET", "/user", "read:user"),
        ("GET", "/repos/tide/harbour/issues", "read:issue"),
        ("POST", "/repos/tide/harbour/tags", "write:repository"),
        ("POST", "/repos/tide/nowhere/tags", "write:repository"),
        (
            "DELETE",
            "/repos/tide/harbour/issues/1/labels/1",
            "write:issue",
        ),
    ] {
        let answer = lab.ask("narrow", method, path, &Value::Null);
        assert_eq!(said(&answer), words(need), "{method} {path}");
        let url = answer.body.expect("a body")["url"].clone();
        assert!(
            url.as_str().is_some_and(|it| it.ends_with("/api/swagger")),
            "{url}"
        );
    }
    assert_eq!(lab.get("narrow", "/repos/tide/harbour")["name"], "harbour");
}

#[test]
fn a_reader_reads_and_no_more() {
    let lab = Lab::forgejo();
    let repo = lab.get("read", "/repos/tide/harbour");
    assert_eq!(
        repo["permissions"],
        json!({"admin": false, "push": false, "pull": true})
    );
    let world = World::from_toml(FORGEJO).expect("it reads");
    let mut free = world.clone();
    free.tokens.get_mut("read").expect("there").scopes = vec!["all".into()];
    let lab = Lab::of(&free, Edition::FORGEJO);
    let answer = lab.ask(
        "read",
        "POST",
        "/repos/tide/harbour/tags",
        &json!({"tag_name": "x"}),
    );
    assert_eq!(
        said(&answer),
        (
            403,
            "user should have a permission to write to a repo".into()
        )
    );
    let rules = lab.ask(
        "operate",
        "GET",
        "/repos/tide/harbour/branch_protections",
        &Value::Null,
    );
    assert_eq!(rules.status, 403);
    let rules = lab.get("admin", "/repos/tide/harbour/branch_protections");
    assert_eq!(rules[0]["required_approvals"], 1);
    assert_eq!(
        rules[0]["status_check_contexts"],
        json!(["CI / unit (pull_request)"])
    );
}

#[test]
fn an_archived_repository_is_locked() {
    let mut world = World::from_toml(FORGEJO).expect("it reads");
    world.repos[0].archived = true;
    let lab = Lab::of(&world, Edition::FORGEJO);
    let answer = lab.post("/repos/tide/harbour/tags", &json!({"tag_name": "x"}));
    assert_eq!(answer.status, 423, "{answer:?}");
    let number = lab.open("harbour", "topic/twice");
    let path = format!("/repos/tide/harbour/pulls/{number}/merge");
    assert_eq!(lab.post(&path, &json!({"Do": "merge"})).status, 423);
}

#[test]
fn a_list_comes_in_pages_of_at_most_fifty() {
    let lab = Lab::forgejo();
    let path = "/repos/tide/harbour/commits";
    let all = lab.ask("operate", "GET", &format!("{path}?limit=500"), &Value::Null);
    let total: usize = header(&all, "x-total-count")
        .expect("a total")
        .parse()
        .expect("a number");
    assert!((6..50).contains(&total), "{total}");
    assert_eq!(list(all.body.as_ref().expect("a body"), "").len(), total);
    assert_eq!(header(&all, "link"), None);
    let first = lab.ask("operate", "GET", &format!("{path}?limit=4"), &Value::Null);
    let link = header(&first, "link").expect("a link");
    assert!(link.contains("limit=4&page=2>; rel=\"next\","), "{link}");
    assert!(
        link.contains("rel=\"last\"") && !link.contains("rel=\"prev\""),
        "{link}"
    );
    let last = total.div_ceil(4);
    let end = lab.ask(
        "operate",
        "GET",
        &format!("{path}?limit=4&page={last}"),
        &Value::Null,
    );
    let link = header(&end, "link").expect("a link");
    assert!(link.contains("page=1>; rel=\"first\""), "{link}");
    assert!(!link.contains("next"), "{link}");
    let beyond = lab.get("operate", &format!("{path}?limit=4&page=99"));
    assert_eq!(beyond, json!([]));
    let odd = lab.get("operate", &format!("{path}?limit=-3&page=0"));
    assert_eq!(list(&odd, "").len(), total.min(30));
}

#[test]
fn a_comparison_is_newest_first_and_a_branch_tells_its_rule() {
    let lab = Lab::forgejo();
    let between = lab.get("operate", "/repos/tide/harbour/compare/v3.0.2...v3.2.0");
    let commits = list(&between, "commits");
    assert_eq!(between["total_commits"], commits.len());
    assert!(commits.len() > 2);
    let head = lab.get("operate", "/repos/tide/harbour/branches/main");
    let path = "/repos/tide/harbour/git/commits/main";
    assert!(lab.get("operate", path)["stats"]["total"].is_u64());
    let short = lab.get("operate", &format!("{path}?stat=false&files=false"));
    assert_eq!(
        (&short["stats"], &short["files"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(commits[0]["sha"], head["commit"]["id"]);
    assert_eq!(head["protected"], true);
    assert_eq!(
        (&head["user_can_push"], &head["user_can_merge"]),
        (&json!(false), &json!(true))
    );
    let topic = lab.get("operate", "/repos/tide/harbour/branches/topic%2Ftwice");
    assert_eq!(
        topic,
        lab.get("operate", "/repos/tide/harbour/branches/topic/twice")
    );
    assert_eq!(topic["status_check_contexts"], json!([]));
    assert_eq!(topic["effective_branch_protection_name"], "");
}

#[test]
fn files_can_be_read_and_a_raw_one_alone_has_a_validator() {
    let lab = Lab::forgejo();
    let answer = lab.ask(
        "operate",
        "GET",
        "/repos/tide/harbour/contents/README.md",
        &Value::Null,
    );
    assert_eq!(header(&answer, "etag"), None);
    assert_eq!(answer.body.expect("a body")["encoding"], "base64");
    let files = lab.get("operate", "/repos/tide/harbour/contents/.forgejo/workflows");
    let names: Vec<&Value> = list(&files, "").iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["ci.yml", "continuous.yml", "deploy.yml"]);
    let raw = lab.ask(
        "operate",
        "GET",
        "/repos/tide/harbour/raw/.forgejo/workflows/deploy.yml",
        &Value::Null,
    );
    let (_, bytes) = raw.raw.clone().expect("a file");
    let text = String::from_utf8(bytes).expect("text");
    assert!(
        text.contains("workflow_dispatch:\n    inputs:\n      environment:"),
        "{text}"
    );
    assert!(header(&raw, "etag").is_some());
    let lost = lab.ask(
        "operate",
        "GET",
        "/repos/tide/harbour/contents/nothing",
        &Value::Null,
    );
    assert_eq!(lost.status, 404);
}

#[test]
fn a_path_that_no_version_has_is_the_routers_own_404() {
    let lab = Lab::forgejo();
    for path in [
        "/repos/tide/harbour/deployments",
        "/repos/tide/harbour/environments",
        "/nothing",
    ] {
        let answer = lab.ask("operate", "GET", path, &Value::Null);
        assert_eq!(
            (answer.status, answer.body.is_none()),
            (404, true),
            "{path}"
        );
    }
}

#[test]
fn the_repositories_can_be_looked_for_newest_push_first() {
    let lab = Lab::forgejo();
    let found = lab.get("operate", "/repos/search?sort=updated&order=desc&limit=2");
    assert_eq!(found["ok"], true);
    let names: Vec<&Value> = list(&found, "data").iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["harbour", "pilot"]);
    assert_eq!(list(&lab.get("", "/repos/search"), "data").len(), 0);
}
