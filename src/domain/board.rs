//! The board: every service with its facts, scopes and judged cells. Merging an answer judges the
//! touched service again and nothing else.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::by_hand;
use super::cell::{Cell, Sources};
use super::facts::{Pulse, ServiceFacts};
use super::fault::Fault;
use super::few::Few;
use super::gate::{Peer, Peers, Pool, parity};
use super::ids::{Digest, EnvironmentName, Person, RepoPath, ServiceName, Sha};
use super::ledger::Ledger;
use super::observed::{Fact, Observed};
use super::pipeline::Run;
use super::policy::{Policy, Service};
use super::release::{Release, decision};
use super::revision::Revision;
use super::risk::{self, Risk};
use super::scope::Scope;
use super::seen::Seen;
use super::signoff::Voice;

mod people;
mod words;

/// One service's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub service: Arc<Service>,
    /// The board's version when anything here changed last.
    pub version: u64,
    pub facts: Fact<ServiceFacts>,
    /// The pulse that the facts are known to agree with.
    pub pulse: Option<Pulse>,
    /// A newer pulse, for which the facts have to be read again.
    awaited: Option<Observed<Pulse>>,
    /// When the facts themselves were asked for; a pulse that confirms them is younger.
    read_at: Option<Timestamp>,
    /// Since when the forge answers with an earlier state than it has shown.
    lags_since: Option<Timestamp>,
    /// Scopes by `(base, head)`; commits never change, so one read is enough.
    pub scopes: Few<(Sha, Sha), Fact<Scope>>,
    /// What was seen beside the forge's facts.
    pub seen: Seen,
    /// In the order of the service's path.
    pub cells: Vec<Cell>,
}

/// What a board is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Basis<'a> {
    pub policy: &'a Policy,
    /// `None` while the journal has not been read or cannot be.
    pub ledger: Option<&'a Ledger>,
    /// Who would promote.
    pub actor: Option<&'a Person>,
    pub now: Timestamp,
}

/// How long an answer from before what is known is taken for a replica that lags behind. A forge
/// that says nothing else for longer means it: somebody deleted what was there.
const LAG: SignedDuration = SignedDuration::from_mins(10);

/// How many scopes of a service are kept beside those of its cells: every push to a branch may make
/// another one.
const OLD_SCOPES: usize = 8;

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merged {
    Taken,
    /// One to a later question is known already.
    Older,
    /// It tells of an earlier state than is known: a replica lags behind.
    Lagging,
}

/// Every service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Board {
    pub rows: Vec<Row>,
    /// Goes up with every change, so that who made something of the rows knows when to make it anew.
    pub version: u64,
    places: HashMap<ServiceName, usize>,
    /// Who is judged by a service's facts beside itself.
    dependents: BTreeMap<ServiceName, Vec<usize>>,
    verdicts: Pool,
}

impl Board {
    /// A board of the policy's services with nothing known yet. Rows that `old` has keep their facts.
    pub fn new(basis: Basis<'_>, old: Self) -> Self {
        let mut board = Self::unjudged(basis.policy, old);
        board.judge_all(basis);
        board
    }

    /// As `new`, with no cells yet: the caller judges, the rows in sight first.
    pub fn unjudged(policy: &Policy, old: Self) -> Self {
        let version = old.version + 1;
        let mut known: BTreeMap<ServiceName, Row> = old
            .rows
            .into_iter()
            .map(|row| (row.service.name.clone(), row))
            .collect();
        let mut board = Self {
            version,
            ..Self::default()
        };
        for service in &policy.services {
            let kept = known.remove(&service.name).filter(|row| {
                row.service.forge == service.forge
                    && row.service.repo == service.repo
                    && row.service.branch == service.branch
                    && row.service.environments == service.environments
                    && (row.service.path.iter().map(|stage| &stage.environment))
                        .eq(service.path.iter().map(|stage| &stage.environment))
            });
            let row = match kept {
                Some(row) => Row {
                    service: service.clone(),
                    ..row
                },
                None => Row {
                    service: service.clone(),
                    version,
                    facts: Fact::default(),
                    pulse: None,
                    awaited: None,
                    read_at: None,
                    lags_since: None,
                    scopes: Few::new(),
                    seen: Seen::default(),
                    cells: Vec::new(),
                },
            };
            let place = board.rows.len();
            for dependency in &service.depends {
                let dependents = board.dependents.entry(dependency.service.clone());
                dependents.or_default().push(place);
            }
            board.places.insert(service.name.clone(), place);
            board.rows.push(row);
        }
        board
    }

