//! Folding: what is open, what a vote stands for.

use super::*;
use crate::domain::act::Handle;
use crate::domain::entry::Draft;
use crate::domain::gate::fixture::{World, ago, person, promotion};
use crate::domain::ids::Digest;
use crate::domain::promotion::Purpose;
use crate::domain::signoff::Voice;

fn entry(ledger: &Ledger, event: Event) -> Entry {
    Entry {
        seq: Seq(ledger.head.0 + 1),
        draft: Draft {
            at: ago(1),
            actor: person("bob"),
            service: Some("checkout".into()),
            environment: Some("production".into()),
            revision: None,
            reason: None,
            policy: Digest::of(["policy"]),
            event,
        },
        previous: Digest::of(["previous"]),
        hash: Digest::of(["hash"]),
    }
}

fn sending() -> Step {
    Step::Sending {
        owner: "laptop".into(),
    }
}

#[test]
fn a_promotion_is_open_until_it_ends() {
    let handle = Handle::default;
    let steps = [
        (vec![], true),
        (vec![sending()], true),
        (
            vec![
                sending(),
                Step::Unknown {
                    why: "reset".into(),
                },
            ],
            true,
        ),
        (
            vec![
                sending(),
                Step::Unknown {
                    why: "reset".into(),
                },
                Step::Absent { reads: 3 },
            ],
            false,
        ),
        (vec![sending(), Step::Accepted { handle: handle() }], true),
        (
            vec![
                sending(),
                Step::Accepted { handle: handle() },
                Step::Succeeded,
            ],
            false,
        ),
        (vec![Step::Abandoned { why: "no".into() }], false),
    ];
    for (steps, open) in steps {
        let ledger = promotion(Ledger::default(), "production", &steps);
        let found = ledger.open_promotion(&"checkout".into(), &"production".into());
        assert_eq!(found.is_some(), open, "{steps:?}");
        assert_eq!(ledger.open().count(), usize::from(open));
        assert!(
            ledger
                .open_promotion(&"checkout".into(), &"staging".into())
                .is_none()
        );
    }
}

#[test]
fn a_step_that_may_not_follow_does_not_end_a_promotion() {
    let ledger = promotion(Ledger::default(), "production", &[Step::Succeeded]);
    assert_eq!(ledger.open().count(), 1);
}

#[test]
fn an_entry_that_comes_twice_counts_once() {
    let ledger = promotion(Ledger::default(), "production", &[sending()]);
    let mut again = ledger.clone();
    let late = Entry {
        seq: ledger.head,
        ..entry(
            &ledger,
            Event::Stepped {
                id: "intent-production".into(),
                purpose: Purpose::Promotion,
                step: Step::Rejected { why: "no".into() },
            },
        )
    };
    again.apply(&late);
    assert_eq!(again, ledger);
}

#[test]
fn voiding_an_old_vote_leaves_a_newer_one_of_the_same_person() {
    let mut world = World::new(Vec::new());
    world.vote("dee", "qa", Voice::Go);
    let ledger = world.book();
    let voided = |role: &str, saw: &str| Event::VoteVoided {
        role: role.into(),
        person: person("dee"),
        saw: saw.to_owned(),
        now: "2.40.3 > 2.41.1".to_owned(),
        release: None,
    };
    let other = entry(ledger, voided("qa", "2.40.2 > 2.41.0"));
    ledger.apply(&other);
    assert_eq!(ledger.votes.len(), 1);
    let same = entry(ledger, voided("qa", "2.40.3 > 2.41.0"));
    ledger.apply(&same);
    assert!(ledger.votes.is_empty());
}

#[test]
fn h2_editing_a_hold_changes_its_reason_and_end_and_keeps_since_when_it_holds() {
    use crate::domain::hold::{Cover, Hold, HoldKind, Then};
    use crate::domain::ids::HoldId;
    use crate::domain::notice::Tell;
    let mut ledger = Ledger::default();
    let since: Timestamp = "2026-11-21T14:00:00Z".parse().unwrap();
    let hold = Hold {
        id: "h-1".into(),
        cover: Cover::default(),
        kind: HoldKind::Forward,
        reason: "heap grows".to_owned(),
        owner: "carol".into(),
        since,
        until: None,
        then: Then::End,
        incident: false,
    };
    let placed = entry(
        &ledger,
        Event::HoldPlaced {
            hold,
            tell: Tell::Rules,
        },
    );
    ledger.apply(&placed);
    let until = Some(since + jiff::SignedDuration::from_hours(9));
    let event = Event::HoldEdited {
        id: "h-1".into(),
        cover: Cover::default(),
        kind: HoldKind::All,
        until,
        then: Then::Ask,
        keeps_end: false,
    };
    let mut edited = entry(&ledger, event);
    edited.draft.reason = Some("heap still grows".to_owned());
    ledger.apply(&edited);
    let hold = &ledger.holds[&HoldId::from("h-1")];
    assert_eq!(
        (hold.since, hold.until, hold.then),
        (since, until, Then::Ask)
    );
    assert_eq!(hold.reason, "heap still grows");
    assert_eq!(hold.owner.as_str(), "carol");
}
