//! The journal in one SQLite file, for one machine. Several gonogos on it take turns.
//!
//! One connection writes, one reads. What is checked when an entry is appended lives in `append`.

use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Row as _};
use tokio::sync::Mutex;

use super::chain::Texts;
use super::{Error, Journal};
use crate::domain::entry::{Draft, Entry, Precondition};
use crate::domain::ids::{InstanceId, IntentId, Person, Seq};
use append::{Failure, Head};
use row::columns;

mod append;
mod audit;
mod instance;
mod place;
mod row;
mod schema;
mod settle;
#[cfg(test)]
mod tests;

/// How long a writer waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a reader waits for the tables of a journal that somebody is making.
const MAKING: Duration = Duration::from_secs(1);
/// How often it looks for them in that time.
const LOOKS: u32 = 20;

/// How many rows are read ahead: entries are read by the thousand.
const ROWS: usize = 512;

/// Who opens the journal, and when.
#[derive(Clone, Debug)]
pub struct Options {
    /// Of this run alone: another run has another one.
    pub instance: InstanceId,
    /// Who stands in the entries that settle what a dead gonogo left behind.
    pub actor: Person,
    pub at: Timestamp,
}

/// A journal that was opened, and what was found.
#[derive(Debug)]
pub struct Opened {
    pub journal: Sqlite,
    /// How many other gonogos have it open now.
    pub others: usize,
    pub left: Left,
}

/// What dead gonogos left behind, after it was settled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// They were being sent: now `unknown`, to be looked up on the forge.
    pub orphaned: Vec<IntentId>,
    /// They were not sent: now `abandoned`.
    pub abandoned: Vec<IntentId>,
}

/// A journal in a SQLite file.
#[derive(Debug)]
pub struct Sqlite {
    path: PathBuf,
    connect: SqliteConnectOptions,
    // A connection is taken out while it is used and put back when it is known to be good. Whoever
    // is dropped half-way drops it too, which rolls back what was not committed.
    writer: Mutex<Option<SqliteConnection>>,
    reader: Mutex<Option<SqliteConnection>>,
    /// The last entry that was read or written here. Another gonogo may have written since.
    head: std::sync::Mutex<Option<Head>>,
    /// `None` for one that only reads.
    us: Option<Us>,
}

/// Who this instance is, and the lock that says that it lives.
#[derive(Debug)]
struct Us {
    instance: InstanceId,
    actor: Person,
    _alive: instance::Alive,
}

impl Sqlite {
    /// Opens the journal for reading and writing, making it if it is not there, and settles what
    /// dead gonogos left half-done.
    pub async fn open(path: &Path, options: Options) -> Result<Opened, Error> {
        let path = place::prepare(path)?;
        let turn = turn(&path).await?;
        let alive = instance::Alive::register(&path, &options.instance)?;
        let connect = SqliteConnectOptions::new()
            .filename(&path)
            .busy_timeout(PATIENCE)
            .row_buffer_size(ROWS)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .disable_statement_logging();
        let mut writer = open_connection(&connect, &path).await?;
        schema::migrate(&mut writer, &path).await?;
        place::make_private(&path)?;
        let others = instance::others(&path, &options.instance).len();
        let journal = Self {
            path,
            connect,
            writer: Mutex::new(Some(writer)),
            reader: Mutex::new(None),
            head: std::sync::Mutex::new(None),
            us: Some(Us {
                instance: options.instance,
                actor: options.actor,
                _alive: alive,
            }),
        };
        let left = journal.settle_all(options.at).await?;
        drop(turn);
        Ok(Opened {
            journal,
            others,
            left,
        })
    }

    /// Opens a journal that is there, for reading only: it settles nothing and counts as nobody.
    pub async fn read_only(path: &Path) -> Result<Self, Error> {
        let path = place::find(path)?;
        let connect = SqliteConnectOptions::new()
            .filename(&path)
            .busy_timeout(PATIENCE)
            .row_buffer_size(ROWS)
            .read_only(true)
            .disable_statement_logging();
        let mut reader = open_connection(&connect, &path).await?;
        // A board that starts beside this one may be making it.
        for _ in 0..LOOKS {
            if !schema::is_unmade(&mut reader, &path).await? {
                break;
            }
            tokio::time::sleep(MAKING / LOOKS).await;
        }
        schema::check(&mut reader, &path, false).await?;
        Ok(Self {
            path,
            connect,
            writer: Mutex::new(None),
            reader: Mutex::new(Some(reader)),
            head: std::sync::Mutex::new(None),
            us: None,
        })
    }

    /// Where the journal lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many other gonogos have it open now.
    pub fn others(&self) -> usize {
        self.living().len()
    }

    fn living(&self) -> Vec<InstanceId> {
        match &self.us {
            Some(us) => instance::others(&self.path, &us.instance),
            None => instance::others(&self.path, &InstanceId::from("")),
        }
    }

    /// Returns at most `limit` entries after `seq` as they stand there, whole chain or not: for people
    /// who look at what happened.
    pub async fn unchecked(&self, seq: Seq, limit: u32) -> Result<Vec<Entry>, Error> {
        let mut slot = self.reader.lock().await;
        let mut connection = self.take(&mut slot).await?;
        let rows = sqlx::query(concat!(
            "SELECT ",
            columns!(),
            " FROM entries WHERE seq > ?1 ORDER BY seq LIMIT ?2"
        ))
        .bind(seq.0)
        .bind(limit)
        .fetch_all(&mut connection)
        .await
        .map_err(|error| fault(&self.path, error))?;
        *slot = Some(connection);
        rows.iter().map(row::decode).collect()
    }

