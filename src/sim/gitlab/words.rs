//! GitLab's own words for what the common model holds, and how they add up.

use crate::sim::model::{
    Conclusion, Deployment, DeploymentState, Environment, Job, Permission, Pull, PullState, Run,
    RunStatus,
};

/// One part of a pipeline's status.
#[derive(Debug, Clone, Copy)]
pub struct Weight {
    /// GitLab's word.
    pub word: &'static str,
    /// Allowed to fail: what went wrong with it does not count.
    pub ignored: bool,
}

/// The state of a job.
pub fn job_word(job: &Job) -> &'static str {
    state_word(job.status, job.conclusion)
}

/// The state of a pipeline.
pub fn run_word(run: &Run) -> &'static str {
    state_word(run.status, run.conclusion)
}

fn state_word(status: RunStatus, conclusion: Option<Conclusion>) -> &'static str {
    match status {
        RunStatus::Requested => "created",
        RunStatus::Pending => "waiting_for_resource",
        RunStatus::Queued => "pending",
        RunStatus::Waiting => "manual",
        RunStatus::InProgress => "running",
        RunStatus::Completed => match conclusion {
            Some(Conclusion::Success | Conclusion::Neutral) | None => "success",
            Some(Conclusion::Cancelled | Conclusion::Stale) => "canceled",
            Some(Conclusion::Skipped) => "skipped",
            Some(
                Conclusion::Failure
                | Conclusion::TimedOut
                | Conclusion::ActionRequired
                | Conclusion::StartupFailure,
            ) => "failed",
        },
    }
}

/// The state of a deployment.
pub fn deployment_word(deployment: &Deployment) -> &'static str {
    let last = deployment.latest().map(|it| it.state);
    match last {
        None | Some(DeploymentState::Queued | DeploymentState::Pending) => "created",
        Some(DeploymentState::InProgress) => "running",
        Some(DeploymentState::Waiting) => "blocked",
        Some(DeploymentState::Success | DeploymentState::Active) => "success",
        Some(DeploymentState::Failure | DeploymentState::Error) => "failed",
        Some(DeploymentState::Abandoned | DeploymentState::Inactive) => "canceled",
        Some(DeploymentState::Destroyed) => "skipped",
    }
}

/// The state that a caller's word for a deployment means; `None` for what may not be set.
pub fn deployment_state(word: &str) -> Option<DeploymentState> {
    Some(match word {
        "created" => DeploymentState::Queued,
        "running" => DeploymentState::InProgress,
        "success" => DeploymentState::Success,
        "failed" => DeploymentState::Failure,
        "canceled" => DeploymentState::Abandoned,
        _ => return None,
    })
}

/// Adds the parts of a pipeline up, as GitLab's composite status does.
pub fn sum(parts: impl Iterator<Item = Weight>) -> (RunStatus, Option<Conclusion>) {
    let words: Vec<&str> = parts
        .map(|it| match it.word {
            "failed" | "canceled" | "manual" if it.ignored => "ignored",
            word => word,
        })
        .collect();
    let any = |word: &str| words.contains(&word);
    let only = |allowed: &[&str]| words.iter().all(|it| allowed.contains(it));
    let done = |conclusion| (RunStatus::Completed, Some(conclusion));
    if words.is_empty() {
        (RunStatus::Requested, None)
    } else if only(&["skipped", "ignored"]) {
        done(if any("ignored") {
            Conclusion::Success
        } else {
            Conclusion::Skipped
        })
    } else if only(&["skipped", "success", "ignored"]) {
        done(Conclusion::Success)
    } else if only(&["created", "ignored"]) {
        (RunStatus::Requested, None)
    } else if only(&["canceled", "success", "skipped", "ignored"]) {
        done(Conclusion::Cancelled)
    } else if only(&["pending", "created", "skipped", "ignored"]) {
        (RunStatus::Queued, None)
    } else if any("running") || any("pending") {
        (RunStatus::InProgress, None)
    } else if any("manual") {
        (RunStatus::Waiting, None)
    } else if any("created") {
        (RunStatus::InProgress, None)
    } else {
        done(Conclusion::Failure)
    }
}

/// The state of a merge request.
pub fn pull_word(pull: &Pull) -> &'static str {
    match pull.state {
        PullState::Open => "opened",
        PullState::Closed => "closed",
        PullState::Merged => "merged",
    }
}

/// What started a pipeline.
pub fn source(run: &Run) -> &str {
    match run.event.as_str() {
        "tag" => "push",
        "pull_request" => "merge_request_event",
        "workflow_dispatch" => "api",
        other => other,
    }
}

/// The branch or tag that a pipeline runs on; a merge request's has a ref of its own.
pub fn run_ref(run: &Run) -> String {
    match (run.event.as_str(), run.pull) {
        ("pull_request", Some(number)) => format!("refs/merge-requests/{number}/head"),
        _ => run.head_branch.clone().unwrap_or_default(),
    }
}

/// The number of an access level.
pub const fn level(permission: Permission) -> u64 {
    match permission {
        Permission::Read => 20,
        Permission::Triage => 25,
        Permission::Write => 30,
        Permission::Maintain => 40,
        Permission::Admin => 50,
    }
}

/// Says whether an environment is protected.
pub fn protected(environment: &Environment) -> bool {
    !environment.reviewers.is_empty() || !environment.deployers.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipeline_is_the_sum_of_its_jobs() {
        let cases: [(&[(&str, bool)], &str); 12] = [
            (&[], "created"),
            (&[("created", false), ("created", false)], "created"),
            (&[("pending", false), ("created", false)], "pending"),
            (&[("success", false), ("pending", false)], "running"),
            (&[("success", false), ("created", false)], "running"),
            (&[("success", false), ("manual", false)], "manual"),
            (&[("success", false), ("manual", true)], "success"),
            (&[("failed", true), ("success", false)], "success"),
            (&[("failed", false), ("skipped", false)], "failed"),
            (&[("canceled", false), ("success", false)], "canceled"),
            (&[("skipped", false)], "skipped"),
            (&[("running", false), ("failed", false)], "running"),
        ];
        for (parts, expected) in cases {
            let words = [
                "created", "pending", "running", "manual", "success", "failed", "canceled",
                "skipped",
            ];
            let parts = parts.iter().map(|(word, ignored)| Weight {
                word: words.iter().find(|it| *it == word).unwrap(),
                ignored: *ignored,
            });
            let (status, conclusion) = sum(parts);
            assert_eq!(state_word(status, conclusion), expected);
        }
    }
}
