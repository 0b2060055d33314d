//! What a refusal says is to be done next.

use super::*;
use crate::domain::cell::Sources;
use crate::domain::gate::Alone;
use crate::domain::gate::fixture::{LIVE, World, daily, hold, now, revision};
use crate::domain::hold::Cover;
use crate::domain::window::WindowEffect;

fn sources(world: &World) -> Sources<'_> {
    Sources {
        policy: &world.policy,
        service: world.service(),
        facts: &world.facts,
        ledger: world.ledger.as_ref(),
        scope: world.scope.as_ref(),
        seen: &world.seen,
        peers: &Alone,
        actor: world.actor.as_ref(),
    }
}

fn hint(cell: &Cell, back: bool) -> String {
    let refused = refuse_closed(cell, &"checkout".into(), back, now());
    refused.unwrap_err().hint.expect("a hint")
}

#[test]
fn the_hint_of_a_closed_gate_says_what_would_open_it_and_is_no_news() {
    let cover = Cover {
        service: None,
        environment: Some("production".into()),
        revision: None,
    };
    let world = World::new(vec![GateSpec::Fresh]).held(hold("h-1", cover, None));
    let cell = Cell::judge(sources(&world), world.stage(), now());
    assert_eq!(hint(&cell, false), "hold opens when the hold is lifted");
}

#[test]
fn under_a_freeze_the_hint_of_a_rollback_is_the_way_that_there_is() {
    let mut world = World::new(vec![GateSpec::Window]);
    let (from, to) = (
        jiff::civil::time(13, 0, 0, 0),
        jiff::civil::time(20, 0, 0, 0),
    );
    world.policy.windows = vec![daily("freeze", WindowEffect::Deny, from, to, "UTC")];
    let back = revision(LIVE, "2.40.3");
    let cell = Cell::judge_back(sources(&world), world.stage(), &back, now());
    let told = hint(&cell, true);
    assert!(
        told.contains("gonogo override grant checkout --to production --gate window --rollback")
            && told.contains("second person"),
        "{told}"
    );
    let cell = Cell::judge(sources(&world), world.stage(), now());
    let told = hint(&cell, false);
    assert!(
        told.starts_with("window opens when the schedule opens"),
        "{told}"
    );
}
