//! What must hold of votes: S1 and S2.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Held, oracle};
use crate::app::Effect;
use crate::domain::entry::{Entry, Event};
use crate::domain::ids::{Person, RoleName};
use crate::domain::policy::{GateSpec, Policy};
use crate::domain::promotion::{Intent, Purpose, Step};
use crate::domain::revision::Revision;
use crate::domain::scope;
use crate::domain::signoff::{AtClose, Voice, Vote};
use crate::runtime::evenings::record::live;
use crate::runtime::evenings::world::World;

/// A vote is on what the forge showed its caster last.
pub fn seen(world: &World, who: usize, effect: &Effect) -> Held {
    let Effect::Append { draft, .. } = effect else {
        return Ok(());
    };
    let Event::VoteCast { vote } = &draft.event else {
        return Ok(());
    };
    let operator = &world.operators[who];
    let key = (operator.instance.clone(), vote.service.clone());
    let told = world.record.facts.get(&key);
    let told = told.ok_or("a vote on what was never shown")?;
    let service = operator
        .policy
        .service(&vote.service)
        .ok_or("no such service")?;
    let stage = service.stage(&vote.environment).ok_or("no such stage")?;
    let from = live(&told.facts, &vote.environment);
    let from = from.map(|deployment| Revision::new(deployment.sha.clone()));
    let to = oracle::candidate(&told.facts, service, stage).ok_or("a vote on nothing")?;
    let (service, environment) = (&vote.service, &vote.environment);
    let bound = scope::hash(service, environment, from.as_ref(), &Revision::new(to));
    if bound == vote.scope {
        Ok(())
    } else {
        Err(format!(
            "{} votes on {}, which is not what is there",
            vote.person, vote.saw
        ))
    }
}

/// A vote is cast by the person whose it is.
pub fn cast(world: &World, entry: &Entry) -> Held {
    let Event::VoteCast { vote } = &entry.draft.event else {
        return Ok(());
    };
    let author = world.author.as_ref();
    let own = author.is_some_and(|author| {
        let person = vote.person.as_str();
        author
            .instance
            .as_str()
            .rsplit_once('-')
            .map(|(name, _)| name)
            == Some(person)
    });
    if own && entry.draft.actor == vote.person {
        Ok(())
    } else {
        Err(format!("a vote of {} is cast by {author:?}", vote.person))
    }
}

/// At a permit the required roles had said go to exactly this scope, and nobody no-go.
pub fn complete(world: &World, entry: &Entry) -> Held {
    let Event::Stepped {
        id,
        step: Step::Sending { .. },
        ..
    } = &entry.draft.event
    else {
        return Ok(());
    };
    let (Some(going), Some(policy)) = (
        world.fold.intents.get(id),
        world.record.policies.get(&entry.draft.policy),
    ) else {
        return Ok(());
    };
    let intent = &going.intent;
    let service = policy.service(&intent.service);
    let stage = service.and_then(|service| service.stage(&intent.environment));
    let passed = world.fold.overridden(intent, "sign-off");
    if intent.purpose != Purpose::Promotion || intent.rollback || passed {
        return Ok(());
    }
    for gate in stage.into_iter().flat_map(|stage| stage.gates.iter()) {
        if let GateSpec::SignOff {
            roles,
            distinct,
            at_close,
        } = gate
        {
            let asked = Asked {
                roles,
                distinct: *distinct,
                withdraws: *at_close == AtClose::Withdraw,
            };
            filled(world, policy, intent, &asked, entry.draft.at)?;
        }
    }
    Ok(())
}

pub fn is_in(policy: &Policy, person: &Person, role: &RoleName) -> bool {
    let members = policy.roles.get(role);
    members.is_some_and(|members| members.contains(person))
}

/// What a sign-off asks for.
struct Asked<'a> {
    roles: &'a [RoleName],
    distinct: bool,
    /// A go ends with the window.
    withdraws: bool,
}

fn filled(
    world: &World,
    policy: &Policy,
    intent: &Intent,
    asked: &Asked<'_>,
    at: Timestamp,
) -> Held {
    let (roles, distinct) = (asked.roles, asked.distinct);
    let bound = scope::hash(
        &intent.service,
        &intent.environment,
        intent.from.as_ref(),
        &intent.to,
    );
    let is_in = |person: &Person, role: &RoleName| is_in(policy, person, role);
    let valid: Vec<&Vote> = world
        .fold
        .votes
        .values()
        .filter(|vote| vote.service == intent.service && vote.environment == intent.environment)
        .filter(|vote| vote.scope == bound && is_in(&vote.person, &vote.role))
        .collect();
    if let Some(against) = valid.iter().find(|vote| vote.voice == Voice::NoGo) {
        return Err(format!(
            "{} got its permit, and {} says no-go",
            intent.id, against.person
        ));
    }
    let (service, environment) = (&intent.service, &intent.environment);
    let ended = |vote: &Vote| {
        let closed = || oracle::closed_between(policy, service, environment, vote.at, at);
        asked.withdraws && vote.voice == Voice::Go && closed()
    };
    let mut used: BTreeSet<&Person> = BTreeSet::new();
    let valid: Vec<&Vote> = valid.into_iter().filter(|vote| !ended(vote)).collect();
    for role in roles {
        let go = valid.iter().find(|vote| {
            vote.role == *role && !used.contains(&vote.person)
                || !distinct && is_in(&vote.person, role)
        });
        let Some(go) = go else {
            return Err(format!(
                "{} got its permit without a go of {role}",
                intent.id
            ));
        };
        used.insert(&go.person);
    }
    Ok(())
}
