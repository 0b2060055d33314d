//! Runs of Actions and their jobs. Where the server has no list of runs, they are put together from
//! tasks, one a job; there a run's number stands for its id.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::Forgejo;
use super::features::Features;
use super::lists::{Page, below};
use super::repos::{Repository, User, person, sha};
use super::words;
use crate::domain::deployment::Deployment;
use crate::domain::ids::{JobId, Person, RepoPath, RunId, Sha};
use crate::domain::phase::Phase;
use crate::domain::pipeline::{Job, Run};
use crate::domain::policy::EnvironmentModel;
use crate::domain::text::clean;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;

/// A run, in the shape of either forge.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct WireRun {
    pub(super) id: u64,
    #[serde(alias = "index_in_repo")]
    run_number: Option<u64>,
    pub(super) run_attempt: Option<u64>,
    #[serde(alias = "commit_sha")]
    head_sha: Option<String>,
    #[serde(alias = "prettyref")]
    head_branch: Option<String>,
    pub(super) event: Option<String>,
    trigger_event: Option<String>,
    pub(super) status: Option<String>,
    pub(super) conclusion: Option<String>,
    #[serde(default)]
    pub(super) need_approval: bool,
    #[serde(alias = "display_title")]
    pub(super) title: Option<String>,
    /// Forgejo: the file's name. Gitea names it in `path`.
    #[serde(default, deserialize_with = "file")]
    workflow_id: Option<String>,
    path: Option<String>,
    pub(super) html_url: Option<String>,
    /// What started it, as JSON in a text: the inputs of a dispatch are in it.
    pub(super) event_payload: Option<String>,
    created: Option<Timestamp>,
    created_at: Option<Timestamp>,
    updated: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    started: Option<Timestamp>,
    started_at: Option<Timestamp>,
    run_started_at: Option<Timestamp>,
    trigger_user: Option<User>,
    triggering_actor: Option<User>,
    trigger_actor: Option<User>,
    actor: Option<User>,
}

/// One forge has names where the other has numbers.
fn file<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(name) => Some(name),
        _ => None,
    })
}

/// A task: one job of a run, once a runner has taken it.
#[derive(Clone, Debug, Deserialize)]
struct Task {
    id: u64,
    name: Option<String>,
    run_number: u64,
    event: Option<String>,
    status: Option<String>,
    head_sha: Option<String>,
    head_branch: Option<String>,
    display_title: Option<String>,
    workflow_id: Option<String>,
    url: Option<String>,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    run_started_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct WireJob {
    id: u64,
    name: Option<String>,
    status: Option<String>,
    conclusion: Option<String>,
    started_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    html_url: Option<String>,
    steps: Option<Vec<Step>>,
}

/// Forgejo dates the steps of a job and not the job.
#[derive(Deserialize)]
struct Step {
    started: Option<Timestamp>,
    stopped: Option<Timestamp>,
}

/// An instant that Go has not filled is none.
pub(super) fn set(at: Option<Timestamp>) -> Option<Timestamp> {
    at.filter(|at| at.as_second() > 0)
}

impl WireRun {
    pub(super) fn created(&self) -> Option<Timestamp> {
        let first = set(self.created).or(set(self.created_at));
        // Gitea's runs are dated by when they started, if at all.
        first.or(self.started()).or(self.updated())
    }

    pub(super) fn started(&self) -> Option<Timestamp> {
        set(self.started)
            .or(set(self.run_started_at))
            .or(set(self.started_at))
    }

    pub(super) fn updated(&self) -> Option<Timestamp> {
        set(self.updated).or(set(self.updated_at))
    }

    pub(super) fn phase(&self) -> Phase {
        let status = self.status.as_deref().unwrap_or_default();
        words::run(status, self.conclusion.as_deref(), self.need_approval)
    }

    pub(super) fn actor(&self) -> Option<Person> {
        let who = [
            &self.trigger_user,
            &self.triggering_actor,
            &self.trigger_actor,
            &self.actor,
        ];
        who.into_iter().flatten().find_map(person)
    }

    /// Gitea: `deploy.yml@refs/heads/main`.
    pub(super) fn workflow(&self) -> Option<String> {
        let named = self.workflow_id.as_deref().or(self.path.as_deref())?;
        let file = named.split('@').next().unwrap_or(named);
        let file = file.rsplit('/').next().unwrap_or(file);
        (!file.is_empty()).then(|| clean(file))
    }

