//! What every journal must do, whatever it is kept in. A store's tests call each law
//! with an empty journal, and with the name of the instance that has it open.

use super::{Error, Journal};
use crate::domain::entry::{Draft, Event, Precondition};
use crate::domain::hold::{HoldKind, Then};
use crate::domain::ids::{DeploymentId, Digest, HoldId, IntentId, Person, Seq, Sha};
use crate::domain::promotion::{Purpose, State, Step};
use crate::domain::signoff::{Voice, Vote};
use fixtures::*;

mod brakes;
pub mod fixtures;
mod releases;

pub use brakes::*;
pub use releases::*;

pub async fn entries_are_numbered_chained_and_read_back_as_they_were(journal: &dyn Journal) {
    assert_eq!(journal.head().await.unwrap(), Seq(0));
    let mut written = Vec::new();
    for number in 0..5 {
        let mut note = hold(&format!("h{number}"), cover(None, Some("production"), None));
        note.at = jiff::Timestamp::new(1_795_000_000, 123_456_789).unwrap();
        note.reason = Some("a\u{0}b 'quoted' \"日本\"".to_owned());
        written.push(journal.append(note, Precondition::None).await.unwrap());
    }
    assert_eq!(everything(journal).await, written);
    assert_eq!(journal.head().await.unwrap(), Seq(5));
    assert_eq!(journal.verify().await.unwrap(), 5);
    let some = journal.since(Seq(2), 2).await.unwrap();
    assert_eq!(
        some.iter().map(|entry| entry.seq.0).collect::<Vec<_>>(),
        [3, 4]
    );
    for pair in written.windows(2) {
        assert_eq!(pair[0].hash, pair[1].previous);
    }
}

pub async fn the_scope_of_an_entry_is_that_of_what_it_is_about(journal: &dyn Journal) {
    let mut narrow = hold("h1", cover(None, Some("production"), None));
    narrow.service = Some("another".into());
    let entry = journal.append(narrow, Precondition::None).await.unwrap();
    assert_eq!(entry.draft.service, None);
    assert_eq!(entry.draft.environment, Some("production".into()));
}

pub async fn a_cell_takes_one_open_promotion_and_says_whose(journal: &dyn Journal) {
    intend(journal, "i1").await;
    let seen = journal.head().await.unwrap();
    let second = intended("bob", "i2", "checkout", "production");
    match journal.append(second.clone(), unchanged(seen)).await {
        Err(Error::CellTaken { intent, actor, .. }) => {
            assert_eq!((intent, actor), (IntentId::from("i1"), Person::from("ann")));
        }
        other => panic!("{other:?}"),
    }
    // Another cell is free, and so is another purpose on the same cell.
    let elsewhere = intended("bob", "i3", "checkout", "staging");
    journal.append(elsewhere, unchanged(seen)).await.unwrap();
    let mut rerun = intent("i4", "checkout", "production");
    rerun.purpose = Purpose::Rerun;
    let rerun = draft("bob", Event::Intended { intent: rerun });
    journal.append(rerun, unchanged(seen)).await.unwrap();
    // Ended, it makes room.
    step(
        journal,
        "i1",
        Step::Abandoned {
            why: "changed my mind".to_owned(),
        },
    )
    .await
    .unwrap();
    let seen = journal.head().await.unwrap();
    journal.append(second, unchanged(seen)).await.unwrap();
}

