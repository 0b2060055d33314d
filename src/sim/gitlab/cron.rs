//! Cron expressions of freeze periods, and whether such a period is on.

use jiff::{SignedDuration, Timestamp, Zoned, tz::TimeZone};

use crate::sim::model::{State, gitlab::Freeze};

/// Five fields: minute, hour, day of the month, month, day of the week.
#[derive(Debug, Clone)]
pub struct Cron([Vec<i8>; 5], [bool; 2]);

const BOUNDS: [(i8, i8); 5] = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

impl Cron {
    /// Reads an expression with lists, ranges and steps.
    pub fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let fields: [&str; 5] = fields.try_into().ok()?;
        let mut all: [Vec<i8>; 5] = Default::default();
        for ((into, text), (low, high)) in all.iter_mut().zip(fields).zip(BOUNDS) {
            for part in text.split(',') {
                let (range, step) = match part.split_once('/') {
                    Some((range, step)) => (range, step.parse().ok().filter(|it| *it > 0)?),
                    None => (part, 1_usize),
                };
                let (from, to) = match range.split_once('-') {
                    _ if range == "*" => (low, high),
                    Some((from, to)) => (number(from)?, number(to)?),
                    None => (number(range)?, number(range)?),
                };
                if from < low || to > high || from > to {
                    return None;
                }
                into.extend((from..=to).step_by(step));
            }
        }
        // Sunday is 0 and 7.
        if all[4].contains(&7) {
            all[4].push(0);
        }
        Some(Self(all, [fields[2] == "*", fields[4] == "*"]))
    }

    fn day(&self, at: &Zoned) -> bool {
        let Self([_, _, days, months, weekdays], [any_day, any_weekday]) = self;
        let day = days.contains(&at.day());
        let weekday = weekdays.contains(&at.weekday().to_sunday_zero_offset());
        // As cron has it: either of the two, if both are given.
        let fits = match (any_day, any_weekday) {
            (true, true) => true,
            (false, true) => day,
            (true, false) => weekday,
            (false, false) => day || weekday,
        };
        fits && months.contains(&at.month())
    }

    /// The newest instant up to `now` that the expression names, within a year.
    pub fn before(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut at = now.to_zoned(zone.clone());
        at = at.with().second(0).subsec_nanosecond(0).build().ok()?;
        for _ in 0..370 {
            if self.day(&at) {
                let today = at.date();
                while at.date() == today {
                    if self.0[0].contains(&at.minute()) && self.0[1].contains(&at.hour()) {
                        return Some(at.timestamp());
                    }
                    at = at.checked_sub(SignedDuration::from_mins(1)).ok()?;
                }
            } else {
                // The last minute of the day before.
                at = at.start_of_day().ok()?;
                at = at.checked_sub(SignedDuration::from_mins(1)).ok()?;
            }
        }
        None
    }
}

fn number(text: &str) -> Option<i8> {
    let day = DAYS.iter().position(|it| text.eq_ignore_ascii_case(it));
    day.and_then(|it| i8::try_from(it).ok())
        .or_else(|| text.parse().ok())
}

/// Says whether a freeze is on: it began after it last ended.
pub fn active(freeze: &Freeze, now: Timestamp) -> bool {
    let Ok(zone) = TimeZone::get(&freeze.zone) else {
        return false;
    };
    let last = |text: &str| Cron::parse(text)?.before(now, &zone);
    match (last(&freeze.start), last(&freeze.end)) {
        (Some(start), Some(end)) => start > end,
        (start, None) => start.is_some(),
        (None, Some(_)) => false,
    }
}

impl State {
    /// Says whether a project's deployments are frozen now.
    pub(crate) fn frozen(&self, repo: u64) -> bool {
        let project = self.repo_by_id(repo).and_then(|it| it.gitlab.as_ref());
        project.is_some_and(|it| it.freezes.iter().any(|it| active(it, self.now)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_freeze_is_on_between_its_start_and_its_end() {
        let freeze = |start: &str, end: &str, zone: &str| Freeze {
            id: 1,
            start: start.to_owned(),
            end: end.to_owned(),
            zone: zone.to_owned(),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        };
        // 2026-11-21 is a Saturday.
        let now: Timestamp = "2026-11-21T18:30:00Z".parse().unwrap();
        let cases = [
            (freeze("0 18 * * 5", "0 6 * * 1", "UTC"), true),
            (freeze("0 18 * * fri", "0 18 * * sat", "UTC"), false),
            (freeze("0 19 * * 6", "0 21 * * 6", "UTC"), false),
            (freeze("0 19 * * 6", "0 21 * * 6", "Europe/Berlin"), true),
            (freeze("0 0 20 11 *", "0 0 1 12 *", "UTC"), true),
            (freeze("*/15 9-17 * 1,2 *", "0 0 1 3 *", "UTC"), false),
            (freeze("0 0 * * *", "nonsense", "UTC"), true),
        ];
        for (it, expected) in cases {
            assert_eq!(active(&it, now), expected, "{it:?}");
        }
        for wrong in [
            "",
            "* * * *",
            "60 * * * *",
            "5-1 * * * *",
            "*/0 * * * *",
            "a b c d e",
        ] {
            assert!(Cron::parse(wrong).is_none(), "{wrong}");
        }
    }
}
