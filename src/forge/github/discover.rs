//! What a repository is, without a config: its branch, its environments, their order.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::GitHub;
use super::board::Rule;
use super::paths::owner_and_name;
use super::query::DISCOVER;
use super::reply::{Nodes, Trouble, nodes};
use crate::domain::ids::{EnvironmentName, RepoPath};
use crate::domain::text::clean;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::{Discovered, order};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Repository {
    default_branch_ref: Option<Named>,
    environments: Option<Nodes>,
    deployments: Option<Nodes>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Environment {
    name: String,
    protection_rules: Option<Nodes>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Deployed {
    environment: Option<String>,
    latest_environment: Option<String>,
    created_at: Timestamp,
}

impl GitHub {
    pub(super) async fn read_discovery(&self, repo: &RepoPath) -> Result<Discovered, Error> {
        let (owner, name) = owner_and_name(repo);
        let variables = json!({ "owner": owner, "name": name });
        let reply = self.wire.query(Purpose::Look, DISCOVER, &variables).await?;
        let (mut data, errors) = reply.into_parts()?;
        match data.remove("repository") {
            Some(Value::Null) | None => Err(errors.first().map_or_else(
                || Error::Unreadable("the answer leaves the repository out".to_owned()),
                Trouble::to_error,
            )),
            Some(repository) => read(repository),
        }
    }
}

fn read(repository: Value) -> Result<Discovered, Error> {
    let repository: Repository = serde_json::from_value(repository)
        .map_err(|error| Error::Unreadable(clean(&error.to_string())))?;
    let gaps = &mut Vec::new();
    let mut first: HashMap<EnvironmentName, Timestamp> = HashMap::new();
    for deployed in nodes::<Deployed>(repository.deployments, "deployments", gaps) {
        if let Some(name) = deployed.latest_environment.or(deployed.environment) {
            let at = first
                .entry(EnvironmentName::from(clean(&name)))
                .or_insert(deployed.created_at);
            *at = deployed.created_at.min(*at);
        }
    }
    let mut found = Vec::new();
    let mut reviewed = Vec::new();
    for environment in nodes::<Environment>(repository.environments, "environments", gaps) {
        let name = EnvironmentName::from(clean(&environment.name));
        let rules = nodes::<Rule>(environment.protection_rules, "rules", gaps);
        if rules.iter().any(|rule| rule.kind == "REQUIRED_REVIEWERS") {
            reviewed.push(name.clone());
        }
        let at = first.get(&name).copied();
        found.push((name, at));
    }
    let environments = order::of_promotion(found);
    reviewed.retain(|name| environments.contains(name));
    Ok(Discovered {
        default_branch: repository
            .default_branch_ref
            .map(|branch| clean(&branch.name)),
        environments,
        reviewed,
        model: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments_come_in_the_order_of_promotion_with_the_reviewed_ones_named() {
        let discovered = read(json!({
            "defaultBranchRef": {"name": "trunk"},
            "environments": {"nodes": [
                {"name": "production", "protectionRules": {"nodes": [{"type": "REQUIRED_REVIEWERS"}]}},
                {"name": "pr-9", "protectionRules": {"nodes": [{"type": "REQUIRED_REVIEWERS"}]}},
                {"name": "two", "protectionRules": null},
                {"name": "one", "protectionRules": {"nodes": [{"type": "WAIT_TIMER"}]}}]},
            "deployments": {"nodes": [
                {"environment": "one", "createdAt": "2026-01-01T00:00:00Z"},
                {"latestEnvironment": "two", "createdAt": "2026-01-02T00:00:00Z"},
                null]}}))
        .unwrap();
        assert_eq!(discovered.default_branch.as_deref(), Some("trunk"));
        let names: Vec<&str> = discovered
            .environments
            .iter()
            .map(EnvironmentName::as_str)
            .collect();
        assert_eq!(names, ["one", "two", "production"]);
        assert_eq!(discovered.reviewed, [EnvironmentName::from("production")]);
    }
}
