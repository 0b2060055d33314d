//! Waves from dependencies: what a service depends on ships in an earlier wave.

use std::collections::BTreeMap;

use crate::domain::ids::ServiceName;

/// A circle of services that depend on each other; the first is named again at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle(pub Vec<ServiceName>);

/// Sorts services into waves: the first holds those that depend on none of the others. Within a
/// wave the given order stays.
///
/// # Errors
///
/// Services that depend on each other in a circle have no order.
pub fn derive(
    services: &[ServiceName],
    depends: &BTreeMap<ServiceName, Vec<ServiceName>>,
) -> Result<Vec<Vec<ServiceName>>, Cycle> {
    let mut waves: Vec<Vec<ServiceName>> = Vec::new();
    let mut left: Vec<&ServiceName> = services.iter().collect();
    while !left.is_empty() {
        let (free, rest): (Vec<_>, Vec<_>) = left.iter().copied().partition(|service| {
            depends
                .get(*service)
                .is_none_or(|needs| !needs.iter().any(|need| left.contains(&need)))
        });
        if free.is_empty() {
            return Err(cycle(&left, depends));
        }
        waves.push(free.into_iter().cloned().collect());
        left = rest;
    }
    Ok(waves)
}

/// Finds a circle of `depends` anywhere.
pub fn circle(depends: &BTreeMap<ServiceName, Vec<ServiceName>>) -> Option<Cycle> {
    let services: Vec<ServiceName> = depends.keys().cloned().collect();
    derive(&services, depends).err()
}

/// Follows dependencies among services each of which depends on another of them, until one comes
/// round.
fn cycle(stuck: &[&ServiceName], depends: &BTreeMap<ServiceName, Vec<ServiceName>>) -> Cycle {
    let mut trail: Vec<ServiceName> = Vec::new();
    let mut at = stuck.first().copied();
    while let Some(service) = at {
        if let Some(begin) = trail.iter().position(|known| known == service) {
            let mut round = trail.split_off(begin);
            round.push(service.clone());
            return Cycle(round);
        }
        trail.push(service.clone());
        let needs = depends.get(service);
        at = needs
            .into_iter()
            .flatten()
            .find_map(|need| stuck.iter().copied().find(|known| *known == need));
    }
    Cycle(trail)
}

/// Returns the first pair that ships in the wrong order: `service` in the same wave as, or before,
/// what it depends on.
pub fn misplaced(
    waves: &[Vec<ServiceName>],
    depends: &BTreeMap<ServiceName, Vec<ServiceName>>,
) -> Option<(ServiceName, ServiceName)> {
    let wave_of = |service: &ServiceName| waves.iter().position(|wave| wave.contains(service));
    depends.iter().find_map(|(service, needs)| {
        let place = wave_of(service)?;
        let late = needs
            .iter()
            .find(|need| wave_of(need).is_some_and(|needed| needed >= place))?;
        Some((service.clone(), late.clone()))
    })
}
