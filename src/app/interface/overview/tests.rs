//! The lists over all services, by keys.

use super::super::harness::{now, press, state};
use super::*;
use crate::domain::observed::Fact;
use jiff::SignedDuration;

fn add_run(state: &mut State, service: &str, id: u64, phase: Phase, minutes: i64) {
    let row = state.engine.board.rows.iter_mut();
    let row = row
        .into_iter()
        .find(|row| row.service.name.as_str() == service);
    let row = row.expect("a row");
    let mut facts = row.facts.value().expect("facts").clone();
    let at = now() - SignedDuration::from_mins(minutes);
    facts.runs.push(Run {
        id: RunId(id),
        name: "CI".into(),
        workflow: None,
        title: Some("Retry".into()),
        number: id,
        attempt: 1,
        event: "push".into(),
        sha: facts.head.as_ref().expect("a head").sha.clone(),
        branch: Some("main".into()),
        raw: phase.word().to_owned(),
        phase,
        url: format!("https://github.com/acme/{service}/actions/runs/{id}"),
        actor: Some("eve".into()),
        created_at: at,
        updated_at: at,
        waiting: Vec::new(),
    });
    row.facts = Fact::observed(facts, now());
}

fn world() -> State {
    let mut state = state();
    for row in &mut state.engine.board.rows {
        let mut facts = row.facts.value().expect("facts").clone();
        facts.runs.clear();
        row.facts = Fact::observed(facts, now());
    }
    add_run(&mut state, "api", 1, Phase::Succeeded, 5);
    add_run(&mut state, "search", 2, Phase::Running, 3);
    add_run(&mut state, "web", 3, Phase::Failed, 60);
    state
}

fn at(state: &State) -> Option<Key> {
    selected(state).map(|item| item.key())
}

#[test]
fn what_failed_comes_first_and_enter_opens_its_pipeline() {
    let mut state = world();
    press(&mut state, "4");
    assert_eq!(at(&state), Some(Key::Run("web".into(), RunId(3))));
    press(&mut state, "j");
    assert_eq!(at(&state), Some(Key::Run("search".into(), RunId(2))));
    press(&mut state, "enter");
    assert_eq!(state.interface.screen, Screen::Detail("search".into()));
    assert_eq!(state.interface.tab, DetailTab::Pipeline);
    press(&mut state, "-");
    assert_eq!(state.interface.screen, Screen::Pipelines);
}

#[test]
fn a_job_that_nobody_played_in_an_old_pipeline_asks_for_nobody() {
    let mut state = world();
    add_run(&mut state, "billing", 4, Phase::Gated, 9_000);
    let overviews = &state.interface.overviews;
    let last = items(&state.engine, overviews, Overview::Runs, state.now).pop();
    let last = last.map(|item| item.key());
    assert_eq!(last, Some(Key::Run("billing".into(), RunId(4))));
}

#[test]
fn the_cursor_stays_on_its_run_when_a_worse_one_comes() {
    let mut state = world();
    press(&mut state, "4 j");
    add_run(&mut state, "billing", 4, Phase::Failed, 1);
    press(&mut state, "t");
    assert_eq!(at(&state), Some(Key::Run("search".into(), RunId(2))));
    assert_eq!(
        state.interface.overviews.of(Overview::Runs).list.selected,
        2
    );
    // At the top it follows what is worst.
    press(&mut state, "g");
    assert_eq!(at(&state), Some(Key::Run("billing".into(), RunId(4))));
}

#[test]
fn tabs_change_between_runs_and_pull_requests_and_o_opens_the_page() {
    let mut state = world();
    press(&mut state, "4 ]");
    assert_eq!(state.interface.overview(), Some(Overview::PullRequests));
    press(&mut state, "tab");
    assert_eq!(state.interface.overview(), Some(Overview::Runs));
    let effects = press(&mut state, "o");
    assert!(
        matches!(effects.as_slice(), [crate::app::effect::Effect::Browse(page)] if page.ends_with("/runs/3")),
        "{effects:?}"
    );
}

#[test]
fn an_empty_list_takes_every_key() {
    let mut state = state();
    for row in &mut state.engine.board.rows {
        for cell in &mut row.cells {
            cell.in_flight = None;
        }
    }
    press(&mut state, "5 j k g G ctrl-d pagedown enter o y ] tab");
    assert_eq!(state.interface.screen, Screen::Tasks);
    press(&mut state, "esc");
    assert_eq!(state.interface.screen, Screen::Board);
}

#[test]
fn a_list_is_sorted_by_need_newest_or_service_and_each_keeps_its_own() {
    let mut state = world();
    press(&mut state, "4");
    let services = |state: &State| {
        let overviews = &state.interface.overviews;
        let items = items(&state.engine, overviews, Overview::Runs, state.now);
        let names = items.iter().filter_map(|item| item.service());
        names.map(ServiceName::as_str).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(services(&state), "web search api");
    press(&mut state, "j s");
    assert_eq!(services(&state), "search api web");
    assert_eq!(
        at(&state),
        Some(Key::Run("search".into(), RunId(2))),
        "the cursor stays on its line"
    );
    press(&mut state, "s");
    assert_eq!(services(&state), "api search web");
    press(&mut state, "]");
    let of = |overview| state.interface.overviews.of(overview).sort;
    assert_eq!(of(Overview::PullRequests), ListSort::Need);
    assert_eq!(of(Overview::Runs), ListSort::Service);
    press(&mut state, "[ : 'sort_newest enter");
    assert_eq!(services(&state), "search api web");
}
