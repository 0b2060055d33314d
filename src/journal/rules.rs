//! The rules of appending that every store shares: what an entry covers, what it is about, and
//! which precondition it needs. Pure; how a store checks them in one transaction is its own affair.

use super::Error;
use crate::domain::entry::{Alert, Draft, Entry, Event, Precondition};
use crate::domain::hold::Cover;
use crate::domain::ids::{Digest, InstanceId, IntentId, OverrideId, ReleaseName, Seq};
use crate::domain::promotion::{Intent, Purpose, Step};

/// What an entry does to the intents, and what that depends on.
pub(super) enum Move<'a> {
    Note,
    /// Says of a cell what rests on all of its entries having been read.
    Tell {
        seen: Seq,
    },
    Intend {
        intent: &'a Intent,
        seen: Seq,
    },
    Permit {
        id: &'a IntentId,
        purpose: Purpose,
        digest: &'a Digest,
        seen: Seq,
        agreed: bool,
    },
    Follow {
        id: &'a IntentId,
        purpose: Purpose,
        step: &'a Step,
    },
}

impl<'a> Move<'a> {
    /// Pairs an event with its precondition. Every pair that is not named here could get around
    /// the send-once rule, and is refused.
    pub fn of(
        event: &'a Event,
        precondition: &'a Precondition,
        us: &InstanceId,
    ) -> Result<Self, Error> {
        let malformed = |why: &str| {
            Err(Error::Malformed {
                why: why.to_owned(),
            })
        };
        match (event, precondition) {
            (Event::Intended { intent }, Precondition::Unchanged { seen }) => Ok(Self::Intend {
                intent,
                seen: *seen,
            }),
            (Event::Intended { .. }, _) => malformed("an intent needs what its operator saw"),
            (
                Event::Stepped {
                    id,
                    purpose,
                    step: Step::Sending { owner },
                },
                Precondition::Permit {
                    digest,
                    seen,
                    agreed,
                },
            ) => {
                // The lock of the owner is what tells a running send from an orphaned one.
                if owner != us {
                    return malformed("only the instance that sends may take the permit");
                }
                Ok(Self::Permit {
                    id,
                    purpose: *purpose,
                    digest,
                    seen: *seen,
                    agreed: *agreed,
                })
            }
            (
                Event::Stepped {
                    step: Step::Sending { .. },
                    ..
                },
                _,
            ) => malformed("sending needs a permit"),
            (Event::Stepped { id, purpose, step }, Precondition::Follows) => Ok(Self::Follow {
                id,
                purpose: *purpose,
                step,
            }),
            (Event::Stepped { .. }, _) => malformed("a step needs an intent that it follows"),
            (Event::DeploymentOutOfBand { .. }, Precondition::AllRead { seen }) => {
                Ok(Self::Tell { seen: *seen })
            }
            (Event::DeploymentOutOfBand { .. }, _) => {
                malformed("what is out of band is known only to who has read everything")
            }
            (
                Event::HoldPlaced { .. }
                | Event::HoldEdited { .. }
                | Event::HoldLifted { .. }
                | Event::HoldExpired { .. }
                | Event::VoteCast { .. }
                | Event::VoteVoided { .. }
                | Event::GateAdded { .. }
                | Event::GateOpened { .. }
                | Event::GateClosed { .. }
                | Event::TaskDone { .. }
                | Event::TaskWithdrawn { .. }
                | Event::ReleaseVoteCast { .. }
                | Event::ReleaseStarted { .. }
                | Event::ReleaseResumed { .. }
                | Event::ReleaseEnded { .. }
                | Event::ReleaseDropped { .. }
                | Event::ReleaseRestored { .. }
                | Event::OverrideGranted { .. }
                | Event::OverrideConfirmed { .. }
                | Event::OverrideWithdrawn { .. }
                | Event::OverrideUsed { .. }
                | Event::VerificationPassed { .. }
                | Event::VerificationFailed { .. }
                | Event::AlertRaised { .. }
                | Event::HandoverGiven { .. }
                | Event::HandoverAccepted { .. }
                | Event::DeploymentSeen { .. },
                Precondition::None,
            ) => Ok(Self::Note),
            (_, _) => malformed("only intents and their steps have a precondition"),
        }
    }
}

