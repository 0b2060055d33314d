//! `health`: what is probed, how often, and what must be seen.

use jiff::SignedDuration;
use url::Url;

use super::super::super::file::{Table, Value};
use super::super::super::keys;
use crate::domain::figure::Bound;
use crate::domain::policy::{Expect, GateSpec, HealthRule, Probe, ProbeSource};
use crate::domain::sampling;
use crate::domain::spelling::meant;

const EXAMPLE: &str =
    "{ name = \"errors\", url = \"https://…\", pointer = \"/error_rate\", at_most = 1.5 }";

/// How often is sampled where nobody says.
const EVERY: SignedDuration = SignedDuration::from_secs(30);

/// More often than this a probe would be a load of its own.
const OFTEN: SignedDuration = SignedDuration::from_secs(5);

pub(super) fn read(at: &Value<'_>, table: Option<&Table<'_>>) -> Option<GateSpec> {
    rule(at, table).map(GateSpec::Health)
}

/// What is sampled where nothing is.
pub(in super::super) const NO_PROBES: HealthRule = HealthRule {
    probes: Vec::new(),
    every: EVERY,
};

/// Reads `every` and `probes`, as gates and verifications have them.
pub(super) fn rule(at: &Value<'_>, table: Option<&Table<'_>>) -> Option<HealthRule> {
    let every = table.and_then(|table| table.get("every"));
    let Some(value) = table.and_then(|table| table.get("probes")) else {
        at.error(
            "health needs `probes`",
            Some(format!("add probes = [{EXAMPLE}]")),
        );
        return None;
    };
    let every = every.map_or(Some(EVERY), |value| {
        let every = value.duration()?;
        if every < OFTEN {
            value.error("more often than every 5 seconds is a load of its own", None);
        }
        Some(every)
    });
    let listed = value.list()?;
    if listed.is_empty() {
        value.error("health without a probe", Some(format!("add {EXAMPLE}")));
    }
    let mut probes: Vec<Probe> = Vec::new();
    for item in &listed {
        let Some(probe) = probe(item) else { continue };
        if probes.iter().any(|known| known.name == probe.name) {
            item.error(format!("probe `{}` is listed twice", probe.name), None);
        } else {
            probes.push(probe);
        }
    }
    Some(HealthRule {
        probes,
        every: every?,
    })
}

fn probe(item: &Value<'_>) -> Option<Probe> {
    if !item.is_table() {
        item.error("a probe is a table", Some(format!("write {EXAMPLE}")));
        return None;
    }
    let table = item.table("probe".to_owned(), keys::PROBE)?;
    let name = table.need("name", "\"errors\"").and_then(Value::text);
    let source = source(item, &table);
    let expect = expect(item, &table);
    Some(Probe {
        name: name?.to_owned(),
        source: source?,
        expect: expect?,
    })
}

fn source(item: &Value<'_>, table: &Table<'_>) -> Option<ProbeSource> {
    match (table.get("url"), table.get("prometheus")) {
        (Some(url), None) => {
            if let Some(value) = table.get("query") {
                value.error("`query` belongs to `prometheus`", None);
            }
            let pointer = table.get("pointer").map(pointer);
            Some(ProbeSource::Http {
                url: address(url)?,
                pointer: match pointer {
                    Some(pointer) => Some(pointer?),
                    None => None,
                },
            })
        }
        (None, Some(url)) => {
            if let Some(value) = table.get("pointer") {
                value.error(
                    "`pointer` belongs to `url`: a query gives its number itself",
                    None,
                );
            }
            let query = table.need("query", "\"sum(rate(errors[5m]))\"");
            // What else stands in braces is the query's own.
            let query = query.and_then(Value::text);
            Some(ProbeSource::Prometheus {
                url: address(url)?,
                query: query?.to_owned(),
            })
        }
        (Some(_), Some(_)) => {
            item.error(
                "a probe looks at `url` or at `prometheus`, not at both",
                None,
            );
            None
        }
        (None, None) => {
            item.error(
                "a probe needs `url`, or `prometheus` and `query`",
                Some(format!("for instance {EXAMPLE}")),
            );
            None
        }
    }
}

/// Reads an address that may hold placeholders: https, or http on this machine.
fn address(value: &Value<'_>) -> Option<String> {
    let text = value.text()?;
    if let Some(word) = super::unknown_words(text).next() {
        value.error(
            format!("nothing is put in for `{{{word}}}`"),
            meant(word, sampling::PLACEHOLDERS.iter().copied()),
        );
        return None;
    }
    let Ok(url) = Url::parse(&sampling::example_of(text)) else {
        let example = "for instance \"https://{service}.example.com/health\"".to_owned();
        value.error_hidden("this is not a web address", Some(example));
        return None;
    };
    if !url.username().is_empty() || url.password().is_some() {
        value.error_hidden(
            "an address with a user or a password in it",
            Some("probes are asked without credentials".to_owned()),
        );
        return None;
    }
    match url.scheme() {
        "https" => {}
        "http" if super::super::forge::is_loopback(&url) => {}
        "http" => {
            value.error(
                "http could be answered by anybody on the way: only https is believed",
                Some(format!("write \"{}\"", text.replacen("http:", "https:", 1))),
            );
            return None;
        }
        _ => {
            value.error("an address must start with https://", None);
            return None;
        }
    }
    Some(text.to_owned())
}

/// Reads an RFC 6901 pointer.
fn pointer(value: &Value<'_>) -> Option<String> {
    let text = value.text()?;
    let escaped = text
        .split('~')
        .skip(1)
        .all(|rest| rest.starts_with(['0', '1']));
    if !text.starts_with('/') || !escaped {
        value.error(
            format!("`{text}` is not a JSON pointer"),
            Some("start with /, one / before each key: \"/checks/db/status\"; ~1 is a / in a key, ~0 a ~".to_owned()),
        );
        return None;
    }
    Some(text.to_owned())
}

fn expect(item: &Value<'_>, table: &Table<'_>) -> Option<Expect> {
    let keys = ["equals", "at_most", "at_least"];
    let given: Vec<(&str, &Value<'_>)> = keys
        .iter()
        .filter_map(|key| Some((*key, table.get(key)?)))
        .collect();
    let has_value = table.get("pointer").is_some() || table.get("prometheus").is_some();
    match given.as_slice() {
        [] if has_value => {
            item.error(
                "a probe needs what it must see",
                Some("add at_most = 1.5, at_least = 99, or equals = \"UP\"".to_owned()),
            );
            None
        }
        [] => Some(Expect::Answer),
        [(_, value)] if !has_value => {
            value.error(
                "without `pointer` there is no value to look at",
                Some("add pointer = \"/error_rate\"; alone, `url` must answer well".to_owned()),
            );
            None
        }
        [("equals", value)] => value.plain().map(Expect::Value),
        [("at_most", value)] => value
            .figure()
            .map(|figure| Expect::Bound(Bound::AtMost(figure))),
        [(_, value)] => value
            .figure()
            .map(|figure| Expect::Bound(Bound::AtLeast(figure))),
        [_, (_, second), ..] => {
            second.error(
                "a probe has one expectation",
                Some("write a second probe for the other".to_owned()),
            );
            None
        }
    }
}

/// A service adds probes to its tier's, and never drops one.
pub(super) fn stricter(tier: &HealthRule, added: &HealthRule) -> HealthRule {
    HealthRule {
        probes: super::union(&tier.probes, &added.probes),
        every: tier.every.min(added.every),
    }
}
