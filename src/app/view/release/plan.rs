//! The plan of a release: what would move in which wave, when, for how long, what is in the way of
//! each, and whether all of it fits. It is the prognosis of `domain/release/prognosis.rs` in words.

use super::super::line::{Line, Tone, cut, pad, wrap};
use super::super::look::Look;
use super::super::time;
use super::waves::{fits, happened, movement, past, when};
use super::{Shown, clearing, deadline};
use crate::domain::gate::Earliest;
use crate::domain::ids::ServiceName;
use crate::domain::release::agenda::Move;
use crate::domain::release::past;
use crate::domain::release::prognosis::{Estimate, Fit, Planned};
use crate::domain::release::run::Run;

/// Where what is told of a service begins.
const INSIDE: usize = 17;

/// The lines in sight: the selected service is always among them.
pub(super) fn lines(look: &Look<'_>, shown: &Shown<'_>, columns: usize, rows: usize) -> Vec<Line> {
    let mut lines = summary(look, shown, columns);
    let mut seen = 0..0;
    let mut place = 0;
    for (number, wave) in shown.release.waves.iter().enumerate() {
        let planned = shown
            .prognosis
            .waves
            .iter()
            .find(|wave| wave.number == number);
        let run = shown.run.filter(|_| planned.is_none());
        let told = match (planned, run) {
            (Some(wave), _) => when(look, wave),
            (None, Some(run)) => happened(look, past(look, run, Some(number)), ""),
            (None, None) => String::new(),
        };
        let told = if told.is_empty() {
            "nothing moves".to_owned()
        } else {
            told
        };
        let heading = Line::of(Tone::Heading, format!(" wave {}  ", number + 1));
        lines.push(heading.with(Tone::Muted, told));
        for service in wave {
            let from = lines.len();
            let on = look.interface.release_row == place;
            place += 1;
            let mark = if on { ">" } else { " " };
            let line = Line::of(Tone::Strong, format!("{mark}  ")).with(
                Tone::Strong,
                pad(&cut(service.as_str(), INSIDE - 4), INSIDE - 3),
            );
            let planned = planned.and_then(|wave| {
                let mut services = wave.services.iter();
                services.find(|planned| planned.moved.service == *service)
            });
            match planned {
                Some(planned) => {
                    lines.push(line.then(told_of(look, planned)).fitted(columns));
                    lines.extend(gates(look, planned, columns));
                }
                None if run.is_some_and(|run| ran(run, service).is_some()) => {
                    let moved = run.and_then(|run| Some((run, ran(run, service)?)));
                    lines.push(line.then(came(look, moved)).fitted(columns));
                }
                None => {
                    let mut skipped = shown.prognosis.skipped.iter();
                    let why = skipped.find(|(name, _)| name == service);
                    let why = why.map_or("it does not move", |(_, why)| why.as_str());
                    let line = line.with(Tone::Muted, format!("stays: {why}"));
                    lines.push(line.fitted(columns));
                }
            }
            if on {
                seen = from..lines.len();
            }
        }
    }
    let offset = (seen.end + 1)
        .saturating_sub(rows)
        .min(seen.start)
        .min(lines.len().saturating_sub(rows));
    lines.into_iter().skip(offset).take(rows).collect()
}

/// The move of a run that is of a service.
fn ran<'r>(run: &'r Run, service: &ServiceName) -> Option<&'r Move> {
    run.moves.iter().find(|moved| moved.service == *service)
}

/// What came of one move: `v4.3.9 > v4.4.0  started 20:03Z, ended 20:04Z`.
fn came(look: &Look<'_>, moved: Option<(&Run, &Move)>) -> Line {
    let Some((run, moved)) = moved else {
        return Line::new();
    };
    let ledger = look.engine.ledger.as_ref();
    let past = ledger.map(|ledger| past::of(run, [moved], ledger));
    let times = past.map_or_else(String::new, |past| happened(look, past, ""));
    Line::plain(pad(&cut(&movement(moved), 20), 21)).with(Tone::Muted, times)
}

/// Whether it fits, and what that rests on.
fn summary(look: &Look<'_>, shown: &Shown<'_>, columns: usize) -> Vec<Line> {
    if shown.prognosis.waves.is_empty() {
        let told = shown.run.map_or_else(String::new, |run| {
            happened(look, past(look, run, None), ": ")
        });
        return vec![Line::of(
            Tone::Muted,
            format!(" nothing is left to move{told}"),
        )];
    }
    let mut first = Line::plain(" ").then(fits(look, shown));
    if let Some((word, at)) = deadline(look, shown) {
        first.push(Tone::Plain, format!("; {word} {}", look.clock.short(at)));
    }
    let mut lines = vec![first.fitted(columns)];
    if let Fit::No(why) | Fit::Unknown(why) = &shown.prognosis.fits {
        lines.push(Line::of(Tone::Warning, format!(" {why}")).fitted(columns));
    }
    if let Some((wave, at)) = shown.decision.lapses(&shown.prognosis) {
        let text = format!(
            " Goes end with its window at {}: each role votes again before wave {}.",
            look.clock.short(at),
            wave + 1
        );
        lines.push(Line::of(Tone::Warning, text).fitted(columns));
    }
    let rests = " Nine of ten took no longer than is told here; people are taken to act at once.";
    lines.push(Line::of(Tone::Muted, rests).fitted(columns));
    if shown.run.is_none() {
        lines.extend(clearing::missing_votes(look, shown, columns));
    }
    lines
}

/// `v4.3.9 > v4.4.0  1m10 (12 in staging)  may go now`.
fn told_of(look: &Look<'_>, planned: &Planned) -> Line {
    let (tone, earliest) = match &planned.earliest {
        Earliest::Now | Earliest::Nothing => (Tone::Good, "may go now".to_owned()),
        Earliest::At { at, gate } => {
            let at = look.clock.short(*at);
            (Tone::Running, format!("from {at} ({gate})"))
        }
        Earliest::NeedsPerson { who, .. } => {
            let at = planned.not_before.map_or_else(String::new, |at| {
                format!(", not before {}", look.clock.short(at))
            });
            (Tone::Warning, format!("needs {who}{at}"))
        }
        Earliest::NoKnownTime { gate } => (Tone::Warning, format!("{gate}: no known time")),
    };
    Line::plain(pad(&cut(&movement(&planned.moved), 20), 21))
        .with(Tone::Muted, pad(&takes(&planned.estimate), 22))
        .with(tone, earliest)
}

fn takes(estimate: &Estimate) -> String {
    let Some(p90) = estimate.p90 else {
        return estimate.why().to_owned();
    };
    let like = estimate.like.as_ref();
    let like = like.map_or_else(|| " seen".to_owned(), |like| format!(" in {like}"));
    format!("{} ({}{like})", time::span(p90), estimate.samples)
}

/// The gates in its way, each with why.
fn gates(look: &Look<'_>, planned: &Planned, columns: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let lapses = planned
        .lapses
        .iter()
        .map(|lapsed| (lapsed, "when it starts, "));
    let blocked = planned.blocked.iter().map(|blocked| (blocked, ""));
    for (blocked, when) in blocked.chain(lapses) {
        let text = format!("{when}{}: {}", blocked.gate, blocked.why);
        let room = columns.saturating_sub(INSIDE + 11);
        for (nth, part) in wrap(&text, room).into_iter().enumerate() {
            let mark = if nth == 0 {
                look.glyphs.gate(blocked.state).padded(11)
            } else {
                Line::plain(pad("", 11))
            };
            let line = Line::plain(pad("", INSIDE)).then(mark);
            lines.push(line.with(Tone::Plain, part));
        }
    }
    lines
}
