//! The line of `:`: its keys, and carrying out what was chosen. What is on offer is found in
//! `palette/choices.rs`, what may follow a command in `palette/arguments.rs`.

use tui_input::Input;

use super::choice::turn;
use super::{DetailTab, Overlay, Screen, arrangement, custom, detail, log};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::state::State;

mod arguments;
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
            let found = choices(state, &typed);
            let Some(choice) = found.into_iter().nth(chosen) else {
                let why = match typed.trim().strip_prefix("theme ") {
                    Some(name) => format!(
                        "there is no theme {:?}; a file is named in the config: [ui] theme = \"mine.toml\"",
                        name.trim()
                    ),
                    None => format!("there is no command {typed:?} here"),
                };
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
    let stands = |choice: &&Choice| choice.line.trim_end() == typed.trim_end();
    let Some(mut choice) = found.get(chosen) else {
        return;
    };
    if stands(&choice) {
        // A filter stands there as it is, and goes on to what comes after it.
        let longer = found.get(chosen + 1);
        let longer = longer.filter(|longer| matches!(longer.action, Action::Filter(_)));
        let Some(longer) = longer else {
            return select(state, typed, true);
        };
        choice = longer;
    }
    let line = choice.line.trim_end();
    // The value of a field follows without a blank.
    let blank = if line.ends_with(':') { "" } else { " " };
    let line = format!("{line}{blank}");
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
        Action::On(command, release) => {
            state.interface.release = Some(release);
            state.interface.show(Screen::Release);
            return super::screen(state, command);
        }
        Action::Member(name, service) => {
            super::release::show_member(state, name, &service);
            return super::screen(state, Command::DropService);
        }
        Action::Custom(place, at) => return custom::start(state, place, at),
        Action::Log(cursor) => {
            let (board, service) = (&state.engine.board, &cursor.service);
            let row = board.row(service);
            let cell = row.and_then(|row| Some((row, row.cell(&cursor.environment)?)));
            let run = cell.and_then(|(row, cell)| log::run_in(row, cell));
            state.interface.log.show(service, None, run);
            state.interface.show(Screen::Detail(cursor.service.clone()));
            state.interface.cursor = Some(cursor);
            state.interface.tab = DetailTab::Log;
        }
        Action::Forge(name) => state.interface.show(Screen::Forge(name)),
        Action::Theme(name) => {
            state.interface.theme = Some(name.clone());
            return vec![Effect::Theme(name)];
        }
        Action::Column(name) => state.interface.turn_column(&name),
        Action::Service(service) => detail::open(state, service),
        Action::Release(name) => {
            state.interface.release = Some(name);
            state.interface.show(Screen::Release);
        }
        Action::View(name) => arrangement::choose(state, &name),
        Action::Sort(sort) => state.interface.sort = sort,
        Action::ListSort(sort) => {
            if let Some(overview) = state.interface.overview() {
                state.interface.overviews.sort(overview, sort);
            }
        }
        Action::Group(group) => state.interface.group = group,
        Action::Filter(text) => state.interface.filter_anew(text),
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
