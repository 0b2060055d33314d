//! What the backend writes is what was meant, and how many bytes that takes for the board's own
//! pictures.

use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::*;
use crate::app::state::State;
use crate::app::view::scenes::{ago, many, select};
use crate::app::view::view;
use crate::ui::{Canvas, Theme};

const COLUMNS: u16 = 200;
const ROWS: u16 = 50;

/// A terminal of this size whose bytes are kept.
struct Sink {
    terminal: Ansi<Vec<u8>>,
    canvas: Canvas,
}

impl Sink {
    fn new() -> Self {
        let terminal = Ansi::new(Vec::new());
        terminal.size.set(Some(Size::new(COLUMNS, ROWS)));
        Self {
            terminal,
            canvas: Canvas::default(),
        }
    }

    /// Draws the board, and says how many bytes went to the terminal.
    fn frame(&mut self, state: &State) -> usize {
        self.terminal.writer.clear();
        let drawn = self
            .canvas
            .draw(view(state), &Theme::dark(), &mut self.terminal);
        drawn.unwrap();
        self.terminal.writer.len()
    }
}

#[test]
fn a_whole_picture_costs_little_and_the_same_again_nothing() {
    let mut state = many(1_000, COLUMNS, ROWS);
    let mut sink = Sink::new();
    let whole = sink.frame(&state);
    assert!((2_000..=20_000).contains(&whole), "{whole} bytes");
    assert_eq!(sink.frame(&state), 0);
    state.engine.forges.clear();
    assert_ne!(sink.frame(&state), 0);
}

#[test]
fn one_cell_that_changed_costs_one_move_and_its_letters() {
    let mut state = many(1_000, COLUMNS, ROWS);
    select(&mut state, "service-00003", "prod");
    let mut sink = Sink::new();
    sink.frame(&state);
    let other = state.engine.board.rows.get_mut(7).unwrap();
    let cell = other.cells.get_mut(2).unwrap();
    cell.ahead = Some(99);
    let bytes = sink.frame(&state);
    assert!((1..=64).contains(&bytes), "{bytes} bytes");
}

#[test]
fn moving_the_selection_costs_two_rows_and_what_the_peek_says() {
    let mut state = many(1_000, COLUMNS, ROWS);
    select(&mut state, "service-00003", "prod");
    let mut sink = Sink::new();
    sink.frame(&state);
    select(&mut state, "service-00004", "prod");
    let bytes = sink.frame(&state);
    assert!((100..=700).contains(&bytes), "{bytes} bytes");
}

#[test]
fn a_second_that_passes_costs_the_ages_alone() {
    let mut state = many(1_000, COLUMNS, ROWS);
    let mut sink = Sink::new();
    sink.frame(&state);
    state.now = ago(-1);
    let bytes = sink.frame(&state);
    assert!((1..=300).contains(&bytes), "{bytes} bytes");
}

#[test]
fn many_blanks_are_erased_and_what_comes_after_them_stands_where_it_should() {
    let area = Rect::new(0, 0, 60, 2);
    let mut shown = Buffer::empty(area);
    shown.set_string(0, 0, "x".repeat(60), Style::new());
    shown.set_string(0, 1, "✓ ◇ 日本 ✓ read", Style::new().fg(Color::Green));
    let mut next = Buffer::empty(area);
    next.set_string(40, 0, "end", Style::new().fg(Color::Yellow));
    next.set_string(0, 1, "✓ ◇ 日本 ✗ READ", Style::new().fg(Color::Green));
    let mut screen = vt100::Parser::new(area.height, area.width, 0);
    let mut backend = Ansi::new(Vec::new());
    let blank = Buffer::empty(area);
    backend.draw(blank.diff(&shown).into_iter()).unwrap();
    screen.process(&std::mem::take(&mut backend.writer));
    backend.draw(shown.diff(&next).into_iter()).unwrap();
    let bytes = std::mem::take(&mut backend.writer);
    assert!(bytes.len() < 60, "{:?}", String::from_utf8_lossy(&bytes));
    screen.process(&bytes);
    let text = screen.screen().contents();
    assert_eq!(text.lines().next().map(str::trim), Some("end"));
    assert_eq!(text.lines().next().map(str::len), Some(43));
    assert_eq!(text.lines().nth(1), Some("✓ ◇ 日本 ✗ READ"));
}

