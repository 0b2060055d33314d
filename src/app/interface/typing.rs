//! Typing while no field has the focus: the letters go into the first field that is empty still, as
//! whoever types a reason right after `P` expects; among choices arrows and space choose. What a field
//! does with them is in `field`.

use tui_input::Input;

use super::{
    ConfirmFocus, GatesAction, GatesFocus, HandoverFocus, HoldFocus, Interface, Overlay,
    OverrideFocus, PromoteFocus, ReleaseFocus, chord::Chord, field, filter,
};
use crate::app::command::{Command, Context};
use crate::app::keymap::Found;
use crate::app::state::State;

/// Takes a letter or a digit that is pressed on a button or a choice into the first empty field, and gives that
/// the focus. Says whether it did. Where nothing has been typed yet a key that means something in
/// dialogs keeps its meaning, but for letters that only move: those would tear a word apart.
pub(super) fn begins(interface: &mut Interface, context: Context, chord: Chord) -> bool {
    if !chord.character().is_some_and(char::is_alphanumeric) {
        return false;
    }
    let only_moves = |command| {
        matches!(
            command,
            Command::Up | Command::Down | Command::Left | Command::Right | Command::Columns
        )
    };
    match interface.keymap.find(context, &[chord]) {
        Found::Nothing => {}
        Found::Command(command) if only_moves(command) => {}
        Found::Command(_) | Found::Begun => return false,
    }
    if !interface
        .overlays
        .last_mut()
        .is_some_and(Overlay::seek_empty_field)
    {
        return false;
    }
    interface
        .field()
        .is_some_and(|input| field::typed(input, chord))
}

/// What is pasted takes the place of what is chosen, and on a button or a choice it goes where typing
/// would go.
pub(super) fn before_paste(state: &mut State) {
    filter::begin(state, true);
    if let Some(overlay) = state.interface.overlays.last_mut() {
        overlay.seek_empty_field();
    }
}

impl Overlay {
    /// Gives the first empty field the focus, if no field has it. Says whether there is one.
    fn seek_empty_field(&mut self) -> bool {
        match self {
            Self::Promote(dialog) => {
                let elsewhere = !matches!(dialog.focus, PromoteFocus::Reason | PromoteFocus::Typed);
                let typed = dialog.typed.as_ref();
                let next = if is_empty(&dialog.reason) {
                    Some(PromoteFocus::Reason)
                } else {
                    typed
                        .filter(|typed| is_empty(typed))
                        .map(|_| PromoteFocus::Typed)
                };
                go(elsewhere, &mut dialog.focus, next)
            }
            Self::Hold(dialog) => {
                let elsewhere = !matches!(dialog.focus, HoldFocus::Until | HoldFocus::Reason);
                let asked = dialog.stops().contains(&HoldFocus::Reason);
                let next = (asked && is_empty(&dialog.reason)).then_some(HoldFocus::Reason);
                go(elsewhere, &mut dialog.focus, next)
            }
            Self::Gates(dialog) => {
                let elsewhere = !matches!(dialog.focus, GatesFocus::Name | GatesFocus::Note);
                let next = if matches!(dialog.action, GatesAction::Add) && is_empty(&dialog.name) {
                    Some(GatesFocus::Name)
                } else {
                    let asked = dialog.stops().contains(&GatesFocus::Note);
                    (asked && is_empty(&dialog.note)).then_some(GatesFocus::Note)
                };
                go(elsewhere, &mut dialog.focus, next)
            }
            Self::Override(dialog) => {
                let elsewhere = dialog.focus != OverrideFocus::Reason;
                let next = is_empty(&dialog.reason).then_some(OverrideFocus::Reason);
                go(elsewhere, &mut dialog.focus, next)
            }
            Self::Confirm(dialog) => {
                let elsewhere = dialog.focus != ConfirmFocus::Reason;
                let next = is_empty(&dialog.reason).then_some(ConfirmFocus::Reason);
                go(elsewhere, &mut dialog.focus, next)
            }
            Self::Release(dialog) => {
                let elsewhere = !matches!(dialog.focus, ReleaseFocus::Note | ReleaseFocus::Typed);
                let asked = dialog.stops().contains(&ReleaseFocus::Note);
                let typed = dialog.typed.as_ref();
                let next = if asked && is_empty(&dialog.note) {
                    Some(ReleaseFocus::Note)
                } else {
                    typed
                        .filter(|typed| is_empty(typed))
                        .map(|_| ReleaseFocus::Typed)
                };
                go(elsewhere, &mut dialog.focus, next)
            }
            Self::Handover(dialog) => {
                let elsewhere = dialog.focus != HandoverFocus::Remark;
                let free = dialog.waiting.is_none() && is_empty(&dialog.remark);
                let next = free.then_some(HandoverFocus::Remark);
                go(elsewhere, &mut dialog.focus, next)
            }
            Self::Help { .. }
            | Self::Errors { .. }
            | Self::Messages { .. }
            | Self::Results { .. }
            | Self::Changes { .. }
            | Self::Filter { .. }
            | Self::Search { .. }
            | Self::Palette { .. }
            | Self::Columns { .. }
            | Self::Bind(_)
            | Self::Custom(_)
            | Self::Output(_)
            | Self::Quit { .. } => false,
        }
    }
}

