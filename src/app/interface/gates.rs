//! The gates dialog: vote with a role; add, open or close a manual gate.

use tui_input::Input;

use super::choice::{step, turn};
use super::{Overlay, field, hold, link};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::engine::Engine;
use crate::app::request::Request;
use crate::app::state::State;
use crate::domain::hold::{Cover, ManualGate, Openers};
use crate::domain::ids::{EnvironmentName, ManualGateId, Person, RoleName, ServiceName};
use crate::domain::policy::{GateSpec, Policy};
use crate::domain::signoff::Voice;

/// The gates dialog: vote with a role; add, open or close a manual gate.
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
    Add,
    Open(ManualGateId),
    Close(ManualGateId),
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

const CHANGED: &str = "somebody else changed that gate meanwhile";

/// Opens the dialog on the selected cell.
pub(super) fn open(state: &mut State) {
    let Some(cursor) = state.interface.cursor.clone() else {
        return;
    };
    let engine = &state.engine;
    let operator = engine.may_record();
    let (roles, no_vote) = match &operator {
        Ok(operator) => roles(
            &engine.policy,
            operator,
            &cursor.service,
            &cursor.environment,
        ),
        Err(refusal) => (Vec::new(), Some(refusal.why.clone())),
    };
    let mut actions = vec![
        GatesAction::Vote(Voice::Go),
        GatesAction::Vote(Voice::NoGo),
        GatesAction::Add,
    ];
    if let Ok(operator) = &operator {
        actions.extend(
            covering(engine, &cursor.service, &cursor.environment)
                .filter(|gate| entitled(&engine.policy, operator, gate))
                .map(|gate| match gate.opened {
                    None => GatesAction::Open(gate.id.clone()),
                    Some(_) => GatesAction::Close(gate.id.clone()),
                }),
        );
    }
    let openers = std::iter::once(Openers::Anyone)
        .chain(engine.policy.roles.keys().cloned().map(Openers::Role))
        .collect();
    let dialog = GatesDialog {
        action: GatesAction::Vote(Voice::Go),
        actions,
        role: 0,
        roles,
        no_vote,
        covers: hold::covers(&cursor.service, &cursor.environment),
        cover: 0,
        openers,
        opener: 0,
        name: Input::default(),
        note: Input::default(),
        focus: GatesFocus::default(),
        error: operator.err().map(|refusal| refusal.why),
        service: cursor.service,
        environment: cursor.environment,
    };
    state.interface.overlays.push(Overlay::Gates(dialog));
}

/// The roles that the operator has and that the cell's sign-off asks for; else why there is none.
fn roles(
    policy: &Policy,
    operator: &Person,
    service: &ServiceName,
    environment: &EnvironmentName,
) -> (Vec<RoleName>, Option<String>) {
    let stage = policy
        .service(service)
        .and_then(|service| service.stage(environment));
    let asked: Vec<&RoleName> = stage
        .into_iter()
        .flat_map(|stage| stage.gates.iter())
        .filter_map(|gate| match gate {
            GateSpec::SignOff { roles, .. } => Some(roles),
            _ => None,
        })
        .flatten()
        .collect();
    if asked.is_empty() {
        let why = format!("no vote is asked for {service} > {environment}");
        return (Vec::new(), Some(why));
    }
    let has: Vec<RoleName> = asked
        .iter()
        .filter(|role| policy.has_role(operator, role))
        .map(|role| (*role).clone())
        .collect();
    let why = has.is_empty().then(|| {
        let asked: Vec<&str> = asked.iter().map(|role| role.as_str()).collect();
        format!(
            "{operator} has none of the roles asked for: {}",
            asked.join(", ")
        )
    });
    (has, why)
}

/// The manual gates that cover a cell.
fn covering<'a>(
    engine: &'a Engine,
    service: &'a ServiceName,
    environment: &'a EnvironmentName,
) -> impl Iterator<Item = &'a ManualGate> {
    let cell = engine.board.cell(service, environment);
    let revision = cell.and_then(|cell| cell.candidate.as_ref());
    engine
        .ledger
        .iter()
        .flat_map(|ledger| ledger.manual_gates.values())
        .filter(move |gate| {
            gate.cover
                .covers(service, environment, revision.map(|revision| &revision.sha))
        })
}

fn entitled(policy: &Policy, operator: &Person, gate: &ManualGate) -> bool {
    match &gate.openers {
        Openers::Anyone => true,
        Openers::Role(role) => policy.has_role(operator, role),
        Openers::Person(person) => person == operator,
    }
}

