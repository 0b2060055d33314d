//! The marks of jobs: commit statuses as they go, branches and tags moved when they succeed.
//!
//! With a workflow's own token nothing else starts from these, as on the real forges.

use super::run::fill;
use crate::sim::model::{CommitStatus, Conclusion, Job, Run, RunStatus, State, StatusState, Tag};

/// What a commit status says of a job that ended so.
pub(super) fn word(conclusion: Conclusion) -> StatusState {
    match conclusion {
        Conclusion::Success | Conclusion::Neutral => StatusState::Success,
        Conclusion::Cancelled => StatusState::Error,
        Conclusion::Skipped | Conclusion::Stale => StatusState::Skipped,
        Conclusion::Failure
        | Conclusion::TimedOut
        | Conclusion::ActionRequired
        | Conclusion::StartupFailure => StatusState::Failure,
    }
}

impl State {
    /// Leaves the marks of a job that has begun (`pending`) or ended.
    pub(super) fn mark(
        &mut self,
        repo_id: u64,
        run: &Run,
        job: &Job,
        state: StatusState,
    ) -> Option<()> {
        let repo = self.repo_by_id(repo_id)?;
        let workflow = repo.workflow(&run.workflow.to_string())?;
        let plan = workflow
            .jobs
            .iter()
            .find(|it| it.stage == job.stage && fill(&it.name, &run.inputs) == job.name)?;
        let marks = plan.marks.clone()?;
        let sha = job.deploys.clone().unwrap_or_else(|| run.head_sha.clone());
        // What never ran has touched nothing.
        let ran = state == StatusState::Pending || job.status == RunStatus::InProgress;
        if !ran || repo.commit(&sha).is_none() {
            return None;
        }
        // Pages of runs are numbered in the repository, from 1.
        let number = repo.runs.iter().filter(|it| it.id <= run.id).count();
        let link = format!("{}/actions/runs/{number}", self.html(repo));
        if let Some(context) = &marks.status {
            let status = CommitStatus {
                id: self.next_id(),
                sha: sha.clone(),
                context: fill(context, &run.inputs),
                state,
                description: Some(said(state).to_owned()),
                target_url: Some(link),
                creator: run.triggering_actor.clone(),
                created_at: self.now,
            };
            self.repo_mut(repo_id)?.statuses.push(status);
        }
        if state != StatusState::Success {
            return Some(());
        }
        if let Some(branch) = &marks.branch {
            self.point(repo_id, &fill(branch, &run.inputs), &sha);
        }
        if let Some(tag) = &marks.tag {
            self.move_tag(repo_id, &fill(tag, &run.inputs), &sha);
        }
        Some(())
    }

    /// Puts a tag on a commit, wherever it was before.
    pub(crate) fn move_tag(&mut self, repo: u64, name: &str, sha: &str) -> Option<()> {
        let tags = &mut self.repo_mut(repo)?.tags;
        tags.retain(|it| it.name != name);
        tags.push(Tag {
            name: name.to_owned(),
            sha: sha.to_owned(),
        });
        Some(())
    }
}

const fn said(state: StatusState) -> &'static str {
    match state {
        StatusState::Pending => "Rolling out",
        StatusState::Success | StatusState::Warning => "Live",
        StatusState::Failure => "Rollout failed",
        StatusState::Error | StatusState::Skipped => "Rollout stopped",
    }
}
