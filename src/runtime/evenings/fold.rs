//! What the raw entries of the journal say, added up anew. It shares nothing with the ledger on
//! purpose: the checker must not repeat the mistakes of what it checks.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::domain::attestation::Attestation;
use crate::domain::entry::{Entry, Event};
use crate::domain::hold::{Cover, Hold, HoldKind, ManualGate, Then};
use crate::domain::ids::{
    DeploymentId, Digest, EnvironmentName, FreezeId, HoldId, InstanceId, IntentId, ManualGateId,
    OverrideId, Person, ReleaseName, ReleaseRunId, Seq, ServiceName, Sha,
};
use crate::domain::override_::Override;
use crate::domain::promotion::{Intent, Purpose, Step};
use crate::domain::release::run::Run;
use crate::domain::signoff::{ReleaseVote, Vote};

#[derive(Debug, Default)]
pub struct Fold {
    pub head: Seq,
    pub holds: BTreeMap<HoldId, Held>,
    pub gates: BTreeMap<ManualGateId, Gated>,
    /// The last vote of each person on each cell.
    pub votes: BTreeMap<(ServiceName, EnvironmentName, Person), Vote>,
    pub intents: BTreeMap<IntentId, Going>,
    /// When the journal's first entry was made.
    pub began: Option<Timestamp>,
    pub overrides: BTreeMap<OverrideId, Granted>,
    /// Whether what was verified was well.
    pub verified: BTreeMap<(ServiceName, DeploymentId), bool>,
    /// Deployments of which it was noted whose they are, and whether they came out of band.
    pub noted: BTreeMap<(ServiceName, DeploymentId), bool>,
    pub tasks: BTreeMap<(ServiceName, EnvironmentName, String), Attestation>,
    pub runs: BTreeMap<ReleaseRunId, Driven>,
    /// The last vote of each person on each release.
    pub release_votes: BTreeMap<(ReleaseName, Person), ReleaseVote>,
    /// The entry of each of these.
    pub release_voted: BTreeMap<(ReleaseName, Person), Seq>,
    /// What was dropped from releases and not taken back.
    pub dropped: BTreeSet<(ReleaseName, ServiceName)>,
}

#[derive(Debug)]
pub struct Granted {
    pub grant: Override,
    /// Everybody who said so afterwards.
    pub confirmed_by: Vec<Person>,
    pub withdrawn: bool,
    pub used_by: Option<IntentId>,
}

/// A run of a release.
#[derive(Debug)]
pub struct Driven {
    pub run: Run,
    pub driver: InstanceId,
    pub ended: bool,
    /// Under which it was started.
    pub policy: Digest,
}

#[derive(Debug)]
pub struct Held {
    pub placed: Hold,
    pub kind: HoldKind,
    /// The entry that placed it, or changed or lifted it last.
    pub seq: Seq,
    pub cover: Cover,
    pub reason: String,
    pub until: Option<Timestamp>,
    pub then: Then,
    pub lifted: bool,
    /// The journal has noted its end.
    pub noted: bool,
}

impl Held {
    pub fn is_on(&self, at: Timestamp) -> bool {
        !self.lifted && (self.then == Then::Ask || self.until.is_none_or(|until| at < until))
    }

    /// H4: says whether it stops an intent.
    pub fn stops(&self, intent: &Intent) -> bool {
        !intent.rollback
            || self.kind == HoldKind::All
            || self.cover.revision.as_ref() == Some(&intent.to.sha)
    }
}

#[derive(Debug)]
pub struct Gated {
    pub added: ManualGate,
    pub opened_by: Option<Person>,
}

/// An intent, and the word of its last step.
#[derive(Debug)]
pub struct Going {
    pub intent: Intent,
    pub actor: Person,
    pub word: &'static str,
    pub owner: Option<InstanceId>,
    pub permitted_at: Option<Timestamp>,
    pub policy: Digest,
    /// Of its last step.
    pub seq: Seq,
    /// Its outcome was not seen when it was sent.
    pub was_unknown: bool,
    /// The number that the forge gave it, if it is a freeze.
    pub freeze: Option<FreezeId>,
}

impl Going {
    /// Says whether it occupies its cell.
    pub fn is_open(&self) -> bool {
        !matches!(
            self.word,
            "abandoned" | "rejected" | "absent" | "succeeded" | "failed" | "cancelled"
        )
    }
}

