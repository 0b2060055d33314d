//! Merging answers: what confirms facts, and what must be read again.

use jiff::SignedDuration;

use super::*;
use crate::domain::gate::fixture::{LIVE, WANTED, World, ago, fault, later, now, scope, sha};

/// Facts of a branch that stands at `head`, and the pulse of the same state.
fn state(world: &World, head: char) -> (ServiceFacts, Pulse) {
    let mut facts = world.facts.value().cloned().unwrap();
    if let Some(known) = &mut facts.head {
        known.sha = sha(head);
    }
    let checks = facts.checks.get(&sha(head));
    let pulse = Pulse {
        head: Some(sha(head)),
        checks: checks.and_then(|checks| checks.phase.clone()),
        deployments: Vec::new(),
        pull_requests: Some(facts.open_pull_requests),
        pull_requests_at: None,
        labelled: Vec::new(),
        latest_release: None,
        pushed_at: None,
    };
    (facts, pulse)
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
    /// Where the branch stands, as the last pulse told.
    head: char,
}

impl Scene {
    fn new() -> Self {
        let world = World::new(Vec::new());
        let board = Board::new(basis(&world), Board::default());
        Self {
            world,
            board,
            head: 'a',
        }
    }

    fn pulse(&mut self, head: char, at: Timestamp) -> bool {
        self.head = head;
        let pulse = state(&self.world, head).1;
        let name = "checkout".into();
        self.board
            .pulse(&name, Ok(pulse), at, true, basis(&self.world))
    }

    fn read(&mut self, good: bool, at: Timestamp) {
        let answer = if good {
            Ok(state(&self.world, self.head).0)
        } else {
            Err(fault())
        };
        let name = "checkout".into();
        self.board.merge(&name, answer, at, basis(&self.world));
    }