    /// A row's place among `rows`.
    pub fn place(&self, service: &ServiceName) -> Option<usize> {
        self.places.get(service).copied()
    }

    pub fn row(&self, service: &ServiceName) -> Option<&Row> {
        self.rows.get(self.place(service)?)
    }

    fn row_mut(&mut self, service: &ServiceName) -> Option<&mut Row> {
        self.version += 1;
        let row = self.rows.get_mut(*self.places.get(service)?)?;
        row.version = self.version;
        Some(row)
    }

    pub fn cell(&self, service: &ServiceName, environment: &EnvironmentName) -> Option<&Cell> {
        self.row(service)?.cell(environment)
    }

    /// Puts back what an earlier run knew, with its age, if the service is still the same. Nothing
    /// is judged: the caller does that once for all.
    pub fn restore(
        &mut self,
        service: &ServiceName,
        repo: &RepoPath,
        facts: Observed<ServiceFacts>,
        pulse: Option<Pulse>,
        scopes: Vec<(Sha, Sha, Observed<Scope>)>,
    ) {
        let Some(row) = self.row_mut(service) else {
            return;
        };
        if row.service.repo != *repo || row.facts.last.is_some() {
            return;
        }
        row.read_at = Some(facts.at);
        row.facts.last = Some(facts.map(ServiceFacts::lean));
        row.pulse = pulse;
        for (base, head, scope) in scopes {
            let scope = scope.map(Scope::lean);
            row.scopes.insert(
                (base, head),
                Fact {
                    last: Some(scope),
                    fault: None,
                },
            );
        }
    }

    /// Takes an answer about one service and judges its cells again. Says what became of it.
    pub fn merge(
        &mut self,
        service: &ServiceName,
        mut answer: Result<ServiceFacts, Fault>,
        at: Timestamp,
        basis: Basis<'_>,
    ) -> Merged {
        let Some(row) = self.row_mut(service) else {
            return Merged::Older;
        };
        if let (Ok(facts), Some(known)) = (&mut answer, &row.facts.last) {
            let model = &row.service.environments;
            facts.go_on_from(&known.value, model, (known.at, at));
        }
        let merged = row.takes(&answer, at);
        if let (Merged::Taken, Ok(facts)) = (merged, &answer) {
            // A pulse that has confirmed the facts since does not see all that a read sees.
            if let Some(last) = &mut row.facts.last {
                last.at = last.at.min(at);
            }
            row.read_at = Some(at);
            // Only facts that were asked for after a pulse agree with it. If reading them failed, or
            // a replica that lags behind answered, the next pulse must ask again.
            let path = row.environments();
            let agrees = row
                .awaited
                .as_ref()
                .is_some_and(|pulse| pulse.at <= at && facts.agrees_with(&pulse.value, &path));
            if agrees {
                row.pulse = row.awaited.take().map(|pulse| pulse.value);
            }
        }
        if merged == Merged::Taken {
            row.facts.merge(answer.map(ServiceFacts::moved), at);
        }
        self.judge(service, basis);
        merged
    }

    /// Takes a pulse. Says whether the service has to be read again: its pulse changed, or its
    /// facts were never read. An unchanged pulse confirms the facts, so they are as fresh as it.
    ///
    /// What is confirmed is judged again at once only if somebody looks at it (`watched`), it was stale,
    /// or its verdicts are about to run out: of a thousand quiet services, most have nothing new to say.
    pub fn pulse(
        &mut self,
        service: &ServiceName,
        answer: Result<Pulse, Fault>,
        at: Timestamp,
        watched: bool,
        basis: Basis<'_>,
    ) -> bool {
        let place = self.places.get(service).copied();
        let Some(row) = place.and_then(|place| self.rows.get_mut(place)) else {
            return false;
        };
        match answer {
            Ok(pulse) => {
                let path = row.environments();
                let agrees = row
                    .facts
                    .value()
                    .is_some_and(|facts| facts.agrees_with(&pulse, &path));
                let same = agrees && row.pulse.as_ref() == Some(&pulse);
                if !same {
                    row.awaited = Some(Observed { value: pulse, at });
                    return true;
                }
                row.awaited = None;
                let stale = row.facts.is_stale(basis.now, basis.policy.max_age);
                let recovered = row.facts.fault.take().is_some();
                if let Some(last) = &mut row.facts.last {
                    last.at = last.at.max(at);
                }
                let soon = basis.now + basis.policy.max_age / 4;
                if watched || stale || recovered || row.due().is_some_and(|due| due <= soon) {
                    self.judge(service, basis);
                }
                false
            }
            Err(fault) => {
                row.facts.fault = Some(fault);
                self.judge(service, basis);
                false
            }
        }
    }

