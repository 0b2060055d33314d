use super::super::harness::{
    changes, fresh, judge, on, press, said, selected, stale, state, top, with_cell,
};
use super::*;
use crate::app::command::footer;
use crate::domain::entry::Event;
use crate::domain::gate;
use crate::domain::observed::Fact;
use crate::domain::scope::{Relation, Scope};

fn dialog(state: &State) -> &PromoteDialog {
    match state.interface.overlays.last() {
        Some(Overlay::Promote(dialog)) => dialog,
        other => panic!("no promote dialog: {other:?}"),
    }
}

fn intents(effects: &[Effect]) -> Vec<(String, String)> {
    let events = effects.iter().filter_map(|effect| match effect {
        Effect::Append { draft, .. } => Some(&draft.event),
        _ => None,
    });
    events
        .filter_map(|event| match event {
            Event::Intended { intent } => Some((intent.service.to_string(), intent.reason.clone())),
            _ => None,
        })
        .collect()
}

#[test]
fn a_promotion_asks_for_a_reason_and_the_typed_name_and_then_sends_once() {
    let mut state = state();
    press(&mut state, "P");
    assert_eq!(dialog(&state).focus, PromoteFocus::Cancel);
    assert_eq!(dialog(&state).applies(), (1, 1));
    assert_eq!(
        dialog(&state).blocked().as_deref(),
        Some("a reason is required")
    );
    press(&mut state, "up up 'weekly_release");
    assert_eq!(
        dialog(&state).blocked().as_deref(),
        Some("type production to arm it")
    );
    press(&mut state, "tab 'production");
    assert_eq!(dialog(&state).blocked(), None);
    let effects = press(&mut state, "tab tab enter");
    assert_eq!(
        intents(&effects),
        [("api".to_owned(), "weekly release".to_owned())]
    );
    assert_eq!(top(&state), "none");
    assert_eq!(said(&state), "on its way: api > production");
    // The same keys again meet no dialog: nothing is sent twice.
    assert!(!press(&mut state, "j k y").iter().any(changes));
}

#[test]
fn a_confirm_that_is_not_possible_sends_nothing_and_says_why() {
    let mut state = state();
    let effects = press(&mut state, "P tab enter");
    assert!(!effects.iter().any(changes));
    assert_eq!(top(&state), "promote");
    assert_eq!(said(&state), "a reason is required");
}

#[test]
fn what_changes_is_opened_on_the_forge_and_the_dialog_stays() {
    let mut state = state();
    press(&mut state, "P up up up enter");
    assert_eq!(dialog(&state).focus, PromoteFocus::Diff);
    assert_eq!(said(&state), "no page is known of it");
    let page = "https://forge.test/acme/api/compare/a...b";
    let row = state.engine.board.rows.iter_mut();
    let mut rows = row.filter(|row| row.service.name.as_str() == "api");
    let row = rows.next().expect("a row");
    let cell = row.cell(&"production".into()).expect("a cell");
    let ends = cell.live.clone().zip(cell.candidate.clone());
    let (live, candidate) = ends.expect("both ends");
    let scope = Scope {
        base: live.sha.clone(),
        head: candidate.sha.clone(),
        relation: Relation::Ahead,
        total: 1,
        commits: Vec::new(),
        pull_requests: Vec::new(),
        complete: true,
        files: None,
        url: Some(page.to_owned()),
    };
    row.scopes
        .insert((live.sha, candidate.sha), Fact::observed(scope, state.now));
    let effects = press(&mut state, "enter");
    assert!(matches!(effects.as_slice(), [Effect::Browse(it)] if it == page));
    assert_eq!(top(&state), "promote");
}

#[test]
fn one_marked_service_that_may_not_go_says_why() {
    let mut state = state();
    on(&mut state, "billing", "production");
    press(&mut state, "space");
    let hints = footer(&state);
    let hint = hints.iter().find(|hint| hint.label == "promote");
    let why = hint.and_then(|hint| hint.blocked.clone());
    assert_eq!(why.as_deref(), Some("billing: 1 gate closed (soak)"));
}

#[test]
fn an_environment_that_is_not_protected_needs_no_typed_name() {
    let mut state = state();
    on(&mut state, "api", "staging");
    with_cell(&mut state.engine.board, "api", "staging", |cell| {
        cell.candidate = Some(crate::domain::revision::Revision::new("c".repeat(40)));
    });
    press(&mut state, "P");
    assert!(dialog(&state).typed.is_none());
    let effects = press(&mut state, "up 'fix tab tab enter");
    assert_eq!(intents(&effects).len(), 1);
}

#[test]
fn several_marked_ones_apply_where_they_may_and_the_rest_stay_marked() {
    let mut state = state();
    // api, search, billing: the third is gated.
    press(&mut state, "space space space P");
    assert_eq!(dialog(&state).applies(), (2, 3));
    let effects = press(&mut state, "up up 'weekly tab 'production tab tab enter");
    let sent: Vec<String> = intents(&effects)
        .into_iter()
        .map(|(service, _)| service)
        .collect();
    assert_eq!(sent, ["api", "search"]);
    assert_eq!(said(&state), "on its way: 2 of 3 services > production");
    let marks: Vec<&str> = state
        .interface
        .marks
        .iter()
        .map(ServiceName::as_str)
        .collect();
    assert_eq!(marks, ["billing"]);
}

