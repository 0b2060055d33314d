//! Deployments, and the doors that let a pipeline into an environment: one that is blocked until it
//! is approved (in some editions), or a job that a person starts.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::pipelines::{Pipeline, WireJob};
use super::project::User;
use super::{GitLab, words};
use crate::domain::deployment::{Deployment, Maker};
use crate::domain::ids::{
    DeploymentId, EnvironmentId, EnvironmentName, JobId, Person, RepoPath, RunId, Sha,
};
use crate::domain::phase::Phase;
use crate::domain::pipeline::{Door, Run, Waiting};
use crate::domain::text::clean;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::http::path::part;

/// Pipelines in which a job that the config names is looked for, where no deployment shows it.
const LOOKED_THROUGH: usize = 5;

/// The newest deployments into an environment that are looked at.
const NEWEST: usize = 20;
/// GitLab makes no longer pages.
const MOST_IN_A_PAGE: usize = 100;

/// A deployment as REST has it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct WireDeployment {
    pub(super) id: u64,
    pub(super) iid: Option<u64>,
    pub(super) sha: String,
    #[serde(rename = "ref")]
    git_ref: Option<String>,
    pub(super) status: String,
    pub(super) created_at: Timestamp,
    updated_at: Option<Timestamp>,
    pub(super) user: Option<User>,
    environment: Option<Place>,
    pub(super) deployable: Option<WireJob>,
    /// Premium alone.
    pub(super) approvals: Option<Vec<Approval>>,
}

#[derive(Clone, Debug, Deserialize)]
struct Place {
    id: u64,
    name: String,
}

/// What somebody said to a blocked deployment.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Approval {
    pub(super) user: Option<User>,
    pub(super) status: Option<String>,
    pub(super) comment: Option<String>,
}

/// What the deployments of a service told.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Newest first.
    pub(super) deployments: Vec<Deployment>,
    /// Their numbers within the project, and ours.
    pub(super) numbers: BTreeMap<u64, u64>,
    pub(super) environments: BTreeMap<EnvironmentName, EnvironmentId>,
    /// Jobs that deploy.
    pub(super) jobs: BTreeSet<u64>,
    /// Pipelines that wait, by the deployments that do.
    pub(super) waiting: Vec<(Pipeline, Waiting)>,
    /// The newest pipeline that has entered each environment.
    pub(super) entered: BTreeMap<EnvironmentName, u64>,
}

impl WireDeployment {
    pub(super) fn phase(&self) -> Phase {
        let job = self.deployable.as_ref().map(|job| job.status.as_str());
        words::deployment(&self.status, job)
    }

    fn deployment(&self) -> Option<Deployment> {
        let job = self.deployable.as_ref();
        let updated_at = self.updated_at.unwrap_or(self.created_at);
        Some(Deployment {
            id: DeploymentId(self.id),
            environment: EnvironmentName::from(clean(&self.environment.as_ref()?.name)),
            sha: Sha::from(clean(&self.sha).to_lowercase()),
            git_ref: self.git_ref.as_deref().map(clean),
            phase: self.phase(),
            raw: clean(&self.status),
            // A deployment is made with its pipeline, and a person may start its job days later:
            // what came after what is told by when it began.
            created_at: job
                .and_then(|job| job.started_at)
                .map_or(self.created_at, |started| started.max(self.created_at)),
            changed_at: job
                .and_then(|job| job.finished_at)
                .map_or(updated_at, |finished| finished.max(updated_at)),
            creator: self.user.as_ref().map(User::person),
            description: None,
            url: job.and_then(|job| job.web_url.as_deref()).map(clean),
            key: None,
            payload: None,
            began_at: None,
            live_at: None,
            made_by: job.and_then(|job| {
                Some(Maker {
                    run: RunId(job.pipeline.as_ref()?.id),
                    job: JobId(job.id),
                    name: clean(&job.name),
                })
            }),
        })
    }

    /// The pipeline of its job.
    fn pipeline(&self) -> Option<u64> {
        let job = self.deployable.as_ref()?;
        job.pipeline.as_ref().map(|pipeline| pipeline.id)
    }

    fn has_entered(&self) -> bool {
        matches!(
            self.phase(),
            Phase::Succeeded | Phase::Running | Phase::Failed | Phase::Superseded
        )
    }

