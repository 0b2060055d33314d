//! The steps of an evening: chance picks what happens next. After the last one all trouble ends, and
//! everything that was begun must come to its end.

use std::sync::Arc;

use jiff::SignedDuration;

use super::breakage::Breakage;
use super::executor::{ON_ITS_WAY, unreachable};
use super::invariants;
use super::world::World;
use crate::app::Msg;
use crate::domain::entry::{Draft, Event, Precondition};
use crate::domain::scope;

/// How many steps an evening has before its end.
const STEPS: usize = 180;
/// How many rounds at the end anything may take to come to its own.
const PATIENCE: u32 = 45;
/// How many answers come before anybody orders anything: boards are opened before they are needed.
const FIRST_ANSWERS: usize = 30;

impl World {
    /// Lives through the whole evening, or until something is found.
    pub fn live(&mut self) {
        for _ in 0..FIRST_ANSWERS {
            if !self.in_flight.is_empty() {
                let place = self.chance.below(self.in_flight.len());
                self.go_on(place);
            }
        }
        for who in 0..self.operators.len() {
            self.watch(who);
        }
        for _ in 0..STEPS {
            self.step();
            invariants::after_step(self);
            if self.violation.is_some() {
                return;
            }
        }
        self.end();
    }

    fn step(&mut self) {
        let moving = u32::from(!self.in_flight.is_empty());
        match self.chance.weighted(&[moving * 120, 28, 36, 6, 8, 2]) {
            0 => {
                let place = self.chance.below(self.in_flight.len());
                self.go_on(place);
            }
            1 => {
                let who = self.chance.below(self.operators.len());
                if self.operators[who].state.is_some() && !self.operators[who].leaving {
                    self.order(who);
                }
            }
            2 => {
                let passes = match self.chance.weighted(&[150, 40, 5, 1]) {
                    0 => self.chance.seconds(1, 4),
                    1 => self.chance.seconds(4, 15),
                    2 => self.chance.seconds(30, 200),
                    // Everybody's machine is shut for the break.
                    _ => self.chance.seconds(400, 1_500),
                };
                self.pass(passes);
            }
            3 => self.surprise(),
            4 => {
                let who = self.chance.below(self.operators.len());
                self.confirms(who);
            }
            _ => self.trouble(),
        }
        self.sabotage();
    }

    /// Time passes: the forges move, watchers look, and whose tick is due gets it.
    pub fn pass(&mut self, by: SignedDuration) {
        self.now += by;
        self.say(|_| format!("{} s pass", by.as_secs()));
        for forge in self.forges.values_mut() {
            for repo in forge.repos.values_mut() {
                repo.advance(&mut self.chance, self.now);
            }
        }
        // What has been on its way for too long has arrived, or never will.
        let late = |world: &Self| {
            world.in_flight.iter().position(|flight| {
                flight.is_write()
                    && flight.answer.is_none()
                    && world.now.duration_since(flight.since) > ON_ITS_WAY
            })
        };
        while let Some(place) = late(self) {
            self.go_on(place);
        }
        for who in 0..self.operators.len() {
            self.wake(who);
        }
    }

    fn wake(&mut self, who: usize) {
        if self.operators[who].state.is_none() {
            // Back after a crash, or from home.
            if self.chance.percent(30) {
                self.sits_down(who);
            }
            return;
        }
        if self.operators[who].leaving {
            let sending = self.operators[who]
                .state
                .as_ref()
                .is_some_and(|state| state.engine.is_sending());
            if !sending {
                self.falls(who, "has left");
                return;
            }
        }
        if self.chance.percent(60) {
            self.watch(who);
        }
        if self.operators[who].reload && self.chance.percent(60) {
            let policy = Arc::clone(&self.policy);
            self.operators[who].reload = false;
            self.operators[who].policy = Arc::clone(&policy);
            let handed = self.handed(&policy);
            self.say(|world| format!("{} reads the config", world.operators[who].instance));
            self.tell(who, Msg::Reloaded(Ok(handed)));
        }
        if self.operators[who].next_tick <= self.now {
            self.operators[who].next_tick = self.now + SignedDuration::from_secs(60);
            self.tell(who, Msg::Tick);
        }
    }

    /// The watcher looks at the journal's head, and now and then settles what the dead left.
    fn watch(&mut self, who: usize) {
        if self.journal_is_down() {
            if !self.operators[who].watch_lost {
                self.operators[who].watch_lost = true;
                let instance = self.operators[who].instance.clone();
                self.record.journal_good.insert(instance, false);
                self.tell(who, Msg::JournalRead(Err(unreachable())));
            }
            return;
        }
        if self.chance.percent(15) {
            let (actor, at) = (self.operators[who].person.clone(), self.clock_of(who));
            self.settle_dead(&actor, at);
        }
        let head = self.book.head();
        let operator = &mut self.operators[who];
        if operator.watched == Some(head) && !operator.watch_lost {
            return;
        }
        let since = operator.watched.unwrap_or_default();
        operator.watched = Some(head);
        operator.watch_lost = false;
        let instance = operator.instance.clone();
        if let Ok(entries) = self.read(who, since) {
            self.shown(&instance, &entries);
            self.record.journal_good.insert(instance, true);
            self.tell(who, Msg::JournalRead(Ok(entries)));
        }
    }

    fn surprise(&mut self) {
        if self.chance.percent(30) {
            self.mood_changes();
            return;
        }
        let names: Vec<_> = self.forges.keys().cloned().collect();
        let Some(name) = self.chance.pick(&names).cloned() else {
            return;
        };
        let Some(forge) = self.forges.get_mut(&name) else {
            return;
        };
        let paths: Vec<_> = forge.repos.keys().cloned().collect();
        let Some(path) = self.chance.pick(&paths).cloned() else {
            return;
        };
        if let Some(repo) = forge.repos.get_mut(&path) {
            let told = repo.surprise(&mut self.chance, self.now);
            self.say(|_| format!("{path}: {told}"));
        }
    }

