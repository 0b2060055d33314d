use super::super::harness::{changes, now, on, press, state, top};
use super::dialog::CHANGED;
use super::*;
use crate::domain::entry::Event;
use crate::domain::hold::{Cover, Opened};

fn dialog(state: &State) -> &GatesDialog {
    match state.interface.overlays.last() {
        Some(Overlay::Gates(dialog)) => dialog,
        other => panic!("no gates dialog: {other:?}"),
    }
}

fn event(effects: &[Effect]) -> Event {
    let events: Vec<Event> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Append { draft, .. } => Some(draft.event.clone()),
            _ => None,
        })
        .collect();
    match <[Event; 1]>::try_from(events) {
        Ok([event]) => event,
        Err(events) => panic!("{events:?}"),
    }
}

fn gate(state: &mut State, id: &str, openers: Openers, open: bool) {
    let gate = ManualGate {
        id: id.into(),
        cover: Cover::default(),
        name: "pen test".to_owned(),
        reason: "audit".to_owned(),
        owner: "carol".into(),
        since: now(),
        openers,
        opened: open.then(|| Opened {
            by: "carol".into(),
            at: now(),
            note: "ok".to_owned(),
        }),
    };
    let ledger = state.engine.ledger.as_mut().expect("a ledger");
    ledger.manual_gates.insert(gate.id.clone(), gate);
}

#[test]
fn a_vote_is_cast_with_a_role_that_the_operator_has_and_the_gate_asks_for() {
    let mut state = state();
    press(&mut state, "V");
    assert_eq!(dialog(&state).roles, ["qa".into()]);
    let Event::VoteCast { vote } = event(&press(&mut state, "tab enter")) else {
        panic!("no vote");
    };
    assert_eq!((vote.role.as_str(), vote.voice), ("qa", Voice::Go));
    assert_eq!(vote.saw, "1111111 > 2222222");
}

#[test]
fn a_no_go_needs_its_reason() {
    let mut state = state();
    // Cancel, note, role, action; right is no-go.
    let effects = press(&mut state, "V up shift-tab up right tab tab tab tab enter");
    assert!(!effects.iter().any(changes));
    assert_eq!(
        dialog(&state).error.as_deref(),
        Some("a no-go's reason is required")
    );
    let effects = press(&mut state, "up up 'heap tab tab enter");
    let Event::VoteCast { vote } = event(&effects) else {
        panic!("no vote");
    };
    assert_eq!((vote.voice, vote.note.as_str()), (Voice::NoGo, "heap"));
}

#[test]
fn who_has_no_role_is_told_so() {
    let mut state = state();
    on(&mut state, "api", "staging");
    press(&mut state, "V");
    assert_eq!(dialog(&state).action, GatesAction::Add);
    let back = ["shift-tab"; 5].join(" ");
    press(&mut state, &format!("{back} left left"));
    assert_eq!(dialog(&state).action, GatesAction::Vote(Voice::Go));
    let told = dialog(&state).blocked().expect("a reason");
    assert_eq!(told, "no vote is asked for api > staging");
    press(&mut state, "esc");
    state.engine.operator = Some("mallory".into());
    on(&mut state, "api", "production");
    let effects = press(&mut state, "V tab enter");
    assert!(!effects.iter().any(changes));
    let told = dialog(&state).error.clone().expect("an error");
    assert_eq!(told, "mallory has none of the roles asked for: qa, sre");
}

#[test]
fn where_no_vote_is_asked_for_it_begins_with_what_waits_for_the_operator() {
    let mut state = state();
    on(&mut state, "api", "staging");
    gate(&mut state, "g-1", Openers::Anyone, false);
    press(&mut state, "V");
    assert_eq!(dialog(&state).action, GatesAction::Open("g-1".into()));
}

#[test]
fn a_manual_gate_is_added_with_scope_name_reason_and_who_may_open_it() {
    let mut state = state();
    press(&mut state, "V up shift-tab up right right");
    assert_eq!(dialog(&state).action, GatesAction::Add);
    let effects = press(
        &mut state,
        "tab right tab right tab 'pen_test tab 'audit tab tab enter",
    );
    let Event::GateAdded { gate } = event(&effects) else {
        panic!("no gate");
    };
    assert_eq!(gate.cover.to_string(), "api");
    assert_eq!(gate.openers, Openers::Role("qa".into()));
    assert_eq!(
        (gate.name.as_str(), gate.reason.as_str()),
        ("pen test", "audit")
    );
    assert_eq!(top(&state), "none");
}

#[test]
fn only_gates_that_the_operator_may_open_are_on_offer() {
    let mut state = state();
    gate(&mut state, "g-any", Openers::Anyone, false);
    gate(&mut state, "g-sre", Openers::Role("sre".into()), false);
    gate(&mut state, "g-open", Openers::Role("qa".into()), true);
    press(&mut state, "V");
    let offered = &dialog(&state).actions[3..];
    assert_eq!(
        offered,
        [
            GatesAction::Open("g-any".into()),
            GatesAction::Close("g-open".into())
        ]
    );
    press(
        &mut state,
        "up shift-tab up right right right tab 'signed tab tab",
    );
    assert!(matches!(
        event(&press(&mut state, "enter")),
        Event::GateOpened { id, .. } if id.as_str() == "g-any"
    ));
}

#[test]
fn a_gate_that_somebody_else_opened_meanwhile_is_not_opened_again() {
    let mut state = state();
    gate(&mut state, "g-any", Openers::Anyone, false);
    press(
        &mut state,
        "V up shift-tab up right right right tab 'signed tab tab",
    );
    gate(&mut state, "g-any", Openers::Anyone, true);
    let effects = press(&mut state, "h l enter");
    assert!(!effects.iter().any(changes));
    assert_eq!(top(&state), "gates");
    assert_eq!(dialog(&state).blocked().as_deref(), Some(CHANGED));
}
