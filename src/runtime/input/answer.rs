//! The terminal's answer about its background (OSC 11), taken out of the keys that it comes among.
//!
//! The event source knows no such answer and makes keys of it: `ESC ] 1 1 ; r g b : …` and an end. Keys
//! that may begin one are kept back until it is clear; those that turn out to be typed go on unchanged.

use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::Heard;
use crate::ui::theme::Background;

/// How long a key that may begin an answer is kept back: an answer comes in one piece, or nearly.
const GAP: Duration = Duration::from_millis(50);
/// The same once it is clear that it is one, over a line that stumbles.
const SURE: Duration = Duration::from_secs(1);
/// What an answer begins with, after its escape.
const HEAD: &str = "]11;rgb";
/// The longest that an answer can be.
const LONGEST: usize = 40;

/// An answer that may be coming.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// What was kept back of it, should it be none.
    kept: Vec<Event>,
    /// The same in characters, without escapes.
    text: String,
    /// The last of them was an escape of its own.
    escaped: bool,
}

/// A key as an answer has it.
enum Part {
    /// With the escape before it, if one came in the same breath.
    Sign(char, bool),
    Escape,
    Bell,
    Other,
}

impl Answer {
    /// Says whether something is kept back.
    pub(super) fn is_begun(&self) -> bool {
        !self.kept.is_empty()
    }

    /// Takes an event, and returns what goes on.
    pub(super) fn take(&mut self, event: Event) -> Vec<Heard> {
        if !matches!(event, Event::Key(_)) {
            // A new size may come at any time.
            return vec![Heard::Event(event)];
        }
        let part = part(&event);
        match part {
            Part::Escape if self.text.is_empty() || self.is_sure() => {
                self.escaped = true;
                self.kept.push(event);
                return Vec::new();
            }
            Part::Bell if self.is_sure() => return self.end(),
            Part::Sign('\\', escape) if self.is_sure() && (escape || self.escaped) => {
                return self.end();
            }
            Part::Sign(sign, escape) if self.goes_on(sign, escape) => {
                self.text.push(sign);
                self.escaped = false;
                self.kept.push(event);
                return Vec::new();
            }
            // Too long for an answer, and surely none of the operator's.
            Part::Sign(sign, false) if self.is_sure() && is_of_colour(sign) => return Vec::new(),
            Part::Escape | Part::Bell | Part::Sign(..) | Part::Other => {}
        }
        let mut heard = self.give_up();
        heard.push(Heard::Event(event));
        heard
    }

    /// Nothing more came: what was kept back were keys after all, unless it was surely an answer.
    pub(super) fn give_up(&mut self) -> Vec<Heard> {
        let Self { kept, text, .. } = std::mem::take(self);
        if text.len() >= HEAD.len() {
            return Vec::new();
        }
        kept.into_iter().map(Heard::Event).collect()
    }

    /// How long the next part of what is kept back may take.
    pub(super) fn patience(&self) -> Duration {
        if self.is_sure() { SURE } else { GAP }
    }

    /// Says whether nobody types this: it can only be the answer.
    fn is_sure(&self) -> bool {
        self.text.len() >= HEAD.len()
    }

    fn goes_on(&self, sign: char, escape: bool) -> bool {
        let place = self.text.len();
        match HEAD.chars().nth(place) {
            // Without its escape it is a key like any other.
            Some(first) if place == 0 => sign == first && (escape || self.escaped),
            Some(next) => sign == next && !escape && !self.escaped,
            None => is_of_colour(sign) && !escape && !self.escaped && place < LONGEST,
        }
    }

    fn end(&mut self) -> Vec<Heard> {
        let text = std::mem::take(self).text;
        let colour = text.strip_prefix(HEAD).and_then(luminance);
        let heard = colour.map(|light| {
            Heard::Background(if light > 0.5 {
                Background::Light
            } else {
                Background::Dark
            })
        });
        heard.into_iter().collect()
    }
}

fn is_of_colour(sign: char) -> bool {
    sign.is_ascii_hexdigit() || matches!(sign, ':' | '/')
}

