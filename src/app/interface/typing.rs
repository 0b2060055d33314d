//! Typing while a button has the focus: the letters go into the first field that is empty still, as
//! whoever types a reason right after `P` expects. What a field does with them is in `field`.

use tui_input::Input;

use super::{
    ConfirmFocus, GatesAction, GatesFocus, HandoverFocus, HoldFocus, Interface, Overlay,
    OverrideFocus, PromoteFocus, ReleaseFocus, chord::Chord, field,
};
use crate::app::command::{Command, Context};
use crate::app::keymap::Found;

/// Takes a letter or a digit that is pressed on a button into the first empty field, and gives that
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

impl Overlay {
    /// Gives the first empty field the focus, if a button has it. Says whether there is one.
    fn seek_empty_field(&mut self) -> bool {
        match self {
            Self::Promote(dialog) => {
                let button = !matches!(dialog.focus, PromoteFocus::Reason | PromoteFocus::Typed);
                let typed = dialog.typed.as_ref();
                let next = if is_empty(&dialog.reason) {
                    Some(PromoteFocus::Reason)
                } else {
                    typed
                        .filter(|typed| is_empty(typed))
                        .map(|_| PromoteFocus::Typed)
                };
                go(button, &mut dialog.focus, next)
            }
            Self::Hold(dialog) => {
                let button = matches!(
                    dialog.focus,
                    HoldFocus::Cancel
                        | HoldFocus::Hold
                        | HoldFocus::Edit
                        | HoldFocus::Lift
                        | HoldFocus::Bind
                );
                let asked = dialog.stops().contains(&HoldFocus::Reason);
                let next = (asked && is_empty(&dialog.reason)).then_some(HoldFocus::Reason);
                go(button, &mut dialog.focus, next)
            }
            Self::Gates(dialog) => {
                let button = matches!(dialog.focus, GatesFocus::Cancel | GatesFocus::Confirm);
                let next = if matches!(dialog.action, GatesAction::Add) && is_empty(&dialog.name) {
                    Some(GatesFocus::Name)
                } else {
                    let asked = dialog.stops().contains(&GatesFocus::Note);
                    (asked && is_empty(&dialog.note)).then_some(GatesFocus::Note)
                };
                go(button, &mut dialog.focus, next)
            }
            Self::Override(dialog) => {
                let button = matches!(dialog.focus, OverrideFocus::Cancel | OverrideFocus::Confirm);
                let next = is_empty(&dialog.reason).then_some(OverrideFocus::Reason);
                go(button, &mut dialog.focus, next)
            }
            Self::Confirm(dialog) => {
                let button = dialog.focus != ConfirmFocus::Reason;
                let next = is_empty(&dialog.reason).then_some(ConfirmFocus::Reason);
                go(button, &mut dialog.focus, next)
            }
            Self::Release(dialog) => {
                let button = matches!(dialog.focus, ReleaseFocus::Cancel | ReleaseFocus::Confirm);
                let asked = dialog.stops().contains(&ReleaseFocus::Note);
                let typed = dialog.typed.as_ref();
                let next = if asked && is_empty(&dialog.note) {
                    Some(ReleaseFocus::Note)
                } else {
                    typed
                        .filter(|typed| is_empty(typed))
                        .map(|_| ReleaseFocus::Typed)
                };
                go(button, &mut dialog.focus, next)
            }
            Self::Handover(dialog) => {
                let button = dialog.focus != HandoverFocus::Remark;
                let free = dialog.waiting.is_none() && is_empty(&dialog.remark);
                let next = free.then_some(HandoverFocus::Remark);
                go(button, &mut dialog.focus, next)
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

fn go<T>(from_button: bool, focus: &mut T, to: Option<T>) -> bool {
    match to {
        Some(to) if from_button => {
            *focus = to;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::harness::{changes, on, press, state, top};
    use super::*;
    use crate::app::effect::Effect;
    use crate::app::state::State;

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
    fn a_choice_keeps_its_letters_and_what_has_no_field_too() {
        let mut state = state();
        on(&mut state, "api", "production");
        press(&mut state, "H h e a p");
        let Some(Overlay::Hold(dialog)) = state.interface.overlays.last() else {
            panic!("no hold dialog");
        };
        assert_eq!(dialog.reason.value(), "heap");
        press(&mut state, "esc H up up up up");
        let Some(Overlay::Hold(dialog)) = state.interface.overlays.last() else {
            panic!("no hold dialog");
        };
        assert_eq!(dialog.focus, HoldFocus::Cover);
        press(&mut state, "l x");
        let Some(Overlay::Hold(dialog)) = state.interface.overlays.last() else {
            panic!("no hold dialog");
        };
        assert_eq!((dialog.reason.value(), dialog.cover), ("", 1));
        assert_eq!(top(&state), "hold");
    }
}
