//! `parity`: what two environments declare of themselves agrees (OS, runtime, plug-ins, config
//! keys), but for listed exceptions. Reading and flattening what they declare lives in `forge`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Case, State, Verdict, words};
use crate::domain::cell;
use crate::domain::deployment::{self, Deployment};
use crate::domain::facts::ServiceFacts;
use crate::domain::ids::{EnvironmentName, Sha};
use crate::domain::observed::Fact;
use crate::domain::policy::{GateSpec, ParityRule, ParitySource, Service, Stage};
use crate::domain::revision::Revision;

const GATE: &str = "parity";

/// So many differences are evidence one by one.
const SHOWN: usize = 30;

type Keys = BTreeMap<String, String>;

/// What one comparison found, and what it was found in.
struct Finding {
    state: State,
    why: String,
    opens_when: &'static str,
    who: Option<String>,
    evidence: Vec<Seen>,
}

/// One line of evidence.
struct Seen {
    what: String,
    value: String,
    url: Option<String>,
    at: Option<Timestamp>,
}

/// What an environment declares, and where that is written.
struct Side<'a> {
    environment: &'a EnvironmentName,
    keys: &'a Keys,
    /// `deploy/staging.toml at 2.41.0`.
    place: String,
    url: Option<String>,
    at: Option<Timestamp>,
}

/// Judges by what is declared for the environment against what is declared for the one that it is
/// compared with.
///
/// 1. The other environment declares what stands in the file at the revision that is live *there*.
/// 2. Where each environment has a file of its own (`{environment}` in the path), the target
///    declares what its file says at the *candidate*: with that it will be deployed. Were it judged
///    by what is live, the promotion that mends a difference could never go; what it mends is
///    evidence.
/// 3. Where one file serves all, the candidate says nothing about the target, and would agree with
///    itself. Then the file at the revision that is live in the target counts: a change of runtime
///    between the two stops until somebody has seen to it that the target is ready, and overrides.
/// 4. A payload belongs to a deployment: the live one of each environment counts.
///
/// What is not declared at all is a difference like any other; a missing file is unknown.
pub fn judge(case: &Case<'_>, rules: &[ParityRule]) -> Verdict {
    let Some((facts, candidate)) = case.subject() else {
        return case.missing(GATE);
    };
    let findings: Vec<Finding> = rules
        .iter()
        .map(|rule| of_rule(case, facts, candidate, rule))
        .collect();
    let state = findings
        .iter()
        .map(|finding| finding.state)
        .reduce(State::and)
        .unwrap_or(State::Unknown);
    let decisive: Vec<&Finding> = findings
        .iter()
        .filter(|finding| finding.state == state)
        .collect();
    let why = match decisive.as_slice() {
        [] => "nothing is compared".to_owned(),
        decisive => words::list(decisive.iter().map(|finding| &finding.why)),
    };
    let mut verdict = Verdict::new(GATE, state, why);
    if let (Some(first), false) = (decisive.first(), state.passes()) {
        verdict = verdict.opens_when(first.opens_when);
        let who: BTreeSet<&str> = decisive
            .iter()
            .filter_map(|finding| finding.who.as_deref())
            .collect();
        if !who.is_empty() {
            verdict = verdict.who(words::list(who));
        }
    }
    findings
        .into_iter()
        .flat_map(|finding| finding.evidence)
        .fold(verdict, |verdict, seen| {
            verdict.evidence(seen.what, seen.value, seen.url, seen.at)
        })
        .valid_until(case.valid_until())
}

/// Returns the files, each with the revision, that the promotion into `stage` is judged by.
pub fn files(
    service: &Service,
    stage: &Stage,
    facts: &ServiceFacts,
    candidate: Option<&Revision>,
) -> BTreeSet<(String, Sha)> {
    let Some(candidate) = candidate else {
        return BTreeSet::new();
    };
    let live = |environment| deployment::live(&facts.deployments, environment);
    let mut files = BTreeSet::new();
    for rule in stage.gates.iter().flat_map(rules_of) {
        let Some(other) = other(service, stage, rule) else {
            continue;
        };
        let mut add = |environment: &EnvironmentName, sha: Option<&Sha>| {
            files.extend(rule.source.file_of(environment).zip(sha.cloned()));
        };
        add(other, live(other).map(|live| &live.sha));
        // Also what the promotion would mend.
        add(
            &stage.environment,
            live(&stage.environment).map(|live| &live.sha),
        );
        if rule.source.is_of_each() {
            add(&stage.environment, Some(&candidate.sha));
        }
    }
    files
}

