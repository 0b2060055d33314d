//! What is dropped from a release: the set, its votes, and its run.

use super::*;
use crate::domain::handover;
use crate::domain::signoff::Standing;

impl World {
    fn drop(&mut self, service: &str) -> Vec<Effect> {
        self.ask(Request::DropService {
            release: NAME.into(),
            service: service.into(),
            reason: "heap grows".to_owned(),
        })
    }

    fn restore(&mut self, service: &str) -> Vec<Effect> {
        self.ask(Request::RestoreService {
            release: NAME.into(),
            service: service.into(),
            reason: "it was the probe".to_owned(),
        })
    }

    fn decision(&self) -> Decision<'_> {
        let release = &self.state.engine.policy.releases[0];
        self.state.engine.decision(release, self.now())
    }

    /// Everything that is planned, by name.
    fn planned(&self) -> Vec<String> {
        let release = &self.state.engine.policy.releases[0];
        let plan = self.state.engine.prognosis(release, self.now());
        let services = plan.waves.iter().flat_map(|wave| &wave.services);
        services
            .map(|planned| planned.moved.service.to_string())
            .collect()
    }
}

#[test]
fn a_dropped_service_ships_no_more_and_every_vote_on_the_set_is_stale_with_the_difference() {
    let mut world = World::new();
    world.vote(Voice::Go);
    let agreed = world.bound();
    assert_eq!(world.planned(), ["api", "search", "billing"]);
    world.drop("billing");
    assert_eq!(world.planned(), ["api", "search"]);
    let decision = world.decision();
    assert_ne!(decision.bound, agreed);
    assert_eq!(decision.go, Go::NoGo);
    let (ballot, standing) = &decision.tally.ballots[0];
    assert_eq!(*standing, Standing::Void);
    let changed = difference(ballot.saw, &decision.words).join(" ");
    assert!(
        changed.contains("-billing ") && changed.contains("+billing dropped"),
        "{changed}"
    );
    let mut skipped = decision.agenda.skipped();
    assert!(
        skipped
            .any(|(name, why)| name.as_str() == "billing" && why == "dropped by alice: heap grows")
    );
    let note = handover::lines(&world.state.engine.handover_note(world.now()));
    let told = "Releases: 2026.47 goes without billing, dropped by alice: heap grows";
    assert!(note.iter().any(|line| line == told), "{note:?}");
    world.start();
    assert!(
        world.refused().contains("no go of qa"),
        "{}",
        world.refused()
    );
    // Taken back it is the very set that was voted on.
    world.restore("billing");
    assert_eq!(world.bound(), agreed);
    assert_eq!(world.decision().go, Go::Go);
}

#[test]
fn what_is_dropped_holds_nothing_up_and_its_own_no_go_does_not_close_it() {
    let mut world = World::new();
    let board = &mut world.state.engine.board;
    let row = board
        .rows
        .iter_mut()
        .find(|row| row.service.name.as_str() == "billing");
    row.expect("billing").facts = crate::domain::observed::Fact::default();
    assert_eq!(world.decision().go, Go::Unknown);
    world.drop("billing");
    assert_eq!(world.decision().why, ["no go of qa"]);
    let release = &world.state.engine.policy.releases[0];
    let ledger = world.state.engine.ledger.as_ref();
    let production = "production".into();
    assert!(release.still_ships(&"api".into(), &production, ledger));
    assert!(!release.still_ships(&"billing".into(), &production, ledger));
}

