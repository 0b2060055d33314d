//! Help, errors and messages: lists over the screen that change nothing.

use super::choice::travel;
use super::{ListCursor, Overlay, changes, leave, link};
use crate::app::command::{self, Command};
use crate::app::effect::Effect;
use crate::app::state::State;

/// Opens a list; messages begin at the newest.
pub(super) fn open(state: &mut State, command: Command) {
    let overlay = match command {
        Command::Errors => Overlay::Errors {
            list: ListCursor::default(),
        },
        Command::Messages => Overlay::Messages { offset: 0 },
        _ => Overlay::Help { offset: 0 },
    };
    state.interface.overlays.push(overlay);
}

pub(super) fn run(state: &mut State, command: Command) -> Vec<Effect> {
    let showing = match state.interface.overlays.last() {
        Some(Overlay::Errors { .. }) => Command::Errors,
        Some(Overlay::Changes { .. }) => Command::Changes,
        Some(Overlay::Messages { .. }) => Command::Messages,
        _ => Command::Help,
    };
    match command {
        Command::Close => close(state),
        Command::Changes => {
            let closed = matches!(
                state.interface.overlays.last(),
                Some(Overlay::Changes { .. })
            );
            close(state);
            if !closed {
                changes::open(state);
            }
        }
        Command::Errors | Command::Messages | Command::Help => {
            close(state);
            // The same key again closes, another one changes over.
            if command != showing {
                open(state, command);
            }
        }
        Command::Palette => {
            close(state);
            return super::screen(state, command);
        }
        Command::Quit => return leave::ask(state),
        Command::Copy => return link::copy(state),
        _ => travel_in(state, command),
    }
    Vec::new()
}

/// Closes the list; errors that were shown have been read.
fn close(state: &mut State) {
    if let Some(Overlay::Changes { .. }) = state.interface.overlays.last() {
        changes::close(state);
    } else if let Some(Overlay::Errors { .. }) = state.interface.overlays.pop() {
        for problem in &mut state.interface.problems {
            problem.read = true;
        }
    }
}

fn travel_in(state: &mut State, command: Command) {
    let height = usize::from(state.interface.rows.saturating_sub(6)).max(1);
    let sections = command::help(state);
    let messages = state.interface.messages.len();
    let problems = state.interface.problems.len();
    let changed = match state.interface.overlays.last() {
        Some(Overlay::Changes { .. }) => changes::lines(state).len(),
        _ => 0,
    };
    match state.interface.overlays.last_mut() {
        Some(Overlay::Help { offset }) => {
            // A heading and a line each; the last page stays full where lines are one a key.
            let count: usize = sections.iter().map(|section| section.hints.len() + 1).sum();
            if let Some(to) = travel(command, *offset, count, height) {
                *offset = to;
            }
        }
        Some(Overlay::Changes { offset }) => {
            if let Some(to) = travel(command, *offset, changed, height) {
                *offset = to;
            }
        }
        Some(Overlay::Messages { offset }) => {
            if let Some(to) = travel(command, *offset, messages, height) {
                *offset = to;
            }
        }
        Some(Overlay::Errors { list }) => {
            if let Some(to) = travel(command, list.selected, problems, height) {
                list.select(to, height);
            }
        }
        _ => {}
    }
}
