//! Finding what an act made, by reading alone.
//!
//! A list is read to where it is older than the act, or not believed: `None` means that it is not
//! there, never that we stopped looking.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::act::KEY_VARIABLE;
use super::changes::WireChange;
use super::deployments::WireDeployment;
use super::pipelines::{Pipeline, WireJob};
use super::{GitLab, words};
use crate::domain::act::{Act, Handle};
use crate::domain::fault::FaultKind;
use crate::domain::ids::{DeploymentId, IntentId, JobId, PullRequestNumber, RepoPath, RunId, Sha};
use crate::domain::phase::Phase;
use crate::domain::text::clean;
use crate::forge::error::{Error, Refusal};
use crate::forge::http::limiter::Purpose;
use crate::forge::http::path::part;
use crate::forge::mark::mark;

/// How much older than the act something may look and still be its work: clocks differ.
const SLACK: SignedDuration = SignedDuration::from_mins(2);

#[derive(Deserialize)]
struct Variable {
    key: String,
    value: Option<String>,
}

#[derive(Deserialize)]
struct Tag {
    target: Option<String>,
    commit: Option<Committed>,
}

#[derive(Deserialize)]
struct Release {
    description: Option<String>,
    commit: Option<Committed>,
}

#[derive(Deserialize)]
struct Committed {
    id: String,
}

impl GitLab {
    pub(super) async fn find_act(
        &self,
        repo: &RepoPath,
        act: &Act,
        key: &IntentId,
        sent_at: Timestamp,
    ) -> Result<Option<Handle>, Error> {
        let sent_at = self.rest.limiter.forge_time(sent_at);
        let since = sent_at.checked_sub(SLACK).unwrap_or(sent_at);
        match act {
            Act::ApproveDeployment {
                deployment,
                job,
                run,
                ..
            } => {
                let answered = self
                    .find_approval(repo, *deployment, "approved", key)
                    .await?;
                // Approved and not started is not promoted: the job may be started once more.
                if answered {
                    Ok(self
                        .find_played(repo, *run, *job, since, false)
                        .await?
                        .map(|played| Handle {
                            deployment: Some(*deployment),
                            ..played
                        }))
                } else {
                    Ok(None)
                }
            }
            Act::RejectDeployment {
                deployment, run, ..
            } => {
                let answered = self
                    .find_approval(repo, *deployment, "rejected", key)
                    .await?;
                Ok(answered.then(|| Handle {
                    run: Some(*run),
                    deployment: Some(*deployment),
                    ..Handle::default()
                }))
            }
            Act::PlayJob { run, job, .. } => self.find_played(repo, *run, *job, since, true).await,
            Act::RetryJob { run, job, name } => {
                self.find_again(repo, *run, *job, name, since).await
            }
            Act::CancelJob { run, job, .. } => {
                let route = format!("/jobs/{job}");
                let job: WireJob = self.read(Purpose::Settle, repo, route).await?;
                let over = !words::job(&job.status, job.allow_failure).is_in_flight();
                Ok((over || job.status == "canceling").then(|| Handle {
                    run: Some(*run),
                    url: job.web_url.as_deref().map(clean),
                    ..Handle::default()
                }))
            }
            Act::RunPipeline { git_ref, variables } => {
                self.find_pipeline(repo, git_ref, !variables.is_empty(), key, since)
                    .await
            }
            Act::CreateTag { tag, target } => self.find_tag(repo, tag, target).await,
            Act::CreateDeployment {
                sha, environment, ..
            } => {
                self.find_deployment(repo, sha, environment.as_str(), since)
                    .await
            }
            Act::MergePullRequest { number, head, .. } => {
                self.find_merge(repo, *number, head).await
            }
            Act::PublishRelease { tag, target, .. } => {
                self.find_release(repo, tag, target, key).await
            }
            Act::Cancel { run } => {
                let pipeline = self.pipeline(repo, *run).await?;
                let over = !words::pipeline(&pipeline.status).is_in_flight();
                Ok((over || pipeline.status == "canceling").then(|| of_run(&pipeline)))
            }
            Act::Rerun { run, .. } => {
                // What is run again is a new job in the same pipeline.
                let jobs = self.wire_jobs(Purpose::Settle, repo, run.0).await?;
                let again = jobs
                    .iter()
                    .any(|job| job.created_at.is_some_and(|at| at >= since));
                let pipeline = self.pipeline(repo, *run).await?;
                Ok(again.then(|| of_run(&pipeline)))
            }
            Act::SetStatus { sha, context, .. } => self.find_status(repo, sha, context, key).await,
            Act::AddLabel { number, label } => {
                let there = self
                    .has_label(Purpose::Settle, repo, *number, label)
                    .await?;
                Ok(there.then(Handle::default))
            }
            Act::RemoveLabel { number, label } => {
                let there = self
                    .has_label(Purpose::Settle, repo, *number, label)
                    .await?;
                Ok((!there).then(Handle::default))
            }
            Act::Freeze { start, end } => {
                let found = self.find_freeze(Purpose::Settle, repo, start, end).await?;
                Ok(found.map(|freeze| Handle {
                    freeze: Some(freeze),
                    ..Handle::default()
                }))
            }
            Act::Unfreeze { freeze, .. } => {
                let there = self.has_freeze(Purpose::Settle, repo, *freeze).await?;
                Ok((!there).then(|| Handle {
                    freeze: Some(*freeze),
                    ..Handle::default()
                }))
            }
            // None of these was ever sent.
            Act::Approve { .. } | Act::Reject { .. } | Act::Dispatch { .. } | Act::ByHand => {
                Ok(None)
            }
        }
    }

