//! What others do to the file: changed entries, damage, and files that are no journal.

use super::*;

#[tokio::test]
async fn entries_are_neither_changed_nor_deleted_nor_put_in_between() {
    let (_folder, path) = folder();
    let journal = open(&path, US).await.journal;
    let seen = intend(&journal, "i1").await;
    journal
        .append(sending("i1", US), permit(seen))
        .await
        .unwrap();
    for sql in [
        "UPDATE entries SET reason = 'nicer' WHERE seq = 1",
        "DELETE FROM entries WHERE seq = 2",
        "INSERT OR REPLACE INTO entries SELECT * FROM entries WHERE seq = 1",
        "INSERT INTO entries SELECT 9, at, actor, kind, service, environment, revision, reason, \
         policy, body, control, subject, previous, hash FROM entries WHERE seq = 1",
        "UPDATE intents SET state = 'intended'",
        "UPDATE intents SET state = 'abandoned'",
        "UPDATE intents SET digest = 'other'",
        "DELETE FROM intents",
        "UPDATE intents SET state = 'unknown'; UPDATE intents SET state = 'sending'",
    ] {
        let before = everything(&journal).await;
        assert!(run(&path, sql).await.is_err(), "{sql}");
        assert_eq!(everything(&journal).await, before);
    }
}

#[tokio::test]
async fn verify_names_the_first_broken_entry() {
    for (sql, broken) in [
        ("UPDATE entries SET reason = 'nicer' WHERE seq = 3", 3),
        ("UPDATE entries SET at = 'never' WHERE seq = 2", 2),
        ("UPDATE entries SET body = '{' WHERE seq = 2", 2),
        ("UPDATE entries SET control = 0 WHERE seq = 4", 4),
        ("UPDATE entries SET subject = NULL WHERE seq = 4", 4),
        ("UPDATE entries SET service = 'other' WHERE seq = 4", 4),
        ("DELETE FROM entries WHERE seq = 2", 2),
        ("DELETE FROM entries WHERE seq >= 5", 5),
        ("UPDATE intents SET state = 'rejected'", 6),
        ("DELETE FROM intents", 6),
    ] {
        let (_folder, path) = folder();
        let journal = open(&path, US).await.journal;
        for number in 1..=4 {
            let note = hold(&format!("h{number}"), cover(None, None, None));
            journal.append(note, Precondition::None).await.unwrap();
        }
        let seen = intend(&journal, "i1").await;
        journal
            .append(sending("i1", US), permit(seen))
            .await
            .unwrap();
        assert_eq!(journal.verify().await.unwrap(), 6);
        run(
            &path,
            "DROP TRIGGER entries_are_not_changed; DROP TRIGGER entries_are_not_deleted; \
             DROP TRIGGER intents_are_not_deleted; DROP TRIGGER intents_never_go_back;",
        )
        .await
        .unwrap();
        let mut connection = tamperer(&path).await;
        sqlx::raw_sql("PRAGMA foreign_keys = OFF")
            .execute(&mut connection)
            .await
            .unwrap();
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let verdict = journal.verify().await;
        assert!(
            matches!(&verdict, Err(Error::Broken { seq, .. }) if *seq == Seq(broken)),
            "{sql}: {verdict:?}"
        );
    }
}

/// The states that SQL holds open are those of the domain: a state that is added there and
/// forgotten here would let two promotions into one cell.
#[tokio::test]
async fn open_means_the_same_in_sql_as_in_the_domain() {
    for state in [
        State::Intended,
        State::Sending,
        State::Accepted,
        State::Running,
        State::Unknown,
        State::Reconciling,
        State::Succeeded,
        State::Failed,
        State::Cancelled,
        State::Abandoned,
        State::Rejected,
        State::Absent,
    ] {
        let (_folder, path) = folder();
        let journal = open(&path, US).await.journal;
        intend(&journal, "i1").await;
        let mut connection = tamperer(&path).await;
        sqlx::raw_sql("DROP TRIGGER intents_never_go_back")
            .execute(&mut connection)
            .await
            .unwrap();
        sqlx::query("UPDATE intents SET state = ?1")
            .bind(state.word())
            .execute(&mut connection)
            .await
            .unwrap();
        let second = sqlx::raw_sql(
            "INSERT INTO intents SELECT 'i2', purpose, service, environment, revision, digest, \
             'intended', owner, intended, latest FROM intents",
        )
        .execute(&mut connection)
        .await;
        assert_eq!(second.is_err(), state.is_open(), "{state:?}");
        let seen = journal.head().await.unwrap();
        let third = intended("bob", "i3", "checkout", "production");
        if state.is_open() {
            let refused = journal.append(third, unchanged(seen)).await;
            assert!(
                matches!(refused, Err(Error::CellTaken { .. })),
                "{state:?} {refused:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_file_that_is_no_journal_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let told = |opened: Result<Opened, Error>| {
        let error = opened.err().unwrap();
        assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
        assert!(error.hint().is_some());
        error.to_string()
    };
    fs::write(
        &path,
        "not a database at all, but long enough to be read as one".repeat(100),
    )
    .unwrap();
    let words = told(Sqlite::open(&path, options(US)).await);
    assert!(words.contains("damaged or not a journal"), "{words}");

    let other = folder.path().join("other.db");
    fs::write(&other, "").unwrap();
    run(&other, "CREATE TABLE recipes (name TEXT)")
        .await
        .unwrap();
    let before = fs::read(&other).unwrap();
    let words = told(Sqlite::open(&other, options(US)).await);
    assert!(words.contains("not a gonogo journal"), "{words}");
    assert_eq!(fs::read(&other).unwrap(), before);

    let newer = folder.path().join("newer.db");
    drop(open(&newer, US).await);
    run(&newer, "PRAGMA user_version = 99").await.unwrap();
    let words = told(Sqlite::open(&newer, options(US)).await);
    assert!(words.contains("newer gonogo"), "{words}");

    let words = told(Sqlite::open(Path::new("/dev/null/journal.db"), options(US)).await);
    assert!(words.contains("/dev/null"), "{words}");
    let nothing = Sqlite::read_only(&folder.path().join("nothing.db")).await;
    assert!(matches!(nothing, Err(Error::Unreachable { .. })));
}

#[tokio::test]
async fn a_damaged_journal_says_so_and_is_not_written_over() {
    let (_folder, path) = folder();
    let journal = open(&path, US).await.journal;
    for number in 0..400 {
        let note = hold(&format!("h{number}"), cover(None, None, None));
        journal.append(note, Precondition::None).await.unwrap();
    }
    drop(journal);
    // The file is whole once the last connection has folded the log into it.
    let mut connection = tamperer(&path).await;
    sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let whole = fs::read(&path).unwrap();

    fs::write(&path, &whole[..whole.len() / 3]).unwrap();
    let error = read_all(&path).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("damaged"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), whole[..whole.len() / 3]);

    let mut scribbled = whole.clone();
    let middle = whole.len() / 2;
    scribbled[middle..middle + 8192].fill(0xaa);
    fs::write(&path, &scribbled).unwrap();
    let error = read_all(&path).await.unwrap_err();
    assert!(
        matches!(error, Error::Unreachable { .. } | Error::Broken { .. }),
        "{error:?}"
    );
}

async fn read_all(path: &Path) -> Result<u64, Error> {
    let opened = Sqlite::open(path, options("reader")).await?;
    opened.journal.verify().await
}
