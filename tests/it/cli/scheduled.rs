//! W6: `promote --at`, judged for its time when it is ordered, and again at its start.

use super::*;

fn soon(seconds: i64) -> String {
    (gonogo::runtime::clock::now() + jiff::SignedDuration::from_secs(seconds)).to_string()
}

#[test]
fn w6_a_scheduled_promotion_starts_at_its_time_and_not_before() {
    let sim = Sim::start(1.0);
    let at = soon(8);
    let ran = promote(&sim, "api-gateway", &["--at", &at]);
    ran.done();
    assert!(
        ran.err.contains("api-gateway > production v2.41.0 at 20"),
        "{ran:?}"
    );
    assert!(!ran.err.contains("would be no-go"), "{ran:?}");
    let log = sim.run(&["log", "--json"]);
    let mut entries = log.out.lines().map(|line| {
        let entry: Value = serde_json::from_str(line).unwrap();
        entry
    });
    let intended = entries.find(|entry| entry["kind"] == "promotion.intended");
    let intended = intended.unwrap()["at"].as_str().unwrap().to_owned();
    let instant = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    assert!(instant(&intended) >= instant(&at), "{intended} {at}");
    assert_eq!(sim.writes().len(), 1);
}

#[test]
fn w6_what_is_not_go_at_its_start_is_not_sent() {
    let sim = Sim::start(1.0);
    // Told when it is ordered: a freeze will be on then.
    let frozen = sim.config_with("frozen", |text| {
        format!(
            "{text}\n[freeze.stocktaking]\nfrom = \"2020-01-01 00:00\"\nto = \"2099-01-01 00:00\"\n\
             zone = \"UTC\"\nreason = \"stocktaking\"\n"
        )
    });
    let order = |at: &str| {
        let mut arguments = vec!["promote", "api-gateway", "--to", "production", "--at"];
        arguments.push(at);
        arguments.extend(CONFIRMED);
        arguments.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let arguments = order(&soon(6));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ran = sim.run_with(&frozen, &arguments);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(
        ran.err.contains("would be no-go then: window: stocktaking"),
        "{ran:?}"
    );
    // Not foreseen: somebody holds it while it waits.
    let waits = std::thread::scope(|scope| {
        let waits = scope.spawn(|| promote(&sim, "api-gateway", &["--at", &soon(15)]));
        let hold = [
            "hold",
            "add",
            "--service",
            "api-gateway",
            "--in",
            "production",
            "--reason",
            "wait",
        ];
        sim.run(&hold).done();
        waits.join().unwrap()
    });
    assert_eq!(waits.code, 3, "{waits:?}");
    assert!(waits.err.contains("hold"), "{waits:?}");
    assert_eq!(sim.writes().len(), 0);
    let past = promote(&sim, "api-gateway", &["--at", "2020-01-01T00:00:00Z"]);
    assert_eq!(past.code, 2, "{past:?}");
}
