use crate::domain::gate::fixture::{World, ago, manual_gate, person, sha};
use crate::domain::gate::{Go, State};
use crate::domain::hold::{Cover, Opened, Openers};

fn world(openers: Openers, opened_by: Option<&str>) -> World {
    let mut world = World::new(Vec::new());
    let mut gate = manual_gate("g1", Cover::default(), openers);
    gate.opened = opened_by.map(|name| Opened {
        by: person(name),
        at: ago(5),
        note: "report 12".to_owned(),
    });
    world.book().manual_gates.insert(gate.id.clone(), gate);
    world
}

#[test]
fn without_a_manual_gate_there_is_no_verdict() {
    let judgement = World::new(Vec::new()).judge();
    assert!(
        judgement
            .verdicts
            .iter()
            .all(|verdict| !verdict.gate.starts_with("manual"))
    );
    assert_eq!(judgement.go, Go::Go);
}

#[test]
fn a_manual_gate_is_closed_until_somebody_opens_it() {
    let verdict = world(Openers::Role("qa".into()), None).verdict("manual pen test");
    assert_eq!(verdict.state, State::Closed);
    assert_eq!(verdict.why, "alice put it up: signed report");
    assert_eq!(verdict.who.as_deref(), Some("role qa"));
}

#[test]
fn only_who_is_entitled_opens_it() {
    let cases = [
        (Openers::Anyone, "bob", true),
        (Openers::Role("qa".into()), "dee", true),
        (Openers::Role("qa".into()), "bob", false),
        (Openers::Role("unheard of".into()), "dee", false),
        (Openers::Person(person("bob")), "bob", true),
        (Openers::Person(person("bob")), "dee", false),
    ];
    for (openers, name, open) in cases {
        let state = world(openers.clone(), Some(name))
            .verdict("manual pen test")
            .state;
        assert_eq!(state == State::Open, open, "{openers} {name}");
    }
}

#[test]
fn an_opening_counts_no_longer_when_its_opener_has_left_the_role() {
    let mut world = world(Openers::Role("qa".into()), Some("mia"));
    assert_eq!(world.verdict("manual pen test").state, State::Open);
    world.policy.roles.get_mut("qa").unwrap().remove("mia");
    let verdict = world.verdict("manual pen test");
    assert_eq!(verdict.state, State::Closed);
    assert_eq!(verdict.why, "opened by mia, who may not: only role qa");
}

#[test]
fn each_manual_gate_that_covers_the_cell_has_its_verdict() {
    let mut world = world(Openers::Anyone, None);
    for (id, name, environment) in [("g2", "dba", "production"), ("g3", "load test", "staging")] {
        let cover = Cover {
            environment: Some(environment.into()),
            ..Cover::default()
        };
        let mut gate = manual_gate(id, cover, Openers::Anyone);
        gate.name = name.to_owned();
        world.book().manual_gates.insert(id.into(), gate);
    }
    let names: Vec<String> = world
        .judge()
        .verdicts
        .iter()
        .map(|verdict| verdict.gate.clone())
        .filter(|gate| gate.starts_with("manual"))
        .collect();
    assert_eq!(names, ["manual pen test", "manual dba"]);
}

#[test]
fn a_manual_gate_on_a_revision_leaves_others_alone() {
    let mut world = World::new(Vec::new());
    let cover = Cover {
        revision: Some(sha('c')),
        ..Cover::default()
    };
    let gate = manual_gate("g1", cover, Openers::Anyone);
    world.book().manual_gates.insert("g1".into(), gate);
    assert_eq!(world.judge().go, Go::Go);
}
