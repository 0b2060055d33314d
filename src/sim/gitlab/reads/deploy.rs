//! Reads of environments, deployments, what protects them, and freezes.

use std::{cmp::Reverse, sync::Arc};

use super::{one, pipelines::instant};
use crate::sim::{
    gitlab::{
        answer::{bad_request, not_found},
        ask::{Ask, Done},
        shape::{change, deploy},
        words::deployment_word,
    },
    model::{Deployment, Permission, Repo},
    rest::Answer,
};

/// Answers `environments…`, `protected_environments…`, `deployments…` and `freeze_periods…`.
pub fn answer(ask: &Ask<'_>, repo: &Repo, path: &[&str]) -> Done {
    let state = ask.state();
    let deployment = |id: &str| {
        let found = id.parse().ok().and_then(|id| repo.deployment(id));
        found.ok_or_else(|| not_found("Deployment"))
    };
    match path {
        ["environments"] => {
            let name = ask.text("name");
            let search = ask.text("search");
            if name.is_some() && search.is_some() {
                return Err(crate::sim::gitlab::answer::error(
                    "name, search are mutually exclusive",
                ));
            }
            let states = ask.one_of("states", &["available", "stopping", "stopped"])?;
            let all = repo
                .environments
                .iter()
                .filter(|it| name.as_ref().is_none_or(|name| it.name == *name))
                .filter(|it| search.as_ref().is_none_or(|text| it.name.contains(text)))
                .filter(|_| states.as_ref().is_none_or(|it| it == "available"));
            ask.paged(all.collect(), deploy::environment)
        }
        ["environments", id] => {
            let mut all = repo.environments.iter();
            let found = all.find(|it| id.parse() == Ok(it.id));
            let shaped = found.map(|it| deploy::environment_whole(state, repo, it));
            one("Environment", shaped)
        }
        ["protected_environments"] => {
            ask.role(Permission::Maintain)?;
            ask.paged(repo.protected_environments(), |it| {
                deploy::protected(state, it)
            })
        }
        ["protected_environments", name] => {
            ask.role(Permission::Maintain)?;
            let all = repo.protected_environments();
            let found = all.into_iter().find(|it| it.name == *name);
            one("", found.map(|it| deploy::protected(state, it)))
        }
        ["deployments"] => deployments(ask, repo),
        ["deployments", id] => {
            let found = deployment(id)?;
            Ok(Answer::json(
                200,
                deploy::deployment_whole(state, repo, found),
            ))
        }
        ["deployments", id, "merge_requests"] => {
            let it = deployment(id)?;
            // What it brought: all since the one that stood before it.
            let before = repo
                .deployments_to(&it.environment)
                .find(|other| other.id < it.id && deployment_word(other) == "success");
            let commits = match before {
                Some(before) => repo.compare(&before.sha, &it.sha).map(|it| it.commits),
                None => repo.commit(&it.sha).map(|it| vec![it.clone()]),
            };
            let mut all = Vec::new();
            for commit in commits.unwrap_or_default() {
                for pull in repo.pulls_of(&commit.sha) {
                    if !all
                        .iter()
                        .any(|it: &&crate::sim::model::Pull| it.number == pull.number)
                    {
                        all.push(pull);
                    }
                }
            }
            ask.paged(all, |it| change::brief(state, repo, it))
        }
        ["freeze_periods", rest @ ..] => {
            // Even to read.
            ask.role(Permission::Maintain)?;
            let all = repo.gitlab.iter().flat_map(|it| &it.freezes);
            let mut all: Vec<_> = all.collect();
            all.sort_by_key(|it| Reverse(it.created_at));
            match rest {
                [] => ask.paged(all, deploy::freeze),
                [id] => {
                    let found = all.into_iter().find(|it| id.parse() == Ok(it.id));
                    one("Freeze Period", found.map(deploy::freeze))
                }
                _ => Err(not_found("")),
            }
        }
        _ => Err(not_found("")),
    }
}

fn deployments(ask: &Ask<'_>, repo: &Repo) -> Done {
    let state = ask.state();
    let place = ask.text("environment");
    let status = ask.one_of(
        "status",
        &[
            "created", "running", "success", "failed", "canceled", "skipped", "blocked",
        ],
    )?;
    let order = ask.one_of(
        "order_by",
        &[
            "id",
            "iid",
            "created_at",
            "updated_at",
            "finished_at",
            "ref",
        ],
    )?;
    let since = instant(ask, "updated_after")?;
    let order = order.as_deref().unwrap_or("id");
    if since.is_some() && order != "updated_at" {
        let words = "`updated_at` filter and `updated_at` sorting must be paired";
        return Err(bad_request(words));
    }
    if order == "finished_at" && status.as_deref() != Some("success") {
        let words = "`finished_at` filter and `finished_at` sorting must be paired";
        return Err(bad_request(words));
    }
    let mut all: Vec<&Arc<Deployment>> = repo
        .deployments
        .iter()
        .filter(|it| place.as_ref().is_none_or(|name| it.environment == *name))
        .filter(|it| {
            status
                .as_ref()
                .is_none_or(|word| deployment_word(it) == word)
        })
        .filter(|it| since.is_none_or(|since| it.updated_at >= since))
        .collect();
    match order {
        "updated_at" | "finished_at" => all.sort_by_key(|it| (it.updated_at, it.id)),
        "created_at" => all.sort_by_key(|it| (it.created_at, it.id)),
        "ref" => all.sort_by_key(|it| (it.ref_.clone(), it.id)),
        _ => all.sort_by_key(|it| it.id),
    }
    if ask.descends(false)? {
        all.reverse();
    }
    ask.paged(all, |it| deploy::deployment(state, repo, it))
}
