use super::super::super::harness::{now, on, press, running, selected, state};
use super::*;
use crate::app::effect::LogOrder;
use crate::app::msg::{LogAnswer, Msg};
use crate::app::update;
use crate::domain::ids::JobId;
use crate::domain::log::{End, Extent, Line};
use crate::domain::observed::Fact;
use crate::domain::phase::Phase;
use crate::domain::pipeline::Job;

/// A wide board on which something moves into production of these.
fn moving(services: &[&str]) -> State {
    let mut state = state();
    (state.interface.columns, state.interface.rows) = (200, 60);
    for service in services {
        running(&mut state, service, "production");
        let job = Job {
            id: JobId(1),
            name: "deploy".to_owned(),
            raw: "running".to_owned(),
            phase: Phase::Running,
            started_at: Some(now()),
            completed_at: None,
            url: None,
        };
        let key = ((*service).into(), RunId(8812));
        state
            .engine
            .jobs
            .insert(key, Fact::observed(vec![job], now()));
    }
    state
}

fn at(state: &mut State, seconds: i64) -> Vec<(u64, ServiceName, LogOrder)> {
    let at = now() + SignedDuration::from_secs(seconds);
    orders(update(state, at, Msg::Tick), state)
}

fn orders(effects: Vec<Effect>, state: &State) -> Vec<(u64, ServiceName, LogOrder)> {
    let about = |effect| match effect {
        Effect::Log { ticket, order, .. } => {
            let of = state.interface.tailed().cloned();
            Some((ticket, of.expect("a log beside the board"), order))
        }
        _ => None,
    };
    effects.into_iter().filter_map(about).collect()
}

fn answer(state: &mut State, ticket: u64, answer: LogAnswer) -> Vec<(u64, ServiceName, LogOrder)> {
    let at = state.now;
    let effects = update(state, at, Msg::Log { ticket, answer });
    orders(effects, state)
}

fn of(state: &State) -> Option<&str> {
    state.interface.tailed().map(ServiceName::as_str)
}

fn extent(lines: u64, end: End) -> LogAnswer {
    LogAnswer::Extent(Ok(Extent {
        lines,
        bytes: lines * 10,
        end,
        ranged: true,
        ..Extent::default()
    }))
}

/// The log of api, with a hundred lines that were read.
fn read() -> State {
    let mut state = moving(&["api"]);
    let fetch = at(&mut state, 0);
    let lines = answer(&mut state, fetch[0].0, extent(100, End::Growing));
    let LogOrder::Lines { from, .. } = lines[0].2 else {
        panic!("{lines:?}");
    };
    let all = (from..100).map(|number| Line::read(&format!("line {number}")));
    let some = LogAnswer::Lines {
        from,
        lines: all.collect(),
    };
    assert!(answer(&mut state, lines[0].0, some).is_empty());
    state
}

#[test]
fn the_log_of_what_is_in_flight_is_asked_for_where_it_is_seen_alone() {
    let mut state = moving(&["api"]);
    let asked = at(&mut state, 0);
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(asked[0].2, LogOrder::Fetch);
    assert!(state.engine.watched.contains("api"), "its jobs are read");
    for (columns, rows) in [(159, 60), (200, 39)] {
        let mut narrow = moving(&["api"]);
        (narrow.interface.columns, narrow.interface.rows) = (columns, rows);
        assert!(at(&mut narrow, 0).is_empty(), "{columns}x{rows}");
        assert_eq!(of(&narrow), None);
    }
    assert!(at(&mut moving(&[]), 0).is_empty(), "nothing is in flight");
    let mut elsewhere = moving(&["api"]);
    press(&mut elsewhere, "3");
    assert!(at(&mut elsewhere, 5).is_empty(), "the board is not seen");
    let mut offline = moving(&["api"]);
    offline.engine.offline = true;
    assert!(at(&mut offline, 0).is_empty());
    let mut frozen = read();
    press(&mut frozen, "z");
    assert!(at(&mut frozen, 60).is_empty());
}

