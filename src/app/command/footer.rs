//! The footer: which commands it lists in each context, most useful first, and which of them mean
//! something on the screen of the moment. How one reads is in `hints`; how many fit a line is a matter
//! of the ui.

use compact_str::format_compact;

use super::blocked::NO_ROW;
use super::hints::{Hint, hint};
use super::{Command, Context};
use crate::app::interface::{Overlay, Screen};
use crate::app::state::State;

/// What the footer lists per context, most useful first. Several commands share one place where
/// people read them as one: `j/k`.
const FOOTER: [(Context, &[&[Command]]); 8] = [
    (
        Context::Board,
        &[
            &[Command::Promote],
            &[Command::Hold],
            &[Command::Gates],
            &[Command::Override],
            &[Command::Rollback],
            &[Command::Approve],
            &[Command::Cancel],
            &[Command::Open],
            &[Command::Help],
            &[Command::Down, Command::Up],
            &[Command::Mark],
            &[Command::Filter],
            &[Command::Sort],
            &[Command::Peek],
            &[Command::Browse],
            &[Command::Copy],
            &[Command::Refresh],
            &[Command::Freeze],
            &[Command::Timeline],
            &[Command::Zone],
            &[Command::Palette],
            &[Command::Quit],
            &[Command::GroupBy],
            &[Command::Columns],
            &[Command::Watch],
            &[Command::NextPane],
            &[Command::Changes],
            &[Command::Releases],
            &[Command::Pipelines],
            &[Command::Tasks],
            &[Command::Errors],
            &[Command::Messages],
        ],
    ),
    (
        Context::Detail,
        &[
            &[Command::Promote],
            &[Command::Hold],
            &[Command::Gates],
            &[Command::Override],
            &[Command::Rollback],
            &[Command::Approve],
            &[Command::Cancel],
            &[Command::PreviousTab, Command::NextTab],
            &[Command::Left, Command::Right],
            &[Command::Down, Command::Up],
            &[Command::Close],
            &[Command::Help],
            &[Command::Browse],
            &[Command::Copy],
            &[Command::Nudge],
            &[Command::Refresh],
            &[Command::Zone],
            &[Command::Palette],
        ],
    ),
    (
        Context::Timeline,
        &[
            &[Command::Down, Command::Up],
            &[Command::Open],
            &[Command::Filter],
            &[Command::Follow],
            &[Command::Entries],
            &[Command::Sort],
            &[Command::Close],
            &[Command::Help],
            &[Command::Copy],
            &[Command::ExportEntries],
            &[Command::Columns],
            &[Command::Zone],
            &[Command::Palette],
        ],
    ),
    (
        Context::Release,
        &[
            &[Command::VoteRelease],
            &[Command::StartRelease],
            &[Command::Hold],
            &[Command::DropService],
            &[Command::Override],
            &[Command::Open],
            &[Command::Plan],
            &[Command::Nudge],
            &[Command::Export],
            &[Command::Help],
            &[Command::Down, Command::Up],
            &[Command::CancelRelease],
            &[Command::Rollback],
            &[Command::ResumeRelease],
            &[Command::Close],
            &[Command::PreviousTab, Command::NextTab],
            &[Command::Copy],
            &[Command::Zone],
            &[Command::Palette],
        ],
    ),
    (
        Context::Overview,
        &[
            &[Command::Down, Command::Up],
            &[Command::Open],
            &[Command::PreviousTab, Command::NextTab],
            &[Command::Approve],
            &[Command::Cancel],
            &[Command::Watch],
            &[Command::Filter],
            &[Command::Close],
            &[Command::Help],
            &[Command::Promote],
            &[Command::Hold],
            &[Command::Sort],
            &[Command::Browse],
            &[Command::Copy],
            &[Command::Refresh],
            &[Command::Columns],
            &[Command::Zone],
            &[Command::Palette],
        ],
    ),
    (
        Context::Log,
        &[
            &[Command::Down, Command::Up],
            &[Command::Open],
            &[Command::Search],
            &[Command::NextMatch, Command::PreviousMatch],
            &[Command::Follow],
            &[Command::Wrap],
            &[Command::Stamps],
            &[Command::Summary],
            &[Command::Left, Command::Right],
            &[Command::PreviousTab, Command::NextTab],
            &[Command::Browse],
            &[Command::Copy],
            &[Command::Close],
            &[Command::Help],
            &[Command::Cancel],
            &[Command::Promote],
            &[Command::Approve],
            &[Command::Rerun],
            &[Command::Palette],
        ],
    ),
    (
        Context::List,
        &[
            &[Command::Down, Command::Up],
            &[Command::Copy],
            &[Command::Close],
        ],
    ),
    (
        Context::Dialog,
        &[
            &[Command::NextPane],
            &[Command::Open],
            &[Command::Close],
            &[Command::Copy],
        ],
    ),
];

/// What it lists where holds are.
const HOLDS: [&[Command]; 11] = [
    &[Command::Hold],
    &[Command::Down, Command::Up],
    &[Command::Open],
    &[Command::Filter],
    &[Command::Sort],
    &[Command::Close],
    &[Command::Help],
    &[Command::Copy],
    &[Command::Columns],
    &[Command::Zone],
    &[Command::Palette],
];

