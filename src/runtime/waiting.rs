//! Where the board's loop waits: in one `poll` for the terminal, a bell that whatever has an answer
//! rings, and a time. What it waits for lives in `runtime/board.rs`, what a key is in `runtime/input.rs`.
//!
//! tokio's own wait is on another thread, which a key would wake only for it to wake this one; and its
//! timers wake twice for each second.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::time::Instant;

use super::clock;

/// Waits on the thread that draws.
pub(super) struct Waiting {
    bell: Arc<Bell>,
    /// Where the bell is heard.
    ear: UnixStream,
    terminal: OwnedFd,
    /// What the future said at its last turn that it waits for.
    due: Cell<Option<Instant>>,
    wants_terminal: Cell<bool>,
    readable: Cell<bool>,
    /// Whether the terminal was hung up: it says so for ever, and nothing else.
    gone: Cell<bool>,
}

/// Rung by any waker, from any thread.
struct Bell {
    rope: UnixStream,
    rung: AtomicBool,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.rung.swap(true, Ordering::SeqCst) {
            // It holds one byte at most, so it is never full; without an ear nobody waits any more.
            let _ = (&self.rope).write(&[0]);
        }
    }
}

impl Waiting {
    /// # Errors
    ///
    /// If there are no file descriptors left.
    pub(super) fn new() -> io::Result<Self> {
        Self::on(io::stdin().as_fd().try_clone_to_owned()?)
    }

    fn on(terminal: OwnedFd) -> io::Result<Self> {
        let (rope, ear) = UnixStream::pair()?;
        rope.set_nonblocking(true)?;
        ear.set_nonblocking(true)?;
        Ok(Self {
            bell: Arc::new(Bell {
                rope,
                rung: AtomicBool::new(false),
            }),
            ear,
            terminal,
            due: Cell::new(None),
            wants_terminal: Cell::new(false),
            readable: Cell::new(false),
            gone: Cell::new(false),
        })
    }

    /// Runs a future to its end on this thread.
    ///
    /// # Errors
    ///
    /// If it cannot be waited.
    pub(super) fn block_on<T>(&self, future: impl Future<Output = T>) -> io::Result<T> {
        let waker = Waker::from(Arc::clone(&self.bell));
        let mut context = Context::from_waker(&waker);
        let mut future = pin!(future);
        loop {
            self.due.set(None);
            self.wants_terminal.set(false);
            if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
                return Ok(value);
            }
            self.wait()?;
        }
    }

    /// Returns at this time, or soon after.
    pub(super) async fn until(&self, at: Instant) {
        poll_fn(|_| {
            if clock::tick() >= at {
                return Poll::Ready(());
            }
            let due = self.due.get().map_or(at, |due| due.min(at));
            self.due.set(Some(due));
            Poll::Pending
        })
        .await;
    }

    /// Returns when the terminal has something to say since the last time, with whether it is still there.
    pub(super) async fn readable(&self) -> bool {
        poll_fn(|_| {
            // Where one answer follows another nothing is waited for, and keys come all the same.
            if !self.readable.get() && !self.gone.get() {
                self.look();
            }
            if self.gone.get() {
                return Poll::Ready(false);
            }
            if self.readable.take() {
                return Poll::Ready(true);
            }
            self.wants_terminal.set(true);
            Poll::Pending
        })
        .await
    }

    fn wait(&self) -> io::Result<()> {
        let left = self
            .due
            .get()
            .map(|due| due.saturating_duration_since(clock::tick()));
        // What is too far away for the kernel's clock is never waited for.
        let left = left.and_then(|left| Timespec::try_from(left).ok());
        let mut heard = [
            PollFd::new(&self.ear, PollFlags::IN),
            PollFd::new(&self.terminal, PollFlags::IN),
        ];
        let count = if self.wants_terminal.get() { 2 } else { 1 };
        match poll(&mut heard[..count], left.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let [bell, terminal] = heard.map(|heard| heard.revents());
        if !bell.is_empty() {
            let _ = (&self.ear).read(&mut [0; 8]);
            // After this whoever has news rings again; what came before is seen in the next turn.
            self.bell.rung.swap(false, Ordering::SeqCst);
        }
        self.heard(terminal);
        Ok(())
    }

    /// Looks whether the terminal has something to say, without waiting for it.
    fn look(&self) {
        let mut terminal = [PollFd::new(&self.terminal, PollFlags::IN)];
        if poll(&mut terminal, Some(&Timespec::default())).is_ok() {
            self.heard(terminal[0].revents());
        }
    }

    fn heard(&self, terminal: PollFlags) {
        if terminal.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            self.gone.set(true);
        } else if !terminal.is_empty() {
            self.readable.set(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::mpsc;

    use super::*;

    #[test]
    fn an_answer_from_another_thread_and_a_time_end_the_waiting() {
        let waiting = Waiting::new().unwrap();
        let (sender, mut answers) = mpsc::channel(1);
        let sending = std::thread::Builder::new()
            .spawn(move || (0..1_000).for_each(|number| sender.blocking_send(number).unwrap()))
            .unwrap();
        let from = clock::tick();
        let heard = waiting.block_on(async {
            let mut heard = Vec::new();
            while let Some(number) = answers.recv().await {
                heard.push(number);
            }
            let at = clock::tick() + Duration::from_millis(20);
            let never = at + Duration::from_secs(3_600);
            tokio::select! {
                () = waiting.until(never) => panic!("an hour has not passed"),
                () = waiting.until(at) => {}
            }
            heard
        });
        sending.join().unwrap();
        assert_eq!(heard.unwrap(), (0..1_000).collect::<Vec<_>>());
        assert!(clock::tick() >= from + Duration::from_millis(20));
    }

    #[test]
    fn a_key_is_heard_although_answers_never_end_and_a_hung_up_terminal_says_so() {
        let (mut keyboard, terminal) = UnixStream::pair().unwrap();
        let waiting = Waiting::on(terminal.into()).unwrap();
        // What is always ready leaves no time to wait in.
        let heard = || {
            waiting.block_on(async {
                tokio::select! {
                    biased;
                    there = waiting.readable() => Some(there),
                    () = std::future::ready(()) => None,
                }
            })
        };
        assert_eq!(heard().unwrap(), None);
        keyboard.write_all(b"j").unwrap();
        assert_eq!(heard().unwrap(), Some(true));
        drop(keyboard);
        assert_eq!(heard().unwrap(), Some(false));
    }
}
