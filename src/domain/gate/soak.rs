//! `soak`: the revision has stayed in the environment before, verified and without a break, for long
//! enough. Leaving keeps the record.

use jiff::{SignedDuration, Timestamp};

use super::{Case, State, Verdict, path, words};
use crate::domain::deployment::{self, Deployment};
use crate::domain::ids::{EnvironmentName, Sha};
use crate::domain::phase::Phase;
use crate::domain::policy::Stage;
use crate::domain::promotion::Purpose;
use crate::domain::verification;

const GATE: &str = "soak";

/// A continuous stay; `left` is `None` while it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stay {
    entered: Timestamp,
    left: Option<Timestamp>,
    /// Whether one of its deployments counts as verified: until then it counts as nothing.
    verified: bool,
}

impl Stay {
    fn length(self, now: Timestamp) -> SignedDuration {
        let end = self.left.map_or(now, |left| left.min(now));
        end.duration_since(self.entered).max(SignedDuration::ZERO)
    }
}

pub fn judge(case: &Case<'_>, at_least: SignedDuration, now: Timestamp) -> Verdict {
    let Some(upstream) = case.upstream() else {
        return Verdict::new(GATE, State::Open, "the first environment of the path");
    };
    let Some((facts, candidate)) = case.subject() else {
        return case.missing(GATE);
    };
    let environment = &upstream.environment;
    let counts = |deployment: &Deployment| {
        verification::standing(upstream, &case.service.name, deployment, case.ledger).counts()
    };
    let mut stays = stays(&facts.deployments, environment, &candidate.sha, counts);
    let unverified = stays
        .iter()
        .find(|stay| !stay.verified && stay.left.is_none())
        .copied();
    stays.retain(|stay| stay.verified);
    let record = stays.iter().map(|stay| stay.length(now)).max();
    let lasting = stays.iter().rfind(|stay| stay.left.is_none());
    let required = words::span(at_least);
    let spent = words::span(record.unwrap_or_default());
    let under_way = in_flight(case, &facts.deployments, environment);
    let moves = under_way.as_ref().map(|(by, _)| by);
    let bound = format!("{environment} {at_least:?} {stays:?} {moves:?}");
    let verdict = if let Some((by, began)) = under_way {
        let why = format!("{by}; {spent} of {required}");
        Verdict::new(GATE, State::Waiting, why)
            .since(Some(began))
            .opens_when(format!("nothing is on its way into {environment}"))
    } else if record.is_some_and(|record| record >= at_least) {
        let why = format!("{spent} of {required} in {environment}");
        let long_enough = stays
            .iter()
            .filter(|stay| stay.length(now) >= at_least)
            .filter_map(|stay| stay.entered.checked_add(at_least).ok())
            .min();
        // While something was on its way there it waited, however long the stay was by then.
        let settled = settled(case, &facts.deployments, upstream);
        let since = long_enough.map(|at| settled.map_or(at, |settled| settled.max(at)));
        Verdict::new(GATE, State::Open, why).since(since)
    } else if let Some(stay) = lasting {
        let opens_at = stay.entered.checked_add(at_least).ok();
        Verdict::new(
            GATE,
            State::Waiting,
            format!("{spent} of {required} in {environment}"),
        )
        .since(Some(stay.entered))
        .opens_when(format!("it has stayed {required}"))
        .opens_at(opens_at)
    } else if let Some(stay) = unverified {
        let why = format!("{candidate} is in {environment}, and not verified yet");
        Verdict::new(GATE, State::Waiting, why)
            .since(Some(stay.entered))
            .opens_when(format!("it is verified, and has stayed {required}"))
    } else {
        let why = match record {
            Some(_) => format!("left {environment} after {spent} of {required}"),
            None => format!("{candidate} is not verified in {environment}"),
        };
        Verdict::new(GATE, State::Closed, why)
            .since(stays.iter().filter_map(|stay| stay.left).max())
            .opens_when(format!("it stays {required} in {environment}"))
            .who(format!("whoever may promote into {environment}"))
    };
    stays
        .iter()
        .fold(verdict, |verdict, stay| {
            let until = match stay.left {
                Some(left) => format!("until {}", words::instant(left, now)),
                None => "still there".to_owned(),
            };
            let value = format!("since {}, {until}", words::instant(stay.entered, now));
            verdict.evidence(
                format!("stay in {environment}"),
                value,
                None,
                case.facts.at(),
            )
        })
        .bound_to(bound)
        .valid_until(case.valid_until())
}

