use std::sync::Arc;

use jiff::SignedDuration;

use super::super::JournalState;
use crate::app::effect::{Effect, Question, Ticket};
use crate::app::interface::harness::{now, press, said, state};
use crate::app::msg::{Answer, Budget, Fetched, JournalFault};
use crate::app::{Msg, State, update};
use crate::domain::entry::{Draft, Entry, Event};
use crate::domain::facts::ServiceFacts;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::{Digest, Seq};
use crate::domain::policy::Policy;

/// Handles a message some seconds after the test's beginning.
pub(super) fn after(state: &mut State, seconds: i64, msg: Msg) -> Vec<Effect> {
    let now = crate::app::interface::harness::now() + SignedDuration::from_secs(seconds);
    update(state, now, msg)
}

/// The one append among effects.
pub(super) fn append(effects: &[Effect]) -> (Ticket, Draft) {
    let mut appends = effects.iter().filter_map(|effect| match effect {
        Effect::Append { ticket, draft, .. } => Some((*ticket, (**draft).clone())),
        _ => None,
    });
    let append = appends.next().expect("an append");
    assert!(appends.next().is_none(), "one append: {effects:?}");
    append
}

/// The journal took it.
pub(super) fn taken(seq: i64, ticket: Ticket, draft: Draft) -> Msg {
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
        broken: None,
    }
}

pub(super) fn kind(draft: &Draft) -> String {
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

/// What a recheck asks for: the facts of `api`.
fn asked(effects: &[Effect]) -> Fetched {
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Fetch {
            generation,
            forge,
            question: question @ Question::Facts(targets),
        } if targets.len() == 1 => Some((*generation, forge.clone(), question.clone())),
        _ => None,
    });
    let (generation, forge, question) = asked.expect("the facts are read again");
    Fetched {
        generation,
        forge,
        question,
        asked_at: now(),
        answer: Answer::Cancelled,
        budget: Budget::default(),
        more: false,
    }
}

/// A board of real gates, with an intent for `api` in the journal that is being rechecked.
pub(super) fn rechecking() -> (State, Fetched) {
    rechecking_under(|_| ())
}

/// The same under another policy, if it has another version.
pub(super) fn rechecking_under(change: impl FnOnce(&mut Policy)) -> (State, Fetched) {
    let mut state = state();
    let mut policy = Policy::clone(&state.engine.policy);
    change(&mut policy);
    after(&mut state, 0, Msg::Reloaded(Ok(Arc::new(policy))));
    state.engine.judge_all(now());
    crate::app::interface::harness::on(&mut state, "api", "staging");
    // Staging is level: the branch moves on.
    let mut facts = facts(&state);
    facts.head.as_mut().unwrap().sha = "c".repeat(40).into();
    let name = "api".into();
    let (board, basis) = state.engine.judging(now());
    board.merge(&name, Ok(facts), now(), basis);
    let effects = press(&mut state, "P up 'weekly tab tab enter");
    let (ticket, draft) = append(&effects);
    assert_eq!(kind(&draft), "promotion.intended");
    let effects = after(&mut state, 1, taken(1, ticket, draft));
    let mut fetched = asked(&effects);
    fetched.asked_at = now() + SignedDuration::from_secs(1);
    (state, fetched)
}

pub(super) fn facts(state: &State) -> ServiceFacts {
    let row = state.engine.board.row(&"api".into()).unwrap();
    row.facts.value().cloned().unwrap()
}

/// The forge answers a recheck, and the journal too; what follows is the next append.
pub(super) fn answered(
    state: &mut State,
    mut fetched: Fetched,
    facts: ServiceFacts,
) -> (Ticket, Draft) {
    fetched.answer = Answer::Facts(vec![("api".into(), Ok(Box::new(facts)))]);
    let mut effects = after(state, 2, Msg::Fetched(fetched));
    effects.extend(after(state, 2, Msg::JournalRead(Ok(Vec::new()))));
    append(&effects)
}

#[test]
fn what_was_permitted_before_the_machine_slept_is_not_sent_after_it() {
    let (mut state, fetched) = rechecking();
    let same = facts(&state);
    let (ticket, draft) = answered(&mut state, fetched, same);
    assert_eq!(kind(&draft), "promotion.sending");
    let mut awake = {
        let (mut state, fetched) = rechecking();
        let same = facts(&state);
        let (ticket, draft) = answered(&mut state, fetched, same);
        after(&mut state, 3, taken(2, ticket, draft))
    };
    awake.retain(|effect| matches!(effect, Effect::Act { .. }));
    assert_eq!(awake.len(), 1, "without the sleep it is sent");
    let effects = after(&mut state, 900, taken(2, ticket, draft));
    assert!(
        !effects
            .iter()
            .any(|effect| matches!(effect, Effect::Act { .. }))
    );
    let (ticket, draft) = append(&effects);
    assert_eq!(kind(&draft), "promotion.rejected");
    after(&mut state, 901, taken(3, ticket, draft));
    assert!(state.engine.flows.is_empty());
    assert!(
        said(&state).contains("not sent: not open any more"),
        "{}",
        said(&state)
    );
}

#[test]
fn a_recheck_whose_read_was_given_up_is_abandoned() {
    let (mut state, fetched) = rechecking();
    let (_, draft) = append(&after(&mut state, 2, Msg::Fetched(fetched)));
    assert_eq!(kind(&draft), "promotion.abandoned");
}

#[test]
fn a_recheck_of_a_service_that_left_the_config_is_abandoned() {
    let mut state = state();
    let keys = "P up up 'weekly tab 'production tab tab enter";
    let (ticket, draft) = append(&press(&mut state, keys));
    let mut policy = Policy::clone(&state.engine.policy);
    policy.version = Digest::from("without api").into();
    policy
        .services
        .retain(|service| service.name.as_str() != "api");
    after(&mut state, 1, Msg::Reloaded(Ok(Arc::new(policy))));
    let (_, draft) = append(&after(&mut state, 1, taken(1, ticket, draft)));
    assert_eq!(kind(&draft), "promotion.abandoned");
}

#[test]
fn a_recheck_that_a_lagging_replica_answers_is_abandoned() {
    let (mut state, fetched) = rechecking();
    let mut earlier = facts(&state);
    earlier
        .deployments
        .retain(|known| known.environment.as_str() != "production");
    let (_, draft) = answered(&mut state, fetched, earlier);
    assert_eq!(kind(&draft), "promotion.abandoned");
    assert!(draft.reason.unwrap().contains("earlier state"));
}

#[test]
fn a_recheck_under_a_clock_that_was_put_back_is_abandoned() {
    let (mut state, mut fetched) = rechecking();
    fetched.asked_at = now() - SignedDuration::from_secs(30);
    let same = facts(&state);
    let (_, draft) = answered(&mut state, fetched, same);
    assert_eq!(kind(&draft), "promotion.abandoned");
    assert!(draft.reason.unwrap().contains("clock was put back"));
}
