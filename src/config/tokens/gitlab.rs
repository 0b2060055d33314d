//! GitLab's tokens: its variables, its command-line tool glab, that tool's file.

use std::path::PathBuf;

use super::{Token, folder_of, host_of, shown, token};
use crate::config::Env;
use crate::config::run::{Question, Runner};

/// The names of one thing: glab reads them in this order.
const VARIABLES: [&str; 3] = ["GITLAB_TOKEN", "GITLAB_ACCESS_TOKEN", "OAUTH_TOKEN"];
const HOSTS: [&str; 3] = ["GITLAB_HOST", "GL_HOST", "GITLAB_URI"];

/// Returns the one host that the variables belong to, if one is named.
pub(super) fn usual_host(env: &Env) -> Option<String> {
    HOSTS.iter().find_map(|name| host_of(env.get(name)?))
}

/// Says whether glab knows the host.
pub(super) fn has_login(host: &str, env: &Env) -> bool {
    config_text(env).is_some_and(|(_, text)| !of_host(&text, host).is_empty())
}

/// Returns the folder that a GitLab is installed in: of the variables, or as glab was told.
pub(super) fn folder(host: &str, env: &Env) -> Option<String> {
    let by_variable = HOSTS
        .iter()
        .find_map(|name| folder_of(env.get(name)?, host));
    by_variable.or_else(|| {
        let (_, text) = config_text(env)?;
        let folder = value_in_config(&text, host, "subfolder:")?;
        Some(folder.trim_matches('/').to_owned()).filter(|folder| !folder.is_empty())
    })
}

/// Looks where people keep tokens of a GitLab, git's own helpers apart.
pub(super) async fn find(host: &str, env: &Env, runner: &dyn Runner) -> Option<Token> {
    if let Some(found) = variable(host, env) {
        return Some(found);
    }
    if let Some(found) = glab(host, env, runner).await {
        return Some(found);
    }
    config_file(host, env)
}

/// Looks into the variables. They belong to one host alone: gitlab.com unless one says otherwise.
fn variable(host: &str, env: &Env) -> Option<Token> {
    let owner = usual_host(env).unwrap_or_else(|| "gitlab.com".to_owned());
    if owner != host {
        return None;
    }
    VARIABLES
        .iter()
        .find_map(|name| token(env.get(name)?, format!("${name}")).ok())
}

/// Asks GitLab's command-line tool, which also reads the keyring.
async fn glab(host: &str, env: &Env, runner: &dyn Runner) -> Option<Token> {
    // With its variables, glab would give their token to any host.
    let env = env
        .iter()
        .filter(|(name, _)| !VARIABLES.contains(name) && !HOSTS.contains(name))
        .chain([("GLAB_CHECK_UPDATE", "false"), ("NO_PROMPT", "1")])
        .collect();
    let question = Question::new(&["glab", "config", "get", "token", "--host", host], env);
    let answer = runner.ask(question).await.ok()?;
    token(&answer, "glab".to_owned()).ok()
}

/// Reads the file in which glab keeps tokens without a keyring; glab itself need not be installed.
fn config_file(host: &str, env: &Env) -> Option<Token> {
    let (path, text) = config_text(env)?;
    token(&token_in_config(&text, host)?, shown(&path, env)).ok()
}

fn config_text(env: &Env) -> Option<(PathBuf, String)> {
    let folder = match env.get("GLAB_CONFIG_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => env.config_home()?.join("glab-cli"),
    };
    let path = folder.join("config.yml");
    let text = std::fs::read_to_string(&path).ok()?;
    Some((path, text))
}

/// Finds `token` directly below `HOST:`, which stands below `hosts:`.
pub(super) fn token_in_config(text: &str, host: &str) -> Option<String> {
    value_in_config(text, host, "token:")
}

/// Finds a value directly below `HOST:`.
fn value_in_config(text: &str, host: &str, key: &str) -> Option<String> {
    let own = of_host(text, host);
    let second = own.first().copied().map(depth)?;
    let value = own
        .iter()
        .filter(|line| depth(line) == second)
        .find_map(|line| line.trim().strip_prefix(key))?;
    // glab writes `!!null` before a value that it once had none for.
    let value = value.trim().trim_start_matches("!!null").trim();
    Some(unquote(value)).filter(|value| !value.is_empty())
}

/// Returns the lines below `HOST:`, which stands below `hosts:`.
///
/// Three levels of a file that a program writes are read here; all of YAML is not.
fn of_host<'t>(text: &'t str, host: &str) -> Vec<&'t str> {
    let mut lines = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    if !lines.any(|line| line.trim_end() == "hosts:") {
        return Vec::new();
    }
    let below: Vec<&str> = lines.take_while(|line| depth(line) > 0).collect();
    let first = below.first().copied().map_or(0, depth);
    let is_host = |line: &&str| {
        depth(line) == first && line.trim().strip_suffix(':').map(unquote).as_deref() == Some(host)
    };
    below
        .iter()
        .copied()
        .skip_while(|line| !is_host(line))
        .skip(1)
        .take_while(|line| depth(line) > first)
        .collect()
}

fn depth(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn unquote(text: &str) -> String {
    text.trim().trim_matches(['"', '\'']).to_owned()
}

/// The ways to a token, and what it needs.
pub(super) fn advice(host: &str) -> (String, String) {
    let (login, export) = if host == "gitlab.com" {
        (
            "glab auth login".to_owned(),
            "export GITLAB_TOKEN=…".to_owned(),
        )
    } else {
        (
            format!("glab auth login --hostname {host}"),
            format!("export GITLAB_HOST={host} GITLAB_TOKEN=…"),
        )
    };
    let ways = format!(
        "\x20 {login}      if you have GitLab's command-line tool\n\
         \x20 {export}      a token from https://{host}/-/user_settings/personal_access_tokens"
    );
    let scopes = "It needs the scope `read_api` to look (role Reporter or more), and `api` to \
                  promote (role Developer or more, and what a protected environment asks).";
    (ways, scopes.to_owned())
}
