//! What Gitea does otherwise.

use serde_json::{Value, json};

use super::{Lab, list, said};

const ACTIONS: &str = "/repos/coast/lighthouse/actions";

#[test]
fn gitea_speaks_githubs_words_of_runs_and_jobs() {
    let lab = Lab::gitea();
    assert_eq!(lab.get("", "/version"), json!({"version": "1.25.2"}));
    let live = lab.get(
        "operate",
        &format!("{ACTIONS}/runs?status=success&event=workflow_dispatch"),
    );
    assert_eq!(live["total_count"], 1);
    let live = &live["workflow_runs"][0];
    assert_eq!(
        (&live["status"], &live["conclusion"]),
        (&json!("completed"), &json!("success"))
    );
    assert_eq!(live["path"], "deploy-production.yml@refs/tags/v0.8.0");
    assert_eq!(live["head_branch"], "v0.8.0");
    let tag = lab.get("operate", "/repos/coast/lighthouse/tags/v0.8.0");
    assert_eq!(live["head_sha"], tag["commit"]["sha"]);
    // Told or not: 1.25 never names the run.
    let path = format!("{ACTIONS}/workflows/deploy-production.yml/dispatches");
    let body = json!({"ref": "v0.9.0", "inputs": {"gonogo": "k-1"}, "return_run_info": true});
    let made = lab.post(&format!("{path}?return_run_details=true"), &body);
    assert_eq!((made.status, made.body), (204, None));
    let queued = lab.get("operate", &format!("{ACTIONS}/runs?status=queued"));
    let run = &queued["workflow_runs"][0];
    assert_eq!(
        (&run["display_title"], &run["conclusion"]),
        (&json!("Deploy to production k-1"), &json!(""))
    );
    let jobs = lab.get("operate", &format!("{ACTIONS}/runs/{}/jobs", run["id"]));
    assert_eq!(jobs["total_count"], 2);
    let stages: Vec<&Value> = list(&jobs, "jobs").iter().map(|it| &it["status"]).collect();
    assert_eq!(stages, ["queued", "waiting"]);
    let one = lab.get(
        "operate",
        &format!("{ACTIONS}/jobs/{}", jobs["jobs"][1]["id"]),
    );
    assert_eq!(
        (&one["name"], &one["started_at"]),
        (&json!("smoke"), &json!("1970-01-01T00:00:00Z"))
    );
    lab.advance(30);
    let busy = lab.get("operate", &format!("{ACTIONS}/runs?status=in_progress"));
    assert_eq!(busy["workflow_runs"][0]["id"], run["id"]);
    lab.advance(300);
    let done = lab.get("operate", &format!("{ACTIONS}/runs/{}", run["id"]));
    assert_eq!(
        (&done["status"], &done["conclusion"]),
        (&json!("completed"), &json!("success"))
    );
}

#[test]
fn gitea_lists_its_workflow_files_and_lacks_what_came_later() {
    let lab = Lab::gitea();
    let files = lab.get("operate", &format!("{ACTIONS}/workflows"));
    assert_eq!(files["total_count"], 3);
    assert_eq!(
        files["workflows"][2]["path"],
        ".gitea/workflows/deploy-production.yml"
    );
    let run =
        lab.get("operate", &format!("{ACTIONS}/runs?limit=1"))["workflow_runs"][0]["id"].clone();
    for act in ["cancel", "rerun"] {
        let answer = lab.post(&format!("{ACTIONS}/runs/{run}/{act}"), &Value::Null);
        assert_eq!((answer.status, answer.body), (404, None), "{act}");
    }
    let no = lab.post(
        &format!("{ACTIONS}/workflows/ci.yml/dispatches"),
        &json!({"ref": "main"}),
    );
    assert_eq!(
        said(&no),
        (
            422,
            "workflow \"ci.yml\" has no workflow_dispatch event trigger".into()
        )
    );
    let odd = lab.ask(
        "operate",
        "GET",
        &format!("{ACTIONS}/runs?status=running"),
        &Value::Null,
    );
    assert_eq!(odd.status, 400);
}

#[test]
fn gitea_says_why_not_without_brackets() {
    let lab = Lab::gitea();
    let branch = json!({"new_branch_name": "topic/lens", "old_ref_name": "v0.8.0"});
    assert_eq!(
        lab.post("/repos/coast/lighthouse/branches", &branch).status,
        201
    );
    lab.post(
        "/repos/coast/lighthouse/branches",
        &json!({"new_branch_name": "env/x", "old_ref_name": "v0.8.0"}),
    );
    let body = json!({"title": "Back", "head": "main", "base": "env/x"});
    let made = lab
        .post("/repos/coast/lighthouse/pulls", &body)
        .body
        .expect("a body");
    lab.advance(5);
    let path = format!("/repos/coast/lighthouse/pulls/{}/merge", made["number"]);
    assert_eq!(lab.post(&path, &json!({"Do": "merge"})).status, 200);
    let body = json!({"title": "Forth", "head": "topic/lens", "base": "main"});
    let made = lab
        .post("/repos/coast/lighthouse/pulls", &body)
        .body
        .expect("a body");
    lab.advance(5);
    let path = format!("/repos/coast/lighthouse/pulls/{}/merge", made["number"]);
    let no = said(&lab.post(&path, &json!({"Do": "merge"})));
    assert_eq!(
        no,
        (405, "Not all required status checks successful".into())
    );
}
