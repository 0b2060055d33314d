//! A journal in memory, for simulations: the same rules as the SQLite one, held to them by the same
//! contract. Nothing is durable and nothing waits, so that a whole evening runs in one thread.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use async_trait::async_trait;
use jiff::Timestamp;

use super::chain::{self, Texts};
use super::rules::{self, Move, not_permitted};
use super::{Error, Journal};
use crate::domain::entry::{Draft, Entry, Event, Precondition};
use crate::domain::hold::Cover;
use crate::domain::ids::{
    Digest, EnvironmentName, InstanceId, IntentId, OverrideId, Person, Seq, ServiceName, Sha,
};
use crate::domain::promotion::{Intent, Purpose, State, Step};

#[cfg(test)]
mod tests;

/// The entries, and where each intent stands.
#[derive(Debug, Default)]
pub(crate) struct Book {
    entries: Vec<Entry>,
    intents: BTreeMap<IntentId, Standing>,
    /// Which intent used up which override.
    used: BTreeMap<OverrideId, IntentId>,
    /// The rules that are not kept: to show that somebody would notice.
    pub lax: Lax,
}

/// Rules that a book can be told not to keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lax {
    /// A cell takes any number of open intents, whatever came in between.
    pub many_open: bool,
    /// The permit looks at no control entry.
    pub blind_permit: bool,
    /// Any step may follow any state.
    pub any_step: bool,
    /// The end of a hold may be noted again.
    pub noted_again: bool,
    /// And so may what else is noted once, by who has not read that it was.
    pub told_again: bool,
    /// A release may have any number of open runs.
    pub many_runs: bool,
    /// An override may be used by any number of intents, of whatever cell.
    pub used_again: bool,
}

/// Where an intent stands: what the permit to send is decided on.
#[derive(Clone, Debug)]
struct Standing {
    purpose: Purpose,
    service: ServiceName,
    environment: EnvironmentName,
    revision: Sha,
    digest: Digest,
    state: State,
    owner: InstanceId,
    policy: Digest,
    /// The entry that made it, and the last one that moved it.
    intended: Seq,
    latest: Seq,
}

impl Standing {
    fn is_on(&self, service: Option<&ServiceName>, environment: Option<&EnvironmentName>) -> bool {
        service == Some(&self.service) && environment == Some(&self.environment)
    }
}

impl Book {
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn head(&self) -> Seq {
        self.entries.last().map_or(Seq(0), |entry| entry.seq)
    }

    /// Returns the entries after `seq`.
    pub fn since(&self, seq: Seq) -> &[Entry] {
        let from = usize::try_from(seq.0).unwrap_or(0).min(self.entries.len());
        &self.entries[from..]
    }

    /// Appends an entry if the precondition holds.
    pub fn append(
        &mut self,
        us: &InstanceId,
        draft: Draft,
        precondition: &Precondition,
    ) -> Result<Entry, Error> {
        let draft = rules::scoped(draft);
        let texts = Texts::of(&draft)?;
        let step = Move::of(&draft.event, precondition, us)?;
        step.check_seen(self.head())?;
        self.check_once(&draft)?;
        let seq = Seq(self.head().0 + 1);
        match step {
            Move::Note => {}
            Move::Tell { seen } => self.check_read(&draft, seen)?,
            Move::Intend { intent, seen } => {
                if let Some(known) = self.intents.get(&intent.id) {
                    return Err(Error::AlreadyNoted {
                        what: format!("intent {}", intent.id),
                        seq: known.latest,
                    });
                }
                if !self.lax.many_open {
                    self.check_free(&draft, intent.purpose)?;
                    self.check_unchanged(&draft, intent.purpose, seen)?;
                }
                self.check_overrides(&draft, intent)?;
                for id in &intent.overrides {
                    self.used.insert(id.clone(), intent.id.clone());
                }
                let standing = Standing {
                    purpose: intent.purpose,
                    service: intent.service.clone(),
                    environment: intent.environment.clone(),
                    revision: intent.to.sha.clone(),
                    digest: intent.digest.clone(),
                    state: State::Intended,
                    owner: us.clone(),
                    policy: draft.policy.clone(),
                    intended: seq,
                    latest: seq,
                };
                self.intents.insert(intent.id.clone(), standing);
            }
            Move::Permit {
                id,
                purpose,
                digest,
                seen,
                agreed,
            } => {
                self.check_permit(&draft, id, purpose, digest, (seen, agreed))?;
                self.move_on(id, State::Sending, seq, Some(us));
            }
            Move::Follow { id, purpose, step } => {
                self.check_follows(&draft, id, purpose, step)?;
                self.move_on(id, step.state(), seq, None);
            }
        }
        let previous = self
            .entries
            .last()
            .map_or_else(chain::genesis, |entry| entry.hash.clone());
        let hash = chain::hash(previous.as_str(), seq, &draft, &texts);
        let entry = Entry {
            seq,
            draft,
            previous,
            hash,
        };
        self.entries.push(entry.clone());
        Ok(entry)
    }

