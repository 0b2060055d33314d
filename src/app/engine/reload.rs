//! Reload: a changed config on a running board. What was read stays, every cell is judged anew.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Engine, ForgeState, Report};
use crate::domain::board::Board;
use crate::domain::policy::Policy;

impl Engine {
    pub(super) fn reload(&mut self, policy: Arc<Policy>, now: Timestamp) {
        if policy == self.policy {
            return;
        }
        self.policy = policy;
        for forge in super::used(&self.policy) {
            if !self.forges.contains_key(forge) {
                self.forges.insert(forge.clone(), ForgeState::default());
            }
        }
        self.forget_rounds();
        let old = std::mem::take(&mut self.board);
        self.board = Board::new(self.basis(now), old);
        self.forget_remembered();
        self.reports.push(Report::Done {
            id: None,
            text: "the changed config is in use".into(),
        });
    }
}
