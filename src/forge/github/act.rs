//! Acts: one request each, and what its answer means.
//!
//! Nothing here is tried again or redirected. What an unclear answer left behind is `find`'s
//! question.

use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::find::dispatched;
use super::paths::{below, part};
use super::wire::Answer;
use super::{GitHub, words};
use crate::domain::act::{Act, Handle, Outcome};
use crate::domain::fault::FaultKind;
use crate::domain::ids::{DeploymentId, IntentId, ReleaseId, RepoPath, RunId, Sha};
use crate::domain::text::{clean, shorten};
use crate::forge::error::{Error, Refusal};
use crate::forge::http::limiter::{Purpose, date};
use crate::forge::mark::{keyed, keyed_within};
use crate::forge::outcome::{refused, unanswered};

/// The longest description of a deployment or status that GitHub keeps.
const LONGEST_DESCRIPTION: usize = 140;
/// How often the run of a dispatch without an id is looked for, right after it.
const LOOKS: u32 = 3;

/// The one request of an act.
struct Call {
    method: Method,
    route: String,
    body: Option<Value>,
}

/// What GitHub made, as far as an answer to an act names it.
#[derive(Default, Deserialize)]
struct Made {
    id: Option<u64>,
    workflow_run_id: Option<u64>,
    html_url: Option<String>,
    sha: Option<String>,
    merged: Option<bool>,
    message: Option<String>,
}

impl GitHub {
    pub(super) async fn send_act(&self, repo: &RepoPath, act: &Act, key: &IntentId) -> Outcome {
        let Some(call) = call(repo, act, key, self.has_dispatch_details()) else {
            return Outcome::Rejected {
                status: 0,
                why: "not sent: GitHub has no such call".to_owned(),
                hint: None,
                denied: false,
            };
        };
        let answer = self
            .wire
            .send(&call.method, &call.route, call.body.as_ref())
            .await;
        let outcome = match answer {
            Ok(answer) if (200..300).contains(&answer.status) => {
                let forge_time = date(&answer.headers).map(Timestamp::as_second);
                match accepted(act, &answer) {
                    Outcome::Accepted(handle) => Outcome::Accepted(Handle {
                        forge_time,
                        ..handle
                    }),
                    other => other,
                }
            }
            Ok(answer) => {
                let refusal = self.wire.refusal(&answer);
                refused(&refusal, None, is_denied(&refusal))
            }
            Err(error) => unanswered(&error),
        };
        match (outcome, act) {
            (Outcome::Accepted(handle), Act::Dispatch { workflow, .. }) if handle.run.is_none() => {
                Outcome::Accepted(self.look_for_run(repo, workflow, key, handle).await)
            }
            (outcome, _) => outcome,
        }
    }

    /// Looks for the run of a dispatch that answered without its id. Not seeing it changes
    /// nothing: the dispatch was taken.
    async fn look_for_run(
        &self,
        repo: &RepoPath,
        workflow: &str,
        key: &IntentId,
        handle: Handle,
    ) -> Handle {
        let since = handle
            .forge_time
            .and_then(|second| Timestamp::from_second(second).ok())
            .unwrap_or_else(|| self.wire.limiter.forge_time((self.clock)()));
        let since = since
            .checked_sub(SignedDuration::from_secs(5))
            .unwrap_or(since);
        for look in 0..LOOKS {
            tokio::time::sleep(self.wire.limits().retry_delay(look + 1)).await;
            let seen = dispatched(&self.wire, Purpose::Look, repo, workflow, key, since).await;
            if let Ok(seen) = seen
                && let Some(found) = seen.ours
            {
                return Handle {
                    forge_time: handle.forge_time,
                    ..found
                };
            }
        }
        handle
    }
}