/// Says what is on its way into the upstream, and since when, if anything is. A deployment that only waits to be let
/// in has not touched the environment.
fn in_flight(
    case: &Case<'_>,
    deployments: &[Deployment],
    environment: &EnvironmentName,
) -> Option<(String, Timestamp)> {
    let promotion = case
        .ledger
        .and_then(|ledger| ledger.open_promotion(&case.service.name, environment));
    if let Some(promotion) = promotion {
        let to = &promotion.intent.to;
        let by = format!("{} promotes {to} into {environment}", promotion.actor);
        return Some((by, promotion.intended_at));
    }
    let newest = deployment::under_way(deployments, environment)?;
    let by = format!("{} is on its way into {environment}", newest.sha.short());
    Some((by, newest.changed_at))
}

/// When what was last on its way into the upstream came to its end, by the forge, by the journal and by
/// its verification.
fn settled(case: &Case<'_>, deployments: &[Deployment], upstream: &Stage) -> Option<Timestamp> {
    let (service, environment) = (&case.service.name, &upstream.environment);
    let ended = deployments
        .iter()
        .filter(|deployment| deployment.environment == *environment)
        .filter(|deployment| deployment.phase != Phase::Gated)
        .map(|deployment| path::verified_at(case, upstream, deployment));
    let promotions = case.ledger.into_iter();
    let ours = promotions
        .flat_map(|ledger| ledger.promotions_of(service, environment))
        .filter(|promotion| promotion.intent.purpose == Purpose::Promotion)
        .map(|promotion| promotion.changed_at);
    ended.chain(ours).max()
}

/// Returns the continuous stays of `sha` in `environment`, oldest first.
///
/// 1. Only deployments that were verified count; a failed one in between brought nothing.
/// 2. A stay begins with the success of a deployment and ends with the success of the next one that
///    brings another revision; deploying the same revision again goes on with the stay.
/// 3. On most forges a superseded deployment no longer tells when it succeeded. The one before it was
///    superseded by that very success, so its last change is the instant; where even that is not
///    known, the stay counts as nothing, because a gate must not open on a guess.
fn stays(
    deployments: &[Deployment],
    environment: &EnvironmentName,
    sha: &Sha,
    counts: impl Fn(&Deployment) -> bool,
) -> Vec<Stay> {
    let mut verified: Vec<&Deployment> = deployments
        .iter()
        .filter(|deployment| deployment.environment == *environment)
        .filter(|deployment| matches!(deployment.phase, Phase::Succeeded | Phase::Superseded))
        .collect();
    verified.sort_by_key(|deployment| (deployment.created_at, deployment.id));
    let mut stays: Vec<Stay> = Vec::new();
    let mut before: Option<&Deployment> = None;
    for deployment in verified {
        let entered = entry(deployment, before);
        let continues = before.is_some_and(|before| before.sha == *sha);
        match (deployment.sha == *sha, continues) {
            (true, false) => stays.push(Stay {
                entered,
                left: None,
                verified: counts(deployment),
            }),
            (false, true) => {
                if let (Some(stay), Some(before)) = (stays.last_mut(), before) {
                    stay.left = Some(exit(before, deployment));
                }
            }
            (true, true) => {
                if let Some(stay) = stays.last_mut() {
                    stay.verified |= counts(deployment);
                }
            }
            // Another after another is none of ours.
            (false, false) => {}
        }
        before = Some(deployment);
    }
    // Switched off by the forge with no successor: it is no longer there.
    if let (Some(last), Some(stay)) = (before, stays.last_mut())
        && last.sha == *sha
        && last.phase == Phase::Superseded
    {
        stay.left = Some(last.changed_at);
    }
    stays
}

/// When a verified deployment succeeded; too late rather than too early.
fn entry(deployment: &Deployment, before: Option<&Deployment>) -> Timestamp {
    if let Some(at) = deployment.live_since() {
        return at;
    }
    before
        .filter(|before| before.phase == Phase::Superseded)
        .map(|before| before.changed_at)
        .filter(|at| (deployment.created_at..=deployment.changed_at).contains(at))
        .unwrap_or(deployment.changed_at)
}

/// When `deployment` made way for `next`; too early rather than too late.
fn exit(deployment: &Deployment, next: &Deployment) -> Timestamp {
    if deployment.phase == Phase::Superseded {
        deployment.changed_at
    } else {
        next.live_since().unwrap_or(next.created_at)
    }
}
