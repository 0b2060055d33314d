//! What a hold's brakes have come to, cell by cell, with the proof: as JSON, and in one line each.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::brake::{Bound, Effect, Proof};
use crate::domain::ids::{EnvironmentName, ServiceName};

#[derive(Clone, Debug, Serialize)]
pub struct BrakeStatus {
    /// `effective`, `pending` or `advisory only`: of all its cells together.
    pub effect: &'static str,
    pub cells: Vec<BrakedCell>,
}

#[derive(Clone, Debug, Serialize)]
pub struct BrakedCell {
    pub service: String,
    pub environment: String,
    pub effect: &'static str,
    /// Nothing holds the cell any more, and this is left of its brakes.
    pub left: bool,
    pub proofs: Vec<ProofStatus>,
}

#[derive(Clone, Debug, Serialize)]
pub struct ProofStatus {
    /// `status`, `label`, `freeze`, `reject`.
    pub way: &'static str,
    pub effect: &'static str,
    pub says: String,
    /// When it was read from the forge; null while it was not.
    pub read_at: Option<Timestamp>,
}

impl BrakeStatus {
    pub fn of(cells: &[((ServiceName, EnvironmentName), Bound)]) -> Self {
        let effect = cells.iter().map(|(_, bound)| bound.effect).max();
        Self {
            // Where nothing has a brake, a hold is a word among gonogos.
            effect: effect.unwrap_or(Effect::Advisory).word(),
            cells: cells.iter().map(BrakedCell::of).collect(),
        }
    }
}

impl BrakedCell {
    pub fn of(((service, environment), bound): &((ServiceName, EnvironmentName), Bound)) -> Self {
        Self {
            service: service.to_string(),
            environment: environment.to_string(),
            effect: bound.effect.word(),
            left: bound.left,
            proofs: bound.proofs.iter().map(ProofStatus::of).collect(),
        }
    }
}

impl ProofStatus {
    fn of(proof: &Proof) -> Self {
        Self {
            way: proof.way.word(),
            effect: proof.effect.word(),
            says: proof.says.clone(),
            read_at: proof.at,
        }
    }
}