/// Writes an act as GitHub's call, with the key wherever it can be carried; `None` where GitHub has
/// no such call.
fn call(repo: &RepoPath, act: &Act, key: &IntentId, dispatch_details: bool) -> Option<Call> {
    let post = |route: String, body: Option<Value>| Call {
        method: Method::POST,
        route: below(repo, route),
        body,
    };
    Some(match act {
        Act::Approve {
            run,
            environments,
            comment,
        } => post(
            format!("/actions/runs/{run}/pending_deployments"),
            Some(
                json!({ "environment_ids": environments, "state": "approved", "comment": keyed(comment, key) }),
            ),
        ),
        Act::Reject {
            run,
            environments,
            comment,
        } => post(
            format!("/actions/runs/{run}/pending_deployments"),
            Some(
                json!({ "environment_ids": environments, "state": "rejected", "comment": keyed(comment, key) }),
            ),
        ),
        Act::Dispatch {
            workflow,
            git_ref,
            inputs,
        } => {
            let mut body = json!({ "ref": git_ref, "inputs": inputs });
            if dispatch_details {
                body["return_run_details"] = json!(true);
            }
            post(
                format!("/actions/workflows/{}/dispatches", part(workflow)),
                Some(body),
            )
        }
        Act::CreateDeployment {
            sha,
            environment,
            description,
        } => post(
            "/deployments".to_owned(),
            Some(json!({
                "ref": sha,
                "environment": environment,
                "description": shorten(description, LONGEST_DESCRIPTION),
                "payload": { "gonogo": key },
                // Otherwise GitHub may merge the base branch instead of making a deployment.
                "auto_merge": false,
                // The gates have judged; GitHub's own default would ask for every check again.
                "required_contexts": [],
            })),
        ),
        Act::MergePullRequest {
            number,
            head,
            method,
        } => Call {
            method: Method::PUT,
            route: below(repo, format!("/pulls/{number}/merge")),
            body: Some(json!({
                "sha": head,
                "merge_method": method.word(),
                "commit_message": format!("gonogo: {key}"),
            })),
        },
        Act::PublishRelease {
            release: Some(id),
            tag,
            target,
            prerelease,
        } => Call {
            method: Method::PATCH,
            route: below(repo, format!("/releases/{id}")),
            body: Some(json!({
                "tag_name": tag, "target_commitish": target, "draft": false, "prerelease": prerelease,
            })),
        },
        Act::PublishRelease {
            release: None,
            tag,
            target,
            prerelease,
        } => post(
            "/releases".to_owned(),
            Some(json!({
                "tag_name": tag, "target_commitish": target, "name": tag, "draft": false,
                "prerelease": prerelease, "generate_release_notes": true,
                // A comment of Markdown: carried, and not shown.
                "body": format!("<!-- gonogo: {key} -->"),
            })),
        ),
        Act::Cancel { run } => post(format!("/actions/runs/{run}/cancel"), None),
        Act::Rerun { run, failed_only } => {
            let what = if *failed_only {
                "rerun-failed-jobs"
            } else {
                "rerun"
            };
            post(format!("/actions/runs/{run}/{what}"), None)
        }
        Act::SetStatus {
            sha,
            context,
            state,
            description,
            target_url,
        } => {
            let mut body = json!({
                "state": words::status(*state),
                "context": context,
                "description": keyed_within(description, key, LONGEST_DESCRIPTION),
            });
            if let Some(url) = target_url {
                body["target_url"] = json!(url);
            }
            post(format!("/statuses/{}", part(sha.as_str())), Some(body))
        }
        Act::CreateTag { tag, target } => post(
            "/git/refs".to_owned(),
            Some(json!({ "ref": format!("refs/tags/{tag}"), "sha": target })),
        ),
        Act::AddLabel { number, label } => post(
            format!("/issues/{number}/labels"),
            Some(json!({ "labels": [label] })),
        ),
        Act::RemoveLabel { number, label } => Call {
            method: Method::DELETE,
            route: below(repo, format!("/issues/{number}/labels/{}", part(label))),
            body: None,
        },
        Act::ApproveDeployment { .. }
        | Act::RejectDeployment { .. }
        | Act::PlayJob { .. }
        | Act::RetryJob { .. }
        | Act::CancelJob { .. }
        | Act::RunPipeline { .. }
        | Act::Freeze { .. }
        | Act::Unfreeze { .. }
        | Act::ByHand => return None,
    })
}

/// Says whether it is the token that may not: by its permissions, or by what its user may do there. A
/// run that cannot be started again now is refused with 403 as well, and so is an archived repository.
fn is_denied(refusal: &Refusal) -> bool {
    match refusal.kind {
        FaultKind::SingleSignOn => true,
        FaultKind::Forbidden => ["Resource not accessible by", "Must have "]
            .iter()
            .any(|begin| refusal.why.starts_with(begin)),
        _ => false,
    }
}

