//! From the tree to [`Settings`]: every section is read, every reference followed, every problem
//! reported. Reading one value lives in `file.rs`; the longer sections in `check/`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::SignedDuration;
use toml::Spanned;
use toml::de::DeTable;

use super::error::{Level, Problem};
use super::file::{Report, Table, Value};
use super::{Env, JournalUrl, Poll, Settings, defaults, keys, version};
use crate::domain::ids::{EnvironmentName, Person, RoleName};
use crate::domain::override_::OverrideRule;
use crate::domain::policy::{COUNTDOWN, Environment, GateSpec, Mode, Policy, Service, Version};
use crate::domain::spelling::{meant, nearest};

mod brake;
mod by_hand;
mod comfort;
mod covered;
mod cron;
mod custom;
mod depends;
mod forge;
mod gate;
mod lasting;
mod notify;
mod overlap;
mod recurrence;
mod release;
mod risk;
mod scope;
mod service;
mod verify;
mod view;
mod window;

use covered::Covered;
pub(super) use forge::{api_of, kind_of_host};
pub(super) use risk::Risks;
pub(super) use service::{default_via, undeclared};
pub use view::{GROUPS, SORTS};
pub(super) use window::DAYS;

/// Turns the parser's complaints into problems.
pub(super) fn syntax(broken: &[toml::de::Error], path: &Path, text: &str) -> Vec<Problem> {
    let mut problems: Vec<Problem> = broken
        .iter()
        .map(|error| {
            let span = error.span().unwrap_or(0..0);
            let message = error.message().replace('\n', ", ");
            let hint = "the rest is checked once the file can be read".to_owned();
            Problem::at(Level::Error, path, text, &span, message, Some(hint))
        })
        .collect();
    problems.sort_by_key(|problem| (problem.line, problem.column));
    problems
}

/// Checks a whole file. The settings are only to be used if the report has no error: what could not
/// be read is left out of them, or as it is where nothing is said.
pub(super) fn check<'d>(
    report: &'d Report<'d>,
    root: &'d Spanned<DeTable<'d>>,
    path: &Path,
    env: &Env,
) -> Settings {
    let top = Value::root(report, root);
    top.know(keys::TOP);
    let place = Place { path, env };

    let poll = poll(&top);
    let ui = comfort::ui(&top, &place);
    let bindings = comfort::bindings(&top);
    let views = view::views(&top);
    let journal = journal(&top, &place);
    let forges = forge::forges(&top, &place);
    let mut roles = roles(&top);
    let operator = operator(&top, &mut roles);
    let mut tiers = tiers(&top, &roles, &place);
    let risks = risk::risks(&top, &roles, &mut tiers);
    let overrides = overrides(&top, &roles);
    let mut environments = environments(&top, &tiers, &overrides, &risks, &roles);
    let services = service::services(
        &top,
        &service::Known {
            forges: &forges,
            tiers: tiers
                .iter()
                .map(|(name, gates)| (name.as_str(), gates.as_slice().into()))
                .collect(),
            roles: &roles,
            place: &place,
            overrides: &overrides,
            risks: &risks,
            scope: scope::usual(&top),
        },
        &mut environments,
    );
    brake::check(&top, &services.list);
    let windows = window::windows(&top, &environments, &services);
    let releases = release::releases(
        &top,
        &release::Known {
            services: &services,
            roles: &roles,
            environments: &environments,
            windows: &windows,
        },
    );

    unused(&top, &services.list, &environments);
    let covered = Covered {
        services: &services.list,
        environments: &environments,
    };
    let notify = notify::rules(&top, &covered);
    let commands = custom::commands(&top, &covered, &place);

    let policy = Policy {
        version: Version::counted(version::of),
        max_age: poll.max_age,
        environments,
        services: services.list,
        windows,
        roles,
        releases,
    };
    // Where there is none, the report has its error.
    let nowhere = || JournalUrl::Sqlite(PathBuf::new());
    Settings {
        policy: Arc::new(policy),
        operator,
        poll,
        journal: journal.unwrap_or_else(nowhere),
        forges: forges.list,
        tiers,
        overrides,
        risks,
        extra_gates: services.extra_gates,
        policies: services.policies,
        keys: bindings,
        views,
        ui,
        notify,
        commands,
        source: Some(path.to_owned()),
        notes: Vec::new(),
    }
}

