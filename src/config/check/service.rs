//! `[service.NAME]`: the repository, the path, and how each promotion on it is made.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::error::meant;
use super::super::file::{Table, Value};
use super::super::{defaults, keys};
use super::forge::Forges;
use super::{Overrides, Place, Roles, by_hand, depends, gate, mode, verify};
use crate::domain::act::MergeMethod;
use crate::domain::ids::{EnvironmentName, ForgeName, RepoPath, ServiceName};
use crate::domain::policy::{Dependency, Environment, GateSpec, Mode, Service, Stage, Via};

type Environments = BTreeMap<EnvironmentName, Environment>;

/// What services refer to.
pub(super) struct Known<'k> {
    pub forges: &'k Forges,
    /// The gates of each tier.
    pub tiers: BTreeMap<&'k str, Arc<[GateSpec]>>,
    pub roles: &'k Roles,
    pub place: &'k Place<'k>,
    pub overrides: &'k Overrides,
}

/// The services, and the names of all that have a table, broken ones too: a reference to a broken
/// one is not a second problem.
#[derive(Default)]
pub(super) struct Services {
    pub list: Vec<Service>,
    pub extra_gates: BTreeMap<ServiceName, Vec<GateSpec>>,
    names: Vec<String>,
}

impl Services {
    /// Reports a reference to a service that has no table.
    pub fn known(&self, name: &str, value: &Value<'_>) -> bool {
        let known = self.names.iter().any(|known| known == name);
        if !known {
            value.error(
                format!("there is no service `{name}`"),
                meant(name, self.names.iter().map(String::as_str)),
            );
        }
        known
    }
}

/// Reads the services. If the file has no `[environment.NAME]` at all, the paths make them.
pub(super) fn services(
    top: &Table<'_>,
    known: &Known<'_>,
    environments: &mut Environments,
) -> Services {
    let tables = top.children("service", keys::SERVICE);
    let mut services = Services {
        names: tables.iter().map(|(name, _)| (*name).to_owned()).collect(),
        ..Services::default()
    };
    if top.is_without("service") {
        top.note(
            "there is no service",
            Some("add [service.NAME] repo = \"owner/name\", path = [\"production\"]".to_owned()),
        );
    }
    let declared = top.get("environment").is_some();
    let said = Cell::new(false);
    let mut listed = BTreeMap::new();
    for (name, table) in &tables {
        let path = path(table, environments, known.overrides, declared, &said);
        let name = ServiceName::new(name);
        let extra = table
            .get("gates")
            .and_then(|value| gate::list(value, known.roles, known.place));
        let wanted = depends::read(table);
        let first: Vec<Dependency> = wanted.iter().map(|(one, _)| one.clone()).collect();
        listed.insert(name.to_string(), wanted);
        let service = service(
            &name,
            table,
            &path,
            extra.as_deref(),
            first,
            known,
            environments,
        );
        services.list.extend(service);
        services
            .extra_gates
            .extend(extra.map(|extra| (name, extra)));
    }
    depends::unknown(&listed);
    depends::circles(&listed);
    services
}

fn path(
    table: &Table<'_>,
    environments: &mut Environments,
    overrides: &Overrides,
    declared: bool,
    said: &Cell<bool>,
) -> Vec<EnvironmentName> {
    let mut path: Vec<EnvironmentName> = Vec::new();
    let Some(value) = table.need("path", "[\"staging\", \"production\"]") else {
        return path;
    };
    for (text, item) in value.texts().unwrap_or_default() {
        let known = environments.get_key_value(text);
        let known = known.map(|(name, _)| name.clone());
        let is_known = known.is_some();
        let name = known.unwrap_or_else(|| EnvironmentName::new(text));
        if path.contains(&name) {
            item.error(format!("`{name}` stands twice on the path"), None);
            continue;
        }
        if !is_known {
            if declared {
                let names = environments.keys().map(EnvironmentName::as_str);
                let hint =
                    meant(text, names).unwrap_or_else(|| format!("add [environment.{text}]"));
                item.error(format!("there is no environment `{name}`"), Some(hint));
                continue;
            }
            if !said.replace(true) {
                item.note(
                    "no [environment.NAME] in this file: every environment is of tier `standard`",
                    Some("add [environment.production] tier = \"regulated\"".to_owned()),
                );
            }
            let made = Environment {
                overrides: overrides.get(defaults::TIER).cloned().unwrap_or_default(),
                ..undeclared(&name)
            };
            environments.insert(name.clone(), made);
        }
        path.push(name);
    }
    if value.list().is_some_and(|items| items.is_empty()) {
        value.error("the path is empty", Some("name one environment".to_owned()));
    }
    path
}

