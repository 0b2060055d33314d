//! Holds whose time is up: it is noted in the journal once, and of one that asks then the operator
//! is told. Whether such a hold is on lives in `domain/hold.rs`.

use jiff::Timestamp;

use super::flow::Pending;
use super::{Engine, JournalState, Report};
use crate::app::effect::Effect;
use crate::domain::entry::{Draft, Event, Precondition};
use crate::domain::hold::{Hold, Then};
use crate::domain::ids::HoldId;

impl Engine {
    /// Writes each hold's expiry, or that it asks from now on, to the journal once.
    pub(super) fn note_expired(&mut self, now: Timestamp) -> Vec<Effect> {
        if self.read_only || self.journal != JournalState::Ready {
            return Vec::new();
        }
        let (Some(ledger), Some(operator)) = (&self.ledger, self.operator.clone()) else {
            return Vec::new();
        };
        let up: Vec<Hold> = ledger
            .holds
            .values()
            .filter(|hold| hold.is_up(now) && !ledger.expired.contains(&hold.id))
            .filter(|hold| {
                let pending = Pending::Expiry(hold.id.clone());
                !self.pending.values().any(|known| *known == pending)
            })
            .cloned()
            .collect();
        up.into_iter()
            .map(|hold| {
                // Whoever is told of a question is told what it is about.
                let reason = (hold.then == Then::Ask).then(|| question(&hold));
                let Hold {
                    id, cover, then, ..
                } = hold;
                let event = Event::HoldExpired {
                    id: id.clone(),
                    cover: cover.clone(),
                    then,
                };
                let draft = Draft {
                    service: cover.service,
                    environment: cover.environment,
                    revision: cover.revision,
                    reason,
                    ..self.draft(&operator, event, now)
                };
                self.append(Pending::Expiry(id), draft, Precondition::None)
            })
            .collect()
    }

    /// Tells the operator once of each hold that asks; given another time, it is told anew.
    pub(super) fn ask_about_holds(&mut self, now: Timestamp) {
        let Some(ledger) = &self.ledger else { return };
        let asking: Vec<&Hold> = ledger
            .holds
            .values()
            .filter(|hold| hold.asks(now))
            .collect();
        let is_asking = |id: &HoldId, until| {
            let mut asking = asking.iter();
            asking.any(|hold| hold.id == *id && hold.until == until)
        };
        self.asked.retain(|id, until| is_asking(id, *until));
        for hold in asking {
            let of_another = hold
                .cover
                .service
                .as_ref()
                .is_some_and(|it| !self.reaches(it));
            if of_another || self.asked.contains_key(&hold.id) {
                continue;
            }
            self.asked.insert(hold.id.clone(), hold.until);
            self.reports.push(Report::Alert {
                subject: format!("hold on {}", hold.cover),
                why: question(hold),
                hint: Some("H lifts it, or gives it another time; until then nothing goes".into()),
            });
        }
    }
}

/// What a hold asks.
fn question(hold: &Hold) -> String {
    format!(
        "the time of {}'s hold is up, and it stays on until somebody lifts it: {}",
        hold.owner, hold.reason
    )
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::app::interface::harness;
    use crate::app::request::{Expiry, Request};
    use crate::app::{Msg, State, update};

    fn at(seconds: i64) -> Timestamp {
        harness::now() + SignedDuration::from_secs(seconds)
    }

    /// A hold of carol's that asks in a minute.
    fn asking() -> State {
        let mut state = harness::state();
        harness::hold(&mut state, "h-1", "api", "production");
        hold(&mut state, |hold| {
            (hold.until, hold.then) = (Some(at(60)), Then::Ask);
        });
        state
    }

    fn hold(state: &mut State, change: impl FnOnce(&mut Hold)) {
        let ledger = state.engine.ledger.as_mut().expect("a ledger");
        change(ledger.holds.get_mut("h-1").expect("the hold"));
    }

    fn tick(state: &mut State, seconds: i64) -> Vec<Draft> {
        let effects = update(state, at(seconds), Msg::Tick);
        let drafts = effects.into_iter().filter_map(|effect| match effect {
            Effect::Append { draft, .. } => Some(*draft),
            _ => None,
        });
        drafts.collect()
    }

    fn told(state: &State) -> Vec<&str> {
        let problems = state.interface.problems.iter();
        let about = problems.filter(|problem| problem.subject.starts_with("hold on"));
        about.map(|problem| problem.why.as_str()).collect()
    }

    #[test]
    fn h2_a_hold_that_asks_is_noted_and_told_once_and_anew_after_more_time() {
        let mut state = asking();
        assert!(tick(&mut state, 59).is_empty());
        let drafts = tick(&mut state, 60);
        let kinds: Vec<String> = drafts.iter().map(|draft| draft.event.kind()).collect();
        assert_eq!(kinds, ["hold.asked"]);
        let reason = drafts[0].reason.as_deref().expect("what it asks");
        assert!(reason.contains("carol") && reason.contains("heap grows"));
        assert_eq!(told(&state), [reason]);
        let on = |state: &State, seconds| {
            let ledger = state.engine.ledger.as_ref().expect("a ledger");
            ledger.holds["h-1"].is_on(at(seconds))
        };
        assert!(on(&state, 100_000), "it stays on");
        assert!(tick(&mut state, 61).is_empty());
        assert_eq!(state.interface.problems.len(), 1);
        hold(&mut state, |hold| hold.until = Some(at(120)));
        tick(&mut state, 119);
        assert_eq!(state.interface.problems[0].count, 1);
        tick(&mut state, 120);
        assert_eq!(state.interface.problems[0].count, 2, "it asks again");
    }

    #[test]
    fn h2_one_that_asks_ends_by_a_lift_alone_and_what_has_no_time_cannot_ask() {
        let edit = |state: &mut State, then, seconds| {
            let request = Request::EditHold {
                id: "h-1".into(),
                reason: None,
                until: Expiry::Keep,
                then: Some(then),
            };
            update(state, at(seconds), Msg::Asked(request))
                .into_iter()
                .any(|effect| matches!(effect, Effect::Append { .. }))
        };
        let mut state = asking();
        assert!(edit(&mut state, Then::End, 30), "it has not asked yet");
        let mut state = asking();
        tick(&mut state, 60);
        assert!(!edit(&mut state, Then::End, 61), "that would lift it");
        let mut state = asking();
        hold(&mut state, |hold| {
            (hold.until, hold.then) = (None, Then::End);
        });
        assert!(!edit(&mut state, Then::Ask, 30), "it has no time");
    }

    #[test]
    fn h2_whoever_only_looks_is_told_too_and_writes_nothing() {
        let mut state = asking();
        state.engine.read_only = true;
        assert!(tick(&mut state, 60).is_empty());
        assert_eq!(told(&state).len(), 1);
    }
}