/// Where relative and `~` paths of a file lead.
struct Place<'p> {
    path: &'p Path,
    env: &'p Env,
}

impl Place<'_> {
    fn resolve(&self, text: &str, value: &Value<'_>) -> Option<PathBuf> {
        if text == "~" || text.starts_with("~/") {
            let Some(home) = self.env.home() else {
                value.error("`~` means nothing here: HOME is not set", None);
                return None;
            };
            return Some(home.join(text.trim_start_matches('~').trim_start_matches('/')));
        }
        // Absolute, so that `config show` means the same wherever it is loaded again.
        Some(self.folder().join(text))
    }

    /// The folder of the file.
    fn folder(&self) -> PathBuf {
        let file = std::path::absolute(self.path).unwrap_or_else(|_| self.path.to_owned());
        file.parent().unwrap_or(Path::new("/")).to_owned()
    }
}

fn section<'d>(top: &Table<'d>, section: keys::Section) -> Option<Table<'d>> {
    top.get(section.pattern)?
        .table(section.pattern.to_owned(), section)
}

fn poll(top: &Table<'_>) -> Poll {
    let mut poll = defaults::POLL;
    let Some(table) = section(top, keys::POLL) else {
        return poll;
    };
    let interval = table.get("interval");
    let max_age = table.get("max_age");
    if let Some(value) = interval.and_then(interval_of) {
        poll.interval = value;
    }
    if let Some(value) = table.get("adapt").and_then(Value::flag) {
        poll.adapt = value;
    }
    if let Some(value) = max_age.and_then(Value::duration) {
        poll.max_age = value;
    }
    if let Some(value) = max_age
        .or(interval)
        .filter(|_| poll.max_age < poll.interval)
    {
        value.error(
            "facts would be stale before they are read again: `max_age` is shorter than `interval`",
            Some("let `max_age` be some times `interval`".to_owned()),
        );
    }
    poll
}

/// Reads how often a forge is asked.
fn interval_of(value: &Value<'_>) -> Option<SignedDuration> {
    let interval = value.duration()?;
    if interval.as_secs() < 1 {
        value.error("`interval` must be at least one second", None);
        return None;
    }
    Some(interval)
}

fn journal(top: &Table<'_>, place: &Place<'_>) -> Option<JournalUrl> {
    let table = section(top, keys::JOURNAL);
    let Some(value) = table.as_ref().and_then(|table| table.get("url")) else {
        let journal = defaults::journal(place.env);
        if journal.is_none() {
            top.error(
                "no place for the journal: HOME is not set",
                Some("add [journal] url = \"sqlite:/path/to/journal.db\"".to_owned()),
            );
        }
        return journal;
    };
    let url = value.text()?;
    let hint = Some("write \"sqlite:PATH\"".to_owned());
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        value.error_hidden(
            "a PostgreSQL journal is not supported in this version",
            hint,
        );
        return None;
    }
    let Some(path) = url.strip_prefix("sqlite:") else {
        value.error_hidden("the journal's `url` must start with `sqlite:`", hint);
        return None;
    };
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() || path.starts_with(':') || path.contains('?') {
        value.error("the journal must be a file that lasts", hint);
        return None;
    }
    let path = place.resolve(path, value)?;
    if path.is_dir() {
        let hint = format!("write \"sqlite:{}\"", path.join("journal.db").display());
        value.error(
            "the journal must be a file, and this is a folder",
            Some(hint),
        );
        return None;
    }
    Some(JournalUrl::Sqlite(path))
}

