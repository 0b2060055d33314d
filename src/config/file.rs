//! A config file as a tree whose every value knows its place, and the typed readers over it.
//!
//! A reader that cannot give what it is asked for says so in the report and gives `None`, so that
//! one pass finds every problem. What the values mean lives in `check.rs`.

use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::civil::Date;
use jiff::{SignedDuration, SpanRelativeTo};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Level, Problem};
use super::keys::{self, Section};
use crate::domain::figure::Figure;
use crate::domain::spelling::{self, meant};
use crate::domain::text::{clean, is_clean};

mod wall;

pub(super) use wall::Wall;

/// The longest duration that is taken: nobody means more, and no sum of instants overflows.
const LONGEST: SignedDuration = SignedDuration::from_hours(366 * 24);

/// Collects the problems of one file.
pub(super) struct Report<'d> {
    path: &'d Path,
    text: &'d str,
    /// Services are read by two threads.
    found: Mutex<Vec<Problem>>,
}

impl<'d> Report<'d> {
    pub fn new(path: &'d Path, text: &'d str) -> Self {
        Self {
            path,
            text,
            found: Mutex::default(),
        }
    }

    pub fn error(&self, span: &Range<usize>, message: impl Into<String>, hint: Option<String>) {
        self.add(Level::Error, span, message.into(), hint);
    }

    /// As `error`, with everything hidden that stands to the right of the key.
    fn error_beside_secret(&self, span: &Range<usize>, message: String, hint: Option<String>) {
        let mut problem = Problem::at(Level::Error, self.path, self.text, span, message, hint);
        problem.hide_values();
        self.found().push(problem);
    }

    pub fn note(&self, span: &Range<usize>, message: impl Into<String>, hint: Option<String>) {
        self.add(Level::Note, span, message.into(), hint);
    }

    fn add(&self, level: Level, span: &Range<usize>, message: String, hint: Option<String>) {
        let problem = Problem::at(level, self.path, self.text, span, message, hint);
        let mut found = self.found();
        if !found.contains(&problem) {
            found.push(problem);
        }
    }

    fn found(&self) -> MutexGuard<'_, Vec<Problem>> {
        // A list to which a thread that panicked has added is still a list.
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns errors and notes, each in the order of the file.
    pub fn finish(self) -> (Vec<Problem>, Vec<Problem>) {
        let mut found = self
            .found
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        found.sort_by_key(|problem| (problem.line, problem.column));
        found
            .into_iter()
            .partition(|problem| problem.level == Level::Error)
    }
}

/// A value and its place.
#[derive(Clone)]
pub(super) struct Value<'d> {
    report: &'d Report<'d>,
    /// The key that it stands under, itself or in a list.
    key: &'d str,
    /// How many lists it stands in.
    depth: usize,
    span: Range<usize>,
    node: &'d DeValue<'d>,
}

/// A table whose keys are all known, and its place.
pub(super) struct Table<'d> {
    report: &'d Report<'d>,
    /// As in a header: `poll`, `service.checkout`.
    pub name: String,
    span: Range<usize>,
    entries: Vec<(Range<usize>, &'d str, Value<'d>)>,
}

