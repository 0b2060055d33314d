use jiff::SignedDuration;

use crate::domain::gate::fixture::{World, fault, later, now};
use crate::domain::gate::{Go, State};
use crate::domain::observed::Fact;

#[test]
fn facts_are_fresh_until_just_before_their_limit() {
    let mut world = World::new(Vec::new());
    world.facts.last.as_mut().unwrap().at = now() - SignedDuration::from_millis(59_999);
    assert_eq!(world.says("fresh"), (State::Open, "read within 60s".into()));
    world.facts.last.as_mut().unwrap().at = now() - SignedDuration::from_secs(60);
    assert_eq!(
        world.says("fresh"),
        (State::Unknown, "facts are 60s old, the limit is 60s".into())
    );
    assert_eq!(world.judge().go, Go::Unknown);
}

#[test]
fn a_service_that_was_never_read_is_unknown() {
    let mut world = World::new(Vec::new());
    world.facts = Fact::default();
    world.candidate = None;
    assert_eq!(
        world.says("fresh"),
        (State::Unknown, "checkout has not been read yet".into())
    );
    assert_eq!(world.judge().go, Go::Unknown);
}

#[test]
fn a_fault_is_shown_beside_facts_that_are_still_fresh() {
    let mut world = World::new(Vec::new());
    world.facts.fault = Some(fault());
    let verdict = world.verdict("fresh");
    assert_eq!(verdict.state, State::Open);
    assert_eq!(verdict.why, "read within 60s, but then: unreachable");
    assert!(verdict.evidence.iter().any(|evidence| evidence.what == "fault"
        && evidence.value.contains("no answer in 10s")));
}

#[test]
fn facts_from_the_future_are_not_trusted() {
    let mut world = World::new(Vec::new());
    world.facts.last.as_mut().unwrap().at = later(60);
    assert_eq!(world.verdict("fresh").state, State::Unknown);
    assert_eq!(world.judge().go, Go::Unknown);
    // The cell is judged again as soon as time has caught up.
    let due = world.judge().due.unwrap();
    assert_eq!(due, later(59) + SignedDuration::from_nanos(1));
    assert_eq!(world.verdict_at("fresh", later(59)).state, State::Unknown);
    assert_eq!(world.verdict_at("fresh", due).state, State::Open);
    // Clocks that differ by a little are no reason to stop.
    world.facts.last.as_mut().unwrap().at = now() + SignedDuration::from_secs(2);
    assert_eq!(world.verdict("fresh").state, State::Open);
}

#[test]
fn what_could_not_be_read_is_shown() {
    let mut world = World::new(Vec::new());
    world.known().gaps = vec!["checks: not readable with this token".into()];
    let verdict = world.verdict("fresh");
    assert!(
        verdict
            .evidence
            .iter()
            .any(|evidence| evidence.what == "not readable")
    );
}
