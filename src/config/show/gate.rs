//! The gates of a policy as TOML, each with its settings.

use std::fmt::Write as _;

use super::{duration, quote, sampled, texts};
use crate::domain::figure::Bound;
use crate::domain::policy::{
    Before, GateSpec, ParityRule, ParitySource, PipelineRule, QualityRule, Task,
};
use crate::domain::signoff::AtClose;

pub(in super::super) fn gates(gates: &[GateSpec]) -> String {
    let shown: Vec<String> = gates.iter().map(gate).collect();
    format!("[{}]", shown.join(", "))
}

fn gate(gate: &GateSpec) -> String {
    // Of several comparisons (a tier's and a service's) each is a table of its own.
    if let GateSpec::Parity(rules) = gate {
        let shown: Vec<String> = rules.iter().map(parity).collect();
        return shown.join(", ");
    }
    // Of several programs each is a table of its own.
    if let GateSpec::Command(rules) = gate {
        let shown: Vec<String> = rules.iter().map(sampled::command).collect();
        return shown.join(", ");
    }
    let settings = match gate {
        GateSpec::Pipeline(rule) => pipeline(rule),
        GateSpec::Path { from: Before::Any } => ", from = \"any\"".to_owned(),
        GateSpec::Path { from: Before::All } => ", from = \"all\"".to_owned(),
        GateSpec::Soak { at_least } => format!(", at_least = {}", quote(&duration(*at_least))),
        GateSpec::Review { approvals, own } => format!(", approvals = {approvals}, own = {own}"),
        GateSpec::SignOff {
            roles,
            distinct,
            at_close,
        } => {
            let shown = format!(", roles = {}, distinct = {distinct}", texts(roles));
            match at_close {
                AtClose::Keep => shown,
                AtClose::Withdraw => format!("{shown}, at_close = {}", quote(at_close.word())),
            }
        }
        GateSpec::Quality(rules) => {
            let figures: Vec<String> = rules.iter().map(figure).collect();
            format!(", figures = [{}]", figures.join(", "))
        }
        GateSpec::Blocker { labels } => format!(", labels = {}", texts(labels)),
        GateSpec::FourEyes { parts } => {
            let parts = parts.iter().map(|part| part.word());
            format!(", distinct = {}", texts(parts))
        }
        GateSpec::Risk { second, roles } => {
            format!(", second = {second}, roles = {}", texts(roles))
        }
        GateSpec::Fits(rule) => format!(", margin = {}", quote(&duration(rule.margin))),
        GateSpec::Checklist { tasks } => tasks_of(tasks),
        GateSpec::Health(rule) => sampled::health(rule),
        GateSpec::Path { from: Before::Next }
        | GateSpec::Fresh
        | GateSpec::Window
        | GateSpec::Hold
        | GateSpec::Forge
        | GateSpec::Manual
        | GateSpec::Release
        | GateSpec::Depends
        | GateSpec::Command(_)
        | GateSpec::Parity(_) => String::new(),
    };
    let kind = quote(gate.name());
    if settings.is_empty() {
        kind
    } else {
        format!("{{ kind = {kind}{settings} }}")
    }
}

fn figure(rule: &QualityRule) -> String {
    let after = rule.after.as_ref();
    let after = after.map_or_else(String::new, |after| format!(", after = {}", quote(after)));
    let bound = match rule.bound {
        Bound::AtLeast(figure) => format!("at_least = {figure}"),
        Bound::AtMost(figure) => format!("at_most = {figure}"),
    };
    format!("{{ check = {}{after}, {bound} }}", quote(&rule.check))
}

fn parity(rule: &ParityRule) -> String {
    let mut shown = "{ kind = \"parity\"".to_owned();
    if let Some(with) = &rule.with {
        let _ = write!(shown, ", with = {}", quote(with.as_str()));
    }
    let _ = match &rule.source {
        ParitySource::File(path) => write!(shown, ", file = {}", quote(path)),
        ParitySource::Payload => write!(shown, ", payload = true"),
    };
    if !rule.except.is_empty() {
        let _ = write!(shown, ", except = {}", texts(&rule.except));
    }
    shown.push_str(" }");
    shown
}

pub(super) fn tasks_of(tasks: &[Task]) -> String {
    let task = |task: &Task| {
        let role = task.role.as_ref();
        let role = role.map_or_else(String::new, |role| {
            format!(", role = {}", quote(role.as_str()))
        });
        let (name, text) = (quote(&task.name), quote(&task.text));
        format!("{{ name = {name}, text = {text}{role} }}")
    };
    let tasks: Vec<String> = tasks.iter().map(task).collect();
    format!(", tasks = [{}]", tasks.join(", "))
}

fn pipeline(rule: &PipelineRule) -> String {
    [
        ("required", &rule.required),
        ("blocking", &rule.blocking),
        ("optional", &rule.optional),
        ("ignored", &rule.ignored),
    ]
    .iter()
    .filter(|(_, checks)| !checks.is_empty())
    .fold(String::new(), |mut shown, (list, checks)| {
        let _ = write!(shown, ", {list} = {}", texts(checks.iter()));
        shown
    })
}
