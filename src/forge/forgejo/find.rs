//! Finding what an act made, by reading alone.
//!
//! A list is read to where it is older than the act, or not believed: `None` means that it is not
//! there, never that we stopped looking.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::Forgejo;
use super::act::carries;
use super::lists::{below, is_missing};
use super::pulls::WirePull;
use super::runs::WireRun;
use crate::domain::act::{Act, Handle};
use crate::domain::fault::FaultKind;
use crate::domain::ids::{IntentId, PullRequestNumber, ReleaseId, RepoPath, RunId, Sha};
use crate::domain::text::clean;
use crate::forge::error::{Error, Refusal};
use crate::forge::http::limiter::Purpose;
use crate::forge::http::path::part;
use crate::forge::mark::mark;

/// How much older than the act something may look and still be its work: clocks differ.
const SLACK: SignedDuration = SignedDuration::from_mins(2);

/// The event of a run that somebody dispatched.
const DISPATCH: &str = "workflow_dispatch";

/// The runs that a workflow was dispatched into since an instant.
#[derive(Debug, Default)]
pub(super) struct Dispatched {
    /// The one that shows our key.
    pub(super) ours: Option<Handle>,
    /// How many others there are that may be ours.
    others: usize,
}

#[derive(Deserialize)]
struct CommitMessage {
    commit: Message,
}

#[derive(Deserialize)]
struct Message {
    message: Option<String>,
}

#[derive(Deserialize)]
struct Release {
    id: u64,
    #[serde(default)]
    draft: bool,
    html_url: Option<String>,
}

