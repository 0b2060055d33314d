//! Which rows are to be looked at for questions: those that something has touched since the last
//! look, and those whose time has come. What is asked of a row is decided in `questions.rs`.
//!
//! Whatever a question about a row rests on is in the row itself, whose version tells, or compared in
//! `note_touched`, or reported with `touch`; a row that is asked for out of turn is touched too.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::super::Engine;
use crate::domain::ids::{EnvironmentName, ForgeName, ServiceName};

/// A row of which nothing will be due by itself is looked at once in this time all the same.
const AT_LEAST: SignedDuration = SignedDuration::from_hours(1);

/// What the last look at a row came to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Look {
    /// The row's version then; 0, which no row has, after something else has touched it.
    version: u64,
    /// When it is to be looked at again, if nothing touches it before.
    at: Timestamp,
    /// When it is to be read whole; `None` while that is being done.
    pub whole_at: Option<Timestamp>,
    /// Whether there are scopes to be read that have found no room yet.
    pub wants_scopes: bool,
}

/// What the last look at each row came to, in the order of the board.
#[derive(Clone, Debug, Default)]
pub(super) struct Looks {
    rows: Vec<Look>,
    /// Services of which something has changed that is not in their row.
    touched: Vec<ServiceName>,
    watched: BTreeSet<ServiceName>,
    focused: BTreeSet<ServiceName>,
    traced: Option<(ServiceName, EnvironmentName)>,
}

impl Looks {
    /// Takes note that something has changed of a service that is not in its row: when it is to be
    /// read, or whether it is being read.
    pub fn touch(&mut self, service: &ServiceName) {
        self.touched.push(service.clone());
    }

    /// Takes note of a look at a row and of the instants at which it is worth another.
    pub fn looked(
        &mut self,
        place: usize,
        version: u64,
        whole_at: Option<Timestamp>,
        others: impl IntoIterator<Item = Timestamp>,
        now: Timestamp,
    ) {
        let Some(look) = self.rows.get_mut(place) else {
            return;
        };
        let soonest = others.into_iter().chain(whole_at).min();
        look.version = version;
        look.whole_at = whole_at;
        look.at = soonest.unwrap_or(now + AT_LEAST);
    }

    /// Takes note of whether a row has scopes for which there is no room, and when the others of
    /// its scopes are to be read.
    pub fn scopes(&mut self, place: usize, wanted: bool, again: Option<Timestamp>) {
        if let Some(look) = self.rows.get_mut(place) {
            look.wants_scopes = wanted;
            look.at = again.map_or(look.at, |again| again.min(look.at));
        }
    }

    /// What the last look at a row came to, if nothing in the row has changed since.
    pub fn of(&self, place: usize, version: u64) -> Option<&Look> {
        self.rows.get(place).filter(|look| look.version == version)
    }
}

impl Engine {
    /// Finds what was touched since the last time this was asked.
    pub(super) fn note_touched(&mut self) {
        let looks = &mut self.schedule.looks;
        looks.rows.resize(self.board.rows.len(), Look::default());
        let mut touched = std::mem::take(&mut looks.touched);
        if looks.watched != self.watched {
            let changed = looks.watched.symmetric_difference(&self.watched);
            touched.extend(changed.cloned());
            looks.watched.clone_from(&self.watched);
        }
        if looks.focused != self.focused {
            let changed = looks.focused.symmetric_difference(&self.focused);
            touched.extend(changed.cloned());
            looks.focused.clone_from(&self.focused);
        }
        if looks.traced != self.traced {
            let both = looks.traced.iter().chain(&self.traced);
            touched.extend(both.map(|(service, _)| service.clone()));
            looks.traced.clone_from(&self.traced);
        }
        for service in touched {
            let place = self.board.place(&service);
            if let Some(look) = place.and_then(|place| looks.rows.get_mut(place)) {
                look.version = 0;
            }
        }
    }

    /// The places of a forge's rows that were touched, or whose time has come.
    pub(super) fn to_look_at(&self, forge: &ForgeName, now: Timestamp) -> Vec<usize> {
        self.places_where(forge, |version, look| {
            look.version != version || look.at <= now
        })
    }

    /// The places of a forge's rows that have scopes to be read, those that are watched first.
    pub(super) fn wanting_scopes(&self, forge: &ForgeName) -> Vec<usize> {
        let mut places = self.places_where(forge, |_, look| look.wants_scopes);
        places.sort_by_key(|place| {
            let row = self.board.rows.get(*place);
            row.is_none_or(|row| !self.watched.contains(&row.service.name))
        });
        places
    }

    fn places_where(&self, forge: &ForgeName, is: impl Fn(u64, &Look) -> bool) -> Vec<usize> {
        let rows = self.board.rows.iter().zip(&self.schedule.looks.rows);
        rows.enumerate()
            .filter(|(_, (row, look))| is(row.version, look) && row.service.forge == *forge)
            .filter(|(_, (row, _))| self.reaches(&row.service.name))
            .map(|(place, _)| place)
            .collect()
    }
}

#[cfg(test)]
mod tests;
