//! What `:` has on offer for what was typed: commands, services, releases, views, and commands with
//! arguments. Nothing is carried out here.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::super::arrangement::{Grouping, Sort};
use super::super::{Cursor, order};
use crate::app::command::{Command, Context, SPECS, blocked};
use crate::app::state::State;
use crate::domain::board::Row;
use crate::domain::cell::Cell;
use crate::domain::ids::{EnvironmentName, ReleaseName, ServiceName};
use crate::domain::revision::Revision;

/// How many services, and lines of the past, are on offer at once.
const MOST: usize = 60;
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
    Service(ServiceName),
    Release(ReleaseName),
    View(String),
    Sort(Sort),
    Group(Grouping),
    Filter(String),
    /// A line from before, to be looked up again.
    Again(String),
}

impl Choice {
    /// Says whether it leads to a change; its dialog then says why not, if it is not possible.
    pub fn changes(&self) -> bool {
        match &self.action {
            Action::Run(command) | Action::At(command, _) => command.spec().changes(),
            _ => false,
        }
    }
}

/// Commands that take a service, and perhaps an environment, with the words of the command line.
const ON_CELLS: [(&str, Command); 12] = [
    ("promote", Command::Promote),
    ("hold", Command::Hold),
    ("gates", Command::Gates),
    ("vote", Command::Gates),
    ("override", Command::Override),
    ("rollback", Command::Rollback),
    ("approve", Command::Approve),
    ("reject", Command::Reject),
    ("cancel", Command::Cancel),
    ("rerun", Command::Rerun),
    ("service", Command::Open),
    ("open", Command::Open),
];

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
        && let Some(found) = with_arguments(state, verb, rest)
    {
        return found;
    }
    let typed = typed.trim_end();
    let mut found = if typed.is_empty() {
        recent(state)
    } else {
        Vec::new()
    };
    found.extend(commands(state, typed));
    if !typed.is_empty() {
        found.extend(places(state, typed));
    }
    found
}

fn recent(state: &State) -> Vec<Choice> {
    let lines = state.interface.said_before.iter().rev();
    let choice = |line: &String| Choice {
        line: line.clone(),
        keys: String::new(),
        about: "again".to_owned(),
        blocked: None,
        action: Action::Again(line.clone()),
    };
    lines.take(RECENT).map(choice).collect()
}

/// The commands of the present screen by name, label, or another word.
fn commands(state: &State, typed: &str) -> Vec<Choice> {
    let context = Context::of_screen(&state.interface);
    let mut score = Score::new(typed);
    let mut found: Vec<(bool, u32, Command)> = SPECS
        .iter()
        .filter(|spec| spec.contexts.contains(&context))
        .filter_map(|spec| {
            let name = score.of(spec.name);
            let others = OTHER_WORDS.iter().filter(|(_, it)| *it == spec.command);
            let other = others.filter_map(|(word, _)| score.of(word)).max();
            // What it is called in other words; a name always comes first, and a word of the command
            // line, typed whole, is one.
            let mut words = OTHER_WORDS.iter();
            let said = words.any(|(word, it)| *it == spec.command && *word == typed);
            let by = name.or(other).or_else(|| score.of(spec.label));
            by.map(|points| (name.is_some() || said, points, spec.command))
        })
        .collect();
    found.sort_by_key(|(named, points, _)| std::cmp::Reverse((*named, *points)));
    let choice = |(_, _, command): (bool, u32, Command)| Choice {
        line: command.spec().name.to_owned(),
        keys: keys(state, command),
        about: command.spec().help.to_owned(),
        blocked: blocked::reason(state, command),
        action: Action::Run(command),
    };
    found.into_iter().map(choice).collect()
}

/// Services, releases and views by name.
fn places(state: &State, typed: &str) -> Vec<Choice> {
    let mut found = views(state, typed);
    found.extend(releases(state, typed));
    found.extend(services(state, Command::Open, "service", typed));
    found
}

/// The choices of a command with arguments; `None` if there is no such command.
fn with_arguments(state: &State, verb: &str, rest: &str) -> Option<Vec<Choice>> {
    let plain = |line: String, about: &str, action: Action| Choice {
        line,
        keys: String::new(),
        about: about.to_owned(),
        blocked: None,
        action,
    };
    let mut score = Score::new(rest.trim());
    Some(match verb {
        "view" => views(state, rest),
        "release" => releases(state, rest),
        "sort" => {
            let fitting = Sort::ALL
                .into_iter()
                .filter(|it| score.of(it.word()).is_some());
            let choice =
                |it: Sort| plain(format!("sort {}", it.word()), "sort rows", Action::Sort(it));
            fitting.map(choice).collect()
        }
        "group" => {
            let mut all = Grouping::ALL.into_iter();
            let fitting = all.by_ref().filter(|it| score.of(it.word()).is_some());
            let choice = |it: Grouping| {
                plain(
                    format!("group {}", it.word()),
                    "group rows",
                    Action::Group(it),
                )
            };
            fitting.map(choice).collect()
        }
        "filter" => {
            let rest = rest.trim();
            let told = order::query::Query::parse(rest).problems;
            let about = match told.first() {
                Some(why) => why.as_str(),
                None if rest.is_empty() => order::query::FIELDS,
                None => "filter rows",
            };
            vec![plain(
                format!("filter {rest}"),
                about,
                Action::Filter(rest.to_owned()),
            )]
        }
        verb => {
            let command = verb_of(verb)?;
            let mut found = services(state, command, verb, rest);
            if command == Command::Hold && "bind".starts_with(rest.trim()) {
                let place = if rest.trim().is_empty() {
                    found.len()
                } else {
                    0
                };
                found.insert(place, bind(state));
            }
            found
        }
    })
}

