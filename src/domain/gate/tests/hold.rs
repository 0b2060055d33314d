use crate::domain::gate::fixture::{World, hold, later, now, person, sha};
use crate::domain::gate::{Earliest, Go, State};
use crate::domain::hold::{Cover, Then};

fn everything() -> Cover {
    Cover::default()
}

fn on(service: Option<&str>, environment: Option<&str>, revision: Option<char>) -> Cover {
    Cover {
        service: service.map(Into::into),
        environment: environment.map(Into::into),
        revision: revision.map(sha),
    }
}

#[test]
fn without_a_hold_the_gate_is_open() {
    assert_eq!(World::new(Vec::new()).verdict("hold").state, State::Open);
}

#[test]
fn without_a_journal_nobody_knows_whether_there_is_a_hold() {
    let mut world = World::new(Vec::new());
    world.ledger = None;
    assert_eq!(world.verdict("hold").state, State::Unknown);
    assert_eq!(world.verdict("manual").state, State::Unknown);
    assert_eq!(world.judge().go, Go::Unknown);
}

#[test]
fn h1_each_scope_covers_what_it_names_and_nothing_else() {
    let cases = [
        (everything(), true),
        (on(None, Some("production"), None), true),
        (on(None, Some("staging"), None), false),
        (on(Some("checkout"), None, None), true),
        (on(Some("billing"), None, None), false),
        (on(Some("checkout"), Some("production"), None), true),
        (on(Some("checkout"), Some("staging"), None), false),
        (on(None, None, Some('b')), true),
        (on(None, None, Some('c')), false),
        (on(Some("billing"), None, Some('b')), false),
    ];
    for (cover, covered) in cases {
        let world = World::new(Vec::new()).held(hold("h1", cover.clone(), None));
        let closed = world.verdict("hold").state == State::Closed;
        assert_eq!(closed, covered, "{cover}");
    }
}

#[test]
fn h1_a_hold_names_its_owner_and_reason() {
    let world = World::new(Vec::new()).held(hold("h1", everything(), Some(later(60))));
    let verdict = world.verdict("hold");
    assert_eq!(verdict.why, "carol holds it until 15:00Z: heap grows 3%/h");
    assert_eq!(verdict.who.as_deref(), Some("any operator"));
    assert_eq!(
        verdict.evidence[0].value,
        "carol on everything, since 13:40Z, until 15:00Z: heap grows 3%/h"
    );
}

#[test]
fn h1_several_holds_must_all_lift() {
    let mut second = hold("h2", on(Some("checkout"), None, None), Some(later(120)));
    second.owner = person("dee");
    let world = World::new(Vec::new())
        .held(hold("h1", everything(), Some(later(60))))
        .held(second);
    let verdict = world.verdict("hold");
    assert_eq!(verdict.opens_at, Some(later(120)));
    assert_eq!(verdict.who.as_deref(), Some("any operator"));
    assert_eq!(world.verdict_at("hold", later(90)).state, State::Closed);
    // The first to end changes what is said, so the cell is judged again then.
    assert!(world.judge().due.is_some_and(|due| due <= later(60)));
    let endless = world.held(hold("h3", everything(), None));
    assert_eq!(endless.verdict("hold").opens_at, None);
}

#[test]
fn h2_expiry_is_read_off_the_clock_and_half_open() {
    let world = World::new(Vec::new()).held(hold("h1", everything(), Some(later(1))));
    assert_eq!(world.verdict_at("hold", now()).state, State::Closed);
    assert_eq!(world.verdict_at("hold", later(1)).state, State::Open);
}

#[test]
fn h3_a_hold_does_not_exempt_its_owner() {
    // Nothing in a case says who asks: the verdict is the same for everybody.
    let world = World::new(Vec::new()).held(hold("h1", everything(), None));
    assert_eq!(world.judge().go, Go::NoGo);
}

#[test]
fn h4_a_forward_hold_and_a_full_hold_both_stop_a_promotion() {
    for kind in [
        crate::domain::hold::HoldKind::Forward,
        crate::domain::hold::HoldKind::All,
    ] {
        let mut hold = hold("h1", everything(), None);
        hold.kind = kind;
        assert_eq!(World::new(Vec::new()).held(hold).judge().go, Go::NoGo);
    }
}

#[test]
fn a_hold_without_an_end_needs_somebody_who_lifts_it() {
    let world = World::new(Vec::new()).held(hold("h1", everything(), None));
    assert_eq!(
        world.judge().earliest,
        Earliest::NeedsPerson {
            gate: "hold".into(),
            who: "any operator".into()
        }
    );
}

#[test]
fn h2_a_hold_that_asks_stays_on_when_its_time_is_up_and_says_so() {
    let mut asking = hold("h1", everything(), Some(later(60)));
    asking.then = Then::Ask;
    let world = World::new(Vec::new()).held(asking);
    let before = world.verdict("hold");
    assert_eq!(before.opens_at, None, "no time opens it");
    assert_eq!(
        before.why,
        "carol holds it until lifted, and asks at 15:00Z: heap grows 3%/h"
    );
    // What is said changes then, so the cell is judged again.
    assert!(world.judge().due.is_some_and(|due| due <= later(60)));
    let after = world.verdict_at("hold", later(60));
    assert_eq!(after.state, State::Closed);
    assert_eq!(
        after.why,
        "carol holds it until lifted, and asks since 15:00Z: heap grows 3%/h"
    );
    assert!(matches!(
        world.judge().earliest,
        Earliest::NeedsPerson { .. }
    ));
}
