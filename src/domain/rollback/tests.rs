use super::*;
use crate::domain::cell::{Cell, Sources};
use crate::domain::gate::fixture::{
    LIVE, WANTED, World, daily, deployment, hold, now, revision, sha,
};
use crate::domain::gate::{Alone, Go};
use crate::domain::hold::{Cover, Hold, HoldKind};
use crate::domain::policy::{Before, GateSpec, PipelineRule, Via};
use crate::domain::window::WindowEffect;

/// Production had 2.40.3, and 2.41.0 since an hour.
fn world() -> World {
    let mut world = World::new(vec![
        GateSpec::Pipeline(PipelineRule::default()),
        GateSpec::Path { from: Before::Next },
        GateSpec::Window,
    ]);
    world.via(Via::Deployment);
    let known = world.known();
    known
        .deployments
        .retain(|one| one.environment.as_str() != "production");
    known.deployments.extend([
        deployment(40, "production", WANTED, Phase::Succeeded, 60),
        deployment(10, "production", LIVE, Phase::Superseded, 72 * 60),
    ]);
    // What goes forward is red: going back does not ask.
    world.checks().contexts[0].phase = Phase::Failed;
    world
}

fn to(world: &World, insisted: Option<&str>) -> Result<String, String> {
    let facts = world.facts.value().expect("facts");
    let ledger = world.ledger.as_ref().expect("a ledger");
    let target = target(
        facts,
        ledger,
        world.service(),
        world.stage(),
        insisted,
        now(),
    );
    target.map(|revision| revision.to_string())
}

fn back(world: &World) -> Cell {
    let sources = Sources {
        policy: &world.policy,
        service: world.service(),
        facts: &world.facts,
        ledger: world.ledger.as_ref(),
        scope: None,
        seen: &world.seen,
        peers: &Alone,
        actor: world.actor.as_ref(),
    };
    Cell::judge_back(sources, world.stage(), &revision(LIVE, "2.40.3"), now())
}

fn names_bad(letter: char) -> Hold {
    let cover = Cover {
        service: Some("checkout".into()),
        environment: None,
        revision: Some(sha(letter)),
    };
    hold("h1", cover, None)
}

#[test]
fn p7_it_goes_back_to_what_was_live_and_verified_before() {
    let world = world();
    assert_eq!(to(&world, None).as_deref(), Ok("2.40.3"));
    assert_eq!(to(&world, Some("2.40.3")).as_deref(), Ok("2.40.3"));
    assert_eq!(
        to(&world, Some("2.39.0")).unwrap_err(),
        "2.39.0 was not live in production before"
    );
}

#[test]
fn p7_it_does_not_go_back_to_what_failed_was_left_or_is_held_as_bad() {
    let bad = world().held(names_bad(LIVE));
    assert_eq!(
        to(&bad, None).unwrap_err(),
        "nothing that was verified was live in production before: 2.40.3 is held by carol: heap \
         grows 3%/h"
    );
    assert_eq!(
        to(&bad, Some("2.40.3")).unwrap_err(),
        "2.40.3 is held by carol: heap grows 3%/h"
    );
    // An older good one is gone back to, past the bad one.
    let mut older = bad;
    let before = deployment(5, "production", 'd', Phase::Superseded, 90 * 60);
    older.known().deployments.push(before);
    assert_eq!(to(&older, None).as_deref(), Ok("ddddddd"));
    // A failed deployment never was live.
    let mut failed = world();
    for one in &mut failed.known().deployments {
        if one.id.0 == 10 {
            one.phase = Phase::Failed;
        }
    }
    assert!(to(&failed, None).is_err());
}

#[test]
fn p7_after_a_failed_promotion_it_goes_back_to_what_is_live_and_the_failed_one_is_bad() {
    let mut failed = world();
    let newer = deployment(50, "production", 'e', Phase::Failed, 1);
    failed.known().deployments.push(newer);
    let left = |world: &World, to: &Revision| {
        let facts = world.facts.value().expect("facts");
        let ledger = world.ledger.as_ref().expect("a ledger");
        let live = revision(WANTED, "2.41.0");
        let left = left(facts, ledger, world.service(), world.stage(), (&live, to));
        left.map(|revision| revision.to_string())
    };
    assert_eq!(to(&failed, None).as_deref(), Ok("2.41.0"));
    let bad = left(&failed, &revision(WANTED, "2.41.0"));
    assert_eq!(bad.as_deref(), Some("eeeeeee"), "not the good one");
    // An older one only if somebody insists, and then what is live is what is left.
    assert_eq!(to(&failed, Some("2.40.3")).as_deref(), Ok("2.40.3"));
    let bad = left(&failed, &revision(LIVE, "2.40.3"));
    assert_eq!(bad.as_deref(), Some("2.41.0"));
    // Is what is live known to be bad, it is no way back.
    let bad = failed.held(names_bad(WANTED));
    assert_eq!(to(&bad, None).as_deref(), Ok("2.40.3"));
}

