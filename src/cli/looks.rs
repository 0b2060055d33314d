//! What the terminal and the config say of the board's looks and keys, as failures of a command.

use super::{Failure, Global, When, settings};
use crate::app::keymap::Keymap;
use crate::config::{Env, Settings};
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

/// Everything about looks and keys; what is wrong is told with its place in the file.
pub(super) fn looks(settings: &Settings, given: Given) -> Result<Looks, Failure> {
    Looks::new(settings, given).map_err(|problems| settings::broken(&problems))
}

/// The keys with the config's changes, the operator's own commands among them.
pub(super) fn keymap(settings: &Settings) -> Result<Keymap, Failure> {
    let keymap = looks::keymap(settings);
    let keymap = keymap.map_err(|problems| settings::broken(&problems))?;
    let customs = looks::customs(settings, &keymap);
    customs.map_err(|problems| settings::broken(&problems))?;
    Ok(keymap)
}
