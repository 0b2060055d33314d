//! The line of `/`: enter keeps what was typed, esc goes back to what was there before.

use super::Overlay;
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::state::State;

pub(super) fn run(state: &mut State, command: Command) -> Vec<Effect> {
    match command {
        Command::Open => {
            state.interface.overlays.pop();
        }
        Command::Close => {
            if let Some(Overlay::Filter { before, .. }) = state.interface.overlays.pop() {
                state.interface.filter = before;
                state.interface.arrange(&state.engine, state.now);
            }
        }
        // Moving among the rows that are left, without closing the line.
        Command::Down | Command::Up => {
            let down = command == Command::Down;
            let count = state.interface.order.len();
            let place = state.interface.place().map(|place| {
                let next = if down {
                    place + 1
                } else {
                    place.saturating_sub(1)
                };
                next.min(count.saturating_sub(1))
            });
            let service = place.and_then(|place| state.interface.order.get(place).cloned());
            if let (Some(service), Some(cursor)) = (service, &mut state.interface.cursor) {
                cursor.service = service;
            }
        }
        _ => {}
    }
    Vec::new()
}