#[test]
fn a_colour_is_short_but_under_bold_letters_which_no_terminal_shall_brighten() {
    let green = Style::new().fg(Color::Green);
    let bold = green.add_modifier(Modifier::BOLD);
    let mut cells = [Cell::new("a"), Cell::new("b"), Cell::new("c")];
    for (cell, style) in cells.iter_mut().zip([green, bold, green]) {
        cell.set_style(style);
    }
    let mut backend = Ansi::new(Vec::new());
    let cells = (0..).zip(&cells).map(|(x, cell)| (x, 0, cell));
    backend.draw(cells).unwrap();
    let bytes = String::from_utf8(backend.writer).unwrap();
    assert_eq!(bytes, "\x1b[1;1H\x1b[32ma\x1b[1;38;5;2mb\x1b[22mc\x1b[m");
}

fn colours() -> impl Strategy<Value = Color> {
    prop_oneof![
        Just(Color::Reset),
        Just(Color::Red),
        Just(Color::White),
        any::<u8>().prop_map(Color::Indexed),
        (0..3_u8).prop_map(|red| Color::Rgb(red, 20, 30)),
    ]
}

fn cells() -> impl Strategy<Value = (&'static str, Style)> {
    let symbols = prop_oneof![Just(" "), Just("x"), Just("é"), Just("▸"), Just("│")];
    // The terminal of these tests knows either bold or dim.
    let weight = prop_oneof![
        Just(Modifier::empty()),
        Just(Modifier::BOLD),
        Just(Modifier::DIM)
    ];
    let others = vec![Modifier::ITALIC, Modifier::UNDERLINED, Modifier::REVERSED];
    let others = prop::sample::subsequence(others, 0..=3);
    let modifiers = (weight, others)
        .prop_map(|(weight, others)| others.into_iter().fold(weight, Modifier::union));
    (symbols, colours(), colours(), modifiers).prop_map(|(symbol, fg, bg, modifier)| {
        (symbol, Style::new().fg(fg).bg(bg).add_modifier(modifier))
    })
}

fn meant(colour: Color) -> vt100::Color {
    match colour {
        Color::Red => vt100::Color::Idx(1),
        Color::White => vt100::Color::Idx(15),
        Color::Indexed(number) => vt100::Color::Idx(number),
        Color::Rgb(red, green, blue) => vt100::Color::Rgb(red, green, blue),
        _ => vt100::Color::Default,
    }
}

proptest! {
    /// Picture after picture, the terminal shows what was drawn.
    #[test]
    fn the_terminal_shows_what_was_drawn(
        pictures in prop::collection::vec(prop::collection::vec(cells(), 24), 1..4),
    ) {
        let area = Rect::new(0, 0, 8, 3);
        let mut screen = vt100::Parser::new(area.height, area.width, 0);
        let mut backend = Ansi::new(Vec::new());
        let mut shown = Buffer::empty(area);
        for picture in pictures {
            let mut next = Buffer::empty(area);
            for (cell, (symbol, style)) in next.content.iter_mut().zip(&picture) {
                cell.set_symbol(symbol).set_style(*style);
            }
            backend.draw(shown.diff(&next).into_iter()).unwrap();
            screen.process(&std::mem::take(&mut backend.writer));
            shown = next;
            for row in 0..area.height {
                for column in 0..area.width {
                    let wanted = &shown[(column, row)];
                    let cell = screen.screen().cell(row, column).unwrap();
                    let text = if cell.has_contents() { cell.contents() } else { " " };
                    prop_assert_eq!(text, wanted.symbol());
                    prop_assert_eq!(cell.bgcolor(), meant(wanted.bg));
                    prop_assert_eq!(cell.underline(), wanted.modifier.contains(Modifier::UNDERLINED));
                    prop_assert_eq!(cell.inverse(), wanted.modifier.contains(Modifier::REVERSED));
                    let seen = wanted.symbol() != " " || wanted.modifier.intersects(ON_BLANKS);
                    if seen {
                        prop_assert_eq!(cell.fgcolor(), meant(wanted.fg));
                        prop_assert_eq!(cell.bold(), wanted.modifier.contains(Modifier::BOLD));
                        prop_assert_eq!(cell.dim(), wanted.modifier.contains(Modifier::DIM));
                        prop_assert_eq!(cell.italic(), wanted.modifier.contains(Modifier::ITALIC));
                    }
                }
            }
        }
    }
}
