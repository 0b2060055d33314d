//! Laws of releases.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::agenda::Move;
use super::run::{Next, Progress, next};
use super::waves::{derive, misplaced};
use crate::domain::gate::fixture::revision;
use crate::domain::ids::ServiceName;
use crate::domain::signoff::AtClose;

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

mod frozen {
    //! Plan, then run on frozen facts, gives identical outcomes.

    use jiff::{SignedDuration, Timestamp};

    use super::*;
    use crate::domain::board::{Basis, Board};
    use crate::domain::gate::fixture::{World, ago, now};
    use crate::domain::gate::{State, Verdict, sum};
    use crate::domain::ledger::Ledger;
    use crate::domain::policy::{GateSpec, Policy};
    use crate::domain::release::prognosis::{self, Estimate, Fit, Prognosis};
    use crate::domain::release::{Item, Release};

    /// How one service stands: whether it moves, in how many minutes its gate opens, if it does, and
    /// whether a person is needed as well.
    type Stand = (bool, Option<u8>, bool);

    fn built(stands: &[Stand], waves: &[usize]) -> (Policy, Board, Release) {
        let mut world = World::new(vec![GateSpec::Fresh]);
        let facts = world.known().clone();
        let template = world.policy.services[0].clone();
        let mut policy = world.policy.clone();
        policy.windows.clear();
        policy.services = (0..stands.len())
            .map(|number| crate::domain::policy::Service {
                name: name(number),
                ..crate::domain::policy::Service::clone(&template)
            })
            .map(std::sync::Arc::new)
            .collect();
        let ledger = Ledger::default();
        let basis = Basis {
            policy: &policy,
            ledger: Some(&ledger),
            actor: None,
            now: now(),
        };
        let mut board = Board::unjudged(&policy, Board::default());
        for (number, (moves, opens, person)) in stands.iter().enumerate() {
            board.merge(&name(number), Ok(facts.clone()), ago(0), basis);
            let row = board
                .rows
                .iter_mut()
                .find(|row| row.service.name == name(number));
            let cells = row.map(|row| &mut row.cells).into_iter().flatten();
            for cell in cells.filter(|cell| cell.environment.as_str() == "production") {
                if !moves {
                    cell.candidate = None;
                }
                let verdict = match opens {
                    None => Verdict::new("soak", State::Open, "long enough"),
                    Some(minutes) => {
                        Verdict::new("soak", State::Waiting, "not yet").opens_at(Some(at(*minutes)))
                    }
                };
                let signed = if *person {
                    Verdict::new("sign-off", State::Closed, "0 of 1 go").who("dee")
                } else {
                    Verdict::new("sign-off", State::Open, "1 of 1 go")
                };
                // A person's gate comes first: whoever looks at the first alone misses the other.
                let verdicts = vec![signed, verdict];
                cell.judgement.go = sum(verdicts.iter().map(|verdict| verdict.state));
                cell.judgement.verdicts = verdicts.into();
            }
        }
        let last = waves.iter().copied().max().unwrap_or(0);
        let release = Release {
            name: "r".into(),
            environment: "production".into(),
            items: (0..stands.len())
                .map(|number| Item {
                    service: name(number),
                    pin: None,
                })
                .collect(),
            waves: (0..=last)
                .map(|wave| {
                    let numbers = (0..stands.len()).filter(|number| waves[*number] == wave);
                    numbers.map(name).collect()
                })
                .collect(),
            window: None,
            at_close: AtClose::Keep,
            due: None,
            roles: Vec::new(),
            distinct: true,
            owner: None,
        };
        (policy, board, release)
    }

    fn at(minutes: u8) -> Timestamp {
        now() + SignedDuration::from_mins(i64::from(minutes))
    }

    fn planned(policy: &Policy, board: &Board, release: &Release, takes: &[u8]) -> Prognosis {
        let ledger = Ledger::default();
        let basis = Basis {
            policy,
            ledger: Some(&ledger),
            actor: None,
            now: now(),
        };
        prognosis::of(release, board, basis, |service| Estimate {
            unmeasured: None,
            p90: Some(takes_of(service, takes)),
            samples: 1,
            like: None,
        })
    }

    fn takes_of(service: &ServiceName, takes: &[u8]) -> SignedDuration {
        let number: usize = service.as_str()[1..].parse().expect("a number");
        SignedDuration::from_mins(i64::from(takes[number]))
    }

