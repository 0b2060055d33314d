//! Job logs: one line read from what a forge sent, and what marks a step or a failure in it.
//!
//! Colours become inks and every other escape sequence is dropped; nothing here is ever executed.
//! Keeping a log and reading parts of it lives in `runtime/spool.rs`.

use jiff::Timestamp;

use super::text::is_unsafe;

mod ansi;
mod mark;

pub use mark::{Mark, mark};

/// The longest line that is kept whole, in bytes: a longer one is broken.
pub const LONGEST_LINE: usize = 8_192;
/// How many lines of a failed step are shown first.
pub const SUMMARY: u64 = 20;

/// What a piece of a log is printed in. How an ink looks lives in the theme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Ink {
    #[default]
    Plain,
    Bold,
    Dim,
    Red,
    Green,
    Yellow,
    Blue,
    Cyan,
}

/// What kind of line it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kind {
    #[default]
    Plain,
    /// The beginning of a step or a group.
    Heading,
    Command,
    Warning,
    Error,
}

/// One line of a log, clean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// When it was written, where the log tells.
    pub at: Option<Timestamp>,
    pub kind: Kind,
    pub spans: Vec<(Ink, String)>,
}

impl Line {
    /// Reads a line as the forge sent it, without its line break.
    ///
    /// Colours begin anew in every line: a log is read from the middle.
    pub fn read(raw: &str) -> Self {
        let (at, rest) = stamp(raw.trim_start_matches('\u{feff}'));
        let (kind, rest) = kind(rest);
        let rest = rest.trim_end_matches('\r');
        // What a carriage return wrote over is not seen on a terminal either.
        let shown = rest.rsplit_once('\r').map_or(rest, |(_, last)| last);
        let mut spans = ansi::spans(shown);
        // A colour alone must not be all that tells.
        let word = match kind {
            Kind::Error => Some((Ink::Red, "error")),
            Kind::Warning => Some((Ink::Yellow, "warning")),
            Kind::Plain | Kind::Heading | Kind::Command => None,
        };
        if let Some((ink, word)) = word
            && !shown.to_ascii_lowercase().contains(word)
        {
            spans.insert(0, (ink, format!("{word}: ")));
        }
        Self { at, kind, spans }
    }

    /// Its words without colours.
    pub fn text(&self) -> String {
        self.spans.iter().map(|(_, text)| text.as_str()).collect()
    }
}

/// What a line says without its colours, and without anything else that a terminal would act on.
pub fn plain(raw: &str) -> String {
    let spans = ansi::spans(raw.trim_end_matches('\r'));
    spans.into_iter().map(|(_, text)| text).collect()
}

/// How a log says where it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// The job runs, and more will come.
    #[default]
    Growing,
    /// The job has ended, and all was read.
    Complete,
    /// There is no log yet; why.
    NotYet(String),
    /// This forge never gives one; why.
    Never(String),
}

/// The failed step, and where its last lines are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub step: Option<String>,
    pub from: u64,
    /// The line that says so.
    pub to: u64,
}

/// How much of a log is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    pub lines: u64,
    pub bytes: u64,
    pub end: End,
    /// It was longer than what is kept.
    pub cut: bool,
    /// Whether the forge can be asked for the new part alone.
    pub ranged: bool,
    /// The last failure that the log itself tells of.
    pub failure: Option<Failure>,
}

/// Takes the time off the beginning of a line: GitHub's and Forgejo's, and GitLab's with the number
/// and the letter of its stream.
fn stamp(raw: &str) -> (Option<Timestamp>, &str) {
    let Some((first, rest)) = raw.split_once(' ') else {
        return (None, raw);
    };
    let dated = (20..=35).contains(&first.len()) && first.ends_with('Z');
    let Some(at) = dated.then(|| first.parse().ok()).flatten() else {
        return (None, raw);
    };
    let bytes = rest.as_bytes();
    let streamed = bytes.len() >= 4
        && bytes.iter().take(2).all(u8::is_ascii_hexdigit)
        && matches!(bytes.get(2), Some(b'O' | b'E'))
        && matches!(bytes.get(3), Some(b' ' | b'+'));
    let rest = if streamed {
        rest.get(4..).unwrap_or_default()
    } else {
        rest
    };
    (Some(at), rest)
}

/// Takes off what a runner writes for its own web page, and says what it meant.
fn kind(text: &str) -> (Kind, &str) {
    if let Some(rest) = text.strip_prefix("##[")
        && let Some((word, rest)) = rest.split_once(']')
    {
        return match word {
            "group" | "section" => (Kind::Heading, rest),
            "endgroup" => (Kind::Plain, ""),
            "error" => (Kind::Error, rest),
            "warning" => (Kind::Warning, rest),
            "command" => (Kind::Command, rest),
            _ => (Kind::Plain, rest),
        };
    }
    if let Some(rest) = text.strip_prefix("::")
        && let Some((word, rest)) = rest.split_once("::")
    {
        let word = word.split(' ').next().unwrap_or_default();
        return match word {
            "group" => (Kind::Heading, rest),
            "endgroup" => (Kind::Plain, ""),
            "error" => (Kind::Error, rest),
            "warning" => (Kind::Warning, rest),
            _ => (Kind::Plain, text),
        };
    }
    if let Some((header, rest)) = mark::section(text) {
        let kind = if header.begins {
            Kind::Heading
        } else {
            Kind::Plain
        };
        return (kind, rest);
    }
    if mark(text) == Some(Mark::Error) {
        return (Kind::Error, text);
    }
    (Kind::Plain, text)
}

#[cfg(test)]
mod tests;