    pub(super) fn event(&self) -> &str {
        let trigger = self
            .trigger_event
            .as_deref()
            .filter(|word| !word.is_empty());
        trigger.or(self.event.as_deref()).unwrap_or_default()
    }

    fn into_run(self) -> Option<Run> {
        let created_at = self.created()?;
        let status = self.status.as_deref().unwrap_or_default();
        let conclusion = self.conclusion.as_deref().filter(|word| !word.is_empty());
        let workflow = self.workflow();
        Some(Run {
            id: RunId(self.id),
            name: workflow.clone().unwrap_or_else(|| "run".to_owned()),
            workflow,
            title: self.title.as_deref().map(clean),
            number: self.run_number.unwrap_or_default(),
            attempt: self.run_attempt.unwrap_or(1).max(1),
            event: clean(self.event()),
            sha: sha(self.head_sha.as_deref())?,
            branch: self.head_branch.as_deref().map(clean),
            phase: self.phase(),
            raw: clean(conclusion.unwrap_or(status)).to_lowercase(),
            url: clean(self.html_url.as_deref().unwrap_or_default()),
            actor: self.actor(),
            created_at,
            updated_at: self.updated().unwrap_or(created_at),
            waiting: Vec::new(),
        })
    }
}

/// Puts runs together from tasks, by their number, newest first.
fn of_tasks(tasks: Vec<Task>, repo_url: &str) -> Vec<Run> {
    let mut by_number: BTreeMap<u64, Vec<Task>> = BTreeMap::new();
    for task in tasks {
        by_number.entry(task.run_number).or_default().push(task);
    }
    let runs = by_number.into_iter().rev();
    runs.filter_map(|(number, tasks)| of_one(number, &tasks, repo_url))
        .collect()
}

fn of_one(number: u64, tasks: &[Task], repo_url: &str) -> Option<Run> {
    let first = tasks.first()?;
    let phases: Vec<Phase> = tasks.iter().map(task_phase).collect();
    let begun = |phase: &Phase| *phase != Phase::Queued;
    let phase = if !phases.iter().any(Phase::is_in_flight) {
        Phase::worst(&phases).cloned()?
    } else if phases.iter().any(begun) {
        Phase::Running
    } else {
        Phase::Queued
    };
    let times =
        |of: fn(&Task) -> Option<Timestamp>| tasks.iter().filter_map(move |task| set(of(task)));
    let created_at = times(|task| task.created_at)
        .chain(times(|task| task.run_started_at))
        .min()?;
    let workflow = first.workflow_id.as_deref().map(clean);
    Some(Run {
        id: RunId(number),
        name: workflow.clone().unwrap_or_else(|| "run".to_owned()),
        workflow,
        title: first.display_title.as_deref().map(clean),
        number,
        attempt: 1,
        event: clean(first.event.as_deref().unwrap_or_default()),
        sha: sha(first.head_sha.as_deref())?,
        branch: first.head_branch.as_deref().map(clean),
        raw: phase.word().to_owned(),
        phase,
        url: format!("{repo_url}/actions/runs/{number}"),
        actor: None,
        created_at,
        updated_at: times(|task| task.updated_at).max().unwrap_or(created_at),
        waiting: Vec::new(),
    })
}

fn task_phase(task: &Task) -> Phase {
    words::run(task.status.as_deref().unwrap_or_default(), None, false)
}

impl Forgejo {
    /// Reads a page of runs, newest first. `Ok(None)`: this server shows none.
    pub(super) async fn runs(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        repo_url: &str,
        number: usize,
    ) -> Result<Option<Vec<Run>>, Error> {
        let features = self.features().await?;
        if features.runs {
            let page = self.run_page(purpose, repo, number).await?;
            return Ok(Some(
                page.into_iter().filter_map(WireRun::into_run).collect(),
            ));
        }
        if !features.tasks {
            return Ok(None);
        }
        let tasks = self.task_page(purpose, repo, number).await?;
        Ok(Some(of_tasks(tasks, repo_url)))
    }

