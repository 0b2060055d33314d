//! Continuous deployment on a board: a countdown that everybody sees and that H stops, and a release
//! under way that it stands aside for.

use gonogo::app::State;
use gonogo::domain::ids::{EnvironmentName, ServiceName};
use gonogo::domain::promotion::State::Succeeded;

use crate::harness::{Evening, Operator, PRODUCTION, promotion_in};

/// Production promotes by itself after so many seconds.
async fn evening(seconds: u32) -> Evening {
    Evening::with(&["search"], 120.0, |world| {
        let environments = world.client["environment"].as_table_mut().unwrap();
        let production = environments[PRODUCTION].as_table_mut().unwrap();
        production.insert("mode".into(), "auto".into());
        production.insert("countdown".into(), format!("{seconds}s").into());
    })
    .await
}

async fn board(evening: &Evening) -> Operator {
    let mut alice = Operator::new(&evening.config());
    // As the board's own loop does.
    alice.state.engine.auto.on = true;
    alice.settle().await;
    alice.go_to("search");
    alice
}

fn counts(state: &State) -> bool {
    let (service, environment) = (
        ServiceName::from("search"),
        EnvironmentName::from(PRODUCTION),
    );
    state.engine.countdown(&service, &environment).is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn auto_goes_by_itself_when_the_countdown_is_over() {
    let evening = evening(2).await;
    let mut alice = board(&evening).await;
    alice.until("the countdown", counts).await;
    assert!(
        alice.screen().contains("auto promotes"),
        "{}",
        alice.screen()
    );
    alice.until_promotion("search", &[Succeeded]).await;
    assert_eq!(
        alice.promotion("search").intent.reason,
        "auto: all gates open"
    );
    assert_eq!(evening.writes().len(), 1);
    assert_eq!(evening.live("search").as_deref(), Some("v7.1.0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn h_stops_the_countdown_and_what_is_held_does_not_go() {
    let evening = evening(4).await;
    let mut alice = board(&evening).await;
    alice.until("the countdown", counts).await;
    // The dialog alone is a brake: nobody is outrun while they type.
    alice.press("H up");
    alice.until("no countdown", |state| !counts(state)).await;
    alice.write("heap grows");
    alice.press("tab tab enter");
    alice.until_shown("■ HOLD").await;
    let held = alice.now();
    let later = |state: &State| state.now.duration_since(held).as_secs() >= 8;
    alice.until("longer than the countdown", later).await;
    assert!(!counts(&alice.state));
    assert!(promotion_in(&alice.state, "search").is_none());
    assert_eq!(evening.writes(), []);
    // Lifted: a whole new countdown, and then it goes.
    alice.press("H up");
    alice.write("heap is fine");
    alice.press("tab tab enter");
    alice.until("a new countdown", counts).await;
    alice.until_promotion("search", &[Succeeded]).await;
    assert_eq!(evening.writes().len(), 1);
}
