//! Keys from the terminal, in the application's own terms. This is the only reader of the terminal, so
//! what it answers to a question comes by here too (`input/answer.rs`).

use std::time::Duration;

use crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use tokio::sync::mpsc;

use super::clock;
use crate::app::Msg;
use crate::app::interface::{Chord, Key};
use crate::ui::theme::Background;

mod answer;

use answer::Answer;

/// How long an answer of the terminal may take to be told from keys, over the slowest of lines.
const LATE: Duration = Duration::from_secs(30);

/// What the terminal says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Event(Event),
    /// What is behind the letters, as it answers.
    Background(Background),
}

/// Hands on what the terminal says for as long as somebody listens. It blocks, and has a thread of
/// its own.
///
/// Of a terminal that is gone crossterm reads the end over and over, inside this call and without
/// coming back. On the loop's thread that would be the end of signals, acts and everything else.
///
/// `asked` says whether an answer about the background may come among the keys: it is taken out of
/// them whenever it comes.
pub(super) fn read(events: &mpsc::Sender<Heard>, asked: bool) {
    let mut answer = asked.then(Answer::default);
    let late = clock::tick() + LATE;
    loop {
        // Whoever has not answered by now never will, and esc need not be kept back for it.
        if clock::tick() > late && !answer.as_ref().is_some_and(Answer::is_begun) {
            answer = None;
        }
        let heard = match &mut answer {
            Some(answer) if answer.is_begun() && !soon(answer.patience()) => answer.give_up(),
            answer => {
                let Ok(event) = event::read() else {
                    return;
                };
                match answer {
                    Some(answer) => answer.take(event),
                    None => vec![Heard::Event(event)],
                }
            }
        };
        for heard in heard {
            if matches!(heard, Heard::Background(_)) {
                answer = None;
            }
            if events.blocking_send(heard).is_err() {
                return;
            }
        }
    }
}

/// Waits for an event, and says whether one came.
fn soon(patience: Duration) -> bool {
    event::poll(patience).unwrap_or(false)
}

/// Turns an event of the terminal into a message; releases are nothing to us, and what a mouse means
/// depends on the picture (`pointer.rs`).
pub(super) fn message(event: Event) -> Option<Msg> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => {
            let named = match key.code {
                KeyCode::Char(character) => Key::Char(character),
                KeyCode::Enter => Key::Enter,
                KeyCode::Esc => Key::Esc,
                KeyCode::Tab => Key::Tab,
                KeyCode::BackTab => Key::BackTab,
                KeyCode::Backspace => Key::Backspace,
                KeyCode::Delete => Key::Delete,
                KeyCode::Up => Key::Up,
                KeyCode::Down => Key::Down,
                KeyCode::Left => Key::Left,
                KeyCode::Right => Key::Right,
                KeyCode::Home => Key::Home,
                KeyCode::End => Key::End,
                KeyCode::PageUp => Key::PageUp,
                KeyCode::PageDown => Key::PageDown,
                KeyCode::F(number) => Key::F(number),
                _ => return None,
            };
            let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
            let alt = key.modifiers.contains(KeyModifiers::ALT);
            Some(Msg::Key(Chord {
                key: named,
                ctrl,
                alt,
            }))
        }
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::Resize(columns, rows) => Some(Msg::Resized { columns, rows }),
        Event::Key(_) | Event::Mouse(_) | Event::FocusGained | Event::FocusLost => None,
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyEvent, KeyEventState};

    use super::*;

    fn press(code: KeyCode, modifiers: KeyModifiers) -> Option<Chord> {
        let event = KeyEvent {
            code,
            modifiers,
            kind: KeyEventKind::Press,
            state: KeyEventState::NONE,
        };
        match message(Event::Key(event)) {
            Some(Msg::Key(chord)) => Some(chord),
            _ => None,
        }
    }

    #[test]
    fn shift_is_in_the_character_and_ctrl_beside_it() {
        let chord = press(KeyCode::Char('P'), KeyModifiers::SHIFT).unwrap();
        assert_eq!(
            chord,
            Chord {
                key: Key::Char('P'),
                ctrl: false,
                alt: false
            }
        );
        let chord = press(KeyCode::Char('c'), KeyModifiers::CONTROL).unwrap();
        assert_eq!(
            chord,
            Chord {
                key: Key::Char('c'),
                ctrl: true,
                alt: false
            }
        );
    }

    #[test]
    fn a_released_key_is_no_key() {
        let event = KeyEvent {
            code: KeyCode::Char('P'),
            modifiers: KeyModifiers::SHIFT,
            kind: KeyEventKind::Release,
            state: KeyEventState::NONE,
        };
        assert!(message(Event::Key(event)).is_none());
    }
}
