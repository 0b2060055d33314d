//! Pipelines, their jobs, and what others said of a commit.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{commit, stamp, user};
use crate::sim::{
    gitlab::words::{job_word, run_ref, run_word, source},
    model::{Job, Repo, Run, State, gitlab::External},
};

fn web(state: &State, repo: &Repo, run: &Run) -> String {
    format!("{}/-/pipelines/{}", state.html(repo), run.id)
}

fn begun(run: &Run) -> Option<Timestamp> {
    run.jobs.iter().filter_map(|it| it.started_at).min()
}

fn ended(run: &Run) -> Option<Timestamp> {
    let all = run.latest_jobs().filter_map(|it| it.completed_at);
    all.max().filter(|_| run.done())
}

fn seconds(from: Option<Timestamp>, to: Option<Timestamp>) -> Option<f64> {
    Some(to?.duration_since(from?).as_secs_f64())
}

/// A pipeline in a list.
pub fn brief(state: &State, repo: &Repo, run: &Run) -> Value {
    json!({
        "id": run.id,
        "iid": run.run_number,
        "project_id": repo.id,
        "sha": run.head_sha,
        "ref": run_ref(run),
        "status": run_word(run),
        "source": source(run),
        "created_at": stamp(run.created_at),
        "updated_at": stamp(run.updated_at),
        "web_url": web(state, repo, run),
        "name": run.name,
    })
}

/// A pipeline alone.
pub fn whole(state: &State, repo: &Repo, run: &Run) -> Value {
    let mut it = brief(state, repo, run);
    let word = run_word(run);
    let before = repo
        .commit(&run.head_sha)
        .and_then(|it| it.parents.first().cloned());
    let duration = seconds(begun(run), ended(run)).map(f64::round);
    let more = json!({
        "before_sha": before.unwrap_or_else(|| "0".repeat(40)),
        "tag": run.event == "tag",
        "yaml_errors": null,
        "user": user(state, &run.actor),
        "started_at": begun(run).map(stamp),
        "finished_at": ended(run).map(stamp),
        "committed_at": null,
        "duration": duration,
        "queued_duration": seconds(Some(run.created_at), begun(run)),
        "coverage": null,
        "detailed_status": {
            "icon": format!("status_{word}"),
            "text": word,
            "label": word,
            "group": word,
            "tooltip": word,
            "has_details": true,
            "details_path": format!("/{}/-/pipelines/{}", repo.full_name(), run.id),
            "illustration": null,
            "favicon": format!("/assets/ci_favicons/favicon_status_{word}.png"),
        },
    });
    merge(&mut it, more);
    it
}

/// A job.
pub fn job(state: &State, repo: &Repo, run: &Run, it: &Job) -> Value {
    let word = job_word(it);
    let by = it.by.as_deref().unwrap_or(&run.actor);
    let mut shaped = json!({
        "id": it.id,
        "status": word,
        "stage": it.rules.stage,
        "name": it.name,
        "ref": run_ref(run),
        "tag": run.event == "tag",
        "coverage": coverage(it),
        "allow_failure": it.rules.allow_failure,
        "created_at": stamp(it.created_at),
        "started_at": it.started_at.map(stamp),
        "finished_at": it.completed_at.map(stamp),
        "erased_at": null,
        "duration": seconds(it.started_at, it.completed_at),
        "queued_duration": seconds(Some(it.created_at), it.started_at),
        "user": user(state, by),
        "commit": repo.commit(&run.head_sha).map(|it| commit(state, repo, it)),
        "pipeline": brief(state, repo, run),
        "web_url": format!("{}/-/jobs/{}", state.html(repo), it.id),
        "project": {"ci_job_token_scope_enabled": false},
        "artifacts": [],
        "runner": null,
        "runner_manager": null,
        "artifacts_expire_at": null,
        "archived": false,
        "tag_list": [],
    });
    if word == "failed" {
        merge(&mut shaped, json!({"failure_reason": "script_failure"}));
    }
    shaped
}

/// A commit status: one that was set from outside.
pub fn external(state: &State, it: &External) -> Value {
    let done = matches!(it.state, "success" | "failed" | "canceled" | "skipped");
    json!({
        "id": it.id,
        "sha": it.sha,
        "ref": it.ref_,
        "status": it.state,
        "name": it.name,
        "target_url": it.target_url,
        "description": it.description,
        "created_at": stamp(it.created_at),
        "started_at": (it.state != "pending").then(|| stamp(it.created_at)),
        "finished_at": done.then(|| stamp(it.created_at)),
        "allow_failure": false,
        "coverage": null,
        "pipeline_id": it.pipeline,
        "author": user(state, &it.creator),
    })
}

/// A job as a commit status, which it is too.
pub fn job_status(state: &State, run: &Run, it: &Job) -> Value {
    json!({
        "id": it.id,
        "sha": run.head_sha,
        "ref": run_ref(run),
        "status": job_word(it),
        "name": it.name,
        "target_url": null,
        "description": null,
        "created_at": stamp(it.created_at),
        "started_at": it.started_at.map(stamp),
        "finished_at": it.completed_at.map(stamp),
        "allow_failure": it.rules.allow_failure,
        "coverage": coverage(it),
        "pipeline_id": run.id,
        "author": user(state, it.by.as_deref().unwrap_or(&run.actor)),
    })
}

// The first number of what a job reports about its coverage: GitLab keeps no more of it.
fn coverage(it: &Job) -> Option<f64> {
    let title = &it.output.as_ref()?.title;
    let after = title.split_once("coverage")?.1;
    after.split_whitespace().next()?.parse().ok()
}

/// Adds fields to an object.
pub fn merge(object: &mut Value, more: Value) {
    if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
        object.extend(more);
    }
}
