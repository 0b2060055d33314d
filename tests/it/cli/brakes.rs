//! Holds that bind: placed, listed with their proof, bound again and lifted, by commands alone.

use std::path::PathBuf;

use super::*;

fn braked(sim: &Sim) -> PathBuf {
    sim.config_with("braked", |text| {
        let mut config: toml::Table = text.parse().unwrap();
        let brake: toml::Table = "github = [\"status\"]".parse().unwrap();
        let production = config["environment"]["production"].as_table_mut().unwrap();
        production.insert("brake".into(), brake.into());
        config.to_string()
    })
}

const HOLD: [&str; 9] = [
    "hold",
    "add",
    "--service",
    "auth",
    "--in",
    "production",
    "--reason",
    "heap grows",
    "--json",
];

#[test]
fn a_hold_is_placed_proven_and_lifted_with_its_brake() {
    let sim = Sim::start(1.0);
    let config = braked(&sim);
    let placed = sim.run_with(&config, &HOLD).done().json();
    assert_eq!(
        keys(&placed),
        ["schema", "done", "entry", "trouble", "brakes"]
    );
    let brake = &placed["brakes"][0];
    assert_eq!(
        keys(brake),
        ["service", "environment", "effect", "left", "proofs"]
    );
    assert_eq!(brake["effect"], "effective", "{placed}");
    assert_eq!(sim.writes().len(), 1);
    let list = sim
        .run_with(&config, &["hold", "list", "--json"])
        .done()
        .json();
    let hold = &list["holds"][0];
    assert_eq!(hold["brake"]["effect"], "effective", "{list}");
    let proof = &hold["brake"]["cells"][0]["proofs"][0];
    assert_eq!(keys(proof), ["way", "effect", "says", "read_at"]);
    assert!(
        proof["says"].as_str().unwrap().contains("hold/production"),
        "{list}"
    );
    let told = sim.run_with(&config, &["hold", "list"]).done().out.clone();
    assert!(told.contains("effective"), "{told}");
    let id = hold["id"].as_str().unwrap().to_owned();
    sim.run_with(&config, &["hold", "lift", &id, "--reason", "fixed"])
        .done();
    assert_eq!(sim.writes().len(), 2);
    let list = sim
        .run_with(&config, &["hold", "list", "--json"])
        .done()
        .json();
    assert_eq!(list["holds"].as_array().unwrap().len(), 0);
    assert_eq!(list["left"].as_array().unwrap().len(), 0, "{list}");
}

#[test]
fn what_the_forge_does_not_refuse_is_advisory_only_and_says_why() {
    let sim = Sim::start(1.0);
    let config = braked(&sim);
    let dispatched = HOLD.map(|word| if word == "auth" { "geo" } else { word });
    let placed = sim.run_with(&config, &dispatched).done().json();
    let brake = &placed["brakes"][0];
    assert_eq!(brake["effect"], "advisory only", "{placed}");
    let says = brake["proofs"][0]["says"].as_str().unwrap();
    assert!(
        says.starts_with("a dispatch asks for no status; "),
        "{says}"
    );
}

#[test]
fn what_cannot_be_read_of_the_branch_is_no_proof() {
    let sim = Sim::start(1.0);
    let config = braked(&sim);
    let forbidden = r#"{"match": {"path_contains": "/branches/production"},
        "effect": {"kind": "forbidden"}}"#;
    sim.control("POST", "/faults", forbidden);
    let placed = sim.run_with(&config, &HOLD).done().json();
    let brake = &placed["brakes"][0];
    assert_eq!(brake["effect"], "pending", "{placed}");
    let says = brake["proofs"][0]["says"].as_str().unwrap();
    assert!(says.contains("could not be read: "), "{says}");
}

#[test]
fn offline_it_holds_and_is_bound_later() {
    let sim = Sim::start(1.0);
    let config = braked(&sim);
    let mut offline = HOLD.to_vec();
    offline.push("--offline");
    let placed = sim.run_with(&config, &offline).done().json();
    assert_eq!(placed["brakes"][0]["effect"], "pending", "{placed}");
    assert!(sim.writes().is_empty());
    sim.run_with(&config, &["hold", "bind"]).done();
    assert_eq!(sim.writes().len(), 1);
    let kinds = kinds(&sim);
    assert_eq!(kinds[..2], ["hold.placed", "brake.intended"]);
    // All is in place: nothing is sent again.
    let again = sim.run_with(&config, &["hold", "bind"]);
    assert_eq!(sim.writes().len(), 1, "{again:?}");
}

#[test]
fn without_a_brake_there_is_nothing_to_bind() {
    let sim = Sim::start(1.0);
    let refused = sim.run(&["hold", "bind", "--json"]).error(2);
    assert!(
        refused["hint"].as_str().unwrap().contains("brake"),
        "{refused}"
    );
}

#[test]
fn a_hold_that_no_forge_minds_does_not_end_as_if_one_did() {
    let sim = Sim::start(1.0);
    let config = braked(&sim);
    let refused = r#"{"match": {"method": "POST", "path_contains": "/statuses/"},
        "effect": {"kind": "forbidden"}}"#;
    sim.control("POST", "/faults", refused);
    let placed = sim.run_with(&config, &HOLD);
    assert_eq!(placed.code, 4, "{placed:?}");
    let placed = placed.json();
    assert_eq!(
        placed["entry"]["kind"], "hold.placed",
        "the hold is on: {placed}"
    );
    assert_eq!(placed["done"].as_array().unwrap().len(), 1, "{placed}");
    assert!(
        !placed["trouble"].as_array().unwrap().is_empty(),
        "{placed}"
    );
    let list = sim
        .run_with(&config, &["hold", "list", "--json"])
        .done()
        .json();
    assert_eq!(list["holds"].as_array().unwrap().len(), 1);
}

#[test]
fn what_a_command_says_it_did_is_what_it_did() {
    let sim = Sim::start(1.0);
    let config = braked(&sim);
    sim.run_with(&config, &["handover", "give", "--note", "all quiet"])
        .done();
    let nothing = sim
        .run_with(&config, &["hold", "bind", "--json"])
        .done()
        .json();
    assert!(nothing["entry"].is_null(), "it wrote nothing: {nothing}");
    // While another service's promotion goes on, a hold tells of the hold.
    let mut order = vec!["promote", "api-gateway", "--to", "production"];
    order.extend(CONFIRMED);
    sim.run_with(&config, &order).done();
    for _ in 0..3 {
        let service = ["--service", "api-gateway", "--json"];
        let gate = ["gate", "add", "look", "--reason", "x"];
        let added = sim.run_with(&config, &[&gate[..], &service].concat());
        let added = added.done().json();
        assert_eq!(added["done"].as_array().unwrap().len(), 1, "{added}");
        assert_eq!(added["entry"]["kind"], "gate.added", "{added}");
    }
}
