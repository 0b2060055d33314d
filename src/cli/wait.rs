//! `gonogo wait`: until a promotion may go, or until its revision is live and well. It starts nothing.

use clap::{Args, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::output;
use super::status::{PATIENCE, known_services};
use super::{Exit, Failure, Global, settings};
use crate::app::engine::Engine;
use crate::app::status::{CellStatus, SCHEMA};
use crate::config::Env;
use crate::domain::cell::Cell;
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
    /// How long to wait: `90s`, `30m`, `2h`.
    #[arg(long, value_name = "TIME", default_value = "30m")]
    timeout: String,
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
    let patience = args.timeout.parse::<SignedDuration>().ok();
    let patience = patience
        .filter(SignedDuration::is_positive)
        .ok_or_else(|| {
            Failure::new(Exit::Usage, format!("{} is not a time", args.timeout))
                .hint("for instance 90s, 30m, 2h")
        })?;
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
        let why = format!("{service} has no environment {environment}");
        headless.finish().await;
        return Err(Failure::new(Exit::Usage, why));
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
    let look = |engine: &Engine, now: Timestamp| match args.until {
        Until::Go => go(engine, &service, &environment, now),
        Until::Live => live(engine, &service, &environment, &is_wanted),
    };
    let seen = |engine: &Engine| look(engine, settings::now()) != Look::NotYet;
    let waited = headless.until(patience.unsigned_abs(), seen).await;
    let now = headless.state.now.max(settings::now());
    let found = look(headless.engine(), now);
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
            let unknown = status
                .as_ref()
                .is_some_and(|status| status.verdict == "unknown");
            let exit = if unknown { Exit::Facts } else { Exit::NoGo };
            let why = match waited {
                Waited::Ended => format!("asked to end before {service} {environment} was {word}"),
                Waited::TimedOut | Waited::Done => format!(
                    "{service} {environment} was not {word} within {}",
                    args.timeout
                ),
            };
            return Err(Failure::new(exit, why));
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
