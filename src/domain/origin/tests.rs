use jiff::SignedDuration;

use super::*;
use crate::domain::act::{Act, Handle};
use crate::domain::gate::fixture::{WANTED, World, ago, deployment, now};
use crate::domain::ids::RunId;
use crate::domain::promotion::Step;

/// A world in which somebody deployed 2.41.0 to production five minutes ago.
fn world() -> (World, Deployment) {
    let mut world = World::new(Vec::new());
    world.book().began = Some(ago(60));
    let mut deployed = deployment(40, "production", WANTED, Phase::Succeeded, 5);
    deployed.created_at = ago(6);
    world.known().deployments.insert(0, deployed.clone());
    (world, deployed)
}

fn origin(world: &World, deployment: &Deployment) -> Origin {
    let ledger = world.ledger.as_ref().expect("a ledger");
    of(ledger, &"checkout".into(), world.stage(), deployment, now())
}

fn sent() -> Step {
    Step::Sending {
        owner: "here".into(),
    }
}

fn accepted() -> Step {
    Step::Accepted {
        handle: Handle::default(),
    }
}

#[test]
fn p8_what_no_entry_tells_of_is_out_of_band() {
    let (world, deployed) = world();
    assert_eq!(origin(&world, &deployed), Origin::OutOfBand);
    let ledger = world.ledger.as_ref().expect("a ledger");
    let deployments = &world.facts.value().expect("facts").deployments;
    let found = out_of_band(
        ledger,
        &"checkout".into(),
        world.stage(),
        deployments,
        now(),
    );
    assert_eq!(found.map(|found| found.id), Some(deployed.id));
}

#[test]
fn p8_what_was_there_before_the_journal_is_history() {
    let (mut world, deployed) = world();
    world.book().began = Some(ago(1));
    assert_eq!(origin(&world, &deployed), Origin::History);
    world.book().began = None;
    assert_eq!(origin(&world, &deployed), Origin::History);
}

#[test]
fn p8_where_the_forge_deploys_by_itself_nothing_is_out_of_band() {
    let (mut world, deployed) = world();
    world.via(Via::Forge);
    assert_eq!(origin(&world, &deployed), Origin::Automatic);
}

#[test]
fn p8_ours_is_known_by_its_key_by_its_id_and_by_revision_and_time() {
    // `promotion` dates its entries two minutes ago.
    let ours = Origin::Ours(Some("intent-production".into()));
    let (mut world, mut deployed) = world();
    world.promotion("production", &[sent(), accepted(), Step::Succeeded]);
    deployed.changed_at = ago(1);
    deployed.created_at = ago(2);
    assert_eq!(origin(&world, &deployed), ours);
    // Another's key says that it is not ours, whatever the time.
    deployed.key = Some("gng-other".into());
    assert_eq!(origin(&world, &deployed), Origin::OutOfBand);
    deployed.key = Some("intent-production".into());
    deployed.sha = crate::domain::gate::fixture::sha('f');
    assert_eq!(origin(&world, &deployed), ours);
    let (mut world, mut deployed) = super::tests::world();
    let handle = Handle {
        deployment: Some(deployed.id),
        ..Handle::default()
    };
    world.promotion(
        "production",
        &[sent(), Step::Accepted { handle }, Step::Succeeded],
    );
    deployed.sha = crate::domain::gate::fixture::sha('f');
    assert_eq!(origin(&world, &deployed), ours);
}

#[test]
fn p8_deploying_our_revision_again_by_another_way_is_out_of_band() {
    let (mut world, mut deployed) = world();
    world.promotion("production", &[sent(), accepted(), Step::Succeeded]);
    deployed.created_at = now() + SignedDuration::from_hours(1);
    deployed.changed_at = now() + SignedDuration::from_hours(1);
    let ledger = world.ledger.as_ref().expect("a ledger");
    let later = now() + SignedDuration::from_hours(2);
    let found = of(ledger, &"checkout".into(), world.stage(), &deployed, later);
    assert_eq!(found, Origin::OutOfBand);
}

