//! The one spawner. Every task answers with exactly one message: its own, or the one that was
//! given for the case that it is cancelled or panics.
#![expect(clippy::disallowed_methods, reason = "this file is the one spawner")]

use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use tokio::sync::{mpsc, watch};

use crate::app::Msg;

/// How many answers may wait for the loop. Tasks wait when it is full; nothing is lost.
const ANSWERS: usize = 1_024;

/// Spawns tasks whose answers come back through one bounded channel.
#[derive(Debug)]
pub struct Tasks {
    sender: mpsc::Sender<Msg>,
    cancel: watch::Sender<bool>,
}

impl Tasks {
    /// Makes a spawner and the receiving end of its answers.
    pub fn new() -> (Self, mpsc::Receiver<Msg>) {
        let (sender, receiver) = mpsc::channel(ANSWERS);
        let (cancel, _) = watch::channel(false);
        (Self { sender, cancel }, receiver)
    }

    /// Runs something that may be dropped: when all reads are cancelled it answers `lost`.
    pub fn read(&self, lost: Msg, work: impl Future<Output = Msg> + Send + 'static) {
        let sender = self.sender.clone();
        let mut cancelled = self.cancel.subscribe();
        tokio::spawn(async move {
            let msg = tokio::select! {
                biased;
                msg = AssertUnwindSafe(work).catch_unwind() => msg.unwrap_or(lost),
                _ = cancelled.wait_for(|cancelled| *cancelled) => lost,
            };
            // The loop is gone only when the program is.
            let _ = sender.send(msg).await;
        });
    }

    /// Runs something that must be awaited to its end; `lost` answers only for a panic.
    pub fn act(&self, lost: Msg, work: impl Future<Output = Msg> + Send + 'static) {
        let sender = self.sender.clone();
        tokio::spawn(async move {
            let msg = AssertUnwindSafe(work).catch_unwind().await.unwrap_or(lost);
            let _ = sender.send(msg).await;
        });
    }

    /// Runs a source of messages until the program ends.
    pub fn source<F: Future<Output = ()> + Send + 'static>(
        &self,
        make: impl FnOnce(mpsc::Sender<Msg>) -> F,
    ) {
        let work = make(self.sender.clone());
        let mut cancelled = self.cancel.subscribe();
        tokio::spawn(async move {
            tokio::select! {
                () = work => {}
                _ = cancelled.wait_for(|cancelled| *cancelled) => {}
            }
        });
    }

    /// Drops every read under way; acts go on.
    pub fn cancel_reads(&self) {
        self.cancel.send_replace(true);
    }
}

/// Runs blocking work off the loop; a panic in it is an error.
///
/// # Errors
///
/// Only if the work panicked.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, tokio::task::JoinError> {
    tokio::task::spawn_blocking(work).await
}
