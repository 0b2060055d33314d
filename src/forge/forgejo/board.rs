//! Everything that the board shows of a service: five requests where nothing is special (branch,
//! statuses of its head, runs, pull requests, releases), and one for each other commit whose checks
//! are judged.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};

use super::Forgejo;
use super::checks::{self, Statuses};
use super::environments::Read;
use super::lists::is_missing;
use super::pulls::{Open, gap};
use super::releases::Tip;
use super::repos::{Branch, Branches, Repository};
use super::runs::{has_actions, that_matter};
use crate::domain::facts::ServiceFacts;
use crate::domain::ids::{RepoPath, Sha};
use crate::domain::pipeline::Run;
use crate::domain::policy::EnvironmentModel;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::modelled::{self, scan};
use crate::forge::{Batch, Target};

/// Commits that may be asked for their statuses at the first look at all services of one read.
const FIRST_LOOKS: usize = 200;

impl Forgejo {
    pub(super) async fn read_board(&self, targets: &[Target]) -> Batch<ServiceFacts> {
        let named = self.read_repositories(targets).await;
        let named = &named;
        self.each(targets, |target| async move {
            let fresh = named.contains(&target.repo);
            self.facts_of(target, targets.len(), fresh).await
        })
        .await
    }

    /// Asks for each service by itself, a few at the same time.
    pub(super) async fn each<'t, T, F>(
        &self,
        targets: &'t [Target],
        ask: impl Fn(&'t Target) -> F,
    ) -> Batch<T>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let asked: Vec<F> = targets.iter().map(ask).collect();
        let answers: Vec<Result<T, Error>> = stream::iter(asked)
            .buffered(self.rest.limits().concurrency.max(1))
            .collect()
            .await;
        let answers = targets.iter().zip(answers).map(|(target, answer)| {
            let doing = || format!("reading {}", target.repo);
            let answer = answer.map_err(|error| self.fault(&error, doing()));
            (target.service.clone(), answer)
        });
        Batch {
            answers: answers.collect(),
        }
    }

    /// `fresh`: the repository was read in this very sweep.
    async fn facts_of(
        &self,
        target: &Target,
        services: usize,
        fresh: bool,
    ) -> Result<ServiceFacts, Error> {
        let mut gaps = Vec::new();
        let (known, read) = self.repository_or_read(Purpose::Look, &target.repo).await?;
        // An old counter may not have heard of the first one.
        let may_be_open = known.open_pr_counter != Some(0) || !(fresh || read);
        let repo = &known.path(&target.repo);
        let url = known.url();
        let site = checks::site_of(&url, repo);
        let branch_name = known.branch(target);

        let (branch, runs, open, wire_releases) = tokio::join!(
            self.own_branch(repo, branch_name.as_deref()),
            self.recent_runs(repo, &known, &url),
            self.open_pulls(Purpose::Look, repo, &known, may_be_open),
            self.wire_releases(Purpose::Look, repo, &known),
        );
        let branch = branch?;
        if branch.is_none() {
            gaps.push("head: the branch was not found".to_owned());
        }
        let runs = match runs {
            Ok(Some(runs)) => runs,
            Ok(None) => {
                gaps.push("runs: this version of the forge does not show any".to_owned());
                Vec::new()
            }
            Err(error) if is_missing(&error) => {
                gaps.push("runs: Actions are turned off, or hidden from this token".to_owned());
                Vec::new()
            }
            Err(error) => gap(&mut gaps, "runs", error)?,
        };
        let open = match open {
            Ok(open) => open,
            Err(error) => {
                gap::<()>(&mut gaps, "pull requests", error)?;
                Open::none(known.open_pr_counter.unwrap_or_default())
            }
        };
        let wire_releases = wire_releases.or_else(|error| gap(&mut gaps, "releases", error))?;

        let head = branch.as_ref().and_then(Branch::head);
        let tip = branch_name.as_deref().zip(head.as_ref());
        let tip = tip.map(|(branch, head)| Tip {
            branch,
            sha: &head.sha,
        });
        let releases = self
            .releases(Purpose::Look, repo, wire_releases, tip.as_ref())
            .await;
        let releases = releases.or_else(|error| gap(&mut gaps, "tags", error))?;

        let head_sha = head.as_ref().map(|head| head.sha.clone());
        let statuses = self
            .statuses_of(target, repo, &site, head_sha.as_ref(), &mut gaps)
            .await?;
        let reads = (FIRST_LOOKS / services.max(1)).clamp(5, scan::COMMITS);
        let read = Read {
            purpose: Purpose::Look,
            repo,
            url: &url,
            site: &site,
            branch: branch_name.as_deref(),
            head: head_sha.as_ref(),
            runs: &runs,
            releases: &releases,
            reads,
        };
        let mut branches = Branches::new();
        if let (Some(name), Some(_)) = (&branch_name, &branch) {
            branches.insert(name.clone(), branch);
        }
        let deployments = self
            .modelled(target, read, &mut branches, &mut gaps)
            .await?;

        let labelled = self
            .labelled(Purpose::Look, repo, &target.labels, &mut gaps)
            .await?;
        let open_pull_requests = open.total;
        let lists: BTreeMap<Sha, Vec<_>> = statuses
            .iter()
            .map(|(sha, read)| (sha.clone(), read.list.clone()))
            .collect();
        let own = branch_name.as_deref();
        let pull_requests = self
            .pull_requests(repo, open, own, &mut branches, &lists, &mut gaps)
            .await?;

        let shas: Vec<Sha> = statuses.keys().cloned().collect();
        let checks = statuses.iter().map(|(sha, read)| {
            let summed = checks::checks(sha, &read.list, target);
            (sha.clone(), summed)
        });
        Ok(ServiceFacts {
            repo: repo.clone(),
            archived: known.archived,
            permission: known.permission(),
            default_branch: known
                .default_branch
                .as_deref()
                .map(crate::domain::text::clean),
            head,
            checks: checks.collect(),
            environments: match target.model {
                EnvironmentModel::Native => Vec::new(),
                EnvironmentModel::Status { .. }
                | EnvironmentModel::Branch { .. }
                | EnvironmentModel::Release { .. }
                | EnvironmentModel::Run { .. } => modelled::environments(&target.environments),
            },
            runs: that_matter(runs, &shas, (&target.model, &deployments)),
            deployments,
            open_pull_requests,
            pull_requests,
            releases,
            labelled,
            gaps,
            hidden: Vec::new(),
            url,
        })
    }

    async fn own_branch(
        &self,
        repo: &RepoPath,
        name: Option<&str>,
    ) -> Result<Option<Branch>, Error> {
        match name {
            Some(name) => self.branch(Purpose::Look, repo, name).await,
            None => Ok(None),
        }
    }

    pub(super) async fn recent_runs(
        &self,
        repo: &RepoPath,
        known: &Repository,
        url: &str,
    ) -> Result<Option<Vec<Run>>, Error> {
        if has_actions(known) {
            self.runs(Purpose::Look, repo, url, 1).await
        } else {
            Ok(Some(Vec::new()))
        }
    }

    /// Reads the statuses of the head and of the other revisions that are judged.
    async fn statuses_of(
        &self,
        target: &Target,
        repo: &RepoPath,
        site: &str,
        head: Option<&Sha>,
        gaps: &mut Vec<String>,
    ) -> Result<BTreeMap<Sha, Statuses>, Error> {
        let mut found = BTreeMap::new();
        for sha in head.into_iter().chain(&target.revisions) {
            if found.contains_key(sha) {
                continue;
            }
            let read = self.statuses(Purpose::Look, repo, sha.as_str(), site).await;
            match read {
                Ok(read) => {
                    self.note_statuses(Purpose::Look, target, &target.repo, site, sha, &read)
                        .await?;
                    found.insert(sha.clone(), read);
                }
                // A revision that the repository has lost has no checks, and says so.
                Err(error) => gap::<()>(gaps, &format!("checks of {}", sha.short()), error)?,
            }
        }
        Ok(found)
    }
}
