//! The schedule: when to ask which forge what. Nothing is asked here; due questions come back as
//! effects.
//!
//! 1. At the start, who the token is, and the facts of every service.
//! 2. A pulse of hot services (in flight, waiting, on screen) every few seconds, of all others before
//!    their facts would be stale; those that changed are read whole.
//! 3. What is in flight, and what somebody opened, is read whole more often; all else in turn, a few
//!    at a time.
//! 4. After an act, its service at 2, 4, 8 and 15 s.
//! 5. A forge in trouble is asked less: the distance doubles up to five minutes.

use std::collections::{BTreeMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::Engine;
use crate::app::effect::{Effect, Question};
use crate::domain::ids::{ForgeName, ServiceName, Sha};

mod looks;
mod next;
mod pace;
mod pulses;
mod questions;

pub use pace::Pace;

const AFTER_ACT: [i64; 4] = [2, 4, 8, 15];
/// The longest that a forge in trouble is left alone, unless it says itself until when.
pub(super) const SLOWEST: SignedDuration = SignedDuration::from_mins(5);
/// How often a journal that cannot be reached is tried.
const JOURNAL: SignedDuration = SignedDuration::from_secs(2);
/// A question that was not answered for this long is asked anew; its answer is dropped if it comes.
const LOST: SignedDuration = SignedDuration::from_secs(90);

/// When to ask which forge what.
#[derive(Clone, Debug, Default)]
pub(crate) struct Schedule {
    forges: BTreeMap<ForgeName, Clock>,
    /// When a service is to be read whole at the latest.
    early: BTreeMap<ServiceName, Vec<Timestamp>>,
    /// Questions under way by generation.
    asked: BTreeMap<u64, (Asked, Timestamp)>,
    /// When to ask again for a journal that could not be reached.
    journal_at: Option<Timestamp>,
    /// When each service was last asked for, by the engine's clock. The age of its facts is by the
    /// executor's, which may be behind (a machine's clock was set back): by that alone everything
    /// would be due for ever.
    read_at: BTreeMap<ServiceName, Timestamp>,
    /// The revisions whose checks were asked for with a service's last facts.
    asked_with: BTreeMap<ServiceName, Vec<Sha>>,
    /// Until when a scope or a run's jobs are not asked for again.
    not_before: BTreeMap<Asked, Timestamp>,
    looks: looks::Looks,
}

/// One forge's times.
#[derive(Clone, Debug, Default)]
struct Clock {
    identity_at: Option<Timestamp>,
    /// The token may have been given more than it had.
    unsure: bool,
    /// When what is hot is looked at next, and when all is.
    hot_at: Option<Timestamp>,
    quiet_at: Option<Timestamp>,
    /// When the look at all counts what is open again.
    counted_at: Option<Timestamp>,
    /// When the next few are read whole without a sign of a change.
    turn_at: Option<Timestamp>,
    /// Until when the forge is left alone.
    paused_until: Option<Timestamp>,
}

/// A question under way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asked {
    Identity(ForgeName),
    Pulse(ForgeName, Of),
    Facts(ForgeName, Vec<ServiceName>),
    Scope(ForgeName, ServiceName, Sha, Sha),
    Declared(ForgeName, ServiceName, Vec<(String, Sha)>),
    Jobs(ServiceName, u64),
    Marks(ForgeName, ServiceName),
}

/// Which rows a pulse is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Of {
    All,
    Hot,
}

impl Asked {
    /// The services that it is about, where it is not about a forge.
    fn services(&self) -> &[ServiceName] {
        match self {
            Self::Identity(_) | Self::Pulse(..) => &[],
            Self::Facts(_, services) => services,
            Self::Scope(_, service, ..)
            | Self::Declared(_, service, _)
            | Self::Jobs(service, _)
            | Self::Marks(_, service) => std::slice::from_ref(service),
        }
    }
}

impl Schedule {
    /// Asks for a service soon and several times: something was just done to it.
    pub fn hurry(&mut self, service: &ServiceName, now: Timestamp) {
        let times = AFTER_ACT
            .iter()
            .map(|seconds| now + SignedDuration::from_secs(*seconds))
            .collect();
        self.early.insert(service.clone(), times);
        self.looks.touch(service);
    }

    /// Reads one service whole at once: its pulse changed.
    pub fn refresh_one(&mut self, service: &ServiceName, now: Timestamp) {
        self.early.entry(service.clone()).or_default().push(now);
        self.looks.touch(service);
    }

    /// Takes note of the revisions that a service's facts were asked with.
    pub fn asked_with(&mut self, service: &ServiceName, revisions: Vec<Sha>) {
        self.asked_with.insert(service.clone(), revisions);
    }

    /// Says whether a service's last facts were asked with a revision.
    pub fn was_asked_with(&self, service: &ServiceName, revision: &Sha) -> bool {
        let asked = self.asked_with.get(service);
        asked.is_some_and(|asked| asked.contains(revision))
    }

