//! The line of `/`: enter keeps what was typed, tab completes it, esc goes back to what was there before.

use tui_input::Input;

use super::{Overlay, order, overlay};
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
        Command::NextPane => complete(state),
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

/// Completes the last word, by the first of what it may become.
fn complete(state: &mut State) {
    let Some(Overlay::Filter { input, .. }) = state.interface.overlays.last() else {
        return;
    };
    let longer = order::completion::completions(state, input.value());
    let Some(longer) = longer.into_iter().next() else {
        return;
    };
    if let Some(Overlay::Filter { input, .. }) = state.interface.overlays.last_mut() {
        *input = Input::new(longer);
    }
    overlay::typed(state);
}
