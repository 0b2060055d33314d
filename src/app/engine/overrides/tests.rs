use std::sync::Arc;

use super::*;
use crate::app::State as Program;
use crate::app::engine::planning::Wish;
use crate::app::interface::harness::{self, now};
use crate::app::msg::Msg;
use crate::app::request::Request;
use crate::app::update;
use crate::domain::entry::Entry;
use crate::domain::ids::{Digest, IntentId, Seq};

fn at(minutes: i64) -> Timestamp {
    now() + SignedDuration::from_mins(minutes)
}

/// A board whose production waits for the sign-offs of qa and sre, and everybody's facts are fresh.
fn board(rule: OverrideRule) -> Program {
    let mut state = harness::state();
    let mut policy = (*state.engine.policy).clone();
    let production = policy.environments.get_mut("production");
    production.expect("production").overrides = rule;
    policy.version = Digest::of(["overrides"]).into();
    update(&mut state, now(), Msg::Reloaded(Ok(Arc::new(policy))));
    state
}

/// As another operator's board would, on the same journal.
fn by<'s>(state: &'s mut Program, person: &str) -> &'s mut Program {
    state.engine.operator = Some(person.into());
    state
}

/// Gives an order, and lets the journal take what it appends; returns the kinds, or why not.
fn order(state: &mut Program, minutes: i64, request: Request) -> Result<Vec<String>, Refusal> {
    for row in &mut state.engine.board.rows {
        row.facts.last.as_mut().expect("facts").at = at(minutes);
    }
    state.engine.judge_all(at(minutes));
    let effects = state.engine.ask(request, at(minutes));
    let refused = state
        .engine
        .reports
        .drain(..)
        .find_map(|report| match report {
            super::super::Report::Refused { refusal, .. } => Some(refusal),
            _ => None,
        });
    if let Some(refusal) = refused {
        assert!(effects.is_empty(), "nothing is written of a refusal");
        return Err(refusal);
    }
    let mut kinds = Vec::new();
    for effect in effects {
        let Effect::Append { ticket, draft, .. } = effect else {
            panic!("{effect:?}")
        };
        kinds.push(draft.event.kind());
        let entry = entry(state, *draft);
        let result = Ok(entry);
        update(state, at(minutes), Msg::Recorded { ticket, result });
    }
    Ok(kinds)
}

fn entry(state: &Program, draft: Draft) -> Entry {
    let seq = state.engine.seen().0 + 1;
    let hash = Digest::of([seq.to_string().as_str()]);
    Entry {
        seq: Seq(seq),
        draft,
        previous: hash.clone(),
        hash,
    }
}

fn wanted(gates: &[&str]) -> Request {
    Request::Override {
        service: "api".into(),
        environment: "production".into(),
        gates: gates.iter().map(|gate| (*gate).to_owned()).collect(),
        back: None,
        reason: "hotfix".to_owned(),
        until: None,
    }
}

fn one(state: &Program) -> Override {
    let ledger = state.engine.ledger.as_ref().expect("a ledger");
    let mut overrides = ledger.overrides.values();
    overrides.next().expect("an override").clone()
}

fn why(result: Result<Vec<String>, Refusal>) -> String {
    result.expect_err("a refusal").why
}

fn two() -> OverrideRule {
    OverrideRule {
        second_person: true,
        ..OverrideRule::default()
    }
}

#[test]
fn o1_a_grant_is_bound_to_the_candidate_and_to_what_its_gates_say() {
    let mut state = board(OverrideRule::default());
    assert_eq!(
        order(&mut state, 0, wanted(&[])).unwrap(),
        ["override.granted"]
    );
    let one = one(&state);
    assert_eq!(one.names(), "sign-off");
    assert_eq!(one.revision.short(), "2222222");
    assert_eq!(
        (one.owner.as_str(), one.reason.as_str()),
        ("alice", "hotfix")
    );
    assert_eq!((one.since, one.until), (at(0), at(60)));
    assert!(one.gates[0].said.starts_with("closed: "), "{:?}", one.gates);
    let cell = state.engine.board.cell(&"api".into(), &"production".into());
    assert_eq!(cell.expect("a cell").judgement.overrides(), [one.id]);
}

