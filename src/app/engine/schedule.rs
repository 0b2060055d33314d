//! The schedule: when to ask which forge what. Nothing is asked here; due questions come back as
//! effects.
//!
//! 1. At the start, who the token is, and the facts of every service.
//! 2. Every interval a pulse of all services of a forge; those that changed are read whole.
//! 3. Watched services, and those with something in flight, are read whole more often.
//! 4. After an act, its service at 2, 4, 8 and 15 s.
//! 5. A forge in trouble is asked less: the distance doubles up to five minutes.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::{Engine, JournalState};
use crate::app::effect::{Effect, Question, Target};
use crate::domain::ids::{EnvironmentName, ForgeName, RepoPath, ServiceName, Sha};
use crate::domain::observed::Fact;
use crate::domain::policy::{GateSpec, Service};

/// How often what is in flight or watched is read whole.
const HOT: SignedDuration = SignedDuration::from_secs(5);
const WATCHED: SignedDuration = SignedDuration::from_secs(10);
/// How often everything is read whole, pulse or not: the pulse does not see all.
const WHOLE: SignedDuration = SignedDuration::from_mins(10);
/// How often the scope of a watched cell is read again: reviews of merged changes rarely change,
/// and every send reads them again anyway.
const SCOPE: SignedDuration = SignedDuration::from_mins(5);
/// And of one whose commits' checks count: they change when somebody runs them again.
const CHECKED_SCOPE: SignedDuration = SignedDuration::from_mins(1);
const JOBS: SignedDuration = SignedDuration::from_secs(10);
const AFTER_ACT: [i64; 4] = [2, 4, 8, 15];
/// The shortest distance between two reads of one scope.
const SCOPE_AGAIN: SignedDuration = SignedDuration::from_secs(30);
const SLOWEST: SignedDuration = SignedDuration::from_mins(5);
/// How often a journal that cannot be reached is tried.
const JOURNAL: SignedDuration = SignedDuration::from_secs(2);
/// How many scope reads may be under way at once on one forge.
const SCOPES_AT_ONCE: usize = 4;
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
    /// Until when a scope or a run's jobs are not asked for again.
    not_before: BTreeMap<Asked, Timestamp>,
}

/// One forge's times.
#[derive(Clone, Debug, Default)]
struct Clock {
    identity_at: Option<Timestamp>,
    pulse_at: Option<Timestamp>,
    /// Until when the forge is left alone.
    paused_until: Option<Timestamp>,
}

/// A question under way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    Identity(ForgeName),
    Pulse(ForgeName),
    Facts(ForgeName, Vec<ServiceName>),
    Scope(ForgeName, ServiceName, Sha, Sha),
    Jobs(ServiceName, u64),
}

impl Schedule {
    /// Asks for a service soon and several times: something was just done to it.
    pub fn hurry(&mut self, service: &ServiceName, now: Timestamp) {
        let times = AFTER_ACT
            .iter()
            .map(|seconds| now + SignedDuration::from_secs(*seconds))
            .collect();
        self.early.insert(service.clone(), times);
    }

    /// Reads one service whole at once: its pulse changed.
    pub fn refresh_one(&mut self, service: &ServiceName, now: Timestamp) {
        self.early.entry(service.clone()).or_default().push(now);
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
        }
        for clock in self.forges.values_mut() {
            clock.pulse_at = None;
            clock.paused_until = None;
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

    fn is_asked(&self, wanted: &Asked) -> bool {
        self.asked.values().any(|(asked, _)| asked == wanted)
    }

    /// Gives up the questions that nobody answered, and what is no longer to be waited for.
    fn forget(&mut self, now: Timestamp) {
        self.not_before.retain(|_, until| now < *until);
        let read_at = &mut self.read_at;
        self.asked.retain(|_, (asked, at)| {
            let kept = now.duration_since(*at) < LOST;
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
            Asked::Identity(_) | Asked::Pulse(_) | Asked::Scope(..) | Asked::Jobs(..) => None,
        });
        lists.flatten().collect()
    }
}

impl Engine {
    /// Returns what is due to be asked at `now`.
    pub(crate) fn due_questions(&mut self, now: Timestamp) -> Vec<Effect> {
        if self.offline {
            return Vec::new();
        }
        self.schedule.forget(now);
        let forges: Vec<ForgeName> = self.forges.keys().cloned().collect();
        forges
            .iter()
            .flat_map(|forge| self.due_of(forge, now))
            .collect()
    }

