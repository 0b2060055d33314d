//! The cheap read of a service: its repository, many at once where that pays, the statuses of its
//! head, and what its environments are made of. Runs, releases and pull requests of quiet services
//! are left unread: what happens to them shows in the statuses and counts.

use super::Forgejo;
use super::checks;
use super::environments::Read;
use super::lists::is_missing;
use super::repos::{Branch, Branches};
use crate::domain::facts::Pulse;
use crate::domain::policy::EnvironmentModel;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::{Batch, Target, modelled};

impl Forgejo {
    pub(super) async fn read_pulse(&self, targets: &[Target]) -> Batch<Pulse> {
        let named = self.read_repositories(targets).await;
        self.each(targets, |target| {
            let fresh = named.contains(&target.repo);
            self.pulse_of(target, fresh)
        })
        .await
    }

    /// `fresh`: the repository was read in this very sweep.
    async fn pulse_of(&self, target: &Target, fresh: bool) -> Result<Pulse, Error> {
        let known = if fresh {
            self.repository(Purpose::Poll, &target.repo).await?
        } else {
            self.read_repository(Purpose::Poll, &target.repo).await?
        };
        let repo = &known.path(&target.repo);
        let url = known.url();
        let site = checks::site_of(&url, repo);
        let branch = known.branch(target);
        let mut gaps = Vec::new();

        let mut head = None;
        let mut summed = None;
        if let Some(name) = branch.as_deref() {
            let read = self.statuses(Purpose::Poll, repo, name, &site).await;
            // A ref without any status may not even be named, and an empty repository has none.
            let read = read.or_else(|error| {
                if is_missing(&error) {
                    Ok(checks::Statuses::none())
                } else {
                    Err(error)
                }
            })?;
            head = match read.sha.clone() {
                Some(sha) => Some(sha),
                None => {
                    let branch = self.branch(Purpose::Poll, repo, name).await?;
                    branch.as_ref().and_then(Branch::sha)
                }
            };
            if let Some(sha) = &head {
                summed = checks::checks(sha, &read.list, target).phase;
                self.note_statuses(Purpose::Poll, target, &target.repo, &site, sha, &read)
                    .await?;
            }
        }
        let runs = match target.model {
            EnvironmentModel::Run { .. } => {
                let runs = self.runs(Purpose::Poll, repo, &url, 1).await?;
                runs.unwrap_or_default()
            }
            _ => Vec::new(),
        };
        let releases = match target.model {
            EnvironmentModel::Release { tag: None } => {
                let read = self.wire_releases(Purpose::Poll, repo, &known).await?;
                self.releases(Purpose::Poll, repo, read, None).await?
            }
            _ => Vec::new(),
        };
        let read = Read {
            purpose: Purpose::Poll,
            repo,
            url: &url,
            site: &site,
            branch: branch.as_deref(),
            head: head.as_ref(),
            runs: &runs,
            releases: &releases,
            reads: 1,
        };
        let deployments = self
            .modelled(target, read, &mut Branches::new(), &mut gaps)
            .await?;
        let labelled = self
            .labelled(Purpose::Poll, repo, &target.labels, &mut gaps)
            .await?;
        let counts = labelled
            .into_iter()
            .map(|(label, open)| (label, open.total));
        Ok(Pulse {
            head,
            checks: summed,
            deployments: modelled::pulse(&deployments),
            pull_requests: Some(known.open_pr_counter.unwrap_or_default()),
            pull_requests_at: None,
            labelled: counts.collect(),
            latest_release: known
                .release_counter
                .map(|count| format!("{count} releases")),
            pushed_at: known.updated_at,
        })
    }
}
