//! Appending: one immediate transaction checks the precondition, moves the intent and adds the entry.
//!
//! This is where "at most one send" is kept. The moves are conditional single statements; a move
//! that changes no row adds no entry, and without the entry nobody sends. What is known of the last entry
//! spares a turn, and decides nothing: a trigger lets no entry follow another than the last.

use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{Row as _, Sqlite};

use super::row::{self, columns};
use crate::domain::entry::{Draft, Entry, Event, Precondition};
use crate::domain::ids::{Digest, InstanceId, Seq};
use crate::domain::promotion::Intent;
use crate::journal::Error;
use crate::journal::chain::{self, Texts};
use crate::journal::rules::{self, Move, not_permitted};

/// The entry's columns, by number the same in every statement.
macro_rules! insert_entry {
    ($source:literal) => {
        concat!(
            "INSERT INTO entries (seq, at, actor, kind, service, environment, revision, reason, ",
            "policy, body, control, subject, previous, hash) ",
            "SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14 ",
            $source,
            " RETURNING seq; COMMIT"
        )
    };
}

/// The control entries that cover the cell (?5, ?6) and the revision ?7.
macro_rules! covers {
    () => {
        "(control = 1 AND (service IS NULL OR service = ?5) \
         AND (environment IS NULL OR environment = ?6) \
         AND (revision IS NULL OR revision = ?7))"
    };
}

/// What changed since ?19 for an intent of purpose ?16: the entries of the cell, and every control entry
/// that covers it. A brake carries a hold out, and that is an entry of its own: what is written of brakes
/// changes nothing for what else is sent, nor the other way round.
macro_rules! conflict {
    () => {
        concat!(
            "seq > ?19 AND ((service = ?5 AND environment = ?6 ",
            "AND (kind LIKE 'brake.%' OR kind LIKE 'unbrake.%') = (?16 IN ('brake', 'unbrake'))) OR ",
            covers!(),
            ")"
        )
    };
}

/// `Event::is_agreement`, if ?20 asks for it.
macro_rules! agreement {
    () => {
        "(?20 AND (e.kind = 'release.started' OR e.kind = 'vote.cast' AND e.service IS NULL))"
    };
}

macro_rules! open_states {
    () => {
        "('intended', 'sending', 'accepted', 'running', 'unknown', 'reconciling')"
    };
}

// After the macros, which it uses.
mod refusal;

const BEGIN: &str = "BEGIN IMMEDIATE; SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1";

/// The statements of a move: those that end a transaction, and a whole one.
struct Statements {
    rest: &'static str,
    whole: &'static str,
}

macro_rules! statements {
    ($($sql:tt)*) => {
        Statements {
            rest: concat!($($sql)*),
            whole: concat!("BEGIN IMMEDIATE; ", $($sql)*),
        }
    };
}

const NOTE: Statements = statements!(insert_entry!(""));

/// Nothing of the cell came after ?15.
const TELL: Statements = statements!(insert_entry!(
    "WHERE NOT EXISTS (SELECT 1 FROM entries WHERE seq > ?15 AND service = ?5 AND environment = ?6)"
));

const INTEND: Statements = statements!(
    "INSERT INTO intents ",
    "(id, purpose, service, environment, revision, digest, state, owner, intended, latest) ",
    "SELECT ?15, ?16, ?5, ?6, ?7, ?17, 'intended', ?18, ?1, ?1 ",
    "WHERE NOT EXISTS (SELECT 1 FROM entries WHERE ",
    conflict!(),
    ") AND NOT EXISTS (SELECT 1 FROM intents WHERE purpose = ?16 AND service = ?5 ",
    "AND environment = ?6 AND state IN ",
    open_states!(),
    "); ",
    insert_entry!("WHERE changes() = 1")
);

const PERMIT: Statements = statements!(
    "UPDATE intents SET state = 'sending', owner = ?18, latest = ?1 ",
    "WHERE id = ?15 AND purpose = ?16 AND service = ?5 AND environment = ?6 ",
    "AND state = 'intended' AND digest = ?17 ",
    "AND NOT EXISTS (SELECT 1 FROM entries AS e WHERE e.seq > ?19 AND (e.control = 1 OR ",
    agreement!(),
    ") ",
    "AND (e.service IS NULL OR e.service = intents.service) ",
    "AND (e.environment IS NULL OR e.environment = intents.environment) ",
    "AND (e.revision IS NULL OR e.revision = intents.revision)); ",
    insert_entry!("WHERE changes() = 1")
);

const FOLLOW: Statements = statements!(
    "UPDATE intents SET state = ?17, latest = ?1 ",
    "WHERE id = ?15 AND purpose = ?16 AND service = ?5 AND environment = ?6 ",
    "AND state IN (?18, ?19); ",
    insert_entry!("WHERE changes() = 1")
);

