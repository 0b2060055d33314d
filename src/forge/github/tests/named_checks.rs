//! Checks by name, from the simulated GitHub to what the `pipeline` gate says of them.

use super::simulated::{as_token, evening, services};
use super::*;
use crate::domain::deployment::live;
use crate::domain::gate::State;
use crate::domain::gate::fixture;
use crate::domain::observed::Fact;
use crate::domain::phase::Phase;
use crate::domain::policy::{GateSpec, PipelineRule};
use crate::domain::revision::Revision;
use crate::sim::{EVENING, Options, World, start};

/// What the evening's own config ignores.
const IGNORED: [&str; 8] = [
    "deploy dev",
    "deploy staging",
    "deploy production",
    "deploy",
    "smoke",
    "package",
    "bundle",
    "hold/production",
];

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn ignoring() -> PipelineRule {
    PipelineRule {
        ignored: names(&IGNORED),
        ..PipelineRule::default()
    }
}

fn target(name: &str) -> Target {
    let mut services = services().into_iter();
    let found = services.find(|target| target.service.as_str() == name);
    Target {
        named_checks: true,
        ..found.unwrap()
    }
}

async fn read(github: &GitHub, target: Target) -> ServiceFacts {
    github.board(&[target]).await.answers.remove(0).1.unwrap()
}

fn live_in(facts: &ServiceFacts, environment: &str) -> Sha {
    live(&facts.deployments, &environment.into())
        .unwrap()
        .sha
        .clone()
}

/// Reads a service once more with the checks of what runs in staging, which may go to production.
async fn with_candidate(github: &GitHub, name: &str) -> (ServiceFacts, Sha) {
    let facts = read(github, target(name)).await;
    let candidate = live_in(&facts, "staging");
    let target = Target {
        revisions: vec![candidate.clone()],
        ..target(name)
    };
    (read(github, target).await, candidate)
}

/// What the `pipeline` gate of production says.
fn says(
    rule: PipelineRule,
    facts: &ServiceFacts,
    candidate: &Sha,
    scope: Option<Scope>,
) -> (State, String) {
    let mut world = fixture::World::new(vec![GateSpec::Pipeline(rule)]);
    *world.known() = facts.clone();
    world.live = Some(Revision::new(live_in(facts, "production")));
    world.candidate = Some(Revision::new(candidate.clone()));
    world.scope = scope.map(|scope| Fact::observed(scope, fixture::now()));
    world.says("pipeline")
}

#[tokio::test]
async fn a_red_status_that_policy_ignores_does_not_close_the_gate() {
    let sim = evening().await;
    let github = as_token(&sim, "operate");
    let (facts, candidate) = with_candidate(&github, "sessions").await;
    assert_eq!(facts.gaps, Vec::<String>::new());
    let checks = &facts.checks[&candidate];
    assert_eq!(checks.contexts.len(), checks.total as usize);
    let hold = checks
        .contexts
        .iter()
        .find(|check| check.name == "hold/production")
        .unwrap();
    assert_eq!(hold.phase, Phase::Failed);
    let (state, why) = says(ignoring(), &facts, &candidate, None);
    assert_eq!(state, State::Open, "{why}");
    // Without such a policy it counts: the journal does not know it as a hold's own.
    let (state, why) = says(PipelineRule::default(), &facts, &candidate, None);
    assert_eq!(
        (state, why.as_str()),
        (
            State::Closed,
            "hold/production is red: somebody holds it, and not in this journal"
        )
    );
}

#[tokio::test]
async fn a_required_check_that_the_forge_does_not_have_opens_nothing() {
    let sim = evening().await;
    let github = as_token(&sim, "operate");
    let (facts, candidate) = with_candidate(&github, "api-gateway").await;
    let requiring = |name: &str| PipelineRule {
        required: names(&[name]),
        ..ignoring()
    };
    let there = facts.checks[&candidate]
        .contexts
        .iter()
        .find(|check| !IGNORED.contains(&check.name.as_str()))
        .unwrap();
    let (state, why) = says(requiring(&there.name), &facts, &candidate, None);
    assert_eq!(state, State::Open, "{why}");
    assert_eq!(
        says(requiring("pen test"), &facts, &candidate, None),
        (State::Unknown, "no sign of pen test".to_owned())
    );
}

