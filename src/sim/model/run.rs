//! Workflows, their runs and jobs, and commit statuses.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Mark, Report, words};

words! {
    /// Where a run, job or check is.
    RunStatus {
        Queued = "queued", InProgress = "in_progress", Completed = "completed",
        Waiting = "waiting", Requested = "requested", Pending = "pending",
    }
}

words! {
    /// How a run, job or check ended.
    Conclusion {
        Success = "success", Failure = "failure", Cancelled = "cancelled", Skipped = "skipped",
        Neutral = "neutral", TimedOut = "timed_out", ActionRequired = "action_required",
        Stale = "stale", StartupFailure = "startup_failure",
    }
}

words! {
    /// The state of a commit status. GitHub knows neither `warning` nor `skipped`.
    StatusState {
        Error = "error", Failure = "failure", Pending = "pending", Success = "success",
        Warning = "warning", Skipped = "skipped",
    }
}

/// A workflow file.
#[derive(Debug, Clone)]
pub struct Workflow {
    /// Its number.
    pub id: u64,
    /// The `name:` of the file.
    pub name: String,
    /// The file, without the folder.
    pub file: String,
    /// What starts it: `push`, `pull_request`, `workflow_dispatch`, `release`, `repository_dispatch`.
    pub on: Vec<String>,
    /// The branches whose pushes start it; empty means the default branch.
    pub branches: Vec<String>,
    /// The inputs of a dispatch, and whether each is required.
    pub inputs: BTreeMap<String, bool>,
    /// The title of a run, with `${{ inputs.x }}` filled in.
    pub run_name: Option<String>,
    /// The jobs in the order they run; equal stages run side by side.
    pub jobs: Vec<WorkflowJob>,
    /// When the file came.
    pub created_at: Timestamp,
}

impl Workflow {
    /// `.github/workflows/FILE`.
    pub fn path(&self) -> String {
        format!(".github/workflows/{}", self.file)
    }
}

/// A job as the workflow file describes it.
#[derive(Debug, Clone)]
pub struct WorkflowJob {
    /// What people see.
    pub name: String,
    /// Jobs of one stage run together; a stage starts when the one before succeeded.
    pub stage: u32,
    /// How long it takes at speed 1, in seconds.
    pub took: u64,
    /// The environment it deploys to, with `${{ inputs.x }}` filled in.
    pub environment: Option<String>,
    /// The input that names the revision to deploy; without it, the run's own head.
    pub revision: Option<String>,
    /// What it leaves behind, for forges that have no deployments.
    pub marks: Option<Mark>,
    /// What only GitLab has.
    pub rules: JobRules,
}

/// What a job of GitLab's is told beside what every job is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobRules {
    /// The name of its stage.
    pub stage: String,
    /// It waits for somebody to play it.
    pub manual: bool,
    /// Its failure, or that nobody played it, holds nothing up.
    pub allow_failure: bool,
    /// It is not there while deployments are frozen.
    pub unless_frozen: bool,
}

/// A workflow run.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its number.
    pub id: u64,
    /// The workflow it runs.
    pub workflow: u64,
    /// The workflow's name when it started.
    pub name: String,
    /// The workflow's file.
    pub path: String,
    /// The title people see.
    pub display_title: String,
    /// 1, 2, 3… within the workflow.
    pub run_number: u64,
    /// Grows with each re-run.
    pub attempt: u32,
    /// What started it.
    pub event: String,
    /// Where it is.
    pub status: RunStatus,
    /// How it ended.
    pub conclusion: Option<Conclusion>,
    /// Branch or tag.
    pub head_branch: Option<String>,
    /// The commit it runs on.
    pub head_sha: String,
    /// Who caused the first attempt.
    pub actor: String,
    /// Who caused this attempt.
    pub triggering_actor: String,
    /// The suite that its jobs report to.
    pub check_suite: u64,
    /// The pull request it is for.
    pub pull: Option<u64>,
    /// Inputs of the dispatch.
    pub inputs: BTreeMap<String, String>,
    /// First attempt.
    pub created_at: Timestamp,
    /// This attempt.
    pub started_at: Timestamp,
    /// Last change.
    pub updated_at: Timestamp,
    /// Jobs of all attempts, oldest first.
    pub jobs: Vec<Job>,
    /// What reviewers said.
    pub approvals: Vec<Approval>,
    /// Outcomes that the world file has decided, by job name.
    pub fate: BTreeMap<String, Conclusion>,
}

impl Run {
    /// The jobs of the newest attempt.
    pub fn latest_jobs(&self) -> impl Iterator<Item = &Job> {
        self.jobs.iter().filter(|job| job.attempt == self.attempt)
    }

    /// Says whether it has ended.
    pub fn done(&self) -> bool {
        self.status == RunStatus::Completed
    }
}

/// A job of a run; to the checks API it is a check run of the same number.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its number.
    pub id: u64,
    /// The attempt it belongs to.
    pub attempt: u32,
    /// What people see.
    pub name: String,
    /// Its stage.
    pub stage: u32,
    /// How long it takes at speed 1, in seconds.
    pub took: u64,
    /// Where it is.
    pub status: RunStatus,
    /// How it ended.
    pub conclusion: Option<Conclusion>,
    /// Where it deploys to.
    pub environment: Option<String>,
    /// The commit it deploys.
    pub deploys: Option<String>,
    /// The deployment it made.
    pub deployment: Option<u64>,
    /// What it waits for, from the moment it first waits.
    pub gate: Option<Gate>,
    /// What it reported at its end.
    pub output: Option<Report>,
    /// What only GitLab has.
    pub rules: JobRules,
    /// Who played it or ran it again; the run's own actor without it.
    pub by: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it began to run.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
}

/// What a job at a protected environment waits for.
#[derive(Debug, Clone)]
pub struct Gate {
    /// When it began to wait; the wait timer counts from here.
    pub since: Timestamp,
    /// A reviewer is needed and none has approved.
    pub review: bool,
    /// The wait timer ends here.
    pub until: Option<Timestamp>,
}

/// What a reviewer said about a waiting run.
#[derive(Debug, Clone)]
pub struct Approval {
    /// Whose word.
    pub login: String,
    /// Approved, or rejected.
    pub approved: bool,
    /// The comment.
    pub comment: String,
    /// For which environments.
    pub environments: Vec<u64>,
    /// When.
    pub at: Timestamp,
}

/// A commit status.
#[derive(Debug, Clone)]
pub struct CommitStatus {
    /// Its number.
    pub id: u64,
    /// The commit.
    pub sha: String,
    /// Its name: the newest of a name counts.
    pub context: String,
    /// The word.
    pub state: StatusState,
    /// A line for people.
    pub description: Option<String>,
    /// Where to look.
    pub target_url: Option<String>,
    /// Who set it.
    pub creator: String,
    /// When.
    pub created_at: Timestamp,
}
