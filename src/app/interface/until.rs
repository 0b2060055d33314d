//! Reading until when a hold lasts, as people write it: `30m`, `2h`, `15:00Z`, `15:00`, a date
//! and time, or nothing.

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::Interface;

/// Reads until when; `zone` is that of times without a `Z`. Nothing means until lifted.
///
/// # Errors
///
/// Says what is wrong: not readable, or in the past.
pub fn parse(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Option<Timestamp>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let at = duration(text)
        .and_then(|duration| now.checked_add(duration).ok())
        .or_else(|| moment(text, now, zone))
        .ok_or_else(|| format!("{text:?} is no time: try 30m, 2h, 15:00Z, 2026-11-22 15:00"))?;
    if at <= now {
        return Err(format!(
            "{text} is in the past; name the day if you mean another"
        ));
    }
    Ok(Some(at))
}

/// `90s`, `30m`, `2h`, `1h30m`, `2d`.
fn duration(text: &str) -> Option<SignedDuration> {
    let mut total = SignedDuration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit())?;
        let count: i64 = rest.get(..digits)?.parse().ok()?;
        let unit = rest.get(digits..)?.chars().next()?;
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return None,
        };
        total = total.checked_add(SignedDuration::from_secs(count.checked_mul(seconds)?))?;
        rest = rest.get(digits + unit.len_utf8()..)?;
    }
    Some(total)
}

/// A time of today, or a date and time, in UTC with a `Z` and in `zone` without.
fn moment(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let (text, zone) = match text.strip_suffix(['Z', 'z']) {
        Some(text) => (text, &TimeZone::UTC),
        None => (text, zone),
    };
    let at = match (text.parse::<DateTime>(), text.parse::<Time>()) {
        // A date alone would be its midnight, which nobody means.
        (Ok(at), _) if text.contains(':') => at,
        (_, Ok(time)) if text.contains(':') => now.to_zoned(zone.clone()).date().to_datetime(time),
        _ => return None,
    };
    Some(at.to_zoned(zone.clone()).ok()?.timestamp())
}

impl Interface {
    /// The zone in which times without a `Z` are typed and shown.
    pub fn typed_zone(&self) -> TimeZone {
        if self.utc {
            TimeZone::UTC
        } else {
            self.zone.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    #[test]
    fn a_hold_ends_when_people_say() {
        let now = at("2026-11-21T14:20:00Z");
        let berlin = TimeZone::get("Europe/Berlin").expect("a zone");
        let table = [
            ("", None),
            ("  ", None),
            ("30m", Some("2026-11-21T14:50:00Z")),
            ("2h", Some("2026-11-21T16:20:00Z")),
            ("1h30m", Some("2026-11-21T15:50:00Z")),
            ("2d", Some("2026-11-23T14:20:00Z")),
            ("15:00Z", Some("2026-11-21T15:00:00Z")),
            ("16:00", Some("2026-11-21T15:00:00Z")),
            ("2026-11-22 15:00Z", Some("2026-11-22T15:00:00Z")),
            ("2026-11-22T15:00", Some("2026-11-22T14:00:00Z")),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text, now, &berlin), Ok(expected.map(at)), "{text:?}");
        }
    }

    #[test]
    fn what_is_past_or_unreadable_is_refused() {
        let now = at("2026-11-21T14:20:00Z");
        for text in ["14:00Z", "0m", "2026-11-20 15:00Z", "14:20Z"] {
            let why = parse(text, now, &TimeZone::UTC).expect_err(text);
            assert!(why.contains("past"), "{text}: {why}");
        }
        for text in [
            "soon",
            "30",
            "25:00",
            "2026-11-22",
            "1x",
            "-2h",
            "99999999999999999h",
        ] {
            let why = parse(text, now, &TimeZone::UTC).expect_err(text);
            assert!(why.contains("no time"), "{text}: {why}");
        }
    }
}
