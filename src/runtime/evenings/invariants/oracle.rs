//! The slow oracle: what rules say of given facts, in the plainest words that decide. It knows what
//! is necessary, not always what is enough, and uses nothing of the gates.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::domain::deployment::Deployment;
use crate::domain::facts::ServiceFacts;
use crate::domain::ids::{EnvironmentName, PullRequestNumber, ServiceName, Sha};
use crate::domain::phase::Phase;
use crate::domain::policy::{Policy, Service, Stage, Via};
use crate::domain::scope::Scope;
use crate::domain::window::{Span, WindowEffect};
use crate::runtime::evenings::record::live;

/// The revision that a stage would get by these facts.
pub fn candidate(facts: &ServiceFacts, service: &Service, stage: &Stage) -> Option<Sha> {
    if let Via::Approval { .. } | Via::Job { .. } = stage.via {
        let waits = facts.runs.iter().filter(|run| {
            let mut waiting = run.waiting.iter();
            waiting.any(|waiting| waiting.environment == stage.environment)
        });
        if let Some(run) = waits.max_by_key(|run| (run.created_at, run.id)) {
            return Some(run.sha.clone());
        }
    }
    if stage.via == Via::Release {
        let drafts = facts.releases.iter().filter(|release| release.draft);
        return drafts.max_by_key(|release| release.created_at)?.sha.clone();
    }
    let place = service
        .path
        .iter()
        .position(|known| known.environment == stage.environment)?;
    match place.checked_sub(1) {
        None => facts.head.as_ref().map(|head| head.sha.clone()),
        Some(before) => {
            let before = &service.path[before].environment;
            live(facts, before).map(|deployment| deployment.sha.clone())
        }
    }
}

/// Says whether windows and freezes let a promotion in. The evenings have one-off windows in UTC.
pub fn window_open(
    policy: &Policy,
    service: &ServiceName,
    environment: &EnvironmentName,
    at: Timestamp,
) -> bool {
    let (mut any_allow, mut allowed, mut denied) = (false, false, false);
    for window in &policy.windows {
        let covers = (window.environments.is_empty() || window.environments.contains(environment))
            && (window.services.is_empty() || window.services.contains(service));
        let Span::Once { from, to } = &window.span else {
            continue;
        };
        if !covers {
            continue;
        }
        let wall = at.to_zoned(TimeZone::UTC).datetime();
        let on = *from <= wall && wall < *to;
        match window.effect {
            WindowEffect::Allow => {
                any_allow = true;
                allowed |= on;
            }
            WindowEffect::Deny => denied |= on,
        }
    }
    !denied && (allowed || !any_allow)
}

/// Says whether windows and freezes, which let promotions in at some instant after `from`, have closed
/// between then and `to`: looked at second by second, as they are written in whole seconds.
pub fn closed_between(
    policy: &Policy,
    service: &ServiceName,
    environment: &EnvironmentName,
    from: Timestamp,
    to: Timestamp,
) -> bool {
    let seconds = to.duration_since(from).as_secs().max(0);
    let mut opened = false;
    (0..=seconds).any(|second| {
        let at = from + SignedDuration::from_secs(second);
        let open = window_open(policy, service, environment, at);
        opened |= open;
        opened && !open
    })
}

/// Why the checks of a revision do not let it through, if they do not. Without a required list every
/// check counts.
pub fn checks_red(facts: &ServiceFacts, sha: &Sha, ignored: &[&[String]]) -> Option<String> {
    let Some(checks) = facts.checks.get(sha) else {
        return Some("no checks are known".to_owned());
    };
    checks
        .contexts
        .iter()
        .filter(|check| !ignored.iter().any(|list| list.contains(&check.name)))
        // What a hold leaves there is no check.
        .filter(|check| !check.name.starts_with("hold/"))
        .find(|check| check.phase != Phase::Succeeded)
        .map(|check| format!("{} is {}", check.name, check.phase.word()))
}

/// The newest deployment that has entered the environment before, if it brought `sha` and is up.
pub fn up_before<'a>(
    facts: &'a ServiceFacts,
    service: &Service,
    stage: &Stage,
    sha: &Sha,
) -> Option<&'a Deployment> {
    let place = service
        .path
        .iter()
        .position(|known| known.environment == stage.environment)?;
    let before = &service.path[place.checked_sub(1)?].environment;
    let mut newest: Option<&Deployment> = None;
    for deployment in &facts.deployments {
        if deployment.environment == *before && deployment.raw != "waiting" {
            let age = |known: &Deployment| (known.created_at, known.id);
            if newest.is_none_or(|newest| age(newest) < age(deployment)) {
                newest = Some(deployment);
            }
        }
    }
    newest.filter(|newest| newest.raw == "succeeded" && newest.sha == *sha)
}

/// The earliest instant at which `sha` can have been verified in the environment before.
pub fn entered_before(
    facts: &ServiceFacts,
    service: &Service,
    stage: &Stage,
    sha: &Sha,
) -> Option<Timestamp> {
    let place = service
        .path
        .iter()
        .position(|known| known.environment == stage.environment)?;
    let before = &service.path[place.checked_sub(1)?].environment;
    facts
        .deployments
        .iter()
        .filter(|known| known.environment == *before && known.sha == *sha)
        .filter(|known| known.raw == "succeeded" || known.raw == "inactive")
        .map(|known| known.created_at)
        .min()
}

/// The first change of a scope that lacks approvals.
pub fn unapproved(scope: &Scope, approvals: u32, own: bool) -> Option<PullRequestNumber> {
    let lacks = scope.pull_requests.iter().find(|change| {
        let good = change.reviews.iter().filter(|review| {
            review.approved && (own || change.author.as_ref() != Some(&review.author))
        });
        let against = change.reviews.iter().any(|review| !review.approved);
        against || good.count() < approvals as usize
    });
    lacks.map(|change| change.number)
}
