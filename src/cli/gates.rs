//! `gonogo gates` and `gonogo check`: one promotion, its gates, and the earliest possible go.

use clap::Args;
use jiff::Timestamp;

use super::output::{self, instant, span};
use super::scope::print_warning;
use super::status::PATIENCE;
use super::{Exit, Failure, Global, settings, status};
use crate::app::status::{CellStatus, EarliestStatus, GateStatus};
use crate::config::Env;
use crate::domain::ids::EnvironmentName;
use crate::runtime::headless::Headless;

#[derive(Debug, Args)]
pub struct CellArgs {
    pub(super) service: String,
    /// The environment that would be promoted into.
    #[arg(long, value_name = "ENV")]
    pub(super) to: String,
}

/// Explains; the exit code says only whether it could be explained.
pub(super) async fn explain(global: &Global, env: &Env, args: CellArgs) -> Result<Exit, Failure> {
    let (cell, now) = judged(global, env, &args).await?;
    if global.json {
        print_json(&args.service, &cell);
    } else {
        print(&args.service, &cell, now);
    }
    Ok(Exit::Done)
}

/// Says go or no-go by its exit code.
pub(super) async fn check(global: &Global, env: &Env, args: CellArgs) -> Result<Exit, Failure> {
    let (cell, now) = judged(global, env, &args).await?;
    if global.json {
        print_json(&args.service, &cell);
    } else {
        output::line(&format!("{} {} {}", args.service, args.to, cell.verdict));
        for gate in cell.gates.iter().filter(|gate| !passes(gate)) {
            output::line(&format!("  {} {}: {}", gate.verdict, gate.name, gate.why));
        }
        if let Some(risk) = &cell.risk {
            print_warning(risk);
        }
        if cell.verdict != "go" {
            let earliest = earliest(&cell.earliest, &cell.gates, now);
            output::line(&format!("  earliest: {earliest}"));
        }
    }
    Ok(match cell.verdict {
        "go" => Exit::Done,
        "unknown" => Exit::Facts,
        _ => Exit::NoGo,
    })
}

/// A cell with the schema's version before it.
#[derive(serde::Serialize)]
struct Versioned<'a> {
    schema: u32,
    service: &'a str,
    #[serde(flatten)]
    cell: &'a CellStatus,
}

fn print_json(service: &str, cell: &CellStatus) {
    output::json_line(&Versioned {
        schema: crate::app::status::SCHEMA,
        service,
        cell,
    });
}

async fn judged(
    global: &Global,
    env: &Env,
    args: &CellArgs,
) -> Result<(CellStatus, Timestamp), Failure> {
    let (session, _) = settings::session(global, env, global.mode()).await?;
    let mut headless = Headless::new(session);
    let service = status::known_services(&headless, std::slice::from_ref(&args.service))?;
    let environment = EnvironmentName::new(&args.to);
    headless.settle(&service, PATIENCE).await;
    headless.sample(&service, Some(&environment)).await;
    let service = service
        .into_iter()
        .next()
        .ok_or_else(|| Failure::new(Exit::Usage, "no service was named"))?;
    headless.read_scope(&service, &environment, PATIENCE).await;
    let now = headless.state.now;
    let found = CellStatus::find(headless.engine(), &service, &environment, now);
    let fault = headless
        .engine()
        .board
        .row(&service)
        .and_then(|row| row.facts.fault.clone());
    headless.finish().await;
    let cell = found.ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            format!("{service} has no environment {environment}"),
        )
    })?;
    match fault {
        // Nothing at all is known: that is the forge's fault, not a verdict.
        Some(fault) if cell.observed_at.is_none() => {
            let failure = Failure::new(Exit::Forge, fault.to_string());
            Err(match fault.hint {
                Some(hint) => failure.hint(hint),
                None => failure,
            })
        }
        Some(_) | None => Ok((cell, now)),
    }
}

fn passes(gate: &GateStatus) -> bool {
    matches!(gate.verdict, "open" | "overridden")
}

fn print(service: &str, cell: &CellStatus, now: Timestamp) {
    let live = cell
        .version
        .as_deref()
        .or_else(|| cell.revision.as_deref()?.get(..7))
        .unwrap_or("nothing");
    let (to, verdict) = (&cell.environment, cell.verdict);
    output::line(&match &cell.candidate {
        Some(candidate) => format!(
            "{service} > {to}   {live} > {}   {verdict}",
            candidate.label()
        ),
        None => format!("{service} > {to}   {live}, nothing to promote   {verdict}"),
    });
    for gate in &cell.gates {
        output::line(&format!(
            "  {:<10} {:<12} {}",
            gate.verdict, gate.name, gate.why
        ));
        for evidence in &gate.evidence {
            let age = evidence
                .observed_at
                .map(|at| format!(" ({} ago)", span(now.duration_since(at))))
                .unwrap_or_default();
            output::line(&format!("      {}: {}{age}", evidence.what, evidence.value));
        }
        if passes(gate) {
            continue;
        }
        if let Some(when) = &gate.opens_when {
            output::line(&format!("      opens when {when}"));
        }
        if let Some(at) = gate.opens_at {
            output::line(&format!(
                "      opens at {} (in {})",
                instant(at),
                span(at.duration_since(now))
            ));
        }
        if let Some(who) = &gate.who {
            output::line(&format!("      who can: {who}"));
        }
    }
    if let Some(risk) = &cell.risk {
        print_warning(risk);
    }
    output::line(&format!(
        "  earliest possible go: {}",
        earliest(&cell.earliest, &cell.gates, now)
    ));
}

fn earliest(earliest: &EarliestStatus, gates: &[GateStatus], now: Timestamp) -> String {
    let gate = earliest.gate.as_deref().unwrap_or("?");
    match (earliest.kind, earliest.at) {
        ("now", _) => "now".to_owned(),
        ("at", Some(at)) => format!(
            "{} (in {}), when {gate} opens",
            instant(at),
            span(at.duration_since(now))
        ),
        ("needs-person", _) => {
            // The first of them decides nothing alone: each who is needed is told.
            let waiting = gates.iter().filter(|gate| !passes(gate));
            let needed = waiting.filter(|gate| gate.opens_at.is_none());
            let needed: Vec<String> = needed
                .filter_map(|gate| Some(format!("{} needs {}", gate.name, gate.who.as_ref()?)))
                .collect();
            match needed.is_empty() {
                true => format!(
                    "no known time: {gate} needs {}",
                    earliest.who.as_deref().unwrap_or("somebody")
                ),
                false => format!("no known time: {}", needed.join("; ")),
            }
        }
        ("no-known-time", _) => format!("no known time: {gate} does not open by itself"),
        _ => "nothing to promote".to_owned(),
    }
}
