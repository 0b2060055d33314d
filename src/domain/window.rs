//! Windows and freezes: when promotions are allowed. Rules W1 to W4; the verdict lives in
//! `gate/window.rs`.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::ids::{EnvironmentName, ServiceName};
use super::release::Release;

mod dates;
mod since;

pub use dates::Dates;

/// Whether a window lets promotions in or keeps them out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WindowEffect {
    Allow,
    Deny,
}

/// A named span of time that allows or denies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    pub name: String,
    pub effect: WindowEffect,
    pub span: Span,
    pub zone: TimeZone,
    /// The zone's IANA name, for people.
    pub zone_name: String,
    /// Empty means every environment.
    pub environments: Vec<EnvironmentName>,
    /// Empty means every service.
    pub services: Vec<ServiceName>,
    pub reason: Option<String>,
}

/// When a window is on. Intervals are half-open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Span {
    /// On these days from `from` on: they are those on which it starts.
    Weekly {
        days: Vec<Weekday>,
        from: Time,
        to: End,
    },
    /// On these dates, from each of these times on, of which there is at least one.
    Dates {
        source: Source,
        dates: Dates,
        from: Vec<Time>,
        to: End,
    },
    /// Once, between two wall-clock times in the window's zone.
    Once { from: DateTime, to: DateTime },
}

/// What ends an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// This wall-clock time, on the next day if it is before the start. Midnight to midnight is the
    /// whole day; any other end that is the start makes it empty, as half-open intervals are: config
    /// refuses it, because nobody can say whether no time or a whole day is meant.
    At(Time),
    /// So much later. It is time that passes, as in RFC 5545: six hours are six hours on the nights
    /// on which the clocks change, too. Who wants an end by the clock on the wall has `At`.
    After(SignedDuration),
}

/// Where the dates of a window come from, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A rule of RFC 5545.
    Rule(String),
    /// Five fields of cron.
    Cron(String),
    /// The one date on which it starts.
    Start,
}

/// What the whole schedule says at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleState {
    pub open: bool,
    /// What decides: the open allow window, the deny window in force, or nothing.
    pub by: Option<String>,
    pub reason: Option<String>,
    /// When the answer changes next, if within the search.
    pub changes_at: Option<Timestamp>,
    /// When closed: the first instant at which the whole schedule is open.
    pub opens_at: Option<Timestamp>,
}

/// How far ahead a change is looked for.
const HORIZON: SignedDuration = SignedDuration::from_hours(400 * 24);

/// How many boundaries are looked at to find an opening: more than 400 days of two a day.
const STEPS_TO_OPEN: usize = 1000;

/// How many adjoining allow windows are followed to find when the schedule closes.
const STEPS_TO_CLOSE: usize = 100;

/// The windows that cover one cell.
#[derive(Clone, Debug)]
pub struct Schedule<'a> {
    allow: Vec<&'a Window>,
    deny: Vec<&'a Window>,
}

/// From `start` until just before `end`; never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    pub start: Timestamp,
    pub end: Timestamp,
}

impl<'a> Schedule<'a> {
    pub fn new(
        windows: &'a [Window],
        service: &ServiceName,
        environment: &EnvironmentName,
    ) -> Self {
        let (allow, deny) = windows
            .iter()
            .filter(|window| window.covers(service, environment))
            .partition(|window| window.effect == WindowEffect::Allow);
        Self { allow, deny }
    }

    /// When a release may ship at all: in the window that it has to fit into, if it names one, but not
    /// in a freeze that covers all of it. Each of its services has a schedule of its own besides.
    pub fn of_release(release: &Release, windows: &'a [Window]) -> Option<Self> {
        let own = release.window.as_ref()?;
        let frozen = |window: &&Window| {
            let mut items = release.items.iter();
            window.effect == WindowEffect::Deny
                && items.all(|item| window.covers(&item.service, &release.environment))
        };
        Some(Self {
            allow: vec![windows.iter().find(|window| window.name == *own)?],
            deny: windows.iter().filter(frozen).collect(),
        })
    }

    /// The schedule of one window alone.
    pub fn only(window: &'a Window) -> Self {
        let (allow, deny) = match window.effect {
            WindowEffect::Allow => (vec![window], Vec::new()),
            WindowEffect::Deny => (Vec::new(), vec![window]),
        };
        Self { allow, deny }
    }

    pub fn is_empty(&self) -> bool {
        self.allow.is_empty() && self.deny.is_empty()
    }

    /// Says whether promotions are allowed at `at`: deny beats allow, allow windows unite, and
    /// without an allow window everything is allowed.
    pub fn is_open(&self, at: Timestamp) -> bool {
        last_to_end(&self.deny, at).is_none()
            && (self.allow.is_empty() || last_to_end(&self.allow, at).is_some())
    }

