//! What must hold of holds and manual gates in the journal.

use super::Held;
use crate::domain::entry::{Entry, Event};
use crate::domain::hold::{Openers, Then};
use crate::domain::promotion::{Purpose, Step};
use crate::runtime::evenings::fold::{Going, is_in};
use crate::runtime::evenings::world::World;

/// The intent whose permit an entry is, if it is one of a promotion.
fn permit<'a>(world: &'a World, entry: &Entry) -> Option<&'a Going> {
    match &entry.draft.event {
        Event::Stepped {
            id,
            step: Step::Sending { .. },
            ..
        } => world
            .fold
            .intents
            .get(id)
            .filter(|going| going.intent.purpose == Purpose::Promotion || going.intent.rollback),
        _ => None,
    }
}

/// A permit is given only while no hold is on: whoever placed it, and however shortly before.
pub fn wins(world: &World, entry: &Entry) -> Held {
    let Some(going) = permit(world, entry) else {
        return Ok(());
    };
    let intent = &going.intent;
    let (service, environment) = (&intent.service, &intent.environment);
    let mut holds = world
        .fold
        .holds_on(service, environment, &intent.to.sha, entry.draft.at);
    match holds.find(|held| held.stops(intent)) {
        None => Ok(()),
        Some(held) => Err(format!(
            "{} got its permit under {} of {} on {}",
            intent.id, held.placed.id, held.placed.owner, held.cover
        )),
    }
}

/// At a permit every manual gate of the cell was opened, by somebody who may.
pub fn gates_opened(world: &World, entry: &Entry) -> Held {
    let Some(going) = permit(world, entry) else {
        return Ok(());
    };
    let intent = &going.intent;
    let policy = world.record.policies.get(&entry.draft.policy);
    for gated in world.fold.gates.values() {
        let cover = &gated.added.cover;
        if !is_in(cover, &intent.service, &intent.environment, &intent.to.sha) {
            continue;
        }
        let id = &gated.added.id;
        let name = format!("manual {}", gated.added.name);
        if world.fold.overridden(intent, &name) {
            continue;
        }
        let Some(by) = &gated.opened_by else {
            return Err(format!("{} got its permit, and {id} is closed", intent.id));
        };
        let may = match &gated.added.openers {
            Openers::Anyone => true,
            Openers::Person(person) => person == by,
            Openers::Role(role) => {
                let members = policy.and_then(|policy| policy.roles.get(role));
                members.is_some_and(|members| members.contains(by))
            }
        };
        if !may {
            return Err(format!(
                "{} got its permit, and {by} may not open {id}",
                intent.id
            ));
        }
    }
    Ok(())
}

pub fn whole(world: &World, entry: &Entry) -> Held {
    let draft = &entry.draft;
    let broken = match &draft.event {
        Event::HoldPlaced { hold, .. } => {
            hold.reason.trim().is_empty()
                || hold.owner != draft.actor
                || hold.until.is_some_and(|until| until <= draft.at)
        }
        Event::HoldEdited { until, .. } => {
            draft.reason.as_deref().unwrap_or("").trim().is_empty()
                || until.is_some_and(|until| until <= draft.at) && !kept(world, entry)
        }
        _ => false,
    };
    if broken {
        Err(format!("entry {} is {:?}", entry.seq, draft.event))
    } else {
        Ok(())
    }
}

/// An edit that keeps the end may come when the end has, and keeps the one that the hold has.
fn kept(world: &World, entry: &Entry) -> bool {
    match &entry.draft.event {
        Event::HoldEdited {
            id,
            until,
            keeps_end: true,
            ..
        } => {
            let held = world.fold.holds.get(id);
            held.is_some_and(|held| held.until == *until)
        }
        _ => false,
    }
}

pub fn noted_once(world: &World, entry: &Entry) -> Held {
    let Event::HoldExpired { id, .. } = &entry.draft.event else {
        return Ok(());
    };
    let Some(held) = world.fold.holds.get(id) else {
        return Err(format!("{id} ends, and never began"));
    };
    if held.noted {
        return Err(format!("the end of {id} is noted twice"));
    }
    let incident = held.placed.incident;
    if incident || held.until.is_none_or(|until| entry.draft.at < until) {
        return Err(format!(
            "the end of {id} is noted at {}, and is {:?}",
            entry.draft.at, held.until
        ));
    }
    Ok(())
}

/// What is to ask when its time is up does not end without somebody's order. One that has no time
/// neither asks nor ends.
pub fn answered(world: &World, entry: &Entry) -> Held {
    let (Event::HoldLifted { id, .. }
    | Event::HoldEdited {
        id,
        until: Some(_),
        then: Then::End,
        ..
    }) = &entry.draft.event
    else {
        return Ok(());
    };
    let asks = world
        .fold
        .holds
        .get(id)
        .is_some_and(|held| held.then == Then::Ask);
    if asks && !world.record.answered.contains(id) {
        return Err(format!(
            "{id} ends by entry {}, and nobody ordered that",
            entry.seq
        ));
    }
    Ok(())
}

/// Whoever had been shown a hold that is on does not place the same once more.
pub fn twins(world: &World, entry: &Entry) -> Held {
    let (Event::HoldPlaced { hold, .. }, Some(author)) = (&entry.draft.event, &world.author) else {
        return Ok(());
    };
    // An incident's hold comes by itself, and does not end by itself as another's may.
    if hold.incident {
        return Ok(());
    }
    let mut known = world.fold.holds.values();
    let twin = known.find(|held| {
        held.seq <= author.shown && held.cover == hold.cover && held.is_on(entry.draft.at)
    });
    match twin {
        None => Ok(()),
        Some(first) => Err(format!(
            "{} holds {} with {}, and was shown {}",
            author.instance, hold.cover, hold.id, first.placed.id
        )),
    }
}
