//! What must hold of what holds leave on the forges (H5): each mark is placed once, taken away only if
//! it is ours and nothing holds any more, and gone when its hold is.

use jiff::{SignedDuration, Timestamp};

use super::Held;
use crate::domain::act::Act;
use crate::domain::brake::{Mark, Reading, Way};
use crate::domain::entry::{Entry, Event};
use crate::domain::hold::Cover;
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::domain::promotion::{Intent, Purpose, Step};
use crate::runtime::evenings::fold::Going;
use crate::runtime::evenings::record::Send;
use crate::runtime::evenings::world::World;

/// How far the clock of whoever judges a hold may be off.
const SKEW: SignedDuration = SignedDuration::from_secs(120);

fn sent<'a>(world: &'a World, send: &Send, purpose: Purpose) -> Option<(&'a Going, Mark)> {
    let going = world.fold.intents.get(&send.id)?;
    let mark = Mark::of(&send.act)?;
    (going.intent.purpose == purpose).then_some((going, mark))
}

/// The words of an intent of which the forge may have, or has, what it is about.
fn may_be_done(going: &Going) -> bool {
    is_done(going) || matches!(going.word, "sending" | "unknown" | "reconciling")
}

fn is_done(going: &Going) -> bool {
    matches!(
        going.word,
        "accepted" | "reconciled" | "running" | "succeeded"
    )
}

/// Says whether two acts leave the same: a freeze has times of its own, and is one a cell.
fn is_same(one: &Intent, other: &Intent) -> bool {
    let (Some(mark), Some(of_other)) = (Mark::of(&one.act), Mark::of(&other.act)) else {
        return false;
    };
    let freezes = mark.way() == Way::Freeze && of_other.way() == Way::Freeze;
    one.service == other.service
        && one.environment == other.environment
        && (mark == of_other || freezes)
}

/// What of this is on the forge by the journal, or may be: of freezes several, where one was to last longer.
fn standing<'a>(world: &'a World, intent: &Intent) -> Vec<&'a Going> {
    let others = world.fold.intents.values();
    let mut others: Vec<&Going> = others
        .filter(|going| going.intent.id != intent.id && is_same(&going.intent, intent))
        .collect();
    others.sort_by_key(|going| going.seq);
    let mut standing: Vec<&Going> = Vec::new();
    for going in others {
        let is_it = |known: &&Going| {
            let number = match &going.intent.act {
                Act::Unfreeze { freeze, .. } => Some(*freeze),
                _ => None,
            };
            let same = Mark::of(&known.intent.act) == Mark::of(&going.intent.act);
            same && number.is_none_or(|number| known.freeze == Some(number))
        };
        match going.intent.purpose {
            Purpose::Brake if may_be_done(going) => standing.push(going),
            Purpose::Unbrake if is_done(going) => standing.retain(|known| !is_it(known)),
            _ => {}
        }
    }
    standing
}

/// What is there, or may be, is not placed once more: unless whoever does was shown that it is gone, or it
/// is a freeze that ends before what holds its cell does.
pub fn placed_once(world: &World, _who: usize, send: &Send) -> Held {
    let Some((going, mark)) = sent(world, send, Purpose::Brake) else {
        return Ok(());
    };
    // What was turned away and waits again was run again.
    if mark.way() == Way::Reject {
        return Ok(());
    }
    let Some(first) = standing(world, &going.intent).pop() else {
        return Ok(());
    };
    let placed = Mark::of(&first.intent.act).unwrap_or(mark);
    let key = (
        send.instance.clone(),
        going.intent.service.clone(),
        placed.clone(),
        first.freeze,
    );
    let shown = world.record.shown_of(&key, &send.id);
    let gone = matches!(shown, Some(Reading::Gone | Reading::Foreign { .. }));
    if is_done(first) && (gone || ends_too_soon(world, first, &placed)) {
        return Ok(());
    }
    Err(format!(
        "{} places {}, which {} has placed: {}, {shown:?}",
        send.id,
        placed.says(),
        first.intent.id,
        first.word
    ))
}

