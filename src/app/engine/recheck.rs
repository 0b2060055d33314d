//! Rechecking: time has passed since the operator looked, so samples are taken anew, and forge and
//! journal are asked again before the permit; any difference ends the send before anything left.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::flow::{Pending, Stage};
use super::planning::{place, unknown_service};
use super::{Engine, JournalState};
use crate::app::effect::{Effect, Question, Target};
use crate::app::plan::Plan;
use crate::app::request::{Refusal, RefusalKind};
use crate::domain::board::{self, Basis, Merged, Others};
use crate::domain::cell::Cell;
use crate::domain::entry::Precondition;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::gate::{Go, Verdict};
use crate::domain::ids::{ForgeName, IntentId, ServiceName};
use crate::domain::ledger::Ledger;
use crate::domain::policy::BY_HAND;
use crate::domain::promotion::{Intent, Purpose, Step};
use crate::domain::revision::Revision;

impl Engine {
    /// Takes the samples anew that the gates rest on; without any, goes on with `reread`.
    pub(super) fn recheck(&mut self, id: &IntentId, now: Timestamp) -> Vec<Effect> {
        let Some(flow) = self.flows.get(id) else {
            return Vec::new();
        };
        let intent = &flow.plan.intent;
        // A brake rests on nothing but its hold, which the permit asks for: it must not wait.
        if intent.purpose.is_brake() {
            return self.recheck_brake(id, now);
        }
        // Going back is asked no gate that rests on samples.
        if intent.purpose != Purpose::Promotion || intent.rollback {
            return self.reread(id, now);
        }
        let (service, environment) = (intent.service.clone(), intent.environment.clone());
        let (waiting, effects): (BTreeSet<u64>, Vec<Effect>) = self
            .rounds_into(&service, &environment)
            .into_iter()
            .map(|wanted| self.order_round(&service, wanted, now))
            .unzip();
        if effects.is_empty() {
            return self.reread(id, now);
        }
        if let Some(flow) = self.flows.get_mut(id) {
            flow.stage = Stage::Sampling { waiting };
        }
        effects
    }

    fn recheck_brake(&mut self, id: &IntentId, now: Timestamp) -> Vec<Effect> {
        let intent = self.flows.get(id).map(|flow| flow.plan.intent.clone());
        let Some(intent) = intent else {
            return Vec::new();
        };
        if self.is_still_meant(&intent, now) {
            return self.ask_permit(id, now);
        }
        self.brake_again(&intent, now);
        let why = "the holds on it have changed, or it is there by now; nothing was sent";
        self.abandon(id, Refusal::new(RefusalKind::NoGo, why), now)
    }

    /// Asks forge and journal again, because time has passed since the operator looked.
    pub(super) fn reread(&mut self, id: &IntentId, now: Timestamp) -> Vec<Effect> {
        let Some(flow) = self.flows.get(id) else {
            return Vec::new();
        };
        let plan = flow.plan.clone();
        let Some(target) = self.target(plan.service()) else {
            return self.abandon(id, gone(), now);
        };
        let mut effects = self.read_journal();
        let mut targets = self.targets_with_dependencies(&plan);
        let mut ours = targets.remove(&plan.forge).unwrap_or_default();
        if ours.is_empty() {
            ours.push(target);
        }
        // Without a forge, what the journal says is all there is to be read.
        let has_forge = plan.forge.as_str() != BY_HAND;
        let facts = has_forge.then(|| self.next_generation());
        if let Some(generation) = facts {
            effects.push(Effect::Fetch {
                generation,
                forge: plan.forge.clone(),
                question: Question::Facts(ours),
            });
        }
        targets.remove(BY_HAND);
        let mut others = BTreeSet::new();
        for (forge, targets) in targets {
            let generation = self.next_generation();
            effects.push(Effect::Fetch {
                generation,
                forge,
                question: Question::Facts(targets),
            });
            others.insert(generation);
        }
        let mut scope = None;
        if let (Some(from), true) = (
            &plan.intent.from,
            self.needs_scope(plan.service(), plan.environment()),
        ) {
            let generation = self.next_generation();
            effects.push(Effect::Fetch {
                generation,
                forge: plan.forge.clone(),
                question: Question::Scope {
                    service: plan.service().clone(),
                    repo: plan.repo.clone(),
                    base: from.sha.clone(),
                    head: plan.intent.to.sha.clone(),
                    named_checks: self.blocks_on_checks(plan.service()),
                },
            });
            scope = Some(generation);
        }
        if let Some(flow) = self.flows.get_mut(id) {
            flow.stage = Stage::Rechecking {
                since: now,
                facts,
                scope,
                others,
                journal: false,
            };
        }
        effects
    }

