//! Panels: a title over lines or a table.

use ratatui::layout::Rect;

use super::hits::Hits;
use super::regions::under_title;
use super::table::Layout;
use super::text::Pen;
use super::{bar, table};
use crate::app::view::panel::{Content, Panel};

pub(super) fn draw(
    pen: &mut Pen<'_>,
    area: Rect,
    panel: &Panel,
    layout: Option<&Layout>,
    hits: &mut Hits,
) {
    if area.is_empty() {
        return;
    }
    if let Some(title) = &panel.title
        && pen.paints(area.y)
    {
        bar::title(pen, area, title);
    }
    let inner = under_title(area, panel);
    match (&panel.content, layout) {
        (Content::Lines(lines), _) => {
            if let Some(first) = lines.first() {
                hits.tabs(inner, first);
            }
            for (line, y) in lines.iter().zip(inner.top()..inner.bottom()) {
                if pen.paints(y) {
                    pen.line(inner.x, y, inner.width, line);
                }
            }
        }
        (Content::Table(content), Some(layout)) => table::draw(pen, inner, content, layout, hits),
        // Every table was laid out with its panel.
        (Content::Table(_), None) => {}
    }
}