#[test]
fn a_run_leaves_behind_what_it_has_not_sent_and_goes_on_with_what_was_voted_on_anew() {
    let mut world = World::new();
    world.vote(Voice::Go);
    world.start();
    let agreed = world.bound();
    // It is on its way: too late.
    world.drop("api");
    assert!(
        world
            .refused()
            .contains("api is on its way: it cannot be dropped"),
        "{}",
        world.refused()
    );
    world.ends("api", Step::Succeeded);
    world.drop("api");
    assert!(
        world.refused().contains("api is live already"),
        "{}",
        world.refused()
    );
    world.drop("billing");
    let moves = |world: &World| {
        let moves = world.run().moves.iter();
        moves
            .map(|moved| moved.service.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(moves(&world), ["api", "search"]);
    assert_ne!(world.bound(), agreed);
    let standstill = world.state.engine.standstill(world.run(), world.now());
    assert_eq!(standstill.as_deref(), Some("no go of qa"));
    let decision = world.decision();
    let (ballot, _) = &decision.tally.ballots[0];
    let changed = difference(ballot.saw, &decision.words);
    assert_eq!(changed.len(), 2, "what stays is no difference: {changed:?}");
    // Taken back, then dropped for good: the run ships without it.
    world.restore("billing");
    assert_eq!(moves(&world), ["api", "search", "billing"]);
    assert_eq!(world.bound(), agreed);
    world.drop("billing");
    world.vote(Voice::Go);
    world.seconds += 60;
    let effects = world.send(Msg::Tick);
    world.settle(effects);
    // What was entered for all of production had its cells judged by their facts, which have it not.
    let board = &mut world.state.engine.board;
    harness::with_cell(board, "api", "production", |cell| {
        cell.live.clone_from(&cell.candidate);
        cell.candidate = None;
    });
    world.ends("search", Step::Succeeded);
    assert!(world.run().has_shipped(), "{:?}", world.run());
    let names: Vec<String> = world.sent().into_iter().map(|(name, _)| name).collect();
    assert!(!names.contains(&"billing".to_owned()), "{names:?}");
}

#[test]
fn what_was_intended_before_a_drop_is_not_sent_after_it() {
    let mut world = World::new();
    world.vote(Voice::Go);
    let asked = world.start();
    // Another board drops it between intent and permit.
    let draft = Draft {
        environment: Some("production".into()),
        reason: Some("heap grows".to_owned()),
        ..world.state.engine.draft(
            &"bob".into(),
            Event::ReleaseDropped {
                release: NAME.into(),
                service: "api".into(),
            },
            world.now(),
        )
    };
    assert!(draft.event.is_control());
    world.seq += 1;
    let taken = entry(world.seq, draft);
    world.send(Msg::JournalRead(Ok(vec![taken])));
    let effects = world.recheck(asked);
    assert_eq!(acts(&effects), 0);
    assert_eq!(world.sent(), [("api".to_owned(), "abandoned")]);
    assert!(
        world
            .refused()
            .contains("api was dropped from 2026.47; nothing was sent"),
        "{}",
        world.refused()
    );
}

#[test]
fn a_set_is_never_left_empty_and_what_a_run_began_without_comes_back_after_it() {
    let mut world = World::new();
    world.drop("no-such");
    assert!(world.refused().contains("no-such is not in 2026.47"));
    world.drop("web");
    world.restore("api");
    assert!(world.refused().contains("api was not dropped from 2026.47"));
    world.drop("web");
    assert!(
        world
            .refused()
            .contains("web is dropped by alice: heap grows already")
    );
    world.drop("billing");
    world.vote(Voice::Go);
    world.start();
    world.restore("billing");
    assert!(
        world
            .refused()
            .contains("2026.47 was started without billing"),
        "{}",
        world.refused()
    );
    let mut world = World::new();
    for service in ["web", "billing", "search"] {
        world.drop(service);
    }
    world.drop("api");
    assert!(
        world.refused().contains("it is the last that is left"),
        "{}",
        world.refused()
    );
    // Of two who drop at the same time the journal's second may leave nothing: then it does not count.
    let mut world = World::new();
    world.vote(Voice::Go);
    world.start();
    let mut ledger = world.ledger().clone();
    for (place, service) in ["billing", "search", "api"].into_iter().enumerate() {
        let draft = world.state.engine.draft(
            &"bob".into(),
            Event::ReleaseDropped {
                release: NAME.into(),
                service: service.into(),
            },
            world.now(),
        );
        ledger.apply(&entry(
            world.seq + 1 + i64::try_from(place).expect("small"),
            draft,
        ));
    }
    let run = ledger.open_run(&NAME.into()).expect("a run");
    assert_eq!(run.moves.len(), 1);
    assert_eq!(ledger.dropped(&NAME.into(), &"api".into()), None);
}
