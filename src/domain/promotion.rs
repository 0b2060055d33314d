//! Promotions: from intent to outcome, and which step may follow which. Sending lives in the
//! forge adapters; keeping the one-send rule durable lives in the journal.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::act::{Act, Handle};
use super::ids::{
    Digest, EnvironmentName, InstanceId, IntentId, OverrideId, Person, ReleaseRunId, Seq,
    ServiceName,
};
use super::revision::Revision;
use super::signoff::Vote;

/// What an intent is for. Every purpose follows the same send-once protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    Promotion,
    /// Saying no to what waits for approval on the forge.
    Rejection,
    Cancellation,
    Rerun,
    /// Setting a commit status.
    Status,
    /// Making a hold the forge's own stop.
    Brake,
    /// Taking such a stop away again.
    Unbrake,
}

impl Purpose {
    pub const ALL: [Self; 7] = [
        Self::Promotion,
        Self::Rejection,
        Self::Cancellation,
        Self::Rerun,
        Self::Status,
        Self::Brake,
        Self::Unbrake,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Promotion => "promotion",
            Self::Rejection => "rejection",
            Self::Cancellation => "cancellation",
            Self::Rerun => "rerun",
            Self::Status => "status",
            Self::Brake => "brake",
            Self::Unbrake => "unbrake",
        }
    }

    /// Says whether it places or lifts a hold's stop on the forge.
    pub fn is_brake(self) -> bool {
        matches!(self, Self::Brake | Self::Unbrake)
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.word() == word)
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// What an operator decided, complete and durable before anything is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    pub id: IntentId,
    pub purpose: Purpose,
    pub service: ServiceName,
    pub environment: EnvironmentName,
    pub from: Option<Revision>,
    pub to: Revision,
    pub act: Act,
    pub reason: String,
    /// What the operator saw: live and wanted revision, gates, holds.
    pub digest: Digest,
    /// The intent that this one replaces after a person decided on its unknown outcome.
    pub replaces: Option<IntentId>,
    /// The run of a release that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleaseRunId>,
    /// The overrides that it uses up.
    #[serde(default)]
    pub overrides: Vec<OverrideId>,
    /// It goes back to what was live and verified before.
    #[serde(default)]
    pub rollback: bool,
    /// What it brings is to be verified, by the policy that it was made under.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub verify: bool,
}

impl Intent {
    /// The reason of what policy promotes by itself, which tells it from what a person ordered.
    pub const BY_ITSELF: &str = "auto: all gates open";

    pub fn goes_by_itself(&self) -> bool {
        self.purpose == Purpose::Promotion && self.reason == Self::BY_ITSELF
    }
}

/// What happened to an intent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step {
    /// The permit to send. The bytes leave only after this is durable.
    Sending {
        owner: InstanceId,
    },
    Accepted {
        handle: Handle,
    },
    /// A definite refusal: nothing happened.
    Rejected {
        why: String,
    },
    /// Never sent.
    Abandoned {
        why: String,
    },
    /// Sent, outcome not seen.
    Unknown {
        why: String,
    },
    Reconciling,
    /// Looked up on the forge by its key, and found.
    Reconciled {
        handle: Handle,
    },
    /// Looked up on the forge often enough, and not there.
    Absent {
        reads: u32,
    },
    Running {
        handle: Handle,
    },
    Succeeded,
    Failed {
        why: String,
    },
    Cancelled {
        why: String,
    },
}

/// Where an intent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Intended,
    Sending,
    Accepted,
    Running,
    Unknown,
    Reconciling,
    Succeeded,
    Failed,
    Cancelled,
    Abandoned,
    Rejected,
    Absent,
}

