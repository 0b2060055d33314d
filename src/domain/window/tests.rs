//! Rules W1 to W4 with the vectors of W2.

use jiff::civil::{datetime, time};

use super::*;
use crate::domain::gate::fixture::{at, daily, window};
use WindowEffect::{Allow, Deny};

fn state(windows: &[Window], now: &str) -> ScheduleState {
    Schedule::new(windows, &"checkout".into(), &"production".into()).state(at(now))
}

fn is_open(windows: &[Window], now: &str) -> bool {
    state(windows, now).open
}

fn office(effect: WindowEffect) -> Window {
    daily("office", effect, time(9, 0, 0, 0), time(17, 0, 0, 0), "UTC")
}

fn once(effect: WindowEffect, from: DateTime, to: DateTime, zone: &str) -> Window {
    window("once", effect, Span::Once { from, to }, zone)
}

fn length(windows: &[Window], inside: &str) -> SignedDuration {
    let interval = windows[0].interval_at(at(inside)).unwrap();
    interval.end.duration_since(interval.start)
}

#[test]
fn w1_an_interval_is_open_at_its_start_and_closed_at_its_end() {
    let windows = [office(Allow)];
    assert!(!is_open(&windows, "2026-11-20T08:59:59.999Z"));
    assert!(is_open(&windows, "2026-11-20T09:00:00Z"));
    assert!(is_open(&windows, "2026-11-20T16:59:59.999Z"));
    assert!(!is_open(&windows, "2026-11-20T17:00:00Z"));
}

#[test]
fn w1_deny_beats_allow_and_gives_its_reason() {
    let mut freeze = once(
        Deny,
        datetime(2026, 11, 20, 12, 0, 0, 0),
        datetime(2026, 11, 20, 13, 0, 0, 0),
        "UTC",
    );
    freeze.reason = Some("quarter end".to_owned());
    let windows = [office(Allow), freeze];
    let state = state(&windows, "2026-11-20T12:30:00Z");
    assert!(!state.open);
    assert_eq!(state.by.as_deref(), Some("once"));
    assert_eq!(state.reason.as_deref(), Some("quarter end"));
    assert_eq!(state.opens_at, Some(at("2026-11-20T13:00:00Z")));
}

#[test]
fn w1_allow_windows_unite_and_close_when_the_last_of_a_chain_does() {
    let windows = [
        daily("early", Allow, time(8, 0, 0, 0), time(12, 0, 0, 0), "UTC"),
        daily("late", Allow, time(12, 0, 0, 0), time(15, 0, 0, 0), "UTC"),
        daily("other", Allow, time(20, 0, 0, 0), time(21, 0, 0, 0), "UTC"),
    ];
    let state = state(&windows, "2026-11-20T09:00:00Z");
    assert!(state.open);
    assert_eq!(state.changes_at, Some(at("2026-11-20T15:00:00Z")));
    assert!(is_open(&windows, "2026-11-20T12:00:00Z"));
    assert!(is_open(&windows, "2026-11-20T20:30:00Z"));
}

#[test]
fn w1_without_an_allow_window_everything_is_allowed_but_a_freeze() {
    assert!(is_open(&[], "2026-11-20T03:00:00Z"));
    let freeze = [office(Deny)];
    assert!(!is_open(&freeze, "2026-11-20T12:00:00Z"));
    let state = state(&freeze, "2026-11-20T03:00:00Z");
    assert!(state.open);
    assert_eq!(state.by, None);
    assert_eq!(state.changes_at, Some(at("2026-11-20T09:00:00Z")));
}

#[test]
fn a_window_of_another_cell_does_not_count() {
    let mut window = office(Deny);
    window.environments = vec!["staging".into()];
    assert!(is_open(&[window.clone()], "2026-11-20T12:00:00Z"));
    window.environments = vec!["production".into()];
    window.services = vec!["billing".into()];
    assert!(is_open(&[window.clone()], "2026-11-20T12:00:00Z"));
    window.services = vec!["checkout".into()];
    assert!(!is_open(&[window], "2026-11-20T12:00:00Z"));
}

#[test]
fn w2_a_freeze_from_a_time_that_does_not_exist_starts_at_the_earliest_reading() {
    // Berlin 2026-03-29: 02:30 reads as 00:30 or 01:30 UTC.
    let freeze = [once(
        Deny,
        datetime(2026, 3, 29, 2, 30, 0, 0),
        datetime(2026, 3, 29, 12, 0, 0, 0),
        "Europe/Berlin",
    )];
    assert!(is_open(&freeze, "2026-03-29T00:29:59Z"));
    assert!(!is_open(&freeze, "2026-03-29T00:30:00Z"));
}