    pub(super) async fn run_page(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        number: usize,
    ) -> Result<Vec<WireRun>, Error> {
        let route = below(repo, "/actions/runs?");
        let page: Page = self.page(purpose, &route, "workflow_runs", number).await?;
        Ok(page.each())
    }

    async fn task_page(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        number: usize,
    ) -> Result<Vec<Task>, Error> {
        let route = below(repo, "/actions/tasks?");
        let page = self.page(purpose, &route, "workflow_runs", number).await?;
        Ok(page.each())
    }

    /// Reads one run.
    pub(super) async fn run(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        run: RunId,
    ) -> Result<WireRun, Error> {
        let route = below(repo, format!("/actions/runs/{run}"));
        self.rest.get(purpose, &route).await?.json()
    }

    pub(super) async fn read_jobs(&self, repo: &RepoPath, run: RunId) -> Result<Vec<Job>, Error> {
        let features = self.features().await?;
        if features.jobs {
            return self.jobs_of(repo, run).await;
        }
        if !features.tasks {
            return Err(Error::Unreadable(format!(
                "{} shows neither jobs nor tasks",
                features.version
            )));
        }
        self.jobs_of_tasks(&features, repo, run).await
    }

    /// Forgejo answers with a bare list, Gitea with an object.
    async fn jobs_of(&self, repo: &RepoPath, run: RunId) -> Result<Vec<Job>, Error> {
        let mut jobs: Vec<Job> = Vec::new();
        let route = below(repo, format!("/actions/runs/{run}/jobs?"));
        self.pages(Purpose::Look, &route, "jobs", |page| {
            let before = jobs.len();
            for job in page.each::<WireJob>() {
                // A server that gives the whole list gives it again as the next page.
                if jobs.iter().all(|known| known.id.0 != job.id) {
                    jobs.push(of_job(job));
                }
            }
            jobs.len() > before
        })
        .await?;
        Ok(jobs)
    }

