//! Help, errors and messages: lists over the screen that change nothing.

use tui_input::Input;

use super::choice::travel;
use super::{ListCursor, Overlay, changes, leave, link, results};
use crate::app::command::{self, Command};
use crate::app::effect::Effect;
use crate::app::state::State;

/// Opens a list; messages begin at the newest.
pub(super) fn open(state: &mut State, command: Command) {
    let overlay = match command {
        Command::Errors => Overlay::Errors {
            list: ListCursor::default(),
        },
        Command::Messages => Overlay::Messages { offset: 0 },
        Command::Results => return results::open(state),
        _ => Overlay::Help {
            offset: 0,
            search: Input::default(),
            typing: false,
        },
    };
    state.interface.overlays.push(overlay);
}

pub(super) fn run(state: &mut State, command: Command) -> Vec<Effect> {
    let showing = match state.interface.overlays.last() {
        Some(Overlay::Errors { .. }) => Command::Errors,
        Some(Overlay::Changes { .. }) => Command::Changes,
        Some(Overlay::Messages { .. }) => Command::Messages,
        Some(Overlay::Results { .. }) => Command::Results,
        _ => Command::Help,
    };
    if showing == Command::Help && searched(state, command) {
        return Vec::new();
    }
    match command {
        Command::Close => close(state),
        Command::Changes => {
            let closed = matches!(
                state.interface.overlays.last(),
                Some(Overlay::Changes { .. })
            );
            close(state);
            if !closed {
                changes::open(state);
            }
        }
        Command::Errors | Command::Messages | Command::Results | Command::Help => {
            close(state);
            // The same key again closes, another one changes over.
            if command != showing {
                open(state, command);
            }
        }
        Command::Palette => {
            close(state);
            return super::screen(state, command);
        }
        Command::Quit => return leave::ask(state),
        Command::Copy => return link::copy(state),
        _ => travel_in(state, command),
    }
    Vec::new()
}

/// The keys of the line in which the help is searched. Says whether it was one of them.
fn searched(state: &mut State, command: Command) -> bool {
    let Some(Overlay::Help {
        offset,
        search,
        typing,
    }) = state.interface.overlays.last_mut()
    else {
        return false;
    };
    match command {
        // The last words stay until others are typed.
        Command::Search => {
            *search = Input::default();
            *typing = true;
        }
        Command::Open if *typing => *typing = false,
        // One level: the words first, then the list.
        Command::Close if *typing || !search.value().is_empty() => {
            *search = Input::default();
            *typing = false;
        }
        _ => return false,
    }
    *offset = 0;
    true
}

/// Closes the list; what was shown of errors and messages has been read.
fn close(state: &mut State) {
    if let Some(Overlay::Changes { .. }) = state.interface.overlays.last() {
        return changes::close(state);
    }
    match state.interface.overlays.pop() {
        Some(Overlay::Errors { .. }) => {
            for problem in &mut state.interface.problems {
                problem.read = true;
            }
            state.interface.said_is_read();
        }
        Some(Overlay::Messages { .. } | Overlay::Results { .. }) => state.interface.said_is_read(),
        _ => {}
    }
}

fn travel_in(state: &mut State, command: Command) {
    let height = usize::from(state.interface.rows.saturating_sub(6)).max(1);
    let sections = command::help(state);
    let messages = state.interface.messages.len();
    let problems = state.interface.problems.len();
    let results = state.interface.batch.as_ref().map_or(0, |it| it.rows.len());
    let changed = match state.interface.overlays.last() {
        Some(Overlay::Changes { .. }) => changes::lines(state).len(),
        _ => 0,
    };
    match state.interface.overlays.last_mut() {
        Some(Overlay::Results { offset }) => {
            if let Some(to) = travel(command, *offset, results, height) {
                *offset = to;
            }
        }
        Some(Overlay::Help { offset, .. }) => {
            // A heading and a line each; the last page stays full where lines are one a key.
            let count: usize = sections.iter().map(|section| section.hints.len() + 1).sum();
            if let Some(to) = travel(command, *offset, count, height) {
                *offset = to;
            }
        }
        Some(Overlay::Changes { offset }) => {
            if let Some(to) = travel(command, *offset, changed, height) {
                *offset = to;
            }
        }
        Some(Overlay::Messages { offset }) => {
            if let Some(to) = travel(command, *offset, messages, height) {
                *offset = to;
            }
        }
        Some(Overlay::Errors { list }) => {
            if let Some(to) = travel(command, list.selected, problems, height) {
                list.select(to, height);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::super::Problem;
    use super::super::harness::{press, state, top};
    use super::*;
    use crate::app::view::view;

    fn problem(subject: &str) -> Problem {
        let at = super::super::harness::now() + SignedDuration::from_nanos(123);
        Problem {
            at,
            count: 1,
            last_at: at,
            subject: subject.to_owned(),
            why: "502".to_owned(),
            hint: None,
            request: None,
            read: false,
        }
    }

    fn shown(state: &State) -> String {
        let drawn = view(state);
        let dialog = drawn.over.last().expect("a list");
        let spans = dialog.lines.iter().flat_map(|line| &line.0);
        spans.map(|span| span.text.as_str()).collect()
    }

    #[test]
    fn y_copies_the_error_that_is_marked_to_the_second() {
        let mut state = state();
        state.interface.problems = vec![problem("older"), problem("newer")];
        for (keys, line) in [
            ("! y", "2026-11-21T14:20:00Z newer: 502"),
            ("j y", "2026-11-21T14:20:00Z older: 502"),
        ] {
            let copied = press(&mut state, keys);
            assert_eq!(copied, [Effect::Copy(line.to_owned())]);
        }
    }

    #[test]
    fn the_help_is_searched_and_esc_takes_the_words_back_first() {
        let mut state = state();
        press(&mut state, "? / 'roll_back");
        let text = shown(&state);
        assert!(text.contains("last verified revision"), "{text}");
        assert!(!text.contains("the timeline"), "{text}");
        press(&mut state, "enter");
        assert!(!state.interface.is_typing());
        assert!(!shown(&state).contains("the timeline"));
        press(&mut state, "esc");
        assert_eq!(top(&state), "help");
        assert!(shown(&state).contains("half a page down"));
        press(&mut state, "/ 'zzz");
        assert!(shown(&state).contains("no key here has these words"));
        press(&mut state, "esc esc");
        assert_eq!(top(&state), "none");
    }

    #[test]
    fn letting_go_of_the_mouse_is_said() {
        let mut state = state();
        state.interface.mouse = true;
        press(&mut state, "%");
        let said = super::super::harness::said(&state).to_owned();
        assert!(said.contains("is let go"), "{said}");
        press(&mut state, "%");
        let said = super::super::harness::said(&state).to_owned();
        assert!(said.contains("lets go of it"), "{said}");
        assert!(!state.interface.let_go);
    }

    #[test]
    fn several_lines_are_said_to_be_copied_in_one() {
        let mut state = state();
        let now = state.now;
        state.interface.say(true, "ok\nnext: 2".to_owned(), now);
        assert_eq!(super::super::harness::said(&state), "ok  next: 2");
    }
}
