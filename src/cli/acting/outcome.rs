//! How an act on one or several services ended, in words or as JSON, and as an exit code: the worst
//! of them. Carrying them out is in `acting`.

use serde_json::{Value, json};

use super::Came;
use crate::app::plan::Plan;
use crate::cli::{Exit, Global, output};
use crate::domain::ids::EnvironmentName;

pub(super) fn print(global: &Global, environment: &EnvironmentName, outcomes: &[Came]) -> Exit {
    let exit = outcomes
        .iter()
        .filter_map(|came| came.failure.as_ref())
        .map(|failure| failure.exit)
        .max();
    if let (
        [
            Came {
                failure: Some(failure),
                plan: None,
                ..
            },
        ],
        true,
    ) = (outcomes, global.json)
    {
        output::failure(global, failure);
        return failure.exit;
    }
    if global.json {
        let promotions: Vec<Value> = outcomes
            .iter()
            .map(|came| as_json(environment, came))
            .collect();
        output::json_line(&json!({"schema": crate::app::status::SCHEMA, "promotions": promotions}));
        return exit.unwrap_or(Exit::Done);
    }
    for came in outcomes {
        match &came.failure {
            Some(failure) => output::failure(global, failure),
            None => {
                let movement = came.plan.as_ref().map(Plan::movement).unwrap_or_default();
                output::line(&format!(
                    "{} {environment} {movement} {}",
                    came.service, came.state
                ));
            }
        }
    }
    if outcomes.len() > 1 {
        let done = outcomes
            .iter()
            .filter(|came| came.failure.is_none())
            .count();
        output::line(&format!("applied to {done} of {}", outcomes.len()));
    }
    exit.unwrap_or(Exit::Done)
}

fn as_json(environment: &EnvironmentName, came: &Came) -> Value {
    let intent = came.plan.as_ref().map(|plan| &plan.intent);
    json!({
        "service": came.service,
        "environment": environment,
        "id": intent.map(|intent| &intent.id),
        "from": intent.and_then(|intent| intent.from.as_ref()).map(|revision| &revision.sha),
        "to": intent.map(|intent| &intent.to.sha),
        "state": came.state,
        "call": came.plan.as_ref().map(|plan| &plan.call),
        "why": came.failure.as_ref().map(|failure| &failure.message),
        "hint": came.failure.as_ref().and_then(|failure| failure.hint.as_ref()),
        "exit": came.failure.as_ref().map_or(0, |failure| failure.exit.code()),
    })
}
