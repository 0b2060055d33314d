//! Actions of Forgejo, by version.

use serde_json::{Value, json};

use super::{Lab, list, said};
use crate::sim::{FORGEJO, World, forgejo::Edition};

const DEPLOY: &str = "/repos/tide/harbour/actions/workflows/deploy.yml/dispatches";

fn order(told: bool) -> Value {
    json!({
        "ref": "main", "return_run_info": told,
        "inputs": {"environment": "production", "revision": "v3.2.0", "gonogo": "k-9", "odd": "x"},
    })
}

fn mark(lab: &Lab, rev: &str) -> Option<String> {
    let path = format!("/repos/tide/harbour/commits/{rev}/status?limit=50");
    let sum = lab.get("operate", &path);
    let found = list(&sum, "statuses")
        .into_iter()
        .find(|it| it["context"] == "deploy/production");
    found
        .and_then(|it| it["status"].as_str())
        .map(str::to_owned)
}

#[test]
fn a_dispatch_tells_its_run_and_the_commit_status_follows_the_job() {
    let lab = Lab::forgejo();
    assert_eq!(mark(&lab, "v3.1.1").as_deref(), Some("success"));
    assert_eq!(mark(&lab, "v3.2.0"), None);
    let made = lab.post(DEPLOY, &order(true));
    assert_eq!(made.status, 201, "{made:?}");
    let made = made.body.expect("a body");
    assert_eq!(made["jobs"], json!(["deploy", "smoke"]));
    let path = format!("/repos/tide/harbour/actions/runs/{}", made["id"]);
    let run = lab.get("operate", &path);
    assert_eq!(
        (&run["index_in_repo"], &run["status"]),
        (&made["run_number"], &json!("waiting"))
    );
    assert_eq!(run["title"], "Deploy v3.2.0 to production k-9");
    assert_eq!(
        (&run["workflow_id"], &run["prettyref"]),
        (&json!("deploy.yml"), &json!("main"))
    );
    assert_eq!(run["started"], "1970-01-01T00:00:00Z");
    let jobs = lab.get("operate", &format!("{path}/jobs"));
    let stages: Vec<&Value> = list(&jobs, "").iter().map(|it| &it["status"]).collect();
    assert_eq!(stages, ["waiting", "blocked"]);
    assert_eq!(jobs[1]["needs"], json!(["deploy"]));
    let first = jobs[0]["id"].clone();
    lab.advance(10);
    assert_eq!(lab.get("operate", &path)["status"], "running");
    assert_eq!(mark(&lab, "v3.2.0").as_deref(), Some("pending"));
    lab.advance(300);
    assert_eq!(lab.get("operate", &path)["status"], "success");
    assert_eq!(mark(&lab, "v3.2.0").as_deref(), Some("success"));
    let sum = lab.get(
        "operate",
        "/repos/tide/harbour/commits/v3.2.0/status?limit=50",
    );
    let own = list(&sum, "statuses")
        .into_iter()
        .find(|it| it["context"] == "deploy/production");
    assert_eq!(own.expect("a status")["target_url"], run["html_url"]);
    let jobs = lab.get("operate", &format!("{path}/jobs"));
    assert_eq!(
        (&jobs[0]["id"], &jobs[1]["status"]),
        (&first, &json!("success"))
    );
    assert_ne!(jobs[0]["task_id"], 0);
    // A dispatch sets no status of its own.
    let sum = lab.get(
        "operate",
        "/repos/tide/harbour/commits/main/status?limit=50",
    );
    let own = list(&sum, "statuses").into_iter().any(|it| {
        it["context"]
            .as_str()
            .is_some_and(|it| it.contains("dispatch"))
    });
    assert!(!own);
}