    fn due_of(&mut self, forge: &ForgeName, now: Timestamp) -> Vec<Effect> {
        let clock = self
            .schedule
            .forges
            .entry(forge.clone())
            .or_default()
            .clone();
        if clock.paused_until.is_some_and(|until| now < until) {
            return Vec::new();
        }
        let mut effects = Vec::new();
        let known = self
            .forges
            .get(forge)
            .is_some_and(|state| state.identity.is_some());
        if !known
            && clock.identity_at.is_none_or(|at| at <= now)
            && !self.schedule.is_asked(&Asked::Identity(forge.clone()))
        {
            self.clock(forge).identity_at = Some(now + SignedDuration::from_secs(30));
            effects.push(self.question(
                Asked::Identity(forge.clone()),
                forge,
                Question::Identity,
                now,
            ));
        }
        let reading = self.schedule.reading();
        let whole: Vec<ServiceName> = self
            .board
            .rows
            .iter()
            .filter(|row| row.service.forge == *forge)
            .map(|row| row.service.name.clone())
            .filter(|service| !reading.contains(service) && self.is_due(service, now))
            .collect();
        if !whole.is_empty() {
            for service in &whole {
                if let Some(times) = self.schedule.early.get_mut(service) {
                    times.retain(|at| *at > now);
                }
                self.schedule.read_at.insert(service.clone(), now);
            }
            let targets = whole
                .iter()
                .filter_map(|service| self.target(service))
                .collect();
            effects.push(self.question(
                Asked::Facts(forge.clone(), whole),
                forge,
                Question::Facts(targets),
                now,
            ));
        }
        if clock.pulse_at.is_none_or(|at| at <= now)
            && !self.schedule.is_asked(&Asked::Pulse(forge.clone()))
        {
            let targets: Vec<Target> = self
                .board
                .rows
                .iter()
                .filter(|row| {
                    row.service.forge == *forge && (row.facts.last.is_some() || row.pulse.is_some())
                })
                .filter_map(|row| self.target(&row.service.name))
                .collect();
            self.clock(forge).pulse_at = Some(now + self.interval);
            if !targets.is_empty() {
                effects.push(self.question(
                    Asked::Pulse(forge.clone()),
                    forge,
                    Question::Pulse(targets),
                    now,
                ));
            }
        }
        effects.extend(self.due_scopes(forge, now));
        effects.extend(self.due_jobs(forge, now));
        effects
    }

    /// Says whether a service is to be read whole at `now`.
    fn is_due(&self, service: &ServiceName, now: Timestamp) -> bool {
        self.whole_at(service).is_none_or(|at| at <= now)
    }

    /// Returns when a service is to be read whole next; `None` means at once.
    fn whole_at(&self, service: &ServiceName) -> Option<Timestamp> {
        let row = self.board.row(service)?;
        let early = self
            .schedule
            .early
            .get(service)
            .and_then(|times| times.iter().min().copied());
        // A fault is as good as an answer here: asking a broken service every tick helps nobody.
        let last = match (row.facts.at(), row.facts.fault.as_ref()) {
            (None, None) => return None,
            (at, Some(fault)) => at.map_or(fault.at, |at| at.max(fault.at)),
            (Some(at), None) => at,
        };
        let last = self
            .schedule
            .read_at
            .get(service)
            .map_or(last, |read_at| last.max(*read_at));
        let in_flight = row.cells.iter().any(|cell| {
            cell.in_flight
                .as_ref()
                .is_some_and(|flight| !flight.awaits_approval())
        });
        let regular = if row.facts.fault.is_some() {
            last + self.interval
        } else if in_flight {
            last + HOT
        } else if self.watched.contains(service) {
            last + WATCHED.min(self.interval)
        } else {
            last + WHOLE
        };
        Some(early.map_or(regular, |early| early.min(regular)))
    }