#[test]
fn p7_a_promotion_that_failed_by_the_journal_alone_left_what_is_live_in_place_too() {
    use crate::domain::promotion::Step;
    let mut world = world();
    for one in &mut world.known().deployments {
        if one.environment.as_str() == "production" && one.id.0 == 40 {
            one.sha = sha('d');
        }
    }
    assert_eq!(to(&world, None).as_deref(), Ok("2.40.3"));
    let steps = [
        Step::Sending {
            owner: "here".into(),
        },
        Step::Accepted {
            handle: crate::domain::act::Handle::default(),
        },
        Step::Failed {
            why: "exit 1".to_owned(),
        },
    ];
    world.promotion("production", &steps);
    assert_eq!(to(&world, None).as_deref(), Ok("ddddddd"));
}

#[test]
fn p7_what_a_promotion_replaced_was_live_though_the_forge_shows_it_no_more() {
    use crate::domain::promotion::Step;
    let mut world = world();
    world.known().deployments.retain(|one| one.id.0 != 10);
    let why = to(&world, None).unwrap_err();
    assert_eq!(
        why,
        "nothing that was verified was live in production before"
    );
    let sending = Step::Sending {
        owner: "here".into(),
    };
    let accepted = Step::Accepted {
        handle: crate::domain::act::Handle::default(),
    };
    let mut failed = world.clone();
    let steps = [sending, accepted, Step::Succeeded];
    failed.promotion("production", &steps[..2]);
    assert!(to(&failed, None).is_err(), "it has not replaced it yet");
    world.promotion("production", &steps);
    assert_eq!(to(&world, None).as_deref(), Ok("2.40.3"));
    assert_eq!(to(&world, Some("2.40.3")).as_deref(), Ok("2.40.3"));
    assert!(to(&world, Some("2.39.0")).is_err());
    let bad = world.clone().held(names_bad(LIVE));
    assert!(to(&bad, None).is_err());
}

#[test]
fn p7_what_is_newer_than_what_is_live_is_no_way_back() {
    let mut world = world();
    let newer = deployment(50, "production", 'e', Phase::Superseded, 1);
    world.known().deployments.push(newer);
    assert_eq!(to(&world, None).as_deref(), Ok("2.40.3"));
}

#[test]
fn p7_going_back_asks_only_the_gates_that_hold_for_anything_that_moves() {
    let cell = back(&world());
    let gates: Vec<&str> = cell
        .judgement
        .verdicts
        .iter()
        .map(|verdict| verdict.gate.as_str())
        .collect();
    assert_eq!(gates, ["fresh", "window", "hold", "forge"]);
    assert_eq!(cell.judgement.go, Go::Go, "{:#?}", cell.judgement);
}

#[test]
fn h4_a_forward_hold_lets_a_rollback_through_and_a_full_hold_does_not() {
    let forward = world().held(hold("h1", Cover::default(), None));
    assert_eq!(back(&forward).judgement.go, Go::Go);
    let mut all = hold("h1", Cover::default(), None);
    all.kind = HoldKind::All;
    assert_eq!(back(&world().held(all)).judgement.go, Go::NoGo);
}

#[test]
fn h1_a_bad_revision_is_never_promoted_again_not_even_to_go_back() {
    assert_eq!(back(&world().held(names_bad(LIVE))).judgement.go, Go::NoGo);
    // The one that is left may be bad: that is why it is left.
    assert_eq!(back(&world().held(names_bad(WANTED))).judgement.go, Go::Go);
}

