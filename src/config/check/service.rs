//! `[service.NAME]`: the repository, the path, and how each promotion on it is made.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::file::{Table, Value};
use super::super::{defaults, keys};
use super::forge::Forges;
use super::{Overrides, Place, Risks, Roles, by_hand, depends, gate, mode, scope, verify};
use crate::domain::forge_kind::ForgeKind;
use crate::domain::ids::{EnvironmentName, ForgeName, RepoPath, ServiceName};
use crate::domain::policy::{Dependency, Environment, GateSpec, Mode, Service, Stage, Via};
use crate::domain::scope::ScopeRule;
use crate::domain::spelling::meant;

mod model;
mod ways;

type Environments = BTreeMap<EnvironmentName, Environment>;

/// What services refer to.
pub(super) struct Known<'k> {
    pub forges: &'k Forges,
    /// The gates of each tier.
    pub tiers: BTreeMap<&'k str, Arc<[GateSpec]>>,
    pub roles: &'k Roles,
    pub place: &'k Place<'k>,
    pub overrides: &'k Overrides,
    pub risks: &'k Risks,
    /// What is looked for in scopes where a service says nothing else.
    pub scope: Arc<ScopeRule>,
}

/// The services, and the names of all that have a table, broken ones too: a reference to a broken
/// one is not a second problem.
#[derive(Default)]
pub(super) struct Services {
    pub list: Vec<Arc<Service>>,
    pub extra_gates: BTreeMap<ServiceName, Vec<GateSpec>>,
    /// Whose gates come on top of the tier's, where a service names a policy of its own.
    pub policies: BTreeMap<(ServiceName, EnvironmentName), String>,
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
        list: Vec::with_capacity(tables.len()),
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
    let tables: Vec<_> = tables
        .into_iter()
        .map(|(name, table)| {
            let path = path(&table, environments, known, declared, &said);
            (name, table, path)
        })
        .collect();
    let environments = &*environments;
    let read = by_two(&tables, |(name, table, path)| {
        one(name, table, path, known, environments)
    });
    let mut listed = BTreeMap::new();
    for ((text, ..), one) in tables.iter().zip(read) {
        let name = one.name;
        listed.insert(*text, one.depends);
        services.list.extend(one.service.map(Arc::new));
        for (environment, policy) in one.policies {
            let place = (name.clone(), environment);
            services.policies.insert(place, policy.to_owned());
        }
        let extra = one.gates.map(|extra| (name, extra));
        services.extra_gates.extend(extra);
    }
    depends::unknown(&listed);
    depends::circles(&listed);
    services
}

/// So many services are read sooner by two threads.
const MANY: usize = 200;

/// Reads each of them; none changes anything for another.
fn by_two<T: Sync, R: Send>(all: &[T], read: impl Fn(&T) -> R + Sync) -> Vec<R> {
    if all.len() < MANY {
        return all.iter().map(read).collect();
    }
    let (here, there) = all.split_at(all.len() / 2);
    std::thread::scope(|scope| {
        let there = scope.spawn(|| there.iter().map(&read).collect::<Vec<R>>());
        let mut done: Vec<R> = here.iter().map(&read).collect();
        match there.join() {
            Ok(more) => done.extend(more),
            Err(panic) => std::panic::resume_unwind(panic),
        }
        done
    })
}

/// What one table says.
struct One<'d> {
    name: ServiceName,
    service: Option<Service>,
    gates: Option<Vec<GateSpec>>,
    depends: depends::Listed<'d>,
    policies: BTreeMap<EnvironmentName, &'d str>,
}

fn one<'d>(
    name: &str,
    table: &Table<'d>,
    path: &[EnvironmentName],
    known: &Known<'_>,
    environments: &Environments,
) -> One<'d> {
    let name = ServiceName::new(name);
    let gates = table
        .get("gates")
        .and_then(|value| gate::list(value, known.roles, known.place));
    let depends = depends::read(table);
    let first: Vec<Dependency> = depends.iter().map(|(one, _)| one.clone()).collect();
    let promotes: BTreeMap<EnvironmentName, Table<'d>> = table
        .children("promote", keys::PROMOTE)
        .into_iter()
        .map(|(name, table)| (EnvironmentName::new(name), table))
        .collect();
    let policies = policies(&promotes, known);
    let service = service(
        &name,
        table,
        path,
        Added {
            gates: gates.as_deref(),
            depends: first,
            promotes: &promotes,
            policies: &policies,
        },
        known,
        environments,
    );
    One {
        name,
        service,
        gates,
        depends,
        policies,
    }
}

/// What a service adds to what its environments say.
struct Added<'a, 'd> {
    /// To the gates of its tiers, in every environment.
    gates: Option<&'a [GateSpec]>,
    depends: Vec<Dependency>,
    /// By environment.
    promotes: &'a BTreeMap<EnvironmentName, Table<'d>>,
    policies: &'a BTreeMap<EnvironmentName, &'d str>,
}

/// The policies that a service names beside those of the tiers, in one environment each.
fn policies<'d>(
    promotes: &BTreeMap<EnvironmentName, Table<'d>>,
    known: &Known<'_>,
) -> BTreeMap<EnvironmentName, &'d str> {
    let mut named = BTreeMap::new();
    for (environment, own) in promotes {
        let Some((value, name)) = own.get("policy").and_then(|it| Some((it, it.text()?))) else {
            continue;
        };
        if !known.tiers.contains_key(name) {
            let hint = meant(name, known.tiers.keys().copied());
            let hint = hint.unwrap_or_else(|| format!("add [policy.{name}] gates = [\"review\"]"));
            value.error(format!("there is no policy `{name}`"), Some(hint));
            continue;
        }
        named.insert(environment.clone(), name);
    }
    named
}

