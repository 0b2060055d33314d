//! How long a promotion takes, from what was seen before: what gonogo sent itself, and what the
//! forge recorded.

use jiff::SignedDuration;

use super::prognosis::Estimate;
use crate::domain::facts::ServiceFacts;
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::domain::ledger::Ledger;
use crate::domain::phase::Phase;
use crate::domain::promotion::{Purpose, State};

/// How many of the newest are counted.
const RECENT: usize = 20;

/// Estimates a promotion into an environment.
pub fn of(
    service: &ServiceName,
    environment: &EnvironmentName,
    facts: Option<&ServiceFacts>,
    ledger: Option<&Ledger>,
) -> Estimate {
    let ours = ledger
        .into_iter()
        .flat_map(|ledger| ledger.promotions.values())
        .filter(|promotion| {
            let intent = &promotion.intent;
            promotion.state == State::Succeeded
                && intent.purpose == Purpose::Promotion
                && intent.service == *service
                && intent.environment == *environment
        })
        .filter_map(|promotion| {
            let sent = promotion.sent_at?;
            Some((sent, promotion.changed_at.duration_since(sent)))
        });
    // One that was superseded changed when its successor came: that is not how long it took.
    let theirs = facts
        .into_iter()
        .flat_map(|facts| &facts.deployments)
        .filter(|deployment| {
            deployment.environment == *environment
                && deployment.phase == Phase::Succeeded
                && deployment.key.is_none()
        })
        .map(|deployment| {
            let took = deployment.changed_at.duration_since(deployment.created_at);
            (deployment.created_at, took)
        });
    let mut taken: Vec<_> = ours
        .chain(theirs)
        .filter(|(_, took)| *took > SignedDuration::ZERO)
        .collect();
    taken.sort();
    let skip = taken.len().saturating_sub(RECENT);
    let mut took: Vec<SignedDuration> =
        taken.into_iter().skip(skip).map(|(_, took)| took).collect();
    took.sort();
    let place = (took.len() * 9).div_ceil(10).saturating_sub(1);
    Estimate {
        p90: took.get(place).copied(),
        samples: took.len(),
    }
}
