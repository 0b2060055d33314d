//! Laws of releases.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::agenda::Move;
use super::run::{Next, Progress, next};
use super::waves::{derive, misplaced};
use crate::domain::gate::fixture::revision;
use crate::domain::ids::ServiceName;

fn name(number: usize) -> ServiceName {
    ServiceName::from(format!("s{number}"))
}

/// Services that depend on earlier ones alone: there is always an order.
fn dependencies() -> impl Strategy<Value = BTreeMap<ServiceName, Vec<ServiceName>>> {
    proptest::collection::vec(
        proptest::collection::vec(any::<prop::sample::Index>(), 0..3),
        1..9,
    )
    .prop_map(|needs| {
        let mut depends = BTreeMap::new();
        for (number, needs) in needs.iter().enumerate() {
            let on = needs.iter().filter(|_| number > 0);
            let on = on.map(|need| name(need.index(number.max(1)))).collect();
            depends.insert(name(number), on);
        }
        depends
    })
}

proptest! {
    #[test]
    fn derived_waves_hold_every_service_once_and_in_order(depends in dependencies()) {
        let services: Vec<ServiceName> = depends.keys().cloned().collect();
        let waves = derive(&services, &depends).unwrap();
        let mut all: Vec<ServiceName> = waves.concat();
        all.sort();
        let mut wanted = services.clone();
        wanted.sort();
        prop_assert_eq!(all, wanted);
        prop_assert_eq!(misplaced(&waves, &depends), None);
    }

    /// Whatever fails, and in whatever order promotions end: no service starts before everything of
    /// the waves before it has arrived, nothing starts after a failure, and every run ends.
    #[test]
    fn a_run_never_leaves_its_waves(
        waves in proptest::collection::vec(0..4_usize, 1..8),
        fails in proptest::collection::vec(proptest::bool::weighted(0.1), 8),
        order in proptest::collection::vec(any::<prop::sample::Index>(), 64),
    ) {
        let mut waves = waves;
        waves.sort_unstable();
        let moves: Vec<Move> = waves
            .iter()
            .enumerate()
            .map(|(number, wave)| Move {
                service: name(number),
                environment: "production".into(),
                wave: *wave,
                from: Some(revision('a', "1")),
                to: revision('b', "2"),
            })
            .collect();
        let mut states: BTreeMap<ServiceName, Progress> = moves
            .iter()
            .map(|moved| (moved.service.clone(), Progress::Ready))
            .collect();
        let mut order = order.iter();
        let mut failed = false;
        loop {
            match next(&moves, |moved| states[&moved.service].clone()) {
                Next::Promote(ready) => {
                    prop_assert!(!failed, "started after a failure");
                    for moved in ready {
                        let before = moves.iter().filter(|other| other.wave < moved.wave);
                        for other in before {
                            prop_assert_eq!(&states[&other.service], &Progress::Arrived);
                        }
                        states.insert(moved.service.clone(), Progress::InFlight);
                    }
                }
                Next::Wait { .. } => {
                    let flying: Vec<usize> = (0..moves.len())
                        .filter(|at| states[&moves[*at].service] == Progress::InFlight)
                        .collect();
                    prop_assert!(!flying.is_empty(), "waits for nothing");
                    let Some(pick) = order.next() else { break };
                    let at = flying[pick.index(flying.len())];
                    let end = if fails[at] {
                        failed = true;
                        Progress::Failed("it broke".to_owned())
                    } else {
                        Progress::Arrived
                    };
                    states.insert(moves[at].service.clone(), end);
                }
                Next::Stop(_) => {
                    prop_assert!(failed);
                    break;
                }
                Next::Shipped => {
                    prop_assert!(states.values().all(|state| *state == Progress::Arrived));
                    break;
                }
            }
        }
    }
}
