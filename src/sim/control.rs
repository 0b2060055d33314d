//! The simulation's own calls, under `/_sim`: the request log, faults, time, a look at the world.

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::sim::{
    faults::Fault,
    forges::Forges,
    model::{Conclusion, IssueState, PullState, Repo, RunStatus, State},
    rest::Answer,
};

pub mod moves;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: u64,
}

/// Answers a call; `path` is what comes after `/_sim`.
pub fn answer(forges: &Forges, method: &str, path: &str, body: &[u8]) -> Answer {
    match (method, path) {
        ("GET", "/requests") => Answer::json(200, json!(forges.common().requests())),
        ("GET", "/world") => Answer::json(200, worlds(forges)),
        ("POST", "/advance") => match serde_json::from_slice::<Advance>(body) {
            Ok(it) => {
                let seconds = i64::try_from(it.seconds).unwrap_or(i64::MAX);
                forges.advance(SignedDuration::from_secs(seconds));
                Answer::json(200, json!({"now": forges.common().now().to_string()}))
            }
            Err(error) => Answer::error(400, &error.to_string()),
        },
        ("POST", "/faults") => match serde_json::from_slice::<Fault>(body) {
            Ok(fault) => Answer::json(201, json!({"id": forges.inject(fault)})),
            Err(error) => Answer::error(400, &error.to_string()),
        },
        ("POST", "/step" | "/health" | "/doom") => moves::answer(forges, path, body),
        ("DELETE", "/faults") => {
            forges.clear();
            Answer::empty(204)
        }
        ("DELETE", path) => {
            let id = path.strip_prefix("/faults/").and_then(|it| it.parse().ok());
            let lifted = id.is_some_and(|id| forges.lift(id));
            if lifted {
                Answer::empty(204)
            } else {
                Answer::error(404, "Not Found")
            }
        }
        _ => Answer::error(404, "Not Found"),
    }
}

/// What every forge looks like: the first as it always was, the others as a list in `more`.
pub fn worlds(forges: &Forges) -> Value {
    let mut worlds = forges.all().map(|it| world(&it.read()));
    let mut first = worlds.next().unwrap_or_default();
    if let Some(map) = first.as_object_mut() {
        map.insert("more".to_owned(), worlds.collect());
    }
    first
}

/// What tests and the curious want to know of one forge.
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
        let newest = repo.deployments_to(&place.name).next();
        let standing = repo.live(&place.name);
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
