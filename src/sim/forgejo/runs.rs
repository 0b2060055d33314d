//! Runs and jobs as Forgejo and Gitea know them: one word for where a thing is, numbers that count
//! in the whole repository, and every job from the first moment on.

use jiff::Timestamp;

use crate::sim::{
    model::{Conclusion, Job, Repo, Run, RunStatus, WorkflowJob, words},
    script::run::fill,
};

words! {
    /// Where a run, job or task is.
    Stage {
        Unknown = "unknown", Waiting = "waiting", Running = "running", Success = "success",
        Failure = "failure", Cancelled = "cancelled", Skipped = "skipped", Blocked = "blocked",
    }
}

impl Stage {
    /// Out of the two words that the common model has.
    pub fn of(status: RunStatus, conclusion: Option<Conclusion>) -> Self {
        match conclusion {
            Some(Conclusion::Success | Conclusion::Neutral) => return Self::Success,
            Some(Conclusion::Cancelled | Conclusion::Stale) => return Self::Cancelled,
            Some(Conclusion::Skipped) => return Self::Skipped,
            Some(
                Conclusion::Failure
                | Conclusion::TimedOut
                | Conclusion::ActionRequired
                | Conclusion::StartupFailure,
            ) => return Self::Failure,
            None => {}
        }
        match status {
            RunStatus::Queued | RunStatus::Requested | RunStatus::Pending => Self::Waiting,
            RunStatus::InProgress => Self::Running,
            RunStatus::Waiting => Self::Blocked,
            RunStatus::Completed => Self::Unknown,
        }
    }

    /// Has it ended?
    pub const fn done(self) -> bool {
        match self {
            Self::Success | Self::Failure | Self::Cancelled | Self::Skipped => true,
            Self::Unknown | Self::Waiting | Self::Running | Self::Blocked => false,
        }
    }

    /// Gitea's API has GitHub's two words instead.
    pub const fn github(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Unknown => ("", None),
            Self::Waiting => ("queued", None),
            Self::Blocked => ("waiting", None),
            Self::Running => ("in_progress", None),
            Self::Success => ("completed", Some("success")),
            Self::Failure => ("completed", Some("failure")),
            Self::Cancelled => ("completed", Some("cancelled")),
            Self::Skipped => ("completed", Some("skipped")),
        }
    }

    /// Does Gitea's filter word mean this?
    pub fn meant(self, filter: &str) -> bool {
        match filter {
            "pending" | "waiting" | "requested" | "action_required" => self == Self::Blocked,
            "queued" => self == Self::Waiting,
            "in_progress" => self == Self::Running,
            "completed" => self.done(),
            word => Self::parse(word) == Some(self),
        }
    }
}

/// A job of a run, begun or not: here every job of the file is there from the start, and keeps its
/// number when it is run again.
#[derive(Debug, Clone)]
pub struct Slot<'a> {
    /// Its number.
    pub id: u64,
    /// Its place in the file, from 0.
    pub index: usize,
    /// What people see.
    pub name: String,
    /// The file's own words about it.
    pub plan: &'a WorkflowJob,
    /// The newest attempt, if it came to one.
    pub job: Option<&'a Job>,
    /// Where it is.
    pub stage: Stage,
}

/// The most jobs of a file, so that numbers of jobs never meet.
const JOBS: u64 = 64;

/// The jobs of a run's newest attempt, in the order of the file.
pub fn slots<'a>(repo: &'a Repo, run: &'a Run) -> Vec<Slot<'a>> {
    let Some(workflow) = repo.workflow(&run.workflow.to_string()) else {
        return Vec::new();
    };
    let slot = |(index, plan): (usize, &'a WorkflowJob)| {
        let name = fill(&plan.name, &run.inputs);
        let job = run
            .latest_jobs()
            .find(|it| it.name == name && it.stage == plan.stage);
        let stage = match job {
            Some(job) => Stage::of(job.status, job.conclusion),
            None if run.conclusion == Some(Conclusion::Cancelled) => Stage::Cancelled,
            None if run.done() => Stage::Skipped,
            None if plan.stage == 1 => Stage::Waiting,
            None => Stage::Blocked,
        };
        Slot {
            id: run.id * JOBS + index as u64,
            index,
            name,
            plan,
            job,
            stage,
        }
    };
    workflow.jobs.iter().enumerate().map(slot).collect()
}

/// The run that a job's number belongs to.
pub const fn run_of(job: u64) -> u64 {
    job / JOBS
}

/// Where a run is.
pub fn stage(run: &Run) -> Stage {
    Stage::of(run.status, run.conclusion)
}

/// The number in the repository, whatever the workflow: what addresses of pages have.
pub fn index(repo: &Repo, run: &Run) -> u64 {
    1 + repo.runs.iter().filter(|it| it.id < run.id).count() as u64
}

/// The number that the newest run of all has, seen or not.
pub fn last_index(repo: &Repo) -> u64 {
    repo.run_numbers.values().sum()
}

/// When the first job began and the last one ended.
pub fn span(run: &Run) -> (Option<Timestamp>, Option<Timestamp>) {
    let ran = || {
        run.latest_jobs()
            .filter(|it| it.conclusion != Some(Conclusion::Skipped))
    };
    let began = ran().filter_map(|it| it.started_at).min();
    let ended = run.done().then(|| {
        ran()
            .filter_map(|it| it.completed_at)
            .max()
            .or(Some(run.updated_at))
    });
    (began, ended.flatten())
}

/// The branch or tag in few letters: `main`, `v1.2`, `#7` for a pull request.
pub fn pretty_ref(run: &Run) -> String {
    match (run.pull, &run.head_branch) {
        (Some(number), _) => format!("#{number}"),
        (None, Some(name)) => name.clone(),
        (None, None) => run.head_sha.chars().take(10).collect(),
    }
}

/// The full name of the branch, tag or pull request.
pub fn full_ref(repo: &Repo, run: &Run) -> String {
    match (run.pull, &run.head_branch) {
        (Some(number), _) => format!("refs/pull/{number}/head"),
        (None, Some(name)) if repo.branches.contains_key(name) => format!("refs/heads/{name}"),
        (None, Some(name)) => format!("refs/tags/{name}"),
        (None, None) => run.head_sha.clone(),
    }
}
