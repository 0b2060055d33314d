//! The filter: each word that was typed must fit one of a row's words, fuzzily. A key must not
//! cost more than a frame at 100,000 rows, so what a row is called lies ready, one line a row.

use std::sync::Arc;

use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::app::view::tally::Stands;
use crate::domain::board::Row;
use crate::domain::policy::Policy;

/// What stands between the words of a line.
const BETWEEN: char = '\n';

/// What every row is called: its name, its group and its environments, in lower case.
#[derive(Debug)]
pub(super) struct Lines {
    /// What they were made from.
    policy: Arc<Policy>,
    text: String,
    /// Where each line ends.
    ends: Vec<usize>,
}

impl Lines {
    pub fn new(policy: &Arc<Policy>, rows: &[Row]) -> Self {
        let mut text = String::new();
        let mut ends = Vec::with_capacity(rows.len());
        for row in rows {
            let path = row.service.path.iter();
            let environments = path.map(|stage| stage.environment.as_str());
            let words = std::iter::once(row.service.name.as_str())
                .chain(row.service.group.as_deref())
                .chain(environments);
            for word in words {
                text.push_str(word);
                text.push(BETWEEN);
            }
            ends.push(text.len());
        }
        text.make_ascii_lowercase();
        Self {
            policy: Arc::clone(policy),
            text,
            ends,
        }
    }

    pub fn are_of(&self, policy: &Arc<Policy>, rows: &[Row]) -> bool {
        Arc::ptr_eq(&self.policy, policy) && self.ends.len() == rows.len()
    }

    fn line(&self, place: usize) -> &str {
        let before = place.checked_sub(1).and_then(|place| self.ends.get(place));
        let end = self.ends.get(place).copied().unwrap_or_default();
        self.text
            .get(before.copied().unwrap_or_default()..end)
            .unwrap_or_default()
    }
}

/// What was typed after `/`.
pub(super) struct Sieve {
    words: Vec<Word>,
    matcher: Option<Matcher>,
}

struct Word {
    atom: Atom,
    /// As the matcher takes it: case and accents are folded.
    letters: String,
    /// The words for where a row stands that it fits.
    stands: Stands,
}

impl Sieve {
    pub fn new(text: &str) -> Self {
        let words: Vec<Word> = text.split_whitespace().map(Word::new).collect();
        Self {
            words,
            matcher: None,
        }
    }

    pub fn is_open(&self) -> bool {
        self.words.is_empty()
    }

    pub fn lets_through(&mut self, lines: &Lines, place: usize, stands: Stands) -> bool {
        let line = lines.line(place);
        let plain = line.is_ascii();
        let matcher = &mut self.matcher;
        self.words.iter().all(|word| {
            word.stands.meets(stands)
                || if plain {
                    is_within(line, &word.letters)
                } else {
                    word.is_within(line, matcher)
                }
        })
    }
}

impl Word {
    fn new(word: &str) -> Self {
        let atom = Atom::new(
            word,
            CaseMatching::Ignore,
            Normalization::Smart,
            AtomKind::Fuzzy,
            false,
        );
        let letters = atom.needle_text().to_string();
        let stands = Stands::whose(|word| is_within(word, &letters));
        Self {
            atom,
            letters,
            stands,
        }
    }

    /// As `is_within`, of any line: the matcher knows what is one letter in Unicode.
    fn is_within(&self, line: &str, matcher: &mut Option<Matcher>) -> bool {
        // A matcher is big; most boards need none.
        let matcher = matcher.get_or_insert_with(|| Matcher::new(Config::DEFAULT));
        let mut buffer = Vec::new();
        line.split(BETWEEN).any(|word| {
            let word = Utf32Str::new(word, &mut buffer);
            self.atom.score(word, matcher).is_some()
        })
    }
}

/// Says whether the letters come one after the other in a word of an ASCII line.
fn is_within(line: &str, letters: &str) -> bool {
    let mut left = letters.as_bytes();
    for byte in line.bytes() {
        match left {
            [] => return true,
            [first, rest @ ..] if *first == byte => left = rest,
            _ if byte == BETWEEN as u8 => left = letters.as_bytes(),
            _ => {}
        }
    }
    left.is_empty()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The short way for ASCII and the matcher agree on what fits.
        #[test]
        fn both_ways_agree(
            words in prop::collection::vec("[A-Ca-c0-2-]{0,6}", 1..4),
            typed in "[A-Ca-cé0-2-]{1,4}",
        ) {
            let mut line = words.join("\n");
            line.push(BETWEEN);
            line.make_ascii_lowercase();
            let word = Word::new(&typed);
            prop_assert_eq!(is_within(&line, &word.letters), word.is_within(&line, &mut None));
        }
    }
}
