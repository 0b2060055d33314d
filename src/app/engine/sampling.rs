//! Sampling: when rounds of samples are taken, and what their answers do. What a round asks lives
//! in `domain/sampling.rs`, asking it in `runtime`.
//!
//! 1. A watched cell with a candidate is sampled every so often as its rule says; one that promotes
//!    by itself is, watched or not.
//! 2. Cells that nobody watches are sampled a bit more rarely, so that a healthy one never reads
//!    unknown for being out of sight. Where the command line asked about some, they are not.
//! 3. What was deployed is sampled until its verification is over, watched or not (`aftermath.rs`).
//! 4. Before a permit its rounds are taken anew (`recheck.rs`).
//! 5. An answer to what is no longer asked so, because the rule or the candidate changed, is dropped.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::flow::Stage;
use super::{Engine, Report};
use crate::app::effect::Effect;
use crate::app::request::{Refusal, RefusalKind};
use crate::domain::board::Row;
use crate::domain::cell::Cell;
use crate::domain::deployment;
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::domain::policy::Mode;
use crate::domain::sampling::{self, Wanted};
use crate::domain::seen::{Outcome, Round, RoundKey, Sample, Subject};
use crate::domain::verification::{self, Standing};

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
    /// How often in vain what was deployed before anybody asked for this has been looked at: it has no
    /// time limit of its own.
    looks: BTreeMap<(ServiceName, RoundKey), u32>,
    /// When to look next for rounds that are due where nobody watches: going through all rows at
    /// every message would cost too much. `None` at the beginning.
    quiet_at: Option<Timestamp>,
    /// Whether there were any when they were looked for last.
    any_quiet: bool,
}

/// A quiet cell waits a fifth longer than its rule says: its last round counts for two of those.
const QUIETER: i32 = 5;
/// Rows that nobody watches are gone through at most this often, and at least that often.
const QUIET_LEAST: SignedDuration = SignedDuration::from_secs(1);
const QUIET_MOST: SignedDuration = SignedDuration::from_secs(5);

