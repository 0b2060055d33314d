//! What is wrong with a config file, shown so that it can be mended: place, line, caret, hint.
//!
//! What counts as wrong lives in `check.rs` and its parts.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use unicode_width::UnicodeWidthStr;

use crate::domain::text;

/// Whether a problem stops the file from being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    Error,
    /// The file is used, but something in it has no effect.
    Note,
}

/// One thing wrong in a config file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub level: Level,
    pub path: PathBuf,
    /// From 1; 0 when the problem has no place, as with a file that cannot be read.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// The whole line, safe to show.
    pub source_line: String,
    /// How many characters of the line are meant, at least 1.
    pub length: usize,
    pub message: String,
    pub hint: Option<String>,
}

impl Problem {
    /// A problem of the file as a whole.
    pub fn of_file(path: &Path, message: impl Into<String>, hint: Option<String>) -> Self {
        Self {
            level: Level::Error,
            path: path.to_owned(),
            line: 0,
            column: 0,
            source_line: String::new(),
            length: 1,
            message: message.into(),
            hint,
        }
    }

    /// A problem at `span`, a range of bytes of `text`.
    pub(super) fn at(
        level: Level,
        path: &Path,
        text: &str,
        span: &Range<usize>,
        message: String,
        hint: Option<String>,
    ) -> Self {
        let before = text.get(..span.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let rest = text.get(line_start..).unwrap_or_default();
        let line = rest.lines().next().unwrap_or_default();
        let marked = text.get(span.clone()).unwrap_or_default();
        Self {
            level,
            path: path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            source_line: hide_tokens(&hide_credentials(
                &line.chars().map(showable).collect::<String>(),
            )),
            length: marked
                .lines()
                .next()
                .unwrap_or_default()
                .chars()
                .count()
                .max(1),
            message,
            hint,
        }
    }

    /// Hides all that follows the first `=` of the line: it may hold a secret.
    pub(super) fn hide_values(&mut self) {
        self.source_line = hide_after(&self.source_line, 0);
    }
}

/// Hides what a line gives as a token, wherever it stands: even a broken line must not leak one.
fn hide_tokens(line: &str) -> String {
    match line.find("token") {
        Some(token) => hide_after(line, token),
        None => line.to_owned(),
    }
}

/// Hides the user and password of every address on a line, one star for one character: what is
/// wrong may stand right of it.
fn hide_credentials(line: &str) -> String {
    let mut parts = line.split("://");
    let mut hidden = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|sign: char| sign.is_whitespace() || "/?#\"'".contains(sign));
        let (authority, rest) = part.split_at(end.unwrap_or(part.len()));
        hidden.push_str("://");
        if let Some((credentials, host)) = authority.rsplit_once('@') {
            hidden.extend(credentials.chars().map(|_| '*'));
            hidden.push('@');
            hidden.push_str(host);
        } else {
            hidden.push_str(authority);
        }
        hidden.push_str(rest);
    }
    hidden
}

/// Replaces what follows the first `=` after byte `from`, one star for one character.
fn hide_after(line: &str, from: usize) -> String {
    let equals = line.get(from..).and_then(|rest| rest.find('='));
    let Some((shown, hidden)) = equals.and_then(|at| line.split_at_checked(from + at + 1)) else {
        return line.to_owned();
    };
    let stars = hidden.chars().map(|character| match character {
        ' ' => ' ',
        _ => '*',
    });
    shown.chars().chain(stars).collect()
}

/// Keeps one character for one character, so that the caret stays under its place.
fn showable(character: char) -> char {
    if character == '\t' {
        return ' ';
    }
    let mut buffer = [0; 4];
    let clean = text::clean(character.encode_utf8(&mut buffer));
    // Cleaning trims spaces away; a space needs no cleaning.
    clean.chars().next().unwrap_or(' ')
}

impl fmt::Display for Problem {
    /// Writes
    /// ```text
    /// gonogo.toml:3:1: unknown key `intervall` in [poll]
    ///   |
    /// 3 | intervall = "15s"
    ///   | ^^^^^^^^^
    ///   = did you mean `interval`?
    /// ```
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = text::clean(&self.path.display().to_string());
        let note = match self.level {
            Level::Error => "",
            Level::Note => "note: ",
        };
        if self.line == 0 {
            write!(f, "{path}: {note}{}", self.message)?;
            if let Some(hint) = &self.hint {
                write!(f, "\n  = {hint}")?;
            }
            return Ok(());
        }
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let lead: String = self.source_line.chars().take(self.column - 1).collect();
        let marked: String = self
            .source_line
            .chars()
            .skip(self.column - 1)
            .take(self.length)
            .collect();
        let indent = " ".repeat(lead.width());
        let carets = "^".repeat(marked.width().max(1));
        writeln!(
            f,
            "{path}:{}:{}: {note}{}",
            self.line, self.column, self.message
        )?;
        writeln!(f, "{margin} |")?;
        writeln!(f, "{number} | {}", self.source_line)?;
        write!(f, "{margin} | {indent}{carets}")?;
        if let Some(hint) = &self.hint {
            write!(f, "\n{margin} = {hint}")?;
        }
        Ok(())
    }
}

/// Shows several problems, a blank line between them.
pub fn render(problems: &[Problem]) -> String {
    let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
    shown.join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_of_an_address_is_hidden_and_nothing_else() {
        for (line, shown) in [
            (
                r#"a = "https://me:pass@a.b/x@y", b = "http://c.d""#,
                r#"a = "https://*******@a.b/x@y", b = "http://c.d""#,
            ),
            (r#"a = "ftp://p@ss@h" # x@y"#, r#"a = "ftp://****@h" # x@y"#),
            ("no address @ all", "no address @ all"),
        ] {
            assert_eq!(hide_credentials(line), shown);
        }
    }

    #[test]
    fn the_caret_stands_under_wide_characters() {
        let text = "a = 1\nname = \"日本\" bad\n";
        let start = text.find("bad").unwrap();
        let problem = Problem::at(
            Level::Error,
            Path::new("c.toml"),
            text,
            &(start..start + 3),
            "no".to_owned(),
            None,
        );
        assert_eq!((problem.line, problem.column), (2, 13));
        assert_eq!(
            problem.to_string(),
            "c.toml:2:13: no\n  |\n2 | name = \"日本\" bad\n  |               ^^^"
        );
    }

    #[test]
    fn a_line_with_escapes_is_shown_without_them() {
        let text = "x = \u{1b}[31m";
        let problem = Problem::at(
            Level::Error,
            Path::new("c.toml"),
            text,
            &(4..5),
            "no".to_owned(),
            None,
        );
        assert!(!problem.to_string().contains('\u{1b}'));
    }
}
