//! The cheap answer of one project, from GraphQL, as a pulse.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::memory::Project;
use super::reply::{Nodes, number};
use super::words;
use crate::domain::facts::Pulse;
use crate::domain::ids::{EnvironmentName, Sha};
use crate::domain::text::clean;
use crate::forge::error::Error;

/// A number that no deployment of the forge has: one within the project that we have not met yet.
const NOT_MET: u64 = 1 << 63;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireProject {
    pipelines: Option<Nodes>,
    merge_requests: Option<Nodes>,
    releases: Option<Nodes>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePipeline {
    id: String,
    sha: Option<String>,
    status: String,
    updated_at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Changed {
    updated_at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tagged {
    tag_name: Option<String>,
}

#[derive(Deserialize)]
struct Environment {
    deployed: Option<Deployed>,
    running: Option<Deployed>,
    blocked: Option<Deployed>,
    failed: Option<Deployed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Deployed {
    iid: Option<String>,
    created_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    pending_approval_count: Option<u64>,
}

/// Reads a node of the pulse's query; `environments` are the nodes of the queries beside it, each
/// with the names that it asked for as `e0`, `e1`.
pub(super) fn pulse(
    node: Value,
    environments: &[(&[EnvironmentName], &Map<String, Value>)],
    known: &Project,
) -> Result<Pulse, Error> {
    let project: WireProject = serde_json::from_value(node)
        .map_err(|error| Error::Unreadable(clean(&error.to_string())))?;
    let newest = first::<WirePipeline>(project.pipelines);
    let (head, checks) = head(newest.as_ref(), known);
    let mut deployments = Vec::new();
    for (names, fields) in environments {
        for (place, name) in names.iter().enumerate() {
            let node = fields.get(&format!("e{place}"));
            let Some(found) = node.and_then(|node| Environment::deserialize(node).ok()) else {
                continue;
            };
            for (word, deployed) in [
                ("success", found.deployed),
                ("running", found.running),
                ("blocked", found.blocked),
                ("failed", found.failed),
            ] {
                deployments.extend(deployed.and_then(|it| row(&it, name, word, known)));
            }
        }
    }
    Ok(Pulse {
        head,
        checks,
        deployments,
        pull_requests: project.merge_requests.as_ref().and_then(|open| open.count),
        // A push, a label, a note and with it an approval touch a merge request. What does so within
        // a minute of another may not show, and how its pipeline ends never does: whole reads see it.
        pull_requests_at: first::<Changed>(project.merge_requests)
            .and_then(|newest| newest.updated_at),
        labelled: Vec::new(),
        latest_release: first::<Tagged>(project.releases)
            .and_then(|release| release.tag_name)
            .map(|tag| clean(&tag)),
        pushed_at: newest.and_then(|pipeline| pipeline.updated_at),
    })
}

/// The head as far as its newest pipeline tells. A push without a pipeline moves the branch alone:
/// while the newest pipeline is the one that the last whole read saw, so is the head.
fn head(
    newest: Option<&WirePipeline>,
    known: &Project,
) -> (Option<Sha>, Option<crate::domain::phase::Phase>) {
    let id = newest.and_then(|pipeline| number(&pipeline.id));
    let phase = newest.map(|pipeline| words::pipeline(&pipeline.status));
    let known = known.head.as_ref();
    if let Some(known) = known.filter(|known| known.pipeline == id) {
        let same = newest.is_none_or(|pipeline| pipeline.status.to_lowercase() == known.status);
        let checks = if same { known.checks.clone() } else { phase };
        return (Some(known.sha.clone()), checks);
    }
    let sha = newest.and_then(|pipeline| pipeline.sha.as_deref());
    (sha.map(|sha| Sha::from(clean(sha).to_lowercase())), phase)
}

/// GraphQL numbers deployments within their project, REST by a number that is the forge's alone.
fn row(
    deployed: &Deployed,
    environment: &EnvironmentName,
    word: &str,
    known: &Project,
) -> Option<(u64, String, String, Option<Timestamp>)> {
    let iid: u64 = deployed.iid.as_deref()?.parse().ok()?;
    let id = match known.deployments.get(&iid) {
        Some(id) => *id,
        // The whole read lists the newest: what is older than those is over, and no news.
        None if word != "running" && known.deployments.keys().next_back() > Some(&iid) => {
            return None;
        }
        None => NOT_MET | iid,
    };
    let raw = match deployed.pending_approval_count {
        Some(pending) => format!("{word}/{pending}"),
        None => word.to_owned(),
    };
    let at = deployed.finished_at.or(deployed.created_at);
    Some((id, environment.to_string(), raw, at))
}

fn first<T: serde::de::DeserializeOwned>(list: Option<Nodes>) -> Option<T> {
    let node = list?.nodes?.into_iter().find(|node| !node.is_null())?;
    serde_json::from_value(node).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::super::memory::Head;
    use super::*;
    use crate::domain::phase::Phase;

    fn node(pipeline: u64, status: &str) -> Value {
        json!({"id": "gid://gitlab/Project/1", "fullPath": "a/b",
            "pipelines": {"nodes": [{"id": format!("gid://gitlab/Ci::Pipeline/{pipeline}"), "sha": "AB",
                "status": status, "updatedAt": "2026-11-01T10:00:00Z"}]},
            "mergeRequests": {"count": 3, "nodes": [{"updatedAt": "2026-11-01T09:00:00Z"}]}, "releases": {"nodes": [{"tagName": "v2"}]}})
    }

    #[test]
    fn a_pulse_says_what_the_last_whole_read_said_until_something_moves() {
        let known = Project {
            head: Some(Head {
                sha: Sha::from("cd"),
                pipeline: Some(7),
                status: "manual".to_owned(),
                checks: Some(Phase::Succeeded),
            }),
            deployments: BTreeMap::from([(4, 1004)]),
            ..Project::default()
        };
        let names = [EnvironmentName::from("prod")];
        let Value::Object(fields) = json!({"e0": {"name": "prod",
            "deployed": {"iid": "4", "finishedAt": "2026-11-01T10:00:00Z"},
            "blocked": {"iid": "5", "createdAt": "2026-11-01T11:00:00Z", "pendingApprovalCount": 2}}})
        else {
            panic!("an object")
        };
        let beside = [(&names[..], &fields)];
        let same = pulse(node(7, "MANUAL"), &beside, &known).unwrap();
        assert_eq!(
            (same.head, same.checks),
            (Some(Sha::from("cd")), Some(Phase::Succeeded))
        );
        assert_eq!(same.deployments[0].0, 1004);
        assert_eq!(same.deployments[1].0, NOT_MET | 5, "one that is new to us");
        assert_eq!(same.deployments[1].2, "blocked/2");
        assert_eq!(
            (same.pull_requests, same.latest_release.as_deref()),
            (Some(3), Some("v2"))
        );
        assert_eq!(same.pull_requests_at, "2026-11-01T09:00:00Z".parse().ok());
        let on = pulse(node(7, "RUNNING"), &beside, &known).unwrap();
        assert_eq!(on.checks, Some(Phase::Running));
        let newer = pulse(node(8, "RUNNING"), &beside, &known).unwrap();
        assert_eq!(newer.head, Some(Sha::from("ab")));
    }
}
