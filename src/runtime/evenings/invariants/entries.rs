//! What must hold of intents and their steps in the journal.

use super::Held;
use crate::domain::entry::{Entry, Event};
use crate::domain::policy::Mode;
use crate::domain::promotion::{Intent, Purpose, Step};
use crate::runtime::evenings::hosts::is_keyless;
use crate::runtime::evenings::world::World;

pub fn ordered(world: &World, entry: &Entry) -> Held {
    match &entry.draft.event {
        // Ordered with its hold; `brakes.rs` looks at that.
        Event::Intended { intent } if intent.purpose.is_brake() => Ok(()),
        Event::Intended { intent } => {
            let run = intent.release.as_ref();
            let ordered = world.record.ordered.contains(&intent.id)
                || run.is_some_and(|run| world.record.runs.contains(run));
            if ordered {
                Ok(())
            } else if intent.goes_by_itself() {
                by_itself(world, entry, intent)
            } else {
                Err(format!("nobody ordered {}", intent.id))
            }
        }
        _ => Ok(()),
    }
}

/// What goes by itself goes where the policy's owner switched that on. That a release which ships it is
/// go, `releases.rs` looks at.
fn by_itself(world: &World, entry: &Entry, intent: &Intent) -> Held {
    let (service, environment) = (&intent.service, &intent.environment);
    let policy = world.record.policies.get(&entry.draft.policy);
    let policy = policy.ok_or("it was decided by no known policy")?;
    let stage = policy
        .service(service)
        .and_then(|known| known.stage(environment));
    if stage.is_none_or(|stage| stage.mode != Mode::Auto) {
        return Err(format!("{} goes by itself, and nobody said so", intent.id));
    }
    Ok(())
}

pub fn one_in_flight(world: &World, entry: &Entry) -> Held {
    let Event::Intended { intent } = &entry.draft.event else {
        return Ok(());
    };
    if intent.purpose != Purpose::Promotion {
        return Ok(());
    }
    let mut open = world.fold.open_on(&intent.service, &intent.environment);
    match open.next() {
        None => Ok(()),
        Some(first) => Err(format!(
            "{} of {} is {} on the cell of {} of {}",
            first.intent.id, first.actor, first.word, intent.id, entry.draft.actor
        )),
    }
}

/// P1, written down once more: after which words each word may come.
fn may_come_after(word: &str) -> &'static [&'static str] {
    match word {
        "sending" | "abandoned" => &["intended"],
        "accepted" | "rejected" => &["sending"],
        "unknown" => &["sending", "reconciling"],
        "reconciling" => &["unknown"],
        "reconciled" | "absent" => &["unknown", "reconciling"],
        "running" => &["accepted", "reconciled"],
        "succeeded" | "failed" | "cancelled" => &["accepted", "reconciled", "running"],
        _ => &[],
    }
}

pub fn steps_follow(world: &World, entry: &Entry) -> Held {
    let Event::Stepped { id, step, .. } = &entry.draft.event else {
        return Ok(());
    };
    let before = world
        .fold
        .intents
        .get(id)
        .map_or("nothing", |going| going.word);
    if may_come_after(step.word()).contains(&before) {
        Ok(())
    } else {
        Err(format!("{id} is {} after {before}", step.word()))
    }
}

/// What an entry says of a forge is so, by the forge's own record.
pub fn happened(world: &World, entry: &Entry) -> Held {
    let Event::Stepped { id, step, .. } = &entry.draft.event else {
        return Ok(());
    };
    let written = world
        .forges
        .values()
        .any(|forge| forge.writes.iter().any(|write| write.key == *id));
    // Of what carries no key, whether it is there is all that can be found.
    let act = world.fold.intents.get(id).map(|going| &going.intent.act);
    let keyless = act.filter(|act| is_keyless(act));
    let good = match step {
        Step::Reconciled { .. } if keyless.is_some() => {
            let mut repos = world.forges.values().flat_map(|forge| forge.repos.values());
            written || keyless.is_some_and(|act| repos.any(|repo| repo.bore(act)))
        }
        Step::Absent { .. } if keyless.is_some() => true,
        Step::Accepted { .. } | Step::Reconciled { .. } => written,
        Step::Rejected { .. } | Step::Abandoned { .. } | Step::Absent { .. } => !written,
        Step::Succeeded => succeeded(world, id),
        Step::Sending { .. }
        | Step::Unknown { .. }
        | Step::Reconciling
        | Step::Running { .. }
        | Step::Failed { .. }
        | Step::Cancelled { .. } => true,
    };
    if good {
        Ok(())
    } else {
        Err(format!("{id} is {}, the forge knows better", step.word()))
    }
}

/// Says whether a promotion's revision really came to be live, now or before.
fn succeeded(world: &World, id: &crate::domain::ids::IntentId) -> bool {
    let Some(going) = world.fold.intents.get(id) else {
        return false;
    };
    let intent = &going.intent;
    if intent.purpose != Purpose::Promotion {
        return true;
    }
    let mut repos = world.forges.values().flat_map(|forge| forge.repos.values());
    repos.any(|repo| {
        let mut deployments = repo.truth.deployments.iter();
        deployments.any(|known| {
            known.environment == intent.environment
                && matches!(known.raw.as_str(), "succeeded" | "inactive")
                && repo.brings(&known.sha, &intent.to.sha)
        })
    })
}
