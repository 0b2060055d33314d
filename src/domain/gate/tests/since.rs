use jiff::SignedDuration;
use jiff::civil::time;

use crate::domain::entry::Event;
use crate::domain::gate::State;
use crate::domain::gate::fixture::{
    HEAD, LIVE, WANTED, World, ago, check, daily, deployment, hold, later, manual_gate, now,
    person, review, sha,
};
use crate::domain::hold::{Cover, Opened, Openers};
use crate::domain::phase::Phase;
use crate::domain::pipeline::Check;
use crate::domain::policy::{Before, CommandRule, GateSpec, PipelineRule};
use crate::domain::seen::{Outcome, Round, RoundKey, Sample, Subject};
use crate::domain::window::WindowEffect::{Allow, Deny};

fn soak(hours: i64) -> GateSpec {
    GateSpec::Soak {
        at_least: SignedDuration::from_hours(hours),
    }
}

#[test]
fn checks_are_green_since_the_last_of_them_ended() {
    let mut world = World::new(vec![GateSpec::Pipeline(PipelineRule::default())]);
    let ended = |name, minutes| Check {
        completed_at: Some(ago(minutes)),
        ..check(name, Phase::Succeeded)
    };
    world.checks().contexts = vec![ended("build", 40), ended("e2e", 20), ended("unit", 35)];
    assert_eq!(world.verdict("pipeline").since, Some(ago(20)));
    world.checks().contexts[0].completed_at = None;
    assert_eq!(world.verdict("pipeline").since, None, "nobody tells of one");
}

#[test]
fn where_no_check_is_named_its_run_tells_when_it_ended() {
    let mut world = World::new(vec![GateSpec::Pipeline(PipelineRule::default())]);
    world.checks().contexts.clear();
    let run = &mut world.known().runs[0];
    (run.phase, run.updated_at) = (Phase::Succeeded, ago(25));
    run.waiting.clear();
    assert_eq!(world.verdict("pipeline").since, Some(ago(25)));
    world.known().runs[0].phase = Phase::Running;
    assert_eq!(world.verdict("pipeline").since, None, "it goes on");
    world.known().runs.clear();
    assert_eq!(world.verdict("pipeline").since, None);
}

#[test]
fn a_change_is_approved_since_the_approval_that_made_it_enough() {
    let gate = GateSpec::Review {
        approvals: 2,
        own: false,
    };
    let mut world = World::new(vec![gate]);
    for pull_request in &mut world.scoped().pull_requests {
        pull_request.author = Some(person("eve"));
        pull_request.reviews = vec![
            review("bob", true, 50),
            review("dee", true, 44),
            review("ann", true, 10),
        ];
    }
    let verdict = world.verdict("review");
    assert_eq!((verdict.state, verdict.since), (State::Open, Some(ago(44))));
    world.scoped().pull_requests[0].reviews[1].at = None;
    assert_eq!(world.verdict("review").since, None);
    world.scoped().pull_requests[0].reviews[1] = review("dee", false, 30);
    let verdict = world.verdict("review");
    assert_eq!(
        (verdict.state, verdict.since),
        (State::Closed, Some(ago(30)))
    );
}

#[test]
fn approvals_that_are_missing_are_missing_since_nobody_knows_when() {
    let gate = GateSpec::Review {
        approvals: 3,
        own: false,
    };
    let verdict = World::new(vec![gate]).verdict("review");
    assert_eq!((verdict.state, verdict.since), (State::Closed, None));
}

#[test]
fn a_soak_counts_since_the_success_and_is_over_since_it_was_long_enough() {
    let mut world = World::new(vec![soak(24)]);
    world.known().deployments = vec![deployment(2, "staging", WANTED, Phase::Succeeded, 6 * 60)];
    let verdict = world.verdict("soak");
    assert_eq!(
        (verdict.state, verdict.since),
        (State::Waiting, Some(ago(6 * 60)))
    );
    let verdict = world.verdict_at("soak", later(20 * 60));
    assert_eq!(
        (verdict.state, verdict.since),
        (State::Open, Some(later(18 * 60)))
    );
}

#[test]
fn a_soak_that_was_disturbed_is_open_again_since_that_ended() {
    let mut world = World::new(vec![soak(2)]);
    world.known().deployments = vec![
        deployment(2, "staging", WANTED, Phase::Succeeded, 6 * 60),
        deployment(3, "staging", HEAD, Phase::Failed, 30),
    ];
    let verdict = world.verdict("soak");
    assert_eq!((verdict.state, verdict.since), (State::Open, Some(ago(30))));
}

#[test]
fn what_left_too_soon_is_closed_since_it_left() {
    let mut world = World::new(vec![soak(24)]);
    world.known().deployments = vec![
        deployment(2, "staging", WANTED, Phase::Superseded, 3 * 60),
        deployment(3, "staging", LIVE, Phase::Succeeded, 3 * 60),
    ];
    let verdict = world.verdict("soak");
    assert_eq!(
        (verdict.state, verdict.since),
        (State::Closed, Some(ago(3 * 60)))
    );
}

