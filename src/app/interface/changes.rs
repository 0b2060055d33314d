//! What has changed since the operator last looked: cells, compared by what they showed then; on
//! the release, the set since one's own vote. A list that changes nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Interface, Overlay, Screen};
use crate::app::state::State;
use crate::domain::cell::Cell;
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::domain::revision::Revision;

/// Boards larger than this are not looked at by themselves, only when somebody asks.
const MANY: usize = 2_000;

/// What was seen of every cell, and when.
#[derive(Clone, Debug)]
pub struct Looked {
    pub at: Timestamp,
    cells: BTreeMap<(ServiceName, EnvironmentName), Stand>,
}

/// What a cell shows: what is live, how it is, what would come and how that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stand {
    live: String,
    state: &'static str,
    candidate: Option<String>,
    next: &'static str,
}

/// Looks at every cell.
fn look(state: &State) -> Looked {
    let policy = &state.engine.policy;
    let label = |it: Option<&Revision>| it.map_or("nothing", Revision::label).to_owned();
    let rows = state.engine.board.rows.iter();
    let cells = rows.flat_map(|row| row.cells.iter().map(move |cell| (row, cell)));
    let stand = |(row, cell): (&crate::domain::board::Row, &Cell)| {
        let stand = Stand {
            live: label(cell.live.as_ref()),
            state: cell.state(&row.facts, policy, state.now).word(),
            candidate: cell.candidate.as_ref().map(|it| it.label().to_owned()),
            next: cell.next(&row.facts, policy, state.now).word(),
        };
        ((row.service.name.clone(), cell.environment.clone()), stand)
    };
    Looked {
        at: state.now,
        cells: cells.map(stand).collect(),
    }
}

/// What has changed, a line each.
pub fn lines(state: &State) -> Vec<String> {
    if state.interface.screen == Screen::Release {
        return since_the_vote(state);
    }
    let Some(looked) = &state.interface.looked else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    for (key, now) in &look(state).cells {
        let (service, environment) = key;
        let Some(then) = looked.cells.get(key) else {
            lines.push(format!(
                "{service} {environment}: new on the board, {}",
                now.live
            ));
            continue;
        };
        let mut told = Vec::new();
        if then.live != now.live {
            told.push(format!("live {} > {}", then.live, now.live));
        }
        if then.candidate != now.candidate {
            let word = |it: &Option<String>| it.clone().unwrap_or_else(|| "none".to_owned());
            told.push(format!(
                "next {} > {}",
                word(&then.candidate),
                word(&now.candidate)
            ));
        }
        if then.state != now.state {
            told.push(format!("{} > {}", then.state, now.state));
        } else if then.next != now.next {
            told.push(format!("next is {} > {}", then.next, now.next));
        }
        if !told.is_empty() {
            lines.push(format!("{service} {environment}: {}", told.join(", ")));
        }
    }
    let gone = looked.cells.keys();
    let engine = &state.engine;
    let gone =
        gone.filter(|(service, environment)| engine.board.cell(service, environment).is_none());
    lines.extend(gone.map(|(service, environment)| format!("{service} {environment}: gone")));
    lines
}

/// What the set was when the operator voted, and what it is.
fn since_the_vote(state: &State) -> Vec<String> {
    let engine = &state.engine;
    let Some(release) = state.interface.release(&engine.policy) else {
        return Vec::new();
    };
    let (Some(me), Some(ledger)) = (&engine.operator, &engine.ledger) else {
        return vec!["nobody knows who you are, or what was voted".to_owned()];
    };
    let key = (release.name.clone(), me.clone());
    let Some(vote) = ledger.release_votes.get(&key) else {
        return vec![format!("you have not voted on {}", release.name)];
    };
    let decision = engine.decision(release, state.now);
    if vote.scope == decision.bound {
        return vec!["the set is what you voted on".to_owned()];
    }
    vec![
        format!("you voted on: {}", vote.saw),
        format!("it is now:    {}", decision.words),
    ]
}

/// Opens the list.
pub(super) fn open(state: &mut State) {
    if state.interface.looked.is_none() {
        state.interface.looked = Some(look(state));
    }
    state
        .interface
        .overlays
        .push(Overlay::Changes { offset: 0 });
}

/// Closes it: what was shown has been seen.
pub(super) fn close(state: &mut State) {
    state.interface.overlays.pop();
    if state.interface.screen != Screen::Release {
        state.interface.looked = Some(look(state));
    }
}

impl Interface {
    /// Says whether the first look is still to come, now that everything has been read.
    pub(crate) fn is_to_look(&self, rows: &[crate::domain::board::Row]) -> bool {
        self.looked.is_none()
            && rows.len() <= MANY
            && rows
                .iter()
                .all(|row| row.facts.last.is_some() || row.facts.fault.is_some())
    }
}

/// Takes the first look.
pub(crate) fn first(state: &mut State) {
    if state.interface.is_to_look(&state.engine.board.rows) {
        state.interface.looked = Some(look(state));
    }
}

#[cfg(test)]
mod tests {
    use super::super::harness::{judge, press, running, state, top};
    use super::*;
    use crate::domain::gate;

    #[test]
    fn what_changed_since_the_last_look_is_listed_once() {
        let mut state = state();
        press(&mut state, "t");
        assert!(state.interface.looked.is_some(), "everything is read");
        running(&mut state, "web", "production");
        judge(
            &mut state.engine.board,
            "api",
            "production",
            gate::State::Closed,
        );
        press(&mut state, "d");
        assert_eq!(top(&state), "changes");
        assert_eq!(
            lines(&state),
            [
                "api production: next is ready > gated",
                "web production: ok > running"
            ]
        );
        press(&mut state, "esc d");
        assert_eq!(lines(&state), Vec::<String>::new());
    }
}
