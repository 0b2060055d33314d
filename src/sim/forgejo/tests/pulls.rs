//! Pull requests short of merging.

use serde_json::{Value, json};

use super::{Lab, list, said};

fn pull(lab: &Lab, number: u64) -> Value {
    lab.get("operate", &format!("/repos/tide/harbour/pulls/{number}"))
}

#[test]
fn a_pull_request_is_not_mergeable_until_the_server_has_looked() {
    let lab = Lab::forgejo();
    let body = json!({"title": "Release v1.9.0", "head": "main", "base": "production"});
    let made = lab.post("/repos/tide/pilot/pulls", &body);
    assert_eq!(made.status, 201, "{made:?}");
    let made = made.body.expect("a body");
    assert_eq!(
        (&made["mergeable"], &made["merged"]),
        (&json!(false), &json!(false))
    );
    lab.advance(5);
    let number = made["number"].as_u64().expect("a number");
    let now = lab.get("operate", &format!("/repos/tide/pilot/pulls/{number}"));
    assert_eq!(now["mergeable"], true);
    assert_eq!(
        now["head"]["sha"],
        lab.get("operate", "/repos/tide/pilot/branches/main")["commit"]["id"]
    );
    let again = lab.post("/repos/tide/pilot/pulls", &body);
    let (status, words) = said(&again);
    assert_eq!(status, 409);
    assert!(
        words.starts_with("pull request already exists for these targets [id:"),
        "{words}"
    );
    assert_eq!(
        lab.get("operate", "/repos/tide/pilot/pulls/production/main")["number"],
        number
    );
    let same = json!({"title": "x", "head": "main", "base": "main"});
    assert_eq!(lab.post("/repos/tide/pilot/pulls", &same).status, 422);
    let lost = json!({"title": "x", "head": "none", "base": "main"});
    assert_eq!(lab.post("/repos/tide/pilot/pulls", &lost).status, 404);
    let untitled = lab.post(
        "/repos/tide/pilot/pulls",
        &json!({"head": "main", "base": "staging"}),
    );
    assert_eq!(said(&untitled), (422, "[Title]: Required".into()));
}

#[test]
fn a_draft_is_a_title_that_says_so() {
    let lab = Lab::forgejo();
    let number = lab.open("harbour", "topic/local-time");
    let draft = pull(&lab, number);
    assert_eq!(
        (&draft["title"], &draft["draft"]),
        (&json!("WIP: Show tides in local time"), &json!(true))
    );
    assert_eq!(draft["mergeable"], false);
    let path = format!("/repos/tide/harbour/pulls/{number}");
    let ready = lab.ask(
        "operate",
        "PATCH",
        &path,
        &json!({"title": "Show tides in local time"}),
    );
    assert_eq!(ready.status, 201);
    assert_eq!(
        (
            &pull(&lab, number)["draft"],
            &pull(&lab, number)["mergeable"]
        ),
        (&json!(false), &json!(true))
    );
    lab.ask(
        "operate",
        "PATCH",
        &path,
        &json!({"title": "[WIP] Show tides"}),
    );
    assert_eq!(pull(&lab, number)["draft"], true);
}

#[test]
fn reviews_tell_whose_word_counts() {
    let lab = Lab::forgejo();
    let number = lab.open("harbour", "topic/twice");
    let path = format!("/repos/tide/harbour/pulls/{number}/reviews");
    let reviews = lab.get("operate", &path);
    assert_eq!(
        (&reviews[0]["state"], &reviews[0]["official"]),
        (&json!("APPROVED"), &json!(true))
    );
    assert_eq!(
        (&reviews[0]["stale"], &reviews[0]["dismissed"]),
        (&json!(false), &json!(false))
    );
    // Alice wrote nothing of it, and may object.
    let no = lab.post(
        &path,
        &json!({"event": "REQUEST_CHANGES", "body": "Not yet."}),
    );
    assert_eq!(no.status, 200, "{no:?}");
    assert_eq!(no.body.expect("a body")["state"], "REQUEST_CHANGES");
    let own = lab.open("harbour", "topic/local-time");
    let own = format!("/repos/tide/harbour/pulls/{own}/reviews");
    let answer = lab.ask("second", "POST", &own, &json!({"event": "APPROVED"}));
    assert_eq!(
        said(&answer),
        (422, "approve your own pull is not allowed".into())
    );
}

#[test]
fn pull_requests_are_asked_for_by_label_number_and_lately_by_base() {
    for (version, filtered) in [("16.0.1", 0), ("15.0.0", 2)] {
        let lab = Lab::version(version);
        let all = lab.get(
            "operate",
            "/repos/tide/harbour/pulls?state=open&base=production",
        );
        assert_eq!(list(&all, "").len(), filtered, "{version}");
    }
    let lab = Lab::forgejo();
    let number = lab.open("harbour", "topic/twice");
    let labels = lab.get("operate", "/repos/tide/harbour/labels");
    let hold = list(&labels, "")
        .into_iter()
        .find(|it| it["name"] == "hold")
        .expect("a label")["id"]
        .clone();
    let path = format!("/repos/tide/harbour/issues/{number}/labels");
    let body = json!({"labels": ["hold", "nobody made this one"]});
    let set = lab.post(&path, &body);
    assert_eq!(set.status, 200);
    assert_eq!(list(set.body.as_ref().expect("a body"), "").len(), 1);
    let found = lab.get(
        "operate",
        &format!("/repos/tide/harbour/pulls?labels={hold}"),
    );
    assert_eq!(list(&found, "")[0]["number"], number);
    let both = lab.post(&path, &json!({"labels": [hold, "release"]}));
    assert_eq!(both.status, 400);
    let gone = lab.ask("operate", "DELETE", &format!("{path}/{hold}"), &Value::Null);
    assert_eq!(gone.status, 204);
    assert_eq!(lab.get("operate", &path), json!([]));
    let lost = lab.ask("operate", "DELETE", &format!("{path}/1"), &Value::Null);
    assert_eq!(lost.status, 422);
}
