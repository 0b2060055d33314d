//! `depends`: each service that is depended on is at the wanted revision or beyond, in the same
//! environment.

use jiff::Timestamp;

use super::{Case, Peer, State, Verdict, since, words};
use crate::domain::cell;
use crate::domain::deployment::{self, Deployment};
use crate::domain::facts::ServiceFacts;
use crate::domain::ids::{EnvironmentName, Sha};
use crate::domain::phase::Phase;
use crate::domain::policy::Dependency;
use crate::domain::revision::Revision;
use crate::domain::scope::Relation;
use crate::domain::version::{Version, Wanted};

const GATE: &str = "depends";

/// What one dependency comes to.
struct Found {
    state: State,
    why: String,
    /// `why` without the age of what is known, where it names one.
    bound: Option<String>,
    /// What would open it.
    when: String,
    /// What is live there, for the evidence.
    live: String,
    observed_at: Option<Timestamp>,
    valid_until: Option<Timestamp>,
    /// Since when it is so, where the deployments tell.
    since: Option<Timestamp>,
}

impl Found {
    fn new(state: State, why: String, when: String) -> Self {
        Self {
            state,
            why,
            bound: None,
            when,
            live: "not known".to_owned(),
            observed_at: None,
            valid_until: None,
            since: None,
        }
    }
}

pub fn judge(case: &Case<'_>, now: Timestamp) -> Verdict {
    let dependencies = &case.service.depends;
    if dependencies.is_empty() {
        return Verdict::new(GATE, State::Open, "it depends on no other service");
    }
    let environment = case.environment();
    let found: Vec<(&Dependency, Found)> = dependencies
        .iter()
        .map(|dependency| (dependency, look(case, dependency, now)))
        .collect();
    let state = found
        .iter()
        .map(|(_, found)| found.state)
        .fold(State::Open, State::and);
    let all: Vec<&str> = found
        .iter()
        .filter(|(_, found)| found.state == state)
        .map(|(_, found)| found.why.as_str())
        .collect();
    let decisive = found.iter().filter(|(_, found)| found.state == state);
    let decisive = decisive.map(|(_, found)| found.since);
    let since = match state {
        State::Open => since::last(decisive),
        State::Closed | State::Waiting | State::Unknown | State::Overridden => {
            since::first(decisive)
        }
    };
    let mut verdict = Verdict::new(GATE, state, all.join("; ")).since(since);
    if found.iter().any(|(_, found)| found.bound.is_some()) {
        let bound = found.iter().map(|(_, found)| {
            let why = found.bound.as_ref().unwrap_or(&found.why);
            format!("{why} ({})", found.live)
        });
        verdict = verdict.bound_to(bound.collect::<Vec<_>>().join("; "));
    }
    let missing: Vec<&(&Dependency, Found)> = found
        .iter()
        .filter(|(_, found)| !found.state.passes())
        .collect();
    if !missing.is_empty() {
        let when: Vec<&str> = missing
            .iter()
            .map(|(_, found)| found.when.as_str())
            .collect();
        verdict = verdict.opens_when(when.join("; "));
    }
    if state == State::Closed {
        let closed = missing.iter().filter(|(_, found)| found.state == state);
        let names = words::list(closed.map(|(dependency, _)| &dependency.service));
        verdict = verdict.who(format!("whoever may promote {names} into {environment}"));
    }
    found
        .into_iter()
        .fold(verdict, |verdict, (dependency, found)| {
            verdict
                .evidence(dependency.to_string(), found.live, None, found.observed_at)
                .valid_until(found.valid_until)
        })
}

