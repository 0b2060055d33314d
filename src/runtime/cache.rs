//! The cache: the last facts, kept for the first picture of the next start, a few services at a
//! time, so that neither a key nor memory waits for all of them. Losing it loses nothing; what
//! cannot be read is ignored.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::app::Engine;
use crate::app::view::tally::{rank, standing};
use crate::config::{Env, Settings};
use crate::domain::board::Row;
use crate::domain::facts::{Pulse, ServiceFacts};
use crate::domain::ids::{Digest, ForgeName, RepoPath, ServiceName, Sha};
use crate::domain::observed::Observed;
use crate::domain::policy::Service;
use crate::domain::scope::Scope;

/// Changes whenever the cached types do, so that an old file is not misread.
const FORMAT: &[u8; 8] = b"gonogo09";
/// How many services one part holds: the first is all that the first picture may need.
const PART: usize = 64;
/// What the names of caches end in.
const ENDING: &str = "facts";
/// A cache that was not written for so long is nobody's.
const FORGOTTEN: Duration = Duration::from_hours(30 * 24);
/// Parts that may wait to be written, or to be taken.
const WAITING: usize = 2;

/// One service's facts as they are written: of the same form as `Cached`, but not copied.
#[derive(Serialize)]
struct Kept<'a> {
    service: &'a ServiceName,
    source: Digest,
    repo: &'a RepoPath,
    facts: &'a Observed<ServiceFacts>,
    pulse: Option<&'a Pulse>,
    scopes: Vec<(&'a Sha, &'a Sha, &'a Observed<Scope>)>,
}

/// One service's cached facts.
#[derive(Debug, Deserialize)]
struct Cached {
    service: ServiceName,
    source: Digest,
    repo: RepoPath,
    facts: Observed<ServiceFacts>,
    pulse: Option<Pulse>,
    scopes: Vec<(Sha, Sha, Observed<Scope>)>,
}

/// Where the cache of some settings lies, and which forges their facts come from.
#[derive(Clone, Debug)]
pub struct Place {
    path: PathBuf,
    forges: BTreeMap<ForgeName, String>,
}

impl Place {
    /// The place of these settings: one file for each config.
    pub fn of(settings: &Settings, env: &Env) -> Option<Self> {
        let path = path(&name(settings), env)?;
        let forges = settings.forges.iter();
        Some(Self {
            path,
            forges: forges
                .map(|forge| {
                    (
                        forge.name.clone(),
                        format!("{} {}", forge.url, forge.api_url),
                    )
                })
                .collect(),
        })
    }

    /// What a service's facts come from: the same name may stand for another repository by the next
    /// start, or for another forge, and then nothing of them is taken over.
    fn source(&self, service: &Service) -> Digest {
        let forge = self.forges.get(&service.forge).map_or("", String::as_str);
        Digest::of([forge, service.asked().as_str()])
    }
}

