//! `gonogo demo` and `gonogo sim`: the simulated forges, with the board on them or alone.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{Exit, Failure, Global, demo as face, output, settings};
use crate::app::request::Request;
use crate::config::{self, Env};
use crate::domain::hold::{Cover, HoldKind, Then};
use crate::domain::ids::{EnvironmentName, Person, ServiceName};
use crate::domain::notice::Tell;
use crate::runtime::headless::Headless;
use crate::runtime::session::{Mode, Session};
use crate::sim::{self, World};

#[derive(Debug, Args)]
pub struct DemoArgs {
    /// How many times faster than life pipelines run.
    #[arg(long, value_name = "X", default_value_t = 4.0)]
    speed: f64,
    /// Decides everything that is left to chance.
    #[arg(long, value_name = "SEED", default_value_t = 7)]
    seed: u64,
    /// Keep config and journal in this folder, for `gonogo --config FOLDER/demo.toml log`.
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct SimArgs {
    /// The world to simulate; the demo's evening without it. Given again, further forges.
    #[arg(long, value_name = "FILE")]
    world: Vec<PathBuf>,
    /// Simulate so many made-up services instead of a world: to try what scale feels like.
    #[arg(long, value_name = "N", conflicts_with = "world", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    services: Option<u16>,
    /// The first forge's port, the others have the ones after it; any free ones without it.
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,
    /// Decides everything that is left to chance.
    #[arg(long, value_name = "S", default_value_t = 7)]
    seed: u64,
    /// How many times faster than life pipelines run.
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    speed: f64,
    /// Leave a config that gonogo runs with as it is.
    #[arg(long, value_name = "FILE")]
    write_config: Option<PathBuf>,
}

/// Starts the simulated forges inside this program and opens the board on them.
pub(super) async fn demo(global: &Global, env: &Env, args: DemoArgs) -> Result<Exit, Failure> {
    let folder = folder(env, args.keep)?;
    // A journal of an earlier evening speaks of a world that is gone.
    let journal = folder.join("journal.db");
    for file in ["journal.db", "journal.db-wal", "journal.db-shm"] {
        let _ = std::fs::remove_file(folder.join(file));
    }
    let world = evening()?;
    let options = sim::Options {
        seed: args.seed,
        speed: args.speed,
        config_journal: Some(journal),
        ..sim::Options::default()
    };
    let mut running = sim::start(world, options).await.map_err(failed)?;
    let path = folder.join("demo.toml");
    running.write_config(path.clone()).map_err(failed)?;
    let read = || config::read(&path, env).map_err(|problems| settings::broken(&problems));
    place_holds(Session::new(read()?, env.clone(), Mode::default(), None)).await;
    let mut session = Session::new(read()?, env.clone(), global.mode(), None);
    // The simulated world began a moment ago: there is nothing to remember of it.
    session.cache = None;
    let exit = Box::pin(face::open(global, env, session, true)).await;
    running.stop().await;
    if exit.is_ok() {
        output::note(&format!(
            "journal of this evening: gonogo --config {} log",
            path.display()
        ));
    }
    exit
}

fn evening() -> Result<World, Failure> {
    World::evening().map_err(|flaw| Failure::new(Exit::Error, flaw.to_string()))
}

/// The evening begins with one service held by somebody else.
async fn place_holds(session: Session) {
    let mut headless = Headless::new(session);
    headless.state.engine.offline = true;
    headless.state.engine.operator = Some(Person::from("carol"));
    headless
        .settle(&[], std::time::Duration::from_secs(10))
        .await;
    headless.ask(Request::Hold {
        cover: Cover {
            service: Some(ServiceName::from("sessions")),
            environment: Some(EnvironmentName::from("production")),
            revision: None,
        },
        kind: HoldKind::Forward,
        reason: "heap grows 3%/h, need a profile".into(),
        until: None,
        then: Then::End,
        tell: Tell::Rules,
    });
    headless
        .until(std::time::Duration::from_secs(10), |engine| {
            !engine.is_busy()
        })
        .await;
}

/// Where the demo keeps its journal, unless it was told another folder.
pub(super) fn demo_journal(env: &Env) -> Option<PathBuf> {
    Some(demo_folder(env)?.join("journal.db"))
}

fn demo_folder(env: &Env) -> Option<PathBuf> {
    env.state_home()
        .map(|state| state.join("gonogo").join("demo"))
}

/// The demo's own folder, for this user alone.
fn folder(env: &Env, keep: Option<PathBuf>) -> Result<PathBuf, Failure> {
    let folder = keep.or_else(|| demo_folder(env)).ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            "no place for the demo's files: HOME is not set",
        )
    })?;
    private_folder(&folder)?;
    Ok(folder)
}

fn private_folder(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    if folder.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

/// Serves the simulated forges until a signal comes.
pub(super) async fn sim(args: SimArgs) -> Result<Exit, Failure> {
    let mut world: Option<World> = None;
    for path in &args.world {
        let broken = |why: String| Failure::new(Exit::Usage, format!("{}: {why}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| broken(error.to_string()))?;
        let read = World::from_toml(&text).map_err(|flaw| broken(flaw.to_string()))?;
        world = Some(match world {
            Some(first) => first.with(read),
            None => read,
        });
    }
    let world = match (world, args.services) {
        (Some(world), _) => world,
        (None, Some(services)) => World::generated(usize::from(services), args.seed),
        (None, None) => evening()?,
    };
    let journal = args
        .write_config
        .as_ref()
        .map(|config| config.with_extension("journal.db"));
    let options = sim::Options {
        port: args.port,
        seed: args.seed,
        speed: args.speed,
        config_journal: journal,
        ..sim::Options::default()
    };
    let mut running = sim::start(world, options).await.map_err(failed)?;
    if let Some(path) = args.write_config {
        running.write_config(path).map_err(failed)?;
    }
    output::json_line(&running.announcement());
    std::io::stdout().flush()?;
    let mut signals = crate::runtime::signals::Signals::listen();
    signals.ended().await;
    running.stop().await;
    Ok(Exit::Done)
}

fn failed(error: sim::Error) -> Failure {
    let source = std::error::Error::source(&error)
        .map(|source| format!(": {source}"))
        .unwrap_or_default();
    Failure::new(Exit::Error, format!("{error}{source}"))
}
