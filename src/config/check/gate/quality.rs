//! `{ kind = "quality", figures = […] }`.

use super::super::super::file::{Table, Value};
use super::super::super::keys;
use crate::domain::figure::{Bound, Figure};
use crate::domain::policy::{GateSpec, QualityRule};

const EXAMPLE: &str =
    "write { kind = \"quality\", figures = [{ check = \"coverage\", at_least = 80 }] }";

pub(super) fn read(at: &Value<'_>, figures: Option<&Value<'_>>) -> Option<GateSpec> {
    let Some(value) = figures else {
        at.error("a quality gate needs `figures`", Some(EXAMPLE.to_owned()));
        return None;
    };
    let items = value.list()?;
    if items.is_empty() {
        value.error("a quality gate without a figure", Some(EXAMPLE.to_owned()));
        return None;
    }
    let mut rules: Vec<QualityRule> = Vec::new();
    let mut whole = true;
    for item in &items {
        let Some(rule) = figure(item) else {
            whole = false;
            continue;
        };
        if rules.iter().any(|known| is_same(known, &rule)) {
            item.error(
                format!("a figure of `{}` is bounded twice", rule.check),
                Some("keep the stricter bound".to_owned()),
            );
        }
        rules.push(rule);
    }
    whole.then_some(GateSpec::Quality(rules))
}

fn figure(item: &Value<'_>) -> Option<QualityRule> {
    let table = item.table("quality.figures".to_owned(), keys::GATE_FIGURE)?;
    let check = table.need("check", "\"coverage\"").and_then(Value::text);
    let after = match table.get("after") {
        Some(value) => Some(value.text()?.to_owned()),
        None => None,
    };
    let bound = bound(item, &table);
    Some(QualityRule {
        check: check?.to_owned(),
        after,
        bound: bound?,
    })
}

fn bound(item: &Value<'_>, table: &Table<'_>) -> Option<Bound> {
    match (table.get("at_least"), table.get("at_most")) {
        (Some(value), None) => {
            let figure = value.figure()?;
            // What must not fall short is a share; a count is bounded from above.
            if figure > Figure::whole(100) {
                value.error(
                    format!("`at_least = {figure}` is over 100 %: no share reaches it"),
                    Some("a share is at most 100; a count is bounded by `at_most`".to_owned()),
                );
                return None;
            }
            Some(Bound::AtLeast(figure))
        }
        (None, Some(value)) => {
            let figure = value.figure()?;
            if figure < Figure::whole(0) {
                value.error(
                    format!("`at_most = {figure}` is below nothing: no count meets it"),
                    Some("for none at all write at_most = 0".to_owned()),
                );
                return None;
            }
            Some(Bound::AtMost(figure))
        }
        (Some(_), Some(second)) => {
            second.error(
                "a figure has one bound, `at_least` or `at_most`",
                Some("for a range, list the check twice".to_owned()),
            );
            None
        }
        (None, None) => {
            item.error(
                "a figure needs `at_least` or `at_most`",
                Some("for instance { check = \"coverage\", at_least = 80 }".to_owned()),
            );
            None
        }
    }
}

/// Says whether two rules bound the same figure from the same side.
fn is_same(one: &QualityRule, other: &QualityRule) -> bool {
    one.check == other.check
        && one.after == other.after
        && std::mem::discriminant(&one.bound) == std::mem::discriminant(&other.bound)
}

/// Of two bounds of one figure the stricter holds; every other figure is kept.
pub(super) fn stricter(tier: &[QualityRule], added: &[QualityRule]) -> Vec<QualityRule> {
    let mut rules = tier.to_vec();
    for rule in added {
        match rules.iter_mut().find(|known| is_same(known, rule)) {
            Some(known) => known.bound = known.bound.stricter(rule.bound),
            None => rules.push(rule.clone()),
        }
    }
    rules
}
