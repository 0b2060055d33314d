//! The engine: what both faces share. Facts, ledger, polling, and promotions on their way.
//!
//! Deciding lives in `domain`; each part of the engine's own behaviour has its file in `engine/`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::effect::{Effect, Ticket};
use super::msg::{Budget, Identity};
use super::request::Refusal;
use crate::domain::board::{Basis, Board, Row};
use crate::domain::cell::Cell;
use crate::domain::entry::Entry;
use crate::domain::fault::Fault;
use crate::domain::ids::{
    EnvironmentName, ForgeName, HoldId, InstanceId, IntentId, Person, RunId, Seq, ServiceName, Sha,
};
use crate::domain::ledger::Ledger;
use crate::domain::observed::Fact;
use crate::domain::pipeline::Job;
use crate::domain::policy::Policy;
use crate::domain::trace::{self, Trace};

mod ability;
mod aftermath;
pub mod auto;
pub mod braking;
mod by_hand;
mod cancelling;
pub mod denied;
mod expiring;
pub(crate) mod flow;
mod follow;
mod foresight;
mod handover;
mod intake;
pub mod known;
mod orders;
mod overrides;
mod picture;
pub mod planning;
pub mod reach;
pub(crate) mod recheck;
pub(crate) mod reconcile;
pub mod release;
mod reload;
mod rollback;
pub mod sampling;
pub(crate) mod schedule;
pub mod tasks;
mod verifying;
mod voting;
mod warnings;
mod wish;

pub use schedule::Pace;

/// How many of the newest journal entries are kept for the timeline.
pub const TIMELINE: usize = 2_000;

/// Facts, ledger, polling, and promotions on their way.
#[derive(Debug)]
pub struct Engine {
    pub policy: Arc<Policy>,
    pub pace: Pace,
    /// Who acts. Until it is known (from config or from a forge) nothing can be recorded.
    pub operator: Option<Person>,
    pub instance: InstanceId,
    /// Nothing may be changed: `--read-only`, `--offline`.
    pub read_only: bool,
    pub offline: bool,
    pub board: Board,
    /// `None` until the journal has been read, and while it cannot be.
    pub ledger: Option<Ledger>,
    pub journal: JournalState,
    pub entries: VecDeque<Entry>,
    /// Of which holds that ask the operator has been told, each with the time that was up.
    asked: BTreeMap<HoldId, Option<Timestamp>>,
    pub forges: BTreeMap<ForgeName, ForgeState>,
    pub jobs: BTreeMap<(ServiceName, RunId), Fact<Vec<Job>>>,
    /// Services that somebody looks at: read often.
    pub watched: BTreeSet<ServiceName>,
    /// Those of them that somebody opened: an interface that shows one alone.
    pub focused: BTreeSet<ServiceName>,
    /// Services that the command line was asked about: watched, whatever a screen would show.
    pub named: BTreeSet<ServiceName>,
    /// About which services forges are asked.
    pub reach: reach::Reach,
    /// The run whose log is looked at: its jobs are read too.
    pub logged: Option<(ServiceName, RunId)>,
    /// The cell of which somebody asks why what is live is there.
    pub traced: Option<(ServiceName, EnvironmentName)>,
    /// Which cells are sampled by themselves.
    pub samples: sampling::Samples,
    pub(crate) rounds: sampling::Rounds,
    /// The other gonogos on this journal; `None` while that is not known.
    pub neighbours: Option<BTreeSet<InstanceId>>,
    pub(crate) driving: release::Driving,
    /// In a box: an engine is moved about with every future that holds it.
    pub(crate) schedule: Box<schedule::Schedule>,
    pub(crate) flows: BTreeMap<IntentId, flow::Flow>,
    pub(crate) pending: BTreeMap<Ticket, flow::Pending>,
    pub(crate) reconciling: BTreeMap<IntentId, reconcile::Search>,
    /// Intents of ours whose first append was not answered.
    pub(crate) lost: BTreeSet<IntentId>,
    /// Services whose deployments have not come to rest: not verified, or too new to tell whose.
    pub(crate) restless: BTreeSet<ServiceName>,
    pub auto: auto::Auto,
    /// Whether what comes to a held cell gets its brake by itself: from a board, never from a command.
    pub keeps_up: bool,
    pub(crate) braking: braking::Braking,
    pub(crate) denied: denied::Denied,
    pub(crate) remembered: by_hand::Remembered,
    /// What came of orders, for the interface or the command line to take.
    pub reports: Vec<Report>,
    pub(crate) tickets: u64,
    pub(crate) generations: u64,
    pub(crate) random: fastrand::Rng,
}

