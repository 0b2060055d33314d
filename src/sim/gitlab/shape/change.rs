//! Merge requests, their approvals and notes, and releases.

use serde_json::{Value, json};

use super::{commit, pipeline, stamp, user};
use crate::sim::{
    gitlab::words::pull_word,
    model::{
        Issue, IssueState, Label, Pull, PullState, Release, Repo, ReviewState, State, gitlab::Note,
    },
};

/// A merge request in a list.
pub fn brief(state: &State, repo: &Repo, it: &Pull) -> Value {
    let status = repo.detailed_merge_status(it);
    let merged = it.merged_by.as_deref().map(|it| user(state, it));
    let old = match (it.state, it.mergeable) {
        (PullState::Open, Some(false)) => "cannot_be_merged",
        (PullState::Open, None) => "checking",
        (PullState::Open, Some(true)) | (PullState::Closed | PullState::Merged, _) => {
            "can_be_merged"
        }
    };
    let mut shaped = json!({
        "id": it.id,
        "iid": it.number,
        "project_id": repo.id,
        "title": if it.draft { format!("Draft: {}", it.title) } else { it.title.clone() },
        "description": it.body,
        "state": pull_word(it),
        "created_at": stamp(it.created_at),
        "updated_at": stamp(it.updated_at),
        "merged_by": merged,
        "merge_user": merged,
        "merged_at": it.merged_at.map(stamp),
        "closed_by": null,
        "closed_at": it.closed_at.filter(|_| it.merged_at.is_none()).map(stamp),
        "target_branch": it.base,
        "source_branch": it.head,
        "user_notes_count": repo.gitlab.iter().flat_map(|it| &it.notes).filter(|note| note.number == it.number).count(),
        "upvotes": 0,
        "downvotes": 0,
        "author": user(state, &it.author),
        "assignees": [],
        "assignee": null,
        "reviewers": it.requested.iter().map(|it| user(state, it)).collect::<Vec<_>>(),
        "source_project_id": repo.id,
        "target_project_id": repo.id,
    });
    let more = json!({
        "labels": it.labels,
        "draft": it.draft,
        "work_in_progress": it.draft,
        "milestone": null,
        "merge_when_pipeline_succeeds": it.auto_merge.is_some(),
        "merge_status": old,
        "detailed_merge_status": status,
        "sha": it.head_sha,
        "merge_commit_sha": it.merge_commit,
        "squash_commit_sha": null,
        "discussion_locked": null,
        "should_remove_source_branch": null,
        "force_remove_source_branch": false,
        "reference": format!("!{}", it.number),
        "references": {
            "short": format!("!{}", it.number),
            "relative": format!("!{}", it.number),
            "full": format!("{}!{}", repo.full_name(), it.number),
        },
        "web_url": format!("{}/-/merge_requests/{}", state.html(repo), it.number),
        "squash": false,
        "squash_on_merge": false,
        "has_conflicts": it.mergeable == Some(false),
        "blocking_discussions_resolved": true,
        "approvals_before_merge": null,
    });
    pipeline::merge(&mut shaped, more);
    shaped
}

/// A merge request alone.
pub fn whole(state: &State, repo: &Repo, it: &Pull, token: &crate::sim::model::Token) -> Value {
    let mut shaped = brief(state, repo, it);
    let head = repo.head_pipeline(it);
    let behind = repo.compare(&it.base, &it.head).map_or(0, |it| it.behind);
    pipeline::merge(
        &mut shaped,
        json!({
            "subscribed": false,
            "changes_count": it.files.to_string(),
            "head_pipeline": head.map(|it| pipeline::whole(state, repo, it)),
            "pipeline": head.map(|it| pipeline::brief(state, repo, it)),
            "diff_refs": {
                "base_sha": it.base_sha,
                "head_sha": it.head_sha,
                "start_sha": it.base_sha,
            },
            "diverged_commits_count": behind,
            "merge_error": null,
            "first_contribution": false,
            "user": {"can_merge": crate::sim::gitlab::words::level(token.permission) >= 30},
        }),
    );
    shaped
}

