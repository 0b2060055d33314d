//! Output: words for people, JSON for programs; results on standard output, everything else on
//! standard error. A reader that has gone away ends the program quietly.

use std::io::{self, BufWriter, IsTerminal, Write};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::json;
use unicode_width::UnicodeWidthStr;

use super::{Failure, Global};
use crate::app::status::SCHEMA;
use crate::app::view::line::wrap;
use crate::config::{Level, Problem};

/// How wide a line of advice may be.
const TERMINAL: usize = 80;

/// Prints one line of results.
pub(super) fn line(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Prints one line that is not a result.
pub(super) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Prints a value as one line of JSON, as it is made: of a thousand services it is megabytes.
pub(super) fn json_line(value: &impl Serialize) {
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    match serde_json::to_writer(&mut out, value) {
        Ok(()) => {
            let _ = writeln!(out);
        }
        // Nobody reads any more.
        Err(error) if error.is_io() => {}
        Err(error) => note(&format!(
            "error: the answer could not be written as JSON: {error}"
        )),
    }
    let _ = out.flush();
}

/// Prints a failure: with `--json` on standard output, and nothing else there.
pub(super) fn failure(global: &Global, failure: &Failure) {
    if global.json {
        json_failure(failure);
        return;
    }
    note(&format!("gonogo: {}", failure.message));
    if let Some(hint) = &failure.hint {
        let hint = format!("  hint: {hint}");
        // Who reads by a program searches for whole sentences.
        if io::stderr().is_terminal() {
            for line in folded(&hint) {
                note(&line);
            }
        } else {
            note(&hint);
        }
    }
}

/// Breaks what is too long for the narrowest usual terminal, between words; the rest of a line keeps
/// its beginning's blanks.
fn folded(text: &str) -> Vec<String> {
    let fold = |line: &str| {
        let blanks: String = line.chars().take_while(|sign| *sign == ' ').collect();
        let lines = wrap(line.trim_start(), TERMINAL.saturating_sub(blanks.len()));
        let indented = lines.into_iter().map(|line| format!("{blanks}{line}"));
        indented.collect::<Vec<_>>()
    };
    // A line that fits keeps the blanks inside it: columns stay columns.
    text.lines()
        .flat_map(|line| {
            if line.width() <= TERMINAL {
                vec![line.to_owned()]
            } else {
                fold(line)
            }
        })
        .collect()
}

/// Prints a failure for programs.
pub(super) fn json_failure(failure: &Failure) {
    let mut error = json!({
        "kind": failure.exit.word(),
        "message": failure.message,
        "hint": failure.hint,
        "exit": failure.exit.code(),
    });
    if !failure.problems.is_empty() {
        let problems: Vec<_> = failure.problems.iter().map(problem_json).collect();
        error["problems"] = json!(problems);
    }
    json_line(&json!({"schema": SCHEMA, "error": error}));
}

/// One problem of a config file for programs.
pub(super) fn problem_json(problem: &Problem) -> serde_json::Value {
    json!({
        "file": problem.path, "line": problem.line, "column": problem.column,
        "level": match problem.level { Level::Error => "error", Level::Note => "note" },
        "message": problem.message, "source": problem.source_line, "hint": problem.hint,
    })
}

/// Says whether a person can be asked.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a person for a line.
pub(super) fn ask(question: &str) -> io::Result<String> {
    let mut err = io::stderr().lock();
    write!(err, "{question} ")?;
    err.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}

/// Prints rows in columns that are as wide as their widest text.
pub(super) fn table(rows: &[Vec<String>]) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|text| text.width())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        let mut text = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            text.push_str(cell);
            text.extend(std::iter::repeat_n(
                ' ',
                width.saturating_sub(cell.width()) + 2,
            ));
        }
        line(text.trim_end());
    }
}

/// An age or a distance as people say it: `42s`, `5m`, `2h10m`, `3d`.
pub(super) fn span(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m"),
        (0, _, _) => format!("{hours}h{:02}m", minutes % 60),
        _ => format!("{days}d{:02}h", hours % 24),
    }
}

/// An instant to the second, in UTC.
pub(super) fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_breaks_between_words_and_keeps_its_columns() {
        let long = format!("  hint: {}", "metadata, contents ".repeat(8).trim_end());
        let text = format!("{long}\n  export A=…      a token\nwhole");
        let lines = folded(&text);
        assert!(
            lines.iter().all(|line| line.width() <= TERMINAL),
            "{lines:?}"
        );
        assert!(lines[1].starts_with("  contents") || lines[1].starts_with("  metadata"));
        assert_eq!(lines[lines.len() - 2], "  export A=…      a token");
        assert_eq!(lines[lines.len() - 1], "whole");
    }
}