/// What an engine starts with.
#[derive(Clone, Debug)]
pub struct Start {
    pub policy: Arc<Policy>,
    pub pace: Pace,
    pub operator: Option<Person>,
    pub instance: InstanceId,
    pub read_only: bool,
    pub offline: bool,
    /// Seeds the ids of intents, holds and gates.
    pub seed: u64,
    pub now: Timestamp,
}

/// The forges that some service is on, each as often as there are such services.
fn used(policy: &Policy) -> impl Iterator<Item = &ForgeName> {
    let asked = policy.services.iter().filter(|it| !it.is_by_hand());
    asked.map(|service| &service.forge)
}

impl Engine {
    /// An engine that knows its policy and nothing else.
    pub fn new(start: Start) -> Self {
        let board = Board::unjudged(&start.policy, Board::default());
        let forges = used(&start.policy)
            .map(|forge| (forge.clone(), ForgeState::default()))
            .collect();
        Self {
            policy: start.policy,
            pace: start.pace,
            operator: start.operator,
            instance: start.instance,
            read_only: start.read_only,
            offline: start.offline,
            board,
            ledger: None,
            journal: JournalState::Unread,
            entries: VecDeque::new(),
            asked: BTreeMap::new(),
            forges,
            jobs: BTreeMap::new(),
            watched: BTreeSet::new(),
            focused: BTreeSet::new(),
            named: BTreeSet::new(),
            reach: reach::Reach::default(),
            logged: None,
            traced: None,
            samples: sampling::Samples::default(),
            rounds: sampling::Rounds::default(),
            neighbours: None,
            driving: release::Driving::default(),
            schedule: Box::default(),
            flows: BTreeMap::new(),
            pending: BTreeMap::new(),
            reconciling: BTreeMap::new(),
            lost: BTreeSet::new(),
            restless: BTreeSet::new(),
            auto: auto::Auto::default(),
            keeps_up: false,
            braking: braking::Braking::default(),
            denied: denied::Denied::default(),
            remembered: by_hand::Remembered::default(),
            reports: Vec::new(),
            tickets: 0,
            generations: 0,
            random: fastrand::Rng::with_seed(start.seed),
        }
    }

