//! What must hold of every act that an engine orders to be sent.

use super::{Held, oracle};
use crate::app::Effect;
use crate::domain::act::Act;
use crate::domain::facts::ServiceFacts;
use crate::domain::ids::{EnvironmentName, IntentId, Sha};
use crate::domain::policy::{GateSpec, Policy, Service, Stage, Via};
use crate::domain::promotion::Purpose;
use crate::runtime::evenings::fold::Going;
use crate::runtime::evenings::record::{Send, Told, live};
use crate::runtime::evenings::world::World;

/// What an act is judged by: its intent, the policy in force, and the facts that its sender had.
struct Case<'a> {
    going: &'a Going,
    policy: &'a Policy,
    service: &'a Service,
    stage: &'a Stage,
    told: &'a Told,
}

/// Only promotions are judged by gates.
fn case<'a>(world: &'a World, send: &Send) -> Result<Option<Case<'a>>, String> {
    let going = intent(world, &send.id)?;
    if going.intent.purpose != Purpose::Promotion {
        return Ok(None);
    }
    let policy = world.record.policies.get(&going.policy);
    let policy = policy.ok_or("it was decided by no known policy")?;
    let (service, environment) = (&going.intent.service, &going.intent.environment);
    let service = policy.service(service).ok_or("its service is gone")?;
    let stage = service.stage(environment).ok_or("its stage is gone")?;
    let key = (send.instance.clone(), service.name.clone());
    let told = world.record.facts.get(&key);
    let told = told.ok_or("its sender has never been told of the service")?;
    Ok(Some(Case {
        going,
        policy,
        service,
        stage,
        told,
    }))
}

fn intent<'a>(world: &'a World, id: &IntentId) -> Result<&'a Going, String> {
    let going = world.fold.intents.get(id);
    going.ok_or_else(|| format!("{id} is sent, and the journal does not know it"))
}

/// The journal has the permit, it is the sender's own, the sender was told so, and what is sent is
/// what was intended.
pub fn permitted(world: &World, _who: usize, send: &Send) -> Held {
    let id = &send.id;
    let going = intent(world, id)?;
    if going.word != "sending" || going.owner.as_ref() != Some(&send.instance) {
        return Err(format!(
            "{} sends {id}, which is {} of {:?}",
            send.instance, going.word, going.owner
        ));
    }
    let told = (send.instance.clone(), id.clone());
    if !world.record.permits_told.contains(&told) {
        return Err(format!(
            "{} was not told of the permit of {id}",
            send.instance
        ));
    }
    if going.intent.act != send.act {
        return Err(format!("{id} is another act than was intended"));
    }
    let mut policies = world.record.policies.values();
    let place = policies.any(|policy| {
        let service = policy.service(&going.intent.service);
        service.is_some_and(|known| known.forge == send.forge && known.repo == send.repo)
    });
    if place {
        Ok(())
    } else {
        Err(format!("{id} goes to {} {}", send.forge, send.repo))
    }
}

pub fn once(world: &World, _who: usize, send: &Send) -> Held {
    match world.record.sends.iter().find(|sent| sent.id == send.id) {
        None => Ok(()),
        Some(first) => Err(format!(
            "{} is sent by {} and was sent by {}",
            send.id, send.instance, first.instance
        )),
    }
}

/// By the forges' own record.
pub fn written_once(world: &mut World) -> Held {
    for (name, forge) in &world.forges {
        let Some((last, before)) = forge.writes.split_last() else {
            continue;
        };
        if before.iter().any(|write| write.key == last.key) {
            return Err(format!(
                "{name} was written to twice for {}: {:?}",
                last.key, last.act
            ));
        }
    }
    Ok(())
}

pub fn may_change(world: &World, who: usize, effect: &Effect) -> Held {
    let operator = &world.operators[who];
    match effect {
        Effect::Append { draft, .. } if operator.read_only => Err(format!(
            "{} appends {}",
            operator.instance,
            draft.event.kind()
        )),
        Effect::Act { id, .. } if operator.read_only => {
            Err(format!("{} sends {id}", operator.instance))
        }
        _ => Ok(()),
    }
}

/// The facts were asked for after the intent was durable, and are not stale.
pub fn read_again(world: &World, who: usize, send: &Send) -> Held {
    let Some(case) = case(world, send)? else {
        return Ok(());
    };
    let durable = world.record.intents_told.get(&send.id);
    if durable.is_none_or(|at| case.told.really < *at) {
        return Err(format!(
            "{} rests on facts that were read before it was intended",
            send.id
        ));
    }
    let age = send.at.duration_since(case.told.confirmed_at);
    // The sender judges once more by the policy that it has by now.
    let limit = case.policy.max_age.max(world.operators[who].policy.max_age);
    if age >= limit {
        return Err(format!("{} rests on facts that are {age:#} old", send.id));
    }
    Ok(())
}

