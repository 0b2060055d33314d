//! `pipeline`: the checks of the revision succeeded, and no blocking check is red on any commit that
//! would come along.

use jiff::Timestamp;

use super::{Case, State, Verdict, since, words};
use crate::domain::brake::{self, Mark, Standing};
use crate::domain::facts::ServiceFacts;
use crate::domain::ids::Sha;
use crate::domain::observed::Fact;
use crate::domain::phase::Phase;
use crate::domain::pipeline::{Check, Checks, Run};
use crate::domain::policy::{PipelineRule, Service};

mod blocking;

const GATE: &str = "pipeline";

/// Each finding blocks as hard as its state; the hardest decides.
struct Finding {
    state: State,
    why: String,
    /// Since when it is so, where a check or a run says when it ended.
    since: Option<Timestamp>,
    /// It is what somebody else's hold has left there.
    held: bool,
}

/// What one check weighs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// Named in `required`: it must exist and succeed; having been skipped is not enough.
    Named,
    /// Not named anywhere, or blocking: it must not be red or unfinished.
    Required,
    Optional,
    Ignored,
}

pub fn judge(case: &Case<'_>, rule: &PipelineRule) -> Verdict {
    let Some((facts, candidate)) = case.subject() else {
        return case.missing(GATE);
    };
    let checks = facts.checks.get(&candidate.sha);
    let mut findings = match checks {
        Some(checks) if !checks.contexts.is_empty() => of_contexts(case, checks, rule),
        Some(checks) => of_counts(checks, rule, facts),
        None => vec![finding(
            State::Unknown,
            format!("the checks of {candidate} are not known"),
        )],
    };
    let mut seen = None;
    if !rule.blocking.is_empty() {
        let (found, checked) = blocking::judge(case, facts, rule);
        findings.extend(found);
        seen = Some(checked);
    }
    let state = findings
        .iter()
        .fold(State::Open, |state, finding| state.and(finding.state));
    let decisive: Vec<&str> = findings
        .iter()
        .filter(|finding| finding.state == state)
        .map(|finding| finding.why.as_str())
        .collect();
    let why = match decisive.as_slice() {
        [] => format!("the checks of {candidate} are not known"),
        [only] => (*only).to_owned(),
        [first, others @ ..] => format!("{first}, and {} more", others.len()),
    };
    let held = findings
        .iter()
        .filter(|finding| finding.state == state)
        .all(|finding| finding.held);
    let decisive = findings.iter().filter(|finding| finding.state == state);
    let since = since::first(decisive.map(|finding| finding.since));
    let verdict = Verdict::new(GATE, state, why).since(since);
    let verdict = match state {
        State::Open | State::Overridden => verdict,
        State::Closed if held => verdict
            .opens_when("whoever holds it takes that back, or a newer revision is green")
            .who("whoever holds it, elsewhere"),
        State::Closed => verdict
            .opens_when("the red checks succeed, or a newer revision is green")
            .who("a developer"),
        State::Waiting => verdict.opens_when("the checks succeed"),
        State::Unknown => verdict.opens_when("the forge tells of the checks"),
    };
    with_evidence(case, verdict, checks, seen, rule).valid_until(case.valid_until())
}

fn finding(state: State, why: String) -> Finding {
    Finding {
        state,
        why,
        since: None,
        held: false,
    }
}

/// What a hold of which this journal knows nothing has left on the revision, and whose it says it is.
fn held_elsewhere(check: &Check) -> String {
    let name = &check.name;
    let said = check.report.as_deref().unwrap_or_default();
    // The key that a gonogo puts behind its words is for machines.
    let said = said.split("[gonogo ").next().unwrap_or_default().trim();
    if said.is_empty() {
        format!("{name} is red: somebody holds it, and not in this journal")
    } else {
        format!("{name} is red: \"{said}\", by somebody who is not in this journal")
    }
}

