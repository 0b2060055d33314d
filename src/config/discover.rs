//! Settings without a config file: one service, made of what git and the forge tell.
//!
//! Asking them happens elsewhere (`remotes.rs`, the forge adapters); here is what the answers mean.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use url::{Host, Url};

use super::check::{api_of, default_via, kind_of_host, undeclared};
use super::error::Level;
use super::{
    Env, ForgeKind, ForgeSettings, Problem, Settings, TokenSource, defaults, tokens, version,
};
use crate::domain::ids::{EnvironmentName, ForgeName, RepoPath, ServiceName};
use crate::domain::policy::{Environment, EnvironmentModel, Policy, Service, Stage, Version, Via};
use crate::domain::risk::RiskRule;
use crate::domain::scope::ScopeRule;

mod advice;

/// What the forge told about a repository.
#[derive(Clone, Copy, Debug)]
pub struct Found<'f> {
    pub repo: &'f RepoPath,
    pub default_branch: Option<&'f str>,
    /// In the order of promotion.
    pub environments: &'f [EnvironmentName],
    /// Those that a run has to be approved for.
    pub reviewed: &'f [EnvironmentName],
    /// Where its deployments are read, if not where the forge usually has them.
    pub model: Option<&'f EnvironmentModel>,
}

/// Why there can be no settings without a config.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("it is not known which forge runs at {host}")]
    UnknownForge { host: String },
    #[error("no place for the journal: HOME is not set")]
    NoHome,
}

impl Error {
    /// What to do about it, for a checkout of `repo`.
    pub fn hint(&self, repo: &RepoPath) -> String {
        match self {
            Self::UnknownForge { host } => format!(
                "export GH_HOST={host} if it is a GitHub, GITLAB_HOST={host} if a GitLab, \
                 FJ_HOST={host} if a Forgejo, GITEA_INSTANCE_URL={}://{host} if a Gitea; or write a \
                 config, .gonogo.toml:\n{}",
                scheme(host),
                config_for(host, repo)
            ),
            Self::NoHome => "set HOME or XDG_STATE_HOME".to_owned(),
        }
    }
}

/// The beginning of a config for a host of which nothing tells what it is.
fn config_for(host: &str, repo: &RepoPath) -> String {
    let name = repo.as_str().rsplit('/').next().unwrap_or_default();
    format!(
        "[forge.work]\n\
         kind = \"forgejo\"        # or \"github\", or \"gitlab\"\n\
         url = \"{}://{host}\"\n\
         [environment.production]\n\
         [service.{}]\n\
         repo = \"work:{repo}\"\n\
         path = [\"production\"]",
        scheme(host),
        super::show::key(name)
    )
}

/// In the clear only where what is sent does not leave this machine.
fn scheme(host: &str) -> &'static str {
    if is_loopback(host) { "http" } else { "https" }
}

/// Tells which forge a host of a git remote is.
///
/// A host is taken for a forge only if its name, the forge's own variable or a login of the forge's
/// own tool says so: a token is about to be sent there.
pub fn forge(host: &str, env: &Env) -> Result<ForgeSettings, Error> {
    let unknown = || Error::UnknownForge {
        host: host.to_owned(),
    };
    let kind = named(host, env)
        .or_else(|| kind_of_host(host))
        .or_else(|| logged_in(host, env));
    let kind = kind.ok_or_else(unknown)?;
    let folder = tokens::folder(kind, host, env).map_or_else(String::new, |it| format!("/{it}"));
    let url = Url::parse(&format!("{}://{host}{folder}", scheme(host))).map_err(|_| unknown())?;
    Ok(ForgeSettings {
        name: ForgeName::new(kind.word()),
        kind,
        api_url: api_of(kind, &url).ok_or_else(unknown)?,
        url,
        token: TokenSource::Discovered,
        ca_file: None,
        interval: None,
    })
}

/// Returns the repository of a remote below its forge: the address of a remote begins with the folder
/// that the forge is installed in, its path there does not.
pub fn below(forge: &ForgeSettings, repo: &RepoPath) -> RepoPath {
    let folder = forge.url.path().trim_matches('/');
    let rest = repo.as_str().strip_prefix(folder);
    match rest.and_then(|rest| rest.strip_prefix('/')) {
        Some(rest) if !folder.is_empty() => RepoPath::from(rest),
        _ => repo.clone(),
    }
}

