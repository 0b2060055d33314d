//! What must hold of every board that was handed something.

use super::Held;
use crate::domain::gate::Go;
use crate::domain::hold::Then;
use crate::domain::promotion::State;
use crate::runtime::evenings::fold::is_in;
use crate::runtime::evenings::record::live as live_of;
use crate::runtime::evenings::world::{Operator, World};

fn touched(world: &World) -> impl Iterator<Item = (&Operator, &crate::app::State)> {
    world.touched.iter().filter_map(|who| {
        let operator = &world.operators[*who];
        Some((operator, operator.state.as_ref()?))
    })
}

/// Where a board says go, the facts were asked for within the policy's limit, and the journal
/// answered last.
pub fn fresh(world: &mut World) -> Held {
    for (operator, state) in touched(world) {
        let now = state.now;
        for row in &state.engine.board.rows {
            let key = (operator.instance.clone(), row.service.name.clone());
            for cell in &row.cells {
                if cell.judgement.go_at(now) != Go::Go {
                    continue;
                }
                let place = format!(
                    "{} {} > {}",
                    operator.instance, row.service.name, cell.environment
                );
                let Some(told) = world.record.facts.get(&key) else {
                    return Err(format!("{place} is go on nothing"));
                };
                let age = now.duration_since(told.confirmed_at);
                if age >= operator.policy.max_age {
                    return Err(format!("{place} is go on facts that are {age:#} old"));
                }
                if world.record.journal_good.get(&operator.instance) != Some(&true) {
                    return Err(format!("{place} is go without the journal"));
                }
            }
        }
    }
    Ok(())
}

/// Where a hold that is to ask covers a cell, nothing goes, whether its time is up or not.
pub fn asking(world: &mut World) -> Held {
    for (operator, state) in touched(world) {
        let head = state.engine.ledger.as_ref().map(|ledger| ledger.head);
        if head != Some(world.fold.head) {
            continue;
        }
        let holds = world.fold.holds.iter();
        let asking = holds.filter(|(_, held)| held.then == Then::Ask && !held.lifted);
        for (id, held) in asking {
            for row in &state.engine.board.rows {
                let service = &row.service.name;
                let goes = row.cells.iter().find(|cell| {
                    let candidate = cell.candidate.as_ref();
                    let covered = candidate.is_some_and(|candidate| {
                        is_in(&held.cover, service, &cell.environment, &candidate.sha)
                    });
                    covered && cell.judgement.go_at(state.now) == Go::Go
                });
                if let Some(cell) = goes {
                    let (who, environment) = (&operator.instance, &cell.environment);
                    return Err(format!("{who} {service} > {environment} is go under {id}"));
                }
            }
        }
    }
    Ok(())
}

/// Whoever has read the whole journal has added it up to what it says.
pub fn ledgers(world: &mut World) -> Held {
    for (operator, state) in touched(world) {
        let Some(ledger) = &state.engine.ledger else {
            continue;
        };
        if ledger.head != world.fold.head {
            if ledger.head > world.fold.head {
                return Err(format!("{} has read what is not there", operator.instance));
            }
            continue;
        }
        let fold = &world.fold;
        let differs = |what: String| Err(format!("{}: {what}", operator.instance));
        for (id, held) in &fold.holds {
            let known = ledger.holds.get(id);
            let same = match known {
                None => held.lifted,
                Some(known) => {
                    !held.lifted
                        && known.cover == held.cover
                        && known.until == held.until
                        && known.then == held.then
                        && known.reason == held.reason
                        && known.since == held.placed.since
                        && known.owner == held.placed.owner
                }
            };
            if !same {
                return differs(format!("{id} is {known:?}, the journal says {held:?}"));
            }
        }
        for (id, gated) in &fold.gates {
            let known = ledger.manual_gates.get(id);
            let opened = known
                .and_then(|gate| gate.opened.as_ref())
                .map(|opened| &opened.by);
            if known.is_none() || opened != gated.opened_by.as_ref() {
                return differs(format!("{id} is {known:?}, the journal says {gated:?}"));
            }
        }
        if ledger.votes != fold.votes {
            return differs("other votes".to_owned());
        }
        for (id, going) in &fold.intents {
            let known = ledger.promotions.get(id).map(|known| known.state);
            // What was found again goes on as accepted.
            let says = if going.word == "reconciled" {
                State::Accepted.word()
            } else {
                going.word
            };
            if known.map(State::word) != Some(says) {
                return differs(format!("{id} is {known:?}, the journal says {says}"));
            }
            let open = ledger.open().any(|open| open.intent.id == *id);
            if open != going.is_open() {
                return differs(format!("{id} is open: {open}"));
            }
        }
    }
    Ok(())
}

/// What a board shows as live is never older, by the forge's own time, than what it showed before.
pub fn live(world: &mut World) -> Held {
    let mut shown = Vec::new();
    for (operator, state) in touched(world) {
        for row in &state.engine.board.rows {
            let Some(facts) = row.facts.value() else {
                continue;
            };
            for cell in &row.cells {
                if let Some(deployment) = live_of(facts, &cell.environment) {
                    let key = (
                        operator.instance.clone(),
                        row.service.name.clone(),
                        cell.environment.clone(),
                    );
                    shown.push((key, (deployment.created_at, deployment.id.0)));
                }
            }
        }
    }
    for (key, now) in shown {
        let before = world.record.live.insert(key.clone(), now);
        if before.is_some_and(|before| before > now) {
            let (instance, service, environment) = key;
            return Err(format!(
                "{instance} {service} > {environment} showed deployment {}, now {}",
                before.map_or(0, |(_, id)| id),
                now.1
            ));
        }
    }
    Ok(())
}
