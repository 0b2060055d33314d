//! Since when a schedule says what it says: the search back. What comes next lives in `window.rs`, and
//! the verdict in `gate/window.rs`.

use jiff::{SignedDuration, Timestamp};

use super::{Interval, Schedule, Span, Window, dates};

/// How many boundaries are followed back.
const STEPS: usize = 50;

/// How far back the end of a window that returns is looked for.
const DAYS: i64 = 35;

impl Schedule<'_> {
    /// Returns since when the whole schedule has been as it is at `now`; `None` where it was never
    /// otherwise, or was so for longer than is searched.
    ///
    /// Leaps back from boundary to boundary: while it is closed, over the freeze or the gap between the
    /// windows; while it is open, over adjoining windows, but never over the end of a freeze.
    pub fn since(&self, now: Timestamp) -> Option<Timestamp> {
        let is_open = self.is_open(now);
        // It is known to have been so from `from` on; what was right before is looked at next.
        let (mut from, mut at) = (now, now);
        for _ in 0..STEPS {
            let denied = start(&self.deny, at);
            let allowed = start(&self.allow, at);
            let was_open = denied.is_none() && (self.allow.is_empty() || allowed.is_some());
            if was_open != is_open {
                return Some(from);
            }
            from = if is_open {
                let freeze_ended = last_end(&self.deny, from);
                let begin = match (allowed, freeze_ended) {
                    (Some(allowed), Some(ended)) if ended < allowed => allowed,
                    (_, Some(ended)) => return Some(ended),
                    (Some(allowed), None) => allowed,
                    (None, None) => return None,
                };
                // An older freeze would not have been found.
                if !self.deny.is_empty() && now.duration_since(begin) > reach() {
                    return None;
                }
                begin
            } else {
                denied.or_else(|| last_end(&self.allow, from))?
            };
            at = from.checked_sub(SignedDuration::from_nanos(1)).ok()?;
        }
        None
    }
}

fn reach() -> SignedDuration {
    SignedDuration::from_hours(24 * (DAYS - 1))
}

/// The earliest start of an interval that `at` lies in.
fn start(windows: &[&Window], at: Timestamp) -> Option<Timestamp> {
    let on = windows.iter().filter_map(|window| window.interval_at(at));
    on.map(|interval| interval.start).min()
}

/// The last end of an interval, at `until` at the latest.
fn last_end(windows: &[&Window], until: Timestamp) -> Option<Timestamp> {
    windows
        .iter()
        .filter_map(|window| window.last_end(until))
        .max()
}

impl Window {
    /// Returns when it was last switched off, at `until` at the latest.
    fn last_end(&self, until: Timestamp) -> Option<Timestamp> {
        let over = |interval: &Interval| interval.end <= until;
        let today = || self.zone.to_datetime(until).date();
        let ended = match &self.span {
            Span::Once { from, to } => self.interval(*from, *to).filter(over),
            // Two weeks, because a change of the clocks can leave an interval empty.
            Span::Weekly { days, from, to } => dates(today(), -15 - to.reach(), 1)
                .filter(|date| days.contains(&date.weekday()))
                .filter_map(|date| self.interval_from(date, *from, *to))
                .filter(over)
                .max_by_key(|interval| interval.end),
            Span::Dates {
                dates, from, to, ..
            } => dates
                .near(today(), DAYS + to.reach(), 1)
                .flat_map(|date| from.iter().map(move |from| (date, *from)))
                .filter_map(|(date, from)| self.interval_from(date, from, *to))
                .filter(over)
                .max_by_key(|interval| interval.end),
        };
        ended.map(|interval| interval.end)
    }
}
