//! Writing text into cells: plain ASCII goes in directly, everything else through ratatui, which
//! lets no control character pass.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::theme::Theme;
use crate::app::view::line::{Line, Tone, cut, width};

/// A buffer, a theme, and which signs the terminal can show.
pub(super) struct Pen<'a> {
    buffer: &'a mut Buffer,
    theme: &'a Theme,
    ascii: bool,
}

impl<'a> Pen<'a> {
    pub fn new(buffer: &'a mut Buffer, theme: &'a Theme, ascii: bool) -> Self {
        Self {
            buffer,
            theme,
            ascii,
        }
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
        if !self.buffer.area.contains((x, y).into()) {
            return 0;
        }
        let (end, _) = self
            .buffer
            .set_stringn(x, y, text, usize::from(columns), style);
        end - x
    }

    fn ascii(&mut self, x: u16, y: u16, columns: u16, text: &str, style: Style) -> u16 {
        let area = self.buffer.area;
        if y < area.top() || y >= area.bottom() || x < area.left() || x >= area.right() {
            return 0;
        }
        let start = usize::from(y - area.y) * usize::from(area.width) + usize::from(x - area.x);
        let room = columns.min(area.right() - x);
        let mut used = 0;
        let cells = self.buffer.content.iter_mut().skip(start);
        for (byte, cell) in text.bytes().zip(cells).take(usize::from(room)) {
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
        for x in x..x.saturating_add(columns) {
            self.sign(x, y, sign);
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
        if let Some(cell) = self.buffer.cell_mut((x, y)) {
            cell.set_char(sign).set_style(style);
        }
    }

    /// Marks the cursor's row, under its texts.
    pub fn highlight(&mut self, area: Rect) {
        self.buffer.set_style(area, self.theme.cursor());
    }

    /// Empties an area before a dialog is drawn on it.
    pub fn clear(&mut self, area: Rect) {
        let base = self.theme.style(Tone::Plain);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                if let Some(cell) = self.buffer.cell_mut((x, y)) {
                    cell.reset();
                    cell.set_style(base);
                }
            }
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
        let mut buffer = Buffer::empty(area);
        let mut pen = Pen::new(&mut buffer, &theme, false);
        pen.clear(area);
        pen.highlight(area);
        pen.text(0, 0, 5, "plain", Tone::Plain);
        let cursor = theme.cursor().bg.unwrap();
        let seen: Vec<_> = buffer.content.iter().map(|cell| cell.bg).collect();
        assert_eq!(seen, vec![cursor; 10]);
    }
}
