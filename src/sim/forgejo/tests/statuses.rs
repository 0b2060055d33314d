//! Commit statuses, set and told by jobs, and their sum.

use serde_json::{Value, json};

use super::{Lab, list, said};

fn commit(lab: &Lab, rev: &str) -> String {
    let state = lab.state();
    let repo = state.repo("tide", "harbour").expect("a repository");
    repo.resolve(rev).expect("a revision").sha.clone()
}

#[test]
fn a_commit_without_a_status_has_an_empty_sum() {
    let lab = Lab::forgejo();
    let state = lab.state();
    let first = state.repo("tide", "harbour").expect("it").commits[0]
        .sha
        .clone();
    let sum = lab.get(
        "operate",
        &format!("/repos/tide/harbour/commits/{first}/status"),
    );
    assert_eq!(
        (&sum["state"], &sum["statuses"]),
        (&json!(""), &Value::Null)
    );
    assert_eq!((&sum["sha"], &sum["total_count"]), (&json!(""), &json!(0)));
}

#[test]
fn every_job_of_a_push_is_a_status_and_the_worst_one_wins() {
    let lab = Lab::forgejo();
    let sum = lab.get(
        "operate",
        "/repos/tide/harbour/commits/v3.2.0/status?limit=50",
    );
    let names: Vec<&str> = list(&sum, "statuses")
        .iter()
        .filter_map(|it| it["context"].as_str())
        .collect();
    for name in [
        "CI / build (push)",
        "CI / unit (push)",
        "Continuous / deploy staging (push)",
        "deploy/staging",
    ] {
        assert!(names.contains(&name), "{name} of {names:?}");
    }
    assert_eq!(sum["state"], "success");
    let unit = list(&sum, "statuses")
        .into_iter()
        .find(|it| it["context"] == "CI / unit (push)")
        .expect("there")
        .clone();
    assert_eq!(unit["creator"], Value::Null);
    assert!(
        unit["target_url"]
            .as_str()
            .is_some_and(|it| it.starts_with("/tide/harbour/actions/runs/"))
    );
    let sha = commit(&lab, "v3.2.0");
    for (state, sum) in [
        ("skipped", "success"),
        ("pending", "pending"),
        ("warning", "warning"),
        ("failure", "failure"),
        ("error", "failure"),
    ] {
        let body =
            json!({"state": state, "context": format!("hold/{state}"), "description": "wait"});
        let answer = lab.post(&format!("/repos/tide/harbour/statuses/{sha}"), &body);
        assert_eq!(answer.status, 201, "{answer:?}");
        let made = answer.body.expect("a body");
        assert_eq!(
            (&made["status"], &made["creator"]["login"]),
            (&json!(state), &json!("alice"))
        );
        let now = lab.get(
            "operate",
            "/repos/tide/harbour/commits/v3.2.0/status?limit=50",
        );
        assert_eq!(now["state"], sum, "{state}");
    }
    // The sum is of the page that was asked for: the newest status alone is an error.
    let page = lab.get(
        "operate",
        "/repos/tide/harbour/commits/v3.2.0/status?limit=1&page=3",
    );
    assert_eq!(page["state"], "warning");
    let clear = json!({"state": "success", "context": "hold/error"});
    lab.post(&format!("/repos/tide/harbour/statuses/{sha}"), &clear);
    let all = lab.get(
        "operate",
        &format!("/repos/tide/harbour/commits/{sha}/statuses?limit=50"),
    );
    let holds = list(&all, "")
        .into_iter()
        .filter(|it| it["context"] == "hold/error")
        .count();
    assert_eq!(holds, 2);
}

#[test]
fn a_status_is_refused_for_a_word_or_a_commit_that_is_not_there() {
    let lab = Lab::forgejo();
    let sha = commit(&lab, "main");
    let path = format!("/repos/tide/harbour/statuses/{sha}");
    assert_eq!(lab.post(&path, &json!({"state": "good"})).status, 400);
    assert_eq!(
        lab.post(
            "/repos/tide/harbour/statuses/0000",
            &json!({"state": "success"})
        )
        .status,
        404
    );
    let answer = lab.post(&path, &json!({"state": 7}));
    assert_eq!(answer.status, 422, "{}", said(&answer).1);
    let made = lab
        .post(&path, &json!({"state": "success"}))
        .body
        .expect("a body");
    assert_eq!(made["context"], "default");
    let old = Lab::version("15.0.0");
    let path = format!("/repos/tide/harbour/statuses/{}", commit(&old, "main"));
    assert_eq!(old.post(&path, &json!({"state": "skipped"})).status, 400);
}
