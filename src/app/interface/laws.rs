//! Laws of the keyboard, over every key, screen and overlay.

use super::harness::{add_release, changes, hold, on, press, running, state, top};
use super::{Chord, DetailTab, Key, Pane, Screen};
use crate::app::command::{Context, SPECS};
use crate::app::keymap::Keymap;
use crate::app::msg::Msg;
use crate::app::state::State;
use crate::app::update;

/// Every key that must change nothing: all that can be typed without SHIFT letters, every ctrl
/// and alt chord, and the named keys.
fn harmless() -> Vec<Chord> {
    let characters = (' '..='~').filter(|character| !character.is_ascii_uppercase());
    let mut chords: Vec<Chord> = characters
        .map(|character| Chord::plain(Key::Char(character)))
        .collect();
    for character in (' '..='~').map(Key::Char) {
        for (ctrl, alt) in [(true, false), (false, true), (true, true)] {
            chords.push(Chord {
                key: character,
                ctrl,
                alt,
            });
        }
    }
    let named = [
        Key::Enter,
        Key::Esc,
        Key::Tab,
        Key::BackTab,
        Key::Backspace,
        Key::Delete,
        Key::Up,
        Key::Down,
        Key::Left,
        Key::Right,
        Key::Home,
        Key::End,
        Key::PageUp,
        Key::PageDown,
    ];
    for key in named {
        for ctrl in [false, true] {
            chords.push(Chord {
                key,
                ctrl,
                alt: false,
            });
        }
    }
    chords
}

type Scene = (&'static str, fn() -> State);

/// Every screen and tab with no overlay, with things on it that could be changed.
const SCENES: [Scene; 11] = [
    ("board", || busy()),
    ("board, marked", || {
        let mut state = busy();
        press(&mut state, "space space");
        state
    }),
    ("board, peek", || {
        let mut state = busy();
        state.interface.pane = Pane::Peek;
        state
    }),
    ("log tab", || detail(DetailTab::Log)),
    ("lane tab", || detail(DetailTab::Lane)),
    ("gates tab", || detail(DetailTab::Gates)),
    ("deployments tab", || detail(DetailTab::Deployments)),
    ("requests tab", || detail(DetailTab::PullRequests)),
    ("timeline", || {
        let mut state = busy();
        press(&mut state, "3");
        state
    }),
    ("release", || {
        let mut state = busy();
        add_release(&mut state);
        press(&mut state, "2");
        state
    }),
    ("empty", || {
        let mut state = busy();
        state.interface.order.clear();
        state.interface.cursor = None;
        state.interface.frozen = Some(state.now);
        state
    }),
];

fn busy() -> State {
    let mut state = state();
    hold(&mut state, "h-1", "search", "staging");
    running(&mut state, "web", "production");
    on(&mut state, "api", "production");
    state
}

fn detail(tab: DetailTab) -> State {
    let mut state = busy();
    press(&mut state, "enter");
    state.interface.tab = tab;
    assert!(matches!(state.interface.screen, Screen::Detail(_)));
    state
}

fn is_dialog(state: &State) -> bool {
    matches!(
        top(state),
        "promote" | "hold" | "gates" | "confirm" | "override" | "release" | "handover"
    )
}

#[test]
fn no_lowercase_key_and_no_ctrl_chord_changes_anything_or_leads_to_a_change() {
    for (name, scene) in SCENES {
        for chord in harmless() {
            let mut state = scene();
            let now = state.now;
            let effects = update(&mut state, now, Msg::Key(chord));
            assert!(!effects.iter().any(changes), "{name}: {chord}");
            assert!(!is_dialog(&state), "{name}: {chord} opened {}", top(&state));
        }
    }
}

#[test]
fn in_lists_and_lines_too_nothing_harmless_changes_anything() {
    for open in ["?", "!", "M", "/", ":"] {
        for chord in harmless() {
            let mut state = busy();
            press(&mut state, open);
            let now = state.now;
            let effects = update(&mut state, now, Msg::Key(chord));
            assert!(!effects.iter().any(changes), "{open}: {chord}");
            // Enter in the palette carries out the command that was chosen; the first is `down`.
            assert!(!is_dialog(&state), "{open}: {chord}");
        }
    }
}

#[test]
fn every_dialog_rests_on_cancel_where_no_harmless_key_changes_anything() {
    for open in ["P", "H", "V", "A", "X", "O", "B", "T"] {
        for chord in harmless() {
            let mut state = busy();
            press(&mut state, open);
            assert!(is_dialog(&state), "{open} opens a dialog");
            assert!(!state.interface.is_typing(), "{open} rests on Cancel");
            let now = state.now;
            let effects = update(&mut state, now, Msg::Key(chord));
            assert!(!effects.iter().any(changes), "{open}: {chord}");
        }
    }
}

#[test]
fn enter_pressed_at_once_in_any_dialog_cancels_it() {
    for open in ["P", "H", "V", "A", "X", "O", "B", "T"] {
        let mut state = busy();
        let effects = press(&mut state, &format!("{open} enter"));
        assert!(!effects.iter().any(changes), "{open}");
        assert_eq!(top(&state), "none", "{open}");
    }
}

#[test]
fn no_two_harmless_keys_after_a_shift_letter_change_anything_while_the_reason_is_missing() {
    let moves = [
        "j",
        "k",
        "h",
        "l",
        "tab",
        "shift-tab",
        "up",
        "down",
        "y",
        "space",
    ];
    for open in ["P", "H", "A", "X", "O", "B"] {
        for first in moves {
            for second in moves {
                let mut state = busy();
                let keys = format!("{open} {first} {second} enter");
                let effects = press(&mut state, &keys);
                assert!(!effects.iter().any(changes), "{keys}");
            }
        }
    }
}

#[test]
fn a_pasted_newline_never_confirms_and_a_paste_never_runs_keys() {
    for open in ["", "P", "H", "V", "X", "O", "B", "P tab", "/", ":"] {
        let mut state = busy();
        press(&mut state, open);
        let (before, overlays) = (top(&state), state.interface.overlays.len());
        let now = state.now;
        let effects = update(&mut state, now, Msg::Paste("P\nq\n\u{1b}[A\r\n".to_owned()));
        assert_eq!(effects, Vec::new(), "{open}");
        assert_eq!(top(&state), before, "{open}");
        assert_eq!(state.interface.overlays.len(), overlays);
        assert!(!state.interface.quitting);
    }
}

#[test]
fn every_shift_letter_of_the_table_opens_something_that_rests_on_cancel() {
    let keymap = Keymap::default();
    for spec in SPECS.iter().filter(|spec| spec.changes()) {
        for chord in keymap.keys(spec.command) {
            let mut state = busy();
            if !spec.contexts.contains(&Context::Board) {
                add_release(&mut state);
                press(&mut state, "2");
            }
            let now = state.now;
            let [chord] = chord.chords() else {
                panic!("{chord} is one key");
            };
            let effects = update(&mut state, now, Msg::Key(*chord));
            assert!(is_dialog(&state), "{chord}");
            assert!(!effects.iter().any(changes), "{chord}");
        }
    }
}

#[test]
fn every_command_is_in_the_table_once() {
    for spec in SPECS {
        let same = |other: &&crate::app::command::Spec| {
            other.command == spec.command || other.name == spec.name
        };
        assert_eq!(SPECS.iter().filter(same).count(), 1, "{}", spec.name);
        assert_eq!(spec.command.spec().name, spec.name);
    }
    // The last variant, so that a new one without a line fails here.
    assert_eq!(
        SPECS.len(),
        crate::app::command::Command::Suspend as usize + 1
    );
}
