//! Windows that start at a time and last so long: `start` or `cron` with `duration`. Those that end by
//! the clock on the wall live in `window.rs`, rules in `recurrence.rs`, cron in `cron.rs`.

use jiff::civil::{DateTime, Time, Weekday};
use jiff::{SignedDuration, ToSpan};

use super::super::file::{Table, Value, Wall};
use super::cron::{self, Starts};
use super::recurrence::{self, FIRST};
use crate::domain::window::{Dates, End, Source, Span};

/// Nothing that recurs is on for longer.
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// For so many years starts are looked at for two that are too close: a leap year is among them.
const LOOKED_AT: i64 = 5;

/// Says whether a table is to be read so.
pub(super) fn is_meant(table: &Table<'_>) -> bool {
    table.get("duration").is_some() || table.get("cron").is_some()
}

/// Reads the span. Only a window is `weekly` where it says nothing else; its `days` are `None` if they
/// are wrong.
pub(super) fn span(table: &Table<'_>, weekly: bool, days: Option<Vec<Weekday>>) -> Option<Span> {
    if table.get("cron").is_some() {
        return by_cron(table);
    }
    let length = length(table);
    for (key, hint) in [
        ("to", "take one of the two out"),
        ("from", "write start = \"22:00\" instead"),
    ] {
        if let Some(value) = table.get(key) {
            value.error(
                format!("`{key}` beside `duration`, which counts from `start`"),
                Some(hint.to_owned()),
            );
        }
    }
    if table.get("from").is_some() {
        return None;
    }
    let example = if weekly || table.get("rule").is_some() {
        "\"22:00\""
    } else {
        "\"2026-12-20 18:00\""
    };
    let start = table.need("start", example)?;
    let wall = start.wall();
    if table.get("rule").is_some() {
        if let Some(value) = table.get("days") {
            value.error("`days` has no effect beside `rule`", None);
        }
        let (date, time) = match wall? {
            Wall::Time(time) => (None, time),
            Wall::DateTime(at) => (Some(at.date()), at.time()),
        };
        let (rule, dates) = recurrence::dates_from(table, date)?;
        return dated(table, Source::Rule(rule), dates, vec![time], length?);
    }
    match (wall?, weekly) {
        (Wall::DateTime(at), _) => {
            if let Some(value) = table.get("days") {
                value.error("`days` has no effect: this window has a date", None);
            }
            let dates = Dates::listed(vec![at.date()])?;
            dated(table, Source::Start, dates, vec![at.time()], length?)
        }
        (Wall::Time(_), false) => {
            start.error(
                "a freeze needs a date with its time",
                Some("write \"2026-12-20 18:00\", or add a `rule`".to_owned()),
            );
            None
        }
        (Wall::Time(time), true) => {
            let (days, length) = (days?, length?);
            // Two weeks have every pair of days that follow one another.
            let on = cron::days_from(FIRST)
                .take(14)
                .filter(|date| days.contains(&date.weekday()));
            comes_to_its_end(table, on.map(|date| date.to_datetime(time)), length)?;
            Some(Span::Weekly {
                days,
                from: time,
                to: End::After(length),
            })
        }
    }
}

fn by_cron(table: &Table<'_>) -> Option<Span> {
    let cron = table.get("cron")?;
    for (key, hint) in [
        ("rule", "keep one of the two"),
        ("days", "the last field says on which days"),
        ("start", "the cron says when it starts"),
        ("from", "the cron says when it starts"),
        ("to", "`duration` says how long it lasts"),
    ] {
        if let Some(value) = table.get(key) {
            value.error(
                format!("`{key}` has no effect beside `cron`"),
                Some(hint.to_owned()),
            );
        }
    }
    let lasts = table.get("duration").is_some();
    let lacking = if lasts {
        ""
    } else {
        "; and add duration = \"6h\""
    };
    let starts = cron::read(cron, lacking);
    if !lasts && starts.is_some() {
        cron.error(
            "a cron says when a window starts, and not how long it lasts",
            Some("add duration = \"6h\"".to_owned()),
        );
    }
    let length = length(table);
    let Starts { cron, dates, times } = starts?;
    dated(table, Source::Cron(cron), dates, times, length?)
}

fn dated(
    table: &Table<'_>,
    source: Source,
    dates: Dates,
    from: Vec<Time>,
    length: SignedDuration,
) -> Option<Span> {
    let last = dates.first().saturating_add(LOOKED_AT.years());
    let looked_at = dates.through(last);
    let starts = looked_at.iter();
    let starts = starts.flat_map(|date| from.iter().map(|from| date.to_datetime(*from)));
    comes_to_its_end(table, starts, length)?;
    Some(Span::Dates {
        source,
        dates,
        from,
        to: End::After(length),
    })
}

/// Reads how long it lasts.
fn length(table: &Table<'_>) -> Option<SignedDuration> {
    let value = table.get("duration")?;
    let length = value.duration()?;
    if length > WEEK {
        value.error(
            "`duration` is longer than a week",
            Some("for longer, write `from` and `to` with dates".to_owned()),
        );
        return None;
    }
    Some(length)
}

/// Says so where a window starts again before it has ended: "closes at" could not be trusted.
fn comes_to_its_end(
    table: &Table<'_>,
    starts: impl Iterator<Item = DateTime>,
    length: SignedDuration,
) -> Option<()> {
    let mut last: Option<DateTime> = None;
    for start in starts {
        if let Some(before) = last
            && start.duration_since(before) < length
        {
            let value: Option<&Value<'_>> = table.get("duration");
            value?.error(
                format!("it starts at {start} before it has ended that started at {before}"),
                Some("let `duration` be shorter, or start less often".to_owned()),
            );
            return None;
        }
        last = Some(start);
    }
    Some(())
}
