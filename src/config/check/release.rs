//! `[release.NAME]`: services that ship together, in which waves, into which window, by when, and
//! which roles say go. Running one lives in `app/engine`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::file::{Table, Value, Wall};
use super::super::keys;
use super::gate::at_close;
use super::service::Services;
use super::window::named_zone;
use super::{Roles, known_role};
use crate::domain::ids::{EnvironmentName, Person, ReleaseName, RoleName, ServiceName};
use crate::domain::policy::{Environment, Service, Via};
use crate::domain::release::waves::{circle, derive, misplaced};
use crate::domain::release::{Item, Release};
use crate::domain::spelling::meant;
use crate::domain::window::{Window, WindowEffect};

/// What releases refer to.
pub(super) struct Known<'k> {
    pub services: &'k Services,
    pub roles: &'k Roles,
    pub environments: &'k BTreeMap<EnvironmentName, Environment>,
    pub windows: &'k [Window],
}

impl Known<'_> {
    fn service(&self, name: &ServiceName) -> Option<&Service> {
        let mut services = self.services.list.iter().map(Arc::as_ref);
        services.find(|service| service.name == *name)
    }

    /// What each of these depends on.
    fn needs(&self, services: &[ServiceName]) -> BTreeMap<ServiceName, Vec<ServiceName>> {
        services
            .iter()
            .map(|name| {
                let needs = self.service(name).into_iter();
                let needs = needs.flat_map(|service| &service.depends);
                (
                    name.clone(),
                    needs.map(|need| need.service.clone()).collect(),
                )
            })
            .collect()
    }
}

type Waves = Vec<Vec<ServiceName>>;

/// Reads the releases, by name.
pub(super) fn releases(top: &Table<'_>, known: &Known<'_>) -> Vec<Release> {
    let tables = top.children("release", keys::RELEASE);
    let mut releases: Vec<Release> = tables
        .iter()
        .filter_map(|(name, table)| release(top, name, table, known))
        .collect();
    releases.sort_by(|one, other| one.name.cmp(&other.name));
    releases
}

fn release(top: &Table<'_>, name: &str, table: &Table<'_>, known: &Known<'_>) -> Option<Release> {
    let items = items(table, known);
    let listed = items.as_deref().unwrap_or_default();
    let environment = environment(table, listed, known);
    let waves = waves(table, listed, known);
    let window = window(top, table, environment.as_ref(), known);
    let at_close = table.get("at_close").and_then(|value| {
        if table.get("window").is_none() {
            value.error(
                "`at_close` has no effect without `window`",
                Some("add window = \"NAME\", or take it out".to_owned()),
            );
        }
        at_close(value)
    });
    let due = due(table, window);
    let roles = roles(table, known);
    let distinct = table.get("distinct").and_then(Value::flag).unwrap_or(true);
    if distinct {
        enough_people(table, &roles, known);
    }
    let owner = table.get("owner").and_then(Value::text);
    Some(Release {
        name: ReleaseName::new(name),
        environment: environment?,
        items: items?.into_iter().map(|(item, _)| item).collect(),
        waves: waves?,
        window: window.map(|window| window.name.clone()),
        at_close: at_close.unwrap_or_default(),
        due,
        roles,
        distinct,
        owner: owner.map(Person::new),
    })
}

