//! Commands that make the forge act: one request each, recorded before and after.

use super::*;

#[test]
fn a_promotion_goes_all_the_way_and_is_on_record() {
    let sim = Sim::start(60.0);
    let ran = promote(&sim, "api-gateway", &["--wait", "--json"]);
    let answer = ran.done().json();
    assert_eq!(keys(&answer), ["schema", "promotions"]);
    let promotion = &answer["promotions"][0];
    assert_eq!(
        keys(promotion),
        [
            "service",
            "environment",
            "id",
            "from",
            "to",
            "state",
            "call",
            "why",
            "hint",
            "exit"
        ]
    );
    assert_eq!(
        (&promotion["state"], &promotion["exit"]),
        (&"succeeded".into(), &0.into())
    );
    let writes = sim.writes();
    assert_eq!(writes.len(), 1);
    assert!(
        promotion["call"]
            .as_str()
            .unwrap()
            .contains("pending_deployments")
    );
    let kinds = kinds(&sim);
    let steps: Vec<&str> = kinds
        .iter()
        .filter_map(|it| it.strip_prefix("promotion."))
        .collect();
    assert_eq!(steps[..3], ["intended", "sending", "accepted"]);
    assert_eq!(steps.last(), Some(&"succeeded"), "{steps:?}");
    let cell = sim
        .run(&["check", "api-gateway", "--to", "production", "--json"])
        .json();
    assert_eq!(
        (&cell["version"], &cell["revision"]),
        (&"v2.41.0".into(), &promotion["to"])
    );
    let again = promote(&sim, "api-gateway", &["--json"]);
    assert!(
        again.error(3)["message"]
            .as_str()
            .unwrap()
            .contains("nothing to promote")
    );
    assert_eq!(sim.writes().len(), 1);
}

#[test]
fn every_way_of_promoting_reaches_production() {
    let sim = Sim::start(60.0);
    // By deployment, by merge, by dispatch: each is one write of its own kind.
    for (service, path) in [
        ("search", "/deployments"),
        ("auth", "/merge"),
        ("geo", "/dispatches"),
    ] {
        let before = sim.writes().len();
        // The evening's search reports too little coverage: it goes past that gate, once.
        let past: &[&str] = match service {
            "search" => &["--wait", "--override", "quality"],
            _ => &["--wait"],
        };
        let ran = promote(&sim, service, past);
        assert_eq!(ran.code, 0, "{service}: {ran:?}");
        assert!(ran.out.contains("succeeded"), "{}", ran.out);
        let writes = sim.writes();
        assert_eq!(writes.len(), before + 1, "{service}");
        let last = writes.last().unwrap()["path"].as_str().unwrap();
        assert!(last.contains(path), "{last}");
    }
}

#[test]
fn several_at_once_go_where_they_may() {
    let sim = Sim::start(60.0);
    let mut arguments = vec![
        "promote",
        "api-gateway",
        "billing",
        "geo",
        "--to",
        "production",
        "--json",
    ];
    arguments.extend(CONFIRMED);
    let ran = sim.run(&arguments);
    assert_eq!(ran.code, 3, "{ran:?}");
    let answer = ran.json();
    let state = |name: &str| {
        let all = answer["promotions"].as_array().unwrap();
        let one = all.iter().find(|it| it["service"] == name).unwrap();
        (
            one["state"].as_str().unwrap().to_owned(),
            one["exit"].as_i64().unwrap(),
        )
    };
    assert_eq!(state("billing"), ("refused".into(), 3));
    assert_eq!((state("api-gateway").1, state("geo").1), (0, 0));
    assert_eq!(sim.writes().len(), 2);
}

#[test]
fn approve_reject_cancel_and_rerun_are_one_request_each() {
    let sim = Sim::start(1.0);
    let order = |command: &str, service: &str, environment: &str| {
        let mut arguments = vec![command, service, "--in", environment];
        arguments.extend(["--reason", "by a test", "--yes", "--confirm", environment]);
        let before = sim.writes().len();
        let ran = sim.run(&arguments);
        assert_eq!(ran.code, 0, "{command}: {ran:?}");
        let writes = sim.writes();
        assert_eq!(writes.len(), before + 1, "{command}");
        writes.last().unwrap()["path"].as_str().unwrap().to_owned()
    };
    assert!(order("approve", "api-gateway", "production").contains("/pending_deployments"));
    assert!(order("reject", "billing", "production").contains("/pending_deployments"));
    assert!(order("cancel", "fraud-ml", "production").ends_with("/cancel"));
    assert!(order("rerun", "ledger", "staging").ends_with("/rerun-failed-jobs"));
}

#[test]
fn read_only_changes_nothing_anywhere() {
    let sim = Sim::start(1.0);
    sim.run(&["status"]).done();
    let mut orders = vec![
        vec!["hold", "add", "--everything", "--reason", "x"],
        vec!["gate", "add", "x", "--everything", "--reason", "x"],
        vec!["vote", "go", "notify", "--as", "qa"],
    ];
    for command in ["approve", "cancel"] {
        let mut order = vec![command, "fraud-ml", "--in", "production"];
        order.extend(CONFIRMED);
        orders.push(order);
    }
    let mut order = vec!["promote", "api-gateway", "--to", "production"];
    order.extend(CONFIRMED);
    orders.push(order);
    for mut order in orders {
        order.extend(["--read-only", "--json"]);
        let ran = sim.run(&order);
        assert!(matches!(ran.code, 2 | 3), "{order:?}: {ran:?}");
        let error = ran.error(ran.code);
        let told = error["message"].as_str().unwrap();
        assert!(
            !told.is_empty() && !told.contains("did not answer"),
            "{order:?}: {told}"
        );
    }
    assert_eq!(sim.writes().len(), 0);
    assert_eq!(kinds(&sim), Vec::<String>::new());
    sim.run(&["status", "--read-only"]).done();
}

#[test]
fn production_is_not_confirmed_by_yes_alone() {
    let sim = Sim::start(1.0);
    let order = [
        "promote",
        "api-gateway",
        "--to",
        "production",
        "--reason",
        "x",
        "--json",
    ];
    for (more, told) in [
        (&["--yes"][..], "its name must be given"),
        (&["--yes", "--confirm", "staging"], "its name must be given"),
        (&[], "its name must be given"),
    ] {
        let arguments: Vec<&str> = order.iter().chain(more).copied().collect();
        let error = sim.run(&arguments).error(2);
        assert!(error["message"].as_str().unwrap().contains(told), "{error}");
        assert_eq!(error["hint"], "--confirm production");
    }
    let error = sim
        .run(&[
            "promote",
            "api-gateway",
            "--to",
            "production",
            "--yes",
            "--json",
        ])
        .error(2);
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("a reason is required")
    );
    assert_eq!(sim.writes().len(), 0);
    assert_eq!(kinds(&sim), Vec::<String>::new());
}

#[test]
fn a_promotion_of_another_revision_than_was_asked_for_is_refused() {
    let sim = Sim::start(1.0);
    let ran = promote(&sim, "api-gateway", &["--revision", "v2.40.0", "--json"]);
    let error = ran.error(3);
    assert!(
        error["message"].as_str().unwrap().contains("v2.41.0"),
        "{error}"
    );
    assert_eq!(sim.writes().len(), 0);
}
