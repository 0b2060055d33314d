//! What operators put in the way or say to it: holds, manual gates, votes.

use super::super::breakage::Breakage;
use super::super::invariants;
use super::super::policy::OPENERS;
use super::super::world::{Author, Operator, World};
use super::PROMOTE;
use crate::app::Msg;
use crate::app::request::{Expiry, Request};
use crate::domain::entry::{Draft, Event, Precondition};
use crate::domain::hold::{Cover, Hold, HoldKind, Openers, Then};
use crate::domain::ids::{EnvironmentName, HoldId, RoleName, ServiceName};
use crate::domain::notice::Tell;
use crate::domain::policy::GateSpec;
use crate::domain::signoff::Voice;

impl World {
    fn cover(&mut self, who: usize) -> Option<Cover> {
        let (service, environment) = self.cell(who, &PROMOTE)?;
        let state = self.operators[who].state.as_ref()?;
        let revision = state
            .engine
            .board
            .cell(&service, &environment)
            .and_then(|cell| cell.candidate.as_ref())
            .map(|revision| revision.sha.clone());
        let (service, environment, revision) = match self.chance.weighted(&[10, 20, 20, 40, 10]) {
            0 => (None, None, None),
            1 => (Some(service), None, None),
            2 => (None, Some(environment), None),
            3 => (Some(service), Some(environment), None),
            _ => (None, None, revision),
        };
        Some(Cover {
            service,
            environment,
            revision,
        })
    }

    pub(super) fn holds(&mut self, who: usize) {
        let Some(cover) = self.cover(who) else {
            return;
        };
        let now = self.clock_of(who);
        let ends = self.chance.percent(75);
        let until = ends.then(|| now + self.chance.seconds(5, 180));
        let then = if ends && self.chance.percent(40) {
            Then::Ask
        } else {
            Then::End
        };
        let kind = if self.chance.percent(50) {
            HoldKind::Forward
        } else {
            HoldKind::All
        };
        self.say(|world| {
            format!(
                "{} holds {cover} until {until:?}, then {}",
                world.operators[who].instance,
                then.word()
            )
        });
        let writes = |world: &Self| {
            world
                .in_flight
                .iter()
                .filter(|flight| flight.is_write())
                .count()
        };
        let before = writes(self);
        let able = self.operators[who]
            .state
            .as_ref()
            .is_some_and(|state| state.engine.may_record().is_ok());
        let twin = self.knows_twin(who, &cover);
        let dropped = self.broken(Breakage::HoldsNeedForges)
            && self.forges.values().any(|forge| forge.is_down(self.now));
        if !dropped {
            self.ask(
                who,
                Request::Hold {
                    cover: cover.clone(),
                    kind,
                    reason: "errors rise".to_owned(),
                    until,
                    then,
                    tell: Tell::Rules,
                },
            );
        }
        let placed = writes(self) > before;
        let at = self.operators[who]
            .state
            .as_ref()
            .map_or(now, |state| state.now);
        let late = until.is_some_and(|until| until <= at);
        // H3: nothing but the journal is needed to hold.
        let why = format!("a hold on {cover} was not taken");
        let good = placed || !able || twin || late;
        self.find("holds always work", if good { Ok(()) } else { Err(why) });
        if twin && !placed && able {
            self.count("twin hold refused");
            if self.broken(Breakage::PlacesTwins) {
                self.places_around(who, cover);
            }
        }
    }

    /// Says whether the operator has been shown a hold on the same that is on.
    fn knows_twin(&self, who: usize, cover: &Cover) -> bool {
        let operator = &self.operators[who];
        let at = operator.state.as_ref().map_or(self.now, |state| state.now);
        let shown = self
            .record
            .shown
            .get(&operator.instance)
            .copied()
            .unwrap_or_default();
        let mut held = self.fold.holds.values();
        held.any(|held| held.seq <= shown && held.cover == *cover && held.is_on(at))
            || operator.state.as_ref().is_some_and(|state| {
                // What has been lifted or changed since, the operator may not know of yet.
                let known = state.engine.ledger.as_ref();
                known.is_some_and(|ledger| {
                    let mut holds = ledger.holds.values();
                    holds.any(|hold| hold.cover == *cover && hold.is_on(at))
                })
            })
    }

