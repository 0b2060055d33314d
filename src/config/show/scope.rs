//! What is looked for in a service's scopes: only what differs from what holds without a word.

use super::{key, quote, texts};
use crate::domain::scope::{Globs, ScopeRule};

pub(super) fn lines(rule: &ScopeRule) -> Vec<String> {
    let usual = ScopeRule::usual();
    let mut lines = Vec::new();
    if !rule.tickets.is_empty() {
        lines.push(format!("tickets = {}", texts(&rule.tickets)));
    }
    if let Some(link) = &rule.ticket_link {
        lines.push(format!("ticket_link = {}", quote(link)));
    }
    let kinds = rule.files.keys().chain(usual.files.keys());
    let mut kinds: Vec<&String> = kinds
        .filter(|kind| rule.files.get(*kind) != usual.files.get(*kind))
        .collect();
    kinds.sort();
    kinds.dedup();
    if !kinds.is_empty() {
        let kinds = kinds.into_iter().map(|kind| {
            // An empty list takes away a kind that would be there.
            let globs = rule.files.get(kind).map_or(&[][..], Globs::texts);
            format!("{} = {}", key(kind), texts(globs))
        });
        let kinds: Vec<String> = kinds.collect();
        lines.push(format!("files = {{ {} }}", kinds.join(", ")));
    }
    lines
}
