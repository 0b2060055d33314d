//! What a rollback leaves behind (P7): a hold on the revision that it goes back from. Which revision
//! that is, and which it goes back to, is in `domain/rollback.rs`, what is sent for it in `wish.rs`.

use jiff::Timestamp;

use super::{Engine, Report};
use crate::app::effect::Effect;
use crate::app::request::{Refusal, RefusalKind};
use crate::domain::hold::{Cover, Hold, HoldKind, Then};
use crate::domain::ids::{HoldId, IntentId, Person, Seq};
use crate::domain::promotion::Intent;
use crate::domain::revision::Revision;
use crate::domain::rollback;

impl Engine {
    /// Goes on with a rollback whose hold is durable, unless somebody has lifted that since: what it
    /// leaves would not be what was ordered. `held` is the entry of the hold.
    pub(super) fn go_back(
        &mut self,
        id: &IntentId,
        held: Option<Seq>,
        now: Timestamp,
    ) -> Vec<Effect> {
        let Some(intent) = self.flows.get(id).map(|flow| flow.plan.intent.clone()) else {
            return Vec::new();
        };
        let operator = self.operator.clone();
        // What has not been read yet, because others wrote in between, is not known to be lifted.
        let known = held.is_some_and(|held| held <= self.seen());
        let lifted = known
            && operator
                .is_some_and(|operator| self.bad_revision(&intent, &operator, now).is_some());
        if !lifted {
            return self.intend(id, now);
        }
        self.flows.remove(id);
        let bad = self.left_by(&intent);
        let bad = bad.as_ref().map_or("", Revision::label);
        let why =
            format!("the hold that the rollback leaves on {bad} was lifted; nothing was sent");
        self.reports.push(Report::Refused {
            id: Some(id.clone()),
            refusal: Refusal::new(RefusalKind::NoGo, why)
                .hint("ask who lifted it, and order it again"),
        });
        Vec::new()
    }

    /// The revision that a rollback leaves as bad.
    pub(super) fn left_by(&self, intent: &Intent) -> Option<Revision> {
        let from = intent.from.as_ref().filter(|_| intent.rollback)?;
        let row = self.board.row(&intent.service)?;
        let stage = row.service.stage(&intent.environment)?;
        let (facts, ledger) = (row.facts.value()?, self.ledger.as_ref()?);
        rollback::left(facts, ledger, &row.service, stage, (from, &intent.to))
    }

    /// The hold that a rollback leaves on the revision that it goes back from (P7), unless one names
    /// it already.
    pub(super) fn bad_revision(
        &mut self,
        intent: &Intent,
        operator: &Person,
        now: Timestamp,
    ) -> Option<Hold> {
        let bad = self.left_by(intent)?;
        let known = self.ledger.as_ref().is_some_and(|ledger| {
            let holds = ledger.holds_on(&intent.service, &intent.environment, Some(&bad.sha), now);
            holds.into_iter().any(|hold| hold.names(&bad.sha))
        });
        (!known).then(|| Hold {
            id: HoldId::from(format!("h-{}", self.random_name(5))),
            cover: Cover {
                service: Some(intent.service.clone()),
                environment: None,
                revision: Some(bad.sha.clone()),
            },
            kind: HoldKind::Forward,
            reason: format!(
                "{bad} {} in {}: {}",
                if intent.from.as_ref() == Some(&bad) {
                    "was rolled back from"
                } else {
                    "failed"
                },
                intent.environment,
                intent.reason
            ),
            owner: operator.clone(),
            since: now,
            until: None,
            then: Then::End,
            incident: false,
        })
    }
}

#[cfg(test)]
mod tests;
