//! The operator's own commands: which key runs which, the dialog that asks first, the pane with what
//! they said. What they are lives in `domain/custom.rs`.

use std::collections::BTreeMap;

use super::choice::{travel, turn};
use super::{Chord, Cursor, Overlay, Screen};
use crate::app::command::{Command, Context};
use crate::app::effect::Effect;
use crate::app::keymap::{Found, Keymap, Mistake};
use crate::app::state::State;
use crate::domain::custom::{CustomCommand, Output};
use crate::domain::sampling::Errand;

/// The commands of the config, and their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Customs {
    pub commands: Vec<CustomCommand>,
    keys: BTreeMap<Chord, usize>,
}

impl Customs {
    /// Binds the commands' keys beside those of `keymap`.
    ///
    /// # Errors
    ///
    /// Returns every problem with the command's name: a name that `:` knows already, unreadable keys,
    /// keys that mean something already, and a dangerous command on anything but a SHIFT letter.
    pub fn new(commands: Vec<CustomCommand>, keymap: &Keymap) -> Result<Self, Vec<Mistake>> {
        let mut keys: BTreeMap<Chord, usize> = BTreeMap::new();
        let mut mistakes = Vec::new();
        for (place, command) in commands.iter().enumerate() {
            let mut tell = |why: String, hint: &str| {
                let name = command.name.clone();
                let hint = Some(hint.to_owned());
                mistakes.push(Mistake { name, why, hint });
            };
            let another = "give it another key; `gonogo config keys` lists those that are taken";
            if Command::named(&command.name).is_some() {
                let why = "a command of the board has this name already";
                tell(why.to_owned(), "give it another name");
            }
            for key in &command.keys {
                let Some(chord) = Chord::parse(key) else {
                    let hint = "write one key: \"x\", \"W\", \"ctrl-x\", \"alt-x\", \"f5\"";
                    tell(format!("{key:?} is not a key"), hint);
                    continue;
                };
                let meant = [Context::Board, Context::Detail]
                    .into_iter()
                    .find_map(|context| match keymap.find(context, &[chord]) {
                        Found::Command(command) => Some(command.spec().name),
                        Found::Begun => Some("the beginning of others"),
                        Found::Nothing => None,
                    });
                if command.dangerous && !chord.is_shift_letter() {
                    let why =
                        format!("it is dangerous, so its key must be a SHIFT letter, not {key}");
                    tell(why, "write a capital letter, \"W\"");
                } else if let Some(meant) = meant {
                    tell(format!("{key} means {meant} already"), another);
                } else if let Some(other) = keys.get(&chord).and_then(|place| commands.get(*place))
                {
                    let why = format!("{chord} is bound to {} already", other.name);
                    tell(why, another);
                } else {
                    keys.insert(chord, place);
                }
            }
        }
        if mistakes.is_empty() {
            Ok(Self { commands, keys })
        } else {
            Err(mistakes)
        }
    }

    /// The place of a command by its name.
    pub fn named(&self, name: &str) -> Option<usize> {
        self.commands
            .iter()
            .position(|command| command.name == name)
    }
}

/// Asks before a command is run.
#[derive(Clone, Debug)]
pub struct CustomDialog {
    pub command: CustomCommand,
    /// What would be run, with the cell's names in it.
    pub errand: Errand,
    pub on: String,
    pub run: bool,
}

/// What a command said.
#[derive(Clone, Debug)]
pub struct OutputPane {
    pub ticket: u64,
    pub errand: Errand,
    /// `None` while it runs.
    pub output: Option<Output>,
    pub offset: usize,
}

/// Runs the command of a key, if one is bound to it here.
pub(super) fn key(state: &mut State, chord: Chord) -> Vec<Effect> {
    match state.interface.customs.keys.get(&chord) {
        Some(place) => start(state, *place, None),
        None => Vec::new(),
    }
}

/// Runs a command over a cell, the selected one if none is named, or asks first.
pub(super) fn start(state: &mut State, place: usize, at: Option<Cursor>) -> Vec<Effect> {
    let now = state.now;
    if !state.interface.overlays.is_empty() {
        return Vec::new();
    }
    let (command, errand, on) = match prepared(state, place, at.as_ref()) {
        Ok(prepared) => prepared,
        Err(why) => {
            let name = state.interface.customs.commands.get(place);
            let name = name.map_or("", |command| command.name.as_str());
            let why = format!("{name}: {why}");
            state.interface.say(false, why, now);
            return Vec::new();
        }
    };
    if command.asks() {
        state.interface.overlays.push(Overlay::Custom(CustomDialog {
            command,
            errand,
            on,
            run: false,
        }));
        return Vec::new();
    }
    launch(state, errand)
}