/// An environment that no table describes.
pub(in super::super) fn undeclared(name: &EnvironmentName) -> Environment {
    Environment {
        name: name.clone(),
        tier: defaults::TIER.to_owned(),
        protected: defaults::protected(name.as_str(), defaults::TIER),
        mode: Mode::default(),
        overrides: crate::domain::override_::OverrideRule::default(),
        countdown: crate::domain::policy::COUNTDOWN,
        verification: None,
    }
}

fn service(
    name: &ServiceName,
    table: &Table<'_>,
    path: &[EnvironmentName],
    extra: Option<&[GateSpec]>,
    depends: Vec<Dependency>,
    known: &Known<'_>,
    environments: &Environments,
) -> Option<Service> {
    let branch = table.get("branch").and_then(Value::text);
    let group = table.get("group").and_then(Value::text);
    let promotes: BTreeMap<EnvironmentName, Table<'_>> = table
        .children("promote", keys::PROMOTE)
        .into_iter()
        .map(|(name, table)| (EnvironmentName::new(name), table))
        .collect();
    let hand = by_hand::is_meant(table, &promotes);
    let mut ways = ways(&promotes, path, branch, hand);
    // Whoever depends on others is always judged by it.
    let mut extra = extra.unwrap_or_default().to_vec();
    if !depends.is_empty() && !extra.contains(&GateSpec::Depends) {
        extra.push(GateSpec::Depends);
    }
    let stages: Vec<Stage> = path
        .iter()
        .enumerate()
        .map(|(place, environment)| {
            let described = environments.get(environment);
            let own = promotes.get(environment);
            let tier = described
                .and_then(|environment| known.tiers.get(environment.tier.as_str()))
                .cloned()
                .unwrap_or_default();
            let via = ways.remove(environment);
            let said = own.and_then(mode);
            let usual = described.map(|environment| environment.mode);
            let (via, mode) = by_hand::settled(own, via, said, usual.unwrap_or_default());
            let common = described.and_then(|environment| environment.verification.as_ref());
            let added = own.and_then(|own| verify::read(own, known.roles));
            Stage {
                environment: environment.clone(),
                gates: if extra.is_empty() {
                    tier
                } else {
                    gate::with_extra(&tier, &extra).into()
                },
                via: via.unwrap_or_else(|| {
                    if hand {
                        Via::Checklist
                    } else {
                        default_via(place)
                    }
                }),
                mode: if hand { Mode::Checklist } else { mode },
                verification: match (common, added) {
                    (Some(common), Some(added)) => Some(common.stricter(&added)),
                    (Some(common), None) => Some(common.clone()),
                    (None, added) => added,
                },
            }
        })
        .collect();
    if !hand {
        comparisons(table, &stages, &extra);
    }
    refuse_auto(table, &stages);
    by_hand::need_tasks(table, &promotes, &stages);
    let (forge, repo, stages) = if hand {
        by_hand::without_forge(table, name, stages, &extra)
    } else {
        let (forge, repo) = repo(by_hand::need_repo(table)?, known.forges)?;
        (forge, repo, stages)
    };
    Some(Service {
        name: name.clone(),
        forge,
        repo,
        branch: branch.map(str::to_owned),
        revision: by_hand::revision(table, hand),
        group: group.map(str::to_owned),
        depends,
        path: stages,
    })
}

/// Reports gates that compare with an environment which is not on the service's path: at the
/// service's own gates, or at the path where a tier asks.
fn comparisons(table: &Table<'_>, stages: &[Stage], extra: &[GateSpec]) {
    let gates = stages.iter().flat_map(|stage| stage.gates.iter());
    for with in gates.flat_map(gate::compared) {
        if stages.is_empty() || stages.iter().any(|stage| stage.environment == *with) {
            continue;
        }
        let own = extra.iter().flat_map(gate::compared).any(|own| own == with);
        let place = table.get(if own { "gates" } else { "path" });
        let message = format!(
            "a parity gate compares with `{with}`, which is not on the path of this service"
        );
        let names = stages.iter().map(|stage| stage.environment.as_str());
        if let Some(place) = place {
            place.error(message, meant(with.as_str(), names));
        }
    }
}

