use jiff::SignedDuration;

use super::*;
use crate::domain::deployment;
use crate::domain::gate::State as Gate;
use crate::domain::gate::fixture::{World, ago, at, later, now};
use crate::domain::ids::{DeploymentId, ServiceName};
use crate::domain::ledger::Verified;
use crate::domain::policy::{
    Before, Expect, GateSpec, HealthRule, Probe, ProbeSource, Verification,
};
use crate::domain::seen::Sample;

fn rule() -> Verification {
    Verification {
        within: SignedDuration::from_mins(10),
        health: HealthRule {
            probes: vec![Probe {
                name: "errors".to_owned(),
                source: ProbeSource::Http {
                    url: "https://checkout.test/health".to_owned(),
                    pointer: None,
                },
                expect: Expect::Answer,
            }],
            every: SignedDuration::from_secs(30),
        },
        tasks: Vec::new(),
    }
}

fn sampled(outcome: Outcome, taken: Timestamp) -> Fact<Round> {
    let sample = |probe: &str, outcome| Sample {
        probe: probe.to_owned(),
        outcome,
        value: "0.2".to_owned(),
        url: None,
    };
    let samples = vec![sample("up", Outcome::Success), sample("errors", outcome)];
    Fact::observed(Round { samples }, taken)
}

fn verifying() -> Standing {
    Standing::Verifying {
        since: ago(5),
        until: Some(later(5)),
    }
}

#[test]
fn p10_one_round_in_which_every_probe_is_well_passes() {
    let round = sampled(Outcome::Success, ago(1));
    assert_eq!(
        decide(&verifying(), Looks::probed(Some(&round)), now()),
        Some(Verdict::Passed {
            saw: "up 0.2, errors 0.2".to_owned()
        })
    );
    for outcome in [Outcome::Failure, Outcome::Inconclusive] {
        let round = sampled(outcome, ago(1));
        assert_eq!(
            decide(&verifying(), Looks::probed(Some(&round)), now()),
            None
        );
    }
}

#[test]
fn p10_at_the_time_limit_it_fails_and_says_what_was_seen() {
    let round = sampled(Outcome::Inconclusive, ago(1));
    let just_before = later(5) - SignedDuration::from_millis(1);
    assert_eq!(
        decide(&verifying(), Looks::probed(Some(&round)), just_before),
        None
    );
    assert_eq!(
        decide(&verifying(), Looks::probed(Some(&round)), later(5)),
        Some(Verdict::Failed {
            why: "not well in time: errors 0.2".to_owned()
        })
    );
}

#[test]
fn p10_a_round_from_before_the_deployment_says_nothing() {
    let round = sampled(Outcome::Success, ago(6));
    assert_eq!(
        decide(&verifying(), Looks::probed(Some(&round)), now()),
        None
    );
    assert_eq!(
        decide(&verifying(), Looks::probed(Some(&round)), later(60)),
        None
    );
}

#[test]
fn p10_nobody_having_looked_is_no_failure_and_the_first_look_decides() {
    assert_eq!(decide(&verifying(), Looks::probed(None), later(60)), None);
    let good = sampled(Outcome::Success, later(59));
    let bad = sampled(Outcome::Failure, later(59));
    let decided = |round| decide(&verifying(), Looks::probed(Some(round)), later(60));
    assert!(matches!(decided(&good), Some(Verdict::Passed { .. })));
    assert!(matches!(decided(&bad), Some(Verdict::Failed { .. })));
}

#[test]
fn an_empty_round_passes_nothing() {
    let round = Fact::observed(
        Round {
            samples: Vec::new(),
        },
        ago(1),
    );
    assert_eq!(
        decide(&verifying(), Looks::probed(Some(&round)), now()),
        None
    );
}

/// A world whose staging asks for a verification of what the candidate's deployment brought.
fn world(gates: Vec<GateSpec>) -> World {
    let mut world = World::new(gates);
    world.policy.nth(0).path[1].verification = Some(rule());
    world.book().began = Some(at("2026-01-01T00:00:00Z"));
    world
}

