//! A deployment from the wire, and the key that one of ours carries.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Login, Named, person, words};
use crate::domain::deployment::Deployment;
use crate::domain::ids::{DeploymentId, EnvironmentName, IntentId, Sha};
use crate::domain::text::clean;
use crate::forge::declared;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireDeployment {
    database_id: Option<u64>,
    environment: Option<String>,
    latest_environment: Option<String>,
    state: Option<String>,
    commit_oid: String,
    created_at: Timestamp,
    updated_at: Option<Timestamp>,
    description: Option<String>,
    payload: Option<Value>,
    creator: Option<Login>,
    #[serde(rename = "ref")]
    git_ref: Option<Named>,
    latest_status: Option<DeploymentStatus>,
    statuses: Option<Statuses>,
}

/// Its newest statuses: what it has gone through.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statuses {
    total_count: Option<usize>,
    #[serde(default)]
    nodes: Vec<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    state: String,
    created_at: Timestamp,
}

impl Statuses {
    fn past(&self) -> Option<words::Past> {
        let whole = self.total_count == Some(self.nodes.len());
        let states = self.nodes.iter().map(|status| status.state.as_str());
        words::past(states, whole)
    }

    /// When it was said to be so.
    fn when<'a>(&'a self, state: &'a str) -> impl Iterator<Item = Timestamp> + 'a {
        let all = self.nodes.iter().filter(move |it| it.state == state);
        all.map(|status| status.created_at)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeploymentStatus {
    state: String,
    description: Option<String>,
    environment_url: Option<String>,
    log_url: Option<String>,
    created_at: Option<Timestamp>,
}

pub(super) fn deployment(read: WireDeployment) -> Option<Deployment> {
    let state = read.state.as_deref().unwrap_or_default();
    let latest = read.latest_status.as_ref();
    let status_at = latest.and_then(|status| status.created_at);
    let statuses = read.statuses.as_ref();
    let past = statuses.and_then(Statuses::past);
    Some(Deployment {
        id: DeploymentId(read.database_id?),
        environment: EnvironmentName::from(clean(
            read.latest_environment
                .as_deref()
                .or(read.environment.as_deref())?,
        )),
        sha: Sha::from(clean(&read.commit_oid).to_lowercase()),
        git_ref: read.git_ref.map(|named| clean(&named.name)),
        phase: words::deployment(state, latest.map(|status| status.state.as_str()), past),
        raw: clean(state).to_lowercase(),
        created_at: read.created_at,
        changed_at: status_at.or(read.updated_at).unwrap_or(read.created_at),
        creator: read.creator.as_ref().map(person),
        description: read
            .description
            .as_deref()
            .or(latest.and_then(|status| status.description.as_deref()))
            .map(clean)
            .filter(|text| !text.is_empty()),
        url: latest
            .and_then(|status| {
                status
                    .log_url
                    .as_deref()
                    .or(status.environment_url.as_deref())
            })
            .map(clean)
            .filter(|url| !url.is_empty()),
        key: read.payload.as_ref().and_then(key),
        payload: read.payload.as_ref().and_then(declared),
        made_by: None,
        began_at: statuses.and_then(|all| all.when("IN_PROGRESS").min()),
        live_at: statuses.and_then(|all| all.when("SUCCESS").max()),
    })
}

/// Reads what a payload declares; our own key in it says nothing of the environment.
fn declared(payload: &Value) -> Option<BTreeMap<String, String>> {
    let mut fields = object(payload)?;
    fields.remove("gonogo");
    declared::of_object(fields)
        .ok()
        .filter(|keys| !keys.is_empty())
}

/// Finds our correlation key in a deployment's payload.
pub(in crate::forge::github) fn key(payload: &Value) -> Option<IntentId> {
    let fields = object(payload)?;
    let key = fields.get("gonogo")?.as_str()?;
    Some(IntentId::from(clean(key)))
}

/// Unpacks a payload: an object, or JSON in a string, which may be quoted once more.
fn object(payload: &Value) -> Option<Map<String, Value>> {
    let mut payload = payload.clone();
    for _ in 0..3 {
        match payload {
            Value::Object(fields) => return Some(fields),
            Value::String(text) => payload = serde_json::from_str(&text).ok()?,
            _ => return None,
        }
    }
    None
}
