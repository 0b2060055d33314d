//! An open pull request from the wire.

use jiff::Timestamp;
use serde::Deserialize;

use super::{Login, Named, Nodes, nodes, person, words};
use crate::domain::ids::{PullRequestNumber, Sha};
use crate::domain::pull_request::PullRequest;
use crate::domain::text::clean;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WirePullRequest {
    number: u64,
    title: String,
    url: String,
    #[serde(default)]
    is_draft: bool,
    head_ref_name: String,
    head_ref_oid: String,
    base_ref_name: String,
    updated_at: Timestamp,
    author: Option<Login>,
    review_decision: Option<String>,
    mergeable: Option<String>,
    merge_state_status: Option<String>,
    #[serde(default)]
    is_in_merge_queue: bool,
    labels: Option<Nodes>,
    status_check_rollup: Option<RollupState>,
}

#[derive(Deserialize)]
struct RollupState {
    state: String,
}

pub(super) fn pull_request(read: WirePullRequest, gaps: &mut Vec<String>) -> PullRequest {
    let mergeable = read.mergeable.as_deref().unwrap_or("UNKNOWN");
    let merge_state = read.merge_state_status.as_deref().unwrap_or("UNKNOWN");
    let review = read.review_decision.as_deref();
    let rollup = read.status_check_rollup.as_ref();
    let raw = [Some(mergeable), Some(merge_state), review]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    PullRequest {
        number: PullRequestNumber(read.number),
        title: clean(&read.title),
        author: read.author.as_ref().map(person),
        url: clean(&read.url),
        head: Sha::from(clean(&read.head_ref_oid).to_lowercase()),
        head_ref: clean(&read.head_ref_name),
        base_ref: clean(&read.base_ref_name),
        state: words::change(words::Change {
            draft: read.is_draft,
            queued: read.is_in_merge_queue,
            mergeable,
            merge_state,
            review,
            rollup: rollup.map(|rollup| rollup.state.as_str()),
        }),
        checks: rollup.map(|rollup| words::rollup(&rollup.state)),
        raw: clean(&raw).to_lowercase(),
        labels: nodes::<Named>(read.labels, "labels", gaps)
            .into_iter()
            .map(|label| clean(&label.name))
            .collect(),
        updated_at: read.updated_at,
    }
}
