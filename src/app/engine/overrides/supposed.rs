//! Supposing: what a promotion past gates would be, before any override is in the journal. Whoever is
//! asked to confirm sees both, and one that is not confirmed leaves no gate open behind it.

use jiff::Timestamp;

use super::Wanted;
use crate::app::engine::Engine;
use crate::app::engine::planning::Wish;
use crate::app::plan::Plan;
use crate::app::request::{Refusal, Request};
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::domain::override_::Confirmed;

impl Engine {
    /// The order that overrides those of `gates` which a wish is not past already; `None` if it is past
    /// them all, or only a second person is missing.
    pub fn override_for(
        &self,
        (service, environment): (&ServiceName, &EnvironmentName),
        wish: &Wish,
        gates: &[String],
        reason: &str,
        now: Timestamp,
    ) -> Result<Option<Request>, Refusal> {
        let wanted = self.wanted((service, environment), wish, gates, now)?;
        Ok(wanted.map(|wanted| Request::Override {
            service: wanted.service,
            environment: wanted.environment,
            gates: wanted.gates,
            back: wanted.back,
            reason: reason.to_owned(),
            until: None,
        }))
    }

    /// Plans as if an override of `gates` were in force, confirmed by whoever has to.
    pub fn plan_past(
        &mut self,
        (service, environment): (&ServiceName, &EnvironmentName),
        wish: &Wish,
        gates: &[String],
        now: Timestamp,
    ) -> Result<Plan, Refusal> {
        let Some(wanted) = self.wanted((service, environment), wish, gates, now)? else {
            return self.plan(service, environment, wish, now);
        };
        let mut grant = self.granted(wanted, now)?;
        let (by, id) = (grant.owner.clone(), grant.id.clone());
        grant.confirmed = grant.second_person.then_some(Confirmed { by, at: now });
        if let Some(ledger) = &mut self.ledger {
            ledger.overrides.insert(id.clone(), grant);
        }
        self.judge(std::iter::once(service), now);
        let plan = self.plan(service, environment, wish, now);
        if let Some(ledger) = &mut self.ledger {
            ledger.overrides.remove(&id);
        }
        self.judge(std::iter::once(service), now);
        plan
    }

    fn wanted(
        &self,
        (service, environment): (&ServiceName, &EnvironmentName),
        wish: &Wish,
        gates: &[String],
        now: Timestamp,
    ) -> Result<Option<Wanted>, Refusal> {
        if gates.is_empty() {
            return Ok(None);
        }
        let back = match wish {
            Wish::Rollback { revision } => {
                Some(self.way_back(service, environment, revision.as_deref(), now)?)
            }
            Wish::Promote { .. } | Wish::Approve | Wish::Reject | Wish::Cancel | Wish::Rerun => {
                None
            }
        };
        let cell = match &back {
            Some(cell) => Some(cell),
            None => self.board.cell(service, environment),
        };
        let closed = |gate: &&String| {
            let mut verdicts = cell.iter().flat_map(|cell| &cell.judgement.verdicts);
            let known = verdicts.find(|verdict| verdict.gate == **gate);
            // One that is overridden, or only waits for the second person, is not overridden again.
            known.is_none_or(|verdict| {
                verdict.overridden_by.is_none() && verdict.awaits_confirmation.is_none()
            })
        };
        let gates: Vec<String> = gates.iter().filter(closed).cloned().collect();
        let back = back.and_then(|cell| cell.candidate);
        Ok((!gates.is_empty()).then(|| Wanted {
            service: service.clone(),
            environment: environment.clone(),
            gates,
            back,
            reason: "as it would be".to_owned(),
            until: None,
        }))
    }
}
