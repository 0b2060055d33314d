use crate::domain::gate::State;
use crate::domain::gate::fixture::{World, fault, person};
use crate::domain::ids::RoleName;
use crate::domain::observed::Fact;
use crate::domain::policy::GateSpec;
use crate::domain::signoff::Voice;

/// The scope of the fixture is worth four points: two commits and a second author.
fn world(second: u32) -> World {
    World::new(vec![GateSpec::Risk {
        second,
        roles: vec![RoleName::new("qa"), RoleName::new("sre")],
    }])
}

fn voted(second: u32, votes: &[(&str, &str, Voice)]) -> World {
    let mut world = world(second);
    for (name, role, voice) in votes {
        world.vote(name, role, *voice);
    }
    world
}

#[test]
fn every_verdict_explains_itself() {
    let mut cut = world(90);
    cut.scoped().files.as_mut().unwrap().cut = true;
    let mut nameless = voted(4, &[("mia", "qa", Voice::Go)]);
    nameless.scoped().commits[0].has_account = false;
    let said = [
        world(5),
        world(4),
        voted(4, &[("mia", "qa", Voice::Go)]),
        voted(4, &[("dee", "qa", Voice::Go)]),
        voted(90, &[("mia", "qa", Voice::NoGo)]),
        cut,
        nameless,
        World {
            candidate: None,
            ..world(4)
        },
    ];
    let said: Vec<String> = said.iter().map(|world| world.explained("risk")).collect();
    insta::assert_snapshot!(said.join("\n\n"));
}

#[test]
fn s1_a_go_counts_for_the_scope_it_was_given_on_and_no_other() {
    let mut world = voted(4, &[("mia", "qa", Voice::Go)]);
    assert_eq!(world.verdict("risk").state, State::Open);
    let key = ("checkout".into(), "production".into(), person("mia"));
    let vote = world.book().votes.get_mut(&key).unwrap();
    vote.scope = crate::domain::ids::Digest::of(["another scope"]);
    assert_eq!(world.verdict("risk").state, State::Closed);
}

#[test]
fn the_second_approver_neither_wrote_nor_promotes_and_has_one_of_the_roles() {
    // As an author, in any spelling of the name.
    assert_eq!(
        voted(4, &[("dee", "qa", Voice::Go)]).verdict("risk").state,
        State::Closed
    );
    let mut promoter = voted(4, &[("mia", "qa", Voice::Go)]);
    promoter.actor = Some(person("Mia"));
    assert_eq!(promoter.verdict("risk").state, State::Closed);
    promoter.actor = None;
    assert_eq!(promoter.verdict("risk").state, State::Unknown);
    // Who left the role, or votes in one that is not asked.
    let mut left = voted(4, &[("mia", "qa", Voice::Go)]);
    left.policy
        .roles
        .insert("qa".into(), [person("dee")].into());
    assert_eq!(left.verdict("risk").state, State::Closed);
    let mut other = voted(4, &[("mia", "qa", Voice::Go)]);
    other.policy.nth(0).path[2].gates = [GateSpec::Risk {
        second: 4,
        roles: vec![RoleName::new("sre")],
    }]
    .into();
    assert_eq!(other.verdict("risk").state, State::Closed);
}

#[test]
fn what_is_not_known_never_opens_it() {
    let mut unread = world(90);
    unread.scope = None;
    assert_eq!(unread.verdict("risk").state, State::Unknown);
    let mut failed = world(90);
    failed.scope = Some(Fact {
        last: None,
        fault: Some(fault()),
    });
    assert_eq!(failed.verdict("risk").state, State::Unknown);
    let mut part = world(90);
    part.scoped().complete = false;
    assert_eq!(part.verdict("risk").state, State::Unknown);
    let mut silent = world(90);
    silent.scoped().files = None;
    assert_eq!(silent.verdict("risk").state, State::Closed);
    let mut journal = world(90);
    journal.ledger = None;
    assert_eq!(journal.verdict("risk").state, State::Unknown);
}
