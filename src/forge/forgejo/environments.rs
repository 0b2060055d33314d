//! Environments, which these forges have none of: read as the service says that they are modelled.
//! What a thing read means for an environment lives in `forge/modelled`.

use std::collections::HashSet;

use super::Forgejo;
use super::checks::Statuses;
use super::lists::is_missing;
use super::pulls::gap;
use super::repos::Branches;
use crate::domain::deployment::{self, Deployment};
use crate::domain::facts::Release;
use crate::domain::ids::{RepoPath, Sha};
use crate::domain::phase::Phase;
use crate::domain::pipeline::Run;
use crate::domain::policy::EnvironmentModel;
use crate::forge::Target;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::modelled::pointers::Pointer;
use crate::forge::modelled::{releases, runs};

/// Pages of runs that are gone through for a workflow that has not run lately.
const PAGES_OF_RUNS: usize = 4;

/// What has been read of a service, for the models that are made of it.
#[derive(Clone, Copy)]
pub(super) struct Read<'a> {
    pub(super) purpose: Purpose,
    /// The path as the forge spells it.
    pub(super) repo: &'a RepoPath,
    pub(super) url: &'a str,
    pub(super) site: &'a str,
    pub(super) branch: Option<&'a str>,
    pub(super) head: Option<&'a Sha>,
    pub(super) runs: &'a [Run],
    pub(super) releases: &'a [Release],
    /// How many commits may be asked for their statuses at a first look.
    pub(super) reads: usize,
}

impl Forgejo {
    /// Makes the deployments of a service's environments, newest first.
    pub(super) async fn modelled(
        &self,
        target: &Target,
        read: Read<'_>,
        branches: &mut Branches,
        gaps: &mut Vec<String>,
    ) -> Result<Vec<Deployment>, Error> {
        let names = &target.environments;
        match &target.model {
            EnvironmentModel::Native => {
                let why = "environments: this forge keeps none; say with `environments` how this \
                           service's are modelled";
                gaps.push(why.to_owned());
                Ok(Vec::new())
            }
            EnvironmentModel::Status { .. } => self.by_status(target, read, gaps).await,
            EnvironmentModel::Branch { .. } => self.by_branch(target, read, branches, gaps).await,
            EnvironmentModel::Release { tag: Some(_) } => self.by_tag(target, read, gaps).await,
            EnvironmentModel::Release { tag: None } => {
                Ok(releases::deployments(names, read.releases))
            }
            EnvironmentModel::Run { .. } => self.by_run(target, read).await,
        }
    }

    /// Notes the statuses of a commit, and says what they are: also the earlier ones of a commit that
    /// is being deployed again, or was in vain, since it may have been live before.
    pub(super) async fn note_statuses(
        &self,
        purpose: Purpose,
        target: &Target,
        repo: &RepoPath,
        site: &str,
        commit: &Sha,
        read: &Statuses,
    ) -> Result<(), Error> {
        let contexts: Vec<String> = target
            .environments
            .iter()
            .filter_map(|name| target.model.of(name))
            .collect();
        let own = |status: &&_| {
            let status: &crate::forge::modelled::statuses::Status = status;
            contexts.contains(&status.context)
        };
        let found: Vec<_> = read.list.iter().filter(own).cloned().collect();
        let known = self.scan.knows(repo, commit, &found);
        let ended = found.iter().all(|status| status.phase == Phase::Succeeded);
        self.scan.take(repo, commit, found);
        if !ended && !known {
            let all = self.history(purpose, repo, commit, site).await?;
            let own = all.iter().filter(own).cloned().collect();
            self.scan.take(repo, commit, own);
        }
        Ok(())
    }

    async fn by_status(
        &self,
        target: &Target,
        read: Read<'_>,
        gaps: &mut Vec<String>,
    ) -> Result<Vec<Deployment>, Error> {
        let (model, names) = (&target.model, &target.environments);
        let known = &target.repo;
        if let (Some(head), Some(branch)) = (read.head, read.branch)
            && self.scan.wants_commits(known, head)
        {
            match self.recent_commits(read.purpose, read.repo, branch).await {
                Ok(recent) => self.scan.take_commits(known, recent),
                Err(error) => gap::<()>(gaps, "deployments: recent commits", error)?,
            }
        }
        let mut asked = 0;
        while asked < read.reads
            && let Some(commit) = self.scan.unread(known, model, names, false)
        {
            self.look(target, read, &commit).await?;
            asked += 1;
        }
        // A board reads what matters anyway; pulses go on looking through the rest.
        if asked == 0 && read.purpose == Purpose::Poll {
            let anyway = |sha: &Sha| read.head == Some(sha);
            if let Some(commit) = self.scan.turn(known, anyway) {
                self.look(target, read, &commit).await?;
            }
        }
        let deployments = self.scan.deployments(known, model, names);
        let found = |name| deployment::live(&deployments, name).is_some();
        let (count, all) = self.scan.progress(known);
        if count < all && !names.iter().all(found) {
            gaps.push(format!(
                "deployments: {count} of the last {all} commits looked at so far"
            ));
        }
        Ok(deployments)
    }

