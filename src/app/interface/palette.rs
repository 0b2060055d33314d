//! The line of `:`: its keys, and carrying out what was chosen. What is on offer is found in
//! `palette/choices.rs`.

use tui_input::Input;

use super::choice::turn;
use super::{Overlay, Screen, arrangement, custom};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::state::State;

mod choices;

use choices::Action;
pub use choices::{Choice, choices};

/// How many lines are remembered.
const REMEMBERED: usize = 50;

pub(super) fn run(state: &mut State, command: Command) -> Vec<Effect> {
    let Some(Overlay::Palette { input, selected }) = state.interface.overlays.last() else {
        return Vec::new();
    };
    let (typed, chosen) = (input.value().to_owned(), *selected);
    match command {
        Command::Close => {
            state.interface.overlays.pop();
        }
        Command::NextPane => complete(state, &typed, chosen),
        Command::Down => select(state, &typed, true),
        Command::Up | Command::PreviousPane => select(state, &typed, false),
        Command::Open => {
            // The whole name of a command of the operator's own means that one.
            if let Some(place) = state.interface.customs.named(typed.trim()) {
                state.interface.overlays.pop();
                return custom::start(state, place);
            }
            let found = choices(state, &typed);
            let Some(choice) = found.into_iter().nth(chosen) else {
                let why = format!("there is no command {typed:?} here");
                state.interface.say(false, why, state.now);
                return Vec::new();
            };
            return carry_out(state, choice);
        }
        _ => {}
    }
    Vec::new()
}

/// Puts the chosen line into the field, ready for what may follow it; if it stands there already,
/// chooses the next one.
fn complete(state: &mut State, typed: &str, chosen: usize) {
    let found = choices(state, typed);
    let Some(choice) = found.get(chosen) else {
        return;
    };
    if choice.line.trim_end() == typed.trim_end() {
        return select(state, typed, true);
    }
    let line = format!("{} ", choice.line.trim_end());
    if let Some(Overlay::Palette { input, selected }) = state.interface.overlays.last_mut() {
        *input = Input::new(line);
        *selected = 0;
    }
}

fn select(state: &mut State, typed: &str, forward: bool) {
    let count = choices(state, typed).len();
    if let Some(Overlay::Palette { selected, .. }) = state.interface.overlays.last_mut() {
        *selected = turn(*selected, count, forward);
    }
}

fn carry_out(state: &mut State, choice: Choice) -> Vec<Effect> {
    // A line from before comes back into the field: what it means may have changed since.
    if let Action::Again(line) = &choice.action {
        if let Some(Overlay::Palette { input, selected }) = state.interface.overlays.last_mut() {
            *input = Input::new(line.clone());
            *selected = 0;
        }
        return Vec::new();
    }
    state.interface.overlays.pop();
    state.interface.remember(&choice.line);
    // A blocked change still opens its dialog, which says why not in full.
    if let Some(why) = choice.blocked.as_ref().filter(|_| !choice.changes()) {
        let why = format!("{}: {why}", choice.line);
        state.interface.say(false, why, state.now);
        return Vec::new();
    }
    match choice.action {
        Action::Run(command) => return super::run(state, command),
        Action::At(command, cursor) => {
            // What is named is meant, not what is marked; the marks stay for later.
            let marks = std::mem::take(&mut state.interface.marks);
            state.interface.range = None;
            state.interface.cursor = Some(cursor);
            let effects = match command {
                // On its cell, not on the hold that a list has selected.
                Command::Hold => {
                    super::hold::on_cell(state);
                    Vec::new()
                }
                _ => super::screen(state, command),
            };
            state.interface.marks = marks;
            return effects;
        }
        Action::Service(service) => state.interface.show(Screen::Detail(service)),
        Action::Release(name) => {
            state.interface.release = Some(name);
            state.interface.show(Screen::Release);
        }
        Action::View(name) => arrangement::choose(state, &name),
        Action::Sort(sort) => state.interface.sort = sort,
        Action::Group(group) => state.interface.group = group,
        Action::Filter(text) => state.interface.filter = text,
        Action::Again(_) => {}
    }
    state.interface.arrange(&state.engine, state.now);
    Vec::new()
}

impl super::Interface {
    /// Remembers a line of the palette, the newest last, each once.
    fn remember(&mut self, line: &str) {
        let before = &mut self.said_before;
        before.retain(|known| known != line);
        before.push(line.to_owned());
        if before.len() > REMEMBERED {
            before.remove(0);
        }
    }
}

#[cfg(test)]
mod tests;
