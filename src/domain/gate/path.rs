//! `path`: the revision is what the newest deployment of the environment before brought, and it is
//! up there; by policy that of each environment before, or of any one.

use jiff::Timestamp;

use super::{Case, State, Verdict, no_journal, since};
use crate::domain::cell;
use crate::domain::deployment::{self, Deployment};
use crate::domain::phase::Phase;
use crate::domain::policy::{Before, Stage};
use crate::domain::verification::{self, Standing};

const GATE: &str = "path";

/// Asks the environment right before, each of those before, or any one of them. Of several, `all` says
/// what the hardest says, `any` what the softest says, the nearest first.
pub fn judge(case: &Case<'_>, from: Before) -> Verdict {
    let Some(upstream) = case.upstream() else {
        return Verdict::new(GATE, State::Open, "the first environment of the path");
    };
    if case.subject().is_none() {
        return case.missing(GATE);
    }
    let before = || {
        let path = case.service.path.iter();
        let before: Vec<&Stage> = path
            .take_while(|stage| stage.environment != *case.environment())
            .collect();
        before.into_iter().rev().map(|stage| of(case, stage))
    };
    let verdict = match from {
        Before::Next => return of(case, upstream),
        Before::All => before().reduce(|worst, next| {
            if worst.state == State::Open && next.state == State::Open {
                // It took the last of them.
                let since = since::last([worst.since, next.since]);
                worst.since(since)
            } else if worst.state.and(next.state) == worst.state {
                worst
            } else {
                next
            }
        }),
        Before::Any => before().reduce(|best, next| {
            if best.state.and(next.state) == next.state {
                best
            } else {
                next
            }
        }),
    };
    verdict.unwrap_or_else(|| of(case, upstream))
}

/// What one environment says. A deployment that only waits to be let in has not touched it, so it
/// does not count.
fn of(case: &Case<'_>, upstream: &Stage) -> Verdict {
    let Some((facts, candidate)) = case.subject() else {
        return case.missing(GATE);
    };
    let closed = |why: String| closed(upstream, why);
    let environment = &upstream.environment;
    let newest = deployment::newest_entered(&facts.deployments, environment);
    let Some(newest) = newest else {
        return closed(format!("{candidate} was never deployed to {environment}"))
            .valid_until(case.valid_until());
    };
    let same = newest.sha == candidate.sha;
    let brought = cell::named(Some(facts), &newest.sha);
    let verdict = match &newest.phase {
        Phase::Succeeded if same => {
            let why = format!("{candidate} is verified in {environment}");
            match verification::standing(upstream, &case.service.name, newest, case.ledger) {
                Standing::NotAsked | Standing::Passed => Verdict::new(GATE, State::Open, why),
                standing => unverified(case, upstream, &standing),
            }
        }
        Phase::Succeeded => closed(format!("{environment} has {brought}, not {candidate}")),
        Phase::Queued | Phase::Running | Phase::Gated => {
            let why = format!("{environment} is receiving {brought}");
            let when = format!("{candidate} is verified in {environment}");
            let state = if same { State::Waiting } else { State::Closed };
            Verdict::new(GATE, state, why).opens_when(when)
        }
        Phase::Failed => closed(format!("{brought} failed in {environment}")),
        Phase::Cancelled => closed(format!("{brought} was cancelled in {environment}")),
        Phase::Skipped => closed(format!("{brought} was skipped in {environment}")),
        Phase::Superseded => closed(format!("{brought} is no longer up in {environment}")),
        Phase::Unknown(word) => {
            let why = format!("{brought} is \"{word}\" in {environment}, a word we do not know");
            Verdict::new(GATE, State::Unknown, why)
        }
    };
    let since = if same {
        verified_at(case, upstream, newest)
    } else {
        newest.changed_at
    };
    with_evidence(case, verdict.since(Some(since)), newest).valid_until(case.valid_until())
}

/// When its phase changed last and, where a verification was asked for, that came to something.
pub(super) fn verified_at(case: &Case<'_>, upstream: &Stage, newest: &Deployment) -> Timestamp {
    let ledger = case.ledger.filter(|_| upstream.verification.is_some());
    let verified = ledger.and_then(|ledger| ledger.verification(&case.service.name, newest.id));
    verified.map_or(newest.changed_at, |known| known.at.max(newest.changed_at))
}

/// The forge says that it is up, and the policy wants to see that it is well.
fn unverified(case: &Case<'_>, upstream: &Stage, standing: &Standing) -> Verdict {
    let environment = &upstream.environment;
    let candidate = case.candidate.map_or_else(String::new, ToString::to_string);
    match standing {
        Standing::Failed { why } => closed(
            upstream,
            format!("{candidate} failed its verification in {environment}: {why}"),
        ),
        Standing::Unknown => no_journal(GATE),
        Standing::NotAsked | Standing::Passed | Standing::Verifying { .. } => Verdict::new(
            GATE,
            State::Waiting,
            format!("{candidate} is being verified in {environment}"),
        )
        .opens_when("its probes are well in one round"),
    }
}

fn closed(upstream: &Stage, why: String) -> Verdict {
    let upstream = &upstream.environment;
    Verdict::new(GATE, State::Closed, why)
        .opens_when(format!("the revision is verified in {upstream}"))
        .who(format!("whoever may promote into {upstream}"))
}

fn with_evidence(case: &Case<'_>, verdict: Verdict, newest: &Deployment) -> Verdict {
    verdict.evidence(
        format!("newest deployment of {}", newest.environment),
        format!("{} {}", newest.sha.short(), newest.phase.word()),
        newest.url.clone(),
        case.facts.at(),
    )
}
