//! The seconds in which all who look now and then look together, so that they wake the processor
//! together. What they look at lives with them (`runtime/watch.rs`, `runtime/notify.rs`).

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::MissedTickBehavior;

use super::clock;

/// Ages tick, and those who look take a look, once in this time.
pub const SECOND: Duration = Duration::from_secs(1);

/// Tells others that a second has passed.
#[derive(Clone, Debug, Default)]
pub struct Seconds(watch::Sender<u32>);

impl Seconds {
    /// Tells all.
    pub fn pass(&self) {
        self.0
            .send_modify(|seconds| *seconds = seconds.wrapping_add(1));
    }

    /// Tells all whenever the bell is rung: on the thread of those who look, so that the one who rings
    /// wakes it once and not each of them.
    pub async fn pass_at(self, bell: Arc<Notify>) {
        loop {
            bell.notified().await;
            self.pass();
        }
    }

    /// Tells all, each second.
    pub async fn pass_by_themselves(self) {
        let mut every = tokio::time::interval_at(clock::tick() + SECOND, SECOND);
        every.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            every.tick().await;
            self.pass();
        }
    }

    /// A pace that is one step in so many seconds; the first is at once.
    pub fn pace(&self, every: u32) -> Pace {
        let mut seconds = self.0.subscribe();
        seconds.mark_changed();
        let next = *seconds.borrow();
        Pace {
            seconds,
            next,
            every,
        }
    }
}

/// One step in some seconds.
#[derive(Debug)]
pub struct Pace {
    seconds: watch::Receiver<u32>,
    next: u32,
    every: u32,
}

impl Pace {
    /// Waits for the next step. Steps that were missed are left out.
    pub async fn step(&mut self) {
        loop {
            if self.seconds.changed().await.is_err() {
                // Nobody counts any more: the program ends.
                std::future::pending::<()>().await;
            }
            let now = *self.seconds.borrow_and_update();
            // Half of all numbers are behind, so that counting may begin anew.
            if now.wrapping_sub(self.next) <= u32::MAX / 2 {
                self.next = now.wrapping_add(self.every);
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn the_first_step_is_at_once_and_the_next_after_its_seconds() {
        let seconds = Seconds::default();
        let mut pace = seconds.pace(2);
        let mut steps = |seconds: &Seconds| {
            seconds.pass();
            pace.step().now_or_never().is_some()
        };
        let told: Vec<bool> = (0..6).map(|_| steps(&seconds)).collect();
        assert_eq!(told, [true, false, true, false, true, false]);
    }

    #[tokio::test]
    async fn whoever_rings_lets_a_second_pass() {
        let seconds = Seconds::default();
        let mut pace = seconds.pace(1);
        pace.step().await;
        let bell = Arc::new(Notify::new());
        bell.notify_one();
        tokio::select! {
            () = seconds.clone().pass_at(bell) => panic!("it goes on for ever"),
            () = pace.step() => {}
        }
    }

    #[test]
    fn what_was_missed_is_left_out() {
        let seconds = Seconds::default();
        let mut pace = seconds.pace(1);
        assert!(pace.step().now_or_never().is_some());
        assert!(pace.step().now_or_never().is_none());
        (0..5).for_each(|_| seconds.pass());
        assert!(pace.step().now_or_never().is_some());
        assert!(pace.step().now_or_never().is_none());
    }
}