    async fn look(&self, target: &Target, read: Read<'_>, commit: &Sha) -> Result<(), Error> {
        let (purpose, repo, site) = (read.purpose, read.repo, read.site);
        let found = match self.statuses(purpose, repo, commit.as_str(), site).await {
            Ok(found) => found,
            // Somebody pushed by force: the commit is gone, and so is what it had.
            Err(error) if is_missing(&error) => Statuses::none(),
            Err(error) => return Err(error),
        };
        let known = &target.repo;
        self.note_statuses(purpose, target, known, site, commit, &found)
            .await
    }

    async fn by_branch(
        &self,
        target: &Target,
        read: Read<'_>,
        branches: &mut Branches,
        gaps: &mut Vec<String>,
    ) -> Result<Vec<Deployment>, Error> {
        let mut pointers = Vec::new();
        for environment in &target.environments {
            let Some(name) = target.model.of(environment) else {
                continue;
            };
            let branch = self
                .branch_once(read.purpose, read.repo, &name, branches)
                .await;
            let branch = branch.or_else(|error| gap(gaps, &format!("branch {name}"), error))?;
            let Some((branch, sha)) = branch.and_then(|it| it.sha().map(|sha| (it, sha))) else {
                continue;
            };
            pointers.push(Pointer {
                environment: environment.clone(),
                url: Some(format!("{}/src/branch/{name}", read.url)),
                name,
                sha,
                commit_at: branch.at(),
                author: branch.author(),
            });
        }
        let now = self.forge_time();
        Ok(self.watch.deployments(&target.repo, pointers, now))
    }

    async fn by_tag(
        &self,
        target: &Target,
        read: Read<'_>,
        gaps: &mut Vec<String>,
    ) -> Result<Vec<Deployment>, Error> {
        let tags = self.tags(read.purpose, read.repo, HashSet::new()).await;
        let tags = tags.or_else(|error| gap(gaps, "tags", error))?;
        let are_all = tags.len() < self.features().await?.page_size;
        let mut pointers = Vec::new();
        for environment in &target.environments {
            let Some(name) = target.model.of(environment) else {
                continue;
            };
            let known = tags.iter().find(|tag| tag.name == name);
            let (sha, commit_at) = match known {
                Some(tag) => (Some(tag.sha.clone()), tag.at),
                None if are_all => (None, None),
                // An old one among many.
                None => (self.tag(read.purpose, read.repo, &name).await?, None),
            };
            pointers.extend(sha.map(|sha| Pointer {
                environment: environment.clone(),
                url: Some(format!("{}/src/tag/{name}", read.url)),
                name: name.clone(),
                sha,
                commit_at,
                author: None,
            }));
        }
        let now = self.forge_time();
        Ok(self.watch.deployments(&target.repo, pointers, now))
    }

    /// A workflow that has not run lately is looked for once on earlier pages.
    async fn by_run(&self, target: &Target, read: Read<'_>) -> Result<Vec<Deployment>, Error> {
        let (model, names) = (&target.model, &target.environments);
        let mut all = read.runs.to_vec();
        let mut made = runs::deployments(model, names, &all);
        let mut lacking: Vec<_> = names
            .iter()
            .filter(|name| deployment::live(&made, name).is_none())
            .collect();
        let now = (self.clock)();
        lacking.retain(|name| {
            let key = (target.repo.clone(), (*name).clone());
            let known = self
                .memory
                .older_runs
                .get(&key, now, jiff::SignedDuration::MAX);
            let is_known = known.is_some();
            all.extend(known.unwrap_or_default());
            !is_known
        });
        if !lacking.is_empty() && !read.runs.is_empty() {
            let mut older = Vec::new();
            for number in 2..=PAGES_OF_RUNS + 1 {
                let page = self.runs(read.purpose, read.repo, read.url, number).await?;
                let page = page.unwrap_or_default();
                if page.is_empty() {
                    break;
                }
                older.extend(page);
            }
            for name in lacking {
                let own = runs::of(model, name, &older);
                all.extend(own.clone());
                let key = (target.repo.clone(), name.clone());
                self.memory.older_runs.put(key, now, own);
            }
        }
        let mut ids = std::collections::BTreeSet::new();
        all.retain(|run| ids.insert(run.id));
        made = runs::deployments(model, names, &all);
        Ok(made)
    }
}
