//! The simulation's own calls, under `/_sim`: the request log, faults, time, a look at the world.

use std::sync::Arc;

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::sim::{
    faults::Fault,
    model::{Conclusion, IssueState, PullState, Repo, RunStatus, State},
    rest::Answer,
    shared::Shared,
};

pub mod moves;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: u64,
}

/// Answers a call; `path` is what comes after `/_sim`.
pub fn answer(shared: &Arc<Shared>, method: &str, path: &str, body: &[u8]) -> Answer {
    match (method, path) {
        ("GET", "/requests") => Answer::json(200, json!(shared.requests())),
        ("GET", "/world") => Answer::json(200, world(&shared.read())),
        ("POST", "/advance") => match serde_json::from_slice::<Advance>(body) {
            Ok(it) => {
                let seconds = i64::try_from(it.seconds).unwrap_or(i64::MAX);
                shared.advance(SignedDuration::from_secs(seconds));
                Answer::json(200, json!({"now": shared.now().to_string()}))
            }
            Err(error) => Answer::error(400, &error.to_string()),
        },
        ("POST", "/faults") => match serde_json::from_slice::<Fault>(body) {
            Ok(fault) => Answer::json(201, json!({"id": inject(shared, fault)})),
            Err(error) => Answer::error(400, &error.to_string()),
        },
        ("POST", "/step" | "/health" | "/doom") => moves::answer(shared, path, body),
        ("DELETE", "/faults") => {
            shared.faults().clear();
            Answer::empty(204)
        }
        ("DELETE", path) => {
            let id = path.strip_prefix("/faults/").and_then(|it| it.parse().ok());
            let lifted = id.is_some_and(|id| shared.faults().lift(id));
            if lifted {
                Answer::empty(204)
            } else {
                Answer::error(404, "Not Found")
            }
        }
        _ => Answer::error(404, "Not Found"),
    }
}

/// Puts a fault in force and returns its number.
pub fn inject(shared: &Arc<Shared>, fault: Fault) -> u64 {
    let state = shared.read();
    shared.faults().inject(fault, shared.now(), state)
}

/// What tests and the curious want to know of the world.
pub fn world(state: &State) -> Value {
    json!({
        "schema": 1,
        "now": state.now.to_string(),
        "forge": &*state.name,
        "flavor": state.flavor.word(),
        "to_come": state.agenda.len(),
        "repos": state.repos.iter().map(|it| repo(state, it)).collect::<Vec<_>>(),
    })
}

fn repo(state: &State, repo: &Repo) -> Value {
    let live = repo.environments.iter().map(|place| {
        let active = crate::sim::model::DeploymentState::Active;
        let newest = repo.deployments_to(&place.name).next();
        let standing = repo
            .deployments_to(&place.name)
            .find(|it| it.state() == active);
        let version = |sha: &str| {
            repo.tags
                .iter()
                .rev()
                .find(|it| it.sha == sha)
                .map(|it| it.name.clone())
        };
        json!({
            "environment": place.name,
            "live": standing.map(|it| &it.sha),
            "version": standing.and_then(|it| version(&it.sha)),
            "newest": newest.map(|it| it.state().word()),
            "health": state.vital(repo, &place.name).map(|it| it.condition.word()),
        })
    });
    let runs = repo.runs.iter().rev().filter(|it| !it.done()).map(|run| {
        json!({
            "id": run.id,
            "title": run.display_title,
            "workflow": run.path,
            "status": run.status.word(),
            "waits": run
                .latest_jobs()
                .filter(|it| it.status == RunStatus::Waiting)
                .filter_map(|it| it.environment.as_deref())
                .collect::<Vec<_>>(),
        })
    });
    let head = repo
        .branches
        .get(&repo.default_branch)
        .map(|it| it.sha.as_str());
    json!({
        "name": repo.full_name(),
        "id": repo.id,
        "head": head,
        "checks": head.and_then(|it| repo.rollup(it)).map(|it| it.state.word()),
        "live": live.collect::<Vec<_>>(),
        "unfinished": runs.collect::<Vec<_>>(),
        "failed": repo.runs.iter().filter(|it| it.conclusion == Some(Conclusion::Failure)).count(),
        "open_pulls": repo.pulls.iter().filter(|it| it.state == PullState::Open).count(),
        "open_issues": repo.issues.iter().filter(|it| it.state == IssueState::Open).count(),
        "deployments": repo.deployments.len(),
        "releases": repo.releases.iter().filter(|it| !it.draft).count(),
        "drafts": repo.releases.iter().filter(|it| it.draft).count(),
    })
}
