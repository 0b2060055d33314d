//! Recurrence rules of RFC 5545 (`rule = "FREQ=MONTHLY;BYDAY=2TU"`): the dates on which a window
//! starts. The times of day are the window's.

use jiff::civil::Date;
use rrule::{Frequency, RRuleSet};

use super::super::file::{Table, Value, Wall};
use crate::domain::spelling::meant;
use crate::domain::window::Dates;

/// Where a rule without `start` begins. A Monday, so that weeks count from where people expect.
pub(super) const FIRST: Date = jiff::civil::date(2024, 1, 1);

/// Reads `rule` and the date of `start`. `None` if there is no rule, or it is wrong.
pub(super) fn dates(table: &Table<'_>) -> Option<(String, Dates)> {
    let begin = match table.get("start") {
        Some(value) => Some(date(value)?),
        None => None,
    };
    dates_from(table, begin)
}

/// Reads `rule`, which counts from `begin` on, if it has a beginning.
pub(super) fn dates_from(table: &Table<'_>, begin: Option<Date>) -> Option<(String, Dates)> {
    let value = table.get("rule")?;
    let text = value.text()?.trim_start_matches("RRULE:");
    if let Err(hint) = counts_from(text, begin) {
        let hint = if table.get("start").is_some() {
            "let `start` have a date: \"2026-01-05 22:00\""
        } else {
            hint
        };
        value.error(
            "INTERVAL and COUNT count from a beginning, and there is none",
            Some(hint.to_owned()),
        );
        return None;
    }
    let start = begin.unwrap_or(FIRST);
    complain(text, value)?;
    let whole = format!("DTSTART:{}T000000Z\nRRULE:{text}", start.strftime("%Y%m%d"));
    let rule: RRuleSet = match whole.parse() {
        Ok(rule) => rule,
        Err(_) if ends_before(text, start) => {
            value.error(
                format!("`rule` never fires: its UNTIL is before it begins, on {start}"),
                Some("set UNTIL to a later day, or `start` to an earlier one".to_owned()),
            );
            return None;
        }
        Err(error) => {
            // Its own words address whoever wrote the library, not the rule.
            let error = error.to_string();
            let error = error
                .strip_prefix("RRule parsing error: ")
                .unwrap_or(&error);
            let error = error
                .strip_prefix("RRule validation error: ")
                .unwrap_or(error);
            value.error(
                format!("`rule` is not a recurrence rule: {error}"),
                Some("for instance \"FREQ=MONTHLY;BYDAY=2TU\" (RFC 5545)".to_owned()),
            );
            return None;
        }
    };
    // Without a limit a rule that never fires would be looked at for ever.
    let rule = rule.limit();
    let Some(first) = fired(&rule).next() else {
        value.error(
            format!("`rule` never fires from {start} on"),
            Some("no date meets it, for instance because of BYMONTHDAY=30 in February".to_owned()),
        );
        return None;
    };
    let dates = Dates::made(first, move |last| {
        let mut dates: Vec<Date> = fired(&rule).take_while(|date| *date <= last).collect();
        dates.dedup();
        dates
    });
    Some((text.to_owned(), dates))
}

/// The dates on which a rule fires.
fn fired(rule: &RRuleSet) -> impl Iterator<Item = Date> {
    rule.into_iter()
        .filter_map(|at| at.format("%Y-%m-%d").to_string().parse().ok())
}

/// Says whether a rule's `UNTIL` is a day before `start`.
fn ends_before(text: &str, start: Date) -> bool {
    let mut parts = text.split(';').filter_map(|part| part.split_once('='));
    let until = parts.find(|(key, _)| key.eq_ignore_ascii_case("UNTIL"));
    let until = until.and_then(|(_, value)| Date::strptime("%Y%m%d", value.get(..8)?).ok());
    until.is_some_and(|until| until < start)
}

fn date(value: &Value<'_>) -> Option<Date> {
    let text = value.text()?;
    let date = text.parse::<Date>().ok();
    if date.is_none() || text.contains(':') {
        let hint = if text.contains(':') {
            "a `start` with a time goes with `duration`, for instance \"6h\""
        } else {
            "for instance \"2026-01-05\""
        };
        value.error("`start` must be a date", Some(hint.to_owned()));
        return None;
    }
    date
}

/// Says what is missing to a rule that counts.
fn counts_from(text: &str, begin: Option<Date>) -> Result<(), &'static str> {
    let find = |name: &str| part(text, name);
    let counts =
        find("INTERVAL").is_some_and(|interval| interval != "1") || find("COUNT").is_some();
    if counts && begin.is_none() {
        return Err("add start = \"2026-01-05\"");
    }
    Ok(())
}

/// The value of one part of a rule.
fn part<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let mut parts = text.split(';').filter_map(|part| part.split_once('='));
    let found = parts.find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}

/// What a rule may not say here: times come from `from` and `to`, or from `start`.
fn complain(text: &str, value: &Value<'_>) -> Option<()> {
    let find = |name: &str| part(text, name);
    let Some(frequency) = find("FREQ") else {
        value.error(
            "`rule` needs FREQ",
            Some("for instance \"FREQ=WEEKLY;BYDAY=TU,TH\"".to_owned()),
        );
        return None;
    };
    match frequency.parse::<Frequency>() {
        Ok(Frequency::Daily | Frequency::Weekly | Frequency::Monthly | Frequency::Yearly) => {}
        Ok(Frequency::Hourly | Frequency::Minutely | Frequency::Secondly) => {
            value.error(
                format!("FREQ={frequency}: a window starts once a day at most"),
                Some("times of day are `from` and `to`, or `start`".to_owned()),
            );
            return None;
        }
        Err(_) => {
            let known = ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"];
            value.error(
                format!("there is no FREQ={frequency}"),
                meant(frequency, known),
            );
            return None;
        }
    }
    for name in ["BYHOUR", "BYMINUTE", "BYSECOND"] {
        if find(name).is_some() {
            value.error(
                format!("{name} has no place in a window's rule"),
                Some("times of day are `from` and `to`, or `start`".to_owned()),
            );
            return None;
        }
    }
    Some(())
}

/// Says what `from` and `to` of a recurring window must be: times of day.
pub(super) fn times(value: &Value<'_>, wall: Wall) -> Option<jiff::civil::Time> {
    match wall {
        Wall::Time(time) => Some(time),
        Wall::DateTime(_) => {
            value.error(
                "with a `rule`, `from` and `to` are times of day",
                Some("the rule says on which dates: write \"18:00\"".to_owned()),
            );
            None
        }
    }
}
