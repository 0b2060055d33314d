//! Which repository a checkout belongs to, from its git remotes. Whether a forge answers there is
//! not asked here.

use std::path::Path;

use super::Env;
use super::run::{Question, Runner, Silence};
use crate::domain::ids::RepoPath;

/// A remote that names a repository on a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// `origin`, `upstream`.
    pub name: String,
    /// In lower case; with the port of a web address, where it has one.
    pub host: String,
    pub repo: RepoPath,
}

/// Why a folder has no repository for us.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("git did not answer: {0}")]
    Git(Silence),
    #[error("this folder is not a git checkout")]
    NoCheckout,
    #[error("no git remote of this checkout names a repository on a forge")]
    NoRemote,
    #[error("several git remotes, and none is called origin: {}", .0.join(", "))]
    Ambiguous(Vec<String>),
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Git(_) => "install git, or write a config with a service",
            Self::NoCheckout => {
                "go to a checkout, write a config with a service, or look around: gonogo demo"
            }
            Self::NoRemote => "git remote add origin https://github.com/OWNER/NAME.git",
            Self::Ambiguous(_) => "git branch --set-upstream-to REMOTE/BRANCH says which one",
        }
    }
}

/// Asks git for the remotes of the checkout around `folder`, and picks one.
pub async fn read(folder: &Path, env: &Env, runner: &dyn Runner) -> Result<Remote, Error> {
    let ask = async |argv: &[&str]| {
        let mut question = Question::new(argv, env.clone());
        question.folder = Some(folder.to_owned());
        runner.ask(question).await
    };
    let listed = match ask(&["git", "remote", "-v"]).await {
        Ok(listed) => listed,
        // git ends with 128 outside a checkout.
        Err(Silence::Failed(_)) => return Err(Error::NoCheckout),
        Err(silence) => return Err(Error::Git(silence)),
    };
    let remotes = parse(&listed);
    if let Some(remote) = choose(&remotes, None) {
        return Ok(remote.clone());
    }
    if remotes.is_empty() {
        return Err(Error::NoRemote);
    }
    let upstream = ask(&["git", "rev-parse", "--abbrev-ref", "@{upstream}"]).await;
    choose(&remotes, upstream.ok().as_deref().map(str::trim))
        .cloned()
        .ok_or_else(|| Error::Ambiguous(remotes.into_iter().map(|remote| remote.name).collect()))
}

/// Reads the output of `git remote -v`. Remotes in folders are left out; of a remote's addresses,
/// the one that is fetched from counts.
pub fn parse(listed: &str) -> Vec<Remote> {
    let mut remotes: Vec<Remote> = Vec::new();
    for line in listed.lines() {
        let Some((name, rest)) = line.split_once('\t') else {
            continue;
        };
        let address = rest.strip_suffix(" (fetch)").unwrap_or(rest);
        if address.ends_with(" (push)") || remotes.iter().any(|remote| remote.name == name) {
            continue;
        }
        // A partial clone has its filter behind the direction: `… (fetch) [blob:none]`.
        let address = address.split(" (").next().unwrap_or(address);
        if let Some((host, repo)) = repository(address) {
            remotes.push(Remote {
                name: name.to_owned(),
                host,
                repo,
            });
        }
    }
    remotes
}

/// Picks `origin`, else the only one, else the one that the current branch follows. `upstream` is
/// as git writes it: `REMOTE/BRANCH`.
pub fn choose<'r>(remotes: &'r [Remote], upstream: Option<&str>) -> Option<&'r Remote> {
    let followed = |remote: &&Remote| {
        upstream
            .and_then(|upstream| upstream.strip_prefix(remote.name.as_str()))
            .is_some_and(|branch| branch.starts_with('/'))
    };
    remotes
        .iter()
        .find(|remote| remote.name == "origin")
        .or(match remotes {
            [only] => Some(only),
            [..] => None,
        })
        .or_else(|| remotes.iter().find(followed))
}

/// Reads `https://host[:port]/owner/name`, `ssh://[user@]host[:port]/owner/name` and
/// `[user@]host:owner/name`, each with or without `.git`.
fn repository(address: &str) -> Option<(String, RepoPath)> {
    let (host, path) = if let Some((scheme, rest)) = address.split_once("://") {
        let (authority, path) = rest.split_once('/')?;
        let host = after_user(authority);
        match scheme {
            "https" | "http" => (host, path),
            // Its port is ssh's, and says nothing about the web.
            "ssh" | "git+ssh" | "ssh+git" | "git" => (without_port(host), path),
            _ => return None,
        }
    } else {
        let (authority, path) = address.split_once(':')?;
        if authority.contains('/') {
            return None;
        }
        (after_user(authority), path)
    };
    let host = match host.to_lowercase().as_str() {
        // GitHub's way in for ssh where only port 443 is open.
        "ssh.github.com" | "www.github.com" => "github.com".to_owned(),
        host => host.to_owned(),
    };
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let segments: Vec<&str> = path.split('/').collect();
    let plain = |segment: &&str| {
        !segment.is_empty()
            && !segment.chars().all(|character| character == '.')
            && segment
                .chars()
                .all(|character| character.is_ascii_alphanumeric() || "-_.~".contains(character))
    };
    let is_host = !host.is_empty()
        && host
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || ".-:[]_".contains(character));
    (is_host && segments.len() >= 2 && segments.iter().all(plain))
        .then(|| (host, RepoPath::new(path)))
}