impl Move<'_> {
    /// A board that has seen more than the journal holds looks at another journal, or at one that
    /// was cut: nothing that it saw can be relied on.
    pub fn check_seen(&self, head: Seq) -> Result<(), Error> {
        match self {
            Self::Intend { seen, .. } | Self::Permit { seen, .. } | Self::Tell { seen }
                if *seen > head =>
            {
                Err(not_permitted(format!(
                    "entry {seen} was seen, but the journal ends at {head}: it was replaced or cut"
                )))
            }
            Self::Note
            | Self::Tell { .. }
            | Self::Intend { .. }
            | Self::Permit { .. }
            | Self::Follow { .. } => Ok(()),
        }
    }
}

pub(super) fn not_permitted(why: impl Into<String>) -> Error {
    Error::NotPermitted { why: why.into() }
}

/// Gives a draft the scope of what it is about, so that no control entry can miss a cell that it
/// covers.
pub fn scoped(mut draft: Draft) -> Draft {
    let cover: &Cover = match &draft.event {
        Event::Intended { intent } => {
            draft.service = Some(intent.service.clone());
            draft.environment = Some(intent.environment.clone());
            draft.revision = Some(intent.to.sha.clone());
            return draft;
        }
        Event::VoteCast { vote } => {
            draft.service = Some(vote.service.clone());
            draft.environment = Some(vote.environment.clone());
            return draft;
        }
        Event::TaskDone { attestation } => {
            draft.service = Some(attestation.service.clone());
            draft.environment = Some(attestation.environment.clone());
            return draft;
        }
        Event::OverrideGranted { grant } => {
            draft.service = Some(grant.service.clone());
            draft.environment = Some(grant.environment.clone());
            draft.revision = Some(grant.revision.clone());
            return draft;
        }
        Event::HoldPlaced { hold, .. } => &hold.cover,
        Event::GateAdded { gate } => &gate.cover,
        Event::HoldEdited { cover, .. }
        | Event::HoldLifted { cover, .. }
        | Event::HoldExpired { cover, .. }
        | Event::GateOpened { cover, .. }
        | Event::GateClosed { cover, .. }
        | Event::TaskWithdrawn { cover, .. }
        | Event::OverrideConfirmed { cover, .. }
        | Event::OverrideWithdrawn { cover, .. } => cover,
        Event::Stepped { .. }
        | Event::VoteVoided { .. }
        | Event::ReleaseVoteCast { .. }
        | Event::ReleaseStarted { .. }
        | Event::ReleaseResumed { .. }
        | Event::ReleaseEnded { .. }
        | Event::ReleaseDropped { .. }
        | Event::ReleaseRestored { .. }
        | Event::OverrideUsed { .. }
        | Event::VerificationPassed { .. }
        | Event::VerificationFailed { .. }
        | Event::AlertRaised { .. }
        | Event::HandoverGiven { .. }
        | Event::HandoverAccepted { .. }
        | Event::DeploymentSeen { .. }
        | Event::DeploymentOutOfBand { .. } => return draft,
    };
    let Cover {
        service,
        environment,
        revision,
    } = cover.clone();
    draft.service = service;
    draft.environment = environment;
    draft.revision = revision;
    draft
}

