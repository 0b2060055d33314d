//! A session: settings, engine and executor of one run, for either face.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc::Receiver;

use super::connect::Connections;
use super::execute::Executor;
use super::tasks::Tasks;
use super::{cache, clock};
use crate::app::Msg;
use crate::app::engine::{Engine, Start};
use crate::config::{Env, Settings};
use crate::domain::ids::InstanceId;

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
    pub cache: Option<PathBuf>,
}

impl Session {
    /// Makes a session. Nothing is opened, read or asked yet.
    pub fn new(settings: Settings, env: Env, mode: Mode) -> Self {
        let settings = Arc::new(settings);
        let seed = clock::seed();
        let instance = InstanceId::from(format!("{}-{seed:016x}", std::process::id()));
        let now = clock::now();
        let engine = Engine::new(Start {
            policy: Arc::clone(&settings.policy),
            interval: settings.poll.interval,
            operator: settings.operator.clone(),
            instance: instance.clone(),
            read_only: mode.read_only,
            offline: mode.offline,
            seed,
            now,
        });
        let cache = cache::path(&settings, &env);
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
        }
    }
}
