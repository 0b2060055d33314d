//! The effective settings as TOML: loads again and means the same. Tokens show their source alone.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::SignedDuration;

use super::check::default_via;
use super::{Binding, ForgeSettings, Settings, Theme, TokenSource};
use crate::domain::forge_kind::ForgeKind;
use crate::domain::policy::{Environment, EnvironmentModel, GateSpec, Service, Via};

mod comfort;
mod gate;
mod policy;
mod release;
mod sampled;
mod scope;
mod window;

pub(super) use gate::gates;
pub(super) use policy::{override_rule, risk_rule};
pub(super) use release::release;
pub(super) use sampled::verification;
pub use window::when;
pub(super) use window::{window, window_body};

/// Writes the settings as a config file.
pub fn show(settings: &Settings) -> String {
    let mut out = String::new();
    let policy = &settings.policy;
    if let Some(operator) = &settings.operator {
        section(
            &mut out,
            "operator",
            &format!("name = {}", quote(operator.as_str())),
        );
    }
    let poll = format!(
        "interval = {}\nmax_age = {}\nadapt = {}",
        quote(&duration(settings.poll.interval)),
        quote(&duration(settings.poll.max_age)),
        settings.poll.adapt
    );
    section(&mut out, "poll", &poll);
    let journal = format!("sqlite:{}", settings.journal.path().display());
    section(&mut out, "journal", &format!("url = {}", quote(&journal)));
    for each in &settings.forges {
        section(
            &mut out,
            &format!("forge.{}", key(each.name.as_str())),
            &forge(each),
        );
    }
    for (name, listed) in &settings.tiers {
        // The gate `risk` is said by its own key.
        let said = listed
            .iter()
            .filter(|gate| !matches!(gate, GateSpec::Risk { .. }));
        let said: Vec<GateSpec> = said.cloned().collect();
        let mut body = format!("gates = {}", gates(&said));
        if let Some(rule) = settings.overrides.get(name) {
            let _ = write!(body, "\noverride = {}", override_rule(rule));
        }
        if let Some(rule) = settings.risks.get(name) {
            let _ = write!(body, "\nrisk = {}", risk_rule(rule));
        }
        section(&mut out, &format!("policy.{}", key(name)), &body);
    }
    for each in policy.environments.values() {
        let header = format!("environment.{}", key(each.name.as_str()));
        section(&mut out, &header, &environment_body(each));
    }
    for (role, members) in &policy.roles {
        let body = format!("members = {}", texts(members));
        section(&mut out, &format!("role.{}", key(role.as_str())), &body);
    }
    for each in &policy.windows {
        section(
            &mut out,
            &format!("window.{}", key(&each.name)),
            &window_body(each),
        );
    }
    for each in &policy.services {
        let name = key(each.name.as_str());
        let mut body = service_body(each);
        if let Some(extra) = settings.extra_gates.get(&each.name) {
            let _ = write!(body, "\ngates = {}", gates(extra));
        }
        section(&mut out, &format!("service.{name}"), &body);
        for (place, stage) in each.path.iter().enumerate() {
            let usual = policy.environments.get(&stage.environment);
            let own_mode = usual.is_none_or(|usual| usual.mode != stage.mode);
            let by_tier = usual.and_then(|usual| usual.verification.as_ref());
            let own = stage.verification.as_ref();
            let own = own.filter(|own| by_tier != Some(*own));
            let place_of = (each.name.clone(), stage.environment.clone());
            let named = settings.policies.get(&place_of);
            let own_way = stage.via != default_via(each.kind, place);
            if own_way || own_mode || own.is_some() || named.is_some() {
                let environment = key(stage.environment.as_str());
                let header = format!("service.{name}.promote.{environment}");
                let mut lines = via_lines(&stage.via);
                if own_mode {
                    lines.push(format!("mode = {}", quote(stage.mode.word())));
                }
                lines.extend(named.map(|policy| format!("policy = {}", quote(policy))));
                let own = own.map(sampled::verification);
                lines.extend(own.map(|own| format!("verify = {own}")));
                section(&mut out, &header, &lines.join("\n"));
            }
        }
    }
    for each in &policy.releases {
        let header = format!("release.{}", key(each.name.as_str()));
        section(&mut out, &header, &release::body(each));
    }
    for view in &settings.views {
        let mut lines = Vec::new();
        let words = [
            ("filter", view.filter.as_deref()),
            ("sort", view.sort),
            ("group", view.group),
        ];
        for (name, word) in words {
            lines.extend(word.map(|word| format!("{name} = {}", quote(word))));
        }
        lines.extend(
            view.columns
                .as_ref()
                .map(|it| format!("columns = {}", texts(it))),
        );
        section(
            &mut out,
            &format!("view.{}", key(&view.name)),
            &lines.join("\n"),
        );
    }
    if !settings.keys.is_empty() {
        let lines: Vec<String> = settings
            .keys
            .iter()
            .map(|(command, binding)| match binding {
                Binding::Keys(keys) => format!("{} = {}", key(command), texts(keys)),
                Binding::Unbound => format!("{} = false", key(command)),
            })
            .collect();
        section(&mut out, "keys", &lines.join("\n"));
    }
    let ui = &settings.ui;
    let body = format!(
        "theme = {}\nascii = {}\nmotion = {}\nutc = {}\nsession = {}\nmouse = {}",
        quote(&match &ui.theme {
            Theme::Auto => "auto".to_owned(),
            Theme::Named(name) => (*name).to_owned(),
            Theme::File(path) => path.display().to_string(),
        }),
        ui.ascii,
        ui.motion,
        ui.utc,
        ui.session,
        ui.mouse
    );
    section(&mut out, "ui", &body);
    for rule in &settings.notify {
        let header = format!("notify.{}", key(&rule.name));
        section(&mut out, &header, &comfort::notify(rule));
    }
    for command in &settings.commands {
        let header = format!("command.{}", key(&command.name));
        section(&mut out, &header, &comfort::command(command));
    }
    out
}

