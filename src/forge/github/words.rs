//! GitHub's words for states as ours, and the other way. A word that we don't know stays as it is,
//! and is never good.

use crate::domain::act::StatusState;
use crate::domain::facts::Permission;
use crate::domain::phase::Phase;
use crate::domain::pull_request::ChangeState;
use crate::domain::scope::Relation;
use crate::domain::text::clean;

fn unknown(word: &str) -> Phase {
    Phase::Unknown(clean(word).to_lowercase())
}

/// Reads the status and conclusion of a run, job or check; REST writes them small, GraphQL large.
pub(super) fn run(status: &str, conclusion: Option<&str>) -> Phase {
    match (status.to_lowercase().as_str(), conclusion) {
        (_, Some(conclusion)) if !conclusion.is_empty() => concluded(conclusion),
        ("queued" | "requested" | "pending", _) => Phase::Queued,
        ("in_progress", _) => Phase::Running,
        ("waiting", _) => Phase::Gated,
        _ => unknown(status),
    }
}

fn concluded(conclusion: &str) -> Phase {
    match conclusion.to_lowercase().as_str() {
        "success" | "neutral" => Phase::Succeeded,
        "failure" | "timed_out" | "startup_failure" => Phase::Failed,
        "cancelled" => Phase::Cancelled,
        "skipped" => Phase::Skipped,
        "stale" => Phase::Superseded,
        "action_required" => Phase::Gated,
        _ => unknown(conclusion),
    }
}

/// Reads a `CheckRunState`, which is a status or a conclusion in one word.
pub(super) fn check_run(state: &str) -> Phase {
    match state {
        "COMPLETED" => Phase::Succeeded,
        "QUEUED" | "REQUESTED" | "PENDING" | "IN_PROGRESS" | "WAITING" => run(state, None),
        _ => concluded(state),
    }
}

/// Reads a `StatusState`: a rollup's or a commit status's.
pub(super) fn rollup(state: &str) -> Phase {
    match state.to_uppercase().as_str() {
        "SUCCESS" => Phase::Succeeded,
        "PENDING" => Phase::Running,
        "EXPECTED" => Phase::Queued,
        "FAILURE" | "ERROR" => Phase::Failed,
        _ => unknown(state),
    }
}

/// Reads the state of a deployment beside that of its latest status: it is live if the one says
/// `ACTIVE` or the other `SUCCESS`.
///
/// `INACTIVE` is also what becomes of one that only waited, when a newer one comes: whether it ever was
/// up, `past` tells, and without it nobody knows.
pub(super) fn deployment(state: &str, latest: Option<&str>, past: Option<Past>) -> Phase {
    if latest == Some("SUCCESS") {
        return Phase::Succeeded;
    }
    match state {
        "PENDING" | "QUEUED" => Phase::Queued,
        "IN_PROGRESS" => Phase::Running,
        "WAITING" => Phase::Gated,
        "ACTIVE" | "SUCCESS" => Phase::Succeeded,
        "FAILURE" | "ERROR" => Phase::Failed,
        "INACTIVE" | "DESTROYED" => match past {
            Some(Past::WasUp) => Phase::Superseded,
            Some(Past::Failed) => Phase::Failed,
            Some(Past::NeverUp) => Phase::Cancelled,
            None => unknown(state),
        },
        "ABANDONED" => Phase::Cancelled,
        _ => unknown(state),
    }
}

/// What all the statuses of a deployment tell of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Past {
    WasUp,
    Failed,
    NeverUp,
}

/// Sums up the statuses of a deployment, if these are all of them (`whole`) or one of them says enough.
pub(super) fn past<'a>(states: impl Iterator<Item = &'a str>, whole: bool) -> Option<Past> {
    let mut past = whole.then_some(Past::NeverUp);
    for state in states {
        match state {
            "SUCCESS" => return Some(Past::WasUp),
            "FAILURE" | "ERROR" if whole => past = Some(Past::Failed),
            _ => {}
        }
    }
    past
}

pub(super) fn permission(word: Option<&str>) -> Permission {
    match word {
        Some("ADMIN") => Permission::Admin,
        Some("MAINTAIN") => Permission::Maintain,
        Some("WRITE") => Permission::Write,
        Some("TRIAGE") => Permission::Triage,
        Some("READ") => Permission::Read,
        _ => Permission::Unknown,
    }
}

pub(super) fn relation(word: &str) -> Relation {
    match word.to_lowercase().as_str() {
        "ahead" => Relation::Ahead,
        "behind" => Relation::Behind,
        "diverged" => Relation::Diverged,
        "identical" => Relation::Identical,
        _ => Relation::Unknown(clean(word)),
    }
}

