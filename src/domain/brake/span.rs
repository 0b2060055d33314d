//! From when to when a freeze lasts: as cron expressions for the forge, and read from them again.
//!
//! Cron knows no years: a freeze without an end ends in a year, a minute before it would begin again.

use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{Case, Mark, Tried};

/// A freeze that is as long as this one has no end.
const OPEN: SignedDuration = SignedDuration::from_hours(360 * 24);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// The two cron expressions, in UTC, of a freeze that is on from now until every hold has ended.
///
/// A freeze carries nothing but its times, and is of the whole project. So that one whose answer was
/// lost is not taken for another cell's, each begins in minutes of its own: some may have gone by.
pub(super) fn freeze(case: &Case<'_>) -> (String, String) {
    let now = own_minute(case.now, case.place);
    // The minute after, so that it never ends too early.
    let end = last(case)
        .filter(|until| until.duration_since(now) < OPEN)
        .and_then(|until| until.checked_add(MINUTE).ok());
    let end = end.or_else(|| now.checked_sub(MINUTE).ok()).unwrap_or(now);
    (cron(now), cron(end))
}

/// The last minute up to `now` that belongs to one of so many cells.
fn own_minute(now: Timestamp, (place, of): (usize, usize)) -> Timestamp {
    let number = |count: usize| i64::try_from(count).unwrap_or(0);
    let gone = now.as_second().div_euclid(60) - number(place);
    let back = gone.rem_euclid(number(of).max(1));
    now.checked_sub(SignedDuration::from_mins(back))
        .unwrap_or(now)
}

/// When the last of the holds ends, if they all do.
fn last(case: &Case<'_>) -> Option<Timestamp> {
    let ends = case.holds.iter().map(|hold| hold.ends_at());
    ends.reduce(|one, other| Some(one?.max(other?))).flatten()
}

/// Says whether a mark is there as long as anything holds its cell: a freeze ends by itself.
pub(super) fn lasts(case: &Case<'_>, tried: &Tried<'_>) -> bool {
    let Some(end) = end(tried) else {
        return true;
    };
    last(case).is_some_and(|last| last <= end)
}

/// When a freeze ends by itself; `None` if it has no end, or is no freeze.
pub(super) fn end(tried: &Tried<'_>) -> Option<Timestamp> {
    let Mark::Freeze { end, .. } = &tried.mark else {
        return None;
    };
    let since = tried.placing.intended_at;
    let end = next(end, since)?;
    (end.duration_since(since) < OPEN).then_some(end)
}

fn cron(at: Timestamp) -> String {
    at.strftime("%-M %-H %-d %-m *").to_string()
}

/// The first instant from `since` on that an expression of ours names.
fn next(cron: &str, since: Timestamp) -> Option<Timestamp> {
    let mut fields = cron.split_whitespace().map(str::parse::<i8>);
    let mut field = || fields.next()?.ok();
    let (minute, hour, day, month) = (field()?, field()?, field()?, field()?);
    let year = since.to_zoned(TimeZone::UTC).year();
    let time = Time::new(hour, minute, 0, 0).ok()?;
    // The twenty-ninth of February comes every eight years at the least.
    (year..year.saturating_add(9)).find_map(|year| {
        let date = Date::new(year, month, day).ok()?;
        let at = DateTime::from_parts(date, time);
        let at = at.to_zoned(TimeZone::UTC).ok()?;
        Some(at.timestamp()).filter(|at| at.duration_since(since) > -MINUTE)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_cells_of_a_project_begin_a_freeze_in_the_same_minute() {
        let at = |minute: i64| Timestamp::from_second(1_790_000_000 + 60 * minute).unwrap();
        for of in 1..5 {
            let begun = |place: usize| {
                let minutes = (0..12).map(at);
                let begun = minutes.map(move |now| (now, own_minute(now, (place, of))));
                begun.collect::<Vec<_>>()
            };
            for place in 0..of {
                for (now, start) in begun(place) {
                    let past = now.duration_since(start).as_mins();
                    assert!((0..i64::try_from(of).unwrap()).contains(&past));
                    let others = (0..of).filter(|other| *other != place).flat_map(begun);
                    assert!(others.into_iter().all(|(_, other)| other != start));
                }
            }
        }
    }

    #[test]
    fn an_expression_of_ours_is_read_as_the_instant_that_it_was_made_of() {
        for (since, cron, at) in [
            (
                "2026-11-21T14:20:30Z",
                "51 15 21 11 *",
                Some("2026-11-21T15:51:00Z"),
            ),
            (
                "2026-11-21T14:20:30Z",
                "19 14 21 11 *",
                Some("2027-11-21T14:19:00Z"),
            ),
            (
                "2026-12-31T23:50:00Z",
                "10 0 1 1 *",
                Some("2027-01-01T00:10:00Z"),
            ),
            (
                "2026-11-21T14:20:30Z",
                "0 0 29 2 *",
                Some("2028-02-29T00:00:00Z"),
            ),
            ("2026-11-21T14:20:30Z", "0 18 * * 5", None),
            ("2026-11-21T14:20:30Z", "", None),
        ] {
            let since: Timestamp = since.parse().unwrap();
            let at: Option<Timestamp> = at.map(|at| at.parse().unwrap());
            assert_eq!(next(cron, since), at, "{cron}");
            if let Some(at) = at {
                assert_eq!(super::cron(at), cron);
            }
        }
    }
}
