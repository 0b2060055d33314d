//! The gates dialog: vote with a role; attest a task; add, open or close a manual gate.

use tui_input::Input;

use super::{Cursor, Overlay, cover, hold, link};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::engine::Engine;
use crate::app::state::State;
use crate::domain::gate::checklist::Standing;
use crate::domain::hold::{ManualGate, Openers};
use crate::domain::ids::{EnvironmentName, Person, RoleName, ServiceName};
use crate::domain::policy::{Policy, Stage};
use crate::domain::signoff::Voice;

mod dialog;

pub use dialog::{GatesAction, GatesDialog, GatesFocus};

/// Opens the dialog on the selected cell.
pub(super) fn open(state: &mut State) {
    if let Some(cursor) = state.interface.cursor.clone() {
        open_on(state, cursor);
    }
}

/// Opens the dialog on a cell, to withdraw the operator's vote there.
pub(super) fn withdraw(state: &mut State, cursor: Cursor) {
    open_on(state, cursor);
    if let Some(Overlay::Gates(dialog)) = state.interface.overlays.last_mut() {
        let mut actions = dialog.actions.iter();
        let withdrawal = actions.find(|action| matches!(action, GatesAction::Withdraw(_)));
        if let Some(action) = withdrawal.cloned() {
            dialog.action = action;
        }
    }
}

fn open_on(state: &mut State, cursor: Cursor) {
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
    let service = engine.policy.service(&cursor.service);
    let stage = service.and_then(|service| service.stage(&cursor.environment));
    let asked = stage.is_some_and(|stage| stage.roles_asked().next().is_some());
    let mut actions = vec![GatesAction::Vote(Voice::Go), GatesAction::Vote(Voice::NoGo)];
    let own = engine.own_vote(&cursor.service, &cursor.environment);
    actions.extend(own.map(|vote| GatesAction::Withdraw(vote.voice)));
    actions.push(GatesAction::Add);
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
    if let Ok(operator) = &operator {
        actions.extend(tasks(
            engine,
            operator,
            &cursor.service,
            &cursor.environment,
        ));
    }
    let openers = std::iter::once(Openers::Anyone)
        .chain(engine.policy.roles.keys().cloned().map(Openers::Role))
        .collect();
    let dialog = GatesDialog {
        action: first(&actions, asked),
        actions,
        role: 0,
        roles,
        no_vote,
        covers: cover::on_offer(&cursor.service, &cursor.environment),
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

/// What is most likely meant: to vote, where that is `asked` for; else what waits for the operator, a manual
/// gate or a task; else to put a gate up.
fn first(actions: &[GatesAction], asked: bool) -> GatesAction {
    let waits = |action: &&GatesAction| match action {
        GatesAction::Vote(_) => asked,
        GatesAction::Open(_) | GatesAction::Done(_) => true,
        _ => false,
    };
    let waiting = actions.iter().find(waits);
    waiting.cloned().unwrap_or(GatesAction::Add)
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
    let asked: Vec<&RoleName> = stage.into_iter().flat_map(Stage::roles_asked).collect();
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

/// The tasks of the cell's checklist that the operator may attest, or has attested and may take back.
fn tasks(
    engine: &Engine,
    operator: &Person,
    service: &ServiceName,
    environment: &EnvironmentName,
) -> Vec<GatesAction> {
    let tasks = engine.tasks(service, environment).into_iter();
    tasks
        .filter_map(|(task, standing)| {
            let may = |role: &RoleName| engine.policy.has_role(operator, role);
            match standing {
                Standing::Done(done) if done.person == *operator => {
                    Some(GatesAction::Undo(task.name.clone()))
                }
                Standing::Done(_) => None,
                Standing::Open | Standing::Void(..) => task
                    .role
                    .as_ref()
                    .is_none_or(may)
                    .then(|| GatesAction::Done(task.name.clone())),
            }
        })
        .collect()
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

#[cfg(test)]
mod tests;
