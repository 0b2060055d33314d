//! Who else runs on this journal: each gonogo holds a file lock for as long as it lives.
//!
//! The system lets go of the lock however a process ends, so there is no heartbeat and no clock: an
//! instance is dead if and only if its lock can be taken.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::place;
use crate::domain::ids::InstanceId;
use crate::journal::Error;

/// The lock that says "this instance lives". Dropping it says that it does not.
#[derive(Debug)]
pub struct Alive {
    path: PathBuf,
    _lock: File,
}

impl Drop for Alive {
    fn drop(&mut self) {
        // Tidiness only: a file that stays behind is unlocked, which says the same.
        let _ = fs::remove_file(&self.path);
    }
}

impl Alive {
    /// Takes the lock of `instance`, which no other living instance may have.
    pub fn register(journal: &Path, instance: &InstanceId) -> Result<Self, Error> {
        let failed = |why: String| Error::Unreachable {
            path: journal.to_owned(),
            why,
            hint: None,
        };
        if !is_plain(instance.as_str()) {
            return Err(Error::Malformed {
                why: format!("{:?} cannot name an instance", instance.as_str()),
            });
        }
        let path = lock_path(journal, instance);
        // Whoever finds the file unlocked takes it for a dead one's and removes it. That can happen
        // between our opening and our locking it, so look whether we locked what lies there.
        for _ in 0..100 {
            let lock = place::open_private(&path).map_err(|error| failed(error.to_string()))?;
            match lock.try_lock() {
                Ok(()) if is_same(&lock, &path) => return Ok(Self { path, _lock: lock }),
                Ok(()) | Err(TryLockError::WouldBlock) => std::thread::yield_now(),
                Err(TryLockError::Error(error)) => {
                    return Err(failed(format!("cannot lock beside it: {error}")));
                }
            }
        }
        Err(failed(format!("another gonogo runs as {instance}")))
    }
}

/// Says whether `instance` is known to be dead. What cannot be told counts as alive: its sends are
/// left alone.
pub fn is_dead(journal: &Path, instance: &InstanceId) -> bool {
    // No instance registers under such a name, so none lives.
    if !is_plain(instance.as_str()) {
        return true;
    }
    let path = lock_path(journal, instance);
    match OpenOptions::new().read(true).write(true).open(&path) {
        Err(error) => error.kind() == io::ErrorKind::NotFound,
        Ok(file) => match file.try_lock() {
            // Removed while we hold it, so that nobody can lock it and be removed.
            Ok(()) => {
                if is_same(&file, &path) {
                    let _ = fs::remove_file(&path);
                }
                true
            }
            Err(_) => false,
        },
    }
}

/// Returns the living instances, ours not among them.
pub fn others(journal: &Path, ours: &InstanceId) -> Vec<InstanceId> {
    let (Some(folder), Some(name)) = (journal.parent(), journal.file_name()) else {
        return Vec::new();
    };
    let prefix = format!("{}.", name.to_string_lossy());
    let Ok(files) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut others: Vec<InstanceId> = files
        .filter_map(|file| {
            let name = file.ok()?.file_name().into_string().ok()?;
            let instance = name.strip_prefix(&prefix)?.strip_suffix(".lock")?;
            Some(InstanceId::from(instance))
        })
        .filter(|instance| instance != ours && !is_dead(journal, instance))
        .collect();
    others.sort();
    others
}

/// The lock that openers of one journal take in turn, so that one of them makes the tables.
pub fn turn_path(journal: &Path) -> PathBuf {
    beside(journal, ".lock")
}

fn lock_path(journal: &Path, instance: &InstanceId) -> PathBuf {
    beside(journal, &format!(".{instance}.lock"))
}

fn beside(journal: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(journal);
    name.push(ending);
    PathBuf::from(name)
}

/// Says whether a name is safe in a file's name.
fn is_plain(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

#[cfg(unix)]
fn is_same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(there)) => (open.dev(), open.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_same(_: &File, path: &Path) -> bool {
    // An open file cannot be removed there.
    path.exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_alive_exactly_as_long_as_it_holds_its_lock() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.db");
        let (one, two) = (InstanceId::from("one"), InstanceId::from("two"));
        assert!(is_dead(&journal, &one));
        let alive = Alive::register(&journal, &one).unwrap();
        assert!(!is_dead(&journal, &one));
        assert_eq!(others(&journal, &two), std::slice::from_ref(&one));
        assert!(others(&journal, &one).is_empty());
        assert!(Alive::register(&journal, &one).is_err());
        drop(alive);
        assert!(is_dead(&journal, &one));
        assert!(others(&journal, &two).is_empty());
        Alive::register(&journal, &one).unwrap();
    }

    #[test]
    fn a_lock_file_left_by_a_crash_is_swept() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.db");
        let left = folder.path().join("journal.db.gone.lock");
        fs::write(&left, "").unwrap();
        assert!(others(&journal, &InstanceId::from("me")).is_empty());
        assert!(!left.exists());
    }

    #[test]
    fn a_name_that_could_leave_the_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.db");
        for name in ["", "../up", "a/b", "a.b", &"x".repeat(65)] {
            let refused = Alive::register(&journal, &InstanceId::from(name));
            assert!(matches!(refused, Err(Error::Malformed { .. })), "{name:?}");
            assert!(is_dead(&journal, &InstanceId::from(name)));
        }
    }
}
