//! Pull requests, their reviews, and issues.

use serde_json::{Value, json};

use super::{Shape, maybe, time};
use crate::sim::model::{
    Issue, IssueState, Permission, Pull, PullState, Repo, Review, ReviewState,
};

/// The beginnings of a title that make a draft.
pub const WIP: [&str; 2] = ["WIP:", "[WIP]"];

/// A title as people see it: a draft is nothing but a title that says so.
pub fn title(pull: &Pull) -> String {
    let says = WIP
        .iter()
        .any(|it| pull.title.to_uppercase().starts_with(it));
    if pull.draft && !says {
        format!("WIP: {}", pull.title)
    } else {
        pull.title.clone()
    }
}

impl Shape<'_> {
    /// A pull request.
    pub fn pull(&self, repo: &Repo, pull: &Pull) -> Value {
        let html = format!("{}/pulls/{}", self.html(repo), pull.number);
        let open = pull.state == PullState::Open;
        let merged = pull.state == PullState::Merged;
        let whole = self.repo(repo);
        let side = |name: &str, sha: &str| json!({"label": name, "ref": name, "sha": sha, "repo_id": repo.id, "repo": whole});
        let base = match repo.branches.get(&pull.base) {
            Some(branch) if open => &branch.sha,
            _ => &pull.base_sha,
        };
        let between = repo.compare(base, &pull.head_sha);
        let requested: Vec<Value> = pull.requested.iter().map(|it| self.account(it)).collect();
        json!({
            "id": pull.id,
            "url": html,
            "number": pull.number,
            "user": self.account(&pull.author),
            "title": title(pull),
            "body": pull.body,
            "labels": self.labels(repo, &pull.labels),
            "milestone": null,
            "assignee": null,
            "assignees": null,
            "requested_reviewers": requested,
            "requested_reviewers_teams": null,
            "state": if open { "open" } else { "closed" },
            "draft": pull.draft,
            "is_locked": false,
            "comments": 0,
            "review_comments": 0,
            "additions": pull.additions,
            "deletions": pull.deletions,
            "changed_files": pull.files,
            "html_url": html,
            "diff_url": format!("{html}.diff"),
            "patch_url": format!("{html}.patch"),
            // False also while nobody knows yet, and for every draft.
            "mergeable": open && !pull.draft && pull.mergeable == Some(true),
            "merged": merged,
            "merged_at": maybe(pull.merged_at),
            "merge_commit_sha": pull.merge_commit,
            "merged_by": pull.merged_by.as_ref().map(|it| self.account(it)),
            "allow_maintainer_edit": false,
            "base": side(&pull.base, base),
            "head": side(&pull.head, &pull.head_sha),
            "merge_base": between.map(|it| it.merge_base.sha.clone()).unwrap_or_default(),
            "due_date": null,
            "created_at": time(pull.created_at),
            "updated_at": time(pull.updated_at),
            "closed_at": maybe(pull.closed_at),
            "pin_order": 0,
            "flow": 0,
        })
    }

    /// Says whether somebody's review counts: a person who may write, at a branch with a rule.
    pub fn official(&self, repo: &Repo, pull: &Pull, login: &str) -> bool {
        let mut own = self
            .state
            .tokens
            .values()
            .filter(|it| it.login == login)
            .peekable();
        let writes = own.peek().is_none() || own.any(|it| it.permission >= Permission::Write);
        repo.protection(&pull.base).is_some() && self.state.users.contains_key(login) && writes
    }

    /// The reviews of a pull request, and who was asked for one.
    pub fn reviews(&self, repo: &Repo, pull: &Pull) -> Vec<Value> {
        let given = pull
            .reviews
            .iter()
            .filter(|it| it.state != ReviewState::Pending);
        let given = given.map(|it| self.review(repo, pull, it));
        let asked = pull.requested.iter().enumerate().map(|(at, login)| {
            json!({
                "id": 800_000 + pull.id * 8 + at as u64,
                "user": self.account(login),
                "team": null,
                "state": "REQUEST_REVIEW",
                "body": "",
                "commit_id": "",
                "stale": false,
                "official": self.official(repo, pull, login),
                "dismissed": false,
                "comments_count": 0,
                "submitted_at": time(pull.created_at),
                "updated_at": time(pull.created_at),
                "html_url": "",
                "pull_request_url": format!("{}/pulls/{}", self.html(repo), pull.number),
            })
        });
        given.chain(asked).collect()
    }

    /// A review.
    pub fn review(&self, repo: &Repo, pull: &Pull, it: &Review) -> Value {
        let html = format!("{}/pulls/{}", self.html(repo), pull.number);
        let comment = it.state == ReviewState::Commented;
        json!({
            "id": it.id,
            "user": self.account(&it.author),
            "team": null,
            "state": match it.state {
                ReviewState::Approved | ReviewState::Dismissed => "APPROVED",
                ReviewState::ChangesRequested => "REQUEST_CHANGES",
                ReviewState::Commented => "COMMENT",
                ReviewState::Pending => "PENDING",
            },
            "body": it.body,
            "commit_id": it.commit,
            "stale": it.commit != pull.head_sha,
            "official": !comment && self.official(repo, pull, &it.author),
            "dismissed": it.state == ReviewState::Dismissed,
            "comments_count": 0,
            "submitted_at": time(it.at),
            "updated_at": time(it.at),
            "html_url": format!("{html}#issuecomment-{}", it.id),
            "pull_request_url": html,
        })
    }

    /// An issue.
    pub fn issue(&self, repo: &Repo, issue: &Issue) -> Value {
        let path = format!("issues/{}", issue.number);
        json!({
            "id": issue.id,
            "url": format!("{}/{path}", self.url(repo)),
            "html_url": format!("{}/{path}", self.html(repo)),
            "number": issue.number,
            "user": self.account(&issue.author),
            "title": issue.title,
            "body": issue.body,
            "labels": self.labels(repo, &issue.labels),
            "milestone": null,
            "assignee": null,
            "assignees": null,
            "state": if issue.state == IssueState::Open { "open" } else { "closed" },
            "is_locked": false,
            "comments": 0,
            "created_at": time(issue.created_at),
            "updated_at": time(issue.updated_at),
            "closed_at": maybe(issue.closed_at),
            "due_date": null,
            "pull_request": null,
            "repository": {
                "id": repo.id, "name": repo.name, "owner": repo.owner, "full_name": repo.full_name(),
            },
            "pin_order": 0,
        })
    }

    /// A pull request as the list of issues has it.
    pub fn pull_issue(&self, repo: &Repo, pull: &Pull) -> Value {
        let html = format!("{}/pulls/{}", self.html(repo), pull.number);
        json!({
            "id": pull.id,
            "url": format!("{}/issues/{}", self.url(repo), pull.number),
            "html_url": html,
            "number": pull.number,
            "user": self.account(&pull.author),
            "title": title(pull),
            "body": pull.body,
            "labels": self.labels(repo, &pull.labels),
            "milestone": null,
            "assignee": null,
            "assignees": null,
            "state": if pull.state == PullState::Open { "open" } else { "closed" },
            "is_locked": false,
            "comments": 0,
            "created_at": time(pull.created_at),
            "updated_at": time(pull.updated_at),
            "closed_at": maybe(pull.closed_at),
            "due_date": null,
            "pull_request": {
                "merged": pull.state == PullState::Merged,
                "merged_at": maybe(pull.merged_at),
                "draft": pull.draft,
                "html_url": html,
            },
            "repository": {
                "id": repo.id, "name": repo.name, "owner": repo.owner, "full_name": repo.full_name(),
            },
            "pin_order": 0,
        })
    }
}
