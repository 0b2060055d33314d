//! How far a run is: each of its moves against the journal and the board.

use jiff::Timestamp;

use super::super::Engine;
use crate::domain::cell::Cell;
use crate::domain::gate::Go;
use crate::domain::ledger::Ledger;
use crate::domain::origin;
use crate::domain::promotion::{Promotion, Purpose, State};
use crate::domain::release::agenda::Move;
use crate::domain::release::run::{Progress, Run};
use crate::domain::revision::Revision;
use crate::domain::verification::Standing;

impl Engine {
    /// How one move of a run stands.
    pub fn progress(&self, run: &Run, moved: &Move, now: Timestamp) -> Progress {
        let sending = self.flows.values().any(|flow| {
            let intent = &flow.plan.intent;
            intent.release.as_ref() == Some(&run.id) && intent.service == moved.service
        });
        if sending {
            return Progress::InFlight;
        }
        let Some(cell) = self.board.cell(&moved.service, &moved.environment) else {
            return Progress::Blocked("it is not on the board any more".to_owned());
        };
        let ledger = self.ledger.as_ref();
        // Whatever others ordered since, perhaps without ever sending it.
        if let Some(failed) = ledger.and_then(|ledger| failed(ledger, run, moved)) {
            return self.sent(failed, moved, cell, now);
        }
        let newest = ledger.and_then(|ledger| newest(ledger, run, moved));
        match newest {
            Some(promotion) if promotion.intent.release.as_ref() == Some(&run.id) => {
                self.sent(promotion, moved, cell, now)
            }
            Some(promotion) => self.by_others(promotion, run, moved, cell, now),
            None => self.unsent(moved, cell, now),
        }
    }

    /// Of one that this run sent.
    fn sent(&self, promotion: &Promotion, moved: &Move, cell: &Cell, now: Timestamp) -> Progress {
        let why = |word: &str| promotion.why.clone().unwrap_or_else(|| word.to_owned());
        match promotion.state {
            State::Intended
            | State::Sending
            | State::Accepted
            | State::Running
            | State::Unknown
            | State::Reconciling => Progress::InFlight,
            State::Succeeded => self.succeeded(promotion, moved, cell),
            State::Failed | State::Cancelled | State::Rejected => {
                Progress::Failed(why(promotion.state.word()))
            }
            State::Absent => Progress::Failed(format!(
                "what was sent is not on the forge: {}",
                why("a person decides")
            )),
            // Nothing was sent: it may be tried again as things are now.
            State::Abandoned => self.unsent(moved, cell, now),
        }
    }

    /// Of one that was deployed: it has arrived when it is verified.
    fn succeeded(&self, promotion: &Promotion, moved: &Move, cell: &Cell) -> Progress {
        let newer = cell.observed_at.is_some_and(|at| at > promotion.changed_at);
        match &cell.live {
            Some(live) if origin::brings(promotion, &live.sha) => match &cell.verification {
                Standing::NotAsked | Standing::Passed => Progress::Arrived,
                Standing::Verifying { .. } | Standing::Unknown => Progress::InFlight,
                Standing::Failed { why } => {
                    Progress::Failed(format!("{live} failed its verification: {why}"))
                }
            },
            // Not seen on the board yet.
            _ if !newer => Progress::InFlight,
            Some(live) if cell.live == moved.from => {
                Progress::Failed(format!("{live} is live again"))
            }
            Some(live) if !self.was_verified(promotion) => {
                Progress::Failed(format!("{live} replaced it before it was verified"))
            }
            Some(_) | None => Progress::Arrived,
        }
    }

    /// Says whether what a promotion brought was verified at some time, where that is asked for.
    fn was_verified(&self, promotion: &Promotion) -> bool {
        let intent = &promotion.intent;
        let row = self.board.row(&intent.service);
        let asked = row
            .and_then(|row| row.service.stage(&intent.environment))
            .is_some_and(|stage| stage.verification.is_some());
        let facts = row.and_then(|row| row.facts.value());
        let mut deployments = facts.into_iter().flat_map(|facts| &facts.deployments);
        let verified = |id| {
            let ledger = self.ledger.as_ref();
            let known = ledger.and_then(|ledger| ledger.verification(&intent.service, id));
            known.is_some_and(|known| known.passed)
        };
        !asked
            || deployments.any(|known| {
                known.environment == intent.environment
                    && origin::is_ours(promotion, known)
                    && verified(known.id)
            })
    }

