//! The line of `:`: any command by its name, found fuzzily, the impossible ones with the reason.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::Overlay;
use super::choice::turn;
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
                Some(why) if !choice.spec.changes => {
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
