//! Acts in the words of each forge's API, to be read before confirming. Sending them lives in the
//! adapters, which have tests that they do what is said here.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Act, MergeMethod, StatusState};
use crate::domain::ids::EnvironmentId;

/// What is said where a forge has no such call: its adapter refuses it without sending anything.
fn no_such_call(act: &Act, forge: &str) -> String {
    format!("nothing: {} is not a call of {forge}", act.word())
}

fn given(fields: &BTreeMap<String, String>) -> String {
    fields
        .iter()
        .fold(String::new(), |mut said, (name, value)| {
            let _ = write!(said, " {name}={value}");
            said
        })
}

pub(super) fn github(act: &Act, repo: &str) -> String {
    let environments = |ids: &[EnvironmentId]| {
        ids.iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(",")
    };
    match act {
        Act::Approve {
            run,
            environments: ids,
            ..
        } => format!(
            "POST /repos/{repo}/actions/runs/{run}/pending_deployments state=approved environment_ids={}",
            environments(ids)
        ),
        Act::Reject {
            run,
            environments: ids,
            ..
        } => format!(
            "POST /repos/{repo}/actions/runs/{run}/pending_deployments state=rejected environment_ids={}",
            environments(ids)
        ),
        Act::Dispatch {
            workflow,
            git_ref,
            inputs,
        } => format!(
            "POST /repos/{repo}/actions/workflows/{workflow}/dispatches ref={git_ref}{}",
            given(inputs)
        ),
        Act::CreateDeployment {
            sha, environment, ..
        } => format!(
            "POST /repos/{repo}/deployments ref={} environment={environment}",
            sha.short()
        ),
        Act::MergePullRequest {
            number,
            head,
            method,
        } => format!(
            "PUT /repos/{repo}/pulls/{number}/merge sha={} merge_method={}",
            head.short(),
            method.word()
        ),
        Act::PublishRelease { .. } => release(act, repo),
        Act::CreateTag { tag, target } => format!(
            "POST /repos/{repo}/git/refs ref=refs/tags/{tag} sha={}",
            target.short()
        ),
        Act::Cancel { run } => format!("POST /repos/{repo}/actions/runs/{run}/cancel"),
        Act::Rerun { run, failed_only } => {
            let what = if *failed_only {
                "rerun-failed-jobs"
            } else {
                "rerun"
            };
            format!("POST /repos/{repo}/actions/runs/{run}/{what}")
        }
        Act::SetStatus { .. } => status(act, repo),
        Act::AddLabel { number, label } => {
            format!("POST /repos/{repo}/issues/{number}/labels labels={label}")
        }
        Act::RemoveLabel { number, label } => {
            let label = label.replace('/', "%2F");
            format!("DELETE /repos/{repo}/issues/{number}/labels/{label}")
        }
        Act::ApproveDeployment { .. }
        | Act::RejectDeployment { .. }
        | Act::PlayJob { .. }
        | Act::RetryJob { .. }
        | Act::CancelJob { .. }
        | Act::RunPipeline { .. }
        | Act::Freeze { .. }
        | Act::Unfreeze { .. }
        | Act::ByHand => no_such_call(act, "GitHub"),
    }
}

