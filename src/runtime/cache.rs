//! The cache: the last facts, kept for the first picture of the next start. Losing it loses
//! nothing; what cannot be read is ignored.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::app::Engine;
use crate::config::{Env, Settings};
use crate::domain::facts::{Pulse, ServiceFacts};
use crate::domain::ids::{Digest, RepoPath, ServiceName, Sha};
use crate::domain::observed::Observed;
use crate::domain::scope::Scope;

/// Changes whenever the cached types do, so that an old file is not misread.
const FORMAT: &[u8; 8] = b"gonogo01";

/// One service's cached facts.
#[derive(Debug, Serialize, Deserialize)]
struct Cached {
    service: ServiceName,
    repo: RepoPath,
    facts: Observed<ServiceFacts>,
    pulse: Option<Pulse>,
    scopes: Vec<(Sha, Sha, Observed<Scope>)>,
}

/// Returns where the cache of these settings lies: one file for each config, because two configs
/// may name different repositories alike.
pub fn path(settings: &Settings, env: &Env) -> Option<PathBuf> {
    let folder = env
        .get("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| Some(env.home()?.join(".cache")))?;
    let source = settings
        .source
        .as_ref()
        .map(|source| source.display().to_string())
        .unwrap_or_default();
    let services: Vec<&str> = settings
        .policy
        .services
        .iter()
        .map(|service| service.repo.as_str())
        .collect();
    let forges: Vec<&str> = settings
        .forges
        .iter()
        .map(|forge| forge.url.as_str())
        .collect();
    let parts = [source.as_str()].into_iter().chain(services).chain(forges);
    let digest = Digest::of(parts);
    let name = digest.as_str().get(..16).unwrap_or("facts");
    Some(folder.join("gonogo").join(format!("{name}.facts")))
}

/// Puts cached facts into an engine that knows nothing yet. They keep their age.
pub fn load(engine: &mut Engine, path: &Path) {
    let Ok(bytes) = std::fs::read(path) else {
        return;
    };
    let Some(body) = bytes.strip_prefix(FORMAT) else {
        return;
    };
    let Ok(cached) = postcard::from_bytes::<Vec<Cached>>(body) else {
        return;
    };
    for one in cached {
        engine
            .board
            .restore(&one.service, &one.repo, one.facts, one.pulse, one.scopes);
    }
}

/// Returns the bytes to store; making them is quick, writing them is for another task.
pub fn snapshot(engine: &Engine) -> Option<Vec<u8>> {
    let cached: Vec<Cached> = engine
        .board
        .rows
        .iter()
        .filter_map(|row| {
            Some(Cached {
                service: row.service.name.clone(),
                repo: row.service.repo.clone(),
                facts: row.facts.last.clone()?,
                pulse: row.pulse.clone(),
                scopes: row
                    .cells
                    .iter()
                    .filter_map(|cell| {
                        let scope = row.scope_of(cell)?.last.clone()?;
                        Some((scope.value.base.clone(), scope.value.head.clone(), scope))
                    })
                    .collect(),
            })
        })
        .collect();
    if cached.is_empty() {
        return None;
    }
    postcard::to_extend(&cached, FORMAT.to_vec()).ok()
}

/// Stores a snapshot, whole or not at all, for this user alone.
///
/// # Errors
///
/// Whatever the file system says; nothing depends on it.
pub fn store(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    // `NamedTempFile` is made with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