fn is_empty(input: &Input) -> bool {
    input.value().is_empty()
}

fn go<T>(elsewhere: bool, focus: &mut T, to: Option<T>) -> bool {
    match to {
        Some(to) if elsewhere => {
            *focus = to;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::harness::{changes, hold, on, press, state, top};
    use super::*;
    use crate::app::effect::Effect;
    use crate::domain::hold::HoldKind;

    fn typed(state: &State) -> (String, String) {
        match state.interface.overlays.last() {
            Some(Overlay::Promote(dialog)) => {
                let typed = dialog.typed.as_ref();
                let typed = typed.map_or("", |typed| typed.value());
                (dialog.reason.value().to_owned(), typed.to_owned())
            }
            other => panic!("no promote dialog: {other:?}"),
        }
    }

    #[test]
    fn a_reason_that_is_typed_right_after_p_is_taken_whole_and_the_name_after_it() {
        for (keys, reason) in [
            ("h a l f space l o n g", "half long"),
            ("w e e k l y", "weekly"),
            ("c l o c k", "clock"),
            ("2 0 2 6", "2026"),
            ("W e", "We"),
        ] {
            let mut state = state();
            on(&mut state, "api", "production");
            let effects = press(&mut state, &format!("P {keys}"));
            assert!(!effects.iter().any(|it| matches!(it, Effect::Copy(_))));
            assert_eq!(typed(&state), (reason.to_owned(), String::new()));
            // Tab is for fields and buttons; letters on a button go on to the name.
            press(&mut state, "tab tab p r o d");
            assert_eq!(typed(&state), (reason.to_owned(), "prod".to_owned()));
            press(&mut state, "u c t i o n tab tab");
            let effects = press(&mut state, "enter");
            assert!(effects.iter().any(changes), "{keys}");
        }
    }

    #[test]
    fn y_copies_from_a_button_only() {
        let mut state = state();
        on(&mut state, "api", "production");
        let effects = press(&mut state, "P y");
        assert!(matches!(effects.as_slice(), [Effect::Copy(_)]));
        let effects = press(&mut state, "w y");
        assert!(effects.is_empty());
        assert_eq!(typed(&state).0, "wy");
    }

    #[test]
    fn letters_on_a_choice_are_the_reason_and_arrows_and_space_choose() {
        let dialog = |state: &State| match state.interface.overlays.last() {
            Some(Overlay::Hold(dialog)) => dialog.clone(),
            other => panic!("no hold dialog: {other:?}"),
        };
        // Scope, then what it stops: neither is turned by a word, however it begins.
        for (to, word) in [
            ("H tab tab", "l a t e n c y"),
            ("H tab tab tab", "h e a p"),
            ("H tab tab", "j i t t e r"),
            ("H tab tab tab", "1 h"),
        ] {
            let mut state = state();
            on(&mut state, "api", "production");
            let effects = press(&mut state, &format!("{to} {word}"));
            assert!(effects.is_empty(), "{effects:?}");
            let held = dialog(&state);
            assert_eq!(held.reason.value(), word.replace(' ', ""));
            assert_eq!(
                (held.cover, held.kind, held.focus),
                (0, HoldKind::Forward, HoldFocus::Reason)
            );
        }
        let mut state = state();
        press(&mut state, "H tab tab right space left");
        assert_eq!((dialog(&state).cover, top(&state)), (1, "hold"));
    }

    #[test]
    fn a_paste_right_after_h_is_the_reason() {
        for keys in ["H", "H tab tab"] {
            let mut state = state();
            press(&mut state, keys);
            let now = state.now;
            let pasted = crate::app::Msg::Paste("banks are slow\n".to_owned());
            assert!(crate::app::update(&mut state, now, pasted).is_empty());
            let Some(Overlay::Hold(dialog)) = state.interface.overlays.last() else {
                panic!("no hold dialog");
            };
            assert_eq!(dialog.reason.value().trim(), "banks are slow", "{keys}");
        }
    }

    #[test]
    fn where_every_field_is_filled_letters_move_among_choices() {
        let mut state = state();
        press(&mut state, "H w h y tab tab tab l");
        let Some(Overlay::Hold(dialog)) = state.interface.overlays.last() else {
            panic!("no hold dialog");
        };
        assert_eq!((dialog.focus, dialog.cover), (HoldFocus::Cover, 1));
        assert_eq!(dialog.reason.value(), "why");
    }

    #[test]
    fn letters_on_a_list_of_holds_choose_no_other_hold() {
        let mut state = state();
        on(&mut state, "api", "production");
        hold(&mut state, "h-1", "api", "production");
        hold(&mut state, "h-2", "api", "production");
        press(&mut state, "H up up j a m");
        let Some(Overlay::Hold(dialog)) = state.interface.overlays.last() else {
            panic!("no hold dialog");
        };
        let chosen = dialog.chosen(&state.engine).map(|hold| hold.id.to_string());
        assert_eq!(
            (dialog.reason.value(), chosen.as_deref()),
            ("jam", Some("h-1"))
        );
    }
}