/// Where the cache of this name lies.
fn path(name: &str, env: &Env) -> Option<PathBuf> {
    let folder = env
        .get("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| Some(env.home()?.join(".cache")))?;
    Some(folder.join("gonogo").join(format!("{name}.{ENDING}")))
}

/// The name of what is kept for these settings. A config is where it lies, whatever it says: with one
/// service more it is the same board. Without one it is what the git remotes name.
pub(super) fn name(settings: &Settings) -> String {
    match &settings.source {
        Some(source) => name_of(source),
        None => {
            let services = settings.policy.services.iter();
            let repos = services.map(|service| service.repo.as_str());
            let forges = settings.forges.iter().map(|forge| forge.url.as_str());
            short(&Digest::of(
                ["remotes"].into_iter().chain(repos).chain(forges),
            ))
        }
    }
}

/// The name of what is kept for this config file.
fn name_of(source: &Path) -> String {
    let source = source.canonicalize().unwrap_or_else(|_| source.to_owned());
    short(&Digest::of(["config", &source.display().to_string()]))
}

fn short(digest: &Digest) -> String {
    digest.as_str().get(..16).unwrap_or("kept").to_owned()
}

/// A cache that a thread of its own reads, while the config is read that says what of it is wanted.
#[derive(Debug)]
pub struct Reading {
    parts: Receiver<Vec<Cached>>,
}

impl Reading {
    /// Begins with the cache of a config file, of which nothing is known yet but where it lies.
    pub fn of_config(source: &Path, env: &Env) -> Option<Self> {
        Some(Self::begin(path(&name_of(source), env)?))
    }

    /// Begins with the cache at a place.
    pub fn of(place: &Place) -> Self {
        Self::begin(place.path.clone())
    }

    fn begin(path: PathBuf) -> Self {
        let (sender, parts) = sync_channel(WAITING);
        // Without a thread there is no cache: the board begins with nothing, as at its first start.
        let _ = std::thread::Builder::new()
            .name("cache".to_owned())
            .spawn(move || {
                let Some(mut file) = open(&path) else { return };
                let mut bytes = Vec::new();
                while read_part(&mut file, &mut bytes).is_some() {
                    let part = postcard::from_bytes(&bytes).unwrap_or_default();
                    if sender.send(part).is_err() {
                        return;
                    }
                }
            });
        Self { parts }
    }

    /// Puts the facts into an engine that the first picture needs; nothing is judged. They keep
    /// their age. Returns their services, the one that needed somebody most first.
    pub fn restore_first(&self, engine: &mut Engine, place: &Place) -> Vec<ServiceName> {
        let part = self.parts.recv().unwrap_or_default();
        restore(engine, place, part)
    }

    /// Puts all other facts into an engine.
    pub fn restore_rest(self, engine: &mut Engine, place: &Place) {
        for part in self.parts {
            restore(engine, place, part);
        }
    }
}

/// Opens a cache file; one that is not there or not ours is no cache.
fn open(path: &Path) -> Option<File> {
    let mut file = File::open(path).ok()?;
    let mut format = [0; FORMAT.len()];
    file.read_exact(&mut format).ok()?;
    (format == *FORMAT).then_some(file)
}

/// Reads one more part, if there is one.
fn read_part(file: &mut File, part: &mut Vec<u8>) -> Option<()> {
    part.clear();
    let mut length = [0; 4];
    file.read_exact(&mut length).ok()?;
    let length = u64::from(u32::from_le_bytes(length));
    file.take(length).read_to_end(part).ok()?;
    Some(())
}

/// Returns those whose facts were put back: the others are not there any more, or come from elsewhere.
fn restore(engine: &mut Engine, place: &Place, part: Vec<Cached>) -> Vec<ServiceName> {
    let put = |one: Cached| {
        let row = engine.board.row(&one.service)?;
        (place.source(&row.service) == one.source).then_some(())?;
        engine
            .board
            .restore(&one.service, &one.repo, one.facts, one.pulse, one.scopes);
        Some(one.service)
    };
    part.into_iter().filter_map(put).collect()
}

/// What is still to be kept of a board.
#[derive(Debug)]
pub struct Rest {
    place: Place,
    services: std::vec::IntoIter<ServiceName>,
}

impl Rest {
    /// Everything. What needs somebody comes first, so that the next start's first picture shows
    /// it before anything is judged.
    pub fn of(engine: &Engine, now: Timestamp, place: &Place) -> Self {
        let mut rows: Vec<&Row> = engine.board.rows.iter().collect();
        rows.retain(|row| row.facts.last.is_some());
        rows.sort_by_cached_key(|row| rank(standing(row, &engine.policy, now)));
        let services: Vec<ServiceName> = rows
            .into_iter()
            .map(|row| row.service.name.clone())
            .collect();
        Self {
            place: place.clone(),
            services: services.into_iter(),
        }
    }

    /// Returns the bytes of the next part; making them is quick.
    pub fn part(&mut self, engine: &Engine) -> Option<Vec<u8>> {
        let Self { place, services } = self;
        let kept: Vec<Kept<'_>> = services
            .by_ref()
            .take(PART)
            .filter_map(|service| kept(engine.board.row(&service)?, place))
            .collect();
        if kept.is_empty() {
            return None;
        }
        let part = postcard::to_stdvec(&kept).ok()?;
        let mut bytes = u32::try_from(part.len()).ok()?.to_le_bytes().to_vec();
        bytes.extend(part);
        Some(bytes)
    }
}

fn kept<'a>(row: &'a Row, place: &Place) -> Option<Kept<'a>> {
    let scopes = row.cells.iter().filter_map(|cell| {
        let scope = row.scope_of(cell)?.last.as_ref()?;
        Some((&scope.value.base, &scope.value.head, scope))
    });
    Some(Kept {
        service: &row.service.name,
        source: place.source(&row.service),
        repo: &row.service.repo,
        facts: row.facts.last.as_ref()?,
        pulse: row.pulse.as_ref(),
        scopes: scopes.collect(),
    })
}

