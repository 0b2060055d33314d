//! Releases in waves, over HTTP: what ships, what stops it, and who drives it.

use gonogo::app::State;
use gonogo::domain::release::run::Run;
use gonogo::sim::Effect;

use crate::harness::{self, Evening, Operator, PRODUCTION, cell_in};

const NAME: &str = "2026.47";
/// One service a wave: by deployment, by dispatch, by approval.
const WAVES: [&str; 3] = ["search", "geo", "api-gateway"];

async fn evening() -> Evening {
    // Whatever takes long here, nobody else deploys meanwhile.
    let evening = Evening::with(&WAVES, 120.0, harness::left_alone).await;
    evening.edit_config(|config| {
        let release: toml::Table = format!(
            "[release.\"{NAME}\"]\nservices = {WAVES:?}\nwaves = [[{:?}], [{:?}], [{:?}]]\nroles = [\"qa\"]",
            WAVES[0], WAVES[1], WAVES[2]
        )
        .parse()
        .unwrap();
        config.extend(release);
    });
    evening
}

fn run(state: &State) -> Option<&Run> {
    state.engine.last_run(&NAME.into())
}

fn ended(state: &State) -> Option<&'static str> {
    Some(run(state)?.ended.as_ref()?.how.word())
}

fn is_live(state: &State, service: &str) -> bool {
    let cell = cell_in(state, service);
    cell.is_some_and(|cell| cell.candidate.is_none() && cell.live.is_some())
}

/// Votes go and starts, all by the keys.
async fn start(alice: &mut Operator) {
    alice.settle().await;
    alice.press("2 V tab enter");
    alice.until_shown("✓ GO").await;
    alice.press("P up up");
    alice.write("weekly");
    alice.press("tab");
    alice.write(PRODUCTION);
    alice.press("tab tab enter");
    alice.until("the run", |state| run(state).is_some()).await;
}

fn writes(evening: &Evening, service: &str) -> usize {
    let repo = format!("/repos/acme/{service}/");
    let writes = evening.writes();
    writes.iter().filter(|it| it.path.contains(&repo)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn three_waves_ship_in_order_each_sent_once() {
    let evening = evening().await;
    let mut alice = Operator::new(&evening.config());
    start(&mut alice).await;
    alice
        .until("shipped", |state| ended(state) == Some("shipped"))
        .await;
    for service in WAVES {
        assert_eq!(writes(&evening, service), 1, "{service}");
        assert!(is_live(&alice.state, service), "{service}");
    }
    let entries = evening.entries().await;
    let story: Vec<String> = entries
        .iter()
        .map(|entry| (entry.draft.event.kind(), entry.draft.service.as_ref()))
        .filter(|(kind, _)| {
            ["promotion.intended", "promotion.succeeded"].contains(&kind.as_str())
                || kind.starts_with("release.")
        })
        .map(|(kind, service)| match service {
            Some(service) => format!("{kind} {service}"),
            None => kind,
        })
        .collect();
    assert_eq!(
        story,
        [
            "release.started",
            "promotion.intended search",
            "promotion.succeeded search",
            "promotion.intended geo",
            "promotion.succeeded geo",
            "promotion.intended api-gateway",
            "promotion.succeeded api-gateway",
            "release.shipped",
        ]
    );
    assert!(alice.screen().contains("SHIPPED"), "{}", alice.screen());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_in_the_second_wave_stops_it_and_says_how_to_go_back() {
    let evening = evening().await;
    let mut alice = Operator::new(&evening.config());
    evening.fault(
        "POST",
        "/dispatches",
        Some(1),
        Effect::Status {
            status: 422,
            body: "{\"message\":\"No ref found\"}".into(),
            headers: std::collections::BTreeMap::new(),
        },
    );
    start(&mut alice).await;
    alice
        .until("stopped", |state| ended(state) == Some("stopped"))
        .await;
    assert!(is_live(&alice.state, "search"), "what is done stays");
    assert_eq!(writes(&evening, "api-gateway"), 0);
    assert!(
        alice.was_told("to go back, in this order: search to"),
        "{:?}",
        alice.said()
    );
    assert!(
        alice.screen().contains("GO BACK   B search to"),
        "{}",
        alice.screen()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_in_the_middle_stops_the_next_wave_until_it_is_lifted() {
    let evening = evening().await;
    let mut alice = Operator::new(&evening.config());
    let mut bob = Operator::new(&evening.config_of("bob", "second"));
    bob.settle().await;
    start(&mut alice).await;
    bob.hold("geo", "looks wrong");
    alice
        .until("the first wave", |state| is_live(state, "search"))
        .await;
    alice.press("2");
    alice.until_shown("looks wrong").await;
    for _ in 0..20 {
        alice.step().await;
    }
    assert_eq!(writes(&evening, "geo"), 0);
    bob.until("bob's hold", |state| {
        !state.engine.ledger.as_ref().unwrap().holds.is_empty()
    })
    .await;
    let id = bob
        .state
        .engine
        .ledger
        .as_ref()
        .unwrap()
        .holds
        .keys()
        .next()
        .cloned()
        .unwrap();
    bob.handle(gonogo::app::Msg::Asked(
        gonogo::app::request::Request::LiftHold {
            id,
            reason: "it was nothing".into(),
        },
    ));
    bob.until("the lift", |state| {
        state.engine.ledger.as_ref().unwrap().holds.is_empty()
    })
    .await;
    alice
        .until("shipped", |state| ended(state) == Some("shipped"))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_on_after_its_driver_is_gone_and_nothing_is_sent_twice() {
    let evening = evening().await;
    let mut alice = Operator::new(&evening.config());
    start(&mut alice).await;
    alice
        .until("the first write", |_| !evening.writes().is_empty())
        .await;
    // Gone, like a power cut: nothing is told, nothing is finished.
    drop(alice);
    let mut bob = Operator::new(&evening.config_of("bob", "second"));
    bob.settle().await;
    bob.press("2");
    bob.until("the run", |state| run(state).is_some()).await;
    bob.until_shown("NO DRIVER IS SEEN").await;
    assert_eq!(writes(&evening, "geo"), 0, "nobody drives it");
    bob.press("R tab enter");
    bob.until("shipped", |state| ended(state) == Some("shipped"))
        .await;
    for service in WAVES {
        assert_eq!(writes(&evening, service), 1, "{service}");
    }
    let kinds: Vec<String> = evening
        .entries()
        .await
        .iter()
        .map(|entry| entry.draft.event.kind())
        .filter(|kind| kind.starts_with("release."))
        .collect();
    assert_eq!(
        kinds,
        ["release.started", "release.resumed", "release.shipped"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_operators_who_start_it_one_drives_it() {
    let evening = evening().await;
    let mut alice = Operator::new(&evening.config());
    let mut again = Operator::new(&evening.config());
    again.settle().await;
    start(&mut alice).await;
    again
        .until("the run on the other board", |state| run(state).is_some())
        .await;
    again.press("2 P");
    assert!(
        again.screen().contains("runs already"),
        "{}",
        again.screen()
    );
    again.press("esc");
    // The other takes it over in the middle; both go on looking at it.
    again.press("R tab enter");
    for _ in 0..2_000 {
        alice.step().await;
        again.step().await;
        if ended(&again.state) == Some("shipped") {
            break;
        }
    }
    assert_eq!(ended(&again.state), Some("shipped"), "{}", again.screen());
    for service in WAVES {
        assert_eq!(writes(&evening, service), 1, "{service}");
    }
}
