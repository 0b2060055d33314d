//! Flows: a send on its way through the send-once protocol.
//!
//! intended (durable) → facts and journal read again, gates asked again → permit (durable) → the
//! act, once → outcome (durable). Any difference on the way ends in `abandoned`, and nothing is
//! sent.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Engine, Report};
use crate::app::effect::{Effect, Ticket};
use crate::app::msg::JournalFault;
use crate::app::plan::Plan;
use crate::app::request::{Refusal, RefusalKind};
use crate::domain::act::{Act, Outcome};
use crate::domain::entry::{Draft, Entry, Event, Precondition};
use crate::domain::ids::{
    DeploymentId, HoldId, IntentId, OverrideId, ReleaseName, ReleaseRunId, ServiceName,
};
use crate::domain::promotion::{Intent, Step};

/// A send on its way.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    pub plan: Plan,
    pub stage: Stage,
}

/// How far a send is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Stage {
    /// A rollback's hold on the bad revision is being made durable.
    Holding,
    /// The intent is being made durable.
    Recording,
    /// The rounds of samples that its gates rest on are taken anew: before the facts, because they
    /// may take longer than facts keep.
    Sampling { waiting: BTreeSet<u64> },
    /// Facts and journal are read again.
    Rechecking {
        since: Timestamp,
        facts: Option<u64>,
        scope: Option<u64>,
        /// Facts of services that it depends on, on other forges.
        others: BTreeSet<u64>,
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
    /// Not sent; that is being made durable. `failed_at` is set while the journal does not take it.
    Abandoning {
        refusal: Refusal,
        failed_at: Option<Timestamp>,
    },
}

impl Stage {
    /// When the journal last did not take how it ended.
    pub fn failed_at(&self) -> Option<Timestamp> {
        match self {
            Self::Settling { failed_at, .. } | Self::Abandoning { failed_at, .. } => *failed_at,
            Self::Holding
            | Self::Recording
            | Self::Sampling { .. }
            | Self::Rechecking { .. }
            | Self::Permitting
            | Self::Sending => None,
        }
    }
}

/// What an append was for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Pending {
    Intent(IntentId),
    Permit(IntentId),
    Abandon(IntentId, Refusal),
    Outcome(IntentId),
    /// A brake's answer was its whole outcome.
    Braked(IntentId),
    /// A step that was seen on the forge.
    Step(IntentId, String),
    /// Something whose success is told in these words.
    Said(String),
    Expiry(HoldId),
    /// The end of a release's run, and what is told of it if it did not ship.
    Ended {
        run: ReleaseRunId,
        release: ReleaseName,
        refusal: Option<Refusal>,
    },
    /// The hold that a rollback leaves: its intent follows.
    BadRevision(IntentId),
    /// Something seen that is noted once, whoever sees it first.
    Note(Note),
}

