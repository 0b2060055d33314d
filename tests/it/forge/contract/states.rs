//! Every word that a forge has for the state of a job, as its API sends it, through the adapter: each
//! has its phase, and a word that nobody knows stays visible as it is. Words of other things are
//! tested beside the adapters, in `words.rs`.

use gonogo::domain::phase::Phase;
use serde_json::{Value, json};

use super::*;

/// A state as it is sent: status, conclusion, and whether the job may fail.
type Sent = (&'static str, Option<&'static str>, bool);

fn github() -> Vec<(Sent, Phase)> {
    let going = |status, phase| ((status, None, false), phase);
    let over = |conclusion, phase| (("completed", Some(conclusion), false), phase);
    vec![
        going("queued", Phase::Queued),
        going("requested", Phase::Queued),
        going("pending", Phase::Queued),
        going("in_progress", Phase::Running),
        going("waiting", Phase::Gated),
        over("success", Phase::Succeeded),
        over("neutral", Phase::Succeeded),
        over("failure", Phase::Failed),
        over("timed_out", Phase::Failed),
        over("startup_failure", Phase::Failed),
        over("cancelled", Phase::Cancelled),
        over("skipped", Phase::Skipped),
        over("stale", Phase::Superseded),
        over("action_required", Phase::Gated),
        over("levitating", Phase::Unknown("levitating".into())),
        going("levitating", Phase::Unknown("levitating".into())),
    ]
}

/// GitHub's words; but a job that waits there waits for other jobs, since no person is asked.
fn gitea() -> Vec<(Sent, Phase)> {
    let mut states = github();
    for (sent, phase) in &mut states {
        if sent.0 == "waiting" {
            *phase = Phase::Queued;
        }
    }
    states
}

fn gitlab() -> Vec<(Sent, Phase)> {
    let plain = |status, phase| ((status, None, false), phase);
    vec![
        plain("created", Phase::Queued),
        plain("waiting_for_resource", Phase::Queued),
        plain("preparing", Phase::Queued),
        plain("waiting_for_callback", Phase::Queued),
        plain("pending", Phase::Queued),
        plain("scheduled", Phase::Queued),
        plain("running", Phase::Running),
        plain("canceling", Phase::Running),
        plain("manual", Phase::Gated),
        plain("success", Phase::Succeeded),
        plain("failed", Phase::Failed),
        plain("canceled", Phase::Cancelled),
        plain("skipped", Phase::Skipped),
        // Optional: it holds nothing up, and its failure is a warning.
        (("manual", None, true), Phase::Skipped),
        (("failed", None, true), Phase::Succeeded),
        plain("levitating", Phase::Unknown("levitating".into())),
    ]
}

fn forgejo() -> Vec<(Sent, Phase)> {
    let plain = |status, phase| ((status, None, false), phase);
    vec![
        plain("waiting", Phase::Queued),
        plain("blocked", Phase::Queued),
        plain("running", Phase::Running),
        plain("success", Phase::Succeeded),
        plain("failure", Phase::Failed),
        plain("cancelled", Phase::Cancelled),
        plain("skipped", Phase::Skipped),
        plain("unknown", Phase::Unknown("unknown".into())),
        plain("levitating", Phase::Unknown("levitating".into())),
    ]
}

/// The list of jobs as a server sends it.
fn body(server: Server, run: u64, sent: &[Sent]) -> Value {
    let job = |(at, (status, conclusion, may_fail)): (usize, &Sent)| {
        let mut job = json!({"id": at + 1, "name": format!("job {at}"), "status": status});
        match server {
            Server::GitLab => job["allow_failure"] = json!(may_fail),
            Server::ForgejoTasks => job["run_number"] = json!(run),
            Server::GitHub | Server::Gitea => job["conclusion"] = json!(conclusion),
            Server::Forgejo => {}
        }
        job
    };
    let jobs: Vec<Value> = sent.iter().enumerate().map(job).collect();
    match server {
        Server::GitHub | Server::Gitea => json!({"total_count": jobs.len(), "jobs": jobs}),
        Server::GitLab | Server::Forgejo => json!(jobs),
        Server::ForgejoTasks => json!({"total_count": jobs.len(), "workflow_runs": jobs}),
    }
}

#[tokio::test]
async fn every_word_for_a_job_has_its_phase_and_others_stay_visible() {
    for server in SERVERS {
        let states = match server {
            Server::GitHub => github(),
            Server::Gitea => gitea(),
            Server::GitLab => gitlab(),
            Server::Forgejo | Server::ForgejoTasks => forgejo(),
        };
        let bench = Bench::of(server).await;
        let (repo, run) = bench.any_jobs().await;
        let sent: Vec<Sent> = states.iter().map(|(sent, _)| *sent).collect();
        let matcher = Matcher {
            method: Some("GET".into()),
            path_contains: Some(match server {
                Server::ForgejoTasks => "/actions/tasks".into(),
                _ => "/jobs".into(),
            }),
            ..Matcher::default()
        };
        let text = body(server, run.0, &sent).to_string();
        bench.meet(matcher, None, status(200, &text));
        let jobs = bench.again("operate", limits()).jobs(&repo, run).await;
        let jobs = jobs.unwrap_or_else(|fault| panic!("{server:?}: {fault}"));
        for (at, (sent, phase)) in states.iter().enumerate() {
            let name = format!("job {at}");
            let found = jobs.iter().find(|job| job.name == name);
            let found = found.unwrap_or_else(|| panic!("{server:?} {sent:?}"));
            assert_eq!(found.phase, *phase, "{server:?} {sent:?}");
            let word = sent.1.unwrap_or(sent.0);
            assert_eq!(found.raw, word, "{server:?} {sent:?}: the forge's own word");
        }
    }
}
