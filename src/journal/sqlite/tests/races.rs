//! Several operators at once: one wins, whoever it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

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

/// Two boards are started at once, and one of them only reads.
#[tokio::test]
async fn a_reader_waits_for_a_journal_that_is_being_made() {
    let (_folder, path) = folder();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "").unwrap();
    let making = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        open(&path, US).await
    };
    let (reader, made) = tokio::join!(Sqlite::read_only(&path), making);
    assert!(everything(&reader.unwrap()).await.is_empty());
    drop(made);
}

#[tokio::test]
async fn a_reader_says_of_a_file_that_stays_empty_that_nobody_made_it() {
    let (_folder, path) = folder();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "").unwrap();
    let error = Sqlite::read_only(&path).await.err().unwrap();
    assert!(error.to_string().contains("it is empty"), "{error}");
    assert!(error.hint().is_some());
}
