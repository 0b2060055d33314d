//! `[window.NAME]` and `[freeze.NAME]`: when promotions are allowed, and when not.

use std::collections::BTreeMap;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use super::super::file::{Table, Value, Wall};
use super::super::keys;
use super::overlap::{self, Placed};
use super::service::Services;
use super::{lasting, recurrence};
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::domain::policy::Environment;
use crate::domain::spelling::{meant, nearest};
use crate::domain::window::{End, Source, Span, Window, WindowEffect};

type Environments = BTreeMap<EnvironmentName, Environment>;

pub(in super::super) const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// Reads windows and freezes, by name. A freeze is a window that denies once, and says why.
pub(super) fn windows(
    top: &Table<'_>,
    environments: &Environments,
    services: &Services,
) -> Vec<Window> {
    let mut windows: BTreeMap<String, Window> = BTreeMap::new();
    let mut names: Vec<&str> = Vec::new();
    let mut placed: Vec<Placed<'_>> = Vec::new();
    for (name, table) in top.children("window", keys::WINDOW) {
        names.push(name);
        let effects = [("allow", WindowEffect::Allow), ("deny", WindowEffect::Deny)];
        let effect = table
            .get("effect")
            .map_or(Some(WindowEffect::Allow), |value| value.one_of(&effects));
        let days = days(&table);
        let span = span(&table, days);
        let window = window(name, &table, effect, span, environments, services);
        placed.extend(window.clone().map(|window| Placed::new(window, table)));
        windows.extend(window.map(|window| (name.to_owned(), window)));
    }
    overlap::check(&placed, &names);
    let mut frozen: Vec<&str> = Vec::new();
    let mut freezes: Vec<Placed<'_>> = Vec::new();
    for (name, table) in top.children("freeze", keys::FREEZE) {
        frozen.push(name);
        if names.contains(&name) {
            table.error(format!("there is a window `{name}` already"), None);
        }
        table.need("reason", "\"year end\"");
        let span = if lasting::is_meant(&table) {
            lasting::span(&table, false, None)
        } else if table.get("rule").is_some() {
            recurring(&table)
        } else {
            no_start(&table);
            once(&table)
        };
        let effect = Some(WindowEffect::Deny);
        let window = window(name, &table, effect, span, environments, services);
        freezes.extend(window.clone().map(|window| Placed::new(window, table)));
        windows.extend(window.map(|window| (name.to_owned(), window)));
    }
    overlap::check(&freezes, &frozen);
    windows.into_values().collect()
}

fn window(
    name: &str,
    table: &Table<'_>,
    effect: Option<WindowEffect>,
    span: Option<Span>,
    environments: &Environments,
    services: &Services,
) -> Option<Window> {
    let zone = zone(table);
    let listed = table.get("environments").and_then(Value::texts);
    let mut covered = Vec::new();
    for (text, value) in listed.unwrap_or_default() {
        if !environments.contains_key(text) {
            value.error(
                format!("there is no environment `{text}`"),
                meant(text, environments.keys().map(EnvironmentName::as_str)),
            );
        }
        covered.push(EnvironmentName::new(text));
    }
    let listed = table.get("tiers").and_then(Value::texts);
    for (text, value) in listed.unwrap_or_default() {
        let of_tier = environments.values().filter(|known| known.tier == text);
        let before = covered.len();
        covered.extend(of_tier.map(|known| known.name.clone()));
        if covered.len() == before {
            let tiers = environments.values().map(|known| known.tier.as_str());
            value.error(
                format!("no environment is of tier `{text}`"),
                meant(text, tiers),
            );
        }
    }
    covered.sort();
    covered.dedup();
    let listed = table.get("services").and_then(Value::texts);
    let mut ours = Vec::new();
    for (text, value) in listed.unwrap_or_default() {
        services.known(text, &value);
        ours.push(ServiceName::new(text));
    }
    // An empty list would read as "none" and mean "every".
    for key in ["environments", "tiers", "services"] {
        let value = table.get(key);
        if let Some(value) = value.filter(|value| value.list().is_some_and(|list| list.is_empty()))
        {
            value.error(
                format!("`{key}` is empty"),
                Some("leave it out to mean every one".to_owned()),
            );
        }
    }
    let reason = table.get("reason").and_then(Value::text);
    let (zone, zone_name) = zone?;
    Some(Window {
        name: name.to_owned(),
        effect: effect?,
        span: span?,
        zone,
        zone_name,
        environments: covered,
        services: ours,
        reason: reason.map(str::to_owned),
    })
}

fn zone(table: &Table<'_>) -> Option<(TimeZone, String)> {
    named_zone(table.need("zone", "\"Europe/Berlin\"")?)
}