pub async fn an_intent_is_refused_after_anything_on_its_cell_or_any_control_that_covers_it(
    journal: &dyn Journal,
) {
    let seen = journal.head().await.unwrap();
    let seen_on_the_cell = Draft {
        service: Some("checkout".into()),
        environment: Some("production".into()),
        ..draft(
            "ann",
            Event::DeploymentSeen {
                deployment: DeploymentId(7),
                by: None,
                intent: None,
            },
        )
    };
    let by = journal
        .append(seen_on_the_cell, Precondition::None)
        .await
        .unwrap();
    let refused = journal
        .append(
            intended("ann", "i1", "checkout", "production"),
            unchanged(seen),
        )
        .await;
    assert!(
        matches!(&refused, Err(Error::Conflict { by: found }) if **found == by),
        "{refused:?}"
    );

    let covers = [
        cover(None, None, None),
        cover(Some("checkout"), None, None),
        cover(None, Some("production"), None),
        cover(Some("checkout"), Some("production"), None),
        cover(None, None, Some(SHA)),
        cover(Some("checkout"), Some("production"), Some(SHA)),
    ];
    for (number, cover) in covers.into_iter().enumerate() {
        let seen = journal.head().await.unwrap();
        let by = hold(&format!("h{number}"), cover);
        let by = journal.append(by, Precondition::None).await.unwrap();
        let refused = journal
            .append(
                intended("ann", "i1", "checkout", "production"),
                unchanged(seen),
            )
            .await;
        assert!(
            matches!(&refused, Err(Error::Conflict { by: found }) if **found == by),
            "{refused:?}"
        );
    }
    // What is about another cell does not matter.
    let seen = journal.head().await.unwrap();
    for (id, cover) in [
        ("m1", cover(Some("billing"), None, None)),
        ("m2", cover(None, Some("staging"), None)),
        ("m3", cover(Some("checkout"), Some("staging"), None)),
        ("m4", cover(None, None, Some("another revision"))),
    ] {
        journal
            .append(hold(id, cover), Precondition::None)
            .await
            .unwrap();
    }
    let wish = intended("ann", "i1", "checkout", "production");
    journal.append(wish, unchanged(seen)).await.unwrap();
}

pub async fn an_intent_that_saw_more_than_there_is_is_refused(journal: &dyn Journal) {
    let ahead = unchanged(Seq(journal.head().await.unwrap().0 + 1));
    let refused = journal
        .append(intended("ann", "i1", "checkout", "production"), ahead)
        .await;
    assert!(
        matches!(refused, Err(Error::NotPermitted { .. })),
        "{refused:?}"
    );
    assert!(everything(journal).await.is_empty());
}

pub async fn a_hold_between_intent_and_permit_always_wins(journal: &dyn Journal, us: &str) {
    let covers = [
        cover(None, None, None),
        cover(Some("checkout"), None, None),
        cover(None, Some("production"), None),
        cover(None, None, Some(SHA)),
        cover(Some("checkout"), Some("production"), Some(SHA)),
    ];
    for (number, cover) in covers.into_iter().enumerate() {
        let id = format!("i{number}");
        let seen = intend(journal, &id).await;
        let by = hold(&format!("h{number}"), cover);
        let by = journal.append(by, Precondition::None).await.unwrap();
        let refused = journal.append(sending(&id, us), permit(seen)).await;
        assert!(
            matches!(&refused, Err(Error::Conflict { by: found }) if **found == by),
            "{refused:?}"
        );
        assert_eq!(state(journal, &id).await, State::Intended);
        step(
            journal,
            &id,
            Step::Abandoned {
                why: "held".to_owned(),
            },
        )
        .await
        .unwrap();
    }
    // What does not cover it does not stop it, nor does a hold that was seen.
    let seen = intend(journal, "free").await;
    for (id, cover) in [
        ("m1", cover(Some("checkout"), Some("staging"), None)),
        ("m2", cover(None, None, Some("another revision"))),
    ] {
        journal
            .append(hold(id, cover), Precondition::None)
            .await
            .unwrap();
    }
    journal
        .append(sending("free", us), permit(seen))
        .await
        .unwrap();
}

