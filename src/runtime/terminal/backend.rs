//! The backend of the board's terminal: it writes as few bytes as show the difference, which is
//! what is felt over SSH. Nothing changed costs nothing. Taking and giving back the terminal live
//! beside it.

use std::cell::Cell as Kept;
use std::io::{self, Write};

use crossterm::{cursor, queue, terminal};
use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use ratatui::style::{Color, Modifier};

/// What the terminal writes next with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Look {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

const PLAIN: Look = Look {
    fg: Color::Reset,
    bg: Color::Reset,
    modifier: Modifier::empty(),
};

/// Modifiers with the parameters that set and unset them. Bold and dim are unset together.
const MODIFIERS: [(Modifier, &str, &str); 9] = [
    (Modifier::BOLD, "1", "22"),
    (Modifier::DIM, "2", "22"),
    (Modifier::ITALIC, "3", "23"),
    (Modifier::UNDERLINED, "4", "24"),
    (Modifier::SLOW_BLINK, "5", "25"),
    (Modifier::RAPID_BLINK, "6", "25"),
    (Modifier::REVERSED, "7", "27"),
    (Modifier::HIDDEN, "8", "28"),
    (Modifier::CROSSED_OUT, "9", "29"),
];
/// Pairs that one parameter unsets.
const TOGETHER: [Modifier; 2] = [
    Modifier::BOLD.union(Modifier::DIM),
    Modifier::SLOW_BLINK.union(Modifier::RAPID_BLINK),
];
/// What shows on a blank too.
const ON_BLANKS: Modifier = Modifier::UNDERLINED
    .union(Modifier::REVERSED)
    .union(Modifier::CROSSED_OUT);

/// Signs beside ASCII that take one column on every terminal: none of them is wide anywhere, nor drawn as
/// an emoji.
const NARROW: [&str; 5] = ["✓", "✗", "▸", "▹", "◷"];
/// From so many blanks in a row on, erasing them and moving on takes fewer bytes.
const ERASED: u16 = 12;

/// A terminal behind a writer.
#[derive(Debug)]
pub struct Ansi<W: Write> {
    writer: W,
    /// Whether the cursor is to be seen, as far as we know.
    cursor: Option<bool>,
    /// How large it is, as far as we know: asking opens a file, and every frame wants to know.
    size: Kept<Option<Size>>,
    /// In which row the cursor is, while a picture is written.
    row: Option<u16>,
    /// Sequences are put together here.
    made: String,
    other: String,
}

impl<W: Write> Ansi<W> {
    pub fn new(writer: W) -> Self {
        Self {
            writer,
            cursor: None,
            size: Kept::new(None),
            row: None,
            made: String::new(),
            other: String::new(),
        }
    }

    /// Forgets what is known of the terminal: somebody else has written to it.
    pub fn forget(&mut self) {
        self.cursor = None;
        self.forget_size();
    }

    /// Forgets how large it is: it says that this has changed.
    pub fn forget_size(&mut self) {
        self.size.set(None);
    }

    fn move_to(&mut self, from: Option<Position>, x: u16, y: u16) -> io::Result<()> {
        match from {
            Some(from) if from.y == y && from.x == x => Ok(()),
            Some(from) if from.y == y && from.x + 1 == x => self.writer.write_all(b"\x1b[C"),
            Some(from) if from.y == y && from.x < x => {
                write!(self.writer, "\x1b[{}C", x - from.x)
            }
            // The row is known, and the column is not.
            None if self.row == Some(y) => write!(self.writer, "\x1b[{}G", x + 1),
            _ => write!(self.writer, "\x1b[{};{}H", y + 1, x + 1),
        }
    }

    /// Changes the look by the shorter way: what is different, or everything anew.
    fn change(&mut self, from: Look, to: Look) -> io::Result<()> {
        let is_bold = to.modifier.contains(Modifier::BOLD);
        // A short colour is not for bold letters.
        let again = is_bold && !from.modifier.contains(Modifier::BOLD) && to.fg != Color::Reset;
        self.made.clear();
        let gone = from.modifier - to.modifier;
        let mut unset = Modifier::empty();
        for (modifier, _, off) in MODIFIERS {
            if gone.contains(modifier) && !unset.contains(modifier) {
                push(&mut self.made, off);
                unset |= TOGETHER
                    .into_iter()
                    .find(|pair| pair.contains(modifier))
                    .unwrap_or(modifier);
            }
        }
        let left = from.modifier - unset;
        set(&mut self.made, to.modifier - left);
        if from.fg != to.fg || again {
            colour(&mut self.made, 38, to.fg, is_bold);
        }
        if from.bg != to.bg {
            colour(&mut self.made, 48, to.bg, is_bold);
        }
        self.other.clear();
        if to != PLAIN {
            push(&mut self.other, "0");
            set(&mut self.other, to.modifier);
            if to.fg != Color::Reset {
                colour(&mut self.other, 38, to.fg, is_bold);
            }
            if to.bg != Color::Reset {
                colour(&mut self.other, 48, to.bg, is_bold);
            }
        }
        let shorter = if self.other.len() < self.made.len() {
            &self.other
        } else {
            &self.made
        };
        write!(self.writer, "\x1b[{shorter}m")
    }
}