fn verified(world: &mut World, passed: bool) {
    let key = (ServiceName::from("checkout"), DeploymentId(30));
    let result = Verified {
        passed,
        intent: None,
        at: ago(60),
        why: "errors 5 %".to_owned(),
    };
    world.book().verifications.insert(key, result);
}

#[test]
fn p10_the_path_counts_only_what_was_verified_upstream() {
    let mut world = world(vec![GateSpec::Path { from: Before::Next }]);
    let (state, why) = world.says("path");
    assert_eq!(state, Gate::Waiting);
    assert_eq!(why, "2.41.0 is being verified in staging");
    let mut failed = world.clone();
    verified(&mut failed, false);
    let (state, why) = failed.says("path");
    assert_eq!(state, Gate::Closed);
    assert_eq!(why, "2.41.0 failed its verification in staging: errors 5 %");
    verified(&mut world, true);
    assert_eq!(world.verdict("path").state, Gate::Open);
    world.ledger = None;
    assert_eq!(world.verdict("path").state, Gate::Unknown);
}

#[test]
fn p10_a_soak_is_zero_until_verified_and_then_counts_from_entry() {
    let gates = vec![GateSpec::Soak {
        at_least: SignedDuration::from_hours(24),
    }];
    let mut world = world(gates);
    let (state, why) = world.says("soak");
    assert_eq!(state, Gate::Waiting);
    assert_eq!(why, "2.41.0 is in staging, and not verified yet");
    verified(&mut world, true);
    let (state, why) = world.says("soak");
    assert_eq!(state, Gate::Open, "{why}");
    assert_eq!(why, "31h of 24h in staging");
}

#[test]
fn what_was_deployed_before_the_journal_began_passes_when_seen_and_never_fails() {
    let mut world = world(Vec::new());
    world.book().began = Some(ago(1));
    let service = ServiceName::from("checkout");
    let stage = &world.policy.services[0].path[1];
    let deployments = &world.facts.value().expect("facts").deployments;
    let live = deployment::live(deployments, &stage.environment).expect("live");
    let standing = standing(stage, &service, live, world.ledger.as_ref());
    assert!(matches!(standing, Standing::Verifying { until: None, .. }));
    let bad = sampled(Outcome::Failure, now());
    assert_eq!(
        decide(&standing, Looks::probed(Some(&bad)), later(10_000)),
        None
    );
    let good = sampled(Outcome::Success, now());
    let passed = decide(&standing, Looks::probed(Some(&good)), later(10_000));
    assert!(matches!(passed, Some(Verdict::Passed { .. })));
}

#[test]
fn what_was_promoted_before_anybody_asked_for_it_never_fails() {
    use crate::domain::promotion::Step;
    let until = |asked: bool| {
        let mut world = world(Vec::new());
        let steps = [
            Step::Sending {
                owner: "here".into(),
            },
            Step::Accepted {
                handle: crate::domain::act::Handle::default(),
            },
            Step::Succeeded,
        ];
        world.promotion("staging", &steps);
        let ledger = world.book();
        let id = ledger.promotions.keys().next().cloned().expect("one");
        let promotion = ledger.promotions.get_mut(&id).expect("one");
        promotion.intent.verify = asked;
        let service = ServiceName::from("checkout");
        let deployments = &mut world.known().deployments;
        for one in deployments.iter_mut().filter(|one| one.id.0 == 30) {
            one.key = Some(id.clone());
        }
        let stage = &world.policy.services[0].path[1];
        let deployments = &world.facts.value().expect("facts").deployments;
        let live = deployment::live(deployments, &stage.environment).expect("live");
        match standing(stage, &service, live, world.ledger.as_ref()) {
            Standing::Verifying { until, .. } => until,
            other => panic!("{other:?}"),
        }
    };
    assert!(until(true).is_some());
    assert_eq!(until(false), None);
}
