//! Watching what others change: the journal's head, and the config file.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::mpsc::Sender;

use super::connect::Connections;
use super::execute::read;
use super::looks::{Given, Looks};
use super::seconds::Pace;
use crate::app::Msg;
use crate::config::{self, Env, Settings};
use crate::domain::ids::Seq;
use crate::domain::text;

/// In how many seconds the journal is looked at: what another gonogo wrote shows within this.
pub const JOURNAL: u32 = 1;
/// How often what dead gonogos left half-done is settled: one that died while this one runs. Then
/// the journal's head is asked for too, whatever its files look like.
const SETTLE: u32 = 30;
/// How often it is looked who else is there.
const NEIGHBOURS: u32 = 3;
/// In how many seconds the config file's time is looked at. A notification would be sooner, but editors that
/// replace the file and network folders lose it.
pub const CONFIG: u32 = 2;

/// Sends what other instances write to the journal. Its files are looked at by their length and
/// time; the journal itself is asked only when they changed.
pub async fn journal(connections: Arc<Connections>, mut every: Pace, sender: Sender<Msg>) {
    let mut known: Option<Seq> = None;
    let mut lost = false;
    let mut turns = 0_u32;
    let mut looked = None;
    let mut neighbours = None;
    loop {
        every.step().await;
        turns = turns.wrapping_add(1);
        let settle = turns.is_multiple_of(SETTLE);
        // Taken before the head is read: what is written meanwhile shows at the next look.
        let look = Some(stamps(connections.journal_path()));
        if look == looked && !settle && !lost && known.is_some() {
            continue;
        }
        looked = look;
        if settle && let Ok(journal) = connections.journal().await {
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

/// Length and time of a journal's files: every write changes those of the write-ahead log, or of
/// the file itself when the log is folded into it.
pub(super) fn stamps(path: &Path) -> [Option<(u64, SystemTime)>; 2] {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    [path, Path::new(&log)].map(|path| {
        let file = std::fs::metadata(path).ok()?;
        Some((file.len(), file.modified().ok()?))
    })
}

/// A changed config that is in order, or what is wrong with it in words.
pub type Reload = Result<Box<Reloaded>, String>;

/// What a changed config says.
#[derive(Debug)]
pub struct Reloaded {
    pub settings: Arc<Settings>,
    pub looks: Looks,
}

/// Sends what the config file says whenever it, or the theme file that it names, has changed. One that
/// has errors is told, and the old one stays.
pub async fn config_file(
    settings: Arc<Settings>,
    env: Env,
    given: Given,
    mut every: Pace,
    sender: Sender<Reload>,
) {
    let Some(path) = settings.source.clone() else {
        return;
    };
    let modified = |path: &Path| {
        std::fs::metadata(path)
            .and_then(|file| file.modified())
            .ok()
    };
    let theme_of = |settings: &Settings| match &settings.ui.theme {
        config::Theme::File(path) => Some(path.clone()),
        config::Theme::Auto | config::Theme::Named(_) => None,
    };
    let mut theme = theme_of(&settings);
    drop(settings);
    let look = |theme: &Option<PathBuf>| (modified(&path), theme.as_deref().and_then(modified));
    let mut known = look(&theme);
    loop {
        every.step().await;
        let seen = look(&theme);
        // An editor that replaces the file takes it away for a moment.
        if seen == known || seen.0.is_none() {
            continue;
        }
        known = seen;
        let answer = match Looks::read(&path, &env, given) {
            Ok((settings, looks)) => {
                theme = theme_of(&settings);
                known.1 = theme.as_deref().and_then(modified);
                let settings = Arc::new(settings);
                Ok(Box::new(Reloaded { settings, looks }))
            }
            Err(problems) => Err(first(&problems)),
        };
        if sender.send(answer).await.is_err() {
            return;
        }
    }
}

fn first(problems: &[config::Problem]) -> String {
    let Some(problem) = problems.first() else {
        return "it cannot be read".into();
    };
    let more = problems.len() - 1;
    // What is wrong comes first, where a line is short.
    let mut told = problem.message.clone();
    if let Some(hint) = &problem.hint {
        told = format!("{told}; {hint}");
    }
    let name = problem.path.file_name().unwrap_or_default();
    let name = text::clean(&name.to_string_lossy());
    let (line, column) = (problem.line, problem.column);
    match more {
        0 => format!("{told} ({name}:{line}:{column})"),
        more => format!("{told} ({name}:{line}:{column}, and {more} more)"),
    }
}

#[cfg(test)]
mod tests;
