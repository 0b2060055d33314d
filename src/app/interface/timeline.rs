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