    fn due_scopes(&mut self, forge: &ForgeName, now: Timestamp) -> Vec<Effect> {
        let under_way = self
            .schedule
            .asked
            .values()
            .filter(|(asked, _)| matches!(asked, Asked::Scope(of, ..) if of == forge))
            .count();
        let mut wanted: Vec<(bool, ServiceName, RepoPath, Sha, Sha)> = Vec::new();
        for row in self
            .board
            .rows
            .iter()
            .filter(|row| row.service.forge == *forge)
        {
            let service = &row.service.name;
            let watched = self.watched.contains(service);
            let keep = match (watched, row.service.blocks_on_checks()) {
                (true, true) => CHECKED_SCOPE,
                (true, false) => SCOPE,
                (false, _) => WHOLE,
            };
            for cell in &row.cells {
                let (Some(live), Some(candidate)) = (&cell.live, &cell.candidate) else {
                    continue;
                };
                if !watched && !self.needs_scope(service, &cell.environment) {
                    continue;
                }
                let fact = row.scope_of(cell);
                let fresh = fact
                    .and_then(Fact::at)
                    .is_some_and(|at| now.duration_since(at) < keep);
                let key = (service.clone(), live.sha.clone(), candidate.sha.clone());
                let asked =
                    Asked::Scope(forge.clone(), key.0.clone(), key.1.clone(), key.2.clone());
                if fresh || self.schedule.waits(&asked, now) || self.schedule.is_asked(&asked) {
                    continue;
                }
                let repo = row
                    .facts
                    .value()
                    .map_or_else(|| row.service.repo.clone(), |facts| facts.repo.clone());
                wanted.push((watched, key.0, repo, key.1, key.2));
            }
        }
        wanted.sort_by_key(|(watched, ..)| !watched);
        wanted
            .into_iter()
            .take(SCOPES_AT_ONCE.saturating_sub(under_way))
            .map(|(_, service, repo, base, head)| {
                let asked =
                    Asked::Scope(forge.clone(), service.clone(), base.clone(), head.clone());
                self.schedule
                    .not_before
                    .insert(asked.clone(), now + SCOPE_AGAIN);
                let question = Question::Scope {
                    named_checks: self.blocks_on_checks(&service),
                    service,
                    repo,
                    base,
                    head,
                };
                self.question(asked, forge, question, now)
            })
            .collect()
    }

    /// The jobs of the runs that somebody looks at.
    fn due_jobs(&mut self, forge: &ForgeName, now: Timestamp) -> Vec<Effect> {
        let mut wanted = Vec::new();
        for row in self
            .board
            .rows
            .iter()
            .filter(|row| row.service.forge == *forge)
        {
            if !self.watched.contains(&row.service.name) {
                continue;
            }
            let Some(facts) = row.facts.value() else {
                continue;
            };
            for run in facts.runs.iter().take(3) {
                let key = (row.service.name.clone(), run.id);
                let fact = self.jobs.get(&key);
                let settled = fact.and_then(Fact::at).is_some_and(|at| {
                    now.duration_since(at) < JOBS
                        || (!run.phase.is_in_flight() && at > run.updated_at + JOBS)
                });
                let failed = fact
                    .and_then(|fact| fact.fault.as_ref())
                    .is_some_and(|fault| now.duration_since(fault.at) < JOBS);
                let asked = Asked::Jobs(key.0.clone(), run.id.0);
                let waits = self.schedule.waits(&asked, now);
                if !settled && !failed && !waits && !self.schedule.is_asked(&asked) {
                    wanted.push((asked, key.0, facts.repo.clone(), run.id));
                }
            }
        }
        wanted
            .into_iter()
            .map(|(asked, service, repo, run)| {
                self.schedule.not_before.insert(asked.clone(), now + JOBS);
                self.question(asked, forge, Question::Jobs { service, repo, run }, now)
            })
            .collect()
    }

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
        self.schedule.asked.remove(&generation).is_some()
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
            .interval
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

