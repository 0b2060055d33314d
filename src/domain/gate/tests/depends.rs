use std::collections::BTreeMap;

use super::golden::explained;
use crate::domain::board::{Basis, Board};
use crate::domain::deployment::Deployment;
use crate::domain::facts::ServiceFacts;
use crate::domain::few::Few;
use crate::domain::gate::fixture::{LIVE, WANTED, World, ago, deployment, fault, later, now, sha};
use crate::domain::gate::{Case, Peer, Peers, State, Verdict, depends};
use crate::domain::ids::{Digest, ServiceName, Sha};
use crate::domain::ledger::Ledger;
use crate::domain::observed::Fact;
use crate::domain::phase::Phase;
use crate::domain::policy::{Dependency, GateSpec, Service};
use crate::domain::release::Release;
use crate::domain::scope::{Relation, Scope};

/// The other services of a test's board.
#[derive(Clone, Debug, Default)]
struct Others(BTreeMap<ServiceName, Other>);

#[derive(Clone, Debug)]
struct Other {
    service: Service,
    facts: Fact<ServiceFacts>,
    scopes: Few<(Sha, Sha), Fact<Scope>>,
}

impl Peers for Others {
    fn peer(&self, service: &ServiceName) -> Option<Peer<'_>> {
        let other = self.0.get(service)?;
        Some(Peer {
            service: &other.service,
            facts: &other.facts,
            scopes: &other.scopes,
        })
    }

    fn bound(&self, _: &Release, _: &Ledger) -> Result<(Digest, String), String> {
        Err("no release is judged here".to_owned())
    }
}

/// `checkout` depends on services that look as itself does: 2.40.3 in production, 2.41.0 in staging.
fn scene(depends: &[(&str, Option<&str>)]) -> (World, Others) {
    let mut world = World::new(vec![GateSpec::Depends]);
    let mut others = Others::default();
    for (name, at_least) in depends {
        world.policy.nth(0).depends.push(Dependency {
            service: (*name).into(),
            at_least: at_least.map(str::to_owned),
        });
        let other = Other {
            service: Service {
                name: (*name).into(),
                ..World::new(Vec::new()).service().clone()
            },
            facts: world.facts.clone(),
            scopes: Few::new(),
        };
        others.0.insert((*name).into(), other);
    }
    (world, others)
}

fn judged((world, others): &(World, Others)) -> Verdict {
    let case = Case {
        peers: others,
        ..world.case()
    };
    depends::judge(&case, now())
}

fn one(at_least: Option<&str>) -> (World, Others) {
    scene(&[("payments", at_least)])
}

fn payments(scene: &mut (World, Others)) -> &mut Other {
    scene.1.0.get_mut("payments").unwrap()
}

fn deploys(scene: &mut (World, Others), deployment: Deployment) {
    let facts = payments(scene).facts.last.as_mut().unwrap();
    facts.value.deployments.push(deployment);
}

fn says(scene: &(World, Others)) -> (State, String) {
    let verdict = judged(scene);
    (verdict.state, verdict.why)
}

#[test]
fn every_verdict_explains_itself() {
    let open = scene(&[("payments", Some("v2.40")), ("geo", None)]);
    let closed = scene(&[("payments", Some("v2.41.0")), ("geo", Some("3"))]);
    let mut arriving = one(Some("2.41"));
    let running = deployment(50, "production", WANTED, Phase::Running, 1);
    deploys(&mut arriving, running);
    let mut leaving = one(Some("2.40"));
    let running = deployment(50, "production", 'f', Phase::Running, 1);
    deploys(&mut leaving, running);
    let mut stale = one(None);
    let last = payments(&mut stale).facts.last.as_mut().unwrap();
    last.at = ago(5);
    let mut unread = one(None);
    payments(&mut unread).facts = Fact {
        last: None,
        fault: Some(fault()),
    };
    let mut elsewhere = one(Some("9"));
    payments(&mut elsewhere).service.path.pop();
    let mut riddle = one(Some("abcdef0"));
    riddle.0.policy.nth(0).depends.push(Dependency {
        service: "gone".into(),
        at_least: None,
    });
    let nothing = (World::new(vec![GateSpec::Depends]), Others::default());
    let verdicts = [
        &open, &closed, &arriving, &leaving, &stale, &unread, &elsewhere, &riddle, &nothing,
    ];
    insta::assert_snapshot!(explained(&verdicts.map(judged)));
}

