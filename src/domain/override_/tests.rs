use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::*;
use crate::domain::entry::{Draft, Entry, Event};
use crate::domain::gate::fixture::{WANTED, World, daily, later, manual_gate, now, person, sha};
use crate::domain::gate::{Go, State};
use crate::domain::hold::{Cover, Openers};
use crate::domain::ids::Seq;
use crate::domain::ledger::Ledger;
use crate::domain::policy::{COUNTDOWN, Environment, Mode, PipelineRule};
use crate::domain::window::{Window, WindowEffect};

const SOAK: GateSpec = GateSpec::Soak {
    at_least: SignedDuration::from_hours(48),
};

fn freeze() -> Window {
    let (from, to) = (
        jiff::civil::time(13, 0, 0, 0),
        jiff::civil::time(20, 0, 0, 0),
    );
    daily("freeze", WindowEffect::Deny, from, to, "UTC")
}

/// A world in which staging has had the candidate for 31 of 48 hours.
fn world() -> World {
    World::new(vec![GateSpec::Pipeline(PipelineRule::default()), SOAK])
}

/// An override of `gates` on what they say in `world`, granted by alice for an hour.
fn granted(world: &World, gates: &[&str]) -> Override {
    let bound = |gate: &&str| {
        let verdict = world.verdict(gate);
        Bound {
            gate: verdict.gate.clone(),
            values: verdict.values(),
            said: verdict.why,
        }
    };
    Override {
        id: "o-1".into(),
        service: "checkout".into(),
        environment: "production".into(),
        revision: sha(WANTED),
        gates: gates.iter().map(bound).collect(),
        reason: "hotfix".to_owned(),
        owner: person("alice"),
        since: now(),
        until: later(60),
        second_person: false,
        confirmed: None,
        used: None,
    }
}

fn with(mut world: World, one: Override) -> World {
    world.book().overrides.insert(one.id.clone(), one);
    world
}

fn rule(world: &mut World, rule: OverrideRule) {
    let environment = Environment {
        name: "production".into(),
        tier: "regulated".to_owned(),
        protected: true,
        mode: Mode::Confirm,
        overrides: rule,
        risk: crate::domain::risk::RiskRule::default(),
        countdown: COUNTDOWN,
        verification: None,
        brakes: crate::domain::brake::Brakes::default(),
    };
    world.policy.environments = BTreeMap::from([("production".into(), environment)]);
}

#[test]
fn o1_an_overridden_gate_reads_overridden_never_open_and_still_tells_what_is_wrong() {
    let world = world();
    assert_eq!(world.judge().go, Go::NoGo);
    let one = granted(&world, &["soak"]);
    let world = with(world, one);
    let verdict = world.verdict("soak");
    assert_eq!(verdict.state, State::Overridden);
    assert_eq!(
        verdict.why,
        "overridden by alice: hotfix; it is waiting: 31h of 48h in staging"
    );
    assert_eq!(verdict.overridden_by, Some("o-1".into()));
    assert_eq!(world.judge().go, Go::Go);
    assert_eq!(world.judge().overrides(), ["o-1".into()]);
    let told = verdict.evidence.last().expect("the override itself");
    assert_eq!(told.value, "by alice, for one use until 15:00Z: hotfix");
}

#[test]
fn o1_an_override_is_bound_to_service_environment_revision_and_gate() {
    let base = world();
    let one = granted(&base, &["soak"]);
    let elsewhere = [
        Override {
            service: "billing".into(),
            ..one.clone()
        },
        Override {
            environment: "staging".into(),
            ..one.clone()
        },
        Override {
            revision: sha('f'),
            ..one.clone()
        },
        Override {
            gates: granted(&base, &["pipeline"]).gates,
            ..one.clone()
        },
    ];
    for other in elsewhere {
        let world = with(base.clone(), other.clone());
        assert_eq!(world.judge().go, Go::NoGo, "{other:?}");
    }
}

#[test]
fn o1_an_override_is_bound_to_the_values_that_it_showed() {
    let mut base = world();
    base.checks().contexts[0].phase = crate::domain::phase::Phase::Failed;
    let one = granted(&base, &["pipeline", "soak"]);
    let mut world = with(base, one);
    assert_eq!(world.judge().go, Go::Go);
    // Another check turns red: nobody has said that this may pass.
    world.checks().contexts[1].phase = crate::domain::phase::Phase::Failed;
    assert_eq!(world.verdict("pipeline").state, State::Closed);
    assert_eq!(world.verdict("soak").state, State::Overridden);
}

#[test]
fn o1_time_alone_does_not_void_an_override_before_it_expires() {
    let mut base = world();
    base.policy.windows = vec![freeze()];
    let stage = &mut base.policy.nth(0).path[2];
    stage.gates = stage
        .gates
        .iter()
        .cloned()
        .chain([GateSpec::Window])
        .collect();
    let mut gate = manual_gate("g1", Cover::default(), Openers::Anyone);
    gate.name = "pen test".to_owned();
    base.book().manual_gates.insert(gate.id.clone(), gate);
    let one = granted(&base, &["soak", "window", "manual pen test"]);
    let world = with(base, one);
    for minutes in [0, 20, 59] {
        let at = later(minutes);
        let mut world = world.clone();
        world.facts.last.as_mut().expect("facts").at = at;
        for gate in ["soak", "window", "manual pen test"] {
            let state = world.verdict_at(gate, at).state;
            assert_eq!(state, State::Overridden, "{gate} after {minutes} min");
        }
    }
}