    /// What is read again, by forge: the service first, then what it depends on, and what ships with
    /// it where somebody has said no-go to that, or it goes by itself when that is go: whether a word
    /// still counts depends on all of it.
    fn targets_with_dependencies(&self, plan: &Plan) -> BTreeMap<ForgeName, Vec<Target>> {
        let own = self.policy.service(plan.service());
        let depends = own.into_iter().flat_map(|own| &own.depends);
        let names = depends.map(|dependency| &dependency.service);
        let names = std::iter::once(plan.service()).chain(names);
        let disputed = board::disputed(&self.policy, self.ledger.as_ref());
        let awaited = self.policy.releases.iter().filter(|_| plan.by_itself);
        let together = disputed
            .chain(awaited)
            .filter(|release| {
                release.still_ships(plan.service(), plan.environment(), self.ledger.as_ref())
            })
            .flat_map(|release| &release.items)
            .map(|item| &item.service);
        let mut known: BTreeSet<&ServiceName> = BTreeSet::new();
        let mut targets: BTreeMap<ForgeName, Vec<Target>> = BTreeMap::new();
        for name in names.chain(together).filter(|name| known.insert(*name)) {
            let forge = self.board.row(name).map(|row| row.service.forge.clone());
            if let (Some(forge), Some(target)) = (forge, self.target(name)) {
                targets.entry(forge).or_default().push(target);
            }
        }
        targets
    }

    /// Takes note that a question of a recheck was answered. A fault ends the flow: what cannot be
    /// read again is not sent on.
    pub(crate) fn rechecked(
        &mut self,
        generation: u64,
        fault: Option<&Fault>,
        now: Timestamp,
    ) -> Vec<Effect> {
        let mut found = None;
        for (id, flow) in &mut self.flows {
            if let Stage::Rechecking {
                facts,
                scope,
                others,
                ..
            } = &mut flow.stage
            {
                if others.remove(&generation) {
                    found = Some(id.clone());
                }
                for waiting in [facts, scope] {
                    if *waiting == Some(generation) {
                        *waiting = None;
                        found = Some(id.clone());
                    }
                }
            }
        }
        let Some(id) = found else { return Vec::new() };
        match fault {
            Some(fault) => {
                let refusal = Refusal::new(
                    RefusalKind::Forge,
                    format!("the facts could not be read again: {fault}; nothing was sent"),
                );
                self.abandon(&id, refusal, now)
            }
            None => self.decide(&id, now),
        }
    }

    /// Says why an answer that the board did not take is not good enough for a recheck, if it is not:
    /// it tells of an earlier state than is known, or by its date it was asked for before the recheck
    /// began, so that what counts as newer may be older.
    pub(crate) fn not_taken(
        &self,
        generation: u64,
        forge: &ForgeName,
        merged: Merged,
        asked_at: Timestamp,
        now: Timestamp,
    ) -> Option<Fault> {
        let since = self.flows.values().find_map(|flow| match &flow.stage {
            Stage::Rechecking {
                since,
                facts,
                scope,
                others,
                ..
            } => {
                let ours = [facts, scope].contains(&&Some(generation));
                (ours || others.contains(&generation)).then_some(*since)
            }
            Stage::Holding
            | Stage::Recording
            | Stage::Sampling { .. }
            | Stage::Permitting
            | Stage::Sending
            | Stage::Settling { .. }
            | Stage::Abandoning { .. } => None,
        })?;
        let (why, hint) = match merged {
            Merged::Older if asked_at < since => (
                "this machine's clock was put back, so nobody knows what is newer",
                "try again when the clock has caught up",
            ),
            Merged::Lagging => (
                "it answers with an earlier state than it has shown already",
                "try again in a moment",
            ),
            Merged::Taken | Merged::Older => return None,
        };
        Some(Fault {
            kind: FaultKind::Unreadable,
            forge: forge.clone(),
            doing: "reading again".to_owned(),
            why: why.to_owned(),
            hint: Some(hint.to_owned()),
            request: None,
            at: now,
            retry_at: None,
        })
    }

    /// Takes note that the journal was read again.
    pub(crate) fn journal_rechecked(&mut self, now: Timestamp) -> Vec<Effect> {
        let mut ids = Vec::new();
        for (id, flow) in &mut self.flows {
            if let Stage::Rechecking { journal, .. } = &mut flow.stage {
                *journal = true;
                ids.push(id.clone());
            }
        }
        ids.iter().flat_map(|id| self.decide(id, now)).collect()
    }

    /// Asks for the permit if everything is as the operator saw it, else abandons.
    fn decide(&mut self, id: &IntentId, now: Timestamp) -> Vec<Effect> {
        let Some(flow) = self.flows.get(id) else {
            return Vec::new();
        };
        let Stage::Rechecking {
            facts: None,
            scope: None,
            others,
            journal: true,
            ..
        } = &flow.stage
        else {
            return Vec::new();
        };
        if !others.is_empty() {
            return Vec::new();
        }
        let plan = flow.plan.clone();
        let still = self
            .still(&plan, now)
            .and_then(|()| self.still_released(&plan, now))
            .and_then(|()| self.still_by_itself(&plan, now));
        if let Err(refusal) = still {
            return self.abandon(id, refusal, now);
        }
        self.ask_permit(id, now)
    }

