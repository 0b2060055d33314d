use std::collections::BTreeMap;

use crate::domain::gate::fixture::{LIVE, WANTED, World, ago, at, deployment, fault, sha};
use crate::domain::gate::{State, parity};
use crate::domain::ids::EnvironmentName;
use crate::domain::observed::Fact;
use crate::domain::phase::Phase;
use crate::domain::policy::{GateSpec, ParityRule, ParitySource};
use crate::domain::seen::Declared;

const EACH: &str = "deploy/{environment}.toml";
const ONE: &str = "runtime.toml";

fn rule(source: ParitySource) -> ParityRule {
    ParityRule {
        with: None,
        source,
        except: Vec::new(),
    }
}

fn of_file(path: &str) -> ParityRule {
    rule(ParitySource::File(path.to_owned()))
}

fn keys(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    owned.collect()
}

fn world(rules: Vec<ParityRule>) -> World {
    World::new(vec![GateSpec::Parity(rules)])
}

/// Lets a file declare something at a revision; `None` says that it is not there.
fn declares(world: &mut World, path: &str, letter: char, pairs: Option<&[(&str, &str)]>) {
    let declared = Declared {
        url: Some(format!(
            "https://forge.test/acme/checkout/blob/{letter}/{path}"
        )),
        keys: pairs.map(keys),
    };
    let fact = Fact::observed(declared, ago(90));
    world
        .seen
        .declared
        .insert((path.to_owned(), sha(letter)), fact);
}

const JAVA_21: &[(&str, &str)] = &[("os", "debian-12"), ("runtime.java", "21")];
const JAVA_17: &[(&str, &str)] = &[("os", "debian-12"), ("runtime.java", "17")];

/// Each environment with a file of its own, which says the same everywhere.
fn level() -> World {
    let mut world = world(vec![of_file(EACH)]);
    declares(&mut world, "deploy/staging.toml", WANTED, Some(JAVA_21));
    declares(&mut world, "deploy/production.toml", WANTED, Some(JAVA_21));
    declares(&mut world, "deploy/production.toml", LIVE, Some(JAVA_21));
    world
}

fn payloads(staging: &[(&str, &str)], production: &[(&str, &str)]) -> World {
    let mut world = world(vec![rule(ParitySource::Payload)]);
    for deployment in &mut world.known().deployments {
        let declared = match deployment.environment.as_str() {
            "staging" => staging,
            _ => production,
        };
        deployment.payload = Some(keys(declared)).filter(|keys| !keys.is_empty());
    }
    world
}

fn except(mut world: World, patterns: &[&str]) -> World {
    let stage = &mut world.policy.nth(0).path[2];
    let GateSpec::Parity(mut rules) = stage.gates[0].clone() else {
        panic!("a parity gate")
    };
    rules[0].except = patterns.iter().map(|text| (*text).to_owned()).collect();
    stage.gates = [GateSpec::Parity(rules)].into();
    world
}

#[test]
fn every_verdict_explains_itself() {
    let mut differs = level();
    let declared = [
        ("os", "debian-11"),
        ("plugins", "[audit]"),
        ("replicas", "8"),
        ("runtime.java", "21"),
    ];
    declares(
        &mut differs,
        "deploy/production.toml",
        WANTED,
        Some(&declared),
    );
    declares(&mut differs, "deploy/production.toml", LIVE, Some(JAVA_17));
    let mut missing = level();
    declares(&mut missing, "deploy/production.toml", WANTED, None);
    let said = [
        level(),
        except(differs, &["replicas"]),
        payloads(JAVA_21, JAVA_17),
        missing,
        payloads(&[], JAVA_17),
        World {
            candidate: None,
            ..level()
        },
    ];
    let said: Vec<String> = said.iter().map(|world| world.explained("parity")).collect();
    insta::assert_snapshot!(said.join("\n\n"));
}

#[test]
fn each_difference_is_listed_with_both_values() {
    let mut world = level();
    let declared = [("os", "debian-11"), ("plugins.audit", "2.1")];
    declares(
        &mut world,
        "deploy/production.toml",
        WANTED,
        Some(&declared),
    );
    let verdict = world.verdict("parity");
    assert_eq!(verdict.state, State::Closed);
    let listed: Vec<(&str, &str)> = verdict
        .evidence
        .iter()
        .skip(2)
        .map(|it| (it.what.as_str(), it.value.as_str()))
        .collect();
    assert_eq!(
        listed,
        [
            ("os", "debian-12 in staging, debian-11 in production"),
            ("plugins.audit", "nothing in staging, 2.1 in production"),
            ("runtime.java", "21 in staging, nothing in production"),
        ]
    );
}

