//! What lies where in a picture: rows, tabs and buttons, noted as the shown picture is drawn once more,
//! so that a click is about what was seen and not about what has moved there since.

use ratatui::layout::{Position, Rect};

use super::table::{LEAD, Layout};
use crate::app::interface::Target;
use crate::app::view::line::{Line, Tone, width};
use crate::app::view::panel::{Dialog, Row, Table};

/// What lies where; what was noted last lies on top.
#[derive(Debug, Default)]
pub(crate) struct Hits {
    /// Whether anybody wants to know: a picture that is only looked at notes nothing.
    noting: bool,
    found: Vec<(Rect, Target)>,
}

impl Hits {
    /// Notes what is drawn from now on.
    pub fn noting() -> Self {
        Self {
            noting: true,
            found: Vec::new(),
        }
    }

    /// How much is noted so far.
    pub fn mark(&self) -> usize {
        self.found.len()
    }

    /// Forgets what was noted since.
    pub fn back_to(&mut self, mark: usize) {
        self.found.truncate(mark);
    }

    /// What lies at a place.
    pub fn at(&self, x: u16, y: u16) -> Target {
        let place = Position::new(x, y);
        let found = self.found.iter().rev();
        let found = found.filter(|(rect, _)| rect.contains(place));
        found
            .map(|(_, target)| target.clone())
            .next()
            .unwrap_or(Target::Nothing)
    }

    /// Notes the cells of a table's rows.
    pub fn table(&mut self, area: Rect, table: &Table, layout: &Layout) {
        if !self.noting {
            return;
        }
        let entries = table.rows.iter().filter_map(|row| match row {
            Row::Entries { cells, cursor, .. } => Some((cells, *cursor)),
            Row::Heading(_) => None,
        });
        let cursor = entries.clone().position(|(_, cursor)| cursor);
        let mut nth = 0_usize;
        for (row, y) in table.rows.iter().zip(area.top() + 1..area.bottom()) {
            let Row::Entries { cells, .. } = row else {
                continue;
            };
            let below_cursor = cursor.and_then(|cursor| {
                let below = isize::try_from(nth).ok()?;
                Some(below - isize::try_from(cursor).ok()?)
            });
            nth += 1;
            let key: String = cells.first().map_or_else(String::new, |cell| {
                let spans = cell.head.0.iter();
                spans.map(|span| span.text.as_str()).collect()
            });
            let row = |column| Target::Row {
                key: key.clone(),
                column,
                below_cursor,
            };
            let whole = Rect {
                y,
                height: 1,
                ..area
            };
            self.found.push((whole, row(None)));
            let mut x = LEAD;
            for (column, wide) in table.columns.iter().zip(layout.widths()) {
                let Some(wide) = wide else { continue };
                let at = area.x.saturating_add(u16::try_from(x).unwrap_or(u16::MAX));
                // The brackets of the cursor belong to the cell.
                let rect = Rect::new(at.saturating_sub(1), y, wide.saturating_add(2), 1);
                let title = column.title.to_string();
                self.found
                    .push((rect.intersection(whole), row(Some(title))));
                x += usize::from(wide) + layout.gap();
            }
        }
    }

    /// Notes the tabs of a line like ` [Gates]  Scope  Pipeline `, if it is one.
    pub fn tabs(&mut self, area: Rect, line: &Line) {
        if !self.noting {
            return;
        }
        let is_open = |tone: Tone, text: &str| tone == Tone::Focus && text.starts_with('[');
        let tabs = line.0.iter().filter(|span| span.text.trim() != "");
        let Some(open) = tabs.clone().position(|span| is_open(span.tone, &span.text)) else {
            return;
        };
        if tabs.clone().count() < 2 || area.is_empty() {
            return;
        }
        let mut x = area.x;
        let mut nth = 0_isize;
        for span in &line.0 {
            let wide = u16::try_from(width(&span.text)).unwrap_or(u16::MAX);
            if span.text.trim() != "" {
                let open = isize::try_from(open).unwrap_or(isize::MAX);
                let rect = Rect::new(x, area.y, wide, 1).intersection(area);
                self.found.push((rect, Target::Tab { right: nth - open }));
                nth += 1;
            }
            x = x.saturating_add(wide);
        }
    }

    /// Notes a dialog, which covers everything, and its buttons.
    pub fn dialog(&mut self, screen: Rect, foot: Rect, dialog: &Dialog) {
        if !self.noting {
            return;
        }
        self.found.push((screen, Target::Nothing));
        for (nth, (column, span)) in dialog.buttons().enumerate() {
            let at = foot
                .x
                .saturating_add(u16::try_from(column).unwrap_or(u16::MAX));
            let wide = u16::try_from(width(&span.text)).unwrap_or(u16::MAX);
            let rect = Rect::new(at, foot.y.saturating_add(1), wide, 1);
            self.found
                .push((rect.intersection(foot), Target::Button(nth)));
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::app::view::{scenes, view};
    use crate::ui::{Canvas, Theme, render};

    #[test]
    fn what_lies_under_a_click_is_what_the_shown_picture_has_there() {
        let theme = Theme::mono();
        let state = scenes::busy(80, 24);
        let picture = view(&state);
        let buffer = render(&picture, 80, 24, &theme);
        let mut canvas = Canvas::default();
        assert_eq!(canvas.target(4, 5, &theme), Target::Nothing);
        let Ok(()) = canvas.draw(picture, &theme, &mut TestBackend::new(80, 24));
        let mut rows = 0;
        for y in 0..24 {
            let name: String = (2..14).map(|x| buffer[(x, y)].symbol()).collect();
            let name = name.split(' ').next().unwrap_or_default();
            if let Target::Row { key, column, .. } = canvas.target(4, y, &theme) {
                // The second column of a wide sign reads as a blank.
                let is_its = !name.is_empty() && key.starts_with(name);
                assert!(is_its, "{key} where {name} is");
                assert_eq!(column.as_deref(), Some("SERVICE"));
                rows += 1;
            }
        }
        assert_eq!(
            rows,
            state.interface.order.len(),
            "every row is under the mouse"
        );
    }
}
