//! `command`: a program that decides, and whether it is there at all.

use std::path::Path;

use jiff::SignedDuration;

use super::super::super::file::{Table, Value};
use super::super::Place;
use crate::domain::policy::{CommandRule, GateSpec};
use crate::domain::sampling;
use crate::domain::spelling::meant;

const EXAMPLE: &str =
    "{ kind = \"command\", name = \"smoke\", argv = [\"./smoke\", \"{service}\"] }";

/// How long a program may take, and how often it is run, where nobody says.
const LIMIT: SignedDuration = SignedDuration::from_secs(30);
const EVERY: SignedDuration = SignedDuration::from_mins(5);

/// What takes longer is a pipeline's work.
const LONGEST: SignedDuration = SignedDuration::from_mins(10);

/// More often than this it would be a load of its own.
const OFTEN: SignedDuration = SignedDuration::from_secs(10);

pub(super) fn read(
    at: &Value<'_>,
    table: Option<&Table<'_>>,
    place: &Place<'_>,
) -> Option<GateSpec> {
    let Some(table) = table else {
        at.error(
            "a command needs `name` and `argv`",
            Some(format!("write {EXAMPLE}")),
        );
        return None;
    };
    let name = table.need("name", "\"smoke\"").and_then(Value::text);
    let argv = table
        .need("argv", "[\"./smoke\", \"{service}\"]")
        .and_then(|value| argv(value, place));
    let limit = table.get("time_limit");
    let time_limit = limit.map_or(Some(LIMIT), Value::duration);
    let every = table.get("every");
    let again = every.map_or(Some(EVERY), Value::duration);
    let (time_limit, again) = (time_limit?, again?);
    if let Some(value) = limit.filter(|_| time_limit > LONGEST) {
        value.error(
            "a gate's program may take 10 minutes at most",
            Some("what takes longer belongs into a pipeline".to_owned()),
        );
    }
    if let Some(value) = every.filter(|_| again < OFTEN) {
        value.error(
            "more often than every 10 seconds is a load of its own",
            None,
        );
    } else if let Some(value) = every.or(limit).filter(|_| again < time_limit) {
        value.error(
            "it would be run again before it has ended: `every` is shorter than `time_limit`",
            None,
        );
    }
    let rule = CommandRule {
        argv: argv?,
        time_limit,
        every: again,
    };
    Some(GateSpec::Command(vec![(name?.to_owned(), rule)]))
}

fn argv(value: &Value<'_>, place: &Place<'_>) -> Option<Vec<String>> {
    if !value.is_list() {
        value.error(
            "`argv` is a list of words, never one string for a shell",
            Some("for instance [\"./smoke\", \"{service}\"]".to_owned()),
        );
        return None;
    }
    let words = value.texts()?;
    let Some((program, at)) = words.first() else {
        value.error("`argv` is empty", Some("name the program first".to_owned()));
        return None;
    };
    if program.contains('{') {
        at.error("the program itself is not put together from names", None);
    } else if !is_there(program, place) {
        let hint = if program.contains('/') {
            format!("from {}", place.folder().display())
        } else {
            "it is not in PATH".to_owned()
        };
        at.error(format!("there is no program `{program}`"), Some(hint));
    }
    for (word, at) in &words {
        for unknown in super::unknown_words(word) {
            at.error(
                format!("nothing is put in for `{{{unknown}}}`"),
                meant(unknown, sampling::PLACEHOLDERS.iter().copied()),
            );
        }
    }
    Some(words.iter().map(|(word, _)| (*word).to_owned()).collect())
}

/// Says whether a program can be run: from the file's folder on if it has a slash, else by PATH.
pub(in super::super) fn is_there(program: &str, place: &Place<'_>) -> bool {
    if program.contains('/') {
        return is_program(&place.folder().join(program));
    }
    let path = place.env.get("PATH").unwrap_or_default();
    std::env::split_paths(path).any(|folder| is_program(&folder.join(program)))
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path)
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// Adds programs to known ones. Of two of one name both stay: the second gets a name of its own.
pub(super) fn with(
    known: &[(String, CommandRule)],
    added: &[(String, CommandRule)],
) -> Vec<(String, CommandRule)> {
    let mut all = known.to_vec();
    for (name, rule) in added {
        if all.iter().any(|known| known.0 == *name && known.1 == *rule) {
            continue;
        }
        let names = std::iter::once(name.clone()).chain((2..).map(|nth| format!("{name} {nth}")));
        let free = |name: &String| all.iter().all(|(known, _)| known != name);
        if let Some(name) = names.into_iter().find(free) {
            all.push((name, rule.clone()));
        }
    }
    all
}