/// What the tier of an environment that no table describes says.
fn usual<T: Clone + Default>(of_tiers: &BTreeMap<String, T>) -> T {
    of_tiers.get(defaults::TIER).cloned().unwrap_or_default()
}

fn path(
    table: &Table<'_>,
    environments: &mut Environments,
    tiers: &Known<'_>,
    declared: bool,
    said: &Cell<bool>,
) -> Vec<EnvironmentName> {
    let mut path: Vec<EnvironmentName> = Vec::new();
    let Some(value) = table.need("path", "[\"staging\", \"production\"]") else {
        return path;
    };
    let mut seen: Vec<&str> = Vec::new();
    for (text, item) in value.texts().unwrap_or_default() {
        let known = environments.get_key_value(text);
        let known = known.map(|(name, _)| name.clone());
        let is_known = known.is_some();
        let name = known.unwrap_or_else(|| EnvironmentName::new(text));
        // Also of one that is not there: that is told once.
        if seen.contains(&text) {
            item.error(
                format!("`{name}` stands twice on the path"),
                Some("take one of them away".to_owned()),
            );
            continue;
        }
        seen.push(text);
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
                overrides: usual(tiers.overrides),
                risk: usual(tiers.risks),
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
        risk: crate::domain::risk::RiskRule::default(),
        countdown: crate::domain::policy::COUNTDOWN,
        verification: None,
        brakes: crate::domain::brake::Brakes::default(),
    }
}

fn service(
    name: &ServiceName,
    table: &Table<'_>,
    path: &[EnvironmentName],
    added: Added<'_, '_>,
    known: &Known<'_>,
    environments: &Environments,
) -> Option<Service> {
    let Added {
        gates: extra,
        depends,
        promotes,
        policies,
    } = added;
    let branch = table.get("branch").and_then(Value::text);
    let group = table.get("group").and_then(Value::text);
    let hand = by_hand::is_meant(table, promotes);
    let place = if hand {
        None
    } else {
        by_hand::need_repo(table).and_then(|value| repo(value, known.forges))
    };
    // Of a forge that is broken itself, nothing is known of what can be done there. One that is not
    // there is never asked, so any kind will do.
    let kind = if hand {
        Some(ForgeKind::GitHub)
    } else {
        place
            .as_ref()
            .and_then(|(forge, _)| known.forges.kind(forge.as_str()))
    };
    let model = model::read(table, kind, path);
    let mut ways = ways::read(promotes, path, branch, hand, kind, model.as_ref());
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
            let policy = policies.get(environment);
            let policy = policy.and_then(|name| known.tiers.get(name));
            let gates = match (policy, extra.is_empty()) {
                (None, true) => tier,
                (None, false) => gate::with_extra(&tier, &extra).into(),
                (Some(policy), _) => {
                    gate::with_extra(&gate::with_extra(&tier, policy), &extra).into()
                }
            };
            let via = ways.remove(environment);
            let said = own.and_then(mode);
            let usual = described.map(|environment| environment.mode);
            let (via, mode) = by_hand::settled(own, via, said, usual.unwrap_or_default());
            let common = described.and_then(|environment| environment.verification.as_ref());
            let added = own.and_then(|own| verify::read(own, known.roles));
            Stage {
                environment: environment.clone(),
                gates,
                via: via.unwrap_or_else(|| {
                    if hand {
                        Via::Checklist
                    } else {
                        default_via(kind.unwrap_or(ForgeKind::GitHub), place)
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
    by_hand::need_tasks(table, promotes, &stages);
    let (forge, repo, stages) = if hand {
        by_hand::without_forge(table, name, stages, &extra)
    } else {
        let (forge, repo) = place?;
        (forge, repo, stages)
    };
    Some(Service {
        name: name.clone(),
        forge,
        kind: kind?,
        repo,
        environments: model?,
        branch: branch.map(str::to_owned),
        revision: by_hand::revision(table, hand),
        group: group.map(str::to_owned),
        depends,
        scope: scope::read(table, &known.scope),
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
/// into later ones by approving the run that waits. Where runs wait for nobody, the forge promotes
/// there too, until a table says more.
pub(in super::super) fn default_via(kind: ForgeKind, place: usize) -> Via {
    match (kind, place) {
        (ForgeKind::GitHub | ForgeKind::GitLab, 0) | (ForgeKind::Forgejo, _) => Via::Forge,
        (ForgeKind::GitHub | ForgeKind::GitLab, _) => Via::Approval { workflow: None },
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
    let well_formed = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part
                .chars()
                .all(|character| character.is_ascii_alphanumeric() || "-_.".contains(character))
    };
    let parts = repo.split('/').count();
    // A project of GitLab may be in a group of a group.
    let (fits, shape) = match forges.kind(forge) {
        Some(ForgeKind::GitLab) => (parts >= 2, "group/name"),
        Some(ForgeKind::GitHub | ForgeKind::Forgejo) => (parts == 2, "owner/name"),
        None => (parts >= 2, "owner/name"),
    };
    if !(fits && repo.split('/').all(well_formed)) {
        let form = form.replace("owner/name", shape);
        value.error(format!("`{repo}` is not {shape}"), Some(form));
        return None;
    }
    Some((ForgeName::new(forge), RepoPath::new(repo)))
}
