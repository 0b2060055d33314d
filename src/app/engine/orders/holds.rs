//! Holds on order: placed, edited and lifted. What becomes of one at its time is in `expiring.rs`, what
//! it leaves on a forge in `braking.rs`.

use jiff::Timestamp;

use super::{future, required};
use crate::app::effect::Effect;
use crate::app::engine::Engine;
use crate::app::request::{Expiry, Refusal, RefusalKind};
use crate::domain::entry::Event;
use crate::domain::hold::{Cover, Hold, HoldKind, Then};
use crate::domain::ids::HoldId;
use crate::domain::notice::Tell;

/// A hold to be placed.
pub(super) struct Wanted {
    pub cover: Cover,
    pub kind: HoldKind,
    pub reason: String,
    pub until: Option<Timestamp>,
    pub then: Then,
    pub tell: Tell,
}

impl Engine {
    pub(super) fn place_hold(
        &mut self,
        wanted: Wanted,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Refusal> {
        let operator = self.may_record()?.clone();
        let Wanted {
            cover,
            kind,
            reason,
            until,
            then,
            tell,
        } = wanted;
        let reason = required(&reason, "a reason")?;
        self.known_cover(&cover)?;
        future(until, now)?;
        let twin = self.ledger().and_then(|ledger| {
            ledger
                .holds
                .values()
                .find(|hold| hold.cover == cover && hold.is_on(now))
        });
        if let Some(hold) = twin {
            return Err(Refusal::new(
                RefusalKind::NoGo,
                format!(
                    "{} is held already by {}: {}",
                    hold.cover, hold.owner, hold.reason
                ),
            )
            .hint(format!("edit or lift hold {}", hold.id)));
        }
        let id = HoldId::from(format!("h-{}", self.random_name(5)));
        let hold = Hold {
            id,
            cover,
            kind,
            reason,
            owner: operator.clone(),
            since: now,
            until,
            then: at_its_time(until, then),
            incident: false,
        };
        let text = format!("held {}: {}", hold.cover, hold.reason);
        let draft = self.covered(
            &operator,
            &hold.cover.clone(),
            &hold.reason.clone(),
            Event::HoldPlaced { hold, tell },
            now,
        );
        Ok(self.note(text, draft))
    }

    pub(super) fn edit_hold(
        &mut self,
        id: &HoldId,
        reason: Option<String>,
        (until, then): (Expiry, Option<Then>),
        now: Timestamp,
    ) -> Result<Vec<Effect>, Refusal> {
        let operator = self.may_record()?.clone();
        let hold = self.known_hold(id)?;
        let reason = required(&reason.unwrap_or_else(|| hold.reason.clone()), "a reason")?;
        if hold.incident && matches!(until, Expiry::At(_)) {
            return Err(Refusal::new(
                RefusalKind::Usage,
                format!("hold {id} is of an incident: it does not expire"),
            )
            .hint("lift it, with a reason, when the incident is over"));
        }
        if until == Expiry::Keep {
            match then {
                Some(Then::Ask) if hold.until.is_none() => {
                    return Err(Refusal::new(
                        RefusalKind::Usage,
                        format!("hold {id} has no time at which it could ask"),
                    )
                    .hint("give it one too: --until WHEN"));
                }
                // It would be lifted without a word of it.
                Some(Then::End) if hold.asks(now) => {
                    return Err(Refusal::new(
                        RefusalKind::Usage,
                        format!("the time of hold {id} is up, and it waits for an answer"),
                    )
                    .hint("lift it, or give it another time: --until WHEN"));
                }
                _ => {}
            }
        }
        let keeps_end = until == Expiry::Keep;
        let until = match until {
            Expiry::At(at) => {
                future(Some(at), now)?;
                Some(at)
            }
            Expiry::Never => None,
            Expiry::Keep => hold.until,
        };
        let text = format!("edited hold {id} on {}", hold.cover);
        let event = Event::HoldEdited {
            id: id.clone(),
            cover: hold.cover.clone(),
            kind: hold.kind,
            until,
            then: at_its_time(until, then.unwrap_or(hold.then)),
            keeps_end,
        };
        let draft = self.covered(&operator, &hold.cover, &reason, event, now);
        Ok(self.note(text, draft))
    }

    pub(super) fn lift_hold(
        &mut self,
        id: &HoldId,
        reason: &str,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Refusal> {
        let operator = self.may_record()?.clone();
        let hold = self.known_hold(id)?;
        let reason = required(reason, "a reason")?;
        let text = format!("lifted {}'s hold on {}", hold.owner, hold.cover);
        let event = Event::HoldLifted {
            id: id.clone(),
            cover: hold.cover.clone(),
        };
        let draft = self.covered(&operator, &hold.cover, &reason, event, now);
        Ok(self.note(text, draft))
    }
}

/// What has no time has nothing to do then.
fn at_its_time(until: Option<Timestamp>, then: Then) -> Then {
    until.map_or(Then::End, |_| then)
}
