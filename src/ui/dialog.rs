//! Dialogs: a box in the middle. What has the focus is always seen, and so are the buttons.

use ratatui::layout::{Position, Rect};

use super::hits::Hits;
use super::text::Pen;
use crate::app::view::line::Line;
use crate::app::view::panel::Dialog;

/// Draws a dialog, and says where its text cursor stands.
pub(super) fn draw(
    pen: &mut Pen<'_>,
    area: Rect,
    dialog: &Dialog,
    hits: &mut Hits,
) -> Option<Position> {
    let width = dialog.width.min(area.width);
    let foot = u16::try_from(dialog.foot.len()).unwrap_or(u16::MAX);
    let fields = u16::try_from(dialog.fields.len()).unwrap_or(u16::MAX);
    let wanted = u16::try_from(dialog.lines.len()).unwrap_or(u16::MAX);
    let height = wanted
        .saturating_add(fields)
        .saturating_add(foot)
        .saturating_add(2)
        .min(area.height);
    if width < 4 || height < 3 {
        return None;
    }
    let frame = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    // What would be left at both sides is too little to read: it would look like dirt.
    let beside = (area.width - width) / 2;
    pen.clear(if beside <= 2 {
        Rect {
            x: area.x,
            width: area.width,
            ..frame
        }
    } else {
        frame
    });
    border(pen, frame, &dialog.title);
    let inner = Rect {
        x: frame.x + 2,
        y: frame.y + 1,
        width: frame.width.saturating_sub(4),
        height: frame.height - 2,
    };
    let foot = foot.min(inner.height);
    let fields = fields.min(inner.height - foot);
    let fields_y = inner.bottom() - foot - fields;
    let rows = usize::from(inner.height - foot - fields);
    let offset = offset(dialog, rows);
    let lines = dialog.lines.iter().skip(offset).take(rows);
    for (line, y) in lines.zip(inner.top()..) {
        pen.line(inner.x, y, inner.width, line);
    }
    if dialog.lines.len() > rows {
        let hidden = dialog.lines.len() - rows - offset;
        let keys = match dialog.scroll.keys.as_str() {
            "" => String::new(),
            keys => format!(": {keys}"),
        };
        let text = match (offset, hidden) {
            (0, below) => format!(" {below} more below{keys} "),
            (above, 0) => format!(" {above} more above "),
            (above, below) => format!(" {above} more above, {below} below{keys} "),
        };
        let line = Line::of(crate::app::view::line::Tone::Muted, text);
        pen.line(inner.x, frame.bottom() - 1, inner.width, &line);
    }
    for (line, y) in dialog.fields.iter().zip(fields_y..inner.bottom() - foot) {
        pen.line(inner.x, y, inner.width, line);
    }
    let foot_y = inner.bottom() - foot;
    hits.dialog(
        area,
        Rect {
            y: foot_y,
            height: foot,
            ..inner
        },
        dialog,
    );
    for (line, y) in dialog.foot.iter().zip(foot_y..inner.bottom()) {
        pen.line(inner.x, y, inner.width, line);
    }
    let caret = dialog.caret?;
    let (top, above, bottom) = if caret.in_fields {
        (fields_y, 0, foot_y)
    } else {
        (inner.y, offset, fields_y)
    };
    let y = top.saturating_add(u16::try_from(caret.line.checked_sub(above)?).ok()?);
    let seen = y < bottom && caret.column < inner.width;
    seen.then(|| Position::new(inner.x + caret.column, y))
}

fn offset(dialog: &Dialog, rows: usize) -> usize {
    let most = dialog.lines.len().saturating_sub(rows);
    let moved = dialog.scroll.offset;
    dialog
        .focus
        .map_or(moved, |focus| {
            // What has the focus stays in sight, however far it was moved.
            moved.max((focus + 2).saturating_sub(rows)).min(focus)
        })
        .min(most)
}

fn border(pen: &mut Pen<'_>, frame: Rect, title: &Line) {
    let (right, bottom) = (frame.right() - 1, frame.bottom() - 1);
    pen.rule(frame.x, frame.y, frame.width);
    pen.rule(frame.x, bottom, frame.width);
    for y in frame.top()..frame.bottom() {
        pen.rule_down(frame.x, y);
        pen.rule_down(right, y);
    }
    pen.corner(frame.x, frame.y, '┌');
    pen.corner(right, frame.y, '┐');
    pen.corner(frame.x, bottom, '└');
    pen.corner(right, bottom, '┘');
    let title = Line::plain(" ")
        .then(title.clone())
        .with(crate::app::view::line::Tone::Plain, " ");
    pen.line(frame.x + 1, frame.y, frame.width - 2, &title);
}
