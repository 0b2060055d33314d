//! Environments, deployments, what protects them, and freezes.

use serde_json::{Value, json};

use super::{level_words, namespace, pipeline, stamp, user};
use crate::sim::{
    gitlab::{
        query::{role, rules},
        words::{deployment_word, level},
    },
    model::{Consent, Deployment, Environment, Permission, Repo, State, gitlab::Freeze},
};

fn slug(name: &str) -> String {
    name.to_ascii_lowercase()
        .replace(|it: char| !it.is_ascii_alphanumeric(), "-")
}

/// An environment in a list.
pub fn environment(it: &Environment) -> Value {
    json!({
        "id": it.id,
        "name": it.name,
        "slug": slug(&it.name),
        "description": null,
        "external_url": it.url,
        "created_at": stamp(it.created_at),
        "updated_at": stamp(it.created_at),
        "tier": it.tier,
        "state": "available",
        "auto_stop_at": null,
        "auto_stop_setting": "always",
        "kubernetes_namespace": null,
        "flux_resource_path": null,
    })
}

/// An environment alone.
pub fn environment_whole(state: &State, repo: &Repo, it: &Environment) -> Value {
    let mut shaped = environment(it);
    let last = repo.live(&it.name).map(|it| deployment(state, repo, it));
    pipeline::merge(&mut shaped, json!({"last_deployment": last}));
    shaped
}

/// A deployment.
pub fn deployment(state: &State, repo: &Repo, it: &Deployment) -> Value {
    let place = repo.environment(&it.environment);
    let made = repo.deployable(it);
    let by = made
        .and_then(|(_, job)| job.by.as_deref())
        .unwrap_or(&it.creator);
    json!({
        "id": it.id,
        "iid": repo.deployment_iid(it.id),
        "ref": it.ref_,
        "sha": it.sha,
        "created_at": stamp(it.created_at),
        "updated_at": stamp(it.updated_at),
        "user": user(state, by),
        "environment": place.map(|it| json!({
            "id": it.id,
            "name": it.name,
            "slug": slug(&it.name),
            "external_url": it.url,
            "created_at": stamp(it.created_at),
            "updated_at": stamp(it.created_at),
        })),
        "deployable": made.map(|(run, job)| pipeline::job(state, repo, run, job)),
        "status": deployment_word(it),
    })
}

/// A deployment alone: with its approvals.
pub fn deployment_whole(state: &State, repo: &Repo, it: &Deployment) -> Value {
    let mut shaped = deployment(state, repo, it);
    let place = repo.environment(&it.environment);
    let rules = place.map(rules).unwrap_or_default();
    let summary: Vec<Value> = rules
        .iter()
        .map(|rule| {
            let given = it.consents.iter().filter(|it| it.rule == rule.at);
            let mut shaped = who(state, rule.who);
            pipeline::merge(
                &mut shaped,
                json!({
                    "id": it.id * 10 + rule.at as u64,
                    "required_approvals": rule.required,
                    "deployment_approvals": given.map(|it| consent(state, it)).collect::<Vec<_>>(),
                }),
            );
            shaped
        })
        .collect();
    let given: Vec<Value> = it.consents.iter().map(|it| consent(state, it)).collect();
    pipeline::merge(
        &mut shaped,
        json!({
            "pending_approval_count": repo.pending_approvals(it),
            "approvals": given,
            "approval_summary": {"rules": summary},
        }),
    );
    shaped
}

/// What somebody said of a deployment.
pub fn consent(state: &State, it: &Consent) -> Value {
    json!({
        "user": user(state, &it.login),
        "status": if it.approved { "approved" } else { "rejected" },
        "created_at": stamp(it.at),
        "comment": it.comment,
    })
}

// A person, a group or a role, as access levels and rules name them.
fn who(state: &State, who: &str) -> Value {
    let team = who.strip_prefix('@');
    let role = role(who);
    let words = match (team, role) {
        (Some(team), _) => team.to_owned(),
        (None, Some(role)) => level_words(role).to_owned(),
        (None, None) => state.user(who).name,
    };
    let user_id = (team.is_none() && role.is_none()).then(|| state.user(who).id);
    json!({
        "user_id": user_id,
        "group_id": team.map(namespace),
        "access_level": role.map(level),
        "access_level_description": words,
        "group_inheritance_type": 0,
    })
}

/// A protected environment.
pub fn protected(state: &State, it: &Environment) -> Value {
    let number = |at: usize| it.id * 10 + at as u64;
    let with = |at: usize, mut shaped: Value, more: Value| {
        pipeline::merge(&mut shaped, json!({"id": number(at)}));
        pipeline::merge(&mut shaped, more);
        shaped
    };
    let mut levels: Vec<Value> = it
        .deployers
        .iter()
        .enumerate()
        .map(|(at, name)| with(at, who(state, name), json!({})))
        .collect();
    if levels.is_empty() {
        let developers = json!({
            "user_id": null,
            "group_id": null,
            "access_level": level(Permission::Write),
            "access_level_description": level_words(Permission::Write),
            "group_inheritance_type": 0,
        });
        levels.push(with(0, developers, json!({})));
    }
    let rules: Vec<Value> = rules(it)
        .iter()
        .map(|rule| {
            let more = json!({"required_approvals": rule.required});
            with(rule.at, who(state, rule.who), more)
        })
        .collect();
    json!({
        "name": it.name,
        "deploy_access_levels": levels,
        "required_approval_count": 0,
        "approval_rules": rules,
    })
}

/// A freeze.
pub fn freeze(it: &Freeze) -> Value {
    json!({
        "id": it.id,
        "freeze_start": it.start,
        "freeze_end": it.end,
        "cron_timezone": it.zone,
        "created_at": stamp(it.created_at),
        "updated_at": stamp(it.updated_at),
    })
}
