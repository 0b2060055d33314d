//! How gates word spans of time and instants. Verdicts are read in UTC everywhere.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

/// `40s`, `12m`, `5h12m`, `24h`, `4d3h`: at most two units, rounded down.
pub fn span(span: SignedDuration) -> String {
    let seconds = span.as_secs().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let two = |whole: i64, unit: char, part: i64, small: char| match part {
        0 => format!("{whole}{unit}"),
        part => format!("{whole}{unit}{part}{small}"),
    };
    match (seconds, hours) {
        (..120, _) => format!("{seconds}s"),
        (_, ..2) => format!("{minutes}m"),
        (_, ..72) => two(hours, 'h', minutes % 60, 'm'),
        (_, _) => two(days, 'd', hours % 24, 'h'),
    }
}

/// `15:00Z` on the day of `now`, else `2026-11-22 15:00Z`.
pub fn instant(at: Timestamp, now: Timestamp) -> String {
    let (at, now) = (
        TimeZone::UTC.to_datetime(at),
        TimeZone::UTC.to_datetime(now),
    );
    let clock = format!("{:02}:{:02}Z", at.hour(), at.minute());
    if at.date() == now.date() {
        clock
    } else {
        format!("{} {clock}", at.date())
    }
}

/// `2026-11-22 15:00Z`, whichever day it is: what a verdict says does not change at midnight.
pub fn moment(at: Timestamp) -> String {
    let at = TimeZone::UTC.to_datetime(at);
    format!("{} {:02}:{:02}Z", at.date(), at.hour(), at.minute())
}

/// `ann`, `ann and raj`, `ann, raj and eve`.
pub fn list<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    match items.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// `ann`, `ann or raj`, `ann, raj or eve`.
pub fn either<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    match items.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_people_say_them() {
        let said = |seconds| span(SignedDuration::from_secs(seconds));
        assert_eq!(said(-5), "0s");
        assert_eq!(said(59), "59s");
        assert_eq!(said(61 * 60), "61m");
        assert_eq!(said(5 * 3600 + 12 * 60 + 59), "5h12m");
        assert_eq!(said(24 * 3600), "24h");
        assert_eq!(said(99 * 3600), "4d3h");
    }

    #[test]
    fn an_instant_of_another_day_says_which() {
        let now: Timestamp = "2026-11-21T14:17:00Z".parse().unwrap();
        assert_eq!(
            instant("2026-11-21T15:00:00Z".parse().unwrap(), now),
            "15:00Z"
        );
        assert_eq!(
            instant("2026-11-22T15:00:00Z".parse().unwrap(), now),
            "2026-11-22 15:00Z"
        );
    }

    #[test]
    fn a_list_ends_in_and() {
        assert_eq!(list(["ann", "raj", "eve"]), "ann, raj and eve");
        assert_eq!(either(["ann", "raj", "eve"]), "ann, raj or eve");
        assert_eq!(list(Vec::<&str>::new()), "");
    }
}
