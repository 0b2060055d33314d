//! GitLab's words in ours. REST writes them in lower case, GraphQL in upper; a word that we do not
//! know stays visible as it is.

use crate::domain::act::StatusState;
use crate::domain::facts::Permission;
use crate::domain::phase::Phase;
use crate::domain::pull_request::ChangeState;
use crate::domain::text::clean;

/// The state of a pipeline.
pub(super) fn pipeline(status: &str) -> Phase {
    match status.to_ascii_lowercase().as_str() {
        "created"
        | "waiting_for_resource"
        | "preparing"
        | "waiting_for_callback"
        | "pending"
        | "scheduled" => Phase::Queued,
        "running" | "canceling" => Phase::Running,
        "manual" => Phase::Gated,
        "success" => Phase::Succeeded,
        "failed" => Phase::Failed,
        "canceled" => Phase::Cancelled,
        "skipped" => Phase::Skipped,
        other => Phase::Unknown(clean(other)),
    }
}

/// The state of a job. One that may fail has not failed its pipeline, and one that a person may
/// start, but need not, is skipped until somebody does.
pub(super) fn job(status: &str, allow_failure: bool) -> Phase {
    match (pipeline(status), allow_failure) {
        (Phase::Gated, true) => Phase::Skipped,
        (Phase::Failed, true) => Phase::Succeeded,
        (phase, _) => phase,
    }
}

/// The state of a deployment. A job that nobody has started yet has a deployment too: it waits, and
/// touches nothing.
pub(super) fn deployment(status: &str, job: Option<&str>) -> Phase {
    match status.to_ascii_lowercase().as_str() {
        "created" => match job.map(str::to_ascii_lowercase).as_deref() {
            Some("manual" | "created" | "scheduled") => Phase::Gated,
            Some("skipped") => Phase::Skipped,
            Some("canceled") => Phase::Cancelled,
            Some(_) | None => Phase::Queued,
        },
        "running" => Phase::Running,
        "blocked" => Phase::Gated,
        "success" => Phase::Succeeded,
        "failed" => Phase::Failed,
        "canceled" => Phase::Cancelled,
        "skipped" => Phase::Skipped,
        other => Phase::Unknown(clean(other)),
    }
}

/// The state of a commit status; `None` of `allow_failure` is false.
pub(super) fn status(state: &str, allow_failure: bool) -> Phase {
    job(state, allow_failure)
}

/// What stands between a merge request and its merge. REST and GraphQL differ in a few names, and
/// new ones come: some are known by how they begin.
pub(super) fn change(draft: bool, detailed: Option<&str>, conflicts: bool) -> ChangeState {
    let Some(word) = detailed.map(str::to_ascii_lowercase) else {
        // A server from before the detailed status tells no more than this.
        return match (draft, conflicts) {
            (true, _) => ChangeState::Draft,
            (false, true) => ChangeState::Conflict,
            (false, false) => ChangeState::Unknown("no merge status".to_owned()),
        };
    };
    if draft {
        return ChangeState::Draft;
    }
    match word.as_str() {
        "mergeable" => ChangeState::Ready,
        "unchecked" | "checking" | "preparing" | "approvals_syncing" => ChangeState::Checking,
        "ci_still_running" => ChangeState::ChecksRunning,
        "ci_must_pass" | "external_status_checks" | "status_checks_must_pass" => {
            ChangeState::ChecksFailed
        }
        "not_approved" | "code_owners_approval" => ChangeState::NeedsReview,
        "requested_changes" => ChangeState::ChangesRequested,
        "conflict" | "broken_status" => ChangeState::Conflict,
        "need_rebase" => ChangeState::Behind,
        "draft_status" => ChangeState::Draft,
        "not_open" => ChangeState::Closed,
        "discussions_not_resolved"
        | "blocked_status"
        | "merge_request_blocked"
        | "merge_time"
        | "title_not_matching"
        | "commits_status"
        | "policies_denied" => ChangeState::Blocked,
        other => {
            let blocked = [
                "jira_association",
                "locked_",
                "security_policies",
                "security_policy",
            ];
            if blocked.iter().any(|begin| other.starts_with(begin)) {
                ChangeState::Blocked
            } else {
                ChangeState::Unknown(clean(other))
            }
        }
    }
}

