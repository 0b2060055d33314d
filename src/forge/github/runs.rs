//! Workflow runs, what they wait for, and their jobs, from REST.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::board::{Login, person};
use super::paths::below;
use super::wire::Wire;
use super::words;
use crate::domain::ids::{EnvironmentId, EnvironmentName, JobId, RepoPath, RunId, Sha};
use crate::domain::pipeline::{Door, Job, Run, Waiting};
use crate::domain::text::clean;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;

/// Waiting runs that are read of one repository: each is a request of its own.
const WAITING: usize = 20;

/// One page of runs.
#[derive(Deserialize)]
pub(super) struct Runs {
    #[serde(default)]
    total_count: u64,
    workflow_runs: Vec<Value>,
}

/// A run, as far as we read it; GitHub leaves out more of it than its documents say.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct WireRun {
    pub(super) id: u64,
    name: Option<String>,
    path: Option<String>,
    #[serde(default)]
    run_number: u64,
    pub(super) run_attempt: Option<u64>,
    #[serde(default)]
    pub(super) event: String,
    pub(super) status: Option<String>,
    conclusion: Option<String>,
    head_sha: String,
    head_branch: Option<String>,
    pub(super) display_title: Option<String>,
    pub(super) html_url: Option<String>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) run_started_at: Option<Timestamp>,
    actor: Option<Login>,
    pub(super) triggering_actor: Option<Login>,
}

#[derive(Deserialize)]
struct Pending {
    environment: Named,
    #[serde(default)]
    wait_timer: i64,
    wait_timer_started_at: Option<Timestamp>,
    #[serde(default)]
    current_user_can_approve: bool,
    #[serde(default)]
    reviewers: Vec<Reviewer>,
}

#[derive(Deserialize)]
struct Named {
    id: Option<u64>,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Reviewer {
    reviewer: Option<Who>,
}

#[derive(Deserialize)]
struct Who {
    login: Option<String>,
    name: Option<String>,
    slug: Option<String>,
}

#[derive(Deserialize)]
struct Jobs {
    jobs: Vec<Value>,
}

#[derive(Deserialize)]
struct WireJob {
    id: u64,
    name: String,
    status: String,
    conclusion: Option<String>,
    started_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    html_url: Option<String>,
}

impl Runs {
    pub(super) fn read(self) -> Vec<WireRun> {
        each(self.workflow_runs)
    }
}

/// Reads what can be read: one odd item spoils no other.
fn each<T: DeserializeOwned>(items: Vec<Value>) -> Vec<T> {
    items
        .into_iter()
        .filter_map(|item| serde_json::from_value(item).ok())
        .collect()
}

impl WireRun {
    pub(super) fn into_run(self) -> Run {
        let status = self.status.as_deref().unwrap_or_default();
        let raw = self.conclusion.as_deref().unwrap_or(status);
        let file = self
            .path
            .as_deref()
            .map(|path| path.split('@').next().unwrap_or(path))
            .and_then(|path| path.rsplit('/').next());
        Run {
            id: RunId(self.id),
            name: clean(self.name.as_deref().or(file).unwrap_or("run")),
            workflow: file.map(clean),
            title: self.display_title.as_deref().map(clean),
            number: self.run_number,
            attempt: self.run_attempt.unwrap_or(1),
            event: clean(&self.event),
            sha: Sha::from(clean(&self.head_sha).to_lowercase()),
            branch: self.head_branch.as_deref().map(clean),
            phase: words::run(status, self.conclusion.as_deref()),
            raw: clean(raw).to_lowercase(),
            url: clean(self.html_url.as_deref().unwrap_or_default()),
            actor: self
                .triggering_actor
                .as_ref()
                .or(self.actor.as_ref())
                .map(person),
            created_at: self.created_at,
            updated_at: self.updated_at,
            waiting: Vec::new(),
        }
    }
}

impl Pending {
    fn into_waiting(self) -> Option<Waiting> {
        Some(Waiting {
            environment: EnvironmentName::from(clean(self.environment.name.as_deref()?)),
            door: Door::Review(EnvironmentId(self.environment.id?)),
            may_approve: self.current_user_can_approve,
            reviewers: self
                .reviewers
                .into_iter()
                .filter_map(|reviewer| reviewer.reviewer)
                .filter_map(|who| who.login.or(who.slug).or(who.name))
                .map(|name| clean(&name))
                .collect(),
            wait_timer: SignedDuration::from_mins(self.wait_timer.clamp(0, 43_200)),
            wait_started_at: self.wait_timer_started_at,
        })
    }
}

/// Reads the runs that wait for an environment, and what each waits for.
///
/// The list is one conditional request, free as long as nothing changes. Of more than a few the newest
/// are read, and how many there are is told.
pub(super) async fn waiting(wire: &Wire, repo: &RepoPath) -> Result<(Vec<Run>, u64), Error> {
    let route = below(
        repo,
        format!("/actions/runs?status=waiting&per_page={WAITING}"),
    );
    let page: Runs = wire.get(Purpose::Look, &route).await?.json()?;
    let total = page.total_count;
    let mut runs = Vec::new();
    for read in page.read() {
        let mut run = read.into_run();
        run.waiting = pending(wire, repo, run.id).await?;
        runs.push(run);
    }
    let read = runs.len() as u64;
    Ok((runs, total.max(read)))
}

async fn pending(wire: &Wire, repo: &RepoPath, run: RunId) -> Result<Vec<Waiting>, Error> {
    let route = below(repo, format!("/actions/runs/{run}/pending_deployments"));
    let pending: Vec<Value> = wire.get(Purpose::Look, &route).await?.json()?;
    Ok(each::<Pending>(pending)
        .into_iter()
        .filter_map(Pending::into_waiting)
        .collect())
}

/// Reads the recent runs of a commit: what a token that may not read check suites still may.
pub(super) async fn of_commit(wire: &Wire, repo: &RepoPath, sha: &Sha) -> Result<Vec<Run>, Error> {
    let route = below(repo, format!("/actions/runs?head_sha={sha}&per_page=10"));
    let page: Runs = wire.get(Purpose::Look, &route).await?.json()?;
    Ok(page.read().into_iter().map(WireRun::into_run).collect())
}

/// Reads one run.
pub(super) async fn one(
    wire: &Wire,
    purpose: Purpose,
    repo: &RepoPath,
    run: RunId,
) -> Result<WireRun, Error> {
    wire.get(purpose, &below(repo, format!("/actions/runs/{run}")))
        .await?
        .json()
}

/// Reads the jobs of a run's newest attempt.
pub(super) async fn jobs(wire: &Wire, repo: &RepoPath, run: RunId) -> Result<Vec<Job>, Error> {
    let route = below(
        repo,
        format!("/actions/runs/{run}/jobs?filter=latest&per_page=100"),
    );
    let mut jobs = Vec::new();
    wire.get_pages(Purpose::Look, &route, |page: Jobs| {
        jobs.extend(each::<WireJob>(page.jobs).into_iter().map(|job| Job {
            id: JobId(job.id),
            name: clean(&job.name),
            phase: words::run(&job.status, job.conclusion.as_deref()),
            raw: clean(job.conclusion.as_deref().unwrap_or(&job.status)).to_lowercase(),
            started_at: job.started_at,
            completed_at: job.completed_at,
            url: job.html_url.as_deref().map(clean),
        }));
        true
    })
    .await?;
    Ok(jobs)
}
