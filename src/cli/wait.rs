//! `gonogo wait`: until a promotion may go, or until its revision is live and well. It starts nothing.

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde_json::json;

use super::output;
use super::patience::Patience;
use super::status::{PATIENCE, known_services, no_environment};
use super::{Exit, Failure, Global, gates, journal, settings};
use crate::app::engine::Engine;
use crate::app::status::{CellStatus, SCHEMA};
use crate::config::Env;
use crate::domain::cell::Cell;
use crate::domain::fault::Fault;
use crate::domain::gate::Go;
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::domain::promotion::{Purpose, State};
use crate::domain::revision::Revision;
use crate::domain::rollback::is_named;
use crate::domain::verification::Standing;
use crate::runtime::headless::{Headless, Waited};

#[derive(Debug, Args)]
pub struct WaitArgs {
    /// The service that is promoted.
    service: String,
    /// The environment that is promoted into.
    #[arg(long, value_name = "ENV")]
    to: String,
    /// What to wait for: that every gate is open, or that the revision is live (and verified).
    #[arg(long, value_name = "WHAT")]
    until: Until,
    /// Which version or SHA has to be live; else the candidate of this moment.
    #[arg(long, value_name = "REVISION")]
    revision: Option<String>,
    /// How long to wait: `90s`, `30m`, `2h`; a number alone is minutes.
    #[arg(long, value_name = "TIME", default_value = "30m")]
    timeout: Patience,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Until {
    Go,
    Live,
}

/// What a look at the cell says.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Look {
    Done,
    /// It will not come to that any more.
    Over(Exit, String),
    NotYet,
}

pub(super) async fn run(global: &Global, env: &Env, args: WaitArgs) -> Result<Exit, Failure> {
    let (session, _) = settings::session(global, env, global.mode()).await?;
    let mut headless = Headless::new(session);
    let services = known_services(&headless, std::slice::from_ref(&args.service))?;
    let service = ServiceName::new(&args.service);
    let environment = EnvironmentName::new(&args.to);
    headless.settle(&services, PATIENCE).await;
    headless.sample(&services, Some(&environment)).await;
    headless.follow_journal();
    let known = headless.engine().board.cell(&service, &environment);
    let Some(cell) = known else {
        let policy = headless.engine().policy.clone();
        headless.finish().await;
        return Err(no_environment(&policy, &service, &environment));
    };
    let wanted = match &args.revision {
        Some(_) => None,
        // Level already: what is live is what is waited for.
        None => cell.candidate.clone().or_else(|| cell.live.clone()),
    };
    let is_wanted = |revision: &Revision| match (&args.revision, &wanted) {
        (Some(name), _) => is_named(revision, name),
        (None, Some(wanted)) => wanted == revision,
        (None, None) => false,
    };
    let since = headless.since;
    let unread = |engine: &Engine| match args.until {
        Until::Go => engine.unread_of(&service, &environment, since),
        Until::Live => engine.unread(&service, since),
    };
    let look = |engine: &Engine, now: Timestamp| {
        let found = match args.until {
            Until::Go => go(engine, &service, &environment, now),
            Until::Live => live(engine, &service, &environment, &is_wanted),
        };
        match found {
            // What an earlier run has read does not count while the forge does not answer.
            Look::Done if unread(engine).is_some() => Look::NotYet,
            found => found,
        }
    };
    let seen = |engine: &Engine| look(engine, settings::now()) != Look::NotYet;
    let waited = headless.until(args.timeout.length, seen).await;
    let now = headless.state.now.max(settings::now());
    let found = look(headless.engine(), now);
    let fault = unread(headless.engine());
    let journal = journal::lost(headless.engine());
    let status = CellStatus::find(headless.engine(), &service, &environment, now);
    headless.finish().await;
    let word = match args.until {
        Until::Go => "go",
        Until::Live => "live",
    };
    let exit = match (&found, waited) {
        (Look::Done, _) => Exit::Done,
        (Look::Over(exit, why), _) => return Err(Failure::new(*exit, why.clone())),
        (Look::NotYet, waited) => {
            let why = match waited {
                Waited::Ended => format!("asked to end before {service} {environment} was {word}"),
                Waited::TimedOut | Waited::Done => format!(
                    "{service} {environment} was not {word} within {}",
                    args.timeout
                ),
            };
            return Err(late(why, &service, (fault, journal), status.as_ref()));
        }
    };
    if global.json {
        output::json_line(
            &json!({"schema": SCHEMA, "service": service, "until": word, "cell": status}),
        );
    } else {
        output::line(&format!("{service} {environment} {word}"));
    }
    Ok(exit)
}

