//! Telling people what the journal says: each entry once for each rule, over restarts too.
//!
//! A claim is durable before anything is told (`notify/claims.rs`): what a crash comes between is
//! not told twice. Posting lives in `notify/webhook.rs`; the terminal does the rest.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::sync::watch;
use tokio::time::Instant;

use super::clock;
use super::connect::Connections;
use super::seconds::Pace;
use super::watch::stamps;
use crate::app::Msg;
use crate::config::Env;
use crate::domain::entry::Entry;
use crate::domain::ids::{Digest, Seq};
use crate::domain::notice::{Channel, Notice, Rule};

mod claims;
mod webhook;

use claims::Claims;
use webhook::{Hook, Lost};

/// In how many seconds the journal is looked at.
pub const LOOK: u32 = 1;
/// How many entries are looked at in one turn; the rest waits for the next.
const PAGE: u32 = 500;
/// The least time between two posts of one rule: what comes meanwhile goes into one.
const POST_GAP: Duration = Duration::from_secs(2);
/// How long a rule keeps still after a post that failed.
const AFTER_FAILURE: Duration = Duration::from_secs(30);

/// A rule at work.
struct Teller {
    rule: Rule,
    claims: Claims,
    /// Up to where its entries have been told.
    told: Seq,
    hook: Option<Hook>,
    not_before: Instant,
}

/// Follows the journal and tells, until the program ends. Rules that cannot work are told once; those
/// that have changed begin with what is written from then on.
pub async fn watch(
    mut rules: watch::Receiver<Vec<Rule>>,
    connections: Arc<Connections>,
    mut every: Pace,
    sender: Sender<Msg>,
) {
    let folder = folder(connections.env(), connections.journal_path());
    let mut tellers: Vec<Teller> = Vec::new();
    let mut waiting = rules.borrow_and_update().clone();
    let mut looked = None;
    loop {
        let changed = if tellers.is_empty() && waiting.is_empty() {
            // Nothing is to be told, so nothing is looked at, until there is a rule.
            if rules.changed().await.is_err() {
                return;
            }
            true
        } else {
            every.step().await;
            rules.has_changed().unwrap_or(false)
        };
        if changed {
            let wanted = rules.borrow_and_update().clone();
            // What a rule remembers is let go of before the next of its name takes it.
            tellers.retain(|teller| wanted.contains(&teller.rule));
            let at_work = |rule: &Rule| tellers.iter().any(|teller| teller.rule == *rule);
            waiting = wanted.into_iter().filter(|rule| !at_work(rule)).collect();
        }
        let look = Some(stamps(connections.journal_path()));
        let idle = tellers
            .iter()
            .all(|teller| teller.not_before <= clock::tick());
        if look == looked && waiting.is_empty() && idle {
            continue;
        }
        let Ok(journal) = connections.journal().await else {
            continue;
        };
        let Ok(head) = journal.head().await else {
            continue;
        };
        for rule in std::mem::take(&mut waiting) {
            match Teller::new(rule, folder.as_deref(), connections.env(), head) {
                Ok(teller) => tellers.push(teller),
                Err(lost) => {
                    if sender.send(*lost).await.is_err() {
                        return;
                    }
                }
            }
        }
        let mut behind = false;
        for teller in &mut tellers {
            if teller.told >= head {
                continue;
            }
            if teller.not_before > clock::tick() {
                behind = true;
                continue;
            }
            let Ok(entries) = journal.since(teller.told, PAGE).await else {
                behind = true;
                continue;
            };
            behind |= entries.len() >= PAGE as usize;
            if let Some(msg) = teller.tell(&entries).await
                && sender.send(msg).await.is_err()
            {
                return;
            }
        }
        looked = look.filter(|_| !behind);
    }
}

impl Teller {
    fn new(rule: Rule, folder: Option<&Path>, env: &Env, head: Seq) -> Result<Self, Box<Msg>> {
        let lost = |why: String, hint: &str| {
            Box::new(Msg::NoticeLost {
                rule: rule.name.clone(),
                why,
                hint: hint.to_owned(),
            })
        };
        let folder = folder.ok_or_else(|| {
            let why = "no place to remember what was told: HOME is not set".to_owned();
            lost(why, "set HOME or XDG_STATE_HOME")
        })?;
        let (claims, told) = Claims::open(folder, &rule.name, head).map_err(|error| {
            let why = format!("what was told cannot be remembered: {error}");
            lost(
                why,
                "nothing is told by this rule until gonogo starts again",
            )
        })?;
        let hook = match &rule.channel {
            Channel::Webhook { form, address } => {
                let hook = Hook::new(*form, address, env);
                let hint = "nothing is told by this rule until gonogo starts again";
                Some(hook.map_err(|why| lost(why, hint))?)
            }
            Channel::Desktop | Channel::Bell => None,
        };
        Ok(Self {
            claims,
            told,
            hook,
            not_before: clock::tick(),
            rule,
        })
    }

    /// Tells what of these entries is to be told: claims first, then one post or one notice.
    async fn tell(&mut self, entries: &[Entry]) -> Option<Msg> {
        let last = entries.last()?.seq;
        let mut mine: Vec<&Entry> = Vec::new();
        for entry in entries.iter().filter(|entry| self.rule.wants(entry)) {
            match self.claims.claim(entry.seq) {
                Ok(true) => mine.push(entry),
                Ok(false) => {}
                Err(error) => {
                    self.not_before = clock::tick() + AFTER_FAILURE;
                    return Some(self.lost(format!("what was told cannot be remembered: {error}")));
                }
            }
        }
        self.told = last;
        // Losing this costs a look at entries that are claimed already.
        let _ = self.claims.advance(last);
        if mine.is_empty() {
            return None;
        }
        let Some(hook) = &self.hook else {
            let notices: Vec<Notice> = mine.into_iter().map(Notice::of).collect();
            let notice = Notice::of_many(&notices)?;
            let ring = self.rule.channel == Channel::Bell;
            return Some(Msg::Noticed { ring, notice });
        };
        self.not_before = clock::tick() + POST_GAP;
        match hook.post(&mine).await {
            Ok(()) => None,
            Err(Lost { why, wait }) => {
                self.not_before = clock::tick() + wait.unwrap_or(AFTER_FAILURE);
                Some(self.lost(why))
            }
        }
    }

    fn lost(&self, why: String) -> Msg {
        Msg::NoticeLost {
            rule: self.rule.name.clone(),
            why,
            hint: "what was not told is not sent again; it is in the journal (`gonogo log`)".into(),
        }
    }
}

/// Where it is remembered what was told: one folder for each journal, this user's alone.
fn folder(env: &Env, journal: &Path) -> Option<std::path::PathBuf> {
    let journal = std::path::absolute(journal).unwrap_or_else(|_| journal.to_owned());
    let name = Digest::of([journal.to_string_lossy().as_ref()]);
    let short: String = name.as_str().chars().take(16).collect();
    Some(env.state_home()?.join("gonogo").join("told").join(short))
}

#[cfg(test)]
mod tests;
