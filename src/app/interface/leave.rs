//! Leaving: `q` asks if something is in flight, ctrl-c does not. Leaving never stops a promotion.

use super::Overlay;
use super::choice::turn;
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::engine::Engine;
use crate::app::state::State;
use crate::domain::ledger::Ledger;

/// Quits, or asks first if something is still on its way, whoever sent it: what the footer counts.
pub(super) fn ask(state: &mut State) -> Vec<Effect> {
    if in_flight(&state.engine) == 0 {
        return now(state);
    }
    state.interface.overlays.push(Overlay::Quit { focus: 0 });
    Vec::new()
}

/// Quits.
pub(super) fn now(state: &mut State) -> Vec<Effect> {
    state.interface.quitting = true;
    vec![Effect::SaveCache, Effect::Quit]
}

/// The question rests on staying; the second button leaves.
pub(super) fn run(state: &mut State, command: Command) -> Vec<Effect> {
    let Some(Overlay::Quit { focus }) = state.interface.overlays.last_mut() else {
        return Vec::new();
    };
    match command {
        Command::NextPane | Command::Down | Command::Right => *focus = turn(*focus, 2, true),
        Command::PreviousPane | Command::Up | Command::Left => *focus = turn(*focus, 2, false),
        Command::Open if *focus == 1 => return now(state),
        Command::Open | Command::Close => {
            state.interface.overlays.pop();
        }
        _ => {}
    }
    Vec::new()
}

/// How many orders are on their way: by the journal, and of this board's before the journal has them.
pub(super) fn in_flight(engine: &Engine) -> usize {
    let open = engine.ledger.iter().flat_map(Ledger::open);
    open.count()
        .max(usize::from(engine.is_busy() || engine.is_sending()))
}

#[cfg(test)]
mod tests {
    use super::super::harness::{press, state, top};
    use super::*;
    use crate::app::view::scenes::busy;

    const LEFT: [Effect; 2] = [Effect::SaveCache, Effect::Quit];

    #[test]
    fn q_quits_at_once_when_nothing_is_in_flight() {
        let mut state = state();
        assert_eq!(press(&mut state, "q"), LEFT);
        assert!(state.interface.quitting);
    }

    #[test]
    fn q_asks_while_a_promotion_is_on_its_way_and_rests_on_staying() {
        let mut state = state();
        press(&mut state, "P up up 'weekly tab 'production tab tab enter");
        for stay in ["q enter", "q esc", "q tab tab enter", "q q esc"] {
            assert_eq!(press(&mut state, stay), [], "{stay}");
            assert_eq!(top(&state), "none", "{stay}");
            assert!(!state.interface.quitting);
        }
        assert_eq!(press(&mut state, "q l enter"), LEFT);
    }

    #[test]
    fn q_asks_for_what_the_footer_counts_though_another_gonogo_sent_it() {
        let mut state = busy(80, 24);
        state.engine.instance = "elsewhere".into();
        assert_eq!(in_flight(&state.engine), 1);
        assert_eq!(press(&mut state, "q"), []);
        assert_eq!(top(&state), "quit");
        assert_eq!(press(&mut state, "l enter"), LEFT);
    }

    #[test]
    fn ctrl_c_quits_from_everywhere_and_does_nothing_else() {
        for keys in ["", "P", "P up 'text", "H", ":", "/ 'bil", "?", "3", "enter"] {
            let mut state = state();
            press(&mut state, keys);
            assert_eq!(press(&mut state, "ctrl-c"), LEFT, "{keys}");
        }
    }
}