fn part(event: &Event) -> Part {
    let Event::Key(KeyEvent {
        code,
        modifiers,
        kind: KeyEventKind::Press,
        ..
    }) = event
    else {
        return Part::Other;
    };
    let (ctrl, alt) = (
        modifiers.contains(KeyModifiers::CONTROL),
        modifiers.contains(KeyModifiers::ALT),
    );
    match code {
        KeyCode::Esc => Part::Escape,
        KeyCode::Char('g') if ctrl => Part::Bell,
        KeyCode::Char(sign) if !ctrl => Part::Sign(*sign, alt),
        _ => Part::Other,
    }
}

/// How light a colour is, from 0 to 1: `:ffff/ffff/ffff`, one to four digits each, perhaps with an
/// opacity before and behind (`a:…/…`).
fn luminance(text: &str) -> Option<f64> {
    let text = text.strip_prefix('a').unwrap_or(text);
    let mut parts = text.strip_prefix(':')?.split('/').map(|part| {
        let most = 16_u32
            .checked_pow(u32::try_from(part.len()).ok()?)?
            .checked_sub(1)?;
        let value = u32::from_str_radix(part, 16).ok()?;
        (1..=4)
            .contains(&part.len())
            .then(|| f64::from(value) / f64::from(most))
    });
    let mut next = || parts.next().flatten();
    let (red, green, blue) = (next()?, next()?, next()?);
    Some(0.2126 * red + 0.7152 * green + 0.0722 * blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Events as the event source makes them of bytes; `|` is a gap after which an escape stands
    /// alone.
    fn events(text: &str) -> Vec<Event> {
        let key = |code, modifiers| Event::Key(KeyEvent::new(code, modifiers));
        let mut events = Vec::new();
        let mut signs = text.chars().peekable();
        while let Some(sign) = signs.next() {
            events.push(match sign {
                '\u{1b}' if signs.peek() == Some(&'|') => key(KeyCode::Esc, KeyModifiers::NONE),
                '\u{1b}' => match signs.next() {
                    Some(sign) => key(KeyCode::Char(sign), KeyModifiers::ALT),
                    None => key(KeyCode::Esc, KeyModifiers::NONE),
                },
                '\u{7}' => key(KeyCode::Char('g'), KeyModifiers::CONTROL),
                '|' => continue,
                sign => key(KeyCode::Char(sign), KeyModifiers::NONE),
            });
        }
        events
    }

    fn heard(text: &str) -> Vec<Heard> {
        let mut answer = Answer::default();
        let mut all = Vec::new();
        for event in events(text) {
            all.extend(answer.take(event));
        }
        all.extend(answer.give_up());
        all
    }

    #[test]
    fn an_answer_is_taken_out_of_the_keys_that_it_comes_among() {
        for (answer, background) in [
            ("\u{1b}]11;rgb:0000/0000/0000\u{1b}\\", Background::Dark),
            ("\u{1b}]11;rgb:ffff/ffff/FFFF\u{1b}\\", Background::Light),
            ("\u{1b}]11;rgb:fd/f6/e3\u{7}", Background::Light),
            ("\u{1b}]11;rgba:1e/1e/2e/ff\u{7}", Background::Dark),
            ("\u{1b}|]11;rgb:0/0/f\u{1b}|\\", Background::Dark),
        ] {
            let mut expected: Vec<Heard> = events("j").into_iter().map(Heard::Event).collect();
            expected.push(Heard::Background(background));
            expected.extend(events("k1").into_iter().map(Heard::Event));
            assert_eq!(heard(&format!("j{answer}k1")), expected, "{answer:?}");
        }
    }

    #[test]
    fn what_is_typed_goes_on_unchanged() {
        for typed in [
            "]11;rgb",
            "11;j",
            "\u{1b}|j",
            "\u{1b}|",
            "\u{1b}]",
            "\u{1b}]1j",
            "\u{1b}|]",
            "\u{7}",
            "\u{1b}|\u{1b}|j",
            "\u{1b}]11;\u{1b}|",
        ] {
            let expected: Vec<Heard> = events(typed).into_iter().map(Heard::Event).collect();
            assert_eq!(heard(typed), expected, "{typed:?}");
        }
    }

    #[test]
    fn half_an_answer_and_a_broken_one_are_no_keys_either() {
        for broken in [
            "\u{1b}]11;rgb:ffff/ff",
            "\u{1b}]11;rgb:ffff/ff\u{7}",
            "\u{1b}]11;rgb:ffffff/ffffff/ffffff\u{1b}\\",
        ] {
            assert_eq!(heard(broken), [], "{broken:?}");
        }
    }
}
