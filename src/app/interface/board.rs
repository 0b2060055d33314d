//! The board's keys: moving, marking, peeking, sorting, filtering.

use super::choice::travel;
use super::{
    Cursor, Interface, Overlay, Pane, Screen, arrangement, detail, filter, forges, log, marking,
    order, tour,
};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::state::State;
use crate::app::view::Shape;

/// How many lines the peek takes, its title included; none where there is no room for it.
pub fn peek_height(interface: &Interface) -> u16 {
    Shape::of(interface).peek
}

/// How many lines there are for rows: what header, titles, peek and footer leave.
pub fn board_height(interface: &Interface) -> u16 {
    u16::try_from(Shape::of(interface).matrix())
        .unwrap_or(u16::MAX)
        .max(1)
}

/// Whether a command only moves the cursor on the board: then every row says what it said.
pub(super) fn only_moves(interface: &Interface, command: Command) -> bool {
    let on_rows = interface.overlays.is_empty()
        && interface.screen == Screen::Board
        && interface.pane == Pane::Rows;
    on_rows
        && matches!(
            command,
            Command::Up
                | Command::Down
                | Command::Left
                | Command::Right
                | Command::HalfUp
                | Command::HalfDown
                | Command::PageUp
                | Command::PageDown
                | Command::First
                | Command::Last
                | Command::NextMatch
                | Command::PreviousMatch
        )
}

pub(super) fn run(state: &mut State, command: Command) -> Vec<Effect> {
    if state.interface.pane == Pane::Log && log::takes(command) {
        return log::run(state, command);
    }
    on_rows(state, command);
    Vec::new()
}

fn on_rows(state: &mut State, command: Command) {
    let interface = &mut state.interface;
    let in_side = interface.pane == Pane::Forges && Shape::of(interface).side > 0;
    match command {
        Command::Open if in_side => forges::side(state, command),
        Command::Open if interface.pane == Pane::Log => log::enlarge(state),
        Command::Left => across(state, false),
        Command::Right => across(state, true),
        Command::Open => {
            if let Some(cursor) = &interface.cursor {
                let service = cursor.service.clone();
                detail::open(state, service);
            }
        }
        Command::Mark => {
            let ranged = interface.range.is_some();
            marking::run(interface, command);
            if !ranged {
                down(interface, Command::Down);
            }
        }
        Command::Range | Command::MarkAll => marking::run(interface, command),
        Command::Peek => {
            interface.peek = !interface.peek;
            interface.pane = Pane::Rows;
        }
        Command::NextPane => log::turn_pane(interface, true),
        Command::PreviousPane => log::turn_pane(interface, false),
        Command::Filter => filter::open(interface),
        Command::NextMatch | Command::PreviousMatch => {
            let count = interface.order.len();
            if let Some(place) = interface.place() {
                let forward = command == Command::NextMatch;
                go(interface, super::choice::turn(place, count, forward));
            }
        }
        Command::Sort | Command::GroupBy => arrangement::cycle(state, command),
        Command::Columns => interface.overlays.push(Overlay::Columns { selected: 0 }),
        // One level at a time: pane, range, filter, marks.
        Command::Close => {
            if interface.pane != Pane::Rows {
                interface.pane = Pane::Rows;
            } else if interface.range.is_some() {
                interface.range = None;
            } else if !interface.filter.is_empty() {
                interface.filter.clear();
                interface.arrange(&state.engine, state.now);
            } else if interface.marks.is_empty() {
                interface.skip_tour(state.now);
            } else {
                interface.marks.clear();
            }
        }
        _ if interface.pane == Pane::Peek => detail::scroll(state, command),
        _ if in_side => forges::side(state, command),
        _ => down(interface, command),
    }
}

fn down(interface: &mut Interface, command: Command) {
    let height = usize::from(board_height(interface));
    let Some(place) = interface.place() else {
        return;
    };
    if let Some(to) = travel(command, place, interface.order.len(), height) {
        go(interface, to);
    }
}