    fn is_into(&self, environment: &EnvironmentName) -> bool {
        let place = self.environment.as_ref();
        place.is_some_and(|place| clean(&place.name) == environment.as_str())
    }

    /// What would let it in, if it waits for a person.
    fn door(&self) -> Option<Door> {
        let job = self.deployable.as_ref()?;
        let (id, name) = (JobId(job.id), clean(&job.name));
        match (self.status.as_str(), job.status.as_str()) {
            ("blocked", _) => Some(Door::Deployment {
                deployment: DeploymentId(self.id),
                job: id,
                name,
            }),
            ("created", "manual") => Some(Door::Job { job: id, name }),
            _ => None,
        }
    }

    fn waiting(&self, me: Option<&Person>) -> Option<(Pipeline, Waiting)> {
        let (place, door) = (self.environment.as_ref()?, self.door()?);
        let pipeline = self.deployable.as_ref()?.pipeline.clone()?;
        let mut answered = self
            .approvals
            .iter()
            .flatten()
            .filter_map(|it| it.user.as_ref());
        // One approval a person: who has answered cannot answer once more.
        let mine = answered.any(|user| Some(&user.person()) == me);
        let waiting = waiting(EnvironmentName::from(clean(&place.name)), door, !mine);
        Some((pipeline, waiting))
    }
}

fn waiting(environment: EnvironmentName, door: Door, may_approve: bool) -> Waiting {
    Waiting {
        environment,
        door,
        may_approve,
        reviewers: Vec::new(),
        wait_timer: SignedDuration::ZERO,
        wait_started_at: None,
    }
}

impl Found {
    /// Takes the deployments of one environment, in any order and some of them twice. `job` is the
    /// one that lets in, where the config names one.
    fn take(
        &mut self,
        environment: &EnvironmentName,
        read: Vec<WireDeployment>,
        job: Option<&str>,
        me: Option<&Person>,
    ) {
        let by_id: BTreeMap<u64, WireDeployment> =
            read.into_iter().map(|read| (read.id, read)).collect();
        let (mut entered, mut newest_in) = (None, None);
        let mut deployments: Vec<Deployment> = Vec::new();
        for read in by_id.values() {
            self.numbers.extend(read.iid.map(|iid| (iid, read.id)));
            self.jobs.extend(read.deployable.as_ref().map(|job| job.id));
            if let Some(place) = &read.environment {
                self.environments
                    .insert(environment.clone(), EnvironmentId(place.id));
            }
            if read.has_entered() {
                newest_in = newest_in.max(Some(read.id));
                entered = entered.max(read.pipeline());
            }
            deployments.extend(read.deployment());
        }
        self.entered
            .extend(entered.map(|id| (environment.clone(), id)));
        for read in by_id.values() {
            let Some((pipeline, waiting)) = read.waiting(me) else {
                continue;
            };
            let is_wanted = match &waiting.door {
                Door::Review(_) => true,
                Door::Deployment { name, .. } | Door::Job { name, .. } => {
                    job.is_none_or(|job| job == name)
                }
            };
            // An older pipeline's job waits for ever once a newer one went in; by default GitLab
            // lets it fail as outdated. One that was in and was run again since, to go back, does not.
            let again = newest_in.is_some_and(|newest| read.id > newest)
                && by_id.range(..read.id).any(|(_, earlier)| {
                    earlier.has_entered() && earlier.pipeline() == Some(pipeline.id)
                });
            if is_wanted && (again || entered.is_none_or(|entered| pipeline.id >= entered)) {
                self.waiting.push((pipeline, waiting));
            }
        }
        supersede(&mut deployments);
        self.deployments.append(&mut deployments);
    }

    /// Adds runs that wait, and puts what each waits for into it.
    pub(super) fn into_runs(self, runs: &mut Vec<Run>) -> Vec<Deployment> {
        for (pipeline, waiting) in self.waiting {
            let id = RunId(pipeline.id);
            let known = runs.iter().position(|run| run.id == id);
            let place = known.unwrap_or_else(|| {
                runs.push(pipeline.run());
                runs.len() - 1
            });
            if let Some(run) = runs.get_mut(place) {
                run.waiting.push(waiting);
            }
        }
        let mut deployments = self.deployments;
        deployments.sort_by_key(|each| std::cmp::Reverse((each.created_at, each.id)));
        deployments
    }
}

