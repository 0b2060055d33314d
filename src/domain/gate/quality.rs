//! `quality`: figures that checks of the revision report in words (coverage, open findings) keep to
//! their bounds. Whether the checks themselves are green is `pipeline`'s to say.

use super::{Case, State, Verdict, pipeline, since, words};
use crate::domain::figure::Figure;
use crate::domain::phase::Phase;
use crate::domain::pipeline::{Check, Checks};
use crate::domain::policy::QualityRule;
use crate::domain::revision::Revision;
use crate::domain::text::shorten;

const GATE: &str = "quality";

/// So much of a report without a figure is shown.
const SHOWN: usize = 80;

/// What one rule found. Each blocks as hard as its state; the hardest decides.
struct Finding<'a> {
    state: State,
    why: String,
    /// What was seen, for the evidence.
    value: String,
    check: Option<&'a Check>,
}

/// A check that is under way is about to report, so it makes the gate wait; whatever it says
/// until then is not its last word and not judged. Every other report that is missing, or holds no
/// figure, is unknown.
pub fn judge(case: &Case<'_>, rules: &[QualityRule]) -> Verdict {
    let Some((facts, candidate)) = case.subject() else {
        return case.missing(GATE);
    };
    let checks = facts.checks.get(&candidate.sha);
    let findings: Vec<Finding<'_>> = rules
        .iter()
        .map(|rule| of_rule(rule, checks, candidate))
        .collect();
    let state = findings
        .iter()
        .map(|finding| finding.state)
        .reduce(State::and)
        .unwrap_or(State::Unknown);
    let decisive: Vec<&str> = findings
        .iter()
        .filter(|finding| finding.state == state)
        .map(|finding| finding.why.as_str())
        .collect();
    let why = match decisive.as_slice() {
        [] => "no figure is asked for".to_owned(),
        decisive => words::list(decisive),
    };
    let reported = findings
        .iter()
        .filter(|finding| finding.state == state)
        .map(|finding| finding.check.and_then(|check| check.completed_at));
    let since = match state {
        State::Open => since::last(reported),
        State::Closed => since::first(reported),
        State::Waiting | State::Unknown | State::Overridden => None,
    };
    let verdict = Verdict::new(GATE, state, why).since(since);
    let verdict = match state {
        State::Open | State::Overridden => verdict,
        State::Closed => verdict
            .opens_when("the check reports a figure within its bound, or a newer revision does")
            .who("a developer"),
        State::Waiting => verdict.opens_when("the check has reported"),
        State::Unknown => verdict
            .opens_when("the check reports a figure")
            .who("whoever keeps the pipeline"),
    };
    rules
        .iter()
        .zip(findings)
        .fold(verdict, |verdict, (rule, finding)| {
            let value = format!("{}, {} is asked", finding.value, rule.bound);
            let url = finding.check.and_then(|check| check.url.clone());
            verdict.evidence(label(rule), value, url, case.facts.at())
        })
        .valid_until(case.valid_until())
}

fn of_rule<'a>(
    rule: &QualityRule,
    checks: Option<&'a Checks>,
    candidate: &Revision,
) -> Finding<'a> {
    let (name, bound) = (&rule.check, rule.bound);
    let missing = |why: String, value: &str, check| Finding {
        state: State::Unknown,
        why,
        value: value.to_owned(),
        check,
    };
    let Some(checks) = checks else {
        let why = format!("the checks of {candidate} are not known");
        return missing(why, "not read", None);
    };
    if checks.contexts.is_empty() && checks.total > 0 {
        let why = format!("the forge names no checks, so no sign of {name}");
        return missing(why, "not read", None);
    }
    let newest = pipeline::newest(&checks.contexts);
    let Some(check) = newest.into_iter().find(|check| check.name == *name) else {
        return missing(format!("no sign of {name}"), "no such check", None);
    };
    let under_way = match &check.phase {
        Phase::Queued => Some("is queued"),
        Phase::Running => Some("is running"),
        Phase::Gated => Some("waits to be approved"),
        Phase::Succeeded
        | Phase::Failed
        | Phase::Cancelled
        | Phase::Skipped
        | Phase::Superseded
        | Phase::Unknown(_) => None,
    };
    if let Some(doing) = under_way {
        return Finding {
            state: State::Waiting,
            why: format!("{name} {doing}"),
            value: check.phase.word().to_owned(),
            check: Some(check),
        };
    }
    let Some(report) = check.report.as_deref() else {
        let why = format!("{name} reports nothing");
        return missing(why, "no report", Some(check));
    };
    let Some(figure) = figure_in(report, rule.after.as_deref()) else {
        let why = match &rule.after {
            Some(after) => format!("{name} reports no figure after \"{after}\""),
            None => format!("{name} reports no figure"),
        };
        let value = format!("no figure in \"{}\"", shorten(report, SHOWN));
        return missing(why, &value, Some(check));
    };
    let label = label(rule);
    let (state, why) = if bound.holds(figure) {
        (State::Open, format!("{label} is {figure} ({bound})"))
    } else {
        (
            State::Closed,
            format!("{label} is {figure} ({bound} is asked)"),
        )
    };
    Finding {
        state,
        why,
        value: figure.to_string(),
        check: Some(check),
    }
}

/// `coverage`, `coverage lines`.
fn label(rule: &QualityRule) -> String {
    match &rule.after {
        Some(after) => format!("{} {after}", rule.check),
        None => rule.check.clone(),
    }
}

/// Returns the first number after the words `after`, which must stand on their own (`lines` is not
/// in `baselines`); large and small letters count as the same. Without `after`, the first of all.
fn figure_in(report: &str, after: Option<&str>) -> Option<Figure> {
    let Some(after) = after else {
        return Figure::first_in(report);
    };
    // ASCII alone, so that places in one text are places in the other.
    let (text, wanted) = (report.to_ascii_lowercase(), after.to_ascii_lowercase());
    let stands_alone = |start: usize, end: usize| {
        let inside = |edge: Option<char>, beside: Option<char>| {
            edge.is_some_and(char::is_alphanumeric) && beside.is_some_and(char::is_alphanumeric)
        };
        let before = text.get(..start).and_then(|text| text.chars().next_back());
        let behind = text.get(end..).and_then(|text| text.chars().next());
        !inside(wanted.chars().next(), before) && !inside(wanted.chars().next_back(), behind)
    };
    let (start, _) = text
        .match_indices(&wanted)
        .find(|(start, found)| stands_alone(*start, start + found.len()))?;
    Figure::first_in(report.get(start + wanted.len()..)?)
}
