//! The way back of a release that something stopped: which of its services are still on what it brought,
//! in which order they go back, and how. Each goes back by its own rollback; nothing is ordered here.

use jiff::Timestamp;

use super::super::Engine;
use crate::app::request::RefusalKind;
use crate::domain::gate::State;
use crate::domain::origin;
use crate::domain::policy::GateSpec;
use crate::domain::release::agenda::Move;
use crate::domain::release::run::{Ending, Progress, Run, rollback_order};

impl Engine {
    /// Returns what goes back, in its order, until all of it is back: `search to v7.0.8`. What gonogo
    /// cannot take back itself says what to do instead.
    pub fn way_home(&self, run: &Run, now: Timestamp) -> Vec<String> {
        let progress = |moved: &Move| self.progress(run, moved, now);
        let ended = run.ended.as_ref().map(|ended| &ended.how);
        let failed = || {
            let mut moves = run.moves.iter();
            moves.any(|moved| matches!(progress(moved), Progress::Failed(_)))
        };
        if !matches!(ended, Some(Ending::Stopped { .. })) && !failed() {
            return Vec::new();
        }
        rollback_order(&run.moves, progress)
            .into_iter()
            .filter(|moved| self.has_moved(run, moved))
            .filter_map(|moved| self.back_words(moved, now))
            .collect()
    }

    /// Says whether what a run brought is there. What failed before it came in has moved nothing.
    fn has_moved(&self, run: &Run, moved: &Move) -> bool {
        let cell = self.board.cell(&moved.service, &moved.environment);
        let Some(live) = cell.and_then(|cell| cell.live.as_ref()) else {
            return false;
        };
        let brought = || {
            let promotions = self.ledger.iter();
            let mut promotions = promotions
                .flat_map(|ledger| ledger.promotions_of(&moved.service, &moved.environment));
            promotions.any(|one| {
                one.intent.release.as_ref() == Some(&run.id) && origin::brings(one, &live.sha)
            })
        };
        moved.from.as_ref() != Some(live) && (*live == moved.to || brought())
    }

    fn back_words(&self, moved: &Move, now: Timestamp) -> Option<String> {
        let from = moved.from.as_ref()?;
        let words = format!("{} to {from}", moved.service);
        let sha = from.sha.as_str();
        let back = self.way_back(&moved.service, &moved.environment, Some(sha), now);
        let instead = match back {
            Ok(cell) => {
                let forge = |name: &str| name == GateSpec::Forge.name();
                let mut verdicts = cell.judgement.verdicts.iter();
                verdicts
                    .find(|verdict| forge(&verdict.gate) && verdict.state == State::Closed)
                    .and_then(|verdict| verdict.opens_when.clone())
                    .map(|when| format!("not from here: {when}"))
            }
            Err(refusal) => (refusal.kind == RefusalKind::NoGo).then_some(refusal.why),
        };
        Some(match instead {
            Some(instead) => format!("{words} ({instead})"),
            None => words,
        })
    }
}
