//! What operators order: by the keys of the board, or as the command line does. They do not know
//! better than their screen, and sometimes not even that.

use super::breakage::Breakage;
use super::policy::{self, OPENERS};
use super::world::{Author, World};
use crate::app::Msg;
use crate::app::engine::planning::Wish;
use crate::app::interface::{Chord, Cursor, Key};
use crate::app::request::{Expiry, Request};
use crate::domain::entry::{Draft, Event, Precondition};
use crate::domain::gate::Go;
use crate::domain::hold::{Cover, Hold, HoldKind, Openers};
use crate::domain::ids::{EnvironmentName, HoldId, RoleName, ServiceName};
use crate::domain::phase::Phase;
use crate::domain::policy::GateSpec;
use crate::domain::signoff::Voice;

const PROMOTE: Wish = Wish::Promote { revision: None };

impl World {
    /// An operator does something.
    pub fn order(&mut self, who: usize) {
        self.ordering = true;
        match self
            .chance
            .weighted(&[46, 7, 4, 7, 3, 6, 1, 14, 3, 4, 3, 3, 1])
        {
            0 => self.promotes(who),
            1 => self.holds(who),
            2 => self.edits(who),
            3 => self.lifts(who),
            4 => self.adds_gate(who),
            5 => self.opens_gate(who),
            6 => self.closes_gate(who),
            7 => self.votes(who),
            8 => self.wishes(who, &Wish::Reject),
            9 => self.wishes(who, &Wish::Cancel),
            10 => self.wishes(who, &Wish::Rerun),
            11 => self.presses(who, "r"),
            _ => {
                self.say(|world| format!("{} leaves", world.operators[who].instance));
                self.presses(who, "ctrl-c");
            }
        }
        self.ordering = false;
    }

    /// A cell of the operator's board, mostly one for which the wish makes sense.
    fn cell(&mut self, who: usize, wish: &Wish) -> Option<(ServiceName, EnvironmentName)> {
        let state = self.operators[who].state.as_ref()?;
        let now = state.now;
        let mut all = Vec::new();
        let mut ready = Vec::new();
        for row in &state.engine.board.rows {
            for cell in &row.cells {
                let runs = || row.facts.value().into_iter().flat_map(|facts| &facts.runs);
                let place = (row.service.name.clone(), cell.environment.clone());
                let sensible = match wish {
                    Wish::Promote { .. } | Wish::Approve => {
                        cell.candidate.is_some() && cell.judgement.go_at(now) == Go::Go
                    }
                    Wish::Rollback { .. } => cell.live.is_some(),
                    Wish::Reject => runs().any(|run| {
                        let mut waiting = run.waiting.iter();
                        waiting.any(|waiting| waiting.environment == cell.environment)
                    }),
                    Wish::Cancel => cell.in_flight.is_some(),
                    Wish::Rerun => runs().any(|run| run.phase == Phase::Failed),
                };
                if sensible {
                    ready.push(place.clone());
                }
                all.push(place);
            }
        }
        let of = if !ready.is_empty() && self.chance.percent(90) {
            ready
        } else {
            all
        };
        self.chance.pick(&of).cloned()
    }

    fn promotes(&mut self, who: usize) {
        match self.chance.weighted(&[50, 25, 17, 8]) {
            0 => self.wishes(who, &Wish::Promote { revision: None }),
            1 => self.promotes_by_key(who),
            2 => self.promotes_several(who),
            _ => self.wishes(who, &Wish::Approve),
        }
    }

    /// Plans now, and confirms now or later: what was seen may be old by then.
    fn wishes(&mut self, who: usize, wish: &Wish) {
        // Nobody cancels where nothing runs, or not often.
        let Some((service, environment)) = self.cell(who, wish) else {
            return;
        };
        let Some(state) = &mut self.operators[who].state else {
            return;
        };
        let now = state.now;
        let planned = state.engine.plan(&service, &environment, wish, now);
        self.say(|world| {
            let who = &world.operators[who].instance;
            let came = planned.as_ref().map_or_else(
                |refusal| format!("refused: {}", refusal.why),
                |plan| format!("{} {}", plan.intent.id, plan.movement()),
            );
            format!("{who} wants {wish:?} {service} > {environment}: {came}")
        });
        match planned {
            Ok(mut plan) => {
                "weekly".clone_into(&mut plan.intent.reason);
                if self.chance.percent(30) {
                    self.operators[who].dialog = Some(plan);
                } else {
                    self.ask(who, Request::Send(Box::new(plan)));
                }
            }
            Err(refusal) => {
                self.count("refused");
                let said = !refusal.why.is_empty();
                let why = "a refusal without a reason".to_owned();
                self.find(
                    "every refusal says why",
                    if said { Ok(()) } else { Err(why) },
                );
            }
        }
    }

    /// Confirms a dialog that was left open.
    pub fn confirms(&mut self, who: usize) {
        if let Some(plan) = self.operators[who].dialog.take() {
            self.say(|world| {
                format!(
                    "{} confirms {}",
                    world.operators[who].instance, plan.intent.id
                )
            });
            self.ordering = true;
            self.ask(who, Request::Send(Box::new(plan)));
            self.ordering = false;
        }
    }

