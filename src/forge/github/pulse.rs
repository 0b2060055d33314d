//! The cheap answer of one repository, from GraphQL, as a pulse.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::reply::{Nodes, nodes};
use super::{labelled, words};
use crate::domain::facts::Pulse;
use crate::domain::ids::Sha;
use crate::domain::text::clean;
use crate::forge::error::Error;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Repository {
    pushed_at: Option<Timestamp>,
    head: Option<BranchRef>,
    latest_release: Option<Tagged>,
    deployments: Option<Nodes>,
    pull_requests: Option<Nodes>,
}

#[derive(Deserialize)]
struct BranchRef {
    target: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tip {
    oid: String,
    status_check_rollup: Option<State>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Changed {
    updated_at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tagged {
    tag_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Deployed {
    database_id: Option<u64>,
    environment: Option<String>,
    latest_environment: Option<String>,
    state: Option<String>,
    created_at: Option<Timestamp>,
    latest_status: Option<State>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct State {
    state: String,
    created_at: Option<Timestamp>,
}

/// Reads what stood under one alias of the pulse's query.
pub(super) fn pulse(mut fields: Map<String, Value>, labels: &[String]) -> Result<Pulse, Error> {
    let labelled = labelled::counts(&mut fields, labels);
    let repository: Repository = serde_json::from_value(Value::Object(fields))
        .map_err(|error| Error::Unreadable(clean(&error.to_string())))?;
    let tip = repository
        .head
        .and_then(|head| head.target)
        .and_then(|target| serde_json::from_value::<Tip>(target).ok());
    let deployments = nodes::<Deployed>(repository.deployments, "deployments", &mut Vec::new())
        .into_iter()
        .filter_map(|read| {
            let latest = read.latest_status;
            let environment = read.latest_environment.or(read.environment)?;
            let mut state = read.state.unwrap_or_default();
            if let Some(latest) = &latest {
                state.push('/');
                state.push_str(&latest.state);
            }
            Some((
                read.database_id?,
                clean(&environment),
                clean(&state).to_lowercase(),
                latest
                    .and_then(|latest| latest.created_at)
                    .or(read.created_at),
            ))
        })
        .collect();
    let open = repository.pull_requests;
    Ok(Pulse {
        checks: tip
            .as_ref()
            .and_then(|tip| tip.status_check_rollup.as_ref())
            .map(|rollup| words::rollup(&rollup.state)),
        head: tip.map(|tip| Sha::from(clean(&tip.oid).to_lowercase())),
        deployments,
        pull_requests: open.as_ref().and_then(|open| open.total_count),
        pull_requests_at: nodes::<Changed>(open, "pull requests", &mut Vec::new())
            .into_iter()
            .find_map(|newest| newest.updated_at),
        labelled,
        latest_release: repository
            .latest_release
            .map(|release| clean(&release.tag_name)),
        pushed_at: repository.pushed_at,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::phase::Phase;

    #[test]
    fn a_pulse_changes_when_a_deployment_does() {
        let answer = |state: &str| {
            let Value::Object(fields) = json!({
                "pushedAt": "2026-11-01T10:00:00Z",
                "head": {"target": {"oid": "AB", "statusCheckRollup": {"state": "SUCCESS"}}},
                "latestRelease": null,
                "deployments": {"nodes": [{"databaseId": 4, "latestEnvironment": "dev", "state": "PENDING",
                    "createdAt": "2026-11-01T10:00:00Z", "latestStatus": {"state": state, "createdAt": null}}]},
                "pullRequests": {"totalCount": 3, "nodes": [{"updatedAt": "2026-11-01T09:00:00Z"}]}})
            else {
                panic!("an object")
            };
            pulse(fields, &[]).unwrap()
        };
        let first = answer("IN_PROGRESS");
        assert_eq!(first.head, Some(Sha::from("ab")));
        assert_eq!(first.checks, Some(Phase::Succeeded));
        assert_eq!(first.pull_requests, Some(3));
        assert_eq!(first.pull_requests_at, "2026-11-01T09:00:00Z".parse().ok());
        assert_eq!(first, answer("IN_PROGRESS"));
        assert_ne!(first, answer("SUCCESS"));
    }
}
