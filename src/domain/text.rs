//! Text from outside, made safe to show. Layout and colour do not live here.

use unicode_segmentation::UnicodeSegmentation;

/// The longest text that is kept of any one field of a forge, in characters.
pub const LONGEST: usize = 4096;

/// Returns `text` with every character replaced that could move, hide or reorder what a person
/// reads: control and escape characters, bidirectional overrides, zero-width and other invisible
/// marks. Line breaks and tabs become one space.
///
/// Called where wire types become domain types, so that the board, the command line, reports and
/// logs all get clean text.
pub fn clean(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let mut clean = String::with_capacity(text.len().min(LONGEST));
    for character in text.trim().chars().take(LONGEST) {
        match character {
            '\n' | '\r' | '\t' => {
                if !clean.ends_with(' ') {
                    clean.push(' ');
                }
            }
            character if is_unsafe(character) => clean.push('\u{fffd}'),
            character => clean.push(character),
        }
    }
    clean
}

/// Says whether `clean` would leave `text` as it is.
pub fn is_clean(text: &str) -> bool {
    is_plain(text) || clean(text) == text
}

/// Says whether `text` is short, printable ASCII without spaces at its ends, as nearly all is.
fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() <= LONGEST
        && bytes.iter().all(|byte| matches!(byte, b' '..=b'~'))
        && bytes.first() != Some(&b' ')
        && bytes.last() != Some(&b' ')
}

/// Says whether `character` could forge or hide what stands on the screen.
pub(super) fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{00ad}'
                | '\u{034f}'
                | '\u{061c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0e}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Cuts `text` to at most `longest` grapheme clusters, marking the cut with an ellipsis.
pub fn shorten(text: &str, longest: usize) -> String {
    if text.graphemes(true).count() <= longest {
        return text.to_owned();
    }
    let mut short: String = text
        .graphemes(true)
        .take(longest.saturating_sub(1))
        .collect();
    short.push('…');
    short
}

/// A number of things: `1 commit`, `3 commits`.
pub fn counted(count: impl TryInto<u64>, one: &str, many: &str) -> String {
    match count.try_into() {
        Ok(1) => format!("1 {one}"),
        Ok(count) => format!("{count} {many}"),
        Err(_) => format!("countless {many}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_a_thing_is_not_many() {
        assert_eq!(counted(0_u32, "entry", "entries"), "0 entries");
        assert_eq!(counted(1_usize, "entry", "entries"), "1 entry");
        assert_eq!(counted(2_u64, "entry", "entries"), "2 entries");
    }

    #[test]
    fn escape_sequences_lose_their_escape() {
        assert_eq!(clean("a\u{1b}[31mred"), "a\u{fffd}[31mred");
        assert_eq!(clean("c1 \u{9b}31m"), "c1 \u{fffd}31m");
    }

    #[test]
    fn bidi_overrides_and_zero_width_marks_become_visible() {
        assert_eq!(clean("ab\u{202e}cd\u{200b}ef"), "ab\u{fffd}cd\u{fffd}ef");
    }

    #[test]
    fn line_breaks_become_one_space() {
        assert_eq!(clean("one\r\n\ttwo\n"), "one two");
    }

    #[test]
    fn plain_words_in_any_script_stay() {
        assert_eq!(clean("push-日本 Zürich עברית"), "push-日本 Zürich עברית");
    }

    #[test]
    fn what_is_clean_is_what_cleaning_leaves_alone() {
        let long = "x".repeat(LONGEST);
        for good in ["", "a", "two words", "~", "日本", &long] {
            assert!(is_clean(good), "{good}");
            assert_eq!(clean(good), good);
        }
        let longer = "x".repeat(LONGEST + 1);
        for bad in [
            " a",
            "a ",
            "a\tb",
            "\u{7f}",
            "\u{1b}[m",
            "a\u{200b}",
            &longer,
        ] {
            assert!(!is_clean(bad), "{bad:?}");
            assert_ne!(clean(bad), bad);
        }
    }

    #[test]
    fn a_cut_is_marked() {
        assert_eq!(shorten("billing", 7), "billing");
        assert_eq!(shorten("billing", 4), "bil…");
    }
}
