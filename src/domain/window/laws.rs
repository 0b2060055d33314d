//! The schedule against a slow oracle that knows wall clocks only by reading them: it asks the zone
//! for the offset at instants, never for the instant of a wall-clock time, and counts in minutes.

use std::sync::LazyLock;

use jiff::civil::date;
use proptest::prelude::*;

use super::*;

const ZONES: [&str; 5] = [
    "Europe/Berlin",
    "America/New_York",
    "UTC",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
];
const DAY: i64 = 1440;
/// 2026-01-01 and two years on, in minutes since 1970.
const FIRST: i64 = 20_454 * DAY;
const LAST: i64 = FIRST + 730 * DAY;
const MARGIN: i64 = 30 * DAY;
const STEP: i64 = 15;

/// What clocks in a zone show, minute by minute, over two years and a margin.
struct Clock {
    zone: TimeZone,
    name: &'static str,
    /// Minutes east of UTC for each quarter of an hour; no zone changes its clocks in between.
    offsets: Vec<i64>,
    /// The distinct ones.
    known: Vec<i64>,
    /// The first minute of each new offset.
    changes: Vec<i64>,
}

static CLOCKS: LazyLock<Vec<Clock>> = LazyLock::new(|| ZONES.into_iter().map(Clock::new).collect());

fn instant(minute: i64) -> Timestamp {
    Timestamp::from_second(minute * 60).unwrap()
}

fn minute(instant: Timestamp) -> i64 {
    assert_eq!(instant.as_second() % 60, 0);
    instant.as_second() / 60
}

impl Clock {
    fn new(name: &'static str) -> Self {
        let zone = TimeZone::get(name).unwrap();
        let quarters = || (FIRST - MARGIN..LAST + MARGIN).step_by(usize::try_from(STEP).unwrap());
        let offsets: Vec<i64> = quarters()
            .map(|minute| i64::from(zone.to_offset(instant(minute)).seconds()) / 60)
            .collect();
        let mut known = offsets.clone();
        known.sort_unstable();
        known.dedup();
        let changes = quarters()
            .zip(offsets.windows(2))
            .filter(|(_, pair)| pair[0] != pair[1])
            .map(|(minute, _)| minute + STEP)
            .filter(|minute| (FIRST..LAST).contains(minute))
            .collect();
        Self {
            zone,
            name,
            offsets,
            known,
            changes,
        }
    }

    fn offset(&self, minute: i64) -> i64 {
        let quarter = usize::try_from((minute - (FIRST - MARGIN)) / STEP).unwrap();
        self.offsets[quarter.min(self.offsets.len() - 1)]
    }

    /// The earliest and latest minute at which clocks show `wall`; if none does, those at which they
    /// would have, had they not been changed.
    fn meanings(&self, wall: i64) -> (i64, i64) {
        let shown: Vec<i64> = self
            .known
            .iter()
            .map(|offset| wall - offset)
            .filter(|minute| minute + self.offset(*minute) == wall)
            .collect();
        let all: Vec<i64> = if shown.is_empty() {
            self.known.iter().map(|offset| wall - offset).collect()
        } else {
            shown
        };
        (*all.iter().min().unwrap(), *all.iter().max().unwrap())
    }
}

/// A window as the oracle knows it.
#[derive(Clone, Debug)]
struct Rule {
    deny: bool,
    /// Bit 0 is Monday. Zero is a one-off.
    days: u8,
    /// Minutes of the day, or of wall-clock time since 1970 for a one-off.
    from: i64,
    to: i64,
}

impl Rule {
    fn is_on(&self, clock: &Clock, minute: i64) -> bool {
        let spans = |from: i64, to: i64| {
            let (from, to) = (clock.meanings(from), clock.meanings(to));
            if self.deny {
                from.0 <= minute && minute < to.1
            } else {
                from.1 <= minute && minute < to.0
            }
        };
        if self.days == 0 {
            return spans(self.from, self.to);
        }
        let today = (minute + clock.offset(minute)).div_euclid(DAY);
        (today - 3..=today + 3)
            // 1970-01-01 was a Thursday.
            .filter(|day| self.days & (1 << (day + 3).rem_euclid(7)) != 0)
            .any(|day| {
                let whole_day = self.from == 0 && self.to == 0;
                let overnight = self.from > self.to || whole_day;
                let end = if overnight { day + 1 } else { day };
                spans(day * DAY + self.from, end * DAY + self.to)
            })
    }

    fn window(&self, clock: &Clock) -> Window {
        let time = |minutes: i64| {
            Time::new(
                i8::try_from(minutes / 60).unwrap(),
                i8::try_from(minutes % 60).unwrap(),
                0,
                0,
            )
            .unwrap()
        };
        let span = if self.days == 0 {
            let wall = |minutes: i64| {
                date(1970, 1, 1)
                    .checked_add(SignedDuration::from_hours(minutes.div_euclid(DAY) * 24))
                    .unwrap()
                    .to_datetime(time(minutes.rem_euclid(DAY)))
            };
            Span::Once {
                from: wall(self.from),
                to: wall(self.to),
            }
        } else {
            let days = (0..7).filter(|day| self.days & (1 << day) != 0);
            Span::Weekly {
                days: days
                    .map(|day| Weekday::from_monday_zero_offset(day).unwrap())
                    .collect(),
                from: time(self.from),
                to: End::At(time(self.to)),
            }
        };
        Window {
            name: "window".to_owned(),
            effect: if self.deny {
                WindowEffect::Deny
            } else {
                WindowEffect::Allow
            },
            span,
            zone: clock.zone.clone(),
            zone_name: clock.name.to_owned(),
            environments: Vec::new(),
            services: Vec::new(),
            reason: None,
        }
    }
}

