//! The ledger: what the journal's entries add up to. Pure folding; reading entries lives in
//! `journal`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::attestation::Attestation;
use super::entry::{Alert, Draft, Entry, Event};
use super::handover::{Accepted, Handover};
use super::hold::{Hold, ManualGate, Opened};
use super::ids::{
    DeploymentId, Digest, EnvironmentName, HoldId, IntentId, ManualGateId, OverrideId, Person,
    ReleaseName, ReleaseRunId, Seq, ServiceName, Sha,
};
use super::override_::{Confirmed, Override};
use super::promotion::{Intent, Promotion, State, Step};
use super::release::dropped::Dropped;
use super::release::run::{Ended, Run};
use super::scope;
use super::signoff::{ReleaseVote, Vote};

mod promotions;

/// Everything that is in force, folded from the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    pub head: Seq,
    pub holds: BTreeMap<HoldId, Hold>,
    /// Holds whose expiry the journal has noted.
    pub expired: BTreeSet<HoldId>,
    /// Incident holds that were ever placed: one that was lifted is not placed again by itself.
    pub incidents: BTreeSet<HoldId>,
    pub manual_gates: BTreeMap<ManualGateId, ManualGate>,
    /// When somebody last closed a manual gate that had been opened.
    gates_closed: BTreeMap<ManualGateId, Timestamp>,
    /// The last vote of each person on each cell.
    pub votes: BTreeMap<(ServiceName, EnvironmentName, Person), Vote>,
    /// The last attestation of each task of each cell.
    tasks: BTreeMap<(ServiceName, EnvironmentName, String), Attestation>,
    /// The last vote of each person on each release.
    pub release_votes: BTreeMap<(ReleaseName, Person), ReleaseVote>,
    pub release_runs: BTreeMap<ReleaseRunId, Run>,
    /// What was dropped from each release and not taken back.
    dropped: BTreeMap<(ReleaseName, ServiceName), Dropped>,
    pub promotions: BTreeMap<IntentId, Promotion>,
    /// Those of `promotions` that have not ended: few among many, and each cell asks for its own.
    open: BTreeSet<IntentId>,
    /// The intents of each cell, oldest first.
    cells: BTreeMap<(ServiceName, EnvironmentName), Vec<IntentId>>,
    /// The cells that a brake was ever ordered on: few among many.
    pub braked: BTreeSet<(ServiceName, EnvironmentName)>,
    /// When the journal's first entry was made: what happened before is history.
    pub began: Option<Timestamp>,
    /// When somebody first wrote by each version of the policy.
    pub policies: BTreeMap<Digest, Timestamp>,
    /// Deployments of the forges that have been journalled, per service.
    pub deployments: BTreeMap<(ServiceName, DeploymentId), Origin>,
    /// What came of the verification of deployments.
    pub verifications: BTreeMap<(ServiceName, DeploymentId), Verified>,
    /// Overrides that were granted and not withdrawn, used ones too.
    pub overrides: BTreeMap<OverrideId, Override>,
    /// Overrides whose use the journal has noted.
    pub uses_noted: BTreeSet<OverrideId>,
    /// Promotions whose checks turned red afterwards.
    pub red: BTreeSet<IntentId>,
    /// The last hand-over that was given.
    pub handover: Option<Handover>,
}

/// Where a journalled deployment came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// One of our intents brought it about.
    Ours(Option<IntentId>),
    /// Somebody did it by another way.
    OutOfBand,
}

/// What came of a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub passed: bool,
    /// The promotion that brought it, if it was one of ours.
    pub intent: Option<IntentId>,
    pub at: Timestamp,
    pub why: String,
}

