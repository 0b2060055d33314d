//! What a repository is, without a config: its branch, and the environments that its statuses or its
//! workflows name.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Forgejo;
use super::checks;
use super::pulls::gap;
use super::runs::has_actions;
use crate::domain::ids::{EnvironmentName, RepoPath};
use crate::domain::policy::EnvironmentModel;
use crate::domain::text::clean;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::{Discovered, order};

/// Commits whose statuses are looked through.
const COMMITS: usize = 10;

/// What stands before the environment in a status and in a workflow's file name.
const CONTEXT: &str = "deploy/";
const WORKFLOW: &str = "deploy-";

impl Forgejo {
    /// Statuses `deploy/ENVIRONMENT` go first: where there are any, they tell what is live.
    pub(super) async fn read_discovery(&self, repo: &RepoPath) -> Result<Discovered, Error> {
        let known = self.read_repository(Purpose::Look, repo).await?;
        let path = known.path(repo);
        let url = known.url();
        let site = checks::site_of(&url, &path);
        let mut found: BTreeMap<EnvironmentName, Timestamp> = BTreeMap::new();
        let mut gaps = Vec::new();
        if let Some(branch) = known.default_branch.as_deref().filter(|it| !it.is_empty()) {
            let recent = self.recent_commits(Purpose::Look, &path, branch).await;
            let recent = recent.or_else(|error| gap(&mut gaps, "commits", error))?;
            for commit in recent.iter().take(COMMITS) {
                let read = self
                    .statuses(Purpose::Look, &path, commit.as_str(), &site)
                    .await?;
                for status in &read.list {
                    note(
                        &mut found,
                        status.context.strip_prefix(CONTEXT),
                        status.created_at,
                    );
                }
            }
        }
        let mut model = None;
        let by_runs = found.is_empty() && has_actions(&known);
        if by_runs {
            let runs = self.runs(Purpose::Look, &path, &url, 1).await;
            let runs = runs.or_else(|error| gap(&mut gaps, "runs", error))?;
            for run in runs.into_iter().flatten() {
                let file = run.workflow.as_deref().unwrap_or_default();
                let stem = file.strip_suffix(".yml").or(file.strip_suffix(".yaml"));
                note(
                    &mut found,
                    stem.and_then(|it| it.strip_prefix(WORKFLOW)),
                    run.created_at,
                );
            }
        }
        if by_runs && !found.is_empty() {
            let workflow = EnvironmentModel::WORKFLOW.to_owned();
            model = Some(EnvironmentModel::Run { workflow });
        }
        let dated = found.into_iter().map(|(name, at)| (name, Some(at)));
        Ok(Discovered {
            default_branch: known.default_branch.as_deref().map(clean),
            environments: order::of_promotion(dated.collect()),
            reviewed: Vec::new(),
            model,
        })
    }
}

/// Keeps when an environment was first deployed to.
fn note(found: &mut BTreeMap<EnvironmentName, Timestamp>, name: Option<&str>, at: Timestamp) {
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        let first = found
            .entry(EnvironmentName::from(clean(name)))
            .or_insert(at);
        *first = at.min(*first);
    }
}
