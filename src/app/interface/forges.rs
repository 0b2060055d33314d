//! The screen of one forge, and the forges of the right side: which is selected, which is shown.

use super::choice::{travel, turn};
use super::{Interface, Screen};
use crate::app::command::Command;
use crate::app::engine::Engine;
use crate::app::state::State;
use crate::domain::ids::ForgeName;

/// How many lines the screen may have beside capabilities and faults, at the most.
const ABOUT: usize = 16;

/// Opens the forge of the selected row, else the first.
pub(super) fn open(state: &mut State) {
    let cursor = state.interface.cursor.as_ref();
    let row = cursor.and_then(|cursor| state.engine.board.row(&cursor.service));
    let of_row = row.map(|row| row.service.forge.clone());
    let known = &state.engine.forges;
    let name = of_row.filter(|name| known.contains_key(name));
    if let Some(name) = name.or_else(|| known.keys().next().cloned()) {
        state.interface.show(Screen::Forge(name));
    }
}

pub(super) fn run(state: &mut State, command: Command) {
    let Screen::Forge(name) = &state.interface.screen else {
        return;
    };
    match command {
        Command::Close => {
            let from = state
                .interface
                .last
                .as_ref()
                .map(|last| last.screen.clone());
            let back = from.filter(|screen| !matches!(screen, Screen::Forge(_)));
            state.interface.show(back.unwrap_or(Screen::Board));
        }
        Command::NextTab | Command::NextPane | Command::Right => show_next(state, true),
        Command::PreviousTab | Command::PreviousPane | Command::Left => show_next(state, false),
        _ => {
            let faults = state
                .engine
                .forges
                .get(name)
                .map_or(0, |it| it.faults.len());
            let height = usize::from(state.interface.rows.saturating_sub(8));
            let count = ABOUT + faults * 2;
            if let Some(to) = travel(command, state.interface.detail_offset, count, height) {
                state.interface.detail_offset = to;
            }
        }
    }
}

/// The forge after or before, without remembering the one that was shown.
fn show_next(state: &mut State, forward: bool) {
    let names: Vec<ForgeName> = state.engine.forges.keys().cloned().collect();
    let Screen::Forge(name) = &state.interface.screen else {
        return;
    };
    let place = names.iter().position(|known| known == name).unwrap_or(0);
    if let Some(next) = names.get(turn(place, names.len(), forward)) {
        state.interface.screen = Screen::Forge(next.clone());
        state.interface.detail_offset = 0;
    }
}

impl Interface {
    /// The forge that is selected on the right side, if that has the keys.
    pub fn picked_forge<'a>(&self, engine: &'a Engine) -> Option<&'a ForgeName> {
        let last = engine.forges.len().checked_sub(1)?;
        engine.forges.keys().nth(self.forge_at.min(last))
    }
}

/// The keys of the right side: moving among the forges, opening one.
pub(super) fn side(state: &mut State, command: Command) {
    if command == Command::Open {
        let picked = state.interface.picked_forge(&state.engine).cloned();
        if let Some(name) = picked {
            state.interface.show(Screen::Forge(name));
        }
        return;
    }
    let count = state.engine.forges.len();
    if let Some(to) = travel(command, state.interface.forge_at, count, count) {
        state.interface.forge_at = to;
    }
}

#[cfg(test)]
mod tests {
    use super::super::Pane;
    use super::super::harness::{press, state};
    use super::*;
    use crate::app::engine::ForgeState;

    fn two_forges() -> State {
        let mut state = state();
        for name in ["github", "gitlab"] {
            state
                .engine
                .forges
                .insert(name.into(), ForgeState::default());
        }
        state
    }

    #[test]
    fn a_forge_is_opened_by_name_and_the_brackets_go_round() {
        let mut state = two_forges();
        press(&mut state, ": 'forges enter");
        assert_eq!(state.interface.screen, Screen::Forge("github".into()));
        press(&mut state, "]");
        assert_eq!(state.interface.screen, Screen::Forge("gitlab".into()));
        press(&mut state, "]");
        assert_eq!(state.interface.screen, Screen::Forge("github".into()));
        press(&mut state, "esc");
        assert_eq!(state.interface.screen, Screen::Board);
    }

    #[test]
    fn a_forge_is_opened_in_the_browser_where_its_repositories_are() {
        use crate::app::effect::Effect;
        use crate::domain::observed::Fact;
        let mut state = two_forges();
        for row in &mut state.engine.board.rows {
            let mut facts = row.facts.value().unwrap().clone();
            facts.url = format!("https://git.acme.test/forge/{}", facts.repo);
            row.facts = Fact::observed(facts, state.now);
        }
        press(&mut state, ": 'forge_github enter");
        let page = "https://git.acme.test/forge/".to_owned();
        assert_eq!(press(&mut state, "o"), [Effect::Browse(page)]);
        // Nothing was read of a service on the other.
        press(&mut state, "]");
        assert_eq!(press(&mut state, "o"), []);
    }

    #[test]
    fn enter_on_the_right_side_opens_the_selected_forge() {
        let mut state = two_forges();
        (state.interface.columns, state.interface.rows) = (160, 45);
        press(&mut state, "tab tab");
        assert_eq!(state.interface.pane, Pane::Forges);
        press(&mut state, "j enter");
        assert_eq!(state.interface.screen, Screen::Forge("gitlab".into()));
        (state.interface.columns, state.interface.rows) = (80, 24);
        press(&mut state, "esc tab tab");
        assert_eq!(state.interface.pane, Pane::Rows, "there is no right side");
    }
}