/// Why it has not come to what was waited for: the forge, or the gates that are in the way.
fn late(
    why: String,
    service: &ServiceName,
    (fault, journal): (Option<Fault>, Option<Failure>),
    status: Option<&CellStatus>,
) -> Failure {
    if let Some(fault) = fault {
        let failure = Failure::new(Exit::Forge, format!("{why}: {}", fault.sentence()));
        return match fault.hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        };
    }
    if let Some(journal) = journal {
        let message = format!("{why}: {}", journal.message);
        return Failure { message, ..journal };
    }
    let Some(status) = status else {
        return Failure::new(Exit::Facts, why);
    };
    let unknown = status.verdict == "unknown";
    let exit = if unknown { Exit::Facts } else { Exit::NoGo };
    let gates: Vec<String> = match gates::nothing_to_promote(status) {
        Some(why) => vec![why.to_owned()],
        None => gates::in_the_way(status)
            .map(|gate| format!("{} ({})", gate.name, gate.why))
            .collect(),
    };
    if gates.is_empty() {
        return Failure::new(exit, why);
    }
    let to = &status.environment;
    Failure::new(exit, format!("{why}: {}", gates.join("; "))).hint(format!(
        "`gonogo gates {service} --to {to}` says what opens each"
    ))
}

fn cell<'a>(
    engine: &'a Engine,
    service: &ServiceName,
    environment: &EnvironmentName,
) -> Option<&'a Cell> {
    engine.board.cell(service, environment)
}

fn go(
    engine: &Engine,
    service: &ServiceName,
    environment: &EnvironmentName,
    now: Timestamp,
) -> Look {
    let go =
        cell(engine, service, environment).is_some_and(|cell| cell.judgement.go_at(now) == Go::Go);
    if go { Look::Done } else { Look::NotYet }
}

fn live(
    engine: &Engine,
    service: &ServiceName,
    environment: &EnvironmentName,
    is_wanted: &impl Fn(&Revision) -> bool,
) -> Look {
    let Some(cell) = cell(engine, service, environment) else {
        return Look::NotYet;
    };
    if cell.live.as_ref().is_some_and(is_wanted) {
        return match &cell.verification {
            Standing::NotAsked | Standing::Passed => Look::Done,
            Standing::Failed { why } => {
                Look::Over(Exit::Error, format!("it failed its verification: {why}"))
            }
            Standing::Verifying { .. } | Standing::Unknown => Look::NotYet,
        };
    }
    let newest = engine.ledger.as_ref().and_then(|ledger| {
        let mut of_cell = ledger.promotions_of(service, environment);
        of_cell.rfind(|promotion| promotion.intent.purpose == Purpose::Promotion)
    });
    let Some(promotion) = newest.filter(|promotion| is_wanted(&promotion.intent.to)) else {
        return Look::NotYet;
    };
    let why = promotion
        .why
        .clone()
        .unwrap_or_else(|| promotion.state.word().to_owned());
    match promotion.state {
        State::Failed | State::Cancelled => Look::Over(Exit::Error, why),
        State::Rejected => Look::Over(Exit::Forge, why),
        State::Absent => Look::Over(Exit::OutcomeUnknown, why),
        State::Intended
        | State::Sending
        | State::Accepted
        | State::Running
        | State::Unknown
        | State::Reconciling
        | State::Succeeded
        | State::Abandoned => Look::NotYet,
    }
}