#[tokio::test]
async fn a_blocking_check_that_is_red_on_an_older_commit_closes_the_gate() {
    // The mended version has landed on top of the one whose end-to-end tests failed.
    let before = r#"{ at = "+12m", do = "merge""#;
    assert!(EVENING.contains(before));
    let world = EVENING.replace(before, r#"{ at = "-11m", do = "merge""#);
    let world = World::from_toml(&world).unwrap();
    let sim = start(world, Options::default()).await.unwrap();
    let github = as_token(&sim, "operate");
    let facts = read(&github, target("ledger")).await;
    let head = facts.head.as_ref().unwrap().sha.clone();
    let production = live_in(&facts, "production");
    let rule = PipelineRule {
        blocking: names(&["e2e"]),
        ..ignoring()
    };
    let scope = |named| github.scope(&facts.repo, &production, &head, named);
    let scoped = scope(true).await.unwrap();
    assert!(scoped.complete, "{scoped:?}");
    let red: Vec<&Sha> = scoped
        .commits
        .iter()
        .filter(|commit| {
            let checks = commit.checks.as_ref().unwrap();
            let mut e2e = checks.contexts.iter().filter(|check| check.name == "e2e");
            e2e.any(|check| check.phase == Phase::Failed)
        })
        .map(|commit| &commit.sha)
        .collect();
    let [red] = red.as_slice() else {
        panic!("{red:?}")
    };
    assert_ne!(**red, head, "an older one");
    let (state, why) = says(rule.clone(), &facts, &head, Some(scoped.clone()));
    assert_eq!(state, State::Closed);
    assert!(
        why.starts_with(&format!("e2e is red on {}", red.short())),
        "{why}"
    );
    // Once the checks of that commit are not known, nobody can say that none is red.
    let unread = scope(false).await.unwrap();
    assert!(unread.commits.iter().all(|commit| commit.checks.is_none()));
    let (state, _) = says(rule, &facts, &head, Some(unread));
    assert_eq!(state, State::Unknown);
}

#[tokio::test]
async fn a_token_that_may_not_read_checks_leaves_named_rules_unknown() {
    let sim = evening().await;
    let github = as_token(&sim, "narrow");
    let (facts, candidate) = with_candidate(&github, "sessions").await;
    assert!(facts.gaps.iter().any(|gap| gap.starts_with("checks:")));
    assert!(facts.checks[&candidate].contexts.is_empty());
    assert_eq!(
        says(ignoring(), &facts, &candidate, None),
        (
            State::Unknown,
            "the sum of the checks is failed, and the forge does not name which, so whether they count"
                .to_owned()
        )
    );
    // A scope asked first of all finds it out by itself, and keeps its pull requests.
    let production = live_in(&facts, "production");
    let scope = as_token(&sim, "narrow")
        .scope(&facts.repo, &production, &candidate, true)
        .await
        .unwrap();
    assert!(scope.complete, "{scope:?}");
    let rule = PipelineRule {
        blocking: names(&["e2e"]),
        ..PipelineRule::default()
    };
    let checks = scope.commits[0].checks.as_ref().unwrap();
    assert_eq!(
        (checks.phase.clone(), checks.contexts.len()),
        (Some(Phase::Failed), 0)
    );
    let (state, _) = says(rule, &facts, &candidate, Some(scope));
    assert_eq!(
        state,
        State::Closed,
        "the sum is red, and nothing is ignored"
    );
}

#[tokio::test]
async fn only_the_services_whose_rules_name_checks_pay_for_names() {
    let sim = evening().await;
    let github = as_token(&sim, "operate");
    let plain = Target {
        named_checks: false,
        ..target("checkout")
    };
    let batch = github.board(&[plain, target("billing")]).await;
    let named: Vec<bool> = batch
        .answers
        .into_iter()
        .map(|(_, answer)| {
            let facts = answer.unwrap();
            let head = facts.head.unwrap().sha;
            !facts.checks[&head].contexts.is_empty()
        })
        .collect();
    assert_eq!(named, [false, true]);
}