/// What a command does, as the config says, else what it runs.
pub fn about(command: &CustomCommand) -> String {
    let help = command.help.clone();
    let help = help.unwrap_or_else(|| command.argv.join(" "));
    if command.asks() {
        format!("{help}; asks first")
    } else {
        help
    }
}

/// Why a command cannot be run over a cell, the selected one if none is named.
pub fn blocked(state: &State, place: usize, at: Option<&Cursor>) -> Option<String> {
    prepared(state, place, at).err()
}

fn prepared(
    state: &State,
    place: usize,
    at: Option<&Cursor>,
) -> Result<(CustomCommand, Errand, String), String> {
    let command = state
        .interface
        .customs
        .commands
        .get(place)
        .ok_or("there is no such command")?;
    if command.dangerous && state.engine.read_only {
        return Err("it is dangerous, and this is read-only".to_owned());
    }
    let here = matches!(state.interface.screen, Screen::Board | Screen::Detail(_));
    let selected = state.interface.cursor.as_ref().filter(|_| here);
    let cursor = at.or(selected).ok_or("no cell is selected")?;
    let row = state.engine.board.row(&cursor.service);
    let found = row.and_then(|row| Some((row, row.cell(&cursor.environment)?)));
    let (row, cell) =
        found.ok_or_else(|| format!("{} has no {}", cursor.service, cursor.environment))?;
    if !command.covers(&cursor.service, &cursor.environment) {
        let (service, environment) = (&cursor.service, &cursor.environment);
        return Err(format!("it is not for {service} > {environment}"));
    }
    let url = cell.url.as_deref();
    let url = url.or(row.facts.value().map(|facts| facts.url.as_str()));
    let on = format!("{} > {}", cursor.service, cursor.environment);
    let errand = command.errand(&row.service, cell, url);
    let errand = errand.map_err(|word| format!("{on} has no {word}"))?;
    Ok((command.clone(), errand, on))
}

fn launch(state: &mut State, errand: Errand) -> Vec<Effect> {
    state.interface.runs += 1;
    let ticket = state.interface.runs;
    state.interface.overlays.push(Overlay::Output(OutputPane {
        ticket,
        errand: errand.clone(),
        output: None,
        offset: 0,
    }));
    vec![Effect::Run { ticket, errand }]
}

/// The dialog rests on Cancel.
pub(super) fn run(state: &mut State, command: Command) -> Vec<Effect> {
    let Some(Overlay::Custom(dialog)) = state.interface.overlays.last_mut() else {
        return Vec::new();
    };
    match command {
        Command::NextPane
        | Command::Down
        | Command::Right
        | Command::PreviousPane
        | Command::Up
        | Command::Left => dialog.run = turn(usize::from(dialog.run), 2, true) == 1,
        Command::Copy => return vec![Effect::Copy(command_line(&dialog.errand))],
        Command::Open if dialog.run => {
            let errand = dialog.errand.clone();
            let dangerous = dialog.command.dangerous;
            state.interface.overlays.pop();
            if dangerous && state.engine.read_only {
                return Vec::new();
            }
            return launch(state, errand);
        }
        Command::Open | Command::Close => {
            state.interface.overlays.pop();
        }
        _ => {}
    }
    Vec::new()
}

/// The pane with what a command said.
pub(super) fn run_pane(state: &mut State, command: Command) -> Vec<Effect> {
    let height = usize::from(state.interface.rows.saturating_sub(6)).max(1);
    let Some(Overlay::Output(pane)) = state.interface.overlays.last_mut() else {
        return Vec::new();
    };
    match command {
        Command::Close => {
            state.interface.overlays.pop();
        }
        Command::Copy => {
            let lines = pane.output.as_ref().map(|output| output.lines.join("\n"));
            let text = lines.filter(|lines| !lines.is_empty());
            return vec![Effect::Copy(
                text.unwrap_or_else(|| command_line(&pane.errand)),
            )];
        }
        Command::Quit => return super::leave::ask(state),
        _ => {
            let count = pane.output.as_ref().map_or(0, |output| output.lines.len());
            if let Some(to) = travel(command, pane.offset, count, height) {
                pane.offset = to;
            }
        }
    }
    Vec::new()
}