    fn promotes_by_key(&mut self, who: usize) {
        let Some((service, environment)) = self.cell(who, &PROMOTE) else {
            return;
        };
        let protected = environment.as_str() == "production";
        self.say(|world| {
            format!(
                "{} presses P on {service} > {environment}",
                world.operators[who].instance
            )
        });
        if let Some(state) = &mut self.operators[who].state {
            state.interface.cursor = Some(Cursor {
                service,
                environment,
            });
        }
        self.presses(who, "P");
        self.presses(who, if protected { "up up" } else { "up" });
        self.types(who, "weekly");
        if protected {
            self.presses(who, "tab");
            self.types(who, "production");
        }
        self.presses(who, "tab tab enter esc");
    }

    /// Marks every service, and promotes those that may go (P9).
    fn promotes_several(&mut self, who: usize) {
        let Some((_, environment)) = self.cell(who, &PROMOTE) else {
            return;
        };
        let Some(state) = &mut self.operators[who].state else {
            return;
        };
        let now = state.now;
        let services: Vec<ServiceName> = state
            .engine
            .board
            .rows
            .iter()
            .map(|row| row.service.name.clone())
            .collect();
        let wish = Wish::Promote { revision: None };
        let plans: Vec<_> = services
            .iter()
            .filter_map(|service| state.engine.plan(service, &environment, &wish, now).ok())
            .collect();
        let several = plans.len();
        self.say(|world| {
            let who = &world.operators[who].instance;
            format!(
                "{who} promotes {several} of {} to {environment}",
                services.len()
            )
        });
        for (sent, mut plan) in plans.into_iter().enumerate() {
            "together".clone_into(&mut plan.intent.reason);
            let id = plan.intent.id.clone();
            if sent == 0 || !self.broken(Breakage::DropsTheOthers) {
                self.ask(who, Request::Send(Box::new(plan)));
            }
            // The board was not told of anything in between, so each of them still goes.
            let goes = self.record.ordered.contains(&id);
            let why = format!("{id} may go, but did not because of the others");
            self.find(
                "each of several goes by itself",
                if goes { Ok(()) } else { Err(why) },
            );
        }
        if several > 1 {
            self.count("several at once");
        }
    }

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

    fn holds(&mut self, who: usize) {
        let Some(cover) = self.cover(who) else {
            return;
        };
        let now = self.clock_of(who);
        let ends = self.chance.percent(75);
        let until = ends.then(|| now + self.chance.seconds(5, 180));
        let kind = if self.chance.percent(50) {
            HoldKind::Forward
        } else {
            HoldKind::All
        };
        self.say(|world| {
            format!(
                "{} holds {cover} until {until:?}",
                world.operators[who].instance
            )
        });
        let before = self.in_flight.len();
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
                },
            );
        }
        let placed = self.in_flight.len() > before;
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
            incident: false,
        };
        let draft = Draft {
            at: self.now,
            actor: person,
            service: None,
            environment: None,
            revision: None,
            reason: Some("me too".to_owned()),
            policy: self.policy.version.clone(),
            event: Event::HoldPlaced { hold },
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

    fn edits(&mut self, who: usize) {
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
        self.say(|world| format!("{} edits {id}: {until:?}", world.operators[who].instance));
        self.ask(who, Request::EditHold { id, reason, until });
    }

    fn lifts(&mut self, who: usize) {
        let Some(id) = self.known_hold(who) else {
            return;
        };
        self.say(|world| format!("{} lifts {id}", world.operators[who].instance));
        let reason = "all is well".to_owned();
        self.ask(who, Request::LiftHold { id, reason });
    }

    fn adds_gate(&mut self, who: usize) {
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

    fn opens_gate(&mut self, who: usize) {
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

    fn closes_gate(&mut self, who: usize) {
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
    fn votes(&mut self, who: usize) {
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

    /// Gives an order as the command line does.
    fn ask(&mut self, who: usize, request: Request) {
        self.tell(who, Msg::Asked(request));
    }

    fn presses(&mut self, who: usize, keys: &str) {
        for key in keys.split(' ') {
            if let Some(chord) = Chord::parse(key) {
                self.tell(who, Msg::Key(chord));
            }
        }
    }

    fn types(&mut self, who: usize, text: &str) {
        for letter in text.chars() {
            self.tell(who, Msg::Key(Chord::plain(Key::Char(letter))));
        }
    }

    /// The machine orders something that nobody wanted.
    pub fn orders_alone(&mut self, who: usize) {
        let Some((service, environment)) = self.cell(who, &PROMOTE) else {
            return;
        };
        let Some(state) = &mut self.operators[who].state else {
            return;
        };
        let wish = Wish::Promote { revision: None };
        let now = state.now;
        if let Ok(mut plan) = state.engine.plan(&service, &environment, &wish, now) {
            "by itself".clone_into(&mut plan.intent.reason);
            self.ask(who, Request::Send(Box::new(plan)));
        }
    }

    /// The config file changes; each engine reads it a little later.
    pub fn edits_config(&mut self) {
        let number = self.record.policies.len();
        let policy = policy::changed(&mut self.chance, &self.policy, number, self.now);
        for service in &policy.services {
            let known = self.forges.get(&service.forge);
            if known.is_none_or(|forge| !forge.repos.contains_key(&service.repo)) {
                // A service that comes new needs a repository; that is another evening's subject.
                return;
            }
        }
        self.know(&policy);
        self.policy = policy;
        for operator in &mut self.operators {
            operator.reload = true;
        }
        self.say(|world| format!("the config changes to {}", world.policy.version));
    }
}
