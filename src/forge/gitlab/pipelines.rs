//! Pipelines, their jobs, and what the jobs of a commit add up to. What a job lets in is in
//! `deployments.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;

use super::memory::Over;
use super::project::User;
use super::{GitLab, words};
use crate::domain::brake;
use crate::domain::ids::{JobId, RepoPath, RunId, Sha};
use crate::domain::phase::Phase;
use crate::domain::pipeline::{Check, Checks, Job, Run};
use crate::domain::text::clean;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::http::path::part;

/// Pipelines of one commit whose jobs count: a push, a merge request and one that was ordered.
const PIPELINES_OF_A_COMMIT: usize = 3;

/// A pipeline as REST has it, in a list or below a deployment.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Pipeline {
    pub(super) id: u64,
    pub(super) iid: Option<u64>,
    /// What `workflow: name` of its file calls it; newer servers tell.
    pub(super) name: Option<String>,
    pub(super) sha: String,
    #[serde(rename = "ref")]
    pub(super) git_ref: Option<String>,
    pub(super) status: String,
    pub(super) source: Option<String>,
    pub(super) web_url: Option<String>,
    pub(super) created_at: Option<Timestamp>,
    pub(super) updated_at: Option<Timestamp>,
    pub(super) user: Option<User>,
}

/// A job as REST has it; a bridge, which starts another pipeline, looks the same.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct WireJob {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) status: String,
    #[serde(default)]
    pub(super) allow_failure: bool,
    pub(super) created_at: Option<Timestamp>,
    pub(super) started_at: Option<Timestamp>,
    pub(super) finished_at: Option<Timestamp>,
    pub(super) web_url: Option<String>,
    coverage: Option<f64>,
    pub(super) user: Option<User>,
    pub(super) pipeline: Option<Pipeline>,
}

/// A commit status: of a job, or set by somebody.
#[derive(Clone, Debug, Deserialize)]
#[expect(clippy::struct_field_names, reason = "GitLab's own words")]
pub(super) struct Status {
    pub(super) name: String,
    pub(super) status: String,
    #[serde(default)]
    allow_failure: bool,
    pub(super) description: Option<String>,
    pub(super) target_url: Option<String>,
    finished_at: Option<Timestamp>,
}

/// What is wanted of a commit's checks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'w> {
    pub(super) named: bool,
    pub(super) reports: bool,
    /// Jobs that deploy: what became of them, deployments tell.
    pub(super) deploying: &'w BTreeSet<u64>,
}

impl Pipeline {
    pub(super) fn sha(&self) -> Sha {
        Sha::from(clean(&self.sha).to_lowercase())
    }

    /// The run that it is to us.
    pub(super) fn run(&self) -> Run {
        let created_at = self.created_at.unwrap_or_default();
        Run {
            id: RunId(self.id),
            name: "pipeline".to_owned(),
            workflow: self.name.as_deref().map(clean).filter(|it| !it.is_empty()),
            title: None,
            number: self.iid.unwrap_or(self.id),
            attempt: 1,
            event: clean(self.source.as_deref().unwrap_or_default()),
            sha: self.sha(),
            branch: self.git_ref.as_deref().map(clean),
            phase: words::pipeline(&self.status),
            raw: clean(&self.status),
            url: clean(self.web_url.as_deref().unwrap_or_default()),
            actor: self.user.as_ref().map(User::person),
            created_at,
            updated_at: self.updated_at.unwrap_or(created_at),
            waiting: Vec::new(),
        }
    }

    /// Says whether nothing goes on in it, nor waits for anybody.
    fn is_over(&self) -> bool {
        matches!(
            words::pipeline(&self.status),
            Phase::Succeeded | Phase::Failed | Phase::Cancelled | Phase::Skipped
        )
    }

    /// Says whether jobs that were not begun wait for a person rather than for other jobs.
    fn stands_still(&self) -> bool {
        !matches!(
            words::pipeline(&self.status),
            Phase::Queued | Phase::Running
        )
    }
}

impl WireJob {
    fn job(&self) -> Job {
        Job {
            id: JobId(self.id),
            name: clean(&self.name),
            phase: words::job(&self.status, self.allow_failure),
            raw: clean(&self.status),
            started_at: self.started_at,
            completed_at: self.finished_at,
            url: self.web_url.as_deref().map(clean),
        }
    }

