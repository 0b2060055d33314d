//! The acts of brakes: each waits for its turn on its cell, and is asked once more whether it is still
//! meant before it goes its way through `flow.rs`.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::Order;
use crate::app::effect::Effect;
use crate::app::engine::Engine;
use crate::app::engine::flow::{Flow, Pending, Stage};
use crate::app::plan::Plan;
use crate::domain::act::Act;
use crate::domain::brake::{self, Mark, Reading, Way};
use crate::domain::cell::named;
use crate::domain::entry::Precondition;
use crate::domain::ledger::Ledger;
use crate::domain::observed::Fact;
use crate::domain::promotion::{Intent, Purpose, Step};

/// How many brakes may be on their way at once.
const AT_ONCE: usize = 4;

impl Engine {
    /// Says whether a brake that is about to be sent is still meant: something holds its cell, and it was
    /// not seen there since it was ordered; or when it is taken away nothing does, and it was there when it
    /// was last looked at.
    pub(in crate::app::engine) fn is_still_meant(&self, intent: &Intent, now: Timestamp) -> bool {
        let place = (intent.service.clone(), intent.environment.clone());
        let mark = Mark::of(&intent.act);
        let meant = self.with_case(&place, now, |case| {
            let mut tried = case.tried.iter();
            let left = tried.find(|tried| Some(&tried.mark) == mark.as_ref());
            if intent.purpose == Purpose::Brake {
                // A run that was turned away and waits again is turned away again.
                let once = left.filter(|left| left.mark.way() != Way::Reject);
                let there = once.is_some_and(|left| {
                    let seen = case.readings.of(left);
                    let since = seen.and_then(Fact::at);
                    since.is_some_and(|at| at >= left.placing.intended_at)
                        && matches!(seen.and_then(Fact::value), Some(Reading::Ours { .. }))
                });
                return !case.holds.is_empty() && !there;
            }
            case.holds.is_empty() && left.is_some_and(|left| case.seems_lost(left) == Some(false))
        });
        meant == Some(true)
    }

    /// Says whether an act that waited for its turn is still to be sent: holds have come and gone since,
    /// and others have placed and lifted.
    fn is_wanted(&self, order: &Order, now: Timestamp) -> bool {
        let Some(mark) = Mark::of(&order.act) else {
            return false;
        };
        // A freeze that is asked for a minute later has other times.
        let same = |other: &Mark| {
            *other == mark || (other.way() == Way::Freeze && mark.way() == Way::Freeze)
        };
        let wanted = self.with_case(&order.place, now, |case| match order.purpose {
            Purpose::Brake => {
                let missing = brake::missing(case);
                missing.iter().filter_map(Mark::of).any(|mark| same(&mark))
            }
            _ => brake::leftovers(case).iter().any(|left| {
                left.mark == mark && !left.is_being_lifted() && case.seems_lost(left) == Some(false)
            }),
        });
        wanted == Some(true)
    }

    pub(super) fn start_orders(&mut self, now: Timestamp) -> Vec<Effect> {
        let mut effects = Vec::new();
        let mut waiting = VecDeque::new();
        while let Some(order) = self.braking.orders.pop_front() {
            if !self.is_wanted(&order, now) {
                self.want_place(order.place, now);
            } else if self.may_start(&order) {
                match self.start_order(&order, now) {
                    Some(started) => effects.extend(started),
                    None => self.leave(&order.place, "what it would be set on is not known"),
                }
            } else {
                waiting.push_back(order);
            }
        }
        self.braking.orders = waiting;
        effects
    }

    /// A cell has one brake on its way at a time: the journal lets no second in.
    fn may_start(&self, order: &Order) -> bool {
        let is_there = |intent: &Intent| {
            intent.purpose.is_brake()
                && (&intent.service, &intent.environment) == (&order.place.0, &order.place.1)
        };
        let flows = || self.flows.values().map(|flow| &flow.plan.intent);
        let ledger = self.ledger.iter();
        let mut open = ledger.flat_map(Ledger::open);
        flows().filter(|intent| intent.purpose.is_brake()).count() < AT_ONCE
            && !flows().any(is_there)
            && !open.any(|promotion| is_there(&promotion.intent))
    }

    fn start_order(&mut self, order: &Order, now: Timestamp) -> Option<Vec<Effect>> {
        let id = self.new_intent_id();
        let (service, environment) = &order.place;
        let row = self.board.row(service)?;
        let cell = row.cell(environment)?;
        let facts = row.facts.value()?;
        // What is turned away is what waits, which need not be what would go next.
        let run = order.act.run();
        let run = run.and_then(|id| facts.runs.iter().find(|run| run.id == id));
        let to = run.map(|run| named(Some(facts), &run.sha));
        let to = to.or_else(|| cell.candidate.clone().or_else(|| cell.live.clone()));
        let plan = Plan {
            call: order.act.call(row.service.kind, facts.repo.as_str()),
            if_bad: String::new(),
            goes_back: false,
            warnings: Vec::new(),
            command: "gonogo hold bind".to_owned(),
            protected: false,
            by_itself: false,
            forge: row.service.forge.clone(),
            repo: facts.repo.clone(),
            intent: Intent {
                id: id.clone(),
                purpose: order.purpose,
                service: service.clone(),
                environment: environment.clone(),
                from: cell.live.clone(),
                to: to?,
                act: order.act.clone(),
                reason: order.reason.clone(),
                digest: cell.digest.clone(),
                replaces: None,
                release: None,
                overrides: Vec::new(),
                rollback: false,
                verify: false,
            },
        };
        let stage = Stage::Recording;
        self.flows.insert(id.clone(), Flow { plan, stage });
        Some(self.intend(&id, now))
    }

    /// A brake that was accepted is read back at once, and leaves its cell to the next one.
    pub(in crate::app::engine) fn braked(
        &mut self,
        intent: &Intent,
        now: Timestamp,
    ) -> Vec<Effect> {
        if let Some(mark) = Mark::of(&intent.act) {
            // A freeze that was placed just now has a number of its own, of which nothing was read yet.
            let number = match &intent.act {
                Act::Unfreeze { freeze, .. } => Some(*freeze),
                _ => None,
            };
            let read = (intent.service.clone(), mark, number);
            self.braking.readings.remove(&read);
        }
        let forge = self
            .policy
            .service(&intent.service)
            .map(|it| it.forge.clone());
        if let Some(forge) = forge {
            self.schedule.read_marks_again(&forge, &intent.service);
        }
        let Some(operator) = self.operator.clone() else {
            return Vec::new();
        };
        let draft = self.step_draft(intent, Step::Succeeded, &operator, now);
        let pending = Pending::Braked(intent.id.clone());
        vec![self.append(pending, draft, Precondition::Follows)]
    }
}
