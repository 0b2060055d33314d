//! Environments that ask for approval, where the edition has such: Premium alone tells, and others
//! answer that there is nothing.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::GitLab;
use crate::domain::ids::{EnvironmentName, RepoPath};
use crate::domain::text::clean;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;

#[derive(Deserialize)]
struct Protected {
    name: String,
    #[serde(default)]
    required_approval_count: Option<u64>,
    #[serde(default)]
    approval_rules: Option<Vec<Rule>>,
}

#[derive(Deserialize)]
struct Rule {
    #[serde(default)]
    required_approvals: Option<u64>,
}

impl Protected {
    fn asks(&self) -> bool {
        let rules = self.approval_rules.iter().flatten();
        self.required_approval_count.unwrap_or_default() > 0
            || rules
                .map(|rule| rule.required_approvals.unwrap_or_default())
                .sum::<u64>()
                > 0
    }
}

impl GitLab {
    /// Reads which environments a deployment has to be approved for.
    pub(super) async fn reviewed(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
    ) -> Result<BTreeSet<EnvironmentName>, Error> {
        let route = "/protected_environments?per_page=100";
        let protected: Option<Vec<Protected>> = self.read_if_there(purpose, repo, route).await?;
        let asking = protected
            .unwrap_or_default()
            .into_iter()
            .filter(Protected::asks);
        Ok(asking
            .map(|each| EnvironmentName::from(clean(&each.name)))
            .collect())
    }
}
