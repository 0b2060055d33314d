//! Phases: how far a run, a job, a check or a deployment has come, in one set of words for every
//! forge. The mapping from a forge's own words lives in its adapter.

use serde::{Deserialize, Serialize};

/// How far something has come.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Phase {
    Queued,
    Running,
    /// Waits for a person or a rule of the forge.
    Gated,
    Succeeded,
    Failed,
    Cancelled,
    Skipped,
    /// Was good and has been replaced by a newer one.
    Superseded,
    /// A word of the forge that we do not know; it never counts as good.
    Unknown(String),
}

impl Phase {
    /// Ranks phases for roll-ups, worst first.
    pub fn rank(&self) -> u8 {
        match self {
            Self::Failed => 0,
            Self::Gated => 1,
            Self::Running => 2,
            Self::Queued => 3,
            Self::Cancelled => 4,
            Self::Unknown(_) => 5,
            Self::Succeeded => 6,
            Self::Superseded => 7,
            Self::Skipped => 8,
        }
    }

    /// Returns the worst of several phases, or `None` of none.
    pub fn worst<'a>(phases: impl IntoIterator<Item = &'a Self>) -> Option<&'a Self> {
        phases.into_iter().min_by_key(|phase| phase.rank())
    }

    /// Says whether it is still on its way, waiting included.
    pub fn is_in_flight(&self) -> bool {
        match self {
            Self::Queued | Self::Running | Self::Gated => true,
            Self::Succeeded
            | Self::Failed
            | Self::Cancelled
            | Self::Skipped
            | Self::Superseded
            | Self::Unknown(_) => false,
        }
    }

    /// The word that people read.
    pub fn word(&self) -> &str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Gated => "waiting",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
            Self::Superseded => "superseded",
            Self::Unknown(word) => word,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_outweighs_everything_else() {
        let phases = [
            Phase::Succeeded,
            Phase::Running,
            Phase::Failed,
            Phase::Gated,
        ];
        assert_eq!(Phase::worst(&phases), Some(&Phase::Failed));
    }

    #[test]
    fn an_unknown_word_is_worse_than_success() {
        let phases = [Phase::Succeeded, Phase::Unknown("exploded".into())];
        assert_eq!(
            Phase::worst(&phases),
            Some(&Phase::Unknown("exploded".into()))
        );
    }
}
