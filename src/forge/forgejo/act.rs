//! Acts: one request each, and what its answer means.
//!
//! Nothing here is tried again or redirected. What an unclear answer left behind is `find`'s
//! question.

use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::features::Features;
use super::lists::below;
use super::marks::unread;
use super::pulls::WirePull;
use super::{Forgejo, words};
use crate::domain::act::{Act, Handle, Outcome};
use crate::domain::fault::FaultKind;
use crate::domain::ids::{IntentId, PullRequestNumber, ReleaseId, RepoPath, RunId};
use crate::domain::text::clean;
use crate::forge::error::{Error, Refusal};
use crate::forge::http::limiter::{Purpose, date};
use crate::forge::http::path::part;
use crate::forge::http::rest::Answer;
use crate::forge::mark::keyed_within;
use crate::forge::outcome::{refused, unanswered};

/// The longest description of a status that we write.
const LONGEST_DESCRIPTION: usize = 140;
/// How often the run of a dispatch without an id is looked for, right after it.
const LOOKS: u32 = 3;

/// The one request of an act.
struct Call {
    method: Method,
    route: String,
    body: Option<Value>,
}

/// What the forge made, as far as an answer to an act names it.
#[derive(Default, Deserialize)]
struct Made {
    id: Option<u64>,
    run_number: Option<u64>,
    workflow_run_id: Option<u64>,
    html_url: Option<String>,
}

impl Forgejo {
    pub(super) async fn send_act(&self, repo: &RepoPath, act: &Act, key: &IntentId) -> Outcome {
        // Asked before the act: afterwards, nothing but its answer counts.
        let features = match self.features().await {
            Ok(features) => features,
            Err(error) => return unsent(&format!("what the forge can do is not known: {error}")),
        };
        let label = match act {
            Act::AddLabel { label, .. } => self.label_to_add(repo, label, key).await,
            Act::RemoveLabel { label, .. } => self.label_id(repo, label).await.map_err(unread),
            _ => Ok(None),
        };
        let label = match label {
            Ok(label) => label,
            Err(why) => return unsent(&why),
        };
        let call = match call(repo, act, key, &features, label) {
            Ok(call) => call,
            Err(why) => return unsent(&why),
        };
        let answer = self
            .rest
            .send(&call.method, &call.route, call.body.as_ref())
            .await;
        self.memory.touched(repo);
        let outcome = match answer {
            Ok(answer) if (200..300).contains(&answer.status) => {
                let forge_time = date(&answer.headers).map(Timestamp::as_second);
                match accepted(act, &answer, &features) {
                    Outcome::Accepted(handle) => Outcome::Accepted(Handle {
                        forge_time,
                        ..handle
                    }),
                    other => other,
                }
            }
            Ok(answer) => {
                let refusal = self.rest.refusal(&answer);
                refused(&refusal, hint(&refusal), is_denied(&refusal))
            }
            Err(error) => unanswered(&error),
        };
        match (outcome, act) {
            (Outcome::Accepted(handle), Act::Dispatch { workflow, .. }) if handle.run.is_none() => {
                Outcome::Accepted(self.look_for_run(repo, workflow, key, handle).await)
            }
            (Outcome::Accepted(handle), Act::MergePullRequest { number, .. }) => {
                Outcome::Accepted(self.look_for_commit(repo, *number, handle).await)
            }
            (outcome, _) => outcome,
        }
    }

