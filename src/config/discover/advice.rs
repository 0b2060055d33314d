//! Advice for who has no config: the lines of one, ready to be copied, by what was found.

use std::fmt::Write as _;

use super::super::{ForgeSettings, show};
use super::Found;
use crate::domain::ids::{EnvironmentName, RepoPath};
use crate::domain::policy::EnvironmentModel;

/// Where deployments are read, in words.
pub(super) fn source(model: &EnvironmentModel) -> String {
    match model {
        EnvironmentModel::Native => "the forge".to_owned(),
        EnvironmentModel::Status { context } => format!("statuses {}", words(context)),
        EnvironmentModel::Branch { branch } => format!("branches {}", words(branch)),
        EnvironmentModel::Release { tag: Some(tag) } => format!("tags {}", words(tag)),
        EnvironmentModel::Release { tag: None } => "releases and pre-releases".to_owned(),
        EnvironmentModel::Run { workflow } => format!("runs of {}", words(workflow)),
    }
}

fn words(pattern: &str) -> String {
    pattern.replace("{environment}", "NAME")
}

/// What to write where environments were found, and no way into them.
pub(super) fn of_found(
    forge: &ForgeSettings,
    found: &Found<'_>,
    model: &EnvironmentModel,
) -> String {
    let mut config = begin(forge, found.repo, found.environments, model);
    let name = key(found.repo);
    let mut before = found.default_branch.unwrap_or("main").to_owned();
    for (place, environment) in found.environments.iter().enumerate() {
        let own = model.of(environment);
        let branch = found.default_branch.unwrap_or("main");
        let waits = found.reviewed.contains(environment);
        let way = match model {
            EnvironmentModel::Native if !waits => dispatch(branch),
            _ => way(model, own.as_deref(), &before, branch),
        };
        if let EnvironmentModel::Branch { .. } = model {
            before = own.unwrap_or(before);
        }
        // What comes first comes by itself, unless somebody says otherwise.
        if place == 0 && found.environments.len() > 1 {
            continue;
        }
        let environment = show::key(environment.as_str());
        let _ = write!(config, "\n[service.{name}.promote.{environment}]\n{way}");
    }
    format!("to promote from here, write a config, .gonogo.toml:\n{config}")
}

/// What to write where no environments were found.
pub(super) fn of_nothing(forge: &ForgeSettings, repo: &RepoPath) -> String {
    let environments = ["staging", "production"].map(EnvironmentName::from);
    let model = EnvironmentModel::Status {
        context: EnvironmentModel::STATUS.to_owned(),
    };
    format!(
        "write a config, .gonogo.toml, with the environments that there are and where it shows what is \
         live (instead of \"status\": \"branch\", \"release\" or \"run\"):\n{}",
        begin(forge, repo, &environments, &model)
    )
}

fn begin(
    forge: &ForgeSettings,
    repo: &RepoPath,
    environments: &[EnvironmentName],
    model: &EnvironmentModel,
) -> String {
    let path: Vec<String> = environments
        .iter()
        .map(|name| text(name.as_str()))
        .collect();
    let pattern = match model {
        EnvironmentModel::Status { context } => Some(("context", context)),
        EnvironmentModel::Branch { branch } => Some(("branch", branch)),
        EnvironmentModel::Release { tag } => tag.as_ref().map(|tag| ("tag", tag)),
        EnvironmentModel::Run { workflow } => Some(("workflow", workflow)),
        EnvironmentModel::Native => None,
    };
    let from = match pattern {
        Some((word, pattern)) => format!(
            "{{ from = \"{}\", {word} = {} }}",
            model.word(),
            text(pattern)
        ),
        None => text(model.word()),
    };
    format!(
        "[forge.{}]\nkind = \"{}\"\nurl = {}\n[service.{}]\nrepo = {}\npath = [{}]\nenvironments = {from}",
        forge.name,
        forge.kind.word(),
        text(forge.url.as_str().trim_end_matches('/')),
        key(repo),
        text(&format!("{}:{repo}", forge.name)),
        path.join(", "),
    )
}

