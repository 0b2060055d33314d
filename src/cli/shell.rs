//! `gonogo completions` and `gonogo man`: what a shell and `man` want to know of the commands.

use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::{Args, CommandFactory as _, ValueEnum};
use serde_json::json;

use super::{Cli, Exit, Failure, Global, manual, output};
use crate::app::status::SCHEMA;

/// The shells that completions are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(clippy::enum_variant_names, reason = "the names of shells")]
pub enum Shell {
    Bash,
    Elvish,
    Fish,
    Nushell,
    #[value(name = "powershell")]
    PowerShell,
    Zsh,
}

#[derive(Clone, Debug, Args)]
pub struct CompletionsArgs {
    /// The shell to write them for.
    shell: Shell,
}

#[derive(Clone, Debug, Args)]
pub struct ManArgs {
    /// Write a page for each command into this folder, instead of the first one to standard output.
    #[arg(long, value_name = "FOLDER")]
    into: Option<PathBuf>,
}

/// Prints the completions of a shell.
pub(super) fn completions(global: &Global, args: &CompletionsArgs) -> Exit {
    use clap_complete::Shell as Known;
    let mut command = Cli::command();
    let mut text = Vec::new();
    let mut write = |known| clap_complete::generate(known, &mut command, "gonogo", &mut text);
    match args.shell {
        Shell::Bash => write(Known::Bash),
        Shell::Elvish => write(Known::Elvish),
        Shell::Fish => write(Known::Fish),
        Shell::PowerShell => write(Known::PowerShell),
        Shell::Zsh => write(Known::Zsh),
        Shell::Nushell => clap_complete::generate(
            clap_complete_nushell::Nushell,
            &mut command,
            "gonogo",
            &mut text,
        ),
    }
    print(global, "script", &text);
    Exit::Done
}

/// Prints a text as it is, or as a value of JSON.
fn print(global: &Global, name: &str, text: &[u8]) {
    if global.json {
        let text = String::from_utf8_lossy(text);
        output::json_line(&json!({"schema": SCHEMA, name: text}));
    } else {
        // Whoever reads may have seen enough.
        let _ = io::stdout().lock().write_all(text);
    }
}

/// Prints the manual page, or writes all of them.
pub(super) fn man(global: &Global, args: &ManArgs) -> Result<Exit, Failure> {
    let Some(folder) = &args.into else {
        let text = manual::page(&Cli::command()).map_err(|error| {
            Failure::new(Exit::Error, format!("the page cannot be written: {error}"))
        })?;
        print(global, "page", text.as_bytes());
        return Ok(Exit::Done);
    };
    manual::all(Cli::command(), folder).map_err(|error| {
        Failure::new(
            Exit::Error,
            format!(
                "cannot write manual pages into {}: {error}",
                folder.display()
            ),
        )
    })?;
    if global.json {
        output::json_line(&json!({"schema": SCHEMA, "into": folder}));
    }
    Ok(Exit::Done)
}
