//! The line of `:`: any command by its name, found fuzzily, the impossible ones with the reason.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::choice::turn;
use super::{Overlay, custom};
use crate::app::command::{Command, Context, SPECS, Spec, blocked};
use crate::app::effect::Effect;
use crate::app::state::State;

/// A command on offer under `:`.
#[derive(Clone, Debug)]
pub struct Choice {
    pub spec: &'static Spec,
    /// The keys that would do the same, as the user bound them.
    pub keys: String,
    pub blocked: Option<String>,
}

/// The commands of the present screen that fit what was typed, the best first.
pub fn choices(state: &State, typed: &str) -> Vec<Choice> {
    let context = match state.interface.screen {
        super::Screen::Board => Context::Board,
        super::Screen::Detail(_) => Context::Detail,
        super::Screen::Timeline => Context::Timeline,
        super::Screen::Release => Context::Release,
        super::Screen::Pipelines | super::Screen::Tasks => Context::Overview,
    };
    let pattern = Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut buffer = Vec::new();
    let mut found: Vec<(bool, u32, &'static Spec)> = SPECS
        .iter()
        .filter(|spec| spec.contexts.contains(&context))
        .filter_map(|spec| {
            let name = pattern.score(Utf32Str::new(spec.name, &mut buffer), &mut matcher);
            let score = name.or_else(|| {
                // What it is called in other words; a name always comes first.
                pattern.score(Utf32Str::new(spec.label, &mut buffer), &mut matcher)
            });
            score.map(|score| (name.is_some(), score, spec))
        })
        .collect();
    found.sort_by_key(|(named, score, _)| std::cmp::Reverse((*named, *score)));
    found
        .into_iter()
        .map(|(_, _, spec)| Choice {
            spec,
            keys: state
                .interface
                .keymap
                .keys(spec.command)
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" "),
            blocked: blocked::reason(state, spec.command),
        })
        .collect()
}

pub(super) fn run(state: &mut State, command: Command) -> Vec<Effect> {
    let Some(Overlay::Palette { input, selected }) = state.interface.overlays.last() else {
        return Vec::new();
    };
    let (typed, chosen) = (input.value().to_owned(), *selected);
    match command {
        Command::Close => {
            state.interface.overlays.pop();
        }
        Command::Down | Command::NextPane => select(state, &typed, true),
        Command::Up | Command::PreviousPane => select(state, &typed, false),
        Command::Open => {
            // The whole name of a command of the operator's own means that one.
            if let Some(place) = state.interface.customs.named(typed.trim()) {
                state.interface.overlays.pop();
                return custom::start(state, place);
            }
            let found = choices(state, &typed);
            let Some(choice) = found.get(chosen) else {
                let why = format!("there is no command {typed:?} here");
                state.interface.say(false, why, state.now);
                return Vec::new();
            };
            let command = choice.spec.command;
            let blocked = choice.blocked.clone();
            state.interface.overlays.pop();
            // A blocked change still opens its dialog, which says why not in full.
            match blocked {
                Some(why) if !choice.spec.changes() => {
                    let why = format!("{}: {why}", choice.spec.name);
                    state.interface.say(false, why, state.now);
                }
                Some(_) | None => return super::run(state, command),
            }
        }
        _ => {}
    }
    Vec::new()
}

fn select(state: &mut State, typed: &str, forward: bool) {
    let count = choices(state, typed).len();
    if let Some(Overlay::Palette { selected, .. }) = state.interface.overlays.last_mut() {
        *selected = turn(*selected, count, forward);
    }
}

#[cfg(test)]
mod tests {
    use super::super::harness::{on, press, said, state, top};
    use super::*;

    fn names(typed: &str) -> Vec<&'static str> {
        let found = choices(&state(), typed).into_iter();
        found.map(|choice| choice.spec.name).collect()
    }

    #[test]
    fn commands_are_found_by_name_and_by_other_words() {
        assert_eq!(names("promote").first(), Some(&"promote"));
        assert_eq!(names("tmln").first(), Some(&"timeline"));
        assert_eq!(names("web").first(), Some(&"browse"));
        assert!(names("").len() > 30, "nothing typed lists everything");
        assert!(!names("").contains(&"next-tab"), "there are no tabs here");
    }

    #[test]
    fn a_command_is_carried_out_by_name_and_a_change_still_asks() {
        let mut state = state();
        press(&mut state, ": 'hold");
        assert_eq!(top(&state), "palette");
        press(&mut state, "enter");
        assert_eq!(top(&state), "hold");
        press(&mut state, "esc : 'sort enter");
        assert_eq!(state.interface.sort, super::super::Sort::Name);
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
        let second = names("").get(1).copied().expect("a second");
        let Some(Overlay::Palette { selected, .. }) = state.interface.overlays.last() else {
            panic!("no palette");
        };
        assert_eq!(*selected, 1);
        assert_eq!(second, "up");
        press(&mut state, "up up");
        let Some(Overlay::Palette { selected, .. }) = state.interface.overlays.last() else {
            panic!("no palette");
        };
        assert_eq!(*selected, names("").len() - 1);
    }
}