    /// What a forge needs to know to read a service.
    pub(crate) fn target(&self, service: &ServiceName) -> Option<Target> {
        let row = self.board.row(service)?;
        let mut revisions: BTreeSet<Sha> = BTreeSet::new();
        for cell in &row.cells {
            revisions.extend(cell.candidate.iter().map(|revision| revision.sha.clone()));
            revisions.extend(
                cell.in_flight
                    .iter()
                    .map(|flight| flight.revision.sha.clone()),
            );
        }
        Some(Target {
            service: service.clone(),
            repo: row
                .facts
                .value()
                .map_or_else(|| row.service.repo.clone(), |facts| facts.repo.clone()),
            branch: row.service.branch.clone(),
            environments: row
                .service
                .path
                .iter()
                .map(|stage| stage.environment.clone())
                .collect(),
            revisions: revisions.into_iter().collect(),
            named_checks: row.service.names_checks(),
        })
    }

    /// Says whether the checks of every commit in a service's scopes count.
    pub(crate) fn blocks_on_checks(&self, service: &ServiceName) -> bool {
        self.policy
            .service(service)
            .is_some_and(Service::blocks_on_checks)
    }

    /// Says whether a gate of the stage judges the scope.
    pub(crate) fn needs_scope(&self, service: &ServiceName, environment: &EnvironmentName) -> bool {
        // By way of the board, which finds a service without going through all of them.
        let stage = self
            .board
            .row(service)
            .and_then(|row| row.service.stage(environment));
        stage.is_some_and(|stage| {
            stage.gates.iter().any(|gate| match gate {
                GateSpec::Review { .. } => true,
                GateSpec::Pipeline(rule) => !rule.blocking.is_empty(),
                GateSpec::Fresh
                | GateSpec::Path { .. }
                | GateSpec::Soak { .. }
                | GateSpec::Window
                | GateSpec::Hold
                | GateSpec::SignOff { .. }
                | GateSpec::Forge
                | GateSpec::Manual => false,
            })
        })
    }

    /// Returns the next instant at which something is due by itself: a question, a verdict that
    /// runs out, a hold that ends, a search, or an outcome that the journal did not take.
    pub fn due(&self, now: Timestamp) -> Timestamp {
        let mut due = now + SignedDuration::from_secs(60);
        let mut sooner = |at: Timestamp| due = due.min(at);
        if let Some(at) = self.board.due() {
            sooner(at);
        }
        if matches!(self.journal, JournalState::Unreachable { .. }) {
            sooner(self.schedule.journal_at.unwrap_or(now));
        }
        for search in self.reconciling.values().filter(|search| !search.asking) {
            sooner(search.next_at);
        }
        if self
            .flows
            .values()
            .any(|flow| flow.stage.failed_at().is_some())
        {
            sooner(now + SignedDuration::from_secs(2));
        }
        for hold in self.ledger.iter().flat_map(|ledger| ledger.holds.values()) {
            if let Some(until) = hold.until.filter(|until| *until > now) {
                sooner(until);
            }
        }
        if !self.offline {
            sooner(self.due_of_forges(now));
        }
        due.max(now + SignedDuration::from_millis(50))
    }

    fn due_of_forges(&self, now: Timestamp) -> Timestamp {
        let mut due = now + SignedDuration::from_secs(60);
        let reading = self.schedule.reading();
        for (forge, clock) in &self.schedule.forges {
            if let Some(until) = clock.paused_until.filter(|until| *until > now) {
                due = due.min(until);
                continue;
            }
            due = due.min(clock.pulse_at.unwrap_or(now));
            for row in self
                .board
                .rows
                .iter()
                .filter(|row| row.service.forge == *forge)
            {
                if !reading.contains(&row.service.name) {
                    due = due.min(self.whole_at(&row.service.name).unwrap_or(now));
                }
            }
        }
        due
    }
}

#[cfg(test)]
mod tests;
