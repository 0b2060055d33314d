//! The promote dialog: what would go where, each gate, the exact calls, how to go back, and the
//! same action as a command line. What it shows is what is sent, or nothing is.

use super::{Button, Form, buttons, columns};
use crate::app::interface::{Aim, PromoteDialog, PromoteFocus, PromoteItem};
use crate::app::plan::Plan;
use crate::app::view::line::{Line, Tone, cut};
use crate::app::view::look::Look;
use crate::app::view::panel::Dialog;
use crate::app::view::{gates, header, scope};

pub(in crate::app::view) fn dialog(look: &Look<'_>, promote: &PromoteDialog) -> Dialog {
    let columns = columns(look);
    let mut form = Form::new(columns);
    target(look, promote, &mut form);
    form.blank();
    match promote.items.as_slice() {
        [item] => single(
            look,
            promote.aim,
            item,
            &promote.command_lines(),
            columns,
            &mut form,
        ),
        items => several(look, items, columns, &mut form),
    }
    form.blank();
    form.field(
        "reason",
        &promote.reason,
        promote.focus == PromoteFocus::Reason,
    );
    if let Some(typed) = &promote.typed {
        let label = format!("type {}", promote.environment);
        form.field(&label, typed, promote.focus == PromoteFocus::Typed);
    }
    let word = match promote.aim {
        Aim::Forward => "Promote",
        Aim::Approve => "Approve",
        Aim::Back => "Roll back",
    };
    let going = promote
        .items
        .iter()
        .filter(|item| item.plan.is_ok())
        .count();
    let name = if promote.items.len() > 1 && going > 0 {
        format!("{word} {going}")
    } else {
        word.to_owned()
    };
    let stops = promote.stops();
    let foot: Vec<Button> = stops
        .into_iter()
        .filter_map(|stop| {
            let button = match stop {
                PromoteFocus::Reason | PromoteFocus::Typed => return None,
                PromoteFocus::Cancel => Button::new("Cancel", promote.focus == stop),
                PromoteFocus::Promote => {
                    Button::new(name.clone(), promote.focus == stop).unless(blocked(promote, going))
                }
                PromoteFocus::Reject => Button::new("Reject", promote.focus == stop),
                // Beside "Reject" there is no room for more.
                PromoteFocus::CopyCommand if promote.aim == Aim::Approve => {
                    Button::new("Copy", promote.focus == stop)
                }
                PromoteFocus::CopyCommand => Button::new("Copy command", promote.focus == stop),
            };
            Some(button)
        })
        .collect();
    let foot = buttons(&foot);
    form.done(look, title(promote, word), foot)
}

fn title(promote: &PromoteDialog, word: &str) -> Line {
    let to = promote.environment.as_str().to_uppercase();
    let what = match promote.items.as_slice() {
        [item] => item.service.to_string(),
        items => format!("{} marked", items.len()),
    };
    Line::of(
        Tone::Strong,
        format!("{} {what} > {to}", word.to_uppercase()),
    )
}

/// Why the button cannot be pressed.
fn blocked(promote: &PromoteDialog, going: usize) -> Option<String> {
    if going == 0 {
        return Some("nothing may go".into());
    }
    promote.blocked()
}

fn target(look: &Look<'_>, promote: &PromoteDialog, form: &mut Form) {
    let protected = if promote.typed.is_some() {
        " (protected)"
    } else {
        ""
    };
    let who = match &look.engine.operator {
        Some(person) => format!("   as {person}"),
        None => String::new(),
    };
    let name = promote.environment.as_str().to_uppercase();
    let line = Line::of(look.environment_tone(&promote.environment), name)
        .with(Tone::Warning, protected)
        .with(Tone::Plain, "   ")
        .then(header::window(look, false))
        .with(Tone::Plain, who);
    form.labelled("target", line);
}

