//! `health`: an HTTP or Prometheus query gives the expected value, all of them in one round.

use jiff::Timestamp;

use super::sampled::{self, Words};
use super::{Case, Verdict};
use crate::domain::policy::{Expect, HealthRule, Probe};
use crate::domain::seen::Subject;

const GATE: &str = "health";

pub fn judge(case: &Case<'_>, rule: &HealthRule, now: Timestamp) -> Verdict {
    let expected = |probe: &Probe| match &probe.expect {
        // The status says it all.
        Expect::Answer => String::new(),
        Expect::Value(_) | Expect::Bound(_) => probe.expect.to_string(),
    };
    let words = Words {
        gate: GATE.to_owned(),
        well: "answers well",
        expected: rule.probes.iter().map(expected).collect(),
        who: format!("whoever runs {}", case.service.name),
    };
    let names = sampled::names(&rule.probes);
    sampled::judge(case, Subject::Health, &names, rule.every, &words, now)
}
