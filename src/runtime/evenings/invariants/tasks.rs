//! What must hold of the tasks of checklists.

use super::{Held, oracle};
use crate::app::Effect;
use crate::domain::entry::{Entry, Event};
use crate::domain::policy::{GateSpec, Policy, Task};
use crate::domain::promotion::{Intent, Purpose, Step};
use crate::domain::revision::Revision;
use crate::domain::scope;
use crate::runtime::evenings::record::live;
use crate::runtime::evenings::world::World;

/// A task is attested for what the forge showed last.
pub fn seen(world: &World, who: usize, effect: &Effect) -> Held {
    let Effect::Append { draft, .. } = effect else {
        return Ok(());
    };
    let Event::TaskDone { attestation } = &draft.event else {
        return Ok(());
    };
    let operator = &world.operators[who];
    let key = (operator.instance.clone(), attestation.service.clone());
    let told = world.record.facts.get(&key);
    let told = told.ok_or("a task for what was never shown")?;
    let service = operator.policy.service(&attestation.service);
    let service = service.ok_or("no such service")?;
    let stage = service.stage(&attestation.environment);
    let stage = stage.ok_or("no such stage")?;
    let from = live(&told.facts, &attestation.environment);
    let from = from.map(|deployment| Revision::new(deployment.sha.clone()));
    let to = oracle::candidate(&told.facts, service, stage).ok_or("a task for nothing")?;
    let (service, environment) = (&attestation.service, &attestation.environment);
    let bound = scope::hash(service, environment, from.as_ref(), &Revision::new(to));
    if bound == attestation.scope && operator.person == attestation.person {
        Ok(())
    } else {
        Err(format!(
            "{} attests {} for {}, which is not what is there",
            attestation.person, attestation.task, attestation.saw
        ))
    }
}

/// At a permit every task was attested for exactly this, by somebody who may.
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
    let asked = intent.purpose == Purpose::Promotion
        && !intent.rollback
        && !world.fold.overridden(intent, "checklist");
    let service = policy.service(&intent.service).filter(|_| asked);
    let stage = service.and_then(|service| service.stage(&intent.environment));
    for gate in stage.into_iter().flat_map(|stage| stage.gates.iter()) {
        if let GateSpec::Checklist { tasks } = gate {
            for task in tasks {
                done(world, policy, intent, task)?;
            }
        }
    }
    Ok(())
}

fn done(world: &World, policy: &Policy, intent: &Intent, task: &Task) -> Held {
    let (service, environment) = (&intent.service, &intent.environment);
    let key = (service.clone(), environment.clone(), task.name.clone());
    let bound = scope::hash(service, environment, intent.from.as_ref(), &intent.to);
    let done = world.fold.tasks.get(&key);
    let good = done.is_some_and(|done| {
        let may = task.role.as_ref().is_none_or(|role| {
            let members = policy.roles.get(role);
            members.is_some_and(|members| members.contains(&done.person))
        });
        done.scope == bound && may
    });
    if good {
        Ok(())
    } else {
        Err(format!(
            "{} got its permit with {} {done:?}",
            intent.id, task.name
        ))
    }
}