fn single(
    look: &Look<'_>,
    aim: Aim,
    item: &PromoteItem,
    command: &str,
    columns: usize,
    form: &mut Form,
) {
    let cell = look.engine.board.row(&item.service).and_then(|row| {
        let environment = match &item.plan {
            Ok(plan) => plan.environment(),
            Err(_) => look.environment()?,
        };
        Some((row, row.cell(environment)?))
    });
    match &item.plan {
        Ok(plan) => {
            let line = Line::of(Tone::Strong, plan.movement());
            form.labelled("FROM > TO", line);
        }
        Err(refusal) => {
            form.told("REFUSED", Tone::Bad, &refusal.why);
            if let Some(hint) = &refusal.hint {
                form.told("to do", Tone::Accent, hint);
            }
        }
    }
    let back = cell.filter(|_| aim == Aim::Back).and_then(|(row, cell)| {
        let (service, environment) = (&row.service.name, &cell.environment);
        look.engine
            .way_back(service, environment, None, look.now)
            .ok()
    });
    let cell = cell.map(|(row, cell)| (row, back.as_ref().unwrap_or(cell)));
    if let Some((row, cell)) = cell {
        form.labelled("SCOPE", scope::summary(row, cell));
        form.labelled("GATES", gates::sum(look, row, cell));
        let rows = usize::from(look.shape.rows).saturating_sub(22).clamp(4, 12);
        for line in gates::short(look, row, cell, columns.saturating_sub(2), rows) {
            form.line(Line::plain("  ").then(line));
        }
    }
    if let Ok(plan) = &item.plan {
        consequences(plan, command, form);
    }
}

/// What would be sent and how to go back.
pub(super) fn consequences(plan: &Plan, command: &str, form: &mut Form) {
    for warning in &plan.warnings {
        form.told("WARNING", Tone::Warning, &format!("! {warning}"));
    }
    form.told(
        "WILL DO",
        Tone::Plain,
        &format!("{}: {}", plan.forge, plan.call),
    );
    form.told("IF BAD", Tone::Plain, &plan.if_bad);
    form.told("COMMAND", Tone::Muted, command);
}

fn several(look: &Look<'_>, items: &[PromoteItem], columns: usize, form: &mut Form) {
    let name = items
        .iter()
        .map(|item| crate::app::view::line::width(item.service.as_str()))
        .max()
        .unwrap_or_default()
        .clamp(7, 18);
    form.line(Line::of(
        Tone::Heading,
        format!(
            "  {:<name$}  {:<19} {:<6} PREFLIGHT",
            "SERVICE", "FROM > TO", "GATES"
        ),
    ));
    for item in items {
        let short = cut(item.service.as_str(), name).into_owned();
        let line = Line::of(Tone::Strong, format!("  {short}")).padded(name + 4);
        let line = match &item.plan {
            Ok(plan) => {
                let cell = look.engine.board.cell(&item.service, plan.environment());
                let count = cell.map_or_else(String::new, |cell| {
                    let (passing, all) = cell.judgement.count(look.now);
                    format!("{passing}/{all}")
                });
                let line = line
                    .with(Tone::Plain, cut(&plan.movement(), 19).into_owned())
                    .padded(name + 24)
                    .with(Tone::Plain, format!("{count:<6} "));
                match plan.warnings.len() {
                    0 => line.with(Tone::Good, format!("{} pass", look.glyphs.good())),
                    1 => line.with(Tone::Warning, "! pass, 1 warning"),
                    more => line.with(Tone::Warning, format!("! pass, {more} warnings")),
                }
            }
            Err(refusal) => {
                let line = line.with(Tone::Bad, format!("{} skip: ", look.glyphs.bad()));
                let room = columns.saturating_sub(line.width());
                line.with(Tone::Plain, cut(&refusal.why, room).into_owned())
            }
        };
        form.line(line);
    }
    let plans: Vec<&Plan> = items
        .iter()
        .filter_map(|item| item.plan.as_deref().ok())
        .collect();
    form.blank();
    let text = format!("APPLIES TO {} OF {}.", plans.len(), items.len());
    let rest = if plans.len() < items.len() {
        " Skipped rows stay marked."
    } else {
        ""
    };
    form.line(Line::of(Tone::Strong, text).with(Tone::Plain, rest));
    for plan in &plans {
        for warning in &plan.warnings {
            form.told(
                "WARNING",
                Tone::Warning,
                &format!("! {}: {warning}", plan.service()),
            );
        }
    }
    for (place, plan) in plans.iter().enumerate() {
        let label = if place == 0 { "WILL DO" } else { "" };
        form.told(
            label,
            Tone::Plain,
            &format!("{}: {}", plan.forge, plan.call),
        );
    }
    for (place, plan) in plans.iter().enumerate() {
        let label = if place == 0 { "IF BAD" } else { "" };
        form.told(
            label,
            Tone::Plain,
            &format!("{}: {}", plan.service(), plan.if_bad),
        );
    }
}
