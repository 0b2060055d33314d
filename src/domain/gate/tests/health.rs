use jiff::SignedDuration;

use super::golden::explained;
use crate::domain::figure::Bound;
use crate::domain::gate::fixture::{WANTED, World, ago, later, now, revision, sha};
use crate::domain::gate::{Go, State};
use crate::domain::policy::{Expect, GateSpec, HealthRule, Probe, ProbeSource};
use crate::domain::seen::Outcome::{self, Failure, Inconclusive, Success};
use crate::domain::seen::{Round, RoundKey, Sample, Subject};

fn world() -> World {
    world_of("1.5")
}

/// As `world`, with another bound of the first probe.
fn world_of(errors: &str) -> World {
    let probe = |name: &str, expect| Probe {
        name: name.to_owned(),
        source: ProbeSource::Http {
            url: format!("https://checkout.test/{name}"),
            pointer: None,
        },
        expect,
    };
    let most = |text: &str| Expect::Bound(Bound::AtMost(text.parse().unwrap()));
    World::new(vec![GateSpec::Health(HealthRule {
        probes: vec![
            probe("errors", most(errors)),
            probe("p99", most("300")),
            probe("up", Expect::Answer),
        ],
        every: SignedDuration::from_secs(30),
    })])
}

fn key() -> RoundKey {
    RoundKey {
        environment: "production".into(),
        subject: Subject::Health,
        revision: sha(WANTED),
    }
}

/// A round of ten seconds ago.
fn sampled(mut world: World, outcomes: [Outcome; 3]) -> World {
    let values = ["0.2", "212", "status 200"];
    let names = ["errors", "p99", "up"].iter().zip(values);
    let samples = names.zip(outcomes).map(|((name, value), outcome)| Sample {
        probe: (*name).to_owned(),
        outcome,
        value: match outcome {
            Success => value.to_owned(),
            Failure => format!("{value}99"),
            Inconclusive => "no answer in 5s".to_owned(),
        },
        url: Some(format!("https://checkout.test/{name}")),
    });
    let round = Round {
        samples: samples.collect(),
    };
    world
        .seen
        .take_round(key(), round, now() - SignedDuration::from_secs(10));
    world
}

#[test]
fn every_verdict_explains_itself() {
    let open = sampled(world(), [Success; 3]);
    let verdicts = [
        open.verdict("health"),
        sampled(world(), [Failure, Success, Success]).verdict("health"),
        sampled(world(), [Failure, Failure, Inconclusive]).verdict("health"),
        sampled(world(), [Success, Inconclusive, Success]).verdict("health"),
        world().verdict("health"),
        open.verdict_at("health", later(2)),
    ];
    insta::assert_snapshot!(explained(&verdicts));
}

#[test]
fn all_probes_of_one_round_count() {
    let of = |outcomes| sampled(world(), outcomes).verdict("health").state;
    assert_eq!(of([Success, Success, Success]), State::Open);
    assert_eq!(of([Success, Success, Failure]), State::Closed);
    assert_eq!(of([Success, Inconclusive, Success]), State::Unknown);
    // What is known to be bad is not made better by what nobody knows.
    assert_eq!(of([Inconclusive, Failure, Success]), State::Closed);
}

#[test]
fn a_round_counts_until_it_is_two_rounds_old() {
    let world = sampled(world(), [Success; 3]);
    let verdict = world.verdict("health");
    let until = now() + SignedDuration::from_secs(50);
    assert_eq!(verdict.valid_until, Some(until));
    assert_eq!(verdict.state_at(until), State::Unknown);
    assert_eq!(world.verdict_at("health", until).state, State::Unknown);
    assert_eq!(world.judge().due, Some(until));
}

#[test]
fn another_revisions_health_says_nothing() {
    let mut world = sampled(world(), [Success; 3]);
    world.candidate = Some(revision('c', "2.41.1"));
    assert_eq!(
        world.says("health"),
        (State::Unknown, "2.41.1 has not been sampled yet".into())
    );
}

#[test]
fn a_round_of_another_rule_says_nothing() {
    let mut world = sampled(world(), [Success; 3]);
    let stage = &mut world.policy.nth(0).path[2];
    let GateSpec::Health(mut rule) = stage.gates[0].clone() else {
        panic!("another gate")
    };
    rule.probes.pop();
    stage.gates = [GateSpec::Health(rule)].into();
    assert_eq!(world.verdict("health").state, State::Unknown);
}

#[test]
fn a_newer_round_replaces_an_older_one_and_not_the_other_way() {
    let mut world = sampled(world(), [Success; 3]);
    let old = world.seen.rounds[&key()].value().unwrap().clone();
    let ill = sampled(self::world(), [Failure; 3]);
    let ill = ill.seen.rounds[&key()].value().unwrap().clone();
    world.seen.take_round(key(), ill, now());
    assert_eq!(world.verdict("health").state, State::Closed);
    world.seen.take_round(key(), old, ago(1));
    assert_eq!(world.verdict("health").state, State::Closed);
}

#[test]
fn rounds_of_revisions_that_are_over_are_forgotten() {
    let mut world = sampled(world(), [Success; 3]);
    let next = RoundKey {
        revision: sha('c'),
        ..key()
    };
    let elsewhere = RoundKey {
        environment: "staging".into(),
        ..key()
    };
    let round = world.seen.rounds[&key()].value().unwrap().clone();
    world
        .seen
        .take_round(elsewhere.clone(), round.clone(), now());
    world.seen.take_round(next.clone(), round, now());
    let left: Vec<_> = world.seen.rounds.keys().cloned().collect();
    assert_eq!(left, [next, elsewhere]);
}

#[test]
fn with_nothing_to_promote_it_says_so() {
    let mut world = world();
    world.candidate = None;
    let verdict = world.verdict("health");
    assert_eq!(
        (verdict.gate.as_str(), verdict.state),
        ("health", State::Closed)
    );
    assert!(verdict.why.starts_with("nothing to promote"));
    assert_eq!(world.judge().go, Go::NoGo);
}

#[test]
fn o1_a_fresh_round_of_the_same_outcome_leaves_an_override_in_force_and_another_voids_it() {
    let values = |world: &World| world.verdict("health").values();
    let bad = sampled(world(), [Failure, Success, Success]);
    let bound = values(&bad);
    // The next round measures another figure of the same probe, which fails as before.
    let mut again = bad.clone();
    let mut round = again.seen.rounds[&key()].value().unwrap().clone();
    round.samples[0].value = "2.7".to_owned();
    again.seen.take_round(key(), round, now());
    assert_eq!(
        again.verdict("health").why,
        "errors is 2.7, must be at most 1.5"
    );
    assert_eq!(values(&again), bound);
    // Another probe fails, one says nothing, or another bound is asked: another decision.
    for outcomes in [
        [Failure, Failure, Success],
        [Success, Failure, Success],
        [Failure, Success, Inconclusive],
        [Inconclusive, Success, Success],
    ] {
        assert_ne!(values(&sampled(world(), outcomes)), bound, "{outcomes:?}");
    }
    let mut stricter = bad;
    stricter.policy.nth(0).path[2].gates = world_of("0.5").service().path[2].gates.clone();
    assert_ne!(values(&stricter), bound);
}
