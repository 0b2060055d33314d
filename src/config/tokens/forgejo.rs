//! Forgejo's and Gitea's tokens: their variables, and the files of their command-line tools.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::{Token, folder_of, host_of, shown, token};
use crate::config::Env;

const NAMED: [&str; 2] = ["FJ_HOST", "GITEA_INSTANCE_URL"];

/// Returns the one host that the variables belong to.
pub(super) fn usual_host(env: &Env) -> Option<String> {
    NAMED.iter().find_map(|name| host_of(env.get(name)?))
}

/// Says whether `fj` or `tea` know the host.
pub(super) fn has_login(host: &str, env: &Env) -> bool {
    fj_keys(env).is_some_and(|(_, keys)| keys.hosts.contains_key(host))
        || tea_text(env).is_some_and(|(_, text)| !logins_at(&text, host).is_empty())
}

/// Returns the folder that a Forgejo or Gitea is installed in: of the variables, or as `tea` was told.
pub(super) fn folder(host: &str, env: &Env) -> Option<String> {
    let by_variable = NAMED
        .iter()
        .find_map(|name| folder_of(env.get(name)?, host));
    by_variable.or_else(|| {
        let (_, text) = tea_text(env)?;
        let logins = logins_at(&text, host);
        logins
            .into_iter()
            .find_map(|login| folder_of(&login.url?, host))
    })
}

/// Looks into the variables, then into the files in which `fj` and `tea` keep their tokens: the tools
/// themselves need not be installed.
pub(super) fn find(host: &str, env: &Env) -> Option<Token> {
    variable(host, env)
        .or_else(|| of_fj(host, env))
        .or_else(|| of_tea(host, env))
}

/// The variables belong to one host alone: a token must not reach a host just because a checkout has
/// a remote there.
fn variable(host: &str, env: &Env) -> Option<Token> {
    let owner = usual_host(env).unwrap_or_else(|| "codeberg.org".to_owned());
    if owner != host {
        return None;
    }
    ["FORGEJO_TOKEN", "GITEA_TOKEN"]
        .iter()
        .find_map(|name| token(env.get(name)?, format!("${name}")).ok())
}

/// What `fj` keeps: logins by host.
#[derive(Deserialize)]
struct Keys {
    #[serde(default)]
    hosts: BTreeMap<String, Login>,
}

#[derive(Deserialize)]
struct Login {
    #[serde(rename = "type")]
    kind: Option<String>,
    token: Option<String>,
}

fn of_fj(host: &str, env: &Env) -> Option<Token> {
    let (path, keys) = fj_keys(env)?;
    let login = keys.hosts.get(host)?;
    // The other kind expires soon, and only fj itself can renew it.
    let kind = login.kind.as_deref();
    let found = login
        .token
        .as_deref()
        .filter(|_| kind.is_none_or(|kind| kind == "Application"))?;
    token(found, shown(&path, env)).ok()
}

fn fj_keys(env: &Env) -> Option<(PathBuf, Keys)> {
    let data = match env.get("XDG_DATA_HOME").map(PathBuf::from) {
        Some(folder) if folder.is_absolute() => folder,
        Some(_) | None => env.home()?.join(".local/share"),
    };
    let path = data.join("forgejo-cli/keys.json");
    let text = std::fs::read_to_string(&path).ok()?;
    Some((path, serde_json::from_str(&text).ok()?))
}

fn of_tea(host: &str, env: &Env) -> Option<Token> {
    let (path, text) = tea_text(env)?;
    let mut logins = logins_at(&text, host).into_iter();
    let found = logins.find_map(|login| login.token)?;
    token(&found, shown(&path, env)).ok()
}

fn tea_text(env: &Env) -> Option<(PathBuf, String)> {
    let path = env.config_home()?.join("tea/config.yml");
    let text = std::fs::read_to_string(&path).ok()?;
    Some((path, text))
}

/// A login of `tea`.
#[derive(Default)]
struct TeaLogin {
    url: Option<String>,
    token: Option<String>,
    is_default: bool,
}

