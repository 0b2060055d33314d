use jiff::SignedDuration;

use crate::domain::gate::fixture::{World, hold, later, now};
use crate::domain::gate::{Earliest, Go, State};
use crate::domain::hold::Cover;
use crate::domain::observed::Fact;
use crate::domain::policy::{Before, GateSpec, PipelineRule, Via};

fn names(world: &World) -> Vec<String> {
    let verdicts = world.judge().verdicts;
    verdicts
        .iter()
        .map(|verdict| verdict.gate.clone())
        .collect()
}

fn all() -> Vec<GateSpec> {
    vec![
        GateSpec::Pipeline(PipelineRule::default()),
        GateSpec::Path { from: Before::Next },
        GateSpec::Soak {
            at_least: SignedDuration::from_hours(24),
        },
        GateSpec::Review {
            approvals: 2,
            own: false,
        },
        GateSpec::Window,
        GateSpec::SignOff {
            roles: Vec::new(),
            distinct: true,
            at_close: crate::domain::signoff::AtClose::Keep,
        },
    ]
}

#[test]
fn some_gates_are_always_there() {
    assert_eq!(names(&World::new(Vec::new())), ["fresh", "hold", "forge"]);
    let world = World::new(vec![GateSpec::Forge, GateSpec::Window, GateSpec::Fresh]);
    assert_eq!(names(&world), ["forge", "window", "fresh", "hold"]);
}

#[test]
fn a_green_world_goes_now() {
    let judgement = World::new(all()).judge();
    assert_eq!(judgement.go, Go::Go, "{judgement:#?}");
    assert_eq!(judgement.earliest, Earliest::Now);
    assert_eq!(judgement.count(now()), (9, 9));
    assert_eq!(judgement.due, Some(now() + SignedDuration::from_secs(50)));
}

#[test]
fn past_its_due_instant_a_green_judgement_is_unknown() {
    let judgement = World::new(all()).judge();
    let due = judgement.due.unwrap();
    assert_eq!(
        judgement.go_at(due - SignedDuration::from_millis(1)),
        Go::Go
    );
    assert_eq!(judgement.go_at(due), Go::Unknown);
}

#[test]
fn with_nothing_to_promote_it_is_a_no_go_that_says_so() {
    let mut world = World::new(all());
    world.candidate = None;
    let judgement = world.judge();
    assert_eq!(judgement.go, Go::NoGo);
    assert_eq!(judgement.earliest, Earliest::Nothing);
    assert_eq!(
        world.says("soak"),
        (
            State::Closed,
            "nothing to promote: production is level with staging".into()
        )
    );
    // What does not need a candidate is judged as ever.
    assert_eq!(world.verdict("hold").state, State::Open);
    assert_eq!(world.verdict("fresh").state, State::Open);
    world.via(Via::Release);
    assert_eq!(
        world.says("forge").1,
        "nothing to promote: there is no draft release of a known commit"
    );
    world.known().deployments.clear();
    world.via(Via::Deployment);
    assert_eq!(
        world.says("forge").1,
        "nothing to promote: staging has no verified revision"
    );
}

#[test]
fn before_the_first_read_nobody_knows_whether_there_is_something() {
    let mut world = World::new(all());
    world.facts = Fact::default();
    world.candidate = None;
    world.live = None;
    let judgement = world.judge();
    assert_eq!(judgement.go, Go::Unknown);
    assert_eq!(
        judgement.earliest,
        Earliest::NoKnownTime {
            gate: "fresh".into()
        }
    );
}

#[test]
fn stale_facts_make_every_gate_that_rests_on_them_unknown() {
    let world = World::new(all());
    let judgement = world.judge_at(later(10));
    assert_eq!(judgement.go, Go::Unknown);
    for gate in [
        "fresh", "pipeline", "path", "soak", "review", "sign-off", "forge",
    ] {
        let verdict = judgement
            .verdicts
            .iter()
            .find(|verdict| verdict.gate == gate);
        assert_eq!(
            verdict.unwrap().state_at(later(10)),
            State::Unknown,
            "{gate}"
        );
    }
}

#[test]
fn a_hold_on_stale_facts_is_a_no_go() {
    let world = World::new(all()).held(hold("h1", Cover::default(), None));
    assert_eq!(world.judge_at(later(10)).go, Go::NoGo);
}

#[test]
fn it_is_due_when_a_hold_ends() {
    let until = now() + SignedDuration::from_secs(20);
    let world = World::new(all())
        .held(hold("h1", Cover::default(), Some(until)))
        .held(hold("h2", Cover::default(), None));
    assert_eq!(world.judge().due, Some(until));
}

#[test]
fn every_sentence_is_lower_case_without_a_full_stop() {
    let mut world = World::new(all()).held(hold("h1", Cover::default(), None));
    for _ in 0..2 {
        for verdict in &world.judge().verdicts {
            assert!(!verdict.why.ends_with('.'), "{}", verdict.why);
            assert!(!verdict.why.is_empty());
            assert!(
                !verdict.why.starts_with(char::is_uppercase),
                "{}",
                verdict.why
            );
            assert_eq!(
                verdict.opens_when.is_none(),
                verdict.state.passes(),
                "{} says what would open it",
                verdict.gate
            );
        }
        world.candidate = None;
    }
}
