//! Merging answers: what confirms facts, and what must be read again.

use jiff::SignedDuration;

use super::*;
use crate::domain::gate::fixture::{World, ago, fault, later, now, sha};

fn pulse(head: char) -> Pulse {
    Pulse {
        head: Some(sha(head)),
        checks: None,
        deployments: Vec::new(),
        pull_requests: 0,
        labelled: Vec::new(),
        latest_release: None,
        pushed_at: None,
    }
}

fn basis(world: &World) -> Basis<'_> {
    Basis {
        policy: &world.policy,
        ledger: world.ledger.as_ref(),
        actor: world.actor.as_ref(),
        now: now(),
    }
}

struct Scene {
    world: World,
    board: Board,
}

impl Scene {
    fn new() -> Self {
        let world = World::new(Vec::new());
        let board = Board::new(basis(&world), Board::default());
        Self { world, board }
    }

    fn pulse(&mut self, head: char, at: Timestamp) -> bool {
        let name = "checkout".into();
        self.board
            .pulse(&name, Ok(pulse(head)), at, true, basis(&self.world))
    }

    fn read(&mut self, good: bool, at: Timestamp) {
        let answer = if good {
            Ok(self.world.facts.value().cloned().unwrap())
        } else {
            Err(fault())
        };
        let name = "checkout".into();
        self.board.merge(&name, answer, at, basis(&self.world));
    }

    fn row(&self) -> &Row {
        self.board.row(&"checkout".into()).unwrap()
    }
}

#[test]
fn a_pulse_asks_for_a_read_until_one_was_answered() {
    let mut scene = Scene::new();
    assert!(scene.pulse('a', ago(5)));
    scene.read(true, ago(4));
    assert!(!scene.pulse('a', ago(3)));
    assert_eq!(scene.row().facts.at(), Some(ago(3)));
    assert!(scene.pulse('b', ago(2)));
}

#[test]
fn a_pulse_whose_read_failed_confirms_nothing() {
    let mut scene = Scene::new();
    scene.pulse('a', ago(9));
    scene.read(true, ago(8));
    assert!(scene.pulse('b', ago(5)));
    scene.read(false, ago(4));
    assert!(scene.pulse('b', ago(3)), "the facts are still those of a");
    assert_eq!(scene.row().facts.at(), Some(ago(8)));
    assert!(scene.row().facts.fault.is_some());
}

#[test]
fn a_read_from_before_a_pulse_does_not_agree_with_it() {
    let mut scene = Scene::new();
    scene.pulse('a', ago(9));
    scene.pulse('b', ago(5));
    // The answer to the read that the first pulse asked for.
    scene.read(true, ago(8));
    assert!(scene.pulse('b', ago(3)));
}

#[test]
fn a_failed_poll_ages_facts_and_never_blanks_them() {
    let mut scene = Scene::new();
    scene.read(true, ago(4));
    scene.read(false, ago(2));
    assert!(scene.row().facts.value().is_some());
    assert_eq!(scene.row().facts.at(), Some(ago(4)));
}

#[test]
fn an_older_answer_changes_nothing() {
    let mut scene = Scene::new();
    scene.read(true, ago(2));
    scene.read(false, ago(4));
    assert!(scene.row().facts.fault.is_none());
}

#[test]
fn a_reload_keeps_the_facts_of_the_same_repository_and_branch_only() {
    let mut scene = Scene::new();
    scene.read(true, ago(0));
    let reload = |scene: &Scene, branch: Option<&str>| {
        let mut policy = scene.world.policy.clone();
        policy.services[0].branch = branch.map(str::to_owned);
        let basis = Basis {
            policy: &policy,
            ..basis(&scene.world)
        };
        let board = Board::new(basis, scene.board.clone());
        board.rows[0].facts.value().is_some()
    };
    assert!(reload(&scene, None));
    assert!(!reload(&scene, Some("release")));
}

#[test]
fn the_board_is_due_when_its_first_verdict_runs_out() {
    let mut scene = Scene::new();
    let read = now() - SignedDuration::from_secs(10);
    scene.read(true, read);
    let due = read + SignedDuration::from_secs(60);
    assert_eq!(scene.board.due(), Some(due));
    let basis = basis(&scene.world);
    assert!(!scene.board.judge_due(basis));
    assert!(scene.board.judge_due(Basis { now: due, ..basis }));
    assert!(scene.board.due().is_none_or(|next| next > due));
    assert!(due < later(1));
}

#[test]
fn a_quiet_service_that_nobody_looks_at_is_judged_again_before_its_verdicts_run_out() {
    let mut scene = Scene::new();
    scene.read(true, now());
    scene.pulse('c', now());
    scene.read(true, now());
    let age = SignedDuration::from_secs;
    let judged_until = |scene: &Scene| scene.board.due().unwrap();
    let first = judged_until(&scene);
    let mut confirm = |seconds: i64, watched: bool| {
        let at = now() + age(seconds);
        let basis = Basis {
            now: at,
            ..basis(&scene.world)
        };
        let name = "checkout".into();
        let answer = Ok(pulse('c'));
        assert!(!scene.board.pulse(&name, answer, at, watched, basis));
        judged_until(&scene)
    };
    assert_eq!(confirm(15, false), first, "it has 45 seconds left");
    assert_eq!(confirm(16, true), first + age(16), "somebody looks at it");
    assert_eq!(confirm(30, false), first + age(16));
    assert_eq!(
        confirm(50, false),
        first + age(50),
        "it had 26 seconds left"
    );
}
