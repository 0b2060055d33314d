//! Reads of people, tokens, groups and projects; the rest is below `reads/`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    answer::not_found,
    ask::{Ask, Done},
    shape,
    words::level,
};
use crate::sim::{model::Repo, rest::Answer};

pub mod changes;
pub mod deploy;
pub mod pipelines;
pub mod repository;

/// `GET /version`.
pub fn version(ask: &Ask<'_>) -> Answer {
    let version = &*ask.state().version;
    Answer::json(200, json!({"version": version, "revision": "5c3e1f0a9b2"}))
}

/// `GET /metadata`.
pub fn metadata(ask: &Ask<'_>) -> Answer {
    let version = &*ask.state().version;
    Answer::json(
        200,
        json!({
            "version": version,
            "revision": "5c3e1f0a9b2",
            "kas": {"enabled": false, "externalUrl": null, "version": null},
            "enterprise": version.ends_with("-ee"),
        }),
    )
}

/// `GET /user`.
pub fn user(ask: &Ask<'_>) -> Answer {
    Answer::json(200, shape::me(ask.state(), ask.token()))
}

/// `GET /personal_access_tokens/self`.
pub fn token(ask: &Ask<'_>) -> Answer {
    let token = ask.token();
    let state = ask.state();
    Answer::json(
        200,
        json!({
            "id": state.user(&token.login).id + 40,
            "name": token.label,
            "revoked": false,
            "created_at": shape::stamp(state.started),
            "description": null,
            "scopes": token.scopes,
            "user_id": state.user(&token.login).id,
            "last_used_at": shape::stamp(state.now),
            "active": true,
            "expires_at": null,
        }),
    )
}

/// `GET /projects`, and those of a group with all below it if asked to.
pub fn projects(ask: &Ask<'_>, group: Option<&str>) -> Done {
    let state = ask.state();
    let token = ask.token();
    let below = ask.flag("include_subgroups")?.unwrap_or(false);
    let archived = ask.flag("archived")?;
    let search = ask.text("search").map(|it| it.to_lowercase());
    let of = |repo: &Repo| {
        group.is_none_or(|group| {
            let inside = repo.owner.strip_prefix(group);
            let number = group.parse() == Ok(shape::namespace(&repo.owner));
            number || inside.is_some_and(|it| it.is_empty() || (below && it.starts_with('/')))
        })
    };
    let mut all: Vec<&Arc<Repo>> = state
        .repos
        .iter()
        .filter(|it| !it.private || token.sees(&it.owner, &it.name))
        .filter(|it| of(it) && archived.is_none_or(|archived| it.archived == archived))
        .filter(|it| {
            search
                .as_ref()
                .is_none_or(|text| it.name.to_lowercase().contains(text))
        })
        .collect();
    if group.is_some_and(|_| all.is_empty()) && !known(ask, group.unwrap_or_default()) {
        return Err(not_found("Group"));
    }
    ask.one_of(
        "order_by",
        &[
            "id",
            "name",
            "path",
            "created_at",
            "updated_at",
            "last_activity_at",
            "similarity",
        ],
    )?;
    all.sort_by_key(|it| it.id);
    if ask.descends(true)? {
        all.reverse();
    }
    ask.keyed(all, |it| it.id, |it| shape::project(state, it, token))
}

fn known(ask: &Ask<'_>, group: &str) -> bool {
    let below = format!("{group}/");
    ask.state().repos.iter().any(|it| {
        (it.owner == group || it.owner.starts_with(&below)) && ask.token().sees(&it.owner, &it.name)
    })
}

/// `GET /groups/:id`.
pub fn group(ask: &Ask<'_>, group: &str) -> Done {
    if !known(ask, group) {
        return Err(not_found("Group"));
    }
    let name = group.rsplit('/').next().unwrap_or(group);
    let parent = group.rsplit_once('/').map(|(it, _)| shape::namespace(it));
    let web = format!("{}/groups/{group}", ask.state().base);
    let shaped = json!({
        "id": shape::namespace(group), "name": name, "path": name, "full_name": group.replace('/', " / "),
        "full_path": group, "parent_id": parent, "visibility": "private", "web_url": web,
    });
    Ok(Answer::json(200, shaped))
}

/// `GET /projects/:id`.
pub fn project(ask: &Ask<'_>, repo: &Repo) -> Answer {
    Answer::json(200, shape::project(ask.state(), repo, ask.token()))
}

/// `GET /projects/:id/members/all[/:user]`; everybody who has a token is a member.
pub fn members(ask: &Ask<'_>, rest: &[&str]) -> Done {
    let state = ask.state();
    let mut all: Vec<_> = state.tokens.values().collect();
    all.sort_by_key(|it| (it.login.clone(), std::cmp::Reverse(level(it.permission))));
    all.dedup_by_key(|it| it.login.clone());
    let shaped =
        |it: &Arc<crate::sim::model::Token>| shape::member(state, &it.login, it.permission);
    match rest {
        [] | ["all"] => ask.paged(all, shaped),
        ["all", id] | [id] => {
            let found = all
                .iter()
                .find(|it| id.parse() == Ok(state.user(&it.login).id));
            let found = found.ok_or_else(|| not_found(""))?;
            Ok(Answer::json(200, shaped(found)))
        }
        _ => Err(not_found("")),
    }
}

/// One thing, or 404.
pub fn one(what: &str, found: Option<Value>) -> Done {
    found
        .map(|it| Answer::json(200, it))
        .ok_or_else(|| not_found(what))
}
