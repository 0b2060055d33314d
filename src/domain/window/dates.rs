//! The dates on which a window starts: listed, or made as far ahead as anybody looks. What makes them
//! is the reader's of the config; which of them matter is the window's.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::civil::Date;
use jiff::{SignedDuration, Span};

/// How many years more are made at once: a rule is asked from its beginning each time.
const YEARS: i64 = 2;

/// Dates in order, of which there is at least one.
///
/// A rule names dates for ever, and making them is slow (some 30 µs each): who reads a config on a
/// release night does not wait for those of the next generation.
#[derive(Clone)]
pub struct Dates(Arc<Inner>);

struct Inner {
    first: Date,
    known: RwLock<Known>,
    /// Gives all dates through the one that it is given, in order.
    make: Box<Make>,
}

type Make = dyn Fn(Date) -> Vec<Date> + Send + Sync;

/// All dates through `last`.
struct Known {
    last: Date,
    dates: Arc<[Date]>,
}

impl Dates {
    /// Takes dates that are all there, in order; `None` if there are none.
    pub fn listed(dates: Vec<Date>) -> Option<Self> {
        let first = *dates.first()?;
        let known = Known {
            last: Date::MAX,
            dates: dates.into(),
        };
        Some(Self::new(first, known, |_| Vec::new()))
    }

    /// Takes the first of dates, and what makes all of them through a date that it is given: it gives
    /// the same each time, and that first one.
    pub fn made(first: Date, make: impl Fn(Date) -> Vec<Date> + Send + Sync + 'static) -> Self {
        let known = Known {
            last: first,
            dates: Arc::new([first]),
        };
        Self::new(first, known, make)
    }

    fn new(
        first: Date,
        known: Known,
        make: impl Fn(Date) -> Vec<Date> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner {
            first,
            known: RwLock::new(known),
            make: Box::new(make),
        }))
    }

    pub fn first(&self) -> Date {
        self.0.first
    }

    /// All dates through `last`, and perhaps some after it.
    pub fn through(&self, last: Date) -> Arc<[Date]> {
        let Inner { known, make, .. } = &*self.0;
        // What a thread that panicked here left behind is whole: it is put there in one go.
        let found = known.read().unwrap_or_else(PoisonError::into_inner);
        if last <= found.last {
            return Arc::clone(&found.dates);
        }
        drop(found);
        let last = last.saturating_add(Span::new().years(YEARS));
        let dates: Arc<[Date]> = make(last).into();
        let mut kept = known.write().unwrap_or_else(PoisonError::into_inner);
        if last > kept.last {
            *kept = Known {
                last,
                dates: Arc::clone(&dates),
            };
        }
        dates
    }

    /// Those from some days before `today` to some days after it.
    pub(super) fn near(&self, today: Date, before: i64, after: i64) -> impl Iterator<Item = Date> {
        let day = |days: i64| SignedDuration::from_hours(24 * days);
        let first = today.saturating_sub(day(before));
        let last = today.saturating_add(day(after));
        let dates = self.through(last);
        let begin = dates.partition_point(|date| *date < first);
        (begin..)
            .map_while(move |place| dates.get(place).copied())
            .take_while(move |date| *date <= last)
    }
}

/// Two are equal if they begin alike: what they were made from stands beside them, and is compared
/// there.
impl PartialEq for Dates {
    fn eq(&self, other: &Self) -> bool {
        self.0.first == other.0.first
    }
}

impl Eq for Dates {}

impl fmt::Debug for Dates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "from {}", self.0.first)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use jiff::ToSpan;
    use jiff::civil::date;

    use super::*;

    /// The first of every month, and how often they were made.
    fn firsts(made: &Arc<AtomicUsize>) -> Dates {
        let (begin, made) = (date(2024, 1, 1), Arc::clone(made));
        Dates::made(begin, move |last| {
            made.fetch_add(1, Ordering::Relaxed);
            let months = begin.series(1.month());
            months.take_while(|date| *date <= last).collect()
        })
    }

    #[test]
    fn dates_are_made_as_far_as_somebody_looks_and_once() {
        let made = Arc::default();
        let dates = firsts(&made);
        let near = |today| dates.near(today, 10, 40).collect::<Vec<_>>();
        assert_eq!(near(date(2024, 1, 5)), [date(2024, 1, 1), date(2024, 2, 1)]);
        assert_eq!(
            near(date(2025, 6, 25)),
            [date(2025, 7, 1), date(2025, 8, 1)]
        );
        assert_eq!(made.load(Ordering::Relaxed), 1);
        assert_eq!(
            near(date(2099, 6, 25)),
            [date(2099, 7, 1), date(2099, 8, 1)]
        );
        assert_eq!(near(date(2026, 1, 1))[0], date(2026, 1, 1));
        assert_eq!(made.load(Ordering::Relaxed), 2);
        // The end of the calendar is no end of the program.
        assert_eq!(near(date(9999, 12, 5)), [date(9999, 12, 1)]);
    }

    #[test]
    fn listed_dates_are_all_there_are() {
        let dates = Dates::listed(vec![date(2026, 1, 5), date(2026, 3, 5)]).unwrap();
        assert_eq!(dates.first(), date(2026, 1, 5));
        assert_eq!(dates.near(date(2026, 3, 1), 400, 400).count(), 2);
        assert_eq!(dates.near(date(2030, 3, 1), 400, 400).count(), 0);
        assert_eq!(Dates::listed(Vec::new()), None);
    }
}
