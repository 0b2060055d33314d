//! Orders: requests of an operator, checked and turned into journal entries and sends.

use jiff::Timestamp;

use super::flow::{Flow, Pending, Stage};
use super::known::{future, required};
use super::release::{Cast, Change};
use super::{Engine, Report};
use crate::app::effect::{Effect, Ticket};
use crate::app::plan::Plan;
use crate::app::request::{Refusal, RefusalKind, Request};
use crate::domain::entry::{Draft, Event, Precondition};
use crate::domain::hold::{Cover, ManualGate, Openers};
use crate::domain::ids::{IntentId, ManualGateId, Person, Seq};
use crate::domain::ledger::Ledger;
use crate::domain::notice::Tell;
use crate::domain::promotion::{Intent, Purpose};

mod holds;

use holds::Wanted;

impl Engine {
    /// Takes an order. What comes of it is told by a report.
    pub(crate) fn ask(&mut self, request: Request, now: Timestamp) -> Vec<Effect> {
        let id = match &request {
            Request::Send(plan) => Some(plan.intent.id.clone()),
            Request::Hold { .. }
            | Request::EditHold { .. }
            | Request::LiftHold { .. }
            | Request::BindHold { .. }
            | Request::AddGate { .. }
            | Request::OpenGate { .. }
            | Request::CloseGate { .. }
            | Request::Override { .. }
            | Request::ConfirmOverride { .. }
            | Request::WithdrawOverride { .. }
            | Request::Vote { .. }
            | Request::WithdrawVote { .. }
            | Request::WithdrawReleaseVote { .. }
            | Request::DoTask { .. }
            | Request::UndoTask { .. }
            | Request::VoteRelease { .. }
            | Request::StartRelease { .. }
            | Request::ResumeRelease { .. }
            | Request::CancelRelease { .. }
            | Request::DropService { .. }
            | Request::RestoreService { .. }
            | Request::HandOver { .. }
            | Request::TakeOver { .. } => None,
        };
        match self.order(request, now) {
            Ok(effects) => effects,
            Err(refusal) => {
                self.reports.push(Report::Refused { id, refusal });
                Vec::new()
            }
        }
    }

    fn order(&mut self, request: Request, now: Timestamp) -> Result<Vec<Effect>, Refusal> {
        match request {
            Request::Send(plan) => self.send(*plan, now),
            Request::Hold {
                cover,
                kind,
                reason,
                until,
                then,
                tell,
            } => {
                let wanted = Wanted {
                    cover,
                    kind,
                    reason,
                    until,
                    then,
                    tell,
                };
                self.place_hold(wanted, now)
            }
            Request::EditHold {
                id,
                reason,
                until,
                then,
            } => self.edit_hold(&id, reason, (until, then), now),
            Request::LiftHold { id, reason } => self.lift_hold(&id, &reason, now),
            Request::BindHold { id } => self.bind_hold(id.as_ref(), now),
            Request::AddGate {
                cover,
                name,
                reason,
                openers,
            } => self.add_gate(cover, &name, &reason, openers, now),
            Request::OpenGate { id, note } => self.open_gate(&id, &note, now),
            Request::CloseGate { id, reason } => self.close_gate(&id, &reason, now),
            Request::Override {
                service,
                environment,
                gates,
                back,
                reason,
                until,
            } => {
                let wanted = super::overrides::Wanted {
                    service,
                    environment,
                    gates,
                    back,
                    reason,
                    until,
                };
                self.grant(wanted, now)
            }
            Request::ConfirmOverride { id } => self.confirm_override(&id, now),
            Request::WithdrawOverride { id, reason } => self.withdraw_override(&id, &reason, now),
            Request::Vote {
                service,
                environment,
                role,
                voice,
                note,
            } => self.vote(&service, &environment, &role, voice, &note, now),
            Request::WithdrawVote {
                service,
                environment,
                reason,
            } => self.withdraw_vote(&service, &environment, &reason, now),
            Request::WithdrawReleaseVote { release, reason } => {
                self.withdraw_release_vote(&release, &reason, now)
            }
            Request::DoTask {
                service,
                environment,
                task,
                note,
            } => self.do_task(&service, &environment, &task, &note, now),
            Request::UndoTask {
                service,
                environment,
                task,
                reason,
            } => self.undo_task(&service, &environment, &task, &reason, now),
            Request::VoteRelease {
                release,
                role,
                voice,
                note,
                seen,
            } => {
                let vote = Cast {
                    role,
                    voice,
                    note,
                    seen,
                };
                self.vote_release(&release, vote, now)
            }
            Request::StartRelease {
                release,
                seen,
                reason,
                skip,
            } => self.start_release(&release, &seen, &reason, &skip, now),
            Request::ResumeRelease { release } => self.resume_release(&release, now),
            Request::CancelRelease { release, reason } => {
                self.cancel_release(&release, &reason, now)
            }
            Request::DropService {
                release,
                service,
                reason,
            } => self.change_set(Change::Drop, &release, &service, &reason, now),
            Request::RestoreService {
                release,
                service,
                reason,
            } => self.change_set(Change::Restore, &release, &service, &reason, now),
            Request::HandOver { items, remark } => self.hand_over(items, &remark, now),
            Request::TakeOver { id } => self.take_over(&id, now),
        }
    }