/// Reads a success: what it made, or that it is no success after all.
fn accepted(act: &Act, answer: &Answer) -> Outcome {
    let made = match made(act, answer) {
        Ok(made) => made,
        Err(error) => return unanswered(&error),
    };
    let url = made.html_url.as_deref().map(clean);
    let handle = match act {
        Act::Approve { run, .. } | Act::Reject { run, .. } => Handle {
            run: Some(*run),
            deployment: made.id.map(DeploymentId),
            ..Handle::default()
        },
        Act::Cancel { run } | Act::Rerun { run, .. } => Handle {
            run: Some(*run),
            ..Handle::default()
        },
        Act::Dispatch { .. } => Handle {
            run: made.workflow_run_id.map(RunId),
            url,
            ..Handle::default()
        },
        Act::CreateDeployment { .. } => match (answer.status, made.id) {
            (202, _) => {
                return Outcome::Rejected {
                    status: 202,
                    why: clean(
                        made.message
                            .as_deref()
                            .unwrap_or("merged the base branch and made no deployment"),
                    ),
                    hint: None,
                    denied: false,
                };
            }
            (_, Some(id)) => Handle {
                deployment: Some(DeploymentId(id)),
                ..Handle::default()
            },
            (_, None) => return nameless(),
        },
        Act::MergePullRequest { .. } => match (made.merged, made.sha) {
            (Some(true), Some(sha)) => Handle {
                sha: Some(Sha::from(clean(&sha).to_lowercase())),
                ..Handle::default()
            },
            _ => return nameless(),
        },
        Act::PublishRelease { .. } => match made.id {
            Some(id) => Handle {
                release: Some(ReleaseId(id)),
                url,
                ..Handle::default()
            },
            None => return nameless(),
        },
        Act::CreateTag { target, .. } => Handle {
            sha: Some(target.clone()),
            ..Handle::default()
        },
        // The labels that are there now; which, is read back.
        Act::AddLabel { .. } | Act::RemoveLabel { .. } => Handle::default(),
        // None of these is sent.
        Act::ApproveDeployment { .. }
        | Act::RejectDeployment { .. }
        | Act::PlayJob { .. }
        | Act::RetryJob { .. }
        | Act::CancelJob { .. }
        | Act::RunPipeline { .. }
        | Act::Freeze { .. }
        | Act::Unfreeze { .. }
        | Act::ByHand => return nameless(),
        Act::SetStatus { sha, .. } => match made.id {
            Some(_) => Handle {
                sha: Some(sha.clone()),
                ..Handle::default()
            },
            None => return nameless(),
        },
    };
    Outcome::Accepted(handle)
}

/// Reads what a success says it made. Where GitHub documents an empty body, an empty one will do.
fn made(act: &Act, answer: &Answer) -> Result<Made, Error> {
    let may_be_empty = match act {
        Act::Cancel { .. } | Act::Rerun { .. } => true,
        Act::Dispatch { .. } => answer.status == 204,
        Act::Approve { .. }
        | Act::Reject { .. }
        | Act::CreateDeployment { .. }
        | Act::MergePullRequest { .. }
        | Act::PublishRelease { .. }
        | Act::ApproveDeployment { .. }
        | Act::RejectDeployment { .. }
        | Act::PlayJob { .. }
        | Act::RetryJob { .. }
        | Act::CancelJob { .. }
        | Act::RunPipeline { .. }
        | Act::CreateTag { .. }
        | Act::ByHand
        | Act::Freeze { .. }
        | Act::Unfreeze { .. }
        | Act::AddLabel { .. }
        | Act::RemoveLabel { .. }
        | Act::SetStatus { .. } => false,
    };
    if may_be_empty && answer.body.trim_ascii().is_empty() {
        return Ok(Made::default());
    }
    match act {
        Act::Approve { .. }
        | Act::Reject { .. }
        | Act::AddLabel { .. }
        | Act::RemoveLabel { .. } => {
            let made: Vec<Made> = answer.json()?;
            Ok(made.into_iter().next().unwrap_or_default())
        }
        _ => answer.json(),
    }
}

fn nameless() -> Outcome {
    Outcome::NoAnswer {
        why: "the forge answered with success and did not name what it made".to_owned(),
    }
}

#[cfg(test)]
mod tests;
