//! Watching what others change: the journal's head, and the config file.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Sender;

use super::connect::Connections;
use super::execute::read;
use crate::app::Msg;
use crate::config::{self, Env};
use crate::domain::ids::Seq;

/// How often the journal is looked at: what another gonogo wrote shows within a second.
const JOURNAL: Duration = Duration::from_secs(1);
/// How often what dead gonogos left half-done is settled: one that died while this one runs.
const SETTLE: u32 = 30;
/// How often it is looked who else is there.
const NEIGHBOURS: u32 = 3;
/// How often the config file's time is looked at. A notification would be sooner, but editors that
/// replace the file and network folders lose it.
const CONFIG: Duration = Duration::from_secs(2);

/// Sends what other instances write to the journal.
pub async fn journal(connections: Arc<Connections>, sender: Sender<Msg>) {
    let mut known: Option<Seq> = None;
    let mut lost = false;
    let mut turns = 0_u32;
    let mut neighbours = None;
    let mut every = tokio::time::interval(JOURNAL);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        turns = turns.wrapping_add(1);
        if turns.is_multiple_of(SETTLE)
            && let Ok(journal) = connections.journal().await
        {
            // What this does to the journal shows by its head; what it fails at, the next turn tells.
            let _ = journal.settle_dead(super::clock::now()).await;
        }
        if turns % NEIGHBOURS == 1
            && let Ok(journal) = connections.journal().await
        {
            let now = journal.neighbours();
            if now.is_some() && now != neighbours {
                neighbours.clone_from(&now);
                let living = now.unwrap_or_default().into_iter().collect();
                if sender.send(Msg::Neighbours(living)).await.is_err() {
                    return;
                }
            }
        }
        let head = match connections.journal().await {
            Ok(journal) => journal
                .head()
                .await
                .map_err(|error| super::connect::journal_fault(&error)),
            Err(fault) => Err(fault),
        };
        let msg = match head {
            Ok(head) if known == Some(head) && !lost => continue,
            Ok(head) => {
                let since = known.unwrap_or_default();
                known = Some(head);
                lost = false;
                Msg::JournalRead(read(&connections, since).await)
            }
            Err(_) if lost => continue,
            Err(fault) => {
                lost = true;
                Msg::JournalRead(Err(fault))
            }
        };
        if sender.send(msg).await.is_err() {
            return;
        }
    }
}

/// Sends the policy of the config file whenever the file changed; one that has errors is told, and
/// the old one stays.
pub async fn config_file(path: PathBuf, env: Env, sender: Sender<Msg>) {
    let modified = |path: &PathBuf| {
        std::fs::metadata(path)
            .and_then(|file| file.modified())
            .ok()
    };
    let mut known = modified(&path);
    let mut every = tokio::time::interval(CONFIG);
    loop {
        every.tick().await;
        let seen = modified(&path);
        if seen == known || seen.is_none() {
            continue;
        }
        known = seen;
        let answer = match config::read(&path, &env) {
            Ok(settings) => Ok(settings.policy),
            Err(problems) => Err(first(&problems)),
        };
        if sender.send(Msg::Reloaded(answer)).await.is_err() {
            return;
        }
    }
}

fn first(problems: &[config::Problem]) -> String {
    let Some(problem) = problems.first() else {
        return "it cannot be read".into();
    };
    let more = problems.len() - 1;
    let place = format!(
        "{}:{}:{}",
        problem.path.display(),
        problem.line,
        problem.column
    );
    match more {
        0 => format!("{place}: {}", problem.message),
        more => format!("{place}: {} (and {more} more)", problem.message),
    }
}
