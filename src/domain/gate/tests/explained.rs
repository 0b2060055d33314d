//! Goldens of the gates whose rules are tested piece by piece elsewhere: the whole explanation of
//! each, in all the verdicts that it can come to.

use jiff::SignedDuration;
use jiff::civil::time;

use crate::domain::gate::State;
use crate::domain::gate::fixture::{
    HEAD, WANTED, World, ago, check, daily, deployment, hold, later, manual_gate, person,
};
use crate::domain::hold::{Cover, Opened, Openers};
use crate::domain::observed::Fact;
use crate::domain::phase::Phase;
use crate::domain::policy::{GateSpec, PipelineRule};
use crate::domain::signoff::Voice;
use crate::domain::window::WindowEffect::{Allow, Deny};

use State::{Closed, Open, Unknown, Waiting};

/// Every world's explanation, after checking that they are these verdicts and no others.
fn all<const N: usize>(gate: &str, worlds: [(State, World); N]) -> String {
    let told = worlds.iter().map(|(state, world)| {
        let text = world.explained(gate);
        assert_eq!(world.verdict(gate).state, *state, "{text}");
        text
    });
    told.collect::<Vec<_>>().join("\n\n")
}

/// The world of one gate, spoilt.
fn with(gate: &GateSpec, spoil: impl Fn(&mut World)) -> World {
    let mut world = World::new(vec![gate.clone()]);
    spoil(&mut world);
    world
}

fn unread(world: &mut World) {
    world.facts = Fact::default();
}

#[test]
fn fresh() {
    let gate = GateSpec::Fresh;
    let old = |world: &mut World| {
        if let Some(last) = &mut world.facts.last {
            last.at = ago(9);
        }
    };
    insta::assert_snapshot!(all(
        "fresh",
        [
            (Open, with(&gate, |_| {})),
            (Unknown, with(&gate, old)),
            (Unknown, with(&gate, unread)),
        ]
    ));
}

#[test]
fn pipeline() {
    let gate = GateSpec::Pipeline(PipelineRule {
        required: vec!["build".to_owned()],
        ..PipelineRule::default()
    });
    let is = |phase: Phase| {
        move |world: &mut World| world.checks().contexts = vec![check("build", phase.clone())]
    };
    insta::assert_snapshot!(all(
        "pipeline",
        [
            (Open, with(&gate, is(Phase::Succeeded))),
            (Closed, with(&gate, is(Phase::Failed))),
            (Waiting, with(&gate, is(Phase::Running))),
            (Unknown, with(&gate, |world| world.known().checks.clear())),
        ]
    ));
}

#[test]
fn path() {
    let gate = GateSpec::Path { any: false };
    let upstream = |letter: char, phase: Phase| {
        move |world: &mut World| {
            let other = deployment(200, "staging", letter, phase.clone(), 5);
            world.known().deployments.push(other);
        }
    };
    insta::assert_snapshot!(all(
        "path",
        [
            (Open, with(&gate, |_| {})),
            (Closed, with(&gate, upstream(HEAD, Phase::Succeeded))),
            (Waiting, with(&gate, upstream(WANTED, Phase::Running))),
            (Unknown, with(&gate, unread)),
        ]
    ));
}

#[test]
fn soak() {
    let hours = |hours| GateSpec::Soak {
        at_least: SignedDuration::from_hours(hours),
    };
    let left = |world: &mut World| {
        let other = deployment(200, "staging", HEAD, Phase::Succeeded, 5);
        world.known().deployments.push(other);
    };
    insta::assert_snapshot!(all(
        "soak",
        [
            (Open, with(&hours(1), |_| {})),
            (Waiting, with(&hours(4_000), |_| {})),
            (Closed, with(&hours(4_000), left)),
            (Unknown, with(&hours(1), unread)),
        ]
    ));
}

#[test]
fn review() {
    let approvals = |approvals| GateSpec::Review {
        approvals,
        own: false,
    };
    insta::assert_snapshot!(all(
        "review",
        [
            (Open, with(&approvals(1), |_| {})),
            (Closed, with(&approvals(9), |_| {})),
            (Unknown, with(&approvals(1), |world| world.scope = None)),
        ]
    ));
}

#[test]
fn window() {
    let gate = GateSpec::Window;
    let only = |effect, from, to| {
        move |world: &mut World| {
            let (from, to) = (time(from, 0, 0, 0), time(to, 0, 0, 0));
            world.policy.windows = vec![daily("evenings", effect, from, to, "UTC")];
        }
    };
    insta::assert_snapshot!(all(
        "window",
        [
            (Open, with(&gate, |_| {})),
            (Open, with(&gate, only(Allow, 13, 16))),
            (Waiting, with(&gate, only(Allow, 18, 20))),
            (Waiting, with(&gate, only(Deny, 13, 16))),
            (Closed, with(&gate, only(Deny, 0, 0))),
        ]
    ));
}

#[test]
fn held() {
    let gate = GateSpec::Hold;
    let until = |until| World::new(vec![GateSpec::Hold]).held(hold("h1", Cover::default(), until));
    insta::assert_snapshot!(all(
        "hold",
        [
            (Open, with(&gate, |_| {})),
            (Closed, until(None)),
            (Closed, until(Some(later(30)))),
            (Unknown, with(&gate, |world| world.ledger = None)),
        ]
    ));
}

#[test]
fn sign_off() {
    let gate = GateSpec::SignOff {
        roles: vec!["qa".into()],
        distinct: true,
    };
    let votes = |voice: Voice| move |world: &mut World| world.vote("mia", "qa", voice);
    insta::assert_snapshot!(all(
        "sign-off",
        [
            (Open, with(&gate, votes(Voice::Go))),
            (Closed, with(&gate, votes(Voice::NoGo))),
            (Closed, with(&gate, |_| {})),
            (Unknown, with(&gate, |world| world.ledger = None)),
        ]
    ));
}

#[test]
fn manual() {
    let gate = GateSpec::Manual;
    let put_up = |by: Option<&'static str>| {
        move |world: &mut World| {
            let mut gate = manual_gate("g1", Cover::default(), Openers::Anyone);
            gate.opened = by.map(|name| Opened {
                by: person(name),
                at: ago(5),
                note: "report 12".to_owned(),
            });
            world.book().manual_gates.insert(gate.id.clone(), gate);
        }
    };
    insta::assert_snapshot!(all(
        "manual pen test",
        [
            (Open, with(&gate, put_up(Some("bob")))),
            (Closed, with(&gate, put_up(None))),
        ]
    ));
}
