//! The cache: the last facts, kept for the first picture of the next start. Losing it loses
//! nothing; what cannot be read is ignored.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use jiff::Timestamp;

use crate::app::Engine;
use crate::app::view::tally::{rank, standing};
use crate::config::{Env, Settings};
use crate::domain::board::Row;
use crate::domain::facts::{Pulse, ServiceFacts};
use crate::domain::ids::{Digest, RepoPath, ServiceName, Sha};
use crate::domain::observed::Observed;
use crate::domain::scope::Scope;

/// Changes whenever the cached types do, so that an old file is not misread.
const FORMAT: &[u8; 8] = b"gonogo04";
/// How many services the first picture may need.
const FIRST: usize = 64;

/// One service's facts as they are written: of the same form as `Cached`, but not copied.
#[derive(Serialize)]
struct Kept<'a> {
    service: &'a ServiceName,
    repo: &'a RepoPath,
    facts: &'a Observed<ServiceFacts>,
    pulse: Option<&'a Pulse>,
    scopes: Vec<(&'a Sha, &'a Sha, &'a Observed<Scope>)>,
}

/// One service's cached facts.
#[derive(Debug, Deserialize)]
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

/// A cache file: what needed somebody most, in memory, and the rest, still to be read.
#[derive(Debug)]
pub struct Cache {
    file: File,
    first: Vec<u8>,
}

impl Cache {
    /// Reads as much of a cache file as the first picture needs; one that is not there or not ours
    /// is no cache.
    pub fn read(path: &Path) -> Option<Self> {
        let mut file = File::open(path).ok()?;
        let mut head = [0; FORMAT.len() + 4];
        file.read_exact(&mut head).ok()?;
        let length = head.strip_prefix(FORMAT.as_slice())?.first_chunk::<4>()?;
        let length = u64::from(u32::from_le_bytes(*length));
        let mut first = Vec::new();
        Read::by_ref(&mut file)
            .take(length)
            .read_to_end(&mut first)
            .ok()?;
        Some(Self { file, first })
    }

    /// Puts the facts into an engine that the first picture needs; nothing is judged. They keep
    /// their age. Returns their services, the one that needed somebody most first.
    pub fn restore_first(&self, engine: &mut Engine) -> Vec<ServiceName> {
        restore(engine, &self.first)
    }

    /// Puts all other facts into an engine.
    pub fn restore_rest(mut self, engine: &mut Engine) {
        let mut rest = Vec::new();
        if self.file.read_to_end(&mut rest).is_ok() {
            restore(engine, &rest);
        }
    }
}

fn restore(engine: &mut Engine, bytes: &[u8]) -> Vec<ServiceName> {
    let cached = postcard::from_bytes::<Vec<Cached>>(bytes).unwrap_or_default();
    let put = |one: Cached| {
        engine
            .board
            .restore(&one.service, &one.repo, one.facts, one.pulse, one.scopes);
        one.service
    };
    cached.into_iter().map(put).collect()
}

/// Returns the bytes to store; making them is quick, writing them is for another task.
pub fn snapshot(engine: &Engine, now: Timestamp) -> Option<Vec<u8>> {
    // What needs somebody comes first, so that the next start's first picture shows it before
    // anything is judged.
    let mut rows: Vec<&Row> = engine.board.rows.iter().collect();
    rows.sort_by_key(|row| rank(standing(row, &engine.policy, now)));
    let kept: Vec<Kept<'_>> = rows
        .into_iter()
        .filter_map(|row| {
            Some(Kept {
                service: &row.service.name,
                repo: &row.service.repo,
                facts: row.facts.last.as_ref()?,
                pulse: row.pulse.as_ref(),
                scopes: row
                    .cells
                    .iter()
                    .filter_map(|cell| {
                        let scope = row.scope_of(cell)?.last.as_ref()?;
                        Some((&scope.value.base, &scope.value.head, scope))
                    })
                    .collect(),
            })
        })
        .collect();
    if kept.is_empty() {
        return None;
    }
    let (first, rest) = kept.split_at(kept.len().min(FIRST));
    let first = postcard::to_stdvec(first).ok()?;
    let mut bytes = FORMAT.to_vec();
    bytes.extend(u32::try_from(first.len()).ok()?.to_le_bytes());
    bytes.extend(first);
    postcard::to_extend(rest, bytes).ok()
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
