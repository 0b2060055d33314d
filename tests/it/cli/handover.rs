//! The hand-over by commands alone: how things stand, given by one person, accepted by another.

use super::*;

#[test]
fn the_evening_is_handed_over_and_taken_over_by_somebody_else_once() {
    let sim = Sim::start(60.0);
    sim.run(&[
        "hold",
        "add",
        "--service",
        "web",
        "--reason",
        "look @here first",
    ])
    .done();
    let note = sim.run(&["handover"]).done().out.clone();
    assert!(note.starts_with("**Hand-over** "), "{note}");
    assert!(note.contains("**Holds** (1)"), "{note}");
    assert!(note.contains(r"look \@here first"), "{note}");
    let json = sim.run(&["handover", "--json"]).done().json();
    let holds = json["note"]["holds"].as_array().unwrap();
    assert_eq!(holds.len(), 1, "{json}");
    assert_eq!(holds[0]["service"], "web");
    assert!(json["last"].is_null());

    let nothing = sim.run(&["handover", "accept", "--json"]).error(3);
    let why = nothing["message"].as_str().unwrap();
    assert!(why.contains("no hand-over"), "{why}");
    sim.run(&["handover", "give", "--note", "watch web"]).done();
    let own = sim.run(&["handover", "accept", "--json"]).error(3);
    let why = own["message"].as_str().unwrap();
    assert!(why.contains("somebody else accepts it"), "{why}");

    let dee = sim.config_with("dee", |text| {
        let mut config: toml::Table = text.parse().unwrap();
        config["operator"]["name"] = "dee".into();
        config.to_string()
    });
    let accepted = sim.run_with(&dee, &["handover", "accept", "--json"]);
    let entry = &accepted.done().json()["entry"];
    assert_eq!(entry["kind"], "handover.accepted");
    sim.run_with(&dee, &["handover", "accept", "--json"])
        .error(3);
    let last = sim.run(&["handover", "--json"]).done().json();
    assert_eq!(last["last"]["accepted"]["by"], "dee", "{last}");
    assert_eq!(last["last"]["remark"], "watch web");
}
