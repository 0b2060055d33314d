//! Where the journal's file may lie, and who may read it: private, and on a local disk.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::journal::Error;

/// File systems on which SQLite's locks and shared memory do not hold across machines.
const NETWORK: [&str; 15] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "afs",
    "ceph",
    "glusterfs",
    "lustre",
    "ncpfs",
    "fuse.sshfs",
    "fuse.ceph",
    "fuse.glusterfs",
    "fuse.rclone",
    "fuse.s3fs",
];

/// Makes the folder (0700) and the file (0600) if they are not there, and returns the file's
/// absolute path.
///
/// A folder that is there keeps its mode: it may be the operator's own. So does a file, until it is
/// known to be a journal: then `make_private` is for it.
pub fn prepare(path: &Path) -> Result<PathBuf, Error> {
    let path = absolute(path)?;
    let failed = |error: io::Error| unreachable(&path, &error);
    if let Some(folder) = path.parent() {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(failed)?;
    }
    check_file(&path)?;
    check_local(&path)?;
    open_private(&path).map_err(failed)?;
    Ok(path)
}

/// Checks that a journal is there to be read, and returns its absolute path.
pub fn find(path: &Path) -> Result<PathBuf, Error> {
    let path = absolute(path)?;
    if let Err(error) = fs::metadata(&path) {
        return Err(unreachable(&path, &error));
    }
    check_file(&path)?;
    check_local(&path)?;
    Ok(path)
}

/// Opens a file for reading and writing, making it (0600) if it is not there.
pub fn open_private(path: &Path) -> io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Takes from everybody else the right to read or write a journal.
pub fn make_private(path: &Path) -> Result<(), Error> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let failed = |error: io::Error| unreachable(path, &error);
        let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        }
    }
    Ok(())
}

fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path).map_err(|error| unreachable(path, &error))
}

fn unreachable(path: &Path, error: &io::Error) -> Error {
    let hint = match error.kind() {
        io::ErrorKind::NotFound => Some("no journal has been written there yet"),
        io::ErrorKind::PermissionDenied => Some("it must be yours: check its owner and mode"),
        io::ErrorKind::StorageFull => Some("free some disk space"),
        _ => Some("name another file in [journal] url"),
    };
    Error::Unreachable {
        path: path.to_owned(),
        why: error.to_string(),
        hint,
    }
}

fn check_file(path: &Path) -> Result<(), Error> {
    if !path.is_dir() {
        return Ok(());
    }
    Err(Error::Unreachable {
        path: path.to_owned(),
        why: "it is a folder".to_owned(),
        hint: Some("name a file in it in [journal] url, for instance journal.db"),
    })
}

fn check_local(path: &Path) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(path);
    let folder = folder
        .canonicalize()
        .map_err(|error| unreachable(path, &error))?;
    // Without /proc nothing is known about mounts, and nothing is refused.
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    match network_kind(&mounts, &folder) {
        None => Ok(()),
        Some(kind) => Err(Error::Unreachable {
            path: path.to_owned(),
            why: format!("it lies on a network file system ({kind}), which does not lock safely"),
            hint: Some("put it on a local disk, or share a PostgreSQL journal"),
        }),
    }
}

/// Returns the kind of network file system that `folder` lies on, by the text of `/proc/mounts`.
fn network_kind<'a>(mounts: &'a str, folder: &Path) -> Option<&'a str> {
    let (_, kind) = mounts
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ').skip(1);
            let point = PathBuf::from(unescape(words.next()?));
            Some((point, words.next()?))
        })
        .filter(|(point, _)| folder.starts_with(point))
        // Of two mounts on one point the later hides the earlier: max_by_key keeps the last.
        .max_by_key(|(point, _)| point.components().count())?;
    NETWORK.contains(&kind).then_some(kind)
}

/// Undoes the octal escapes of `/proc/mounts`: `\040` is a space.
fn unescape(point: &str) -> String {
    point
        .replace("\\040", " ")
        .replace("\\011", "\t")
        .replace("\\012", "\n")
        .replace("\\134", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
/dev/vda / ext4 rw,relatime 0 0
server:/home /home nfs4 rw,vers=4.2 0 0
/dev/vdb /home/local\\040disk ext4 rw 0 0
//nas/team /mnt/team cifs rw 0 0
root /sandbox 9p rw 0 0
ann@host: /mnt/ssh fuse.sshfs rw 0 0
/dev/vdc /mnt/over ext4 rw 0 0
server:/over /mnt/over nfs rw 0 0
";

    #[test]
    fn network_file_systems_are_told_from_local_ones() {
        let kind = |folder: &str| network_kind(MOUNTS, Path::new(folder));
        assert_eq!(kind("/var/lib/gonogo"), None);
        assert_eq!(kind("/home/ann/.local/state"), Some("nfs4"));
        assert_eq!(kind("/home/local disk/state"), None);
        assert_eq!(kind("/homestead"), None);
        assert_eq!(kind("/mnt/team/x"), Some("cifs"));
        assert_eq!(kind("/sandbox/x"), None);
        assert_eq!(kind("/mnt/ssh"), Some("fuse.sshfs"));
        assert_eq!(kind("/mnt/over/x"), Some("nfs"));
        assert_eq!(network_kind("", Path::new("/x")), None);
    }
}
