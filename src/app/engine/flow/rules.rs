//! The rules of the semantics that a send has to keep on its way, by their names: P1, P3, P4, H3,
//! H5, W5.

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use super::tests::{after, answered, append, facts, kind, rechecking, rechecking_under, taken};
use crate::app::effect::{Effect, Question};
use crate::app::interface::harness::{self, changes, now, press, state};
use crate::app::msg::JournalFault;
use crate::app::request::Request;
use crate::app::{Msg, State};
use crate::domain::act::{Handle, Outcome};
use crate::domain::deployment::Deployment;
use crate::domain::entry::Event;
use crate::domain::hold::{Cover, Hold, HoldKind, Then};
use crate::domain::ids::{DeploymentId, IntentId};
use crate::domain::notice::Tell;
use crate::domain::policy::{GateSpec, Policy};
use crate::domain::window::{Span, Window, WindowEffect};

fn acts(effects: &[Effect]) -> Vec<IntentId> {
    let acts = effects.iter().filter_map(|effect| match effect {
        Effect::Act { id, .. } => Some(id.clone()),
        _ => None,
    });
    acts.collect()
}

/// The send has left, three seconds after the test's beginning.
fn sent_under(change: impl FnOnce(&mut Policy)) -> (State, IntentId) {
    let (mut state, fetched) = rechecking_under(change);
    let same = facts(&state);
    let (ticket, draft) = answered(&mut state, fetched, same);
    assert_eq!(kind(&draft), "promotion.sending");
    let effects = after(&mut state, 3, taken(2, ticket, draft));
    let id = acts(&effects).remove(0);
    (state, id)
}

fn colleague_holds(state: &mut State, seq: i64, seconds: i64) {
    let cover = Cover {
        service: Some("api".into()),
        environment: Some("staging".into()),
        revision: None,
    };
    let hold = Hold {
        id: "h-1".into(),
        cover,
        kind: HoldKind::Forward,
        reason: "heap grows".to_owned(),
        owner: "carol".into(),
        since: now(),
        until: None,
        then: Then::End,
        incident: false,
    };
    let entry = harness::entry((
        Event::HoldPlaced {
            hold,
            tell: Tell::Rules,
        },
        seq,
    ));
    after(state, seconds, Msg::JournalRead(Ok(vec![entry])));
}

/// A freeze of staging that begins some seconds after the test's beginning.
fn freeze(seconds: i64) -> impl FnOnce(&mut Policy) {
    move |policy| {
        let from = now() + SignedDuration::from_secs(seconds);
        let wall = |at: jiff::Timestamp| at.to_zoned(TimeZone::UTC).datetime();
        policy.version = "with a freeze".into();
        policy.windows.push(Window {
            name: "freeze".to_owned(),
            effect: WindowEffect::Deny,
            span: Span::Once {
                from: wall(from),
                to: wall(from + SignedDuration::from_hours(1)),
            },
            zone: TimeZone::UTC,
            zone_name: "UTC".to_owned(),
            environments: vec!["staging".into()],
            services: Vec::new(),
            reason: Some("stocktaking".to_owned()),
        });
        for service in policy.each() {
            service.path[0].gates = [GateSpec::Fresh, GateSpec::Window].into();
        }
    }
}

#[test]
fn p1_an_intent_that_the_journal_does_not_take_sends_nothing() {
    let mut state = state();
    let keys = "P up up 'weekly tab 'production tab tab enter";
    let effects = press(&mut state, keys);
    assert_eq!(acts(&effects), []);
    let (ticket, draft) = append(&effects);
    assert_eq!(kind(&draft), "promotion.intended");
    let why = "somebody was faster".to_owned();
    let result = Err(JournalFault::Refused { why });
    let effects = after(&mut state, 1, Msg::Recorded { ticket, result });
    assert!(!effects.iter().any(changes), "{effects:?}");
    assert!(state.engine.flows.is_empty());
}

#[test]
fn p3_a_newer_candidate_than_the_operator_saw_ends_it_and_is_told() {
    let (mut state, fetched) = rechecking();
    let mut newer = facts(&state);
    newer.head.as_mut().unwrap().sha = "d".repeat(40).into();
    let (_, draft) = answered(&mut state, fetched, newer);
    assert_eq!(kind(&draft), "promotion.abandoned");
    let why = draft.reason.unwrap();
    assert!(why.contains("ccccccc is superseded by ddddddd"), "{why}");
}

#[test]
fn p3_another_live_revision_than_the_operator_saw_ends_it_and_is_told() {
    let (mut state, fetched) = rechecking();
    let mut newer = facts(&state);
    let staging = newer.deployments.iter();
    let mut staging = staging.filter(|known| known.environment.as_str() == "staging");
    let last: Deployment = staging.next_back().unwrap().clone();
    newer.deployments.insert(
        0,
        Deployment {
            id: DeploymentId(40),
            sha: "e".repeat(40).into(),
            created_at: now(),
            changed_at: now(),
            ..last
        },
    );
    let (_, draft) = answered(&mut state, fetched, newer);
    assert_eq!(kind(&draft), "promotion.abandoned");
    let why = draft.reason.unwrap();
    assert!(why.contains("eeeeeee is live now"), "{why}");
}

