//! A session: settings, engine and executor of one run, for either face.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::mpsc::Receiver;

use super::connect::Connections;
use super::execute::Executor;
use super::tasks::Tasks;
use super::{cache, clock};
use crate::app::Msg;
use crate::app::engine::{Engine, Pace, Start};
use crate::config::{Env, Settings};
use crate::domain::ids::InstanceId;

/// No session is longer.
const MOST: u64 = 1 << 17;

/// What the global options ask of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mode {
    /// Nothing may be changed.
    pub read_only: bool,
    /// Nothing is asked of a forge: the cache is all there is.
    pub offline: bool,
}

/// Settings, engine and executor of one run.
pub struct Session {
    pub settings: Arc<Settings>,
    pub env: Env,
    pub engine: Engine,
    pub executor: Executor,
    pub answers: Receiver<Msg>,
    pub cache: Option<cache::Place>,
    /// What the cache knew.
    pub known: Option<cache::Reading>,
}

impl Session {
    /// Makes a session. Nothing is asked yet, and nothing read but the cache: `known`, where somebody
    /// began with it before the settings were there.
    pub fn new(settings: Settings, env: Env, mode: Mode, known: Option<cache::Reading>) -> Self {
        let settings = Arc::new(settings);
        let seed = clock::seed();
        let instance = InstanceId::from(format!("{}-{seed:016x}", std::process::id()));
        let now = clock::now();
        let engine = Engine::new(Start {
            policy: Arc::clone(&settings.policy),
            pace: pace(&settings),
            operator: settings.operator.clone(),
            instance: instance.clone(),
            read_only: mode.read_only,
            offline: mode.offline,
            seed,
            now,
        });
        let cache = cache::Place::of(&settings, &env);
        let known = known.or_else(|| cache.as_ref().map(cache::Reading::of));
        let (tasks, answers) = Tasks::new();
        let connections =
            Connections::new(Arc::clone(&settings), env.clone(), instance, mode.read_only);
        let executor = Executor::new(Arc::new(connections), tasks);
        Self {
            settings,
            env,
            engine,
            executor,
            answers,
            cache,
            known,
        }
    }
}

/// How often forges are asked.
fn pace(settings: &Settings) -> Pace {
    let own = settings.forges.iter();
    let own = own.filter_map(|forge| Some((forge.name.clone(), forge.interval?)));
    Pace {
        interval: settings.poll.interval,
        adapt: settings.poll.adapt,
        forges: own.collect(),
    }
}

/// Where the session of these settings is kept: beside the journal, one file for each config.
pub fn path(settings: &Settings, env: &Env) -> Option<PathBuf> {
    let name = cache::name(settings);
    let folder = env.state_home()?.join("gonogo").join("sessions");
    settings
        .ui
        .session
        .then(|| folder.join(format!("{name}.json")))
}

/// Reads a session, and no more than one can be long; one that is not there is none.
pub fn read(path: &Path) -> Option<String> {
    let mut text = String::new();
    let file = File::open(path).ok()?;
    file.take(MOST).read_to_string(&mut text).ok()?;
    Some(text)
}

/// Keeps a session for the next start, whole or not at all, readable by its owner alone.
pub fn write(path: &Path, text: &str) -> std::io::Result<()> {
    cache::replace(path, |file| file.write_all(text.as_bytes()).map(|()| true))
}
