//! What operators order to get past gates, or back: overrides, attested tasks, rollbacks.

use super::super::breakage::Breakage;
use super::super::world::World;
use crate::app::engine::planning::Wish;
use crate::app::request::Request;
use crate::domain::entry::{Draft, Event, Precondition};
use crate::domain::gate::Go;
use crate::domain::ids::{EnvironmentName, OverrideId, ServiceName};
use crate::domain::promotion::Intent;

const BACK: Wish = Wish::Rollback { revision: None };

impl World {
    /// A cell whose gates are in the way of something.
    fn stuck(&mut self, who: usize) -> Option<(ServiceName, EnvironmentName)> {
        let state = self.operators[who].state.as_ref()?;
        let now = state.now;
        let mut stuck = Vec::new();
        for row in &state.engine.board.rows {
            let cells = row
                .cells
                .iter()
                .filter(|cell| cell.candidate.is_some() && cell.judgement.go_at(now) != Go::Go);
            stuck.extend(cells.map(|cell| (row.service.name.clone(), cell.environment.clone())));
        }
        self.chance.pick(&stuck).cloned()
    }

    /// Overrides what is in the way of the candidate, or of going back.
    pub(super) fn overrides(&mut self, who: usize) {
        let back = self.chance.percent(20);
        let place = if back {
            self.cell(who, &BACK)
        } else {
            self.stuck(who)
        };
        let Some((service, environment)) = place else {
            return;
        };
        let Some(state) = &self.operators[who].state else {
            return;
        };
        let now = state.now;
        let way_back = back
            .then(|| {
                state
                    .engine
                    .way_back(&service, &environment, None, now)
                    .ok()
            })
            .flatten()
            .and_then(|cell| cell.candidate);
        if back && way_back.is_none() {
            return;
        }
        let gates = if self.chance.percent(80) {
            Vec::new()
        } else {
            vec!["window".to_owned()]
        };
        let until = self
            .chance
            .percent(40)
            .then(|| now + self.chance.seconds(5, 200));
        self.say(|world| {
            let who = &world.operators[who].instance;
            format!("{who} overrides {service} > {environment}, back: {way_back:?}")
        });
        self.ask(
            who,
            Request::Override {
                service,
                environment,
                gates,
                back: way_back,
                reason: "it has to go".to_owned(),
                until,
            },
        );
    }

    fn known_override(&mut self, who: usize, unconfirmed: bool) -> Option<OverrideId> {
        let state = self.operators[who].state.as_ref()?;
        let ledger = state.engine.ledger.as_ref()?;
        let known = ledger.overrides.values();
        let ids: Vec<OverrideId> = known
            .filter(|one| !unconfirmed || one.confirmed.is_none())
            .map(|one| one.id.clone())
            .collect();
        // The newest, mostly.
        if self.chance.percent(70) {
            ids.last().cloned()
        } else {
            self.chance.pick(&ids).cloned()
        }
    }

    pub(super) fn confirms_override(&mut self, who: usize) {
        if let Some(id) = self.known_override(who, true) {
            self.say(|world| format!("{} confirms {id}", world.operators[who].instance));
            self.ask(who, Request::ConfirmOverride { id });
        }
    }

    pub(super) fn withdraws_override(&mut self, who: usize) {
        if let Some(id) = self.known_override(who, false) {
            self.say(|world| format!("{} withdraws {id}", world.operators[who].instance));
            let reason = "it can wait".to_owned();
            self.ask(who, Request::WithdrawOverride { id, reason });
        }
    }

    /// Attests a task, or takes one back.
    pub(super) fn attests(&mut self, who: usize) {
        let Some(state) = &self.operators[who].state else {
            return;
        };
        let mut all = Vec::new();
        for row in &state.engine.board.rows {
            for stage in &row.service.path {
                let tasks = stage.tasks().iter().map(|task| task.name.clone());
                let place = (row.service.name.clone(), stage.environment.clone());
                all.extend(tasks.map(|task| (place.clone(), task)));
            }
        }
        let Some(((service, environment), task)) = self.chance.pick(&all).cloned() else {
            return;
        };
        let undo = self.chance.percent(8);
        // What one takes back is mostly what one has said.
        let said = if undo { self.attested(who) } else { None };
        let (service, environment, task) = said.unwrap_or((service, environment, task));
        self.say(|world| {
            let who = &world.operators[who].instance;
            format!("{who} attests {task} of {service} > {environment}, or not: {undo}")
        });
        let request = if undo {
            Request::UndoTask {
                service,
                environment,
                task,
                reason: "it was another".to_owned(),
            }
        } else {
            Request::DoTask {
                service,
                environment,
                task,
                note: "done".to_owned(),
            }
        };
        self.ask(who, request);
    }

    /// A task that an operator has attested.
    fn attested(&self, who: usize) -> Option<(ServiceName, EnvironmentName, String)> {
        let mut done = self.fold.tasks.values();
        let mine = done.find(|done| done.person == self.operators[who].person)?;
        Some((
            mine.service.clone(),
            mine.environment.clone(),
            mine.task.clone(),
        ))
    }

    pub(super) fn goes_back(&mut self, who: usize) {
        self.wishes(who, &BACK);
    }

    /// What a breakage makes of an order: it names an override that was used.
    pub(super) fn with_used_override(&self, who: usize, intent: &mut Intent) {
        if !self.broken(Breakage::UsesOverridesAgain) {
            return;
        }
        let state = self.operators[who].state.as_ref();
        let ledger = state.and_then(|state| state.engine.ledger.as_ref());
        let known = ledger
            .into_iter()
            .flat_map(|ledger| ledger.overrides.values());
        let used = known.filter(|one| one.used.is_some());
        intent.overrides.extend(used.map(|one| one.id.clone()));
    }

    /// An override is granted anew on what is there now, by nobody.
    pub fn rebinds_override(&mut self, who: usize) {
        let Some(known) = self.fold.overrides.values().next() else {
            return;
        };
        let mut again = known.grant.clone();
        let state = self.operators[who].state.as_ref();
        let cell = state.and_then(|state| {
            let board = &state.engine.board;
            board.cell(&again.service, &again.environment)
        });
        let Some(candidate) = cell.and_then(|cell| cell.candidate.clone()) else {
            return;
        };
        again.id = OverrideId::from(format!("o-again-{}", self.numbers));
        again.revision = candidate.sha;
        let draft = Draft {
            at: self.now,
            actor: again.owner.clone(),
            service: None,
            environment: None,
            revision: None,
            reason: None,
            policy: self.policy.version().clone(),
            event: Event::OverrideGranted { grant: again },
        };
        let instance = self.operators[who].instance.clone();
        let _ = self.book.append(&instance, draft, &Precondition::None);
        self.look_at_entries();
    }
}
