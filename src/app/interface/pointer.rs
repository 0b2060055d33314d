//! The mouse: what a click, a double click and the wheel do. They do what keys could do, and nothing
//! that changes anything: a click on a button gives it the focus, and only then may one choose it.

use super::{Cursor, Overlay, Pane, Screen, scroll, tour};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::state::State;
use crate::app::view;
use crate::domain::ids::ServiceName;

/// How many rows one notch of the wheel moves.
const NOTCH: usize = 3;
/// The most steps that one click is worth: no screen has more rows.
const MOST: usize = 500;
/// More fields and buttons than any dialog has.
const STOPS: usize = 40;

/// What the mouse did, on what the operator saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pointed {
    Click(Target),
    /// The second click of two on one place.
    Twice(Target),
    Wheel {
        down: bool,
    },
}

/// What lies under the mouse in the picture that was drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A row of a table, by the words of its first cell and not by its number.
    Row {
        key: String,
        /// The title of the column.
        column: Option<String>,
        /// How far it is below the row with the cursor.
        below_cursor: Option<isize>,
    },
    /// A tab, by how far it is right of the open one.
    Tab { right: isize },
    /// A button of the top dialog, from the left.
    Button(usize),
    /// Something of a dialog, or nothing in particular.
    Nothing,
}

/// Lets go of the mouse, or takes it back, and says what that means.
pub(super) fn turn(state: &mut State) -> Vec<Effect> {
    let interface = &mut state.interface;
    interface.mouse = !interface.mouse;
    interface.let_go = !interface.mouse;
    let key = interface.keymap.keys(Command::Mouse).first();
    let key = key.map_or_else(|| ":mouse".to_owned(), ToString::to_string);
    let text = if interface.mouse {
        format!("the mouse clicks and scrolls here; {key} lets go of it")
    } else {
        format!("the mouse is let go: the terminal selects text with it; {key} takes it back")
    };
    interface.say(true, text, state.now);
    vec![Effect::Mouse(state.interface.mouse)]
}

pub(super) fn run(state: &mut State, pointed: Pointed) -> Vec<Effect> {
    if !state.interface.mouse {
        return Vec::new();
    }
    match pointed {
        Pointed::Wheel { down } => wheel(state, down),
        Pointed::Click(target) => click(state, &target, false),
        Pointed::Twice(target) => click(state, &target, true),
    }
}

/// The wheel moves in lists and on screens, and what a long dialog tells; its focus stays.
fn wheel(state: &mut State, down: bool) -> Vec<Effect> {
    let lists = match state.interface.overlays.last() {
        None => true,
        Some(overlay) => overlay.is_list(),
    };
    if !lists {
        scroll::by(state, NOTCH, down);
        return Vec::new();
    }
    let command = if down { Command::Down } else { Command::Up };
    let moved = (0..NOTCH).flat_map(|_| super::run(state, command));
    moved.collect()
}

fn click(state: &mut State, target: &Target, twice: bool) -> Vec<Effect> {
    match target {
        Target::Button(place) => return button(state, *place, twice),
        Target::Nothing => return Vec::new(),
        Target::Row { .. } | Target::Tab { .. } => {}
    }
    // What lies under a dialog is not to be reached through it.
    if !state.interface.overlays.is_empty() {
        return Vec::new();
    }
    match target {
        Target::Tab { right } => steps(state, *right, Command::NextTab, Command::PreviousTab),
        Target::Row {
            key,
            column,
            below_cursor,
        } => {
            let selected = if state.interface.screen == Screen::Board {
                cell(state, key, column.as_deref())
            } else {
                let below = below_cursor.unwrap_or_default();
                steps(state, below, Command::Down, Command::Up);
                below_cursor.is_some()
            };
            if twice && selected {
                return super::run(state, Command::Open);
            }
        }
        Target::Button(_) | Target::Nothing => {}
    }
    Vec::new()
}

/// Selects a cell of the board; says whether there is one.
fn cell(state: &mut State, service: &str, column: Option<&str>) -> bool {
    let Some(row) = state.engine.board.row(&ServiceName::from(service)) else {
        return false;
    };
    let named = row.cells.iter().find(|cell| {
        let name = cell.environment.as_str().to_uppercase();
        column.is_some_and(|column| column.to_uppercase() == name)
    });
    let before = state.interface.cursor.as_ref();
    let kept = before.map(|cursor| cursor.environment.clone());
    let last = row.cells.last().map(|cell| cell.environment.clone());
    let environment = named.map(|cell| cell.environment.clone());
    let Some(environment) = environment.or(kept).or(last) else {
        return false;
    };
    let service = row.service.name.clone();
    if !state.interface.order.contains(&service) {
        return false;
    }
    state.interface.pane = Pane::Rows;
    state.interface.cursor = Some(Cursor {
        service,
        environment,
    });
    state.interface.toured(tour::Step::Move);
    true
}

