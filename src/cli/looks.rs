//! What the terminal and the config say of the board's looks and keys, as failures of a command.

use std::path::Path;

use super::{Exit, Failure, Global, When, settings};
use crate::app::keymap::Keymap;
use crate::config::{self, Env, Settings};
use crate::runtime::looks::{self, Given, Looks};

/// What the command line and the terminal say.
pub(super) fn given(global: &Global, env: &Env) -> Given {
    let colour = match global.color {
        When::Never => Some(false),
        When::Always => Some(true),
        When::Auto => None,
    };
    Given::new(colour, global.ascii, env)
}

/// Everything about looks and keys. What is wrong is told with its place in the file.
pub(super) fn looks(settings: &Settings, env: &Env, given: Given) -> Result<Looks, Failure> {
    Looks::new(settings, given).or_else(|findings| match &settings.source {
        Some(path) => match Looks::read(path, env, given) {
            Ok((_, looks)) => Ok(looks),
            Err(problems) => Err(settings::broken(&problems)),
        },
        None => {
            let told: Vec<String> = findings.into_iter().map(|finding| finding.why).collect();
            Err(Failure::new(Exit::Usage, told.join("; ")))
        }
    })
}

/// The keys with the config's changes, the operator's own commands among them.
pub(super) fn keymap(path: &Path, env: &Env) -> Result<Keymap, Failure> {
    let read = config::read_with(path, env, |settings| {
        let keymap = looks::keymap(settings)?;
        looks::customs(settings, &keymap)?;
        Ok(keymap)
    });
    let (_, keymap) = read.map_err(|problems| settings::broken(&problems))?;
    Ok(keymap)
}
