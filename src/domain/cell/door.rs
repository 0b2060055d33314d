//! The runs that stand before an environment: which one waits, which were passed by, which could be
//! run again. What a cell makes of them is in `cell`.

use super::named;
use crate::domain::facts::ServiceFacts;
use crate::domain::ids::{EnvironmentName, Sha};
use crate::domain::phase::Phase;
use crate::domain::pipeline::Run;
use crate::domain::revision::Revision;

/// Returns the newest run that waits to enter `environment`.
pub fn waiting_run<'a>(
    facts: &'a ServiceFacts,
    environment: &EnvironmentName,
    workflow: Option<&str>,
) -> Option<&'a Run> {
    facts
        .runs
        .iter()
        .filter(|run| {
            run.waiting
                .iter()
                .any(|waiting| waiting.environment == *environment)
        })
        .filter(|run| {
            workflow
                .is_none_or(|wanted| run.workflow.as_deref() == Some(wanted) || run.name == wanted)
        })
        .max_by_key(|run| (run.created_at, run.id))
}

/// Returns what still waits to enter `environment` on the forge and is not promoted any more, each with
/// the newer one that waits there too (P5).
pub fn superseded(
    facts: Option<&ServiceFacts>,
    environment: &EnvironmentName,
) -> Vec<(Revision, Revision)> {
    let newest = facts.and_then(|known| waiting_run(known, environment, None));
    let Some((known, newest)) = facts.zip(newest) else {
        return Vec::new();
    };
    let newer = named(facts, &newest.sha);
    let mut older: Vec<&Run> = known
        .runs
        .iter()
        .filter(|run| run.sha != newest.sha)
        .filter(|run| {
            run.waiting
                .iter()
                .any(|waits| waits.environment == *environment)
        })
        .collect();
    older.sort_by_key(|run| std::cmp::Reverse((run.created_at, run.id)));
    let names = older.into_iter();
    names
        .map(|run| (named(facts, &run.sha), newer.clone()))
        .collect()
}

/// Returns the newest run of one revision that waits to enter `environment`.
pub fn run_at_the_door<'a>(
    facts: &'a ServiceFacts,
    environment: &EnvironmentName,
    sha: &Sha,
) -> Option<&'a Run> {
    let waits = |run: &&Run| {
        let mut waiting = run.waiting.iter();
        run.sha == *sha && waiting.any(|waiting| waiting.environment == *environment)
    };
    facts
        .runs
        .iter()
        .filter(waits)
        .max_by_key(|run| (run.created_at, run.id))
}

/// Returns the newest run of one revision that ended well, to be run again.
pub fn run_to_repeat<'a>(
    facts: &'a ServiceFacts,
    sha: &Sha,
    workflow: Option<&str>,
) -> Option<&'a Run> {
    facts
        .runs
        .iter()
        .filter(|run| run.sha == *sha && run.phase == Phase::Succeeded)
        .filter(|run| {
            workflow
                .is_none_or(|wanted| run.workflow.as_deref() == Some(wanted) || run.name == wanted)
        })
        .max_by_key(|run| (run.created_at, run.id))
}
