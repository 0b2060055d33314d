//! What may follow a command under `:`, completed as it is typed: a cell, a release, a forge, a view, a
//! column, a filter, a theme. Also the places that can be gone to by their name alone.

use super::super::arrangement::{self, Grouping, Sort};
use super::super::overview::{ListSort, Overview};
use super::super::{Cursor, custom, filter, log};
use super::choices::{Action, Choice, Fit, MOST, Score, keys};
use crate::app::command::{Command, blocked};
use crate::app::state::State;
use crate::domain::board::Row;
use crate::domain::cell::Cell;
use crate::domain::ids::EnvironmentName;
use crate::domain::release::dropped::Dropped;
use crate::domain::revision::Revision;
use crate::domain::text::counted;

/// What a word does with the cell that follows it.
#[derive(Clone, Copy, Debug)]
enum Verb {
    On(Command),
    /// One of the operator's own, by its place.
    Custom(usize),
}

/// Commands that take a service, and perhaps an environment, with the words of the command line.
const ON_CELLS: [(&str, Command); 14] = [
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
    ("watch", Command::Watch),
    ("refresh", Command::Refresh),
    ("service", Command::Open),
    ("open", Command::Open),
];

/// Of so many services the other environments are on offer too.
const MOST_BESIDE: usize = 3;

/// Commands that take a release.
const ON_RELEASES: [(&str, Command); 5] = [
    ("release-vote", Command::VoteRelease),
    ("vote", Command::VoteRelease),
    ("release-start", Command::StartRelease),
    ("release-resume", Command::ResumeRelease),
    ("release-cancel", Command::CancelRelease),
];

/// Services, releases, forges and views by name.
pub(super) fn places(state: &State, typed: &str) -> Vec<(Fit, Choice)> {
    let mut found = views(state, typed);
    found.extend(releases(state, typed));
    found.extend(forges(state, typed));
    found.extend(services(state, Verb::On(Command::Open), "service", typed));
    let of_place = |(fit, choice): (Fit, Choice)| (fit.of_place(), choice);
    found.into_iter().map(of_place).collect()
}

/// The choices of a command with arguments; `None` if there is no such command.
pub(super) fn choices(state: &State, verb: &str, rest: &str) -> Option<Vec<Choice>> {
    let mut score = Score::new(rest);
    Some(match verb {
        "view" => best_first(views(state, rest)),
        "release" => best_first(releases(state, rest)),
        "forge" | "forges" => best_first(forges(state, rest)),
        "sort" if state.interface.overview().is_some() => {
            let sorts = state.interface.overview().map_or(&[][..], Overview::sorts);
            let fitting = sorts.iter().copied();
            let choice = |it: ListSort| {
                let fit = score.fit(it.word())?;
                let line = format!("sort {}", it.word());
                Some((
                    fit,
                    Choice::plain(line, "sort the list", Action::ListSort(it)),
                ))
            };
            best_first(fitting.filter_map(choice).collect())
        }
        "sort" => {
            let fitting = Sort::ALL.into_iter();
            let choice = |it: Sort| {
                let fit = score.fit(it.word())?;
                let line = format!("sort {}", it.word());
                Some((fit, Choice::plain(line, "sort rows", Action::Sort(it))))
            };
            best_first(fitting.filter_map(choice).collect())
        }
        "group" => {
            let fitting = Grouping::ALL.into_iter();
            let choice = |it: Grouping| {
                let fit = score.fit(it.word())?;
                let line = format!("group {}", it.word());
                Some((fit, Choice::plain(line, "group rows", Action::Group(it))))
            };
            best_first(fitting.filter_map(choice).collect())
        }
        "columns" | "column" => {
            let hidden = state.interface.hidden_here();
            let choice = |name: String| {
                let fit = score.fit(&name)?;
                let about = if hidden.contains(&name) {
                    "show the column"
                } else {
                    "hide the column"
                };
                let line = format!("columns {name}");
                Some((fit, Choice::plain(line, about, Action::Column(name))))
            };
            let all = arrangement::columns(state).into_iter();
            best_first(all.filter_map(choice).collect())
        }
        "theme" => {
            let choice = |name: &String| {
                let fit = score.fit(name)?;
                let action = Action::Theme(name.clone());
                let about = if state.interface.theme.as_ref() == Some(name) {
                    "in use; [ui] theme in the config keeps it"
                } else {
                    "for now; [ui] theme in the config keeps it"
                };
                Some((fit, Choice::plain(format!("theme {name}"), about, action)))
            };
            let themes = state.interface.themes.iter();
            best_first(themes.filter_map(choice).collect())
        }
        "filter" => filters(state, rest),
        "release-drop" | "release-restore" => best_first(members(state, verb, rest)),
        verb => {
            let on_releases = ON_RELEASES.iter().find(|(word, _)| *word == verb);
            let mut found = on_releases.map_or_else(Vec::new, |(word, command)| {
                on_release(state, *command, word, rest)
            });
            match verb_of(state, verb) {
                Some(meant) => {
                    found.extend(services(state, meant, verb, rest));
                    if matches!(meant, Verb::On(Command::Hold)) {
                        found.extend(bind(state, &mut score));
                    }
                }
                None if on_releases.is_none() => return None,
                None => {}
            }
            best_first(found)
        }
    })
}

