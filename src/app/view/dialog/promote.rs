//! The promote dialog: what would go where, each gate, the exact calls, how to go back, and the
//! same action as a command line. What it shows is what is sent, or nothing is.

use std::collections::BTreeMap;

use super::{Button, Form, buttons, columns, wide};
use crate::app::interface::{Aim, PromoteDialog, PromoteFocus, PromoteItem};
use crate::app::plan::Plan;
use crate::app::view::line::{self, Line, Tone, cut};
use crate::app::view::look::Look;
use crate::app::view::panel::Dialog;
use crate::app::view::{gates, header, scope, time};
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::domain::risk::Level;

/// What a plan is made of, or it is none; nothing of it is believed when it comes to sending.
const CHECKED: &str =
    "the token may, nobody else acts here; facts and gates are read again before it goes";

pub(in crate::app::view) fn dialog(look: &Look<'_>, promote: &PromoteDialog) -> Dialog {
    let bulk = promote.items.len() > 1;
    let columns = if bulk {
        usize::from(wide(look)).saturating_sub(4)
    } else {
        columns(look)
    };
    let mut form = Form::new(columns);
    target(look, promote, &mut form);
    if look.shape.rows > 24 {
        form.blank();
    }
    match promote.items.as_slice() {
        [item] => single(
            look,
            promote.aim,
            item,
            &promote.command_lines(),
            columns,
            &mut form,
        ),
        _ => several(look, promote, columns, &mut form),
    }
    form.pin();
    form.blank();
    let arm = promote
        .typed
        .as_ref()
        .map(|typed| (format!("type {}", promote.environment), typed));
    // Both fields begin in one column.
    let label = arm.as_ref().map_or(0, |(label, _)| line::width(label));
    form.field(
        &format!("{:<label$}", "reason"),
        &promote.reason,
        promote.focus == PromoteFocus::Reason,
    );
    if let Some((label, typed)) = &arm {
        form.field(label, typed, promote.focus == PromoteFocus::Typed);
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
                // Beside "Diff" there is no room for more.
                PromoteFocus::CopyCommand if !bulk && columns < 90 => {
                    Button::new("Copy", promote.focus == stop)
                }
                PromoteFocus::CopyCommand => Button::new("Copy command", promote.focus == stop),
                PromoteFocus::Diff => Button::new("Diff", promote.focus == stop),
            };
            Some(button)
        })
        .collect();
    let foot = buttons(&foot);
    let mut dialog = form.done(look, title(promote, word), foot);
    if bulk {
        dialog.width = wide(look);
    }
    dialog
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
        Some(person) => format!("  as {person}"),
        None => String::new(),
    };
    let name = promote.environment.as_str().to_uppercase();
    let line = Line::of(look.environment_tone(&promote.environment), name)
        .with(Tone::Warning, protected)
        .with(Tone::Plain, "  ")
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
        form.labelled("SCOPE", scope::summary(look, row, cell));
        form.labelled("GATES", gates::sum(look, row, cell));
        let rows = usize::from(look.shape.rows).saturating_sub(22).clamp(4, 12);
        for line in gates::short(look, row, cell, columns.saturating_sub(2), rows) {
            form.line(Line::plain("  ").then(line));
        }
    }
    if let Ok(plan) = &item.plan {
        takes(look, plan.environment(), &[&item.service], form);
        consequences(plan, command, look.shape.rows, form);
    }
}

/// What would be sent and how to go back.
pub(super) fn consequences(plan: &Plan, command: &str, rows: u16, form: &mut Form) {
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
    if rows > 24 {
        form.told("CHECKED", Tone::Muted, CHECKED);
    }
}

/// How long it takes as a rule, against the window: of several the longest.
fn takes(look: &Look<'_>, environment: &EnvironmentName, of: &[&ServiceName], form: &mut Form) {
    let known: Option<Vec<_>> = of
        .iter()
        .map(|service| look.engine.takes(service, environment).p90)
        .collect();
    let longest = known.and_then(|known| known.into_iter().max());
    let Some((longest, done)) =
        longest.and_then(|span| Some((span, look.now.checked_add(span).ok()?)))
    else {
        let text = "how long it takes is not known: too little history";
        return form.told("TAKES", Tone::Muted, text);
    };
    let each = if of.len() > 1 { "longest " } else { "" };
    let mut text = format!(
        "{each}{} (9 of 10 times), done by {}",
        time::span(longest),
        look.clock.short(done)
    );
    let closes = header::window_verdict(look).and_then(|verdict| verdict.valid_until);
    let late = closes.is_some_and(|closes| closes < done);
    if let Some(closes) = closes {
        let word = if late {
            "TOO LATE: window closes"
        } else {
            "window closes"
        };
        text = format!("{text}; {word} {}", look.clock.short(closes));
    }
    let tone = if late { Tone::Warning } else { Tone::Plain };
    form.told("TAKES", tone, &text);
}

