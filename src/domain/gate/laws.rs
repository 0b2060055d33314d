//! Laws that hold for any case: drawn from worlds that are spoilt in many ways at once.

use jiff::civil::Time;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::fixture::{
    HEAD, LIVE, WANTED, World, check, commit, daily, deployment, hold, later, manual_gate, now,
    pull_request, sha,
};
use super::{Earliest, Go, State, judge};
use crate::domain::facts::Permission;
use crate::domain::hold::{Cover, Openers};
use crate::domain::observed::Fact;
use crate::domain::phase::Phase;
use crate::domain::policy::{GateSpec, PipelineRule, Via};
use crate::domain::signoff::Voice;
use crate::domain::window::WindowEffect;

fn gate() -> impl Strategy<Value = GateSpec> {
    let named = prop::sample::subsequence(vec!["build", "e2e", "migration"], 0..2)
        .prop_map(|names| names.into_iter().map(str::to_owned).collect::<Vec<_>>());
    prop_oneof![
        Just(GateSpec::Fresh),
        (named.clone(), named).prop_map(|(required, blocking)| {
            GateSpec::Pipeline(PipelineRule {
                required,
                blocking,
                ..PipelineRule::default()
            })
        }),
        any::<bool>().prop_map(|any| GateSpec::Path { any }),
        (0..40i64).prop_map(|hours| GateSpec::Soak {
            at_least: SignedDuration::from_hours(hours)
        }),
        (0..3u32, any::<bool>()).prop_map(|(approvals, own)| GateSpec::Review { approvals, own }),
        Just(GateSpec::Window),
        Just(GateSpec::Hold),
        any::<bool>().prop_map(|distinct| GateSpec::SignOff {
            roles: vec!["qa".into()],
            distinct
        }),
        Just(GateSpec::Forge),
        Just(GateSpec::Manual),
    ]
}

fn gates() -> impl Strategy<Value = Vec<GateSpec>> {
    prop::collection::vec(gate(), 0..8)
}

fn phase() -> impl Strategy<Value = Phase> {
    prop::sample::select(vec![
        Phase::Queued,
        Phase::Running,
        Phase::Gated,
        Phase::Succeeded,
        Phase::Failed,
        Phase::Cancelled,
        Phase::Skipped,
        Phase::Superseded,
        Phase::Unknown("odd".to_owned()),
    ])
}

/// One thing that goes another way than in the green world. Times are minutes around `NOW`.
#[derive(Clone, Debug)]
enum Twist {
    Check(Phase),
    Deployed {
        environment: &'static str,
        letter: char,
        phase: Phase,
        minutes: i64,
    },
    Age(i64),
    NoFacts,
    NoLedger,
    NoScope,
    NoCandidate,
    Pushed,
    Unapproved,
    Archived,
    ReadOnly,
    Way(Via),
    Timer(i64),
    Window(WindowEffect, i8, i8),
    Held(Option<i64>),
    Manual,
    Vote(Voice),
}

fn twist() -> impl Strategy<Value = Twist> {
    let letter = prop::sample::select(vec![LIVE, WANTED, HEAD]);
    let environment = prop::sample::select(vec!["staging", "production"]);
    let effect = prop::sample::select(vec![WindowEffect::Allow, WindowEffect::Deny]);
    prop_oneof![
        2 => phase().prop_map(Twist::Check),
        3 => (environment, letter, phase(), 0..3000i64).prop_map(
            |(environment, letter, phase, minutes)| Twist::Deployed {
                environment,
                letter,
                phase,
                minutes,
            }
        ),
        1 => (-120..240i64).prop_map(Twist::Age),
        1 => prop::sample::select(vec![
            Twist::NoFacts,
            Twist::NoLedger,
            Twist::NoScope,
            Twist::NoCandidate,
            Twist::Pushed,
            Twist::Unapproved,
            Twist::Archived,
            Twist::ReadOnly,
            Twist::Manual,
        ]),
        1 => prop::sample::select(vec![Via::Deployment, Via::Release, Via::Forge])
            .prop_map(Twist::Way),
        1 => (1..90i64).prop_map(Twist::Timer),
        2 => (effect, 0..24i8, 0..24i8)
            .prop_map(|(effect, from, to)| Twist::Window(effect, from, to)),
        2 => prop::option::of(1..3000i64).prop_map(Twist::Held),
        1 => prop::sample::select(vec![Voice::Go, Voice::NoGo]).prop_map(Twist::Vote),
    ]
}

fn world() -> impl Strategy<Value = World> {
    (gates(), prop::collection::vec(twist(), 0..5)).prop_map(|(gates, twists)| {
        let mut world = World::new(gates);
        for (place, twist) in twists.into_iter().enumerate() {
            spoil(&mut world, twist, u64::try_from(place).unwrap());
        }
        world
    })
}