type Query = sqlx::query::Query<'static, Sqlite, SqliteArguments>;

/// The last entry, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub seq: Seq,
    pub hash: Digest,
}

/// Appends an entry. When it fails, the transaction may still be open: the caller rolls it back.
pub async fn append(
    connection: &mut SqliteConnection,
    us: &InstanceId,
    draft: Draft,
    precondition: &Precondition,
    known: Option<&Head>,
) -> Result<Entry, Failure> {
    let draft = rules::scoped(draft);
    let texts = Texts::of(&draft)?;
    let step = Move::of(&draft.event, precondition, us)?;

    if let Some(head) = known
        && !looks_back(&draft.event, &step)
        && let Some(entry) = at_once(connection, us, head, &draft, &texts, &step).await?
    {
        return Ok(entry);
    }
    let head = sqlx::query(BEGIN).fetch_optional(&mut *connection).await?;
    let head = match head {
        Some(row) => Head {
            seq: Seq(row.try_get(0)?),
            hash: Digest::new(row.try_get::<&str, _>(1)?),
        },
        None => Head {
            seq: Seq(0),
            hash: chain::genesis(),
        },
    };
    step.check_seen(head.seq)?;
    if let Event::HoldExpired { .. } = draft.event {
        check_expiry(connection, &draft).await?;
    }
    if rules::keeps_end(&draft.event) {
        check_kept_end(connection, &draft).await?;
    }
    if rules::is_of_run(&draft.event) {
        check_run(connection, &draft).await?;
    }
    if let Move::Intend { intent, .. } = &step {
        use_overrides(connection, &draft, intent).await?;
    }

    let next = Next::after(&head, &draft, &texts);
    // All rows are read, so that the statements run to the COMMIT at their end.
    let query = next.query(us, &draft, &texts, &step, |statements| statements.rest)?;
    match query.fetch_all(&mut *connection).await {
        Ok(rows) if rows.len() == 1 => Ok(next.entry(draft, head.hash)),
        Ok(_) => Err(step.why_not(connection, &draft).await?.into()),
        Err(error) if is_constraint(&error) => {
            sqlx::raw_sql("ROLLBACK").execute(&mut *connection).await?;
            let why = step.why_not(connection, &draft).await?;
            match why {
                Error::NotPermitted { .. } => Err(Error::Database(error).into()),
                why => Err(why.into()),
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether an entry is checked against earlier ones by more than its statements.
fn looks_back(event: &Event, step: &Move<'_>) -> bool {
    matches!(event, Event::HoldExpired { .. })
        || rules::keeps_end(event)
        || rules::is_of_run(event)
        || matches!(step, Move::Intend { intent, .. } if !intent.overrides.is_empty())
}

/// Appends an entry after the one that is known as the last, in one turn of SQLite's thread. `None` says
/// that nothing was written: something came after that one, or the entry may not be.
async fn at_once(
    connection: &mut SqliteConnection,
    us: &InstanceId,
    head: &Head,
    draft: &Draft,
    texts: &Texts,
    step: &Move<'_>,
) -> Result<Option<Entry>, Failure> {
    if step.check_seen(head.seq).is_err() {
        return Ok(None);
    }
    let next = Next::after(head, draft, texts);
    let query = next.query(us, draft, texts, step, |statements| statements.whole)?;
    match query.fetch_all(&mut *connection).await {
        Ok(rows) if rows.len() == 1 => Ok(Some(next.entry(draft.clone(), head.hash.clone()))),
        Ok(_) => Ok(None),
        Err(error) if is_constraint(&error) => {
            sqlx::raw_sql("ROLLBACK").execute(connection).await?;
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// What an entry gets by its place.
struct Next {
    seq: Seq,
    previous: String,
    hash: Digest,
}

impl Next {
    fn after(head: &Head, draft: &Draft, texts: &Texts) -> Self {
        let seq = Seq(head.seq.0 + 1);
        Self {
            seq,
            previous: head.hash.to_string(),
            hash: chain::hash(head.hash.as_str(), seq, draft, texts),
        }
    }

    fn entry(self, draft: Draft, previous: Digest) -> Entry {
        Entry {
            seq: self.seq,
            draft,
            previous,
            hash: self.hash,
        }
    }

    /// The statements of a move with all that they need.
    fn query(
        &self,
        us: &InstanceId,
        draft: &Draft,
        texts: &Texts,
        step: &Move<'_>,
        part: impl Fn(Statements) -> &'static str,
    ) -> Result<Query, Error> {
        let entry = |statements: Statements| {
            sqlx::query(part(statements))
                .bind(self.seq.0)
                .bind(texts.at.clone())
                .bind(draft.actor.to_string())
                .bind(texts.kind.clone())
                .bind(text(draft.service.as_ref()))
                .bind(text(draft.environment.as_ref()))
                .bind(text(draft.revision.as_ref()))
                .bind(draft.reason.clone())
                .bind(draft.policy.to_string())
                .bind(texts.body.clone())
                .bind(draft.event.is_control())
                .bind(rules::subject(draft))
                .bind(self.previous.clone())
                .bind(self.hash.to_string())
        };
        Ok(match step {
            Move::Note => entry(NOTE),
            Move::Tell { seen } => entry(TELL).bind(seen.0),
            Move::Intend { intent, seen } => entry(INTEND)
                .bind(intent.id.to_string())
                .bind(intent.purpose.word())
                .bind(intent.digest.to_string())
                .bind(us.to_string())
                .bind(seen.0),
            Move::Permit {
                id,
                purpose,
                digest,
                seen,
                agreed,
            } => entry(PERMIT)
                .bind(id.to_string())
                .bind(purpose.word())
                .bind(digest.to_string())
                .bind(us.to_string())
                .bind(seen.0)
                .bind(*agreed),
            Move::Follow { id, purpose, step } => {
                let (first, last) = match step.may_follow() {
                    [] => return Err(not_permitted("nothing may come before it")),
                    [only] => (only, only),
                    [first, last] => (first, last),
                    [..] => return Err(not_permitted("it may follow too many states")),
                };
                entry(FOLLOW)
                    .bind(id.to_string())
                    .bind(purpose.word())
                    .bind(step.state().word())
                    .bind(first.word())
                    .bind(last.word())
            }
        })
    }
}

/// Why an append did not happen: a refusal leaves the connection good, a fault may not.
#[derive(Debug)]
pub enum Failure {
    Refused(Error),
    Fault(sqlx::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Fault(error)
    }
}

fn text(name: Option<&impl ToString>) -> Option<String> {
    name.map(ToString::to_string)
}

/// Checks that a hold has ended, and that its end is not noted yet.
async fn check_expiry(connection: &mut SqliteConnection, draft: &Draft) -> Result<(), Failure> {
    let what = rules::subject(draft).unwrap_or_default();
    let last = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM entries WHERE subject = ?1 ORDER BY seq DESC LIMIT 1"
    ))
    .bind(what.clone())
    .fetch_optional(connection)
    .await?;
    let last = last.as_ref().map(row::decode).transpose()?;
    Ok(rules::check_expiry(&what, draft, last.as_ref())?)
}

/// Checks that an edit which keeps the end of a hold keeps the one that it has.
async fn check_kept_end(connection: &mut SqliteConnection, draft: &Draft) -> Result<(), Failure> {
    let what = rules::subject(draft).unwrap_or_default();
    let [placed, edited] = rules::ENDS;
    let last = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM entries WHERE subject = ?1 AND kind IN (?2, ?3) ORDER BY seq DESC LIMIT 1"
    ))
    .bind(what.clone())
    .bind(placed)
    .bind(edited)
    .fetch_optional(connection)
    .await?;
    let last = last.as_ref().map(row::decode).transpose()?;
    Ok(rules::check_kept_end(&what, draft, last.as_ref())?)
}

/// Checks that a release has one open run at most.
async fn check_run(connection: &mut SqliteConnection, draft: &Draft) -> Result<(), Failure> {
    let last = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM entries WHERE subject = ?1 ORDER BY seq DESC LIMIT 1"
    ))
    .bind(rules::subject(draft))
    .fetch_optional(connection)
    .await?;
    let last = last.as_ref().map(row::decode).transpose()?;
    Ok(rules::check_run(draft, last.as_ref())?)
}

/// Uses up the overrides of an intent. The rows refer to it, so that without it nothing is committed.
async fn use_overrides(
    connection: &mut SqliteConnection,
    draft: &Draft,
    intent: &Intent,
) -> Result<(), Failure> {
    for id in &intent.overrides {
        let by: Option<String> =
            sqlx::query_scalar("SELECT intent FROM override_uses WHERE override = ?1")
                .bind(id.to_string())
                .fetch_optional(&mut *connection)
                .await?;
        if let Some(by) = by {
            return Err(rules::used_up(id, &by).into());
        }
        let rows = sqlx::query(concat!(
            "SELECT ",
            columns!(),
            " FROM entries WHERE subject = ?1 ORDER BY seq"
        ))
        .bind(format!("override:{id}"))
        .fetch_all(&mut *connection)
        .await?;
        let about: Vec<Entry> = rows.iter().map(row::decode).collect::<Result<_, _>>()?;
        rules::check_override(id, intent, draft, &about)?;
        sqlx::query("INSERT INTO override_uses (override, intent) VALUES (?1, ?2)")
            .bind(id.to_string())
            .bind(intent.id.to_string())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

fn is_constraint(error: &sqlx::Error) -> bool {
    super::code(error) == Some(19)
}