#[test]
fn what_is_under_the_cursor_goes_before_the_first_but_not_at_every_key() {
    let mut state = moving(&["api", "search", "web"]);
    on(&mut state, "billing", "production");
    at(&mut state, 0);
    let first = of(&state).map(str::to_owned);
    assert!(first.is_some());
    on(&mut state, "search", "production");
    at(&mut state, 5);
    assert_eq!(of(&state), Some("search"));
    on(&mut state, "web", "production");
    assert!(at(&mut state, 6).is_empty(), "not yet");
    assert_eq!(of(&state), Some("search"));
    assert_eq!(at(&mut state, 8).len(), 1);
    assert_eq!(of(&state), Some("web"));
    on(&mut state, "billing", "production");
    at(&mut state, 20);
    assert_eq!(
        of(&state),
        Some("web"),
        "what is shown stays while it moves"
    );
}

#[test]
fn a_log_that_is_not_there_yet_is_left_alone_for_longer_than_one_that_was_asked_for() {
    let mut state = moving(&["api"]);
    let asked = at(&mut state, 0);
    let not_yet = End::NotYet("when its job has ended".to_owned());
    answer(&mut state, asked[0].0, extent(0, not_yet));
    assert!(at(&mut state, 29).is_empty());
    assert_eq!(at(&mut state, 31).len(), 1);
}

#[test]
fn tab_gives_it_the_keys_and_takes_the_cursor_there() {
    let mut state = read();
    on(&mut state, "billing", "production");
    press(&mut state, "shift-tab");
    assert_eq!(state.interface.pane, Pane::Log);
    assert_eq!(selected(&state), "api", "acts are about what has the keys");
    let pane = |state: &State| state.interface.tail.logs.pane.as_ref().unwrap().top;
    assert_eq!(pane(&state), None);
    press(&mut state, "f");
    assert!(pane(&state).is_some(), "f stops it");
    press(&mut state, "g");
    assert_eq!(pane(&state), Some(0));
    press(&mut state, "w");
    assert!(state.interface.tail.logs.wrap && state.interface.log.wrap);
    press(&mut state, "w");
    assert!(!state.interface.tail.logs.wrap && state.interface.log.wrap);
    press(&mut state, "esc");
    assert_eq!(state.interface.pane, Pane::Rows);
    assert_eq!(state.interface.screen, Screen::Board);
    assert_eq!(pane(&state), None, "it goes on when it is left");
    press(&mut state, "tab tab tab tab");
    assert_eq!(state.interface.pane, Pane::Rows, "round and round");
}

#[test]
fn enter_shows_it_on_the_whole_screen_and_answers_go_to_the_log_that_asked() {
    let mut state = read();
    press(&mut state, "shift-tab");
    let at = state.now;
    let asked: Vec<u64> = press(&mut state, "enter")
        .iter()
        .filter_map(|effect| match effect {
            Effect::Log { ticket, .. } => Some(*ticket),
            _ => None,
        })
        .collect();
    assert_eq!(state.interface.screen, Screen::Detail("api".into()));
    assert_eq!(state.interface.tab, DetailTab::Log);
    let message = Msg::Log {
        ticket: asked[0],
        answer: extent(7, End::Complete),
    };
    update(&mut state, at, message);
    let lines = |logs: &Logs| logs.pane.as_ref().map(|pane| pane.extent.lines);
    assert_eq!(lines(&state.interface.log), Some(7));
    assert_eq!(lines(&state.interface.tail.logs), None);
}

#[test]
fn what_has_ended_stays_as_long_as_it_is_being_read() {
    let mut state = read();
    press(&mut state, "shift-tab");
    for row in &mut state.engine.board.rows {
        for cell in &mut row.cells {
            cell.in_flight = None;
        }
    }
    at(&mut state, 30);
    assert_eq!(of(&state), Some("api"));
    press(&mut state, "esc");
    assert_eq!(of(&state), None);
    press(&mut state, "shift-tab");
    assert_eq!(state.interface.pane, Pane::Forges);
}