fn go(interface: &mut Interface, place: usize) {
    if let (Some(service), Some(cursor)) = (interface.order.get(place), &mut interface.cursor)
        && cursor.service != *service
    {
        cursor.service = service.clone();
        interface.detail_offset = 0;
    }
    interface.toured(tour::Step::Move);
}

/// Moves the cursor one environment along the columns.
pub(super) fn across(state: &mut State, forward: bool) {
    let columns = match &state.interface.screen {
        // A service's detail shows its own path only.
        Screen::Detail(service) => state
            .engine
            .policy
            .service(service)
            .map(|service| {
                service
                    .path
                    .iter()
                    .map(|stage| stage.environment.clone())
                    .collect()
            })
            .unwrap_or_default(),
        Screen::Board
        | Screen::Timeline
        | Screen::Release
        | Screen::Pipelines
        | Screen::Tasks
        | Screen::Holds
        | Screen::Forge(_) => order::columns(&state.engine.policy),
    };
    let Some(cursor) = &mut state.interface.cursor else {
        return;
    };
    let place = columns
        .iter()
        .position(|column| *column == cursor.environment);
    let to = match (place, forward) {
        (Some(place), true) => place + 1,
        (Some(place), false) => place.saturating_sub(1),
        (None, _) => 0,
    };
    if let Some(environment) = columns.get(to.min(columns.len().saturating_sub(1))) {
        *cursor = Cursor {
            service: cursor.service.clone(),
            environment: environment.clone(),
        };
        state.interface.detail_offset = 0;
        detail::to_first_closed(state);
    }
    state.interface.toured(tour::Step::Move);
}

#[cfg(test)]
mod tests {
    use super::super::harness::{fresh, judge, now, on, press, said, selected, stale, state, top};
    use super::super::{Screen, Sort};
    use super::*;
    use crate::app::msg::Msg;
    use crate::app::update;
    use crate::domain::gate;
    use crate::domain::ids::ServiceName;

    fn order(state: &State) -> Vec<&str> {
        state
            .interface
            .order
            .iter()
            .map(ServiceName::as_str)
            .collect()
    }

    #[test]
    fn what_needs_somebody_comes_first_and_sort_changes_to_names() {
        let mut state = state();
        assert_eq!(order(&state), ["api", "search", "billing", "web"]);
        press(&mut state, "s");
        assert_eq!(state.interface.sort, Sort::Name);
        assert_eq!(order(&state), ["api", "billing", "search", "web"]);
    }

    #[test]
    fn keys_move_the_cursor() {
        let table = [
            ("", "api"),
            ("j", "search"),
            ("down j", "billing"),
            ("j k", "api"),
            ("k", "api"),
            ("G", "web"),
            ("end", "web"),
            ("G g", "api"),
            ("G j", "web"),
            ("ctrl-d", "web"),
            ("pagedown pageup", "api"),
            ("n n", "billing"),
            ("N", "web"),
        ];
        for (keys, expected) in table {
            let mut state = state();
            press(&mut state, keys);
            assert_eq!(selected(&state), expected, "{keys:?}");
        }
    }

    #[test]
    fn the_cursor_goes_along_the_columns() {
        let mut state = state();
        let environment = |state: &State| {
            let cursor = state.interface.cursor.clone().expect("a cursor");
            cursor.environment.to_string()
        };
        assert_eq!(environment(&state), "production");
        press(&mut state, "h");
        assert_eq!(environment(&state), "staging");
        press(&mut state, "h left");
        assert_eq!(environment(&state), "staging");
        press(&mut state, "l right");
        assert_eq!(environment(&state), "production");
    }

    #[test]
    fn the_cursor_stays_on_its_service_when_rows_move() {
        let mut state = state();
        press(&mut state, "j");
        assert_eq!(selected(&state), "search");
        judge(
            &mut state.engine.board,
            "search",
            "production",
            gate::State::Closed,
        );
        press(&mut state, "t");
        assert_eq!(order(&state), ["api", "billing", "search", "web"]);
        assert_eq!(selected(&state), "search");
    }