/// Tells what a host is by the logins that the forges' own tools keep.
fn logged_in(host: &str, env: &Env) -> Option<ForgeKind> {
    ForgeKind::ALL
        .into_iter()
        .find(|kind| tokens::has_login(*kind, host, env))
}

/// Tells what a host is by the variables in which people name their forge.
fn named(host: &str, env: &Env) -> Option<ForgeKind> {
    ForgeKind::ALL
        .into_iter()
        .find(|kind| tokens::usual_host(*kind, env).as_deref() == Some(host))
}

/// Says whether a host is a loopback address. A name is none: what it leads to is another's word.
fn is_loopback(host: &str) -> bool {
    match Url::parse(&format!("http://{host}"))
        .ok()
        .as_ref()
        .and_then(Url::host)
    {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(_)) | None => false,
    }
}

/// Makes the settings for one repository.
///
/// - The path is the forge's environments. A repository without any gets one, `production`, in
///   which nothing is promoted from here, so that the board has a row.
/// - Environments with names for production are protected and of tier `standard`; the others are
///   of tier `fast`: without a config nobody has asked for reviews or windows there.
/// - An environment with reviewers is entered by approval. The first one without is left to the
///   forge (a push deploys). Later ones are approved too: a run that waits is the one thing that
///   can be let through safely. Creating deployments or starting workflows that nobody described
///   to us could start what nobody wants.
pub fn settings(forge: ForgeSettings, found: &Found<'_>, env: &Env) -> Result<Settings, Error> {
    let journal = defaults::journal(env).ok_or(Error::NoHome)?;
    let production = [EnvironmentName::new("production")];
    let mut notes = Vec::new();
    let names = if found.environments.is_empty() {
        notes.push(note(
            found.repo,
            nothing_found(forge.kind),
            advice::of_nothing(&forge, found.repo),
        ));
        &production
    } else {
        found.environments
    };
    // There are no approvals there that could be found, and what else deploys nobody has told us.
    if forge.kind == ForgeKind::Forgejo && !found.environments.is_empty() {
        let usual = EnvironmentModel::usual(forge.kind);
        let model = found.model.unwrap_or(&usual);
        notes.push(note(
            found.repo,
            &format!(
                "its environments are read from {}; how it is promoted cannot be discovered, so \
                 nothing is promoted from here",
                advice::source(model)
            ),
            advice::of_found(&forge, found, model),
        ));
    }
    // A run waits for an environment only where somebody has to review it.
    let unreviewed: Vec<&str> = later(found)
        .iter()
        .filter(|name| !found.reviewed.contains(name))
        .map(EnvironmentName::as_str)
        .collect();
    if forge.kind == ForgeKind::GitHub && !unreviewed.is_empty() {
        notes.push(note(
            found.repo,
            &format!(
                "nobody reviews {} there, so no run waits for it; how else it is promoted cannot be \
                 discovered",
                unreviewed.join(", ")
            ),
            advice::of_found(&forge, found, &EnvironmentModel::Native),
        ));
    }
    let tiers = defaults::tiers();
    let mut environments = BTreeMap::new();
    let mut path: Vec<Stage> = Vec::new();
    for name in names {
        if environments.contains_key(name) {
            continue;
        }
        let environment = environment(name);
        let via = if found.reviewed.contains(name) {
            Via::Approval { workflow: None }
        } else {
            default_via(forge.kind, path.len())
        };
        path.push(Stage {
            environment: name.clone(),
            gates: tiers
                .get(&environment.tier)
                .map(|gates| gates.as_slice().into())
                .unwrap_or_default(),
            via,
            mode: environment.mode,
            verification: None,
        });
        environments.insert(name.clone(), environment);
    }
    let repo = found.repo.as_str();
    let service = Service {
        name: ServiceName::new(repo.rsplit('/').next().unwrap_or(repo)),
        forge: forge.name.clone(),
        kind: forge.kind,
        repo: found.repo.clone(),
        environments: found
            .model
            .cloned()
            .unwrap_or_else(|| EnvironmentModel::usual(forge.kind)),
        branch: found.default_branch.map(str::to_owned),
        revision: None,
        group: None,
        depends: Vec::new(),
        scope: ScopeRule::usual(),
        path,
    };
    let policy = Policy {
        version: Version::counted(version::of),
        max_age: defaults::POLL.max_age,
        environments,
        services: vec![Arc::new(service)],
        windows: Vec::new(),
        roles: BTreeMap::new(),
        releases: Vec::new(),
    };
    Ok(Settings {
        policy: Arc::new(policy),
        operator: None,
        poll: defaults::POLL,
        journal,
        forges: vec![forge],
        risks: tiers
            .keys()
            .map(|tier| (tier.clone(), RiskRule::default()))
            .collect(),
        tiers,
        overrides: defaults::overrides(),
        extra_gates: BTreeMap::new(),
        policies: BTreeMap::new(),
        notify: Vec::new(),
        commands: Vec::new(),
        keys: BTreeMap::new(),
        views: Vec::new(),
        ui: defaults::UI,
        source: None,
        notes,
    })
}

