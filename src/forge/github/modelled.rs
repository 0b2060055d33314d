//! Repositories without environments: what stands for their deployments, from REST. What a thing read
//! means for an environment lives in `forge/modelled`.

use jiff::Timestamp;
use serde::Deserialize;

use super::GitHub;
use super::board::{Login, person};
use super::paths::{below, part};
use super::runs::{Runs, WireRun};
use super::words;
use crate::domain::deployment::Deployment;
use crate::domain::facts::{Pulse, Release, ServiceFacts};
use crate::domain::ids::{RepoPath, Sha};
use crate::domain::policy::EnvironmentModel;
use crate::domain::text::clean;
use crate::forge::Target;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::modelled::pointers::Pointer;
use crate::forge::modelled::statuses::Status;
use crate::forge::modelled::{self, releases, runs, scan};

#[derive(Deserialize)]
struct Listed {
    sha: String,
}

#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "GitHub's own words")]
struct Commit {
    sha: String,
    commit: Option<Inner>,
    author: Option<Login>,
    html_url: Option<String>,
}

#[derive(Deserialize)]
struct Inner {
    committer: Option<Dated>,
}

#[derive(Deserialize)]
struct Dated {
    date: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Branch {
    commit: Commit,
}

#[derive(Deserialize)]
struct WireStatus {
    id: u64,
    context: String,
    state: String,
    description: Option<String>,
    target_url: Option<String>,
    creator: Option<Login>,
    created_at: Timestamp,
}

impl GitHub {
    /// Puts what stands for deployments in the place of the forge's own, of which there are none.
    pub(super) async fn model(&self, target: &Target, mut facts: ServiceFacts) -> ServiceFacts {
        if target.model == EnvironmentModel::Native {
            return facts;
        }
        let head = facts.head.as_ref().map(|head| &head.sha);
        let made = self
            .modelled(Purpose::Look, target, &facts.repo, head, &facts.releases)
            .await;
        match made {
            Ok(made) => facts.deployments = made,
            Err(error) => facts.gaps.push(format!("deployments: {error}")),
        }
        facts.environments = modelled::environments(&target.environments);
        facts
    }

    /// As `model`, for a pulse.
    pub(super) async fn model_pulse(
        &self,
        target: &Target,
        mut pulse: Pulse,
    ) -> Result<Pulse, Error> {
        match target.model {
            EnvironmentModel::Native => {}
            // The newest release is in every pulse; the forge's own deployments are none of these.
            EnvironmentModel::Release { tag: None } => pulse.deployments.clear(),
            EnvironmentModel::Status { .. }
            | EnvironmentModel::Branch { .. }
            | EnvironmentModel::Release { tag: Some(_) }
            | EnvironmentModel::Run { .. } => {
                let head = pulse.head.as_ref();
                let made = self
                    .modelled(Purpose::Poll, target, &target.repo, head, &[])
                    .await?;
                pulse.deployments = modelled::pulse(&made);
            }
        }
        Ok(pulse)
    }

    async fn modelled(
        &self,
        purpose: Purpose,
        target: &Target,
        repo: &RepoPath,
        head: Option<&Sha>,
        released: &[Release],
    ) -> Result<Vec<Deployment>, Error> {
        let (model, names) = (&target.model, &target.environments);
        match model {
            EnvironmentModel::Native => Ok(Vec::new()),
            EnvironmentModel::Status { .. } => self.by_status(purpose, target, repo, head).await,
            EnvironmentModel::Branch { .. } | EnvironmentModel::Release { tag: Some(_) } => {
                self.by_pointer(purpose, target, repo).await
            }
            EnvironmentModel::Release { tag: None } => Ok(releases::deployments(names, released)),
            EnvironmentModel::Run { .. } => {
                let mut found = Vec::new();
                for workflow in names.iter().filter_map(|name| model.of(name)) {
                    let route = format!("/actions/workflows/{}/runs?per_page=30", part(&workflow));
                    let page = self.wire.get(purpose, &below(repo, route)).await;
                    if let Some(answer) = there(page)? {
                        let page: Runs = answer.json()?;
                        found.extend(page.read().into_iter().map(WireRun::into_run));
                    }
                }
                Ok(runs::deployments(model, names, &found))
            }
        }
    }