fn rules_of(gate: &GateSpec) -> &[ParityRule] {
    match gate {
        GateSpec::Parity(rules) => rules,
        _ => &[],
    }
}

/// Returns the environment to compare with; `None` if it is the target itself, or the target is the
/// first of the path and no other is named.
fn other<'a>(
    service: &'a Service,
    stage: &Stage,
    rule: &'a ParityRule,
) -> Option<&'a EnvironmentName> {
    let before = || {
        service
            .upstream(&stage.environment)
            .map(|stage| &stage.environment)
    };
    rule.with
        .as_ref()
        .or_else(before)
        .filter(|other| **other != stage.environment)
}

fn of_rule(
    case: &Case<'_>,
    facts: &ServiceFacts,
    candidate: &Revision,
    rule: &ParityRule,
) -> Finding {
    let target = case.environment();
    let Some(other) = other(case.service, case.stage, rule) else {
        let why = match &rule.with {
            Some(_) => format!("{target} is what others are compared with"),
            None => "the first environment of the path".to_owned(),
        };
        return Finding {
            state: State::Open,
            why,
            opens_when: "",
            who: None,
            evidence: Vec::new(),
        };
    };
    let sides = match &rule.source {
        ParitySource::Payload => payload(case, facts, other)
            .and_then(|with| Ok((with, payload(case, facts, target)?, None))),
        ParitySource::File(_) => live_file(case, facts, rule, other).and_then(|with| {
            let now = live_file(case, facts, rule, target);
            if rule.source.is_of_each() {
                let then = file(case, rule, target, candidate)?;
                Ok((with, then, now.ok()))
            } else {
                Ok((with, now?, None))
            }
        }),
    };
    match sides {
        Ok((with, of, now)) => compare(rule, &with, &of, now.as_ref(), candidate),
        Err(finding) => finding,
    }
}

/// A side that is not known makes the comparison unknown.
fn unknown(why: String, opens_when: &'static str, who: Option<String>) -> Finding {
    Finding {
        state: State::Unknown,
        why,
        opens_when,
        who,
        evidence: Vec::new(),
    }
}

fn live<'a>(
    facts: &'a ServiceFacts,
    environment: &EnvironmentName,
) -> Result<&'a Deployment, Finding> {
    deployment::live(&facts.deployments, environment).ok_or_else(|| {
        let why = format!("nothing is known to be live in {environment}");
        unknown(why, "something is deployed there", None)
    })
}

fn live_file<'a>(
    case: &Case<'a>,
    facts: &ServiceFacts,
    rule: &ParityRule,
    environment: &'a EnvironmentName,
) -> Result<Side<'a>, Finding> {
    let live = live(facts, environment)?;
    file(
        case,
        rule,
        environment,
        &cell::named(Some(facts), &live.sha),
    )
}

fn file<'a>(
    case: &Case<'a>,
    rule: &ParityRule,
    environment: &'a EnvironmentName,
    revision: &Revision,
) -> Result<Side<'a>, Finding> {
    let path = rule.source.file_of(environment).unwrap_or_default();
    let place = format!("{path} at {revision}");
    let fact = case.seen.declared.get(&(path, revision.sha.clone()));
    let Some(declared) = fact.and_then(Fact::value) else {
        let why = match fact.and_then(|fact| fact.fault.as_ref()) {
            Some(fault) => format!("{place} could not be read: {}", fault.why),
            None => format!("{place} has not been read yet"),
        };
        return Err(unknown(why, "the file is read", None));
    };
    let Some(keys) = &declared.keys else {
        let who = format!("a maintainer of {}", case.service.repo);
        return Err(unknown(
            format!("there is no {place}"),
            "a revision has the file",
            Some(who),
        ));
    };
    Ok(Side {
        environment,
        keys,
        place,
        url: declared.url.clone(),
        at: fact.and_then(Fact::at),
    })
}

