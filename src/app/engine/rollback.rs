//! What a rollback leaves behind (P7): a hold on the revision that it goes back from. Which revision
//! it goes back to is in `domain/rollback.rs`, what is sent for it in `wish.rs`.

use jiff::Timestamp;

use super::Engine;
use crate::domain::hold::{Cover, Hold, HoldKind};
use crate::domain::ids::{HoldId, Person};
use crate::domain::promotion::Intent;

impl Engine {
    /// The hold that a rollback leaves on the revision that it goes back from (P7), unless one names
    /// it already.
    pub(super) fn bad_revision(
        &mut self,
        intent: &Intent,
        operator: &Person,
        now: Timestamp,
    ) -> Option<Hold> {
        let bad = intent.from.as_ref().filter(|_| intent.rollback)?;
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
                "{bad} was rolled back from in {}: {}",
                intent.environment, intent.reason
            ),
            owner: operator.clone(),
            since: now,
            until: None,
            incident: false,
        })
    }
}
