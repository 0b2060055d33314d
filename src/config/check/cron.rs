//! Five fields of cron (`cron = "0 22 * * 1-5"`): the dates and times of day on which a window starts.
//! Not a scheduler's: instants come from the window's zone, as they do for every window.

use jiff::civil::{Date, Time};

use super::super::file::Value;
use super::recurrence::FIRST;
use crate::domain::window::Dates;

/// Where a window's cron says that it starts.
pub(super) struct Starts {
    pub cron: String,
    pub dates: Dates,
    pub times: Vec<Time>,
}

/// What one of the five fields may say.
struct Field {
    what: &'static str,
    low: i8,
    high: i8,
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field {
        what: "a minute from 0 to 59",
        low: 0,
        high: 59,
        names: &[],
    },
    Field {
        what: "an hour from 0 to 23",
        low: 0,
        high: 23,
        names: &[],
    },
    Field {
        what: "a day of the month from 1 to 31",
        low: 1,
        high: 31,
        names: &[],
    },
    Field {
        what: "a month from 1 to 12 or jan to dec",
        low: 1,
        high: 12,
        names: &[
            "", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    },
    Field {
        what: "a day of the week from 0 to 7 or sun to sat",
        low: 0,
        high: 7,
        names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun"],
    },
];

/// So many starts a day can still be told apart.
const MOST: usize = 24;
/// So many days have every date that there is, the 29th of February among them.
const LEAP: usize = 366 * 8;

const EXAMPLE: &str = "minute, hour, day of the month, month and day of the week, for instance \
                       \"0 22 * * 1-5\"";

/// Reads a cron; `None` if it is wrong, which is told.
///
/// `lacking` is what else it lacks, for the hint: both are told at once, and once.
pub(super) fn read(value: &Value<'_>, lacking: &str) -> Option<Starts> {
    let text = value.text()?;
    let written: Vec<&str> = text.split_whitespace().collect();
    let wrong = |message: String, hint: &str| {
        value.error(message, Some(format!("{hint}{lacking}")));
        None
    };
    let [minute, hour, day, month, weekday] = written.as_slice() else {
        return match written.len() {
            6 | 7 => wrong(
                "`cron` has seconds, and a window starts on a minute".to_owned(),
                &format!("five fields: {EXAMPLE}"),
            ),
            count => wrong(
                format!("`cron` has {count} of five fields"),
                &format!("write {EXAMPLE}"),
            ),
        };
    };
    let fields = [*minute, *hour, *day, *month, *weekday];
    let mut read = Vec::new();
    for (text, field) in fields.into_iter().zip(&FIELDS) {
        match field.read(text) {
            Ok(numbers) => read.push(numbers),
            Err(message) => {
                let hint = if text.contains(['L', 'W', '#', '?']) {
                    "numbers, names, *, lists, ranges and steps; for more write a `rule`".to_owned()
                } else {
                    format!("the fields are {EXAMPLE}")
                };
                return wrong(format!("`cron`: {message}"), &hint);
            }
        }
    }
    let [minutes, hours, days, months, weekdays] = read.as_slice() else {
        return None;
    };
    // Two restricted days are alternatives; what counts as restricted is read in several ways.
    let (every_day, every_weekday) = (*day == "*", *weekday == "*");
    if !every_day && !every_weekday && (day.starts_with('*') || weekday.starts_with('*')) {
        return wrong(
            format!(
                "`cron`: day of the month `{day}` beside day of the week `{weekday}` means another thing to each cron"
            ),
            "write a `rule`, for instance \"FREQ=WEEKLY;BYDAY=MO\"",
        );
    }
    let mut times = Vec::new();
    for hour in hours {
        for minute in minutes {
            times.push(Time::new(*hour, *minute, 0, 0).ok()?);
        }
    }
    if times.len() > MOST {
        return wrong(
            format!("`cron` starts {} times a day: {MOST} at most", times.len()),
            "start less often, and let `duration` be longer",
        );
    }
    let (days, months, weekdays) = (days.clone(), months.clone(), weekdays.clone());
    let fires = move |date: &Date| {
        let of_month = days.contains(&date.day());
        let of_week = weekdays.contains(&date.weekday().to_sunday_zero_offset());
        months.contains(&date.month())
            && match (every_day, every_weekday) {
                (true, _) => of_week,
                (false, true) => of_month,
                (false, false) => of_month || of_week,
            }
    };
    let Some(first) = days_from(FIRST).take(LEAP).find(&fires) else {
        return wrong(
            "`cron` never fires: no month of it has such a day".to_owned(),
            "for instance the 30th of February",
        );
    };
    let dates = Dates::made(first, move |last| {
        let until = days_from(first).take_while(|date| *date <= last);
        until.filter(&fires).collect()
    });
    Some(Starts {
        cron: written.join(" "),
        dates,
        times,
    })
}

/// All days from this one on.
pub(super) fn days_from(first: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(first), |date| date.tomorrow().ok())
}

impl Field {
    /// The numbers that a field stands for, in order.
    fn read(&self, text: &str) -> Result<Vec<i8>, String> {
        let mut numbers = Vec::new();
        for part in text.split(',') {
            numbers.extend(self.part(part)?);
        }
        // Sunday is 0 and 7.
        if self.high == 7 {
            for number in &mut numbers {
                *number %= 7;
            }
        }
        numbers.sort_unstable();
        numbers.dedup();
        Ok(numbers)
    }

    fn part(&self, part: &str) -> Result<Vec<i8>, String> {
        let (range, step) = match part.split_once('/') {
            None => (part, 1),
            Some((range, step)) => match step.parse::<usize>() {
                Ok(step) if step > 0 && (range == "*" || range.contains('-')) => (range, step),
                Ok(step) if step > 0 => {
                    return Err(format!("`{part}`: a step goes with * or a range"));
                }
                Ok(_) | Err(_) => return Err(format!("`{part}` has no step of 1 or more")),
            },
        };
        let (from, to) = match range.split_once('-') {
            None if range == "*" => (self.low, self.last()),
            None => {
                let number = self.number(range, false)?;
                (number, number)
            }
            Some((from, to)) => (self.number(from, false)?, self.number(to, true)?),
        };
        if from > to {
            return Err(format!("`{range}` runs backwards"));
        }
        Ok((from..=to).step_by(step).collect())
    }

    /// The last of all: Sunday is not counted twice.
    fn last(&self) -> i8 {
        if self.high == 7 { 6 } else { self.high }
    }

    /// A number or a name; the Sunday that ends a range is the last day.
    fn number(&self, text: &str, ends: bool) -> Result<i8, String> {
        let lower = text.to_ascii_lowercase();
        let mut names = self.names.iter();
        let named = if ends {
            names.rposition(|name| *name == lower)
        } else {
            names.position(|name| *name == lower)
        };
        let number = match named.filter(|_| !lower.is_empty()) {
            Some(place) => i8::try_from(place).ok(),
            None => lower.parse().ok(),
        };
        number
            .filter(|number| (self.low..=self.high).contains(number))
            .ok_or_else(|| format!("`{text}` is not {}", self.what))
    }
}
