//! The timeline's keys. The newest entry is the first; the cursor is bound to an entry, not to a
//! line.

use super::choice::travel;
use super::{Interface, Screen};
use crate::app::command::Command;
use crate::app::engine::Engine;
use crate::app::state::State;
use crate::domain::entry::Entry;

pub(super) fn run(state: &mut State, command: Command) {
    let count = state.engine.entries.len();
    match command {
        Command::Close => state.interface.show(Screen::Board),
        Command::Open => {
            let service = selected(state).and_then(|entry| entry.draft.service.clone());
            let environment = selected(state).and_then(|entry| entry.draft.environment.clone());
            let Some(row) = service.and_then(|service| state.engine.board.row(&service)) else {
                return;
            };
            let environment = environment.filter(|environment| row.cell(environment).is_some());
            let service = row.service.name.clone();
            if let (Some(environment), Some(cursor)) = (environment, &mut state.interface.cursor) {
                cursor.environment = environment;
            }
            state.interface.show(Screen::Detail(service));
        }
        _ => {
            let height = height(&state.interface);
            let timeline = &mut state.interface.timeline;
            if let Some(to) = travel(command, timeline.selected, count, height) {
                timeline.select(to, height);
                state.interface.timeline_at = (to > 0)
                    .then(|| selected(state).map(|entry| entry.seq))
                    .flatten();
            }
        }
    }
}

/// The selected entry.
pub(super) fn selected(state: &State) -> Option<&Entry> {
    let place = state.interface.timeline.selected;
    state.engine.entries.iter().rev().nth(place)
}

impl Interface {
    /// Keeps the cursor on its entry when newer ones came.
    pub(super) fn follow_timeline(&mut self, engine: &Engine) {
        let height = height(self);
        let place = self.timeline_at.and_then(|seq| {
            let mut entries = engine.entries.iter().rev();
            entries.position(|entry| entry.seq == seq)
        });
        if let Some(place) = place {
            // The lines above it move on with it.
            let above = self.timeline.selected.saturating_sub(self.timeline.offset);
            self.timeline.offset = place.saturating_sub(above);
            self.timeline.select(place, height);
        } else {
            let last = engine.entries.len().saturating_sub(1);
            let selected = self.timeline.selected.min(last);
            self.timeline.select(selected, height);
        }
    }
}

fn height(interface: &Interface) -> usize {
    usize::from(interface.rows.saturating_sub(8))
}

#[cfg(test)]
mod tests {
    use super::super::harness::{now, press, state};
    use super::*;
    use crate::app::effect::Effect;
    use crate::domain::entry::{Draft, Event};
    use crate::domain::hold::Cover;
    use crate::domain::ids::{Digest, Seq};

    fn add(state: &mut State, seq: i64, service: &str) {
        state.engine.entries.push_back(Entry {
            seq: Seq(seq),
            draft: Draft {
                at: now(),
                actor: "alice".into(),
                service: Some(service.into()),
                environment: Some("staging".into()),
                revision: None,
                reason: Some("why".to_owned()),
                policy: Digest::of(["p"]),
                event: Event::HoldLifted {
                    id: "h-1".into(),
                    cover: Cover::default(),
                },
            },
            previous: Digest::of(["a"]),
            hash: Digest::of(["b"]),
        });
    }

    fn seq(state: &State) -> Option<i64> {
        selected(state).map(|entry| entry.seq.0)
    }

    #[test]
    fn the_cursor_follows_the_newest_until_it_is_moved_and_then_stays_on_its_entry() {
        let mut state = state();
        add(&mut state, 1, "api");
        add(&mut state, 2, "search");
        press(&mut state, "3");
        assert_eq!(seq(&state), Some(2));
        add(&mut state, 3, "web");
        press(&mut state, "t");
        assert_eq!(seq(&state), Some(3));
        press(&mut state, "j");
        assert_eq!(seq(&state), Some(2));
        add(&mut state, 4, "api");
        press(&mut state, "t");
        assert_eq!(seq(&state), Some(2));
        assert_eq!(state.interface.timeline.selected, 2);
    }

    #[test]
    fn enter_opens_the_service_of_the_entry_and_y_copies_it() {
        let mut state = state();
        add(&mut state, 1, "search");
        press(&mut state, "3");
        let copied = press(&mut state, "y");
        assert!(
            matches!(copied.as_slice(), [Effect::Copy(line)] if line.contains("\"reason\":\"why\"")),
            "{copied:?}"
        );
        press(&mut state, "enter");
        assert_eq!(state.interface.screen, Screen::Detail("search".into()));
        let cursor = state.interface.cursor.clone().expect("a cursor");
        assert_eq!(cursor.environment.as_str(), "staging");
        press(&mut state, "-");
        assert_eq!(state.interface.screen, Screen::Timeline);
    }
}
