//! What is on its way into the cell already: a promotion of somebody's, or a deployment that the forge
//! makes. What the forge asks of the next one lives in `forge.rs`.

use jiff::Timestamp;

use super::{GATE, closed};
use crate::domain::cell;
use crate::domain::deployment as deployments;
use crate::domain::facts::ServiceFacts;
use crate::domain::gate::{Case, State, Verdict, words};
use crate::domain::promotion::State as Step;

/// At most one promotion is in flight per cell (P2): the second operator sees who and since when.
pub(super) fn promotion(case: &Case<'_>, now: Timestamp) -> Option<Verdict> {
    let promotion = case
        .ledger?
        .open_promotion(&case.service.name, case.environment())
        .filter(|promotion| case.own != Some(&promotion.intent.id))?;
    let (actor, to) = (&promotion.actor, &promotion.intent.to);
    let since = words::instant(promotion.intended_at, now);
    let verdict = match promotion.state {
        Step::Unknown | Step::Reconciling => closed(
            format!("nobody knows what came of {actor}'s {to} of {since}"),
            format!("{actor}, or any operator"),
        )
        .since(Some(promotion.changed_at))
        .opens_when("its outcome is found, or a person decides"),
        Step::Intended
        | Step::Sending
        | Step::Accepted
        | Step::Running
        | Step::Succeeded
        | Step::Failed
        | Step::Cancelled
        | Step::Abandoned
        | Step::Rejected
        | Step::Absent => {
            let why = format!("{actor} is promoting {to} since {since}");
            Verdict::new(GATE, State::Waiting, why)
                .since(Some(promotion.intended_at))
                .opens_when("that promotion ends")
        }
    };
    let url = promotion
        .handle
        .as_ref()
        .and_then(|handle| handle.url.clone());
    let what = format!("promotion {}", promotion.intent.id);
    Some(verdict.evidence(
        what,
        promotion.state.word(),
        url,
        Some(promotion.changed_at),
    ))
}

/// A deployment that only waits to be let in is not in flight: it may be the one we approve.
pub(super) fn deployment(case: &Case<'_>, facts: &ServiceFacts, now: Timestamp) -> Option<Verdict> {
    let newest = deployments::under_way(&facts.deployments, case.environment())?;
    if case.own.is_some() && newest.key.as_ref() == case.own {
        return None;
    }
    let revision = cell::named(Some(facts), &newest.sha);
    let by = newest
        .creator
        .as_ref()
        .map_or("the forge", |creator| creator.as_str());
    // It may have waited for an approval since long before: what counts is when it began to run.
    let since = words::instant(newest.changed_at, now);
    let verdict = Verdict::new(
        GATE,
        State::Waiting,
        format!("{by} is deploying {revision} since {since}"),
    )
    .since(Some(newest.changed_at))
    .opens_when("that deployment ends");
    let what = format!("deployment {}", newest.id);
    Some(verdict.evidence(
        what,
        newest.phase.word(),
        newest.url.clone(),
        case.facts.at(),
    ))
}
