//! What is sampled, as TOML: probes and programs.

use super::gate::tasks_of;
use super::{duration, quote, texts};
use crate::domain::figure::Bound;
use crate::domain::policy::{CommandRule, Expect, HealthRule, Probe, ProbeSource, Verification};

/// `, every = "30s", probes = [ … ]`.
pub(super) fn health(rule: &HealthRule) -> String {
    let probes: Vec<String> = rule.probes.iter().map(probe).collect();
    let every = quote(&duration(rule.every));
    format!(", every = {every}, probes = [{}]", probes.join(", "))
}

/// What verifies a deployment, as an inline table.
pub(in super::super) fn verification(rule: &Verification) -> String {
    let mut body = format!("within = {}", quote(&duration(rule.within)));
    if !rule.health.probes.is_empty() {
        body.push_str(&health(&rule.health));
    }
    if !rule.tasks.is_empty() {
        body.push_str(&tasks_of(&rule.tasks));
    }
    format!("{{ {body} }}")
}

fn probe(probe: &Probe) -> String {
    let mut parts = vec![format!("name = {}", quote(&probe.name))];
    match &probe.source {
        ProbeSource::Http { url, pointer } => {
            parts.push(format!("url = {}", quote(url)));
            let pointer = pointer.as_ref();
            parts.extend(pointer.map(|pointer| format!("pointer = {}", quote(pointer))));
        }
        ProbeSource::Prometheus { url, query } => {
            parts.push(format!("prometheus = {}", quote(url)));
            parts.push(format!("query = {}", quote(query)));
        }
    }
    match &probe.expect {
        Expect::Value(value) => parts.push(format!("equals = {}", quote(value))),
        Expect::Bound(Bound::AtMost(bound)) => parts.push(format!("at_most = {bound}")),
        Expect::Bound(Bound::AtLeast(bound)) => parts.push(format!("at_least = {bound}")),
        Expect::Answer => {}
    }
    format!("{{ {} }}", parts.join(", "))
}

pub(super) fn command((name, rule): &(String, CommandRule)) -> String {
    format!(
        "{{ kind = \"command\", name = {}, argv = {}, time_limit = {}, every = {} }}",
        quote(name),
        texts(&rule.argv),
        quote(&duration(rule.time_limit)),
        quote(&duration(rule.every))
    )
}