/// How an environment that is modelled so is usually promoted into.
fn way(model: &EnvironmentModel, own: Option<&str>, before: &str, branch: &str) -> String {
    match (model, own) {
        (EnvironmentModel::Branch { .. }, Some(base)) => {
            format!(
                "via = \"pull-request\"\nbase = {}\nhead = {}",
                text(base),
                text(before)
            )
        }
        (EnvironmentModel::Run { .. }, Some(file)) => {
            let (file, branch) = (text(file), text(branch));
            format!("via = \"workflow\"\nworkflow = {file}\nref = {branch}")
        }
        (EnvironmentModel::Release { tag: None }, _) => "via = \"release\"".to_owned(),
        (EnvironmentModel::Native, _) => "via = \"approval\"".to_owned(),
        _ => dispatch(branch),
    }
}

fn dispatch(branch: &str) -> String {
    format!(
        "via = \"workflow\"\nworkflow = \"deploy.yml\"   # the file that deploys\nref = {}\n\
         inputs = {{ environment = \"{{environment}}\", revision = \"{{revision}}\" }}",
        text(branch)
    )
}

fn key(repo: &RepoPath) -> String {
    show::key(repo.as_str().rsplit('/').next().unwrap_or_default())
}

/// A text of TOML.
fn text(plain: &str) -> String {
    toml::Value::String(plain.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::super::{Env, load_in};
    use super::*;
    use crate::domain::forge_kind::ForgeKind;
    use crate::domain::policy::Via;

    fn config(hint: &str) -> &str {
        hint.split_once(".gonogo.toml")
            .and_then(|(_, rest)| rest.split_once(":\n"))
            .expect(hint)
            .1
    }

    #[test]
    fn what_is_advised_loads_and_reads_what_was_found() {
        let env: Env = [("HOME", "/home/ada"), ("FORGEJO_TOKEN", "t")]
            .into_iter()
            .collect();
        let forge = super::super::forge("codeberg.org", &env).unwrap();
        let repo = RepoPath::from("acme/tide.table");
        let environments = ["staging", "production"].map(EnvironmentName::from);
        let pattern = |text: &str| text.to_owned();
        let models = [
            EnvironmentModel::usual(ForgeKind::Forgejo),
            EnvironmentModel::Branch {
                branch: pattern(EnvironmentModel::BRANCH),
            },
            EnvironmentModel::Release { tag: None },
            EnvironmentModel::Release {
                tag: Some(pattern("deployed/{environment}")),
            },
            EnvironmentModel::Run {
                workflow: pattern(EnvironmentModel::WORKFLOW),
            },
        ];
        let path = Path::new("/work/.gonogo.toml");
        for model in models {
            let found = Found {
                repo: &repo,
                default_branch: Some("main"),
                environments: &environments,
                reviewed: &[],
                model: Some(&model),
            };
            let hint = of_found(&forge, &found, &model);
            let settings = load_in(config(&hint), path, &env).expect(&hint);
            let service = &settings.policy.services[0];
            assert_eq!(
                (&service.repo, &service.environments),
                (&repo, &model),
                "{hint}"
            );
            let production = &service.path[1].via;
            assert_ne!(*production, Via::Forge, "{hint}");
            if let (EnvironmentModel::Branch { .. }, Via::PullRequest { base, head, .. }) =
                (&model, production)
            {
                assert_eq!(
                    (base.as_str(), head.as_str()),
                    ("env/production", "env/staging")
                );
            }
        }
        let hint = of_nothing(&forge, &repo);
        let settings = load_in(config(&hint), path, &env).expect(&hint);
        assert_eq!(settings.policy.services[0].path.len(), 2, "{hint}");
    }

    #[test]
    fn what_nobody_reviews_on_github_is_advised_to_be_dispatched() {
        let env: Env = [("HOME", "/home/ada"), ("GITHUB_TOKEN", "t")]
            .into_iter()
            .collect();
        let forge = super::super::forge("github.com", &env).unwrap();
        let repo = RepoPath::from("acme/geo");
        let environments = ["dev", "staging", "production"].map(EnvironmentName::from);
        let found = Found {
            repo: &repo,
            default_branch: Some("trunk"),
            environments: &environments,
            reviewed: &environments[2..],
            model: None,
        };
        let hint = of_found(&forge, &found, &EnvironmentModel::Native);
        let path = Path::new("/work/.gonogo.toml");
        let settings = load_in(config(&hint), path, &env).expect(&hint);
        let path = &settings.policy.services[0].path;
        assert!(
            matches!(&path[1].via, Via::Workflow { .. }),
            "{:?}\n{hint}",
            path[1].via
        );
        assert_eq!(path[2].via, Via::Approval { workflow: None }, "{hint}");
    }
}
