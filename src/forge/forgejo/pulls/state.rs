//! What stands before a merge: the first thing that applies, from what was read. The patterns by which a
//! rule names the contexts it requires are here too. Nothing is read here; whose word counts is in
//! `reviews`, the rules themselves come with the branch (`repos`).

use jiff::{SignedDuration, Timestamp};

use super::WirePull;
use super::reviews::{Opinion, approvals};
use crate::domain::phase::Phase;
use crate::domain::pull_request::ChangeState;
use crate::forge::forgejo::repos::Branch;
use crate::forge::modelled::statuses::Status;

/// How long after a push the forge may still be looking for conflicts.
const CHECKING: SignedDuration = SignedDuration::from_secs(10);

/// What is known of the branch that a pull request goes into, and of its head.
#[derive(Clone, Copy, Default)]
pub(super) struct Around<'a> {
    pub(super) base: Option<&'a Branch>,
    /// Statuses of the head, where they were read.
    pub(super) statuses: Option<&'a [Status]>,
    pub(super) opinions: Option<&'a [Opinion]>,
}

/// Says what stands between a pull request and its merge; the first that applies.
pub(super) fn state(pull: &WirePull, around: Around<'_>, now: Timestamp) -> ChangeState {
    if pull.draft {
        return ChangeState::Draft;
    }
    match pull.mergeable {
        Some(true) => {}
        Some(false) => {
            let pushed = pull.updated_at;
            let fresh = pushed.is_some_and(|at| now.duration_since(at).abs() < CHECKING);
            return if fresh {
                ChangeState::Checking
            } else {
                ChangeState::Conflict
            };
        }
        None => return ChangeState::Unknown("mergeable is not told".to_owned()),
    }
    let Some(base) = around.base else {
        return ChangeState::Unknown("the rules of its branch were not read".to_owned());
    };
    match around.opinions {
        Some(opinions) => {
            let refused = |opinion: &Opinion| opinion.official && !opinion.review.approved;
            if opinions.iter().any(refused) {
                return ChangeState::ChangesRequested;
            }
            if approvals(opinions) < base.required_approvals {
                return ChangeState::NeedsReview;
            }
        }
        None => return ChangeState::Unknown("its reviews were not read".to_owned()),
    }
    let required = base.required_contexts();
    if required.is_empty() {
        return ChangeState::Ready;
    }
    let Some(statuses) = around.statuses else {
        return ChangeState::Unknown("its checks were not read".to_owned());
    };
    let mut running = false;
    for wanted in required {
        let named = |status: &&Status| is_named(wanted, &status.context);
        let phases: Vec<&Phase> = statuses.iter().filter(named).map(|it| &it.phase).collect();
        match Phase::worst(phases) {
            Some(Phase::Succeeded | Phase::Skipped) => {}
            Some(Phase::Failed | Phase::Cancelled) => return ChangeState::ChecksFailed,
            Some(_) | None => running = true,
        }
    }
    if running {
        ChangeState::ChecksRunning
    } else {
        ChangeState::Ready
    }
}