#[test]
fn w2_an_allow_window_from_a_time_that_does_not_exist_starts_at_the_latest_reading() {
    let allow = [once(
        Allow,
        datetime(2026, 3, 29, 2, 30, 0, 0),
        datetime(2026, 3, 29, 12, 0, 0, 0),
        "Europe/Berlin",
    )];
    assert!(!is_open(&allow, "2026-03-29T01:29:59Z"));
    assert!(is_open(&allow, "2026-03-29T01:30:00Z"));
}

#[test]
fn w2_an_allow_window_to_a_time_that_does_not_exist_ends_at_the_earliest_reading() {
    let (from, to) = (
        datetime(2026, 3, 29, 0, 0, 0, 0),
        datetime(2026, 3, 29, 2, 30, 0, 0),
    );
    let allow = [once(Allow, from, to, "Europe/Berlin")];
    assert!(is_open(&allow, "2026-03-29T00:29:59Z"));
    assert!(!is_open(&allow, "2026-03-29T00:30:00Z"));
    let freeze = [once(Deny, from, to, "Europe/Berlin")];
    assert!(!is_open(&freeze, "2026-03-29T01:29:59Z"));
    assert!(is_open(&freeze, "2026-03-29T01:30:00Z"));
}

#[test]
fn w2_berlin_half_past_two_in_autumn_is_two_instants() {
    // 2026-10-25 02:30 is 00:30 and 01:30 UTC.
    let (before, half) = (
        datetime(2026, 10, 25, 0, 0, 0, 0),
        datetime(2026, 10, 25, 2, 30, 0, 0),
    );
    let after = datetime(2026, 10, 25, 12, 0, 0, 0);
    let zone = "Europe/Berlin";
    assert!(!is_open(
        &[once(Allow, half, after, zone)],
        "2026-10-25T01:29:59Z"
    ));
    assert!(is_open(
        &[once(Allow, half, after, zone)],
        "2026-10-25T01:30:00Z"
    ));
    assert!(is_open(
        &[once(Allow, before, half, zone)],
        "2026-10-25T00:29:59Z"
    ));
    assert!(!is_open(
        &[once(Allow, before, half, zone)],
        "2026-10-25T00:30:00Z"
    ));
    assert!(!is_open(
        &[once(Deny, half, after, zone)],
        "2026-10-25T00:30:00Z"
    ));
    assert!(!is_open(
        &[once(Deny, before, half, zone)],
        "2026-10-25T01:29:59Z"
    ));
    assert!(is_open(
        &[once(Deny, before, half, zone)],
        "2026-10-25T01:30:00Z"
    ));
}

#[test]
fn w2_new_york_half_past_one_in_autumn_is_two_instants() {
    // 2026-11-01 01:30 is 05:30 and 06:30 UTC.
    let zone = "America/New_York";
    let (half, noon) = (
        datetime(2026, 11, 1, 1, 30, 0, 0),
        datetime(2026, 11, 1, 12, 0, 0, 0),
    );
    assert!(is_open(
        &[once(Deny, half, noon, zone)],
        "2026-11-01T05:29:59Z"
    ));
    assert!(!is_open(
        &[once(Deny, half, noon, zone)],
        "2026-11-01T05:30:00Z"
    ));
    assert!(!is_open(
        &[once(Allow, half, noon, zone)],
        "2026-11-01T06:29:59Z"
    ));
    assert!(is_open(
        &[once(Allow, half, noon, zone)],
        "2026-11-01T06:30:00Z"
    ));
}

#[test]
fn w2_an_allow_window_inside_the_doubled_hour_never_opens() {
    let zone = "Europe/Berlin";
    let (from, to) = (
        datetime(2026, 10, 25, 2, 15, 0, 0),
        datetime(2026, 10, 25, 2, 45, 0, 0),
    );
    assert_eq!(
        state(&[once(Allow, from, to, zone)], "2026-10-24T00:00:00Z").opens_at,
        None
    );
    assert!(!is_open(
        &[once(Deny, from, to, zone)],
        "2026-10-25T00:50:00Z"
    ));
}