    async fn pipeline(&self, repo: &RepoPath, run: RunId) -> Result<Pipeline, Error> {
        self.read(Purpose::Settle, repo, format!("/pipelines/{run}"))
            .await
    }

    /// Says whether a deployment has an answer that carries our key.
    async fn find_approval(
        &self,
        repo: &RepoPath,
        deployment: DeploymentId,
        wanted: &str,
        key: &IntentId,
    ) -> Result<bool, Error> {
        let route = format!("/deployments/{deployment}");
        let read: WireDeployment = self.read(Purpose::Settle, repo, route).await?;
        let mark = mark(key);
        Ok(read.approvals.iter().flatten().any(|approval| {
            approval.status.as_deref() == Some(wanted)
                && approval
                    .comment
                    .as_deref()
                    .is_some_and(|said| said.contains(&mark))
        }))
    }

    /// Finds a job that was started since then, by us: it carries no key, but the name of who
    /// started it.
    async fn find_played(
        &self,
        repo: &RepoPath,
        run: RunId,
        job: JobId,
        since: Timestamp,
        by_us: bool,
    ) -> Result<Option<Handle>, Error> {
        let job: WireJob = self
            .read(Purpose::Settle, repo, format!("/jobs/{job}"))
            .await?;
        let waits = matches!(words::pipeline(&job.status), Phase::Gated)
            || matches!(job.status.as_str(), "created" | "skipped");
        let in_time = job.started_at.is_none_or(|at| at >= since);
        let me = self.memory.known().login.clone();
        let mine = match (&job.user, &me) {
            (Some(user), Some(me)) if by_us => user.person() == *me,
            _ => true,
        };
        Ok((!waits && in_time && mine).then(|| Handle {
            run: Some(run),
            url: job.web_url.as_deref().map(clean),
            ..Handle::default()
        }))
    }

    /// Finds the job that one was run again as: of its pipeline and name, newer, and by us. It carries
    /// no key, and may have been run again itself since.
    async fn find_again(
        &self,
        repo: &RepoPath,
        run: RunId,
        first: JobId,
        name: &str,
        since: Timestamp,
    ) -> Result<Option<Handle>, Error> {
        let route = format!("/pipelines/{run}/jobs?include_retried=true&per_page=100");
        let jobs: Vec<WireJob> = self.read_all(Purpose::Settle, repo, route).await?;
        let me = self.memory.known().login.clone();
        let ours = jobs.iter().filter(|job| {
            let mine = match (&job.user, &me) {
                (Some(user), Some(me)) => user.person() == *me,
                _ => true,
            };
            let in_time = job.created_at.is_none_or(|at| at >= since);
            job.id > first.0 && clean(&job.name) == name && in_time && mine
        });
        Ok(ours.min_by_key(|job| job.id).map(|job| Handle {
            run: Some(run),
            job: Some(JobId(job.id)),
            url: job.web_url.as_deref().map(clean),
            ..Handle::default()
        }))
    }