/// `hold bind`, as the command line has it.
fn bind(state: &State, score: &mut Score) -> Option<(Fit, Choice)> {
    let command = Command::Bind;
    let fit = score.fit("bind")?;
    let mut choice = Choice::plain(
        "hold bind".to_owned(),
        command.spec().help,
        Action::Run(command),
    );
    choice.keys = keys(state, command);
    choice.blocked = blocked::reason(state, command);
    Some((fit, choice))
}

/// How well a place fits: by its name, or by the word before it while that is being typed.
fn fit(score: &mut Score, word: &str, name: &str) -> Option<Fit> {
    score.fit(name).or_else(|| score.begins(word))
}

fn best_first(mut found: Vec<(Fit, Choice)>) -> Vec<Choice> {
    found.sort_by_key(|(fit, _)| std::cmp::Reverse(*fit));
    found.into_iter().map(|(_, choice)| choice).collect()
}

/// The command that takes a cell: by its word, or by the beginning of just one.
fn verb_of(state: &State, verb: &str) -> Option<Verb> {
    if let Some(place) = state.interface.customs.named(verb) {
        return Some(Verb::Custom(place));
    }
    let exact = ON_CELLS.iter().find(|(word, _)| *word == verb);
    let mut begun = ON_CELLS.iter().filter(|(word, _)| word.starts_with(verb));
    match (exact, begun.next(), begun.next()) {
        (Some((_, command)), ..) | (None, Some((_, command)), None) => Some(Verb::On(*command)),
        (None, ..) => None,
    }
}

/// What was typed as it stands, then what it may go on to.
fn filters(state: &State, rest: &str) -> Vec<Choice> {
    let typed = rest.trim();
    let told = state.interface.filter_problems(typed);
    let fields = state.interface.filter_fields();
    let about = match told.first() {
        Some(why) => why.as_str(),
        None if typed.is_empty() => fields.as_str(),
        None => "filter rows",
    };
    let choice = |text: String, about: &str| {
        Choice::plain(format!("filter {text}"), about, Action::Filter(text))
    };
    let as_it_stands = choice(typed.to_owned(), about);
    let longer = filter::completions(state, rest).into_iter();
    let longer = longer.map(|text| choice(text, "filter rows"));
    std::iter::once(as_it_stands).chain(longer).collect()
}

fn views(state: &State, typed: &str) -> Vec<(Fit, Choice)> {
    let mut score = Score::new(typed);
    let views = state.interface.views.iter();
    let fitting = views.filter_map(|view| {
        let fit = fit(&mut score, "view", &view.name)?;
        let about = view.filter.as_deref().unwrap_or("everything");
        let line = format!("view {}", view.name);
        let action = Action::View(view.name.clone());
        Some((fit, Choice::plain(line, about, action)))
    });
    fitting.collect()
}