pub async fn a_vote_between_intent_and_permit_stops_it(journal: &dyn Journal, us: &str) {
    let seen = intend(journal, "i1").await;
    let vote = Vote {
        service: "checkout".into(),
        environment: "production".into(),
        role: "qa".into(),
        person: "cara".into(),
        voice: Voice::NoGo,
        scope: Digest::of(["scope"]),
        saw: "4.3.9 > 4.4.0".to_owned(),
        note: String::new(),
        at: at(1),
    };
    let vote = draft("cara", Event::VoteCast { vote });
    journal.append(vote, Precondition::None).await.unwrap();
    let refused = journal.append(sending("i1", us), permit(seen)).await;
    let told = refused.as_ref().map_err(ToString::to_string).unwrap_err();
    assert!(
        matches!(refused, Err(Error::Conflict { .. })),
        "{refused:?}"
    );
    assert!(
        told.contains("cara voted no-go as qa on checkout > production"),
        "{told}"
    );
}

/// O1: whatever uses an override uses it up, in the transaction of its intent.
pub async fn an_override_is_for_one_use(journal: &dyn Journal) {
    grant(journal, "o1", false).await;
    let first = using("i1", "checkout", "production", "o1");
    let seen = journal.head().await.unwrap();
    journal.append(first, unchanged(seen)).await.unwrap();
    // The first is over, and its cell is free: the override stays used.
    finish(journal, "i1").await;
    let seen = journal.head().await.unwrap();
    let again = using("i2", "checkout", "production", "o1");
    let refused = journal.append(again, unchanged(seen)).await;
    let told = refused.as_ref().map_err(ToString::to_string).unwrap_err();
    assert!(told.contains("i1 used it"), "{told}");
    assert_eq!(journal.head().await.unwrap(), seen);
    journal.verify().await.unwrap();
}

/// An intent that is refused uses nothing up.
pub async fn a_refused_intent_leaves_its_override_unused(journal: &dyn Journal) {
    grant(journal, "o1", false).await;
    let seen = journal.head().await.unwrap();
    let stop = hold("h1", cover(Some("checkout"), None, None));
    journal.append(stop, Precondition::None).await.unwrap();
    let wish = using("i1", "checkout", "production", "o1");
    let refused = journal.append(wish.clone(), unchanged(seen)).await;
    assert!(
        matches!(refused, Err(Error::Conflict { .. })),
        "{refused:?}"
    );
    journal.verify().await.unwrap();
    let seen = journal.head().await.unwrap();
    journal.append(wish, unchanged(seen)).await.unwrap();
    journal.verify().await.unwrap();
}

/// O1: bound to service, environment and revision, with its second person, and not withdrawn.
pub async fn an_override_is_only_used_as_it_was_granted(journal: &dyn Journal) {
    let refused = async |draft: Draft, why: &str| {
        let seen = journal.head().await.unwrap();
        let told = journal.append(draft, unchanged(seen)).await;
        let told = told.map_err(|error| error.to_string()).unwrap_err();
        assert!(told.contains(why), "{told}");
        assert_eq!(journal.head().await.unwrap(), seen);
    };
    let usual = || using("i1", "checkout", "production", "o1");
    refused(usual(), "there is no override o1").await;
    grant(journal, "o1", true).await;
    refused(usual(), "waits for a second person").await;
    let confirmed = || Event::OverrideConfirmed {
        id: "o1".into(),
        cover: cover(Some("checkout"), Some("production"), Some(SHA)),
    };
    // Who granted it is no second person.
    journal
        .append(draft("ann", confirmed()), Precondition::None)
        .await
        .unwrap();
    refused(usual(), "waits for a second person").await;
    journal
        .append(draft("bob", confirmed()), Precondition::None)
        .await
        .unwrap();
    for (service, environment) in [("billing", "production"), ("checkout", "staging")] {
        refused(using("i1", service, environment, "o1"), "alone").await;
    }
    let mut other = usual();
    if let Event::Intended { intent } = &mut other.event {
        intent.to = crate::domain::revision::Revision::new("another");
    }
    refused(other, "alone").await;
    let mut late = usual();
    late.at = at(100_000);
    refused(late, "expired").await;
    let withdrawn = Event::OverrideWithdrawn {
        id: "o1".into(),
        cover: cover(Some("checkout"), Some("production"), Some(SHA)),
    };
    journal
        .append(draft("cara", withdrawn), Precondition::None)
        .await
        .unwrap();
    refused(usual(), "there is no override o1").await;
}

