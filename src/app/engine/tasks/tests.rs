//! Attesting tasks, and taking that back.

use std::sync::Arc;

use super::*;
use crate::app::engine::Report;
use crate::app::interface::harness::{now, on, press, state};
use crate::app::msg::Msg;
use crate::app::request::Request;
use crate::app::{State, update};
use crate::domain::entry::Entry;
use crate::domain::ids::{Digest, Person, Seq};
use crate::domain::policy::GateSpec;

/// `api > production` has a checklist: alice (qa) may do `pen-test` and `backup`, not `runbook`.
fn listed() -> State {
    let mut state = state();
    let task = |name: &str, role: Option<&str>| Task {
        name: name.to_owned(),
        text: format!("do the {name}"),
        role: role.map(Into::into),
    };
    let mut policy = (*state.engine.policy).clone();
    policy.nth(0).path[1].gates = [GateSpec::Checklist {
        tasks: vec![
            task("backup", None),
            task("pen-test", Some("qa")),
            task("runbook", Some("sre")),
        ],
    }]
    .into();
    policy.version = Digest::of(["listed"]).into();
    update(&mut state, now(), Msg::Reloaded(Ok(Arc::new(policy))));
    on(&mut state, "api", "production");
    state
}

fn ask(state: &mut State, request: Request) -> Vec<Effect> {
    update(state, now(), Msg::Asked(request))
}

fn done(task: &str) -> Request {
    Request::DoTask {
        service: "api".into(),
        environment: "production".into(),
        task: task.to_owned(),
        note: "done\u{1b}[2J".to_owned(),
    }
}

fn undo(task: &str, reason: &str) -> Request {
    Request::UndoTask {
        service: "api".into(),
        environment: "production".into(),
        task: task.to_owned(),
        reason: reason.to_owned(),
    }
}

/// The journal takes what is to be appended.
fn taken(state: &mut State, effects: &[Effect]) -> Draft {
    let append = effects.iter().find_map(|effect| match effect {
        Effect::Append { ticket, draft, .. } => Some((*ticket, (**draft).clone())),
        _ => None,
    });
    let (ticket, draft) = append.expect("an append");
    let seq = state.engine.ledger.as_ref().unwrap().head.0 + 1;
    let hash = Digest::of([seq.to_string().as_str()]);
    let entry = Entry {
        seq: Seq(seq),
        draft: draft.clone(),
        previous: hash.clone(),
        hash,
    };
    let result = Ok(entry);
    update(state, now(), Msg::Recorded { ticket, result });
    draft
}

fn refused(state: &State) -> String {
    let found = state.engine.reports.iter().find_map(|report| match report {
        Report::Refused { refusal, .. } => Some(refusal.why.clone()),
        _ => None,
    });
    found.expect("a refusal")
}

fn standing(state: &State, task: &str) -> &'static str {
    let (service, environment) = ("api".into(), "production".into());
    let tasks = state.engine.tasks(&service, &environment);
    match tasks
        .iter()
        .find(|(known, _)| known.name == task)
        .unwrap()
        .1
    {
        Standing::Open => "open",
        Standing::Done(_) => "done",
        Standing::Void(..) => "void",
    }
}

#[test]
fn a_task_is_attested_with_who_when_note_and_scope() {
    let mut state = listed();
    let effects = ask(&mut state, done("pen-test"));
    let draft = taken(&mut state, &effects);
    assert_eq!(draft.event.kind(), "task.done");
    assert!(draft.event.is_control());
    let Event::TaskDone { attestation } = draft.event else {
        panic!("another event")
    };
    assert_eq!(attestation.person, Person::from("alice"));
    assert_eq!(attestation.saw, "1111111 > 2222222");
    assert_eq!(attestation.note, "done\u{fffd}[2J");
    assert_eq!((attestation.at, draft.at), (now(), now()));
    assert_eq!(standing(&state, "pen-test"), "done");
    // Once is enough.
    ask(&mut state, done("pen-test"));
    assert_eq!(refused(&state), "alice has attested pen-test already");
}

#[test]
fn only_who_has_the_role_attests_and_only_what_there_is() {
    let mut state = listed();
    ask(&mut state, done("runbook"));
    assert_eq!(
        refused(&state),
        "alice does not have the role sre, which runbook asks for"
    );
    ask(&mut state, done("bakcup"));
    assert_eq!(refused(&state), "api has no task bakcup for production");
    ask(&mut state, undo("backup", "typo"));
    assert_eq!(
        refused(&state),
        "nobody has attested backup of api production"
    );
}

#[test]
fn only_who_attested_takes_it_back_and_says_why() {
    let mut state = listed();
    let effects = ask(&mut state, done("backup"));
    taken(&mut state, &effects);
    ask(&mut state, undo("backup", " "));
    assert_eq!(refused(&state), "a reason is required");
    state.engine.operator = Some("carol".into());
    ask(&mut state, undo("backup", "not mine"));
    assert_eq!(
        refused(&state),
        "alice attested backup: only alice can take that back"
    );
    state.engine.operator = Some("alice".into());
    let effects = ask(&mut state, undo("backup", "wrong database"));
    let draft = taken(&mut state, &effects);
    assert_eq!(draft.event.kind(), "task.withdrawn");
    assert!(draft.event.is_control());
    assert_eq!(standing(&state, "backup"), "open");
}

#[test]
fn a_withdrawal_takes_nobody_elses_attestation_back() {
    let mut state = listed();
    let effects = ask(&mut state, done("backup"));
    taken(&mut state, &effects);
    let late = ask(&mut state, undo("backup", "wrong database"));
    // Carol's comes into the journal before it.
    let mut ledger = state.engine.ledger.clone().unwrap();
    let mine = ledger.task(&"api".into(), &"production".into(), "backup");
    let attestation = Attestation {
        person: "carol".into(),
        ..mine.unwrap().clone()
    };
    let hash = Digest::of(["carol"]);
    ledger.apply(&Entry {
        seq: Seq(2),
        draft: Draft {
            actor: "carol".into(),
            ..state
                .engine
                .draft(&"carol".into(), Event::TaskDone { attestation }, now())
        },
        previous: hash.clone(),
        hash,
    });
    state.engine.ledger = Some(ledger);
    taken(&mut state, &late);
    assert_eq!(standing(&state, "backup"), "done");
}

#[test]
fn the_gates_dialog_offers_what_the_operator_may_do_and_takes_back_what_they_did() {
    let mut state = listed();
    // No vote is asked for: it begins with the first task, and up from Cancel is its note.
    let effects = press(&mut state, "V up 'dump_of_14:02 tab tab enter");
    let draft = taken(&mut state, &effects);
    let Event::TaskDone { attestation } = draft.event else {
        panic!("{draft:?}")
    };
    assert_eq!(
        (attestation.task.as_str(), attestation.note.as_str()),
        ("backup", "dump of 14:02")
    );
    // It begins with the next now; left of that, the first is to be taken back, which needs a reason.
    let effects = press(&mut state, "V up shift-tab left tab tab tab enter");
    assert!(!effects.iter().any(crate::app::interface::harness::changes));
    let effects = press(&mut state, "up up 'wrong_db tab tab enter");
    assert_eq!(taken(&mut state, &effects).event.kind(), "task.withdrawn");
}
