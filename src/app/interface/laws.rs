//! Laws of the keyboard, over every key, screen and overlay.

use proptest::prelude::*;

use super::custom::Customs;
use super::harness::{add_release, changes, entry, hold, judge, on, press, running, state, top};
use super::{Chord, DetailTab, Key, Overlay, Pane, Problem, SavedView, Screen};
use crate::app::command::{Context, SPECS};
use crate::app::effect::Effect;
use crate::app::keymap::Keymap;
use crate::app::msg::Msg;
use crate::app::state::State;
use crate::app::update;
use crate::app::view::Dialog;
use crate::app::view::view;
use crate::domain::custom::CustomCommand;
use crate::domain::entry::Event;
use crate::domain::gate;
use crate::domain::hold::Cover;

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
        Key::F(5),
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
const SCENES: [Scene; 23] = [
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
    ("board, log beside it", || {
        let mut state = busy();
        (state.interface.columns, state.interface.rows) = (200, 60);
        super::harness::running(&mut state, "api", "production");
        press(&mut state, "1 shift-tab");
        assert_eq!(state.interface.pane, Pane::Log);
        state
    }),
    ("log tab", || detail(DetailTab::Log)),
    ("lane tab", || detail(DetailTab::Lane)),
    ("gates tab", || detail(DetailTab::Gates)),
    ("deployments tab", || detail(DetailTab::Deployments)),
    ("requests tab", || detail(DetailTab::PullRequests)),
    ("scope tab", || detail(DetailTab::Scope)),
    ("pipeline tab", || detail(DetailTab::Pipeline)),
    ("timeline", || by_key("3")),
    ("pipelines", || by_key("4")),
    ("requests", || by_key("4 ]")),
    ("tasks", || by_key("5")),
    ("pipelines, filtered", || by_key("4 / 'web enter")),
    ("holds, filter line", || by_key(": 'holds enter / 'ear")),
    ("timeline, columns", || by_key("3 c")),
    ("holds", || by_key(": 'holds enter")),
    ("forge", || by_key(": 'forges enter")),
    ("plan", || {
        let mut state = busy();
        add_release(&mut state);
        press(&mut state, "2 p");
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
    let entry = entry((
        Event::HoldLifted {
            id: "h-0".into(),
            cover: Cover::default(),
        },
        1,
    ));
    state.engine.entries.push_back(entry);
    let forge = crate::app::engine::ForgeState::default();
    state.engine.forges.insert("github".into(), forge);
    state.interface.problems.push(Problem {
        at: state.now,
        count: 1,
        last_at: state.now,
        subject: "github".into(),
        why: "502".into(),
        hint: None,
        request: None,
        read: false,
    });
    let view = SavedView::new("front", Some("group:front"), None, None, None);
    state.interface.views.push(view.expect("a view"));
    let own = |key: &str, dangerous| CustomCommand {
        name: format!("own-{key}"),
        argv: vec!["./tool".to_owned(), "{service}".to_owned()],
        help: None,
        keys: vec![key.to_owned()],
        confirm: false,
        dangerous,
        services: Vec::new(),
        environments: Vec::new(),
        time_limit: jiff::SignedDuration::from_secs(5),
    };
    let commands = vec![own("u", false), own("S", true)];
    state.interface.customs = Customs::new(commands, &Keymap::default()).expect("fine");
    state
}

fn by_key(keys: &str) -> State {
    let mut state = busy();
    press(&mut state, keys);
    assert_ne!(state.interface.screen, Screen::Board, "{keys}");
    state
}

/// What leads over a screen, from the board.
const OVER: [&str; 18] = [
    "?", "!", "M", "d", "/", ":", "c", "'", "P", "H", "V", "O", "B", "X", "A", "T", "u", "S",
];

fn words(dialog: &Dialog) -> String {
    let spans = dialog.lines.iter().flat_map(|line| &line.0);
    spans.map(|span| span.text.as_str()).collect()
}

/// A hold of the operator's, for what is about those.
fn own_hold(state: &mut State) {
    hold(state, "h-9", "billing", "staging");
    let ledger = state.engine.ledger.as_mut().expect("a ledger");
    for hold in ledger.holds.values_mut() {
        hold.owner = "alice".into();
    }
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

/// Every key that any help names, by every keymap's strokes, on every screen and in every overlay.
#[test]
fn every_key_of_the_help_in_every_context_leaves_a_picture() {
    let keymap = Keymap::default();
    let keys: Vec<_> = SPECS
        .iter()
        .flat_map(|spec| keymap.keys(spec.command))
        .collect();
    let place = |state: &State| {
        let interface = &state.interface;
        let screen = interface.screen.clone();
        (screen, interface.tab, interface.overlays.len(), top(state))
    };
    let press_all = |name: &str, fresh: &dyn Fn() -> State| {
        let mut state = fresh();
        for strokes in &keys {
            let before = place(&state);
            for chord in strokes.chords() {
                let now = state.now;
                let effects = update(&mut state, now, Msg::Key(*chord));
                assert!(!effects.iter().any(changes), "{name}: {chord}");
            }
            assert!(!view(&state).footer.is_empty(), "{name}: {strokes}");
            // It led away: the next key is pressed here again.
            if place(&state) != before {
                state = fresh();
            }
        }
    };
    for (name, scene) in SCENES {
        press_all(name, &scene);
    }
    for open in OVER {
        press_all(open, &|| {
            let mut state = busy();
            running(&mut state, "api", "production");
            press(&mut state, open);
            assert_ne!(top(&state), "none", "{open}");
            state
        });
    }
    press_all("quit", &|| {
        let mut leaving = busy();
        leaving.interface.overlays.push(Overlay::Quit { focus: 0 });
        leaving
    });
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
            // Enter in the palette carries out the command that was chosen; the first is `help`.
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
            own_hold(&mut state);
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

#[test]
fn every_dialog_shows_the_command_line_that_does_the_same_and_copies_it() {
    for open in ["P", "H", "V", "B", "space space P", "space space H", "Z"] {
        let mut state = busy();
        state.interface.rows = 50;
        own_hold(&mut state);
        press(&mut state, open);
        assert!(is_dialog(&state), "{open}");
        let Some(line) = super::link::command_line(&state) else {
            continue;
        };
        assert!(line.starts_with("gonogo "), "{open}: {line}");
        let drawn = view(&state);
        let dialog = drawn.over.last().expect("a dialog");
        let text = words(dialog);
        assert!(text.contains("COMMAND"), "{open}: {text}");
        let effects = press(&mut state, "y");
        assert_eq!(effects, [Effect::Copy(line)], "{open}");
    }
}

#[test]
fn a_frozen_picture_stays_and_acts_are_judged_by_what_is_now() {
    let mut state = busy();
    press(&mut state, "z");
    let before = view(&state);
    judge(
        &mut state.engine.board,
        "api",
        "production",
        gate::State::Closed,
    );
    let after = view(&state);
    assert_eq!(before.main, after.main);
    press(&mut state, "P");
    let drawn = view(&state);
    let dialog = drawn.over.last().expect("a dialog");
    let text = words(dialog);
    assert!(text.contains("REFUSED"), "{text}");
    assert!(text.contains("FROZEN"), "{text}");
    press(&mut state, "esc z");
    assert_ne!(view(&state).main, before.main);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is pressed wherever, nothing panics, and there is always a picture.
    #[test]
    fn any_keys_anywhere_leave_a_picture(
        scene in 0..SCENES.len(),
        places in prop::collection::vec(any::<prop::sample::Index>(), 1..24),
    ) {
        let mut keys = harmless();
        let keymap = Keymap::default();
        for spec in SPECS {
            for strokes in keymap.keys(spec.command) {
                keys.extend(strokes.chords());
            }
        }
        let mut state = SCENES[scene].1();
        for place in places {
            let now = state.now;
            update(&mut state, now, Msg::Key(*place.get(&keys)));
            let drawn = view(&state);
            prop_assert!(!drawn.footer.is_empty());
        }
    }
}
