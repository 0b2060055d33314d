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
    assert_eq!(names("")[..2], ["help", "promote"], "what acts comes first");
    let place = |name: &str| names("").iter().position(|line| line == name);
    assert!(
        place("timeline") < place("down"),
        "what only moves comes last"
    );
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
    assert_eq!(names("").get(1).map(String::as_str), Some("promote"));
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
fn a_service_that_is_named_is_on_offer_in_its_other_environments_and_to_be_held() {
    let state = state();
    let found = choices(&state, "promote sea");
    let lines: Vec<&str> = found.iter().map(|choice| choice.line.as_str()).collect();
    let expected = [
        "promote search production",
        "promote search staging",
        "hold search production",
    ];
    assert_eq!(lines, expected);
    let why = found[1].blocked.as_deref();
    assert_eq!(why, Some("nothing to promote: staging has 2222222 already"));
    assert_eq!((found[2].keys.as_str(), &found[2].blocked), ("H", &None));
    let every = choices(&state, "promote ");
    let is_extra = |choice: &&Choice| choice.line.ends_with("staging");
    assert_eq!(
        every.iter().filter(is_extra).count(),
        0,
        "no name was typed"
    );
}

#[test]
fn what_has_no_more_than_the_letters_comes_after_what_has_the_word() {
    let mut state = state();
    let row = &mut state.engine.board.rows[0];
    std::sync::Arc::make_mut(&mut row.service).name = "my-prom".into();
    let found = lines(&state, "prom");
    assert_eq!(found.first().map(String::as_str), Some("promote"));
    let place = |line: &str| found.iter().position(|it| it == line);
    let (service, noise) = (place("service my-prom"), place("previous-match"));
    assert!(service.is_some() && noise.is_some(), "{found:?}");
    assert!(service < noise, "{found:?}");
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

#[test]
fn a_forge_is_opened_by_its_name() {
    let mut state = state();
    for name in ["gh", "gl"] {
        let forge = crate::app::engine::ForgeState::default();
        state.engine.forges.insert(name.into(), forge);
    }
    let all = ["forge gh", "forge github", "forge gl"];
    assert_eq!(lines(&state, "forge g"), all);
    assert!(lines(&state, "gl").contains(&"forge gl".to_owned()));
    let begun = lines(&state, "forg");
    assert_eq!(begun[..4], ["forges", all[0], all[1], all[2]]);
    press(&mut state, ": 'forge_g down down tab");
    assert_eq!(typed(&state), "forge gl ");
    press(&mut state, "enter");
    assert_eq!(state.interface.screen, Screen::Forge("gl".into()));
}

#[test]
fn the_operators_own_commands_are_on_offer_with_reasons_and_take_a_cell() {
    use crate::app::interface::custom::Customs;
    use crate::app::keymap::Keymap;
    use crate::domain::custom::CustomCommand;
    let own = |name: &str, dangerous: bool| CustomCommand {
        name: name.to_owned(),
        argv: vec!["./tool".to_owned(), "{service}".to_owned()],
        help: (!dangerous).then(|| "show the runbook".to_owned()),
        keys: Vec::new(),
        confirm: false,
        dangerous,
        services: if dangerous {
            vec!["search".into()]
        } else {
            Vec::new()
        },
        environments: Vec::new(),
        time_limit: jiff::SignedDuration::from_secs(5),
    };
    let mut state = state();
    let commands = vec![own("runbook", false), own("restart", true)];
    state.interface.customs = Customs::new(commands, &Keymap::default()).expect("fine");
    on(&mut state, "api", "production");
    let found = choices(&state, "rnbk");
    assert_eq!(found[0].line, "runbook");
    assert_eq!(found[0].about, "show the runbook");
    let found = choices(&state, "restart");
    assert_eq!(found[0].about, "./tool {service}; asks first");
    assert_eq!(
        found[0].blocked.as_deref(),
        Some("it is not for api > production")
    );
    let on_cells = choices(&state, "restart ");
    let possible = on_cells.iter().filter(|choice| choice.blocked.is_none());
    let possible: Vec<&str> = possible.map(|choice| choice.line.as_str()).collect();
    assert_eq!(possible, ["restart search production"]);
    press(&mut state, ": 'restart_sea_stag enter");
    assert_eq!(top(&state), "custom");
    press(&mut state, "esc : 'runbook_web enter");
    assert_eq!(top(&state), "output");
    let Some(Overlay::Output(pane)) = state.interface.overlays.last() else {
        panic!("no pane");
    };
    assert_eq!(pane.errand.argv, ["./tool", "web"]);
}

#[test]
fn a_release_is_acted_on_by_name_from_anywhere() {
    let mut state = state();
    add_release(&mut state);
    assert_eq!(lines(&state, "release-vote 20"), ["release-vote 2026.47"]);
    assert!(lines(&state, "vote ").contains(&"vote 2026.47".to_owned()));
    let resume = &choices(&state, "release-resume ")[0];
    assert_eq!(resume.blocked.as_deref(), Some("no run goes on"));
    press(&mut state, ": 'release-start_2026 enter");
    assert_eq!(state.interface.screen, Screen::Release);
    assert_eq!(top(&state), "release");
}

#[test]
fn columns_themes_filters_and_logs_are_completed() {
    let mut state = state();
    state.interface.themes = vec!["dark".to_owned(), "light".to_owned()];
    press(&mut state, ": 'columns_stag enter");
    assert!(state.interface.hidden.contains("staging"));
    let again = &choices(&state, "columns staging")[0];
    assert_eq!(again.about, "show the column");
    assert_eq!(lines(&state, "filter state:he")[1], "filter state:held");
    press(&mut state, ": 'filter_gro tab");
    assert_eq!(typed(&state), "filter group:");
    press(&mut state, "'mon tab enter");
    assert_eq!(state.interface.filter, "group:money");
    let effects = press(&mut state, ": 'theme enter 'li enter");
    assert_eq!(effects, [Effect::Theme("light".to_owned())]);
    let watch = &choices(&state, "watch api")[0];
    assert_eq!(watch.line, "watch api production");
    assert_eq!(watch.blocked.as_deref(), Some("no run is known"));
    assert_eq!(lines(&state, "refresh web"), ["refresh web"]);
}

#[test]
fn the_theme_in_use_is_marked_and_one_that_is_none_is_told_as_a_theme() {
    let mut state = state();
    state.interface.themes = vec!["config".to_owned(), "light".to_owned()];
    press(&mut state, ": 'theme_light enter :");
    let found = choices(&state, "theme ");
    let about = |name: &str| {
        let line = format!("theme {name}");
        let choice = found.iter().find(|choice| choice.line == line);
        choice
            .map(|choice| choice.about.clone())
            .unwrap_or_default()
    };
    assert!(about("light").starts_with("in use"), "{found:?}");
    assert!(!about("config").starts_with("in use"));
    press(&mut state, "'theme_mine.toml enter");
    assert!(said(&state).contains("[ui] theme"), "{}", said(&state));
}
