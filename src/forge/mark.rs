//! The intent's id within a text that an act carries to a forge, and found again in it.

use crate::domain::brake::{Binds, Reading};
use crate::domain::ids::IntentId;
use crate::domain::text::clean;
use crate::forge::error::Error;

const BEGIN: &str = "[gonogo ";
const END: char = ']';

/// Returns what of a text carries `key`.
pub fn mark(key: &IntentId) -> String {
    format!("{BEGIN}{key}{END}")
}

/// Puts `key` behind a text.
pub fn keyed(text: &str, key: &IntentId) -> String {
    format!("{text} {}", mark(key)).trim_start().to_owned()
}

/// Puts `key` behind a text of at most `longest` characters: the text is cut rather than the key.
pub fn keyed_within(text: &str, key: &IntentId, longest: usize) -> String {
    let left = longest.saturating_sub(mark(key).chars().count() + 1);
    let mut text: String = text.chars().take(left).collect();
    text.truncate(text.trim_end().len());
    keyed(&text, key)
}

/// Returns the key that a text carries, and what else it says.
pub fn read(text: &str) -> (Option<IntentId>, String) {
    let found = text.rsplit_once(BEGIN).and_then(|(before, rest)| {
        let (key, after) = rest.split_once(END)?;
        let plain = !key.is_empty() && !key.contains(char::is_whitespace);
        plain.then(|| (IntentId::from(clean(key)), format!("{before}{after}")))
    });
    match found {
        Some((key, rest)) => (Some(key), clean(rest.trim())),
        None => (None, clean(text)),
    }
}

/// What the newest status of a brake's context says of whose it is.
pub fn reading(said: Option<&str>, state: &str, stops: bool, ours: &IntentId) -> Reading {
    let (key, words) = read(said.unwrap_or_default());
    if stops && key.as_ref() == Some(ours) {
        return Reading::Ours {
            binds: Binds::Unasked,
        };
    }
    let says = match words.as_str() {
        "" => clean(state),
        words => format!("{}: {words}", clean(state)),
    };
    Reading::Foreign { says }
}

/// Whether a merge asks for a status, by what the forge says of its branch: what it did not say is told
/// as that, and taken for neither.
pub fn binds(asked: Result<bool, Error>, unless: impl FnOnce() -> String) -> Binds {
    match asked {
        Ok(true) => Binds::Yes,
        Ok(false) => Binds::No { why: unless() },
        Err(error) => Binds::Unread {
            why: error.to_string(),
        },
    }
}

/// What is read of a mark that is there or not, and carries no words.
pub fn present(there: bool) -> Reading {
    if there {
        Reading::Ours {
            binds: Binds::Unasked,
        }
    } else {
        Reading::Gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_forge_did_not_say_is_neither_asked_for_nor_not() {
        let why = || "main does not require it".to_owned();
        assert_eq!(binds(Ok(true), why), Binds::Yes);
        assert_eq!(binds(Ok(false), why), Binds::No { why: why() });
        let error = Error::Broken("a proxy".to_owned());
        let read = binds(Err(error), why);
        assert!(matches!(read, Binds::Unread { why } if why.contains("a proxy")));
    }

    #[test]
    fn a_key_is_found_in_what_carries_it_and_the_words_stay() {
        let key = IntentId::from("it-7f3a");
        let text = keyed_within(&"x".repeat(300), &key, 140);
        assert_eq!(text.chars().count(), 140);
        assert_eq!(read(&text).0, Some(key.clone()));
        assert_eq!(read(&keyed("live", &key)), (Some(key), "live".to_owned()));
        for text in ["", "live", "[gonogo ]", "[gonogo a b]", "[gonogo"] {
            assert_eq!(read(text).0, None, "{text}");
        }
    }
}