/// Notes what no service's path leads to, and the tiers of nothing.
fn unused(
    top: &Table<'_>,
    services: &[Arc<Service>],
    environments: &BTreeMap<EnvironmentName, Environment>,
) {
    // Without services, that there are none is said, and all else is still to come.
    if services.is_empty() {
        return;
    }
    let stages = || services.iter().flat_map(|service| &service.path);
    for (name, table) in top.children("environment", keys::ENVIRONMENT) {
        if !stages().any(|stage| stage.environment.as_str() == name) {
            table.note(
                format!("no service has `{name}` on its path"),
                Some("it has no effect until one has".to_owned()),
            );
        }
    }
    for (name, table) in top.children("policy", keys::POLICY) {
        let usual = defaults::tiers().contains_key(name);
        let tier = || environments.values().any(|it| it.tier == name);
        if !usual && !tier() && !promotes_under(top, name) {
            table.note(
                format!("no environment is of tier `{name}`"),
                Some(format!("write tier = \"{name}\" where it is to hold")),
            );
        }
    }
}

/// Says whether a service names a policy under one of its promotions.
fn promotes_under(top: &Table<'_>, policy: &str) -> bool {
    top.children("service", keys::SERVICE)
        .iter()
        .flat_map(|(_, service)| service.children("promote", keys::PROMOTE))
        .any(|(_, own)| own.get("policy").and_then(Value::as_text) == Some(policy))
}

type Roles = BTreeMap<RoleName, BTreeSet<Person>>;

fn roles(top: &Table<'_>) -> Roles {
    let mut roles = Roles::new();
    for (name, table) in top.children("role", keys::ROLE) {
        let members = table.need("members", "[\"ada\", \"grace\"]");
        let mut people: BTreeSet<Person> = BTreeSet::new();
        for (login, value) in members.and_then(Value::texts).unwrap_or_default() {
            if !people.insert(Person::new(login.trim_start_matches('@'))) {
                value.note(format!("`{login}` is listed twice"), None);
            }
        }
        roles.insert(RoleName::new(name), people);
    }
    roles
}

fn operator(top: &Table<'_>, roles: &mut Roles) -> Option<Person> {
    let table = section(top, keys::OPERATOR)?;
    let person = table.get("name").and_then(Value::text).map(Person::new);
    let wanted = table.get("roles");
    // A slip in `name` is told already.
    let slip = table
        .entries()
        .any(|(key, _)| key != "roles" && nearest(key, ["name"]).is_some());
    if let (Some(value), None, false) = (wanted, &person, slip) {
        value.error(
            "`roles` of an operator without a name",
            Some("add `name`, or list your login in [role.NAME] members".to_owned()),
        );
    }
    for (role, value) in wanted.and_then(Value::texts).unwrap_or_default() {
        let known = known_role(role, &value, roles);
        if let (true, Some(person)) = (known, &person) {
            roles
                .entry(RoleName::new(role))
                .or_default()
                .insert(person.clone());
        }
    }
    person
}

fn known_role(role: &str, value: &Value<'_>, roles: &Roles) -> bool {
    let known = roles.contains_key(role);
    if !known {
        let hint = meant(role, roles.keys().map(RoleName::as_str))
            .unwrap_or_else(|| format!("add [role.{role}] members = [\"…\"]"));
        value.error(format!("there is no role `{role}`"), Some(hint));
    }
    known
}

type Tiers = BTreeMap<String, Vec<GateSpec>>;

fn tiers(top: &Table<'_>, roles: &Roles, place: &Place<'_>) -> Tiers {
    let mut tiers = defaults::tiers();
    for (name, table) in top.children("policy", keys::POLICY) {
        if tiers.contains_key(name) && table.get("gates").is_none() {
            continue;
        }
        let listed = table
            .need("gates", "[\"pipeline\", \"path\"]")
            .and_then(|value| gate::list(value, roles, place));
        tiers.insert(
            name.to_owned(),
            defaults::complete(listed.unwrap_or_default()),
        );
    }
    tiers
}