    /// Takes the scope between two revisions of a service. Says what became of it.
    pub fn scope(
        &mut self,
        service: &ServiceName,
        ends: (Sha, Sha),
        answer: Result<Scope, Fault>,
        at: Timestamp,
        basis: Basis<'_>,
    ) -> Merged {
        let Some(row) = self.row_mut(service) else {
            return Merged::Older;
        };
        let scope = row.scopes.or_default(ends);
        let newer = scope.at().is_none_or(|known| known <= at);
        scope.merge(answer.map(Scope::moved), at);
        row.forget_scopes();
        self.judge(service, basis);
        if newer { Merged::Taken } else { Merged::Older }
    }

    /// Takes what was seen of a service beside the forge's facts.
    pub fn see(&mut self, service: &ServiceName, take: impl FnOnce(&mut Seen), basis: Basis<'_>) {
        let Some(row) = self.row_mut(service) else {
            return;
        };
        take(&mut row.seen);
        self.judge(service, basis);
    }

    /// Takes what the journal tells of a service without a forge, as of `at`.
    pub fn remember(&mut self, service: &ServiceName, at: Timestamp, basis: Basis<'_>) {
        let (Some(row), Some(ledger)) = (self.row_mut(service), basis.ledger) else {
            return;
        };
        row.facts = Fact::observed(by_hand::facts(&row.service, ledger), at);
        row.read_at = Some(at);
        let others = Self::default();
        let peers = Others(&others);
        let ends: Vec<(Sha, Sha)> = row
            .service
            .path
            .iter()
            .filter_map(|stage| super::cell::ends(row.sources(None, &peers, basis), stage))
            .collect();
        row.scopes.clear();
        for (base, head) in ends {
            let scope = Fact::observed(by_hand::scope(&base, &head), at);
            row.scopes.insert((base, head), scope);
        }
        self.judge(service, basis);
    }

    /// Judges one service again, for instance because an entry of the journal covers it, and those
    /// that depend on it.
    pub fn judge(&mut self, service: &ServiceName, basis: Basis<'_>) {
        let Some(place) = self.places.get(service).copied() else {
            return;
        };
        self.version += 1;
        let before = self.ends_at(place);
        self.judge_at(place, basis);
        let mut others = self.dependents.get(service).cloned().unwrap_or_default();
        // What one service of a release moves decides whether a no-go to it all still counts.
        if self.ends_at(place) != before {
            let releases = disputed(basis.policy, basis.ledger)
                .filter(|release| release.items.iter().any(|item| item.service == *service));
            let members = releases.flat_map(|release| &release.items);
            others.extend(members.filter_map(|item| self.place(&item.service)));
        }
        for place in others {
            self.judge_at(place, basis);
        }
    }

    /// What the cells of a row would move.
    fn ends_at(&self, place: usize) -> Vec<(Option<Revision>, Option<Revision>)> {
        let cells = self.rows.get(place).into_iter().flat_map(|row| &row.cells);
        cells
            .map(|cell| (cell.live.clone(), cell.candidate.clone()))
            .collect()
    }

    /// Judges every service again.
    pub fn judge_all(&mut self, basis: Basis<'_>) {
        self.version += 1;
        for place in 0..self.rows.len() {
            self.judge_at(place, basis);
        }
        // By now it is known what each of them would move.
        let members = disputed(basis.policy, basis.ledger).flat_map(|release| &release.items);
        let places: BTreeSet<usize> = members
            .filter_map(|item| self.place(&item.service))
            .collect();
        for place in places {
            self.judge_at(place, basis);
        }
    }

