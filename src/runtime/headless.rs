//! The command line's loop: the same engine and the same effects as the board's, without a screen.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc::Receiver;

use super::cache::Place;
use super::clock;
use super::execute::Executor;
use super::seconds::Seconds;
use super::session::Session;
use super::signals::Signals;
use super::watch;
use crate::app::engine::reach::Reach;
use crate::app::engine::sampling::Samples;
use crate::app::engine::{Engine, JournalState, Report};
use crate::app::interface::Interface;
use crate::app::request::Request;
use crate::app::{Msg, State, update};
use crate::domain::entry::Entry;
use crate::domain::fault::Fault;
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::domain::signoff::Voice;

/// How much longer than the longest sample a round may take, when many are to be taken.
const SAMPLING: Duration = Duration::from_secs(10);

/// How often what happened is told to who follows it.
const STEP: Duration = Duration::from_secs(1);

/// The engine without a screen.
pub struct Headless {
    pub state: State,
    executor: Executor,
    answers: Receiver<Msg>,
    signals: Signals,
    cache: Option<Place>,
    /// What was reported and not taken yet: the engine keeps the reports of one message alone.
    reports: Vec<Report>,
    /// What the journal took of the orders that were given here, in their words.
    orders: Vec<(String, Entry)>,
    /// Whether a signal has asked the program to end.
    ending: bool,
    /// When this run began: what was read before is not its own.
    pub since: Timestamp,
}

/// Why waiting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    Done,
    TimedOut,
    /// A signal asked the program to end.
    Ended,
}

impl Headless {
    pub fn new(session: Session) -> Self {
        let Session {
            mut engine,
            executor,
            answers,
            cache,
            known,
            ..
        } = session;
        if let (Some(place), Some(known)) = (&cache, known) {
            known.restore_rest(&mut engine, place);
        }
        // Most commands have no use for samples; `sample` switches them on. And no forge is asked about
        // more than what `settle` is given.
        engine.samples = Samples::Off;
        engine.reach = Reach::Only(BTreeSet::new());
        // Offline nothing is asked of a forge by what the cells say, and all are judged with the
        // journal, whether it can be read or not.
        if !engine.offline {
            engine.judge_all(clock::now());
        }
        let interface = Interface::new(80, 24, true, false);
        let state = State {
            now: clock::now(),
            engine,
            interface,
            dirty: false,
        };
        Self {
            state,
            executor,
            answers,
            signals: Signals::listen(),
            cache,
            reports: Vec::new(),
            orders: Vec::new(),
            ending: false,
            since: clock::now(),
        }
    }

    pub fn engine(&self) -> &Engine {
        &self.state.engine
    }

    /// Says whether a signal has asked the program to end: then nothing more is begun.
    pub fn is_ending(&self) -> bool {
        self.ending
    }

    /// Takes what was reported since the last call.
    pub fn reports(&mut self) -> Vec<Report> {
        std::mem::take(&mut self.reports)
    }

    /// Takes what came of the orders given here since the last call. What others do meanwhile, and what
    /// is noted by the way, is reported too, but is not among it.
    pub fn orders(&mut self) -> Vec<(String, Entry)> {
        std::mem::take(&mut self.orders)
    }

    /// Why this run's own read of a service failed, as `Engine::unread`.
    pub fn unread(&self, service: &ServiceName) -> Option<Fault> {
        self.engine().unread(service, self.since)
    }

    /// The same of all that a promotion rests on.
    pub fn unread_of(&self, service: &ServiceName, environment: &EnvironmentName) -> Option<Fault> {
        self.engine().unread_of(service, environment, self.since)
    }

    /// Handles one message and starts what it leads to.
    fn handle(&mut self, msg: Msg) {
        if let Msg::Recorded {
            ticket,
            result: Ok(entry),
        } = &msg
            && let Some(words) = self.state.engine.ordered(*ticket)
        {
            self.orders.push((words.to_owned(), entry.clone()));
        }
        let effects = update(&mut self.state, clock::now(), msg);
        self.reports.append(&mut self.state.engine.reports);
        for effect in effects {
            // Browser, clipboard and screen are nothing to the command line.
            let _ = self.executor.execute(effect);
        }
    }

    /// Looks at what others write to the journal, and who they are, from now on.
    pub fn follow_journal(&self) {
        let connections = std::sync::Arc::clone(self.executor.connections());
        let seconds = Seconds::default();
        let pace = seconds.pace(watch::JOURNAL);
        let tasks = self.executor.tasks();
        tasks.source(|sender| watch::journal(connections, pace, sender));
        tasks.source(|_| seconds.pass_by_themselves());
    }

    /// Has services read again at once.
    pub fn refresh(&mut self, services: &[ServiceName]) {
        self.state.engine.schedule.refresh(services, clock::now());
    }

    /// Gives an order.
    pub fn ask(&mut self, request: Request) {
        self.handle(Msg::Asked(request));
    }

    /// Reads the journal, and the facts of `services` and of what they depend on, until each is known
    /// or has a fault.
    pub async fn settle(&mut self, services: &[ServiceName], patience: Duration) -> Waited {
        let services = self.with_dependencies(services);
        let waited = self.read(services.clone(), patience).await;
        // Whether a no-go counts depends on all that ships together: only then is that read too.
        let all = self.with_members(&services);
        if all.len() == services.len() {
            return waited;
        }
        self.read(all, patience).await
    }