/// Who approved a merge request.
pub fn approvals(state: &State, repo: &Repo, it: &Pull, login: &str) -> Value {
    let (given, needed) = repo.approvals(it);
    let opinions = it.opinions();
    let by: Vec<Value> = opinions
        .iter()
        .filter(|it| it.state == ReviewState::Approved)
        .map(|it| json!({"user": user(state, &it.author), "approved_at": stamp(it.at)}))
        .collect();
    let has = |login: &str| {
        let mut all = opinions.iter();
        all.any(|it| it.author == login && it.state == ReviewState::Approved)
    };
    json!({
        "id": it.id,
        "iid": it.number,
        "project_id": repo.id,
        "title": it.title,
        "state": pull_word(it),
        "merge_status": if it.mergeable == Some(false) { "cannot_be_merged" } else { "can_be_merged" },
        "approved": given >= needed,
        "approvals_required": needed,
        "approvals_left": needed.saturating_sub(given),
        "approved_by": by,
        "user_has_approved": has(login),
        "user_can_approve": !has(login) && it.author != login,
        "suggested_approvers": [],
        "approvers": [],
        "approver_groups": [],
        "approval_rules_left": [],
        "has_approval_rules": needed > 0,
    })
}

/// The rules of a merge request, and how far they are met.
pub fn approval_state(state: &State, repo: &Repo, it: &Pull) -> Value {
    let (given, needed) = repo.approvals(it);
    let by: Vec<Value> = it
        .opinions()
        .iter()
        .filter(|it| it.state == ReviewState::Approved)
        .map(|it| user(state, &it.author))
        .collect();
    json!({
        "approval_rules_overwritten": false,
        "rules": [{
            "id": repo.id * 10 + 1,
            "name": "All Members",
            "rule_type": "any_approver",
            "eligible_approvers": [],
            "approvals_required": needed,
            "users": [],
            "groups": [],
            "contains_hidden_groups": false,
            "approved_by": by,
            "source_rule": null,
            "approved": given >= needed,
            "overridden": false,
        }],
    })
}

/// What somebody said.
pub fn note(state: &State, it: &Note) -> Value {
    json!({
        "id": it.id,
        "type": null,
        "body": it.body,
        "author": user(state, &it.author),
        "created_at": stamp(it.created_at),
        "updated_at": stamp(it.created_at),
        "system": false,
        "noteable_type": "MergeRequest",
        "noteable_iid": it.number,
        "resolvable": false,
        "confidential": false,
        "internal": false,
    })
}

/// A label.
pub fn label(it: &Label) -> Value {
    json!({
        "id": it.id,
        "name": it.name,
        "color": format!("#{}", it.color),
        "text_color": "#FFFFFF",
        "description": it.description,
        "is_project_label": true,
    })
}

/// A release.
pub fn release(state: &State, repo: &Repo, it: &Release) -> Value {
    let found = repo.tag(&it.tag);
    let at = it.published_at.unwrap_or(it.created_at);
    json!({
        "tag_name": it.tag,
        "name": it.name.as_deref().unwrap_or(&it.tag),
        "description": it.body,
        "created_at": stamp(it.created_at),
        "released_at": stamp(at),
        "upcoming_release": at > state.now,
        "author": user(state, &it.author),
        "commit": found.map(|it| commit(state, repo, it)),
        "milestones": [],
        "commit_path": found.map(|it| format!("/{}/-/commit/{}", repo.full_name(), it.sha)),
        "tag_path": format!("/{}/-/tags/{}", repo.full_name(), it.tag),
        "assets": {"count": 0, "sources": [], "links": []},
        "evidences": [],
        "_links": {"self": format!("{}/-/releases/{}", state.html(repo), it.tag)},
    })
}

/// An issue.
pub fn issue(state: &State, repo: &Repo, it: &Issue) -> Value {
    json!({
        "id": it.id,
        "iid": it.number,
        "project_id": repo.id,
        "title": it.title,
        "description": it.body,
        "state": if it.state == IssueState::Open { "opened" } else { "closed" },
        "created_at": stamp(it.created_at),
        "updated_at": stamp(it.updated_at),
        "closed_at": it.closed_at.map(stamp),
        "labels": it.labels,
        "milestone": null,
        "assignees": [],
        "author": user(state, &it.author),
        "type": "ISSUE",
        "user_notes_count": 0,
        "confidential": false,
        "issue_type": "issue",
        "web_url": format!("{}/-/issues/{}", state.html(repo), it.number),
        "references": {
            "short": format!("#{}", it.number),
            "relative": format!("#{}", it.number),
            "full": format!("{}#{}", repo.full_name(), it.number),
        },
    })
}
