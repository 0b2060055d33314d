//! A deployment from the wire, and the key that one of ours carries.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{Login, Named, person, words};
use crate::domain::deployment::Deployment;
use crate::domain::ids::{DeploymentId, EnvironmentName, IntentId, Sha};
use crate::domain::text::clean;

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
    Some(Deployment {
        id: DeploymentId(read.database_id?),
        environment: EnvironmentName::from(clean(
            read.latest_environment
                .as_deref()
                .or(read.environment.as_deref())?,
        )),
        sha: Sha::from(clean(&read.commit_oid).to_lowercase()),
        git_ref: read.git_ref.map(|named| clean(&named.name)),
        phase: words::deployment(state, latest.map(|status| status.state.as_str())),
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
    })
}

/// Finds our correlation key in a deployment's payload: an object, or JSON in a string, which may
/// be quoted once more.
pub(in crate::forge::github) fn key(payload: &Value) -> Option<IntentId> {
    let mut payload = payload.clone();
    for _ in 0..3 {
        match payload {
            Value::Object(fields) => {
                let key = fields.get("gonogo")?.as_str()?;
                return Some(IntentId::from(clean(key)));
            }
            Value::String(text) => payload = serde_json::from_str(&text).ok()?,
            _ => return None,
        }
    }
    None
}