    /// Judges the cells of some services alone: those that the first picture shows.
    pub fn judge<'a>(&mut self, services: impl Iterator<Item = &'a ServiceName>, now: Timestamp) {
        for service in services {
            let (board, basis) = self.judging(now);
            board.judge(service, basis);
        }
    }

    /// Judges every cell again, for instance after the cache was put in.
    pub fn judge_all(&mut self, now: Timestamp) {
        let (board, basis) = self.judging(now);
        board.judge_all(basis);
    }

    /// The board, and what it is judged by.
    pub fn judging(&mut self, now: Timestamp) -> (&mut Board, Basis<'_>) {
        let Self {
            board,
            policy,
            ledger,
            journal,
            operator,
            ..
        } = self;
        let basis = Basis {
            policy,
            ledger: known(journal, ledger.as_ref()),
            actor: operator.as_ref(),
            now,
        };
        (board, basis)
    }

    /// What the board is judged by.
    pub(crate) fn basis(&self, now: Timestamp) -> Basis<'_> {
        Basis {
            policy: &self.policy,
            ledger: known(&self.journal, self.ledger.as_ref()),
            actor: self.operator.as_ref(),
            now,
        }
    }

    /// Reads the journal for the first time.
    pub fn open_journal(&self) -> Vec<Effect> {
        self.read_journal()
    }

    /// Says whether it is known who acts; offline, nobody will be asked.
    pub fn operator_is_known(&self) -> bool {
        self.operator.is_some()
            || self.offline
            || self.forges.is_empty()
            || self.forges.values().any(|forge| forge.fault.is_some())
    }

    /// Says whether each forge that is asked has told who the token is and what it may do, or is in trouble.
    pub fn forges_are_known(&self) -> bool {
        let is_known = |forge: &ForgeState| forge.identity.is_some() || forge.fault.is_some();
        let mut asked = self
            .forges
            .iter()
            .filter(|(name, _)| self.reaches_forge(name));
        self.offline || asked.all(|(_, forge)| is_known(forge))
    }

    /// Says whether the checks of every candidate have been read, or were asked for in vain.
    pub fn checks_are_read(&self, service: &ServiceName) -> bool {
        self.board.row(service).is_none_or(|row| {
            if row.service.is_by_hand() {
                return true;
            }
            let known = row.facts.value().map(|facts| &facts.checks);
            let candidates = row.cells.iter().filter_map(|cell| cell.candidate.as_ref());
            let is_read = |sha: &Sha| {
                known.is_some_and(|checks| checks.contains_key(sha))
                    || self.schedule.was_asked_with(service, sha)
            };
            candidates
                .into_iter()
                .all(|candidate| is_read(&candidate.sha))
        })
    }

    /// Says whether every file that a service's gates compare has been read, or its read failed.
    pub fn files_are_read(&self, service: &ServiceName) -> bool {
        self.board.row(service).is_none_or(|row| {
            row.wanted_files().iter().all(|file| {
                let fact = row.seen.declared.get(file);
                fact.is_some_and(|fact| fact.last.is_some() || fact.fault.is_some())
            })
        })
    }

    /// Says whether every scope that a service's gates judge has been read, or its read failed.
    pub fn scopes_are_read(&self, service: &ServiceName) -> bool {
        self.board.row(service).is_none_or(|row| {
            row.cells
                .iter()
                .filter(|cell| self.needs_scope(service, &cell.environment))
                .all(|cell| is_read(row, ends(cell)))
                && is_read(row, self.traced_ends(row))
        })
    }

    /// Says whether what would move into a cell has been read, or its read failed.
    pub fn scope_is_read(&self, service: &ServiceName, environment: &EnvironmentName) -> bool {
        let row = self.board.row(service);
        let cell = row.and_then(|row| Some((row, row.cell(environment)?)));
        cell.is_none_or(|(row, cell)| is_read(row, ends(cell)))
    }

    /// Says why what is live in a cell is there, as far as is known.
    pub fn trace(
        &self,
        service: &ServiceName,
        environment: &EnvironmentName,
        now: Timestamp,
    ) -> Option<Trace<'_>> {
        let ledger = known(&self.journal, self.ledger.as_ref());
        let windows = &self.policy.windows;
        trace::of(self.board.row(service)?, environment, ledger, windows, now)
    }

    /// The two ends of what came with what is live, where somebody asks for it.
    fn traced_ends(&self, row: &Row) -> Option<(Sha, Sha)> {
        let (service, environment) = self.traced.as_ref()?;
        let ledger = known(&self.journal, self.ledger.as_ref());
        (row.service.name == *service)
            .then(|| trace::ends(row, environment, ledger))
            .flatten()
    }
}

/// The two ends of what would move into a cell.
fn ends(cell: &Cell) -> Option<(Sha, Sha)> {
    let (live, candidate) = (cell.live.as_ref()?, cell.candidate.as_ref()?);
    Some((live.sha.clone(), candidate.sha.clone()))
}

