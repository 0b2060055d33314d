//! Simulated forges: real HTTP on loopback, strict as the real ones, moving with time.
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
pub mod common;
pub mod config;
pub mod control;
pub mod faults;
pub mod forgejo;
pub mod forges;
pub mod gitlab;
pub mod graphql;
pub mod health;
pub mod model;
pub mod rest;
pub mod script;
pub mod server;
pub mod shared;
pub mod trace;
pub mod world;

#[cfg(test)]
mod tests;

pub use common::Logged;
pub use faults::{Effect, Fault, Matcher};
pub use world::World;

/// The first forge of the demonstration: a release evening of twelve services on a GitHub.
pub const EVENING: &str = include_str!("../assets/worlds/evening.toml");
/// Three services on a Forgejo, for an evening of several forges: see [`World::evening`].
pub const FORGEJO: &str = include_str!("../assets/worlds/forgejo.toml");
/// One service on a Gitea, likewise.
pub const GITEA: &str = include_str!("../assets/worlds/gitea.toml");

/// A second forge of that evening: a GitLab with five services.
pub const GITLAB: &str = include_str!("../assets/worlds/gitlab.toml");
/// What the client is told when the three are one evening.
pub const TOGETHER: &str = include_str!("../assets/worlds/together.toml");

/// How a simulation is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The first forge's; the others have the ones after it. 0 takes any that are free.
    pub port: u16,
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// How many times faster than life jobs run.
    pub speed: f64,
    /// The journal that the written configuration names.
    pub config_journal: Option<PathBuf>,
    /// Where the written configuration finds the operator's token for the first forge, and beside
    /// it those for the others; without it, no configuration can name one, and
    /// [`Running::write_config`] makes it.
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
    forges: forges::Forges,
    world: World,
    options: Options,
    base: String,
    tasks: Vec<JoinHandle<()>>,
}

/// Starts every forge of a world on loopback, in the runtime that the caller is in.
pub async fn start(world: World, options: Options) -> Result<Running, Error> {
    let common = Arc::new(common::Common::new(clock::Clock::default()));
    let mut doors = Vec::new();
    let mut names = Vec::new();
    for (at, it) in (0_u16..).zip(world.forges()) {
        let port = match options.port {
            0 => 0,
            first => first.saturating_add(at),
        };
        let bind = |source| Error::Bind { port, source };
        let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(bind)?;
        let base = format!("http://{}", listener.local_addr().map_err(bind)?);
        let mut state = it.build(common.now(), options.seed, options.speed)?;
        if names.contains(&state.name) {
            let name = state.name.to_string();
            return Err(world::build::Flaw::Twice { name }.into());
        }
        names.push(state.name.clone());
        state.served_at(&base);
        let shared = shared::Shared::new(state, common.clone());
        let lines = server::Lines::new(listener, shared.door()).map_err(bind)?;
        doors.push((base, lines, shared));
    }
    let mut all = doors.iter().map(|(.., it)| it.clone());
    let Some(first) = all.next() else {
        unreachable!("a world is its own first forge");
    };
    let forges = forges::Forges::new(common.clone(), first, all.collect());
    let mut running = Running {
        forges: forges.clone(),
        world,
        options,
        base: String::new(),
        tasks: Vec::new(),
    };
    for (at, (base, lines, shared)) in doors.into_iter().enumerate() {
        let control = (at == 0).then(|| forges.clone());
        if at == 0 {
            running.base = base;
        }
        running.tasks.push(server::serve(lines, shared, control));
    }
    Ok(running)
}

impl Running {
    /// `http://127.0.0.1:PORT` of the first forge, where control and monitoring are too.
    pub fn base_url(&self) -> &str {
        &self.base
    }

    /// The address of a forge, with the folder it is installed in.
    pub fn url(&self, forge: &str) -> Option<String> {
        let found = self.forges.named(forge)?;
        Some(found.read().base.to_string())
    }

    /// The secret of a token of the first forge by its label: `read`, `operate`, `admin`, or more.
    pub fn token(&self, label: &str) -> Option<String> {
        secret(&self.state(), label)
    }

    /// The secret of a token of any forge.
    pub fn token_of(&self, forge: &str, label: &str) -> Option<String> {
        secret(&self.forges.named(forge)?.read(), label)
    }

    /// The line that `sim` prints: where everything is, and the tokens.
    pub fn announcement(&self) -> serde_json::Value {
        let base = &self.base;
        let states = self.forges.states();
        json!({
            "schema": 1,
            "control": format!("{base}/_sim"),
            "forges": states.iter().map(|it| announced(it)).collect::<Vec<_>>(),
            "health": {
                "url": format!("{base}/health"),
                "prometheus": format!("{base}/prometheus"),
            },
        })
    }

