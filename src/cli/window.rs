//! `gonogo window`: the windows and freezes, what they say now, and the next openings in several
//! zones. Asks no forge.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use super::output::{self, span};
use super::{Exit, Failure, Global, settings};
use crate::app::interface::order;
use crate::app::status::SCHEMA;
use crate::config::{Env, show};
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::domain::policy::Policy;
use crate::domain::window::{Schedule, Window, WindowEffect};

#[derive(Debug, Subcommand)]
pub enum WindowCommand {
    /// List the windows and freezes, and what each says now.
    List,
    /// Say when promotions are allowed next.
    Next(NextArgs),
}

#[derive(Debug, Args)]
pub struct NextArgs {
    /// For this service; without it, for whatever windows cover every service.
    service: Option<String>,
    /// Into this environment; without it, into each.
    #[arg(long, value_name = "ENV")]
    to: Option<String>,
    /// A time zone to show besides UTC, the machine's own, and those of the windows; may be repeated.
    #[arg(long = "zone", value_name = "ZONE")]
    zones: Vec<String>,
    /// How many openings.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 3)]
    count: usize,
}

pub(super) async fn run(
    global: &Global,
    env: &Env,
    command: WindowCommand,
) -> Result<Exit, Failure> {
    let settings = settings::settings(global, env).await?;
    let policy = &settings.policy;
    let now = settings::now();
    match command {
        WindowCommand::List => list(global, policy, now),
        WindowCommand::Next(args) => return next(global, policy, &args, now),
    }
    Ok(Exit::Done)
}

/// What one window says now: whether it is on, and when that changes.
fn standing(window: &Window, now: Timestamp) -> (bool, Option<Timestamp>) {
    let mut intervals = window.intervals(now);
    match intervals.next() {
        Some(interval) if interval.start <= now => (true, Some(interval.end)),
        Some(interval) => (false, Some(interval.start)),
        None => (false, None),
    }
}

fn list(global: &Global, policy: &Policy, now: Timestamp) {
    if global.json {
        let windows: Vec<_> = policy
            .windows
            .iter()
            .map(|window| {
                let (on, changes_at) = standing(window, now);
                json!({
                    "name": window.name, "effect": effect(window), "when": show::when(window),
                    "zone": window.zone_name, "environments": window.environments,
                    "services": window.services, "reason": window.reason, "on": on,
                    "changes_at": changes_at,
                })
            })
            .collect();
        output::json_line(&json!({"schema": SCHEMA, "at": now, "windows": windows}));
        return;
    }
    if policy.windows.is_empty() {
        output::line("no window and no freeze: every time is allowed");
        return;
    }
    let header = ["WINDOW", "EFFECT", "NOW", "WHEN", "COVERS", "REASON"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    for window in &policy.windows {
        let (on, changes_at) = standing(window, now);
        let state = match (on, changes_at) {
            (true, Some(end)) => format!("on, {} left", span(end.duration_since(now))),
            (true, None) => "on".to_owned(),
            (false, Some(start)) => format!("off, in {}", span(start.duration_since(now))),
            (false, None) => "over".to_owned(),
        };
        rows.push(vec![
            window.name.clone(),
            effect(window).to_owned(),
            state,
            format!("{} {}", show::when(window), window.zone_name),
            covers(window),
            window.reason.clone().unwrap_or_default(),
        ]);
    }
    output::table(&rows);
}

fn effect(window: &Window) -> &'static str {
    match window.effect {
        WindowEffect::Allow => "allow",
        WindowEffect::Deny => "deny",
    }
}

fn covers(window: &Window) -> String {
    let environments: Vec<&str> = window
        .environments
        .iter()
        .map(EnvironmentName::as_str)
        .collect();
    let services: Vec<&str> = window.services.iter().map(ServiceName::as_str).collect();
    match (environments.is_empty(), services.is_empty()) {
        (true, true) => "everything".to_owned(),
        (false, true) => environments.join(", "),
        (true, false) => services.join(", "),
        (false, false) => format!("{} in {}", services.join(", "), environments.join(", ")),
    }
}

