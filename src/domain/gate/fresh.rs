//! `fresh`: every fact that the cell rests on was observed within the policy's `max_age`.

use jiff::{SignedDuration, Timestamp};

use super::{Case, State, Verdict, words};

const GATE: &str = "fresh";

pub fn judge(case: &Case<'_>, now: Timestamp) -> Verdict {
    let Some(facts) = case.facts.value() else {
        return with_fault(case, case.missing(GATE));
    };
    let max_age = case.policy.max_age;
    let limit = words::span(max_age);
    let verdict = if case.facts.is_stale(now, max_age) {
        let why = match case.facts.age(now) {
            Some(age) if !age.is_zero() => too_old(age, max_age),
            Some(_) | None => "facts are from the future: the clock was put back".to_owned(),
        };
        Verdict::new(GATE, State::Unknown, why).opens_when("the forge answers")
    } else {
        let why = match &case.facts.fault {
            Some(fault) => format!("read within {limit}, but then: {}", fault.kind.word()),
            None => format!("read within {limit}"),
        };
        Verdict::new(GATE, State::Open, why).valid_until(case.valid_until())
    };
    // What people release by hand has no page: the journal has it.
    let url = Some(facts.url.clone()).filter(|url| !url.is_empty());
    let read = url.as_deref().unwrap_or("the journal").to_owned();
    let verdict = verdict.evidence("read", read, url, case.facts.at());
    let verdict = facts.gaps.iter().fold(verdict, |verdict, gap| {
        verdict.evidence("not readable", gap, None, case.facts.at())
    });
    with_fault(case, verdict)
}

/// How old facts are that are too old. It is told anew as they age: what was judged once is not judged
/// again for growing older.
pub fn too_old(age: SignedDuration, limit: SignedDuration) -> String {
    let (age, limit) = (words::span(age), words::span(limit));
    format!("facts are {age} old, the limit is {limit}")
}

fn with_fault(case: &Case<'_>, verdict: Verdict) -> Verdict {
    match &case.facts.fault {
        Some(fault) => verdict
            .evidence("fault", fault.to_string(), None, Some(fault.at))
            .opens_when(match &fault.hint {
                Some(hint) => format!("the forge answers: {hint}"),
                None => "the forge answers".to_owned(),
            }),
        None => verdict,
    }
}
