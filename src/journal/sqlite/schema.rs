//! The tables, brought up to date when the journal is opened.

use std::path::Path;

use sqlx::{Row as _, SqliteConnection};

use super::fault;
use crate::journal::Error;

/// Every migration, oldest first. The n-th leaves `user_version` at n.
const MIGRATIONS: [&str; 2] = [
    include_str!("../../../assets/migrations/0001_journal.sql"),
    include_str!("../../../assets/migrations/0002_overrides.sql"),
];

/// What `PRAGMA application_id` is in a journal.
const APPLICATION: i64 = 1_735_356_015;

/// Makes or updates the tables. All migrations are one transaction: a crash leaves none or all.
pub async fn migrate(connection: &mut SqliteConnection, path: &Path) -> Result<(), Error> {
    let failed = |error| fault(path, error);
    // Before anything is written: another program's database stays as it is.
    check(connection, path, true).await?;
    sqlx::raw_sql("PRAGMA journal_mode = WAL")
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    sqlx::raw_sql("BEGIN IMMEDIATE")
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    let known = check(connection, path, true).await?;
    for migration in MIGRATIONS.into_iter().skip(known) {
        sqlx::raw_sql(migration)
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
    }
    sqlx::raw_sql("COMMIT")
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Says whether a file has no tables yet: somebody may be about to make them.
pub async fn is_unmade(connection: &mut SqliteConnection, path: &Path) -> Result<bool, Error> {
    let (application, _, tables) = told(connection, path).await?;
    Ok(is_blank(application, tables))
}

fn is_blank(application: i64, tables: i64) -> bool {
    application != APPLICATION && tables == 0
}

/// What the file says of itself: of which application it is, its version, and how many tables it has.
async fn told(connection: &mut SqliteConnection, path: &Path) -> Result<(i64, i64, i64), Error> {
    let row = sqlx::query(
        "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema) \
         FROM pragma_application_id, pragma_user_version",
    )
    .fetch_one(connection)
    .await
    .map_err(|error| fault(path, error))?;
    let cell = |index: usize| row.try_get::<i64, _>(index).map_err(Error::Database);
    Ok((cell(0)?, cell(1)?, cell(2)?))
}

/// Returns how many migrations the file has seen. Refuses one that is not a journal, that a newer
/// gonogo has made, or, unless it `may_be_old`, that has yet to be brought up to date.
pub async fn check(
    connection: &mut SqliteConnection,
    path: &Path,
    may_be_old: bool,
) -> Result<usize, Error> {
    let refused = |why: &str, hint| Error::Unreachable {
        path: path.to_owned(),
        why: why.to_owned(),
        hint: Some(hint),
    };
    let (application, version, tables) = told(connection, path).await?;
    if is_blank(application, tables) && !may_be_old {
        return Err(refused(
            "it is empty: nobody has made its tables yet",
            "open the board once without --read-only",
        ));
    }
    if application != APPLICATION && tables > 0 {
        return Err(refused(
            "it is a database, but not a gonogo journal",
            "name another file in [journal] url",
        ));
    }
    match usize::try_from(version) {
        Ok(version) if version > MIGRATIONS.len() => {
            Err(refused("a newer gonogo has written it", "update gonogo"))
        }
        Ok(version) if version == MIGRATIONS.len() || may_be_old => Ok(version),
        _ => Err(refused(
            "an older gonogo has written it",
            "open the board once to bring it up to date",
        )),
    }
}