fn next(
    global: &Global,
    policy: &Policy,
    args: &NextArgs,
    now: Timestamp,
) -> Result<Exit, Failure> {
    let service = match &args.service {
        Some(name) => Some(known_service(policy, name)?),
        None => None,
    };
    let environments = environments(policy, service.as_ref(), args.to.as_deref())?;
    let zones = zones(&policy.windows, &args.zones)?;
    let mut answers = Vec::new();
    for environment in environments {
        // Without a service only windows that cover every one count.
        let nobody = ServiceName::new("");
        let schedule = Schedule::new(
            &policy.windows,
            service.as_ref().unwrap_or(&nobody),
            &environment,
        );
        let openings: Vec<_> = schedule.openings(now).take(args.count).collect();
        answers.push((environment, schedule.is_empty(), openings));
    }
    if global.json {
        let environments: Vec<_> = answers
            .iter()
            .map(|(environment, always, openings)| {
                let openings: Vec<_> = openings
                    .iter()
                    .map(|(from, to)| json!({"from": from, "to": to}))
                    .collect();
                json!({"environment": environment, "always": always, "openings": openings})
            })
            .collect();
        output::json_line(&json!({
            "schema": SCHEMA, "at": now, "service": service, "environments": environments,
        }));
        return Ok(Exit::Done);
    }
    for (environment, always, openings) in &answers {
        let whose = match &service {
            Some(service) => format!("{service} > {environment}"),
            None => environment.to_string(),
        };
        if *always {
            output::line(&format!(
                "{whose}: always open, no window and no freeze covers it"
            ));
            continue;
        }
        let Some((first, _)) = openings.first() else {
            output::line(&format!("{whose}: no known opening"));
            continue;
        };
        let head = if *first <= now {
            "open now".to_owned()
        } else {
            format!("opens in {}", span(first.duration_since(now)))
        };
        output::line(&format!("{whose}: {head}"));
        let mut rows = Vec::new();
        for (from, to) in openings {
            for (name, zone) in &zones {
                rows.push(vec![
                    String::new(),
                    local(*from, zone),
                    to.map_or("without a known end".to_owned(), |to| {
                        format!("to {}", local(to, zone))
                    }),
                    name.clone(),
                ]);
            }
        }
        output::table(&rows);
    }
    Ok(Exit::Done)
}

fn local(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone())
        .strftime("%a %Y-%m-%d %H:%M")
        .to_string()
}

fn known_service(policy: &Policy, name: &str) -> Result<ServiceName, Failure> {
    let name = ServiceName::new(name);
    match policy.service(&name) {
        Some(service) => Ok(service.name.clone()),
        None => Err(
            Failure::new(Exit::Usage, format!("there is no service {name}"))
                .hint("`gonogo status` lists the services"),
        ),
    }
}

/// The environments that are asked for: the one named, else every one of the service or policy.
fn environments(
    policy: &Policy,
    service: Option<&ServiceName>,
    to: Option<&str>,
) -> Result<Vec<EnvironmentName>, Failure> {
    let all: Vec<EnvironmentName> = match service.and_then(|name| policy.service(name)) {
        Some(service) => {
            let path = service.path.iter();
            path.map(|stage| stage.environment.clone()).collect()
        }
        None => {
            let mut all = order::columns(policy);
            let others = policy.environments.keys();
            let others: Vec<_> = others.filter(|it| !all.contains(it)).cloned().collect();
            all.extend(others);
            all
        }
    };
    match to {
        None => Ok(all),
        Some(to) if all.iter().any(|known| known.as_str() == to) => Ok(vec![to.into()]),
        Some(to) => {
            let known: Vec<&str> = all.iter().map(EnvironmentName::as_str).collect();
            Err(
                Failure::new(Exit::Usage, format!("there is no environment {to}"))
                    .hint(format!("there are {}", known.join(", "))),
            )
        }
    }
}

/// Other names of UTC in the time zone database (its file `backward`): machines call it `Etc/UTC`.
const UTC: [&str; 7] = [
    "Etc/UTC",
    "Etc/UCT",
    "Etc/Universal",
    "Etc/Zulu",
    "UCT",
    "Universal",
    "Zulu",
];

/// UTC, the machine's own zone, those of the windows, and those asked for; each once.
fn zones(windows: &[Window], asked: &[String]) -> Result<Vec<(String, TimeZone)>, Failure> {
    let mut zones = vec![("UTC".to_owned(), TimeZone::UTC)];
    let mut add = |name: String, zone: TimeZone| {
        let is_utc = UTC.contains(&name.as_str());
        if !is_utc && !zones.iter().any(|(known, _)| *known == name) {
            zones.push((name, zone));
        }
    };
    let own = TimeZone::system();
    if let Some(name) = own.iana_name().map(str::to_owned) {
        add(name, own);
    }
    for window in windows {
        add(window.zone_name.clone(), window.zone.clone());
    }
    for name in asked {
        let zone = TimeZone::get(name).map_err(|_| {
            Failure::new(Exit::Usage, format!("there is no time zone {name}"))
                .hint("zones have names like Europe/Berlin")
        })?;
        add(name.clone(), zone);
    }
    Ok(zones)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_told_once_whatever_it_is_called() {
        let asked = ["Etc/UTC", "Europe/Berlin", "Zulu", "Europe/Berlin"].map(str::to_owned);
        let told = zones(&[], &asked).unwrap();
        let names = told.iter().map(|(name, _)| name.as_str());
        let names: Vec<&str> = names
            .filter(|name| name.contains("Berlin") || name.contains('U'))
            .collect();
        assert_eq!(names, ["UTC", "Europe/Berlin"]);
    }
}
