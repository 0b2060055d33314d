//! `[forge.NAME]`: which forge, at which address, with a token from where.

use std::path::PathBuf;

use url::{Host, Url};

use super::super::file::{Table, Value};
use super::super::{ForgeKind, ForgeSettings, TokenSource, defaults, keys};
use super::Place;
use crate::domain::ids::ForgeName;
use crate::domain::policy::BY_HAND;
use crate::domain::text::clean;

/// The forges, and the names of all that have a table, broken ones too: a reference to a broken
/// one is not a second problem.
pub(super) struct Forges {
    pub list: Vec<ForgeSettings>,
    pub names: Vec<String>,
}

impl Forges {
    /// What a forge is; `None` of a broken one.
    pub fn kind(&self, name: &str) -> Option<ForgeKind> {
        let known = self.list.iter().find(|known| known.name.as_str() == name);
        known.map(|known| known.kind)
    }
}

/// Reads the forges. Without any, there is github.com, under the name `github`.
pub(super) fn forges(top: &Table<'_>, place: &Place<'_>) -> Forges {
    if top.is_without("forge") {
        let list: Vec<ForgeSettings> = github().into_iter().collect();
        let names = list.iter().map(|forge| forge.name.to_string()).collect();
        return Forges { list, names };
    }
    let tables = top.children("forge", keys::FORGE);
    Forges {
        names: tables.iter().map(|(name, _)| (*name).to_owned()).collect(),
        list: tables
            .into_iter()
            .filter_map(|(name, table)| forge(name, &table, place))
            .collect(),
    }
}

/// github.com, as it is without a config.
fn github() -> Option<ForgeSettings> {
    let url = Url::parse(defaults::GITHUB).ok()?;
    Some(ForgeSettings {
        name: ForgeName::new("github"),
        kind: ForgeKind::GitHub,
        api_url: api_of(ForgeKind::GitHub, &url)?,
        url,
        token: TokenSource::Discovered,
        ca_file: None,
        interval: None,
    })
}

fn forge(name: &str, table: &Table<'_>, place: &Place<'_>) -> Option<ForgeSettings> {
    if name.contains(':') {
        table.error("a forge's name cannot hold a colon", None);
    }
    if name == BY_HAND {
        table.error("this name stands for services without a forge", None);
    }
    let given = table.get("url").map(address);
    let kind = kind(name, table, given.as_ref().map(Option::as_ref));
    let url = match given {
        Some(given) => given,
        // Of a forge that is hosted nowhere in particular, nobody can guess the address.
        None => match kind.and_then(|kind| home(name, kind)) {
            Some(home) => Url::parse(home).ok(),
            None => {
                if kind.is_some() {
                    table.need("url", "\"https://codeberg.org\"");
                }
                None
            }
        },
    };
    let token = table.get("token").map(|value| token(value, place));
    let ca_file = table.get("ca_file").and_then(|value| file(value, place));
    let api_url = match table.get("api_url") {
        Some(value) => address(value),
        None => url
            .as_ref()
            .zip(kind)
            .and_then(|(url, kind)| api_of(kind, url)),
    };
    Some(ForgeSettings {
        name: ForgeName::new(name),
        kind: kind?,
        url: url?,
        api_url: api_url?,
        token: token.unwrap_or(Some(TokenSource::Discovered))?,
        ca_file,
        interval: table.get("interval").and_then(super::interval_of),
    })
}

/// Reads what a forge is, or guesses it by its host or name. `url` is `None` where none is given, and
/// `Some(None)` where it is broken.
#[expect(
    clippy::option_option,
    reason = "none given and a broken one are two things"
)]
fn kind(name: &str, table: &Table<'_>, url: Option<Option<&Url>>) -> Option<ForgeKind> {
    if let Some(value) = table.get("kind") {
        return value.one_of(&[
            ("github", ForgeKind::GitHub),
            ("gitlab", ForgeKind::GitLab),
            ("forgejo", ForgeKind::Forgejo),
            ("gitea", ForgeKind::Forgejo),
        ]);
    }
    let guessed = match url {
        Some(Some(url)) => url.host_str().and_then(kind_of_host),
        // Without an address, it is the usual GitHub unless its name says otherwise.
        None => kind_of_name(name).or(Some(ForgeKind::GitHub)),
        Some(None) => None,
    };
    let guessed = guessed.or_else(|| kind_of_name(name));
    if guessed.is_none() && url.is_some_and(|url| url.is_some()) {
        table.need("kind", "\"github\", \"gitlab\" or \"forgejo\"");
    }
    guessed
}

/// Tells what a host is by the names that forges have and people give them.
pub(in super::super) fn kind_of_host(host: &str) -> Option<ForgeKind> {
    if host == "github.com" || host.ends_with(".ghe.com") {
        return Some(ForgeKind::GitHub);
    }
    kind_of_name(host.split(['.', ':']).next().unwrap_or_default())
}

