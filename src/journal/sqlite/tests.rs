use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::Connection as _;
use tempfile::TempDir;

use super::*;
use crate::domain::act::Handle;
use crate::domain::ledger::Ledger;
use crate::domain::promotion::{State, Step};
use crate::journal::contract::{self, *};

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
    a_cell_takes_one_open_promotion_and_says_whose();
    an_intent_is_refused_after_anything_on_its_cell_or_any_control_that_covers_it();
    an_intent_that_saw_more_than_there_is_is_refused();
    a_hold_between_intent_and_permit_always_wins(US);
    a_vote_between_intent_and_permit_stops_it(US);
    a_permit_is_given_once_and_only_for_what_was_seen(US);
    a_step_without_its_own_precondition_is_refused(US);
    only_the_steps_that_may_follow_are_taken(US);
    what_is_noted_once_is_noted_once();
    any_text_survives();
}

/// Eight operators with a journal each on one file, all of whom saw the same and press at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_eight_operators_on_one_cell_exactly_one_gets_the_permit() {
    let (_folder, path) = folder();
    let mut operators = Vec::new();
    for number in 0..8 {
        let name = format!("operator-{number}");
        let opened = Sqlite::open(&path, options(&name)).await.unwrap();
        assert_eq!(opened.others, number);
        operators.push((name, Arc::new(opened.journal)));
    }
    for round in 0..60 {
        let service = format!("service-{round}");
        let seen = operators[0].1.head().await.unwrap();
        let permits = Arc::new(AtomicUsize::new(0));
        let racing = operators.iter().map(|(name, journal)| {
            let (name, journal, permits) = (name.clone(), journal.clone(), permits.clone());
            let service = service.clone();
            async move {
                let id = format!("{service}-{name}");
                let wish = intended(&name, &id, &service, "production");
                let seen = match journal.append(wish, unchanged(seen)).await {
                    Ok(entry) => entry.seq,
                    Err(Error::CellTaken { .. } | Error::Conflict { .. }) => return,
                    Err(error) => panic!("{error}"),
                };
                let owner = Step::Sending {
                    owner: name.as_str().into(),
                };
                let send = stepped(&id, &service, "production", owner);
                journal.append(send, permit(seen)).await.unwrap();
                permits.fetch_add(1, Ordering::SeqCst);
            }
        });
        let mut tasks = tokio::task::JoinSet::new();
        for operator in racing {
            tasks.spawn(operator);
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        assert_eq!(permits.load(Ordering::SeqCst), 1, "round {round}");
    }
    let journal = &operators[0].1;
    assert_eq!(journal.verify().await.unwrap(), 120);
    assert_eq!(Ledger::of(&everything(&**journal).await).open().count(), 60);
}

/// Eight instances race for the permit of one and the same intent: the second lock on the door.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_intent_is_permitted_once_whoever_asks() {
    let (_folder, path) = folder();
    let mut operators = Vec::new();
    for number in 0..8 {
        let name = format!("operator-{number}");
        operators.push((name.clone(), Arc::new(open(&path, &name).await.journal)));
    }
    for round in 0..30 {
        let id = format!("i{round}");
        let seen = intend(&*operators[0].1, &id).await;
        let mut tasks = tokio::task::JoinSet::new();
        for (name, journal) in &operators {
            let (send, journal) = (sending(&id, name), journal.clone());
            tasks.spawn(async move { journal.append(send, permit(seen)).await });
        }
        let answers = tasks.join_all().await;
        let permits = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(permits, 1, "{answers:?}");
        for refused in answers.into_iter().filter_map(Result::err) {
            assert!(matches!(refused, Error::NotPermitted { .. }), "{refused:?}");
        }
        step(&*operators[0].1, &id, Step::Rejected { why: String::new() })
            .await
            .unwrap();
    }
}

/// A hold and a permit race: whichever is first in the journal decides, and never both ways.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_permit_never_comes_after_a_hold_that_it_has_not_seen() {
    let (_folder, path) = folder();
    let sender = Arc::new(open(&path, "sender").await.journal);
    let holder = Arc::new(open(&path, "holder").await.journal);
    for round in 0..60 {
        let id = format!("i{round}");
        let seen = intend(&*sender, &id).await;
        let stop = hold(&format!("h{round}"), cover(None, Some("production"), None));
        let (one, two) = (sender.clone(), holder.clone());
        let send = sending(&id, "sender");
        let mut tasks = tokio::task::JoinSet::new();
        if round % 2 == 0 {
            tasks.spawn(async move { one.append(send, permit(seen)).await.is_ok() });
            tasks.spawn(async move { two.append(stop, Precondition::None).await.is_err() });
        } else {
            tasks.spawn(async move { two.append(stop, Precondition::None).await.is_err() });
            tasks.spawn(async move { one.append(send, permit(seen)).await.is_ok() });
        }
        tasks.join_all().await;
        let after = sender.since(seen, 10).await.unwrap();
        let kinds: Vec<String> = after.iter().map(|entry| entry.draft.event.kind()).collect();
        let held_first = kinds == ["hold.placed"];
        assert!(
            held_first || kinds == ["promotion.sending", "hold.placed"],
            "{kinds:?}"
        );
        let end = if held_first {
            Step::Abandoned { why: String::new() }
        } else {
            Step::Rejected { why: String::new() }
        };
        step(&*sender, &id, end).await.unwrap();
    }
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
    assert_eq!(board.since(Seq(0), 10).await.unwrap(), [placed.clone()]);
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

