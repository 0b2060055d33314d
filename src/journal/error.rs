//! Journal errors: why something was not appended or read, in words for the operator.
//!
//! The difference between refused and failed matters most: after a refusal nothing was written.

use std::path::PathBuf;

use jiff::Timestamp;

use crate::domain::entry::{Entry, Event};
use crate::domain::hold::Then;
use crate::domain::ids::{EnvironmentName, IntentId, Person, Seq, ServiceName};
use crate::domain::promotion::Purpose;

/// Why the journal did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another gonogo holds the write lock for longer than we wait.
    #[error("the journal is busy: another gonogo is writing to it")]
    Busy,
    /// Something came in between what the operator saw and what they asked for.
    #[error("changed meanwhile: {}", words(by))]
    Conflict { by: Box<Entry> },
    /// An open intent of the same purpose occupies the cell.
    #[error(
        "{service} > {environment} is taken: {actor} has a {purpose} under way since {since}: {reason}"
    )]
    CellTaken {
        intent: IntentId,
        purpose: Purpose,
        service: ServiceName,
        environment: EnvironmentName,
        actor: Person,
        since: Timestamp,
        reason: String,
    },
    /// The intent is not where this step may follow, or is not what was seen.
    #[error("not permitted: {why}")]
    NotPermitted { why: String },
    /// The same thing is in the journal already: harmless for what is noted once.
    #[error("{what} is in the journal already, as entry {seq}")]
    AlreadyNoted { what: String, seq: Seq },
    /// The draft contradicts its precondition: a mistake in the program, not of the operator.
    #[error("a malformed entry was refused: {why}")]
    Malformed { why: String },
    #[error("the journal was opened for reading only")]
    ReadOnly,
    /// The chain is broken here: someone or something changed the file by other ways.
    #[error("the journal is broken at entry {seq}: {what}")]
    Broken { seq: Seq, what: String },
    #[error("the journal {} is unreachable: {why}", path.display())]
    Unreachable {
        path: PathBuf,
        why: String,
        hint: Option<&'static str>,
    },
    #[error("the journal's database failed")]
    Database(#[source] sqlx::Error),
}

impl Error {
    /// What the operator can do about it.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Busy => Some("try again; if it lasts, look for a gonogo that hangs"),
            Self::Conflict { .. } => Some("look at the cell again, then decide again"),
            Self::CellTaken { .. } => {
                Some("wait until it has ended, or settle it if it is unknown")
            }
            Self::Broken { .. } => Some(
                "`gonogo audit verify` checks all of it; keep the file, find out who or what changed it, and restore it from a backup",
            ),
            Self::Unreachable { hint, .. } => *hint,
            Self::NotPermitted { .. }
            | Self::AlreadyNoted { .. }
            | Self::Malformed { .. }
            | Self::ReadOnly
            | Self::Database(_) => None,
        }
    }

    /// Says whether the journal answered and said no, as opposed to not answering.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Conflict { .. }
            | Self::CellTaken { .. }
            | Self::NotPermitted { .. }
            | Self::AlreadyNoted { .. }
            | Self::Malformed { .. }
            | Self::ReadOnly => true,
            Self::Busy | Self::Broken { .. } | Self::Unreachable { .. } | Self::Database(_) => {
                false
            }
        }
    }
}

/// One entry as a sentence about a person: `bob holds checkout > production: smoke is red`.
fn words(entry: &Entry) -> String {
    let draft = &entry.draft;
    let actor = &draft.actor;
    let cell = match (&draft.service, &draft.environment) {
        (Some(service), Some(environment)) => format!("{service} > {environment}"),
        (Some(service), None) => service.to_string(),
        (None, Some(environment)) => format!("all of {environment}"),
        (None, None) => "everything".to_owned(),
    };
    let what = match &draft.event {
        Event::Intended { intent } => {
            format!(
                "{actor} started a {} of {cell}: {}",
                intent.purpose, intent.reason
            )
        }
        Event::Stepped { purpose, step, .. } => {
            format!("the {purpose} of {cell} is {}", step.word())
        }
        Event::HoldPlaced { hold, .. } => format!("{actor} holds {}: {}", hold.cover, hold.reason),
        Event::HoldEdited { cover, .. } => format!("{actor} changed the hold on {cover}"),
        Event::HoldLifted { cover, .. } => format!("{actor} lifted the hold on {cover}"),
        Event::HoldExpired { cover, then, .. } => match then {
            Then::End => format!("the hold on {cover} has expired"),
            Then::Ask => format!("the hold on {cover} asks"),
        },
        Event::VoteCast { vote } => format!(
            "{} voted {} as {} on {cell}",
            vote.person,
            vote.voice.word(),
            vote.role
        ),
        Event::VoteVoided { person, role, .. } if *person == *actor => {
            format!("{actor} withdrew the vote as {role} on {cell}")
        }
        Event::VoteVoided { person, role, .. } => {
            format!("the vote of {person} as {role} on {cell} is void")
        }
        Event::GateAdded { gate } => {
            format!("{actor} put up the gate {} on {}", gate.name, gate.cover)
        }
        Event::GateOpened { cover, .. } => format!("{actor} opened a gate on {cover}"),
        Event::GateClosed { cover, .. } => format!("{actor} closed a gate on {cover}"),
        Event::TaskDone { attestation } => {
            format!("{actor} attested {} of {cell}", attestation.task)
        }
        Event::TaskWithdrawn { task, .. } => format!("{actor} took back {task} of {cell}"),
        Event::OverrideGranted { grant } => {
            format!(
                "{actor} overrode {} on {cell}: {}",
                grant.names(),
                grant.reason
            )
        }
        Event::OverrideConfirmed { id, .. } => {
            format!("{actor} confirmed override {id} on {cell}")
        }
        Event::OverrideWithdrawn { id, .. } => {
            format!("{actor} withdrew override {id} on {cell}")
        }
        Event::OverrideUsed { id, .. } => format!("override {id} of {cell} was used"),
        Event::VerificationPassed { .. } => format!("a deployment of {cell} was verified"),
        Event::VerificationFailed { .. } => {
            format!("a deployment of {cell} failed its verification")
        }
        Event::AlertRaised { .. } => format!("checks of what {cell} has turned red"),
        Event::ReleaseVoteCast { vote } => format!(
            "{} voted {} on release {} as {}",
            vote.person,
            vote.voice.word(),
            vote.release,
            vote.role
        ),
        Event::ReleaseStarted { run } => format!("{actor} started release {}", run.release),
        Event::ReleaseResumed { id, .. } => format!("{actor} resumed release run {id}"),
        Event::ReleaseEnded { release, how, .. } => format!("{release} is {}", how.word()),
        Event::ReleaseDropped { release, service } => {
            format!("{actor} dropped {service} from {release}")
        }
        Event::ReleaseRestored { release, service } => {
            format!("{actor} took {service} back into {release}")
        }
        Event::HandoverGiven { .. } => format!("{actor} handed over"),
        Event::HandoverAccepted { .. } => format!("{actor} took over"),
        Event::DeploymentSeen { .. } => format!("a deployment of {cell} was seen"),
        Event::DeploymentOutOfBand { .. } => {
            format!("a deployment of {cell} that gonogo did not make was seen")
        }
    };
    format!("{what} (entry {}, {})", entry.seq, draft.at)
}
