//! Holds, sign-offs and manual gates, by the keys.

use gonogo::app::State;
use gonogo::domain::gate::Go;
use gonogo::domain::promotion::State::{Running, Succeeded};
use jiff::SignedDuration;

use crate::harness::{Evening, Operator, cell_in, step};

fn goes(state: &State, service: &str) -> bool {
    cell_in(state, service).unwrap().judgement.go_at(state.now) == Go::Go
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_opens_the_sign_off_and_then_it_can_be_promoted() {
    let evening = Evening::of(&["notify"]).await;
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    assert!(!goes(&alice.state, "notify"));
    alice.go_to("notify");
    // On Cancel; the next is to vote go as qa.
    alice.press("V tab enter");
    alice
        .until("the gate to open", |state| goes(state, "notify"))
        .await;
    assert!(
        alice.was_told("voted go as qa on notify production v0.9.3 > v0.9.4"),
        "{:?}",
        alice.said()
    );
    alice.promote("notify", "signed off");
    alice.until_promotion("notify", &[Succeeded]).await;
    assert_eq!(evening.live("notify").as_deref(), Some("v0.9.4"));
    assert_eq!(
        evening.kinds("notify").await.first().map(String::as_str),
        Some("vote.cast")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_no_go_closes_the_sign_off() {
    let evening = Evening::of(&["notify"]).await;
    let mut alice = Operator::new(&evening.config());
    let mut dee = Operator::new(&evening.config_of("dee", "second"));
    alice.settle().await;
    dee.settle().await;
    alice.go_to("notify");
    alice.press("V tab enter");
    alice
        .until("her own go", |state| goes(state, "notify"))
        .await;
    dee.until("alice's go", |state| goes(state, "notify")).await;
    dee.go_to("notify");
    // Up to the action, one to the right: no-go, which wants a reason.
    dee.press("V up up up right tab tab");
    dee.write("mails arrive twice");
    dee.press("tab tab enter");
    alice
        .until("dee's no-go", |state| !goes(state, "notify"))
        .await;
    let refusal = alice.plan("notify").unwrap_err();
    assert!(
        refusal.why.contains("sign-off") && refusal.why.contains("dee"),
        "{}",
        refusal.why
    );
    assert_eq!(evening.kinds("notify").await, ["vote.cast", "vote.cast"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manual_gate_is_added_opened_and_closed_again() {
    let evening = Evening::of(&["search"]).await;
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    alice.go_to("search");
    // No vote is asked for there: it begins with a gate to be put up.
    alice.press("V up up");
    alice.write("catering");
    alice.press("tab");
    alice.write("no cake, no release");
    alice.press("tab tab enter");
    alice
        .until("the gate to be closed", |state| !goes(state, "search"))
        .await;
    assert!(
        alice.screen().contains("manual catering"),
        "{}",
        alice.screen()
    );
    // Now it begins with that gate.
    alice.press("V up");
    alice.write("cake is here");
    alice.press("tab tab enter");
    alice
        .until("the gate to be open", |state| goes(state, "search"))
        .await;
    // Nothing waits any more; to close it again is the last of the actions.
    alice.press("V up up up up up right tab");
    alice.write("cake is gone");
    alice.press("tab tab enter");
    alice
        .until("the gate to be closed again", |state| {
            !goes(state, "search")
        })
        .await;
    assert_eq!(
        evening.kinds("search").await,
        ["gate.added", "gate.opened", "gate.closed"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_is_edited_and_lifted() {
    let evening = Evening::of(&["search"]).await;
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    alice.hold("search", "heap grows");
    alice.until_shown("■ HOLD").await;
    let since = alice.cell("search").holds[0].since;
    // List, reason, cancel, lift, edit, hold: edit.
    alice.press("H tab tab enter up");
    alice.write(", ask carol");
    alice.press("tab tab enter");
    alice
        .until("the edit", |state| {
            cell_in(state, "search").unwrap().holds[0].reason != "heap grows"
        })
        .await;
    let hold = alice.cell("search").holds[0].clone();
    assert_eq!(
        (hold.reason.as_str(), hold.since),
        ("heap grows, ask carol", since)
    );
    alice.press("H up");
    alice.write("heap is fine");
    alice.press("tab tab enter");
    alice
        .until("the hold to be gone", |state| goes(state, "search"))
        .await;
    assert!(!alice.screen().contains("■ HOLD"), "{}", alice.screen());
    assert_eq!(
        evening.kinds("search").await,
        ["hold.placed", "hold.edited", "hold.lifted"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_lets_the_running_step_finish_and_the_next_one_not_start() {
    let evening = Evening::with(&["search"], 1.0, |world| {
        let land = r#"{ at = "+30m", do = "land", by = "ann", text = "Faster", approved = ["dee"], tag = "v7.2.0" }"#;
        world.repos[0].story.push(step(land));
    })
    .await;
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    alice.promote("search", "weekly");
    alice.until_promotion("search", &[Running]).await;
    alice.hold("search", "heap grows");
    alice
        .until("the hold", |state| {
            !cell_in(state, "search").unwrap().holds.is_empty()
        })
        .await;
    // What runs is still shown as running, and finishes.
    assert!(
        alice.screen().contains("▸ search production v7.1.0"),
        "{}",
        alice.screen()
    );
    evening.sim.advance(SignedDuration::from_mins(5));
    alice.until_promotion("search", &[Succeeded]).await;
    alice.until_shown("■ HOLD").await;
    assert_eq!(evening.live("search").as_deref(), Some("v7.1.0"));
    // The next one does not start.
    evening.sim.advance(SignedDuration::from_mins(55));
    alice
        .until("the next candidate", |state| {
            cell_in(state, "search").unwrap().candidate.is_some()
        })
        .await;
    alice.prepare("search", "another");
    let refusal = alice.dialog().clone().unwrap_err();
    assert!(
        refusal.why.contains("alice holds it: heap grows"),
        "{}",
        refusal.why
    );
    alice.press("tab enter");
    assert_eq!(evening.writes().len(), 1);
    let kinds = evening.kinds("search").await;
    assert_eq!(
        kinds
            .iter()
            .filter(|kind| *kind == "promotion.intended")
            .count(),
        1,
        "{kinds:?}"
    );
    assert!(kinds.contains(&"hold.placed".to_owned()));
    let ended = kinds.iter().rfind(|kind| kind.starts_with("promotion."));
    assert_eq!(ended.map(String::as_str), Some("promotion.succeeded"));
}

/// The config's production gets a brake.
fn brake(evening: &Evening, ways: &[&str]) {
    evening.edit_config(|config| {
        let ways: Vec<toml::Value> = ways.iter().map(|way| (*way).into()).collect();
        let mut brake = toml::Table::new();
        brake.insert("github".into(), ways.into());
        config["environment"]["production"]
            .as_table_mut()
            .unwrap()
            .insert("brake".into(), brake.into());
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_is_the_forges_own_brake_until_it_is_lifted() {
    let evening = Evening::of(&["auth"]).await;
    brake(&evening, &["status"]);
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    alice.hold("auth", "heap grows");
    alice.until_shown("BRAKE effective").await;
    let screen = alice.screen();
    assert!(screen.contains("status hold/production on"), "{screen}");
    assert_eq!(evening.writes().len(), 1);
    let state = evening.sim.state();
    let repo = state.repo("acme", "auth").unwrap();
    let status = repo.statuses.last().unwrap();
    assert_eq!(
        (status.context.as_str(), status.state.word()),
        ("hold/production", "failure")
    );
    let said = status.description.clone().unwrap();
    assert!(said.starts_with("held by alice: heap grows"), "{said}");
    // Another board reads it back for itself.
    let mut dee = Operator::new(&evening.config_of("dee", "second"));
    dee.settle().await;
    dee.go_to("auth");
    dee.until_shown("BRAKE effective").await;
    assert_eq!(evening.writes().len(), 1);
    // List, reason, cancel, lift.
    alice.press("H up");
    alice.write("fixed");
    alice.press("tab tab enter");
    alice
        .until("the brake to go", |state| {
            let ledger = state.engine.ledger.as_ref().unwrap();
            ledger.holds.is_empty() && !state.engine.is_braking(state.now)
        })
        .await;
    let state = evening.sim.state();
    let repo = state.repo("acme", "auth").unwrap();
    assert_eq!(repo.statuses.last().unwrap().state.word(), "success");
    assert_eq!(evening.writes().len(), 2);
    // The timeline has it still.
    let screen = alice.screen();
    assert!(
        !screen.contains("BRAKE effective") && !screen.contains("BRAKE LEFT"),
        "{screen}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_brake_that_the_forge_refuses_is_told_and_bound_again_by_the_key() {
    let evening = Evening::of(&["auth"]).await;
    brake(&evening, &["status"]);
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    let refuse = gonogo::sim::Effect::Status {
        status: 403,
        body: "{\"message\":\"Resource not accessible by personal access token\"}".into(),
        headers: std::collections::BTreeMap::default(),
    };
    evening.fault("POST", "/statuses/", Some(1), refuse);
    alice.hold("auth", "heap grows");
    alice.until_shown("BRAKE advisory only").await;
    let screen = alice.screen();
    assert!(screen.contains("Resource not accessible"), "{screen}");
    // The hold is on all the same.
    assert!(!goes(&alice.state, "auth"));
    // List, reason, cancel, lift, edit, bind.
    alice.press("H tab tab tab enter");
    alice.until_shown("BRAKE effective").await;
    assert_eq!(evening.writes().len(), 2);
}
