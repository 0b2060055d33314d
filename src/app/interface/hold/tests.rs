use super::super::harness::{changes, hold, now, on, press, state, top};
use super::*;
use crate::domain::entry::{Draft, Event};
use crate::domain::notice::Rule;
use jiff::SignedDuration;

fn dialog(state: &State) -> &HoldDialog {
    match state.interface.overlays.last() {
        Some(Overlay::Hold(dialog)) => dialog,
        other => panic!("no hold dialog: {other:?}"),
    }
}

fn drafts(effects: &[Effect]) -> Vec<Draft> {
    let drafts = effects.iter().filter_map(|effect| match effect {
        Effect::Append { draft, .. } => Some((**draft).clone()),
        _ => None,
    });
    drafts.collect()
}

#[test]
fn a_hold_is_placed_on_the_chosen_scope_until_the_typed_time() {
    let mut state = state();
    // Backwards from Cancel: reason, until, kind, scope.
    press(
        &mut state,
        "H up 'heap_grows shift-tab '2h shift-tab space k l l",
    );
    let effects = press(&mut state, "k enter");
    let drafts = drafts(&effects);
    let [draft] = drafts.as_slice() else {
        panic!("{effects:?}");
    };
    let Event::HoldPlaced { hold, .. } = &draft.event else {
        panic!("{draft:?}");
    };
    assert_eq!(hold.cover.to_string(), "all of production");
    assert_eq!(hold.kind, HoldKind::All);
    assert_eq!(hold.reason, "heap grows");
    assert_eq!(hold.owner.as_str(), "alice");
    assert_eq!(hold.until, Some(now() + SignedDuration::from_hours(2)));
    assert_eq!(top(&state), "none");
}

#[test]
fn the_scopes_go_from_the_cell_to_everything_and_the_revision() {
    let mut state = state();
    press(&mut state, "H");
    let covers: Vec<String> = dialog(&state)
        .covers
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        covers,
        [
            "api > production",
            "api",
            "all of production",
            "everything",
            "api revision 2222222"
        ]
    );
}

#[test]
fn no_reason_and_a_time_that_is_past_place_nothing() {
    let mut state = state();
    let effects = press(&mut state, "H tab enter");
    assert!(!effects.iter().any(changes));
    assert_eq!(
        dialog(&state).error.as_deref(),
        Some("a reason is required")
    );
    let effects = press(
        &mut state,
        "up up 'why shift-tab '14:00Z tab tab tab tab enter",
    );
    assert!(!effects.iter().any(changes));
    let told = dialog(&state).error.clone().expect("an error");
    assert!(told.contains("past"), "{told}");
}

#[test]
fn holds_that_cover_the_cell_come_first_and_one_is_lifted_with_a_reason() {
    let mut state = state();
    hold(&mut state, "h-1", "api", "production");
    press(&mut state, "H");
    let owner = dialog(&state)
        .chosen(&state.engine)
        .map(|hold| hold.owner.to_string());
    assert_eq!(owner.as_deref(), Some("carol"));
    let effects = press(&mut state, "tab enter");
    assert!(!effects.iter().any(changes), "no reason, no lift");
    let effects = press(&mut state, "up up 'fixed tab tab enter");
    let drafts = drafts(&effects);
    assert!(
        matches!(&drafts[..], [Draft { event: Event::HoldLifted { id, .. }, reason: Some(reason), .. }]
            if id.as_str() == "h-1" && reason == "fixed"),
        "{drafts:?}"
    );
}

#[test]
fn an_edit_starts_from_what_the_hold_says() {
    let mut state = state();
    hold(&mut state, "h-1", "api", "production");
    press(&mut state, "H tab tab enter");
    assert_eq!(dialog(&state).mode, HoldMode::Edit("h-1".into()));
    assert_eq!(dialog(&state).reason.value(), "heap grows");
    assert_eq!(dialog(&state).focus, HoldFocus::Cancel);
    let effects = press(&mut state, "up up '30m tab tab tab tab enter");
    let drafts = drafts(&effects);
    let [draft] = drafts.as_slice() else {
        panic!("{effects:?}");
    };
    let Event::HoldEdited { until, .. } = &draft.event else {
        panic!("{draft:?}");
    };
    assert_eq!(*until, Some(now() + SignedDuration::from_mins(30)));
}

#[test]
fn a_reason_to_lift_never_becomes_the_reason_of_the_hold() {
    let mut state = state();
    hold(&mut state, "h-1", "api", "production");
    press(&mut state, "H 'banks_recovered tab tab tab enter");
    assert_eq!(dialog(&state).mode, HoldMode::Edit("h-1".into()));
    assert_eq!(dialog(&state).reason.value(), "heap grows");
}

#[test]
fn a_hold_that_is_lifted_meanwhile_cannot_be_lifted_again() {
    let mut state = state();
    hold(&mut state, "h-1", "api", "production");
    press(&mut state, "H up 'fixed tab tab");
    assert_eq!(dialog(&state).focus, HoldFocus::Lift);
    state
        .engine
        .ledger
        .as_mut()
        .expect("a ledger")
        .holds
        .clear();
    let effects = press(&mut state, "h l l l enter");
    assert!(!effects.iter().any(changes));
    assert!(dialog(&state).chosen(&state.engine).is_none());
    assert!(dialog(&state).error.is_some());
}

#[test]
fn without_a_journal_the_dialog_says_so_and_holds_nothing() {
    let mut state = state();
    state.engine.journal = crate::app::engine::JournalState::Unreachable {
        why: "disk full".to_owned(),
        hint: None,
        broken: None,
    };
    on(&mut state, "api", "staging");
    press(&mut state, "H");
    let told = dialog(&state).error.clone().expect("an error");
    assert!(told.contains("disk full"), "{told}");
    let effects = press(&mut state, "up 'why tab tab enter");
    assert!(!effects.iter().any(changes));
    assert_eq!(top(&state), "hold");
}

