//! Instants and spans in words, short and of one width where they stand in columns.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// The age of something in at most three or four letters: `6s`, `4m`, `3h`, `2d`.
pub fn age(span: SignedDuration) -> String {
    let seconds = span.as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// A span with its second figure: `2m10`, `1h02`, `3d4h`.
pub fn span(span: SignedDuration) -> String {
    let seconds = span.as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m{:02}", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h{:02}", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{}d{}h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// A countdown: `01:42:10`; days stand before it.
pub fn countdown(span: SignedDuration) -> String {
    let seconds = span.as_secs().max(0);
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let clock = format!("{:02}:{:02}:{:02}", rest / 3_600, rest / 60 % 60, rest % 60);
    if days > 0 {
        format!("{days}d {clock}")
    } else {
        clock
    }
}

/// The zone in which instants are shown, and the sign that says which.
#[derive(Clone, Debug)]
pub struct Clock {
    zone: TimeZone,
    utc: bool,
    now: Timestamp,
}

impl Clock {
    pub fn new(zone: &TimeZone, utc: bool, now: Timestamp) -> Self {
        let zone = if utc { TimeZone::UTC } else { zone.clone() };
        Self { zone, utc, now }
    }

    /// The zone that is shown, in which what is typed is read too.
    pub fn time_zone(&self) -> &TimeZone {
        &self.zone
    }

    fn sign(&self) -> &'static str {
        if self.utc { "Z" } else { "" }
    }

    /// `16:00Z`, with the weekday when it is another day, with the date when it is another week.
    pub fn short(&self, at: Timestamp) -> String {
        let there = at.to_zoned(self.zone.clone());
        let here = self.now.to_zoned(self.zone.clone());
        let days = at.duration_since(self.now).as_secs().abs() / 86_400;
        let format = if there.date() == here.date() {
            "%H:%M"
        } else if days < 6 {
            "%a %H:%M"
        } else {
            "%-d %b %H:%M"
        };
        format!("{}{}", there.strftime(format), self.sign())
    }

    /// `14:17:31`, with the day when it is another one.
    pub fn long(&self, at: Timestamp) -> String {
        let there = at.to_zoned(self.zone.clone());
        let here = self.now.to_zoned(self.zone.clone());
        let format = if there.date() == here.date() {
            "%H:%M:%S"
        } else {
            "%d %b %H:%M"
        };
        there.strftime(format).to_string()
    }

    /// What the column title says: `Z` or the zone's own abbreviation.
    pub fn zone(&self) -> String {
        if self.utc {
            "UTC".into()
        } else {
            self.now
                .to_zoned(self.zone.clone())
                .strftime("%Z")
                .to_string()
        }
    }

    pub fn ago(&self, at: Timestamp) -> SignedDuration {
        self.now.duration_since(at).max(SignedDuration::ZERO)
    }

    pub fn until(&self, at: Timestamp) -> SignedDuration {
        at.duration_since(self.now).max(SignedDuration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_like_people_say_them() {
        let seconds = SignedDuration::from_secs;
        assert_eq!(age(seconds(6)), "6s");
        assert_eq!(age(seconds(3_599)), "59m");
        assert_eq!(age(seconds(200_000)), "2d");
        assert_eq!(span(seconds(130)), "2m10");
        assert_eq!(span(seconds(3_720)), "1h02");
        assert_eq!(countdown(seconds(6_130)), "01:42:10");
        assert_eq!(countdown(seconds(90_000)), "1d 01:00:00");
        assert_eq!(age(seconds(-5)), "0s");
    }
}
