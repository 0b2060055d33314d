use jiff::SignedDuration;

use super::golden::explained;
use crate::domain::gate::fixture::{WANTED, World, later, now, sha};
use crate::domain::gate::{State, Verdict};
use crate::domain::policy::{CommandRule, GateSpec};
use crate::domain::sampling::answer::{End, program};
use crate::domain::seen::{Round, RoundKey, Subject};

fn world() -> World {
    let rule = |program: &str| CommandRule {
        argv: vec![program.to_owned()],
        time_limit: SignedDuration::from_secs(30),
        every: SignedDuration::from_mins(5),
    };
    World::new(vec![GateSpec::Command(vec![
        ("smoke".to_owned(), rule("./smoke")),
        ("licence".to_owned(), rule("./licence")),
    ])])
}

/// The program `smoke` ended so a minute ago.
fn ended(end: End, output: &str) -> World {
    let mut world = world();
    let key = RoundKey {
        environment: "production".into(),
        subject: Subject::Command("smoke".to_owned()),
        revision: sha(WANTED),
    };
    let round = Round {
        samples: vec![program("smoke", &end, output.as_bytes())],
    };
    let at = now() - SignedDuration::from_mins(1);
    world.seen.take_round(key, round, at);
    world
}

fn smoke(world: &World) -> Verdict {
    world.verdict("command smoke")
}

#[test]
fn every_verdict_explains_itself() {
    let open = ended(End::Exit(0), "13 of 13 passed");
    let verdicts = [
        smoke(&open),
        smoke(&ended(End::Exit(1), "12 of 13 passed\ncart is empty")),
        smoke(&ended(End::Exit(127), "")),
        smoke(&ended(End::TimedOut("30s".to_owned()), "waiting for cart")),
        smoke(&ended(End::NotStarted("permission denied".to_owned()), "")),
        open.verdict("command licence"),
        open.verdict_at("command smoke", later(10)),
    ];
    insta::assert_snapshot!(explained(&verdicts));
}

#[test]
fn exit_0_opens_1_closes_and_anything_else_is_unknown() {
    for (end, state) in [
        (End::Exit(0), State::Open),
        (End::Exit(1), State::Closed),
        (End::Exit(2), State::Unknown),
        (End::Exit(-1), State::Unknown),
        (End::Killed, State::Unknown),
        (End::TimedOut("30s".to_owned()), State::Unknown),
        (End::NotStarted("no such file".to_owned()), State::Unknown),
    ] {
        assert_eq!(smoke(&ended(end.clone(), "")).state, state, "{end:?}");
    }
}

#[test]
fn each_program_has_a_verdict_of_its_own() {
    let verdicts = ended(End::Exit(0), "").judge().verdicts;
    let names: Vec<&str> = verdicts
        .iter()
        .map(|verdict| verdict.gate.as_str())
        .collect();
    assert_eq!(
        names,
        ["fresh", "command smoke", "command licence", "hold", "forge"]
    );
}

#[test]
fn an_answer_counts_until_it_would_have_been_given_twice_again() {
    let world = ended(End::Exit(0), "");
    assert_eq!(smoke(&world).valid_until, Some(later(9)));
    assert_eq!(
        world.verdict_at("command smoke", later(9)).state,
        State::Unknown
    );
}
