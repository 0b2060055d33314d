//! Holds in the list of them, and what is told of the selected one below it: its reason in full, and
//! of each cell whether the forge stops it, with the proof.

use super::brake;
use super::line::{Line, Tone, wrap};
use super::look::Look;
use super::overview::who;
use super::panel::{Bar, Content, Panel};
use super::time;
use crate::domain::cell::CellState;
use crate::domain::hold::{Hold, HoldKind, Term};

/// Rows for what is told of one hold; none where the list needs them all.
pub(super) fn height(look: &Look<'_>) -> u16 {
    match look.shape.body {
        ..12 => 0,
        body => (body / 2).min(16),
    }
}

/// A hold as a line of the list.
pub(super) fn cells(look: &Look<'_>, hold: &Hold) -> Vec<Line> {
    let on = hold.is_on(look.now);
    let state = if on {
        let (glyph, word, tone) = look.glyphs.state(CellState::Held);
        let word = if hold.asks(look.now) { "ASKS" } else { word };
        Line::of(tone, format!("{glyph} {word}"))
    } else {
        Line::of(Tone::Muted, ". ENDED")
    };
    let brake = if on {
        brake::sum(look, hold)
    } else {
        Line::of(Tone::Muted, "-")
    };
    vec![
        state,
        Line::of(Tone::Strong, look.engine.board.cover(&hold.cover)),
        brake,
        who(Some(&hold.owner)),
        Line::of(Tone::Muted, time::age(look.clock.ago(hold.since))),
        expires(look, hold),
        Line::of(Tone::Muted, kind(hold)),
        Line::plain(hold.reason.clone()),
    ]
}

fn kind(hold: &Hold) -> &'static str {
    match hold.kind {
        HoldKind::Forward => "forward",
        HoldKind::All => "back too",
    }
}

fn expires(look: &Look<'_>, hold: &Hold) -> Line {
    let at = |at| {
        let left = time::span(look.clock.until(at));
        format!("{} in {left}", look.clock.short(at))
    };
    match hold.term(look.now) {
        _ if hold.incident => Line::of(Tone::Bad, "never: incident"),
        Term::UntilLifted => Line::of(Tone::Muted, "when lifted"),
        Term::Ends(end) if hold.is_on(look.now) => Line::plain(at(end)),
        Term::Ends(end) => Line::of(Tone::Muted, look.clock.short(end)),
        Term::Asks(then) => Line::plain(format!("asks {}", at(then))),
        Term::Asking(since) => {
            let text = format!("asks since {}", look.clock.short(since));
            Line::of(Tone::Warning, text)
        }
    }
}

/// What is told of the selected hold.
pub(super) fn panel(look: &Look<'_>, hold: &Hold, height: u16) -> Panel {
    let rows = usize::from(height) - 1;
    let columns = usize::from(look.shape.main()).saturating_sub(2);
    let title = Line::of(Tone::Heading, look.engine.board.cover(&hold.cover))
        .with(Tone::Muted, format!("  {} ({})", hold.id, kind(hold)));
    let mut lines: Vec<Line> = wrap(&format!("{}: {}", hold.owner, hold.reason), columns)
        .into_iter()
        .map(Line::plain)
        .collect();
    lines.truncate(3);
    let mut title = Bar::default().left(0, title);
    if hold.is_on(look.now) {
        title = title.right(0, brake::sum(look, hold));
        let proofs = brake::of_hold(look, hold, rows - lines.len());
        if proofs.is_empty() {
            let text =
                "no forge stops it: no `brake` in its environment, or it is not asked for yet";
            lines.push(Line::of(Tone::Muted, text));
        }
        lines.extend(proofs);
    } else {
        lines.push(Line::of(
            Tone::Muted,
            "it has ended: nothing is stopped by it",
        ));
    }
    lines.truncate(rows);
    Panel {
        title: Some(title),
        content: Content::Lines(
            lines
                .into_iter()
                .map(|line| Line::plain(" ").then(line))
                .collect(),
        ),
        height,
    }
}
