//! `services` and `environments` of a rule: which of them it is about, by names that there are.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::file::{Table, Value};
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::domain::policy::{Environment, Service};
use crate::domain::spelling::meant;

/// The services and environments that a rule may name.
pub(super) struct Covered<'c> {
    pub services: &'c [Arc<Service>],
    pub environments: &'c BTreeMap<EnvironmentName, Environment>,
}

impl Covered<'_> {
    pub fn services(&self, table: &Table<'_>) -> Vec<ServiceName> {
        let known = self.services.iter().map(|service| service.name.as_str());
        listed(table, "services", "service", known)
            .map(ServiceName::new)
            .collect()
    }

    pub fn environments(&self, table: &Table<'_>) -> Vec<EnvironmentName> {
        let known = self.environments.keys().map(EnvironmentName::as_str);
        listed(table, "environments", "environment", known)
            .map(EnvironmentName::new)
            .collect()
    }
}

/// Reads a list of names that there must be.
fn listed<'d, 'k>(
    table: &Table<'d>,
    key: &str,
    what: &str,
    known: impl Iterator<Item = &'k str> + Clone,
) -> impl Iterator<Item = &'d str> {
    let named = table.get(key).and_then(Value::texts).unwrap_or_default();
    for (name, value) in &named {
        if !known.clone().any(|known| known == *name) {
            value.error(
                format!("there is no {what} `{name}`"),
                meant(name, known.clone()),
            );
        }
    }
    named.into_iter().map(|(name, _)| name)
}
