//! The gates dialog: vote as a role; attest a task; add, open or close a manual gate.

use jiff::Timestamp;

use super::{Button, Form, buttons, columns};
use crate::app::interface::{GatesAction, GatesDialog, GatesFocus};
use crate::app::view::line::{Line, Tone};
use crate::app::view::look::Look;
use crate::app::view::panel::Dialog;
use crate::app::view::{gates, peek};
use crate::domain::gate::checklist::Standing;
use crate::domain::ids::ManualGateId;
use crate::domain::signoff::{Closings, Voice};

/// What a vote and an attestation are worth.
const BINDS: &str = "binds to exactly this FROM > TO: a changed one makes it void";
const STAYS: &str = "the role has not voted then; that it did stays in the journal";

pub(in crate::app::view) fn dialog(look: &Look<'_>, dialog: &GatesDialog) -> Dialog {
    let columns = columns(look);
    let mut form = Form::new(columns);
    let on = |part| dialog.focus == part;
    let row = look.engine.board.row(&dialog.service);
    let cell = row.and_then(|row| Some((row, row.cell(&dialog.environment)?)));
    if let Some((row, cell)) = cell {
        form.line(peek::movement(look, row, cell));
        let rows = usize::from(look.shape.rows).saturating_sub(18).clamp(3, 12);
        for line in gates::short(look, row, cell, columns, rows) {
            form.line(line);
        }
        form.blank();
    }
    let options: Vec<String> = dialog
        .actions
        .iter()
        .map(|action| describe(look, action))
        .collect();
    let chosen = dialog
        .actions
        .iter()
        .position(|action| *action == dialog.action);
    form.choice(
        "action",
        &options,
        chosen.unwrap_or(0),
        on(GatesFocus::Action),
    );
    let button = match &dialog.action {
        GatesAction::Vote(voice) => {
            let roles: Vec<String> = dialog.roles.iter().map(ToString::to_string).collect();
            if let Some(why) = &dialog.no_vote {
                form.told("role", Tone::Warning, why);
            } else {
                form.choice("role", &roles, dialog.role, on(GatesFocus::Role));
            }
            form.field("note", &dialog.note, on(GatesFocus::Note));
            form.labelled("", Line::of(Tone::Muted, BINDS));
            let until = ends(look, dialog).filter(|_| *voice == Voice::Go);
            if let Some(at) = until {
                let text = format!("a go ends when the window closes: {}", look.clock.short(at));
                form.labelled("", Line::of(Tone::Muted, text));
            }
            format!("Vote {}", voice.word().to_uppercase())
        }
        GatesAction::Withdraw(voice) => {
            if let Some(vote) = look.engine.own_vote(&dialog.service, &dialog.environment) {
                let word = voice.word().to_uppercase();
                let text = format!("{word} as {} on {}", vote.role, vote.saw);
                form.told("vote", Tone::Plain, &text);
            }
            form.field("reason", &dialog.note, on(GatesFocus::Note));
            form.labelled("", Line::of(Tone::Muted, STAYS));
            "Withdraw".to_owned()
        }
        GatesAction::Add => {
            let covers: Vec<String> = dialog.covers.iter().map(ToString::to_string).collect();
            form.choice("scope", &covers, dialog.cover, on(GatesFocus::Cover));
            let openers: Vec<String> = dialog.openers.iter().map(ToString::to_string).collect();
            form.choice(
                "opened by",
                &openers,
                dialog.opener,
                on(GatesFocus::Openers),
            );
            form.field("name", &dialog.name, on(GatesFocus::Name));
            form.field("reason", &dialog.note, on(GatesFocus::Note));
            "Add gate".to_owned()
        }
        GatesAction::Open(id) => {
            asked(look, id, &mut form);
            form.field("note", &dialog.note, on(GatesFocus::Note));
            "Open gate".to_owned()
        }
        GatesAction::Close(id) => {
            asked(look, id, &mut form);
            form.field("reason", &dialog.note, on(GatesFocus::Note));
            "Close gate".to_owned()
        }
        GatesAction::Done(task) => {
            wanted(look, dialog, task, &mut form);
            form.field("note", &dialog.note, on(GatesFocus::Note));
            form.labelled("", Line::of(Tone::Muted, BINDS));
            "Attest".to_owned()
        }
        GatesAction::Undo(task) => {
            wanted(look, dialog, task, &mut form);
            form.field("reason", &dialog.note, on(GatesFocus::Note));
            "Take back".to_owned()
        }
    };
    form.error(look, dialog.error.as_ref());
    let foot = buttons(&[
        Button::new("Cancel", on(GatesFocus::Cancel)),
        Button::new(button, on(GatesFocus::Confirm)).unless(dialog.blocked()),
    ]);
    let title = format!("GATES {} > {}", dialog.service, dialog.environment);
    form.done(look, Line::of(Tone::Strong, title), foot)
}

fn describe(look: &Look<'_>, action: &GatesAction) -> String {
    let name = |id: &ManualGateId| {
        look.engine
            .ledger
            .as_ref()
            .and_then(|ledger| ledger.manual_gates.get(id))
            .map_or_else(|| id.to_string(), |gate| gate.name.clone())
    };
    match action {
        GatesAction::Vote(Voice::Go) => "vote GO".into(),
        GatesAction::Vote(Voice::NoGo) => "vote NO-GO".into(),
        GatesAction::Withdraw(voice) => {
            format!("withdraw your {}", voice.word().to_uppercase())
        }
        GatesAction::Add => "add a manual gate".into(),
        GatesAction::Open(id) => format!("open \"{}\"", name(id)),
        GatesAction::Close(id) => format!("close \"{}\"", name(id)),
        GatesAction::Done(task) => format!("task {task} done"),
        GatesAction::Undo(task) => format!("take back {task}"),
    }
}

/// When a go that is said now ends with the window, where policy says that it does.
fn ends(look: &Look<'_>, dialog: &GatesDialog) -> Option<Timestamp> {
    let (service, environment) = (&dialog.service, &dialog.environment);
    let policy = &look.engine.policy;
    let at_close = policy.service(service)?.stage(environment)?.at_close();
    let windows = &policy.windows;
    Closings::new(windows, service, environment, at_close, look.now).end_of_a_go()
}

/// What a task asks for.
fn wanted(look: &Look<'_>, dialog: &GatesDialog, name: &str, form: &mut Form) {
    let tasks = look.engine.tasks(&dialog.service, &dialog.environment);
    if let Some((task, standing)) = tasks.iter().find(|(task, _)| task.name == name) {
        form.told("task", Tone::Plain, &task.text);
        if let Standing::Void(done, why) = standing {
            let text = format!("{}'s attestation is void: {why}", done.person);
            form.told("", Tone::Warning, &text);
        }
    }
}

/// What a manual gate asks for, and who may open it.
fn asked(look: &Look<'_>, id: &ManualGateId, form: &mut Form) {
    let gate = look
        .engine
        .ledger
        .as_ref()
        .and_then(|ledger| ledger.manual_gates.get(id));
    if let Some(gate) = gate {
        let text = format!(
            "\"{}\" by {}; may open: {}",
            gate.reason, gate.owner, gate.openers
        );
        form.told("asks", Tone::Plain, &text);
    }
}
