//! Acts: one request each, and what its answer means; approving a deployment is two, since GitLab
//! starts nothing by itself.
//!
//! Nothing here is tried again or redirected. What an unclear answer left behind is `find`'s
//! question.

use http::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{GitLab, words};
use crate::domain::act::{Act, Handle, MergeMethod, Outcome};
use crate::domain::fault::FaultKind;
use crate::domain::ids::{DeploymentId, FreezeId, IntentId, JobId, RepoPath, RunId, Sha};
use crate::domain::text::clean;
use crate::forge::error::Refusal;
use crate::forge::http::limiter::date;
use crate::forge::http::path::part;
use crate::forge::http::rest::Answer;
use crate::forge::mark::{keyed, keyed_within};
use crate::forge::outcome::{refused, unanswered};

/// The longest description of a status that GitLab keeps.
const LONGEST_DESCRIPTION: usize = 255;

/// The variable of a pipeline that carries our key.
pub(super) const KEY_VARIABLE: &str = "GONOGO_KEY";

/// One request.
struct Call {
    method: Method,
    /// Below the project.
    route: String,
    body: Option<Value>,
}

/// What GitLab made, as far as an answer to an act names it.
#[derive(Default, Deserialize)]
struct Made {
    id: Option<u64>,
    iid: Option<u64>,
    web_url: Option<String>,
    sha: Option<String>,
    state: Option<String>,
    merge_commit_sha: Option<String>,
    squash_commit_sha: Option<String>,
    tag_name: Option<String>,
    name: Option<String>,
    status: Option<Value>,
}

impl GitLab {
    pub(super) async fn send_act(&self, repo: &RepoPath, act: &Act, key: &IntentId) -> Outcome {
        let Some(first) = call(act, key) else {
            return Outcome::Rejected {
                status: 0,
                why: "not sent: GitLab has no such call".to_owned(),
                hint: None,
                denied: false,
            };
        };
        let outcome = self.send_call(repo, act, &first).await;
        match (outcome, act) {
            (Outcome::Accepted(handle), Act::ApproveDeployment { run, job, .. }) => {
                self.play_approved(repo, *run, *job, handle).await
            }
            (outcome, _) => outcome,
        }
    }

    /// Sends one request and judges its answer.
    async fn send_call(&self, repo: &RepoPath, act: &Act, call: &Call) -> Outcome {
        let route = self.below(repo, &call.route);
        match self
            .rest
            .send(&call.method, &route, call.body.as_ref())
            .await
        {
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
                let refusal = self.rest.refusal(&answer);
                refused(&refusal, hint(act, &refusal), is_denied(act, &refusal))
            }
            Err(error) => unanswered(&error),
        }
    }

    /// Starts the job of a deployment that was just approved, once.
    async fn play_approved(
        &self,
        repo: &RepoPath,
        run: RunId,
        job: JobId,
        approved: Handle,
    ) -> Outcome {
        let play = Act::PlayJob {
            run,
            job,
            name: String::new(),
        };
        match self.send_call(repo, &play, &play_call(job)).await {
            Outcome::Accepted(started) => Outcome::Accepted(Handle {
                deployment: approved.deployment,
                ..started
            }),
            // Nothing was started: the approval stands, and the deployment waits.
            Outcome::Rejected { status, why, .. } => Outcome::Rejected {
                status,
                denied: false,
                why: format!("the deployment is approved, but its job was not started: {why}"),
                hint: Some(
                    "another approval may be missing: when it is there, promote again".to_owned(),
                ),
            },
            Outcome::NoAnswer { why } => Outcome::NoAnswer {
                why: format!("the deployment is approved; whether its job was started: {why}"),
            },
        }
    }
}

fn play_call(job: JobId) -> Call {
    Call {
        method: Method::POST,
        route: format!("/jobs/{job}/play"),
        body: None,
    }
}