#[test]
fn p4_what_got_no_answer_is_unknown_and_is_looked_for_and_never_sent_again() {
    let (mut state, id) = sent_under(|_| ());
    let why = "reset".to_owned();
    let outcome = Outcome::NoAnswer { why };
    let acted = Msg::Acted {
        id: id.clone(),
        outcome,
    };
    let (ticket, draft) = append(&after(&mut state, 4, acted));
    assert_eq!(kind(&draft), "promotion.unknown");
    let mut effects = after(&mut state, 5, taken(3, ticket, draft));
    for seconds in 6..60 {
        effects.extend(after(&mut state, seconds, Msg::Tick));
    }
    assert_eq!(acts(&effects), []);
    let looked = effects.iter().any(|effect| {
        matches!(effect, Effect::Fetch { question: Question::Find { id: of, .. }, .. } if *of == id)
    });
    assert!(looked);
}

#[test]
fn p5_what_runs_is_not_cancelled_when_a_newer_candidate_comes() {
    let (mut state, id) = sent_under(|_| ());
    let outcome = Outcome::Accepted(Handle::default());
    let (ticket, draft) = append(&after(&mut state, 4, Msg::Acted { id, outcome }));
    after(&mut state, 5, taken(3, ticket, draft));
    let mut newer = facts(&state);
    newer.head.as_mut().unwrap().sha = "d".repeat(40).into();
    let now = state.now;
    let (board, basis) = state.engine.judging(now);
    board.merge(&"api".into(), Ok(newer), now, basis);
    let mut effects = Vec::new();
    for seconds in 6..40 {
        effects.extend(after(&mut state, seconds, Msg::Tick));
    }
    assert_eq!(
        acts(&effects),
        [],
        "neither stopped nor followed by another"
    );
    let ledger = state.engine.ledger.as_ref().unwrap();
    assert_eq!(ledger.open().count(), 1, "and it is still under way");
}

fn hold(reason: &str, until: Option<jiff::Timestamp>) -> Request {
    Request::Hold {
        cover: Cover::default(),
        kind: HoldKind::Forward,
        reason: reason.to_owned(),
        until,
        then: Then::End,
        tell: Tell::Rules,
    }
}

#[test]
fn h1_a_hold_needs_an_owner_a_reason_and_an_end_to_come() {
    let wrong = [
        ("  ", None, "reason"),
        ("heap grows", Some(now()), "past"),
        (
            "heap grows",
            Some(now() - SignedDuration::from_hours(1)),
            "past",
        ),
    ];
    for (reason, until, said) in wrong {
        let mut state = state();
        let effects = after(&mut state, 1, Msg::Asked(hold(reason, until)));
        assert!(!effects.iter().any(changes), "{reason:?} until {until:?}");
        let told = harness::said(&state);
        assert!(told.contains(said), "{told}");
    }
    let mut nobody = state();
    nobody.engine.operator = None;
    let effects = after(&mut nobody, 1, Msg::Asked(hold("heap grows", None)));
    assert!(!effects.iter().any(changes), "{effects:?}");
    let mut state = state();
    let until = Some(now() + SignedDuration::from_hours(1));
    let effects = after(&mut state, 1, Msg::Asked(hold("heap grows", until)));
    assert!(effects.iter().any(changes), "{effects:?}");
}

#[test]
fn h3_a_hold_is_placed_offline_too() {
    let mut state = state();
    state.engine.offline = true;
    let effects = after(&mut state, 1, Msg::Asked(hold("heap grows", None)));
    assert!(effects.iter().any(changes), "{effects:?}");
}

#[test]
fn h5_a_hold_that_arrives_before_the_permit_ends_the_send() {
    let (mut state, fetched) = rechecking();
    colleague_holds(&mut state, 2, 2);
    let same = facts(&state);
    let (_, draft) = answered(&mut state, fetched, same);
    assert_eq!(kind(&draft), "promotion.abandoned");
    let why = draft.reason.unwrap();
    assert!(why.contains("hold"), "{why}");
}

#[test]
fn h5_under_a_hold_the_running_step_finishes_and_the_next_does_not_start() {
    let (mut state, id) = sent_under(|_| ());
    colleague_holds(&mut state, 3, 4);
    let outcome = Outcome::Accepted(Handle::default());
    let (ticket, draft) = append(&after(&mut state, 5, Msg::Acted { id, outcome }));
    assert_eq!(kind(&draft), "promotion.accepted");
    after(&mut state, 6, taken(4, ticket, draft));
    let again = press(&mut state, "P up 'weekly tab tab enter");
    assert!(!again.iter().any(changes), "{again:?}");
}

#[test]
fn w5_what_waits_is_not_started_after_the_window_has_closed() {
    let (mut state, fetched) = rechecking_under(freeze(2));
    let same = facts(&state);
    let (_, draft) = answered(&mut state, fetched, same);
    assert_eq!(kind(&draft), "promotion.abandoned");
    let why = draft.reason.unwrap();
    assert!(why.contains("window"), "{why}");
}

#[test]
fn w5_what_runs_already_may_finish_after_the_window_has_closed() {
    let (mut state, id) = sent_under(freeze(4));
    let outcome = Outcome::Accepted(Handle::default());
    let (_, draft) = append(&after(&mut state, 10, Msg::Acted { id, outcome }));
    assert_eq!(kind(&draft), "promotion.accepted");
}
