//! Policy: who may release what, along which path, through which gates, when, and how. Reading it
//! from TOML lives in `config`; a service's path, the ways of promotion and the gates have rooms of
//! their own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::SignedDuration;

use super::brake::Brakes;
use super::ids::{EnvironmentName, Person, ReleaseName, RoleName, ServiceName};
use super::override_::OverrideRule;
use super::release::Release;
use super::risk::RiskRule;
use super::window::Window;

mod environments;
mod gates;
mod rules;
mod service;
mod version;
mod via;

pub use environments::EnvironmentModel;
pub use gates::{Before, GateSpec, PipelineRule};
pub use rules::{
    CommandRule, Dependency, Expect, FitsRule, HealthRule, ParityRule, ParitySource, Part, Probe,
    ProbeSource, QualityRule, Task, Verification,
};
pub use service::{BY_HAND, Service, Stage};
pub use version::Version;
pub use via::Via;

/// The whole checked policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub version: Version,
    /// Facts older than this are stale.
    pub max_age: SignedDuration,
    pub environments: BTreeMap<EnvironmentName, Environment>,
    /// In the order of the config file.
    pub services: Vec<Arc<Service>>,
    pub windows: Vec<Window>,
    pub roles: BTreeMap<RoleName, BTreeSet<Person>>,
    /// By name.
    pub releases: Vec<Release>,
}

/// How an environment is to be treated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    pub name: EnvironmentName,
    pub tier: String,
    /// A promotion into it asks for its name to be typed.
    pub protected: bool,
    pub mode: Mode,
    /// Who may override its gates.
    pub overrides: OverrideRule,
    /// What follows from how much is at stake.
    pub risk: RiskRule,
    /// How long everybody can see that `auto` is about to promote.
    pub countdown: SignedDuration,
    /// What every service has to show after a deployment into it.
    pub verification: Option<Verification>,
    /// By what a hold becomes the forge's own stop.
    pub brakes: Brakes,
}

/// The countdown where nobody says.
pub const COUNTDOWN: SignedDuration = SignedDuration::from_secs(30);

/// Who starts a promotion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// By itself as soon as all gates open.
    Auto,
    /// By an operator's key.
    #[default]
    Confirm,
    /// Wholly by hand; gonogo keeps the audit.
    Checklist,
}

impl Mode {
    pub fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Confirm => "confirm",
            Self::Checklist => "checklist",
        }
    }
}

/// Tests change policies; the program makes each whole.
#[cfg(test)]
impl Policy {
    pub(crate) fn nth(&mut self, place: usize) -> &mut Service {
        Arc::make_mut(&mut self.services[place])
    }

    pub(crate) fn each(&mut self) -> impl Iterator<Item = &mut Service> {
        self.services.iter_mut().map(Arc::make_mut)
    }
}

impl Policy {
    pub fn service(&self, name: &ServiceName) -> Option<&Service> {
        let mut services = self.services.iter().map(Arc::as_ref);
        services.find(|service| service.name == *name)
    }

    /// Who may override the gates of an environment.
    pub fn override_rule(&self, environment: &EnvironmentName) -> OverrideRule {
        let known = self.environments.get(environment);
        known.map_or_else(OverrideRule::default, |known| known.overrides.clone())
    }

    /// What follows from how much is at stake in a promotion into an environment.
    pub fn risk_rule(&self, environment: &EnvironmentName) -> RiskRule {
        let known = self.environments.get(environment);
        known.map_or_else(RiskRule::default, |known| known.risk.clone())
    }

    pub fn release(&self, name: &ReleaseName) -> Option<&Release> {
        self.releases.iter().find(|release| release.name == *name)
    }

    /// Says whether `person` has `role`. Asked again at the moment of action.
    pub fn has_role(&self, person: &Person, role: &RoleName) -> bool {
        self.roles
            .get(role)
            .is_some_and(|members| members.contains(person))
    }
}
