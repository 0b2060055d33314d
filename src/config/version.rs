//! The policy's version: a hash of all that decides, and of nothing that does not.

use std::sync::Arc;

use super::show;
use crate::domain::ids::Digest;
use crate::domain::policy::{GateSpec, Policy};

/// How many written lists of gates are kept at hand.
const KNOWN: usize = 16;

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
    // Most services have the gates of their tier, which are one and the same list.
    let mut written: Vec<(&Arc<[GateSpec]>, String)> = Vec::new();
    let mut services: Vec<_> = policy.services.iter().collect();
    services.sort_by(|left, right| left.name.cmp(&right.name));
    for service in services {
        lines.push(format!("service {}", show::service_head(service)));
        for stage in &service.path {
            let known = written
                .iter()
                .position(|(gates, _)| Arc::ptr_eq(gates, &stage.gates));
            let place = known.unwrap_or_else(|| {
                // Services with gates of their own would make this long: the newest are enough.
                written.truncate(KNOWN);
                written.insert(0, (&stage.gates, show::gates(&stage.gates)));
                0
            });
            let verified = stage.verification.as_ref();
            let verified = verified.map_or_else(String::new, |rule| {
                format!(" verify {}", show::verification(rule))
            });
            lines.push(format!(
                "stage {} {} {} {}{verified}",
                show::key(stage.environment.as_str()),
                written.get(place).map_or("", |(_, gates)| gates),
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
