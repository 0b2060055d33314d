//! Toned text: what a picture is made of. How a tone looks lives in the theme; where a line stands,
//! in `ui`.

use std::borrow::Cow;

use compact_str::CompactString;
use smallvec::{SmallVec, smallvec};
use unicode_width::UnicodeWidthStr;

/// What a piece of text means. A tone only repeats what the words say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tone {
    #[default]
    Plain,
    Strong,
    Muted,
    Good,
    Running,
    Warning,
    Bad,
    /// Stale, missing, or not understood.
    Unknown,
    Accent,
    /// Column titles and the names of panels.
    Heading,
    /// A key that may be pressed now.
    Key,
    /// What is not possible now.
    Struck,
    /// The part of a dialog that has the focus.
    Focus,
    /// What must not be overlooked: offline, journal unreachable.
    Alarm,
    /// Lines between panels.
    Rule,
    /// The name of an environment that a promotion must be armed for.
    Protected,
}

impl Tone {
    /// Every tone, in the order of a theme file.
    pub const ALL: [Self; 16] = [
        Self::Plain,
        Self::Strong,
        Self::Muted,
        Self::Good,
        Self::Running,
        Self::Warning,
        Self::Bad,
        Self::Unknown,
        Self::Accent,
        Self::Heading,
        Self::Key,
        Self::Struck,
        Self::Focus,
        Self::Alarm,
        Self::Rule,
        Self::Protected,
    ];

    /// The tone's key in a theme file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Strong => "strong",
            Self::Muted => "muted",
            Self::Good => "good",
            Self::Running => "running",
            Self::Warning => "warning",
            Self::Bad => "bad",
            Self::Unknown => "unknown",
            Self::Accent => "accent",
            Self::Heading => "heading",
            Self::Key => "key",
            Self::Struck => "struck",
            Self::Focus => "focus",
            Self::Alarm => "alarm",
            Self::Rule => "rule",
            Self::Protected => "protected",
        }
    }
}

/// A piece of text in one tone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    pub text: CompactString,
    pub tone: Tone,
}

/// Spans side by side. A picture has more than a thousand lines, most of them one short word: those
/// need no memory but their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line(pub SmallVec<[Span; 1]>);

impl Line {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn of(tone: Tone, text: impl Into<CompactString>) -> Self {
        Self(smallvec![Span {
            text: text.into(),
            tone,
        }])
    }

    pub fn plain(text: impl Into<CompactString>) -> Self {
        Self::of(Tone::Plain, text)
    }

    #[must_use]
    pub fn with(mut self, tone: Tone, text: impl Into<CompactString>) -> Self {
        self.push(tone, text);
        self
    }

    pub fn push(&mut self, tone: Tone, text: impl Into<CompactString>) {
        let text = text.into();
        if !text.is_empty() {
            self.0.push(Span { text, tone });
        }
    }

    /// The same, where it is plain, so that it stands out.
    #[must_use]
    pub fn strong(mut self) -> Self {
        for span in &mut self.0 {
            if span.tone == Tone::Plain {
                span.tone = Tone::Strong;
            }
        }
        self
    }

    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Cuts the last parts until it takes no more than `columns`.
    #[must_use]
    pub fn fitted(mut self, columns: usize) -> Self {
        while self.width() > columns {
            let over = self.width() - columns;
            let Some(last) = self.0.last_mut() else { break };
            let room = width(&last.text).saturating_sub(over);
            if room < 2 {
                self.0.pop();
            } else {
                last.text = cut_words(&last.text, room).into();
            }
        }
        self
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many columns it takes.
    pub fn width(&self) -> usize {
        self.0.iter().map(|span| width(&span.text)).sum()
    }

    /// Adds blanks until it takes `columns`.
    #[must_use]
    pub fn padded(mut self, columns: usize) -> Self {
        let missing = columns.saturating_sub(self.width());
        if missing > 0 {
            self.push(Tone::Plain, blanks(missing));
        }
        self
    }
}

/// How many columns `text` takes on a terminal.
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.width()
    }
}

/// `text` and blanks up to `columns`, one at least.
pub fn pad(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text)).max(1);
    format!("{text}{}", blanks(missing))
}

/// A run of blanks without an allocation, as long as a screen is wide.
pub fn blanks(count: usize) -> Cow<'static, str> {
    const BLANKS: &str = "                                                                ";
    BLANKS
        .get(..count)
        .map_or_else(|| Cow::Owned(" ".repeat(count)), Cow::Borrowed)
}

