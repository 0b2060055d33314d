//! Finding what an act made, by reading alone.
//!
//! A list is read to where it is older than the act, or not believed: `None` means that it is not
//! there, never that we stopped looking.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::GitHub;
use super::board;
use super::paths::{below, part};
use super::runs::{self, Runs, WireRun};
use super::wire::Wire;
use crate::domain::act::{Act, Handle};
use crate::domain::fault::FaultKind;
use crate::domain::ids::{
    DeploymentId, IntentId, PullRequestNumber, ReleaseId, RepoPath, RunId, Sha,
};
use crate::domain::text::clean;
use crate::forge::error::{Error, Refusal};
use crate::forge::http::limiter::Purpose;
use crate::forge::mark::mark;

/// How much older than the act something may look and still be its work: clocks differ.
const SLACK: SignedDuration = SignedDuration::from_mins(2);

/// The runs that a workflow was dispatched into since an instant.
#[derive(Debug, Default)]
pub(super) struct Dispatched {
    /// The one that shows our key.
    pub(super) ours: Option<Handle>,
    /// Who started the others.
    others: Vec<Option<String>>,
}

#[derive(Deserialize)]
struct Approval {
    comment: Option<String>,
}

#[derive(Deserialize)]
struct Deployment {
    id: u64,
    payload: Option<Value>,
    created_at: Timestamp,
}

#[derive(Deserialize)]
struct PullRequest {
    #[serde(default)]
    merged: bool,
    merge_commit_sha: Option<String>,
    html_url: Option<String>,
    head: Tip,
}

#[derive(Deserialize)]
struct Tip {
    sha: String,
}

#[derive(Deserialize)]
struct CommitMessage {
    commit: Message,
}

#[derive(Deserialize)]
struct Message {
    message: String,
}

#[derive(Deserialize)]
struct Release {
    id: u64,
    #[serde(default)]
    draft: bool,
    html_url: Option<String>,
}

#[derive(Deserialize)]
struct GitRef {
    object: Tip,
}

#[derive(Deserialize)]
struct Statuses {
    statuses: Vec<Status>,
}

#[derive(Deserialize)]
struct Status {
    context: String,
    description: Option<String>,
    target_url: Option<String>,
}

impl GitHub {
    pub(super) async fn find_act(
        &self,
        repo: &RepoPath,
        act: &Act,
        key: &IntentId,
        sent_at: Timestamp,
    ) -> Result<Option<Handle>, Error> {
        let sent_at = self.wire.limiter.forge_time(sent_at);
        let since = sent_at.checked_sub(SLACK).unwrap_or(sent_at);
        match act {
            Act::Approve { run, .. } | Act::Reject { run, .. } => {
                self.find_review(repo, *run, key).await
            }
            Act::Dispatch { workflow, .. } => self.find_dispatch(repo, workflow, key, since).await,
            Act::CreateDeployment { .. } => self.find_deployment(repo, key, since).await,
            Act::MergePullRequest { number, head, .. } => {
                self.find_merge(repo, *number, head, key).await
            }
            Act::PublishRelease { tag, .. } => self.find_release(repo, tag).await,
            Act::Cancel { run } => {
                let read = runs::one(&self.wire, Purpose::Settle, repo, *run).await?;
                let over = read.status.as_deref() == Some("completed");
                Ok(over.then(|| of_run(&read)))
            }
            Act::Rerun { run, .. } => {
                let read = runs::one(&self.wire, Purpose::Settle, repo, *run).await?;
                let started = read.run_started_at.unwrap_or(read.updated_at);
                let again = read.run_attempt.unwrap_or(1) > 1 && started >= since;
                Ok(again.then(|| of_run(&read)))
            }
            Act::SetStatus { sha, context, .. } => self.find_status(repo, sha, context, key).await,
            Act::CreateTag { tag, target } => self.find_tag(repo, tag, target).await,
            Act::AddLabel { number, label } => {
                let there = self.has_label(repo, *number, label).await?;
                Ok(there.then(Handle::default))
            }
            Act::RemoveLabel { number, label } => {
                let there = self.has_label(repo, *number, label).await?;
                Ok((!there).then(Handle::default))
            }
            // None of these was ever sent.
            Act::Freeze { .. }
            | Act::Unfreeze { .. }
            | Act::ApproveDeployment { .. }
            | Act::RejectDeployment { .. }
            | Act::PlayJob { .. }
            | Act::RetryJob { .. }
            | Act::CancelJob { .. }
            | Act::RunPipeline { .. }
            | Act::ByHand => Ok(None),
        }
    }