#[test]
fn at_least_by_version_compares_numbers() {
    for (wanted, state) in [
        ("v2.40.3", State::Open),
        ("2.40.2", State::Open),
        ("payments-2.9.9", State::Open),
        ("2.40.3-rc.1", State::Open),
        ("2.40.10", State::Closed),
        ("2.41.0-rc.1", State::Closed),
        ("3", State::Closed),
    ] {
        assert_eq!(judged(&one(Some(wanted))).state, state, "{wanted}");
    }
}

#[test]
fn a_revision_without_a_version_cannot_be_compared_with_one() {
    let mut scene = one(Some("2.0"));
    let facts = payments(&mut scene).facts.last.as_mut().unwrap();
    facts.value.releases.clear();
    assert_eq!(
        says(&scene),
        (
            State::Unknown,
            "nobody can say whether aaaaaaa of payments has 2.0".into()
        )
    );
}

#[test]
fn at_least_by_commit_is_the_commit_itself_or_what_came_after_it() {
    assert_eq!(judged(&one(Some("aaaaaaa"))).state, State::Open);
    let mut scene = one(Some("ccccccc"));
    // Deployed before what is live.
    deploys(
        &mut scene,
        deployment(5, "production", 'c', Phase::Superseded, 100 * 60),
    );
    assert_eq!(judged(&scene).state, State::Open);
}

#[test]
fn going_back_behind_the_commit_is_no_progress() {
    let mut scene = one(Some("ccccccc"));
    for (id, letter, hours) in [(3, LIVE, 120), (5, 'c', 100)] {
        deploys(
            &mut scene,
            deployment(id, "production", letter, Phase::Superseded, hours * 60),
        );
    }
    assert_eq!(
        says(&scene),
        (
            State::Closed,
            "payments is at 2.40.3, not yet ccccccc".into()
        )
    );
}

#[test]
fn a_deployment_that_failed_is_no_history() {
    let mut scene = one(Some("ccccccc"));
    deploys(
        &mut scene,
        deployment(5, "production", 'c', Phase::Failed, 100 * 60),
    );
    assert_eq!(judged(&scene).state, State::Unknown);
}

#[test]
fn a_scope_that_was_read_tells_which_of_two_commits_has_the_other() {
    for (base, head, relation, state) in [
        ('c', LIVE, Relation::Ahead, State::Open),
        (LIVE, 'c', Relation::Ahead, State::Closed),
        (LIVE, 'c', Relation::Behind, State::Open),
        ('c', LIVE, Relation::Behind, State::Closed),
        ('c', LIVE, Relation::Diverged, State::Unknown),
    ] {
        let mut scene = one(Some("ccccccc"));
        let scope = Scope {
            base: sha(base),
            head: sha(head),
            relation: relation.clone(),
            commits: Vec::new(),
            ..crate::domain::gate::fixture::scope()
        };
        let ends = (sha(base), sha(head));
        payments(&mut scene)
            .scopes
            .insert(ends, Fact::observed(scope, ago(1)));
        assert_eq!(judged(&scene).state, state, "{base} {head} {relation:?}");
    }
}

#[test]
fn a_commit_inside_a_scope_is_not_there_yet() {
    // From 2.40.3 to 2.41.0 lies the commit d.
    let mut scene = one(Some("ddddddd"));
    let ends = (sha(LIVE), sha(WANTED));
    let scope = Fact::observed(crate::domain::gate::fixture::scope(), ago(1));
    payments(&mut scene).scopes.insert(ends, scope);
    assert_eq!(judged(&scene).state, State::Closed);
}