#[test]
fn what_the_candidate_declares_for_the_target_counts_and_what_it_mends_is_told() {
    let mut mends = level();
    declares(&mut mends, "deploy/production.toml", LIVE, Some(JAVA_17));
    let verdict = mends.verdict("parity");
    assert_eq!(verdict.state, State::Open);
    assert!(
        verdict
            .evidence
            .iter()
            .any(|it| it.what == "mended by 2.41.0" && it.value == "runtime.java")
    );
    let mut breaks = level();
    declares(&mut breaks, "deploy/production.toml", WANTED, Some(JAVA_17));
    assert_eq!(breaks.verdict("parity").state, State::Closed);
    // What it mends is only evidence: not having it read stops nothing.
    let mut unread = level();
    let live = ("deploy/production.toml".to_owned(), sha(LIVE));
    unread.seen.declared.remove(&live);
    assert_eq!(unread.verdict("parity").state, State::Open);
}

#[test]
fn one_file_for_all_is_read_at_each_deployed_revision() {
    let mut world = world(vec![of_file(ONE)]);
    declares(&mut world, ONE, WANTED, Some(JAVA_21));
    declares(&mut world, ONE, LIVE, Some(JAVA_17));
    assert_eq!(
        world.says("parity"),
        (
            State::Closed,
            "production differs from staging: runtime.java (21 in staging, 17 in production)"
                .into()
        )
    );
    declares(&mut world, ONE, LIVE, Some(JAVA_21));
    assert_eq!(world.verdict("parity").state, State::Open);
}

#[test]
fn an_exception_may_differ_and_nothing_else() {
    let mut world = level();
    let declared = [
        ("os", "debian-12"),
        ("runtime.java", "21"),
        ("hosts.eu", "9"),
    ];
    declares(
        &mut world,
        "deploy/production.toml",
        WANTED,
        Some(&declared),
    );
    assert_eq!(world.verdict("parity").state, State::Closed);
    let verdict = except(world.clone(), &["hosts.*"]).verdict("parity");
    assert_eq!(verdict.state, State::Open);
    assert!(
        verdict
            .evidence
            .iter()
            .any(|it| it.what == "differ by exception" && it.value == "hosts.eu")
    );
    assert_eq!(
        except(world, &["hosts"]).verdict("parity").state,
        State::Closed
    );
}

#[test]
fn a_file_that_is_missing_unread_or_unreadable_is_unknown() {
    let mut missing = level();
    declares(&mut missing, "deploy/staging.toml", WANTED, None);
    let verdict = missing.verdict("parity");
    assert_eq!(verdict.state, State::Unknown);
    assert_eq!(verdict.why, "there is no deploy/staging.toml at 2.41.0");
    assert_eq!(
        verdict.who.as_deref(),
        Some("a maintainer of acme/checkout")
    );
    let mut both = missing.clone();
    declares(&mut both, "deploy/production.toml", WANTED, None);
    assert_eq!(both.verdict("parity").state, State::Unknown);
    let mut unread = level();
    unread.seen.declared.clear();
    assert_eq!(
        unread.says("parity"),
        (
            State::Unknown,
            "deploy/staging.toml at 2.41.0 has not been read yet".into()
        )
    );
    let failed = Fact {
        last: None,
        fault: Some(fault()),
    };
    let file = ("deploy/staging.toml".to_owned(), sha(WANTED));
    unread.seen.declared.insert(file, failed);
    assert_eq!(
        unread.says("parity"),
        (
            State::Unknown,
            "deploy/staging.toml at 2.41.0 could not be read: no answer in 10s".into()
        )
    );
}

#[test]
fn declaring_nothing_is_not_agreeing() {
    let mut empty = level();
    declares(&mut empty, "deploy/staging.toml", WANTED, Some(&[]));
    declares(&mut empty, "deploy/production.toml", WANTED, Some(&[]));
    assert_eq!(empty.verdict("parity").state, State::Unknown);
    let all = except(level(), &["os", "runtime.*"]);
    assert_eq!(all.verdict("parity").state, State::Unknown);
}