    /// Judges again the services whose verdicts have run out. Says whether any did.
    pub fn judge_due(&mut self, basis: Basis<'_>) -> bool {
        let rows = self.rows.iter().enumerate();
        let is_over = |row: &Row| row.due().is_some_and(|due| due <= basis.now);
        let over = rows.filter(|(_, row)| is_over(row)).map(|(place, _)| place);
        let over: Vec<usize> = over.collect();
        self.version += u64::from(!over.is_empty());
        for place in &over {
            self.judge_at(*place, basis);
        }
        !over.is_empty()
    }

    fn judge_at(&mut self, place: usize, basis: Basis<'_>) {
        let Some(row) = self.rows.get(place) else {
            return;
        };
        let mut cells = row.judged(&Others(self), basis);
        for cell in &mut cells {
            self.verdicts.share(&mut cell.judgement.verdicts);
        }
        if let Some(row) = self.rows.get_mut(place) {
            row.cells = cells;
            row.version = self.version;
        }
    }

    /// Returns the next instant at which time alone changes a verdict.
    pub fn due(&self) -> Option<Timestamp> {
        self.rows.iter().filter_map(Row::due).min()
    }
}

impl Row {
    /// The headline of a revision, where something that was read of the service tells it.
    pub fn headline(&self, sha: &Sha) -> Option<&str> {
        let head = self.facts.value().and_then(|facts| facts.head.as_ref());
        let head = head.filter(|head| head.sha == *sha);
        let scopes = self.scopes.iter().filter_map(|(_, scope)| scope.value());
        let mut commits = scopes.flat_map(|scope| &scope.commits);
        head.map(|head| head.headline.as_str()).or_else(|| {
            let found = commits.find(|commit| commit.sha == *sha);
            found.map(|commit| commit.headline.as_str())
        })
    }

    /// What a revision is called on this row: its version, else the one under which it would go on from
    /// here, else its short SHA.
    pub fn label<'a>(&'a self, revision: &'a Revision) -> &'a str {
        let candidates = self.cells.iter().filter_map(|cell| cell.candidate.as_ref());
        let mut same = candidates.filter(|candidate| *candidate == revision);
        let version = revision.version.as_deref();
        version
            .or_else(|| same.find_map(|candidate| candidate.version.as_deref()))
            .unwrap_or_else(|| revision.label())
    }

    /// What a run is about: its title, else the headline of its revision.
    pub fn title<'a>(&'a self, run: &'a Run) -> Option<&'a str> {
        run.title.as_deref().or_else(|| self.headline(&run.sha))
    }

    /// Says whether what the forge answers is of an earlier state than it has shown already.
    pub fn lags(&self) -> bool {
        self.lags_since.is_some()
    }

    fn environments(&self) -> Vec<&EnvironmentName> {
        let path = self.service.path.iter();
        path.map(|stage| &stage.environment).collect()
    }

    /// Says whether an answer is to be taken: what is live changes only with a newer record of the
    /// forge, and never goes back because another machine of it answered (P11).
    fn takes(&mut self, answer: &Result<ServiceFacts, Fault>, at: Timestamp) -> Merged {
        let known = match answer {
            // A fault is kept beside what is known, if it is newer.
            Err(_) => self.facts.at(),
            Ok(_) => self.read_at,
        };
        if known.is_some_and(|known| known > at) {
            return Merged::Older;
        }
        let (Ok(facts), Some(known)) = (answer, self.facts.value()) else {
            return Merged::Taken;
        };
        if !facts.lags_behind(known, &self.environments()) {
            self.lags_since = None;
            return Merged::Taken;
        }
        let since = *self.lags_since.get_or_insert(at);
        if at.duration_since(since) < LAG {
            return Merged::Lagging;
        }
        self.lags_since = None;
        Merged::Taken
    }