/// A withdrawal between intent and permit wins, as a hold does.
pub async fn a_withdrawn_override_between_intent_and_permit_stops_it(
    journal: &dyn Journal,
    us: &str,
) {
    grant(journal, "o1", false).await;
    let seen = journal.head().await.unwrap();
    let wish = using("i1", "checkout", "production", "o1");
    let seen = journal.append(wish, unchanged(seen)).await.unwrap().seq;
    let withdrawn = Event::OverrideWithdrawn {
        id: "o1".into(),
        cover: cover(Some("checkout"), Some("production"), Some(SHA)),
    };
    journal
        .append(draft("cara", withdrawn), Precondition::None)
        .await
        .unwrap();
    let refused = journal.append(sending("i1", us), permit(seen)).await;
    assert!(
        matches!(refused, Err(Error::Conflict { .. })),
        "{refused:?}"
    );
}

pub async fn a_permit_is_given_once_and_only_for_what_was_seen(journal: &dyn Journal, us: &str) {
    let seen = intend(journal, "i1").await;
    let other_digest = Precondition::Permit {
        digest: "something else".into(),
        seen,
        agreed: false,
    };
    for (draft, precondition) in [
        (sending("i1", us), other_digest),
        (sending("nobody", us), permit(seen)),
        (sending("i1", us), permit(Seq(99))),
        (
            stepped(
                "i1",
                "checkout",
                "staging",
                Step::Sending { owner: us.into() },
            ),
            permit(seen),
        ),
    ] {
        let refused = journal.append(draft, precondition).await;
        assert!(
            matches!(refused, Err(Error::NotPermitted { .. })),
            "{refused:?}"
        );
    }
    journal
        .append(sending("i1", us), permit(seen))
        .await
        .unwrap();
    let again = journal.append(sending("i1", us), permit(seen)).await;
    assert!(
        matches!(again, Err(Error::NotPermitted { .. })),
        "{again:?}"
    );
    let sent = everything(journal).await;
    let sent = sent
        .iter()
        .filter(|entry| entry.draft.event.kind() == "promotion.sending");
    assert_eq!(sent.count(), 1);
}

pub async fn a_step_without_its_own_precondition_is_refused(journal: &dyn Journal, us: &str) {
    let seen = intend(journal, "i1").await;
    let unknown = stepped(
        "i1",
        "checkout",
        "production",
        Step::Unknown { why: String::new() },
    );
    let cases = [
        (sending("i1", us), Precondition::None),
        (sending("i1", us), Precondition::Follows),
        (sending("i1", us), unchanged(seen)),
        (sending("i1", "somebody-else"), permit(seen)),
        (unknown, Precondition::None),
        (
            intended("ann", "i2", "billing", "production"),
            Precondition::None,
        ),
        (
            intended("ann", "i2", "billing", "production"),
            Precondition::Follows,
        ),
        (hold("h1", cover(None, None, None)), Precondition::Follows),
    ];
    for (draft, precondition) in cases {
        let refused = journal.append(draft, precondition).await;
        assert!(
            matches!(refused, Err(Error::Malformed { .. })),
            "{refused:?}"
        );
    }
    assert_eq!(journal.head().await.unwrap(), seen);
}