    /// Starts a send: the intent becomes durable first, everything else follows in `flow.rs`.
    pub(super) fn send(&mut self, mut plan: Plan, now: Timestamp) -> Result<Vec<Effect>, Refusal> {
        let operator = self.may_act()?.clone();
        plan.intent.reason = required(&plan.intent.reason, "a reason")?;
        // The journal tells by this reason alone what nobody ordered.
        if plan.intent.goes_by_itself() && !plan.by_itself {
            let why = format!("\"{}\" is no reason of a person", Intent::BY_ITSELF);
            return Err(Refusal::new(RefusalKind::Usage, why).hint("say why you promote it"));
        }
        let intent = plan.intent.clone();
        if intent.purpose == Purpose::Promotion || intent.rollback {
            let cell = self.seen_by(&intent, self.ledger.as_ref(), now)?;
            if cell.digest != intent.digest {
                return Err(Refusal::new(
                    RefusalKind::NoGo,
                    format!(
                        "{} {} changed since the dialog opened; nothing was sent",
                        intent.service, intent.environment
                    ),
                )
                .hint("look at it again"));
            }
        }
        let bad = self.bad_revision(&intent, &operator, now);
        let stage = if bad.is_some() {
            Stage::Holding
        } else {
            Stage::Recording
        };
        self.flows.insert(intent.id.clone(), Flow { plan, stage });
        Ok(match bad {
            Some(hold) => {
                let (cover, reason) = (hold.cover.clone(), hold.reason.clone());
                let event = Event::HoldPlaced {
                    hold,
                    tell: Tell::Rules,
                };
                let draft = self.covered(&operator, &cover, &reason, event, now);
                vec![self.append(Pending::BadRevision(intent.id), draft, Precondition::None)]
            }
            None => self.intend(&intent.id, now),
        })
    }

    /// Makes the intent of a flow durable.
    pub(super) fn intend(&mut self, id: &IntentId, now: Timestamp) -> Vec<Effect> {
        let (Some(operator), Some(flow)) = (self.operator.clone(), self.flows.get_mut(id)) else {
            return Vec::new();
        };
        flow.stage = Stage::Recording;
        let intent = flow.plan.intent.clone();
        let draft = Draft {
            service: Some(intent.service.clone()),
            environment: Some(intent.environment.clone()),
            revision: Some(intent.to.sha.clone()),
            reason: Some(intent.reason.clone()),
            ..self.draft(&operator, Event::Intended { intent }, now)
        };
        let precondition = Precondition::Unchanged { seen: self.seen() };
        vec![self.append(Pending::Intent(id.clone()), draft, precondition)]
    }

