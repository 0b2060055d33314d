//! `path`: the revision is what the newest deployment of the environment before brought, and it is
//! up there.

use super::{Case, State, Verdict, no_journal};
use crate::domain::cell;
use crate::domain::deployment::{self, Deployment};
use crate::domain::phase::Phase;
use crate::domain::policy::Stage;
use crate::domain::verification::{self, Standing};

const GATE: &str = "path";

/// A deployment that only waits to be let in has not touched its environment, so it does not count.
pub fn judge(case: &Case<'_>) -> Verdict {
    let Some(upstream) = case.upstream() else {
        return Verdict::new(GATE, State::Open, "the first environment of the path");
    };
    let Some((facts, candidate)) = case.subject() else {
        return case.missing(GATE);
    };
    let environment = &upstream.environment;
    let newest = deployment::newest_entered(&facts.deployments, environment);
    let Some(newest) = newest else {
        return closed(
            case,
            format!("{candidate} was never deployed to {environment}"),
        )
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
        Phase::Succeeded => closed(
            case,
            format!("{environment} has {brought}, not {candidate}"),
        ),
        Phase::Queued | Phase::Running | Phase::Gated => {
            let why = format!("{environment} is receiving {brought}");
            let when = format!("{candidate} is verified in {environment}");
            let state = if same { State::Waiting } else { State::Closed };
            Verdict::new(GATE, state, why).opens_when(when)
        }
        Phase::Failed => closed(case, format!("{brought} failed in {environment}")),
        Phase::Cancelled => closed(case, format!("{brought} was cancelled in {environment}")),
        Phase::Skipped => closed(case, format!("{brought} was skipped in {environment}")),
        Phase::Superseded => closed(case, format!("{brought} is no longer up in {environment}")),
        Phase::Unknown(word) => {
            let why = format!("{brought} is \"{word}\" in {environment}, a word we do not know");
            Verdict::new(GATE, State::Unknown, why)
        }
    };
    with_evidence(case, verdict, newest).valid_until(case.valid_until())
}

/// The forge says that it is up, and the policy wants to see that it is well.
fn unverified(case: &Case<'_>, upstream: &Stage, standing: &Standing) -> Verdict {
    let environment = &upstream.environment;
    let candidate = case.candidate.map_or_else(String::new, ToString::to_string);
    match standing {
        Standing::Failed { why } => closed(
            case,
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

fn closed(case: &Case<'_>, why: String) -> Verdict {
    let upstream = case
        .upstream()
        .map_or("", |stage| stage.environment.as_str());
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