impl State {
    pub fn word(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Sending => "sending",
            Self::Accepted => "accepted",
            Self::Running => "running",
            Self::Unknown => "unknown",
            Self::Reconciling => "reconciling",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Abandoned => "abandoned",
            Self::Rejected => "rejected",
            Self::Absent => "absent",
        }
    }

    /// Says whether it still occupies its cell: no other promotion of the cell may start.
    pub fn is_open(self) -> bool {
        match self {
            Self::Intended
            | Self::Sending
            | Self::Accepted
            | Self::Running
            | Self::Unknown
            | Self::Reconciling => true,
            Self::Succeeded
            | Self::Failed
            | Self::Cancelled
            | Self::Abandoned
            | Self::Rejected
            | Self::Absent => false,
        }
    }

    /// Says whether something may have been sent whose outcome nobody knows.
    pub fn is_unsettled(self) -> bool {
        matches!(self, Self::Sending | Self::Unknown | Self::Reconciling)
    }
}

impl Step {
    /// The words of all steps, in the order in which they may come.
    pub const WORDS: [&'static str; 12] = [
        "sending",
        "accepted",
        "rejected",
        "abandoned",
        "unknown",
        "reconciling",
        "reconciled",
        "absent",
        "running",
        "succeeded",
        "failed",
        "cancelled",
    ];

    /// Where an intent stands after this step.
    pub fn state(&self) -> State {
        match self {
            Self::Sending { .. } => State::Sending,
            Self::Accepted { .. } | Self::Reconciled { .. } => State::Accepted,
            Self::Rejected { .. } => State::Rejected,
            Self::Abandoned { .. } => State::Abandoned,
            Self::Unknown { .. } => State::Unknown,
            Self::Reconciling => State::Reconciling,
            Self::Absent { .. } => State::Absent,
            Self::Running { .. } => State::Running,
            Self::Succeeded => State::Succeeded,
            Self::Failed { .. } => State::Failed,
            Self::Cancelled { .. } => State::Cancelled,
        }
    }

    /// The word that the journal's `kind` ends in.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Sending { .. } => "sending",
            Self::Accepted { .. } => "accepted",
            Self::Rejected { .. } => "rejected",
            Self::Abandoned { .. } => "abandoned",
            Self::Unknown { .. } => "unknown",
            Self::Reconciling => "reconciling",
            Self::Reconciled { .. } => "reconciled",
            Self::Absent { .. } => "absent",
            Self::Running { .. } => "running",
            Self::Succeeded => "succeeded",
            Self::Failed { .. } => "failed",
            Self::Cancelled { .. } => "cancelled",
        }
    }

    /// The states from which this step may be taken.
    ///
    /// No step leads back to `Intended`, and `Sending` follows nothing but `Intended`: what was
    /// sent, or may have been, is never sent again.
    pub fn may_follow(&self) -> &'static [State] {
        match self {
            Self::Sending { .. } | Self::Abandoned { .. } => &[State::Intended],
            Self::Accepted { .. } | Self::Rejected { .. } => &[State::Sending],
            Self::Unknown { .. } => &[State::Sending, State::Reconciling],
            Self::Reconciling => &[State::Unknown],
            Self::Reconciled { .. } | Self::Absent { .. } => &[State::Unknown, State::Reconciling],
            Self::Running { .. } => &[State::Accepted],
            Self::Succeeded | Self::Failed { .. } | Self::Cancelled { .. } => {
                &[State::Accepted, State::Running]
            }
        }
    }
}

/// An intent and all that became of it, folded from the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promotion {
    pub intent: Intent,
    /// Where the journal has it.
    #[serde(default)]
    pub seq: Seq,
    pub actor: Person,
    /// The votes on exactly what it moves that stood when it was ordered.
    #[serde(default)]
    pub votes: Vec<Vote>,
    pub state: State,
    pub handle: Option<Handle>,
    /// Why it ended or is unknown, if it did not go well.
    pub why: Option<String>,
    /// Who holds the permit to send.
    pub owner: Option<InstanceId>,
    pub intended_at: Timestamp,
    pub sent_at: Option<Timestamp>,
    pub changed_at: Timestamp,
}
