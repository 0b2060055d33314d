use super::super::arrangement::{Grouping, SavedView, Sort};
use super::super::harness::{add_release, changes, on, press, said, selected, state, top};
use super::*;
use crate::domain::ids::ServiceName;

fn lines(state: &State, typed: &str) -> Vec<String> {
    let found = choices(state, typed).into_iter();
    found.map(|choice| choice.line).collect()
}

fn names(typed: &str) -> Vec<String> {
    lines(&state(), typed)
}

fn typed(state: &State) -> &str {
    match state.interface.overlays.last() {
        Some(Overlay::Palette { input, .. }) => input.value(),
        other => panic!("no palette: {other:?}"),
    }
}

#[test]
fn commands_are_found_by_name_and_by_other_words() {
    for (words, expected) in [
        ("promote", "promote"),
        ("tmln", "timeline"),
        ("web", "browse"),
        ("vote", "gates"),
        ("log", "timeline"),
    ] {
        let found = names(words);
        assert_eq!(found.first().map(String::as_str), Some(expected), "{words}");
    }
    assert!(names("").len() > 30, "nothing typed lists everything");
    assert!(
        !names("").contains(&"next-tab".to_owned()),
        "there are no tabs here"
    );
}

#[test]
fn a_command_is_carried_out_by_name_and_a_change_still_asks() {
    let mut state = state();
    press(&mut state, ": 'hold");
    assert_eq!(top(&state), "palette");
    press(&mut state, "enter");
    assert_eq!(top(&state), "hold");
    press(&mut state, "esc : 'sort enter");
    assert_eq!(state.interface.sort, Sort::Name);
}

#[test]
fn the_impossible_is_listed_with_the_reason() {
    let mut state = state();
    on(&mut state, "billing", "production");
    let found = choices(&state, "promote");
    let promote = found.first().expect("promote");
    assert_eq!(promote.blocked.as_deref(), Some("1 gate closed (soak)"));
    assert_eq!(promote.keys, "P");
    press(&mut state, ": 'next-match enter");
    assert_eq!(said(&state), "next-match: no filter");
    press(&mut state, ": 'zzz enter");
    assert_eq!(said(&state), "there is no command \"zzz\" here");
    assert_eq!(top(&state), "palette");
}

#[test]
fn the_arrows_choose() {
    let mut state = state();
    press(&mut state, ": down");
    assert_eq!(names("").get(1).map(String::as_str), Some("up"));
    let chosen = |state: &State| match state.interface.overlays.last() {
        Some(Overlay::Palette { selected, .. }) => *selected,
        other => panic!("no palette: {other:?}"),
    };
    assert_eq!(chosen(&state), 1);
    press(&mut state, "up up");
    assert_eq!(chosen(&state), names("").len() - 1);
}

#[test]
fn a_command_takes_a_service_and_an_environment_and_says_what_it_would_do() {
    let state = state();
    let found = choices(&state, "promote sea");
    let first = found.first().expect("search");
    assert_eq!(first.line, "promote search production");
    assert!(
        first
            .about
            .starts_with("staging > production  1111111 > 2222222"),
        "{}",
        first.about
    );
    assert!(first.about.ends_with("READY"), "{}", first.about);
    assert_eq!(first.blocked, None);
    let gated = choices(&state, "promote bill");
    assert_eq!(gated[0].blocked.as_deref(), Some("1 gate closed (soak)"));
    assert_eq!(lines(&state, "hold web stag"), ["hold web staging"]);
    assert_eq!(lines(&state, "prom web --to prod"), ["prom web production"]);
    assert!(lines(&state, "promote nothing").is_empty());
}

#[test]
fn what_is_named_is_meant_and_not_what_is_marked() {
    let mut state = state();
    press(&mut state, "space space : 'promote_api_production enter");
    assert_eq!(top(&state), "promote");
    let Some(Overlay::Promote(dialog)) = state.interface.overlays.last() else {
        panic!("no dialog");
    };
    let services: Vec<&str> = dialog
        .items
        .iter()
        .map(|item| item.service.as_str())
        .collect();
    assert_eq!(services, ["api"]);
    assert_eq!(state.interface.marks.len(), 2, "the marks stay");
}

#[test]
fn services_releases_and_views_are_gone_to_by_name() {
    let mut state = state();
    add_release(&mut state);
    let view = SavedView::new("money", Some("group:money"), None, Some("team"), None);
    state.interface.views = vec![view.expect("a view")];
    assert!(lines(&state, "bill").contains(&"service billing".to_owned()));
    press(&mut state, ": 'service_bill enter");
    assert_eq!(state.interface.screen, Screen::Detail("billing".into()));
    press(&mut state, ": 'release_2026 enter");
    assert_eq!(state.interface.screen, Screen::Release);
    press(&mut state, ": 'view_mon enter");
    assert_eq!(state.interface.screen, Screen::Board);
    assert_eq!(state.interface.group, Grouping::Team);
    assert_eq!(selected(&state), "billing");
    let shown: Vec<&str> = state
        .interface
        .order
        .iter()
        .map(ServiceName::as_str)
        .collect();
    assert_eq!(shown, ["billing"]);
}

#[test]
fn sort_groups_and_filter_are_set_by_word() {
    let mut state = state();
    press(
        &mut state,
        ": 'sort_behind enter : 'group_forge enter : 'filter_!group:front enter",
    );
    assert_eq!(state.interface.sort, Sort::Behind);
    assert_eq!(state.interface.group, Grouping::Forge);
    assert_eq!(state.interface.filter, "!group:front");
    assert_eq!(selected(&state), "billing");
    let told = choices(&state, "filter colour:red");
    assert!(
        told[0].about.starts_with("there is no field"),
        "{}",
        told[0].about
    );
}

#[test]
fn tab_completes_the_line_and_then_goes_on() {
    let mut state = state();
    press(&mut state, ": 'promote_sea tab");
    assert_eq!(typed(&state), "promote search production ");
    press(&mut state, "tab");
    assert_eq!(typed(&state), "promote search production ");
}

#[test]
fn what_was_ordered_before_is_on_offer_first() {
    let mut state = state();
    press(
        &mut state,
        ": 'sort_behind enter : 'promote_api enter esc :",
    );
    let before = lines(&state, "");
    assert_eq!(before[..2], ["promote api production", "sort behind"]);
    let effects = press(&mut state, "enter");
    assert_eq!(typed(&state), "promote api production");
    assert!(!effects.iter().any(changes));
    press(&mut state, "enter");
    assert_eq!(top(&state), "promote");
}