#[test]
fn w2_a_night_window_is_five_hours_in_spring_and_seven_in_autumn() {
    let night = [daily(
        "night",
        Allow,
        time(22, 0, 0, 0),
        time(4, 0, 0, 0),
        "Europe/Berlin",
    )];
    assert_eq!(
        length(&night, "2026-03-29T00:00:00Z"),
        SignedDuration::from_hours(5)
    );
    assert_eq!(
        length(&night, "2026-10-25T00:00:00Z"),
        SignedDuration::from_hours(7)
    );
    assert_eq!(
        length(&night, "2026-06-01T00:00:00Z"),
        SignedDuration::from_hours(6)
    );
}

#[test]
fn w2_nine_in_new_york_is_three_or_two_in_berlin() {
    let nine = daily(
        "nine",
        Allow,
        time(9, 0, 0, 0),
        time(10, 0, 0, 0),
        "America/New_York",
    );
    let starts = |after: &str| {
        let start = nine.next_start(at(after)).unwrap();
        TimeZone::get("Europe/Berlin").unwrap().to_datetime(start)
    };
    assert_eq!(
        starts("2026-03-07T00:00:00Z"),
        datetime(2026, 3, 7, 15, 0, 0, 0)
    );
    assert_eq!(
        starts("2026-03-10T00:00:00Z"),
        datetime(2026, 3, 10, 14, 0, 0, 0)
    );
}

#[test]
fn w3_from_after_to_runs_into_the_next_day_of_the_day_it_starts_on() {
    let friday = [window(
        "friday night",
        Allow,
        Span::Weekly {
            days: vec![Weekday::Friday],
            from: time(22, 0, 0, 0),
            to: End::At(time(4, 0, 0, 0)),
        },
        "UTC",
    )];
    assert!(is_open(&friday, "2026-11-20T23:00:00Z"));
    assert!(is_open(&friday, "2026-11-21T03:59:00Z"));
    assert!(!is_open(&friday, "2026-11-20T03:00:00Z"));
    assert!(!is_open(&friday, "2026-11-21T22:30:00Z"));
}

#[test]
fn from_equal_to_is_empty() {
    let same = time(9, 0, 0, 0);
    let state = state(
        &[daily("same", Allow, same, same, "UTC")],
        "2026-11-20T09:00:00Z",
    );
    assert!(!state.open);
    assert_eq!(state.opens_at, None);
}

#[test]
fn w4_opens_at_is_when_the_whole_schedule_is_open() {
    // The allow window opens at 09:00, but a freeze lasts until Monday 10:00.
    let freeze = once(
        Deny,
        datetime(2026, 11, 20, 8, 0, 0, 0),
        datetime(2026, 11, 23, 10, 0, 0, 0),
        "UTC",
    );
    let state = state(&[office(Allow), freeze], "2026-11-20T07:00:00Z");
    assert_eq!(state.by, None);
    assert_eq!(state.opens_at, Some(at("2026-11-23T10:00:00Z")));
    assert_eq!(state.changes_at, state.opens_at);
}

#[test]
fn w4_a_schedule_that_never_opens_has_no_known_opening() {
    let windows = [
        office(Allow),
        daily("always", Deny, time(8, 0, 0, 0), time(18, 0, 0, 0), "UTC"),
    ];
    assert_eq!(state(&windows, "2026-11-20T07:00:00Z").opens_at, None);
    let past = once(
        Allow,
        datetime(2026, 1, 1, 0, 0, 0, 0),
        datetime(2026, 1, 2, 0, 0, 0, 0),
        "UTC",
    );
    assert_eq!(state(&[past], "2026-11-20T07:00:00Z").opens_at, None);
}

#[test]
fn w4_an_opening_after_more_than_four_hundred_days_is_not_looked_for() {
    let freeze = once(
        Deny,
        datetime(2026, 1, 1, 0, 0, 0, 0),
        datetime(2027, 12, 31, 0, 0, 0, 0),
        "UTC",
    );
    assert_eq!(
        state(std::slice::from_ref(&freeze), "2026-11-20T00:00:00Z").opens_at,
        None
    );
    assert!(state(&[freeze], "2026-11-27T00:00:00Z").opens_at.is_some());
}

