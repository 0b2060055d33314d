//! What acts are about, by keys on each screen.

use super::super::harness::{add_release, press, running, said, selected, state, top};
use super::super::{Overlay, Screen};
use super::*;

/// A board on which search goes into production.
fn busy() -> State {
    let mut state = state();
    running(&mut state, "search", "production");
    state
}

fn cursor(state: &State) -> String {
    let cursor = state.interface.cursor.as_ref();
    cursor.map_or_else(String::new, |at| {
        format!("{} {}", at.service, at.environment)
    })
}

#[test]
fn the_release_gives_the_board_its_cursor_back() {
    let mut state = state();
    add_release(&mut state);
    press(&mut state, "/ 'bil enter h 2");
    assert_eq!(cursor(&state), "api production");
    press(&mut state, "1");
    assert_eq!(cursor(&state), "billing staging");
    press(&mut state, "l P");
    let Some(Overlay::Promote(dialog)) = state.interface.overlays.last() else {
        panic!("no dialog");
    };
    let services: Vec<&str> = dialog
        .items
        .iter()
        .map(|item| item.service.as_str())
        .collect();
    assert_eq!(services, ["billing"]);
}

#[test]
fn the_cursor_is_never_on_a_row_that_the_filter_hides() {
    for keys in [
        ": 'service_web enter esc",
        ": 'refresh_web enter",
        ": 'promote_web enter esc",
        ": 'hold_web enter esc",
        "5 enter 1",
        "5 enter esc esc",
    ] {
        let mut state = busy();
        press(&mut state, "/ 'bil enter");
        press(&mut state, keys);
        assert_eq!(state.interface.screen, Screen::Board, "{keys}");
        assert_eq!(selected(&state), "billing", "{keys}");
    }
}

#[test]
fn a_list_acts_on_the_cell_of_its_line() {
    for (key, dialog) in [
        ("X", "confirm"),
        ("A", "promote"),
        ("P", "promote"),
        ("B", "promote"),
        ("V", "gates"),
        ("O", "override"),
        ("H", "hold"),
        (": 'cancel enter", "confirm"),
        (": 'approve enter", "promote"),
        (": 'rerun enter", "confirm"),
    ] {
        let mut state = busy();
        press(&mut state, "5");
        assert_eq!(cursor(&state), "search production");
        press(&mut state, key);
        assert_eq!(top(&state), dialog, "{key}");
        if let Some(Overlay::Confirm(dialog)) = state.interface.overlays.last() {
            assert!(
                dialog.title.ends_with("search > production"),
                "{}",
                dialog.title
            );
        }
        press(&mut state, "esc 1");
        assert_eq!(cursor(&state), "api production", "{key}");
    }
}

#[test]
fn the_log_acts_on_its_service() {
    for (key, dialog) in [
        ("X", "confirm"),
        ("A", "promote"),
        ("P", "promote"),
        ("V", "gates"),
    ] {
        let mut state = busy();
        press(&mut state, "j enter");
        state.interface.tab = super::super::DetailTab::Log;
        press(&mut state, key);
        assert_eq!(top(&state), dialog, "{key}");
    }
}

#[test]
fn where_nothing_is_selected_an_act_says_so() {
    let mut state = state();
    press(&mut state, "5");
    assert_eq!(cursor(&state), "", "nothing is under way");
    for key in ["P", "A", "X", "V", "O", "B", "H"] {
        press(&mut state, key);
        assert_eq!(top(&state), "none", "{key}");
        assert!(
            said(&state).ends_with("nothing is selected"),
            "{key}: {}",
            said(&state)
        );
    }
}

#[test]
fn a_picture_that_is_frozen_is_let_go_on_wherever_it_is_shown() {
    for screen in ["", "enter", "2", "3", "4", "5", ": 'holds enter"] {
        let mut state = busy();
        press(&mut state, "z");
        press(&mut state, screen);
        assert!(state.interface.frozen.is_some());
        press(&mut state, "z");
        assert!(state.interface.frozen.is_none(), "{screen}");
    }
}

#[test]
fn a_frozen_list_stays_as_it_was() {
    let mut state = busy();
    press(&mut state, "5 z");
    running(&mut state, "api", "staging");
    press(&mut state, "t G");
    assert_eq!(cursor(&state), "search production", "api came later");
    press(&mut state, "z g");
    assert_eq!(cursor(&state), "api staging");
}
