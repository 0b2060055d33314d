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

#[test]
fn what_happened_begins_with_the_first_permit_and_ends_with_the_last_verification() {
    use crate::domain::act::Act;
    use crate::domain::gate::fixture::{ago, later};
    use crate::domain::ledger::{Ledger, Verified};
    use crate::domain::promotion::{Intent, Promotion, Purpose, State};
    use past::Past;
    let moves = [moved("api", 0), moved("db", 0), moved("web", 1)];
    let mut run = run::Run {
        id: "r-1".into(),
        release: "2026.47".into(),
        digest: crate::domain::ids::Digest::of(["agreed"]),
        moves: moves.to_vec(),
        by: "ann".into(),
        driver: "one".into(),
        started_at: ago(60),
        ended: None,
        dropped: Vec::new(),
    };
    let mut ledger = Ledger::default();
    let mut sent = |service: &str, verify: bool, sent: i64, changed: i64| {
        let moved = moved(service, 0);
        let intent = Intent {
            id: format!("i-{service}").into(),
            purpose: Purpose::Promotion,
            service: moved.service,
            environment: moved.environment,
            from: moved.from,
            to: moved.to,
            act: Act::ByHand,
            reason: "weekly".to_owned(),
            digest: crate::domain::ids::Digest::of(["seen"]),
            replaces: None,
            release: Some("r-1".into()),
            overrides: Vec::new(),
            rollback: false,
            verify,
        };
        let promotion = Promotion {
            seq: crate::domain::ids::Seq(1),
            actor: "ann".into(),
            votes: Vec::new(),
            state: State::Succeeded,
            handle: None,
            why: None,
            owner: None,
            intended_at: ago(sent + 1),
            sent_at: Some(ago(sent)),
            changed_at: ago(changed),
            intent,
        };
        ledger
            .promotions
            .insert(promotion.intent.id.clone(), promotion);
    };
    sent("api", true, 50, 48);
    sent("db", false, 52, 47);
    let first = [&moves[0], &moves[1]];
    let open = past::of(&run, first, &ledger);
    assert_eq!(open.started, Some(ago(52)));
    assert_eq!(open.ended, None, "one is still to be verified");
    let verified = Verified {
        passed: true,
        intent: Some("i-api".into()),
        at: ago(40),
        why: String::new(),
    };
    ledger.verifications.insert(
        ("api".into(), crate::domain::ids::DeploymentId(1)),
        verified,
    );
    let wave = Past {
        started: Some(ago(52)),
        ended: Some(ago(40)),
    };
    assert_eq!(past::of(&run, first, &ledger), wave);
    assert_eq!(
        past::of(&run, &moves, &ledger).ended,
        None,
        "web is to come"
    );
    // Somebody else had brought web there: it holds nothing up once the run has ended.
    run.ended = Some(run::Ended {
        how: run::Ending::Shipped,
        at: later(0),
    });
    assert_eq!(past::of(&run, &moves, &ledger), wave);
    for promotion in ledger.promotions.values_mut() {
        promotion.state = State::Failed;
    }
    assert_eq!(past::of(&run, first, &ledger).ended, None);
}
