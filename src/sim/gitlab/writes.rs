//! Writes of pipelines, jobs, deployments, statuses and freezes; changes are below `writes/`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    act::deploy::{FreezeChange, NewDeployment, NewExternal},
    answer::{error, invalid, missing, not_found},
    ask::{Ask, Done},
    shape::{deploy, pipeline},
};
use crate::sim::{
    model::{Repo, State},
    rest::Answer,
};

pub mod changes;

/// Answers what is below a project but its changes.
pub fn answer(ask: &Ask<'_>, repo: &Repo, rest: &[&str]) -> Done {
    let id = repo.id;
    match (ask.method, rest) {
        ("POST", ["pipeline"]) => {
            let git_ref = ask.needs("ref")?;
            let variables = variables(ask.body.get("variables"))?;
            let run = ask.act(|it| it.run_pipeline(ask.token(), id, &git_ref, variables))?;
            show_pipeline(ask, id, run, 201)
        }
        ("POST", ["pipelines", run, "retry"]) => {
            let run = number(run, "Pipeline")?;
            ask.act(|it| it.retry_pipeline(ask.token(), id, run))?;
            show_pipeline(ask, id, run, 201)
        }
        ("POST", ["pipelines", run, "cancel"]) => {
            let run = number(run, "Pipeline")?;
            ask.act(|it| it.cancel_pipeline(ask.token(), id, run))?;
            show_pipeline(ask, id, run, 200)
        }
        ("POST", ["jobs", job, "play"]) => {
            let job = number(job, "")?;
            variables(ask.body.get("job_variables_attributes"))?;
            let job = ask.act(|it| it.play_job(ask.token(), id, job))?;
            show_job(ask, id, job, 200)
        }
        ("POST", ["jobs", job, "retry"]) => {
            let job = number(job, "")?;
            let job = ask.act(|it| it.retry(ask.token(), id, job))?;
            show_job(ask, id, job, 201)
        }
        ("POST", ["jobs", job, "cancel"]) => {
            let job = number(job, "")?;
            ask.act(|it| it.cancel_job(ask.token(), id, job))?;
            show_job(ask, id, job, 201)
        }
        ("POST", ["deployments"]) => {
            let new = NewDeployment {
                environment: ask.needs("environment")?,
                sha: ask.needs("sha")?,
                git_ref: ask.needs("ref")?,
                status: status(ask)?,
            };
            ask.flag("tag")?.ok_or_else(|| missing("tag"))?;
            let made = ask.act(|it| it.note_deployment(ask.token(), id, new))?;
            show_deployment(ask, id, made, 201)
        }
        ("PUT", ["deployments", deployment]) => {
            let deployment = number(deployment, "Deployment")?;
            let word = status(ask)?;
            ask.act(|it| it.deployment_is(ask.token(), id, deployment, &word))?;
            show_deployment(ask, id, deployment, 200)
        }
        ("POST", ["deployments", deployment, "approval"]) => {
            let deployment = number(deployment, "Deployment")?;
            let status = ask.one_of("status", &["approved", "rejected"])?;
            let status = status.ok_or_else(|| missing("status"))?;
            let comment = ask.text("comment").unwrap_or_default();
            let role = ask.text("represented_as");
            let given = ask.act(|it| {
                let approved = status == "approved";
                it.consent(
                    ask.token(),
                    id,
                    deployment,
                    approved,
                    &comment,
                    role.as_deref(),
                )
            })?;
            Ok(Answer::json(201, deploy::consent(&ask.fresh(), &given)))
        }
        ("POST", ["freeze_periods"]) => {
            for name in ["freeze_start", "freeze_end"] {
                ask.needs(name)?;
            }
            let made = ask.act(|it| it.freeze(ask.token(), id, None, freeze(ask)))?;
            Ok(Answer::json(201, deploy::freeze(&made)))
        }
        ("PUT", ["freeze_periods", number_]) => {
            let known = number(number_, "Freeze Period")?;
            let made = ask.act(|it| it.freeze(ask.token(), id, Some(known), freeze(ask)))?;
            Ok(Answer::json(200, deploy::freeze(&made)))
        }
        ("DELETE", ["freeze_periods", number_]) => {
            let known = number(number_, "Freeze Period")?;
            ask.act(|it| it.unfreeze(ask.token(), id, known))?;
            Ok(Answer::empty(204))
        }
        ("POST", ["statuses", sha]) => commit_status(ask, id, sha),
        _ => Err(not_found("")),
    }
}