/// Takes what a command said, into its pane if that is still open.
pub(super) fn ran(state: &mut State, ticket: u64, output: Output) {
    let pane = state
        .interface
        .overlays
        .iter_mut()
        .find_map(|overlay| match overlay {
            Overlay::Output(pane) if pane.ticket == ticket => Some(pane),
            _ => None,
        });
    if let Some(pane) = pane {
        pane.output = Some(output);
        return;
    }
    let last = output.lines.last().cloned().unwrap_or_default();
    let text = format!("a command has ended: {} {last}", output.end);
    let now = state.now;
    state.interface.say(output.good, text, now);
}

/// The command as one would type it in a shell.
pub fn command_line(errand: &Errand) -> String {
    let words: Vec<String> = errand
        .argv
        .iter()
        .map(|word| super::link::quoted(word))
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::super::harness::{on, press, said, state, top};
    use super::*;
    use crate::app::msg::Msg;
    use crate::app::update;

    fn command(name: &str, key: &str, dangerous: bool) -> CustomCommand {
        CustomCommand {
            name: name.to_owned(),
            argv: ["./tool", "--in={environment}", "{service}"]
                .map(str::to_owned)
                .to_vec(),
            help: None,
            keys: vec![key.to_owned()],
            confirm: false,
            dangerous,
            services: Vec::new(),
            environments: Vec::new(),
            time_limit: SignedDuration::from_secs(5),
        }
    }

    fn with(commands: Vec<CustomCommand>) -> State {
        let mut state = state();
        state.interface.customs = Customs::new(commands, &Keymap::default()).expect("fine");
        on(&mut state, "search", "production");
        state
    }

    fn argv(effects: &[Effect]) -> Vec<String> {
        match effects {
            [Effect::Run { errand, .. }] => errand.argv.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_harmless_command_runs_at_once_and_its_words_come_into_a_pane() {
        let mut state = with(vec![command("logs", "u", false)]);
        let effects = press(&mut state, "u");
        assert_eq!(argv(&effects), ["./tool", "--in=production", "search"]);
        assert_eq!(top(&state), "output");
        let output = Output {
            lines: vec!["fine".to_owned()],
            cut: false,
            end: "exit 0".to_owned(),
            good: true,
        };
        let now = state.now;
        update(&mut state, now, Msg::Ran { ticket: 1, output });
        let copied = press(&mut state, "y");
        assert_eq!(copied, [Effect::Copy("fine".to_owned())]);
        press(&mut state, "esc");
        assert_eq!(top(&state), "none");
    }

    #[test]
    fn a_dangerous_one_asks_rests_on_cancel_and_is_refused_where_nothing_may_be_changed() {
        let mut state = with(vec![command("restart", "S", true)]);
        assert_eq!(press(&mut state, "S"), []);
        assert_eq!(top(&state), "custom");
        assert_eq!(press(&mut state, "enter"), []);
        assert_eq!(top(&state), "none");
        assert_eq!(argv(&press(&mut state, "S tab enter")).len(), 3);
        press(&mut state, "esc : 'restart enter");
        assert_eq!(top(&state), "custom", "by its name too");
        press(&mut state, "esc");
        state.engine.read_only = true;
        assert_eq!(press(&mut state, "S"), []);
        assert_eq!(top(&state), "none");
        assert!(said(&state).contains("read-only"), "{}", said(&state));
    }

    #[test]
    fn half_a_command_line_is_not_run() {
        let mut one = command("tail", "u", false);
        one.argv.push("{url}".to_owned());
        one.services = vec!["search".into()];
        let mut state = with(vec![one]);
        on(&mut state, "web", "production");
        assert_eq!(press(&mut state, "u"), []);
        assert!(said(&state).contains("not for web"), "{}", said(&state));
    }

    #[test]
    fn keys_that_mean_something_and_harmless_keys_for_danger_are_told() {
        let commands = vec![
            command("one", "j", false),
            command("two", "u", true),
            command("three", "hyper-u", false),
            command("four", "S", true),
            command("five", "S", false),
            command("promote", "u", false),
        ];
        let mistakes = Customs::new(commands, &Keymap::default()).expect_err("five");
        let names: Vec<&str> = mistakes.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["one", "two", "three", "five", "promote"]);
    }
}
