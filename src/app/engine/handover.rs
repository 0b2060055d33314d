//! Handing the evening over, and taking it over: both go into the journal and change nothing else.

use jiff::Timestamp;

use super::Engine;
use super::flow::Pending;
use crate::app::effect::Effect;
use crate::app::request::{Refusal, RefusalKind};
use crate::domain::entry::{Draft, Event, Precondition};
use crate::domain::handover::{self, Handover, Item};
use crate::domain::ids::HandoverId;
use crate::domain::text;

impl Engine {
    /// What the next operator must know now.
    pub fn handover_note(&self, now: Timestamp) -> Vec<Item> {
        handover::note(&self.board, self.ledger.as_ref(), &self.policy, now)
    }

    /// The hand-over that waits for this operator, if there is one.
    pub fn handover_to_accept(&self) -> Option<&Handover> {
        let operator = self.operator.as_ref()?;
        let last = self.ledger.as_ref()?.handover.as_ref()?;
        last.waits_for(operator).then_some(last)
    }

    /// How many entries are on their way into the journal.
    pub fn being_recorded(&self) -> usize {
        self.pending.len()
    }

    /// What this operator has handed over and nobody has taken over yet.
    pub fn handover_given(&self) -> Option<&Handover> {
        let operator = self.operator.as_ref()?;
        let last = self.ledger.as_ref()?.handover.as_ref()?;
        (last.accepted.is_none() && last.by == *operator).then_some(last)
    }

    pub(super) fn hand_over(
        &mut self,
        items: Vec<String>,
        remark: &str,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Refusal> {
        let operator = self.may_record()?.clone();
        let remark = text::clean(remark);
        let handover = Handover {
            id: HandoverId::from(format!("ho-{}", self.random_name(5))),
            by: operator.clone(),
            at: now,
            items,
            remark: remark.clone(),
            accepted: None,
        };
        let said = format!(
            "handed over {} as {}; the next operator accepts it",
            text::counted(handover.items.len(), "thing", "things"),
            handover.id
        );
        let draft = Draft {
            reason: (!remark.is_empty()).then_some(remark),
            ..self.draft(&operator, Event::HandoverGiven { handover }, now)
        };
        Ok(vec![self.append(
            Pending::Said(said),
            draft,
            Precondition::None,
        )])
    }

    pub(super) fn take_over(
        &mut self,
        id: &HandoverId,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Refusal> {
        let operator = self.may_record()?.clone();
        let no = |why: String| Refusal::new(RefusalKind::NoGo, why);
        let last = self
            .ledger
            .as_ref()
            .and_then(|ledger| ledger.handover.as_ref());
        let last = last
            .filter(|last| last.id == *id)
            .ok_or_else(|| no("that hand-over was followed by another, or never given".into()))?;
        if let Some(accepted) = &last.accepted {
            return Err(no(format!("{} has taken it over already", accepted.by)));
        }
        if last.by == operator {
            return Err(no(format!("{operator} gave it: somebody else accepts it")));
        }
        let said = format!("took over from {}", last.by);
        let event = Event::HandoverAccepted { id: id.clone() };
        let draft = self.draft(&operator, event, now);
        Ok(vec![self.append(
            Pending::Said(said),
            draft,
            Precondition::None,
        )])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::interface::harness::{entry, now, state};
    use crate::app::request::Request;

    fn events(effects: &[Effect]) -> Vec<&Event> {
        let appended = effects.iter().filter_map(|effect| match effect {
            Effect::Append { draft, .. } => Some(&draft.event),
            _ => None,
        });
        appended.collect()
    }

    fn given(by: &str) -> Event {
        Event::HandoverGiven {
            handover: Handover {
                id: "ho-1".into(),
                by: by.into(),
                at: now(),
                items: vec!["Holds: search".to_owned()],
                remark: String::new(),
                accepted: None,
            },
        }
    }

    #[test]
    fn a_release_that_somebody_still_has_to_decide_on_is_named() {
        let mut state = state();
        let of_release = |state: &crate::app::state::State| {
            let note = state.engine.handover_note(now()).into_iter();
            let mut texts = note.filter(|item| item.subject == handover::Subject::Releases);
            texts.next().map(|item| item.text)
        };
        assert_eq!(of_release(&state), None);
        crate::app::interface::harness::add_release(&mut state);
        let told = of_release(&state).expect("it is named");
        assert!(told.starts_with("2026.47 is "), "{told}");
        assert!(told.contains("to move"), "{told}");
    }

    #[test]
    fn what_is_handed_over_is_journalled_with_its_lines() {
        let mut state = state();
        let request = Request::HandOver {
            items: vec!["Holds: search".to_owned()],
            remark: "watch\u{1b} it".to_owned(),
        };
        let effects = state.engine.ask(request, now());
        let [Event::HandoverGiven { handover }] = events(&effects).as_slice() else {
            panic!("{effects:?}");
        };
        assert_eq!(handover.items, ["Holds: search"]);
        assert!(!handover.remark.contains('\u{1b}'));
    }

    #[test]
    fn only_somebody_else_takes_it_over_and_only_once() {
        for (by, accepted, goes) in [
            ("alice", false, false),
            ("bob", false, true),
            ("bob", true, false),
        ] {
            let mut state = state();
            let ledger = state.engine.ledger.get_or_insert_default();
            let next = ledger.head.0 + 1;
            ledger.apply(&entry((given(by), next)));
            if accepted {
                let event = Event::HandoverAccepted { id: "ho-1".into() };
                ledger.apply(&entry((event, next + 1)));
            }
            let request = Request::TakeOver { id: "ho-1".into() };
            let effects = state.engine.ask(request, now());
            assert_eq!(events(&effects).len() == 1, goes, "{by} {accepted}");
        }
    }
}
