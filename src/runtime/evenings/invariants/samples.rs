//! What must hold of gates that rest on samples of what runs.

use jiff::{SignedDuration, Timestamp};

use super::Held;
use crate::domain::policy::GateSpec;
use crate::domain::promotion::Purpose;
use crate::runtime::evenings::health::Sampled;
use crate::runtime::evenings::record::Send;
use crate::runtime::evenings::world::World;

/// The last round was taken after the intent was durable, is young enough, and all of it was well.
pub fn taken_again(world: &World, _who: usize, send: &Send) -> Held {
    let Some(going) = world.fold.intents.get(&send.id) else {
        return Ok(());
    };
    let intent = &going.intent;
    if intent.purpose != Purpose::Promotion || intent.rollback {
        return Ok(());
    }
    let policy = world.record.policies.get(&going.policy);
    let service = policy.and_then(|policy| policy.service(&intent.service));
    let stage = service.and_then(|service| service.stage(&intent.environment));
    let since = world.record.intents_told.get(&send.id);
    for gate in stage.into_iter().flat_map(|stage| stage.gates.iter()) {
        match gate {
            GateSpec::Health(rule) => good(world, send, "health", "health", rule.every, since)?,
            GateSpec::Command(rules) => {
                for (name, rule) in rules {
                    let gate = format!("command {name}");
                    good(world, send, &gate, name, rule.every, since)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn good(
    world: &World,
    send: &Send,
    gate: &str,
    subject: &str,
    every: SignedDuration,
    since: Option<&Timestamp>,
) -> Held {
    let Some(going) = world.fold.intents.get(&send.id) else {
        return Ok(());
    };
    let intent = &going.intent;
    let key = Sampled {
        service: intent.service.clone(),
        environment: intent.environment.clone(),
        revision: intent.to.sha.clone(),
        subject: subject.to_owned(),
    };
    let told = world.record.rounds.get(&(send.instance.clone(), key));
    let wrong = |why: &str| {
        Err(format!(
            "{} is sent, and its {gate} {why}: {told:?}",
            send.id
        ))
    };
    let Some(told) = told else {
        return wrong("was never sampled");
    };
    if since.is_none_or(|since| told.really < *since) {
        return wrong("was sampled before it was intended");
    }
    if world.fold.overridden(intent, gate) {
        return Ok(());
    }
    if !told.good {
        return wrong("is not well");
    }
    if send.at.duration_since(told.asked_at) >= every * 2 {
        return wrong("was sampled too long ago");
    }
    Ok(())
}
