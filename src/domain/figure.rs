//! Figures: the decimal numbers that gates compare (coverage, findings, error rates). Fixed point,
//! so that policy, hashes and verdicts agree to the last digit on every machine.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Thousandths in one.
const ONE: i64 = 1000;

/// A decimal number with three places. More places are cut off.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Figure(i64);

impl Figure {
    pub fn whole(number: u32) -> Self {
        Self(i64::from(number) * ONE)
    }

    pub fn thousandths(self) -> i64 {
        self.0
    }

    /// Returns the first number in a text: `87.4` of `lines: 87.4 %`. A comma between digits is
    /// taken for thousands (`1,204`), as reports in English write them.
    pub fn first_in(text: &str) -> Option<Self> {
        let start = text.find(|sign: char| sign.is_ascii_digit())?;
        let negative = text.get(..start).is_some_and(|before| {
            let mut signs = before.chars().rev();
            signs.next() == Some('-') && !signs.next().is_some_and(char::is_alphanumeric)
        });
        let mut number = String::new();
        let mut rest = text.get(start..)?.chars().peekable();
        while let Some(sign) = rest.next() {
            let before_digit = rest.peek().is_some_and(char::is_ascii_digit);
            match sign {
                '0'..='9' => number.push(sign),
                '.' if before_digit && !number.contains('.') => number.push(sign),
                ',' if before_digit && !number.contains('.') => {}
                _ => break,
            }
        }
        let figure: Self = number.parse().ok()?;
        Some(if negative { Self(-figure.0) } else { figure })
    }
}

impl Figure {
    /// Returns the nearest figures not above and not below the number that `text` is: the same one
    /// twice, if three places are enough. Takes an exponent too (`1.2e-05`); no number at all, an
    /// infinite one and one too large give `None`.
    pub fn around(text: &str) -> Option<(Self, Self)> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(text) => (true, text),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, places) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
        let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !is_digits(whole) || !is_digits(places) {
            return None;
        }
        // The digits without the point, and how many of them stand before the third place behind it.
        let digits = format!("{whole}{places}");
        let kept = i64::try_from(whole.len()).ok()? + i64::from(exponent) + 3;
        let digits = digits.as_bytes();
        let (mut thousandths, mut place) = (0_i64, 0_i64);
        let mut rest = false;
        for digit in digits {
            let digit = i64::from(digit - b'0');
            if place < kept {
                thousandths = thousandths.checked_mul(10)?.checked_add(digit)?;
            } else {
                rest |= digit > 0;
            }
            place += 1;
        }
        while place < kept && thousandths > 0 {
            thousandths = thousandths.checked_mul(10)?;
            place += 1;
        }
        let further = thousandths.checked_add(i64::from(rest))?;
        Some(if negative {
            (Self(-further), Self(-thousandths))
        } else {
            (Self(thousandths), Self(further))
        })
    }
}

/// A text that is not a decimal number, or one too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a decimal number")]
pub struct NotAFigure;

impl FromStr for Figure {
    type Err = NotAFigure;

    fn from_str(text: &str) -> Result<Self, NotAFigure> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, text),
        };
        let (whole, places) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !is_digits(whole) || !is_digits(places) {
            return Err(NotAFigure);
        }
        let places: String = places.chars().chain("000".chars()).take(3).collect();
        let whole: i64 = whole.parse().map_err(|_| NotAFigure)?;
        let places: i64 = places.parse().map_err(|_| NotAFigure)?;
        let all = whole
            .checked_mul(ONE)
            .and_then(|all| all.checked_add(places));
        all.map(|all| Self(sign * all)).ok_or(NotAFigure)
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, places) = (self.0.abs() / ONE, self.0.abs() % ONE);
        let sign = if self.0 < 0 { "-" } else { "" };
        if places == 0 {
            return f.pad(&format!("{sign}{whole}"));
        }
        let places = format!("{places:03}");
        f.pad(&format!("{sign}{whole}.{}", places.trim_end_matches('0')))
    }
}

/// What a figure must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    AtLeast(Figure),
    AtMost(Figure),
}

impl Bound {
    pub fn holds(self, figure: Figure) -> bool {
        match self {
            Self::AtLeast(bound) => figure >= bound,
            Self::AtMost(bound) => figure <= bound,
        }
    }

    /// Returns the bound that is harder to meet; of two different kinds, the first.
    #[must_use]
    pub fn stricter(self, other: Self) -> Self {
        match (self, other) {
            (Self::AtLeast(one), Self::AtLeast(two)) => Self::AtLeast(one.max(two)),
            (Self::AtMost(one), Self::AtMost(two)) => Self::AtMost(one.min(two)),
            (Self::AtLeast(_), Self::AtMost(_)) | (Self::AtMost(_), Self::AtLeast(_)) => self,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(bound) => write!(f, "at least {bound}"),
            Self::AtMost(bound) => write!(f, "at most {bound}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_lies_between_the_figures_around_it() {
        let around = |text| {
            let (below, above) = Figure::around(text)?;
            Some((below.to_string(), above.to_string()))
        };
        let pair = |below: &str, above: &str| Some((below.to_owned(), above.to_owned()));
        assert_eq!(around("87.4"), pair("87.4", "87.4"));
        assert_eq!(around("+1.0019"), pair("1.001", "1.002"));
        assert_eq!(around("-1.0019"), pair("-1.002", "-1.001"));
        assert_eq!(around("1.2e-05"), pair("0", "0.001"));
        assert_eq!(around("1.25E2"), pair("125", "125"));
        assert_eq!(around("0e999999"), pair("0", "0"));
        assert_eq!(around("1e-2147483648"), pair("0", "0.001"));
        assert_eq!(around("1e300"), None);
        for text in [
            "", "NaN", "+Inf", "-", "1.", ".5", "1e", "0x1", "1 2", "true",
        ] {
            assert_eq!(around(text), None, "{text}");
        }
    }

    #[test]
    fn the_first_number_of_a_report_is_read_as_people_read_it() {
        let first = |text| Figure::first_in(text).map(|figure| figure.to_string());
        assert_eq!(first("lines: 87.4 %").as_deref(), Some("87.4"));
        assert_eq!(first("1,204 findings").as_deref(), Some("1204"));
        assert_eq!(first("0 findings.").as_deref(), Some("0"));
        assert_eq!(first("delta -0.25").as_deref(), Some("-0.25"));
        assert_eq!(first("e2e-12").as_deref(), Some("2"));
        assert_eq!(first("no number"), None);
        assert_eq!(first("99999999999999999999"), None);
    }

    #[test]
    fn figures_are_exact_to_three_places() {
        let figure = |text: &str| text.parse::<Figure>();
        assert_eq!(figure("80").unwrap(), figure("80.000").unwrap());
        assert!(figure("79.9999").unwrap() < figure("80").unwrap());
        for wrong in ["", ".5", "5.", "1e3", "+1", "--1", "1.2.3"] {
            assert!(figure(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_stricter_bound_is_the_harder_one() {
        let (low, high) = (Figure::whole(70), Figure::whole(80));
        assert_eq!(
            Bound::AtLeast(low).stricter(Bound::AtLeast(high)),
            Bound::AtLeast(high)
        );
        assert_eq!(
            Bound::AtMost(low).stricter(Bound::AtMost(high)),
            Bound::AtMost(low)
        );
    }
}
