//! The logs that are being looked at: fetched from their forge into a spool each, and read back in
//! parts. Which part is shown, and when to look for more, is `app`'s to say.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::spool::Spool;
use super::tasks;
use crate::app::effect::LogSource;
use crate::app::msg::LogAnswer;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::log::{End, Extent, Failure, SUMMARY};
use crate::forge::{Forge, Sink};

/// How many logs are kept: the one on screen, and those that one may go back to.
const KEPT: usize = 3;

/// The spools, the one used last at the end.
#[derive(Debug, Default)]
pub struct Logs {
    spools: Mutex<Vec<(LogSource, Arc<Mutex<Spool>>)>>,
}

impl Logs {
    /// Reads on at the forge, and says how much there is.
    ///
    /// # Errors
    ///
    /// If the forge did not answer, or there is no room for what it did.
    pub async fn fetch(&self, client: &dyn Forge, source: &LogSource) -> Result<Extent, Fault> {
        let spool = self
            .spool(source)
            .map_err(|error| no_room(source, &error))?;
        let from = locked(&spool).bytes();
        let mut pouring = Pouring {
            spool: &spool,
            error: None,
        };
        let LogSource { repo, run, job, .. } = source;
        let read = client.log(repo, *run, *job, from, &mut pouring).await;
        if let Some(error) = pouring.error {
            return Err(no_room(source, &error));
        }
        let read = read?;
        let spool = locked(&spool);
        let mut failure = spool.failure().cloned();
        if let Some(step) = read.failed_step {
            // The forge's own word goes before what the log seems to say.
            let lines = spool.lines();
            let found = failure.get_or_insert(Failure {
                step: None,
                from: lines.saturating_sub(SUMMARY),
                to: lines.saturating_sub(1),
            });
            found.step = Some(step);
        }
        Ok(Extent {
            lines: spool.lines(),
            bytes: spool.bytes(),
            // Nothing more is read of a log that is longer than what is kept.
            end: if spool.is_cut() {
                End::Complete
            } else {
                read.end
            },
            cut: spool.is_cut(),
            ranged: read.ranged,
            failure,
        })
    }

    /// Brings some lines.
    pub async fn lines(&self, source: LogSource, from: u64, count: u64) -> LogAnswer {
        let read = self
            .with(source, move |spool| spool.read(from, count))
            .await;
        read.map_or(LogAnswer::Lost, |lines| LogAnswer::Lines { from, lines })
    }

    /// Looks for words.
    pub async fn find(
        &self,
        source: LogSource,
        words: String,
        from: u64,
        forward: bool,
    ) -> LogAnswer {
        let find = move |spool: &mut Spool| spool.find(&words, from, forward);
        let found = self.with(source, find).await;
        found.map_or(LogAnswer::Lost, LogAnswer::Found)
    }

    /// Does something with a spool off the loop.
    async fn with<T: Send + 'static>(
        &self,
        source: LogSource,
        work: impl FnOnce(&mut Spool) -> io::Result<T> + Send + 'static,
    ) -> Option<T> {
        let spool = self.spool(&source).ok()?;
        let done = tasks::blocking(move || work(&mut locked(&spool))).await;
        done.ok()?.ok()
    }

    fn spool(&self, source: &LogSource) -> io::Result<Arc<Mutex<Spool>>> {
        let mut spools = self.spools.lock().unwrap_or_else(PoisonError::into_inner);
        let known = spools.iter().position(|(of, _)| of == source);
        let kept = match known {
            Some(place) => spools.remove(place),
            None => (source.clone(), Arc::new(Mutex::new(Spool::new()?))),
        };
        let spool = Arc::clone(&kept.1);
        spools.push(kept);
        let over = spools.len().saturating_sub(KEPT);
        spools.drain(..over);
        Ok(spool)
    }
}

fn locked(spool: &Mutex<Spool>) -> MutexGuard<'_, Spool> {
    spool.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where a log is poured: appending to a file that is in the page cache takes microseconds.
struct Pouring<'a> {
    spool: &'a Mutex<Spool>,
    error: Option<io::Error>,
}

impl Sink for Pouring<'_> {
    fn take(&mut self, bytes: &[u8]) -> bool {
        match locked(self.spool).append(bytes) {
            Ok(more) => more,
            Err(error) => {
                self.error = Some(error);
                false
            }
        }
    }
}

fn no_room(source: &LogSource, error: &io::Error) -> Fault {
    Fault {
        kind: FaultKind::Unreadable,
        forge: source.forge.clone(),
        doing: format!("keeping the log of job {}", source.job),
        why: format!("the folder for temporary files: {error}"),
        hint: Some("make room there, or set TMPDIR to another folder".to_owned()),
        request: None,
        at: super::clock::now(),
        retry_at: None,
    }
}