fn section(out: &mut String, header: &str, body: &str) {
    if !out.is_empty() {
        out.push('\n');
    }
    let _ = writeln!(out, "[{header}]\n{body}");
}

fn forge(forge: &ForgeSettings) -> String {
    let mut lines = vec![
        format!("kind = {}", quote(forge.kind.word())),
        format!("url = {}", quote(forge.url.as_str().trim_end_matches('/'))),
        format!(
            "api_url = {}",
            quote(forge.api_url.as_str().trim_end_matches('/'))
        ),
    ];
    lines.extend(token(&forge.token).map(|token| format!("token = {token}")));
    if let Some(file) = &forge.ca_file {
        lines.push(format!("ca_file = {}", quote(&file.display().to_string())));
    }
    if let Some(interval) = forge.interval {
        lines.push(format!("interval = {}", quote(&duration(interval))));
    }
    lines.join("\n")
}

fn token(source: &TokenSource) -> Option<String> {
    match source {
        TokenSource::Env(name) => Some(format!("{{ env = {} }}", quote(name))),
        TokenSource::Command(words) => Some(format!("{{ command = {} }}", texts(words))),
        TokenSource::File(path) => Some(format!(
            "{{ file = {} }}",
            quote(&path.display().to_string())
        )),
        TokenSource::Discovered => None,
    }
}

pub(super) fn environment(environment: &Environment) -> String {
    format!(
        "{} {}",
        key(environment.name.as_str()),
        environment_body(environment)
    )
}

fn environment_body(environment: &Environment) -> String {
    let mut body = format!(
        "tier = {}\nprotected = {}\nmode = {}\ncountdown = {}",
        quote(&environment.tier),
        environment.protected,
        quote(environment.mode.word()),
        quote(&duration(environment.countdown))
    );
    if let Some(rule) = &environment.verification {
        let _ = write!(body, "\nverify = {}", sampled::verification(rule));
    }
    let brakes = ForgeKind::ALL.map(|kind| (kind, environment.brakes.on(kind)));
    let brakes: Vec<String> = brakes
        .into_iter()
        .filter(|(_, ways)| !ways.is_empty())
        .map(|(kind, ways)| {
            let ways: Vec<&str> = ways.iter().map(|way| way.word()).collect();
            format!("{} = {}", kind.word(), texts(&ways))
        })
        .collect();
    if !brakes.is_empty() {
        let _ = write!(body, "\nbrake = {{ {} }}", brakes.join(", "));
    }
    body
}

