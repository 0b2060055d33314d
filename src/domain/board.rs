//! The board: every service with its facts, scopes and judged cells. Merging an answer judges the
//! touched service again and nothing else.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::cell::{Cell, Sources};
use super::facts::{Pulse, ServiceFacts};
use super::fault::Fault;
use super::ids::{EnvironmentName, RepoPath, ServiceName, Sha};
use super::ledger::Ledger;
use super::observed::{Fact, Observed};
use super::policy::{Policy, Service};
use super::scope::Scope;

/// One service's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub service: Service,
    pub facts: Fact<ServiceFacts>,
    /// The pulse that the facts are known to agree with.
    pub pulse: Option<Pulse>,
    /// A newer pulse, for which the facts have to be read again.
    awaited: Option<Observed<Pulse>>,
    /// Scopes by `(base, head)`; commits never change, so one read is enough.
    pub scopes: BTreeMap<(Sha, Sha), Fact<Scope>>,
    /// In the order of the service's path.
    pub cells: Vec<Cell>,
}

/// Every service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Board {
    pub rows: Vec<Row>,
    /// Goes up with every change, so that who made something of the rows knows when to make it anew.
    pub version: u64,
    places: BTreeMap<ServiceName, usize>,
}

impl Board {
    /// A board of the policy's services with nothing known yet. Rows that `old` has keep their facts.
    pub fn new(policy: &Policy, ledger: Option<&Ledger>, old: Self, now: Timestamp) -> Self {
        let mut board = Self::unjudged(policy, old);
        board.judge_all(policy, ledger, now);
        board
    }

    /// As `new`, with no cells yet: the caller judges, the rows in sight first.
    pub fn unjudged(policy: &Policy, old: Self) -> Self {
        let version = old.version + 1;
        let mut known: BTreeMap<ServiceName, Row> = old
            .rows
            .into_iter()
            .map(|row| (row.service.name.clone(), row))
            .collect();
        let mut board = Self {
            version,
            ..Self::default()
        };
        for service in &policy.services {
            let kept = known.remove(&service.name).filter(|row| {
                row.service.forge == service.forge
                    && row.service.repo == service.repo
                    && row.service.branch == service.branch
            });
            let row = match kept {
                Some(row) => Row {
                    service: service.clone(),
                    ..row
                },
                None => Row {
                    service: service.clone(),
                    facts: Fact::default(),
                    pulse: None,
                    awaited: None,
                    scopes: BTreeMap::new(),
                    cells: Vec::new(),
                },
            };
            board.places.insert(service.name.clone(), board.rows.len());
            board.rows.push(row);
        }
        board
    }

    pub fn row(&self, service: &ServiceName) -> Option<&Row> {
        self.rows.get(*self.places.get(service)?)
    }

    fn row_mut(&mut self, service: &ServiceName) -> Option<&mut Row> {
        self.version += 1;
        self.rows.get_mut(*self.places.get(service)?)
    }

    pub fn cell(&self, service: &ServiceName, environment: &EnvironmentName) -> Option<&Cell> {
        self.row(service)?.cell(environment)
    }

    /// Puts back what an earlier run knew, with its age, if the service is still the same. Nothing
    /// is judged: the caller does that once for all.
    pub fn restore(
        &mut self,
        service: &ServiceName,
        repo: &RepoPath,
        facts: Observed<ServiceFacts>,
        pulse: Option<Pulse>,
        scopes: Vec<(Sha, Sha, Observed<Scope>)>,
    ) {
        let Some(row) = self.row_mut(service) else {
            return;
        };
        if row.service.repo != *repo || row.facts.last.is_some() {
            return;
        }
        row.facts.last = Some(facts);
        row.pulse = pulse;
        for (base, head, scope) in scopes {
            row.scopes.insert(
                (base, head),
                Fact {
                    last: Some(scope),
                    fault: None,
                },
            );
        }
    }

    /// Takes an answer about one service and judges its cells again.
    pub fn merge(
        &mut self,
        service: &ServiceName,
        answer: Result<ServiceFacts, Fault>,
        at: Timestamp,
        policy: &Policy,
        ledger: Option<&Ledger>,
        now: Timestamp,
    ) {
        let Some(row) = self.row_mut(service) else {
            return;
        };
        // Only facts that were asked for after a pulse agree with it. If reading them failed, the
        // next pulse must ask again and not confirm the old ones.
        if answer.is_ok() && row.awaited.as_ref().is_some_and(|pulse| pulse.at <= at) {
            row.pulse = row.awaited.take().map(|pulse| pulse.value);
        }
        row.facts.merge(answer, at);
        row.judge(policy, ledger, now);
    }

