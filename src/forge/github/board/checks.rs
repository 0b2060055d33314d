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
        title: Option<String>,
        summary: Option<String>,
    },
    StatusContext {
        context: String,
        state: String,
        target_url: Option<String>,
        created_at: Option<Timestamp>,
        description: Option<String>,
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
    let (name, phase, url, at, report) = match read {
        Context::CheckRun {
            name,
            status,
            conclusion,
            completed_at,
            url,
            title,
            summary,
        } => {
            let phase = words::run(&status, conclusion.as_deref());
            let said = [title, summary];
            let said = said.iter().flatten().map(|text| clean(text));
            let said: Vec<String> = said.filter(|text| !text.is_empty()).collect();
            (name, phase, url, completed_at, said.join(" "))
        }
        Context::StatusContext {
            context,
            state,
            target_url,
            created_at,
            description,
        } => {
            let said = clean(&description.unwrap_or_default());
            let phase = words::rollup(&state);
            (context, phase, target_url, created_at, said)
        }
    };
    Check {
        name: clean(&name),
        url: url.as_deref().map(clean).filter(|url| !url.is_empty()),
        // A status has but the time at which it was set: while it is pending, nothing has completed.
        completed_at: at.filter(|_| !phase.is_in_flight()),
        report: Some(report).filter(|report| !report.is_empty()),
        phase,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const AT: &str = "2026-11-01T10:00:00Z";

    fn named(total: usize, nodes: &Value) -> (Checks, Vec<String>) {
        let rollup = json!({"state": "FAILURE", "named": {"totalCount": total, "nodes": nodes}});
        let mut gaps = Vec::new();
        let rollup = serde_json::from_value(rollup).unwrap();
        let checks = read(&Sha::from("aa"), Some(rollup), &mut gaps);
        (checks, gaps)
    }

    fn run(name: &str, status: &str, conclusion: Option<&str>) -> Value {
        json!({"__typename": "CheckRun", "name": name, "status": status, "conclusion": conclusion,
            "completedAt": conclusion.map(|_| AT), "url": "https://x/1"})
    }

    fn status(context: &str, state: &str) -> Value {
        json!({"__typename": "StatusContext", "context": context, "state": state,
            "targetUrl": null, "createdAt": AT})
    }

    #[test]
    fn check_runs_and_statuses_are_read_by_name() {
        let nodes = json!([
            run("unit\u{1b}[2J", "COMPLETED", Some("SUCCESS")),
            run("e2e", "IN_PROGRESS", None),
            status("hold/production", "FAILURE"),
            status("preview", "PENDING"),
        ]);
        let (checks, gaps) = named(4, &nodes);
        assert_eq!(gaps, Vec::<String>::new());
        let at: Option<Timestamp> = Some(AT.parse().unwrap());
        let found: Vec<_> = checks
            .contexts
            .iter()
            .map(|check| (check.name.as_str(), check.phase.clone(), check.completed_at))
            .collect();
        let unit = clean("unit\u{1b}[2J");
        assert!(!unit.contains('\u{1b}'));
        assert_eq!(
            found,
            [
                (unit.as_str(), Phase::Succeeded, at),
                ("e2e", Phase::Running, None),
                ("hold/production", Phase::Failed, at),
                ("preview", Phase::Running, None),
            ]
        );
        assert_eq!(checks.contexts[0].url.as_deref(), Some("https://x/1"));
        let counts = (
            checks.succeeded,
            checks.failed,
            checks.pending,
            checks.total,
        );
        assert_eq!(counts, (1, 1, 2, 4));
    }

    #[test]
    fn what_a_check_reports_is_its_title_and_summary_or_its_description() {
        let mut lines = run("coverage", "COMPLETED", Some("SUCCESS"));
        lines["title"] = json!("87.4%");
        lines["summary"] = json!("| lines | 87.4 |\n| branches | 71\u{1b}[2J |");
        let mut empty = run("unit", "COMPLETED", Some("SUCCESS"));
        empty["title"] = json!("");
        let mut findings = status("sast", "SUCCESS");
        findings["description"] = json!("3 open findings");
        let silent = status("preview", "SUCCESS");
        let (checks, _) = named(4, &json!([lines, empty, findings, silent]));
        let said: Vec<_> = checks
            .contexts
            .iter()
            .map(|check| check.report.as_deref())
            .collect();
        assert_eq!(
            said,
            [
                Some("87.4% | lines | 87.4 | | branches | 71\u{fffd}[2J |"),
                None,
                Some("3 open findings"),
                None,
            ]
        );
    }

    #[test]
    fn a_list_of_checks_that_lacks_one_names_none_and_says_so() {
        for (total, nodes) in [
            (137, json!([run("unit", "COMPLETED", Some("SUCCESS"))])),
            (2, json!([run("unit", "COMPLETED", Some("SUCCESS")), null])),
            (
                2,
                json!([status("unit", "SUCCESS"), {"__typename": "Robot"}]),
            ),
            (1, json!(null)),
        ] {
            let (checks, gaps) = named(total, &nodes);
            assert!(checks.contexts.is_empty(), "{nodes}");
            assert_eq!(checks.phase, Some(Phase::Failed));
            assert_eq!(checks.total as usize, total);
            assert!(
                gaps.iter()
                    .any(|gap| gap.ends_with("only their sum counts")),
                "{gaps:?}"
            );
        }
    }
}