#[test]
fn a_failed_deployment_is_a_failed_status() {
    let lab = Lab::forgejo();
    let doom =
        serde_json::from_value(json!({"job": "deploy", "outcome": "failure"})).expect("it reads");
    lab.shared.act(|state| {
        let id = state.repo("tide", "harbour").expect("it").id;
        state.repo_mut(id).expect("it").dooms.push(doom);
    });
    assert_eq!(lab.post(DEPLOY, &order(false)).status, 204);
    lab.advance(300);
    assert_eq!(mark(&lab, "v3.2.0").as_deref(), Some("failure"));
    let runs = lab.get(
        "operate",
        "/repos/tide/harbour/actions/runs?status=failure&workflow_id=deploy.yml",
    );
    assert_eq!(runs["total_count"], 1);
    let jobs = lab.get(
        "operate",
        &format!(
            "/repos/tide/harbour/actions/runs/{}/jobs",
            runs["workflow_runs"][0]["id"]
        ),
    );
    assert_eq!(
        (&jobs[0]["status"], &jobs[1]["status"]),
        (&json!("failure"), &json!("skipped"))
    );
}

#[test]
fn a_dispatch_is_refused_for_what_it_names_or_lacks() {
    let lab = Lab::forgejo();
    let lost = lab.post(
        "/repos/tide/harbour/actions/workflows/none.yml/dispatches",
        &order(true),
    );
    assert_eq!(lost.status, 404);
    let mut body = order(true);
    body["ref"] = json!("nowhere");
    assert_eq!(lab.post(DEPLOY, &body).status, 404);
    body["ref"] = json!("");
    assert_eq!(
        said(&lab.post(DEPLOY, &body)),
        (422, "[Ref]: Required".into())
    );
    let empty = json!({"ref": "main", "inputs": {"environment": "production"}});
    assert_eq!(
        said(&lab.post(DEPLOY, &empty)),
        (400, "input required for 'revision'".into())
    );
    let typed = json!({"ref": "main", "inputs": {"environment": 7}});
    assert_eq!(lab.post(DEPLOY, &typed).status, 422);
    let reader = lab.ask("read", "POST", DEPLOY, &order(true));
    assert_eq!(reader.status, 403);
}

#[test]
fn a_run_is_cancelled_with_the_same_answer_however_late() {
    let lab = Lab::forgejo();
    let made = lab.post(DEPLOY, &order(true)).body.expect("a body");
    lab.advance(20);
    let path = format!("/repos/tide/harbour/actions/runs/{}", made["id"]);
    let cancel = format!("{path}/cancel");
    assert_eq!(lab.post(&cancel, &Value::Null).status, 204);
    assert_eq!(lab.get("operate", &path)["status"], "cancelled");
    assert_eq!(mark(&lab, "v3.2.0").as_deref(), Some("error"));
    let runs = lab.get(
        "operate",
        "/repos/tide/harbour/actions/runs?status=success&limit=1",
    );
    let done = &runs["workflow_runs"][0]["id"];
    let late = format!("/repos/tide/harbour/actions/runs/{done}");
    assert_eq!(
        lab.post(&format!("{late}/cancel"), &Value::Null).status,
        204
    );
    assert_eq!(lab.get("operate", &late)["status"], "success");
    assert_eq!(
        lab.post("/repos/tide/harbour/actions/runs/1/cancel", &Value::Null)
            .status,
        404
    );
    assert_eq!(lab.post(&format!("{late}/rerun"), &Value::Null).status, 404);
    let next = Lab::version("17.0.0");
    let runs = next.get("operate", "/repos/tide/harbour/actions/runs?limit=1");
    let path = format!(
        "/repos/tide/harbour/actions/runs/{}/rerun",
        runs["workflow_runs"][0]["id"]
    );
    assert_eq!(next.post(&path, &Value::Null).status, 204);
    assert_eq!(next.post(&path, &Value::Null).status, 400);
}

