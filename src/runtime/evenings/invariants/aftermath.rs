//! What must hold after a deployment: whose it was is told (P8), and how it is (P10).

use super::Held;
use crate::domain::deployment::Deployment;
use crate::domain::entry::{Entry, Event};
use crate::domain::ids::{DeploymentId, ServiceName};
use crate::domain::policy::{Service, Via};
use crate::runtime::evenings::forge::Repo;
use crate::runtime::evenings::health::Sampled;
use crate::runtime::evenings::record::live;
use crate::runtime::evenings::world::World;
use jiff::SignedDuration;

/// How far clocks of two machines may be apart in these evenings.
const SKEW: SignedDuration = SignedDuration::from_secs(90);
/// How long after it came to rest a deployment may be untold.
const UNTOLD: SignedDuration = SignedDuration::from_secs(60);

fn repo<'a>(world: &'a World, service: &Service) -> Option<&'a Repo> {
    world.repo(&service.forge, &service.repo)
}

fn place<'a>(
    world: &'a World,
    entry: &Entry,
    id: DeploymentId,
) -> Result<(&'a Service, &'a Repo, &'a Deployment), String> {
    let policy = world.record.policies.get(&entry.draft.policy);
    let name = entry.draft.service.as_ref();
    let service = policy
        .zip(name)
        .and_then(|(policy, name)| policy.service(name));
    let found = service.and_then(|service| {
        let repo = repo(world, service)?;
        let mut deployments = repo.truth.deployments.iter();
        Some((service, repo, deployments.find(|known| known.id == id)?))
    });
    found.ok_or_else(|| format!("{id} of {name:?} is on no forge"))
}

/// What is said to be out of band is, and is said once.
pub fn told_once(world: &World, entry: &Entry) -> Held {
    let Event::DeploymentOutOfBand { deployment, .. } = &entry.draft.event else {
        return Ok(());
    };
    let (service, repo, known) = place(world, entry, *deployment)?;
    let key = (service.name.clone(), *deployment);
    if world.fold.noted.contains_key(&key) {
        return Err(format!("{deployment} of {} is told twice", service.name));
    }
    match repo.made_by.get(deployment) {
        Some(None) => Ok(()),
        Some(Some(intent)) => Err(format!("{intent} made {known:?}")),
        None => Err(format!("the forge itself made {known:?}")),
    }
}

/// What came out of band and is live is told in the end.
pub fn told(world: &World) -> Held {
    // Somebody has to be there who may write it down.
    let able = world.operators.iter().any(|operator| {
        let state = operator.state.as_ref();
        !operator.read_only && state.is_some_and(|state| state.engine.operator.is_some())
    });
    if !able {
        return Ok(());
    }
    for service in &world.policy.services {
        let Some(repo) = repo(world, service) else {
            continue;
        };
        for stage in &service.path {
            let Some(known) = live(&repo.truth, &stage.environment) else {
                continue;
            };
            let past_us = repo.made_by.get(&known.id) == Some(&None);
            let old = world.now.duration_since(known.changed_at) > UNTOLD;
            let key = (service.name.clone(), known.id);
            // Before the journal's first entry there was nobody to tell.
            let history = world
                .fold
                .began
                .is_none_or(|began| known.changed_at < began);
            let counts = past_us && old && !history && stage.via != Via::Forge;
            if counts && !world.fold.noted.contains_key(&key) && !ours(world, &key.0, known) {
                return Err(format!(
                    "{} of {} came out of band, and nobody says so",
                    known.id, service.name
                ));
            }
        }
    }
    Ok(())
}

/// One of ours brings the same there, so that nobody can tell whose it was.
fn ours(world: &World, service: &ServiceName, known: &Deployment) -> bool {
    let mut intents = world.fold.intents.values();
    intents.any(|going| {
        going.intent.service == *service
            && going.intent.environment == known.environment
            && (going.is_open() || going.intent.to.sha == known.sha)
    })
}

/// Before a verification is noted as failed, its revision is held until somebody lifts that; and it
/// had its time.
pub fn held(world: &World, entry: &Entry) -> Held {
    let Event::VerificationFailed { deployment, .. } = &entry.draft.event else {
        return Ok(());
    };
    let (service, _, known) = place(world, entry, *deployment)?;
    let mut holds = world.fold.holds.values();
    let held = holds.any(|held| {
        held.placed.incident
            && held.placed.until.is_none()
            && held.cover.revision.as_ref() == Some(&known.sha)
            && held.cover.service.as_ref() == Some(&service.name)
    });
    if !held {
        return Err(format!(
            "{} failed, and nothing holds it",
            known.sha.short()
        ));
    }
    let rule = service
        .stage(&known.environment)
        .and_then(|stage| stage.verification.as_ref());
    let within = rule.map_or(SignedDuration::ZERO, |rule| rule.within);
    // When it was superseded it changed once more, which nobody may have seen yet.
    let superseded = known.raw == "inactive";
    let since = if superseded {
        known.created_at
    } else {
        known.changed_at
    };
    if entry.draft.at < since + within {
        return Err(format!("{} failed before its time", known.sha.short()));
    }
    Ok(())
}

/// What is noted as verified was seen to be well by who noted it, since it was deployed.
pub fn verified(world: &World, entry: &Entry) -> Held {
    let Event::VerificationPassed { deployment, .. } = &entry.draft.event else {
        return Ok(());
    };
    let (service, _, known) = place(world, entry, *deployment)?;
    let Some(author) = &world.author else {
        return Err("nobody verified it".to_owned());
    };
    let key = Sampled {
        service: service.name.clone(),
        environment: known.environment.clone(),
        revision: known.sha.clone(),
        subject: "verify".to_owned(),
    };
    let told = world.record.rounds.get(&(author.instance.clone(), key));
    let good = told.and_then(|told| told.good_at);
    // When it was superseded it changed once more.
    if good.is_some_and(|at| at + SKEW >= known.created_at) {
        Ok(())
    } else {
        Err(format!(
            "{} says that {} is well, and was told {told:?}",
            author.instance,
            known.sha.short()
        ))
    }
}
