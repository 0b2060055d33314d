//! Moving in a dialog that is longer than the screen: its fields and buttons stay where they are, what
//! it tells moves between. How much is seen at once is the view's affair.

use super::choice::travel;
use crate::app::command::Command;
use crate::app::state::State;
use crate::app::view;

/// Moves what the top dialog tells by pages. Says whether the command was one for it.
pub(super) fn run(state: &mut State, command: Command) -> bool {
    let by_pages = matches!(
        command,
        Command::HalfDown | Command::HalfUp | Command::PageDown | Command::PageUp
    );
    if !by_pages || !is_dialog(state) {
        return false;
    }
    let Some((seen, most)) = view::dialog_reach(state) else {
        return false;
    };
    let at = state.interface.dialog_offset.min(most);
    if let Some(to) = travel(command, at, most + 1, seen) {
        state.interface.dialog_offset = to;
    }
    true
}

/// Moves it by some lines: the wheel.
pub(super) fn by(state: &mut State, lines: usize, down: bool) {
    if !is_dialog(state) {
        return;
    }
    let Some((_, most)) = view::dialog_reach(state) else {
        return;
    };
    let at = state.interface.dialog_offset.min(most);
    state.interface.dialog_offset = if down {
        (at + lines).min(most)
    } else {
        at.saturating_sub(lines)
    };
}

/// Says whether a dialog with buttons is open: lists move by themselves.
fn is_dialog(state: &State) -> bool {
    state
        .interface
        .overlays
        .last()
        .is_some_and(super::Overlay::has_buttons)
}

#[cfg(test)]
mod tests {
    use super::super::harness::{press, state, top};
    use super::super::{Overlay, PromoteFocus, pointer};
    use super::*;
    use crate::app::msg::Msg;
    use crate::app::update;

    /// What of the top dialog is in sight.
    fn picture(state: &State) -> String {
        let view = view::view(state);
        let dialog = view.over.last().expect("a dialog");
        let seen = dialog.seen(state.interface.rows);
        let offset = dialog.scroll.offset.min(dialog.most(state.interface.rows));
        let lines = dialog.lines.iter().skip(offset).take(seen);
        let lines = lines.chain(&dialog.fields).chain(&dialog.foot);
        let words = lines.map(|line| {
            let spans = line.0.iter().map(|span| span.text.as_str());
            spans.collect::<String>()
        });
        words.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_dialog_of_several_shows_its_fields_at_once_and_its_calls_by_keys_and_wheel() {
        let mut state = state();
        state.interface.mouse = true;
        state.interface.rows = 16;
        press(&mut state, "* P");
        let first = picture(&state);
        assert!(first.contains("reason"), "{first}");
        assert!(first.contains("type production"), "{first}");
        assert!(first.contains("Cancel"), "{first}");
        assert!(!first.contains("COMMAND"), "{first}");
        let mut seen = first.clone();
        for _ in 0..20 {
            press(&mut state, "pagedown");
            let now = picture(&state);
            assert!(now.contains("reason"), "{now}");
            seen.push_str(&now);
        }
        for told in ["WILL DO", "IF BAD", "COMMAND", "gonogo promote search"] {
            assert!(seen.contains(told), "{told} is never seen:\n{seen}");
        }
        // Beyond the end there is nothing to come back from.
        press(&mut state, "ctrl-u pageup pageup pageup pageup");
        assert_eq!(picture(&state), first);
        let now = state.now;
        let wheel = Msg::Pointed(pointer::Pointed::Wheel { down: true });
        update(&mut state, now, wheel);
        assert_ne!(picture(&state), first);
        // Another dialog begins at its top.
        press(&mut state, "esc P");
        assert_eq!(picture(&state), first);
        assert_eq!(top(&state), "promote");
        let Some(Overlay::Promote(dialog)) = state.interface.overlays.last() else {
            panic!("no dialog");
        };
        assert_eq!(dialog.focus, PromoteFocus::Cancel);
    }
}
