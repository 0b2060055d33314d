//! What comes to a held cell gets a brake of its own, once; and a freeze lasts as long as its hold.

use super::*;

/// A newer revision is in staging by now: it is what would be promoted next.
fn land(number: u8) -> impl FnOnce(&mut ServiceFacts) {
    move |facts| {
        let sha = Sha::from(format!("{number:x}").repeat(40));
        let staging = facts.deployments.iter();
        let staging = staging.filter(|it| it.environment.as_str() == "staging");
        let mut newest = staging.max_by_key(|it| it.created_at).unwrap().clone();
        newest.id = DeploymentId(newest.id.0 + 100 * u64::from(number));
        newest.sha = sha;
        newest.created_at += SignedDuration::from_mins(i64::from(number));
        newest.changed_at = newest.created_at;
        facts.deployments.insert(0, newest);
    }
}

#[test]
fn a_new_candidate_gets_a_brake_of_its_own_by_the_board_of_whoever_holds_it() {
    let mut desk = Desk::new(&[Way::Status]);
    desk.state.engine.keeps_up = true;
    let id = desk.hold("api", None);
    desk.facts(|_| ());
    assert_eq!(desk.states(), [Failure], "nothing has come");
    desk.facts(land(5));
    desk.wait(1);
    assert_eq!(desk.states(), [Failure, Failure]);
    let marks: Vec<_> = desk.acts.iter().filter_map(Mark::of).collect();
    assert_ne!(marks[0], marks[1], "the same was not sent twice");
    assert_eq!(desk.took(), Some(Took::Effective));
    let intended = desk.kinds.iter().filter(|it| *it == "brake.intended");
    assert_eq!(intended.count(), 2, "{:?}", desk.kinds);
    for _ in 0..3 {
        desk.facts(|_| ());
    }
    assert_eq!(desk.acts.len(), 2);
    desk.lift(id);
    desk.wait(1);
    desk.wait(1);
    assert_eq!(desk.states(), [Failure, Failure, Success, Success]);
}

#[test]
fn what_follows_is_sent_once_and_what_was_refused_before_is_not_sent_with_it() {
    let mut desk = Desk::new(&[Way::Status]);
    desk.state.engine.keeps_up = true;
    desk.hold("api", None);
    desk.outcome = Outcome::Rejected {
        status: 403,
        why: "Resource not accessible".to_owned(),
        hint: None,
        denied: true,
    };
    desk.facts(land(5));
    for _ in 0..4 {
        desk.facts(|_| ());
    }
    assert_eq!(desk.acts.len(), 2, "refused, and left to a person");
    desk.outcome = Outcome::Accepted(Handle::default());
    desk.facts(land(6));
    for _ in 0..4 {
        desk.facts(|_| ());
    }
    assert_eq!(desk.acts.len(), 3, "the newest alone: {:?}", desk.acts);
    assert_eq!(desk.took(), Some(Took::Effective));
}

#[test]
fn only_a_board_of_whoever_holds_it_sends_anything_by_itself() {
    // A command, somebody else's hold, a hold that was never carried to the forge.
    let mut command = Desk::new(&[Way::Status]);
    command.hold("api", None);
    command.facts(land(5));
    command.wait(1);
    assert_eq!(command.acts.len(), 1);
    assert_eq!(command.took(), Some(Took::Pending));

    let mut bob = Desk::new(&[Way::Status]);
    bob.hold("api", None);
    bob.state.engine.keeps_up = true;
    bob.state.engine.operator = Some("bob".into());
    bob.facts(|_| ());
    bob.facts(land(5));
    bob.wait(1);
    assert_eq!(bob.acts.len(), 1);

    let mut offline = Desk::new(&[Way::Status]);
    offline.state.engine.offline = true;
    offline.hold("api", None);
    offline.state.engine.offline = false;
    offline.state.engine.keeps_up = true;
    offline.facts(|_| ());
    offline.facts(land(5));
    offline.wait(1);
    assert!(offline.acts.is_empty(), "{:?}", offline.acts);
}

#[test]
fn a_longer_hold_has_the_freeze_placed_anew() {
    let mut desk = Desk::new(&[Way::Freeze]);
    let until = |minutes| Some(now() + SignedDuration::from_mins(minutes));
    let id = desk.hold("api", until(20));
    assert_eq!(desk.acts.len(), 1);
    desk.wait(1);
    desk.order(Request::EditHold {
        id: id.clone(),
        reason: None,
        until: crate::app::request::Expiry::At(now() + SignedDuration::from_mins(180)),
        then: None,
    });
    desk.wait(1);
    let ends = |desk: &Desk| -> Vec<String> {
        let acts = desk.acts.iter();
        acts.filter_map(|act| match act {
            Act::Freeze { end, .. } => Some(end.clone()),
            _ => None,
        })
        .collect()
    };
    let placed = ends(&desk);
    assert_eq!(placed.len(), 2, "{placed:?}");
    assert_ne!(placed[0], placed[1]);
    assert!(!desk.lacks("production"));
    desk.order(Request::BindHold {
        id: Some(id.clone()),
    });
    desk.wait(1);
    assert_eq!(ends(&desk).len(), 2, "it lasts: nothing is sent");
    desk.lift(id);
    for _ in 0..3 {
        desk.wait(1);
    }
    let unfrozen = desk
        .acts
        .iter()
        .filter(|it| matches!(it, Act::Unfreeze { .. }));
    assert_eq!(unfrozen.count(), 2, "both go with it");
}
