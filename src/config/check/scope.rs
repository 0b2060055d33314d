//! `[scope]`, and the same keys of a service: patterns of tickets, their addresses, and globs of files
//! of interest.

use std::collections::BTreeSet;
use std::sync::Arc;

use url::Url;

use super::super::file::{Table, Value};
use super::super::keys;
use super::section;
use crate::domain::scope::{Globs, ScopeRule, TicketPattern};

/// Each pattern is tried on every change of every scope, so there are not to be many.
const MOST: usize = 20;

/// Reads what holds for every service that says nothing else.
pub(super) fn usual(top: &Table<'_>) -> Arc<ScopeRule> {
    let usual = ScopeRule::usual();
    match section(top, keys::SCOPE) {
        Some(table) => read(&table, &usual),
        None => usual,
    }
}

/// Reads the keys that a table has; the rest is as in `usual`, which is shared where nothing differs.
pub(super) fn read(table: &Table<'_>, usual: &Arc<ScopeRule>) -> Arc<ScopeRule> {
    let own = ["tickets", "ticket_link", "files"];
    if own.iter().all(|key| table.get(key).is_none()) {
        return Arc::clone(usual);
    }
    let mut rule = ScopeRule::clone(usual);
    if let Some(listed) = table.get("tickets").and_then(Value::texts) {
        rule.tickets = tickets(listed);
    }
    if let Some(value) = table.get("ticket_link") {
        rule.ticket_link = link(value).map(str::to_owned);
    }
    if let Some(value) = table.get("files")
        && let Some(kinds) = value.open_table(format!("{}.files", table.name))
    {
        for (kind, value) in kinds.entries() {
            files(kind, value, &mut rule);
        }
    }
    if rule == **usual {
        Arc::clone(usual)
    } else {
        Arc::new(rule)
    }
}

fn tickets(listed: Vec<(&str, Value<'_>)>) -> Vec<TicketPattern> {
    let mut patterns: Vec<TicketPattern> = Vec::new();
    for (text, value) in listed {
        let hint = || Some("write for instance \"[A-Z]+-\\\\d+\" or '#(\\d+)'".to_owned());
        match TicketPattern::new(text) {
            Err(why) => value.error(format!("`{text}` is not a pattern: {why}"), hint()),
            Ok(pattern) if patterns.contains(&pattern) => {
                value.error(format!("pattern `{text}` is listed twice"), None);
            }
            Ok(_) if patterns.len() == MOST => {
                value.error(format!("more than {MOST} patterns"), None);
            }
            Ok(pattern) => patterns.push(pattern),
        }
    }
    patterns
}

fn link<'d>(value: &Value<'d>) -> Option<&'d str> {
    let text = value.text()?;
    let hint = || Some("write for instance \"https://tracker.example.com/{ticket}\"".to_owned());
    if !text.contains("{ticket}") {
        value.error("`ticket_link` does not say where the ticket goes", hint());
        return None;
    }
    // A name in braces is no character of an address.
    let made = Url::parse(&text.replace("{ticket}", "1"));
    match made {
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            value.error_hidden("`ticket_link` holds a name or a password", hint());
            None
        }
        Ok(url) if matches!(url.scheme(), "https" | "http") => Some(text),
        Ok(_) | Err(_) => {
            value.error("`ticket_link` is not an address of the web", hint());
            None
        }
    }
}

/// Reads the globs of one kind; an empty list takes the kind away.
fn files(kind: &str, value: &Value<'_>, rule: &mut ScopeRule) {
    let Some(listed) = value.texts() else { return };
    let hint = Some("a word, such as migrations".to_owned());
    if !crate::domain::text::is_clean(kind) || kind.is_empty() || kind.contains(' ') {
        value.error("a kind of files needs a name that can be shown", hint);
        return;
    }
    let mut seen = BTreeSet::new();
    for (text, item) in &listed {
        if !seen.insert(*text) {
            item.error(format!("`{text}` is listed twice"), None);
        }
    }
    if listed.is_empty() {
        rule.files.remove(kind);
        return;
    }
    match Globs::new(listed.iter().map(|(text, _)| (*text).to_owned()).collect()) {
        Ok(globs) => {
            rule.files.insert(kind.to_owned(), globs);
        }
        Err((place, why)) => {
            let (text, at) = listed
                .get(place)
                .map_or(("", value), |(text, at)| (*text, at));
            let hint =
                "write for instance \"**/migrations/**\", \"terraform/**\" or \"Dockerfile\"";
            at.error(
                format!("`{text}` is not a glob: {why}"),
                Some(hint.to_owned()),
            );
        }
    }
}
