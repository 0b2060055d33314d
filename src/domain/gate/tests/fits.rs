use jiff::SignedDuration;
use jiff::civil::time;

use super::golden::explained;
use crate::domain::deployment::Deployment;
use crate::domain::gate::fixture::{World, ago, daily, deployment, later};
use crate::domain::gate::{Earliest, State};
use crate::domain::phase::Phase;
use crate::domain::policy::{FitsRule, GateSpec, HealthRule, Verification};
use crate::domain::window::WindowEffect::{Allow, Deny};

/// Deployments of the last days took 4 to 12 minutes each: with a rollback of the same and the margin
/// of 6 minutes, half an hour is needed. Open is from 13:00 to 16:00; it is 14:00.
fn world() -> World {
    let mut world = World::new(vec![GateSpec::Fits(FitsRule {
        margin: SignedDuration::from_mins(6),
    })]);
    let window = daily(
        "evenings",
        Allow,
        time(13, 0, 0, 0),
        time(16, 0, 0, 0),
        "UTC",
    );
    world.policy.windows = vec![window];
    took(&mut world, &[4, 12, 6, 5, 8]);
    world
}

/// Each deployment into production took so many minutes; a day lies between two.
/// A window of today, and history enough.
pub(super) fn usual(of: &mut World) {
    of.policy.windows = world().policy.windows;
    took(of, &[4, 12, 6, 5, 8]);
}

fn took(world: &mut World, minutes: &[i64]) {
    let staging = world.known().deployments.clone();
    world.known().deployments = staging
        .into_iter()
        .filter(|deployment| deployment.environment.as_str() == "staging")
        .collect();
    let count = minutes.len();
    for (place, minutes) in minutes.iter().enumerate() {
        let days = i64::try_from(count - place).unwrap();
        let ended = days * 24 * 60;
        let last = place + 1 == count;
        let letter = if last {
            'a'
        } else {
            char::from(b'1' + u8::try_from(place).unwrap())
        };
        // A superseded one changed when the next one went live.
        world.known().deployments.push(Deployment {
            created_at: ago(ended + minutes),
            changed_at: ago(if last { ended } else { ended - 24 * 60 }),
            ..deployment(
                100 + u64::try_from(place).unwrap(),
                "production",
                letter,
                if last {
                    Phase::Succeeded
                } else {
                    Phase::Superseded
                },
                0,
            )
        });
    }
    // So that the first one's success is known.
    world.known().deployments.push(Deployment {
        created_at: ago(100 * 24 * 60),
        changed_at: ago(i64::try_from(count).unwrap() * 24 * 60),
        ..deployment(99, "production", 'f', Phase::Superseded, 0)
    });
}

#[test]
fn every_verdict_explains_itself() {
    let open = world();
    let mut late = world();
    late.policy.windows = vec![daily(
        "evenings",
        Allow,
        time(13, 0, 0, 0),
        time(14, 20, 0, 0),
        "UTC",
    )];
    let mut never = world();
    never.policy.windows = vec![daily(
        "short",
        Allow,
        time(13, 50, 0, 0),
        time(14, 10, 0, 0),
        "UTC",
    )];
    let mut little = world();
    took(&mut little, &[5, 6]);
    let mut endless = world();
    endless.policy.windows = vec![daily(
        "lunch",
        Deny,
        time(12, 0, 0, 0),
        time(13, 0, 0, 0),
        "UTC",
    )];
    let mut free = world();
    free.policy.windows.clear();
    let mut unread = world();
    unread.facts.last = None;
    let verdicts = [
        open.verdict("fits"),
        late.verdict("fits"),
        open.verdict_at("fits", later(180)),
        never.verdict("fits"),
        little.verdict("fits"),
        endless.verdict("fits"),
        free.verdict("fits"),
        unread.verdict("fits"),
    ];
    insta::assert_snapshot!(explained(&verdicts));
}

#[test]
fn it_is_open_until_just_so_much_is_left_as_it_takes() {
    let world = world();
    let verdict = world.verdict("fits");
    assert_eq!(verdict.state, State::Open);
    assert_eq!(
        verdict.valid_until,
        Some(later(50)).min(world.case().valid_until()),
    );
    let stays = |minutes: i64| world.verdict_at("fits", later(minutes)).state;
    assert_eq!(stays(89), State::Open);
    assert_eq!(stays(90), State::Waiting);
    assert_eq!(stays(119), State::Waiting);
}

#[test]
fn it_waits_for_the_next_window_that_is_long_enough() {
    let mut world = world();
    world.policy.windows = vec![
        daily("short", Allow, time(14, 0, 0, 0), time(14, 10, 0, 0), "UTC"),
        daily("brief", Allow, time(15, 0, 0, 0), time(15, 20, 0, 0), "UTC"),
        daily("long", Allow, time(18, 0, 0, 0), time(20, 0, 0, 0), "UTC"),
    ];
    let verdict = world.verdict("fits");
    assert_eq!(
        (verdict.state, verdict.opens_at),
        (State::Waiting, Some(later(240)))
    );
    assert_eq!(
        world.judge().earliest,
        Earliest::At {
            at: later(240),
            gate: "fits".into()
        }
    );
}

#[test]
fn a_freeze_that_cuts_a_window_short_counts() {
    let mut world = world();
    let freeze = daily("freeze", Deny, time(14, 20, 0, 0), time(23, 0, 0, 0), "UTC");
    world.policy.windows.push(freeze);
    let verdict = world.verdict("fits");
    assert_eq!(verdict.why, "it takes 30m, and only 20m are left");
    // Tomorrow at 13:00.
    assert_eq!(verdict.opens_at, Some(later(23 * 60)));
}

#[test]
fn four_deployments_tell_nothing_and_five_do() {
    let mut world = world();
    took(&mut world, &[200, 200, 200, 200]);
    assert_eq!(
        world.says("fits"),
        (
            State::Open,
            "only 4 deployments into production to judge by, 5 are needed".into()
        )
    );
    took(&mut world, &[200, 200, 200, 200, 200]);
    assert_eq!(world.verdict("fits").state, State::Closed);
}

#[test]
fn a_verification_that_has_no_history_takes_its_whole_time_limit() {
    let mut world = world();
    let stage = &mut world.policy.nth(0).path[2];
    stage.verification = Some(Verification {
        within: SignedDuration::from_mins(100),
        health: HealthRule {
            probes: Vec::new(),
            every: SignedDuration::from_secs(30),
        },
        tasks: Vec::new(),
    });
    assert_eq!(world.says("fits").1, "it takes 2h10m, and only 2h are left");
}
