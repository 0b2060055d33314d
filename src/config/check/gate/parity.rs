//! `{ kind = "parity", with = "staging", file = "deploy/{environment}.toml", except = […] }`.

use super::super::super::file::{Table, Value};
use crate::domain::ids::EnvironmentName;
use crate::domain::policy::{GateSpec, ParityRule, ParitySource};
use crate::domain::spelling::meant;

const EXAMPLE: &str = "write { kind = \"parity\", file = \"deploy/{environment}.toml\" }";

pub(super) fn read(at: &Value<'_>, table: Option<&Table<'_>>) -> Option<GateSpec> {
    let get = |key| table.and_then(|table| table.get(key));
    let source = source(at, get("file"), get("payload"));
    let with = match get("with") {
        Some(value) => Some(EnvironmentName::new(value.text()?)),
        None => None,
    };
    let mut except = Vec::new();
    if let Some(value) = get("except") {
        for (key, item) in value.texts()? {
            if pattern(key, &item) && !except.iter().any(|known| known == key) {
                except.push(key.to_owned());
            }
        }
    }
    Some(GateSpec::Parity(vec![ParityRule {
        with,
        source: source?,
        except,
    }]))
}

fn source(
    at: &Value<'_>,
    path: Option<&Value<'_>>,
    payload: Option<&Value<'_>>,
) -> Option<ParitySource> {
    match (path, payload) {
        (Some(value), None) => file(value),
        (None, Some(value)) => {
            if value.flag()? {
                return Some(ParitySource::Payload);
            }
            value.error(
                "`payload = false` compares nothing",
                Some(EXAMPLE.to_owned()),
            );
            None
        }
        (Some(_), Some(second)) => {
            second.error(
                "environments are compared by `file` or by `payload`, not both",
                Some("for both, let a tier ask for one and a service for the other".to_owned()),
            );
            None
        }
        (None, None) => {
            at.error(
                "a parity gate needs `file` or `payload`",
                Some(EXAMPLE.to_owned()),
            );
            None
        }
    }
}

fn file(value: &Value<'_>) -> Option<ParitySource> {
    let path = value.text()?;
    let mut rest = path;
    while let Some((_, after)) = rest.split_once('{') {
        let (word, after) = after.split_once('}').unwrap_or((after, ""));
        if word != "environment" {
            value.error(
                format!("nothing is put in for `{{{word}}}`"),
                meant(word, ["environment"]),
            );
            return None;
        }
        rest = after;
    }
    let parts_are_plain = path
        .split('/')
        .all(|part| !part.is_empty() && part != "." && part != "..");
    if !parts_are_plain {
        value.error(
            format!("`{path}` is not a path from the repository's top"),
            Some("for instance \"deploy/{environment}.toml\"".to_owned()),
        );
        return None;
    }
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    if ["yaml", "yml", "xml", "hcl"].contains(&ending.to_lowercase().as_str()) {
        value.error(
            format!("a .{ending} file cannot be compared"),
            Some("TOML, JSON and lines of `key = value` can".to_owned()),
        );
        return None;
    }
    Some(ParitySource::File(path.to_owned()))
}

/// Says whether an exception is a key, or `prefix.*`.
fn pattern(key: &str, item: &Value<'_>) -> bool {
    let stem = key.strip_suffix(".*").unwrap_or(key);
    let good = !stem.is_empty() && !stem.contains('*');
    if !good {
        item.error(
            format!("`{key}` is no key"),
            Some("write \"config.replicas\", or \"config.*\" for all below".to_owned()),
        );
    }
    good
}

/// A comparison of both keeps the exceptions of both alone; others stand side by side.
pub(super) fn stricter(tier: &[ParityRule], added: &[ParityRule]) -> Vec<ParityRule> {
    let mut rules = tier.to_vec();
    for rule in added {
        let is_same =
            |known: &&mut ParityRule| known.with == rule.with && known.source == rule.source;
        match rules.iter_mut().find(is_same) {
            Some(known) => *known = known.stricter(rule),
            None => rules.push(rule.clone()),
        }
    }
    rules
}

/// Returns the environments that a gate compares with by name.
pub(in super::super) fn compared(gate: &GateSpec) -> impl Iterator<Item = &EnvironmentName> {
    let rules: &[ParityRule] = match gate {
        GateSpec::Parity(rules) => rules,
        _ => &[],
    };
    rules.iter().filter_map(|rule| rule.with.as_ref())
}