/// Names what an entry is about, where that is asked for or may be said only once.
pub fn subject(draft: &Draft) -> Option<String> {
    match &draft.event {
        Event::HoldPlaced { hold, .. } => Some(format!("hold:{}", hold.id)),
        Event::HoldEdited { id, .. }
        | Event::HoldLifted { id, .. }
        | Event::HoldExpired { id, .. } => Some(format!("hold:{id}")),
        Event::GateAdded { gate } => Some(format!("gate:{}", gate.id)),
        Event::GateOpened { id, .. } | Event::GateClosed { id, .. } => Some(format!("gate:{id}")),
        Event::DeploymentSeen { deployment, .. }
        | Event::DeploymentOutOfBand { deployment, .. } => {
            let service = draft.service.as_ref().map_or("", |name| name.as_str());
            Some(format!("deployment:{deployment}:{service}"))
        }
        Event::ReleaseStarted { run } => Some(of_run(&run.release)),
        Event::ReleaseResumed { release, .. } | Event::ReleaseEnded { release, .. } => {
            Some(of_run(release))
        }
        Event::OverrideGranted { grant } => Some(format!("override:{}", grant.id)),
        Event::OverrideConfirmed { id, .. } | Event::OverrideWithdrawn { id, .. } => {
            Some(format!("override:{id}"))
        }
        Event::OverrideUsed { id, .. } => Some(format!("override-use:{id}")),
        Event::VerificationPassed { deployment, .. }
        | Event::VerificationFailed { deployment, .. } => {
            let service = draft.service.as_ref().map_or("", |name| name.as_str());
            Some(format!("verification:{deployment}:{service}"))
        }
        Event::AlertRaised {
            alert: Alert::Red { intent },
        } => Some(format!("red:{intent}")),
        Event::Intended { .. }
        | Event::Stepped { .. }
        | Event::VoteCast { .. }
        | Event::TaskDone { .. }
        | Event::TaskWithdrawn { .. }
        | Event::VoteVoided { .. }
        | Event::HandoverGiven { .. }
        | Event::HandoverAccepted { .. }
        | Event::ReleaseDropped { .. }
        | Event::ReleaseRestored { .. }
        | Event::ReleaseVoteCast { .. } => None,
    }
}

fn of_run(release: &ReleaseName) -> String {
    format!("run:{release}")
}

/// Says whether an event is about a run of a release, so that `check_run` decides on it.
pub fn is_of_run(event: &Event) -> bool {
    matches!(
        event,
        Event::ReleaseStarted { .. } | Event::ReleaseResumed { .. } | Event::ReleaseEnded { .. }
    )
}

/// A release has one open run at most, and only that one is resumed or ended. `last` is the newest
/// entry about a run of the same release.
pub fn check_run(draft: &Draft, last: Option<&Entry>) -> Result<(), Error> {
    let open = last.and_then(|entry| match &entry.draft.event {
        Event::ReleaseStarted { run } => Some((&run.id, entry)),
        Event::ReleaseResumed { id, .. } => Some((id, entry)),
        _ => None,
    });
    match (&draft.event, open) {
        (Event::ReleaseStarted { run }, Some((id, entry))) => Err(not_permitted(format!(
            "run {id} of {} goes on: {} drives it since {}",
            run.release, entry.draft.actor, entry.draft.at
        ))),
        (
            Event::ReleaseResumed { id, release, .. } | Event::ReleaseEnded { id, release, .. },
            open,
        ) if open.is_none_or(|(known, _)| known != id) => Err(not_permitted(format!(
            "run {id} of {release} does not go on any more"
        ))),
        _ => Ok(()),
    }
}

/// Says whether what an entry is about may be said only once, as `entries_once` does in SQL.
#[cfg(test)]
pub fn is_said_once(event: &Event) -> bool {
    match event {
        Event::HoldPlaced { .. }
        | Event::GateAdded { .. }
        | Event::OverrideGranted { .. }
        | Event::OverrideUsed { .. }
        | Event::VerificationPassed { .. }
        | Event::VerificationFailed { .. }
        | Event::AlertRaised { .. }
        | Event::DeploymentSeen { .. }
        | Event::DeploymentOutOfBand { .. } => true,
        Event::Intended { .. }
        | Event::Stepped { .. }
        | Event::HoldEdited { .. }
        | Event::HoldLifted { .. }
        | Event::HoldExpired { .. }
        | Event::VoteCast { .. }
        | Event::VoteVoided { .. }
        | Event::GateOpened { .. }
        | Event::GateClosed { .. }
        | Event::ReleaseVoteCast { .. }
        | Event::ReleaseStarted { .. }
        | Event::ReleaseResumed { .. }
        | Event::ReleaseEnded { .. }
        | Event::ReleaseDropped { .. }
        | Event::ReleaseRestored { .. }
        | Event::OverrideConfirmed { .. }
        | Event::OverrideWithdrawn { .. }
        | Event::TaskDone { .. }
        | Event::HandoverGiven { .. }
        | Event::HandoverAccepted { .. }
        | Event::TaskWithdrawn { .. } => false,
    }
}

