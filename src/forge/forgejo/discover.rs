//! What a repository is, without a config: its branch, and the environments that its statuses, tags,
//! branches, workflows or releases name. What such a name means lives in `modelled/guess.rs`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::Forgejo;
use super::checks;
use super::lists::below;
use super::pulls::gap;
use super::repos::Repository;
use super::runs::has_actions;
use crate::domain::ids::{EnvironmentName, RepoPath};
use crate::domain::policy::EnvironmentModel;
use crate::domain::text::clean;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::modelled::guess::{self, Guess};
use crate::forge::{Discovered, order};

/// Commits whose statuses are looked through.
const COMMITS: usize = 10;

/// Pages of branches or tags that are looked through.
const PAGES: usize = 4;

#[derive(Deserialize)]
struct Named {
    name: String,
}

impl Forgejo {
    /// Statuses `deploy/ENVIRONMENT` go first: where there are any, they tell what is live. Then what
    /// was made to point at what is live, then what deployed it, and releases last.
    pub(super) async fn read_discovery(&self, repo: &RepoPath) -> Result<Discovered, Error> {
        let known = self.read_repository(Purpose::Look, repo).await?;
        let path = known.path(repo);
        let (found, contexts) = self.by_contexts(&path, &known).await?;
        let (model, environments) = if found.is_empty() {
            match self.guessed(&path, &known, &contexts).await? {
                Some((model, environments)) => (Some(model), environments),
                None => (None, Vec::new()),
            }
        } else {
            let dated = found.into_iter().map(|(name, at)| (name, Some(at)));
            (None, order::of_promotion(dated.collect()))
        };
        Ok(Discovered {
            default_branch: known.default_branch.as_deref().map(clean),
            environments,
            reviewed: Vec::new(),
            model,
        })
    }

    /// Looks through the statuses of recent commits: when each environment was first deployed to, and
    /// every context that there is.
    async fn by_contexts(
        &self,
        path: &RepoPath,
        known: &Repository,
    ) -> Result<(BTreeMap<EnvironmentName, Timestamp>, Vec<String>), Error> {
        let site = checks::site_of(&known.url(), path);
        let mut found = BTreeMap::new();
        let mut contexts = Vec::new();
        let mut gaps = Vec::new();
        let branch = known.default_branch.as_deref();
        if let Some(branch) = branch.filter(|it| !it.is_empty()) {
            let recent = self.recent_commits(Purpose::Look, path, branch).await;
            let recent = recent.or_else(|error| gap(&mut gaps, "commits", error))?;
            for commit in recent.iter().take(COMMITS) {
                let read = self
                    .statuses(Purpose::Look, path, commit.as_str(), &site)
                    .await?;
                for status in read.list {
                    let name = guess::named(EnvironmentModel::STATUS, &status.context);
                    note(&mut found, name, status.created_at);
                    contexts.push(status.context);
                }
            }
        }
        Ok((found, contexts))
    }

    async fn guessed(
        &self,
        path: &RepoPath,
        known: &Repository,
        contexts: &[String],
    ) -> Result<Option<Guess>, Error> {
        let tags = self.names(path, "tags").await?;
        if let Some(guess) = guess::by_tags(tags.iter().map(String::as_str)) {
            return Ok(Some(guess));
        }
        let branches = self.names(path, "branches").await?;
        let branches = branches.iter().map(String::as_str);
        if let Some(guess) = guess::by_branches(branches, known.default_branch.as_deref()) {
            return Ok(Some(guess));
        }
        if has_actions(known)
            && let Some(guess) = self.by_files(path, known).await?
        {
            return Ok(Some(guess));
        }
        if let Some(guess) = guess::by_jobs(contexts.iter().map(String::as_str)) {
            return Ok(Some(guess));
        }
        let mut gaps = Vec::new();
        let releases = self.wire_releases(Purpose::Look, path, known).await;
        let releases = releases.or_else(|error| gap(&mut gaps, "releases", error))?;
        let nothing = std::collections::HashMap::new();
        let releases = releases.into_iter();
        let releases: Vec<_> = releases.map(|it| it.into_release(&nothing, None)).collect();
        Ok(guess::by_releases(&releases))
    }

    /// By the runs of workflows that are named after an environment.
    async fn by_files(&self, path: &RepoPath, known: &Repository) -> Result<Option<Guess>, Error> {
        let mut gaps = Vec::new();
        let runs = self.runs(Purpose::Look, path, &known.url(), 1).await;
        let runs = runs.or_else(|error| gap(&mut gaps, "runs", error))?;
        let mut found = BTreeMap::new();
        for run in runs.into_iter().flatten() {
            let file = run.workflow.as_deref().unwrap_or_default();
            let file = file.strip_suffix(".yaml").map(|stem| format!("{stem}.yml"));
            let file = file.as_deref().or(run.workflow.as_deref());
            let name = file.and_then(|file| guess::named(EnvironmentModel::WORKFLOW, file));
            note(&mut found, name, run.created_at);
        }
        let workflow = EnvironmentModel::WORKFLOW.to_owned();
        let dated = found.into_iter().map(|(name, at)| (name, Some(at)));
        let environments = order::of_promotion(dated.collect());
        let guess = (EnvironmentModel::Run { workflow }, environments);
        Ok((!guess.1.is_empty()).then_some(guess))
    }

    /// The names of all branches or tags, as far as a few pages tell; none where they cannot be read.
    async fn names(&self, path: &RepoPath, list: &str) -> Result<Vec<String>, Error> {
        let mut names = Vec::new();
        let mut pages = 0;
        let route = below(path, format!("/{list}?"));
        let read = self.pages(Purpose::Look, &route, list, |page| {
            names.extend(page.each::<Named>().into_iter().map(|named| named.name));
            pages += 1;
            pages < PAGES
        });
        let read = read.await;
        read.or_else(|error| gap(&mut Vec::new(), list, error))?;
        Ok(names)
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
