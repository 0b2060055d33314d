//! `risk = { warn = …, second = …, roles = […] }` of a policy: what follows from how much is at stake.

use std::collections::BTreeMap;

use super::super::file::{Table, Value};
use super::super::{defaults, keys};
use super::{Roles, Tiers, known_role};
use crate::domain::ids::RoleName;
use crate::domain::policy::GateSpec;
use crate::domain::risk::{MOST, RiskRule};

pub(in super::super) type Risks = BTreeMap<String, RiskRule>;

/// Reads what each tier makes of the score, and gives those that ask for a second approver the gate.
pub(super) fn risks(top: &Table<'_>, roles: &Roles, tiers: &mut Tiers) -> Risks {
    let mut risks: Risks = tiers
        .keys()
        .map(|tier| (tier.clone(), RiskRule::default()))
        .collect();
    for (name, table) in top.children("policy", keys::POLICY) {
        let rule = table.get("risk").and_then(|value| read(value, roles));
        risks.insert(name.to_owned(), rule.unwrap_or_default());
    }
    for (tier, rule) in &risks {
        if let (Some(second), Some(gates)) = (rule.second, tiers.get_mut(tier)) {
            let gate = GateSpec::Risk {
                second,
                roles: rule.roles.clone(),
            };
            *gates = defaults::complete(with(gates, gate));
        }
    }
    risks
}

/// Adds the gate before those that are always there.
fn with(gates: &[GateSpec], gate: GateSpec) -> Vec<GateSpec> {
    super::gate::with_extra(gates, &[gate])
}

fn read(value: &Value<'_>, roles: &Roles) -> Option<RiskRule> {
    let table = value.table("risk".to_owned(), keys::RISK)?;
    let mut rule = RiskRule::default();
    match table.get("warn") {
        Some(warn) if warn.is_false() => rule.warn = None,
        Some(warn) => rule.warn = score(warn),
        None => {}
    }
    let second = table.get("second");
    rule.second = second.and_then(score);
    if let (Some(at), Some(warn), Some(second)) = (second, rule.warn, rule.second)
        && second < warn
    {
        if table.get("warn").is_none() {
            // Nobody is asked for without being told.
            rule.warn = Some(second);
        } else {
            at.error(
                format!("a second approver is asked for from {second} on, and a warning comes from {warn} on"),
                Some("let `warn` be no more than `second`".to_owned()),
            );
        }
    }
    match table.get("roles") {
        Some(listed) => {
            if second.is_none() {
                listed.error(
                    "`roles` without `second`",
                    Some(
                        "add second = 70: from that score on one of them has to say go".to_owned(),
                    ),
                );
            }
            for (role, item) in listed.texts().unwrap_or_default() {
                let name = RoleName::new(role);
                if !known_role(role, &item, roles) {
                    continue;
                }
                if rule.roles.contains(&name) {
                    item.error(format!("role `{role}` is listed twice"), None);
                } else {
                    rule.roles.push(name);
                }
            }
        }
        None if rule.second.is_some() => rule.roles = roles.keys().cloned().collect(),
        None => {}
    }
    // Roles that are not known have been told of.
    let are_known = table.get("roles").is_none() || !rule.roles.is_empty();
    if let Some(at) = second.filter(|_| rule.second.is_some() && are_known) {
        let members = rule.roles.iter().filter_map(|role| roles.get(role));
        if members.flatten().next().is_none() {
            at.error(
                "nobody could be the second approver: no role has members",
                Some("add [role.release] members = [\"ada\", \"grace\"]".to_owned()),
            );
        }
    }
    Some(rule)
}

/// Reads a score.
fn score(value: &Value<'_>) -> Option<u32> {
    let score = value.count()?;
    if score > MOST {
        value.error(
            format!("{score} is never reached: the score ends at {MOST}"),
            Some("write for instance 50".to_owned()),
        );
        return None;
    }
    Some(score)
}