#[test]
fn facts_of_the_other_service_run_out_too() {
    let scene = one(None);
    let verdict = judged(&scene);
    let until = scene.0.case().valid_until();
    assert_eq!((verdict.state, verdict.valid_until), (State::Open, until));
    let case = Case {
        peers: &scene.1,
        ..scene.0.case()
    };
    assert_eq!(depends::judge(&case, later(1)).state, State::Unknown);
}

#[test]
fn it_waits_while_the_other_service_moves() {
    let moving = |wanted, letter| {
        let mut scene = one(Some(wanted));
        let running = deployment(50, "production", letter, Phase::Running, 1);
        deploys(&mut scene, running);
        judged(&scene).state
    };
    assert_eq!(moving("2.41", WANTED), State::Waiting);
    assert_eq!(moving("2.40", WANTED), State::Open);
    assert_eq!(moving("2.40", 'f'), State::Waiting);
    assert_eq!(moving("3.0", WANTED), State::Closed);
}

#[test]
fn a_promotion_of_ours_counts_before_the_forge_shows_it() {
    let mut scene = one(Some("2.40"));
    // The journal's promotion of checkout, as if it were of payments.
    scene.0.promotion("production", &[]);
    let ledger = scene.0.book();
    for promotion in ledger.promotions.values_mut() {
        promotion.intent.service = "payments".into();
        promotion.intent.to.sha = sha('f');
        promotion.intent.to.version = None;
    }
    assert_eq!(
        says(&scene),
        (
            State::Waiting,
            "payments is leaving 2.40.3: fffffff is on its way".into()
        )
    );
}

#[test]
fn a_service_without_the_environment_is_not_judged_there() {
    let mut scene = one(Some("9.9"));
    payments(&mut scene).service.path.pop();
    let (state, why) = says(&scene);
    assert_eq!(state, State::Open);
    assert!(why.contains("not judged there"), "{why}");
}

#[test]
fn the_hardest_of_several_decides() {
    let (world, mut others) = scene(&[("payments", Some("2.40")), ("geo", Some("9"))]);
    let verdict = judged(&(world.clone(), others.clone()));
    assert_eq!(verdict.state, State::Closed);
    assert_eq!(verdict.why, "geo is at 2.40.3, not yet 9");
    assert_eq!(
        verdict.who.as_deref(),
        Some("whoever may promote geo into production")
    );
    others.0.get_mut("payments").unwrap().facts = Fact::default();
    assert_eq!(judged(&(world, others)).state, State::Closed);
}

#[test]
fn a_board_judges_dependents_again_when_the_other_service_changes() {
    let (mut world, others) = one(Some("2.41"));
    world
        .policy
        .services
        .push(others.0["payments"].service.clone().into());
    let basis = Basis {
        policy: &world.policy,
        ledger: world.ledger.as_ref(),
        actor: world.actor.as_ref(),
        now: now(),
    };
    let mut board = Board::new(basis, Board::default());
    let facts = world.facts.value().unwrap().clone();
    board.merge(&"checkout".into(), Ok(facts.clone()), ago(0), basis);
    let state = |board: &Board| {
        let cell = board
            .cell(&"checkout".into(), &"production".into())
            .unwrap();
        let verdicts = &cell.judgement.verdicts;
        verdicts
            .iter()
            .find(|one| one.gate == "depends")
            .unwrap()
            .state
    };
    assert_eq!(state(&board), State::Unknown);
    board.merge(&"payments".into(), Ok(facts.clone()), ago(0), basis);
    assert_eq!(state(&board), State::Closed);
    let mut facts = facts;
    facts
        .deployments
        .push(deployment(50, "production", WANTED, Phase::Succeeded, 0));
    board.merge(&"payments".into(), Ok(facts), now(), basis);
    assert_eq!(state(&board), State::Open);
}
