//! What came of a run: when its promotions left, and when what they brought was live and verified. What
//! is to come lives in `prognosis.rs`.

use jiff::Timestamp;

use super::agenda::Move;
use super::run::Run;
use crate::domain::ledger::Ledger;
use crate::domain::promotion::{Promotion, Purpose, State};

/// From the first permit to the last verification, as far as it has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Past {
    pub started: Option<Timestamp>,
    /// `None` while anything of it is still to arrive.
    pub ended: Option<Timestamp>,
}

/// Adds up some moves of a run. One that the run did not send, because somebody else had brought it
/// there, has no times of its own and holds nothing up.
pub fn of<'m>(run: &Run, moves: impl IntoIterator<Item = &'m Move>, ledger: &Ledger) -> Past {
    let mut past = Past::default();
    let mut under_way = false;
    for moved in moves {
        let Past { started, ended } = of_one(run, moved, ledger);
        past.started = past.started.into_iter().chain(started).min();
        past.ended = past.ended.into_iter().chain(ended).max();
        let waits = started.is_none() && run.ended.is_none();
        under_way |= ended.is_none() && (started.is_some() || waits);
    }
    if under_way {
        past.ended = None;
    }
    past
}

fn of_one(run: &Run, moved: &Move, ledger: &Ledger) -> Past {
    let sent = || {
        ledger.promotions.values().filter(|promotion| {
            let intent = &promotion.intent;
            intent.release.as_ref() == Some(&run.id)
                && intent.purpose == Purpose::Promotion
                && intent.service == moved.service
                && promotion.state != State::Abandoned
        })
    };
    Past {
        started: sent().filter_map(|promotion| promotion.sent_at).min(),
        ended: sent()
            .filter_map(|promotion| arrived(promotion, ledger))
            .max(),
    }
}

/// When what a promotion brought was live, and verified where that is asked for.
fn arrived(promotion: &Promotion, ledger: &Ledger) -> Option<Timestamp> {
    if promotion.state != State::Succeeded {
        return None;
    }
    if !promotion.intent.verify {
        return Some(promotion.changed_at);
    }
    let mut verified = ledger.verifications.values();
    let id = &promotion.intent.id;
    let known = verified.find(|known| known.passed && known.intent.as_ref() == Some(id))?;
    Some(known.at)
}
