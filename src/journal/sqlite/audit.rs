//! Verifying: the chain from its first entry, and the intents against what the entries say.

use std::collections::BTreeMap;
use std::path::Path;

use futures_util::TryStreamExt as _;
use futures_util::stream::BoxStream;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::fault;
use super::row::{self, columns};
use crate::domain::entry::{Entry, Event};
use crate::domain::ids::{IntentId, OverrideId, Seq};
use crate::domain::promotion::State;
use crate::journal::Error;
use crate::journal::chain::{Texts, Walk};

/// How many entries are held in memory at once.
const PAGE: i64 = 2_000;

/// Returns at most `limit` entries after `seq`, each with the texts that its hash is made of.
pub async fn stored(
    connection: &mut SqliteConnection,
    path: &Path,
    seq: Seq,
    limit: i64,
) -> Result<Vec<(Entry, Texts)>, Error> {
    let rows = told(connection, seq, limit).map_err(|error| fault(path, error));
    rows.and_then(async |row| row::decode_with_texts(&row))
        .try_collect()
        .await
}

/// As `stored`, each entry checked against its hash and the one before it. What comes before `seq` was
/// checked when it was read.
pub async fn checked(
    connection: &mut SqliteConnection,
    path: &Path,
    seq: Seq,
    limit: i64,
) -> Result<Vec<Entry>, Error> {
    let mut walk: Option<Walk> = (seq.0 <= 0).then(Walk::default);
    let mut page = Vec::new();
    // SQLite's thread reads on while this one decodes and hashes.
    let mut rows = told(connection, seq, limit);
    while let Some(row) = rows.try_next().await.map_err(|error| fault(path, error))? {
        // Not what this version derives from it: another may have derived something else.
        let (entry, texts) = row::decode_with_texts(&row)?;
        let hash = || entry.previous.clone();
        let walk = walk.get_or_insert_with(|| Walk { seq, hash: hash() });
        walk.step(&entry, &texts)?;
        page.push(entry);
    }
    Ok(page)
}

/// What entries tell, row by row.
fn told(
    connection: &mut SqliteConnection,
    seq: Seq,
    limit: i64,
) -> BoxStream<'_, Result<SqliteRow, sqlx::Error>> {
    sqlx::query(concat!(
        "SELECT ",
        columns!(),
        ", kind FROM entries WHERE seq > ?1 ORDER BY seq LIMIT ?2"
    ))
    .bind(seq.0)
    .bind(limit)
    .fetch(connection)
}

/// The same with what is derived from them.
async fn rows(
    connection: &mut SqliteConnection,
    path: &Path,
    seq: Seq,
    limit: i64,
) -> Result<Vec<SqliteRow>, Error> {
    sqlx::query(concat!(
        "SELECT ",
        columns!(),
        ", kind, control, subject FROM entries WHERE seq > ?1 ORDER BY seq LIMIT ?2"
    ))
    .bind(seq.0)
    .bind(limit)
    .fetch_all(connection)
    .await
    .map_err(|error| fault(path, error))
}

/// Checks everything in one snapshot and returns how many entries there are.
pub async fn verify(connection: &mut SqliteConnection, path: &Path) -> Result<u64, Error> {
    let failed = |error| fault(path, error);
    sqlx::raw_sql("BEGIN")
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    let mut walk = Walk::default();
    let mut intents: BTreeMap<IntentId, (State, Seq)> = BTreeMap::new();
    let mut uses: BTreeMap<OverrideId, IntentId> = BTreeMap::new();
    loop {
        let rows = rows(connection, path, walk.seq, PAGE).await?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            let (entry, texts) = row::decode_stored(row)?;
            walk.step(&entry, &texts)?;
            follow(&mut intents, &entry.draft.event, entry.seq)?;
            use_up(&mut uses, &entry.draft.event, entry.seq)?;
        }
    }
    compare(connection, path, &intents, walk.seq).await?;
    compare_uses(connection, path, &uses, walk.seq).await?;
    sqlx::raw_sql("COMMIT")
        .execute(connection)
        .await
        .map_err(failed)?;
    u64::try_from(walk.seq.0).map_err(|_| Error::Broken {
        seq: walk.seq,
        what: "its number is negative".to_owned(),
    })
}

