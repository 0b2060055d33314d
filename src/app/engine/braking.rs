//! Braking: a hold that this gonogo places, edits, lifts or sees expire is carried to the forges.
//!
//! A cell is brought in line once, after the forge was read; every act of it follows the send-once
//! protocol of `flow.rs`. What was refused, or had no answer, is tried again by a person alone
//! (`Request::BindHold`); what has come to a held cell since, such as a new candidate, is braked by the
//! board of whoever holds it (`following.rs`). What a brake is lives in `domain/brake.rs`, its sending in `orders.rs`, reading
//! it back in `reading.rs`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::flow::Flow;
use super::{Engine, JournalState, Report};
use crate::app::effect::Effect;
use crate::app::request::{Refusal, RefusalKind};
use crate::domain::act::Act;
use crate::domain::board::Row;
use crate::domain::brake::{self, Bound, Case, Mark, Reading, Readings, Sought, Tried, Way};
use crate::domain::entry::Event;
use crate::domain::hold::{Cover, Hold, Then};
use crate::domain::ids::{EnvironmentName, FreezeId, HoldId, ServiceName};
use crate::domain::ledger::Ledger;
use crate::domain::observed::Fact;
use crate::domain::policy::Service;
use crate::domain::promotion::{Intent, Purpose};

mod following;
mod orders;
mod reading;

/// For how long a forge may stay silent before its brakes are left to a person.
const PATIENCE: SignedDuration = SignedDuration::from_secs(90);

type Place = (ServiceName, EnvironmentName);

/// Whose a reading is: two cells of a service may be frozen in the same minute, and then the number
/// alone tells their marks apart.
type Read = (ServiceName, Mark, Option<FreezeId>);

/// Brakes on their way, and what the forges show of those that were placed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Braking {
    /// The cells to be brought in line with their holds, and since when.
    wanted: BTreeMap<Place, Timestamp>,
    following: following::Following,
    orders: VecDeque<Order>,
    readings: BTreeMap<Read, Fact<Reading>>,
}

/// An act that waits for its turn: a cell has one at a time.
#[derive(Clone, Debug)]
struct Order {
    place: Place,
    purpose: Purpose,
    act: Act,
    reason: String,
}

/// The readings of one service.
struct Of<'a>(&'a Braking, &'a ServiceName);

impl Readings for Of<'_> {
    fn of(&self, tried: &Tried<'_>) -> Option<&Fact<Reading>> {
        let read = (self.1.clone(), tried.mark.clone(), tried.freeze());
        self.0.readings.get(&read)
    }
}

impl Engine {
    /// Takes note of an entry that this gonogo wrote: what it places or lifts is carried to the forges.
    pub(super) fn brakes_follow(&mut self, event: &Event, now: Timestamp) {
        match event {
            Event::HoldPlaced { hold, .. } => self.want(&hold.cover, now),
            Event::HoldEdited { cover, .. }
            | Event::HoldLifted { cover, .. }
            | Event::HoldExpired {
                cover,
                then: Then::End,
                ..
            } => self.want(cover, now),
            // One that asks stays on, and so does what it has left on the forges.
            _ => {}
        }
    }

