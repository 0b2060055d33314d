//! The other acts: approve, reject and cancel, each by its key and by the same protocol.

use gonogo::domain::promotion::Purpose;
use gonogo::domain::promotion::State::{Accepted, Cancelled, Running, Succeeded};

use crate::harness::{Evening, Operator, PRODUCTION, cell_in, intent_in};

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_on_the_forge_is_approved() {
    let evening = Evening::of(&["api-gateway"]).await;
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    alice.go_to("api-gateway");
    alice.press("A up up");
    alice.write("go ahead");
    alice.press("tab");
    alice.write(PRODUCTION);
    alice.press("tab tab enter");
    alice.until_promotion("api-gateway", &[Succeeded]).await;
    assert_eq!(evening.live("api-gateway").as_deref(), Some("v2.41.0"));
    assert_eq!(evening.writes().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_on_the_forge_is_rejected() {
    let evening = Evening::of(&["api-gateway"]).await;
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    alice.go_to("api-gateway");
    // Behind the approval is the rejection, a dialog of its own.
    alice.press("A tab tab enter");
    assert!(
        alice.screen().contains("REJECT api-gateway"),
        "{}",
        alice.screen()
    );
    alice.press("up");
    alice.write("not tonight");
    alice.press("tab tab enter");
    alice
        .until("the rejection to be over", |state| {
            intent_in(state, "api-gateway", Purpose::Rejection)
                .is_some_and(|intent| intent.state == Succeeded)
        })
        .await;
    assert_eq!(evening.live("api-gateway").as_deref(), Some("v2.40.3"));
    assert_eq!(evening.writes().len(), 1);
    let kinds = evening.kinds("api-gateway").await;
    assert_eq!(
        kinds,
        ["intended", "sending", "accepted", "succeeded"].map(|step| format!("rejection.{step}"))
    );
    // It does not wait any more.
    alice
        .until("nothing to wait", |state| {
            cell_in(state, "api-gateway").unwrap().in_flight.is_none()
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_in_flight_is_cancelled() {
    // At the pace of life, so that it does not end by itself.
    let evening = Evening::with(&["geo"], 1.0, |_| {}).await;
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    alice.promote("geo", "tiles");
    alice.until_promotion("geo", &[Accepted, Running]).await;
    alice
        .until("a run to cancel", |state| {
            cell_in(state, "geo")
                .unwrap()
                .in_flight
                .as_ref()
                .is_some_and(|flight| flight.run.is_some())
        })
        .await;
    alice.press("X up");
    alice.write("wrong tiles");
    alice.press("tab tab enter");
    alice.until_promotion("geo", &[Cancelled]).await;
    alice
        .until("the cancellation to be over", |state| {
            intent_in(state, "geo", Purpose::Cancellation)
                .is_some_and(|intent| intent.state == Succeeded)
        })
        .await;
    assert_eq!(evening.live("geo").as_deref(), Some("v2.2.4"));
    let paths: Vec<String> = evening
        .writes()
        .into_iter()
        .map(|write| write.path)
        .collect();
    assert_eq!(paths.len(), 2, "{paths:?}");
    assert!(
        paths[0].ends_with("/dispatches") && paths[1].ends_with("/cancel"),
        "{paths:?}"
    );
}
