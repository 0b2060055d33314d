//! Completing a filter as it is typed: the names of fields, and what there is on the board to look for.

use std::collections::BTreeSet;

use super::query::{COMPLETIONS, STATES, field};
use crate::app::state::State;

/// How many are on offer at once.
const MOST: usize = 20;

/// What a filter of the board may go on to.
pub fn completions(state: &State, text: &str) -> Vec<String> {
    let values = |name: &str| field(name).map_or_else(BTreeSet::new, |field| values(state, field));
    complete(text, &COMPLETIONS.map(str::to_owned), values)
}

/// What a filter may go on to: its last word completed, one text for each way.
pub(in crate::app::interface) fn complete(
    text: &str,
    names: &[String],
    values: impl Fn(&str) -> BTreeSet<String>,
) -> Vec<String> {
    let start = text.rfind(char::is_whitespace).map_or(0, |place| {
        place + text[place..].chars().next().map_or(0, char::len_utf8)
    });
    let (before, word) = text.split_at(start);
    let (not, word) = match word.strip_prefix('!') {
        Some(word) => ("!", word),
        None => ("", word),
    };
    let before = before.trim_start();
    let Some((name, value)) = word.split_once(':') else {
        let names = names.iter().filter(|name| name.starts_with(word));
        return names.map(|name| format!("{before}{not}{name}")).collect();
    };
    // Of several parts the last is being typed.
    let (parts, part) = value
        .rfind(',')
        .map_or(("", value), |place| value.split_at(place + 1));
    let lower = part.to_lowercase();
    let known = values(name).into_iter();
    let fitting = known.filter(|value| value.to_lowercase().starts_with(&lower) && *value != part);
    fitting
        .take(MOST)
        .map(|value| format!("{before}{not}{name}:{parts}{value}"))
        .collect()
}

/// What a field has on this board.
pub(in crate::app::interface) fn values(state: &State, field: &str) -> BTreeSet<String> {
    let policy = &state.engine.policy;
    let services = policy.services.iter();
    match field {
        "service" => services.map(|it| it.name.to_string()).collect(),
        "group" => services.filter_map(|it| it.group.clone()).collect(),
        "forge" => services.map(|it| it.forge.to_string()).collect(),
        "release" => policy
            .releases
            .iter()
            .map(|it| it.name.to_string())
            .collect(),
        "env" => super::columns(policy)
            .iter()
            .map(ToString::to_string)
            .collect(),
        "state" => STATES.iter().map(|it| it.word().to_owned()).collect(),
        "owner" => {
            let ledger = state.engine.ledger.iter();
            let holds = ledger.flat_map(|ledger| ledger.holds.values());
            holds.map(|hold| hold.owner.to_string()).collect()
        }
        _ => BTreeSet::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::harness::{press, state};
    use super::*;

    #[test]
    fn the_last_word_is_completed_and_the_others_stay() {
        let state = state();
        for (typed, expected) in [
            ("gro", vec!["group:"]),
            ("web !st", vec!["web !state:"]),
            ("state:he", vec!["state:held"]),
            ("is:held,rea", vec!["is:held,ready"]),
            ("env:", vec!["env:production", "env:staging"]),
            ("!group:m", vec!["!group:money"]),
            ("env:staging", vec![]),
            ("colour:r", vec![]),
            ("zzz", vec![]),
        ] {
            assert_eq!(completions(&state, typed), expected, "{typed}");
        }
    }

    #[test]
    fn tab_completes_what_is_typed_after_a_slash() {
        let mut state = state();
        press(&mut state, "/ 'gro tab 'mon tab enter");
        assert_eq!(state.interface.filter, "group:money");
        assert_eq!(state.interface.order.len(), 1);
    }
}