/// Stores the facts, whole or not at all, for this user alone; nothing known leaves the file as it
/// is.
///
/// # Errors
///
/// Whatever the file system says; nothing depends on it.
pub fn store(place: &Place, engine: &Engine, now: Timestamp) -> std::io::Result<()> {
    let mut rest = Rest::of(engine, now, place);
    let parts = std::iter::from_fn(|| rest.part(engine));
    write(&place.path, parts.map(Some))
}

/// Writes parts, and makes them the cache once all are there; `None` among them gives up.
fn write(path: &Path, parts: impl Iterator<Item = Option<Vec<u8>>>) -> std::io::Result<()> {
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return Ok(());
    }
    replace(path, |file| {
        file.write_all(FORMAT)?;
        for part in parts {
            let Some(part) = part else { return Ok(false) };
            file.write_all(&part)?;
        }
        Ok(true)
    })?;
    // What cannot be taken away now is looked at again at the next end.
    let _ = forget_old(path);
    Ok(())
}

/// Takes the caches away that stand beside this one and were not written for so long before it: of
/// configs that are gone.
fn forget_old(path: &Path) -> std::io::Result<()> {
    let written = std::fs::metadata(path)?.modified()?;
    for entry in std::fs::read_dir(path.parent().unwrap_or(Path::new(".")))? {
        let other = entry?;
        let is_cache = other.path().extension().is_some_and(|it| it == ENDING);
        if !is_cache || other.path() == path {
            continue;
        }
        let before = other.metadata()?.modified()?;
        if written
            .duration_since(before)
            .is_ok_and(|age| age > FORGOTTEN)
        {
            std::fs::remove_file(other.path())?;
        }
    }
    Ok(())
}

/// Makes a private file whole or not at all: what is there stays until all of the new is written,
/// and if `fill` says that it gave up.
pub(super) fn replace(
    path: &Path,
    fill: impl FnOnce(&mut tempfile::NamedTempFile) -> std::io::Result<bool>,
) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    // `NamedTempFile` is made with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    if fill(&mut file)? {
        file.persist(path).map_err(|error| error.error)?;
    }
    Ok(())
}

/// Keeping the facts beside everything else: the loop makes a part when there is nothing else to
/// do, another thread writes it.
#[derive(Debug)]
pub struct Keeping {
    rest: Rest,
    parts: mpsc::Sender<Option<Vec<u8>>>,
}

impl Keeping {
    /// Begins, and returns the work of the other thread; it blocks. A cache of which not every part
    /// came is not kept.
    pub fn begin(
        engine: &Engine,
        now: Timestamp,
        place: &Place,
    ) -> (Self, impl FnOnce() + Send + 'static) {
        let (parts, mut written) = mpsc::channel(WAITING);
        let rest = Rest::of(engine, now, place);
        let path = place.path.clone();
        let work = move || {
            let parts = std::iter::from_fn(|| match written.blocking_recv() {
                Some(Some(part)) => Some(Some(part)),
                Some(None) => None,
                // The loop has ended before the parts did.
                None => Some(None),
            });
            let _ = write(&path, parts);
        };
        (Self { rest, parts }, work)
    }

    /// Waits until the next part finds room.
    pub async fn has_room(&self) {
        let _ = self.parts.reserve().await;
    }

    /// Makes the next part. Says whether that was not the last.
    pub fn go_on(&mut self, engine: &Engine) -> bool {
        let part = self.rest.part(engine);
        let more = part.is_some();
        self.parts.try_send(part).is_ok() && more
    }
}

#[cfg(test)]
mod tests;
