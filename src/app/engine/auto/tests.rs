use std::sync::Arc;

use jiff::SignedDuration;

use super::*;
use crate::app::State as Program;
use crate::app::interface::harness::{self, hold, press};
use crate::app::msg::Msg;
use crate::app::update;
use crate::domain::entry::Event;
use crate::domain::policy::Policy;

/// A board whose production promotes by itself through no gate but those that are always there, and
/// that may do so.
fn board() -> Program {
    let mut state = harness::state();
    let mut policy: Policy = (*state.engine.policy).clone();
    for service in &mut policy.services {
        for stage in &mut service.path {
            stage.gates = Arc::from([]);
            if service.name.as_str() == "api" && stage.environment.as_str() == "production" {
                stage.mode = Mode::Auto;
            }
        }
    }
    policy.version = Digest::of(["auto"]);
    state.engine.auto.on = true;
    after(&mut state, 0, Msg::Reloaded(Ok(Arc::new(policy))));
    state
}

fn after(state: &mut Program, seconds: i64, msg: Msg) -> Vec<Effect> {
    let now = harness::now() + SignedDuration::from_secs(seconds);
    update(state, now, msg)
}

fn tick(state: &mut Program, seconds: i64) -> Vec<String> {
    let effects = after(state, seconds, Msg::Tick);
    let intents = effects.iter().filter_map(|effect| match effect {
        Effect::Append { draft, .. } => match &draft.event {
            Event::Intended { intent } => Some(format!(
                "{} {} {}",
                intent.service, intent.environment, intent.reason
            )),
            _ => None,
        },
        _ => None,
    });
    intents.collect()
}

fn counting(state: &Program) -> Option<Timestamp> {
    let countdown = state.engine.countdown(&"api".into(), &"production".into());
    countdown.map(|countdown| countdown.ends_at)
}

/// The forge was read at this instant.
fn read(state: &mut Program, seconds: i64) {
    let at = harness::now() + SignedDuration::from_secs(seconds);
    for row in &mut state.engine.board.rows {
        row.facts.last.as_mut().expect("facts").at = at;
    }
    state.engine.judge_all(at);
}

#[test]
fn auto_promotes_by_itself_after_a_countdown_that_everybody_sees() {
    let mut state = board();
    assert_eq!(tick(&mut state, 1), [""; 0]);
    let ends = harness::now() + SignedDuration::from_secs(31);
    assert_eq!(counting(&state), Some(ends));
    assert!(state.engine.due(state.now) <= ends);
    read(&mut state, 20);
    assert_eq!(tick(&mut state, 30), [""; 0]);
    assert_eq!(
        tick(&mut state, 31),
        ["api production auto: all gates open"]
    );
    // Once.
    assert_eq!(tick(&mut state, 32), [""; 0]);
    assert_eq!(tick(&mut state, 70), [""; 0]);
}

#[test]
fn auto_stops_at_a_hold_and_goes_on_only_after_a_fresh_evaluation() {
    let mut state = board();
    tick(&mut state, 1);
    hold(&mut state, "h-1", "api", "production");
    let at = state.now;
    state.engine.judge_all(at);
    assert_eq!(tick(&mut state, 10), [""; 0]);
    assert_eq!(counting(&state), None);
    // Lifted: what was read before that does not count.
    if let Some(ledger) = &mut state.engine.ledger {
        ledger.holds.clear();
    }
    let at = harness::now() + SignedDuration::from_secs(11);
    state.engine.judge_all(at);
    assert_eq!(tick(&mut state, 12), [""; 0]);
    assert_eq!(counting(&state), None);
    read(&mut state, 13);
    tick(&mut state, 14);
    let ends = harness::now() + SignedDuration::from_secs(44);
    assert_eq!(counting(&state), Some(ends), "a whole new countdown");
}

#[test]
fn auto_waits_while_somebody_is_about_to_hold() {
    let mut state = board();
    tick(&mut state, 1);
    harness::on(&mut state, "api", "production");
    press(&mut state, "H");
    read(&mut state, 20);
    assert_eq!(tick(&mut state, 31), [""; 0]);
    assert_eq!(counting(&state), None);
    press(&mut state, "esc");
    assert_eq!(tick(&mut state, 32), [""; 0]);
}

#[test]
fn auto_never_acts_read_only_offline_from_the_command_line_or_where_nobody_asked() {
    type Change = fn(&mut Engine);
    let changes: [Change; 5] = [
        |engine| engine.read_only = true,
        |engine| engine.offline = true,
        |engine| engine.auto.on = false,
        |engine| engine.operator = None,
        |engine| {
            let mut policy = (*engine.policy).clone();
            for service in &mut policy.services {
                for stage in &mut service.path {
                    stage.mode = Mode::Confirm;
                }
            }
            engine.policy = Arc::new(policy);
        },
    ];
    for (place, change) in changes.into_iter().enumerate() {
        let mut state = board();
        change(&mut state.engine);
        tick(&mut state, 1);
        assert_eq!(counting(&state), None, "{place}");
        read(&mut state, 20);
        assert_eq!(tick(&mut state, 31), [""; 0], "{place}");
    }
}

#[test]
fn auto_does_not_try_again_what_was_sent_once() {
    use crate::domain::promotion::Step;
    let mut state = board();
    let wish = Wish::Promote { revision: None };
    let plan = state
        .engine
        .plan(&"api".into(), &"production".into(), &wish, state.now)
        .expect("a plan");
    let intent = plan.intent.clone();
    let steps = [
        Event::Intended {
            intent: intent.clone(),
        },
        Event::Stepped {
            id: intent.id.clone(),
            purpose: intent.purpose,
            step: Step::Sending {
                owner: "elsewhere".into(),
            },
        },
        Event::Stepped {
            id: intent.id.clone(),
            purpose: intent.purpose,
            step: Step::Rejected {
                why: "422".to_owned(),
            },
        },
    ];
    let entries: Vec<_> = steps.into_iter().zip(1..).map(harness::entry).collect();
    after(&mut state, 1, Msg::JournalRead(Ok(entries)));
    read(&mut state, 2);
    tick(&mut state, 3);
    assert_eq!(counting(&state), None);
}