    /// Returns what the schedule says at `now`, why, and until when.
    pub fn state(&self, now: Timestamp) -> ScheduleState {
        if let Some((window, _)) = last_to_end(&self.deny, now) {
            return self.closed(Some(window), now);
        }
        let by = last_to_end(&self.allow, now).map(|(window, _)| window);
        if by.is_none() && !self.allow.is_empty() {
            return self.closed(None, now);
        }
        ScheduleState {
            open: true,
            by: by.map(|window| window.name.clone()),
            reason: by.and_then(|window| window.reason.clone()),
            changes_at: self.closes_at(now),
            opens_at: None,
        }
    }

    fn closed(&self, by: Option<&Window>, now: Timestamp) -> ScheduleState {
        let opens_at = self.opens_at(now);
        ScheduleState {
            open: false,
            by: by.map(|window| window.name.clone()),
            reason: by.and_then(|window| window.reason.clone()),
            changes_at: opens_at,
            opens_at,
        }
    }

    /// Returns the first instant from `now` on at which the whole schedule is open.
    ///
    /// Leaps from boundary to boundary: over the deny window that ends last, else to the next start
    /// of an allow window. Nothing in between can be open.
    pub fn opens_at(&self, now: Timestamp) -> Option<Timestamp> {
        let horizon = now.saturating_add(HORIZON).ok()?;
        let mut at = now;
        for _ in 0..STEPS_TO_OPEN {
            if at > horizon {
                return None;
            }
            if let Some((_, denied)) = last_to_end(&self.deny, at) {
                at = denied.end;
            } else if self.allow.is_empty() || last_to_end(&self.allow, at).is_some() {
                return Some(at);
            } else {
                at = next_start(&self.allow, at)?;
            }
        }
        None
    }

    /// Returns the first instant after `now`, at which it is open, at which it no longer is.
    fn closes_at(&self, now: Timestamp) -> Option<Timestamp> {
        let horizon = now.saturating_add(HORIZON).ok()?;
        let denied = next_start(&self.deny, now);
        let within = denied.map_or(horizon, |denied| denied.min(horizon));
        let ends = self.allow_ends(now, within);
        [denied, ends]
            .into_iter()
            .flatten()
            .filter(|at| *at <= horizon)
            .min()
    }

    /// Returns the spans in which the whole schedule is open, from `now` on; `None` as the end means
    /// that nothing known ends it. Ends when there is no known opening.
    pub fn openings(&self, now: Timestamp) -> impl Iterator<Item = (Timestamp, Option<Timestamp>)> {
        let mut from = Some(now);
        std::iter::from_fn(move || {
            let start = self.opens_at(from?)?;
            let end = self.closes_at(start);
            from = end;
            Some((start, end))
        })
    }

    /// Follows adjoining and overlapping allow windows from `now` to their end, but not past `within`.
    fn allow_ends(&self, now: Timestamp, within: Timestamp) -> Option<Timestamp> {
        let mut at = now;
        for _ in 0..STEPS_TO_CLOSE {
            match last_to_end(&self.allow, at) {
                Some((_, allowed)) => at = allowed.end,
                None => return (!self.allow.is_empty()).then_some(at),
            }
            if at > within {
                return None;
            }
        }
        None
    }
}

/// Returns the window on at `at` whose interval ends last.
fn last_to_end<'a>(windows: &[&'a Window], at: Timestamp) -> Option<(&'a Window, Interval)> {
    windows
        .iter()
        .filter_map(|window| Some((*window, window.interval_at(at)?)))
        .max_by_key(|(_, interval)| interval.end)
}

fn next_start(windows: &[&Window], after: Timestamp) -> Option<Timestamp> {
    windows
        .iter()
        .filter_map(|window| window.next_start(after))
        .min()
}

impl Window {
    pub fn covers(&self, service: &ServiceName, environment: &EnvironmentName) -> bool {
        (self.services.is_empty() || self.services.contains(service))
            && (self.environments.is_empty() || self.environments.contains(environment))
    }

    /// Returns the interval that `at` lies in; the one that ends last, if several do.
    ///
    /// Only local dates around `at` can matter: as far back as an interval lasts, and the day more on
    /// either side is for clocks that are put back or forward at midnight.
    fn interval_at(&self, at: Timestamp) -> Option<Interval> {
        let holds = |interval: &Interval| interval.start <= at && at < interval.end;
        match &self.span {
            Span::Once { from, to } => self.interval(*from, *to).filter(holds),
            Span::Weekly { days, from, to } => {
                let today = self.zone.to_datetime(at).date();
                dates(today, -to.reach(), 1)
                    .filter(|date| days.contains(&date.weekday()))
                    .filter_map(|date| self.interval_from(date, *from, *to))
                    .filter(holds)
                    .max_by_key(|interval| interval.end)
            }
            Span::Dates {
                dates, from, to, ..
            } => {
                let today = self.zone.to_datetime(at).date();
                dates
                    .near(today, to.reach(), 1)
                    .flat_map(|date| from.iter().map(move |from| (date, *from)))
                    .filter_map(|(date, from)| self.interval_from(date, from, *to))
                    .filter(holds)
                    .max_by_key(|interval| interval.end)
            }
        }
    }

