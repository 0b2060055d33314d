//! Auto: where the policy's owner switched it on, a candidate is promoted by itself once every gate
//! is open, after a countdown that every board shows and that a hold stops.
//!
//! Only a board that may act does it, in the name of its operator. Several boards count down each for
//! itself; the journal takes one open intent a cell, so one of them promotes and the others see it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::planning::Wish;
use super::{Engine, JournalState, Report};
use crate::app::effect::Effect;
use crate::app::plan::Plan;
use crate::app::request::{Refusal, RefusalKind, Request};
use crate::domain::board::Row;
use crate::domain::cell::Cell;
use crate::domain::gate::{Go, State};
use crate::domain::ids::{Digest, EnvironmentName, ServiceName};
use crate::domain::ledger::Ledger;
use crate::domain::policy::Mode;
use crate::domain::promotion::Intent;
use crate::domain::release::run::Run;
use crate::domain::revision::Revision;

/// A promotion that is about to go by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Countdown {
    pub revision: Revision,
    pub ends_at: Timestamp,
    /// What the cell showed when it began: anything else begins a new one.
    digest: Digest,
}

/// What automation knows of the cells that it may promote.
#[derive(Clone, Debug, Default)]
pub struct Auto {
    /// Whether this gonogo promotes by itself at all: a board does, a command line never.
    pub on: bool,
    /// Somebody is about to place a hold: nothing goes until that is decided.
    pub braked: bool,
    pub countdowns: BTreeMap<(ServiceName, EnvironmentName), Countdown>,
    /// When each cell was last seen not to be ready.
    rested: BTreeMap<(ServiceName, EnvironmentName), Timestamp>,
    /// Why each cell was last said to stand aside.
    aside: BTreeMap<(ServiceName, EnvironmentName), String>,
}

impl Engine {
    /// Starts, stops and ends countdowns. Asked at every tick.
    pub(super) fn automate(&mut self, now: Timestamp) -> Vec<Effect> {
        if !self.auto.on || self.read_only || self.offline {
            self.auto.countdowns.clear();
            return Vec::new();
        }
        let mut effects = Vec::new();
        for key in self.auto_cells() {
            effects.extend(self.automate_one(key, now));
        }
        effects
    }

    /// The promotion that is about to go into a cell by itself.
    pub fn countdown(
        &self,
        service: &ServiceName,
        environment: &EnvironmentName,
    ) -> Option<&Countdown> {
        let key = (service.clone(), environment.clone());
        self.auto.countdowns.get(&key)
    }

    /// Why a cell does not go by itself, if a release is why, or that the token may not. What people
    /// decide together goes when they have, and in their order:
    ///
    /// 1. While a release that moves the service is under way, in none of its environments, since each
    ///    feeds the next.
    /// 2. Before a release that ships it is go, not into that release's environment. One that has
    ///    shipped is done with.
    pub fn auto_stands_aside_for(
        &self,
        service: &ServiceName,
        environment: &EnvironmentName,
        now: Timestamp,
    ) -> Option<String> {
        let mut runs = self.ledger.iter().flat_map(Ledger::open_runs);
        let run = runs.find(|run| run.moves.iter().any(|moved| moved.service == *service));
        if let Some(run) = run {
            return Some(format!(
                "release {} is under way and moves {service}",
                run.release
            ));
        }
        let releases = self.policy.releases.iter();
        let mut ahead = releases
            .filter(|release| release.still_ships(service, environment, self.ledger.as_ref()))
            .filter(|release| !self.last_run(&release.name).is_some_and(Run::has_shipped));
        let waits = ahead.find_map(|release| {
            let decision = self.decision(release, now);
            (decision.go != Go::Go)
                .then(|| format!("release {} ships {service} and is not go", release.name))
        });
        waits.or_else(|| self.may_not_go(service, environment))
    }

    /// Why nobody can promote into a cell with this token.
    fn may_not_go(&self, service: &ServiceName, environment: &EnvironmentName) -> Option<String> {
        let service = &self.board.row(service)?.service;
        let needs = service.stage(environment)?.via.needs()?;
        let lacking = self.lacks(service, Some(environment), needs)?;
        Some(lacking.why)
    }

    /// Says whether what goes by itself still may: a release that ships it may have begun since the
    /// countdown ended, or have lost a go. Asked right before the permit.
    pub(super) fn still_by_itself(&self, plan: &Plan, now: Timestamp) -> Result<(), Refusal> {
        if !plan.by_itself {
            return Ok(());
        }
        match self.auto_stands_aside_for(plan.service(), plan.environment(), now) {
            Some(why) => Err(Refusal::new(
                RefusalKind::NoGo,
                format!("it does not go by itself any more: {why}; nothing was sent"),
            )),
            None => Ok(()),
        }
    }

