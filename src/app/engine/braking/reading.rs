//! Reading back what brakes have left on the forges: what is worth it, and when.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::Place;
use crate::app::effect::{Effect, Question};
use crate::app::engine::Engine;
use crate::app::engine::schedule::Asked;
use crate::domain::brake::{Reading, Sought, Standing, Way};
use crate::domain::fault::Fault;
use crate::domain::ids::{ForgeName, ServiceName};
use crate::domain::policy::{Stage as PathStage, Via};

/// How often marks are read back: where something is about to be sent for what they show, of what is
/// watched, and of the rest.
const WANTED: SignedDuration = SignedDuration::from_secs(5);
const WATCHED: SignedDuration = SignedDuration::from_secs(30);
const OTHERS: SignedDuration = SignedDuration::from_mins(2);

impl Engine {
    /// The marks of a cell that are worth reading: those that hold it, and those that may be left.
    pub(super) fn placed(
        &self,
        place: &Place,
        now: Timestamp,
        branch: Option<&str>,
    ) -> Vec<Sought> {
        let marks = self.with_case(place, now, |case| {
            let placed = case.tried.iter().filter(|tried| {
                tried.standing() == Standing::Placed && tried.mark.way() != Way::Reject
            });
            placed
                .filter(|tried| !case.holds.is_empty() || !case.is_gone(tried))
                .map(|tried| tried.sought(branch))
                .collect()
        });
        marks.unwrap_or_default()
    }

    /// The marks that are due to be read back.
    pub(in crate::app::engine) fn due_marks(
        &mut self,
        forge: &ForgeName,
        now: Timestamp,
    ) -> Vec<Effect> {
        let mut of_service: BTreeMap<ServiceName, Vec<Sought>> = BTreeMap::new();
        let ledger = self.ledger.iter();
        let braked = ledger.flat_map(|ledger| &ledger.braked);
        for place in braked {
            let Some(row) = self
                .board
                .row(&place.0)
                .filter(|row| row.service.forge == *forge && self.reaches(&row.service.name))
            else {
                continue;
            };
            let branch = row.service.stage(&place.1).and_then(base);
            let marks = self.placed(place, now, branch);
            of_service.entry(place.0.clone()).or_default().extend(marks);
        }
        let mut effects = Vec::new();
        for (service, marks) in of_service {
            let asked = Asked::Marks(forge.clone(), service.clone());
            if marks.is_empty() || self.schedule.is_busy_with(&asked, now) {
                continue;
            }
            let row = self.board.row(&service);
            let Some(repo) = row.map(|row| {
                let known = row.facts.value().map(|facts| facts.repo.clone());
                known.unwrap_or_else(|| row.service.repo.clone())
            }) else {
                continue;
            };
            let wanted = self.braking.wanted.keys().any(|place| place.0 == service);
            let again = if wanted {
                WANTED
            } else if self.watched.contains(&service) {
                WATCHED
            } else {
                OTHERS
            };
            let question = Question::Marks {
                service,
                repo,
                marks,
            };
            effects.push(self.ask_marks(asked, forge, question, now + again, now));
        }
        effects
    }

    /// When something about brakes is due next by itself.
    pub(in crate::app::engine) fn braking_at(&self, now: Timestamp) -> Option<Timestamp> {
        let second = SignedDuration::from_secs(1);
        let waits = !self.braking.wanted.is_empty() || !self.braking.orders.is_empty();
        let read = || self.schedule.marks_at(now);
        waits.then_some(now + second).or_else(read)
    }

    /// Keeps what the forge shows of a service's marks.
    pub(in crate::app::engine) fn marks_read(
        &mut self,
        service: &ServiceName,
        answers: impl Iterator<Item = (Sought, Result<Reading, Fault>)>,
        asked_at: Timestamp,
    ) {
        for (sought, answer) in answers {
            let read = (service.clone(), sought.mark, sought.freeze);
            let known = self.braking.readings.entry(read).or_default();
            known.merge(answer, asked_at);
        }
    }
}

/// The branch whose protection decides over what is promoted, where a merge promotes.
fn base(stage: &PathStage) -> Option<&str> {
    match &stage.via {
        Via::PullRequest { base, .. } => Some(base),
        _ => None,
    }
}
