//! Issues in REST's words; a pull request is one too, and then says so.

use serde_json::{Value, json};

use super::{Shape, maybe, merge, time};
use crate::sim::model::{Issue, IssueReason, Kind, NodeId, Pull, PullState, Repo};

/// What issues and pull requests have in common.
struct Common<'a> {
    number: u64,
    page: &'static str,
    title: &'a str,
    body: &'a str,
    author: &'a str,
    labels: &'a [String],
}

impl Shape<'_> {
    fn common(&self, repo: &Repo, it: &Common<'_>) -> Value {
        let url = format!("{}/issues/{}", self.url(repo), it.number);
        let labels: Vec<Value> = it
            .labels
            .iter()
            .filter_map(|name| repo.labels.iter().find(|it| it.name == *name))
            .map(|it| self.label(repo, it))
            .collect();
        json!({
            "url": url,
            "repository_url": self.url(repo),
            "labels_url": format!("{url}/labels{{/name}}"),
            "comments_url": format!("{url}/comments"),
            "events_url": format!("{url}/events"),
            "html_url": format!("{}/{}/{}", self.html(repo), it.page, it.number),
            "number": it.number,
            "title": it.title,
            "user": self.account(it.author),
            "labels": labels,
            "locked": false,
            "assignee": null,
            "assignees": [],
            "milestone": null,
            "comments": 0,
            "author_association": "MEMBER",
            "active_lock_reason": null,
            "body": (!it.body.is_empty()).then_some(it.body),
            "timeline_url": format!("{url}/timeline"),
            "performed_via_github_app": null,
        })
    }

    /// An issue.
    pub fn issue(&self, repo: &Repo, it: &Issue) -> Value {
        let common = Common {
            number: it.number,
            page: "issues",
            title: &it.title,
            body: &it.body,
            author: &it.author,
            labels: &it.labels,
        };
        let own = json!({
            "id": it.id,
            "node_id": NodeId::number(Kind::Issue, repo.id, it.id),
            "state": it.state.word(),
            "state_reason": it.reason.map(IssueReason::word),
            "created_at": time(it.created_at),
            "updated_at": time(it.updated_at),
            "closed_at": maybe(it.closed_at),
            "closed_by": it.closed_by.as_ref().map(|it| self.account(it)),
        });
        merge(self.common(repo, &common), own)
    }

    /// A pull request as the issues list has it.
    pub fn issue_of_pull(&self, repo: &Repo, it: &Pull) -> Value {
        let common = Common {
            number: it.number,
            page: "pull",
            title: &it.title,
            body: &it.body,
            author: &it.author,
            labels: &it.labels,
        };
        let html = format!("{}/pull/{}", self.html(repo), it.number);
        let open = it.state == PullState::Open;
        let own = json!({
            "id": it.id,
            "node_id": NodeId::number(Kind::PullRequest, repo.id, it.id),
            "state": if open { "open" } else { "closed" },
            "state_reason": null,
            "created_at": time(it.created_at),
            "updated_at": time(it.updated_at),
            "closed_at": maybe(it.closed_at),
            "draft": it.draft,
            "pull_request": {
                "url": format!("{}/pulls/{}", self.url(repo), it.number),
                "html_url": html,
                "diff_url": format!("{html}.diff"),
                "patch_url": format!("{html}.patch"),
                "merged_at": maybe(it.merged_at),
            },
        });
        merge(self.common(repo, &common), own)
    }
}