    fn ask_permit(&mut self, id: &IntentId, now: Timestamp) -> Vec<Effect> {
        let Some(plan) = self.flows.get(id).map(|flow| flow.plan.clone()) else {
            return Vec::new();
        };
        let Some(operator) = self.operator.clone() else {
            return Vec::new();
        };
        let step = Step::Sending {
            owner: self.instance.clone(),
        };
        let draft = self.step_draft(&plan.intent, step, &operator, now);
        let precondition = Precondition::Permit {
            digest: plan.intent.digest.clone(),
            seen: self.seen(),
            agreed: plan.by_itself || plan.intent.release.is_some(),
        };
        if let Some(flow) = self.flows.get_mut(id) {
            flow.stage = Stage::Permitting;
        }
        vec![self.append(Pending::Permit(id.clone()), draft, precondition)]
    }

    /// Says whether the cell is still as the plan saw it. The plan's own intent is left out: it
    /// was not there when the operator looked.
    pub(super) fn still(&self, plan: &Plan, now: Timestamp) -> Result<(), Refusal> {
        let intent = &plan.intent;
        if self.board.row(plan.service()).is_none() {
            return Err(gone());
        }
        if intent.purpose != Purpose::Promotion && !intent.rollback {
            return Ok(());
        }
        let ledger = self
            .ledger
            .as_ref()
            .map(|ledger| ledger.without(&intent.id));
        let withdrawn = intent.overrides.iter().find(|id| {
            let ledger = ledger.as_ref();
            ledger.is_none_or(|ledger| !ledger.overrides.contains_key(*id))
        });
        if let Some(id) = withdrawn {
            return Err(Refusal::new(
                RefusalKind::NoGo,
                format!("override {id} was withdrawn; nothing was sent"),
            )
            .hint("look at it again"));
        }
        let cell = self.seen_by(intent, ledger.as_ref(), now)?;
        if cell.digest == intent.digest && cell.judgement.go_at(now) == Go::Go {
            return Ok(());
        }
        Err(difference(plan, &cell, now))
    }

    /// The cell as whoever orders `intent` sees it: of a rollback, going back is judged.
    pub(crate) fn seen_by(
        &self,
        intent: &Intent,
        ledger: Option<&Ledger>,
        now: Timestamp,
    ) -> Result<Cell, Refusal> {
        let (service, environment) = (&intent.service, &intent.environment);
        let row = self
            .board
            .row(service)
            .ok_or_else(|| unknown_service(self, service))?;
        let (stage, known) = place(row, environment)?;
        let basis = Basis {
            ledger: ledger.filter(|_| self.journal == JournalState::Ready),
            ..self.basis(now)
        };
        let others = Others(&self.board);
        let sources = row.sources(row.scope_of(known), &others, basis);
        Ok(if intent.rollback {
            Cell::judge_back(sources, stage, &intent.to, now)
        } else {
            Cell::judge(sources, stage, now)
        })
    }
}

fn gone() -> Refusal {
    Refusal::new(
        RefusalKind::Facts,
        "the service is gone from the board; nothing was sent",
    )
}

/// Names what is different from what the operator saw.
pub(crate) fn difference(plan: &Plan, cell: &Cell, now: Timestamp) -> Refusal {
    let label =
        |revision: Option<&Revision>| revision.map_or("nothing".to_owned(), ToString::to_string);
    if cell.candidate.as_ref() != Some(&plan.intent.to) {
        let why = match &cell.candidate {
            // What was not sent yet waits no longer (P5).
            Some(newer) => format!(
                "{} is superseded by {newer}, the candidate now; nothing was sent",
                plan.intent.to
            ),
            None => format!(
                "there is no candidate now, the dialog showed {}; nothing was sent",
                plan.intent.to
            ),
        };
        return Refusal::new(RefusalKind::NoGo, why).hint("look at it again");
    }
    if cell.live != plan.intent.from {
        let why = format!(
            "{} is live now, the dialog showed {}; nothing was sent",
            label(cell.live.as_ref()),
            label(plan.intent.from.as_ref())
        );
        return Refusal::new(RefusalKind::NoGo, why).hint("look at it again");
    }
    let closed: Vec<&Verdict> = cell.judgement.blocking(now).collect();
    if closed.is_empty() {
        return Refusal::new(
            RefusalKind::NoGo,
            "gates or holds changed since the dialog opened; nothing was sent",
        )
        .hint("look at it again");
    }
    let names: Vec<String> = closed
        .iter()
        .map(|verdict| format!("{} ({})", verdict.gate, verdict.why))
        .collect();
    let kind = match cell.judgement.go_at(now) {
        Go::Unknown => RefusalKind::Facts,
        Go::Go | Go::NoGo => RefusalKind::NoGo,
    };
    Refusal::new(
        kind,
        format!("not open any more: {}; nothing was sent", names.join("; ")),
    )
}