/// Reads the services: names, or tables that pin a revision.
fn items<'d>(table: &Table<'d>, known: &Known<'_>) -> Option<Vec<(Item, Value<'d>)>> {
    let value = table.need("services", "[\"web\", \"api\"]")?;
    let listed = value.list()?;
    if listed.is_empty() {
        value.error(
            "a release of nothing",
            Some("name at least one service".to_owned()),
        );
        return None;
    }
    let mut items: Vec<(Item, Value<'d>)> = Vec::new();
    for place in listed {
        let Some(item) = item(&place) else { continue };
        if !known.services.known(item.service.as_str(), &place) {
            continue;
        }
        if items.iter().any(|(other, _)| other.service == item.service) {
            let message = format!("`{}` stands twice in this release", item.service);
            place.error(message, Some("take one of the two out".to_owned()));
        } else {
            items.push((item, place));
        }
    }
    Some(items)
}

fn item(place: &Value<'_>) -> Option<Item> {
    if !place.is_table() {
        return Some(Item {
            service: ServiceName::new(place.text()?),
            pin: None,
        });
    }
    let table = place.table("service".to_owned(), keys::RELEASE_ITEM)?;
    let Some(service) = table.get("service") else {
        place.error(
            "which service?",
            Some("write { service = \"web\", revision = \"v1.2.0\" }".to_owned()),
        );
        return None;
    };
    let pin = table.get("revision").and_then(Value::text);
    Some(Item {
        service: ServiceName::new(service.text()?),
        pin: pin.map(str::to_owned),
    })
}

/// Where everything goes: as it says, else the last of the paths, which must agree.
fn environment(
    table: &Table<'_>,
    items: &[(Item, Value<'_>)],
    known: &Known<'_>,
) -> Option<EnvironmentName> {
    let services = || {
        items
            .iter()
            .filter_map(|(item, place)| Some((known.service(&item.service)?, place)))
    };
    let environment = match table.get("environment") {
        Some(value) => {
            let text = value.text()?;
            if !known.environments.contains_key(text) {
                let names = known.environments.keys().map(EnvironmentName::as_str);
                value.error(
                    format!("there is no environment `{text}`"),
                    meant(text, names),
                );
                return None;
            }
            EnvironmentName::new(text)
        }
        None => last(table, services().map(|(service, _)| service))?,
    };
    for (service, place) in services() {
        match service.stage(&environment) {
            None => {
                let path = service.path.iter().map(|stage| stage.environment.as_str());
                place.error(
                    format!("`{}` has no environment `{environment}`", service.name),
                    meant("", path),
                );
            }
            Some(stage) if stage.via == Via::Forge => place.error(
                format!(
                    "`{}` gets into `{environment}` by the forge itself: nobody promotes it there",
                    service.name
                ),
                Some("ship it into a later environment, or leave it out".to_owned()),
            ),
            Some(_) => {}
        }
    }
    Some(environment)
}

fn last<'s>(
    table: &Table<'_>,
    services: impl Iterator<Item = &'s Service>,
) -> Option<EnvironmentName> {
    let ends: Vec<(&ServiceName, &EnvironmentName)> = services
        .filter_map(|service| Some((&service.name, &service.path.last()?.environment)))
        .collect();
    let (_, first) = ends.first()?;
    if ends.iter().any(|(_, end)| end != first) {
        let ends: Vec<String> = ends
            .iter()
            .map(|(service, end)| format!("{service} in {end}"))
            .collect();
        table.error(
            format!("the paths end differently: {}", ends.join(", ")),
            Some(format!("add environment = \"{first}\"")),
        );
        return None;
    }
    Some((*first).clone())
}

/// The waves as they are written, else in the order of the dependencies.
fn waves(table: &Table<'_>, items: &[(Item, Value<'_>)], known: &Known<'_>) -> Option<Waves> {
    let services: Vec<ServiceName> = items.iter().map(|(item, _)| item.service.clone()).collect();
    let needs = known.needs(&services);
    let inside: BTreeMap<ServiceName, Vec<ServiceName>> = needs
        .into_iter()
        .map(|(service, mut needs)| {
            needs.retain(|need| services.contains(need));
            (service, needs)
        })
        .collect();
    // Services that depend on each other in a circle are told where their `depends` stands.
    if circle(&inside).is_some() {
        return None;
    }
    let Some(value) = table.get("waves") else {
        return derive(&services, &inside).ok();
    };
    let waves = written(value, &services, known)?;
    for service in &services {
        if !waves.iter().any(|wave| wave.contains(service)) {
            value.error(
                format!("`{service}` is in no wave"),
                Some("every service of the release belongs to one".to_owned()),
            );
        }
    }
    if let Some((service, need)) = misplaced(&waves, &inside) {
        value.error(
            format!("`{service}` depends on `{need}`, which does not ship before it"),
            Some(format!("put `{need}` into an earlier wave")),
        );
    }
    Some(waves)
}

fn written(value: &Value<'_>, services: &[ServiceName], known: &Known<'_>) -> Option<Waves> {
    let mut waves: Waves = Vec::new();
    let mut seen: BTreeSet<ServiceName> = BTreeSet::new();
    for place in value.list()? {
        let listed = place.texts()?;
        if listed.is_empty() {
            place.error(
                "a wave of nothing",
                Some("name a service in it, or take it out".to_owned()),
            );
            continue;
        }
        let mut wave = Vec::new();
        for (text, at) in listed {
            let name = ServiceName::new(text);
            if !known.services.known(text, &at) {
                continue;
            }
            if !services.contains(&name) {
                at.error(
                    format!("`{name}` is not in this release"),
                    Some("add it to `services`".to_owned()),
                );
            } else if seen.insert(name.clone()) {
                wave.push(name);
            } else {
                at.error(format!("`{name}` is in two waves"), None);
            }
        }
        waves.push(wave);
    }
    Some(waves)
}

