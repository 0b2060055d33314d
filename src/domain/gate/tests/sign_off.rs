use crate::domain::gate::State;
use crate::domain::gate::fixture::{World, person, revision};
use crate::domain::policy::GateSpec;
use crate::domain::signoff::Voice::{Go, NoGo};

fn world(roles: &[&str], distinct: bool) -> World {
    World::new(vec![GateSpec::SignOff {
        roles: roles.iter().map(|role| (*role).into()).collect(),
        distinct,
    }])
}

#[test]
fn each_role_must_say_go() {
    let mut world = world(&["qa", "sre"], true);
    let verdict = world.verdict("sign-off");
    assert_eq!(verdict.state, State::Closed);
    assert_eq!(verdict.why, "0 of 2 go, waits for qa and sre");
    assert_eq!(
        verdict.who.as_deref(),
        Some("qa: dee, mia; sre: carol, dee")
    );
    world.vote("mia", "qa", Go);
    assert_eq!(world.says("sign-off").1, "1 of 2 go, waits for sre");
    world.vote("carol", "sre", Go);
    assert_eq!(
        world.says("sign-off"),
        (State::Open, "2 of 2 go: mia (qa) and carol (sre)".into())
    );
}

#[test]
fn one_no_go_closes() {
    let mut world = world(&["qa"], true);
    world.vote("mia", "qa", Go);
    world.vote("carol", "sre", NoGo);
    let verdict = world.verdict("sign-off");
    assert_eq!(verdict.state, State::Closed);
    assert_eq!(verdict.why, "carol (sre) says no-go");
    assert_eq!(verdict.who.as_deref(), Some("carol"));
}

#[test]
fn s1_a_vote_on_another_scope_is_void_and_says_what_changed() {
    let mut world = world(&["qa"], true);
    world.vote("mia", "qa", Go);
    assert_eq!(world.verdict("sign-off").state, State::Open);
    world.candidate = Some(revision('c', "2.41.1"));
    let verdict = world.verdict("sign-off");
    assert_eq!(verdict.state, State::Closed);
    assert!(verdict.evidence.iter().any(|evidence| evidence.value
        == "go by mia, void: voted on 2.40.3 > 2.41.0, now 2.40.3 > 2.41.1"));
    // What is live counts as much as what would replace it.
    world.candidate = Some(revision('b', "2.41.0"));
    world.live = Some(revision('d', "2.40.4"));
    assert_eq!(world.verdict("sign-off").state, State::Closed);
}

#[test]
fn s1_a_no_go_on_another_scope_is_void_too() {
    let mut world = world(&["qa"], true);
    world.vote("carol", "sre", NoGo);
    world.candidate = Some(revision('c', "2.41.1"));
    world.vote("mia", "qa", Go);
    assert_eq!(world.verdict("sign-off").state, State::Open);
}

#[test]
fn s2_one_person_has_one_vote() {
    let mut world = world(&["qa", "sre"], true);
    world.vote("dee", "qa", Go);
    world.vote("dee", "sre", Go);
    assert_eq!(world.says("sign-off").1, "1 of 2 go, waits for qa");
}

#[test]
fn s2_roles_are_filled_by_distinct_people_unless_policy_says_otherwise() {
    let mut strict = world(&["qa", "sre"], true);
    strict.vote("dee", "qa", Go);
    assert_eq!(strict.verdict("sign-off").state, State::Closed);
    let mut loose = world(&["qa", "sre"], false);
    loose.vote("dee", "qa", Go);
    assert_eq!(loose.verdict("sign-off").state, State::Open);
    // Without having the other role, one go is one go.
    let mut single = world(&["qa", "sre"], false);
    single.vote("mia", "qa", Go);
    assert_eq!(single.verdict("sign-off").state, State::Closed);
}

#[test]
fn s2_a_role_that_is_asked_twice_wants_two_people() {
    let mut world = world(&["qa", "qa"], true);
    world.vote("dee", "qa", Go);
    assert_eq!(world.verdict("sign-off").state, State::Closed);
    world.vote("mia", "qa", Go);
    assert_eq!(world.verdict("sign-off").state, State::Open);
}

#[test]
fn s2_the_vote_of_who_left_the_role_does_not_count() {
    for voice in [Go, NoGo] {
        let mut world = world(&["qa"], true);
        world.vote("mia", "qa", voice);
        world.vote("dee", "qa", Go);
        world.policy.roles.get_mut("qa").unwrap().remove("mia");
        let verdict = world.verdict("sign-off");
        assert_eq!(verdict.state, State::Open);
        assert!(verdict.evidence.iter().any(|evidence| {
            evidence
                .value
                .ends_with("by mia, void: no longer in role qa")
        }));
    }
    let mut world = world(&["qa"], true);
    world.vote("eve", "qa", Go);
    assert_eq!(world.verdict("sign-off").state, State::Closed);
}

#[test]
fn a_role_without_members_says_so() {
    let world = world(&["product"], true);
    let who = world.verdict("sign-off").who;
    assert_eq!(who.as_deref(), Some("product: nobody has this role"));
}

#[test]
fn votes_on_other_cells_do_not_count() {
    let mut world = world(&["qa"], true);
    world.environment = "staging".into();
    world.vote("mia", "qa", Go);
    world.environment = "production".into();
    assert_eq!(world.verdict("sign-off").state, State::Closed);
    assert_eq!(
        world
            .book()
            .votes_on(&"checkout".into(), &"staging".into())
            .count(),
        1
    );
    assert!(
        world
            .book()
            .votes
            .values()
            .all(|vote| vote.person == person("mia"))
    );
}

#[test]
fn without_a_journal_nobody_knows_the_votes() {
    let mut world = world(&["qa"], true);
    world.ledger = None;
    assert_eq!(world.verdict("sign-off").state, State::Unknown);
}

#[test]
fn w5_a_vote_that_was_given_is_kept_and_shown_when_the_window_closes() {
    use crate::domain::gate::fixture::daily;
    use crate::domain::window::WindowEffect::Allow;
    use jiff::civil::time;
    let roles = vec!["qa".into()];
    let sign_off = GateSpec::SignOff {
        roles,
        distinct: true,
    };
    let mut world = World::new(vec![sign_off, GateSpec::Window]);
    let (from, to) = (time(13, 0, 0, 0), time(14, 30, 0, 0));
    world.policy.windows = vec![daily("afternoon", Allow, from, to, "UTC")];
    world.vote("mia", "qa", Go);
    for (minutes, window) in [(0, State::Open), (45, State::Waiting)] {
        let now = crate::domain::gate::fixture::later(minutes);
        assert_eq!(world.verdict_at("window", now).state, window);
        let verdict = world.verdict_at("sign-off", now);
        assert_eq!(verdict.state, State::Open);
        let said = format!("{} {:?}", verdict.why, verdict.evidence);
        assert!(said.contains("mia"), "{said}");
    }
}
