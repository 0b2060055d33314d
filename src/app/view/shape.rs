//! How the screen is shared out: which parts there are at a size, and how many rows each gets. The
//! view builds no more than fits, and `ui` draws by the same numbers.

use crate::app::interface::{Interface, Screen};

/// The shares of a screen.
///
/// ```text
/// header            1-2 rows        sentence and counts
/// main       | side                 matrix, peek           | from 120 columns on
/// footer            1-4 rows        line, message, keys
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub columns: u16,
    pub rows: u16,
    pub header: u16,
    pub footer: u16,
    /// Rows between header and footer.
    pub body: u16,
    /// Columns of the right side, its line included; 0 where there is none.
    pub side: u16,
    /// Rows of the peek pane, its title included; 0 where there is none.
    pub peek: u16,
    /// Rows of the right side that the log of what is in flight may take, its title included; 0 where
    /// there is no room for it.
    pub tail: u16,
}

impl Shape {
    pub fn of(interface: &Interface) -> Self {
        let board = matches!(interface.screen, Screen::Board);
        Self::new(interface, board)
    }

    fn new(interface: &Interface, board: bool) -> Self {
        let (columns, rows) = (interface.columns, interface.rows);
        let peek = board && interface.peek;
        let header = if rows >= 20 && columns >= 60 { 2 } else { 1 };
        let footer = match rows {
            // What is wrong and what size is needed are worth more than keys.
            0..=4 => 1,
            5..=11 => 2,
            12..=19 => 3,
            _ => 4,
        };
        let body = rows.saturating_sub(header + footer);
        let side = if columns >= 120 && rows >= 24 {
            (columns * 3 / 10).clamp(40, 58)
        } else {
            0
        };
        let peek = if peek && columns >= 80 && rows >= 24 {
            // Where the matrix has room anyway, the cell under the cursor tells more.
            let share = if rows >= 50 { body * 2 / 5 } else { body / 3 };
            share.clamp(6, 24)
        } else {
            0
        };
        let tail = if board && columns >= 160 && rows >= 40 {
            (body / 5).clamp(7, 14)
        } else {
            0
        };
        Self {
            columns,
            rows,
            header,
            footer,
            body,
            side,
            peek,
            tail,
        }
    }

    /// Too small for the matrix: only the countdown and what is wrong are shown.
    pub fn is_tiny(self) -> bool {
        self.columns < 60 || self.rows < 12
    }

    /// Columns left of the side.
    pub fn main(self) -> u16 {
        self.columns.saturating_sub(self.side)
    }

    /// Rows of the matrix that services can stand in, below the panel's title and column titles.
    pub fn matrix(self) -> usize {
        usize::from(self.body.saturating_sub(self.peek + 2))
    }
}
