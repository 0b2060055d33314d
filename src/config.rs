//! Configuration: TOML to checked [`Settings`], or every problem at once with its place.
//!
//! Also what stands in for a file: discovery from git remotes, tokens from where people keep them.
//! Nothing here speaks to a forge; what the settings mean lives in `domain/policy.rs`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::SignedDuration;
use toml::de::DeTable;
use url::Url;

use crate::domain::custom::CustomCommand;
pub use crate::domain::forge_kind::ForgeKind;
use crate::domain::ids::{EnvironmentName, ForgeName, Person, ServiceName};
use crate::domain::notice;
use crate::domain::override_::OverrideRule;
use crate::domain::policy::{GateSpec, Policy};
use crate::domain::risk::RiskRule;

pub mod changes;
mod check;
pub mod defaults;
pub mod discover;
pub mod env;
pub mod error;
mod file;
pub mod keys;
pub mod locate;
pub mod remotes;
pub mod run;
pub mod show;
pub mod tokens;
mod version;

pub use check::{GROUPS, SORTS};
pub use env::Env;
pub use error::{Level, Problem, render};
pub use tokens::TokenSource;

/// Everything that a config file decides, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub policy: Arc<Policy>,
    /// `None` means the forge's login.
    pub operator: Option<Person>,
    pub poll: Poll,
    pub journal: JournalUrl,
    pub forges: Vec<ForgeSettings>,
    /// The gates of each tier, as `config show` prints them; the policy's stages already hold them.
    pub tiers: BTreeMap<String, Vec<GateSpec>>,
    /// Who may override the gates of each tier, as `config show` prints it; the policy's environments
    /// already hold it.
    pub overrides: BTreeMap<String, OverrideRule>,
    /// What each tier makes of how much is at stake, as `config show` prints it; the policy's
    /// environments and stages already hold it.
    pub risks: BTreeMap<String, RiskRule>,
    /// What services add to their tiers' gates; the policy's stages already hold it.
    pub extra_gates: BTreeMap<ServiceName, Vec<GateSpec>>,
    /// The policy that a service names in an environment, beside that of the tier.
    pub policies: BTreeMap<(ServiceName, EnvironmentName), String>,
    /// By command name. Whether there is such a command, the keymap knows.
    pub keys: BTreeMap<String, Binding>,
    pub views: Vec<View>,
    pub ui: Ui,
    /// Who is told of what, and how.
    pub notify: Vec<notice::Rule>,
    /// The operator's own commands.
    pub commands: Vec<CustomCommand>,
    /// The file; `None` without one.
    pub source: Option<PathBuf>,
    /// What the file holds without effect.
    pub notes: Vec<Problem>,
}

/// How often to read, and when what was read is too old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Poll {
    pub interval: SignedDuration,
    pub max_age: SignedDuration,
    /// Whether what is hot is read more often, and what is quiet less.
    pub adapt: bool,
}

/// Where the journal is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalUrl {
    Sqlite(PathBuf),
}

impl JournalUrl {
    pub fn path(&self) -> &Path {
        let Self::Sqlite(path) = self;
        path
    }
}

/// One forge: where it is, and where its token comes from. Never the token itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForgeSettings {
    pub name: ForgeName,
    pub kind: ForgeKind,
    /// What people open in a browser.
    pub url: Url,
    /// The REST base: given, or made from `url`.
    pub api_url: Url,
    pub token: TokenSource,
    /// Further certificate authorities to trust, in PEM.
    pub ca_file: Option<PathBuf>,
    /// How often it is read, where that is not `[poll]`'s.
    pub interval: Option<SignedDuration>,
}

impl ForgeSettings {
    /// The host as tokens are kept by: with the port, where it is not the usual one.
    pub fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }
}

/// The keys of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Binding {
    Keys(Vec<String>),
    /// The command keeps no key.
    Unbound,
}

/// A named arrangement of the board. What it does not say stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    pub name: String,
    pub filter: Option<String>,
    pub sort: Option<&'static str>,
    pub group: Option<&'static str>,
    pub columns: Option<Vec<String>>,
}

/// How the board looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ui {
    pub theme: Theme,
    pub ascii: bool,
    /// Whether glyphs of rows in flight may move.
    pub motion: bool,
    /// Whether times are shown in UTC rather than in the local zone.
    pub utc: bool,
    /// Whether the next start goes on where this one was left.
    pub session: bool,
    /// Whether the board listens to the mouse; `%` lets go of it and takes it back.
    pub mouse: bool,
}

/// Which theme the board is drawn with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Dark or light, as the terminal is.
    #[default]
    Auto,
    /// One of the program's own, by its name.
    Named(&'static str),
    /// A file of the user's.
    File(PathBuf),
}

impl Theme {
    /// The program's own themes; a test of the user interface proves that it has just these.
    pub const NAMES: [&'static str; 6] = [
        "dark",
        "light",
        "high-contrast",
        "colour-blind",
        "terminal",
        "mono",
    ];
}

/// Reads a config file's text in this process's environment.
pub fn load(text: &str, path: &Path) -> Result<Settings, Vec<Problem>> {
    load_in(text, path, &Env::of_process())
}

/// Reads a config file's text. `path` names it in problems and anchors relative paths; `env` gives
/// the home and state folders.
pub fn load_in(text: &str, path: &Path, env: &Env) -> Result<Settings, Vec<Problem>> {
    let (root, broken) = DeTable::parse_recoverable(text);
    if !broken.is_empty() {
        // What the parser recovered is a guess: judging it would add problems that are not there.
        return Err(check::syntax(&broken, path, text));
    }
    let report = file::Report::new(path, text);
    let settings = check::check(&report, &root, path, env);
    let (errors, notes) = report.finish();
    match settings {
        Some(settings) if errors.is_empty() => Ok(Settings { notes, ..settings }),
        Some(_) | None => Err(errors),
    }
}

/// Reads a config file.
pub fn read(path: &Path, env: &Env) -> Result<Settings, Vec<Problem>> {
    match std::fs::read_to_string(path) {
        Ok(text) => load_in(&text, path, env),
        Err(error) => Err(vec![Problem::of_file(
            path,
            format!("cannot be read: {error}"),
            Some("name another with --config, or start without one in a checkout".to_owned()),
        )]),
    }
}

/// Makes a problem at the place of a key, for layers that know what the config layer cannot, such
/// as which commands there are: `problem_at(text, path, &["keys", "promot"], …)`.
pub fn problem_at(
    text: &str,
    path: &Path,
    keys: &[&str],
    message: impl Into<String>,
    hint: Option<String>,
) -> Problem {
    let (root, _) = DeTable::parse_recoverable(text);
    let mut span = 0..0;
    let mut table = Some(root.get_ref());
    for key in keys {
        let Some((name, value)) = table.and_then(|table| table.get_key_value(*key)) else {
            break;
        };
        span = name.span();
        table = value.get_ref().as_table();
    }
    Problem::at(Level::Error, path, text, &span, message.into(), hint)
}

#[cfg(test)]
mod tests;
