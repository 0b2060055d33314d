//! `depends` of services: what each says, and that they do not go round in a circle.

use std::collections::{BTreeMap, BTreeSet};

use super::super::file::{Table, Value};
use crate::domain::ids::ServiceName;
use crate::domain::policy::Dependency;
use crate::domain::spelling::meant;
use crate::domain::version::Wanted;

const FORM: &str = "write \"payments\", or \"payments >= v2.1.0\" with a version or a commit";

/// What one service depends on, each with its place.
pub(super) type Listed<'d> = Vec<(Dependency, Value<'d>)>;

/// Reads what a service depends on.
pub(super) fn read<'d>(table: &Table<'d>) -> Listed<'d> {
    let Some(value) = table.get("depends") else {
        return Vec::new();
    };
    let mut listed: Listed<'d> = Vec::new();
    for (text, item) in value.texts().unwrap_or_default() {
        let Some(dependency) = dependency(text, &item) else {
            continue;
        };
        if listed
            .iter()
            .any(|(known, _)| known.service == dependency.service)
        {
            item.error(format!("`{}` is listed twice", dependency.service), None);
        } else {
            listed.push((dependency, item));
        }
    }
    listed
}

fn dependency(text: &str, item: &Value<'_>) -> Option<Dependency> {
    let (service, wanted) = match text.split_once(">=") {
        Some((service, wanted)) => (service.trim(), Some(wanted.trim())),
        None => (text.trim(), None),
    };
    if service.is_empty() || service.contains(['<', '>', '=']) {
        item.error(
            format!("`{text}` does not say what it depends on"),
            Some(FORM.to_owned()),
        );
        return None;
    }
    if let Some(wanted) = wanted.filter(|wanted| Wanted::of(wanted).is_none()) {
        item.error(
            format!("`{wanted}` is neither a version nor a commit"),
            Some("for instance v2.1.0, or 7 to 40 digits of a commit".to_owned()),
        );
        return None;
    }
    Some(Dependency {
        service: ServiceName::new(service),
        at_least: wanted.map(str::to_owned),
    })
}

/// Reports services that there are not.
pub(super) fn unknown(listed: &BTreeMap<&str, Listed<'_>>) {
    let names: Vec<&str> = listed.keys().copied().collect();
    for (dependency, item) in listed.values().flatten() {
        let name = dependency.service.as_str();
        if !names.contains(&name) {
            item.error(
                format!("there is no service `{name}`"),
                meant(name, names.iter().copied()),
            );
        }
    }
}

/// Reports each circle once, at the dependency that closes it: nothing on it could ever be first.
pub(super) fn circles(listed: &BTreeMap<&str, Listed<'_>>) {
    let mut done = BTreeSet::new();
    for (start, _) in listed.iter().filter(|(_, wanted)| !wanted.is_empty()) {
        walk(start, listed, &mut Vec::new(), &mut done);
    }
}

fn walk<'l>(
    service: &'l str,
    listed: &'l BTreeMap<&str, Listed<'_>>,
    way: &mut Vec<&'l str>,
    done: &mut BTreeSet<&'l str>,
) {
    if done.contains(service) {
        return;
    }
    way.push(service);
    for (dependency, item) in listed.get(service).into_iter().flatten() {
        let next = dependency.service.as_str();
        if let Some(from) = way.iter().position(|known| *known == next) {
            let circle: Vec<&str> = way.iter().skip(from).copied().chain([next]).collect();
            item.error(
                format!(
                    "services depend on each other in a circle: {}",
                    circle.join(" > ")
                ),
                Some("leave one out: none of them could ever go first".to_owned()),
            );
        } else {
            walk(next, listed, way, done);
        }
    }
    way.pop();
    done.insert(service);
}