#[test]
fn the_payload_of_the_live_deployment_declares() {
    assert_eq!(
        payloads(JAVA_21, JAVA_21).verdict("parity").state,
        State::Open
    );
    let mut failed = payloads(JAVA_21, JAVA_21);
    let mut newer = deployment(40, "production", WANTED, Phase::Failed, 5);
    newer.payload = Some(keys(JAVA_17));
    failed.known().deployments.push(newer);
    assert_eq!(failed.verdict("parity").state, State::Open);
    let none = payloads(JAVA_21, &[]).verdict("parity");
    assert_eq!(none.state, State::Unknown);
    assert_eq!(
        none.who.as_deref(),
        Some("bob, who deployed 2.40.3 to production")
    );
}

#[test]
fn without_anything_live_on_either_side_it_is_unknown() {
    for environment in ["staging", "production"] {
        let mut world = payloads(JAVA_21, JAVA_21);
        world
            .known()
            .deployments
            .retain(|it| it.environment.as_str() != environment);
        assert_eq!(
            world.says("parity"),
            (
                State::Unknown,
                format!("nothing is known to be live in {environment}")
            )
        );
    }
}

#[test]
fn the_environment_to_compare_with_may_be_named() {
    let mut world = level();
    world.policy.nth(0).path[2].gates = vec![GateSpec::Parity(vec![ParityRule {
        with: Some("dev".into()),
        ..of_file(EACH)
    }])]
    .into();
    world
        .known()
        .deployments
        .push(deployment(5, "dev", LIVE, Phase::Succeeded, 500));
    declares(&mut world, "deploy/dev.toml", LIVE, Some(JAVA_17));
    assert_eq!(
        world.says("parity"),
        (
            State::Closed,
            "production differs from dev: runtime.java (17 in dev, 21 in production)".into()
        )
    );
}

#[test]
fn an_environment_is_not_compared_with_itself_or_with_none() {
    let itself = world(vec![ParityRule {
        with: Some("production".into()),
        ..of_file(EACH)
    }]);
    assert_eq!(
        itself.says("parity"),
        (
            State::Open,
            "production is what others are compared with".into()
        )
    );
    let mut first = itself;
    first.environment = EnvironmentName::from("dev");
    first.policy.nth(0).path[0].gates = vec![GateSpec::Parity(vec![of_file(EACH)])].into();
    assert_eq!(
        first.says("parity"),
        (State::Open, "the first environment of the path".into())
    );
}

#[test]
fn of_several_comparisons_the_hardest_decides() {
    let mut world = payloads(JAVA_21, JAVA_17);
    world.policy.nth(0).path[2].gates = vec![GateSpec::Parity(vec![
        rule(ParitySource::Payload),
        of_file(EACH),
    ])]
    .into();
    assert_eq!(world.verdict("parity").state, State::Closed);
    let stage = &mut world.policy.nth(0).path[2];
    let GateSpec::Parity(mut rules) = stage.gates[0].clone() else {
        panic!("a parity gate")
    };
    rules[0].except = vec!["runtime.java".to_owned()];
    stage.gates = [GateSpec::Parity(rules)].into();
    assert_eq!(world.verdict("parity").state, State::Unknown);
}

#[test]
fn the_files_to_read_are_those_that_are_judged() {
    let world = level();
    let files = |world: &World| {
        let facts = world.facts.value().unwrap();
        let files = parity::files(
            world.service(),
            world.stage(),
            facts,
            world.candidate.as_ref(),
        );
        let named = files
            .into_iter()
            .map(|(path, sha)| format!("{path}@{}", &sha.short()[..1]));
        named.collect::<Vec<_>>()
    };
    assert_eq!(
        files(&world),
        [
            "deploy/production.toml@a",
            "deploy/production.toml@b",
            "deploy/staging.toml@b"
        ]
    );
    let one = World {
        policy: self::world(vec![of_file(ONE)]).policy,
        ..world.clone()
    };
    assert_eq!(files(&one), ["runtime.toml@a", "runtime.toml@b"]);
    assert!(files(&payloads(JAVA_21, JAVA_17)).is_empty());
    let nothing = World {
        candidate: None,
        ..world
    };
    assert!(files(&nothing).is_empty());
}

#[test]
fn a_file_read_long_ago_still_counts_while_the_facts_are_fresh() {
    let mut world = level();
    for fact in world.seen.declared.values_mut() {
        fact.last.as_mut().unwrap().at = at("2026-01-01T00:00:00Z");
    }
    let verdict = world.verdict("parity");
    assert_eq!(verdict.state, State::Open);
    assert_eq!(verdict.valid_until, world.case().valid_until());
}