fn payload<'a>(
    case: &Case<'a>,
    facts: &'a ServiceFacts,
    environment: &'a EnvironmentName,
) -> Result<Side<'a>, Finding> {
    let live = live(facts, environment)?;
    let revision = cell::named(Some(facts), &live.sha);
    let Some(keys) = &live.payload else {
        let who = match &live.creator {
            Some(creator) => format!("{creator}, who deployed {revision} to {environment}"),
            None => format!("whoever deploys to {environment}"),
        };
        return Err(unknown(
            format!("the deployment of {revision} to {environment} declares nothing"),
            "a deployment with a payload is live there",
            Some(who),
        ));
    };
    Ok(Side {
        environment,
        keys,
        place: format!("payload of the deployment of {revision}"),
        url: live.url.clone(),
        at: case.facts.at(),
    })
}

/// Compares what is declared for the target with what is declared for the other environment.
/// `now` is what the target declares without the promotion, where that is something else.
fn compare(
    rule: &ParityRule,
    with: &Side<'_>,
    of: &Side<'_>,
    now: Option<&Side<'_>>,
    candidate: &Revision,
) -> Finding {
    let (listed, different): (Vec<&String>, Vec<&String>) = differing(with.keys, of.keys)
        .into_iter()
        .partition(|key| rule.excepts(key));
    let compared = keys(with.keys, of.keys)
        .into_iter()
        .filter(|key| !rule.excepts(key))
        .count();
    let mut evidence: Vec<Seen> = [with, of]
        .into_iter()
        .map(|side| Seen {
            what: side.environment.to_string(),
            value: format!("{}: {} keys", side.place, side.keys.len()),
            url: side.url.clone(),
            at: side.at,
        })
        .collect();
    evidence.extend(different.iter().take(SHOWN).map(|key| Seen {
        what: (*key).clone(),
        value: both(key, with, of),
        url: of.url.clone(),
        at: of.at,
    }));
    let mut more = |what: &str, keys: &[&String], at: Option<Timestamp>| {
        if !keys.is_empty() {
            evidence.push(Seen {
                what: what.to_owned(),
                value: cut(keys),
                url: None,
                at,
            });
        }
    };
    more(
        "more differences",
        different.get(SHOWN..).unwrap_or_default(),
        of.at,
    );
    more("differ by exception", &listed, of.at);
    if let Some(now) = now {
        let mended: Vec<&String> = differing(with.keys, now.keys)
            .into_iter()
            .filter(|key| with.keys.get(*key) == of.keys.get(*key) && !rule.excepts(key))
            .collect();
        more(&format!("mended by {candidate}"), &mended, now.at);
    }
    let (target, other) = (of.environment, with.environment);
    let (state, why) = match different.as_slice() {
        [] if compared == 0 => (
            State::Unknown,
            format!("{target} and {other} declare nothing to compare"),
        ),
        [] => (
            State::Open,
            format!("{target} declares the same {compared} keys as {other}"),
        ),
        [key] => (
            State::Closed,
            format!(
                "{target} differs from {other}: {key} ({})",
                both(key, with, of)
            ),
        ),
        [key, others @ ..] => (
            State::Closed,
            format!(
                "{target} differs from {other}: {key} ({}), and {} more",
                both(key, with, of),
                others.len()
            ),
        ),
    };
    Finding {
        state,
        why,
        opens_when: "both declare the same, or policy excepts the keys",
        who: Some(format!("whoever prepares {target}")),
        evidence,
    }
}

fn keys<'a>(one: &'a Keys, other: &'a Keys) -> BTreeSet<&'a String> {
    one.keys().chain(other.keys()).collect()
}

fn differing<'a>(one: &'a Keys, other: &'a Keys) -> Vec<&'a String> {
    keys(one, other)
        .into_iter()
        .filter(|key| one.get(*key) != other.get(*key))
        .collect()
}

/// `21 in staging, 17 in production`.
fn both(key: &str, with: &Side<'_>, of: &Side<'_>) -> String {
    let value = |side: &Side<'_>| match side.keys.get(key) {
        Some(value) => format!("{value} in {}", side.environment),
        None => format!("nothing in {}", side.environment),
    };
    format!("{}, {}", value(with), value(of))
}

/// Names some keys, and says how many more there are.
fn cut(keys: &[&String]) -> String {
    let (shown, rest) = keys.split_at(keys.len().min(SHOWN));
    match rest.len() {
        0 => words::list(shown),
        rest => words::list(
            shown
                .iter()
                .map(|key| (*key).clone())
                .chain([format!("{rest} more")]),
        ),
    }
}