    /// A pipeline shows what it was told only to who may read its variables. One of ours that shows
    /// no key may be the one, so it is not said to be absent.
    async fn find_pipeline(
        &self,
        repo: &RepoPath,
        git_ref: &str,
        carried: bool,
        key: &IntentId,
        since: Timestamp,
    ) -> Result<Option<Handle>, Error> {
        let mut candidates: Vec<Pipeline> = Vec::new();
        let route = format!(
            "/pipelines?ref={}&order_by=id&sort=desc&per_page=100",
            part(git_ref)
        );
        let route = self.below(repo, route);
        self.rest
            .get_pages(Purpose::Settle, &route, |answer| {
                let page: Vec<Pipeline> = answer.json()?;
                let is_new = |pipeline: &Pipeline| {
                    pipeline.created_at.is_none_or(|created| created >= since)
                };
                let all_older = !page.iter().any(is_new);
                let ordered = |pipeline: &Pipeline| pipeline.source.as_deref() == Some("api");
                candidates.extend(page.into_iter().filter(|it| is_new(it) && ordered(it)));
                Ok(!all_older)
            })
            .await?;
        let me = self.memory.known().login.clone();
        let mut maybe_ours = 0;
        for candidate in candidates {
            if carried {
                let route = format!("/pipelines/{}/variables", candidate.id);
                let variables: Option<Vec<Variable>> =
                    self.read_if_there(Purpose::Settle, repo, route).await?;
                if let Some(variables) = variables {
                    let ours = variables.iter().any(|variable| {
                        variable.key == KEY_VARIABLE
                            && variable.value.as_deref() == Some(key.as_str())
                    });
                    if ours {
                        return Ok(Some(of_run(&candidate)));
                    }
                    // It shows what it was told, and that is not our key.
                    continue;
                }
            }
            let whole = self.pipeline(repo, RunId(candidate.id)).await?;
            let mine = match (&whole.user, &me) {
                (Some(user), Some(me)) => user.person() == *me,
                _ => true,
            };
            maybe_ours += usize::from(mine);
        }
        if maybe_ours == 0 {
            return Ok(None);
        }
        Err(Error::Refused(Box::new(Refusal {
            status: 200,
            kind: FaultKind::Unreadable,
            why: format!(
                "{maybe_ours} pipeline(s) of {} started since then, and none shows our key",
                clean(git_ref)
            ),
            hint: Some(
                "give the promotion `variables`, and the token a role that may read them"
                    .to_owned(),
            ),
            request: None,
            retry_at: None,
            says_why: true,
        })))
    }

    /// A tag carries no key: one that points where ours would is ours as far as it matters.
    async fn find_tag(
        &self,
        repo: &RepoPath,
        tag: &str,
        target: &Sha,
    ) -> Result<Option<Handle>, Error> {
        let route = format!("/repository/tags/{}", part(tag));
        let Some(tag) = self
            .read_if_there::<Tag>(Purpose::Settle, repo, route)
            .await?
        else {
            self.seen(repo).await?;
            return Ok(None);
        };
        let points = tag.commit.map(|commit| commit.id).or(tag.target);
        let is_ours = points.is_some_and(|sha| sha.eq_ignore_ascii_case(target.as_str()));
        Ok(is_ours.then(|| Handle {
            sha: Some(target.clone()),
            ..Handle::default()
        }))
    }