fn spoil(world: &mut World, twist: Twist, place: u64) {
    let known = world.facts.last.is_some();
    match twist {
        Twist::Check(phase) if known => world.checks().contexts.push(check("extra", phase)),
        Twist::Deployed {
            environment,
            letter,
            phase,
            minutes,
        } if known => {
            let id = 100 + place;
            let deployment = deployment(id, environment, letter, phase, minutes);
            world.known().deployments.push(deployment);
        }
        Twist::Age(seconds) => {
            if let Some(last) = &mut world.facts.last {
                last.at = now() - SignedDuration::from_secs(seconds);
            }
        }
        Twist::NoFacts => world.facts = Fact::default(),
        Twist::NoLedger => world.ledger = None,
        Twist::NoScope => world.scope = None,
        Twist::NoCandidate => world.candidate = None,
        Twist::Pushed if world.scope.is_some() => world.scoped().commits.push(commit('e', &[])),
        Twist::Unapproved if world.scope.is_some() => {
            world
                .scoped()
                .pull_requests
                .push(pull_request(1, "eve", &[]));
        }
        Twist::Archived if known => world.known().archived = true,
        Twist::ReadOnly if known => world.known().permission = Permission::Read,
        Twist::Way(via) => world.via(via),
        Twist::Timer(minutes) if known => {
            let waiting = &mut world.known().runs[0].waiting[0];
            waiting.wait_timer = SignedDuration::from_mins(minutes);
            waiting.wait_started_at = Some(now());
        }
        Twist::Window(effect, from, to) => {
            let time = |hour| Time::new(hour, 0, 0, 0).unwrap();
            let zone = "Europe/Berlin";
            let window = daily("window", effect, time(from), time(to), zone);
            world.policy.windows.push(window);
        }
        Twist::Held(minutes) if world.ledger.is_some() => {
            let hold = hold(&format!("h{place}"), Cover::default(), minutes.map(later));
            world.book().holds.insert(hold.id.clone(), hold);
        }
        Twist::Manual if world.ledger.is_some() => {
            let gate = manual_gate("g1", Cover::default(), Openers::Anyone);
            world.book().manual_gates.insert(gate.id.clone(), gate);
        }
        Twist::Vote(voice) if world.ledger.is_some() && world.candidate.is_some() => {
            world.vote("mia", "qa", voice);
        }
        Twist::Check(_)
        | Twist::Deployed { .. }
        | Twist::Pushed
        | Twist::Unapproved
        | Twist::Archived
        | Twist::ReadOnly
        | Twist::Timer(_)
        | Twist::Held(_)
        | Twist::Manual
        | Twist::Vote(_) => {}
    }
}

/// Says whether all gates pass at `at`, with facts as fresh as they are now.
fn goes_frozen(world: &World, at: Timestamp) -> bool {
    let mut frozen = world.clone();
    let moved = at.duration_since(now());
    if let Some(last) = &mut frozen.facts.last {
        last.at = last.at.checked_add(moved).unwrap();
    }
    frozen.judge_at(at).go == Go::Go
}

