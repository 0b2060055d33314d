//! Several people at their boards, over one journal.

use gonogo::app::interface::Mood;
use gonogo::domain::ids::Person;
use gonogo::domain::promotion::State::{Abandoned, Intended, Succeeded};
use gonogo::sim::Effect;

use crate::harness::{Evening, Operator, cell_in, promotion_in};

#[tokio::test(flavor = "multi_thread")]
async fn p2_of_two_operators_on_one_cell_one_wins_and_the_other_sees_who_and_why() {
    let evening = Evening::of(&["search"]).await;
    let mut alice = Operator::new(&evening.config());
    let mut bob = Operator::new(&evening.config_of("bob", "second"));
    alice.settle().await;
    bob.settle().await;
    alice.prepare("search", "alice wants it out");
    bob.prepare("search", "bob wants it out");
    // Both confirm what both were shown, and neither has heard of the other.
    alice.press("enter");
    alice
        .until("alice's intent", |state| {
            promotion_in(state, "search").is_some()
        })
        .await;
    bob.press("enter");
    bob.until("bob to be refused", |state| {
        state
            .interface
            .messages
            .iter()
            .any(|message| message.mood == Mood::Bad)
    })
    .await;
    let told = bob.said().join("\n");
    assert!(
        told.contains("alice") && told.contains("alice wants it out"),
        "{told}"
    );
    assert!(told.contains("nothing was sent"), "{told}");

    // Bob's board shows what alice does.
    bob.until("alice's promotion on bob's board", |state| {
        let flight = cell_in(state, "search").and_then(|cell| cell.in_flight.as_ref());
        flight.is_some_and(|flight| flight.by.as_ref().map(Person::as_str) == Some("alice"))
    })
    .await;
    assert!(bob.screen().contains("alice"), "{}", bob.screen());
    alice.until_promotion("search", &[Succeeded]).await;
    bob.until_promotion("search", &[Succeeded]).await;
    assert_eq!(evening.writes().len(), 1);
    let entries = evening.entries().await;
    let intended: Vec<&str> = entries
        .iter()
        .filter(|entry| entry.draft.event.kind() == "promotion.intended")
        .map(|entry| entry.draft.actor.as_str())
        .collect();
    assert_eq!(intended, ["alice"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_between_intent_and_permit_wins() {
    let evening = Evening::of(&["search"]).await;
    let mut alice = Operator::new(&evening.config());
    let mut bob = Operator::new(&evening.config_of("bob", "second"));
    alice.settle().await;
    bob.settle().await;
    alice.prepare("search", "now or never");
    // The facts are read again between the two: that takes a while now.
    evening.fault("POST", "/graphql", None, Effect::Latency { ms: 1_500 });
    alice.press("enter");
    alice.until_promotion("search", &[Intended]).await;
    bob.hold("search", "wait for the index");
    bob.until("bob's hold", |state| {
        !cell_in(state, "search").unwrap().holds.is_empty()
    })
    .await;
    alice.until_promotion("search", &[Abandoned]).await;
    assert_eq!(evening.writes(), []);
    let kinds = evening.kinds("search").await;
    assert_eq!(
        kinds,
        ["promotion.intended", "hold.placed", "promotion.abandoned"]
    );
    let told = alice.said().join("\n");
    assert!(told.contains("wait for the index"), "{told}");
    alice.until_shown("■ HOLD").await;
    let refusal = alice.plan("search").unwrap_err();
    assert!(
        refusal.why.contains("bob holds it: wait for the index"),
        "{}",
        refusal.why
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn h6_whoever_places_the_same_hold_again_sees_whose_it_is_and_why() {
    let evening = Evening::of(&["search"]).await;
    let mut alice = Operator::new(&evening.config());
    let mut bob = Operator::new(&evening.config_of("bob", "second"));
    alice.settle().await;
    bob.settle().await;
    alice.hold("search", "heap grows");
    bob.until("alice's hold on bob's board", |state| {
        !cell_in(state, "search").unwrap().holds.is_empty()
    })
    .await;
    // Beside existing holds the dialog lists them; the last button places another.
    bob.go_to("search");
    bob.press("H");
    assert!(
        bob.screen().contains("alice") && bob.screen().contains("heap grows"),
        "{}",
        bob.screen()
    );
    bob.press("tab tab tab enter up");
    bob.write("me too");
    bob.press("tab tab enter");
    bob.until_shown("is held already by alice: heap grows")
        .await;
    let kinds = evening.kinds("search").await;
    assert_eq!(kinds, ["hold.placed"]);
}
