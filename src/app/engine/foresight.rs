//! What a cell would say at a later instant (W6), for who schedules a promotion. The rule lives in
//! `domain/foresight.rs`; at its start a promotion is planned and judged like any other.

use jiff::Timestamp;

use super::Engine;
use super::planning::{place, stale, unknown_service};
use crate::app::request::Refusal;
use crate::domain::board::Others;
use crate::domain::cell::Cell;
use crate::domain::foresight;
use crate::domain::ids::{EnvironmentName, ServiceName};

impl Engine {
    /// Judges a cell as of `then`, from what is known at `now`.
    ///
    /// # Errors
    ///
    /// Refuses what nobody could promote at any time: no such cell, or facts that are too old.
    pub fn foresee(
        &self,
        service: &ServiceName,
        environment: &EnvironmentName,
        (now, then): (Timestamp, Timestamp),
    ) -> Result<Cell, Refusal> {
        let row = self.board.row(service);
        let row = row.ok_or_else(|| unknown_service(self, service))?;
        let (stage, known) = place(row, environment)?;
        if row.facts.is_stale(now, self.policy.max_age) {
            return Err(stale(row, service, now));
        }
        let others = Others(&self.board);
        let sources = row.sources(row.scope_of(known), &others, self.basis(now));
        Ok(foresight::judge(sources, stage, now, then))
    }
}