/// Stops after each step of a promotion and opens again: nothing is lost, and only what only the
/// dead one knew is settled.
#[tokio::test]
async fn a_journal_that_is_opened_again_is_where_it_was() {
    let handle = Handle::default();
    let path_of_steps = [
        Step::Sending {
            owner: "first".into(),
        },
        Step::Accepted {
            handle: handle.clone(),
        },
        Step::Running { handle },
        Step::Succeeded,
    ];
    for taken in 0..=path_of_steps.len() {
        let (_folder, path) = folder();
        let journal = open(&path, "first").await.journal;
        intend(&journal, "i1").await;
        for next in path_of_steps.iter().take(taken) {
            step(&journal, "i1", next.clone()).await.unwrap();
        }
        let before = everything(&journal).await;
        drop(journal);

        let Opened {
            journal,
            others,
            left,
        } = open(&path, "second").await;
        assert_eq!(others, 0);
        let after = everything(&journal).await;
        assert_eq!(after[..before.len()], before[..]);
        let (orphaned, abandoned, expected) = match taken {
            0 => (0, 1, State::Abandoned),
            1 => (1, 0, State::Unknown),
            2 => (0, 0, State::Accepted),
            3 => (0, 0, State::Running),
            _ => (0, 0, State::Succeeded),
        };
        assert_eq!(
            (left.orphaned.len(), left.abandoned.len()),
            (orphaned, abandoned)
        );
        assert_eq!(after.len(), before.len() + orphaned + abandoned);
        assert_eq!(state(&journal, "i1").await, expected);
        // What was sent, or may have been, is not sent again by anyone.
        if taken > 0 {
            let seen = journal.head().await.unwrap();
            let again = journal.append(sending("i1", "second"), permit(seen)).await;
            assert!(
                matches!(again, Err(Error::NotPermitted { .. })),
                "{again:?}"
            );
        }
        journal.verify().await.unwrap();
        drop(journal);
        let third = open(&path, "third").await;
        assert_eq!(third.left, Left::default());
    }
}

#[tokio::test]
async fn what_a_living_instance_sends_is_left_alone_until_it_dies() {
    let (_folder, path) = folder();
    let sender = open(&path, "sender").await.journal;
    let seen = intend(&sender, "i1").await;
    sender
        .append(sending("i1", "sender"), permit(seen))
        .await
        .unwrap();
    let board = open(&path, "board").await;
    assert_eq!(board.left, Left::default());
    assert_eq!(board.journal.settle(at(2)).await.unwrap(), Left::default());
    assert_eq!(sender.settle(at(2)).await.unwrap(), Left::default());
    drop(sender);
    let left = board.journal.settle(at(3)).await.unwrap();
    assert_eq!(left.orphaned, [IntentId::from("i1")]);
    let last = everything(&board.journal).await.pop().unwrap();
    assert_eq!(last.draft.event.kind(), "promotion.unknown");
    assert_eq!(last.draft.at, at(3));
    assert_eq!(
        last.draft.policy,
        crate::domain::ids::Digest::of(["policy"])
    );
}

#[tokio::test]
async fn an_instance_name_is_for_one_at_a_time() {
    let (_folder, path) = folder();
    let _first = open(&path, "same").await;
    let second = Sqlite::open(&path, options("same")).await;
    assert!(
        matches!(second, Err(Error::Unreachable { .. })),
        "{second:?}"
    );
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
    let words = told(Sqlite::open(&other, options(US)).await);
    assert!(words.contains("not a gonogo journal"), "{words}");

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
        append::append(&mut connection, &us, note, &Precondition::None)
            .await
            .unwrap();
    }
    connection.close().await.unwrap();
    let journal = open(&path, US).await.journal;
    let ledger = Ledger::of(&everything(&journal).await);
    assert_eq!(ledger.head, Seq(10_000));
    assert_eq!(ledger.holds.len(), 10_000);
}
