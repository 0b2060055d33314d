//! Signals that ask the program to end, as a future.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that end the program in good order.
#[derive(Debug)]
pub struct Signals {
    terminate: Option<Signal>,
    hang_up: Option<Signal>,
    interrupt: Option<Signal>,
}

impl Signals {
    /// Listens from now on. A signal that cannot be listened to keeps its default: it ends us.
    pub fn listen() -> Self {
        let listen = |kind| signal(kind).ok();
        Self {
            terminate: listen(SignalKind::terminate()),
            hang_up: listen(SignalKind::hangup()),
            interrupt: listen(SignalKind::interrupt()),
        }
    }

    /// Returns when one of them came.
    pub async fn ended(&mut self) {
        tokio::select! {
            () = one(&mut self.terminate) => {}
            () = one(&mut self.hang_up) => {}
            () = one(&mut self.interrupt) => {}
        }
    }
}

/// Returns when this one came.
pub(super) async fn one(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}
