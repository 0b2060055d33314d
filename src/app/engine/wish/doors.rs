//! Doors: how what waits before an environment is let in or turned away, by whatever lets it in.

use crate::app::request::{Refusal, RefusalKind};
use crate::domain::act::Act;
use crate::domain::ids::{EnvironmentId, EnvironmentName};
use crate::domain::pipeline::{Door, Run};

/// Lets a run into an environment, by whatever lets it in; `job` insists on one.
pub(super) fn enter(
    run: &Run,
    environment: &EnvironmentName,
    job: Option<&str>,
) -> Result<Act, Refusal> {
    let comment = String::new();
    Ok(match door(run, environment, job)? {
        Door::Review(_) => Act::Approve {
            run: run.id,
            environments: reviews(run, environment),
            comment,
        },
        Door::Deployment {
            deployment, job, ..
        } => Act::ApproveDeployment {
            run: run.id,
            deployment: *deployment,
            job: *job,
            comment,
        },
        Door::Job { job, name } => Act::PlayJob {
            run: run.id,
            job: *job,
            name: name.clone(),
        },
    })
}

pub(super) fn turn_away(run: &Run, environment: &EnvironmentName) -> Result<Act, Refusal> {
    let comment = String::new();
    match door(run, environment, None)? {
        Door::Review(_) => Ok(Act::Reject {
            run: run.id,
            environments: reviews(run, environment),
            comment,
        }),
        Door::Deployment { deployment, .. } => Ok(Act::RejectDeployment {
            run: run.id,
            deployment: *deployment,
            comment,
        }),
        Door::Job { name, .. } => Err(Refusal::new(
            RefusalKind::NoGo,
            format!("{name} waits for nobody's approval: a job that is left alone does not start"),
        )
        .hint("hold the cell, or cancel the pipeline")),
    }
}

/// What lets a run in. A review stands for all of the environment's, the others are single.
fn door<'a>(
    run: &'a Run,
    environment: &EnvironmentName,
    wanted: Option<&str>,
) -> Result<&'a Door, Refusal> {
    let mut doors = run
        .waiting
        .iter()
        .filter(|waiting| waiting.environment == *environment)
        .map(|waiting| &waiting.door);
    let is_wanted = |door: &&Door| match (door, wanted) {
        (_, None) => true,
        (Door::Review(_), Some(_)) => false,
        (Door::Deployment { name, .. } | Door::Job { name, .. }, Some(wanted)) => name == wanted,
    };
    doors.find(is_wanted).ok_or_else(|| {
        let what = wanted.map_or_else(String::new, |wanted| format!(" with {wanted}"));
        let why = format!("run {} does not wait for {environment}{what}", run.id);
        Refusal::new(RefusalKind::NoGo, why)
    })
}

fn reviews(run: &Run, environment: &EnvironmentName) -> Vec<EnvironmentId> {
    let waiting = run.waiting.iter();
    let waiting = waiting.filter(|waiting| waiting.environment == *environment);
    waiting
        .filter_map(|waiting| match waiting.door {
            Door::Review(environment) => Some(environment),
            Door::Deployment { .. } | Door::Job { .. } => None,
        })
        .collect()
}
