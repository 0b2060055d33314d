//! What a cell shows: its state, what may go into it, and what the operator's digest binds.

use super::*;
use crate::domain::act::Handle;
use crate::domain::gate::fixture::{
    HEAD, LIVE, WANTED, World, ago, deployment, hold, later, now, revision, run, sha,
};
use crate::domain::gate::{Alone, Earliest};
use crate::domain::hold::Cover;
use crate::domain::policy::{Before, GateSpec};
use crate::domain::promotion::Step;

fn sources(world: &World) -> Sources<'_> {
    Sources {
        policy: &world.policy,
        service: world.service(),
        facts: &world.facts,
        ledger: world.ledger.as_ref(),
        scope: world.scope.as_ref(),
        seen: &world.seen,
        peers: &Alone,
        actor: world.actor.as_ref(),
    }
}

fn cell(world: &World) -> Cell {
    Cell::judge(sources(world), world.stage(), now())
}

fn state(world: &World) -> CellState {
    cell(world).state(&world.facts, &world.policy, now())
}

fn next(world: &World) -> CellState {
    cell(world).next(&world.facts, &world.policy, now())
}

fn world() -> World {
    World::new(vec![GateSpec::Path { from: Before::Next }])
}

/// A world with one more deployment of production.
fn then(letter: char, phase: Phase, minutes: i64) -> World {
    let mut world = world();
    let deployment = deployment(90, "production", letter, phase, minutes);
    world.known().deployments.push(deployment);
    world
}

fn sending() -> Step {
    Step::Sending {
        owner: "laptop".into(),
    }
}

#[test]
fn a_green_cell_is_ok_and_its_promotion_ready() {
    let world = world();
    let cell = cell(&world);
    assert_eq!(cell.live, Some(revision(LIVE, "2.40.3")));
    assert_eq!(cell.candidate, Some(revision(WANTED, "2.41.0")));
    assert_eq!(cell.candidate.as_ref().map(Revision::label), Some("2.41.0"));
    assert_eq!(cell.ahead, Some(2));
    assert_eq!(
        (state(&world), next(&world)),
        (CellState::Ok, CellState::Ready)
    );
}

#[test]
fn a_level_cell_has_no_candidate() {
    let mut world = world();
    world.known().runs.clear();
    let level = deployment(91, "production", WANTED, Phase::Succeeded, 3);
    world.known().deployments.push(level);
    let cell = cell(&world);
    assert_eq!(cell.candidate, None);
    assert_eq!(cell.judgement.earliest, Earliest::Nothing);
    assert_eq!(next(&world), CellState::Ok);
}

#[test]
fn a_cell_that_never_got_anything_is_none() {
    let mut world = world();
    world
        .known()
        .deployments
        .retain(|deployment| deployment.environment.as_str() != "production");
    assert_eq!(state(&world), CellState::None);
}

#[test]
fn stale_facts_outweigh_everything() {
    let mut world = world().held(hold("h1", Cover::default(), None));
    world.facts.last.as_mut().unwrap().at = ago(2);
    assert_eq!(
        (state(&world), next(&world)),
        (CellState::Stale, CellState::Stale)
    );
}

#[test]
fn a_held_cell_is_held_until_the_hold_ends() {
    let world = world().held(hold("h1", Cover::default(), Some(later(10))));
    assert_eq!(
        (state(&world), next(&world)),
        (CellState::Held, CellState::Held)
    );
    let held = world.held(hold("h0", Cover::default(), Some(now())));
    assert_eq!(cell(&held).holds.len(), 1);
}

#[test]
fn a_deployment_on_its_way_shows_as_running_even_on_a_held_cell() {
    let world = then(WANTED, Phase::Running, 1).held(hold("h1", Cover::default(), None));
    assert_eq!(state(&world), CellState::Running);
    let flight = cell(&world).in_flight.unwrap();
    assert_eq!(flight.revision, revision(WANTED, "2.41.0"));
    assert_eq!(flight.intent, None);
}

#[test]
fn the_run_of_a_deployment_under_way_is_the_one_whose_page_it_names() {
    let mut world = then(WANTED, Phase::Running, 1);
    let facts = world.known();
    facts.runs = vec![
        run(8812, WANTED, "production"),
        run(88, WANTED, "production"),
    ];
    for run in &mut facts.runs {
        run.url = format!("https://forge/acme/api/actions/runs/{}", run.id);
    }
    let last = facts.deployments.last_mut().unwrap();
    last.url = Some("https://forge/acme/api/actions/runs/8812/job/3".to_owned());
    assert_eq!(cell(&world).in_flight.unwrap().run, Some(RunId(8812)));
    let last = world.known().deployments.last_mut().unwrap();
    last.url = Some("https://live.example".to_owned());
    assert_eq!(cell(&world).in_flight.unwrap().run, None);
}

