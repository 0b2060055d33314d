//! `command`: a local program ends with 0 within its time limit. One verdict for each program.

use jiff::Timestamp;

use super::sampled::{self, Words};
use super::{Case, Verdict};
use crate::domain::policy::CommandRule;
use crate::domain::seen::Subject;

const GATE: &str = "command";

/// Adds a verdict for each program, named after it: `command smoke`.
pub fn judge(
    case: &Case<'_>,
    rules: &[(String, CommandRule)],
    now: Timestamp,
    verdicts: &mut Vec<Verdict>,
) {
    verdicts.extend(rules.iter().map(|(name, rule)| {
        let words = Words {
            gate: format!("{GATE} {name}"),
            well: "ends with exit 0",
            expected: Vec::new(),
            who: format!("whoever keeps the program {name}"),
        };
        let subject = Subject::Command(name.clone());
        sampled::judge(case, subject, &[name], rule.every, &words, now)
    }));
}