    /// The configuration that makes the client see this simulation.
    pub fn config(&self) -> String {
        let states = self.forges.states();
        let operator = states.first().and_then(|it| operator(it));
        let worlds = self.world.forges();
        let endpoints: Vec<_> = states
            .iter()
            .zip(worlds)
            .enumerate()
            .map(|(at, (state, world))| config::Endpoint {
                world,
                flavor: state.flavor,
                base: &state.base,
                token_file: self.token_file(at, &state.name),
            })
            .collect();
        let client = config::Client {
            monitoring: &self.base,
            journal: self.options.config_journal.as_deref(),
            operator: operator.map_or("alice", |it| it.login.as_str()),
        };
        config::client_config(&endpoints, &client, self.forges.common().now())
    }

    // The first forge's file is the one named in the options, the others' are named after it.
    fn token_file(&self, at: usize, forge: &str) -> PathBuf {
        let first = self.options.token_file.clone();
        let first = first.unwrap_or_else(|| PathBuf::from("token"));
        match at {
            0 => first,
            _ => first.with_extension(format!("{forge}.token")),
        }
    }

    /// Writes the configuration to a file, and the operator's tokens to private ones beside it.
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
        self.options
            .token_file
            .get_or_insert_with(|| path.with_extension("token"));
        let write = |path: &PathBuf, text: &str| {
            private(path, text).map_err(|source| Error::Write {
                path: path.clone(),
                source,
            })
        };
        for (at, state) in self.forges.states().iter().enumerate() {
            let token = operator(state).map_or("", |it| it.secret.as_str());
            write(&self.token_file(at, &state.name), token)?;
        }
        write(&path, &self.config())
    }

    /// The requests so far, to all forges.
    pub fn requests(&self) -> Vec<Logged> {
        self.forges.common().requests()
    }

    /// Moves the clock forward, and every forge with it.
    pub fn advance(&self, by: SignedDuration) {
        self.forges.advance(by);
    }

    /// Plays a step of a story in a repository, named with its owner or without: now, or when it
    /// is `at`. Says whether it came to anything.
    pub fn play(&self, repo: &str, step: world::Step) -> bool {
        let found = self.forges.having(None, repo);
        found.is_some_and(|(forge, id)| forge.act(|state| control::moves::play(state, id, step)))
    }

    /// Puts a fault in force and returns its number.
    pub fn inject(&self, fault: Fault) -> u64 {
        self.forges.inject(fault)
    }

    /// Takes all faults away.
    pub fn clear_faults(&self) {
        self.forges.clear();
    }

    /// What everything looks like now: the answer of `GET /_sim/world`.
    pub fn world(&self) -> serde_json::Value {
        control::worlds(&self.forges)
    }

    /// Everything that the first forge knows now.
    pub fn state(&self) -> Arc<model::State> {
        self.forges.first().read()
    }

    /// Everything that a forge knows now.
    pub fn state_of(&self, forge: &str) -> Option<Arc<model::State>> {
        self.forges.named(forge).map(|it| it.read())
    }

    /// Ends the simulation and waits for its connections, but not for long.
    pub async fn stop(mut self) {
        self.forges.common().shut();
        for mut task in std::mem::take(&mut self.tasks) {
            if tokio::time::timeout(Duration::from_secs(2), &mut task)
                .await
                .is_err()
            {
                task.abort();
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.forges.common().shut();
    }
}

fn secret(state: &model::State, label: &str) -> Option<String> {
    let found = state.tokens.values().find(|it| it.label == label);
    found.map(|it| it.secret.clone())
}

fn operator(state: &model::State) -> Option<&model::Token> {
    let found = state.tokens.values().find(|it| it.label == "operate");
    found.map(|it| &**it)
}

fn announced(state: &model::State) -> serde_json::Value {
    let mut tokens: Vec<_> = state.tokens.values().collect();
    tokens.sort_by_key(|it| it.label.clone());
    let tokens: serde_json::Map<_, _> = tokens
        .into_iter()
        .map(|it| (it.label.clone(), json!(it.secret)))
        .collect();
    let base = &state.base;
    let flavor = state.flavor;
    json!({
        "name": &*state.name,
        "kind": flavor.kind(),
        "url": &**base,
        "api_url": format!("{base}{}", flavor.api()),
        "graphql_url": flavor.graphql().map(|it| format!("{base}{it}")),
        "tokens": tokens,
    })
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