impl<'d> Value<'d> {
    pub fn root(report: &'d Report<'d>, root: &'d Spanned<DeTable<'d>>) -> Table<'d> {
        Table::new(report, String::new(), root.span(), root.get_ref())
    }

    pub fn error(&self, message: impl Into<String>, hint: Option<String>) {
        self.report.error(&self.span, message, hint);
    }

    /// As `error`, for a value that may hold a secret: it is not shown.
    pub fn error_hidden(&self, message: impl Into<String>, hint: Option<String>) {
        self.report
            .error_beside_secret(&self.span, message.into(), hint);
    }

    pub fn note(&self, message: impl Into<String>, hint: Option<String>) {
        self.report.note(&self.span, message, hint);
    }

    /// What it is called in messages: `` `interval` ``.
    fn what(&self) -> String {
        format!("{}`{}`", "an item of ".repeat(self.depth), clean(self.key))
    }

    fn wrong(&self, wanted: &str, example: &str) {
        self.error(
            format!("{} must be {wanted}, not {}", self.what(), kind(self.node)),
            Some(format!("for instance {example}")),
        );
    }

    pub fn as_text(&self) -> Option<&'d str> {
        self.node.as_str()
    }

    /// Reads a text that is not empty and holds nothing invisible.
    pub fn text(&self) -> Option<&'d str> {
        let Some(text) = self.node.as_str() else {
            self.wrong("a text", "\"…\"");
            return None;
        };
        if text.trim().is_empty() {
            self.error(
                format!("{} is empty", self.what()),
                Some("write something between the quotes, or leave the key out".to_owned()),
            );
            return None;
        }
        if !is_clean(text) {
            self.error(
                format!("{} holds characters that cannot be seen", self.what()),
                Some("remove control characters, and spaces at its ends".to_owned()),
            );
            return None;
        }
        Some(text)
    }

    /// Reads a moment without a zone: a time of day, or a date with one. Quotes may be left out.
    pub fn wall(&self) -> Option<Wall> {
        let text = match self.node {
            DeValue::String(text) => text.to_string(),
            DeValue::Datetime(datetime) => datetime.to_string(),
            _ => {
                self.wrong(
                    "a time, or a date with a time",
                    "\"18:00\" or \"2026-12-20 18:00\"",
                );
                return None;
            }
        };
        let wall = wall::parse(text.trim());
        if wall.is_none() {
            let hint = if text.parse::<Date>().is_ok() && !text.contains(':') {
                format!("add the time: \"{} 00:00\"", clean(&text))
            } else {
                "write \"18:00\" or \"2026-12-20 18:00\"; the offset comes from `zone`".to_owned()
            };
            let message = format!(
                "{}: `{}` is not a wall-clock time",
                self.what(),
                clean(&text)
            );
            self.error(message, Some(hint));
        }
        wall
    }

    pub fn flag(&self) -> Option<bool> {
        let flag = self.node.as_bool();
        if flag.is_none() {
            self.wrong("true or false", "true");
        }
        flag
    }

    pub fn is_false(&self) -> bool {
        self.node.as_bool() == Some(false)
    }

    pub fn is_list(&self) -> bool {
        matches!(self.node, DeValue::Array(_))
    }

    pub fn count(&self) -> Option<u32> {
        let count = self
            .node
            .as_integer()
            .and_then(|integer| u32::from_str_radix(integer.as_str(), integer.radix()).ok());
        if count.is_none() {
            self.wrong("a whole number, zero or more", "2");
        }
        count
    }

    /// Reads a decimal number, with or without places.
    pub fn figure(&self) -> Option<Figure> {
        let text = match self.node {
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
            DeValue::Float(float) => float.as_str(),
            _ => {
                self.wrong("a number", "80 or 87.5");
                return None;
            }
        };
        let (_, places) = text.split_once('.').unwrap_or((text, ""));
        let figure = text.trim_start_matches('+').parse::<Figure>().ok();
        // What is cut off would be a bound that nobody wrote.
        let figure = figure.filter(|_| places.len() <= 3);
        if figure.is_none() {
            self.error(
                format!("{}: `{}` is not a plain number", self.what(), clean(text)),
                Some("write for instance 80 or 87.5, with at most three places".to_owned()),
            );
        }
        figure
    }

    /// Reads a plain value to compare with: a text, a number, or true or false.
    pub fn plain(&self) -> Option<String> {
        match self.node {
            DeValue::String(_) => self.text().map(str::to_owned),
            DeValue::Boolean(truth) => Some(truth.to_string()),
            DeValue::Integer(_) | DeValue::Float(_) => self.figure().map(|one| one.to_string()),
            DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
                self.wrong("a text, a number, true or false", "\"UP\"");
                None
            }
        }
    }

    /// Reads a duration longer than nothing. A day is 24 hours.
    pub fn duration(&self) -> Option<SignedDuration> {
        let example = "\"90s\", \"15m\", \"2h\", \"1d\"";
        let Some(text) = self.node.as_str() else {
            self.wrong("a duration in quotes", example);
            return None;
        };
        let duration = text
            .parse::<jiff::Span>()
            .ok()
            .and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
        match duration {
            Some(duration) if duration > LONGEST => {
                self.error(format!("{} is longer than a year", self.what()), None);
                None
            }
            Some(duration) if duration > SignedDuration::ZERO => Some(duration),
            Some(_) => {
                self.error(
                    format!("{} must be longer than nothing", self.what()),
                    Some(format!("write for instance {example}")),
                );
                None
            }
            None => {
                self.error(
                    format!("{}: `{}` is not a duration", self.what(), clean(text)),
                    Some(format!("write for instance {example}")),
                );
                None
            }
        }
    }

    pub fn list(&self) -> Option<Vec<Value<'d>>> {
        let DeValue::Array(items) = self.node else {
            self.wrong("a list", "[\"…\", \"…\"]");
            return None;
        };
        Some(
            items
                .iter()
                .map(|item| Value {
                    report: self.report,
                    key: self.key,
                    depth: self.depth + 1,
                    span: item.span(),
                    node: item.get_ref(),
                })
                .collect(),
        )
    }

    /// Reads a list of texts, each with its place. What is wrong with one does not lose the others.
    pub fn texts(&self) -> Option<Vec<(&'d str, Value<'d>)>> {
        let items = self.list()?;
        Some(
            items
                .into_iter()
                .filter_map(|item| Some((item.text()?, item)))
                .collect(),
        )
    }

    /// Reads one of a few words.
    pub fn one_of<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            self.error(
                format!("{} cannot be `{text}`", self.what()),
                meant(text, words.iter().map(|(word, _)| *word)),
            );
        }
        found.map(|(_, value)| *value)
    }

    /// Reads a table with free keys.
    pub fn open_table(&self, name: String) -> Option<Table<'d>> {
        let DeValue::Table(table) = self.node else {
            self.error(
                format!("`{name}` must be a table, not {}", kind(self.node)),
                Some(format!("write it as a section: [{name}]")),
            );
            return None;
        };
        Some(Table::new(self.report, name, self.span.clone(), table))
    }

    /// Reads a table and reports every key that `section` does not know.
    pub fn table(&self, name: String, section: Section) -> Option<Table<'d>> {
        let table = self.open_table(name)?;
        table.know(section);
        Some(table)
    }

    /// Says whether it is a table with this key, whatever stands there.
    pub fn has(&self, key: &str) -> bool {
        let table = self.node.as_table();
        table.is_some_and(|table| table.contains_key(key))
    }

    pub fn is_table(&self) -> bool {
        matches!(self.node, DeValue::Table(_))
    }
}

