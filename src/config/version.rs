//! The policy's version: a hash of all that decides, and of nothing that does not.

use std::collections::HashMap;

use super::show;
use crate::domain::ids::Digest;
use crate::domain::policy::{GateSpec, Policy};

/// Hashes the effective policy. Its own `version`, the order of services and everything about
/// looks and polling rate are left out; the written form is ours, so that a new compiler or field
/// order gives no new version.
pub(super) fn of(policy: &Policy) -> Digest {
    let mut lines = vec![format!("max_age {}", show::duration(policy.max_age))];
    for environment in policy.environments.values() {
        lines.push(format!("environment {}", show::environment(environment)));
        lines.push(format!(
            "override {}",
            show::override_rule(&environment.overrides)
        ));
        lines.push(format!("risk {}", show::risk_rule(&environment.risk)));
    }
    for (role, members) in &policy.roles {
        lines.push(format!(
            "role {} {}",
            show::key(role.as_str()),
            show::texts(members)
        ));
    }
    for window in &policy.windows {
        lines.push(format!("window {}", show::window(window)));
    }
    let mut written = Written::default();
    let mut services: Vec<_> = policy.services.iter().collect();
    services.sort_by(|left, right| left.name.cmp(&right.name));
    for service in services {
        lines.push(format!("service {}", show::service_head(service)));
        for stage in &service.path {
            let gates = written.number(&stage.gates, &mut lines);
            let verified = stage.verification.as_ref();
            let verified = verified.map_or_else(String::new, |rule| {
                format!(" verify {}", show::verification(rule))
            });
            lines.push(format!(
                "stage {} {gates} {} {}{verified}",
                show::key(stage.environment.as_str()),
                show::via(&stage.via),
                stage.mode.word()
            ));
        }
    }
    for release in &policy.releases {
        lines.push(format!("release {}", show::release(release)));
    }
    Digest::of(lines.iter().map(String::as_str))
}

/// Lists of gates, each written once and numbered in that order: most services have those of their
/// tier, and what stands for them in the hash has to be short.
#[derive(Default)]
struct Written {
    numbers: HashMap<String, usize>,
    /// By where a list lies: services of a tier share one, which need not be written to be known.
    places: HashMap<(*const GateSpec, usize), usize>,
}

impl Written {
    /// Returns the number of a list, and writes it if no such list was written. All lists have to
    /// live as long as this does.
    fn number(&mut self, gates: &[GateSpec], lines: &mut Vec<String>) -> usize {
        let place = (gates.as_ptr(), gates.len());
        if let Some(number) = self.places.get(&place) {
            return *number;
        }
        let next = self.numbers.len();
        let text = show::gates(gates);
        let number = *self.numbers.entry(text).or_insert_with_key(|text| {
            lines.push(format!("gates {text}"));
            next
        });
        self.places.insert(place, number);
        number
    }
}