pub(super) fn run(state: &mut State, command: Command) -> Vec<Effect> {
    let Some(Overlay::Gates(dialog)) = state.interface.overlays.last_mut() else {
        return Vec::new();
    };
    let chooses = matches!(
        dialog.focus,
        GatesFocus::Action | GatesFocus::Role | GatesFocus::Cover | GatesFocus::Openers
    );
    match command {
        Command::Close => {
            state.interface.overlays.pop();
        }
        Command::Left if chooses => dialog.turn(false),
        Command::Right | Command::Mark if chooses => dialog.turn(true),
        Command::NextPane | Command::Down | Command::Right => dialog.step(true),
        Command::PreviousPane | Command::Up | Command::Left => dialog.step(false),
        Command::Copy => return link::copy(state),
        Command::Open => match dialog.focus {
            GatesFocus::Cancel => {
                state.interface.overlays.pop();
            }
            GatesFocus::Confirm => return confirm(state),
            GatesFocus::Action
            | GatesFocus::Role
            | GatesFocus::Cover
            | GatesFocus::Openers
            | GatesFocus::Name
            | GatesFocus::Note => dialog.step(true),
        },
        _ => {}
    }
    Vec::new()
}

fn confirm(state: &mut State) -> Vec<Effect> {
    let Some(Overlay::Gates(dialog)) = state.interface.overlays.last_mut() else {
        return Vec::new();
    };
    let request = match (dialog.blocked(), dialog.request()) {
        (None, Some(request)) => request,
        (why, _) => {
            dialog.error = why;
            return Vec::new();
        }
    };
    hold::ask(state, request)
}

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
            GatesAction::Open(_) | GatesAction::Close(_) => &[
                GatesFocus::Action,
                GatesFocus::Note,
                GatesFocus::Cancel,
                GatesFocus::Confirm,
            ],
        }
    }

    fn step(&mut self, forward: bool) {
        self.focus = step(self.stops(), self.focus, forward);
    }

    fn turn(&mut self, forward: bool) {
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

    pub(super) fn field(&mut self) -> Option<&mut Input> {
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
            GatesAction::Add | GatesAction::Close(_) if no_note => {
                Some("a reason is required".to_owned())
            }
            GatesAction::Open(_) if no_note => Some("a note is required".to_owned()),
            GatesAction::Vote(_)
            | GatesAction::Add
            | GatesAction::Open(_)
            | GatesAction::Close(_) => None,
        }
    }

    fn request(&self) -> Option<Request> {
        let note = field::text(&self.note);
        Some(match &self.action {
            GatesAction::Vote(voice) => Request::Vote {
                service: self.service.clone(),
                environment: self.environment.clone(),
                role: self.roles.get(self.role)?.clone(),
                voice: *voice,
                note,
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
        })
    }

    pub(super) fn command_line(&self) -> Option<String> {
        let note = field::text(&self.note);
        let line = match &self.action {
            GatesAction::Vote(voice) => {
                let role = self.roles.get(self.role)?;
                let (service, environment) = (&self.service, &self.environment);
                let line = format!(
                    "gonogo vote {} {service} --to {environment} --as {role}",
                    voice.word()
                );
                return Some(if note.is_empty() {
                    line
                } else {
                    format!("{line} --note {}", link::quoted(&note))
                });
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
                    hold::cover_flags(cover)
                )
            }
            GatesAction::Open(id) => format!("gonogo gate open {id}"),
            GatesAction::Close(id) => format!("gonogo gate close {id}"),
        };
        Some(link::with_reason(&line, &note))
    }

    /// A gate that somebody opened or closed meanwhile is not on offer any more. The action stays
    /// what it was, impossible: a key on its way must never confirm something else.
    pub(super) fn check(&mut self, engine: &Engine) {
        let Some(ledger) = &engine.ledger else { return };
        let still = |action: &GatesAction| match action {
            GatesAction::Vote(_) | GatesAction::Add => true,
            GatesAction::Open(id) => is_open(ledger, id) == Some(false),
            GatesAction::Close(id) => is_open(ledger, id) == Some(true),
        };
        let offered = self.actions.contains(&self.action);
        self.actions.retain(&still);
        if offered && !still(&self.action) {
            self.error = Some(CHANGED.to_owned());
            self.focus = GatesFocus::Cancel;
        }
    }
}

/// Says whether a manual gate is open; `None` if there is no such gate.
fn is_open(ledger: &crate::domain::ledger::Ledger, id: &ManualGateId) -> Option<bool> {
    ledger
        .manual_gates
        .get(id)
        .map(|gate| gate.opened.is_some())
}

#[cfg(test)]
mod tests {
    use super::super::harness::{changes, now, on, press, state, top};
    use super::*;
    use crate::domain::entry::Event;
    use crate::domain::hold::Opened;

    fn dialog(state: &State) -> &GatesDialog {
        match state.interface.overlays.last() {
            Some(Overlay::Gates(dialog)) => dialog,
            other => panic!("no gates dialog: {other:?}"),
        }
    }

