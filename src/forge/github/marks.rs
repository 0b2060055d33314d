//! Reading back what brakes have left: a status, a label.

use serde::Deserialize;

use super::GitHub;
use super::paths::{below, part};
use crate::domain::brake::{Mark, Reading, Sought};
use crate::domain::ids::{PullRequestNumber, RepoPath, Sha};
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::mark;

#[derive(Deserialize)]
struct Statuses {
    statuses: Vec<Status>,
}

#[derive(Deserialize)]
struct Status {
    context: String,
    state: String,
    description: Option<String>,
}

#[derive(Deserialize)]
struct Label {
    name: String,
}

/// A rule of a branch, from whatever ruleset.
#[derive(Deserialize)]
struct Rule {
    r#type: String,
    #[serde(default)]
    parameters: Parameters,
}

#[derive(Default, Deserialize)]
struct Parameters {
    #[serde(default)]
    required_status_checks: Vec<Required>,
}

#[derive(Deserialize)]
struct Required {
    context: String,
}

/// What a branch's own protection asks, as whoever may read the branch is told.
#[derive(Deserialize)]
struct Branch {
    protection: Option<Protection>,
}

#[derive(Deserialize)]
struct Protection {
    required_status_checks: Option<Checks>,
}

#[derive(Deserialize)]
struct Checks {
    enforcement_level: Option<String>,
    #[serde(default)]
    contexts: Vec<String>,
}

impl GitHub {
    pub(super) async fn read_mark(
        &self,
        repo: &RepoPath,
        sought: &Sought,
    ) -> Result<Reading, Error> {
        match &sought.mark {
            Mark::Status { sha, context } => {
                let found = self.newest_status(repo, sha, context).await?;
                let Some(status) = found else {
                    return Ok(Reading::Gone);
                };
                let stops = matches!(status.state.as_str(), "failure" | "error");
                let said = status.description.as_deref();
                let reading = mark::reading(said, &status.state, stops, &sought.key);
                let (Reading::Ours { .. }, Some(branch)) = (&reading, &sought.branch) else {
                    return Ok(reading);
                };
                let asked = self.requires(repo, branch, context).await;
                let unless = || format!("{branch} does not require {context}");
                let binds = mark::binds(asked, unless);
                Ok(Reading::Ours { binds })
            }
            Mark::Label { number, label } => {
                let there = self.has_label(repo, *number, label).await?;
                Ok(mark::present(there))
            }
            // What waits is among the facts, and there are no freezes.
            Mark::Freeze { .. } | Mark::Rejection { .. } => Ok(Reading::Gone),
        }
    }

    async fn newest_status(
        &self,
        repo: &RepoPath,
        sha: &Sha,
        context: &str,
    ) -> Result<Option<Status>, Error> {
        let mut found = None;
        let sha = part(sha.as_str());
        let route = below(repo, format!("/commits/{sha}/status?per_page=100"));
        self.wire
            .get_pages(Purpose::Look, &route, |page: Statuses| {
                let mut statuses = page.statuses.into_iter();
                found = statuses.find(|status| status.context == context);
                found.is_none()
            })
            .await?;
        Ok(found)
    }

    pub(super) async fn has_label(
        &self,
        repo: &RepoPath,
        number: PullRequestNumber,
        label: &str,
    ) -> Result<bool, Error> {
        let mut there = false;
        let route = below(repo, format!("/issues/{number}/labels?per_page=100"));
        self.wire
            .get_pages(Purpose::Look, &route, |page: Vec<Label>| {
                there = page.iter().any(|one| one.name == label);
                !there
            })
            .await?;
        Ok(there)
    }

    /// Says whether a branch is merged into only with a good status of this context: by a ruleset, or by
    /// its own protection, which the rules of a branch do not name. One that asks for it is enough; that
    /// neither does is known only when both were read.
    async fn requires(&self, repo: &RepoPath, branch: &str, context: &str) -> Result<bool, Error> {
        let by_rules = self.ruled(repo, branch, context).await;
        if let Ok(true) = by_rules {
            return Ok(true);
        }
        let protected = self.protects(repo, branch, context).await?;
        Ok(protected || by_rules?)
    }

    async fn protects(&self, repo: &RepoPath, branch: &str, context: &str) -> Result<bool, Error> {
        let route = below(repo, format!("/branches/{}", part(branch)));
        let branch: Branch = self.wire.get(Purpose::Look, &route).await?.json()?;
        let checks = branch.protection.and_then(|it| it.required_status_checks);
        Ok(checks.is_some_and(|checks| {
            let is_off = checks.enforcement_level.as_deref() == Some("off");
            !is_off && checks.contexts.iter().any(|one| one == context)
        }))
    }

    async fn ruled(&self, repo: &RepoPath, branch: &str, context: &str) -> Result<bool, Error> {
        let mut required = false;
        let branch = part(branch);
        let route = below(repo, format!("/rules/branches/{branch}?per_page=100"));
        self.wire
            .get_pages(Purpose::Look, &route, |page: Vec<Rule>| {
                let rules = page.iter();
                let rules = rules.filter(|rule| rule.r#type == "required_status_checks");
                let mut checks = rules.flat_map(|rule| &rule.parameters.required_status_checks);
                required = checks.any(|check| check.context == context);
                !required
            })
            .await?;
        Ok(required)
    }
}