proptest! {
    // A case that was found becomes a named test, so nothing is written beside the sources.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    /// What an override is bound to has no age: as long as nothing but time goes by, the same state
    /// shows the same values, over midnight too.
    #[test]
    fn values_do_not_change_with_the_clock_alone(world in world(), minutes in 1..1_500i64) {
        let mut then = world.clone();
        if let Some(last) = &mut then.facts.last {
            last.at = later(minutes);
        }
        let (before, after) = (world.judge().verdicts, then.judge_at(later(minutes)).verdicts);
        for (place, verdict) in before.iter().enumerate() {
            let rule = crate::domain::override_::OverrideRule::default();
            if verdict.state.passes() || rule.refuses(&verdict.gate).is_some() {
                continue;
            }
            let same = after.get(place).filter(|other| {
                other.gate == verdict.gate
                    && other.state == verdict.state
                    && other.opens_at == verdict.opens_at
            });
            if let Some(same) = same {
                prop_assert_eq!(same.values(), verdict.values(), "{} / {}", verdict.why, same.why);
            }
        }
    }

    #[test]
    fn adding_a_gate_never_opens_a_promotion(
        world in world(),
        gate in gate(),
        place in any::<prop::sample::Index>(),
    ) {
        let before = world.judge();
        let mut more = world;
        let stage = &mut more.policy.services[0].path[2];
        let mut gates = stage.gates.to_vec();
        let place = place.index(gates.len() + 1);
        gates.insert(place, gate);
        stage.gates = gates.into();
        let after = more.judge();
        if before.go != Go::Go {
            prop_assert_ne!(after.go, Go::Go);
        }
    }

    #[test]
    fn adding_a_manual_gate_never_opens_a_promotion(world in world()) {
        let before = world.judge().go;
        let mut more = world;
        if more.ledger.is_some() {
            let gate = manual_gate("g9", Cover::default(), Openers::Anyone);
            more.book().manual_gates.insert(gate.id.clone(), gate);
            prop_assert_eq!(more.judge().go, Go::NoGo);
        } else {
            prop_assert_ne!(before, Go::Go);
        }
    }

    #[test]
    fn a_hold_wins(world in world(), minutes in prop::option::of(1..1000i64)) {
        prop_assume!(world.ledger.is_some());
        let held = world.held(hold("h9", Cover::default(), minutes.map(later)));
        prop_assert_eq!(held.judge().go, Go::NoGo);
        if minutes.is_none() {
            let ever = matches!(held.judge().earliest, Earliest::Now | Earliest::At { .. });
            prop_assert!(!ever);
        }
    }

    #[test]
    fn unknown_is_never_open(world in world()) {
        let judgement = world.judge();
        let any_unknown = judgement
            .verdicts
            .iter()
            .any(|verdict| verdict.state_at(now()) == State::Unknown);
        prop_assert!(!any_unknown || judgement.go != Go::Go);
        prop_assert_eq!(judgement.go == Go::Go, judgement.blocking(now()).next().is_none());
        prop_assert_eq!(judgement.go == Go::Go, judgement.earliest == Earliest::Now);
        if world.facts.is_stale(now(), world.policy.max_age) || world.ledger.is_none() {
            prop_assert_ne!(judgement.go, Go::Go);
        }
    }

    #[test]
    fn past_valid_until_a_verdict_reads_unknown(world in world()) {
        for verdict in world.judge().verdicts {
            if let Some(until) = verdict.valid_until {
                prop_assert_eq!(verdict.state_at(until), State::Unknown);
                let before = until - SignedDuration::from_nanos(1);
                prop_assert_eq!(verdict.state_at(before), verdict.state);
            }
        }
    }

    #[test]
    fn time_alone_changes_nothing_before_the_due_instant(
        world in world(),
        part in 0.0..1.0f64,
    ) {
        let judgement = world.judge();
        let due = judgement.due.unwrap_or(later(3000));
        prop_assert!(due > now());
        let within = due.duration_since(now()).mul_f64(part);
        let then = now() + within.min(due.duration_since(now()) - SignedDuration::from_nanos(1));
        prop_assert_eq!(world.judge_at(then).go, judgement.go);
        prop_assert_eq!(judgement.go_at(then), judgement.go);
    }

    #[test]
    fn soak_never_shrinks_with_time(
        world in world(),
        hours in 0..40i64,
        one in 0..5000i64,
        other in 0..5000i64,
    ) {
        let mut world = world;
        world.policy.services[0].path[2].gates = [GateSpec::Soak {
            at_least: SignedDuration::from_hours(hours),
        }]
        .into();
        let (sooner, later) = (later(one.min(other)), later(one.max(other)));
        let first = world.verdict_at("soak", sooner);
        let second = world.verdict_at("soak", later);
        if first.state == State::Open {
            prop_assert_eq!(second.state, State::Open);
        }
        if let Some(opens_at) = first.opens_at {
            prop_assert_eq!(second.state == State::Open, later >= opens_at);
        }
    }

    #[test]
    fn at_the_earliest_instant_all_gates_pass_and_not_a_minute_before(world in world()) {
        if let Earliest::At { at, gate } = world.judge().earliest {
            prop_assert!(goes_frozen(&world, at), "{gate} {at}");
            let before = at - SignedDuration::from_mins(1);
            if before >= now() {
                prop_assert!(!goes_frozen(&world, before), "{gate} {at}");
            }
            prop_assert!(!goes_frozen(&world, at - SignedDuration::from_nanos(1)));
        }
    }

    #[test]
    fn judging_is_a_function_of_its_case(world in world()) {
        prop_assert_eq!(judge::judge(&world.case(), now()), world.judge());
        prop_assert_eq!(world.clone().judge(), world.judge());
    }

    #[test]
    fn a_bad_revision_is_never_promoted_again(world in world()) {
        prop_assume!(world.ledger.is_some() && world.candidate.is_some());
        let cover = Cover {
            revision: Some(sha(WANTED)),
            ..Cover::default()
        };
        prop_assert_eq!(world.held(hold("bad", cover, None)).judge().go, Go::NoGo);
    }
}
