//! Requests: orders of an operator that change something, from a dialog or from the command line.
//! One way for both, so that they cannot disagree.

use jiff::Timestamp;

use super::plan::Plan;
use crate::domain::hold::{Cover, HoldKind, Openers, Then};
use crate::domain::ids::{
    Digest, EnvironmentName, HandoverId, HoldId, ManualGateId, OverrideId, ReleaseName, RoleName,
    ServiceName,
};
use crate::domain::notice::Tell;
use crate::domain::revision::Revision;
use crate::domain::signoff::Voice;

/// An order that changes something.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Sends what a plan says, if everything is still as the plan saw it.
    Send(Box<Plan>),
    Hold {
        cover: Cover,
        kind: HoldKind,
        reason: String,
        until: Option<Timestamp>,
        then: Then,
        tell: Tell,
    },
    /// Without a reason, or what becomes of it at its time, the old one stays.
    EditHold {
        id: HoldId,
        reason: Option<String>,
        until: Expiry,
        then: Option<Then>,
    },
    LiftHold {
        id: HoldId,
        reason: String,
    },
    /// Places the brakes that a hold lacks on the forges, and lifts what is left of ended ones;
    /// without an id, of all holds.
    BindHold {
        id: Option<HoldId>,
    },
    AddGate {
        cover: Cover,
        name: String,
        reason: String,
        openers: Openers,
    },
    OpenGate {
        id: ManualGateId,
        note: String,
    },
    CloseGate {
        id: ManualGateId,
        reason: String,
    },
    /// Overrides gates of a cell that are not open; without names, all that may be overridden.
    Override {
        service: ServiceName,
        environment: EnvironmentName,
        gates: Vec<String>,
        /// Going back to this revision, instead of the promotion of the candidate.
        back: Option<Revision>,
        reason: String,
        until: Option<Timestamp>,
    },
    ConfirmOverride {
        id: OverrideId,
    },
    WithdrawOverride {
        id: OverrideId,
        reason: String,
    },
    Vote {
        service: ServiceName,
        environment: EnvironmentName,
        role: RoleName,
        voice: Voice,
        note: String,
    },
    /// Takes one's own vote back: the role has not voted again.
    WithdrawVote {
        service: ServiceName,
        environment: EnvironmentName,
        reason: String,
    },
    /// The same of a vote on a whole release.
    WithdrawReleaseVote {
        release: ReleaseName,
        reason: String,
    },
    /// Attests that a task of a checklist is done.
    DoTask {
        service: ServiceName,
        environment: EnvironmentName,
        task: String,
        note: String,
    },
    /// Takes one's own attestation back.
    UndoTask {
        service: ServiceName,
        environment: EnvironmentName,
        task: String,
        reason: String,
    },
    /// A vote on a whole release, bound to what its voter saw.
    VoteRelease {
        release: ReleaseName,
        role: RoleName,
        voice: Voice,
        note: String,
        /// `Decision::bound`, as it was shown.
        seen: Digest,
    },
    /// Starts a release, wave by wave, driven by this gonogo.
    StartRelease {
        release: ReleaseName,
        seen: Digest,
        reason: String,
        /// What is stuck and left behind.
        skip: Vec<ServiceName>,
    },
    /// Goes on with a run from here.
    ResumeRelease {
        release: ReleaseName,
    },
    /// Ends a run: nothing more is started.
    CancelRelease {
        release: ReleaseName,
        reason: String,
    },
    /// Leaves a service of a release behind.
    DropService {
        release: ReleaseName,
        service: ServiceName,
        reason: String,
    },
    /// Takes it back.
    RestoreService {
        release: ReleaseName,
        service: ServiceName,
        reason: String,
    },
    /// Hands the evening over, as the note says it.
    HandOver {
        items: Vec<String>,
        remark: String,
    },
    /// Takes over what somebody else handed over.
    TakeOver {
        id: HandoverId,
    },
}

/// What becomes of a hold's expiry when it is edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    Keep,
    /// Until lifted.
    Never,
    At(Timestamp),
}

/// Why an order is not carried out. A value, not an error: it is shown, in the same words, by the
/// board and by the command line, and its kind decides the exit code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub kind: RefusalKind,
    /// One sentence: what is refused, and why.
    pub why: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// What kind of refusal it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalKind {
    /// No such service, environment, hold, role: exit 2.
    Usage,
    /// A gate is closed, a hold is on, somebody else is on it: exit 3.
    NoGo,
    /// The forge refused or cannot do it: exit 4.
    Forge,
    /// Exit 5.
    Journal,
    /// What was sent has no known outcome: exit 6.
    OutcomeUnknown,
    /// Facts are missing or stale: exit 7.
    Facts,
}

impl Refusal {
    pub fn new(kind: RefusalKind, why: impl Into<String>) -> Self {
        Self {
            kind,
            why: why.into(),
            hint: None,
        }
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
