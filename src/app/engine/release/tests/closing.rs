//! W5 of releases: what becomes of a go when the window closes that the release has to fit into.

use jiff::tz::TimeZone;

use super::*;
use crate::domain::release::decision::{Decision, Said};
use crate::domain::window::{Span, Window, WindowEffect};

/// How long the window is open yet.
const OPEN: i64 = 30;

/// A window, or a freeze of some services, between two instants.
fn window(name: &str, effect: WindowEffect, [from, to]: [i64; 2], services: &[&str]) -> Window {
    let wall = |seconds: i64| {
        let at = harness::now() + SignedDuration::from_secs(seconds);
        at.to_zoned(TimeZone::UTC).datetime()
    };
    Window {
        name: name.to_owned(),
        effect,
        span: Span::Once {
            from: wall(from),
            to: wall(to),
        },
        zone: TimeZone::UTC,
        zone_name: "UTC".to_owned(),
        environments: Vec::new(),
        services: services.iter().map(|name| (*name).into()).collect(),
        reason: None,
    }
}

impl World {
    fn closing(at_close: AtClose, freezes: &[Window]) -> Self {
        let mut world = Self::new();
        let mut policy = (*world.state.engine.policy).clone();
        policy.version = Digest::of(["with a window"]).into();
        policy.releases[0].window = Some("evening".to_owned());
        policy.releases[0].at_close = at_close;
        // Of services that are in no release, so that no cell of it is closed by it.
        policy.windows = vec![window(
            "evening",
            WindowEffect::Allow,
            [-60, OPEN],
            &["none"],
        )];
        policy.windows.extend(freezes.iter().cloned());
        world.send(Msg::Reloaded(Ok(Arc::new(policy))));
        world
    }

    fn decided<T>(&self, of: impl FnOnce(&Decision<'_>) -> T) -> T {
        let release = &self.state.engine.policy.releases[0];
        of(&self.state.engine.decision(release, self.now()))
    }

    fn goes_until(&self) -> Option<Timestamp> {
        let release = &self.state.engine.policy.releases[0];
        let decision = self.state.engine.decision(release, self.now());
        decision.goes_until()
    }

    fn why(&self) -> String {
        self.decided(|decision| decision.why.join("; "))
    }
}

#[test]
fn w5_a_go_to_a_release_is_withdrawn_when_its_window_closes_where_policy_says_so() {
    let mut world = World::closing(AtClose::Withdraw, &[]);
    world.vote(Voice::Go);
    let said = harness::said(&world.state);
    assert!(said.contains("until its window closes at "), "{said}");
    world.seconds = OPEN - 1;
    let closes = harness::now() + SignedDuration::from_secs(OPEN);
    assert_eq!(world.goes_until(), Some(closes));
    assert!(world.decided(|decision| decision.tally.is_go()));
    world.seconds = OPEN;
    let told = world.decided(|decision| match decision.roles()[0].1 {
        Said::Withdrawn(ballot, at) => Some((ballot.person.to_string(), at)),
        _ => None,
    });
    assert_eq!(told, Some(("alice".to_owned(), closes)));
    let why = world.why();
    assert!(
        why.contains("no go of qa (1 go from before the window closed at "),
        "{why}"
    );
    world.start();
    assert!(world.state.engine.last_run(&NAME.into()).is_none());
    assert!(world.refused().contains("withdrawn"), "{}", world.refused());
    // Said again while it is closed, it is for the next opening.
    world.vote(Voice::Go);
    assert!(world.decided(|decision| decision.tally.is_go()));
}

#[test]
fn w5_a_go_to_a_release_is_kept_when_its_window_closes_and_says_so() {
    let mut world = World::closing(AtClose::Keep, &[]);
    world.vote(Voice::Go);
    let said = harness::said(&world.state);
    assert!(!said.contains("until its window"), "{said}");
    world.seconds = OPEN + 1;
    let closed = world.decided(|decision| match decision.roles()[0].1 {
        Said::Go(ballot) => decision.closed_since(&ballot),
        _ => None,
    });
    let closes = harness::now() + SignedDuration::from_secs(OPEN);
    assert_eq!(closed, Some(closes));
    assert_eq!(world.goes_until(), None);
}

#[test]
fn w5_a_no_go_to_a_release_is_not_withdrawn_by_its_window() {
    let mut world = World::closing(AtClose::Withdraw, &[]);
    world.vote(Voice::NoGo);
    world.seconds = OPEN + 1;
    assert!(
        world.why().contains("alice says no-go as qa"),
        "{}",
        world.why()
    );
}

#[test]
fn w5_a_run_whose_goes_ended_with_its_window_stands_still_until_they_are_said_again() {
    let mut world = World::closing(AtClose::Withdraw, &[]);
    world.vote(Voice::Go);
    world.start();
    world.seconds = OPEN + 1;
    // What runs may finish, its next step does not start.
    world.ends("api", Step::Succeeded);
    assert_eq!(world.sent().len(), 1);
    let run = world.run().clone();
    let why = world.state.engine.standstill(&run, world.now());
    assert!(why.is_some_and(|why| why.contains("withdrawn (policy)")));
    world.vote(Voice::Go);
    // The vote had every cell judged again, by facts in which it has not arrived.
    let to = run.moves[0].to.clone();
    let board = &mut world.state.engine.board;
    harness::with_cell(board, "api", "production", |cell| {
        (cell.live, cell.candidate) = (Some(to), None);
    });
    let effects = world.send(Msg::Tick);
    world.settle(effects);
    assert_eq!(world.sent().len(), 2, "with the go it goes on");
}

#[test]
fn w5_what_was_agreed_before_the_permit_is_not_sent_after_the_window_of_the_release_has_closed() {
    let mut world = World::closing(AtClose::Withdraw, &[]);
    world.vote(Voice::Go);
    let asked = world.start();
    world.seconds = OPEN;
    let effects = world.recheck(asked);
    assert_eq!(acts(&effects), 0);
    assert_eq!(world.sent(), [("api".to_owned(), "abandoned")]);
}

#[test]
fn w5_a_freeze_of_all_of_a_release_closes_its_window_too_and_one_of_a_part_does_not() {
    let part = window("stock", WindowEffect::Deny, [10, 20], &["search"]);
    let mut world = World::closing(AtClose::Withdraw, &[part]);
    world.vote(Voice::Go);
    world.seconds = 15;
    assert!(world.decided(|decision| decision.tally.is_go()));
    let all = window("stock", WindowEffect::Deny, [10, 20], &[]);
    let mut world = World::closing(AtClose::Withdraw, &[all]);
    world.vote(Voice::Go);
    world.seconds = 15;
    assert!(!world.decided(|decision| decision.tally.is_go()));
}

#[test]
fn w5_a_wave_that_starts_after_the_goes_have_ended_with_the_window_is_foreseen() {
    let mut world = World::closing(AtClose::Withdraw, &[]);
    world.vote(Voice::Go);
    let release = world.state.engine.policy.releases[0].clone();
    let mut prognosis = world.state.engine.prognosis(&release, world.now());
    assert_eq!(world.decided(|decision| decision.lapses(&prognosis)), None);
    let closes = harness::now() + SignedDuration::from_secs(OPEN);
    prognosis.waves[1].starts = Some(closes);
    let lapses = world.decided(|decision| decision.lapses(&prognosis));
    assert_eq!(lapses, Some((1, closes)));
}
