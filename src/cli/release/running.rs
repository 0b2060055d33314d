//! `release run` and `release resume`: this process drives the run, for as long as it lives.

use std::time::Duration;

use serde_json::json;

use super::{ReleaseName, ResumeArgs, RunArgs, WaitArgs, known, opened, print};
use crate::app::engine::{Engine, Report, release};
use crate::app::request::Request;
use crate::app::status::SCHEMA;
use crate::app::status::release::RunStatus;
use crate::cli::{Exit, Failure, Global, output};
use crate::config::Env;
use crate::domain::ids::{ReleaseRunId, ServiceName};
use crate::domain::release::run::{Ending, Progress, Run};
use crate::runtime::headless::{Headless, Waited};

/// How long the journal may take, and who else is there may stay unknown.
const SOON: Duration = Duration::from_secs(30);
const ROUND: Duration = Duration::from_secs(3);

pub(super) async fn run(global: &Global, env: &Env, args: RunArgs) -> Result<Exit, Failure> {
    let (mut headless, name) = opened(global, env, &args.name).await?;
    let open = open_run(headless.engine(), &name).cloned();
    let request = match open {
        Some(run) => {
            headless
                .until(ROUND, |engine| engine.neighbours.is_some())
                .await;
            if headless.engine().driver_is_seen(&run) != Some(false) {
                let why = format!(
                    "{name} runs already: {} started it, {} drives it",
                    run.by, run.driver
                );
                return Err(Failure::new(Exit::NoGo, why).hint(format!(
                    "to drive it from here: gonogo release resume {name} --wait"
                )));
            }
            output::note(&format!("{name} was interrupted; it goes on from here"));
            Request::ResumeRelease {
                release: name.clone(),
            }
        }
        None => start(global, &headless, &name, &args)?,
    };
    Box::pin(drive(global, headless, &name, request, &args.wait)).await
}

pub(super) async fn resume(global: &Global, env: &Env, args: ResumeArgs) -> Result<Exit, Failure> {
    let (headless, name) = opened(global, env, &args.name).await?;
    let request = Request::ResumeRelease {
        release: name.clone(),
    };
    Box::pin(drive(global, headless, &name, request, &args.wait)).await
}

fn open_run<'e>(engine: &'e Engine, name: &ReleaseName) -> Option<&'e Run> {
    engine.ledger.as_ref()?.open_run(name)
}

/// Checks that it may start, shows what it would do, and has it confirmed.
fn start(
    global: &Global,
    headless: &Headless,
    name: &ReleaseName,
    args: &RunArgs,
) -> Result<Request, Failure> {
    let engine = headless.engine();
    let now = headless.state.now;
    engine.may_act()?;
    let release = known(&engine.policy, name)?;
    let decision = engine.decision(release, now);
    let skip: Vec<ServiceName> = args.skip.iter().map(ServiceName::new).collect();
    release::may_start(release, &decision, &skip)?;
    let asks = !global.yes && output::can_ask();
    if asks && !global.json {
        for moved in decision.agenda.moves() {
            output::note(&format!("wave {}  {}", moved.wave + 1, moved.words()));
        }
    }
    let reason = match &args.reason {
        Some(reason) => reason.clone(),
        None if asks => output::ask("reason:")?,
        None => String::new(),
    };
    if reason.trim().is_empty() {
        return Err(
            Failure::new(Exit::Usage, "a reason is required; nothing was started")
                .hint("--reason TEXT"),
        );
    }
    let environment = &release.environment;
    let protected = engine
        .policy
        .environments
        .get(environment)
        .is_some_and(|known| known.protected);
    let given = match &args.confirm {
        Some(given) => Some(given.clone()),
        None if protected && asks => Some(output::ask(&format!("type {environment} to confirm:"))?),
        None => None,
    };
    if protected && given.as_deref() != Some(environment.as_str()) {
        return Err(Failure::new(
            Exit::Usage,
            format!("{environment} is protected: its name must be given; nothing was started"),
        )
        .hint(format!("--confirm {environment}")));
    }
    if !protected && !global.yes && given.is_none() {
        let confirmed =
            asks && matches!(output::ask("start it? [y/N]")?.as_str(), "y" | "Y" | "yes");
        if !confirmed {
            return Err(
                Failure::new(Exit::Usage, "not confirmed; nothing was started")
                    .hint("--yes confirms"),
            );
        }
    }
    Ok(Request::StartRelease {
        release: name.clone(),
        seen: decision.bound.clone(),
        reason,
        skip,
    })
}

