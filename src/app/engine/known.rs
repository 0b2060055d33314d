//! What an order may name: holds, gates, roles and services that exist, texts that say something,
//! expiries that are to come.

use jiff::Timestamp;

use super::Engine;
use crate::app::request::{Refusal, RefusalKind};
use crate::domain::entry::{Entry, Event};
use crate::domain::hold::{Cover, Hold, ManualGate};
use crate::domain::ids::{EnvironmentName, HoldId, ManualGateId, RoleName};
use crate::domain::policy::Service;
use crate::domain::promotion::Intent;

impl Engine {
    /// The order that an entry is a step of, if it is known.
    pub fn order_of(&self, entry: &Entry) -> Option<&Intent> {
        let Event::Stepped { id, .. } = &entry.draft.event else {
            return None;
        };
        let promotion = self.ledger.as_ref()?.promotions.get(id)?;
        Some(&promotion.intent)
    }

    pub(super) fn known_hold(&self, id: &HoldId) -> Result<Hold, Refusal> {
        let found = self.ledger.as_ref().and_then(|ledger| ledger.holds.get(id));
        found.cloned().ok_or_else(|| {
            Refusal::new(RefusalKind::Usage, format!("there is no hold {id}"))
                .hint("`gonogo hold list` lists them")
        })
    }

    pub(super) fn known_gate(&self, id: &ManualGateId) -> Result<ManualGate, Refusal> {
        let found = self
            .ledger
            .as_ref()
            .and_then(|ledger| ledger.manual_gates.get(id));
        found.cloned().ok_or_else(|| {
            Refusal::new(RefusalKind::Usage, format!("there is no gate {id}"))
                .hint("`gonogo gate list` lists them")
        })
    }

    pub(super) fn known_role(&self, role: &RoleName) -> Result<(), Refusal> {
        if self.policy.roles.contains_key(role) {
            return Ok(());
        }
        let known: Vec<&str> = self.policy.roles.keys().map(RoleName::as_str).collect();
        Err(
            Refusal::new(RefusalKind::Usage, format!("there is no role {role}"))
                .hint(format!("the roles are {}", known.join(", "))),
        )
    }

    /// A hold or gate on a misspelt service would hold nothing.
    pub(super) fn known_cover(&self, cover: &Cover) -> Result<(), Refusal> {
        if let Some(service) = &cover.service {
            let known = self
                .policy
                .service(service)
                .ok_or_else(|| super::planning::unknown_service(self, service))?;
            if let Some(environment) = &cover.environment
                && known.stage(environment).is_none()
            {
                return Err(no_environment(known, environment));
            }
        } else if let Some(environment) = &cover.environment
            && !self
                .policy
                .services
                .iter()
                .any(|service| service.stage(environment).is_some())
        {
            let why = format!("no service has an environment {environment}");
            let known = self.policy.environments.keys();
            let known: Vec<&str> = known.map(EnvironmentName::as_str).collect();
            let hint = format!("the environments are {}", known.join(", "));
            return Err(Refusal::new(RefusalKind::Usage, why).hint(hint));
        }
        Ok(())
    }
}

/// Says that a service has no such environment, and which it has.
pub fn no_environment(service: &Service, environment: &EnvironmentName) -> Refusal {
    let path = service.path.iter();
    let path: Vec<&str> = path.map(|stage| stage.environment.as_str()).collect();
    let why = format!("{} has no environment {environment}", service.name);
    Refusal::new(RefusalKind::Usage, why).hint(format!("its path is {}", path.join(", ")))
}

pub(super) fn required(text: &str, what: &str) -> Result<String, Refusal> {
    let text = crate::domain::text::clean(text);
    if text.is_empty() {
        return Err(Refusal::new(
            RefusalKind::Usage,
            format!("{what} is required"),
        ));
    }
    Ok(text)
}

pub(super) fn future(until: Option<Timestamp>, now: Timestamp) -> Result<(), Refusal> {
    match until {
        Some(until) if until <= now => Err(Refusal::new(
            RefusalKind::Usage,
            "the expiry is in the past".to_owned(),
        )
        .hint("give one that is to come, for instance 2h or 18:00")),
        Some(_) | None => Ok(()),
    }
}
