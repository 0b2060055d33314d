//! What a command asks of the forges: about what it was given and what that depends on, so that a job
//! that checks one service does not spend what everybody may ask.

use std::collections::BTreeMap;

use super::*;

/// Runs a command and counts its requests by forge.
fn asked(sim: &Sim, arguments: &[&str]) -> (Ran, BTreeMap<String, usize>) {
    let before = sim.requests().len();
    let ran = sim.run(arguments);
    let mut counts = BTreeMap::new();
    for request in &sim.requests()[before..] {
        let forge = request["forge"].as_str().unwrap().to_owned();
        *counts.entry(forge).or_insert(0) += 1;
    }
    println!("{arguments:?}: {counts:?}");
    (ran, counts)
}

#[test]
fn a_command_about_one_service_asks_its_own_forge_about_it_alone() {
    let sim = Sim::evening(1.0);
    let orders: [(&[&str], &str, usize); 6] = [
        (&["check", "web", "--to", "production"], "github", 25),
        // What is known already is only looked at again.
        (&["check", "web", "--to", "production"], "github", 15),
        (&["check", "harbour", "--to", "production"], "forgejo", 40),
        (&["gates", "gateway", "--to", "production"], "gitlab", 40),
        (&["status", "web"], "github", 25),
        (&["scope", "web", "--to", "production"], "github", 25),
    ];
    for (order, forge, most) in orders {
        let (ran, counts) = asked(&sim, order);
        assert!(matches!(ran.code, 0 | 3), "{ran:?}");
        let forges: Vec<&str> = counts.keys().map(String::as_str).collect();
        assert!(
            forges.iter().all(|it| [forge, "health"].contains(it)),
            "{order:?}: {counts:?}"
        );
        assert!(counts[forge] <= most, "{order:?}: {counts:?}");
    }
    let hold = [
        "hold",
        "add",
        "--service",
        "geo",
        "--in",
        "production",
        "--reason",
        "x",
    ];
    let (ran, counts) = asked(&sim, &hold);
    ran.done();
    assert_eq!(counts.keys().collect::<Vec<_>>(), ["github"], "{counts:?}");
    let vote = ["vote", "go", "notify", "--as", "qa", "--to", "production"];
    let (ran, counts) = asked(&sim, &vote);
    ran.done();
    assert_eq!(counts.keys().collect::<Vec<_>>(), ["github"], "{counts:?}");
}

#[test]
fn trouble_of_other_forges_is_no_trouble_of_this_command() {
    let sim = Sim::evening(1.0);
    let down = r#"{"match": {"forge": "gitlab"}, "effect": {"kind": "refuse"}}"#;
    sim.control("POST", "/faults", down);
    let ran = sim.run(&["check", "api-gateway", "--to", "production"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    let ran = promote(&sim, "api-gateway", &[]);
    assert!(!ran.done().err.contains("gitlab"), "{ran:?}");
}