/// Reads the logins whose `url` is on `host`, from the list below `logins:`. The default one goes
/// first, where a host has several.
fn logins_at(text: &str, host: &str) -> Vec<TeaLogin> {
    let unquote = |text: &str| text.trim().trim_matches(['"', '\'']).to_owned();
    let mut lines = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    if !lines.any(|line| line.trim_end() == "logins:") {
        return Vec::new();
    }
    let is_item = |line: &str| line.trim_start().starts_with("- ");
    let below = lines.take_while(|line| line.starts_with([' ', '\t']) || is_item(line));
    let mut logins: Vec<TeaLogin> = Vec::new();
    for line in below {
        if is_item(line) {
            logins.push(TeaLogin::default());
        }
        let line = line.trim_start().trim_start_matches("- ").trim();
        let (Some(login), Some((key, value))) = (logins.last_mut(), line.split_once(':')) else {
            continue;
        };
        match key.trim() {
            "url" => login.url = Some(unquote(value)),
            "token" => login.token = Some(unquote(value)).filter(|token| !token.is_empty()),
            "default" => login.is_default = value.trim() == "true",
            _ => {}
        }
    }
    logins.retain(|login| login.url.as_deref().and_then(host_of).as_deref() == Some(host));
    logins.sort_by_key(|login| !login.is_default);
    logins
}

/// The ways to a token, and what it needs.
pub(super) fn advice(host: &str) -> (String, String) {
    let ways = format!(
        "\x20 fj --host {host} auth add-key USER      if you have Forgejo's command-line tool\n\
         \x20 tea login add --url https://{host}      or Gitea's\n\
         \x20 export FJ_HOST={host} FORGEJO_TOKEN=…      a token from https://{host}/user/settings/applications"
    );
    let scopes = "It needs, to look: read:repository, read:issue and read:user; to promote: \
                  write:repository and write:issue.";
    (ways, scopes.to_owned())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn found(host: &str, pairs: &[(&str, &str)]) -> Option<(String, String)> {
        let env: Env = pairs.iter().copied().collect();
        let token = find(host, &env)?;
        Some((token.secret.expose_secret().to_owned(), token.from))
    }

    #[expect(clippy::unnecessary_wraps, reason = "compared with what may be none")]
    fn expected(token: &str, from: &str) -> Option<(String, String)> {
        Some((token.to_owned(), from.to_owned()))
    }

    #[test]
    fn a_variable_reaches_the_one_host_it_belongs_to() {
        let plain = [("FORGEJO_TOKEN", "f"), ("GITEA_TOKEN", "g")];
        let forgejo = || expected("f", "$FORGEJO_TOKEN");
        assert_eq!(found("codeberg.org", &plain), forgejo());
        let gitea = expected("g", "$GITEA_TOKEN");
        assert_eq!(found("codeberg.org", &plain[1..]), gitea);
        assert_eq!(found("evil.example", &plain), None);
        for named in [
            ("FJ_HOST", "git.acme.example"),
            ("GITEA_INSTANCE_URL", "https://git.acme.example/"),
        ] {
            let pairs = [plain.as_slice(), &[named]].concat();
            assert_eq!(found("git.acme.example", &pairs), forgejo());
            assert_eq!(found("codeberg.org", &pairs), None);
        }
    }

    #[test]
    fn the_files_of_fj_and_tea_are_read_by_host() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_str().unwrap();
        let fj = folder.path().join(".local/share/forgejo-cli");
        let tea = folder.path().join(".config/tea");
        for folder in [&fj, &tea] {
            std::fs::create_dir_all(folder).unwrap();
        }
        let keys = r#"{"hosts": {
            "codeberg.org": {"type": "Application", "name": "ada", "token": "of-fj"},
            "short.example": {"type": "OAuth", "name": "ada", "token": "expires"}}}"#;
        std::fs::write(fj.join("keys.json"), keys).unwrap();
        let logins = "
logins:
    - name: one
      url: https://git.acme.example:3000
      token: first
      default: false
    - name: two
      url: \"https://git.acme.example:3000/\"
      token: \"of-tea\"
      default: true
    - name: codeberg
      url: https://codeberg.org
      token: later
preferences:
    token: no
";
        std::fs::write(tea.join("config.yml"), logins).unwrap();
        let of = |host| found(host, &[("HOME", home)]);
        let keys = "~/.local/share/forgejo-cli/keys.json";
        assert_eq!(of("codeberg.org"), expected("of-fj", keys));
        let config = "~/.config/tea/config.yml";
        assert_eq!(of("git.acme.example:3000"), expected("of-tea", config));
        for host in ["git.acme.example", "short.example", "nowhere.example"] {
            assert_eq!(of(host), None, "{host}");
        }
    }

    #[test]
    fn the_advice_names_the_tools_and_the_scopes() {
        let (ways, scopes) = advice("git.acme.example");
        let tool = "fj --host git.acme.example";
        for word in [tool, "tea login add", "FORGEJO_TOKEN="] {
            assert!(ways.contains(word), "{ways}");
        }
        assert!(scopes.contains("write:repository"));
    }
}