fn releases(state: &State, typed: &str) -> Vec<(Fit, Choice)> {
    let mut score = Score::new(typed);
    let releases = state.engine.policy.releases.iter();
    let fitting = releases.filter_map(|release| {
        let fit = fit(&mut score, "release", release.name.as_str())?;
        let about = format!(
            "{} > {}",
            counted(release.items.len(), "service", "services"),
            release.environment
        );
        let line = format!("release {}", release.name);
        let action = Action::Release(release.name.clone());
        Some((fit, Choice::plain(line, about, action)))
    });
    fitting.collect()
}

/// A command on every release that fits. What is in its way, its dialog says in full.
fn on_release(state: &State, command: Command, verb: &str, typed: &str) -> Vec<(Fit, Choice)> {
    let mut score = Score::new(typed);
    let releases = state.engine.policy.releases.iter();
    let fitting = releases.filter_map(|release| {
        let fit = score.fit(release.name.as_str())?;
        let choice = Choice {
            line: format!("{verb} {}", release.name),
            keys: keys(state, command),
            about: format!(
                "{} > {}",
                counted(release.items.len(), "service", "services"),
                release.environment
            ),
            blocked: blocked::reason_on(state, command, release),
            action: Action::On(command, release.name.clone()),
        };
        Some((fit, choice))
    });
    fitting.collect()
}

/// The members of every release: those that ship, to be dropped, or those that were, to be taken back.
fn members(state: &State, verb: &str, typed: &str) -> Vec<(Fit, Choice)> {
    let (engine, command) = (&state.engine, Command::DropService);
    let mut score = Score::new(typed);
    let releases = engine.policy.releases.iter();
    let all = releases.flat_map(|release| {
        let services = release.waves.iter().flatten();
        services.map(move |service| (release, service))
    });
    let fitting = all.filter_map(|(release, service)| {
        let name = &release.name;
        let ledger = engine.ledger.as_ref();
        let dropped = ledger.and_then(|ledger| ledger.dropped(name, service));
        if dropped.is_some() != (verb == "release-restore") {
            return None;
        }
        let line = format!("{verb} {name} {service}");
        let fit = score.fit(&format!("{name} {service}"))?;
        let choice = Choice {
            line,
            keys: keys(state, command),
            about: dropped.map_or_else(
                || format!("{service} > {}", release.environment),
                Dropped::words,
            ),
            blocked: blocked::of_member(state, release, service),
            action: Action::Member(name.clone(), service.clone()),
        };
        Some((fit, choice))
    });
    fitting.collect()
}

fn forges(state: &State, typed: &str) -> Vec<(Fit, Choice)> {
    let mut score = Score::new(typed);
    let forges = state.engine.forges.iter();
    let fitting = forges.filter_map(|(name, forge)| {
        let fit = fit(&mut score, "forge", name.as_str())?;
        let services = state.engine.policy.services.iter();
        let count = services.filter(|service| service.forge == *name).count();
        let about = match &forge.fault {
            Some(fault) => format!("{}, {}", counted(count, "service", "services"), fault.why),
            None => counted(count, "service", "services"),
        };
        let line = format!("forge {name}");
        Some((fit, Choice::plain(line, about, Action::Forge(name.clone()))))
    });
    fitting.collect()
}

