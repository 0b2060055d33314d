//! The program's own log, for those who ask with `-v`: on standard error, or in a private file
//! while the board has the screen. What operators did is not here but in the journal.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::Env;

/// Where the lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    StandardError,
    /// The board draws on the terminal: nothing else may write to it.
    File,
}

/// Starts the log: `-v` for what the program decides, `-vv` for every request to a forge as well.
/// Returns the file's path, if it is one.
///
/// # Errors
///
/// If the file cannot be made.
pub fn start(verbose: u8, place: Place, env: &Env) -> io::Result<Option<PathBuf>> {
    let level = match verbose {
        0 => return Ok(None),
        1 => Level::INFO,
        _ => Level::DEBUG,
    };
    // Ours alone: what libraries log may show headers.
    let ours = Targets::new().with_target("gonogo", level);
    let lines = tracing_subscriber::fmt::layer().with_ansi(false);
    let (path, file) = match place {
        Place::StandardError => (None, None),
        Place::File => {
            let Some(folder) = env.state_home() else {
                return Ok(None);
            };
            let path = folder.join("gonogo").join("log");
            let file = private(&path)?;
            (Some(path), Some(Mutex::new(file)))
        }
    };
    let log = tracing_subscriber::registry().with(ours);
    // Fails if there is a log already, which then goes on.
    let _ = match file {
        Some(file) => log.with(lines.with_writer(file)).try_init(),
        None => log.with(lines.with_writer(io::stderr)).try_init(),
    };
    Ok(path)
}

/// Opens a file that nobody else may read, empty: each run has its own log.
fn private(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(path)
}
