//! What happens on a forge by itself: pushes, checks, deployments that end, and runs that come to wait.
//! What people do there past gonogo lives in `people.rs`.

use jiff::{SignedDuration, Timestamp};

use super::{Change, Repo, deployment, head, rolled};
use crate::domain::deployment::Maker;
use crate::domain::facts::Release;
use crate::domain::forge_kind::ForgeKind;
use crate::domain::ids::{
    DeploymentId, EnvironmentId, EnvironmentName, IntentId, JobId, Person, PullRequestNumber,
    ReleaseId, RunId, Sha,
};
use crate::domain::phase::Phase;
use crate::domain::pipeline::{Check, Door, Run, Waiting};
use crate::domain::policy::Via;
use crate::domain::pull_request::{ChangeState, PullRequest, Review};
use crate::runtime::evenings::chance::Chance;

/// What each job that deploys is called.
const JOB: &str = "deploy";

/// The checks that a push starts.
pub(super) const CONTEXTS: [&str; 2] = ["build", "e2e"];

impl Repo {
    /// Lets everything happen that is due by `now`.
    pub fn advance(&mut self, chance: &mut Chance, now: Timestamp) {
        loop {
            let due = self
                .coming
                .iter()
                .enumerate()
                .filter(|(_, (at, _))| *at <= now);
            let Some(place) = due.min_by_key(|(_, (at, _))| *at).map(|(place, _)| place) else {
                return;
            };
            let (at, change) = self.coming.remove(place);
            self.happen(chance, change, at);
            self.keep(at);
        }
    }

    pub(super) fn comes(&mut self, at: Timestamp, change: Change) {
        self.coming.push((at, change));
    }

    fn happen(&mut self, chance: &mut Chance, change: Change, at: Timestamp) {
        match change {
            Change::Deployment(id, phase) => self.deployment_is(chance, id, &phase, at),
            Change::Run(id, phase) => self.run_is(id, &phase, at),
            Change::Check(sha, place, phase) => self.check_is(&sha, place, phase, at),
            Change::Deploy {
                environment,
                sha,
                key,
                cause,
                run,
            } => {
                let stopped = run.is_some_and(|id| {
                    let run = self.truth.runs.iter().find(|run| run.id == id);
                    run.is_none_or(|run| !run.phase.is_in_flight())
                });
                if !stopped {
                    let id = self.deploys(chance, &environment, sha, key, run, at);
                    if let Some(cause) = cause {
                        self.made_by.insert(id, Some(cause));
                    }
                }
            }
        }
    }

    /// Somebody pushes to the branch.
    pub fn push(&mut self, chance: &mut Chance, at: Timestamp) {
        let sha = Sha::from(chance.sha());
        self.commits.push(sha.clone());
        self.truth.head = Some(head(&sha, at));
        let review = Review {
            author: Person::from(if chance.percent(80) { "fay" } else { "eve" }),
            approved: chance.percent(85),
            at: None,
        };
        self.approvals.insert(sha.clone(), vec![review]);
        let contexts = CONTEXTS.map(|name| Check {
            name: name.to_owned(),
            phase: Phase::Queued,
            url: None,
            completed_at: None,
            report: None,
        });
        let checks = rolled(&sha, contexts.to_vec());
        self.truth.checks.insert(sha.clone(), checks);
        for place in 0..CONTEXTS.len() {
            let phase = if chance.percent(88) {
                Phase::Succeeded
            } else {
                Phase::Failed
            };
            let change = Change::Check(sha.clone(), place, phase);
            let ends = at + chance.seconds(3, 40);
            self.comes(ends, change);
        }
        let first = self.path[0].clone();
        match first.via {
            Via::Forge => {
                let change = Change::Deploy {
                    environment: first.environment,
                    sha,
                    key: None,
                    cause: None,
                    run: None,
                };
                let begins = at + chance.seconds(5, 60);
                self.comes(begins, change);
            }
            Via::Approval { .. } | Via::Job { .. } => self.waits(&first.environment, &sha, at),
            Via::Workflow { .. }
            | Via::Deployment
            | Via::PullRequest { .. }
            | Via::Pipeline { .. }
            | Via::Tag { .. }
            | Via::Status { .. }
            | Via::Release
            | Via::Checklist => {}
        }
        self.keep(at);
    }

    /// A deployment from before the evening.
    pub(super) fn deployed_before(
        &mut self,
        environment: &EnvironmentName,
        sha: Sha,
        at: Timestamp,
    ) {
        let id = self.next_id();
        let mut made = deployment(id, environment, sha.clone(), Phase::Succeeded, at);
        // Its job can be run again, to go back to what it brought.
        if self.host.kind == ForgeKind::GitLab {
            let run = RunId(self.next_id());
            made.made_by = self.maker(run, None);
            self.last_of.insert(run, DeploymentId(id));
            let ended = new_run(run, &sha, Phase::Succeeded, at);
            self.truth.runs.insert(0, ended);
        }
        self.truth.deployments.insert(0, made);
        self.supersede(DeploymentId(id), environment, at);
    }

