use std::fs;

use sqlx::Connection as _;
use tempfile::TempDir;

use super::*;
use crate::domain::act::Handle;
use crate::domain::ids::Digest;
use crate::domain::ledger::Ledger;
use crate::domain::promotion::{State, Step};
use crate::journal::contract::fixtures::*;
use crate::journal::{chain, contract};

mod races;
mod reopening;
mod tampering;

const US: &str = "us";

fn options(instance: &str) -> Options {
    Options {
        instance: instance.into(),
        actor: "ann".into(),
        at: at(1_000),
    }
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state/gonogo/journal.db");
    (folder, path)
}

async fn open(path: &Path, instance: &str) -> Opened {
    Sqlite::open(path, options(instance)).await.unwrap()
}

/// A connection that goes around the journal, as somebody with another program would.
async fn tamperer(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(path)
        .connect()
        .await
        .unwrap()
}

async fn run(path: &Path, sql: &'static str) -> Result<(), sqlx::Error> {
    let mut connection = tamperer(path).await;
    let result = sqlx::raw_sql(sql).execute(&mut connection).await;
    connection.close().await.unwrap();
    result.map(|_| ())
}

macro_rules! contract {
    ($($name:ident($($us:ident)?);)*) => {$(
        #[tokio::test]
        async fn $name() {
            let (_folder, path) = folder();
            let journal = open(&path, US).await.journal;
            contract::$name(&journal $(, $us)?).await;
        }
    )*};
}

contract! {
    entries_are_numbered_chained_and_read_back_as_they_were();
    the_scope_of_an_entry_is_that_of_what_it_is_about();
    a_release_has_one_open_run_and_only_that_is_handed_over_or_ended();
    a_cell_takes_one_open_promotion_and_says_whose();
    what_is_written_of_a_brake_is_no_change_for_a_promotion();
    an_intent_is_refused_after_anything_on_its_cell_or_any_control_that_covers_it();
    an_intent_that_saw_more_than_there_is_is_refused();
    a_hold_between_intent_and_permit_always_wins(US);
    a_no_go_on_a_release_between_intent_and_permit_stops_it(US);
    a_word_on_a_release_between_intent_and_permit_stops_what_was_agreed(US);
    a_vote_between_intent_and_permit_stops_it(US);
    an_override_is_for_one_use();
    a_refused_intent_leaves_its_override_unused();
    an_override_is_only_used_as_it_was_granted();
    a_withdrawn_override_between_intent_and_permit_stops_it(US);
    a_permit_is_given_once_and_only_for_what_was_seen(US);
    a_step_without_its_own_precondition_is_refused(US);
    only_the_steps_that_may_follow_are_taken(US);
    what_is_noted_once_is_noted_once();
    p8_out_of_band_is_said_only_by_who_has_read_everything();
    any_text_survives();
}

