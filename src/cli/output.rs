//! Output: words for people, JSON for programs; results on standard output, everything else on
//! standard error. A reader that has gone away ends the program quietly.

use std::io::{self, BufWriter, IsTerminal, Write};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::json;
use unicode_width::UnicodeWidthStr;

use super::{Failure, Global};
use crate::app::status::SCHEMA;

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
        note(&format!("  hint: {hint}"));
    }
}

/// Prints a failure for programs.
pub(super) fn json_failure(failure: &Failure) {
    json_line(&json!({
        "schema": SCHEMA,
        "error": {
            "kind": failure.exit.word(),
            "message": failure.message,
            "hint": failure.hint,
            "exit": failure.exit.code(),
        },
    }));
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
