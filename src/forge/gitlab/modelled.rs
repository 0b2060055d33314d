//! Projects that keep no environments: what stands for their deployments, from REST. What a thing
//! read means for an environment lives in `forge/modelled`.

use jiff::Timestamp;
use serde::Deserialize;

use super::GitLab;
use super::pipelines::Pipeline;
use super::words;
use crate::domain::deployment::Deployment;
use crate::domain::facts::{Pulse, Release, ServiceFacts};
use crate::domain::ids::{Person, RepoPath, Sha};
use crate::domain::pipeline::Run;
use crate::domain::policy::EnvironmentModel;
use crate::domain::text::clean;
use crate::forge::Target;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::http::path::part;
use crate::forge::modelled::pointers::Pointer;
use crate::forge::modelled::statuses::Status;
use crate::forge::modelled::{self, releases, runs, scan};

#[derive(Deserialize)]
struct Commit {
    id: String,
    committed_date: Option<Timestamp>,
    author_name: Option<String>,
    web_url: Option<String>,
}

/// A branch or a tag; of an annotated one, `commit` is what it is a tag of.
#[derive(Deserialize)]
struct Ref {
    commit: Option<Commit>,
}

#[derive(Deserialize)]
struct WireStatus {
    id: u64,
    name: String,
    status: String,
    description: Option<String>,
    target_url: Option<String>,
    author: Option<Author>,
    created_at: Timestamp,
}

#[derive(Deserialize)]
struct Author {
    username: Option<String>,
}

impl GitLab {
    /// Puts what stands for deployments in the place of the forge's own.
    pub(super) async fn model(&self, target: &Target, facts: &mut ServiceFacts) {
        let head = facts.head.as_ref().map(|head| head.sha.clone());
        let made = self
            .modelled(
                Purpose::Look,
                target,
                &facts.repo,
                head.as_ref(),
                facts.default_branch.as_deref(),
                &facts.releases,
            )
            .await;
        match made {
            Ok(made) => facts.deployments = made,
            Err(error) => facts.gaps.push(format!("deployments: {error}")),
        }
        facts.environments = modelled::environments(&target.environments);
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
                let known = self.memory.project(&target.repo).default_branch;
                let branch = target.branch.as_deref().or(known.as_deref());
                let made = self
                    .modelled(
                        Purpose::Poll,
                        target,
                        &target.repo,
                        pulse.head.as_ref(),
                        branch,
                        &[],
                    )
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
        branch: Option<&str>,
        released: &[Release],
    ) -> Result<Vec<Deployment>, Error> {
        let (model, names) = (&target.model, &target.environments);
        match model {
            EnvironmentModel::Native => Ok(Vec::new()),
            EnvironmentModel::Status { .. } => {
                self.by_status(purpose, target, repo, head, branch).await
            }
            EnvironmentModel::Branch { .. } | EnvironmentModel::Release { tag: Some(_) } => {
                self.by_pointer(purpose, target, repo).await
            }
            EnvironmentModel::Release { tag: None } => Ok(releases::deployments(names, released)),
            EnvironmentModel::Run { .. } => {
                let mut found: Vec<Run> = Vec::new();
                for name in names.iter().filter_map(|name| model.of(name)) {
                    let route = format!(
                        "/pipelines?name={}&order_by=id&sort=desc&per_page=30",
                        part(&name)
                    );
                    let page: Option<Vec<Pipeline>> =
                        self.read_if_there(purpose, repo, route).await?;
                    // An old server pays no heed to the name: what it lists goes by its own.
                    found.extend(page.into_iter().flatten().map(|it| it.run()));
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
        let folder = match target.model {
            EnvironmentModel::Branch { .. } => "branches",
            _ => "tags",
        };
        let mut pointers = Vec::new();
        for environment in &target.environments {
            let Some(name) = target.model.of(environment) else {
                continue;
            };
            let route = format!("/repository/{folder}/{}", part(&name));
            let found: Option<Ref> = self.read_if_there(purpose, repo, route).await?;
            let Some(commit) = found.and_then(|found| found.commit) else {
                continue;
            };
            pointers.push(Pointer {
                environment: environment.clone(),
                name,
                sha: commit.sha(),
                commit_at: commit.committed_date,
                author: commit
                    .author_name
                    .as_deref()
                    .map(|name| Person::from(clean(name))),
                url: commit.web_url.as_deref().map(clean),
            });
        }
        let now = self.rest.limiter.forge_time((self.clock)());
        Ok(self.watch.deployments(repo, pointers, now))
    }

    async fn by_status(
        &self,
        purpose: Purpose,
        target: &Target,
        repo: &RepoPath,
        head: Option<&Sha>,
        branch: Option<&str>,
    ) -> Result<Vec<Deployment>, Error> {
        let (model, names) = (&target.model, &target.environments);
        if let Some(head) = head
            && self.scan.wants_commits(repo, head)
        {
            let from = part(branch.unwrap_or(head.as_str()));
            let query = format!(
                "/repository/commits?ref_name={from}&per_page={}",
                scan::COMMITS
            );
            let listed: Option<Vec<Commit>> = self.read_if_there(purpose, repo, query).await?;
            let listed = listed.into_iter().flatten();
            self.scan
                .take_commits(repo, listed.map(|it| it.sha()).collect());
        }
        let head = head.into_iter();
        let anyway: Vec<Sha> = match purpose {
            Purpose::Poll => head.cloned().collect(),
            Purpose::Look | Purpose::Settle => head.chain(&target.revisions).cloned().collect(),
        };
        for sha in &anyway {
            self.look(purpose, repo, sha).await?;
        }
        let mut is_complete = false;
        for _ in 0..scan::COMMITS {
            let Some(sha) = self.scan.unread(repo, model, names, false) else {
                is_complete = true;
                break;
            };
            self.look(purpose, repo, &sha).await?;
        }
        // A board reads what matters anyway; pulses go on looking through the rest.
        if is_complete
            && purpose == Purpose::Poll
            && let Some(sha) = self.scan.turn(repo, |sha| anyway.contains(sha))
        {
            self.look(purpose, repo, &sha).await?;
        }
        Ok(self.scan.deployments(repo, model, names))
    }

    /// Reads every status of a commit, those too that a newer one of their name has replaced. GitLab
    /// lists jobs among them; none is called as an environment's status is, or it is one.
    async fn look(&self, purpose: Purpose, repo: &RepoPath, sha: &Sha) -> Result<(), Error> {
        let route = format!(
            "/repository/commits/{}/statuses?all=true&per_page=100",
            part(sha.as_str())
        );
        let listed: Option<Vec<WireStatus>> = self.read_all_if_there(purpose, repo, route).await?;
        let status = |read: WireStatus| Status {
            id: read.id.to_string(),
            sha: sha.clone(),
            context: clean(&read.name),
            phase: words::status(&read.status, false),
            raw: clean(&read.status).to_lowercase(),
            description: read.description.filter(|text| !text.is_empty()),
            url: read.target_url.as_deref().map(clean),
            creator: read
                .author
                .and_then(|author| author.username)
                .map(|name| Person::from(clean(&name))),
            created_at: read.created_at,
        };
        let found = listed.into_iter().flatten().map(status).collect();
        self.scan.take(repo, sha, found);
        Ok(())
    }
}

impl Commit {
    fn sha(&self) -> Sha {
        Sha::from(clean(&self.id).to_lowercase())
    }
}