fn kind_of_name(name: &str) -> Option<ForgeKind> {
    match name {
        "github" => Some(ForgeKind::GitHub),
        "gitlab" => Some(ForgeKind::GitLab),
        "forgejo" | "gitea" | "codeberg" => Some(ForgeKind::Forgejo),
        _ => None,
    }
}

/// The web address of a forge that needs no `url`.
fn home(name: &str, kind: ForgeKind) -> Option<&'static str> {
    match kind {
        ForgeKind::GitHub => Some(defaults::GITHUB),
        ForgeKind::GitLab => Some(defaults::GITLAB),
        ForgeKind::Forgejo => (name == "codeberg").then_some(defaults::CODEBERG),
    }
}

/// Reads a web address: https, or http on a loopback host, and no secrets in it.
fn address(value: &Value<'_>) -> Option<Url> {
    let text = value.text()?;
    let example = || Some("for instance \"https://github.example.com\"".to_owned());
    let Ok(url) = Url::parse(text) else {
        value.error_hidden("this is not a web address", example());
        return None;
    };
    if !url.username().is_empty() || url.password().is_some() {
        value.error_hidden(
            "an address with a user or a password in it",
            Some("give the token with `token = { env = \"…\" }`".to_owned()),
        );
        return None;
    }
    if url.query().is_some() || url.fragment().is_some() {
        value.error_hidden("an address must end before `?` and `#`", example());
        return None;
    }
    let loopback = is_loopback(&url);
    match url.scheme() {
        "https" => Some(url),
        "http" if loopback => Some(url),
        "http" => {
            value.error(
                "http would send the token in the clear: only https is allowed",
                Some(format!("write \"{}\"", text.replacen("http:", "https:", 1))),
            );
            None
        }
        _ => {
            value.error("an address must start with https://", example());
            None
        }
    }
}

/// Says whether an address is on this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(domain)) => domain == "localhost" || domain.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Returns the REST base that belongs to a forge's web address, below its sub-path if it has one.
pub(in super::super) fn api_of(kind: ForgeKind, url: &Url) -> Option<Url> {
    let host = url.host_str()?;
    let base = url.as_str().trim_end_matches('/');
    let api = match kind {
        ForgeKind::GitHub if host == "github.com" || host.ends_with(".ghe.com") => {
            format!("https://api.{host}")
        }
        ForgeKind::GitHub => format!("{base}/api/v3"),
        ForgeKind::GitLab => format!("{base}/api/v4"),
        ForgeKind::Forgejo => format!("{base}/api/v1"),
    };
    Url::parse(&api).ok()
}

fn token(value: &Value<'_>, place: &Place<'_>) -> Option<TokenSource> {
    let forms = "write { env = \"GH_TOKEN\" }, { command = [\"gh\", \"auth\", \"token\"] } or \
                 { file = \"…\" }";
    if !value.is_table() {
        value.error_hidden(
            "a token must not stand in the file, only where it comes from",
            Some(forms.to_owned()),
        );
        return None;
    }
    let table = value.table("token".to_owned(), keys::TOKEN)?;
    let given: Vec<_> = table
        .entries()
        .filter(|(key, _)| keys::TOKEN.keys.contains(key))
        .collect();
    let [(key, source)] = given.as_slice() else {
        value.error_hidden(
            "a token comes from exactly one place",
            Some(forms.to_owned()),
        );
        return None;
    };
    match *key {
        "env" => {
            let name = source.text()?;
            if !is_variable(name) {
                source.error_hidden(
                    "`env` is the name of a variable, not its value",
                    Some("for instance { env = \"GH_TOKEN\" }".to_owned()),
                );
                return None;
            }
            Some(TokenSource::Env(name.to_owned()))
        }
        "command" => {
            let words: Vec<String> = source
                .texts()?
                .iter()
                .map(|(word, _)| (*word).to_owned())
                .collect();
            if words.is_empty() {
                source.error("`command` is empty", Some(forms.to_owned()));
                return None;
            }
            Some(TokenSource::Command(words))
        }
        _ => file(source, place).map(TokenSource::File),
    }
}

/// Reads the path of a file that a forge needs. One that is not there may come yet: that is noted.
fn file(value: &Value<'_>, place: &Place<'_>) -> Option<PathBuf> {
    let path = place.resolve(value.text()?, value)?;
    if !path.is_file() {
        value.note(
            format!("there is no file {}", clean(&path.display().to_string())),
            Some("nothing is read from this forge until it is there".to_owned()),
        );
    }
    Some(path)
}

/// Says whether a word can be a variable's name, and is not a token put in its place.
fn is_variable(name: &str) -> bool {
    let prefixes = [
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
        "ghr_",
        "github_pat_",
        "glpat-",
        "gloas-",
    ];
    !name.starts_with(|first: char| first.is_ascii_digit())
        && !prefixes.iter().any(|prefix| name.starts_with(prefix))
        && name
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || character == '_')
}