impl Fold {
    pub fn apply(&mut self, entry: &Entry) {
        self.head = entry.seq;
        let draft = &entry.draft;
        self.began.get_or_insert(draft.at);
        match &draft.event {
            Event::Intended { intent } => {
                for id in &intent.overrides {
                    if let Some(granted) = self.overrides.get_mut(id) {
                        granted.used_by = Some(intent.id.clone());
                    }
                }
                let going = Going {
                    intent: intent.clone(),
                    actor: draft.actor.clone(),
                    word: "intended",
                    owner: None,
                    permitted_at: None,
                    policy: draft.policy.clone(),
                    seq: entry.seq,
                    was_unknown: false,
                    freeze: None,
                };
                self.intents.insert(intent.id.clone(), going);
            }
            Event::Stepped { id, step, .. } => {
                if let Some(going) = self.intents.get_mut(id) {
                    going.word = step.word();
                    going.was_unknown |= going.word == "unknown";
                    going.seq = entry.seq;
                    match step {
                        Step::Sending { owner } => {
                            going.owner = Some(owner.clone());
                            going.permitted_at = Some(draft.at);
                            going.policy = draft.policy.clone();
                        }
                        Step::Accepted { handle }
                        | Step::Reconciled { handle }
                        | Step::Running { handle } => going.freeze = handle.freeze,
                        _ => {}
                    }
                }
            }
            Event::HoldPlaced { hold, .. } => {
                let held = Held {
                    placed: hold.clone(),
                    kind: hold.kind,
                    seq: entry.seq,
                    cover: hold.cover.clone(),
                    reason: hold.reason.clone(),
                    until: hold.until,
                    then: hold.then,
                    lifted: false,
                    noted: false,
                };
                self.holds.insert(hold.id.clone(), held);
            }
            Event::HoldEdited {
                id,
                cover,
                kind,
                until,
                then,
                ..
            } => {
                if let Some(held) = self.holds.get_mut(id) {
                    held.kind = *kind;
                    held.seq = entry.seq;
                    held.cover = cover.clone();
                    held.until = *until;
                    held.then = *then;
                    held.noted = false;
                    held.reason = draft.reason.clone().unwrap_or_default();
                }
            }
            Event::HoldLifted { id, .. } => {
                if let Some(held) = self.holds.get_mut(id) {
                    held.seq = entry.seq;
                    held.lifted = true;
                }
            }
            Event::HoldExpired { id, .. } => {
                if let Some(held) = self.holds.get_mut(id) {
                    held.noted = true;
                }
            }
            Event::VoteCast { vote } => {
                let key = (
                    vote.service.clone(),
                    vote.environment.clone(),
                    vote.person.clone(),
                );
                self.votes.insert(key, vote.clone());
            }
            Event::GateAdded { gate } => {
                let gated = Gated {
                    added: gate.clone(),
                    opened_by: None,
                };
                self.gates.insert(gate.id.clone(), gated);
            }
            Event::GateOpened { id, .. } => {
                if let Some(gated) = self.gates.get_mut(id) {
                    gated.opened_by = Some(draft.actor.clone());
                }
            }
            Event::GateClosed { id, .. } => {
                if let Some(gated) = self.gates.get_mut(id) {
                    gated.opened_by = None;
                }
            }
            _ => self.control(entry),
        }
    }