pub(super) type Overrides = BTreeMap<String, OverrideRule>;

/// Reads who may override the gates of each tier.
fn overrides(top: &Table<'_>, roles: &Roles) -> Overrides {
    let mut overrides = defaults::overrides();
    for (name, table) in top.children("policy", keys::POLICY) {
        let usual = overrides.remove(name).unwrap_or_default();
        let rule = match table.get("override") {
            Some(value) => override_rule(value, usual, roles),
            None => usual,
        };
        overrides.insert(name.to_owned(), rule);
    }
    overrides
}

fn override_rule(value: &Value<'_>, usual: OverrideRule, roles: &Roles) -> OverrideRule {
    if value.is_false() {
        return OverrideRule {
            forbidden: true,
            ..usual
        };
    }
    let mut rule = usual;
    let Some(table) = value.table("override".to_owned(), keys::OVERRIDE) else {
        return rule;
    };
    if let Some(listed) = table.get("roles").and_then(Value::texts) {
        let known = listed.into_iter();
        rule.roles = known
            .filter(|(role, value)| known_role(role, value, roles))
            .map(|(role, _)| RoleName::new(role))
            .collect();
    }
    if let Some(flag) = table.get("second_person").and_then(Value::flag) {
        rule.second_person = flag;
    }
    if let Some(max) = table.get("max").and_then(Value::duration) {
        rule.max = max;
    }
    if let Some(listed) = table.get("never").and_then(Value::texts) {
        rule.never = Vec::new();
        for (gate, value) in listed {
            if gate::is_kind(gate) {
                rule.never.push(gate.to_owned());
            } else {
                let hint = meant(gate, gate::kinds());
                value.error(format!("there is no gate `{gate}`"), hint);
            }
        }
    }
    if rule.second_person && !rule.roles.is_empty() {
        let people = rule
            .roles
            .iter()
            .filter_map(|role| roles.get(role))
            .flatten();
        let people: BTreeSet<&Person> = people.collect();
        if people.len() < 2 {
            value.error(
                "nobody could be the second person: the roles have fewer than two members",
                Some("add members to [role.NAME], or leave `roles` out".to_owned()),
            );
        }
    }
    rule
}

fn environments(
    top: &Table<'_>,
    tiers: &Tiers,
    overrides: &Overrides,
    risks: &Risks,
    roles: &Roles,
) -> BTreeMap<EnvironmentName, Environment> {
    let mut environments = BTreeMap::new();
    for (name, table) in top.children("environment", keys::ENVIRONMENT) {
        let mut tier = defaults::TIER;
        if let Some((value, text)) = table
            .get("tier")
            .and_then(|value| Some((value, value.text()?)))
        {
            if tiers.contains_key(text) {
                tier = text;
            } else {
                let hint = meant(text, tiers.keys().map(String::as_str));
                value.error(format!("there is no tier `{text}`"), hint);
            }
        }
        let protected = table.get("protected").and_then(Value::flag);
        let countdown = table.get("countdown").and_then(Value::duration);
        let environment = Environment {
            name: EnvironmentName::new(name),
            tier: tier.to_owned(),
            protected: protected.unwrap_or_else(|| defaults::protected(name, tier)),
            mode: mode(&table).unwrap_or_default(),
            overrides: overrides.get(tier).cloned().unwrap_or_default(),
            risk: risks.get(tier).cloned().unwrap_or_default(),
            countdown: countdown.unwrap_or(COUNTDOWN),
            verification: verify::read(&table, roles),
            brakes: brake::read(&table),
        };
        environments.insert(environment.name.clone(), environment);
    }
    environments
}

/// Reads who starts a promotion.
fn mode(table: &Table<'_>) -> Option<Mode> {
    table.get("mode")?.one_of(&[
        ("auto", Mode::Auto),
        ("confirm", Mode::Confirm),
        ("checklist", Mode::Checklist),
    ])
}