/// Says whether a freeze ends by itself while something still holds its cell. An evening is shorter than a
/// day, and a freeze that ends before it was made is one of a year.
fn ends_too_soon(world: &World, placed: &Going, mark: &Mark) -> bool {
    let (Mark::Freeze { end, .. }, Some(made)) = (mark, placed.permitted_at) else {
        return false;
    };
    let day = SignedDuration::from_hours(24);
    let minute = |at: Timestamp| at.strftime("%-M %-H %-d %-m *").to_string();
    let minutes = (0..day.as_mins()).map(SignedDuration::from_mins);
    let Some(end) = minutes.map(|it| made + it).find(|at| minute(*at) == *end) else {
        return false;
    };
    let (service, environment) = (&placed.intent.service, &placed.intent.environment);
    let mut holds = world.fold.holds.values();
    holds.any(|held| {
        let longer = held.until.is_none_or(|until| until >= end - SKEW);
        !held.lifted && longer && is_on(&held.cover, service, environment)
    })
}

/// What is taken away was placed by us, and whoever takes it away was shown that it still is ours.
pub fn lifted_ours(world: &World, _who: usize, send: &Send) -> Held {
    let Some((going, mark)) = sent(world, send, Purpose::Unbrake) else {
        return Ok(());
    };
    let number = match &send.act {
        Act::Unfreeze { freeze, .. } => Some(*freeze),
        _ => None,
    };
    let is_it = |placed: &&Going| {
        Mark::of(&placed.intent.act).as_ref() == Some(&mark)
            && number.is_none_or(|number| placed.freeze == Some(number))
    };
    let mut standing = standing(world, &going.intent).into_iter().rev();
    let placed = standing.find(is_it).filter(|placed| is_done(placed));
    let Some(placed) = placed else {
        return Err(format!(
            "{} lifts {}, which is not placed",
            send.id,
            mark.says()
        ));
    };
    let key = (
        send.instance.clone(),
        going.intent.service.clone(),
        mark.clone(),
        placed.freeze,
    );
    match world.record.shown_of(&key, &send.id) {
        Some(Reading::Ours { .. }) => Ok(()),
        shown => Err(format!(
            "{} lifts {}, and was shown {shown:?}",
            send.id,
            mark.says()
        )),
    }
}

/// When a mark gets its permit something holds its cell; when it may be taken away, nothing does.
pub fn held_now(world: &World, entry: &Entry) -> Held {
    let Event::Stepped {
        id,
        step: Step::Sending { .. },
        ..
    } = &entry.draft.event
    else {
        return Ok(());
    };
    let Some(going) = world.fold.intents.get(id) else {
        return Ok(());
    };
    let intent = &going.intent;
    let mut holds = world.fold.holds.values().filter(|held| {
        held.is_on(entry.draft.at) && is_on(&held.cover, &intent.service, &intent.environment)
    });
    match intent.purpose {
        Purpose::Brake if holds.next().is_none() => {
            Err(format!("{id} is placed, and nothing holds its cell"))
        }
        // What a hold on one revision stops may not be what is about to go.
        Purpose::Unbrake => match holds.find(|held| held.cover.revision.is_none()) {
            Some(held) => Err(format!("{id} is lifted under {}", held.placed.id)),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

fn is_on(cover: &Cover, service: &ServiceName, environment: &EnvironmentName) -> bool {
    let of_service = cover.service.as_ref().is_none_or(|on| on == service);
    let of_environment = cover
        .environment
        .as_ref()
        .is_none_or(|on| on == environment);
    of_service && of_environment
}

/// In the end nothing of ours is on a forge where nothing holds: a person has had what was left taken
/// away.
pub fn gone(world: &World) -> Held {
    // Somebody has to be there who may.
    let able = world.operators.iter().any(|operator| {
        let state = operator.state.as_ref();
        !operator.read_only && state.is_some_and(|state| state.engine.operator.is_some())
    });
    if !able {
        return Ok(());
    }
    let repos = world.forges.values().flat_map(|forge| forge.repos.values());
    for (mark, key) in repos.flat_map(|repo| repo.marks.ours(world.now)) {
        let Some(going) = world.fold.intents.get(&key) else {
            continue;
        };
        let (service, environment) = (&going.intent.service, &going.intent.environment);
        let mut holds = world.fold.holds.values();
        let held = holds
            .any(|held| held.is_on(world.now - SKEW) && is_on(&held.cover, service, environment));
        // Without its service in the config there is no forge to ask.
        let known = world.policy.service(service).is_some();
        if known && !held {
            return Err(format!(
                "{} of {key} is left on {service} > {environment}",
                mark.says()
            ));
        }
    }
    Ok(())
}