/// The environments into which something is promoted: what comes first comes by itself, unless it is
/// the only one.
fn later<'a>(found: &Found<'a>) -> &'a [EnvironmentName] {
    match found.environments {
        [_, later @ ..] if !later.is_empty() => later,
        all => all,
    }
}

fn note(repo: &RepoPath, what: &str, hint: String) -> Problem {
    Problem {
        level: Level::Note,
        ..Problem::of_file(Path::new(repo.as_str()), what, Some(hint))
    }
}

fn nothing_found(kind: ForgeKind) -> &'static str {
    match kind {
        ForgeKind::GitHub | ForgeKind::GitLab => {
            "the forge has no environments for this repository"
        }
        ForgeKind::Forgejo => {
            "no environments were found: no status deploy/NAME, tag deployed/NAME, branch env/NAME or \
             production, run of deploy-NAME.yml, job that deploys, or release"
        }
    }
}

fn environment(name: &EnvironmentName) -> Environment {
    let standard = undeclared(name);
    if standard.protected {
        standard
    } else {
        Environment {
            tier: "fast".to_owned(),
            ..standard
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{load_in, show};
    use super::*;

    fn env() -> Env {
        [("HOME", "/home/ada")].into_iter().collect()
    }

    fn discovered(environments: &[&str], reviewed: &[&str]) -> Settings {
        let names = |names: &[&str]| -> Vec<EnvironmentName> {
            names.iter().map(EnvironmentName::new).collect()
        };
        let found = Found {
            repo: &RepoPath::new("acme/web"),
            default_branch: Some("main"),
            environments: &names(environments),
            reviewed: &names(reviewed),
            model: None,
        };
        settings(forge("github.com", &env()).unwrap(), &found, &env()).unwrap()
    }

    #[test]
    fn environments_of_the_forge_become_the_path() {
        let settings = discovered(&["dev", "staging", "prod-eu"], &["prod-eu"]);
        let service = &settings.policy.services[0];
        assert_eq!(service.name.as_str(), "web");
        let ways: Vec<&str> = service.path.iter().map(|stage| stage.via.word()).collect();
        assert_eq!(ways, ["forge", "approval", "approval"]);
        let gates = |place: usize| -> Vec<&str> {
            let stage: &Stage = &service.path[place];
            stage
                .gates
                .iter()
                .map(crate::domain::policy::GateSpec::name)
                .collect()
        };
        assert_eq!(
            gates(1),
            ["fresh", "pipeline", "path", "forge", "hold", "manual"]
        );
        assert!(gates(2).contains(&"review") && gates(2).contains(&"window"));
        assert!(settings.policy.environments["prod-eu"].protected);
        assert!(!settings.policy.environments["staging"].protected);
    }

    #[test]
    fn on_forgejo_a_note_says_what_to_write_so_that_something_can_be_promoted() {
        let environments = [
            EnvironmentName::new("staging"),
            EnvironmentName::new("production"),
        ];
        let found = Found {
            repo: &RepoPath::new("acme/harbour"),
            default_branch: Some("main"),
            environments: &environments,
            reviewed: &[],
            model: None,
        };
        let forge = forge("codeberg.org", &env()).unwrap();
        let settings = settings(forge, &found, &env()).unwrap();
        let told = &settings.notes[0];
        assert!(
            told.message.contains("statuses deploy/"),
            "{}",
            told.message
        );
        let hint = told.hint.as_deref().unwrap();
        assert!(
            hint.contains("[service.harbour.promote.production]"),
            "{hint}"
        );
        // What can be discovered on the others is promoted, and needs no such note.
        assert_eq!(
            discovered(&["dev", "production"], &["production"]).notes,
            []
        );
    }

    #[test]
    fn a_repository_without_environments_has_a_row_and_a_note() {
        let settings = discovered(&[], &[]);
        let path = &settings.policy.services[0].path;
        assert_eq!(path.len(), 1);
        assert_eq!(path[0].via, Via::Forge);
        assert_eq!(settings.notes.len(), 1);
    }

    #[test]
    fn discovered_settings_can_be_saved_as_a_config() {
        let mut settings = discovered(&["qa", "production"], &["qa"]);
        // What nobody reviews is told, and left as it is.
        let told = std::mem::take(&mut settings.notes);
        assert!(
            told[0].message.contains("nobody reviews production"),
            "{told:?}"
        );
        let path = Path::new("/work/gonogo.toml");
        settings.source = Some(path.to_owned());
        let shown = show::show(&settings);
        assert_eq!(load_in(&shown, path, &env()), Ok(settings), "{shown}");
    }

    #[test]
    fn an_unknown_host_is_told_with_every_way_out_and_a_config_that_works() {
        for (host, url) in [
            ("git.acme.example", "https://git.acme.example"),
            ("127.0.0.1:7700", "http://127.0.0.1:7700"),
        ] {
            let repo = RepoPath::from("acme/web");
            let hint = forge(host, &env()).expect_err(host).hint(&repo);
            for way in ["GH_HOST", "GITLAB_HOST", "FJ_HOST", "GITEA_INSTANCE_URL"] {
                assert!(hint.contains(&format!("{way}=")), "{way}: {hint}");
            }
            let (_, config) = hint.split_once(".gonogo.toml:\n").expect("a config");
            let path = Path::new("/work/gonogo.toml");
            let settings = load_in(config, path, &env()).expect(config);
            assert_eq!(settings.policy.services[0].repo, repo);
            let forge = settings.forges.iter().find(|it| it.name.as_str() == "work");
            assert_eq!(forge.unwrap().url, Url::parse(url).unwrap());
        }
    }

    #[test]
    fn only_a_host_that_is_known_to_be_a_forge_is_taken_for_one() {
        let kind = |host: &str, env: &Env| forge(host, env).map(|forge| forge.api_url.to_string());
        let named: Env = [("GH_HOST", "git.acme.example")].into_iter().collect();
        assert_eq!(
            kind("acme.ghe.com", &env()).unwrap(),
            "https://api.acme.ghe.com/"
        );
        assert_eq!(
            kind("git.acme.example", &named).unwrap(),
            "https://git.acme.example/api/v3"
        );
        assert!(matches!(
            kind("git.acme.example", &env()),
            Err(Error::UnknownForge { .. })
        ));
        let here: Env = [("GH_HOST", "127.0.0.1:7700")].into_iter().collect();
        assert_eq!(
            kind("127.0.0.1:7700", &here).unwrap(),
            "http://127.0.0.1:7700/api/v3",
            "nothing leaves this machine"
        );
        assert!(kind("127.0.0.1:7701", &here).is_err());
        assert_eq!(
            kind("gitlab.com", &env()).unwrap(),
            "https://gitlab.com/api/v4"
        );
        let named: Env = [("GITLAB_HOST", "https://git.acme.example/")]
            .into_iter()
            .collect();
        assert_eq!(
            kind("git.acme.example", &named).unwrap(),
            "https://git.acme.example/api/v4"
        );
        assert_eq!(
            kind("codeberg.org", &env()).unwrap(),
            "https://codeberg.org/api/v1"
        );
    }
}