    #[test]
    fn rows_never_move_under_a_dialog_or_when_frozen() {
        for keys in ["P", "H", "z"] {
            let mut state = state();
            press(&mut state, keys);
            judge(
                &mut state.engine.board,
                "api",
                "production",
                gate::State::Closed,
            );
            press(&mut state, "k");
            assert_eq!(order(&state), ["api", "search", "billing", "web"], "{keys}");
            press(&mut state, if keys == "z" { "z" } else { "esc" });
            assert_eq!(order(&state), ["search", "api", "billing", "web"], "{keys}");
        }
    }

    #[test]
    fn the_filter_narrows_while_typing_by_service_group_environment_and_state() {
        let table = [
            ("'bil", vec!["billing"]),
            ("'money", vec!["billing"]),
            ("'front_ready", vec!["api", "search"]),
            ("'gated", vec!["billing"]),
            ("'production", vec!["api", "search", "billing", "web"]),
            ("'zzz", vec![]),
        ];
        for (typed, expected) in table {
            let mut state = state();
            press(&mut state, &format!("/ {typed}"));
            assert_eq!(order(&state), expected, "{typed}");
            press(&mut state, "enter");
            assert_eq!(top(&state), "none");
            assert_eq!(order(&state), expected, "{typed} kept");
            press(&mut state, "esc");
            assert_eq!(order(&state).len(), 4, "{typed} cleared");
        }
    }

    #[test]
    fn a_filter_that_nobody_understands_shows_and_marks_nothing_and_enter_says_why() {
        for typed in ["stat:ready", "foo:bar", "state:blue", "behind:many"] {
            let mut state = state();
            press(&mut state, &format!("/ '{typed} enter"));
            assert!(order(&state).is_empty(), "{typed}");
            let why = state.interface.filter_problems(typed).join("");
            assert_eq!(said(&state), why, "{typed}");
            press(&mut state, "*");
            assert!(state.interface.marks.is_empty(), "{typed}");
        }
    }

    #[test]
    fn esc_in_the_filter_goes_back_to_what_was_there() {
        let mut state = state();
        press(&mut state, "/ 'bil enter / end backspace backspace 'ont");
        assert_eq!(state.interface.filter, "bont");
        press(&mut state, "esc");
        assert_eq!(state.interface.filter, "bil");
        assert_eq!(order(&state), ["billing"]);
        assert_eq!(selected(&state), "billing");
    }

    #[test]
    fn the_filter_begins_anew_unless_somebody_goes_on_with_it() {
        for (keys, filter) in [
            ("'web", "web"),
            ("end 'l", "bill"),
            ("right 'l", "bill"),
            ("left 'x", "bixl"),
            ("backspace", ""),
            ("enter", "bil"),
            ("esc", "bil"),
            ("down enter", "bil"),
            ("'web esc", "bil"),
        ] {
            let mut state = state();
            press(&mut state, "/ 'bil enter /");
            assert_eq!(state.interface.filter, "bil", "it filters on");
            press(&mut state, keys);
            assert_eq!(state.interface.filter, filter, "{keys}");
        }
        let mut state = state();
        press(&mut state, "/ 'bil enter /");
        let now = state.now;
        update(&mut state, now, Msg::Paste("web".to_owned()));
        assert_eq!(state.interface.filter, "web");
    }

    #[test]
    fn a_row_that_is_filtered_away_leaves_the_cursor_on_the_nearest() {
        let mut state = state();
        press(&mut state, "G / 'front");
        assert_eq!(order(&state), ["api", "search", "web"]);
        assert_eq!(selected(&state), "web");
        press(&mut state, "esc g j j / 'front");
        assert_eq!(selected(&state), "web");
    }

    #[test]
    fn space_marks_and_moves_on_and_esc_takes_the_marks_away() {
        let mut state = state();
        press(&mut state, "space space");
        let marks: Vec<&str> = state
            .interface
            .marks
            .iter()
            .map(ServiceName::as_str)
            .collect();
        assert_eq!(marks, ["api", "search"]);
        assert_eq!(selected(&state), "billing");
        press(&mut state, "k space");
        assert_eq!(state.interface.marks.len(), 1);
        press(&mut state, "esc");
        assert!(state.interface.marks.is_empty());
    }