    /// Takes a pulse. Says whether the service has to be read again: its pulse changed, or its
    /// facts were never read. An unchanged pulse confirms the facts, so they are as fresh as it.
    pub fn pulse(
        &mut self,
        service: &ServiceName,
        answer: Result<Pulse, Fault>,
        at: Timestamp,
        policy: &Policy,
        ledger: Option<&Ledger>,
        now: Timestamp,
    ) -> bool {
        let Some(row) = self.row_mut(service) else {
            return false;
        };
        match answer {
            Ok(pulse) => {
                let same = row.pulse.as_ref() == Some(&pulse) && row.facts.last.is_some();
                if !same {
                    row.awaited = Some(Observed { value: pulse, at });
                    return true;
                }
                row.awaited = None;
                if let Some(last) = &mut row.facts.last {
                    last.at = last.at.max(at);
                    row.facts.fault = None;
                }
                row.judge(policy, ledger, now);
                false
            }
            Err(fault) => {
                row.facts.fault = Some(fault);
                row.judge(policy, ledger, now);
                false
            }
        }
    }

    /// Takes the scope between two revisions of a service.
    #[expect(
        clippy::too_many_arguments,
        reason = "an answer, its key and its instant, and what judging needs"
    )]
    pub fn scope(
        &mut self,
        service: &ServiceName,
        ends: (Sha, Sha),
        answer: Result<Scope, Fault>,
        at: Timestamp,
        policy: &Policy,
        ledger: Option<&Ledger>,
        now: Timestamp,
    ) {
        let Some(row) = self.row_mut(service) else {
            return;
        };
        row.scopes.entry(ends).or_default().merge(answer, at);
        row.judge(policy, ledger, now);
    }

    /// Judges one service again, for instance because an entry of the journal covers it.
    pub fn judge(
        &mut self,
        service: &ServiceName,
        policy: &Policy,
        ledger: Option<&Ledger>,
        now: Timestamp,
    ) {
        if let Some(row) = self.row_mut(service) {
            row.judge(policy, ledger, now);
        }
    }

    /// Judges every service again.
    pub fn judge_all(&mut self, policy: &Policy, ledger: Option<&Ledger>, now: Timestamp) {
        self.version += 1;
        for row in &mut self.rows {
            row.judge(policy, ledger, now);
        }
    }

    /// Judges again the services whose verdicts have run out at `now`. Says whether any did.
    pub fn judge_due(&mut self, policy: &Policy, ledger: Option<&Ledger>, now: Timestamp) -> bool {
        let mut any = false;
        for row in &mut self.rows {
            if row.due().is_some_and(|due| due <= now) {
                row.judge(policy, ledger, now);
                any = true;
            }
        }
        self.version += u64::from(any);
        any
    }

    /// Returns the next instant at which time alone changes a verdict.
    pub fn due(&self) -> Option<Timestamp> {
        self.rows.iter().filter_map(Row::due).min()
    }
}

impl Row {
    pub fn cell(&self, environment: &EnvironmentName) -> Option<&Cell> {
        self.cells
            .iter()
            .find(|cell| cell.environment == *environment)
    }

    /// Returns the scope of the promotion into a cell, if it has been asked for.
    pub fn scope_of(&self, cell: &Cell) -> Option<&Fact<Scope>> {
        let (live, candidate) = (cell.live.as_ref()?, cell.candidate.as_ref()?);
        self.scopes.get(&(live.sha.clone(), candidate.sha.clone()))
    }

    /// Returns the next instant at which time alone changes a verdict of this row.
    pub fn due(&self) -> Option<Timestamp> {
        self.cells
            .iter()
            .filter_map(|cell| cell.judgement.due)
            .min()
    }

    fn judge(&mut self, policy: &Policy, ledger: Option<&Ledger>, now: Timestamp) {
        let cells = self
            .service
            .path
            .iter()
            .map(|stage| {
                let sources = Sources {
                    policy,
                    service: &self.service,
                    facts: &self.facts,
                    ledger,
                    scope: None,
                };
                // The scope is looked up by the two ends, which the first look at the facts gives.
                let ends = super::cell::ends(sources, stage);
                let scope = ends.and_then(|ends| self.scopes.get(&ends));
                Cell::judge(Sources { scope, ..sources }, stage, now)
            })
            .collect();
        self.cells = cells;
    }
}

#[cfg(test)]
mod tests;
