//! Releases and tags, and the tags that mark environments.

use serde_json::{Value, json};

use super::{Lab, list, said};

const ALMANAC: &str = "/repos/tide/almanac";

fn draft(lab: &Lab) -> Value {
    let all = lab.get("operate", &format!("{ALMANAC}/releases?draft=true"));
    list(&all, "")[0].clone()
}

#[test]
fn a_draft_is_seen_by_writers_and_has_no_tag() {
    let lab = Lab::forgejo();
    let it = draft(&lab);
    assert_eq!(
        (&it["tag_name"], &it["draft"]),
        (&json!("v2026.11"), &json!(true))
    );
    let seen = lab.get("read", &format!("{ALMANAC}/releases"));
    assert!(list(&seen, "").iter().all(|it| it["draft"] == false));
    for path in [
        "releases/tags/v2026.11",
        "tags/v2026.11",
        &format!("releases/{}", it["id"]),
    ] {
        let answer = lab.ask("read", "GET", &format!("{ALMANAC}/{path}"), &Value::Null);
        assert_eq!(answer.status, 404, "{path}");
    }
    assert_eq!(
        lab.get("read", &format!("{ALMANAC}/releases/latest"))["tag_name"],
        "v2026.10"
    );
}

#[test]
fn publishing_makes_the_tag_and_the_workflow_moves_the_environments_own() {
    let lab = Lab::forgejo();
    let tag =
        |name: &str| lab.get("read", &format!("{ALMANAC}/tags/{name}"))["commit"]["sha"].clone();
    let before = tag("deployed%2Fproduction");
    assert_eq!(before, tag("v2026.10"));
    let path = format!("{ALMANAC}/releases/{}", draft(&lab)["id"]);
    let answer = lab.ask("operate", "PATCH", &path, &json!({"draft": false}));
    assert_eq!(answer.status, 200, "{answer:?}");
    let main = lab.get("read", &format!("{ALMANAC}/branches/main"))["commit"]["id"].clone();
    assert_eq!(tag("v2026.11"), main);
    assert_eq!(tag("deployed/staging"), main);
    assert_eq!(tag("deployed/production"), before);
    lab.advance(200);
    assert_eq!(tag("deployed/production"), main);
    assert_eq!(
        lab.get("read", &format!("{ALMANAC}/releases/latest"))["tag_name"],
        "v2026.11"
    );
    let names = lab.get("read", &format!("{ALMANAC}/tags?limit=50"));
    let moved = list(&names, "")
        .into_iter()
        .filter(|it| it["name"] == "deployed/production");
    assert_eq!(moved.count(), 1);
}

#[test]
fn a_tag_that_is_taken_is_taken_for_drafts_too() {
    let lab = Lab::forgejo();
    let path = format!("{ALMANAC}/releases");
    for tag in ["v2026.10", "v2026.11"] {
        let answer = lab.post(&path, &json!({"tag_name": tag}));
        assert_eq!(
            said(&answer),
            (409, "Release is has no Tag".into()),
            "{tag}"
        );
    }
    let answer = lab.post(
        &path,
        &json!({"tag_name": "v9", "target_commitish": "nowhere"}),
    );
    assert_eq!(answer.status, 404);
    assert_eq!(
        said(&lab.post(&path, &json!({}))),
        (422, "[TagName]: Required".into())
    );
    let early = lab.post(&path, &json!({"tag_name": "v9-rc", "prerelease": true}));
    assert_eq!(early.status, 201);
    assert_eq!(early.body.expect("a body")["prerelease"], true);
    assert_eq!(
        lab.get("read", &format!("{ALMANAC}/releases/latest"))["tag_name"],
        "v2026.10"
    );
    let only = lab.get("read", &format!("{path}?pre-release=true"));
    assert_eq!(list(&only, "").len(), 1);
}

#[test]
fn a_tag_moves_by_being_deleted_and_made_again() {
    let lab = Lab::forgejo();
    let tags = "/repos/tide/pilot/tags";
    let mark = |target: &str| lab.post(tags, &json!({"tag_name": "deployed/qa", "target": target}));
    assert_eq!(mark("v1.8.0").status, 201);
    assert_eq!(
        said(&mark("v1.9.0")),
        (409, "tag already exists [name: deployed/qa]".into())
    );
    assert_eq!(mark("nowhere").status, 404);
    let gone = lab.ask(
        "operate",
        "DELETE",
        &format!("{tags}/deployed%2Fqa"),
        &Value::Null,
    );
    assert_eq!(gone.status, 204);
    let made = mark("v1.9.0").body.expect("a body");
    let main = lab.get("operate", "/repos/tide/pilot/branches/main")["commit"]["id"].clone();
    assert_eq!(made["commit"]["sha"], main);
    let held = lab.ask("operate", "DELETE", &format!("{tags}/v1.8.0"), &Value::Null);
    assert_eq!(held.status, 409);
}
