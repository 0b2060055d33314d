//! Verification (P10): after a deployment the probes must be well in one round within a time limit.
//! Until then it is verifying, and neither path nor soak count it. Sampling lives in `runtime`.

use jiff::Timestamp;

use super::deployment::Deployment;
use super::ids::ServiceName;
use super::ledger::Ledger;
use super::observed::Fact;
use super::origin;
use super::policy::Stage;
use super::promotion::State;
use super::seen::{Outcome, Round, RoundKey, Seen, Subject};

/// How far the verification of a deployment is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The policy asks for none: the forge's word is enough.
    NotAsked,
    /// The journal cannot be read.
    Unknown,
    Verifying {
        since: Timestamp,
        /// Without one, it was deployed before the journal began: it passes as soon as it is seen
        /// to be well, and never fails.
        until: Option<Timestamp>,
    },
    Passed,
    Failed {
        why: String,
    },
}

impl Standing {
    /// Says whether what was deployed counts as verified.
    pub fn counts(&self) -> bool {
        matches!(self, Self::NotAsked | Self::Passed)
    }
}

/// What a verification has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Passed { saw: String },
    Failed { why: String },
}

/// How far the verification of a deployment of a stage is.
pub fn standing(
    stage: &Stage,
    service: &ServiceName,
    deployment: &Deployment,
    ledger: Option<&Ledger>,
) -> Standing {
    let Some(rule) = &stage.verification else {
        return Standing::NotAsked;
    };
    let Some(ledger) = ledger else {
        return Standing::Unknown;
    };
    if let Some(known) = ledger.verification(service, deployment.id) {
        return if known.passed {
            Standing::Passed
        } else {
            Standing::Failed {
                why: known.why.clone(),
            }
        };
    }
    let ours = origin::promotion_of(ledger, service, &stage.environment, deployment)
        .filter(|promotion| promotion.state == State::Succeeded)
        .map(|promotion| promotion.changed_at);
    let since = ours.map_or(deployment.changed_at, |at| at.max(deployment.changed_at));
    // What was superseded later was changed later: when it was made is what counts.
    let history = ours.is_none()
        && ledger
            .began
            .is_none_or(|began| deployment.created_at < began);
    Standing::Verifying {
        since,
        until: if history {
            None
        } else {
            since.checked_add(rule.within).ok()
        },
    }
}

/// What the newest round makes of a verification under way; `None` while it goes on.
///
/// A round counts from the deployment on. Nobody having looked is no failure: past the time limit,
/// the first round that is taken decides.
pub fn decide(standing: &Standing, round: Option<&Fact<Round>>, now: Timestamp) -> Option<Verdict> {
    let Standing::Verifying { since, until } = standing else {
        return None;
    };
    let taken = round?.last.as_ref().filter(|taken| taken.at >= *since)?;
    let samples = &taken.value.samples;
    let (good, bad): (Vec<_>, Vec<_>) = samples
        .iter()
        .partition(|sample| sample.outcome == Outcome::Success);
    let words = |samples: &[&super::seen::Sample]| {
        let words: Vec<String> = samples
            .iter()
            .map(|sample| format!("{} {}", sample.probe, sample.value))
            .collect();
        words.join(", ")
    };
    if bad.is_empty() && !good.is_empty() {
        return Some(Verdict::Passed { saw: words(&good) });
    }
    until
        .filter(|until| now >= *until)
        .map(|_| Verdict::Failed {
            why: if bad.is_empty() {
                "nothing was seen in time".to_owned()
            } else {
                format!("not well in time: {}", words(&bad))
            },
        })
}

/// The round that verifies a deployment, if one was taken.
pub fn round<'a>(seen: &'a Seen, deployment: &Deployment) -> Option<&'a Fact<Round>> {
    seen.rounds.get(&RoundKey {
        environment: deployment.environment.clone(),
        subject: Subject::Verification,
        revision: deployment.sha.clone(),
    })
}

#[cfg(test)]
mod tests;
