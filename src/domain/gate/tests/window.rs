use jiff::civil::time;

use crate::domain::gate::fixture::{World, daily, later};
use crate::domain::gate::{Earliest, Go, State};
use crate::domain::policy::GateSpec;
use crate::domain::window::WindowEffect::{Allow, Deny};

fn world() -> World {
    World::new(vec![GateSpec::Window])
}

#[test]
fn without_a_window_the_gate_is_open() {
    assert_eq!(
        world().says("window"),
        (State::Open, "no window or freeze applies".into())
    );
}

#[test]
fn an_open_window_says_when_it_closes_and_the_verdict_ends_with_it() {
    let mut world = world();
    let window = daily(
        "evenings",
        Allow,
        time(13, 0, 0, 0),
        time(16, 0, 0, 0),
        "UTC",
    );
    world.policy.windows = vec![window];
    let verdict = world.verdict("window");
    assert_eq!(
        (verdict.state, verdict.why.as_str()),
        (State::Open, "evenings until 16:00Z")
    );
    assert_eq!(verdict.valid_until, Some(later(120)));
    // W5: what is not started before the close is not started after it.
    assert_eq!(verdict.state_at(later(120)), State::Unknown);
    assert_eq!(world.verdict_at("window", later(120)).state, State::Waiting);
}

#[test]
fn a_closed_window_waits_for_its_opening() {
    let mut world = world();
    let window = daily(
        "evenings",
        Allow,
        time(18, 0, 0, 0),
        time(20, 0, 0, 0),
        "UTC",
    );
    world.policy.windows = vec![window];
    let verdict = world.verdict("window");
    assert_eq!(verdict.state, State::Waiting);
    assert_eq!(verdict.why, "outside every window; opens 18:00Z");
    let judgement = world.judge();
    assert_eq!(judgement.go, Go::NoGo);
    assert_eq!(
        judgement.earliest,
        Earliest::At {
            at: later(240),
            gate: "window".into()
        }
    );
}

#[test]
fn a_freeze_names_its_reason() {
    let mut world = world();
    let mut freeze = daily(
        "year-end",
        Deny,
        time(12, 0, 0, 0),
        time(17, 0, 0, 0),
        "UTC",
    );
    freeze.reason = Some("books close".to_owned());
    world.policy.windows = vec![freeze];
    assert_eq!(
        world.says("window").1,
        "year-end: books close; opens 17:00Z"
    );
}

#[test]
fn a_schedule_that_never_opens_is_closed_and_needs_a_person() {
    let mut world = world();
    let noon = time(12, 0, 0, 0);
    world.policy.windows = vec![
        daily(
            "evenings",
            Allow,
            time(18, 0, 0, 0),
            time(20, 0, 0, 0),
            "UTC",
        ),
        daily("morning", Deny, time(0, 0, 0, 0), noon, "UTC"),
        daily("rest", Deny, noon, time(0, 0, 0, 0), "UTC"),
    ];
    let verdict = world.verdict("window");
    assert_eq!(verdict.state, State::Closed);
    assert_eq!(verdict.why, "rest; no known opening");
}

#[test]
fn a_freeze_that_begins_outside_every_window_is_another_finding_than_the_closed_window() {
    let mut world = world();
    let time = |hour| time(hour, 0, 0, 0);
    world.policy.windows = vec![
        daily("freeze", Deny, time(16), time(0), "Europe/Berlin"),
        daily("nights", Allow, time(0), time(1), "Europe/Berlin"),
    ];
    // Both wait for the same instant, but an override of the one must not reach into the other.
    let before = world.verdict_at("window", later(0));
    let frozen = world.verdict_at("window", later(60));
    assert_eq!(before.why, "outside every window; opens 23:00Z");
    assert_eq!(frozen.why, "freeze; opens 23:00Z");
    assert_eq!(before.opens_at, frozen.opens_at);
    assert_ne!(before.values(), frozen.values());
    // Within each of the two the clock alone changes nothing.
    assert_eq!(
        before.values(),
        world.verdict_at("window", later(59)).values()
    );
    assert_eq!(
        frozen.values(),
        world.verdict_at("window", later(400)).values()
    );
}
