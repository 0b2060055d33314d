//! How long a command waits: `--timeout` means the same for all of them. A number without a unit counts
//! minutes, as it did when nothing else was understood.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;

/// A span of time that somebody gave, told in the same words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patience {
    text: String,
    pub length: Duration,
}

impl FromStr for Patience {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let bare = text.bytes().all(|byte| byte.is_ascii_digit());
        let text = if bare {
            format!("{text}m")
        } else {
            text.to_owned()
        };
        let length = text.parse::<SignedDuration>().ok();
        let length = length.filter(SignedDuration::is_positive);
        match length {
            Some(length) => Ok(Self {
                text,
                length: length.unsigned_abs(),
            }),
            None => Err("it is no time to wait; for instance 90s, 30m, 2h".to_owned()),
        }
    }
}

impl fmt::Display for Patience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_alone_is_minutes_and_all_else_needs_its_unit() {
        for (text, seconds, said) in [
            ("90s", 90, "90s"),
            ("30m", 1_800, "30m"),
            ("2h", 7_200, "2h"),
            ("3", 180, "3m"),
            ("1h30m", 5_400, "1h30m"),
        ] {
            let read: Patience = text.parse().unwrap();
            assert_eq!(read.length.as_secs(), seconds, "{text}");
            assert_eq!(read.to_string(), said);
        }
        for wrong in ["", "soon", "0", "-5m", "1.5.2"] {
            assert!(wrong.parse::<Patience>().is_err(), "{wrong}");
        }
    }
}
