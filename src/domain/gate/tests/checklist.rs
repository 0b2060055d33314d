use super::golden::explained;
use crate::domain::entry::Event;
use crate::domain::gate::fixture::{World, person, revision};
use crate::domain::gate::{Earliest, State};
use crate::domain::hold::Cover;
use crate::domain::policy::{GateSpec, Task};

fn world() -> World {
    let task = |name: &str, text: &str, role: Option<&str>| Task {
        name: name.to_owned(),
        text: text.to_owned(),
        role: role.map(Into::into),
    };
    World::new(vec![GateSpec::Checklist {
        tasks: vec![
            task("backup", "take a backup", Some("sre")),
            task("notify", "tell support", None),
        ],
    }])
}

#[test]
fn every_verdict_explains_itself() {
    let mut verdicts = vec![world().verdict("checklist")];
    let mut world = world();
    world.attest("backup", "carol");
    verdicts.push(world.verdict("checklist"));
    world.attest("notify", "bob");
    verdicts.push(world.verdict("checklist"));
    world.policy.roles.get_mut("sre").unwrap().clear();
    verdicts.push(world.verdict("checklist"));
    world.candidate = Some(revision('c', "2.41.1"));
    verdicts.push(world.verdict("checklist"));
    world.candidate = None;
    verdicts.push(world.verdict("checklist"));
    world.ledger = None;
    verdicts.push(world.verdict("checklist"));
    insta::assert_snapshot!(explained(&verdicts));
}

#[test]
fn each_task_must_be_attested() {
    let mut world = world();
    assert_eq!(
        world.says("checklist"),
        (
            State::Closed,
            "0 of 2 done, waits for backup and notify".into()
        )
    );
    assert_eq!(
        world.judge().earliest,
        Earliest::NeedsPerson {
            gate: "checklist".into(),
            who: "sre: carol, dee; any operator".into()
        }
    );
    world.attest("backup", "carol");
    world.attest("notify", "bob");
    assert_eq!(
        world.says("checklist"),
        (
            State::Open,
            "2 of 2 done: backup (carol) and notify (bob)".into()
        )
    );
}

#[test]
fn s1_an_attestation_for_another_scope_is_void_and_says_what_changed() {
    let mut world = world();
    world.attest("backup", "carol");
    world.attest("notify", "bob");
    world.live = Some(revision('d', "2.40.4"));
    let verdict = world.verdict("checklist");
    assert_eq!(verdict.state, State::Closed);
    assert!(verdict.evidence.iter().any(
        |seen| seen.value == "done by bob, void: done for 2.40.3 > 2.41.0, now 2.40.4 > 2.41.0"
    ));
}

#[test]
fn s2_membership_is_asked_again_when_it_is_judged() {
    let mut world = world();
    world.attest("backup", "eve");
    world.attest("notify", "eve");
    assert_eq!(world.says("checklist").1, "1 of 2 done, waits for backup");
    world
        .policy
        .roles
        .get_mut("sre")
        .unwrap()
        .insert(person("eve"));
    assert_eq!(world.verdict("checklist").state, State::Open);
}

#[test]
fn what_was_taken_back_does_not_count_and_only_its_author_takes_it_back() {
    let mut world = world();
    world.attest("backup", "carol");
    world.attest("notify", "bob");
    let withdrawn = Event::TaskWithdrawn {
        task: "notify".to_owned(),
        cover: Cover {
            service: Some("checkout".into()),
            environment: Some("production".into()),
            revision: None,
        },
    };
    world.write("mallory", withdrawn.clone());
    assert_eq!(world.verdict("checklist").state, State::Open);
    world.write("bob", withdrawn);
    assert_eq!(world.says("checklist").1, "1 of 2 done, waits for notify");
}

#[test]
fn an_attestation_elsewhere_does_not_count() {
    let mut world = world();
    world.environment = "staging".into();
    world.attest("notify", "bob");
    world.environment = "production".into();
    assert_eq!(
        world.says("checklist").1,
        "0 of 2 done, waits for backup and notify"
    );
}

#[test]
fn without_a_journal_nobody_knows_what_is_done() {
    let mut world = world();
    world.ledger = None;
    assert_eq!(world.verdict("checklist").state, State::Unknown);
}