    fn trouble(&mut self) {
        match self.chance.weighted(&[35, 15, 15, 15, 20]) {
            0 => {
                let who = self.chance.below(self.operators.len());
                if self.operators[who].state.is_some() {
                    self.count("crash");
                    self.falls(who, "crashes");
                }
            }
            1 => {
                self.count("journal outage");
                self.journal_down_until = Some(self.now + self.chance.seconds(2, 60));
                self.say(|_| "the journal is gone for a while".to_owned());
            }
            2 => {
                let names: Vec<_> = self.forges.keys().cloned().collect();
                if let Some(name) = self.chance.pick(&names).cloned() {
                    self.count("forge outage");
                    // Now and then for so long that its facts run out.
                    let long = self.chance.percent(25);
                    let (least, most) = if long { (90, 400) } else { (2, 90) };
                    let until = self.now + self.chance.seconds(least, most);
                    if let Some(forge) = self.forges.get_mut(&name) {
                        forge.down_until = Some(until);
                    }
                    self.say(|_| format!("{name} is gone for a while"));
                }
            }
            3 => {
                let who = self.chance.below(self.operators.len());
                self.count("clock set");
                self.operators[who].skew = self.chance.seconds(-40, 40);
                self.say(|world| {
                    let operator = &world.operators[who];
                    format!("{}'s clock is off by {:#}", operator.person, operator.skew)
                });
            }
            _ => {
                self.count("config edited");
                self.edits_config();
            }
        }
    }

    /// An instance ends between any two effects. What it had sent has left; of the rest nobody knows.
    fn falls(&mut self, who: usize, how: &str) {
        let instance = self.operators[who].instance.clone();
        self.say(|_| format!("{instance} {how}"));
        self.operators[who].state = None;
        self.operators[who].dialog = None;
        let mut kept = Vec::new();
        for flight in std::mem::take(&mut self.in_flight) {
            if flight.instance != instance {
                kept.push(flight);
                continue;
            }
            self.record.answers.remove(&flight.number);
            // Its bytes may have left, and may arrive.
            if flight.is_write() && flight.answer.is_none() && self.chance.percent(60) {
                kept.push(flight);
            }
        }
        self.in_flight = kept;
    }

    /// What a breakage does of its own accord.
    fn sabotage(&mut self) {
        let who = self.chance.below(self.operators.len());
        match self.breakage {
            Some(Breakage::OrdersAlone) if self.chance.percent(5) => self.orders_alone(who),
            Some(Breakage::LiftsAskers) if self.chance.percent(20) => self.lifts_alone(who),
            Some(Breakage::RebindsOverrides) if self.chance.percent(10) => {
                self.rebinds_override(who);
            }
            Some(Breakage::RewritesHistory) if self.chance.percent(5) => self.book.tamper(),
            Some(Breakage::RebindsVotes) if self.chance.percent(10) => {
                let Some(vote) = self.fold.votes.values().next().cloned() else {
                    return;
                };
                let state = self.operators[who].state.as_ref();
                let cell = state
                    .and_then(|state| state.engine.board.cell(&vote.service, &vote.environment));
                let Some((live, Some(candidate))) = cell.map(|cell| (&cell.live, &cell.candidate))
                else {
                    return;
                };
                let (service, environment) = (&vote.service, &vote.environment);
                let scope = scope::hash(service, environment, live.as_ref(), candidate);
                let mut again = vote.clone();
                again.scope = scope;
                let draft = Draft {
                    at: self.now,
                    actor: vote.person.clone(),
                    service: None,
                    environment: None,
                    revision: None,
                    reason: None,
                    policy: self.policy.version().clone(),
                    event: Event::VoteCast { vote: again },
                };
                let instance = self.operators[who].instance.clone();
                let _ = self.book.append(&instance, draft, &Precondition::None);
                self.look_at_entries();
            }
            _ => {}
        }
    }

    /// The end of the evening: no more orders and no more trouble.
    fn end(&mut self) {
        self.say(|_| "the evening ends".to_owned());
        self.journal_down_until = None;
        for forge in self.forges.values_mut() {
            forge.down_until = None;
        }
        for who in 0..self.operators.len() {
            if self.operators[who].state.is_none() {
                self.sits_down(who);
            }
            self.operators[who].leaving = false;
        }
        // Short if everything is settled; else until a search can have come to its end. A release
        // that goes on, and what is left of holds, begin more, whose searches take their own time.
        let (mut begun, mut patience) = (self.fold.intents.len(), PATIENCE);
        for round in 0.. {
            let mut turns = 0;
            while !self.in_flight.is_empty() && turns < 500 {
                self.go_on(0);
                turns += 1;
            }
            if round >= 4 && self.in_flight.is_empty() && !invariants::is_unsettled(self) {
                break;
            }
            if begun < self.fold.intents.len() && round < 10 * PATIENCE {
                (begun, patience) = (self.fold.intents.len(), PATIENCE);
            }
            if patience == 0 {
                break;
            }
            patience -= 1;
            self.binds_what_is_left(round);
            let actor = self.operators[0].person.clone();
            self.settle_dead(&actor, self.now);
            for who in 0..self.operators.len() {
                self.watch(who);
            }
            // Searches take their time, and nothing else happens meanwhile.
            let passes = match round {
                0..8 => 7,
                8..24 => 45,
                _ => 90,
            };
            self.pass(SignedDuration::from_secs(passes));
            invariants::after_step(self);
            if self.violation.is_some() {
                return;
            }
        }
        invariants::after_step(self);
        invariants::at_end(self);
    }
}
