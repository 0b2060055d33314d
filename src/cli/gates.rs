//! `gonogo gates` and `gonogo check`: one promotion, its gates, and the earliest possible go.

use clap::Args;
use jiff::Timestamp;

use super::output::{self, instant, span};
use super::scope::print_warning;
use super::status::PATIENCE;
use super::{Exit, Failure, Global, journal, settings, status};
use crate::app::status::{CellStatus, EarliestStatus, GateStatus};
use crate::config::Env;
use crate::domain::ids::EnvironmentName;
use crate::runtime::headless::Headless;

#[derive(Debug, Args)]
pub struct CellArgs {
    /// The service that would be promoted.
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
        let level = nothing_to_promote(&cell);
        if let Some(why) = level {
            output::line(&format!("  {why}"));
        }
        for gate in in_the_way(&cell).filter(|gate| Some(gate.why.as_str()) != level) {
            output::line(&format!("  {} {}: {}", gate.verdict, gate.name, gate.why));
        }
        if let Some(risk) = &cell.risk {
            print_warning(risk);
        }
        if cell.verdict != "go" && level.is_none() {
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
    let journal = journal::lost(headless.engine());
    let found = CellStatus::find(headless.engine(), &service, &environment, now);
    let policy = headless.engine().policy.clone();
    let (own, any) = (
        headless.unread(&service),
        headless.unread_of(&service, &environment),
    );
    headless.finish().await;
    let Some(cell) = found else {
        return Err(status::no_environment(&policy, &service, &environment));
    };
    // What an earlier run has read is no answer of the forge: it may be down, or shut, since. And nothing
    // is go that rests on what this run could not read.
    match own.or(any.filter(|_| cell.verdict == "go")) {
        Some(fault) => Err(fault.into()),
        None => journal.map_or(Ok((cell, now)), Err),
    }
}

/// The gates that are not passed.
pub(super) fn in_the_way(cell: &CellStatus) -> impl Iterator<Item = &GateStatus> {
    cell.gates.iter().filter(|gate| !passes(gate))
}

/// What every gate says of a cell that has no candidate.
pub(super) fn nothing_to_promote(cell: &CellStatus) -> Option<&str> {
    let mut words = in_the_way(cell).map(|gate| gate.why.as_str());
    words.find(|why| cell.candidate.is_none() && why.starts_with("nothing to promote"))
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
        let since = gate.since.map_or_else(String::new, |since| {
            format!(" (for {})", span(now.duration_since(since)))
        });
        output::line(&format!(
            "  {:<10} {:<12} {}{since}",
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
            if needed.is_empty() {
                let who = earliest.who.as_deref().unwrap_or("somebody");
                format!("no known time: {gate} needs {who}")
            } else {
                format!("no known time: {}", needed.join("; "))
            }
        }
        ("no-known-time", _) => format!("no known time: {gate} does not open by itself"),
        _ => "nothing to promote".to_owned(),
    }
}