fn after_user(authority: &str) -> &str {
    authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host)
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|digit| digit.is_ascii_digit()) => name,
        Some(_) | None => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::run::Programs;

    #[test]
    fn every_way_to_write_an_address_is_read() {
        let read = |address| repository(address).map(|(host, repo)| format!("{host} {repo}"));
        for (address, expected) in [
            ("https://github.com/acme/web.git", "github.com acme/web"),
            (
                "https://ada:secret@github.com/acme/web",
                "github.com acme/web",
            ),
            (
                "https://git.acme.example:8443/acme/web/",
                "git.acme.example:8443 acme/web",
            ),
            ("http://127.0.0.1:8080/acme/web", "127.0.0.1:8080 acme/web"),
            ("git@github.com:acme/web.git", "github.com acme/web"),
            ("GitHub.com:acme/web.js", "github.com acme/web.js"),
            ("ssh://git@github.com/acme/web.git", "github.com acme/web"),
            (
                "ssh://git@git.acme.example:2222/acme/web",
                "git.acme.example acme/web",
            ),
            (
                "ssh://git@ssh.github.com:443/acme/web.git",
                "github.com acme/web",
            ),
            (
                "git@gitlab.com:group/sub/web.git",
                "gitlab.com group/sub/web",
            ),
        ] {
            assert_eq!(read(address).as_deref(), Some(expected), "{address}");
        }
        for address in [
            "/srv/git/web.git",
            "../web",
            "./a:b/c",
            "file:///srv/acme/web.git",
            "https://github.com/acme",
            "https://github.com/acme/../web",
            "ext::sh -c evil",
            "git@host:acme/we b",
            "",
        ] {
            assert_eq!(read(address), None, "{address}");
        }
    }

    #[test]
    fn a_remote_is_read_once_and_origin_is_chosen() {
        let listed = "fork\tgit@github.com:ada/web.git (fetch)\n\
                      fork\tgit@github.com:ada/web.git (push)\n\
                      backup\t/srv/web.git (fetch)\n\
                      backup\t/srv/web.git (push)\n\
                      origin\thttps://github.com/acme/web.git (fetch) [blob:none]\n\
                      origin\tno_push (push)\n";
        let remotes = parse(listed);
        let names: Vec<&str> = remotes.iter().map(|remote| remote.name.as_str()).collect();
        assert_eq!(names, ["fork", "origin"]);
        assert_eq!(choose(&remotes, None).unwrap().repo.as_str(), "acme/web");
        assert_eq!(choose(&remotes[..1], None).unwrap().name, "fork");
    }

    #[test]
    fn without_an_origin_the_remote_of_the_branch_is_chosen() {
        let remotes = parse("a\tgit@github.com:x/a (fetch)\na/b\tgit@github.com:x/b (fetch)\n");
        assert_eq!(choose(&remotes, None), None);
        assert_eq!(choose(&remotes, Some("a/main")).unwrap().name, "a");
        assert_eq!(choose(&remotes, Some("c/main")), None);
    }

    #[tokio::test]
    async fn a_real_checkout_tells_its_repository() {
        let folder = tempfile::tempdir().unwrap();
        let env: Env = Env::of_process()
            .iter()
            .filter(|(name, _)| !name.starts_with("GIT_"))
            .chain([("GIT_CEILING_DIRECTORIES", "/tmp")])
            .collect();
        let read = async || read(folder.path(), &env, &Programs).await;
        assert_eq!(read().await, Err(Error::NoCheckout));
        let git = async |argv: &[&str]| {
            let mut question = Question::new(argv, env.clone());
            question.folder = Some(folder.path().to_owned());
            Programs.ask(question).await.unwrap();
        };
        git(&["git", "init", "-q"]).await;
        assert_eq!(read().await, Err(Error::NoRemote));
        git(&["git", "remote", "add", "up", "git@github.com:acme/web.git"]).await;
        let remote = read().await.unwrap();
        assert_eq!(
            (remote.host.as_str(), remote.repo.as_str()),
            ("github.com", "acme/web")
        );
    }
}
