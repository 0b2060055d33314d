//! What `:` has on offer for what was typed: commands, the operator's own among them, services,
//! releases, forges, views. What follows a command is completed in `arguments.rs`; nothing is carried
//! out here.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::super::arrangement::{Grouping, Sort};
use super::super::overview::ListSort;
use super::super::{Cursor, custom};
use super::arguments;
use crate::app::command::{self, Command, Context, Group, blocked};
use crate::app::state::State;
use crate::domain::ids::{ForgeName, ReleaseName, ServiceName};

/// How many services, and lines of the past, are on offer at once.
pub(super) const MOST: usize = 60;
const RECENT: usize = 5;

/// Something on offer under `:`.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// What one would type to get just this.
    pub line: String,
    /// The keys that would do the same, as the user bound them.
    pub keys: String,
    /// What it does, or what it is about.
    pub about: String,
    pub blocked: Option<String>,
    pub(super) action: Action,
}

/// What a choice orders.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Action {
    Run(Command),
    /// A command on a cell, whatever the cursor and the marks say.
    At(Command, Cursor),
    /// A command on a release, whichever is shown.
    On(Command, ReleaseName),
    /// Drops a service from a release, or takes it back.
    Member(ReleaseName, ServiceName),
    /// One of the operator's own commands, by its place; on a cell, or on the selected one.
    Custom(usize, Option<Cursor>),
    Service(ServiceName),
    /// The log of what goes into a cell, or went.
    Log(Cursor),
    Release(ReleaseName),
    Forge(ForgeName),
    View(String),
    Sort(Sort),
    ListSort(ListSort),
    Group(Grouping),
    /// Shows a column, or hides it.
    Column(String),
    Filter(String),
    Theme(String),
    /// A line from before, to be looked up again.
    Again(String),
}

impl Choice {
    /// One without a key that is always possible.
    pub(super) fn plain(line: String, about: impl Into<String>, action: Action) -> Self {
        Self {
            line,
            keys: String::new(),
            about: about.into(),
            blocked: None,
            action,
        }
    }

    /// Says whether it leads to a change; its dialog then says why not, if it is not possible.
    pub fn changes(&self) -> bool {
        match &self.action {
            Action::Run(command) | Action::At(command, _) | Action::On(command, _) => {
                command.spec().changes()
            }
            Action::Member(..) => true,
            _ => false,
        }
    }
}

/// Words of the command line for what has another name here.
const OTHER_WORDS: [(&str, Command); 4] = [
    ("vote", Command::Gates),
    ("log", Command::Timeline),
    ("status", Command::Board),
    ("task", Command::Gates),
];

/// Everything that fits what was typed, the best first.
pub fn choices(state: &State, typed: &str) -> Vec<Choice> {
    let typed = typed.trim_start();
    if let Some((verb, rest)) = typed.split_once(' ')
        && let Some(found) = arguments::choices(state, verb, rest)
    {
        return found;
    }
    let typed = typed.trim_end();
    let mut found = commands(state, typed);
    found.extend(customs(state, typed));
    if typed.is_empty() {
        let found = found.into_iter().map(|(_, choice)| choice);
        return recent(state).into_iter().chain(found).collect();
    }
    found.extend(arguments::places(state, typed));
    // Stable: of what fits as well, commands come first.
    found.sort_by_key(|(fit, _)| std::cmp::Reverse(*fit));
    found.into_iter().map(|(_, choice)| choice).collect()
}

fn recent(state: &State) -> Vec<Choice> {
    let lines = state.interface.said_before.iter().rev();
    let choice = |line: &String| Choice::plain(line.clone(), "again", Action::Again(line.clone()));
    lines.take(RECENT).map(choice).collect()
}

/// The commands of the present screen by name, label, or another word.
fn commands(state: &State, typed: &str) -> Vec<(Fit, Choice)> {
    let context = Context::of_screen(&state.interface);
    let mut score = Score::new(typed);
    let here = command::here(state, context);
    let mut found: Vec<(Fit, Choice)> = here
        .filter_map(|spec| {
            let name = score.fit(spec.name);
            let others = OTHER_WORDS.iter().filter(|(_, it)| *it == spec.command);
            let other = others.filter_map(|(word, _)| score.fit(word)).max();
            // A name comes before what a command is called in other words, unless one of those was
            // typed whole.
            let label = score.fit(spec.label).map(Fit::by_another_word);
            let fit = name.or(other).max(label)?;
            let choice = Choice {
                line: spec.name.to_owned(),
                keys: keys(state, spec.command),
                about: spec.help.to_owned(),
                blocked: blocked::reason(state, spec.command),
                action: Action::Run(spec.command),
            };
            Some((fit, choice))
        })
        .collect();
    found.sort_by_key(|(fit, _)| std::cmp::Reverse(*fit));
    if typed.is_empty() {
        // What one opens it for comes first: what acts, then where to go; what only moves is last.
        found.sort_by_key(|(_, choice)| match &choice.action {
            Action::Run(command) => purpose(*command),
            _ => 0,
        });
    }
    found
}

