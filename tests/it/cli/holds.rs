//! Holds by command: their time, what becomes of them then, and who is told.

use super::*;

const HOLD: [&str; 7] = [
    "hold",
    "add",
    "--service",
    "geo",
    "--in",
    "production",
    "--reason=bank holiday",
];

fn list(sim: &Sim) -> Value {
    let list = sim.run(&["hold", "list", "--json"]).done().json();
    list["holds"]
        .as_array()
        .unwrap()
        .iter()
        .find(|hold| hold["reason"] == "bank holiday")
        .cloned()
        .unwrap_or_default()
}

#[test]
fn a_hold_that_asks_stays_on_when_its_time_is_up_until_somebody_answers() {
    let sim = Sim::start(1.0);
    let add = [&HOLD[..], &["--until", "5s", "--then", "ask", "--json"]];
    let placed = sim.run(&add.concat()).done().json();
    assert_eq!(placed["entry"]["payload"]["hold"]["then"], "ask");
    while list(&sim)["asks"] != true {
        assert_eq!(list(&sim)["then"], "ask");
    }
    let told = sim.run(&["hold", "list"]).done().out.clone();
    assert!(told.contains("asks since"), "{told}");
    let check = ["check", "geo", "--to", "production", "--json"];
    let cell = sim.run(&check).json();
    let gates = cell["gates"].as_array().unwrap();
    let gate = gates.iter().find(|gate| gate["name"] == "hold").unwrap();
    assert_eq!(
        (&gate["verdict"], &gate["opens_at"]),
        (&"closed".into(), &Value::Null)
    );
    let id = list(&sim)["id"].as_str().unwrap().to_owned();
    let edit = ["hold", "edit", &id, "--until", "2h", "--then", "end"];
    sim.run(&edit).done();
    let hold = list(&sim);
    assert_eq!(
        (&hold["then"], &hold["asks"]),
        (&"end".into(), &false.into())
    );
    let told = sim.run(&["hold", "list"]).done().out.clone();
    assert!(told.contains("until 2") && !told.contains("asks"), "{told}");
}

#[test]
fn who_is_told_and_what_becomes_of_it_is_in_the_journal() {
    let sim = Sim::start(1.0);
    let usual = sim.run(&[&HOLD[..], &["--json"]].concat()).done().json();
    let payload = &usual["entry"]["payload"];
    assert_eq!(
        (&payload["tell"], &payload["hold"]["then"]),
        (&"rules".into(), &"end".into())
    );
    let id = payload["hold"]["id"].as_str().unwrap();
    sim.run(&["hold", "lift", id, "--reason", "x"]).done();
    let quiet = [&HOLD[..], &["--tell", "nobody", "--json"]].concat();
    let quiet = sim.run(&quiet).done().json();
    assert_eq!(quiet["entry"]["payload"]["tell"], "nobody");
    // Without a time nothing is asked.
    sim.run(&[&HOLD[..], &["--then", "ask", "--json"]].concat())
        .error(2);
}
