//! What moves under an operator's hands: nothing is sent that was not shown.

use gonogo::domain::promotion::State::Abandoned;
use jiff::SignedDuration;

use crate::harness::{Evening, Operator, cell_in, step};

/// An evening on which the service gets a newer revision once the clock is moved.
async fn evening() -> Evening {
    Evening::with(&["api-gateway"], 1.0, |world| {
        let merge = r#"{ at = "+5m", do = "merge", by = "dee", head = "quota-headers" }"#;
        world.repos[0].story.push(step(merge));
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_that_moves_under_an_open_dialog_is_named_and_nothing_is_sent() {
    let evening = evening().await;
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    alice.prepare("api-gateway", "weekly");
    assert!(
        alice.screen().contains("v2.40.3 > v2.41.0"),
        "{}",
        alice.screen()
    );
    evening.sim.advance(SignedDuration::from_mins(25));
    alice.until_shown("is superseded by").await;
    assert!(
        alice.screen().contains("v2.41.0 is superseded by"),
        "{}",
        alice.screen()
    );
    alice.press("enter enter");
    assert_eq!(evening.writes(), []);
    assert_eq!(evening.kinds("api-gateway").await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_that_moves_between_the_key_and_the_send_abandons_it() {
    let evening = evening().await;
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    alice.prepare("api-gateway", "weekly");
    // She confirms what the dialog shows; the forge is elsewhere by then.
    evening.sim.advance(SignedDuration::from_mins(25));
    alice.press("enter");
    alice.until_promotion("api-gateway", &[Abandoned]).await;
    assert!(
        alice.was_told("v2.41.0 is superseded by"),
        "{:?}",
        alice.said()
    );
    assert!(
        alice.was_told("the candidate now; nothing was sent"),
        "{:?}",
        alice.said()
    );
    assert_eq!(evening.writes(), []);
    assert_eq!(
        evening.kinds("api-gateway").await,
        ["promotion.intended", "promotion.abandoned"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_counts_for_what_was_seen_and_not_for_what_comes_after() {
    let evening = Evening::with(&["notify"], 1.0, |world| {
        let land = r#"{ at = "+5m", do = "land", by = "dee", text = "Louder", approved = ["ann"], tag = "v0.9.5" }"#;
        world.repos[0].story.push(step(land));
    })
    .await;
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    alice.go_to("notify");
    alice.press("V tab enter");
    alice
        .until("the vote to open the gate", |state| {
            state.engine.entries.len() == 1 && is_go(state)
        })
        .await;
    evening.sim.advance(SignedDuration::from_mins(25));
    alice
        .until("the newer revision", |state| {
            let candidate = cell_in(state, "notify").and_then(|cell| cell.candidate.as_ref());
            candidate.is_some_and(|candidate| candidate.version.as_deref() == Some("v0.9.5"))
        })
        .await;
    let refusal = alice.plan("notify").unwrap_err();
    assert!(refusal.why.contains("sign-off ("), "{}", refusal.why);
}

fn is_go(state: &gonogo::app::State) -> bool {
    let judgement = &cell_in(state, "notify").unwrap().judgement;
    judgement.go_at(state.now) == gonogo::domain::gate::Go::Go
}
