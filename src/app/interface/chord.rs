//! Chords: a key with its modifiers, and how people write it. What a chord means lives in
//! `keymap.rs`.

use std::fmt;

/// A key with its modifiers, in our own terms: the terminal library stays at the edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chord {
    pub key: Key,
    pub ctrl: bool,
    pub alt: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A character as typed: `P` is shift and p.
    Char(char),
    Enter,
    Esc,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    /// A function key, from 1 to 12.
    F(u8),
}

/// The keys with names, as they are written in config and shown on screen.
const NAMED: [(&str, Key); 15] = [
    ("space", Key::Char(' ')),
    ("enter", Key::Enter),
    ("esc", Key::Esc),
    ("tab", Key::Tab),
    ("shift-tab", Key::BackTab),
    ("backspace", Key::Backspace),
    ("delete", Key::Delete),
    ("up", Key::Up),
    ("down", Key::Down),
    ("left", Key::Left),
    ("right", Key::Right),
    ("home", Key::Home),
    ("end", Key::End),
    ("pageup", Key::PageUp),
    ("pagedown", Key::PageDown),
];

impl Chord {
    pub const fn plain(key: Key) -> Self {
        Self {
            key,
            ctrl: false,
            alt: false,
        }
    }

    /// Reads `P`, `ctrl-d`, `space`, `shift-tab`, `alt-x`, `f5`.
    pub fn parse(text: &str) -> Option<Self> {
        let (mut ctrl, mut alt) = (false, false);
        let mut rest = text;
        loop {
            if let Some(after) = rest.strip_prefix("ctrl-").filter(|after| !after.is_empty()) {
                (ctrl, rest) = (true, after);
            } else if let Some(after) = rest.strip_prefix("alt-").filter(|after| !after.is_empty())
            {
                (alt, rest) = (true, after);
            } else {
                break;
            }
        }
        let named = NAMED.iter().find(|(name, _)| *name == rest);
        let named = named.map(|(_, key)| *key).or_else(|| {
            let number = rest.strip_prefix('f')?;
            let number = number.parse().ok().filter(|it| (1..=12).contains(it));
            // Written with a zero before it, it would be shown otherwise than it is written.
            number.map(Key::F).filter(|_| !rest.starts_with("f0"))
        });
        let mut characters = rest.chars();
        let key = match (named, characters.next(), characters.next()) {
            (Some(key), ..) => key,
            (None, Some(character), None) if !character.is_control() => Key::Char(character),
            (None, ..) => return None,
        };
        Some(Self { key, ctrl, alt })
    }

    /// Says whether it is a SHIFT letter: the only kind of key that may lead to a change.
    pub fn is_shift_letter(self) -> bool {
        !self.ctrl && !self.alt && matches!(self.key, Key::Char(letter) if letter.is_uppercase())
    }

    /// The character that it types into a text field, if it types one.
    pub fn character(self) -> Option<char> {
        match self.key {
            Key::Char(character) if !self.ctrl && !self.alt => Some(character),
            _ => None,
        }
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("ctrl-")?;
        }
        if self.alt {
            f.write_str("alt-")?;
        }
        match NAMED.iter().find(|(_, key)| *key == self.key) {
            Some((name, _)) => f.write_str(name),
            None => match self.key {
                Key::Char(character) => write!(f, "{character}"),
                Key::F(number) => write!(f, "f{number}"),
                _ => Ok(()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chord_is_read_as_it_is_written() {
        for text in [
            "P",
            "j",
            "ctrl-d",
            "space",
            "shift-tab",
            "alt-x",
            "-",
            "[",
            "f",
            "f5",
            "ctrl-f12",
        ] {
            let chord = Chord::parse(text).expect(text);
            assert_eq!(chord.to_string(), text);
        }
        for bad in ["", "ctrl-", "hyper-x", "jj", "f0", "f05", "f13"] {
            assert_eq!(Chord::parse(bad), None, "{bad}");
        }
    }
}
