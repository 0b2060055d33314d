//! Environments that ask for approval, where the edition has such: Premium alone tells, and others
//! answer that there is nothing.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde::Deserialize;

use super::GitLab;
use super::memory::Reviewed;
use crate::domain::ids::{EnvironmentName, RepoPath};
use crate::domain::text::clean;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;

/// How long the rules of environments are believed between two looks at a board.
const RULES_FOR: SignedDuration = SignedDuration::from_mins(5);
/// And how long a project is believed not to show any: an edition and a role rarely change.
const HIDDEN_FOR: SignedDuration = SignedDuration::from_hours(6);

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
    /// As `reviewed`, or as it was found lately.
    pub(super) async fn reviewed_lately(
        &self,
        repo: &RepoPath,
    ) -> Result<BTreeSet<EnvironmentName>, Error> {
        let now = (self.clock)();
        if let Some(known) = self.memory.project(repo).reviewed {
            let keeps = if known.is_hidden {
                HIDDEN_FOR
            } else {
                RULES_FOR
            };
            if now.duration_since(known.at).abs() < keeps {
                return Ok(known.names);
            }
        }
        self.reviewed(Purpose::Poll, repo).await
    }

    /// Reads which environments a deployment has to be approved for.
    pub(super) async fn reviewed(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
    ) -> Result<BTreeSet<EnvironmentName>, Error> {
        let route = "/protected_environments?per_page=100";
        let protected: Option<Vec<Protected>> =
            self.read_all_if_there(purpose, repo, route).await?;
        let is_hidden = protected.is_none();
        let asking = protected
            .unwrap_or_default()
            .into_iter()
            .filter(Protected::asks);
        let names: BTreeSet<EnvironmentName> = asking
            .map(|each| EnvironmentName::from(clean(&each.name)))
            .collect();
        let found = Reviewed {
            at: (self.clock)(),
            is_hidden,
            names: names.clone(),
        };
        self.memory.note(repo, |known| known.reviewed = Some(found));
        Ok(names)
    }
}
