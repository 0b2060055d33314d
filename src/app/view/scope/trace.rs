//! Why what is live is there: how it came, who ordered, approved, reviewed and wrote it, for which
//! tickets, and past which gates.

use std::collections::BTreeSet;

use super::super::line::{Line, Tone, cut, width};
use super::super::look::Look;
use super::super::time;
use super::counts;
use crate::domain::board::Row;
use crate::domain::cell::Cell;
use crate::domain::ids::Person;
use crate::domain::trace::{How, Trace};

/// A heading and a few lines; nothing where nothing is live.
pub(in crate::app::view) fn lines(
    look: &Look<'_>,
    row: &Row,
    cell: &Cell,
    columns: usize,
) -> Vec<Line> {
    let (service, environment) = (&row.service.name, &cell.environment);
    let Some(trace) = look.engine.trace(service, environment, look.now) else {
        return Vec::new();
    };
    let title = format!("  WHY {} IS LIVE IN {environment}", trace.revision);
    let mut lines = vec![Line::of(Tone::Heading, title)];
    let mut say = |label: &str, line: Line| {
        let line = Line::of(Tone::Muted, format!("  {label:<9} ")).then(line);
        lines.push(fitted(line, columns));
    };
    say("came", came(look, &trace));
    let approved: Vec<String> = trace
        .approvals()
        .map(|vote| format!("{} ({})", vote.person, vote.role))
        .collect();
    if !approved.is_empty() {
        say("approved", Line::plain(approved.join(", ")));
    }
    for one in &trace.overrides {
        let gates: Vec<&str> = one.gates.iter().map(|gate| gate.gate.as_str()).collect();
        let second = one.confirmed.as_ref();
        let second = second.map_or_else(String::new, |second| format!(" and {}", second.by));
        let text = format!(
            "! past {} by {}{second}: {}",
            gates.join(", "),
            one.owner,
            one.reason
        );
        say("override", Line::of(Tone::Warning, text));
    }
    if let Some(verified) = trace.verified {
        let line = if verified.passed {
            Line::of(Tone::Good, format!("{} passed", look.glyphs.good()))
        } else {
            Line::of(Tone::Bad, format!("{} failed", look.glyphs.bad()))
        };
        let why = format!("  {}", verified.why);
        say(
            "verified",
            line.with(Tone::Muted, why.trim_end().to_owned()),
        );
    }
    if !trace.tickets.is_empty() {
        let names: Vec<&str> = trace.tickets.iter().map(|it| it.name.as_str()).collect();
        say("tickets", Line::plain(names.join(", ")));
    }
    say("changes", changes(&trace));
    if let Some(scope) = trace.changes() {
        say("reviewed", Line::plain(people(&scope.reviewers())));
    }
    lines
}

/// `promoted with gonogo by alice 3d ago, journal #12: weekly`.
fn came(look: &Look<'_>, trace: &Trace<'_>) -> Line {
    let tone = match trace.how {
        How::OutOfBand => Tone::Warning,
        How::Undecided => Tone::Unknown,
        How::Promotion | How::Rollback | How::Automatic | How::History => Tone::Plain,
    };
    let sign = match trace.how {
        How::OutOfBand => "! ",
        How::Undecided => "? ",
        How::Promotion | How::Rollback | How::Automatic | How::History => "",
    };
    let line = Line::of(tone, format!("{sign}{}", trace.how.sentence()));
    let age = time::age(look.clock.ago(trace.deployment.since()));
    match trace.promotion {
        Some(promotion) => line
            .with(Tone::Plain, format!(" by {}", promotion.actor))
            .with(
                Tone::Muted,
                format!(" {age} ago, journal #{}: ", promotion.seq),
            )
            .with(Tone::Plain, promotion.intent.reason.clone()),
        None => {
            let by = trace.deployment.creator.as_ref();
            let by = by.map_or_else(String::new, |by| format!(", by {by}"));
            line.with(Tone::Plain, by)
                .with(Tone::Muted, format!(" {age} ago"))
        }
    }
}

/// `12 commits, 4 PRs since 5.2.8 by dee, eve`.
fn changes(trace: &Trace<'_>) -> Line {
    let Some(before) = &trace.before else {
        return Line::of(Tone::Muted, "nothing is known of what was live before");
    };
    let Some(scope) = trace.changes() else {
        let fault = trace.scope.and_then(|scope| scope.fault.as_ref());
        return match fault {
            Some(fault) => Line::of(Tone::Unknown, format!("? not known: {}", fault.why)),
            None => Line::of(Tone::Muted, format!("reading what came since {before}…")),
        };
    };
    counts(scope)
        .with(Tone::Muted, format!(" since {before}"))
        .with(Tone::Plain, format!(" by {}", people(&scope.authors())))
}

fn people(who: &BTreeSet<&Person>) -> String {
    if who.is_empty() {
        return "nobody".to_owned();
    }
    let names: Vec<&str> = who.iter().map(|person| person.as_str()).collect();
    names.join(", ")
}

/// Cuts the last part of a line that is too long.
fn fitted(mut line: Line, columns: usize) -> Line {
    let over = line.width().saturating_sub(columns);
    if over > 0
        && let Some(last) = line.0.last_mut()
    {
        let room = width(&last.text).saturating_sub(over);
        last.text = cut(&last.text, room).into();
    }
    line
}
