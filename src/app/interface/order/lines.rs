//! What rows and the lines of lists are called, for a filter's words. A key must not cost more than a
//! frame at 100,000 rows, so it lies ready, one line a row. What a filter means is in `query`.

use std::sync::Arc;

use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::app::view::tally::Stands;
use crate::domain::board::Row;
use crate::domain::policy::Policy;

/// What stands between the words of a line.
const BETWEEN: char = '\n';

/// Words that lie ready in lower case, line by line.
#[derive(Clone, Debug, Default)]
pub(in crate::app::interface) struct Ready {
    text: String,
    /// Where each line ends.
    ends: Vec<usize>,
}

impl Ready {
    /// Adds a word to the line that is being written.
    pub fn word(&mut self, word: &str) {
        self.text.push_str(word);
        self.text.push(BETWEEN);
    }

    /// Ends the line that is being written.
    pub fn end(&mut self) {
        let begun = self.ends.last().copied().unwrap_or_default();
        if let Some(line) = self.text.get_mut(begun..) {
            line.make_ascii_lowercase();
        }
        self.ends.push(self.text.len());
    }

    pub fn line(&self, place: usize) -> &str {
        let before = place.checked_sub(1).and_then(|place| self.ends.get(place));
        let end = self.ends.get(place).copied().unwrap_or_default();
        self.text
            .get(before.copied().unwrap_or_default()..end)
            .unwrap_or_default()
    }
}

/// What every row is called: its name, its group and its environments.
#[derive(Debug)]
pub(super) struct Lines {
    /// What they were made from.
    policy: Arc<Policy>,
    ready: Ready,
}

impl Lines {
    pub fn new(policy: &Arc<Policy>, rows: &[Row]) -> Self {
        let mut ready = Ready::default();
        for row in rows {
            let path = row.service.path.iter();
            let environments = path.map(|stage| stage.environment.as_str());
            let words = std::iter::once(row.service.name.as_str())
                .chain(row.service.group.as_deref())
                .chain(environments);
            words.for_each(|word| ready.word(word));
            ready.end();
        }
        Self {
            policy: Arc::clone(policy),
            ready,
        }
    }

    pub fn are_of(&self, policy: &Arc<Policy>, rows: &[Row]) -> bool {
        Arc::ptr_eq(&self.policy, policy) && self.ready.ends.len() == rows.len()
    }

    pub fn line(&self, place: usize) -> &str {
        self.ready.line(place)
    }
}

/// A word that is looked for among a row's words.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::app::interface) struct Word {
    /// `None` looks for a part, else for letters in order.
    fuzzy: Option<Atom>,
    /// In lower case; of a fuzzy word as the matcher takes it, with case and accents folded.
    letters: String,
    /// The words for where a row stands that it fits.
    stands: Stands,
}

impl Word {
    pub fn plain(word: &str) -> Self {
        let letters = word.to_lowercase();
        Self {
            stands: Stands::whose(|word| word.contains(&letters)),
            fuzzy: None,
            letters,
        }
    }

    pub fn fuzzy(word: &str) -> Self {
        let atom = Atom::new(
            word,
            CaseMatching::Ignore,
            Normalization::Smart,
            AtomKind::Fuzzy,
            false,
        );
        let letters = atom.needle_text().to_string();
        Self {
            stands: Stands::whose(|word| is_within(word, &letters)),
            fuzzy: Some(atom),
            letters,
        }
    }

    pub fn fits(&self, line: &str, stands: Stands, matcher: &mut Option<Matcher>) -> bool {
        self.stands.meets(stands)
            || match &self.fuzzy {
                None if line.is_ascii() => line.contains(&self.letters),
                None => line.to_lowercase().contains(&self.letters),
                Some(_) if line.is_ascii() => is_within(line, &self.letters),
                Some(atom) => matches(atom, line, matcher),
            }
    }
}

/// As `is_within`, of any line: the matcher knows what is one letter in Unicode.
fn matches(atom: &Atom, line: &str, matcher: &mut Option<Matcher>) -> bool {
    // A matcher is big; most boards need none.
    let matcher = matcher.get_or_insert_with(|| Matcher::new(Config::DEFAULT));
    let mut buffer = Vec::new();
    line.split(BETWEEN).any(|word| {
        let word = Utf32Str::new(word, &mut buffer);
        atom.score(word, matcher).is_some()
    })
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
            let word = Word::fuzzy(&typed);
            let atom = word.fuzzy.clone().unwrap();
            prop_assert_eq!(is_within(&line, &word.letters), matches(&atom, &line, &mut None));
        }
    }
}
