//! The configuration that makes the client see the simulation: what `--write-config` leaves.
//!
//! Text only: the simulator knows the documented keys, not the program that reads them.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use toml::{Table, Value};

use crate::sim::{
    model::Flavor,
    world::{Offset, World},
};

mod services;

/// One forge as the client is to see it.
#[derive(Debug, Clone)]
pub struct Endpoint<'a> {
    /// What the forge serves.
    pub world: &'a World,
    /// Whose API it speaks.
    pub flavor: Flavor,
    /// `http://127.0.0.1:PORT`, with the folder it is installed in.
    pub base: &'a str,
    /// Holds the operator's token.
    pub token_file: PathBuf,
}

/// Where monitoring is reached, and what belongs to the client alone.
#[derive(Debug, Clone)]
pub struct Client<'a> {
    /// `http://127.0.0.1:PORT`, where `/health` is.
    pub monitoring: &'a str,
    /// The journal; the client's own default without it.
    pub journal: Option<&'a Path>,
    /// Who operates.
    pub operator: &'a str,
}

/// Writes the configuration for all forges: endpoints and tokens, then the worlds' `[client]` tables.
pub fn client_config(forges: &[Endpoint<'_>], client: &Client<'_>, now: Timestamp) -> String {
    let mut root = Table::new();
    let text = |it: &str| Value::String(it.to_owned());
    let whole = |it: &Path| {
        std::path::absolute(it)
            .unwrap_or_else(|_| it.to_owned())
            .display()
            .to_string()
    };
    let path = |it: &Path| Value::String(whole(it));
    root.insert(
        "operator".to_owned(),
        table([("name", text(client.operator))]),
    );
    if let Some(journal) = client.journal {
        let url = format!("sqlite:{}", whole(journal));
        root.insert("journal".to_owned(), table([("url", Value::String(url))]));
    }
    let mut known = Table::new();
    // Every repository is a service, with the way it promotes; the worlds' tables add to that.
    let mut services = Table::new();
    for it in forges {
        let api = format!("{}{}", it.base, it.flavor.api());
        let forge = table([
            ("kind", text(it.flavor.kind())),
            ("url", text(it.base)),
            ("api_url", Value::String(api)),
            ("token", table([("file", path(&it.token_file))])),
        ]);
        known.insert(it.world.forge.name.clone(), forge);
        services::add(&mut services, it.world);
    }
    root.insert("forge".to_owned(), Value::Table(known));
    root.insert("service".to_owned(), Value::Table(services));
    for it in forges {
        let mut table = Value::Table(it.world.client.clone());
        fill(&mut table, now, client.monitoring);
        if let Value::Table(table) = table {
            lay_over(&mut root, table);
        }
    }
    let body = toml::to_string(&root).unwrap_or_default();
    format!("# Written by the simulator: everything here talks to this machine alone.\n\n{body}")
}

fn table<const N: usize>(pairs: [(&str, Value); N]) -> Value {
    Value::Table(
        pairs
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
    )
}

/// Puts the values of one table over those of another, table by table.
pub fn lay_over(root: &mut Table, over: Table) {
    for (key, value) in over {
        match (root.get_mut(&key), value) {
            (Some(Value::Table(under)), Value::Table(over)) => lay_over(under, over),
            (_, value) => {
                root.insert(key, value);
            }
        }
    }
}

/// Fills the times of a table in: `{{-3h}}` is an instant, `{{-3h %H:%M Europe/Berlin}}` the clock
/// on a wall there, rounded down to five minutes.
/// `{{health}}` and `{{prometheus}}` are where monitoring answers.
fn fill(value: &mut Value, now: Timestamp, base: &str) {
    match value {
        Value::String(text) => {
            for place in ["health", "prometheus"] {
                *text = text.replace(&format!("{{{{{place}}}}}"), &format!("{base}/{place}"));
            }
            if let Some(filled) = filled(text, now) {
                *text = filled;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|it| fill(it, now, base)),
        Value::Table(table) => table.iter_mut().for_each(|(_, it)| fill(it, now, base)),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {}
    }
}

fn filled(text: &str, now: Timestamp) -> Option<String> {
    let (before, rest) = text.split_once("{{")?;
    let (inner, after) = rest.split_once("}}")?;
    let mut words = inner.split_whitespace();
    let offset = Offset::parse(words.next()?)?;
    let at = now.saturating_add(offset.0).ok()?;
    let five = SignedDuration::from_secs(at.as_second().rem_euclid(300));
    let at = at.checked_sub(five).ok()?;
    let shown = match words.next() {
        None => at.strftime("%Y-%m-%dT%H:%M:00Z").to_string(),
        Some(format) => {
            let zone = words.next().unwrap_or("UTC");
            let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
            at.to_zoned(zone).strftime(format).to_string()
        }
    };
    Some(format!("{before}{shown}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_the_client_table_are_filled_in_where_they_apply() {
        let now: Timestamp = "2026-11-21T18:03:20Z".parse().unwrap();
        let cases = [
            ("{{-3h %H:%M Europe/Berlin}}", Some("16:00")),
            ("until {{+1d}}", Some("until 2026-11-22T18:00:00Z")),
            ("{environment}", None),
            ("plain", None),
        ];
        for (text, expected) in cases {
            assert_eq!(filled(text, now).as_deref(), expected, "{text}");
        }
    }
}
