//! Aftermath: what comes after a deployment. Whose it was (P8), whether it is well (P10), and whether
//! its checks turned red later (P6). Each is seen by every board and noted once, whoever is first.

use jiff::Timestamp;

use super::flow::{Note, Pending};
use super::{Engine, JournalState, Report};
use crate::app::effect::Effect;
use crate::app::msg::JournalFault;
use crate::domain::board::Row;
use crate::domain::cell::named;
use crate::domain::deployment::{self, Deployment};
use crate::domain::entry::{Alert, Draft, Event, Precondition};
use crate::domain::hold::{Cover, Hold, HoldKind, Then};
use crate::domain::ids::{Digest, HoldId, Person, ServiceName};
use crate::domain::ledger::Ledger;
use crate::domain::notice::Tell;
use crate::domain::origin::{self, Origin};
use crate::domain::phase::Phase;
use crate::domain::policy::{Policy, Stage};
use crate::domain::promotion::State;
use crate::domain::verification::{self, Looks, Standing, Verdict};

impl Note {
    /// The service to be looked at again if it could not be noted.
    fn service(&self) -> Option<ServiceName> {
        match self {
            Self::Deployment(service, _)
            | Self::Incident(service, _)
            | Self::Verification(service, _) => Some(service.clone()),
            Self::Use(_) | Self::Red(_) => None,
        }
    }
}

/// Something to be noted.
struct Found {
    note: Note,
    event: Event,
    deployment: Deployment,
    reason: Option<String>,
}

impl Engine {
    /// Looks after the services that have not come to rest.
    pub(super) fn look_after_all(&mut self, now: Timestamp) -> Vec<Effect> {
        let restless: Vec<ServiceName> = self.restless.iter().cloned().collect();
        restless
            .iter()
            .flat_map(|service| self.look_after(service, now))
            .collect()
    }

    /// Looks at what a service's newest deployments have come to.
    pub(crate) fn look_after(&mut self, service: &ServiceName, now: Timestamp) -> Vec<Effect> {
        self.restless.remove(service);
        if self.read_only || self.journal != JournalState::Ready {
            return Vec::new();
        }
        let (Some(ledger), Some(operator)) = (&self.ledger, self.operator.clone()) else {
            return Vec::new();
        };
        let Some(row) = self.board.row(service) else {
            return Vec::new();
        };
        // Stale facts say nothing of now: neither that it is well nor that it is not.
        if row.facts.is_stale(now, self.policy.max_age) {
            return Vec::new();
        }
        let (found, rests) = look(&self.policy, row, ledger, &operator, now);
        if !rests {
            self.restless.insert(service.clone());
        }
        let found: Vec<Found> = found
            .into_iter()
            .filter(|found| !self.is_noting(&found.note))
            .collect();
        found
            .into_iter()
            .map(|found| {
                let draft = Draft {
                    service: Some(service.clone()),
                    environment: Some(found.deployment.environment),
                    revision: Some(found.deployment.sha),
                    reason: found.reason,
                    ..self.draft(&operator, found.event, now)
                };
                // Its order may be in the journal and not here yet: clocks do not tell.
                let precondition = match &draft.event {
                    Event::DeploymentOutOfBand { .. } => {
                        Precondition::AllRead { seen: self.seen() }
                    }
                    _ => Precondition::None,
                };
                self.append(Pending::Note(found.note), draft, precondition)
            })
            .collect()
    }

    /// Says whether a note is on its way to the journal.
    pub(super) fn is_noting(&self, note: &Note) -> bool {
        let mut pending = self.pending.values();
        pending.any(|known| matches!(known, Pending::Note(known) if known == note))
    }

    /// Takes the journal's answer to a note.
    pub(super) fn noted(
        &mut self,
        note: &Note,
        result: Result<(), JournalFault>,
        now: Timestamp,
    ) -> Vec<Effect> {
        match result {
            Ok(()) => self.tell(note, now),
            // Another board was first, or has written what this one has not read yet.
            Err(JournalFault::AlreadyThere | JournalFault::Refused { .. }) => {
                self.restless.extend(note.service());
                self.read_journal()
            }
            Err(JournalFault::Unreachable { .. }) => {
                self.restless.extend(note.service());
                Vec::new()
            }
        }
    }

