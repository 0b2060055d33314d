//! Sampling: when rounds of samples are taken, and what their answers do. What a round asks lives
//! in `domain/sampling.rs`, asking it in `runtime`.
//!
//! 1. A watched cell with a candidate is sampled every so often as its rule says; one that promotes
//!    by itself is, watched or not.
//! 2. What was deployed is sampled until its verification is over, watched or not (`aftermath.rs`).
//! 3. Before a permit its rounds are taken anew (`recheck.rs`).
//! 4. An answer to what is no longer asked so, because the rule or the candidate changed, is dropped.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::Engine;
use super::flow::Stage;
use crate::app::effect::Effect;
use crate::app::request::{Refusal, RefusalKind};
use crate::domain::board::Row;
use crate::domain::cell::Cell;
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::domain::policy::Mode;
use crate::domain::sampling::{self, Wanted};
use crate::domain::seen::{Round, RoundKey, Subject};
use crate::domain::verification::Standing;

/// How many rounds may be under way at once, but for those that a promotion waits for.
const AT_ONCE: usize = 8;
/// How much longer than it may take a round is waited for before it is asked for anew.
const LOST: SignedDuration = SignedDuration::from_secs(60);

/// Which cells are sampled by themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Samples {
    Off,
    #[default]
    On,
    /// Only those of one environment.
    Into(EnvironmentName),
}

impl Samples {
    fn cover(&self, environment: &EnvironmentName) -> bool {
        match self {
            Self::Off => false,
            Self::On => true,
            Self::Into(only) => only == environment,
        }
    }
}

/// The rounds under way, and when each was last asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rounds {
    asked: BTreeMap<u64, Asked>,
    /// By the engine's clock, so that a machine's clock that was set back stops nothing.
    asked_at: BTreeMap<(ServiceName, RoundKey), Timestamp>,
}

#[derive(Clone, Debug)]
struct Asked {
    service: ServiceName,
    wanted: Wanted,
    at: Timestamp,
}

impl Rounds {
    fn is_asked(&self, service: &ServiceName, key: &RoundKey) -> bool {
        self.asked
            .values()
            .any(|asked| asked.service == *service && asked.wanted.key == *key)
    }

    fn asked_at(&self, service: &ServiceName, key: &RoundKey) -> Option<Timestamp> {
        self.asked_at.get(&(service.clone(), key.clone())).copied()
    }
}

impl Engine {
    /// Returns the rounds that are due at `now`.
    pub(crate) fn due_rounds(&mut self, now: Timestamp) -> Vec<Effect> {
        if self.offline || self.samples == Samples::Off {
            return Vec::new();
        }
        self.rounds.asked.retain(|_, asked| {
            now.duration_since(asked.at) < asked.wanted.sampling.time_limit() + LOST
        });
        let room = AT_ONCE.saturating_sub(self.rounds.asked.len());
        let due: Vec<(ServiceName, Wanted)> = self
            .sampled_cells()
            .filter(|(service, wanted)| {
                let last = self.rounds.asked_at(service, &wanted.key);
                last.is_none_or(|at| now.duration_since(at) >= wanted.every)
                    && !self.rounds.is_asked(service, &wanted.key)
            })
            .take(room)
            .collect();
        due.into_iter()
            .map(|(service, wanted)| self.order_round(&service, wanted, now).1)
            .collect()
    }

    /// Returns when the next round is due.
    pub(super) fn next_round(&self, now: Timestamp) -> Option<Timestamp> {
        if self.offline || self.samples == Samples::Off {
            return None;
        }
        self.sampled_cells()
            .filter(|(service, wanted)| !self.rounds.is_asked(service, &wanted.key))
            .map(|(service, wanted)| {
                let last = self.rounds.asked_at(&service, &wanted.key);
                last.map_or(now, |at| at + wanted.every)
            })
            .min()
    }

    /// The rounds of every cell that is sampled by itself.
    fn sampled_cells(&self) -> impl Iterator<Item = (ServiceName, Wanted)> {
        self.board.rows.iter().flat_map(move |row| {
            let watched = self.watched.contains(&row.service.name);
            self.rounds_of(row, move |mode| watched || mode == Mode::Auto)
                .chain(self.verifications_of(row))
        })
    }