#[test]
fn a_grant_needs_a_reason_an_end_to_come_and_not_too_late() {
    let with = |reason: &str, until: Option<Timestamp>| match wanted(&["sign-off"]) {
        Request::Override {
            service,
            environment,
            gates,
            back,
            ..
        } => Request::Override {
            service,
            environment,
            gates,
            back,
            reason: reason.to_owned(),
            until,
        },
        other => other,
    };
    let mut state = board(OverrideRule::default());
    assert!(why(order(&mut state, 0, with(" ", None))).contains("a reason"));
    let past = why(order(&mut state, 0, with("x", Some(at(-1)))));
    assert!(past.contains("past") || past.contains("over"), "{past}");
    let late = why(order(&mut state, 0, with("x", Some(at(241)))));
    assert!(late.contains("is in force for 4h at the most"), "{late}");
    order(&mut state, 0, with("x", Some(at(240)))).unwrap();
    assert_eq!(one(&state).until, at(240));
}

#[test]
fn what_is_open_unknown_or_never_overridden_is_refused_by_its_name() {
    let mut state = board(OverrideRule {
        never: vec!["sign-off".to_owned()],
        ..OverrideRule::default()
    });
    let told = why(order(&mut state, 0, wanted(&["fresh"])));
    assert_eq!(told, "fresh cannot be overridden");
    let told = why(order(&mut state, 0, wanted(&["sign-off"])));
    assert_eq!(told, "the policy lets nobody override sign-off");
    let told = why(order(&mut state, 0, wanted(&[])));
    assert!(told.starts_with("sign-off is not open"), "{told}");
    let refusal = order(&mut state, 0, wanted(&["sign-of"])).expect_err("unknown");
    assert_eq!(
        refusal.hint.as_deref(),
        Some("the gates are fresh, sign-off, hold, forge")
    );
    let mut state = board(OverrideRule {
        forbidden: true,
        ..OverrideRule::default()
    });
    let told = why(order(&mut state, 0, wanted(&[])));
    assert_eq!(told, "the policy lets nobody override a gate");
}

#[test]
fn nothing_is_overridden_on_stale_facts_or_where_there_is_nothing_to_promote() {
    let mut state = board(OverrideRule::default());
    harness::stale(&mut state, "api");
    let effects = state.engine.ask(wanted(&[]), now());
    assert!(effects.is_empty());
    let mut state = board(OverrideRule::default());
    let level = Request::Override {
        service: "web".into(),
        environment: "production".into(),
        gates: Vec::new(),
        back: None,
        reason: "x".to_owned(),
        until: None,
    };
    let told = why(order(&mut state, 0, level));
    assert_eq!(told, "nothing to override: web production is level");
}

#[test]
fn a_second_board_sees_whose_word_it_was_already() {
    let mut state = board(OverrideRule::default());
    order(&mut state, 0, wanted(&["sign-off"])).unwrap();
    // It is overridden, so there is nothing to override by name ...
    let told = why(order(by(&mut state, "carol"), 1, wanted(&["sign-off"])));
    assert_eq!(told, "sign-off is overridden already");
    // ... and one that still waits for its second person is told of with its owner.
    let mut state = board(two());
    order(&mut state, 0, wanted(&["sign-off"])).unwrap();
    let told = why(order(by(&mut state, "carol"), 1, wanted(&["sign-off"])));
    assert!(
        told.starts_with("alice has overridden sign-off already: hotfix"),
        "{told}"
    );
}

#[test]
fn only_who_has_the_role_grants_and_confirms() {
    let mut state = board(OverrideRule {
        roles: vec!["qa".into()],
        second_person: true,
        ..OverrideRule::default()
    });
    let told = why(order(by(&mut state, "carol"), 0, wanted(&[])));
    assert_eq!(told, "carol may not override: only qa may");
    order(by(&mut state, "alice"), 0, wanted(&[])).unwrap();
    let id = one(&state).id;
    let confirm = || Request::ConfirmOverride { id: id.clone() };
    let told = why(order(by(&mut state, "carol"), 1, confirm()));
    assert_eq!(told, "carol may not override: only qa may");
}

