//! Releases: named sets of services that ship together, in waves. Pure: what is in one, what it
//! would move, how long that takes, and what comes next. Driving one lives in `app/engine`.

use jiff::Timestamp;

use super::ids::{EnvironmentName, Person, ReleaseName, RoleName, ServiceName};
use super::ledger::Ledger;
use super::revision::Revision;
use super::signoff::AtClose;

pub mod agenda;
pub mod decision;
pub mod dropped;
pub mod estimate;
pub mod past;
pub mod prognosis;
pub mod run;
pub mod waves;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

/// A release as policy defines it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    pub name: ReleaseName,
    /// Into which environment every service of it goes.
    pub environment: EnvironmentName,
    /// In the order of the config; at least one.
    pub items: Vec<Item>,
    /// Every service of `items` exactly once. A wave starts when the one before is verified.
    pub waves: Vec<Vec<ServiceName>>,
    /// The window that it has to fit into.
    pub window: Option<String>,
    /// What becomes of its goes when that closes.
    pub at_close: AtClose,
    /// The instant by which it has to be live.
    pub due: Option<Timestamp>,
    /// Each says go before it starts.
    pub roles: Vec<RoleName>,
    /// Several roles are filled by distinct people.
    pub distinct: bool,
    pub owner: Option<Person>,
}

/// One service of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub service: ServiceName,
    /// The version or revision that ships; `None` takes whatever is the candidate.
    pub pin: Option<String>,
}

impl Item {
    /// Says whether a revision is the pinned one: by its version, or by seven or more characters
    /// of its SHA. Everything is, without a pin.
    pub fn takes(&self, revision: &Revision) -> bool {
        let Some(pin) = &self.pin else { return true };
        let sha = pin.len() >= 7 && revision.sha.as_str().starts_with(pin.as_str());
        sha || revision.version.as_ref() == Some(pin)
    }
}

impl Release {
    /// Says whether it moves a service into an environment.
    pub fn ships(&self, service: &ServiceName, environment: &EnvironmentName) -> bool {
        self.environment == *environment && self.items.iter().any(|item| item.service == *service)
    }

    /// Returns what is in it and was not dropped.
    pub fn kept<'a>(&'a self, ledger: Option<&'a Ledger>) -> impl Iterator<Item = &'a Item> {
        let dropped =
            move |item: &Item| ledger.and_then(|it| it.dropped(&self.name, &item.service));
        self.items
            .iter()
            .filter(move |item| dropped(item).is_none())
    }

    /// Says whether it moves a service into an environment, now that some may have been dropped.
    pub fn still_ships(
        &self,
        service: &ServiceName,
        environment: &EnvironmentName,
        ledger: Option<&Ledger>,
    ) -> bool {
        let dropped = ledger.and_then(|ledger| ledger.dropped(&self.name, service));
        dropped.is_none() && self.ships(service, environment)
    }

    /// Returns the wave that a service ships in, from 0.
    pub fn wave_of(&self, service: &ServiceName) -> Option<usize> {
        self.waves.iter().position(|wave| wave.contains(service))
    }
}