    /// Changes an entry behind everybody's back.
    pub fn tamper(&mut self) {
        if let Some(entry) = self.entries.first_mut() {
            entry.draft.reason = Some("it was not me".to_owned());
        }
    }

    /// Settles what dead instances left: what was being sent is unknown, what was not is abandoned.
    pub fn settle(&mut self, alive: &BTreeSet<InstanceId>, actor: &Person, at: Timestamp) {
        let left: Vec<(IntentId, Standing)> = self
            .intents
            .iter()
            .filter(|(_, standing)| matches!(standing.state, State::Intended | State::Sending))
            .filter(|(_, standing)| !alive.contains(&standing.owner))
            .map(|(id, standing)| (id.clone(), standing.clone()))
            .collect();
        for (id, standing) in left {
            let step = if standing.state == State::Sending {
                Step::Unknown {
                    why: "gonogo ended while sending".to_owned(),
                }
            } else {
                Step::Abandoned {
                    why: "gonogo ended before sending".to_owned(),
                }
            };
            let draft = Draft {
                at,
                actor: actor.clone(),
                service: Some(standing.service),
                environment: Some(standing.environment),
                revision: Some(standing.revision),
                reason: None,
                policy: standing.policy,
                event: Event::Stepped {
                    id,
                    purpose: standing.purpose,
                    step,
                },
            };
            let settled = self.append(&standing.owner, draft, &Precondition::Follows);
            debug_assert!(settled.is_ok(), "{settled:?}");
        }
    }

    fn move_on(&mut self, id: &IntentId, state: State, seq: Seq, owner: Option<&InstanceId>) {
        if let Some(standing) = self.intents.get_mut(id) {
            standing.state = state;
            standing.latest = seq;
            if let Some(owner) = owner {
                standing.owner = owner.clone();
            }
        }
    }

    fn check_free(&self, draft: &Draft, purpose: Purpose) -> Result<(), Error> {
        let taken = self.intents.values().find(|standing| {
            standing.state.is_open()
                && standing.purpose == purpose
                && standing.is_on(draft.service.as_ref(), draft.environment.as_ref())
        });
        let Some(entry) = taken.and_then(|standing| self.at(standing.intended)) else {
            return Ok(());
        };
        match &entry.draft.event {
            Event::Intended { intent } => Err(Error::CellTaken {
                intent: intent.id.clone(),
                purpose: intent.purpose,
                service: intent.service.clone(),
                environment: intent.environment.clone(),
                actor: entry.draft.actor.clone(),
                since: entry.draft.at,
                reason: intent.reason.clone(),
            }),
            _ => Err(Error::Broken {
                seq: entry.seq,
                what: "an intent refers to it, but it is none".to_owned(),
            }),
        }
    }

    fn check_overrides(&self, draft: &Draft, intent: &Intent) -> Result<(), Error> {
        for id in &intent.overrides {
            if self.lax.used_again {
                continue;
            }
            if let Some(by) = self.used.get(id) {
                return Err(rules::used_up(id, by.as_str()));
            }
            let subject = format!("override:{id}");
            let about = self.entries.iter();
            let about =
                about.filter(|entry| rules::subject(&entry.draft).as_ref() == Some(&subject));
            rules::check_override(id, intent, draft, about)?;
        }
        Ok(())
    }

