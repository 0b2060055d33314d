//! What a promotion waits for, as a message for a chat, to those who can let it go. The one of a
//! release is in `release/record.rs`.

use super::time::Clock;
use crate::app::interface::{DetailTab, Screen};
use crate::app::state::State;
use crate::domain::board::Row;
use crate::domain::cell::Cell;
use crate::domain::gate::Verdict;
use crate::domain::revision::Revision;

/// What the selected promotion waits for: the selected gate, where one is that does not let it through,
/// else all of those. `None` if there is nothing to promote, or every gate lets it through.
pub(in crate::app) fn waits(state: &State) -> Option<String> {
    let (row, cell) = selected(state)?;
    let to = cell.candidate.as_ref()?;
    let blocks = |verdict: &&Verdict| !verdict.state_at(state.now).passes();
    let chosen = chosen(state, cell).filter(blocks);
    let all = cell.judgement.verdicts.iter().filter(blocks);
    let told: Vec<String> = match chosen {
        Some(verdict) => vec![line(state, verdict)],
        None => all.map(|verdict| line(state, verdict)).collect(),
    };
    if told.is_empty() {
        return None;
    }
    let (service, environment) = (&row.service.name, &cell.environment);
    let from = cell.live.as_ref().map_or("nothing", Revision::label);
    Some(format!(
        "**{service} > {environment}** {from} > {} waits\n{}\nlook: gonogo gates {service} --to {environment}",
        to.label(),
        told.join("\n"),
    ))
}

/// Says whether there is such a message.
pub(in crate::app) fn is_waiting(state: &State) -> bool {
    selected(state).is_some_and(|(_, cell)| {
        let (passing, all) = cell.judgement.count(state.now);
        cell.candidate.is_some() && passing < all
    })
}

fn selected(state: &State) -> Option<(&Row, &Cell)> {
    let cursor = state.interface.cursor.as_ref()?;
    let row = state.engine.board.row(&cursor.service)?;
    Some((row, row.cell(&cursor.environment)?))
}

fn chosen<'a>(state: &State, cell: &'a Cell) -> Option<&'a Verdict> {
    let interface = &state.interface;
    let on_gates =
        matches!(interface.screen, Screen::Detail(_)) && interface.tab == DetailTab::Gates;
    let place = Some(interface.detail_offset).filter(|_| on_gates)?;
    cell.judgement.verdicts.get(place)
}

/// `- review: #27 has 0 of 1 approvals; a reviewer on the forge`.
fn line(state: &State, verdict: &Verdict) -> String {
    let clock = Clock::new(&state.interface.zone, state.interface.utc, state.now);
    let mut line = format!("- {}: {}", verdict.gate, verdict.why);
    if let Some(when) = &verdict.opens_when {
        line.push_str("; opens when ");
        line.push_str(when);
    }
    if let Some(at) = verdict.opens_at {
        line.push_str("; opens by itself at ");
        line.push_str(&clock.long(at));
    }
    if let Some(who) = &verdict.who {
        line.push_str("; ");
        line.push_str(who);
    }
    line
}

#[cfg(test)]
mod tests {
    use crate::app::effect::Effect;
    use crate::app::interface::harness::{judge, on, press, said, state};
    use crate::app::state::State;
    use crate::domain::gate;

    fn copied(state: &mut State) -> String {
        let effects = press(state, "@");
        let [Effect::Copy(text)] = effects.as_slice() else {
            panic!("{effects:?}");
        };
        text.clone()
    }

    #[test]
    fn a_nudge_says_what_a_promotion_waits_for_and_where_to_look() {
        let mut state = state();
        judge(
            &mut state.engine.board,
            "billing",
            "production",
            gate::State::Closed,
        );
        on(&mut state, "billing", "production");
        let text = copied(&mut state);
        assert!(text.starts_with("**billing > production** "), "{text}");
        assert!(text.contains(" waits\n- "), "{text}");
        assert!(
            text.ends_with("look: gonogo gates billing --to production"),
            "{text}"
        );
        press(&mut state, "enter");
        assert_eq!(copied(&mut state), text, "the one gate is selected");
        press(&mut state, "esc");
        judge(
            &mut state.engine.board,
            "billing",
            "production",
            gate::State::Open,
        );
        assert!(press(&mut state, "@").is_empty());
        assert!(
            said(&state).contains("no gate is in the way"),
            "{}",
            said(&state)
        );
    }
}
