//! What is due to be asked now: identity, pulse, whole facts, scopes and jobs, and what a forge needs
//! to know to be asked.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::super::Engine;
use super::Asked;
use crate::app::effect::{Effect, Question, Target};
use crate::domain::board::Row;
use crate::domain::ids::{EnvironmentName, ForgeName, ServiceName, Sha};
use crate::domain::observed::Fact;
use crate::domain::phase::Phase;
use crate::domain::policy::{GateSpec, Service};

/// How often the scope of a cell that somebody opened is read again: reviews of merged changes rarely
/// change, and every send reads them again anyway.
const SCOPE: SignedDuration = SignedDuration::from_mins(5);
/// And of one whose commits' checks count: they change when somebody runs them again.
const CHECKED_SCOPE: SignedDuration = SignedDuration::from_mins(1);
const JOBS: SignedDuration = SignedDuration::from_secs(10);
const WAITING_JOBS: SignedDuration = SignedDuration::from_mins(1);
/// The shortest distance between two reads of one scope.
const SCOPE_AGAIN: SignedDuration = SignedDuration::from_secs(30);
/// How many scope reads may be under way at once on one forge.
const SCOPES_AT_ONCE: usize = 4;

impl Engine {
    /// Returns what is due to be asked at `now`.
    pub(crate) fn due_questions(&mut self, now: Timestamp) -> Vec<Effect> {
        if self.offline {
            return Vec::new();
        }
        self.schedule.forget(now);
        self.note_touched();
        let forges = self.forges.keys().filter(|forge| self.reaches_forge(forge));
        let forges: Vec<ForgeName> = forges.cloned().collect();
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
        if (!known || clock.unsure)
            && clock.identity_at.is_none_or(|at| at <= now)
            && !self.schedule.is_asked(&Asked::Identity(forge.clone()))
        {
            self.clock(forge).identity_at = Some(now + SignedDuration::from_secs(30));
            self.clock(forge).unsure = false;
            effects.push(self.question(
                Asked::Identity(forge.clone()),
                forge,
                Question::Identity,
                now,
            ));
        }
        let places = self.to_look_at(forge, now);
        let mut whole = self.due_whole(&places, now);
        if whole.is_empty() {
            whole = self.due_in_turn(forge, now);
        }
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
        effects.extend(self.due_pulse(forge, now));
        let (declared, again) = self.due_declared(forge, &places, now);
        self.take_looks(&places, again, now);
        effects.extend(self.due_scopes(forge, &places, now));
        effects.extend(declared);
        effects.extend(self.due_jobs(forge, now));
        effects.extend(self.due_marks(forge, now));
        effects
    }

    /// Which of the rows are to be read whole at `now`.
    fn due_whole(&self, places: &[usize], now: Timestamp) -> Vec<ServiceName> {
        if places.is_empty() {
            return Vec::new();
        }
        let reading = self.schedule.reading();
        let rows = places
            .iter()
            .filter_map(|place| self.board.rows.get(*place));
        rows.map(|row| &row.service.name)
            .filter(|service| !reading.contains(service))
            .filter(|service| self.whole_at(service).is_none_or(|at| at <= now))
            .cloned()
            .collect()
    }

    /// Takes note of when rows that were just looked at are to be read whole, or looked at `again`.
    fn take_looks(&mut self, places: &[usize], again: Vec<Option<Timestamp>>, now: Timestamp) {
        if places.is_empty() {
            return;
        }
        let reading = self.schedule.reading();
        let taken: Vec<_> = places
            .iter()
            .zip(again)
            .filter_map(|(place, again)| {
                let row = self.board.rows.get(*place)?;
                let service = &row.service.name;
                let whole_at =
                    (!reading.contains(service)).then(|| self.whole_at(service).unwrap_or(now));
                Some((*place, row.version, whole_at, again))
            })
            .collect();
        for (place, version, whole_at, again) in taken {
            let looks = &mut self.schedule.looks;
            looks.looked(place, version, whole_at, again, now);
        }
    }