    /// A deployment begins, and will end.
    pub(super) fn deploys(
        &mut self,
        chance: &mut Chance,
        environment: &EnvironmentName,
        sha: Sha,
        key: Option<IntentId>,
        run: Option<RunId>,
        at: Timestamp,
    ) -> DeploymentId {
        let id = self.next_id();
        let mut made = deployment(id, environment, sha, Phase::Queued, at);
        made.key = key.filter(|_| self.host.keys);
        if let Some(run) = run {
            made.made_by = self.maker(run, None);
            self.last_of.insert(run, DeploymentId(id));
        }
        self.truth.deployments.insert(0, made);
        self.will_end(chance, DeploymentId(id), run, at);
        DeploymentId(id)
    }

    /// The job of a run that makes a deployment, where the forge tells of it: the one that waited, or one
    /// of its own.
    pub(super) fn maker(&mut self, run: RunId, waited: Option<JobId>) -> Option<Maker> {
        if self.host.kind != ForgeKind::GitLab {
            return None;
        }
        let job = waited.unwrap_or_else(|| JobId(self.next_id()));
        Some(Maker {
            run,
            job,
            name: JOB.to_owned(),
        })
    }

    /// A deployment that was let in goes its way.
    pub(super) fn will_end(
        &mut self,
        chance: &mut Chance,
        id: DeploymentId,
        run: Option<RunId>,
        at: Timestamp,
    ) {
        let runs = at + chance.seconds(1, 15);
        let ends = runs + chance.seconds(3, 60);
        let phase = if chance.percent(82) {
            Phase::Succeeded
        } else {
            Phase::Failed
        };
        self.comes(runs, Change::Deployment(id, Phase::Running));
        self.comes(ends, Change::Deployment(id, phase.clone()));
        if let Some(run) = run {
            self.comes(ends + SignedDuration::from_secs(1), Change::Run(run, phase));
        }
    }

    fn deployment_is(
        &mut self,
        chance: &mut Chance,
        id: DeploymentId,
        phase: &Phase,
        at: Timestamp,
    ) {
        let found = self
            .truth
            .deployments
            .iter_mut()
            .find(|known| known.id == id);
        // What was stopped in the meantime stays stopped.
        let Some(found) = found.filter(|known| known.phase.is_in_flight()) else {
            return;
        };
        found.phase = phase.clone();
        phase.word().clone_into(&mut found.raw);
        found.changed_at = at;
        let (environment, sha) = (found.environment.clone(), found.sha.clone());
        if *phase == Phase::Succeeded {
            self.supersede(id, &environment, at);
            let sha = self.merged.get(&sha).cloned().unwrap_or(sha);
            self.arrived(chance, &environment, &sha, at);
        }
    }

    /// What was live and is older than `id` is no longer; a newer one stays, whichever ended first.
    fn supersede(&mut self, id: DeploymentId, environment: &EnvironmentName, at: Timestamp) {
        if !self.host.supersedes {
            return;
        }
        let this = self.truth.deployments.iter().find(|known| known.id == id);
        let age = this.map(|known| (known.created_at, known.id));
        let others = self.truth.deployments.iter_mut().filter(|known| {
            Some((known.created_at, known.id)) < age
                && known.environment == *environment
                && known.phase == Phase::Succeeded
        });
        for other in others {
            other.phase = Phase::Superseded;
            "inactive".clone_into(&mut other.raw);
            other.changed_at = at;
        }
    }

    /// A revision is live: what leads it into the next environment begins.
    pub(super) fn arrived(
        &mut self,
        chance: &mut Chance,
        environment: &EnvironmentName,
        sha: &Sha,
        at: Timestamp,
    ) {
        let place = self
            .path
            .iter()
            .position(|stage| stage.environment == *environment);
        let Some(next) = place.and_then(|place| self.path.get(place + 1)).cloned() else {
            return;
        };
        match &next.via {
            Via::Approval { .. } | Via::Job { .. } => self.waits(&next.environment, sha, at),
            Via::PullRequest { base, head, .. } => {
                let number = PullRequestNumber(self.next_id());
                self.truth
                    .pull_requests
                    .retain(|known| known.base_ref != *base);
                self.truth.pull_requests.push(PullRequest {
                    number,
                    title: format!("to {base}"),
                    author: Some(Person::from("robot")),
                    url: "https://forge.example/pull".to_owned(),
                    head: sha.clone(),
                    head_ref: head.clone(),
                    base_ref: base.clone(),
                    state: ChangeState::Ready,
                    checks: None,
                    raw: "clean".to_owned(),
                    labels: Vec::new(),
                    updated_at: at,
                });
                self.truth.open_pull_requests = self.truth.pull_requests.len() as u64;
            }
            Via::Release => {
                let id = self.next_id();
                self.truth.releases.insert(
                    0,
                    Release {
                        id: Some(ReleaseId(id)),
                        tag: format!("1.{id}"),
                        name: None,
                        draft: true,
                        prerelease: false,
                        sha: Some(sha.clone()),
                        created_at: at,
                        published_at: None,
                        url: "https://forge.example/release".to_owned(),
                    },
                );
            }
            Via::Forge => {
                let change = Change::Deploy {
                    environment: next.environment.clone(),
                    sha: sha.clone(),
                    key: None,
                    cause: None,
                    run: None,
                };
                let begins = at + chance.seconds(5, 60);
                self.comes(begins, change);
            }
            Via::Workflow { .. }
            | Via::Deployment
            | Via::Pipeline { .. }
            | Via::Tag { .. }
            | Via::Status { .. }
            | Via::Checklist => {}
        }
    }

