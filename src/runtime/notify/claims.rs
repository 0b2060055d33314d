//! Claims: which entries a rule has told, on disk before anything is told.
//!
//! A claim is a file that can be made once, so that of several gonogos of one user exactly one tells.
//! `RULE.from` says up to where everything was dealt with; claims below it are swept.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use crate::domain::ids::{Digest, Seq};

/// How many entries lie between two sweeps.
const SWEEP: i64 = 100;

/// The claims of one rule.
#[derive(Debug)]
pub(super) struct Claims {
    folder: PathBuf,
    /// What its files begin with: the name of a rule may hold anything.
    stem: String,
    swept: i64,
}

impl Claims {
    /// Opens the claims of a rule, and says after which entry it goes on. A rule that was never here
    /// before begins at the journal's `head`: what was is not news.
    pub fn open(folder: &Path, rule: &str, head: Seq) -> io::Result<(Self, Seq)> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        let digest = Digest::of([rule]);
        let stem: String = digest.as_str().chars().take(12).collect();
        let mut claims = Self {
            folder: folder.to_owned(),
            stem,
            swept: 0,
        };
        let from = match claims.from()? {
            Some(from) => from,
            None => {
                claims.write_from(head)?;
                head
            }
        };
        claims.swept = from.0;
        Ok((claims, from))
    }

    /// Claims an entry: true for exactly one caller, ever.
    pub fn claim(&self, seq: Seq) -> io::Result<bool> {
        let path = self.path(seq);
        let file = match File::create_new(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(false),
            Err(error) => return Err(error),
        };
        // Its claim may have been swept a moment ago by another gonogo.
        if self.from()?.is_some_and(|from| from >= seq) {
            fs::remove_file(path)?;
            return Ok(false);
        }
        file.sync_all()?;
        File::open(&self.folder)?.sync_all()?;
        Ok(true)
    }

    /// Takes note that everything up to `seq` was dealt with; now and then old claims are swept.
    pub fn advance(&mut self, seq: Seq) -> io::Result<()> {
        if seq.0 - self.swept < SWEEP {
            return Ok(());
        }
        if self.from()?.is_none_or(|from| from < seq) {
            self.write_from(seq)?;
        }
        self.swept = seq.0;
        let lead = format!("{}.claim.", self.stem);
        for file in fs::read_dir(&self.folder)? {
            let file = file?;
            let name = file.file_name();
            let claimed = name.to_str().and_then(|name| name.strip_prefix(&lead));
            let claimed = claimed.and_then(|seq| seq.parse::<i64>().ok());
            if claimed.is_some_and(|claimed| claimed <= seq.0) {
                // Another gonogo may sweep too.
                let _ = fs::remove_file(file.path());
            }
        }
        Ok(())
    }

    fn path(&self, seq: Seq) -> PathBuf {
        self.folder.join(format!("{}.claim.{}", self.stem, seq.0))
    }

    fn start_path(&self) -> PathBuf {
        self.folder.join(format!("{}.from", self.stem))
    }

    fn from(&self) -> io::Result<Option<Seq>> {
        match fs::read_to_string(self.start_path()) {
            Ok(text) => {
                let broken = || io::Error::new(ErrorKind::InvalidData, "its file is broken");
                let seq = text.trim().parse().map_err(|_| broken())?;
                Ok(Some(Seq(seq)))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn write_from(&self, seq: Seq) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        writeln!(file, "{}", seq.0)?;
        file.as_file().sync_all()?;
        file.persist(self.start_path())
            .map_err(|error| error.error)?;
        File::open(&self.folder)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_claimed_once_also_after_a_restart_and_a_sweep() {
        let home = tempfile::tempdir().unwrap();
        let (claims, from) = Claims::open(home.path(), "chat", Seq(5)).unwrap();
        assert_eq!(from, Seq(5), "what was there before is not news");
        assert!(claims.claim(Seq(6)).unwrap());
        assert!(!claims.claim(Seq(6)).unwrap());
        drop(claims);
        let (mut again, from) = Claims::open(home.path(), "chat", Seq(9)).unwrap();
        assert_eq!(from, Seq(5), "what came while it was away is");
        assert!(!again.claim(Seq(6)).unwrap());
        assert!(again.claim(Seq(7)).unwrap());
        again.advance(Seq(5 + SWEEP)).unwrap();
        let left = fs::read_dir(home.path()).unwrap().count();
        assert_eq!(left, 1, "only the `from` is left");
        assert!(!again.claim(Seq(7)).unwrap(), "swept is told");
        assert!(again.claim(Seq(6 + SWEEP)).unwrap());
    }

    #[test]
    fn rules_and_many_callers_are_kept_apart() {
        let home = tempfile::tempdir().unwrap();
        let (chat, _) = Claims::open(home.path(), "chat", Seq(0)).unwrap();
        let (bell, _) = Claims::open(home.path(), "../bell", Seq(0)).unwrap();
        assert!(chat.claim(Seq(1)).unwrap());
        assert!(bell.claim(Seq(1)).unwrap());
        let claimed: usize = std::thread::scope(|scope| {
            let callers: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| usize::from(chat.claim(Seq(2)).unwrap())))
                .collect();
            callers.into_iter().map(|one| one.join().unwrap()).sum()
        });
        assert_eq!(claimed, 1);
    }
}