    /// Reads facts that were changed by hand.
    fn shows(&mut self, at: Timestamp, change: impl FnOnce(&mut ServiceFacts)) -> Merged {
        let mut facts = self.world.facts.value().cloned().unwrap();
        change(&mut facts);
        let name = "checkout".into();
        self.board.merge(&name, Ok(facts), at, basis(&self.world))
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
fn a_read_is_taken_even_if_a_pulse_confirmed_older_facts_while_it_was_under_way() {
    let mut scene = Scene::new();
    scene.pulse('a', ago(9));
    scene.read(true, ago(8));
    scene.pulse('a', ago(3));
    assert_eq!(scene.row().facts.at(), Some(ago(3)));
    // What it tells, the pulse may not have seen; so its own age counts.
    scene.read(true, ago(5));
    assert_eq!(scene.row().facts.at(), Some(ago(5)));
    scene.read(true, ago(6));
    assert_eq!(
        scene.row().facts.at(),
        Some(ago(5)),
        "older than what was read"
    );
}

#[test]
fn a_reload_keeps_the_facts_of_the_same_repository_and_branch_only() {
    let mut scene = Scene::new();
    scene.read(true, ago(0));
    let reload = |scene: &Scene, branch: Option<&str>| {
        let mut policy = scene.world.policy.clone();
        policy.nth(0).branch = branch.map(str::to_owned);
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
        let answer = Ok(state(&scene.world, 'c').1);
        assert!(!scene.board.pulse(&name, answer, at, watched, basis));
        judged_until(&scene)
    };
    assert_eq!(confirm(15, false), first, "it has 45 seconds left");
    assert_eq!(confirm(16, true), first + age(16), "somebody looks at it");
    assert_eq!(confirm(30, false), first + age(16));
    assert_eq!(
        confirm(62, false),
        first + age(62),
        "it had 14 seconds left"
    );
}

#[test]
fn what_was_stale_is_judged_again_when_a_pulse_confirms_it_whoever_looks() {
    let mut scene = Scene::new();
    scene.read(true, now());
    scene.pulse('c', now());
    scene.read(true, now());
    let late = now() + SignedDuration::from_mins(9);
    let basis = Basis {
        now: late,
        ..basis(&scene.world)
    };
    scene.board.judge_all(basis);
    let of = |scene: &Scene| {
        let row = scene.board.row(&"checkout".into()).unwrap();
        row.cells.last().unwrap().observed_at
    };
    assert_eq!(of(&scene), Some(now()), "as a cache leaves it");
    let answer = Ok(state(&scene.world, 'c').1);
    let name = "checkout".into();
    assert!(!scene.board.pulse(&name, answer, late, false, basis));
    assert_eq!(of(&scene), Some(late));
}

#[test]
fn p11_what_is_live_does_not_go_back_because_a_replica_lags_behind() {
    let mut scene = Scene::new();
    let older = |facts: &mut ServiceFacts| {
        let newest = facts.deployments.iter().map(|known| known.created_at).max();
        facts
            .deployments
            .retain(|known| Some(known.created_at) < newest);
    };
    assert_eq!(scene.shows(ago(30), |_| {}), Merged::Taken);
    let known = scene.row().facts.clone();
    assert_eq!(scene.shows(ago(20), older), Merged::Lagging);
    assert_eq!(scene.row().facts, known, "it ages");
    let earlier = |facts: &mut ServiceFacts| {
        facts.deployments[0].changed_at -= SignedDuration::from_secs(1);
    };
    assert_eq!(scene.shows(ago(19), earlier), Merged::Lagging);
    // Something else in between, and the patience begins anew.
    assert_eq!(scene.shows(ago(18), |_| {}), Merged::Taken);
    assert_eq!(scene.shows(ago(17), older), Merged::Lagging);
    // A forge that goes on saying so means it.
    assert_eq!(scene.shows(ago(6), older), Merged::Taken);
}

#[test]
fn a_deployment_that_turns_out_to_have_begun_earlier_is_no_step_back() {
    let mut scene = Scene::new();
    assert_eq!(scene.shows(ago(30), |_| {}), Merged::Taken);
    // At first its end alone was known, as of a commit status that has been set twice.
    let whole = |facts: &mut ServiceFacts| {
        for deployment in &mut facts.deployments {
            deployment.created_at -= SignedDuration::from_secs(90);
        }
    };
    assert_eq!(scene.shows(ago(20), whole), Merged::Taken);
}

#[test]
fn a_pulse_that_knows_more_than_the_facts_does_not_confirm_them() {
    let mut scene = Scene::new();
    let (known, same) = state(&scene.world, 'a');
    let path: Vec<_> = scene.world.policy.services[0].path.iter().collect();
    let path: Vec<_> = path.iter().map(|stage| &stage.environment).collect();
    let agrees = |pulse: &Pulse| known.agrees_with(pulse, &path);
    assert!(agrees(&same));
    let newest = &known.deployments[0];
    let changed = |seconds| Pulse {
        deployments: vec![(
            newest.id.0,
            newest.environment.to_string(),
            "success".to_owned(),
            Some(newest.changed_at + SignedDuration::from_secs(seconds)),
        )],
        ..same.clone()
    };
    assert!(agrees(&changed(0)));
    assert!(!agrees(&changed(1)), "the deployment went on");
    assert!(!agrees(&state(&scene.world, 'b').1), "it moved");
    let unheard = |environment: &str| Pulse {
        deployments: vec![(9_999, environment.to_owned(), String::new(), None)],
        ..same.clone()
    };
    assert!(!agrees(&unheard(newest.environment.as_str())));
    assert!(agrees(&unheard("pr-12")), "nobody asked for it");
    let more = Pulse {
        pull_requests: Some(99),
        ..same.clone()
    };
    assert!(!agrees(&more));
    // Read after the pulse, but from a replica that lags behind it.
    scene.read(true, ago(9));
    let basis = basis(&scene.world);
    let name = "checkout".into();
    let ahead = changed(1);
    let mut board = scene.board.clone();
    assert!(board.pulse(&name, Ok(ahead.clone()), ago(8), true, basis));
    board.merge(&name, Ok(known.clone()), ago(7), basis);
    assert!(board.pulse(&name, Ok(ahead), ago(6), true, basis));
    assert_eq!(board.rows[0].facts.at(), Some(ago(7)));
}

#[test]
fn of_the_scopes_that_no_cell_needs_the_newest_stay() {
    let mut scene = Scene::new();
    let name = ServiceName::from("checkout");
    let facts = scene.world.facts.value().cloned().unwrap();
    let basis = basis(&scene.world);
    scene.board.merge(&name, Ok(facts), now(), basis);
    let row = scene.board.row(&name).unwrap();
    let needed: Vec<_> = row
        .cells
        .iter()
        .filter_map(|cell| Some((cell.live.clone()?.sha, cell.candidate.clone()?.sha)))
        .collect();
    assert!(!needed.is_empty());
    let scope = |ends: &(Sha, Sha)| by_hand::scope(&ends.0, &ends.1);
    for ends in &needed {
        let board = &mut scene.board;
        board.scope(&name, ends.clone(), Ok(scope(ends)), ago(50), basis);
    }
    for number in 0..30 {
        let ends = (Sha::from(format!("{number:040}")), sha('f'));
        let answer = Ok(scope(&ends));
        scene
            .board
            .scope(&name, ends, answer, ago(40 - number), basis);
    }
    let row = scene.board.row(&name).unwrap();
    assert_eq!(row.scopes.len(), needed.len() + OLD_SCOPES);
    assert!(needed.iter().all(|ends| row.scopes.contains_key(ends)));
    assert!(
        row.scopes
            .contains_key(&(Sha::from(format!("{:040}", 29)), sha('f')))
    );
}

#[test]
fn a_revision_is_headed_by_what_was_read_of_the_branch_or_of_a_scope() {
    let mut scene = Scene::new();
    scene.read(true, now());
    let ends = (sha(LIVE), sha(WANTED));
    let read = scope();
    let letters = read.commits.iter().map(|commit| commit.sha.clone());
    let shas: Vec<Sha> = letters.collect();
    let name = "checkout".into();
    let basis = basis(&scene.world);
    scene.board.scope(&name, ends, Ok(read), now(), basis);
    let row = scene.board.row(&name).unwrap();
    assert_eq!(row.headline(&sha(scene.head)), Some("bump tls stack"));
    for sha in &shas {
        assert_eq!(row.headline(sha), Some("retry idempotency key"));
    }
    assert_eq!(row.headline(&sha('9')), None);
}
