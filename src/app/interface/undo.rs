//! Undoing: the newest thing that the operator did, and whether it can be taken back. A hold is
//! lifted and a vote withdrawn through their own dialogs; of what cannot be undone it is said what
//! there is instead.

use jiff::Timestamp;
use tui_input::Input;

use super::{Cursor, HoldDialog, HoldFocus, HoldMode, Overlay, gates, release};
use crate::app::engine::Engine;
use crate::app::state::State;
use crate::domain::hold::HoldKind;
use crate::domain::ids::{HoldId, ReleaseName};
use crate::domain::promotion::Purpose;

/// The newest thing of one's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Last {
    Hold(HoldId),
    /// A vote on a promotion into this cell.
    Vote(Cursor),
    /// A vote on a whole release.
    ReleaseVote(ReleaseName),
    /// It stays; what to do instead.
    Final(String),
}

/// Finds the newest thing that the operator did and that is still in force.
pub fn last(engine: &Engine, now: Timestamp) -> Option<Last> {
    let me = engine.operator.as_ref()?;
    let ledger = engine.ledger.as_ref()?;
    let holds = ledger.holds.values();
    let holds = holds
        .filter(|hold| hold.owner == *me && !hold.incident && hold.is_on(now))
        .map(|hold| (hold.since, Last::Hold(hold.id.clone())));
    let votes = ledger.votes.values().filter(|vote| vote.person == *me);
    let votes = votes.map(|vote| {
        let cursor = Cursor {
            service: vote.service.clone(),
            environment: vote.environment.clone(),
        };
        (vote.at, Last::Vote(cursor))
    });
    let on_releases = ledger.release_votes.values();
    let on_releases = on_releases
        .filter(|vote| vote.person == *me)
        .map(|vote| (vote.at, Last::ReleaseVote(vote.release.clone())));
    let orders = ledger.promotions.values();
    let orders = orders
        // A brake goes with its hold.
        .filter(|promotion| promotion.actor == *me && !promotion.intent.purpose.is_brake())
        .map(|promotion| {
            let intent = &promotion.intent;
            let (service, environment) = (&intent.service, &intent.environment);
            let why = match intent.purpose {
                Purpose::Promotion => {
                    format!("a promotion cannot be undone: B on {service} {environment} rolls back")
                }
                Purpose::Rejection
                | Purpose::Cancellation
                | Purpose::Rerun
                | Purpose::Status
                | Purpose::Brake
                | Purpose::Unbrake => {
                    format!("what was sent to the forge for {service} cannot be undone")
                }
            };
            (promotion.intended_at, Last::Final(why))
        });
    holds
        .chain(votes)
        .chain(on_releases)
        .chain(orders)
        .max_by_key(|(at, _)| *at)
        .map(|(_, last)| last)
}

/// Opens the dialog that takes it back, or says why there is none.
pub(super) fn open(state: &mut State) {
    let found = last(&state.engine, state.now);
    let id = match found {
        Some(Last::Hold(id)) => id,
        Some(Last::Vote(cursor)) => return gates::withdraw(state, cursor),
        Some(Last::ReleaseVote(name)) => return release::withdraw(state, &name),
        Some(Last::Final(why)) => return state.interface.say(false, why, state.now),
        None => {
            let why = "there is nothing of yours to undo".to_owned();
            return state.interface.say(false, why, state.now);
        }
    };
    let hold = state
        .engine
        .ledger
        .as_ref()
        .and_then(|ledger| ledger.holds.get(&id));
    let cover = hold.map(|hold| hold.cover.clone()).unwrap_or_default();
    let cursor = state.interface.cursor.clone();
    let (service, environment) = cursor.map_or_else(
        || ("".into(), "".into()),
        |cursor| (cursor.service, cursor.environment),
    );
    let dialog = HoldDialog {
        service: cover.service.clone().unwrap_or(service),
        environment: cover.environment.clone().unwrap_or(environment),
        others: Vec::new(),
        mode: HoldMode::Existing {
            holds: vec![id],
            selected: 0,
        },
        covers: vec![cover],
        cover: 0,
        kind: HoldKind::default(),
        reason: Input::default(),
        until: Input::default(),
        focus: HoldFocus::default(),
        bindable: false,
        error: state.engine.may_record().err().map(|refusal| refusal.why),
    };
    state.interface.overlays.push(Overlay::Hold(dialog));
}

#[cfg(test)]
mod tests {
    use super::super::harness::{changes, hold, press, said, state};
    use super::*;
    use crate::app::effect::Effect;
    use crate::domain::entry::Event;

    fn own(state: &mut State, id: &str) {
        hold(state, id, "billing", "staging");
        let ledger = state.engine.ledger.as_mut().expect("a ledger");
        let hold = ledger.holds.get_mut(&HoldId::from(id)).expect("the hold");
        hold.owner = "alice".into();
    }

    #[test]
    fn the_last_hold_of_ones_own_is_lifted_through_a_dialog_that_rests_on_cancel() {
        let mut state = state();
        own(&mut state, "h-1");
        hold(&mut state, "h-2", "api", "production");
        let effects = press(&mut state, "Z enter");
        assert!(!effects.iter().any(changes), "it rests on Cancel");
        let effects = press(&mut state, "Z up 'mistaken tab tab tab enter");
        let lifted = effects.iter().any(|effect| {
            matches!(effect, Effect::Append { draft, .. }
                if matches!(&draft.event, Event::HoldLifted { id, .. } if id.as_str() == "h-1"))
        });
        assert!(lifted, "{effects:?}");
    }

    #[test]
    fn of_what_cannot_be_undone_it_is_said() {
        let mut state = state();
        press(&mut state, "Z");
        assert_eq!(said(&state), "there is nothing of yours to undo");
    }
}
