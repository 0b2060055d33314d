//! `{ kind = "blocker", labels = […] }`.

use super::super::super::file::Value;
use crate::domain::policy::GateSpec;

const EXAMPLE: &str = "write { kind = \"blocker\", labels = [\"release-blocker\"] }";

/// Each label is two lists of a query for each service, so there are not to be many.
const MOST: usize = 10;

pub(super) fn read(at: &Value<'_>, listed: Option<&Value<'_>>) -> Option<GateSpec> {
    let Some(value) = listed else {
        at.error("a blocker gate needs `labels`", Some(EXAMPLE.to_owned()));
        return None;
    };
    let mut labels: Vec<String> = Vec::new();
    for (label, item) in value.texts()? {
        // A forge takes labels that differ in case alone for one.
        if labels.iter().any(|known| known.eq_ignore_ascii_case(label)) {
            item.error(format!("label `{label}` is listed twice"), None);
        } else {
            labels.push(label.to_owned());
        }
    }
    if value.list().is_some_and(|items| items.is_empty()) {
        value.error("a blocker gate without a label", Some(EXAMPLE.to_owned()));
        return None;
    }
    if labels.len() > MOST {
        value.error(
            format!("{} labels, more than {MOST}", labels.len()),
            Some("give what blocks one label of its own".to_owned()),
        );
    }
    (!labels.is_empty()).then_some(GateSpec::Blocker { labels })
}
