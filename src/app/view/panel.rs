//! The parts that a picture is put together from: bars, tables, panels, dialogs. They say what
//! stands in them and what gives way first; the columns are counted in `ui`.

use std::borrow::Cow;
use std::sync::Arc;

use super::line::{Line, Span, Tone, width};

/// One row of parts; where the room is short, the parts of the highest rank go first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bar {
    pub left: Vec<Part>,
    pub right: Vec<Part>,
}

/// One part of a bar. Rank 0 stays to the last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    pub line: Line,
    pub rank: u8,
}

impl Bar {
    #[must_use]
    pub fn left(mut self, rank: u8, line: Line) -> Self {
        if !line.is_empty() {
            self.left.push(Part { line, rank });
        }
        self
    }

    #[must_use]
    pub fn right(mut self, rank: u8, line: Line) -> Self {
        if !line.is_empty() {
            self.right.push(Part { line, rank });
        }
        self
    }
}

/// A column of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    pub title: Cow<'static, str>,
    /// It is never made narrower than this; it goes instead. One that takes the room that is left
    /// stays: others go before it has less than this.
    pub least: u16,
    /// Columns of the highest rank go first; rank 0 stays.
    pub rank: u8,
    /// Takes the room that is left.
    pub grows: bool,
    /// Good to know beside the others: it goes before any of their texts is cut.
    pub aside: bool,
    /// Its title's; a heading's where none is given.
    pub tone: Option<Tone>,
}

/// A cell of a table: two parts, each aligned with those above and below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    pub head: Line,
    pub tail: Line,
}

impl Entry {
    pub fn of(head: Line) -> Self {
        Self {
            head,
            ..Self::default()
        }
    }
}

/// A row of a table, or a heading between rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    Entries {
        cells: Arc<[Entry]>,
        cursor: bool,
        /// Which of the cells the cursor is on: it stands in brackets, and the row's name stands out.
        selected: Option<usize>,
        marked: bool,
    },
    Heading(Line),
}

/// Rows under column titles; only the rows that are seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
}

/// What stands in a panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Lines(Vec<Line>),
    Table(Table),
}

/// A titled part of the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panel {
    /// No title, no line above it.
    pub title: Option<Bar>,
    pub content: Content,
    /// Rows of the screen, the title's included.
    pub height: u16,
}

/// What lies over the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialog {
    pub title: Line,
    pub lines: Vec<Line>,
    /// The line that must be seen, if the dialog is longer than the screen.
    pub focus: Option<usize>,
    /// What is asked for, where it always stays in sight: between the lines and the foot.
    pub fields: Vec<Line>,
    /// Lines at the bottom that always stay: the buttons and the keys.
    pub foot: Vec<Line>,
    pub width: u16,
    pub caret: Option<Caret>,
    pub scroll: Scroll,
}

/// How far a dialog that is longer than the screen was moved, and by which keys it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scroll {
    pub offset: usize,
    pub keys: String,
}

/// Where the text cursor stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caret {
    /// Among `fields`, or else among `lines`.
    pub in_fields: bool,
    pub line: usize,
    pub column: u16,
}

impl Dialog {
    /// How many of its lines a screen of `rows` rows shows at once.
    pub fn seen(&self, rows: u16) -> usize {
        let rest = self.fields.len() + self.foot.len() + 2;
        usize::from(rows).saturating_sub(rest).min(self.lines.len())
    }

    /// The farthest that it can be moved on a screen of `rows` rows.
    pub fn most(&self, rows: u16) -> usize {
        self.lines.len() - self.seen(rows)
    }

    /// Its buttons, from the left, each with the column that it begins in: what stands out in the
    /// second line of the foot.
    pub fn buttons(&self) -> impl Iterator<Item = (usize, &Span)> {
        let line = self.foot.get(1).map_or(&[][..], |line| line.0.as_slice());
        let mut column = 0;
        line.iter().filter_map(move |span| {
            let at = column;
            column += width(&span.text);
            let is_button = matches!(span.tone, Tone::Focus | Tone::Strong | Tone::Struck);
            is_button.then_some((at, span))
        })
    }
}