    #[test]
    fn the_cursor_is_always_in_sight() {
        let mut state = state();
        let resized = Msg::Resized {
            columns: 80,
            rows: 7,
        };
        update(&mut state, now(), resized);
        assert_eq!(board_height(&state.interface), 2);
        press(&mut state, "G");
        assert_eq!(state.interface.offset, 2);
        press(&mut state, "g");
        assert_eq!(state.interface.offset, 0);
    }

    #[test]
    fn rows_that_come_in_above_do_not_keep_the_top_out_of_sight() {
        let mut state = state();
        let resized = Msg::Resized {
            columns: 80,
            rows: 7,
        };
        update(&mut state, now(), resized);
        for service in ["search", "billing", "web"] {
            stale(&mut state, service);
        }
        press(&mut state, "t");
        assert_eq!(selected(&state), "api");
        assert_eq!(state.interface.offset, 2, "the cursor is the last row");
        for service in ["billing", "web"] {
            fresh(&mut state, service);
        }
        press(&mut state, "t");
        assert_eq!(order(&state), ["search", "api", "billing", "web"]);
        assert_eq!(state.interface.offset, 0, "what is stale shows again");
    }

    #[test]
    fn a_stale_row_asks_for_somebody_before_a_ready_one() {
        let mut state = state();
        stale(&mut state, "web");
        press(&mut state, "t");
        assert_eq!(order(&state), ["web", "api", "search", "billing"]);
    }

    #[test]
    fn views_open_and_esc_and_minus_go_back() {
        let mut state = state();
        press(&mut state, "enter");
        assert_eq!(state.interface.screen, Screen::Detail("api".into()));
        assert_eq!(
            state.engine.watched.iter().cloned().collect::<Vec<_>>(),
            ["api".into()]
        );
        press(&mut state, "esc");
        assert_eq!(state.interface.screen, Screen::Board);
        press(&mut state, "3 -");
        assert_eq!(state.interface.screen, Screen::Board);
        press(&mut state, "-");
        assert_eq!(state.interface.screen, Screen::Timeline);
        press(&mut state, "1 ? esc M esc !");
        assert_eq!(top(&state), "errors");
    }

    #[test]
    fn the_browser_the_clipboard_and_suspend_are_effects() {
        let mut state = state();
        assert_eq!(
            press(&mut state, "o"),
            [Effect::Browse("https://api.example/production".to_owned())]
        );
        assert_eq!(press(&mut state, "ctrl-z"), [Effect::Suspend]);
        let copied = press(&mut state, "y");
        let [Effect::Copy(text)] = copied.as_slice() else {
            panic!("{copied:?}");
        };
        assert!(text.starts_with("api production: "), "{text}");
        assert!(text.contains("soak: open: 6h of 24h"), "{text}");
        assert_eq!(said(&state), "");
    }

    /// What is watched after a move is what would be watched after anything else.
    #[test]
    fn a_move_leaves_nothing_that_is_in_sight_unwatched() {
        let mut state = state();
        for key in ["j", "j", "k", "l", "G", "h", "g", "ctrl-d"] {
            press(&mut state, key);
            let moved = state.engine.watched.clone();
            assert!(!moved.is_empty());
            let now = state.now;
            crate::app::update(&mut state, now, crate::app::Msg::Tick);
            assert_eq!(moved, state.engine.watched, "after {key}");
        }
    }

    #[test]
    fn refresh_reads_the_selected_service_and_the_journal() {
        let mut state = state();
        let effects = press(&mut state, "r");
        assert!(matches!(effects.first(), Some(Effect::ReadJournal { .. })));
        assert!(effects.iter().any(|effect| matches!(
            effect,
            Effect::Fetch {
                question: crate::app::effect::Question::Facts(targets),
                ..
            } if targets.iter().any(|target| target.service.as_str() == "api")
        )));
        on(&mut state, "api", "production");
        state.engine.offline = true;
        press(&mut state, "r");
        assert!(said(&state).starts_with("offline"));
    }
}
