//! How far a run is: each of its moves against the journal and the board.

use jiff::Timestamp;

use super::super::Engine;
use crate::domain::cell::Cell;
use crate::domain::gate::Go;
use crate::domain::ledger::Ledger;
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
        let newest = self
            .ledger
            .as_ref()
            .and_then(|ledger| newest(ledger, run, moved));
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
            State::Succeeded => {
                let back = cell.live.is_some()
                    && cell.live == moved.from
                    && moved.from.as_ref() != Some(&moved.to);
                let newer = cell.observed_at.is_some_and(|at| at > promotion.changed_at);
                match (&cell.live, back) {
                    (Some(live), true) if newer => {
                        Progress::Failed(format!("{live} is live again"))
                    }
                    // Not seen on the board yet.
                    (_, true) => Progress::InFlight,
                    (_, false) => settled(self.verification_of(&promotion.intent.id)),
                }
            }
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

    /// Of a cell that somebody else has promoted since the run started.
    fn by_others(
        &self,
        promotion: &Promotion,
        run: &Run,
        moved: &Move,
        cell: &Cell,
        now: Timestamp,
    ) -> Progress {
        let ours = self.ledger.as_ref().is_some_and(|ledger| {
            ledger.promotions.values().any(|known| {
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
        let other = promotion.state == State::Succeeded && promotion.intent.to != moved.to;
        if ours && other {
            return Progress::Failed(format!(
                "{} brought {} after it",
                promotion.actor, promotion.intent.to
            ));
        }
        if ours {
            return settled(cell.verification.clone());
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
            return settled(cell.verification.clone());
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

/// What is live has arrived once it is verified, where that is asked for (P9, P10).
fn settled(verification: Standing) -> Progress {
    match verification {
        Standing::NotAsked | Standing::Passed => Progress::Arrived,
        Standing::Verifying { .. } | Standing::Unknown => Progress::InFlight,
        Standing::Failed { why } => Progress::Failed(format!("it failed its verification: {why}")),
    }
}

fn is_of(promotion: &Promotion, moved: &Move) -> bool {
    let intent = &promotion.intent;
    intent.purpose == Purpose::Promotion
        && intent.service == moved.service
        && intent.environment == moved.environment
}

/// The newest promotion of a cell since the run started.
fn newest<'a>(ledger: &'a Ledger, run: &Run, moved: &Move) -> Option<&'a Promotion> {
    ledger
        .promotions
        .values()
        .filter(|promotion| is_of(promotion, moved) && promotion.intended_at >= run.started_at)
        .max_by_key(|promotion| (promotion.intended_at, promotion.state.is_open()))
}