    fn check(&self, reports: bool) -> Check {
        Check {
            name: clean(&self.name),
            phase: words::job(&self.status, self.allow_failure),
            url: self.web_url.as_deref().map(clean),
            completed_at: self.finished_at,
            report: self
                .coverage
                .filter(|_| reports)
                .map(|coverage| format!("coverage {coverage} %")),
        }
    }
}

impl GitLab {
    /// Reads the newest pipelines of a project, whatever their branch.
    pub(super) async fn recent_pipelines(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
    ) -> Result<Vec<Pipeline>, Error> {
        let route = "/pipelines?order_by=id&sort=desc&per_page=20";
        self.read(purpose, repo, route).await
    }

    /// Reads the newest pipelines of one commit.
    pub(super) async fn pipelines_of(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        sha: &Sha,
    ) -> Result<Vec<Pipeline>, Error> {
        let sha = part(sha.as_str());
        let route = format!("/pipelines?sha={sha}&order_by=id&sort=desc&per_page=20");
        self.read(purpose, repo, route).await
    }

    /// Reads the jobs of a pipeline, and with them the bridges to child pipelines.
    pub(super) async fn wire_jobs(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        pipeline: u64,
    ) -> Result<Vec<WireJob>, Error> {
        let route = format!("/pipelines/{pipeline}/jobs?per_page=100");
        let mut jobs: Vec<WireJob> = self.read_all(purpose, repo, route).await?;
        let route = format!("/pipelines/{pipeline}/bridges?per_page=100");
        let bridges = self
            .read_all_if_there::<WireJob>(purpose, repo, route)
            .await?;
        jobs.extend(bridges.unwrap_or_default());
        Ok(jobs)
    }

    pub(super) async fn read_jobs(&self, repo: &RepoPath, run: RunId) -> Result<Vec<Job>, Error> {
        let jobs = self.wire_jobs(Purpose::Look, repo, run.0).await?;
        Ok(jobs.iter().map(WireJob::job).collect())
    }

    /// Reads what the jobs of a commit's pipelines add up to; `pipelines` are its own, newest first.
    pub(super) async fn checks(
        &self,
        repo: &RepoPath,
        sha: &Sha,
        pipelines: &[Pipeline],
        wanted: Wanted<'_>,
    ) -> Result<Checks, Error> {
        let mut read: Vec<(bool, Arc<[WireJob]>)> = Vec::new();
        for pipeline in pipelines.iter().take(PIPELINES_OF_A_COMMIT) {
            let jobs = self.jobs_for_checks(repo, pipeline).await?;
            read.push((pipeline.stands_still(), jobs));
        }
        let statuses = if wanted.named {
            self.statuses(Purpose::Poll, repo, sha).await?
        } else {
            Vec::new()
        };
        Ok(add_up(sha, &read, &statuses, wanted))
    }

    /// Reads the jobs of a pipeline; those of one that is over are kept while it stays as it is.
    async fn jobs_for_checks(
        &self,
        repo: &RepoPath,
        pipeline: &Pipeline,
    ) -> Result<Arc<[WireJob]>, Error> {
        if let Some(known) = self.memory.jobs_of(repo, pipeline) {
            return Ok(known);
        }
        let mut read = self.wire_jobs(Purpose::Poll, repo, pipeline.id).await?;
        for job in &mut read {
            // Their own pipeline once more, and who started them: nothing that checks are made of.
            (job.pipeline, job.user) = (None, None);
        }
        let jobs: Arc<[WireJob]> = read.into();
        let at_rest = |job: &WireJob| !words::job(&job.status, job.allow_failure).is_in_flight();
        if let (true, Some(updated_at)) = (pipeline.is_over(), pipeline.updated_at)
            && jobs.iter().all(at_rest)
        {
            let over = Over {
                pipeline: pipeline.id,
                status: pipeline.status.clone(),
                updated_at,
                jobs: Arc::clone(&jobs),
            };
            self.memory.keep_jobs(repo, over);
        }
        Ok(jobs)
    }

    /// Reads what was said about a commit from outside, and its jobs once more.
    pub(super) async fn statuses(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        sha: &Sha,
    ) -> Result<Vec<Status>, Error> {
        let route = format!(
            "/repository/commits/{}/statuses?per_page=100",
            part(sha.as_str())
        );
        let found = self.read_all_if_there(purpose, repo, route).await?;
        Ok(found.unwrap_or_default())
    }
}

