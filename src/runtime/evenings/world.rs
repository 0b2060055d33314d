//! The world of an evening: operators with an engine each, one journal, the forges, and what is on
//! its way between them. What a step is lives in `steps.rs`, how effects are answered in
//! `executor.rs`, what operators want in `orders.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::breakage::Breakage;
use super::chance::Chance;
use super::executor::{Arriving, InFlight};
use super::fold::Fold;
use super::forge::Forge;
use super::health::Sampled;
use super::hosts::{self, Hosts};
use super::invariants::{self, Violation};
use super::policy::{self, PEOPLE, Theme};
use super::record::{Record, Send};
use super::words::counted;
use crate::app::effect::Question;
use crate::app::engine::{Engine, Start};
use crate::app::interface::Interface;
use crate::app::plan::Plan;
use crate::app::{Effect, Msg, State, update};
use crate::domain::entry::{Entry, Event};
use crate::domain::ids::{EnvironmentName, ForgeName, InstanceId, Person, Seq, ServiceName};
use crate::domain::policy::{GateSpec, Policy};
use crate::domain::promotion::Step;
use crate::domain::seen::Outcome;
use crate::domain::window::WindowEffect;
use crate::journal::memory::Book;

/// Everything there is.
#[derive(Debug)]
pub struct World {
    pub chance: Chance,
    pub now: Timestamp,
    pub book: Book,
    pub fold: Fold,
    pub journal_down_until: Option<Timestamp>,
    pub forges: BTreeMap<ForgeName, Forge>,
    /// What the config file says now; each operator's engine has read it, or will.
    pub policy: Arc<Policy>,
    pub operators: Vec<Operator>,
    pub in_flight: Vec<InFlight>,
    /// How what runs is; well, where nothing is said.
    pub moods: BTreeMap<(ServiceName, EnvironmentName, String), Outcome>,
    /// Rounds that were taken and have not arrived, by their effect, and whether they were good.
    pub taken: BTreeMap<u64, (Sampled, bool)>,
    pub theme: Theme,
    /// Which forge each service lives on.
    pub hosts: Hosts,
    pub numbers: u64,
    /// Facts in the message that is being handed over.
    pub arriving: Vec<Arriving>,
    pub record: Record,
    pub breakage: Option<Breakage>,
    /// What was found first; nothing is looked at after it.
    pub violation: Option<Violation>,
    /// Operators whose engine was handed something in this step.
    pub touched: BTreeSet<usize>,
    /// A person is ordering something right now.
    pub ordering: bool,
    /// On whose behalf an entry is being appended.
    pub author: Option<Author>,
    /// The steps in words, if anybody wants them.
    pub trace: Option<Vec<String>>,
    pub counts: BTreeMap<&'static str, u64>,
}

/// One operator, with or without a board at the moment.
#[derive(Debug)]
pub struct Operator {
    pub person: Person,
    pub lives: u32,
    pub instance: InstanceId,
    /// `None` after a crash or a quit.
    pub state: Option<State>,
    /// How far this machine's clock is off.
    pub skew: SignedDuration,
    pub read_only: bool,
    /// The config does not name the operator: the forge has to.
    pub nameless: bool,
    pub leaving: bool,
    /// A dialog that is open: what would be sent if it were confirmed.
    pub dialog: Option<Plan>,
    pub next_tick: Timestamp,
    /// What the journal's watcher has seen.
    pub watched: Option<Seq>,
    pub watch_lost: bool,
    /// A config that this engine has not read yet.
    pub reload: bool,
    /// The policy that its engine goes by, as it really is.
    pub policy: Arc<Policy>,
}

/// Who appends an entry, and what of the journal they had been shown when they ordered it.
#[derive(Clone, Debug)]
pub struct Author {
    pub instance: InstanceId,
    pub shown: Seq,
}

/// What a message is about, for what must hold around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    Tick,
    /// An answer of a forge.
    Of(ForgeName),
    Other,
}

/// The instant at which every evening begins.
pub fn dusk() -> Timestamp {
    "2026-11-20T18:00:00Z".parse().unwrap()
}

impl World {
    pub fn new(seed: u64, breakage: Option<Breakage>, traced: bool) -> Self {
        let mut chance = Chance::of(seed);
        let now = dusk();
        let theme = Theme::of(&mut chance);
        let hosts = hosts::drawn(&mut chance);
        let policy = Arc::new(policy::first(&mut chance, theme, &hosts, now));
        let forges = Forge::all(&mut chance, &policy, &hosts, now);
        let mut world = Self {
            now,
            book: Book::default(),
            fold: Fold::default(),
            journal_down_until: None,
            forges,
            operators: Vec::new(),
            in_flight: Vec::new(),
            moods: BTreeMap::new(),
            taken: BTreeMap::new(),
            theme,
            hosts,
            numbers: 0,
            arriving: Vec::new(),
            record: Record::default(),
            breakage,
            violation: None,
            touched: BTreeSet::new(),
            ordering: false,
            author: None,
            trace: traced.then(Vec::new),
            counts: BTreeMap::new(),
            chance,
            policy: Arc::clone(&policy),
        };
        world.book.lax = breakage.map(Breakage::lax).unwrap_or_default();
        world.know(&policy);
        let people = 2 + world.chance.weighted(&[55, 30, 15]);
        for person in &PEOPLE[..people] {
            let skew = world.chance.seconds(-3, 3);
            let read_only = world.operators.len() == 2 && world.chance.percent(40);
            let nameless = world.chance.percent(20);
            world.operators.push(Operator {
                person: Person::from(*person),
                lives: 0,
                instance: InstanceId::from(""),
                state: None,
                skew,
                read_only,
                nameless,
                leaving: false,
                dialog: None,
                next_tick: now,
                watched: None,
                watch_lost: false,
                reload: false,
                policy: Arc::clone(&policy),
            });
        }
        for who in 0..people {
            world.sits_down(who);
        }
        world
    }

