//! Picture upon picture, the terminal shows what each would show alone.

use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

use super::*;
use crate::app::interface::harness::press;
use crate::app::state::State;
use crate::app::view::{Memory, remembering, scenes, view};
use crate::app::{Msg, update};
use crate::ui::tests::{DIALOGS, SCREENS, SIZES};

/// A terminal: what is written to it stays until something else is.
pub(in crate::ui) struct Screen {
    canvas: Canvas,
    memory: Memory,
    cells: Buffer,
}

impl Screen {
    pub fn new(columns: u16, rows: u16) -> Self {
        let mut screen = Self {
            canvas: Canvas::default(),
            memory: Memory::default(),
            cells: Buffer::default(),
        };
        screen.resize(columns, rows);
        screen
    }

    fn resize(&mut self, columns: u16, rows: u16) {
        let size = Size::new(columns, rows);
        self.canvas.resize(size);
        self.cells = Buffer::empty(Rect::from((Position::ORIGIN, size)));
    }

    /// Draws what a state shows, and says where that is not what is seen then.
    pub fn wrong(&mut self, state: &State, theme: &Theme) -> Option<((u16, u16), String)> {
        let picture = remembering(state, &mut self.memory);
        assert_eq!(picture, view(state), "what is remembered still stands");
        self.canvas.paint(picture, theme);
        for (x, y, cell) in self.canvas.rows.different() {
            let end = x.saturating_add(u16::try_from(cell.symbol().width().max(1)).unwrap());
            for covered in x + 1..end.min(self.cells.area.right()) {
                self.cells[(covered, y)] = Cell::default();
            }
            self.cells[(x, y)] = cell.clone();
        }
        self.canvas.rows.sent();
        let area = self.cells.area;
        let alone = render(&view(state), area.width, area.height, theme);
        let pairs = self.cells.content.iter().zip(&alone.content);
        let mut covered = 0;
        for (place, (seen, meant)) in pairs.enumerate() {
            // What lies under a wide sign is not seen.
            if covered > 0 {
                covered -= 1;
                continue;
            }
            covered = meant.symbol().width().saturating_sub(1);
            if seen != meant {
                return Some((alone.pos_of(place), format!("{seen:?} for {meant:?}")));
            }
        }
        None
    }
}

#[test]
fn no_picture_leaves_anything_behind() {
    let mut screen = Screen::new(1, 1);
    for (columns, rows) in SIZES {
        screen.resize(columns, rows);
        for theme in [Theme::dark(), Theme::light()] {
            for (name, scene) in SCREENS.iter().chain(DIALOGS) {
                // Each scene is a state of its own.
                screen.memory = Memory::default();
                let wrong = screen.wrong(&scene(columns, rows), &theme);
                assert_eq!(wrong, None, "{name} at {columns}x{rows}");
            }
        }
    }
}

#[test]
fn a_move_of_the_cursor_paints_the_two_rows_and_what_is_said_of_the_cell() {
    let mut state = scenes::many(200, 120, 36);
    let mut screen = Screen::new(120, 36);
    let theme = Theme::dark();
    press(&mut state, "g");
    assert_eq!(screen.wrong(&state, &theme), None);
    assert_eq!(screen.wrong(&state, &theme), None);
    press(&mut state, "j");
    screen
        .canvas
        .paint(remembering(&state, &mut screen.memory), &theme);
    let rows = screen.canvas.rows.changed.iter();
    let painted = rows.filter(|changed| **changed).count();
    assert!((2..=20).contains(&painted), "{painted} rows are painted");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Up and down, across, filtered, marked, sorted, and a second later now and then.
    #[test]
    fn wherever_the_cursor_goes_the_board_is_the_one_that_would_be_made_anew(
        keys in prop::collection::vec(
            prop::sample::select(vec![
                "j", "j", "k", "l", "h", "g", "G", "ctrl-d", "n", "space", "v", "s", "p", "z", "t", "second",
            ]),
            1..24,
        ),
        columns in 50_u16..200,
        rows in 12_u16..60,
    ) {
        let mut state = scenes::busy(columns, rows);
        let mut screen = Screen::new(columns, rows);
        for key in keys {
            if key == "second" {
                let now = state.now + jiff::SignedDuration::from_secs(1);
                update(&mut state, now, Msg::Tick);
            } else {
                press(&mut state, key);
            }
            prop_assert_eq!(screen.wrong(&state, &Theme::dark()), None, "after {}", key);
        }
    }
}

/// To step over a cell costs three bytes, to send it again one; but not in other colours.
#[test]
fn what_lies_between_two_changes_is_sent_again_where_it_looks_alike() {
    let row = |text: &str| Buffer::with_lines([text]);
    let columns = |before: &Buffer, after: &Buffer| {
        let cells = bridged(before.diff_iter(after), after);
        cells.map(|(x, _, _)| x).collect::<Vec<_>>()
    };
    let before = row("a1b2c3d4      5");
    assert_eq!(columns(&before, &row("x1b2c3d4      5")), [0]);
    assert_eq!(
        columns(&before, &row("x1y2c3z4      5")),
        [0, 1, 2, 3, 4, 5, 6]
    );
    assert_eq!(
        columns(&before, &row("x1b2c3d4      6")),
        [0, 14],
        "too far"
    );
    let mut bold = row("x1y2c3d4      5");
    bold[(1, 0)].set_style(ratatui::style::Style::new().bold());
    let mut known = before.clone();
    known[(1, 0)].set_style(ratatui::style::Style::new().bold());
    assert_eq!(columns(&known, &bold), [0, 2], "it looks otherwise");
    let before = row("a\u{2500}b");
    assert_eq!(
        columns(&before, &row("x\u{2500}y")),
        [0, 2],
        "how wide it is, nobody knows"
    );
}