/// Writes the state of a commit status.
pub(super) fn status(state: StatusState) -> &'static str {
    match state {
        StatusState::Pending => "pending",
        StatusState::Success => "success",
        StatusState::Failure => "failure",
        StatusState::Error => "error",
    }
}

/// What GitHub says of an open pull request.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Change<'a> {
    pub(super) draft: bool,
    pub(super) queued: bool,
    pub(super) mergeable: &'a str,
    pub(super) merge_state: &'a str,
    pub(super) review: Option<&'a str>,
    pub(super) rollup: Option<&'a str>,
}

/// Says what stands between an open pull request and its merge; the first that applies.
pub(super) fn change(change: Change<'_>) -> ChangeState {
    if change.draft {
        return ChangeState::Draft;
    }
    if change.queued {
        return ChangeState::Queued;
    }
    if change.mergeable == "CONFLICTING" || change.merge_state == "DIRTY" {
        return ChangeState::Conflict;
    }
    match change.review {
        Some("CHANGES_REQUESTED") => return ChangeState::ChangesRequested,
        Some("REVIEW_REQUIRED") => return ChangeState::NeedsReview,
        Some("APPROVED") | None => {}
        Some(other) => return ChangeState::Unknown(clean(other).to_lowercase()),
    }
    // Red checks that are optional leave it `UNSTABLE`, which may be merged.
    if change.merge_state != "UNSTABLE" {
        match change.rollup {
            Some("FAILURE" | "ERROR") => return ChangeState::ChecksFailed,
            Some("PENDING" | "EXPECTED") => return ChangeState::ChecksRunning,
            _ => {}
        }
    }
    match change.merge_state {
        "BEHIND" => ChangeState::Behind,
        "BLOCKED" => ChangeState::Blocked,
        "DRAFT" => ChangeState::Draft,
        "CLEAN" | "HAS_HOOKS" | "UNSTABLE" => ChangeState::Ready,
        "UNKNOWN" => ChangeState::Checking,
        other => ChangeState::Unknown(clean(other).to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_for_a_run_has_its_phase() {
        for (status, conclusion, phase) in [
            ("queued", None, Phase::Queued),
            ("requested", None, Phase::Queued),
            ("pending", None, Phase::Queued),
            ("IN_PROGRESS", None, Phase::Running),
            ("waiting", None, Phase::Gated),
            ("completed", Some("success"), Phase::Succeeded),
            ("completed", Some("neutral"), Phase::Succeeded),
            ("COMPLETED", Some("STARTUP_FAILURE"), Phase::Failed),
            ("completed", Some("timed_out"), Phase::Failed),
            ("completed", Some("cancelled"), Phase::Cancelled),
            ("completed", Some("skipped"), Phase::Skipped),
            ("completed", Some("stale"), Phase::Superseded),
            ("completed", Some("action_required"), Phase::Gated),
            (
                "completed",
                Some("exploded"),
                Phase::Unknown("exploded".into()),
            ),
            ("completed", None, Phase::Unknown("completed".into())),
            ("levitating", None, Phase::Unknown("levitating".into())),
        ] {
            assert_eq!(run(status, conclusion), phase, "{status} {conclusion:?}");
        }
    }

    #[test]
    fn a_deployment_is_live_by_its_state_or_by_its_latest_status() {
        for (state, latest, phase) in [
            ("PENDING", None, Phase::Queued),
            ("QUEUED", Some("QUEUED"), Phase::Queued),
            ("IN_PROGRESS", Some("IN_PROGRESS"), Phase::Running),
            ("WAITING", Some("WAITING"), Phase::Gated),
            ("ACTIVE", None, Phase::Succeeded),
            ("SUCCESS", None, Phase::Succeeded),
            ("PENDING", Some("SUCCESS"), Phase::Succeeded),
            ("FAILURE", Some("FAILURE"), Phase::Failed),
            ("ERROR", Some("ERROR"), Phase::Failed),
            ("ABANDONED", None, Phase::Cancelled),
            ("MELTED", None, Phase::Unknown("melted".into())),
        ] {
            assert_eq!(deployment(state, latest, None), phase, "{state} {latest:?}");
        }
    }

    #[test]
    fn what_is_inactive_was_live_only_if_it_ever_was_a_success() {
        let of = |states: &[&str], whole| {
            let past = past(states.iter().copied(), whole);
            deployment("INACTIVE", Some("INACTIVE"), past)
        };
        let gone = ["INACTIVE", "SUCCESS", "IN_PROGRESS", "WAITING"];
        assert_eq!(of(&gone, true), Phase::Superseded);
        assert_eq!(of(&gone, false), Phase::Superseded);
        assert_eq!(of(&["INACTIVE", "WAITING"], true), Phase::Cancelled);
        assert_eq!(of(&["INACTIVE"], true), Phase::Cancelled);
        assert_eq!(
            of(&["INACTIVE", "FAILURE", "IN_PROGRESS"], true),
            Phase::Failed
        );
        // Nobody knows what the others say.
        let unknown = Phase::Unknown("inactive".into());
        assert_eq!(of(&["INACTIVE", "ERROR"], false), unknown);
        assert_eq!(deployment("INACTIVE", Some("INACTIVE"), None), unknown);
        assert_eq!(
            deployment("DESTROYED", None, Some(Past::WasUp)),
            Phase::Superseded
        );
    }

    #[test]
    fn every_word_of_a_rollup_of_a_check_and_of_a_role_has_its_meaning() {
        for (word, phase) in [
            ("SUCCESS", Phase::Succeeded),
            ("success", Phase::Succeeded),
            ("PENDING", Phase::Running),
            ("EXPECTED", Phase::Queued),
            ("FAILURE", Phase::Failed),
            ("ERROR", Phase::Failed),
            ("MELTED", Phase::Unknown("melted".into())),
        ] {
            assert_eq!(rollup(word), phase, "{word}");
        }
        for (word, phase) in [
            ("COMPLETED", Phase::Succeeded),
            ("QUEUED", Phase::Queued),
            ("REQUESTED", Phase::Queued),
            ("PENDING", Phase::Queued),
            ("IN_PROGRESS", Phase::Running),
            ("WAITING", Phase::Gated),
            ("SUCCESS", Phase::Succeeded),
            ("NEUTRAL", Phase::Succeeded),
            ("FAILURE", Phase::Failed),
            ("TIMED_OUT", Phase::Failed),
            ("STARTUP_FAILURE", Phase::Failed),
            ("CANCELLED", Phase::Cancelled),
            ("SKIPPED", Phase::Skipped),
            ("STALE", Phase::Superseded),
            ("ACTION_REQUIRED", Phase::Gated),
            ("MELTED", Phase::Unknown("melted".into())),
        ] {
            assert_eq!(check_run(word), phase, "{word}");
        }
        for (word, role) in [
            (Some("ADMIN"), Permission::Admin),
            (Some("MAINTAIN"), Permission::Maintain),
            (Some("WRITE"), Permission::Write),
            (Some("TRIAGE"), Permission::Triage),
            (Some("READ"), Permission::Read),
            (Some("EMPEROR"), Permission::Unknown),
            (None, Permission::Unknown),
        ] {
            assert_eq!(permission(word), role, "{word:?}");
        }
    }

    #[test]
    fn the_first_thing_that_stands_before_a_merge_is_named() {
        let clean = Change {
            mergeable: "MERGEABLE",
            merge_state: "CLEAN",
            ..Change::default()
        };
        let table = [
            (clean, ChangeState::Ready),
            (
                Change {
                    draft: true,
                    queued: true,
                    ..clean
                },
                ChangeState::Draft,
            ),
            (
                Change {
                    queued: true,
                    ..clean
                },
                ChangeState::Queued,
            ),
            (
                Change {
                    mergeable: "CONFLICTING",
                    ..clean
                },
                ChangeState::Conflict,
            ),
            (
                Change {
                    merge_state: "DIRTY",
                    review: Some("CHANGES_REQUESTED"),
                    ..clean
                },
                ChangeState::Conflict,
            ),
            (
                Change {
                    review: Some("CHANGES_REQUESTED"),
                    ..clean
                },
                ChangeState::ChangesRequested,
            ),
            (
                Change {
                    review: Some("REVIEW_REQUIRED"),
                    merge_state: "BLOCKED",
                    ..clean
                },
                ChangeState::NeedsReview,
            ),
            (
                Change {
                    rollup: Some("FAILURE"),
                    merge_state: "BLOCKED",
                    ..clean
                },
                ChangeState::ChecksFailed,
            ),
            (
                Change {
                    rollup: Some("PENDING"),
                    merge_state: "BLOCKED",
                    ..clean
                },
                ChangeState::ChecksRunning,
            ),
            (
                Change {
                    rollup: Some("FAILURE"),
                    merge_state: "UNSTABLE",
                    ..clean
                },
                ChangeState::Ready,
            ),
            (
                Change {
                    merge_state: "BEHIND",
                    ..clean
                },
                ChangeState::Behind,
            ),
            (
                Change {
                    merge_state: "BLOCKED",
                    ..clean
                },
                ChangeState::Blocked,
            ),
            (
                Change {
                    merge_state: "UNKNOWN",
                    ..clean
                },
                ChangeState::Checking,
            ),
            (
                Change {
                    merge_state: "ODD",
                    ..clean
                },
                ChangeState::Unknown("odd".into()),
            ),
        ];
        for (given, expected) in table {
            assert_eq!(change(given), expected, "{given:?}");
        }
    }
}
