//! The record: what really happened, written down beside the engine, for the checker.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::health::{self, Sampled};
use crate::domain::act::Act;
use crate::domain::brake::{Mark, Reading};
use crate::domain::deployment::Deployment;
use crate::domain::facts::{Pulse, ServiceFacts};
use crate::domain::ids::{
    Digest, EnvironmentName, ForgeName, FreezeId, HoldId, InstanceId, IntentId, ReleaseRunId,
    RepoPath, Seq, ServiceName, Sha,
};
use crate::domain::policy::Policy;
use crate::domain::scope::Scope;

#[derive(Debug, Default)]
pub struct Record {
    /// How often each effect was answered, by its number; effects of the dead are taken out.
    pub answers: BTreeMap<u64, u32>,
    pub sends: Vec<Send>,
    /// What somebody ordered to be sent.
    pub ordered: BTreeSet<IntentId>,
    /// Holds that somebody ordered to be lifted, or to end by themselves.
    pub answered: BTreeSet<HoldId>,
    /// Permits whose `Recorded` was handed to an instance.
    pub permits_told: BTreeSet<(InstanceId, IntentId)>,
    /// When an instance was told that its intent is durable, by no clock but the world's.
    pub intents_told: BTreeMap<IntentId, Timestamp>,
    /// The last good facts that each instance was given.
    pub facts: BTreeMap<(InstanceId, ServiceName), Told>,
    pub scopes: BTreeMap<(InstanceId, Sha, Sha), Arc<Scope>>,
    /// The last round of samples of each kind that each instance was given.
    pub rounds: BTreeMap<(InstanceId, Sampled), health::Told>,
    /// What each instance was shown of each mark, as it really was, and how many effects there had been
    /// by then; of freezes that are alike, by number.
    pub marks: BTreeMap<MarkKey, Vec<(u64, Reading)>>,
    /// How many effects there had been when a permit was asked for.
    pub permits_asked: BTreeMap<IntentId, u64>,
    /// The same, of answers that are still on their way.
    pub marks_shown: BTreeMap<u64, Vec<Reading>>,
    /// The last question about a service's marks.
    pub marks_asked: BTreeMap<(InstanceId, ServiceName), u64>,
    /// The forges that each instance was told are in trouble.
    pub trouble_told: BTreeSet<(InstanceId, ForgeName)>,
    /// When a forge could not be read, by its own word.
    pub trouble: BTreeSet<(ForgeName, Timestamp)>,
    /// When each instance last asked a forge anything or heard from it, by its own clock.
    pub asked: BTreeMap<(InstanceId, ForgeName), Timestamp>,
    /// Runs of releases that somebody ordered.
    pub runs: BTreeSet<ReleaseRunId>,
    /// How far an instance was shown the journal.
    pub shown: BTreeMap<InstanceId, Seq>,
    /// Whether the journal's last answer to an instance was a good one.
    pub journal_good: BTreeMap<InstanceId, bool>,
    /// Every policy by its version, as it really was.
    pub policies: BTreeMap<Digest, Arc<Policy>>,
    /// What each instance showed as live, by the forge's own time.
    pub live: BTreeMap<(InstanceId, ServiceName, EnvironmentName), (Timestamp, u64)>,
    /// The hash of every entry when it was taken.
    pub hashes: Vec<Digest>,
}

/// Facts as an instance was given them.
#[derive(Clone, Debug)]
pub struct Told {
    pub facts: Arc<ServiceFacts>,
    /// When they were really asked for, by the world's own time, which nobody sets.
    pub really: Timestamp,
    /// By the instance's clock, the last time they were asked for or confirmed by a pulse that says the same.
    pub confirmed_at: Timestamp,
}

/// An act that an engine ordered to be sent.
#[derive(Clone, Debug)]
pub struct Send {
    pub instance: InstanceId,
    pub id: IntentId,
    pub forge: ForgeName,
    pub repo: RepoPath,
    pub act: Act,
    /// By the sender's clock.
    pub at: Timestamp,
}

/// A mark as one instance knows it.
pub type MarkKey = (InstanceId, ServiceName, Mark, Option<FreezeId>);

impl Record {
    /// What an instance was last shown of a mark before it asked for the permit of a send: what came
    /// after that it could not weigh any more.
    pub fn shown_of(&self, key: &MarkKey, id: &IntentId) -> Option<&Reading> {
        let asked = self.permits_asked.get(id).copied().unwrap_or(u64::MAX);
        let shown = self.marks.get(key)?.iter();
        let shown = shown.rev().find(|(by_then, _)| *by_then <= asked);
        shown.map(|(_, reading)| reading)
    }

    /// Facts that an instance was given and took: what it does not take changes nothing.
    pub fn told_facts(
        &mut self,
        instance: &InstanceId,
        service: &ServiceName,
        facts: Arc<ServiceFacts>,
        asked_at: Timestamp,
        really: Timestamp,
    ) {
        let key = (instance.clone(), service.clone());
        let mut told = Told {
            facts,
            really,
            confirmed_at: asked_at,
        };
        // The same once more, perhaps by an answer that came late, makes nothing older.
        if let Some(known) = self
            .facts
            .get(&key)
            .filter(|known| known.facts == told.facts)
        {
            told.really = told.really.max(known.really);
            told.confirmed_at = told.confirmed_at.max(known.confirmed_at);
        }
        self.facts.insert(key, told);
    }

    pub fn told_pulse(
        &mut self,
        instance: &InstanceId,
        service: &ServiceName,
        pulse: &Pulse,
        asked_at: Timestamp,
    ) {
        let key = (instance.clone(), service.clone());
        let same = |told: &Told| {
            let mut known = super::forge::pulse(&told.facts);
            // Nothing is judged by these two.
            known.latest_release.clone_from(&pulse.latest_release);
            known.pushed_at = pulse.pushed_at;
            known == *pulse
        };
        if let Some(told) = self.facts.get_mut(&key).filter(|told| same(told)) {
            told.confirmed_at = told.confirmed_at.max(asked_at);
        }
    }
}

/// What is live, by the rule as people say it: the newest that succeeded.
pub fn live<'a>(facts: &'a ServiceFacts, environment: &EnvironmentName) -> Option<&'a Deployment> {
    let mut best: Option<&Deployment> = None;
    for deployment in &facts.deployments {
        let counts = deployment.environment == *environment && deployment.raw == "succeeded";
        let newer = best
            .is_none_or(|best| (best.created_at, best.id) < (deployment.created_at, deployment.id));
        if counts && newer {
            best = Some(deployment);
        }
    }
    best
}
