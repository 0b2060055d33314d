//! Times relative to the start, as the world file writes them: `-2h30m`, `+5m`, `90s`, `-6d`.

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, de::Error as _};

/// A signed length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Offset(pub SignedDuration);

impl Offset {
    /// An offset of so many seconds.
    pub const fn seconds(seconds: i64) -> Self {
        Self(SignedDuration::from_secs(seconds))
    }

    /// Reads weeks, days, hours, minutes and seconds; a day is 24 hours here.
    pub fn parse(text: &str) -> Option<Self> {
        let (sign, digits) = match text.trim().split_at_checked(1)? {
            ("-", rest) => (-1, rest),
            ("+", rest) => (1, rest),
            _ => (1, text.trim()),
        };
        let mut seconds = 0_i64;
        let mut number: Option<i64> = None;
        for letter in digits.chars() {
            if let Some(digit) = letter.to_digit(10) {
                let so_far = number.unwrap_or(0).checked_mul(10)?;
                number = Some(so_far.checked_add(i64::from(digit))?);
                continue;
            }
            let unit = match letter {
                'w' => 604_800,
                'd' => 86_400,
                'h' => 3_600,
                'm' => 60,
                's' => 1,
                _ => return None,
            };
            seconds = seconds.checked_add(number.take()?.checked_mul(unit)?)?;
        }
        // A bare `0` needs no unit.
        match number {
            None | Some(0) => Some(Self::seconds(sign * seconds)),
            Some(_) => None,
        }
    }

    /// The whole seconds, never below zero: for lengths.
    pub fn length(self) -> u64 {
        u64::try_from(self.0.as_secs()).unwrap_or(0)
    }
}

impl<'de> Deserialize<'de> for Offset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            D::Error::custom(format!("`{text}` is no time such as -2h30m, +5m or -6d"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_reads_what_people_write() {
        let cases = [
            ("-2h30m", Some(-9_000)),
            ("+5m", Some(300)),
            ("90s", Some(90)),
            ("-6d", Some(-518_400)),
            ("0", Some(0)),
            ("5", None),
            ("h", None),
            ("2x", None),
            ("", None),
        ];
        for (text, seconds) in cases {
            assert_eq!(Offset::parse(text), seconds.map(Offset::seconds), "{text}");
        }
    }
}