/// Judges the newest attempt of each context.
fn of_contexts(case: &Case<'_>, checks: &Checks, rule: &PipelineRule) -> Vec<Finding> {
    let newest = newest(&checks.contexts);
    let mut findings = Vec::new();
    let mut good = 0;
    let mut counted = 0;
    let mut ended = Vec::new();
    for check in &newest {
        let weight = weigh(case, check, rule);
        if matches!(weight, Weight::Optional | Weight::Ignored) {
            continue;
        }
        let name = &check.name;
        let (state, why) = match &check.phase {
            Phase::Skipped if weight == Weight::Named => {
                (State::Closed, format!("{name} was skipped"))
            }
            Phase::Succeeded | Phase::Superseded | Phase::Skipped => (State::Open, String::new()),
            // A job that waits to be let into an environment says nothing about the revision, and
            // waiting for it would be waiting for this very promotion.
            Phase::Gated if weight == Weight::Required => continue,
            Phase::Gated => (State::Waiting, format!("{name} waits to be approved")),
            Phase::Queued => (State::Waiting, format!("{name} is queued")),
            Phase::Running => (State::Waiting, format!("{name} is running")),
            Phase::Failed => (State::Closed, format!("{name} failed")),
            Phase::Cancelled => (State::Closed, format!("{name} was cancelled")),
            Phase::Unknown(word) => (State::Unknown, format!("{name} is \"{word}\"")),
        };
        counted += 1;
        let held = check.phase == Phase::Failed
            && weight != Weight::Named
            && brake::environment(name) == Some(case.environment().as_str());
        if state == State::Open {
            good += 1;
            ended.push(check.completed_at);
            continue;
        }
        findings.push(Finding {
            held,
            since: check.completed_at,
            ..finding(state, if held { held_elsewhere(check) } else { why })
        });
    }
    for name in &rule.required {
        if !newest.iter().any(|check| check.name == *name) {
            findings.push(finding(State::Unknown, format!("no sign of {name}")));
        }
    }
    if counted == 0 {
        findings.push(finding(State::Unknown, "no check that counts".to_owned()));
    }
    if findings.is_empty() {
        findings.push(Finding {
            since: since::last(ended),
            ..finding(State::Open, format!("{good} of {counted} checks succeeded"))
        });
    }
    findings
}

/// Returns the newest attempt of each context; one that has not completed is the newest of all.
pub(super) fn newest(contexts: &[Check]) -> Vec<&Check> {
    let mut newest: Vec<&Check> = Vec::with_capacity(contexts.len());
    let age = |check: &Check| (check.completed_at.is_none(), check.completed_at);
    for check in contexts {
        match newest.iter_mut().find(|known| known.name == check.name) {
            Some(known) if age(check) > age(known) => *known = check,
            Some(_) => {}
            None => newest.push(check),
        }
    }
    newest
}

fn weigh(case: &Case<'_>, check: &Check, rule: &PipelineRule) -> Weight {
    let is_in = |list: &[String]| list.contains(&check.name);
    if is_in(&rule.required) {
        Weight::Named
    } else if is_in(&rule.ignored) || is_of_a_hold(case, check) {
        Weight::Ignored
    } else if is_in(&rule.optional) {
        Weight::Optional
    } else {
        Weight::Required
    }
}

/// Says whether of a commit's checks only those have failed that are called as a hold's own status is: then
/// a forge that counts statuses among its jobs shows a failed pipeline in which nothing failed.
pub fn only_holds_failed(checks: &Checks, service: &Service) -> bool {
    let is_hold = |check: &Check| {
        let held = brake::environment(&check.name);
        let mut path = service.path.iter();
        held.is_some_and(|held| path.any(|stage| stage.environment.as_str() == held))
    };
    let mut failed = newest(&checks.contexts)
        .into_iter()
        .filter(|check| check.phase == Phase::Failed)
        .peekable();
    failed.peek().is_some() && failed.all(is_hold)
}

