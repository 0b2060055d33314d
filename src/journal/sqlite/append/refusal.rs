//! Why an append was refused, read after the fact: entries stay, so the reason is still there.

use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::super::row::{self, columns};
use super::{Failure, Query, text};
use crate::domain::entry::{Draft, Entry, Event};
use crate::domain::ids::{IntentId, Seq};
use crate::domain::promotion::{Intent, State};
use crate::journal::Error;
use crate::journal::rules::{self, Move, not_permitted};

impl Move<'_> {
    /// Finds out why nothing was changed. Entries stay, so the reason is still there to be read.
    pub(super) async fn why_not(
        &self,
        connection: &mut SqliteConnection,
        draft: &Draft,
    ) -> Result<Error, Failure> {
        match self {
            Self::Note => already_noted(connection, draft).await,
            Self::Tell { seen } => {
                let noted = already_noted(connection, draft).await?;
                if let Error::AlreadyNoted { .. } = noted {
                    return Ok(noted);
                }
                let query = sqlx::query(concat!(
                    "SELECT ",
                    columns!(),
                    " FROM entries WHERE seq > ?19 AND service = ?5 AND environment = ?6 ",
                    "ORDER BY seq LIMIT 1"
                ));
                first_conflict(connection, cell(query, draft, ("", ""), *seen)).await
            }
            Self::Intend { intent, seen } => {
                if let Some((seq, _, _)) = standing(connection, &intent.id).await? {
                    let what = format!("intent {}", intent.id);
                    return Ok(Error::AlreadyNoted { what, seq });
                }
                if let Some(taken) = taken(connection, intent).await? {
                    return Ok(taken);
                }
                let query = sqlx::query(concat!(
                    "SELECT ",
                    columns!(),
                    " FROM entries WHERE ",
                    conflict!(),
                    " ORDER BY control DESC, seq LIMIT 1"
                ));
                let about = (intent.to.sha.as_str(), intent.purpose.word());
                first_conflict(connection, cell(query, draft, about, *seen)).await
            }
            Self::Permit {
                id,
                purpose,
                digest,
                seen,
                agreed,
            } => {
                let Some((_, state, row)) = standing(connection, id).await? else {
                    return Ok(not_permitted(format!("there is no intent {id}")));
                };
                if state != State::Intended.word() {
                    return Ok(not_permitted(format!(
                        "the {purpose} is {state}: it is not sent again"
                    )));
                }
                if row.try_get::<&str, _>("digest")? != digest.as_str() {
                    return Ok(not_permitted(
                        "it is not what was seen when it was intended",
                    ));
                }
                let revision: String = row.try_get("revision")?;
                let query = sqlx::query(concat!(
                    "SELECT ",
                    columns!(),
                    " FROM entries AS e WHERE seq > ?19 AND (",
                    covers!(),
                    " OR (environment IS NULL OR environment = ?6) AND ",
                    agreement!(),
                    ") ORDER BY seq LIMIT 1"
                ));
                let query = cell(query, draft, (&revision, ""), *seen).bind(*agreed);
                first_conflict(connection, query).await
            }
            Self::Follow { id, purpose, step } => match standing(connection, id).await? {
                None => Ok(not_permitted(format!("there is no intent {id}"))),
                Some((_, state, _)) => Ok(not_permitted(format!(
                    "the {purpose} {id} is {state}: {} may not follow on that cell",
                    step.word()
                ))),
            },
        }
    }
}

/// Binds what `conflict!` names, at its numbers.
fn cell(query: Query, draft: &Draft, (revision, purpose): (&str, &str), seen: Seq) -> Query {
    let unused = None::<String>;
    let mut query = query;
    for number in 1..=19 {
        query = match number {
            5 => query.bind(text(draft.service.as_ref())),
            6 => query.bind(text(draft.environment.as_ref())),
            7 => query.bind(revision.to_owned()),
            16 => query.bind(purpose.to_owned()),
            19 => query.bind(seen.0),
            _ => query.bind(unused.clone()),
        };
    }
    query
}

async fn first_conflict(connection: &mut SqliteConnection, query: Query) -> Result<Error, Failure> {
    Ok(match query.fetch_optional(connection).await? {
        Some(row) => Error::Conflict {
            by: Box::new(row::decode(&row)?),
        },
        None => not_permitted("the cell has changed and changed back: look again"),
    })
}

/// Returns the last entry, the state and the row of an intent.
async fn standing(
    connection: &mut SqliteConnection,
    id: &IntentId,
) -> Result<Option<(Seq, String, SqliteRow)>, Failure> {
    let row = sqlx::query("SELECT latest, state, digest, revision FROM intents WHERE id = ?1")
        .bind(id.to_string())
        .fetch_optional(connection)
        .await?;
    Ok(match row {
        Some(row) => Some((Seq(row.try_get(0)?), row.try_get(1)?, row)),
        None => None,
    })
}

async fn taken(
    connection: &mut SqliteConnection,
    intent: &Intent,
) -> Result<Option<Error>, Failure> {
    let row = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM entries WHERE seq = (SELECT intended FROM intents WHERE purpose = ?1 ",
        "AND service = ?2 AND environment = ?3 AND state IN ",
        open_states!(),
        ")"
    ))
    .bind(intent.purpose.word())
    .bind(intent.service.to_string())
    .bind(intent.environment.to_string())
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let Entry { seq, draft, .. } = row::decode(&row)?;
    match draft.event {
        Event::Intended { intent } => Ok(Some(Error::CellTaken {
            intent: intent.id,
            purpose: intent.purpose,
            service: intent.service,
            environment: intent.environment,
            actor: draft.actor,
            since: draft.at,
            reason: intent.reason,
        })),
        _ => Err(Error::Broken {
            seq,
            what: "an intent refers to it, but it is none".to_owned(),
        }
        .into()),
    }
}

async fn already_noted(connection: &mut SqliteConnection, draft: &Draft) -> Result<Error, Failure> {
    let what = rules::subject(draft).unwrap_or_default();
    let seq: Option<i64> =
        sqlx::query_scalar("SELECT seq FROM entries WHERE subject = ?1 ORDER BY seq LIMIT 1")
            .bind(what.clone())
            .fetch_optional(connection)
            .await?;
    Ok(match seq {
        Some(seq) => Error::AlreadyNoted {
            what,
            seq: Seq(seq),
        },
        None => not_permitted("the journal did not take the entry"),
    })
}
