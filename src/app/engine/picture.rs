//! What an engine knows at one moment, for a picture that stays while the engine goes on. A copy
//! orders nothing: it is only looked at.

use jiff::Timestamp;

use super::{Engine, Start};

impl Engine {
    /// Copies everything that is drawn.
    pub(crate) fn picture(&self, now: Timestamp) -> Self {
        let mut copy = Self::new(Start {
            policy: self.policy.clone(),
            pace: self.pace.clone(),
            operator: self.operator.clone(),
            instance: self.instance.clone(),
            read_only: self.read_only,
            offline: self.offline,
            seed: 0,
            now,
        });
        copy.board.clone_from(&self.board);
        copy.ledger.clone_from(&self.ledger);
        copy.journal.clone_from(&self.journal);
        copy.entries.clone_from(&self.entries);
        copy.forges.clone_from(&self.forges);
        copy.jobs.clone_from(&self.jobs);
        copy.traced.clone_from(&self.traced);
        copy.neighbours.clone_from(&self.neighbours);
        copy.auto.clone_from(&self.auto);
        copy
    }
}