impl<'d> Table<'d> {
    fn new(
        report: &'d Report<'d>,
        name: String,
        span: Range<usize>,
        table: &'d DeTable<'d>,
    ) -> Self {
        let mut entries: Vec<_> = table
            .iter()
            .map(|(key, value)| {
                let key_span = key.span();
                // A table's own span covers its header at most: the key is the better place.
                let span = match value.get_ref() {
                    DeValue::Table(_) => key_span.clone(),
                    _ => value.span(),
                };
                let what = Value {
                    report,
                    key: key.get_ref(),
                    depth: 0,
                    span,
                    node: value.get_ref(),
                };
                (key_span, key.get_ref().as_ref(), what)
            })
            .collect();
        entries.sort_by_key(|(span, _, _)| span.start);
        Self {
            report,
            name,
            span,
            entries,
        }
    }

    /// Reports every key that `section` does not know.
    pub fn know(&self, section: Section) {
        for (span, key, _) in &self.entries {
            if section.keys.contains(key) {
                continue;
            }
            let place = if self.name.is_empty() {
                "at the top of the file".to_owned()
            } else {
                format!("in [{}]", self.name)
            };
            let hint = spelling::nearest(key, section.keys.iter().copied())
                .map(|near| format!("did you mean `{near}`?"))
                .or_else(|| keys::home_of(key).map(|home| format!("`{key}` belongs in [{home}]")))
                .or_else(|| meant(key, section.keys.iter().copied()));
            let message = format!("unknown key `{}` {place}", clean(key));
            if section == keys::TOKEN {
                self.report.error_beside_secret(span, message, hint);
            } else {
                self.report.error(span, message, hint);
            }
        }
    }

    pub fn get(&self, key: &str) -> Option<&Value<'d>> {
        self.entries
            .iter()
            .find(|(_, name, _)| *name == key)
            .map(|(_, _, value)| value)
    }

    /// Says whether a table of tables is not there, or there and empty.
    pub fn is_without(&self, key: &str) -> bool {
        self.get(key)
            .is_none_or(|value| value.node.as_table().is_some_and(toml::map::Map::is_empty))
    }

    /// Returns the value of a key that must be there.
    pub fn need(&self, key: &str, example: &str) -> Option<&Value<'d>> {
        let value = self.get(key);
        if value.is_none() {
            self.error(
                format!("[{}] needs `{key}`", self.name),
                Some(format!("add {key} = {example}")),
            );
        }
        value
    }

    /// Returns the tables of a table of tables, in the order of the file, with checked names.
    pub fn children(&self, key: &str, section: Section) -> Vec<(&'d str, Table<'d>)> {
        let Some(parent) = self.get(key) else {
            return Vec::new();
        };
        let name = if self.name.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.name)
        };
        let Some(parent) = parent.open_table(name) else {
            return Vec::new();
        };
        let mut children = Vec::new();
        for (span, key, value) in parent.entries {
            if key.trim().is_empty() || !is_clean(key) {
                let message = format!("a name in [{}] is empty or cannot be seen", parent.name);
                self.report.error(&span, message, None);
                continue;
            }
            let name = format!("{}.{}", parent.name, super::show::key(key));
            if let Some(mut child) = value.table(name, section) {
                child.span = span;
                children.push((key, child));
            }
        }
        children
    }

    pub fn entries(&self) -> impl Iterator<Item = (&'d str, &Value<'d>)> {
        self.entries.iter().map(|(_, key, value)| (*key, value))
    }

    pub fn error(&self, message: impl Into<String>, hint: Option<String>) {
        self.report.error(&self.span, message, hint);
    }

    pub fn note(&self, message: impl Into<String>, hint: Option<String>) {
        self.report.note(&self.span, message, hint);
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time without quotes",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
