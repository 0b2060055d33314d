//! What a release leaves behind on purpose: who dropped a service and why, and what that does to a run
//! that goes on. Whether one may be dropped at all is asked in `app/engine/release`.

use jiff::Timestamp;

use super::Release;
use super::run::Run;
use crate::domain::board::Board;
use crate::domain::ids::{Digest, Person, ServiceName};
use crate::domain::ledger::Ledger;
use crate::domain::policy::{GateSpec, Policy};

/// A service that was dropped from a release, until it is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    pub by: Person,
    pub at: Timestamp,
    pub reason: String,
}

impl Dropped {
    /// `dropped by carol: heap grows`.
    pub fn words(&self) -> String {
        format!("dropped by {}: {}", self.by, self.reason)
    }
}

impl Run {
    /// What votes are bound to while it goes on: what was agreed on at its start, less what was dropped
    /// since. A smaller set is another set (S1).
    pub fn bound(&self) -> Digest {
        if self.dropped.is_empty() {
            return self.digest.clone();
        }
        let mut services: Vec<&str> = self.dropped.iter().map(|it| it.service.as_str()).collect();
        services.sort_unstable();
        let parts = [self.digest.as_str(), "dropped"].into_iter();
        Digest::of(parts.chain(services))
    }

    /// What it moves, in words, as `Agenda::words` writes it.
    pub fn words(&self) -> String {
        let moves = self.moves.iter().map(super::agenda::Move::words);
        let dropped = self.dropped.iter();
        let words: Vec<String> = moves
            .chain(dropped.map(|moved| format!("{} dropped", moved.service)))
            .collect();
        words.join(", ")
    }

    /// Leaves a service behind.
    pub(in crate::domain) fn leave(&mut self, service: &ServiceName) {
        let (gone, stay) = std::mem::take(&mut self.moves)
            .into_iter()
            .partition(|moved| moved.service == *service);
        self.moves = stay;
        let gone: Vec<_> = gone;
        self.dropped.extend(gone);
    }

    /// Takes a service back into its wave.
    pub(in crate::domain) fn take_back(&mut self, service: &ServiceName) {
        let (back, stay) = std::mem::take(&mut self.dropped)
            .into_iter()
            .partition(|moved| moved.service == *service);
        self.dropped = stay;
        let back: Vec<_> = back;
        self.moves.extend(back);
        self.moves.sort_by_key(|moved| moved.wave);
    }
}

/// Who is left waiting, or not, when a service is dropped: each member of the release that depends on
/// it, and whether its gate `depends` does not pass as things are.
pub fn dependants(
    release: &Release,
    service: &ServiceName,
    board: &Board,
    ledger: Option<&Ledger>,
    policy: &Policy,
    now: Timestamp,
) -> Vec<(ServiceName, bool)> {
    let dropped = |name: &ServiceName| {
        ledger.is_some_and(|ledger| ledger.dropped(&release.name, name).is_some())
    };
    let needs = |name: &ServiceName| {
        let known = policy.service(name);
        known.is_some_and(|known| known.depends.iter().any(|need| need.service == *service))
    };
    let members = release.items.iter().map(|item| &item.service);
    members
        .filter(|name| *name != service && !dropped(name) && needs(name))
        .map(|name| {
            let cell = board.cell(name, &release.environment);
            let waits = cell.is_none_or(|cell| {
                let mut verdicts = cell.judgement.blocking(now);
                verdicts.any(|verdict| verdict.gate == GateSpec::Depends.name())
            });
            (name.clone(), waits)
        })
        .collect()
}
