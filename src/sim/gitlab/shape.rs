//! What things look like in REST: projects, people, commits. The rest is below `shape/`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::words::level;
use crate::sim::model::{Branch, Commit, Permission, Repo, State, Token, User};

pub mod change;
pub mod deploy;
pub mod pipeline;

/// An instant as GitLab writes it.
pub fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// A person as others see them.
pub fn user(state: &State, login: &str) -> Value {
    let User {
        id, login, name, ..
    } = state.user(login);
    json!({
        "id": id,
        "username": login,
        "public_email": null,
        "name": name,
        "state": "active",
        "locked": false,
        "avatar_url": null,
        "web_url": format!("{}/{login}", state.base),
    })
}

/// The person whose token it is.
pub fn me(state: &State, token: &Token) -> Value {
    let mut it = user(state, &token.login);
    let User { email, .. } = state.user(&token.login);
    if let Some(map) = it.as_object_mut() {
        map.insert("email".to_owned(), json!(email));
        map.insert("is_admin".to_owned(), json!(false));
        map.insert("bot".to_owned(), json!(false));
        map.insert("external".to_owned(), json!(false));
        map.insert("two_factor_enabled".to_owned(), json!(true));
    }
    it
}

/// A member of a project.
pub fn member(state: &State, login: &str, permission: Permission) -> Value {
    let mut it = user(state, login);
    if let Some(map) = it.as_object_mut() {
        map.insert("access_level".to_owned(), json!(level(permission)));
        map.insert("expires_at".to_owned(), Value::Null);
        map.insert("created_at".to_owned(), json!(stamp(state.started)));
    }
    it
}

/// The words for an access level.
pub fn level_words(permission: Permission) -> &'static str {
    match permission {
        Permission::Read | Permission::Triage => "Reporters + Developers + Maintainers",
        Permission::Write => "Developers + Maintainers",
        Permission::Maintain => "Maintainers",
        Permission::Admin => "Owners",
    }
}

/// A project.
pub fn project(state: &State, repo: &Repo, token: &Token) -> Value {
    let path = repo.full_name();
    let web = state.html(repo);
    let group = repo.owner.rsplit('/').next().unwrap_or(&repo.owner);
    // It moves at most once an hour.
    let hour = repo.pushed_at.as_second().div_euclid(3_600) * 3_600;
    let active = Timestamp::from_second(hour).unwrap_or(repo.pushed_at);
    let must = repo.gitlab.as_ref().is_some_and(|it| it.must_succeed);
    json!({
        "id": repo.id,
        "description": repo.description,
        "name": repo.name,
        "name_with_namespace": path.replace('/', " / "),
        "path": repo.name,
        "path_with_namespace": path,
        "created_at": stamp(repo.created_at),
        "default_branch": repo.default_branch,
        "tag_list": repo.topics,
        "topics": repo.topics,
        "ssh_url_to_repo": format!("git@127.0.0.1:{path}.git"),
        "http_url_to_repo": format!("{web}.git"),
        "web_url": web,
        "readme_url": format!("{web}/-/blob/{}/README.md", repo.default_branch),
        "forks_count": 0,
        "avatar_url": null,
        "star_count": 0,
        "last_activity_at": stamp(active),
        "namespace": {
            "id": namespace(&repo.owner),
            "name": group,
            "path": group,
            "kind": "group",
            "full_path": repo.owner,
            "parent_id": repo.owner.rsplit_once('/').map(|(parent, _)| namespace(parent)),
            "avatar_url": null,
            "web_url": format!("{}/groups/{}", state.base, repo.owner),
        },
        "_links": {"self": format!("{}/api/v4/projects/{}", state.base, repo.id)},
        "empty_repo": false,
        "archived": repo.archived,
        "visibility": if repo.private { "private" } else { "public" },
        "jobs_enabled": true,
        "merge_requests_enabled": true,
        "only_allow_merge_if_pipeline_succeeds": must,
        "allow_merge_on_skipped_pipeline": true,
        "only_allow_merge_if_all_discussions_are_resolved": false,
        "remove_source_branch_after_merge": true,
        "merge_method": "merge",
        "squash_option": "default_off",
        "ci_config_path": null,
        "permissions": {
            "project_access": null,
            "group_access": {"access_level": level(token.permission), "notification_level": 3},
        },
    })
}

/// The number of a group: the same for the same path.
pub fn namespace(path: &str) -> u64 {
    path.bytes()
        .fold(17_u64, |sum, byte| (sum * 31 + u64::from(byte)) % 1_000_000)
        + 1_000
}

/// A commit.
pub fn commit(state: &State, repo: &Repo, it: &Commit) -> Value {
    let author = state.user(&it.author);
    json!({
        "id": it.sha,
        "short_id": it.sha.get(..8).unwrap_or(&it.sha),
        "created_at": stamp(it.at),
        "parent_ids": it.parents,
        "title": it.headline(),
        "message": it.message,
        "author_name": author.name,
        "author_email": author.email,
        "authored_date": stamp(it.at),
        "committer_name": author.name,
        "committer_email": author.email,
        "committed_date": stamp(it.at),
        "trailers": {},
        "extended_trailers": {},
        "web_url": format!("{}/-/commit/{}", state.html(repo), it.sha),
    })
}

/// A branch.
pub fn branch(state: &State, repo: &Repo, it: &Branch, token: &Token) -> Value {
    json!({
        "name": it.name,
        "commit": repo.commit(&it.sha).map(|it| commit(state, repo, it)),
        "merged": false,
        "protected": it.protection.is_some(),
        "developers_can_push": it.protection.is_none(),
        "developers_can_merge": true,
        "can_push": level(token.permission) >= 40
            || (it.protection.is_none() && level(token.permission) >= 30),
        "default": it.name == repo.default_branch,
        "web_url": format!("{}/-/tree/{}", state.html(repo), it.name),
    })
}

/// A tag.
pub fn tag(state: &State, repo: &Repo, it: &crate::sim::model::Tag) -> Value {
    let release = repo.releases.iter().find(|release| release.tag == it.name);
    let found = repo.commit(&it.sha);
    json!({
        "name": it.name,
        "message": "",
        "target": it.sha,
        "commit": found.map(|it| commit(state, repo, it)),
        "release": release.map(|it| json!({"tag_name": it.tag, "description": it.body})),
        "protected": false,
        "created_at": null,
    })
}
