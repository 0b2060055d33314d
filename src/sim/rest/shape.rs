//! The shapes of REST: every key that GitHub sends, so that typed clients read us.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Ask;
use crate::sim::model::{
    Commit, IssueState, Kind, NodeId, Permission, PullState, Repo, State, Token, User,
    commit::sha_of,
};

pub mod actions;
pub mod deploy;
pub mod file;
pub mod issue;
pub mod pull;
pub mod release;

/// Writes an instant as GitHub does, in whole seconds.
pub fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Writes an instant that may be none.
pub fn maybe(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| json!(time(at)))
}

/// What all shapes need.
#[derive(Debug, Clone, Copy)]
pub struct Shape<'a> {
    /// The state described.
    pub state: &'a State,
    /// What URLs of the API begin with.
    pub api: &'a str,
    /// For whom.
    pub token: &'a Token,
}

impl<'a> Ask<'a> {
    /// The shapes for this request, out of the state it reads.
    pub fn shape(&'a self) -> Shape<'a> {
        self.shape_of(self.state())
    }

    /// The shapes out of another state: the one after an act.
    pub fn shape_of(&'a self, state: &'a State) -> Shape<'a> {
        Shape {
            state,
            api: self.api,
            token: self.token(),
        }
    }
}

impl Shape<'_> {
    /// `.../repos/owner/name`.
    pub fn url(&self, repo: &Repo) -> String {
        format!("{}/repos/{}/{}", self.api, repo.owner, repo.name)
    }

    /// The page of the repository.
    pub fn html(&self, repo: &Repo) -> String {
        self.state.html(repo)
    }

    /// An account, whether a person's or an organisation's.
    pub fn account(&self, login: &str) -> Value {
        match self.state.organizations.get(login) {
            Some(id) => self.actor(
                login,
                *id,
                "Organization",
                &NodeId::number(Kind::Organization, 0, *id),
            ),
            None => self.person(&self.state.user(login)),
        }
    }

    /// A person.
    pub fn person(&self, user: &User) -> Value {
        let bot = user.login.ends_with("[bot]") || user.login.ends_with("-bot");
        let kind = if bot { "Bot" } else { "User" };
        self.actor(
            &user.login,
            user.id,
            kind,
            &NodeId::number(Kind::User, 0, user.id),
        )
    }

    fn actor(&self, login: &str, id: u64, kind: &str, node: &str) -> Value {
        let base = &self.state.base;
        let url = format!("{}/users/{login}", self.api);
        json!({
            "login": login,
            "id": id,
            "node_id": node,
            "avatar_url": format!("{base}/avatars/{login}"),
            "gravatar_id": "",
            "url": url,
            "html_url": format!("{base}/{login}"),
            "followers_url": format!("{url}/followers"),
            "following_url": format!("{url}/following{{/other_user}}"),
            "gists_url": format!("{url}/gists{{/gist_id}}"),
            "starred_url": format!("{url}/starred{{/owner}}{{/repo}}"),
            "subscriptions_url": format!("{url}/subscriptions"),
            "organizations_url": format!("{url}/orgs"),
            "repos_url": format!("{url}/repos"),
            "events_url": format!("{url}/events{{/privacy}}"),
            "received_events_url": format!("{url}/received_events"),
            "type": kind,
            "user_view_type": "public",
            "site_admin": false,
        })
    }

    /// A repository as it stands inside of other things.
    pub fn minimal_repo(&self, repo: &Repo) -> Value {
        const PATHS: [(&str, &str); 37] = [
            ("archive_url", "/{archive_format}{/ref}"),
            ("assignees_url", "/assignees{/user}"),
            ("blobs_url", "/git/blobs{/sha}"),
            ("branches_url", "/branches{/branch}"),
            ("collaborators_url", "/collaborators{/collaborator}"),
            ("comments_url", "/comments{/number}"),
            ("commits_url", "/commits{/sha}"),
            ("compare_url", "/compare/{base}...{head}"),
            ("contents_url", "/contents/{+path}"),
            ("contributors_url", "/contributors"),
            ("deployments_url", "/deployments"),
            ("downloads_url", "/downloads"),
            ("events_url", "/events"),
            ("forks_url", "/forks"),
            ("git_commits_url", "/git/commits{/sha}"),
            ("git_refs_url", "/git/refs{/sha}"),
            ("git_tags_url", "/git/tags{/sha}"),
            ("hooks_url", "/hooks"),
            ("issue_comment_url", "/issues/comments{/number}"),
            ("issue_events_url", "/issues/events{/number}"),
            ("issues_url", "/issues{/number}"),
            ("keys_url", "/keys{/key_id}"),
            ("labels_url", "/labels{/name}"),
            ("languages_url", "/languages"),
            ("merges_url", "/merges"),
            ("milestones_url", "/milestones{/number}"),
            (
                "notifications_url",
                "/notifications{?since,all,participating}",
            ),
            ("pulls_url", "/pulls{/number}"),
            ("releases_url", "/releases{/id}"),
            ("stargazers_url", "/stargazers"),
            ("statuses_url", "/statuses/{sha}"),
            ("subscribers_url", "/subscribers"),
            ("subscription_url", "/subscription"),
            ("tags_url", "/tags"),
            ("teams_url", "/teams"),
            ("trees_url", "/git/trees{/sha}"),
            ("url", ""),
        ];
        let url = self.url(repo);
        let mut map = Map::new();
        let at_least = |it| self.token.permission >= it;
        let own = json!({
            "id": repo.id,
            "node_id": NodeId::number(Kind::Repository, 0, repo.id),
            "name": repo.name,
            "full_name": repo.full_name(),
            "private": repo.private,
            "owner": self.account(&repo.owner),
            "html_url": self.html(repo),
            "description": repo.description,
            "fork": false,
            "permissions": {
                "admin": at_least(Permission::Admin),
                "maintain": at_least(Permission::Maintain),
                "push": at_least(Permission::Write),
                "triage": at_least(Permission::Triage),
                "pull": true,
            },
        });
        if let Value::Object(own) = own {
            map.extend(own);
        }
        map.extend(
            PATHS
                .iter()
                .map(|(key, path)| ((*key).to_owned(), json!(format!("{url}{path}")))),
        );
        Value::Object(map)
    }

    /// A repository with all there is to say.
    pub fn repo(&self, repo: &Repo) -> Value {
        let html = self.html(repo);
        let open = repo
            .pulls
            .iter()
            .filter(|it| it.state == PullState::Open)
            .count();
        let issues = repo.issues.iter();
        let open = open + issues.filter(|it| it.state == IssueState::Open).count();
        let more = json!({
            "homepage": null,
            "language": repo.language,
            "forks_count": 0,
            "stargazers_count": 0,
            "watchers_count": 0,
            "size": repo.commits.len() * 12,
            "default_branch": repo.default_branch,
            "open_issues_count": open,
            "is_template": false,
            "topics": repo.topics,
            "has_issues": true,
            "has_projects": false,
            "has_wiki": false,
            "has_pages": false,
            "has_downloads": false,
            "has_discussions": false,
            "archived": repo.archived,
            "disabled": repo.disabled,
            "visibility": if repo.private { "private" } else { "public" },
            "pushed_at": time(repo.pushed_at),
            "created_at": time(repo.created_at),
            "updated_at": time(repo.pushed_at),
        });
        let rest = json!({
            "git_url": html.replacen("http:", "git:", 1),
            "ssh_url": format!("git@127.0.0.1:{}.git", repo.full_name()),
            "clone_url": format!("{html}.git"),
            "svn_url": html,
            "mirror_url": null,
            "allow_rebase_merge": repo.rebase,
            "allow_squash_merge": repo.squash,
            "allow_merge_commit": repo.merge_commit,
            "allow_auto_merge": repo.auto_merge,
            "allow_update_branch": true,
            "allow_forking": false,
            "delete_branch_on_merge": true,
            "use_squash_pr_title_as_default": true,
            "squash_merge_commit_title": "PR_TITLE",
            "squash_merge_commit_message": "BLANK",
            "merge_commit_title": "MERGE_MESSAGE",
            "merge_commit_message": "PR_TITLE",
            "web_commit_signoff_required": false,
            "temp_clone_token": "",
            "subscribers_count": 0,
            "network_count": 0,
            "license": null,
            "forks": 0,
            "open_issues": open,
            "watchers": 0,
            "organization": self.account(&repo.owner),
        });
        merge(merge(self.minimal_repo(repo), more), rest)
    }

    /// Name, address and date of a commit's author.
    pub fn git_actor(&self, login: &str, at: Timestamp) -> Value {
        let user = self.state.user(login);
        json!({"name": user.name, "email": user.email, "date": time(at)})
    }

    /// The part of a commit that git knows.
    pub fn git_commit(&self, repo: &Repo, commit: &Commit) -> Value {
        let tree = sha_of(&["tree", &commit.sha]);
        let url = self.url(repo);
        json!({
            "author": self.git_actor(&commit.author, commit.at),
            "committer": self.git_actor(&commit.author, commit.at),
            "message": commit.message,
            "tree": {"sha": tree, "url": format!("{url}/git/trees/{tree}")},
            "url": format!("{url}/git/commits/{}", commit.sha),
            "comment_count": 0,
            "verification": {
                "verified": false, "reason": "unsigned", "signature": null, "payload": null,
                "verified_at": null,
            },
        })
    }

    /// A commit as lists have it.
    pub fn commit(&self, repo: &Repo, commit: &Commit) -> Value {
        let url = format!("{}/commits/{}", self.url(repo), commit.sha);
        let html = self.html(repo);
        let parents: Vec<Value> = commit
            .parents
            .iter()
            .map(|sha| {
                json!({
                    "sha": sha,
                    "url": format!("{}/commits/{sha}", self.url(repo)),
                    "html_url": format!("{html}/commit/{sha}"),
                })
            })
            .collect();
        json!({
            "sha": commit.sha,
            "node_id": NodeId::name(Kind::Commit, repo.id, &commit.sha),
            "commit": self.git_commit(repo, commit),
            "url": url,
            "html_url": format!("{html}/commit/{}", commit.sha),
            "comments_url": format!("{url}/comments"),
            "author": self.account(&commit.author),
            "committer": self.account(&commit.author),
            "parents": parents,
        })
    }

    /// A commit with its size and files.
    pub fn full_commit(&self, repo: &Repo, commit: &Commit) -> Value {
        let files = commit.files.iter();
        let files: Vec<Value> = files.map(|it| self.change(repo, &commit.sha, it)).collect();
        let more = json!({
            "stats": {
                "additions": commit.additions,
                "deletions": commit.deletions,
                "total": commit.additions + commit.deletions,
            },
            "files": files,
        });
        merge(self.commit(repo, commit), more)
    }
}

/// Adds the keys of one object to another.
pub fn merge(mut into: Value, more: Value) -> Value {
    if let (Some(map), Value::Object(more)) = (into.as_object_mut(), more) {
        map.extend(more);
    }
    into
}