    fn places_around(&mut self, who: usize, cover: Cover) {
        let operator = &self.operators[who];
        let (instance, person) = (operator.instance.clone(), operator.person.clone());
        let shown = self
            .record
            .shown
            .get(&instance)
            .copied()
            .unwrap_or_default();
        let id = format!("h-around-{}", self.numbers);
        let hold = Hold {
            id: HoldId::from(id),
            cover,
            kind: HoldKind::All,
            reason: "me too".to_owned(),
            owner: person.clone(),
            since: self.now,
            until: None,
            then: Then::End,
            incident: false,
        };
        let draft = Draft {
            at: self.now,
            actor: person,
            service: None,
            environment: None,
            revision: None,
            reason: Some("me too".to_owned()),
            policy: self.policy.version().clone(),
            event: Event::HoldPlaced {
                hold,
                tell: Tell::Rules,
            },
        };
        let _ = self.book.append(&instance, draft, &Precondition::None);
        self.author = Some(Author { instance, shown });
        self.look_at_entries();
        self.author = None;
    }

    fn known_hold(&mut self, who: usize) -> Option<HoldId> {
        let state = self.operators[who].state.as_ref()?;
        let ledger = state.engine.ledger.as_ref()?;
        let now = state.now;
        let holds = ledger.holds.values().filter(|hold| hold.is_on(now));
        let ids: Vec<HoldId> = holds.map(|hold| hold.id.clone()).collect();
        self.chance.pick(&ids).cloned()
    }

    pub(super) fn edits(&mut self, who: usize) {
        let Some(id) = self.known_hold(who) else {
            return;
        };
        let until = match self.chance.weighted(&[30, 10, 60]) {
            0 => Expiry::Keep,
            1 => Expiry::Never,
            _ => Expiry::At(self.clock_of(who) + self.chance.seconds(1, 90)),
        };
        let reason = self
            .chance
            .percent(50)
            .then(|| "errors still rise".to_owned());
        let then = match self.chance.weighted(&[80, 10, 10]) {
            0 => None,
            1 => Some(Then::Ask),
            _ => Some(Then::End),
        };
        if then == Some(Then::End) {
            self.record.answered.insert(id.clone());
        }
        self.say(|world| {
            let who = &world.operators[who].instance;
            format!("{who} edits {id}: {until:?}, then {then:?}")
        });
        self.ask(
            who,
            Request::EditHold {
                id,
                reason,
                until,
                then,
            },
        );
    }

    pub(super) fn lifts(&mut self, who: usize) {
        let Some(id) = self.known_hold(who) else {
            return;
        };
        self.record.answered.insert(id.clone());
        self.say(|world| format!("{} lifts {id}", world.operators[who].instance));
        let reason = "all is well".to_owned();
        self.ask(who, Request::LiftHold { id, reason });
    }

    /// The machine takes a hold that asks for one that has ended, and lifts it.
    pub fn lifts_alone(&mut self, who: usize) {
        let now = self.now;
        let mut holds = self.fold.holds.values();
        let asking = holds.find(|held| {
            let is_up = held.until.is_some_and(|until| until <= now);
            !held.lifted && held.then == Then::Ask && is_up
        });
        let Some(held) = asking else {
            return;
        };
        let operator = &self.operators[who];
        let draft = Draft {
            at: now,
            actor: operator.person.clone(),
            service: None,
            environment: None,
            revision: None,
            reason: Some("its time is up".to_owned()),
            policy: self.policy.version().clone(),
            event: Event::HoldLifted {
                id: held.placed.id.clone(),
                cover: held.cover.clone(),
            },
        };
        let instance = operator.instance.clone();
        let _ = self.book.append(&instance, draft, &Precondition::None);
        self.look_at_entries();
    }

    /// Has the forges asked once more what is missing of a hold's brakes, or of all, or is left.
    pub(super) fn binds(&mut self, who: usize) {
        let id = if self.chance.percent(50) {
            self.known_hold(who)
        } else {
            None
        };
        self.say(|world| format!("{} binds {id:?}", world.operators[who].instance));
        self.count("bound again");
        self.ask(who, Request::BindHold { id });
    }

