//! What is there after gonogo has ended, and what becomes of what it had not finished.

use super::*;

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