    /// Drops scopes that no cell needs, but for the newest.
    fn forget_scopes(&mut self) {
        let ends = |cell: &Cell| {
            let (live, candidate) = (cell.live.as_ref()?, cell.candidate.as_ref()?);
            Some((live.sha.clone(), candidate.sha.clone()))
        };
        let mut kept: Vec<(Sha, Sha)> = self.cells.iter().filter_map(ends).collect();
        let scopes = self.scopes.iter();
        let others = scopes.filter(|(ends, _)| !kept.contains(ends));
        let mut others: Vec<_> = others.map(|(ends, fact)| (fact.at(), ends)).collect();
        if others.len() <= OLD_SCOPES {
            return;
        }
        others.sort_by_key(|(at, _)| Reverse(*at));
        let newest: Vec<_> = others.iter().take(OLD_SCOPES).collect();
        kept.extend(newest.into_iter().map(|(_, ends)| (*ends).clone()));
        self.scopes.retain(|ends, _| kept.contains(ends));
    }

    pub fn cell(&self, environment: &EnvironmentName) -> Option<&Cell> {
        self.cells
            .iter()
            .find(|cell| cell.environment == *environment)
    }

    /// Returns the scope of the promotion into a cell, if it has been asked for.
    pub fn scope_of(&self, cell: &Cell) -> Option<&Fact<Scope>> {
        let (live, candidate) = (cell.live.as_ref()?, cell.candidate.as_ref()?);
        self.scopes.get(&(live.sha.clone(), candidate.sha.clone()))
    }

    /// Says how much is at stake in the promotion into a cell, if its scope has been read.
    pub fn risk_of(&self, cell: &Cell) -> Option<Risk> {
        let scope = self.scope_of(cell)?.value()?;
        Some(risk::assess(scope, &self.service.scope))
    }

    /// Returns the files, each with the revision, that the gates of this row compare.
    pub fn wanted_files(&self) -> BTreeSet<(String, Sha)> {
        let Some(facts) = self.facts.value() else {
            return BTreeSet::new();
        };
        let of_cell = |cell: &Cell| {
            let stage = self.service.stage(&cell.environment)?;
            let candidate = cell.candidate.as_ref();
            Some(parity::files(&self.service, stage, facts, candidate))
        };
        self.cells.iter().filter_map(of_cell).flatten().collect()
    }

    /// Returns the next instant at which time alone changes a verdict of this row.
    pub fn due(&self) -> Option<Timestamp> {
        self.cells
            .iter()
            .filter_map(|cell| cell.judgement.due)
            .min()
    }

    /// What a cell of this row is judged from.
    pub fn sources<'a>(
        &'a self,
        scope: Option<&'a Fact<Scope>>,
        peers: &'a dyn Peers,
        basis: Basis<'a>,
    ) -> Sources<'a> {
        Sources {
            policy: basis.policy,
            service: &self.service,
            facts: &self.facts,
            ledger: basis.ledger,
            scope,
            seen: &self.seen,
            peers,
            actor: basis.actor,
        }
    }

    fn judged(&self, peers: &dyn Peers, basis: Basis<'_>) -> Vec<Cell> {
        let judged = self.service.path.iter().map(|stage| {
            // The scope is looked up by the two ends, which the first look at the facts gives.
            let ends = super::cell::ends(self.sources(None, peers, basis), stage);
            let scope = ends.and_then(|ends| self.scopes.get(&ends));
            Cell::judge(self.sources(scope, peers, basis), stage, basis.now)
        });
        judged.collect()
    }
}

/// The releases to which somebody has said no-go, whether that still counts or not.
pub fn disputed<'a>(
    policy: &'a Policy,
    ledger: Option<&'a Ledger>,
) -> impl Iterator<Item = &'a Release> + use<'a> {
    policy.releases.iter().filter(move |release| {
        let votes = ledger.into_iter();
        let mut votes = votes.flat_map(|ledger| ledger.votes_on_release(&release.name));
        votes.any(|vote| vote.voice == Voice::NoGo)
    })
}

/// A board as the gates of one service see the others.
#[derive(Debug)]
pub struct Others<'a>(pub &'a Board);

impl Peers for Others<'_> {
    fn peer(&self, service: &ServiceName) -> Option<Peer<'_>> {
        let row = self.0.row(service)?;
        Some(Peer {
            service: &row.service,
            facts: &row.facts,
            scopes: &row.scopes,
        })
    }

    fn bound(&self, release: &Release, ledger: &Ledger) -> Result<(Digest, String), String> {
        decision::bound(release, self.0, ledger)
            .map_err(|service| format!("{service} has not been read"))
    }
}

#[cfg(test)]
mod tests;
