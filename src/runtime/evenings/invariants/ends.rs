//! What must hold when the evening is over, everything was answered, and time enough has passed.

use super::Held;
use crate::journal::chain;
use crate::runtime::evenings::hosts::is_keyless;
use crate::runtime::evenings::world::World;

pub fn each_effect_answers_once(world: &World) -> Held {
    for (number, answers) in &world.record.answers {
        let on_its_way = world
            .in_flight
            .iter()
            .any(|flight| flight.number == *number);
        if *answers > 1 || (*answers == 0 && !on_its_way) {
            return Err(format!("effect #{number} was answered {answers} times"));
        }
    }
    Ok(())
}

pub fn history(world: &World) -> Held {
    let entries = world.book.entries();
    let same = entries.len() == world.record.hashes.len()
        && entries
            .iter()
            .zip(&world.record.hashes)
            .all(|(entry, hash)| entry.hash == *hash);
    if !same {
        return Err("entries are gone or others".to_owned());
    }
    chain::verify(entries)
        .map(|_| ())
        .map_err(|error| error.to_string())
}

/// What never happened according to the journal did not happen later either, and what was accepted
/// is on the forge.
pub fn happened(world: &World) -> Held {
    for (id, going) in &world.fold.intents {
        let mut writes = world.forges.values().flat_map(|forge| &forge.writes);
        let written = writes.any(|write| write.key == *id);
        // Looked for and found, or not, by what is there.
        let keyless = is_keyless(&going.intent.act) && going.was_unknown;
        let good = match going.word {
            _ if keyless => true,
            "intended" | "abandoned" | "rejected" | "absent" => !written,
            "accepted" | "reconciled" | "running" | "succeeded" | "failed" | "cancelled" => written,
            _ => true,
        };
        if !good {
            return Err(format!(
                "{id} is {} in the end; written: {written}",
                going.word
            ));
        }
    }
    Ok(())
}

pub fn everything_ends(world: &World) -> Held {
    for operator in &world.operators {
        let Some(state) = &operator.state else {
            continue;
        };
        if let Some((id, flow)) = state.engine.flows.first_key_value() {
            return Err(format!(
                "{} is stuck with {id} at {:?}",
                operator.instance, flow.stage
            ));
        }
    }
    for (id, going) in &world.fold.intents {
        // Without its service in the config there is no forge to ask.
        let known = world.policy.service(&going.intent.service).is_some();
        let open = match going.word {
            "intended" | "sending" => true,
            "unknown" | "reconciling" => known,
            _ => false,
        };
        if open {
            return Err(format!("{id} is {} for ever", going.word));
        }
    }
    Ok(())
}
