//! The pace: how often a forge is asked, and which of its rows are hot. Pure arithmetic over what is
//! in flight and on screen; the questions themselves are made in `pulses.rs` and `questions.rs`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::super::Engine;
use crate::domain::board::Row;
use crate::domain::cell::InFlight;
use crate::domain::ids::{ForgeName, ServiceName};

/// How often what is hot is asked for, if the forge's interval is not shorter.
const HOT: SignedDuration = SignedDuration::from_secs(5);
/// And what is quiet, if neither the interval nor the age of facts asks for more.
const QUIET: SignedDuration = SignedDuration::from_secs(60);
/// Rows that are hot for being looked at or for waiting: one query's worth. What is in flight always
/// is.
const MOST_HOT: usize = 60;
/// Rows read whole in one round of what a pulse does not tell: a query of one point on GitHub.
const AT_ONCE: usize = 2;
/// As many services that somebody named are read whole together, as those of a command are.
const NAMED: usize = 3;
/// How much sooner the turn of a row on screen comes.
const SOONER: i32 = 10;
/// How long what an earlier run has read is believed, if pulses confirm it.
const CACHED: SignedDuration = SignedDuration::from_mins(10);
/// A day: longer than any turn takes to come.
const ITS_TURN: SignedDuration = SignedDuration::from_hours(24);

/// How often forges are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    pub interval: SignedDuration,
    /// Whether hot rows are asked for more often and quiet ones less; else all are every interval.
    pub adapt: bool,
    /// Forges with an interval of their own.
    pub forges: BTreeMap<ForgeName, SignedDuration>,
}

impl Pace {
    /// One interval for all forges.
    pub fn every(interval: SignedDuration) -> Self {
        Self {
            interval,
            adapt: true,
            forges: BTreeMap::new(),
        }
    }

    pub fn interval(&self, forge: &ForgeName) -> SignedDuration {
        self.forges.get(forge).copied().unwrap_or(self.interval)
    }

    /// The distance between two looks at a quiet row. A sixth of `max_age` is left for the answer, so
    /// that quiet never means stale.
    pub(super) fn quiet(&self, forge: &ForgeName, max_age: SignedDuration) -> SignedDuration {
        let interval = self.interval(forge);
        let fresh = max_age / 6 * 5;
        if self.adapt {
            QUIET.min(interval.saturating_mul(4)).min(fresh)
        } else {
            interval.min(fresh)
        }
    }

    /// The distance between two looks at a hot row.
    pub(super) fn hot(&self, forge: &ForgeName, max_age: SignedDuration) -> SignedDuration {
        HOT.min(self.interval(forge))
            .min(self.quiet(forge, max_age))
    }
}

/// The instant one `step` after `at`, or after now if that has passed already: what is due every so
/// often stays on its grid, and all forges wake the program together.
pub(super) fn after(at: Option<Timestamp>, step: SignedDuration, now: Timestamp) -> Timestamp {
    let next = at.unwrap_or(now) + step;
    if next > now { next } else { now + step }
}

impl Engine {
    pub(super) fn hot(&self, forge: &ForgeName) -> SignedDuration {
        self.pace.hot(forge, self.policy.max_age)
    }

    pub(super) fn quiet(&self, forge: &ForgeName) -> SignedDuration {
        self.pace.quiet(forge, self.policy.max_age)
    }

    /// The rows of a forge that are asked for often: what is in flight, and as far as one query goes
    /// what is on screen and what waits for somebody.
    pub(super) fn hot_rows(&self, forge: &ForgeName) -> BTreeSet<ServiceName> {
        let on_forge = |row: &&Row| row.service.forge == *forge;
        let rows = || self.board.rows.iter().filter(on_forge);
        let name = |row: &Row| row.service.name.clone();
        let moves = |row: &&Row| is_in_flight(row) || self.restless.contains(&row.service.name);
        let mut hot: BTreeSet<ServiceName> = rows().filter(moves).map(name).collect();
        if !self.pace.adapt {
            return hot;
        }
        let seen = |row: &&Row| self.watched.contains(&row.service.name);
        // All that is watched without a screen is no more worth looking at than all else.
        let seen: Vec<ServiceName> = rows().filter(seen).map(name).collect();
        if seen.len() <= MOST_HOT {
            hot.extend(seen);
        }
        let free = MOST_HOT.saturating_sub(hot.len());
        hot.extend(rows().filter(|row| waits(row)).map(name).take(free));
        hot
    }

