//! Laws that hold for any case: drawn from worlds that are spoilt in many ways at once.

use std::collections::BTreeMap;

use jiff::civil::Time;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::fixture::{
    HEAD, LIVE, WANTED, World, check, commit, daily, deployment, hold, later, manual_gate, now,
    pull_request, sha,
};
use super::{Earliest, Go, State, judge};
use crate::domain::deployment::Deployment;
use crate::domain::facts::{Labelled, Permission};
use crate::domain::figure::{Bound, Figure};
use crate::domain::hold::{Cover, Openers};
use crate::domain::ids::Person;
use crate::domain::observed::Fact;
use crate::domain::phase::Phase;
use crate::domain::pipeline::Check;
use crate::domain::policy::{
    Before, CommandRule, Dependency, Expect, FitsRule, GateSpec, HealthRule, ParityRule,
    ParitySource, Part, PipelineRule, Probe, ProbeSource, QualityRule, Task, Via,
};
use crate::domain::seen::{Declared, Outcome, Round, RoundKey, Sample, Subject};
use crate::domain::signoff::{AtClose, Voice};
use crate::domain::window::{Schedule, WindowEffect};

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
        prop::sample::select(vec![Before::Any, Before::Next, Before::All])
            .prop_map(|from| GateSpec::Path { from }),
        (0..40i64).prop_map(|hours| GateSpec::Soak {
            at_least: SignedDuration::from_hours(hours)
        }),
        (0..3u32, any::<bool>()).prop_map(|(approvals, own)| GateSpec::Review { approvals, own }),
        Just(GateSpec::Window),
        Just(GateSpec::Hold),
        (any::<bool>(), prop::sample::select(AtClose::ALL.to_vec())).prop_map(
            |(distinct, at_close)| GateSpec::SignOff {
                roles: vec!["qa".into()],
                distinct,
                at_close,
            }
        ),
        Just(GateSpec::Forge),
        Just(GateSpec::Manual),
        Just(GateSpec::Release),
        (0..101u32, any::<bool>()).prop_map(|(bound, least)| {
            let bound = Figure::whole(bound);
            let bound = if least {
                Bound::AtLeast(bound)
            } else {
                Bound::AtMost(bound)
            };
            GateSpec::Quality(vec![QualityRule {
                check: "build".to_owned(),
                after: None,
                bound,
            }])
        }),
        prop::sample::subsequence(vec!["stop", "p1"], 1..3).prop_map(|labels| {
            let labels = labels.into_iter().map(str::to_owned).collect();
            GateSpec::Blocker { labels }
        }),
        prop::sample::select(vec![
            ParitySource::Payload,
            ParitySource::File("{environment}.toml".to_owned()),
            ParitySource::File("runtime.toml".to_owned()),
        ])
        .prop_map(|source| {
            GateSpec::Parity(vec![ParityRule {
                with: None,
                source,
                except: vec!["replicas".to_owned()],
            }])
        }),
        prop::sample::subsequence(Part::ALL.to_vec(), 2..4)
            .prop_map(|parts| GateSpec::FourEyes { parts }),
        (0..30u32).prop_map(|second| GateSpec::Risk {
            second,
            roles: vec!["qa".into()],
        }),
        new_kinds(),
    ]
}

fn new_kinds() -> impl Strategy<Value = GateSpec> {
    let task = |name: &str, role: Option<&str>| Task {
        name: name.to_owned(),
        text: "do it".to_owned(),
        role: role.map(Into::into),
    };
    prop_oneof![
        Just(GateSpec::Depends),
        (1..200i64).prop_map(|minutes| GateSpec::Fits(FitsRule {
            margin: SignedDuration::from_mins(minutes)
        })),
        Just(GateSpec::Checklist {
            tasks: vec![task("backup", Some("sre")), task("notify", None)]
        }),
        sampled(),
    ]
}

