//! The keymap: which key means which command where, with the user's own bindings. The commands
//! and their default keys live in `command.rs`.

use std::collections::BTreeMap;
use std::fmt;

use super::command::{Command, Context, Danger, SPECS, Spec};
use super::interface::Chord;
use crate::domain::spelling;

/// Chords that are pressed one after the other; mostly it is just one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Strokes(Vec<Chord>);

/// How keys are written, for hints.
const WRITTEN: &str =
    "write \"x\", \"W\", \"ctrl-x\", \"alt-x\", \"f5\", \"enter\", or up to four of them, \"g x\"";

/// The most chords that one binding may take.
const LONGEST: usize = 4;

impl Strokes {
    /// Reads chords as they are written, with spaces between them: `g g`.
    pub fn parse(text: &str) -> Option<Self> {
        let words = text.split_whitespace();
        let chords: Vec<Chord> = words.map(Chord::parse).collect::<Option<_>>()?;
        (1..=LONGEST)
            .contains(&chords.len())
            .then_some(Self(chords))
    }

    pub fn chords(&self) -> &[Chord] {
        &self.0
    }

    /// Says whether it ends on a SHIFT letter: nothing else may lead to a change.
    fn may_change(&self) -> bool {
        self.0.last().is_some_and(|chord| chord.is_shift_letter())
    }

    /// Says whether it begins with a character that a text field takes for itself.
    pub fn types(&self) -> bool {
        self.0
            .first()
            .is_some_and(|chord| chord.character().is_some())
    }
}

impl fmt::Display for Strokes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, chord) in self.0.iter().enumerate() {
            let between = if place == 0 { "" } else { " " };
            write!(f, "{between}{chord}")?;
        }
        Ok(())
    }
}

/// What chords mean so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    Command(Command),
    /// They begin a longer binding.
    Begun,
    Nothing,
}

/// Something wrong with the bindings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The name in `[keys]` under which it was written: `sort`, or `board.sort`.
    pub name: String,
    pub why: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Which key means which command where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    /// In the order of the table of commands, the user's keys in the user's order.
    bound: Vec<(Command, Vec<Strokes>)>,
    /// Where one context has keys of its own.
    apart: BTreeMap<(Command, Context), Vec<Strokes>>,
    found: BTreeMap<(Context, Strokes), Command>,
}

impl Default for Keymap {
    /// The default keys. A test proves that they collide nowhere.
    fn default() -> Self {
        let bound = SPECS
            .iter()
            .map(|spec| (spec.command, defaults(spec)))
            .collect();
        Self::of(bound, BTreeMap::new()).0
    }
}