/// Says whether it is what a hold leaves among the checks, which the hold's own gate judges: one on
/// another environment of the path, one that was lifted, or one that by the journal is ours and stands. What
/// somebody else has set there counts as any check does.
pub(super) fn is_of_a_hold(case: &Case<'_>, check: &Check) -> bool {
    let Some(held) = brake::environment(&check.name) else {
        return false;
    };
    if held != case.environment().as_str() {
        let mut path = case.service.path.iter();
        return path.any(|stage| stage.environment.as_str() == held);
    }
    check.phase == Phase::Succeeded || is_our_brake(case, check)
}

fn is_our_brake(case: &Case<'_>, check: &Check) -> bool {
    let (Some(ledger), Some(candidate)) = (case.ledger, case.candidate) else {
        return false;
    };
    let mark = Mark::Status {
        sha: candidate.sha.clone(),
        context: check.name.clone(),
    };
    // One that was refused or lifted is not there: then somebody else has set what is.
    let stands = |standing| matches!(standing, Standing::OnTheWay | Standing::Placed);
    brake::tried(ledger, &case.service.name, case.environment())
        .iter()
        .any(|tried| tried.mark == mark && stands(tried.standing()))
}

/// Judges the forge's own roll-up, where it told no names.
fn of_counts(checks: &Checks, rule: &PipelineRule, facts: &ServiceFacts) -> Vec<Finding> {
    let Some(phase) = &checks.phase else {
        return vec![finding(State::Unknown, "no checks".to_owned())];
    };
    let Checks {
        succeeded,
        failed,
        pending,
        total,
        ..
    } = checks;
    let green = match phase {
        Phase::Succeeded | Phase::Superseded => true,
        Phase::Queued | Phase::Running | Phase::Gated => only_gated(checks, facts),
        Phase::Failed | Phase::Cancelled | Phase::Skipped | Phase::Unknown(_) => false,
    };
    let all_count = rule.optional.is_empty() && rule.ignored.is_empty();
    if !green && !all_count {
        return vec![of_uncertain_weight(checks, phase)];
    }
    let mut of_sum = match phase {
        Phase::Failed if *total > 0 => {
            finding(State::Closed, format!("{failed} of {total} checks failed"))
        }
        Phase::Failed => finding(State::Closed, "checks failed".to_owned()),
        Phase::Cancelled => finding(State::Closed, "checks were cancelled".to_owned()),
        Phase::Queued | Phase::Running | Phase::Gated if only_gated(checks, facts) => finding(
            State::Open,
            "all checks succeeded but those that wait to be let in".to_owned(),
        ),
        Phase::Queued | Phase::Running | Phase::Gated if *total > 0 => finding(
            State::Waiting,
            format!("{pending} of {total} checks are not done"),
        ),
        Phase::Queued | Phase::Running | Phase::Gated => {
            finding(State::Waiting, "checks are not done".to_owned())
        }
        Phase::Succeeded | Phase::Superseded | Phase::Skipped if *failed > 0 || *pending > 0 => {
            finding(
                State::Unknown,
                "the forge contradicts itself on the checks".to_owned(),
            )
        }
        Phase::Succeeded | Phase::Superseded if *total > 0 => finding(
            State::Open,
            format!("{succeeded} of {total} checks succeeded"),
        ),
        Phase::Succeeded | Phase::Superseded => {
            finding(State::Open, "all checks succeeded".to_owned())
        }
        Phase::Skipped => finding(State::Unknown, "all checks were skipped".to_owned()),
        Phase::Unknown(word) => finding(State::Unknown, format!("checks are \"{word}\"")),
    };
    of_sum.since = runs_ended(&checks.sha, facts, of_sum.state);
    let mut findings = vec![of_sum];
    if let Some(name) = rule.required.first() {
        let why = format!("the forge names no checks, so no sign of {name}");
        findings.push(finding(State::Unknown, why));
    }
    findings
}