    /// Tells the operator what was noted, and goes on with what follows from it.
    fn tell(&mut self, note: &Note, now: Timestamp) -> Vec<Effect> {
        let Some(draft) = self.entries.back().map(|entry| entry.draft.clone()) else {
            return Vec::new();
        };
        let (Some(service), Some(revision)) = (&draft.service, &draft.revision) else {
            return Vec::new();
        };
        let environment = draft.environment.as_ref().map_or("", |name| name.as_str());
        let subject = format!("{service} {environment}");
        let revision = revision.short();
        let reason = draft.reason.clone().unwrap_or_default();
        match (&draft.event, note) {
            (Event::DeploymentOutOfBand { by, .. }, _) => {
                let by = by.as_ref().map_or("somebody", Person::as_str);
                self.reports.push(Report::Alert {
                    subject,
                    why: format!("out of band: {by} deployed {revision} by another way"),
                    hint: Some("ask whose it is; B goes back, H keeps more from following".into()),
                });
            }
            (Event::VerificationPassed { .. }, _) => self.reports.push(Report::Done {
                id: None,
                text: format!("{subject} {revision} is verified: {reason}"),
            }),
            (Event::VerificationFailed { .. }, _) => self.reports.push(Report::Alert {
                subject,
                why: format!("{revision} failed its verification: {reason}"),
                hint: Some("B rolls back to the last verified revision".into()),
            }),
            (Event::AlertRaised { .. }, _) => self.reports.push(Report::Alert {
                subject,
                why: format!("checks of {revision} turned red after its promotion: {reason}"),
                hint: Some("history stays as it is; B rolls back if it has to go".into()),
            }),
            // The hold is in: now what failed may be noted.
            (_, Note::Incident(service, _)) => return self.look_after(service, now),
            _ => {}
        }
        Vec::new()
    }
}

/// What there is to note of a row, and whether nothing is left to be seen.
fn look(
    policy: &Policy,
    row: &Row,
    ledger: &Ledger,
    operator: &Person,
    now: Timestamp,
) -> (Vec<Found>, bool) {
    let (mut found, mut rests) = (Vec::new(), true);
    let Some(facts) = row.facts.value() else {
        return (found, rests);
    };
    for stage in &row.service.path {
        let environment = &stage.environment;
        let live = deployment::live(&facts.deployments, environment);
        let newest = deployment::newest_entered(&facts.deployments, environment);
        let newest = newest.filter(|newest| live.is_none_or(|live| live.id != newest.id));
        // Of what people release by hand, the journal's own entry is all there is to see.
        let seen = live.into_iter().chain(newest);
        for one in seen.filter(|_| !row.service.is_by_hand()) {
            match origin::of(ledger, &row.service.name, stage, one, now) {
                Origin::Automatic | Origin::History => {}
                Origin::Undecided => rests = false,
                // Its promotion's end comes first, then whose the deployment was.
                Origin::Ours(Some(intent)) if ledger.is_open(&intent) => rests = false,
                origin => found.extend(whose(ledger, &row.service.name, one, origin)),
            }
        }
        if let Some(live) = live {
            let at = (operator, now);
            let (verified, over) = verify(policy, row, ledger, at, stage, live);
            found.extend(verified);
            rests &= over;
            found.extend(red(row, ledger, stage, live));
        }
    }
    (found, rests)
}

/// Notes once whose a deployment is.
fn whose(
    ledger: &Ledger,
    service: &ServiceName,
    one: &Deployment,
    origin: Origin,
) -> Option<Found> {
    let known = ledger.deployments.contains_key(&(service.clone(), one.id));
    let at_rest = matches!(
        one.phase,
        Phase::Succeeded | Phase::Superseded | Phase::Failed
    );
    if known || !at_rest {
        return None;
    }
    let event = match origin {
        Origin::Ours(intent) => Event::DeploymentSeen {
            deployment: one.id,
            by: one.creator.clone(),
            intent,
        },
        Origin::OutOfBand => Event::DeploymentOutOfBand {
            deployment: one.id,
            by: one.creator.clone(),
        },
        Origin::Automatic | Origin::History | Origin::Undecided => return None,
    };
    Some(Found {
        note: Note::Deployment(service.clone(), one.id),
        event,
        deployment: one.clone(),
        reason: None,
    })
}

