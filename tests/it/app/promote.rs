//! The way that everybody hopes for: P, a reason, the typed name, and production has it.

use gonogo::domain::promotion::State::{Running, Succeeded};
use jiff::SignedDuration;

use crate::harness::{Evening, Operator, PRODUCTION, cell_in};

#[tokio::test(flavor = "multi_thread")]
async fn a_promotion_goes_from_the_key_to_production_on_screen() {
    // At the pace of life, so that nothing happens until the clock is moved.
    let evening = Evening::with(&["api-gateway"], 1.0, |_| {}).await;
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    assert_eq!(evening.live("api-gateway").as_deref(), Some("v2.40.3"));

    alice.go_to("api-gateway");
    assert!(alice.screen().contains("◆ READY"), "{}", alice.screen());
    alice.press("P");
    let screen = alice.screen();
    for shown in [
        "PROMOTE api-gateway",
        "v2.40.3 > v2.41.0",
        "> Cancel <",
        "/pending_deployments",
        "state=approved",
    ] {
        assert!(screen.contains(shown), "{shown}\n{screen}");
    }
    // Enter on Cancel sends nothing.
    alice.press("enter");
    alice.promote("api-gateway", "weekly release");
    alice.until_promotion("api-gateway", &[Running]).await;
    assert!(alice.screen().contains("▸ RUN"), "{}", alice.screen());

    evening.sim.advance(SignedDuration::from_mins(4));
    alice.until_promotion("api-gateway", &[Succeeded]).await;
    alice.until_shown("[v2.41.0 ✓ OK]").await;
    assert_eq!(evening.live("api-gateway").as_deref(), Some("v2.41.0"));
    let steps = ["intended", "sending", "accepted", "running", "succeeded"];
    alice
        .until("whose deployment it was", |state| {
            let ledger = state.engine.ledger.as_ref().unwrap();
            !ledger.deployments.is_empty()
        })
        .await;
    let mut kinds = evening.kinds("api-gateway").await;
    assert_eq!(kinds.pop().as_deref(), Some("deployment.seen"));
    assert_eq!(kinds, steps.map(|step| format!("promotion.{step}")));
    let writes = evening.writes();
    assert_eq!(writes.len(), 1, "{writes:?}");
    assert!(
        writes[0].path.ends_with("/pending_deployments"),
        "{writes:?}"
    );
    let entries = evening.entries().await;
    assert_eq!(entries[0].draft.reason.as_deref(), Some("weekly release"));
    assert!(
        entries
            .iter()
            .all(|entry| entry.draft.actor.as_str() == "alice")
    );

    // The timeline tells the same.
    alice.press("3");
    let screen = alice.screen();
    assert!(
        screen.contains("✓ succeeded") && screen.contains("v2.40.3 > v2.41.0"),
        "{screen}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_of_promotion_brings_production_what_staging_has_by_one_write() {
    let ways = [
        ("api-gateway", "v2.41.0", "POST", "/pending_deployments"),
        (
            "geo",
            "v2.3.1",
            "POST",
            "/actions/workflows/deploy.yml/dispatches",
        ),
        ("search", "v7.1.0", "POST", "/deployments"),
        ("auth", "v6.3.0", "PUT", "/merge"),
    ];
    let evening = Evening::of(&ways.map(|(service, ..)| service)).await;
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    for (service, ..) in ways {
        alice.promote(service, "all ways");
        assert!(
            alice.was_told(&format!("on its way: {service} > {PRODUCTION}")),
            "{}",
            alice.screen()
        );
    }
    for (service, version, method, path) in ways {
        alice.until_promotion(service, &[Succeeded]).await;
        alice
            .until("nothing more to promote", |state| {
                cell_in(state, service).unwrap().candidate.is_none()
            })
            .await;
        let promotion = alice.promotion(service);
        let wanted = promotion.intent.to;
        // A merge makes a commit of its own.
        let made = promotion
            .handle
            .and_then(|handle| handle.sha)
            .unwrap_or(wanted.sha.clone());
        assert_eq!(
            alice.cell(service).live.as_ref().unwrap().sha,
            made,
            "{service}"
        );
        assert_eq!(wanted.version.as_deref(), Some(version), "{service}");
        let repo = format!("/repos/acme/{service}/");
        let writes: Vec<_> = evening
            .writes()
            .into_iter()
            .filter(|write| write.path.contains(&repo))
            .collect();
        assert_eq!(writes.len(), 1, "{writes:?}");
        assert_eq!(writes[0].method, method);
        assert!(writes[0].path.contains(path), "{writes:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_that_fails_on_the_forge_is_a_failed_promotion() {
    let evening = Evening::with(&["search"], 120.0, |world| world.forge.flaky = 1.0).await;
    let mut alice = Operator::new(&evening.config());
    alice.settle().await;
    alice.promote("search", "unlucky");
    alice
        .until_promotion("search", &[gonogo::domain::promotion::State::Failed])
        .await;
    alice.until_shown("✗ FAIL").await;
    assert_eq!(evening.live("search").as_deref(), Some("v7.0.8"));
    assert_eq!(evening.writes().len(), 1);
}