/// Writes an act as GitLab's first call, with the key wherever it can be carried; `None` where
/// GitLab has no such call.
fn call(act: &Act, key: &IntentId) -> Option<Call> {
    let post = |route: String, body: Option<Value>| Call {
        method: Method::POST,
        route,
        body,
    };
    Some(match act {
        Act::ApproveDeployment {
            deployment,
            comment,
            ..
        } => post(
            format!("/deployments/{deployment}/approval"),
            Some(json!({ "status": "approved", "comment": keyed(comment, key) })),
        ),
        Act::RejectDeployment {
            deployment,
            comment,
            ..
        } => post(
            format!("/deployments/{deployment}/approval"),
            Some(json!({ "status": "rejected", "comment": keyed(comment, key) })),
        ),
        Act::PlayJob { job, .. } => play_call(*job),
        Act::RetryJob { job, .. } => post(format!("/jobs/{job}/retry"), None),
        Act::CancelJob { job, .. } => post(format!("/jobs/{job}/cancel"), None),
        Act::RunPipeline { git_ref, variables } => {
            let mut given: Vec<Value> = variables
                .iter()
                .map(|(name, value)| json!({ "key": name, "value": value }))
                .collect();
            // Some projects forbid variables: a pipeline that wants none is not refused for ours.
            if !given.is_empty() {
                given.push(json!({ "key": KEY_VARIABLE, "value": key }));
            }
            post(
                "/pipeline".to_owned(),
                Some(json!({ "ref": git_ref, "variables": given })),
            )
        }
        Act::CreateTag { tag, target } => post(
            "/repository/tags".to_owned(),
            Some(json!({ "tag_name": tag, "ref": target })),
        ),
        Act::CreateDeployment {
            sha, environment, ..
        } => post(
            "/deployments".to_owned(),
            Some(json!({
                "environment": environment, "sha": sha, "ref": sha, "tag": false,
                "status": "running",
            })),
        ),
        Act::MergePullRequest {
            number,
            head,
            method,
        } => {
            let squash = *method == MergeMethod::Squash;
            let mut body = json!({ "sha": head, "squash": squash });
            let message = if squash {
                "squash_commit_message"
            } else {
                "merge_commit_message"
            };
            body[message] = json!(format!("gonogo: {key}"));
            Call {
                method: Method::PUT,
                route: format!("/merge_requests/{number}/merge"),
                body: Some(body),
            }
        }
        // A release of GitLab's is never a draft.
        Act::PublishRelease {
            release: Some(_), ..
        } => return None,
        Act::PublishRelease { tag, target, .. } => post(
            "/releases".to_owned(),
            Some(json!({
                "tag_name": tag, "ref": target, "name": tag,
                // A comment of Markdown: carried, and not shown.
                "description": format!("<!-- gonogo: {key} -->"),
            })),
        ),
        Act::Cancel { run } => post(format!("/pipelines/{run}/cancel"), None),
        Act::Rerun { run, failed_only } => {
            if !failed_only {
                // A pipeline is not run again whole; only what failed in it is.
                return None;
            }
            post(format!("/pipelines/{run}/retry"), None)
        }
        Act::SetStatus {
            sha,
            context,
            state,
            description,
            target_url,
        } => {
            let mut body = json!({
                "state": words::set_status(*state),
                "name": context,
                "description": keyed_within(description, key, LONGEST_DESCRIPTION),
            });
            if let Some(url) = target_url {
                body["target_url"] = json!(url);
            }
            post(format!("/statuses/{}", part(sha.as_str())), Some(body))
        }
        Act::AddLabel { number, label } => Call {
            method: Method::PUT,
            route: format!("/merge_requests/{number}"),
            body: Some(json!({ "add_labels": label })),
        },
        Act::RemoveLabel { number, label } => Call {
            method: Method::PUT,
            route: format!("/merge_requests/{number}"),
            body: Some(json!({ "remove_labels": label })),
        },
        Act::Freeze { start, end } => post(
            "/freeze_periods".to_owned(),
            Some(json!({ "freeze_start": start, "freeze_end": end, "cron_timezone": "UTC" })),
        ),
        Act::Unfreeze { freeze, .. } => Call {
            method: Method::DELETE,
            route: format!("/freeze_periods/{freeze}"),
            body: None,
        },
        Act::Approve { .. } | Act::Reject { .. } | Act::Dispatch { .. } | Act::ByHand => {
            return None;
        }
    })
}

