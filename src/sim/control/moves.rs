//! The control API's moves: a step of a story at once, how a service is, how what comes next ends.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;

use crate::sim::{
    forges::Forges,
    model::{Doom, Ill, State},
    rest::Answer,
    script::Event,
    world::Step,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    /// The first forge that has the repository, without it.
    forge: Option<String>,
    repo: String,
    step: Step,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Health {
    forge: Option<String>,
    service: String,
    environment: String,
    /// None: as it would be by itself.
    #[serde(rename = "health")]
    ill: Option<Ill>,
    /// None: for ever.
    seconds: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decided {
    forge: Option<String>,
    repo: String,
    doom: Doom,
}

/// Answers a move; `path` is what comes after `/_sim`.
pub fn answer(forges: &Forges, path: &str, body: &[u8]) -> Answer {
    match path {
        "/step" => read(body, |it: Move| {
            played(forges, it.forge.as_deref(), &it.repo, it.step)
        }),
        "/health" => read(body, |it: Health| health(forges, it)),
        "/doom" => read(body, |it: Decided| {
            let doom = Step {
                verb: crate::sim::world::Verb::Doom,
                doom: Some(it.doom),
                ..Step::default()
            };
            played(forges, it.forge.as_deref(), &it.repo, doom)
        }),
        _ => Answer::error(404, "Not Found"),
    }
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8], act: impl FnOnce(T) -> Answer) -> Answer {
    match serde_json::from_slice(body) {
        Ok(it) => act(it),
        Err(error) => Answer::error(400, &error.to_string()),
    }
}

/// Plays a step now, or puts it on the agenda if it is `at` a later moment.
pub fn play(state: &mut State, id: u64, step: Step) -> bool {
    if step.at.0 > SignedDuration::ZERO {
        let at = state
            .now
            .saturating_add(step.at.0)
            .unwrap_or(Timestamp::MAX);
        state.at(at, id, Event::Story(Arc::new(step)));
        return true;
    }
    state.story(id, &step)
}

fn played(forges: &Forges, forge: Option<&str>, name: &str, step: Step) -> Answer {
    let Some((shared, id)) = forges.having(forge, name) else {
        return Answer::error(404, &format!("there is no repository {name}"));
    };
    let verb = step.verb;
    shared.act(|state| {
        if play(state, id, step) {
            Answer::json(200, json!({"now": state.now.to_string()}))
        } else {
            let words = format!("the step {verb:?} came to nothing in {name}");
            Answer::error(422, &words)
        }
    })
}

fn health(forges: &Forges, it: Health) -> Answer {
    let Some((shared, id)) = forges.having(it.forge.as_deref(), &it.service) else {
        return Answer::error(404, &format!("there is no service {}", it.service));
    };
    let lasts = it.seconds.map(|it| SignedDuration::from_secs(it.into()));
    shared.act(
        |state| match state.say_health(id, &it.environment, it.ill, lasts) {
            Some(()) => Answer::json(200, json!({"now": state.now.to_string()})),
            None => Answer::error(
                404,
                &format!("{} has no environment {}", it.service, it.environment),
            ),
        },
    )
}