    async fn read(&mut self, services: Vec<ServiceName>, patience: Duration) -> Waited {
        self.state.engine.watched.extend(services.iter().cloned());
        self.state.engine.reach_for(&services);
        for effect in self.state.engine.open_journal() {
            let _ = self.executor.execute(effect);
        }
        let offline = self.state.engine.offline;
        let started = clock::now();
        self.until(patience, move |engine| {
            if engine.journal == JournalState::Unread {
                return false;
            }
            if offline {
                return true;
            }
            let read = |service: &ServiceName| {
                engine.board.row(service).is_none_or(|row| {
                    let heard = row.facts.at().is_some_and(|at| at >= started);
                    let fault = row
                        .facts
                        .fault
                        .as_ref()
                        .is_some_and(|fault| fault.at >= started);
                    let read = engine.checks_are_read(service)
                        && engine.scopes_are_read(service)
                        && engine.files_are_read(service);
                    fault || (heard && read)
                })
            };
            services.iter().all(read) && engine.operator_is_known()
        })
        .await
    }

    /// Reads what would move into a cell, where no gate asks for it either.
    pub async fn read_scope(
        &mut self,
        service: &ServiceName,
        environment: &EnvironmentName,
        patience: Duration,
    ) -> Waited {
        let row = self.state.engine.board.row(service);
        let is_known = row.is_some_and(|row| row.facts.value().is_some());
        if self.state.engine.offline || !is_known {
            return Waited::Done;
        }
        let (service, environment) = (service.clone(), environment.clone());
        self.until(patience, move |engine| {
            engine.scope_is_read(&service, &environment)
        })
        .await
    }

    fn with_dependencies(&self, services: &[ServiceName]) -> Vec<ServiceName> {
        let mut all = services.to_vec();
        for service in services {
            let row = self.state.engine.board.row(service);
            let first = row.into_iter().flat_map(|row| &row.service.depends);
            let first = first.map(|one| one.service.clone());
            let missing: Vec<ServiceName> = first.filter(|one| !all.contains(one)).collect();
            all.extend(missing);
        }
        all
    }

    /// `services` and what ships with them in a release that somebody has said no-go to.
    fn with_members(&self, services: &[ServiceName]) -> Vec<ServiceName> {
        let mut all = services.to_vec();
        let Some(ledger) = &self.state.engine.ledger else {
            return all;
        };
        for release in &self.state.engine.policy.releases {
            let mut votes = ledger.votes_on_release(&release.name);
            let ships = release
                .items
                .iter()
                .any(|it| services.contains(&it.service));
            if ships && votes.any(|vote| vote.ballot().voice == Voice::NoGo) {
                let items = release.items.iter().map(|item| item.service.clone());
                let missing: Vec<ServiceName> = items.filter(|one| !all.contains(one)).collect();
                all.extend(missing);
            }
        }
        all
    }

    /// Takes the first round of samples that the gates of `services` rest on: of every environment,
    /// or of one alone.
    pub async fn sample(
        &mut self,
        services: &[ServiceName],
        environment: Option<&EnvironmentName>,
    ) -> Waited {
        let engine = &mut self.state.engine;
        // Only what is watched is sampled, and the screen that nobody sees shows other services.
        engine.named.extend(services.iter().cloned());
        engine.watched.extend(services.iter().cloned());
        engine.samples = match environment {
            Some(environment) => Samples::Into(environment.clone()),
            None => Samples::On,
        };
        let longest = services.iter().map(|service| engine.rounds_take(service));
        let longest = longest.max().unwrap_or_default();
        if engine.offline || longest.is_zero() {
            return Waited::Done;
        }
        let started = clock::now();
        let services = services.to_vec();
        let patience = longest.unsigned_abs() + SAMPLING;
        self.until(patience, move |engine| {
            let taken = |service| engine.rounds_are_taken(service, started);
            services.iter().all(taken)
        })
        .await
    }

    /// Runs the engine until `done` says so.
    pub async fn until(&mut self, patience: Duration, done: impl Fn(&Engine) -> bool) -> Waited {
        let deadline = clock::tick() + patience;
        self.handle(Msg::Tick);
        loop {
            if done(&self.state.engine) {
                return Waited::Done;
            }
            let now = clock::now();
            let due = self
                .state
                .engine
                .due(now)
                .duration_since(now)
                .max(jiff::SignedDuration::ZERO);
            let due = clock::tick() + due.unsigned_abs();
            let msg = tokio::select! {
                biased;
                () = self.signals.ended() => {
                    self.ending = true;
                    return Waited::Ended;
                }
                Some(msg) = self.answers.recv() => msg,
                () = tokio::time::sleep_until(due.min(deadline)) => {
                    if clock::tick() >= deadline {
                        return Waited::TimedOut;
                    }
                    Msg::Tick
                }
            };
            self.handle(msg);
        }
    }

    /// Follows what happens for as long as `each` wants to know of it, until a signal comes. The
    /// journal is read, and what is due is asked, as on the board.
    pub async fn follow(&mut self, mut each: impl FnMut(&Engine, &[Report], Timestamp) -> bool) {
        for effect in self.state.engine.open_journal() {
            let _ = self.executor.execute(effect);
        }
        loop {
            let waited = self.until(STEP, |_| false).await;
            let reports = self.reports();
            let more = each(&self.state.engine, &reports, self.state.now);
            if waited == Waited::Ended || !more {
                return;
            }
        }
    }

    /// Ends in good order: what was sent gets its outcome into the journal, the facts are kept.
    pub async fn finish(mut self) {
        let _ = self
            .until(Duration::from_secs(30), |engine| !engine.is_sending())
            .await;
        // Offline, nothing has come that the cache does not have.
        let path = self.cache.filter(|_| !self.state.engine.offline);
        if let Some(path) = &path {
            let _ = super::cache::store(path, &self.state.engine, clock::now());
        }
        // The command ends: to give a thousand services back piece by piece takes longer than to read
        // their config.
        std::mem::forget(self.state);
    }
}