#[test]
fn o1_the_second_person_is_somebody_else_and_confirms_once() {
    let mut state = board(two());
    order(&mut state, 0, wanted(&[])).unwrap();
    let id = one(&state).id;
    let confirm = || Request::ConfirmOverride { id: id.clone() };
    let standing = |state: &Program| one(state).standing(&state.engine.policy, false, at(1));
    assert_eq!(standing(&state), Standing::Unconfirmed);
    let told = why(order(&mut state, 1, confirm()));
    assert!(
        told.contains("the second person is somebody else"),
        "{told}"
    );
    let kinds = order(by(&mut state, "carol"), 1, confirm()).unwrap();
    assert_eq!(kinds, ["override.confirmed"]);
    assert_eq!(standing(&state), Standing::InForce);
    let told = why(order(by(&mut state, "dave"), 1, confirm()));
    assert!(told.starts_with("carol has confirmed override"), "{told}");
}

#[test]
fn what_is_withdrawn_expired_used_or_unknown_is_neither_confirmed_nor_withdrawn() {
    let mut state = board(two());
    order(&mut state, 0, wanted(&[])).unwrap();
    let id = one(&state).id;
    let withdraw = |reason: &str| Request::WithdrawOverride {
        id: id.clone(),
        reason: reason.to_owned(),
    };
    assert!(why(order(&mut state, 1, withdraw(""))).contains("a reason"));
    let confirm = Request::ConfirmOverride { id: id.clone() };
    let told = why(order(by(&mut state, "carol"), 60, confirm.clone()));
    assert_eq!(told, format!("override {id} has expired"));
    let ledger = state.engine.ledger.as_mut().expect("a ledger");
    let used = IntentId::from("gng-1");
    ledger.overrides.get_mut(&id).expect("it").used = Some(used);
    let told = why(order(&mut state, 2, withdraw("x")));
    assert_eq!(
        told,
        format!("override {id} was for one use: gng-1 used it")
    );
    let ledger = state.engine.ledger.as_mut().expect("a ledger");
    ledger.overrides.get_mut(&id).expect("it").used = None;
    assert_eq!(
        order(&mut state, 2, withdraw("x")).unwrap(),
        ["override.withdrawn"]
    );
    let refusal = order(&mut state, 3, confirm).expect_err("gone");
    assert_eq!(refusal.why, format!("there is no override {id}"));
}

#[test]
fn a_use_is_noted_once_by_whoever_is_first() {
    let mut state = board(OverrideRule::default());
    order(&mut state, 0, wanted(&[])).unwrap();
    let id = one(&state).id;
    assert!(state.engine.note_uses(at(1)).is_empty(), "nobody used it");
    let ledger = state.engine.ledger.as_mut().expect("a ledger");
    let used = IntentId::from("gng-1");
    ledger.overrides.get_mut(&id).expect("it").used = Some(used);
    let effects = state.engine.note_uses(at(1));
    let [Effect::Append { ticket, draft, .. }] = effects.as_slice() else {
        panic!("{effects:?}")
    };
    assert_eq!(draft.event.kind(), "override.used");
    assert!(state.engine.note_uses(at(1)).is_empty(), "it is on its way");
    let result = Ok(entry(&state, (**draft).clone()));
    let ticket = *ticket;
    update(&mut state, at(1), Msg::Recorded { ticket, result });
    assert!(state.engine.note_uses(at(2)).is_empty(), "it is noted");
    state.engine.read_only = true;
    let ledger = state.engine.ledger.as_mut().expect("a ledger");
    ledger.uses_noted.clear();
    assert!(state.engine.note_uses(at(2)).is_empty(), "read-only");
}

#[test]
fn o1_what_is_only_supposed_lets_nothing_through_but_its_own_plan() {
    for rule in [OverrideRule::default(), two()] {
        let mut state = board(rule);
        let engine = &mut state.engine;
        engine.judge_all(now());
        let (service, environment) = ("api".into(), "production".into());
        let place = (&service, &environment);
        let wish = Wish::Promote { revision: None };
        let gates = ["sign-off".to_owned()];
        let plan = engine
            .plan_past(place, &wish, &gates, now())
            .expect("a plan");
        let told = plan
            .warnings
            .iter()
            .any(|warning| warning.contains("overridden by alice"));
        assert!(told, "{:?}", plan.warnings);
        let ledger = engine.ledger.as_ref().expect("a ledger");
        assert!(ledger.overrides.is_empty());
        let refused = engine.plan(&service, &environment, &wish, now());
        assert!(refused.is_err(), "no gate was opened by looking");
        let wrong = engine.plan_past(place, &wish, &["nothing".to_owned()], now());
        assert_eq!(wrong.expect_err("no such gate").kind, RefusalKind::Usage);
    }
}
