//! Orders: requests of an operator, checked and turned into journal entries and sends.

use jiff::Timestamp;

use super::flow::{Flow, Pending, Stage};
use super::known::{future, required};
use super::planning::place;
use super::release::Cast;
use super::{Engine, Report};
use crate::app::effect::{Effect, Ticket};
use crate::app::plan::Plan;
use crate::app::request::{Expiry, Refusal, RefusalKind, Request};
use crate::domain::entry::{Draft, Event, Precondition};
use crate::domain::hold::{Cover, Hold, HoldKind, ManualGate, Openers};
use crate::domain::ids::{
    EnvironmentName, HoldId, ManualGateId, Person, RoleName, Seq, ServiceName,
};
use crate::domain::ledger::Ledger;
use crate::domain::promotion::Purpose;
use crate::domain::scope;
use crate::domain::signoff::{Voice, Vote};

impl Engine {
    /// Takes an order. What comes of it is told by a report.
    pub(crate) fn ask(&mut self, request: Request, now: Timestamp) -> Vec<Effect> {
        let id = match &request {
            Request::Send(plan) => Some(plan.intent.id.clone()),
            Request::Hold { .. }
            | Request::EditHold { .. }
            | Request::LiftHold { .. }
            | Request::AddGate { .. }
            | Request::OpenGate { .. }
            | Request::CloseGate { .. }
            | Request::Vote { .. }
            | Request::DoTask { .. }
            | Request::UndoTask { .. }
            | Request::VoteRelease { .. }
            | Request::StartRelease { .. }
            | Request::ResumeRelease { .. }
            | Request::CancelRelease { .. } => None,
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
            } => self.place_hold(cover, kind, &reason, until, now),
            Request::EditHold { id, reason, until } => self.edit_hold(&id, reason, until, now),
            Request::LiftHold { id, reason } => self.lift_hold(&id, &reason, now),
            Request::AddGate {
                cover,
                name,
                reason,
                openers,
            } => self.add_gate(cover, &name, &reason, openers, now),
            Request::OpenGate { id, note } => self.open_gate(&id, &note, now),
            Request::CloseGate { id, reason } => self.close_gate(&id, &reason, now),
            Request::Vote {
                service,
                environment,
                role,
                voice,
                note,
            } => self.vote(&service, &environment, &role, voice, &note, now),
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
        }
    }

    /// Starts a send: the intent becomes durable first, everything else follows in `flow.rs`.
    pub(super) fn send(&mut self, mut plan: Plan, now: Timestamp) -> Result<Vec<Effect>, Refusal> {
        let operator = self.may_act()?.clone();
        plan.intent.reason = required(&plan.intent.reason, "a reason")?;
        let intent = plan.intent.clone();
        if intent.purpose == Purpose::Promotion {
            let cell = self.board.cell(&intent.service, &intent.environment);
            let same = cell.is_some_and(|cell| cell.digest == intent.digest);
            if !same {
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
        let draft = Draft {
            service: Some(intent.service.clone()),
            environment: Some(intent.environment.clone()),
            revision: Some(intent.to.sha.clone()),
            reason: Some(intent.reason.clone()),
            ..self.draft(
                &operator,
                Event::Intended {
                    intent: intent.clone(),
                },
                now,
            )
        };
        let precondition = Precondition::Unchanged { seen: self.seen() };
        self.flows.insert(
            intent.id.clone(),
            Flow {
                plan,
                stage: Stage::Recording,
            },
        );
        Ok(vec![self.append(
            Pending::Intent(intent.id),
            draft,
            precondition,
        )])
    }

    fn place_hold(
        &mut self,
        cover: Cover,
        kind: HoldKind,
        reason: &str,
        until: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Refusal> {
        let operator = self.may_record()?.clone();
        let reason = required(reason, "a reason")?;
        self.known_cover(&cover)?;
        future(until, now)?;
        let twin = self.ledger().and_then(|ledger| {
            ledger
                .holds
                .values()
                .find(|hold| hold.cover == cover && hold.is_on(now))
        });
        if let Some(hold) = twin {
            return Err(Refusal::new(
                RefusalKind::NoGo,
                format!(
                    "{} is held already by {}: {}",
                    hold.cover, hold.owner, hold.reason
                ),
            )
            .hint(format!("edit or lift hold {}", hold.id)));
        }
        let id = HoldId::from(format!("h-{}", self.random_name(5)));
        let hold = Hold {
            id,
            cover,
            kind,
            reason,
            owner: operator.clone(),
            since: now,
            until,
        };
        let text = format!("held {}: {}", hold.cover, hold.reason);
        let draft = self.covered(
            &operator,
            &hold.cover.clone(),
            &hold.reason.clone(),
            Event::HoldPlaced { hold },
            now,
        );
        Ok(vec![self.append(
            Pending::Said(text),
            draft,
            Precondition::None,
        )])
    }

    fn edit_hold(
        &mut self,
        id: &HoldId,
        reason: Option<String>,
        until: Expiry,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Refusal> {
        let operator = self.may_record()?.clone();
        let hold = self.known_hold(id)?;
        let reason = required(&reason.unwrap_or_else(|| hold.reason.clone()), "a reason")?;
        let until = match until {
            Expiry::At(at) => {
                future(Some(at), now)?;
                Some(at)
            }
            Expiry::Never => None,
            Expiry::Keep => hold.until,
        };
        let text = format!("edited hold {id} on {}", hold.cover);
        let event = Event::HoldEdited {
            id: id.clone(),
            cover: hold.cover.clone(),
            kind: hold.kind,
            until,
        };
        let draft = self.covered(&operator, &hold.cover, &reason, event, now);
        Ok(vec![self.append(
            Pending::Said(text),
            draft,
            Precondition::None,
        )])
    }

    fn lift_hold(
        &mut self,
        id: &HoldId,
        reason: &str,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Refusal> {
        let operator = self.may_record()?.clone();
        let hold = self.known_hold(id)?;
        let reason = required(reason, "a reason")?;
        let text = format!("lifted {}'s hold on {}", hold.owner, hold.cover);
        let event = Event::HoldLifted {
            id: id.clone(),
            cover: hold.cover.clone(),
        };
        let draft = self.covered(&operator, &hold.cover, &reason, event, now);
        Ok(vec![self.append(
            Pending::Said(text),
            draft,
            Precondition::None,
        )])
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
        Ok(vec![self.append(
            Pending::Said(text),
            draft,
            Precondition::None,
        )])
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
        Ok(vec![self.append(
            Pending::Said(text),
            draft,
            Precondition::None,
        )])
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
        Ok(vec![self.append(
            Pending::Said(text),
            draft,
            Precondition::None,
        )])
    }

    fn vote(
        &mut self,
        service: &ServiceName,
        environment: &EnvironmentName,
        role: &RoleName,
        voice: Voice,
        note: &str,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Refusal> {
        let operator = self.may_record()?.clone();
        self.known_role(role)?;
        if !self.policy.has_role(&operator, role) {
            return Err(Refusal::new(
                RefusalKind::NoGo,
                format!("{operator} does not have the role {role}"),
            ));
        }
        if voice == Voice::NoGo {
            required(note, "a no-go's reason")?;
        }
        let row = self
            .board
            .row(service)
            .ok_or_else(|| super::planning::unknown_service(self, service))?;
        let (stage, cell) = place(row, environment)?;
        let asked: Vec<&str> = stage.roles_asked().map(RoleName::as_str).collect();
        if !asked.contains(&role.as_str()) {
            let why = format!("no vote of {role} is asked for {service} > {environment}");
            return Err(
                Refusal::new(RefusalKind::Usage, why).hint(match asked.as_slice() {
                    [] => "`gonogo gate add` puts up a gate that a role opens".to_owned(),
                    asked => format!("asked for: {}", asked.join(", ")),
                }),
            );
        }
        let Some(candidate) = &cell.candidate else {
            return Err(Refusal::new(
                RefusalKind::NoGo,
                format!("nothing to vote on: {service} {environment} is level"),
            ));
        };
        let from = cell.live.as_ref();
        let vote = Vote {
            service: service.clone(),
            environment: environment.clone(),
            role: role.clone(),
            person: operator.clone(),
            voice,
            scope: scope::hash(service, environment, from, candidate),
            saw: format!(
                "{} > {candidate}",
                from.map_or("nothing", |revision| revision.label())
            ),
            note: note.trim().to_owned(),
            at: now,
        };
        let text = format!(
            "voted {} as {role} on {service} {environment} {}",
            voice.word(),
            vote.saw
        );
        let draft = Draft {
            service: Some(service.clone()),
            environment: Some(environment.clone()),
            revision: Some(candidate.sha.clone()),
            reason: (!vote.note.is_empty()).then(|| vote.note.clone()),
            ..self.draft(&operator, Event::VoteCast { vote }, now)
        };
        Ok(vec![self.append(
            Pending::Said(text),
            draft,
            Precondition::None,
        )])
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
            policy: self.policy.version.clone(),
            event,
        }
    }

    fn covered(
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

    /// How far this engine has read the journal.
    pub(crate) fn seen(&self) -> Seq {
        self.ledger.as_ref().map_or(Seq(0), |ledger| ledger.head)
    }

    fn ledger(&self) -> Option<&Ledger> {
        self.ledger.as_ref()
    }
}