    /// At the end of the evening a person has what is left of holds taken away: what was refused, or
    /// got no answer, the program does not try again.
    pub fn binds_what_is_left(&mut self, round: u32) {
        if !round.is_multiple_of(4) || invariants::brakes_rest(self) {
            return;
        }
        let able = |operator: &Operator| {
            let state = operator.state.as_ref();
            !operator.read_only && state.is_some_and(|state| state.engine.operator.is_some())
        };
        if let Some(who) = self.operators.iter().position(able) {
            self.say(|world| format!("{} binds what is left", world.operators[who].instance));
            self.tell(who, Msg::Asked(Request::BindHold { id: None }));
        }
    }

    pub(super) fn adds_gate(&mut self, who: usize) {
        let Some(cover) = self.cover(who) else {
            return;
        };
        let openers = match self.chance.weighted(&[40, 40, 20]) {
            0 => Openers::Anyone,
            1 => Openers::Role(OPENERS.into()),
            _ => Openers::Person(self.operators[who].person.clone()),
        };
        self.say(|world| {
            format!(
                "{} adds a gate on {cover} for {openers}",
                world.operators[who].instance
            )
        });
        self.ask(
            who,
            Request::AddGate {
                cover,
                name: "pen test".to_owned(),
                reason: "asked by security".to_owned(),
                openers,
            },
        );
    }

    pub(super) fn opens_gate(&mut self, who: usize) {
        let Some(state) = self.operators[who].state.as_ref() else {
            return;
        };
        let ledger = state.engine.ledger.iter();
        let gates = ledger.flat_map(|ledger| ledger.manual_gates.values());
        let closed = gates.filter(|gate| gate.opened.is_none());
        let ids: Vec<_> = closed.map(|gate| gate.id.clone()).collect();
        for id in ids {
            self.say(|world| format!("{} opens {id}", world.operators[who].instance));
            let note = "report is in".to_owned();
            self.ask(who, Request::OpenGate { id, note });
        }
    }

    pub(super) fn closes_gate(&mut self, who: usize) {
        let Some(state) = self.operators[who].state.as_ref() else {
            return;
        };
        let ledger = state.engine.ledger.iter();
        let gates = ledger.flat_map(|ledger| ledger.manual_gates.values());
        let open = gates.filter(|gate| gate.opened.is_some());
        let ids: Vec<_> = open.map(|gate| gate.id.clone()).collect();
        if let Some(id) = self.chance.pick(&ids).cloned() {
            self.say(|world| format!("{} closes {id}", world.operators[who].instance));
            let reason = "new finding".to_owned();
            self.ask(who, Request::CloseGate { id, reason });
        }
    }

    /// Votes on a cell that wants votes and has something to vote on.
    pub(super) fn votes(&mut self, who: usize) {
        let operator = &self.operators[who];
        let Some(state) = &operator.state else {
            return;
        };
        let mut wanted: Vec<(ServiceName, EnvironmentName, RoleName)> = Vec::new();
        for row in &state.engine.board.rows {
            for (stage, cell) in row.service.path.iter().zip(&row.cells) {
                let roles = stage.gates.iter().find_map(|gate| match gate {
                    GateSpec::SignOff { roles, .. } => Some(roles),
                    _ => None,
                });
                let mine = roles.into_iter().flatten().filter(|role| {
                    cell.candidate.is_some() && state.engine.policy.has_role(&operator.person, role)
                });
                wanted.extend(mine.map(|role| {
                    (
                        row.service.name.clone(),
                        cell.environment.clone(),
                        role.clone(),
                    )
                }));
            }
        }
        let Some((service, environment, role)) = self.chance.pick(&wanted).cloned() else {
            return;
        };
        let voice = if self.chance.percent(88) {
            Voice::Go
        } else {
            Voice::NoGo
        };
        self.say(|world| {
            format!(
                "{} votes {} as {role} on {service} > {environment}",
                world.operators[who].instance,
                voice.word()
            )
        });
        self.ask(
            who,
            Request::Vote {
                service,
                environment,
                role,
                voice,
                note: "seen".to_owned(),
            },
        );
    }
}