    /// Says whether a forge may have hot rows, without going through all of them where a screen shows
    /// some.
    pub(super) fn may_be_hot(&self, forge: &ForgeName) -> bool {
        if self.pace.adapt && (1..=MOST_HOT).contains(&self.watched.len()) {
            return true;
        }
        let mut rows = self.board.rows.iter();
        rows.any(|row| {
            row.service.forge == *forge
                && (is_in_flight(row)
                    || self.restless.contains(&row.service.name)
                    || (self.pace.adapt && waits(row)))
        })
    }

    /// Says whether somebody looks at this very service rather than at a screen full of them.
    pub(super) fn is_focused(&self, service: &ServiceName) -> bool {
        self.focused.contains(service)
            || (self.named.len() <= NAMED && self.named.contains(service))
    }

    /// Returns when a service is to be read whole next; `None` means at once.
    pub(super) fn whole_at(&self, service: &ServiceName) -> Option<Timestamp> {
        let row = self.board.row(service)?;
        let early = self
            .schedule
            .early
            .get(service)
            .and_then(|times| times.iter().min().copied());
        let last = self.read_last(row)?;
        let interval = self.pace.interval(&row.service.forge);
        let regular = if row.facts.fault.is_some() {
            last + interval
        } else if is_ordered(row) {
            // What we ordered may show in a run alone, which no pulse tells of.
            last + self.hot(&row.service.forge)
        } else if is_in_flight(row) {
            last + interval
        } else if self.is_focused(service) {
            last + interval.saturating_mul(2)
        } else if self.schedule.read_at.contains_key(service) {
            last + ITS_TURN
        } else {
            last + CACHED
        };
        Some(early.map_or(regular, |early| early.min(regular)))
    }

    /// When a row was last read whole or that failed: asking a broken service every tick helps nobody.
    fn read_last(&self, row: &Row) -> Option<Timestamp> {
        let last = match (row.facts.at(), row.facts.fault.as_ref()) {
            (None, None) => return None,
            (at, Some(fault)) => at.map_or(fault.at, |at| at.max(fault.at)),
            (Some(at), None) => at,
        };
        let asked = self.schedule.read_at.get(&row.service.name);
        Some(asked.map_or(last, |asked| last.max(*asked)))
    }

    /// The rows whose turn it is to be read whole without any sign of a change, since a pulse does not
    /// tell everything: a few in each round, those that wait longest first, what is on screen sooner.
    pub(super) fn due_in_turn(&mut self, forge: &ForgeName, now: Timestamp) -> Vec<ServiceName> {
        let interval = self.pace.interval(forge);
        let step = interval.saturating_mul(2);
        let clock = self.clock(forge);
        if clock.turn_at.is_some_and(|at| now < at) {
            return Vec::new();
        }
        clock.turn_at = Some(after(clock.turn_at, step, now));
        let reading = self.schedule.reading();
        let mut waiting: Vec<(SignedDuration, &ServiceName)> = Vec::new();
        for row in &self.board.rows {
            let service = &row.service.name;
            let asked = row.service.forge == *forge && self.reaches(service);
            if !asked || reading.contains(service) {
                continue;
            }
            // By when it was asked whole: a pulse that confirms makes facts look younger than they are.
            let asked = self.schedule.read_at.get(service).copied();
            let Some(last) = asked.or_else(|| self.read_last(row)) else {
                continue;
            };
            let watched = self.watched.contains(service);
            let (weight, least) = if watched { (SOONER, 4) } else { (1, 8) };
            let age = now.duration_since(last);
            if age >= interval.saturating_mul(least) {
                waiting.push((age.saturating_mul(weight), service));
            }
        }
        waiting.sort_by_key(|(age, service)| (std::cmp::Reverse(*age), *service));
        let turn = waiting.into_iter().take(AT_ONCE);
        let turn: Vec<ServiceName> = turn.map(|(_, service)| service.clone()).collect();
        for service in &turn {
            self.schedule.looks.touch(service);
        }
        turn
    }