    /// Of a cell that somebody else has promoted since the run started.
    fn by_others(
        &self,
        promotion: &Promotion,
        run: &Run,
        moved: &Move,
        cell: &Cell,
        now: Timestamp,
    ) -> Progress {
        let ours = self.ledger.as_ref().and_then(|ledger| {
            ledger.promotions.values().find(|known| {
                is_of(known, moved)
                    && known.intent.release.as_ref() == Some(&run.id)
                    && known.state == State::Succeeded
            })
        });
        if promotion.state.is_open() {
            return Progress::Blocked(format!(
                "{}'s promotion of {} is on its way",
                promotion.actor, promotion.intent.to
            ));
        }
        let succeeded = promotion.state == State::Succeeded;
        let sent = || {
            let mut promotions = self.ledger.iter().flat_map(|it| it.promotions.values());
            promotions.any(|known| {
                is_of(known, moved)
                    && known.intent.release.as_ref() == Some(&run.id)
                    && known.state != State::Abandoned
            })
        };
        if promotion.intent.rollback && succeeded && sent() {
            return Progress::Failed(format!(
                "{} went back to {}",
                promotion.actor, promotion.intent.to
            ));
        }
        let other = succeeded && promotion.intent.to != moved.to;
        if ours.is_some() && other {
            return Progress::Failed(format!(
                "{} brought {} after it",
                promotion.actor, promotion.intent.to
            ));
        }
        if let Some(ours) = ours {
            return self.succeeded(ours, moved, cell);
        }
        self.unsent(moved, cell, now)
    }

    /// Of one that has not been sent.
    fn unsent(&self, moved: &Move, cell: &Cell, now: Timestamp) -> Progress {
        let label = |revision: Option<&Revision>| {
            revision.map_or("nothing".to_owned(), ToString::to_string)
        };
        let Some(row) = self.board.row(&moved.service) else {
            return Progress::Blocked("it is not on the board any more".to_owned());
        };
        if cell.live.as_ref() == Some(&moved.to) {
            return match &cell.verification {
                Standing::NotAsked | Standing::Passed => Progress::Arrived,
                Standing::Verifying { .. } => Progress::Blocked("it is being verified".to_owned()),
                Standing::Unknown => Progress::Blocked("its verification is unknown".to_owned()),
                Standing::Failed { why } => {
                    Progress::Failed(format!("{} failed its verification: {why}", moved.to))
                }
            };
        }
        if let Some(flight) = cell.in_flight.as_ref().filter(|it| !it.awaits_approval()) {
            let by = flight.by.as_ref().map_or("somebody", |by| by.as_str());
            return Progress::Blocked(format!("{} of {by} is on its way", flight.revision));
        }
        if row.facts.is_stale(now, self.policy.max_age) {
            return Progress::Blocked("its facts are too old".to_owned());
        }
        if cell.live != moved.from {
            return Progress::Blocked(format!(
                "{} is live now; what was agreed on started from {}",
                label(cell.live.as_ref()),
                label(moved.from.as_ref())
            ));
        }
        if cell.candidate.as_ref() != Some(&moved.to) {
            return Progress::Blocked(match &cell.candidate {
                Some(newer) => format!("{} was agreed on and is superseded by {newer}", moved.to),
                None => format!("{} was agreed on, and there is no candidate now", moved.to),
            });
        }
        if cell.judgement.go_at(now) == Go::Go {
            return Progress::Ready;
        }
        let closed: Vec<String> = cell
            .judgement
            .blocking(now)
            .map(|verdict| format!("{}: {}", verdict.gate, verdict.why))
            .collect();
        Progress::Blocked(closed.join("; "))
    }

    /// The services of a run that are on their way.
    pub(super) fn on_its_way(&self, run: &Run) -> Vec<String> {
        let open: Vec<&Promotion> = self
            .ledger
            .iter()
            .flat_map(Ledger::open)
            .filter(|promotion| promotion.intent.release.as_ref() == Some(&run.id))
            .collect();
        open.iter()
            .map(|promotion| promotion.intent.service.to_string())
            .collect()
    }
}

fn is_of(promotion: &Promotion, moved: &Move) -> bool {
    let intent = &promotion.intent;
    intent.purpose == Purpose::Promotion
        && intent.service == moved.service
        && intent.environment == moved.environment
}

/// What the run sent itself and did not come about: after that it starts nothing more.
fn failed<'a>(ledger: &'a Ledger, run: &Run, moved: &Move) -> Option<&'a Promotion> {
    ledger.promotions.values().find(|promotion| {
        is_of(promotion, moved)
            && promotion.intent.release.as_ref() == Some(&run.id)
            && matches!(
                promotion.state,
                State::Failed | State::Cancelled | State::Rejected | State::Absent
            )
    })
}

/// The newest promotion of a cell since the run started.
fn newest<'a>(ledger: &'a Ledger, run: &Run, moved: &Move) -> Option<&'a Promotion> {
    ledger
        .promotions
        .values()
        .filter(|promotion| is_of(promotion, moved) && promotion.intended_at >= run.started_at)
        .max_by_key(|promotion| (promotion.intended_at, promotion.state.is_open()))
}
