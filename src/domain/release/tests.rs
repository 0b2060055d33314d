//! What a release moves, in which order, and what comes next.

use std::collections::BTreeMap;

use super::agenda::Move;
use super::run::{Next, Progress, next, rollback_order};
use super::waves::{Cycle, derive, misplaced};
use super::*;
use crate::domain::gate::fixture::revision;

fn names(names: &[&str]) -> Vec<ServiceName> {
    names.iter().map(|name| ServiceName::from(*name)).collect()
}

fn needs(pairs: &[(&str, &[&str])]) -> BTreeMap<ServiceName, Vec<ServiceName>> {
    pairs
        .iter()
        .map(|(service, on)| (ServiceName::from(*service), names(on)))
        .collect()
}

fn moved(service: &str, wave: usize) -> Move {
    Move {
        service: service.into(),
        environment: "production".into(),
        wave,
        from: Some(revision('a', "1.0.0")),
        to: revision('b', "1.1.0"),
    }
}

#[test]
fn waves_follow_dependencies() {
    let services = names(&["web", "api", "db", "mail"]);
    let depends = needs(&[("web", &["api"]), ("api", &["db", "elsewhere"])]);
    assert_eq!(
        derive(&services, &depends),
        Ok(vec![
            names(&["db", "mail"]),
            names(&["api"]),
            names(&["web"])
        ])
    );
}

#[test]
fn a_circle_of_dependencies_is_named() {
    let services = names(&["api", "db", "web"]);
    let depends = needs(&[("web", &["api"]), ("api", &["db"]), ("db", &["api"])]);
    assert_eq!(
        derive(&services, &depends),
        Err(Cycle(names(&["api", "db", "api"])))
    );
    let itself = needs(&[("db", &["db"])]);
    assert_eq!(
        derive(&names(&["db"]), &itself),
        Err(Cycle(names(&["db", "db"])))
    );
}

#[test]
fn a_service_may_not_ship_before_what_it_depends_on() {
    let depends = needs(&[("web", &["api"])]);
    let waves = |waves: &[&[&str]]| waves.iter().map(|wave| names(wave)).collect::<Vec<_>>();
    assert_eq!(misplaced(&waves(&[&["api"], &["web"]]), &depends), None);
    for wrong in [waves(&[&["web"], &["api"]]), waves(&[&["api", "web"]])] {
        let found = misplaced(&wrong, &depends);
        assert_eq!(found, Some(("web".into(), "api".into())));
    }
    assert_eq!(misplaced(&waves(&[&["web"]]), &depends), None);
}

#[test]
fn a_pin_takes_a_version_or_enough_of_a_sha() {
    let takes = |pin: Option<&str>| {
        let item = Item {
            service: "web".into(),
            pin: pin.map(str::to_owned),
        };
        item.takes(&revision('b', "1.1.0"))
    };
    assert!(takes(None));
    assert!(takes(Some("1.1.0")));
    assert!(takes(Some("bbbbbbb")));
    assert!(!takes(Some("bbbbbb")), "six characters are too few");
    assert!(!takes(Some("1.1")));
}

#[test]
fn p9_a_wave_starts_when_the_one_before_is_verified_and_what_is_open_goes() {
    let moves = [moved("api", 0), moved("mail", 0), moved("web", 1)];
    let progress = |states: [Progress; 3]| {
        move |of: &Move| match of.service.as_str() {
            "api" => states[0].clone(),
            "mail" => states[1].clone(),
            _ => states[2].clone(),
        }
    };
    let promoted = |states| match next(&moves, progress(states)) {
        Next::Promote(moves) => moves
            .iter()
            .map(|moved| moved.service.to_string())
            .collect(),
        other => vec![format!("{other:?}")],
    };
    let held = || Progress::Blocked("held by carol".to_owned());
    assert_eq!(
        promoted([Progress::Ready, held(), Progress::Ready]),
        ["api"],
        "the open ones go"
    );
    assert_eq!(
        next(
            &moves,
            progress([Progress::Arrived, held(), Progress::Ready])
        ),
        Next::Wait {
            wave: 0,
            why: vec![(&"mail".into(), "held by carol".to_owned())]
        }
    );
    assert_eq!(
        promoted([Progress::Arrived, Progress::Arrived, Progress::Ready]),
        ["web"]
    );
    assert_eq!(
        next(
            &moves,
            progress([Progress::Arrived, Progress::Arrived, Progress::Arrived])
        ),
        Next::Shipped
    );
}

#[test]
fn a_failure_starts_nothing_more_and_stops_when_nothing_is_in_flight() {
    let moves = [moved("api", 0), moved("mail", 0), moved("web", 1)];
    let of = |mail: Progress| {
        move |moved: &Move| match moved.service.as_str() {
            "api" => Progress::Failed("exit 1".to_owned()),
            "mail" => mail.clone(),
            _ => Progress::Ready,
        }
    };
    assert_eq!(
        next(&moves, of(Progress::InFlight)),
        Next::Wait {
            wave: 0,
            why: vec![(&"mail".into(), "on its way".to_owned())]
        }
    );
    for quiet in [Progress::Ready, Progress::Arrived] {
        assert_eq!(
            next(&moves, of(quiet)),
            Next::Stop("api: exit 1".to_owned())
        );
    }
}

#[test]
fn going_back_begins_with_what_failed_and_with_the_last_wave() {
    let moves = [moved("db", 0), moved("api", 1), moved("web", 2)];
    let progress = |moved: &Move| match moved.service.as_str() {
        "db" => Progress::Arrived,
        "api" => Progress::Failed("exit 1".to_owned()),
        _ => Progress::Ready,
    };
    let back: Vec<&str> = rollback_order(&moves, progress)
        .iter()
        .map(|moved| moved.service.as_str())
        .collect();
    assert_eq!(back, ["api", "db"]);
}