    /// A deployment carries no key: one of this revision, by us and since then, is ours.
    async fn find_deployment(
        &self,
        repo: &RepoPath,
        sha: &Sha,
        environment: &str,
        since: Timestamp,
    ) -> Result<Option<Handle>, Error> {
        let me = self.memory.known().login.clone();
        let mut found = None;
        let route = format!(
            "/deployments?environment={}&order_by=id&sort=desc&per_page=100",
            part(environment)
        );
        let route = self.below(repo, route);
        self.rest
            .get_pages(Purpose::Settle, &route, |answer| {
                let page: Vec<WireDeployment> = answer.json()?;
                let ours = page.iter().find(|read| {
                    let mine = match (&read.user, &me) {
                        (Some(user), Some(me)) => user.person() == *me,
                        _ => true,
                    };
                    mine && read.created_at >= since
                        && read.deployable.is_none()
                        && read.sha.eq_ignore_ascii_case(sha.as_str())
                });
                found = ours.map(|read| Handle {
                    deployment: Some(DeploymentId(read.id)),
                    forge_time: Some(read.created_at.as_second()),
                    ..Handle::default()
                });
                Ok(found.is_none() && page.iter().any(|read| read.created_at >= since))
            })
            .await?;
        Ok(found)
    }

    async fn find_merge(
        &self,
        repo: &RepoPath,
        number: PullRequestNumber,
        head: &Sha,
    ) -> Result<Option<Handle>, Error> {
        let route = format!("/merge_requests/{number}");
        let change: WireChange = self.read(Purpose::Settle, repo, route).await?;
        let at_head = change
            .sha
            .as_deref()
            .is_some_and(|sha| sha.eq_ignore_ascii_case(head.as_str()));
        if change.state.as_deref() != Some("merged") || !at_head {
            return Ok(None);
        }
        let merged = change
            .merge_commit_sha
            .or(change.squash_commit_sha)
            .or(change.sha);
        Ok(Some(Handle {
            sha: merged.map(|sha| Sha::from(clean(&sha).to_lowercase())),
            url: Some(clean(&change.web_url)),
            ..Handle::default()
        }))
    }

    async fn find_release(
        &self,
        repo: &RepoPath,
        tag: &str,
        target: &Sha,
        key: &IntentId,
    ) -> Result<Option<Handle>, Error> {
        let route = format!("/releases/{}", part(tag));
        let Some(release) = self
            .read_if_there::<Release>(Purpose::Settle, repo, route)
            .await?
        else {
            self.seen(repo).await?;
            return Ok(None);
        };
        let marked = release
            .description
            .is_some_and(|text| text.contains(key.as_str()));
        let there = release
            .commit
            .is_some_and(|commit| commit.id.eq_ignore_ascii_case(target.as_str()));
        Ok((marked || there).then(|| Handle {
            sha: Some(target.clone()),
            ..Handle::default()
        }))
    }

    async fn find_status(
        &self,
        repo: &RepoPath,
        sha: &Sha,
        context: &str,
        key: &IntentId,
    ) -> Result<Option<Handle>, Error> {
        let mark = mark(key);
        let statuses = self.statuses(Purpose::Settle, repo, sha).await?;
        if statuses.is_empty() {
            self.seen(repo).await?;
        }
        let ours = statuses.into_iter().find(|status| {
            status.name == context
                && status
                    .description
                    .as_deref()
                    .is_some_and(|text| text.contains(&mark))
        });
        Ok(ours.map(|status| Handle {
            sha: Some(sha.clone()),
            url: status.target_url.as_deref().map(clean),
            ..Handle::default()
        }))
    }

    /// A 404 also hides what we may not see: that the project is there at all is asked too.
    async fn seen(&self, repo: &RepoPath) -> Result<(), Error> {
        self.read::<serde_json::Value>(Purpose::Settle, repo, "")
            .await
            .map(drop)
    }
}

fn of_run(pipeline: &Pipeline) -> Handle {
    Handle {
        run: Some(RunId(pipeline.id)),
        url: pipeline.web_url.as_deref().map(clean),
        forge_time: pipeline.created_at.map(Timestamp::as_second),
        ..Handle::default()
    }
}
