use crate::domain::facts::{Blocker, Labelled};
use crate::domain::gate::State;
use crate::domain::gate::fixture::{World, person};
use crate::domain::policy::GateSpec;

fn world(found: &[(&str, u64, Vec<Blocker>)]) -> World {
    let labels = vec!["stop".to_owned(), "p1".to_owned()];
    let mut world = World::new(vec![GateSpec::Blocker { labels }]);
    for (label, total, shown) in found {
        let labelled = Labelled {
            total: *total,
            shown: shown.clone(),
        };
        world.known().labelled.insert((*label).to_owned(), labelled);
    }
    world
}

fn open(number: u64, is_pull_request: bool, labels: &[&str]) -> Blocker {
    let kind = if is_pull_request { "pull" } else { "issues" };
    Blocker {
        number,
        is_pull_request,
        title: "refunds fail".to_owned(),
        author: Some(person("dee")),
        url: format!("https://forge.test/acme/checkout/{kind}/{number}"),
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
    }
}

#[test]
fn every_verdict_explains_itself() {
    let none = || ("p1", 0, Vec::new());
    let said = [
        world(&[("stop", 0, Vec::new()), none()]),
        world(&[
            ("stop", 1, vec![open(931, false, &["bug", "stop"])]),
            none(),
        ]),
        world(&[
            ("stop", 1, vec![open(931, false, &["stop", "p1"])]),
            (
                "p1",
                14,
                vec![open(931, false, &["stop", "p1"]), open(933, true, &["p1"])],
            ),
        ]),
        world(&[none()]),
        World {
            candidate: None,
            ..world(&[none()])
        },
    ];
    let said: Vec<String> = said
        .iter()
        .map(|world| world.explained("blocker"))
        .collect();
    insta::assert_snapshot!(said.join("\n\n"));
}

#[test]
fn a_search_that_failed_is_unknown_for_its_label_alone() {
    let none = Vec::new();
    assert_eq!(
        world(&[]).says("blocker"),
        (
            State::Unknown,
            "not known whether anything is open with stop and p1".into()
        )
    );
    assert_eq!(
        world(&[("stop", 0, none)]).says("blocker"),
        (
            State::Unknown,
            "not known whether anything is open with p1".into()
        )
    );
}

#[test]
fn what_is_open_closes_even_if_another_search_failed() {
    let found = world(&[("stop", 1, vec![open(931, true, &["stop"])])]);
    assert_eq!(
        found.says("blocker"),
        (
            State::Closed,
            "pull request #931 is open: refunds fail".into()
        )
    );
}

#[test]
fn one_with_several_labels_is_named_once() {
    let both = open(931, false, &["stop", "p1"]);
    let found = world(&[("stop", 1, vec![both.clone()]), ("p1", 1, vec![both])]);
    let verdict = found.verdict("blocker");
    assert_eq!(verdict.why, "issue #931 is open: refunds fail");
    let named = verdict.evidence.iter().filter(|it| it.what == "#931");
    assert_eq!(named.count(), 1);
}

#[test]
fn a_sum_without_names_closes() {
    let found = world(&[("stop", 3, Vec::new()), ("p1", 0, Vec::new())]);
    assert_eq!(
        found.says("blocker"),
        (
            State::Closed,
            "3 open with stop and p1, and the forge does not say which".into()
        )
    );
}

#[test]
fn a_label_that_policy_does_not_name_blocks_nothing() {
    let mut found = world(&[("stop", 0, Vec::new()), ("p1", 0, Vec::new())]);
    let other = Labelled {
        total: 1,
        shown: vec![open(7, false, &["later"])],
    };
    found.known().labelled.insert("later".to_owned(), other);
    assert_eq!(found.verdict("blocker").state, State::Open);
}
