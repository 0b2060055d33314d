//! `gonogo release`: list, show and plan releases; run, resume and cancel them; drop services from them.

use clap::{Args, Subcommand};
use serde_json::json;

use super::patience::Patience;
use super::status::PATIENCE;
use super::{Exit, Failure, Global, journal, output, settings};
use crate::app::engine::Engine;
use crate::app::request::Request;
use crate::app::status::SCHEMA;
use crate::app::status::release::{PlanStatus, ReleaseDetail, ReleaseStatus};
use crate::config::Env;
use crate::domain::ids::{Digest, ReleaseName, ServiceName};
use crate::domain::policy::Policy;
use crate::domain::release::Release;
use crate::runtime::headless::Headless;

mod print;
mod running;

#[derive(Debug, Subcommand)]
pub enum ReleaseCommand {
    /// List the releases, and how each stands.
    List,
    /// Show who has said what, what is in the way, and how far it is.
    Show(NameArgs),
    /// Say what would move, in which order, when at the earliest, and whether it fits.
    Plan(NameArgs),
    /// Start a release; go on with one whose gonogo has ended.
    Run(RunArgs),
    /// Go on with a release from here, also if another gonogo drives it.
    Resume(ResumeArgs),
    /// End a release: nothing more is started, what is done stays.
    Cancel(CancelArgs),
    /// Leave a service behind: what ships is another set then, on which each role votes anew.
    Drop(MemberArgs),
    /// Take back a service that was dropped.
    Restore(MemberArgs),
}

#[derive(Debug, Args)]
pub struct NameArgs {
    /// The release, as `gonogo release list` names it.
    name: String,
}

#[derive(Debug, Args)]
pub struct RunArgs {
    /// The release, as `gonogo release list` names it.
    name: String,
    /// Why; it goes into the journal.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Ship without this service, which is stuck; may be given several times.
    #[arg(long, value_name = "SERVICE")]
    skip: Vec<String>,
    /// The environment's name, where it has to be typed.
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
    #[command(flatten)]
    wait: WaitArgs,
}

#[derive(Debug, Args)]
pub struct ResumeArgs {
    /// The release, as `gonogo release list` names it.
    name: String,
    #[command(flatten)]
    wait: WaitArgs,
}

#[derive(Debug, Args)]
struct WaitArgs {
    /// Drive it until it has shipped or stopped. Without it, only what may go now is sent.
    #[arg(long)]
    wait: bool,
    /// How long --wait waits: `90s`, `30m`, `2h`; a number alone is minutes.
    #[arg(long, value_name = "TIME", default_value = "240m")]
    timeout: Patience,
}

