//! How long a promotion takes, from what was seen before: what gonogo sent itself, and what the
//! forge recorded. How durations are read from records lives in `domain/history.rs`.

use jiff::SignedDuration;

use super::prognosis::Estimate;
use crate::domain::facts::ServiceFacts;
use crate::domain::history::{History, Spread};
use crate::domain::ids::EnvironmentName;
use crate::domain::ledger::Ledger;
use crate::domain::policy::{EnvironmentModel, Service, Via};
use crate::domain::promotion::{Purpose, State};

/// Estimates a promotion into an environment. Where none was seen that tells, the environment before
/// it stands in.
pub fn of(
    service: &Service,
    environment: &EnvironmentName,
    facts: Option<&ServiceFacts>,
    ledger: Option<&Ledger>,
) -> Estimate {
    let history = |environment: &EnvironmentName| {
        facts.map(|facts| History::of(facts, ledger, service, environment))
    };
    let seen = |environment: &EnvironmentName| history(environment)?.deploy;
    // The next wave starts when this one is verified: by its own rule, wherever deploying was seen.
    let verifying = service
        .stage(environment)
        .map_or(SignedDuration::ZERO, |stage| {
            history(environment)
                .unwrap_or_default()
                .verification_takes(stage)
        });
    let estimate = |spread: Spread, like| estimate(spread, verifying, like);
    // A forge's record of what waits for approval begins with the waiting: only our own times tell.
    let waits = service
        .stage(environment)
        .is_some_and(|stage| matches!(stage.via, Via::Approval { .. }));
    let told = if waits {
        ours(service, environment, ledger)
    } else {
        seen(environment)
    };
    if let Some(spread) = told {
        return estimate(spread, None);
    }
    let before = service.upstream(environment);
    let like = before.and_then(|stage| Some((seen(&stage.environment)?, &stage.environment)));
    let none = || Estimate {
        unmeasured: Some(unmeasured(&service.environments)),
        ..Estimate::default()
    };
    like.map_or_else(none, |(spread, like)| estimate(spread, Some(like.clone())))
}

/// Why nothing was measured, by what stands for the environments.
fn unmeasured(model: &EnvironmentModel) -> &'static str {
    match model {
        EnvironmentModel::Branch { .. } => "no run on its branch",
        EnvironmentModel::Release { tag: Some(_) } => "no run of its tag",
        EnvironmentModel::Release { tag: None } => "no run of a release",
        EnvironmentModel::Native
        | EnvironmentModel::Status { .. }
        | EnvironmentModel::Run { .. } => "too little history",
    }
}

fn estimate(spread: Spread, verifying: SignedDuration, like: Option<EnvironmentName>) -> Estimate {
    let p90 = spread.p90.saturating_add(verifying);
    Estimate {
        // What took no time at all was not measured.
        p90: p90.is_positive().then_some(p90),
        samples: spread.count,
        like,
        unmeasured: None,
    }
}

/// What this journal's own promotions took, from the send to the end.
fn ours(
    service: &Service,
    environment: &EnvironmentName,
    ledger: Option<&Ledger>,
) -> Option<Spread> {
    let promotions = ledger.into_iter().flat_map(|it| it.promotions.values());
    let took = promotions.filter(|promotion| {
        let intent = &promotion.intent;
        promotion.state == State::Succeeded
            && intent.purpose == Purpose::Promotion
            && intent.service == service.name
            && intent.environment == *environment
    });
    Spread::of(
        took.filter_map(|promotion| Some(promotion.changed_at.duration_since(promotion.sent_at?)))
            .collect(),
    )
}
