//! `gonogo config`: check the file, or show what is in effect.

use clap::Subcommand;
use serde_json::json;

use super::{Exit, Failure, Global, output, settings};
use crate::app::status::SCHEMA;
use crate::config::{self, Env, Level, Problem};

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Report every problem of the config file, with file, line and column.
    Check,
    /// Print the configuration in effect, as TOML and without secrets.
    Show,
}

pub(super) fn run(global: &Global, env: &Env, command: ConfigCommand) -> Result<Exit, Failure> {
    let path = settings::located(global, env).ok_or_else(|| {
        Failure::new(Exit::Usage, "there is no config file")
            .hint("`gonogo` needs none in a checkout; --config names one")
    })?;
    let loaded = config::read(&path, env);
    match command {
        ConfigCommand::Check => {
            let (problems, exit) = match loaded {
                Ok(settings) => (settings.notes, Exit::Done),
                Err(problems) => (problems, Exit::Usage),
            };
            if global.json {
                let problems: Vec<_> = problems.iter().map(as_json).collect();
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
        ConfigCommand::Show => {
            let settings = loaded.map_err(|problems| settings::broken(&problems))?;
            let shown = config::show::show(&settings);
            if global.json {
                output::json_line(&json!({"schema": SCHEMA, "file": path, "toml": shown}));
            } else {
                output::line(shown.trim_end());
            }
            Ok(Exit::Done)
        }
    }
}

fn as_json(problem: &Problem) -> serde_json::Value {
    json!({
        "file": problem.path, "line": problem.line, "column": problem.column,
        "level": match problem.level { Level::Error => "error", Level::Note => "note" },
        "message": problem.message, "source": problem.source_line, "hint": problem.hint,
    })
}