/// Reads a success: what it made, or that it is no success after all.
fn accepted(act: &Act, answer: &Answer) -> Outcome {
    // Of what is gone, nothing is told.
    if let (Act::Unfreeze { freeze, .. }, 204) = (act, answer.status) {
        return Outcome::Accepted(Handle {
            freeze: Some(*freeze),
            ..Handle::default()
        });
    }
    let made: Made = match answer.json() {
        Ok(made) => made,
        Err(error) => return unanswered(&error),
    };
    let sha = |text: &str| Sha::from(clean(text).to_lowercase());
    let url = made.web_url.as_deref().map(clean);
    let of_run = |run: RunId, url: Option<String>| Handle {
        run: Some(run),
        url,
        ..Handle::default()
    };
    let handle = match act {
        // The answer is the approval, without a number of its own.
        Act::ApproveDeployment {
            run, deployment, ..
        }
        | Act::RejectDeployment {
            run, deployment, ..
        } if made.status.is_some() => Handle {
            run: Some(*run),
            deployment: Some(*deployment),
            ..Handle::default()
        },
        Act::PlayJob { run, .. }
        | Act::CancelJob { run, .. }
        | Act::Cancel { run }
        | Act::Rerun { run, .. }
            if made.id.is_some() =>
        {
            of_run(*run, url)
        }
        // A job that is run again is another one, under a number of its own.
        Act::RetryJob { run, job, .. } if made.id.is_some_and(|id| id != job.0) => Handle {
            job: made.id.map(JobId),
            ..of_run(*run, url)
        },
        Act::RunPipeline { .. } if made.id.is_some() => of_run(RunId(made.id.unwrap_or(0)), url),
        Act::CreateTag { target, .. } if made.name.is_some() => Handle {
            sha: Some(target.clone()),
            ..Handle::default()
        },
        Act::CreateDeployment { .. } if made.id.is_some() => Handle {
            deployment: made.id.map(DeploymentId),
            ..Handle::default()
        },
        Act::MergePullRequest { .. } if made.state.as_deref() == Some("merged") => {
            // A fast-forward makes no commit of its own.
            let merged = made.merge_commit_sha.or(made.squash_commit_sha).or(made.sha);
            Handle {
                sha: merged.as_deref().map(sha),
                url,
                ..Handle::default()
            }
        }
        Act::PublishRelease { target, .. } if made.tag_name.is_some() => Handle {
            sha: Some(target.clone()),
            url,
            ..Handle::default()
        },
        Act::AddLabel { .. } | Act::RemoveLabel { .. } if made.iid.is_some() => Handle {
            url,
            ..Handle::default()
        },
        Act::Freeze { .. } if made.id.is_some() => Handle {
            freeze: made.id.map(FreezeId),
            ..Handle::default()
        },
        Act::SetStatus { sha, .. } if made.id.is_some() => Handle {
            sha: Some(sha.clone()),
            ..Handle::default()
        },
        Act::ApproveDeployment { .. }
        | Act::RejectDeployment { .. }
        | Act::PlayJob { .. }
        | Act::RetryJob { .. }
        | Act::CancelJob { .. }
        | Act::Cancel { .. }
        | Act::Rerun { .. }
        | Act::RunPipeline { .. }
        | Act::CreateTag { .. }
        | Act::CreateDeployment { .. }
        | Act::MergePullRequest { .. }
        | Act::PublishRelease { .. }
        | Act::SetStatus { .. }
        | Act::AddLabel { .. }
        | Act::RemoveLabel { .. }
        | Act::Freeze { .. }
        | Act::Unfreeze { .. }
        // None of these is sent.
        | Act::Approve { .. }
        | Act::Reject { .. }
        | Act::Dispatch { .. }
        | Act::ByHand => return nameless(made.iid),
    };
    Outcome::Accepted(handle)
}

fn nameless(number: Option<u64>) -> Outcome {
    let what = number.map_or_else(String::new, |number| format!(" ({number})"));
    Outcome::NoAnswer {
        why: format!("the forge answered with success and did not name what it made{what}"),
    }
}

