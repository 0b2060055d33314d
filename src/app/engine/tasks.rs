//! Tasks of checklists: attesting that one is done, and taking that back.

use jiff::Timestamp;

use super::Engine;
use super::flow::Pending;
use super::known::required;
use super::planning::{place, unknown_service};
use crate::app::effect::Effect;
use crate::app::request::{Refusal, RefusalKind};
use crate::domain::attestation::Attestation;
use crate::domain::entry::{Draft, Event, Precondition};
use crate::domain::gate::checklist::{Standing, Subject};
use crate::domain::hold::Cover;
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::domain::policy::{GateSpec, Stage, Task};
use crate::domain::scope;

/// The tasks of a stage's checklist.
pub fn tasks_of(stage: &Stage) -> &[Task] {
    let list = stage.gates.iter().find_map(|gate| match gate {
        GateSpec::Checklist { tasks } => Some(tasks.as_slice()),
        _ => None,
    });
    list.unwrap_or_default()
}

impl Engine {
    /// How each task of a cell stands; none where there is nothing to promote or no journal.
    pub fn tasks(
        &self,
        service: &ServiceName,
        environment: &EnvironmentName,
    ) -> Vec<(&Task, Standing<'_>)> {
        let found = || {
            let row = self.board.row(service)?;
            let stage = row.service.stage(environment)?;
            let cell = row.cell(environment)?;
            let subject = Subject {
                policy: &self.policy,
                service,
                environment,
                live: cell.live.as_ref(),
                candidate: cell.candidate.as_ref()?,
            };
            let ledger = self.ledger.as_ref()?;
            let tasks = tasks_of(stage).iter();
            Some(
                tasks
                    .map(|task| (task, subject.standing(ledger, task)))
                    .collect(),
            )
        };
        found().unwrap_or_default()
    }

    /// Attests that a task is done.
    pub(super) fn do_task(
        &mut self,
        service: &ServiceName,
        environment: &EnvironmentName,
        task: &str,
        note: &str,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Refusal> {
        let operator = self.may_record()?.clone();
        let known = self.known_task(service, environment, task)?;
        if let Some(role) = &known.role
            && !self.policy.has_role(&operator, role)
        {
            return Err(Refusal::new(
                RefusalKind::NoGo,
                format!("{operator} does not have the role {role}, which {task} asks for"),
            ));
        }
        let tasks = self.tasks(service, environment);
        let standing = tasks.iter().find(|(one, _)| one.name == task);
        if let Some((_, Standing::Done(done))) = standing {
            return Err(Refusal::new(
                RefusalKind::NoGo,
                format!("{} has attested {task} already", done.person),
            ));
        }
        let (_, cell) = place(self.known_row(service)?, environment)?;
        let Some(candidate) = &cell.candidate else {
            return Err(Refusal::new(
                RefusalKind::NoGo,
                format!("nothing to attest: {service} {environment} is level"),
            ));
        };
        let subject = Subject {
            policy: &self.policy,
            service,
            environment,
            live: cell.live.as_ref(),
            candidate,
        };
        let attestation = Attestation {
            service: service.clone(),
            environment: environment.clone(),
            task: task.to_owned(),
            person: operator.clone(),
            scope: scope::hash(service, environment, cell.live.as_ref(), candidate),
            saw: subject.movement(),
            note: crate::domain::text::clean(note),
            at: now,
        };
        let text = format!(
            "attested {task} of {service} {environment} {}",
            attestation.saw
        );
        let draft = Draft {
            service: Some(service.clone()),
            environment: Some(environment.clone()),
            revision: Some(candidate.sha.clone()),
            reason: (!attestation.note.is_empty()).then(|| attestation.note.clone()),
            ..self.draft(&operator, Event::TaskDone { attestation }, now)
        };
        Ok(vec![self.append(
            Pending::Said(text),
            draft,
            Precondition::None,
        )])
    }

    /// Takes an attestation back. Only who gave it can.
    pub(super) fn undo_task(
        &mut self,
        service: &ServiceName,
        environment: &EnvironmentName,
        task: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Refusal> {
        let operator = self.may_record()?.clone();
        let reason = required(reason, "a reason")?;
        self.known_task(service, environment, task)?;
        let ledger = self.ledger.as_ref();
        let person = ledger
            .and_then(|ledger| ledger.task(service, environment, task))
            .map(|done| done.person.clone());
        match person {
            None => {
                return Err(Refusal::new(
                    RefusalKind::NoGo,
                    format!("nobody has attested {task} of {service} {environment}"),
                ));
            }
            Some(person) if person != operator => {
                return Err(Refusal::new(
                    RefusalKind::NoGo,
                    format!("{person} attested {task}: only {person} can take that back"),
                )
                .hint("a hold or a manual gate stops the promotion as well"));
            }
            Some(_) => {}
        }
        let cover = Cover {
            service: Some(service.clone()),
            environment: Some(environment.clone()),
            revision: None,
        };
        let text = format!("took back {task} of {service} {environment}");
        let event = Event::TaskWithdrawn {
            task: task.to_owned(),
            cover,
        };
        let draft = Draft {
            service: Some(service.clone()),
            environment: Some(environment.clone()),
            reason: Some(reason),
            ..self.draft(&operator, event, now)
        };
        Ok(vec![self.append(
            Pending::Said(text),
            draft,
            Precondition::None,
        )])
    }

    fn known_row(&self, service: &ServiceName) -> Result<&crate::domain::board::Row, Refusal> {
        let row = self.board.row(service);
        row.ok_or_else(|| unknown_service(self, service))
    }

    fn known_task(
        &self,
        service: &ServiceName,
        environment: &EnvironmentName,
        task: &str,
    ) -> Result<Task, Refusal> {
        let (stage, _) = place(self.known_row(service)?, environment)?;
        let tasks = tasks_of(stage);
        let known = tasks.iter().find(|known| known.name == task).cloned();
        known.ok_or_else(|| {
            let why = format!("{service} has no task {task} for {environment}");
            let names: Vec<&str> = tasks.iter().map(|known| known.name.as_str()).collect();
            let hint = if names.is_empty() {
                "the policy has no checklist there".to_owned()
            } else {
                format!("the tasks are {}", names.join(", "))
            };
            Refusal::new(RefusalKind::Usage, why).hint(hint)
        })
    }
}

#[cfg(test)]
mod tests;