/// Of several successes in one environment, only the newest is live.
fn supersede(deployments: &mut [Deployment]) {
    let succeeded = |each: &&Deployment| each.phase == Phase::Succeeded;
    let newest = deployments.iter().filter(succeeded);
    let newest = newest.map(|each| (each.created_at, each.id)).max();
    for each in deployments.iter_mut() {
        if each.phase == Phase::Succeeded && Some((each.created_at, each.id)) != newest {
            each.phase = Phase::Superseded;
        }
    }
}

impl GitLab {
    /// Reads the deployments into each environment.
    ///
    /// Twice each where there are many: every pipeline makes a deployment that only waits, and those
    /// would push out what is live.
    pub(super) async fn deployments(
        &self,
        repo: &RepoPath,
        environments: &[EnvironmentName],
        jobs: &BTreeMap<EnvironmentName, String>,
    ) -> Result<Found, Error> {
        let me = self.memory.known().login.clone();
        let mut found = Found::default();
        let (recent, are_all) = self.recent_deployments(repo, environments.len()).await?;
        for environment in environments {
            let name = part(environment.as_str());
            let own = recent.iter().filter(|each| each.is_into(environment));
            let mut read: Vec<WireDeployment> = own.take(NEWEST).cloned().collect();
            if !are_all && read.len() < NEWEST {
                let newest = format!(
                    "/deployments?environment={name}&order_by=id&sort=desc&per_page={NEWEST}"
                );
                read = self.read(Purpose::Poll, repo, newest).await?;
            }
            if !are_all && read.len() >= NEWEST {
                let live = format!(
                    "/deployments?environment={name}&status=success&order_by=id&sort=desc&per_page=10"
                );
                read.extend(
                    self.read::<Vec<WireDeployment>>(Purpose::Poll, repo, live)
                        .await?,
                );
            }
            let job = jobs.get(environment).map(String::as_str);
            found.take(environment, read, job, me.as_ref());
        }
        Ok(found)
    }

    /// Reads the newest deployments into all environments at once, and says whether those are all there
    /// are. Of one environment alone its own list is as good.
    async fn recent_deployments(
        &self,
        repo: &RepoPath,
        environments: usize,
    ) -> Result<(Vec<WireDeployment>, bool), Error> {
        if environments < 2 {
            return Ok((Vec::new(), false));
        }
        let count = (environments * NEWEST).min(MOST_IN_A_PAGE);
        let route = format!("/deployments?order_by=id&sort=desc&per_page={count}");
        let read: Vec<WireDeployment> = self.read(Purpose::Poll, repo, route).await?;
        let are_all = read.len() < count;
        Ok((read, are_all))
    }