/// Nothing promotes by itself on what people do by hand, nor where the forge deploys by itself.
fn refuse_auto(table: &Table<'_>, stages: &[Stage]) {
    for (place, stage) in stages.iter().enumerate() {
        if stage.mode != Mode::Auto {
            continue;
        }
        let environment = &stage.environment;
        let mut before = stages.iter().take(place);
        let by_hand = before.rfind(|before| {
            let checklist = |gate: &GateSpec| matches!(gate, GateSpec::Checklist { .. });
            before.mode == Mode::Checklist || before.gates.iter().any(checklist)
        });
        if let Some(by_hand) = by_hand {
            table.error(
                format!(
                    "{environment} cannot be `auto`: {} before it is released by hand",
                    by_hand.environment
                ),
                Some(format!("use mode = \"confirm\" for {environment}")),
            );
        }
    }
}

/// How a promotion is made where no table says so: into the first environment by the forge itself,
/// into later ones by approving the run that waits.
pub(in super::super) fn default_via(place: usize) -> Via {
    match place {
        0 => Via::Forge,
        _ => Via::Approval { workflow: None },
    }
}

/// Reads `FORGE:owner/name`; the prefix may be left out when there is but one forge.
fn repo(value: &Value<'_>, forges: &Forges) -> Option<(ForgeName, RepoPath)> {
    let text = value.text()?;
    let names = || forges.names.iter().map(String::as_str);
    let form = "write \"FORGE:owner/name\"".to_owned();
    if text.contains("://") || text.starts_with("git@") {
        value.error_hidden("`repo` is not an address", Some(form));
        return None;
    }
    let (forge, repo) = if let Some((forge, repo)) = text.split_once(':') {
        if !names().any(|known| known == forge) {
            let message = format!("there is no forge `{forge}`");
            value.error(message, meant(forge, names()));
            return None;
        }
        (forge, repo)
    } else {
        let [only] = forges.names.as_slice() else {
            value.error("on which forge?", meant("", names()).or(Some(form)));
            return None;
        };
        (only.as_str(), text)
    };
    let mut parts = repo.split('/');
    let well_formed = |part: Option<&str>| {
        part.is_some_and(|part| {
            !part.is_empty()
                && part != "."
                && part != ".."
                && part
                    .chars()
                    .all(|character| character.is_ascii_alphanumeric() || "-_.".contains(character))
        })
    };
    if !(well_formed(parts.next()) && well_formed(parts.next()) && parts.next().is_none()) {
        value.error(format!("`{repo}` is not owner/name"), Some(form));
        return None;
    }
    Some((ForgeName::new(forge), RepoPath::new(repo)))
}

/// Reads the promote tables of a service.
fn ways(
    promotes: &BTreeMap<EnvironmentName, Table<'_>>,
    path: &[EnvironmentName],
    branch: Option<&str>,
    hand: bool,
) -> BTreeMap<EnvironmentName, Via> {
    let mut ways = BTreeMap::new();
    for (name, table) in promotes {
        if !path.is_empty() && !path.contains(name) {
            table.error(
                format!("`{name}` is not on the path of this service"),
                meant(name.as_str(), path.iter().map(EnvironmentName::as_str)),
            );
        }
        let place = path.iter().position(|known| known == name);
        let by_mode = mode(table) == Some(Mode::Checklist) && table.get("via").is_none();
        let usual = if hand || by_mode {
            Via::Checklist.word()
        } else {
            default_via(place.unwrap_or(1)).word()
        };
        ways.extend(via(table, usual, branch).map(|via| (name.clone(), via)));
    }
    ways
}

/// The words of `via`, and the keys that each reads.
const WAYS: &[(&str, &[&str])] = &[
    ("approval", &["workflow"]),
    ("workflow", &["workflow", "ref", "inputs"]),
    ("deployment", &[]),
    ("pull-request", &["base", "head", "method"]),
    ("release", &[]),
    ("checklist", &[]),
    ("forge", &[]),
];

/// Ways that the contract knows and this version cannot go.
const LATER: &[&str] = &["job", "pipeline", "tag"];

