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
pub(super) fn freeze(case: &Case<'_>) -> (String, String) {
    let now = case.now;
    // The minute after, so that it never ends too early.
    let end = last(case)
        .filter(|until| until.duration_since(now) < OPEN)
        .and_then(|until| until.checked_add(MINUTE).ok());
    let end = end.or_else(|| now.checked_sub(MINUTE).ok()).unwrap_or(now);
    (cron(now), cron(end))
}

/// When the last of the holds ends, if they all do.
fn last(case: &Case<'_>) -> Option<Timestamp> {
    let ends = case.holds.iter().map(|hold| hold.until);
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
