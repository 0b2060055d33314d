//! Writing text into cells: plain ASCII goes in directly, everything else through ratatui, which
//! lets no control character pass.

use ratatui::buffer::Cell;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::canvas::Rows;
use super::theme::Theme;
use crate::app::view::line::{Line, Tone, cut, width};

/// Rows to paint, a theme, and which signs the terminal can show. In a row that is not to be painted,
/// nothing is.
pub(super) struct Pen<'a> {
    rows: &'a mut Rows,
    theme: &'a Theme,
    ascii: bool,
}

impl<'a> Pen<'a> {
    pub fn new(rows: &'a mut Rows, theme: &'a Theme, ascii: bool) -> Self {
        Self { rows, theme, ascii }
    }

    /// Whether a row of the screen is to be painted.
    pub fn paints(&self, y: u16) -> bool {
        let changed = self.rows.changed.get(usize::from(y));
        changed.copied().unwrap_or_default()
    }

    /// A row from a column on, if it is to be painted.
    fn row(&mut self, x: u16, y: u16) -> Option<&mut [Cell]> {
        if !self.paints(y) {
            return None;
        }
        let row = self.rows.painted.get_mut(usize::from(y))?;
        row.content.get_mut(usize::from(x)..)
    }

    /// Writes a line into at most `columns`, and returns how many it took. What does not fit is
    /// cut, and the cut is marked.
    pub fn line(&mut self, x: u16, y: u16, columns: u16, line: &Line) -> u16 {
        let mut used = 0;
        for (place, span) in line.0.iter().enumerate() {
            let left = columns - used;
            let wide = width(&span.text);
            let last = place + 1 == line.0.len();
            // A text that just fits is still cut when another one follows that will not.
            if wide < usize::from(left) || (wide == usize::from(left) && last) {
                used += self.text(x + used, y, left, &span.text, span.tone);
            } else if left > 0 {
                let rest: usize = line
                    .0
                    .iter()
                    .skip(place + 1)
                    .map(|span| width(&span.text))
                    .sum();
                if wide + rest <= usize::from(left) {
                    used += self.text(x + used, y, left, &span.text, span.tone);
                    continue;
                }
                // One that just fits is cut too: what follows it is not seen.
                let longer = (wide == usize::from(left)).then(|| format!("{}…", span.text));
                let text = longer.as_deref().unwrap_or(&span.text);
                let short = cut(text, usize::from(left));
                used += self.text(x + used, y, left, &short, span.tone);
                break;
            } else {
                break;
            }
        }
        used
    }

    /// Writes one text in one tone, and returns how many columns it took.
    pub fn text(&mut self, x: u16, y: u16, columns: u16, text: &str, tone: Tone) -> u16 {
        let mut style = self.theme.style(tone);
        if tone == Tone::Plain {
            // Its paper is there already; a second time it would cover the cursor's row.
            style.bg = None;
        }
        if text.is_ascii() {
            return self.ascii(x, y, columns, text, style);
        }
        if self.ascii && text.contains('…') {
            let plain = text.replace('…', "~");
            return self.text(x, y, columns, &plain, tone);
        }
        let painted = if self.paints(y) {
            self.rows.painted.get_mut(usize::from(y))
        } else {
            None
        };
        match painted {
            Some(row) if x < row.area.right() => {
                let (end, _) = row.set_stringn(x, y, text, usize::from(columns), style);
                end - x
            }
            _ => 0,
        }
    }

    fn ascii(&mut self, x: u16, y: u16, columns: u16, text: &str, style: Style) -> u16 {
        let Some(cells) = self.row(x, y) else {
            return 0;
        };
        let mut used = 0;
        for (byte, cell) in text.bytes().zip(cells).take(usize::from(columns)) {
            let character = match byte {
                b' '..=b'~' => char::from(byte),
                _ => '\u{fffd}',
            };
            cell.set_char(character).set_style(style);
            used += 1;
        }
        used
    }

    /// A line across.
    pub fn rule(&mut self, x: u16, y: u16, columns: u16) {
        let sign = if self.ascii { '-' } else { '─' };
        let style = self.theme.style(Tone::Rule);
        let cells = self.row(x, y).into_iter().flatten();
        for cell in cells.take(usize::from(columns)) {
            cell.set_char(sign).set_style(style);
        }
    }

    /// One piece of a line down.
    pub fn rule_down(&mut self, x: u16, y: u16) {
        self.sign(x, y, if self.ascii { '|' } else { '│' });
    }

    pub fn corner(&mut self, x: u16, y: u16, sign: char) {
        self.sign(x, y, if self.ascii { '+' } else { sign });
    }

    fn sign(&mut self, x: u16, y: u16, sign: char) {
        let style = self.theme.style(Tone::Rule);
        if let Some([cell, ..]) = self.row(x, y) {
            cell.set_char(sign).set_style(style);
        }
    }

    /// Marks the cursor's row, under its texts.
    pub fn highlight(&mut self, area: Rect) {
        let style = self.theme.cursor();
        self.each(area, |cell| {
            cell.set_style(style);
        });
    }

    /// Empties an area before a dialog is drawn on it.
    pub fn clear(&mut self, area: Rect) {
        let base = self.theme.style(Tone::Plain);
        self.each(area, |cell| {
            cell.reset();
            cell.set_style(base);
        });
    }

    fn each(&mut self, area: Rect, change: impl Fn(&mut Cell)) {
        for y in area.top()..area.bottom() {
            let cells = self.row(area.x, y).into_iter().flatten();
            cells.take(usize::from(area.width)).for_each(&change);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::Background;

    /// A theme for another background brings its own paper, and the cursor's row its own on that.
    #[test]
    fn plain_text_leaves_the_cursors_row_its_colour() {
        let theme = Theme::named("light", Background::Dark).unwrap();
        let area = Rect::new(0, 0, 10, 1);
        let mut rows = Rows::blank(area.as_size());
        let mut pen = Pen::new(&mut rows, &theme, false);
        pen.clear(area);
        pen.highlight(area);
        pen.text(0, 0, 5, "plain", Tone::Plain);
        let cursor = theme.cursor().bg.unwrap();
        let cells = rows.painted.iter().flat_map(|row| &row.content);
        let seen: Vec<_> = cells.map(|cell| cell.bg).collect();
        assert_eq!(seen, vec![cursor; 10]);
    }
}
