//! A release as its section says it.

use super::{key, quote, texts};
use crate::domain::release::Release;

pub(in super::super) fn release(release: &Release) -> String {
    format!("{} {}", key(release.name.as_str()), body(release))
}

pub(super) fn body(release: &Release) -> String {
    let items: Vec<String> = release
        .items
        .iter()
        .map(|item| match &item.pin {
            None => quote(item.service.as_str()),
            Some(pin) => format!(
                "{{ service = {}, revision = {} }}",
                quote(item.service.as_str()),
                quote(pin)
            ),
        })
        .collect();
    let waves: Vec<String> = release.waves.iter().map(texts).collect();
    let mut lines = vec![
        format!("services = [{}]", items.join(", ")),
        format!("waves = [{}]", waves.join(", ")),
        format!("environment = {}", quote(release.environment.as_str())),
        format!("roles = {}", texts(&release.roles)),
        format!("distinct = {}", release.distinct),
    ];
    let window = release.window.as_ref();
    if let Some(window) = window {
        lines.push(format!("window = {}", quote(window)));
        lines.push(format!("at_close = {}", quote(release.at_close.word())));
    }
    if let Some(due) = release.due {
        lines.push(due.strftime("due = \"%Y-%m-%d %H:%M:%S\"").to_string());
        lines.push("zone = \"UTC\"".to_owned());
    }
    let owner = release.owner.as_ref();
    lines.extend(owner.map(|owner| format!("owner = {}", quote(owner.as_str()))));
    lines.join("\n")
}