    /// Says once why a cell that is ready does not go by itself.
    fn stand_aside(&mut self, key: &(ServiceName, EnvironmentName), now: Timestamp) -> bool {
        let (service, environment) = key;
        let Some(why) = self.auto_stands_aside_for(service, environment, now) else {
            self.auto.aside.remove(key);
            return false;
        };
        if let Some((revision, ..)) = self.ready(key, now)
            && self.auto.aside.get(key) != Some(&why)
        {
            self.reports.push(Report::Done {
                id: None,
                text: format!(
                    "auto: {service} {environment} {revision} does not go by itself: {why}"
                ),
            });
            self.auto.aside.insert(key.clone(), why);
        }
        true
    }

    fn auto_cells(&self) -> Vec<(ServiceName, EnvironmentName)> {
        let services = self.policy.services.iter();
        let cells = services.flat_map(|service| {
            let stages = service.path.iter().filter(|stage| stage.mode == Mode::Auto);
            stages.map(|stage| (service.name.clone(), stage.environment.clone()))
        });
        cells.collect()
    }

    fn automate_one(&mut self, key: (ServiceName, EnvironmentName), now: Timestamp) -> Vec<Effect> {
        if self.stand_aside(&key, now) {
            self.auto.countdowns.remove(&key);
            self.auto.rested.insert(key, now);
            return Vec::new();
        }
        let ready = self.ready(&key, now);
        let Some((revision, digest, observed_at)) = ready else {
            self.auto.countdowns.remove(&key);
            self.auto.rested.insert(key, now);
            return Vec::new();
        };
        // What was closed a moment ago goes on after a fresh evaluation alone (H2).
        let rested = self.auto.rested.get(&key);
        if rested.is_some_and(|rested| observed_at.is_none_or(|at| at <= *rested)) {
            self.auto.countdowns.remove(&key);
            self.schedule.refresh_one(&key.0, now);
            return Vec::new();
        }
        match self.auto.countdowns.get(&key) {
            Some(countdown) if countdown.digest == digest => {
                if now < countdown.ends_at {
                    return Vec::new();
                }
                self.auto.countdowns.remove(&key);
                self.auto.rested.insert(key.clone(), now);
                self.go_by_itself(&key, now)
            }
            Some(_) | None => {
                let length = self
                    .policy
                    .environments
                    .get(&key.1)
                    .map_or(crate::domain::policy::COUNTDOWN, |known| known.countdown);
                let (service, environment) = &key;
                self.reports.push(Report::Done {
                    id: None,
                    text: format!(
                        "auto: {service} {environment} {revision} goes in {} s; H stops it",
                        length.as_secs()
                    ),
                });
                let countdown = Countdown {
                    revision,
                    ends_at: now + length,
                    digest,
                };
                self.auto.countdowns.insert(key, countdown);
                Vec::new()
            }
        }
    }

    /// What would go by itself into a cell, if everything lets it.
    fn ready(
        &self,
        (service, environment): &(ServiceName, EnvironmentName),
        now: Timestamp,
    ) -> Option<(Revision, Digest, Option<Timestamp>)> {
        let known = self.operator.is_some() && self.journal == JournalState::Ready;
        let ledger = self
            .ledger
            .as_ref()
            .filter(|_| known && !self.auto.braked)?;
        let row = self.board.row(service)?;
        let cell = row.cell(environment)?;
        let busy = self
            .flows
            .values()
            .any(|flow| flow.plan.service() == service && flow.plan.environment() == environment);
        let candidate = cell.candidate.as_ref().filter(|_| !busy)?;
        if is_stale(row, self, now) || !all_open(cell, now) || was_tried(ledger, service, cell) {
            return None;
        }
        Some((candidate.clone(), cell.digest.clone(), row.facts.at()))
    }

    fn go_by_itself(
        &mut self,
        (service, environment): &(ServiceName, EnvironmentName),
        now: Timestamp,
    ) -> Vec<Effect> {
        let wish = Wish::Promote { revision: None };
        match self.plan(service, environment, &wish, now) {
            Ok(mut plan) => {
                Intent::BY_ITSELF.clone_into(&mut plan.intent.reason);
                plan.by_itself = true;
                self.ask(Request::Send(Box::new(plan)), now)
            }
            Err(refusal) => {
                self.reports.push(Report::Refused { id: None, refusal });
                Vec::new()
            }
        }
    }
}

fn is_stale(row: &Row, engine: &Engine, now: Timestamp) -> bool {
    row.facts.is_stale(now, engine.policy.max_age)
}

/// Every gate is open, none merely overridden: an override is somebody's word for a promotion of
/// their own.
fn all_open(cell: &Cell, now: Timestamp) -> bool {
    let verdicts = &cell.judgement.verdicts;
    !verdicts.is_empty()
        && verdicts
            .iter()
            .all(|verdict| verdict.state_at(now) == State::Open)
}

/// What was sent into the cell once is not sent again by itself, whatever came of it (P4).
fn was_tried(ledger: &Ledger, service: &ServiceName, cell: &Cell) -> bool {
    let candidate = cell.candidate.as_ref();
    ledger
        .promotions_of(service, &cell.environment)
        .any(|promotion| promotion.sent_at.is_some() && candidate == Some(&promotion.intent.to))
}

#[cfg(test)]
mod tests;
