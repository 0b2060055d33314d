//! Promotions that may not go: each gate refuses on its own, the board and the command line in the
//! same words, and nothing is recorded or sent.

use std::path::Path;
use std::process::Command;

use gonogo::app::request::{Refusal, RefusalKind};
use gonogo::domain::gate::State as GateState;
use gonogo::sim::{Effect, Fault, Matcher};

use crate::harness::{Evening, Operator, PRODUCTION, cell_in};

/// Digits tell the age of what was read, which goes on between two looks.
fn timeless(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_ascii_digit() { '#' } else { letter })
        .collect()
}

/// Presses P, fills everything in and confirms: the dialog must refuse, and so must the engine.
fn refused_on_board(operator: &mut Operator, service: &str) -> Refusal {
    operator.prepare(service, "let it go");
    let shown = operator
        .dialog()
        .clone()
        .expect_err("the dialog must refuse");
    let screen = operator.screen();
    assert!(screen.contains("REFUSED"), "{screen}");
    operator.press("tab enter tab enter esc");
    let planned = operator.plan(service).expect_err("the engine must refuse");
    assert_eq!(
        (shown.kind, timeless(&shown.why)),
        (planned.kind, timeless(&planned.why))
    );
    shown
}

/// What the command line says to the same order: exit code and standard error.
fn refused_on_command_line(config: &Path, service: &str) -> (i32, String) {
    let home = config.parent().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_gonogo"))
        .args([
            "promote",
            service,
            "--to",
            PRODUCTION,
            "--reason",
            "let it go",
            "--confirm",
            PRODUCTION,
        ])
        .arg("--config")
        .arg(config)
        .env_clear()
        .env("HOME", home)
        .output()
        .unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

/// Refused by `gate`, with the same words everywhere and no trace.
async fn refused(
    evening: &Evening,
    operator: &mut Operator,
    service: &str,
    gate: &str,
    word: &str,
) {
    let refusal = refused_on_board(operator, service);
    assert!(
        refusal.why.contains(&format!("{gate} (")),
        "{}",
        refusal.why
    );
    assert!(refusal.why.contains(word), "{}", refusal.why);
    let cell = operator.cell(service);
    let verdict = cell
        .judgement
        .verdicts
        .iter()
        .find(|verdict| verdict.gate == gate)
        .unwrap();
    assert!(
        !verdict.state_at(operator.state.now).passes(),
        "{verdict:?}"
    );
    let (exit, told) = refused_on_command_line(&evening.config(), service);
    assert!(
        timeless(&told).contains(&timeless(&refusal.why)),
        "{told}\nis not\n{}",
        refusal.why
    );
    let expected = if refusal.kind == RefusalKind::Facts {
        7
    } else {
        3
    };
    assert_eq!(exit, expected, "{told}");
    no_trace(evening, service).await;
}

async fn no_trace(evening: &Evening, service: &str) {
    assert_eq!(evening.writes(), []);
    let kinds = evening.kinds(service).await;
    assert!(
        !kinds.iter().any(|kind| kind.starts_with("promotion")),
        "{kinds:?}"
    );
}

async fn board(service: &str) -> (Evening, Operator) {
    let evening = Evening::of(&[service]).await;
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    (evening, alice)
}

#[tokio::test(flavor = "multi_thread")]
async fn stale_facts_refuse() {
    let evening = Evening::of(&["search"]).await;
    evening.edit_config(|config| config["poll"]["max_age"] = "2s".into());
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    assert!(alice.plan("search").is_ok());
    let effect = Effect::Status {
        status: 502,
        body: "<html>bad gateway</html>".into(),
        headers: [].into(),
    };
    evening.sim.inject(Fault {
        matcher: Matcher::default(),
        times: None,
        effect,
    });
    alice
        .until("facts to be stale", |state| {
            let fresh = cell_in(state, "search")
                .unwrap()
                .judgement
                .verdicts
                .get(0)
                .unwrap();
            fresh.state_at(state.now) == GateState::Unknown
        })
        .await;
    let refusal = refused_on_board(&mut alice, "search");
    assert_eq!(refusal.kind, RefusalKind::Facts);
    assert!(
        refusal.why.contains("what is known of search is"),
        "{}",
        refusal.why
    );
    alice.until_shown("? STALE").await;
    assert!(!alice.screen().contains("◆ READY"), "{}", alice.screen());
    no_trace(&evening, "search").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pipeline_refuses_a_red_check_unless_policy_ignores_it() {
    let (_evening, mut alice) = board("sessions").await;
    assert!(alice.plan("sessions").is_ok(), "hold/production is ignored");
    let evening = Evening::of(&["sessions"]).await;
    evening.edit_config(|config| {
        let gates = &mut config["policy"]["regulated"]["gates"];
        let ignored = gates[0]["ignored"].as_array_mut().unwrap();
        ignored.retain(|name| name.as_str() != Some("hold/production"));
    });
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    let why = "hold/production is red";
    refused(&evening, &mut alice, "sessions", "pipeline", why).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_path_refuses() {
    let evening = Evening::of(&["api-gateway"]).await;
    evening.edit_config(|config| {
        let mut qa = toml::Table::new();
        qa.insert("tier".into(), "fast".into());
        config["environment"]
            .as_table_mut()
            .unwrap()
            .insert("qa".into(), qa.into());
        let path = ["dev", "staging", "qa", PRODUCTION].map(toml::Value::from);
        config["service"]["api-gateway"]["path"] = toml::Value::Array(path.to_vec());
    });
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    refused(&evening, &mut alice, "api-gateway", "path", "qa").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_soak_refuses() {
    let (evening, mut alice) = board("checkout").await;
    refused(
        &evening,
        &mut alice,
        "checkout",
        "soak",
        "of 30m in staging",
    )
    .await;
    alice.until_shown("◷ WAIT soak").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_review_refuses() {
    let (evening, mut alice) = board("billing").await;
    refused(
        &evening,
        &mut alice,
        "billing",
        "review",
        "0 of 1 approvals",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_window_refuses() {
    let evening = Evening::of(&["search"]).await;
    evening.edit_config(|config| {
        let freeze = config["freeze"]["year-end"].as_table_mut().unwrap();
        freeze.insert("from".into(), "2020-01-01 00:00".into());
        freeze.insert("to".into(), "2099-01-01 00:00".into());
    });
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    refused(&evening, &mut alice, "search", "window", "year-end").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_refuses_its_owner_too() {
    let (evening, mut alice) = board("search").await;
    alice.hold("search", "index is being rebuilt");
    alice.until_shown("■ HOLD").await;
    refused(
        &evening,
        &mut alice,
        "search",
        "hold",
        "alice holds it: index is being rebuilt",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manual_gate_refuses() {
    let (evening, mut alice) = board("search").await;
    // No vote is asked for there: it begins with a gate to be put up. A name, a reason.
    alice.go_to("search");
    alice.press("V up up");
    alice.write("catering");
    alice.press("tab");
    alice.write("no cake, no release");
    alice.press("tab tab enter");
    alice
        .until("the gate", |state| {
            cell_in(state, "search").unwrap().judgement.verdicts.len() > 8
        })
        .await;
    refused(
        &evening,
        &mut alice,
        "search",
        "manual catering",
        "no cake, no release",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_sign_off_refuses() {
    let (evening, mut alice) = board("notify").await;
    refused(
        &evening,
        &mut alice,
        "notify",
        "sign-off",
        "0 of 1 go, waits for qa",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_forge_refuses_while_a_deployment_is_under_way() {
    let evening = Evening::with(&["fraud-ml"], 1.0, |_| {}).await;
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    refused(
        &evening,
        &mut alice,
        "fraud-ml",
        "forge",
        "is deploying v1.12.0",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_forge_refuses_whoever_may_only_read() {
    let evening = Evening::of(&["search"]).await;
    let config = evening.config_of("mia", "read");
    std::fs::copy(&config, evening.config()).unwrap();
    let mut mia = Operator::new(&evening.config());
    mia.settle().await;
    refused(&evening, &mut mia, "search", "forge", "token").await;
}