/// Reads an IANA name: the zone, and the name as it is spelt.
pub(super) fn named_zone(value: &Value<'_>) -> Option<(TimeZone, String)> {
    let name = value.text()?;
    if let Ok(zone) = TimeZone::get(name) {
        let name = zone.iana_name().unwrap_or(name).to_owned();
        return Some((zone, name));
    }
    let known: Vec<String> = jiff::tz::db()
        .available()
        .map(|zone| zone.to_string())
        .collect();
    let hint = nearest(name, known.iter().map(String::as_str)).map_or_else(
        || "zones have names like \"Europe/Berlin\", \"UTC\"".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    value.error(format!("there is no time zone `{name}`"), Some(hint));
    None
}

/// Reads the days, Monday first; every day if none are given. `None` if they are wrong.
fn days(table: &Table<'_>) -> Option<Vec<Weekday>> {
    let Some(value) = table.get("days") else {
        return Some(DAYS.iter().map(|(_, day)| *day).collect());
    };
    let listed = value.texts()?;
    if listed.is_empty() {
        value.error(
            "no days",
            Some("leave `days` out to mean every day".to_owned()),
        );
        return None;
    }
    let mut wanted = Vec::new();
    for (text, item) in listed {
        let lower = text.to_lowercase();
        let found = DAYS
            .iter()
            .find(|(word, day)| *word == lower || format!("{day:?}").to_lowercase() == lower);
        if let Some((_, day)) = found {
            wanted.push(*day);
            continue;
        }
        let hint = DAYS
            .iter()
            .find(|(word, _)| lower.starts_with(word))
            .map(|(word, _)| format!("did you mean `{word}`?"))
            .or_else(|| meant("", DAYS.iter().map(|(word, _)| *word)));
        item.error(format!("`{text}` is not a day"), hint);
    }
    Some(
        DAYS.iter()
            .map(|(_, day)| *day)
            .filter(|day| wanted.contains(day))
            .collect(),
    )
}

/// Reads both ends, each with its place.
fn ends<'t, 'd>(table: &'t Table<'d>, examples: [&str; 2]) -> Option<[(&'t Value<'d>, Wall); 2]> {
    let from = table
        .need("from", examples[0])
        .and_then(|value| Some((value, value.wall()?)));
    let to = table
        .need("to", examples[1])
        .and_then(|value| Some((value, value.wall()?)));
    Some([from?, to?])
}

/// A span whose dates come from a rule.
fn recurring(table: &Table<'_>) -> Option<Span> {
    let dates = recurrence::dates(table);
    let [(value, from), (at, to)] = ends(table, ["\"18:00\"", "\"22:00\""])?;
    let (from, to) = (recurrence::times(value, from)?, recurrence::times(at, to)?);
    if from == to && !is_midnight(at) {
        same_ends(at);
        return None;
    }
    let (rule, dates) = dates?;
    Some(Span::Dates {
        source: Source::Rule(rule),
        dates,
        from: vec![from],
        to: End::At(to),
    })
}

/// Says that `start` is nothing without what it goes with.
fn no_start(table: &Table<'_>) {
    if let Some(value) = table.get("start") {
        value.error(
            "`start` has no effect without `duration` or `rule`",
            Some("write `from` and `to`, or `start` and duration = \"6h\"".to_owned()),
        );
    }
}

/// Says whether an end is written as the day's own end: from 00:00 to 24:00 is the whole day.
fn is_midnight(end: &Value<'_>) -> bool {
    end.as_text() == Some("24:00")
}

fn same_ends(at: &Value<'_>) {
    at.error(
        "a window must not end when it starts",
        Some("for a whole day: from = \"00:00\", to = \"24:00\"".to_owned()),
    );
}

fn span(table: &Table<'_>, days: Option<Vec<Weekday>>) -> Option<Span> {
    if lasting::is_meant(table) {
        return lasting::span(table, true, days);
    }
    if table.get("rule").is_some() {
        if let Some(value) = table.get("days") {
            value.error("`days` has no effect beside `rule`", None);
        }
        return recurring(table);
    }
    no_start(table);
    let [(_, from), (at, to)] = ends(table, ["\"18:00\"", "\"22:00\""])?;
    match (from, to) {
        (Wall::Time(from), Wall::Time(to)) => {
            if from == to && !is_midnight(at) {
                same_ends(at);
                return None;
            }
            Some(Span::Weekly {
                days: days?,
                from,
                to: End::At(to),
            })
        }
        (Wall::DateTime(_), Wall::DateTime(_)) => {
            if let Some(value) = table.get("days") {
                value.error("`days` has no effect: this window has dates", None);
            }
            once(table)
        }
        (Wall::Time(_), Wall::DateTime(_)) | (Wall::DateTime(_), Wall::Time(_)) => {
            at.error(
                "`from` and `to` must both be times, or both dates with times",
                None,
            );
            None
        }
    }
}

fn once(table: &Table<'_>) -> Option<Span> {
    let ends = ends(table, ["\"2026-12-20 18:00\"", "\"2027-01-04 06:00\""])?;
    for (value, wall) in ends {
        if matches!(wall, Wall::Time(_)) {
            value.error(
                "a freeze needs dates with times",
                Some("\"2026-12-20 18:00\"".to_owned()),
            );
        }
    }
    let [(_, Wall::DateTime(from)), (at, Wall::DateTime(to))] = ends else {
        return None;
    };
    if from >= to {
        at.error(
            "it ends before it starts",
            Some("`to` must be after `from`".to_owned()),
        );
        return None;
    }
    Some(Span::Once { from, to })
}
