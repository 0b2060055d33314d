use jiff::SignedDuration;

use super::*;
use crate::app::engine::planning::Wish;
use crate::app::interface::harness;
use crate::app::request::Request;
use crate::app::{Msg, State, update};
use crate::domain::entry::{Entry, Event};
use crate::domain::ids::DeploymentId;
use crate::domain::phase::Phase;

/// Somebody ordered to go back in production; the hold on what it goes back from is on its way.
fn ordered() -> (State, Vec<Effect>) {
    let mut state = harness::state();
    for row in &mut state.engine.board.rows {
        let facts = row.facts.last.as_mut().expect("facts");
        let mut before = facts.value.deployments[0].clone();
        before.id = DeploymentId(1);
        before.sha = "9".repeat(40).into();
        before.phase = Phase::Superseded;
        before.created_at -= SignedDuration::from_hours(9);
        facts.value.deployments.push(before);
    }
    let now = state.now;
    let wish = Wish::Rollback { revision: None };
    let (service, environment) = ("api".into(), "production".into());
    let mut plan = state
        .engine
        .plan(&service, &environment, &wish, now)
        .expect("a plan");
    plan.intent.reason = "pays twice".to_owned();
    let effects = update(&mut state, now, Msg::Asked(Request::Send(Box::new(plan))));
    (state, effects)
}

/// The journal takes the hold; `lifted` says whether somebody has lifted it before we hear of that.
fn held(lifted: bool) -> (State, Vec<String>) {
    let (mut state, effects) = ordered();
    let now = state.now;
    let [Effect::Append { ticket, draft, .. }, ..] = effects.as_slice() else {
        panic!("{effects:?}")
    };
    let Event::HoldPlaced { hold, .. } = &draft.event else {
        panic!("{draft:?}")
    };
    let placed = Entry {
        draft: (**draft).clone(),
        ..harness::entry((draft.event.clone(), 1))
    };
    if lifted {
        let event = Event::HoldLifted {
            id: hold.id.clone(),
            cover: hold.cover.clone(),
        };
        let read = vec![placed.clone(), harness::entry((event, 2))];
        update(&mut state, now, Msg::JournalRead(Ok(read)));
    }
    let recorded = Msg::Recorded {
        ticket: *ticket,
        result: Ok(placed),
    };
    let effects = update(&mut state, now, recorded);
    let kinds = effects.iter().filter_map(|effect| match effect {
        Effect::Append { draft, .. } => Some(draft.event.kind()),
        _ => None,
    });
    let kinds = kinds.collect();
    (state, kinds)
}

#[test]
fn p7_a_rollback_is_intended_when_its_hold_is_durable() {
    let (_, kinds) = held(false);
    assert_eq!(kinds, ["promotion.intended"]);
}

#[test]
fn p7_a_rollback_whose_hold_was_lifted_meanwhile_is_not_sent() {
    let (state, kinds) = held(true);
    assert_eq!(kinds, [""; 0]);
    assert!(state.engine.flows.is_empty());
    let said = harness::said(&state);
    assert!(said.contains("was lifted; nothing was sent"), "{said}");
}

/// A tag is made once, so that nothing goes back to what has had its own.
fn tagged(state: &mut State) {
    for row in &mut state.engine.board.rows {
        let service = std::sync::Arc::make_mut(&mut row.service);
        for stage in &mut service.path {
            stage.via = crate::domain::policy::Via::Tag {
                name: "live-{revision}".to_owned(),
            };
        }
    }
}

#[test]
fn a_plan_tells_the_way_back_by_the_judgement_that_b_will_be_asked() {
    let planned = |state: &mut State| {
        let (service, environment) = ("api".into(), "production".into());
        let wish = Wish::Promote { revision: None };
        let now = state.now;
        let plan = state.engine.plan(&service, &environment, &wish, now);
        plan.expect("a plan")
    };
    let mut state = harness::state();
    let plan = planned(&mut state);
    assert!(plan.goes_back);
    assert!(
        plan.if_bad.starts_with("B rolls back to 1111111; "),
        "{}",
        plan.if_bad
    );
    tagged(&mut state);
    let plan = planned(&mut state);
    assert!(!plan.goes_back);
    assert_eq!(
        plan.if_bad,
        "no way back by B: 1111111 has had its tag: a tag is made once; forge opens when the tag's \
         name holds {key}, so that each promotion has its own"
    );
}

#[test]
fn b_is_struck_out_where_the_forge_has_no_way_back() {
    let (mut state, _) = ordered();
    let (service, environment) = ("api".into(), "production".into());
    assert_eq!(
        state.engine.no_way_back(&service, &environment, state.now),
        None
    );
    tagged(&mut state);
    let why = state.engine.no_way_back(&service, &environment, state.now);
    assert!(why.is_some_and(|why| why.starts_with("9999999 has had its tag")));
}