#[derive(Debug, Args)]
pub struct CancelArgs {
    /// The release, as `gonogo release list` names it.
    name: String,
    /// Why; it goes into the journal.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

#[derive(Debug, Args)]
pub struct MemberArgs {
    /// The release, as `gonogo release list` names it.
    name: String,
    /// The service.
    service: String,
    /// Why; it goes into the journal.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

pub(super) async fn run(
    global: &Global,
    env: &Env,
    command: ReleaseCommand,
) -> Result<Exit, Failure> {
    match command {
        ReleaseCommand::List => list(global, env).await,
        ReleaseCommand::Show(args) => show(global, env, &args.name).await,
        ReleaseCommand::Plan(args) => plan(global, env, &args.name).await,
        ReleaseCommand::Run(args) => Box::pin(running::run(global, env, args)).await,
        ReleaseCommand::Resume(args) => running::resume(global, env, args).await,
        ReleaseCommand::Cancel(args) => {
            let request = Request::CancelRelease {
                release: ReleaseName::from(args.name),
                reason: args.reason,
            };
            journal::order(global, env, &[], request).await
        }
        ReleaseCommand::Drop(args) => {
            let request = Request::DropService {
                release: ReleaseName::from(args.name.clone()),
                service: ServiceName::new(&args.service),
                reason: args.reason,
            };
            member(global, env, &args.name, request).await
        }
        ReleaseCommand::Restore(args) => {
            let request = Request::RestoreService {
                release: ReleaseName::from(args.name.clone()),
                service: ServiceName::new(&args.service),
                reason: args.reason,
            };
            member(global, env, &args.name, request).await
        }
    }
}

/// Drops a service or takes it back: whether its run has sent it is known once the release is read.
async fn member(global: &Global, env: &Env, name: &str, request: Request) -> Result<Exit, Failure> {
    let name = ReleaseName::new(name);
    let services = move |policy: &Policy| services(policy, &name);
    journal::order_with(global, env, services, |_, _| Ok(request)).await
}

/// The services of a release, or none if there is no such release.
pub(super) fn services(policy: &Policy, name: &ReleaseName) -> Vec<ServiceName> {
    let items = policy.release(name).map(|release| &release.items);
    let items = items.into_iter().flatten();
    items.map(|item| item.service.clone()).collect()
}

/// What a vote on a release binds to now.
pub(super) fn bound(engine: &Engine, name: &ReleaseName) -> Option<Digest> {
    let release = engine.policy.release(name)?;
    // The instant decides nothing of what is bound, only whether it is stale.
    let now = engine.board.rows.iter().filter_map(|row| row.facts.at());
    let now = now.max().unwrap_or_default();
    Some(engine.decision(release, now).bound)
}

/// Opens everything, and reads the services of a release.
async fn opened(
    global: &Global,
    env: &Env,
    name: &str,
) -> Result<(Headless, ReleaseName), Failure> {
    let (session, _) = settings::session(global, env, global.mode()).await?;
    let mut headless = Headless::new(session);
    let name = ReleaseName::new(name);
    known(&headless.engine().policy, &name)?;
    headless.follow_journal();
    let services = services(&headless.engine().policy, &name);
    headless.settle(&services, PATIENCE).await;
    let environment = known(&headless.engine().policy, &name)?.environment.clone();
    // From here on rounds are taken anew as they are due, also while a run is driven.
    headless.sample(&services, Some(&environment)).await;
    Ok((headless, name))
}

fn known<'p>(policy: &'p Policy, name: &ReleaseName) -> Result<&'p Release, Failure> {
    policy.release(name).ok_or_else(|| {
        let names: Vec<&str> = policy
            .releases
            .iter()
            .map(|release| release.name.as_str())
            .collect();
        let failure = Failure::new(Exit::Usage, format!("there is no release {name}"));
        match names.as_slice() {
            [] => failure.hint(format!("add [release.\"{name}\"] to the config")),
            names => failure.hint(format!("the releases are {}", names.join(", "))),
        }
    })
}

async fn list(global: &Global, env: &Env) -> Result<Exit, Failure> {
    let (session, _) = settings::session(global, env, global.mode()).await?;
    let mut headless = Headless::new(session);
    let policy = headless.engine().policy.clone();
    let mut wanted: Vec<ServiceName> = Vec::new();
    for release in &policy.releases {
        wanted.extend(services(&policy, &release.name));
    }
    wanted.sort();
    wanted.dedup();
    headless.settle(&wanted, PATIENCE).await;
    let now = headless.state.now;
    let releases: Vec<ReleaseStatus> = policy
        .releases
        .iter()
        .map(|release| ReleaseStatus::of(headless.engine(), release, now))
        .collect();
    headless.finish().await;
    if global.json {
        output::json_line(&json!({"schema": SCHEMA, "releases": releases}));
    } else {
        print::list(&releases);
    }
    Ok(Exit::Done)
}

async fn show(global: &Global, env: &Env, name: &str) -> Result<Exit, Failure> {
    let (headless, name) = opened(global, env, name).await?;
    let now = headless.state.now;
    let engine = headless.engine();
    let detail = ReleaseDetail::of(engine, known(&engine.policy, &name)?, now);
    headless.finish().await;
    if global.json {
        output::json_line(&detail);
    } else {
        print::detail(&detail, now);
    }
    Ok(Exit::Done)
}

async fn plan(global: &Global, env: &Env, name: &str) -> Result<Exit, Failure> {
    let (headless, name) = opened(global, env, name).await?;
    let now = headless.state.now;
    let engine = headless.engine();
    let release = known(&engine.policy, &name)?;
    let unread: Vec<String> = release
        .items
        .iter()
        .filter(|item| {
            let row = engine.board.row(&item.service);
            row.is_none_or(|row| row.facts.value().is_none())
        })
        .map(|item| item.service.to_string())
        .collect();
    let plan = PlanStatus::of(engine, release, now);
    headless.finish().await;
    if !unread.is_empty() {
        let why = format!("nothing is known of {}", unread.join(", "));
        return Err(Failure::new(Exit::Facts, why).hint("`gonogo status` says what is wrong"));
    }
    if global.json {
        output::json_line(&plan);
    } else {
        print::plan(&plan, now);
    }
    Ok(Exit::Done)
}
