//! Rollback (P7): which revision going back means, and which one it leaves as bad. That it is sent like
//! any other promotion lives in the engine; which gates it is asked, in
//! `GateSpec::is_asked_of_rollbacks`.

use jiff::Timestamp;

use super::cell::named;
use super::deployment::{self, Deployment};
use super::facts::ServiceFacts;
use super::ids::{EnvironmentName, Sha};
use super::ledger::Ledger;
use super::phase::Phase;
use super::policy::{EnvironmentModel, Service, Stage};
use super::promotion::{Purpose, State};
use super::revision::Revision;
use super::verification::{self, Standing};

/// Returns the revision to go back to: the newest one that was live before what is live now, was
/// verified, and is not known to be bad. `insisted` names one of those by version or SHA.
///
/// After a promotion that failed, what is live still is that revision, whatever the failure left
/// behind: it is put there once more, and nothing older unless somebody insists.
///
/// # Errors
///
/// Says why there is none.
pub fn target(
    facts: &ServiceFacts,
    ledger: &Ledger,
    service: &Service,
    stage: &Stage,
    insisted: Option<&str>,
    now: Timestamp,
) -> Result<Revision, String> {
    let environment = &stage.environment;
    let Some(live) = deployment::live(&facts.deployments, environment) else {
        return Err(format!("nothing is live in {environment}"));
    };
    let mut before: Vec<&Deployment> = were_live(facts, environment)
        .filter(|deployment| deployment.sha != live.sha)
        .filter(|deployment| (deployment.created_at, deployment.id) < (live.created_at, live.id))
        .chain(failed(facts, ledger, service, stage).map(|_| live))
        .collect();
    first_fit(facts, ledger, service, stage, insisted, &mut before, now)
}

/// Returns the revision that going back would mean once something else has replaced what is live.
///
/// # Errors
///
/// Says why there would be none.
pub fn after_next(
    facts: &ServiceFacts,
    ledger: &Ledger,
    service: &Service,
    stage: &Stage,
    now: Timestamp,
) -> Result<Revision, String> {
    let environment = &stage.environment;
    let Some(live) = deployment::live(&facts.deployments, environment) else {
        return Err(format!("nothing is live in {environment}"));
    };
    let mut before: Vec<&Deployment> = were_live(facts, environment)
        .filter(|deployment| (deployment.created_at, deployment.id) <= (live.created_at, live.id))
        .collect();
    first_fit(facts, ledger, service, stage, None, &mut before, now)
}

/// Everything that is or was live in an environment, by the forge.
fn were_live<'a>(
    facts: &'a ServiceFacts,
    environment: &EnvironmentName,
) -> impl Iterator<Item = &'a Deployment> {
    facts
        .deployments
        .iter()
        .filter(move |deployment| deployment.environment == *environment)
        .filter(|deployment| matches!(deployment.phase, Phase::Succeeded | Phase::Superseded))
}

/// The newest of these that one may go back to.
fn first_fit(
    facts: &ServiceFacts,
    ledger: &Ledger,
    service: &Service,
    stage: &Stage,
    insisted: Option<&str>,
    before: &mut [&Deployment],
    now: Timestamp,
) -> Result<Revision, String> {
    let environment = &stage.environment;
    before.sort_by_key(|deployment| std::cmp::Reverse((deployment.created_at, deployment.id)));
    let mut bad = None;
    for deployment in before {
        let revision = named(Some(facts), &deployment.sha);
        let wanted = insisted.is_none_or(|insisted| is_named(&revision, insisted));
        if !wanted {
            continue;
        }
        match unfit(ledger, service, stage, deployment, now) {
            None => return Ok(revision),
            Some(why) => bad = bad.or(Some(format!("{revision} {why}"))),
        }
    }
    for revision in replaced(facts, ledger, service, stage) {
        if insisted.is_some_and(|insisted| !is_named(revision, insisted)) {
            continue;
        }
        match left_or_bad(ledger, service, stage, &revision.sha, now) {
            None => return Ok(revision.clone()),
            Some(why) => bad = bad.or(Some(format!("{revision} {why}"))),
        }
    }
    let mut none = match insisted {
        Some(insisted) => format!("{insisted} was not live in {environment} before"),
        None => format!("nothing that was verified was live in {environment} before"),
    };
    if matches!(service.environments, EnvironmentModel::Status { .. }) {
        none.push_str(", as far as its commits have been read");
    }
    Err(bad.map_or(none.clone(), |bad| match insisted {
        Some(_) => bad,
        None => format!("{none}: {bad}"),
    }))
}

