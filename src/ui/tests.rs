//! Snapshots of the screens: the text, and below it the tones, one letter a cell.

use super::*;
use crate::app::state::State;
use crate::app::view::{scenes, view};

const SIZES: [(u16, u16); 4] = [(40, 10), (80, 24), (120, 36), (200, 60)];

fn picture(state: &State) -> String {
    let (columns, rows) = (state.interface.columns, state.interface.rows);
    let view = view(state);
    render_to_string(&view, columns, rows, &Theme::mono())
}

fn both(state: &State) -> String {
    let (columns, rows) = (state.interface.columns, state.interface.rows);
    let tones = render_tones(&view(state), columns, rows);
    format!("{}\n=== tones ===\n{tones}", picture(state))
}

fn at_every_size(name: &str, scene: impl Fn(u16, u16) -> State) {
    for (columns, rows) in SIZES {
        insta::assert_snapshot!(format!("{name}_{columns}x{rows}"), both(&scene(columns, rows)));
    }
}

#[test]
fn a_calm_board() {
    at_every_size("calm", scenes::calm);
}

#[test]
fn a_busy_board() {
    at_every_size("busy", scenes::busy);
}

#[test]
fn a_board_with_a_hold() {
    at_every_size("held", scenes::held);
}

#[test]
fn a_stale_board() {
    at_every_size("stale", scenes::stale);
}

#[test]
fn a_board_without_a_token() {
    at_every_size("no_token", scenes::no_token);
}

#[test]
fn a_board_whose_forge_is_down() {
    at_every_size("forge_down", scenes::forge_down);
}
