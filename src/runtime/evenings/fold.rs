//! What the raw entries of the journal say, added up anew. It shares nothing with the ledger on
//! purpose: the checker must not repeat the mistakes of what it checks.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::entry::{Entry, Event};
use crate::domain::hold::{Cover, Hold, ManualGate};
use crate::domain::ids::{
    Digest, EnvironmentName, HoldId, InstanceId, IntentId, ManualGateId, Person, Seq, ServiceName,
    Sha,
};
use crate::domain::promotion::{Intent, Purpose, Step};
use crate::domain::signoff::Vote;

#[derive(Debug, Default)]
pub struct Fold {
    pub head: Seq,
    pub holds: BTreeMap<HoldId, Held>,
    pub gates: BTreeMap<ManualGateId, Gated>,
    /// The last vote of each person on each cell.
    pub votes: BTreeMap<(ServiceName, EnvironmentName, Person), Vote>,
    pub intents: BTreeMap<IntentId, Going>,
}

#[derive(Debug)]
pub struct Held {
    pub placed: Hold,
    /// The entry that placed it, or changed it last.
    pub seq: Seq,
    pub cover: Cover,
    pub reason: String,
    pub until: Option<Timestamp>,
    pub lifted: bool,
    /// The journal has noted its end.
    pub noted: bool,
}

impl Held {
    pub fn is_on(&self, at: Timestamp) -> bool {
        !self.lifted && self.until.is_none_or(|until| at < until)
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
        match &draft.event {
            Event::Intended { intent } => {
                let going = Going {
                    intent: intent.clone(),
                    actor: draft.actor.clone(),
                    word: "intended",
                    owner: None,
                    permitted_at: None,
                    policy: draft.policy.clone(),
                };
                self.intents.insert(intent.id.clone(), going);
            }
            Event::Stepped { id, step, .. } => {
                if let Some(going) = self.intents.get_mut(id) {
                    going.word = step.word();
                    if let Step::Sending { owner } = step {
                        going.owner = Some(owner.clone());
                        going.permitted_at = Some(draft.at);
                        going.policy = draft.policy.clone();
                    }
                }
            }
            Event::HoldPlaced { hold } => {
                let held = Held {
                    placed: hold.clone(),
                    seq: entry.seq,
                    cover: hold.cover.clone(),
                    reason: hold.reason.clone(),
                    until: hold.until,
                    lifted: false,
                    noted: false,
                };
                self.holds.insert(hold.id.clone(), held);
            }
            Event::HoldEdited {
                id, cover, until, ..
            } => {
                if let Some(held) = self.holds.get_mut(id) {
                    held.seq = entry.seq;
                    held.cover = cover.clone();
                    held.until = *until;
                    held.noted = false;
                    held.reason = draft.reason.clone().unwrap_or_default();
                }
            }
            Event::HoldLifted { id, .. } => {
                if let Some(held) = self.holds.get_mut(id) {
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
            // No order of these evenings overrides, attests or ships a release.
            Event::OverrideGranted { .. }
            | Event::OverrideConfirmed { .. }
            | Event::OverrideWithdrawn { .. }
            | Event::OverrideUsed { .. }
            | Event::VerificationPassed { .. }
            | Event::VerificationFailed { .. }
            | Event::AlertRaised { .. }
            | Event::TaskDone { .. }
            | Event::TaskWithdrawn { .. }
            | Event::ReleaseVoteCast { .. }
            | Event::ReleaseStarted { .. }
            | Event::ReleaseResumed { .. }
            | Event::ReleaseEnded { .. }
            | Event::VoteVoided { .. }
            | Event::DeploymentSeen { .. }
            | Event::DeploymentOutOfBand { .. } => {}
        }
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