/// `hold bind`, as the command line has it.
fn bind(state: &State) -> Choice {
    let command = Command::Bind;
    Choice {
        line: "hold bind".to_owned(),
        keys: keys(state, command),
        about: command.spec().help.to_owned(),
        blocked: blocked::reason(state, command),
        action: Action::Run(command),
    }
}

/// The command that takes a cell: by its word, or by the beginning of just one.
fn verb_of(verb: &str) -> Option<Command> {
    let exact = ON_CELLS.iter().find(|(word, _)| *word == verb);
    let mut begun = ON_CELLS.iter().filter(|(word, _)| word.starts_with(verb));
    match (exact, begun.next(), begun.next()) {
        (Some((_, command)), ..) | (None, Some((_, command)), None) => Some(*command),
        (None, ..) => None,
    }
}

fn views(state: &State, typed: &str) -> Vec<Choice> {
    let mut score = Score::new(typed.trim());
    let views = state.interface.views.iter();
    views
        .filter(|view| score.of(&view.name).is_some())
        .map(|view| Choice {
            line: format!("view {}", view.name),
            keys: String::new(),
            about: view
                .filter
                .clone()
                .unwrap_or_else(|| "everything".to_owned()),
            blocked: None,
            action: Action::View(view.name.clone()),
        })
        .collect()
}

fn releases(state: &State, typed: &str) -> Vec<Choice> {
    let mut score = Score::new(typed.trim());
    let releases = state.engine.policy.releases.iter();
    releases
        .filter(|release| score.of(release.name.as_str()).is_some())
        .map(|release| Choice {
            line: format!("release {}", release.name),
            keys: String::new(),
            about: format!("{} services > {}", release.items.len(), release.environment),
            blocked: None,
            action: Action::Release(release.name.clone()),
        })
        .collect()
}

/// A command on every service that fits, in the environment that was typed, else in that of the
/// cursor, else in the last of its path. Flags of the command line are passed over.
fn services(state: &State, command: Command, verb: &str, typed: &str) -> Vec<Choice> {
    let mut words = typed
        .split_whitespace()
        .filter(|word| !word.starts_with("--"));
    let mut score = Score::new(words.next().unwrap_or_default());
    let environment = words.next();
    let rows = state.engine.board.rows.iter();
    let mut found: Vec<(u32, &Row)> = rows
        .filter_map(|row| Some((score.of(row.service.name.as_str())?, row)))
        .collect();
    found.sort_by_key(|(points, _)| std::cmp::Reverse(*points));
    let found = found.into_iter().take(MOST);
    found
        .flat_map(|(_, row)| at(state, command, verb, row, environment))
        .collect()
}

fn at(
    state: &State,
    command: Command,
    verb: &str,
    row: &Row,
    environment: Option<&str>,
) -> Vec<Choice> {
    let service = &row.service.name;
    let cursor = state.interface.cursor.as_ref();
    let usual = cursor
        .and_then(|cursor| row.cell(&cursor.environment))
        .or(row.cells.last());
    let cells: Vec<&Cell> = match environment {
        None => usual.into_iter().collect(),
        Some(typed) => {
            let mut score = Score::new(typed);
            let cells = row.cells.iter();
            cells
                .filter(|cell| score.of(cell.environment.as_str()).is_some())
                .collect()
        }
    };
    let choice = |cell: &Cell| {
        let cursor = Cursor {
            service: service.clone(),
            environment: cell.environment.clone(),
        };
        let (line, action) = if command == Command::Open {
            (
                format!("{verb} {service}"),
                Action::Service(service.clone()),
            )
        } else {
            let line = format!("{verb} {service} {}", cell.environment);
            (line, Action::At(command, cursor.clone()))
        };
        Choice {
            line,
            keys: keys(state, command),
            about: about(state, row, cell),
            blocked: match command {
                Command::Open => None,
                _ => blocked::reason_at(state, command, &cursor),
            },
            action,
        }
    };
    cells.into_iter().map(choice).collect()
}

/// `staging > production  7.0.8 > 7.1.0  READY`.
fn about(state: &State, row: &Row, cell: &Cell) -> String {
    let label = |it: Option<&Revision>| it.map_or("nothing", Revision::label).to_owned();
    let policy = &state.engine.policy;
    let from: Option<&EnvironmentName> = row
        .service
        .upstream(&cell.environment)
        .map(|stage| &stage.environment);
    let from = from.map_or_else(String::new, |from| format!("{from} > "));
    let live = label(cell.live.as_ref());
    let moves = match &cell.candidate {
        Some(to) => format!("{live} > {}", to.label()),
        None => live,
    };
    let word = match cell.candidate {
        Some(_) => cell.next(&row.facts, policy, state.now).word(),
        None => cell.state(&row.facts, policy, state.now).word(),
    };
    format!(
        "{from}{}  {moves}  {}",
        cell.environment,
        word.to_uppercase()
    )
}

fn keys(state: &State, command: Command) -> String {
    let keys = state.interface.keymap.keys(command).iter();
    keys.map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// How well words fit what was typed.
struct Score {
    pattern: Pattern,
    matcher: Matcher,
    buffer: Vec<char>,
}

impl Score {
    fn new(typed: &str) -> Self {
        Self {
            pattern: Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart),
            matcher: Matcher::new(Config::DEFAULT),
            buffer: Vec::new(),
        }
    }

    fn of(&mut self, word: &str) -> Option<u32> {
        let word = Utf32Str::new(word, &mut self.buffer);
        self.pattern.score(word, &mut self.matcher)
    }
}
