//! How forges are, by what they answer: in trouble or not, told once, and asked less while they are.

use jiff::Timestamp;

use super::super::schedule::SLOWEST;
use super::super::{Engine, ForgeState, Report};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::ForgeName;

impl Engine {
    /// Keeps how a forge is: a good answer clears its fault, a fault of the whole forge makes it
    /// be asked less. An answer that brought nothing but faults makes nothing look fresh.
    pub(super) fn heard(
        &mut self,
        forge: &ForgeName,
        fault: Option<Fault>,
        read_something: bool,
        now: Timestamp,
    ) {
        let state = self.forge(forge);
        match fault {
            None => {
                state.fault = None;
                state.failures = 0;
                if read_something {
                    state.answered_at = Some(now);
                }
                self.resume(forge);
            }
            Some(fault) => {
                state.failures = state.failures.saturating_add(1);
                let failures = state.failures;
                // A forge locks out who comes with a bad token again and again.
                let refused = fault.kind == FaultKind::Unauthorized;
                let retry_at = fault.retry_at.or(refused.then_some(now + SLOWEST));
                state.fault = Some(fault.clone());
                state.remember(fault.clone());
                self.back_off(forge, failures, retry_at, now);
                self.reports.push(Report::Trouble(Box::new(fault)));
            }
        }
    }

    /// Tells of a fault that is about one service. What the whole forge has is told once, by `heard`,
    /// and not for each service that it keeps from being read.
    pub(in crate::app::engine) fn trouble(&mut self, fault: Option<&Fault>) {
        if let Some(fault) = fault.filter(|fault| !fault.kind.is_of_forge()) {
            self.forge(&fault.forge).remember(fault.clone());
            self.reports.push(Report::Trouble(Box::new(fault.clone())));
        }
    }

    pub(super) fn forge(&mut self, forge: &ForgeName) -> &mut ForgeState {
        self.forges.entry(forge.clone()).or_default()
    }

    /// Tells, once, that the answers of a forge leave something out though they are good.
    pub(super) fn say_incomplete(&mut self, forge: &ForgeName, now: Timestamp) {
        let state = self.forge(forge);
        let Some(why) = state.incomplete() else {
            return;
        };
        let fault = Fault {
            kind: FaultKind::SingleSignOn,
            forge: forge.clone(),
            doing: "reading what the token may see".to_owned(),
            why,
            hint: Some(
                "authorize the token for them, in the forge's settings of the token".to_owned(),
            ),
            request: None,
            at: now,
            retry_at: None,
        };
        state.remember(fault.clone());
        self.reports.push(Report::Trouble(Box::new(fault)));
    }
}

/// Keeps a fault only if it is about the whole forge.
pub(super) fn of_forge(fault: Option<&Fault>) -> Option<Fault> {
    fault.filter(|fault| fault.kind.is_of_forge()).cloned()
}