    pub fn broken(&self, breakage: Breakage) -> bool {
        self.breakage == Some(breakage)
    }

    pub fn say(&mut self, what: impl FnOnce(&Self) -> String) {
        if self.trace.is_some() {
            let line = format!("{} {}", self.now.strftime("%H:%M:%S"), what(self));
            self.trace
                .iter_mut()
                .for_each(|trace| trace.push(line.clone()));
        }
    }

    pub fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    pub fn find(&mut self, name: &'static str, found: Result<(), String>) {
        if let (Err(why), None) = (found, &self.violation) {
            self.violation = Some(Violation { name, why });
        }
    }

    pub fn journal_is_down(&self) -> bool {
        self.journal_down_until
            .is_some_and(|until| self.now < until)
    }

    pub fn clock_of(&self, who: usize) -> Timestamp {
        self.now + self.operators[who].skew
    }

    pub fn know(&mut self, policy: &Arc<Policy>) {
        let version = policy.version().clone();
        self.record.policies.insert(version, Arc::clone(policy));
    }

    /// The policy as an engine is given it.
    pub fn handed(&self, policy: &Arc<Policy>) -> Arc<Policy> {
        let mut handed = Policy::clone(policy);
        match self.breakage {
            Some(Breakage::ForgetsFreezes) => handed
                .windows
                .retain(|window| window.effect != WindowEffect::Deny),
            Some(Breakage::EntitlesEverybody) => {
                let everybody = PEOPLE.iter().map(|name| Person::from(*name)).collect();
                handed.roles.insert(policy::OPENERS.into(), everybody);
            }
            Some(Breakage::FillsRoles) => {
                for role in ["qa", "sre"] {
                    let everybody = PEOPLE.iter().map(|name| Person::from(*name)).collect();
                    handed.roles.insert(role.into(), everybody);
                }
            }
            Some(Breakage::ForgetsGates) => {
                for stage in handed.each().flat_map(|service| &mut service.path) {
                    let kept = stage.gates.iter().filter(|gate| {
                        !matches!(
                            gate,
                            GateSpec::Pipeline(_)
                                | GateSpec::Path { .. }
                                | GateSpec::Soak { .. }
                                | GateSpec::Review { .. }
                        )
                    });
                    stage.gates = kept.cloned().collect();
                }
            }
            Some(Breakage::ForgetsTasks) => {
                let services = handed.each();
                for stage in services.flat_map(|service| &mut service.path) {
                    let mut gates = stage.gates.to_vec();
                    for gate in &mut gates {
                        if let GateSpec::Checklist { tasks } = gate {
                            tasks.clear();
                        }
                    }
                    stage.gates = gates.into();
                }
            }
            Some(Breakage::EntitlesOverriders) => {
                for environment in handed.environments.values_mut() {
                    environment.overrides.roles.clear();
                    environment.overrides.second_person = false;
                }
            }
            Some(Breakage::ForgetsWaves) => {
                for release in &mut handed.releases {
                    release.waves = vec![release.waves.concat()];
                }
            }
            _ => return Arc::clone(policy),
        }
        Arc::new(handed)
    }

    pub fn alive(&self) -> BTreeSet<InstanceId> {
        let living = self
            .operators
            .iter()
            .filter(|operator| operator.state.is_some());
        living.map(|operator| operator.instance.clone()).collect()
    }

    /// An operator opens a board: a new instance, with nothing known but its policy.
    pub fn sits_down(&mut self, who: usize) {
        let seed = self.chance.seed();
        let policy = Arc::clone(&self.policy);
        let handed = self.handed(&policy);
        let now = self.clock_of(who);
        let may_change = self.broken(Breakage::ForgetsReadOnly);
        let operator = &mut self.operators[who];
        operator.lives += 1;
        let instance = InstanceId::from(format!("{}-{}", operator.person, operator.lives));
        operator.instance = instance.clone();
        let mut engine = Engine::new(Start {
            policy: handed,
            pace: crate::app::engine::Pace::every(SignedDuration::from_secs(30)),
            operator: (!operator.nameless).then(|| operator.person.clone()),
            instance,
            read_only: operator.read_only && !may_change,
            offline: false,
            seed,
            now,
        });
        engine.keeps_up = true;
        engine.auto.on = true;
        engine.judge_all(now);
        operator.state = Some(State {
            now,
            engine,
            interface: Interface::new(80, 24, true, false),
            dirty: false,
        });
        operator.policy = policy;
        operator.watched = None;
        operator.watch_lost = false;
        operator.leaving = false;
        operator.reload = false;
        operator.next_tick = self.now;
        let person = operator.person.clone();
        self.say(|world| format!("{} opens a board", world.operators[who].instance));
        if !self.journal_is_down() {
            self.settle_dead(&person, now);
        }
        self.tell(who, Msg::Tick);
    }

