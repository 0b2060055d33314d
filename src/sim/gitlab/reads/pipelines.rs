//! Reads of pipelines and jobs.

use std::sync::Arc;

use serde_json::{Value, json};

use super::one;
use crate::sim::{
    gitlab::{
        answer::{error, not_found},
        ask::{Ask, Done},
        shape::pipeline,
        words::{job_word, run_ref, run_word, source},
    },
    model::{Job, Repo, Run},
    rest::Answer,
    trace,
};

const STATES: [&str; 13] = [
    "created",
    "waiting_for_resource",
    "preparing",
    "waiting_for_callback",
    "pending",
    "running",
    "success",
    "failed",
    "canceling",
    "canceled",
    "skipped",
    "manual",
    "scheduled",
];

/// Answers `pipelines…` and `jobs…`.
pub fn answer(ask: &Ask<'_>, repo: &Repo, path: &[&str]) -> Done {
    let state = ask.state();
    let run = |id: &str| {
        let found = id.parse().ok().and_then(|id| repo.run(id));
        found.ok_or_else(|| not_found("Pipeline"))
    };
    match path {
        ["pipelines"] => pipelines(ask, repo),
        ["pipelines", "latest"] => {
            let name = ask
                .text("ref")
                .unwrap_or_else(|| repo.default_branch.clone());
            let head = repo.resolve(&name).ok_or_else(|| not_found("Pipeline"))?;
            let mut all = repo.runs_on(&head.sha);
            let found = all.find(|it| it.head_branch.as_ref() == Some(&name));
            match found {
                Some(it) => Ok(Answer::json(200, pipeline::whole(state, repo, it))),
                // As GitLab has it.
                None => Err(crate::sim::gitlab::answer::forbidden("")),
            }
        }
        ["pipelines", id] => Ok(Answer::json(200, pipeline::whole(state, repo, run(id)?))),
        ["pipelines", id, "jobs"] => {
            let run = run(id)?;
            let retried = ask.flag("include_retried")?.unwrap_or(false);
            let wanted = scope(ask)?;
            let all = run.jobs.iter().rev().filter(|it| retried || it.attempt > 0);
            let all =
                all.filter(|it| wanted.is_empty() || wanted.contains(&job_word(it).to_owned()));
            ask.paged(all.collect(), |it| pipeline::job(state, repo, run, it))
        }
        ["pipelines", id, "bridges"] => {
            run(id)?;
            ask.paged(Vec::<&Job>::new(), |_| Value::Null)
        }
        ["pipelines", id, "variables"] => {
            let all = run(id)?.inputs.iter().collect();
            ask.paged(all, |(key, value)| {
                json!({"key": key, "variable_type": "env_var", "value": value, "raw": false})
            })
        }
        ["jobs"] => {
            let wanted = scope(ask)?;
            let all = repo
                .runs
                .iter()
                .flat_map(|run| run.jobs.iter().map(move |job| (&**run, job)));
            let all = all
                .filter(|(_, it)| wanted.is_empty() || wanted.contains(&job_word(it).to_owned()));
            let mut all: Vec<(&Run, &Job)> = all.collect();
            all.sort_by_key(|(_, it)| std::cmp::Reverse(it.id));
            ask.keyed(
                all,
                |(_, it)| it.id,
                |(run, it)| pipeline::job(state, repo, run, it),
            )
        }
        ["jobs", id] => {
            let found = id.parse().ok().and_then(|id| repo.job(id));
            one(
                "",
                found.map(|(run, it)| pipeline::job(state, repo, run, it)),
            )
        }
        ["jobs", id, "trace"] => {
            let found = id.parse().ok().and_then(|id| repo.job(id));
            let (run, job) = found.ok_or_else(|| not_found(""))?;
            let text = trace::of(state, run, job);
            Ok(Answer::raw(
                200,
                "text/plain; charset=utf-8",
                text.into_bytes(),
            ))
        }
        _ => Err(not_found("")),
    }
}

fn scope(ask: &Ask<'_>) -> Done<Vec<String>> {
    let wanted = ask.list("scope").unwrap_or_default();
    if wanted.iter().any(|it| !STATES.contains(&it.as_str())) {
        return Err(error("scope does not have a valid value"));
    }
    Ok(wanted)
}

fn pipelines(ask: &Ask<'_>, repo: &Repo) -> Done {
    let state = ask.state();
    let name = ask.text("ref");
    let called = ask.text("name");
    let sha = ask.text("sha");
    let status = ask.one_of("status", &STATES)?;
    let from = ask.text("source");
    let since = instant(ask, "updated_after")?;
    let order = ask.one_of(
        "order_by",
        &["id", "status", "ref", "updated_at", "user_id"],
    )?;
    let mut all: Vec<&Arc<Run>> = repo
        .runs
        .iter()
        .filter(|it| name.as_ref().is_none_or(|name| run_ref(it) == *name))
        .filter(|it| called.as_ref().is_none_or(|name| it.name == *name))
        .filter(|it| sha.as_ref().is_none_or(|sha| it.head_sha == *sha))
        .filter(|it| status.as_ref().is_none_or(|word| run_word(it) == word))
        .filter(|it| from.as_ref().is_none_or(|word| source(it) == word))
        .filter(|it| since.is_none_or(|since| it.updated_at >= since))
        .collect();
    match order.as_deref() {
        Some("updated_at") => all.sort_by_key(|it| (it.updated_at, it.id)),
        _ => all.sort_by_key(|it| it.id),
    }
    if ask.descends(true)? {
        all.reverse();
    }
    ask.paged(all, |it| pipeline::brief(state, repo, it))
}

/// A parameter that is an instant.
pub fn instant(ask: &Ask<'_>, name: &str) -> Done<Option<jiff::Timestamp>> {
    let read = |it: String| it.parse().map_err(|_| error(format!("{name} is invalid")));
    ask.text(name).map(read).transpose()
}
