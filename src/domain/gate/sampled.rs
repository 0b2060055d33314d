//! What `health` and `command` share: a round of samples has one verdict, while it is young enough.

use jiff::{SignedDuration, Timestamp};

use super::{Case, State, Verdict, words};
use crate::domain::policy::Probe;
use crate::domain::seen::{Outcome, Round, RoundKey, Sample, Subject};

/// Who is asked to act, and in which words.
pub(super) struct Words<'a> {
    /// The gate's name, with a command's own.
    pub gate: String,
    /// What a good sample does: `answers well`.
    pub well: &'a str,
    /// What each must be, in the order of the rule.
    pub expected: Vec<String>,
    pub who: String,
}

/// Judges the round of `subject`. Everything counts that was seen in that one round; one sample that
/// fails closes, and one that says nothing makes it unknown.
pub(super) fn judge(
    case: &Case<'_>,
    subject: Subject,
    names: &[&str],
    every: SignedDuration,
    said: &Words<'_>,
    now: Timestamp,
) -> Verdict {
    let unknown = |why: String| {
        Verdict::new(&said.gate, State::Unknown, why).opens_when("the next round goes well")
    };
    let Some((_, candidate)) = case.subject() else {
        return Verdict {
            gate: said.gate.clone(),
            ..case.missing("")
        };
    };
    let key = RoundKey {
        environment: case.environment().clone(),
        subject,
        revision: candidate.sha.clone(),
    };
    let fact = case.seen.rounds.get(&key);
    let Some((round, fact)) = fact.and_then(|fact| Some((fact.value()?, fact))) else {
        return unknown(format!("{candidate} has not been sampled yet"));
    };
    let (at, limit) = (fact.at(), every.saturating_mul(2));
    let taken: Vec<&str> = round.samples.iter().map(|one| one.probe.as_str()).collect();
    if taken != names {
        return unknown("another rule was sampled; this one has not been yet".to_owned());
    }
    if fact.is_stale(now, limit) {
        let age = words::span(fact.age(now).unwrap_or_default());
        let why = format!(
            "the last round is {age} old, it counts for {}",
            words::span(limit)
        );
        return with_evidence(unknown(why), round, said, at).bound_to("the last round is too old");
    }
    let failed = names_of(round, Outcome::Failure);
    let silent = names_of(round, Outcome::Inconclusive);
    let verdict = match (
        first(round, Outcome::Failure),
        first(round, Outcome::Inconclusive),
    ) {
        (Some((place, sample)), _) => {
            let expected = said.expected.get(place).filter(|text| !text.is_empty());
            let must = expected.map_or_else(String::new, |text| format!(", must be {text}"));
            let why = format!("{}{must}{}", told(sample, &said.gate), more(&failed));
            Verdict::new(&said.gate, State::Closed, why)
                .opens_when(format!("{} {}", words::list(&failed), said.well))
                .who(said.who.clone())
        }
        (None, Some((_, sample))) => {
            let why = format!(
                "{} says nothing: {}{}",
                sample.probe,
                sample.value,
                more(&silent)
            );
            Verdict::new(&said.gate, State::Unknown, why)
                .opens_when(format!("{} {}", words::list(&silent), said.well))
                .who(said.who.clone())
        }
        (None, None) => {
            let why = match round.samples.as_slice() {
                [one] => told(one, &said.gate),
                all => format!("{} probes are well", all.len()),
            };
            Verdict::new(&said.gate, State::Open, why)
        }
    };
    let until = at.and_then(|at| at.checked_add(limit).ok());
    with_evidence(verdict, round, said, at)
        .since(case.seen.steady_since(&key))
        .valid_until(until)
        .bound_to(bound(round, said))
}

/// What an override of the verdict is bound to: how each probe came out, and against what. What it
/// measured is left out: that is another figure with every round, and one more round of the same
/// outcome is no other decision.
fn bound(round: &Round, said: &Words<'_>) -> String {
    let samples = round.samples.iter().enumerate();
    let each = samples.map(|(place, sample)| {
        let expected = said.expected.get(place).map_or("", String::as_str);
        format!("{} {} {expected}", sample.probe, sample.outcome.word())
    });
    each.collect::<Vec<_>>().join("; ")
}

/// The names of a rule's probes.
pub(super) fn names(probes: &[Probe]) -> Vec<&str> {
    probes.iter().map(|probe| probe.name.as_str()).collect()
}

fn first(round: &Round, outcome: Outcome) -> Option<(usize, &Sample)> {
    let mut samples = round.samples.iter().enumerate();
    samples.find(|(_, sample)| sample.outcome == outcome)
}

fn names_of(round: &Round, outcome: Outcome) -> Vec<&str> {
    let samples = round.samples.iter();
    samples
        .filter(|sample| sample.outcome == outcome)
        .map(|sample| sample.probe.as_str())
        .collect()
}

/// `errors is 2.4`; of a program, whose name the gate has, only how it ended.
fn told(sample: &Sample, gate: &str) -> String {
    if gate.ends_with(&sample.probe) {
        sample.value.clone()
    } else {
        format!("{} is {}", sample.probe, sample.value)
    }
}

fn more(names: &[&str]) -> String {
    match names.len() {
        0 | 1 => String::new(),
        all => format!(" (and {} more)", all - 1),
    }
}

fn with_evidence(
    verdict: Verdict,
    round: &Round,
    said: &Words<'_>,
    at: Option<Timestamp>,
) -> Verdict {
    let samples = round.samples.iter().enumerate();
    samples.fold(verdict, |verdict, (place, sample)| {
        let word = sample.outcome.word();
        let expected = said.expected.get(place).filter(|text| !text.is_empty());
        let expected = expected.map_or_else(String::new, |text| format!(", must be {text}"));
        let value = format!("{word}: {}{expected}", sample.value);
        verdict.evidence(sample.probe.clone(), value, sample.url.clone(), at)
    })
}
