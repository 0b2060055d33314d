//! What must hold of several forges on one board: trouble of one is trouble of its own rows alone.

use jiff::{SignedDuration, Timestamp};

use super::Held;
use crate::app::msg::Answer;
use crate::domain::board::Row;
use crate::domain::fault::Fault;
use crate::domain::ids::ServiceName;
use crate::runtime::evenings::world::{News, World};

/// How often a quiet forge is asked by every board here, and how far its clock may be off: faults are
/// dated by the world's.
const INTERVAL: SignedDuration = SignedDuration::from_secs(60 + 45);

/// How a board's rows stood, of those that a message is not about.
pub type Before = Vec<(ServiceName, Standing)>;

/// When a row was read last, and when it could not be.
type Standing = (Option<Timestamp>, Option<Timestamp>);

fn rows(world: &World, who: usize) -> &[Row] {
    let state = world.operators[who].state.as_ref();
    state.map_or(&[], |state| state.engine.board.rows.as_slice())
}

fn standing(row: &Row) -> Standing {
    let fault = row.facts.fault.as_ref();
    (row.facts.at(), fault.map(|fault| fault.at))
}

pub fn before(world: &World, who: usize, news: &News) -> Before {
    let News::Of(forge) = news else {
        return Vec::new();
    };
    let others = rows(world, who).iter();
    others
        .filter(|row| row.service.forge != *forge)
        .map(|row| (row.service.name.clone(), standing(row)))
        .collect()
}

/// An answer of one forge neither ages nor blames what lives on another.
pub fn others_stay(world: &World, who: usize, before: &Before) -> Held {
    for row in rows(world, who) {
        let known = before
            .iter()
            .find(|(service, _)| *service == row.service.name);
        let now = standing(row);
        if let Some((service, was)) = known.filter(|(_, was)| *was != now) {
            return Err(format!(
                "{} of {service} was {was:?} and is {now:?} by another forge's answer",
                world.operators[who].instance
            ));
        }
    }
    Ok(())
}

/// A forge that gave no trouble is asked on, whatever others give: at every tick it was asked or heard
/// from lately, or is being asked.
pub fn asked_on(world: &World, who: usize) -> Held {
    let operator = &world.operators[who];
    let Some(state) = &operator.state else {
        return Ok(());
    };
    for row in rows(world, who) {
        let forge = &row.service.forge;
        let key = (operator.instance.clone(), forge.clone());
        let paused = state.engine.paused_until(forge);
        if paused.is_some_and(|until| state.now < until) {
            if world.record.trouble_told.contains(&key) {
                continue;
            }
            return Err(format!(
                "{} leaves {forge} alone, which gave no trouble",
                operator.instance
            ));
        }
        let lately = world.record.asked.get(&key);
        let lately = lately.is_some_and(|at| state.now.duration_since(*at) <= INTERVAL);
        let is_asked = || {
            let mut flights = world.in_flight.iter();
            flights.any(|flight| {
                let effect = &flight.effect;
                let fetches =
                    matches!(effect, crate::app::Effect::Fetch { forge: of, .. } if of == forge);
                fetches && flight.instance == operator.instance
            })
        };
        if !lately && !is_asked() {
            return Err(format!(
                "{} does not ask {forge} any more",
                operator.instance
            ));
        }
    }
    Ok(())
}

/// A row says that it could not be read only where its own forge has said so.
pub fn own_trouble(world: &mut World) -> Held {
    for who in &world.touched {
        for row in rows(world, *who) {
            let Some(fault) = &row.facts.fault else {
                continue;
            };
            let said = (row.service.forge.clone(), fault.at);
            if !world.record.trouble.contains(&said) {
                return Err(format!(
                    "{} on {} could not be read: {}, and its forge is well",
                    row.service.name, row.service.forge, fault.why
                ));
            }
        }
    }
    Ok(())
}

/// The faults of an answer.
pub fn faults(answer: &Answer) -> Vec<&Fault> {
    match answer {
        Answer::Identity(answer) => answer.as_ref().err().into_iter().collect(),
        Answer::Pulses(answers) => answers
            .iter()
            .filter_map(|(_, one)| one.as_ref().err())
            .collect(),
        Answer::Facts(answers) => answers
            .iter()
            .filter_map(|(_, one)| one.as_ref().err())
            .collect(),
        Answer::Scope(answer) => answer.as_ref().err().into_iter().collect(),
        Answer::Declared(answers) => answers
            .iter()
            .filter_map(|one| one.as_ref().err())
            .collect(),
        Answer::Jobs(answer) => answer.as_ref().err().into_iter().collect(),
        Answer::Marks(answers) => answers
            .iter()
            .filter_map(|one| one.as_ref().err())
            .collect(),
        Answer::Found(answer) => answer.as_ref().err().into_iter().collect(),
        Answer::Cancelled => Vec::new(),
    }
}
