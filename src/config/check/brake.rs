//! `brake` of an environment: by what a hold becomes the forge's own stop.

use std::sync::Arc;

use super::super::file::{Table, Value};
use super::super::keys;
use crate::domain::brake::{Brakes, Way};
use crate::domain::forge_kind::ForgeKind;
use crate::domain::ids::EnvironmentName;
use crate::domain::policy::Service;
use crate::domain::spelling::meant;

/// Reads the ways of each kind of forge: from one list for all, or from a list for each.
pub(super) fn read(table: &Table<'_>) -> Brakes {
    let Some(value) = table.get("brake") else {
        return Brakes::default();
    };
    let of = |kind| {
        let mut ways: Vec<Way> = listed(value, table, kind)
            .unwrap_or_default()
            .into_iter()
            .map(|(way, _)| way)
            .filter(|way| Way::of(kind).contains(way))
            .collect();
        ways.sort_unstable();
        ways.dedup();
        ways
    };
    Brakes {
        github: of(ForgeKind::GitHub),
        gitlab: of(ForgeKind::GitLab),
        forgejo: of(ForgeKind::Forgejo),
    }
}

/// Looks whether each kind of forge has the ways that are asked of it: in a list for one kind, and
/// in the list for all on behalf of the services that go through the environment.
pub(super) fn check(top: &Table<'_>, services: &[Arc<Service>]) {
    for (name, table) in top.children("environment", keys::ENVIRONMENT) {
        let Some(value) = table.get("brake") else {
            continue;
        };
        let environment = EnvironmentName::new(name);
        for kind in ForgeKind::ALL {
            let service = services.iter().find(|service| {
                !service.is_by_hand()
                    && service.kind == kind
                    && service.stage(&environment).is_some()
            });
            let whose = match (value.is_list(), service) {
                (true, None) => continue,
                (true, Some(service)) => {
                    format!("{}, where {} is", kind.title(), service.name)
                }
                (false, _) => kind.title().to_owned(),
            };
            for (way, value) in listed(value, &table, kind).unwrap_or_default() {
                if Way::of(kind).contains(&way) {
                    continue;
                }
                let has: Vec<&str> = Way::of(kind).iter().map(|way| way.word()).collect();
                let mut hint = format!("it has {}", has.join(", "));
                if value.is_shared {
                    hint.push_str("; write one list a kind: { gitlab = [\"freeze\"] }");
                }
                let message = format!("`{}` is no brake of {whose}", way.word());
                value.value.error(message, Some(hint));
            }
        }
    }
}

/// A way's place, and whether it is in the list for every kind.
struct Place<'d> {
    value: Value<'d>,
    is_shared: bool,
}

/// The ways that are listed for a kind.
fn listed<'d>(
    value: &Value<'d>,
    table: &Table<'_>,
    kind: ForgeKind,
) -> Option<Vec<(Way, Place<'d>)>> {
    let is_shared = value.is_list();
    let texts = if is_shared {
        value.texts()?
    } else {
        let table = value.table(format!("{}.brake", table.name), keys::BRAKE)?;
        table.get(kind.word())?.texts()?
    };
    let read = |(text, value): (&str, Value<'d>)| {
        let way = Way::ALL.into_iter().find(|way| way.word() == text);
        if way.is_none() {
            let known = Way::ALL.iter().map(|way| way.word());
            value.error(format!("there is no brake `{text}`"), meant(text, known));
        }
        Some((way?, Place { value, is_shared }))
    };
    Some(texts.into_iter().filter_map(read).collect())
}