/// The keys that are valid now, most useful first: what the footer lists.
pub fn footer(state: &State) -> Vec<Hint> {
    let context = Context::of(&state.interface);
    let places: &[&[Command]] = match state.interface.overlays.last() {
        Some(
            Overlay::Filter { .. } | Overlay::Search { .. } | Overlay::Help { typing: true, .. },
        ) => &[&[Command::Open], &[Command::Close]],
        Some(Overlay::Help { .. }) => &[
            &[Command::Down, Command::Up],
            &[Command::Search],
            &[Command::Close],
        ],
        Some(Overlay::Palette { .. }) => &[
            &[Command::Down, Command::Up],
            &[Command::Open],
            &[Command::Close],
        ],
        // It says itself how to leave it: nothing is cancelled then.
        Some(Overlay::Columns { .. }) => &[&[Command::Down, Command::Up], &[Command::Mark]],
        None if state.interface.screen == Screen::Holds => &HOLDS,
        _ => FOOTER
            .iter()
            .find(|(of, _)| *of == context)
            .map_or(&[], |(_, places)| places),
    };
    let here = |commands: &&&[Command]| {
        commands
            .first()
            .is_some_and(|it| means_something(state, *it))
    };
    let hints = places
        .iter()
        .filter(here)
        .filter_map(|commands| hint(state, context, commands));
    without_a_row(hints)
}

/// Says once, of all that lacks a row, that there is none.
fn without_a_row(hints: impl Iterator<Item = Hint>) -> Vec<Hint> {
    let mut all: Vec<Hint> = Vec::new();
    for hint in hints {
        let lacks = hint.blocked.as_deref() == Some(NO_ROW);
        let first = all
            .iter_mut()
            .find(|first| lacks && first.blocked.as_deref() == Some(NO_ROW));
        match first {
            Some(first) => {
                first.keys = format_compact!("{}/{}", first.keys, hint.keys);
                first.label = "what needs a row";
            }
            None => all.push(hint),
        }
    }
    all
}

/// Whether a command of the context does anything on this screen of it.
fn means_something(state: &State, command: Command) -> bool {
    match (&state.interface.screen, command) {
        // The log beside the board has no tabs; that of a detail is all there is of it.
        (Screen::Board | Screen::Tasks | Screen::Holds, Command::PreviousTab)
        | (Screen::Detail(_), Command::Open)
        | (
            Screen::Forge(_),
            Command::Open
            | Command::Sort
            | Command::Filter
            | Command::Columns
            | Command::Approve
            | Command::Cancel
            | Command::Promote
            | Command::Hold
            | Command::Watch
            | Command::Refresh,
        ) => false,
        (Screen::Forge(_), Command::PreviousTab) => state.engine.forges.len() > 1,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::interface::harness::{on, press, state};

    fn listed(state: &State) -> Vec<String> {
        footer(state)
            .into_iter()
            .map(|hint| format!("{} {}", hint.keys, hint.label))
            .collect()
    }

    #[test]
    fn the_footer_lists_what_is_valid_where_the_operator_is() {
        let mut state = state();
        assert_eq!(listed(&state)[..2], ["P promote", "H hold"]);
        press(&mut state, "/");
        assert_eq!(
            listed(&state),
            ["enter detail", "esc cancel"].map(|hint| hint.replace("detail", "choose"))
        );
        press(&mut state, "esc P");
        assert_eq!(
            listed(&state),
            ["tab next", "enter choose", "esc cancel", "y copy"]
        );
        press(&mut state, "esc c");
        assert_eq!(listed(&state), ["j/k move", "space show/hide"]);
        press(&mut state, "esc P");
        press(&mut state, "up");
        assert_eq!(
            listed(&state),
            ["tab next", "enter choose", "esc cancel"],
            "y types while a field has the focus"
        );
    }

    #[test]
    fn every_key_of_the_footer_means_something_there() {
        for (context, places) in FOOTER {
            for command in places.iter().copied().flatten() {
                let name = command.spec().name;
                let contexts = command.spec().contexts;
                assert!(contexts.contains(&context), "{name} in {}", context.word());
            }
        }
    }

    #[test]
    fn that_there_is_no_row_is_said_once() {
        let mut state = state();
        press(&mut state, "/ 'zzz enter");
        let hints = footer(&state);
        let without = hints
            .iter()
            .filter(|hint| hint.blocked.as_deref() == Some(NO_ROW));
        let keys: Vec<&str> = without.map(|hint| hint.keys.as_str()).collect();
        assert_eq!(keys, ["P/H/V/O/B/A/X/enter"]);
    }

    #[test]
    fn the_impossible_is_struck_out_with_its_reason() {
        let mut state = state();
        on(&mut state, "web", "production");
        let blocked = |state: &State, keys: &str| {
            let hints = footer(state).into_iter();
            hints
                .filter(|hint| hint.keys == keys)
                .find_map(|hint| hint.blocked)
        };
        assert_eq!(
            blocked(&state, "X").as_deref(),
            Some("nothing is under way")
        );
        assert_eq!(
            blocked(&state, "A").as_deref(),
            Some("nothing waits for approval of production")
        );
        assert_eq!(blocked(&state, "H"), None);
    }

    #[test]
    fn the_hint_of_the_confirming_button_says_why_it_does_nothing() {
        let mut state = state();
        press(&mut state, "P");
        let enter = |state: &State| footer(state)[1].blocked.clone();
        assert_eq!(enter(&state), None, "enter on Cancel works");
        press(&mut state, "tab");
        assert_eq!(enter(&state).as_deref(), Some("a reason is required"));
    }
}
