//! Where a forge's token comes from, and getting it from there. A token is never written, logged
//! or shown; only its source is.

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;

use super::run::{Question, Runner, Silence};
use super::{Env, ForgeKind};

mod forgejo;
mod github;
mod gitlab;

/// Where a token comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenSource {
    /// A variable, by name.
    Env(String),
    /// What a program prints: an argv.
    Command(Vec<String>),
    File(PathBuf),
    /// Wherever people keep tokens of this forge.
    Discovered,
}

/// A token and where it was found. `Debug` shows the place alone.
#[derive(Clone, Debug)]
pub struct Token {
    pub secret: SecretString,
    /// For people: `$GH_TOKEN`, `gh`, `git credential helper`.
    pub from: String,
}

/// Why a source that the config names gave no token.
///
/// Another source is not tried then: the operator has said which one is meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("the variable {0} is not set")]
    Unset(String),
    #[error("the token command `{program}` gave no token: {why}")]
    Command { program: String, why: Silence },
    #[error("the token file {} cannot be read: {why}", .path.display())]
    File { path: PathBuf, why: String },
    #[error("{0} holds no token")]
    Empty(String),
    #[error("what {0} holds cannot be a token: it has spaces or control characters")]
    Malformed(String),
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Unset(name) => {
                format!("export {name}=…, or leave `token` out: gonogo then looks for one")
            }
            Self::Command { program, .. } => {
                format!("run `{program}` yourself: it must print the token and nothing else")
            }
            Self::File { .. } | Self::Empty(_) | Self::Malformed(_) => {
                "it must hold the token and nothing else, on one line".to_owned()
            }
        }
    }
}

/// Programs that the operator names may ask for a finger or a password.
const PATIENCE: Duration = Duration::from_secs(30);

/// Gets the token for `host` (with its port, if it has an unusual one).
///
/// A source that the config names is the only one asked. Otherwise, in order: the forge's
/// variables, its command-line tool, that tool's file, git's credential helper. `Ok(None)`: nobody
/// has one, and [`advice`] says what to do.
pub async fn resolve(
    source: &TokenSource,
    host: &str,
    kind: ForgeKind,
    env: &Env,
    runner: &dyn Runner,
) -> Result<Option<Token>, Error> {
    match source {
        TokenSource::Env(name) => {
            let value = env.get(name).ok_or_else(|| Error::Unset(name.clone()))?;
            token(value, format!("${name}")).map(Some)
        }
        TokenSource::Command(argv) => {
            let program = argv.first().cloned().unwrap_or_default();
            let mut question = Question::new(&[], env.clone());
            question.argv.clone_from(argv);
            question.deadline = PATIENCE;
            match runner.ask(question).await {
                Ok(answer) => token(&answer, format!("command `{program}`")).map(Some),
                Err(why) => Err(Error::Command { program, why }),
            }
        }
        TokenSource::File(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| Error::File {
                path: path.clone(),
                why: error.to_string(),
            })?;
            token(&text, format!("file {}", path.display())).map(Some)
        }
        TokenSource::Discovered => Ok(discover(host, kind, env, runner).await),
    }
}

/// Accepts what can stand in an `Authorization` header, and nothing that could end it.
fn token(text: &str, from: String) -> Result<Token, Error> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::Empty(from));
    }
    if !text.chars().all(|character| character.is_ascii_graphic()) {
        return Err(Error::Malformed(from));
    }
    Ok(Token {
        secret: SecretString::from(text),
        from,
    })
}

async fn discover(host: &str, kind: ForgeKind, env: &Env, runner: &dyn Runner) -> Option<Token> {
    // A remote of a checkout may name any host: nothing else may reach a command line.
    let plain = |character: char| character.is_ascii_alphanumeric() || ".-:[]".contains(character);
    if host.is_empty() || host.starts_with('-') || !host.chars().all(plain) {
        return None;
    }
    let found = match kind {
        ForgeKind::GitHub => github::find(host, env, runner).await,
        ForgeKind::GitLab => gitlab::find(host, env, runner).await,
        ForgeKind::Forgejo => forgejo::find(host, env),
    };
    match found {
        Some(found) => Some(found),
        None => git(host, env, runner).await,
    }
}