impl Forgejo {
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
            Act::Dispatch { workflow, .. } => self.find_dispatch(repo, workflow, key, since).await,
            Act::MergePullRequest { number, head, .. } => {
                self.find_merge(repo, *number, head, key).await
            }
            Act::PublishRelease { tag, .. } => self.find_release(repo, tag).await,
            Act::CreateTag { tag, target } => self.find_tag(repo, tag, target).await,
            Act::Cancel { run } => {
                let read = self.run(Purpose::Settle, repo, *run).await?;
                let over = !read.phase().is_in_flight();
                Ok(over.then(|| of_run(&read)))
            }
            Act::Rerun { run, .. } => {
                let read = self.run(Purpose::Settle, repo, *run).await?;
                Ok(is_again(&read, since).then(|| of_run(&read)))
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
            // None of these was ever sent.
            Act::Freeze { .. }
            | Act::Unfreeze { .. }
            | Act::Approve { .. }
            | Act::Reject { .. }
            | Act::ApproveDeployment { .. }
            | Act::RejectDeployment { .. }
            | Act::CreateDeployment { .. }
            | Act::PlayJob { .. }
            | Act::RetryJob { .. }
            | Act::CancelJob { .. }
            | Act::RunPipeline { .. }
            | Act::ByHand => Ok(None),
        }
    }

    /// A run that shows no key may be ours all the same, so it is not said to be absent.
    async fn find_dispatch(
        &self,
        repo: &RepoPath,
        workflow: &str,
        key: &IntentId,
        since: Timestamp,
    ) -> Result<Option<Handle>, Error> {
        let seen = self
            .dispatched(Purpose::Settle, repo, workflow, key, since)
            .await?;
        if seen.ours.is_some() || seen.others == 0 {
            return Ok(seen.ours);
        }
        Err(Error::Refused(Box::new(Refusal {
            status: 200,
            kind: FaultKind::Unreadable,
            why: format!(
                "{} run(s) of {} started since then, and none shows our key",
                seen.others,
                clean(workflow)
            ),
            hint: Some(
                "give the workflow an input that takes `{key}`, and show it in its `run-name`"
                    .to_owned(),
            ),
            request: None,
            retry_at: None,
            says_why: true,
        })))
    }

    /// Reads the dispatched runs of a workflow since `since`, by the forge's clock; unfiltered and
    /// newest first.
    pub(super) async fn dispatched(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        workflow: &str,
        key: &IntentId,
        since: Timestamp,
    ) -> Result<Dispatched, Error> {
        let features = self.features().await?;
        if !features.runs {
            return self
                .dispatched_tasks(purpose, repo, workflow, key, since)
                .await;
        }
        let me = self.memory.login();
        let mut seen = Dispatched::default();
        for number in 1..=self.rest.limits().pages {
            let page = self.run_page(purpose, repo, number).await?;
            let count = page.len();
            let recent = |run: &&WireRun| run.created().is_none_or(|at| at >= since);
            let recent: Vec<&WireRun> = page.iter().filter(recent).collect();
            for run in &recent {
                let of_workflow = run.workflow().is_none_or(|file| file == workflow);
                if run.event() != DISPATCH || !of_workflow {
                    continue;
                }
                let says = |text: &Option<String>| {
                    text.as_deref()
                        .is_some_and(|text| text.contains(key.as_str()))
                };
                if says(&run.title) || says(&run.event_payload) {
                    seen.ours = Some(of_run(run));
                    return Ok(seen);
                }
                let somebody_else = run
                    .actor()
                    .zip(me.clone())
                    .is_some_and(|(who, me)| who != me);
                seen.others += usize::from(!somebody_else);
            }
            if recent.is_empty() || count < features.page_size {
                return Ok(seen);
            }
        }
        Err(Error::Pages(self.rest.limits().pages))
    }

    /// As `dispatched`, where only tasks are shown: nobody knows who started them.
    async fn dispatched_tasks(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        workflow: &str,
        key: &IntentId,
        since: Timestamp,
    ) -> Result<Dispatched, Error> {
        let mut seen = Dispatched::default();
        for number in 1..=self.rest.limits().pages {
            let page = self.runs(purpose, repo, "", number).await?;
            let page = page.unwrap_or_default();
            let all_older = page.iter().all(|run| run.created_at < since);
            let recent = page.into_iter().filter(|run| run.created_at >= since);
            for run in recent {
                let of_workflow = run.workflow.as_deref().is_none_or(|file| file == workflow);
                if run.event != DISPATCH || !of_workflow {
                    continue;
                }
                if run
                    .title
                    .as_deref()
                    .is_some_and(|it| it.contains(key.as_str()))
                {
                    seen.ours = Some(Handle {
                        run: Some(run.id),
                        forge_time: Some(run.created_at.as_second()),
                        ..Handle::default()
                    });
                    return Ok(seen);
                }
                seen.others += 1;
            }
            if all_older {
                return Ok(seen);
            }
        }
        Err(Error::Pages(self.rest.limits().pages))
    }

    async fn find_merge(
        &self,
        repo: &RepoPath,
        number: PullRequestNumber,
        head: &Sha,
        key: &IntentId,
    ) -> Result<Option<Handle>, Error> {
        let route = below(repo, format!("/pulls/{number}"));
        let pull: WirePull = self.rest.get(Purpose::Settle, &route).await?.json()?;
        if !pull.merged {
            return Ok(None);
        }
        let handle = Handle {
            sha: pull.merge_commit(),
            url: Some(pull.url()),
            ..Handle::default()
        };
        if pull.head_sha().as_ref() == Some(head) {
            return Ok(Some(handle));
        }
        // Merged at another head: ours only if the commit says so.
        let Some(sha) = &handle.sha else {
            return Ok(None);
        };
        let route = format!("/git/commits/{}?stat=false&files=false", part(sha.as_str()));
        let commit = self.rest.get(Purpose::Settle, &below(repo, route)).await?;
        let message = commit.json::<CommitMessage>()?.commit.message;
        let ours = message.is_some_and(|message| carries(&message, key));
        Ok(ours.then_some(handle))
    }

    async fn find_release(&self, repo: &RepoPath, tag: &str) -> Result<Option<Handle>, Error> {
        let route = below(repo, format!("/releases/tags/{}", part(tag)));
        let release: Release = match self.rest.get(Purpose::Settle, &route).await {
            Ok(answer) => answer.json()?,
            // That the repository is there at all is asked too: a 404 also hides what we may not see.
            Err(error) if is_missing(&error) => {
                self.rest.get(Purpose::Settle, &below(repo, "")).await?;
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

    async fn find_tag(
        &self,
        repo: &RepoPath,
        tag: &str,
        target: &Sha,
    ) -> Result<Option<Handle>, Error> {
        let found = self.tag(Purpose::Settle, repo, tag).await?;
        if found.is_none() {
            self.rest.get(Purpose::Settle, &below(repo, "")).await?;
        }
        Ok(found.filter(|sha| sha == target).map(|sha| Handle {
            sha: Some(sha),
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
        let found = self
            .find_among(repo, sha, |status| {
                let said = status.description.as_deref();
                status.context == context && said.is_some_and(|text| text.contains(&mark))
            })
            .await?;
        Ok(found.map(|status| Handle {
            sha: Some(sha.clone()),
            url: status.url,
            ..Handle::default()
        }))
    }
}

/// Says whether a run has begun again since: by its attempts where they are counted, else by when it
/// started, or by what has moved in it while it is on its way.
fn is_again(run: &WireRun, since: Timestamp) -> bool {
    let started = run.started().is_some_and(|at| at >= since);
    let moved = run.updated().is_some_and(|at| at >= since);
    match run.run_attempt {
        Some(attempt) if attempt > 1 => started || moved,
        Some(1) => false,
        Some(_) | None => started || (moved && run.phase().is_in_flight()),
    }
}

fn of_run(run: &WireRun) -> Handle {
    Handle {
        run: Some(RunId(run.id)),
        url: run.html_url.as_deref().map(clean),
        forge_time: run.created().map(Timestamp::as_second),
        ..Handle::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_run_began_again_if_it_started_or_moves_since() {
        let since = "2026-11-01T12:00:00Z".parse().unwrap();
        let again = |wire: Value| is_again(&serde_json::from_value(wire).unwrap(), since);
        let (before, after) = ("2026-11-01T11:00:00Z", "2026-11-01T12:00:01Z");
        for (wire, expected) in [
            (
                json!({"id": 1, "status": "success", "started": before, "updated": before}),
                false,
            ),
            (
                json!({"id": 1, "status": "success", "started": after, "updated": after}),
                true,
            ),
            (
                json!({"id": 1, "status": "waiting", "started": before, "updated": after}),
                true,
            ),
            // It may have ended by itself just now.
            (
                json!({"id": 1, "status": "failure", "started": before, "updated": after}),
                false,
            ),
            (
                json!({"id": 1, "status": "completed", "run_attempt": 2, "run_started_at": after}),
                true,
            ),
            (
                json!({"id": 1, "status": "queued", "run_attempt": 1, "run_started_at": after}),
                false,
            ),
        ] {
            assert_eq!(again(wire.clone()), expected, "{wire}");
        }
    }
}
