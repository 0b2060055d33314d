//! What a project is, without a config: its branch, its environments, their order.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::GitLab;
use crate::domain::ids::{EnvironmentName, RepoPath};
use crate::domain::text::clean;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::{Discovered, order};

#[derive(Deserialize)]
struct Environment {
    name: String,
}

#[derive(Deserialize)]
struct Deployed {
    environment: Option<Environment>,
    created_at: Timestamp,
}

impl GitLab {
    pub(super) async fn read_discovery(&self, repo: &RepoPath) -> Result<Discovered, Error> {
        let project = self.read_project(Purpose::Look, repo).await?;
        let route = "/environments?states=available&per_page=100";
        let environments: Option<Vec<Environment>> =
            self.read_all_if_there(Purpose::Look, repo, route).await?;
        // Ascending is GitLab's own order: the first ones tell what was deployed to first.
        let route = "/deployments?order_by=id&sort=asc&per_page=100";
        let deployed: Option<Vec<Deployed>> =
            self.read_if_there(Purpose::Look, repo, route).await?;
        let mut first: HashMap<EnvironmentName, Timestamp> = HashMap::new();
        for deployed in deployed.unwrap_or_default() {
            let Some(environment) = deployed.environment else {
                continue;
            };
            let name = EnvironmentName::from(clean(&environment.name));
            let at = first.entry(name).or_insert(deployed.created_at);
            *at = deployed.created_at.min(*at);
        }
        let found = environments
            .unwrap_or_default()
            .into_iter()
            .map(|environment| {
                let name = EnvironmentName::from(clean(&environment.name));
                let at = first.get(&name).copied();
                (name, at)
            });
        let environments = order::of_promotion(found.collect());
        let reviewed = self.reviewed(Purpose::Look, repo).await?;
        Ok(Discovered {
            default_branch: project.default_branch.as_deref().map(clean),
            reviewed: environments
                .iter()
                .filter(|name| reviewed.contains(*name))
                .cloned()
                .collect(),
            environments,
            model: None,
        })
    }
}