/// Adds up jobs by name: of one name, the newest pipeline's counts.
///
/// 1. A job that deploys is no check: what became of it, deployments tell.
/// 2. In a pipeline that stands still, a job that was not begun stands behind a person's decision,
///    and would wait for this very promotion.
/// 3. A job that waits for a person says nothing about the revision.
fn add_up(
    sha: &Sha,
    pipelines: &[(bool, Arc<[WireJob]>)],
    statuses: &[Status],
    wanted: Wanted<'_>,
) -> Checks {
    let mut by_name: BTreeMap<String, Check> = BTreeMap::new();
    let mut deploying: BTreeSet<String> = BTreeSet::new();
    for (stands_still, jobs) in pipelines {
        for job in jobs.iter() {
            if wanted.deploying.contains(&job.id) {
                deploying.insert(clean(&job.name));
                continue;
            }
            if *stands_still && job.status == "created" {
                continue;
            }
            let check = job.check(wanted.reports);
            by_name.entry(check.name.clone()).or_insert(check);
        }
    }
    for status in statuses {
        let name = clean(&status.name);
        if deploying.contains(&name) || by_name.contains_key(&name) {
            continue;
        }
        let check = Check {
            phase: words::status(&status.status, status.allow_failure),
            url: status.target_url.as_deref().map(clean),
            completed_at: status.finished_at,
            // What a hold says of itself is told with it.
            report: status
                .description
                .as_deref()
                .filter(|_| wanted.reports || brake::environment(&name).is_some())
                .map(clean),
            name: name.clone(),
        };
        by_name.insert(name, check);
    }
    let contexts: Vec<Check> = by_name.into_values().collect();
    let judged = || contexts.iter().map(|check| &check.phase);
    let settled = Phase::worst(judged().filter(|phase| **phase != Phase::Gated));
    let count = |counts: fn(&Phase) -> bool| -> u32 {
        u32::try_from(judged().filter(|phase| counts(phase)).count()).unwrap_or(u32::MAX)
    };
    Checks {
        sha: sha.clone(),
        phase: settled.or(Phase::worst(judged())).cloned(),
        succeeded: count(|phase| {
            matches!(phase, Phase::Succeeded | Phase::Skipped | Phase::Superseded)
        }),
        failed: count(|phase| matches!(phase, Phase::Failed | Phase::Cancelled)),
        pending: count(Phase::is_in_flight),
        total: count(|_| true),
        contexts: if wanted.named { contexts } else { Vec::new() },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(id: u64, name: &str, status: &str) -> WireJob {
        serde_json::from_value(json!({"id": id, "name": name, "status": status, "coverage": 87.5}))
            .unwrap()
    }

    #[test]
    fn what_deploys_or_waits_for_a_person_is_no_check_of_the_revision() {
        let sha = Sha::from("ab");
        let deploying = BTreeSet::from([3]);
        let wanted = Wanted {
            named: true,
            reports: true,
            deploying: &deploying,
        };
        let jobs = vec![
            job(1, "test", "success"),
            job(2, "lint", "skipped"),
            job(3, "deploy production", "failed"),
            job(4, "approve", "manual"),
            job(5, "smoke", "created"),
        ];
        let jobs: Arc<[WireJob]> = jobs.into();
        let checks = add_up(&sha, &[(true, Arc::clone(&jobs))], &[], wanted);
        let names: Vec<&str> = checks
            .contexts
            .iter()
            .map(|check| check.name.as_str())
            .collect();
        assert_eq!(names, ["approve", "lint", "test"]);
        assert_eq!(checks.phase, Some(Phase::Succeeded));
        assert_eq!((checks.succeeded, checks.pending, checks.total), (2, 1, 3));
        assert_eq!(
            checks.contexts[2].report.as_deref(),
            Some("coverage 87.5 %")
        );
        // While the pipeline runs, what was not begun is still to come.
        let running = add_up(&sha, &[(false, jobs)], &[], wanted);
        assert_eq!(running.phase, Some(Phase::Queued));
    }

    #[test]
    fn of_one_name_the_newest_pipeline_counts() {
        let none = BTreeSet::new();
        let wanted = Wanted {
            named: false,
            reports: false,
            deploying: &none,
        };
        let newer = (true, [job(9, "test", "success")].into());
        let older = (
            true,
            [job(1, "test", "failed"), job(2, "lint", "success")].into(),
        );
        let checks = add_up(&Sha::from("ab"), &[newer, older], &[], wanted);
        assert_eq!((checks.phase, checks.total), (Some(Phase::Succeeded), 2));
        assert!(checks.contexts.is_empty(), "nobody asked for names");
        let nothing = add_up(&Sha::from("ab"), &[], &[], wanted);
        assert_eq!(nothing.phase, None);
    }
}
