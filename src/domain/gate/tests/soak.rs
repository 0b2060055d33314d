use jiff::SignedDuration;

use crate::domain::deployment::Deployment;
use crate::domain::gate::fixture::{HEAD, LIVE, WANTED, World, ago, deployment, later, now};
use crate::domain::gate::{Earliest, State};
use crate::domain::phase::Phase;
use crate::domain::policy::GateSpec;

fn world(hours: i64, staging: Vec<Deployment>) -> World {
    let mut world = World::new(vec![GateSpec::Soak {
        at_least: SignedDuration::from_hours(hours),
    }]);
    world.known().deployments = staging;
    world
}

/// A verified deployment of staging so many hours ago.
fn verified(id: u64, letter: char, hours: i64) -> Deployment {
    deployment(id, "staging", letter, Phase::Succeeded, hours * 60)
}

#[test]
fn a_long_enough_stay_opens() {
    let world = world(24, vec![verified(1, LIVE, 100), verified(2, WANTED, 31)]);
    assert_eq!(
        world.says("soak"),
        (State::Open, "31h of 24h in staging".into())
    );
}

#[test]
fn a_short_stay_waits_for_its_instant() {
    let world = world(24, vec![verified(2, WANTED, 5)]);
    let verdict = world.verdict("soak");
    assert_eq!(
        (verdict.state, verdict.why.as_str()),
        (State::Waiting, "5h of 24h in staging")
    );
    assert_eq!(verdict.opens_at, Some(later(19 * 60)));
    assert_eq!(world.verdict_at("soak", later(19 * 60)).state, State::Open);
    assert_eq!(
        world.judge().earliest,
        Earliest::At {
            at: later(19 * 60),
            gate: "soak".into()
        }
    );
}

#[test]
fn the_stay_is_counted_from_success_not_from_creation() {
    let mut slow = verified(2, WANTED, 5);
    slow.created_at = ago(48 * 60);
    assert_eq!(world(24, vec![slow]).verdict("soak").state, State::Waiting);
}

#[test]
fn it_is_zero_until_verified() {
    for phase in [Phase::Failed, Phase::Cancelled, Phase::Gated] {
        let staging = vec![deployment(2, "staging", WANTED, phase, 48 * 60)];
        assert_eq!(world(24, staging).verdict("soak").state, State::Closed);
    }
    let none = world(24, Vec::new());
    assert_eq!(
        none.says("soak"),
        (State::Closed, "2.41.0 is not verified in staging".into())
    );
}

#[test]
fn leaving_keeps_the_record() {
    let world = world(24, vec![verified(2, WANTED, 40), verified(3, HEAD, 10)]);
    assert_eq!(
        world.says("soak"),
        (State::Open, "30h of 24h in staging".into())
    );
}

#[test]
fn a_record_that_was_too_short_stays_so() {
    let world = world(24, vec![verified(2, WANTED, 40), verified(3, HEAD, 30)]);
    assert_eq!(
        world.says("soak"),
        (State::Closed, "left staging after 10h of 24h".into())
    );
}

#[test]
fn two_stays_do_not_add_up() {
    let world = world(
        24,
        vec![
            verified(2, WANTED, 60),
            verified(3, HEAD, 45),
            verified(4, WANTED, 14),
        ],
    );
    let verdict = world.verdict("soak");
    assert_eq!(
        (verdict.state, verdict.why.as_str()),
        (State::Waiting, "15h of 24h in staging")
    );
    // It is the stay that lasts which will be long enough, not the record.
    assert_eq!(verdict.opens_at, Some(later(10 * 60)));
}

#[test]
fn deploying_the_same_revision_again_goes_on_with_the_stay() {
    let world = world(24, vec![verified(2, WANTED, 30), verified(3, WANTED, 2)]);
    assert_eq!(
        world.says("soak"),
        (State::Open, "30h of 24h in staging".into())
    );
}

#[test]
fn a_failed_deployment_in_between_does_not_end_the_stay() {
    let failed = deployment(3, "staging", HEAD, Phase::Failed, 20 * 60);
    let world = world(24, vec![verified(2, WANTED, 30), failed]);
    assert_eq!(world.verdict("soak").state, State::Open);
}

#[test]
fn a_deployment_on_its_way_into_the_upstream_makes_it_wait() {
    let running = deployment(3, "staging", HEAD, Phase::Running, 1);
    let world = world(24, vec![verified(2, WANTED, 31), running.clone()]);
    let verdict = world.verdict("soak");
    assert_eq!(verdict.state, State::Waiting);
    assert_eq!(
        verdict.why,
        "ccccccc is on its way into staging; 31h of 24h"
    );
    assert_eq!(verdict.opens_at, None);
    // Also when a still newer one waits to be let in.
    let mut both = world.clone();
    let gated = deployment(4, "staging", HEAD, Phase::Gated, 0);
    both.known().deployments.push(gated);
    assert_eq!(both.verdict("soak").state, State::Waiting);
}

#[test]
fn a_promotion_of_ours_into_the_upstream_makes_it_wait() {
    let mut world = world(24, vec![verified(2, WANTED, 31)]);
    world.promotion("staging", &[]);
    assert_eq!(
        world.says("soak"),
        (
            State::Waiting,
            "bob promotes 2.41.0 into staging; 31h of 24h".into()
        )
    );
}

#[test]
fn a_deployment_that_only_waits_to_be_let_in_changes_nothing() {
    let gated = deployment(3, "staging", HEAD, Phase::Gated, 1);
    assert_eq!(
        world(24, vec![verified(2, WANTED, 31), gated])
            .verdict("soak")
            .state,
        State::Open
    );
}

#[test]
fn a_superseded_deployment_entered_when_it_superseded_the_one_before() {
    // 20 was superseded 40 h ago by 30, and 30 10 h ago by 40.
    let mut left = deployment(30, "staging", WANTED, Phase::Superseded, 10 * 60);
    left.created_at = ago(41 * 60);
    let mut before = deployment(20, "staging", LIVE, Phase::Superseded, 40 * 60);
    before.created_at = ago(90 * 60);
    let world = world(24, vec![before, left, verified(40, HEAD, 10)]);
    assert_eq!(
        world.says("soak"),
        (State::Open, "30h of 24h in staging".into())
    );
}

#[test]
fn a_superseded_deployment_whose_entry_nobody_knows_counts_as_nothing() {
    let mut left = deployment(30, "staging", WANTED, Phase::Superseded, 10 * 60);
    left.created_at = ago(41 * 60);
    let world = world(24, vec![left, verified(40, HEAD, 10)]);
    assert_eq!(
        world.says("soak"),
        (State::Closed, "left staging after 0s of 24h".into())
    );
}

#[test]
fn a_revision_that_was_switched_off_is_no_longer_there() {
    let off = deployment(30, "staging", WANTED, Phase::Superseded, 60);
    assert_eq!(world(24, vec![off]).verdict("soak").state, State::Closed);
}

#[test]
fn an_entry_in_the_future_counts_as_nothing_yet() {
    let mut early = verified(2, WANTED, 0);
    early.changed_at = later(5);
    let world = world(1, vec![early]);
    let verdict = world.verdict("soak");
    assert_eq!(verdict.state, State::Waiting);
    assert_eq!(verdict.opens_at, Some(later(65)));
    assert!(verdict.valid_until.is_some_and(|until| until > now()));
}
