//! `gonogo status`: what is where, what may go next, and why not.

use std::time::Duration;

use clap::Args;

use super::output::{self, span};
use super::{Exit, Failure, Global, journal, settings};
use crate::app::engine::{Engine, known};
use crate::app::interface::order;
use crate::app::status::{CellStatus, ForgeStatus, ServiceStatus, Status};
use crate::config::{self, Env};
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::domain::policy::Policy;
use crate::domain::text::counted;
use crate::runtime::headless::Headless;

/// How long the forges may take for the first answers.
pub(super) const PATIENCE: Duration = Duration::from_secs(45);
/// And for who the token is, once the facts are there: they are worth more than that.
pub(super) const ASIDE: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Only these services.
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
}

pub(super) async fn run(global: &Global, env: &Env, args: StatusArgs) -> Result<Exit, Failure> {
    let (session, kinds) = settings::session(global, env, global.mode()).await?;
    // Of a config file, `config check` tells them.
    let notes = session.settings.source.is_none() && !global.json;
    let notes = notes.then(|| config::render(&session.settings.notes));
    let mut headless = Headless::new(session);
    let wanted = known_services(&headless, &args.services)?;
    headless.settle(&wanted, PATIENCE).await;
    headless.sample(&wanted, None).await;
    headless.until(ASIDE, Engine::forges_are_known).await;
    let status = Status::of(headless.engine(), kinds, &wanted, headless.state.now);
    let lost = journal::lost(headless.engine());
    if global.json {
        output::json_line(&status);
    } else {
        let columns = order::columns(&headless.engine().policy);
        print(&status, &columns, global.offline);
    }
    if let Some(notes) = notes.filter(|notes| !notes.is_empty()) {
        output::note(notes.trim_end());
    }
    // As `finish` says.
    std::mem::forget(status);
    headless.finish().await;
    // What the forges say is worth showing all the same; of holds and intents nothing is known.
    if let Some(failure) = lost.filter(|_| !global.json) {
        output::failure(global, &failure);
    }
    Ok(Exit::Done)
}

/// Returns the named services, or all; a name that does not exist is a usage error.
pub(super) fn known_services(
    headless: &Headless,
    names: &[String],
) -> Result<Vec<ServiceName>, Failure> {
    let policy = &headless.engine().policy;
    if names.is_empty() {
        return Ok(policy
            .services
            .iter()
            .map(|service| service.name.clone())
            .collect());
    }
    let mut named: Vec<&String> = Vec::new();
    for name in names {
        // Named twice, it is still one.
        if !named.contains(&name) {
            named.push(name);
        }
    }
    named
        .into_iter()
        .map(|name| {
            let name = ServiceName::new(name);
            let service = policy.service(&name);
            service.map(|service| service.name.clone()).ok_or_else(|| {
                let known: Vec<&str> = policy
                    .services
                    .iter()
                    .map(|service| service.name.as_str())
                    .collect();
                Failure::new(Exit::Usage, format!("there is no service {name}"))
                    .hint(format!("the services are {}", known.join(", ")))
            })
        })
        .collect()
}

/// Says that a service has no such environment, and which it has.
pub(super) fn no_environment(
    policy: &Policy,
    service: &ServiceName,
    environment: &EnvironmentName,
) -> Failure {
    match policy.service(service) {
        Some(known) => known::no_environment(known, environment).into(),
        None => Failure::new(Exit::Usage, format!("there is no service {service}")),
    }
}

