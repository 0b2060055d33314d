//! `[command.NAME]`: the operator's own commands.

use jiff::SignedDuration;

use super::super::file::{Table, Value};
use super::super::keys;
use super::{Covered, Place, gate};
use crate::domain::custom::{CustomCommand, PLACEHOLDERS};
use crate::domain::spelling::meant;

/// How long a command may take where nobody says, and at the most.
const LIMIT: SignedDuration = SignedDuration::from_secs(30);
const LONGEST: SignedDuration = SignedDuration::from_mins(10);

/// Reads every command. One with a mistake is read too: its keys are judged all the same.
pub(super) fn commands(
    top: &Table<'_>,
    covered: &Covered<'_>,
    place: &Place<'_>,
) -> Vec<CustomCommand> {
    let tables = top.children("command", keys::COMMAND);
    let read = tables
        .iter()
        .map(|(name, table)| command(name, table, covered, place));
    read.collect()
}

fn command(
    name: &str,
    table: &Table<'_>,
    covered: &Covered<'_>,
    place: &Place<'_>,
) -> CustomCommand {
    let argv = table
        .need("argv", "[\"./logs\", \"{service}\"]")
        .and_then(|value| argv(value, place));
    let help = table.get("help").and_then(Value::text).map(str::to_owned);
    let flag = |key| table.get(key).and_then(Value::flag).unwrap_or(false);
    let limit = table.get("time_limit");
    let time_limit = limit.map_or(Some(LIMIT), Value::duration);
    if let Some(value) = limit.filter(|_| time_limit > Some(LONGEST)) {
        value.error("a command may take 10 minutes at most", None);
    }
    let keys = table.get("key").map_or_else(Vec::new, keys_of);
    let services = covered.services(table);
    let environments = covered.environments(table);
    CustomCommand {
        name: name.to_owned(),
        argv: argv.unwrap_or_default(),
        help,
        keys,
        confirm: flag("confirm"),
        dangerous: flag("dangerous"),
        services,
        environments,
        time_limit: time_limit.unwrap_or(LIMIT),
    }
}

fn keys_of(value: &Value<'_>) -> Vec<String> {
    if value.is_list() {
        let keys = value.texts().unwrap_or_default();
        return keys.iter().map(|(key, _)| (*key).to_owned()).collect();
    }
    value.text().map(str::to_owned).into_iter().collect()
}

fn argv(value: &Value<'_>, place: &Place<'_>) -> Option<Vec<String>> {
    if !value.is_list() {
        value.error(
            "`argv` is a list of words, never one string for a shell",
            Some("for instance [\"./logs\", \"{service}\"]".to_owned()),
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
    } else if !gate::is_there(program, place) {
        at.error(
            format!("there is no program `{program}`"),
            Some(
                "with a slash it is looked for from the file's folder on, else in PATH".to_owned(),
            ),
        );
    }
    for (word, at) in &words {
        for unknown in unknown_words(word) {
            at.error(
                format!("nothing is put in for `{{{unknown}}}`"),
                meant(unknown, PLACEHOLDERS.iter().copied()),
            );
        }
    }
    Some(words.iter().map(|(word, _)| (*word).to_owned()).collect())
}

fn unknown_words(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| {
        let (word, _) = rest.split_once('}')?;
        let is_word = !word.is_empty() && word.bytes().all(|sign| sign.is_ascii_lowercase());
        (is_word && !PLACEHOLDERS.contains(&word)).then_some(word)
    })
}