#[test]
fn p8_nothing_is_said_while_something_of_ours_is_under_way_or_it_is_too_new() {
    let (mut world, mut deployed) = world();
    deployed.sha = crate::domain::gate::fixture::sha('f');
    world.promotion("production", &[sent()]);
    assert_eq!(origin(&world, &deployed), Origin::Undecided);
    let (world, mut deployed) = super::tests::world();
    deployed.changed_at = now() - SignedDuration::from_secs(3);
    assert_eq!(origin(&world, &deployed), Origin::Undecided);
    deployed.phase = Phase::Gated;
    deployed.changed_at = ago(5);
    assert_eq!(
        origin(&world, &deployed),
        Origin::Undecided,
        "it waits at the door"
    );
}

#[test]
fn p8_what_was_rejected_or_never_sent_made_nothing() {
    let steps = [
        vec![Step::Abandoned { why: "held".into() }],
        vec![sent(), Step::Rejected { why: "422".into() }],
    ];
    for steps in steps {
        let (mut world, mut deployed) = world();
        deployed.changed_at = ago(1);
        world.promotion("production", &steps);
        assert_eq!(origin(&world, &deployed), Origin::OutOfBand, "{steps:?}");
    }
}

#[test]
fn p8_what_one_of_us_rejected_or_stopped_is_ours_as_long_as_it_never_came_in() {
    // A hold may turn away what waits.
    for purpose in [Purpose::Rejection, Purpose::Cancellation, Purpose::Brake] {
        let (mut world, mut deployed) = world();
        world.promotion("production", &[sent(), accepted(), Step::Succeeded]);
        let ledger = world.book();
        for promotion in ledger.promotions.values_mut() {
            promotion.intent.purpose = purpose;
            promotion.intent.act = Act::Reject {
                run: RunId(8812),
                environments: Vec::new(),
                comment: String::new(),
            };
        }
        deployed.changed_at = ago(1);
        assert_eq!(origin(&world, &deployed), Origin::OutOfBand, "it came in");
        let ours = Origin::Ours(Some("intent-production".into()));
        deployed.phase = Phase::Failed;
        assert_eq!(origin(&world, &deployed), ours);
        deployed.changed_at = ago(30);
        assert_eq!(origin(&world, &deployed), Origin::OutOfBand, "before");
    }
}

#[test]
fn p8_a_job_that_was_run_again_makes_its_own_deployment_and_no_other() {
    let (mut world, mut deployed) = world();
    let maker = |job| crate::domain::deployment::Maker {
        run: RunId(7),
        job: crate::domain::ids::JobId(job),
        name: "deploy".to_owned(),
    };
    let handle = Handle {
        run: Some(RunId(7)),
        job: Some(crate::domain::ids::JobId(12)),
        ..Handle::default()
    };
    world.promotion(
        "production",
        &[sent(), Step::Accepted { handle }, Step::Succeeded],
    );
    deployed.changed_at = ago(1);
    deployed.created_at = ago(2);
    deployed.made_by = Some(maker(12));
    let ours = Origin::Ours(Some("intent-production".into()));
    assert_eq!(origin(&world, &deployed), ours);
    // The one from before, of the same revision and hardly older.
    deployed.made_by = Some(maker(9));
    assert_eq!(origin(&world, &deployed), Origin::OutOfBand);
}

#[test]
fn p8_what_a_run_deploys_that_was_run_again_for_another_cell_is_ours() {
    let (mut world, mut deployed) = world();
    world.promotion("staging", &[sent(), accepted(), Step::Succeeded]);
    deployed.changed_at = ago(1);
    deployed.created_at = ago(2);
    assert_eq!(
        origin(&world, &deployed),
        Origin::OutOfBand,
        "a promotion brings its revision nowhere else"
    );
    let id = "intent-staging".into();
    let known = world.book().promotions.get_mut(&id).expect("a promotion");
    known.intent.purpose = Purpose::Rerun;
    assert_eq!(origin(&world, &deployed), Origin::Ours(Some(id)));
    deployed.sha = crate::domain::gate::fixture::sha('f');
    assert_eq!(
        origin(&world, &deployed),
        Origin::OutOfBand,
        "another revision"
    );
}
