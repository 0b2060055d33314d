//! Rows: an entry as columns, and back. What columns mean to the send-once rule lives in `append`.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::domain::entry::{Draft, Entry};
use crate::domain::ids::{Digest, Person, Seq};
use crate::journal::Error;
use crate::journal::chain::Texts;
use crate::journal::rules::{scoped, subject};

/// The columns that `decode` reads, in its order.
macro_rules! columns {
    () => {
        "seq, at, actor, service, environment, revision, reason, policy, body, previous, hash"
    };
}
pub(super) use columns;

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

/// Reads an entry with the texts that its hash is made of (the columns `columns!(), kind`).
pub fn decode_with_texts(row: &SqliteRow) -> Result<(Entry, Texts), Error> {
    let entry = decode(row)?;
    let column = |error: sqlx::Error| Error::Broken {
        seq: entry.seq,
        what: error.to_string(),
    };
    let texts = Texts {
        at: row.try_get(1).map_err(column)?,
        kind: row.try_get(11).map_err(column)?,
        body: row.try_get(8).map_err(column)?,
    };
    Ok((entry, texts))
}

/// Reads an entry with its stored texts (the columns `columns!(), kind, control, subject`), and checks the columns that are derived from its body:
/// they decide permits, but the hash does not cover them all.
pub fn decode_stored(row: &SqliteRow) -> Result<(Entry, Texts), Error> {
    let (entry, texts) = decode_with_texts(row)?;
    let seq = entry.seq;
    let column = |error: sqlx::Error| Error::Broken {
        seq,
        what: error.to_string(),
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
