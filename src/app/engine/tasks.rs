//! Tasks of checklists: attesting that one is done, and taking that back.

use jiff::Timestamp;

use super::Engine;
use super::flow::Pending;
use super::known::required;
use super::planning::{place, unknown_service};
use crate::app::effect::Effect;
use crate::app::request::{Refusal, RefusalKind};
use crate::domain::attestation::Attestation;
use crate::domain::board::Row;
use crate::domain::cell::Cell;
use crate::domain::deployment;
use crate::domain::entry::{Draft, Event, Precondition};
use crate::domain::gate::checklist::{Standing, Subject};
use crate::domain::hold::Cover;
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::domain::ledger::Ledger;
use crate::domain::policy::{Stage, Task};
use crate::domain::scope;
use crate::domain::verification::{self, Watch};

impl Engine {
    /// How each task of a cell stands: those of the promotion into it, where there is something to
    /// promote, then those that verify what is live there. None without a journal.
    pub fn tasks(
        &self,
        service: &ServiceName,
        environment: &EnvironmentName,
    ) -> Vec<(&Task, Standing<'_>)> {
        let Some((row, ledger)) = self.board.row(service).zip(self.ledger.as_ref()) else {
            return Vec::new();
        };
        let Ok((stage, cell)) = place(row, environment) else {
            return Vec::new();
        };
        let mut tasks = Vec::new();
        if let Some(subject) = self.before(service, cell) {
            let standings = stage.tasks().iter();
            tasks.extend(standings.map(|task| (task, subject.standing(ledger, task))));
        }
        if let Some(watch) = self.after(row, stage, cell, ledger) {
            let standings = stage.verifying_tasks().iter();
            tasks.extend(standings.map(|task| (task, watch.standing(ledger, task))));
        }
        tasks
    }

    /// What the tasks before a promotion are bound to.
    fn before<'a>(&'a self, service: &'a ServiceName, cell: &'a Cell) -> Option<Subject<'a>> {
        Some(Subject {
            policy: &self.policy,
            service,
            environment: &cell.environment,
            live: cell.live.as_ref(),
            candidate: cell.candidate.as_ref()?,
        })
    }

    /// What the tasks after a deployment are bound to.
    fn after<'a>(
        &'a self,
        row: &'a Row,
        stage: &'a Stage,
        cell: &'a Cell,
        ledger: &Ledger,
    ) -> Option<Watch<'a>> {
        let facts = row.facts.value()?;
        let live = deployment::live(&facts.deployments, &stage.environment)?;
        let service = &row.service.name;
        let since = verification::begins(ledger, service, stage, live);
        Some(Watch {
            policy: &self.policy,
            service,
            environment: &stage.environment,
            live: cell.live.as_ref()?,
            since,
        })
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
        let row = self.known_row(service)?;
        let (stage, cell) = place(row, environment)?;
        let level = || {
            let why = format!("nothing to attest: {service} {environment} is level");
            Refusal::new(RefusalKind::NoGo, why)
        };
        let verifies = stage.verifying_tasks().contains(&known);
        let ledger = self.ledger.as_ref().ok_or_else(level)?;
        let (revision, scope, saw) = if verifies {
            let watch = self.after(row, stage, cell, ledger);
            let watch = watch.ok_or_else(|| {
                let why = format!("nothing to verify: nothing is live in {service} {environment}");
                Refusal::new(RefusalKind::NoGo, why)
            })?;
            (watch.live, watch.scope(), watch.live.to_string())
        } else {
            let subject = self.before(service, cell).ok_or_else(level)?;
            let live = cell.live.as_ref();
            let bound = scope::hash(service, environment, live, subject.candidate);
            (subject.candidate, bound, subject.movement())
        };
        let attestation = Attestation {
            service: service.clone(),
            environment: environment.clone(),
            task: task.to_owned(),
            person: operator.clone(),
            scope,
            saw,
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
            revision: Some(revision.sha.clone()),
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

    fn known_row(&self, service: &ServiceName) -> Result<&Row, Refusal> {
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
        let tasks: Vec<&Task> = stage
            .tasks()
            .iter()
            .chain(stage.verifying_tasks())
            .collect();
        let known = tasks.iter().find(|known| known.name == task);
        known.map(|known| (*known).clone()).ok_or_else(|| {
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