fn sampled() -> impl Strategy<Value = GateSpec> {
    let every = SignedDuration::from_secs(30);
    let probe = Probe {
        name: "up".to_owned(),
        source: ProbeSource::Http {
            url: "https://a.test".to_owned(),
            pointer: None,
        },
        expect: Expect::Answer,
    };
    let command = CommandRule {
        argv: vec!["smoke".to_owned()],
        time_limit: every,
        every,
    };
    prop::sample::select(vec![
        GateSpec::Health(HealthRule {
            probes: vec![probe],
            every,
        }),
        GateSpec::Command(vec![("up".to_owned(), command)]),
    ])
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
    Reported(Phase, u32),
    Labelled(u64),
    Payload(&'static str, &'static str),
    Declared(&'static str, char, Option<&'static str>),
    Actor(Option<&'static str>),
    Attested(&'static str, &'static str),
    Sampled(Subject, Outcome, i64),
    Busy(i64),
    DependsOn(&'static str),
}

fn twist() -> impl Strategy<Value = Twist> {
    let letter = prop::sample::select(vec![LIVE, WANTED, HEAD]);
    let environment = prop::sample::select(vec!["staging", "production"]);
    let value = prop::sample::select(vec!["17", "21"]);
    let file = prop::sample::select(vec!["staging.toml", "production.toml", "runtime.toml"]);
    let effect = prop::sample::select(vec![WindowEffect::Allow, WindowEffect::Deny]);
    let more = prop_oneof![
        (phase(), 0..101u32).prop_map(|(phase, figure)| Twist::Reported(phase, figure)),
        (0..2u64).prop_map(Twist::Labelled),
        (environment.clone(), value.clone())
            .prop_map(|(environment, value)| Twist::Payload(environment, value)),
        (file, letter.clone(), prop::option::of(value))
            .prop_map(|(file, letter, value)| Twist::Declared(file, letter, value)),
        prop::option::of(prop::sample::select(vec!["eve", "bob", "mia"])).prop_map(Twist::Actor),
    ];
    prop_oneof![
        5 => more,
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
        4 => newer(),
    ]
}

fn newer() -> impl Strategy<Value = Twist> {
    let task = prop::sample::select(vec!["backup", "notify"]);
    let person = prop::sample::select(vec!["carol", "eve"]);
    let subject = prop::sample::select(vec![Subject::Health, Subject::Command("up".to_owned())]);
    let outcomes = vec![
        Outcome::Success,
        Outcome::Success,
        Outcome::Failure,
        Outcome::Inconclusive,
    ];
    prop_oneof![
        (task, person).prop_map(|(task, person)| Twist::Attested(task, person)),
        (subject, prop::sample::select(outcomes), 0..90i64)
            .prop_map(|(subject, outcome, age)| Twist::Sampled(subject, outcome, age)),
        (1..100i64).prop_map(Twist::Busy),
        prop::sample::select(vec!["checkout", "gone"]).prop_map(Twist::DependsOn),
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
        Twist::Reported(phase, figure) if known => {
            let report = Some(format!("{figure} %"));
            let build = Check {
                report,
                ..check("build", phase)
            };
            world.checks().contexts[0] = build;
        }
        Twist::Labelled(total) if known => {
            for label in ["stop", "p1"] {
                let labelled = Labelled {
                    total,
                    shown: Vec::new(),
                };
                world.known().labelled.insert(label.to_owned(), labelled);
            }
        }
        Twist::Payload(environment, value) if known => {
            for deployment in &mut world.known().deployments {
                if deployment.environment.as_str() == environment {
                    deployment.payload = Some(runtime(value));
                }
            }
        }
        Twist::Declared(file, letter, value) => {
            let declared = Declared {
                url: None,
                keys: value.map(runtime),
            };
            let fact = Fact::observed(declared, now());
            let file = (file.to_owned(), sha(letter));
            world.seen.declared.insert(file, fact);
        }
        Twist::Actor(name) => world.actor = name.map(Person::from),
        Twist::Attested(task, name) if world.ledger.is_some() && world.candidate.is_some() => {
            world.attest(task, name);
        }
        Twist::Sampled(subject, outcome, age) => {
            let key = RoundKey {
                environment: "production".into(),
                subject,
                revision: sha(WANTED),
            };
            let sample = Sample {
                probe: "up".to_owned(),
                outcome,
                value: "status 200".to_owned(),
                url: None,
            };
            let round = Round {
                samples: vec![sample],
            };
            let at = now() - SignedDuration::from_secs(age);
            world.seen.take_round(key, round, at);
        }
        // A past of deployments that took so many minutes each.
        Twist::Busy(minutes) if known => {
            for day in 1..8 {
                let ended = (3 + day) * 24 * 60;
                let deployment = Deployment {
                    created_at: later(-ended - minutes),
                    changed_at: later(24 * 60 - ended),
                    ..deployment(
                        9 - u64::try_from(day).unwrap(),
                        "production",
                        char::from(b'0' + u8::try_from(day).unwrap()),
                        Phase::Superseded,
                        0,
                    )
                };
                world.known().deployments.push(deployment);
            }
        }
        Twist::DependsOn(service) => {
            let dependency = Dependency {
                service: service.into(),
                at_least: None,
            };
            world.policy.nth(0).depends.push(dependency);
        }
        Twist::Attested(..)
        | Twist::Reported(..)
        | Twist::Labelled(_)
        | Twist::Payload(..)
        | Twist::Busy(_)
        | Twist::Check(_)
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

fn runtime(java: &str) -> BTreeMap<String, String> {
    let keys = [("runtime.java", java), ("replicas", java)];
    keys.map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

/// What the schedule rests on at `at`: whether it is open, by which window, and until when.
fn decides(world: &World, at: Timestamp) -> (bool, Option<String>, Option<Timestamp>) {
    let service = &world.policy.services[0].name;
    let environment = "production".into();
    let state = Schedule::new(&world.policy.windows, service, &environment).state(at);
    (state.open, state.by, state.changes_at)
}

/// Says whether all gates pass at `at`, with facts as fresh as they are now.
fn goes_frozen(world: &World, at: Timestamp) -> bool {
    let mut frozen = world.clone();
    let moved = at.duration_since(now());
    if let Some(last) = &mut frozen.facts.last {
        last.at = last.at.checked_add(moved).unwrap();
    }
    for round in frozen.seen.rounds.values_mut() {
        if let Some(last) = &mut round.last {
            last.at = last.at.checked_add(moved).unwrap();
        }
    }
    frozen.judge_at(at).go == Go::Go
}

/// How many cases each law is asked of; `PROPTEST_CASES` asks for more.
fn cases() -> u32 {
    let wanted = std::env::var("PROPTEST_CASES").ok();
    wanted.and_then(|cases| cases.parse().ok()).unwrap_or(400)
}

proptest! {
    // A case that was found becomes a named test, so nothing is written beside the sources.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

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
                    // A round that has grown too old is another finding, which ends an override, and
                    // so is a freeze that begins where no window was open anyway: it stays in force.
                    && !other.why.starts_with("the last round is")
                    && (!matches!(verdict.gate.as_str(), "window" | "fits") || decides(&world, now()) == decides(&world, later(minutes)))
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
        let stage = &mut more.policy.nth(0).path[2];
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
        for verdict in &world.judge().verdicts {
            if let Some(until) = verdict.valid_until {
                prop_assert_eq!(verdict.state_at(until), State::Unknown);
                let before = until - SignedDuration::from_nanos(1);
                prop_assert_eq!(verdict.state_at(before), verdict.state);
            }
        }
    }

    /// What is so since an instant goes on being so since then: it neither moves with the clock, nor
    /// lies ahead of it, and nobody knows since when something is unknown.
    #[test]
    fn since_stays_where_it_is_until_something_happens(world in world(), minutes in 0..1_500i64) {
        let (sooner, later) = (now(), later(minutes));
        let mut then = world.clone();
        if let Some(last) = &mut then.facts.last {
            last.at = later;
        }
        let (before, after) = (world.judge(), then.judge_at(later));
        for verdict in before.verdicts.iter().chain(&after.verdicts) {
            prop_assert!(verdict.state != State::Unknown || verdict.since.is_none());
            prop_assert!(verdict.since.is_none_or(|since| since <= later));
        }
        for (verdict, other) in before.verdicts.iter().zip(&after.verdicts) {
            prop_assert!(verdict.since.is_none_or(|since| since <= sooner));
            let same = verdict.gate == other.gate && verdict.state == other.state;
            if same && other.since != verdict.since {
                let moved = other.since.is_none_or(|since| since > sooner);
                prop_assert!(moved, "{}: {} / {}", verdict.gate, verdict.why, other.why);
            }
            if let Some(until) = verdict.valid_until {
                prop_assert_eq!(verdict.since_at(until), None);
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
        world.policy.nth(0).path[2].gates = [GateSpec::Soak {
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
    fn a_sample_that_fails_never_opens_a_promotion(
        world in world(),
        gate in sampled(),
        outcome in prop::sample::select(vec![Outcome::Failure, Outcome::Inconclusive]),
    ) {
        let subjects = [Subject::Health, Subject::Command("up".to_owned())];
        let mut ill = world;
        let stage = &mut ill.policy.nth(0).path[2];
        stage.gates = stage.gates.iter().cloned().chain([gate]).collect();
        for subject in subjects {
            spoil(&mut ill, Twist::Sampled(subject, outcome, 0), 0);
        }
        prop_assert_ne!(ill.judge().go, Go::Go);
    }

    #[test]
    fn judging_is_a_function_of_its_case(world in world()) {
        prop_assert_eq!(judge::judge(&world.case(), now()), world.judge());
        prop_assert_eq!(world.clone().judge(), world.judge());
    }

    #[test]
    fn a_gate_without_what_it_rests_on_is_not_open(world in world(), gate in gate()) {
        let mut world = world;
        let name = gate.name();
        world.policy.nth(0).path[2].gates = [gate.clone()].into();
        let state = |world: &World| {
            let judgement = world.judge();
            let verdict = judgement.verdicts.into_iter().find(|verdict| verdict.gate == name);
            verdict.map_or(State::Unknown, |verdict| verdict.state)
        };
        if world.facts.last.is_some() {
            world.known().checks.clear();
            world.known().labelled.clear();
            for deployment in &mut world.known().deployments {
                deployment.payload = None;
            }
        }
        world.seen.declared.clear();
        world.scope = None;
        if matches!(
            gate,
            GateSpec::Pipeline(_)
                | GateSpec::Review { .. }
                | GateSpec::Quality(_)
                | GateSpec::Blocker { .. }
                | GateSpec::Parity(_)
                | GateSpec::FourEyes { .. }
                | GateSpec::Risk { .. }
        ) {
            prop_assert_ne!(state(&world), State::Open);
        }
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
