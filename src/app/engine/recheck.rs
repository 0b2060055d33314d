//! Rechecking: time has passed since the operator looked, so forge and journal are asked again
//! before the permit, and any difference ends the send before anything left.

use jiff::Timestamp;

use super::Engine;
use super::flow::{Pending, Stage};
use super::planning::place;
use crate::app::effect::{Effect, Question};
use crate::app::plan::Plan;
use crate::app::request::{Refusal, RefusalKind};
use crate::domain::board::Merged;
use crate::domain::cell::{Cell, Sources};
use crate::domain::entry::Precondition;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::gate::{Go, Verdict};
use crate::domain::ids::{ForgeName, IntentId};
use crate::domain::promotion::{Purpose, Step};
use crate::domain::revision::Revision;

impl Engine {
    /// Asks forge and journal again, because time has passed since the operator looked.
    pub(super) fn recheck(&mut self, id: &IntentId, now: Timestamp) -> Vec<Effect> {
        let Some(flow) = self.flows.get(id) else {
            return Vec::new();
        };
        let plan = flow.plan.clone();
        let Some(target) = self.target(plan.service()) else {
            return self.abandon(id, gone(), now);
        };
        let mut effects = self.read_journal();
        let facts = self.next_generation();
        effects.push(Effect::Fetch {
            generation: facts,
            forge: plan.forge.clone(),
            question: Question::Facts(vec![target]),
        });
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
                facts: Some(facts),
                scope,
                journal: false,
            };
        }
        effects
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
            if let Stage::Rechecking { facts, scope, .. } = &mut flow.stage {
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
        let since = self.flows.values().find_map(|flow| match flow.stage {
            Stage::Rechecking {
                since,
                facts,
                scope,
                ..
            } => [facts, scope].contains(&Some(generation)).then_some(since),
            Stage::Recording
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
            journal: true,
            ..
        } = flow.stage
        else {
            return Vec::new();
        };
        let plan = flow.plan.clone();
        if let Err(refusal) = self.still(&plan, now) {
            return self.abandon(id, refusal, now);
        }
        let Some(operator) = self.operator.clone() else {
            return Vec::new();
        };
        let step = Step::Sending {
            owner: self.instance.clone(),
        };
        let draft = self.step_draft(&plan, step, &operator, now);
        let precondition = Precondition::Permit {
            digest: plan.intent.digest.clone(),
            seen: self.seen(),
        };
        if let Some(flow) = self.flows.get_mut(id) {
            flow.stage = Stage::Permitting;
        }
        vec![self.append(Pending::Permit(id.clone()), draft, precondition)]
    }

    /// Says whether the cell is still as the plan saw it. The plan's own intent is left out: it
    /// was not there when the operator looked.
    pub(super) fn still(&self, plan: &Plan, now: Timestamp) -> Result<(), Refusal> {
        let row = self.board.row(plan.service()).ok_or_else(gone)?;
        let (stage, known) = place(row, plan.environment())?;
        if plan.intent.purpose != Purpose::Promotion {
            return Ok(());
        }
        let ledger = self
            .ledger
            .as_ref()
            .map(|ledger| ledger.without(&plan.intent.id));
        let sources = Sources {
            policy: &self.policy,
            service: &row.service,
            facts: &row.facts,
            ledger: ledger.as_ref(),
            scope: row.scope_of(known),
        };
        let cell = Cell::judge(sources, stage, now);
        if cell.digest == plan.intent.digest && cell.judgement.go_at(now) == Go::Go {
            return Ok(());
        }
        Err(difference(plan, &cell, now))
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
        let why = format!(
            "the candidate is now {}, the dialog showed {}; nothing was sent",
            label(cell.candidate.as_ref()),
            plan.intent.to
        );
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