    /// Runs minute by minute on the same facts: what was promoted, when, and when it was live. Who is
    /// needed acts at once.
    fn ran(
        moves: &[Move],
        stands: &[Stand],
        takes: &[u8],
    ) -> Vec<(ServiceName, usize, Timestamp, Timestamp)> {
        let mut started: BTreeMap<ServiceName, Timestamp> = BTreeMap::new();
        let mut order = Vec::new();
        for minute in 0..=2_000_i64 {
            let clock = now() + SignedDuration::from_mins(minute);
            let progress = |moved: &Move| {
                let number: usize = moved.service.as_str()[1..].parse().expect("a number");
                match started.get(&moved.service) {
                    Some(since) if *since + takes_of(&moved.service, takes) <= clock => {
                        Progress::Arrived
                    }
                    Some(_) => Progress::InFlight,
                    None if stands[number].1.is_some_and(|opens| at(opens) > clock) => {
                        Progress::Blocked("soak".to_owned())
                    }
                    None => Progress::Ready,
                }
            };
            match next(moves, progress) {
                Next::Promote(ready) => {
                    let ready: Vec<Move> = ready.into_iter().cloned().collect();
                    for moved in ready {
                        let ends = clock + takes_of(&moved.service, takes);
                        order.push((moved.service.clone(), moved.wave, clock, ends));
                        started.insert(moved.service, clock);
                    }
                }
                Next::Wait { .. } => {}
                Next::Shipped | Next::Stop(_) => return order,
            }
        }
        order
    }

    #[test]
    fn a_pinned_service_that_is_stuck_keeps_all_of_it_from_fitting() {
        let stands = [(true, None, false), (true, None, false)];
        let (policy, board, mut release) = built(&stands, &[0, 1]);
        release.due = Some(at(240));
        let fits = |release: &Release| planned(&policy, &board, release, &[1, 1]).fits;
        assert_eq!(fits(&release), Fit::Fits);
        release.items[1].pin = Some("v0.0.1".into());
        let Fit::No(why) = fits(&release) else {
            panic!("it does not start")
        };
        assert!(
            why.starts_with("it does not start while s1 is stuck: v0.0.1 is pinned"),
            "{why}"
        );
    }

    #[test]
    fn a_known_wait_counts_though_a_person_is_needed_too() {
        let (policy, board, mut release) = built(&[(true, Some(80), true)], &[0]);
        release.due = Some(at(60));
        let plan = planned(&policy, &board, &release, &[1]);
        assert_eq!(plan.waves[0].starts, Some(at(80)));
        assert!(matches!(plan.fits, Fit::No(_)), "{plan:?}");
        let earliest = &plan.waves[0].services[0].earliest;
        assert!(
            matches!(earliest, crate::domain::gate::Earliest::NeedsPerson { who, .. } if who == "dee"),
            "{earliest:?}"
        );
    }

    proptest! {
        /// The same services in the same waves, the same ones left out; every wave ends when the
        /// plan says or before, exactly then where nothing in it opens later than the rest.
        #[test]
        fn a_plan_and_its_run_agree(
            stands in proptest::collection::vec(
                (any::<bool>(), proptest::option::of(1..90_u8), any::<bool>()),
                1..8,
            ),
            due in proptest::option::of(1..250_u8),
            waves in proptest::collection::vec(0..4_usize, 8),
            takes in proptest::collection::vec(1..60_u8, 8),
        ) {
            let (policy, board, mut release) = built(&stands, &waves);
            release.due = due.map(at);
            let plan = planned(&policy, &board, &release, &takes);
            let agenda = crate::domain::release::agenda::Agenda::of(&release, &board, None);
            let moves: Vec<Move> = agenda.moves().cloned().collect();
            let ran = ran(&moves, &stands, &takes);
            let mut done: Vec<(usize, ServiceName)> =
                ran.iter().map(|(service, wave, ..)| (*wave, service.clone())).collect();
            let mut said: Vec<(usize, ServiceName)> = plan
                .waves
                .iter()
                .flat_map(|wave| wave.services.iter().map(|one| (wave.number, one.moved.service.clone())))
                .collect();
            prop_assert!(done.windows(2).all(|pair| pair[0].0 <= pair[1].0), "wave by wave");
            done.sort();
            said.sort();
            prop_assert_eq!(&done, &said);
            prop_assert_eq!(plan.skipped.len() + said.len(), stands.len());
            let uniform = stands.iter().all(|(_, opens, _)| opens.is_none());
            // What is said to fit has arrived by then, and each who is needed is told.
            let arrived = ran.iter().map(|one| one.3).max();
            if let (Fit::Fits, Some(arrived), Some(due)) = (&plan.fits, arrived, release.due) {
                prop_assert!(arrived <= due, "{plan:?}");
            }
            for planned in plan.waves.iter().flat_map(|wave| &wave.services) {
                let number: usize = planned.moved.service.as_str()[1..].parse().expect("a number");
                let needed = planned.blocked.iter().any(|gate| gate.who.as_deref() == Some("dee"));
                prop_assert_eq!(needed, stands[number].2);
                prop_assert_eq!(planned.not_before, stands[number].1.map(at));
            }
            for wave in &plan.waves {
                let of_wave = || ran.iter().filter(|(_, number, ..)| *number == wave.number);
                let (starts, ends) = (
                    of_wave().map(|one| one.2).min(),
                    of_wave().map(|one| one.3).max(),
                );
                prop_assert!(starts <= wave.starts && ends <= wave.ends, "{wave:?}");
                if uniform {
                    prop_assert_eq!(starts, wave.starts);
                    prop_assert_eq!(ends, wave.ends);
                }
            }
        }
    }
}