    /// What dead instances left half-done is settled by one that lives.
    pub fn settle_dead(&mut self, actor: &Person, at: Timestamp) {
        let alive = self.alive();
        self.book.settle(&alive, actor, at);
        self.author = None;
        self.look_at_entries();
    }

    /// Hands a message to an operator's engine and starts what it orders.
    pub fn tell(&mut self, who: usize, msg: Msg) {
        let at = self.clock_of(who);
        let news = match &msg {
            Msg::Tick => News::Tick,
            Msg::Fetched(fetched) => News::Of(fetched.forge.clone()),
            _ => News::Other,
        };
        let before = invariants::before(self, who, &news);
        let Some(state) = &mut self.operators[who].state else {
            return;
        };
        let effects = update(state, at, msg);
        state.dirty = false;
        let engine_now = state.now;
        let due = state.engine.due(engine_now).duration_since(engine_now);
        // What the engine took of what it was given is what it goes by from here on.
        for arriving in std::mem::take(&mut self.arriving) {
            let row = state.engine.board.row(&arriving.service);
            if row.is_some_and(|row| row.facts.value() == Some(&arriving.shown)) {
                let instance = &state.engine.instance;
                let Arriving {
                    service,
                    facts,
                    asked_at,
                    really,
                    ..
                } = arriving;
                self.record
                    .told_facts(instance, &service, facts, asked_at, really);
            }
        }
        let operator = &mut self.operators[who];
        operator.next_tick = operator.next_tick.min(self.now + due);
        self.touched.insert(who);
        for effect in effects {
            self.start(who, effect);
        }
        invariants::after(self, who, &news, &before);
    }

    /// Starts an effect; whatever it is, its answer comes by a step of its own.
    fn start(&mut self, who: usize, effect: Effect) {
        invariants::on_effect(self, who, &effect);
        match &effect {
            Effect::Browse(_)
            | Effect::Copy(_)
            | Effect::Run { .. }
            | Effect::Notify(_)
            | Effect::Ring
            | Effect::Mouse(_)
            | Effect::Theme(_)
            | Effect::SaveCache
            | Effect::Suspend => return,
            Effect::Quit => {
                self.operators[who].leaving = true;
                return;
            }
            Effect::Append { draft, .. } => match &draft.event {
                Event::Intended { intent } if self.ordering => {
                    self.record.ordered.insert(intent.id.clone());
                    self.count("ordered");
                }
                Event::ReleaseStarted { run } if self.ordering => {
                    self.record.runs.insert(run.id.clone());
                }
                Event::Stepped {
                    id,
                    step: Step::Sending { .. },
                    ..
                } => {
                    self.record.permits_asked.insert(id.clone(), self.numbers);
                }
                _ => {}
            },
            Effect::Act {
                id,
                forge,
                repo,
                act,
            } => {
                let operator = &self.operators[who];
                let send = Send {
                    instance: operator.instance.clone(),
                    id: id.clone(),
                    forge: forge.clone(),
                    repo: repo.clone(),
                    act: act.clone(),
                    at: operator.state.as_ref().map_or(self.now, |state| state.now),
                };
                self.count("sent");
                invariants::on_send(self, who, &send);
                self.record.sends.push(send);
            }
            Effect::Fetch {
                forge, question, ..
            } => {
                let operator = &self.operators[who];
                if let Question::Marks { service, .. } = question {
                    let asked = (operator.instance.clone(), service.clone());
                    self.record.marks_asked.insert(asked, self.numbers + 1);
                }
                let at = operator.state.as_ref().map_or(self.now, |state| state.now);
                let asked = (operator.instance.clone(), forge.clone());
                self.record.asked.insert(asked, at);
            }
            Effect::ReadJournal { .. } | Effect::Sample { .. } | Effect::Log { .. } => {}
        }
        self.numbers += 1;
        let operator = &self.operators[who];
        let shown = self.record.shown.get(&operator.instance).copied();
        self.record.answers.insert(self.numbers, 0);
        self.in_flight.push(InFlight {
            number: self.numbers,
            who,
            instance: operator.instance.clone(),
            effect,
            asked_at: self.clock_of(who),
            since: self.now,
            shown: shown.unwrap_or_default(),
            answer: None,
        });
    }

    /// Looks at every entry that the journal has taken since the last look.
    pub fn look_at_entries(&mut self) {
        let new: Vec<Entry> = self.book.since(self.fold.head).to_vec();
        for entry in new {
            invariants::on_entry(self, &entry);
            self.record.hashes.push(entry.hash.clone());
            self.count(counted(&entry.draft.event));
            self.fold.apply(&entry);
        }
    }
}