    fn event(effects: &[Effect]) -> Event {
        let events: Vec<Event> = effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Append { draft, .. } => Some(draft.event.clone()),
                _ => None,
            })
            .collect();
        match <[Event; 1]>::try_from(events) {
            Ok([event]) => event,
            Err(events) => panic!("{events:?}"),
        }
    }

    fn gate(state: &mut State, id: &str, openers: Openers, open: bool) {
        let gate = ManualGate {
            id: id.into(),
            cover: Cover::default(),
            name: "pen test".to_owned(),
            reason: "audit".to_owned(),
            owner: "carol".into(),
            since: now(),
            openers,
            opened: open.then(|| Opened {
                by: "carol".into(),
                at: now(),
                note: "ok".to_owned(),
            }),
        };
        let ledger = state.engine.ledger.as_mut().expect("a ledger");
        ledger.manual_gates.insert(gate.id.clone(), gate);
    }

    #[test]
    fn a_vote_is_cast_with_a_role_that_the_operator_has_and_the_gate_asks_for() {
        let mut state = state();
        press(&mut state, "V");
        assert_eq!(dialog(&state).roles, ["qa".into()]);
        let Event::VoteCast { vote } = event(&press(&mut state, "tab enter")) else {
            panic!("no vote");
        };
        assert_eq!((vote.role.as_str(), vote.voice), ("qa", Voice::Go));
        assert_eq!(vote.saw, "1111111 > 2222222");
    }

    #[test]
    fn a_no_go_needs_its_reason() {
        let mut state = state();
        // Cancel, note, role, action; right is no-go.
        let effects = press(&mut state, "V k shift-tab k l tab tab tab tab enter");
        assert!(!effects.iter().any(changes));
        assert_eq!(
            dialog(&state).error.as_deref(),
            Some("a no-go's reason is required")
        );
        let effects = press(&mut state, "k k 'heap tab tab enter");
        let Event::VoteCast { vote } = event(&effects) else {
            panic!("no vote");
        };
        assert_eq!((vote.voice, vote.note.as_str()), (Voice::NoGo, "heap"));
    }

    #[test]
    fn who_has_no_role_is_told_so() {
        let mut state = state();
        on(&mut state, "api", "staging");
        press(&mut state, "V");
        let told = dialog(&state).blocked().expect("a reason");
        assert_eq!(told, "no vote is asked for api > staging");
        press(&mut state, "esc");
        state.engine.operator = Some("mallory".into());
        on(&mut state, "api", "production");
        let effects = press(&mut state, "V tab enter");
        assert!(!effects.iter().any(changes));
        let told = dialog(&state).error.clone().expect("an error");
        assert_eq!(told, "mallory has none of the roles asked for: qa, sre");
    }

    #[test]
    fn a_manual_gate_is_added_with_scope_name_reason_and_who_may_open_it() {
        let mut state = state();
        press(&mut state, "V k shift-tab k l l");
        assert_eq!(dialog(&state).action, GatesAction::Add);
        let effects = press(
            &mut state,
            "tab l tab l tab 'pen_test tab 'audit tab tab enter",
        );
        let Event::GateAdded { gate } = event(&effects) else {
            panic!("no gate");
        };
        assert_eq!(gate.cover.to_string(), "api");
        assert_eq!(gate.openers, Openers::Role("qa".into()));
        assert_eq!(
            (gate.name.as_str(), gate.reason.as_str()),
            ("pen test", "audit")
        );
        assert_eq!(top(&state), "none");
    }

    #[test]
    fn only_gates_that_the_operator_may_open_are_on_offer() {
        let mut state = state();
        gate(&mut state, "g-any", Openers::Anyone, false);
        gate(&mut state, "g-sre", Openers::Role("sre".into()), false);
        gate(&mut state, "g-open", Openers::Role("qa".into()), true);
        press(&mut state, "V");
        let offered = &dialog(&state).actions[3..];
        assert_eq!(
            offered,
            [
                GatesAction::Open("g-any".into()),
                GatesAction::Close("g-open".into())
            ]
        );
        press(&mut state, "k shift-tab k l l l tab 'signed tab tab");
        assert!(matches!(
            event(&press(&mut state, "enter")),
            Event::GateOpened { id, .. } if id.as_str() == "g-any"
        ));
    }

    #[test]
    fn a_gate_that_somebody_else_opened_meanwhile_is_not_opened_again() {
        let mut state = state();
        gate(&mut state, "g-any", Openers::Anyone, false);
        press(&mut state, "V k shift-tab k l l l tab 'signed tab tab");
        gate(&mut state, "g-any", Openers::Anyone, true);
        let effects = press(&mut state, "h l enter");
        assert!(!effects.iter().any(changes));
        assert_eq!(top(&state), "gates");
        assert_eq!(dialog(&state).blocked().as_deref(), Some(CHANGED));
    }
}