/// Gives a button the focus; one that has it already is chosen, by a single click alone: the second
/// half of a double click on another one chooses nothing.
fn button(state: &mut State, place: usize, twice: bool) -> Vec<Effect> {
    if !state.interface.has_dialog() {
        return Vec::new();
    }
    let before = view::focused_button(state);
    if before == Some(place) {
        return if twice {
            Vec::new()
        } else {
            super::run(state, Command::Open)
        };
    }
    for _ in 0..STOPS {
        super::run(state, Command::NextPane);
        let now = view::focused_button(state);
        // Once round: that button is none of this dialog's.
        if now == Some(place) || (now.is_some() && now == before) {
            break;
        }
    }
    Vec::new()
}

fn steps(state: &mut State, steps: isize, forward: Command, back: Command) {
    let command = if steps > 0 { forward } else { back };
    for _ in 0..steps.unsigned_abs().min(MOST) {
        super::run(state, command);
    }
}

impl Overlay {
    /// Says whether it is a list to move in: it changes nothing.
    fn is_list(&self) -> bool {
        match self {
            Self::Help { .. }
            | Self::Errors { .. }
            | Self::Messages { .. }
            | Self::Results { .. }
            | Self::Changes { .. }
            | Self::Palette { .. }
            | Self::Columns { .. }
            | Self::Output(_) => true,
            Self::Filter { .. }
            | Self::Search { .. }
            | Self::Promote(_)
            | Self::Hold(_)
            | Self::Bind(_)
            | Self::Gates(_)
            | Self::Override(_)
            | Self::Confirm(_)
            | Self::Release(_)
            | Self::Handover(_)
            | Self::Custom(_)
            | Self::Quit { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::harness::{changes, press, selected, state, top};
    use super::*;
    use crate::app::msg::Msg;
    use crate::app::update;

    fn point(state: &mut State, pointed: Pointed) -> Vec<Effect> {
        let now = state.now;
        update(state, now, Msg::Pointed(pointed))
    }

    fn row(service: &str, column: &str) -> Target {
        Target::Row {
            key: service.to_owned(),
            column: Some(column.to_owned()),
            below_cursor: None,
        }
    }

    fn ready() -> State {
        let mut state = state();
        state.interface.mouse = true;
        state
    }

    #[test]
    fn a_click_selects_the_cell_and_a_double_click_opens_it() {
        let mut state = ready();
        point(&mut state, Pointed::Click(row("search", "STAGING")));
        assert_eq!(selected(&state), "search");
        let cursor = state.interface.cursor.clone().expect("a cursor");
        assert_eq!(cursor.environment.as_str(), "staging");
        point(&mut state, Pointed::Click(row("no-such", "STAGING")));
        assert_eq!(selected(&state), "search");
        point(&mut state, Pointed::Twice(row("web", "PRODUCTION")));
        assert_eq!(state.interface.screen, Screen::Detail("web".into()));
    }

    #[test]
    fn no_click_fires_a_button_that_did_not_have_the_focus() {
        let mut state = ready();
        press(&mut state, "P up up 'weekly tab 'production");
        for first in [
            Pointed::Click(Target::Button(1)),
            Pointed::Twice(Target::Button(1)),
        ] {
            press(&mut state, "tab");
            let effects = point(&mut state, first);
            assert!(!effects.iter().any(changes));
            assert_eq!(view::focused_button(&state), Some(1));
            let effects = point(&mut state, Pointed::Twice(Target::Button(1)));
            assert!(!effects.iter().any(changes), "a double click is no answer");
            press(&mut state, "shift-tab");
        }
        let mut state = ready();
        press(&mut state, "P up up 'weekly tab 'production");
        point(&mut state, Pointed::Click(Target::Button(1)));
        let effects = point(&mut state, Pointed::Click(Target::Button(1)));
        assert!(effects.iter().any(changes), "the second one confirms");
    }

    #[test]
    fn a_dialog_covers_what_lies_under_it_and_the_wheel_leaves_its_focus() {
        let mut state = ready();
        let before = selected(&state).to_owned();
        press(&mut state, "H");
        point(&mut state, Pointed::Click(row("web", "STAGING")));
        point(&mut state, Pointed::Wheel { down: true });
        assert_eq!(selected(&state), before);
        assert_eq!(view::focused_button(&state), Some(0));
        point(&mut state, Pointed::Click(Target::Button(0)));
        assert_eq!(top(&state), "none", "Cancel had the focus");
        point(&mut state, Pointed::Wheel { down: true });
        assert_ne!(selected(&state), before);
    }

    #[test]
    fn a_mouse_that_was_let_go_does_nothing() {
        let mut state = ready();
        let effects = press(&mut state, "%");
        assert_eq!(effects, [Effect::Mouse(false)]);
        let before = selected(&state).to_owned();
        point(&mut state, Pointed::Wheel { down: true });
        assert_eq!(selected(&state), before);
        assert_eq!(press(&mut state, "%"), [Effect::Mouse(true)]);
    }
}
