//! One forge: how it is, who we are there, what may be done and asked, and what went wrong lately. Of
//! the token only its scopes are known here.

use super::coming::meter;
use super::line::{Line, Tone, pad, wrap};
use super::look::Look;
use super::panel::{Bar, Content, Panel};
use super::time;
use crate::app::engine::ForgeState;
use crate::domain::capability::Capability;
use crate::domain::ids::ForgeName;
use crate::domain::text::counted;

/// How many services are named in which the token may do less.
const SHOWN: usize = 8;

/// Columns of what a line is about.
const LABEL: usize = 14;

pub(super) fn main(look: &Look<'_>, name: &ForgeName) -> Vec<Panel> {
    let height = look.shape.body;
    let columns = usize::from(look.shape.main()).saturating_sub(2);
    let forge = look.engine.forges.get(name);
    let lines = match forge {
        Some(forge) => lines(look, name, forge, columns),
        None => vec![
            Line::new(),
            Line::of(
                Tone::Warning,
                format!("  {name} is no longer asked; esc goes back"),
            ),
        ],
    };
    let rows = usize::from(height).saturating_sub(1);
    let offset = look.interface.detail_offset;
    let offset = offset.min(lines.len().saturating_sub(rows));
    let hidden = lines.len().saturating_sub(offset + rows);
    let mut title = Bar::default().left(0, Line::of(Tone::Heading, "FORGE"));
    for other in look.engine.forges.keys() {
        let line = if other == name {
            Line::of(Tone::Focus, format!("[{other}]"))
        } else {
            Line::of(Tone::Muted, format!(" {other} "))
        };
        title = title.left(u8::from(other != name), line);
    }
    if hidden > 0 {
        title = title.right(1, Line::of(Tone::Muted, format!("{hidden} below")));
    }
    vec![Panel {
        title: Some(title),
        content: Content::Lines(lines.into_iter().skip(offset).take(rows).collect()),
        height,
    }]
}

fn lines(look: &Look<'_>, name: &ForgeName, forge: &ForgeState, columns: usize) -> Vec<Line> {
    let mut lines = vec![labelled("state", state(look, forge))];
    if let Some(fault) = &forge.fault {
        for part in wrap(
            &format!("{}: {}", fault.doing, fault.why),
            columns.saturating_sub(LABEL + 2),
        ) {
            lines.push(labelled("", Line::of(Tone::Bad, part)));
        }
        if let Some(hint) = &fault.hint {
            lines.push(labelled("to do", Line::plain(hint.clone())));
        }
    }
    if let Some(why) = forge.incomplete() {
        for (place, part) in wrap(&why, columns.saturating_sub(LABEL + 2))
            .into_iter()
            .enumerate()
        {
            let label = if place == 0 { "incomplete" } else { "" };
            lines.push(labelled(label, Line::of(Tone::Warning, part)));
        }
    }
    if let Some(until) = look
        .engine
        .paused_until(name)
        .filter(|until| *until > look.now)
    {
        let left = time::span(look.clock.until(until));
        let text = format!("asked again in {left}, at {}", look.clock.long(until));
        lines.push(labelled("backing off", Line::of(Tone::Warning, text)));
    }
    let row = look
        .engine
        .board
        .rows
        .iter()
        .find(|row| row.service.forge == *name);
    if let Some(row) = row {
        let services = look.engine.board.rows.iter();
        let services = services.filter(|row| row.service.forge == *name).count();
        let text = format!(
            "{}, {}",
            row.service.kind.word(),
            counted(services, "service", "services")
        );
        lines.push(labelled("kind", Line::plain(text)));
    }
    lines.extend(token(look, forge, columns));
    lines.extend(budget(look, forge));
    lines.push(Line::new());
    lines.extend(capabilities(look, forge, columns));
    lines.extend(denied(look, name, columns));
    lines.push(Line::new());
    lines.extend(faults(look, forge, columns));
    lines
}

fn labelled(label: &str, line: Line) -> Line {
    Line::of(Tone::Heading, pad(&format!("  {label}"), LABEL)).then(line)
}

fn state(look: &Look<'_>, forge: &ForgeState) -> Line {
    let age = forge
        .answered_at
        .map_or_else(|| "never".to_owned(), |at| time::age(look.clock.ago(at)));
    match &forge.fault {
        Some(fault) => {
            let bad = look.glyphs.bad();
            Line::of(Tone::Bad, format!("{bad} {}", fault.kind.word()))
                .with(Tone::Plain, format!("  last answer {age}"))
        }
        None if forge.answered_at.is_none() => unanswered(look, forge),
        None if look.is_old(forge) => {
            Line::of(Tone::Unknown, format!("? STALE  last answer {age}"))
        }
        None => Line::of(Tone::Good, format!("{} OK", look.glyphs.good()))
            .with(Tone::Plain, format!("  answered {age} ago")),
    }
}

/// What is said of a forge that has never answered: what it was asked, and what came of that.
pub(super) fn unanswered(look: &Look<'_>, forge: &ForgeState) -> Line {
    if let Some(fault) = forge.faults.back() {
        let bad = look.glyphs.bad();
        return Line::of(Tone::Bad, format!("{bad} {}", fault.kind.word()))
            .with(Tone::Plain, "  no answer yet");
    }
    match forge.budget.sent {
        0 => Line::of(Tone::Muted, "not asked yet"),
        _ => Line::of(Tone::Unknown, "? asked, no answer yet"),
    }
}

