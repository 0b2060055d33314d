//! Drawing: a function from a view to the cells of a terminal. It changes nothing that `update`
//! reads; what the words are lives in `app::view`, how a tone looks in the theme.

mod bar;
mod canvas;
mod changes;
mod dialog;
mod hits;
mod panel;
mod regions;
mod table;
mod text;
pub mod theme;

use ratatui::buffer::Buffer;

use crate::app::view::View;
pub use canvas::{Canvas, render};
pub use theme::Theme;

/// Draws a picture into text, without a terminal: for `--plain` and for tests.
pub fn render_to_string(view: &View, columns: u16, rows: u16, theme: &Theme) -> String {
    lines(&render(view, columns, rows, theme), |cell| {
        cell.symbol().to_owned()
    })
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
