//! Reach: about which services the forges are asked at all. A board asks about every one; a command
//! about those that it was given, what their gates look at, and what its acts turn out to need, so that
//! a pipeline that checks one service does not spend the budget of all.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Engine;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::{EnvironmentName, ForgeName, ServiceName};

/// The services about which forges are asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    #[default]
    All,
    Only(BTreeSet<ServiceName>),
}

impl Engine {
    /// Has forges asked about `services` and what their gates look at, beside those that they are
    /// asked about already.
    pub fn reach_for<'a>(&mut self, services: impl IntoIterator<Item = &'a ServiceName>) {
        let Reach::Only(known) = &mut self.reach else {
            return;
        };
        for name in services {
            let row = self.board.row(name);
            let depends = row.into_iter().flat_map(|row| &row.service.depends);
            known.extend(depends.map(|dependency| dependency.service.clone()));
            known.insert(name.clone());
        }
        let mut services = self.policy.services.iter();
        if services.all(|service| known.contains(&service.name)) {
            self.reach = Reach::All;
        }
    }

    /// Says whether forges are asked about a service.
    pub(crate) fn reaches(&self, service: &ServiceName) -> bool {
        match &self.reach {
            Reach::All => true,
            Reach::Only(known) => known.contains(service),
        }
    }

    /// Says whether a forge is asked anything. One that is asked about no service still says who the
    /// token is, if nobody else can.
    pub(crate) fn reaches_forge(&self, forge: &ForgeName) -> bool {
        let Reach::Only(known) = &self.reach else {
            return true;
        };
        let rows = known.iter().filter_map(|service| self.board.row(service));
        let mut asked = rows
            .filter(|row| !row.service.is_by_hand())
            .map(|row| &row.service.forge)
            .peekable();
        let nobody_else = asked.peek().is_none() && self.operator.is_none();
        nobody_else || asked.any(|known| known == forge)
    }

    /// Why nobody knows how a service is now, if it was asked for in vain `since`: the forge refused, or
    /// has not answered. An earlier run may have known it a moment ago, which opens gates; whoever says
    /// go by an exit code has to have heard it himself.
    pub fn unread(&self, service: &ServiceName, since: Timestamp) -> Option<Fault> {
        let row = self.board.row(service)?;
        if self.offline || row.service.is_by_hand() {
            return None;
        }
        let heard = row.facts.at().is_some_and(|at| at >= since);
        if row.facts.fault.is_some() || heard {
            return row.facts.fault.clone();
        }
        let forge = &row.service.forge;
        let trouble = self.forges.get(forge).and_then(|known| known.fault.clone());
        let (kind, why, hint) = if row.lags() {
            let why = "it answers with an earlier state than it has shown already";
            (FaultKind::Unreadable, why, Some("try again in a moment"))
        } else {
            (FaultKind::Unreachable, "it has not answered yet", None)
        };
        Some(trouble.unwrap_or_else(|| Fault {
            kind,
            forge: forge.clone(),
            doing: format!("reading {}", row.service.repo),
            why: why.to_owned(),
            hint: hint.map(str::to_owned),
            request: None,
            at: since,
            retry_at: None,
        }))
    }

    /// The same of all that a promotion rests on: what the service depends on, what would move, and the
    /// files that are compared.
    pub fn unread_of(
        &self,
        service: &ServiceName,
        environment: &EnvironmentName,
        since: Timestamp,
    ) -> Option<Fault> {
        let row = self.board.row(service)?;
        let depends = row.service.depends.iter().map(|known| &known.service);
        let mut services = std::iter::once(service).chain(depends);
        if let Some(fault) = services.find_map(|service| self.unread(service, since)) {
            return Some(fault);
        }
        if self.offline {
            return None;
        }
        let scope = row.cell(environment).and_then(|cell| row.scope_of(cell));
        let files = row.wanted_files();
        let mut files = files.iter().filter_map(|file| row.seen.declared.get(file));
        let files = files.find_map(|file| file.fault.clone());
        scope.and_then(|scope| scope.fault.clone()).or(files)
    }
}

#[cfg(test)]
mod tests;