fn token(look: &Look<'_>, forge: &ForgeState, columns: usize) -> Vec<Line> {
    let Some(identity) = &forge.identity else {
        let text = "? nobody knows yet whose token it is";
        return vec![labelled("token", Line::of(Tone::Unknown, text))];
    };
    let mode = if look.engine.read_only {
        "  read-only"
    } else {
        ""
    };
    let whose = Line::of(Tone::Strong, identity.login.to_string()).with(Tone::Muted, mode);
    let scopes = if identity.scopes.is_empty() {
        "it names none (fine-grained): what may be done is seen when it is tried".to_owned()
    } else {
        identity.scopes.join(", ")
    };
    let mut lines = vec![labelled("token of", whose)];
    for (place, part) in wrap(&scopes, columns.saturating_sub(LABEL))
        .into_iter()
        .enumerate()
    {
        let label = if place == 0 { "scopes" } else { "" };
        lines.push(labelled(label, Line::plain(part)));
    }
    let version = identity.version.clone();
    let version = version.unwrap_or_else(|| "the hosted service".to_owned());
    lines.push(labelled("version", Line::plain(version)));
    lines
}

fn budget(look: &Look<'_>, forge: &ForgeState) -> Vec<Line> {
    let mut lines = Vec::new();
    match (forge.budget.remaining, forge.budget.limit) {
        (Some(left), Some(limit)) => {
            let percent = usize::try_from(left.saturating_mul(100) / limit.max(1)).unwrap_or(100);
            let tone = match percent {
                0..=9 => Tone::Bad,
                10..=39 => Tone::Warning,
                _ => Tone::Good,
            };
            let mut line = Line::of(tone, meter(percent, 20))
                .with(Tone::Plain, format!("  {left} of {limit} left"));
            if let Some(at) = forge.budget.resets_at {
                let until = time::span(look.clock.until(at));
                line.push(
                    Tone::Muted,
                    format!("  resets {} in {until}", look.clock.short(at)),
                );
            }
            lines.push(labelled("budget", line));
        }
        (Some(left), None) => {
            lines.push(labelled("budget", Line::plain(format!("{left} left"))));
        }
        (None, _) => {
            let text = match forge.answered_at {
                Some(_) => "no limit, or none that the forge tells",
                None => "? not known: the forge has not answered yet",
            };
            lines.push(labelled("budget", Line::of(Tone::Muted, text)));
        }
    }
    let sent = forge.budget.sent;
    let rate = forge.rate(look.now);
    let line = Line::plain(format!("{rate} in the last minute"));
    lines.push(labelled(
        "requests",
        line.with(Tone::Muted, format!("  {sent} since the start")),
    ));
    lines
}

fn capabilities(look: &Look<'_>, forge: &ForgeState, columns: usize) -> Vec<Line> {
    let Some(identity) = &forge.identity else {
        return vec![labelled(
            "it can",
            Line::of(Tone::Unknown, "? not known yet"),
        )];
    };
    let wide = (columns.saturating_sub(LABEL) / 28).max(1);
    let mut lines = Vec::new();
    for chunk in Capability::ALL.chunks(wide) {
        let mut line = Line::new();
        for capability in chunk {
            let has = identity.capabilities.contains(capability);
            let (glyph, tone) = if has {
                (look.glyphs.good(), Tone::Good)
            } else {
                ("-", Tone::Muted)
            };
            let word = format!("{glyph} {}", capability.word());
            let cell = if has { Tone::Plain } else { tone };
            line.push(cell, pad(&word, 28));
        }
        let label = if lines.is_empty() { "it can" } else { "" };
        lines.push(labelled(label, line));
    }
    lines
}

/// The repositories in which the token may do less than the forge can.
fn denied(look: &Look<'_>, name: &ForgeName, columns: usize) -> Vec<Line> {
    let rows = look.engine.board.rows.iter();
    let rows = rows.filter(|row| row.service.forge == *name);
    let mut less: Vec<String> = Vec::new();
    for row in rows {
        let missing = look.engine.missing(&row.service);
        let words = missing.iter().map(|missing| match &missing.environment {
            Some(environment) => format!("{} in {environment}", missing.capability.word()),
            None => missing.capability.word().to_owned(),
        });
        let words: Vec<String> = words.collect();
        if !words.is_empty() {
            less.push(format!("{}: {}", row.service.name, words.join(", ")));
        }
    }
    let more = less.len().saturating_sub(SHOWN);
    less.truncate(SHOWN);
    if more > 0 {
        less.push(format!(
            "and {}",
            counted(more, "more service", "more services")
        ));
    }
    let mut lines = Vec::new();
    for (place, text) in less.iter().enumerate() {
        for (part, words) in wrap(text, columns.saturating_sub(LABEL))
            .into_iter()
            .enumerate()
        {
            let label = if place + part == 0 { "but not" } else { "" };
            lines.push(labelled(label, Line::of(Tone::Warning, words)));
        }
    }
    lines
}

/// Newest first.
fn faults(look: &Look<'_>, forge: &ForgeState, columns: usize) -> Vec<Line> {
    let mut lines = vec![Line::of(
        Tone::Heading,
        format!("  FAULTS {}", forge.faults.len()),
    )];
    if forge.faults.is_empty() {
        lines.push(Line::of(Tone::Muted, "    none since the start"));
    }
    for fault in forge.faults.iter().rev() {
        let mut line = Line::of(Tone::Muted, format!("    {} ", look.clock.long(fault.at)))
            .with(
                Tone::Bad,
                format!("{} {}", look.glyphs.bad(), fault.kind.word()),
            )
            .with(Tone::Plain, format!("  {}", fault.doing));
        if let Some(request) = &fault.request {
            line.push(Tone::Muted, format!("  request {request}"));
        }
        lines.push(line.fitted(columns));
        lines.push(Line::of(Tone::Muted, format!("      {}", fault.why)).fitted(columns));
    }
    lines
}