impl Ledger {
    /// Folds entries in order.
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut ledger = Self::default();
        for entry in entries {
            ledger.apply(entry);
        }
        ledger
    }

    /// Takes the next entry. An entry that is already in changes nothing, so that an entry which
    /// arrives by two ways is counted once.
    pub fn apply(&mut self, entry: &Entry) {
        if entry.seq <= self.head {
            return;
        }
        self.head = entry.seq;
        let draft = &entry.draft;
        self.began.get_or_insert(draft.at);
        if !self.policies.contains_key(&draft.policy) {
            self.policies.insert(draft.policy.clone(), draft.at);
        }
        match &draft.event {
            Event::Intended { intent } => {
                for id in &intent.overrides {
                    if let Some(one) = self.overrides.get_mut(id) {
                        one.used.get_or_insert_with(|| intent.id.clone());
                    }
                }
                let promotion = Promotion {
                    intent: intent.clone(),
                    seq: entry.seq,
                    votes: self.votes_for(intent),
                    actor: draft.actor.clone(),
                    state: State::Intended,
                    handle: None,
                    why: None,
                    owner: None,
                    intended_at: draft.at,
                    sent_at: None,
                    changed_at: draft.at,
                };
                let cell = (intent.service.clone(), intent.environment.clone());
                if intent.purpose.is_brake() {
                    self.braked.insert(cell.clone());
                }
                self.cells.entry(cell).or_default().push(intent.id.clone());
                self.promotions.insert(intent.id.clone(), promotion);
                self.open.insert(intent.id.clone());
            }
            Event::Stepped { id, step, .. } => {
                if let Some(promotion) = self.promotions.get_mut(id) {
                    step_on(promotion, step, draft.at);
                    if !promotion.state.is_open() {
                        self.open.remove(id);
                    }
                }
            }
            Event::HoldPlaced { hold, .. } => {
                if hold.incident {
                    self.incidents.insert(hold.id.clone());
                }
                self.holds.insert(hold.id.clone(), hold.clone());
            }
            Event::HoldEdited {
                id,
                cover,
                kind,
                until,
                then,
                ..
            } => {
                if let Some(hold) = self.holds.get_mut(id) {
                    hold.cover = cover.clone();
                    hold.kind = *kind;
                    (hold.until, hold.then) = (*until, *then);
                    if let Some(reason) = &draft.reason {
                        hold.reason.clone_from(reason);
                    }
                    self.expired.remove(id);
                }
            }
            Event::HoldLifted { id, .. } => {
                self.holds.remove(id);
                self.expired.remove(id);
            }
            Event::HoldExpired { id, .. } => {
                self.expired.insert(id.clone());
            }
            Event::VoteCast { vote } => {
                let key = (
                    vote.service.clone(),
                    vote.environment.clone(),
                    vote.person.clone(),
                );
                self.votes.insert(key, vote.clone());
            }
            Event::VoteVoided {
                role,
                person,
                saw,
                release: Some(release),
                ..
            } => {
                let key = (release.clone(), person.clone());
                let vote = self.release_votes.get(&key);
                if vote.is_some_and(|vote| vote.role == *role && vote.saw == *saw) {
                    self.release_votes.remove(&key);
                }
            }
            Event::VoteVoided {
                role, person, saw, ..
            } => {
                if let (Some(service), Some(environment)) = (&draft.service, &draft.environment) {
                    let key = (service.clone(), environment.clone(), person.clone());
                    // The person may have voted anew in the meantime; that vote stands.
                    let same = self
                        .votes
                        .get(&key)
                        .is_some_and(|vote| vote.role == *role && vote.saw == *saw);
                    if same {
                        self.votes.remove(&key);
                    }
                }
            }
            Event::GateAdded { gate } => {
                self.manual_gates.insert(gate.id.clone(), gate.clone());
            }
            Event::GateOpened { id, .. } => {
                if let Some(gate) = self.manual_gates.get_mut(id) {
                    let note = draft.reason.clone().unwrap_or_default();
                    gate.opened = Some(Opened {
                        by: draft.actor.clone(),
                        at: draft.at,
                        note,
                    });
                }
            }
            Event::GateClosed { id, .. } => {
                if let Some(gate) = self.manual_gates.get_mut(id) {
                    gate.opened = None;
                    self.gates_closed.insert(id.clone(), draft.at);
                }
            }
            Event::TaskDone { attestation } => {
                let done = attestation;
                let key = (
                    done.service.clone(),
                    done.environment.clone(),
                    done.task.clone(),
                );
                self.tasks.insert(key, done.clone());
            }
            Event::TaskWithdrawn { task, cover } => {
                if let (Some(service), Some(environment)) = (&cover.service, &cover.environment) {
                    let key = (service.clone(), environment.clone(), task.clone());
                    // Somebody else may have attested it anew in the meantime; that stands.
                    let own = self.tasks.get(&key);
                    if own.is_some_and(|done| done.person == draft.actor) {
                        self.tasks.remove(&key);
                    }
                }
            }
            Event::ReleaseVoteCast { vote } => {
                let key = (vote.release.clone(), vote.person.clone());
                self.release_votes.insert(key, vote.clone());
            }
            // One run of a release at a time: of two that start at once, the journal's first goes.
            Event::ReleaseStarted { run } if self.open_run(&run.release).is_none() => {
                self.release_runs.insert(run.id.clone(), run.clone());
            }
            Event::ReleaseStarted { .. } => {}
            Event::ReleaseResumed { id, driver, .. } => {
                if let Some(run) = self.open_run_mut(id) {
                    run.driver = driver.clone();
                }
            }
            Event::ReleaseEnded { id, how, .. } => {
                if let Some(run) = self.open_run_mut(id) {
                    run.ended = Some(Ended {
                        how: how.clone(),
                        at: draft.at,
                    });
                }
            }
            Event::ReleaseDropped { release, service } => self.drop_from(release, service, draft),
            Event::ReleaseRestored { release, service } => {
                self.dropped.remove(&(release.clone(), service.clone()));
                if let Some(run) = self.open_run_of(release) {
                    run.take_back(service);
                }
            }
            Event::OverrideGranted { grant } => {
                self.overrides.insert(grant.id.clone(), grant.clone());
            }
            Event::OverrideConfirmed { id, .. } => {
                // The first other person counts; who granted it is no second person.
                if let Some(one) = self.overrides.get_mut(id)
                    && one.owner != draft.actor
                {
                    one.confirmed.get_or_insert_with(|| Confirmed {
                        by: draft.actor.clone(),
                        at: draft.at,
                    });
                }
            }
            Event::OverrideWithdrawn { id, .. } => {
                // What was used stays on record, once what used it has been sent.
                let sent = |used: &IntentId| {
                    let promotion = self.promotions.get(used);
                    promotion.is_some_and(|it| it.state != State::Intended)
                };
                let used = self.overrides.get(id).and_then(|one| one.used.as_ref());
                if !used.is_some_and(sent) {
                    self.overrides.remove(id);
                }
            }
            Event::OverrideUsed { id, .. } => {
                self.uses_noted.insert(id.clone());
            }
            Event::VerificationPassed { deployment, intent } => {
                self.verify(*deployment, intent.clone(), true, entry);
            }
            Event::VerificationFailed { deployment, intent } => {
                self.verify(*deployment, intent.clone(), false, entry);
            }
            Event::AlertRaised {
                alert: Alert::Red { intent },
            } => {
                self.red.insert(intent.clone());
            }
            Event::HandoverGiven { handover } => self.handover = Some(handover.clone()),
            Event::HandoverAccepted { id } => {
                let last = self.handover.as_mut().filter(|last| last.id == *id);
                // The first other person counts.
                if let Some(last) = last.filter(|last| last.waits_for(&draft.actor)) {
                    last.accepted = Some(Accepted {
                        by: draft.actor.clone(),
                        at: draft.at,
                    });
                }
            }
            Event::DeploymentSeen {
                deployment, intent, ..
            } => self.note(
                draft.service.as_ref(),
                *deployment,
                Origin::Ours(intent.clone()),
            ),
            Event::DeploymentOutOfBand { deployment, .. } => {
                self.note(draft.service.as_ref(), *deployment, Origin::OutOfBand);
            }
        }
    }

    /// Leaves a service behind. What the run of the release has sent stays a part of it, and a run is
    /// never left with nothing to move: whoever wants neither cancels it.
    fn drop_from(&mut self, release: &ReleaseName, service: &ServiceName, draft: &Draft) {
        let run = self.open_run(release);
        if let Some(run) = run.filter(|run| run.moves.iter().any(|it| it.service == *service)) {
            let sent = self.promotions.values().any(|promotion| {
                promotion.intent.release.as_ref() == Some(&run.id)
                    && promotion.intent.service == *service
                    && !matches!(promotion.state, State::Intended | State::Abandoned)
            });
            if sent || run.moves.len() == 1 {
                return;
            }
        }
        let dropped = Dropped {
            by: draft.actor.clone(),
            at: draft.at,
            reason: draft.reason.clone().unwrap_or_default(),
        };
        self.dropped
            .entry((release.clone(), service.clone()))
            .or_insert(dropped);
        if let Some(run) = self.open_run_of(release) {
            run.leave(service);
        }
    }

    /// Says who dropped a service from a release, if somebody did.
    pub fn dropped(&self, release: &ReleaseName, service: &ServiceName) -> Option<&Dropped> {
        self.dropped.get(&(release.clone(), service.clone()))
    }

    /// The votes that stand on exactly what an intent moves. Kept with it, because who votes on what
    /// comes next takes this vote's place.
    fn votes_for(&self, intent: &Intent) -> Vec<Vote> {
        let Intent {
            service,
            environment,
            from,
            to,
            ..
        } = intent;
        let bound = scope::hash(service, environment, from.as_ref(), to);
        let votes = self.votes_on(service, environment);
        votes.filter(|vote| vote.scope == bound).cloned().collect()
    }

    /// The first word on a deployment stays.
    fn note(&mut self, service: Option<&ServiceName>, deployment: DeploymentId, origin: Origin) {
        if let Some(service) = service {
            self.deployments
                .entry((service.clone(), deployment))
                .or_insert(origin);
        }
    }

    fn verify(
        &mut self,
        deployment: DeploymentId,
        intent: Option<IntentId>,
        passed: bool,
        entry: &Entry,
    ) {
        let Some(service) = entry.draft.service.as_ref() else {
            return;
        };
        let result = Verified {
            passed,
            intent,
            at: entry.draft.at,
            why: entry.draft.reason.clone().unwrap_or_default(),
        };
        self.verifications
            .entry((service.clone(), deployment))
            .or_insert(result);
    }

    /// What came of a deployment's verification, if it has come to something.
    pub fn verification(
        &self,
        service: &ServiceName,
        deployment: DeploymentId,
    ) -> Option<&Verified> {
        self.verifications.get(&(service.clone(), deployment))
    }

    /// When a manual gate was closed again, if it ever was.
    pub fn closed_again(&self, gate: &ManualGateId) -> Option<Timestamp> {
        self.gates_closed.get(gate).copied()
    }

    /// Returns the holds that are on at `now` and cover the cell and revision.
    pub fn holds_on<'a>(
        &'a self,
        service: &'a ServiceName,
        environment: &'a EnvironmentName,
        revision: Option<&'a Sha>,
        now: Timestamp,
    ) -> impl Iterator<Item = &'a Hold> {
        self.holds.values().filter(move |hold| {
            hold.is_on(now) && hold.cover.covers(service, environment, revision)
        })
    }

    /// Returns the last attestation of a task, whatever it was made for.
    pub fn task(
        &self,
        service: &ServiceName,
        environment: &EnvironmentName,
        task: &str,
    ) -> Option<&Attestation> {
        let key = (service.clone(), environment.clone(), task.to_owned());
        self.tasks.get(&key)
    }

    /// Returns the run of a release that has not ended, if there is one.
    pub fn open_run(&self, release: &ReleaseName) -> Option<&Run> {
        self.open_runs().find(|run| run.release == *release)
    }

    /// Returns the run of a release that goes on, else the one that was started last.
    pub fn last_run(&self, release: &ReleaseName) -> Option<&Run> {
        let runs = self.release_runs.values();
        self.open_run(release).or_else(|| {
            runs.filter(|run| run.release == *release)
                .max_by_key(|run| run.started_at)
        })
    }

    pub fn open_runs(&self) -> impl Iterator<Item = &Run> {
        self.release_runs.values().filter(|run| run.ended.is_none())
    }

    fn open_run_of(&mut self, release: &ReleaseName) -> Option<&mut Run> {
        let mut runs = self.release_runs.values_mut();
        runs.find(|run| run.ended.is_none() && run.release == *release)
    }

    fn open_run_mut(&mut self, id: &ReleaseRunId) -> Option<&mut Run> {
        let run = self.release_runs.get_mut(id);
        run.filter(|run| run.ended.is_none())
    }

    /// Returns the last vote of each person on a release.
    pub fn votes_on_release(&self, release: &ReleaseName) -> impl Iterator<Item = &ReleaseVote> {
        let first = (release.clone(), Person::new(""));
        self.release_votes
            .range(first..)
            .map(|(_, vote)| vote)
            .take_while(move |vote| vote.release == *release)
    }

    /// Returns the last vote of each person on a cell.
    pub fn votes_on<'a>(
        &'a self,
        service: &'a ServiceName,
        environment: &'a EnvironmentName,
    ) -> impl Iterator<Item = &'a Vote> {
        let first = (service.clone(), environment.clone(), Person::new(""));
        self.votes
            .range(first..)
            .map(|(_, vote)| vote)
            .take_while(move |vote| vote.service == *service && vote.environment == *environment)
    }
}

/// Moves a promotion one step on. A step that may not follow is ignored: the journal refuses to
/// store one, so it can only come from a journal written by hand.
fn step_on(promotion: &mut Promotion, step: &Step, at: Timestamp) {
    if !step.may_follow().contains(&promotion.state) {
        return;
    }
    promotion.state = step.state();
    promotion.changed_at = at;
    match step {
        Step::Sending { owner } => {
            promotion.owner = Some(owner.clone());
            promotion.sent_at = Some(at);
        }
        Step::Accepted { handle } | Step::Reconciled { handle } => {
            promotion.handle = Some(handle.clone());
            promotion.why = None;
        }
        Step::Running { handle } => promotion.handle = Some(handle.clone()),
        Step::Rejected { why }
        | Step::Abandoned { why }
        | Step::Unknown { why }
        | Step::Failed { why }
        | Step::Cancelled { why } => promotion.why = Some(why.clone()),
        Step::Absent { reads } => {
            promotion.why = Some(format!("not on the forge in {reads} reads"));
        }
        Step::Reconciling | Step::Succeeded => {}
    }
}

#[cfg(test)]
mod tests;
