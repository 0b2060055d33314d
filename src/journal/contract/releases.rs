//! What every journal must do for releases.

use super::fixtures::*;
use crate::domain::entry::{Draft, Event, Precondition};
use crate::domain::ledger::Ledger;
use crate::domain::release::run::{Ending, Run};
use crate::domain::signoff::{ReleaseVote, Voice};
use crate::journal::{Error, Journal};

fn started(release: &str, id: &str) -> Event {
    let run = Run {
        id: id.into(),
        release: release.into(),
        digest: DIGEST.into(),
        moves: Vec::new(),
        dropped: Vec::new(),
        by: "ann".into(),
        driver: "one".into(),
        started_at: at(0),
        ended: None,
    };
    Event::ReleaseStarted { run }
}

pub async fn a_release_has_one_open_run_and_only_that_is_handed_over_or_ended(
    journal: &dyn Journal,
) {
    let note = async |actor: &str, event| {
        journal
            .append(draft(actor, event), Precondition::None)
            .await
    };
    let resumed = |id: &str| Event::ReleaseResumed {
        id: id.into(),
        release: "2026.47".into(),
        driver: "two".into(),
    };
    let ended = |id: &str| Event::ReleaseEnded {
        id: id.into(),
        release: "2026.47".into(),
        how: Ending::Shipped,
    };
    let refused = |result: Result<_, Error>, why: &str| match result {
        Err(Error::NotPermitted { why: told }) => assert!(told.contains(why), "{told}"),
        other => panic!("{other:?}"),
    };
    refused(note("ann", resumed("r-1")).await, "does not go on");
    note("ann", started("2026.47", "r-1")).await.unwrap();
    refused(
        note("bob", started("2026.47", "r-2")).await,
        "run r-1 of 2026.47 goes on: ann drives it",
    );
    note("bob", started("hotfix", "r-3")).await.unwrap();
    refused(note("bob", resumed("r-2")).await, "does not go on");
    let handed_over = note("bob", resumed("r-1")).await.unwrap();
    assert!(handed_over.draft.event.is_control());
    refused(
        note("ann", started("2026.47", "r-2")).await,
        "run r-1 of 2026.47 goes on: bob drives it",
    );
    refused(note("ann", ended("r-3")).await, "does not go on");
    note("bob", ended("r-1")).await.unwrap();
    refused(note("bob", ended("r-1")).await, "does not go on");
    note("ann", started("2026.47", "r-2")).await.unwrap();
    journal.verify().await.unwrap();
    let ledger = Ledger::of(&everything(journal).await);
    assert_eq!(ledger.open_runs().count(), 2);
}

/// A no-go on a release that was committed first always wins over a send of it.
pub async fn a_no_go_on_a_release_between_intent_and_permit_stops_it(
    journal: &dyn Journal,
    us: &str,
) {
    let seen = intend(journal, "i1").await;
    let vote = |voice| {
        let vote = ReleaseVote {
            release: "2026.47".into(),
            role: "sre".into(),
            person: "carol".into(),
            voice,
            scope: DIGEST.into(),
            saw: "checkout 1 > 2".to_owned(),
            note: "heap".to_owned(),
            at: at(1),
        };
        draft("carol", Event::ReleaseVoteCast { vote })
    };
    journal
        .append(vote(Voice::Go), Precondition::None)
        .await
        .unwrap();
    journal
        .append(vote(Voice::NoGo), Precondition::None)
        .await
        .unwrap();
    let refused = journal.append(sending("i1", us), permit(seen)).await;
    assert!(
        matches!(refused, Err(Error::Conflict { .. })),
        "{refused:?}"
    );
}

/// What goes because people agreed on a release does not go on what somebody has said of one since:
/// that it starts, or a go in another role, which leaves the first without one. A person's own
/// promotion is none of its business.
pub async fn a_word_on_a_release_between_intent_and_permit_stops_what_was_agreed(
    journal: &dyn Journal,
    us: &str,
) {
    let started = started("2026.48", "r-9");
    let recast = Event::ReleaseVoteCast {
        vote: ReleaseVote {
            release: "2026.48".into(),
            role: "sre".into(),
            person: "carol".into(),
            voice: Voice::Go,
            scope: DIGEST.into(),
            saw: "checkout 1 > 2".to_owned(),
            note: String::new(),
            at: at(1),
        },
    };
    let agreed = |seen| Precondition::Permit {
        digest: DIGEST.into(),
        seen,
        agreed: true,
    };
    for (number, event) in [recast, started].into_iter().enumerate() {
        let (theirs, own) = (format!("a{number}"), format!("p{number}"));
        let seen = intend(journal, &theirs).await;
        let elsewhere = Draft {
            environment: Some("staging".into()),
            ..draft("carol", event.clone())
        };
        if let Event::ReleaseVoteCast { .. } = event {
            journal.append(elsewhere, Precondition::None).await.unwrap();
        }
        let word = Draft {
            environment: Some("production".into()),
            ..draft("carol", event)
        };
        let word = journal.append(word, Precondition::None).await.unwrap();
        let refused = journal.append(sending(&theirs, us), agreed(seen)).await;
        assert!(
            matches!(&refused, Err(Error::Conflict { by }) if **by == word),
            "{refused:?}"
        );
        finish(journal, &theirs).await;
        let seen = intend(journal, &own).await;
        journal
            .append(sending(&own, us), agreed(seen))
            .await
            .expect("nothing was said since");
        finish(journal, &own).await;
    }
}
