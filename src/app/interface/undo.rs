//! Undoing: the newest thing that the operator did, and whether it can be taken back. A hold is
//! lifted and a vote withdrawn through their own dialogs; of what cannot be undone it is said what
//! there is instead.

use jiff::Timestamp;

use super::{Cursor, gates, hold, release};
use crate::app::engine::Engine;
use crate::app::state::State;
use crate::domain::ids::{HoldId, ReleaseName};
use crate::domain::promotion::{Intent, Purpose};

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
        .map(|promotion| (promotion.intended_at, &promotion.intent));
    let order = orders.max_by_key(|(at, _)| *at);
    let word = holds
        .chain(votes)
        .chain(on_releases)
        .max_by_key(|(at, _)| *at);
    match (word, order) {
        (Some((said, last)), Some((sent, _))) if said > sent => Some(last),
        (_, Some((_, intent))) => Some(Last::Final(instead(engine, intent, now))),
        (word, None) => word.map(|(_, last)| last),
    }
}

/// What there is instead of taking back what was sent: by the judgement that `B` is asked.
fn instead(engine: &Engine, intent: &Intent, now: Timestamp) -> String {
    let (service, environment) = (&intent.service, &intent.environment);
    match intent.purpose {
        Purpose::Promotion => match engine.no_way_back(service, environment, now) {
            None => {
                format!("a promotion cannot be undone: B on {service} {environment} rolls back")
            }
            Some(why) => format!(
                "a promotion cannot be undone, nor is there a way back by B on {service} \
                 {environment}: {why}"
            ),
        },
        Purpose::Rejection
        | Purpose::Cancellation
        | Purpose::Rerun
        | Purpose::Status
        | Purpose::Brake
        | Purpose::Unbrake => format!("what was sent to the forge for {service} cannot be undone"),
    }
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
    hold::on_hold(state, id);
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
        let effects = press(&mut state, "Z up 'mistaken tab tab enter");
        let lifted = effects.iter().any(|effect| {
            matches!(effect, Effect::Append { draft, .. }
                if matches!(&draft.event, Event::HoldLifted { id, .. } if id.as_str() == "h-1"))
        });
        assert!(lifted, "{effects:?}");
    }

    #[test]
    fn of_a_promotion_that_nothing_leads_back_from_no_way_back_is_promised() {
        let mut state = state();
        let (service, environment) = ("api".into(), "production".into());
        let wish = crate::app::engine::planning::Wish::Promote { revision: None };
        let now = state.now;
        let plan = state.engine.plan(&service, &environment, &wish, now);
        let intent = plan.expect("a plan").intent;
        // Nothing was live there before what is live now.
        let told = instead(&state.engine, &intent, now);
        assert!(
            told.contains("nor is there a way back by B on api production: "),
            "{told}"
        );
        assert!(!told.contains("rolls back"), "{told}");
        // With something to go back to, B is the way.
        for row in &mut state.engine.board.rows {
            let facts = row.facts.last.as_mut().expect("facts");
            let mut before = facts.value.deployments[0].clone();
            before.id = crate::domain::ids::DeploymentId(1);
            before.sha = "9".repeat(40).into();
            before.phase = crate::domain::phase::Phase::Superseded;
            before.created_at -= jiff::SignedDuration::from_hours(9);
            facts.value.deployments.push(before);
        }
        let told = instead(&state.engine, &intent, now);
        assert_eq!(
            told,
            "a promotion cannot be undone: B on api production rolls back"
        );
    }

    #[test]
    fn of_what_cannot_be_undone_it_is_said() {
        let mut state = state();
        press(&mut state, "Z");
        assert_eq!(said(&state), "there is nothing of yours to undo");
    }
}