/// Walks to every state that can be reached and tries every step from it: the journal takes exactly
/// those that `may_follow` names, and what was sent is never intended again.
pub async fn only_the_steps_that_may_follow_are_taken(journal: &dyn Journal, us: &str) {
    let mut paths: Vec<(Vec<Step>, State)> = vec![(Vec::new(), State::Intended)];
    let mut reached = vec![State::Intended];
    let mut number = 0;
    while let Some((path, from)) = paths.pop() {
        for next in every_step(us) {
            number += 1;
            let id = format!("i{number}");
            intend(journal, &id).await;
            for taken in &path {
                step(journal, &id, taken.clone()).await.unwrap();
            }
            let allowed = next.may_follow().contains(&from);
            let got = step(journal, &id, next.clone()).await;
            let now = state(journal, &id).await;
            if allowed {
                got.unwrap();
                assert_eq!(now, next.state());
                assert_ne!(now, State::Intended);
                if !reached.contains(&now) {
                    reached.push(now);
                    let mut path = path.clone();
                    path.push(next);
                    paths.push((path, now));
                }
            } else {
                assert!(
                    matches!(got, Err(Error::NotPermitted { .. })),
                    "{from:?} {next:?}"
                );
                assert_eq!(now, from);
            }
            finish(journal, &id).await;
        }
    }
    assert_eq!(reached.len(), 12, "{reached:?}");
    journal.verify().await.unwrap();
}

fn hold_that_asks(id: &str, until: jiff::Timestamp) -> Draft {
    let mut draft = hold(id, cover(None, None, None));
    if let Event::HoldPlaced { hold, .. } = &mut draft.event {
        (hold.until, hold.then) = (Some(until), Then::Ask);
    }
    draft
}

pub async fn what_is_noted_once_is_noted_once(journal: &dyn Journal) {
    let everything_held = cover(None, None, None);
    let expired = || {
        let event = Event::HoldExpired {
            id: "h1".into(),
            cover: cover(None, None, None),
            then: Then::End,
        };
        draft("ann", event)
    };
    let deployed = |service: &str, event: Event| Draft {
        service: Some(service.into()),
        ..draft("ann", event)
    };
    let seen = Event::DeploymentSeen {
        deployment: DeploymentId(7),
        by: None,
        intent: None,
    };
    let out_of_band = Event::DeploymentOutOfBand {
        deployment: DeploymentId(7),
        by: None,
    };
    let note = |draft: Draft| journal.append(draft, Precondition::None);

    assert!(matches!(
        note(expired()).await,
        Err(Error::NotPermitted { .. })
    ));
    let placed = || {
        let mut draft = hold("h1", everything_held.clone());
        if let Event::HoldPlaced { hold, .. } = &mut draft.event {
            hold.until = Some(at(0));
        }
        draft
    };
    let first = note(placed()).await.unwrap().seq;
    let twice = note(placed()).await;
    assert!(
        matches!(twice, Err(Error::AlreadyNoted { seq, .. }) if seq == first),
        "{twice:?}"
    );
    let ended = note(expired()).await.unwrap().seq;
    let twice = note(expired()).await;
    assert!(
        matches!(twice, Err(Error::AlreadyNoted { seq, .. }) if seq == ended),
        "{twice:?}"
    );
    // An edit gives it another end, or none: whoever did not know of it notes nothing.
    let edit = |until| {
        let edit = Event::HoldEdited {
            id: HoldId::from("h1"),
            cover: everything_held.clone(),
            kind: HoldKind::default(),
            until,
            then: Then::End,
            keeps_end: false,
        };
        draft("bob", edit)
    };
    for until in [None, Some(at(100))] {
        note(edit(until)).await.unwrap();
        let early = note(expired()).await;
        assert!(
            matches!(early, Err(Error::NotPermitted { .. })),
            "{early:?}"
        );
    }
    // One that keeps the end does not bring back what somebody changed meanwhile.
    let keeping = |until| {
        let mut kept = edit(until);
        if let Event::HoldEdited { keeps_end, .. } = &mut kept.event {
            *keeps_end = true;
        }
        kept
    };
    let passed = note(keeping(None)).await;
    assert!(
        matches!(&passed, Err(Error::NotPermitted { why }) if why.contains("another end")),
        "{passed:?}"
    );
    note(keeping(Some(at(100)))).await.unwrap();
    let late = Draft {
        at: at(100),
        ..expired()
    };
    note(late).await.unwrap();
    // What is to end does not ask, nor the other way round.
    note(hold_that_asks("h2", at(0))).await.unwrap();
    let up = |then| {
        let event = Event::HoldExpired {
            id: "h2".into(),
            cover: cover(None, None, None),
            then,
        };
        draft("ann", event)
    };
    let wrong = note(up(Then::End)).await;
    assert!(
        matches!(wrong, Err(Error::NotPermitted { .. })),
        "{wrong:?}"
    );
    let asked = note(up(Then::Ask)).await.unwrap().seq;
    let twice = note(up(Then::Ask)).await;
    assert!(
        matches!(twice, Err(Error::AlreadyNoted { seq, .. }) if seq == asked),
        "{twice:?}"
    );

    let first = note(deployed("checkout", seen.clone())).await.unwrap().seq;
    let everything_read = Precondition::AllRead { seen: first };
    for (again, precondition) in [
        (seen.clone(), Precondition::None),
        (out_of_band, everything_read),
    ] {
        let again = deployed("checkout", again);
        let twice = journal.append(again, precondition).await;
        assert!(
            matches!(twice, Err(Error::AlreadyNoted { seq, .. }) if seq == first),
            "{twice:?}"
        );
    }
    note(deployed("billing", seen)).await.unwrap();

    let seq = intend(journal, "i1").await;
    let again = intended("ann", "i1", "billing", "production");
    let twice = journal.append(again, unchanged(seq)).await;
    assert!(
        matches!(twice, Err(Error::AlreadyNoted { .. })),
        "{twice:?}"
    );
    journal.verify().await.unwrap();
}