pub(super) fn gitlab(act: &Act, repo: &str) -> String {
    // As the API takes it: a slash in a path would end it.
    let project = format!("/projects/{}", repo.replace('/', "%2F"));
    match act {
        Act::ApproveDeployment {
            deployment, job, ..
        } => format!(
            "POST {project}/deployments/{deployment}/approval status=approved, then POST {project}/jobs/{job}/play"
        ),
        Act::RejectDeployment { deployment, .. } => {
            format!("POST {project}/deployments/{deployment}/approval status=rejected")
        }
        Act::PlayJob { job, name, .. } => format!("POST {project}/jobs/{job}/play ({name})"),
        Act::RetryJob { job, name, .. } => format!("POST {project}/jobs/{job}/retry ({name})"),
        Act::CancelJob { job, name, .. } => format!("POST {project}/jobs/{job}/cancel ({name})"),
        Act::RunPipeline { git_ref, variables } => {
            format!("POST {project}/pipeline ref={git_ref}{}", given(variables))
        }
        Act::CreateTag { tag, target } => format!(
            "POST {project}/repository/tags tag_name={tag} ref={}",
            target.short()
        ),
        Act::CreateDeployment {
            sha, environment, ..
        } => format!(
            "POST {project}/deployments sha={} environment={environment} status=running",
            sha.short()
        ),
        Act::MergePullRequest {
            number,
            head,
            method,
        } => format!(
            "PUT {project}/merge_requests/{number}/merge sha={} squash={}",
            head.short(),
            *method == MergeMethod::Squash
        ),
        Act::PublishRelease {
            release: None,
            tag,
            target,
            ..
        } => format!(
            "POST {project}/releases tag_name={tag} ref={}",
            target.short()
        ),
        Act::Cancel { run } => format!("POST {project}/pipelines/{run}/cancel"),
        Act::Rerun { run, .. } => format!("POST {project}/pipelines/{run}/retry"),
        Act::SetStatus {
            sha,
            context,
            state,
            ..
        } => {
            let state = match state {
                StatusState::Pending | StatusState::Success => state.word(),
                StatusState::Failure | StatusState::Error => "failed",
            };
            format!(
                "POST {project}/statuses/{} name={context} state={state}",
                sha.short()
            )
        }
        Act::AddLabel { number, label } => {
            format!("PUT {project}/merge_requests/{number} add_labels={label}")
        }
        Act::RemoveLabel { number, label } => {
            format!("PUT {project}/merge_requests/{number} remove_labels={label}")
        }
        Act::Freeze { start, end } => format!(
            "POST {project}/freeze_periods freeze_start=\"{start}\" freeze_end=\"{end}\" cron_timezone=UTC"
        ),
        Act::Unfreeze { freeze, .. } => format!("DELETE {project}/freeze_periods/{freeze}"),
        Act::Approve { .. }
        | Act::Reject { .. }
        | Act::Dispatch { .. }
        | Act::PublishRelease { .. }
        | Act::ByHand => no_such_call(act, "GitLab"),
    }
}

pub(super) fn forgejo(act: &Act, repo: &str) -> String {
    match act {
        Act::Dispatch {
            workflow,
            git_ref,
            inputs,
        } => format!(
            "POST /repos/{repo}/actions/workflows/{workflow}/dispatches ref={git_ref}{}",
            given(inputs)
        ),
        Act::MergePullRequest {
            number,
            head,
            method,
        } => format!(
            "POST /repos/{repo}/pulls/{number}/merge Do={} head_commit_id={}",
            method.word(),
            head.short()
        ),
        Act::PublishRelease { .. } => release(act, repo),
        Act::CreateTag { tag, target } => format!(
            "POST /repos/{repo}/tags tag_name={tag} target={}",
            target.short()
        ),
        Act::Cancel { run } => format!("POST /repos/{repo}/actions/runs/{run}/cancel"),
        Act::Rerun { run, failed_only } => {
            let what = if *failed_only {
                "rerun-failed-jobs"
            } else {
                "rerun"
            };
            format!("POST /repos/{repo}/actions/runs/{run}/{what}")
        }
        Act::SetStatus { .. } => status(act, repo),
        Act::AddLabel { number, label } => {
            format!("POST /repos/{repo}/issues/{number}/labels labels={label}")
        }
        Act::RemoveLabel { number, label } => {
            format!("DELETE /repos/{repo}/issues/{number}/labels/ID of {label}")
        }
        Act::Freeze { .. }
        | Act::Unfreeze { .. }
        | Act::Approve { .. }
        | Act::Reject { .. }
        | Act::CreateDeployment { .. }
        | Act::ApproveDeployment { .. }
        | Act::RejectDeployment { .. }
        | Act::PlayJob { .. }
        | Act::RetryJob { .. }
        | Act::CancelJob { .. }
        | Act::RunPipeline { .. }
        | Act::ByHand => no_such_call(act, "Forgejo"),
    }
}

/// GitHub and Forgejo make releases and statuses by the same calls.
fn release(act: &Act, repo: &str) -> String {
    let Act::PublishRelease {
        release,
        tag,
        target,
        ..
    } = act
    else {
        return String::new();
    };
    match release {
        Some(id) => format!("PATCH /repos/{repo}/releases/{id} draft=false tag_name={tag}"),
        None => format!(
            "POST /repos/{repo}/releases tag_name={tag} target_commitish={}",
            target.short()
        ),
    }
}

fn status(act: &Act, repo: &str) -> String {
    let Act::SetStatus {
        sha,
        context,
        state,
        ..
    } = act
    else {
        return String::new();
    };
    format!(
        "POST /repos/{repo}/statuses/{} context={context} state={}",
        sha.short(),
        state.word()
    )
}
