//! Flows: a send on its way through the send-once protocol.
//!
//! intended (durable) → facts and journal read again, gates asked again → permit (durable) → the
//! act, once → outcome (durable). Any difference on the way ends in `abandoned`, and nothing is
//! sent.

use jiff::Timestamp;

use super::planning::place;
use super::{Engine, Report};
use crate::app::effect::{Effect, Question, Ticket};
use crate::app::msg::JournalFault;
use crate::app::plan::Plan;
use crate::app::request::{Refusal, RefusalKind};
use crate::domain::act::Outcome;
use crate::domain::cell::{Cell, Sources};
use crate::domain::entry::{Draft, Entry, Event, Precondition};
use crate::domain::fault::Fault;
use crate::domain::gate::{Go, Verdict};
use crate::domain::ids::{HoldId, IntentId};
use crate::domain::promotion::{Purpose, Step};
use crate::domain::revision::Revision;

/// A send on its way.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    pub plan: Plan,
    pub stage: Stage,
}

/// How far a send is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Stage {
    /// The intent is being made durable.
    Recording,
    /// Facts and journal are read again.
    Rechecking {
        facts: Option<u64>,
        scope: Option<u64>,
        journal: bool,
    },
    /// The permit is being made durable.
    Permitting,
    /// The bytes may have left.
    Sending,
    /// The outcome is being made durable; `failed_at` is set while the journal does not take it.
    Settling {
        outcome: Outcome,
        failed_at: Option<Timestamp>,
    },
    /// Not sent; that is being made durable.
    Abandoning,
}

/// What an append was for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Pending {
    Intent(IntentId),
    Permit(IntentId),
    Abandon(IntentId, Refusal),
    Outcome(IntentId),
    /// A step that was seen on the forge.
    Step(IntentId, String),
    /// Something whose success is told in these words.
    Said(String),
    Expiry(HoldId),
}

impl Engine {
    /// Takes the journal's answer to an append.
    pub(crate) fn recorded(
        &mut self,
        ticket: Ticket,
        result: Result<Entry, JournalFault>,
        now: Timestamp,
    ) -> Vec<Effect> {
        let Some(pending) = self.pending.remove(&ticket) else {
            return Vec::new();
        };
        let result = match result {
            Ok(entry) => {
                self.take_entries(&[entry], now);
                Ok(())
            }
            Err(fault) => Err(fault),
        };
        if let Err(JournalFault::Unreachable { why, hint }) = &result {
            self.journal_lost(why.clone(), hint.clone());
        }
        match (pending, result) {
            (Pending::Intent(id), Ok(())) => self.recheck(&id),
            (Pending::Intent(id), Err(fault)) => {
                self.flows.remove(&id);
                self.refuse(Some(id), &fault, "nothing was sent");
                self.read_journal()
            }
            (Pending::Permit(id), Ok(())) => self.permitted(&id),
            (Pending::Permit(id), Err(fault)) => self.not_permitted(&id, &fault, now),
            (Pending::Abandon(id, refusal), result) => {
                self.flows.remove(&id);
                self.reports.push(Report::Refused {
                    id: Some(id),
                    refusal,
                });
                match result {
                    Ok(()) => Vec::new(),
                    Err(_) => self.read_journal(),
                }
            }
            (
                Pending::Outcome(id),
                Ok(()) | Err(JournalFault::AlreadyThere | JournalFault::Refused { .. }),
            ) => self.settled(&id, now),
            (Pending::Outcome(id), Err(JournalFault::Unreachable { .. })) => {
                if let Some(Flow {
                    stage: Stage::Settling { failed_at, .. },
                    ..
                }) = self.flows.get_mut(&id)
                {
                    *failed_at = Some(now);
                }
                Vec::new()
            }
            (Pending::Step(id, text), Ok(())) => {
                self.reports.push(Report::Done { id: Some(id), text });
                Vec::new()
            }
            // Another instance wrote the same step first: its entry comes by the next read.
            (Pending::Step(..) | Pending::Expiry(_), _) => Vec::new(),
            (Pending::Said(text), Ok(())) => {
                self.reports.push(Report::Done { id: None, text });
                Vec::new()
            }
            (Pending::Said(_), Err(fault)) => {
                self.refuse(None, &fault, "nothing was changed");
                self.read_journal()
            }
        }
    }

