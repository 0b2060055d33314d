//! `[ui]` and `[keys]`: how the board looks, and what its keys are. Whether there is such a command, the
//! layer of commands says.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::file::{Table, Value};
use super::super::{Binding, Theme, Ui, defaults, keys};
use super::{Place, section};

/// Reads the name of a theme, or the path of a file with one.
fn theme(value: &Value<'_>, place: &Place<'_>) -> Option<Theme> {
    let text = value.text()?;
    if Path::new(text).extension().is_some_and(|it| it == "toml") {
        return place.resolve(text, value).map(Theme::File);
    }
    if text == "auto" {
        return Some(Theme::Auto);
    }
    value
        .one_of(&Theme::NAMES.map(|name| (name, name)))
        .map(Theme::Named)
}

pub(super) fn ui(top: &Table<'_>, place: &Place<'_>) -> Ui {
    let mut ui = defaults::UI;
    let Some(table) = section(top, keys::UI) else {
        return ui;
    };
    if let Some(theme) = table.get("theme").and_then(|value| theme(value, place)) {
        ui.theme = theme;
    }
    for (key, flag) in [
        ("ascii", &mut ui.ascii),
        ("motion", &mut ui.motion),
        ("utc", &mut ui.utc),
        ("session", &mut ui.session),
        ("mouse", &mut ui.mouse),
    ] {
        if let Some(value) = table.get(key).and_then(Value::flag) {
            *flag = value;
        }
    }
    ui
}

pub(super) fn bindings(top: &Table<'_>) -> BTreeMap<String, Binding> {
    let Some(table) = top
        .get("keys")
        .and_then(|value| value.open_table("keys".to_owned()))
    else {
        return BTreeMap::new();
    };
    let mut bindings = BTreeMap::new();
    for (command, value) in table.entries() {
        // A context with keys of its own: [keys.board].
        if value.is_table() {
            let inner = value.open_table(format!("keys.{command}"));
            for (inner, value) in inner.iter().flat_map(Table::entries) {
                bind(&mut bindings, format!("{command}.{inner}"), value);
            }
        } else {
            bind(&mut bindings, command.to_owned(), value);
        }
    }
    bindings
}

fn bind(bindings: &mut BTreeMap<String, Binding>, command: String, value: &Value<'_>) {
    let binding = if value.is_false() {
        Some(Binding::Unbound)
    } else if value.is_list() {
        value
            .texts()
            .map(|keys| Binding::Keys(keys.iter().map(|(key, _)| (*key).to_owned()).collect()))
    } else if value.as_text().is_some() {
        value.text().map(|key| Binding::Keys(vec![key.to_owned()]))
    } else {
        value.error(
            format!("`{command}` must be a key, a list of keys, or false"),
            Some(format!("for instance {command} = \"ctrl-p\"")),
        );
        None
    };
    if binding == Some(Binding::Keys(Vec::new())) {
        value.error(
            format!("`{command}` lists no key"),
            Some("to take its key away, write false".to_owned()),
        );
    }
    bindings.extend(binding.map(|binding| (command, binding)));
}