/// What was seen, by which a note that is on its way is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    Deployment(ServiceName, DeploymentId),
    Incident(ServiceName, DeploymentId),
    Verification(ServiceName, DeploymentId),
    Use(OverrideId),
    Red(IntentId),
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
        let seq = result.as_ref().ok().map(|entry| entry.seq);
        let result = match result {
            Ok(entry) => {
                self.brakes_follow(&entry.draft.event, now);
                self.take_entries(&[entry], now);
                self.journal_found(now);
                Ok(())
            }
            Err(fault) => Err(fault),
        };
        if let Err(fault) = &result {
            self.journal_lost(fault, now);
        }
        match (pending, result) {
            (Pending::Intent(id), Ok(())) => self.recheck(&id, now),
            (Pending::Intent(id), Err(fault)) => {
                let flow = self.flows.remove(&id);
                let intent = flow.map(|flow| flow.plan.intent);
                let intent = intent.filter(|intent| intent.purpose.is_brake());
                if let (Some(intent), JournalFault::Refused { .. }) = (intent, &fault) {
                    self.brake_again(&intent, now);
                }
                // Whether it was written nobody knows: if it turns up, it is abandoned.
                self.lost.insert(id.clone());
                self.refuse(Some(id), &fault, "nothing was sent");
                self.read_journal()
            }
            (Pending::BadRevision(id), Ok(())) => self.go_back(&id, seq, now),
            (Pending::BadRevision(id), Err(fault)) => {
                self.flows.remove(&id);
                self.refuse(Some(id), &fault, "nothing was sent");
                Vec::new()
            }
            (Pending::Note(note), result) => self.noted(&note, result, now),
            (Pending::Permit(id), Ok(())) => self.permitted(&id, now),
            (Pending::Permit(id), Err(fault)) => self.not_permitted(&id, &fault, now),
            // It occupies its cell until the journal says that it does not: tried again.
            (Pending::Abandon(id, _), Err(JournalFault::Unreachable { .. })) => {
                if let Some(Flow {
                    stage: Stage::Abandoning { failed_at, .. },
                    ..
                }) = self.flows.get_mut(&id)
                {
                    *failed_at = Some(now);
                }
                Vec::new()
            }
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
            (Pending::Step(..) | Pending::Expiry(_) | Pending::Braked(_), _) => Vec::new(),
            (
                Pending::Ended {
                    run,
                    release,
                    refusal,
                },
                Ok(()),
            ) => {
                self.release_ended(&run, &release, refusal);
                Vec::new()
            }
            // Somebody else ended it, or took it over.
            (Pending::Ended { .. }, Err(_)) => self.read_journal(),
            (Pending::Said(text), Ok(())) => {
                self.reports.push(Report::Done { id: None, text });
                // It may have been the last task of a verification.
                let said = self.entries.back().map(|entry| &entry.draft.event);
                match said {
                    Some(Event::TaskDone { attestation }) => {
                        let service = attestation.service.clone();
                        self.look_after(&service, now)
                    }
                    Some(_) | None => Vec::new(),
                }
            }
            (Pending::Said(_), Err(fault)) => {
                self.refuse(None, &fault, "nothing was changed");
                self.read_journal()
            }
        }
    }

    fn permitted(&mut self, id: &IntentId, now: Timestamp) -> Vec<Effect> {
        let Some(plan) = self.flows.get(id).map(|flow| flow.plan.clone()) else {
            return Vec::new();
        };
        // The way to the journal and back is short, unless the machine slept on it: by now a window
        // may have closed and the facts may be old. There is no way back to `intended`, so it ends
        // as a send that came to nothing.
        let still = self.still(&plan, now);
        let Some(flow) = self.flows.get_mut(id) else {
            return Vec::new();
        };
        if let Err(refusal) = still {
            let outcome = Outcome::Rejected {
                status: 0,
                why: format!("not sent: {}", refusal.why),
                hint: refusal.hint,
                denied: false,
            };
            flow.stage = Stage::Settling {
                outcome,
                failed_at: None,
            };
            return self.settle(id, now);
        }
        if flow.plan.intent.act == Act::ByHand {
            flow.stage = Stage::Settling {
                outcome: super::by_hand::taken(),
                failed_at: None,
            };
            return self.settle(id, now);
        }
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
                let intent = self.flows.get(id).map(|flow| flow.plan.intent.clone());
                if let Some(intent) = intent.filter(|intent| intent.purpose.is_brake()) {
                    self.brake_again(&intent, now);
                }
                let mut effects = self.abandon(id, refusal, now);
                effects.extend(self.read_journal());
                effects
            }
            JournalFault::Unreachable { why, hint, .. } => {
                let refusal = Refusal::new(
                    RefusalKind::Journal,
                    format!("{}; nothing was sent", JournalFault::unreachable(why)),
                );
                let refusal = match hint {
                    Some(hint) => refusal.hint(hint.clone()),
                    None => refusal,
                };
                self.abandon(id, refusal, now)
            }
            JournalFault::AlreadyThere => {
                self.flows.remove(id);
                self.refuse(Some(id.clone()), fault, "nothing was sent");
                Vec::new()
            }
        }
    }

    /// Makes durable that a send does not happen.
    pub(crate) fn abandon(
        &mut self,
        id: &IntentId,
        refusal: Refusal,
        now: Timestamp,
    ) -> Vec<Effect> {
        let Some(flow) = self.flows.get_mut(id) else {
            return Vec::new();
        };
        flow.stage = Stage::Abandoning {
            refusal: refusal.clone(),
            failed_at: None,
        };
        let plan = flow.plan.clone();
        let Some(operator) = self.operator.clone() else {
            return Vec::new();
        };
        let step = Step::Abandoned {
            why: refusal.why.clone(),
        };
        let draft = self.step_draft(&plan.intent, step, &operator, now);
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
            // A brake that was refused is shown for as long as its hold is on: what is missing too.
            Outcome::Rejected {
                why,
                hint: Some(hint),
                ..
            } if plan.intent.purpose.is_brake() => Step::Rejected {
                why: format!("{why}; {hint}"),
            },
            Outcome::Rejected { why, .. } => Step::Rejected { why },
            Outcome::NoAnswer { why } => Step::Unknown { why },
        };
        let plan = plan.clone();
        let Some(operator) = self.operator.clone() else {
            return Vec::new();
        };
        let draft = self.step_draft(&plan.intent, step, &operator, now);
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
        let moved = plan.matter();
        let what = format!(
            "{} {} {} {moved}",
            plan.intent.purpose,
            plan.service(),
            plan.environment(),
        );
        let braked = plan.intent.purpose.is_brake() && matches!(outcome, Outcome::Accepted(_));
        self.learn_of_denial(&plan.intent, &outcome);
        let report = match outcome {
            Outcome::Accepted(_) if plan.intent.act == Act::ByHand => Report::Done {
                id: Some(id.clone()),
                text: format!("{what} is recorded: it is done by hand"),
            },
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
            Outcome::Rejected {
                status, why, hint, ..
            } => {
                let refusal = Refusal::new(
                    RefusalKind::Forge,
                    match status {
                        // No forge said so: it did not get that far.
                        0 => format!("{what} {why}"),
                        _ => format!("{what} refused by {}: {why}", plan.forge),
                    },
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
        if braked {
            return self.braked(&plan.intent, now);
        }
        Vec::new()
    }

    /// An entry about a step of an intent.
    pub(crate) fn step_draft(
        &self,
        intent: &Intent,
        step: Step,
        actor: &crate::domain::ids::Person,
        now: Timestamp,
    ) -> Draft {
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
            JournalFault::Unreachable { why, hint, .. } => {
                let refusal = Refusal::new(
                    RefusalKind::Journal,
                    format!("{}; {consequence}", JournalFault::unreachable(why)),
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
            | Stage::Abandoning {
                failed_at: None, ..
            } => true,
            Stage::Holding
            | Stage::Recording
            | Stage::Sampling { .. }
            | Stage::Rechecking { .. }
            | Stage::Settling {
                failed_at: Some(_), ..
            }
            | Stage::Abandoning {
                failed_at: Some(_), ..
            } => false,
        })
    }

    /// What an append says that somebody ordered, as it is told once it is done.
    pub fn ordered(&self, ticket: Ticket) -> Option<&str> {
        match self.pending.get(&ticket)? {
            Pending::Said(text) => Some(text),
            _ => None,
        }
    }

    /// Says whether the journal has not answered yet to what somebody ordered.
    pub fn is_writing(&self) -> bool {
        let mut pending = self.pending.values();
        pending.any(|pending| matches!(pending, Pending::Said(_)))
    }

    /// Says whether an order is still being carried out.
    pub fn is_busy(&self) -> bool {
        !self.flows.is_empty() || !self.pending.is_empty()
    }
}

#[cfg(test)]
mod rules;
#[cfg(test)]
mod tests;
