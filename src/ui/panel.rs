//! Panels: a title over lines or a table.

use ratatui::layout::Rect;

use super::text::Pen;
use super::{Scratch, bar, table};
use crate::app::view::panel::{Content, Panel};

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, panel: &Panel, scratch: &mut Scratch) {
    if area.is_empty() {
        return;
    }
    let mut inner = area;
    if let Some(title) = &panel.title {
        bar::title(pen, area, title);
        inner.y += 1;
        inner.height -= 1;
    }
    match &panel.content {
        Content::Lines(lines) => {
            if let Some(first) = lines.first() {
                scratch.hits.tabs(inner, first);
            }
            for (line, y) in lines.iter().zip(inner.top()..inner.bottom()) {
                pen.line(inner.x, y, inner.width, line);
            }
        }
        Content::Table(content) => table::draw(pen, inner, content, scratch),
    }
}
