//! Going from screen to screen, and back. What the places are lives in `place.rs`; which keys lead where,
//! in `interface.rs`.

use super::place::{Pane, Place, Screen};
use super::{Interface, tour};

impl Interface {
    /// Goes to another screen and remembers this one.
    pub(super) fn show(&mut self, screen: Screen) {
        if screen == self.screen {
            return;
        }
        let left = self.here();
        self.keep_cursor_for(&screen);
        if let (Screen::Detail(service), Some(cursor)) = (&screen, &mut self.cursor) {
            cursor.service = service.clone();
        }
        if matches!(screen, Screen::Detail(_)) {
            self.toured(tour::Step::Why);
        }
        self.detail_offset = 0;
        self.pane = Pane::default();
        self.range = None;
        self.screen = screen;
        self.last = Some(left);
    }

    fn here(&self) -> Place {
        Place {
            screen: self.screen.clone(),
            cursor: self.cursor.clone(),
            tab: self.tab,
            detail_offset: self.detail_offset,
        }
    }

    /// Goes to the place before this one, with its cursor, and remembers this one.
    pub(super) fn go_back(&mut self) {
        let Some(last) = self.last.take() else { return };
        self.show(last.screen);
        if last.cursor.is_some() {
            self.cursor = last.cursor;
        }
        self.tab = last.tab;
        self.detail_offset = last.detail_offset;
    }
}
