//! Judging a case: every gate of a stage, their sum, and the earliest possible go.

use jiff::Timestamp;

use super::{Case, Judgement};

/// Judges a promotion at `now`.
pub fn judge(case: &Case<'_>, now: Timestamp) -> Judgement {
    let _ = (case, now);
    Judgement {
        go: super::Go::Unknown,
        verdicts: Vec::new(),
        earliest: super::Earliest::Nothing,
        due: None,
    }
}
