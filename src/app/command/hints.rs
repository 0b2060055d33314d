//! Hints: a command with its keys as they are bound now, its words, and why it is not possible. All of
//! a screen's by section are the help. Which of them the footer shows, and in which order, is in
//! `footer`; the reasons are in `blocked`.

use std::fmt::Write as _;

use compact_str::CompactString;

use super::{Command, Context, Group, SPECS, Spec, blocked};
use crate::app::interface::{is_on_dropped, overview};
use crate::app::state::State;

/// A key and what it would do now, for the footer and the help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The keys as the user bound them, for instance `P` or `j/k`.
    pub keys: CompactString,
    pub label: &'static str,
    /// One line for the help.
    pub help: &'static str,
    pub group: Group,
    /// Whether it leads to a change (a SHIFT letter that opens a dialog).
    pub changes: bool,
    /// Why it is not possible now; it is then shown struck out with this reason.
    pub blocked: Option<String>,
}

/// A group of hints under a heading of the help: LOOK, ACT, GO TO, LEAVE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    pub name: &'static str,
    pub hints: Vec<Hint>,
}

/// Every key of the present screen, by section: what `?` lists.
pub fn help(state: &State) -> Vec<Section> {
    let context = Context::of_screen(&state.interface);
    Group::ALL
        .into_iter()
        .map(|group| Section {
            name: group.name(),
            hints: here(state, context)
                .filter(|spec| spec.group == group)
                .map(|spec| all_keys(state, context, spec.command))
                .collect(),
        })
        .filter(|section| !section.hints.is_empty())
        .collect()
}

/// The commands that mean something in a context; the tour is the demo's.
pub fn here(state: &State, context: Context) -> impl Iterator<Item = &'static Spec> {
    let has_tour = state.interface.is_demo;
    SPECS
        .iter()
        .filter(move |spec| spec.contexts.contains(&context))
        .filter(move |spec| has_tour || spec.command != Command::Tour)
}

/// A hint of one or several commands by the first key of each; those without a key are left out.
pub(super) fn hint(state: &State, context: Context, commands: &[Command]) -> Option<Hint> {
    let typing = state.interface.is_typing();
    let mut keys = CompactString::default();
    for command in commands {
        let mut bound = state.interface.keymap.keys_in(context, *command).iter();
        // In a text field a letter types, so it is no key of the command there.
        let Some(key) = bound.find(|key| !(typing && key.types())) else {
            continue;
        };
        let between = if keys.is_empty() { "" } else { "/" };
        // Writing into a text does not fail.
        let _ = write!(keys, "{between}{key}");
    }
    let spec = commands.first()?.spec();
    let label = match (context, spec.command) {
        (_, Command::Down) if commands.len() > 1 => "move",
        (Context::Dialog, Command::Mark) => "show/hide",
        (Context::Dialog, Command::NextPane) => "next",
        (Context::Dialog, Command::Open) => "choose",
        (Context::Dialog, Command::Close) => "cancel",
        (Context::Timeline, Command::Open) if overview::on_an_order(state) => "steps",
        (Context::Timeline | Context::Release | Context::Overview, Command::Open) => "service",
        (Context::Release, Command::PreviousTab) => "release",
        (Context::Release, Command::DropService) if is_on_dropped(state) => "take back",
        (Context::Log, Command::Left) => "job",
        (Context::Log, Command::Open) => "whole screen",
        _ => spec.label,
    };
    (!keys.is_empty()).then(|| Hint {
        keys,
        label,
        help: spec.help,
        group: spec.group,
        changes: spec.changes(),
        blocked: blocked::reason(state, spec.command),
    })
}

/// A hint of one command with all its keys; one without a key is shown by its `:` name.
fn all_keys(state: &State, context: Context, command: Command) -> Hint {
    let spec = command.spec();
    let keys: Vec<String> = state
        .interface
        .keymap
        .keys_in(context, command)
        .iter()
        .map(ToString::to_string)
        .collect();
    let keys = if keys.is_empty() {
        format!(":{}", spec.name)
    } else {
        keys.join("/")
    };
    Hint {
        keys: keys.into(),
        label: spec.label,
        help: spec.help,
        group: spec.group,
        changes: spec.changes(),
        blocked: blocked::reason(state, command),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::interface::harness::state;

    #[test]
    fn the_help_has_every_key_of_the_screen_as_the_user_bound_it() {
        let mut state = state();
        let changes = [("sort".to_owned(), vec!["S".to_owned()])].into();
        state.interface.keymap = crate::app::keymap::Keymap::new(&changes).expect("fine");
        let sections = help(&state);
        let names: Vec<&str> = sections.iter().map(|section| section.name).collect();
        assert_eq!(names, ["LOOK", "ACT", "GO TO", "LEAVE"]);
        let hints: Vec<&Hint> = sections.iter().flat_map(|section| &section.hints).collect();
        assert!(
            hints
                .iter()
                .any(|hint| hint.keys == "S" && hint.label == "sort")
        );
        assert!(
            hints
                .iter()
                .any(|hint| hint.keys == ":rerun" && hint.changes)
        );
        for hint in hints {
            assert!(!hint.help.is_empty());
        }
    }
}