/// Returns the one host that a forge's variables belong to; `None` where they say nothing.
pub(super) fn usual_host(kind: ForgeKind, env: &Env) -> Option<String> {
    match kind {
        ForgeKind::GitHub => env.get("GH_HOST").map(str::to_owned),
        ForgeKind::GitLab => gitlab::usual_host(env),
        ForgeKind::Forgejo => forgejo::usual_host(env),
    }
}

/// Says whether a forge's command-line tool keeps a login for `host`: then that is what it is.
pub(super) fn has_login(kind: ForgeKind, host: &str, env: &Env) -> bool {
    match kind {
        ForgeKind::GitHub => github::has_login(host, env),
        ForgeKind::GitLab => gitlab::has_login(host, env),
        ForgeKind::Forgejo => forgejo::has_login(host, env),
    }
}

/// Returns the folder below `host` that a forge is installed in, such as `gitlab`, where its
/// variables or its tool's file tell of one.
pub(super) fn folder(kind: ForgeKind, host: &str, env: &Env) -> Option<String> {
    match kind {
        ForgeKind::GitHub => None,
        ForgeKind::GitLab => gitlab::folder(host, env),
        ForgeKind::Forgejo => forgejo::folder(host, env),
    }
}

/// Returns the folder of what a variable or a file holds, if that is an address with one on `host`.
fn folder_of(value: &str, host: &str) -> Option<String> {
    let (_, rest) = value.split_once("://")?;
    let (_, folder) = rest.split_once('/')?;
    let folder = folder.trim_matches('/');
    (host_of(value).as_deref() == Some(host) && !folder.is_empty()).then(|| folder.to_owned())
}

/// Returns the host of what a variable holds: a host, or a web address.
fn host_of(value: &str) -> Option<String> {
    let rest = value.split_once("://").map_or(value, |(_, rest)| rest);
    let host = rest.split('/').next().unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    (!host.is_empty()).then(|| host.to_lowercase())
}

/// Asks git's credential helpers, without letting any of them ask the operator.
async fn git(host: &str, env: &Env, runner: &dyn Runner) -> Option<Token> {
    let quiet = [
        ("GIT_TERMINAL_PROMPT", "0"),
        // Set and empty: git then asks no window either.
        ("GIT_ASKPASS", ""),
        ("GCM_INTERACTIVE", "never"),
    ];
    let mut question = Question::new(
        &["git", "credential", "fill"],
        env.iter().chain(quiet).collect(),
    );
    question.input = Some(format!("protocol=https\nhost={host}\n\n"));
    let answer = runner.ask(question).await.ok()?;
    let password = answer
        .lines()
        .find_map(|line| line.strip_prefix("password="))?;
    token(password, "git credential helper".to_owned()).ok()
}

/// A path with the home folder as `~`.
fn shown(path: &Path, env: &Env) -> String {
    env.home()
        .and_then(|home| path.strip_prefix(home).ok())
        .map_or_else(
            || path.display().to_string(),
            |rest| format!("~/{}", rest.display()),
        )
}

/// Says exactly what to do when there is no token for `host`.
pub fn advice(host: &str, kind: ForgeKind) -> String {
    let (ways, scopes) = match kind {
        ForgeKind::GitHub => github::advice(host),
        ForgeKind::GitLab => gitlab::advice(host),
        ForgeKind::Forgejo => forgejo::advice(host),
    };
    format!(
        "no token for {host}. Do one of these:\n{ways}\n{scopes}\n\
         To look around without a token: gonogo demo"
    )
}

#[cfg(test)]
mod tests;
