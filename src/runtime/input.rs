//! Keys from the terminal, in the application's own terms. This is the only reader of the terminal, so
//! what it answers to a question comes by here too (`input/answer.rs`).

use std::collections::VecDeque;
use std::time::Duration;

use crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

use super::waiting::Waiting;
use super::{clock, signals};
use crate::app::Msg;
use crate::app::interface::{Chord, Key};
use crate::ui::theme::Background;

mod answer;

use answer::Answer;

/// How long an answer of the terminal may take to be told from keys, over the slowest of lines.
const LATE: Duration = Duration::from_secs(30);
/// How long it is looked whether something was said. Of none the event source does not look at all.
const LOOK: Duration = Duration::from_micros(50);

/// What the terminal says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Event(Event),
    /// What is behind the letters, as it answers.
    Background(Background),
}

/// What the terminal says, one after the other.
pub(super) struct Keys<'w> {
    waiting: &'w Waiting,
    /// A new size comes by a signal.
    resized: Option<Signal>,
    /// Whether more may be there than was read.
    more: bool,
    heard: VecDeque<Heard>,
    /// An answer about the background may come among the keys: it is taken out of them whenever it
    /// comes.
    answer: Option<Answer>,
    /// When the terminal last said something, and until when it may answer.
    last: Instant,
    late: Instant,
}

impl<'w> Keys<'w> {
    /// Listens from now on; `asked` says whether the terminal was asked about its background.
    pub(super) fn listen(waiting: &'w Waiting, asked: bool) -> Self {
        let now = clock::tick();
        // The event source hears of a signal before we do if it listened to it before us.
        let more = event::poll(LOOK).unwrap_or(true);
        Self {
            waiting,
            resized: signal(SignalKind::window_change()).ok(),
            more,
            heard: VecDeque::new(),
            answer: asked.then(Answer::default),
            last: now,
            late: now + LATE,
        }
    }

    /// Waits for what the terminal says next; `None` when it is gone. Nothing is lost if the waiting is
    /// given up.
    pub(super) async fn next(&mut self) -> Option<Heard> {
        loop {
            if let Some(heard) = self.heard.pop_front() {
                return Some(heard);
            }
            if self.more {
                self.more = event::poll(LOOK).ok()?;
                if self.more {
                    let event = event::read().ok()?;
                    self.take(event);
                }
                continue;
            }
            let patience = self.answer.as_ref().filter(|answer| answer.is_begun());
            let patience = patience.map(|answer| self.last + answer.patience());
            tokio::select! {
                biased;
                there = self.waiting.readable() => {
                    if !there {
                        return None;
                    }
                    self.more = true;
                }
                () = signals::one(&mut self.resized) => self.more = true,
                () = self.waiting.until(patience.unwrap_or(self.last)), if patience.is_some() => {
                    let kept = self.answer.as_mut().map(Answer::give_up);
                    self.heard.extend(kept.into_iter().flatten());
                }
            }
        }
    }

    /// Looks again, should a sign of something new have been missed.
    pub(super) fn look_again(&mut self) {
        self.more = true;
    }

    fn take(&mut self, event: Event) {
        self.last = clock::tick();
        // Whoever has not answered by now never will, and esc need not be kept back for it.
        if self.last > self.late && !self.answer.as_ref().is_some_and(Answer::is_begun) {
            self.answer = None;
        }
        let Some(answer) = &mut self.answer else {
            self.heard.push_back(Heard::Event(event));
            return;
        };
        let heard = answer.take(event);
        if heard
            .iter()
            .any(|heard| matches!(heard, Heard::Background(_)))
        {
            self.answer = None;
        }
        self.heard.extend(heard);
    }
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
