//! Reads of the forge itself, of accounts, repositories, branches and commits.

use serde_json::{Value, json};

use super::{
    Answer, Ask,
    list::Page,
    shape::{merge, time},
};
use crate::sim::{
    act::Refusal,
    model::{Branch, Commit, Kind, NodeId, Ordering, Repo, User},
    shared::{Budget, Resource},
};

mod actions;
mod deploy;
mod files;
mod issues;
mod pulls;

type Done = Result<Answer, Refusal>;

/// Reads a number in a path.
pub fn number(text: &str) -> Result<u64, Refusal> {
    text.parse().map_err(|_| Refusal::not_found())
}

impl Ask<'_> {
    /// Where everything is.
    pub fn root(&self) -> Answer {
        let api = self.api;
        Answer::json(
            200,
            json!({
                "current_user_url": format!("{api}/user"),
                "rate_limit_url": format!("{api}/rate_limit"),
                "repository_url": format!("{api}/repos/{{owner}}/{{repo}}"),
                "user_url": format!("{api}/users/{{user}}"),
            }),
        )
    }

    /// What forge this is; the version tells Enterprise Server from github.com.
    pub fn meta(&self) -> Answer {
        let mut body = json!({"verifiable_password_authentication": false});
        let more = if self.ghes() {
            json!({"installed_version": "3.19.2"})
        } else {
            json!({"hooks": ["127.0.0.1/32"], "web": ["127.0.0.1/32"], "api": ["127.0.0.1/32"]})
        };
        body = merge(body, more);
        Answer::json(200, body)
    }

    /// What is left of the budgets.
    pub fn rate_limit(&self) -> Done {
        let shared = &self.session.shared;
        let left = |resource| shared.charge(self.token(), resource, 0);
        let (Some(core), Some(graphql)) = (left(Resource::Core), left(Resource::Graphql)) else {
            return Err(Refusal::new(404, "Rate limiting is not enabled."));
        };
        let show = |it: Budget, name: &str| {
            json!({
                "limit": it.limit, "used": it.used, "remaining": it.remaining(),
                "reset": it.reset.as_second(), "resource": name,
            })
        };
        let search = Budget {
            limit: 30,
            used: 0,
            ..core
        };
        Ok(Answer::json(
            200,
            json!({
                "resources": {
                    "core": show(core, "core"),
                    "graphql": show(graphql, "graphql"),
                    "search": show(search, "search"),
                },
                "rate": show(core, "core"),
            }),
        ))
    }

    /// Who asks.
    pub fn viewer(&self) -> Answer {
        let user = self.state().user(&self.token().login);
        let more = json!({
            "private_gists": 0,
            "total_private_repos": self.state().repos.len(),
            "owned_private_repos": 0,
            "disk_usage": 0,
            "collaborators": 0,
            "two_factor_authentication": true,
            "plan": {"name": "team", "space": 976_562_499, "collaborators": 0, "private_repos": 9_999},
        });
        Answer::json(200, merge(self.profile(&user), more))
    }

    fn profile(&self, user: &User) -> Value {
        let more = json!({
            "name": user.name,
            "company": null,
            "blog": "",
            "location": null,
            "email": user.email,
            "hireable": null,
            "bio": null,
            "twitter_username": null,
            "public_repos": 0,
            "public_gists": 0,
            "followers": 0,
            "following": 0,
            "created_at": "2019-04-01T08:00:00Z",
            "updated_at": time(self.state().started),
        });
        merge(self.shape().person(user), more)
    }

    /// A person.
    pub fn person(&self, login: &str) -> Done {
        let user = self
            .state()
            .users
            .get(login)
            .ok_or_else(Refusal::not_found)?;
        Ok(Answer::json(200, self.profile(user)))
    }

    /// An organisation.
    pub fn organization(&self, login: &str) -> Done {
        let id = self
            .state()
            .organizations
            .get(login)
            .ok_or_else(Refusal::not_found)?;
        let url = format!("{}/orgs/{login}", self.api);
        Ok(Answer::json(
            200,
            json!({
                "login": login,
                "id": id,
                "node_id": NodeId::number(Kind::Organization, 0, *id),
                "url": url,
                "repos_url": format!("{url}/repos"),
                "events_url": format!("{url}/events"),
                "hooks_url": format!("{url}/hooks"),
                "issues_url": format!("{url}/issues"),
                "members_url": format!("{url}/members{{/member}}"),
                "public_members_url": format!("{url}/public_members{{/member}}"),
                "avatar_url": format!("{}/avatars/{login}", self.state().base),
                "description": null,
                "name": login,
                "html_url": format!("{}/{login}", self.state().base),
                "type": "Organization",
                "has_organization_projects": false,
                "has_repository_projects": false,
                "public_repos": 0,
                "public_gists": 0,
                "followers": 0,
                "following": 0,
                "created_at": "2019-04-01T08:00:00Z",
                "updated_at": "2019-04-01T08:00:00Z",
                "archived_at": null,
            }),
        ))
    }

    /// The repositories that the token sees, of one owner or of all.
    pub fn repos(&self, owner: Option<&str>) -> Answer {
        let mut repos: Vec<_> = self
            .state()
            .repos
            .iter()
            .filter(|it| owner.is_none_or(|owner| it.owner.eq_ignore_ascii_case(owner)))
            .filter(|it| !it.private || self.token().sees(&it.owner, &it.name))
            .collect();
        match self.param("sort") {
            Some("pushed" | "updated") => repos.sort_by_key(|it| std::cmp::Reverse(it.pushed_at)),
            Some("full_name") => repos.sort_by_key(|it| it.full_name()),
            _ => {}
        }
        self.list(&repos, |it| self.shape().repo(it))
    }

    /// One repository.
    pub fn repo(&self, repo: &Repo) -> Answer {
        Answer::json(200, self.shape().repo(repo))
    }

    /// Branches.
    pub fn branches(&self, repo: &Repo) -> Answer {
        let branches: Vec<&Branch> = repo.branches.values().collect();
        let url = self.shape().url(repo);
        self.list(&branches, |it| {
            json!({
                "name": it.name,
                "commit": {"sha": it.sha, "url": format!("{url}/commits/{}", it.sha)},
                "protected": it.protection.is_some(),
            })
        })
    }

    /// One branch.
    pub fn branch(&self, repo: &Repo, name: &str) -> Done {
        let branch = repo
            .branches
            .get(name)
            .ok_or_else(|| Refusal::new(404, "Branch not found"))?;
        let commit = repo.commit(&branch.sha).ok_or_else(Refusal::not_found)?;
        let shape = self.shape();
        let url = format!("{}/branches/{name}", shape.url(repo));
        // A ruleset makes a branch protected as well, and is told among the rules alone.
        let classic = branch.protection.as_ref().filter(|it| it.classic);
        let contexts = classic.map(|it| it.contexts.clone()).unwrap_or_default();
        let level = if contexts.is_empty() {
            "off"
        } else {
            "non_admins"
        };
        let checks: Vec<Value> = contexts
            .iter()
            .map(|it| json!({"context": it, "app_id": null}))
            .collect();
        Ok(Answer::json(
            200,
            json!({
                "name": name,
                "commit": shape.commit(repo, commit),
                "_links": {"self": url, "html": format!("{}/tree/{name}", shape.html(repo))},
                "protected": branch.protection.is_some(),
                "protection": {
                    "enabled": classic.is_some(),
                    "required_status_checks": {
                        "enforcement_level": level, "contexts": contexts, "checks": checks,
                    },
                },
                "protection_url": format!("{url}/protection"),
            }),
        ))
    }

    /// The rules on a branch: what rulesets ask, and not what its own protection does.
    pub fn branch_rules(&self, repo: &Repo, name: &str) -> Answer {
        let mut rules = Vec::new();
        let source = json!({
            "ruleset_source_type": "Repository", "ruleset_source": repo.full_name(), "ruleset_id": 1,
        });
        if let Some(protection) = repo.protection(name).filter(|it| !it.classic) {
            if protection.reviews > 0 {
                let rule = json!({"type": "pull_request", "parameters": {
                    "dismiss_stale_reviews_on_push": false,
                    "require_code_owner_review": false,
                    "require_last_push_approval": false,
                    "required_approving_review_count": protection.reviews,
                    "required_review_thread_resolution": false,
                }});
                rules.push(merge(rule, source.clone()));
            }
            if !protection.contexts.is_empty() {
                let checks: Vec<Value> = protection
                    .contexts
                    .iter()
                    .map(|it| json!({"context": it}))
                    .collect();
                let rule = json!({"type": "required_status_checks", "parameters": {
                    "required_status_checks": checks,
                    "strict_required_status_checks_policy": false,
                }});
                rules.push(merge(rule, source));
            }
        }
        self.list(&rules, Value::clone)
    }

    /// Commits from a branch or sha backward, newest first.
    pub fn commits(&self, repo: &Repo) -> Done {
        let from = self.param("sha").unwrap_or(&repo.default_branch);
        let head = repo.resolve(from).ok_or_else(Refusal::not_found)?;
        let known = repo.ancestors(&head.sha);
        let commits: Vec<_> = repo
            .commits
            .iter()
            .rev()
            .filter(|it| known.contains(it.sha.as_str()))
            .collect();
        Ok(self.list(&commits, |it| self.shape().commit(repo, it)))
    }

    /// One commit.
    pub fn commit(&self, repo: &Repo, rev: &str) -> Done {
        Ok(Answer::json(
            200,
            self.shape().full_commit(repo, self.rev(repo, rev)?),
        ))
    }

    /// The commit that a revision in a path names.
    pub fn rev<'r>(&self, repo: &'r Repo, rev: &str) -> Result<&'r Commit, Refusal> {
        let found = repo.resolve(rev).map(|it| &**it);
        found.ok_or_else(|| Refusal::new(422, format!("No commit found for SHA: {rev}")))
    }

    /// The difference of two revisions.
    pub fn compare(&self, repo: &Repo, basehead: &str) -> Done {
        let (base, head) = basehead.split_once("...").ok_or_else(Refusal::not_found)?;
        // `owner:branch` names the branch of a fork; ours have none but themselves.
        let plain = |text: &str| text.rsplit(':').next().unwrap_or(text).to_owned();
        let (base, head) = (plain(base), plain(head));
        let found = repo.compare(&base, &head).ok_or_else(Refusal::not_found)?;
        let base_commit = repo.resolve(&base).ok_or_else(Refusal::not_found)?;
        let shape = self.shape();
        let page = Page::of(self);
        let asked = self.param("page").is_some() || self.param("per_page").is_some();
        let (from, size) = if asked {
            ((page.number - 1) * page.size, page.size)
        } else {
            (0, 250)
        };
        let commits: Vec<Value> = found
            .commits
            .iter()
            .skip(from)
            .take(size)
            .map(|it| shape.commit(repo, it))
            .collect();
        // Three hundred at most, and on the first page alone.
        let changes = if page.number == 1 {
            Repo::changes(&found.commits)
        } else {
            Vec::new()
        };
        let head_sha = repo.resolve(&head).map_or(head.as_str(), |it| &it.sha);
        let files: Vec<Value> = changes
            .iter()
            .take(300)
            .map(|it| shape.change(repo, head_sha, it))
            .collect();
        let url = format!("{}/compare/{base}...{head}", shape.url(repo));
        let html = format!("{}/compare/{base}...{head}", shape.html(repo));
        let body = json!({
            "url": url,
            "html_url": html,
            "permalink_url": html,
            "diff_url": format!("{html}.diff"),
            "patch_url": format!("{html}.patch"),
            "base_commit": shape.commit(repo, base_commit),
            "merge_base_commit": shape.commit(repo, &found.merge_base),
            "status": Ordering::word(found.status),
            "ahead_by": found.commits.len(),
            "behind_by": found.behind,
            "total_commits": found.commits.len(),
            "commits": commits,
            "files": files,
        });
        let answer = Answer::json(200, body);
        Ok(if asked {
            self.linked(answer, page, found.commits.len())
        } else {
            answer
        })
    }

    /// Tags, newest first.
    pub fn tags(&self, repo: &Repo) -> Answer {
        let tags: Vec<_> = repo.tags.iter().rev().collect();
        self.list(&tags, |it| self.shape().tag(repo, it))
    }

    /// A branch or tag as git's own API has it.
    pub fn git_ref(&self, repo: &Repo, name: &str) -> Done {
        let sha = match name.split_once('/') {
            Some(("heads", branch)) => repo.branches.get(branch).map(|it| it.sha.as_str()),
            Some(("tags", tag)) => repo.tag(tag).map(|it| it.sha.as_str()),
            _ => None,
        };
        let sha = sha.ok_or_else(Refusal::not_found)?;
        Ok(Answer::json(
            200,
            self.shape().git_ref(repo, &format!("refs/{name}"), sha),
        ))
    }
}
