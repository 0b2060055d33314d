//! The mouse: what lies under it in the picture that is shown, and which clicks are two of one place.

use std::time::Duration;

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use tokio::time::Instant;

use crate::app::Msg;
use crate::app::interface::{Pointed, Target};

/// Two clicks on one place within this time are one double click.
const TWICE: Duration = Duration::from_millis(400);

/// What is kept of the last click.
#[derive(Debug, Default)]
pub(super) struct Pointer {
    last: Option<(u16, u16, Instant)>,
}

impl Pointer {
    /// Turns an event into a message; `at` says what lies at a place.
    pub fn message(
        &mut self,
        event: MouseEvent,
        now: Instant,
        at: impl Fn(u16, u16) -> Target,
    ) -> Option<Msg> {
        let (x, y) = (event.column, event.row);
        let pointed = match event.kind {
            MouseEventKind::Down(MouseButton::Left) => {
                let twice = self
                    .last
                    .take()
                    .is_some_and(|last| last.0 == x && last.1 == y && now <= last.2 + TWICE);
                if twice {
                    Pointed::Twice(at(x, y))
                } else {
                    self.last = Some((x, y, now));
                    Pointed::Click(at(x, y))
                }
            }
            MouseEventKind::ScrollDown => Pointed::Wheel { down: true },
            MouseEventKind::ScrollUp => Pointed::Wheel { down: false },
            MouseEventKind::Down(MouseButton::Right | MouseButton::Middle)
            | MouseEventKind::Up(_)
            | MouseEventKind::Drag(_)
            | MouseEventKind::Moved
            | MouseEventKind::ScrollLeft
            | MouseEventKind::ScrollRight => return None,
        };
        Some(Msg::Pointed(pointed))
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyModifiers;

    use super::*;

    #[test]
    fn two_clicks_on_one_place_in_time_are_a_double_click_and_three_are_no_second_one() {
        let from = crate::runtime::clock::tick();
        let mut pointer = Pointer::default();
        let mut click = |column, after: u64| {
            let event = MouseEvent {
                kind: MouseEventKind::Down(MouseButton::Left),
                column,
                row: 3,
                modifiers: KeyModifiers::NONE,
            };
            let now = from + Duration::from_millis(after);
            match pointer.message(event, now, |_, _| Target::Button(1)) {
                Some(Msg::Pointed(Pointed::Twice(_))) => true,
                Some(Msg::Pointed(Pointed::Click(_))) => false,
                other => panic!("{other:?}"),
            }
        };
        let seen = [(5, 0), (5, 300), (5, 500), (6, 600), (6, 1_200)];
        let twice: Vec<bool> = seen.map(|(x, after)| click(x, after)).to_vec();
        assert_eq!(twice, [false, true, false, false, false]);
    }
}
