//! Pipelines: runs, their jobs, the checks of a revision, and what a run waits for on the forge.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::ids::{DeploymentId, EnvironmentId, EnvironmentName, JobId, Person, RunId, Sha};
use super::phase::Phase;

/// One attempt of one workflow on one revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub id: RunId,
    /// The workflow's name, for instance `release`.
    pub name: String,
    /// The workflow's file name, for instance `release.yml`, where the forge told it.
    pub workflow: Option<String>,
    pub title: Option<String>,
    pub number: u64,
    pub attempt: u64,
    pub event: String,
    pub sha: Sha,
    pub branch: Option<String>,
    pub phase: Phase,
    pub raw: String,
    pub url: String,
    pub actor: Option<Person>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// The environments that this run waits to enter.
    pub waiting: Vec<Waiting>,
}

/// One environment that a run waits to enter, and what the forge asks for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    pub environment: EnvironmentName,
    pub door: Door,
    /// Whether the forge lets the token's user approve, by its own word.
    pub may_approve: bool,
    /// Who may approve: logins and team names.
    pub reviewers: Vec<String>,
    pub wait_timer: SignedDuration,
    pub wait_started_at: Option<Timestamp>,
}

/// What lets a run into an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Door {
    /// A review of the environment (GitHub).
    Review(EnvironmentId),
    /// An approval of the deployment; its job has to be started afterwards (GitLab).
    Deployment {
        deployment: DeploymentId,
        job: JobId,
        name: String,
    },
    /// A job that a person starts (GitLab).
    Job { job: JobId, name: String },
}

/// One job of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    pub id: JobId,
    pub name: String,
    pub phase: Phase,
    pub raw: String,
    pub started_at: Option<Timestamp>,
    pub completed_at: Option<Timestamp>,
    pub url: Option<String>,
}

/// The checks of one revision, rolled up by the forge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checks {
    pub sha: Sha,
    /// `None` when the revision has no checks at all.
    pub phase: Option<Phase>,
    pub succeeded: u32,
    pub failed: u32,
    /// Queued, running, waiting.
    pub pending: u32,
    pub total: u32,
    /// The newest attempt per context, where the forge named them; empty where only counts are known.
    pub contexts: Vec<Check>,
}

/// One check (check run or commit status): the newest attempt of its context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    pub name: String,
    pub phase: Phase,
    pub url: Option<String>,
    pub completed_at: Option<Timestamp>,
    /// What it says of its outcome in words, where that was asked for: a check run's title and
    /// summary, a commit status's description.
    pub report: Option<String>,
}