    /// What lets a promotion through, comes after it, or drives several.
    fn control(&mut self, entry: &Entry) {
        let draft = &entry.draft;
        let deployed = |id: &DeploymentId| draft.service.clone().map(|service| (service, *id));
        match &draft.event {
            Event::OverrideGranted { grant } => {
                let granted = Granted {
                    grant: grant.clone(),
                    confirmed_by: Vec::new(),
                    withdrawn: false,
                    used_by: None,
                };
                self.overrides.insert(grant.id.clone(), granted);
            }
            Event::OverrideConfirmed { id, .. } => {
                if let Some(granted) = self.overrides.get_mut(id) {
                    granted.confirmed_by.push(draft.actor.clone());
                }
            }
            Event::OverrideWithdrawn { id, .. } => {
                if let Some(granted) = self.overrides.get_mut(id) {
                    granted.withdrawn = true;
                }
            }
            Event::VerificationPassed { deployment, .. } => {
                self.verified
                    .extend(deployed(deployment).map(|key| (key, true)));
            }
            Event::VerificationFailed { deployment, .. } => {
                self.verified
                    .extend(deployed(deployment).map(|key| (key, false)));
            }
            Event::DeploymentSeen { deployment, .. } => {
                self.noted
                    .extend(deployed(deployment).map(|key| (key, false)));
            }
            Event::DeploymentOutOfBand { deployment, .. } => {
                self.noted
                    .extend(deployed(deployment).map(|key| (key, true)));
            }
            Event::TaskDone { attestation: done } => {
                let key = (
                    done.service.clone(),
                    done.environment.clone(),
                    done.task.clone(),
                );
                self.tasks.insert(key, done.clone());
            }
            Event::TaskWithdrawn { task, cover } => {
                let cell = cover.service.clone().zip(cover.environment.clone());
                if let Some((service, environment)) = cell {
                    let key = (service, environment, task.clone());
                    if self.tasks.get(&key).map(|done| &done.person) == Some(&draft.actor) {
                        self.tasks.remove(&key);
                    }
                }
            }
            Event::VoteVoided {
                person,
                saw,
                release: Some(release),
                ..
            } => {
                let key = (release.clone(), person.clone());
                if self
                    .release_votes
                    .get(&key)
                    .is_some_and(|vote| vote.saw == *saw)
                {
                    self.release_votes.remove(&key);
                }
            }
            Event::VoteVoided { person, saw, .. } => {
                if let (Some(service), Some(environment)) = (&draft.service, &draft.environment) {
                    let key = (service.clone(), environment.clone(), person.clone());
                    if self.votes.get(&key).is_some_and(|vote| vote.saw == *saw) {
                        self.votes.remove(&key);
                    }
                }
            }
            Event::ReleaseVoteCast { vote } => {
                let key = (vote.release.clone(), vote.person.clone());
                self.release_voted.insert(key.clone(), entry.seq);
                self.release_votes.insert(key, vote.clone());
            }
            Event::ReleaseStarted { run } => {
                let driven = Driven {
                    run: run.clone(),
                    driver: run.driver.clone(),
                    ended: false,
                    policy: draft.policy.clone(),
                };
                self.runs.insert(run.id.clone(), driven);
            }
            Event::ReleaseResumed { id, driver, .. } => {
                if let Some(driven) = self.runs.get_mut(id) {
                    driven.driver = driver.clone();
                }
            }
            Event::ReleaseEnded { id, .. } => {
                if let Some(driven) = self.runs.get_mut(id) {
                    driven.ended = true;
                }
            }
            Event::ReleaseDropped { release, service } => {
                let sent: Vec<_> = self
                    .intents
                    .values()
                    .filter(|going| going.intent.service == *service)
                    .filter(|going| !matches!(going.word, "intended" | "abandoned"))
                    .filter_map(|going| going.intent.release.clone())
                    .collect();
                let open = |driven: &&mut Driven| !driven.ended && driven.run.release == *release;
                let has = |driven: &Driven| {
                    let mut moves = driven.run.moves.iter();
                    moves.any(|moved| moved.service == *service)
                };
                if let Some(driven) = self.runs.values_mut().find(open)
                    && has(driven)
                {
                    // What was sent stays, and so does the last of them.
                    if sent.contains(&driven.run.id) || driven.run.moves.len() == 1 {
                        return;
                    }
                    let moves = std::mem::take(&mut driven.run.moves).into_iter();
                    let (gone, stay): (Vec<_>, Vec<_>) =
                        moves.partition(|moved| moved.service == *service);
                    driven.run.moves = stay;
                    driven.run.dropped.extend(gone);
                }
                self.dropped.insert((release.clone(), service.clone()));
            }
            Event::ReleaseRestored { release, service } => {
                self.dropped.remove(&(release.clone(), service.clone()));
                let open = |driven: &&mut Driven| !driven.ended && driven.run.release == *release;
                if let Some(driven) = self.runs.values_mut().find(open) {
                    let dropped = std::mem::take(&mut driven.run.dropped).into_iter();
                    let (back, stay): (Vec<_>, Vec<_>) =
                        dropped.partition(|moved| moved.service == *service);
                    driven.run.dropped = stay;
                    driven.run.moves.extend(back);
                }
            }
            // Added up by `apply`, or notes of what other entries say.
            Event::Intended { .. }
            | Event::Stepped { .. }
            | Event::HoldPlaced { .. }
            | Event::HoldEdited { .. }
            | Event::HoldLifted { .. }
            | Event::HoldExpired { .. }
            | Event::VoteCast { .. }
            | Event::GateAdded { .. }
            | Event::GateOpened { .. }
            | Event::GateClosed { .. }
            | Event::OverrideUsed { .. }
            | Event::HandoverGiven { .. }
            | Event::HandoverAccepted { .. }
            | Event::AlertRaised { .. } => {}
        }
    }

    /// Says whether an intent passes a gate by an override.
    pub fn overridden(&self, intent: &Intent, gate: &str) -> bool {
        let mut used = intent
            .overrides
            .iter()
            .filter_map(|id| self.overrides.get(id));
        used.any(|granted| granted.grant.gate(gate).is_some())
    }

    /// The holds that are on at `at` and cover a cell and revision.
    pub fn holds_on<'a>(
        &'a self,
        service: &'a ServiceName,
        environment: &'a EnvironmentName,
        revision: &'a Sha,
        at: Timestamp,
    ) -> impl Iterator<Item = &'a Held> {
        let held = self.holds.values();
        held.filter(move |held| {
            held.is_on(at) && is_in(&held.cover, service, environment, revision)
        })
    }

    /// The open promotions of a cell.
    pub fn open_on<'a>(
        &'a self,
        service: &'a ServiceName,
        environment: &'a EnvironmentName,
    ) -> impl Iterator<Item = &'a Going> {
        self.intents.values().filter(move |going| {
            going.intent.purpose == Purpose::Promotion
                && going.intent.service == *service
                && going.intent.environment == *environment
                && going.is_open()
        })
    }
}

/// H1: what a cover covers, said once more in other words.
pub fn is_in(
    cover: &Cover,
    service: &ServiceName,
    environment: &EnvironmentName,
    revision: &Sha,
) -> bool {
    let fits = |covered: Option<&str>, actual: &str| match covered {
        None => true,
        Some(covered) => covered == actual,
    };
    fits(
        cover.service.as_ref().map(ServiceName::as_str),
        service.as_str(),
    ) && fits(
        cover.environment.as_ref().map(EnvironmentName::as_str),
        environment.as_str(),
    ) && fits(cover.revision.as_ref().map(Sha::as_str), revision.as_str())
}