    /// The rounds that verify what was deployed, watched or not, until it is noted what came of it.
    fn verifications_of<'a>(
        &'a self,
        row: &'a Row,
    ) -> impl Iterator<Item = (ServiceName, Wanted)> + 'a {
        let name = &row.service.name;
        let stages = row.service.path.iter().zip(&row.cells);
        stages
            .filter(|_| self.restless.contains(name))
            .filter(|(stage, cell)| {
                self.samples.cover(&stage.environment)
                    && matches!(cell.verification, Standing::Verifying { .. })
            })
            .filter_map(|(stage, cell)| {
                let wanted = sampling::of_verification(&row.service, stage, cell.live.as_ref()?)?;
                Some((name.clone(), wanted))
            })
    }

    /// The rounds of a row's cells, where there is something to promote and it is sampled at all.
    fn rounds_of<'a>(
        &'a self,
        row: &'a Row,
        sampled: impl Fn(Mode) -> bool + 'a,
    ) -> impl Iterator<Item = (ServiceName, Wanted)> + 'a {
        let stages = row.service.path.iter().zip(&row.cells);
        stages
            .filter(move |(stage, _)| sampled(stage.mode) && self.samples.cover(&stage.environment))
            .flat_map(move |(stage, cell)| {
                let candidate = cell.candidate.as_ref();
                let wanted = candidate
                    .map(|candidate| sampling::of_gates(&row.service, stage, candidate))
                    .unwrap_or_default();
                let name = row.service.name.clone();
                wanted.into_iter().map(move |wanted| (name.clone(), wanted))
            })
    }

    /// Orders a round; the number comes back with its answer.
    pub(crate) fn order_round(
        &mut self,
        service: &ServiceName,
        wanted: Wanted,
        now: Timestamp,
    ) -> (u64, Effect) {
        let ticket = self.next_generation();
        let key = (service.clone(), wanted.key.clone());
        // Of other revisions, or of commands that are gone, nobody asks again.
        self.rounds.asked_at.retain(|(of, known), _| {
            *of != key.0
                || known.environment != key.1.environment
                || known.subject != key.1.subject
                || known.revision == key.1.revision
        });
        self.rounds.asked_at.insert(key, now);
        let effect = Effect::Sample {
            ticket,
            sampling: wanted.sampling.clone(),
        };
        let asked = Asked {
            service: service.clone(),
            wanted,
            at: now,
        };
        self.rounds.asked.insert(ticket, asked);
        (ticket, effect)
    }

    /// Takes the answer to a round; `None` if it was given up. `asked_at` is when its samples were
    /// taken: they are at least that old.
    pub(crate) fn sampled(
        &mut self,
        ticket: u64,
        asked_at: Timestamp,
        round: Option<Round>,
        now: Timestamp,
    ) -> Vec<Effect> {
        // What was given up as lost may come after all: a promotion that waits for it ends.
        let Some(asked) = self.rounds.asked.remove(&ticket) else {
            return self.round_rechecked(ticket, false, now);
        };
        let Asked {
            service, wanted, ..
        } = asked;
        let current = self
            .wanted_round(&service, &wanted.key)
            .is_some_and(|current| current.sampling == wanted.sampling);
        // Under a clock that was put back a new round looks older than the one that is known, and
        // does not replace it.
        let known = self
            .board
            .row(&service)
            .and_then(|row| row.seen.rounds.get(&wanted.key)?.at());
        let newest = known.is_none_or(|known| known <= asked_at);
        let taken = match round {
            Some(round) if current => {
                let (board, basis) = self.judging(now);
                let key = wanted.key;
                board.see(
                    &service,
                    |seen| seen.take_round(key, round, asked_at),
                    basis,
                );
                newest
            }
            Some(_) | None => false,
        };
        self.round_rechecked(ticket, taken, now)
    }

    /// A promotion goes on when the last of its rounds has been taken anew, and ends if one was not.
    fn round_rechecked(&mut self, ticket: u64, taken: bool, now: Timestamp) -> Vec<Effect> {
        let mut found = None;
        for (id, flow) in &mut self.flows {
            if let Stage::Sampling { waiting } = &mut flow.stage
                && waiting.remove(&ticket)
            {
                found = Some((id.clone(), waiting.is_empty()));
            }
        }
        match found {
            Some((id, _)) if !taken => {
                let why = "it could not be sampled again as the policy asks; nothing was sent";
                let refusal = Refusal::new(RefusalKind::Facts, why).hint("look at it again");
                self.abandon(&id, refusal, now)
            }
            Some((id, true)) => self.reread(&id, now),
            Some((_, false)) | None => Vec::new(),
        }
    }

    /// The round that `key` means now, if it is still asked for.
    fn wanted_round(&self, service: &ServiceName, key: &RoundKey) -> Option<Wanted> {
        let row = self.board.row(service)?;
        let stage = row.service.stage(&key.environment)?;
        let cell: &Cell = row.cell(&key.environment)?;
        let wanted = match key.subject {
            Subject::Health | Subject::Command(_) => {
                sampling::of_gates(&row.service, stage, cell.candidate.as_ref()?)
                    .into_iter()
                    .find(|wanted| wanted.key == *key)
            }
            Subject::Verification => {
                sampling::of_verification(&row.service, stage, cell.live.as_ref()?)
            }
        };
        wanted.filter(|wanted| wanted.key == *key)
    }

    /// The rounds of the promotion into one cell.
    pub(super) fn rounds_into(
        &self,
        service: &ServiceName,
        environment: &EnvironmentName,
    ) -> Vec<Wanted> {
        let place = self.board.row(service).and_then(|row| {
            let stage = row.service.stage(environment)?;
            let candidate = row.cell(environment)?.candidate.as_ref()?;
            Some(sampling::of_gates(&row.service, stage, candidate))
        });
        place.unwrap_or_default()
    }

    /// After a reload, what was sampled may have been another question.
    pub(super) fn forget_rounds(&mut self) {
        self.rounds.asked_at.clear();
        for row in &mut self.board.rows {
            row.seen.rounds.clear();
        }
    }

    /// Says whether every round of a service that is sampled has been taken at or after `since`.
    pub fn rounds_are_taken(&self, service: &ServiceName, since: Timestamp) -> bool {
        self.board.row(service).is_none_or(|row| {
            self.rounds_of(row, |_| true).all(|(_, wanted)| {
                let round = row.seen.rounds.get(&wanted.key);
                round
                    .and_then(crate::domain::observed::Fact::at)
                    .is_some_and(|at| at >= since)
            })
        })
    }

    /// How long the rounds of a service may take.
    pub fn rounds_take(&self, service: &ServiceName) -> SignedDuration {
        let row = self.board.row(service);
        let limits = row.into_iter().flat_map(|row| {
            self.rounds_of(row, |_| true)
                .map(|(_, wanted)| wanted.sampling.time_limit())
        });
        limits.max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