impl Keymap {
    /// The default keys, changed by the user's: `command = ["key", …]`; no keys unbind it. Under
    /// `context.command` that context alone is changed.
    ///
    /// # Errors
    ///
    /// Returns every problem: unknown commands and contexts, unreadable keys, two commands on one
    /// key, and a command that leads to a change on anything but a SHIFT letter.
    pub fn new(changes: &BTreeMap<String, Vec<String>>) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let mut bound: Vec<(Command, Vec<Strokes>)> = SPECS
            .iter()
            .map(|spec| (spec.command, defaults(spec)))
            .collect();
        let mut apart = BTreeMap::new();
        for (name, keys) in changes {
            let (context, command) = match meant(name) {
                Ok(meant) => meant,
                Err((why, hint)) => {
                    let name = name.clone();
                    mistakes.push(Mistake { name, why, hint });
                    continue;
                }
            };
            let strokes = read(name, command.spec(), keys, &mut mistakes);
            if let Some(context) = context {
                apart.insert((command, context), strokes);
            } else if let Some((_, old)) = bound.iter_mut().find(|(it, _)| *it == command) {
                *old = strokes;
            }
        }
        let (keymap, collisions) = Self::of(bound, apart);
        mistakes.extend(collisions.into_iter().map(|(one, other, why)| {
            // Told where the user wrote it, if at one of the two.
            let written = |command: Command| {
                let name = command.spec().name;
                let mut names = changes.keys();
                names
                    .find(|it| *it == name || it.ends_with(&format!(".{name}")))
                    .cloned()
            };
            Mistake {
                name: written(other).or_else(|| written(one)).unwrap_or_default(),
                why,
                hint: Some("give one of them another key, or take it away with false".to_owned()),
            }
        }));
        if mistakes.is_empty() {
            Ok(keymap)
        } else {
            Err(mistakes)
        }
    }

    fn of(
        bound: Vec<(Command, Vec<Strokes>)>,
        apart: BTreeMap<(Command, Context), Vec<Strokes>>,
    ) -> (Self, Vec<(Command, Command, String)>) {
        let mut found: BTreeMap<(Context, Strokes), Command> = BTreeMap::new();
        let mut collisions: Vec<(Command, Command, String)> = Vec::new();
        let mut tell = |one: Command, other: Command, why: String| {
            if !collisions.iter().any(|(.., told)| *told == why) {
                collisions.push((one, other, why));
            }
        };
        for (command, usual) in &bound {
            for context in command.spec().contexts {
                for strokes in apart.get(&(*command, *context)).unwrap_or(usual) {
                    let place = (*context, strokes.clone());
                    match found.get(&place) {
                        Some(other) if other != command => {
                            let names = (other.spec().name, command.spec().name);
                            let why =
                                format!("{strokes} is bound to both {} and {}", names.0, names.1);
                            tell(*other, *command, why);
                        }
                        Some(_) | None => {
                            found.insert(place, *command);
                        }
                    }
                }
            }
        }
        // A key that begins a longer one would never let it come.
        for ((context, strokes), command) in &found {
            let longer = found.range((*context, strokes.clone())..).skip(1);
            let longer = longer.take_while(|((of, it), _)| {
                of == context && it.chords().starts_with(strokes.chords())
            });
            for ((_, it), other) in longer {
                let names = (command.spec().name, other.spec().name);
                let why = format!("{strokes} ({}) hides {it} ({})", names.0, names.1);
                tell(*command, *other, why);
            }
        }
        let keymap = Self {
            bound,
            apart,
            found,
        };
        (keymap, collisions)
    }

    /// What chords mean where the operator is.
    pub fn find(&self, context: Context, chords: &[Chord]) -> Found {
        let place = (context, Strokes(chords.to_vec()));
        if let Some(command) = self.found.get(&place) {
            return Found::Command(*command);
        }
        let after = self.found.range(place..).next();
        let begun =
            after.is_some_and(|((of, it), _)| *of == context && it.chords().starts_with(chords));
        if begun { Found::Begun } else { Found::Nothing }
    }

    /// The keys of a command, the one to show first.
    pub fn keys(&self, command: Command) -> &[Strokes] {
        self.bound
            .iter()
            .find(|(bound, _)| *bound == command)
            .map_or(&[], |(_, strokes)| strokes)
    }

    /// The keys of a command in a context.
    pub fn keys_in(&self, context: Context, command: Command) -> &[Strokes] {
        self.apart
            .get(&(command, context))
            .map_or_else(|| self.keys(command), Vec::as_slice)
    }

    /// The contexts in which a command has keys of its own.
    pub fn apart(&self, command: Command) -> impl Iterator<Item = (Context, &[Strokes])> {
        self.apart
            .iter()
            .filter(move |((it, _), _)| *it == command)
            .map(|((_, context), strokes)| (*context, strokes.as_slice()))
    }
}

