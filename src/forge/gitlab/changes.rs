//! Open merge requests: REST tells who and when, the batched query what their pipelines say.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::project::User;
use super::{GitLab, words};
use crate::domain::ids::{PullRequestNumber, RepoPath, Sha};
use crate::domain::phase::Phase;
use crate::domain::pull_request::{ChangeState, PullRequest};
use crate::domain::text::clean;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;

/// A merge request as REST has it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct WireChange {
    pub(super) iid: u64,
    pub(super) title: String,
    pub(super) description: Option<String>,
    pub(super) web_url: String,
    pub(super) author: Option<User>,
    pub(super) merge_user: Option<User>,
    #[serde(default)]
    draft: bool,
    pub(super) state: Option<String>,
    /// The head of what would be merged.
    pub(super) sha: Option<String>,
    pub(super) source_branch: String,
    target_branch: String,
    detailed_merge_status: Option<String>,
    has_conflicts: Option<bool>,
    #[serde(default)]
    pub(super) labels: Vec<String>,
    updated_at: Option<Timestamp>,
    pub(super) merge_commit_sha: Option<String>,
    pub(super) squash_commit_sha: Option<String>,
}

/// What GraphQL tells of a merge request besides.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Beside {
    pub(super) iid: String,
    approvals_left: Option<i64>,
    head_pipeline: Option<HeadPipeline>,
}

#[derive(Clone, Debug, Deserialize)]
struct HeadPipeline {
    status: String,
}

impl Beside {
    fn checks(&self) -> Option<Phase> {
        let pipeline = self.head_pipeline.as_ref()?;
        Some(words::pipeline(&pipeline.status))
    }
}

fn change(read: WireChange, beside: Option<&Beside>) -> PullRequest {
    let detailed = read.detailed_merge_status.as_deref();
    let conflicts = read.has_conflicts.unwrap_or_default();
    let mut state = words::change(read.draft, detailed, conflicts);
    let approvals_left = beside.and_then(|beside| beside.approvals_left);
    // Of several reasons GitLab names one; a missing approval is the one that a person can mend.
    if state == ChangeState::Blocked && approvals_left.is_some_and(|left| left > 0) {
        state = ChangeState::NeedsReview;
    }
    let mut raw = detailed.unwrap_or("no merge status").to_owned();
    if let Some(left) = approvals_left.filter(|left| *left > 0) {
        raw = format!("{raw} {left} approvals left");
    }
    PullRequest {
        number: PullRequestNumber(read.iid),
        title: clean(&read.title),
        author: read.author.as_ref().map(User::person),
        url: clean(&read.web_url),
        head: Sha::from(clean(read.sha.as_deref().unwrap_or_default()).to_lowercase()),
        head_ref: clean(&read.source_branch),
        base_ref: clean(&read.target_branch),
        state,
        checks: beside.and_then(Beside::checks),
        raw: clean(&raw).to_lowercase(),
        labels: read.labels.iter().map(|label| clean(label)).collect(),
        updated_at: read.updated_at.unwrap_or_default(),
    }
}

impl GitLab {
    /// Reads the open merge requests that changed last.
    pub(super) async fn open_changes(
        &self,
        repo: &RepoPath,
        beside: &BTreeMap<u64, Beside>,
    ) -> Result<Vec<PullRequest>, Error> {
        let route = "/merge_requests?state=opened&order_by=updated_at&sort=desc&per_page=20";
        let read: Vec<WireChange> = self.read(Purpose::Poll, repo, route).await?;
        let changes = read.into_iter().map(|read| {
            let beside = beside.get(&read.iid);
            change(read, beside)
        });
        Ok(changes.collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_merge_request_is_read_from_both_apis() {
        let read: WireChange = serde_json::from_value(json!({
            "iid": 12, "title": "Fix \u{1b}[2Jit", "web_url": "u", "author": {"username": "ada"},
            "draft": false, "state": "opened", "sha": "ABCD", "source_branch": "main",
            "target_branch": "production", "detailed_merge_status": "blocked_status",
            "has_conflicts": false, "labels": ["release"], "updated_at": "2026-11-01T10:00:00Z"}))
        .unwrap();
        let beside: Beside = serde_json::from_value(json!({
            "iid": "12", "approvalsLeft": 1, "headPipeline": {"id": "gid://gitlab/Ci::Pipeline/9", "status": "RUNNING"}}))
        .unwrap();
        let read = change(read, Some(&beside));
        assert_eq!(read.state, ChangeState::NeedsReview);
        assert_eq!(read.checks, Some(Phase::Running));
        assert_eq!(read.head, Sha::from("abcd"));
        assert_eq!(read.raw, "blocked_status 1 approvals left");
        assert!(!read.title.contains('\u{1b}'));
    }
}