    /// The scopes that are to be read: those of the rows at `places` and those that have waited for
    /// room since.
    fn due_scopes(&mut self, forge: &ForgeName, places: &[usize], now: Timestamp) -> Vec<Effect> {
        for place in places {
            self.note_scopes(*place, now);
        }
        let under_way = self
            .schedule
            .asked
            .values()
            .filter(|(asked, _)| matches!(asked, Asked::Scope(of, ..) if of == forge))
            .count();
        let room = SCOPES_AT_ONCE.saturating_sub(under_way);
        if room == 0 {
            return Vec::new();
        }
        let mut effects = Vec::new();
        for place in self.wanting_scopes(forge) {
            if effects.len() == room {
                break;
            }
            let Some(row) = self.board.rows.get(place) else {
                continue;
            };
            let service = row.service.name.clone();
            let repo = row
                .facts
                .value()
                .map_or_else(|| row.service.repo.clone(), |facts| facts.repo.clone());
            let (wanted, _) = self.wanted_scopes(row, now);
            for (base, head) in wanted.into_iter().take(room - effects.len()) {
                let asked =
                    Asked::Scope(forge.clone(), service.clone(), base.clone(), head.clone());
                self.schedule
                    .not_before
                    .insert(asked.clone(), now + SCOPE_AGAIN);
                let question = Question::Scope {
                    named_checks: self.blocks_on_checks(&service),
                    service: service.clone(),
                    repo: repo.clone(),
                    base,
                    head,
                };
                effects.push(self.question(asked, forge, question, now));
            }
            self.note_scopes(place, now);
        }
        effects
    }

    fn note_scopes(&mut self, place: usize, now: Timestamp) {
        if let Some(row) = self.board.rows.get(place) {
            let (wanted, again) = self.wanted_scopes(row, now);
            let wanted = !wanted.is_empty();
            self.schedule.looks.scopes(place, wanted, again);
        }
    }

    /// The ends of the scopes that are to be read of a row, and when the next of the others is.
    fn wanted_scopes(&self, row: &Row, now: Timestamp) -> (Vec<(Sha, Sha)>, Option<Timestamp>) {
        let service = &row.service.name;
        let watched = self.watched.contains(service);
        let keep = match (self.is_focused(service), row.service.blocks_on_checks()) {
            (true, true) => CHECKED_SCOPE,
            (true, false) => SCOPE,
            (false, _) => self.scope_kept(&row.service.forge),
        };
        let judged = row
            .cells
            .iter()
            .filter(|cell| watched || needs_scope(row, &cell.environment));
        let ends = judged.filter_map(super::super::ends);
        let (mut wanted, mut again) = (Vec::new(), None::<Timestamp>);
        for (base, head) in ends.chain(self.traced_ends(row)) {
            let ends = (base, head);
            let fresh_until = row.scopes.get(&ends).and_then(Fact::at).map(|at| at + keep);
            let (base, head) = ends;
            let asked = Asked::Scope(
                row.service.forge.clone(),
                service.clone(),
                base.clone(),
                head.clone(),
            );
            let waits_until = self.schedule.not_before.get(&asked).copied();
            let later = fresh_until.max(waits_until).filter(|at| *at > now);
            match later {
                Some(at) => again = again.into_iter().chain([at]).min(),
                // Its answer will touch the row.
                None if self.schedule.is_asked(&asked) => {}
                None => wanted.push((base, head)),
            }
        }
        (wanted, again)
    }