    /// A run of a revision comes to wait before an environment.
    fn waits(&mut self, environment: &EnvironmentName, sha: &Sha, at: Timestamp) {
        let run = RunId(self.next_id());
        let deployment_id = DeploymentId(self.next_id());
        let door = self.door_of(environment, deployment_id);
        // A job that was never started has no deployment.
        if !matches!(door, Door::Job { .. }) {
            let gated = deployment(deployment_id.0, environment, sha.clone(), Phase::Gated, at);
            self.truth.deployments.insert(0, gated);
        }
        let mut waiting = new_run(run, sha, Phase::Gated, at);
        waiting.waiting.push(self::waiting(environment, door));
        self.door.insert(run, environment.clone());
        self.truth.runs.insert(0, waiting);
    }

    /// What lets a run into an environment here.
    pub(super) fn door_of(&mut self, environment: &EnvironmentName, id: DeploymentId) -> Door {
        if self.host.kind == ForgeKind::GitLab {
            let (job, name) = (JobId(self.next_id()), JOB.to_owned());
            return if self.host.approves {
                Door::Deployment {
                    deployment: id,
                    job,
                    name,
                }
            } else {
                Door::Job { job, name }
            };
        }
        let mut path = self.path.iter();
        let place = path.position(|stage| stage.environment == *environment);
        Door::Review(EnvironmentId(1 + place.unwrap_or(0) as u64))
    }

    pub(super) fn run_is(&mut self, id: RunId, phase: &Phase, at: Timestamp) {
        let found = self.truth.runs.iter_mut().find(|known| known.id == id);
        let Some(found) = found.filter(|known| known.phase.is_in_flight()) else {
            return;
        };
        found.phase = phase.clone();
        phase.word().clone_into(&mut found.raw);
        found.updated_at = at;
    }

    pub(super) fn check_is(&mut self, sha: &Sha, place: usize, phase: Phase, at: Timestamp) {
        let Some(checks) = self.truth.checks.get(sha) else {
            return;
        };
        let mut contexts = checks.contexts.clone();
        contexts[place].completed_at = (!phase.is_in_flight()).then_some(at);
        contexts[place].phase = phase;
        self.truth.checks.insert(sha.clone(), rolled(sha, contexts));
    }

    /// Pull requests show the labels that are there.
    pub(super) fn show_labels(&mut self, now: Timestamp) {
        let there = self.marks.labels(now);
        for request in &mut self.truth.pull_requests {
            let own = there.iter().filter(|(number, _)| *number == request.number);
            request.labels = own.map(|(_, label)| label.clone()).collect();
        }
    }

    /// A commit status is set: it is among the checks of its commit.
    pub(super) fn status_is(&mut self, sha: &Sha, context: &str, phase: Phase, at: Timestamp) {
        let known = self.truth.checks.get(sha);
        let mut contexts = known.map_or_else(Vec::new, |checks| checks.contexts.clone());
        contexts.retain(|check| check.name != context);
        contexts.push(Check {
            name: context.to_owned(),
            phase,
            url: None,
            completed_at: Some(at),
            report: None,
        });
        self.truth.checks.insert(sha.clone(), rolled(sha, contexts));
    }
}

/// A run waits at the door of an environment.
pub(super) fn waiting(environment: &EnvironmentName, door: Door) -> Waiting {
    Waiting {
        environment: environment.clone(),
        door,
        may_approve: true,
        reviewers: Vec::new(),
        wait_timer: SignedDuration::ZERO,
        wait_started_at: None,
    }
}

pub(super) fn new_run(id: RunId, sha: &Sha, phase: Phase, at: Timestamp) -> Run {
    Run {
        id,
        name: "deploy".to_owned(),
        workflow: Some("deploy.yml".to_owned()),
        title: None,
        number: id.0,
        attempt: 1,
        event: "push".to_owned(),
        sha: sha.clone(),
        branch: Some("main".to_owned()),
        raw: phase.word().to_owned(),
        phase,
        url: "https://forge.example/run".to_owned(),
        actor: None,
        created_at: at,
        updated_at: at,
        waiting: Vec::new(),
    }
}
