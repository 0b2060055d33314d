//! Pull requests, reviews and labels in REST's words.

use serde_json::{Value, json};

use super::{Shape, maybe, merge, time};
use crate::sim::model::{Kind, Label, MergeMethod, NodeId, Pull, PullState, Repo, Review};

impl Shape<'_> {
    /// A pull request as it stands inside of runs.
    pub fn pull_link(&self, repo: &Repo, pull: &Pull) -> Value {
        let side = |name: &str, sha: &str| {
            json!({
                "ref": name,
                "sha": sha,
                "repo": {"id": repo.id, "url": self.url(repo), "name": repo.name},
            })
        };
        json!({
            "url": format!("{}/pulls/{}", self.url(repo), pull.number),
            "id": pull.id,
            "number": pull.number,
            "head": side(&pull.head, &pull.head_sha),
            "base": side(&pull.base, &pull.base_sha),
        })
    }

    /// A pull request as lists have it.
    pub fn pull(&self, repo: &Repo, pull: &Pull) -> Value {
        let url = format!("{}/pulls/{}", self.url(repo), pull.number);
        let issue = format!("{}/issues/{}", self.url(repo), pull.number);
        let html = format!("{}/pull/{}", self.html(repo), pull.number);
        let base_sha = repo
            .branches
            .get(&pull.base)
            .filter(|_| pull.state == PullState::Open);
        let base_sha = base_sha.map_or(&pull.base_sha, |it| &it.sha);
        let statuses = format!("{}/statuses/{}", self.url(repo), pull.head_sha);
        let side = |name: &str, sha: &str| {
            json!({
                "label": format!("{}:{name}", repo.owner),
                "ref": name,
                "sha": sha,
                "user": self.account(&repo.owner),
                "repo": self.repo(repo),
            })
        };
        let labels: Vec<Value> = pull
            .labels
            .iter()
            .map(|it| self.label_named(repo, it))
            .collect();
        let link = |url: &str| json!({"href": url});
        json!({
            "url": url,
            "id": pull.id,
            "node_id": NodeId::number(Kind::PullRequest, repo.id, pull.id),
            "html_url": html,
            "diff_url": format!("{html}.diff"),
            "patch_url": format!("{html}.patch"),
            "issue_url": issue,
            "number": pull.number,
            "state": if pull.state == PullState::Open { "open" } else { "closed" },
            "locked": false,
            "title": pull.title,
            "user": self.account(&pull.author),
            "body": (!pull.body.is_empty()).then_some(&pull.body),
            "created_at": time(pull.created_at),
            "updated_at": time(pull.updated_at),
            "closed_at": maybe(pull.closed_at),
            "merged_at": maybe(pull.merged_at),
            "merge_commit_sha": pull.merge_commit,
            "assignee": null,
            "assignees": [],
            "requested_reviewers": pull.requested.iter().map(|it| self.account(it)).collect::<Vec<_>>(),
            "requested_teams": [],
            "labels": labels,
            "milestone": null,
            "draft": pull.draft,
            "commits_url": format!("{url}/commits"),
            "review_comments_url": format!("{url}/comments"),
            "review_comment_url": format!("{}/pulls/comments{{/number}}", self.url(repo)),
            "comments_url": format!("{issue}/comments"),
            "statuses_url": statuses,
            "head": side(&pull.head, &pull.head_sha),
            "base": side(&pull.base, base_sha),
            "_links": {
                "self": link(&url),
                "html": link(&html),
                "issue": link(&issue),
                "comments": link(&format!("{issue}/comments")),
                "review_comments": link(&format!("{url}/comments")),
                "review_comment": link(&format!("{}/pulls/comments{{/number}}", self.url(repo))),
                "commits": link(&format!("{url}/commits")),
                "statuses": link(&statuses),
            },
            "author_association": "MEMBER",
            "auto_merge": pull.auto_merge.as_ref().map(|it| json!({
                "enabled_by": self.account(&it.by),
                "merge_method": MergeMethod::word(it.method),
                "commit_title": pull.title,
                "commit_message": "",
            })),
            "active_lock_reason": null,
        })
    }

    /// A pull request on its own, with what only one at a time tells.
    pub fn full_pull(&self, repo: &Repo, pull: &Pull) -> Value {
        let open = pull.state == PullState::Open;
        let commits = repo
            .compare(&pull.base_sha, &pull.head_sha)
            .map_or(1, |it| it.commits.len());
        let more = json!({
            "merged": pull.state == PullState::Merged,
            "mergeable": if open { pull.mergeable } else { None },
            "rebaseable": if open { pull.mergeable } else { None },
            "mergeable_state": if open { repo.merge_state(pull) } else { "unknown" },
            "merged_by": pull.merged_by.as_ref().map(|it| self.account(it)),
            "comments": 0,
            "review_comments": 0,
            "maintainer_can_modify": false,
            "commits": commits,
            "additions": pull.additions,
            "deletions": pull.deletions,
            "changed_files": pull.files,
        });
        merge(self.pull(repo, pull), more)
    }

    /// A review.
    pub fn review(&self, repo: &Repo, pull: &Pull, it: &Review) -> Value {
        let html = format!(
            "{}/pull/{}#pullrequestreview-{}",
            self.html(repo),
            pull.number,
            it.id
        );
        let url = format!("{}/pulls/{}", self.url(repo), pull.number);
        json!({
            "id": it.id,
            "node_id": NodeId::number(Kind::Review, repo.id, it.id),
            "user": self.account(&it.author),
            "body": it.body,
            "state": it.state.word().to_uppercase(),
            "html_url": html,
            "pull_request_url": url,
            "author_association": "MEMBER",
            "_links": {"html": {"href": html}, "pull_request": {"href": url}},
            "submitted_at": time(it.at),
            "commit_id": it.commit,
        })
    }

    /// A label.
    pub fn label(&self, repo: &Repo, it: &Label) -> Value {
        json!({
            "id": it.id,
            "node_id": NodeId::number(Kind::Label, repo.id, it.id),
            "url": format!("{}/labels/{}", self.url(repo), super::super::encode(&it.name)),
            "name": it.name,
            "color": it.color,
            "default": false,
            "description": it.description,
        })
    }

    fn label_named(&self, repo: &Repo, name: &str) -> Value {
        repo.labels
            .iter()
            .find(|it| it.name == name)
            .map_or(Value::Null, |it| self.label(repo, it))
    }
}