fn look(case: &Case<'_>, dependency: &Dependency, now: Timestamp) -> Found {
    let (name, environment) = (&dependency.service, case.environment());
    let unknown = |why: String| {
        let when = format!("{name} is read again");
        Found::new(State::Unknown, why, when)
    };
    let Some(peer) = case.peers.peer(name) else {
        return unknown(format!("{name} is not on the board"));
    };
    if peer.service.stage(environment).is_none() {
        let why = format!("{name} has no {environment}, so it is not judged there");
        return Found {
            live: format!("has no {environment}"),
            ..Found::new(State::Open, why, String::new())
        };
    }
    let Some(facts) = peer.facts.value() else {
        return unknown(match &peer.facts.fault {
            Some(fault) => format!("{name} could not be read: {}", fault.kind.word()),
            None => format!("{name} has not been read yet"),
        });
    };
    let newest = deployment::live(&facts.deployments, environment);
    let live = newest.map(|live| cell::named(Some(facts), &live.sha));
    let label = live.as_ref().map_or("nothing", Revision::label);
    let max_age = case.policy.max_age;
    let known = |state, why| Found {
        live: format!("{label} in {environment}"),
        observed_at: peer.facts.at(),
        valid_until: peer.facts.at().and_then(|at| at.checked_add(max_age).ok()),
        since: newest.map(|live| live.changed_at),
        ..Found::new(state, why, format!("{dependency} is in {environment}"))
    };
    if peer.facts.is_stale(now, max_age) {
        let age = words::span(peer.facts.age(now).unwrap_or_default());
        let why = format!("what is known of {name} is {age} old");
        return Found {
            valid_until: None,
            bound: Some(format!("what is known of {name} is too old")),
            when: format!("{name} is read again"),
            ..known(State::Unknown, why)
        };
    }
    let wanted = dependency.at_least.as_deref();
    let reached = |revision: &Revision| reaches(&peer, facts, environment, &revision.sha, wanted);
    let is_there = live.as_ref().map_or(Some(false), reached);
    let next = under_way(case, &peer, facts, environment);
    let (next, began) = next.unzip();
    let moves = next.as_ref().map(|next| (next, reached(next)));
    let waits = |why| Found {
        since: began,
        ..known(State::Waiting, why)
    };
    let asks = wanted.map_or_else(String::new, |wanted| format!(", not yet {wanted}"));
    match (is_there, moves) {
        (Some(true), None | Some((_, Some(true)))) => {
            known(State::Open, format!("{name} is at {label}"))
        }
        (Some(true), Some((next, _))) => {
            waits(format!("{name} is leaving {label}: {next} is on its way"))
        }
        (_, Some((next, Some(true)))) => {
            waits(format!("{next} of {name} is on its way into {environment}"))
        }
        (Some(false), _) => known(State::Closed, format!("{name} is at {label}{asks}")),
        (None, _) => {
            let wanted = wanted.unwrap_or_default();
            let why = format!("nobody can say whether {label} of {name} has {wanted}");
            Found {
                when: format!("{name} is at a revision that is known to have {wanted}"),
                ..known(State::Unknown, why)
            }
        }
    }
}

/// What is on its way into the environment, by our journal or by the forge, and since when.
fn under_way(
    case: &Case<'_>,
    peer: &Peer<'_>,
    facts: &ServiceFacts,
    environment: &EnvironmentName,
) -> Option<(Revision, Timestamp)> {
    let ledger = case.ledger;
    let ours = ledger.and_then(|ledger| ledger.open_promotion(&peer.service.name, environment));
    if let Some(promotion) = ours {
        return Some((promotion.intent.to.clone(), promotion.intended_at));
    }
    let deployment = deployment::under_way(&facts.deployments, environment)?;
    let revision = cell::named(Some(facts), &deployment.sha);
    Some((revision, deployment.changed_at))
}

/// Says whether a revision is the wanted one or beyond it; `None` if nobody can say.
fn reaches(
    peer: &Peer<'_>,
    facts: &ServiceFacts,
    environment: &EnvironmentName,
    sha: &Sha,
    wanted: Option<&str>,
) -> Option<bool> {
    let Some(wanted) = wanted else {
        return Some(true);
    };
    // Config lets nothing else pass.
    let wanted = Wanted::of(wanted)?;
    let by_version = wanted.version.as_ref().and_then(|wanted| {
        let version = Version::of(facts.version_of(sha)?)?;
        Some(version >= *wanted)
    });
    let by_commit = if wanted.is_commit() {
        by_commit(peer, facts, environment, sha, &wanted)
    } else {
        None
    };
    match (by_commit, by_version) {
        (Some(one), Some(other)) => Some(one || other),
        (one, other) => one.or(other),
    }
}

/// 1. The wanted commit itself.
/// 2. A scope that was read tells which of the two has the other.
/// 3. In the environment's history it came after the wanted one, and was not there before: going
///    back is no progress.
fn by_commit(
    peer: &Peer<'_>,
    facts: &ServiceFacts,
    environment: &EnvironmentName,
    sha: &Sha,
    wanted: &Wanted,
) -> Option<bool> {
    if wanted.is(sha) {
        return Some(true);
    }
    for scope in peer.scopes.values().filter_map(|scope| scope.value()) {
        let inside = || scope.commits.iter().any(|commit| wanted.is(&commit.sha));
        let told = match &scope.relation {
            Relation::Ahead if scope.head == *sha && (wanted.is(&scope.base) || inside()) => true,
            Relation::Ahead if scope.base == *sha && (wanted.is(&scope.head) || inside()) => false,
            Relation::Behind if scope.base == *sha && wanted.is(&scope.head) => true,
            Relation::Behind if scope.head == *sha && wanted.is(&scope.base) => false,
            Relation::Ahead
            | Relation::Behind
            | Relation::Diverged
            | Relation::Identical
            | Relation::Unknown(_) => continue,
        };
        return Some(told);
    }
    let mut history: Vec<&Deployment> = facts
        .deployments
        .iter()
        .filter(|deployment| deployment.environment == *environment)
        .filter(|deployment| matches!(deployment.phase, Phase::Succeeded | Phase::Superseded))
        .collect();
    history.sort_by_key(|deployment| (deployment.created_at, deployment.id));
    let first = history.iter().position(|one| wanted.is(&one.sha))?;
    let own = history.iter().position(|one| one.sha == *sha)?;
    Some(own > first)
}
