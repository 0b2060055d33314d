//! Where a forge's token comes from, and getting it from there. A token is never written, logged
//! or shown; only its source is.

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;

use super::run::{Question, Runner, Silence};
use super::{Env, ForgeKind};

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
    let ForgeKind::GitHub = kind;
    if let Some(found) = variable(host, env) {
        return Some(found);
    }
    if let Some(found) = gh(host, env, runner).await {
        return Some(found);
    }
    if let Some(found) = hosts_file(host, env) {
        return Some(found);
    }
    git(host, env, runner).await
}

const OF_GITHUB: [&str; 2] = ["GH_TOKEN", "GITHUB_TOKEN"];
const OF_ENTERPRISE: [&str; 2] = ["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"];

/// Looks into GitHub's variables. Each pair belongs to one host alone: a token must not reach a
/// host just because a checkout has a remote there.
///
/// `$GH_HOST` says which. Without it, `GH_TOKEN` belongs to github.com, and the enterprise
/// variables to nobody.
fn variable(host: &str, env: &Env) -> Option<Token> {
    let default_host = env.get("GH_HOST").unwrap_or("github.com");
    let names = if is_hosted(host) {
        let owner = if is_hosted(default_host) {
            default_host
        } else {
            "github.com"
        };
        (owner == host).then_some(OF_GITHUB)
    } else {
        (default_host == host).then_some(OF_ENTERPRISE)
    }?;
    names.iter().find_map(|name| {
        let value = env.get(name)?;
        token(value, format!("${name}")).ok()
    })
}

fn is_hosted(host: &str) -> bool {
    host == "github.com" || host.ends_with(".ghe.com")
}

/// Asks GitHub's command-line tool, which also reads the keyring.
async fn gh(host: &str, env: &Env, runner: &dyn Runner) -> Option<Token> {
    // With its variables, gh would give an enterprise token to any host.
    let env = env
        .iter()
        .filter(|(name, _)| !OF_GITHUB.contains(name) && !OF_ENTERPRISE.contains(name))
        .chain([("GH_PROMPT_DISABLED", "1"), ("GH_NO_UPDATE_NOTIFIER", "1")])
        .collect();
    let question = Question::new(&["gh", "auth", "token", "--hostname", host], env);
    let answer = runner.ask(question).await.ok()?;
    token(&answer, "gh".to_owned()).ok()
}

/// Reads the file in which gh keeps tokens without a keyring; gh itself need not be installed.
fn hosts_file(host: &str, env: &Env) -> Option<Token> {
    let folder = match env.get("GH_CONFIG_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => env.config_home()?.join("gh"),
    };
    let path = folder.join("hosts.yml");
    let text = std::fs::read_to_string(&path).ok()?;
    token(&token_in_hosts(&text, host)?, shown(&path, env)).ok()
}

/// Finds `oauth_token` directly below `HOST:`. Tokens of single users stand deeper and are others.
fn token_in_hosts(text: &str, host: &str) -> Option<String> {
    let unquote = |text: &str| text.trim().trim_matches(['"', '\'']).to_owned();
    let mut lines = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    lines.find(|line| {
        !line.starts_with([' ', '\t'])
            && line
                .trim_end()
                .strip_suffix(':')
                .is_some_and(|name| unquote(name) == host)
    })?;
    let below: Vec<&str> = lines
        .take_while(|line| line.starts_with([' ', '\t']))
        .collect();
    let depth = |line: &str| line.len() - line.trim_start().len();
    let first = below.first().copied().map(depth)?;
    below
        .iter()
        .filter(|line| depth(line) == first)
        .find_map(|line| line.trim().strip_prefix("oauth_token:"))
        .map(unquote)
        .filter(|token| !token.is_empty())
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
    let ForgeKind::GitHub = kind;
    let (login, export) = match host {
        "github.com" => ("gh auth login".to_owned(), "export GH_TOKEN=…".to_owned()),
        host if is_hosted(host) => (
            format!("gh auth login --hostname {host}"),
            format!("export GH_HOST={host} GH_TOKEN=…"),
        ),
        host => (
            format!("gh auth login --hostname {host}"),
            format!("export GH_HOST={host} GH_ENTERPRISE_TOKEN=…"),
        ),
    };
    format!(
        "no token for {host}. Do one of these:\n\
         \x20 {login}      if you have GitHub's command-line tool\n\
         \x20 {export}      a token from https://{host}/settings/tokens\n\
         A classic token needs the scope `repo`. A fine-grained one needs, to look: metadata, \
         contents, actions, deployments, pull requests and commit statuses (read); to promote: \
         actions and deployments (write), and contents and pull requests (write) for releases and \
         merges.\n\
         To look around without a token: gonogo demo"
    )
}

#[cfg(test)]
mod tests;