#[test]
fn a_hold_is_copied_as_a_command_line() {
    let mut state = state();
    let copied = press(&mut state, "H up 'heap_grows tab y");
    assert_eq!(
        copied,
        [Effect::Copy(
            "gonogo hold add --service api --in production --reason 'heap grows'".to_owned()
        )]
    );
}

#[test]
fn every_marked_service_gets_a_hold_of_its_own() {
    let mut state = state();
    press(&mut state, "space space H");
    assert_eq!(dialog(&state).command_line(&state).lines().count(), 2);
    let effects = press(&mut state, "up 'freeze tab tab enter");
    let held: Vec<String> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Append { draft, .. } => match &draft.event {
                Event::HoldPlaced { hold, .. } => Some(hold.cover.to_string()),
                _ => None,
            },
            _ => None,
        })
        .collect();
    assert_eq!(held.len(), 2, "{held:?}");
    assert_eq!(top(&state), "none");
    assert!(state.interface.marks.is_empty());
}

#[test]
fn what_cannot_be_held_stays_marked_and_is_told() {
    let mut state = state();
    press(&mut state, "space space H up 'freeze tab");
    state.engine.read_only = true;
    let effects = press(&mut state, "tab enter");
    assert!(
        effects
            .iter()
            .all(|effect| !matches!(effect, Effect::Append { .. }))
    );
    let error = dialog(&state).error.clone().unwrap_or_default();
    assert!(error.starts_with("0 of 2 held; api: "), "{error}");
    assert_eq!(state.interface.marks.len(), 2);
}

#[test]
fn a_hold_with_a_time_asks_then_unless_it_is_said_to_end() {
    let placed = |state: &mut State, keys: &str| {
        let effects = press(state, keys);
        let [draft] = &drafts(&effects)[..] else {
            panic!("{effects:?}");
        };
        match &draft.event {
            Event::HoldPlaced { hold, .. } => (hold.until.is_some(), hold.then),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        placed(
            &mut state(),
            "H up 'why shift-tab '2h tab tab tab tab enter"
        ),
        (true, Then::Ask)
    );
    // Beside the time there is one more stop.
    assert_eq!(
        placed(
            &mut state(),
            "H up 'why shift-tab '2h tab space tab tab tab enter"
        ),
        (true, Then::End)
    );
    assert_eq!(
        placed(&mut state(), "H up 'why tab tab enter"),
        (false, Then::End),
        "without a time there is nothing to ask"
    );
    let mut state = state();
    press(&mut state, "H up 'why shift-tab '2h");
    assert_eq!(
        dialog(&state).command_line(&state),
        "gonogo hold add --service api --in production --until 2h --then ask --reason why"
    );
}

#[test]
fn a_hold_that_asks_is_offered_more_time() {
    let mut state = state();
    hold(&mut state, "h-1", "api", "production");
    let ledger = state.engine.ledger.as_mut().expect("a ledger");
    let asking = ledger.holds.get_mut("h-1").expect("the hold");
    (asking.until, asking.then) = (Some(now()), Then::Ask);
    press(&mut state, "H tab tab enter");
    assert_eq!(dialog(&state).until.value(), "30m");
    assert_eq!(
        dialog(&state).command_line(&state),
        "gonogo hold edit h-1 --until 30m --reason 'heap grows'"
    );
    let effects = press(&mut state, "tab enter");
    let [draft] = &drafts(&effects)[..] else {
        panic!("{effects:?}");
    };
    let Event::HoldEdited { until, then, .. } = &draft.event else {
        panic!("{draft:?}");
    };
    assert_eq!(*until, Some(now() + SignedDuration::from_mins(30)));
    assert_eq!(*then, Then::Ask);
}

#[test]
fn whom_a_hold_is_told_is_chosen_among_those_of_the_config() {
    let rule = |name: &str, events: &[&str], environments: &[&str]| Rule {
        name: name.to_owned(),
        channel: crate::domain::notice::Channel::Bell,
        events: events.iter().map(|event| (*event).to_owned()).collect(),
        services: Vec::new(),
        environments: environments.iter().map(|it| (*it).into()).collect(),
    };
    let mut state = state();
    state.interface.receivers = vec![
        rule("chat", &["hold.*"], &[]),
        rule("desk", &["alert.raised"], &[]),
        rule("lab", &["*"], &["staging"]),
    ];
    press(&mut state, "H");
    let names = |state: &State| {
        let tells = dialog(state).tells().into_iter();
        tells.map(|(_, names)| names).collect::<Vec<_>>()
    };
    assert_eq!(names(&state), ["chat", "all: chat, desk", "nobody"]);
    let effects = press(&mut state, "up up 'why tab space");
    assert!(effects.is_empty());
    assert!(dialog(&state).command_line(&state).contains(" --tell all "));
    let effects = press(&mut state, "space tab tab enter");
    let [draft] = &drafts(&effects)[..] else {
        panic!("{effects:?}");
    };
    assert!(matches!(
        draft.event,
        Event::HoldPlaced {
            tell: Tell::Nobody,
            ..
        }
    ));
    // Where nobody could be told there is nothing to choose.
    state.interface.receivers = vec![rule("lab", &["*"], &["staging"])];
    press(&mut state, "H");
    assert!(names(&state).is_empty());
    assert!(!dialog(&state).stops().contains(&HoldFocus::Tell));
}
