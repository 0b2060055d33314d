//! `{ kind = "four-eyes", distinct = […] }`.

use super::super::super::file::Value;
use crate::domain::policy::{GateSpec, Part};
use crate::domain::spelling::meant;

/// Reads the parts; without a list, all of them.
pub(super) fn read(listed: Option<&Value<'_>>) -> Option<GateSpec> {
    let Some(value) = listed else {
        let parts = Part::ALL.to_vec();
        return Some(GateSpec::FourEyes { parts });
    };
    let mut parts: Vec<Part> = Vec::new();
    let mut whole = true;
    for (word, item) in value.texts()? {
        let Some(part) = Part::ALL.into_iter().find(|part| part.word() == word) else {
            item.error(
                format!("there is no part `{word}`"),
                meant(word, Part::ALL.map(Part::word)),
            );
            whole = false;
            continue;
        };
        if parts.contains(&part) {
            item.error(format!("part `{word}` is listed twice"), None);
            whole = false;
        } else {
            parts.push(part);
        }
    }
    if whole && parts.len() < 2 {
        value.error(
            "four eyes are those of two: list at least two parts",
            Some("for instance distinct = [\"author\", \"promoter\"]".to_owned()),
        );
        return None;
    }
    whole.then_some(GateSpec::FourEyes { parts })
}
