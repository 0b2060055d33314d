//! `gonogo config`: check the file, or show what is in effect.

use std::path::Path;

use clap::Subcommand;
use serde_json::json;

use super::{Exit, Failure, Global, looks, output, settings};
use crate::app::command::{Context, SPECS, reference};
use crate::app::keymap::Keymap;
use crate::app::status::SCHEMA;
use crate::config::{self, Env, Settings};
use crate::runtime::looks::{Looks, background};
use crate::ui::Theme;
use crate::ui::theme::Background;

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Report every problem of the config file, with file, line and column.
    Check,
    /// Print the configuration in effect, as TOML and without secrets.
    Show,
    /// Print every command of the board with its keys, as they are bound now.
    Keys {
        /// As a page of Markdown, by what they do.
        #[arg(long)]
        markdown: bool,
    },
    /// Print a theme to start an own one from, or the names of all.
    Theme {
        /// One of the program's own.
        name: Option<String>,
        /// The variant for light terminals, where there is one.
        #[arg(long)]
        light: bool,
    },
}

pub(super) async fn run(
    global: &Global,
    env: &Env,
    command: ConfigCommand,
) -> Result<Exit, Failure> {
    match &command {
        ConfigCommand::Keys { markdown } => return keys(global, env, *markdown),
        ConfigCommand::Theme { name, light } => {
            return theme(global, env, name.as_deref(), *light);
        }
        ConfigCommand::Check | ConfigCommand::Show => {}
    }
    if let (ConfigCommand::Show, None) = (&command, settings::located(global, env)) {
        let settings = settings::settings(global, env).await?;
        return Ok(show(global, None, &settings));
    }
    let path = settings::located(global, env).ok_or_else(|| {
        Failure::new(Exit::Usage, "there is no config file")
            .hint("`gonogo` needs none in a checkout; --config names one")
    })?;
    // Which keys and filters there are, the config layer cannot know.
    let loaded = Looks::read(&path, env, looks::given(global, env)).map(|(settings, _)| settings);
    match command {
        ConfigCommand::Check => {
            let (problems, exit) = match loaded {
                Ok(settings) => (settings.notes, Exit::Done),
                Err(problems) => (problems, Exit::Usage),
            };
            if global.json {
                let problems: Vec<_> = problems.iter().map(output::problem_json).collect();
                output::json_line(
                    &json!({"schema": SCHEMA, "file": path, "ok": exit == Exit::Done, "problems": problems}),
                );
            } else if problems.is_empty() {
                output::line(&format!("{}: ok", path.display()));
            } else {
                output::line(config::render(&problems).trim_end());
            }
            Ok(exit)
        }
        // Both need no file.
        ConfigCommand::Keys { .. } | ConfigCommand::Theme { .. } => Ok(Exit::Done),
        ConfigCommand::Show => {
            let settings = loaded.map_err(|problems| settings::broken(&problems))?;
            Ok(show(global, Some(&path), &settings))
        }
    }
}

/// Prints settings as a config file; without one, those that were made of this checkout.
fn show(global: &Global, path: Option<&Path>, settings: &Settings) -> Exit {
    let shown = config::show::show(settings);
    if global.json {
        output::json_line(&json!({"schema": SCHEMA, "file": path, "toml": shown}));
    } else {
        output::line(shown.trim_end());
    }
    Exit::Done
}

/// Prints the table of commands with the config's keys, or the default ones where there is none.
fn keys(global: &Global, env: &Env, markdown: bool) -> Result<Exit, Failure> {
    let keymap = match settings::located(global, env) {
        Some(path) => looks::keymap(&path, env)?,
        None => Keymap::default(),
    };
    if markdown {
        output::line(reference::markdown(&keymap).trim_end());
        return Ok(Exit::Done);
    }
    let rows = SPECS.iter().map(|spec| {
        let keys = keymap.keys(spec.command).iter().map(ToString::to_string);
        let contexts = spec.contexts.iter().map(|context| context.word());
        (spec, keys.collect::<Vec<_>>(), contexts.collect::<Vec<_>>())
    });
    if global.json {
        let commands: Vec<_> = rows
            .map(|(spec, keys, contexts)| {
                json!({"name": spec.name, "keys": keys, "help": spec.help, "contexts": contexts})
            })
            .collect();
        output::json_line(&json!({"schema": SCHEMA, "commands": commands}));
        return Ok(Exit::Done);
    }
    for (spec, keys, contexts) in rows {
        let contexts = if contexts.len() == Context::ALL.len() {
            "everywhere".to_owned()
        } else {
            contexts.join(", ")
        };
        let quoted: Vec<String> = keys.iter().map(|key| format!("{key:?}")).collect();
        output::line(&format!(
            "{:<18} = {:<22} # {} ({contexts})",
            spec.name,
            if quoted.is_empty() {
                "false".to_owned()
            } else {
                format!("[{}]", quoted.join(", "))
            },
            spec.help,
        ));
        for (context, keys) in keymap.apart(spec.command) {
            let keys: Vec<String> = keys
                .iter()
                .map(|key| format!("{:?}", key.to_string()))
                .collect();
            let name = format!("\"{}.{}\"", context.word(), spec.name);
            output::line(&format!("{name:<18} = [{}]", keys.join(", ")));
        }
    }
    Ok(Exit::Done)
}

fn theme(global: &Global, env: &Env, name: Option<&str>, light: bool) -> Result<Exit, Failure> {
    let Some(name) = name else {
        if global.json {
            let names: Vec<_> = Theme::names().collect();
            output::json_line(&json!({"schema": SCHEMA, "themes": names}));
        } else {
            Theme::names().for_each(output::line);
        }
        return Ok(Exit::Done);
    };
    let background = if light {
        Background::Light
    } else {
        background(env).unwrap_or(Background::Dark)
    };
    let text = Theme::text(name, background).ok_or_else(|| {
        let names: Vec<_> = Theme::names().collect();
        Failure::new(Exit::Usage, format!("there is no theme `{name}`"))
            .hint(format!("there are {}", names.join(", ")))
    })?;
    if global.json {
        output::json_line(&json!({"schema": SCHEMA, "name": name, "toml": text}));
    } else {
        output::line(text.trim_end());
    }
    Ok(Exit::Done)
}