fn via(table: &Table<'_>, usual: &'static str, branch: Option<&str>) -> Option<Via> {
    let word = match table.get("via") {
        Some(value) => {
            let word = value.text()?;
            if LATER.contains(&word) {
                value.error(
                    format!("`via = \"{word}\"` is not supported in this version"),
                    meant("", WAYS.iter().map(|(word, _)| *word)),
                );
                return None;
            }
            let words: Vec<(&str, &str)> = WAYS.iter().map(|(word, _)| (*word, *word)).collect();
            value.one_of(&words)?
        }
        None => usual,
    };
    let read: &[&str] = WAYS
        .iter()
        .find(|(way, _)| *way == word)
        .map_or(&[], |(_, read)| *read);
    for (key, value) in table.entries() {
        if matches!(key, "via" | "mode" | "verify")
            || read.contains(&key)
            || !keys::PROMOTE.keys.contains(&key)
        {
            continue;
        }
        let reader = WAYS
            .iter()
            .find(|(_, read)| read.contains(&key) && key != "workflow");
        value.error(
            format!("`{key}` has no effect with via = \"{word}\""),
            reader.map(|(way, _)| format!("it belongs to via = \"{way}\"")),
        );
    }
    let text = |key| table.get(key).and_then(Value::text).map(str::to_owned);
    match word {
        "approval" => Some(Via::Approval {
            workflow: text("workflow"),
        }),
        "workflow" => workflow(table, branch),
        "deployment" => Some(Via::Deployment),
        "pull-request" => {
            let base = table.need("base", "\"production\"").and_then(Value::text);
            let head = match branch {
                Some(branch) => table.get("head").map_or(Some(branch), Value::text),
                None => table.need("head", "\"main\"").and_then(Value::text),
            };
            let method = table
                .get("method")
                .map_or(Some(MergeMethod::Merge), |value| {
                    value.one_of(&[
                        ("merge", MergeMethod::Merge),
                        ("squash", MergeMethod::Squash),
                        ("rebase", MergeMethod::Rebase),
                    ])
                });
            let (base, head) = (base?, head?);
            if base == head {
                table.error("`base` and `head` are the same branch", None);
            }
            Some(Via::PullRequest {
                base: base.to_owned(),
                head: head.to_owned(),
                method: method?,
            })
        }
        "release" => Some(Via::Release),
        "checklist" => Some(Via::Checklist),
        _ => Some(Via::Forge),
    }
}

/// What `inputs` and `ref` may have replaced.
const PLACEHOLDERS: &[&str] = &["environment", "revision", "version", "key"];

fn workflow(table: &Table<'_>, branch: Option<&str>) -> Option<Via> {
    let workflow = table
        .need("workflow", "\"deploy.yml\"")
        .and_then(Value::text);
    let git_ref = match branch {
        Some(branch) => table
            .get("ref")
            .map_or(Some(branch), |value| placeholders(value, &["version"])),
        // Without a branch in the file, the default branch is only known to the forge.
        None => table
            .need("ref", "\"main\"")
            .and_then(|value| placeholders(value, &["version"])),
    };
    let mut inputs = BTreeMap::new();
    if let Some(value) = table.get("inputs") {
        let given = value.open_table(format!("{}.inputs", table.name))?;
        for (input, value) in given.entries() {
            let text = placeholders(value, PLACEHOLDERS);
            inputs.extend(text.map(|text| (input.to_owned(), text.to_owned())));
        }
    }
    Some(Via::Workflow {
        workflow: workflow?.to_owned(),
        git_ref: git_ref?.to_owned(),
        inputs,
    })
}

/// Reads a text in which `{word}` is replaced later, for words of `allowed` alone.
fn placeholders<'d>(value: &Value<'d>, allowed: &[&str]) -> Option<&'d str> {
    let text = value.text()?;
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('{') {
        let Some((word, after)) = after.split_once('}') else {
            break;
        };
        let is_word = word.chars().all(|character| character.is_ascii_lowercase());
        if is_word && !word.is_empty() && !allowed.contains(&word) {
            value.error(
                format!("nothing is put in for `{{{word}}}`"),
                meant(word, allowed.iter().copied()),
            );
            return None;
        }
        rest = after;
    }
    Some(text)
}