/// A rule may name contexts by a pattern with `*`.
fn is_named(pattern: &str, context: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = context.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, between)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in between {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::reviews::tests::{opinions, review};
    use super::*;
    use crate::domain::ids::Sha;

    fn now() -> Timestamp {
        "2026-11-01T12:00:00Z".parse().unwrap()
    }

    fn pull(changes: Value) -> WirePull {
        let mut wire = json!({"number": 7, "title": "t", "mergeable": true, "updated_at": "2026-11-01T10:00:00Z",
            "head": {"ref": "main", "sha": "AA"}, "base": {"ref": "env/production", "sha": "bb"}, "labels": null});
        for (name, value) in changes.as_object().unwrap() {
            wire[name] = value.clone();
        }
        serde_json::from_value(wire).unwrap()
    }

    fn branch(approvals: u64, contexts: &[&str]) -> Branch {
        let wire = json!({"required_approvals": approvals, "enable_status_check": !contexts.is_empty(),
            "status_check_contexts": contexts, "commit": {"id": "bb"}});
        serde_json::from_value(wire).unwrap()
    }

    fn status(context: &str, phase: Phase) -> Status {
        Status {
            id: "1".to_owned(),
            sha: Sha::from("aa"),
            context: context.to_owned(),
            raw: phase.word().to_owned(),
            phase,
            description: None,
            url: None,
            creator: None,
            created_at: now(),
        }
    }

    #[test]
    fn the_first_thing_that_stands_before_a_merge_is_named() {
        let plain = branch(0, &[]);
        let strict = branch(1, &["ci / *"]);
        let approved = opinions(&[review("ada", "APPROVED", true, 1)]);
        let unofficial = opinions(&[review("ada", "APPROVED", false, 1)]);
        let refused = opinions(&[
            review("ada", "APPROVED", true, 1),
            review("bob", "REQUEST_CHANGES", true, 2),
        ]);
        let green = [
            status("ci / unit (push)", Phase::Succeeded),
            status("other", Phase::Failed),
        ];
        let red = [status("ci / unit (push)", Phase::Failed)];
        let running = [status("ci / unit (push)", Phase::Running)];
        #[expect(clippy::type_complexity, reason = "a table, read once")]
        let table: [(WirePull, &Branch, &[Opinion], &[Status], ChangeState); 12] = [
            (
                pull(json!({"draft": true, "mergeable": false})),
                &plain,
                &[],
                &[],
                ChangeState::Draft,
            ),
            (
                pull(json!({"mergeable": false})),
                &plain,
                &[],
                &[],
                ChangeState::Conflict,
            ),
            (
                pull(json!({"mergeable": false, "updated_at": "2026-11-01T11:59:55Z"})),
                &plain,
                &[],
                &[],
                ChangeState::Checking,
            ),
            (pull(json!({})), &plain, &[], &[], ChangeState::Ready),
            (
                pull(json!({})),
                &plain,
                &refused,
                &[],
                ChangeState::ChangesRequested,
            ),
            (
                pull(json!({})),
                &strict,
                &[],
                &green,
                ChangeState::NeedsReview,
            ),
            (
                pull(json!({})),
                &strict,
                &unofficial,
                &green,
                ChangeState::NeedsReview,
            ),
            (
                pull(json!({})),
                &strict,
                &approved,
                &green,
                ChangeState::Ready,
            ),
            (
                pull(json!({})),
                &strict,
                &approved,
                &red,
                ChangeState::ChecksFailed,
            ),
            (
                pull(json!({})),
                &strict,
                &approved,
                &running,
                ChangeState::ChecksRunning,
            ),
            (
                pull(json!({})),
                &strict,
                &approved,
                &[],
                ChangeState::ChecksRunning,
            ),
            (
                pull(json!({"mergeable": null})),
                &plain,
                &[],
                &[],
                ChangeState::Unknown("mergeable is not told".to_owned()),
            ),
        ];
        for (pull, base, opinions, statuses, expected) in table {
            let around = Around {
                base: Some(base),
                statuses: Some(statuses),
                opinions: Some(opinions),
            };
            assert_eq!(state(&pull, around, now()), expected, "{pull:?}");
        }
        let unread = Around {
            base: Some(&plain),
            ..Around::default()
        };
        assert!(matches!(
            state(&pull(json!({})), unread, now()),
            ChangeState::Unknown(_)
        ));
    }

    #[test]
    fn contexts_are_named_by_patterns() {
        for (pattern, context, is) in [
            ("ci", "ci", true),
            ("ci", "ci / unit", false),
            ("ci / *", "ci / unit (push)", true),
            ("*unit*", "ci / unit (push)", true),
            ("*(push)", "ci / unit (pull_request)", false),
            ("a*b", "ab", true),
            ("a*b*c", "aXbYc", true),
            ("*", "", true),
        ] {
            assert_eq!(is_named(pattern, context), is, "{pattern} {context}");
        }
    }
}
