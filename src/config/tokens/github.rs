//! GitHub's tokens: its variables, its command-line tool, that tool's file.

use std::path::PathBuf;

use super::{Token, shown, token};
use crate::config::Env;
use crate::config::run::{Question, Runner};

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

/// Says whether gh knows the host. Its token may be in the keyring.
pub(super) fn has_login(host: &str, env: &Env) -> bool {
    hosts_text(env).is_some_and(|(_, text)| !of_host(&text, host).is_empty())
}

/// Reads the file in which gh keeps tokens without a keyring; gh itself need not be installed.
fn hosts_file(host: &str, env: &Env) -> Option<Token> {
    let (path, text) = hosts_text(env)?;
    token(&token_in_hosts(&text, host)?, shown(&path, env)).ok()
}

fn hosts_text(env: &Env) -> Option<(PathBuf, String)> {
    let folder = match env.get("GH_CONFIG_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => env.config_home()?.join("gh"),
    };
    let path = folder.join("hosts.yml");
    let text = std::fs::read_to_string(&path).ok()?;
    Some((path, text))
}

/// Finds `oauth_token` directly below `HOST:`. Tokens of single users stand deeper and are others.
pub(super) fn token_in_hosts(text: &str, host: &str) -> Option<String> {
    let below = of_host(text, host);
    let first = below.first().copied().map(depth)?;
    below
        .iter()
        .filter(|line| depth(line) == first)
        .find_map(|line| line.trim().strip_prefix("oauth_token:"))
        .map(unquote)
        .filter(|token| !token.is_empty())
}

/// Returns the lines below `HOST:`.
fn of_host<'t>(text: &'t str, host: &str) -> Vec<&'t str> {
    let is_host = |line: &&str| {
        !line.starts_with([' ', '\t'])
            && line.trim_end().strip_suffix(':').map(unquote).as_deref() == Some(host)
    };
    text.lines()
        .filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
        .skip_while(|line| !is_host(line))
        .skip(1)
        .take_while(|line| line.starts_with([' ', '\t']))
        .collect()
}

fn depth(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn unquote(text: &str) -> String {
    text.trim().trim_matches(['"', '\'']).to_owned()
}

/// Looks where people keep tokens of a GitHub, git's own helpers apart.
pub(super) async fn find(host: &str, env: &Env, runner: &dyn Runner) -> Option<Token> {
    if let Some(found) = variable(host, env) {
        return Some(found);
    }
    if let Some(found) = gh(host, env, runner).await {
        return Some(found);
    }
    hosts_file(host, env)
}

/// The ways to a token, and what it needs.
pub(super) fn advice(host: &str) -> (String, String) {
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
    let ways = format!(
        "\x20 {login}      if you have GitHub's command-line tool\n\
         \x20 {export}      a token from https://{host}/settings/tokens"
    );
    let scopes = "A classic token needs the scope `repo`. A fine-grained one needs, to look: \
                  metadata, contents, actions, deployments, pull requests and commit statuses \
                  (read); to promote: actions and deployments (write), and contents and pull \
                  requests (write) for releases and merges.";
    (ways, scopes.to_owned())
}