fn window<'k>(
    top: &Table<'_>,
    table: &Table<'_>,
    environment: Option<&EnvironmentName>,
    known: &Known<'k>,
) -> Option<&'k Window> {
    let value = table.get("window")?;
    let name = value.text()?;
    let Some(window) = known.windows.iter().find(|window| window.name == name) else {
        // A broken one has been told already.
        let written = ["window", "freeze"].iter().any(|section| {
            let tables = top.get(section);
            tables.is_some_and(|tables| tables.has(name))
        });
        if !written {
            let allow = known
                .windows
                .iter()
                .filter(|window| window.effect == WindowEffect::Allow);
            let hint = meant(name, allow.map(|window| window.name.as_str()))
                .unwrap_or_else(|| format!("add [window.{name}]"));
            value.error(format!("there is no window `{name}`"), Some(hint));
        }
        return None;
    };
    if window.effect == WindowEffect::Deny {
        value.error(
            format!("window `{name}` keeps promotions out: a release fits into one that allows"),
            None,
        );
        return None;
    }
    let covers =
        |environment| window.environments.is_empty() || window.environments.contains(environment);
    if let Some(environment) = environment.filter(|environment| !covers(environment)) {
        value.error(
            format!("window `{name}` does not cover `{environment}`"),
            None,
        );
    }
    Some(window)
}

/// The instant by which it has to be live. A wall-clock time that exists twice, or not at all,
/// means the earlier reading: doubt never gives more time.
fn due(table: &Table<'_>, window: Option<&Window>) -> Option<Timestamp> {
    let zone = table.get("zone");
    let Some(value) = table.get("due") else {
        if let Some(zone) = zone {
            zone.error("`zone` has no effect without `due`", None);
        }
        return None;
    };
    let zone: Option<TimeZone> = match (zone, window) {
        (Some(zone), _) => named_zone(zone).map(|(zone, _)| zone),
        (None, Some(window)) => Some(window.zone.clone()),
        (None, None) => {
            if table.get("window").is_none() {
                value.error(
                    "due in which time zone?",
                    Some("add zone = \"Europe/Berlin\"".to_owned()),
                );
            }
            None
        }
    };
    let Wall::DateTime(wall) = value.wall()? else {
        value.error(
            "`due` needs a date with a time",
            Some("for instance \"2026-11-26 20:00\"".to_owned()),
        );
        return None;
    };
    zone?.to_ambiguous_timestamp(wall).earlier().ok()
}

fn roles(table: &Table<'_>, known: &Known<'_>) -> Vec<RoleName> {
    let mut roles: Vec<RoleName> = Vec::new();
    let listed = table.get("roles").and_then(Value::texts);
    for (text, place) in listed.unwrap_or_default() {
        if !known_role(text, &place, known.roles) {
            continue;
        }
        if known.roles.get(text).is_some_and(BTreeSet::is_empty) {
            place.error(
                format!("nobody can vote as `{text}`: it has no members"),
                Some(format!("add some to [role.{text}]")),
            );
        }
        let role = RoleName::new(text);
        if roles.contains(&role) {
            place.error(
                format!("role `{text}` is listed twice"),
                Some("take one of the two out".to_owned()),
            );
        } else {
            roles.push(role);
        }
    }
    roles
}

/// Distinct roles need as many people.
fn enough_people(table: &Table<'_>, roles: &[RoleName], known: &Known<'_>) {
    let members = roles.iter().filter_map(|role| known.roles.get(role));
    if members.clone().any(BTreeSet::is_empty) {
        return;
    }
    let people: BTreeSet<&Person> = members.flatten().collect();
    if let Some(value) = table.get("roles").filter(|_| people.len() < roles.len()) {
        value.error(
            format!(
                "{} roles by different people, but they have {} members in all",
                roles.len(),
                people.len()
            ),
            Some("add members, or distinct = false".to_owned()),
        );
    }
}