    /// Looks for the run of a dispatch that answered without its id. Not seeing it changes nothing:
    /// the dispatch was taken.
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
            .unwrap_or_else(|| self.forge_time());
        let since = since
            .checked_sub(SignedDuration::from_secs(5))
            .unwrap_or(since);
        for look in 0..LOOKS {
            tokio::time::sleep(self.rest.limits().retry_delay(look + 1)).await;
            let seen = self
                .dispatched(Purpose::Look, repo, workflow, key, since)
                .await;
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

    /// Looks for the commit of a merge, whose answer is empty. Not seeing it changes nothing.
    async fn look_for_commit(
        &self,
        repo: &RepoPath,
        number: PullRequestNumber,
        handle: Handle,
    ) -> Handle {
        let route = below(repo, format!("/pulls/{number}"));
        let read = self.rest.get(Purpose::Look, &route).await;
        let pull = read.and_then(|answer| answer.json::<WirePull>());
        match pull {
            Ok(pull) if pull.merged => Handle {
                sha: pull.merge_commit(),
                url: Some(pull.url()),
                ..handle
            },
            Ok(_) | Err(_) => handle,
        }
    }
}

/// Writes an act as the forge's call, with the key wherever it can be carried; or says why this
/// forge has no such call.
///
/// A label goes by its number.
fn call(
    repo: &RepoPath,
    act: &Act,
    key: &IntentId,
    features: &Features,
    label_id: Option<u64>,
) -> Result<Call, String> {
    let post = |route: String, body: Option<Value>| Call {
        method: Method::POST,
        route: below(repo, route),
        body,
    };
    let lacks = |what: &str| format!("{} cannot {what}", features.version);
    let needs = |has: bool, what: &str| if has { Ok(()) } else { Err(lacks(what)) };
    Ok(match act {
        Act::Dispatch {
            workflow,
            git_ref,
            inputs,
        } => {
            needs(features.dispatch, "start a workflow through its API")?;
            let mut route = format!("/actions/workflows/{}/dispatches", part(workflow));
            let mut body = json!({ "ref": git_ref, "inputs": inputs });
            if features.dispatch_details {
                match features.version.brand {
                    super::version::Brand::Forgejo => body["return_run_info"] = json!(true),
                    super::version::Brand::Gitea => route.push_str("?return_run_details=true"),
                }
            }
            post(route, Some(body))
        }
        Act::MergePullRequest {
            number,
            head,
            method,
        } => post(
            format!("/pulls/{number}/merge"),
            Some(json!({
                "Do": words::merge(*method),
                "head_commit_id": head,
                "MergeMessageField": format!("gonogo: {key}"),
            })),
        ),
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
                "prerelease": prerelease,
                // A comment of Markdown: carried, and not shown.
                "body": format!("<!-- gonogo: {key} -->"),
            })),
        ),
        Act::CreateTag { tag, target } => post(
            "/tags".to_owned(),
            Some(json!({ "tag_name": tag, "target": target, "message": format!("gonogo: {key}") })),
        ),
        Act::Cancel { run } => {
            needs(features.cancel, "cancel a run through its API")?;
            post(format!("/actions/runs/{run}/cancel"), None)
        }
        Act::Rerun {
            run,
            failed_only: false,
        } => {
            needs(features.rerun, "run a run again through its API")?;
            post(format!("/actions/runs/{run}/rerun"), None)
        }
        Act::Rerun {
            run,
            failed_only: true,
        } => {
            needs(features.rerun_failed, "run only what failed again")?;
            post(format!("/actions/runs/{run}/rerun-failed-jobs"), None)
        }
        Act::SetStatus {
            sha,
            context,
            state,
            description,
            target_url,
        } => {
            let mut body = json!({
                "state": state.word(),
                "context": context,
                "description": keyed_within(description, key, LONGEST_DESCRIPTION),
            });
            if let Some(url) = target_url {
                body["target_url"] = json!(url);
            }
            post(format!("/statuses/{}", part(sha.as_str())), Some(body))
        }
        Act::AddLabel { number, label } => {
            let id = label_id.ok_or_else(|| no_label(label))?;
            post(
                format!("/issues/{number}/labels"),
                Some(json!({ "labels": [id] })),
            )
        }
        Act::RemoveLabel { number, label } => {
            let id = label_id.ok_or_else(|| no_label(label))?;
            Call {
                method: Method::DELETE,
                route: below(repo, format!("/issues/{number}/labels/{id}")),
                body: None,
            }
        }
        Act::Freeze { .. } | Act::Unfreeze { .. } => return Err(lacks("freeze a repository")),
        Act::Approve { .. } | Act::Reject { .. } => return Err(lacks("approve or reject a run")),
        Act::ApproveDeployment { .. }
        | Act::RejectDeployment { .. }
        | Act::CreateDeployment { .. } => {
            return Err(lacks("keep deployments"));
        }
        Act::PlayJob { .. } | Act::RetryJob { .. } => return Err(lacks("start a single job")),
        Act::CancelJob { .. } => return Err(lacks("stop a single job")),
        Act::ByHand => return Err(lacks("do what people do by hand")),
        Act::RunPipeline { .. } => return Err(lacks("start a pipeline without a workflow")),
    })
}

/// Here a label has to be made before it can be put on anything.
pub(super) fn no_label(label: &str) -> String {
    format!("the repository has no label {label}: make it once, under Labels")
}