#[test]
fn an_open_schedule_closes_when_the_next_freeze_begins() {
    let freeze = once(
        Deny,
        datetime(2026, 11, 20, 16, 0, 0, 0),
        datetime(2026, 11, 23, 0, 0, 0, 0),
        "UTC",
    );
    let state = state(&[office(Allow), freeze], "2026-11-20T10:00:00Z");
    assert_eq!(state.by.as_deref(), Some("office"));
    assert_eq!(state.changes_at, Some(at("2026-11-20T16:00:00Z")));
    assert_eq!(state.opens_at, None);
}

#[test]
fn a_schedule_that_never_closes_has_no_change() {
    let windows = [
        daily("day", Allow, time(0, 0, 0, 0), time(12, 0, 0, 0), "UTC"),
        daily("night", Allow, time(12, 0, 0, 0), time(0, 0, 0, 0), "UTC"),
    ];
    let state = state(&windows, "2026-11-20T10:00:00Z");
    assert!(state.open);
    assert_eq!(state.changes_at, None);
}

/// From 22:00 in Berlin, for six hours.
fn six_hours(effect: WindowEffect) -> [Window; 1] {
    let mut night = daily(
        "night",
        effect,
        time(22, 0, 0, 0),
        time(4, 0, 0, 0),
        "Europe/Berlin",
    );
    if let Span::Weekly { to, .. } = &mut night.span {
        *to = End::After(SignedDuration::from_hours(6));
    }
    [night]
}

#[test]
fn w3_a_duration_is_time_that_passes_also_where_the_clocks_change() {
    // By the clock on the wall it ends at 05:00 in spring, at 03:00 in autumn, else at 04:00.
    for (inside, ends) in [
        ("2026-03-28T23:00:00Z", "2026-03-29T03:00:00Z"),
        ("2026-10-24T23:00:00Z", "2026-10-25T02:00:00Z"),
        ("2026-11-20T23:00:00Z", "2026-11-21T03:00:00Z"),
    ] {
        for effect in [Allow, Deny] {
            let windows = six_hours(effect);
            assert_eq!(length(&windows, inside), SignedDuration::from_hours(6));
            let interval = windows[0].interval_at(at(inside)).unwrap();
            assert_eq!(interval.end, at(ends), "{inside}");
        }
    }
}

#[test]
fn w2_a_start_that_exists_twice_makes_a_freeze_longer_and_a_window_shorter() {
    let lasting = |effect, hours| {
        let mut night = daily(
            "night",
            effect,
            time(2, 30, 0, 0),
            time(4, 0, 0, 0),
            "Europe/Berlin",
        );
        if let Span::Weekly { to, .. } = &mut night.span {
            *to = End::After(SignedDuration::from_hours(hours));
        }
        [night]
    };
    // 02:30 on that night is 00:30 and 01:30 UTC.
    let window = lasting(Allow, 6);
    let interval = window[0].interval_at(at("2026-10-25T05:00:00Z")).unwrap();
    assert_eq!(interval.start, at("2026-10-25T01:30:00Z"));
    assert_eq!(interval.end, at("2026-10-25T06:30:00Z"));
    let freeze = lasting(Deny, 6);
    let interval = freeze[0].interval_at(at("2026-10-25T05:00:00Z")).unwrap();
    assert_eq!(interval.start, at("2026-10-25T00:30:00Z"));
    assert_eq!(interval.end, at("2026-10-25T07:30:00Z"));
    // An hour from a time that is in doubt by an hour is no time at all.
    let short = lasting(Allow, 1);
    assert_eq!(short[0].interval_at(at("2026-10-25T01:30:00Z")), None);
}

#[test]
fn w3_a_window_of_days_is_on_for_all_of_them() {
    let mut weekend = window(
        "weekend",
        Allow,
        Span::Weekly {
            days: vec![Weekday::Friday],
            from: time(20, 0, 0, 0),
            to: End::After(SignedDuration::from_hours(60)),
        },
        "Europe/Berlin",
    );
    weekend.reason = Some("nobody is there".to_owned());
    let windows = [weekend];
    assert!(is_open(&windows, "2026-11-20T19:00:00Z"));
    assert!(is_open(&windows, "2026-11-22T12:00:00Z"));
    assert!(is_open(&windows, "2026-11-23T06:59:00Z"));
    assert!(!is_open(&windows, "2026-11-23T07:00:00Z"));
    let state = state(&windows, "2026-11-23T07:00:00Z");
    assert_eq!(state.opens_at, Some(at("2026-11-27T19:00:00Z")));
}
