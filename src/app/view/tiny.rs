//! A screen too small for the matrix: the countdown stands in the header, here what is wrong, and
//! as many services as fit, worst first.

use super::header::{self, NARROW};
use super::line::{Line, Tone, cut};
use super::look::Look;
use super::panel::{Content, Panel};
use super::tally::standing;
use crate::domain::text::counted;

pub(super) fn main(look: &Look<'_>) -> Vec<Panel> {
    let columns = usize::from(look.shape.columns);
    let mut lines = Vec::new();
    let wrong = header::wrong(look);
    let counts = if wrong.is_empty() {
        Line::of(
            Tone::Plain,
            format!(
                " {}, nothing held or failed",
                counted(look.tally.services, "service", "services")
            ),
        )
    } else {
        Line::plain(" ").then(wrong)
    };
    lines.push(counts);
    lines.extend(super::empty::first_load(look).unwrap_or_default());
    let room = usize::from(look.shape.body).saturating_sub(lines.len() + 1);
    let order = &look.interface.order;
    let cursor = look.interface.cursor.as_ref();
    let place = cursor
        .and_then(|cursor| order.iter().position(|name| *name == cursor.service))
        .unwrap_or(0);
    let offset = (place + 1).saturating_sub(room);
    for name in order.iter().skip(offset).take(room) {
        let Some(row) = look.engine.board.row(name) else {
            continue;
        };
        let on = cursor.is_some_and(|cursor| cursor.service == *name);
        let (glyph, word, tone) = look
            .glyphs
            .state(standing(row, &look.engine.policy, look.now));
        let short = cut(name.as_str(), columns.saturating_sub(12).max(6)).into_owned();
        lines.push(
            Line::of(Tone::Strong, if on { "> " } else { "  " })
                .with(if on { Tone::Strong } else { Tone::Plain }, short)
                .padded(columns.saturating_sub(10))
                .with(tone, format!("{glyph} {word}")),
        );
    }
    // Why so little is told stays, whatever else goes.
    lines.truncate(usize::from(look.shape.body).saturating_sub(1).max(1));
    let size = if columns < usize::from(NARROW) {
        " needs 60x12".to_owned()
    } else {
        let rows = look.shape.rows;
        format!(" {columns}x{rows}: the board needs 60x12")
    };
    lines.push(Line::of(Tone::Muted, size));
    vec![Panel {
        title: None,
        content: Content::Lines(lines),
        height: look.shape.body,
    }]
}
