//! What the gates dialog holds: its fields, where its focus goes, why it cannot be confirmed, and what
//! it asks for. What is on offer, and what its keys do, is in `gates.rs`.

use tui_input::Input;

use super::super::choice::{step, turn};
use super::super::{cover, field, link};
use crate::app::engine::Engine;
use crate::app::request::Request;
use crate::domain::gate::checklist::Standing;
use crate::domain::hold::{Cover, Openers};
use crate::domain::ids::{EnvironmentName, ManualGateId, RoleName, ServiceName};
use crate::domain::signoff::Voice;

/// The gates dialog: vote with a role; attest a task; add, open or close a manual gate.
#[derive(Clone, Debug)]
pub struct GatesDialog {
    pub service: ServiceName,
    pub environment: EnvironmentName,
    pub action: GatesAction,
    /// The actions on offer, the chosen one first drawn.
    pub actions: Vec<GatesAction>,
    pub role: usize,
    pub roles: Vec<RoleName>,
    /// Why there is no role to vote with.
    pub no_vote: Option<String>,
    pub covers: Vec<Cover>,
    pub cover: usize,
    /// Who may open the gate to be added: the choices, and which is chosen.
    pub openers: Vec<Openers>,
    pub opener: usize,
    pub name: Input,
    pub note: Input,
    pub focus: GatesFocus,
    pub error: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GatesAction {
    Vote(Voice),
    /// Take one's own vote back.
    Withdraw(Voice),
    Add,
    Open(ManualGateId),
    Close(ManualGateId),
    /// Attest a task of the checklist, by its name.
    Done(String),
    /// Take one's own attestation back.
    Undo(String),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GatesFocus {
    Action,
    Role,
    Cover,
    Openers,
    Name,
    Note,
    #[default]
    Cancel,
    Confirm,
}

pub(super) const CHANGED: &str = "somebody else changed that meanwhile";

impl GatesDialog {
    /// The focus goes round these, in the order in which they are drawn.
    pub fn stops(&self) -> &'static [GatesFocus] {
        match self.action {
            GatesAction::Vote(_) => &[
                GatesFocus::Action,
                GatesFocus::Role,
                GatesFocus::Note,
                GatesFocus::Cancel,
                GatesFocus::Confirm,
            ],
            GatesAction::Add => &[
                GatesFocus::Action,
                GatesFocus::Cover,
                GatesFocus::Openers,
                GatesFocus::Name,
                GatesFocus::Note,
                GatesFocus::Cancel,
                GatesFocus::Confirm,
            ],
            GatesAction::Open(_)
            | GatesAction::Withdraw(_)
            | GatesAction::Close(_)
            | GatesAction::Done(_)
            | GatesAction::Undo(_) => &[
                GatesFocus::Action,
                GatesFocus::Note,
                GatesFocus::Cancel,
                GatesFocus::Confirm,
            ],
        }
    }

    pub(super) fn step(&mut self, forward: bool) {
        self.focus = step(self.stops(), self.focus, forward);
    }

    pub(super) fn turn(&mut self, forward: bool) {
        self.error = None;
        match self.focus {
            GatesFocus::Action => {
                let place = self.actions.iter().position(|one| *one == self.action);
                let next = turn(place.unwrap_or(0), self.actions.len(), forward);
                if let Some(action) = self.actions.get(next) {
                    self.action = action.clone();
                }
            }
            GatesFocus::Role => self.role = turn(self.role, self.roles.len(), forward),
            GatesFocus::Cover => self.cover = turn(self.cover, self.covers.len(), forward),
            GatesFocus::Openers => self.opener = turn(self.opener, self.openers.len(), forward),
            GatesFocus::Name | GatesFocus::Note | GatesFocus::Cancel | GatesFocus::Confirm => {}
        }
    }

    pub(in super::super) fn field(&mut self) -> Option<&mut Input> {
        match self.focus {
            GatesFocus::Name => Some(&mut self.name),
            GatesFocus::Note => Some(&mut self.note),
            GatesFocus::Action
            | GatesFocus::Role
            | GatesFocus::Cover
            | GatesFocus::Openers
            | GatesFocus::Cancel
            | GatesFocus::Confirm => None,
        }
    }

    /// Why it cannot be confirmed now.
    pub fn blocked(&self) -> Option<String> {
        if !self.actions.contains(&self.action) {
            return Some(CHANGED.to_owned());
        }
        let no_note = field::text(&self.note).is_empty();
        match &self.action {
            GatesAction::Vote(_) if self.roles.is_empty() => Some(
                self.no_vote
                    .clone()
                    .unwrap_or_else(|| "there is no role to vote with".to_owned()),
            ),
            GatesAction::Vote(Voice::NoGo) if no_note => {
                Some("a no-go's reason is required".to_owned())
            }
            GatesAction::Add if field::text(&self.name).is_empty() => {
                Some("a name is required".to_owned())
            }
            GatesAction::Add
            | GatesAction::Withdraw(_)
            | GatesAction::Close(_)
            | GatesAction::Undo(_)
                if no_note =>
            {
                Some("a reason is required".to_owned())
            }
            GatesAction::Open(_) if no_note => Some("a note is required".to_owned()),
            GatesAction::Vote(_)
            | GatesAction::Withdraw(_)
            | GatesAction::Add
            | GatesAction::Open(_)
            | GatesAction::Close(_)
            | GatesAction::Done(_)
            | GatesAction::Undo(_) => None,
        }
    }

    pub(super) fn request(&self) -> Option<Request> {
        let note = field::text(&self.note);
        Some(match &self.action {
            GatesAction::Vote(voice) => Request::Vote {
                service: self.service.clone(),
                environment: self.environment.clone(),
                role: self.roles.get(self.role)?.clone(),
                voice: *voice,
                note,
            },
            GatesAction::Withdraw(_) => Request::WithdrawVote {
                service: self.service.clone(),
                environment: self.environment.clone(),
                reason: note,
            },
            GatesAction::Add => Request::AddGate {
                cover: self.covers.get(self.cover)?.clone(),
                name: field::text(&self.name),
                reason: note,
                openers: self.openers.get(self.opener)?.clone(),
            },
            GatesAction::Open(id) => Request::OpenGate {
                id: id.clone(),
                note,
            },
            GatesAction::Close(id) => Request::CloseGate {
                id: id.clone(),
                reason: note,
            },
            GatesAction::Done(task) => Request::DoTask {
                service: self.service.clone(),
                environment: self.environment.clone(),
                task: task.clone(),
                note,
            },
            GatesAction::Undo(task) => Request::UndoTask {
                service: self.service.clone(),
                environment: self.environment.clone(),
                task: task.clone(),
                reason: note,
            },
        })
    }

    pub(in super::super) fn command_line(&self) -> Option<String> {
        let note = field::text(&self.note);
        let line = match &self.action {
            GatesAction::Vote(voice) => {
                let role = self.roles.get(self.role)?;
                let (service, environment) = (&self.service, &self.environment);
                let line = format!(
                    "gonogo vote {} {service} --to {environment} --as {role}",
                    voice.word()
                );
                return Some(with_note(line, &note));
            }
            GatesAction::Withdraw(_) => {
                let (service, environment) = (&self.service, &self.environment);
                let line = format!("gonogo vote withdraw {service} --to {environment}");
                return Some(with_note(line, &note));
            }
            GatesAction::Done(task) => {
                let (service, environment) = (&self.service, &self.environment);
                let line = format!("gonogo task done {service} --to {environment} {task}");
                return Some(with_note(line, &note));
            }
            GatesAction::Undo(task) => {
                let (service, environment) = (&self.service, &self.environment);
                format!("gonogo task undo {service} --to {environment} {task}")
            }
            GatesAction::Add => {
                let cover: &Cover = self.covers.get(self.cover)?;
                let name = field::text(&self.name);
                let openers = match self.openers.get(self.opener)? {
                    Openers::Anyone => String::new(),
                    Openers::Role(role) => format!(" --role {role}"),
                    Openers::Person(person) => format!(" --person {person}"),
                };
                format!(
                    "gonogo gate add {}{}{openers}",
                    link::quoted(&name),
                    cover::flags(cover)
                )
            }
            GatesAction::Open(id) => format!("gonogo gate open {id}"),
            GatesAction::Close(id) => format!("gonogo gate close {id}"),
        };
        Some(link::with_reason(&line, &note))
    }

    /// A gate or task that somebody opened, closed or did meanwhile is not on offer any more. The action stays
    /// what it was, impossible: a key on its way must never confirm something else.
    pub(in super::super) fn check(&mut self, engine: &Engine) {
        let Some(ledger) = &engine.ledger else { return };
        let tasks = engine.tasks(&self.service, &self.environment);
        let is_done = |name: &String| {
            let found = tasks.iter().find(|(task, _)| task.name == *name);
            found.map(|(_, standing)| matches!(standing, Standing::Done(_)))
        };
        let still = |action: &GatesAction| match action {
            GatesAction::Vote(_) | GatesAction::Add => true,
            GatesAction::Withdraw(voice) => {
                let own = engine.own_vote(&self.service, &self.environment);
                own.is_some_and(|vote| vote.voice == *voice)
            }
            GatesAction::Open(id) => is_open(ledger, id) == Some(false),
            GatesAction::Close(id) => is_open(ledger, id) == Some(true),
            GatesAction::Done(task) => is_done(task) == Some(false),
            GatesAction::Undo(task) => is_done(task) == Some(true),
        };
        let offered = self.actions.contains(&self.action);
        self.actions.retain(&still);
        if offered && !still(&self.action) {
            self.error = Some(CHANGED.to_owned());
            self.focus = GatesFocus::Cancel;
        }
    }
}

fn with_note(line: String, note: &str) -> String {
    if note.is_empty() {
        line
    } else {
        format!("{line} --note {}", link::quoted(note))
    }
}

/// Says whether a manual gate is open; `None` if there is no such gate.
fn is_open(ledger: &crate::domain::ledger::Ledger, id: &ManualGateId) -> Option<bool> {
    ledger
        .manual_gates
        .get(id)
        .map(|gate| gate.opened.is_some())
}
