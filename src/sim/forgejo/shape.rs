//! The shapes of the API: people, repositories, branches, commits. The others are beneath.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Edition;
use crate::sim::{
    model::{
        Branch, Change, ChangeKind, Commit, IssueState, Label, Permission, PullState, Repo, State,
        User, commit::sha_of,
    },
    rest::shape::merge,
};

pub mod pull;
mod release;
pub mod run;

/// Writes an instant, in whole seconds.
pub fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Writes an instant that may be none: Go's zero of a Unix time is the year 1970.
pub fn since(at: Option<Timestamp>) -> String {
    time(at.unwrap_or(Timestamp::UNIX_EPOCH))
}

/// Writes an instant that may be null.
pub fn maybe(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| json!(time(at)))
}

/// What all shapes need.
#[derive(Debug, Clone)]
pub struct Shape<'a> {
    /// The state described.
    pub state: &'a State,
    /// By whom.
    pub edition: Edition,
    /// Where the server is.
    pub address: String,
    /// What the reader may do.
    pub permission: Option<Permission>,
}

impl Shape<'_> {
    /// `…/api/v1/repos/owner/name`.
    pub fn url(&self, repo: &Repo) -> String {
        format!("{}/api/v1/repos/{}/{}", self.address, repo.owner, repo.name)
    }

    /// The page of a repository.
    pub fn html(&self, repo: &Repo) -> String {
        format!("{}/{}/{}", self.address, repo.owner, repo.name)
    }

    /// An account, a person's or an organisation's.
    pub fn account(&self, login: &str) -> Value {
        match self.state.organizations.get(login) {
            Some(id) => self.user(&User {
                id: *id,
                login: login.to_owned(),
                name: login.to_owned(),
                email: String::new(),
                teams: Vec::new(),
            }),
            None => self.user(&self.state.user(login)),
        }
    }

    /// A person.
    pub fn user(&self, user: &User) -> Value {
        let mut shape = json!({
            "id": user.id,
            "login": user.login,
            "login_name": "",
            "source_id": 0,
            "full_name": user.name,
            "email": user.email,
            "avatar_url": format!("{}/avatars/{}", self.address, sha_of(&["avatar", &user.login])),
            "html_url": format!("{}/{}", self.address, user.login),
            "language": "",
            "is_admin": false,
            "last_login": "0001-01-01T00:00:00Z",
            "created": "2024-02-01T08:00:00Z",
            "restricted": false,
            "active": false,
            "prohibit_login": false,
            "location": "",
            "website": "",
            "description": "",
            "visibility": "public",
            "followers_count": 0,
            "following_count": 0,
            "starred_repos_count": 0,
            "username": user.login,
        });
        if !self.edition.gitea()
            && let Some(map) = shape.as_object_mut()
        {
            map.insert("pronouns".to_owned(), json!(""));
        }
        shape
    }

    /// A repository.
    pub fn repo(&self, repo: &Repo) -> Value {
        let url = self.url(repo);
        let html = self.html(repo);
        let pulls = repo
            .pulls
            .iter()
            .filter(|it| it.state == PullState::Open)
            .count();
        let issues = repo
            .issues
            .iter()
            .filter(|it| it.state == IssueState::Open)
            .count();
        let may = |least| self.permission.is_some_and(|it| it >= least);
        let own = json!({
            "id": repo.id,
            "owner": self.account(&repo.owner),
            "name": repo.name,
            "full_name": repo.full_name(),
            "description": repo.description,
            "empty": false,
            "private": repo.private,
            "fork": false,
            "template": false,
            "parent": null,
            "mirror": false,
            "size": 2_048,
            "language": repo.language,
            "languages_url": format!("{url}/languages"),
            "html_url": html,
            "url": url,
            "link": "",
            "ssh_url": format!("ssh://git@127.0.0.1/{}.git", repo.full_name()),
            "clone_url": format!("{html}.git"),
            "original_url": "",
            "website": "",
            "stars_count": 0,
            "forks_count": 0,
            "watchers_count": 1,
            "open_issues_count": issues,
            "open_pr_counter": pulls,
            "release_counter": repo.releases.iter().filter(|it| !it.draft).count(),
            "default_branch": repo.default_branch,
            "archived": repo.archived,
            "created_at": time(repo.created_at),
            "updated_at": time(repo.pushed_at),
            "archived_at": since(None),
            "permissions": {
                "admin": may(Permission::Admin),
                "push": may(Permission::Write),
                "pull": true,
            },
        });
        let settings = json!({
            "has_issues": true,
            "internal_tracker": {
                "enable_time_tracker": true,
                "allow_only_contributors_to_track_time": true,
                "enable_issue_dependencies": true,
            },
            "has_wiki": false,
            "has_pull_requests": true,
            "has_projects": false,
            "has_releases": true,
            "has_packages": false,
            "has_actions": repo.actions,
            "ignore_whitespace_conflicts": false,
            "allow_merge_commits": repo.merge_commit,
            "allow_rebase": repo.rebase,
            "allow_rebase_explicit": repo.rebase,
            "allow_squash_merge": repo.squash,
            "allow_fast_forward_only_merge": true,
            "allow_rebase_update": true,
            "default_delete_branch_after_merge": false,
            "default_merge_style": "merge",
            "default_allow_maintainer_edit": false,
            "avatar_url": "",
            "internal": false,
            "mirror_interval": "",
            "object_format_name": "sha1",
            "mirror_updated": "0001-01-01T00:00:00Z",
            "repo_transfer": null,
            "topics": repo.topics,
        });
        merge(own, settings)
    }

    /// A branch, with what a change into it needs.
    pub fn branch(&self, repo: &Repo, branch: &Branch) -> Value {
        let writes = self.permission.is_some_and(|it| it >= Permission::Write);
        let protection = branch.protection.as_ref();
        let admin = self.permission == Some(Permission::Admin);
        let contexts = protection.map(|it| it.contexts.clone()).unwrap_or_default();
        json!({
            "name": branch.name,
            "commit": repo.commit(&branch.sha).map(|it| self.payload(repo, it)),
            "protected": protection.is_some(),
            "required_approvals": protection.map_or(0, |it| it.reviews),
            "enable_status_check": !contexts.is_empty(),
            "status_check_contexts": contexts,
            "user_can_push": writes && protection.is_none(),
            "user_can_merge": writes,
            "effective_branch_protection_name": match protection {
                Some(_) if admin => branch.name.as_str(),
                _ => "",
            },
        })
    }

    /// The rule of a protected branch.
    pub fn rule(&self, branch: &Branch) -> Value {
        let rule = branch.protection.clone().unwrap_or_default();
        let at = time(self.state.started);
        json!({
            "branch_name": branch.name,
            "rule_name": branch.name,
            "enable_push": false,
            "enable_push_whitelist": false,
            "push_whitelist_usernames": [],
            "push_whitelist_teams": [],
            "push_whitelist_deploy_keys": false,
            "enable_merge_whitelist": false,
            "merge_whitelist_usernames": [],
            "merge_whitelist_teams": [],
            "enable_status_check": !rule.contexts.is_empty(),
            "status_check_contexts": rule.contexts,
            "required_approvals": rule.reviews,
            "enable_approvals_whitelist": false,
            "approvals_whitelist_username": [],
            "approvals_whitelist_teams": [],
            "block_on_rejected_reviews": true,
            "block_on_official_review_requests": false,
            "block_on_outdated_branch": false,
            "dismiss_stale_approvals": false,
            "ignore_stale_approvals": false,
            "require_signed_commits": false,
            "protected_file_patterns": "",
            "unprotected_file_patterns": "",
            "apply_to_admins": true,
            "created_at": at,
            "updated_at": at,
        })
    }

    // A commit as branches have it: the form of a push.
    fn payload(&self, repo: &Repo, commit: &Commit) -> Value {
        let author = self.state.user(&commit.author);
        let person = json!({"name": author.name, "email": author.email, "username": author.login});
        json!({
            "id": commit.sha,
            "message": commit.message,
            "url": format!("{}/commit/{}", self.html(repo), commit.sha),
            "author": person,
            "committer": person,
            "verification": unverified(),
            "timestamp": time(commit.at),
            "added": null,
            "removed": null,
            "modified": null,
        })
    }

    /// A commit.
    pub fn commit(&self, repo: &Repo, commit: &Commit) -> Value {
        let url = self.url(repo);
        let link = |sha: &str| format!("{url}/git/commits/{sha}");
        let author = self.state.user(&commit.author);
        let signature =
            json!({"name": author.name, "email": author.email, "date": time(commit.at)});
        let known = self.state.users.get(&commit.author).map(|it| self.user(it));
        let tree = sha_of(&["tree", &commit.sha]);
        let parents = commit.parents.iter().map(|sha| {
            let at = repo.commit(sha).map(|it| it.at);
            json!({"url": link(sha), "sha": sha, "created": since(at)})
        });
        json!({
            "url": link(&commit.sha),
            "sha": commit.sha,
            "created": time(commit.at),
            "html_url": format!("{}/commit/{}", self.html(repo), commit.sha),
            "commit": {
                "url": link(&commit.sha),
                "author": signature,
                "committer": signature,
                "message": commit.message,
                "tree": {"url": format!("{url}/git/trees/{tree}"), "sha": tree, "created": time(commit.at)},
                "verification": unverified(),
            },
            "author": known,
            "committer": known,
            "parents": parents.collect::<Vec<_>>(),
            "files": commit.files.iter().map(touched).collect::<Vec<_>>(),
            "stats": {
                "total": commit.additions + commit.deletions,
                "additions": commit.additions,
                "deletions": commit.deletions,
            },
        })
    }

    /// A label.
    pub fn label(&self, repo: &Repo, label: &Label) -> Value {
        json!({
            "id": label.id,
            "name": label.name,
            "exclusive": false,
            "is_archived": false,
            "color": label.color,
            "description": label.description,
            "url": format!("{}/labels/{}", self.url(repo), label.id),
        })
    }

    /// Labels by name, in the order of the repository.
    pub fn labels(&self, repo: &Repo, names: &[String]) -> Vec<Value> {
        let known = repo.labels.iter().filter(|it| names.contains(&it.name));
        known.map(|it| self.label(repo, it)).collect()
    }
}

/// A file as a commit touched it.
pub fn touched(change: &Change) -> Value {
    json!({"filename": change.path, "status": match change.kind {
        ChangeKind::Added => "added",
        ChangeKind::Modified => "modified",
        ChangeKind::Removed => "removed",
    }})
}

fn unverified() -> Value {
    json!({
        "verified": false,
        "reason": "gpg.error.not_signed_commit",
        "signature": "",
        "signer": null,
        "payload": "",
    })
}
