use jiff::SignedDuration;
use jiff::civil::time;

use crate::domain::gate::Earliest;
use crate::domain::gate::fixture::{
    WANTED, World, check, daily, deployment, hold, later, manual_gate,
};
use crate::domain::hold::{Cover, Openers};
use crate::domain::phase::Phase;
use crate::domain::policy::{GateSpec, PipelineRule};
use crate::domain::window::WindowEffect::Allow;

fn soaking() -> World {
    let mut world = World::new(vec![
        GateSpec::Pipeline(PipelineRule::default()),
        GateSpec::Soak {
            at_least: SignedDuration::from_hours(24),
        },
        GateSpec::Window,
    ]);
    // 19 hours to go, until 09:00 tomorrow.
    let entered = deployment(30, "staging", WANTED, Phase::Succeeded, 5 * 60);
    world.known().deployments[0] = entered;
    world
}

fn earliest_at(world: &World, minutes: i64, name: &str) {
    assert_eq!(
        world.judge().earliest,
        Earliest::At {
            at: later(minutes),
            gate: name.to_owned()
        }
    );
}

#[test]
fn the_gate_that_opens_last_decides() {
    let world = soaking().held(hold("h1", Cover::default(), Some(later(60))));
    earliest_at(&world, 19 * 60, "soak");
    let world = soaking().held(hold("h1", Cover::default(), Some(later(20 * 60))));
    earliest_at(&world, 20 * 60, "hold");
}

#[test]
fn a_window_that_has_closed_by_then_must_open_again() {
    // Open now and until 18:00; the soak ends at 09:00; the next opening is 13:00 tomorrow.
    let mut world = soaking();
    let window = daily(
        "afternoon",
        Allow,
        time(13, 0, 0, 0),
        time(18, 0, 0, 0),
        "UTC",
    );
    world.policy.windows = vec![window];
    earliest_at(&world, 23 * 60, "window");
}

#[test]
fn a_window_that_is_open_by_then_does_not_delay() {
    let mut world = soaking();
    let window = daily("morning", Allow, time(8, 0, 0, 0), time(12, 0, 0, 0), "UTC");
    world.policy.windows = vec![window];
    earliest_at(&world, 19 * 60, "soak");
}

#[test]
fn a_gate_that_only_a_person_opens_needs_one() {
    let mut world = soaking();
    let gate = manual_gate("g1", Cover::default(), Openers::Role("qa".into()));
    world.book().manual_gates.insert(gate.id.clone(), gate);
    assert_eq!(
        world.judge().earliest,
        Earliest::NeedsPerson {
            gate: "manual pen test".into(),
            who: "role qa".into()
        }
    );
}

#[test]
fn a_pipeline_that_runs_has_no_known_time() {
    let mut world = soaking();
    world.checks().contexts.push(check("slow", Phase::Running));
    assert_eq!(
        world.judge().earliest,
        Earliest::NoKnownTime {
            gate: "pipeline".into()
        }
    );
}

#[test]
fn what_lies_more_than_four_hundred_days_ahead_is_no_known_time() {
    let world =
        World::new(Vec::new()).held(hold("h1", Cover::default(), Some(later(401 * 24 * 60))));
    assert_eq!(
        world.judge().earliest,
        Earliest::NoKnownTime {
            gate: "hold".into()
        }
    );
}

#[test]
fn facts_that_have_gone_stale_have_no_known_time() {
    assert_eq!(
        soaking().judge_at(later(30)).earliest,
        Earliest::NoKnownTime {
            gate: "fresh".into()
        }
    );
}