/// P8: what somebody ordered was written before it was sent, so only who has read all of the cell's
/// entries may say that nobody ordered it.
pub async fn p8_out_of_band_is_said_only_by_who_has_read_everything(journal: &dyn Journal) {
    let said = |environment: &str| Draft {
        service: Some("checkout".into()),
        environment: Some(environment.into()),
        ..draft(
            "bob",
            Event::DeploymentOutOfBand {
                deployment: DeploymentId(if environment == "production" { 7 } else { 8 }),
                by: None,
            },
        )
    };
    let before = journal.head().await.unwrap();
    let intended = intend(journal, "i1").await;
    let read = |seen| Precondition::AllRead { seen };
    let blind = journal.append(said("production"), read(before)).await;
    assert!(
        matches!(&blind, Err(Error::Conflict { by }) if by.seq == intended),
        "{blind:?}"
    );
    let without = journal.append(said("production"), Precondition::None).await;
    assert!(
        matches!(without, Err(Error::Malformed { .. })),
        "{without:?}"
    );
    let ahead = journal
        .append(said("production"), read(Seq(intended.0 + 1)))
        .await;
    assert!(
        matches!(ahead, Err(Error::NotPermitted { .. })),
        "{ahead:?}"
    );
    // Of another cell nothing was missed.
    let other = journal.append(said("staging"), read(before)).await;
    other.unwrap();
    journal
        .append(said("production"), read(intended))
        .await
        .unwrap();
    journal.verify().await.unwrap();
}

pub async fn any_text_survives(journal: &dyn Journal) {
    let sha = Sha::from("");
    let mut odd = hold(
        "h'1\"\\",
        cover(Some("日本 > x'; DROP TABLE entries; --"), None, None),
    );
    odd.revision = Some(sha);
    odd.reason = Some(String::new());
    let entry = journal.append(odd, Precondition::None).await.unwrap();
    assert_eq!(everything(journal).await, [entry]);
    assert_eq!(journal.verify().await.unwrap(), 1);
}