/// Whether a cell shows nothing at all, so that erasing it and writing it are the same.
fn is_empty(cell: &Cell) -> bool {
    cell.symbol() == " " && cell.bg == Color::Reset && !cell.modifier.intersects(ON_BLANKS)
}

fn push(parameters: &mut String, parameter: &str) {
    if !parameters.is_empty() {
        parameters.push(';');
    }
    parameters.push_str(parameter);
}

fn set(parameters: &mut String, modifiers: Modifier) {
    for (modifier, on, _) in MODIFIERS {
        if modifiers.contains(modifier) {
            push(parameters, on);
        }
    }
}

/// Adds a colour; `ground` is 38 for the letters, 48 for what is behind them. The sixteen named ones have
/// a short form; under bold letters they go by their numbers, so that no terminal makes them bright.
fn colour(parameters: &mut String, ground: u8, colour: Color, is_bold: bool) {
    use std::fmt::Write as _;
    let number = match colour {
        Color::Reset => {
            push(parameters, if ground == 38 { "39" } else { "49" });
            return;
        }
        Color::Rgb(red, green, blue) => {
            push(parameters, "");
            let _ = write!(parameters, "{ground};2;{red};{green};{blue}");
            return;
        }
        Color::Indexed(number) => number,
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
    };
    push(parameters, "");
    let _ = match number {
        0..=7 if !is_bold => write!(parameters, "{}", ground - 8 + number),
        8..=15 if !is_bold => write!(parameters, "{}", ground + 44 + number),
        _ => write!(parameters, "{ground};5;{number}"),
    };
}

impl<W: Write> Backend for Ansi<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut look = PLAIN;
        // Where the next letter lands, if that is known.
        let mut at: Option<Position> = None;
        self.row = None;
        let mut content = content.peekable();
        while let Some((x, y, cell)) = content.next() {
            self.move_to(at, x, y)?;
            self.row = Some(y);
            let mut wanted = Look {
                fg: cell.fg,
                bg: cell.bg,
                modifier: cell.modifier,
            };
            let symbol = cell.symbol();
            if symbol == " " && !(look.modifier | wanted.modifier).intersects(ON_BLANKS) {
                // Of a blank nothing shows but what is behind it.
                wanted = Look {
                    bg: cell.bg,
                    ..look
                };
            }
            if wanted != look {
                self.change(look, wanted)?;
                look = wanted;
            }
            if is_empty(cell) && look.bg == Color::Reset {
                let mut end = x + 1;
                while let Some(next) =
                    content.next_if(|next| next.1 == y && next.0 == end && is_empty(next.2))
                {
                    end = next.0 + 1;
                }
                let blanks = end - x;
                if blanks >= ERASED {
                    write!(self.writer, "\x1b[{blanks}X")?;
                    at = Some(Position { x, y });
                } else {
                    write!(self.writer, "{:1$}", "", usize::from(blanks))?;
                    at = Some(Position { x: end, y });
                }
                continue;
            }
            self.writer.write_all(symbol.as_bytes())?;
            // Not every terminal agrees on how wide the rest of Unicode is.
            let known = matches!(symbol.as_bytes(), [b' '..=b'~']) || NARROW.contains(&symbol);
            at = known.then_some(Position { x: x + 1, y });
        }
        if look != PLAIN {
            self.writer.write_all(b"\x1b[m")?;
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.cursor.replace(false) != Some(false) {
            queue!(self.writer, cursor::Hide)?;
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if self.cursor.replace(true) != Some(true) {
            queue!(self.writer, cursor::Show)?;
        }
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        // Some terminals never answer, and the event source may take the answer away.
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let Position { x, y } = position.into();
        self.row = None;
        self.move_to(None, x, y)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        let clear_type = match clear_type {
            ClearType::All => terminal::ClearType::All,
            ClearType::AfterCursor => terminal::ClearType::FromCursorDown,
            ClearType::BeforeCursor => terminal::ClearType::FromCursorUp,
            ClearType::CurrentLine => terminal::ClearType::CurrentLine,
            ClearType::UntilNewLine => terminal::ClearType::UntilNewLine,
        };
        queue!(self.writer, terminal::Clear(clear_type))?;
        self.writer.flush()
    }

    fn size(&self) -> io::Result<Size> {
        if let Some(size) = self.size.get() {
            return Ok(size);
        }
        let (width, height) = terminal::size()?;
        let size = Size { width, height };
        self.size.set(Some(size));
        Ok(size)
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        let size = terminal::window_size()?;
        Ok(WindowSize {
            columns_rows: Size {
                width: size.columns,
                height: size.rows,
            },
            pixels: Size {
                width: size.width,
                height: size.height,
            },
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

#[cfg(test)]
mod tests;