    fn add_gate(
        &mut self,
        cover: Cover,
        name: &str,
        reason: &str,
        openers: Openers,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Refusal> {
        let operator = self.may_record()?.clone();
        let name = required(name, "a name")?;
        let reason = required(reason, "a reason")?;
        self.known_cover(&cover)?;
        if let Openers::Role(role) = &openers {
            self.known_role(role)?;
        }
        let id = ManualGateId::from(format!("g-{}", self.random_name(5)));
        let gate = ManualGate {
            id,
            cover,
            name,
            reason,
            owner: operator.clone(),
            since: now,
            openers,
            opened: None,
        };
        let text = format!("added gate {} on {}", gate.name, gate.cover);
        let draft = self.covered(
            &operator,
            &gate.cover.clone(),
            &gate.reason.clone(),
            Event::GateAdded { gate },
            now,
        );
        Ok(self.note(text, draft))
    }

    fn open_gate(
        &mut self,
        id: &ManualGateId,
        note: &str,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Refusal> {
        let operator = self.may_record()?.clone();
        let gate = self.known_gate(id)?;
        let note = required(note, "a note")?;
        let entitled = match &gate.openers {
            Openers::Anyone => true,
            Openers::Role(role) => self.policy.has_role(&operator, role),
            Openers::Person(person) => *person == operator,
        };
        if !entitled {
            return Err(Refusal::new(
                RefusalKind::NoGo,
                format!(
                    "{operator} may not open {}: only {} may",
                    gate.name, gate.openers
                ),
            ));
        }
        if let Some(opened) = &gate.opened {
            return Err(Refusal::new(
                RefusalKind::NoGo,
                format!("{} has opened {} already", opened.by, gate.name),
            ));
        }
        let text = format!("opened gate {} on {}", gate.name, gate.cover);
        let event = Event::GateOpened {
            id: id.clone(),
            cover: gate.cover.clone(),
        };
        let draft = self.covered(&operator, &gate.cover, &note, event, now);
        Ok(self.note(text, draft))
    }

    fn close_gate(
        &mut self,
        id: &ManualGateId,
        reason: &str,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Refusal> {
        let operator = self.may_record()?.clone();
        let gate = self.known_gate(id)?;
        let reason = required(reason, "a reason")?;
        if gate.opened.is_none() {
            return Err(Refusal::new(
                RefusalKind::NoGo,
                format!("{} is closed already", gate.name),
            ));
        }
        let text = format!("closed gate {} on {}", gate.name, gate.cover);
        let event = Event::GateClosed {
            id: id.clone(),
            cover: gate.cover.clone(),
        };
        let draft = self.covered(&operator, &gate.cover, &reason, event, now);
        Ok(self.note(text, draft))
    }

    /// Orders an entry to be appended; `pending` says what its answer is for.
    pub(crate) fn append(
        &mut self,
        pending: Pending,
        draft: Draft,
        precondition: Precondition,
    ) -> Effect {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.pending.insert(ticket, pending);
        Effect::Append {
            ticket,
            draft: Box::new(draft),
            precondition,
        }
    }

    /// An entry without a scope.
    pub(crate) fn draft(&self, actor: &Person, event: Event, now: Timestamp) -> Draft {
        Draft {
            at: now,
            actor: actor.clone(),
            service: None,
            environment: None,
            revision: None,
            reason: None,
            policy: self.policy.version().clone(),
            event,
        }
    }

    pub(super) fn covered(
        &self,
        actor: &Person,
        cover: &Cover,
        reason: &str,
        event: Event,
        now: Timestamp,
    ) -> Draft {
        Draft {
            service: cover.service.clone(),
            environment: cover.environment.clone(),
            revision: cover.revision.clone(),
            reason: Some(reason.to_owned()),
            ..self.draft(actor, event, now)
        }
    }

    /// Writes an entry that rests on nothing, and says so when it is written.
    fn note(&mut self, text: String, draft: Draft) -> Vec<Effect> {
        vec![self.append(Pending::Said(text), draft, Precondition::None)]
    }

    /// How far this engine has read the journal.
    pub(crate) fn seen(&self) -> Seq {
        self.ledger.as_ref().map_or(Seq(0), |ledger| ledger.head)
    }

    fn ledger(&self) -> Option<&Ledger> {
        self.ledger.as_ref()
    }
}