    /// Asks forge and journal again, because time has passed since the operator looked.
    fn recheck(&mut self, id: &IntentId) -> Vec<Effect> {
        let Some(flow) = self.flows.get(id) else {
            return Vec::new();
        };
        let plan = flow.plan.clone();
        let mut effects = self.read_journal();
        let facts = self.next_generation();
        let target = self.target(plan.service());
        effects.push(Effect::Fetch {
            generation: facts,
            forge: plan.forge.clone(),
            question: Question::Facts(target.into_iter().collect()),
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
        if flow.stage
            != (Stage::Rechecking {
                facts: None,
                scope: None,
                journal: true,
            })
        {
            return Vec::new();
        }
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
    fn still(&self, plan: &Plan, now: Timestamp) -> Result<(), Refusal> {
        let gone = || {
            Refusal::new(
                RefusalKind::Facts,
                "the service is gone from the board; nothing was sent".to_owned(),
            )
        };
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

    fn permitted(&mut self, id: &IntentId) -> Vec<Effect> {
        let Some(flow) = self.flows.get_mut(id) else {
            return Vec::new();
        };
        flow.stage = Stage::Sending;
        vec![Effect::Act {
            id: id.clone(),
            forge: flow.plan.forge.clone(),
            repo: flow.plan.repo.clone(),
            act: flow.plan.intent.act.clone(),
        }]
    }

    fn not_permitted(
        &mut self,
        id: &IntentId,
        fault: &JournalFault,
        now: Timestamp,
    ) -> Vec<Effect> {
        match fault {
            JournalFault::Refused { why } => {
                let refusal = Refusal::new(RefusalKind::NoGo, format!("not sent: {why}"));
                let mut effects = self.abandon(id, refusal, now);
                effects.extend(self.read_journal());
                effects
            }
            JournalFault::AlreadyThere | JournalFault::Unreachable { .. } => {
                self.flows.remove(id);
                self.refuse(Some(id.clone()), fault, "nothing was sent");
                Vec::new()
            }
        }
    }

    fn abandon(&mut self, id: &IntentId, refusal: Refusal, now: Timestamp) -> Vec<Effect> {
        let Some(flow) = self.flows.get_mut(id) else {
            return Vec::new();
        };
        flow.stage = Stage::Abandoning;
        let plan = flow.plan.clone();
        let Some(operator) = self.operator.clone() else {
            return Vec::new();
        };
        let step = Step::Abandoned {
            why: refusal.why.clone(),
        };
        let draft = self.step_draft(&plan, step, &operator, now);
        vec![self.append(
            Pending::Abandon(id.clone(), refusal),
            draft,
            Precondition::Follows,
        )]
    }

    /// Takes the one answer to a send.
    pub(crate) fn acted(&mut self, id: &IntentId, outcome: Outcome, now: Timestamp) -> Vec<Effect> {
        let Some(flow) = self.flows.get_mut(id) else {
            return Vec::new();
        };
        flow.stage = Stage::Settling {
            outcome,
            failed_at: None,
        };
        self.settle(id, now)
    }

    /// Makes the outcome of a send durable.
    pub(crate) fn settle(&mut self, id: &IntentId, now: Timestamp) -> Vec<Effect> {
        let Some(Flow {
            plan,
            stage: Stage::Settling { outcome, failed_at },
        }) = self.flows.get_mut(id)
        else {
            return Vec::new();
        };
        *failed_at = None;
        let step = match outcome.clone() {
            Outcome::Accepted(handle) => Step::Accepted { handle },
            Outcome::Rejected { why, .. } => Step::Rejected { why },
            Outcome::NoAnswer { why } => Step::Unknown { why },
        };
        let plan = plan.clone();
        let Some(operator) = self.operator.clone() else {
            return Vec::new();
        };
        let draft = self.step_draft(&plan, step, &operator, now);
        vec![self.append(Pending::Outcome(id.clone()), draft, Precondition::Follows)]
    }

    fn settled(&mut self, id: &IntentId, now: Timestamp) -> Vec<Effect> {
        let Some(Flow {
            plan,
            stage: Stage::Settling { outcome, .. },
        }) = self.flows.remove(id)
        else {
            return Vec::new();
        };
        let what = format!(
            "{} {} {} {}",
            plan.intent.purpose,
            plan.service(),
            plan.environment(),
            plan.movement()
        );
        let report = match outcome {
            Outcome::Accepted(handle) => {
                let run = handle
                    .run
                    .map(|run| format!(" as run {run}"))
                    .unwrap_or_default();
                Report::Done {
                    id: Some(id.clone()),
                    text: format!("{what} accepted by {}{run}", plan.forge),
                }
            }
            Outcome::Rejected { why, hint, .. } => {
                let refusal = Refusal::new(
                    RefusalKind::Forge,
                    format!("{what} refused by {}: {why}", plan.forge),
                );
                let refusal = match hint {
                    Some(hint) => refusal.hint(hint),
                    None => refusal,
                };
                Report::Refused {
                    id: Some(id.clone()),
                    refusal,
                }
            }
            Outcome::NoAnswer { why } => Report::Refused {
                id: Some(id.clone()),
                refusal: Refusal::new(
                    RefusalKind::OutcomeUnknown,
                    format!("{what}: the outcome is unknown: {why}"),
                )
                .hint("it is looked up on the forge and not sent again"),
            },
        };
        self.reports.push(report);
        self.schedule.hurry(plan.service(), now);
        Vec::new()
    }

    /// An entry about a step of a plan's intent.
    pub(crate) fn step_draft(
        &self,
        plan: &Plan,
        step: Step,
        actor: &crate::domain::ids::Person,
        now: Timestamp,
    ) -> Draft {
        let intent = &plan.intent;
        let reason = match &step {
            Step::Rejected { why }
            | Step::Abandoned { why }
            | Step::Unknown { why }
            | Step::Failed { why }
            | Step::Cancelled { why } => Some(why.clone()),
            Step::Sending { .. }
            | Step::Accepted { .. }
            | Step::Reconciling
            | Step::Reconciled { .. }
            | Step::Absent { .. }
            | Step::Running { .. }
            | Step::Succeeded => None,
        };
        Draft {
            service: Some(intent.service.clone()),
            environment: Some(intent.environment.clone()),
            revision: Some(intent.to.sha.clone()),
            reason,
            ..self.draft(
                actor,
                Event::Stepped {
                    id: intent.id.clone(),
                    purpose: intent.purpose,
                    step,
                },
                now,
            )
        }
    }

    fn refuse(&mut self, id: Option<IntentId>, fault: &JournalFault, consequence: &str) {
        let refusal = match fault {
            JournalFault::Refused { why } => {
                Refusal::new(RefusalKind::NoGo, format!("{why}; {consequence}"))
            }
            JournalFault::AlreadyThere => Refusal::new(
                RefusalKind::NoGo,
                format!("it is in the journal already; {consequence}"),
            ),
            JournalFault::Unreachable { why, hint } => {
                let refusal = Refusal::new(
                    RefusalKind::Journal,
                    format!("the journal is unreachable: {why}; {consequence}"),
                );
                match hint {
                    Some(hint) => refusal.hint(hint.clone()),
                    None => refusal,
                }
            }
        };
        self.reports.push(Report::Refused { id, refusal });
    }

    /// Says whether an act is on its way or its outcome not yet durable: quitting waits for it.
    pub fn is_sending(&self) -> bool {
        self.flows.values().any(|flow| match flow.stage {
            Stage::Sending
            | Stage::Settling {
                failed_at: None, ..
            }
            | Stage::Permitting
            | Stage::Abandoning => true,
            Stage::Recording
            | Stage::Rechecking { .. }
            | Stage::Settling {
                failed_at: Some(_), ..
            } => false,
        })
    }

    /// Says whether an order is still being carried out.
    pub fn is_busy(&self) -> bool {
        !self.flows.is_empty() || !self.pending.is_empty()
    }
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