    /// Places what a hold lacks on the forges, and lifts what is left of holds that have ended.
    pub(super) fn bind_hold(
        &mut self,
        id: Option<&HoldId>,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Refusal> {
        self.may_act()?;
        let cover = match id {
            Some(id) => self.known_hold(id)?.cover,
            None => Cover::default(),
        };
        let places = self.places(&cover);
        if places.is_empty() {
            return Err(Refusal::new(
                RefusalKind::Usage,
                format!("no environment of {cover} has a brake"),
            )
            .hint("set `brake` in its [environment.NAME]"));
        }
        self.want(&cover, now);
        Ok(self.brake(now))
    }

    fn want(&mut self, cover: &Cover, now: Timestamp) {
        if self.offline || self.read_only {
            return;
        }
        for place in self.places(cover) {
            self.braking.following.leave(&place);
            self.want_place(place, now);
        }
    }

    /// The cells of a cover that have brakes by the policy, or had some.
    fn places(&self, cover: &Cover) -> Vec<Place> {
        let ledger = self.ledger.as_ref();
        let rows: &[Row] = match &cover.service {
            Some(service) => self.board.row(service).map_or(&[], std::slice::from_ref),
            None => &self.board.rows,
        };
        let mut places = Vec::new();
        for row in rows {
            let service = &row.service;
            if service.is_by_hand() {
                continue;
            }
            for stage in &service.path {
                let environment = &stage.environment;
                let place = (service.name.clone(), environment.clone());
                let named = cover
                    .environment
                    .as_ref()
                    .is_none_or(|one| one == environment);
                let was = ledger.is_some_and(|ledger| ledger.braked.contains(&place));
                let ways = self.ways(&service.name, environment);
                if named && (was || !ways.is_empty()) {
                    places.push(place);
                }
            }
        }
        places
    }

    /// The ways in which a cell's forge is made to stop what is held.
    pub fn ways(&self, service: &ServiceName, environment: &EnvironmentName) -> &[Way] {
        let kind = self.board.row(service).map(|row| row.service.kind);
        let known = self.policy.environments.get(environment);
        match (known, kind) {
            (Some(known), Some(kind)) => known.brakes.on(kind),
            _ => &[],
        }
    }

    /// Looks at one cell as its brakes see it.
    fn with_case<T>(
        &self,
        (service, environment): &Place,
        now: Timestamp,
        look: impl FnOnce(&Case<'_>) -> T,
    ) -> Option<T> {
        let row = self.board.row(service)?;
        let (stage, cell) = row.service.stage(environment).zip(row.cell(environment))?;
        let ledger = self.ledger.as_ref()?;
        let target = cell.candidate.as_ref().or(cell.live.as_ref());
        let sha = target.map(|target| &target.sha);
        let holds: Vec<&Hold> = ledger.holds_on(service, environment, sha, now).collect();
        let tried = if ledger
            .braked
            .contains(&(service.clone(), environment.clone()))
        {
            brake::tried(ledger, service, environment)
        } else {
            Vec::new()
        };
        let ways = self.ways(service, environment);
        let place = if ways.contains(&Way::Freeze) {
            self.place_in_project(&row.service, environment)
        } else {
            (0, 1)
        };
        Some(look(&Case {
            ways,
            stage,
            place,
            target,
            facts: Some(&row.facts),
            holds: &holds,
            tried: &tried,
            readings: &Of(&self.braking, service),
            now,
        }))
    }

    /// Which cell of its project one is, of how many: several services may be of one project, whose
    /// freezes tell nothing of whose they are.
    fn place_in_project(&self, service: &Service, environment: &EnvironmentName) -> (usize, usize) {
        let rows = self.board.rows.iter().map(|row| &row.service);
        let same = rows.filter(|one| one.forge == service.forge && one.repo == service.repo);
        let cells = same.flat_map(|one| {
            let path = one.path.iter();
            path.map(|stage| (&one.name, &stage.environment))
        });
        let mut cells: Vec<_> = cells.collect();
        // By name: the same on every board, however it lists them.
        cells.sort();
        let own = (&service.name, environment);
        let place = cells.iter().position(|cell| *cell == own);
        (place.unwrap_or(0), cells.len().max(1))
    }

    /// What the brakes of a cell have come to; `None` where nothing holds it and nothing is left.
    pub fn bound(
        &self,
        service: &ServiceName,
        environment: &EnvironmentName,
        now: Timestamp,
    ) -> Option<Bound> {
        self.with_case(&(service.clone(), environment.clone()), now, brake::bound)?
    }

    /// What the brakes of every cell of a hold have come to. A cell that the hold does not cover as it
    /// stands now, because it names another revision, is not among them.
    pub fn bound_by(&self, cover: &Cover, now: Timestamp) -> Vec<(Place, Bound)> {
        let of = |place: Place| {
            let row = self.board.row(&place.0)?;
            let cell = row.cell(&place.1)?;
            let target = cell.candidate.as_ref().or(cell.live.as_ref());
            let sha = target.map(|target| &target.sha);
            let bound = self.bound(&place.0, &place.1, now)?;
            (cover.covers(&place.0, &place.1, sha) && !bound.left).then_some((place, bound))
        };
        self.places(cover).into_iter().filter_map(of).collect()
    }

    /// The cells without a hold on which brakes are left.
    pub fn left_behind(&self, now: Timestamp) -> Vec<(Place, Bound)> {
        let ledger = self.ledger.iter();
        let braked = ledger.flat_map(|ledger| ledger.braked.iter().cloned());
        braked
            .filter_map(|place| {
                let bound = self.bound(&place.0, &place.1, now)?;
                bound.left.then_some((place, bound))
            })
            .collect()
    }

    /// What a hold on this cover would place, in words; `None` where nothing has a brake.
    pub fn would_place(&self, cover: &Cover) -> Option<String> {
        let places = self.places(cover);
        let mut ways: BTreeSet<&str> = BTreeSet::new();
        let mut names: BTreeSet<String> = BTreeSet::new();
        let mut cells = 0;
        for (service, environment) in &places {
            let of_cell = self.ways(service, environment);
            cells += usize::from(!of_cell.is_empty());
            for way in of_cell {
                ways.insert(match way {
                    Way::Status => "a failed status",
                    Way::Label => "a label",
                    Way::Freeze => "a freeze of the project",
                    Way::Reject => "a no to what waits",
                });
                if matches!(way, Way::Status | Way::Label) {
                    names.insert(brake::name(environment));
                }
            }
        }
        if cells == 0 {
            return None;
        }
        let ways: Vec<&str> = ways.into_iter().collect();
        let names: Vec<String> = names.into_iter().collect();
        let of = if names.is_empty() {
            String::new()
        } else {
            format!(" {}", names.join(", "))
        };
        let place = match cells {
            1 => String::new(),
            many => format!(" in {many} cells"),
        };
        Some(format!("on the forge: {}{of}{place}", ways.join(", ")))
    }

    /// Says whether brakes are on their way, or wait to be read back for the first time.
    pub fn is_braking(&self, now: Timestamp) -> bool {
        let placing = |flow: &Flow| flow.plan.intent.purpose.is_brake();
        let unread = || {
            let ledger = self.ledger.iter();
            let braked = ledger.flat_map(|ledger| &ledger.braked);
            let mut braked = braked.filter(|place| self.reaches(&place.0));
            braked.any(|place| {
                let held = self.placed(place, now, None);
                held.iter()
                    .any(|sought| self.reading(&place.0, sought).is_none())
            })
        };
        !self.braking.wanted.is_empty()
            || !self.braking.orders.is_empty()
            || self.flows.values().any(placing)
            || (!self.offline && unread())
    }

    fn reading(&self, service: &ServiceName, sought: &Sought) -> Option<&Fact<Reading>> {
        let read = (service.clone(), sought.mark.clone(), sought.freeze);
        self.braking.readings.get(&read)
    }

    /// Brings cells in line whose forge has been read, and starts what waits for its turn.
    pub(super) fn brake(&mut self, now: Timestamp) -> Vec<Effect> {
        if self.braking.wanted.is_empty() && self.braking.orders.is_empty() {
            return Vec::new();
        }
        if self.offline || self.read_only || self.journal != JournalState::Ready {
            return Vec::new();
        }
        let wanted: Vec<(Place, Timestamp)> = self
            .braking
            .wanted
            .iter()
            .map(|(place, since)| (place.clone(), *since))
            .collect();
        for (place, since) in wanted {
            match self.is_read(&place, since, now) {
                Ok(true) => {
                    self.braking.wanted.remove(&place);
                    self.bring_in_line(&place, now);
                }
                Ok(false) if now.duration_since(since) < PATIENCE => {}
                Ok(false) if self.is_on_its_way(&place) => {
                    self.leave(&place, "what came of the last one is not known yet");
                }
                Ok(false) => self.leave(&place, "the forge does not answer"),
                Err(why) => self.leave(&place, &why),
            }
        }
        self.start_orders(now)
    }

    /// Leaves a cell to a person: its brakes are told as they are.
    fn leave(&mut self, place: &Place, why: &str) {
        self.braking.wanted.remove(place);
        let refusal = Refusal::new(
            RefusalKind::Forge,
            format!(
                "the brakes of {} {} are as they were: {why}",
                place.0, place.1
            ),
        );
        self.reports.push(Report::Refused {
            id: None,
            refusal: refusal.hint("when it answers again: `gonogo hold bind`, or Bind again in H"),
        });
    }

    /// Has a cell brought in line once more: what was about to be sent for it is not, because somebody
    /// wrote something in between.
    pub(super) fn brake_again(&mut self, intent: &Intent, now: Timestamp) {
        self.want_place((intent.service.clone(), intent.environment.clone()), now);
    }

    fn want_place(&mut self, place: Place, now: Timestamp) {
        let row = self.board.row(&place.0);
        if let Some(forge) = row.map(|row| row.service.forge.clone()) {
            self.schedule.read_marks_again(&forge, &place.0);
        }
        if !self.reaches(&place.0) {
            self.reach_for([&place.0]);
            self.schedule.refresh_one(&place.0, now);
        }
        self.braking.wanted.insert(place, now);
    }

    /// Says whether a brake of a cell is on its way, by whomever: what it comes to decides what is
    /// missing.
    fn is_on_its_way(&self, (service, environment): &Place) -> bool {
        let ledger = self.ledger.iter();
        let mut open = ledger.flat_map(Ledger::open);
        open.any(|promotion| {
            let intent = &promotion.intent;
            intent.purpose.is_brake()
                && (&intent.service, &intent.environment) == (service, environment)
        })
    }

    /// Says whether all that a cell's brakes rest on was read; the error says why it cannot be.
    fn is_read(&self, place: &Place, since: Timestamp, now: Timestamp) -> Result<bool, String> {
        let Some(row) = self.board.row(&place.0) else {
            return Err("it is not in the config any more".to_owned());
        };
        // What is fresh enough for a gate is fresh enough here.
        if row.facts.is_stale(now, self.policy.max_age) {
            return match &row.facts.fault {
                Some(fault) if fault.at >= since => Err(fault.why.clone()),
                Some(_) | None => Ok(false),
            };
        }
        if self.is_on_its_way(place) {
            return Ok(false);
        }
        for sought in self.placed(place, now, None) {
            let fact = self.reading(&place.0, &sought);
            if fact.and_then(Fact::at).is_some_and(|at| at >= since) {
                // Not there, and perhaps not shown yet.
                if self.is_too_early(place, &sought.mark, now) {
                    return Ok(false);
                }
                continue;
            }
            return match fact.and_then(|fact| fact.fault.as_ref()) {
                Some(fault) if fault.at >= since => Err(fault.why.clone()),
                Some(_) | None => Ok(false),
            };
        }
        Ok(true)
    }

    fn is_too_early(&self, place: &Place, mark: &Mark, now: Timestamp) -> bool {
        let too_early = self.with_case(place, now, |case| {
            let mut tried = case.tried.iter();
            let tried = tried.find(|tried| tried.mark == *mark);
            tried.is_some_and(|tried| case.seems_lost(tried).is_none())
        });
        too_early == Some(true)
    }

    fn bring_in_line(&mut self, place: &Place, now: Timestamp) {
        let by_itself = self.braking.following.is_on(place);
        let orders = self.with_case(place, now, |case| {
            let order = |purpose, act, reason: &str| Order {
                place: place.clone(),
                purpose,
                act,
                reason: reason.to_owned(),
            };
            let reason = case.holds.first().map_or("", |hold| hold.reason.as_str());
            let placed = if by_itself {
                brake::unsent(case)
            } else {
                brake::missing(case)
            };
            let mut orders: Vec<Order> = placed
                .into_iter()
                .map(|act| order(Purpose::Brake, act, reason))
                .collect();
            let lifted = brake::leftovers(case).into_iter();
            let lifted = lifted.filter(|tried| !tried.is_being_lifted());
            orders.extend(
                lifted
                    .filter_map(brake::undo)
                    .map(|act| order(Purpose::Unbrake, act, "nothing holds it any more")),
            );
            orders
        });
        self.braking.orders.retain(|order| order.place != *place);
        self.braking.orders.extend(orders.unwrap_or_default());
    }
}

#[cfg(test)]
mod tests;