#[tokio::test]
async fn what_others_write_is_seen_at_the_next_look() {
    let (_folder, path) = folder();
    let board = open(&path, "board").await.journal;
    assert_eq!(board.head().await.unwrap(), Seq(0));
    let command = open(&path, "command").await;
    assert_eq!(command.others, 1);
    assert_eq!(board.others(), 1);
    let placed = hold("h1", cover(None, None, None));
    let placed = command
        .journal
        .append(placed, Precondition::None)
        .await
        .unwrap();
    assert_eq!(board.head().await.unwrap(), placed.seq);
    assert_eq!(
        board.since(Seq(0), 10).await.unwrap().pop(),
        Some(placed.clone())
    );
    let log = Sqlite::read_only(&path).await.unwrap();
    assert_eq!(log.others(), 2);
    drop(command);
    assert_eq!(board.others(), 0);
    assert_eq!(everything(&log).await, [placed]);
    assert_eq!(log.verify().await.unwrap(), 1);
    let refused = log
        .append(hold("h2", cover(None, None, None)), Precondition::None)
        .await;
    assert!(matches!(refused, Err(Error::ReadOnly)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_may_open_a_new_journal_at_once() {
    let (_folder, path) = folder();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..6 {
        let path = path.clone();
        tasks.spawn(async move { open(&path, &format!("i{number}")).await.journal });
    }
    let journals = tasks.join_all().await;
    for (number, journal) in journals.iter().enumerate() {
        let note = hold(&format!("h{number}"), cover(None, None, None));
        journal.append(note, Precondition::None).await.unwrap();
    }
    assert_eq!(journals[0].verify().await.unwrap(), 6);
}

/// A future that is dropped half-way leaves no open transaction and no half entry behind.
#[tokio::test]
async fn an_append_that_is_dropped_blocks_nobody() {
    let (_folder, path) = folder();
    let journal = open(&path, US).await.journal;
    let other = open(&path, "other").await.journal;
    for polls in 0..40 {
        let note = hold(&format!("dropped-{polls}"), cover(None, None, None));
        let mut append = journal.append(note, Precondition::None);
        for _ in 0..polls {
            if futures_util::poll!(&mut append).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(append);
        let note = hold(&format!("after-{polls}"), cover(None, None, None));
        other.append(note, Precondition::None).await.unwrap();
    }
    let note = hold("last", cover(None, None, None));
    journal.append(note, Precondition::None).await.unwrap();
    assert!(journal.verify().await.unwrap() >= 41);
}

#[cfg(unix)]
#[tokio::test]
async fn the_journal_is_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_folder, path) = folder();
    fs::create_dir_all(path.parent().unwrap().parent().unwrap()).unwrap();
    let journal = open(&path, US).await.journal;
    journal
        .append(hold("h1", cover(None, None, None)), Precondition::None)
        .await
        .unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = path.parent().unwrap();
    assert_eq!(mode(folder), 0o700);
    let mut files = 0;
    for file in fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        assert_eq!(mode(&file), 0o600, "{}", file.display());
        files += 1;
    }
    assert!(files >= 3, "the file, its log and the lock");
    drop(journal);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    open(&path, US).await;
    assert_eq!(mode(&path), 0o600);
}

#[tokio::test]
async fn entries_survive_without_a_clean_end_and_are_synced_in_full() {
    let (_folder, path) = folder();
    let journal = open(&path, US).await.journal;
    let mut slot = journal.writer.lock().await;
    let connection = slot.as_mut().unwrap();
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
        .fetch_one(&mut *connection)
        .await
        .unwrap();
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous")
        .fetch_one(&mut *connection)
        .await
        .unwrap();
    let keys: i64 = sqlx::query_scalar("PRAGMA foreign_keys")
        .fetch_one(&mut *connection)
        .await
        .unwrap();
    assert_eq!((mode.as_str(), synchronous, keys), ("wal", 2, 1));
    drop(slot);
    let note = journal
        .append(hold("h1", cover(None, None, None)), Precondition::None)
        .await
        .unwrap();
    // A copy of the files as they lie there now is what a crash would leave.
    let crashed = tempfile::tempdir().unwrap();
    for ending in ["", "-wal"] {
        let from = PathBuf::from(format!("{}{ending}", path.display()));
        fs::copy(from, crashed.path().join(format!("journal.db{ending}"))).unwrap();
    }
    let reopened = open(&crashed.path().join("journal.db"), "other")
        .await
        .journal;
    assert_eq!(everything(&reopened).await, [note]);
}

#[tokio::test]
async fn ten_thousand_entries_are_opened_and_folded() {
    let (_folder, path) = folder();
    drop(open(&path, US).await);
    let mut connection = tamperer(&path).await;
    sqlx::raw_sql("PRAGMA synchronous = OFF")
        .execute(&mut connection)
        .await
        .unwrap();
    let us = InstanceId::from(US);
    for number in 0..10_000 {
        let note = hold(&format!("h{number}"), cover(Some("checkout"), None, None));
        append::append(&mut connection, &us, note, &Precondition::None, None)
            .await
            .unwrap();
    }
    connection.close().await.unwrap();
    let journal = open(&path, US).await.journal;
    let ledger = Ledger::of(&everything(&journal).await);
    assert_eq!(ledger.head, Seq(10_000));
    assert_eq!(ledger.holds.len(), 10_000);
}

#[tokio::test]
async fn what_is_known_of_the_last_entry_decides_nothing() {
    let (_folder, path) = folder();
    let journal = open(&path, US).await.journal;
    let note = |id: &str| hold(id, cover(Some("checkout"), None, None));
    journal
        .append(note("h1"), Precondition::None)
        .await
        .unwrap();
    let mut connection = tamperer(&path).await;
    let us = InstanceId::from("another");
    let head = |seq, hash: &Digest| Head {
        seq: Seq(seq),
        hash: hash.clone(),
    };
    // Too old, and of a journal that has lost its end.
    let mut last = None;
    for (id, known) in [
        ("h2", head(0, &chain::genesis())),
        ("h3", head(7, &chain::genesis())),
    ] {
        let entry = append::append(
            &mut connection,
            &us,
            note(id),
            &Precondition::None,
            Some(&known),
        );
        last = Some(entry.await.unwrap());
    }
    let last = last.unwrap();
    assert_eq!(last.seq, Seq(3));
    let known = head(3, &last.hash);
    let none = Precondition::None;
    let fourth = append::append(&mut connection, &us, note("h4"), &none, Some(&known));
    assert_eq!(fourth.await.unwrap().seq, Seq(4));
    // An id that was given, by one who knows the last entry and by one who does not any more.
    for known in [head(1, &chain::genesis()), known] {
        let again = append::append(&mut connection, &us, note("h1"), &none, Some(&known)).await;
        assert!(again.is_err(), "{again:?}");
        sqlx::raw_sql("ROLLBACK")
            .execute(&mut connection)
            .await
            .ok();
    }
    connection.close().await.unwrap();
    // This one has not read what the other wrote.
    let fifth = journal.append(note("h5"), Precondition::None).await;
    assert_eq!(fifth.unwrap().seq, Seq(5));
    assert_eq!(journal.verify().await.unwrap(), 5);
}

#[tokio::test]
async fn a_writer_that_does_not_get_its_turn_says_that_it_is_busy() {
    let (_folder, path) = folder();
    let journal = open(&path, US).await.journal;
    let mut hog = tamperer(&path).await;
    sqlx::raw_sql("BEGIN IMMEDIATE")
        .execute(&mut hog)
        .await
        .unwrap();
    let mut slot = journal.writer.lock().await;
    let impatient = sqlx::raw_sql("PRAGMA busy_timeout = 20");
    impatient.execute(slot.as_mut().unwrap()).await.unwrap();
    drop(slot);
    let note = hold("h1", cover(None, None, None));
    let busy = journal.append(note.clone(), Precondition::None).await;
    assert!(matches!(busy, Err(Error::Busy)), "{busy:?}");
    // Reading goes on meanwhile, and so does writing afterwards.
    assert_eq!(journal.head().await.unwrap(), Seq(0));
    hog.close().await.unwrap();
    journal.append(note, Precondition::None).await.unwrap();
}
