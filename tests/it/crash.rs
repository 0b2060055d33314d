//! A process that dies in the middle of a promotion, at every point and at any time: nothing is
//! lost, nothing is sent twice, and the next start finds out what became of it.
//!
//! The test binary runs itself again as the operator that dies.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use gonogo::domain::promotion::State;

use crate::harness::{Evening, Operator, promotion_in};

/// What the child is told by its environment.
const CONFIG: &str = "GONOGO_CRASH_CONFIG";
const AFTER: &str = "GONOGO_CRASH_AFTER";
/// How many crash points are tried at a time.
const AT_ONCE: usize = 4;
/// How often all points are tried until each kind of end was met.
const SWEEPS: usize = 4;
/// More messages than a promotion takes by far.
const ENOUGH: usize = 400;

/// Not a test but the operator of the tests below: promotes, and dies where it is told to.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the crash tests, with its orders in the environment"]
async fn operator_who_dies() {
    let Some(config) = std::env::var_os(CONFIG) else {
        return;
    };
    let config = Path::new(&config);
    let mut alice = Operator::new(config);
    alice.settle().await;
    alice.prepare("search", "crash test");
    std::fs::write(config.with_extension("armed"), "").unwrap();
    alice.handled = 0;
    alice.dies_after = std::env::var(AFTER)
        .ok()
        .map(|after| after.parse().unwrap());
    alice.press("enter");
    alice.until_promotion("search", &[State::Succeeded]).await;
}

/// Starts the operator who dies after so many messages, or does not.
fn start(evening: &Evening, dies_after: Option<usize>) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "--exact",
            "crash::operator_who_dies",
            "--ignored",
            "--nocapture",
        ])
        .env(CONFIG, evening.config())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Some(after) = dies_after {
        command.env(AFTER, after.to_string());
    }
    command.spawn().unwrap()
}

/// Waits for a child without keeping the simulator from answering it.
async fn ended(mut child: Child) -> bool {
    tokio::task::spawn_blocking(move || child.wait().unwrap().success())
        .await
        .unwrap()
}

/// How a promotion stands after the crash and the next start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    /// The process died before the intent was durable.
    NeverIntended,
    Abandoned,
    Succeeded,
    /// Permitted and never sent: visibly unknown.
    Unknown,
}

/// Starts anew on the journal of the dead, and returns what became of its promotion.
async fn next_start(evening: &Evening) -> End {
    // What the dead one left is whole as it stands.
    let before = evening.entries_if_any().await;
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    let end = match promotion_in(&alice.state, "search") {
        None => End::NeverIntended,
        Some(_) => {
            alice
                .until("an end", |state| {
                    let promotion = promotion_in(state, "search").unwrap();
                    let searching =
                        promotion.state == State::Reconciling && evening.writes().is_empty();
                    !promotion.state.is_open() || searching
                })
                .await;
            match alice.promotion("search").state {
                State::Abandoned => End::Abandoned,
                State::Succeeded => End::Succeeded,
                State::Reconciling => End::Unknown,
                other => panic!("the promotion ended as {other:?}"),
            }
        }
    };
    let writes = evening.writes().len();
    let after = evening.entries().await;
    assert!(after.starts_with(&before), "entries were lost");
    match end {
        End::Succeeded => {
            assert_eq!(writes, 1, "succeeded by one write");
            assert_eq!(evening.live("search").as_deref(), Some("v7.1.0"));
        }
        End::NeverIntended | End::Abandoned => {
            assert_eq!(writes, 0, "not sent");
            // The cell is free again.
            alice.plan("search").unwrap();
        }
        End::Unknown => {
            assert_eq!(writes, 0, "the permit was durable, the act had not left");
            let refusal = alice.plan("search").unwrap_err();
            assert!(
                refusal.why.contains("nobody knows what came of"),
                "{}",
                refusal.why
            );
        }
    }
    end
}

/// An evening on which the operator dies after so many messages, if it takes so many, and what
/// came of it.
async fn dies_after(messages: usize) -> (usize, bool, End) {
    let evening = Evening::with(&["search"], 600.0, |_| {}).await;
    let survived = ended(start(&evening, Some(messages))).await;
    (messages, survived, next_start(&evening).await)
}

/// An evening on which the operator is killed at an instant after the confirmation.
async fn killed_at(instant: Duration) -> (Duration, End) {
    let evening = Evening::with(&["search"], 600.0, |_| {}).await;
    let mut child = start(&evening, None);
    let armed = evening.config().with_extension("armed");
    while !armed.exists() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    tokio::time::sleep(instant).await;
    // SIGKILL: the process has no say in it.
    child.kill().unwrap();
    ended(child).await;
    (instant, next_start(&evening).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn p4_a_crash_after_any_message_of_a_promotion_loses_nothing_and_sends_nothing_twice() {
    // Every kind of end is met, so the points lie where they should. That of a permit is one message
    // long, and which one it is depends on what else comes: each process may find it elsewhere.
    let wanted = [
        End::NeverIntended,
        End::Abandoned,
        End::Unknown,
        End::Succeeded,
    ];
    let mut ends = Vec::new();
    for _ in 0..SWEEPS {
        sweep(&mut ends).await;
        if wanted.iter().all(|end| ends.contains(end)) {
            return;
        }
    }
    panic!("of {wanted:?} not all were met in {ends:?}");
}

/// An operator dies after one message, another after two, and so on until one survives.
async fn sweep(ends: &mut Vec<End>) {
    let mut first = 1;
    loop {
        let batch = (first..first + AT_ONCE).map(dies_after);
        let batch = futures_util::future::join_all(batch).await;
        for (after, survived, end) in &batch {
            println!(
                "killed after message {after:>3}: {end:?}{}",
                if *survived { ", survived" } else { "" }
            );
            assert!(!survived || *end == End::Succeeded);
        }
        let survivor = batch.iter().any(|(_, survived, _)| *survived);
        ends.extend(batch.into_iter().map(|(_, _, end)| end));
        first += AT_ONCE;
        if survivor {
            return;
        }
        assert!(first < ENOUGH, "a promotion takes fewer messages than that");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_instant_loses_nothing_and_sends_nothing_twice() {
    let mut random = fastrand::Rng::with_seed(2026);
    for _ in 0..2 {
        let rounds = (0..AT_ONCE).map(|_| Duration::from_millis(random.u64(0..400)));
        let rounds = rounds.map(killed_at);
        for (instant, end) in futures_util::future::join_all(rounds).await {
            println!("killed {instant:?} after the confirmation: {end:?}");
        }
    }
}
