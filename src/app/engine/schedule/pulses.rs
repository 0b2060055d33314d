//! Pulses: the cheap looks at many rows at once. Hot rows have their own, more often; the quiet ones
//! are asked with them, all in one.

use jiff::{SignedDuration, Timestamp};

use super::super::Engine;
use super::pace::after;
use super::{Asked, Clock, Of};
use crate::app::effect::{Effect, Question, Target};
use crate::domain::facts::Pulse;
use crate::domain::ids::{ForgeName, ServiceName};

/// How often all rows are counted whose changes are open: a list more for each of them.
const COUNTED: SignedDuration = SignedDuration::from_mins(10);

impl Clock {
    /// When the next pulse is due, where some rows are hot.
    pub(super) fn pulse_at(&self, is_hot: bool, now: Timestamp) -> Timestamp {
        let quiet = self.quiet_at.unwrap_or(now);
        let hot = self.hot_at.unwrap_or(now);
        if is_hot { quiet.min(hot) } else { quiet }
    }
}

impl Engine {
    /// The pulse of a forge that is due, if one is: of all its rows, else of those that are hot.
    pub(super) fn due_pulse(&mut self, forge: &ForgeName, now: Timestamp) -> Option<Effect> {
        let (hot, quiet) = (self.hot(forge), self.quiet(forge));
        let clock = self.clock(forge).clone();
        let is_due = |at: Option<Timestamp>, by: Timestamp| at.is_none_or(|at| at <= by);
        // A look at all that is due soon goes with the look at what is hot.
        let all_soon = is_due(clock.hot_at, now) && is_due(clock.quiet_at, now + hot / 2);
        let all = Asked::Pulse(forge.clone(), Of::All);
        if (all_soon || is_due(clock.quiet_at, now)) && !self.schedule.is_asked(&all) {
            let counts = is_due(clock.counted_at, now);
            let targets = self.known_targets(forge, |_| true, !counts);
            let clock = self.clock(forge);
            clock.quiet_at = Some(after(clock.quiet_at, quiet, now));
            clock.hot_at = Some(after(clock.hot_at.or(Some(now)), hot, now));
            if targets.is_empty() {
                return None;
            }
            if counts {
                clock.counted_at = Some(now + COUNTED);
            }
            return Some(self.question(all, forge, Question::Pulse(targets), now));
        }
        let few = Asked::Pulse(forge.clone(), Of::Hot);
        if !is_due(clock.hot_at, now) || self.schedule.is_asked(&few) {
            return None;
        }
        let rows = self.hot_rows(forge);
        let reading = self.schedule.reading();
        let is_wanted =
            |service: &ServiceName| rows.contains(service) && !reading.contains(service);
        let targets = self.known_targets(forge, is_wanted, false);
        let clock = self.clock(forge);
        clock.hot_at = Some(after(clock.hot_at, hot, now));
        (!targets.is_empty()).then(|| self.question(few, forge, Question::Pulse(targets), now))
    }

    /// A pulse with what a brief question left out as it was known before: to be silent about it is no
    /// news. A forge that tells it all the same is believed.
    pub(crate) fn completed(&self, service: &ServiceName, pulse: Pulse) -> Pulse {
        if pulse.pull_requests.is_some() {
            return pulse;
        }
        let row = self.board.row(service);
        let Some((row, facts)) = row.and_then(|row| Some((row, row.facts.value()?))) else {
            return pulse;
        };
        let before = row.pulse.as_ref();
        Pulse {
            pull_requests: Some(facts.open_pull_requests),
            pull_requests_at: before.and_then(|pulse| pulse.pull_requests_at),
            ..pulse
        }
    }

    /// The rows of a forge of which anything is known, as it needs to know them.
    fn known_targets(
        &self,
        forge: &ForgeName,
        is_wanted: impl Fn(&ServiceName) -> bool,
        brief: bool,
    ) -> Vec<Target> {
        let rows = self.board.rows.iter().filter(|row| {
            row.service.forge == *forge && (row.facts.last.is_some() || row.pulse.is_some())
        });
        let names = rows.map(|row| &row.service.name);
        let targets = names.filter(|service| is_wanted(service) && self.reaches(service));
        let brief = |target: Target| Target { brief, ..target };
        targets
            .filter_map(|service| self.target(service).map(brief))
            .collect()
    }
}