fn oracle(rules: &[Rule], clock: &Clock, minute: i64) -> bool {
    let is_on = |deny: bool| {
        rules
            .iter()
            .any(|rule| rule.deny == deny && rule.is_on(clock, minute))
    };
    !is_on(true) && (is_on(false) || rules.iter().all(|rule| rule.deny))
}

/// Half of the times of day are at night, where clocks are changed.
fn time_of_day() -> impl Strategy<Value = i64> {
    prop_oneof![0..DAY, 0..240i64, Just(0), Just(120), Just(150)]
}

fn rule() -> impl Strategy<Value = Rule> {
    let weekly = (any::<bool>(), 1..128u8, time_of_day(), time_of_day()).prop_map(
        |(deny, days, from, to)| Rule {
            deny,
            days,
            from,
            to: if from == to { (to + 60) % DAY } else { to },
        },
    );
    let once = (any::<bool>(), FIRST..LAST, 1..20 * DAY).prop_map(|(deny, from, length)| Rule {
        deny,
        days: 0,
        from,
        to: from + length,
    });
    prop_oneof![4 => weekly, 1 => once]
}

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    prop::collection::vec(rule(), 1..4)
}

fn zone() -> impl Strategy<Value = usize> {
    0..ZONES.len()
}

fn agree(rules: &[Rule], clock: &Clock, minutes: impl Iterator<Item = i64>) {
    let windows: Vec<Window> = rules.iter().map(|rule| rule.window(clock)).collect();
    let (service, environment) = ("checkout".into(), "production".into());
    let schedule = Schedule::new(&windows, &service, &environment);
    for minute in minutes {
        let at = instant(minute);
        assert_eq!(
            schedule.is_open(at),
            oracle(rules, clock, minute),
            "{at} in {}",
            clock.name
        );
    }
}

/// How many cases each law is asked of; `PROPTEST_CASES` asks for more.
fn cases() -> u32 {
    let wanted = std::env::var("PROPTEST_CASES").ok();
    wanted.and_then(|cases| cases.parse().ok()).unwrap_or(250)
}

proptest! {
    // A case that was found becomes a named test, so nothing is written beside the sources.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn windows_agree_with_a_minute_by_minute_oracle_around_every_change_of_clocks(
        rules in rules(),
        zone in zone(),
        change in any::<prop::sample::Index>(),
        shift in -400..400i64,
    ) {
        let clock = &CLOCKS[zone];
        if !clock.changes.is_empty() {
            let around = clock.changes[change.index(clock.changes.len())] + shift;
            agree(&rules, clock, around - 90..around + 90);
        }
    }

    #[test]
    fn windows_agree_with_a_minute_by_minute_oracle_on_any_day_of_two_years(
        rules in rules(),
        zone in zone(),
        start in FIRST..LAST,
        strides in FIRST..LAST,
    ) {
        let clock = &CLOCKS[zone];
        agree(&rules, clock, start..start + 120);
        agree(&rules, clock, (strides..strides + 7 * DAY).step_by(97));
    }

    #[test]
    fn a_schedule_changes_exactly_when_it_says(
        rules in rules(),
        zone in zone(),
        start in FIRST..LAST - 2 * DAY,
    ) {
        let clock = &CLOCKS[zone];
        let windows: Vec<Window> = rules.iter().map(|rule| rule.window(clock)).collect();
        let (service, environment) = ("checkout".into(), "production".into());
        let schedule = Schedule::new(&windows, &service, &environment);
        let state = schedule.state(instant(start));
        let end = state.changes_at.map_or(start + 2 * DAY, minute);
        // All minutes of the first hours, samples of the rest, and the last ones before the change.
        let soon = (start..end).take(200);
        let samples = (start..end.min(LAST)).step_by(333).take(100);
        let last = end.min(LAST) - 3.min(end - start)..end.min(LAST);
        for minute in soon.chain(samples).chain(last) {
            prop_assert_eq!(oracle(&rules, clock, minute), state.open, "{}", instant(minute));
        }
        if state.changes_at.is_some() && end < LAST {
            prop_assert_eq!(oracle(&rules, clock, end), !state.open, "{}", instant(end));
        }
        prop_assert_eq!(state.opens_at, if state.open { None } else { state.changes_at });
    }

    #[test]
    fn a_schedule_has_been_as_it_is_since_it_says(
        rules in rules(),
        zone in zone(),
        now in FIRST + 40 * DAY..LAST,
    ) {
        let clock = &CLOCKS[zone];
        let windows: Vec<Window> = rules.iter().map(|rule| rule.window(clock)).collect();
        let (service, environment) = ("checkout".into(), "production".into());
        let schedule = Schedule::new(&windows, &service, &environment);
        let open = schedule.is_open(instant(now));
        let since = schedule.since(instant(now)).map(minute);
        let begin = since.unwrap_or(now - 14 * DAY).max(FIRST);
        prop_assert!(begin <= now);
        // The first minutes, the last ones, and samples of those between.
        let samples = (begin..now).step_by(333).take(100);
        for minute in (begin..now).take(200).chain(samples).chain(now - 100.min(now - begin)..=now) {
            prop_assert_eq!(oracle(&rules, clock, minute), open, "{}", instant(minute));
        }
        if let Some(since) = since.filter(|since| *since > FIRST) {
            prop_assert_eq!(oracle(&rules, clock, since - 1), !open, "{}", instant(since));
        }
    }
}
