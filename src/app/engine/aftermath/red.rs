//! P6: a re-run that turns red after a promotion raises an alert, once, and flips no history.

use std::sync::Arc;

use jiff::SignedDuration;

use super::*;
use crate::app::engine::planning::Wish;
use crate::app::interface::harness;
use crate::app::{Msg, State as Program, update};
use crate::domain::entry::Entry;
use crate::domain::facts::ServiceFacts;
use crate::domain::ids::{DeploymentId, Seq};
use crate::domain::pipeline::{Check, Checks};
use crate::domain::policy::{GateSpec, PipelineRule, Policy};
use crate::domain::promotion::Step;

fn at(seconds: i64) -> Timestamp {
    harness::now() + SignedDuration::from_secs(seconds)
}

fn checks(phase: Phase) -> Checks {
    let failed = u32::from(phase == Phase::Failed);
    Checks {
        sha: "2".repeat(40).into(),
        phase: Some(phase.clone()),
        succeeded: 1 - failed,
        failed,
        pending: 0,
        total: 1,
        contexts: vec![Check {
            name: "build".to_owned(),
            phase,
            url: None,
            completed_at: None,
            report: None,
        }],
    }
}

fn read(state: &mut Program, change: impl FnOnce(&mut ServiceFacts)) {
    let now = state.now;
    let row = state.engine.board.row(&"api".into());
    let mut facts = row
        .and_then(|row| row.facts.value().cloned())
        .expect("facts");
    change(&mut facts);
    let (board, basis) = state.engine.judging(now);
    board.merge(&"api".into(), Ok(facts), now, basis);
    state.engine.restless.insert("api".into());
}

fn write(state: &mut Program, event: Event) {
    let seq = state.engine.seen().0 + 1;
    let entry = harness::entry((event, seq));
    let now = state.now;
    update(state, now, Msg::JournalRead(Ok(vec![entry])));
}

/// Ticks, and lets the journal take whatever is appended; returns the kinds.
fn tick(state: &mut Program, seconds: i64) -> Vec<String> {
    let mut effects = update(state, at(seconds), Msg::Tick);
    let mut kinds = Vec::new();
    while let Some(effect) = effects.pop() {
        let Effect::Append { ticket, draft, .. } = effect else {
            continue;
        };
        kinds.push(draft.event.kind());
        let seq = Seq(state.engine.seen().0 + 1);
        let entry = Entry {
            seq,
            draft: *draft,
            ..harness::entry((
                Event::OverrideUsed {
                    id: "o".into(),
                    intent: "i".into(),
                },
                seq.0,
            ))
        };
        let recorded = Msg::Recorded {
            ticket,
            result: Ok(entry),
        };
        effects.extend(update(state, at(seconds), recorded));
    }
    kinds
}

#[test]
fn p6_checks_that_turn_red_after_a_promotion_raise_an_alert_once_and_change_no_history() {
    let mut state = harness::state();
    let mut policy = Policy::clone(&state.engine.policy);
    policy.version = "with a pipeline".into();
    for service in policy.each() {
        let rule = PipelineRule::default();
        service.path[1].gates = [GateSpec::Fresh, GateSpec::Pipeline(rule)].into();
    }
    update(&mut state, at(0), Msg::Reloaded(Ok(Arc::new(policy))));
    let good = checks(Phase::Succeeded);
    read(&mut state, |facts| {
        facts.checks.insert(good.sha.clone(), good);
    });
    let wish = Wish::Promote { revision: None };
    let plan = state
        .engine
        .plan(&"api".into(), &"production".into(), &wish, at(0));
    let intent = plan.expect("a plan").intent;
    let (id, purpose) = (intent.id.clone(), intent.purpose);
    write(&mut state, Event::Intended { intent });
    let handle = crate::domain::act::Handle::default();
    let owner = "here".into();
    for step in [
        Step::Sending { owner },
        Step::Accepted { handle },
        Step::Succeeded,
    ] {
        let id = id.clone();
        write(&mut state, Event::Stepped { id, purpose, step });
    }
    read(&mut state, |facts| {
        let mut new = facts.deployments[0].clone();
        new.id = DeploymentId(40);
        new.sha = "2".repeat(40).into();
        (new.created_at, new.changed_at) = (at(0), at(0));
        facts.deployments.insert(0, new);
    });
    let before = tick(&mut state, 1);
    assert!(!before.contains(&"alert.raised".to_owned()), "{before:?}");
    let bad = checks(Phase::Failed);
    read(&mut state, |facts| {
        facts.checks.insert(bad.sha.clone(), bad);
    });
    let kinds = tick(&mut state, 2);
    assert!(kinds.contains(&"alert.raised".to_owned()), "{kinds:?}");
    assert!(
        harness::said(&state).contains("turned red"),
        "{}",
        harness::said(&state)
    );
    state.engine.restless.insert("api".into());
    assert_eq!(tick(&mut state, 3), [""; 0], "once");
    let ledger = state.engine.ledger.as_ref().expect("a ledger");
    assert_eq!(ledger.promotions[&id].state, State::Succeeded);
}