    async fn jobs_of_tasks(
        &self,
        features: &Features,
        repo: &RepoPath,
        run: RunId,
    ) -> Result<Vec<Job>, Error> {
        // With runs but no jobs, a run's id is not its number.
        let number = if features.runs {
            let read = self.run(Purpose::Look, repo, run).await?;
            read.run_number.unwrap_or(run.0)
        } else {
            run.0
        };
        let mut jobs = Vec::new();
        let route = below(repo, "/actions/tasks?");
        self.pages(Purpose::Look, &route, "workflow_runs", |page| {
            let tasks = page.each::<Task>();
            let older = tasks.iter().any(|task| task.run_number < number);
            let own = tasks.into_iter().filter(|task| task.run_number == number);
            jobs.extend(own.map(of_task));
            !older
        })
        .await?;
        Ok(jobs)
    }
}

fn of_job(job: WireJob) -> Job {
    let status = job.status.as_deref().unwrap_or_default();
    let conclusion = job.conclusion.as_deref().filter(|word| !word.is_empty());
    let phase = words::run(status, conclusion, false);
    let steps = job.steps.unwrap_or_default();
    let first = steps.iter().filter_map(|step| set(step.started)).min();
    let last = steps.iter().filter_map(|step| set(step.stopped)).max();
    let over = !phase.is_in_flight();
    Job {
        id: JobId(job.id),
        name: clean(job.name.as_deref().unwrap_or("job")),
        raw: clean(conclusion.unwrap_or(status)).to_lowercase(),
        started_at: set(job.started_at).or(first),
        completed_at: set(job.completed_at).or(last).filter(|_| over),
        url: job.html_url.as_deref().map(clean),
        phase,
    }
}

fn of_task(task: Task) -> Job {
    let phase = task_phase(&task);
    Job {
        id: JobId(task.id),
        name: clean(task.name.as_deref().unwrap_or("job")),
        raw: clean(task.status.as_deref().unwrap_or_default()).to_lowercase(),
        started_at: set(task.run_started_at),
        completed_at: set(task.updated_at).filter(|_| !phase.is_in_flight()),
        url: task.url.as_deref().map(clean),
        phase,
    }
}

/// Says whether Actions are on in a repository, as far as it tells.
pub(super) fn has_actions(repo: &Repository) -> bool {
    repo.has_actions.unwrap_or(true)
}

/// Returns the runs that matter to a board: those of the head, those that wait, those that go on, and
/// those on what stands for an environment, which tell how long it takes to get there.
pub(super) fn that_matter(
    runs: Vec<Run>,
    shas: &[Sha],
    (model, deployments): (&EnvironmentModel, &[Deployment]),
) -> Vec<Run> {
    const OTHERS: usize = 10;
    let mut others = 0;
    let pointed = |run: &Run| {
        let mut deployments = deployments.iter();
        deployments.any(|it| model.is_brought_by(it, run))
    };
    let matters = |run: &Run| {
        if shas.contains(&run.sha) || run.phase.is_in_flight() || pointed(run) {
            return true;
        }
        others += 1;
        others <= OTHERS
    };
    let mut runs = runs;
    runs.retain(matters);
    runs
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn run(wire: Value) -> Run {
        serde_json::from_value::<WireRun>(wire)
            .unwrap()
            .into_run()
            .unwrap()
    }

    #[test]
    fn either_forges_run_is_read() {
        let forgejo = run(
            json!({"id": 7, "index_in_repo": 3, "commit_sha": "AA", "prettyref": "main",
            "event": "workflow_dispatch", "status": "blocked", "need_approval": true, "title": "t",
            "workflow_id": "deploy.yml", "html_url": "u", "created": "2026-11-01T10:00:00Z",
            "started": "1970-01-01T00:00:00Z", "updated": "2026-11-01T10:05:00Z",
            "trigger_user": {"login": "ada"}}),
        );
        let gitea = run(
            json!({"id": 7, "run_number": 3, "run_attempt": 0, "head_sha": "aa", "head_branch": "main",
            "event": "workflow_dispatch", "status": "queued", "conclusion": "", "display_title": "t",
            "path": "deploy.yml@refs/heads/main", "workflow_id": 4, "html_url": "u",
            "started_at": "2026-11-01T10:00:00Z", "actor": {"login": "ada"}}),
        );
        assert_eq!(forgejo.phase, Phase::Gated);
        assert_eq!(gitea.phase, Phase::Queued);
        for run in [&forgejo, &gitea] {
            assert_eq!((run.id, run.number, run.attempt), (RunId(7), 3, 1));
            assert_eq!(run.sha, Sha::from("aa"));
            assert_eq!(run.workflow.as_deref(), Some("deploy.yml"));
            assert_eq!(run.title.as_deref(), Some("t"));
            assert_eq!(run.actor, Some(Person::from("ada")));
            assert_eq!(run.created_at, "2026-11-01T10:00:00Z".parse().unwrap());
        }
    }

    #[test]
    fn tasks_of_one_number_are_one_run() {
        let task = |number: u64, id: u64, status: &str| {
            let task = json!({"id": id, "run_number": number, "status": status, "head_sha": "aa",
                "workflow_id": "ci.yml", "created_at": format!("2026-11-01T10:00:0{id}Z")});
            serde_json::from_value(task).unwrap()
        };
        let runs = of_tasks(
            vec![
                task(1, 1, "success"),
                task(1, 2, "failure"),
                task(2, 3, "success"),
                task(2, 4, "waiting"),
                task(3, 5, "waiting"),
                task(4, 6, "success"),
            ],
            "https://x/acme/web",
        );
        let read: Vec<_> = runs
            .iter()
            .map(|run| (run.id.0, run.phase.clone()))
            .collect();
        assert_eq!(
            read,
            [
                (4, Phase::Succeeded),
                (3, Phase::Queued),
                (2, Phase::Running),
                (1, Phase::Failed)
            ]
        );
        assert_eq!(runs[3].url, "https://x/acme/web/actions/runs/1");
    }

    #[test]
    fn a_job_without_times_is_dated_by_its_steps() {
        let wire = json!({"id": 1, "name": "deploy", "status": "success", "steps": [
            {"started": "2026-11-01T10:00:00Z", "stopped": "2026-11-01T10:01:00Z"},
            {"started": "2026-11-01T10:01:00Z", "stopped": "2026-11-01T10:03:00Z"}]});
        let job = of_job(serde_json::from_value(wire).unwrap());
        assert_eq!(job.started_at, "2026-11-01T10:00:00Z".parse().ok());
        assert_eq!(job.completed_at, "2026-11-01T10:03:00Z".parse().ok());
    }
}
