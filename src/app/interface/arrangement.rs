//! How the board is arranged: sort, groups, columns, and the views that the config names; the chooser
//! of columns is the lists' too. Their words are those of config, palette and session; making the
//! order from them is in `order`.

use std::collections::BTreeSet;

use tui_input::Input;

use super::choice::turn;
use super::custom::Customs;
use super::order::query::{Query, Unclear};
use super::overview::columns::choosable;
use super::{Interface, Overlay, Screen};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::keymap::Keymap;
use crate::app::state::State;
use crate::domain::notice::Rule;
use crate::domain::spelling;

/// The order of the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// What needs somebody first: failed, held, running, stale, ready, waiting, gated, level.
    #[default]
    Risk,
    Name,
    /// The most commits behind first.
    Behind,
    /// The newest deployment first.
    Newest,
}

impl Sort {
    pub const ALL: [Self; 4] = [Self::Risk, Self::Name, Self::Behind, Self::Newest];

    pub fn word(self) -> &'static str {
        match self {
            Self::Risk => "risk",
            Self::Name => "name",
            Self::Behind => "behind",
            Self::Newest => "newest",
        }
    }

    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.word() == word)
    }
}

/// Which rows stand together under a heading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grouping {
    /// By state where the sort puts states together anyway.
    #[default]
    Auto,
    State,
    Release,
    Forge,
    /// By the `group` of the config.
    Team,
    None,
}

impl Grouping {
    pub const ALL: [Self; 6] = [
        Self::Auto,
        Self::State,
        Self::Release,
        Self::Forge,
        Self::Team,
        Self::None,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::State => "state",
            Self::Release => "release",
            Self::Forge => "forge",
            Self::Team => "team",
            Self::None => "none",
        }
    }

    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.word() == word)
    }
}

/// Names of the board's columns beside those of the environments.
pub const NEXT: &str = "next";
pub const EARLIEST: &str = "earliest";

/// An arrangement with a name, from the config. What it does not say stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SavedView {
    pub name: String,
    pub filter: Option<String>,
    pub sort: Option<Sort>,
    pub group: Option<Grouping>,
    /// The columns that are shown; `None` leaves them, and an empty list shows all.
    pub columns: Option<Vec<String>>,
}