/// When the runs of a revision came to what the sum of its checks says. Who tells no names tells no times
/// of checks either, but those of the runs which they are jobs of: `None` while one of these goes on, or
/// says something else.
fn runs_ended(sha: &Sha, facts: &ServiceFacts, state: State) -> Option<Timestamp> {
    let runs = || facts.runs.iter().filter(|run| run.sha == *sha);
    let ended = |run: &Run| match run.phase {
        Phase::Succeeded | Phase::Superseded | Phase::Skipped | Phase::Gated => {
            (state == State::Open).then_some(run.updated_at)
        }
        Phase::Failed | Phase::Cancelled => (state == State::Closed).then_some(run.updated_at),
        Phase::Queued | Phase::Running | Phase::Unknown(_) => None,
    };
    match state {
        State::Open => since::last(runs().map(ended)),
        State::Closed => runs().filter_map(ended).min(),
        State::Waiting | State::Unknown | State::Overridden => None,
    }
}

/// A check that does not count may be all that is not green, and only its name would tell.
fn of_uncertain_weight(checks: &Checks, phase: &Phase) -> Finding {
    let Checks {
        failed,
        pending,
        total,
        ..
    } = checks;
    let what = match (failed, pending) {
        (1.., _) => format!("{failed} of {total} checks failed"),
        (0, 1..) => format!("{pending} of {total} checks are not done"),
        (0, 0) => format!("the sum of the checks is {}", phase.word()),
    };
    let why = format!("{what}, and the forge does not name which, so whether they count");
    finding(State::Unknown, why)
}

/// Says whether all that is unfinished are jobs that wait to be let into an environment: the roll-up
/// counts them as pending, and waiting for them would be waiting for this very promotion.
fn only_gated(checks: &Checks, facts: &ServiceFacts) -> bool {
    let mut runs = facts
        .runs
        .iter()
        .filter(|run| run.sha == checks.sha)
        .peekable();
    if checks.failed > 0 || runs.peek().is_none() {
        return false;
    }
    let mut gated = 0;
    let mut all_done = true;
    for run in runs {
        gated += run.waiting.len();
        all_done &= match run.phase {
            Phase::Succeeded | Phase::Skipped | Phase::Superseded => true,
            Phase::Gated => !run.waiting.is_empty(),
            Phase::Queued
            | Phase::Running
            | Phase::Failed
            | Phase::Cancelled
            | Phase::Unknown(_) => false,
        };
    }
    let counted = checks.total == 0 || usize::try_from(checks.pending).is_ok_and(|n| n <= gated);
    gated > 0 && all_done && counted
}

fn with_evidence(
    case: &Case<'_>,
    verdict: Verdict,
    checks: Option<&Checks>,
    seen: Option<String>,
    rule: &PipelineRule,
) -> Verdict {
    let at = case.facts.at();
    let Some(checks) = checks else { return verdict };
    let mut verdict = if checks.total > 0 {
        let Checks {
            succeeded,
            failed,
            pending,
            total,
            ..
        } = checks;
        let value = format!("{succeeded} of {total} succeeded, {failed} failed, {pending} pending");
        verdict.evidence("checks", value, None, at)
    } else {
        verdict
    };
    for check in newest(&checks.contexts) {
        let weight = weigh(case, check, rule);
        let good = matches!(check.phase, Phase::Succeeded | Phase::Skipped);
        if good && weight != Weight::Named {
            continue;
        }
        let value = match weight {
            Weight::Named | Weight::Required => check.phase.word().to_owned(),
            Weight::Optional => format!("{} (optional)", check.phase.word()),
            Weight::Ignored => format!("{} (ignored)", check.phase.word()),
        };
        verdict = verdict.evidence(&check.name, value, check.url.clone(), at);
    }
    match seen {
        Some(seen) => verdict
            .evidence("blocking checks", words::list(&rule.blocking), None, at)
            .evidence("scope", seen, None, case.scope.and_then(Fact::at)),
        None => verdict,
    }
}