    /// Asks for services as soon as may be: the operator pressed refresh.
    pub fn refresh<'a>(
        &mut self,
        services: impl IntoIterator<Item = &'a ServiceName>,
        now: Timestamp,
    ) {
        for service in services {
            self.early
                .entry(service.clone())
                .or_default()
                .insert(0, now);
            self.looks.touch(service);
        }
        for clock in self.forges.values_mut() {
            clock.hot_at = None;
            clock.quiet_at = None;
            clock.counted_at = None;
            clock.paused_until = None;
        }
    }

    /// Asks forges once more who the token is and what it may do.
    pub fn identify_again(&mut self, forges: &[ForgeName]) {
        for forge in forges {
            self.forges.entry(forge.clone()).or_default().unsure = true;
        }
    }

    /// Says whether a lost journal is to be asked for now; if so, the next time is set.
    pub fn journal_is_due(&mut self, now: Timestamp) -> bool {
        let due = self.journal_at.is_none_or(|at| at <= now);
        if due {
            self.journal_at = Some(now + JOURNAL);
        }
        due
    }

    /// Reads a service's marks as soon as may be: one of them was just placed or lifted.
    pub(super) fn read_marks_again(&mut self, forge: &ForgeName, service: &ServiceName) {
        let asked = Asked::Marks(forge.clone(), service.clone());
        self.not_before.remove(&asked);
        // An answer to what was asked before tells of before.
        self.asked.retain(|_, (known, _)| *known != asked);
    }

    /// When marks are to be read again, if any are.
    pub(super) fn marks_at(&self, now: Timestamp) -> Option<Timestamp> {
        let marks = self.not_before.iter();
        let marks = marks.filter(|(asked, _)| matches!(asked, Asked::Marks(..)));
        marks.map(|(_, at)| *at).filter(|at| *at > now).min()
    }

    /// Says whether a question is under way, or is not to be asked again yet.
    pub(super) fn is_busy_with(&self, asked: &Asked, now: Timestamp) -> bool {
        self.waits(asked, now) || self.is_asked(asked)
    }

    fn is_asked(&self, wanted: &Asked) -> bool {
        self.asked.values().any(|(asked, _)| asked == wanted)
    }

    /// Gives up the questions that nobody answered, and what is no longer to be waited for.
    fn forget(&mut self, now: Timestamp) {
        self.not_before.retain(|_, until| now < *until);
        let (read_at, looks) = (&mut self.read_at, &mut self.looks);
        self.asked.retain(|_, (asked, at)| {
            let kept = now.duration_since(*at) < LOST;
            if !kept {
                asked.services().iter().for_each(|one| looks.touch(one));
            }
            if let (false, Asked::Facts(_, services)) = (kept, asked) {
                read_at.retain(|service, _| !services.contains(service));
            }
            kept
        });
    }

    fn waits(&self, asked: &Asked, now: Timestamp) -> bool {
        self.not_before.get(asked).is_some_and(|until| now < *until)
    }

    /// The services that are being read whole: as a set, since each row is looked up in it.
    fn reading(&self) -> HashSet<&ServiceName> {
        let lists = self.asked.values().filter_map(|(asked, _)| match asked {
            Asked::Facts(_, services) => Some(services),
            Asked::Identity(_)
            | Asked::Pulse(..)
            | Asked::Scope(..)
            | Asked::Declared(..)
            | Asked::Jobs(..)
            | Asked::Marks(..) => None,
        });
        lists.flatten().collect()
    }
}

impl Engine {
    fn question(
        &mut self,
        asked: Asked,
        forge: &ForgeName,
        question: Question,
        now: Timestamp,
    ) -> Effect {
        let generation = self.next_generation();
        self.schedule.asked.insert(generation, (asked, now));
        Effect::Fetch {
            generation,
            forge: forge.clone(),
            question,
        }
    }

    /// As if a service were being read whole: the generation that an answer has to be of.
    #[cfg(test)]
    pub(super) fn reads(
        &mut self,
        forge: &ForgeName,
        service: &ServiceName,
        now: Timestamp,
    ) -> u64 {
        let generation = self.next_generation();
        let asked = Asked::Facts(forge.clone(), vec![service.clone()]);
        self.schedule.asked.insert(generation, (asked, now));
        generation
    }

    pub(super) fn ask_marks(
        &mut self,
        asked: Asked,
        forge: &ForgeName,
        question: Question,
        again: Timestamp,
        now: Timestamp,
    ) -> Effect {
        self.schedule.not_before.insert(asked.clone(), again);
        self.question(asked, forge, question, now)
    }

    fn clock(&mut self, forge: &ForgeName) -> &mut Clock {
        self.schedule.forges.entry(forge.clone()).or_default()
    }

    pub(crate) fn next_generation(&mut self) -> u64 {
        self.generations += 1;
        self.generations
    }

    /// Takes note that a question was answered, if no `more` of the answer follows. Says whether it
    /// was still wanted: an answer to a question that was given up is dropped.
    pub(crate) fn answered(&mut self, generation: u64, more: bool) -> bool {
        if more {
            return self.schedule.asked.contains_key(&generation);
        }
        let Some((asked, _)) = self.schedule.asked.remove(&generation) else {
            return false;
        };
        for service in asked.services() {
            self.schedule.looks.touch(service);
        }
        true
    }

    /// A forge in trouble is asked less: the distance doubles up to `SLOWEST`, or is what it said.
    pub(crate) fn back_off(
        &mut self,
        forge: &ForgeName,
        failures: u32,
        retry_at: Option<Timestamp>,
        now: Timestamp,
    ) {
        let doubled = self
            .pace
            .interval(forge)
            .saturating_mul(1_i32 << failures.saturating_sub(1).min(6));
        let wait = doubled.min(SLOWEST);
        let until = retry_at.map_or(now + wait, |at| at.max(now + SignedDuration::from_secs(1)));
        self.clock(forge).paused_until = Some(until);
    }

    /// Until when a forge is left alone, if it is.
    pub fn paused_until(&self, forge: &ForgeName) -> Option<Timestamp> {
        self.schedule.forges.get(forge)?.paused_until
    }

    pub(crate) fn resume(&mut self, forge: &ForgeName) {
        self.clock(forge).paused_until = None;
    }
}

#[cfg(test)]
mod tests;
