//! What a forge can do for one service with our token, and what the token may not there. The same is
//! struck out on the board.

use serde::Serialize;

use crate::app::engine::Engine;
use crate::app::engine::denied::Missing;
use crate::domain::board::Row;
use crate::domain::capability::Capability;

/// Something that this token may not do in one repository.
#[derive(Clone, Debug, Serialize)]
pub struct DenialStatus {
    pub capability: &'static str,
    /// Null where it is all of them.
    pub environment: Option<String>,
    pub why: String,
    pub hint: String,
}

impl DenialStatus {
    pub(super) fn of(missing: &Missing) -> Self {
        Self {
            capability: missing.capability.key(),
            environment: missing.environment.as_ref().map(ToString::to_string),
            why: missing.denial.why.clone(),
            hint: missing.denial.hint.clone(),
        }
    }
}

/// What can be done for a service: what its forge can at all, without what the token may nowhere in it.
pub(super) fn capabilities(
    engine: &Engine,
    row: &Row,
    missing: &[Missing],
) -> Option<Vec<&'static str>> {
    let identity = engine.forges.get(&row.service.forge)?.identity.as_ref()?;
    let is_missing = |it: &Capability| {
        let mut missing = missing.iter();
        missing.any(|missing| missing.capability == *it && missing.environment.is_none())
    };
    let can = identity.capabilities.iter();
    Some(
        can.filter(|it| !is_missing(it))
            .map(|it| it.key())
            .collect(),
    )
}
