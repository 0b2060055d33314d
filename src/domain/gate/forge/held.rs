//! A merge that is refused for what a hold of ours has left on the forge: it looks like a check that has
//! failed, and nobody can mend it. What else the forge asks is in `forge.rs`, the hold itself is judged in
//! `hold.rs`.

use crate::domain::facts::ServiceFacts;
use crate::domain::gate::{Case, Verdict, pipeline};
use crate::domain::phase::Phase;
use crate::domain::pull_request::ChangeState;
use crate::domain::revision::Revision;

/// Where all that has failed is what a hold has left there, it is said so: nobody can mend that, and it
/// goes with the hold.
pub(super) fn by_hold(
    case: &Case<'_>,
    facts: &ServiceFacts,
    candidate: &Revision,
    verdict: Verdict,
) -> Verdict {
    let request = facts.promoting(&case.stage.via);
    let Some(request) = request.filter(|request| {
        request.state == ChangeState::ChecksFailed && request.head == candidate.sha
    }) else {
        return verdict;
    };
    let checks = facts.checks.get(&candidate.sha);
    let mut failed = checks
        .into_iter()
        .flat_map(|checks| pipeline::newest(&checks.contexts))
        .filter(|check| check.phase == Phase::Failed)
        .peekable();
    if failed.peek().is_none() || !failed.all(|check| pipeline::is_of_a_hold(case, check)) {
        return verdict;
    }
    let number = request.number;
    Verdict {
        why: format!("#{number}: only the hold's own status has failed"),
        ..verdict
    }
    .opens_when("the hold is lifted: it takes its status away")
    .who("whoever lifts the hold")
}
