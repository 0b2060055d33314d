//! Wall-clock times, as people write them in windows. The zone is another key.

use jiff::civil::{Date, DateTime, Time};

/// A moment on a wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Wall {
    Time(Time),
    DateTime(DateTime),
}

/// Parses `18:00`, `24:00` (midnight), `2026-12-20 18:00`; offsets are refused, because the zone
/// alone decides.
pub(super) fn parse(text: &str) -> Option<Wall> {
    if text == "24:00" {
        return Some(Wall::Time(Time::midnight()));
    }
    let plain = text
        .chars()
        .all(|character| character.is_ascii_digit() || ":-. Tt".contains(character));
    if !plain || !text.contains(':') {
        return None;
    }
    if let Some((date, time)) = text.split_once([' ', 'T', 't']) {
        let time = parse_time(time)?;
        return Some(Wall::DateTime(date.parse::<Date>().ok()?.to_datetime(time)));
    }
    parse_time(text).map(Wall::Time)
}

fn parse_time(text: &str) -> Option<Time> {
    if text.contains('-') {
        return None;
    }
    text.parse().or_else(|_| format!("0{text}").parse()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_dates_with_times_are_read_and_offsets_are_not() {
        let shown = |text| match parse(text) {
            Some(Wall::Time(time)) => time.to_string(),
            Some(Wall::DateTime(moment)) => moment.to_string(),
            None => "none".to_owned(),
        };
        for (text, expected) in [
            ("18:00", "18:00:00"),
            ("9:30", "09:30:00"),
            ("24:00", "00:00:00"),
            ("2026-12-20 18:00", "2026-12-20T18:00:00"),
            ("2026-12-20T8:00:05", "2026-12-20T08:00:05"),
            ("18", "none"),
            ("18:00Z", "none"),
            ("18:00+01:00", "none"),
            ("2026-12-20", "none"),
            ("2026-02-30 10:00", "none"),
            ("2026-12-20 18:00-01:00", "none"),
            ("24:01", "none"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