#[test]
fn a_refusal_opens_the_dialog_with_its_reason_and_no_way_to_send() {
    let mut state = state();
    for (service, why) in [
        ("billing", "soak (6h of 24h)"),
        ("web", "nothing to promote"),
    ] {
        on(&mut state, service, "production");
        press(&mut state, "P");
        let told = dialog(&state).blocked().expect("a reason");
        assert!(told.contains(why), "{told}");
        let effects = press(&mut state, "up 'now tab tab enter");
        assert!(!effects.iter().any(changes));
        press(&mut state, "esc");
    }
    assert_eq!(selected(&state), "web");
}

#[test]
fn a_cell_that_changes_under_the_dialog_becomes_a_refusal_that_names_the_difference() {
    let mut state = state();
    press(&mut state, "P up up 'weekly tab 'production");
    with_cell(&mut state.engine.board, "api", "production", |cell| {
        cell.candidate = Some(crate::domain::revision::Revision::new("d".repeat(40)));
        cell.digest = crate::domain::ids::Digest::of(["moved"]);
    });
    let effects = press(&mut state, "tab tab enter");
    assert!(!effects.iter().any(changes));
    let told = dialog(&state).blocked().expect("a reason");
    // P5, in these words.
    let why = "2222222 is superseded by ddddddd, the candidate now";
    assert!(told.contains(why), "{told}");
}

#[test]
fn a_gate_that_closes_under_the_dialog_turns_its_row_to_a_refusal() {
    let mut state = state();
    press(&mut state, "space space P");
    assert_eq!(dialog(&state).applies(), (2, 2));
    judge(
        &mut state.engine.board,
        "search",
        "production",
        gate::State::Closed,
    );
    press(&mut state, "k");
    assert_eq!(dialog(&state).applies(), (1, 2));
    judge(
        &mut state.engine.board,
        "search",
        "production",
        gate::State::Open,
    );
    // It never comes back by itself: the operator has not seen that.
    press(&mut state, "tab");
    assert_eq!(dialog(&state).applies(), (1, 2));
}

#[test]
fn the_dialog_is_copied_as_a_command_line() {
    let mut state = state();
    press(&mut state, "P up up 'it's_time tab tab");
    let copied = press(&mut state, "y");
    assert_eq!(
        copied,
        [Effect::Copy(
            r"gonogo promote api --to production --reason 'it'\''s time'".to_owned()
        )]
    );
    assert_eq!(press(&mut state, "tab tab enter"), copied);
}

#[test]
fn the_footer_says_why_a_promotion_is_not_possible() {
    let mut state = state();
    let why = |state: &State| {
        let hints = footer(state);
        let hint = hints.into_iter().find(|hint| hint.keys == "P");
        hint.expect("P is always listed").blocked
    };
    assert_eq!(why(&state), None);
    on(&mut state, "billing", "production");
    assert_eq!(why(&state).as_deref(), Some("1 gate closed (soak)"));
    on(&mut state, "web", "production");
    let told = why(&state).expect("a reason");
    assert!(told.starts_with("nothing to promote"), "{told}");
    stale(&mut state, "api");
    on(&mut state, "api", "production");
    assert_eq!(why(&state).as_deref(), Some("facts are 60m old"));
    state.engine.read_only = true;
    assert_eq!(
        why(&state).as_deref(),
        Some("read-only: nothing is changed")
    );
}

#[test]
fn nothing_waits_on_the_forge_so_approving_is_refused_with_the_reason() {
    let mut state = state();
    press(&mut state, "A");
    assert_eq!(dialog(&state).aim, Aim::Approve);
    let told = dialog(&state).blocked().expect("a reason");
    assert!(told.contains("no run of api waits for approval"), "{told}");
}

/// Makes what is known of api old and opens the dialog on it.
fn refused_for_old_facts() -> State {
    let mut state = state();
    stale(&mut state, "api");
    press(&mut state, "P up 'weekly tab tab");
    assert_eq!(dialog(&state).focus, PromoteFocus::Promote);
    let told = dialog(&state).blocked().expect("a reason");
    assert_eq!(told, "what is known of api is 60m old");
    state
}

#[test]
fn a_dialog_comes_alive_when_what_it_waited_for_is_read_and_rests_on_cancel() {
    let mut state = refused_for_old_facts();
    fresh(&mut state, "api");
    // The key that was meant for the refusal confirms nothing: it meets Cancel at the most.
    press(&mut state, "r");
    assert_eq!(dialog(&state).applies(), (1, 1));
    assert_eq!(dialog(&state).focus, PromoteFocus::Cancel);
    assert_eq!(
        dialog(&state).blocked().as_deref(),
        Some("type production to arm it")
    );
    let effects = press(&mut state, "up 'production tab tab enter");
    assert_eq!(intents(&effects), [("api".to_owned(), "weekly".to_owned())]);
}

#[test]
fn a_dialog_never_comes_alive_for_another_revision_than_it_opened_on() {
    let mut state = refused_for_old_facts();
    fresh(&mut state, "api");
    with_cell(&mut state.engine.board, "api", "production", |cell| {
        cell.candidate = Some(Revision::new("d".repeat(40)));
    });
    press(&mut state, "r");
    assert_eq!(dialog(&state).applies(), (0, 1));
    let told = dialog(&state).blocked().expect("a reason");
    assert_eq!(told, "api is not what the dialog opened on");
}