    async fn find_review(
        &self,
        repo: &RepoPath,
        run: RunId,
        key: &IntentId,
    ) -> Result<Option<Handle>, Error> {
        let route = below(repo, format!("/actions/runs/{run}/approvals"));
        let approvals: Vec<Approval> = self.wire.get(Purpose::Settle, &route).await?.json()?;
        let mark = mark(key);
        let ours = approvals
            .iter()
            .filter_map(|approval| approval.comment.as_deref())
            .any(|comment| comment.contains(&mark));
        Ok(ours.then(|| Handle {
            run: Some(run),
            ..Handle::default()
        }))
    }

    /// A run shows its inputs only through its workflow's `run-name`. A run of ours that shows no
    /// key may be the one, so it is not said to be absent.
    async fn find_dispatch(
        &self,
        repo: &RepoPath,
        workflow: &str,
        key: &IntentId,
        since: Timestamp,
    ) -> Result<Option<Handle>, Error> {
        let seen = dispatched(&self.wire, Purpose::Settle, repo, workflow, key, since).await?;
        if seen.ours.is_some() {
            return Ok(seen.ours);
        }
        let me = self.known().login.clone();
        let maybe_ours = seen
            .others
            .iter()
            .filter(|who| match (who, &me) {
                (Some(who), Some(me)) => who == me.as_str(),
                _ => true,
            })
            .count();
        if maybe_ours == 0 {
            return Ok(None);
        }
        Err(Error::Refused(Box::new(Refusal {
            status: 200,
            kind: FaultKind::Unreadable,
            why: format!(
                "{maybe_ours} run(s) of {} started since then, and none shows our key",
                clean(workflow)
            ),
            hint: Some(
                "show the key in the workflow's `run-name`, for instance `${{ inputs.key }}`"
                    .to_owned(),
            ),
            request: None,
            retry_at: None,
            says_why: true,
        })))
    }

    async fn find_deployment(
        &self,
        repo: &RepoPath,
        key: &IntentId,
        since: Timestamp,
    ) -> Result<Option<Handle>, Error> {
        let mut found = None;
        let route = below(repo, "/deployments?per_page=100");
        self.wire
            .get_pages(Purpose::Settle, &route, |page: Vec<Deployment>| {
                found = page.iter().find_map(|deployment| {
                    let carried = board::key(deployment.payload.as_ref()?)?;
                    (carried == *key).then(|| Handle {
                        deployment: Some(DeploymentId(deployment.id)),
                        forge_time: Some(deployment.created_at.as_second()),
                        ..Handle::default()
                    })
                });
                found.is_none() && page.iter().any(|each| each.created_at >= since)
            })
            .await?;
        Ok(found)
    }

    async fn find_merge(
        &self,
        repo: &RepoPath,
        number: PullRequestNumber,
        head: &Sha,
        key: &IntentId,
    ) -> Result<Option<Handle>, Error> {
        let route = below(repo, format!("/pulls/{number}"));
        let pull: PullRequest = self.wire.get(Purpose::Settle, &route).await?.json()?;
        if !pull.merged {
            return Ok(None);
        }
        let handle = Handle {
            sha: pull
                .merge_commit_sha
                .as_deref()
                .map(|sha| Sha::from(clean(sha).to_lowercase())),
            url: pull.html_url.as_deref().map(clean),
            ..Handle::default()
        };
        if pull.head.sha.eq_ignore_ascii_case(head.as_str()) {
            return Ok(Some(handle));
        }
        // Merged at another head: ours only if the commit says so.
        let Some(sha) = &handle.sha else {
            return Ok(None);
        };
        let route = below(repo, format!("/commits/{}", part(sha.as_str())));
        let commit: CommitMessage = self.wire.get(Purpose::Settle, &route).await?.json()?;
        let trailer = format!("gonogo: {key}");
        Ok(commit.commit.message.contains(&trailer).then_some(handle))
    }