    /// Returns at most `limit` entries after `seq`, each with the texts that its hash is made of.
    pub async fn stored(&self, seq: Seq, limit: i64) -> Result<Vec<(Entry, Texts)>, Error> {
        let mut slot = self.reader.lock().await;
        let mut connection = self.take(&mut slot).await?;
        let stored = audit::stored(&mut connection, &self.path, seq, limit).await?;
        *slot = Some(connection);
        Ok(stored)
    }

    fn head_known(&self) -> Option<Head> {
        let head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        head.clone()
    }

    /// Remembers an entry if it came after what is known.
    fn know(&self, last: Option<&Entry>) {
        let Some(last) = last else {
            return;
        };
        let mut head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        if head.as_ref().is_none_or(|head| head.seq < last.seq) {
            *head = Some(Head {
                seq: last.seq,
                hash: last.hash.clone(),
            });
        }
    }

    async fn take(&self, slot: &mut Option<SqliteConnection>) -> Result<SqliteConnection, Error> {
        match slot.take() {
            Some(connection) => Ok(connection),
            None => open_connection(&self.connect, &self.path).await,
        }
    }
}

#[async_trait]
impl Journal for Sqlite {
    async fn append(&self, draft: Draft, precondition: Precondition) -> Result<Entry, Error> {
        let us = self.us.as_ref().ok_or(Error::ReadOnly)?;
        let mut slot = self.writer.lock().await;
        let mut connection = self.take(&mut slot).await?;
        let known = self.head_known();
        let us = &us.instance;
        match append::append(&mut connection, us, draft, &precondition, known.as_ref()).await {
            Ok(entry) => {
                *slot = Some(connection);
                self.know(Some(&entry));
                Ok(entry)
            }
            Err(Failure::Refused(error)) => {
                // A refusal may come before or after the transaction's end: leave none open. The
                // statement fails if there is none, which is as good.
                let _ = sqlx::raw_sql("ROLLBACK").execute(&mut connection).await;
                *slot = Some(connection);
                Err(error)
            }
            Err(Failure::Fault(error)) => Err(fault(&self.path, error)),
        }
    }

    async fn settle_dead(&self, at: Timestamp) -> Result<(), Error> {
        match self.us {
            Some(_) => self.settle(at).await.map(|_| ()),
            None => Ok(()),
        }
    }

    /// Each entry is checked on the way: what was changed behind the journal's back decides nothing.
    async fn since(&self, seq: Seq, limit: u32) -> Result<Vec<Entry>, Error> {
        let mut slot = self.reader.lock().await;
        let mut connection = self.take(&mut slot).await?;
        let page = audit::checked(&mut connection, &self.path, seq, limit.into()).await?;
        *slot = Some(connection);
        self.know(page.last());
        Ok(page)
    }

    async fn head(&self) -> Result<Seq, Error> {
        let mut slot = self.reader.lock().await;
        let mut connection = self.take(&mut slot).await?;
        let row = sqlx::query("SELECT coalesce(max(seq), 0) FROM entries")
            .fetch_one(&mut connection)
            .await
            .map_err(|error| fault(&self.path, error))?;
        *slot = Some(connection);
        Ok(Seq(row.try_get(0).map_err(Error::Database)?))
    }

    fn neighbours(&self) -> Option<Vec<InstanceId>> {
        Some(self.living())
    }

    async fn verify(&self) -> Result<u64, Error> {
        // Its own connection: this can take a while, and the board goes on looking at the head.
        let mut connection = open_connection(&self.connect, &self.path).await?;
        audit::verify(&mut connection, &self.path).await
    }
}

async fn open_connection(
    connect: &SqliteConnectOptions,
    path: &Path,
) -> Result<SqliteConnection, Error> {
    connect.connect().await.map_err(|error| fault(path, error))
}

/// Waits for the turn to open: making the tables and settling is for one at a time.
async fn turn(path: &Path) -> Result<std::fs::File, Error> {
    let failed = |why: String| Error::Unreachable {
        path: path.to_owned(),
        why,
        hint: None,
    };
    let lock = place::open_private(&instance::turn_path(path))
        .map_err(|error| failed(error.to_string()))?;
    let waiting = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock));
    match tokio::time::timeout(PATIENCE, waiting).await {
        Err(_) => Err(Error::Busy),
        Ok(Err(stopped)) => Err(failed(stopped.to_string())),
        Ok(Ok(Err(error))) => Err(failed(format!("cannot lock beside it: {error}"))),
        Ok(Ok(Ok(lock))) => Ok(lock),
    }
}

/// The primary result code of SQLite, if the error has one.
fn code(error: &sqlx::Error) -> Option<i32> {
    let extended: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(extended & 0xff)
}

/// Says in the journal's words what went wrong in the database.
fn fault(path: &Path, error: sqlx::Error) -> Error {
    let unreachable = |why: &str, hint| Error::Unreachable {
        path: path.to_owned(),
        why: format!("{why} ({error})"),
        hint: Some(hint),
    };
    match code(&error) {
        Some(5 | 6) => Error::Busy,
        Some(3 | 8 | 23) => unreachable("it may not be written", "check its owner and mode"),
        Some(10) => unreachable("the disk failed", "look at the system's log"),
        Some(13) => unreachable("the disk is full", "free some disk space"),
        Some(14) => unreachable("it cannot be opened", "check the folder's owner and mode"),
        Some(11 | 26) => unreachable(
            "the file is damaged or not a journal",
            "keep the file, and restore the journal from a backup",
        ),
        _ => Error::Database(error),
    }
}
