//! Brakes that follow: a new candidate, pull request or waiting run of a cell that is held gets a brake
//! of its own, from the board of whoever holds it. It is a first send each time: what was tried once, and
//! what was there when the hold could not be carried, is left to a person.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::Place;
use crate::app::engine::Engine;
use crate::domain::brake::{self, Mark};
use crate::domain::hold::Hold;
use crate::domain::ids::ServiceName;

/// What is known of the cells that this board holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Following {
    /// The marks that each cell was seen to need.
    seen: BTreeMap<Place, BTreeSet<Mark>>,
    /// The cells that are brought in line by what has come alone.
    by_itself: BTreeSet<Place>,
}

impl Following {
    /// A person has ordered it: all that is missing is meant.
    pub(super) fn leave(&mut self, place: &Place) {
        self.by_itself.remove(place);
    }

    pub(super) fn is_on(&self, place: &Place) -> bool {
        self.by_itself.contains(place)
    }
}

impl Engine {
    /// Looks at the held cells of a service whose facts were read: what has come gets its brake.
    pub(in crate::app::engine) fn brakes_keep_up(&mut self, service: &ServiceName, now: Timestamp) {
        if !self.keeps_up || self.read_only || self.offline {
            return;
        }
        let Some(row) = self
            .board
            .row(service)
            .filter(|row| !row.service.is_by_hand())
        else {
            return;
        };
        let path = row.service.path.iter();
        let places: Vec<Place> = path
            .map(|stage| (service.clone(), stage.environment.clone()))
            .filter(|place| !self.ways(&place.0, &place.1).is_empty())
            .collect();
        for place in places {
            self.keep_up(place, now);
        }
    }

    fn keep_up(&mut self, place: Place, now: Timestamp) {
        let operator = self.operator.as_ref();
        let is_mine = |hold: &Hold| Some(&hold.owner) == operator;
        let looked = self.with_case(&place, now, |case| {
            let is_mine = case.holds.iter().copied().any(is_mine);
            is_mine.then(|| {
                let unsent = brake::unsent(case);
                let unsent: BTreeSet<Mark> = unsent.iter().filter_map(Mark::of).collect();
                (unsent, brake::is_carried(case))
            })
        });
        let Some((unsent, is_carried)) = looked.flatten() else {
            self.braking.following.seen.remove(&place);
            return;
        };
        let braking = &mut self.braking;
        // A person's order is on its way: it places all that is missing.
        let ordered = braking.orders.iter().any(|order| order.place == place);
        if ordered || braking.wanted.contains_key(&place) {
            return;
        }
        let following = &mut braking.following;
        // Nothing was lacking when it was first looked at, or what was has its brake.
        let known = following.seen.get(&place);
        let keeps_up = is_carried || known.is_some_and(BTreeSet::is_empty);
        let seen = following.seen.entry(place.clone()).or_default();
        let before = seen.len();
        seen.extend(unsent);
        if keeps_up && seen.len() > before {
            following.by_itself.insert(place.clone());
            self.want_place(place, now);
        }
    }
}