#[test]
fn a_path_is_open_since_the_last_environment_that_it_needs() {
    let mut world = World::new(vec![GateSpec::Path { from: Before::All }]);
    let staging = deployment(30, "staging", WANTED, Phase::Succeeded, 31 * 60);
    let dev = deployment(31, "dev", WANTED, Phase::Succeeded, 29 * 60);
    world.known().deployments = vec![staging, dev];
    let verdict = world.verdict("path");
    assert_eq!(
        (verdict.state, verdict.since),
        (State::Open, Some(ago(29 * 60)))
    );
}

#[test]
fn a_window_is_open_since_it_opened_and_a_freeze_on_since_it_began() {
    let mut world = World::new(vec![GateSpec::Window]);
    let window =
        |name, effect, from, to| daily(name, effect, time(from, 0, 0, 0), time(to, 0, 0, 0), "UTC");
    assert_eq!(world.verdict("window").since, None, "there is no schedule");
    world.policy.windows = vec![window("day", Allow, 8, 20)];
    assert_eq!(world.verdict("window").since, Some(ago(6 * 60)));
    world.policy.windows.push(window("lunch", Deny, 12, 13));
    assert_eq!(
        world.verdict("window").since,
        Some(ago(60)),
        "the freeze ended"
    );
    assert_eq!(
        world.verdict_at("window", ago(90)).since,
        Some(ago(2 * 60)),
        "in the freeze"
    );
    assert_eq!(
        world.verdict_at("window", later(7 * 60)).since,
        Some(later(6 * 60)),
        "after the close"
    );
}

#[test]
fn a_hold_is_on_since_the_first_was_placed() {
    let mut first = hold("h1", Cover::default(), None);
    let mut second = hold("h2", Cover::default(), None);
    (first.since, second.since) = (ago(40), ago(90));
    let world = World::new(Vec::new()).held(first).held(second);
    assert_eq!(world.verdict("hold").since, Some(ago(90)));
    let none = World::new(Vec::new()).verdict("hold");
    assert_eq!(none.since, None, "nobody knows when the last was lifted");
}

#[test]
fn a_manual_gate_that_was_closed_again_is_closed_since_then() {
    let mut world = World::new(Vec::new());
    let mut gate = manual_gate("g1", Cover::default(), Openers::Anyone);
    gate.since = ago(60);
    let id = gate.id.clone();
    world.write("alice", Event::GateAdded { gate });
    let since = |world: &World| world.verdict("manual pen test").since;
    assert_eq!(since(&world), Some(ago(60)));
    let opened = Opened {
        by: person("bob"),
        at: ago(20),
        note: String::new(),
    };
    world.book().manual_gates.get_mut(&id).unwrap().opened = Some(opened);
    assert_eq!(since(&world), Some(ago(20)));
    let cover = Cover::default();
    world.write("bob", Event::GateClosed { id, cover });
    assert_eq!(since(&world), Some(ago(5)));
}

#[test]
fn samples_say_the_same_since_the_first_round_of_those_that_do() {
    let key = || RoundKey {
        environment: "production".into(),
        subject: Subject::Command("smoke".to_owned()),
        revision: sha(WANTED),
    };
    let rule = CommandRule {
        argv: vec!["smoke".to_owned()],
        time_limit: SignedDuration::from_secs(5),
        every: SignedDuration::from_mins(10),
    };
    let mut world = World::new(vec![GateSpec::Command(vec![("smoke".to_owned(), rule)])]);
    let mut takes = |outcome, minutes| {
        let sample = Sample {
            probe: "smoke".to_owned(),
            outcome,
            value: format!("took {minutes} ms"),
            url: None,
        };
        let round = Round {
            samples: vec![sample],
        };
        world.seen.take_round(key(), round, ago(minutes));
        world.verdict("command smoke").since
    };
    assert_eq!(takes(Outcome::Success, 19), Some(ago(19)));
    assert_eq!(takes(Outcome::Success, 12), Some(ago(19)));
    assert_eq!(takes(Outcome::Failure, 9), Some(ago(9)));
    assert_eq!(takes(Outcome::Failure, 6), Some(ago(9)));
    // An answer that comes late changes nothing.
    assert_eq!(takes(Outcome::Success, 8), Some(ago(9)));
}

#[test]
fn a_clock_that_runs_ahead_tells_of_nothing() {
    let mut world = World::new(vec![soak(24)]);
    world.known().deployments = vec![deployment(2, "staging", WANTED, Phase::Succeeded, -5)];
    assert_eq!(world.verdict("soak").since, None);
}

#[test]
fn what_has_run_out_is_so_since_nobody_knows_when() {
    let verdict = World::new(vec![soak(2)]).verdict("soak");
    assert!(verdict.since_at(now()).is_some());
    let until = verdict.valid_until.unwrap();
    assert_eq!(verdict.since_at(until), None);
}