/// Gives the order, and drives the run.
async fn drive(
    global: &Global,
    mut headless: Headless,
    name: &ReleaseName,
    request: Request,
    wait: &WaitArgs,
) -> Result<Exit, Failure> {
    headless.reports();
    headless.ask(request);
    let started = |engine: &Engine| {
        open_run(engine, name)
            .filter(|run| run.driver == engine.instance)
            .map(|run| run.id.clone())
    };
    let mut refused = told(global, &mut headless);
    if refused.is_none() {
        let name = name.clone();
        let begun = headless.until(SOON, move |engine| {
            let run = open_run(engine, &name);
            run.is_some_and(|run| run.driver == engine.instance) || !engine.is_busy()
        });
        begun.await;
        refused = told(global, &mut headless);
    }
    let Some(id) = started(headless.engine()) else {
        headless.finish().await;
        return Err(refused
            .unwrap_or_else(|| Failure::new(Exit::Journal, "the journal did not answer in time")));
    };
    let mut left = if wait.wait {
        wait.timeout.length.as_secs().max(1)
    } else {
        120
    };
    let mut waited = Waited::TimedOut;
    while left > 0 {
        let (watched, all) = (id.clone(), wait.wait);
        waited = headless
            .until(Duration::from_secs(1), move |engine| {
                has_ended(engine, &watched) || (!all && is_quiet(engine, &watched))
            })
            .await;
        told(global, &mut headless);
        if waited != Waited::TimedOut {
            break;
        }
        left -= 1;
    }
    let outcome = outcome(global, &headless, &id, waited, wait);
    headless.finish().await;
    outcome
}

fn run_of<'e>(engine: &'e Engine, id: &ReleaseRunId) -> Option<&'e Run> {
    engine.ledger.as_ref()?.release_runs.get(id)
}

/// It has ended, or somebody else drives it.
fn has_ended(engine: &Engine, id: &ReleaseRunId) -> bool {
    run_of(engine, id).is_none_or(|run| run.ended.is_some() || run.driver != engine.instance)
}

/// Everything that may go now is on its way.
fn is_quiet(engine: &Engine, id: &ReleaseRunId) -> bool {
    let now = engine.board.rows.iter().filter_map(|row| row.facts.at());
    let now = now.max().unwrap_or_default();
    let Some(run) = run_of(engine, id) else {
        return true;
    };
    let first = run
        .moves
        .iter()
        .filter(|moved| engine.progress(run, moved, now) != Progress::Arrived);
    let wave = first.map(|moved| moved.wave).min();
    let ready = run.moves.iter().any(|moved| {
        Some(moved.wave) == wave && engine.progress(run, moved, now) == Progress::Ready
    });
    !engine.is_busy() && !ready
}

/// Tells progress on standard error, and returns the last refusal.
fn told(global: &Global, headless: &mut Headless) -> Option<Failure> {
    let mut refused = None;
    for report in headless.reports() {
        match report {
            Report::Done { text, .. } if !global.json => output::note(&text),
            Report::Done { .. } => {}
            Report::Refused { refusal, .. } => {
                if !global.json {
                    output::note(&refusal.why);
                }
                refused = Some(refusal.into());
            }
            Report::Alert { subject, why, .. } => output::note(&format!("{subject}: {why}")),
            Report::Trouble(fault) => output::note(&fault.to_string()),
            Report::JournalTrouble { why, .. } => output::note(&format!("journal: {why}")),
        }
    }
    refused
}

fn outcome(
    global: &Global,
    headless: &Headless,
    id: &ReleaseRunId,
    waited: Waited,
    wait: &WaitArgs,
) -> Result<Exit, Failure> {
    let engine = headless.engine();
    let Some(run) = run_of(engine, id) else {
        return Err(Failure::new(Exit::Journal, "the run is not in the journal"));
    };
    let status = RunStatus::of(engine, run, headless.state.now);
    let name = &run.release;
    let goes_on = format!("it goes on with: gonogo release resume {name} --wait");
    let failure = match &run.ended {
        Some(ended) => match &ended.how {
            Ending::Shipped => None,
            Ending::Stopped { why } => {
                let failure = Failure::new(Exit::Error, format!("{name} stopped: {why}"));
                Some(if status.rollback.is_empty() {
                    failure
                } else {
                    failure.hint(format!(
                        "to go back, in this order: {}",
                        status.rollback.join(", ")
                    ))
                })
            }
            Ending::Cancelled { why } => Some(Failure::new(
                Exit::NoGo,
                format!("{name} was cancelled: {why}"),
            )),
        },
        None if run.driver != engine.instance => Some(Failure::new(
            Exit::NoGo,
            format!("{name} is driven from elsewhere now"),
        )),
        None if waited == Waited::Ended => Some(
            Failure::new(Exit::OutcomeUnknown, format!("{name} was interrupted")).hint(goes_on),
        ),
        None if wait.wait => {
            let moving = status.moves.iter().any(|moved| moved.state == "in-flight");
            let exit = if moving {
                Exit::OutcomeUnknown
            } else {
                Exit::NoGo
            };
            let why = status.standstill.clone().unwrap_or_else(|| {
                let blocked = status.moves.iter().filter_map(|moved| moved.why.clone());
                blocked.collect::<Vec<_>>().join("; ")
            });
            let why = format!("{name} has not ended within {}: {why}", wait.timeout);
            Some(Failure::new(exit, why).hint(goes_on))
        }
        None => {
            output::note(&format!("what may go is on its way; {goes_on}"));
            None
        }
    };
    let exit = failure.as_ref().map_or(Exit::Done, |failure| failure.exit);
    if global.json {
        output::json_line(&json!({
            "schema": SCHEMA,
            "name": name,
            "run": status,
            "why": failure.as_ref().map(|failure| &failure.message),
            "hint": failure.as_ref().and_then(|failure| failure.hint.as_ref()),
            "exit": exit.code(),
        }));
        return Ok(exit);
    }
    print::run(&status);
    match failure {
        Some(failure) => Err(failure),
        None => Ok(exit),
    }
}
