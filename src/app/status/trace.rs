//! `gonogo why --json`: why what is live in a cell is there.

use jiff::Timestamp;
use serde::Serialize;

use super::scope::{ChangesStatus, TicketStatus};
use super::{RevisionStatus, SCHEMA};
use crate::domain::board::Row;
use crate::domain::trace::Trace;

#[derive(Clone, Debug, Serialize)]
pub struct TraceStatus {
    pub schema: u32,
    pub service: String,
    pub environment: String,
    pub revision: String,
    pub version: Option<String>,
    /// `promotion`, `rollback`, `automatic`, `out-of-band`, `history`, `undecided`.
    pub how: &'static str,
    pub deployed_at: Timestamp,
    /// The account that the forge names.
    pub deployed_by: Option<String>,
    pub promotion: Option<PromotionStatus>,
    pub approvals: Vec<ApprovalStatus>,
    pub overrides: Vec<OverrideStatus>,
    pub verification: Option<VerifiedStatus>,
    /// What was live before it.
    pub before: Option<RevisionStatus>,
    pub tickets: Vec<TicketStatus>,
    /// What came with it, from what was live before; null where that is not known.
    pub changes: Option<ChangesStatus>,
    pub fault: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct PromotionStatus {
    pub id: String,
    /// Where the journal has it.
    pub seq: i64,
    pub by: String,
    pub at: Timestamp,
    pub reason: String,
    pub state: &'static str,
    /// The run of a release that it belongs to.
    pub release: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct ApprovalStatus {
    pub person: String,
    pub role: String,
    pub at: Timestamp,
    pub note: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct OverrideStatus {
    pub id: String,
    pub gates: Vec<String>,
    pub by: String,
    pub confirmed_by: Option<String>,
    pub reason: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct VerifiedStatus {
    pub passed: bool,
    pub at: Timestamp,
    pub why: String,
}

impl TraceStatus {
    pub fn of(row: &Row, trace: &Trace<'_>, now: Timestamp) -> Self {
        let fault = trace.scope.filter(|scope| scope.last.is_none());
        Self {
            schema: SCHEMA,
            service: row.service.name.to_string(),
            environment: trace.deployment.environment.to_string(),
            revision: trace.revision.sha.to_string(),
            version: trace.revision.version.clone(),
            how: trace.how.word(),
            deployed_at: trace.deployment.since(),
            deployed_by: trace.deployment.creator.as_ref().map(ToString::to_string),
            promotion: trace.promotion.map(|promotion| PromotionStatus {
                id: promotion.intent.id.to_string(),
                seq: promotion.seq.0,
                by: promotion.actor.to_string(),
                at: promotion.intended_at,
                reason: promotion.intent.reason.clone(),
                state: promotion.state.word(),
                release: promotion.intent.release.as_ref().map(ToString::to_string),
            }),
            approvals: trace
                .approvals()
                .map(|vote| ApprovalStatus {
                    person: vote.person.to_string(),
                    role: vote.role.to_string(),
                    at: vote.at,
                    note: vote.note.clone(),
                })
                .collect(),
            overrides: trace
                .overrides
                .iter()
                .map(|one| OverrideStatus {
                    id: one.id.to_string(),
                    gates: one.gates.iter().map(|gate| gate.gate.clone()).collect(),
                    by: one.owner.to_string(),
                    confirmed_by: one.confirmed.as_ref().map(|it| it.by.to_string()),
                    reason: one.reason.clone(),
                })
                .collect(),
            verification: trace.verified.map(|verified| VerifiedStatus {
                passed: verified.passed,
                at: verified.at,
                why: verified.why.clone(),
            }),
            before: trace.before.as_ref().map(RevisionStatus::of),
            tickets: trace.tickets.iter().cloned().map(Into::into).collect(),
            changes: trace
                .changes()
                .map(|scope| ChangesStatus::of(row, scope, now)),
            fault: fault.and_then(|fact| Some(fact.fault.as_ref()?.to_string())),
        }
    }
}
