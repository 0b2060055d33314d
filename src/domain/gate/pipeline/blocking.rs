//! Blocking checks: none may be red on any commit since the last deployment to the target.

use super::{Finding, finding, newest};
use crate::domain::facts::ServiceFacts;
use crate::domain::gate::{Case, State, words};
use crate::domain::phase::Phase;
use crate::domain::pipeline::{Check, Checks};
use crate::domain::policy::PipelineRule;
use crate::domain::scope::Commit;

/// Judges every commit in scope; says how many of them were seen.
///
/// 1. A commit without any checks has no red one.
/// 2. Of a commit whose checks are not named, only a sum of success says that none is red.
/// 3. A commit of whose checks nothing is known keeps the gate from opening.
pub(super) fn judge(
    case: &Case<'_>,
    facts: &ServiceFacts,
    rule: &PipelineRule,
) -> (Vec<Finding>, String) {
    let Some(scope) = case.known_scope() else {
        let why = case.scope_missing();
        return (vec![finding(State::Unknown, why.clone())], why);
    };
    let mut findings = Vec::new();
    let (mut unread, mut unnamed) = (0, 0);
    for commit in &scope.commits {
        let Some(checks) = checks_of(commit, facts) else {
            unread += 1;
            continue;
        };
        if checks.contexts.is_empty() {
            if !matches!(checks.phase, None | Some(Phase::Succeeded)) {
                unnamed += 1;
            }
            continue;
        }
        let blocking = newest(&checks.contexts)
            .into_iter()
            .filter(|check| rule.blocking.contains(&check.name));
        findings.extend(blocking.filter_map(|check| of_check(check, commit)));
    }
    let total = scope.total;
    if unread > 0 {
        let why = format!("the checks of {unread} of {total} commits in scope are not known");
        findings.push(finding(State::Unknown, why));
    }
    if unnamed > 0 {
        let names = words::list(&rule.blocking);
        let why = format!(
            "the forge names no checks of {unnamed} of {total} commits in scope, so no sign of {names}"
        );
        findings.push(finding(State::Unknown, why));
    }
    if !scope.complete || (scope.commits.len() as u64) < total {
        let why = "the scope was not read to its end".to_owned();
        findings.push(finding(State::Unknown, why));
    }
    let seen = scope.commits.len() - unread - unnamed;
    (
        findings,
        format!("{seen} of {total} commits have known checks"),
    )
}

/// Returns what is known of a commit's checks: the facts are read more often than a scope is.
fn checks_of<'a>(commit: &'a Commit, facts: &'a ServiceFacts) -> Option<&'a Checks> {
    facts
        .checks
        .get(&commit.sha)
        .filter(|checks| !checks.contexts.is_empty())
        .or(commit.checks.as_ref())
}

fn of_check(check: &Check, commit: &Commit) -> Option<Finding> {
    let (name, sha) = (&check.name, commit.sha.short());
    match &check.phase {
        Phase::Failed => Some(Finding {
            since: check.completed_at,
            ..finding(State::Closed, format!("{name} is red on {sha}"))
        }),
        Phase::Queued | Phase::Running => Some(finding(
            State::Waiting,
            format!("{name} is not done on {sha}"),
        )),
        Phase::Unknown(word) => Some(finding(
            State::Unknown,
            format!("{name} is \"{word}\" on {sha}"),
        )),
        // What was cancelled, as a newer push does, has found nothing; what waits to be let into an
        // environment says nothing about the commit.
        Phase::Succeeded | Phase::Superseded | Phase::Skipped | Phase::Cancelled | Phase::Gated => {
            None
        }
    }
}