/// The command that a name in `[keys]` means, and where.
fn meant(name: &str) -> Result<(Option<Context>, Command), (String, Option<String>)> {
    let (context, command) = match name.split_once('.') {
        None => (None, name),
        Some((word, command)) => {
            let mut all = Context::ALL.into_iter();
            let context = all.find(|context| context.word() == word);
            let Some(context) = context else {
                let why = format!("there is no context {word:?}");
                return Err((why, spelling::meant(word, Context::ALL.map(Context::word))));
            };
            (Some(context), command)
        }
    };
    let Some(command) = Command::named(command) else {
        let why = format!("there is no command {command:?} to bind");
        let hint = spelling::nearest(command, SPECS.iter().map(|spec| spec.name)).map_or_else(
            || "`gonogo config keys` lists them all".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        return Err((why, Some(hint)));
    };
    match context {
        Some(context) if !command.spec().contexts.contains(&context) => {
            let spec = command.spec();
            let words: Vec<&str> = spec.contexts.iter().map(|it| it.word()).collect();
            let why = format!("{} means nothing in {}", spec.name, context.word());
            Err((why, Some(format!("it is for {}", words.join(", ")))))
        }
        context => Ok((context, command)),
    }
}

/// Reads the keys of one command; the way out keeps its own.
fn read(name: &str, spec: &Spec, keys: &[String], mistakes: &mut Vec<Mistake>) -> Vec<Strokes> {
    let mut all = if spec.danger == Danger::WayOut {
        defaults(spec)
    } else {
        Vec::new()
    };
    let mut wrong = |why: String, hint: &str| {
        mistakes.push(Mistake {
            name: name.to_owned(),
            why,
            hint: Some(hint.to_owned()),
        });
    };
    for key in keys {
        match Strokes::parse(key) {
            None => wrong(format!("{}: {key:?} is not a key", spec.name), WRITTEN),
            Some(strokes) if spec.changes() && !strokes.may_change() => wrong(
                format!(
                    "{}: it leads to a change, so its key must be a SHIFT letter, not {key}",
                    spec.name
                ),
                "write a capital letter, \"W\", or end on one, \"g W\"",
            ),
            Some(strokes) if all.contains(&strokes) => {}
            Some(strokes) => all.push(strokes),
        }
    }
    all
}

fn defaults(spec: &Spec) -> Vec<Strokes> {
    spec.keys
        .iter()
        .filter_map(|key| Strokes::parse(key))
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
            assert_eq!(Keymap::default().find(context, &[chord]), Found::Nothing);
        }
    }

    #[test]
    fn a_key_can_be_bound_anew_and_taken_away() {
        let keymap = Keymap::new(&changes(&[("promote", &["W"]), ("sort", &[])])).expect("fine");
        let find = |key| found(&keymap, Context::Board, key);
        assert_eq!(find("W"), Found::Command(Command::Promote));
        assert_eq!(find("P"), Found::Nothing);
        assert_eq!(find("s"), Found::Nothing);
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
        let find = |key| found(&keymap, Context::Dialog, key);
        assert_eq!(find("esc"), Found::Command(Command::Close));
        assert_eq!(find("ctrl-c"), Found::Command(Command::QuitNow));
        assert_eq!(find("ctrl-x"), Found::Command(Command::QuitNow));
    }

    fn found(keymap: &Keymap, context: Context, keys: &str) -> Found {
        keymap.find(context, Strokes::parse(keys).expect("keys").chords())
    }

    #[test]
    fn keys_may_come_one_after_the_other() {
        let keymap = Keymap::new(&changes(&[
            ("first", &["g g", "home"]),
            ("releases", &["g r"]),
            ("promote", &["g P"]),
        ]));
        let keymap = keymap.expect("fine");
        let find = |keys| found(&keymap, Context::Board, keys);
        assert_eq!(find("g"), Found::Begun);
        assert_eq!(find("g g"), Found::Command(Command::First));
        assert_eq!(find("g r"), Found::Command(Command::Releases));
        assert_eq!(find("g P"), Found::Command(Command::Promote));
        assert_eq!(find("g x"), Found::Nothing);
    }

    #[test]
    fn a_context_may_have_keys_of_its_own() {
        let keymap = Keymap::new(&changes(&[("board.copy", &["e"]), ("list.copy", &[])]));
        let keymap = keymap.expect("fine");
        let copy = Found::Command(Command::Copy);
        assert_eq!(found(&keymap, Context::Board, "e"), copy);
        assert_eq!(found(&keymap, Context::Board, "y"), Found::Nothing);
        assert_eq!(found(&keymap, Context::Detail, "y"), copy);
        assert_eq!(found(&keymap, Context::List, "y"), Found::Nothing);
        assert_eq!(
            keymap.keys_in(Context::Board, Command::Copy)[0].to_string(),
            "e"
        );
        assert_eq!(
            keymap.keys_in(Context::Detail, Command::Copy)[0].to_string(),
            "y"
        );
    }

    #[test]
    fn each_mistake_is_told_under_the_name_where_it_was_written() {
        type Row = (
            &'static str,
            &'static [&'static str],
            &'static str,
            &'static str,
        );
        let table: [Row; 9] = [
            (
                "moon.sort",
                &["s"],
                "there is no context \"moon\"",
                "known: `board`",
            ),
            (
                "bord.sort",
                &["s"],
                "there is no context",
                "did you mean `board`?",
            ),
            (
                "list.sort",
                &["s"],
                "sort means nothing in list",
                "it is for board",
            ),
            (
                "board.sort",
                &["p"],
                "p is bound to both",
                "give one of them",
            ),
            (
                "sort",
                &["g s"],
                "g (first) hides g s (sort)",
                "give one of them",
            ),
            (
                "promote",
                &["P p"],
                "promote: it leads to a change",
                "write a capital",
            ),
            (
                "sort",
                &["a b c d e"],
                "sort: \"a b c d e\" is not a key",
                "write",
            ),
            (
                "promot",
                &["W"],
                "there is no command",
                "did you mean `promote`?",
            ),
            (
                "bogus",
                &["W"],
                "there is no command",
                "`gonogo config keys`",
            ),
        ];
        for (name, keys, why, hint) in table {
            let mistakes = Keymap::new(&changes(&[(name, keys)])).expect_err(why);
            assert_eq!(mistakes.len(), 1, "{mistakes:?}");
            assert_eq!(mistakes[0].name, name, "{why}");
            assert!(mistakes[0].why.starts_with(why), "{mistakes:?}");
            let told = mistakes[0].hint.as_deref();
            assert!(
                told.is_some_and(|told| told.starts_with(hint)),
                "{mistakes:?}"
            );
        }
    }
}
