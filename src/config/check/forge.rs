//! `[forge.NAME]`: which forge, at which address, with a token from where.

use url::{Host, Url};

use super::super::file::{Table, Value};
use super::super::{ForgeKind, ForgeSettings, TokenSource, defaults, keys};
use super::Place;
use crate::domain::ids::ForgeName;
use crate::domain::policy::BY_HAND;

/// The forges, and the names of all that have a table, broken ones too: a reference to a broken
/// one is not a second problem.
pub(super) struct Forges {
    pub list: Vec<ForgeSettings>,
    pub names: Vec<String>,
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
        api_url: api_of(&url)?,
        url,
        token: TokenSource::Discovered,
        ca_file: None,
    })
}

fn forge(name: &str, table: &Table<'_>, place: &Place<'_>) -> Option<ForgeSettings> {
    if name.contains(':') {
        table.error("a forge's name cannot hold a colon", None);
    }
    if name == BY_HAND {
        table.error("this name stands for services without a forge", None);
    }
    let url = match table.get("url") {
        Some(value) => address(value),
        None => Url::parse(defaults::GITHUB).ok(),
    };
    let kind = kind(name, table, url.as_ref());
    let token = table.get("token").map(|value| token(value, place));
    let ca_file = table
        .get("ca_file")
        .and_then(|value| place.resolve(value.text()?, value));
    let api_url = match table.get("api_url") {
        Some(value) => address(value),
        None => url.as_ref().and_then(api_of),
    };
    Some(ForgeSettings {
        name: ForgeName::new(name),
        kind: kind?,
        url: url?,
        api_url: api_url?,
        token: token.unwrap_or(Some(TokenSource::Discovered))?,
        ca_file,
    })
}

/// What a `kind` may say; some of it only to be answered clearly.
#[derive(Clone, Copy)]
enum Said {
    Supported(ForgeKind),
    Later(&'static str),
}

fn kind(name: &str, table: &Table<'_>, url: Option<&Url>) -> Option<ForgeKind> {
    let words = [
        ("github", Said::Supported(ForgeKind::GitHub)),
        ("gitlab", Said::Later("GitLab")),
        ("forgejo", Said::Later("Forgejo")),
    ];
    if let Some(value) = table.get("kind") {
        return match value.one_of(&words)? {
            Said::Supported(kind) => Some(kind),
            Said::Later(forge) => {
                value.error(
                    format!("{forge} is not supported in this version"),
                    Some("only kind = \"github\" is; `gonogo demo` shows the board".to_owned()),
                );
                None
            }
        };
    }
    let host = url.and_then(Url::host_str).unwrap_or_default();
    if host == "github.com" || host.ends_with(".ghe.com") || name == "github" {
        return Some(ForgeKind::GitHub);
    }
    if url.is_some() {
        table.need("kind", "\"github\"");
    }
    None
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

/// Returns the REST base that belongs to a GitHub's web address.
pub(in super::super) fn api_of(url: &Url) -> Option<Url> {
    let host = url.host_str()?;
    if host == "github.com" || host.ends_with(".ghe.com") {
        return Url::parse(&format!("https://api.{host}")).ok();
    }
    let base = url.as_str().trim_end_matches('/');
    Url::parse(&format!("{base}/api/v3")).ok()
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
        _ => place.resolve(source.text()?, source).map(TokenSource::File),
    }
}

/// Says whether a word can be a variable's name, and is not a token put in its place.
fn is_variable(name: &str) -> bool {
    let prefixes = ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"];
    !name.starts_with(|first: char| first.is_ascii_digit())
        && !prefixes.iter().any(|prefix| name.starts_with(prefix))
        && name
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || character == '_')
}
