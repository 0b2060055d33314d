use crate::domain::gate::State;
use crate::domain::gate::fixture::{HEAD, LIVE, WANTED, World, deployment};
use crate::domain::phase::Phase;
use crate::domain::policy::{Before, GateSpec};

fn world() -> World {
    World::new(vec![GateSpec::Path { from: Before::Next }])
}

/// A world in which a newer deployment of staging was made.
fn then(letter: char, phase: Phase) -> World {
    let mut world = world();
    let newer = deployment(40, "staging", letter, phase, 5);
    world.known().deployments.insert(0, newer);
    world
}

#[test]
fn the_revision_that_the_upstream_runs_may_go() {
    assert_eq!(
        world().says("path"),
        (State::Open, "2.41.0 is verified in staging".into())
    );
}

/// Dev is ahead, or has just this.
fn from(from: Before, dev: char) -> (State, String) {
    let mut world = World::new(vec![GateSpec::Path { from }]);
    let dev = deployment(60, "dev", dev, Phase::Succeeded, 5);
    world.known().deployments.push(dev);
    world.says("path")
}

#[test]
fn all_asks_each_environment_before_and_any_is_content_with_one() {
    let closed = (State::Closed, "dev has ccccccc, not 2.41.0".to_owned());
    let open = (State::Open, "2.41.0 is verified in staging".to_owned());
    assert_eq!(from(Before::All, HEAD), closed);
    assert_eq!(from(Before::All, WANTED), open);
    assert_eq!(from(Before::Next, HEAD), open);
    assert_eq!(from(Before::Any, HEAD), open);
    // Staging has gone on: what dev still has will do for `any` alone.
    let gone_on = |before: Before| {
        let mut world = then(HEAD, Phase::Succeeded);
        let dev = deployment(60, "dev", WANTED, Phase::Succeeded, 5);
        world.known().deployments.push(dev);
        world.policy.nth(0).path[2].gates = vec![GateSpec::Path { from: before }].into();
        world.says("path")
    };
    let dev = (State::Open, "2.41.0 is verified in dev".to_owned());
    assert_eq!(gone_on(Before::Any), dev);
    assert_eq!(gone_on(Before::Next).0, State::Closed);
    assert_eq!(gone_on(Before::All).0, State::Closed);
}

#[test]
fn only_the_newest_deployment_of_the_upstream_counts() {
    let cases = [
        (
            HEAD,
            Phase::Succeeded,
            State::Closed,
            "staging has ccccccc, not 2.41.0",
        ),
        (
            HEAD,
            Phase::Running,
            State::Closed,
            "staging is receiving ccccccc",
        ),
        (
            HEAD,
            Phase::Failed,
            State::Closed,
            "ccccccc failed in staging",
        ),
        (
            WANTED,
            Phase::Failed,
            State::Closed,
            "2.41.0 failed in staging",
        ),
        (
            WANTED,
            Phase::Queued,
            State::Waiting,
            "staging is receiving 2.41.0",
        ),
        (
            WANTED,
            Phase::Cancelled,
            State::Closed,
            "2.41.0 was cancelled in staging",
        ),
        (
            WANTED,
            Phase::Superseded,
            State::Closed,
            "2.41.0 is no longer up in staging",
        ),
        (
            WANTED,
            Phase::Succeeded,
            State::Open,
            "2.41.0 is verified in staging",
        ),
    ];
    for (letter, phase, state, why) in cases {
        assert_eq!(then(letter, phase).says("path"), (state, why.into()));
    }
}

#[test]
fn a_word_that_we_do_not_know_is_not_good() {
    let state = then(WANTED, Phase::Unknown("frobbed".into()))
        .verdict("path")
        .state;
    assert_eq!(state, State::Unknown);
}

#[test]
fn a_deployment_that_only_waits_to_be_let_in_has_not_touched_the_upstream() {
    assert_eq!(then(HEAD, Phase::Gated).verdict("path").state, State::Open);
}

#[test]
fn a_revision_that_never_was_upstream_may_not_go() {
    let mut world = world();
    world
        .known()
        .deployments
        .retain(|deployment| &*deployment.environment.to_string() != "staging");
    assert_eq!(
        world.says("path"),
        (State::Closed, "2.41.0 was never deployed to staging".into())
    );
}

#[test]
fn the_order_in_which_deployments_come_does_not_matter() {
    let mut world = then(LIVE, Phase::Succeeded);
    let before = world.says("path");
    world.known().deployments.reverse();
    assert_eq!(world.says("path"), before);
}

#[test]
fn the_first_environment_has_nothing_before_it() {
    let mut world = world();
    world.policy.nth(0).path[0].gates = vec![GateSpec::Path { from: Before::Next }].into();
    world.environment = "dev".into();
    assert_eq!(world.verdict("path").state, State::Open);
}
