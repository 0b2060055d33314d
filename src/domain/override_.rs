//! Overrides (O1): one person's word that a promotion may pass gates that are not open, once. What
//! an override does to a verdict lives in `gate/overridden.rs`; that it is used once, in the journal.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::ids::{
    Digest, EnvironmentName, IntentId, OverrideId, Person, RoleName, ServiceName, Sha,
};
use super::policy::{GateSpec, Policy};

/// How long an override is in force where nobody says.
pub const USUAL: SignedDuration = SignedDuration::from_hours(1);

/// Gates that no policy lets anybody override: facts that nobody has, a hold (which is lifted), and
/// what the forge asks (which it would refuse anyway).
const NEVER: [GateSpec; 3] = [GateSpec::Fresh, GateSpec::Hold, GateSpec::Forge];

/// Who may override what, by policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverrideRule {
    /// Nobody may override anything.
    pub forbidden: bool,
    /// Who may; empty means any operator.
    pub roles: Vec<RoleName>,
    /// Somebody else has to confirm it.
    pub second_person: bool,
    /// How long one may be in force.
    pub max: SignedDuration,
    /// Kinds of gates that are not overridden.
    pub never: Vec<String>,
}

impl Default for OverrideRule {
    fn default() -> Self {
        Self {
            forbidden: false,
            roles: Vec::new(),
            second_person: false,
            max: SignedDuration::from_hours(4),
            never: Vec::new(),
        }
    }
}

impl OverrideRule {
    /// Says whether `person` may grant or confirm.
    pub fn entitles(&self, person: &Person, policy: &Policy) -> bool {
        self.roles.is_empty() || self.roles.iter().any(|role| policy.has_role(person, role))
    }

    /// Why a gate is not overridden, if it is not.
    pub fn refuses(&self, gate: &str) -> Option<String> {
        let kind = kind(gate);
        if kind == GateSpec::Hold.name() {
            return Some("a hold is not overridden: it is lifted, with a reason".to_owned());
        }
        if NEVER.iter().any(|never| never.name() == kind) {
            return Some(format!("{kind} cannot be overridden"));
        }
        if self.forbidden {
            return Some("the policy lets nobody override a gate".to_owned());
        }
        self.never
            .iter()
            .any(|never| never == kind)
            .then(|| format!("the policy lets nobody override {kind}"))
    }
}

/// The kind of a verdict's gate: one kind may have several verdicts, such as `manual pen test`.
pub fn kind(gate: &str) -> &str {
    gate.split(' ').next().unwrap_or(gate)
}

/// An override: bound to a service, an environment, a revision, and to what the gates said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    pub id: OverrideId,
    pub service: ServiceName,
    pub environment: EnvironmentName,
    pub revision: Sha,
    pub gates: Vec<Bound>,
    pub reason: String,
    pub owner: Person,
    pub since: Timestamp,
    /// The first instant at which it is no longer in force.
    pub until: Timestamp,
    /// Whether the policy asked for a second person when it was granted.
    pub second_person: bool,
    pub confirmed: Option<Confirmed>,
    /// The intent that used it up.
    #[serde(default)]
    pub used: Option<IntentId>,
}

/// One gate of an override, and what it said then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    pub gate: String,
    /// `Verdict::values` of what was overridden: with other values it is another decision.
    pub values: Digest,
    /// The sentence that was overridden, for the record.
    pub said: String,
}

/// The second person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmed {
    pub by: Person,
    pub at: Timestamp,
}

/// Whether an override counts now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    InForce,
    /// It waits for a second person.
    Unconfirmed,
    Expired,
    Used,
    /// Who granted or confirmed it may not any more.
    NotEntitled,
    /// The policy does not let this gate be overridden any more.
    Forbidden,
}

impl Standing {
    pub fn word(self) -> &'static str {
        match self {
            Self::InForce => "in force",
            Self::Unconfirmed => "waits for a second person",
            Self::Expired => "expired",
            Self::Used => "used",
            Self::NotEntitled => "void: the role is gone",
            Self::Forbidden => "void: the policy forbids it",
        }
    }
}

impl Override {
    /// Whether it counts at `now`, under `policy` as it is now. `back`: it lets a rollback through,
    /// and going back while the schedule is closed takes two, whatever the policy says (P7).
    pub fn standing(&self, policy: &Policy, back: bool, now: Timestamp) -> Standing {
        let rule = policy.override_rule(&self.environment);
        if self.used.is_some() {
            return Standing::Used;
        }
        if now >= self.until {
            return Standing::Expired;
        }
        if self
            .gates
            .iter()
            .any(|bound| rule.refuses(&bound.gate).is_some())
        {
            return Standing::Forbidden;
        }
        if !rule.entitles(&self.owner, policy) {
            return Standing::NotEntitled;
        }
        match &self.confirmed {
            Some(confirmed) if rule.entitles(&confirmed.by, policy) => Standing::InForce,
            Some(_) => Standing::NotEntitled,
            None if self.second_person
                || rule.second_person
                || (back && self.gates.iter().any(|bound| takes_two(&bound.gate))) =>
            {
                Standing::Unconfirmed
            }
            None => Standing::InForce,
        }
    }

    /// The gate of this name, if it is one of those overridden.
    pub fn gate(&self, gate: &str) -> Option<&Bound> {
        self.gates.iter().find(|bound| bound.gate == gate)
    }

    /// The names of its gates, in a row.
    pub fn names(&self) -> String {
        let names: Vec<&str> = self.gates.iter().map(|bound| bound.gate.as_str()).collect();
        names.join(", ")
    }
}

/// Says whether a rollback past this gate takes two people.
pub fn takes_two(gate: &str) -> bool {
    kind(gate) == GateSpec::Window.name()
}

#[cfg(test)]
mod tests;