#[test]
fn what_a_version_lacks_is_not_there() {
    let paths = ["tasks", "runs", "runs/{}", "runs/{}/jobs", "workflows"];
    for (version, there) in [
        ("16.0.1", [200, 200, 200, 200, 404]),
        ("15.0.0", [200, 200, 200, 404, 404]),
        ("11.0.7", [200, 404, 404, 404, 404]),
    ] {
        let lab = Lab::version(version);
        let run = lab.state().repo("tide", "harbour").expect("it").runs[0].id;
        for (path, status) in paths.iter().zip(there) {
            let path = path.replace("{}", &run.to_string());
            let path = format!("/repos/tide/harbour/actions/{path}");
            let answer = lab.ask("operate", "GET", &path, &Value::Null);
            assert_eq!(answer.status, status, "{version} {path}");
        }
    }
    assert_eq!(
        Lab::version("11.0.7").post(DEPLOY, &order(true)).status,
        201
    );
    assert_eq!(
        Lab::version("10.0.0").post(DEPLOY, &order(true)).status,
        204
    );
}

#[test]
fn filters_are_read_by_the_versions_that_know_them() {
    let runs = "/repos/tide/harbour/actions/runs?workflow_id=deploy.yml&limit=50";
    let new = Lab::forgejo().get("operate", runs);
    assert_eq!(new["total_count"], 7);
    let old = Lab::version("13.0.1").get("operate", runs);
    assert!(old["total_count"].as_u64().is_some_and(|it| it > 7));
    let lab = Lab::forgejo();
    let odd = lab.ask(
        "operate",
        "GET",
        "/repos/tide/harbour/actions/runs?status=done",
        &Value::Null,
    );
    assert_eq!(said(&odd), (400, "unknown status: done".into()));
    let two = lab.get(
        "operate",
        "/repos/tide/harbour/actions/runs?status=success&status=failure&event=push&limit=2",
    );
    assert_eq!(list(&two, "workflow_runs").len(), 2);
    let number = two["workflow_runs"][1]["index_in_repo"].clone();
    let one = lab.get(
        "operate",
        &format!("/repos/tide/harbour/actions/runs?run_number={number}"),
    );
    assert_eq!(one["workflow_runs"][0]["id"], two["workflow_runs"][1]["id"]);
}

#[test]
fn a_job_is_a_task_as_soon_as_a_runner_has_it() {
    let lab = Lab::version("11.0.7");
    let tasks = || lab.get("operate", "/repos/tide/harbour/actions/tasks?limit=5");
    let before = tasks()["total_count"].as_u64().expect("a number");
    let made = lab.post(DEPLOY, &order(true)).body.expect("a body");
    assert_eq!(tasks()["total_count"], before);
    lab.advance(10);
    let now = tasks();
    assert_eq!(now["total_count"], before + 1);
    let task = &now["workflow_runs"][0];
    assert_eq!(
        (&task["run_number"], &task["status"]),
        (&made["run_number"], &json!("running"))
    );
    assert_eq!(
        (&task["name"], &task["workflow_id"]),
        (&json!("deploy"), &json!("deploy.yml"))
    );
    assert_eq!(list(&now, "workflow_runs").len(), 5);
}

#[test]
fn where_actions_are_off_there_is_nothing() {
    let mut world = World::from_toml(FORGEJO).expect("it reads");
    world.repos[0].actions = false;
    let lab = Lab::of(&world, Edition::FORGEJO);
    assert_eq!(
        lab.get("operate", "/repos/tide/harbour")["has_actions"],
        false
    );
    for path in ["tasks", "runs"] {
        let answer = lab.ask(
            "operate",
            "GET",
            &format!("/repos/tide/harbour/actions/{path}"),
            &Value::Null,
        );
        assert_eq!(
            said(&answer),
            (404, "The target couldn't be found.".into()),
            "{path}"
        );
    }
    assert_eq!(lab.post(DEPLOY, &order(false)).status, 404);
    assert_eq!(
        lab.get("operate", "/repos/tide/pilot/actions/runs?limit=1")["workflow_runs"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}
