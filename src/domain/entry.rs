//! Journal entries: what happened, who did it, and why. Storing and chaining them lives in
//! `journal`; what they add up to lives in `ledger.rs`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::attestation::Attestation;
use super::handover::Handover;
use super::hold::{Cover, Hold, HoldKind, ManualGate, Then};
use super::ids::{
    DeploymentId, Digest, EnvironmentName, HandoverId, HoldId, InstanceId, IntentId, ManualGateId,
    OverrideId, Person, ReleaseName, ReleaseRunId, RoleName, Seq, ServiceName, Sha,
};
use super::notice::Tell;
use super::override_::Override;
use super::promotion::{Intent, Purpose, Step};
use super::release::run::{Ending, Run};
use super::signoff::{ReleaseVote, Voice, Vote};

mod how;
mod kinds;

pub use how::How;
pub use kinds::kinds;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    Intended {
        intent: Intent,
    },
    Stepped {
        id: IntentId,
        purpose: Purpose,
        step: Step,
    },
    HoldPlaced {
        hold: Hold,
        /// Who is told of it.
        #[serde(default)]
        tell: Tell,
    },
    HoldEdited {
        id: HoldId,
        cover: Cover,
        kind: HoldKind,
        until: Option<Timestamp>,
        #[serde(default)]
        then: Then,
        /// The end is the one that its author saw, and was not given by them.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        keeps_end: bool,
    },
    HoldLifted {
        id: HoldId,
        cover: Cover,
    },
    /// Its time is up: it has ended, or asks from now on.
    HoldExpired {
        id: HoldId,
        cover: Cover,
        #[serde(default)]
        then: Then,
    },
    VoteCast {
        vote: Vote,
    },
    /// By its voter when they take it back.
    VoteVoided {
        role: RoleName,
        person: Person,
        saw: String,
        now: String,
        /// The release, where the vote was on a whole one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        release: Option<ReleaseName>,
    },
    GateAdded {
        gate: ManualGate,
    },
    GateOpened {
        id: ManualGateId,
        cover: Cover,
    },
    GateClosed {
        id: ManualGateId,
        cover: Cover,
    },
    TaskDone {
        attestation: Attestation,
    },
    /// By who had attested it.
    TaskWithdrawn {
        task: String,
        cover: Cover,
    },
    OverrideGranted {
        grant: Override,
    },
    /// By the second person; the entry's actor is who.
    OverrideConfirmed {
        id: OverrideId,
        cover: Cover,
    },
    OverrideWithdrawn {
        id: OverrideId,
        cover: Cover,
    },
    /// Noted once after the intent that used it: what uses it up is the intent itself.
    OverrideUsed {
        id: OverrideId,
        intent: IntentId,
    },
    /// What was deployed was well within its time limit.
    VerificationPassed {
        deployment: DeploymentId,
        intent: Option<IntentId>,
    },
    /// It was not; the entry's reason says what was seen.
    VerificationFailed {
        deployment: DeploymentId,
        intent: Option<IntentId>,
    },
    /// Something went bad after a promotion that rested on it.
    AlertRaised {
        alert: Alert,
    },
    ReleaseVoteCast {
        vote: ReleaseVote,
    },
    ReleaseStarted {
        run: Run,
    },
    /// Another instance carries the run on.
    ReleaseResumed {
        id: ReleaseRunId,
        release: ReleaseName,
        driver: InstanceId,
    },
    ReleaseEnded {
        id: ReleaseRunId,
        release: ReleaseName,
        how: Ending,
    },
    /// A service is left behind: what the release ships is another set from here on.
    ReleaseDropped {
        release: ReleaseName,
        service: ServiceName,
    },
    ReleaseRestored {
        release: ReleaseName,
        service: ServiceName,
    },
    HandoverGiven {
        handover: Handover,
    },
    /// By the entry's actor, who did not give it.
    HandoverAccepted {
        id: HandoverId,
    },
    DeploymentSeen {
        deployment: DeploymentId,
        by: Option<Person>,
        intent: Option<IntentId>,
    },
    DeploymentOutOfBand {
        deployment: DeploymentId,
        by: Option<Person>,
    },
}

/// What went bad after the fact. It closes nothing and changes no history: somebody has to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "kebab-case")]
pub enum Alert {
    /// Checks of a promoted revision that were good are red now.
    Red { intent: IntentId },
}