/// Notes what a verification has come to; of a failed one, the incident's hold comes first, so that
/// there is no moment at which it failed and may go on.
fn verify(
    policy: &Policy,
    row: &Row,
    ledger: &Ledger,
    (operator, now): (&Person, Timestamp),
    stage: &Stage,
    live: &Deployment,
) -> (Option<Found>, bool) {
    let service = &row.service.name;
    let standing = verification::standing(stage, service, live, Some(ledger));
    let Standing::Verifying { since, until } = standing else {
        return (None, true);
    };
    let revision = named(row.facts.value(), &live.sha);
    let what = (live, &revision);
    let looks = Looks::of(policy, service, stage, &row.seen, what, (ledger, since));
    let Some(verdict) = verification::decide(&standing, looks, now) else {
        // Without a time limit only another round brings news.
        return (None, until.is_none());
    };
    let intent = origin::promotion_of(ledger, service, &stage.environment, live)
        .map(|promotion| promotion.intent.id.clone());
    let found = |note, event, reason| Found {
        note,
        event,
        deployment: live.clone(),
        reason: Some(reason),
    };
    let note = Note::Verification(service.clone(), live.id);
    let found = match verdict {
        Verdict::Passed { saw } => {
            let event = Event::VerificationPassed {
                deployment: live.id,
                intent,
            };
            found(note, event, saw)
        }
        // It still passes once it is seen to be well.
        Verdict::Failed { .. } if verification::is_older(policy, ledger, service, live) => {
            return (None, false);
        }
        Verdict::Failed { why } => {
            let hold = incident(service, live, &why, operator, now);
            let held = ledger.incidents.contains(&hold.id);
            if held {
                let event = Event::VerificationFailed {
                    deployment: live.id,
                    intent,
                };
                found(note, event, why)
            } else {
                let note = Note::Incident(service.clone(), live.id);
                let reason = hold.reason.clone();
                found(
                    note,
                    Event::HoldPlaced {
                        hold,
                        tell: Tell::Rules,
                    },
                    reason,
                )
            }
        }
    };
    (Some(found), false)
}

/// The hold of a failed verification. Its id follows from the deployment, so that of several boards
/// that see it fail, one places it.
fn incident(
    service: &ServiceName,
    live: &Deployment,
    why: &str,
    operator: &Person,
    now: Timestamp,
) -> Hold {
    let id = Digest::of([
        service.as_str(),
        live.environment.as_str(),
        &live.id.to_string(),
    ]);
    let id = id.as_str().get(..8).unwrap_or_default();
    Hold {
        id: HoldId::from(format!("i-{id}")),
        cover: Cover {
            service: Some(service.clone()),
            environment: None,
            revision: Some(live.sha.clone()),
        },
        kind: HoldKind::Forward,
        reason: format!(
            "incident: its verification in {} failed: {why}",
            live.environment
        ),
        owner: operator.clone(),
        since: now,
        until: None,
        then: Then::End,
        incident: true,
    }
}

/// Notes once that checks of what we promoted turned red since.
fn red(row: &Row, ledger: &Ledger, stage: &Stage, live: &Deployment) -> Option<Found> {
    let why = row.cell(&stage.environment)?.red.clone()?;
    let service = &row.service.name;
    let promotion = origin::promotion_of(ledger, service, &stage.environment, live)
        .filter(|promotion| promotion.state == State::Succeeded)
        .filter(|promotion| !ledger.red.contains(&promotion.intent.id))?;
    let intent = promotion.intent.id.clone();
    Some(Found {
        note: Note::Red(intent.clone()),
        event: Event::AlertRaised {
            alert: Alert::Red { intent },
        },
        deployment: live.clone(),
        reason: Some(why),
    })
}

#[cfg(test)]
mod red;
#[cfg(test)]
mod tests;
