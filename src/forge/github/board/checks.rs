//! The checks of one commit from the wire: their sum, their counts and, where asked for, each.

use jiff::Timestamp;
use serde::Deserialize;

use super::{Nodes, words};
use crate::domain::ids::Sha;
use crate::domain::phase::Phase;
use crate::domain::pipeline::{Check, Checks};
use crate::domain::text::clean;

#[derive(Deserialize)]
pub(in crate::forge::github) struct Rollup {
    state: String,
    contexts: Option<Contexts>,
    named: Option<Nodes>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Contexts {
    #[serde(default)]
    total_count: u32,
    check_run_counts_by_state: Option<Vec<Count>>,
    status_context_counts_by_state: Option<Vec<Count>>,
}

#[derive(Deserialize)]
struct Count {
    state: String,
    count: u32,
}

#[derive(Deserialize)]
#[serde(tag = "__typename", rename_all_fields = "camelCase")]
enum Context {
    CheckRun {
        name: String,
        status: String,
        conclusion: Option<String>,
        completed_at: Option<Timestamp>,
        url: Option<String>,
    },
    StatusContext {
        context: String,
        state: String,
        target_url: Option<String>,
        created_at: Option<Timestamp>,
    },
}

/// Reads the checks of a commit. Without a rollup it has none at all.
///
/// A list of names that lacks any is dropped, since what it lacks may be what a rule names; then the
/// sum and the counts stay, and a gap says so.
pub(in crate::forge::github) fn read(
    sha: &Sha,
    rollup: Option<Rollup>,
    gaps: &mut Vec<String>,
) -> Checks {
    let mut checks = Checks {
        sha: sha.clone(),
        phase: rollup.as_ref().map(|rollup| words::rollup(&rollup.state)),
        succeeded: 0,
        failed: 0,
        pending: 0,
        total: 0,
        contexts: Vec::new(),
    };
    let Some(Rollup {
        contexts, named, ..
    }) = rollup
    else {
        return checks;
    };
    if let Some(named) = named {
        let total = named.total_count.unwrap_or_default();
        checks.total = u32::try_from(total).unwrap_or(u32::MAX);
        let read = named.read::<Context>("checks", gaps);
        if read.len() as u64 == total {
            checks.contexts = read.into_iter().map(check).collect();
        } else {
            gaps.push(format!(
                "checks: {} of the {total} of {} could be read by name, so only their sum counts",
                read.len(),
                sha.short()
            ));
        }
    }
    if let Some(contexts) = &contexts {
        checks.total = contexts.total_count;
    }
    for (phase, count) in counted(&checks, contexts) {
        let bucket = match phase {
            Phase::Succeeded | Phase::Skipped => &mut checks.succeeded,
            Phase::Failed | Phase::Cancelled => &mut checks.failed,
            Phase::Queued
            | Phase::Running
            | Phase::Gated
            | Phase::Superseded
            | Phase::Unknown(_) => &mut checks.pending,
        };
        *bucket = bucket.saturating_add(count);
    }
    checks
}

/// Returns how many checks are in which phase, by the forge's counts where it gave any.
fn counted(checks: &Checks, contexts: Option<Contexts>) -> Vec<(Phase, u32)> {
    let Some(contexts) = contexts else {
        let each = checks.contexts.iter();
        return each.map(|check| (check.phase.clone(), 1)).collect();
    };
    let runs = contexts.check_run_counts_by_state.unwrap_or_default();
    let statuses = contexts.status_context_counts_by_state.unwrap_or_default();
    let runs = runs
        .iter()
        .map(|count| (words::check_run(&count.state), count.count));
    let statuses = statuses
        .iter()
        .map(|count| (words::rollup(&count.state), count.count));
    runs.chain(statuses).collect()
}

fn check(read: Context) -> Check {
    let (name, phase, url, at) = match read {
        Context::CheckRun {
            name,
            status,
            conclusion,
            completed_at,
            url,
        } => {
            let phase = words::run(&status, conclusion.as_deref());
            (name, phase, url, completed_at)
        }
        Context::StatusContext {
            context,
            state,
            target_url,
            created_at,
        } => (context, words::rollup(&state), target_url, created_at),
    };
    Check {
        name: clean(&name),
        url: url.as_deref().map(clean).filter(|url| !url.is_empty()),
        // A status has but the time at which it was set: while it is pending, nothing has completed.
        completed_at: at.filter(|_| !phase.is_in_flight()),
        phase,
    }
}
