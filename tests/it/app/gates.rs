//! Gates that rest on reports, issues and files, from the config to what the board says.

use std::collections::BTreeMap;

use gonogo::app::State;
use gonogo::domain::gate::{State as GateState, Verdict};
use gonogo::domain::ids::{EnvironmentName, ServiceName};
use gonogo::domain::promotion::State::Abandoned;
use gonogo::sim::world::Step;

use crate::harness::{Evening, Operator, PRODUCTION, cell_in, step};

const GATES: &str = r#"gates = [
    { kind = "quality", figures = [{ check = "unit", after = "coverage", at_least = 80 }] },
    { kind = "blocker", labels = ["release-blocker"] },
    { kind = "parity", file = "deploy/environment.toml" },
    { kind = "four-eyes", distinct = ["author", "promoter"] },
]"#;

async fn evening(services: &[&str]) -> Evening {
    let gates: toml::Table = GATES.parse().unwrap();
    Evening::with(services, 1.0, |world| {
        let named = world.client["service"].as_table_mut().unwrap();
        for (_, service) in named.iter_mut() {
            let service = service.as_table_mut().unwrap();
            service.insert("gates".into(), gates["gates"].clone());
        }
    })
    .await
}

fn verdicts(operator: &Operator, service: &str) -> BTreeMap<String, Verdict> {
    let (service, environment) = (
        ServiceName::from(service),
        EnvironmentName::from(PRODUCTION),
    );
    let cell = operator.state.engine.board.cell(&service, &environment);
    let verdicts = &cell.unwrap().judgement.verdicts;
    verdicts
        .iter()
        .map(|verdict| (verdict.gate.clone(), verdict.clone()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_gate_says_what_the_forge_holds() {
    let evening = evening(&["search", "billing", "checkout", "api-gateway"]).await;
    let mut operator = Operator::new(&evening.config());
    operator.settle().await;
    let says = |service: &str, gate: &str| {
        let verdict = verdicts(&operator, service)[gate].clone();
        (verdict.state, verdict.why)
    };
    let open = |service: &str, gate: &str, why: &str| {
        assert_eq!(
            says(service, gate),
            (GateState::Open, why.to_owned()),
            "{service}"
        );
    };
    let closed = |service: &str, gate: &str, why: &str| {
        assert_eq!(
            says(service, gate),
            (GateState::Closed, why.to_owned()),
            "{service}"
        );
    };
    open(
        "api-gateway",
        "quality",
        "unit coverage is 91.3 (at least 80)",
    );
    closed(
        "search",
        "quality",
        "unit coverage is 78.9 (at least 80 is asked)",
    );
    open(
        "search",
        "blocker",
        "no open issue or pull request has release-blocker",
    );
    let (state, why) = says("billing", "blocker");
    assert_eq!(state, GateState::Closed);
    assert!(
        why.ends_with("is open: Invoices in JPY are off by one"),
        "{why}"
    );
    let parity = &verdicts(&operator, "checkout")["parity"];
    assert_eq!(parity.state, GateState::Closed, "{parity:?}");
    assert!(
        parity
            .evidence
            .iter()
            .any(|it| it.what == "config.failover_region"
                && it.value == "eu-2 in staging, nothing in production"
                && it.url.is_some()
                && it.observed_at.is_some()),
        "{parity:?}"
    );
    assert_eq!(says("api-gateway", "parity").0, GateState::Open);
    assert_eq!(says("api-gateway", "four-eyes").0, GateState::Open);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocker_that_comes_between_the_key_and_the_send_abandons_it() {
    let evening = evening(&["api-gateway"]).await;
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    alice.prepare("api-gateway", "weekly");
    let issue = r#"{ at = "0s", do = "issue", by = "carol", text = "Logins fail", labels = ["release-blocker"] }"#;
    assert!(evening.sim.play("api-gateway", Step::clone(&step(issue))));
    alice.press("enter");
    alice.until_promotion("api-gateway", &[Abandoned]).await;
    assert!(alice.was_told("Logins fail"), "{:?}", alice.said());
    assert_eq!(evening.writes(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocker_is_seen_by_the_pulse_and_so_is_its_end() {
    let evening = evening(&["api-gateway"]).await;
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    let is = |wanted: GateState| move |state: &State| state_of(state, "blocker") == Some(wanted);
    alice.until("no blocker", is(GateState::Open)).await;
    let issue = r#"{ at = "0s", do = "issue", by = "carol", text = "Logins fail", labels = ["release-blocker"] }"#;
    assert!(evening.sim.play("api-gateway", Step::clone(&step(issue))));
    alice.until("a blocker", is(GateState::Closed)).await;
    alice.go_to("api-gateway");
    alice.until_shown("Logins fail").await;
}

fn state_of(state: &State, gate: &str) -> Option<GateState> {
    let cell = cell_in(state, "api-gateway")?;
    let mut verdicts = cell.judgement.verdicts.iter();
    Some(verdicts.find(|verdict| verdict.gate == gate)?.state)
}