/// How far down a command stands where nothing was typed yet.
fn purpose(command: Command) -> u8 {
    let moves = matches!(
        command,
        Command::Down
            | Command::Up
            | Command::Left
            | Command::Right
            | Command::First
            | Command::Last
            | Command::HalfDown
            | Command::HalfUp
            | Command::PageDown
            | Command::PageUp
            | Command::NextPane
            | Command::PreviousPane
            | Command::NextTab
            | Command::PreviousTab
    );
    match command.spec().group {
        _ if moves => 5,
        // Enter alone opens no dialog: what it runs first is the help.
        _ if command == Command::Help => 0,
        Group::Act => 1,
        Group::GoTo => 2,
        Group::Look => 3,
        Group::Leave => 4,
    }
}

/// The operator's own commands by name, over the selected cell.
fn customs(state: &State, typed: &str) -> Vec<(Fit, Choice)> {
    let mut score = Score::new(typed);
    let commands = state.interface.customs.commands.iter().enumerate();
    let fitting = commands.filter_map(|(place, command)| {
        let fit = score.fit(&command.name)?;
        let choice = Choice {
            line: command.name.clone(),
            keys: command.keys.join(" "),
            about: custom::about(command),
            blocked: custom::blocked(state, place, None),
            action: Action::Custom(place, None),
        };
        Some((fit, choice))
    });
    fitting.collect()
}

pub(super) fn keys(state: &State, command: Command) -> String {
    let keys = state.interface.keymap.keys(command).iter();
    keys.map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// How well a word fits what was typed: whole, from its beginning, somewhere in it, or by its letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fit {
    rank: u8,
    points: u32,
}

impl Fit {
    const BY_LETTERS: u8 = 1;
    const SOMEWHERE_IN_IT: u8 = 2;
    const FROM_ITS_BEGINNING: u8 = 3;
    const OTHERWISE_WHOLE: u8 = 4;
    const WHOLE: u8 = 5;

    /// The same for a word that is not a command's name.
    fn by_another_word(self) -> Self {
        let rank = if self.rank == Self::WHOLE {
            Self::OTHERWISE_WHOLE
        } else {
            0
        };
        Self { rank, ..self }
    }

    /// The same for a place: of what fits as well, commands come first.
    pub(super) fn of_place(self) -> Self {
        let rank = self.rank.min(Self::OTHERWISE_WHOLE);
        Self { rank, ..self }
    }
}

/// How well words fit what was typed.
pub(super) struct Score {
    typed: String,
    pattern: Pattern,
    matcher: Matcher,
    buffer: Vec<char>,
}

impl Score {
    pub(super) fn new(typed: &str) -> Self {
        Self {
            typed: typed.trim().to_lowercase(),
            pattern: Pattern::parse(typed.trim(), CaseMatching::Ignore, Normalization::Smart),
            matcher: Matcher::new(Config::DEFAULT),
            buffer: Vec::new(),
        }
    }

    /// How well a word fits of which no more than the beginning was typed.
    pub(super) fn begins(&self, word: &str) -> Option<Fit> {
        let begun = self.typed.len() > 2 && word.starts_with(&self.typed);
        begun.then_some(Fit { rank: 0, points: 0 })
    }

    pub(super) fn fit(&mut self, word: &str) -> Option<Fit> {
        let haystack = Utf32Str::new(word, &mut self.buffer);
        let points = self.pattern.score(haystack, &mut self.matcher)?;
        let lower = word.to_lowercase();
        let rank = if lower == self.typed {
            Fit::WHOLE
        } else if lower.starts_with(&self.typed) {
            Fit::FROM_ITS_BEGINNING
        } else if lower.contains(&self.typed) {
            Fit::SOMEWHERE_IN_IT
        } else {
            Fit::BY_LETTERS
        };
        Some(Fit { rank, points })
    }
}
