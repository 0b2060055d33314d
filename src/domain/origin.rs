//! Origin (P8): whether a deployment that a forge shows is one of ours, by its key, its id, or its
//! revision and time. What nobody here ordered was made out of band.

use jiff::{SignedDuration, Timestamp};

use super::deployment::{self, Deployment};
use super::ids::{EnvironmentName, IntentId, ServiceName, Sha};
use super::ledger::{self, Ledger};
use super::phase::Phase;
use super::policy::{Stage, Via};
use super::promotion::{Promotion, Purpose, State};

/// How much earlier than our send, or later than its end, a record of the forge may be dated and
/// still be ours: clocks differ.
const SKEW: SignedDuration = SignedDuration::from_mins(2);

/// How long a deployment is left alone: the entry of who ordered it may still be on its way to us.
pub const SETTLED: SignedDuration = SignedDuration::from_secs(10);

/// Where a deployment came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The forge deploys there by itself.
    Automatic,
    /// From before the journal's first entry.
    History,
    Ours(Option<IntentId>),
    /// Something of ours is under way there, or it is too new to tell.
    Undecided,
    OutOfBand,
}

/// Tells where a deployment of a stage came from.
pub fn of(
    ledger: &Ledger,
    service: &ServiceName,
    stage: &Stage,
    deployment: &Deployment,
    now: Timestamp,
) -> Origin {
    if stage.via == Via::Forge {
        return Origin::Automatic;
    }
    match ledger.deployments.get(&(service.clone(), deployment.id)) {
        Some(ledger::Origin::Ours(intent)) => return Origin::Ours(intent.clone()),
        Some(ledger::Origin::OutOfBand) => return Origin::OutOfBand,
        None => {}
    }
    if ledger
        .began
        .is_none_or(|began| deployment.changed_at < began)
    {
        return Origin::History;
    }
    let mut of_cell = ledger.promotions_of(service, &stage.environment);
    if let Some(promotion) = of_cell.find(|promotion| is_ours(promotion, deployment)) {
        return Origin::Ours(Some(promotion.intent.id.clone()));
    }
    // A run that was run again for one cell may have failed at the door of another.
    let mut again = ledger.reruns_of(service);
    if let Some(promotion) = again.find(|promotion| is_ours(promotion, deployment)) {
        return Origin::Ours(Some(promotion.intent.id.clone()));
    }
    // It never came in, because somebody here said no or stopped it.
    let stopped = ledger
        .promotions_of(service, &stage.environment)
        .find(|promotion| stopped(promotion, deployment));
    if let Some(promotion) = stopped {
        return Origin::Ours(Some(promotion.intent.id.clone()));
    }
    // What is under way may turn out to have made it: a merge's commit is known only afterwards.
    let busy = ledger.open().any(|open| {
        open.intent.service == *service && open.intent.environment == stage.environment
    });
    let settled = now.duration_since(deployment.changed_at) >= SETTLED;
    // What only waits at the door, or never came in, has not touched the environment.
    let entered = match deployment.phase {
        Phase::Succeeded | Phase::Superseded | Phase::Failed | Phase::Running => true,
        Phase::Queued | Phase::Gated | Phase::Cancelled | Phase::Skipped | Phase::Unknown(_) => {
            false
        }
    };
    if busy || !settled || !entered {
        Origin::Undecided
    } else {
        Origin::OutOfBand
    }
}

/// Says whether a rejection or cancellation of ours made a deployment end as it did.
fn stopped(promotion: &Promotion, deployment: &Deployment) -> bool {
    let stops = match promotion.intent.purpose {
        Purpose::Rejection | Purpose::Cancellation => true,
        // A hold may turn away what waits.
        Purpose::Brake => promotion.intent.act.run().is_some(),
        Purpose::Promotion | Purpose::Rerun | Purpose::Status | Purpose::Unbrake => false,
    };
    let ended = matches!(deployment.phase, Phase::Failed | Phase::Cancelled);
    let never_there = matches!(
        promotion.state,
        State::Intended | State::Abandoned | State::Rejected | State::Absent
    );
    stops
        && ended
        && !never_there
        && brings(promotion, &deployment.sha)
        && promotion
            .sent_at
            .is_some_and(|sent_at| deployment.changed_at >= sent_at - SKEW)
}

/// Returns what is live in a stage, if it came there out of band.
pub fn out_of_band<'a>(
    ledger: &Ledger,
    service: &ServiceName,
    stage: &Stage,
    deployments: &'a [Deployment],
    now: Timestamp,
) -> Option<&'a Deployment> {
    deployment::live(deployments, &stage.environment)
        .filter(|live| of(ledger, service, stage, live, now) == Origin::OutOfBand)
}

/// Returns the newest promotion of a cell that a deployment stems from.
pub fn promotion_of<'a>(
    ledger: &'a Ledger,
    service: &ServiceName,
    environment: &EnvironmentName,
    deployment: &Deployment,
) -> Option<&'a Promotion> {
    let noted = ledger.deployments.get(&(service.clone(), deployment.id));
    if let Some(ledger::Origin::Ours(Some(intent))) = noted {
        return ledger.promotions.get(intent);
    }
    ledger
        .promotions_of(service, environment)
        .rfind(|promotion| is_ours(promotion, deployment))
}

/// Says whether a deployment of the forge is what the intent brought about: by its key, by its id,
/// or by revision and time.
pub fn is_ours(promotion: &Promotion, deployment: &Deployment) -> bool {
    let intent = &promotion.intent;
    if deployment.key.is_some() {
        // It carries a key: only its own intent made it.
        return deployment.key.as_ref() == Some(&intent.id);
    }
    let handle = promotion.handle.as_ref();
    if handle.and_then(|handle| handle.deployment) == Some(deployment.id) {
        return true;
    }
    // A job that was run again makes one deployment, its own.
    if let (Some(made), Some(maker)) = (handle.and_then(|it| it.job), &deployment.made_by) {
        return maker.job == made;
    }
    let deploys = match intent.purpose {
        Purpose::Promotion | Purpose::Rerun => true,
        Purpose::Rejection
        | Purpose::Cancellation
        | Purpose::Status
        | Purpose::Brake
        | Purpose::Unbrake => false,
    };
    let never_there = matches!(
        promotion.state,
        State::Intended | State::Abandoned | State::Rejected | State::Absent
    );
    let Some(sent_at) = promotion.sent_at.filter(|_| deploys && !never_there) else {
        return false;
    };
    let before_the_end =
        promotion.state.is_open() || deployment.created_at <= promotion.changed_at + SKEW;
    brings(promotion, &deployment.sha) && deployment.changed_at >= sent_at - SKEW && before_the_end
}

/// Says whether a commit is the intent's: the one that was wanted, or the one that its merge made.
pub fn brings(promotion: &Promotion, sha: &Sha) -> bool {
    let merged = promotion
        .handle
        .as_ref()
        .and_then(|handle| handle.sha.as_ref());
    promotion.intent.to.sha == *sha || merged == Some(sha)
}

#[cfg(test)]
mod tests;