fn several(look: &Look<'_>, promote: &PromoteDialog, columns: usize, form: &mut Form) {
    let (items, to) = (promote.items.as_slice(), &promote.environment);
    let name = items
        .iter()
        .map(|item| crate::app::view::line::width(item.service.as_str()))
        .max()
        .unwrap_or_default()
        .clamp(7, 18);
    // On a narrow screen what is sent and whether it may go are worth more.
    let sizes = match columns {
        _ if columns >= name + 70 => Sizes::Risk,
        _ if columns >= name + 58 => Sizes::Commits,
        _ => Sizes::None,
    };
    let more = match sizes {
        Sizes::Risk => "COMMITS  RISK      ",
        Sizes::Commits => "COMMITS  ",
        Sizes::None => "",
    };
    form.line(Line::of(
        Tone::Heading,
        format!(
            "  {:<name$}  {:<19} {more}{:<6} PREFLIGHT",
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
                    .padded(name + 24);
                let line = line.then(size(look, &item.service, plan.environment(), sizes));
                let line = line.with(Tone::Plain, format!("{count:<6} "));
                match plan.warnings.len() {
                    0 => line.with(Tone::Good, format!("{} pass", look.glyphs.good())),
                    1 => line.with(Tone::Warning, "! pass, 1 warning"),
                    more => line.with(Tone::Warning, format!("! pass, {more} warnings")),
                }
            }
            Err(refusal) => {
                let line = line.with(Tone::Bad, format!("{} skip: ", look.glyphs.bad()));
                let room = columns.saturating_sub(line.width());
                // Which one it is stands before it, and where to in the title.
                let place = format!(" for {} > {to}", item.service);
                let why = refusal.why.replacen(&place, "", 1);
                line.with(Tone::Plain, cut(&why, room).into_owned())
            }
        };
        form.line(line);
    }
    let plans: Vec<&Plan> = items
        .iter()
        .filter_map(|item| item.plan.as_deref().ok())
        .collect();
    form.blank();
    applies(look, &plans, items.len(), form);
}

/// What there is room for of how much would move.
#[derive(Clone, Copy)]
enum Sizes {
    None,
    Commits,
    Risk,
}

/// How many commits a service would get, and how risky they are.
fn size(
    look: &Look<'_>,
    service: &ServiceName,
    environment: &EnvironmentName,
    sizes: Sizes,
) -> Line {
    let row = look.engine.board.row(service);
    let cell = row.and_then(|row| Some((row, row.cell(environment)?)));
    let commits = cell.and_then(|(row, cell)| Some(row.scope_of(cell)?.value()?.total));
    let commits = commits.map_or_else(|| "?".to_owned(), |total| total.to_string());
    let line = match sizes {
        Sizes::None => return Line::new(),
        Sizes::Commits | Sizes::Risk => Line::of(Tone::Plain, format!("{commits:>7}  ")),
    };
    if matches!(sizes, Sizes::Commits) {
        return line;
    }
    match cell.and_then(|(row, cell)| row.risk_of(cell)) {
        Some(risk) => {
            let level = risk.level();
            let tone = match level {
                Level::Low => Tone::Muted,
                Level::Medium => Tone::Warning,
                Level::High => Tone::Bad,
            };
            line.with(
                tone,
                format!("{:<10}", format!("{} {}", risk.score(), level.word())),
            )
        }
        None => line.with(Tone::Muted, format!("{:<10}", "?")),
    }
}

/// To how many it applies, and what that means for them together.
fn applies(look: &Look<'_>, plans: &[&Plan], all: usize, form: &mut Form) {
    let text = format!("APPLIES TO {} OF {}.", plans.len(), all);
    let rest = if plans.len() < all {
        " Skipped rows stay marked."
    } else {
        ""
    };
    form.line(Line::of(Tone::Strong, text).with(Tone::Plain, rest));
    if let Some(first) = plans.first() {
        let services: Vec<&ServiceName> = plans.iter().map(|plan| plan.service()).collect();
        takes(look, first.environment(), &services, form);
    }
    for plan in plans {
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
    // What is the same for many is told once.
    let mut ways: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for plan in plans {
        let back = match &plan.intent.from {
            Some(from) => format!("{} {from}", plan.service()),
            None => plan.service().to_string(),
        };
        ways.entry(way_back(plan)).or_default().push(back);
    }
    for (place, (way, services)) in ways.into_iter().enumerate() {
        let label = if place == 0 { "IF BAD" } else { "" };
        form.told(
            label,
            Tone::Plain,
            &format!("{way}: {}", services.join(", ")),
        );
    }
    if look.shape.rows > 24 && !plans.is_empty() {
        form.told("CHECKED", Tone::Muted, CHECKED);
    }
}

/// The way back from one of several, without what it goes back to.
fn way_back(plan: &Plan) -> &str {
    match plan.intent.from {
        Some(_) if plan.goes_back => "B rolls back, one at a time, to what is live now",
        Some(_) => &plan.if_bad,
        None => "nothing is live yet: there is nothing to go back to",
    }
}
