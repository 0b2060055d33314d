use super::super::harness::{changes, judge, on, press, state, top};
use super::*;
use crate::domain::entry::Event;
use crate::domain::gate;

fn dialog(state: &State) -> &OverrideDialog {
    match state.interface.overlays.last() {
        Some(Overlay::Override(dialog)) => dialog,
        other => panic!("no override dialog: {other:?}"),
    }
}

fn events(effects: &[Effect]) -> Vec<Event> {
    let events = effects.iter().filter_map(|effect| match effect {
        Effect::Append { draft, .. } => Some(draft.event.clone()),
        _ => None,
    });
    events.collect()
}

#[test]
fn o_overrides_what_is_not_open_with_a_reason() {
    let mut state = state();
    on(&mut state, "billing", "production");
    press(&mut state, "O");
    assert!(matches!(
        dialog(&state).chosen(),
        Some(OverrideAction::Grant { back: false, gates, .. }) if gates[0].gate == "soak"
    ));
    assert_eq!(
        dialog(&state).blocked().as_deref(),
        Some("a reason is required")
    );
    let effects = press(&mut state, "up 'hotfix");
    assert!(!effects.iter().any(changes));
    assert_eq!(
        dialog(&state).command_line().as_deref(),
        Some("gonogo override grant billing --to production --gate soak --reason hotfix")
    );
    let effects = press(&mut state, "tab tab enter");
    match events(&effects).as_slice() {
        [Event::OverrideGranted { grant }] => {
            assert_eq!(grant.names(), "soak");
            assert_eq!(
                (grant.reason.as_str(), grant.owner.as_str()),
                ("hotfix", "alice")
            );
            assert_eq!(grant.until, state.now + crate::domain::override_::USUAL);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(top(&state), "none");
}

#[test]
fn what_changes_under_the_dialog_is_not_overridden() {
    let mut state = state();
    on(&mut state, "billing", "production");
    press(&mut state, "O up 'hotfix tab tab");
    judge(
        &mut state.engine.board,
        "billing",
        "production",
        gate::State::Waiting,
    );
    let effects = press(&mut state, "enter");
    assert!(!effects.iter().any(changes));
    assert_eq!(dialog(&state).blocked().as_deref(), Some(CHANGED));
}

#[test]
fn where_every_gate_is_open_there_is_nothing_to_override() {
    let mut state = state();
    on(&mut state, "api", "production");
    press(&mut state, "O");
    assert_eq!(
        dialog(&state).blocked().as_deref(),
        Some("every gate is open, or waits for a second person")
    );
    let effects = press(&mut state, "up 'why tab tab enter");
    assert!(!effects.iter().any(changes));
}

#[test]
fn b_says_why_there_is_no_way_back_and_sends_nothing() {
    let mut state = state();
    on(&mut state, "api", "production");
    press(&mut state, "B");
    assert_eq!(top(&state), "promote");
    let effects = press(&mut state, "up 'bad tab tab enter");
    assert!(!effects.iter().any(changes));
}

#[test]
fn b_holds_the_bad_revision_and_then_intends_the_rollback() {
    use crate::app::msg::Msg;
    use crate::app::update;
    use crate::domain::entry::Entry;
    use crate::domain::ids::{DeploymentId, Seq};
    use crate::domain::phase::Phase;
    let mut state = state();
    for row in &mut state.engine.board.rows {
        let facts = row.facts.last.as_mut().expect("facts");
        let mut before = facts.value.deployments[0].clone();
        before.id = DeploymentId(1);
        before.sha = "9".repeat(40).into();
        before.phase = Phase::Superseded;
        before.created_at -= jiff::SignedDuration::from_hours(9);
        facts.value.deployments.push(before);
    }
    on(&mut state, "api", "production");
    let effects = press(
        &mut state,
        "B up up 'pays_twice tab 'production tab tab enter",
    );
    let (ticket, draft) = match effects.as_slice() {
        [Effect::Append { ticket, draft, .. }] => (*ticket, (**draft).clone()),
        other => panic!("{other:?}"),
    };
    let Event::HoldPlaced { hold, .. } = &draft.event else {
        panic!("{draft:?}")
    };
    assert!(hold.names(&"1".repeat(40).into()));
    assert_eq!(
        hold.reason,
        "1111111 was rolled back from in production: pays twice"
    );
    let hash = Digest::of(["1"]);
    let entry = Entry {
        seq: Seq(1),
        draft,
        previous: hash.clone(),
        hash,
    };
    let now = state.now;
    let result = Ok(entry);
    let effects = update(&mut state, now, Msg::Recorded { ticket, result });
    match events(&effects).as_slice() {
        [Event::Intended { intent }] => {
            assert!(intent.rollback);
            assert_eq!(intent.to.sha.as_str(), "9".repeat(40));
            assert_eq!(intent.reason, "pays twice");
        }
        other => panic!("{other:?}"),
    }
}