/// Reads a success: what it made, or that it is no success after all.
fn accepted(act: &Act, answer: &Answer, features: &Features) -> Outcome {
    if let (Act::MergePullRequest { .. }, 201 | 202) = (act, answer.status) {
        return Outcome::NoAnswer {
            why: "the forge will merge later, when the checks have succeeded".to_owned(),
        };
    }
    let made = match made(act, answer) {
        Ok(made) => made,
        Err(error) => return unanswered(&error),
    };
    let url = made.html_url.as_deref().map(clean);
    let handle = match act {
        Act::Cancel { run } | Act::Rerun { run, .. } => Handle {
            run: Some(*run),
            ..Handle::default()
        },
        Act::Dispatch { .. } => {
            // Without a list of runs, they go by their numbers.
            let id = if features.runs {
                made.id
            } else {
                made.run_number
            };
            Handle {
                run: made.workflow_run_id.or(id).map(RunId),
                url,
                ..Handle::default()
            }
        }
        // Of a label, what is there now is read back.
        Act::MergePullRequest { .. } | Act::AddLabel { .. } | Act::RemoveLabel { .. } => {
            Handle::default()
        }
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
        Act::SetStatus { sha, .. } => match made.id {
            Some(_) => Handle {
                sha: Some(sha.clone()),
                ..Handle::default()
            },
            None => return nameless(),
        },
        // None of these is sent.
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
        | Act::ByHand => return nameless(),
    };
    Outcome::Accepted(handle)
}

/// Reads what a success says it made. Where an empty body is documented, an empty one will do.
fn made(act: &Act, answer: &Answer) -> Result<Made, Error> {
    let may_be_empty = match act {
        Act::Cancel { .. }
        | Act::Rerun { .. }
        | Act::MergePullRequest { .. }
        | Act::RemoveLabel { .. } => true,
        Act::Dispatch { .. } => answer.status == 204,
        Act::PublishRelease { .. }
        | Act::CreateTag { .. }
        | Act::SetStatus { .. }
        | Act::Approve { .. }
        | Act::Reject { .. }
        | Act::ApproveDeployment { .. }
        | Act::RejectDeployment { .. }
        | Act::CreateDeployment { .. }
        | Act::PlayJob { .. }
        | Act::RetryJob { .. }
        | Act::CancelJob { .. }
        | Act::RunPipeline { .. }
        | Act::AddLabel { .. }
        | Act::Freeze { .. }
        | Act::Unfreeze { .. }
        | Act::ByHand => false,
    };
    let body = answer.body.trim_ascii();
    if may_be_empty && body.is_empty() {
        return Ok(Made::default());
    }
    if let Act::AddLabel { .. } = act {
        return answer.json::<Vec<Made>>().map(|_| Made::default());
    }
    if let Act::CreateTag { .. } = act {
        // A tag's id is a text; that it is an object with a name is enough.
        #[derive(Deserialize)]
        struct Tag {
            #[serde(rename = "name")]
            _name: String,
        }
        return answer.json::<Tag>().map(|_| Made::default());
    }
    answer.json()
}

fn nameless() -> Outcome {
    Outcome::NoAnswer {
        why: "the forge answered with success and did not name what it made".to_owned(),
    }
}

fn unsent(why: &str) -> Outcome {
    Outcome::Rejected {
        status: 0,
        why: format!("not sent: {}", clean(why)),
        hint: None,
        denied: false,
    }
}

/// Says whether it is the token that may not: by its scopes, or by what its user may do there. A branch
/// or tag that is protected is refused with 403 as well.
fn is_denied(refusal: &Refusal) -> bool {
    let said = refusal.why.to_lowercase();
    refusal.kind == FaultKind::Forbidden
        && refusal.says_why
        && ["scope", "permission", "must be", "should be"]
            .iter()
            .any(|word| said.contains(word))
}

/// What to do about a refusal, where the forge's words say too little.
fn hint(refusal: &Refusal) -> Option<&'static str> {
    let said = refusal.why.to_lowercase();
    match refusal.status {
        405 if said.contains("try again later") => {
            Some("the forge is still looking whether it can be merged: order it again in a moment")
        }
        409 if said.contains("head out of date") => {
            Some("something was pushed since: look at it, and order it again")
        }
        423 => Some("the repository is archived: take it out of the archive first"),
        413 => Some("a quota of the repository or its owner is used up"),
        _ => None,
    }
}

/// Says whether a merge's own commit carries the key.
pub(super) fn carries(message: &str, key: &IntentId) -> bool {
    message.contains(&format!("gonogo: {key}"))
}