    async fn by_pointer(
        &self,
        purpose: Purpose,
        target: &Target,
        repo: &RepoPath,
    ) -> Result<Vec<Deployment>, Error> {
        let is_branch = matches!(target.model, EnvironmentModel::Branch { .. });
        let mut pointers = Vec::new();
        for environment in &target.environments {
            let Some(name) = target.model.of(environment) else {
                continue;
            };
            // A tag may be an object of its own: as a commit, it is what it points at.
            let route = if is_branch {
                format!("/branches/{}", part(&name))
            } else {
                format!("/commits/{}", part(&format!("tags/{name}")))
            };
            let found = there(self.wire.get(purpose, &below(repo, route)).await)?;
            let Some(answer) = found else {
                continue;
            };
            let commit = if is_branch {
                answer.json::<Branch>()?.commit
            } else {
                answer.json::<Commit>()?
            };
            pointers.push(Pointer {
                environment: environment.clone(),
                name,
                sha: Sha::from(clean(&commit.sha).to_lowercase()),
                commit_at: commit
                    .commit
                    .and_then(|inner| inner.committer)
                    .and_then(|who| who.date),
                author: commit.author.as_ref().map(person),
                url: commit.html_url.as_deref().map(clean),
            });
        }
        let now = self.wire.limiter.forge_time((self.clock)());
        Ok(self.watch.deployments(&target.repo, pointers, now))
    }

    async fn by_status(
        &self,
        purpose: Purpose,
        target: &Target,
        repo: &RepoPath,
        head: Option<&Sha>,
    ) -> Result<Vec<Deployment>, Error> {
        let (model, names, known) = (&target.model, &target.environments, &target.repo);
        if let Some(head) = head
            && self.scan.wants_commits(known, head)
        {
            let from = target.branch.as_deref().unwrap_or(head.as_str());
            let query = format!("/commits?sha={}&per_page={}", part(from), scan::COMMITS);
            if let Some(answer) = there(self.wire.get(purpose, &below(repo, query)).await)? {
                let listed: Vec<Listed> = answer.json()?;
                let listed = listed.into_iter();
                let shas = listed.map(|it| Sha::from(clean(&it.sha).to_lowercase()));
                self.scan.take_commits(known, shas.collect());
            }
        }
        let head = head.into_iter();
        let anyway: Vec<Sha> = match purpose {
            Purpose::Poll => head.cloned().collect(),
            Purpose::Look | Purpose::Settle => head.chain(&target.revisions).cloned().collect(),
        };
        for sha in &anyway {
            self.look(purpose, known, repo, sha).await?;
        }
        let mut is_complete = false;
        for _ in 0..scan::COMMITS {
            let Some(sha) = self.scan.unread(known, model, names, false) else {
                is_complete = true;
                break;
            };
            self.look(purpose, known, repo, &sha).await?;
        }
        // A board reads what matters anyway; pulses go on looking through the rest.
        if is_complete
            && purpose == Purpose::Poll
            && let Some(sha) = self.scan.turn(known, |sha| anyway.contains(sha))
        {
            self.look(purpose, known, repo, &sha).await?;
        }
        Ok(self.scan.deployments(known, model, names))
    }

    /// Reads every status of a commit; a conditional request, free as long as nothing changes.
    async fn look(
        &self,
        purpose: Purpose,
        known: &RepoPath,
        repo: &RepoPath,
        sha: &Sha,
    ) -> Result<(), Error> {
        let route = format!("/commits/{}/statuses?per_page=100", part(sha.as_str()));
        let answer = there(self.wire.get(purpose, &below(repo, route)).await)?;
        let listed: Vec<WireStatus> = match answer {
            Some(answer) => answer.json()?,
            None => Vec::new(),
        };
        let status = |read: WireStatus| Status {
            id: read.id.to_string(),
            sha: sha.clone(),
            context: clean(&read.context),
            phase: words::rollup(&read.state),
            raw: clean(&read.state).to_lowercase(),
            description: read.description.filter(|text| !text.is_empty()),
            url: read.target_url.as_deref().map(clean),
            creator: read.creator.as_ref().map(person),
            created_at: read.created_at,
        };
        let found = listed.into_iter().map(status).collect();
        self.scan.take(known, sha, found);
        Ok(())
    }
}

/// Turns the forge's word that something is not there into nothing; 422 is its word for a ref that no
/// commit has.
fn there<T>(read: Result<T, Error>) -> Result<Option<T>, Error> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(Error::Refused(refusal)) if matches!(refusal.status, 404 | 409 | 422) => Ok(None),
        Err(error) => Err(error),
    }
}
