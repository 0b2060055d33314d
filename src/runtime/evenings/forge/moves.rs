//! What happens on a forge by itself or by others: pushes, checks, deployments that end, runs that
//! come to wait, and everything that happens without gonogo.

use jiff::{SignedDuration, Timestamp};

use super::{Change, Repo, deployment, head, rolled};
use crate::domain::facts::Release;
use crate::domain::ids::{
    DeploymentId, EnvironmentId, EnvironmentName, IntentId, Person, PullRequestNumber, ReleaseId,
    RunId, Sha,
};
use crate::domain::phase::Phase;
use crate::domain::pipeline::{Check, Door, Run, Waiting};
use crate::domain::policy::Via;
use crate::domain::pull_request::{ChangeState, PullRequest, Review};
use crate::runtime::evenings::chance::Chance;

/// The checks that a push starts.
const CONTEXTS: [&str; 2] = ["build", "e2e"];

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
            Via::Approval { .. } => self.waits(&first.environment, &sha, at),
            Via::Workflow { .. }
            | Via::Deployment
            | Via::PullRequest { .. }
            | Via::Job { .. }
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
        let made = deployment(id, environment, sha, Phase::Succeeded, at);
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
        made.key = key;
        self.truth.deployments.insert(0, made);
        self.will_end(chance, DeploymentId(id), run, at);
        DeploymentId(id)
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
        let phase = if chance.percent(88) {
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
            Via::Approval { .. } => self.waits(&next.environment, sha, at),
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
            | Via::Job { .. }
            | Via::Pipeline { .. }
            | Via::Tag { .. }
            | Via::Status { .. }
            | Via::Checklist => {}
        }
    }

    /// A run of a revision comes to wait before an environment.
    fn waits(&mut self, environment: &EnvironmentName, sha: &Sha, at: Timestamp) {
        let run = RunId(self.next_id());
        let id = self.next_id();
        let gated = deployment(id, environment, sha.clone(), Phase::Gated, at);
        self.truth.deployments.insert(0, gated);
        let place = self
            .path
            .iter()
            .position(|stage| stage.environment == *environment);
        let mut waiting = new_run(run, sha, Phase::Gated, at);
        waiting
            .waiting
            .push(self::waiting(environment, place.unwrap_or(0)));
        self.door.insert(run, environment.clone());
        self.truth.runs.insert(0, waiting);
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

    fn check_is(&mut self, sha: &Sha, place: usize, phase: Phase, at: Timestamp) {
        let Some(checks) = self.truth.checks.get(sha) else {
            return;
        };
        let mut contexts = checks.contexts.clone();
        contexts[place].completed_at = (!phase.is_in_flight()).then_some(at);
        contexts[place].phase = phase;
        self.truth.checks.insert(sha.clone(), rolled(sha, contexts));
    }

    /// Something that nobody here ordered; says what.
    pub fn surprise(&mut self, chance: &mut Chance, now: Timestamp) -> String {
        let told = match chance.weighted(&[30, 25, 25, 20]) {
            0 => {
                self.push(chance, now);
                "somebody pushes".to_owned()
            }
            1 => {
                // Somebody deploys past gonogo: any commit to any environment.
                let stage = chance.pick(&self.path).unwrap().clone();
                let newest = self.commits.len();
                let sha = self.commits[newest - 1 - chance.below(newest.min(3))].clone();
                let told = format!("somebody deploys {} to {}", sha.short(), stage.environment);
                let id = self.deploys(chance, &stage.environment, sha, None, None, now);
                self.made_by.insert(id, None);
                told
            }
            2 => {
                // A check of a recent commit is run again, and may come out otherwise.
                let newest = self.commits.len();
                let sha = self.commits[newest - 1 - chance.below(newest.min(3))].clone();
                let place = chance.below(CONTEXTS.len());
                self.check_is(&sha, place, Phase::Running, now);
                let phase = if chance.percent(50) {
                    Phase::Succeeded
                } else {
                    Phase::Failed
                };
                let ends = now + chance.seconds(2, 40);
                self.comes(ends, Change::Check(sha.clone(), place, phase));
                format!("{} of {} is run again", CONTEXTS[place], sha.short())
            }
            _ => self.settled_elsewhere(now),
        };
        self.keep(now);
        told
    }

    /// Somebody approves, merges or publishes on the forge's own pages.
    fn settled_elsewhere(&mut self, now: Timestamp) -> String {
        if let Some(run) = self
            .truth
            .runs
            .iter_mut()
            .find(|run| !run.waiting.is_empty())
        {
            run.waiting.clear();
            run.phase = Phase::Cancelled;
            "cancelled".clone_into(&mut run.raw);
            run.updated_at = now;
            let (id, sha) = (run.id, run.sha.clone());
            for gated in &mut self.truth.deployments {
                if gated.sha == sha && gated.phase == Phase::Gated {
                    gated.phase = Phase::Cancelled;
                    gated.changed_at = now;
                }
            }
            return format!("somebody stops the waiting run {id}");
        }
        if let Some(pull) = self.truth.pull_requests.first_mut() {
            pull.state = ChangeState::Conflict;
            return format!("#{} has a conflict", pull.number);
        }
        self.truth.permission = crate::domain::facts::Permission::Write;
        "nothing happens".to_owned()
    }
}

/// A run waits at the door of an environment.
pub(super) fn waiting(environment: &EnvironmentName, place: usize) -> Waiting {
    Waiting {
        environment: environment.clone(),
        door: Door::Review(EnvironmentId(1 + place as u64)),
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