/// A key of a view's, what is wrong with it, and what to do.
pub type Wrong = (&'static str, String, Option<String>);

impl SavedView {
    /// Makes a view of what a config says.
    ///
    /// # Errors
    ///
    /// Returns everything that is wrong.
    pub fn new(
        name: &str,
        filter: Option<&str>,
        sort: Option<&str>,
        group: Option<&str>,
        columns: Option<&[String]>,
    ) -> Result<Self, Vec<Wrong>> {
        let mut problems = Vec::new();
        let sorted = sort.map(|word| {
            let hint = spelling::meant(word, Sort::ALL.map(Sort::word));
            Sort::named(word).ok_or(("sort", format!("there is no sort {word:?}"), hint))
        });
        let grouped = group.map(|word| {
            let hint = spelling::meant(word, Grouping::ALL.map(Grouping::word));
            Grouping::named(word).ok_or(("group", format!("there are no groups {word:?}"), hint))
        });
        let sort = sorted.transpose().map_err(|why| problems.push(why));
        let group = grouped.transpose().map_err(|why| problems.push(why));
        let told = filter.map(Query::parse).unwrap_or_default().problems;
        let told = told.into_iter();
        problems.extend(told.map(|Unclear { why, hint }| ("filter", why, Some(hint))));
        match (sort, group) {
            (Ok(sort), Ok(group)) if problems.is_empty() => Ok(Self {
                name: name.to_owned(),
                filter: filter.map(str::to_owned),
                sort,
                group,
                columns: columns.map(<[String]>::to_vec),
            }),
            _ => Err(problems),
        }
    }
}

/// What a changed config says of keys and looks.
#[derive(Clone, Debug, PartialEq)]
pub struct Preferences {
    pub keymap: Keymap,
    pub customs: Customs,
    pub receivers: Vec<Rule>,
    pub views: Vec<SavedView>,
    pub ascii: bool,
    pub motion: bool,
    /// What a key may have switched since: `None` leaves it.
    pub mouse: Option<bool>,
    pub utc: Option<bool>,
    /// What has changed, in words.
    pub told: Option<String>,
}

/// Takes what a changed config says.
pub(super) fn prefer(state: &mut State, preferences: Preferences) -> Vec<Effect> {
    let now = state.now;
    let interface = &mut state.interface;
    interface.keymap = preferences.keymap;
    // What was begun by the old keys does not go on by the new ones.
    interface.begun = None;
    interface.customs = preferences.customs;
    interface.receivers = preferences.receivers;
    interface.views = preferences.views;
    interface.ascii = preferences.ascii;
    interface.motion = preferences.motion;
    interface.utc = preferences.utc.unwrap_or(interface.utc);
    if let Some(told) = preferences.told {
        interface.say(true, told, now);
    }
    match preferences.mouse {
        Some(on) if on != interface.mouse => {
            interface.mouse = on;
            interface.let_go = false;
            vec![Effect::Mouse(on)]
        }
        Some(_) | None => Vec::new(),
    }
}

impl Interface {
    /// Arranges the board as a view says.
    pub(super) fn take_view(&mut self, view: &SavedView, all: &[String]) {
        if let Some(filter) = &view.filter {
            self.filter.clone_from(filter);
        }
        if let Some(sort) = view.sort {
            self.sort = sort;
        }
        if let Some(group) = view.group {
            self.group = group;
        }
        if let Some(columns) = &view.columns {
            let hidden = all.iter().filter(|column| !columns.contains(column));
            self.hidden = if columns.is_empty() {
                BTreeSet::new()
            } else {
                hidden.cloned().collect()
            };
        }
    }
}

impl Interface {
    /// The columns that are not shown of what fills the screen: a list's own, else the board's.
    pub fn hidden_here(&self) -> &BTreeSet<String> {
        match self.overview() {
            Some(overview) => &self.overviews.of(overview).hidden,
            None => &self.hidden,
        }
    }

    /// Shows a column, or hides it.
    pub(super) fn turn_column(&mut self, column: &str) {
        let hidden = match self.overview() {
            Some(overview) => &mut self.overviews.of_mut(overview).hidden,
            None => &mut self.hidden,
        };
        if !hidden.remove(column) {
            hidden.insert(column.to_owned());
        }
    }
}

/// Every column of what fills the screen that can be shown or hidden, in order.
pub fn columns(state: &State) -> Vec<String> {
    match state.interface.overview() {
        Some(overview) => choosable(overview)
            .map(|column| column.name.to_owned())
            .collect(),
        None => of_the_board(state),
    }
}

fn of_the_board(state: &State) -> Vec<String> {
    let environments = super::order::columns(&state.engine.policy);
    let names = environments.iter().map(ToString::to_string);
    names
        .chain([NEXT.to_owned(), EARLIEST.to_owned()])
        .collect()
}

/// Goes on to the next sort, or to the next way of grouping.
pub(super) fn cycle(state: &mut State, command: Command) {
    let interface = &mut state.interface;
    let said = if command == Command::Sort {
        let place = Sort::ALL.iter().position(|sort| *sort == interface.sort);
        let next = turn(place.unwrap_or(0), Sort::ALL.len(), true);
        interface.sort = Sort::ALL.get(next).copied().unwrap_or_default();
        None
    } else {
        let all = Grouping::ALL;
        let place = all.iter().position(|group| *group == interface.group);
        let next = turn(place.unwrap_or(0), all.len(), true);
        interface.group = all.get(next).copied().unwrap_or_default();
        Some(format!("groups: {}", interface.group.word()))
    };
    if let Some(said) = said {
        interface.say(true, said, state.now);
    }
    interface.arrange(&state.engine, state.now);
}

/// Arranges the board as the view of this name says, and shows it.
pub(super) fn choose(state: &mut State, name: &str) {
    let views = &state.interface.views;
    let Some(view) = views.iter().find(|view| view.name == name).cloned() else {
        let why = format!("there is no view {name:?}; [view.NAME] in the config makes one");
        state.interface.say(false, why, state.now);
        return;
    };
    let all = of_the_board(state);
    state.interface.take_view(&view, &all);
    state.interface.show(Screen::Board);
    state.interface.arrange(&state.engine, state.now);
    let said = format!("view {name}");
    state.interface.say(true, said, state.now);
}

/// Opens the palette on the views.
pub(super) fn views(state: &mut State) {
    if state.interface.views.is_empty() {
        let why = "there are no views: [view.NAME] in the config makes one".to_owned();
        state.interface.say(false, why, state.now);
        return;
    }
    ask(state, "view ");
}

/// Opens the palette on what may follow a command.
pub(super) fn ask(state: &mut State, line: &str) {
    state.interface.overlays.push(Overlay::Palette {
        input: Input::new(line.to_owned()),
        selected: 0,
    });
}

/// The keys of the chooser of columns.
pub(super) fn run(state: &mut State, command: Command) -> Vec<Effect> {
    let all = columns(state);
    let Some(Overlay::Columns { selected }) = state.interface.overlays.last_mut() else {
        return Vec::new();
    };
    let at = *selected;
    match command {
        Command::Down | Command::NextPane => *selected = turn(at, all.len(), true),
        Command::Up | Command::PreviousPane => *selected = turn(at, all.len(), false),
        Command::Mark | Command::Open => {
            if let Some(column) = all.get(at) {
                state.interface.turn_column(column);
            }
        }
        Command::Close | Command::Columns => {
            state.interface.overlays.pop();
        }
        _ => {}
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::super::harness::{add_release, press, said, state, top};
    use super::*;
    use crate::domain::ids::ServiceName;

    fn order(state: &State) -> String {
        let names = state.interface.order.iter().map(ServiceName::as_str);
        names.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn groups_stand_together_in_the_order_of_the_sort() {
        let mut state = state();
        add_release(&mut state);
        state.interface.sort = Sort::Name;
        let table = [
            (Grouping::None, "api billing search web"),
            (Grouping::State, "api search billing web"),
            (Grouping::Team, "api search web billing"),
            (Grouping::Forge, "api billing search web"),
            (Grouping::Release, "api search billing web"),
        ];
        for (group, expected) in table {
            state.interface.group = group;
            state.interface.arrange(&state.engine, state.now);
            assert_eq!(order(&state), expected, "{group:?}");
        }
    }

    #[test]
    fn a_key_goes_round_the_groups_and_another_round_the_sorts() {
        let mut state = state();
        press(&mut state, "b");
        assert_eq!(state.interface.group, Grouping::State);
        assert_eq!(said(&state), "groups: state");
        press(&mut state, "b b b b b s s s s");
        assert_eq!(state.interface.group, Grouping::Auto);
        assert_eq!(state.interface.sort, Sort::Risk);
    }

    #[test]
    fn columns_are_hidden_and_shown_again() {
        let mut state = state();
        press(&mut state, "c");
        assert_eq!(top(&state), "columns");
        press(&mut state, "space down down space");
        let hidden: Vec<&str> = state.interface.hidden.iter().map(String::as_str).collect();
        assert_eq!(hidden, ["next", "staging"]);
        press(&mut state, "up up enter c");
        assert_eq!(top(&state), "none");
        assert_eq!(state.interface.hidden.len(), 1);
    }

    #[test]
    fn a_view_arranges_the_board_and_leaves_what_it_does_not_name() {
        let mut state = state();
        let columns = vec!["production".to_owned(), NEXT.to_owned()];
        let view = SavedView::new(
            "front",
            Some("group:front"),
            Some("name"),
            None,
            Some(&columns),
        );
        state.interface.views = vec![view.expect("a view")];
        state.interface.group = Grouping::Team;
        press(&mut state, "3 : 'view_fr enter");
        assert_eq!(state.interface.screen, Screen::Board);
        assert_eq!(order(&state), "api search web");
        assert_eq!(state.interface.group, Grouping::Team);
        let hidden: Vec<&str> = state.interface.hidden.iter().map(String::as_str).collect();
        assert_eq!(hidden, ["earliest", "staging"]);
    }

    #[test]
    fn a_changed_config_changes_keys_and_looks_and_leaves_what_a_key_has_switched() {
        use crate::app::msg::Msg;
        let mut state = state();
        press(&mut state, "t");
        let changes = [("sort".to_owned(), vec!["S".to_owned()])].into();
        let mut preferences = Preferences {
            keymap: Keymap::new(&changes).expect("fine"),
            customs: Customs::default(),
            receivers: Vec::new(),
            views: Vec::new(),
            ascii: true,
            motion: true,
            mouse: None,
            utc: None,
            told: Some("the changed config is in use: keys".to_owned()),
        };
        let now = state.now;
        let msg = Msg::Rearranged(Box::new(preferences.clone()));
        assert_eq!(crate::app::update(&mut state, now, msg), []);
        assert!(!state.interface.utc, "it was switched to local time");
        assert!(state.interface.ascii && state.interface.motion);
        assert_eq!(said(&state), "the changed config is in use: keys");
        press(&mut state, "s");
        assert_eq!(state.interface.sort, Sort::Risk);
        press(&mut state, "S");
        assert_eq!(state.interface.sort, Sort::Name);
        (preferences.mouse, preferences.utc) = (Some(true), Some(true));
        let msg = Msg::Rearranged(Box::new(preferences));
        let effects = crate::app::update(&mut state, now, msg);
        assert_eq!(effects, [Effect::Mouse(true)]);
        assert!(state.interface.utc);
    }

    #[test]
    fn a_changed_config_that_is_not_used_stays_among_the_errors() {
        use crate::app::msg::Msg;
        let mut state = state();
        let now = state.now;
        let why = "unknown key `x` in [ui] (gonogo.toml:3:1)".to_owned();
        crate::app::update(&mut state, now, Msg::Reloaded(Err(why.clone())));
        assert_eq!(
            said(&state),
            format!("the changed config is not used: {why}")
        );
        let problem = state.interface.problems.last().expect("an error");
        assert!(problem.why == why && !problem.read, "{problem:?}");
        let hint = problem.hint.as_deref().unwrap_or_default();
        assert!(hint.contains("config check"), "{hint}");
    }

    #[test]
    fn everything_that_is_wrong_with_a_view_is_told() {
        let wrong = SavedView::new("x", Some("colour:red"), Some("luck"), Some("moon"), None);
        let keys: Vec<&str> = wrong
            .expect_err("three problems")
            .iter()
            .map(|(key, ..)| *key)
            .collect();
        assert_eq!(keys, ["sort", "group", "filter"]);
    }
}
