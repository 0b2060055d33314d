//! The line of `/`, on the board and over each list: enter keeps what was typed, tab completes it, esc
//! goes back to what was there before. What a filter means is in `order/query.rs`, for the lists in
//! `overview/query.rs`.

use std::collections::BTreeSet;

use tui_input::Input;

use super::order::completion::{self, complete};
use super::overview::query::{self, Field};
use super::overview::{self, Overview};
use super::{Interface, Overlay, order, overlay};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::state::State;
use crate::domain::entry::How;

/// Lines of a list that are looked at for what a field can be.
const LOOKED_AT: usize = 5_000;

impl Interface {
    /// The filter of what fills the screen: a list's own, else the board's.
    pub fn filter_here(&self) -> &str {
        match self.overview() {
            Some(overview) => &self.overviews.of(overview).filter,
            None => &self.filter,
        }
    }

    /// Puts another filter in its place.
    pub(super) fn filter_anew(&mut self, text: String) {
        match self.overview() {
            Some(overview) => self.overviews.of_mut(overview).filter = text,
            None => self.filter = text,
        }
    }

    /// What is wrong with a filter here, in words.
    pub fn filter_problems(&self, text: &str) -> Vec<String> {
        match self.overview() {
            Some(overview) => query::Query::parse(overview, text).problems,
            None => {
                let unclear = order::query::Query::parse(text).problems;
                unclear.iter().map(ToString::to_string).collect()
            }
        }
    }

    /// What the filter understands here.
    pub fn filter_fields(&self) -> String {
        match self.overview() {
            Some(overview) => query::fields(overview),
            None => order::query::FIELDS.to_owned(),
        }
    }
}

/// What is typed or pasted takes the place of what was chosen as a whole; any other key that edits goes
/// on with it.
pub(super) fn begin(state: &mut State, replaces: bool) {
    let Some(Overlay::Filter { input, chosen, .. }) = state.interface.overlays.last_mut() else {
        return;
    };
    if std::mem::take(chosen) && replaces {
        *input = Input::default();
    }
}

/// Opens the line on what filters now, all of it chosen.
pub(super) fn open(interface: &mut Interface) {
    let before = interface.filter_here().to_owned();
    interface.overlays.push(Overlay::Filter {
        input: Input::new(before.clone()),
        chosen: !before.is_empty(),
        before,
    });
}

pub(super) fn run(state: &mut State, command: Command) -> Vec<Effect> {
    match command {
        Command::Open => {
            state.interface.overlays.pop();
            let problems = state
                .interface
                .filter_problems(state.interface.filter_here());
            if let Some(why) = problems.into_iter().next() {
                state.interface.say(false, why, state.now);
            }
        }
        Command::Close => {
            if let Some(Overlay::Filter { before, .. }) = state.interface.overlays.pop() {
                state.interface.filter_anew(before);
                state.interface.arrange(&state.engine, state.now);
            }
        }
        Command::NextPane => complete_last(state),
        // Moving among the rows that are left, without closing the line.
        Command::Down | Command::Up => match state.interface.overview() {
            Some(overview) => overview::travel_in(state, overview, command),
            None => along_the_board(state, command),
        },
        _ => {}
    }
    Vec::new()
}

fn along_the_board(state: &mut State, command: Command) {
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

/// Completes the last word, by the first of what it may become.
fn complete_last(state: &mut State) {
    let Some(Overlay::Filter { input, .. }) = state.interface.overlays.last() else {
        return;
    };
    let longer = completions(state, input.value());
    let Some(longer) = longer.into_iter().next() else {
        return;
    };
    if let Some(Overlay::Filter { input, .. }) = state.interface.overlays.last_mut() {
        *input = Input::new(longer);
    }
    overlay::typed(state);
}

/// What a filter may go on to here.
pub(super) fn completions(state: &State, text: &str) -> Vec<String> {
    let Some(overview) = state.interface.overview() else {
        return completion::completions(state, text);
    };
    let names = Field::of(overview).iter();
    let names: Vec<String> = names.map(|field| format!("{}:", field.word())).collect();
    complete(text, &names, |name| {
        let field = Field::named(overview, name);
        field.map_or_else(BTreeSet::new, |field| values(state, overview, field))
    })
}

/// What a field can be: what there is on the board, the states that there are, or what the lines
/// of the list have.
fn values(state: &State, overview: Overview, field: Field) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    match field {
        Field::State => found.extend(query::states(overview).iter().map(|it| (*it).to_owned())),
        Field::How => found.extend(How::ALL.map(|how| how.word().to_owned())),
        Field::Service | Field::Group | Field::Forge | Field::Release | Field::Environment => {
            return completion::values(state, field.word());
        }
        Field::By
        | Field::Branch
        | Field::Run
        | Field::Label
        | Field::Checks
        | Field::Kind
        | Field::What => {
            let overviews = &state.interface.overviews;
            let (engine, now) = super::aim::seen(state);
            let listing = overviews.listing(engine, overview, now);
            for item in listing.every(engine).take(LOOKED_AT) {
                // A value with a blank in it cannot be typed as one.
                item.values(field, &mut |value| {
                    if !value.is_empty() && !value.contains(char::is_whitespace) {
                        found.insert(value.to_owned());
                    }
                });
            }
        }
    }
    found
}