/// Prints the table with the board's columns, as far as the services have them.
fn print(status: &Status, columns: &[EnvironmentName], offline: bool) {
    let cells = || status.services.iter().flat_map(|service| &service.cells);
    let environments: Vec<&str> = columns
        .iter()
        .map(EnvironmentName::as_str)
        .filter(|name| cells().any(|cell| cell.environment == *name))
        .collect();
    if status.services.is_empty() {
        output::line("no services; [service.NAME] in the config adds one");
        return;
    }
    let mut rows = vec![
        std::iter::once("SERVICE".to_owned())
            .chain(environments.iter().map(|name| name.to_uppercase()))
            .chain(["NEXT".to_owned()])
            .collect::<Vec<_>>(),
    ];
    for service in &status.services {
        let mut row = vec![service.name.clone()];
        for environment in &environments {
            let cell = service
                .cells
                .iter()
                .find(|cell| cell.environment == **environment);
            row.push(cell.map_or_else(|| "-".to_owned(), place));
        }
        row.push(next(service));
        rows.push(row);
    }
    output::table(&rows);
    for service in &status.services {
        let with_forge = status.forges.iter().any(|it| is_of_forge(service, it));
        if let Some(fault) = service.fault.as_ref().filter(|_| !with_forge) {
            output::note(&format!("{}: {fault}", service.name));
        }
    }
    let shown = |forge: &&ForgeStatus| {
        let mut services = status.services.iter();
        services.any(|service| service.forge == forge.name)
    };
    for forge in status.forges.iter().filter(shown) {
        let age = forge
            .observed_at
            .map(|at| format!(", {} ago", span(status.at.duration_since(at))))
            .unwrap_or_default();
        let budget = forge
            .budget
            .as_ref()
            .and_then(|budget| Some(format!(", budget {}/{}", budget.remaining?, budget.limit?)))
            .unwrap_or_default();
        let state = if offline { "not asked" } else { &forge.state };
        let unread = status.services.iter().filter(|it| is_of_forge(it, forge));
        let unread = match (unread.count(), &forge.why) {
            (0, _) | (_, None) => String::new(),
            (many, Some(why)) => {
                let services = counted(many, "service was", "services were");
                format!(": {why}; {services} not read")
            }
        };
        output::note(&format!("{} {state}{age}{budget}{unread}", forge.name));
    }
}

/// What its forge says of a service that it says of all: an outage is told once, with the forge.
fn is_of_forge(service: &ServiceStatus, forge: &ForgeStatus) -> bool {
    let (fault, why) = (service.fault.as_deref(), forge.why.as_deref());
    service.forge == forge.name
        && fault
            .zip(why)
            .is_some_and(|(fault, why)| fault.contains(why))
}

/// What stands in one cell: `2.41.0 ok`.
fn place(cell: &CellStatus) -> String {
    match (cell.label.as_deref(), &cell.in_flight) {
        (live, Some(flight)) => {
            // What was under way when the facts were fresh may have ended since.
            let phase = if cell.state == "stale" {
                cell.state
            } else {
                flight.phase.as_str()
            };
            format!("{} > {} {phase}", live.unwrap_or("-"), flight.label)
        }
        (Some(live), None) => format!("{live} {}", cell.state),
        (None, None) => cell.state.to_owned(),
    }
}

/// The promotion furthest along the path that has a candidate, and how its gates stand.
fn next(service: &ServiceStatus) -> String {
    let Some(cell) = service
        .cells
        .iter()
        .rev()
        .find(|cell| cell.candidate.is_some())
    else {
        let known = service.cells.iter().any(|cell| cell.observed_at.is_some());
        return if known { "level" } else { "?" }.to_owned();
    };
    let candidate = cell
        .candidate
        .as_ref()
        .map_or("", |candidate| candidate.label());
    let blocking: Vec<&str> = cell
        .gates
        .iter()
        .filter(|gate| !matches!(gate.verdict, "open" | "overridden"))
        .map(|gate| gate.name.as_str())
        .collect();
    let gates = if blocking.is_empty() {
        String::new()
    } else {
        format!(" ({})", blocking.join(", "))
    };
    let verdict = verdict(cell);
    format!("{candidate} > {} {verdict}{gates}", cell.environment)
}

/// `wait` where time alone opens what is closed, as the board has it; else the verdict.
fn verdict(cell: &CellStatus) -> &'static str {
    if cell.waits { "wait" } else { cell.verdict }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::interface::harness;
    use crate::domain::gate::State;

    #[test]
    fn what_time_alone_opens_waits_in_words_and_is_no_go_in_json() {
        let told = |gate| {
            let mut state = harness::state();
            harness::judge(&mut state.engine.board, "billing", "production", gate);
            let kinds = |_: &str| String::new();
            let status = Status::of(&state.engine, kinds, &["billing".into()], state.now);
            let service = &status.services[0];
            let cell = service.cells.last().unwrap();
            (next(service), cell.verdict)
        };
        let (words, verdict) = told(State::Waiting);
        assert!(words.ends_with("> production wait (soak)"), "{words}");
        assert_eq!(verdict, "no-go");
        let (words, _) = told(State::Closed);
        assert!(words.ends_with("> production no-go (soak)"), "{words}");
    }
}