#[test]
fn a_newer_deployment_that_waits_hides_neither_one_under_way_nor_a_failure() {
    for (phase, shown) in [
        (Phase::Running, CellState::Running),
        (Phase::Failed, CellState::Failed),
    ] {
        let mut world = then(WANTED, phase, 5);
        let gated = deployment(91, "production", HEAD, Phase::Gated, 1);
        world.known().deployments.push(gated);
        assert_eq!(state(&world), shown);
    }
}

#[test]
fn a_deployment_that_waits_to_be_let_in_leaves_the_cell_as_it_is() {
    let world = then(WANTED, Phase::Gated, 1);
    assert_eq!(
        (state(&world), next(&world)),
        (CellState::Ok, CellState::Ready)
    );
    assert_eq!(
        cell(&world).in_flight.map(|flight| flight.phase),
        Some(Phase::Gated)
    );
}

#[test]
fn a_failure_shows_until_something_newer_is_verified() {
    assert_eq!(state(&then(WANTED, Phase::Failed, 5)), CellState::Failed);
    // Older than what is live.
    assert_eq!(state(&then(WANTED, Phase::Failed, 100 * 60)), CellState::Ok);
}

#[test]
fn going_back_to_what_was_live_before_is_a_rollback() {
    let mut world = world();
    for (id, letter, minutes) in [(90, WANTED, 60), (91, LIVE, 30)] {
        let deployment = deployment(id, "production", letter, Phase::Succeeded, minutes);
        world.known().deployments.push(deployment);
    }
    assert_eq!(state(&world), CellState::RolledBack);
}

#[test]
fn deploying_the_same_revision_again_is_no_rollback() {
    assert_eq!(state(&then(LIVE, Phase::Succeeded, 30)), CellState::Ok);
}

#[test]
fn gates_that_time_opens_are_waiting_and_others_gated() {
    let mut world = World::new(vec![GateSpec::Soak {
        at_least: jiff::SignedDuration::from_hours(48),
    }]);
    assert_eq!(next(&world), CellState::Waiting);
    world.known().runs[0].waiting[0].may_approve = false;
    assert_eq!(next(&world), CellState::Gated);
}

#[test]
fn without_a_journal_nothing_is_ready() {
    let mut world = world();
    world.ledger = None;
    assert_eq!(next(&world), CellState::Unknown);
}

#[test]
fn the_newest_waiting_run_is_the_candidate() {
    let mut world = world();
    let mut newer = run(8900, HEAD, "production");
    newer.created_at = ago(1);
    world.known().runs.insert(0, newer);
    assert_eq!(cell(&world).candidate, Some(Revision::new(sha(HEAD))));
}

#[test]
fn a_draft_release_is_the_candidate_where_releases_are_published() {
    let mut world = world();
    world.via(Via::Release);
    assert_eq!(cell(&world).candidate, None);
    let mut draft = world.known().releases[0].clone();
    draft.draft = true;
    draft.tag = "2.42.0".to_owned();
    draft.sha = Some(sha(HEAD));
    world.known().releases.push(draft);
    let candidate = cell(&world).candidate.unwrap();
    assert_eq!(candidate.sha, sha(HEAD));
    assert_eq!(candidate.version.as_deref(), Some("2.42.0"));
}

#[test]
fn the_branch_is_the_candidate_of_the_first_environment() {
    let mut world = world();
    world.environment = "dev".into();
    assert_eq!(cell(&world).candidate, Some(Revision::new(sha(HEAD))));
}

#[test]
fn the_two_ends_are_known_only_where_something_is_live() {
    let mut world = world();
    assert_eq!(
        ends(sources(&world), world.stage()),
        Some((sha(LIVE), sha(WANTED)))
    );
    world
        .known()
        .deployments
        .retain(|deployment| deployment.environment.as_str() != "production");
    assert_eq!(ends(sources(&world), world.stage()), None);
}

#[test]
fn a_promotion_of_ours_is_in_flight_until_what_it_brought_is_live() {
    let mut world = world();
    world.promotion("production", &[sending()]);
    assert_eq!(state(&world), CellState::Running);
    let flight = cell(&world).in_flight.unwrap();
    assert_eq!(flight.intent, Some("intent-production".into()));
    assert!(!flight.unsettled);

    let handle = Handle::default();
    let running = [
        sending(),
        Step::Accepted {
            handle: handle.clone(),
        },
        Step::Running { handle },
    ];
    let mut arrived = then(WANTED, Phase::Succeeded, 1);
    arrived.promotion("production", &running);
    assert_eq!(cell(&arrived).in_flight, None);
}

