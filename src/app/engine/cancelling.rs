//! Cancelling: what exactly would stop what is under way into a cell, or why nothing can. The footer,
//! the dialog and the command line ask the same question. Sending it lives in `flow.rs`, what `X` looks
//! like in the interface.

use jiff::Timestamp;

use super::Engine;
use super::planning::stale;
use super::wish::Planned;
use crate::app::request::{Refusal, RefusalKind};
use crate::domain::act::Act;
use crate::domain::board::Row;
use crate::domain::cell::Cell;
use crate::domain::deployment;
use crate::domain::facts::ServiceFacts;
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::domain::policy::Via;
use crate::domain::promotion::{Purpose, State};

impl Engine {
    /// Why what is under way into a cell cannot be cancelled, as a plan for it would be refused.
    pub(crate) fn not_to_cancel(
        &self,
        service: &ServiceName,
        environment: &EnvironmentName,
        now: Timestamp,
    ) -> Option<String> {
        let row = self.board.row(service)?;
        let (cell, facts) = (row.cell(environment)?, row.facts.value()?);
        if row.facts.is_stale(now, self.policy.max_age) {
            return Some(stale(row, service, now).why);
        }
        let refused = cancellation(self, row, cell, facts).err();
        refused.map(|refusal| refusal.why)
    }
}

pub(super) fn cancellation(
    engine: &Engine,
    row: &Row,
    cell: &Cell,
    facts: &ServiceFacts,
) -> Result<Planned, Refusal> {
    let nothing = || {
        Refusal::new(
            RefusalKind::NoGo,
            format!(
                "nothing is under way into {} {}",
                row.service.name, cell.environment
            ),
        )
    };
    let flight = cell.in_flight.as_ref().ok_or_else(nothing)?;
    let planned = |act| Planned {
        purpose: Purpose::Cancellation,
        to: flight.revision.clone(),
        act,
    };
    if let Some(intent) = flight.intent.as_ref().filter(|id| engine.is_by_hand(id)) {
        let accepted = engine
            .ledger
            .as_ref()
            .and_then(|ledger| ledger.promotions.get(intent))
            .is_some_and(|promotion| promotion.state == State::Accepted);
        if !accepted {
            return Err(nothing());
        }
        return Ok(planned(Act::ByHand));
    }
    // Where a job is what runs, the rest of its pipeline is left alone; one that was started for this
    // alone is stopped whole.
    let stage = row.service.stage(&cell.environment);
    let whole = stage.is_some_and(|stage| matches!(stage.via, Via::Pipeline { .. }));
    let maker = deployment::under_way(&facts.deployments, &cell.environment)
        .filter(|known| known.sha == flight.revision.sha && !whole)
        .and_then(|known| known.made_by.as_ref());
    if let Some(maker) = maker {
        return Ok(planned(Act::CancelJob {
            run: maker.run,
            job: maker.job,
            name: maker.name.clone(),
        }));
    }
    let ours = flight
        .intent
        .as_ref()
        .and_then(|id| engine.ledger.as_ref()?.promotions.get(id))
        .and_then(|promotion| promotion.handle.as_ref()?.run);
    let run = ours.or(flight.run).or_else(|| {
        let under_way = facts
            .runs
            .iter()
            .filter(|run| run.sha == flight.revision.sha && run.phase.is_in_flight());
        under_way.max_by_key(|run| run.created_at).map(|run| run.id)
    });
    let run = run.ok_or_else(|| {
        Refusal::new(
            RefusalKind::Forge,
            "the deployment under way has no run that could be cancelled".to_owned(),
        )
    })?;
    Ok(planned(Act::Cancel { run }))
}