pub(super) fn service_head(service: &Service) -> String {
    format!("{} {}", key(service.name.as_str()), service_body(service))
}

fn service_body(service: &Service) -> String {
    let mut lines = Vec::new();
    if !service.is_by_hand() {
        let repo = format!("{}:{}", service.forge, service.repo);
        lines.push(format!("repo = {}", quote(&repo)));
    }
    if let Some(revision) = &service.revision {
        lines.push(format!("revision = {}", quote(revision)));
    }
    if let Some(branch) = &service.branch {
        lines.push(format!("branch = {}", quote(branch)));
    }
    if let Some(group) = &service.group {
        lines.push(format!("group = {}", quote(group)));
    }
    let path = service.path.iter().map(|stage| &stage.environment);
    lines.push(format!("path = {}", texts(path)));
    if service.environments != EnvironmentModel::usual(service.kind) {
        lines.push(format!("environments = {}", model(&service.environments)));
    }
    if !service.depends.is_empty() {
        lines.push(format!("depends = {}", texts(&service.depends)));
    }
    lines.extend(scope::lines(&service.scope));
    lines.join("\n")
}

pub(super) fn via(via: &Via) -> String {
    via_lines(via).join(" ")
}

fn via_lines(via: &Via) -> Vec<String> {
    let mut lines = vec![format!("via = {}", quote(via.word()))];
    match via {
        Via::Approval { workflow } => {
            lines.extend(
                workflow
                    .as_ref()
                    .map(|workflow| format!("workflow = {}", quote(workflow))),
            );
        }
        Via::Workflow {
            workflow,
            git_ref,
            inputs,
        } => {
            lines.push(format!("workflow = {}", quote(workflow)));
            lines.push(format!("ref = {}", quote(git_ref)));
            lines.extend(filled("inputs", inputs));
        }
        Via::PullRequest { base, head, method } => {
            lines.push(format!("base = {}", quote(base)));
            lines.push(format!("head = {}", quote(head)));
            lines.push(format!("method = {}", quote(method.word())));
        }
        Via::Job { name } => lines.push(format!("job = {}", quote(name))),
        Via::Pipeline { git_ref, variables } => {
            lines.push(format!("ref = {}", quote(git_ref)));
            lines.extend(filled("variables", variables));
        }
        Via::Tag { name } => lines.push(format!("tag = {}", quote(name))),
        Via::Status { context } => lines.push(format!("context = {}", quote(context))),
        Via::Deployment | Via::Release | Via::Checklist | Via::Forge => {}
    }
    lines
}

fn filled(name: &str, fields: &BTreeMap<String, String>) -> Option<String> {
    let fields: Vec<String> = fields
        .iter()
        .map(|(field, value)| format!("{} = {}", key(field), quote(value)))
        .collect();
    (!fields.is_empty()).then(|| format!("{name} = {{ {} }}", fields.join(", ")))
}

fn model(model: &EnvironmentModel) -> String {
    let word = quote(model.word());
    let pattern = match model {
        EnvironmentModel::Native | EnvironmentModel::Release { tag: None } => None,
        EnvironmentModel::Status { context } => Some(("context", context)),
        EnvironmentModel::Branch { branch } => Some(("branch", branch)),
        EnvironmentModel::Release { tag: Some(tag) } => Some(("tag", tag)),
        EnvironmentModel::Run { workflow } => Some(("workflow", workflow)),
    };
    match pattern {
        None => word,
        Some((name, pattern)) => format!("{{ from = {word}, {name} = {} }}", quote(pattern)),
    }
}

/// Writes a duration as people do: `1h 30m`.
pub(super) fn duration(duration: SignedDuration) -> String {
    format!("{duration:#}")
}

/// Writes a list of texts.
pub(super) fn texts(texts: impl IntoIterator<Item = impl ToString>) -> String {
    let quoted: Vec<String> = texts
        .into_iter()
        .map(|text| quote(&text.to_string()))
        .collect();
    format!("[{}]", quoted.join(", "))
}

/// Writes a key, quoted where TOML asks for it.
pub(super) fn key(key: &str) -> String {
    let bare = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
    if !key.is_empty() && key.chars().all(bare) {
        key.to_owned()
    } else {
        quote(key)
    }
}

/// Writes a text as TOML's basic string.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            character if character.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(character));
            }
            character => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}
