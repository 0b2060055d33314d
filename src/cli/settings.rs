//! Settings of one run: the config file, or what git and the forge tell of this checkout.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{Exit, Failure, Global, looks};
use crate::config::locate::{Located, locate};
use crate::config::run::Programs;
use crate::config::{self, Env, Problem, Settings, discover, remotes};
use crate::domain::fault::Fault;
use crate::runtime::cache::Reading;
use crate::runtime::clock;
use crate::runtime::connect;
use crate::runtime::looks::Looks;
use crate::runtime::session::{Mode, Session};

/// Tells the kind of a forge by its name, for JSON.
pub(super) type Kinds = Box<dyn Fn(&str) -> String>;

/// Makes a session from the config file, or from this checkout if there is none.
pub(super) async fn session(
    global: &Global,
    env: &Env,
    mode: Mode,
) -> Result<(Session, Kinds), Failure> {
    let located = located(global, env);
    // Reading the config takes as long again.
    let known = located
        .as_deref()
        .and_then(|path| Reading::of_config(path, env));
    let settings = match located {
        Some(path) => read(global, env, &path)?,
        None => discovered(env).await?,
    };
    let kinds: Vec<(String, &'static str)> = settings
        .forges
        .iter()
        .map(|forge| (forge.name.to_string(), forge.kind.word()))
        .collect();
    let kind = move |name: &str| {
        kinds
            .iter()
            .find(|(known, _)| known == name)
            .map_or_else(String::new, |(_, kind)| (*kind).to_owned())
    };
    let session = Session::new(settings, env.clone(), mode, known);
    Ok((session, Box::new(kind)))
}

/// Reads the config file, or asks git and the forge.
pub(super) async fn settings(global: &Global, env: &Env) -> Result<Settings, Failure> {
    match located(global, env) {
        Some(path) => read(global, env, &path),
        None => discovered(env).await,
    }
}

/// Reads a config file. Keys and looks stop the board alone; where something else is wrong, what is
/// wrong with them is told with it.
pub(super) fn read(global: &Global, env: &Env, path: &Path) -> Result<Settings, Failure> {
    config::read(path, env).map_err(|problems| {
        let all = Looks::read(path, env, looks::given(global, env)).err();
        broken(&all.unwrap_or(problems))
    })
}

/// Returns the config file that is meant, if there is one.
pub(super) fn located(global: &Global, env: &Env) -> Option<PathBuf> {
    let here = std::env::current_dir().unwrap_or_default();
    match locate(global.config.as_deref(), env, &here, Path::is_file) {
        Located::Named(path) | Located::Found(path) => Some(path),
        Located::Nowhere => None,
    }
}

/// Makes a failure of a config file's problems: all of them, each with its place.
pub(super) fn broken(problems: &[Problem]) -> Failure {
    let told = config::render(problems).trim_end().to_owned();
    Failure::new(Exit::Usage, told).problems(problems)
}

async fn discovered(env: &Env) -> Result<Settings, Failure> {
    let here = std::env::current_dir()?;
    let usage = |why: String, hint: String| Failure::new(Exit::Usage, why).hint(hint);
    let remote = remotes::read(&here, env, &Programs)
        .await
        .map_err(|error| usage(format!("no config, and {error}"), error.hint().to_owned()))?;
    let hinted = |error: discover::Error| usage(error.to_string(), error.hint(&remote.repo));
    let forge = discover::forge(&remote.host, env).map_err(hinted)?;
    let repo = discover::below(&forge, &remote.repo);
    let found = connect::discover(&forge, &repo, env)
        .await
        .map_err(of_fault)?;
    let found = discover::Found {
        repo: &repo,
        default_branch: found.default_branch.as_deref(),
        environments: &found.environments,
        reviewed: &found.reviewed,
        model: found.model.as_ref(),
    };
    discover::settings(forge, &found, env).map_err(hinted)
}

fn of_fault(fault: Fault) -> Failure {
    let failure = Failure::new(Exit::Forge, format!("{}: {}", fault.doing, fault.why));
    match fault.hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// The wall-clock time, for arguments that are relative to it.
pub(super) fn now() -> Timestamp {
    clock::now()
}