/// Checks that an intent may use an override, by the entries about it, oldest first. Whether another
/// intent has used it, the store knows.
pub(super) fn check_override<'e>(
    id: &OverrideId,
    intent: &Intent,
    draft: &Draft,
    entries: impl IntoIterator<Item = &'e Entry>,
) -> Result<(), Error> {
    let mut granted = None;
    for entry in entries {
        match &entry.draft.event {
            Event::OverrideGranted { grant } => granted = Some(grant.clone()),
            Event::OverrideConfirmed { .. } => {
                if let Some(one) = granted
                    .as_mut()
                    .filter(|one| one.owner != entry.draft.actor)
                {
                    one.second_person = false;
                }
            }
            Event::OverrideWithdrawn { .. } => granted = None,
            _ => {}
        }
    }
    let Some(one) = granted else {
        return Err(not_permitted(format!("there is no override {id}")));
    };
    let same = one.service == intent.service
        && one.environment == intent.environment
        && one.revision == intent.to.sha;
    if !same {
        return Err(not_permitted(format!(
            "override {id} is for {} {} and {} alone",
            one.service,
            one.environment,
            one.revision.short()
        )));
    }
    if one.second_person {
        return Err(not_permitted(format!(
            "override {id} waits for a second person"
        )));
    }
    if draft.at >= one.until {
        return Err(not_permitted(format!("override {id} has expired")));
    }
    Ok(())
}

/// Says that an intent of this id has used an override already.
pub(super) fn used_up(id: &OverrideId, by: &str) -> Error {
    not_permitted(format!("override {id} was for one use: {by} used it"))
}

/// Says whether an edit of a hold leaves its end as its author saw it.
pub(super) fn keeps_end(event: &Event) -> bool {
    matches!(
        event,
        Event::HoldEdited {
            keeps_end: true,
            ..
        }
    )
}

/// The kinds of entries that give a hold an end, or none.
pub(super) const ENDS: [&str; 2] = ["hold.placed", "hold.edited"];

/// Checks that an edit which keeps the end of a hold does not bring back one that somebody has changed
/// since: `last` is the last entry that gave it an end.
pub(super) fn check_kept_end(what: &str, draft: &Draft, last: Option<&Entry>) -> Result<(), Error> {
    let (Event::HoldEdited { until: kept, .. }, Some(last)) = (&draft.event, last) else {
        return Err(not_permitted(format!("there is no {what}")));
    };
    let until = match &last.draft.event {
        Event::HoldPlaced { hold, .. } => hold.until,
        Event::HoldEdited { until, .. } => *until,
        _ => return Ok(()),
    };
    if until == *kept {
        return Ok(());
    }
    Err(not_permitted(format!(
        "{} has given {what} another end meanwhile: look at it, and edit it once more",
        last.draft.actor
    )))
}

/// Checks that the end of a hold may be noted: `last` is the last entry about it. An edit gives a
/// hold another end, which is noted once again; one that came in between may have put it off.
pub(super) fn check_expiry(what: &str, draft: &Draft, last: Option<&Entry>) -> Result<(), Error> {
    let Some(last) = last else {
        return Err(not_permitted(format!("there is no {what}")));
    };
    let (until, planned) = match &last.draft.event {
        Event::HoldPlaced { hold, .. } => (hold.until, hold.then),
        Event::HoldEdited { until, then, .. } => (*until, *then),
        _ => {
            return Err(Error::AlreadyNoted {
                what: format!("the end of {what}"),
                seq: last.seq,
            });
        }
    };
    if let Event::HoldExpired { then, .. } = &draft.event
        && *then != planned
    {
        return Err(not_permitted(format!(
            "{what} is to {} at its time",
            planned.word()
        )));
    }
    match until {
        Some(until) if until <= draft.at => Ok(()),
        Some(until) => Err(not_permitted(format!("{what} ends at {until}"))),
        None => Err(not_permitted(format!("{what} has no end"))),
    }
}