    /// Looks for the jobs that the config names where no deployment shows them: they deploy without
    /// an `environment` of their own.
    pub(super) async fn named_jobs(
        &self,
        repo: &RepoPath,
        jobs: &BTreeMap<EnvironmentName, String>,
        recent: &[Pipeline],
        found: &mut Found,
    ) -> Result<(), Error> {
        let is_seen = |environment: &EnvironmentName, found: &Found| {
            found
                .waiting
                .iter()
                .any(|(_, waiting)| waiting.environment == *environment)
        };
        if jobs.keys().all(|environment| is_seen(environment, found)) {
            return Ok(());
        }
        for pipeline in recent.iter().take(LOOKED_THROUGH) {
            let route = format!(
                "/pipelines/{}/jobs?scope[]=manual&per_page=100",
                pipeline.id
            );
            let manual: Vec<WireJob> = self.read(Purpose::Poll, repo, route).await?;
            for (environment, name) in jobs {
                let entered = found.entered.get(environment);
                if entered.is_some_and(|entered| pipeline.id < *entered) {
                    continue;
                }
                if let Some(job) = manual.iter().find(|job| clean(&job.name) == *name)
                    && !found.jobs.contains(&job.id)
                {
                    found.jobs.insert(job.id);
                    let door = Door::Job {
                        job: JobId(job.id),
                        name: name.clone(),
                    };
                    let waiting = waiting(environment.clone(), door, true);
                    found.waiting.push((pipeline.clone(), waiting));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn deployed(id: u64, status: &str, job: &str, started: Option<u32>) -> Value {
        let at = |minute: u32| format!("2026-11-01T10:{minute:02}:00Z");
        json!({"id": id, "iid": id - 100, "sha": format!("{id:040X}"), "ref": "main",
            "status": status, "created_at": at(1), "updated_at": at(2),
            "user": {"username": "ada"}, "environment": {"id": 7, "name": "production"},
            "deployable": {"id": id + 1000, "name": "deploy", "status": job,
                "started_at": started.map(at), "finished_at": null,
                "pipeline": {"id": id + 2000, "iid": 4, "sha": format!("{id:040X}"), "ref": "main",
                    "status": "manual", "created_at": at(1)}}})
    }

    fn take(values: Vec<Value>, job: Option<&str>) -> Found {
        let read = values
            .into_iter()
            .map(|value| serde_json::from_value(value).unwrap());
        let mut found = Found::default();
        found.take(
            &"production".into(),
            read.collect(),
            job,
            Some(&"ada".into()),
        );
        found
    }

    #[test]
    fn what_began_last_is_live_whichever_pipeline_is_newer() {
        let found = take(
            vec![
                deployed(101, "success", "success", Some(50)),
                deployed(102, "success", "success", Some(20)),
                deployed(103, "created", "manual", None),
            ],
            None,
        );
        let phases: Vec<_> = found
            .deployments
            .iter()
            .map(|each| (each.id.0, &each.phase))
            .collect();
        assert_eq!(
            phases,
            [
                (101, &Phase::Succeeded),
                (102, &Phase::Superseded),
                (103, &Phase::Gated)
            ]
        );
        assert_eq!(found.numbers[&1], 101);
        assert_eq!(
            found.environments[&EnvironmentName::from("production")],
            EnvironmentId(7)
        );
    }

    #[test]
    fn a_manual_job_and_a_blocked_deployment_are_doors_and_an_outdated_one_is_none() {
        let mut approved = deployed(104, "blocked", "manual", None);
        approved["approvals"] = json!([{"user": {"username": "ada"}, "status": "approved"}]);
        let found = take(
            vec![
                deployed(101, "created", "manual", None),
                deployed(102, "success", "success", Some(5)),
                deployed(103, "created", "manual", None),
                approved,
                deployed(105, "created", "created", None),
            ],
            None,
        );
        let doors: Vec<_> = found
            .waiting
            .iter()
            .map(|(_, waiting)| waiting.door.clone())
            .collect();
        let (job, name) = (JobId(1103), "deploy".to_owned());
        let manual = Door::Job {
            job,
            name: name.clone(),
        };
        let (deployment, job) = (DeploymentId(104), JobId(1104));
        assert_eq!(
            doors,
            [
                manual,
                Door::Deployment {
                    deployment,
                    job,
                    name
                }
            ]
        );
        let may: Vec<bool> = found
            .waiting
            .iter()
            .map(|(_, waiting)| waiting.may_approve)
            .collect();
        assert_eq!(
            may,
            [true, false],
            "who has approved cannot approve once more"
        );
        let mut runs = Vec::new();
        found.into_runs(&mut runs);
        assert_eq!(runs.len(), 2);
        assert_eq!((runs[0].id, runs[0].number), (RunId(2103), 4));
    }

    #[test]
    fn an_older_job_that_was_run_again_to_go_back_is_a_door_once_more() {
        let mut again = deployed(105, "blocked", "manual", None);
        // In the pipeline of what was live before.
        again["deployable"]["pipeline"]["id"] = json!(2101);
        let found = take(
            vec![
                deployed(101, "success", "success", Some(5)),
                deployed(102, "success", "success", Some(20)),
                again,
            ],
            None,
        );
        let doors: Vec<u64> = found.waiting.iter().map(|(it, _)| it.id).collect();
        assert_eq!(doors, [2101]);
        let made = found.deployments[0].made_by.as_ref().unwrap();
        assert_eq!((made.run, made.job), (RunId(2101), JobId(1101)));
    }

    #[test]
    fn a_job_that_the_config_names_is_the_only_door() {
        let waits = || vec![deployed(103, "created", "manual", None)];
        assert_eq!(take(waits(), Some("deploy")).waiting.len(), 1);
        assert!(take(waits(), Some("release")).waiting.is_empty());
    }
}
