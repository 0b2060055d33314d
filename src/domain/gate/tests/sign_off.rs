use crate::domain::gate::State;
use crate::domain::gate::fixture::{World, later, person, revision};
use crate::domain::policy::GateSpec;
use crate::domain::signoff::AtClose;
use crate::domain::signoff::Voice::{Go, NoGo};

fn world(roles: &[&str], distinct: bool) -> World {
    World::new(vec![GateSpec::SignOff {
        roles: roles.iter().map(|role| (*role).into()).collect(),
        distinct,
        at_close: AtClose::Keep,
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

/// qa and sre sign off in a window from 13:00 to 14:30; it is 14:00, and votes are five minutes old.
fn afternoon(at_close: AtClose) -> World {
    use crate::domain::gate::fixture::daily;
    use crate::domain::window::WindowEffect::Allow;
    use jiff::civil::time;
    let sign_off = GateSpec::SignOff {
        roles: vec!["qa".into(), "sre".into()],
        distinct: true,
        at_close,
    };
    let mut world = World::new(vec![sign_off, GateSpec::Window]);
    let (from, to) = (time(13, 0, 0, 0), time(14, 30, 0, 0));
    world.policy.windows = vec![daily("afternoon", Allow, from, to, "UTC")];
    world
}

/// A minute of the next afternoon.
const TOMORROW: i64 = 24 * 60;

#[test]
fn w5_a_go_that_was_given_is_kept_when_the_window_closes_and_says_so() {
    let mut world = afternoon(AtClose::Keep);
    world.vote("mia", "qa", Go);
    world.vote("carol", "sre", Go);
    let said = |minutes| {
        let verdict = world.verdict_at("sign-off", later(minutes));
        assert_eq!(verdict.state, State::Open);
        verdict.why
    };
    let plain = "2 of 2 go: mia (qa) and carol (sre)";
    assert_eq!(said(29), plain);
    let kept = format!("{plain}, from before the window closed at 2026-11-21 14:30Z");
    assert_eq!(said(30), kept);
    assert_eq!(said(TOMORROW), kept);
    let verdict = world.verdict_at("sign-off", later(TOMORROW));
    assert!(verdict.evidence.iter().any(|evidence| {
        evidence.value == "go by mia, from before the window closed at 2026-11-21 14:30Z"
    }));
}

#[test]
fn w5_a_go_that_was_given_is_withdrawn_when_the_window_closes_where_policy_says_so() {
    let mut world = afternoon(AtClose::Withdraw);
    world.vote("mia", "qa", Go);
    world.vote("carol", "sre", Go);
    let open = world.verdict_at("sign-off", later(29));
    assert_eq!(open.state, State::Open);
    // With facts that are read all the time, it is judged again when the window closes.
    world.policy.max_age = jiff::SignedDuration::from_hours(9);
    let open = world.verdict_at("sign-off", later(29));
    assert_eq!(open.valid_until, Some(later(30)));
    for minutes in [30, TOMORROW] {
        let verdict = world.verdict_at("sign-off", later(minutes));
        assert_eq!(verdict.state, State::Closed);
        assert_eq!(
            verdict.why,
            "0 of 2 go, waits for qa and sre; 2 goes from before the window closed at \
             2026-11-21 14:30Z are withdrawn (policy)"
        );
        assert_eq!(
            verdict.opens_when.as_deref(),
            Some("qa and sre say go again")
        );
        assert_eq!(
            verdict.who.as_deref(),
            Some("qa: dee, mia; sre: carol, dee")
        );
        assert!(verdict.evidence.iter().any(|evidence| {
            evidence.value
                == "go by mia, withdrawn: from before the window closed at 2026-11-21 14:30Z"
        }));
    }
    // Said again after the close, it counts for the next opening, and the other still does not.
    let again = world.ledger.as_mut().unwrap();
    for vote in again.votes.values_mut() {
        if vote.person == person("mia") {
            vote.at = later(60);
        }
    }
    let verdict = world.verdict_at("sign-off", later(TOMORROW));
    assert_eq!(
        verdict.why,
        "1 of 2 go, waits for sre; 1 go from before the window closed at 2026-11-21 14:30Z is \
         withdrawn (policy)"
    );
}

#[test]
fn w5_a_no_go_is_not_withdrawn_by_the_window() {
    let mut world = afternoon(AtClose::Withdraw);
    world.vote("carol", "sre", NoGo);
    let verdict = world.verdict_at("sign-off", later(TOMORROW));
    assert_eq!(verdict.why, "carol (sre) says no-go");
}

#[test]
fn w5_a_freeze_closes_the_window_too_and_without_any_window_nothing_is_withdrawn() {
    use crate::domain::gate::fixture::daily;
    use crate::domain::window::WindowEffect::Deny;
    use jiff::civil::time;
    let mut world = afternoon(AtClose::Withdraw);
    world.vote("mia", "qa", Go);
    let freeze = daily("lunch", Deny, time(14, 10, 0, 0), time(14, 20, 0, 0), "UTC");
    world.policy.windows.push(freeze);
    let verdict = world.verdict_at("sign-off", later(25));
    assert!(
        verdict.why.contains("closed at 2026-11-21 14:10Z"),
        "{}",
        verdict.why
    );
    world.policy.windows.clear();
    let verdict = world.verdict_at("sign-off", later(TOMORROW));
    assert_eq!(verdict.why, "1 of 2 go, waits for sre");
}

#[test]
fn w5_the_earliest_go_knows_that_a_go_ends_with_the_window() {
    use crate::domain::gate::Earliest;
    use crate::domain::gate::fixture::hold;
    use crate::domain::hold::Cover;
    // A hold lifts itself in an hour, when the window of today is over.
    let earliest = |at_close| {
        let mut world = afternoon(at_close);
        world.vote("mia", "qa", Go);
        world.vote("carol", "sre", Go);
        let world = world.held(hold("h1", Cover::default(), Some(later(60))));
        world.judge().earliest
    };
    assert!(matches!(earliest(AtClose::Keep), Earliest::At { .. }));
    let Earliest::NeedsPerson { gate, who } = earliest(AtClose::Withdraw) else {
        panic!("{:?}", earliest(AtClose::Withdraw));
    };
    assert_eq!(gate, "sign-off");
    assert_eq!(who, "qa: dee, mia; sre: carol, dee");
}

#[test]
fn w5_a_second_approver_is_withdrawn_with_the_others() {
    let mut world = afternoon(AtClose::Withdraw);
    let risk = GateSpec::Risk {
        second: 0,
        roles: vec!["sre".into()],
    };
    let gates = &mut world.policy.nth(0).path;
    for stage in gates {
        stage.gates = stage.gates.iter().cloned().chain([risk.clone()]).collect();
    }
    world.vote("carol", "sre", Go);
    let said = |minutes| world.verdict_at("risk", later(minutes)).why;
    assert!(
        said(0).ends_with("carol (sre) is the second approver"),
        "{}",
        said(0)
    );
    assert!(
        said(30).ends_with(
            "1 go from before the window closed at 2026-11-21 14:30Z is withdrawn (policy)"
        ),
        "{}",
        said(30)
    );
}