    async fn find_release(&self, repo: &RepoPath, tag: &str) -> Result<Option<Handle>, Error> {
        let route = below(repo, format!("/releases/tags/{}", part(tag)));
        let release: Release = match self.wire.get(Purpose::Settle, &route).await {
            Ok(answer) => answer.json()?,
            // Only a published release has its tag's address. That the repository is there at all
            // is asked too: a 404 also hides what we may not see.
            Err(Error::Refused(refusal)) if refusal.status == 404 => {
                self.wire.get(Purpose::Settle, &below(repo, "")).await?;
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        Ok((!release.draft).then(|| Handle {
            release: Some(ReleaseId(release.id)),
            url: release.html_url.as_deref().map(clean),
            ..Handle::default()
        }))
    }

    /// A tag carries no key: one that points where ours would is ours as far as it matters.
    async fn find_tag(
        &self,
        repo: &RepoPath,
        tag: &str,
        target: &Sha,
    ) -> Result<Option<Handle>, Error> {
        let route = below(repo, format!("/git/ref/tags/{}", part(tag)));
        let found: GitRef = match self.wire.get(Purpose::Settle, &route).await {
            Ok(answer) => answer.json()?,
            Err(Error::Refused(refusal)) if refusal.status == 404 => {
                self.wire.get(Purpose::Settle, &below(repo, "")).await?;
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let is_ours = found.object.sha.eq_ignore_ascii_case(target.as_str());
        Ok(is_ours.then(|| Handle {
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
        let mut found = None;
        let mark = mark(key);
        let route = below(
            repo,
            format!("/commits/{}/status?per_page=100", part(sha.as_str())),
        );
        self.wire
            .get_pages(Purpose::Settle, &route, |page: Statuses| {
                let ours = page.statuses.into_iter().find(|status| {
                    status.context == context
                        && status
                            .description
                            .as_deref()
                            .is_some_and(|text| text.contains(&mark))
                });
                found = ours.map(|status| Handle {
                    sha: Some(sha.clone()),
                    url: status.target_url.as_deref().map(clean),
                    ..Handle::default()
                });
                found.is_none()
            })
            .await?;
        Ok(found)
    }
}

/// Reads the dispatched runs of a workflow since `since`, by the forge's clock.
///
/// Unfiltered and newest first: a filter's index lags behind, and lags most right after a dispatch.
pub(super) async fn dispatched(
    wire: &Wire,
    purpose: Purpose,
    repo: &RepoPath,
    workflow: &str,
    key: &IntentId,
    since: Timestamp,
) -> Result<Dispatched, Error> {
    let mut seen = Dispatched::default();
    let route = below(
        repo,
        format!("/actions/workflows/{}/runs?per_page=100", part(workflow)),
    );
    wire.get_pages(purpose, &route, |page: Runs| {
        let runs = page.read();
        let mut all_older = true;
        for run in runs.iter().filter(|run| run.created_at >= since) {
            all_older = false;
            if run.event != "workflow_dispatch" {
                continue;
            }
            let title = run.display_title.as_deref().unwrap_or_default();
            if title.contains(key.as_str()) {
                seen.ours = Some(of_run(run));
            } else {
                let who = run.triggering_actor.as_ref().map(|who| who.login.clone());
                seen.others.push(who);
            }
        }
        seen.ours.is_none() && !all_older
    })
    .await?;
    Ok(seen)
}

fn of_run(run: &WireRun) -> Handle {
    Handle {
        run: Some(RunId(run.id)),
        url: run.html_url.as_deref().map(clean),
        forge_time: Some(run.created_at.as_second()),
        ..Handle::default()
    }
}
