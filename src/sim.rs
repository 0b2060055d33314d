//! A simulated forge: real HTTP on loopback, strict as the real one, moving with time.
//!
//! It names nothing of the rest of the program: client and simulator must not share a mistake.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::SignedDuration;
use serde_json::json;
use tokio::{net::TcpListener, task::JoinHandle};

pub mod act;
pub mod clock;
pub mod config;
pub mod control;
pub mod faults;
pub mod forgejo;
pub mod graphql;
pub mod health;
pub mod model;
pub mod rest;
pub mod script;
pub mod server;
pub mod shared;
pub mod world;

#[cfg(test)]
mod tests;

pub use faults::{Effect, Fault, Matcher};
pub use shared::Logged;
pub use world::World;

/// The world of the demonstration: a release evening of twelve services.
pub const EVENING: &str = include_str!("../assets/worlds/evening.toml");

/// How a simulation is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// 0 takes any free port.
    pub port: u16,
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// How many times faster than life jobs run.
    pub speed: f64,
    /// The journal that the written configuration names.
    pub config_journal: Option<PathBuf>,
    /// Where the written configuration finds the operator's token; without it, no
    /// configuration can name one, and [`Running::write_config`] makes it.
    pub token_file: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            seed: 7,
            speed: 1.0,
            config_journal: None,
            token_file: None,
        }
    }
}

/// Why a simulation did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The port is taken, or may not be used.
    #[error("cannot listen on 127.0.0.1:{port}")]
    Bind {
        /// The port.
        port: u16,
        /// Why.
        source: io::Error,
    },
    /// The world contradicts itself.
    #[error(transparent)]
    World(#[from] world::build::Flaw),
    /// A file could not be written.
    #[error("cannot write {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A simulation that runs. Dropping it ends it without waiting; see [`Running::stop`].
#[derive(Debug)]
pub struct Running {
    shared: Arc<shared::Shared>,
    world: World,
    options: Options,
    base: String,
    task: Option<JoinHandle<()>>,
}

/// Starts a simulation on loopback, in the runtime that the caller is in.
pub async fn start(world: World, options: Options) -> Result<Running, Error> {
    let port = options.port;
    let bind = |source| Error::Bind { port, source };
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(bind)?;
    let base = format!("http://{}", listener.local_addr().map_err(bind)?);
    let clock = clock::Clock::default();
    let mut state = world.build(clock.now(), options.seed, options.speed)?;
    state.served_at(&base);
    let shared = shared::Shared::new(state, clock);
    let task = Some(server::serve(server::Lines(listener), shared.clone()));
    Ok(Running {
        shared,
        world,
        options,
        base,
        task,
    })
}

impl Running {
    /// `http://127.0.0.1:PORT`, where both layouts are served.
    pub fn base_url(&self) -> &str {
        &self.base
    }

    /// The secret of a token by its label: `read`, `operate`, `admin`, or more.
    pub fn token(&self, label: &str) -> Option<String> {
        let state = self.shared.read();
        let found = state.tokens.values().find(|it| it.label == label);
        found.map(|it| it.secret.clone())
    }

    /// The line that `sim` prints: where everything is, and the tokens.
    pub fn announcement(&self) -> serde_json::Value {
        let state = self.shared.read();
        let mut tokens: Vec<_> = state.tokens.values().collect();
        tokens.sort_by_key(|it| it.label.clone());
        let tokens: serde_json::Map<_, _> = tokens
            .into_iter()
            .map(|it| (it.label.clone(), json!(it.secret)))
            .collect();
        let base = &self.base;
        json!({
            "schema": 1,
            "control": format!("{base}/_sim"),
            "forges": [{
                "name": &*state.name,
                "kind": "github",
                "url": base,
                "api_url": format!("{base}/api/v3"),
                "graphql_url": format!("{base}/api/graphql"),
                "tokens": tokens,
            }],
            "health": {
                "url": format!("{base}/health"),
                "prometheus": format!("{base}/prometheus"),
            },
        })
    }

    /// The configuration that makes the client see this simulation.
    pub fn config(&self) -> String {
        let state = self.shared.read();
        let operator = state.tokens.values().find(|it| it.label == "operate");
        let operator = operator.map_or("alice", |it| it.login.as_str());
        let token_file = self
            .options
            .token_file
            .clone()
            .unwrap_or_else(|| PathBuf::from("token"));
        let endpoints = config::Endpoints {
            base: &self.base,
            token_file: &token_file,
            journal: self.options.config_journal.as_deref(),
            operator,
        };
        config::client_config(&self.world, &endpoints, self.shared.now())
    }

    /// Writes the configuration to a file, and the operator's token to a private one beside it.
    ///
    /// Paths in it are absolute: a relative one would start at the configuration's folder.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers have no more use for the path"
    )]
    pub fn write_config(&mut self, path: PathBuf) -> Result<(), Error> {
        let absolute = std::path::absolute(&path);
        let path = absolute.map_err(|source| Error::Write {
            path: path.clone(),
            source,
        })?;
        let token = self.token("operate").unwrap_or_default();
        let token_file = self
            .options
            .token_file
            .get_or_insert_with(|| path.with_extension("token"));
        let write = |path: &PathBuf, text: &str| {
            private(path, text).map_err(|source| Error::Write {
                path: path.clone(),
                source,
            })
        };
        write(token_file, &token)?;
        write(&path, &self.config())
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Logged> {
        self.shared.requests()
    }

    /// Moves the clock forward, and the world with it.
    pub fn advance(&self, by: SignedDuration) {
        self.shared.advance(by);
    }

    /// Plays a step of a story in a repository, named with its owner or without: now, or when it
    /// is `at`. Says whether it came to anything.
    pub fn play(&self, repo: &str, step: world::Step) -> bool {
        self.shared.act(|state| {
            let id = control::moves::repo(state, repo).map(|it| it.id);
            id.is_some_and(|id| control::moves::play(state, id, step))
        })
    }

    /// Puts a fault in force and returns its number.
    pub fn inject(&self, fault: Fault) -> u64 {
        control::inject(&self.shared, fault)
    }

    /// Takes all faults away.
    pub fn clear_faults(&self) {
        self.shared.faults().clear();
    }

    /// What everything looks like now: the answer of `GET /_sim/world`.
    pub fn world(&self) -> serde_json::Value {
        control::world(&self.shared.read())
    }

    /// Everything that the forge knows now.
    pub fn state(&self) -> Arc<model::State> {
        self.shared.read()
    }

    /// Ends the simulation and waits for its connections, but not for long.
    pub async fn stop(mut self) {
        self.shared.shut();
        if let Some(mut task) = self.task.take()
            && tokio::time::timeout(Duration::from_secs(2), &mut task)
                .await
                .is_err()
        {
            task.abort();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.shut();
    }
}

// Written beside and renamed, readable by nobody else.
fn private(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write as _;
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(path).map_err(|it| it.error)?;
    Ok(())
}