/// Moves the intent that an entry is about, as the send-once rule allows.
fn follow(
    intents: &mut BTreeMap<IntentId, (State, Seq)>,
    event: &Event,
    seq: Seq,
) -> Result<(), Error> {
    match event {
        Event::Intended { intent } => {
            intents.insert(intent.id.clone(), (State::Intended, seq));
            Ok(())
        }
        Event::Stepped { id, step, .. } => match intents.get_mut(id) {
            Some((state, latest)) if step.may_follow().contains(state) => {
                (*state, *latest) = (step.state(), seq);
                Ok(())
            }
            standing => Err(Error::Broken {
                seq,
                what: format!(
                    "{} may not follow {} of intent {id}",
                    step.word(),
                    standing.map_or("nothing", |(state, _)| state.word())
                ),
            }),
        },
        _ => Ok(()),
    }
}

/// An override is for one use.
fn use_up(uses: &mut BTreeMap<OverrideId, IntentId>, event: &Event, seq: Seq) -> Result<(), Error> {
    let Event::Intended { intent } = event else {
        return Ok(());
    };
    for id in &intent.overrides {
        if let Some(by) = uses.insert(id.clone(), intent.id.clone()) {
            return Err(Error::Broken {
                seq,
                what: format!("override {id} was for one use, and {by} had used it"),
            });
        }
    }
    Ok(())
}

async fn compare_uses(
    connection: &mut SqliteConnection,
    path: &Path,
    uses: &BTreeMap<OverrideId, IntentId>,
    head: Seq,
) -> Result<(), Error> {
    let rows = sqlx::query("SELECT override, intent FROM override_uses")
        .fetch_all(connection)
        .await
        .map_err(|error| fault(path, error))?;
    let mut stored = BTreeMap::new();
    for row in &rows {
        let id: OverrideId = row.try_get::<&str, _>(0).map_err(Error::Database)?.into();
        let by: IntentId = row.try_get::<&str, _>(1).map_err(Error::Database)?.into();
        stored.insert(id, by);
    }
    if stored == *uses {
        return Ok(());
    }
    Err(Error::Broken {
        seq: head,
        what: "the overrides that were used are not those that the entries tell of".to_owned(),
    })
}

/// Permits are decided on the intents' rows: they must say what the entries say. A tail that was
/// cut off leaves a whole chain, but rows that know later entries.
async fn compare(
    connection: &mut SqliteConnection,
    path: &Path,
    intents: &BTreeMap<IntentId, (State, Seq)>,
    head: Seq,
) -> Result<(), Error> {
    let rows = sqlx::query("SELECT id, state, latest FROM intents ORDER BY latest")
        .fetch_all(connection)
        .await
        .map_err(|error| fault(path, error))?;
    for row in &rows {
        let id: IntentId = row.try_get::<&str, _>(0).map_err(Error::Database)?.into();
        let state: &str = row.try_get(1).map_err(Error::Database)?;
        let latest = Seq(row.try_get(2).map_err(Error::Database)?);
        if latest > head {
            return Err(Error::Broken {
                seq: Seq(head.0 + 1),
                what: format!("it is missing, but intent {id} was moved by entry {latest}"),
            });
        }
        let told = intents.get(&id).map(|(state, seq)| (state.word(), *seq));
        if told != Some((state, latest)) {
            return Err(Error::Broken {
                seq: latest,
                what: format!("the intent {id} stands at {state}, which the entries do not say"),
            });
        }
    }
    if rows.len() == intents.len() {
        return Ok(());
    }
    Err(Error::Broken {
        seq: head,
        what: format!("{} intents have lost their row", intents.len() - rows.len()),
    })
}