fn commit_status(ask: &Ask<'_>, id: u64, sha: &str) -> Done {
    const STATES: [&str; 6] = [
        "pending", "running", "success", "failed", "canceled", "skipped",
    ];
    let word = ask.needs("state")?;
    let state = STATES.into_iter().find(|it| *it == word);
    let name = ask.text("name").or_else(|| ask.text("context"));
    let new = NewExternal {
        name: name.unwrap_or_else(|| "default".to_owned()),
        state: state.ok_or_else(|| invalid("state"))?,
        git_ref: ask.text("ref"),
        description: ask.text("description"),
        target_url: ask.text("target_url"),
        pipeline: ask.number("pipeline_id")?,
    };
    let made = ask.act(|it| it.external(ask.token(), id, sha, new))?;
    Ok(Answer::json(201, pipeline::external(&ask.fresh(), &made)))
}

fn status(ask: &Ask<'_>) -> Done<String> {
    let word = ask.one_of("status", &["running", "success", "failed", "canceled"])?;
    word.ok_or_else(|| missing("status"))
}

fn freeze(ask: &Ask<'_>) -> FreezeChange {
    FreezeChange {
        start: ask.text("freeze_start"),
        end: ask.text("freeze_end"),
        zone: ask.text("cron_timezone"),
    }
}

fn number(text: &str, what: &str) -> Done<u64> {
    text.parse().map_err(|_| not_found(what))
}

// `[{"key": …, "value": …}]`.
fn variables(given: Option<&Value>) -> Done<BTreeMap<String, String>> {
    let Some(given) = given.filter(|it| !it.is_null()) else {
        return Ok(BTreeMap::new());
    };
    let items = given
        .as_array()
        .ok_or_else(|| error("variables is invalid"))?;
    let pair = |it: &Value| {
        let text = |name: &str| it.get(name)?.as_str().map(str::to_owned);
        let key = text("key").ok_or_else(|| error("variables[0][key] is missing"))?;
        Ok((key, text("value").unwrap_or_default()))
    };
    items.iter().map(pair).collect()
}

fn after(
    ask: &Ask<'_>,
    id: u64,
    shape: impl FnOnce(&State, &Repo) -> Option<Value>,
) -> Done<Value> {
    let state = ask.fresh();
    let shaped = state.repo_by_id(id).and_then(|repo| shape(&state, repo));
    shaped.ok_or_else(|| not_found(""))
}

fn show_pipeline(ask: &Ask<'_>, id: u64, run: u64, status: u16) -> Done {
    let shaped = after(ask, id, |state, repo| {
        Some(pipeline::whole(state, repo, repo.run(run)?))
    })?;
    Ok(Answer::json(status, shaped))
}

fn show_job(ask: &Ask<'_>, id: u64, job: u64, status: u16) -> Done {
    let shaped = after(ask, id, |state, repo| {
        let (run, job) = repo.job(job)?;
        Some(pipeline::job(state, repo, run, job))
    })?;
    Ok(Answer::json(status, shaped))
}

fn show_deployment(ask: &Ask<'_>, id: u64, deployment: u64, status: u16) -> Done {
    let shaped = after(ask, id, |state, repo| {
        Some(deploy::deployment_whole(
            state,
            repo,
            repo.deployment(deployment)?,
        ))
    })?;
    Ok(Answer::json(status, shaped))
}