    /// How long what is between two revisions is believed where nobody looks at it: the revisions never
    /// change, reviews of merged changes rarely do, and every send reads them again.
    pub(super) fn scope_kept(&self, forge: &ForgeName) -> SignedDuration {
        let count = self.board.rows.len();
        let each = self.pace.interval(forge).saturating_mul(2);
        each.saturating_mul(i32::try_from(count).unwrap_or(i32::MAX))
            .max(SignedDuration::from_mins(10))
    }
}

/// Says whether something is on its way into an environment by itself.
fn is_in_flight(row: &Row) -> bool {
    let mut flights = row.cells.iter().filter_map(|cell| cell.in_flight.as_ref());
    flights.any(|flight| !flight.awaits_approval())
}

/// Says whether something is on its way that was ordered here.
fn is_ordered(row: &Row) -> bool {
    let mut flights = row.cells.iter().filter_map(|cell| cell.in_flight.as_ref());
    flights.any(|flight| flight.intent.is_some())
}

/// Says whether something waits for somebody's approval.
fn waits(row: &Row) -> bool {
    let mut flights = row.cells.iter().filter_map(|cell| cell.in_flight.as_ref());
    flights.any(InFlight::awaits_approval)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: i64) -> SignedDuration {
        SignedDuration::from_secs(count)
    }

    #[test]
    fn quiet_never_means_stale_and_hot_is_never_slower_than_quiet() {
        let forge = ForgeName::from("here");
        let mut pace = Pace::every(seconds(15));
        let mut law = |interval, max_age, adapt| {
            pace.interval = seconds(interval);
            pace.adapt = adapt;
            let (hot, quiet) = (
                pace.hot(&forge, seconds(max_age)),
                pace.quiet(&forge, seconds(max_age)),
            );
            assert!(
                hot <= quiet && quiet < seconds(max_age),
                "{interval} {max_age}"
            );
            assert!(
                hot <= HOT && hot <= seconds(interval),
                "{interval} {max_age}"
            );
            (hot.as_secs(), quiet.as_secs())
        };
        assert_eq!(law(15, 60, true), (5, 50));
        assert_eq!(law(15, 300, true), (5, 60));
        assert_eq!(law(2, 60, true), (2, 8));
        assert_eq!(law(15, 60, false), (5, 15));
        for interval in 1..90 {
            for max_age in interval..200 {
                law(interval, max_age, true);
                law(interval, max_age, false);
            }
        }
    }

    #[test]
    fn a_forge_may_have_an_interval_of_its_own() {
        let mut pace = Pace::every(seconds(15));
        pace.forges.insert("slow".into(), seconds(40));
        let minutes = seconds(600);
        assert_eq!(pace.hot(&"slow".into(), minutes), HOT);
        assert_eq!(pace.quiet(&"slow".into(), seconds(60)), seconds(50));
        pace.adapt = false;
        assert_eq!(pace.quiet(&"slow".into(), minutes), seconds(40));
        assert_eq!(pace.quiet(&"fast".into(), minutes), seconds(15));
    }

    #[test]
    fn what_is_due_every_so_often_stays_on_its_grid() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(after(Some(at(10)), seconds(5), at(11)), at(15));
        assert_eq!(after(Some(at(10)), seconds(5), at(40)), at(45));
        assert_eq!(after(None, seconds(5), at(40)), at(45));
    }
}