/// A command on every service that fits, in the environment that was typed, else in that of the
/// cursor, else in the last of its path; then what else could be meant with those that fit best. Flags
/// of the command line are passed over.
fn services(state: &State, verb: Verb, word: &str, typed: &str) -> Vec<(Fit, Choice)> {
    let mut words = typed
        .split_whitespace()
        .filter(|word| !word.starts_with("--"));
    let mut score = Score::new(words.next().unwrap_or_default());
    let environment = words.next();
    let rows = state.engine.board.rows.iter();
    let mut found: Vec<(Fit, &Row)> = rows
        .filter_map(|row| Some((fit(&mut score, word, row.service.name.as_str())?, row)))
        .collect();
    found.sort_by_key(|(fit, _)| std::cmp::Reverse(*fit));
    found.truncate(MOST);
    let choices = |(fit, row): &(Fit, &Row), cells: Vec<&Cell>| {
        let choices = at(state, verb, word, row, cells).into_iter();
        let fit = *fit;
        choices.map(move |choice| (fit, choice)).collect::<Vec<_>>()
    };
    let mut all = Vec::new();
    for found in &found {
        let cells = match environment {
            None => usual(state, found.1).into_iter().collect(),
            Some(typed) => fitting(found.1, typed),
        };
        all.extend(choices(found, cells));
    }
    if environment.is_none() && !typed.trim().is_empty() {
        for found in beside(&found, verb) {
            let row = found.1;
            let usual = usual(state, row);
            // What is nearest to the end of the path comes first.
            let cells = row.cells.iter().rev();
            let others =
                cells.filter(|cell| Some(&cell.environment) != usual.map(|it| &it.environment));
            all.extend(choices(found, others.collect()));
            if let Verb::On(Command::Promote) = verb {
                let hold = Verb::On(Command::Hold);
                let hold = at(state, hold, "hold", row, usual.into_iter().collect());
                all.extend(hold.into_iter().map(|choice| (found.0, choice)));
            }
        }
    }
    all
}

/// Those of which the other environments are on offer too: the services that fit best, where a command
/// is about one environment.
fn beside<'a>(found: &'a [(Fit, &'a Row)], verb: Verb) -> impl Iterator<Item = &'a (Fit, &'a Row)> {
    let whole = matches!(verb, Verb::On(Command::Open | Command::Refresh));
    let best = found.first().map(|(fit, _)| *fit);
    let fits = move |(fit, _): &&(Fit, &Row)| Some(*fit) == best && !whole;
    found.iter().filter(fits).take(MOST_BESIDE)
}

/// The cell that is meant where no environment was typed.
fn usual<'a>(state: &State, row: &'a Row) -> Option<&'a Cell> {
    let cursor = state.interface.cursor.as_ref();
    cursor
        .and_then(|cursor| row.cell(&cursor.environment))
        .or(row.cells.last())
}

fn fitting<'a>(row: &'a Row, typed: &str) -> Vec<&'a Cell> {
    let mut score = Score::new(typed);
    let cells = row.cells.iter();
    cells
        .filter(|cell| score.fit(cell.environment.as_str()).is_some())
        .collect()
}

fn at(state: &State, verb: Verb, word: &str, row: &Row, cells: Vec<&Cell>) -> Vec<Choice> {
    let service = &row.service.name;
    let choice = |cell: &Cell| {
        let cursor = Cursor {
            service: service.clone(),
            environment: cell.environment.clone(),
        };
        let on_cell = format!("{word} {service} {}", cell.environment);
        let about = about(state, row, cell);
        match verb {
            Verb::Custom(place) => Choice {
                line: on_cell,
                keys: String::new(),
                about,
                blocked: custom::blocked(state, place, Some(&cursor)),
                action: Action::Custom(place, Some(cursor)),
            },
            Verb::On(Command::Open) => Choice {
                line: format!("{word} {service}"),
                keys: keys(state, Command::Open),
                about,
                blocked: None,
                action: Action::Service(service.clone()),
            },
            Verb::On(Command::Watch) => Choice {
                line: on_cell,
                keys: keys(state, Command::Watch),
                about,
                blocked: log::run_in(row, cell)
                    .is_none()
                    .then(|| "no run is known".to_owned()),
                action: Action::Log(cursor),
            },
            Verb::On(command) => Choice {
                line: match command {
                    Command::Refresh => format!("{word} {service}"),
                    _ => on_cell,
                },
                keys: keys(state, command),
                about,
                blocked: match command {
                    Command::Refresh => blocked::reason(state, command),
                    _ => blocked::reason_at(state, command, &cursor),
                },
                action: Action::At(command, cursor),
            },
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