/// How often that is, and how long the distance between two looks becomes at most.
const LOOKS: u32 = 10;
const SELDOM: SignedDuration = SignedDuration::from_mins(30);

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

    /// How long after a look the next one comes; `None` when it has been looked at often enough.
    fn patience(&self, service: &ServiceName, wanted: &Wanted) -> Option<SignedDuration> {
        let key = (service.clone(), wanted.key.clone());
        match self.looks.get(&key) {
            None => Some(wanted.every),
            Some(looks) if *looks >= LOOKS => None,
            Some(looks) => {
                let doubled = wanted.every.saturating_mul(1_i32 << (*looks).min(16));
                Some(doubled.min(SELDOM).max(wanted.every))
            }
        }
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
        let is_due = |(service, wanted): &(ServiceName, Wanted)| {
            let due = self.round_due(service, wanted, now);
            due.is_some_and(|at| at <= now)
        };
        // What is watched goes first.
        let mut due: Vec<(ServiceName, Wanted)> =
            self.sampled_cells().filter(is_due).take(room).collect();
        if self.rounds.quiet_at.is_none_or(|at| at <= now) {
            let more = room - due.len();
            due.extend(self.quiet_cells().filter(is_due).take(more));
            let next = self.quiet_cells().filter(|one| !is_due(one));
            let next = next.filter_map(|(service, wanted)| self.round_due(&service, &wanted, now));
            let next = next.min().unwrap_or(now + QUIET_MOST);
            let (least, most) = (now + QUIET_LEAST, now + QUIET_MOST);
            // Some may have had to wait for room.
            let full = due.len() == room;
            let any_quiet = self.quiet_cells().next().is_some();
            self.rounds.any_quiet = any_quiet;
            self.rounds.quiet_at = Some(if full { least } else { next.clamp(least, most) });
        }
        due.into_iter()
            .map(|(service, wanted)| self.order_round(&service, wanted, now).1)
            .collect()
    }

    /// When a round is due; `None` while it is under way, and when it has been looked at often enough.
    fn round_due(
        &self,
        service: &ServiceName,
        wanted: &Wanted,
        now: Timestamp,
    ) -> Option<Timestamp> {
        if self.rounds.is_asked(service, &wanted.key) {
            return None;
        }
        match self.rounds.asked_at(service, &wanted.key) {
            None => Some(now),
            Some(at) => Some(at + self.rounds.patience(service, wanted)?),
        }
    }

    /// Returns when the next round is due.
    pub(super) fn next_round(&self, now: Timestamp) -> Option<Timestamp> {
        if self.offline || self.samples == Samples::Off {
            return None;
        }
        let watched = self.sampled_cells();
        let watched =
            watched.filter_map(|(service, wanted)| self.round_due(&service, &wanted, now));
        let quiet = self.rounds.quiet_at.filter(|_| self.rounds.any_quiet);
        watched.chain(quiet).min()
    }

    /// The rounds of cells that nobody watches, each a bit later than its rule says.
    fn quiet_cells(&self) -> impl Iterator<Item = (ServiceName, Wanted)> {
        // Who asked about some services waits for those alone.
        let all = self.named.is_empty();
        let rows = self.board.rows.iter().filter(move |_| all);
        rows.filter(move |row| !self.watched.contains(&row.service.name))
            .flat_map(move |row| self.rounds_of(row, |mode| mode != Mode::Auto))
            .map(|(service, mut wanted)| {
                wanted.every = wanted.every.saturating_add(wanted.every / QUIETER);
                (service, wanted)
            })
    }

    /// The rounds of every cell that is sampled by itself.
    fn sampled_cells(&self) -> impl Iterator<Item = (ServiceName, Wanted)> {
        let rows = self.board.rows.iter();
        let asked = rows.filter(move |row| self.reaches(&row.service.name));
        asked.flat_map(move |row| {
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
            .filter(|(stage, cell)| {
                let asked = match cell.verification {
                    // Without a time limit nobody is restless for it.
                    Standing::Verifying { until: None, .. } => true,
                    Standing::Verifying { .. } => self.restless.contains(name),
                    Standing::NotAsked
                    | Standing::Unknown
                    | Standing::Passed
                    | Standing::Failed { .. } => false,
                };
                asked && self.samples.cover(&stage.environment)
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
        let verifies = wanted.key.subject == Subject::Verification;
        // Under a clock that was put back a new round looks older than the one that is known, and
        // does not replace it.
        let known = self
            .board
            .row(&service)
            .and_then(|row| row.seen.rounds.get(&wanted.key)?.at());
        let newest = known.is_none_or(|known| known <= asked_at);
        let taken = match round {
            Some(round) if current => {
                self.looked(&service, &wanted.key, &round);
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
        let mut effects = self.round_rechecked(ticket, taken, now);
        if verifies && taken {
            effects.extend(self.look_after(&service, now));
        }
        effects
    }

    /// Counts the looks in vain at what nobody has to have verified within a time, and says when there
    /// will be no more: some probes never come out well there.
    fn looked(&mut self, service: &ServiceName, key: &RoundKey, round: &Round) {
        let cell = self.board.cell(service, &key.environment);
        let endless = cell.is_some_and(|cell| match cell.verification {
            Standing::Verifying { until, .. } => until.is_none() || self.is_older(service, key),
            Standing::NotAsked | Standing::Unknown | Standing::Passed | Standing::Failed { .. } => {
                false
            }
        });
        let place = (service.clone(), key.clone());
        let well = |sample: &Sample| sample.outcome == Outcome::Success;
        if key.subject != Subject::Verification || !endless || round.samples.iter().all(well) {
            self.rounds.looks.remove(&place);
            return;
        }
        let looks = self.rounds.looks.entry(place).or_default();
        *looks += 1;
        if *looks == LOOKS {
            let live = cell.and_then(|cell| cell.live.as_ref());
            let live = live.map_or("what is live", |live| live.label());
            let bad = round.samples.iter().filter(|sample| !well(sample));
            let bad: Vec<String> = bad
                .map(|sample| format!("{} {}", sample.probe, sample.value))
                .collect();
            self.reports.push(Report::Alert {
                subject: format!("{service} {}", key.environment),
                why: format!(
                    "{live} was there before anybody asked for this and was not well in {LOOKS} looks \
                     ({}): it is looked at no more and does not count as verified",
                    bad.join(", ")
                ),
                hint: Some("r looks again; the next promotion is verified anew".to_owned()),
            });
        }
    }

    /// Says whether what is live was there before this policy, by nobody's order here.
    fn is_older(&self, service: &ServiceName, key: &RoundKey) -> bool {
        let facts = self.board.row(service).and_then(|row| row.facts.value());
        let live = facts.and_then(|facts| deployment::live(&facts.deployments, &key.environment));
        live.zip(self.ledger.as_ref())
            .is_some_and(|(live, ledger)| {
                verification::is_older(&self.policy, ledger, service, live)
            })
    }

    /// Looks again at what has been given up.
    pub(crate) fn look_again(&mut self, service: &ServiceName) {
        self.rounds.looks.retain(|(of, _), _| of != service);
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
        self.rounds.looks.clear();
        self.rounds.quiet_at = None;
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