/// What a role may do.
pub(super) fn permission(
    create_pipeline: Option<bool>,
    create_deployment: Option<bool>,
) -> Permission {
    match (create_pipeline, create_deployment) {
        (Some(true), Some(true) | None) => Permission::Write,
        (Some(_), _) => Permission::Read,
        (None, _) => Permission::Unknown,
    }
}

/// The word of a status that we set.
pub(super) fn set_status(state: StatusState) -> &'static str {
    match state {
        StatusState::Pending => "pending",
        StatusState::Success => "success",
        StatusState::Failure | StatusState::Error => "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_the_same_in_both_apis_and_the_unknown_stays_visible() {
        for (word, phase) in [
            ("created", Phase::Queued),
            ("WAITING_FOR_RESOURCE", Phase::Queued),
            ("preparing", Phase::Queued),
            ("waiting_for_callback", Phase::Queued),
            ("pending", Phase::Queued),
            ("scheduled", Phase::Queued),
            ("running", Phase::Running),
            ("canceling", Phase::Running),
            ("MANUAL", Phase::Gated),
            ("success", Phase::Succeeded),
            ("failed", Phase::Failed),
            ("canceled", Phase::Cancelled),
            ("SKIPPED", Phase::Skipped),
            (
                "Exploded\u{1b}",
                Phase::Unknown("exploded\u{fffd}".to_owned()),
            ),
        ] {
            assert_eq!(pipeline(word), phase, "{word}");
        }
        assert_eq!(job("manual", true), Phase::Skipped);
        assert_eq!(job("manual", false), Phase::Gated);
        assert_eq!(job("failed", true), Phase::Succeeded);
        assert_eq!(job("failed", false), Phase::Failed);
    }

    #[test]
    fn a_deployment_whose_job_nobody_started_is_not_on_its_way() {
        for (status, job, phase) in [
            ("created", Some("manual"), Phase::Gated),
            ("created", Some("created"), Phase::Gated),
            ("created", Some("pending"), Phase::Queued),
            ("created", None, Phase::Queued),
            ("blocked", Some("manual"), Phase::Gated),
            ("created", Some("skipped"), Phase::Skipped),
            ("created", Some("canceled"), Phase::Cancelled),
            ("running", Some("running"), Phase::Running),
            ("success", None, Phase::Succeeded),
            ("failed", None, Phase::Failed),
            ("canceled", None, Phase::Cancelled),
            ("skipped", None, Phase::Skipped),
            ("odd", None, Phase::Unknown("odd".to_owned())),
        ] {
            assert_eq!(deployment(status, job), phase, "{status} {job:?}");
        }
    }

    #[test]
    fn each_merge_status_has_its_meaning() {
        let of = |word| change(false, Some(word), false);
        for (word, state) in [
            ("mergeable", ChangeState::Ready),
            ("UNCHECKED", ChangeState::Checking),
            ("checking", ChangeState::Checking),
            ("preparing", ChangeState::Checking),
            ("approvals_syncing", ChangeState::Checking),
            ("ci_still_running", ChangeState::ChecksRunning),
            ("ci_must_pass", ChangeState::ChecksFailed),
            ("external_status_checks", ChangeState::ChecksFailed),
            ("not_approved", ChangeState::NeedsReview),
            ("code_owners_approval", ChangeState::NeedsReview),
            ("requested_changes", ChangeState::ChangesRequested),
            ("CONFLICT", ChangeState::Conflict),
            ("need_rebase", ChangeState::Behind),
            ("draft_status", ChangeState::Draft),
            ("not_open", ChangeState::Closed),
            ("discussions_not_resolved", ChangeState::Blocked),
            ("blocked_status", ChangeState::Blocked),
            ("jira_association", ChangeState::Blocked),
            ("jira_association_missing", ChangeState::Blocked),
            ("locked_paths", ChangeState::Blocked),
            ("locked_lfs_files", ChangeState::Blocked),
            ("merge_time", ChangeState::Blocked),
            ("security_policies_violations", ChangeState::Blocked),
            ("title_not_matching", ChangeState::Blocked),
            ("commits_status", ChangeState::Blocked),
            ("policies_denied", ChangeState::Blocked),
            ("moonlight", ChangeState::Unknown("moonlight".to_owned())),
        ] {
            assert_eq!(of(word), state, "{word}");
        }
        assert_eq!(change(true, Some("mergeable"), false), ChangeState::Draft);
        assert_eq!(change(false, None, true), ChangeState::Conflict);
        assert!(matches!(
            change(false, None, false),
            ChangeState::Unknown(_)
        ));
    }
}
