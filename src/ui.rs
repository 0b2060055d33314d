//! Drawing: a function from a view to the cells of a terminal. It changes nothing that `update`
//! reads; what the words are lives in `app::view`, how a tone looks in the theme.

mod bar;
mod dialog;
mod hits;
mod panel;
mod table;
mod text;
pub mod theme;

use ratatui::Frame;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect};

use crate::app::interface::Target;
use crate::app::view::View;
use crate::app::view::line::Tone;
use text::Pen;
pub use theme::Theme;

/// Memory that is kept from one picture to the next.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(crate) table: table::Widths,
    /// What lies where, while somebody wants to know.
    pub(crate) hits: hits::Hits,
    /// The picture that is shown.
    shown: Option<View>,
}

impl Scratch {
    /// Keeps the picture that was drawn, for the mouse.
    pub fn keep(&mut self, view: View) {
        self.shown = Some(view);
    }

    /// What lies at a place of the picture that is shown. It is painted once more for that, out of
    /// sight: clicks are rare, and pictures are not.
    pub fn target(&self, x: u16, y: u16, theme: &Theme) -> Target {
        let Some(view) = &self.shown else {
            return Target::Nothing;
        };
        let area = Rect::new(0, 0, view.shape.columns, view.shape.rows);
        let mut again = Self {
            hits: hits::Hits::noting(),
            ..Self::default()
        };
        paint(&mut Buffer::empty(area), area, view, theme, &mut again);
        again.hits.at(x, y)
    }
}

/// Draws a picture.
pub fn draw(frame: &mut Frame<'_>, view: &View, theme: &Theme, scratch: &mut Scratch) {
    let area = frame.area();
    if let Some(caret) = paint(frame.buffer_mut(), area, view, theme, scratch) {
        frame.set_cursor_position(caret);
    }
}

/// Draws into a buffer, and says where the text cursor stands.
///
/// ```text
/// header
/// main panels, one below the other │ side panels
/// ─────────────────────────────────────────────
/// footer
/// ```
fn paint(
    buffer: &mut Buffer,
    area: Rect,
    view: &View,
    theme: &Theme,
    scratch: &mut Scratch,
) -> Option<Position> {
    let base = theme.style(Tone::Plain);
    // A theme that leaves the terminal's own colours has nothing to lay under the texts.
    if Cell::default().set_style(base) != &Cell::default() {
        buffer.set_style(area, base);
    }
    let mut pen = Pen::new(buffer, theme, view.ascii);
    let mut y = area.y;
    for bar in view.header.iter().take(usize::from(area.height)) {
        bar::draw(&mut pen, Rect::new(area.x, y, area.width, 1), bar);
        y += 1;
    }
    let footer = view.shape.footer.min(area.bottom().saturating_sub(y));
    let body = Rect::new(area.x, y, area.width, area.bottom() - y - footer);
    let side = view.shape.side.min(body.width);
    let main = Rect {
        width: body.width - side,
        ..body
    };
    stack(&mut pen, main, &view.main, scratch);
    if side > 0 {
        let x = main.right();
        for row in body.top()..body.bottom() {
            pen.rule_down(x, row);
        }
        let right = Rect {
            x: x + 1,
            width: side - 1,
            ..body
        };
        // What stands at the side is looked at, and not pointed at.
        let known = scratch.hits.mark();
        stack(&mut pen, right, &view.side, scratch);
        scratch.hits.back_to(known);
    }
    let mut y = body.bottom();
    if usize::from(footer) > view.footer.len() {
        pen.rule(area.x, y, area.width);
        y += 1;
    }
    for bar in view.footer.iter().take(usize::from(area.bottom() - y)) {
        bar::draw(&mut pen, Rect::new(area.x, y, area.width, 1), bar);
        y += 1;
    }
    view.over
        .iter()
        .filter_map(|over| dialog::draw(&mut pen, area, over, &mut scratch.hits))
        .last()
}

fn stack(pen: &mut Pen<'_>, area: Rect, panels: &[crate::app::view::Panel], scratch: &mut Scratch) {
    let mut y = area.y;
    for panel in panels {
        let height = panel.height.min(area.bottom() - y);
        panel::draw(pen, Rect { y, height, ..area }, panel, scratch);
        y += height;
    }
}

/// Draws a picture into text, without a terminal: for `--plain` and for tests.
pub fn render_to_string(view: &View, columns: u16, rows: u16, theme: &Theme) -> String {
    lines(&render(view, columns, rows, theme), |cell| {
        cell.symbol().to_owned()
    })
}

/// Draws a picture into a buffer, without a terminal.
pub fn render(view: &View, columns: u16, rows: u16, theme: &Theme) -> Buffer {
    let Ok(mut terminal) = Terminal::new(TestBackend::new(columns, rows));
    let mut scratch = Scratch::default();
    let Ok(_) = terminal.draw(|frame| draw(frame, view, theme, &mut scratch));
    terminal.backend().buffer().clone()
}

/// Reads a buffer line by line; the second column of a wide character is left out.
fn lines(buffer: &Buffer, read: impl Fn(&ratatui::buffer::Cell) -> String) -> String {
    use unicode_width::UnicodeWidthStr;
    let width = usize::from(buffer.area.width).max(1);
    let mut text = String::new();
    for row in buffer.content.chunks(width) {
        let mut line = String::new();
        let mut hidden = 0;
        for cell in row {
            if hidden > 0 {
                hidden -= 1;
                continue;
            }
            hidden = cell.symbol().width().saturating_sub(1);
            line.push_str(&read(cell));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The tones of a picture, one letter a cell: the second half of a snapshot.
#[cfg(test)]
pub(crate) fn render_tones(view: &View, columns: u16, rows: u16) -> String {
    let theme = Theme::of_tones();
    lines(&render(view, columns, rows, &theme), |cell| {
        let letter = theme::letter(cell.style().fg).unwrap_or(' ');
        if cell.symbol() == " " && letter != 'A' && letter != 'F' {
            " ".to_owned()
        } else {
            letter.to_string()
        }
    })
}

#[cfg(test)]
mod tests;