/// What would be replaced and what would come are still what the intent says, and the act brings it.
pub fn as_shown(world: &World, _who: usize, send: &Send) -> Held {
    let Some(case) = case(world, send)? else {
        return Ok(());
    };
    let (intent, facts) = (&case.going.intent, &case.told.facts);
    let shown = live(facts, &intent.environment).map(|deployment| &deployment.sha);
    if shown != intent.from.as_ref().map(|revision| &revision.sha) {
        return Err(format!(
            "{} replaces {:?}, the forge shows {shown:?}",
            send.id, intent.from
        ));
    }
    let wanted = oracle::candidate(facts, case.service, case.stage);
    // What going back brings is not what would go forward.
    let wanted = wanted.filter(|_| !intent.rollback).or_else(|| {
        let back = intent.rollback.then(|| intent.to.sha.clone());
        back.filter(|to| was_live(facts, &intent.environment, to))
    });
    if wanted.as_ref() != Some(&intent.to.sha) {
        return Err(format!(
            "{} brings {}, the forge shows {wanted:?}",
            send.id, intent.to
        ));
    }
    let to = &intent.to.sha;
    let run = |id| {
        facts
            .runs
            .iter()
            .find(|run| run.id == id)
            .map(|run| &run.sha)
    };
    let brings = match &send.act {
        Act::Dispatch { inputs, .. } => {
            inputs.get("revision").map(String::as_str) == Some(to.as_str())
        }
        Act::CreateDeployment { sha, .. } | Act::SetStatus { sha, .. } => sha == to,
        Act::MergePullRequest { head, .. } => head == to,
        Act::PublishRelease { target, .. } | Act::CreateTag { target, .. } => target == to,
        Act::Approve { run: id, .. }
        | Act::ApproveDeployment { run: id, .. }
        | Act::PlayJob { run: id, .. }
        | Act::RetryJob { run: id, .. } => run(*id) == Some(to),
        Act::RunPipeline { variables, .. } => variables.values().any(|value| value == to.as_str()),
        Act::Reject { .. }
        | Act::RejectDeployment { .. }
        | Act::Cancel { .. }
        | Act::CancelJob { .. }
        | Act::Rerun { .. }
        | Act::ByHand
        | Act::AddLabel { .. }
        | Act::RemoveLabel { .. }
        | Act::Freeze { .. }
        | Act::Unfreeze { .. } => false,
    };
    if brings {
        Ok(())
    } else {
        Err(format!("{} does not bring {to}: {:?}", send.id, send.act))
    }
}

fn was_live(facts: &ServiceFacts, environment: &EnvironmentName, sha: &Sha) -> bool {
    facts.deployments.iter().any(|known| {
        known.environment == *environment
            && known.sha == *sha
            && matches!(known.raw.as_str(), "succeeded" | "inactive")
    })
}

/// Each gate of the stage, by the oracle.
pub fn gates_open(world: &World, _who: usize, send: &Send) -> Held {
    let Some(case) = case(world, send)? else {
        return Ok(());
    };
    let (intent, facts) = (&case.going.intent, &case.told.facts);
    let to = &intent.to.sha;
    let closed = |gate: &str, why: &str| Err(format!("{} is sent, but {gate}: {why}", send.id));
    // What brings back what had passed every gate is not asked them again.
    if intent.rollback {
        return Ok(());
    }
    for gate in case.stage.gates.iter() {
        if world.fold.overridden(intent, gate.name()) {
            continue;
        }
        match gate {
            GateSpec::Pipeline(rule) => {
                if let Some(why) = oracle::checks_red(facts, to, &[&rule.optional, &rule.ignored]) {
                    return closed("pipeline", &why);
                }
            }
            GateSpec::Path { .. } if case.service.path[0] != *case.stage => {
                let Some(up) = oracle::up_before(facts, case.service, case.stage, to) else {
                    return closed("path", "it is not what the environment before has");
                };
                let before = case.service.stage(&up.environment);
                let asked = before.is_some_and(|stage| stage.verification.is_some());
                let key = (case.service.name.clone(), up.id);
                if asked && world.fold.verified.get(&key) != Some(&true) {
                    return closed("path", "it was not verified in the environment before");
                }
            }
            GateSpec::Soak { at_least } if case.service.path[0] != *case.stage => {
                let entered = oracle::entered_before(facts, case.service, case.stage, to);
                if entered.is_none_or(|at| send.at.duration_since(at) < *at_least) {
                    return closed("soak", "it has not been there for long enough");
                }
            }
            GateSpec::Review { approvals, own } => {
                let from = intent.from.as_ref().map(|from| from.sha.clone());
                let from = from.unwrap_or_else(|| Sha::from(""));
                let key = (send.instance.clone(), from, to.clone());
                let Some(scope) = world.record.scopes.get(&key) else {
                    return closed("review", "its scope was never read");
                };
                if let Some(number) = oracle::unapproved(scope, *approvals, *own) {
                    return closed("review", &format!("{number} is not approved"));
                }
            }
            _ => {}
        }
    }
    // P5: of what waits for approval, only the newest revision goes. Two runs of one revision may
    // wait, and either brings it.
    let waits = matches!(case.stage.via, Via::Approval { .. } | Via::Job { .. });
    if let (true, Some(run)) = (waits, send.act.run()) {
        let waiting = facts.runs.iter().filter(|known| {
            let mut environments = known.waiting.iter();
            environments.any(|waiting| waiting.environment == intent.environment)
        });
        let newest = waiting.max_by_key(|known| (known.created_at, known.id));
        let approved = facts.runs.iter().find(|known| known.id == run);
        let same = newest
            .zip(approved)
            .map(|(newest, approved)| newest.sha == approved.sha);
        if same != Some(true) {
            return closed("forge", "a newer revision waits");
        }
    }
    Ok(())
}

/// Neither outside every window nor inside a freeze at the instant of sending.
pub fn in_window(world: &World, _who: usize, send: &Send) -> Held {
    let Some(case) = case(world, send)? else {
        return Ok(());
    };
    let passed = world.fold.overridden(&case.going.intent, "window");
    let asks = case.stage.gates.contains(&GateSpec::Window) && !passed;
    let (service, environment) = (&case.service.name, &case.stage.environment);
    if asks && !oracle::window_open(case.policy, service, environment, send.at) {
        return Err(format!("{} is sent at {}", send.id, send.at));
    }
    Ok(())
}