/// Says whether it is the token that may not: by its scopes, or by the role of its user. A job that was
/// run again already, or has ended, is refused in the same words.
fn is_denied(act: &Act, refusal: &Refusal) -> bool {
    match (act, refusal.status) {
        (Act::MergePullRequest { .. }, 401) => true,
        (Act::RetryJob { .. } | Act::CancelJob { .. }, 403) => refusal.lacks_scope(),
        (_, 403) => refusal.kind == FaultKind::Forbidden && refusal.says_why,
        _ => false,
    }
}

/// What GitLab means by a refusal, where its words say too little.
fn hint(act: &Act, refusal: &Refusal) -> Option<&'static str> {
    // What the token lacks, the refusal says itself: no role makes up for it.
    if refusal.lacks_scope() {
        return None;
    }
    match (act, refusal.status) {
        // GitLab says so too when the token is fine and its user may not merge.
        (Act::MergePullRequest { .. }, 401) => {
            Some("the token may not merge it, or is refused: somebody who may merge has to")
        }
        (Act::MergePullRequest { .. }, 405) => {
            Some("it is a draft, closed, or its pipeline has not succeeded")
        }
        (Act::MergePullRequest { .. }, 409) => Some("its head has moved: look again"),
        (Act::MergePullRequest { .. }, 406 | 422) => Some("it cannot be merged as it stands"),
        (Act::PlayJob { .. }, 400) => Some("the job cannot be started now: look again"),
        (Act::PlayJob { .. }, 403) => {
            Some("the environment may be protected: somebody who may deploy there has to")
        }
        (Act::RetryJob { .. }, 403) => Some(
            "it was run again already, or the environment is protected: look again, or ask somebody who may deploy there",
        ),
        (Act::CancelJob { .. }, 400 | 403) => Some("it may have ended: look again"),
        (Act::Freeze { .. } | Act::Unfreeze { .. }, 403 | 404) => {
            Some("freeze periods need the role Maintainer, even to read them")
        }
        (Act::ApproveDeployment { .. } | Act::RejectDeployment { .. }, 404) => {
            Some("approvals of deployments need GitLab Premium and a protected environment")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::act::StatusState;
    use crate::domain::ids::PullRequestNumber;

    fn body(act: &Act) -> Value {
        call(act, &IntentId::from("k-1")).unwrap().body.unwrap()
    }

    #[test]
    fn every_act_that_can_carries_the_key() {
        let (run, deployment) = (RunId(1), DeploymentId(2));
        let approve = Act::ApproveDeployment {
            run,
            deployment,
            job: JobId(3),
            comment: "fine".into(),
        };
        assert_eq!(
            body(&approve),
            json!({"status": "approved", "comment": "fine [gonogo k-1]"})
        );
        let with = Act::RunPipeline {
            git_ref: "main".into(),
            variables: BTreeMap::from([("TO".into(), "prod".into())]),
        };
        assert_eq!(
            body(&with)["variables"][1],
            json!({"key": "GONOGO_KEY", "value": "k-1"})
        );
        let without = Act::RunPipeline {
            git_ref: "main".into(),
            variables: BTreeMap::new(),
        };
        assert_eq!(body(&without)["variables"], json!([]));
        let merge = Act::MergePullRequest {
            number: PullRequestNumber(4),
            head: Sha::from("cd"),
            method: MergeMethod::Squash,
        };
        assert_eq!(
            body(&merge),
            json!({"sha": "cd", "squash": true, "squash_commit_message": "gonogo: k-1"})
        );
        let status = Act::SetStatus {
            sha: Sha::from("ab"),
            context: "hold/prod".into(),
            state: StatusState::Error,
            description: "ü".repeat(300),
            target_url: None,
        };
        assert_eq!(body(&status)["state"], "failed");
        let said = body(&status)["description"].as_str().unwrap().to_owned();
        assert!(said.ends_with(" [gonogo k-1]") && said.chars().count() <= LONGEST_DESCRIPTION);
    }
}
