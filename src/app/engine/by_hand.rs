//! What people release by hand: the promotion goes the way of all others but for the send, and the
//! journal keeps who said so. What it tells of a service without a forge is `domain/by_hand.rs`'s.

use jiff::Timestamp;

use super::{Engine, JournalState};
use crate::app::effect::Effect;
use crate::domain::act::{Act, Outcome};
use crate::domain::ids::{Seq, ServiceName};
use crate::domain::promotion::{Promotion, Purpose, State, Step};

/// How far the journal was read when services without a forge were last made of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Remembered {
    made: Option<Seq>,
    /// And when it was last seen to that what people said goes on.
    tended: Option<Seq>,
}

/// What comes of an act that sends nothing: it is taken at once.
pub(super) fn taken() -> Outcome {
    Outcome::Accepted(crate::domain::act::Handle::default())
}

impl Engine {
    /// The services without a forge whose facts are to be made of the journal again: it has gone on,
    /// or they are about to be too old.
    fn forgotten(&self, now: Timestamp) -> Vec<ServiceName> {
        if self.journal != JournalState::Ready {
            return Vec::new();
        }
        let went_on = self.remembered.made != self.ledger.as_ref().map(|ledger| ledger.head);
        let keeps = self.policy.max_age / 3;
        let rows = self
            .board
            .rows
            .iter()
            .filter(|row| row.service.is_by_hand());
        rows.filter(|row| went_on || row.facts.age(now).is_none_or(|age| age >= keeps))
            .map(|row| row.service.name.clone())
            .collect()
    }

    /// Makes the facts of services without a forge of what the journal says by now.
    pub(crate) fn remember(&mut self, now: Timestamp) {
        let services = self.forgotten(now);
        for service in &services {
            let (board, basis) = self.judging(now);
            board.remember(service, now, basis);
        }
        if !services.is_empty() {
            self.remembered.made = self.ledger.as_ref().map(|ledger| ledger.head);
        }
    }

    /// After a reload there may be other services, and others to be released of them.
    pub(super) fn forget_remembered(&mut self) {
        self.remembered = Remembered::default();
    }

    /// Goes on with what people have said they did: without a forge, nobody else tells how it ended.
    pub(crate) fn tend_by_hand(&mut self, now: Timestamp) -> Vec<Effect> {
        self.remember(now);
        let head = self.ledger.as_ref().map(|ledger| ledger.head);
        let news = std::mem::replace(&mut self.remembered.tended, head) != head;
        let rows = self
            .board
            .rows
            .iter()
            .filter(|row| row.service.is_by_hand());
        let services: Vec<ServiceName> = rows.map(|row| row.service.name.clone()).collect();
        let mut effects = Vec::new();
        for service in &services {
            effects.extend(self.follow(service, now));
            if news {
                effects.extend(self.look_after(service, now));
            }
        }
        effects
    }

    /// Returns when the services without a forge are to be made of the journal again.
    pub(super) fn next_by_hand(&self) -> Option<Timestamp> {
        let keeps = self.policy.max_age / 3;
        let rows = self.board.rows.iter();
        rows.filter(|row| row.service.is_by_hand() && self.journal == JournalState::Ready)
            .filter_map(|row| row.facts.at()?.checked_add(keeps).ok())
            .min()
    }

    /// What becomes of an accepted intent that sent nothing, if that can be told without a forge.
    pub(super) fn ended_by_hand(&self, promotion: &Promotion) -> Option<Step> {
        let intent = &promotion.intent;
        if intent.act != Act::ByHand {
            return None;
        }
        match intent.purpose {
            // Somebody called it off: nothing is on its way any more.
            Purpose::Cancellation => Some(Step::Succeeded),
            Purpose::Promotion => {
                if let Some(off) = self.called_off(promotion) {
                    let why = format!("{} called it off: {}", off.actor, off.intent.reason);
                    return Some(Step::Cancelled { why });
                }
                let service = self.policy.service(&intent.service)?;
                service.is_by_hand().then_some(Step::Succeeded)
            }
            Purpose::Rejection
            | Purpose::Rerun
            | Purpose::Status
            | Purpose::Brake
            | Purpose::Unbrake => None,
        }
    }

    /// The order that called a promotion off.
    fn called_off(&self, promotion: &Promotion) -> Option<&Promotion> {
        let intent = &promotion.intent;
        let ledger = self.ledger.as_ref()?;
        let mut of_cell = ledger.promotions_of(&intent.service, &intent.environment);
        of_cell.rfind(|one| {
            one.intent.purpose == Purpose::Cancellation
                && one.intent.act == Act::ByHand
                && matches!(one.state, State::Accepted | State::Succeeded)
                && one.intended_at >= promotion.intended_at
        })
    }

    /// Says whether a promotion is one that sends nothing.
    pub(super) fn is_by_hand(&self, id: &crate::domain::ids::IntentId) -> bool {
        let promotion = self
            .ledger
            .as_ref()
            .and_then(|ledger| ledger.promotions.get(id));
        promotion.is_some_and(|promotion| promotion.intent.act == Act::ByHand)
    }
}
