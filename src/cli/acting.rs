//! Commands that make a forge act: `promote`, `approve`, `reject`, `cancel`, `rerun`.

use std::time::Duration;

use clap::Args;
use jiff::Timestamp;

use super::output;
use super::patience::Patience;
use super::status::{ASIDE, PATIENCE, known_services};
use super::{Exit, Failure, Global, scheduled, settings};
use crate::app::engine::planning::Wish;
use crate::app::engine::{Engine, Report};
use crate::app::plan::Plan;
use crate::app::request::Request;
use crate::config::Env;
use crate::domain::ids::{EnvironmentName, IntentId, ServiceName};
use crate::domain::promotion::{Purpose, State};
use crate::domain::verification::Standing;
use crate::runtime::clock;
use crate::runtime::headless::{Headless, Waited};

mod outcome;
mod overridden;

use outcome::print;

#[derive(Debug, Args)]
pub struct PromoteArgs {
    /// The services to promote, as `gonogo status` calls them.
    #[arg(required = true, value_name = "SERVICE")]
    services: Vec<String>,
    /// The environment to promote into.
    #[arg(long, value_name = "ENV")]
    to: String,
    /// Promote only if the candidate is this version or SHA.
    #[arg(long, value_name = "REVISION")]
    revision: Option<String>,
    /// Override this gate, for one use and on what it says now; may be given several times.
    #[arg(long = "override", value_name = "GATE")]
    overrides: Vec<String>,
    /// Start then: an instant, `23:00`, or `"23:00 Europe/Berlin"`. It stays in the foreground, and
    /// is judged again at its start.
    #[arg(long, value_name = "TIME", conflicts_with = "overrides")]
    at: Option<String>,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

#[derive(Debug, Args)]
pub struct RollbackArgs {
    /// The service that goes back.
    service: String,
    /// The environment that goes back.
    #[arg(long = "in", value_name = "ENV")]
    environment: String,
    /// Go back to this version or SHA, which was live before; else to the last verified one.
    #[arg(long, value_name = "REVISION")]
    to: Option<String>,
    /// Override this gate, for one use: going back while the schedule is closed takes two people.
    #[arg(long = "override", value_name = "GATE")]
    overrides: Vec<String>,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

#[derive(Debug, Args)]
pub struct CellArgs {
    /// The service that waits or runs.
    service: String,
    /// The environment that it waits for, or runs into.
    #[arg(long = "in", value_name = "ENV")]
    environment: String,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

#[derive(Debug, Args)]
struct ConfirmArgs {
    /// Why; it goes into the journal.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// The environment's name, where it has to be typed.
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
    /// Wait until it has succeeded and is verified, or failed.
    #[arg(long)]
    wait: bool,
    /// How long --wait waits: `90s`, `30m`, `2h`; a number alone is minutes.
    #[arg(long, value_name = "TIME", default_value = "60m")]
    timeout: Patience,
}

pub(super) async fn promote(
    global: &Global,
    env: &Env,
    args: PromoteArgs,
) -> Result<Exit, Failure> {
    let wish = Wish::Promote {
        revision: args.revision,
    };
    let at = args.at.as_deref().map(|text| {
        // The zone is read once, here.
        scheduled::when(text, clock::now(), &clock::zone())
    });
    let order = Order {
        services: &args.services,
        environment: &args.to,
        wish: &wish,
        overrides: &args.overrides,
        at: at.transpose()?,
    };
    act(global, env, order, &args.confirm).await
}

pub(super) async fn rollback(
    global: &Global,
    env: &Env,
    args: RollbackArgs,
) -> Result<Exit, Failure> {
    let wish = Wish::Rollback { revision: args.to };
    let order = Order {
        services: std::slice::from_ref(&args.service),
        environment: &args.environment,
        wish: &wish,
        overrides: &args.overrides,
        at: None,
    };
    act(global, env, order, &args.confirm).await
}

pub(super) async fn approve(global: &Global, env: &Env, args: CellArgs) -> Result<Exit, Failure> {
    one(global, env, &args, &Wish::Approve).await
}

pub(super) async fn reject(global: &Global, env: &Env, args: CellArgs) -> Result<Exit, Failure> {
    one(global, env, &args, &Wish::Reject).await
}

pub(super) async fn cancel(global: &Global, env: &Env, args: CellArgs) -> Result<Exit, Failure> {
    one(global, env, &args, &Wish::Cancel).await
}

pub(super) async fn rerun(global: &Global, env: &Env, args: CellArgs) -> Result<Exit, Failure> {
    one(global, env, &args, &Wish::Rerun).await
}

async fn one(global: &Global, env: &Env, args: &CellArgs, wish: &Wish) -> Result<Exit, Failure> {
    let order = Order {
        services: std::slice::from_ref(&args.service),
        environment: &args.environment,
        wish,
        overrides: &[],
        at: None,
    };
    act(global, env, order, &args.confirm).await
}

/// What is to be done to which services, and when.
struct Order<'a> {
    services: &'a [String],
    environment: &'a str,
    wish: &'a Wish,
    overrides: &'a [String],
    /// Its start; at once without one.
    at: Option<Timestamp>,
}

/// What became of one service's order.
struct Came {
    service: ServiceName,
    plan: Option<Plan>,
    state: &'static str,
    failure: Option<Failure>,
}

impl Came {
    fn refused(service: ServiceName, failure: Failure) -> Self {
        Self {
            service,
            plan: None,
            state: "refused",
            failure: Some(failure),
        }
    }
}

async fn act(
    global: &Global,
    env: &Env,
    order: Order<'_>,
    args: &ConfirmArgs,
) -> Result<Exit, Failure> {
    let (session, _) = settings::session(global, env, global.mode()).await?;
    let mut headless = Headless::new(session);
    let services = known_services(&headless, order.services)?;
    let environment = EnvironmentName::new(order.environment);
    headless.settle(&services, PATIENCE).await;
    // What a forge cannot do is told before anything is written down.
    let known = |engine: &Engine| engine.abilities_are_known(&services);
    headless.until(ASIDE, known).await;
    headless.sample(&services, Some(&environment)).await;
    let mut outcomes = Vec::new();
    let mut wishes: Vec<(ServiceName, Wish)> = Vec::new();
    for service in services {
        let wish = match order.at {
            Some(at) => scheduled::order(global, &headless, &service, &environment, order.wish, at),
            None => Ok(order.wish.clone()),
        };
        match wish {
            Ok(wish) => wishes.push((service, wish)),
            Err(failure) => outcomes.push(Came::refused(service, failure)),
        }
    }
    let mut reason = None;
    if let Some(at) = order.at.filter(|_| !wishes.is_empty()) {
        let environments = &headless.engine().policy.environments;
        let typed = environments
            .get(&environment)
            .filter(|known| known.protected);
        let typed = typed.map(|_| environment.clone());
        reason = Some(confirmed(global, &[], typed, args)?);
        let services: Vec<ServiceName> = wishes.iter().map(|(name, _)| name.clone()).collect();
        let waited = scheduled::wait(global, &mut headless, &services, &environment, at).await;
        if let Err(failure) = waited {
            headless.finish().await;
            return Err(failure);
        }
    }
    let mut plans = Vec::new();
    for (service, wish) in wishes {
        let now = headless.state.now;
        let engine = &mut headless.state.engine;
        match engine.plan_past((&service, &environment), &wish, order.overrides, now) {
            Ok(plan) => plans.push((plan, wish)),
            Err(refusal) => outcomes.push(Came::refused(service, refusal.into())),
        }
    }
    if !plans.is_empty() {
        let reason = match reason {
            Some(reason) => reason,
            None => {
                let typed = plans.iter().find(|(plan, _)| plan.protected);
                let typed = typed.map(|(plan, _)| plan.environment().clone());
                confirmed(global, &plans, typed, args)?
            }
        };
        // Others may follow what is sent here to its end, and only their entries tell of it then.
        if args.wait && order.at.is_none() {
            headless.follow_journal();
        }
        for (mut plan, wish) in plans {
            if headless.is_ending() {
                let why = "asked to end before it was its turn; nothing was sent";
                let service = plan.service().clone();
                outcomes.push(Came::refused(service, Failure::new(Exit::NoGo, why)));
                continue;
            }
            plan.intent.reason.clone_from(&reason);
            let overrides = order.overrides;
            let came = past(global, &mut headless, (plan, &wish), overrides, args);
            outcomes.push(Box::pin(came).await);
        }
    }
    headless.finish().await;
    Ok(print(global, &environment, &outcomes))
}

/// Sends what was confirmed, past the gates that were confirmed with it.
async fn past(
    global: &Global,
    headless: &mut Headless,
    (plan, wish): (Plan, &Wish),
    gates: &[String],
    args: &ConfirmArgs,
) -> Came {
    let (service, environment) = (plan.service().clone(), plan.environment().clone());
    let place = (&service, &environment);
    let reason = plan.intent.reason.clone();
    let granted = overridden::grant(global, headless, place, wish, gates, &reason).await;
    let granted = match granted {
        Ok(Some(granted)) => granted,
        Ok(None) => return send(global, headless, plan, args).await,
        Err(failure) => return Came::refused(service, failure),
    };
    // With the override in the journal it is another plan: what moves has to be as it was confirmed.
    let now = headless.state.now;
    let came = match headless
        .state
        .engine
        .plan(&service, &environment, wish, now)
    {
        Ok(mut anew)
            if (&anew.intent.from, &anew.intent.to) == (&plan.intent.from, &plan.intent.to) =>
        {
            anew.intent.reason = reason;
            send(global, headless, anew, args).await
        }
        Ok(_) => {
            let why = format!("{service} {environment} has changed meanwhile; nothing was sent");
            Came::refused(
                service,
                Failure::new(Exit::NoGo, why).hint("look at it again"),
            )
        }
        Err(refusal) => Came::refused(service, refusal.into()),
    };
    if came.failure.is_some() {
        overridden::take_back(global, headless, &granted).await;
    }
    came
}

/// Shows what would be sent and has it confirmed, where `typed` says so by the environment's name;
/// returns the reason.
fn confirmed(
    global: &Global,
    plans: &[(Plan, Wish)],
    typed: Option<EnvironmentName>,
    args: &ConfirmArgs,
) -> Result<String, Failure> {
    let asks = !global.yes && output::can_ask();
    if !global.json && asks {
        for (plan, _) in plans {
            output::note(&format!(
                "{} > {}   {}",
                plan.service(),
                plan.environment(),
                plan.movement()
            ));
            output::note(&format!("  will do  {}: {}", plan.forge, plan.call));
            output::note(&format!("  if bad   {}", plan.if_bad));
            for warning in &plan.warnings {
                output::note(&format!("  warning  {warning}"));
            }
        }
    }
    let reason = match &args.reason {
        Some(reason) if !reason.trim().is_empty() => reason.clone(),
        Some(_) | None if asks => output::ask("reason:")?,
        Some(_) | None => {
            return Err(Failure::new(Exit::Usage, "a reason is required").hint("--reason TEXT"));
        }
    };
    if reason.trim().is_empty() {
        return Err(Failure::new(
            Exit::Usage,
            "a reason is required; nothing was sent",
        ));
    }
    let given = match (&args.confirm, &typed) {
        (Some(given), _) => Some(given.clone()),
        (None, Some(environment)) if asks => {
            Some(output::ask(&format!("type {environment} to confirm:"))?)
        }
        (None, None) if asks => {
            let answer = output::ask("send it? [y/N]")?;
            if !matches!(answer.as_str(), "y" | "Y" | "yes") {
                return Err(Failure::new(Exit::Usage, "not confirmed; nothing was sent"));
            }
            None
        }
        (None, _) => None,
    };
    match (&typed, given) {
        (Some(environment), Some(given)) if given == environment.as_str() => Ok(reason),
        (Some(environment), _) => Err(Failure::new(
            Exit::Usage,
            format!("{environment} is protected: its name must be given; nothing was sent"),
        )
        .hint(format!("--confirm {environment}"))),
        (None, _) if global.yes || asks || args.confirm.is_some() => Ok(reason),
        (None, _) => Err(
            Failure::new(Exit::Usage, "nobody can be asked here; nothing was sent")
                .hint("--yes confirms"),
        ),
    }
}

async fn send(global: &Global, headless: &mut Headless, plan: Plan, args: &ConfirmArgs) -> Came {
    let id = plan.intent.id.clone();
    let service = plan.service().clone();
    headless.ask(Request::Send(Box::new(plan.clone())));
    let sampling = headless.engine().rounds_take(&service).unsigned_abs();
    let patience = Duration::from_secs(120) + sampling;
    let waited = headless.until(patience, |engine| !engine.is_busy()).await;
    let mut failure = tell(global, headless, &id);
    if waited != Waited::Done {
        failure =
            failure.or_else(|| Some(Failure::new(Exit::OutcomeUnknown, "it is still under way")));
    }
    if args.wait && failure.is_none() {
        let patience = args.timeout.length;
        let began = clock::tick();
        let watched = id.clone();
        let waited = headless.until(patience, move |engine| {
            let promotion = engine
                .ledger
                .as_ref()
                .and_then(|ledger| ledger.promotions.get(&watched));
            promotion.is_none_or(|promotion| {
                !promotion.state.is_open() || promotion.state == State::Unknown
            })
        });
        let mut waited = waited.await;
        failure = tell(global, headless, &id);
        if waited == Waited::Done && succeeded(headless, &id) {
            let watched = id.clone();
            let left = patience.saturating_sub(began.elapsed());
            let over = move |engine: &Engine| match engine.verification_of(&watched) {
                Standing::NotAsked | Standing::Passed | Standing::Failed { .. } => true,
                Standing::Verifying { .. } | Standing::Unknown => false,
            };
            waited = headless.until(left, over).await;
            failure = failure.or(tell(global, headless, &id));
        }
        let why = match waited {
            Waited::Done => None,
            Waited::TimedOut => Some(format!("it has not ended within {}", args.timeout)),
            Waited::Ended => Some("asked to end before its outcome was known".to_owned()),
        };
        failure = failure.or_else(|| Some(Failure::new(Exit::OutcomeUnknown, why?)));
    }
    let promotion = headless
        .engine()
        .ledger
        .as_ref()
        .and_then(|ledger| ledger.promotions.get(&id));
    let verification = headless.engine().verification_of(&id);
    let verified = succeeded(headless, &id) && verification == Standing::Passed;
    let state = promotion.map_or("refused", |promotion| promotion.state.word());
    let state = if verified { "verified" } else { state };
    if let (Standing::Failed { why }, None, true) = (&verification, &failure, args.wait) {
        let hint = "it is held: gonogo rollback goes back to the last verified revision";
        let why = format!("{service} {state}, and failed its verification: {why}");
        failure = Some(Failure::new(Exit::Error, why).hint(hint));
    }
    let why = promotion
        .and_then(|promotion| promotion.why.clone())
        .unwrap_or_else(|| state.to_owned());
    let failure = failure.or_else(|| {
        let exit = match promotion.map(|promotion| promotion.state)? {
            State::Failed | State::Cancelled => Exit::Error,
            State::Unknown | State::Reconciling | State::Sending | State::Absent => {
                Exit::OutcomeUnknown
            }
            State::Rejected => Exit::Forge,
            State::Abandoned | State::Intended => Exit::NoGo,
            State::Accepted | State::Running | State::Succeeded => return None,
        };
        Some(Failure::new(exit, why))
    });
    Came {
        service,
        plan: Some(plan),
        state,
        failure,
    }
}

fn succeeded(headless: &Headless, id: &IntentId) -> bool {
    let ledger = headless.engine().ledger.as_ref();
    let promotion = ledger.and_then(|ledger| ledger.promotions.get(id));
    promotion.is_some_and(|promotion| {
        promotion.state == State::Succeeded && promotion.intent.purpose == Purpose::Promotion
    })
}

/// Tells progress on standard error, and returns a refusal of this order if there was one.
fn tell(global: &Global, headless: &mut Headless, id: &IntentId) -> Option<Failure> {
    let mut failure = None;
    for report in headless.reports() {
        match report {
            Report::Done { text, .. } => {
                if !global.json {
                    output::note(&text);
                }
            }
            Report::Refused {
                id: Some(of),
                refusal,
            } if of == *id => failure = Some(refusal.into()),
            Report::Refused { .. } => {}
            Report::Alert { subject, why, .. } => output::note(&format!("{subject}: {why}")),
            Report::Trouble(fault) => output::note(&fault.to_string()),
            Report::JournalTrouble { why, .. } => output::note(&format!("journal: {why}")),
        }
    }
    failure
}
