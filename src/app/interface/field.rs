//! Text fields: what typing and pasting do to one. Which field has the focus is its dialog's
//! affair.

use tui_input::{Input, InputRequest};

use super::chord::{Chord, Key};

/// The longest text that a field takes, in characters.
const LONGEST: usize = 500;

/// Says whether a key edits a field that has the focus.
pub(super) fn edits(chord: Chord) -> bool {
    typed(&mut Input::default(), chord)
}

/// Says whether it puts something in the place of what is chosen, or takes that away.
pub(super) fn replaces(chord: Chord) -> bool {
    let plain = !chord.ctrl && !chord.alt;
    plain && matches!(chord.key, Key::Char(_) | Key::Backspace | Key::Delete)
}

/// Takes a key into a field. Says whether it was one for it: letters and editing keys are, tab,
/// enter, esc, up and down are not.
pub(super) fn typed(field: &mut Input, chord: Chord) -> bool {
    let request = match (chord.ctrl, chord.alt, chord.key) {
        (false, false, Key::Char(character)) => {
            if character.is_control() || field.value().chars().count() >= LONGEST {
                return true;
            }
            InputRequest::InsertChar(character)
        }
        (false, false, Key::Backspace) => InputRequest::DeletePrevChar,
        (false, false, Key::Delete) => InputRequest::DeleteNextChar,
        (false, false, Key::Left) => InputRequest::GoToPrevChar,
        (false, false, Key::Right) => InputRequest::GoToNextChar,
        (false, false, Key::Home) => InputRequest::GoToStart,
        (false, false, Key::End) => InputRequest::GoToEnd,
        (true, false, Key::Char('w')) => InputRequest::DeletePrevWord,
        (true, false, Key::Char('u')) => InputRequest::DeleteLine,
        (true, false, Key::Left) => InputRequest::GoToPrevWord,
        (true, false, Key::Right) => InputRequest::GoToNextWord,
        _ => return false,
    };
    field.handle(request);
    true
}

/// Pastes into a field. Line breaks become spaces, so that a pasted newline never confirms.
pub(super) fn paste(field: &mut Input, text: &str) {
    let room = LONGEST.saturating_sub(field.value().chars().count());
    for character in crate::domain::text::clean(text).chars().take(room) {
        field.handle(InputRequest::InsertChar(character));
    }
}

/// What stands in a field, cleaned as the journal will have it.
pub(super) fn text(field: &Input) -> String {
    crate::domain::text::clean(field.value())
}
