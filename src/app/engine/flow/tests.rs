use jiff::SignedDuration;

use super::super::JournalState;
use crate::app::effect::{Effect, Question, Ticket};
use crate::app::interface::harness::{press, said, state};
use crate::app::msg::{Answer, Budget, Fetched, JournalFault};
use crate::app::{Msg, State, update};
use crate::domain::entry::{Draft, Entry, Event};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::{Digest, Seq};

/// Handles a message some seconds after the test's beginning.
fn after(state: &mut State, seconds: i64, msg: Msg) -> Vec<Effect> {
    let now = crate::app::interface::harness::now() + SignedDuration::from_secs(seconds);
    update(state, now, msg)
}

/// The one append among effects.
fn append(effects: &[Effect]) -> (Ticket, Draft) {
    let mut appends = effects.iter().filter_map(|effect| match effect {
        Effect::Append { ticket, draft, .. } => Some((*ticket, (**draft).clone())),
        _ => None,
    });
    let append = appends.next().expect("an append");
    assert!(appends.next().is_none(), "one append: {effects:?}");
    append
}

/// The journal took it.
fn taken(seq: i64, ticket: Ticket, draft: Draft) -> Msg {
    let hash = Digest::of([seq.to_string().as_str()]);
    let entry = Entry {
        seq: Seq(seq),
        draft,
        previous: hash.clone(),
        hash,
    };
    Msg::Recorded {
        ticket,
        result: Ok(entry),
    }
}

fn unreachable() -> JournalFault {
    JournalFault::Unreachable {
        why: "the disk is full".to_owned(),
        hint: None,
    }
}

fn kind(draft: &Draft) -> String {
    match &draft.event {
        Event::Stepped { .. } | Event::Intended { .. } => draft.event.kind(),
        other => panic!("no step: {other:?}"),
    }
}

#[test]
fn what_was_not_sent_occupies_its_cell_only_until_the_journal_takes_that() {
    let mut state = state();
    let effects = press(&mut state, "P up up 'weekly tab 'production tab tab enter");
    let (ticket, draft) = append(&effects);
    assert_eq!(kind(&draft), "promotion.intended");
    let effects = after(&mut state, 1, taken(1, ticket, draft));
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Fetch {
            generation,
            forge,
            question: question @ Question::Facts(targets),
        } if targets.len() == 1 => Some((*generation, forge.clone(), question.clone())),
        _ => None,
    });
    let (generation, forge, question) = asked.expect("the facts are read again");
    let now = state.now;
    let fault = Fault {
        kind: FaultKind::ForgeTrouble,
        forge: forge.clone(),
        doing: "reading".to_owned(),
        why: "502".to_owned(),
        hint: None,
        request: None,
        at: now,
        retry_at: None,
    };
    let answer = Answer::Facts(vec![("api".into(), Err(fault))]);
    let fetched = Fetched {
        generation,
        forge,
        question,
        asked_at: now,
        answer,
        budget: Budget::default(),
        more: false,
    };
    let (ticket, draft) = append(&after(&mut state, 2, Msg::Fetched(fetched)));
    assert_eq!(kind(&draft), "promotion.abandoned");
    // The journal does not take it: nobody else may act on the cell, so it is tried again.
    let result = Err(unreachable());
    after(&mut state, 2, Msg::Recorded { ticket, result });
    assert!(
        after(&mut state, 3, Msg::Tick)
            .iter()
            .all(|effect| !matches!(effect, Effect::Append { .. }))
    );
    let (ticket, draft) = append(&after(&mut state, 5, Msg::Tick));
    assert_eq!(kind(&draft), "promotion.abandoned");
    after(&mut state, 6, taken(2, ticket, draft));
    assert!(state.engine.flows.is_empty());
    assert!(
        said(&state).contains("nothing was sent"),
        "{}",
        said(&state)
    );
    assert_eq!(state.engine.journal, JournalState::Ready);
}

#[test]
fn a_lost_journal_closes_every_gate_that_rests_on_it_and_is_asked_for_again() {
    let mut state = state();
    let effects = after(&mut state, 1, Msg::JournalRead(Err(unreachable())));
    assert!(
        !effects
            .iter()
            .any(|effect| matches!(effect, Effect::Append { .. }))
    );
    let unknown = |state: &State| {
        let cell = state.engine.board.cell(&"api".into(), &"staging".into());
        let verdicts = &cell.unwrap().judgement.verdicts;
        verdicts
            .iter()
            .any(|verdict| verdict.why.contains("journal"))
    };
    assert!(unknown(&state));
    let again = after(&mut state, 2, Msg::Tick);
    assert!(
        again.contains(&Effect::ReadJournal { since: Seq(0) }),
        "{again:?}"
    );
    // Not with every tick.
    let at_once = after(&mut state, 2, Msg::Tick);
    assert!(
        !at_once.contains(&Effect::ReadJournal { since: Seq(0) }),
        "{at_once:?}"
    );
    // An empty journal is an answer.
    after(&mut state, 3, Msg::JournalRead(Ok(Vec::new())));
    assert!(!unknown(&state));
}