/// Cuts `text` to `columns`, marking the cut.
pub fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    use unicode_segmentation::UnicodeSegmentation;
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(columns + 2);
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let wide = width(grapheme);
        if used + wide + 1 > columns {
            break;
        }
        used += wide;
        kept.push_str(grapheme);
    }
    if columns > 0 {
        kept.push('…');
    }
    Cow::Owned(kept)
}

/// Cuts `text` to `columns` as `cut` does, but between words where that costs little.
pub fn cut_words(text: &str, columns: usize) -> Cow<'_, str> {
    let kept = cut(text, columns);
    let Cow::Owned(kept) = kept else { return kept };
    let whole = kept.trim_end_matches('…');
    let next = text.get(whole.len()..).unwrap_or_default();
    let words = match whole.rsplit_once(' ') {
        Some((words, _)) if !next.starts_with(' ') && width(words) * 3 >= columns * 2 => words,
        Some(_) | None => whole,
    };
    Cow::Owned(format!(
        "{}…",
        words.trim_end_matches([' ', ',', ';', ':', '('])
    ))
}

/// Breaks `text` into lines of at most `columns`, between words where it can.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let mut word = word.to_owned();
        let room = columns.saturating_sub(width(&line) + usize::from(!line.is_empty()));
        if width(&word) > room && !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        while width(&word) > columns {
            let head: String = take(&word, columns);
            word = word.get(head.len()..).unwrap_or_default().to_owned();
            lines.push(head);
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// The longest beginning of `text` that fits; at least one grapheme, so that wrapping ends.
fn take(text: &str, columns: usize) -> String {
    use unicode_segmentation::UnicodeSegmentation;
    let mut kept = String::new();
    for grapheme in text.graphemes(true) {
        if !kept.is_empty() && width(&kept) + width(grapheme) > columns {
            break;
        }
        kept.push_str(grapheme);
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cut_counts_columns_and_never_halves_a_wide_character() {
        assert_eq!(cut("push-日本語", 9), "push-日…");
        assert_eq!(cut("push-日本語", 8), "push-日…");
        assert_eq!(cut("billing", 7), "billing");
        assert_eq!(width(&cut("a long name of a service", 10)), 10);
    }

    #[test]
    fn words_are_kept_whole_where_that_costs_little() {
        assert_eq!(
            cut_words("no go of qa, sre, product", 25),
            "no go of qa, sre, product"
        );
        assert_eq!(
            cut_words("no go of qa, sre, product", 20),
            "no go of qa, sre…"
        );
        assert_eq!(
            cut_words("nothing is known of web", 19),
            "nothing is known…"
        );
        assert_eq!(cut_words("a verylongwordindeed", 12), "a verylongw…");
        let line = Line::plain("VERDICT ").with(Tone::Plain, "no go of qa, sre, product");
        assert!(line.clone().fitted(24).width() <= 24);
        assert_eq!(line.clone().fitted(40), line);
    }

    #[test]
    fn wrapped_text_loses_nothing_and_fits() {
        let text = "POST /repos/acme/checkout/actions/workflows/deploy.yml/dispatches ref=v9";
        for columns in 1..40 {
            let lines = wrap(text, columns);
            assert!(lines.iter().all(|line| width(line) <= columns), "{columns}");
            let joined: String = lines.concat().split(' ').collect();
            assert_eq!(joined, text.split(' ').collect::<String>());
        }
    }

    /// Texts as they reach a screen: any script, wide signs and emoji, cleaned at the boundary.
    fn texts() -> impl Strategy<Value = String> {
        let signs = prop::collection::vec(
            prop_oneof![
                Just("a"),
                Just("word "),
                Just("日本"),
                Just("語"),
                Just("🚀"),
                Just("👩🏽"),
                Just("❤\u{fe0f}"),
                Just("🇩🇪"),
                Just("e\u{301}"),
                Just("ﷺ"),
                Just("𝔘"),
                Just("עב"),
                Just("\u{200d}"),
                Just("\u{202e}"),
            ],
            0..24,
        );
        signs.prop_map(|signs| crate::domain::text::clean(&signs.concat()))
    }

    proptest! {
        #[test]
        fn wide_signs_and_emoji_never_take_more_columns_than_there_are(
            text in texts(),
            columns in 2_usize..40,
        ) {
            prop_assert!(width(&cut(&text, columns)) <= columns);
            prop_assert!(width(&cut_words(&text, columns)) <= columns);
            for line in wrap(&text, columns) {
                prop_assert!(width(&line) <= columns, "{line:?}");
            }
            let line = Line::plain(text.clone()).with(Tone::Plain, text.clone());
            prop_assert!(line.clone().fitted(columns).width() <= columns);
            prop_assert!(line.padded(columns).width() >= columns);
        }
    }
}