    /// The files that gates compare. Commits never change, so each is read once; one that could not
    /// be read is tried again like a scope.
    ///
    /// Returns for each of the places too when its files are worth another look.
    fn due_declared(
        &mut self,
        forge: &ForgeName,
        places: &[usize],
        now: Timestamp,
    ) -> (Vec<Effect>, Vec<Option<Timestamp>>) {
        let mut wanted = Vec::new();
        let mut looks = vec![None; places.len()];
        for (place, look) in places.iter().zip(&mut looks) {
            let Some(row) = self.board.rows.get(*place) else {
                continue;
            };
            let service = &row.service.name;
            let files: Vec<(String, Sha)> = row
                .wanted_files()
                .into_iter()
                .filter(|file| row.seen.declared.get(file).and_then(Fact::value).is_none())
                .collect();
            let asked = Asked::Declared(forge.clone(), service.clone(), files.clone());
            let waits_until = self.schedule.not_before.get(&asked);
            *look = waits_until.copied().filter(|until| now < *until);
            if files.is_empty() || look.is_some() || self.schedule.is_asked(&asked) {
                continue;
            }
            let again = if self.watched.contains(service) {
                SCOPE_AGAIN
            } else {
                SCOPE
            };
            let repo = row
                .facts
                .value()
                .map_or_else(|| row.service.repo.clone(), |facts| facts.repo.clone());
            wanted.push((asked, again, service.clone(), repo, files));
        }
        let question = |(asked, again, service, repo, files): (Asked, _, _, _, _)| {
            self.schedule.not_before.insert(asked.clone(), now + again);
            let question = Question::Declared {
                service,
                repo,
                files,
            };
            self.question(asked, forge, question, now)
        };
        (wanted.into_iter().map(question).collect(), looks)
    }

    /// The jobs of the runs that somebody looks at.
    fn due_jobs(&mut self, forge: &ForgeName, now: Timestamp) -> Vec<Effect> {
        let mut wanted = Vec::new();
        let watched = self.watched.iter();
        for row in watched
            .filter_map(|service| self.board.row(service))
            .filter(|row| row.service.forge == *forge && self.reaches(&row.service.name))
        {
            let Some(facts) = row.facts.value() else {
                continue;
            };
            let logged = self
                .logged
                .as_ref()
                .filter(|(of, _)| *of == row.service.name);
            let older = facts.runs.iter().skip(3);
            let older = older.filter(|run| logged.is_some_and(|(_, logged)| *logged == run.id));
            for run in facts.runs.iter().take(3).chain(older) {
                let key = (row.service.name.clone(), run.id);
                let fact = self.jobs.get(&key);
                // What waits for a person hardly moves, and when it does, so does the run.
                let waits = run.phase == Phase::Gated && !self.is_focused(&row.service.name);
                let again = if waits { WAITING_JOBS } else { JOBS };
                let settled = fact.and_then(Fact::at).is_some_and(|at| {
                    now.duration_since(at) < again
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

    /// Forgets the jobs of a service's runs that its facts do not tell of any more, but for those of
    /// the run whose log is looked at.
    pub(in crate::app::engine) fn forget_jobs(&mut self, service: &ServiceName) {
        let row = self.board.row(service);
        let Some(facts) = row.and_then(|row| row.facts.value()) else {
            return;
        };
        let logged = self.logged.as_ref();
        self.jobs.retain(|(of, run), _| {
            let is_logged = logged.is_some_and(|(of_log, logged)| of_log == of && logged == run);
            of != service || is_logged || facts.runs.iter().any(|known| known.id == *run)
        });
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
            model: row.service.environments.clone(),
            jobs: row.service.doors(),
            revisions: revisions.into_iter().collect(),
            named_checks: row.service.names_checks(),
            reports: row.service.wants_reports(),
            labels: row
                .service
                .blocking_labels()
                .into_iter()
                .map(str::to_owned)
                .collect(),
            payloads: row.service.wants_payloads(),
            brief: false,
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
        let row = self.board.row(service);
        row.is_some_and(|row| needs_scope(row, environment))
    }
}

/// Says whether a gate of the stage judges the scope.
fn needs_scope(row: &Row, environment: &EnvironmentName) -> bool {
    let stage = row.service.stage(environment);
    !row.service.is_by_hand()
        && stage.is_some_and(|stage| stage.gates.iter().any(GateSpec::needs_scope))
}