impl Event {
    /// The entry's kind, as `gonogo log` prints it: `promotion.sending`, `hold.placed`.
    pub fn kind(&self) -> String {
        match self {
            Self::Intended { intent } => format!("{}.intended", intent.purpose),
            Self::Stepped { purpose, step, .. } => format!("{purpose}.{}", step.word()),
            Self::HoldPlaced { .. } => "hold.placed".into(),
            Self::HoldEdited { .. } => "hold.edited".into(),
            Self::HoldLifted { .. } => "hold.lifted".into(),
            Self::HoldExpired { then, .. } => match then {
                Then::End => "hold.expired".into(),
                Then::Ask => "hold.asked".into(),
            },
            Self::VoteCast { .. } | Self::ReleaseVoteCast { .. } => "vote.cast".into(),
            Self::VoteVoided { .. } => "vote.voided".into(),
            Self::GateAdded { .. } => "gate.added".into(),
            Self::GateOpened { .. } => "gate.opened".into(),
            Self::GateClosed { .. } => "gate.closed".into(),
            Self::TaskDone { .. } => "task.done".into(),
            Self::TaskWithdrawn { .. } => "task.withdrawn".into(),
            Self::OverrideGranted { .. } => "override.granted".into(),
            Self::OverrideConfirmed { .. } => "override.confirmed".into(),
            Self::OverrideWithdrawn { .. } => "override.withdrawn".into(),
            Self::OverrideUsed { .. } => "override.used".into(),
            Self::VerificationPassed { .. } => "verification.passed".into(),
            Self::VerificationFailed { .. } => "verification.failed".into(),
            Self::AlertRaised { .. } => "alert.raised".into(),
            Self::ReleaseStarted { .. } => "release.started".into(),
            Self::ReleaseResumed { .. } => "release.resumed".into(),
            Self::ReleaseEnded { how, .. } => format!("release.{}", how.word()),
            Self::ReleaseDropped { .. } => "release.dropped".into(),
            Self::ReleaseRestored { .. } => "release.restored".into(),
            Self::HandoverGiven { .. } => "handover.given".into(),
            Self::HandoverAccepted { .. } => "handover.accepted".into(),
            Self::DeploymentSeen { .. } => "deployment.seen".into(),
            Self::DeploymentOutOfBand { .. } => "deployment.out-of-band".into(),
        }
    }

    /// Says whether it is a word on a release, which decides on what that promotes, and on nothing that
    /// a person promotes without it. Each control entry is looked at anyway.
    pub fn is_agreement(&self) -> bool {
        matches!(
            self,
            Self::ReleaseVoteCast { .. } | Self::ReleaseStarted { .. }
        )
    }

    /// Says whether it changes what may be promoted: an intent that was made before it is not
    /// sent after it (`Precondition` and the permit check this in the journal's transaction).
    pub fn is_control(&self) -> bool {
        match self {
            Self::HoldPlaced { .. }
            | Self::HoldEdited { .. }
            | Self::HoldLifted { .. }
            | Self::VoteCast { .. }
            | Self::VoteVoided { .. }
            | Self::GateAdded { .. }
            | Self::GateOpened { .. }
            | Self::GateClosed { .. }
            | Self::TaskDone { .. }
            | Self::TaskWithdrawn { .. }
            | Self::OverrideGranted { .. }
            | Self::OverrideConfirmed { .. }
            | Self::OverrideWithdrawn { .. }
            // What a run was about to send is not sent after somebody else drives it or ended it.
            | Self::ReleaseResumed { .. }
            | Self::ReleaseEnded { .. }
            // It was agreed on as a part of another set.
            | Self::ReleaseDropped { .. }
            | Self::ReleaseRestored { .. } => true,
            Self::ReleaseVoteCast { vote } => vote.voice == Voice::NoGo,
            Self::Intended { .. }
            | Self::Stepped { .. }
            | Self::HoldExpired { .. }
            | Self::OverrideUsed { .. }
            | Self::VerificationPassed { .. }
            | Self::VerificationFailed { .. }
            | Self::AlertRaised { .. }
            | Self::ReleaseStarted { .. }
            | Self::HandoverGiven { .. }
            | Self::HandoverAccepted { .. }
            | Self::DeploymentSeen { .. }
            | Self::DeploymentOutOfBand { .. } => false,
        }
    }
}

/// An entry before it is in the journal.
///
/// `service`, `environment` and `revision` are the scope of the entry; `None` means every one, so
/// that a hold on all of production has no service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    pub at: Timestamp,
    pub actor: Person,
    pub service: Option<ServiceName>,
    pub environment: Option<EnvironmentName>,
    pub revision: Option<Sha>,
    pub reason: Option<String>,
    /// `Policy::version` under which it was decided.
    pub policy: Digest,
    pub event: Event,
}

/// An entry of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub seq: Seq,
    #[serde(flatten)]
    pub draft: Draft,
    /// Hash of the entry before.
    pub previous: Digest,
    pub hash: Digest,
}

impl Entry {
    /// Says whether it is an order itself or one of its steps.
    pub fn is_of(&self, order: &IntentId) -> bool {
        match &self.draft.event {
            Event::Intended { intent } => intent.id == *order,
            Event::Stepped { id, .. } => id == order,
            _ => false,
        }
    }
}

/// What must hold in the journal, in the same transaction, for an entry to be appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing: holds always work.
    None,
    /// For an `Intended`: since `seen`, no entry of this cell and no control entry that covers it (what
    /// is written of brakes counts for other brakes alone, and they for nothing else: the hold that a
    /// brake carries out is an entry of its own);
    /// no open intent of the same purpose on the cell; and each override that it uses is in force
    /// for exactly that cell and revision, and no other intent has used it.
    Unchanged { seen: Seq },
    /// For `Sending`, the permit: the intent is still `Intended` with this digest, and no control
    /// entry that covers its cell has come after `seen`. What goes because of what people say of a
    /// release is `agreed`: nothing that they say of one may have come either (`Event::is_agreement`).
    Permit {
        digest: Digest,
        seen: Seq,
        agreed: bool,
    },
    /// For every other step: the intent is in a state that the step may follow.
    Follows,
    /// For what is said to be nobody's here: since `seen`, no entry of this cell. What somebody here
    /// ordered was written before it was sent, so who has read all that is there knows of it, however
    /// far clocks are apart.
    AllRead { seen: Seq },
}
