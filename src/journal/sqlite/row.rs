//! Rows: an entry as columns, and back. What columns mean to the send-once rule lives in `append`.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::domain::entry::{Draft, Entry, Event};
use crate::domain::hold::Cover;
use crate::domain::ids::{Digest, Person, Seq};
use crate::journal::Error;
use crate::journal::chain::Texts;

/// The columns that `decode` reads, in its order.
macro_rules! columns {
    () => {
        "seq, at, actor, service, environment, revision, reason, policy, body, previous, hash"
    };
}
pub(super) use columns;

/// Gives a draft the scope of what it is about, so that no control entry can miss a cell that it
/// covers.
pub fn scoped(mut draft: Draft) -> Draft {
    let cover: &Cover = match &draft.event {
        Event::Intended { intent } => {
            draft.service = Some(intent.service.clone());
            draft.environment = Some(intent.environment.clone());
            draft.revision = Some(intent.to.sha.clone());
            return draft;
        }
        Event::VoteCast { vote } => {
            draft.service = Some(vote.service.clone());
            draft.environment = Some(vote.environment.clone());
            return draft;
        }
        Event::HoldPlaced { hold } => &hold.cover,
        Event::GateAdded { gate } => &gate.cover,
        Event::HoldEdited { cover, .. }
        | Event::HoldLifted { cover, .. }
        | Event::HoldExpired { cover, .. }
        | Event::GateOpened { cover, .. }
        | Event::GateClosed { cover, .. } => cover,
        Event::Stepped { .. }
        | Event::VoteVoided { .. }
        | Event::ReleaseVoteCast { .. }
        | Event::ReleaseStarted { .. }
        | Event::ReleaseResumed { .. }
        | Event::ReleaseEnded { .. }
        | Event::DeploymentSeen { .. }
        | Event::DeploymentOutOfBand { .. } => return draft,
    };
    let Cover {
        service,
        environment,
        revision,
    } = cover.clone();
    draft.service = service;
    draft.environment = environment;
    draft.revision = revision;
    draft
}

/// Names what an entry is about, where that is asked for or may be said only once.
pub fn subject(draft: &Draft) -> Option<String> {
    match &draft.event {
        Event::HoldPlaced { hold } => Some(format!("hold:{}", hold.id)),
        Event::HoldEdited { id, .. }
        | Event::HoldLifted { id, .. }
        | Event::HoldExpired { id, .. } => Some(format!("hold:{id}")),
        Event::GateAdded { gate } => Some(format!("gate:{}", gate.id)),
        Event::GateOpened { id, .. } | Event::GateClosed { id, .. } => Some(format!("gate:{id}")),
        Event::DeploymentSeen { deployment, .. }
        | Event::DeploymentOutOfBand { deployment, .. } => {
            let service = draft.service.as_ref().map_or("", |name| name.as_str());
            Some(format!("deployment:{deployment}:{service}"))
        }
        Event::ReleaseVoteCast { vote } => Some(format!("release:{}", vote.release)),
        Event::ReleaseStarted { run } => Some(format!("run:{}", run.id)),
        Event::ReleaseResumed { id, .. } | Event::ReleaseEnded { id, .. } => {
            Some(format!("run:{id}"))
        }
        Event::Intended { .. }
        | Event::Stepped { .. }
        | Event::VoteCast { .. }
        | Event::VoteVoided { .. } => None,
    }
}

/// Reads an entry.
pub fn decode(row: &SqliteRow) -> Result<Entry, Error> {
    let seq = Seq(row.try_get(0).map_err(Error::Database)?);
    let broken = |what: String| Error::Broken { seq, what };
    let column = |error: sqlx::Error| broken(error.to_string());
    let name = |index| row.try_get::<Option<&str>, usize>(index).map_err(column);
    let at: &str = row.try_get(1).map_err(column)?;
    let body: &str = row.try_get(8).map_err(column)?;
    let draft = Draft {
        at: at
            .parse()
            .map_err(|error| broken(format!("its time {at:?} cannot be read: {error}")))?,
        actor: Person::new(row.try_get::<&str, _>(2).map_err(column)?),
        service: name(3)?.map(Into::into),
        environment: name(4)?.map(Into::into),
        revision: name(5)?.map(Into::into),
        reason: name(6)?.map(Into::into),
        policy: Digest::new(row.try_get::<&str, _>(7).map_err(column)?),
        event: serde_json::from_str(body)
            .map_err(|error| broken(format!("its body cannot be read: {error}")))?,
    };
    Ok(Entry {
        seq,
        draft,
        previous: Digest::new(row.try_get::<&str, _>(9).map_err(column)?),
        hash: Digest::new(row.try_get::<&str, _>(10).map_err(column)?),
    })
}

/// Reads an entry with its stored texts (the columns `columns!(), kind, control, subject`), and checks the columns that are derived from its body:
/// they decide permits, but the hash does not cover them all.
pub fn decode_stored(row: &SqliteRow) -> Result<(Entry, Texts), Error> {
    let entry = decode(row)?;
    let seq = entry.seq;
    let column = |error: sqlx::Error| Error::Broken {
        seq,
        what: error.to_string(),
    };
    let texts = Texts {
        at: row.try_get(1).map_err(column)?,
        kind: row.try_get(11).map_err(column)?,
        body: row.try_get(8).map_err(column)?,
    };
    let control: bool = row.try_get(12).map_err(column)?;
    let about: Option<String> = row.try_get(13).map_err(column)?;
    let differs = if texts.kind != entry.draft.event.kind() {
        Some("its kind")
    } else if control != entry.draft.event.is_control() {
        Some("its control mark")
    } else if about != subject(&entry.draft) {
        Some("its subject")
    } else if scoped(entry.draft.clone()) != entry.draft {
        Some("its scope")
    } else {
        None
    };
    match differs {
        Some(column) => Err(Error::Broken {
            seq,
            what: format!("{column} is not that of its body"),
        }),
        None => Ok((entry, texts)),
    }
}
