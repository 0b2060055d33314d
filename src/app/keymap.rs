//! The keymap: which key means which command where, with the user's own bindings. The commands
//! and their default keys live in `command.rs`.

use std::collections::BTreeMap;

use super::command::{Command, Context, Danger, SPECS, Spec};
use super::interface::Chord;

/// Which key means which command where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    /// In the order of the table of commands, the user's keys in the user's order.
    bound: Vec<(Command, Vec<Chord>)>,
    found: BTreeMap<(Context, Chord), Command>,
}

impl Default for Keymap {
    /// The default keys. A test proves that they collide nowhere.
    fn default() -> Self {
        let bound = SPECS
            .iter()
            .map(|spec| (spec.command, defaults(spec)))
            .collect();
        Self::of(bound).0
    }
}

impl Keymap {
    /// The default keys, changed by the user's: `command name = ["key", …]`; no keys unbind it.
    ///
    /// # Errors
    ///
    /// Returns every problem: unknown commands, unreadable keys, two commands on one key, and a
    /// command that leads to a change on anything but a SHIFT letter.
    pub fn new(changes: &BTreeMap<String, Vec<String>>) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        for name in changes.keys() {
            if Command::named(name).is_none() {
                problems.push(format!("there is no command {name:?} to bind"));
            }
        }
        let mut bound = Vec::new();
        for spec in SPECS {
            let Some(keys) = changes.get(spec.name) else {
                bound.push((spec.command, defaults(spec)));
                continue;
            };
            let mut chords = if spec.danger == Danger::WayOut {
                defaults(spec)
            } else {
                Vec::new()
            };
            for key in keys {
                match Chord::parse(key) {
                    None => problems.push(format!("{}: {key:?} is not a key", spec.name)),
                    Some(chord) if spec.changes() && !chord.is_shift_letter() => {
                        problems.push(format!(
                            "{}: it leads to a change, so its key must be a SHIFT letter, not {key}",
                            spec.name
                        ));
                    }
                    Some(chord) if chords.contains(&chord) => {}
                    Some(chord) => chords.push(chord),
                }
            }
            bound.push((spec.command, chords));
        }
        let (keymap, collisions) = Self::of(bound);
        problems.extend(collisions);
        if problems.is_empty() {
            Ok(keymap)
        } else {
            Err(problems)
        }
    }

    fn of(bound: Vec<(Command, Vec<Chord>)>) -> (Self, Vec<String>) {
        let mut found: BTreeMap<(Context, Chord), Command> = BTreeMap::new();
        let mut collisions: Vec<String> = Vec::new();
        for (command, chords) in &bound {
            for context in command.spec().contexts {
                for chord in chords {
                    match found.get(&(*context, *chord)) {
                        Some(other) if other != command => {
                            let told = format!(
                                "{chord} is bound to both {} and {}",
                                other.spec().name,
                                command.spec().name
                            );
                            if !collisions.contains(&told) {
                                collisions.push(told);
                            }
                        }
                        Some(_) | None => {
                            found.insert((*context, *chord), *command);
                        }
                    }
                }
            }
        }
        (Self { bound, found }, collisions)
    }

    /// What a key means where the operator is.
    pub fn find(&self, context: Context, chord: Chord) -> Option<Command> {
        self.found.get(&(context, chord)).copied()
    }

    /// The keys of a command, the one to show first.
    pub fn keys(&self, command: Command) -> &[Chord] {
        self.bound
            .iter()
            .find(|(bound, _)| *bound == command)
            .map_or(&[], |(_, chords)| chords)
    }
}

fn defaults(spec: &Spec) -> Vec<Chord> {
    spec.keys
        .iter()
        .filter_map(|key| Chord::parse(key))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(pairs: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
        pairs
            .iter()
            .map(|(name, keys)| {
                let keys = keys.iter().map(|key| (*key).to_owned()).collect();
                ((*name).to_owned(), keys)
            })
            .collect()
    }

    #[test]
    fn the_default_keys_are_readable_and_collide_nowhere() {
        let keymap = Keymap::new(&BTreeMap::new()).expect("no collisions");
        assert_eq!(keymap, Keymap::default());
        for spec in SPECS {
            for key in spec.keys {
                assert!(Chord::parse(key).is_some(), "{}: {key}", spec.name);
            }
        }
    }

    #[test]
    fn every_command_that_leads_to_a_change_has_a_shift_letter_or_no_key() {
        for spec in SPECS.iter().filter(|spec| spec.changes()) {
            for key in spec.keys {
                let chord = Chord::parse(key).expect("a key");
                assert!(chord.is_shift_letter(), "{}: {key}", spec.name);
            }
        }
    }

    #[test]
    fn ctrl_r_is_bound_to_nothing() {
        let chord = Chord::parse("ctrl-r").expect("a key");
        for context in Context::ALL {
            assert_eq!(Keymap::default().find(context, chord), None);
        }
    }

    #[test]
    fn a_key_can_be_bound_anew_and_taken_away() {
        let keymap = Keymap::new(&changes(&[("promote", &["W"]), ("sort", &[])])).expect("fine");
        let find = |key| keymap.find(Context::Board, Chord::parse(key).expect("a key"));
        assert_eq!(find("W"), Some(Command::Promote));
        assert_eq!(find("P"), None);
        assert_eq!(find("s"), None);
    }

    #[test]
    fn what_is_wrong_with_bindings_is_told_all_at_once() {
        let problems = Keymap::new(&changes(&[
            ("sort", &["p"]),
            ("promote", &["ctrl-p"]),
            ("explode", &["x"]),
            ("peek", &["p", "hyper-p"]),
        ]))
        .expect_err("four problems");
        assert_eq!(problems.len(), 4, "{problems:?}");
    }

    #[test]
    fn the_way_out_cannot_be_bound_away() {
        let keymap = Keymap::new(&changes(&[("close", &[]), ("quit-now", &["ctrl-x"])]));
        let keymap = keymap.expect("fine");
        let find = |key| keymap.find(Context::Dialog, Chord::parse(key).expect("a key"));
        assert_eq!(find("esc"), Some(Command::Close));
        assert_eq!(find("ctrl-c"), Some(Command::QuitNow));
        assert_eq!(find("ctrl-x"), Some(Command::QuitNow));
    }
}