#[test]
fn o1_an_override_expires_and_the_cell_is_judged_again_then() {
    let base = world();
    let mut one = granted(&base, &["soak"]);
    one.until = now() + SignedDuration::from_secs(20);
    let world = with(base, one.clone());
    assert_eq!(world.judge().due, Some(one.until));
    let just_before = one.until - SignedDuration::from_millis(1);
    assert_eq!(world.judge_at(just_before).go, Go::Go);
    assert_eq!(world.judge_at(one.until).go, Go::NoGo);
    assert_eq!(world.judge().go_at(one.until), Go::Unknown);
}

#[test]
fn o1_an_override_is_for_one_use() {
    let base = world();
    let mut one = granted(&base, &["soak"]);
    one.used = Some("intent-1".into());
    assert_eq!(with(base, one).judge().go, Go::NoGo);
}

#[test]
fn o1_a_freeze_stays_in_force_afterwards() {
    let mut base = World::new(vec![GateSpec::Window]);
    base.policy.windows = vec![freeze()];
    let one = granted(&base, &["window"]);
    let mut world = with(base, one);
    assert_eq!(world.judge().go, Go::Go);
    let used = world.book().overrides.get_mut("o-1").expect("granted");
    used.used = Some("intent-1".into());
    assert_eq!(world.verdict("window").state, State::Waiting);
}

#[test]
fn o1_by_policy_a_second_person_has_to_confirm() {
    let mut base = world();
    rule(
        &mut base,
        OverrideRule {
            second_person: true,
            ..OverrideRule::default()
        },
    );
    let mut one = granted(&base, &["soak"]);
    let waiting = with(base.clone(), one.clone());
    let verdict = waiting.verdict("soak");
    assert_eq!(verdict.state, State::Waiting);
    assert_eq!(
        verdict.opens_when.as_deref(),
        Some("somebody other than alice confirms override o-1")
    );
    one.confirmed = Some(Confirmed {
        by: person("bob"),
        at: now(),
    });
    let confirmed = with(base, one);
    assert_eq!(confirmed.judge().go, Go::Go);
    assert!(
        confirmed
            .verdict("soak")
            .why
            .starts_with("overridden by alice with bob: hotfix;")
    );
}

#[test]
fn o1_only_the_roles_of_the_policy_override_and_the_role_is_asked_for_again_in_use() {
    let mut base = world();
    let sre = OverrideRule {
        roles: vec!["sre".into()],
        ..OverrideRule::default()
    };
    rule(&mut base, sre);
    let mut one = granted(&base, &["soak"]);
    assert_eq!(with(base.clone(), one.clone()).judge().go, Go::NoGo);
    one.owner = person("carol");
    let mut world = with(base, one);
    assert_eq!(world.judge().go, Go::Go);
    world.policy.roles.clear();
    assert_eq!(world.judge().go, Go::NoGo, "carol is no longer an sre");
}

#[test]
fn o1_fresh_hold_and_what_the_forge_asks_are_never_overridden() {
    let rule = OverrideRule::default();
    for gate in ["fresh", "hold", "forge"] {
        assert!(rule.refuses(gate).is_some(), "{gate}");
    }
    for gate in ["soak", "window", "manual pen test", "command smoke"] {
        assert_eq!(rule.refuses(gate), None, "{gate}");
    }
    let never = OverrideRule {
        never: vec!["window".to_owned(), "manual".to_owned()],
        ..rule
    };
    assert!(never.refuses("window").is_some());
    assert!(never.refuses("manual pen test").is_some());
    // Even one that stands in the journal, put there by hand or under another policy.
    let base = world().held(crate::domain::gate::fixture::hold(
        "h1",
        Cover::default(),
        None,
    ));
    let one = granted(&base, &["hold", "soak"]);
    assert_eq!(with(base, one).judge().go, Go::NoGo);
}

#[test]
fn o1_without_a_journal_nothing_is_overridden() {
    let base = world();
    let one = granted(&base, &["soak"]);
    let mut world = with(base, one);
    world.ledger = None;
    assert_eq!(world.judge().go, Go::Unknown);
    assert_eq!(world.verdict("soak").state, State::Waiting);
}

#[test]
fn o1_stale_facts_are_not_overridden_with_the_gate() {
    let base = world();
    let mut one = granted(&base, &["soak"]);
    one.until = later(600);
    let world = with(base, one);
    assert_eq!(world.judge_at(later(10)).go, Go::Unknown);
}

#[test]
fn the_ledger_knows_who_granted_confirmed_used_and_withdrew() {
    let base = world();
    let one = granted(&base, &["soak"]);
    let cover = Cover {
        service: Some("checkout".into()),
        environment: Some("production".into()),
        revision: Some(sha(WANTED)),
    };
    let mut ledger = Ledger::default();
    let apply = |ledger: &mut Ledger, actor: &str, event: Event| {
        let entry = Entry {
            seq: Seq(ledger.head.0 + 1),
            draft: Draft {
                at: now(),
                actor: person(actor),
                service: None,
                environment: None,
                revision: None,
                reason: None,
                policy: Digest::of(["p"]),
                event,
            },
            previous: Digest::of(["a"]),
            hash: Digest::of(["b"]),
        };
        ledger.apply(&entry);
    };
    let confirm = || Event::OverrideConfirmed {
        id: "o-1".into(),
        cover: cover.clone(),
    };
    apply(&mut ledger, "alice", Event::OverrideGranted { grant: one });
    apply(&mut ledger, "alice", confirm());
    assert_eq!(ledger.overrides["o-1"].confirmed, None, "the same person");
    apply(&mut ledger, "bob", confirm());
    apply(&mut ledger, "carol", confirm());
    let second = ledger.overrides["o-1"].confirmed.as_ref();
    assert_eq!(second.map(|second| second.by.as_str()), Some("bob"));
    apply(
        &mut ledger,
        "carol",
        Event::OverrideWithdrawn {
            id: "o-1".into(),
            cover,
        },
    );
    assert!(ledger.overrides.is_empty());
}