#[test]
fn p7_under_a_freeze_it_takes_an_override_and_a_second_person_whatever_the_policy_says() {
    use crate::domain::override_::{Bound, Confirmed, Override};
    let mut world = world();
    let (from, to) = (
        jiff::civil::time(13, 0, 0, 0),
        jiff::civil::time(20, 0, 0, 0),
    );
    world.policy.windows = vec![daily("freeze", WindowEffect::Deny, from, to, "UTC")];
    let cell = back(&world);
    assert_eq!(cell.judgement.go, Go::NoGo);
    let window = cell
        .judgement
        .verdicts
        .iter()
        .find(|verdict| verdict.gate == "window")
        .expect("a window");
    let one = Override {
        id: "o-1".into(),
        service: "checkout".into(),
        environment: "production".into(),
        revision: sha(LIVE),
        gates: vec![Bound {
            gate: "window".to_owned(),
            values: window.values(),
            said: window.why.clone(),
        }],
        reason: "pays twice".to_owned(),
        owner: "alice".into(),
        since: now(),
        until: now() + jiff::SignedDuration::from_hours(1),
        second_person: false,
        confirmed: None,
        used: None,
    };
    world.book().overrides.insert("o-1".into(), one);
    assert_eq!(back(&world).judgement.go, Go::NoGo, "alice alone");
    let one = world.book().overrides.get_mut("o-1").expect("granted");
    one.confirmed = Some(Confirmed {
        by: "bob".into(),
        at: now(),
    });
    assert_eq!(back(&world).judgement.go, Go::Go);
}

#[test]
fn p7_each_way_goes_back_as_it_can_and_says_what_to_do_where_it_cannot() {
    let says = |via: Via| {
        let mut world = world();
        world.via(via);
        let cell = back(&world);
        let mut verdicts = cell.judgement.verdicts.iter().cloned();
        let forge = verdicts
            .rfind(|verdict| verdict.gate == "forge")
            .expect("a forge gate");
        (forge.state.passes(), forge.why, forge.opens_when)
    };
    let workflow = |input: &str| Via::Workflow {
        workflow: "deploy.yml".to_owned(),
        git_ref: "main".to_owned(),
        inputs: [("what".to_owned(), input.to_owned())].into(),
    };
    assert!(says(Via::Deployment).0);
    assert!(says(workflow("{revision}")).0);
    let blind = says(workflow("{environment}"));
    assert_eq!(
        (blind.0, blind.1.as_str()),
        (
            false,
            "deploy.yml is not told which revision: it would deploy the head of main"
        )
    );
    let merge = Via::PullRequest {
        base: "production".to_owned(),
        head: "main".to_owned(),
        method: crate::domain::act::MergeMethod::Merge,
    };
    let merge = says(merge);
    assert_eq!(
        (merge.0, merge.2.as_deref()),
        (
            false,
            Some("a pull request that reverts it is merged into production")
        )
    );
    for via in [Via::Forge, Via::Release, Via::Approval { workflow: None }] {
        let (passes, _, opens_when) = says(via.clone());
        assert!(!passes && opens_when.is_some(), "{via:?}");
    }
    // On GitLab the job that brought it is run again, if it is the one that the config names.
    for (name, passes) in [("deploy", true), ("release", false)] {
        let mut world = world();
        world.policy.nth(0).kind = crate::domain::forge_kind::ForgeKind::GitLab;
        world.via(Via::Job {
            name: name.to_owned(),
        });
        for deployment in &mut world.known().deployments {
            deployment.made_by = Some(crate::domain::deployment::Maker {
                run: crate::domain::ids::RunId(7),
                job: crate::domain::ids::JobId(9),
                name: "deploy".to_owned(),
            });
        }
        assert_eq!(back(&world).judgement.go == Go::Go, passes, "{name}");
    }
    // A run that is still known is started again.
    let mut known = world();
    known.via(Via::Approval { workflow: None });
    let mut run = crate::domain::gate::fixture::run(7, LIVE, "production");
    run.waiting.clear();
    run.phase = Phase::Succeeded;
    known.known().runs.push(run);
    assert_eq!(back(&known).judgement.go, Go::Go);
}

#[test]
fn p7_what_going_back_will_mean_once_something_newer_is_live_is_known_before() {
    let next = |world: &World| {
        let facts = world.facts.value().expect("facts");
        let ledger = world.ledger.as_ref().expect("a ledger");
        let (service, stage) = (world.service(), world.stage());
        after_next(facts, ledger, service, stage, now()).map(|revision| revision.to_string())
    };
    assert_eq!(next(&world()).as_deref(), Ok("2.41.0"), "what is live now");
    let bad = world().held(names_bad(WANTED));
    assert_eq!(
        next(&bad).as_deref(),
        Ok("2.40.3"),
        "the last that is not bad"
    );
    let mut first = world();
    first
        .known()
        .deployments
        .retain(|one| one.environment.as_str() != "production");
    assert_eq!(next(&first).unwrap_err(), "nothing is live in production");
}
