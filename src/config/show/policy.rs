//! What a policy says beside its gates: who may override, and what follows from how much is at stake.

use super::{duration, quote, texts};
use crate::domain::override_::OverrideRule;
use crate::domain::risk::RiskRule;

/// Who may override, as an inline table.
pub(in super::super) fn override_rule(rule: &OverrideRule) -> String {
    if rule.forbidden {
        return "false".to_owned();
    }
    format!(
        "{{ roles = {}, second_person = {}, max = {}, never = {} }}",
        texts(&rule.roles),
        rule.second_person,
        quote(&duration(rule.max)),
        texts(&rule.never)
    )
}

/// What follows from how much is at stake, as an inline table.
pub(in super::super) fn risk_rule(rule: &RiskRule) -> String {
    let warn = rule
        .warn
        .map_or("false".to_owned(), |warn| warn.to_string());
    match rule.second {
        Some(second) => format!(
            "{{ warn = {warn}, second = {second}, roles = {} }}",
            texts(&rule.roles)
        ),
        None => format!("{{ warn = {warn} }}"),
    }
}
