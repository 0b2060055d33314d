//! Saved views: `[view.NAME]`. Whether a filter can be understood is for the layer to say that
//! filters.

use super::super::file::{Table, Value};
use super::super::{View, keys};

/// The words of sorts and groups, in the order of the keys that go round them.
pub const SORTS: [&str; 4] = ["risk", "name", "behind", "newest"];
pub const GROUPS: [&str; 6] = ["auto", "state", "release", "forge", "team", "none"];

pub(super) fn views(top: &Table<'_>) -> Vec<View> {
    let children = top.children("view", keys::VIEW).into_iter();
    children
        .map(|(name, table)| View {
            name: name.to_owned(),
            filter: table.get("filter").and_then(Value::text).map(str::to_owned),
            sort: table
                .get("sort")
                .and_then(|value| value.one_of(&SORTS.map(|word| (word, word)))),
            group: table
                .get("group")
                .and_then(|value| value.one_of(&GROUPS.map(|word| (word, word)))),
            columns: table.get("columns").and_then(Value::texts).map(|texts| {
                let texts = texts.into_iter();
                texts.map(|(column, _)| column.to_owned()).collect()
            }),
        })
        .collect()
}
