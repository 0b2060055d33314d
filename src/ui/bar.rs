//! Bars: one row of parts from both sides; the parts of the highest rank go first.

use ratatui::layout::Rect;

use super::text::Pen;
use crate::app::view::panel::{Bar, Part};

const GAP: usize = 2;

/// Draws a bar with a margin of one column.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, bar: &Bar) {
    let inner = Rect {
        x: area.x + 1,
        width: area.width.saturating_sub(2),
        ..area
    };
    spread(pen, inner, bar, false);
}

/// Draws a bar over the line above a panel.
pub(super) fn title(pen: &mut Pen<'_>, area: Rect, bar: &Bar) {
    pen.rule(area.x, area.y, area.width);
    let inner = Rect {
        x: area.x + 2,
        width: area.width.saturating_sub(4),
        ..area
    };
    spread(pen, inner, bar, true);
}

fn spread(pen: &mut Pen<'_>, area: Rect, bar: &Bar, on_rule: bool) {
    let (left, right) = fitting(bar, usize::from(area.width));
    let y = area.y;
    let limit = area.right();
    let mut x = area.x;
    if on_rule && !left.is_empty() {
        pen.text(x - 1, y, 1, " ", crate::app::view::line::Tone::Rule);
    }
    let end_of_left = limit.saturating_sub(u16::try_from(total(&right)).unwrap_or(u16::MAX));
    // The blank before the right parts would stand on the sign that something was cut.
    let blank = u16::from(on_rule && !right.is_empty());
    let last = end_of_left.saturating_sub(blank);
    for (place, part) in left.iter().enumerate() {
        if place > 0 {
            x += pen.text(x, y, limit - x, "  ", crate::app::view::line::Tone::Plain);
        }
        x += pen.line(x, y, last.max(x) - x, &part.line);
    }
    if on_rule && !left.is_empty() {
        pen.text(x, y, 1, " ", crate::app::view::line::Tone::Rule);
    }
    let mut x = end_of_left.max(x);
    if on_rule && !right.is_empty() && x < limit {
        pen.text(
            x.saturating_sub(1),
            y,
            1,
            " ",
            crate::app::view::line::Tone::Rule,
        );
    }
    for (place, part) in right.iter().enumerate() {
        if place > 0 {
            x += pen.text(x, y, limit - x, "  ", crate::app::view::line::Tone::Plain);
        }
        x += pen.line(x, y, limit - x, &part.line);
    }
    if on_rule && !right.is_empty() {
        pen.text(x, y, 1, " ", crate::app::view::line::Tone::Rule);
    }
}

/// The parts that find room.
fn fitting(bar: &Bar, columns: usize) -> (Vec<&Part>, Vec<&Part>) {
    let mut left: Vec<&Part> = bar.left.iter().collect();
    let mut right: Vec<&Part> = bar.right.iter().collect();
    loop {
        let gap = if left.is_empty() || right.is_empty() {
            0
        } else {
            GAP
        };
        let rank = |parts: &[&Part]| parts.iter().map(|part| part.rank).max().unwrap_or(0);
        let worst = rank(&left).max(rank(&right));
        if total(&left) + gap + total(&right) <= columns || worst == 0 {
            return (left, right);
        }
        // On the right the outermost stays longest, on the left the first.
        let last = |parts: &[&Part]| parts.iter().rposition(|part| part.rank == worst);
        if let Some(place) = last(&right) {
            right.remove(place);
        } else if let Some(place) = last(&left) {
            left.remove(place);
        }
    }
}

fn total(parts: &[&Part]) -> usize {
    let text: usize = parts.iter().map(|part| part.line.width()).sum();
    text + GAP * parts.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::view::line::Line;
    use crate::ui::Theme;
    use crate::ui::canvas::Rows;

    #[test]
    fn a_title_that_is_cut_says_so_before_what_stands_at_its_right() {
        let area = Rect::new(0, 0, 40, 1);
        let mut rows = Rows::blank(area.as_size());
        let theme = Theme::mono();
        let mut pen = Pen::new(&mut rows, &theme, false);
        let bar = Bar::default()
            .left(0, Line::plain("GO / NO-GO 2026.47 > production"))
            .right(0, Line::plain("decide by 14:30Z"));
        title(&mut pen, area, &bar);
        let cells = rows.painted.iter().flat_map(|row| &row.content);
        let seen: String = cells.map(ratatui::buffer::Cell::symbol).collect();
        assert!(seen.contains("… decide by 14:30Z"), "{seen}");
    }
}
