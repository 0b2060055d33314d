//! The board's keys: moving, marking, peeking, sorting, filtering.

use tui_input::Input;

use super::choice::travel;
use super::{Cursor, Interface, Overlay, Pane, Screen, Sort, detail, order};
use crate::app::command::Command;
use crate::app::state::State;

/// How many lines the peek takes, its title included; none where there is no room for it.
pub fn peek_height(interface: &Interface) -> u16 {
    if !interface.peek || interface.rows < 24 || interface.columns < 80 {
        return 0;
    }
    (interface.rows * 3 / 10).clamp(7, 18)
}

/// How many lines there are for rows: what header, titles, peek and footer leave.
///
/// ```text
///  header            2, below 24 lines 1
///  board's title     1
///  column heads      1
///  rows              what this returns
///  peek              peek_height
///  footer            4, below 24 lines 2
/// ```
pub fn board_height(interface: &Interface) -> u16 {
    let frame = if interface.rows < 24 { 5 } else { 8 };
    interface
        .rows
        .saturating_sub(frame + peek_height(interface))
        .max(1)
}

pub(super) fn run(state: &mut State, command: Command) {
    let interface = &mut state.interface;
    match command {
        Command::Left => across(state, false),
        Command::Right => across(state, true),
        Command::Open => {
            if let Some(cursor) = &interface.cursor {
                let service = cursor.service.clone();
                interface.show(Screen::Detail(service));
            }
        }
        Command::Mark => {
            if let Some(service) = interface
                .cursor
                .as_ref()
                .map(|cursor| cursor.service.clone())
            {
                if !interface.marks.remove(&service) {
                    interface.marks.insert(service);
                }
                down(interface, Command::Down);
            }
        }
        Command::Peek => {
            interface.peek = !interface.peek;
            interface.pane = Pane::Rows;
        }
        Command::NextPane | Command::PreviousPane => {
            interface.pane = match interface.pane {
                Pane::Rows if peek_height(interface) > 0 => Pane::Peek,
                Pane::Rows | Pane::Peek => Pane::Rows,
            };
        }
        Command::Filter => {
            let before = interface.filter.clone();
            interface.overlays.push(Overlay::Filter {
                input: Input::new(before.clone()),
                before,
            });
        }
        Command::NextMatch | Command::PreviousMatch => {
            let count = interface.order.len();
            if let Some(place) = interface.place() {
                let forward = command == Command::NextMatch;
                go(interface, super::choice::turn(place, count, forward));
            }
        }
        Command::Sort => {
            interface.sort = match interface.sort {
                Sort::Risk => Sort::Name,
                Sort::Name => Sort::Risk,
            };
            interface.reorder(&state.engine, state.now);
        }
        Command::Freeze => {
            interface.frozen = match interface.frozen {
                Some(_) => None,
                None => Some(state.now),
            };
        }
        // One level at a time: pane, filter, marks.
        Command::Close => {
            if interface.pane == Pane::Peek {
                interface.pane = Pane::Rows;
            } else if !interface.filter.is_empty() {
                interface.filter.clear();
                interface.reorder(&state.engine, state.now);
            } else {
                interface.marks.clear();
            }
        }
        _ if interface.pane == Pane::Peek => detail::scroll(state, command),
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
    if let (Some(service), Some(cursor)) = (interface.order.get(place), &mut interface.cursor) {
        if cursor.service != *service {
            cursor.service = service.clone();
            interface.detail_offset = 0;
        }
    }
    interface.toured(0);
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
        Screen::Board | Screen::Timeline => order::columns(&state.engine.policy),
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
    }
    state.interface.toured(0);
}