    /// Returns when it is next switched on, strictly after `after`.
    fn next_start(&self, after: Timestamp) -> Option<Timestamp> {
        match &self.span {
            Span::Once { from, to } => self
                .interval(*from, *to)
                .map(|interval| interval.start)
                .filter(|start| *start > after),
            // Two weeks, because a change of the clocks can leave the next interval empty.
            Span::Weekly { days, from, to } => {
                let today = self.zone.to_datetime(after).date();
                dates(today, -1, 15)
                    .filter(|date| days.contains(&date.weekday()))
                    .filter_map(|date| self.interval_from(date, *from, *to))
                    .map(|interval| interval.start)
                    .find(|start| *start > after)
            }
            Span::Dates {
                dates, from, to, ..
            } => {
                let today = self.zone.to_datetime(after).date();
                // Where clocks go forward, a later time of one date may come before an earlier one.
                dates.near(today, 1, 400).find_map(|date| {
                    from.iter()
                        .filter_map(|from| self.interval_from(date, *from, *to))
                        .map(|interval| interval.start)
                        .filter(|start| *start > after)
                        .min()
                })
            }
        }
    }

    /// Returns when it is on, from the first interval that ends after `from` on.
    pub fn intervals(&self, from: Timestamp) -> impl Iterator<Item = Interval> {
        let now = self.interval_at(from);
        let mut last = Some(now.map_or(from, |interval| interval.start));
        let later = std::iter::from_fn(move || {
            let start = self.next_start(last?)?;
            last = Some(start);
            Some(start)
        });
        now.into_iter()
            .chain(later.filter_map(|start| self.interval_at(start)))
    }

    fn interval_from(&self, date: Date, from: Time, to: End) -> Option<Interval> {
        let start = date.to_datetime(from);
        let to = match to {
            End::At(to) => to,
            End::After(duration) => {
                let (early, late) = instants(&self.zone, start)?;
                let ends = |at: Timestamp| at.checked_add(duration).ok();
                return self.narrowed((early, late), (ends(early)?, ends(late)?));
            }
        };
        // Midnight to midnight is the whole day, as config reads 00:00 to 24:00.
        let whole_day = from == to && to == Time::midnight();
        let end = if from > to || whole_day {
            date.tomorrow().ok()?
        } else {
            date
        };
        self.interval(start, end.to_datetime(to))
    }

    fn interval(&self, from: DateTime, to: DateTime) -> Option<Interval> {
        if from >= to {
            return None;
        }
        self.narrowed(instants(&self.zone, from)?, instants(&self.zone, to)?)
    }

    /// Resolves wall-clock times (W2): where one does not exist or exists twice, the narrower
    /// reading for an allow window and the wider one for a freeze, so that doubt never opens.
    fn narrowed(
        &self,
        from: (Timestamp, Timestamp),
        to: (Timestamp, Timestamp),
    ) -> Option<Interval> {
        let interval = match self.effect {
            WindowEffect::Allow => Interval {
                start: from.1,
                end: to.0,
            },
            WindowEffect::Deny => Interval {
                start: from.0,
                end: to.1,
            },
        };
        (interval.start < interval.end).then_some(interval)
    }
}

impl End {
    /// How many days before an instant an interval may have started that it lies in.
    fn reach(self) -> i64 {
        match self {
            Self::At(_) => 2,
            Self::After(duration) => 2 + duration.as_hours() / 24,
        }
    }
}

/// The earliest and the latest instant that a wall-clock time can mean.
fn instants(zone: &TimeZone, wall: DateTime) -> Option<(Timestamp, Timestamp)> {
    match zone.to_ambiguous_timestamp(wall).offset() {
        AmbiguousOffset::Unambiguous { offset } => {
            let at = offset.to_timestamp(wall).ok()?;
            Some((at, at))
        }
        AmbiguousOffset::Gap { before, after } | AmbiguousOffset::Fold { before, after } => {
            let one = before.to_timestamp(wall).ok()?;
            let other = after.to_timestamp(wall).ok()?;
            Some((one.min(other), one.max(other)))
        }
    }
}

/// The dates from `today + first` to `today + last`.
fn dates(today: Date, first: i64, last: i64) -> impl Iterator<Item = Date> {
    (first..=last).filter_map(move |days| {
        let hours = days.checked_mul(24)?;
        today.checked_add(SignedDuration::from_hours(hours)).ok()
    })
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