    /// No entry of the cell came after `seen`.
    fn check_read(&self, draft: &Draft, seen: Seq) -> Result<(), Error> {
        let of_cell = |entry: &&Entry| {
            entry.draft.service == draft.service && entry.draft.environment == draft.environment
        };
        match self.since(seen).iter().find(of_cell) {
            Some(by) if !self.lax.told_again => Err(Error::Conflict {
                by: Box::new(by.clone()),
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// No entry of the cell that matters to this purpose, and no control entry that covers it, came after
    /// `seen`.
    fn check_unchanged(&self, draft: &Draft, purpose: Purpose, seen: Seq) -> Result<(), Error> {
        let of_cell = |entry: &&Entry| {
            entry.draft.service == draft.service
                && entry.draft.environment == draft.environment
                && is_of_brake(&entry.draft.event) == purpose.is_brake()
        };
        let covering = || {
            self.since(seen)
                .iter()
                .find(|entry| is_control_of(entry, draft, draft.revision.as_ref()))
        };
        match covering().or_else(|| self.since(seen).iter().find(of_cell)) {
            Some(by) => Err(Error::Conflict {
                by: Box::new(by.clone()),
            }),
            None => Ok(()),
        }
    }

    fn check_permit(
        &self,
        draft: &Draft,
        id: &IntentId,
        purpose: Purpose,
        digest: &Digest,
        (seen, agreed): (Seq, bool),
    ) -> Result<(), Error> {
        let Some(standing) = self.intents.get(id) else {
            return Err(not_permitted(format!("there is no intent {id}")));
        };
        if standing.state != State::Intended {
            return Err(not_permitted(format!(
                "the {purpose} is {}: it is not sent again",
                standing.state.word()
            )));
        }
        if standing.digest != *digest {
            return Err(not_permitted(
                "it is not what was seen when it was intended",
            ));
        }
        let same = standing.purpose == purpose
            && standing.is_on(draft.service.as_ref(), draft.environment.as_ref());
        if !same {
            return Err(not_permitted("it is about another cell"));
        }
        let by = self.since(seen).iter().find(|entry| {
            is_control_of(entry, draft, Some(&standing.revision))
                || agreed && is_agreement_on(entry, draft)
        });
        match by {
            Some(by) if !self.lax.blind_permit => Err(Error::Conflict {
                by: Box::new(by.clone()),
            }),
            Some(_) | None => Ok(()),
        }
    }

    fn check_follows(
        &self,
        draft: &Draft,
        id: &IntentId,
        purpose: Purpose,
        step: &Step,
    ) -> Result<(), Error> {
        let Some(standing) = self.intents.get(id) else {
            return Err(not_permitted(format!("there is no intent {id}")));
        };
        let may = step.may_follow().contains(&standing.state) || self.lax.any_step;
        let same = standing.purpose == purpose
            && standing.is_on(draft.service.as_ref(), draft.environment.as_ref());
        if may && same {
            return Ok(());
        }
        Err(not_permitted(format!(
            "the {purpose} {id} is {}: {} may not follow on that cell",
            standing.state.word(),
            step.word()
        )))
    }

    /// Ids of holds and gates are given once, a deployment is noted once, an expiry once each.
    fn check_once(&self, draft: &Draft) -> Result<(), Error> {
        let Some(what) = rules::subject(draft) else {
            return Ok(());
        };
        let is_about = |entry: &&Entry| rules::subject(&entry.draft).as_ref() == Some(&what);
        if rules::is_of_run(&draft.event) && !self.lax.many_runs {
            return rules::check_run(draft, self.entries.iter().rfind(is_about));
        }
        if let Event::HoldExpired { .. } = draft.event {
            let last = self.entries.iter().rfind(is_about);
            return match rules::check_expiry(&what, draft, last) {
                Err(Error::AlreadyNoted { .. }) if self.lax.noted_again => Ok(()),
                checked => checked,
            };
        }
        if rules::keeps_end(&draft.event) {
            let gives_end =
                |entry: &&Entry| rules::ENDS.contains(&entry.draft.event.kind().as_str());
            let mut about = self.entries.iter().rev().filter(is_about);
            return rules::check_kept_end(&what, draft, about.find(gives_end));
        }
        if !rules::is_said_once(&draft.event) || self.lax.told_again {
            return Ok(());
        }
        match self.entries.iter().find(is_about) {
            Some(first) => Err(Error::AlreadyNoted {
                what,
                seq: first.seq,
            }),
            None => Ok(()),
        }
    }

    fn at(&self, seq: Seq) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.seq == seq)
    }
}

/// Says whether an entry is about placing or lifting a hold's stop on the forge.
fn is_of_brake(event: &Event) -> bool {
    match event {
        Event::Intended { intent } => intent.purpose.is_brake(),
        Event::Stepped { purpose, .. } => purpose.is_brake(),
        _ => false,
    }
}

/// Says whether an entry is a word on a release into the environment of `draft`.
fn is_agreement_on(entry: &Entry, draft: &Draft) -> bool {
    let environment = entry.draft.environment.as_ref();
    entry.draft.event.is_agreement()
        && environment.is_none_or(|known| Some(known) == draft.environment.as_ref())
}

/// Says whether an entry is a control entry that covers the cell of `draft` and a revision.
fn is_control_of(entry: &Entry, draft: &Draft, revision: Option<&Sha>) -> bool {
    let cover = Cover {
        service: entry.draft.service.clone(),
        environment: entry.draft.environment.clone(),
        revision: entry.draft.revision.clone(),
    };
    let (Some(service), Some(environment)) = (&draft.service, &draft.environment) else {
        return false;
    };
    entry.draft.event.is_control() && cover.covers(service, environment, revision)
}

/// A book that one instance has open.
#[derive(Debug)]
pub(crate) struct Memory {
    book: Mutex<Book>,
    us: InstanceId,
}

impl Memory {
    pub fn new(us: &str) -> Self {
        Self {
            book: Mutex::new(Book::default()),
            us: us.into(),
        }
    }

    fn book(&self) -> std::sync::MutexGuard<'_, Book> {
        self.book.lock().unwrap()
    }
}

#[async_trait]
impl Journal for Memory {
    async fn append(&self, draft: Draft, precondition: Precondition) -> Result<Entry, Error> {
        self.book().append(&self.us, draft, &precondition)
    }

    async fn since(&self, seq: Seq, limit: u32) -> Result<Vec<Entry>, Error> {
        let book = self.book();
        let entries = book.since(seq).iter().take(limit as usize);
        Ok(entries.cloned().collect())
    }

    async fn head(&self) -> Result<Seq, Error> {
        Ok(self.book().head())
    }

    async fn settle_dead(&self, at: Timestamp) -> Result<(), Error> {
        let alive = BTreeSet::from([self.us.clone()]);
        self.book().settle(&alive, &Person::from("gonogo"), at);
        Ok(())
    }

    async fn verify(&self) -> Result<u64, Error> {
        chain::verify(self.book().entries())
    }
}