/// Says whether there is nothing to read between two ends, or it was read, or that failed.
fn is_read(row: &Row, ends: Option<(Sha, Sha)>) -> bool {
    ends.is_none_or(|ends| {
        let fact = row.scopes.get(&ends);
        fact.is_some_and(|fact| fact.last.is_some() || fact.fault.is_some())
    })
}

/// The ledger, while the journal that it was folded from can be reached.
fn known<'a>(journal: &JournalState, ledger: Option<&'a Ledger>) -> Option<&'a Ledger> {
    match journal {
        JournalState::Ready => ledger,
        JournalState::Unread | JournalState::Unreachable { .. } => None,
    }
}

/// How the journal is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalState {
    Unread,
    Ready,
    Unreachable {
        why: String,
        hint: Option<String>,
        /// The first entry that is not as it was written, if that is why.
        broken: Option<Seq>,
    },
}

/// How a forge is.
#[derive(Clone, Debug, Default)]
pub struct ForgeState {
    pub identity: Option<Identity>,
    pub budget: Budget,
    /// The fault of the whole forge since the last good answer.
    pub fault: Option<Fault>,
    pub answered_at: Option<Timestamp>,
    /// The latest of what went wrong with it, newest last.
    pub faults: VecDeque<Fault>,
    /// How many requests had been sent, at some instants of the last minute.
    pub(crate) sent: VecDeque<(Timestamp, u64)>,
    pub(crate) failures: u32,
}

impl ForgeState {
    /// How many faults are remembered.
    const REMEMBERED: usize = 30;
    const MINUTE: SignedDuration = SignedDuration::from_mins(1);

    /// Takes the budget that came with an answer.
    pub(crate) fn budget_is(&mut self, budget: Budget, now: Timestamp) {
        self.budget = budget;
        let old = |at: &(Timestamp, u64)| now.duration_since(at.0) > Self::MINUTE;
        while self.sent.front().is_some_and(old) {
            self.sent.pop_front();
        }
        if self
            .sent
            .back()
            .is_none_or(|(at, _)| now.duration_since(*at).as_secs() >= 1)
        {
            self.sent.push_back((now, budget.sent));
        }
    }

    /// How many requests were sent in the last minute.
    pub fn rate(&self, now: Timestamp) -> u64 {
        let recent = |at: &&(Timestamp, u64)| now.duration_since(at.0) <= Self::MINUTE;
        let first = self.sent.iter().find(recent);
        first.map_or(0, |(_, sent)| self.budget.sent.saturating_sub(*sent))
    }

    /// What its answers leave out without failing, if they do.
    pub fn incomplete(&self) -> Option<String> {
        let organizations = match self.budget.hidden {
            0 => return None,
            1 => "an organization".to_owned(),
            several => format!("{several} organizations"),
        };
        Some(format!(
            "its answers leave out {organizations}: single sign-on does not know the token there"
        ))
    }

    /// Remembers a fault; the same one again takes the place of the last.
    pub(crate) fn remember(&mut self, fault: Fault) {
        self.faults
            .retain(|known| known.doing != fault.doing || known.why != fault.why);
        self.faults.push_back(fault);
        let over = self.faults.len().saturating_sub(Self::REMEMBERED);
        self.faults.drain(..over);
    }
}

/// What came of an order or happened by itself, to be told to the operator.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// An order was carried out, or a promotion went a step on.
    Done { id: Option<IntentId>, text: String },
    /// An order was refused; nothing was changed.
    Refused {
        id: Option<IntentId>,
        refusal: Refusal,
    },
    /// Something went bad that nobody ordered; it stays until somebody has read it.
    Alert {
        subject: String,
        why: String,
        hint: Option<String>,
    },
    /// A forge or the journal is in trouble.
    Trouble(Box<Fault>),
    JournalTrouble {
        why: String,
        hint: Option<String>,
        /// The first entry that is not as it was written, if that is why.
        broken: Option<Seq>,
    },
}