/// Returns what promotions of ours have replaced here and the forge does not show, newest first: few
/// forges keep all that was live, or tell it at a first look. Nobody knows how its verification ended,
/// so that where one is asked for, there is none.
fn replaced<'a>(
    facts: &'a ServiceFacts,
    ledger: &'a Ledger,
    service: &Service,
    stage: &'a Stage,
) -> impl Iterator<Item = &'a Revision> {
    let is_shown = move |sha: &Sha| {
        let mut shown = facts.deployments.iter();
        shown.any(|one| one.environment == stage.environment && one.sha == *sha)
    };
    ledger
        .promotions_of(&service.name, &stage.environment)
        .rev()
        .filter(move |_| stage.verification.is_none())
        .filter(|one| one.intent.purpose == Purpose::Promotion && one.state == State::Succeeded)
        .filter_map(|one| one.intent.from.as_ref())
        .filter(move |from| !is_shown(&from.sha))
}

/// Returns the revision that a rollback from `from` to `to` leaves as bad: the one that is replaced, or,
/// where what is live is put there once more, the one that failed to replace it.
pub fn left(
    facts: &ServiceFacts,
    ledger: &Ledger,
    service: &Service,
    stage: &Stage,
    (from, to): (&Revision, &Revision),
) -> Option<Revision> {
    if from.sha != to.sha {
        return Some(from.clone());
    }
    let failed = failed(facts, ledger, service, stage)?;
    Some(named(Some(facts), failed))
}

/// Returns what was to replace what is live and failed, by the forge or, where it keeps no record of
/// that, by the journal.
fn failed<'a>(
    facts: &'a ServiceFacts,
    ledger: &'a Ledger,
    service: &Service,
    stage: &Stage,
) -> Option<&'a Sha> {
    let environment = &stage.environment;
    let live = deployment::live(&facts.deployments, environment)?;
    let on_forge = deployment::newest_entered(&facts.deployments, environment)
        .filter(|newest| newest.phase == Phase::Failed)
        .map(|newest| &newest.sha);
    let in_journal = || {
        ledger
            .promotions_of(&service.name, environment)
            .filter(|one| one.intent.purpose == Purpose::Promotion)
            .rfind(|one| matches!(one.state, State::Succeeded | State::Failed))
            .filter(|one| one.state == State::Failed && one.intended_at > live.created_at)
            .map(|one| &one.intent.to.sha)
    };
    on_forge.or_else(in_journal).filter(|sha| **sha != live.sha)
}

/// Says whether a revision is called `name`: by its version, or by enough of its SHA.
pub fn is_named(revision: &Revision, name: &str) -> bool {
    revision.version.as_deref() == Some(name)
        || (name.len() >= 7 && revision.sha.as_str().starts_with(name))
}

/// Why a revision that was live is nothing to go back to.
fn unfit(
    ledger: &Ledger,
    service: &Service,
    stage: &Stage,
    deployment: &Deployment,
    now: Timestamp,
) -> Option<String> {
    if let Some(why) = left_or_bad(ledger, service, stage, &deployment.sha, now) {
        return Some(why);
    }
    match verification::standing(stage, &service.name, deployment, Some(ledger)) {
        // Before the journal began nobody could verify: that it was live has to do.
        Standing::NotAsked | Standing::Passed | Standing::Verifying { until: None, .. } => None,
        Standing::Verifying { .. } | Standing::Unknown => Some("was never verified".to_owned()),
        Standing::Failed { why } => Some(format!("failed its verification: {why}")),
    }
}

/// What people have said against a revision here.
fn left_or_bad(
    ledger: &Ledger,
    service: &Service,
    stage: &Stage,
    sha: &Sha,
    now: Timestamp,
) -> Option<String> {
    let (name, environment) = (&service.name, &stage.environment);
    let named_bad = ledger
        .holds_on(name, environment, Some(sha), now)
        .find(|hold| hold.names(sha));
    if let Some(hold) = named_bad {
        return Some(format!("is held by {}: {}", hold.owner, hold.reason));
    }
    was_left(ledger, service, stage, sha).then(|| "was rolled back from".to_owned())
}

/// Says whether somebody went back from this revision here.
fn was_left(ledger: &Ledger, service: &Service, stage: &Stage, sha: &Sha) -> bool {
    ledger
        .promotions_of(&service.name, &stage.environment)
        .any(|promotion| {
            promotion.intent.rollback
                && promotion.state == State::Succeeded
                && promotion
                    .intent
                    .from
                    .as_ref()
                    .is_some_and(|from| from.sha == *sha && from.sha != promotion.intent.to.sha)
        })
}

#[cfg(test)]
mod tests;