#[test]
fn a_promotion_whose_outcome_nobody_knows_stays_in_sight() {
    let mut world = then(WANTED, Phase::Succeeded, 1);
    let why = "reset".to_owned();
    world.promotion("production", &[sending(), Step::Unknown { why }]);
    assert!(cell(&world).in_flight.unwrap().unsettled);
    assert_eq!(
        (state(&world), next(&world)),
        (CellState::Unknown, CellState::Unknown)
    );
}

#[test]
fn the_digest_changes_with_all_that_an_operator_sees() {
    let before = cell(&world()).digest;
    assert_eq!(cell(&world()).digest, before);
    let held = world().held(hold("h1", Cover::default(), None));
    let mut moved = world();
    moved.known().runs[0].sha = sha(HEAD);
    let mut closed = world();
    closed.known().runs[0].waiting[0].may_approve = false;
    let live = then(HEAD, Phase::Succeeded, 1);
    for world in [held, moved, closed, live] {
        assert_ne!(cell(&world).digest, before);
    }
}

#[test]
fn judged_for_an_intent_the_digest_is_the_one_before_it_was_made() {
    let before = cell(&world()).digest;
    let mut world = world();
    world.promotion("production", &[]);
    assert_ne!(cell(&world).digest, before);
    let own = "intent-production".into();
    let own = Cell::judge_for(sources(&world), world.stage(), Some(&own), now());
    assert_eq!(own.digest, before);
}

#[test]
fn p5_what_still_waits_is_superseded_by_the_newest_that_waits() {
    let mut world = World::new(Vec::new());
    let production = EnvironmentName::from("production");
    assert!(superseded(world.facts.value(), &production).is_empty());
    let mut older = crate::domain::gate::fixture::run(8700, 'a', "production");
    older.created_at -= jiff::SignedDuration::from_hours(2);
    let mut elsewhere = crate::domain::gate::fixture::run(8900, 'c', "staging");
    elsewhere.created_at += jiff::SignedDuration::from_hours(2);
    world.known().runs.extend([older, elsewhere]);
    let found = superseded(world.facts.value(), &production);
    let words: Vec<String> = found
        .iter()
        .map(|(older, newer)| format!("{older} superseded by {newer}"))
        .collect();
    assert_eq!(words, ["2.40.3 superseded by 2.41.0"]);
}

#[test]
fn what_is_wrong_with_what_is_live_is_its_state_and_hides_neither_hold_nor_candidate() {
    let world = world();
    let mut cell = cell(&world);
    let states = |cell: &Cell| {
        let (facts, policy) = (&world.facts, &world.policy);
        (
            cell.state(facts, policy, now()),
            cell.next(facts, policy, now()),
        )
    };
    cell.out_of_band = true;
    assert_eq!(states(&cell), (CellState::OutOfBand, CellState::Ready));
    cell.red = Some("unit is red".to_owned());
    assert_eq!(states(&cell), (CellState::Red, CellState::Ready));
    cell.verification = verification::Standing::Verifying {
        since: ago(1),
        until: Some(later(9)),
    };
    assert_eq!(states(&cell), (CellState::Verifying, CellState::Ready));
    cell.verification = verification::Standing::Failed {
        why: "errors 5 %".to_owned(),
    };
    assert_eq!(states(&cell), (CellState::Unfit, CellState::Ready));
    cell.failed = Some(revision(WANTED, "2.41.0"));
    assert_eq!(states(&cell), (CellState::Unfit, CellState::Ready));
    let cover = Cover {
        service: None,
        environment: Some("production".into()),
        revision: None,
    };
    cell.holds = vec![hold("h-1", cover, None)];
    assert_eq!(states(&cell), (CellState::Unfit, CellState::Held));
}

#[test]
fn a_hold_that_names_what_is_live_is_told_and_stops_nothing_that_replaces_it() {
    let cover = Cover {
        service: None,
        environment: Some("production".into()),
        revision: Some(sha(LIVE)),
    };
    let world = world().held(hold("i-1", cover, None));
    let cell = cell(&world);
    assert_eq!(cell.holds, []);
    let ids: Vec<&str> = cell
        .against_live
        .iter()
        .map(|hold| hold.id.as_str())
        .collect();
    assert_eq!(ids, ["i-1"]);
    assert_eq!(next(&world), CellState::Ready);
    let verdicts = cell.judgement.verdicts.iter();
    let told = verdicts
        .clone()
        .find(|verdict| verdict.gate == "hold")
        .unwrap();
    assert_eq!(told.state, gate::State::Open);
    assert_eq!(
        told.why,
        "nobody holds what would replace 2.40.3, which is held itself: heap grows 3%/h"
    );
    assert_eq!(told.evidence.len(), 1);
}
